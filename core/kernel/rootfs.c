/* rootfs.c - binds, masks and protects the root directory, and switches to it (pivot_root(2)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/*
 * Leaves a chroot: setns(2) to our own mount namespace sets the root and the working directory to
 * the root of the namespace.
 */
static int enter_own_root(void)
{
	int ns __cleanup(fd_close) = sys_pidfd_open(getpid());

	if (ns >= 0 && !setns(ns, CLONE_NEWNS))
		return 0;
	/* KERNEL 5.8: setns(2) by pidfd (EINVAL; pidfd_open(2) ENOSYS before 5.3);
	 * by /proc instead. */
	fd_close(&ns);
	ns = openat(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return fail("open /proc/self/ns/mnt");
	if (setns(ns, CLONE_NEWNS) < 0)
		return fail("go to the root of the mount namespace");
	return 0;
}

/* Leaves the chroot to change the propagation of /, and returns to it. */
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
 * Makes the mount that path is on private: pivot_root(2) refuses a shared mount around the
 * new root, and the bind on path must not appear on the host. EINVAL means that the path is not a
 * mount point, so its parent directories are tried.
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
	if (WITH_OVERLAY && src->overlay)
		return overlay_mount(&(struct overlay){ .at = src->at,
							.lower = src->image ? NULL : src->path,
							.image = src->image,
							.size = src->overlay,
							.userns = src->userns });
	if (src->image)
		return image_attach(src->image, src->at);
	if (!mount(src->path, src->path, NULL, MS_BIND | MS_REC, NULL))
		return 0;
	fail("bind %s on itself", src->path);
	return src->userns && err_num() == EACCES
		       ? fail_hint("its user namespace must be able to search each directory")
		       : -1;
}

