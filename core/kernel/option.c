/* option.c - filesystems and namespaces that this kernel lacks, and the options that add them. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <stdio.h>
#include <string.h>

/* Arrays are smaller than pointers here. */
static const struct {
	char type[9], option[13];
} types[] = {
	{ "mqueue", "POSIX_MQUEUE" }, { "devpts", "UNIX98_PTYS" }, { "sysfs", "SYSFS" },
	{ "cgroup", "CGROUPS" },      { "cgroup2", "CGROUPS" },	   { "tmpfs", "TMPFS" },
	{ "overlay", "OVERLAY_FS" },  { "squashfs", "SQUASHFS" },  { "erofs", "EROFS_FS" },
	{ "ext4", "EXT4_FS" },	      { "vfat", "VFAT_FS" },	   { "f2fs", "F2FS_FS" },
	{ "btrfs", "BTRFS_FS" },
};

const char *option_of_fs(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i].type, type))
			return types[i].option;
	return NULL;
}

bool option_listed(const char *list, const char *type)
{
	size_t len = strlen(type);

	for (const char *at = list; (at = strstr(at, type)); at += len)
		if (at > list && at[-1] == '\t' && (at[len] == '\n' || !at[len]))
			return true;
	return false;
}

const char *option_of_ns(int type)
{
	static char text[16];

	if (type == CLONE_NEWCGROUP)
		return "CGROUPS";
	snprintf(text, sizeof(text), "%.8s_NS", ns_name(type) + 3);
	return text;
}

int option_lacks_ns(unsigned wanted)
{
	struct stat st;

	/* Without /proc it is not known. */
	if (stat("/proc/self/ns/mnt", &st) < 0)
		return 0;
	for (unsigned bit = 1; bit; bit <<= 1)
		if (wanted & bit && !ns_exists(bit))
			return bit;
	return 0;
}
