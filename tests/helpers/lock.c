/* lock.c - runs a command with a file or directory locked: `lock PATH COMMAND...`. */
/* SPDX-License-Identifier: MIT */
/*
 * The lock is that of flock(2), and ends with the command. Without a command it ends with 0 if PATH
 * is not locked now. The command flock(1) is not on every machine.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0) {
		perror("lock: open");
		return 2;
	}
	if (argc == 2)
		return flock(fd, LOCK_EX | LOCK_NB) < 0;
	if (flock(fd, LOCK_EX) < 0) {
		perror("lock: flock");
		return 2;
	}
	execvp(argv[2], argv + 2);
	perror("lock: exec");
	return 2;
}
