/* serve_fuzz.c - the wire of a hostile child: any messages, in any order, with any descriptor. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include "tests/fuzz.h"

/*
 * The first byte has bits of enum what, which describe the container. Then come packets, each of
 * them a byte with bits of enum way, the type, the number in four bytes, the length of the text in
 * one byte, and the text, which ends early at the end of the input.
 */
enum what { EVERYTHING = 1, TWO = 2, LATE = 4, ENTERS = 8, KNOWN = 16 };
enum way { PIPE = 1, DESCRIPTOR = 2, SHORT = 4 };

struct packet {
	uint32_t type;
	int32_t num;
	uint32_t len;
	char text[256];
};

static struct oci_time_offset offset = { .key = "monotonic" };
static struct oci_mount mounts[] = { { .destination = "/x", .source = "/no/such/source" },
				     { .destination = "/y", .type = "tmpfs" } };
static struct oci_seccomp seccomp = { .listener_path = "/no/such/listener" };
static struct oci_linux all_linux = { .time_offsets = { &offset, 1 }, .seccomp = &seccomp };
static struct oci_linux no_linux;
static struct oci_process terminal = { .terminal = true }, plain;
static struct oci_config all = { .linux = &all_linux, .mounts = { mounts, 2 } };
static struct oci_config none = { .linux = &no_linux };

static const uint8_t *send_one(const uint8_t *at, const uint8_t *end, const struct wire *sock,
			       const struct wire *pipes)
{
	struct packet p = { .type = at[1], .len = at[6] };
	size_t there = end - at - 7 < at[6] ? end - at - 7 : at[6];
	size_t size = offsetof(struct packet, text) + there;
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = "";
	struct iovec iov = { &p, at[0] & SHORT ? size / 2 : size };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = at[0] & DESCRIPTOR ? control : NULL,
			      .msg_controllen = at[0] & DESCRIPTOR ? sizeof(control) : 0 };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
	int null = 0;

	memcpy(&p.num, at + 2, sizeof(p.num));
	memcpy(p.text, at + 7, there);
	if (cm) {
		*cm = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
					.cmsg_type = SCM_RIGHTS,
					.cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(cm), &null, sizeof(null));
	}
	if (at[0] & PIPE)
		must(write(pipes->out, iov.iov_base, iov.iov_len) >= -1);
	else
		must(sendmsg(sock->out, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= -1);
	return at + 7 + there;
}

static void drop_line(enum log_level level, const char *text)
{
	must(level >= LOG_ERROR && level <= LOG_DEBUG && text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	const struct launch how = { .root = "/no/such/root", .id = "x" };
	struct start_plan plan = PLAN_INIT(&arena, &how);
	struct child child = CHILD_INIT(&plan);
	struct started made = STARTED_INIT;
	struct serve serve = SERVE_INIT(&plan, &made);
	struct wire its = WIRE_NONE;
	pid_t pid = 0;
	int before = dup(0), after, rc;

	close(before);
	if (!size)
		return 0;
	fuzz_begin(&arena);
	signal(SIGPIPE, SIG_IGN);
	log_sink.line = drop_line;
	plan.config = *data & EVERYTHING ? &all : &none;
	plan.process = *data & EVERYTHING ? &terminal : &plain;
	plan.seccomp.notify = *data & EVERYTHING;
	plan.ns.fresh = plan.ns.all =
		*data & EVERYTHING ? (unsigned)CLONE_NEWTIME | CLONE_NEWNS : 0;
	plan.mode = *data & LATE ? START_LATE : *data & TWO ? START_TWO : START_ONE;
	plan.enters = *data & ENTERS;
	plan.state = &made.life.state;
	serve.joins = true;
	serve.init_pid = &pid;
	made.life.state.id = "x";
	if (*data & KNOWN)
		pid = getpid();
	made.pid = plan.mode != START_ONE ? 0 : getpid();
	must(!wire_pair(&serve.wire, &its) && !wire_pipes(&serve.pipes, &child.pipes));
	for (const uint8_t *at = data + 1, *end = data + size; end - at >= 7;)
		at = send_one(at, end, &its, &child.pipes);
	shutdown(its.out, SHUT_WR);
	fd_close(&child.pipes.out);
	rc = serve_child(&serve);
	must(!rc || (rc == -1 && *err_text()));
	/* A start succeeds only after READY, and only if init's pid is known. */
	must(rc || (serve.phase > PHASE_MAKE && made.pid == getpid()));
	serve_end(&serve);
	wire_close(&its);
	wire_close(&child.pipes);
	fd_close(&made.pidfd);
	fd_close(&made.master);
	after = dup(0);
	close(after);
	must(after == before);
	err_clear("refused");
	fuzz_end(&arena);
	return 0;
}
