/* cgroup_test.c - the whole interface against this host's kernel, with cgroups of our own. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"
#include "tests/tap.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

static struct arena arena;
static pid_t self; /* in the name of each cgroup: two of these programs may run at once */

/* named("-PID") and what follows. */
static const char *named(const char *rest)
{
	return arena_printf(&arena, "/ocibox-test-%d%s", self, rest);
}

static void print_line(enum log_level level, const char *text)
{
	printf("# log: %s\n", text);
}

/* A child that joins as containers do, says so and stays until it is killed. */
static pid_t spawn(struct cgroup *cg)
{
	int pipes[2];
	struct sys_clone_args args = { .exit_signal = SIGCHLD };
	int fd = cgroup_clone_fd(cg);
	pid_t pid;
	bool joins = true;
	char c = 0;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -1;
	if (fd >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = fd;
	}
	pid = sys_clone3(&args);
	/* A kernel before 5.7 has no CLONE_INTO_CGROUP, qemu-user no clone3. */
	if (pid < 0) {
		joins = false;
		pid = fork();
	}
	if (!pid) {
		if (joins && cgroup_join(cg) < 0)
			c = 'X';
		if (write(pipes[1], c ? "X" : "y", 1) == 1)
			pause();
		_exit(1);
	}
	close(pipes[1]);
	if (pid > 0 && (read(pipes[0], &c, 1) != 1 || c != 'y' ||
			(!joins && cgroup_attach(cg, pid, false) < 0)))
		pid = -1;
	close(pipes[0]);
	cgroup_join_close(cg);
	return pid;
}

static bool is_in(pid_t pid, const char *path)
{
	char *text = NULL;
	size_t len;

	if (file_read(&arena, AT_FDCWD, arena_printf(&arena, "/proc/%d/cgroup", pid), 65536, &text,
		      &len) < 0)
		return false;
	return strstr(text, path) != NULL;
}

static size_t count_in(pid_t pid, const char *path)
{
	char *text = NULL;
	size_t len, n = 0;

	if (file_read(&arena, AT_FDCWD, arena_printf(&arena, "/proc/%d/cgroup", pid), 65536, &text,
		      &len) < 0)
		return 0;
	for (char *s = strstr(text, path); s; s = strstr(s + 1, path))
		n++;
	return n;
}

static const char *read_knob(struct cgroup *cg, enum ctl ctl, const char *v1, const char *v2)
{
	struct cg_dir *d = cg_dir_of(cg, ctl);
	static char buf[4096];

	if (!d || cg_dir_read(d, d->v2 ? v2 : v1, buf, sizeof(buf)) < 0)
		return "?";
	buf[strcspn(buf, "\n")] = 0;
	return buf;
}

static struct cgroup *new_cgroup(const char *path, const struct oci_resources *r)
{
	struct cgroup_want want = { .id = named("") + 1, .path = path, .resources = r };
	struct cgroup *cg = NULL;

	if (cgroup_plan(&arena, &want, &cg) < 0) {
		printf("# %s\n", err_text());
		return NULL;
	}
	return cg;
}

