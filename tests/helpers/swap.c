/* swap.c - exchanges two names repeatedly: `swap A B ROUNDS`; the racer of the attack tests. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2 /* renameat2(2), Linux 3.15 */
#endif

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

/* Ends after ROUNDS exchanges, on SIGTERM, or with its parent, so that no racer outlives a test. At
 * the end the names are as they were at the beginning. */
int main(int argc, char **argv)
{
	pid_t parent = getppid();
	long rounds, i;

	if (argc != 4) {
		fputs("usage: swap A B ROUNDS\n", stderr);
		return 2;
	}
	rounds = strtol(argv[3], NULL, 10);
	signal(SIGTERM, on_term);
	for (i = 0; (i < rounds && !stop) || i % 2; i++) {
		if (syscall(SYS_renameat2, AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE)) {
			perror("swap");
			return 1;
		}
		if (i % 64 == 0 && getppid() != parent)
			stop = 1;
	}
	return 0;
}
