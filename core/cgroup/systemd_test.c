/* systemd_test.c - units on a running systemd are made, changed and removed. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/knob_test.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>

/* The value of a property of the unit, as systemctl(1) shows it. */
static const char *property(const char *unit, const char *name)
{
	static char buf[1024];
	FILE *f = popen(arena_printf(&arena, "systemctl %s show -P %s '%s'",
				     geteuid() ? "--user" : "", name, unit),
			"r");

	buf[0] = 0;
	if (f && !fgets(buf, sizeof(buf), f))
		buf[0] = 0;
	if (f)
		pclose(f);
	buf[strcspn(buf, "\n")] = 0;
	return buf;
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	return pid;
}

/* Checks the properties of the unit that test_scope makes. */
static void check_unit(const struct cgroup *cg)
{
	is_str(property("runc-ocitest.scope", "ActiveState"), "active", "the unit is active");
	is_str(property("runc-ocitest.scope", "TasksMax"), "7", "TasksMax");
	is_str(property("runc-ocitest.scope", "TimeoutStopUSec"), "7s",
	       "an annotation becomes the property TimeoutStopUSec");
	is_str(property("runc-ocitest.scope", "Documentation"), "\"man:runc(8)\"",
	       "an annotation becomes the property Documentation");
	is_str(property("runc-ocitest.scope", "DevicePolicy"), "strict", "DevicePolicy");
	is_str(property("runc-ocitest.scope", cg->layout == CGROUP_V2 ? "CPUWeight" : "CPUShares"),
	       cg->layout == CGROUP_V2 ? "174" : "2048", "CPU weight");
}

/* limit is the memory limit in r. */
static struct cgroup *load_and_update(struct cgroup *cg, struct oci_resources *r, int64_t *limit)
{
	struct oci_state state = { .id = "ocitest", .rootless = geteuid() != 0 };
	struct cgroup *again = NULL;

	cgroup_save(cg, &arena, &state);
	is_str(state.cgroup_unit, "runc-ocitest.scope", "the state has the unit");
	ok(cgroup_load(&arena, &state, &again) == 0, "the cgroup is found by the state");
	ok(system(geteuid() ? "systemctl --user daemon-reload" : "systemctl daemon-reload") == 0,
	   "systemd reloads");
	is_str(read_knob(again, CTL_MEMORY, "memory.limit_in_bytes", "memory.max"), "67108864",
	       "the reload keeps the memory limit");
	*limit = 128 << 20;
	ok(cgroup_update(again, r) == 0, "an update succeeds: %s", err_text());
	is_str(property("runc-ocitest.scope",
			cg->layout == CGROUP_V2 ? "MemoryMax" : "MemoryLimit"),
	       "134217728", "the unit has the new memory limit");
	is_str(read_knob(again, CTL_MEMORY, "memory.limit_in_bytes", "memory.max"), "134217728",
	       "the file has the new memory limit");
	return again;
}

