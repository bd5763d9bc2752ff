/* console.c - the console: what process 1 says, and who may own it. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

static int console = 2; /* what the kernel or the runtime gave us, until it is opened */
bool console_debug;

/* An open file of our own: that it does not block must not change what others have. */
void console_open(void)
{
	int fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	/* A container has none: what it was started with will do. */
	if (fd < 0)
		fd = fcntl(2, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0 && fd < 3) {
		console = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		close(fd);
	} else {
		console = fd;
	}
	fd_reserve_stdio();
}

/* A terminal that takes nothing (held by ^S, or gone) has a moment; then the text is lost, for
 * process 1 has other things to do. */
static void put(const char *text, size_t len)
{
	struct pollfd p = { console, POLLOUT, 0 };

	while (len) {
		ssize_t n = write(console, text, len);

		if (n < 0 && (errno != EAGAIN || poll(&p, 1, 200) <= 0))
			return;
		if (n > 0) {
			text += n;
			len -= n;
		}
	}
}

void console_line(const char *name, const char *text, size_t len)
{
	char line[LOG_LINE + 300];
	int n = snprintf(line, sizeof(line), "%s: %.*s\n", name, (int)len, text);

	put(line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void console_say(const char *fmt, ...)
{
	char text[LOG_LINE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* one line, whatever a name or a command line holds */
	text_harmless(text);
	console_line("oci-init", text, strlen(text));
}

void console_error(void)
{
	console_say("%s", err_text());
	err_clear("told on the console");
}

int console_own(void)
{
	int fd;

	setsid();
	fd = open("/dev/console", O_RDWR | O_NOCTTY);
	if (fd < 0)
		return fail("open /dev/console");
	/* 1: taken from whoever has it, which root may */
	if (ioctl(fd, TIOCSCTTY, 1) < 0)
		err_clear("a shell without job control is better than none");
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	return 0;
}
