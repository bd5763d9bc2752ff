/* units_test.c - resources, devices and annotations as properties of units. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/units.h"
#include "tests/tap.h"

#include <sys/resource.h>

static struct arena arena;

#define I64(n) (&(int64_t){ n })
#define U64(n) (&(uint64_t){ n })

/* The properties as "NAME:TYPE=VALUE; ...". */
static const char *show(const struct unit_props *p)
{
	char *out = arena_strdup(&arena, "");

	for (const struct unit_prop *u = p->first; u; u = u->next) {
		out = arena_printf(&arena, "%s%s%s:%s=", out, *out ? "; " : "", u->name, u->sig);
		if (u->pairs)
			for (size_t i = 0; i < u->num; i++)
				out = arena_printf(&arena, "%s%s%s%s%s", out, i ? "," : "",
						   u->pairs[i].key, u->pairs[i].value ? " " : "",
						   u->pairs[i].value ? u->pairs[i].value : "");
		else if (!strcmp(u->sig, "ay"))
			for (size_t i = 0; i < u->num; i++)
				out = arena_printf(&arena, "%s%02x", out, (unsigned char)u->str[i]);
		else if (u->str)
			out = arena_printf(&arena, "%s%s", out, u->str);
		else if (u->num == UINT64_MAX)
			out = arena_printf(&arena, "%smax", out);
		else
			out = arena_printf(&arena, "%s%lld", out, (long long)u->num);
	}
	return out;
}

static const char *resources(const struct oci_resources *r, bool v2, int version)
{
	struct unit_props p;

	units_init(&p, &arena);
	p.version = version;
	return units_resources(&p, r, v2) < 0 ? arena_printf(&arena, "!%s", err_text()) : show(&p);
}

static void test_resources(void)
{
	struct oci_memory m = { .limit = I64(4096), .swap = I64(8192), .reservation = I64(1024) };
	struct oci_cpu c = {
		.shares = U64(1024), .quota = I64(12345), .period = U64(100000), .cpus = "0-2,9"
	};
	struct oci_pids p = { .limit = I64(0) };
	struct oci_block_io b = { .weight = &(uint16_t){ 500 } };
	struct oci_resources r = { .memory = &m, .cpu = &c, .pids = &p, .block_io = &b };

	is_str(resources(&r, true, 252),
	       "MemoryMax:t=4096; MemoryLow:t=1024; MemorySwapMax:t=4096; CPUWeight:t=100; "
	       "CPUQuotaPeriodUSec:t=100000; CPUQuotaPerSecUSec:t=130000; AllowedCPUs:ay=0702; "
	       "TasksMax:t=1",
	       "v2: every resource that has a property");
	is_str(resources(&r, true, 239),
	       "MemoryMax:t=4096; MemoryLow:t=1024; MemorySwapMax:t=4096; CPUWeight:t=100; "
	       "CPUQuotaPerSecUSec:t=130000; TasksMax:t=1",
	       "v2 with systemd 239");
	is_str(resources(&r, false, 252),
	       "MemoryLimit:t=4096; CPUShares:t=1024; CPUQuotaPeriodUSec:t=100000; "
	       "CPUQuotaPerSecUSec:t=130000; "
	       "BlockIOWeight:t=500; TasksMax:t=1",
	       "v1: every resource that has a property");
	m = (struct oci_memory){ .limit = I64(-1) };
	c = (struct oci_cpu){ .idle = I64(1), .quota = I64(-1) };
	p.limit = I64(-1);
	r.block_io = NULL;
	is_str(resources(&r, true, 252),
	       "MemoryMax:t=max; MemorySwapMax:t=max; CPUWeight:t=0; CPUQuotaPerSecUSec:t=max; "
	       "TasksMax:t=max",
	       "no limits, and idle");
	is_str(resources(&r, true, 251),
	       "MemoryMax:t=max; MemorySwapMax:t=max; CPUQuotaPerSecUSec:t=max; TasksMax:t=max",
	       "idle is not sent to systemd 251");
	c = (struct oci_cpu){ .cpus = "3-1" };
	is_str(resources(&r, true, 252), "!AllowedCPUs: \"3-1\" is not a list such as 0-3,7",
	       "a range whose end is below its begin is refused");
	is_str(resources(NULL, true, 252), "", "without resources there are no properties");
}

