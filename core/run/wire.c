/* wire.c - one packet, one message, perhaps one descriptor, between the runtime and init. */
/* SPDX-License-Identifier: MIT */
#include "core/run/child.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* On the wire: this head, then len bytes of text. */
struct head {
	uint32_t type;
	int32_t num;
	uint32_t len;
};

union control {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int wire_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return fail("create socket pair");
	return 0;
}

static int send_iov(int sock, struct iovec *iov, int n, int fd)
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

int wire_send(int sock, enum wire_type type, int num, const char *text, int fd)
{
	struct head h = { .type = type,
			  .num = num,
			  .len = text ? strnlen(text, WIRE_TEXT_MAX - 1) : 0 };
	struct iovec iov[2] = { { &h, sizeof(h) }, { (void *)(text ? text : ""), h.len } };

	if (send_iov(sock, iov, 2, fd) < 0)
		return fail("send to the other side of the runtime");
	return 0;
}

int wire_send_fd(int sock, const char *body, int fd)
{
	struct iovec iov = { (void *)body, strlen(body) };

	if (send_iov(sock, &iov, 1, fd) < 0)
		return fail("send a descriptor");
	return 0;
}

int wire_tell_pid(int sock, pid_t pid)
{
	struct head h = { .type = WIRE_PID, .num = pid };

	return write(sock, &h, sizeof(h)) == sizeof(h) ? 0 : -1;
}

int wire_wait_known(int sock, int *num)
{
	struct head h = { 0 };
	ssize_t n;

	do {
		n = read(sock, &h, sizeof(h));
	} while (n < 0 && errno == EINTR);
	*num = h.num;
	return n == sizeof(h) && h.type == WIRE_OK ? 0 : failx("the runtime is gone");
}

int wire_recv(int sock, struct wire_msg *m)
{
	struct head h = { 0 };
	struct iovec iov[2] = { { &h, sizeof(h) }, { m->text, sizeof(m->text) - 1 } };
	union control control;
	/* CMSG_SPACE would have room for a second one, which nobody would close. */
	struct msghdr msg = { .msg_iov = iov,
			      .msg_iovlen = 2,
			      .msg_control = control.buf,
			      .msg_controllen = CMSG_LEN(sizeof(int)) };
	struct cmsghdr *cm;
	ssize_t n;

	m->fd = -1;
	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
		/* ECONNRESET says once that the peer went without reading everything, and comes before
		 * what it said last: that, or the end, is behind it (unix(7)). */
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (!n)
		return 0;
	if (n < 0)
		return fail("receive from the other side of the runtime");
	cm = CMSG_FIRSTHDR(&msg);
	if (cm && cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_RIGHTS &&
	    cm->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&m->fd, CMSG_DATA(cm), sizeof(int));
	/* A descriptor that found no room in our table is lost without an error. */
	if (msg.msg_flags & MSG_CTRUNC) {
		fd_close(&m->fd);
		return failx(
			"a descriptor between the runtime and init was lost: too many are open");
	}
	if ((size_t)n < sizeof(h) || h.len != n - sizeof(h) || h.type >= WIRE_TYPES ||
	    h.len >= sizeof(m->text)) {
		fd_close(&m->fd);
		return failx("a message between the runtime and init is malformed");
	}
	m->type = h.type;
	m->num = h.num;
	m->text[h.len] = 0;
	return 1;
}

int wire_call(int sock, enum wire_type type, int num, const char *text, int fd,
	      struct wire_msg *answer)
{
	int got;

	if (wire_send(sock, type, num, text, fd) < 0)
		return -1;
	got = wire_recv(sock, answer);
	if (got <= 0)
		return got < 0 ? -1 : failx("the runtime is gone");
	if (answer->type == WIRE_OK)
		return 0;
	fd_close(&answer->fd);
	return fail_take(answer->num, answer->text);
}

int wire_ask(int sock, enum wire_type type, int num, const char *text, int fd)
{
	struct wire_msg m;

	if (wire_call(sock, type, num, text, fd, &m) < 0)
		return -1;
	return m.fd >= 0 ? m.fd : 0;
}
