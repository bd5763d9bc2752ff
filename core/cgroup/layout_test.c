/* layout_test.c - unusual cgroup mounts, made in a mount namespace of the test. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"
#include "tests/tap.h"

#include <sys/wait.h>

#define ROOT "/sys/fs/cgroup"

static struct arena arena;
static char last_warning[2048];
static unsigned warnings;

static void keep_line(enum log_level level, const char *text)
{
	if (level != LOG_WARNING)
		return;
	warnings++;
	snprintf(last_warning, sizeof(last_warning), "%s", text);
}

static int64_t limit = 64 << 20;
static struct oci_memory memory = { .limit = &limit };
static int64_t pids_limit = 100;
static struct oci_pids pids = { .limit = &pids_limit };
static struct oci_resources nothing, ask_memory = { .memory = &memory },
				     ask_pids = { .pids = &pids };

static int plan(struct cgroup **cg, const struct oci_resources *r, struct cgroup_want want)
{
	want.id = "ocibox-layout-test";
	want.resources = r;
	warnings = 0;
	err_clear("the next plan makes its own error");
	return cgroup_plan(&arena, &want, cg);
}

#define WANT(...) ((struct cgroup_want){ __VA_ARGS__ })

static void test_none(void)
{
	struct cgroup *cg, *again = NULL;
	struct oci_state state = { 0 };
	cgroup_pids found;

	ok(cgroup_layout() == CGROUP_NONE, "an empty tmpfs is not a cgroup");
	ok(plan(&cg, &nothing, WANT(0)) == 0 && warnings == 1,
	   "without cgroups a container without limits gives one warning: %s", last_warning);
	ok(cgroup_create(cg) == 0 && cgroup_apply(cg, &nothing) == 0,
	   "create and apply do nothing");
	ok(cgroup_join_open(cg) == 1 && cgroup_join(cg) == 0 && cgroup_clone_fd(cg) == -1,
	   "join does nothing");
	ok(cgroup_attach(cg, getpid(), false) == 0, "attach does nothing");
	cgroup_save(cg, &arena, &state);
	ok(state.cgroup_paths.n == 0 && cgroup_load(&arena, &state, &again) == 0,
	   "the state has no path");
	ok(cgroup_procs(again, &arena, &found) == 0 && found.n == 0, "it has no process");
	ok(cgroup_is_frozen(again) == 0 && cgroup_kill(again, SIGKILL) == 0 &&
		   cgroup_remove(again) == 0,
	   "it is not frozen; kill and remove do nothing");
	ok(cgroup_freeze(again, true) < 0, "freezing is refused: %s", err_text());
	ok(cgroup_update(again, &ask_memory) < 0, "an update of limits is refused: %s", err_text());
	ok(plan(&cg, &ask_memory, WANT(0)) < 0, "a plan with a limit is refused");
	is_str(err_text(),
	       "memory.limit: cannot be set: no cgroup hierarchy is mounted (controller memory, "
	       "file "
	       "memory.limit_in_bytes)",
	       "the message names the limit, the controller and the file");
	ok(plan(&cg, &nothing, WANT(.has_nodes = true)) < 0,
	   "a plan for a container with device nodes is refused: %s", err_text());
	ok(plan(&cg, &nothing, WANT(.manager = CGROUP_SYSTEMD)) < 0,
	   "a plan with the systemd manager is refused: %s", err_text());
}

static void test_disabled(void)
{
	struct cgroup *cg;

	ok(plan(&cg, &nothing, WANT(.manager = CGROUP_DISABLED)) == 0 && warnings == 0,
	   "the manager \"disabled\" gives no warning");
	ok(cgroup_create(cg) == 0 && !cg->ndirs, "it makes no directory");
	ok(plan(&cg, &ask_pids, WANT(.manager = CGROUP_DISABLED)) < 0, "it refuses limits: %s",
	   err_text());
}

/* One v1 hierarchy at an unusual place; the others are not mounted. */
static void test_partial(void)
{
	struct cgroup *cg;

	if (mkdir(ROOT "/odd", 0755) < 0 || mount("x", ROOT "/odd", "cgroup", 0, "pids") < 0) {
		printf("# no v1 hierarchy of pids here: %s\n", strerror(errno));
		return;
	}
	ok(cgroup_layout() == CGROUP_V1, "a hierarchy at an unusual place is found");
	ok(plan(&cg, &ask_pids, WANT(0)) == 0, "a limit of its controller is planned: %s",
	   err_text());
	ok(cg->ndirs == 1 && strstr(cg->dirs[0].path, ROOT "/odd/") &&
		   strstr(cg->dirs[0].path, "layout-test"),
	   "the directory is below its mount: %s", cg->dirs[0].path);
	ok(cgroup_create(cg) == 0 && cgroup_apply(cg, &ask_pids) == 0 && cgroup_remove(cg) == 0,
	   "the cgroup is made, limited and removed: %s", err_text());
	ok(plan(&cg, &ask_memory, WANT(0)) < 0,
	   "a limit of a controller that is not mounted is refused");
	is_str(err_text(),
	       "cgroup: memory.limit: controller memory is not mounted, so memory.limit_in_bytes "
	       "cannot be "
	       "written",
	       "the message names the limit, the controller and the file");
	ok(plan(&cg, &nothing, WANT(.has_nodes = true)) < 0,
	   "a container with device nodes is refused without the controller devices: %s",
	   err_text());
	if (mount(NULL, ROOT "/odd", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0) {
		ok(false, "the hierarchy becomes read-only");
		return;
	}
	ok(plan(&cg, &nothing, WANT(0)) == 0 && cgroup_create(cg) == 0 && warnings == 1,
	   "read-only: a container without limits gives one warning: %s", last_warning);
	ok(!cg->dirs[0].path && cgroup_attach(cg, getpid(), false) == 0,
	   "read-only: it has no directory, and attach does nothing");
	ok(cgroup_apply(cg, &nothing) == 0 && cgroup_remove(cg) == 0,
	   "read-only: apply and remove do nothing");
	ok(plan(&cg, &ask_pids, WANT(0)) == 0 && cgroup_create(cg) < 0 && err_num() == EROFS,
	   "read-only: a container with limits is refused: %s", err_text());
	umount(ROOT "/odd");
}

/* Makes a root directory at top whose mountinfo has a line of more than a page before that of a v1
 * hierarchy. Blanks of a mount point take four bytes each there. */
static bool make_long_root(const char *top)
{
	char blanks[200], *path = arena_strdup(&arena, top);

	memset(blanks, ' ', sizeof(blanks));
	if (mkdir(top, 0755) < 0 || mount("x", top, "tmpfs", 0, NULL) < 0)
		return false;
	for (int i = 0; i < 6; i++) {
		path = arena_printf(&arena, "%s/%.*s", path, (int)sizeof(blanks), blanks);
		if (mkdir(path, 0755) < 0)
			return false;
	}
	if (mkdir(arena_printf(&arena, "%s/proc", top), 0755) < 0 ||
	    mount("x", arena_printf(&arena, "%s/proc", top), "proc", 0, NULL) < 0 ||
	    mount("x", path, "tmpfs", 0, NULL) < 0 ||
	    mkdir(arena_printf(&arena, "%s/odd", top), 0755) < 0)
		return false;
	return mount("x", arena_printf(&arena, "%s/odd", top), "cgroup", 0, "pids") == 0;
}

static void test_long_line(void)
{
	const char *top = ROOT "/long";
	int status;
	pid_t pid;

	if (!make_long_root(top)) {
		printf("# no v1 hierarchy of pids here: %s\n", strerror(errno));
		return;
	}
	pid = fork();
	if (!pid)
		_exit(chroot(top) < 0 ? 2 : cgroup_layout() != CGROUP_V1);
	ok(waitpid(pid, &status, 0) == pid && status == 0,
	   "a hierarchy is found after a long line of mountinfo: %d", WEXITSTATUS(status));
	umount2(top, MNT_DETACH);
}

/* cgroup v2 at the usual place. On a hybrid host most of its controllers are v1's. */
static void test_v2(void)
{
	struct json_pair pair = { "nonsense.max", "1" };
	struct oci_resources r = { .unified = { &pair, 1 } };
	struct cgroup *cg;

	if (mount("x", ROOT, "cgroup2", 0, NULL) < 0) {
		printf("# no cgroup2 here: %s\n", strerror(errno));
		return;
	}
	ok(cgroup_layout() == CGROUP_V2, "v2 at " ROOT " is found");
	ok(plan(&cg, &nothing, WANT(0)) == 0 && cg->ndirs == 1, "v2: one directory is planned: %s",
	   cg->dirs[0].path);
	ok(cgroup_create(cg) == 0 && cgroup_remove(cg) == 0, "v2: it is made and removed: %s",
	   err_text());
	ok(plan(&cg, &r, WANT(0)) < 0, "v2: an unknown controller is refused: %s", err_text());
	v2_root_controllers(cg);
	if (!(cg->where.v2 >> CTL_MEMORY & 1)) {
		ok(plan(&cg, &ask_memory, WANT(0)) < 0 &&
			   strstr(err_text(), "memory is not available on cgroup v2"),
		   "v2: a limit of a controller that v1 has is refused: %s", err_text());
	}
	ok(plan(&cg, &nothing, WANT(.path = "/")) < 0, "v2: the root is refused as cgroupsPath: %s",
	   err_text());
	umount(ROOT);
}

int main(void)
{
	static char block[1 << 20];

	arena_init(&arena, block, sizeof(block));
	log_sink.line = keep_line;
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		printf("1..0 # SKIP needs root and a mount namespace\n");
		return 0;
	}
	test_disabled();
	if (mount("x", ROOT, "tmpfs", 0, NULL) < 0) {
		printf("1..0 # SKIP needs a directory " ROOT "\n");
		return 0;
	}
	test_none();
	test_partial();
	test_long_line();
	test_v2();
	return done();
}
