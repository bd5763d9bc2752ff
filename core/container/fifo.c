/* fifo.c - a created container: init waits in a fifo that only init reads, until start writes. */
/* SPDX-License-Identifier: MIT */
#include "core/container/container.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define FIFO_FILE "exec.fifo" /* in ROOT/ID */

#define FENCE (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/*
 * A process of the container with CAP_SYS_PTRACE can take the descriptor from init. So it is opened
 * on a detached mount, where mode, owner, times and attributes of the file cannot be changed, and
 * to which no link can be made. A read-only mount does not stop writing to a fifo. mount_setattr(2)
 * and mount(2) refuse to make such a mount writable when its descriptor is closed.
 */
static int open_fenced(int dir, const char *path)
{
	int mnt __cleanup(fd_close) = mountapi_clone(dir, path, 0);
	char link[FD_PATH_MAX];

	if (mnt < 0 || mountapi_setattr(mnt, false, FENCE, 0) < 0)
		return -1;
	/* Init has both ends, so that its read waits for start and never gets an end of file. */
	return openat(AT_FDCWD, path_of_fd(link, mnt), O_RDWR | O_CLOEXEC);
}

int fifo_make(struct life *l)
{
	int fd;

	if (mkfifoat(l->dir, FIFO_FILE, 0600) < 0)
		return fail("create %s", FIFO_FILE);
	fd = open_fenced(l->dir, FIFO_FILE);
	if (fd >= 0)
		return fd;
	/* KERNEL 5.12: open_tree(2) and mount_setattr(2) (ENOSYS): init holds the file on the
	 * host's mount, and a process of the container with CAP_SYS_PTRACE can change its mode,
	 * owner and times. Where an ordinary user makes the container (EPERM) none can: init's
	 * memory belongs to the user namespace of the host, and init is not dumpable, so no process
	 * of the container can take its descriptors. */
	err_clear("the file is opened on the host's mount");
	fd = openat(l->dir, FIFO_FILE, O_RDWR | O_CLOEXEC);
	return fd < 0 ? fail("open %s", FIFO_FILE) : fd;
}

/* Only init reads the fifo, so opening it for writing succeeds only while init waits. */
bool fifo_waits(const struct life *l)
{
	int fd __cleanup(fd_close) = -1;

	/* runc's init waits for a reader, and start removes the fifo. */
	if (l->state.foreign)
		return sys_exists(l->dir, FIFO_FILE);
	fd = openat(l->dir, FIFO_FILE, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0;
}

bool fifo_is_there(int root_dir, const char *id)
{
	char path[1024 + 16];

	strcpy(stpcpy(path, id), "/" FIFO_FILE);
	return sys_exists(root_dir, path);
}

bool fifo_is_left(const struct life *l)
{
	return !l->state.foreign && !fifo_waits(l) && errno == ENXIO;
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
