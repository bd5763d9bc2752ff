/* wait.c - foreground: signals in, exit status out, and the terminal between. */
/* SPDX-License-Identifier: MIT */
#include "core/foreground/foreground.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
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

/* ---- the loop ------------------------------------------------------------------------------------ */

struct relay {
	pid_t pid;
	int signals, master, tty;
	struct service *service;
	int status;
	bool dead;
};

/* SIGCHLD comes for init and, as a subreaper, for what it left behind. */
static void reap(struct relay *r)
{
	int status;
	pid_t pid = 1;

	while (!r->dead && (pid > 0 || (pid < 0 && errno == EINTR))) {
		pid = waitpid(-1, &status, WNOHANG | __WALL);
		if (pid == r->pid) {
			r->status = status;
			r->dead = true;
		}
	}
	/* It will never be told: waiting on would be for ever. */
	if (pid < 0) {
		log_error("wait for the container: %s", err_reason(errno));
		r->status = 255 << 8;
		r->dead = true;
	}
}

/* True: the signal was one to end somebody, us if init is dead. */
static bool on_signal(struct relay *r)
{
	struct signalfd_siginfo si;

	if (read(r->signals, &si, sizeof(si)) != sizeof(si))
		return false;
	if (si.ssi_signo == SIGWINCH && r->master >= 0)
		tty_copy_size(r->tty, r->master);
	/* Whatever it is: the kernel gives the lowest number first, SIGTERM before SIGCHLD. */
	reap(r);
	if (si.ssi_signo == SIGCHLD || si.ssi_signo == SIGWINCH || si.ssi_signo == SIGURG)
		return false;
	if (!r->dead)
		kill(r->pid, si.ssi_signo); /* init may be gone already: nothing to forward then */
	return true;
}

/* One direction of the terminal: what was read waits here until it can be written. */
struct flow {
	int from, to; /* -1: ended */
	size_t start, end;
	char buf[4096];
};

static struct pollfd flow_poll(const struct flow *f)
{
	return f->start < f->end ? (struct pollfd){ f->to, POLLOUT, 0 }
				 : (struct pollfd){ f->from, POLLIN, 0 };
}

/* False: for good. The other side's going away is the usual end, and is known over there. */
static bool goes_on(void)
{
	if (errno == EINTR || errno == EAGAIN)
		return true;
	if (errno != EIO && errno != EPIPE)
		log_warn("terminal: %s", err_reason(errno));
	return false;
}

/* One read or one write, whichever is due. False at the end of either. */
static bool flow_step(struct flow *f)
{
	ssize_t n;

	if (f->start < f->end) {
		n = write(f->to, f->buf + f->start, f->end - f->start);
		f->start += n > 0 ? n : 0;
		return n >= 0 || goes_on();
	}
	n = read(f->from, f->buf, sizeof(f->buf));
	f->start = 0;
	f->end = n > 0 ? n : 0;
	return n > 0 || (n < 0 && goes_on());
}

/*
 * Nobody may hold us up by not reading: signals could no longer be forwarded. The flag must not be set
 * on the caller's own description, which it shares with others, so terminals and pipes get one of ours.
 * A socket that can be written takes a page, and a file never blocks.
 */
static int open_output(void)
{
	struct stat st;
	int fd = -1;

	if (!fstat(1, &st) && (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)))
		fd = openat(AT_FDCWD, "/proc/self/fd/1",
			    O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? 1 : fd;
}

/* The end of our input is that of the payload's: ^D, as a person would type it. */
static void end_input(struct flow *in)
{
	in->from = -1;
	in->buf[0] = 4;
	in->start = 0;
	in->end = 1;
}

/* Every peer is closed for now; or nobody takes what comes out, and then we hang up, as a terminal does
 * that is gone: left open and unread it would stop the payload in a write for ever. */
static void end_output(struct relay *r, struct flow *in, struct flow *out)
{
	if (out->start < out->end) {
		fd_close(&r->master);
		in->from = in->to = -1;
		in->start = in->end;
	}
	*out = (struct flow){ .from = -1, .to = -1 };
}

/* What the payload wrote last is still in the pty when it is dead. */
static bool is_left(const struct flow *out)
{
	struct pollfd p = { out->from, POLLIN, 0 };

	return out->from >= 0 &&
	       (out->start < out->end || (poll(&p, 1, 0) > 0 && p.revents & POLLIN));
}

static int relay_loop(struct relay *r)
{
	static struct flow in, out;

	in = (struct flow){ .from = r->master >= 0 ? 0 : -1, .to = r->master };
	out = (struct flow){ .from = r->master, .to = open_output() };
	while (!r->dead || is_left(&out)) {
		struct pollfd fds[4] = { { r->signals, POLLIN, 0 },
					 flow_poll(&out),
					 flow_poll(&in),
					 { r->service->sock, POLLIN, 0 } };

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return fail("wait for the terminal");
		if (fds[1].revents && !flow_step(&out))
			end_output(r, &in, &out);
		if (fds[2].revents && !flow_step(&in)) {
			if (in.from >= 0 && in.start == in.end)
				end_input(&in);
			else
				in = (struct flow){ .from = -1, .to = -1 };
		}
		if (fds[3].revents)
			service_heard(r->service, getpid(), false);
		if (fds[0].revents && on_signal(r) && r->dead)
			return 0;
	}
	return 0;
}

int wait_foreground(pid_t pid, int master, struct service *service, int *raw)
{
	struct relay r = {
		.pid = pid, .master = master, .tty = -1, .signals = -1, .service = service
	};
	sigset_t all;
	int rc;

	if (master < 0 && service->sock < 0) {
		siginfo_t si;

		/* No terminal: one blocking call a signal is all there is to do. A SIGCHLD from before waits
		 * for us, blocked since before the clone. */
		proc_all_signals(&all);
		while (!r.dead) {
			if (sigwaitinfo(&all, &si) < 0)
				continue;
			if (si.si_signo == SIGCHLD)
				reap(&r);
			else if (si.si_signo != SIGWINCH && si.si_signo != SIGURG)
				kill(pid, si.si_signo);
		}
		*raw = r.status;
		return proc_exit_code(r.status);
	}
	proc_all_signals(&all);
	r.signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r.signals < 0) {
		fail("create signalfd");
		return err_num() == ENOSYS
			       ? fail_hint("this kernel was built without CONFIG_SIGNALFD")
			       : -1;
	}
	if (master >= 0) {
		fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
		r.tty = tty_find();
	}
	if (r.tty >= 0 && tty_raw(r.tty) < 0)
		return -1;
	reap(&r);
	rc = relay_loop(&r);
	tty_restore();
	fd_close(&r.signals);
	*raw = r.status;
	return rc < 0 ? -1 : proc_exit_code(r.status);
}