static void test_unified(void)
{
	struct json_pair pairs[] = { { "memory.high", "4096" },	    { "memory.max", "max" },
				     { "cpu.max", "50000 100000" }, { "cpu.weight", "10" },
				     { "cpuset.mems", "0\n" },	    { "io.max", "8:0 rbps=1" },
				     { "pids.max", "max" },	    { "cpu.idle", "1" } };
	struct json_pair bad[] = { { "memory.high", "lots" } };
	struct oci_resources r = { .unified = { pairs, ARRAY_SIZE(pairs) } };

	is_str(resources(&r, true, 252),
	       "MemoryHigh:t=4096; MemoryMax:t=max; CPUQuotaPeriodUSec:t=100000; "
	       "CPUQuotaPerSecUSec:t=500000; "
	       "CPUWeight:t=10; AllowedMemoryNodes:ay=01; TasksMax:t=max; CPUWeight:t=0",
	       "unified keys that systemd knows");
	r.unified.at = bad;
	r.unified.n = 1;
	is_str(resources(&r, true, 252), "!unified[\"memory.high\"]: \"lots\" is not a number",
	       "a text that is not a number is refused");
}

static void test_numbers(void)
{
	static const struct {
		int64_t quota;
		uint64_t period, want;
	} quotas[] = {
		{ 12345, 100000, 130000 },
		{ 50000, 100000, 500000 },
		{ 200000, 0, 2000000 },
		{ 1, 1000000, 10000 },
		{ -1, 100000, UINT64_MAX },
		{ 0, 5, UINT64_MAX },
		{ 18446744073710, 100000, UINT64_MAX },
	};
	static const struct {
		const char *list, *want; /* hex; NULL: refused */
	} sets[] = {
		{ "", "" },	   { "0", "01" },	   { "0-7", "ff" }, { "8", "0001" },
		{ "1,3,5", "2a" }, { "0-1,16", "030001" }, { "a", NULL },   { "1-", NULL },
		{ "-1", NULL },	   { "2-1", NULL },	   { "1 2", NULL }, { "99999", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(quotas); i++)
		ok(units_cpu_quota(quotas[i].quota, quotas[i].period) == quotas[i].want,
		   "quota %lld of %llu", (long long)quotas[i].quota,
		   (unsigned long long)quotas[i].period);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		char *hex = arena_strdup(&arena, "");
		const char *bits;
		size_t len;
		int ret = units_cpuset(&arena, sets[i].list, &bits, &len);

		for (size_t j = 0; !ret && j < len; j++)
			hex = arena_printf(&arena, "%s%02x", hex, (unsigned char)bits[j]);
		is_str(ret ? NULL : hex, sets[i].want, "set \"%s\"", sets[i].list);
	}
}

static void test_devices(void)
{
	struct oci_device_rule rules[] = {
		{ .allow = true, .type = 'b', .major = I64(8), .access = "r" },
		{ .allow = true, .type = 'c', .minor = I64(4), .access = "rw" }
	};
	struct oci_device_rule all = { .allow = true, .type = 'a', .access = "rwm" };
	struct oci_resources r = { .devices = { rules, 2 } };
	struct unit_props p;
	struct dev_set set;

	units_init(&p, &arena);
	p.version = 252;
	ok(devices_merge(&arena, &r, &set) == 0, "two rules are merged");
	units_devices(&p, &set);
	is_str(show(&p),
	       "DevicePolicy:s=strict; DeviceAllow:a(ss)=0; DeviceAllow:a(ss)=block-8 r,char-* "
	       "m,block-* m,/dev/char/1:3 "
	       "rwm,/dev/char/1:8 rwm,/dev/char/1:7 rwm,/dev/char/5:0 rwm,/dev/char/1:5 "
	       "rwm,/dev/char/1:9 rwm,"
	       "char-136 rwm,/dev/char/5:2 rwm,/dev/char/10:200 rwm",
	       "rules become names of systemd; one without a name is left out");
	r.devices.at = &all;
	r.devices.n = 1;
	units_init(&p, &arena);
	ok(devices_merge(&arena, &r, &set) == 0, "a rule that allows all is merged");
	units_devices(&p, &set);
	is_str(show(&p), "DevicePolicy:s=auto; DeviceAllow:a(ss)=0", "it has no list");
}

