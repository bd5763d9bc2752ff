/* spawn.c - runs commands one after the other, from a process that costs nearly nothing. */
/* SPDX-License-Identifier: MIT */

/*
 * usage: spawn CMD [ARG...] [, CMD [ARG...]]...
 *
 * A command `@wait FILE` waits for the end of the process whose id is in FILE. `@each N CMD...`
 * runs CMD N times, and `@together N CMD...` N of them at once; a "%" that ends a word becomes the
 * number. Stops at the first that fails, with its status.
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

/* Replaces the "%" at the end of a word by the number. */
static pid_t start(char **argv, int number)
{
	static char words[64][256];
	char *copy[65];
	size_t len;
	pid_t pid;
	int n, err;

	for (n = 0; n < 64 && argv[n]; n++) {
		copy[n] = argv[n];
		len = strlen(argv[n]);
		if (number < 0 || !len || argv[n][len - 1] != '%')
			continue;
		snprintf(words[n], sizeof(words[n]), "%.*s%d", (int)len - 1, argv[n], number);
		copy[n] = words[n];
	}
	copy[n] = NULL;
	err = posix_spawnp(&pid, copy[0], NULL, NULL, copy, environ);
	if (!err)
		return pid;
	dprintf(2, "spawn: %s: %s\n", argv[0], strerror(err));
	return -1;
}

static int end(pid_t pid)
{
	int status;

	if (pid < 0)
		return 127;
	while (waitpid(pid, &status, 0) < 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int many(int n, char **argv, int together)
{
	int failed = 0, status;
	pid_t pids[1024];

	for (int i = 0; i < n && i < 1024; i++) {
		pids[i] = start(argv, i);
		if (!together && (status = end(pids[i])))
			return status;
	}
	for (int i = 0; together && i < n && i < 1024; i++)
		if ((status = end(pids[i])))
			failed = status;
	return failed;
}

static int run(char **argv)
{
	if (!strcmp(argv[0], "@wait"))
		return wait_for(argv[1]);
	if (!strcmp(argv[0], "@each") || !strcmp(argv[0], "@together"))
		return many(atoi(argv[1]), argv + 2, argv[0][1] == 't');
	return end(start(argv, -1));
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
