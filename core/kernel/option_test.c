/* option_test.c - options of the kernel for filesystems and namespaces. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"
#include "tests/tap.h"

int main(void)
{
	static const char list[] = "nodev\tsysfs\nnodev\ttmpfs\n\text3\n\text4\nnodev\tdevtmpfs\n";

	ok(option_listed(list, "sysfs") && option_listed(list, "ext4"),
	   "option_listed: filesystems of the list");
	ok(option_listed(list, "devtmpfs"), "option_listed: the last filesystem");
	ok(!option_listed(list, "mqueue"),
	   "option_listed: false for a filesystem that is not in the list");
	ok(!option_listed(list, "ext") && !option_listed(list, "fs"),
	   "option_listed: false for a part of a name");
	ok(option_listed("\text4\nnodev\ttmpfs", "tmpfs"),
	   "option_listed: a list without a newline at its end");
	ok(!option_listed("nodev\tdevtmpfs\n", "tmpfs"),
	   "option_listed: false for the end of a name");
	is_str(option_of_fs("mqueue"), "POSIX_MQUEUE", "the option of a filesystem");
	is_str(option_of_fs("squashfs"), "SQUASHFS", "the option of another filesystem");
	ok(!option_of_fs("nonsense"), "NULL for an unknown filesystem");
	is_str(option_of_ns(CLONE_NEWIPC), "IPC_NS", "the option of a namespace");
	is_str(option_of_ns(CLONE_NEWCGROUP), "CGROUPS", "the option of the cgroup namespace");
	ok(!option_lacks_ns(0), "option_lacks_ns: 0 if no type is wanted");
	return done();
}
