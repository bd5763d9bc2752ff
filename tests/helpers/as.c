/* as.c - runs a command as another user: `as UID GID CMD...`; groups are cleared. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* busybox has no setpriv --reuid, and its su wants a passwd line and a shell. */
int main(int argc, char **argv)
{
	if (argc < 4) {
		fputs("usage: as UID GID CMD...\n", stderr);
		return 2;
	}
	if (setgroups(0, NULL) || setgid(strtoul(argv[2], NULL, 10)) ||
	    setuid(strtoul(argv[1], NULL, 10))) {
		perror("as");
		return 2;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
