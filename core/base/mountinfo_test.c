/* mountinfo_test.c - lines of mountinfo, whole and broken. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"

#include <sys/mount.h>

int main(void)
{
	char text[] =
		"36 35 98:0 /mnt\\0401 /a\\134b rw,noatime master:1 - ext3 /dev/root rw,errors=x\n"
		"not a mount\n"
		"37 36 0:5 / /run rw - cgroup cgroup rw,memory\n"
		"38 36 0:5 / /cut\\04 rw - tmpfs none rw";
	char empty[] = "", *at = text, *none = empty;
	static char block[4096];
	struct mountinfo m;
	struct arena a;
	int roots = 0;

	ok(mountinfo_next(&at, &m) && m.id == 36 && m.parent == 35, "ids");
	is_str(m.root, "/mnt 1", "a blank in the root");
	is_str(m.point, "/a\\b", "a backslash in the mount point");
	is_str(m.type, "ext3", "the type");
	is_str(m.options, "rw,errors=x", "the options of the superblock");
	ok(mountinfo_next(&at, &m) && m.id == 37, "a line without a dash is left out");
	is_str(m.options, "rw,memory", "whose options are its own");
	ok(mountinfo_next(&at, &m) && m.id == 38, "the last line needs no newline");
	is_str(m.point, "/cut\\04", "what is not an escape stays as it is");
	ok(!mountinfo_next(&at, &m) && !mountinfo_next(&none, &m), "then there is none");

	arena_init(&a, block, sizeof(block));
	at = mountinfo_read(&a, open("/proc", O_PATH | O_CLOEXEC));
	while (at && mountinfo_next(&at, &m))
		roots += !strcmp(m.point, "/");
	ok(roots, "our own mounts have a root");
	ok(!mountinfo_read(&a, open("/dev", O_PATH | O_CLOEXEC)) && *err_text(),
	   "a directory that is not /proc has none");
	err_clear("it was asked for");
	return done();
}
