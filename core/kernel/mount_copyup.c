/* mount_copyup.c - tmpcopyup: copies the directory below a new tmpfs into it. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/mount.h"

#include <dirent.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

/*
 * A directory that is not finished yet. Only the deepest one is open, so that neither
 * descriptors nor the stack limit the depth. The parents are found again by "..", and compared
 * with what they were.
 */
struct level {
	struct level *up;
	struct stat from, to;
	struct subdir {
		struct subdir *next;
		char name[];
	} * subdirs; /* not copied yet; the first one is being copied */
};

struct copier {
	struct arena *arena;
	int from, to; /* the directory that is being copied, and its copy */
	int top_from, top_to; /* the directories that it began with */
	struct level *level;
	char *attributes; /* a buffer for names and a value of extended attributes */
};

/* ---- one file -------------------------------------------------------------------------------- */

/* Copies the bytes of [at, end) to the same offset. It stops early if the file became shorter. */
static int copy_bytes(int in, int out, off_t at, off_t end)
{
	ssize_t n = 1;

	if (lseek(out, at, SEEK_SET) < 0)
		return -1;
	while (at < end && n) {
		n = sendfile(out, in, &at, end - at > 1 << 20 ? 1 << 20 : end - at);
		if (n < 0 && errno != EINTR)
			return -1;
	}
	return 0;
}

/* Copies data and skips holes, which would take memory in a tmpfs. */
static int copy_content(int in, int out, off_t size)
{
	off_t at = 0, end;

	while (at < size) {
		at = lseek(in, at, SEEK_DATA);
		if (at < 0 && errno == ENXIO)
			break; /* a hole up to the end */
		end = at < 0 ? -1 : lseek(in, at, SEEK_HOLE);
		/* EINVAL: the filesystem has no holes, so the whole file is copied. */
		if (end < 0)
			at = 0;
		if (copy_bytes(in, out, at, end < 0 ? size : end) < 0)
			return -1;
		at = end < 0 ? size : end;
	}
	return ftruncate(out, size);
}

