/* remove.c - removes files, and directories with their content. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <stdio.h>
#include <string.h>

/* Nested directories, each of which takes two descriptors. Deeper ones are moved up first, or, where
 * names are kept, refused. */
#define DEPTH_MAX 64
#define KEPT_DEPTH_MAX 2000
#define AGAIN_MAX 1000 /* how often a directory is read again, if another process fills it */

struct removal {
	remove_kept *kept;
	const void *arg;
	int top; /* the outermost directory */
	unsigned moved; /* directories that were moved to it */
	int again;
};

static int empty(int dir, int depth, struct removal *r);

static int move_up(int dir, const char *name, struct removal *r)
{
	char to[32];

	do {
		snprintf(to, sizeof(to), ".moved-%u", r->moved++);
		if (!renameat(dir, name, r->top, to))
			return 0;
		/* A directory gets another parent only if its owner may write it. */
		if (errno == EACCES && !sys_chmodat(dir, name, 0700) &&
		    !renameat(dir, name, r->top, to))
			return 0;
	} while (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR);
	return errno == ENOENT ? 0 : fail("move directory %s up", name);
}

static int remove_at(int dir, ino_t ino, const char *name, int depth, struct removal *r)
{
	bool keep = r->kept && r->kept(r->arg, ino, name);
	int fd __cleanup(fd_close) = -1;
	unsigned moved;

	if (!keep && !unlinkat(dir, name, 0))
		return 0;
	if (!keep && errno == ENOENT)
		return 0;
	/* For a directory unlink(2) fails with EISDIR on Linux, with EPERM by POSIX. */
	if (!keep && errno != EISDIR && errno != EPERM)
		return fail("remove %s", name);
	if (depth >= DEPTH_MAX && !r->kept)
		return move_up(dir, name, r);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && !sys_chmodat(dir, name, 0700))
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* ENOENT: another process has removed it meanwhile. */
	if (fd < 0)
		return keep || errno == ENOENT ? 0 : fail("open %s", name);
	if (!depth)
		r->top = fd;
	do {
		moved = r->moved;
		if (empty(fd, depth + 1, r) < 0)
			return fail_in("%s", name);
		if (keep || !unlinkat(dir, name, AT_REMOVEDIR) || errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST)
			break;
		if (r->kept)
			return 0;
	} while (r->moved != moved || r->again++ < AGAIN_MAX);
	return fail("remove directory %s", name);
}

static int empty(int dir, int depth, struct removal *r)
{
	int copy __cleanup(fd_close) = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	DIR *list;
	int rc = 0;

	if (depth > KEPT_DEPTH_MAX)
		return failx("more than %d directories are nested", KEPT_DEPTH_MAX);
	if (copy < 0 || fstat(copy, &st) < 0)
		return fail("open a directory to empty it");
	/* The owner of a directory may give himself the permission to remove its files. */
	if ((st.st_mode & 0300) != 0300 && geteuid())
		fchmod(copy, (st.st_mode & 07777) | 0700);
	list = fdopendir(copy);
	if (!list)
		return fail("read a directory");
	fd_take(&copy);
	for (struct dirent *e; !rc && (errno = 0, e = readdir(list));)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			rc = remove_at(dirfd(list), st.st_ino, e->d_name, depth, r);
	if (!rc && errno)
		rc = fail("read a directory");
	closedir(list);
	return rc;
}

int remove_all(int dir, ino_t ino, const char *name, remove_kept *kept, const void *arg)
{
	return remove_at(dir, ino, name, 0, &(struct removal){ kept, arg, -1, 0, 0 });
}

int remove_content(int dir, remove_kept *kept, const void *arg)
{
	struct removal r = { kept, arg, dir, 0, 0 };
	unsigned moved;

	do {
		moved = r.moved;
		if (empty(dir, 1, &r) < 0)
			return -1;
	} while (r.moved != moved);
	return 0;
}
