/* knobs_test.c - every conversion of docs/behaviours.md, TB-01 to TB-06, for both versions. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"
#include "tests/tap.h"

#include <stdlib.h>

static struct arena arena;
static const struct ctl_where all_v1 = { .v1 = ~0u }, all_v2 = { .v2 = ~0u, .v2_only = true };
static unsigned warnings;

static void count_line(enum log_level level, const char *text)
{
	warnings += level == LOG_WARNING;
}

/* The writes as "FILE=VALUE; FILE=VALUE", with "?" for KNOB_OPTIONAL, "|" for KNOB_ELSE and "~" for
 * KNOB_RETRY. A failure is "!TEXT". */
static const char *plan(const struct oci_resources *r, const struct ctl_where *where)
{
	struct knob_list list;
	char *out = arena_strdup(&arena, "");

	if (knobs_plan(&arena, r, where, &list) < 0)
		return arena_printf(&arena, "!%s", err_text());
	for (const struct knob_write *w = list.first; w; w = w->next)
		out = arena_printf(&arena, "%s%s%s=%s%s%s%s", out, *out ? "; " : "", w->file,
				   w->value, w->flags & KNOB_OPTIONAL ? "?" : "",
				   w->flags & KNOB_ELSE ? "|" : "",
				   w->flags & KNOB_RETRY ? "~" : "");
	return out;
}

static void test_cpu_weight(void)
{
	static const struct {
		uint64_t shares, weight;
	} rows[] = {
		{ 0, 0 },	  { 1, 1 },	     { 2, 1 },		{ 3, 2 },
		{ 10, 4 },	  { 50, 10 },	     { 100, 17 },	{ 128, 21 },
		{ 200, 29 },	  { 256, 35 },	     { 500, 58 },	{ 512, 59 },
		{ 768, 80 },	  { 1000, 99 },	     { 1024, 100 },	{ 1025, 101 },
		{ 1536, 138 },	  { 2048, 174 },     { 4096, 303 },	{ 8192, 532 },
		{ 10240, 639 },	  { 16384, 942 },    { 32768, 1681 },	{ 65536, 3023 },
		{ 131072, 5478 }, { 262143, 10000 }, { 262144, 10000 }, { UINT64_MAX, 10000 },
	};
	uint64_t last = 0;
	bool grows = true;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ok(knobs_cpu_weight(rows[i].shares) == rows[i].weight, "shares %llu: weight %llu",
		   (unsigned long long)rows[i].shares, (unsigned long long)rows[i].weight);
	for (uint64_t s = 2; s <= 262144; s++) {
		uint64_t w = knobs_cpu_weight(s);

		grows &= w >= last && w >= 1 && w <= 10000;
		last = w;
	}
	ok(grows, "more shares never give less weight, and every weight is in 1 to 10000");
}

