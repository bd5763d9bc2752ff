/* floor_test.c - what time it is at least. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"
#include "tests/tap.h"

#include <stdlib.h>

int main(void)
{
	static char dir[] = "/tmp/floor_test.XXXXXX", file[64];
	struct stat st;

	ok(clock_floor(0, 100, 0) == 100, "a clock at its beginning has the time of the build");
	ok(clock_floor(50, 100, 200) == 200, "or that of the last shutdown, which is later");
	ok(clock_floor(150, 100, 50) == 150, "a clock that runs stays as it is");
	ok(clock_floor(150, 0, 0) == 150, "without both it does, too");
	if (!mkdtemp(dir))
		return 1;
	snprintf(file, sizeof(file), "%s/clock", dir);
	clock_save(NULL);
	clock_save(file);
	ok(!stat(file, &st) && st.st_mtime > 1000000000, "the time is saved");
	ok(!*err_text(), "without an error");
	unlink(file);
	rmdir(dir);
	return done();
}
