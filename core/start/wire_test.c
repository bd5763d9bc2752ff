/* wire_test.c - messages and descriptors between runtime and init, and what is not a message. */
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
	   "no text is an empty one");
	wire_send(&ends[0], WIRE_LOG, 1, "one", -1);
	wire_send(&ends[0], WIRE_LOG, 2, "two", -1);
	ok(wire_recv(&ends[1], &m) == 1 && m.num == 1 && !strcmp(m.text, "one") &&
		   wire_recv(&ends[1], &m) == 1 && m.num == 2 && !strcmp(m.text, "two"),
	   "two messages stay two");
	memset(big, 'x', sizeof(big) - 1);
	ok(!wire_send(&ends[0], WIRE_FAIL, 1, big, -1) && wire_recv(&ends[1], &m) == 1 &&
		   strlen(m.text) == WIRE_TEXT_MAX - 1,
	   "a text is cut to what fits");
}

static void test_descriptors(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), before, again;
	struct wire_msg m;

	ok(!wire_send(&ends[0], WIRE_CONSOLE, 0, "with", null) && wire_recv(&ends[1], &m) == 1 &&
		   m.fd >= 0 && m.fd != null && same_file(m.fd, null) && !strcmp(m.text, "with"),
	   "a descriptor arrives beside the text");
	ok(fcntl(m.fd, F_GETFD) == FD_CLOEXEC, "close-on-exec");
	fd_close(&m.fd);
	before = count_open();
	ok(!sock_send_fd(ends[0].out, "body", null), "a descriptor for another protocol");
	ok(wire_recv(&ends[1], &m) < 0 && m.fd == -1 && count_open() == before,
	   "which is not a message of ours, and leaves nothing open");
	again = dup(null);
	close(again);
	ok(again >= 0 && count_open() == before, "nothing at all");
	close(null);
}

static void test_asking(void)
{
	struct wire_msg m;
	int fd, null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* Answers lie ready before the question is asked. */
	wire_send(&ends[1], WIRE_OK, 0, NULL, -1);
	ok(!wire_ask(&ends[0], WIRE_MOUNT_FD, 3, "q", -1) && wire_recv(&ends[1], &m) == 1 &&
		   m.type == WIRE_MOUNT_FD && m.num == 3,
	   "a question and OK");
	wire_send(&ends[1], WIRE_OK, 0, NULL, null);
	fd = wire_ask(&ends[0], WIRE_MOUNT_FD, 0, NULL, -1);
	ok(fd > 2 && same_file(fd, null), "OK with a descriptor");
	fd_close(&fd);
	wire_send(&ends[1], WIRE_FAIL, EBUSY, "what went wrong", null);
	fd = count_open();
	ok(wire_ask(&ends[0], WIRE_HOOKS, 0, NULL, -1) < 0 && err_num() == EBUSY &&
		   !strcmp(err_text(), "what went wrong"),
	   "a failure becomes ours");
	ok(count_open() == fd, "without what came with it");
	close(null);
	renew();
	wire_close(&ends[1]);
	ok(wire_ask(&ends[0], WIRE_READY, 0, NULL, -1) < 0,
	   "no process there to ask: a failure, and no signal");
	ok(wire_send(&ends[0], WIRE_LOG, 0, "x", -1) < 0, "nor to tell");
}

