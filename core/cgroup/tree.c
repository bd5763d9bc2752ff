/* tree.c - files and sub-cgroups of a directory in which a container may make sub-cgroups. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* musl's open() makes a second system call for O_CLOEXEC; its openat() does not. */
int tree_path(const char *path, int flags)
{
	return openat(AT_FDCWD, path, flags | O_CLOEXEC);
}

int tree_dir(const char *path)
{
	int fd = tree_path(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);

	return fd < 0 ? fail("open %s", path) : fd;
}

/*
 * file is a single component. openat2(2) refuses a mount over it. KERNEL 5.6: openat2(2) (ENOSYS;
 * EPERM of older seccomp profiles); without it such a mount is followed.
 */
int tree_open(int dirfd, const char *file, int flags)
{
	int fd = sys_openat2(dirfd, file, flags | O_CLOEXEC | O_NOFOLLOW, 0,
			     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);

	if (fd < 0 && (errno == ENOSYS || errno == EPERM) && !strchr(file, '/') &&
	    strcmp(file, ".."))
		fd = openat(dirfd, file, flags | O_CLOEXEC | O_NOFOLLOW);
	return fd;
}

int tree_put(int fd, const char *value)
{
	int n, num;

	if (fd < 0)
		return -1;
	n = fd_put(fd, value);
	num = errno;
	close(fd);
	errno = num;
	return n;
}

ssize_t tree_get(int fd, char *buf, size_t size)
{
	ssize_t n;
	int num;

	if (fd < 0)
		return -1;
	/* One read is enough: kernfs returns the whole text, or as much as fits. */
	do {
		n = read(fd, buf, size - 1);
	} while (n < 0 && errno == EINTR);
	num = errno;
	close(fd);
	errno = num;
	buf[n > 0 ? n : 0] = 0;
	return n;
}

bool tree_keyed(const char *text, const char *key, uint64_t *out)
{
	size_t len = strlen(key);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		if (strncmp(text, key, len) || text[len] != ' ')
			continue;
		text += len + 1;
		return json_number_u64(text, strspn(text, "0123456789"), out);
	}
	return false;
}

/* ---- walking --------------------------------------------------------------------------------- */

/*
 * A walk needs one descriptor, however deep a container has nested its cgroups. It goes down by
 * name and up by "..", which is safe because a cgroup directory never changes its parent. For each
 * level above it keeps the offset at which the list of that directory continues.
 */
struct walk {
	int fd;
	int64_t *off; /* depth of them, with room for size */
	size_t depth, size;
};

static int walk_push(struct walk *w, int64_t off)
{
	if (w->depth == w->size) {
		size_t size = w->size ? w->size * 2 : 64;
		int64_t *more = realloc(w->off, size * sizeof(*more));

		if (!more)
			return -1;
		w->off = more;
		w->size = size;
	}
	w->off[w->depth++] = off;
	return 0;
}

/* Finds the next subdirectory from the offset *off on. 1: found; 0: no further one; -1 and
 * errno. */
static int next_dir(int fd, int64_t *off, char name[NAME_MAX + 1])
{
	_Alignas(struct dirent) char buf[4096];
	long n;

	if (lseek(fd, *off, SEEK_SET) < 0)
		return -1;
	/* musl since 1.2.4 has no function getdents64(). */
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			struct dirent *d = (struct dirent *)(buf + at);

			at += d->d_reclen;
			*off = d->d_off;
			if (d->d_type != DT_DIR || !strcmp(d->d_name, ".") ||
			    !strcmp(d->d_name, ".."))
				continue;
			memcpy(name, d->d_name, strlen(d->d_name) + 1);
			return 1;
		}
	}
	return n < 0 ? -1 : 0;
}

