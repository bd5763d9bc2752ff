/* rootfs.c - the root directory: bound, masked, made read-only, switched to (pivot_root(2)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

/*
 * Goes to the root of this mount namespace: setns(2) to one's own namespace sets root and working
 * directory to it. That is the way out of a plain chroot, whose "/" is no mount and can be neither
 * made private nor pivoted.
 */
static int enter_own_root(void)
{
	int ns __cleanup(fd_close) = openat(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (ns < 0)
		return fail("open /proc/self/ns/mnt");
	if (setns(ns, CLONE_NEWNS) < 0)
		return fail("go to the root of the mount namespace");
	return 0;
}

/* As above, and back: only the propagation is changed. */
static int propagate_from_chroot(unsigned long propagation)
{
	int root __cleanup(fd_close) = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int cwd __cleanup(fd_close) = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || cwd < 0)
		return fail("open /");
	if (enter_own_root() < 0)
		return -1;
	if (mount(NULL, "/", NULL, propagation, NULL) < 0)
		return fail("change the propagation of /");
	if (fchdir(root) < 0 || chroot(".") < 0 || fchdir(cwd) < 0)
		return fail("return to the chroot");
	return 0;
}

/*
 * pivot_root(2) wants no shared mount around the new root, and the bind on it must not appear on the
 * host: the mount that holds path takes part in nothing (checklist Q-04). Which one that is only
 * trying tells: EINVAL means path is no mount, its parent may be.
 */
static int make_holder_private(const char *path)
{
	char holder[PATH_MAX];

	if (snprintf(holder, sizeof(holder), "%s", path) >= (int)sizeof(holder))
		return failx("%s: path is too long", path);
	for (;;) {
		char *slash = strrchr(holder, '/');

		if (!mount(NULL, *holder ? holder : "/", NULL, MS_PRIVATE, NULL))
			return 0;
		if (errno != EINVAL || !slash)
			return fail("make the mount that holds %s private", path);
		*slash = 0;
	}
}

static int put_root(const struct rootfs_source *src)
{
	if (src->overlay)
		return overlay_mount(&(struct overlay){ .at = src->at,
							.lower = src->image ? NULL : src->path,
							.image = src->image,
							.size = src->overlay,
							.userns = src->userns });
	if (src->image)
		return image_attach(src->image, src->at);
	if (mount(src->path, src->path, NULL, MS_BIND | MS_REC, NULL) < 0)
		return fail("bind %s on itself", src->path);
	return 0;
}

int rootfs_open(const struct rootfs_source *src, unsigned long propagation)
{
	const char *path = src->image || src->overlay ? src->at : src->path;
	int root;

	/* An unbindable mount could not be bound: that comes after the switch. */
	if (propagation & MS_UNBINDABLE)
		propagation = MS_PRIVATE | MS_REC;
	if (!propagation)
		propagation = MS_SLAVE | MS_REC;
	/* With "/" alone cut off, all below it would stay one with the host's, and letting go of the
	 * old root unmount that there too. */
	if (!(propagation & MS_SHARED))
		propagation |= MS_REC;
	/* Nothing that is mounted from here on may reach the host. */
	if (mount(NULL, "/", NULL, propagation, NULL) < 0) {
		if (errno != EINVAL)
			return fail("change the propagation of /");
		if (propagate_from_chroot(propagation) < 0)
			return -1;
	}
	if (propagation & MS_SHARED && make_holder_private(path) < 0)
		return -1;
	if (put_root(src) < 0)
		return -1;
	root = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail("open %s", path);
	return root;
}

/* ---- masks ------------------------------------------------------------------------------------------ */

/* 1: the target of b is open. 0: there is nothing to hide. */
static int open_present(const struct rootfs_protect *p, const char *path, struct mountapi_bind *b)
{
	bool in_proc = p->proc >= 0 && !strncmp(path, "/proc/", 6);

	b->root = in_proc ? p->proc : p->root;
	b->path = in_proc ? path + 6 : path;
	b->target = path_open(b->root, b->path, O_PATH, 0, 0);
	if (b->target >= 0)
		return 1;
	if (err_num() != ENOENT && err_num() != ENOTDIR)
		return -1;
	err_clear("not there: nothing to protect");
	return 0;
}

int rootfs_readonly_path(struct rootfs_protect *p, const char *path)
{
	struct mountapi_bind b = {
		.recursive = true, .change = MOUNTAPI_ADD, .flags = MS_RDONLY, .done = &p->done
	};
	int rc, found = open_present(p, path, &b);

	if (found <= 0)
		return found;
	b.source = b.target;
	rc = mountapi_bind(&b);
	fd_pool_put(&p->done, &b.target);
	return rc;
}

/* What covers files: the host's null device, opened by us and looked at (2025-31133: never the
 * container's own). */
