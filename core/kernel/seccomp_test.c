/* seccomp_test.c - compiled profiles, in an interpreter and in the kernel. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/seccomp_test.h"

#include <poll.h>
#include <sys/prctl.h>

/* Numbers of x86-64: the interpreter does not use those of this machine. */
enum { READ = 0, GETPID = 39, PTRACE = 101, GETPPID = 110, PERSONALITY = 135, NEWEST = 424 };

/* extra NULL: 'architectures' with x86-64 only. */
static const struct {
	const char *what, *action, *extra, *calls;
	uint32_t arch, nr;
	uint64_t a0, a1;
	uint32_t want;
} rows[] = {
#define P(action) CALL("ptrace", action, "")
#define TWO_ARCHS "'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_AARCH64'],"
	/* clang-format off */
	{ "default ERRNO is EPERM", "ERRNO", NULL, P("ALLOW"), X86_64, GETPID, 0, 0, ERR(EPERM) },
	{ "a named call is allowed", "ERRNO", NULL, P("ALLOW"), X86_64, PTRACE, 0, 0, ALLOW },
	{ "a call above all named ones is ENOSYS", "ERRNO", NULL, P("ALLOW"),
	  X86_64, PTRACE + 1, 0, 0, ERR(ENOSYS) },
	{ "a rule with the default action counts for the highest named call", "ERRNO", NULL,
	  P("ALLOW") "," CALL("pidfd_send_signal", "ERRNO", ""), X86_64, NEWEST, 0, 0, ERR(EPERM) },
	{ "defaultErrnoRet", "ERRNO", NATIVE "'defaultErrnoRet':13,", P("ALLOW"),
	  X86_64, GETPID, 0, 0, ERR(13) },
	{ "defaultErrnoRet 0 is a value", "ERRNO", NATIVE "'defaultErrnoRet':0,", P("ALLOW"),
	  X86_64, GETPID, 0, 0, ERR(0) },
	{ "default KILL: a call above all named ones is ENOSYS", "KILL", NULL, P("ALLOW"),
	  X86_64, 200, 0, 0, ERR(ENOSYS) },
	{ "KILL is KILL_THREAD", "KILL", NULL, P("ALLOW"), X86_64, GETPID, 0, 0, KILL_THREAD },
	{ "KILL_THREAD", "KILL_THREAD", NULL, P("ALLOW"), X86_64, GETPID, 0, 0, KILL_THREAD },
	{ "KILL_PROCESS", "KILL_PROCESS", NULL, P("ALLOW"), X86_64, GETPID, 0, 0, KILL_PROCESS },
	{ "TRAP", "TRAP", NULL, P("ALLOW"), X86_64, GETPID, 0, 0, TRAP },
	{ "ALLOW default has no stub", "ALLOW", NULL, P("TRAP"), X86_64, 400, 0, 0, ALLOW },
	{ "LOG default has no stub", "LOG", NULL, P("TRAP"), X86_64, 400, 0, 0, LOG },
	{ "TRACE default has no stub, EPERM as message", "TRACE", NULL, P("TRAP"),
	  X86_64, 400, 0, 0, TRACE | EPERM },
	{ "TRACE with a message", "ALLOW", NULL, CALL("ptrace", "TRACE", ",'errnoRet':65535"),
	  X86_64, PTRACE, 0, 0, TRACE | 65535 },
	{ "errnoRet of a rule", "ALLOW", NULL, CALL("ptrace", "ERRNO", ",'errnoRet':38"),
	  X86_64, PTRACE, 0, 0, ERR(38) },
	{ "LOG rule", "ERRNO", NULL, P("LOG"), X86_64, PTRACE, 0, 0, LOG },
	{ "unknown names are skipped", "ERRNO", NULL,
	  "{'names':['no_such_call','ptrace'],'action':'SCMP_ACT_ALLOW'}",
	  X86_64, PTRACE, 0, 0, ALLOW },
	{ "the same rule twice", "ERRNO", NULL, P("ALLOW") "," P("ALLOW"),
	  X86_64, PTRACE, 5, 0, ALLOW },
	{ "another architecture is killed", "ALLOW", NULL, P("LOG"),
	  FOREIGN, 1, 0, 0, KILL_THREAD },
	{ "a listed architecture is allowed", "ERRNO", TWO_ARCHS, P("ALLOW"),
	  AARCH64, 117, 0, 0, ALLOW },
	{ "a listed architecture has its own highest named call", "ERRNO", TWO_ARCHS, P("ALLOW"),
	  AARCH64, 118, 0, 0, ERR(ENOSYS) },

#define ONE(op, v, v2) \
	"ERRNO", NULL, CALL("personality", "ALLOW", ",'args':[" ARG(0, v, v2, op) "]"), \
	X86_64, PERSONALITY
	{ "NE, equal", ONE(NE, 8, 0), 8, 0, ERR(EPERM) },
	{ "NE, other", ONE(NE, 8, 0), 9, 0, ALLOW },
	{ "LT, less", ONE(LT, 8, 0), 7, 0, ALLOW },
	{ "LT, equal", ONE(LT, 8, 0), 8, 0, ERR(EPERM) },
	{ "LE, equal", ONE(LE, 8, 0), 8, 0, ALLOW },
	{ "LE, more", ONE(LE, 8, 0), 9, 0, ERR(EPERM) },
	{ "EQ, equal", ONE(EQ, 8, 0), 8, 0, ALLOW },
	{ "EQ, equal in the lower half only", ONE(EQ, 8, 0), 0x100000008, 0, ERR(EPERM) },
	{ "GE, equal", ONE(GE, 8, 0), 8, 0, ALLOW },
	{ "GE, less", ONE(GE, 8, 0), 7, 0, ERR(EPERM) },
	{ "GT, equal", ONE(GT, 8, 0), 8, 0, ERR(EPERM) },
	{ "GT, more in the upper half", ONE(GT, 8, 0), 0x100000000, 0, ALLOW },
#if __SIZEOF_LONG__ == 8 /* the rules refuse it if an argument has 32 bits */
	{ "GT of 64 bits", ONE(GT, 18446744073709551614, 0), UINT64_MAX, 0, ALLOW },
#endif
	{ "MASKED_EQ: value is the mask", ONE(MASKED_EQ, 240, 16), 0x1f, 0, ALLOW },
	{ "MASKED_EQ: valueTwo is compared with the masked argument", ONE(MASKED_EQ, 240, 16),
	  0x2f, 0, ERR(EPERM) },

#define TWO(x, y) \
	"ERRNO", NULL, CALL("personality", "ALLOW", ",'args':[" x "," y "]"), \
	X86_64, PERSONALITY
	{ "two arguments: both", TWO(ARG(0, 1, 0, EQ), ARG(1, 2, 0, EQ)), 1, 2, ALLOW },
	{ "two arguments: one is not enough",
	  TWO(ARG(0, 1, 0, EQ), ARG(1, 2, 0, EQ)), 1, 3, ERR(EPERM) },
	{ "one argument twice: either", TWO(ARG(0, 1, 0, EQ), ARG(0, 2, 0, EQ)), 2, 0, ALLOW },
	{ "one argument twice: neither",
	  TWO(ARG(0, 1, 0, EQ), ARG(0, 2, 0, EQ)), 3, 0, ERR(EPERM) },
	{ "two rules: either", "ERRNO", NULL,
	  CALL("personality", "ALLOW", ",'args':[" ARG(0, 1, 0, EQ) "]") ","
	  CALL("personality", "ALLOW", ",'args':[" ARG(0, 5, 0, EQ) "]"),
	  X86_64, PERSONALITY, 5, 0, ALLOW },
	/* clang-format on */
};

