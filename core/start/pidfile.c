/* pidfile.c - writes the pid of a container to the file of --pid-file. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <stdio.h>

int pidfile_write(const char *path, pid_t pid)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", (int)pid);

	if (file_replace(AT_FDCWD, path, text, len, 0644) < 0)
		return fail_in("pid file");
	return 0;
}
