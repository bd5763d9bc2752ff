/* fifo.c - a created container: init waits in a fifo that only init reads, until start writes. */
/* SPDX-License-Identifier: MIT */
#include "core/container/container.h"

#include <poll.h>

#define FIFO_FILE "exec.fifo" /* in ROOT/ID */

int fifo_make(struct life *l)
{
	int fd;

	if (mkfifoat(l->dir, FIFO_FILE, 0600) < 0)
		return fail("create %s", FIFO_FILE);
	/* Init has both ends, so that its read waits for start and never gets an end of file. */
	fd = openat(l->dir, FIFO_FILE, O_RDWR | O_CLOEXEC);
	return fd < 0 ? fail("open %s", FIFO_FILE) : fd;
}

/* Only init reads the fifo, so that opening it for writing succeeds only while init
 * waits (O-03). */
bool fifo_waits(const struct life *l)
{
	int fd __cleanup(fd_close) = -1;

	/* runc's init waits for a reader, and start removes the fifo. */
	if (l->state.foreign)
		return !faccessat(l->dir, FIFO_FILE, F_OK, 0);
	fd = openat(l->dir, FIFO_FILE, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0;
}

/* runc's init writes to the fifo when start has opened it for reading. */
static int release_foreign(const struct life *l)
{
	int fifo __cleanup(fd_close) = openat(l->dir, FIFO_FILE, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct pollfd fds[] = { { fifo, POLLIN, 0 }, { l->pidfd, POLLIN, 0 } };
	char byte;

	if (fifo < 0)
		return fail("open %s", FIFO_FILE);
	while (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno == EINTR)
		;
	return read(fifo, &byte, 1) == 1 ? 0 : failx("container process is already dead");
}

int fifo_release(const struct life *l, int *fifo)
{
	int in __cleanup(fd_close) = -1;

	if (l->state.foreign)
		return release_foreign(l);
	in = openat(l->dir, FIFO_FILE, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (in < 0)
		return errno == ENXIO ? failx("container process is already dead")
				      : fail("open %s", FIFO_FILE);
	*fifo = openat(l->dir, FIFO_FILE, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (*fifo < 0)
		return fail("open %s", FIFO_FILE);
	return write(in, "0", 1) == 1 ? 0 : fail("release the container's process");
}

int fifo_reason(int fifo)
{
	char text[2500];
	ssize_t n = read(fifo, text, sizeof(text) - 1);

	if (n < 2)
		return n == 1 ? 0 : -1;
	text[n] = 0;
	fail_take(0, text + (*text == '0'));
	fail_in("unable to start container process: error during container init");
	return 1;
}

void fifo_remove(const struct life *l)
{
	unlinkat(l->dir, FIFO_FILE, 0);
}
