/* path.c - paths below a root that a hostile user may own. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define LINKS_MAX 40 /* the limit of the kernel: path_resolution(7) */

/* ---- the walk for kernels without openat2 ---------------------------------------------------- */

/*
 * State of a walk: done is the part resolved so far, without symlinks and "..", todo is the rest.
 * Every component is opened O_NOFOLLOW from its parent's descriptor, so that a symlink that appears
 * meanwhile is an error. ".." opens done again from the root, because directories may be moved.
 */
struct walk {
	int root, fd; /* fd: the directory of done */
	char done[PATH_MAX], todo[PATH_MAX];
	int links;
};

static int walk_reopen(struct walk *w)
{
	char copy[PATH_MAX], *save = NULL;

	fd_close(&w->fd);
	w->fd = fcntl(w->root, F_DUPFD_CLOEXEC, 3);
	strcpy(copy, w->done);
	for (char *c = strtok_r(copy, "/", &save); c && w->fd >= 0;
	     c = strtok_r(NULL, "/", &save)) {
		int next = openat(w->fd, c, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);

		fd_close(&w->fd);
		w->fd = next;
	}
	return w->fd < 0 ? -1 : 0;
}

static int walk_up(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	if (slash)
		*slash = 0;
	return walk_reopen(w);
}

/* Puts the target of the symlink name at the begin of todo. */
static int walk_link(struct walk *w, const char *name)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(w->fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return -1;
	target[n] = 0;
	strcpy(rest, w->todo);
	if (++w->links > LINKS_MAX) {
		errno = ELOOP;
		return -1;
	}
	if (snprintf(w->todo, sizeof(w->todo), "%s%s", target, rest) >= (int)sizeof(w->todo)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (target[0] != '/')
		return 0;
	w->done[0] = 0;
	return walk_reopen(w);
}

/* Removes the next component from todo. *last: not even a slash follows. NULL: todo is
 * empty, or the name is too long, with errno. */
static char *walk_next(struct walk *w, char *name, bool *last)
{
	size_t skip = strspn(w->todo, "/"), len = strcspn(w->todo + skip, "/");

	if (!len)
		return NULL;
	if (len > NAME_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	memcpy(name, w->todo + skip, len);
	name[len] = 0;
	*last = !w->todo[skip + len];
	memmove(w->todo, w->todo + skip + len, strlen(w->todo + skip + len) + 1);
	return name;
}

static int walk_into(struct walk *w, const char *name)
{
	int next = openat(w->fd, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);

	if (next < 0)
		return -1;
	fd_close(&w->fd);
	w->fd = next;
	if (strlen(w->done) + strlen(name) + 2 > sizeof(w->done)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcat(strcat(w->done, "/"), name);
	return 0;
}

static int walk_open(int rootfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct walk w = { .root = rootfd, .fd = -1 };
	char name[NAME_MAX + 1];
	bool last = false;
	struct stat st;
	int fd;

	if (snprintf(w.todo, sizeof(w.todo), "%s", path) >= (int)sizeof(w.todo)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (walk_reopen(&w) < 0)
		return -1;
	while (errno = 0, walk_next(&w, name, &last)) {
		bool exists;

		if (!strcmp(name, "."))
			continue;
		if (!strcmp(name, "..")) {
			if (walk_up(&w) < 0)
				goto out;
			continue;
		}
		exists = !fstatat(w.fd, name, &st, AT_SYMLINK_NOFOLLOW);
		if (exists && S_ISLNK(st.st_mode) && !(last && flags & O_NOFOLLOW)) {
			if (resolve & RESOLVE_NO_SYMLINKS) {
				errno = ELOOP;
				goto out;
			}
			if (walk_link(&w, name) < 0)
				goto out;
			continue;
		}
		if (last) {
			fd = openat(w.fd, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
			fd_close(&w.fd);
			return fd;
		}
		if (walk_into(&w, name) < 0)
			goto out;
	}
	if (errno)
		goto out;
	/* The path was empty or ended in a slash or "..": fd is a directory. */
	fd = openat(w.fd, ".", (flags & ~(O_CREAT | O_EXCL)) | O_CLOEXEC);
	fd_close(&w.fd);
	return fd;
out:
	fd_close(&w.fd);
	return -1;
}

/* ---- opening and making ---------------------------------------------------------------------- */

int path_open(int rootfd, const char *path, int flags, mode_t mode, uint64_t resolve_extra)
{
	const uint64_t resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve_extra;
	int fd, tries = 64;

	/* EAGAIN: something was renamed or mounted during the walk (openat2(2)): try again. */
	do {
		fd = sys_openat2(rootfd, *path ? path : ".", flags, flags & O_CREAT ? mode : 0,
				 resolve);
	} while (fd < 0 && errno == EAGAIN && --tries);
	/* KERNEL 5.6: openat2(2) (ENOSYS; EPERM under an outer seccomp profile): walk_open. */
	if (WITH_OLD_KERNELS && fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = walk_open(rootfd, path, flags, mode, resolve);
	if (fd < 0)
		return fail("open %s", path);
	return fd;
}

/* Writes the target of the symlink name in dirfd, whose path is dir, as a path below the root. */
static int link_target(int dirfd, const char *dir, const char *name, char *out, size_t size)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);

	if (n < 0)
		return fail("read link %s/%s", dir, name);
	target[n] = 0;
	if (snprintf(out, size, "%s%s%s", target[0] == '/' ? "" : dir, target[0] == '/' ? "" : "/",
		     target) >= (int)size)
		return failx("%s/%s: link target is too long", dir, name);
	return 0;
}

static int mkdirs(int rootfd, const char *path, mode_t mode, uint64_t resolve, int depth);

/* Makes and opens one directory below dir. A symlink there is an error, unless links may be
 * followed: then it is a dangling one, and its target is made. */
static int make_one(int rootfd, int dir, const char *prefix, const char *name, mode_t mode,
		    uint64_t resolve, int depth)
{
	char target[PATH_MAX];
	int fd;

	if (mkdirat(dir, name, mode) < 0 && errno != EEXIST)
		return fail("create directory %s/%s", prefix, name);
	fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if ((errno != ENOTDIR && errno != ELOOP) || resolve & RESOLVE_NO_SYMLINKS)
		return fail("open %s/%s", prefix, name);
	if (link_target(dir, prefix, name, target, sizeof(target)) < 0)
		return -1;
	return mkdirs(rootfd, target, mode, resolve, depth + 1);
}

/* Goes up to the deepest directory that exists, then down and makes the rest. If only the last
 * component is missing, which is usual, it takes three system calls. */
static int mkdirs(int rootfd, const char *path, mode_t mode, uint64_t resolve, int depth)
{
	char prefix[PATH_MAX], name[NAME_MAX + 1];
	size_t len = strlen(path), have;
	int dir;

	if (depth > LINKS_MAX) {
		errno = ELOOP;
		return fail("create directory %s", path);
	}
	if (len >= sizeof(prefix))
		return failx("%s: path is too long", path);
	memcpy(prefix, path, len + 1);
	do {
		while (len && prefix[len - 1] == '/')
			len--;
		while (len && prefix[len - 1] != '/')
			len--;
		prefix[len] = 0;
		dir = path_open(rootfd, prefix, O_PATH | O_DIRECTORY, 0, resolve);
	} while (dir < 0 && err_num() == ENOENT && len);
	have = len;
	while (dir >= 0) {
		size_t start = have + strspn(path + have, "/"), n = strcspn(path + start, "/");
		int next;

		if (!n)
			return dir;
		if (n > NAME_MAX) {
			fd_close(&dir);
			return failx("%s: name is too long", path);
		}
		memcpy(name, path + start, n);
		name[n] = 0;
		memcpy(prefix, path, start + n);
		prefix[start + n] = 0;
		if (!strcmp(name, "..")) {
			/* openat(dir, "..") could leave the root. */
			next = path_open(rootfd, prefix, O_PATH | O_DIRECTORY, 0, resolve);
		} else {
			prefix[start ? start - 1 : 0] = 0; /* without its slash */
			next = make_one(rootfd, dir, prefix, name, mode, resolve, depth);
		}
		fd_close(&dir);
		dir = next;
		have = start + n;
	}
	return -1;
}

int path_mkdirs_new(int rootfd, const char *path, mode_t mode, uint64_t resolve_extra)
{
	return mkdirs(rootfd, path, mode, resolve_extra, 0);
}

int path_mkdirs(int rootfd, const char *path, mode_t mode)
{
	int fd = path_open(rootfd, path, O_PATH | O_DIRECTORY, 0, 0);

	if (fd >= 0 || err_num() != ENOENT)
		return fd;
	err_clear("to be made");
	return mkdirs(rootfd, path, mode, 0, 0);
}

int path_parent(int rootfd, const char *path, const char **last)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];

	*last = slash ? slash + 1 : path;
	/* The caller creates *last in the parent: these would name another directory. */
	if (!**last || !strcmp(*last, ".") || !strcmp(*last, ".."))
		return failx("%s: does not end in a name", path);
	if (!slash)
		return path_open(rootfd, "/", O_PATH | O_DIRECTORY, 0, 0);
	if (snprintf(parent, sizeof(parent), "%.*s/", (int)(slash - path), path) >=
	    (int)sizeof(parent))
		return failx("%s: path is too long", path);
	return path_mkdirs(rootfd, parent, 0755);
}

int path_create(int rootfd, const char *path, mode_t mode)
{
	char at[PATH_MAX], dir[PATH_MAX];
	int fd;

	if (snprintf(at, sizeof(at), "%s", path) >= (int)sizeof(at))
		return failx("%s: path is too long", path);
	for (int links = 0; links <= LINKS_MAX; links++) {
		const char *last;
		int parent __cleanup(fd_close) = path_parent(rootfd, at, &last);

		if (parent < 0)
			return -1;
		fd = openat(parent, last, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    mode);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			return fail("create %s", at);
		/* A dangling symlink: its target is made. Any other file is an error. */
		snprintf(dir, sizeof(dir), "%.*s", (int)(last - at), at);
		if (link_target(parent, dir, last, at, sizeof(at)) < 0)
			return -1;
	}
	errno = ELOOP;
	return fail("create %s", path);
}

char *path_clean(struct arena *a, const char *path)
{
	bool absolute = *path == '/';
	char *out = arena_alloc(a, strlen(path) + 3), *end = out;

	if (absolute)
		*end++ = '/';
	while (*path) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 2 && !memcmp(path, "..", 2)) {
			while (end > out + absolute && *--end != '/')
				;
		} else if (len && !(len == 1 && *path == '.')) {
			if (end > out + absolute)
				*end++ = '/';
			memcpy(end, path, len);
			end += len;
		}
		path += len;
	}
	*end = 0;
	return out;
}

