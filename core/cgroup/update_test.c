/* update_test.c - what update makes of old and new resources. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"
#include "tests/tap.h"

#include <stdlib.h>

static struct arena arena;

#define I64(n) (&(int64_t){ n })
#define U64(n) (&(uint64_t){ n })

static void test_memory(void)
{
	struct oci_memory old = { .limit = I64(100),
				  .swap = I64(200),
				  .check_before_update = &(bool){ true } };
	struct oci_memory none = { 0 }, unlimited = { .limit = I64(-1) },
			  swap = { .swap = I64(300) };
	struct oci_resources r = { .memory = &old }, change = { .memory = &none }, out;

	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.memory->limit == 100 && *out.memory->swap == 200, "absent keeps");
	ok(!out.memory->check_before_update, "the check is asked for once");
	change.memory = NULL;
	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.memory->limit == 100, "no memory object keeps");
	change.memory = &unlimited;
	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.memory->limit == -1 && *out.memory->swap == 0,
	   "no limit drops the limit with swap");
	change.memory = &swap;
	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.memory->limit == 100 && *out.memory->swap == 300, "swap alone");
	ok(*old.swap == 200, "the old ones stay as they were");
	cgroup_merge(&arena, NULL, &change, &out);
	ok(*out.memory->swap == 300 && !out.memory->limit, "nothing before");
}

static void test_cpu(void)
{
	struct oci_cpu old = { .quota = I64(5),
			       .period = U64(10),
			       .shares = U64(512),
			       .burst = U64(1),
			       .cpus = "0",
			       .mems = "0",
			       .idle = I64(0) };
	struct oci_cpu quota = { .quota = I64(7) }, idle = { .idle = I64(1) };
	struct oci_cpu both = { .idle = I64(0), .shares = U64(99), .period = U64(0), .cpus = "1" };
	struct oci_resources r = { .cpu = &old }, change = { .cpu = &quota }, out;

	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.cpu->quota == 7 && *out.cpu->period == 10, "quota alone keeps the period");
	ok(*out.cpu->shares == 512, "and the shares");
	ok(!out.cpu->burst && !out.cpu->idle && !out.cpu->cpus && !out.cpu->mems,
	   "burst, idle and sets are overwritten");
	change.cpu = &idle;
	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.cpu->idle == 1 && !out.cpu->shares, "idle without shares clears them");
	change.cpu = &both;
	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.cpu->shares == 99 && *out.cpu->period == 10 && !strcmp(out.cpu->cpus, "1"),
	   "period 0 is absent");
	change.cpu = NULL;
	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.cpu->quota == 5 && !out.cpu->cpus, "no cpu object is an empty one");
}

static void test_lists(void)
{
	struct oci_throttle_device old_t[] = { { 8, 0, 1 }, { 8, 16, 2 } },
				   new_t[] = { { 8, 16, 3 }, { 9, 0, 4 } };
	struct oci_weight_device old_w[] = { { 8, 0, &(uint16_t){ 10 }, NULL } };
	struct oci_weight_device new_w[] = { { 8, 0, &(uint16_t){ 20 }, NULL } };
	struct oci_block_io old = { .weight = &(uint16_t){ 100 },
				    .throttle_read_bps = { old_t, 2 },
				    .weight_device = { old_w, 1 } };
	struct oci_block_io new = { .throttle_read_bps = { new_t, 2 },
				    .weight_device = { new_w, 1 } };
	struct json_pair pair = { "memory.high", "1" };
	struct oci_pids pids = { .limit = I64(3) };
	struct oci_device_rule rule = { .access = "r" };
	struct oci_resources r = {
		.block_io = &old, .unified = { &pair, 1 }, .pids = &pids, .devices = { &rule, 1 }
	};
	struct oci_resources change = { .block_io = &new }, out;

	cgroup_merge(&arena, &r, &change, &out);
	ok(out.block_io->throttle_read_bps.n == 3, "devices are added");
	ok(out.block_io->throttle_read_bps.at[0].rate == 1 &&
		   out.block_io->throttle_read_bps.at[1].rate == 3 &&
		   out.block_io->throttle_read_bps.at[2].rate == 4,
	   "or replaced, in place");
	ok(out.block_io->weight_device.n == 1 && *out.block_io->weight_device.at[0].weight == 20,
	   "weights too");
	ok(*out.block_io->weight == 100, "the weight stays");
	ok(!out.pids && !out.unified.n, "pids and unified are overwritten");
	ok(out.devices.n == 1, "device rules are not touched");
}

/* exec --cgroup. v2 and cpu: the directories that come out; why: the refusal. */
static const struct {
	const char *specs[3];
	const char *cpu, *v2, *why;
} subs[] = {
	{ { "x" }, "cpu/c", "v2/c/x", NULL }, /* where it exists: the directories below */
	{ { "/x/../y" }, "cpu/c/y", "v2/c", NULL },
	{ { "none" }, NULL, NULL, "bad sub cgroup path: none: no such file or directory" },
	{ { "cpu:x" }, "cpu/c/x", "v2/c", NULL },
	{ { "cpu,cpuacct:x", "memory:y" }, "cpu/c/x", "v2/c", NULL },
	{ { "../c2" }, NULL, NULL, "bad sub cgroup path: ../c2" },
	{ { "../../x" }, NULL, NULL, "bad sub cgroup path: ../../x" },
	{ { "cpu:../c2" }, NULL, NULL, "bad sub cgroup path: ../c2" },
	{ { "x", "y" }, NULL, NULL, "invalid --cgroup argument: x (missing <controller>: prefix)" },
	{ { "cpu:x", "y" },
	  NULL,
	  NULL,
	  "invalid --cgroup argument: y (missing <controller>: prefix)" },
	{ { "cpu:x", "cpu:y" },
	  NULL,
	  NULL,
	  "invalid --cgroup argument(s): controller cpu specified multiple times" },
	{ { "cpu:x", "cpuacct:y" },
	  NULL,
	  NULL,
	  "invalid --cgroup argument(s): controller cpuacct specified multiple times" },
	{ { ":x" }, NULL, NULL, "invalid --cgroup argument: :x (empty <controller> prefix)" },
	{ { "foo:x" }, NULL, NULL, "invalid --cgroup argument: foo:x (no controller foo here)" },
	{ { "cp:x" }, NULL, NULL, "invalid --cgroup argument: cp:x (no controller cp here)" },
};

