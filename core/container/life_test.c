/* life_test.c - the cache below a root, which is optional: without it there is no error. */
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
	snprintf(cache, sizeof(cache), "%s/%s", root, OCI_CACHE);
	ok(life_cache(root) < 0 && !*err_text() && !err_num(),
	   "a root that does not exist has no cache, without an error: %s", err_text());
	ok(!mkdir(root, 0700), "the test makes the root");
	fd = life_cache(root);
	ok(fd >= 0 && !*err_text(), "life_cache makes and opens the cache");
	fd_close(&fd);
	rmdir(cache);
	ok(!symlink("/tmp", cache) && life_cache(root) < 0 && !*err_text(),
	   "a symlink in place of the cache is not followed, without an error");
	unlink(cache);
	rmdir(root);
	rmdir(top);
	return done();
}
