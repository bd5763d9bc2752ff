/* plan_test.c - the processes of a start for each type of config, and device nodes. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"
#include "tests/tap.h"

static char block[1 << 16];
static struct arena arena;

/* ---- processes ------------------------------------------------------------------------------- */

#define NEW(type)                                                                                  \
	{                                                                                          \
		type, NULL                                                                         \
	}
#define JOIN(type)                                                                                 \
	{                                                                                          \
		type, "/proc/1/ns/x"                                                               \
	}

enum { HOOK = 1, ONE_PID = 2, INITRAMFS = 4 };

static const struct {
	const char *what;
	struct oci_namespace ns[4];
	unsigned with;
	enum start_mode mode;
	bool outside, lifts;
	unsigned init; /* namespaces that the clone of init makes */
} starts[] = {
	{ "no namespaces", { NEW(0) }, 0, START_ONE, false, false, 0 },
	{ "new namespaces",
	  { NEW(CLONE_NEWPID), NEW(CLONE_NEWNS) },
	  0,
	  START_ONE,
	  false,
	  false,
	  CLONE_NEWPID | CLONE_NEWNS },
	{ "a new user namespace",
	  { NEW(CLONE_NEWUSER), NEW(CLONE_NEWNS) },
	  0,
	  START_ONE,
	  false,
	  false,
	  CLONE_NEWUSER | CLONE_NEWNS },
	{ "a new user namespace on an initramfs",
	  { NEW(CLONE_NEWUSER), NEW(CLONE_NEWNS) },
	  INITRAMFS,
	  START_TWO,
	  false,
	  true,
	  CLONE_NEWNS },
	{ "a time namespace",
	  { NEW(CLONE_NEWTIME), NEW(CLONE_NEWNS) },
	  0,
	  START_TWO,
	  false,
	  false,
	  CLONE_NEWNS },
	{ "a network namespace is joined",
	  { JOIN(CLONE_NEWNET), NEW(CLONE_NEWNS) },
	  0,
	  START_ONE,
	  false,
	  false,
	  CLONE_NEWNS },
	{ "a network namespace is joined, and a user namespace is new",
	  { JOIN(CLONE_NEWNET), NEW(CLONE_NEWUSER) },
	  0,
	  START_TWO,
	  false,
	  false,
	  0 },
	{ "a user namespace is joined",
	  { JOIN(CLONE_NEWUSER), NEW(CLONE_NEWNS) },
	  0,
	  START_TWO,
	  false,
	  false,
	  CLONE_NEWNS },
	{ "a pid namespace is joined",
	  { JOIN(CLONE_NEWPID), NEW(CLONE_NEWNS) },
	  0,
	  START_LATE,
	  false,
	  false,
	  0 },
	{ "a pid namespace is joined, with createContainer hooks",
	  { JOIN(CLONE_NEWPID), NEW(CLONE_NEWNS) },
	  HOOK,
	  START_TWO,
	  false,
	  false,
	  CLONE_NEWNS },
	{ "a pid namespace is joined, with pids.limit 1",
	  { JOIN(CLONE_NEWPID), NEW(CLONE_NEWNS) },
	  ONE_PID,
	  START_TWO,
	  true,
	  false,
	  CLONE_NEWNS },
	{ "a new pid namespace, with pids.limit 1",
	  { NEW(CLONE_NEWPID) },
	  ONE_PID,
	  START_ONE,
	  false,
	  false,
	  CLONE_NEWPID },
};

static void test_starts(void)
{
	static int64_t one = 1;
	struct oci_pids pids = { .limit = &one };
	struct oci_resources tight = { .pids = &pids };
	struct oci_hook hook = { .path = "/hook" };
	struct oci_hooks hooks = { .create_container = { &hook, 1 } };
	const struct launch how = { .id = "x" };

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		struct oci_linux linux_ = { 0 };
		struct oci_config config = { .linux = &linux_ };
		struct start_plan plan = PLAN_INIT(&arena, &how);

		linux_.namespaces.at = (struct oci_namespace *)starts[i].ns;
		while (linux_.namespaces.n < 4 && starts[i].ns[linux_.namespaces.n].type)
			linux_.namespaces.n++;
		if (starts[i].with & HOOK)
			config.hooks = &hooks;
		if (starts[i].with & ONE_PID)
			linux_.resources = &tight;
		plan.config = &config;
		ns_plan(&linux_, &plan.ns);
		plan_processes(&plan, starts[i].with & INITRAMFS);
		ok(plan.mode == starts[i].mode && plan.outside == starts[i].outside &&
			   plan.ns.lift == starts[i].lifts &&
			   plan.ns.clone_flags == starts[i].init && !plan.enters,
		   "the processes and namespaces of a start: %s", starts[i].what);
	}
}

