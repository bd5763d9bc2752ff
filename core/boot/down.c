/* down.c - the end of a machine: processes, disks, reboot(2). */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <sys/reboot.h>
#include <sys/wait.h>

#define KILL_MS 2000
#define OUTPUT_MS 10000 /* for the last output of the containers */
#define DISKS_MS 60000 /* for sync and umount; after that the machine ends without them */

static const struct {
	const char *text;
	int how;
} ends[] = {
	[BOOT_POWEROFF] = { "powering off", RB_POWER_OFF },
	[BOOT_REBOOT] = { "rebooting", RB_AUTOBOOT },
	[BOOT_HALT] = { "halted", RB_HALT_SYSTEM },
};

/* Waits until no process is left, for ms at most. SIGCHLD is blocked. */
static bool reap_all(struct machine *m, int64_t ms)
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
		watchdog_feed(&m->watchdog);
		console_push();
		left = end - clock_ms();
		if (left <= 0)
			return false;
		left = left < 100 ? left : 100;
		wait = (struct timespec){ left / 1000, left % 1000 * 1000000 };
		sigtimedwait(&child, NULL, &wait);
	}
}

/* Writes the rest of the containers' output, as long as the console accepts some text. */
static void write_rest(struct machine *m)
{
	int64_t end = clock_ms() + OUTPUT_MS;
	bool all;

	do {
		all = log_own_push();
		for (size_t i = 0; i < m->n; i++)
			all &= log_end(m->units[i].log);
		watchdog_feed(&m->watchdog);
		if (!console_drain(100))
			all = false;
	} while (!all && clock_ms() < end);
}

static void end_disks(struct machine *m)
{
	clock_save(m->set.clock_file);
	sync();
	mounts_end();
}

/* Ends the machine. In a container without CAP_SYS_BOOT it exits instead. */
static _Noreturn void end_machine(const struct machine *m, int how)
{
	reboot(how);
	fail("reboot");
	console_error();
	console_drain(1000);
	while (m->kernel)
		pause();
	_exit(0);
}

_Noreturn void boot_down(struct machine *m)
{
	enum boot_goal goal = m->super.goal;
	unsigned lost;

	write_rest(m);
	logfile_close(m, KILL_MS);
	if (!reap_all(m, 0)) {
		kill(-1, SIGTERM);
		kill(-1, SIGCONT);
		if (!reap_all(m, m->set.grace)) {
			kill(-1, SIGKILL);
			reap_all(m, KILL_MS);
		}
	}
	write_rest(m);
	lost = WITH_SYSLOG ? syslog_lost() : 0;
	if (lost)
		console_say("%u lines were lost: syslog accepted nothing", lost);
	unlink(BOOT_SOCKET);
	if (!watchdog_aside(m, end_disks, DISKS_MS))
		console_say("sync and umount do not end: the machine ends without them");
	console_say("%s", ends[goal].text);
	console_drain(1000);
	watchdog_end(&m->watchdog, goal == BOOT_REBOOT);
	end_machine(m, ends[goal].how);
}
