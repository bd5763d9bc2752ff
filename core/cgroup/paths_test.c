/* paths_test.c - where cgroupsPath leads, and what is made of /proc/self/cgroup and mountinfo. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"
#include "tests/tap.h"

static struct arena arena;

static void test_cgroupfs(void)
{
	static const struct {
		const char *path, *own, *v1, *v2;
	} rows[] = {
		{ NULL, "/", "/id", "/id" },
		{ "", "/", "/id", "/id" },
		{ NULL, "/a/b", "/a/b/id", "/a/id" },
		{ "x/y", "/a/b", "/a/b/x/y", "/a/x/y" },
		{ "/x/y", "/a/b", "/x/y", "/x/y" },
		{ "../../x", "/a/b", "/a/b/x", "/a/x" },
		{ "/../../x", "/a", "/x", "/x" },
		{ "/x//./y/", "/", "/x/y", "/x/y" },
		{ "/", "/a", "/", "/" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *path = rows[i].path ? rows[i].path : "(none)";

		is_str(paths_cgroupfs(&arena, rows[i].path, "id", rows[i].own, false), rows[i].v1,
		       "v1 %s from %s", path, rows[i].own);
		is_str(paths_cgroupfs(&arena, rows[i].path, "id", rows[i].own, true), rows[i].v2,
		       "v2 %s from %s", path, rows[i].own);
	}
}

static void test_systemd(void)
{
	static const struct {
		const char *path;
		bool user;
		const char *unit, *slice, *dir; /* unit NULL: refused, slice is the text */
	} rows[] = {
		{ NULL, false, "runc-id.scope", "system.slice", "/system.slice/runc-id.scope" },
		{ NULL, true, "runc-id.scope", "user.slice", "/user.slice/runc-id.scope" },
		{ "machine.slice:libpod:abc", false, "libpod-abc.scope", "machine.slice",
		  "/machine.slice/libpod-abc.scope" },
		{ "a-b-c.slice:p:n", false, "p-n.scope", "a-b-c.slice",
		  "/a.slice/a-b.slice/a-b-c.slice/p-n.scope" },
		{ ":p:n", false, "p-n.scope", "system.slice", "/system.slice/p-n.scope" },
		{ "-.slice:p:n", false, "p-n.scope", "-.slice", "/p-n.scope" },
		{ "system.slice::n", false, "n.scope", "system.slice", "/system.slice/n.scope" },
		{ "system.slice:p:x-y.slice", false, "x-y.slice", "system.slice",
		  "/x.slice/x-y.slice" },
		{ "/a/b", false, NULL,
		  "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, "
		  "got \"/a/b\" "
		  "instead",
		  NULL },
		{ "a:b:c:d", false, NULL,
		  "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, "
		  "got \"a:b:c:d\" "
		  "instead",
		  NULL },
		{ "a--b.slice:p:n", false, NULL, "invalid slice name: a--b.slice", NULL },
		{ "-a.slice:p:n", false, NULL, "invalid slice name: -a.slice", NULL },
		{ "a-.slice:p:n", false, NULL, "invalid slice name: a-.slice", NULL },
		{ "a:p:n", false, NULL, "invalid slice name: a", NULL },
		{ ".slice:p:n", false, NULL, "invalid slice name: .slice", NULL },
		{ "a.slice:p:", false, NULL, "cgroupsPath \"a.slice:p:\": the name is empty",
		  NULL },
		{ "a.slice:p:../x", false, NULL,
		  "cgroupsPath \"a.slice:p:../x\": a unit has no slash in its name", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct unit_path u = { 0 };
		int ret = paths_systemd(&arena, rows[i].path, "id", rows[i].user, &u);
		const char *path = rows[i].path ? rows[i].path : "(none)";

		if (!rows[i].unit) {
			ok(ret < 0, "%s is refused", path);
			is_str(err_text(), rows[i].slice, "and says why");
			continue;
		}
		ok(ret == 0, "%s is taken", path);
		is_str(u.unit, rows[i].unit, "unit");
		is_str(u.slice, rows[i].slice, "slice");
		is_str(u.dir, rows[i].dir, "directory");
	}
}

/* A slice names all that it lies in, so n dashes are n*n/2 bytes of path, and were
 * n*n*n/6 of memory. */
