/* logfile.c - logs in files. A child writes them, so that process 1 never waits for a disk. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/*
 * Process 1 sends the containers' output to the child through one pipe. The pipe is in packet mode,
 * so that a child that replaces a killed one begins with a whole packet. If the disk is slow, the
 * pipe becomes full. Then process 1 does not read the containers' pipes, and the containers wait.
 */
struct packet {
	struct logfile *to; /* valid in the child too, which is a fork */
	uint32_t len;
	char text[LOGFILE_MAX];
};

/* ---- the file -------------------------------------------------------------------------------- */

/* A container that can write the directory may have replaced the file. */
static int open_file(struct logfile *f)
{
	struct stat st;

	f->fd = path_open_regular(f->path, O_WRONLY | O_CREAT | O_APPEND, 0640);
	if (f->fd < 0)
		return -1;
	f->size = fstat(f->fd, &st) < 0 ? 0 : st.st_size;
	return 0;
}

int logfile_open(struct arena *a, struct logfile *f, const char *name, const struct boot_rule *rule)
{
	*f = (struct logfile){ .fd = -1, .max = rule->log_size };
	f->path = arena_printf(a, "%s/%s.log", rule->log, name);
	f->old = arena_printf(a, "%s.1", f->path);
	/* The caller reports an error of this function. Later ones, at each line, are not
	 * reported. */
	f->failing = true;
	if (mkdir(rule->log, 0755) < 0 && errno != EEXIST)
		return fail("make %s", rule->log);
	if (open_file(f) < 0)
		return -1;
	/* The child opens the file again. */
	fd_close(&f->fd);
	f->failing = false;
	return 0;
}

/* Renames the file to FILE.1. If that fails it is emptied, so that it never exceeds its limit. */
static void rotate(struct logfile *f)
{
	if (rename(f->path, f->old) < 0) {
		fail("rename the log %s to %s, which loses its text", f->path, f->old);
		if (!f->stays)
			console_error();
		err_clear("the error was reported before");
		f->stays = true;
		if (f->fd >= 0 && ftruncate(f->fd, 0) < 0)
			err_clear("the next write reports the error");
		f->size = 0;
		return;
	}
	f->stays = false;
	fd_close(&f->fd);
}

static void file_put(struct logfile *f, const char *text, size_t len)
{
	if (f->max && f->size + len > f->max && f->size)
		rotate(f);
	if ((f->fd < 0 && open_file(f) < 0) ||
	    (fd_write_all(f->fd, text, len) < 0 && fail("write %s", f->path))) {
		if (!f->failing)
			console_error();
		err_clear("the error was reported before");
		f->failing = true;
		return;
	}
	f->failing = false;
	f->size += len;
}

/* ---- the child ------------------------------------------------------------------------------- */

static struct {
	int in, out;
	pid_t pid; /* 0: there is no child, and process 1 writes */
	bool closed; /* the machine ends: further output is lost */
} writer = { -1, -1, 0, false };

static _Noreturn void write_all(void)
{
	struct packet p;
	ssize_t n;

	fd_close(&writer.out);
	console_child();
	while ((n = read(writer.in, &p, sizeof(p))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			file_put(p.to, p.text, p.len);
	_exit(0);
}

static void start_writer(void)
{
	writer.pid = fork();
	if (!writer.pid)
		write_all();
	if (writer.pid < 0)
		writer.pid = 0;
}

void logfile_start(void)
{
	int fds[2] = { -1, -1 };

	/* KERNEL 3.4: packets of pipe2(2), O_DIRECT (EINVAL); without them process 1 writes. */
	if (pipe2(fds, O_CLOEXEC | O_DIRECT) < 0 ||
	    fcntl(fds[1], F_SETFL, O_NONBLOCK | O_DIRECT) < 0) {
		fail("make a pipe for the logs in files");
		console_error();
		fd_close(&fds[0]);
		fd_close(&fds[1]);
		return;
	}
	writer.closed = false;
	writer.in = fds[0];
	writer.out = fds[1];
	start_writer();
}

bool logfile_ended(pid_t pid)
{
	if (!pid || pid != writer.pid)
		return false;
	writer.pid = 0;
	if (writer.out >= 0)
		start_writer();
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
			file_put(f, text, len);
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