static void test_exec(void)
{
	static const struct {
		unsigned all;
		enum start_mode mode;
		const char *what;
	} rows[] = {
		{ CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUSER, START_LATE, "a pid namespace" },
		{ CLONE_NEWTIME, START_LATE, "a time namespace" },
		{ CLONE_NEWNS | CLONE_NEWUSER, START_ONE, "neither pid nor time namespace" },
		{ 0, START_ONE, "no namespaces" },
	};
	const struct launch how = { .id = "x" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct start_plan plan = PLAN_INIT(&arena, &how);

		plan.ns = (struct ns_plan){ .all = rows[i].all,
					    .fresh = rows[i].all,
					    .clone_flags = rows[i].all,
					    .njoins = 1 };
		plan_entering(&plan);
		ok(plan.enters && plan.mode == rows[i].mode && plan.ns.all == rows[i].all &&
			   !plan.ns.fresh && !plan.ns.clone_flags && !plan.ns.njoins,
		   "exec into a container with %s makes no namespace", rows[i].what);
	}
}

enum { USER = 1, JOINS = 2, SHARES = 4, LAYERS = 8, WHOLE = 16, STARTS = 32, HOOKED = 64 };

static const struct {
	const char *what;
	unsigned with, kernel;
	bool alone;
} alones[] = {
	{ "Linux 7.0", 0, 0x70000, true },
	{ "Linux 6.19", 0, 0x61300, false },
	{ "an unknown kernel", 0, 0, false },
	{ "a user namespace", USER, 0x70200, false },
	{ "a mount namespace that is joined", JOINS, 0x70200, false },
	{ "a shared root", SHARES, 0x70200, false },
	{ "an overlay", LAYERS, 0x70200, false },
	{ "the root of the host", WHOLE, 0x70200, false },
	{ "a startContainer hook", STARTS, 0x70200, true },
	{ "a createContainer hook", HOOKED, 0x70200, false },
};

static void test_alone(void)
{
	const struct launch how = { .id = "x" };
	struct oci_hook hook = { .path = "/hook" };

	for (size_t i = 0; i < ARRAY_SIZE(alones); i++) {
		unsigned with = alones[i].with;
		struct start_plan plan = PLAN_INIT(&arena, &how);
		struct oci_state state = { .rootfs = with & WHOLE ? "/" : "/rootfs" };
		struct oci_linux linux_ = { .rootfs_propagation =
						    with & SHARES ? MS_SHARED | MS_REC : 0 };
		struct oci_hooks hooks = { .create_container = { &hook, with & HOOKED ? 1 : 0 },
					   .start_container = { &hook, with & STARTS ? 1 : 0 } };
		struct oci_config config = { .linux = &linux_, .hooks = &hooks };

		plan.config = &config;
		plan.state = &state;
		plan.overlay = with & LAYERS ? 4096 : 0;
		plan.ns.all = CLONE_NEWNS | (with & USER ? CLONE_NEWUSER : 0);
		plan.ns.fresh = with & JOINS ? 0 : plan.ns.all;
		plan.ns.clone_flags = plan.ns.fresh;
		ok(plan_alone(&plan, alones[i].kernel) == alones[i].alone,
		   "%s: the host's mounts are%s copied", alones[i].what,
		   alones[i].alone ? " not" : "");
		ns_plan_alone(&plan.ns);
		ok(!(plan.ns.clone_flags & CLONE_NEWNS) && plan.ns.alone,
		   "%s: init can make the mount namespace", alones[i].what);
	}
}

