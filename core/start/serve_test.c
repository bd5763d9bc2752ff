/* serve_test.c - a hostile child: every message, from every sender, in every phase. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* ---- which process may send which message, and when ------------------------------------------ */

static const char *const names[WIRE_TYPES] = {
	[WIRE_OK] = "OK",
	[WIRE_FAIL] = "FAIL",
	[WIRE_EXEC_FAIL] = "EXEC_FAIL",
	[WIRE_LOG] = "LOG",
	[WIRE_PID] = "PID",
	[WIRE_MAP_IDS] = "MAP_IDS",
	[WIRE_TIME_OFFSETS] = "TIME_OFFSETS",
	[WIRE_NETDEVS] = "NETDEVS",
	[WIRE_MOUNT_FD] = "MOUNT_FD",
	[WIRE_ATTACH] = "ATTACH",
	[WIRE_CONSOLE] = "CONSOLE",
	[WIRE_HOOKS] = "HOOKS",
	[WIRE_READY] = "READY",
	[WIRE_APPEAR] = "APPEAR",
	[WIRE_SECCOMP_FD] = "SECCOMP_FD",
};

static const struct {
	/* what: the messages that are accepted, in the order of enum wire_type */
	const char *who, *when, *what;
} accepted[] = {
	{ "init", "making", "FAIL LOG MAP_IDS NETDEVS MOUNT_FD ATTACH CONSOLE HOOKS READY " },
	{ "init", "ready", "FAIL EXEC_FAIL LOG SECCOMP_FD " },
	{ "init", "seen", "FAIL EXEC_FAIL SECCOMP_FD " },
	{ "first", "making", "FAIL LOG PID MAP_IDS TIME_OFFSETS ATTACH " },
	{ "first", "ready", "FAIL LOG " },
	{ "first", "seen", "FAIL PID " },
	{ "late", "making",
	  "FAIL LOG PID MAP_IDS TIME_OFFSETS NETDEVS MOUNT_FD ATTACH CONSOLE HOOKS READY " },
	{ "late", "ready", "FAIL LOG APPEAR " },
	{ "late", "seen", "FAIL PID " },
};

static char block[1 << 16];
static struct arena arena;

/* A container whose config needs every message. */
static struct oci_time_offset offset;
static struct oci_net_device device = { .key = "eth9" };
static struct oci_hook hook = { .path = "/no/such/hook" };
static struct oci_hooks hooks = { .create_runtime = { &hook, 1 } };
static struct oci_mount mounts[] = { { .destination = "/x", .source = "/no/such/source" },
				     { .destination = "/y", .type = "tmpfs" } };
static struct oci_seccomp seccomp = { .listener_path = "/no/such/listener" };
static struct oci_linux all_linux = { .time_offsets = { &offset, 1 },
				      .net_devices = { &device, 1 },
				      .seccomp = &seccomp };
static struct oci_process terminal = { .terminal = true };
static struct oci_config all = { .linux = &all_linux, .hooks = &hooks, .mounts = { mounts, 2 } };
/* A container whose config needs none of the optional messages. */
static struct oci_linux no_linux;
static struct oci_process plain;
static struct oci_config none = { .linux = &no_linux };

static const struct launch how = { .root = "/no/such/root", .id = "x" };
static struct start_plan plan;
static struct child child;
static struct started made;
static struct serve serve;
static struct wire its; /* the child's end */
static pid_t kernel_pid; /* the pid of init that the kernel has written */

static void fresh(const struct oci_config *config, const char *who)
{
	plan = (struct start_plan)PLAN_INIT(&arena, &how);
	plan.config = config;
	plan.process = config == &all ? &terminal : &plain;
	plan.state = &made.life.state;
	plan.seccomp.notify = config == &all;
	plan.ns.fresh = plan.ns.all = config == &all ? ~0U : 0;
	plan.mode = !strcmp(who, "late")   ? START_LATE
		    : !strcmp(who, "init") ? START_ONE
					   : START_TWO;
	child = (struct child)CHILD_INIT(&plan);
	made = (struct started)STARTED_INIT;
	serve = (struct serve)SERVE_INIT(&plan, &made);
	serve.init_pid = &kernel_pid;
	serve.joins = config != &all;
	made.pid = plan.mode != START_ONE ? 0 : 1;
	made.life.state.id = "x";
	kernel_pid = 0;
}

