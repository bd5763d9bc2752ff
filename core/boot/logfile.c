/* logfile.c - logs in files, written by a child: a disk that hangs does not hold process 1 up. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/*
 * Process 1 sends what it reads to the child in packets over one pipe, which is in packet mode, so that
 * a child that takes the place of a killed one begins with a whole packet. A full pipe is the sign of a
 * slow disk: the containers' pipes are then left alone until it has room, and the containers wait.
 */
struct packet {
	struct logfile *to; /* the child has the same memory */
	uint32_t len;
	char text[LOG_LINE];
};

/* ---- the file ---------------------------------------------------------------------------------- */

static int open_file(struct logfile *f, int flags)
{
	struct stat st;

	f->fd = open(f->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0640);
	if (f->fd < 0)
		return fail("open the log %s", f->path);
	f->size = fstat(f->fd, &st) < 0 ? 0 : st.st_size;
	return 0;
}

int logfile_open(struct arena *a, struct logfile *f, const char *name, const struct boot_rule *rule)
{
	*f = (struct logfile){ .fd = -1, .max = rule->log_size };
	f->path = arena_printf(a, "%s/%s.log", rule->log, name);
	f->old = arena_printf(a, "%s.1", f->path);
	f->failing = true; /* the caller reports what fails here; each line tries again */
	if (mkdir(rule->log, 0755) < 0 && errno != EEXIST)
		return fail("make %s", rule->log);
	/* The file is the child's affair; what is no file must not hold process 1 up. */
	if (open_file(f, O_NONBLOCK) < 0)
		return -1;
	fd_close(&f->fd);
	f->failing = false;
	return 0;
}

/* The file becomes FILE.1. Where that cannot be, it begins again: it never grows past its limit. */
static void rotate(struct logfile *f)
{
	if (rename(f->path, f->old) < 0) {
		fail("rename the log %s to %s, which loses its text", f->path, f->old);
		if (!f->stays)
			console_error();
		err_clear("it is on the console already");
		f->stays = true;
		if (f->fd >= 0 && ftruncate(f->fd, 0) < 0)
			err_clear("the next write says it");
		f->size = 0;
		return;
	}
	f->stays = false;
	fd_close(&f->fd);
}

static void put(struct logfile *f, const char *text, size_t len)
{
	if (f->max && f->size + len > f->max && f->size)
		rotate(f);
	if ((f->fd < 0 && open_file(f, 0) < 0) ||
	    (fd_write_all(f->fd, text, len) < 0 && fail("write %s", f->path))) {
		if (!f->failing)
			console_error();
		err_clear("it is on the console already");
		f->failing = true;
		return;
	}
	f->failing = false;
	f->size += len;
}

/* ---- the child ----------------------------------------------------------------------------------- */

static struct {
	int in, out;
	pid_t pid; /* 0: there is none, and process 1 writes itself */
	bool closed; /* the machine goes down: what still comes is lost */
} writer = { -1, -1, 0, false };

static _Noreturn void write_all(void)
{
	struct packet p;
	ssize_t n;

	fd_close(&writer.out);
	console_child();
	while ((n = read(writer.in, &p, sizeof(p))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			put(p.to, p.text, p.len);
	_exit(0);
}

static void start(void)
{
	writer.pid = fork();
	if (!writer.pid)
		write_all();
	if (writer.pid < 0)
		writer.pid = 0;
}

void logfile_start(void)
{
	int fds[2];

	/* KERNEL 3.4: O_DIRECT of pipe2(2), packets. */
	if (pipe2(fds, O_CLOEXEC | O_DIRECT) < 0) {
		fail("make a pipe for the logs in files");
		console_error();
		return;
	}
	fcntl(fds[1], F_SETFL, O_NONBLOCK | O_DIRECT);
	writer.in = fds[0];
	writer.out = fds[1];
	start();
}

bool logfile_ended(pid_t pid)
{
	if (!pid || pid != writer.pid)
		return false;
	writer.pid = 0;
	if (writer.out >= 0)
		start();
	return true;
}

int logfile_fd(void)
{
	return writer.pid ? writer.out : -1;
}

bool logfile_takes(const struct logfile *f)
{
	struct pollfd p = { writer.out, POLLOUT, 0 };

	return !writer.pid || poll(&p, 1, 0) > 0;
}

bool logfile_send(struct logfile *f, const char *text, size_t len)
{
	struct packet p = { .to = f, .len = len };

	if (!writer.pid) {
		if (!writer.closed)
			put(f, text, len);
		return true;
	}
	memcpy(p.text, text, len);
	return write(writer.out, &p, offsetof(struct packet, text) + len) > 0 || errno != EAGAIN;
}

void logfile_close(struct machine *m, int64_t ms)
{
	static const struct timespec moment = { 0, 20000000 };
	int64_t end = clock_ms() + ms;

	fd_close(&writer.out);
	while (writer.pid && clock_ms() < end) {
		if (waitpid(writer.pid, NULL, WNOHANG))
			writer.pid = 0;
		else
			nanosleep(&moment, NULL);
		watchdog_feed(&m->watchdog);
		console_push();
	}
	fd_close(&writer.in);
	writer.pid = 0;
	writer.closed = true;
}
