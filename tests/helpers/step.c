/* step.c - kills a program, makes a call fail, or runs a command, at one of its system calls. */
/* SPDX-License-Identifier: MIT */
/*
 *	step [-x PAYLOAD] [-o LOG] count           -- CMD...
 *	step [-x PAYLOAD] [-o LOG] tally           -- CMD...
 *	step [-o LOG] faults                       -- CMD...
 *	step [-x PAYLOAD] [-o LOG] kill N          -- CMD...
 *	step [-x PAYLOAD] [-o LOG] slay N          -- CMD...
 *	step [-x PAYLOAD] [-o LOG] fail N ERRNO    -- CMD...
 *	step [-o LOG] before NR COMMAND		   -- CMD...
 *	step -m NAME ...
 *	step -c NAME ...
 *
 * The calls of CMD and of every process it makes are counted together, in the order in which they
 * happen. A process that becomes PAYLOAD (the base name of a program or of argv[0]) is let go: from
 * there on it is the container, not the runtime. LOG receives `CALLS` for count, `NUMBER ROLE`
 * otherwise: the call that was hit and whether CMD itself ("main") or a process of its made it
 * ("child").
 *
 * tally: LOG also receives a line `NUMBER CALLS` for each kind of call. faults: LOG receives
 * the page faults of CMD, which is not traced.
 * kill: CMD, not its children, gets SIGKILL before call N is done; the others are let go, as after
 * a real death. slay: the process that makes call N gets it, unless that is CMD, which goes on.
 * fail: call N is not done and answers -ERRNO; a close is done all the same, since no kernel leaves
 * a descriptor open, and calls that cannot fail are let alone.
 * before: the shell does COMMAND when the call with the number NR is about to be made for the first
 * time. The process that makes it waits meanwhile, the others go on.
 * Exit status: that of CMD, 128+n after a signal; 125 when tracing itself fails; 124 when CMD made
 * fewer than N calls or no NR.
 * -m NAME: nothing counts before a process has become NAME, and that one is CMD. A process that is
 * PAYLOAD before that, such as the shell that starts it, is not let go.
 * -c NAME: only system calls of this kind count: access, dup2, mmap, open, signalfd4 or write.
 * "before" takes such a name too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Names of linux/ptrace.h, absent or differently spelled in libc headers. */
#define SEIZE 0x4206
#define INTERRUPT 0x4207
#define LISTEN 0x4208
#define GET_SYSCALL_INFO 0x420e /* 5.3 */
#define EVENT_STOP 128
#define EVENT_EXEC 4
#define OPTIONS (1 | 2 | 4 | 8 | 16) /* sysgood, fork, vfork, clone, exec */
#define INFO_ENTRY 1

struct syscall_info { /* the head of struct ptrace_syscall_info */
	unsigned char op, pad[3];
	unsigned arch;
	unsigned long long ip, sp, nr, args[6];
};

enum mode { COUNT, TALLY, FAULTS, KILL, SLAY, FAIL, BEFORE };

#define NUMBERS 600 /* of system calls */
#define STAYS -1 /* in place of a request: the process does not go on yet */

static struct {
	enum mode mode;
	long n;
	int error;
	const char *payload, *log, *command, *name;
	long only; /* the one number that counts; -1: each does */
	pid_t main_pid;
	long calls, each[NUMBERS];
	pid_t failing; /* inside call N, to be given its error on the way out */
	pid_t doing, waits; /* the shell with COMMAND, and the process that waits for it */
	int hit, started;
} st = { .only = -1 };

/* Newer architectures have no older kinds. */
static const struct {
	const char *name;
	long nr;
} kinds[] = {
#ifdef SYS_dup2
	{ "dup2", SYS_dup2 },		{ "open", SYS_open },	{ "access", SYS_access },
#else
	{ "dup2", SYS_dup3 },		{ "open", SYS_openat }, { "access", SYS_faccessat },
#endif
#ifdef SYS_mmap
	{ "mmap", SYS_mmap },
#endif
	{ "signalfd4", SYS_signalfd4 }, { "write", SYS_write },
};

static void note(long nr, const char *role)
{
	FILE *f;

	if (!st.log || !(f = fopen(st.log, "w")))
		return;
	fprintf(f, "%ld%s\n", nr, role);
	for (long i = 0; st.mode == TALLY && i < NUMBERS; i++)
		if (st.each[i])
			fprintf(f, "%ld %ld\n", i, st.each[i]);
	fclose(f);
}

