/* file.c - small files: read whole, written at once, replaced by rename. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <stdio.h>
#include <string.h>

/* Up to size bytes or the end; a NUL is put behind it, for which there is room. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t got = 0;
	ssize_t n = 0;

	while (got < size &&
	       ((n = read(fd, buf + got, size - got)) > 0 || (n < 0 && errno == EINTR)))
		got += n > 0 ? n : 0;
	buf[got] = 0;
	return n < 0 ? -1 : (ssize_t)got;
}

static int too_large(const char *path, size_t max)
{
	return failx("%s: is larger than the %zu bytes allowed", path, max);
}

int file_read(struct arena *a, int dirfd, const char *path, size_t max, char **text, size_t *len)
{
	/* O_NONBLOCK: a FIFO in place of the file must not hold us up. */
	int fd __cleanup(fd_close) = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t got;

	if (fd < 0)
		return fail("open %s", path);
	if (fstat(fd, &st) < 0)
		return fail("stat %s", path);
	if (!S_ISREG(st.st_mode))
		return failx("%s: is not a regular file", path);
	if ((uint64_t)st.st_size > max)
		return too_large(path, max);
	/* Files of /proc and /sys say size 0: one page is what they give. */
	if (!st.st_size)
		st.st_size = max < 4096 ? max : 4096;
	*text = arena_alloc(a, st.st_size + 1);
	got = read_all(fd, *text, st.st_size);
	*len = got;
	return got < 0 ? fail("read %s", path) : 0;
}

#define PIPE_MAX (1u << 20) /* bytes; the room is taken at once */

int file_read_named(struct arena *a, const char *path, size_t max, char **text, size_t *len)
{
	int fd __cleanup(fd_close) = -1;
	bool from_stdin = !strcmp(path, "-");
	struct stat st;
	ssize_t got;

	/* Of all but a pipe the size is known before anything is read. */
	if (!from_stdin && (stat(path, &st) < 0 || !S_ISFIFO(st.st_mode)))
		return file_read(a, AT_FDCWD, path, max, text, len);
	if (!from_stdin) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return fail("open %s", path);
	}
	max = max < PIPE_MAX ? max : PIPE_MAX;
	*text = arena_alloc(a, max + 2);
	got = read_all(from_stdin ? STDIN_FILENO : fd, *text, max + 1);
	*len = got;
	if (got < 0)
		return fail("read %s", from_stdin ? "standard input" : path);
	return *len > max ? too_large(from_stdin ? "standard input" : path, max) : 0;
}

ssize_t file_read_line(int dirfd, const char *path, char *buf, size_t size)
{
	int fd __cleanup(fd_close) = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return fail("open %s", path);
	do {
		n = read(fd, buf, size - 1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail("read %s", path);
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = 0;
	return n;
}

int file_write(int dirfd, const char *path, const char *value)
{
	int fd __cleanup(fd_close) = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t len = strlen(value);
	ssize_t n;

	if (fd < 0)
		return fail("open %s", path);
	do {
		n = write(fd, value, len);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)len)
		return fail("write \"%s\" to %s", value, path);
	return 0;
}

int file_create(int dirfd, const char *path, const void *buf, size_t len, mode_t mode)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return fail("create %s", path);
	if (fd_write_all(fd, buf, len) < 0) {
		fail("write %s", path);
		fd_close(&fd);
		unlinkat(dirfd, path, 0);
		return -1;
	}
	/* close reports what delayed writes could not store (quota, network filesystems). */
	if (close(fd) < 0) {
		fail("write %s", path);
		unlinkat(dirfd, path, 0);
		return -1;
	}
	return 0;
}

int file_replace(int dirfd, const char *path, const void *buf, size_t len, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	int dirlen = slash ? (int)(slash + 1 - path) : 0;
	char temp[4096];

	if (snprintf(temp, sizeof(temp), "%.*s.%s", dirlen, path, path + dirlen) >=
	    (int)sizeof(temp))
		return failx("%s: path is too long", path);
	if (file_create(dirfd, temp, buf, len, mode) < 0) {
		if (err_num() != EEXIST)
			return -1;
		/* Left by a process that was killed between creating and renaming. */
		if (unlinkat(dirfd, temp, 0) < 0)
			return fail("remove %s", temp);
		if (file_create(dirfd, temp, buf, len, mode) < 0)
			return -1;
	}
	if (!renameat(dirfd, temp, dirfd, path))
		return 0;
	fail("rename %s to %s", temp, path);
	unlinkat(dirfd, temp, 0);
	return -1;
}
