/* foreground.h - waiting for what was started: signals, terminal, readiness, how it ended. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_FOREGROUND_FOREGROUND_H
#define CORE_FOREGROUND_FOREGROUND_H

#include "core/start/start.h"

/* ---- ending.c ---------------------------------------------------------------------------------------- */

/* How a container ended: raw is the status of wait(2) of its init, own_pids says that it had a pid namespace of
 * its own, kills is how many of its processes lack of memory has ended, limit is its memory.limit (0: none). */
struct ending {
	int raw;
	bool own_pids;
	uint64_t kills;
	int64_t limit;
};
/* Pure: "exited 3", "killed 9", "reboot" or "poweroff"; after kills, unless it exited with 0, " oom LIMIT". */
#define ENDING_MAX 64
void ending_words(const struct ending *e, char words[ENDING_MAX]);
int ending_write(const char *path, const struct ending *e);

/* ---- service.c ---------------------------------------------------------------------------------------- */

/* One message of the container. Readiness is told to the manager, with main_pid as the service's; leaves:
 * and it was read when this returns. False: it was something else. */
bool service_heard(struct service *s, pid_t main_pid, bool leaves);
bool service_is_ready(const char *text); /* has the line READY=1 */
/* For those who leave: until the container is ready, which the manager is told, or dead. */
void service_wait(struct service *s, const struct life *life, int pidfd);

/* ---- wait.c ------------------------------------------------------------------------------------------- */

/* Waits for pid, forwarding signals, the terminal (master >= 0) and readiness (an open service). Returns
 * the exit status for a shell; -1: it lives on, and cannot be waited for. */
int wait_foreground(pid_t pid, int master, struct service *service, int *raw);

/* ---- foreground.c --------------------------------------------------------------------------------------- */

/* `run` in the foreground: waits for the container and, unless keep, deletes it. exit_file: how it ended
 * (ending_words); NULL: none. Returns the exit status for a shell, or -1. */
int foreground_run(struct arena *a, struct started *s, bool keep, const char *exit_file);
/* `exec` in the foreground: waits for the process. The same. */
int foreground_exec(struct started *s);

#endif
