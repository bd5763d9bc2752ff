/* paths_test.c - the directories of a cgroupsPath; /proc/self/cgroup and mountinfo. */
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
		const char *unit, *slice, *dir; /* unit NULL: refused; slice is the message */
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
			is_str(err_text(), rows[i].slice, "the message for %s", path);
			continue;
		}
		ok(ret == 0, "%s is accepted", path);
		is_str(u.unit, rows[i].unit, "the unit of %s", path);
		is_str(u.slice, rows[i].slice, "the slice of %s", path);
		is_str(u.dir, rows[i].dir, "the directory of %s", path);
	}
}

/* The directory of a slice repeats its name for each dash, so its length has to be limited. */
static void test_long(void)
{
	char text[6100], *to = text;
	struct unit_path u;

	for (int i = 0; i < 3000; i++)
		to = stpcpy(to, i ? "-a" : "a");
	strcpy(to, ".slice:p:n");
	ok(paths_systemd(&arena, text, "id", false, &u) < 0, "a slice of 3000 levels is refused");
	ok(strlen(err_text()) < 300, "the message is short");
	memset(text, 'n', 300);
	strcpy(text + 245, ".scope");
	ok(paths_systemd(&arena, NULL, text, false, &u) < 0, "a unit of 262 bytes is refused");
	text[244] = 0;
	ok(paths_systemd(&arena, NULL, text, false, &u) == 0,
	   "a unit of 255 bytes is accepted: %zu", strlen(u.unit));
	to = text;
	for (int i = 0; i < 125; i++)
		to = stpcpy(to, i ? "-a" : "a");
	strcpy(to, ".slice::n");
	ok(paths_systemd(&arena, text, "id", false, &u) == 0, "a slice of 125 levels is accepted");
}

static void test_layout(void)
{
	char cgroups[] = "12:cpu,cpuacct:/docker/x/y\n11:name=systemd:/docker/x\n3:memory:/other\n"
			 "2:net_cls,net_prio:/\n0::/../z\n",
	     dots[] = "0::/..z/y\n";
	char mounts[] =
		"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		"32 31 0:29 /docker/x /my\\040cg/cpu rw shared:1 - cgroup cgroup rw,cpu,cpuacct\n"
		"33 31 0:30 /docker/x /cg/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
		"34 31 0:31 /docker/x /cg/memory rw - cgroup cgroup rw,memory\n"
		"35 31 0:31 / /cg/again rw - cgroup cgroup rw,memory\n"
		"36 31 0:41 / /cg/unified rw - cgroup2 cgroup2 rw,nsdelegate\n";
	struct layout l = { 0 }, other = { 0 };

	ok(layout_parse(&arena, cgroups, &l) == 0 && l.n == 5, "five hierarchies are found");
	ok(l.at[0].ctls == (1u << CTL_CPU | 1u << CTL_CPUACCT), "the first has two controllers");
	ok(l.at[1].ctls == 1u << CTL_NAMED, "the second is named");
	is_str(l.at[4].own, "/", "a cgroup outside of our cgroup namespace becomes the root");
	ok(layout_parse(&arena, dots, &other) == 0, "a cgroup whose name begins with .. is read");
	is_str(other.at[0].own, "/..z/y", "its path stays");
	layout_mountinfo(&arena, mounts, &l, NULL);
	is_str(l.at[0].mount, "/my cg/cpu", "a mount point with a blank is decoded");
	is_str(l.at[0].own, "/y", "own cgroup below the root of the mount");
	is_str(l.at[1].own, "/", "own cgroup at the root of the mount");
	is_str(l.at[2].mount, "/cg/memory", "the first of two mounts is used");
	is_str(l.at[2].own, "/", "own cgroup that the mount does not show");
	ok(!l.at[3].mount, "a hierarchy that is not mounted has no mount point");
	is_str(l.at[4].mount, "/cg/unified", "v2 is found");
	ok(layout_parse(&arena, (char[]){ "nonsense\n" }, &l) < 0,
	   "a line in another form is refused");
}

static void test_names(void)
{
	ok(ctl_set("cpu,cpuacct") == (1u << CTL_CPU | 1u << CTL_CPUACCT),
	   "names with commas between them");
	ok(ctl_set("cpuset cpu io memory\n") ==
		   (1u << CTL_CPUSET | 1u << CTL_CPU | 1u << CTL_BLKIO | 1u << CTL_MEMORY),
	   "names with blanks between them; io is blkio");
	ok(ctl_set("name=cpu") == 1u << CTL_NAMED, "the name of a hierarchy is not a controller");
	ok(ctl_set("") == 0 && ctl_of("cp", 2) < 0, "an empty list, and a part of a name");
}

static void test_keyed(void)
{
	uint64_t n = 0;

	ok(tree_keyed("populated 1\nfrozen 0\n", "frozen", &n) && n == 0,
	   "the number of a key in the second line");
	ok(tree_keyed("low 0\noom 3\noom_kill 4\n", "oom_kill", &n) && n == 4,
	   "a key that is the begin of the wanted one is another key");
	ok(tree_keyed("max 18446744073709551615", "max", &n) && n == UINT64_MAX,
	   "a number of 64 bits, without a newline");
	ok(!tree_keyed("xoom 3\n", "oom", &n) && !tree_keyed("", "oom", &n), "no such key");
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
