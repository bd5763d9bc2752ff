/* ns.c - plans which namespaces are cloned, joined and unshared, and joins them (namespaces(7)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

/* The order in which namespaces are joined. ns_enter joins the user namespace by itself. */
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
	/* After another failure it counts as existing: then clone(2) reports the error. */
	return !access(path, F_OK) || errno != ENOENT;
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
	/* KERNEL 4.12: pid_for_children (ENOENT); the namespace of the process dir is
	 * used instead. */
	if (fstatat(dir, path, &st, 0) < 0)
		return later && errno == ENOENT ? ns_id(dir, NS_ITS, type, id)
						: fail("stat the %s namespace", file);
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
	/* In the order of ns_rows: the mount namespace is last, because the paths do
	 * not exist in it. */
	for (size_t i = 0; i < ARRAY_SIZE(ns_rows); i++)
		list_each (ns, linux->namespaces)
			if (ns->path && ns->type == ns_rows[i].type) {
				plan->joins[plan->njoins++] = (struct ns_join){ .type = ns->type,
										.fd = -1,
										.path = ns->path };
				joined |= ns->type;
			}
	/*
	 * Joining a pid or time namespace, and making a time namespace, takes effect in children
	 * only. A namespace of the host must be joined before a new user namespace is entered,
	 * which lacks the privilege to do so. New namespaces must belong to a user namespace
	 * that is joined.
	 */
	plan->needs_first = plan->fresh & CLONE_NEWTIME ||
			    joined & (CLONE_NEWPID | CLONE_NEWTIME | CLONE_NEWUSER) ||
			    (joined && plan->fresh & CLONE_NEWUSER);
	plan->early_flags = plan->fresh & CLONE_NEWTIME;
	if (plan->needs_first)
		plan->early_flags |= plan->fresh & CLONE_NEWUSER;
	/* The root of a new cgroup namespace is the cgroup of the process that makes it. So init
	 * makes it, after it was moved to its cgroup (cgroup_namespaces(7)). */
	plan->late_flags = plan->fresh & CLONE_NEWCGROUP;
	/* The owner of /proc/net, /sys/class/net and /dev/mqueue is decided when their namespace is
	 * made: root of the user namespace, or an unmapped id as long as the user namespace has no
	 * maps. */
	if (WITH_USERNS && plan->fresh & CLONE_NEWUSER)
		plan->late_flags |= plan->fresh & (CLONE_NEWNET | CLONE_NEWIPC);
	plan->clone_flags = plan->fresh & ~(plan->early_flags | plan->late_flags);
}

/* Mounts that are copied into another user namespace are locked (mount_namespaces(7)), so the
 * host's mounts must be unmounted before it is made. */
bool ns_plan_may_lift(const struct ns_plan *plan)
{
	return plan->fresh & CLONE_NEWNS && plan->all & CLONE_NEWUSER;
}

void ns_plan_lift(struct ns_plan *plan)
{
	plan->lift = plan->needs_first = true;
	plan->early_flags |= plan->fresh & CLONE_NEWUSER;
	plan->clone_flags &= ~(unsigned)CLONE_NEWUSER;
}

bool ns_plan_may_hide(const struct ns_plan *plan)
{
	return plan->needs_first && plan->all & ~plan->fresh & CLONE_NEWPID;
}

void ns_plan_hide(struct ns_plan *plan)
{
	plan->early_flags |= plan->clone_flags;
	plan->clone_flags = 0;
}

void ns_plan_alone(struct ns_plan *plan)
{
	plan->alone = true;
	plan->early_flags &= ~(unsigned)CLONE_NEWNS;
	plan->clone_flags &= ~(unsigned)CLONE_NEWNS;
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
		/* O_NONBLOCK: opening a FIFO would wait for its other end. */
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
			return file_is_same(&own, &st);
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
	/* Joining gives all capabilities, but keeps our ids, which may not be mapped there. */
	if (sys_become_root() < 0)
		return fail("become root in the user namespace %s", j->path);
	/* Where fs.suid_dumpable is 1, other ids have made us dumpable again, and processes in the
	 * namespace could trace us (CVE-2016-9962). */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fail("hide from the processes of the user namespace %s", j->path);
	return 0;
}

int ns_make(unsigned types)
{
	char names[64] = "";
	size_t len = 0;
	int num;

	if (!types || !unshare((int)types))
		return 0;
	num = errno;
	for (size_t i = 0; i < ARRAY_SIZE(ns_rows); i++)
		if (types & (unsigned)ns_rows[i].type)
			len += snprintf(names + len, sizeof(names) - len, " %s", ns_rows[i].file);
	errno = num;
	return fail("unshare namespaces:%s", names);
}

int ns_enter(struct ns_plan *plan)
{
	/* ns_rows puts the user namespace first. */
	struct ns_join *user =
		plan->njoins && plan->joins[0].type == CLONE_NEWUSER ? plan->joins : NULL;

	/* Join the host's namespaces first, as long as we are privileged on the host. */
	for (struct ns_join *j = plan->joins; j < plan->joins + plan->njoins; j++) {
		if (j != user && join(j) < 0) {
			/* Only a user namespace that is joined, not one that is made
			 * later, can own it. */
			if (err_num() != EPERM || !user)
				return -1;
			err_clear("it is joined again from inside the user namespace");
		}
	}
	if (!user)
		return 0;
	if (join_user(user) < 0)
		return -1;
	/* The others belong to the user namespace and can only be joined from inside it. */
	for (struct ns_join *j = plan->joins; j < plan->joins + plan->njoins; j++)
		if (j->fd >= 0 && join(j) < 0)
			return -1;
	return 0;
}
