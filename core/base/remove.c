/* remove.c - removes files, and directories with their content. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>

/* Nested directories, each of which takes two descriptors. Deeper ones are moved up first, unless
 * names are kept or the filesystem refuses. */
#define DEPTH_MAX 64
#define NESTED_MAX 2000
#define AGAIN_MAX 100000 /* how often a directory is read again, if another process fills it */

/* Without these parts all directories are our own, and are empty but for files. */
#define FOREIGN_DIRS (WITH_NOTIFY || WITH_UNPACK || WITH_UPDATE)

struct removal {
	remove_kept *kept;
	const void *arg;
	int top; /* the outermost directory */
	unsigned names; /* that were tried there */
	bool moved; /* a directory was moved to it */
	int again;
};

static int empty(int dir, int depth, struct removal *r);

/* A container with CAP_LINUX_IMMUTABLE may have given its files these flags (ioctl_iflags(2)).
 * True: name had them. */
static bool make_mutable(int dir, const char *name)
{
	int fd __cleanup(fd_close) = -1, flags;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return false;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 ||
	    !(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)))
		return false;
	flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
	return !ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* After a call that failed for lack of a permission: true if it may succeed now. errno is kept. */
static bool allow_change(int dir, const char *name)
{
	int num = errno, fd __cleanup(fd_close) = -1;
	bool changed = false;
	char path[FD_PATH_MAX];

	if (num == EPERM) {
		changed = make_mutable(dir, name);
		changed |= make_mutable(dir, ".");
	} else if (num == EACCES) {
		/* Reading a directory, and giving it another parent, takes rights in it. Another
		 * process may put a link in its place, so its descriptor is used. */
		fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		changed = fd >= 0 && !sys_chmodat(AT_FDCWD, path_of_fd(path, fd), 0700);
	}
	errno = num;
	return changed;
}

static int unlink_any(int dir, const char *name, int flags)
{
	int rc = unlinkat(dir, name, flags);

	return FOREIGN_DIRS && rc < 0 && errno == EPERM && allow_change(dir, name)
		       ? unlinkat(dir, name, flags)
		       : rc;
}

/* True: name is not in dir any more. A full disk, or a quota of a project, can keep it there. */
static bool move_deep(int dir, const char *name, struct removal *r)
{
	char to[32];
	int rc;

	do {
		snprintf(to, sizeof(to), ".moved-%u", r->names++);
		rc = renameat(dir, name, r->top, to);
		if (rc < 0 && allow_change(dir, name))
			rc = renameat(dir, name, r->top, to);
	} while (rc < 0 && (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR));
	r->moved |= !rc;
	return !rc || errno == ENOENT;
}

static int remove_at(int dir, ino_t ino, const char *name, int depth, struct removal *r)
{
	const bool keeps = WITH_UNPACK && r->kept, keep = keeps && r->kept(r->arg, ino, name);
	int fd __cleanup(fd_close) = -1;

	if (!keep && !unlink_any(dir, name, 0))
		return 0;
	if (!keep && errno == ENOENT)
		return 0;
	if (!FOREIGN_DIRS && !unlinkat(dir, name, AT_REMOVEDIR))
		return 0;
	if (!FOREIGN_DIRS || (!keep && errno != EISDIR))
		return fail("remove %s", name);
	if (depth >= DEPTH_MAX && !keeps && move_deep(dir, name, r))
		return 0;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && allow_change(dir, name))
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* ENOENT: another process has removed it meanwhile. */
	if (fd < 0)
		return keep || errno == ENOENT ? 0 : fail("open %s", name);
	if (!depth)
		r->top = fd;
	do {
		if (empty(fd, depth + 1, r) < 0)
			return fail_in("%s", name);
		if (keep || !unlink_any(dir, name, AT_REMOVEDIR) || errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST)
			break;
		if (keeps)
			return 0;
	} while (r->again++ < AGAIN_MAX);
	return fail("remove directory %s", name);
}

static int empty(int dir, int depth, struct removal *r)
{
	int copy __cleanup(fd_close) = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sys_dir list = { .fd = copy };
	const char *name;
	struct stat st;

	if (FOREIGN_DIRS && depth > NESTED_MAX)
		return failx("more than %d directories are nested", NESTED_MAX);
	if (copy < 0 || fstat(copy, &st) < 0)
		return fail("open a directory to empty it");
	/* The owner of a directory may give himself the permission to remove its files. */
	if (FOREIGN_DIRS && (st.st_mode & 0300) != 0300 && geteuid())
		fchmod(copy, (st.st_mode & 07777) | 0700);
	while ((name = sys_dir_next(&list)))
		if (remove_at(copy, st.st_ino, name, depth, r) < 0)
			return -1;
	/* ENOENT: another process has removed it meanwhile. */
	return errno && errno != ENOENT ? fail("read a directory") : 0;
}

int remove_all(int dir, ino_t ino, const char *name, remove_kept *kept, const void *arg)
{
	return remove_at(dir, ino, name, 0,
			 &(struct removal){ .kept = kept, .arg = arg, .top = -1 });
}

int remove_content(int dir, remove_kept *kept, const void *arg)
{
	struct removal r = { .kept = kept, .arg = arg, .top = dir };

	do {
		r.moved = false;
		if (empty(dir, 1, &r) < 0)
			return -1;
	} while (FOREIGN_DIRS && r.moved && r.again++ < AGAIN_MAX);
	return 0;
}