static void test_terminal(void)
{
	const struct oci_process with = { .terminal = true }, without = { 0 };

	ok(!plan_terminal(&with, false, NULL), "a terminal in the foreground is accepted");
	ok(!plan_terminal(&with, true, "/sock"), "a terminal with a console socket is accepted");
	ok(plan_terminal(&with, true, NULL) < 0 && strstr(err_text(), "cannot allocate tty"),
	   "a terminal without a console socket or the foreground is refused");
	ok(plan_terminal(&with, false, "/sock") < 0 && strstr(err_text(), "cannot use console"),
	   "a console socket in the foreground is refused");
	ok(plan_terminal(&without, true, "/sock") < 0 && strstr(err_text(), "cannot use console"),
	   "a console socket without a terminal is refused");
	ok(!plan_terminal(&without, true, NULL), "a container without a terminal is accepted");
}

/* ---- device nodes ---------------------------------------------------------------------------- */

enum { DENY = 1, USERNS = 2, CAPS = 4, MKNOD = 8, DEV = 16, NODES = 32, ELSEWHERE = 64, OFF = 128 };

static const struct {
	const char *what;
	unsigned with;
	bool has, nodev; /* nodev: where no cgroup has the rules */
} nodes[] = {
	{ "no rules", 0, false, false },
	{ "rules, all capabilities", DENY | DEV, true, true },
	{ "rules, a user namespace", DENY | USERNS | DEV, false, true },
	{ "rules, no CAP_MKNOD, a mount on /dev", DENY | CAPS | DEV, false, true },
	{ "rules, no CAP_MKNOD, no mount on /dev", DENY | CAPS, true, false },
	{ "rules, CAP_MKNOD", DENY | CAPS | MKNOD | DEV, true, true },
	{ "rules, devices below /dev", DENY | CAPS | DEV | NODES, true, true },
	{ "rules, devices elsewhere", DENY | CAPS | DEV | NODES | ELSEWHERE, true, false },
	{ "rules, cgroups are disabled", DENY | DEV | OFF, false, true },
};

static void test_nodes(void)
{
	struct oci_device_rule deny = { .allow = false };
	struct oci_resources rules = { .devices = { &deny, 1 } };
	struct oci_mount dev = { .destination = "//dev/" };
	struct oci_capabilities none = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		unsigned with = nodes[i].with;
		const struct launch how = {
			.manager = with & OFF ? CGROUP_DISABLED : CGROUP_CGROUPFS,
		};
		struct oci_device device = { .path = with & ELSEWHERE ? "/srv/null" : "/dev/x" };
		struct oci_linux linux_ = { .resources = with & DENY ? &rules : NULL,
					    .devices = { &device, with & NODES ? 1 : 0 } };
		struct oci_config config = { .linux = &linux_,
					     .mounts = { &dev, with & DEV ? 1 : 0 } };
		struct oci_process process = { .capabilities = with & CAPS ? &none : NULL };
		struct start_plan plan = PLAN_INIT(&arena, &how);

		plan.config = &config;
		plan.process = &process;
		plan.ns.all = with & USERNS ? CLONE_NEWUSER : 0;
		plan.caps.bounding = with & MKNOD ? 1ull << 27 : 0; /* CAP_MKNOD */
		ok(plan_has_nodes(&plan) == nodes[i].has,
		   "%s: the container could%s reach the host's devices without device rules",
		   nodes[i].what, nodes[i].has ? "" : " not");
		ok(plan_wants_nodev(&plan, false) == nodes[i].nodev,
		   "%s: without a cgroup for the rules the root is%s nodev", nodes[i].what,
		   nodes[i].nodev ? "" : " not");
		ok(plan_no_mknod(&plan, false) ==
			   ((with & (DENY | CAPS | MKNOD | USERNS)) == (DENY | CAPS)),
		   "%s: without a cgroup for the rules exec refuses CAP_MKNOD if that protects",
		   nodes[i].what);
		ok(!plan_no_mknod(&plan, true), "%s: with a cgroup exec may give CAP_MKNOD",
		   nodes[i].what);
		ok(!plan_wants_nodev(&plan, true), "%s: with a cgroup the root is not nodev",
		   nodes[i].what);
		ok(plan_devices(&plan, false) == (nodes[i].nodev ? -1 : 0),
		   "%s: without a mount namespace and a cgroup for the rules it is%s refused",
		   nodes[i].what, nodes[i].nodev ? "" : " not");
		ok(!plan_devices(&plan, true) && !plan.nodev,
		   "%s: without a mount namespace, with a cgroup, it is not refused",
		   nodes[i].what);
		plan.ns.all |= CLONE_NEWNS;
		ok(!plan_devices(&plan, false) && plan.nodev == nodes[i].nodev,
		   "%s: with a mount namespace it is not refused", nodes[i].what);
	}
}