static void test_long(void)
{
	char text[6100], *to = text;
	struct unit_path u;

	for (int i = 0; i < 3000; i++)
		to = stpcpy(to, i ? "-a" : "a");
	strcpy(to, ".slice:p:n");
	ok(paths_systemd(&arena, text, "id", false, &u) < 0, "a slice of 3000 levels is refused");
	ok(strlen(err_text()) < 300, "in a short line");
	memset(text, 'n', 300);
	strcpy(text + 245, ".scope");
	ok(paths_systemd(&arena, NULL, text, false, &u) < 0, "a unit of 262 bytes is refused");
	text[244] = 0;
	ok(paths_systemd(&arena, NULL, text, false, &u) == 0, "one of 255 is not: %zu",
	   strlen(u.unit));
	to = text;
	for (int i = 0; i < 125; i++)
		to = stpcpy(to, i ? "-a" : "a");
	strcpy(to, ".slice::n");
	ok(paths_systemd(&arena, text, "id", false, &u) == 0, "nor are 125 levels");
}

static void test_layout(void)
{
	char cgroups[] = "12:cpu,cpuacct:/docker/x/y\n11:name=systemd:/docker/x\n3:memory:/other\n"
			 "2:net_cls,net_prio:/\n0::/../z\n";
	char mounts[] =
		"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		"32 31 0:29 /docker/x /my\\040cg/cpu rw shared:1 - cgroup cgroup rw,cpu,cpuacct\n"
		"33 31 0:30 /docker/x /cg/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
		"34 31 0:31 /docker/x /cg/memory rw - cgroup cgroup rw,memory\n"
		"35 31 0:31 / /cg/again rw - cgroup cgroup rw,memory\n"
		"36 31 0:41 / /cg/unified rw - cgroup2 cgroup2 rw,nsdelegate\n";
	struct layout l = { 0 };

	ok(layout_parse(&arena, cgroups, &l) == 0 && l.n == 5, "five hierarchies");
	ok(l.at[0].ctls == (1u << CTL_CPU | 1u << CTL_CPUACCT), "two controllers in one");
	ok(l.at[1].ctls == 1u << CTL_NAMED, "a named one");
	is_str(l.at[4].own, "/", "a place outside of our namespace is not a place");
	layout_mountinfo(&arena, mounts, &l, NULL);
	is_str(l.at[0].mount, "/my cg/cpu", "mount point with a blank");
	is_str(l.at[0].own, "/y", "own place below the root of the mount");
	is_str(l.at[1].own, "/", "own place at the root of the mount");
	is_str(l.at[2].mount, "/cg/memory", "the first of two mounts");
	is_str(l.at[2].own, "/", "own place that cannot be seen");
	ok(!l.at[3].mount, "not mounted");
	is_str(l.at[4].mount, "/cg/unified", "v2");
	ok(layout_parse(&arena, (char[]){ "nonsense\n" }, &l) < 0,
	   "a line without the form is refused");
}

static void test_names(void)
{
	ok(ctl_set("cpu,cpuacct") == (1u << CTL_CPU | 1u << CTL_CPUACCT), "names by comma");
	ok(ctl_set("cpuset cpu io memory\n") ==
		   (1u << CTL_CPUSET | 1u << CTL_CPU | 1u << CTL_BLKIO | 1u << CTL_MEMORY),
	   "names by blank, io is blkio");
	ok(ctl_set("name=cpu") == 1u << CTL_NAMED, "a named hierarchy has no controller");
	ok(ctl_set("") == 0 && ctl_of("cp", 2) < 0, "nothing");
}

static void test_keyed(void)
{
	uint64_t n = 0;

	ok(tree_keyed("populated 1\nfrozen 0\n", "frozen", &n) && n == 0, "second line");
	ok(tree_keyed("low 0\noom 3\noom_kill 4\n", "oom_kill", &n) && n == 4, "whole keys only");
	ok(tree_keyed("max 18446744073709551615", "max", &n) && n == UINT64_MAX,
	   "no newline, all 64 bits");
	ok(!tree_keyed("xoom 3\n", "oom", &n) && !tree_keyed("", "oom", &n), "not there");
}

int main(void)
{
	static char block[1 << 18];

	arena_init(&arena, block, sizeof(block));
	test_cgroupfs();
	test_systemd();
	test_long();
	test_layout();
	test_names();
	test_keyed();
	return done();
}
