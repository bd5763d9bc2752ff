/* spawn.c - runs commands one after the other from a process that weighs nothing. */
/* SPDX-License-Identifier: MIT */

/*
 * usage: spawn CMD [ARG...] [, CMD [ARG...]]...
 *
 * A command `@wait FILE` waits for the end of the process whose id is in FILE. Stops at the
 * first that fails, with its status.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int wait_for(const char *file)
{
	struct pollfd p = { .events = POLLIN };
	FILE *f = fopen(file, "r");
	int pid;

	if (!f || fscanf(f, "%d", &pid) != 1)
		return 1;
	fclose(f);
	p.fd = syscall(434 /* pidfd_open */, pid, 0);
	if (p.fd < 0)
		return errno != ESRCH;
	poll(&p, 1, -1);
	close(p.fd);
	return 0;
}

static int run(char **argv)
{
	int err, status;
	pid_t pid;

	if (!strcmp(argv[0], "@wait"))
		return wait_for(argv[1]);
	err = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (err) {
		dprintf(2, "spawn: %s: %s\n", argv[0], strerror(err));
		return 127;
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	int first = 1, status = 0;

	for (int i = 1; i <= argc && !status; i++) {
		if (i < argc && strcmp(argv[i], ","))
			continue;
		argv[i] = NULL;
		status = run(argv + first);
		first = i + 1;
	}
	return status;
}