/* ---- cgroups --------------------------------------------------------------------------------- */

static const struct {
	const char *at, *options[3], *again, *then; /* a second mount, and its option */
	bool writes;
} cgroups[] = {
	{ "/sys", { "rw" }, NULL, NULL, false },
	{ "/sys/fs/cgroup", { "nosuid" }, NULL, NULL, true },
	{ "/sys/fs/cgroup/", { NULL }, NULL, NULL, true },
	{ "/sys/fs/cgroup", { "ro" }, NULL, NULL, false },
	{ "/sys/fs/cgroup", { "ro", "rw" }, NULL, NULL, true },
	{ "/sys/fs/cgroup", { "rro" }, NULL, NULL, false },
	{ "/sys/fs/cgroup", { "rro", "rw" }, NULL, NULL, false },
	{ "/sys/fs/cgroup", { "ro", "rrw" }, NULL, NULL, true },
	{ "/sys/fs/cgroup", { "rro", "rrw", "ro" }, NULL, NULL, true },
	{ "/sys/fs/cgroup", { "rnosuid", "ro" }, NULL, NULL, false },
	{ "/sys/fs/cgroup", { "rw" }, "/sys/fs/cgroup/.", "rro", false },
	{ "/sys/fs/cgroup", { "ro" }, "/sys/fs/cgroup", "nosuid", true },
};

static void test_cgroups(void)
{
	const struct launch how = { .id = "x" };

	for (size_t i = 0; i < ARRAY_SIZE(cgroups); i++) {
		const char *then = cgroups[i].then;
		struct oci_mount mounts[] = {
			{ .destination = cgroups[i].at,
			  .options = { (const char **)cgroups[i].options, 0 } },
			{ .destination = cgroups[i].again, .options = { &then, !!then } },
		};
		struct oci_config config = { .mounts = { mounts, cgroups[i].again ? 2 : 1 } };
		struct start_plan plan = PLAN_INIT(&arena, &how);

		while (mounts[0].options.n < 3 && cgroups[i].options[mounts[0].options.n])
			mounts[0].options.n++;
		plan.config = &config;
		ok(plan_writes_cgroups(&plan) == cgroups[i].writes,
		   "the cgroups at %s with %s %s %s%s%s are%s delegated", cgroups[i].at,
		   cgroups[i].options[0] ?: "no option", cgroups[i].options[1] ?: "",
		   cgroups[i].options[2] ?: "", then ? "and then " : "", then ?: "",
		   cgroups[i].writes ? "" : " not");
	}
}

static void test_memory(void)
{
	struct launch how = { .id = "x" };
	struct start_plan plan = PLAN_INIT(&arena, &how);
	int64_t limit = -1;
	struct oci_memory memory = { .limit = NULL };
	struct oci_resources resources = { .memory = &memory };
	struct oci_linux linux_ = { .resources = &resources };
	struct oci_config config = { .linux = &linux_ };

	plan.config = &config;
	ok(plan_memory(&plan) == 0, "without a memory limit plan_memory returns 0");
	memory.limit = &limit;
	ok(plan_memory(&plan) == 0, "for a memory limit of -1 it returns 0");
	limit = 4096;
	ok(plan_memory(&plan) == 4096, "for another memory limit it returns the limit");
}

static void test_score(void)
{
	const struct launch how = { .id = "x" };
	struct start_plan plan = PLAN_INIT(&arena, &how);

	plan.mode = START_ONE;
	ok(!plan_scored_outside(&plan), "without a user namespace the child sets its oom score");
	plan.ns.clone_flags = CLONE_NEWUSER;
	ok(plan_scored_outside(&plan), "in a new user namespace the runtime sets it");
	plan.mode = START_TWO;
	ok(!plan_scored_outside(&plan), "the first process of two sets it before that is made");
}

int main(void)
{
	arena_init(&arena, block, sizeof(block));
	test_starts();
	test_score();
	test_exec();
	test_alone();
	test_terminal();
	test_nodes();
	test_cgroups();
	test_memory();
	return done();
}
