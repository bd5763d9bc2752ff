/* down.c - the end of a machine: processes, disks, reboot(2). */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <sys/reboot.h>
#include <sys/wait.h>

#define KILL_MS 2000

static const struct {
	const char *text;
	int how;
} ends[] = {
	[BOOT_POWEROFF] = { "powering off", RB_POWER_OFF },
	[BOOT_REBOOT] = { "rebooting", RB_AUTOBOOT },
	[BOOT_HALT] = { "halted", RB_HALT_SYSTEM },
};

/* Until nobody is left, or the time is over. SIGCHLD is blocked. */
static bool reap_all(int64_t ms)
{
	int64_t end = clock_ms() + ms, left;
	struct timespec wait;
	sigset_t child;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		do {
			pid = waitpid(-1, NULL, WNOHANG);
		} while (pid > 0);
		if (pid < 0)
			return true;
		left = end - clock_ms();
		if (left <= 0)
			return false;
		wait = (struct timespec){ left / 1000, left % 1000 * 1000000 };
		sigtimedwait(&child, NULL, &wait);
	}
}

/* An armed watchdog bites a machine that hangs while it reboots, which is right; one that is
 * halted shall stay so, and 'V' says that we mean it (watchdog-api.rst, "magic close"). */
static void end_watchdog(struct machine *m)
{
	if (m->watchdog < 0)
		return;
	if (write(m->watchdog, m->super.goal == BOOT_REBOOT ? "." : "V", 1) < 0)
		err_clear("nothing more can be done about it");
	if (m->super.goal != BOOT_REBOOT)
		fd_close(&m->watchdog);
}

_Noreturn void boot_down(struct machine *m)
{
	enum boot_goal goal = m->super.goal;

	end_watchdog(m);
	if (!reap_all(0)) {
		kill(-1, SIGTERM);
		kill(-1, SIGCONT);
		if (!reap_all(KILL_MS)) {
			kill(-1, SIGKILL);
			reap_all(KILL_MS);
		}
	}
	for (size_t i = 0; i < m->n; i++)
		if (m->units[i].log.in >= 0)
			log_pump(&m->units[i].log);
	unlink(BOOT_SOCKET);
	for (size_t i = 0; i < m->n; i++)
		if (m->units[i].log.path)
			fd_close(&m->units[i].log.fd);
	sync();
	mounts_end();
	console_say("%s", ends[goal].text);
	reboot(ends[goal].how);
	fail("reboot");
	console_error();
	for (;;)
		pause();
}
