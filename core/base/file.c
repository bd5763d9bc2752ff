/* file.c - small files: read whole, written at once, replaced by rename. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <stdio.h>
#include <string.h>

int file_read(struct arena *a, int dirfd, const char *path, size_t max, char **text, size_t *len)
{
	/* O_NONBLOCK: a FIFO in place of the file must not hold us up. */
	int fd __cleanup(fd_close) = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	size_t got = 0;

	if (fd < 0)
		return fail("open %s", path);
	if (fstat(fd, &st) < 0)
		return fail("stat %s", path);
	if (!S_ISREG(st.st_mode))
		return failx("%s: is not a regular file", path);
	if ((uint64_t)st.st_size > max)
		return failx("%s: is larger than the %zu bytes allowed", path, max);
	/* Files of /proc and /sys say size 0: one page is what they give. */
	if (!st.st_size)
		st.st_size = max < 4096 ? max : 4096;
	*text = arena_alloc(a, st.st_size + 1);
	while (got < (size_t)st.st_size) {
		ssize_t n = read(fd, *text + got, st.st_size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("read %s", path);
		if (!n)
			break;
		got += n;
	}
	(*text)[got] = 0;
	*len = got;
	return 0;
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
