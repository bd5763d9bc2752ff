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

/* Freezes and kills cg, which is the cgroup named("/deep/leaf") and has pid. */
static void freeze_and_kill(struct cgroup *cg, pid_t pid)
{
	int status;

	ok(cgroup_is_frozen(cg) == 0, "a new cgroup is not frozen");
	ok(cgroup_freeze(cg, true) == 0 && cgroup_is_frozen(cg) == 1, "it can be frozen: %s",
	   err_text());
	ok(!new_cgroup(named("/deep/leaf"), NULL) && strstr(err_text(), "not empty"),
	   "a plan for a cgroup that has processes is refused: %s", err_text());
	ok(cgroup_create(new_cgroup(named("/deep/leaf/below"), NULL)) < 0 &&
		   strstr(err_text(), "frozen"),
	   "a cgroup below a frozen one is refused: %s", err_text());
	err_clear("both refusals were expected");
	ok(cgroup_freeze(cg, false) == 0 && cgroup_is_frozen(cg) == 0, "it can be thawed");
	ok(cgroup_freeze(cg, true) == 0 && cgroup_kill(cg, SIGKILL) == 0,
	   "a frozen cgroup can be killed");
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	   "its process dies of SIGKILL");
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
	ok(cgroup_create(cg) == 0, "the directories are made: %s", err_text());
	ok(cgroup_apply(cg, &r) == 0, "limits and device rules are set: %s", err_text());
	is_str(read_knob(cg, CTL_MEMORY, "memory.limit_in_bytes", "memory.max"), "67108864",
	       "the kernel has the memory limit");
	is_str(read_knob(cg, CTL_PIDS, "pids.max", "pids.max"), "7",
	       "the kernel has the pids limit");
	if (cg->where.v1 >> CTL_DEVICES & 1) {
		char *text = arena_alloc(&arena, 4096);

		cg_dir_read(cg_dir_of(cg, CTL_DEVICES), "devices.list", text, 4096);
		ok(strstr(text, "c 1:3 rwm\n") && strstr(text, "b *:* m\n") &&
			   !strstr(text, "a *:*"),
		   "the device list of v1 is the default list");
	}
	ok(cgroup_join_open(cg) == 1, "the files to join by can be opened: %s", err_text());
	pid = spawn(cg);
	ok(pid > 0, "a process joins: %s", err_text());
	if (pid <= 0)
		return;
	ok(count_in(pid, named("/deep/leaf")) == cg->ndirs, "the process is in all %zu hierarchies",
	   cg->ndirs);
	ok(cgroup_procs(cg, &arena, &found) == 0 && found.n == 1 && found.at[0] == pid,
	   "cgroup_procs lists it");

	cgroup_save(cg, &arena, &state);
	ok(cgroup_load(&arena, &state, &again) == 0 && again->ndirs == cg->ndirs,
	   "cgroup_load finds the directories that cgroup_save has saved");
	ok(again->layout == cg->layout, "cgroup_load finds the layout");
	freeze_and_kill(again, pid);
	ok(cgroup_remove(again) == 0, "the cgroup is removed: %s", err_text());
	cg_each (d, again)
		ok(access(d->path, F_OK) < 0, "%s does not exist any more", d->path);
	ok(cgroup_remove(again) == 0, "a removed cgroup can be removed again");
	/* cgroup_remove leaves the levels above, which another program may use. */
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
		ok(false, "a cgroup is made: %s", err_text());
		return;
	}
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	ok(cgroup_attach(cg, pid, false) == 0 && is_in(pid, named("-tree")),
	   "cgroup_attach moves a process from outside: %s", err_text());
	d = cg->v2 && cg->v2->path ? cg->v2 : cg_dir_of(cg, CTL_DEVICES);
	fd = open(d->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	getrlimit(RLIMIT_NOFILE, &files);
	few = files;
	few.rlim_cur = FEW_FILES;
	setrlimit(RLIMIT_NOFILE, &few);
	/* Many sub-cgroups at the top, and more levels than this process may open descriptors. */
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
	ok(depth == 200, "200 levels are made, and %d descriptors are allowed", FEW_FILES);
	second = fork();
	if (!second) {
		pause();
		_exit(0);
	}
	ok(tree_put(tree_open(fd, "cgroup.procs", O_WRONLY), arena_printf(&arena, "%d", second)) ==
		   0,
	   "a process is put into the deepest level");
	close(fd);
	ok(cgroup_procs(cg, &arena, &found) == 0 && found.n == 2,
	   "cgroup_procs finds the processes of the top and of the deepest level: %zu", found.n);
	ok(cgroup_kill(cg, SIGTERM) == 0, "cgroup_kill signals both: %s", err_text());
	ok(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGTERM,
	   "the process of the top dies of the signal");
	ok(waitpid(second, &status, 0) == second && WTERMSIG(status) == SIGTERM,
	   "the process of the deepest level dies of it too");
	ok(cgroup_remove(cg) == 0 && access(d->path, F_OK) < 0, "all levels are removed: %s",
	   err_text());
	setrlimit(RLIMIT_NOFILE, &files);
}