static void test_io_weight(void)
{
	static const uint64_t rows[][2] = {
		{ 0, 0 },      { 10, 1 },     { 50, 405 },     { 100, 910 },
		{ 200, 1920 }, { 500, 4950 }, { 1000, 10000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ok(knobs_io_weight(rows[i][0]) == rows[i][1], "blkio weight %u: io weight %u",
		   (unsigned)rows[i][0], (unsigned)rows[i][1]);
}

#define UNSET INT64_MIN

static void test_memory(void)
{
	static const struct {
		int64_t limit, swap;
		const char *v1, *v2;
	} rows[] = {
		{ UNSET, UNSET, "", "" },
		{ 0, UNSET, "", "" },
		{ 0, 0, "", "" },
		{ -1, UNSET, "memory.limit_in_bytes=-1~; memory.memsw.limit_in_bytes=-1?",
		  "memory.swap.max=max?; memory.max=max" },
		{ -1, 0, "memory.limit_in_bytes=-1~; memory.memsw.limit_in_bytes=-1?",
		  "memory.swap.max=max?; memory.max=max" },
		{ 4096, UNSET, "memory.limit_in_bytes=4096~", "memory.max=4096" },
		{ 4096, 0, "memory.limit_in_bytes=4096~", "memory.max=4096" },
		{ 4096, -1, "memory.limit_in_bytes=4096~; memory.memsw.limit_in_bytes=-1?",
		  "memory.swap.max=max?; memory.max=4096" },
		{ UNSET, -1, "memory.memsw.limit_in_bytes=-1?", "memory.swap.max=max?" },
		{ -1, -1, "memory.limit_in_bytes=-1~; memory.memsw.limit_in_bytes=-1?",
		  "memory.swap.max=max?; memory.max=max" },
		{ -1, 8192, "memory.limit_in_bytes=-1~; memory.memsw.limit_in_bytes=8192",
		  "memory.swap.max=8192; memory.max=max" },
		{ 0, 8192, "!memory.swap: unable to set swap limit without memory limit",
		  "!memory.swap: unable to set swap limit without memory limit" },
		{ 8192, 4096,
		  "!memory.swap: memory+swap limit should be >= memory limit (4096 < 8192)",
		  "!memory.swap: memory+swap limit should be >= memory limit (4096 < 8192)" },
		{ 4096, 4096, "memory.limit_in_bytes=4096~; memory.memsw.limit_in_bytes=4096",
		  "memory.swap.max=0?; memory.max=4096" },
		{ 4096, 8192, "memory.limit_in_bytes=4096~; memory.memsw.limit_in_bytes=8192",
		  "memory.swap.max=4096; memory.max=4096" },
		{ -2, UNSET, "!memory.limit: invalid memory value: -2",
		  "!memory.limit: invalid memory value: -2" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t limit = rows[i].limit, swap = rows[i].swap;
		struct oci_memory m = {
			.limit = limit == UNSET ? NULL : &limit,
			.swap = swap == UNSET ? NULL : &swap,
		};
		struct oci_resources r = { .memory = &m };

		is_str(plan(&r, &all_v1), rows[i].v1, "v1 memory row %zu", i);
		is_str(plan(&r, &all_v2), rows[i].v2, "v2 memory row %zu", i);
	}
}

static void test_memory_rest(void)
{
	int64_t reservation = 4096, kernel = 1;
	uint64_t swappiness = 60;
	bool yes = true, no = false;
	struct oci_memory m = { .reservation = &reservation,
				.swappiness = &swappiness,
				.disable_oom_killer = &yes,
				.use_hierarchy = &yes };
	struct oci_resources r = { .memory = &m };

	is_str(plan(&r, &all_v1),
	       "memory.soft_limit_in_bytes=4096; memory.swappiness=60; memory.oom_control=1",
	       "v1: reservation, swappiness and disableOOMKiller");
	warnings = 0;
	is_str(plan(&r, &all_v2), "memory.low=4096", "v2: of these only the reservation");
	ok(warnings == 2, "v2 warns of swappiness and disableOOMKiller");
	m = (struct oci_memory){ .disable_oom_killer = &no, .kernel = &kernel };
	warnings = 0;
	is_str(plan(&r, &all_v2), "", "v2: disableOOMKiller false and kernel are not written");
	ok(warnings == 1, "v2 warns of kernel only");
	swappiness = UINT64_MAX;
	m = (struct oci_memory){ .swappiness = &swappiness };
	warnings = 0;
	is_str(plan(&r, &all_v1), "", "v1: swappiness 2^64-1 counts as not set");
	ok(!plan(&r, &all_v2)[0] && !warnings, "v2: it gives no warning");
	swappiness = 101;
	m = (struct oci_memory){ .swappiness = &swappiness };
	is_str(plan(&r, &all_v1),
	       "!memory.swappiness: invalid memory swappiness value: 101 (valid range is 0-100)",
	       "swappiness above 100 is refused");
}

static void test_cpu(void)
{
	static const struct {
		int64_t quota, period;
		const char *v1, *v2;
	} rows[] = {
		{ UNSET, UNSET, "", "" },
		{ 50000, 100000, "cpu.cfs_period_us=100000~; cpu.cfs_quota_us=50000~",
		  "cpu.max=50000 100000~" },
		{ 50000, UNSET, "cpu.cfs_quota_us=50000~", "cpu.max=50000 100000~" },
		{ UNSET, 200000, "cpu.cfs_period_us=200000~", "cpu.max=max 200000~" },
		{ -1, UNSET, "cpu.cfs_quota_us=-1~", "cpu.max=max 100000~" },
		{ 0, 0, "", "" },
	};
	uint64_t shares = 1024, burst = 1000, rt_period = 1000000, zero = 0;
	int64_t rt_runtime = 950000, idle = 1;
	struct oci_cpu c = { .shares = &shares,
			     .burst = &burst,
			     .realtime_period = &rt_period,
			     .realtime_runtime = &rt_runtime,
			     .idle = &idle,
			     .cpus = "0-1,3",
			     .mems = "0" };
	struct oci_resources r = { .cpu = &c };

	warnings = 0;
	is_str(plan(&r, &all_v1),
	       "cpuset.cpus=0-1,3; cpuset.mems=0; cpu.rt_period_us=1000000~; "
	       "cpu.rt_runtime_us=950000~; "
	       "cpu.shares=1024; cpu.cfs_burst_us=1000~; cpu.idle=1",
	       "v1: every field of cpu");
	is_str(plan(&r, &all_v2),
	       "cpu.idle=1; cpu.weight=100; cpu.max.burst=1000~; cpuset.cpus=0-1,3; cpuset.mems=0",
	       "v2: every field of cpu");
	ok(warnings == 2, "v2 warns of the two realtime fields");
	shares = 1;
	is_str(plan(&r, &all_v1), "!cpu.shares: the minimum allowed cpu-shares is 2",
	       "shares below 2 are refused");
	shares = 262145;
	is_str(plan(&r, &all_v1), "!cpu.shares: the maximum allowed cpu-shares is 262144",
	       "shares above 262144 are refused");
	c = (struct oci_cpu){ .burst = &zero, .shares = &zero, .cpus = "" };
	is_str(plan(&r, &all_v1), "cpu.cfs_burst_us=0?~",
	       "burst 0 needs no file; shares 0 and cpus \"\" are not written");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t quota = rows[i].quota;
		uint64_t period = rows[i].period;

		c = (struct oci_cpu){ .quota = quota == UNSET ? NULL : &quota,
				      .period = rows[i].period == UNSET ? NULL : &period };
		is_str(plan(&r, &all_v1), rows[i].v1, "v1 quota row %zu", i);
		is_str(plan(&r, &all_v2), rows[i].v2, "v2 quota row %zu", i);
	}
}

static void test_pids(void)
{
	static const struct {
		int64_t limit;
		const char *want;
	} rows[] = { { 5, "pids.max=5" }, { 0, "pids.max=1" }, { -1, "pids.max=max" } };
	struct oci_pids p = { 0 };
	struct oci_resources r = { .pids = &p };

	is_str(plan(&r, &all_v2), "", "pids without a limit: no write");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t n = rows[i].limit;

		p.limit = &n;
		is_str(plan(&r, &all_v1), rows[i].want, "v1 pids %lld", (long long)n);
		is_str(plan(&r, &all_v2), rows[i].want, "v2 pids %lld", (long long)n);
	}
}

static void test_block_io(void)
{
	uint16_t weight = 500, leaf = 300;
	struct oci_weight_device devices[] = { { 8, 16, &weight, &leaf } };
	struct oci_throttle_device throttle[] = { { 8, 0, 1048576 } };
	struct oci_block_io b = { .weight = &weight, .leaf_weight = &leaf };
	struct oci_resources r = { .block_io = &b };

	is_str(plan(&r, &all_v1), "blkio.weight=500|; blkio.bfq.weight=500; blkio.leaf_weight=300",
	       "v1 weight");
	is_str(plan(&r, &all_v2), "io.bfq.weight=500|; io.weight=4950", "v2 weight");
	b = (struct oci_block_io){ .weight_device = { devices, 1 } };
	is_str(plan(&r, &all_v1),
	       "blkio.weight_device=8:16 500|; blkio.bfq.weight_device=8:16 500; "
	       "blkio.leaf_weight_device=8:16 300",
	       "v1 weight of a device");
	is_str(plan(&r, &all_v2), "io.bfq.weight=8:16 500|; io.weight=8:16 4950?",
	       "v2 weight of a device");
	b = (struct oci_block_io){ .throttle_read_bps = { throttle, 1 },
				   .throttle_write_bps = { throttle, 1 },
				   .throttle_read_iops = { throttle, 1 },
				   .throttle_write_iops = { throttle, 1 } };
	is_str(plan(&r, &all_v1),
	       "blkio.throttle.read_bps_device=8:0 1048576; blkio.throttle.write_bps_device=8:0 "
	       "1048576; "
	       "blkio.throttle.read_iops_device=8:0 1048576; blkio.throttle.write_iops_device=8:0 "
	       "1048576",
	       "v1 throttles");
	is_str(plan(&r, &all_v2),
	       "io.max=8:0 rbps=1048576; io.max=8:0 wbps=1048576; io.max=8:0 riops=1048576; "
	       "io.max=8:0 wiops=1048576",
	       "v2 throttles");
	weight = 9;
	b = (struct oci_block_io){ .weight = &weight };
	is_str(plan(&r, &all_v2), "!blockIO.weight: 9 is not a weight from 10 to 1000",
	       "a weight below 10 is refused");
}

static void test_lists(void)
{
	struct oci_hugepage_limit huge[] = { { "2MB", 4194304 } };
	uint32_t handles = 2, objects = 2000, class = 1048577;
	struct oci_rdma rdma[] = { { "mlx5_0", &handles, &objects }, { "mlx5_1", NULL, NULL } };
	struct oci_priority prio[] = { { "eth0", 5 } };
	struct oci_network net = { .class_id = &class, .priorities = { prio, 1 } };
	struct oci_resources r = { .hugepage_limits = { huge, 1 } };

	is_str(plan(&r, &all_v1),
	       "hugetlb.2MB.limit_in_bytes=4194304; hugetlb.2MB.rsvd.limit_in_bytes=4194304?",
	       "v1 huge pages");
	is_str(plan(&r, &all_v2), "hugetlb.2MB.max=4194304; hugetlb.2MB.rsvd.max=4194304?",
	       "v2 huge pages");
	huge[0].page_size = "../2MB";
	is_str(plan(&r, &all_v2),
	       "!hugepageLimits: \"../2MB\" is not a page size such as 2MB or 1GB",
	       "a page size with a slash is refused");
	r = (struct oci_resources){ .rdma = { rdma, 2 } };
	is_str(plan(&r, &all_v1), "rdma.max=mlx5_0 hca_handle=2 hca_object=2000", "v1 rdma");
	is_str(plan(&r, &all_v2), "rdma.max=mlx5_0 hca_handle=2 hca_object=2000", "v2 rdma");
	r = (struct oci_resources){ .network = &net };
	is_str(plan(&r, &all_v1), "net_cls.classid=1048577; net_prio.ifpriomap=eth0 5",
	       "v1 network");
	warnings = 0;
	is_str(plan(&r, &all_v2), "", "v2 network: no write");
	ok(warnings == 2, "v2 warns of classID and priorities");
}

static void test_unified(void)
{
	static const struct ctl_where hybrid = { .v1 = 1u << CTL_MEMORY, .v2 = 1u << CTL_HUGETLB };
	static const struct {
		const char *key, *value, *v2, *hybrid;
	} rows[] = {
		{ "memory.high", "4096", "memory.high=4096",
		  "!unified[\"memory.high\"]: controller memory is not on cgroup v2 here but on a "
		  "v1 hierarchy" },
		{ "hugetlb.2MB.max", "0", "hugetlb.2MB.max=0", "hugetlb.2MB.max=0" },
		{ "io.max", "8:0 rbps=1\n8:16 wbps=2\n", "io.max=8:0 rbps=1; io.max=8:16 wbps=2",
		  "!unified[\"io.max\"]: controller io is not on cgroup v2 here" },
		{ "cgroup.max.depth", "3", "cgroup.max.depth=3", "cgroup.max.depth=3" },
		{ "../memory.max", "1",
		  "!unified[\"../memory.max\"]: is not the name of a cgroup file",
		  "!unified[\"../memory.max\"]: is not the name of a cgroup file" },
		{ "memory", "1", "!unified[\"memory\"]: is not the name of a cgroup file",
		  "!unified[\"memory\"]: is not the name of a cgroup file" },
		{ "foo.bar", "1", "!unified[\"foo.bar\"]: controller \"foo\" is not known",
		  "!unified[\"foo.bar\"]: controller \"foo\" is not known" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_pair pair = { rows[i].key, rows[i].value };
		struct oci_resources r = { .unified = { &pair, 1 } };

		is_str(plan(&r, &all_v2), rows[i].v2, "v2 unified %s", rows[i].key);
		is_str(plan(&r, &hybrid), rows[i].hybrid, "hybrid unified %s", rows[i].key);
	}
}

static void test_order(void)
{
	int64_t limit = 4096, pids = 3;
	struct json_pair pair = { "memory.max", "8192" };
	struct oci_memory m = { .limit = &limit };
	struct oci_pids p = { .limit = &pids };
	struct oci_cpu c = { .cpus = "0" };
	struct oci_resources r = { .memory = &m, .pids = &p, .cpu = &c, .unified = { &pair, 1 } };

	is_str(plan(&r, &all_v2), "pids.max=3; memory.max=4096; cpuset.cpus=0; memory.max=8192",
	       "unified is written last");
	is_str(plan(NULL, &all_v2), "", "without resources there are no writes");
}

int main(void)
{
	static char block[1 << 20];

	arena_init(&arena, block, sizeof(block));
	log_sink.line = count_line;
	test_cpu_weight();
	test_io_weight();
	test_memory();
	test_memory_rest();
	test_cpu();
	test_pids();
	test_block_io();
	test_lists();
	test_unified();
	test_order();
	return done();
}
