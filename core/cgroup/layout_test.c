/* layout_test.c - hosts with odd cgroup mounts, played in a mount namespace of our own. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"
#include "tests/tap.h"

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
	err_clear("the next plan has its own");
	return cgroup_plan(&arena, &want, cg);
}

#define WANT(...) ((struct cgroup_want){ __VA_ARGS__ })

static void test_none(void)
{
	struct cgroup *cg, *again = NULL;
	struct oci_state state = { 0 };
	cgroup_pids found;

	ok(cgroup_layout() == CGROUP_NONE, "an empty tmpfs is not a cgroup");
	ok(plan(&cg, &nothing, WANT(0)) == 0 && warnings == 1, "nothing asked: one warning: %s",
	   last_warning);
	ok(cgroup_create(cg) == 0 && cgroup_apply(cg, &nothing) == 0, "nothing to make");
	ok(cgroup_join_open(cg) == 1 && cgroup_join(cg) == 0 && cgroup_clone_fd(cg) == -1,
	   "nothing to join");
	ok(cgroup_attach(cg, getpid(), false) == 0, "by force neither");
	cgroup_save(cg, &arena, &state);
	ok(state.cgroup_paths.n == 0 && cgroup_load(&arena, &state, &again) == 0,
	   "nothing to remember");
	ok(cgroup_procs(again, &arena, &found) == 0 && found.n == 0, "no process there");
	ok(cgroup_is_frozen(again) == 0 && cgroup_kill(again, SIGKILL) == 0 &&
		   cgroup_remove(again) == 0,
	   "nothing to kill or remove");
	ok(cgroup_freeze(again, true) < 0, "freezing is refused: %s", err_text());
	ok(cgroup_update(again, &ask_memory) < 0, "and new limits: %s", err_text());
	ok(plan(&cg, &ask_memory, WANT(0)) < 0, "a limit is refused");
	is_str(err_text(),
	       "memory.limit: cannot be set: no cgroup hierarchy is mounted (controller memory, "
	       "file "
	       "memory.limit_in_bytes)",
	       "and says why");
	ok(plan(&cg, &nothing, WANT(.has_nodes = true)) < 0, "so is a maker of devices: %s",
	   err_text());
	ok(plan(&cg, &nothing, WANT(.manager = CGROUP_SYSTEMD)) < 0, "so is systemd: %s",
	   err_text());
}

static void test_disabled(void)
{
	struct cgroup *cg;

	ok(plan(&cg, &nothing, WANT(.manager = CGROUP_DISABLED)) == 0 && warnings == 0,
	   "disabled: not a word");
	ok(cgroup_create(cg) == 0 && !cg->ndirs, "and no directory");
	ok(plan(&cg, &ask_pids, WANT(.manager = CGROUP_DISABLED)) < 0, "but limits are refused: %s",
	   err_text());
}

/* One v1 hierarchy in an odd place, the rest missing. */
static void test_partial(void)
{
	struct cgroup *cg;

	if (mkdir(ROOT "/odd", 0755) < 0 || mount("x", ROOT "/odd", "cgroup", 0, "pids") < 0) {
		printf("# no v1 hierarchy of pids here: %s\n", strerror(errno));
		return;
	}
	ok(cgroup_layout() == CGROUP_V1, "a hierarchy at an odd place is found");
	ok(plan(&cg, &ask_pids, WANT(0)) == 0, "what it has can be asked: %s", err_text());
	ok(cg->ndirs == 1 && strstr(cg->dirs[0].path, ROOT "/odd/") &&
		   strstr(cg->dirs[0].path, "layout-test"),
	   "at %s", cg->dirs[0].path);
	ok(cgroup_create(cg) == 0 && cgroup_apply(cg, &ask_pids) == 0 && cgroup_remove(cg) == 0,
	   "it works: %s", err_text());
	ok(plan(&cg, &ask_memory, WANT(0)) < 0, "what is missing cannot be asked");
	is_str(err_text(),
	       "cgroup: memory.limit: controller memory is not mounted, so memory.limit_in_bytes "
	       "cannot be "
	       "written",
	       "and says why");
	ok(plan(&cg, &nothing, WANT(.has_nodes = true)) < 0, "device rules neither: %s",
	   err_text());
	/* read-only: without limits one warning, with limits an error */
	if (mount(NULL, ROOT "/odd", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0) {
		ok(false, "remount");
		return;
	}
	ok(plan(&cg, &nothing, WANT(0)) == 0 && cgroup_create(cg) == 0 && warnings == 1,
	   "read-only: %s", last_warning);
	ok(!cg->dirs[0].path && cgroup_attach(cg, getpid(), false) == 0, "and nothing is joined");
	ok(cgroup_apply(cg, &nothing) == 0 && cgroup_remove(cg) == 0, "or removed");
	ok(plan(&cg, &ask_pids, WANT(0)) == 0 && cgroup_create(cg) < 0 && err_num() == EROFS,
	   "limits: %s", err_text());
	umount(ROOT "/odd");
}

/* A v2 tree of which this host may have given away most controllers. */
static void test_v2(void)
{
	struct json_pair pair = { "nonsense.max", "1" };
	struct oci_resources r = { .unified = { &pair, 1 } };
	struct cgroup *cg;

	if (mount("x", ROOT, "cgroup2", 0, NULL) < 0) {
		printf("# no cgroup2 here: %s\n", strerror(errno));
		return;
	}
	ok(cgroup_layout() == CGROUP_V2, "v2 on the root directory");
	ok(plan(&cg, &nothing, WANT(0)) == 0 && cg->ndirs == 1, "one directory: %s",
	   cg->dirs[0].path);
	ok(cgroup_create(cg) == 0 && cgroup_remove(cg) == 0, "made and removed: %s", err_text());
	ok(plan(&cg, &r, WANT(0)) < 0, "an unknown controller: %s", err_text());
	v2_root_controllers(cg);
	if (!(cg->where.v2 >> CTL_MEMORY & 1)) {
		ok(plan(&cg, &ask_memory, WANT(0)) < 0 &&
			   strstr(err_text(), "memory is not available on cgroup v2"),
		   "a controller that is v1's: %s", err_text());
	}
	ok(plan(&cg, &nothing, WANT(.path = "/")) < 0, "the root cannot be taken: %s", err_text());
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
	test_v2();
	return done();
}
