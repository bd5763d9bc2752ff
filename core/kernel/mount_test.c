/* mount_test.c - mounts in a rootfs with hostile symlinks, in a new mount namespace. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/claim_test.h"
#include "core/kernel/mount.h"
#include "tests/without.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

static char block[65536];
static struct arena arena;
static char top[] = "/tmp/mount_test.XXXXXX";
static const char *rootfs;
static int later[8];

static const char *const dirs[] = { "root",	"root/proc",   "root/a",
				    "root/a/b", "root/sticky", "outside" };

static const struct {
	const char *name, *target;
} links[] = {
	{ "root/to_proc", "proc" },	    { "root/to_a", "/a" },
	{ "root/out", "../../../outside" }, { "root/trap", "nope/../../../../outside/x" },
	{ "root/dangling", "missing/dir" }, { "root/to_attr", "/proc/self/attr" },
};

static void make_tree(void)
{
	if (!mkdtemp(top) || chdir(top) < 0)
		exit(1);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdir(dirs[i], 0755) < 0)
			exit(1);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlink(links[i].target, links[i].name) < 0)
			exit(1);
	if (chmod("root/sticky", 01733) < 0)
		exit(1);
	rootfs = arena_printf(&arena, "%s/root", top);
}

/* A fresh mount namespace in which the rootfs is a mount, as rootfs_open leaves it. */
static int make_env(struct mount_env *env)
{
	*env = (struct mount_env){ .arena = &arena,
				   .root_path = rootfs,
				   .readonly_later = later,
				   .held = MOUNT_HELD_NONE };
	umask(0);
	if (unshare(CLONE_NEWNS) < 0)
		return -1;
	env->root = rootfs_open(&(struct rootfs_source){ .path = rootfs }, 0);
	return env->root;
}

static unsigned long magic_of(const char *path)
{
	struct statfs fs;

	return statfs(arena_printf(&arena, "%s%s", rootfs, path), &fs) < 0
		       ? 0
		       : (unsigned long)fs.f_type;
}

static int mount_one(struct mount_env *env, const char *type, const char *dest, const char *option)
{
	const char *options[] = { option };
	struct oci_mount m = {
		.destination = dest, .type = type, .source = type, .options = { options, !!option }
	};

	return mount_entry(env, &m);
}

/* Mounts, and the path where each is found or NULL if it is refused. */
static const struct {
	const char *type, *dest, *found; /* found NULL: refused */
} entries[] = {
	{ "tmpfs", "/a", "/a" },
	{ "tmpfs", "a/b/", "/a/b" },
	{ "tmpfs", "/to_a/b", "/a/b" },
	{ "tmpfs", "/new/deep", "/new/deep" },
	{ "tmpfs", "/dangling/x", "/missing/dir/x" },
	{ "tmpfs", "/out", "/outside" },
	{ "tmpfs", "/../../../a", "/a" },
	{ "tmpfs", "/", NULL },
	{ "tmpfs", "/a/..", NULL },
	{ "tmpfs", "/proc", NULL },
	{ "tmpfs", "/to_proc", NULL },
	{ "tmpfs", "/proc/self/attr", NULL },
	{ "tmpfs", "/a/../proc/self", NULL },
	{ "tmpfs", "/to_proc/self/attr", NULL },
	{ "tmpfs", "/to_attr", NULL },
	{ "proc", "/to_proc", NULL },
	{ "sysfs", "/to_a", NULL },
	{ "proc", "/proc", "/proc" },
	{ "nosuchfs", "/a", NULL },
};

static size_t current;

static int lands(void)
{
	struct mount_env env;
	const char *found = entries[current].found;

	WANT(make_env(&env) >= 0);
	if (!found) {
		WANT(mount_one(&env, entries[current].type, entries[current].dest, NULL) < 0);
		return 0;
	}
	WANT(!mount_one(&env, entries[current].type, entries[current].dest, NULL));
	WANT(magic_of(found) ==
	     (!strcmp(entries[current].type, "proc") ? SYS_PROC_MAGIC : SYS_TMPFS_MAGIC));
	return 0;
}

static int trapped(void)
{
	struct mount_env env;

	WANT(make_env(&env) >= 0);
	WANT(!mount_one(&env, "tmpfs", "/trap/y", NULL));
	WANT(magic_of("/outside/x/y") == SYS_TMPFS_MAGIC);
	WANT(!mount_one(&env, "tmpfs", "/none/../../../../outside/z", NULL));
	WANT(magic_of("/outside/z") == SYS_TMPFS_MAGIC);
	/* rmdir(2) fails if something was made there. */
	WANT(!rmdir(arena_printf(&arena, "%s/outside", top)));
	return 0;
}

static int mode_of(struct mount_env *env, const char *dest, const char *option)
{
	struct stat st;

	if (mount_one(env, "tmpfs", dest, option) < 0 ||
	    stat(arena_printf(&arena, "%s%s", rootfs, dest), &st) < 0)
		return -1;
	return st.st_mode & 07777;
}