static void test_scope(void)
{
	int64_t limit = 64 << 20, pids_limit = 7, quota = 12345;
	uint64_t shares = 2048, period = 100000;
	struct oci_memory memory = { .limit = &limit };
	struct oci_cpu cpu = { .shares = &shares, .quota = &quota, .period = &period };
	struct oci_pids pids = { .limit = &pids_limit };
	struct oci_resources r = { .memory = &memory, .pids = &pids, .cpu = &cpu };
	struct json_pair notes[] = { { "org.systemd.property.TimeoutStopSec", "uint64 7" },
				     { "org.systemd.property.Documentation", "['man:runc(8)']" },
				     { "something.else", "x" } };
	struct cgroup_want want = { .manager = CGROUP_SYSTEMD,
				    .tolerant = geteuid() != 0,
				    .id = "ocitest",
				    .resources = &r,
				    .annotations = notes,
				    .nannotations = 3 };
	struct cgroup *cg = NULL, *again = NULL;
	cgroup_pids found;
	int status;
	pid_t pid;

	ok(cgroup_plan(&arena, &want, &cg) == 0, "a plan is made: %s", err_text());
	if (!cg || !cg->bus)
		return;
	printf("# systemd %d, layout %d\n", cg->systemd_version, cg->layout);
	ok(cgroup_create(cg) == 0 && cgroup_apply(cg, &r) == 0,
	   "create and apply make nothing before there is a process");
	ok(cgroup_join_open(cg) == 0 && cgroup_clone_fd(cg) == -1,
	   "a process cannot join by itself");
	pid = sleeper();
	ok(cgroup_attach(cg, pid, false) == 0, "a process is attached: %s", err_text());
	cg_each (d, cg)
		printf("# %s\n", d->path);
	ok(cgroup_procs(cg, &arena, &found) == 0 && found.n == 1 && found.at[0] == pid,
	   "it is the only process of the cgroup");
	check_unit(cg);
	is_str(read_knob(cg, CTL_MEMORY, "memory.limit_in_bytes", "memory.max"), "67108864",
	       "the kernel has the memory limit");
	is_str(read_knob(cg, CTL_PIDS, "pids.max", "pids.max"), "7",
	       "the kernel has the pids limit");
	if (cg->where.v1 >> CTL_DEVICES & 1) {
		char *text = arena_alloc(&arena, 4096);

		cg_dir_read(cg_dir_of(cg, CTL_DEVICES), "devices.list", text, 4096);
		ok(strstr(text, "c 1:3 rwm\n") && !strstr(text, "a *:*"),
		   "the device list of v1 is the default list: %zu bytes", strlen(text));
	}

	again = load_and_update(cg, &r, &limit);
	ok(cgroup_freeze(again, true) == 0 && cgroup_is_frozen(again) == 1,
	   "the cgroup can be frozen: %s", err_text());
	ok(cgroup_kill(again, SIGKILL) == 0, "a frozen cgroup can be killed: %s", err_text());
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "its process dies");
	ok(cgroup_remove(again) == 0, "the cgroup is removed: %s", err_text());
	cg_each (d, again)
		ok(access(d->path, F_OK) < 0, "%s does not exist any more", d->path);
	is_str(property("runc-ocitest.scope", "LoadState"), "not-found",
	       "systemd does not have the unit any more");
	ok(cgroup_remove(again) == 0, "a removed cgroup can be removed again: %s", err_text());
}

static void test_twice(void)
{
	struct cgroup_want want = { .manager = CGROUP_SYSTEMD,
				    .tolerant = geteuid() != 0,
				    .id = "x",
				    .path = "ocia-ocib.slice:pre:twice" };
	struct cgroup *cg = NULL, *other = NULL;
	pid_t pid = sleeper(), second = sleeper();

	ok(cgroup_plan(&arena, &want, &cg) == 0 && cgroup_plan(&arena, &want, &other) == 0,
	   "two plans for one unit are made: %s", err_text());
	if (!cg || !other)
		return;
	ok(cgroup_attach(cg, pid, false) == 0, "the first is made in a slice of a slice: %s",
	   err_text());
	ok(strstr(cg_dir_of(cg, CTL_PIDS)->path, "/ocia.slice/ocia-ocib.slice/pre-twice.scope") !=
		   NULL,
	   "its directory is below those of both slices");
	ok(cgroup_attach(other, second, false) < 0, "the second is refused: %s", err_text());
	ok(cgroup_remove(other) == 0 && access(cg_dir_of(cg, CTL_PIDS)->path, F_OK) == 0 &&
		   cgroup_freeze(cg, true) == 0,
	   "removing the second leaves the first");
	err_clear("the refusal was expected");
	ok(cgroup_plan(&arena, &want, &other) < 0, "a third plan is refused: %s", err_text());
	err_clear("the refusal was expected");
	cgroup_kill(cg, SIGKILL);
	kill(pid, SIGKILL);
	kill(second, SIGKILL);
	ok(waitpid(pid, NULL, 0) == pid && waitpid(second, NULL, 0) == second,
	   "both processes are killed");
	ok(cgroup_remove(cg) == 0, "the first is removed: %s", err_text());
	if (system(geteuid() ? "systemctl --user stop ocia.slice" : "systemctl stop ocia.slice"))
		printf("# ocia.slice is left\n");
}

int main(void)
{
	static char block[1 << 20];

	arena_init(&arena, block, sizeof(block));
	log_sink.line = print_line;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (access("/run/systemd/system", F_OK) < 0 ||
	    (geteuid() != 0 &&
	     access(arena_printf(&arena, "/run/user/%u/bus", geteuid()), F_OK) < 0)) {
		printf("1..0 # SKIP no systemd is running here; scripts/vm systemd has it\n");
		return 0;
	}
	if (geteuid() != 0 && cgroup_layout() != CGROUP_V2) {
		printf("1..0 # SKIP users get limits on cgroup v2 only\n");
		return 0;
	}
	test_scope();
	err_clear("the next test makes its own error");
	test_twice();
	return done();
}