#define SECCOMP "seccomp(2)"

static void test_rows(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct seccomp_prog p = compiled(arena_printf(
			&arena, "{'defaultAction':'SCMP_ACT_%s',%s'syscalls':[%s]}", rows[i].action,
			rows[i].extra ? rows[i].extra : NATIVE, rows[i].calls));
		uint32_t got = run(&p, rows[i].arch, rows[i].nr, rows[i].a0, rows[i].a1);

		/* libseccomp asks the kernel whether it has an action that is newer than 3.5. */
		if (p.len == 0 && tap_qemu_user()) {
			tap_skip_emulated(rows[i].what, SECCOMP);
			continue;
		}
		ok(got == rows[i].want, "%s", rows[i].what);
		if (got != rows[i].want)
			printf("# got 0x%x, want 0x%x\n", got, rows[i].want);
	}
}

static void test_flags(void)
{
	ok(compiled("{'defaultAction':'SCMP_ACT_ALLOW'}").flags == 4, "without flags: SPEC_ALLOW");
	ok(compiled("{'defaultAction':'SCMP_ACT_ALLOW','flags':[]}").flags == 0,
	   "an empty list: no flags");
	ok(compiled("{'defaultAction':'SCMP_ACT_ALLOW','flags':['SECCOMP_FILTER_FLAG_TSYNC',"
		    "'SECCOMP_FILTER_FLAG_LOG','SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']}")
			   .flags == 2,
	   "TSYNC, and WAIT_KILLABLE_RECV without a listener, are left out");
	ok(compiled("{'defaultAction':'SCMP_ACT_ALLOW','flags':['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_"
		    "RECV'],"
		    "'listenerPath':'/s'," CALLS(CALL("ptrace", "NOTIFY", "")) "}")
			   .flags == (0x20 | 8),
	   "NOTIFY adds NEW_LISTENER");
}

