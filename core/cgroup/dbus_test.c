/* dbus_test.c - messages in the form of the D-Bus specification, and calls to a bus of the test. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/dbus.h"
#include "tests/tap.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct arena arena;

static void test_marshal(void)
{
	/* a(sv) of one element: "Name" and a variant of UINT64 5 */
	static const char want[] = "\x28\0\0\0"
				   "\0\0\0\0"
				   "\4\0\0\0Name\0"
				   "\1t\0"
				   "\0\0\0\0\0\0\0\0"
				   "\5\0\0\0\0\0\0\0";
	struct dbus_out o = { .arena = &arena };
	size_t mark = dbus_open(&o, 8);

	dbus_align(&o, 8);
	dbus_put_str(&o, "Name");
	dbus_put_sig(&o, "t");
	dbus_put_u64(&o, 5);
	dbus_close(&o, mark, 8);
	ok(o.len == 8 + 24, "an array of one struct has 32 bytes: %zu", o.len);
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
		uint32_t len;

		memcpy(&len, o.buf, 4);
		ok(len == 24, "its length does not count the padding before the struct: %u", len);
		ok(!memcmp(o.buf + 8, want + 8, 12), "the name and the signature have their form");
		ok(o.buf[24] == 5 && !o.buf[31], "the number is aligned to 8 bytes");
	}
	o = (struct dbus_out){ .arena = &arena };
	mark = dbus_open(&o, 8);
	dbus_close(&o, mark, 8);
	ok(o.len == 8 && !o.buf[0], "an empty array of structs has the padding too");
}

static void test_message(void)
{
	struct dbus_out body = { .arena = &arena }, o = { .arena = &arena };
	struct dbus_msg head = { .type = DBUS_CALL,
				 .serial = 7,
				 .path = "/a",
				 .interface = "x.Y",
				 .member = "Do",
				 .destination = "x",
				 .signature = "su" },
			got;
	size_t need;
	char *copy;

	dbus_put_str(&body, "hello");
	dbus_put_u32(&body, 42);
	dbus_message(&o, &head, &body);
	ok(dbus_parse(o.buf, o.len, &need, &got) == 1 && need == o.len,
	   "a message that was written can be read");
	is_str(got.path, "/a", "its path");
	is_str(got.member, "Do", "its member");
	is_str(got.destination, "x", "its destination");
	ok(got.serial == 7 && got.type == DBUS_CALL && !got.error && !got.reply_to,
	   "its type and serial");
	is_str(dbus_get_str(&got.body), "hello", "the text in its body");
	ok(dbus_get_u32(&got.body) == 42 && !got.body.bad, "the number in its body");
	ok(dbus_get_u32(&got.body) == 0 && got.body.bad, "a read beyond the body fails");
	for (size_t i = 0; i < o.len; i++)
		if (dbus_parse(o.buf, i, &need, &got) != 0)
			ok(false, "the first %zu bytes of a message are incomplete", i);
	copy = memcpy(arena_alloc(&arena, o.len), o.buf, o.len);
	copy[20] = 100;
	ok(dbus_parse(copy, o.len, &need, &got) < 0, "a text beyond the header is refused");
	copy = memcpy(arena_alloc(&arena, o.len), o.buf, o.len);
	copy[15] = 127;
	ok(dbus_parse(copy, o.len, &need, &got) < 0, "a header of 2 GB is refused");
	ok(dbus_parse("HTTP/1.1 200 OK\r\n", 17, &need, &got) < 0, "another protocol is refused");
}

/* Both byte orders: reply serial UINT32 9, body UINT64 1. */
static void test_swapped(void)
{
	static const char big[] = "B\2\0\1"
				  "\0\0\0\x8"
				  "\0\0\0\2"
				  "\0\0\0\x0f"
				  "\5\1u\0"
				  "\0\0\0\x9"
				  "\x8\1g\0"
				  "\1t\0\0"
				  "\0\0\0\0\0\0\0\1";
	static const char little[] = "l\2\0\1"
				     "\x8\0\0\0"
				     "\2\0\0\0"
				     "\x0f\0\0\0"
				     "\5\1u\0"
				     "\x9\0\0\0"
				     "\x8\1g\0"
				     "\1t\0\0"
				     "\1\0\0\0\0\0\0\0";
	struct dbus_msg m;
	size_t need;

	ok(dbus_parse(big, 40, &need, &m) == 1 && m.reply_to == 9 && m.serial == 2,
	   "a big-endian header is read");
	ok(dbus_get_u32(&m.body) == 0 && dbus_get_u32(&m.body) == 1, "a big-endian body is read");
	ok(dbus_parse(little, 40, &need, &m) == 1 && m.reply_to == 9 && m.serial == 2,
	   "a little-endian header is read");
	ok(dbus_get_u32(&m.body) == 1, "a little-endian body is read");
	is_str(m.signature, "t", "its signature is read");
}

/* ---- calls to a bus of the test -------------------------------------------------------------- */

static void answer(int fd, const struct dbus_msg *head, const struct dbus_out *body)
{
	struct dbus_out o = { .arena = &arena };

	dbus_message(&o, head, body);
	if (write(fd, o.buf, o.len) != (ssize_t)o.len)
		_exit(9);
}

static void send_signal(int fd, const char *sender, const struct dbus_out *body)
{
	struct dbus_msg m = { .type = DBUS_SIGNAL,
			      .serial = 1,
			      .signature = "s",
			      .path = "/",
			      .member = "Noise",
			      .sender = sender };

	answer(fd, &m, body);
}

