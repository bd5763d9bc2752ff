/* cgroup_test.c - cgroups on this host: made, joined, followed, killed and removed. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/made_test.h"

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

/* cg is named("/deep/leaf") and pid is in it. */
static void freeze_and_kill(struct cgroup *cg, pid_t pid)
{
	int status;

	ok(cgroup_is_frozen(cg) == 0, "not frozen");
	ok(cgroup_freeze(cg, true) == 0 && cgroup_is_frozen(cg) == 1, "frozen: %s", err_text());
	ok(!new_cgroup(named("/deep/leaf"), NULL) && strstr(err_text(), "not empty"),
	   "a used cgroup is refused: %s", err_text());
	ok(cgroup_create(new_cgroup(named("/deep/leaf/below"), NULL)) < 0 &&
		   strstr(err_text(), "frozen"),
	   "and a frozen one: %s", err_text());
	err_clear("both were to be refused");
	ok(cgroup_freeze(cg, false) == 0 && cgroup_is_frozen(cg) == 0, "thawed");
	ok(cgroup_freeze(cg, true) == 0 && cgroup_kill(cg, SIGKILL) == 0, "killed while frozen");
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	   "by SIGKILL");
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
	freeze_and_kill(again, pid);
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

int main(void)
{
	if (!can_make())
		return 0;
	test_life();
	test_tree();
	test_follow();
	test_taken();
	test_reused();
	test_wait();
	test_delegate();
	test_rootless();
	return done();
}