static int poke(pid_t pid, int entering)
{
#if defined(__x86_64__)
	if (entering)
		return ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax),
			      -1L);
	return ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax),
		      -(long)st.error);
#elif defined(__aarch64__)
	struct iovec iov;
	int nr = -1;
	unsigned long regs[34];

	if (entering) {
		iov = (struct iovec){ &nr, sizeof(nr) };
		return ptrace(0x4205, pid, 0x404, &iov); /* SETREGSET, NT_ARM_SYSTEM_CALL */
	}
	iov = (struct iovec){ regs, sizeof(regs) };
	if (ptrace(0x4204, pid, 1, &iov))
		return -1;
	regs[0] = -(long)st.error;
	return ptrace(0x4205, pid, 1, &iov);
#else
	(void)pid;
	(void)entering;
	errno = ENOSYS;
	return -1;
#endif
}

/* Calls that cannot fail, or only because of a bad address, or (the last two) belong to the start
 * of the C library, which could not report it. */
static int cannot_fail(long nr)
{
	static const long calls[] = {
		SYS_getpid,	  SYS_getppid,	       SYS_gettid,	 SYS_getuid,
		SYS_geteuid,	  SYS_getgid,	       SYS_getegid,	 SYS_umask,
		SYS_exit,	  SYS_exit_group,      SYS_rt_sigaction, SYS_rt_sigprocmask,
		SYS_rt_sigreturn, SYS_set_tid_address,
#ifdef SYS_arch_prctl
		SYS_arch_prctl,
#endif
	};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i] == nr)
			return 1;
	return 0;
}

static const char *base_name(const char *path)
{
	const char *base = strrchr(path, '/');

	return base ? base + 1 : path;
}

/* Reads the first line of /proc/PID/NAME, "" if that fails. */
static void proc_line(pid_t pid, const char *name, char *line, int size)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	f = fopen(path, "re");
	if (!f || !fgets(line, size, f))
		line[0] = 0;
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = 0;
}

/* By its file or by argv[0], since oci-init is our own file. */
static int is_payload(pid_t pid)
{
	char link[64], exe[4096], word[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	n = readlink(link, exe, sizeof(exe) - 1);
	if (n < 0 || !st.payload)
		return 0;
	exe[n] = 0;
	proc_line(pid, "cmdline", word, sizeof(word));
	return !strcmp(base_name(exe), st.payload) || !strcmp(base_name(word), st.payload);
}

/* Compares the name, not the file, because one file has many names. */
static int is_named(pid_t pid)
{
	char comm[64];

	proc_line(pid, "comm", comm, sizeof(comm));
	return !strcmp(comm, st.name);
}

static void fatal(const char *what)
{
	fprintf(stderr, "step: %s: %s\n", what, strerror(errno));
	exit(125);
}

static pid_t run_shell(const char *command)
{
	pid_t pid = fork();

	if (pid < 0)
		fatal("fork");
	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* One syscall stop. Returns the request to go on with, or STAYS. */
static int on_syscall(pid_t pid)
{
	struct syscall_info si;

	if (st.failing == pid) {
		if (poke(pid, 0) && errno != ESRCH)
			fatal("result of a call");
		st.failing = 0;
		return PTRACE_CONT;
	}
	if (ptrace(GET_SYSCALL_INFO, pid, sizeof(si), &si) < 0) {
		if (errno == ESRCH) /* killed meanwhile */
			return PTRACE_CONT;
		fatal("PTRACE_GET_SYSCALL_INFO");
	}
	if (si.op != INFO_ENTRY || !st.started || st.hit ||
	    (st.only >= 0 && st.only != (long)si.nr))
		return st.hit && st.mode == FAIL ? PTRACE_CONT : PTRACE_SYSCALL;
	st.calls++;
	if (si.nr < NUMBERS)
		st.each[si.nr]++;
	if (st.n != (st.mode == BEFORE ? (long)si.nr : st.calls))
		return PTRACE_SYSCALL;
	st.hit = 1;
	note(si.nr, pid == st.main_pid ? " main" : " child");
	if (st.mode == BEFORE) {
		st.doing = run_shell(st.command);
		st.waits = pid;
		return STAYS;
	}
	if (st.mode == KILL) {
		kill(st.main_pid, SIGKILL);
		return PTRACE_CONT;
	}
	if (st.mode == SLAY && pid != st.main_pid)
		kill(pid, SIGKILL);
	if (st.mode == SLAY || cannot_fail(si.nr))
		return PTRACE_CONT;
	if (si.nr != SYS_close && poke(pid, 1))
		fatal("number of a call");
	st.failing = pid;
	return PTRACE_SYSCALL;
}

/* Any stop of a tracee: decides how it goes on. */
static void on_stop(pid_t pid, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16, request = PTRACE_SYSCALL;

	if (st.hit && st.failing != pid)
		request = PTRACE_CONT;
	if (sig == (SIGTRAP | 0x80)) {
		request = on_syscall(pid);
		sig = 0;
	} else if (event == EVENT_EXEC) {
		if (!st.started && st.name && is_named(pid))
			st.main_pid = pid;
		st.started |= !st.name || is_named(pid);
		if (st.started && is_payload(pid))
			request = PTRACE_DETACH;
		sig = 0;
	} else if (event == EVENT_STOP) {
		if (sig != SIGTRAP)
			request = LISTEN;
		sig = 0;
	} else if (event) {
		sig = 0;
	}
	if (request != STAYS)
		ptrace(request, pid, 0, sig); /* ESRCH: killed meanwhile */
}

static pid_t start(char **argv)
{
	int go[2];
	pid_t pid;
	char c;

	if (pipe(go))
		fatal("pipe");
	pid = fork();
	if (pid < 0)
		fatal("fork");
	if (!pid) {
		close(go[1]);
		if (read(go[0], &c, 1) < 0)
			_exit(126);
		close(go[0]);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (ptrace(SEIZE, pid, 0, OPTIONS) || ptrace(INTERRUPT, pid, 0, 0))
		fatal("PTRACE_SEIZE");
	close(go[0]);
	close(go[1]);
	return pid;
}

static int trace(void)
{
	int status, result = 125;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0)
			return result; /* ECHILD: everybody gone or let go */
		if (WIFSTOPPED(status)) {
			on_stop(pid, status);
			continue;
		}
		if (pid == st.doing) {
			st.doing = 0;
			if (status) {
				fprintf(stderr, "step: this has failed: %s\n", st.command);
				exit(125);
			}
			ptrace(PTRACE_CONT, st.waits, 0, 0);
			continue;
		}
		if (pid != st.main_pid)
			continue;
		result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		/* When this ends, the kernel releases every process that is still traced. */
		return result;
	}
}

/* Page faults of CMD. The program has been read before, so that none waits for a disk. */
static int faults(char **argv)
{
	struct rusage ru;
	pid_t pid = vfork();
	int status;

	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &ru) != pid)
		fatal("run a command");
	note(ru.ru_minflt + ru.ru_majflt, "");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The count must not depend on signals that the caller ignores or blocks. */
