/* pb_test.c - protobuf by rows: writing, reading and refusing messages. */
/* SPDX-License-Identifier: MIT */
#include "core/criu/criu.h"
#include "tests/tap.h"

#include <stdio.h>
#include <string.h>

static char block[65536];
static struct arena a;

/* The bytes of a request as hexadecimal digits. */
static const char *written(const struct criu_req *req)
{
	struct pb_out o = { .arena = &a };
	char *hex;

	pb_write(&o, &criu_req_type, req);
	hex = arena_alloc(&a, 2 * o.len + 1);
	for (size_t i = 0; i < o.len; i++)
		sprintf(hex + 2 * i, "%02x", o.buf[i]);
	return hex;
}

static int read_text(const char *bytes, size_t len, struct criu_resp *r)
{
	*r = (struct criu_resp){ 0 };
	return pb_read(&a, &criu_resp_type, bytes, len, r);
}
#define READ(bytes, r) read_text(bytes, sizeof(bytes) - 1, r)

static void test_writing(void)
{
	struct criu_opts o = { .images_fd = 5, .pid = 300, .tcp_established = true, .root = "/r" };
	struct criu_req req = { .type = CRIU_VERSION };
	struct criu_pair mount = { "/a", "/b" };
	struct criu_fd fd = { "k", 0 };
	const char *external[] = { "x", "y" };
	struct criu_features features = { .lazy_pages = true };

	is_str(written(&req), "080a", "a request without options has its type only");
	req.type = CRIU_NOTIFY;
	req.notify_success = true;
	is_str(written(&req), "08061801", "the answer to a notification is written");
	req = (struct criu_req){ .type = CRIU_DUMP, .opts = { &o, 1 } };
	is_str(written(&req), "0801120e080510ac0228016a022f72900200",
	       "numbers of two bytes, true and a text are written; false and NULL are left out; a "
	       "PB_ALWAYS of 0 is written");
	o = (struct criu_opts){ .empty_ns = -1 };
	is_str(written(&req), "080112110800900200b002ffffffffffffffffff01",
	       "a negative number has ten bytes");
	o = (struct criu_opts){ .mounts = { &mount, 1 },
				.fds = { &fd, 1 },
				.external = { external, 2 } };
	is_str(written(&req),
	       "080112200800ba01080a022f6112022f62da01050a016b1000900200aa020178aa020179",
	       "lists of messages and of texts are written, also the descriptor 0");
	req = (struct criu_req){ .type = CRIU_FEATURE_CHECK, .features = { &features, 1 } };
	is_str(written(&req), "08092a021001", "a request for features is written");
}

static void test_reading(void)
{
	struct criu_resp r;

	ok(!READ("\x08\x06\x10\x01\x2a\x0f\x0a\x0bpost-restor\x10\x07", &r) && r.type == 6 &&
		   r.success && r.notify.pid == 7,
	   "a notification is read");
	is_str(r.notify.script, "post-restor", "its text gets a NUL");
	ok(!READ("\x08\x0a\x10\x01\x52\x06\x08\x03\x10\x11\x20\x01", &r) && r.version.major == 3 &&
		   r.version.minor == 17 && r.version.sublevel == 1,
	   "a version is read");
	ok(!READ("\x08\x02\x10\x01\x22\x03\x08\xac\x02", &r) && r.restore.pid == 300,
	   "the pid of a restored process is read");
	ok(!READ("\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &r) && r.errnum == -1,
	   "a negative number is read");
	ok(!READ("\xf8\x06\x05\xfd\x06"
		 "1234\xf9\x06"
		 "12345678\xfa\x06\x02xx\x10\x01",
		 &r) &&
		   r.success,
	   "fields of every type that no row has are skipped");
	ok(!READ("", &r) && !r.success, "an empty message is read");
}

static void test_refusals(void)
{
	struct criu_resp r;

	ok(READ("\x08", &r) < 0, "a number that is cut off is refused");
	ok(READ("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &r) < 0,
	   "a number of eleven bytes is refused");
	ok(READ("\x4a\x05"
		"1234",
		&r) < 0,
	   "a text that is longer than the message is refused");
	ok(READ("\x4a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &r) < 0,
	   "a length of 2^64-1 is refused");
	ok(READ("\xf9\x06"
		"1234567",
		&r) < 0,
	   "a number of eight bytes that is cut off is refused");
	ok(READ("\x0b", &r) < 0, "a group, which is an obsolete wire type, is refused");
	ok(READ("\x0a\x01"
		"1",
		&r) < 0,
	   "a text in a field for a number is refused");
	ok(READ("\x28\x01", &r) < 0, "a number in a field for a message is refused");
	ok(READ("\x2a\x03\x0a\x05"
		"1",
		&r) < 0,
	   "a message in a message that is cut off is refused");
	is_str(err_text(), "CRIU sent a message that cannot be read", "the error of a refusal");
}

int main(void)
{
	arena_init(&a, block, sizeof(block));
	test_writing();
	test_reading();
	test_refusals();
	return done();
}
