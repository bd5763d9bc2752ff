/* console.c - the console of process 1, and the process that has it as its terminal. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/*
 * Process 1 never waits for the console. Text that the console does not accept at once is queued,
 * and the loop writes the queue. As long as the console accepts some text, the output of containers
 * is read at that speed. If it accepts nothing for STUCK_MS, because ^S was typed or the line is
 * broken, lines are lost, and their number is printed when it accepts text again.
 */
#define QUEUE_SIZE (15 << 10)
#define OWN_ROOM 4096 /* bytes of the queue that are for messages of process 1 only */
#define LINE_MAX_SIZE (LOG_LINE + 340)
#define STUCK_MS 1000
#define CONSOLES 4
#define RETRY_MS 100 /* poll(2) reports a serial line only when its buffer is nearly empty */

/* The console, and the further terminals that get the same text. Each has a queue of its own: one
 * that is stuck does not hold up the others. */
static struct console {
	int fd; /* descriptor 2 until console_open */
	bool blocks; /* other processes share the open file, so O_NONBLOCK cannot be set */
	size_t len;
	int64_t moved; /* when it last accepted text, or the queue was empty */
	unsigned lost; /* lines */
	char queue[QUEUE_SIZE];
} LARGE all[CONSOLES]; /* not initialized, so that it takes no room in the program's file */
static size_t count; /* 0 until console_open: then descriptor 2 is used */
static bool direct; /* we are a child of process 1, which has no loop */
#define each_console(c) for (struct console *c = main_console(); c < all + count; c++)
bool console_debug, console_stamp;
void (*console_also)(const char *line, size_t len);

/* ---- writing --------------------------------------------------------------------------------- */

static struct console *main_console(void)
{
	if (!count) {
		all[0].fd = 2;
		count = 1;
	}
	return all;
}