static void test_rounded(void)
{
	struct oci_cpu cpu = { .quota = I64(500000), .period = U64(900000) };
	struct oci_resources r = { .cpu = &cpu };

	ok(*units_rounded(&arena, &r, true)->cpu->quota == 504000,
	   "a quota of 500000 in 900000 becomes what systemd makes of 56 percent");
	ok(*cpu.quota == 500000, "the quota of the config is not changed");
	cpu.quota = I64(25000);
	cpu.period = NULL;
	ok(*units_rounded(&arena, &r, true)->cpu->quota == 25000,
	   "a quota of a whole percentage is not rounded");
	cpu.quota = I64(18446744073710);
	ok(*units_rounded(&arena, &r, true)->cpu->quota == 18446744073710,
	   "a quota whose microseconds for each second overflow is not rounded");
	cpu.quota = I64(-1);
	ok(units_rounded(&arena, &r, true) == &r, "quota -1 is not rounded");
	cpu.idle = I64(1);
	cpu.shares = U64(200);
	ok(!units_rounded(&arena, &r, true)->cpu->shares, "v2: cpu.idle removes the weight");
	ok(units_rounded(&arena, &r, false) == &r, "v1: cpu.idle does not");
}

static void test_annotations(void)
{
	static const struct {
		const char *key, *value, *want;
	} rows[] = {
		{ "other", "x", "" },
		{ "org.systemd.property.CollectMode", "'inactive-or-failed'",
		  "CollectMode:s=inactive-or-failed" },
		{ "org.systemd.property.TimeoutStopUSec", "uint64 123456789",
		  "TimeoutStopUSec:t=123456789" },
		{ "org.systemd.property.TimeoutStopSec", "5", "TimeoutStopUSec:t=5000000" },
		{ "org.systemd.property.SendSIGHUP", "true", "SendSIGHUP:b=1" },
		{ "org.systemd.property.OOMScore", "-5", "OOMScore:i=-5" },
		{ "org.systemd.property.After", "['a.service', \"b\\\"c\"]",
		  "After:as=a.service,b\"c" },
		{ "org.systemd.property.After", "['a'", "!" },
		{ "org.systemd.property.After", "'a", "!" },
		{ "org.systemd.property.Number", "uint32 -1", "!" },
		{ "org.systemd.property.Number", "5 6", "!" },
		{ "org.systemd.property.Number", "1.5", "!" },
		{ "org.systemd.property.No", "5", "!" },
		{ "org.systemd.property.A-B", "5", "!" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_pair pair = { rows[i].key, rows[i].value };
		struct unit_props p;
		const char *got;

		units_init(&p, &arena);
		got = units_annotations(&p, &pair, 1) < 0 ? "!" : show(&p);
		is_str(got, rows[i].want, "%s %s", rows[i].key, rows[i].value);
	}
}

/* The memory for a list grows with the number of its texts, not with the square of it. */
static void test_long_list(void)
{
	enum { TEXTS = 40000 };
	char *value = arena_alloc(&arena, 4 * TEXTS + 2), *to = value;
	struct json_pair pair = { "org.systemd.property.After", value };
	struct rlimit limit = { 256 << 20, 256 << 20 };
	struct unit_props p;

	for (int i = 0; i < TEXTS; i++)
		to = stpcpy(to, i ? ",'a'" : "['a'");
	strcpy(to, "]");
#ifndef __SANITIZE_ADDRESS__
	setrlimit(RLIMIT_AS, &limit);
#endif
	units_init(&p, &arena);
	ok(units_annotations(&p, &pair, 1) == 0 && p.first->num == TEXTS,
	   "a list of %d texts fits into 256 MiB", TEXTS);
}

int main(void)
{
	static char block[1 << 20];

	arena_init(&arena, block, sizeof(block));
	test_resources();
	test_unified();
	test_numbers();
	test_devices();
	test_rounded();
	test_annotations();
	test_long_list();
	return done();
}
