/* sock.c - sockets of the unix domain. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

int sock_connect(const char *path, int type)
{
	int fd __cleanup(fd_close) = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	int at __cleanup(fd_close) = -1;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	socklen_t len = sizeof(addr);

	if (fd < 0)
		return fail("create socket");
	if (strlen(path) < sizeof(addr.sun_path)) {
		strcpy(addr.sun_path, path);
		/* All bytes of an abstract name count (unix(7)). */
		if (*path == '@') {
			addr.sun_path[0] = 0;
			len = offsetof(struct sockaddr_un, sun_path) + strlen(path);
		}
	} else {
		/* The path is too long for an address: connect by a descriptor of the file. */
		at = openat(AT_FDCWD, path, O_PATH | O_CLOEXEC);
		if (at < 0)
			return fail("open socket %s", path);
		path_of_fd(addr.sun_path, at);
	}
	if (connect(fd, (struct sockaddr *)&addr, len) < 0)
		return fail("connect to %s", path);
	return fd_take(&fd);
}

union control {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int sock_send(int sock, struct iovec *iov, int n, int fd)
{
	union control control = { .buf = { 0 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };
	ssize_t sent;

	if (fd >= 0) {
		struct cmsghdr *cm;

		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		cm = CMSG_FIRSTHDR(&msg);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cm), &fd, sizeof(int));
	}
	do {
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}

ssize_t sock_recv(int sock, struct iovec *iov, int n, int *fd)
{
	union control control;
	/* CMSG_SPACE would have room for a second descriptor, which nothing would close. */
	struct msghdr msg = { .msg_iov = iov,
			      .msg_iovlen = n,
			      .msg_control = control.buf,
			      .msg_controllen = CMSG_LEN(sizeof(int)) };
	ssize_t got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *cm = got > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	if (cm && cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_RIGHTS &&
	    cm->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(cm), sizeof(int));
	/* MSG_CTRUNC: recvmsg(2) does not fail if a descriptor had no room. */
	return got > 0 && msg.msg_flags & MSG_CTRUNC ? -2 : got;
}

int sock_send_fd(int sock, const char *body, int fd)
{
	struct iovec iov = { (void *)body, strlen(body) };

	if (sock_send(sock, &iov, 1, fd) < 0)
		return fail("send a descriptor");
	return 0;
}

int sock_recv_fd(int sock)
{
	char body[64];
	struct iovec iov = { body, sizeof(body) };
	int fd __cleanup(fd_close) = -1;

	if (sock_recv(sock, &iov, 1, &fd) < 0)
		return fail("receive a descriptor");
	return fd < 0 ? failx("the message has no descriptor") : fd_take(&fd);
}
