/* foreground.h - waiting for a container: signals, terminal, readiness, its end. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_FOREGROUND_FOREGROUND_H
#define CORE_FOREGROUND_FOREGROUND_H

#include "core/start/start.h"

/* ---- ending.c -------------------------------------------------------------------------------- */

/* How a container has ended. */
struct ending {
	int raw; /* status of wait(2) of its init */
	bool own_pids; /* it had a pid namespace of its own */
	uint64_t kills; /* by the OOM killer */
	int64_t limit; /* memory.limit in bytes; 0: no limit */
};
/* Pure. Writes "exited 3", "killed 9", "reboot" or "poweroff"; with kills, unless it exited with 0,
 * also " oom LIMIT". */
#define ENDING_MAX 64
void ending_words(const struct ending *e, char words[ENDING_MAX]);
int ending_write(const char *path, const struct ending *e);

/* ---- service.c ------------------------------------------------------------------------------- */

/* Receives a message of the container. If it is READY=1, sends that to the manager with main_pid,
 * and with leaves waits until the manager has read it. False: another message. */
bool service_heard(struct service *s, pid_t main_pid, bool leaves);
bool service_is_ready(const char *text); /* text has the line READY=1 */
/* For a command that does not stay in the foreground: waits until the container has reported that
 * it is ready, or has died. */
void service_wait(struct service *s, const struct life *life, int pidfd);

/* ---- wait.c ---------------------------------------------------------------------------------- */

/* Waits for pid and forwards signals, the terminal (master >= 0) and readiness (an open service).
 * Returns the exit status as a shell has it, and *raw as wait(2) has it; -1: waiting is not
 * possible, and pid still runs. */
int wait_foreground(pid_t pid, int master, struct service *service, int *raw);

/* ---- foreground.c ---------------------------------------------------------------------------- */

/* `run` in the foreground: waits for the container, writes exit_file (may be NULL) and, unless keep
 * is set, deletes the container. Returns the exit status for a shell, or -1. */
int foreground_run(struct arena *a, struct started *s, bool keep, const char *exit_file);
/* `exec` in the foreground: waits for the process. Returns the exit status for a shell, or -1. */
int foreground_exec(struct started *s);

#endif
