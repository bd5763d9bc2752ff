/* stats_put.c - writes statistics as the JSON of `events`. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <stdio.h>

/* A member of the JSON object that is one number. It is left out if it is 0, unless always is
 * set. */
struct member {
	const char *name;
	size_t offset;
	bool always;
};

#define S(m) offsetof(struct cgroup_stats, m)

static const struct member throttling[] = {
	{ "periods", S(cpu.periods), false },
	{ "throttledPeriods", S(cpu.throttled_periods), false },
	{ "throttledTime", S(cpu.throttled_time), false },
	{ NULL, 0, false },
};

static const struct member cpuset_flags[] = {
	{ "mem_hardwall", S(cpuset.mem_hardwall), true },
	{ "mem_exclusive", S(cpuset.mem_exclusive), true },
	{ "memory_migrate", S(cpuset.memory_migrate), true },
	{ "memory_spread_page", S(cpuset.memory_spread_page), true },
	{ "memory_spread_slab", S(cpuset.memory_spread_slab), true },
	{ "memory_pressure", S(cpuset.memory_pressure), true },
	{ "sched_load_balance", S(cpuset.sched_load_balance), true },
	{ NULL, 0, false },
};

static const struct member pids[] = {
	{ "current", S(pids.current), false },
	{ "limit", S(pids.limit), false },
	{ NULL, 0, false },
};

static const struct {
	const char *name;
	size_t offset;
} io_lists[] = {
	{ "ioServiceBytesRecursive", S(io.service_bytes) },
	{ "ioServicedRecursive", S(io.serviced) },
	{ "ioQueueRecursive", S(io.queued) },
	{ "ioServiceTimeRecursive", S(io.service_time) },
	{ "ioWaitTimeRecursive", S(io.wait_time) },
	{ "ioMergedRecursive", S(io.merged) },
	{ "ioTimeRecursive", S(io.time) },
	{ "sectorsRecursive", S(io.sectors) },
};

static void put_nonzero(struct json_out *o, const char *name, uint64_t value)
{
	if (value)
		json_put_u64(o, name, value);
}

static void put_members(struct json_out *o, const struct cgroup_stats *s, const struct member *m)
{
	for (; m->name; m++) {
		uint64_t value = *(const uint64_t *)((const char *)s + m->offset);

		if (value || m->always)
			json_put_u64(o, m->name, value);
	}
}

static void put_numbers(struct json_out *o, const char *name, const cgroup_numbers *list)
{
	if (!list->n)
		return;
	json_open(o, name, '[');
	list_each (n, *list)
		json_put_u64(o, NULL, *n);
	json_close(o, ']');
}

/* Writes 150 as 1.5, which is Go's format. */
static void put_percent(struct json_out *o, const char *name, uint32_t hundredths)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%u.%02u", hundredths / 100, hundredths % 100);

	while (text[n - 1] == '0')
		text[--n] = 0;
	if (text[n - 1] == '.')
		text[--n] = 0;
	json_put_text(o, name, text);
}

static void put_psi(struct json_out *o, const struct cgroup_psi *psi)
{
	if (!psi->found)
		return;
	json_open(o, "psi", '{');
	for (int i = 0; i < 2; i++) {
		const struct cgroup_psi_line *l = i ? &psi->full : &psi->some;

		json_open(o, i ? "full" : "some", '{');
		put_percent(o, "avg10", l->avg10);
		put_percent(o, "avg60", l->avg60);
		put_percent(o, "avg300", l->avg300);
		json_put_u64(o, "total", l->total);
		json_close(o, '}');
	}
	json_close(o, '}');
}

static void put_cpu(struct json_out *o, const struct cgroup_stats *s)
{
	json_open(o, "cpu", '{');
	json_open(o, "usage", '{');
	put_nonzero(o, "total", s->cpu.total);
	put_numbers(o, "percpu", &s->cpu.percpu);
	put_numbers(o, "percpu_kernel", &s->cpu.percpu_kernel);
	put_numbers(o, "percpu_user", &s->cpu.percpu_user);
	json_put_u64(o, "kernel", s->cpu.kernel);
	json_put_u64(o, "user", s->cpu.user);
	json_close(o, '}');
	json_open(o, "throttling", '{');
	put_members(o, s, throttling);
	json_close(o, '}');
	put_psi(o, &s->cpu.psi);
	json_close(o, '}');
}

static void put_cpuset(struct json_out *o, const struct cgroup_stats *s)
{
	json_open(o, "cpuset", '{');
	put_numbers(o, "cpus", &s->cpuset.cpus);
	json_put_u64(o, "cpu_exclusive", s->cpuset.cpu_exclusive);
	put_numbers(o, "mems", &s->cpuset.mems);
	put_members(o, s, cpuset_flags);
	json_put_i64(o, "sched_relax_domain_level", s->cpuset.sched_relax_domain_level);
	json_close(o, '}');
}

static void put_memory_entry(struct json_out *o, const char *name,
			     const struct cgroup_memory_entry *e)
{
	json_open(o, name, '{');
	json_put_u64(o, "limit", e->limit);
	put_nonzero(o, "usage", e->usage);
	put_nonzero(o, "max", e->max);
	json_put_u64(o, "failcnt", e->failcnt);
	json_close(o, '}');
}

static void put_memory(struct json_out *o, const struct cgroup_stats *s)
{
	json_open(o, "memory", '{');
	put_nonzero(o, "cache", s->memory.cache);
	put_memory_entry(o, "usage", &s->memory.usage);
	put_memory_entry(o, "swap", &s->memory.swap);
	put_memory_entry(o, "kernel", &s->memory.kernel);
	put_memory_entry(o, "kernelTCP", &s->memory.kernel_tcp);
	if (s->memory.raw.n) {
		json_open(o, "raw", '{');
		list_each (n, s->memory.raw)
			json_put_u64(o, n->key, n->value);
		json_close(o, '}');
	}
	put_psi(o, &s->memory.psi);
	json_close(o, '}');
}

static void put_io(struct json_out *o, const struct cgroup_stats *s)
{
	json_open(o, "blkio", '{');
	for (size_t i = 0; i < ARRAY_SIZE(io_lists); i++) {
		const cgroup_io *list = (const void *)((const char *)s + io_lists[i].offset);

		if (!list->n)
			continue;
		json_open(o, io_lists[i].name, '[');
		list_each (e, *list) {
			json_open(o, NULL, '{');
			put_nonzero(o, "major", e->major);
			put_nonzero(o, "minor", e->minor);
			if (*e->op)
				json_put_str(o, "op", e->op);
			put_nonzero(o, "value", e->value);
			json_close(o, '}');
		}
		json_close(o, ']');
	}
	put_psi(o, &s->io.psi);
	json_close(o, '}');
}

void cgroup_stats_put(struct json_out *o, const struct cgroup_stats *s)
{
	put_cpu(o, s);
	put_cpuset(o, s);
	put_memory(o, s);
	json_open(o, "pids", '{');
	put_members(o, s, pids);
	json_close(o, '}');
	put_io(o, s);
	json_open(o, "hugetlb", '{');
	list_each (h, s->hugetlb) {
		json_open(o, h->size, '{');
		put_nonzero(o, "usage", h->usage);
		put_nonzero(o, "max", h->max);
		json_put_u64(o, "failcnt", h->failcnt);
		json_close(o, '}');
	}
	json_close(o, '}');
}
