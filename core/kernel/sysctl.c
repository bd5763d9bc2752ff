/* sysctl.c - kernel parameters that belong to a namespace (sysctl(8), proc(5)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <stdio.h>
#include <string.h>

int sysctl_namespace(struct arena *a, const char *key, const char **path)
{
	size_t size = strlen(key) + 1;
	char *out = arena_alloc(a, size);
	int type;

	/* The check of the config has refused such names already. This is the last check before a
	 * write. */
	if (!oci_sysctl_path(key, out, size))
		return failx("sysctl \"%s\" is not the name of a kernel parameter", key);
	if (!strcmp(out, "kernel/hostname"))
		return failx("sysctl \"%s\" conflicts with the OCI \"hostname\" field", key);
	type = oci_sysctl_namespace(key);
	if (type < 0)
		return failx("sysctl \"%s\" is not in a separate kernel namespace", key);
	*path = out;
	return type;
}

int sysctl_write(int procfd, const char *path, const char *value)
{
	char full[512];

	/* The kernel ignores a second line, or some handlers take it as a second write. */
	if (strchr(value, '\n'))
		return failx("sysctl %s: the value has a newline", path);
	if (snprintf(full, sizeof(full), "sys/%s", path) >= (int)sizeof(full))
		return failx("sysctl %s: the name is too long", path);
	return procfs_write(procfd, full, value);
}
