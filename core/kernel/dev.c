/* dev.c - device nodes, the links of /dev and ptmx (runtime-spec "Devices", "Default Devices"). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#define OVERFLOW_ID 65534 /* a user namespace shows this for an id that it does not map */

/* runtime-spec "Default Devices". A device of the config at the same path replaces the row. */
static const struct oci_device default_devices[] = {
	{ .type = 'c', .path = "/dev/null", .major = 1, .minor = 3 },
	{ .type = 'c', .path = "/dev/zero", .major = 1, .minor = 5 },
	{ .type = 'c', .path = "/dev/full", .major = 1, .minor = 7 },
	{ .type = 'c', .path = "/dev/random", .major = 1, .minor = 8 },
	{ .type = 'c', .path = "/dev/urandom", .major = 1, .minor = 9 },
	{ .type = 'c', .path = "/dev/tty", .major = 5, .minor = 0 },
};

static const struct {
	const char *name, *target, *only_if; /* only_if: the link is made only if this exists */
} links[] = {
	{ "fd", "/proc/self/fd", NULL },	  { "stdin", "/proc/self/fd/0", NULL },
	{ "stdout", "/proc/self/fd/1", NULL },	  { "stderr", "/proc/self/fd/2", NULL },
	{ "core", "/proc/kcore", "/proc/kcore" },
};

/* Makes devices. It keeps the directory of the last one open, since most are in the same. */
struct maker {
	const struct dev_env *env;
	struct oci_device *devices; /* the config's, by clean paths */
	size_t n;
	int dev; /* the container's /dev */
	int dir; /* dev, or another directory */
	const char *dir_path;
};

/*
 * Opens a directory, or makes it, without following symlinks: one of the image would make us create
 * nodes, and remove ptmx, in another directory, which may be the host's (CVE-2026-41579).
 */
static int open_directory(int base, const char *path, const char *shown)
{
	int fd = path_open(base, path, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);

	if (fd < 0 && err_num() == ENOENT) {
		err_clear("the directory is made now");
		fd = path_mkdirs_new(base, path, 0755, RESOLVE_NO_SYMLINKS);
	}
	if (fd < 0 && err_num() == ELOOP)
		return failx("%s is or leads through a symlink, below which no device is made",
			     shown);
	return fd;
}

/* Opens the directory of a device, whose path is clean. */
static int open_parent(struct maker *k, const char *path, const char **last)
{
	const char *dir, *slash = strrchr(path, '/');

	*last = slash + 1;
	if (!**last)
		return failx("it does not end in a name");
	if (k->dir >= 0 && strlen(k->dir_path) == (size_t)(slash - path) &&
	    !strncmp(k->dir_path, path, slash - path))
		return 0;
	if (k->dir != k->dev)
		fd_close(&k->dir);
	dir = arena_strndup(k->env->arena, path, slash - path);
	/* /dev is not looked up again: its name may have been exchanged. */
	k->dir = !strcmp(dir, "/dev")	     ? k->dev
		 : !strncmp(dir, "/dev/", 5) ? open_directory(k->dev, dir + 5, dir)
					     : open_directory(k->env->root, dir, dir);
	k->dir_path = dir;
	return k->dir < 0 ? -1 : 0;
}

static mode_t file_type(int type)
{
	return type == 'c' ? S_IFCHR : type == 'b' ? S_IFBLK : S_IFIFO;
}

/* A file that exists must be the device of the config (runtime-spec "Devices"). */
static int check_existing(int dir, const char *name, const struct oci_device *d)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("stat device %s", d->path);
	if ((st.st_mode & S_IFMT) != file_type(d->type) ||
	    (d->type != 'p' && st.st_rdev != makedev(d->major, d->minor)))
		return failx("%s exists and is not the requested device %c %d:%d", d->path, d->type,
			     (int)d->major, (int)d->minor);
	return 0;
}

/*
 * Returns a detached mount of the node in the tmpfs. KERNEL 6.15: a copy of a detached mount
 * (EINVAL); so the tmpfs is attached on the device's directory while it is copied.
 */
static int clone_node(int tmp, int dir)
{
	char path[FD_PATH_MAX];
	int mnt;

	if (mountapi_attach(tmp, dir) < 0)
		return -1;
	mnt = mountapi_clone(tmp, "node", 0);
	if (umount2(path_of_fd(path, tmp), MNT_DETACH) < 0) {
		fd_close(&mnt);
		return fail("unmount the device's tmpfs");
	}
	return mnt;
}

/* True if the payload may own the inode: with CAP_SYS_ADMIN in its user namespace it could make the
 * mount writable and then change the inode. */
static bool is_owned_inside(const struct maker *k, int node)
{
	struct stat st;

	return WITH_USERNS && k->env->userns && !fstat(node, &st) && st.st_uid != OVERFLOW_ID;
}

/* Opens the node that is bound: the host's, or one that the parent makes if the host has none or an
 * id of the container owns it. */