/* systemd in a container moves itself to a sub-cgroup. */
static void test_follow(void)
{
	struct cgroup *cg = new_cgroup(named("-follow"), NULL);
	int procfd __cleanup(fd_close) = procfs_open();
	const char *path;
	pid_t pid;

	if (!cg || !cg->v2 || procfd < 0 || cgroup_create(cg) < 0) {
		printf("# cgroup v2 is not mounted here\n");
		return;
	}
	path = cg->v2->path;
	cgroup_join_open(cg);
	pid = spawn(cg);
	ok(pid > 0 && cgroup_follow(cg, procfd, pid, false) == 0,
	   "cgroup_follow reports that init has not moved: %s", err_text());
	if (pid <= 0)
		return;
	is_str(cg->v2->path, path, "the directory stays the same");
	ok(mkdir(arena_printf(&arena, "%s/init.scope", path), 0755) == 0 &&
		   file_write(AT_FDCWD, arena_printf(&arena, "%s/init.scope/cgroup.procs", path),
			      arena_printf(&arena, "%d", pid)) == 0,
	   "init moves to a sub-cgroup: %s", err_text());
	ok(cgroup_follow(cg, procfd, pid, false) == 1 && strstr(cg->v2->path, "-follow/init.scope"),
	   "cgroup_follow changes the directory to the sub-cgroup: %s", err_text());
	ok(cgroup_follow(cg, procfd, pid, false) == 0, "a second call reports no change: %s",
	   err_text());
	ok(cgroup_follow(cg, procfd, getpid(), false) == 1,
	   "a process outside of the cgroup changes the directory: %s", err_text());
	is_str(cg->v2->path, path, "which becomes the recorded one");
	ok(cgroup_kill(cg, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid, "the process is killed");
	ok(cgroup_remove(cg) == 0, "the cgroup is removed: %s", err_text());
}

/* Another program may take the cgroup between plan and create: its processes and sub-cgroups
 * stay. */
static void test_taken(void)
{
	struct cgroup *first = new_cgroup(named("-taken"), NULL),
		      *second = new_cgroup(named("-taken"), NULL);
	const char *sub;
	int status;
	pid_t pid;

	if (!first || !second || cgroup_create(first) < 0) {
		ok(false, "the first cgroup is made: %s", err_text());
		return;
	}
	cgroup_join_open(first);
	pid = spawn(first);
	sub = arena_printf(&arena, "%s/sub", first->dirs[0].path);
	ok(pid > 0 && mkdir(sub, 0755) == 0, "the first cgroup has a process and a sub-cgroup");
	if (pid <= 0)
		return;
	ok(cgroup_create(second) < 0 && strstr(err_text(), "not empty"),
	   "a second one with the same path is refused: %s", err_text());
	ok(cgroup_kill(second, SIGKILL) == 0 && cgroup_remove(second) == 0,
	   "the refused one is killed and removed");
	ok(access(sub, F_OK) == 0 && waitpid(pid, &status, WNOHANG) == 0,
	   "that leaves the process and the sub-cgroup of the first");
	err_clear("the refusal was expected");
	ok(cgroup_kill(first, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid,
	   "the first is killed");
	ok(cgroup_remove(first) == 0 && access(sub, F_OK) < 0,
	   "the first is removed with its sub-cgroup: %s", err_text());
}

/* A pid read from cgroup.procs may belong to another process when the signal is sent. */
static void test_reused(void)
{
	struct cgroup *cg = new_cgroup(named("-reused"), NULL);
	pid_t pids[2];
	sigset_t usr1;
	int status;

	if (!cg || cgroup_create(cg) < 0) {
		ok(false, "a cgroup is made: %s", err_text());
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
	   "a listed process of the cgroup is killed: %s", err_text());
	/* If it had got SIGKILL, that would act first. */
	kill(pids[1], SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &usr1, NULL);
	ok(waitpid(pids[1], &status, 0) == pids[1] && WIFEXITED(status) && WEXITSTATUS(status) == 7,
	   "a listed process that is not in the cgroup is not killed");
	ok(cgroup_remove(cg) == 0, "the cgroup is removed: %s", err_text());
}

/* cgroup_remove kills what is in the cgroup and waits until rmdir(2) succeeds. */
static void test_wait(void)
{
	struct cgroup *cg = new_cgroup(named("-wait"), NULL);
	int status;
	pid_t pid;

	if (!cg || cgroup_create(cg) < 0) {
		ok(false, "a cgroup is made: %s", err_text());
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
	ok(cgroup_remove(cg) == 0, "a cgroup with a process is removed: %s", err_text());
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "the process is killed");
}

/* Claims about an ordinary user who may make no cgroup. Returns 0, or the number of the claim that
 * failed. */
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
	   "a user without permission can start a container without limits and cgroupsPath: %d",
	   WEXITSTATUS(status));
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
	ok(cgroup_plan(&arena, &want, &cg) == 0 && cgroup_create(cg) == 0,
	   "a cgroup is made and delegated to uid 1234: %s", err_text());
	ok(stat(cg->v2->path, &st) == 0 && st.st_uid == 1234 && st.st_gid == 0,
	   "the uid owns its directory");
	ok(fstatat(cg_dir_fd(cg->v2), "cgroup.procs", &st, 0) == 0 && st.st_uid == 1234,
	   "the uid owns cgroup.procs");
	ok(fstatat(cg_dir_fd(cg->v2), "memory.max", &st, 0) == 0 && st.st_uid == 0,
	   "root still owns memory.max");
	ok(cgroup_remove(cg) == 0, "the cgroup is removed: %s", err_text());
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