int path_open_regular(const char *path, int flags, mode_t mode)
{
	int at __cleanup(fd_close) = openat(AT_FDCWD, path, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd;
	char link[FD_PATH_MAX];
	struct stat st;

	if (at < 0 && errno == ENOENT && flags & O_CREAT) {
		fd = openat(AT_FDCWD, path, flags | O_EXCL | O_CLOEXEC, mode);
		return fd < 0 ? fail("open %s", path) : fd;
	}
	if (at < 0 || fstat(at, &st) < 0)
		return fail("open %s", path);
	if (!S_ISREG(st.st_mode))
		return failx("open %s: it is not a regular file", path);
	fd = openat(AT_FDCWD, path_of_fd(link, at), (flags & ~O_CREAT) | O_CLOEXEC);
	return fd < 0 ? fail("open %s", path) : fd;
}

bool path_is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

/* Returns the end. */
static char *fd_path(char *buf, int fd)
{
	return text_decimal(stpcpy(buf, "/proc/self/fd/"), (unsigned)fd);
}

const char *path_of_fd(char buf[FD_PATH_MAX], int fd)
{
	fd_path(buf, fd);
	return buf;
}

void path_in_fd(char *buf, int fd, const char *name)
{
	strcpy(stpcpy(fd_path(buf, fd), "/"), name);
}