static void test_life(void)
{
	int64_t limit = 64 << 20, pids_limit = 7;
	struct oci_memory memory = { .limit = &limit };
	struct oci_pids pids = { .limit = &pids_limit };
	struct oci_resources r = { .memory = &memory, .pids = &pids };
	struct cgroup *cg = new_cgroup(named("/deep/leaf"), &r), *again = NULL;
	struct oci_state state = { 0 };
	cgroup_pids found;
	int status;
	pid_t pid;

	ok(cg != NULL, "a plan is made");
	if (!cg)
		return;
	ok(cgroup_create(cg) == 0, "directories are made: %s", err_text());
	ok(cgroup_apply(cg, &r) == 0, "limits and device rules are set: %s", err_text());
	is_str(read_knob(cg, CTL_MEMORY, "memory.limit_in_bytes", "memory.max"), "67108864",
	       "memory limit");
	is_str(read_knob(cg, CTL_PIDS, "pids.max", "pids.max"), "7", "pids limit");
	if (cg->where.v1 >> CTL_DEVICES & 1) {
		char *text = arena_alloc(&arena, 4096);

		cg_dir_read(cg_dir_of(cg, CTL_DEVICES), "devices.list", text, 4096);
		ok(strstr(text, "c 1:3 rwm\n") && strstr(text, "b *:* m\n") &&
			   !strstr(text, "a *:*"),
		   "v1 device list is the default one");
	}
	ok(cgroup_join_open(cg) == 1, "doors open: %s", err_text());
	pid = spawn(cg);
	ok(pid > 0, "a process joins: %s", err_text());
	if (pid <= 0)
		return;
	ok(count_in(pid, named("/deep/leaf")) == cg->ndirs, "it is in all %zu hierarchies",
	   cg->ndirs);
	ok(cgroup_procs(cg, &arena, &found) == 0 && found.n == 1 && found.at[0] == pid,
	   "it is listed");

	cgroup_save(cg, &arena, &state);
	ok(cgroup_load(&arena, &state, &again) == 0 && again->ndirs == cg->ndirs,
	   "state comes back");
	ok(again->layout == cg->layout, "with its layout");
	ok(cgroup_is_frozen(again) == 0, "not frozen");
	ok(cgroup_freeze(again, true) == 0 && cgroup_is_frozen(again) == 1, "frozen: %s",
	   err_text());
	ok(!new_cgroup(named("/deep/leaf"), NULL) && strstr(err_text(), "not empty"),
	   "a used cgroup is refused: %s", err_text());
	ok(cgroup_create(new_cgroup(named("/deep/leaf/below"), NULL)) < 0 &&
		   strstr(err_text(), "frozen"),
	   "and a frozen one: %s", err_text());
	err_clear("both were to be refused");
	ok(cgroup_freeze(again, false) == 0 && cgroup_is_frozen(again) == 0, "thawed");
	ok(cgroup_freeze(again, true) == 0 && cgroup_kill(again, SIGKILL) == 0,
	   "killed while frozen");
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	   "by SIGKILL");
	ok(cgroup_remove(again) == 0, "removed: %s", err_text());
	cg_each (d, again)
		ok(access(d->path, F_OK) < 0, "%s is gone", d->path);
	ok(cgroup_remove(again) == 0, "removing what is gone is not a failure");
	/* The levels above are not ours: cgroup_remove leaves them. */
	cg_each (d, cg) {
		d->path = arena_strndup(&arena, d->path, strlen(d->path) - strlen("/leaf"));
		rmdir(d->path);
		rmdir(arena_strndup(&arena, d->path, strlen(d->path) - strlen("/deep")));
	}
}

#define FEW_FILES 40

