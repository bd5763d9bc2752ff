/* option_test.c - what a kernel was built without is named by its option. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"
#include "tests/tap.h"

int main(void)
{
	static const char list[] = "nodev\tsysfs\nnodev\ttmpfs\n\text3\n\text4\nnodev\tdevtmpfs\n";

	ok(option_listed(list, "sysfs") && option_listed(list, "ext4"), "those of the list");
	ok(option_listed(list, "devtmpfs"), "the last one");
	ok(!option_listed(list, "mqueue"), "one that is not in it");
	ok(!option_listed(list, "ext") && !option_listed(list, "fs"),
	   "a part of a name is not a name");
	ok(option_listed("\text4\nnodev\ttmpfs", "tmpfs"), "without a newline at the end");
	ok(!option_listed("nodev\tdevtmpfs\n", "tmpfs"), "the end of a name is not a name");
	is_str(option_of_fs("mqueue"), "POSIX_MQUEUE", "the option of a filesystem");
	is_str(option_of_fs("squashfs"), "SQUASHFS", "of the longest one");
	ok(!option_of_fs("nonsense"), "none of one that is not known");
	is_str(option_of_ns(CLONE_NEWIPC), "IPC_NS", "the option of a namespace");
	is_str(option_of_ns(CLONE_NEWCGROUP), "CGROUPS", "of those of cgroups");
	ok(!option_lacks_ns(0), "nothing is wanted: nothing is missing");
	return done();
}