static void test_end(void)
{
	struct wire_msg m;

	renew();
	wire_send(&ends[0], WIRE_FAIL, 5, "last words", -1);
	wire_close(&ends[0]);
	ok(wire_recv(&ends[1], &m) == 1 && m.num == 5, "last words are heard");
	ok(!wire_recv(&ends[1], &m) && m.fd == -1, "then comes the end");
	renew();
	wire_send(&ends[1], WIRE_LOG, 0, "unread", -1);
	wire_close(&ends[0]);
	ok(!wire_recv(&ends[1], &m), "a peer that died with a question unread has ended as well");
	renew();
	wire_send(&ends[1], WIRE_OK, 0, "unread", -1);
	wire_send(&ends[0], WIRE_FAIL, 5, "last words", -1);
	wire_close(&ends[0]);
	ok(wire_recv(&ends[1], &m) == 1 && m.num == 5, "its last words are heard all the same");
	ok(!wire_recv(&ends[1], &m), "and then the end");
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
	{ "half a head", 0, 0, 8 },
	{ "a type that does not exist", WIRE_TYPES, 0, 12 },
	{ "a type far off", 0xffffffff, 0, 12 },
	{ "more text than its length", WIRE_LOG, 3, 12 + 4 },
	{ "less text than its length", WIRE_LOG, 3, 12 + 2 },
	{ "a length without text", WIRE_LOG, 0xffffffff, 12 },
	{ "a text that fills the buffer", WIRE_LOG, WIRE_TEXT_MAX, 12 + WIRE_TEXT_MAX },
	{ "a text beyond the buffer", WIRE_LOG, WIRE_TEXT_MAX + 50, 12 + WIRE_TEXT_MAX + 50 },
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
		ok(wire_recv(&ends[1], &m) < 0 && m.fd == -1, "%s is not a message",
		   malformed[i].what);
	}
	renew();
	raw.type = WIRE_LOG;
	raw.len = WIRE_TEXT_MAX - 1;
	send(ends[0].out, &raw, 12 + raw.len, 0);
	ok(wire_recv(&ends[1], &m) == 1 && strlen(m.text) == WIRE_TEXT_MAX - 1,
	   "the longest text is one");
}

/* More descriptors than one: each that stays open is known. */
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
		    "three descriptors are not a message");
}

/* The other way: two pipes, which say nothing of the process at the other end. */
static void test_pipes(void)
{
	static struct raw raw = { .type = WIRE_FAIL };
	static char big[WIRE_TEXT_MAX + 100];
	struct wire ours, its;
	struct wire_msg m;
	socklen_t len = sizeof(int);
	int peer;

	ok(!wire_pipes(&ours, &its), "two pipes");
	ok(fcntl(ours.in, F_GETFD) == FD_CLOEXEC && fcntl(ours.out, F_GETFD) == FD_CLOEXEC &&
		   fcntl(its.in, F_GETFD) == FD_CLOEXEC && fcntl(its.out, F_GETFD) == FD_CLOEXEC,
	   "all four ends are close-on-exec");
	ok(getsockopt(its.in, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 && errno == ENOTSOCK &&
		   getsockopt(its.out, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0,
	   "neither has a peer");
	ok(wire_recv(&ours, &m) < 0 && err_num() == EAGAIN, "the runtime waits for nothing there");
	memset(big, 'x', sizeof(big) - 1);
	ok(!wire_send(&its, WIRE_FAIL, -7, big, -1) && !wire_send(&its, WIRE_PID, 0, NULL, -1) &&
		   wire_recv(&ours, &m) == 1 && m.type == WIRE_FAIL && m.num == -7 && m.fd == -1 &&
		   strlen(m.text) == WIRE_TEXT_MAX - 1,
	   "the longest text arrives");
	ok(wire_recv(&ours, &m) == 1 && m.type == WIRE_PID && !*m.text, "and the next is the next");
	ok(!wire_send(&ours, WIRE_OK, 3, NULL, -1) && wire_recv(&its, &m) == 1 && m.num == 3,
	   "the answer as well");
	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
		raw.type = malformed[i].type;
		raw.len = malformed[i].len;
		if (malformed[i].size > 4096)
			continue;
		ok(write(its.out, &raw, malformed[i].size) == (ssize_t)malformed[i].size &&
			   wire_recv(&ours, &m) < 0 && m.fd == -1,
		   "through a pipe %s is not a message", malformed[i].what);
	}
	while (wire_send(&ours, WIRE_OK, 0, NULL, -1) >= 0)
		;
	ok(err_num() == EAGAIN, "nor does the runtime wait for a reader");
	wire_close(&its);
	ok(!wire_recv(&ours, &m), "the end");
	wire_close(&ours);
	ok(ours.in == -1 && ours.out == -1, "closed");
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