/* A profile with several architectures and many rules, as those of engines. */
static const char *big_profile(void)
{
	const char *names = "'read'";

	for (int i = 0; i < 60; i++)
		names = arena_printf(&arena, "%s,'%s'", names, i % 2 ? "getpid" : "getppid");
	return arena_printf(
		&arena,
		"{'defaultAction':'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_"
		"X86',"
		"'SCMP_ARCH_X32'],'syscalls':[{'names':[%s,'write','openat','close','clone','"
		"execve','mmap',"
		"'munmap','brk','futex','socket','bind','pidfd_open'],'action':'SCMP_ACT_ALLOW'}]}",
		names);
}

static void test_big(void)
{
	struct seccomp_prog p = compiled(big_profile());

	ok(p.len > 10, "a profile with many rules is compiled (%u instructions)", p.len);
	ok(run(&p, X86_64, 0, 0, 0) == ALLOW && run(&p, X86, 3, 0, 0) == ALLOW,
	   "many rules: read of x86-64 and x86 is allowed");
	ok(run(&p, X86_64, 0x40000000, 0, 0) == ALLOW, "many rules: read of x32 is allowed");
	ok(run(&p, X86_64, 101, 0, 0) == ERR(EPERM) && run(&p, X86, 26, 0, 0) == ERR(EPERM),
	   "many rules: ptrace is denied on both");
	ok(run(&p, X86_64, 435, 0, 0) == ERR(ENOSYS) && run(&p, X86, 435, 0, 0) == ERR(ENOSYS) &&
		   run(&p, X86_64, 0x40000000 + 600, 0, 0) == ERR(ENOSYS),
	   "many rules: newer calls are ENOSYS on all");
	ok(run(&p, FOREIGN, 0, 0, 0) == KILL_THREAD, "many rules: another architecture is killed");
}

/* libseccomp knows each architecture of the spec, but a filter has one byte order. */
static void test_archs(void)
{
	const uint32_t little = 0x40000000,
		       native = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? little : 0;
	struct seccomp_prog p;

	for (const struct json_word *w = oci_seccomp_arch_words; w->word; w++) {
		bool fits = ((uint32_t)w->value & little) == native;
		const char *text = arena_printf(
			&arena,
			"{'defaultAction':'SCMP_ACT_ERRNO','architectures':['%s'],'syscalls':["
			"{'names':['read'],'action':'SCMP_ACT_ALLOW'}]}",
			w->word);
		int rc = seccomp_compile(&arena, profile(text), -1, &p);

		ok(fits ? !rc && p.len : rc < 0 && strstr(err_text(), "byte order"), "%s %s",
		   w->word, fits ? "is compiled" : "is refused: it has the other byte order");
	}
}

/* ---- in the kernel ------------------------------------------------------------------------- */

/* These tests use the numbers of this machine. */
static int install(const char *text, int *listener)
{
	struct seccomp_prog p;
	int fd = -1;

	if (seccomp_compile(&arena, profile(text), -1, &p) < 0 || seccomp_install(&p, &fd) < 0)
		return -1;
	if (listener)
		*listener = fd;
	return 0;
}

#define BUT(call, action) "{'defaultAction':'SCMP_ACT_ALLOW'," CALLS(CALL(call, action, "")) "}"

