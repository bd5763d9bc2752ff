/* plan.c - decides about a start: its processes, its namespaces, its devices. Pure. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <linux/capability.h>
#include <string.h>

/* ---- processes ------------------------------------------------------------------------------- */

/* True if pids.limit allows one process only; 0 counts as 1 (knobs.c). */
static bool room_for_one(const struct oci_resources *r)
{
	return r && r->pids && r->pids->limit && *r->pids->limit >= 0 && *r->pids->limit <= 1;
}

void plan_processes(struct start_plan *plan, bool initramfs)
{
	const struct oci_hooks *hooks = plan->config->hooks;

	if (initramfs)
		ns_plan_lift(&plan->ns);
	if (!plan->ns.needs_first) {
		plan->mode = START_ONE;
		return;
	}
	plan->mode = START_TWO;
	plan->outside = room_for_one(plan->config->linux->resources);
	/* createContainer hooks run in the container's namespaces and need init to be there. */
	if (!ns_plan_may_hide(&plan->ns) || plan->outside || (hooks && hooks->create_container.n))
		return;
	plan->mode = START_LATE;
	ns_plan_hide(&plan->ns);
}

void plan_entering(struct start_plan *plan)
{
	plan->enters = true;
	plan->ns = (struct ns_plan){ .all = plan->ns.all };
	plan->mode = plan->ns.all & (CLONE_NEWPID | CLONE_NEWTIME) ? START_LATE : START_ONE;
}

bool plan_scored_outside(const struct start_plan *plan)
{
	return WITH_USERNS && plan->mode == START_ONE && plan->ns.clone_flags & CLONE_NEWUSER;
}

int plan_terminal(const struct oci_process *p, bool leaves, const char *console_socket)
{
	if (!WITH_TERMINAL && (p->terminal || console_socket))
		return not_built("WITH_TERMINAL", "terminals");
	if (p->terminal && leaves && !console_socket)
		return failx(
			"cannot allocate tty if runc will detach without setting console socket");
	if (console_socket && (!p->terminal || !leaves))
		return failx("cannot use console socket if runc will not detach or allocate tty");
	return 0;
}

bool plan_alone(const struct start_plan *plan, unsigned kernel)
{
	const struct oci_linux *l = plan->config->linux;
	const struct oci_hooks *h = plan->config->hooks;

	return kernel >= 0x70000 && plan->ns.fresh & CLONE_NEWNS &&
	       !(plan->ns.all & CLONE_NEWUSER) && !(l->rootfs_propagation & MS_SHARED) &&
	       !plan->image.type && !plan->overlay && strcmp(plan->state->rootfs, "/") != 0 &&
	       /* These use paths of the host in the container's mount namespace. */
	       !(h && (h->prestart.n || h->create_runtime.n || h->create_container.n));
}

/* ---- device nodes ---------------------------------------------------------------------------- */

/* at: a path of the container, without the slash at its begin */
static bool is_mount_on(const struct start_plan *plan, const struct oci_mount *m, const char *at)
{
	return !strcmp(path_clean(plan->arena, m->destination) + (*m->destination == '/'), at);
}

bool plan_mounts_dev(const struct start_plan *plan)
{
	list_each (m, plan->config->mounts)
		if (is_mount_on(plan, m, "dev"))
			return true;
	return false;
}

static bool denies_devices(const struct start_plan *plan)
{
	if (plan->config->linux->resources)
		list_each (d, plan->config->linux->resources->devices)
			if (!d->allow)
				return true;
	return false;
}

/* Every set counts: a file can give capabilities of the bounding set, and those of the other sets
 * are kept over execve(2) even if the bounding set lacks them. */
bool plan_makes_nodes(const struct start_plan *plan)
{
	const struct cred_caps *k = &plan->caps;

	if (!plan->process->capabilities)
		return true;
	return (k->bounding | k->permitted | k->inheritable | k->ambient) >> CAP_MKNOD & 1;
}

/* The container may make nodes, the config has some, or the root directory may have some and cannot
 * be mounted nodev. */
bool plan_has_nodes(const struct start_plan *plan)
{
	return !(plan->ns.all & CLONE_NEWUSER) && plan->how->manager != CGROUP_DISABLED &&
	       (plan_makes_nodes(plan) || plan->config->linux->devices.n ||
		!plan_mounts_dev(plan)) &&
	       denies_devices(plan);
}

bool plan_no_mknod(const struct start_plan *plan, bool rules)
{
	return !rules && denies_devices(plan) && !plan_makes_nodes(plan) &&
	       !(plan->ns.all & CLONE_NEWUSER);
}

/*
 * If no cgroup can have the config's device rules, device nodes in the root directory would open
 * the host's devices. nodev does not affect the nodes that we make: they are on the mount at /dev,
 * which is checked here, or in a user namespace each is a mount of its own.
 */
bool plan_wants_nodev(const struct start_plan *plan, bool rules)
{
	if (rules || !denies_devices(plan))
		return false;
	if (plan->ns.all & CLONE_NEWUSER)
		return true;
	if (!plan_mounts_dev(plan))
		return false;
	list_each (d, plan->config->linux->devices)
		if (strncmp(path_clean(plan->arena, d->path), "/dev/", 5))
			return false;
	return true;
}

int plan_devices(struct start_plan *plan, bool rules)
{
	plan->nodev = plan_wants_nodev(plan, rules);
	if (plan->nodev && !(plan->ns.all & CLONE_NEWNS))
		return failx("devices: no cgroup can have the device rules, and without a mount "
			     "namespace the root cannot be nodev");
	return 0;
}

bool plan_writes_cgroups(const struct start_plan *plan)
{
	bool writable = false;
	struct mount_opts o;

	list_each (m, plan->config->mounts) {
		if (!is_mount_on(plan, m, "sys/fs/cgroup"))
			continue;
		mountopt_parse(plan->arena, m, &o);
		writable = !(o.flags & MS_RDONLY);
		/* The recursive words are applied last. */
		if ((o.rec_set | o.rec_clr) & MOUNT_ATTR_RDONLY)
			writable = o.rec_clr & MOUNT_ATTR_RDONLY;
	}
	return writable;
}

int64_t plan_memory(const struct start_plan *plan)
{
	const struct oci_resources *r = plan->config->linux->resources;

	return r && r->memory && r->memory->limit && *r->memory->limit > 0 ? *r->memory->limit : 0;
}
