/* none.c - what callers of this folder get where a build has no cgroups (WITH_CGROUP=0). */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/cgroup.h"

/*
 * Of this folder the Makefile then compiles only this file. Containers run in the cgroups of their
 * caller, as they do on a host where no hierarchy is mounted.
 */
#if !WITH_CGROUP

struct cgroup {
	char none;
};

static int refused(void)
{
	return not_built("WITH_CGROUP", "cgroups");
}

const struct json_word cgroup_manager_words[] = {
	{ "cgroupfs", CGROUP_CGROUPFS },
	{ "systemd", CGROUP_SYSTEMD },
	{ "disabled", CGROUP_DISABLED },
	{ NULL, 0 },
};

enum cgroup_layout cgroup_layout(void)
{
	return CGROUP_NONE;
}

/* Limits need no check here: reading the config has refused them. */
int cgroup_plan(struct arena *a, const struct cgroup_want *want, struct cgroup **out)
{
	*out = arena_alloc(a, sizeof(**out));
	if (want->manager == CGROUP_SYSTEMD)
		return refused();
	if (want->has_nodes) {
		refused();
		return fail_in("devices: rules cannot be enforced, and the container has device "
			       "nodes or may make them (CAP_MKNOD)");
	}
	return 0;
}

void cgroup_save(const struct cgroup *cg, struct arena *a, struct oci_state *state)
{
}

/* A container that another build has made may have cgroups. */
int cgroup_load(struct arena *a, const struct oci_state *state, struct cgroup **out)
{
	*out = arena_alloc(a, sizeof(**out));
	return state->cgroup_paths.n || state->cgroup_unit ? refused() : 0;
}

bool cgroup_exists(const struct cgroup *cg)
{
	return false;
}

bool cgroup_is_left(struct cgroup *cg)
{
	return false;
}

bool cgroup_has_rules(struct cgroup *cg)
{
	return false;
}

void cgroup_user_bus(struct cgroup *cg, const char *address)
{
}

int cgroup_create(struct cgroup *cg)
{
	return 0;
}

int cgroup_apply(struct cgroup *cg, const struct oci_resources *r)
{
	return 0;
}

int cgroup_clone_fd(struct cgroup *cg)
{
	return -1;
}

int cgroup_join_open(struct cgroup *cg)
{
	return 1;
}

int cgroup_join(struct cgroup *cg)
{
	return 0;
}

void cgroup_join_close(struct cgroup *cg)
{
}

int cgroup_attach(struct cgroup *cg, pid_t pid, bool in_v2)
{
	return 0;
}

int cgroup_follow(struct cgroup *cg, int procfd, pid_t init, bool frozen)
{
	return 0;
}

bool cgroup_is_tight(struct cgroup *cg)
{
	return false;
}

int cgroup_sub(struct cgroup *cg, const char *const *specs, size_t n)
{
	return refused();
}

int cgroup_update(struct cgroup *cg, const struct oci_resources *r)
{
	return refused();
}

int cgroup_put_back(struct cgroup *cg, const struct oci_resources *old)
{
	return 0;
}

void cgroup_merge(struct arena *a, const struct oci_resources *old,
		  const struct oci_resources *change, struct oci_resources *out)
{
}

int cgroup_procs(struct cgroup *cg, struct arena *a, cgroup_pids *out)
{
	return refused();
}

int cgroup_kill(struct cgroup *cg, int sig)
{
	return refused();
}

int cgroup_freeze(struct cgroup *cg, bool frozen)
{
	return refused();
}

int cgroup_is_frozen(struct cgroup *cg)
{
	return 0;
}

bool cgroup_has(struct cgroup *cg, pid_t pid)
{
	return true;
}

bool cgroup_glance(const struct oci_state *state, char init)
{
	return false;
}

int cgroup_thaw(struct cgroup *cg, pid_t init)
{
	return 0;
}

const char *cgroup_holder(struct arena *a, pid_t pid)
{
	return NULL;
}

int cgroup_remove(struct cgroup *cg)
{
	return 0;
}

int cgroup_stats(struct cgroup *cg, struct arena *a, struct cgroup_stats *out)
{
	return refused();
}

void cgroup_stats_put(struct json_out *o, const struct cgroup_stats *s)
{
}

int cgroup_oom_open(struct cgroup *cg, struct cgroup_oom *o)
{
	return refused();
}

int cgroup_oom_read(struct cgroup_oom *o)
{
	return -1;
}

void cgroup_oom_close(struct cgroup_oom *o)
{
}

uint64_t cgroup_oom_kills(struct cgroup *cg)
{
	return 0;
}

int cgroup_nest(struct arena *a)
{
	return refused();
}

#endif
