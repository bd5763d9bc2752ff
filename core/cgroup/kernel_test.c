/* kernel_test.c - what this host's kernel makes of limits, device rules and statistics. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/made_test.h"

/* Burns memory, time and a page cache page, so that there is something to count. */
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
		ok(false, "stats: %s", err_text());
		return;
	}
	cgroup_join_open(cg);
	pid = spawn(cg);
	ok(pid > 0 && cgroup_stats(cg, &arena, &s) == 0, "statistics: %s", err_text());
	ok_emulated("a process of one thread", s.pids.current == 1 && s.pids.limit == 0,
		    "one process, no limit");
	ok_emulated("clone3(2), so that all of its memory is used in the cgroup",
		    s.memory.usage.usage > 0 && s.memory.usage.limit > 1 << 30,
		    "memory is used and not limited");
	ok(s.memory.raw.n > 20, "memory.stat has %zu lines", s.memory.raw.n);
	ok_emulated("clone3(2), so that all of its time is used in the cgroup", s.cpu.total > 0,
		    "time is used");
	json_open(&o, NULL, '{');
	cgroup_stats_put(&o, &s);
	json_close(&o, '}');
	o.buf = arena_strndup(&arena, o.buf, o.len);
	tree = json_parse(&arena, o.buf, o.len, &error);
	ok(tree && json_pointer(tree, "/memory/usage/limit") && json_pointer(tree, "/pids/current"),
	   "as JSON");
	ok(cgroup_kill(cg, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid, "killed");
	ok(cgroup_remove(cg) == 0, "removed: %s", err_text());
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
		ok(false, "oom: %s", err_text());
		return;
	}
	ok(cgroup_oom_open(cg, &oom) == 0, "watching: %s", err_text());
	p.fd = oom.fd;
	ok(poll(&p, 1, 0) == 0 && cgroup_oom_kills(cg) == 0, "nothing yet");
	pid = fork();
	if (!pid) {
		char byte;
		int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

		if (write(fd, "1000", 4) != 4 || read(0, &byte, 0) < 0)
			_exit(1);
		/* attached by then: the parent stops us until it is done */
		raise(SIGSTOP);
		eat(64 << 20);
		_exit(0);
	}
	waitpid(pid, &status, WUNTRACED);
	ok(cgroup_attach(cg, pid, false) == 0 && kill(pid, SIGCONT) == 0, "a hungry one: %s",
	   err_text());
	while (ret == 0 && poll(&p, 1, -1) == 1)
		ret = cgroup_oom_read(&oom);
	ok(ret == 1, "it is reported");
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "it is dead");
	ok(cgroup_oom_kills(cg) == 1, "and counted");
	ok(cgroup_remove(cg) == 0, "removed: %s", err_text());
	while ((ret = cgroup_oom_read(&oom)) >= 0)
		if (ret == 0 && poll(&p, 1, -1) != 1)
			break;
	ok(ret == -1, "the end is reported too");
	cgroup_oom_close(&oom);
}

/* Values that the kernel checks against each other, up and down in turn. */
static void test_update(void)
{
	static const struct {
		int64_t limit, swap, quota;
		uint64_t period, burst;
	} rows[] = {
		{ 64 << 20, 96 << 20, 50000, 100000, 10000 },
		{ 256 << 20, 512 << 20, 900000, 1000000,
		  0 }, /* all above the old memory and swap */
		{ 32 << 20, 32 << 20, 2000, 10000, 1000 }, /* all below */
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
		ok(false, "update: %s", err_text());
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
		   "update %zu: %s", i, err_text());
		if (limit < 0)
			continue;
		snprintf(want, sizeof(want), "%lld", (long long)limit);
		is_str(read_knob(cg, CTL_MEMORY, "memory.limit_in_bytes", "memory.max"), want,
		       "memory");
		if (cg->where.v1 >> CTL_CPU & 1)
			snprintf(want, sizeof(want), "%lld", (long long)quota);
		else
			snprintf(want, sizeof(want), "%lld %llu", (long long)quota,
				 (unsigned long long)period);
		is_str(read_knob(cg, CTL_CPU, "cpu.cfs_quota_us", "cpu.max"), want, "quota");
		snprintf(want, sizeof(want), "%llu", (unsigned long long)burst);
		is_str(read_knob(cg, CTL_CPU, "cpu.cfs_burst_us", "cpu.max.burst"), want, "burst");
	}
	limit = 4096;
	swap = 4095;
	ok(cgroup_update(again, &r) < 0, "swap below memory: %s", err_text());
	swap = 8192;
	quota = 1;
	ok(cgroup_update(again, &r) < 0, "a quota too small: %s", err_text());
	err_clear("both were to fail");
	ok(cgroup_remove(cg) == 0, "removed: %s", err_text());
}

/* The device program on a v2 directory, also where others rule devices. */
static void test_bpf(void)
{
	struct cgroup *cg = new_cgroup(named("-bpf"), NULL);
	struct bpf_code *code;
	struct dev_set set;
	int status, door;
	size_t n;
	pid_t pid;

	if (!cg || !cg->v2 || cgroup_create(cg) < 0 || devices_merge(&arena, NULL, &set) < 0) {
		printf("# no v2 directory to try the device program on\n");
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
	ok(!*err_text() || err_num() == 0, "the kernel takes %zu instructions: %s", n, err_text());
	ok(bpf_device_attach(cg_dir_fd(cg->v2), code, n, false) == 0,
	   "and again in place of the first: %s", err_text());
	door = cg_dir_open(cg->v2, "cgroup.procs", O_WRONLY);
	pid = fork();
	if (!pid) {
		if (tree_put(door, "0") < 0)
			_exit(1);
		if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
			_exit(2);
		if (open("/dev/kmsg", O_RDONLY | O_CLOEXEC) >= 0)
			_exit(3);
		_exit(errno == EPERM ? 0 : 4);
	}
	close(door);
	ok(waitpid(pid, &status, 0) == pid && status == 0, "null opens, kmsg does not: %d",
	   WEXITSTATUS(status));
	ok(cgroup_remove(cg) == 0, "removed: %s", err_text());
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