static int modes(void)
{
	struct mount_env env;

	WANT(make_env(&env) >= 0);
	WANT(mode_of(&env, "/sticky", NULL) == 01733);
	WANT(mode_of(&env, "/sticky", "mode=700") == 0700);
	WANT(mode_of(&env, "/brand_new", NULL) == 01777);
	return 0;
}

static int read_only(void)
{
	struct mount_env env;
	const char *below = arena_printf(&arena, "%s/a/below", rootfs);

	WANT(make_env(&env) >= 0);
	WANT(!mount_one(&env, "tmpfs", "/a", "ro"));
	WANT(!mkdir(below, 0755)); /* a later entry may need it */
	WANT(!mount_finish(&env));
	WANT(mkdir(arena_printf(&arena, "%s/a/late", rootfs), 0755) < 0 && errno == EROFS);
	WANT(!env.nreadonly);
	return 0;
}

static int no_data_on_binds(void)
{
	struct mount_env env;
	const char *options[] = { "bind", "size=1" };
	struct oci_mount m = { .destination = "/a", .source = "/tmp", .options = { options, 2 } };

	WANT(make_env(&env) >= 0);
	WANT(mount_entry(&env, &m) < 0 && strstr(err_text(), "size=1"));
	return 0;
}

/* Exchanges two names, as a process can that shares the rootfs but not our mount namespace:
 * there they are not mounts and can be renamed. */
static int outside; /* the namespace before make_env */
static bool exchange(const char *a, const char *b)
{
	pid_t pid = fork();
	int status = 1;

	if (!pid)
		_exit(setns(outside, CLONE_NEWNS) < 0 || chdir(rootfs) < 0 ||
		      syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */) <
			      0);
	return waitpid(pid, &status, 0) == pid && !status;
}

static int exchanged(const char *type, const char *name, const char *hidden)
{
	struct mount_env env;
	struct rootfs_protect p = { .file.mnt = -1, .dir.mnt = -1 };
	const char *path = arena_printf(&arena, "%s/%s", rootfs, name);

	outside = openat(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	mkdir(path, 0755);
	mkdir(arena_printf(&arena, "%s/decoy", rootfs), 0755);
	mkdir(arena_printf(&arena, "%s/decoy/%s", rootfs, hidden), 0755);
	WANT(make_env(&env) >= 0 && outside >= 0);
	WANT(!mount_one(&env, type, arena_printf(&arena, "/%s", name), NULL));
	WANT(exchange(name, "decoy"));
	p.root = env.root;
	p.held = env.held;
	/* The mask must be on the mounted filesystem, not on the decoy. */
	path = arena_printf(&arena, "/%s/%s", name, hidden);
	WANT(!rootfs_mask_path(&p, path));
	WANT(!mount_one(&env, "tmpfs", arena_printf(&arena, "/%s/fs", name), NULL) ||
	     !strcmp(name, "proc"));
	WANT(exchange(name, "decoy"));
	WANT(magic_of(path) == SYS_TMPFS_MAGIC);
	if (!strcmp(name, "sys"))
		WANT(magic_of("/sys/fs") == SYS_TMPFS_MAGIC);
	return 0;
}

static int exchanged_sys(void)
{
	return exchanged("sysfs", "sys", "kernel");
}

static int exchanged_proc(void)
{
	return exchanged("proc", "proc", "bus");
}

static bool is_read_only(const char *name)
{
	struct statvfs st;

	return !statvfs(arena_printf(&arena, "%s/%s", rootfs, name), &st) && st.f_flag & ST_RDONLY;
}

/* A read-only bind whose path leads to another mount, which must not become read-only. */
static int bind_exchanged(bool old)
{
	struct mount_env env;
	int source, rc;
	const char *other = arena_printf(&arena, "%s/sticky", rootfs);

	WANT(make_env(&env) >= 0);
	source = openat(AT_FDCWD, "/tmp", O_PATH | O_CLOEXEC);
	WANT(!mount("other", other, "tmpfs", 0, NULL));
	if (!without(SYS_mount_setattr, ENOSYS) || (old && !without(SYS_open_tree, ENOSYS)))
		return CLAIM_SKIP;
	rc = mountapi_bind(
		&(struct mountapi_bind){ .source = source,
					 .change = MOUNTAPI_ADD,
					 .flags = MS_RDONLY,
					 .root = env.root,
					 .path = "/sticky",
					 .target = path_open(env.root, "/a", O_PATH, 0, 0) });
	WANT(old ? rc < 0 && strstr(err_text(), "exchanged") : !rc && is_read_only("a"));
	WANT(!is_read_only("sticky"));
	return 0;
}

static int bind_old(void)
{
	return bind_exchanged(true);
}

static int bind_5_2(void)
{
	return bind_exchanged(false);
}

/* held: the descriptor that is to be used, of root 3, proc 4 and sys 5 */
static int bases(void)
{
	static const struct {
		const char *path;
		int held;
		const char *rest;
	} rows[] = {
		{ "/srv/x", 3, "/srv/x" },
		{ "/proc", 3, "/proc" },
		{ "/procx/y", 3, "/procx/y" },
		{ "proc/x", 3, "proc/x" },
		{ "/proc/bus", 4, "bus" },
		{ "/proc/sys/kernel", 4, "sys/kernel" },
		{ "/proc//bus/", 4, "/bus/" },
		{ "/proc/..a/b..", 4, "..a/b.." },
		{ "/sys/firmware", 5, "firmware" },
		{ "/sys/./fs", 5, "./fs" },
		{ "/sys/...", 5, "..." },
		{ "/sys/..", 3, "/sys/.." },
		{ "/sys/../srv/secret", 3, "/sys/../srv/secret" },
		{ "/sys//../srv", 3, "/sys//../srv" },
		{ "/sys/./../srv", 3, "/sys/./../srv" },
		{ "/proc/../proc/version", 3, "/proc/../proc/version" },
		{ "/proc/../sys/kernel", 3, "/proc/../sys/kernel" },
		{ "/proc/self/../..", 3, "/proc/self/../.." },
		{ "/proc/device-tree", 3, "/proc/device-tree" },
		{ "/proc//device-tree/x", 3, "/proc//device-tree/x" },
	};
	struct mount_held held = { .proc = 4, .sys = 5, .dev = -1 };
	const struct mount_held none = MOUNT_HELD_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *path = rows[i].path;

		WANT(mount_base(&held, 3, &path) == rows[i].held && !strcmp(path, rows[i].rest));
		path = rows[i].path;
		WANT(mount_base(&none, 3, &path) == 3 && path == rows[i].path);
	}
	return 0;
}