static void enters(void)
{
	plan.enters = true;
}

static void test_rows(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		char got[256] = "", twice[256] = "", nothing[256] = "", exec[256] = "";

		for (unsigned type = 0; type < WIRE_TYPES; type++) {
			struct wire_msg m = { .type = type, .fd = -1 };

			fresh(&all, accepted[i].who);
			serve.phase = !strcmp(accepted[i].when, "making")  ? PHASE_MAKE
				      : !strcmp(accepted[i].when, "ready") ? PHASE_READY
									   : PHASE_SEEN;
			if (!serve_refusal(&serve, &m))
				strcat(strcat(got, names[type]), " ");
			serve.done = ~0U;
			if (!serve_refusal(&serve, &m))
				strcat(strcat(twice, names[type]), " ");
			serve.done = 0;
			enters();
			if (!serve_refusal(&serve, &m))
				strcat(strcat(exec, names[type]), " ");
			plan.enters = false;
			plan.config = &none;
			plan.process = &plain;
			plan.seccomp.notify = false;
			plan.ns.fresh = plan.ns.all = 0;
			serve.joins = true;
			if (!serve_refusal(&serve, &m))
				strcat(strcat(nothing, names[type]), " ");
		}
		is_str(got, accepted[i].what, "%s, %s: the messages that are accepted",
		       accepted[i].who, accepted[i].when);
		ok(!strstr(twice, "READY") && !strstr(twice, "PID") && !strstr(twice, "HOOKS") &&
			   !strstr(twice, "APPEAR") && !strstr(twice, "SECCOMP"),
		   "%s, %s: some are accepted only once; twice: %s", accepted[i].who,
		   accepted[i].when, twice);
		ok(!strstr(nothing, "MAP_IDS") && !strstr(nothing, "OFFSETS") &&
			   !strstr(nothing, "NETDEVS") && !strstr(nothing, "ATTACH") &&
			   !strstr(nothing, "CONSOLE") && !strstr(nothing, "HOOKS") &&
			   !strstr(nothing, "SECCOMP"),
		   "%s, %s: what the config does not need is refused; accepted: %s",
		   accepted[i].who, accepted[i].when, nothing);
		ok(!strstr(exec, "MAP_IDS") && !strstr(exec, "OFFSETS") &&
			   !strstr(exec, "NETDEVS") && !strstr(exec, "MOUNT") &&
			   !strstr(exec, "HOOKS"),
		   "%s, %s: what exec does not need is refused; accepted: %s", accepted[i].who,
		   accepted[i].when, exec);
	}
}

/* ---- the drawings in impl.h ------------------------------------------------------------------ */

/* The text of the header, so that the drawings that a reader sees are tested. */
__asm__(".pushsection .rodata\n"
	"drawings: .incbin \"core/start/impl.h\"\n.byte 0\n"
	".popsection");
extern const char drawings[];

static unsigned drawn; /* bits of the messages */

/* Plays one arrow to the runtime. from_first: the first process sends it. False: it is refused. */
static bool play(const char *names_, size_t len, bool from_first)
{
	bool fine = true;

	made.pid = from_first ? 0 : 1;
	for (const char *at = names_, *end = names_ + len; at < end;) {
		size_t n = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

		for (unsigned type = 1; n && type < WIRE_TYPES; type++) {
			struct wire_msg m = { .type = type, .fd = -1 };

			if (strlen(names[type]) != n || strncmp(names[type], at, n))
				continue;
			fine &= !serve_refusal(&serve, &m);
			drawn |= 1u << type;
			serve.done |= 1u << type;
			if (type == WIRE_READY)
				serve.phase = PHASE_READY;
			if (type == WIRE_APPEAR)
				serve.phase = PHASE_SEEN;
		}
		at += n ? n : 1;
	}
	return fine;
}

