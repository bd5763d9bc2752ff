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

	ok(mountinfo_next(&at, &m) && m.id == 36 && m.parent == 35, "the ids of mount and parent");
	is_str(m.root, "/mnt 1", "a space in the root is decoded");
	is_str(m.point, "/a\\b", "a backslash in the mount point is decoded");
	is_str(m.type, "ext3", "the type");
	is_str(m.options, "rw,errors=x", "the options of the superblock");
	ok(mountinfo_next(&at, &m) && m.id == 37, "a line without a dash is left out");
	is_str(m.options, "rw,memory", "the options of the second mount");
	ok(mountinfo_next(&at, &m) && m.id == 38, "the last line needs no newline");
	is_str(m.point, "/cut\\04", "what is not an escape stays as it is");
	ok(!mountinfo_next(&at, &m) && !mountinfo_next(&none, &m),
	   "after the last line, and in an empty text, no mount is found");

	arena_init(&a, block, sizeof(block));
	at = mountinfo_read(&a, open("/proc", O_PATH | O_CLOEXEC));
	while (at && mountinfo_next(&at, &m))
		roots += !strcmp(m.point, "/");
	ok(roots, "mountinfo_read: our mounts have /");
	ok(!mountinfo_read(&a, open("/dev", O_PATH | O_CLOEXEC)) && *err_text(),
	   "mountinfo_read of a directory that is not /proc fails");
	err_clear("it was asked for");
	return done();
}
