/* wire.c - messages between the runtime and init: packets, some with a descriptor. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* A packet is this head and then len bytes of text. */
struct head {
	uint32_t type;
	int32_t num;
	uint32_t len;
};

/* A write(2) to a pipe of up to PIPE_BUF bytes is not split (pipe(7)). */
_Static_assert(sizeof(struct head) + WIRE_TEXT_MAX <= PIPE_BUF,
	       "a message fits into a pipe at once");

static bool is_socket(const struct wire *w)
{
	return w->in == w->out;
}

int wire_pair(struct wire *a, struct wire *b)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return fail("create socket pair");
	*a = (struct wire){ fds[0], fds[0] };
	*b = (struct wire){ fds[1], fds[1] };
	return 0;
}

int wire_pipes(struct wire *runtime, struct wire *init)
{
	int up[2], down[2];

	/* The runtime's ends do not block, because a process of the container may take a message
	 * before us, or fill the pipe that we write to. Init's end blocks: init waits for
	 * answers. */
	if (pipe2(up, O_CLOEXEC | O_NONBLOCK | O_DIRECT) < 0)
		return fail("create pipe");
	*runtime = (struct wire){ up[0], -1 };
	*init = (struct wire){ -1, up[1] };
	if (pipe2(down, O_CLOEXEC) < 0)
		return fail("create pipe");
	runtime->out = down[1];
	init->in = down[0];
	if (fcntl(down[1], F_SETFL, O_WRONLY | O_NONBLOCK) < 0)
		return fail("make a pipe non-blocking");
	return 0;
}

void wire_close(struct wire *w)
{
	if (is_socket(w))
		w->in = -1;
	fd_close(&w->in);
	fd_close(&w->out);
}

/* Uses write(2), because the seccomp filter may be loaded already, and must allow that. */
static int send_packet(int fd, const struct head *h, const char *text)
{
	char packet[PIPE_BUF];
	ssize_t sent;

	memcpy(packet, h, sizeof(*h));
	memcpy(packet + sizeof(*h), text, h->len);
	do {
		sent = write(fd, packet, sizeof(*h) + h->len);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}

int wire_send(const struct wire *w, enum wire_type type, int num, const char *text, int fd)
{
	struct head h = { .type = type,
			  .num = num,
			  .len = text ? strnlen(text, WIRE_TEXT_MAX - 1) : 0 };
	struct iovec iov[2] = { { &h, sizeof(h) }, { (void *)(text ? text : ""), h.len } };

	if ((is_socket(w) ? sock_send(w->out, iov, 2, fd)
			  : send_packet(w->out, &h, iov[1].iov_base)) < 0)
		return fail("send a message between the runtime and init");
	return 0;
}

static ssize_t recv_packet(int fd, struct head *h, struct wire_msg *m)
{
	char packet[PIPE_BUF];
	ssize_t n = read(fd, packet, sizeof(*h) + sizeof(m->text) - 1);

	if (n >= (ssize_t)sizeof(*h)) {
		memcpy(h, packet, sizeof(*h));
		memcpy(m->text, packet + sizeof(*h), n - sizeof(*h));
	}
	return n;
}

static ssize_t recv_iov(int sock, struct head *h, struct wire_msg *m)
{
	struct iovec iov[2] = { { h, sizeof(*h) }, { m->text, sizeof(m->text) - 1 } };

	return sock_recv(sock, iov, 2, &m->fd);
}

int wire_recv(const struct wire *w, struct wire_msg *m)
{
	struct head h = { 0 };
	ssize_t n;

	m->fd = -1;
	do {
		n = is_socket(w) ? recv_iov(w->in, &h, m) : recv_packet(w->in, &h, m);
		/* ECONNRESET reports once that the peer has closed its end with unread data. It
		 * comes before the peer's last messages, so read again (unix(7)). */
	} while (n == -1 && (errno == EINTR || errno == ECONNRESET));
	if (!n)
		return 0;
	if (n == -1)
		return fail("receive a message between the runtime and init");
	if (n == -2) {
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

int wire_call(const struct wire *w, enum wire_type type, int num, const char *text, int fd,
	      struct wire_msg *answer)
{
	int got;

	if (wire_send(w, type, num, text, fd) < 0)
		return -1;
	got = wire_recv(w, answer);
	if (got <= 0)
		return got < 0 ? -1 : failx("the runtime has ended");
	if (answer->type == WIRE_OK)
		return 0;
	fd_close(&answer->fd);
	return fail_take(answer->num, answer->text);
}

int wire_ask(const struct wire *w, enum wire_type type, int num, const char *text, int fd)
{
	struct wire_msg m;

	if (wire_call(w, type, num, text, fd, &m) < 0)
		return -1;
	return m.fd >= 0 ? m.fd : 0;
}
