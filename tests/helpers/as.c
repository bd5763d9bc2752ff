/* as.c - runs a command as another user, without other groups: `as UID GID[,GROUP...] CMD...`. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* busybox has no setpriv --reuid, and its su wants a passwd line and a shell. */
int main(int argc, char **argv)
{
	gid_t groups[32];
	size_t n = 0;
	char *at;

	if (argc < 4) {
		fputs("usage: as UID GID[,GROUP...] CMD...\n", stderr);
		return 2;
	}
	for (at = strchr(argv[2], ','); at && n < 32; at = strchr(at + 1, ','))
		groups[n++] = strtoul(at + 1, NULL, 10);
	if (setgroups(n, groups) || setgid(strtoul(argv[2], NULL, 10)) ||
	    setuid(strtoul(argv[1], NULL, 10))) {
		perror("as");
		return 2;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
