/* floor_test.c - the time that the clock is set to at boot. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"
#include "tests/tap.h"

#include <stdlib.h>

int main(void)
{
	static char dir[] = "/tmp/floor_test.XXXXXX", file[64];
	struct stat st;

	ok(clock_floor(0, 100, 0) == 100, "a clock before the build gets the time of the build");
	ok(clock_floor(50, 100, 200) == 200,
	   "a clock before the last shutdown gets the time of the shutdown");
	ok(clock_floor(150, 100, 50) == 150, "a later clock is not set");
	ok(clock_floor(150, 0, 0) == 150, "if neither time is known the clock is not set");
	if (!mkdtemp(dir))
		return 1;
	snprintf(file, sizeof(file), "%s/clock", dir);
	clock_save(NULL);
	clock_save(file);
	ok(!stat(file, &st) && st.st_mtime > 1000000000, "clock_save saves the time");
	ok(!*err_text(), "clock_save makes no error");
	unlink(file);
	rmdir(dir);
	return done();
}