static int walk_to(struct walk *w, const char *name)
{
	int fd = strcmp(name, "..") ? tree_open(w->fd, name, O_RDONLY | O_DIRECTORY)
				    : openat(w->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	close(w->fd);
	w->fd = fd;
	return 0;
}

/*
 * Calls visit() for every directory below top, children before parents, and for top itself last. A
 * directory that disappears meanwhile is not an error. -1 and errno.
 */
static int walk(int top, int (*visit)(int fd, void *arg), void *arg)
{
	struct walk w = { .fd = tree_open(top, ".", O_RDONLY | O_DIRECTORY) };
	char name[NAME_MAX + 1];
	int64_t off = 0;
	int ret = -1, num;

	if (w.fd < 0)
		return errno == ENOENT ? 0 : -1;
	for (;;) {
		int more = next_dir(w.fd, &off, name);

		if (more < 0 && errno != ENOENT)
			break;
		if (more > 0) {
			if (walk_to(&w, name) < 0) {
				if (errno == ENOENT)
					continue;
				break;
			}
			if (walk_push(&w, off) < 0)
				break;
			off = 0;
			continue;
		}
		if (visit(w.fd, arg) < 0)
			break;
		if (!w.depth) {
			ret = 0;
			break;
		}
		if (walk_to(&w, "..") < 0)
			break;
		off = w.off[--w.depth];
	}
	num = errno;
	fd_close(&w.fd);
	free(w.off);
	errno = num;
	return ret;
}

int tree_each(const char *path, int (*visit)(int fd, void *arg), void *arg)
{
	int fd __cleanup(fd_close) = tree_path(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	return walk(fd, visit, arg);
}

/* ---- processes ------------------------------------------------------------------------------- */

struct pid_sink {
	struct arena *arena;
	cgroup_pids *out;
	size_t size;
};

static void take_pid(struct pid_sink *s, pid_t pid)
{
	s->out->at = arena_grow(s->arena, s->out->at, s->out->n, &s->size, sizeof(pid));
	s->out->at[s->out->n++] = pid;
}

static int take_procs(int dirfd, void *arg)
{
	int fd __cleanup(fd_close) = tree_open(dirfd, "cgroup.procs", O_RDONLY);
	char buf[4096];
	ssize_t n;
	pid_t pid = -1;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n') {
				pid = (pid < 0 ? 0 : pid * 10) + buf[i] - '0';
				continue;
			}
			/* 0: a process of a pid namespace that is not visible here */
			if (pid > 0)
				take_pid(arg, pid);
			pid = -1;
		}
	}
	/* EOPNOTSUPP: a threaded cgroup, whose processes are listed by a cgroup above. ENODEV:
	 * it was removed. */
	return n < 0 && errno != EOPNOTSUPP && errno != ENODEV ? -1 : 0;
}

int tree_procs(const char *path, struct arena *a, cgroup_pids *out)
{
	struct pid_sink sink = { .arena = a, .out = out, .size = out->n };

	return tree_each(path, take_procs, &sink) < 0 ? fail("read processes of %s", path) : 0;
}

/* ---- mkdir and rmdir ------------------------------------------------------------------------- */

void tree_unmake(char *path, unsigned levels)
{
	while (levels--) {
		char *slash = strrchr(path, '/');

		if (rmdir(path) < 0 || !levels)
			return;
		*slash = 0;
	}
}

int tree_mkdir(const char *path, size_t base, struct tree_made *made)
{
	char *level = arena_strdup(made->arena, path);
	int num;

	made->levels = 0;
	/* Usually only the last directory is missing. */
	if (mkdir(path, 0755) < 0) {
		if (errno == EEXIST)
			return 0;
		if (errno != ENOENT)
			return -1;
	} else {
		made->levels = 1;
		if (!made->each || made->each(path, made->arg) == 0)
			return 1;
		goto undo;
	}
	for (char *end = level + base;;) {
		char cut;

		end += 1 + strcspn(end + 1, "/");
		cut = *end;
		*end = 0;
		if (mkdir(level, 0755) < 0) {
			if (errno != EEXIST)
				goto undo;
			made->levels = 0;
		} else {
			made->levels++;
			if (made->each && made->each(level, made->arg) < 0)
				goto undo;
		}
		if (!cut)
			return made->levels > 0;
		*end = cut;
	}
undo:
	num = errno;
	tree_unmake(level, made->levels);
	errno = num;
	return -1;
}

