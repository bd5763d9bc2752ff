/* kernel_test.c - limits, device rules and statistics on this host's kernel. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/made_test.h"

/* Uses memory. */
static void eat(size_t bytes)
{
	char *p = malloc(bytes);

	for (size_t i = 0; p && i < bytes; i += 4096)
		((volatile char *)p)[i] = 1;
}

static void test_stats(void)
{
	struct cgroup *cg = new_cgroup(named("-stats"), NULL);
	struct json_out o = { .arena = &arena };
	struct cgroup_stats s;
	struct json *tree;
	struct json_error error;
	pid_t pid;

	if (!cg || cgroup_create(cg) < 0) {
		ok(false, "a cgroup is made: %s", err_text());
		return;
	}
	cgroup_join_open(cg);
	pid = spawn(cg);
	ok(pid > 0 && cgroup_stats(cg, &arena, &s) == 0, "statistics are read: %s", err_text());
	ok_emulated("a process of one thread", s.pids.current == 1 && s.pids.limit == 0,
		    "they have one process and no limit of pids");
	ok_emulated("clone3(2), so that all of its memory is used in the cgroup",
		    s.memory.usage.usage > 0 && s.memory.usage.limit > 1 << 30,
		    "they have a usage and no limit of memory");
	ok(s.memory.raw.n > 20, "they have more than 20 lines of memory.stat: %zu", s.memory.raw.n);
	ok_emulated("clone3(2), so that all of its time is used in the cgroup", s.cpu.total > 0,
		    "they have a CPU time");
	json_open(&o, NULL, '{');
	cgroup_stats_put(&o, &s);
	json_close(&o, '}');
	o.buf = arena_strndup(&arena, o.buf, o.len);
	tree = json_parse(&arena, o.buf, o.len, &error);
	ok(tree && json_pointer(tree, "/memory/usage/limit") && json_pointer(tree, "/pids/current"),
	   "they become JSON");
	ok(cgroup_kill(cg, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid, "the process is killed");
	ok(cgroup_remove(cg) == 0, "the cgroup is removed: %s", err_text());
}

static void test_oom(void)
{
	int64_t limit = 16 << 20;
	struct oci_memory memory = { .limit = &limit, .swap = &limit };
	struct oci_resources r = { .memory = &memory };
	struct cgroup *cg = new_cgroup(named("-oom"), &r);
	struct cgroup_oom oom;
	struct pollfd p = { .events = POLLIN };
	int status, ret = 0;
	pid_t pid;

	if (!cg || cgroup_create(cg) < 0 || cgroup_apply(cg, &r) < 0) {
		ok(false, "a cgroup is made: %s", err_text());
		return;
	}
	ok(cgroup_oom_open(cg, &oom) == 0, "cgroup_oom_open succeeds: %s", err_text());
	p.fd = oom.fd;
	ok(poll(&p, 1, 0) == 0 && cgroup_oom_kills(cg) == 0, "no event is there before");
	pid = fork();
	if (!pid) {
		char byte;
		int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

		if (write(fd, "1000", 4) != 4 || read(0, &byte, 0) < 0)
			_exit(1);
		/* The parent puts this process into the cgroup while it is stopped. */
		raise(SIGSTOP);
		eat(64 << 20);
		_exit(0);
	}
	waitpid(pid, &status, WUNTRACED);
	ok(cgroup_attach(cg, pid, false) == 0 && kill(pid, SIGCONT) == 0,
	   "a process that uses more than the limit runs in the cgroup: %s", err_text());
	while (ret == 0 && poll(&p, 1, -1) == 1)
		ret = cgroup_oom_read(&oom);
	ok(ret == 1, "the lack of memory is reported");
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "the process is killed");
	ok(cgroup_oom_kills(cg) == 1, "cgroup_oom_kills counts it");
	ok(cgroup_remove(cg) == 0, "the cgroup is removed: %s", err_text());
	while ((ret = cgroup_oom_read(&oom)) >= 0)
		if (ret == 0 && poll(&p, 1, -1) != 1)
			break;
	ok(ret == -1, "the end of the cgroup is reported");
	cgroup_oom_close(&oom);
}

/* r has limits of memory, swap and quota. */
static void refuse_updates(struct cgroup *cg, struct oci_resources *r)
{
	*r->memory->limit = 4096;
	*r->memory->swap = 4095;
	ok(cgroup_update(cg, r) < 0, "a swap limit below the memory limit is refused: %s",
	   err_text());
	*r->memory->swap = 8192;
	*r->cpu->quota = 1;
	ok(cgroup_update(cg, r) < 0, "a quota below the kernel's minimum is refused: %s",
	   err_text());
	err_clear("both refusals were expected");
}

