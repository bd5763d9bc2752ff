/* life_test.c - what is optional leaves no error on record. */
/* SPDX-License-Identifier: MIT */
#include "core/container/impl.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int main(void)
{
	char top[] = "/tmp/life_test.XXXXXX", root[64], cache[128];
	int fd;

	if (!mkdtemp(top))
		return 1;
	snprintf(root, sizeof(root), "%s/root", top);
	snprintf(cache, sizeof(cache), "%s/%s", root, LIFE_CACHE);
	ok(life_cache(root) < 0 && !*err_text() && !err_num(),
	   "a root that is not there has no cache, and nothing is on record: %s", err_text());
	ok(!mkdir(root, 0700), "the root");
	fd = life_cache(root);
	ok(fd >= 0 && !*err_text(), "a root has one");
	fd_close(&fd);
	rmdir(cache);
	ok(!symlink("/tmp", cache) && life_cache(root) < 0 && !*err_text(),
	   "a symlink is not taken for it, and nothing is on record");
	unlink(cache);
	rmdir(root);
	rmdir(top);
	return done();
}
