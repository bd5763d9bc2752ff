/* hold.c - keeps a killed process from ending: `hold PID`, for as long as hold itself lives. */
/* SPDX-License-Identifier: MIT */
/*
 * A debugger with PTRACE_EVENT_EXIT stops every process that ends, also a killed one, before it
 * gives anything up. Prints "holding", then "dying" when PID was killed. PID goes on when hold
 * ends. Without PID it ends with 0 if it may do so here.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* Names of linux/ptrace.h, absent or differently spelled in libc headers. */
#define SEIZE 0x4206
#define TRACEEXIT 0x40
#define EVENT_EXIT 6

static int try_it(void)
{
	pid_t pid = fork();
	int denied;

	if (!pid)
		for (;;)
			pause();
	denied = pid < 0 || ptrace(SEIZE, pid, 0, TRACEEXIT);
	if (pid > 0)
		kill(pid, SIGKILL);
	return denied;
}

int main(int argc, char **argv)
{
	pid_t pid = argc > 1 ? atoi(argv[1]) : 0;
	int status;

	if (!pid)
		return try_it();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (ptrace(SEIZE, pid, 0, TRACEEXIT)) {
		perror("hold: PTRACE_SEIZE");
		return 1;
	}
	puts("holding");
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
		if (status >> 16 == EVENT_EXIT) {
			puts("dying");
			for (;;)
				pause();
		}
		ptrace(PTRACE_CONT, pid, 0, status >> 16 ? 0 : WSTOPSIG(status));
	}
	puts("gone");
	return 0;
}
