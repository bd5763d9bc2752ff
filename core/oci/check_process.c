/* check_process.c - rules about the process object, of config.json or of exec's own file. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"

#include <string.h>

static void cwd(struct check *k)
{
	const char *dir = k->process->cwd;

	if (dir && !*dir)
		check_say(check_place(k, "cwd"), "must not be empty");
	else if (dir && *dir != '/')
		check_say(check_at(k, "cwd"), "must be an absolute path");
}

static void args(struct check *k)
{
	const struct json *args = check_member(k->node, "args");

	/* A value of another type was reported when it was bound. */
	if (!k->process->args.n && (!args || args->type == JSON_ARRAY))
		check_say(check_at(k, "args"), "must not be empty");
}

static void env(struct check *k)
{
	list_each (e, k->process->env) {
		if (!*e)
			continue;
		if (**e == '=')
			/* The value may be a secret. */
			check_say(check_place(k, "env[%zu]", e - k->process->env.at),
				  "has no name before the =");
		else if (!strchr(*e, '='))
			check_say(check_at(k, "env[%zu]", e - k->process->env.at),
				  "must be NAME=VALUE");
	}
}

static void ids(struct check *k)
{
	static const char what[] = "must not be 4294967295, which stands for no id";
	const struct oci_user *u = &k->process->user;

	if (u->uid == OCI_NO_ID)
		check_say(check_place(k, "user.uid"), what);
	if (u->gid == OCI_NO_ID)
		check_say(check_place(k, "user.gid"), what);
	list_each (gid, u->additional_gids)
		if (*gid == OCI_NO_ID)
			check_say(check_place(k, "user.additionalGids[%zu]",
					      gid - u->additional_gids.at),
				  what);
}

/* False for a type that could not be bound: it is 0 in struct oci_rlimit, as RLIMIT_CPU is. */
static bool is_rlimit(const struct json *element)
{
	const struct json *type = json_get(element, "type");

	return type && type->type == JSON_STRING &&
	       json_word_value(oci_rlimit_words, type->str) >= 0;
}

static void rlimits(struct check *k)
{
	const struct oci_process *p = k->process;
	const struct json *list = check_member(k->node, "rlimits"),
			  *element = list ? list->child : NULL;
	uint64_t seen = 0;

	list_each (r, p->rlimits) {
		size_t i = r - p->rlimits.at;
		bool known = is_rlimit(element);

		element = element ? element->next : NULL;
		if (!known)
			continue;
		if (seen & 1ull << r->type)
			check_say(check_at(k, "rlimits[%zu].type", i), "is set twice");
		seen |= 1ull << r->type;
		if (r->soft > r->hard)
			check_say(check_place(k, "rlimits[%zu].soft", i),
				  "must not be above hard (%llu > %llu)",
				  (unsigned long long)r->soft, (unsigned long long)r->hard);
	}
}

static void oom_score(struct check *k)
{
	const int32_t *adj = k->process->oom_score_adj;

	if (adj && (*adj < -1000 || *adj > 1000))
		check_say(check_at(k, "oomScoreAdj"), "must be from -1000 to 1000");
}

static void scheduler_nice(struct check *k)
{
	const struct oci_scheduler *s = k->process->scheduler;

	if (s && (s->nice < -20 || s->nice > 19))
		check_say(check_at(k, "scheduler.nice"), "must be from -20 to 19");
}

static void scheduler_priority(struct check *k)
{
	const struct oci_scheduler *s = k->process->scheduler;

	if (!s)
		return;
	if (s->policy == OCI_SCHED_FIFO || s->policy == OCI_SCHED_RR) {
		if (s->priority < 1 || s->priority > 99)
			check_say(check_at(k, "scheduler.priority"),
				  "must be from 1 to 99 for SCHED_FIFO and SCHED_RR");
	} else if (s->priority) {
		check_say(check_at(k, "scheduler.priority"), "is only for SCHED_FIFO and SCHED_RR");
	}
}

/* sched_setattr(2): runtime <= deadline <= period, where a period of 0 means the deadline. */
static void scheduler_deadline(struct check *k)
{
	const struct oci_scheduler *s = k->process->scheduler;

	if (!s)
		return;
	if (s->policy != OCI_SCHED_DEADLINE) {
		if (s->runtime || s->deadline || s->period)
			check_say(check_at(k, "scheduler.%s",
					   s->runtime	 ? "runtime"
					   : s->deadline ? "deadline"
							 : "period"),
				  "is only for SCHED_DEADLINE");
		return;
	}
	if (!s->runtime)
		check_say(check_at(k, "scheduler.runtime"),
			  "must be above zero for SCHED_DEADLINE");
	if (s->runtime > s->deadline)
		check_say(check_at(k, "scheduler.runtime"), "must not be above deadline");
	if (s->period && s->deadline > s->period)
		check_say(check_at(k, "scheduler.deadline"), "must not be above period");
}

static void io_priority(struct check *k)
{
	const struct oci_io_priority *p = k->process->io_priority;

	if (p && (p->priority < 0 || p->priority > 7))
		check_say(check_at(k, "ioPriority.priority"), "must be from 0 to 7");
}

static void affinity(struct check *k)
{
	const struct oci_cpu_affinity *a = k->process->exec_cpu_affinity;
	const char *bad;

	if (!a)
		return;
	if (a->initial && (bad = check_list(a->initial)))
		check_say(check_at(k, "execCPUAffinity.initial"), "%s", bad);
	if (a->final && (bad = check_list(a->final)))
		check_say(check_at(k, "execCPUAffinity.final"), "%s", bad);
}

check_rule *const check_process_rules[] = {
	cwd, /* cwd is absolute */
	args, /* args is not empty */
	env, /* a variable has a name and a = */
	ids, /* an id is not (uid_t)-1, which means "do not change" */
	rlimits, /* a limit is set once, and soft is at most hard */
	oom_score, /* oomScoreAdj is within the kernel's range */
	WITH_RULE(WITH_TUNING, scheduler_nice), /* a nice value is from -20 to 19 */
	WITH_RULE(WITH_TUNING, scheduler_priority), /* only real-time policies have a priority */
	WITH_RULE(WITH_TUNING,
		  scheduler_deadline), /* SCHED_DEADLINE has runtime <= deadline <= period */
	WITH_RULE(WITH_TUNING, io_priority), /* an I/O priority is from 0 to 7 */
	WITH_RULE(WITH_TUNING, affinity), /* CPU lists can be read */
	NULL,
};
