/* tty.c - a container's terminal (pty(7), ioctl_tty(2)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#ifndef TIOCGPTPEER
#ifdef _IO
#define TIOCGPTPEER _IO('T', 0x41) /* 4.13 */
#else
#define TIOCGPTPEER 0x5441
#endif
#endif

#define PTS_ROOT_INO 1
#define PTMX_INO 2
#define PTMX_MAJOR 5
#define PTMX_MINOR 2
#define PTS_MAJOR_FIRST 136
#define PTS_MAJOR_LAST 143

/* Between the root of a devpts and a node in it there must be no symlink and no mount. */
#define INSIDE_PTS (RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV)

/* Opens the root of the devpts at /dev/pts. No process can make, rename or replace
 * nodes in a devpts. */
static int open_pts(int rootfd, dev_t *dev)
{
	int fd __cleanup(fd_close) = path_open(rootfd, "/dev/pts", O_PATH | O_DIRECTORY, 0, 0);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return fail("stat /dev/pts");
	if (fs.f_type != SYS_DEVPTS_MAGIC || st.st_ino != PTS_ROOT_INO) {
		failx("/dev/pts is not a devpts");
		return fail_hint("a terminal needs {\"destination\": \"/dev/pts\", \"type\": "
				 "\"devpts\"} in mounts");
	}
	*dev = st.st_dev;
	return fd_take(&fd);
}

static int open_ptmx(int pts, dev_t dev)
{
	int fd __cleanup(fd_close) =
		path_open(pts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW, 0, INSIDE_PTS);
	struct stat st;

	if (fd < 0)
		return fail_in("/dev/pts");
	if (fstat(fd, &st) < 0)
		return fail("stat /dev/pts/ptmx");
	if (!S_ISCHR(st.st_mode) || st.st_dev != dev || st.st_ino != PTMX_INO ||
	    st.st_rdev != makedev(PTMX_MAJOR, PTMX_MINOR))
		return failx("/dev/pts/ptmx is not the multiplexor of its devpts");
	return fd_take(&fd);
}

/* Opens the slave by its number, for kernels that cannot open it from the master. */
static int open_numbered(int pts, dev_t dev, int master)
{
	int fd __cleanup(fd_close) = -1;
	unsigned number;
	struct stat st;
	char name[16];

	if (ioctl(master, TIOCGPTN, &number) < 0)
		return fail("number of the terminal");
	snprintf(name, sizeof(name), "%u", number);
	fd = path_open(pts, name, O_RDWR | O_NOCTTY | O_NOFOLLOW, 0, INSIDE_PTS);
	if (fd < 0)
		return fail_in("/dev/pts");
	if (fstat(fd, &st) < 0)
		return fail("stat /dev/pts/%u", number);
	if (!S_ISCHR(st.st_mode) || st.st_dev != dev || major(st.st_rdev) < PTS_MAJOR_FIRST ||
	    major(st.st_rdev) > PTS_MAJOR_LAST)
		return failx("/dev/pts/%u is not a terminal of its devpts", number);
	return fd_take(&fd);
}

int tty_peer(int master)
{
	return ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

int tty_open(int rootfd, int *peer)
{
	int pts __cleanup(fd_close) = -1, master __cleanup(fd_close) = -1;
	int unlock = 0;
	dev_t dev = 0;

	pts = open_pts(rootfd, &dev);
	if (pts < 0)
		return -1;
	master = open_ptmx(pts, dev);
	if (master < 0)
		return -1;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return fail("unlock the terminal");
	*peer = tty_peer(master);
	/* KERNEL 4.13: TIOCGPTPEER (EINVAL, ENOTTY); the slave is opened by its number
	 * and then checked. */
	if (*peer < 0 && (errno == EINVAL || errno == ENOTTY))
		*peer = open_numbered(pts, dev, master);
	else if (*peer < 0)
		fail("open the terminal's other side");
	if (*peer < 0)
		return -1;
	return fd_take(&master);
}

int tty_set_size(int fd, uint32_t height, uint32_t width)
{
	struct winsize size = { .ws_row = height, .ws_col = width };

	if (height > UINT16_MAX || width > UINT16_MAX)
		return failx("console size %ux%u is more than 65535", height, width);
	if (ioctl(fd, TIOCSWINSZ, &size) < 0)
		return fail("set the console size to %ux%u", height, width);
	return 0;
}

int tty_become(int peer)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fd == peer ? fd_set_cloexec(fd, false) < 0 : dup2(peer, fd) < 0)
			return fail("make the terminal descriptor %d", fd);
	}
	if (peer > 2)
		close(peer);
	return 0;
}

int tty_control(void)
{
	return ioctl(0, TIOCSCTTY, 0) < 0 ? fail("make the terminal the controlling one") : 0;
}

static void plain_newlines(int master)
{
	struct termios t;

	if (tcgetattr(master, &t) < 0)
		return;
	t.c_oflag &= ~(tcflag_t)ONLCR;
	tcsetattr(master, TCSANOW, &t);
}

void tty_copy_size(int from, int to)
{
	struct winsize size;

	if (!ioctl(from, TIOCGWINSZ, &size))
		ioctl(to, TIOCSWINSZ, &size);
}

int tty_find(void)
{
	static const int order[] = { 2, 1, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (isatty(order[i]))
			return order[i];
	return -1;
}

void tty_adopt(int master)
{
	int own = tty_find();

	plain_newlines(master);
	if (own >= 0)
		tty_copy_size(own, master);
}