/*
 * Plays a bus. For each call it sends a signal of the peer :1.7, one of :1.9, one that is too
 * large, and the peer's answer. For the member "Fail" :1.9 answers first, and the peer answers with
 * an error. "Mute" gets no answer, and "Flood" gets signals for ever.
 */
static void peer(int listener)
{
	static char large[2 << 20];
	struct dbus_out noise = { .arena = &arena, .buf = large, .len = sizeof(large) };
	static char buf[65536];
	struct dbus_out body = { .arena = &arena };
	int fd = accept(listener, NULL, NULL);
	size_t len = 0, need;
	ssize_t n;

	signal(SIGPIPE, SIG_DFL);
	if (read(fd, buf, 64) < 10 || write(fd, "OK 0123456789abcdef\r\n", 21) != 21)
		_exit(8);
	dbus_put_str(&body, "the text");
	while ((n = read(fd, buf + len, sizeof(buf) - len)) > 0) {
		struct dbus_msg m, out = { .serial = 1, .signature = "s" };

		len += n;
		while (dbus_parse(buf, len, &need, &m) == 1) {
			send_signal(fd, ":1.7", &body);
			send_signal(fd, ":1.9", &body);
			send_signal(fd, ":1.7", &noise);
			while (m.member && !strcmp(m.member, "Flood"))
				send_signal(fd, ":1.7", &body);
			out = (struct dbus_msg){ .type = DBUS_RETURN,
						 .serial = 2,
						 .reply_to = m.serial,
						 .sender = ":1.9",
						 .signature = "s" };
			if (m.member && !strcmp(m.member, "Fail"))
				answer(fd, &out, &body);
			out.sender = ":1.7";
			if (m.member && !strcmp(m.member, "Fail")) {
				out.type = DBUS_ERROR;
				out.error = "x.Broken";
			}
			if (!m.member || strcmp(m.member, "Mute"))
				answer(fd, &out, &body);
			len -= need;
			memmove(buf, buf + need, len);
		}
	}
	_exit(0);
}

static void count_signal(void *arg, struct dbus_msg *m)
{
	if (m->member && !strcmp(m->member, "Noise"))
		++*(int *)arg;
}

static void test_calls(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), signals = 0;
	struct dbus b = { .arena = &arena, .signal = count_signal, .arg = &signals };
	struct dbus_msg call = {
		.destination = "x", .path = "/", .interface = "x", .member = "Work"
	};
	const char *name = arena_printf(&arena, "ocibox-dbus-test-%d", getpid());
	struct rlimit limit;
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
	pid_t pid;

	strcpy(sun.sun_path + 1, name);
	if (bind(listener, (struct sockaddr *)&sun, len) < 0 || listen(listener, 1) < 0) {
		ok(false, "the test makes a socket");
		return;
	}
	pid = fork();
	if (!pid)
		peer(listener);
	close(listener);
	dbus_timeout(&b, 60000);
	ok(dbus_connect(&b, arena_printf(&arena, "unix:abstract=%s,guid=00", name), getuid(),
			true) == 0,
	   "the client connects: %s", err_text());
	ok(dbus_wait(&b, dbus_send(&b, &call, NULL)) == 0, "a call is answered: %s", err_text());
	is_str(dbus_get_str(&b.got.body), "the text", "the answer has its text");
	is_str(b.peer, ":1.7", "the first that answers becomes the peer");
	ok(signals == 0, "signals that came before the peer was known are ignored");
	call.member = "Fail";
	ok(dbus_wait(&b, dbus_send(&b, &call, NULL)) < 0,
	   "an error is a failure, and the answer of another sender is ignored");
	ok(signals == 1,
	   "a signal of the peer is seen; that of another sender and a large one are not: %d",
	   signals);
	is_str(err_text(), "x.Broken: the text", "the message has the error's name and text");
	is_str(b.got.error, "x.Broken", "the caller gets the error's name");
	call.member = "Mute";
	dbus_timeout(&b, 50);
	ok(dbus_wait(&b, dbus_send(&b, &call, NULL)) < 0 && err_num() == ETIMEDOUT,
	   "a call without an answer ends at the deadline: %s", err_text());
	call.member = "Flood";
	limit.rlim_cur = limit.rlim_max = 256 << 20;
#ifndef __SANITIZE_ADDRESS__
	setrlimit(RLIMIT_AS, &limit);
#endif
	dbus_timeout(&b, 500);
	ok(dbus_wait(&b, dbus_send(&b, &call, NULL)) < 0 && err_num() == ETIMEDOUT,
	   "signals without end do not delay the deadline, and take no memory: %s", err_text());
	dbus_disconnect(&b);
	ok(waitpid(pid, NULL, 0) == pid, "the bus of the test ends");
	dbus_timeout(&b, 1000);
	ok(dbus_connect(&b, "unix:path=/nonexistent%20here", 0, true) < 0 && err_num() == ENOENT,
	   "an address without a socket is an error: %s", err_text());
	ok(dbus_connect(&b, "tcp:host=x", 0, true) < 0, "a transport of TCP is refused: %s",
	   err_text());
}

int main(void)
{
	static char block[1 << 20];

	arena_init(&arena, block, sizeof(block));
	test_marshal();
	test_message();
	test_swapped();
	test_calls();
	return done();
}
