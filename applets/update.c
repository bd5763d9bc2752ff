/* update.c - change the limits of a running container. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct update_opts {
	const char *resources;
	const char *blkio_weight;
	const char *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period, *cpu_rt_runtime,
		*cpu_idle;
	const char *cpuset_cpus, *cpuset_mems;
	const char *memory, *memory_reservation, *memory_swap, *kernel_memory, *kernel_memory_tcp;
	const char *pids_limit, *cpus;
	const char *l3_cache_schema, *mem_bw_schema;
};

/* ---- from options to a resources object ------------------------------------------------------ */

enum limit_kind { LIMIT_U16, LIMIT_U64, LIMIT_I64, LIMIT_SIZE, LIMIT_TEXT };
enum limit_group { GROUP_MEMORY, GROUP_CPU, GROUP_PIDS, GROUP_BLOCK_IO, GROUP_COUNT };

/* Which option fills which member of which part. */
static const struct limit {
	const char *name;
	unsigned short from; /* in struct update_opts */
	unsigned char kind, group;
	unsigned short to; /* in the group's struct */
} limits[] = {
#define FROM(field) offsetof(struct update_opts, field)
	{ "blkio-weight", FROM(blkio_weight), LIMIT_U16, GROUP_BLOCK_IO,
	  offsetof(struct oci_block_io, weight) },
	{ "cpu-period", FROM(cpu_period), LIMIT_U64, GROUP_CPU, offsetof(struct oci_cpu, period) },
	{ "cpu-quota", FROM(cpu_quota), LIMIT_I64, GROUP_CPU, offsetof(struct oci_cpu, quota) },
	{ "cpu-burst", FROM(cpu_burst), LIMIT_U64, GROUP_CPU, offsetof(struct oci_cpu, burst) },
	{ "cpu-share", FROM(cpu_share), LIMIT_U64, GROUP_CPU, offsetof(struct oci_cpu, shares) },
	{ "cpu-rt-period", FROM(cpu_rt_period), LIMIT_U64, GROUP_CPU,
	  offsetof(struct oci_cpu, realtime_period) },
	{ "cpu-rt-runtime", FROM(cpu_rt_runtime), LIMIT_I64, GROUP_CPU,
	  offsetof(struct oci_cpu, realtime_runtime) },
	{ "cpu-idle", FROM(cpu_idle), LIMIT_I64, GROUP_CPU, offsetof(struct oci_cpu, idle) },
	{ "cpuset-cpus", FROM(cpuset_cpus), LIMIT_TEXT, GROUP_CPU, offsetof(struct oci_cpu, cpus) },
	{ "cpuset-mems", FROM(cpuset_mems), LIMIT_TEXT, GROUP_CPU, offsetof(struct oci_cpu, mems) },
	{ "memory", FROM(memory), LIMIT_SIZE, GROUP_MEMORY, offsetof(struct oci_memory, limit) },
	{ "memory-reservation", FROM(memory_reservation), LIMIT_SIZE, GROUP_MEMORY,
	  offsetof(struct oci_memory, reservation) },
	{ "memory-swap", FROM(memory_swap), LIMIT_SIZE, GROUP_MEMORY,
	  offsetof(struct oci_memory, swap) },
	{ "pids-limit", FROM(pids_limit), LIMIT_I64, GROUP_PIDS, offsetof(struct oci_pids, limit) },
};

/* Returns the value, of that kind, in memory of its own. NULL: text is not such a value. */
static void *parse_limit(enum limit_kind kind, const char *text)
{
	int64_t *i64 = arena_alloc(&arena, sizeof(*i64));
	uint64_t *u64 = arena_alloc(&arena, sizeof(*u64));
	uint16_t *u16 = arena_alloc(&arena, sizeof(*u16));

	switch (kind) {
	case LIMIT_SIZE: return oci_size(text, i64) && *i64 >= -1 ? i64 : NULL;
	case LIMIT_I64: return json_number_i64(text, strlen(text), i64) ? i64 : NULL;
	case LIMIT_U64: return json_number_u64(text, strlen(text), u64) ? u64 : NULL;
	case LIMIT_U16:
		if (!json_number_u64(text, strlen(text), u64) || *u64 > UINT16_MAX)
			return NULL;
		*u16 = *u64;
		return u16;
	default: return (void *)text;
	}
}

static void *group_of(struct oci_resources *r, enum limit_group group)
{
	switch (group) {
	case GROUP_MEMORY:
		return r->memory ? r->memory
				 : (r->memory = arena_alloc(&arena, sizeof(*r->memory)));
	case GROUP_CPU: return r->cpu ? r->cpu : (r->cpu = arena_alloc(&arena, sizeof(*r->cpu)));
	case GROUP_PIDS:
		return r->pids ? r->pids : (r->pids = arena_alloc(&arena, sizeof(*r->pids)));
	default:
		return r->block_io ? r->block_io
				   : (r->block_io = arena_alloc(&arena, sizeof(*r->block_io)));
	}
}

/* Sets quota and period from --cpus, as `run --rootfs` does. */
static int from_cpus(const struct update_opts *o, struct oci_resources *r)
{
	struct oci_cpu *cpu = group_of(r, GROUP_CPU);
	uint64_t *period = arena_alloc(&arena, sizeof(*period));
	int64_t *quota = arena_alloc(&arena, sizeof(*quota));

	if (cpu->quota || cpu->period)
		return failx("--cpus and --%s exclude each other",
			     cpu->quota ? "cpu-quota" : "cpu-period");
	if (!simple_cpus(o->cpus, quota))
		return failx("invalid value for cpus: \"%s\" (a number from 0.01, such as 0.5)",
			     o->cpus);
	*period = SIMPLE_CPU_PERIOD;
	cpu->period = period;
	cpu->quota = quota;
	return 0;
}