/* The kernel checks these values against each other; they are raised and lowered in turn. */
static void test_update(void)
{
	static const struct {
		int64_t limit, swap, quota;
		uint64_t period, burst;
	} rows[] = {
		{ 64 << 20, 96 << 20, 50000, 100000, 10000 },
		/* memory and swap are above the old ones, then below */
		{ 256 << 20, 512 << 20, 900000, 1000000, 0 },
		{ 32 << 20, 32 << 20, 2000, 10000, 1000 },
		{ -1, -1, -1, 100000, 0 },
		{ 48 << 20, 64 << 20, 20000, 50000, 20000 },
	};
	int64_t limit, swap, quota;
	uint64_t period, burst;
	struct oci_memory m = { .limit = &limit, .swap = &swap };
	struct oci_cpu c = { .quota = &quota, .period = &period, .burst = &burst };
	struct oci_resources r = { .memory = &m, .cpu = &c };
	struct cgroup *cg = new_cgroup(named("-update"), NULL), *again;
	struct oci_state state = { 0 };

	if (!cg || cgroup_create(cg) < 0) {
		ok(false, "a cgroup is made: %s", err_text());
		return;
	}
	cgroup_save(cg, &arena, &state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char want[64];

		limit = rows[i].limit;
		swap = rows[i].swap;
		quota = rows[i].quota;
		period = rows[i].period;
		burst = rows[i].burst;
		ok(cgroup_load(&arena, &state, &again) == 0 && cgroup_update(again, &r) == 0,
		   "update %zu succeeds: %s", i, err_text());
		if (limit < 0)
			continue;
		snprintf(want, sizeof(want), "%lld", (long long)limit);
		is_str(read_knob(cg, CTL_MEMORY, "memory.limit_in_bytes", "memory.max"), want,
		       "memory limit of update %zu", i);
		if (cg->where.v1 >> CTL_CPU & 1)
			snprintf(want, sizeof(want), "%lld", (long long)quota);
		else
			snprintf(want, sizeof(want), "%lld %llu", (long long)quota,
				 (unsigned long long)period);
		is_str(read_knob(cg, CTL_CPU, "cpu.cfs_quota_us", "cpu.max"), want,
		       "quota of update %zu", i);
		snprintf(want, sizeof(want), "%llu", (unsigned long long)burst);
		is_str(read_knob(cg, CTL_CPU, "cpu.cfs_burst_us", "cpu.max.burst"), want,
		       "burst of update %zu", i);
	}
	refuse_updates(again, &r);
	ok(cgroup_remove(cg) == 0, "the cgroup is removed: %s", err_text());
}

/* The device program on a v2 directory, also on a hybrid layout, where v1 has the device rules. */
static void test_bpf(void)
{
	struct cgroup *cg = new_cgroup(named("-bpf"), NULL);
	struct bpf_code *code;
	struct dev_set set;
	int status, procs;
	size_t n;
	pid_t pid;

	if (!cg || !cg->v2 || cgroup_create(cg) < 0 || devices_merge(&arena, NULL, &set) < 0) {
		printf("# cgroup v2 is not mounted here\n");
		return;
	}
	n = bpf_device_program(&arena, &set, &code);
	if (bpf_device_attach(cg_dir_fd(cg->v2), code, n, true) < 0 &&
	    (err_num() == ENOSYS || err_num() == EINVAL)) {
		printf("ok %d - # SKIP this kernel has no device programs: %s\n", ++tap_count,
		       err_text());
		cgroup_remove(cg);
		return;
	}
	ok(!*err_text() || err_num() == 0, "the kernel accepts a program of %zu instructions: %s",
	   n, err_text());
	ok(bpf_device_attach(cg_dir_fd(cg->v2), code, n, false) == 0,
	   "a second program replaces the first: %s", err_text());
	procs = cg_dir_open(cg->v2, "cgroup.procs", O_WRONLY);
	pid = fork();
	if (!pid) {
		if (tree_put(procs, "0") < 0)
			_exit(1);
		if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
			_exit(2);
		if (open("/dev/kmsg", O_RDONLY | O_CLOEXEC) >= 0)
			_exit(3);
		_exit(errno == EPERM ? 0 : 4);
	}
	close(procs);
	ok(waitpid(pid, &status, 0) == pid && status == 0,
	   "a process in the cgroup can open /dev/null, but not /dev/kmsg: %d",
	   WEXITSTATUS(status));
	ok(cgroup_remove(cg) == 0, "the cgroup is removed: %s", err_text());
}

int main(void)
{
	if (!can_make())
		return 0;
	test_stats();
	test_oom();
	test_update();
	test_bpf();
	return done();
}
