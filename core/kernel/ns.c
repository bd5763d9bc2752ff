/* ns.c - which namespaces to clone, join and unshare, and doing it (namespaces(7)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

/* The order in which namespaces are joined; user comes by itself (ns_enter). */
static const struct {
	int type;
	const char *name, *file; /* file: below /proc/PID/ns */
} ns_rows[NS_MAX] = {
	{ CLONE_NEWUSER, "NEWUSER", "user" }, { CLONE_NEWIPC, "NEWIPC", "ipc" },
	{ CLONE_NEWUTS, "NEWUTS", "uts" },    { CLONE_NEWNET, "NEWNET", "net" },
	{ CLONE_NEWPID, "NEWPID", "pid" },    { CLONE_NEWCGROUP, "NEWCGROUP", "cgroup" },
	{ CLONE_NEWTIME, "NEWTIME", "time" }, { CLONE_NEWNS, "NEWNS", "mnt" },
};

const char *ns_name(int type)
{
	for (size_t i = 0; i < ARRAY_SIZE(ns_rows); i++)
		if (ns_rows[i].type == type)
			return ns_rows[i].name;
	return "?";
}

int ns_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ns_rows); i++)
		if (!strcmp(ns_rows[i].name, name))
			return ns_rows[i].type;
	return 0;
}

bool ns_exists(int type)
{
	char path[32] = "";

	for (size_t i = 0; i < ARRAY_SIZE(ns_rows); i++)
		if (ns_rows[i].type == type)
			snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_rows[i].file);
	return !access(path, F_OK);
}

int ns_id(int dir, enum ns_whose whose, int type, char id[NS_ID_MAX])
{
	bool later = whose == NS_OURS && type & (CLONE_NEWPID | CLONE_NEWTIME);
	const char *file = "";
	struct stat st;
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(ns_rows); i++)
		if (ns_rows[i].type == type)
			file = ns_rows[i].file;
	snprintf(path, sizeof(path), "%sns/%s%s", whose == NS_OURS ? "../self/" : "", file,
		 later ? "_for_children" : "");
	/* KERNEL 4.12: pid_for_children (ENOENT); that of the process we have joined instead. */
	if (fstatat(dir, path, &st, 0) < 0)
		return later && errno == ENOENT ? ns_id(dir, NS_ITS, type, id)
						: fail("look at the %s namespace", file);
	snprintf(id, NS_ID_MAX, "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	return 0;
}

void ns_plan(const struct oci_linux *linux, struct ns_plan *plan)
{
	unsigned joined = 0;

	*plan = (struct ns_plan){ 0 };
	if (!linux)
		return;
	list_each (ns, linux->namespaces) {
		plan->all |= ns->type;
		if (!ns->path)
			plan->fresh |= ns->type;
	}
	/* Joins in the order of ns_rows: a mount namespace last, since its root hides the paths. */
	for (size_t i = 0; i < ARRAY_SIZE(ns_rows); i++)
		list_each (ns, linux->namespaces)
			if (ns->path && ns->type == ns_rows[i].type) {
				plan->joins[plan->njoins++] = (struct ns_join){ .type = ns->type,
										.fd = -1,
										.path = ns->path };
				joined |= ns->type;
			}
	/*
	 * Joining a pid or time namespace, and unsharing a time namespace, act on children only. A
	 * namespace of the host must be joined before the new user namespace takes the privilege to
	 * do so away, and namespaces made after joining a user namespace must belong to it.
	 */
	plan->two_steps = plan->fresh & CLONE_NEWTIME ||
			  joined & (CLONE_NEWPID | CLONE_NEWTIME | CLONE_NEWUSER) ||
			  (joined && plan->fresh & CLONE_NEWUSER);
	plan->early_flags = plan->fresh & CLONE_NEWTIME;
	if (plan->two_steps)
		plan->early_flags |= plan->fresh & CLONE_NEWUSER;
	/* The root of a new cgroup namespace is the cgroup of whoever makes it: init, and only once it
	 * lies in its own (cgroup_namespaces(7)). */
	plan->late_flags = plan->fresh & CLONE_NEWCGROUP;
	plan->clone_flags = plan->fresh & ~(plan->early_flags | plan->late_flags);
}

/* Mounts that are copied into another user namespace are locked (mount_namespaces(7)): what shall not be
 * there must go before. */
bool ns_plan_may_lift(const struct ns_plan *plan)
{
	return plan->fresh & CLONE_NEWNS && plan->all & CLONE_NEWUSER;
}

