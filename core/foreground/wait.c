/* wait.c - waits in the foreground, and forwards signals and the terminal. */
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

/* ---- the caller's terminal ------------------------------------------------------------------- */

static struct {
	int fd; /* -1: not changed */
	struct termios saved;
} tty = { .fd = -1 };

/* If it fails, it is tried once more at exit. */
static void tty_restore(void)
{
	if (WITH_TERMINAL && tty.fd >= 0 && !tcsetattr(tty.fd, TCSANOW, &tty.saved))
		tty.fd = -1;
}

static int tty_raw(int fd)
{
	struct termios raw;

	if (tcgetattr(fd, &tty.saved) < 0)
		return fail("read terminal settings");
	raw = tty.saved;
	cfmakeraw(&raw);
	/* The caller's terminal still turns a newline into CR LF. The container's does not, so its
	 * output to a file or a pipe has no CR. */
	raw.c_oflag |= OPOST;
	tty.fd = fd;
	/* Restore the terminal also if another function calls exit(3). */
	atexit(tty_restore);
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		return fail("put the terminal into raw mode");
	return 0;
}

/* ---- the loop -------------------------------------------------------------------------------- */

struct relay {
	pid_t pid;
	int signals, master, tty;
	struct service *service;
	int status;
	bool dead;
};

/* Reaps all children that have ended: init and, as a subreaper, processes whose parents have
 * ended. */
static void reap_init(struct relay *r)
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
	/* If wait(2) fails, the end of init would never be seen. */
	if (pid < 0) {
		log_error("wait for the container: %s", err_reason(errno));
		r->status = 255 << 8;
		r->dead = true;
	}
}

/* Reads and forwards a signal. True: it is one that a caller sends to end a process. */
static bool on_signal(struct relay *r)
{
	struct signalfd_siginfo si;

	if (read(r->signals, &si, sizeof(si)) != sizeof(si))
		return false;
	if (WITH_TERMINAL && si.ssi_signo == SIGWINCH && r->master >= 0)
		tty_copy_size(r->tty, r->master);
	/* This follows any signal, because the kernel delivers SIGTERM before a SIGCHLD that came
	 * earlier. */
	reap_init(r);
	if (si.ssi_signo == SIGCHLD || si.ssi_signo == SIGWINCH || si.ssi_signo == SIGURG)
		return false;
	if (!r->dead)
		kill(r->pid, si.ssi_signo); /* it fails if init has died just now */
	return true;
}

/* One direction of the terminal: a buffer of data that was read and not written yet. */
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

/* Looks at errno after a read or write. False: the other end was closed (EIO, EPIPE), or is
 * broken. */
static bool goes_on(void)
{
	if (errno == EINTR || errno == EAGAIN)
		return true;
	if (errno != EIO && errno != EPIPE)
		log_warn("terminal: %s", err_reason(errno));
	return false;
}

/* Reads if the buffer is empty, else writes. False: one of the ends was closed. */
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
 * Opens the output so that writing never blocks, because signals are not forwarded meanwhile.
 * O_NONBLOCK must not be set on the caller's open file, which other processes share, so terminals
 * and pipes are opened again. The others need it not: a socket that poll(2) reports as writable
 * accepts a page, and a file does not block.
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

/* At the end of our input the payload gets ^D, which ends its input. */
static void end_input(struct flow *in)
{
	in->from = -1;
	in->buf[0] = 4;
	in->start = 0;
	in->end = 1;
}

/* Ends the output. If the payload has only closed the terminal, the master stays open. If text is
 * left because our output was closed, the master is closed as well (a hangup): otherwise the
 * payload would wait in write(2) for ever. */
static void end_output(struct relay *r, struct flow *in, struct flow *out)
{
	if (out->start < out->end) {
		fd_close(&r->master);
		in->from = in->to = -1;
		in->start = in->end;
	}
	*out = (struct flow){ .from = -1, .to = -1 };
}

/* 1: the pty still has output of the payload, which may have died; 0: it has none; -1: failed. */
static int is_left(const struct flow *out)
{
	struct pollfd p = { out->from, POLLIN, 0 };

	if (out->from < 0 || out->start < out->end)
		return out->from >= 0;
	if (poll(&p, 1, 0) < 0 && errno != EINTR)
		return fail("look for output of the terminal");
	return p.revents & POLLIN ? 1 : 0;
}

static int relay_loop(struct relay *r)
{
	static LARGE struct flow in, out;
	int left = 1;

	in = (struct flow){ .from = r->master >= 0 ? 0 : -1, .to = r->master };
	out = (struct flow){ .from = r->master, .to = open_output() };
	while (!r->dead || (left = is_left(&out)) > 0) {
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
	return left;
}

int wait_foreground(pid_t pid, int master, struct service *service, int *raw)
{
	struct relay r = {
		.pid = pid, .master = master, .tty = -1, .signals = -1, .service = service
	};
	int peer __cleanup(fd_close) = -1, rc;
	sigset_t all;

	if ((!WITH_TERMINAL || master < 0) && (!WITH_NOTIFY || service->sock < 0)) {
		siginfo_t si;

		/* Without a terminal a loop of sigwaitinfo(2) is enough. SIGCHLD was blocked before
		 * the clone, so an early one is still pending. */
		proc_all_signals(&all);
		while (!r.dead) {
			if (sigwaitinfo(&all, &si) < 0)
				continue;
			if (si.si_signo == SIGCHLD)
				reap_init(&r);
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
	if (WITH_TERMINAL && master >= 0) {
		fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
		/* As long as one slave is open, reading does not fail when the payload closes its
		 * own: it may open the terminal again. KERNEL 4.13: TIOCGPTPEER (EINVAL, ENOTTY);
		 * without it, what is written to a terminal that was closed and opened again is
		 * lost. */
		peer = tty_peer(master);
		r.tty = tty_find();
	}
	if (WITH_TERMINAL && r.tty >= 0 && tty_raw(r.tty) < 0)
		return -1;
	reap_init(&r);
	rc = relay_loop(&r);
	/* The container may have reported that it is ready just before its death. */
	service_heard(service, getpid(), true);
	tty_restore();
	fd_close(&r.signals);
	*raw = r.status;
	return rc < 0 ? -1 : proc_exit_code(r.status);
}