static void test_drawing(const char *mode, const char *who)
{
	const char *line = strstr(drawings, arena_printf(&arena, "%s: ", mode)), *init;
	unsigned arrows = 0, refused = 0;

	fresh(&all, who);
	line = line ? strstr(line, "runtime  ") : NULL;
	init = line ? strstr(line, "init\n") : NULL;
	ok(init, "%s is drawn", mode);
	if (!init)
		return;
	init = (const char *)(init - line);
	for (line = strchr(line, '\n') + 1; strncmp(line, " *\n", 3);
	     line = strchr(line, '\n') + 1) {
		const char *bar = strstr(line, "- "), *from;

		if (!strstr(line, "<-") || strstr(line, "<-") > strchr(line, '\n'))
			continue;
		from = strchr(bar, '|');
		arrows++;
		if (!play(bar, from - bar, from - line < (ptrdiff_t)init)) {
			printf("# refused: %.60s\n", line);
			refused++;
		}
	}
	ok(arrows > 5 && !refused, "%s: each of its %u arrows is accepted in the drawn order", mode,
	   arrows);
}

static void test_drawings(void)
{
	unsigned unseen = 1u << WIRE_OK | 1u << WIRE_LOG;

	test_drawing("START_ONE", "init");
	test_drawing("START_TWO", "first");
	test_drawing("START_LATE", "late");
	for (unsigned type = 0; type < WIRE_TYPES; type++)
		ok((drawn | unseen) & 1u << type, "%s is drawn", names[type]);
}

/* ---- how the runtime handles them ------------------------------------------------------------ */

static bool executes; /* the child executes a program before it ends */

/* Serves the messages that were sent, and then the child's end. */
static int serve_sent(void)
{
	struct proc_stat st;
	int rc;

	if (its.in >= 0)
		shutdown(its.in, SHUT_WR);
	serve.first = fork();
	if (!serve.first && executes)
		execl("/bin/sh", "sh", "-c", "exit 0", NULL);
	if (!serve.first)
		_exit(3);
	while (executes && proc_stat(serve.first, &st) == 1 && st.no_exec && !st.exiting)
		;
	if (made.pid)
		made.pid = serve.first;
	rc = serve_child(&serve);
	waitpid(serve.first, NULL, 0);
	serve_end(&serve);
	wire_close(&its);
	fd_close(&made.pidfd);
	fd_close(&made.master);
	return rc;
}

static void connect_it(void)
{
	if (wire_pair(&serve.wire, &its) < 0 || wire_pipes(&serve.pipes, &child.pipes) < 0)
		exit(1);
}

static int count_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Messages that must be refused: what is wrong, type and number, if /dev/null comes with the
 * message, and a part of the error. */
