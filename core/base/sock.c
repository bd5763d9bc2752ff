/* sock.c - sockets of the unix domain. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int sock_connect(const char *path, int type)
{
	int fd __cleanup(fd_close) = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	int at __cleanup(fd_close) = -1;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (fd < 0)
		return fail("create socket");
	if (strlen(path) < sizeof(addr.sun_path)) {
		strcpy(addr.sun_path, path);
	} else {
		/* Longer than an address holds: by a descriptor of the file. */
		at = openat(AT_FDCWD, path, O_PATH | O_CLOEXEC);
		if (at < 0)
			return fail("open socket %s", path);
		path_of_fd(addr.sun_path, at);
	}
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return fail("connect to %s", path);
	return fd_take(&fd);
}
