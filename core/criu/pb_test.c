/* pb_test.c - protobuf by rows: what is written, what is read, and what is refused. */
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

	is_str(written(&req), "080a", "a request without options is its type");
	req.type = CRIU_NOTIFY;
	req.notify_success = true;
	is_str(written(&req), "08061801", "the answer to a notification");
	req = (struct criu_req){ .type = CRIU_DUMP, .opts = { &o, 1 } };
	is_str(written(&req), "0801120e080510ac0228016a022f72900200",
	       "numbers of two bytes, true and text; false and absent are left out, mode 0 is not");
	o = (struct criu_opts){ .empty_ns = -1 };
	is_str(written(&req), "080112110800900200b002ffffffffffffffffff01",
	       "a negative number has ten bytes");
	o = (struct criu_opts){ .mounts = { &mount, 1 },
				.fds = { &fd, 1 },
				.external = { external, 2 } };
	is_str(written(&req),
	       "080112200800ba01080a022f6112022f62da01050a016b1000900200aa020178aa020179",
	       "lists of messages and of texts; the descriptor 0 is written");
	req = (struct criu_req){ .type = CRIU_FEATURE_CHECK, .features = { &features, 1 } };
	is_str(written(&req), "08092a021001", "features that are asked for");
}

static void test_reading(void)
{
	struct criu_resp r;

	ok(!READ("\x08\x06\x10\x01\x2a\x0f\x0a\x0bpost-restor\x10\x07", &r) && r.type == 6 &&
		   r.success && r.notify.pid == 7,
	   "a notification");
	is_str(r.notify.script, "post-restor", "and its text, which has an end");
	ok(!READ("\x08\x0a\x10\x01\x52\x06\x08\x03\x10\x11\x20\x01", &r) && r.version.major == 3 &&
		   r.version.minor == 17 && r.version.sublevel == 1,
	   "a version");
	ok(!READ("\x08\x02\x10\x01\x22\x03\x08\xac\x02", &r) && r.restore.pid == 300,
	   "the pid that was restored");
	ok(!READ("\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &r) && r.errnum == -1,
	   "a negative number");
	ok(!READ("\xf8\x06\x05\xfd\x06"
		 "1234\xf9\x06"
		 "12345678\xfa\x06\x02xx\x10\x01",
		 &r) &&
		   r.success,
	   "fields of every type that no row has are passed over");
	ok(!READ("", &r) && !r.success, "an empty message");
}

static void test_refusals(void)
{
	struct criu_resp r;

	ok(READ("\x08", &r) < 0, "a number that is cut off");
	ok(READ("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &r) < 0,
	   "a number of eleven bytes");
	ok(READ("\x4a\x05"
		"1234",
		&r) < 0,
	   "a text that is longer than the message");
	ok(READ("\x4a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &r) < 0, "a length that wraps");
	ok(READ("\xf9\x06"
		"1234567",
		&r) < 0,
	   "eight bytes of which one is missing");
	ok(READ("\x0b", &r) < 0, "a type of the wire that is not in use any more");
	ok(READ("\x0a\x01"
		"1",
		&r) < 0,
	   "a text where a number belongs");
	ok(READ("\x28\x01", &r) < 0, "a number where a message belongs");
	ok(READ("\x2a\x03\x0a\x05"
		"1",
		&r) < 0,
	   "a message in a message that is cut off");
	is_str(err_text(), "CRIU sent a message that cannot be read", "the reason");
}

int main(void)
{
	arena_init(&a, block, sizeof(block));
	test_writing();
	test_reading();
	test_refusals();
	return done();
}
