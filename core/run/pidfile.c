/* pidfile.c - what the caller reads in a file: the pid of a container, and how it ended. */
/* SPDX-License-Identifier: MIT */
#include "core/run/child.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

int pidfile_write(const char *path, pid_t pid)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", (int)pid);

	if (file_replace(AT_FDCWD, path, text, len, 0644) < 0)
		return fail_in("pid file");
	return 0;
}

void ending_words(const struct ending *e, char words[ENDING_MAX])
{
	int sig = WIFSIGNALED(e->raw) ? WTERMSIG(e->raw) : 0, n;

	/* The init of a pid namespace does not die of these: the kernel reports by them that it was reboot(2)
	 * in the container (reboot_pid_ns of the kernel's pid_namespace.c). */
	if (e->own_pids && (sig == SIGHUP || sig == SIGINT)) {
		snprintf(words, ENDING_MAX, sig == SIGHUP ? "reboot" : "poweroff");
		return;
	}
	n = snprintf(words, ENDING_MAX, "%s %d", sig ? "killed" : "exited",
		     sig ? sig : WEXITSTATUS(e->raw));
	if (e->kills && e->raw)
		snprintf(words + n, ENDING_MAX - n, " oom %lld", (long long)e->limit);
}

int ending_write(const char *path, const struct ending *e)
{
	char words[ENDING_MAX + 1];

	ending_words(e, words);
	strcat(words, "\n");
	if (file_replace(AT_FDCWD, path, words, strlen(words), 0644) < 0)
		return fail_in("exit file");
	return 0;
}