/* Only machines with a device tree have this link, so a plain directory stands for procfs. */
static int masks_device_tree(void)
{
	struct rootfs_protect p = { .file.mnt = -1, .dir.mnt = -1, .held = MOUNT_HELD_NONE };
	struct mount_env env;

	mkdir(arena_printf(&arena, "%s/proc", rootfs), 0755);
	mkdir(arena_printf(&arena, "%s/tree", rootfs), 0755);
	(void)!symlink("/tree", arena_printf(&arena, "%s/proc/device-tree", rootfs));
	WANT(make_env(&env) >= 0);
	p.root = env.root;
	p.held.proc = path_open(env.root, "/proc", O_PATH | O_DIRECTORY, 0, 0);
	p.held.proc_is_new = true;
	WANT(p.held.proc >= 0);
	WANT(!rootfs_mask_path(&p, "/proc/device-tree"));
	WANT(magic_of("/tree") == SYS_TMPFS_MAGIC);
	return 0;
}

static int inside(void)
{
	static const struct {
		const char *root, *dest, *want;
	} rows[] = {
		{ "/c/root", "/c/root/x", "/x" },
		{ "/c/root", "/c/root", "/" },
		{ "/c/root", "/c//root/./x/", "/x" },
		{ "/c/root", "/c/root/../root/x", "/x" },
		{ "/c/root", "/c/rootx", "/c/rootx" },
		{ "/c/root", "/c/x", "/c/x" },
		{ "/c/root", "/x/c/root", "/x/c/root" },
		{ "/c/root", "c/root/x", "c/root/x" },
		{ "/", "/x", "/x" },
		{ "/c/root", "/x/../a/", "/x/../a/" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		WANT(!strcmp(mount_inside(&arena, rows[i].root, rows[i].dest), rows[i].want));
	return 0;
}

#define SETNS "setns(2) to a mount namespace, as it has threads of its own"

static const struct claim claims[] = {
	{ "mount_base uses the descriptor of /proc or /sys for a path that stays there", bases,
	  false },
	{ "a mask of /proc/device-tree is where that leads to", masks_device_tree, true },
	{ "mount_inside cuts the path of the root off a destination", inside, false },
	{ "masks and mounts find /sys although its name was exchanged", exchanged_sys, true,
	  SETNS },
	{ "masks and mounts find /proc although its name was exchanged", exchanged_proc, true,
	  SETNS },
	{ "without mount_setattr a bind is read-only although its path was exchanged", bind_5_2,
	  true },
	{ "without open_tree a bind whose path was exchanged is refused", bind_old, true },
	{ "missing directories are not made outside of the root", trapped, true },
	{ "a tmpfs has the mode of the directory below it, or of its option", modes, true },
	{ "a tmpfs with ro becomes read-only at the end", read_only, true },
	{ "a bind with an option of a filesystem is refused", no_data_on_binds, true },
};

int main(void)
{
	arena_init(&arena, block, sizeof(block));
	make_tree();
	for (current = 0; current < ARRAY_SIZE(entries); current++) {
		struct claim c = { arena_printf(&arena, "%s on %s", entries[current].type,
						entries[current].dest),
				   lands, true };

		claims_try(&c, 1);
	}
	claims_try(claims, ARRAY_SIZE(claims));
	if (chdir("/") < 0 || system(arena_printf(&arena, "rm -rf %s", top)))
		printf("# %s is left\n", top);
	return done();
}