static const struct {
	const char *what, *who;
	enum wire_type type;
	int num;
	bool everything, fd;
	const char *error;
} wrong[] = {
	{ "a seccomp descriptor without a profile", "init", WIRE_SECCOMP_FD, 0, false, true,
	  "by this container" },
	{ "a descriptor that is not one of seccomp", "init", WIRE_SECCOMP_FD, 0, true, true,
	  "no seccomp notify descriptor" },
	{ "SECCOMP_FD without a descriptor", "init", WIRE_SECCOMP_FD, 0, true, false,
	  "no seccomp notify descriptor" },
	{ "CONSOLE without a descriptor", "init", WIRE_CONSOLE, 0, true, false, "no terminal" },
	{ "a descriptor that is not a terminal", "init", WIRE_CONSOLE, 0, true, true,
	  "no terminal" },
	{ "a terminal that the config does not have", "init", WIRE_CONSOLE, 0, false, true,
	  "by this container" },
	{ "the mount after the last", "init", WIRE_MOUNT_FD, 2, true, false, "mount 2 of 2" },
	{ "the highest number of a mount", "init", WIRE_MOUNT_FD, INT32_MAX, true, false, "of 2" },
	{ "the lowest number of a device", "init", WIRE_MOUNT_FD, INT32_MIN, true, false,
	  "init asks for device" },
	{ "the image of a container without one", "init", WIRE_MOUNT_FD, MOUNT_ROOT, true, false,
	  "image" },
	{ "the source of a mount that has none", "init", WIRE_MOUNT_FD, 1, true, false,
	  "which has none" },
	{ "ATTACH of a child that joins by itself", "init", WIRE_ATTACH, 0, false, false,
	  "by this container" },
	{ "hooks that the config does not have", "init", WIRE_HOOKS, 0, false, false,
	  "by this container" },
	{ "OK, which is an answer", "init", WIRE_OK, 0, true, false, "not expected" },
	{ "PID from init", "init", WIRE_PID, 1, true, false, "not expected" },
	{ "PID before the kernel has written one", "first", WIRE_PID, 1, true, false,
	  "init does not exist yet" },
	{ "APPEAR before READY", "late", WIRE_APPEAR, 0, true, false,
	  "not expected in this phase" },
	{ "EXEC_FAIL before READY", "init", WIRE_EXEC_FAIL, 2, true, false,
	  "not expected in this phase" },
};

static void test_wrong(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int before = count_open();

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		fresh(wrong[i].everything ? &all : &none, wrong[i].who);
		connect_it();
		if (wrong[i].type == WIRE_SECCOMP_FD) {
			plan.process = &plain;
			wire_send(&its, WIRE_READY, 0, NULL, -1);
		}
		wire_send(&its, wrong[i].type, wrong[i].num, "text", wrong[i].fd ? null : -1);
		ok(serve_sent() < 0 && strstr(err_text(), wrong[i].error), "%s", wrong[i].what);
		wire_close(&child.pipes);
		if (!strstr(err_text(), wrong[i].error))
			printf("# %s\n", err_text());
	}
	ok(count_open() == before, "no descriptor of these messages stays open");
	close(null);
}

static unsigned lines;

static void count_line(enum log_level level, const char *text)
{
	lines += level >= LOG_ERROR && level <= LOG_DEBUG;
}

static void test_log(void)
{
	/* Another process sends the lines, because the socket cannot hold all of them. */
	pid_t pid;
	int rc;

	fresh(&none, "init");
	connect_it();
	log_sink.line = count_line;
	log_sink.level = LOG_DEBUG;
	pid = fork();
	if (!pid) {
		wire_close(&serve.wire);
		wire_send(&its, WIRE_READY, 0, NULL, -1);
		wire_send(&its, WIRE_LOG, -1, "not a level", -1);
		wire_send(&its, WIRE_LOG, INT32_MAX, "not a level", -1);
		while (wire_send(&its, WIRE_LOG, LOG_ERROR, "again", -1) >= 0)
			;
		_exit(0);
	}
	wire_close(&its);
	rc = serve_sent();
	ok(rc < 0 && strstr(err_text(), "not expected so often"),
	   "too many log lines are an error");
	ok(lines && lines <= WIRE_LINES_MAX, "at most %d of them are printed: %u", WIRE_LINES_MAX,
	   lines);
	waitpid(pid, NULL, 0);
	wire_close(&child.pipes);
	log_sink.line = NULL;
}

/* Plays START_LATE up to PID. From then on a process of the container may send any message: type
 * and num are that message; type 0: none. */