int rootfs_open(const struct rootfs_source *src, unsigned long propagation)
{
	const char *path = src->image || src->overlay ? src->at : src->path;
	int root;

	/* An unbindable mount cannot be bound, so rootfs_pivot makes it unbindable at the end. */
	if (propagation & MS_UNBINDABLE)
		propagation = MS_PRIVATE | MS_REC;
	if (!propagation)
		propagation = MS_SLAVE | MS_REC;
	/* Without MS_REC the mounts below "/" would stay peers of the host's, and unmounting the
	 * old root would unmount them on the host too. */
	if (!(propagation & MS_SHARED))
		propagation |= MS_REC;
	/* From here on no mount propagates to the host. */
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

/* ---- masks ----------------------------------------------------------------------------------- */

/* Opens the target of b. Returns 1; 0: the path does not exist; -1: error. */
static int open_present(struct mountapi_bind *b)
{
	b->target = path_open(b->root, b->path, O_PATH, 0, 0);
	if (b->target >= 0)
		return 1;
	if (err_num() != ENOENT && err_num() != ENOTDIR)
		return -1;
	err_clear("a path that does not exist needs no protection");
	return 0;
}

/* True for a name directly in a new /proc or /sys: only the kernel makes names there, and a symlink
 * leads to the same filesystem. So it may be used by its path; others are opened first. */
static bool is_made_by_kernel(const struct rootfs_protect *p, const struct mountapi_bind *b)
{
	return ((b->root == p->held.proc && p->held.proc_is_new) ||
		(b->root == p->held.sys && p->held.sys_is_new)) &&
	       *b->path && *b->path != '.' && !strchr(b->path, '/') &&
	       strlen(b->path) + FD_PATH_MAX < MOUNT_AT_MAX;
}

/* Covers a name by a read-only copy of its own mount. False: not done, for any reason. */
static bool readonly_by_name(struct rootfs_protect *p, const struct mountapi_bind *b)
{
	struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int mnt = sys_open_tree(b->root, b->path, OPEN_TREE_CLONE | AT_RECURSIVE);
	bool done;

	if (mnt < 0)
		return errno == ENOENT;
	done = !sys_mount_setattr(mnt, "", AT_EMPTY_PATH, &attr) &&
	       !sys_move_mount(mnt, "", b->root, b->path,
			       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
	fd_pool_put(&p->done, &mnt);
	return done;
}

int rootfs_readonly_path(struct rootfs_protect *p, const char *path)
{
	struct mountapi_bind b = { .recursive = true,
				   .change = MOUNTAPI_ADD,
				   .flags = MS_RDONLY,
				   .path = path,
				   .done = &p->done };
	int rc, found;

	b.root = mount_base(&p->held, p->root, &b.path);
	if (is_made_by_kernel(p, &b) && readonly_by_name(p, &b))
		return 0;
	found = open_present(&b);
	if (found <= 0)
		return found;
	b.source = b.target;
	rc = mountapi_bind(&b);
	fd_pool_put(&p->done, &b.target);
	return rc;
}

/* Opens /dev/null below root, or the host's if root is -1. The descriptor is checked, because the
 * image may have another file of that name (CVE-2025-31133). */
static int open_mask_null(int root, struct stat *st)
{
	int fd __cleanup(fd_close) =
		root < 0
			? openat(AT_FDCWD, "/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC)
			: path_open(root, "/dev/null", O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS);

	if (fd < 0)
		return root < 0 ? fail("open /dev/null") : -1;
	if (fstat(fd, st) < 0)
		return fail("stat /dev/null");
	if (!dev_is_null(st))
		return failx("/dev/null is not the null device 1:3");
	return fd_take(&fd);
}

/*
 * Covers the first file by the container's null device, on a read-only mount. It is not the host's,
 * because the payload may own its inode, make the mount writable with CAP_SYS_ADMIN, and change
 * mode, owner and times. A new empty file covers it if the container has no null device.
 */
static int cover_file(struct rootfs_protect *p, struct mountapi_bind *b)
{
	int null __cleanup(fd_close) = open_mask_null(p->root, &p->file.st);

	if (null < 0) {
		/* After these errors it is not known whether the device exists. */
		if (err_is_shortage() || err_num() == ENOSYS)
			return -1;
		err_clear("an empty file is used");
		null = dev_blank(p->root);
		b->detached = null >= 0;
	}
	if (null < 0 && !err_is_shortage()) {
		/* KERNEL 5.2: fsopen(2), open_tree(2) (ENOSYS); the host's null device is shown. */
		err_clear("the host's null device is used");
		null = open_mask_null(-1, &p->file.st);
	}
	if (null < 0)
		return -1;
	b->source = null;
	b->change = MOUNTAPI_ADD;
	b->flags = MS_RDONLY | MS_NOSUID | MS_NOEXEC;
	b->mnt = b->detached ? NULL : &p->file.mnt;
	if (b->detached && fstat(null, &p->file.st) < 0)
		return fail("stat an empty file");
	if (mountapi_bind(b) < 0)
		return -1;
	if (b->detached)
		p->file.mnt = fd_take(&null);
	if (p->file.mnt >= 0)
		path_of_fd(p->file.at, p->file.mnt);
	return 0;
}

/* Covers the first directory, whose path is at, by an empty read-only tmpfs. */
static int cover_directory(struct rootfs_protect *p, const struct mountapi_bind *b, const char *at)
{
	struct mountapi_fresh f = { .fstype = "tmpfs",
				    .data = "mode=0555",
				    .flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
				    .root = b->root,
				    .path = b->path,
				    .target = b->target };
	char data[512];

	if (WITH_LSM && p->label) {
		if (snprintf(data, sizeof(data), "mode=0555,context=\"%s\"", p->label) >=
		    (int)sizeof(data))
			return failx("mount label is too long");
		f.data = data;
	}
	if (b->target >= 0) {
		p->dir.mnt = mountapi_fresh(&f);
		if (p->dir.mnt < 0)
			return -1;
		path_of_fd(p->dir.at, p->dir.mnt);
	} else if (mount("tmpfs", at, f.fstype, f.flags, f.data) < 0) {
		return fail("mount tmpfs on %s", b->path);
	} else {
		strcpy(p->dir.at, at);
	}
	return stat(p->dir.at, &p->dir.st) < 0 ? fail("stat the empty directory") : 0;
}

/* Covers by a copy of the first mask, which has its flags. Where a descriptor is open, copy and
 * target are used by theirs: two paths in /proc/self/fd take the kernel longer than one system call
 * more. */
static int cover_again(struct rootfs_cover *cover, struct mountapi_bind *b, const char *at)
{
	if (b->target < 0)
		return mount(cover->at, at, NULL, MS_BIND, NULL) < 0 ? fail("bind") : 0;
	if (cover->mnt < 0)
		cover->mnt = openat(AT_FDCWD, cover->at, O_PATH | O_CLOEXEC);
	b->source = cover->mnt;
	return cover->mnt < 0 ? fail("open %s", cover->at) : mountapi_bind(b);
}

/* Covers what st describes. b has its descriptor, or -1: then at is its path for mount(2). */
static int mask(struct rootfs_protect *p, struct mountapi_bind *b, const char *at,
		const struct stat *st)
{
	struct rootfs_cover *cover = S_ISDIR(st->st_mode) ? &p->dir : &p->file;
	int found;

	if (file_is_same(&cover->st, st))
		return 0; /* the config has the path twice */
	if (*cover->at)
		return cover_again(cover, b, at);
	if (S_ISDIR(st->st_mode))
		return cover_directory(p, b, at);
	if (b->target < 0 && (found = open_present(b)) <= 0)
		return found;
	return cover_file(p, b);
}

int rootfs_mask_path(struct rootfs_protect *p, const char *path)
{
	struct mountapi_bind b = { .target = -1, .path = path, .done = &p->done };
	char at[MOUNT_AT_MAX] = "";
	struct stat st;
	int rc, found;

	b.root = mount_base(&p->held, p->root, &b.path);
	if (is_made_by_kernel(p, &b)) {
		path_in_fd(at, b.root, b.path);
		if (fstatat(b.root, b.path, &st, 0) < 0)
			return errno == ENOENT ? 0 : fail("stat %s", b.path);
	} else {
		found = open_present(&b);
		if (found <= 0)
			return found;
		if (fstat(b.target, &st) < 0)
			return fail("stat %s", b.path);
	}
	rc = mask(p, &b, at, &st);
	fd_pool_put(&p->done, &b.target);
	return rc;
}

int rootfs_restrict(int root, unsigned long flags)
{
	struct sys_mount_attr attr = { .attr_set = mountapi_attrs(flags) };
	char path[FD_PATH_MAX];

	if (!sys_mount_setattr(root, "", AT_EMPTY_PATH, &attr))
		return 0;
	/* KERNEL 5.12: mount_setattr(2) (ENOSYS); a remount instead. It must repeat the present
	 * flags, which may be locked. */
	if (!WITH_OLD_KERNELS)
		return fail("change the flags of the root filesystem");
	flags |= MS_REMOUNT | MS_BIND;
	if (mountapi_flags(root, &flags) < 0)
		return -1;
	if (mount(NULL, path_of_fd(path, root), NULL, flags, NULL) < 0)
		return fail("make the root filesystem %s",
			    flags & MS_RDONLY ? "read-only" : "nodev");
	return 0;
}

/* ---- the host's mounts on an initramfs ------------------------------------------------------- */

/* The mount that is our "/", found before another mount covers it. */
struct old_root {
	int proc; /* the host's /proc, open because it will be unmounted */
	unsigned long id, parent;
};

/* Reads the mounts once. Without drop it looks for our "/". With drop it detaches the mounts
 * directly on "/", except the one that covers it. Returns the number of mounts. */
static int walk_mounts(struct old_root *g, bool drop)
{
	char block[64], *text;
	struct mountinfo m;
	struct arena a;
	int n = 0;

	arena_init(&a, block, sizeof(block));
	text = mountinfo_read(&a, g->proc);
	if (!text)
		return -1;
	while (mountinfo_next(&text, &m)) {
		if (!drop && !strcmp(m.point, "/")) {
			g->id = m.id;
			g->parent = m.parent;
			n++;
		}
		/* Outside of a chroot the mount may still be shared with the host. */
		if (drop && m.parent == g->id && strcmp(m.point, "/"))
			n += !mount(NULL, m.point, NULL, MS_SLAVE | MS_REC, NULL) &&
			     !umount2(m.point, MNT_DETACH);
	}
	return n;
}

static int find_old_root(struct old_root *g)
{
	*g = (struct old_root){ .proc = openat(AT_FDCWD, "/proc",
					       O_PATH | O_DIRECTORY | O_CLOEXEC) };
	if (g->proc < 0)
		return fail("open /proc");
	return walk_mounts(g, false);
}

/*
 * Detaches all mounts on "/", until none is left: a mount may hide another one. They are slaves by
 * now, so the host keeps its own. Only mounts that the kernel has locked remain, in a user
 * namespace that was entered without rootfs_lift (mount_namespaces(7)).
 */
static void detach_old_mounts(struct old_root *g)
{
	int n;

	do {
		n = g->proc < 0 ? 0 : walk_mounts(g, true);
	} while (n > 0);
	if (n < 0)
		err_clear("the mounts stay below the cover");
	fd_close(&g->proc);
}

/* Mounts an empty read-only directory over "/": a process that detaches its own root sees only
 * this. The propagation is changed first, so that the cover does not propagate to the host. */
static int cover_old_root(unsigned long propagation)
{
	int cover __cleanup(fd_close) = mountapi_new("tmpfs", "tmpfs", MS_RDONLY, "mode=0555");
	int top __cleanup(fd_close) = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (cover < 0)
		return -1;
	if (top < 0)
		return fail("open /");
	if (mount(NULL, "/", NULL, propagation, NULL) < 0)
		return fail("change the propagation of /");
	return mountapi_attach(cover, top) < 0 ? -1 : fd_take(&cover);
}

bool rootfs_on_initramfs(void)
{
	struct old_root g;
	struct statfs fs;
	int found;

	if (statfs("/", &fs) < 0 || (fs.f_type != SYS_TMPFS_MAGIC && fs.f_type != SYS_RAMFS_MAGIC))
		return false;
	found = find_old_root(&g);
	fd_close(&g.proc);
	if (found < 0)
		err_clear("without /proc it is not known");
	/* The root of an initramfs is its own parent. KERNEL 7.0: nullfs is below it, and then
	 * pivot_root(2) works. */
	return found > 0 && g.id == g.parent;
}

int rootfs_lift(const char *cwd)
{
	int copy __cleanup(fd_close) = -1, cover __cleanup(fd_close) = -1;
	struct old_root g;

	if (unshare(CLONE_NEWNS) < 0) {
		if (errno == EPERM)
			return 0; /* an ordinary user: the kernel locks the host's mounts anyway */
		fail("unshare the mount namespace");
		if (err_num() == ENOSPC)
			fail_hint(
				"the limit in /proc/sys/user/max_mnt_namespaces is reached, or 0");
		return -1;
	}
	copy = mountapi_clone(AT_FDCWD, "/", AT_RECURSIVE);
	if (copy < 0 && err_num() == ENOSYS) {
		/* KERNEL 5.2: open_tree(2) (ENOSYS); the host's mounts stay below the
		 * container's root. */
		err_clear("rootfs_pivot covers the mounts");
		return 0;
	}
	if (copy < 0 || find_old_root(&g) < 0)
		return -1;
	cover = cover_old_root(MS_SLAVE | MS_REC);
	if (cover < 0 || mountapi_attach(copy, cover) < 0)
		return fail_in("lift the mounts off the initramfs");
	detach_old_mounts(&g);
	if (rootfs_chroot(copy) < 0)
		return -1;
	return chdir(cwd) < 0 ? fail("return to %s", cwd) : 0;
}

/* ---- the switch ------------------------------------------------------------------------------ */

static int pivot(int root)
{
	if (fchdir(root) < 0)
		return fail("enter the root filesystem");
	return sys_pivot_root(".", ".");
}

/*
 * Goes to the root of the mount namespace before pivot_root(2), which in a chroot would replace the
 * chroot's root only: a process that joins the namespace (exec) would then see the host's root. A
 * container without the privilege to go there cannot join the namespace later either.
 */
static int leave_chroot(void)
{
	if (enter_own_root() < 0) {
		if (err_num() != EPERM && err_num() != ENOSYS)
			return -1;
		err_clear("without the privilege no process can join the namespace");
	}
	return 0;
}

/* linux.rootfsPropagation applies to the container's root too. */
int rootfs_propagate(unsigned long propagation)
{
	if (propagation & (MS_SHARED | MS_SLAVE | MS_UNBINDABLE) &&
	    mount(NULL, "/", NULL, propagation, NULL) < 0)
		return fail("change the propagation of the new root");
	return 0;
}

int rootfs_pivot(int root, unsigned long propagation)
{
	if (leave_chroot() < 0)
		return -1;
	if (pivot(root) < 0) {
		if (errno != EINVAL)
			return fail("pivot_root");
		/* The root of an initramfs cannot be replaced, so the container's
		 * root goes over it. */
		if (rootfs_move(root, propagation) < 0)
			return -1;
	} else {
		/* pivot_root(2) has mounted the old root on the new one, where ".." finds
		 * it. Mounts that are shared with the host become slaves first, or the host
		 * would lose them too. */
		if (mount(NULL, "..", NULL, MS_SLAVE | MS_REC, NULL) < 0)
			return fail("make the old root a slave");
		if (umount2(".", MNT_DETACH) < 0)
			return fail("unmount the old root");
	}
	return rootfs_propagate(propagation);
}

/* KERNEL 5.2: fsopen(2) (ENOSYS); the root is moved over "/" itself, and the host's
 * mounts stay below it. */
static int move_classic(int root)
{
	char path[FD_PATH_MAX];

	err_clear("mount(2) can move as well");
	/* In a chroot "/" is on the host's root mount, which may be shared with the host. */
	if (mount(NULL, "/", NULL, MS_PRIVATE, NULL) < 0)
		return fail("make / private");
	if (mount(path_of_fd(path, root), "/", NULL, MS_MOVE, NULL) < 0)
		return fail("move the root filesystem to /");
	return rootfs_chroot(root);
}

/*
 * Mounts the root over "/" and detaches the host's mounts below it: if the host's /proc stayed
 * there, the kernel would let a user namespace mount a procfs without the masks
 * (mount_too_revealing() of its namespace.c).
 */
int rootfs_move(int root, unsigned long propagation)
{
	int cover __cleanup(fd_close) = -1;
	struct old_root g;

	/* Leave a chroot, so that its root is covered as well. */
	if (enter_own_root() < 0 || find_old_root(&g) < 0)
		return -1;
	cover = cover_old_root(MS_PRIVATE);
	if (cover < 0 && (err_num() == ENOSYS || err_num() == EPERM)) {
		fd_close(&g.proc);
		return move_classic(root);
	}
	if (cover < 0 || mountapi_attach(root, cover) < 0) {
		fd_close(&g.proc);
		return fail_in("move the root filesystem to /");
	}
	/* Mounts that are shared with the host stay, covered: detaching them would detach the
	 * host's, and the propagation of a mount that is hidden below another cannot be changed. */
	if (propagation & MS_SHARED)
		fd_close(&g.proc);
	else
		detach_old_mounts(&g);
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
