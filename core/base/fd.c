/* fd.c - descriptors: closing them at the end of a scope or together, writing and copying. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_take(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

int fd_reserve_stdio(void)
{
	/* One call asks about all three: POLLNVAL means that the descriptor is closed. */
	struct pollfd fds[3] = { { 0, 0, 0 }, { 1, 0, 0 }, { 2, 0, 0 } };

	if (poll(fds, ARRAY_SIZE(fds), 0) < 0)
		return fail("poll the standard descriptors");
	for (int i = 0; i <= 2; i++) {
		int fd;

		if (!(fds[i].revents & POLLNVAL))
			continue;
		fd = openat(AT_FDCWD, "/dev/null", O_RDWR);
		if (fd < 0)
			return fail("open /dev/null in place of closed descriptor %d", i);
		if (fd != i)
			return failx("descriptor %d is closed and cannot be replaced", i);
	}
	return 0;
}

/* Insertion sort: there are few, and they are nearly in order. */
void fd_sort(int *fds, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j && fds[j - 1] > fds[j]; j--) {
			int swap = fds[j];

			fds[j] = fds[j - 1];
			fds[j - 1] = swap;
		}
}

int fd_set_cloexec(int fd, bool on)
{
	if (fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0)
		return fail("set close-on-exec of descriptor %d", fd);
	return 0;
}

void fd_close_all(int *fds, size_t n)
{
	size_t run;

	fd_sort(fds, n);
	for (size_t i = 0; i < n; i += run) {
		for (run = 1; i + run < n && fds[i + run] == fds[i] + (int)run; run++)
			;
		/* KERNEL 5.9: close_range(2) (ENOSYS); close(2) one by one. */
		if (fds[i] >= 0 && (run == 1 || sys_close_range(fds[i], fds[i] + run - 1, 0) < 0))
			for (size_t j = i; j < i + run; j++)
				close(fds[j]);
	}
}

void fd_pool_put(struct fd_pool *pool, int *fd)
{
	if (*fd < 0)
		return;
	if (pool->n == ARRAY_SIZE(pool->fds))
		fd_pool_close(pool);
	pool->fds[pool->n++] = fd_take(fd);
}

void fd_pool_close(struct fd_pool *pool)
{
	int saved = errno;

	fd_close_all(pool->fds, pool->n);
	pool->n = 0;
	errno = saved;
}

int fd_write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		/* Only a file of the kernel may take nothing. */
		if (!n)
			errno = EINVAL;
		if (n <= 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

int fd_put(int fd, const char *value)
{
	int rc;

	if (*value)
		return fd_write_all(fd, value, strlen(value));
	do {
		rc = write(fd, value, 0);
	} while (rc < 0 && errno == EINTR);
	return rc;
}

int fd_copy(int to, int from)
{
	ssize_t n;

	do {
		n = sendfile(to, from, NULL, 1 << 24);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -1 : 0;
}
