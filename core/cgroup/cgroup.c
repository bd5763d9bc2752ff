/* cgroup.c - the functions that callers use: plan, state, create, join. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

/* ---- plan ------------------------------------------------------------------------------------ */

/* Plans a container without cgroups. Fails if the config has limits. */
static int plan_without(struct cgroup *cg, const struct cgroup_want *want)
{
	struct knob_list list;

	cg->manager = NULL;
	cg->ndirs = 0;
	if (knobs_plan(cg->arena, want->resources, &cg->where, &list) < 0)
		return -1;
	for (const struct knob_write *w = list.first; w; w = w->next) {
		if (w->flags & KNOB_OPTIONAL)
			continue;
		failx("%s: cannot be set: %s", w->field,
		      want->manager == CGROUP_DISABLED ? "cgroups are disabled for this container"
						       : "no cgroup hierarchy is mounted");
		return fail_hint("controller %s, file %s", ctl_names[w->ctl].v1, w->file);
	}
	if (want->has_nodes)
		return failx("devices: rules cannot be enforced without cgroups, and the container "
			     "has device nodes or may make them (CAP_MKNOD)");
	if (want->manager != CGROUP_DISABLED)
		log_warn("no cgroup hierarchy is mounted: the container runs without limits and "
			 "device rules");
	return 0;
}

/*
 * Refuses a cgroup that has processes. Once its path is in state.json, `delete` kills every process
 * in it, so this comes before. cgroup_create checks again.
 */
static int check_free(struct cgroup *cg)
{
	const struct cg_dir *d = cg_procs_dir(cg);

	return d && sys_exists(AT_FDCWD, d->path) ? cg_dir_check_unused(cg->arena, d) : 0;
}

int cgroup_plan(struct arena *a, const struct cgroup_want *want, struct cgroup **out)
{
	struct cgroup *cg = arena_alloc(a, sizeof(*cg));
	struct layout l = { 0 };

	*out = cg;
	cg->arena = a;
	cg->tolerant = want->tolerant;
	cg->path_given = want->path && *want->path;
	cg->has_nodes = want->has_nodes;
	cg->delegate = want->delegate;
	cg->delegate_uid = want->delegate_uid;
	cg->user_bus = want->user_bus;
	cg->id = want->id;
	cg->annotations = want->annotations;
	cg->nannotations = want->nannotations;
	if (want->manager != CGROUP_DISABLED && layout_find(a, &l) < 0)
		return fail_in("cgroup");
	cg->layout = l.kind;
	cg->where.v2_only = l.kind == CGROUP_V2;
	if (l.kind == CGROUP_NONE) {
		if (want->manager == CGROUP_SYSTEMD)
			return failx(
				"cgroup: the systemd manager needs a cgroup hierarchy, and none "
				"is mounted");
		return plan_without(cg, want);
	}
	cg->manager = want->manager == CGROUP_SYSTEMD ? &cg_manager_systemd : &cg_manager_cgroupfs;
	if (cg->manager->plan(cg, want, &l) < 0 || apply_check(cg, want->resources) < 0)
		return fail_in("cgroup");
	if (check_free(cg) < 0)
		return fail_in("cgroup");
	if (want->has_nodes && !cg_dir_of_rules(cg) && !cg->tolerant)
		return failx("cgroup: devices: controller devices is not mounted, and the "
			     "container has device nodes or may make them (CAP_MKNOD)");
	return 0;
}

/* ---- state.json ------------------------------------------------------------------------------ */

void cgroup_save(const struct cgroup *cg, struct arena *a, struct oci_state *state)
{
	size_t n = 0;

	state->cgroup_unit = cg->unit.unit;
	state->cgroup_paths.at = arena_alloc(a, (cg->ndirs + CTL_MAX) * sizeof(struct json_pair));
	cg_each (d, cg) {
		const char *name = d->names;

		/* one pair for each controller, which is the format that other programs read */
		do {
			size_t len = strcspn(name, ",");

			if (n < cg->ndirs + CTL_MAX)
				state->cgroup_paths.at[n++] =
					(struct json_pair){ arena_strndup(a, name, len), d->path };
			name += len + !!name[len];
		} while (*name);
	}
	state->cgroup_paths.n = n;
}

int cgroup_load(struct arena *a, const struct oci_state *state, struct cgroup **out)
{
	struct cgroup *cg = arena_alloc(a, sizeof(*cg));
	bool v1 = false;

	*out = cg;
	cg->arena = a;
	cg->tolerant = state->rootless;
	cg->id = state->id;
	list_each (p, state->cgroup_paths) {
		struct cg_dir *same = NULL;

		if (!p->value || *p->value != '/')
			return failx("state: cgroup_paths[\"%s\"] is not an absolute path", p->key);
		cg_each (d, cg)
			if (!strcmp(d->path, p->value) && *p->key && *d->names)
				same = d;
		v1 |= *p->key != 0;
		if (same) {
			same->ctls |= ctl_set(p->key);
			same->names = arena_printf(a, "%s,%s", same->names, p->key);
			cg->where.v1 |= same->ctls;
		} else if (cg->ndirs == HIER_MAX) {
			return failx("state: cgroup_paths: more than %d directories", HIER_MAX);
		} else {
			cg_dir_add(cg, p->key, p->value, 0);
		}
	}
	cg->layout = v1 ? (cg->v2 ? CGROUP_HYBRID : CGROUP_V1) : cg->v2 ? CGROUP_V2 : CGROUP_NONE;
	cg->where.v2_only = cg->layout == CGROUP_V2;
	cg->unit.unit = state->cgroup_unit;
	if (cg->ndirs)
		cg->manager = state->cgroup_unit ? &cg_manager_systemd : &cg_manager_cgroupfs;
	return 0;
}