static int limits_from_options(const struct update_opts *o, struct oci_resources *r)
{
	for (const struct limit *l = limits; l < limits + ARRAY_SIZE(limits); l++) {
		const char *text = *(const char *const *)((const char *)o + l->from);
		void *value;

		if (!text || !*text)
			continue;
		value = parse_limit(l->kind, text);
		if (!value)
			return failx("invalid value for %s: \"%s\"", l->name, text);
		*(void **)((char *)group_of(r, l->group) + l->to) = value;
	}
	if (o->cpus && *o->cpus && from_cpus(o, r) < 0)
		return -1;
	if (o->kernel_memory || o->kernel_memory_tcp)
		log_warn("Kernel memory settings are ignored and will be removed");
	return 0;
}

/* ---- from a file ----------------------------------------------------------------------------- */

#define RESOURCES_MAX (1u << 20)

static int limits_from_file(const char *file, struct oci_resources *r)
{
	char *text;
	size_t len;

	if (file_read_named(&arena, file, RESOURCES_MAX, &text, &len) < 0)
		return -1;
	return oci_load_resources(&arena, strcmp(file, "-") ? file : "standard input", text, len,
				  r);
}

/* ---- the applet ------------------------------------------------------------------------------ */

static int update_run(void *opts, int argc, char **argv)
{
	struct life life __cleanup(life_close) = LIFE_INIT;
	const struct update_opts *o = opts;
	struct oci_resources change = { 0 };

	if (life_open(&arena, globals.root, argv[0], LIFE_LOCK, &life) < 0)
		return -1;
	if (life.status == OCI_STOPPED)
		return failx("container not running");
	if (life.cgroup)
		cgroup_user_bus(life.cgroup, getenv("DBUS_SESSION_BUS_ADDRESS"));
	/* with a file all other limits are ignored, as in runc */
	if (o->resources ? limits_from_file(o->resources, &change) < 0
			 : limits_from_options(o, &change) < 0)
		return -1;
	return life_update(
		&arena, &life,
		&(struct life_change){ .resources = &change,
				       .schemata = { o->l3_cache_schema, o->mem_bw_schema } });
}

static const struct opt update_opts[] = {
	{ "resources", 'r', OPT_STR, FROM(resources), "FILE",
	  "a resources object as JSON, - is standard input; all other limits are then ignored" },
	{ "memory", 0, OPT_STR, FROM(memory), "BYTES",
	  "memory limit; suffixes b k m g t, -1 is unlimited" },
	{ "mem", 0, OPT_STR, FROM(memory), "BYTES", "the same as --memory" },
	{ "memory-reservation", 0, OPT_STR, FROM(memory_reservation), "BYTES",
	  "soft memory limit" },
	{ "memory-swap", 0, OPT_STR, FROM(memory_swap), "BYTES",
	  "limit of memory and swap together" },
	{ "cpus", 0, OPT_STR, FROM(cpus), "N",
	  "limit of processor time, such as 0.5; instead of --cpu-period and --cpu-quota" },
	{ "cpu-period", 0, OPT_STR, FROM(cpu_period), "USEC", "length of a quota's period" },
	{ "cpu-quota", 0, OPT_STR, FROM(cpu_quota), "USEC", "processor time in each period" },
	{ "cpu-burst", 0, OPT_STR, FROM(cpu_burst), "USEC", "unused time that may be saved up" },
	{ "cpu-share", 0, OPT_STR, FROM(cpu_share), "N", "weight against others" },
	{ "cpu-rt-period", 0, OPT_STR, FROM(cpu_rt_period), "USEC", "period of realtime tasks" },
	{ "cpu-rt-runtime", 0, OPT_STR, FROM(cpu_rt_runtime), "USEC",
	  "time of realtime tasks in each period" },
	{ "cpu-idle", 0, OPT_STR, FROM(cpu_idle), "0|1",
	  "run only when no other process wants to" },
	{ "cpuset-cpus", 0, OPT_STR, FROM(cpuset_cpus), "LIST", "processors to use: 0-3,7" },
	{ "cpuset-mems", 0, OPT_STR, FROM(cpuset_mems), "LIST", "memory nodes to use" },
	{ "pids-limit", 0, OPT_STR, FROM(pids_limit), "N", "limit of processes; -1 is unlimited" },
	{ "pids", 0, OPT_STR, FROM(pids_limit), "N", "the same as --pids-limit" },
	{ "blkio-weight", 0, OPT_STR, FROM(blkio_weight), "N", "weight of block I/O, 10 to 1000" },
	{ "l3-cache-schema", 0, OPT_STR, FROM(l3_cache_schema), "SCHEMA", "Intel RDT: L3 cache" },
	{ "mem-bw-schema", 0, OPT_STR, FROM(mem_bw_schema), "SCHEMA",
	  "Intel RDT: memory bandwidth" },
	{ "kernel-memory", 0, OPT_STR, FROM(kernel_memory), "BYTES",
	  "ignored with a warning: kernels dropped it" },
	{ "kernel-memory-tcp", 0, OPT_STR, FROM(kernel_memory_tcp), "BYTES", "the same" },
	{ NULL },
};

const struct applet update_applet = {
	.name = "update",
	.args = "ID",
	.summary = "change the limits of a running container",
	.text = "Limits that are not named stay as they are. If one cannot be set, those set "
		"before it get their old values back.",
	.opts = update_opts,
	.opts_size = sizeof(struct update_opts),
	.args_min = 1,
	.args_max = 1,
	.run = update_run,
};
