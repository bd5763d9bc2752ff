/* sysctl.c - whose is a kernel parameter: which namespace keeps it from the host. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/oci.h"

#include <string.h>

/* Below /proc/sys; a slash at the end takes all below. Checklist Q-01. */
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

/* No part is empty, "." or "..", so that the path stays below /proc/sys whoever joins it. */
static bool parts_good(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (!len || !strncmp(path, ".", len) || (len == 2 && !strncmp(path, "..", 2)))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

bool oci_sysctl_path(const char *key, char *path, size_t size)
{
	/* As sysctl(8): whichever separator comes first is one, the other is part of a name. */
	bool dots = key[strcspn(key, "./")] == '.';
	size_t i;

	for (i = 0; key[i]; i++) {
		if (i + 1 >= size || (unsigned char)key[i] <= ' ' || key[i] == 0x7f)
			return false;
		path[i] = !dots ? key[i] : key[i] == '.' ? '/' : key[i] == '/' ? '.' : key[i];
	}
	path[i] = 0;
	return parts_good(path);
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
