/* remove_test.c - removing directories with their content, and failures to read them. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"
#include "tests/without.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static int dir = -1;

static void make(const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		exit(1);
	close(fd);
}

static bool is_named(const void *arg, ino_t parent, const char *name)
{
	return !strcmp(name, arg);
}

static void fill(void)
{
	if (mkdirat(dir, "d", 0755) < 0 || mkdirat(dir, "d/e", 0755) < 0)
		exit(1);
	make("d/f");
	make("d/e/g");
	if (symlinkat("/", dir, "d/link") < 0)
		exit(1);
}

/* A chain of directories, made from the innermost outwards: its path would be too long. */
static void make_deep(const char *name, int levels)
{
	if (mkdirat(dir, "chain", 0755) < 0)
		exit(1);
	while (--levels)
		if (mkdirat(dir, "around", 0755) < 0 ||
		    renameat(dir, "chain", dir, "around/d") < 0 ||
		    renameat(dir, "around", dir, "chain") < 0)
			exit(1);
	if (renameat(dir, "chain", dir, name) < 0)
		exit(1);
}

static void test_deep(int d)
{
	struct rlimit old, few;

	getrlimit(RLIMIT_NOFILE, &old);
	few = (struct rlimit){ 256, old.rlim_max };
	setrlimit(RLIMIT_NOFILE, &few);
	make_deep("deep", 5000);
	ok(!remove_all(dir, 0, "deep", NULL, NULL) && !sys_exists(dir, "deep"),
	   "remove_all: more levels than there may be descriptors");
	/* The name to which the first directory would be moved. */
	make_deep("d/.moved-0", 1000);
	ok(!remove_content(d, NULL, NULL) && !unlinkat(dir, "d", AT_REMOVEDIR) &&
		   !mkdirat(dir, "d", 0755),
	   "remove_content: the same, with a directory of the name that it moves to");
	setrlimit(RLIMIT_NOFILE, &old);
}

int main(void)
{
	char top[] = "/tmp/remove_test.XXXXXX";
	int d;

	if (!mkdtemp(top))
		return 1;
	dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fill();
	ok(!remove_all(dir, 0, "d", NULL, NULL) && !sys_exists(dir, "d"),
	   "a directory and its content are removed, symlinks are not followed");
	ok(!remove_all(dir, 0, "d", NULL, NULL), "a missing name is not an error");
	fill();
	d = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok(!remove_content(d, is_named, "g") && sys_exists(d, "e/g") && !sys_exists(d, "f"),
	   "a kept name and the directories above it stay");
	ok(!remove_content(d, NULL, NULL) && !sys_exists(d, "e") && sys_exists(dir, "d"),
	   "remove_content keeps the directory itself");
	test_deep(d);
	close(d);
	d = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make("d/f");
	if (without(SYS_getdents64, EIO))
		ok(remove_content(d, NULL, NULL) < 0 && err_num() == EIO,
		   "a directory that cannot be read is an error");
	else
		ok(true, "a directory that cannot be read # SKIP no seccomp filter can be loaded");
	unlinkat(d, "f", 0);
	unlinkat(dir, "d", AT_REMOVEDIR);
	rmdir(top);
	return done();
}