static int open_null(int *fd)
{
	struct stat st;

	if (*fd >= 0)
		return 0;
	*fd = openat(AT_FDCWD, "/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return fail("open /dev/null");
	if (fstat(*fd, &st) < 0)
		return fail("stat /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return failx("/dev/null of the host is not the null device 1:3");
	return 0;
}

/* What covers directories: one empty tmpfs for all, mounted on the first. */
static int mount_empty(struct rootfs_protect *p, const struct mountapi_bind *b)
{
	struct mountapi_fresh f = { .fstype = "tmpfs",
				    .data = "mode=0555",
				    .flags = MS_NOSUID | MS_NODEV | MS_NOEXEC,
				    .root = b->root,
				    .path = b->path,
				    .target = b->target };
	char data[512];

	if (p->label) {
		if (snprintf(data, sizeof(data), "mode=0555,context=\"%s\"", p->label) >=
		    (int)sizeof(data))
			return failx("mount label is too long");
		f.data = data;
	}
	p->dir = mountapi_fresh(&f);
	return p->dir < 0 ? -1 : mountapi_setattr(p->dir, false, MOUNT_ATTR_RDONLY, 0);
}

static int mask(struct rootfs_protect *p, struct mountapi_bind *b)
{
	struct stat st;

	if (fstat(b->target, &st) < 0)
		return fail("stat");
	if (!S_ISDIR(st.st_mode)) {
		if (open_null(&p->null) < 0)
			return -1;
		b->source = p->null;
		return mountapi_bind(b);
	}
	if (p->dir < 0)
		return mount_empty(p, b);
	b->source = p->dir; /* read-only as the first is */
	return mountapi_bind(b);
}

int rootfs_mask_path(struct rootfs_protect *p, const char *path)
{
	struct mountapi_bind b = { .done = &p->done };
	int rc, found = open_present(p, path, &b);

	if (found <= 0)
		return found;
	rc = mask(p, &b);
	fd_pool_put(&p->done, &b.target);
	return rc;
}

int rootfs_readonly(int root)
{
	struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY;
	char path[FD_PATH_MAX];

	if (!sys_mount_setattr(root, "", AT_EMPTY_PATH, &attr))
		return 0;
	/* KERNEL 5.12: mount_setattr(2) (ENOSYS); remount, with the flags that are there and may be
	 * locked. */
	if (mountapi_flags(root, &flags) < 0)
		return -1;
	if (mount(NULL, path_of_fd(path, root), NULL, flags, NULL) < 0)
		return fail("make the root filesystem read-only");
	return 0;
}

/* ---- the switch ------------------------------------------------------------------------------------- */

/*
 * pivot_root(2) cannot replace the root of a mount namespace that hangs on nothing, as an initramfs
 * does: an empty tmpfs is laid over it, becomes the root, takes the container's mount and is what
 * pivot_root then replaces. (Linux 7.0 has nullfs below everything and needs none of this.)
 */
static int cover_root(int root)
{
	int cover __cleanup(fd_close) = mountapi_new("tmpfs", "tmpfs", 0, "mode=0755");
	int top __cleanup(fd_close) = -1;

	if (cover < 0 || mkdirat(cover, "new", 0755) < 0)
		return fail_in("cover the initramfs");
	top = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return fail("open /");
	if (mountapi_attach(cover, top) < 0)
		return fail_in("cover the initramfs");
	if (fchdir(cover) < 0 || chroot(".") < 0)
		return fail("enter the cover of the initramfs");
	if (sys_move_mount(root, "", cover, "new", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fail("move the root filesystem off the initramfs");
	return 0;
}

static int pivot(int root)
{
	if (fchdir(root) < 0)
		return fail("enter the root filesystem");
	return sys_pivot_root(".", ".");
}

int rootfs_pivot(int root, unsigned long propagation)
{
	int old __cleanup(fd_close) = -1;

	if (propagation & MS_SHARED) {
		old = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (old < 0)
			return fail("open /");
	}
	if (pivot(root) < 0) {
		if (errno != EINVAL)
			return fail("pivot_root");
		if (enter_own_root() < 0)
			return -1;
		if (pivot(root) < 0) {
			if (errno != EINVAL)
				return fail("pivot_root");
			if (cover_root(root) < 0)
				return -1;
			if (pivot(root) < 0)
				return fail("pivot_root");
		}
	}
	/* The old root now lies on top of the new one. Where it is shared, letting go of it would
	 * unmount the host's: it becomes a slave first. */
	if (old >= 0 && mountapi_propagation(old, MS_SLAVE | MS_REC) < 0)
		return -1;
	/* The working directory is the new root already (pivot_root(2)). */
	if (umount2(".", MNT_DETACH) < 0)
		return fail("unmount the old root");
	/* What was asked holds for the container's own root too (checklist Q-03). */
	if (propagation & (MS_SHARED | MS_SLAVE | MS_UNBINDABLE) &&
	    mount(NULL, "/", NULL, propagation, NULL) < 0)
		return fail("change the propagation of the new root");
	return 0;
}

int rootfs_move(int root)
{
	char path[FD_PATH_MAX];

	if (fchdir(root) < 0)
		return fail("enter the root filesystem");
	if (mount(path_of_fd(path, root), "/", NULL, MS_MOVE, NULL) < 0)
		return fail("move the root filesystem to /");
	return rootfs_chroot(root);
}

int rootfs_chroot(int root)
{
	if (fchdir(root) < 0)
		return fail("enter the root filesystem");
	if (chroot(".") < 0)
		return fail("chroot to the root filesystem");
	if (chdir("/") < 0)
		return fail("enter the new root");
	return 0;
}
