/* wire_test.c - messages and descriptors between runtime and init, and malformed ones. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

static struct wire ends[2];

static void renew(void)
{
	wire_close(&ends[0]);
	wire_close(&ends[1]);
	if (wire_pair(&ends[0], &ends[1]) < 0)
		exit(1);
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && file_is_same(&x, &y);
}

static int count_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_messages(void)
{
	static char big[WIRE_TEXT_MAX + 100];
	struct wire_msg m;

	ok(fcntl(ends[0].in, F_GETFD) == FD_CLOEXEC && fcntl(ends[1].in, F_GETFD) == FD_CLOEXEC,
	   "both ends are close-on-exec");
	ok(!wire_send(&ends[0], WIRE_LOG, -7, "two words", -1) && wire_recv(&ends[1], &m) == 1 &&
		   m.type == WIRE_LOG && m.num == -7 && !strcmp(m.text, "two words") && m.fd == -1,
	   "type, number and text arrive");
	ok(!wire_send(&ends[0], WIRE_READY, 0, NULL, -1) && wire_recv(&ends[1], &m) == 1 &&
		   !*m.text,
	   "a message without a text arrives with an empty one");
	wire_send(&ends[0], WIRE_LOG, 1, "one", -1);
	wire_send(&ends[0], WIRE_LOG, 2, "two", -1);
	ok(wire_recv(&ends[1], &m) == 1 && m.num == 1 && !strcmp(m.text, "one") &&
		   wire_recv(&ends[1], &m) == 1 && m.num == 2 && !strcmp(m.text, "two"),
	   "two messages arrive one after the other");
	memset(big, 'x', sizeof(big) - 1);
	ok(!wire_send(&ends[0], WIRE_FAIL, 1, big, -1) && wire_recv(&ends[1], &m) == 1 &&
		   strlen(m.text) == WIRE_TEXT_MAX - 1,
	   "a text that is too long is cut");
}

static void test_descriptors(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), before, again;
	struct wire_msg m;

	ok(!wire_send(&ends[0], WIRE_CONSOLE, 0, "with", null) && wire_recv(&ends[1], &m) == 1 &&
		   m.fd >= 0 && m.fd != null && same_file(m.fd, null) && !strcmp(m.text, "with"),
	   "a descriptor arrives with its text");
	ok(fcntl(m.fd, F_GETFD) == FD_CLOEXEC, "the descriptor is close-on-exec");
	fd_close(&m.fd);
	before = count_open();
	ok(!sock_send_fd(ends[0].out, "body", null), "a descriptor is sent by another protocol");
	ok(wire_recv(&ends[1], &m) < 0 && m.fd == -1 && count_open() == before,
	   "the message is refused, and its descriptor is closed");
	again = dup(null);
	close(again);
	ok(again >= 0 && count_open() == before, "count_open sees a descriptor that is closed");
	close(null);
}

static void test_asking(void)
{
	struct wire_msg m;
	int fd, null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* Each answer is sent before its request, so that one process can do both. */
	wire_send(&ends[1], WIRE_OK, 0, NULL, -1);
	ok(!wire_ask(&ends[0], WIRE_MOUNT_FD, 3, "q", -1) && wire_recv(&ends[1], &m) == 1 &&
		   m.type == WIRE_MOUNT_FD && m.num == 3,
	   "a request is answered by OK");
	wire_send(&ends[1], WIRE_OK, 0, NULL, null);
	fd = wire_ask(&ends[0], WIRE_MOUNT_FD, 0, NULL, -1);
	ok(fd > 2 && same_file(fd, null), "a request is answered by OK with a descriptor");
	fd_close(&fd);
	wire_send(&ends[1], WIRE_FAIL, EBUSY, "what went wrong", null);
	fd = count_open();
	ok(wire_ask(&ends[0], WIRE_HOOKS, 0, NULL, -1) < 0 && err_num() == EBUSY &&
		   !strcmp(err_text(), "what went wrong"),
	   "errno and text of FAIL become the error record");
	ok(count_open() == fd, "a descriptor that came with FAIL is closed");
	close(null);
	renew();
	wire_close(&ends[1]);
	ok(wire_ask(&ends[0], WIRE_READY, 0, NULL, -1) < 0,
	   "a request to a closed end fails without a signal");
	ok(wire_send(&ends[0], WIRE_LOG, 0, "x", -1) < 0,
	   "a message to a closed end fails without a signal");
}

static void test_end(void)
{
	struct wire_msg m;

	renew();
	wire_send(&ends[0], WIRE_FAIL, 5, "last words", -1);
	wire_close(&ends[0]);
	ok(wire_recv(&ends[1], &m) == 1 && m.num == 5,
	   "a message that was sent before the end arrives");
	ok(!wire_recv(&ends[1], &m) && m.fd == -1, "then the end is reported");
	renew();
	wire_send(&ends[1], WIRE_LOG, 0, "unread", -1);
	wire_close(&ends[0]);
	ok(!wire_recv(&ends[1], &m), "the end of a peer that has not read a message is reported");
	renew();
	wire_send(&ends[1], WIRE_OK, 0, "unread", -1);
	wire_send(&ends[0], WIRE_FAIL, 5, "last words", -1);
	wire_close(&ends[0]);
	ok(wire_recv(&ends[1], &m) == 1 && m.num == 5,
	   "the last message of a peer that has not read one arrives");
	ok(!wire_recv(&ends[1], &m), "then the end of that peer is reported");
}