static int copy_file(const struct copier *c, const char *name, const struct stat *st)
{
	int in __cleanup(fd_close) =
		openat(c->from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int out __cleanup(fd_close) = -1;

	if (in < 0)
		return fail("open %s", name);
	out = openat(c->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return fail("create %s", name);
	return copy_content(in, out, st->st_size) < 0 ? fail("copy %s", name) : 0;
}

static int copy_link(const struct copier *c, const char *name)
{
	char target[4096];
	ssize_t n = readlinkat(c->from, name, target, sizeof(target) - 1);

	if (n < 0)
		return fail("read link %s", name);
	target[n] = 0;
	if (symlinkat(target, c->to, name) < 0)
		return fail("create symlink %s", name);
	return 0;
}

/* ---- owner, mode, attributes ----------------------------------------------------------------- */

/* An extended attribute that the tmpfs or this user namespace does not accept is left out. */
static bool not_accepted(int num)
{
	return num == EOPNOTSUPP || num == EPERM || num == EINVAL || num == ENODATA;
}

static int copy_attributes(struct copier *c, const char *name)
{
	char from[FD_PATH_MAX + NAME_MAX + 2], to[sizeof(from)], *value;
	ssize_t n, size;

	snprintf(from, sizeof(from), "/proc/self/fd/%d/%s", c->from, name);
	snprintf(to, sizeof(to), "/proc/self/fd/%d/%s", c->to, name);
	if (!c->attributes)
		c->attributes = arena_alloc(c->arena, XATTR_LIST_MAX + XATTR_SIZE_MAX);
	value = c->attributes + XATTR_LIST_MAX;
	n = llistxattr(from, c->attributes, XATTR_LIST_MAX);
	if (n < 0 && !not_accepted(errno))
		return fail("list the attributes of %s", name);
	for (char *attr = c->attributes; attr < c->attributes + n; attr += strlen(attr) + 1) {
		size = lgetxattr(from, attr, value, XATTR_SIZE_MAX);
		if (size >= 0)
			size = lsetxattr(to, attr, value, size, 0);
		if (size < 0 && !not_accepted(errno))
			return fail("copy the attribute %s of %s", attr, name);
	}
	return 0;
}

/* The owner is set first, because chown(2) clears set-id bits and file capabilities. */
static int copy_rest(struct copier *c, const char *name, const struct stat *st)
{
	if (fchownat(c->to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("set owner of %s", name);
	if (!S_ISLNK(st->st_mode) && sys_chmodat(c->to, name, st->st_mode & 07777) < 0)
		return fail("set mode of %s", name);
	return copy_attributes(c, name);
}

/* ---- one directory --------------------------------------------------------------------------- */

/* Returns 1, or 0 for a node that nodev made useless: its copy would be a device that works. Each
 * node is asked, because a directory below, or the node itself, may be a mount of its own. */
static int copy_node(const struct copier *c, const char *name, const struct stat *st)
{
	int fd __cleanup(fd_close) = -1;
	struct statfs fs;

	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		fd = openat(c->from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || fstatfs(fd, &fs) < 0)
			return fail("stat the filesystem of %s", name);
		if (fs.f_flags & ST_NODEV)
			return 0;
	}
	if (mknodat(c->to, name, st->st_mode, st->st_rdev) < 0)
		return fail("create %s", name);
	return 1;
}

static int copy_entry(struct copier *c, const char *name, const struct stat *st)
{
	int rc;

	if (S_ISLNK(st->st_mode))
		rc = copy_link(c, name);
	else if (S_ISREG(st->st_mode))
		rc = copy_file(c, name, st);
	else if ((rc = copy_node(c, name, st)) == 0)
		return 0;
	return rc < 0 ? -1 : copy_rest(c, name, st);
}

static void remember(struct copier *c, const char *name)
{
	struct subdir *d = arena_alloc(c->arena, sizeof(*d) + strlen(name) + 1);

	strcpy(d->name, name);
	d->next = c->level->subdirs;
	c->level->subdirs = d;
}

/* Copies all entries of the directory, but remembers subdirectories for later. */
static int copy_entries(struct copier *c, DIR *dir)
{
	struct dirent *e;
	struct stat st;

	while ((errno = 0, e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (fstatat(c->from, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return fail("stat %s", e->d_name);
		if (S_ISDIR(st.st_mode))
			remember(c, e->d_name);
		else if (copy_entry(c, e->d_name, &st) < 0)
			return -1;
	}
	return errno ? fail("read directory") : 0;
}

/* Opens a directory in both trees and makes it the current one. */
static int copy_below(struct copier *c, int dir_from, int dir_to, const char *name)
{
	static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int from = openat(dir_from, name, flags);
	int to = from < 0 ? -1 : openat(dir_to, name, flags);

	if (to < 0) {
		fail("open %s", name);
		fd_close(&from);
		return -1;
	}
	fd_close(&c->from);
	fd_close(&c->to);
	c->from = from;
	c->to = to;
	return 0;
}

static int enter_directory(struct copier *c)
{
	struct level *level = arena_alloc(c->arena, sizeof(*level));
	int fd = openat(c->from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir || fstat(c->from, &level->from) < 0 || fstat(c->to, &level->to) < 0) {
		rc = fail("read directory");
	} else {
		level->up = c->level;
		c->level = level;
		rc = copy_entries(c, dir);
	}
	if (dir)
		closedir(dir);
	return rc;
}

static bool same_file(const struct stat *was, int fd)
{
	struct stat st;

	return !fstat(fd, &st) && file_is_same(&st, was);
}

/* Returns to the parent and checks that it is the same one: another process may have
 * moved the directory. */
static int leave_directory(struct copier *c)
{
	struct stat done = c->level->from;

	c->level = c->level->up;
	/* ".." of a directory at the top would lead to the tmpfs, which is mounted
	 * on its parent. */
	if ((c->level->up ? copy_below(c, c->from, c->to, "..")
			  : copy_below(c, c->top_from, c->top_to, ".")) < 0)
		return -1;
	if (!same_file(&c->level->from, c->from) || !same_file(&c->level->to, c->to))
		return failx("%s was moved while it was copied", c->level->subdirs->name);
	if (copy_rest(c, c->level->subdirs->name, &done) < 0)
		return -1;
	c->level->subdirs = c->level->subdirs->next;
	return 0;
}

static int copy_tree(struct copier *c)
{
	if (enter_directory(c) < 0)
		return -1;
	for (;;) {
		const struct subdir *next = c->level->subdirs;

		if (!next && !c->level->up)
			return copy_attributes(c, ".");
		if (next) {
			if (mkdirat(c->to, next->name, 0700) < 0)
				return fail("create directory %s", next->name);
			if (copy_below(c, c->from, c->to, next->name) < 0 || enter_directory(c) < 0)
				return -1;
		} else if (leave_directory(c) < 0) {
			return -1;
		}
	}
}

int mount_copyup(struct arena *a, int from, int to)
{
	struct copier c = { .arena = a, .from = -1, .to = -1, .top_from = from, .top_to = to };
	struct stat st;
	int rc;

	if (fstat(from, &st) < 0 || fchownat(to, ".", st.st_uid, st.st_gid, 0) < 0)
		return fail("tmpcopyup: set owner");
	/* A link of the image may lead to /sys, whose files would be read with the host's
	 * capabilities. */
	rc = file_is_kernels(from);
	if (rc > 0)
		log_remark("tmpcopyup: files that the kernel makes are not copied");
	if (rc)
		return rc < 0 ? fail_in("tmpcopyup") : 0;
	rc = copy_below(&c, from, to, ".") < 0 ? -1 : copy_tree(&c);
	fd_close(&c.from);
	fd_close(&c.to);
	return rc < 0 ? fail_in("tmpcopyup") : 0;
}