static void test_sub(void)
{
	static const char *const dirs[] = { "cpu",   "cpu/c", "cpu/c/y", "mem",
					    "mem/c", "v2",    "v2/c",	 "v2/c/x" };
	char top[] = "/tmp/update_test.XXXXXX";
	const char *cpu = arena_printf(&arena, "%s/cpu/c", mkdtemp(top));
	struct json_pair paths[] = { { "cpu", cpu },
				     { "cpuacct", cpu },
				     { "memory", arena_printf(&arena, "%s/mem/c", top) },
				     { "", arena_printf(&arena, "%s/v2/c", top) } };
	struct oci_state state = { .cgroup_paths = { paths, 4 } };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		mkdir(arena_printf(&arena, "%s/%s", top, dirs[i]), 0755);

	for (size_t i = 0; i < ARRAY_SIZE(subs); i++) {
		struct cgroup *cg = NULL;
		size_t n = 0;
		int ret;

		while (subs[i].specs[n])
			n++;
		ok(cgroup_load(&arena, &state, &cg) == 0 && cg->ndirs == 3, "three directories");
		ret = cgroup_sub(cg, subs[i].specs, n);
		if (subs[i].why) {
			ok(ret < 0, "%s is refused", subs[i].specs[0]);
			is_str(err_text(), subs[i].why, "and says why");
			continue;
		}
		ok(ret == 0, "%s is taken", subs[i].specs[0]);
		is_str(cg_dir_of(cg, CTL_CPU)->path + sizeof(top), subs[i].cpu, "v1");
		is_str(cg->v2->path + sizeof(top), subs[i].v2, "v2");
	}
	for (size_t i = ARRAY_SIZE(dirs); i--;)
		rmdir(arena_printf(&arena, "%s/%s", top, dirs[i]));
	rmdir(top);
}

int main(void)
{
	static char block[1 << 18];

	arena_init(&arena, block, sizeof(block));
	test_memory();
	test_cpu();
	test_lists();
	test_sub();
	return done();
}
