/* mount.h - private to mount*.c: one mount on its way. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_KERNEL_MOUNT_H
#define CORE_KERNEL_MOUNT_H

#include "core/kernel/kernel.h"

struct mount_job {
	struct mount_env *env;
	const struct oci_mount *m;
	struct mount_opts o;
	bool is_tmpfs, is_proc, is_sysfs;
	bool read_only_later; /* must stay writable until everything below it stands */
	bool target_existed;
};

/* ---- mount_target.c ---- */

/* O_PATH fd of the destination, made where missing: a directory, or an empty file. */
int mount_target(struct mount_job *j, bool directory);
/* Recursive attributes and propagation of the mount mnt, in order. */
int mount_settle(struct mount_job *j, int mnt);

int mount_cgroups(struct mount_job *j); /* mount_cgroup.c */
int mount_copyup(struct arena *a, int from,
		 int to); /* mount_copyup.c: copies a directory's content */

#endif