static int appear(enum wire_type type, int num)
{
	fresh(&none, "late");
	enters();
	connect_it();
	kernel_pid = getpid();
	wire_send(&its, WIRE_READY, 0, NULL, -1);
	wire_send(&its, WIRE_APPEAR, 0, NULL, -1);
	wire_send(&child.pipes, WIRE_PID, 1, NULL, -1);
	if (type)
		wire_send(&child.pipes, type, num, "last words", -1);
	fd_close(&child.pipes.out);
	return serve_sent();
}

static void test_seen(void)
{
	struct wire_msg m;

	if (tap_qemu_user()) {
		tap_skip_emulated("messages after APPEAR", "all fields of /proc/self/stat");
		return;
	}
	ok(!appear(0, 0) && made.pid == getpid(),
	   "after APPEAR the pid of init is the one that the kernel has written");
	ok(wire_recv(&(struct wire){ child.pipes.in, -1 }, &m) == 1, "PID is answered");
	made.pid = 0;
	wire_close(&child.pipes);
	for (unsigned type = 1; type < WIRE_TYPES; type++) {
		bool own = type == WIRE_FAIL || type == WIRE_EXEC_FAIL;
		int rc = appear(type, INT32_MIN);

		ok(rc < 0 && !strstr(err_text(), "last words") == !own, "after APPEAR %s is %s",
		   names[type], own ? "reported as init's failure" : "refused");
		ok(serve.exec_failed == (type == WIRE_EXEC_FAIL),
		   "after APPEAR %s is%s a failed execve", names[type],
		   type == WIRE_EXEC_FAIL ? "" : " not");
		made.pid = 0;
		wire_close(&child.pipes);
	}
	fresh(&none, "late");
	connect_it();
	wire_send(&its, WIRE_READY, 0, NULL, -1);
	wire_send(&its, WIRE_APPEAR, 0, NULL, its.out);
	ok(serve_sent() < 0 && strstr(err_text(), "not wanted"),
	   "APPEAR with a descriptor is refused if the profile does not notify");
	wire_close(&child.pipes);
	fresh(&none, "late");
	plan.seccomp.notify = true;
	connect_it();
	wire_send(&its, WIRE_READY, 0, NULL, -1);
	wire_send(&its, WIRE_APPEAR, 0, NULL, -1);
	ok(serve_sent() < 0 && strstr(err_text(), "without one"),
	   "APPEAR without a descriptor is refused if the profile notifies");
	wire_close(&child.pipes);
}

static void test_end(void)
{
	fresh(&none, "init");
	connect_it();
	ok(serve_sent() < 0 && strstr(err_text(), "status 3"), "an end before READY is a failure");
	wire_close(&child.pipes);
	fresh(&none, "init");
	connect_it();
	wire_send(&its, WIRE_READY, 0, NULL, -1);
	ok(serve_sent() < 0 && strstr(err_text(), "status 3"),
	   "an end after READY is a failure if no program was executed");
	wire_close(&child.pipes);
	fresh(&none, "init");
	connect_it();
	executes = true;
	wire_send(&its, WIRE_READY, 0, NULL, -1);
	ok(!serve_sent(), "an end after the program was executed is a success");
	executes = false;
	wire_close(&child.pipes);
	fresh(&none, "init");
	connect_it();
	wire_send(&its, WIRE_READY, 0, NULL, -1);
	wire_send(&its, WIRE_FAIL, INT32_MIN, "\033]0;title\007", -1);
	ok(serve_sent() < 0 && strstr(err_text(), "?]0;title?"),
	   "control characters of its error are replaced");
	wire_close(&child.pipes);
	fresh(&none, "init");
	connect_it();
	wire_send(&its, WIRE_READY, 0, NULL, -1);
	wire_send(&its, WIRE_EXEC_FAIL, 2, NULL, -1);
	ok(serve_sent() < 0 && strstr(err_text(), "no reason"), "an error without a text gets one");
	wire_close(&child.pipes);
}

int main(void)
{
	arena_init(&arena, block, sizeof(block));
	test_rows();
	test_drawings();
	test_wrong();
	test_log();
	test_seen();
	test_end();
	return done();
}
