/* mount.h - private to mount*.c: one entry of mounts while it is mounted. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_KERNEL_MOUNT_H
#define CORE_KERNEL_MOUNT_H

#include "core/kernel/kernel.h"

struct mount_job {
	struct mount_env *env;
	const struct oci_mount *m;
	struct mount_opts o;
	bool is_tmpfs, is_proc, is_sysfs;
	bool read_only_later; /* stays writable until all mounts below it are made */
	bool target_existed;
};

/* ---- mount_target.c ---- */

/* Returns an O_PATH descriptor of the destination. Makes a directory, or an empty file,
 * if it is missing. */
int mount_target(struct mount_job *j, bool directory);
/* Sets the recursive attributes of the attached mount mnt, then its propagation. */
int mount_settle(struct mount_job *j, int mnt);
bool mount_unsettled(const struct mount_job *j); /* the config has words for mount_settle */

int mount_cgroups(struct mount_job *j); /* mount_cgroup.c */
bool mount_in_first_user_ns(void); /* mount_cgroup.c */
/* mount_copyup.c: copies the content of directory from into directory to. */
int mount_copyup(struct arena *a, int from, int to);

#endif