static int open_node(struct maker *k, const struct oci_device *d, size_t index, bool *made)
{
	int tmp __cleanup(fd_close) = -1;
	int fd __cleanup(fd_close) = openat(AT_FDCWD, d->path, O_PATH | O_CLOEXEC);

	if (fd >= 0 && !is_owned_inside(k, fd))
		return fd_take(&fd);
	if (fd < 0) {
		fail("open device %s of the host", d->path);
		if (err_num() != ENOENT || !WITH_USERNS || !k->env->userns)
			return -1;
	}
	tmp = k->env->make_node(k->env->arg, index);
	if (tmp < 0)
		return -1;
	/* 0: the parent cannot make nodes either. */
	if (!tmp) {
		tmp = -1;
		return fd >= 0 ? fd_take(&fd) : failx("device %s cannot be made", d->path);
	}
	*made = true;
	return clone_node(tmp, k->dir);
}

/* Binds the host's node over an empty file, for a process that may not make nodes. The
 * mount is read-only: writing to the device still works, but changing the inode does not. */
static int bind_device(struct maker *k, const char *name, const struct oci_device *d, size_t index)
{
	bool made = false;
	int source __cleanup(fd_close) = open_node(k, d, index, &made);
	int target __cleanup(fd_close) = -1;
	struct stat st;

	if (source < 0)
		return -1;
	if (fstat(source, &st) < 0)
		return fail("stat device %s", d->path);
	if ((st.st_mode & S_IFMT) != file_type(d->type) ||
	    (d->type != 'p' && st.st_rdev != makedev(d->major, d->minor)))
		return failx("%s of the host is not the device %c %d:%d", d->path, d->type,
			     (int)d->major, (int)d->minor);
	target = openat(k->dir, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (target < 0 && errno == EEXIST)
		target = openat(k->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return fail("create %s", d->path);
	return mountapi_bind(&(struct mountapi_bind){
		.source = source,
		.detached = made,
		.target = target,
		.root = k->env->root,
		.path = d->path,
		.change = MOUNTAPI_ADD,
		.flags = made ? MS_NOSUID | MS_NOEXEC : MS_RDONLY | MS_NOSUID | MS_NOEXEC });
}

/* index counts the config's devices and then the defaults. */
static int make_device(struct maker *k, const struct oci_device *d, size_t index)
{
	mode_t mode = d->file_mode ? *d->file_mode & 07777 : 0666;
	uint32_t uid = d->uid ? *d->uid : 0, gid = d->gid ? *d->gid : 0;
	const char *name;

	if (open_parent(k, d->path, &name) < 0)
		return fail_in("device %s", d->path);
	if (WITH_USERNS && k->env->userns && d->type != 'p')
		return bind_device(k, name, d, index);
	if (mknodat(k->dir, name, mode | file_type(d->type), makedev(d->major, d->minor)) < 0) {
		if (errno == EPERM && d->type != 'p')
			return bind_device(k, name, d, index);
		if (errno == EEXIST)
			return check_existing(k->dir, name, d);
		return fail("create device %s", d->path);
	}
	/* mknod(2) has set the exact mode, since the umask is 0 while the container is made. */
	if ((uid || gid) && fchownat(k->dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("set owner of %s", d->path);
	return 0;
}

static bool configured(const struct maker *k, const char *path)
{
	for (size_t i = 0; i < k->n; i++)
		if (!strcmp(k->devices[i].path, path))
			return true;
	return false;
}

/* Makes "/dev//x/" and "dev/x" the path /dev/x, as runc does when it joins them to the root. */
static void clean_paths(struct maker *k, const struct oci_linux *l)
{
	k->n = l->devices.n;
	k->devices = arena_alloc(k->env->arena, (k->n + 1) * sizeof(*k->devices));
	for (size_t i = 0; i < k->n; i++) {
		k->devices[i] = l->devices.at[i];
		k->devices[i].path = path_clean(
			k->env->arena, arena_printf(k->env->arena, "/%s", l->devices.at[i].path));
	}
}

static int make_links(const struct maker *k)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		if (links[i].only_if && access(links[i].only_if, F_OK) < 0)
			continue;
		if (symlinkat(links[i].target, k->dev, links[i].name) < 0 && errno != EEXIST)
			return fail("create symlink /dev/%s", links[i].name);
	}
	/* A ptmx of the image, or a node, would belong to the host's devpts: replace
	 * it by the link. */
	if (!symlinkat("pts/ptmx", k->dev, "ptmx"))
		return 0;
	if (errno == EEXIST && !unlinkat(k->dev, "ptmx", 0) &&
	    !symlinkat("pts/ptmx", k->dev, "ptmx"))
		return 0;
	return fail("create symlink /dev/ptmx");
}

int dev_setup(const struct dev_env *env, const struct oci_config *c)
{
	int own __cleanup(fd_close) = env->dev < 0 ? open_directory(env->root, "/dev", "/dev") : -1;
	int dev = env->dev < 0 ? own : env->dev;
	struct maker k = { .env = env, .dev = dev, .dir = dev, .dir_path = "/dev" };
	int rc = 0;

	if (dev < 0)
		return fail_in("devices");
	clean_paths(&k, c->linux);
	for (size_t i = 0; !rc && i < ARRAY_SIZE(default_devices); i++)
		if (!configured(&k, default_devices[i].path))
			rc = make_device(&k, &default_devices[i], k.n + i);
	for (size_t i = 0; !rc && i < k.n; i++)
		if (strcmp(k.devices[i].path, "/dev/ptmx"))
			rc = make_device(&k, &k.devices[i], i);
	if (k.dir != dev)
		fd_close(&k.dir);
	return rc ? rc : make_links(&k);
}

/* ---- nodes on a private tmpfs ---------------------------------------------------------------- */

/* Makes a device node "node" on a detached tmpfs, which exists as long as it has a user.
 * KERNEL 5.2: fsopen(2) (ENOSYS); the call fails without it. */
static int make_private(mode_t mode, unsigned major, unsigned minor)
{
	int tmp __cleanup(fd_close) =
		mountapi_new("tmpfs", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755");

	if (tmp < 0)
		return -1;
	if (mknodat(tmp, "node", mode, makedev(major, minor)) < 0)
		return fail("make a device node %u:%u", major, minor);
	return fd_take(&tmp);
}

static int make_node(const struct oci_linux *l, const struct oci_device *d)
{
	mode_t mode = d->file_mode ? *d->file_mode & 07777 : 0666;
	int64_t uid = oci_host_id(&l->uid_mappings, d->uid ? *d->uid : 0);
	int64_t gid = oci_host_id(&l->gid_mappings, d->gid ? *d->gid : 0);
	int tmp __cleanup(fd_close) = -1;

	if (uid < 0 || gid < 0)
		return failx("its owner is not mapped in the user namespace");
	tmp = make_private(file_type(d->type), d->major, d->minor);
	if (tmp < 0)
		return -1;
	/* The mode is set last: mknod(2) has applied the caller's umask, and chown(2)
	 * clears set-id bits. */
	if (fchownat(tmp, "node", uid, gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    sys_chmodat(tmp, "node", mode) < 0)
		return fail("give it its owner and mode");
	return fd_take(&tmp);
}

int dev_make_node(const struct oci_linux *l, size_t index)
{
	const struct oci_device *d;
	int tmp;

	if (index >= l->devices.n + ARRAY_SIZE(default_devices))
		return failx("init asks for device %zu of %zu", index, l->devices.n);
	d = index < l->devices.n ? &l->devices.at[index] : &default_devices[index - l->devices.n];
	tmp = make_node(l, d);
	if (tmp < 0 && sys_exists(AT_FDCWD, d->path)) {
		err_clear("the node of the host is bound, read-only");
		return 0;
	}
	return tmp < 0 ? fail_in("device %s is not on the host and has to be made", d->path) : tmp;
}

int dev_blank(int dir)
{
	int tmp __cleanup(fd_close) = mountapi_new(
		"tmpfs", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=0755,size=4k");
	int file __cleanup(fd_close) = -1;

	if (tmp < 0)
		return -1;
	file = openat(tmp, "node", O_RDONLY | O_CREAT | O_CLOEXEC, 0444);
	return file < 0 ? fail("create an empty file") : clone_node(tmp, dir);
}

int dev_open_private(mode_t type, unsigned major, unsigned minor, int flags)
{
	int tmp __cleanup(fd_close) = make_private(type | 0666, major, minor);
	int fd;

	if (tmp < 0)
		return -1;
	fd = openat(tmp, "node", flags | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? fail("open a device node %u:%u", major, minor) : fd;
}

bool dev_is_null(const struct stat *st)
{
	/* The number must be 1:3, not just equal to that of /dev/null: a pipe has rdev 0
	 * (CVE-2026-88265). */
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* Opens the container's /dev/null, or a null device on a private tmpfs if the
 * container has none. */
static int open_null(int root)
{
	int fd __cleanup(fd_close) = path_open(root, "/dev/null", O_RDWR | O_NOFOLLOW | O_NOCTTY, 0,
					       RESOLVE_NO_SYMLINKS);
	struct stat st;

	if (fd < 0 && err_is_shortage())
		return -1;
	if (fd >= 0 && fstat(fd, &st) < 0)
		return fail("stat the container's /dev/null");
	if (fd >= 0 && dev_is_null(&st))
		return fd_take(&fd);
	err_clear("a node on a private tmpfs replaces it");
	return dev_open_private(S_IFCHR, 1, 3, O_RDWR);
}

int dev_reopen_null(int root, int from, int end)
{
	int null __cleanup(fd_close) = -1;
	struct stat st;

	for (int fd = from; fd < end; fd++) {
		if (fstat(fd, &st) < 0 || !dev_is_null(&st))
			continue;
		if (null < 0)
			null = open_null(root);
		if (null < 0) {
			/* No node can be made in a user namespace. The host's may stay if
			 * the namespace does not map its owner: then no process in it can
			 * change the inode. */
			if (st.st_uid != OVERFLOW_ID)
				return fail_in("replace the null device of descriptor %d", fd);
			err_clear("its owner is not in this user namespace");
			return 0;
		}
		if (dup3(null, fd, 0) < 0)
			return fail("replace descriptor %d", fd);
	}
	return 0;
}
