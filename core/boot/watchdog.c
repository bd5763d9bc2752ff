/* watchdog.c - /dev/watchdog: served by its own clock, also while a disk holds something up. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <linux/watchdog.h>
#include <sys/wait.h>

/* Longer than this a child is not waited for in one piece: the watchdog may be due. */
#define SLICE_MS 100

void watchdog_open(struct watchdog *w, int64_t ms)
{
	int seconds = (ms + 999) / 1000;

	*w = (struct watchdog){ .fd = -1 };
	if (!seconds)
		return;
	w->fd = open("/dev/watchdog", O_WRONLY | O_CLOEXEC);
	if (w->fd < 0 || ioctl(w->fd, WDIOC_SETTIMEOUT, &seconds) < 0) {
		fail("set /dev/watchdog to %d seconds", seconds);
		console_error();
	}
	/* It may have chosen another timeout, or have one that cannot be changed. */
	if (w->fd >= 0 && (ioctl(w->fd, WDIOC_GETTIMEOUT, &seconds) < 0 || seconds <= 0))
		seconds = (ms + 999) / 1000;
	w->every = (int64_t)seconds * 1000 / 3;
}

void watchdog_feed(struct watchdog *w)
{
	int64_t now = clock_ms();

	if (w->fd < 0 || now < w->due)
		return;
	if (write(w->fd, ".", 1) < 0)
		err_clear("it is tried again");
	w->due = now + w->every;
}

/* An armed watchdog resets a machine that hangs while it reboots, which is right; one that is halted
 * stays so, and 'V' says that this is meant (watchdog-api.rst, "magic close"). */
void watchdog_end(struct watchdog *w, bool armed)
{
	if (w->fd < 0)
		return;
	if (write(w->fd, armed ? "." : "V", 1) < 0)
		err_clear("nothing more can be done about it");
	if (!armed)
		fd_close(&w->fd);
}

bool watchdog_aside(struct machine *m, void (*act)(struct machine *m), int64_t ms)
{
	int64_t end = clock_ms() + ms;
	struct timespec slice = { 0, SLICE_MS * 1000000 };
	sigset_t child;
	pid_t pid = fork(), got;

	if (pid <= 0) {
		if (!pid)
			console_child();
		act(m);
		if (!pid)
			_exit(0);
		return true;
	}
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (got = waitpid(pid, NULL, WNOHANG), !got || (got < 0 && errno == EINTR)) {
		if (clock_ms() >= end)
			return false;
		watchdog_feed(&m->watchdog);
		console_push();
		/* SIGCHLD is blocked; the signalfd sees the next one. */
		sigtimedwait(&child, NULL, &slice);
	}
	return true;
}
