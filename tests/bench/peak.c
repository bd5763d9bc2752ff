/* peak.c - the largest resident set of any process that a command makes. */
/* SPDX-License-Identifier: MIT */

/*
 * usage: peak CMD [ARG...]    kilobytes on descriptor 3; exit status of CMD
 *
 * ru_maxrss will not do: from Linux 6.2 on it is read from counters that each CPU keeps in lots
 * of 32 pages, so that a process of a few hundred kilobytes may show none at all. Here every
 * process is stopped at each system call and VmHWM is read from /proc/PID/status, which sums the
 * counters (6.17). Counted from the first exec on: neither this program nor its fork.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PTRACE_SEIZE
#define PTRACE_SEIZE 0x4206
#endif
#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

static long peak;

static void look(pid_t pid)
{
	char path[64], text[4096], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	at = strstr(text, "VmHWM:");
	if (at && strtol(at + 6, NULL, 10) > peak)
		peak = strtol(at + 6, NULL, 10);
}

/* The signal to pass on if the stop was the delivery of a signal; 0 for stops of ptrace. */
static int signal_of(int status)
{
	int sig = WSTOPSIG(status);

	return status >> 16 || sig == (SIGTRAP | 0x80) ? 0 : sig;
}

int main(int argc, char **argv)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		       PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int go[2], status, code = 1, begun = 0;
	pid_t first, pid;

	if (argc < 2 || pipe2(go, O_CLOEXEC))
		return 2;
	first = fork();
	if (first < 0)
		return 2;
	if (!first) {
		if (read(go[0], &status, 1) == 1)
			execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (ptrace(PTRACE_SEIZE, first, 0, options)) {
		perror("peak: ptrace");
		kill(first, SIGKILL);
		return 2;
	}
	if (write(go[1], "", 1) != 1)
		return 2;
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			if (pid == first)
				code = WIFEXITED(status) ? WEXITSTATUS(status)
							 : 128 + WTERMSIG(status);
			continue;
		}
		begun |= status >> 16 == PTRACE_EVENT_EXEC;
		if (begun)
			look(pid);
		ptrace(PTRACE_SYSCALL, pid, 0, signal_of(status));
	}
	dprintf(3, "%ld\n", peak);
	return code;
}
