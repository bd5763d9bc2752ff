/* ending.c - writes how a container has ended to the file of --exit-file. */
/* SPDX-License-Identifier: MIT */
#include "core/foreground/foreground.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

void ending_words(const struct ending *e, char words[ENDING_MAX])
{
	int sig = WIFSIGNALED(e->raw) ? WTERMSIG(e->raw) : 0, n;

	/* The init of a pid namespace does not die of these signals. The kernel uses them to report
	 * that the container has called reboot(2) (reboot_pid_ns() in kernel/pid_namespace.c). */
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