void ns_plan_lift(struct ns_plan *plan)
{
	plan->lift = plan->two_steps = true;
	plan->early_flags |= plan->fresh & CLONE_NEWUSER;
	plan->clone_flags &= ~(unsigned)CLONE_NEWUSER;
}

bool ns_plan_may_hide(const struct ns_plan *plan)
{
	return plan->two_steps && plan->all & ~plan->fresh & CLONE_NEWPID;
}

void ns_plan_hide(struct ns_plan *plan)
{
	plan->early_flags |= plan->clone_flags;
	plan->clone_flags = 0;
}

void ns_plan_process(struct arena *a, pid_t pid, struct ns_plan *plan)
{
	for (size_t i = 0; i < ARRAY_SIZE(ns_rows); i++)
		if (plan->all & ns_rows[i].type)
			plan->joins[plan->njoins++] = (struct ns_join){
				.type = ns_rows[i].type,
				.fd = -1,
				.path = arena_printf(a, "/proc/%d/ns/%s", (int)pid,
						     ns_rows[i].file),
			};
}

static int check_type(const struct ns_join *j)
{
	struct statfs fs;
	int type;

	if (fstatfs(j->fd, &fs) < 0)
		return fail("statfs %s", j->path);
	if (fs.f_type != SYS_NSFS_MAGIC)
		return failx("%s: is not a namespace", j->path);
	type = ioctl(j->fd, SYS_NS_GET_NSTYPE);
	/* KERNEL 4.11: NS_GET_NSTYPE (ENOTTY); setns with the type then refuses the wrong one. */
	if (type < 0 && errno == ENOTTY)
		return 0;
	if (type < 0)
		return fail("%s: ask for the namespace type", j->path);
	if (type != j->type)
		return failx("%s: is a %s namespace, not %s", j->path, ns_name(type),
			     ns_name(j->type));
	return 0;
}

int ns_open(struct ns_plan *plan)
{
	for (struct ns_join *j = plan->joins; j < plan->joins + plan->njoins; j++) {
		/* O_NONBLOCK: somebody's FIFO must not hold us up. */
		j->fd = openat(AT_FDCWD, j->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (j->fd < 0)
			return fail("open namespace %s", j->path);
		if (check_type(j) < 0)
			return -1;
	}
	return 0;
}

int ns_own(const struct ns_plan *plan, int type)
{
	struct stat own, st;
	char path[32];

	for (size_t i = 0; i < ARRAY_SIZE(ns_rows); i++)
		if (ns_rows[i].type == type)
			snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_rows[i].file);
	for (const struct ns_join *j = plan->joins; j < plan->joins + plan->njoins; j++)
		if (j->type == type) {
			if (stat(path, &own) < 0 || fstat(j->fd, &st) < 0)
				return fail("compare namespace %s with our own", j->path);
			return own.st_ino == st.st_ino && own.st_dev == st.st_dev;
		}
	return 0;
}

static int join(struct ns_join *j)
{
	if (setns(j->fd, j->type) < 0)
		return fail("join %s namespace %s", ns_name(j->type), j->path);
	fd_close(&j->fd);
	return 0;
}

static int join_user(struct ns_join *j)
{
	if (join(j) < 0)
		return -1;
	/* Joining gives every capability but not the ids; unmapped ids cannot do anything inside. */
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return fail("become root in the user namespace %s", j->path);
	return 0;
}

int ns_enter(struct ns_plan *plan)
{
	/* By the order of ns_rows. */
	struct ns_join *user =
		plan->njoins && plan->joins[0].type == CLONE_NEWUSER ? plan->joins : NULL;

	/* Privileged over the host: what belongs to it is joined first (checklist NS-03)... */
	for (struct ns_join *j = plan->joins; j < plan->joins + plan->njoins; j++) {
		if (j != user && join(j) < 0) {
			/* A user namespace yet to be made has no say over one that is there. */
			if (err_num() != EPERM || !user)
				return -1;
			err_clear("tried again from inside the user namespace");
		}
	}
	if (!user)
		return 0;
	if (join_user(user) < 0)
		return -1;
	/* ... what belongs to the user namespace can only be joined from inside it. */
	for (struct ns_join *j = plan->joins; j < plan->joins + plan->njoins; j++)
		if (j->fd >= 0 && join(j) < 0)
			return -1;
	return 0;
}