static int load_errno(void)
{
	WANT(!install("{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['getppid'],'action':"
		      "'SCMP_ACT_ERRNO'},"
		      "{'names':['getpgid'],'action':'SCMP_ACT_ERRNO','errnoRet':38}]}",
		      NULL));
	WANT(syscall(SYS_getppid) == -1 && errno == EPERM);
	WANT(syscall(SYS_getpgid, 0) == -1 && errno == ENOSYS);
	WANT(getpid() > 0);
	return 0;
}

static int load_enosys(void)
{
	WANT(!install(
		"{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['exit_group','write',"
		"'mmap','munmap','sigaltstack','madvise','pidfd_open'],"
		"'action':'SCMP_ACT_ALLOW'}]}",
		NULL));
	WANT(syscall(SYS_openat2, -1, NULL, NULL, 0) == -1 && errno == ENOSYS);
	WANT(syscall(SYS_getppid) == -1 && errno == EPERM);
	return 0;
}

/* The wait status of a child that calls getppid under a profile. */
static int death(const char *text)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		if (install(text, NULL) < 0)
			_exit(99);
		syscall(SYS_getppid);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static int load_deadly(void)
{
	int status = death(BUT("getppid", "KILL_PROCESS"));

	WANT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	status = death(BUT("getppid", "KILL"));
	WANT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	status = death(BUT("getppid", "TRAP"));
	WANT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	status = death(BUT("getppid", "LOG"));
	WANT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	/* Without a tracer the kernel returns ENOSYS. */
	status = death(BUT("getppid", "TRACE"));
	WANT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return 0;
}

static int load_notify(void)
{
	struct pollfd poller = { .events = POLLIN };
	pid_t pid;

	WANT(!install("{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/"
		      "s','flags':['SECCOMP_FILTER_FLAG_TSYNC']," CALLS(
			      CALL("getppid", "NOTIFY", "")) "}",
		      &poller.fd));
	WANT(poller.fd >= 0 && fcntl(poller.fd, F_GETFD) & FD_CLOEXEC);
	pid = fork();
	if (!pid) {
		syscall(SYS_getppid);
		_exit(0);
	}
	WANT(poll(&poller, 1, -1) == 1 && poller.revents & POLLIN);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

static int load_without_privilege(void)
{
	if (setuid(1234) < 0)
		return CLAIM_SKIP;
	WANT(install(BUT("getppid", "ERRNO"), NULL) < 0 && err_num() == EACCES);
	WANT(strstr(err_text(), "noNewPrivileges"));
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	WANT(!install(BUT("getppid", "ERRNO"), NULL) && syscall(SYS_getppid) == -1);
	return 0;
}

static int load_nothing(void)
{
	struct seccomp_prog none = { 0 };
	int fd = 5;

	WANT(!seccomp_install(&none, &fd) && fd == -1);
	return 0;
}

/* An outer filter makes seccomp(2) fail as on a kernel without SPEC_ALLOW. */
static int load_on_old_kernel(void)
{
	WANT(!install("{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['seccomp'],'action':"
		      "'SCMP_ACT_ERRNO',"
		      "'errnoRet':22,'args':[" ARG(0, 1, 0, EQ) "," ARG(1, 4, 0, EQ) "]}]}",
		      NULL));
	WANT(!install(BUT("getppid", "ERRNO"), NULL) && syscall(SYS_getppid) == -1);
	return 0;
}

static char block[4 << 20];

int main(void)
{
	static const struct claim claims[] = {
		{ "the kernel returns the errno of a rule", load_errno, true, SECCOMP },
		{ "the kernel returns ENOSYS for a newer call", load_enosys, true, SECCOMP },
		{ "the kernel obeys KILL, KILL_PROCESS, TRAP, LOG and TRACE", load_deadly, true,
		  SECCOMP },
		{ "NOTIFY gives a listener that receives the call", load_notify, true, SECCOMP },
		{ "without privilege a filter needs no_new_privs", load_without_privilege, true,
		  SECCOMP },
		{ "an empty program is not loaded", load_nothing, false },
		{ "without SPEC_ALLOW a filter is loaded without it", load_on_old_kernel, true,
		  SECCOMP },
	};

	arena_init(&arena, block, sizeof(block));
	test_rows();
	test_flags();
	test_big();
	test_archs();
	claims_try(claims, ARRAY_SIZE(claims));
	return done();
}