bool cgroup_exists(const struct cgroup *cg)
{
	return cg->ndirs || cg->unit.unit;
}

bool cgroup_is_left(struct cgroup *cg)
{
	cg_each (d, cg)
		if (sys_exists(AT_FDCWD, d->path))
			return true;
	return false;
}

bool cgroup_has_rules(struct cgroup *cg)
{
	return cg_dir_of_rules(cg);
}

void cgroup_user_bus(struct cgroup *cg, const char *address)
{
	cg->user_bus = address;
}

/* ---- life ------------------------------------------------------------------------------------ */

int cgroup_create(struct cgroup *cg)
{
	EXACT_MODES;

	if (cg->manager && cg->manager->create(cg) < 0)
		return fail_in("cgroup");
	return 0;
}

int cgroup_apply(struct cgroup *cg, const struct oci_resources *r)
{
	if (!cg->manager)
		return 0;
	if (cg->deferred) {
		cg->pending = r;
		return 0;
	}
	if (apply_devices(cg, r) < 0 || apply_knobs(cg, r) < 0)
		return fail_in("cgroup");
	return 0;
}

int cgroup_remove(struct cgroup *cg)
{
	return cg->manager ? cg->manager->remove(cg) : 0;
}

/* ---- joining --------------------------------------------------------------------------------- */

int cgroup_clone_fd(struct cgroup *cg)
{
	int fd;

	if (!cg->v2 || !cg->v2->path || cg->deferred)
		return -1;
	fd = cg_dir_fd(cg->v2);
	if (fd >= 0)
		return fd;
	err_clear("cgroup_attach reports the reason");
	return CGROUP_CLOSED;
}

/* True if the container may run without this hierarchy, which cannot be joined. */
static bool dispensable(const struct cgroup *cg, const struct cg_dir *d, int num)
{
	return cg->tolerant && !cg->path_given && (num == EPERM || num == EACCES) &&
	       !(cg->asked & d->ctls);
}

int cgroup_join_open(struct cgroup *cg)
{
	if (cg->deferred)
		return 0;
	cg_each (d, cg) {
		if (d->v2 || d->tasks >= 0)
			continue;
		d->tasks = cg_dir_open(d, "tasks", O_WRONLY);
		if (d->tasks < 0 && !dispensable(cg, d, errno))
			return fail("cgroup: open %s/tasks", d->path);
	}
	return 1;
}

int cgroup_join(struct cgroup *cg)
{
	if (cg->deferred)
		return failx("cgroup: systemd makes this cgroup around a process, which has to be "
			     "attached from outside");
	cg_each (d, cg)
		/* KERNEL 5.5: moving the calling thread does not lock out all forks of the
		 * machine; it is slow on older kernels. */
		if (d->tasks >= 0 && fd_write_all(d->tasks, "0", 1) < 0 &&
		    !dispensable(cg, d, errno))
			return fail("cgroup: join %s", d->path);
	cgroup_join_close(cg);
	return 0;
}

void cgroup_join_close(struct cgroup *cg)
{
	int *fds = arena_alloc(cg->arena, (cg->ndirs + 1) * sizeof(*fds));
	size_t n = 0;

	for (struct cg_dir *d = cg->dirs; d < cg->dirs + cg->ndirs; d++)
		fds[n++] = fd_take(&d->tasks);
	fd_close_all(fds, n);
}

#define ATTACH_TRIES 5
#define ATTACH_WAIT_MS 30

int cgroup_attach(struct cgroup *cg, pid_t pid, bool in_v2)
{
	bool started = false;
	char text[16];

	if (cg->deferred) {
		int put = cg->manager->start(cg, pid);

		if (put < 0)
			return fail_in("cgroup");
		started = put;
		if (cgroup_apply(cg, cg->pending) < 0)
			return -1;
	}
	snprintf(text, sizeof(text), "%d", pid);
	cg_each (d, cg) {
		int ret, tries = ATTACH_TRIES;

		/* The process is there already, and a second move would wait for a grace period. */
		if ((d->v2 && in_v2) || (started && (d->v2 || !strcmp(d->names, "name=systemd"))))
			continue;
		/* EINVAL: the scheduler does not know a task that has just been cloned. */
		while ((ret = cg_dir_write(d, "cgroup.procs", text)) < 0 && errno == EINVAL &&
		       --tries)
			poll(NULL, 0, ATTACH_WAIT_MS);
		if (ret < 0 && !dispensable(cg, d, errno))
			return fail("cgroup: %s/cgroup.procs: %s", d->path, text);
	}
	cgroup_join_close(cg);
	return 0;
}
