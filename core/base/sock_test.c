/* sock_test.c - descriptors that are sent and received. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* The number that the next descriptor will have. */
static int next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void send_two(int sock)
{
	union {
		char buf[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
	const int fds[2] = { 0, 0 };

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(cm), fds, sizeof(fds));
	sendmsg(sock, &msg, 0);
}

int main(void)
{
	struct stat sent, got;
	int socks[2], fd = -1, next;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks) < 0)
		return 1;
	ok(!sock_send_fd(socks[0], "body", 0) && (fd = sock_recv_fd(socks[1])) >= 0 &&
		   !fstat(0, &sent) && !fstat(fd, &got) && file_is_same(&sent, &got) &&
		   fcntl(fd, F_GETFD) == FD_CLOEXEC,
	   "a descriptor is received, close-on-exec");
	close(fd);
	next = next_fd();
	ok(write(socks[0], "x", 1) == 1 && sock_recv_fd(socks[1]) < 0 &&
		   strstr(err_text(), "no descriptor"),
	   "a message without a descriptor is an error");
	send_two(socks[0]);
	ok_emulated("the end of descriptors that have no room in msg_control",
		    sock_recv_fd(socks[1]) < 0 && next_fd() == next,
		    "a message with two descriptors is an error, and none of them stays open");
	return done();
}
