/* watchdog.c - feeds /dev/watchdog, also while a child waits for a disk. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <linux/watchdog.h>
#include <sys/wait.h>

/* How long a wait for a child may delay the watchdog. */
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
	/* The driver may use another timeout than the one that was set. */
	if (w->fd >= 0 && (ioctl(w->fd, WDIOC_GETTIMEOUT, &seconds) < 0 || seconds <= 0))
		seconds = (ms + 999) / 1000;
	w->every = (int64_t)seconds * 1000 / 3;
}

void watchdog_feed(struct watchdog *w)
{
	int64_t now = clock_ms();

	if (w->fd < 0 || now < w->due || (w->until && now > w->until))
		return;
	if (write(w->fd, ".", 1) < 0)
		err_clear("the next write tries again");
	w->due = now + w->every;
}

/* At a reboot the watchdog stays armed, and resets a machine that hangs. A machine that halts must
 * stay halted: 'V' disarms the watchdog when it is closed (watchdog-api.rst, "magic close"). */
void watchdog_end(struct watchdog *w, bool armed)
{
	if (w->fd < 0)
		return;
	if (write(w->fd, armed ? "." : "V", 1) < 0)
		err_clear("the machine ends in any case");
	if (!armed)
		fd_close(&w->fd);
}

bool watchdog_aside(struct machine *m, void (*act)(struct machine *m), int64_t ms)
{
	int64_t end = clock_ms() + ms;
	struct timespec slice = { 0, SLICE_MS * 1000000 };
	sigset_t child;
	void (*also)(const char *line, size_t len) = console_also;
	pid_t pid = fork(), got;

	if (pid <= 0) {
		if (!pid)
			console_child();
		/* What it says belongs to the log of process 1 as well, which takes lines of
		 * children. */
		console_also = also;
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
		/* SIGCHLD is blocked. One that is taken here is missing in the signalfd, which gets
		 * later ones. */
		sigtimedwait(&child, NULL, &slice);
	}
	return true;
}