static void test_tree(void)
{
	struct rlimit files, few;
	struct cgroup *cg = new_cgroup(named("-tree"), NULL);
	struct cg_dir *d;
	cgroup_pids found;
	int fd, depth, status;
	pid_t pid, second;

	if (!cg || cgroup_create(cg) < 0) {
		ok(false, "a tree: %s", err_text());
		return;
	}
	/* attach moves from outside, here into a sub-cgroup of every hierarchy */
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	ok(cgroup_attach(cg, pid, false) == 0 && is_in(pid, named("-tree")), "attach: %s",
	   err_text());
	d = cg->v2 && cg->v2->path ? cg->v2 : cg_dir_of(cg, CTL_DEVICES);
	fd = open(d->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	getrlimit(RLIMIT_NOFILE, &files);
	few = files;
	few.rlim_cur = FEW_FILES;
	setrlimit(RLIMIT_NOFILE, &few);
	/* nested further than there are descriptors for, wide at the top */
	for (int i = 0; i < 20; i++)
		mkdirat(fd, arena_printf(&arena, "w%d", i), 0755);
	for (depth = 0; depth < 200; depth++) {
		int next;

		if (mkdirat(fd, "n", 0755) < 0)
			break;
		next = openat(fd, "n", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	ok(depth == 200, "200 levels, more than the %d descriptors there may be", FEW_FILES);
	second = fork();
	if (!second) {
		pause();
		_exit(0);
	}
	ok(tree_put(tree_open(fd, "cgroup.procs", O_WRONLY), arena_printf(&arena, "%d", second)) ==
		   0,
	   "a process at the bottom");
	close(fd);
	ok(cgroup_procs(cg, &arena, &found) == 0 && found.n == 2, "both found, top and bottom: %zu",
	   found.n);
	ok(cgroup_kill(cg, SIGTERM) == 0, "signalled: %s", err_text());
	ok(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGTERM, "one died");
	ok(waitpid(second, &status, 0) == second && WTERMSIG(status) == SIGTERM, "the other too");
	ok(cgroup_remove(cg) == 0 && access(d->path, F_OK) < 0, "all of it removed: %s",
	   err_text());
	setrlimit(RLIMIT_NOFILE, &files);
}

/* systemd in a container moves itself away from where it was started. */
static void test_follow(void)
{
	struct cgroup *cg = new_cgroup(named("-follow"), NULL);
	int procfd __cleanup(fd_close) = procfs_open();
	const char *path;
	pid_t pid;

	if (!cg || !cg->v2 || procfd < 0 || cgroup_create(cg) < 0) {
		printf("# no v2 directory to move in\n");
		return;
	}
	path = cg->v2->path;
	cgroup_join_open(cg);
	pid = spawn(cg);
	ok(pid > 0 && cgroup_follow(cg, procfd, pid, false) == 0, "follow: %s", err_text());
	if (pid <= 0)
		return;
	is_str(cg->v2->path, path, "one who has not moved");
	ok(mkdir(arena_printf(&arena, "%s/init.scope", path), 0755) == 0 &&
		   file_write(AT_FDCWD, arena_printf(&arena, "%s/init.scope/cgroup.procs", path),
			      arena_printf(&arena, "%d", pid)) == 0,
	   "he moves: %s", err_text());
	ok(cgroup_follow(cg, procfd, pid, false) == 1 && strstr(cg->v2->path, "-follow/init.scope"),
	   "and is found: %s", err_text());
	ok(cgroup_follow(cg, procfd, pid, false) == 0, "looking again is not news: %s", err_text());
	ok(cgroup_follow(cg, procfd, getpid(), false) == 1, "one who is elsewhere: %s", err_text());
	is_str(cg->v2->path, path, "is not followed");
	ok(cgroup_kill(cg, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid, "killed");
	ok(cgroup_remove(cg) == 0, "removed: %s", err_text());
}

/* A process may come between plan and create: neither it nor its sub-cgroups may suffer for it. */
static void test_taken(void)
{
	struct cgroup *first = new_cgroup(named("-taken"), NULL),
		      *second = new_cgroup(named("-taken"), NULL);
	const char *sub;
	int status;
	pid_t pid;

	if (!first || !second || cgroup_create(first) < 0) {
		ok(false, "taken: %s", err_text());
		return;
	}
	cgroup_join_open(first);
	pid = spawn(first);
	sub = arena_printf(&arena, "%s/sub", first->dirs[0].path);
	ok(pid > 0 && mkdir(sub, 0755) == 0, "the first has a process and a sub-cgroup");
	if (pid <= 0)
		return;
	ok(cgroup_create(second) < 0 && strstr(err_text(), "not empty"),
	   "the second is refused: %s", err_text());
	ok(cgroup_kill(second, SIGKILL) == 0 && cgroup_remove(second) == 0, "it is removed");
	ok(access(sub, F_OK) == 0 && waitpid(pid, &status, WNOHANG) == 0, "the first lives");
	err_clear("the second was to be refused");
	ok(cgroup_kill(first, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid,
	   "till it is killed");
	ok(cgroup_remove(first) == 0 && access(sub, F_OK) < 0, "and removed: %s", err_text());
}

/* A number read from cgroup.procs may be another process's when the signal is sent. */
static void test_reused(void)
{
	struct cgroup *cg = new_cgroup(named("-reused"), NULL);
	pid_t pids[2];
	sigset_t usr1;
	int status;

	if (!cg || cgroup_create(cg) < 0) {
		ok(false, "reused: %s", err_text());
		return;
	}
	cgroup_join_open(cg);
	pids[0] = spawn(cg);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	pids[1] = fork();
	if (!pids[1]) {
		sigwait(&usr1, &status);
		_exit(7);
	}
	ok(cg_kill_pids(cg_procs_dir(cg)->path, pids, 2, SIGKILL) == 0 &&
		   waitpid(pids[0], &status, 0) == pids[0],
	   "a process of the cgroup is killed: %s", err_text());
	/* A SIGKILL that it has got comes before this one. */
	kill(pids[1], SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &usr1, NULL);
	ok(waitpid(pids[1], &status, 0) == pids[1] && WIFEXITED(status) && WEXITSTATUS(status) == 7,
	   "one that has left it lives on");
	ok(cgroup_remove(cg) == 0, "removed: %s", err_text());
}

/* rmdir must wait for a process that dies while we are at it, without being told. */
static void test_wait(void)
{
	struct cgroup *cg = new_cgroup(named("-wait"), NULL);
	int status;
	pid_t pid;

	if (!cg || cgroup_create(cg) < 0) {
		ok(false, "wait: %s", err_text());
		return;
	}
	cgroup_join_open(cg);
	pid = fork();
	if (!pid) {
		if (cgroup_join(cg) < 0)
			_exit(1);
		pause();
		_exit(0);
	}
	cgroup_join_close(cg);
	cgroup_attach(cg, pid, false);
	ok(cgroup_remove(cg) == 0, "removal is not held up by a process: %s", err_text());
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "which is killed");
}

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

/* What an ordinary user gets who may make no cgroup: 0, or the number of the claim that failed. */
static int rootless_claims(void)
{
	int64_t limit = 100;
	struct oci_pids pids = { .limit = &limit };
	struct oci_resources r = { .pids = &pids };
	struct cgroup_want want = { .id = named("-rootless") + 1, .tolerant = true };
	struct cgroup *cg;

	if (cgroup_plan(&arena, &want, &cg) < 0 || cgroup_create(cg) < 0)
		return 1;
	cg_each (d, cg)
		return 2;
	if (cgroup_apply(cg, NULL) < 0 || cgroup_attach(cg, getpid(), false) < 0 ||
	    cgroup_remove(cg) < 0)
		return 3;
	want.resources = &r;
	if (cgroup_plan(&arena, &want, &cg) < 0 || cgroup_create(cg) == 0 || err_num() != EACCES)
		return 4;
	want.resources = NULL;
	want.path = named("-rootless");
	if (cgroup_plan(&arena, &want, &cg) < 0 || cgroup_create(cg) == 0)
		return 5;
	want.path = NULL;
	want.tolerant = false;
	if (cgroup_plan(&arena, &want, &cg) < 0 || cgroup_create(cg) == 0)
		return 6;
	return 0;
}

static void test_rootless(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(setgid(54321) < 0 || setuid(54321) < 0 ? 9 : rootless_claims());
	ok(waitpid(pid, &status, 0) == pid && status == 0,
	   "without permission: all is well unless something is asked: %d", WEXITSTATUS(status));
}

static void test_delegate(void)
{
	struct cgroup_want want = { .id = named("-delegate") + 1,
				    .path = named("-delegate"),
				    .delegate = true,
				    .delegate_uid = 1234 };
	struct cgroup *cg = NULL;
	struct stat st;

	if (cgroup_layout() != CGROUP_V2)
		return;
	ok(cgroup_plan(&arena, &want, &cg) == 0 && cgroup_create(cg) == 0, "a delegated one: %s",
	   err_text());
	ok(stat(cg->v2->path, &st) == 0 && st.st_uid == 1234 && st.st_gid == 0,
	   "its directory is given away");
	ok(fstatat(cg_dir_fd(cg->v2), "cgroup.procs", &st, 0) == 0 && st.st_uid == 1234,
	   "cgroup.procs too");
	ok(fstatat(cg_dir_fd(cg->v2), "memory.max", &st, 0) == 0 && st.st_uid == 0,
	   "not its limits");
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
	static char block[1 << 20];

	arena_init(&arena, block, sizeof(block));
	self = getpid();
	log_sink.line = print_line;
	if (geteuid() != 0 || cgroup_layout() == CGROUP_NONE) {
		printf("1..0 # SKIP needs root and mounted cgroups\n");
		return 0;
	}
	test_life();
	test_tree();
	test_follow();
	test_taken();
	test_reused();
	test_wait();
	test_stats();
	test_oom();
	test_update();
	test_delegate();
	test_rootless();
	err_clear("the next test has its own");
	test_bpf();
	return done();
}
