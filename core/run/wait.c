/* wait.c - foreground: signals in, exit status out, and the terminal between. */
/* SPDX-License-Identifier: MIT */
#include "core/run/child.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>

/* ---- the caller's terminal --------------------------------------------------------------------- */

static struct {
	int fd; /* -1: not changed */
	struct termios saved;
} tty = { .fd = -1 };

static void tty_restore(void)
{
	if (tty.fd >= 0)
		tcsetattr(tty.fd, TCSANOW, &tty.saved);
	tty.fd = -1;
}

static int tty_raw(int fd)
{
	struct termios raw;

	if (tcgetattr(fd, &tty.saved) < 0)
		return fail("read terminal settings");
	raw = tty.saved;
	cfmakeraw(&raw);
	/* Newlines are turned into CR LF here and no longer at the container's end, so that what goes
	 * into a file or a pipe has none (checklist T-04). */
	raw.c_oflag |= OPOST;
	tty.fd = fd;
	/* Every way out of the process restores it, exit(3) included. */
	atexit(tty_restore);
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		return fail("put the terminal into raw mode");
	return 0;
}

static void plain_newlines(int master)
{
	struct termios t;

	if (tcgetattr(master, &t) < 0)
		return;
	t.c_oflag &= ~(tcflag_t)ONLCR;
	tcsetattr(master, TCSANOW, &t);
}

static void copy_size(int from, int to)
{
	struct winsize size;

	if (!ioctl(from, TIOCGWINSZ, &size))
		ioctl(to, TIOCSWINSZ, &size);
}

/* Our own terminal: any of the standard descriptors may be redirected. */
static int find_tty(void)
{
	static const int order[] = { 2, 1, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (isatty(order[i]))
			return order[i];
	return -1;
}

void wait_adopt(int master)
{
	int own = find_tty();

	plain_newlines(master);
	if (own >= 0)
		copy_size(own, master);
}

/* ---- the loop ------------------------------------------------------------------------------------ */

struct relay {
	pid_t pid;
	int signals, master, tty;
	int status;
	bool dead;
};

/* SIGCHLD comes for init and, as a subreaper, for what it left behind. */
static void reap(struct relay *r)
{
	int status;
	pid_t pid = 0;

	while (!r->dead && (pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		if (pid == r->pid) {
			r->status = status;
			r->dead = true;
		}
	/* It will never be told: waiting on would be for ever. */
	if (pid < 0 && errno != EINTR) {
		r->status = 255 << 8;
		r->dead = true;
	}
}

static void on_signal(struct relay *r)
{
	struct signalfd_siginfo si;

	if (read(r->signals, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo == SIGCHLD)
		reap(r);
	else if (si.ssi_signo == SIGWINCH && r->master >= 0)
		copy_size(r->tty, r->master);
	else if (si.ssi_signo != SIGWINCH && si.ssi_signo != SIGURG)
		kill(r->pid, si.ssi_signo); /* init may be gone already: nothing to forward then */
}

/* One read, all written. 0 at the end of from. */
static int copy_some(int from, int to)
{
	char buf[4096];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (n <= 0)
		return 0;
	return fd_write_all(to, buf, n) < 0 ? 0 : 1;
}

static void relay_loop(struct relay *r)
{
	struct pollfd fds[3] = { { r->signals, POLLIN, 0 },
				 { r->master, POLLIN, 0 },
				 { r->master >= 0 ? 0 : -1, POLLIN, 0 } };

	while (!r->dead) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents && !copy_some(r->master, 1))
			fds[1].fd = -1; /* every peer is closed */
		if (fds[2].revents && !copy_some(0, r->master)) {
			/* The end of our input is that of the payload's: ^D, as a person would type it. */
			static const char eot = 4;

			fds[2].fd = -1;
			if (write(r->master, &eot, 1) < 0)
				continue;
		}
		if (fds[0].revents)
			on_signal(r);
	}
	/* What the payload wrote last is still in the pty. */
	while (fds[1].fd >= 0 && poll(&fds[1], 1, 0) > 0 && fds[1].revents & POLLIN &&
	       copy_some(r->master, 1))
		;
}

int wait_prepare(sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	if (sigprocmask(SIG_BLOCK, &all, NULL) < 0)
		return fail("block signals");
	/* While CHLD is ignored, which is inherited, wait(2) waits for ever. */
	signal(SIGCHLD, SIG_DFL);
	/* What the caller blocked is no affair of the container. */
	sigemptyset(old);
	return 0;
}

int wait_foreground(pid_t pid, int master)
{
	struct relay r = { .pid = pid, .master = master, .tty = -1, .signals = -1 };
	sigset_t all;

	if (master < 0) {
		siginfo_t si;

		/* No terminal: one blocking call a signal is all there is to do. A SIGCHLD from before waits
		 * for us, blocked since before the clone. */
		sigfillset(&all);
		while (!r.dead) {
			if (sigwaitinfo(&all, &si) < 0)
				continue;
			if (si.si_signo == SIGCHLD)
				reap(&r);
			else if (si.si_signo != SIGWINCH && si.si_signo != SIGURG)
				kill(pid, si.si_signo);
		}
		return proc_exit_code(r.status);
	}
	sigfillset(&all);
	r.signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r.signals < 0)
		return fail("create signalfd");
	r.tty = find_tty();
	if (r.tty >= 0 && tty_raw(r.tty) < 0)
		return -1;
	reap(&r);
	relay_loop(&r);
	tty_restore();
	fd_close(&r.signals);
	return proc_exit_code(r.status);
}