/*
 * Removes the directories below top, the deepest first. It enters one only if rmdir(2) fails
 * with EBUSY, and it stops at the deadline, because a process may make new ones all the
 * time. -1 and errno.
 */
static int remove_below(int top, int64_t deadline)
{
	struct walk w = { .fd = tree_open(top, ".", O_RDONLY | O_DIRECTORY) };
	char name[NAME_MAX + 1];
	bool up = false;
	int ret = -1, num;

	while (w.fd >= 0) {
		int64_t off = 0;
		int more = next_dir(w.fd, &off, name);

		if (more < 0 && errno != ENOENT)
			break;
		if (clock_ms() >= deadline) {
			errno = EBUSY;
			break;
		}
		if (more <= 0) {
			if (!w.depth) {
				ret = 0;
				break;
			}
			if (walk_to(&w, "..") < 0)
				break;
			w.depth--;
			up = true;
			continue;
		}
		if (!unlinkat(w.fd, name, AT_REMOVEDIR) || errno == ENOENT) {
			up = false;
			continue;
		}
		/* It has no subdirectory left and is busy, so it has processes. The
		 * caller waits. */
		if (errno != EBUSY || up)
			break;
		if (walk_to(&w, name) < 0) {
			if (errno == ENOENT)
				continue;
			break;
		}
		w.depth++;
	}
	num = errno;
	fd_close(&w.fd);
	errno = num;
	return ret;
}

/* Waits at most ms until path may be empty: on v2 for the report that the last process has ended,
 * on v1 for the end of one process. */
static void wait_empty(int top, const char *path, bool v2, int ms)
{
	char block[4096], buf[256];
	cgroup_pids pids = { 0 };
	struct pollfd p = { .fd = -1 };
	uint64_t populated = 0;
	struct arena a;

	if (v2) {
		p.fd = tree_open(top, "cgroup.events", O_RDONLY);
		p.events = POLLPRI;
		if (p.fd >= 0) {
			ssize_t n = read(p.fd, buf, sizeof(buf) - 1);

			buf[n > 0 ? n : 0] = 0;
			tree_keyed(buf, "populated", &populated);
		}
	}
	if (!populated) {
		fd_close(&p.fd);
		arena_init(&a, block, sizeof(block));
		if (tree_procs(path, &a, &pids) == 0 && pids.n)
			p.fd = sys_pidfd_open(pids.at[0]);
		p.events = POLLIN;
	}
	/* If no process is listed, the kernel is just removing the last one, which takes about 1
	 * ms. */
	poll(&p, p.fd >= 0, p.fd >= 0 ? ms : 1);
	fd_close(&p.fd);
}

/* True if a permission is missing, unlike EBUSY, which means that a process is in the cgroup. */
static bool is_denied(int num)
{
	return num == EACCES || num == EPERM || num == EROFS;
}

int tree_remove(const char *path, bool v2, int64_t until)
{
	int fd __cleanup(fd_close) = -1;
	_Alignas(16) char block[4096];

	if (!rmdir(path) || errno == ENOENT)
		return 0;
	if (errno != EBUSY && !is_denied(errno))
		return fail("remove %s", path);
	fd = tree_path(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : fail("open %s", path);
	for (;;) {
		cgroup_pids pids = { 0 };
		struct arena a;
		int64_t left;

		if (remove_below(fd, until) < 0 && errno != EBUSY && !is_denied(errno))
			return fail("remove sub-cgroups of %s", path);
		if (!rmdir(path) || errno == ENOENT)
			return 0;
		if (is_denied(errno)) {
			arena_init(&a, block, sizeof(block));
			if (tree_procs(path, &a, &pids) < 0)
				return -1;
			if (!pids.n)
				return 1;
			errno = EBUSY;
		}
		left = until - clock_ms();
		if (errno != EBUSY || left <= 0)
			return fail("remove %s", path);
		wait_empty(fd, path, v2, left);
	}
}
