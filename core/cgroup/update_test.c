/* update_test.c - how `update` merges new resources into old ones, and exec --cgroup. */
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
	ok(*out.memory->limit == 100 && *out.memory->swap == 200,
	   "a memory limit that is absent keeps the old one");
	ok(!out.memory->check_before_update, "checkBeforeUpdate is not kept");
	change.memory = NULL;
	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.memory->limit == 100, "without a memory object the old limit is kept");
	change.memory = &unlimited;
	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.memory->limit == -1 && *out.memory->swap == 0,
	   "a memory limit of -1 removes the swap limit too");
	change.memory = &swap;
	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.memory->limit == 100 && *out.memory->swap == 300,
	   "a swap limit alone keeps the memory limit");
	ok(*old.swap == 200, "the old resources are not changed");
	cgroup_merge(&arena, NULL, &change, &out);
	ok(*out.memory->swap == 300 && !out.memory->limit,
	   "without old resources there are only the new ones");
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
	ok(*out.cpu->quota == 7 && *out.cpu->period == 10, "a quota alone keeps the period");
	ok(*out.cpu->shares == 512, "a quota alone keeps the shares");
	ok(!out.cpu->burst && !out.cpu->idle && !out.cpu->cpus && !out.cpu->mems,
	   "burst, idle, cpus and mems that are absent are removed");
	change.cpu = &idle;
	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.cpu->idle == 1 && !out.cpu->shares, "idle without shares removes the old shares");
	change.cpu = &both;
	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.cpu->shares == 99 && *out.cpu->period == 10 && !strcmp(out.cpu->cpus, "1"),
	   "period 0 counts as absent");
	change.cpu = NULL;
	cgroup_merge(&arena, &r, &change, &out);
	ok(*out.cpu->quota == 5 && !out.cpu->cpus, "no cpu object has the effect of an empty one");
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
	ok(out.block_io->throttle_read_bps.n == 3, "a throttle of a new device is added");
	ok(out.block_io->throttle_read_bps.at[0].rate == 1 &&
		   out.block_io->throttle_read_bps.at[1].rate == 3 &&
		   out.block_io->throttle_read_bps.at[2].rate == 4,
	   "a throttle of an old device is replaced at its place");
	ok(out.block_io->weight_device.n == 1 && *out.block_io->weight_device.at[0].weight == 20,
	   "a weight of an old device is replaced");
	ok(*out.block_io->weight == 100, "a weight that is absent keeps the old one");
	ok(!out.pids && !out.unified.n, "pids and unified that are absent are removed");
	ok(out.devices.n == 1, "device rules are kept");
}

/* exec --cgroup: the directories of cpu and of v2 afterwards, or why it is refused. */
static const struct {
	const char *specs[3];
	const char *cpu, *v2, *why;
} subs[] = {
	{ { "x" }, "cpu/c", "v2/c/x", NULL }, /* only v2 has the directory x, see dirs */
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
		ok(cgroup_load(&arena, &state, &cg) == 0 && cg->ndirs == 3,
		   "the container has three directories");
		ret = cgroup_sub(cg, subs[i].specs, n);
		if (subs[i].why) {
			ok(ret < 0, "%s is refused", subs[i].specs[0]);
			is_str(err_text(), subs[i].why, "the message for %s", subs[i].specs[0]);
			continue;
		}
		ok(ret == 0, "%s is accepted", subs[i].specs[0]);
		is_str(cg_dir_of(cg, CTL_CPU)->path + sizeof(top), subs[i].cpu,
		       "%s: the directory of cpu", subs[i].specs[0]);
		is_str(cg->v2->path + sizeof(top), subs[i].v2, "%s: the directory of v2",
		       subs[i].specs[0]);
	}
	for (size_t i = ARRAY_SIZE(dirs); i--;)
		rmdir(arena_printf(&arena, "%s/%s", top, dirs[i]));
	rmdir(top);
}

/* Where systemd does not run, changing the unit back fails. */
static void test_put_back(void)
{
	char dir[] = "/tmp/update_test.XXXXXX", buf[16] = "";
	const char *file = arena_printf(&arena, "%s/memory.max", mkdtemp(dir));
	struct json_pair path = { "", dir };
	struct oci_state state = { .cgroup_paths = { &path, 1 }, .cgroup_unit = "x.scope" };
	struct knob_write write = { .ctl = CTL_MEMORY,
				    .v2 = true,
				    .field = "memory.limit",
				    .file = "memory.max",
				    .value = "4096" };
	struct cgroup *cg = NULL;

	ok(file_create(AT_FDCWD, file, "8192", 4, 0600) == 0 &&
		   cgroup_load(&arena, &state, &cg) == 0,
	   "a container of systemd: %s", err_text());
	cg->kept.first = &write;
	if (cgroup_put_back(cg, NULL) < 0)
		printf("# %s\n", err_text());
	is_str(tree_get(tree_path(file, O_RDONLY), buf, sizeof(buf)) < 0 ? "?" : buf, "4096",
	       "a file of a limit is put back also if the unit cannot be");
	unlink(file);
	rmdir(dir);
}

int main(void)
{
	static char block[1 << 18];

	arena_init(&arena, block, sizeof(block));
	test_memory();
	test_cpu();
	test_lists();
	test_sub();
	test_put_back();
	return done();
}