static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < 65; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static long kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return kinds[i].nr;
	errno = EINVAL;
	fatal(name);
	return -1;
}

int main(int argc, char **argv)
{
	int opt, result;

	while ((opt = getopt(argc, argv, "+c:m:x:o:")) != -1) {
		if (opt == 'x')
			st.payload = optarg;
		else if (opt == 'o')
			st.log = optarg;
		else if (opt == 'm')
			st.name = optarg;
		else if (opt == 'c')
			st.only = kind(optarg);
		else
			return 2;
	}
	argv += optind;
	if (argv[0] && (!strcmp(argv[0], "kill") || !strcmp(argv[0], "slay")) && argv[1]) {
		st.mode = **argv == 'k' ? KILL : SLAY;
		st.n = atol(*++argv);
	} else if (argv[0] && !strcmp(argv[0], "fail") && argv[1] && argv[2]) {
		st.mode = FAIL;
		st.n = atol(*++argv);
		st.error = atoi(*++argv);
	} else if (argv[0] && !strcmp(argv[0], "before") && argv[1] && argv[2]) {
		st.mode = BEFORE;
		argv++;
		st.n = **argv >= '0' && **argv <= '9' ? atol(*argv) : kind(*argv);
		st.command = *++argv;
	} else if (argv[0] && !strcmp(argv[0], "tally")) {
		st.mode = TALLY;
	} else if (argv[0] && !strcmp(argv[0], "faults")) {
		st.mode = FAULTS;
	} else if (!argv[0] || strcmp(argv[0], "count")) {
		return 2;
	}
	argv++;
	if (!argv[0] || strcmp(argv[0], "--") || !argv[1])
		return 2;
	if (st.mode == FAULTS || st.mode == TALLY)
		reset_signals();
	if (st.mode == FAULTS)
		return faults(argv + 1);
	st.main_pid = start(argv + 1);
	result = trace();
	if (st.mode == COUNT || st.mode == TALLY)
		note(st.calls, "");
	else if (!st.hit)
		return 124;
	return result;
}