/* -1 with EAGAIN: the console accepts nothing now. */
static ssize_t write_some(const struct console *c, const char *text, size_t len)
{
	struct pollfd p = { c->fd, POLLOUT, 0 };
	ssize_t n;

	if (!c->blocks)
		return write(c->fd, text, len);
	n = send(c->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n >= 0 || errno != ENOTSOCK)
		return n;
	if (poll(&p, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	/* POLLOUT of a pipe means that it has room for at least 512 bytes. */
	return write(c->fd, text, len < 512 ? len : 512);
}

static void push_queue(struct console *c)
{
	size_t done = 0;
	int tries = 0;

	while (done < c->len) {
		ssize_t n = write_some(c, c->queue + done, c->len - done);

		/* One failure may be a short lack of memory. After the second one the console is
		 * broken, and the text is dropped. */
		if (n < 0 && (errno == EINTR || (errno != EAGAIN && !tries++)))
			continue;
		if (n < 0 && errno != EAGAIN)
			n = c->len - done;
		if (n <= 0)
			break;
		done += n;
	}
	c->len -= done;
	memmove(c->queue, c->queue + done, c->len);
	if (done || !c->len)
		c->moved = clock_ms();
}

void console_push(void)
{
	each_console (c)
		push_queue(c);
}

static bool is_stuck(const struct console *c)
{
	return c->len && clock_ms() - c->moved >= STUCK_MS;
}

bool console_takes(void)
{
	each_console (c)
		if (c->len + OWN_ROOM + LINE_MAX_SIZE > QUEUE_SIZE && !is_stuck(c))
			return false;
	return true;
}

/* Of several consoles poll(2) waits for one. The time is short enough for the others. */
int console_waits(struct pollfd *p)
{
	*p = (struct pollfd){ -1, POLLOUT, 0 };
	each_console (c)
		if (c->len)
			p->fd = c->fd;
	return p->fd < 0 ? -1 : RETRY_MS;
}

bool console_drain(int64_t ms)
{
	int64_t end = clock_ms() + ms, left;
	struct pollfd p;

	for (;;) {
		bool waits = false, stuck = false;

		console_push();
		each_console (c) {
			waits |= c->len && !is_stuck(c);
			stuck |= is_stuck(c);
		}
		left = end - clock_ms();
		if (!waits || left <= 0)
			return !waits && !stuck;
		console_waits(&p);
		poll(&p, 1, left < RETRY_MS ? left : RETRY_MS);
	}
}

void console_child(void)
{
	console_also = NULL;
	each_console (c)
		c->len = c->lost = 0;
	direct = true;
}

static void console_put(struct console *c, const char *text, size_t len, size_t room)
{
	/* Print the number of lost lines before the next line. */
	if (c->lost && c->len + LINE_MAX_SIZE <= QUEUE_SIZE && !is_stuck(c)) {
		c->len += snprintf(c->queue + c->len, LINE_MAX_SIZE,
				   "oci-init: %u lines were lost: the console accepted nothing\n",
				   c->lost);
		c->lost = 0;
	}
	if (c->len + len + room > QUEUE_SIZE || (room && is_stuck(c))) {
		c->lost++;
		return;
	}
	if (!c->len)
		c->moved = clock_ms();
	memcpy(c->queue + c->len, text, len);
	c->len += len;
	push_queue(c);
}

int console_time(char *out)
{
	long long ms = clock_ms();

	return console_stamp
		       ? snprintf(out, CONSOLE_TIME_MAX, "[%5lld.%03lld] ", ms / 1000, ms % 1000)
		       : 0;
}

static void put_line(const char *name, const char *text, size_t len, size_t room)
{
	char line[LINE_MAX_SIZE];
	int n = console_time(line);

	n += snprintf(line + n, sizeof(line) - n, "%s: %.*s\n", name, (int)len, text);

	each_console (c)
		console_put(c, line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1, room);
	if (direct)
		console_drain(200);
}

void console_line(const char *name, const char *text, size_t len)
{
	put_line(name, text, len, OWN_ROOM);
}

void console_say(const char *fmt, ...)
{
	char text[LOG_LINE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* A name or a command line may have newlines and control characters. */
	text_harmless(text);
	put_line("oci-init", text, strlen(text), 0);
	if (console_also)
		console_also(text, strlen(text));
}

void console_error(void)
{
	console_say("%s", err_text());
	err_clear("the error is on the console");
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Opens the file of descriptor 2 again, to have an open file that is not shared, or duplicates
 * descriptor 2. */
static int reopen_stderr(void)
{
	struct stat st = { 0 };
	char path[FD_PATH_MAX];
	int fd = -1;

	if (!fstat(2, &st) && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		fd = open(path_of_fd(path, 2), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	all[0].blocks = fd < 0 && !S_ISREG(st.st_mode);
	return fd < 0 ? fcntl(2, F_DUPFD_CLOEXEC, 3) : fd;
}

/* The console gets an open file of its own, because O_NONBLOCK of a shared one affects
 * other processes. */
void console_open(void)
{
	int fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	/* A container may have no console: then descriptor 2 is used. */
	if (fd < 0)
		fd = reopen_stderr();
	main_console()->fd = fd;
	if (fd >= 0 && fd < 3) {
		all[0].fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		close(fd);
	}
	if (fd_reserve_stdio() < 0)
		console_error();
}

/* O_NONBLOCK: opening a serial line without a carrier would block. */
void console_more(const char *names)
{
	char path[64];
	size_t n;

	for (; names && *names; names += n + !!names[n]) {
		n = strcspn(names, ",");
		snprintf(path, sizeof(path), "/dev/%.*s", (int)n, names);
		if (count < CONSOLES) {
			all[count].fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
			if (all[count].fd >= 0) {
				count++;
				continue;
			}
			fail("open the console %s", path);
		} else {
			failx("%s: there are %d consoles already", path, CONSOLES);
		}
		console_error();
	}
}

int console_own(void)
{
	int fd, r = 0;

	setsid();
	fd = open("/dev/console", O_RDWR | O_NOCTTY);
	if (fd < 0)
		return fail("open /dev/console");
	/* The argument 1 takes the terminal from another session, which root may do. */
	if (ioctl(fd, TIOCSCTTY, 1) < 0)
		err_clear("the shell also works without job control");
	for (int i = 0; i < 3; i++)
		if (dup2(fd, i) < 0)
			r = fail("make /dev/console the standard streams");
	if (fd > 2)
		close(fd);
	return r;
}