struct raw {
	uint32_t type;
	int32_t num;
	uint32_t len;
	char text[WIRE_TEXT_MAX + 64];
};

static const struct {
	const char *what;
	uint32_t type, len;
	size_t size; /* of the packet */
} malformed[] = {
	{ "a byte", 0, 0, 1 },
	{ "a part of the head", 0, 0, 8 },
	{ "the lowest type that does not exist", WIRE_TYPES, 0, 12 },
	{ "the highest type that does not exist", 0xffffffff, 0, 12 },
	{ "more text than its length", WIRE_LOG, 3, 12 + 4 },
	{ "less text than its length", WIRE_LOG, 3, 12 + 2 },
	{ "a length without text", WIRE_LOG, 0xffffffff, 12 },
	{ "a text without room for the NUL", WIRE_LOG, WIRE_TEXT_MAX, 12 + WIRE_TEXT_MAX },
	{ "a text larger than the buffer", WIRE_LOG, WIRE_TEXT_MAX + 50, 12 + WIRE_TEXT_MAX + 50 },
};

static void test_malformed(void)
{
	static struct raw raw;
	struct wire_msg m;

	memset(raw.text, 'x', sizeof(raw.text));
	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
		renew();
		raw.type = malformed[i].type;
		raw.len = malformed[i].len;
		send(ends[0].out, &raw, malformed[i].size, 0);
		ok(wire_recv(&ends[1], &m) < 0 && m.fd == -1, "%s is refused as malformed",
		   malformed[i].what);
	}
	renew();
	raw.type = WIRE_LOG;
	raw.len = WIRE_TEXT_MAX - 1;
	send(ends[0].out, &raw, 12 + raw.len, 0);
	ok(wire_recv(&ends[1], &m) == 1 && strlen(m.text) == WIRE_TEXT_MAX - 1,
	   "the longest text is accepted");
}

/* Of several descriptors with one message none may stay open. */
static void test_many(void)
{
	struct raw raw = { .type = WIRE_OK };
	struct iovec iov = { &raw, 12 };
	int fds[3] = { 0, 1, 2 }, before;
	union {
		char buf[CMSG_SPACE(sizeof(fds))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
	struct wire_msg m;

	renew();
	before = count_open();
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(cm), fds, sizeof(fds));
	sendmsg(ends[0].out, &msg, 0);
	ok_emulated("the end of descriptors that have no room in msg_control",
		    wire_recv(&ends[1], &m) < 0 && m.fd == -1 && count_open() == before,
		    "a message with three descriptors is refused, and they are closed");
}

/* Two pipes replace the socket. They do not show the process at the other end. */
static void test_pipes(void)
{
	static struct raw raw = { .type = WIRE_FAIL };
	static char big[WIRE_TEXT_MAX + 100];
	struct wire ours, its;
	struct wire_msg m;
	socklen_t len = sizeof(int);
	int peer;

	ok(!wire_pipes(&ours, &its), "two pipes are made");
	ok(fcntl(ours.in, F_GETFD) == FD_CLOEXEC && fcntl(ours.out, F_GETFD) == FD_CLOEXEC &&
		   fcntl(its.in, F_GETFD) == FD_CLOEXEC && fcntl(its.out, F_GETFD) == FD_CLOEXEC,
	   "all four ends are close-on-exec");
	ok(getsockopt(its.in, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 && errno == ENOTSOCK &&
		   getsockopt(its.out, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0,
	   "neither pipe shows the process at its other end");
	ok(wire_recv(&ours, &m) < 0 && err_num() == EAGAIN, "a read of the runtime does not block");
	memset(big, 'x', sizeof(big) - 1);
	ok(!wire_send(&its, WIRE_FAIL, -7, big, -1) && !wire_send(&its, WIRE_PID, 0, NULL, -1) &&
		   wire_recv(&ours, &m) == 1 && m.type == WIRE_FAIL && m.num == -7 && m.fd == -1 &&
		   strlen(m.text) == WIRE_TEXT_MAX - 1,
	   "the longest text arrives through a pipe");
	ok(wire_recv(&ours, &m) == 1 && m.type == WIRE_PID && !*m.text,
	   "the next message arrives through the pipe");
	ok(!wire_send(&ours, WIRE_OK, 3, NULL, -1) && wire_recv(&its, &m) == 1 && m.num == 3,
	   "the answer arrives through the other pipe");
	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
		raw.type = malformed[i].type;
		raw.len = malformed[i].len;
		if (malformed[i].size > 4096)
			continue;
		ok(write(its.out, &raw, malformed[i].size) == (ssize_t)malformed[i].size &&
			   wire_recv(&ours, &m) < 0 && m.fd == -1,
		   "through a pipe %s is refused as malformed", malformed[i].what);
	}
	while (wire_send(&ours, WIRE_OK, 0, NULL, -1) >= 0)
		;
	ok(err_num() == EAGAIN, "a write of the runtime to a full pipe does not block");
	wire_close(&its);
	ok(!wire_recv(&ours, &m), "the end of the pipe is reported");
	wire_close(&ours);
	ok(ours.in == -1 && ours.out == -1, "wire_close closes both pipes");
}

int main(void)
{
	ends[0] = ends[1] = (struct wire)WIRE_NONE;
	renew();
	test_messages();
	test_descriptors();
	renew();
	test_asking();
	test_end();
	test_malformed();
	test_many();
	test_pipes();
	return done();
}
