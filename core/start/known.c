/* known.c - what the runtime does about init as soon as it knows its pid. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

int known_attach(struct serve *s)
{
	int rc;

	do {
		rc = cgroup_attach(s->out->life.cgroup, s->out->pid ? s->out->pid : s->first,
				   false);
	} while (rc < 0 && clone_follow(s, err_num()));
	return rc;
}

static int send_pidfd(struct serve *s)
{
	const char *kind = s->plan->enters ? "setns" : "standard";

	if (s->pidfd_socket < 0)
		return 0;
	if (s->out->pidfd < 0)
		return failx("open a pidfd of init: not on this kernel");
	if (sock_send_fd(s->pidfd_socket, kind, s->out->pidfd) < 0)
		return fail_in("pidfd socket");
	fd_close(&s->pidfd_socket);
	return 0;
}

/*
 * Records the paths of init's namespaces, for tools that read state.json, and the ids of its user
 * and mount namespace: exec refuses to enter others of these two (check_joined).
 */
static void note_namespaces(struct serve *s)
{
	struct ns_plan plan = { .all = ~0u };
	struct json_pair *pairs = arena_alloc(s->plan->arena, 2 * NS_MAX * sizeof(*pairs)), *ids;
	const unsigned types = (s->plan->ns.all & CLONE_NEWNS) | CLONE_NEWUSER;
	int dir __cleanup(fd_close) = proc_open(s->out->pid);
	char id[NS_ID_MAX];

	ns_plan_process(s->plan->arena, s->out->pid, &plan);
	ids = pairs + plan.njoins;
	s->out->life.state.namespace_ids.at = ids;
	for (size_t i = 0; i < plan.njoins; i++) {
		int type = plan.joins[i].type;

		pairs[i] = (struct json_pair){ ns_name(type), plan.joins[i].path };
		if (!(types & type))
			continue;
		if (dir < 0 || ns_id(dir, NS_ITS, type, id) < 0)
			err_clear("the id of this namespace is not on record");
		else
			ids[s->out->life.state.namespace_ids.n++] =
				(struct json_pair){ ns_name(type),
						    arena_strdup(s->plan->arena, id) };
	}
	s->out->life.state.namespace_paths.at = pairs;
	s->out->life.state.namespace_paths.n = plan.njoins;
}

/* True if init's pid is known before it makes its mount namespace (mountns_alone). */
static bool makes_namespace(const struct serve *s)
{
	return s->plan->ns.alone && s->plan->mode != START_LATE;
}

int known_settle(struct serve *s)
{
	const struct oci_scheduler *sched = s->plan->process->scheduler;

	if (!s->out->pid || s->phase < PHASE_READY)
		return 0;
	if (makes_namespace(s)) {
		note_namespaces(s);
		if (life_save(s->plan->arena, &s->out->life) < 0)
			return -1;
	}
	if (WITH_TUNING && sched && !limits_scheduler_forks(sched) &&
	    limits_scheduler(s->out->pid, sched) < 0)
		return -1;
	return send_pidfd(s);
}

int known_init(struct serve *s)
{
	struct oci_state *st = &s->out->life.state;
	struct proc_stat stat = { 0 };
	int found = proc_stat(s->out->pid, &stat);

	if (found < 0)
		return -1;
	/* /proc may hide a process that has joined a pid namespace (hidepid of proc(5)): then
	 * all signals are reset, and the start time is not known yet (life_note_start). */
	if (!found && kill(s->out->pid, 0) < 0)
		return failx("init died at once");
	s->ignored = found ? stat.ignored : ~0u;
	if (!s->plan->enters) {
		/* The pid means another process in this /proc, and we would write its files. */
		if (found && stat.parent != getpid())
			return failx("/proc belongs to another pid namespace: mount this one's "
				     "(unshare --mount-proc)");
		st->pid = s->out->pid;
		st->start_time = stat.start;
		if (!makes_namespace(s))
			note_namespaces(s);
		if (life_save(s->plan->arena, &s->out->life) < 0)
			return -1;
	}
	if (plan_scored_outside(s->plan) && clone_score(s->plan, s->out->pid) < 0)
		return -1;
	if (WITH_TUNING && s->plan->config->linux->intel_rdt && s->plan->enters &&
	    rdt_join(s->plan->arena, s->plan->config->linux->intel_rdt, st->id, s->out->pid) < 0)
		return fail_in("linux.intelRdt");
	if (WITH_TUNING && s->plan->config->linux->intel_rdt && !s->plan->enters) {
		if (rdt_apply(s->plan->arena, s->plan->config->linux->intel_rdt, st->id,
			      s->out->pid, &st->intel_rdt_path) < 0)
			return fail_in("linux.intelRdt");
		if (life_save(s->plan->arena, &s->out->life) < 0)
			return -1;
	}
	/* The first process stayed outside of the cgroup, which has room for init only. */
	if (s->plan->outside && known_attach(s) < 0)
		return -1;
	if (known_settle(s) < 0)
		return -1;
	return s->plan->mode != START_ONE ? wire_send(&s->wire, WIRE_OK, (int)s->ignored, NULL, -1)
					  : 0;
}
