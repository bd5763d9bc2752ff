/* systemd.c - the manager that lets systemd make the cgroup, as a transient unit. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

static int plan(struct cgroup *cg, const struct cgroup_want *want, const struct layout *l)
{
	(void)cg, (void)want, (void)l;
	return failx("systemd not running on this host, cannot use systemd cgroups manager");
}

const struct cg_manager cg_manager_systemd = {
	.plan = plan,
	.create = cgroupfs_create,
	.remove = cgroupfs_remove,
};
