/* cgroupfs.c - the manager that makes the directories by mkdir(2). */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <string.h>

int cgroupfs_plan(struct cgroup *cg, const struct cgroup_want *want, const struct layout *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct hier *h = &l->at[i];
		const char *below;

		if (!h->mount)
			continue;
		below = paths_cgroupfs(cg->arena, want->path, want->id, h->own, !*h->names);
		/* In the root, limits and signals for the container would reach every process. */
		if (!below[1])
			return failx("cgroupsPath \"%s\": the root of a hierarchy cannot be the "
				     "cgroup of a container",
				     want->path);
		cg_dir_add(cg, h->names, arena_join(cg->arena, h->mount, below), strlen(h->mount));
	}
	return 0;
}

static int make_dir(struct cgroup *cg, struct cg_dir *d)
{
	struct tree_made made = { .arena = cg->arena, .each = cg_version(d)->level, .arg = d };
	int ret = tree_mkdir(d->path, d->base, &made);
	const char *slash;

	d->made = made.levels;
	d->fresh = ret > 0;
	if (ret < 0)
		return fail("create cgroup %s", d->path);
	if (!ret && cg_dir_check_unused(cg->arena, d) < 0)
		return -1;
	/* The root is never frozen, so a new directory directly below it is not frozen either. */
	slash = strchr(d->path + d->base + 1, '/');
	if ((!ret || slash) && (d->v2 || d->ctls >> CTL_FREEZER & 1) && cg_dir_check_frozen(d) < 0)
		return -1;
	return cg_version(d)->prepare ? cg_version(d)->prepare(cg, d) : 0;
}

/* Removes the directories that were made, and their paths from cg. */
static void unmake(struct cgroup *cg)
{
	cg_each (d, cg) {
		if (d->made)
			tree_unmake(arena_strdup(cg->arena, d->path), d->made);
		fd_close(&d->fd);
		/* A directory that existed before belongs to another program: cgroup_remove must
		 * not find it. */
		d->path = NULL;
	}
}

/* True if the container may run without this directory, which could not be made. */
static bool can_go_without(struct cgroup *cg, const struct cg_dir *d)
{
	int num = err_num();

	/* In a user namespace the kernel refuses to open device nodes. */
	if (cg->has_nodes && d == cg_dir_of_rules(cg) && !cg->tolerant && !apply_in_userns(NULL)) {
		fail_hint("without it nothing keeps the container from the devices that are denied "
			  "to it");
		return false;
	}
	if (cg->asked & d->ctls || (d->v2 && cg->asked & ~cg->where.v1))
		return false;
	return num == EROFS || (cg->tolerant && !cg->path_given && (num == EACCES || num == EPERM));
}

int cgroupfs_create(struct cgroup *cg)
{
	const char *without = NULL;

	cg_each (d, cg) {
		if (make_dir(cg, d) == 0)
			continue;
		if (d->made || !can_go_without(cg, d)) {
			if (cg->tolerant && err_num() == EACCES)
				fail_hint("rootless containers need a delegated cgroup for limits "
					  "and cgroupsPath");
			unmake(cg);
			return -1;
		}
		err_clear("no limit needs this hierarchy");
		without = d->path;
		d->path = NULL;
	}
	/* An ordinary user usually can make no cgroup. For root it means a read-only mount, which
	 * is worth a warning. */
	if (without && cg->tolerant)
		log_debug("cgroup %s cannot be made: the container runs without", without);
	else if (without)
		log_warn("cgroup %s cannot be made: the container runs without", without);
	return 0;
}

#define REMOVE_MS 10000 /* the wait for dying processes, in all hierarchies together */

/* Adds a hint that names a process in a cgroup that is busy, and the frozen cgroup that keeps the
 * process from ending. */
static void hint_process(struct cgroup *cg)
{
	struct err_kept why = err_keep(cg->arena);
	const char *holder;
	cgroup_pids pids;

	if (cgroup_procs(cg, cg->arena, &pids) < 0)
		pids.n = 0;
	err_again(why);
	if (!pids.n)
		return;
	holder = cgroup_holder(cg->arena, pids.at[0]);
	fail_hint("process %d is in it%s%s", pids.at[0],
		  holder ? ", held by the frozen cgroup " : "", holder ? holder : "");
}

int cgroupfs_remove(struct cgroup *cg)
{
	int64_t until = clock_ms() + REMOVE_MS;
	bool killed = false;
	int ret = 0;

	cg_each (d, cg) {
		int left;

		fd_close(&d->fd);
		if (!rmdir(d->path) || errno == ENOENT)
			continue;
		/* A process of exec that has joined the cgroup, but not yet the pid namespace, does
		 * not die with init. A container can freeze it there. */
		if (!killed) {
			killed = true;
			if (cgroup_kill(cg, SIGKILL) < 0)
				err_clear("if a process survives, the removal fails and names it");
		}
		/* The other directories are removed nevertheless; the record keeps the last
		 * failure. */
		left = tree_remove(d->path, d->v2, until);
		if (left < 0)
			ret = -1;
		else if (left)
			log_debug("cgroup %s is left: this process may not remove it", d->path);
	}
	if (ret == 0)
		return 0;
	if (err_num() == EBUSY)
		hint_process(cg);
	return fail_in("cgroup");
}

const struct cg_manager cg_manager_cgroupfs = {
	.plan = cgroupfs_plan,
	.create = cgroupfs_create,
	.remove = cgroupfs_remove,
};
