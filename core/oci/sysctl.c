/* sysctl.c - which namespace a kernel parameter belongs to. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/oci.h"

#include <string.h>

/* Paths below /proc/sys. One that ends in a slash stands for everything below it. */
static const struct {
	const char *path;
	int type;
} owners[] = {
	{ "fs/mqueue/", CLONE_NEWIPC },	     { "kernel/domainname", CLONE_NEWUTS },
	{ "kernel/hostname", CLONE_NEWUTS }, { "kernel/msgmax", CLONE_NEWIPC },
	{ "kernel/msgmnb", CLONE_NEWIPC },   { "kernel/msgmni", CLONE_NEWIPC },
	{ "kernel/sem", CLONE_NEWIPC },	     { "kernel/shm_rmid_forced", CLONE_NEWIPC },
	{ "kernel/shmall", CLONE_NEWIPC },   { "kernel/shmmax", CLONE_NEWIPC },
	{ "kernel/shmmni", CLONE_NEWIPC },   { "net/", CLONE_NEWNET },
	{ "user/", CLONE_NEWUSER },
};

/*
 * Refuses "", "." and "..", so that the path stays below /proc/sys. Other tools take a "+" for the
 * begin of a second parameter (CVE-2022-0811).
 */
static bool part_good(const char *part, size_t len)
{
	return len && !memchr(part, '+', len) && !(len == 1 && part[0] == '.') &&
	       !(len == 2 && part[0] == '.' && part[1] == '.');
}

bool oci_sysctl_path(const char *key, char *path, size_t size)
{
	/* As in sysctl(8): the first of . and / is the separator, the other is part of a name. */
	bool dots = key[strcspn(key, "./")] == '.';
	size_t start = 0;

	for (size_t i = 0; i < size; i++) {
		char c = key[i];

		if (c && ((unsigned char)c <= ' ' || c == 0x7f))
			return false;
		if (dots && (c == '.' || c == '/'))
			c = c == '.' ? '/' : '.';
		path[i] = c;
		if (c && c != '/')
			continue;
		if (!part_good(path + start, i - start))
			return false;
		if (!c)
			return true;
		start = i + 1;
	}
	return false;
}

int oci_sysctl_namespace(const char *key)
{
	char path[256];

	if (!oci_sysctl_path(key, path, sizeof(path)))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		size_t len = strlen(owners[i].path);

		if (owners[i].path[len - 1] == '/' ? !strncmp(path, owners[i].path, len)
						   : !strcmp(path, owners[i].path))
			return owners[i].type;
	}
	return -1;
}
