/* limits.c - what a process may use: rlimits, scheduling, affinity, memory policy. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>

/* sched_setattr(2), 3.14 */
struct sched_attr_v0 {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};
#define SCHED_DEADLINE_ 6

/* ioprio_set(2) */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13

/* The kernel ignores bits beyond the length of its mask. */
#define CPUS_MAX 8192
/* The kernel refuses nodes beyond its MAX_NUMNODES, at most this. */
#define NODES_MAX 1024

#define WORD_BITS (8 * sizeof(unsigned long))

/* ---- rlimits ------------------------------------------------------------------------------- */

static int set_rlimit(pid_t pid, const struct oci_rlimit *r, uint64_t soft)
{
	/* struct rlimit64: 64 bits on every machine; all bits set means "unlimited" */
	uint64_t limit[2] = { soft, r->hard };

	if (!syscall(SYS_prlimit64, pid, r->type, limit, NULL))
		return 0;
	fail("set %s to soft %llu, hard %llu", json_word_name(oci_rlimit_words, r->type),
	     (unsigned long long)r->soft, (unsigned long long)r->hard);
	if (err_num() == EPERM)
		fail_hint("raising a hard limit needs CAP_SYS_RESOURCE, and RLIMIT_NOFILE ends at "
			  "fs.nr_open");
	return -1;
}

int limits_rlimits(pid_t pid, const struct oci_process *p, bool clones)
{
	uint64_t old[2];

	list_each (r, p->rlimits) {
		bool raise = clones && r->type == RLIMIT_NPROC;

		if (raise && !syscall(SYS_prlimit64, pid, r->type, NULL, old) && old[1] >= r->hard)
			continue;
		if (set_rlimit(pid, r, raise ? r->hard : r->soft) < 0)
			return -1;
	}
	return 0;
}

int limits_processes(const struct oci_process *p)
{
	list_each (r, p->rlimits)
		if (r->type == RLIMIT_NPROC && set_rlimit(0, r, r->soft) < 0)
			return -1;
	return 0;
}

/* ---- scheduling ---------------------------------------------------------------------------- */

bool limits_scheduler_forks(const struct oci_scheduler *s)
{
	return s->policy != SCHED_DEADLINE_ && !s->flags.n;
}

int limits_scheduler(pid_t pid, const struct oci_scheduler *s)
{
	struct sched_attr_v0 attr = {
		.size = sizeof(attr),
		.policy = s->policy,
		.nice = s->nice,
		.priority = s->priority,
		.runtime = s->runtime,
		.deadline = s->deadline,
		.period = s->period,
	};

	list_each (flag, s->flags)
		attr.flags |= *flag;
	if (!syscall(SYS_sched_setattr, pid, &attr, 0))
		return 0;
	fail("set scheduler %s", json_word_name(oci_scheduler_words, s->policy));
	if (err_num() == EPERM && s->policy == SCHED_DEADLINE_)
		fail_hint("SCHED_DEADLINE needs every CPU of its root domain: no cpuset may narrow "
			  "it");
	else if (err_num() == EPERM)
		fail_hint("real-time policies and negative nice values need CAP_SYS_NICE, and CPU "
			  "time in the cgroup");
	return -1;
}

int limits_io_priority(const struct oci_io_priority *p)
{
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
		    p->class << IOPRIO_CLASS_SHIFT | p->priority) < 0)
		return fail("set I/O priority %s %d", json_word_name(oci_ioprio_words, p->class),
			    p->priority);
	return 0;
}

/* ---- lists of CPUs and nodes --------------------------------------------------------------- */

struct mask {
	unsigned long word[CPUS_MAX / WORD_BITS];
};

/* Sets the bits of a list such as "0-3, 7". Spaces and empty items are ignored. */
static int list_parse(const char *what, const char *list, unsigned max, struct mask *mask)
{
	const char *at = list;
	uint64_t first, last;
	int ret;

	memset(mask, 0, sizeof(*mask));
	while ((ret = scan_range(&at, &first, &last)) > 0 && last < max)
		for (; first <= last; first++)
			mask->word[first / WORD_BITS] |= 1ul << (first % WORD_BITS);
	if (!ret)
		return 0;
	return failx("%s \"%s\" is not a list such as \"0-3,7\" of numbers below %u", what, list,
		     max);
}

int limits_affinity(pid_t pid, const char *list)
{
	struct mask mask;

	if (!list)
		memset(&mask, 0xff, sizeof(mask));
	else if (list_parse("CPU list", list, CPUS_MAX, &mask) < 0)
		return -1;
	if (syscall(SYS_sched_setaffinity, pid, sizeof(mask), &mask) < 0)
		return fail("set CPU affinity %s", list ? list : "to all CPUs");
	return 0;
}

int limits_memory_policy(const struct oci_memory_policy *m)
{
	const char *name = json_word_name(oci_mempolicy_words, m->mode);
	unsigned mode = m->mode;
	bool any = m->nodes && m->nodes[strspn(m->nodes, " ,")];
	struct mask mask;

	list_each (flag, m->flags)
		mode |= *flag;
	if (any && list_parse("memoryPolicy.nodes", m->nodes, NODES_MAX, &mask) < 0)
		return -1;
	/* set_mempolicy(2) uses one bit less than the number that it is given. */
	if (!syscall(SYS_set_mempolicy, mode, any ? mask.word : NULL, any ? NODES_MAX + 1 : 0))
		return 0;
	/* KERNEL 5.15: MPOL_PREFERRED_MANY; 6.9: MPOL_WEIGHTED_INTERLEAVE (EINVAL; ENOSYS without
	 * CONFIG_NUMA). A policy that the kernel does not have is an error. */
	if (any)
		return fail("set memory policy %s for nodes %s", name, m->nodes);
	return fail("set memory policy %s", name);
}

int limits_personality(const struct oci_personality *p)
{
	if (p->flags.n)
		log_warn("linux.personality.flags is not supported and ignored");
	if (personality(p->domain) < 0)
		return fail("set personality 0x%x", (unsigned)p->domain);
	return 0;
}
