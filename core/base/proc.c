/* proc.c - processes: identity by start time, exit codes, signals by name. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

/* From include/linux/sched.h of the kernel, the same since 2.6. */
#define PF_EXITING 0x4
#define PF_FORKNOEXEC 0x40

static int stat_text(int proc, pid_t pid, char text[PROC_STAT_MAX], char **third)
{
	char path[32] = "/proc/", *name;
	ssize_t n;

	strcpy(text_decimal(path + strlen("/proc/"), (unsigned)pid), "/stat");
	n = file_read_line(proc, path + (proc == AT_FDCWD ? 0 : strlen("/proc/")), text,
			   PROC_STAT_MAX);
	if (n < 0 && (err_num() == ENOENT || err_num() == ESRCH)) {
		err_clear("the process is gone");
		return 0;
	}
	if (n < 0)
		return -1;
	/* The name may have spaces and parentheses: fields count from the last one. With the pid
	 * the name takes at most 80 bytes. */
	name = strchr(text, '(');
	*third = memrchr(text, ')', n < 80 ? n : 80);
	if (!name || !*third || (*third)[1] != ' ' || !(*third)[2])
		return failx("%s cannot be read: \"%s\"", path, text);
	*third += 2;
	return 1;
}

int proc_stat_text(pid_t pid, char text[PROC_STAT_MAX], char **third)
{
	return stat_text(AT_FDCWD, pid, text, third);
}

int proc_stat(pid_t pid, struct proc_stat *out)
{
	return proc_stat_at(AT_FDCWD, pid, out);
}

int proc_stat_at(int proc, pid_t pid, struct proc_stat *out)
{
	char buf[PROC_STAT_MAX], *p, state = 0;
	long threads = 0;
	int found = stat_text(proc, pid, buf, &p);

	if (found <= 0)
		return found;
	for (int field = 3; field < 52; field++) {
		if (field == 3)
			out->state = state = *p;
		if (field == 4)
			out->parent = (pid_t)scan_number(p);
		if (field == 9) {
			unsigned long flags = scan_number(p);

			out->exiting = flags & PF_EXITING;
			out->no_exec = flags & PF_FORKNOEXEC;
		}
		if (field == 20)
			threads = scan_number(p);
		if (field == 22)
			out->start = scan_number(p);
		if (field == 33)
			out->ignored = scan_number(p);
		while (*p && *p != ' ')
			p++;
		if (!*p++)
			return failx("/proc/%d/stat has only %d fields", (int)pid, field);
	}
	out->raw = (int)scan_number(p);
	/* The first thread stays a zombie for as long as others of its process live. */
	out->dead = state == 'X' || (state == 'Z' && threads < 2);
	out->headless = state == 'Z' && !out->dead;
	out->exiting &= !out->headless;
	return 1;
}

int proc_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? fail("poll a process") : n;
}

/* True if SigPnd or ShdPnd of /proc/PID/status has SIGKILL. */
static bool kill_pending(pid_t pid)
{
	static const char *const rows[] = { "\nSigPnd:\t", "\nShdPnd:\t" };
	/* The signals come after up to 65536 additional groups. */
	static LARGE char buf[1 << 20];
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (file_read_line(AT_FDCWD, path, buf, sizeof(buf)) < 0) {
		err_clear("it has ended meanwhile, or is hidden");
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = strstr(buf, rows[i]);

		if (at && strtoull(at + strlen(rows[i]), NULL, 16) >> (SIGKILL - 1) & 1)
			return true;
	}
	return false;
}

bool proc_ending(pid_t pid)
{
	struct proc_stat st;

	/* Twice: between dequeuing SIGKILL and setting PF_EXITING, a process shows neither. */
	for (int look = 0; look < 2; look++) {
		if (kill_pending(pid))
			return true;
		switch (proc_stat(pid, &st)) {
		case 1:
			if (st.exiting || st.dead)
				return true;
			break;
		case -1: err_clear("then it is taken to go on");
		}
	}
	return false;
}

pid_t proc_thread(pid_t pid)
{
	char path[32];
	struct dirent *e;
	pid_t tid = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && !tid && (e = readdir(dir)))
		if (*e->d_name != '.' && atoi(e->d_name) != pid)
			tid = atoi(e->d_name);
	if (dir)
		closedir(dir);
	return tid ? tid : pid;
}

/* Where the kernel has put our command line and environment (proc(5): cmdline, environ). */
static char *words;
static size_t words_len;

void proc_take_args(struct arena *a, int argc, char **argv, char **envp)
{
	char *last = argv[argc - 1], *copy;
	size_t len = last + strlen(last) + 1 - argv[0];

	words = argv[0];
	copy = arena_alloc(a, len);
	memcpy(copy, words, len);
	for (int i = 0; i < argc; i++)
		argv[i] = copy + (argv[i] - words);
	for (; *envp; envp++)
		last = *envp;
	words_len = last + strlen(last) + 1 - words;
}

void proc_hide_args(void)
{
	static const char name[] = "runc\0init";

	if (words_len < sizeof(name))
		return;
	memset(words, 0, words_len);
	memcpy(words, name, sizeof(name));
}

void proc_end(int status)
{
	syscall(SYS_exit_group, status);
	syscall(SYS_exit, status);
	/* A filter may deny both. SIGILL or SIGTRAP of a trap kills even a process 1. */
	for (;;)
		__builtin_trap();
}

int proc_open(pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail("open %s", path) : fd;
}

int proc_wait(pid_t pid, int *status)
{
	pid_t got;

	do {
		got = waitpid(pid, status, __WALL);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return fail("wait for process %d", (int)pid);
	return 0;
}

bool proc_reap(pid_t pid, int seconds)
{
	const struct timespec step = { seconds, 0 };
	sigset_t chld;
	int got;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	do {
		got = waitpid(pid, NULL, WNOHANG | __WALL);
	} while (!got && sigtimedwait(&chld, NULL, &step) == SIGCHLD);
	/* The signal may have been for another child: the caller must still find it pending. */
	kill(getpid(), SIGCHLD);
	return got;
}

int proc_exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* signal(7), a row for each name. */
static const struct json_word signals[] = {
	{ "HUP", SIGHUP },	 { "INT", SIGINT },   { "QUIT", SIGQUIT },     { "ILL", SIGILL },
	{ "TRAP", SIGTRAP },	 { "ABRT", SIGABRT }, { "IOT", SIGABRT },      { "BUS", SIGBUS },
	{ "FPE", SIGFPE },	 { "KILL", SIGKILL }, { "USR1", SIGUSR1 },     { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },	 { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },     { "TERM", SIGTERM },
#ifdef SIGSTKFLT
	{ "STKFLT", SIGSTKFLT },
#endif
	{ "CHLD", SIGCHLD },	 { "CLD", SIGCHLD },  { "CONT", SIGCONT },     { "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },	 { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU },     { "URG", SIGURG },
	{ "XCPU", SIGXCPU },	 { "XFSZ", SIGXFSZ }, { "VTALRM", SIGVTALRM }, { "PROF", SIGPROF },
	{ "WINCH", SIGWINCH },	 { "IO", SIGIO },     { "POLL", SIGIO },       { "PWR", SIGPWR },
	{ "SYS", SIGSYS },	 { NULL, 0 },
};

const struct json_word *proc_signals(void)
{
	return signals;
}

#define RTMIN 34 /* as glibc, engines and crun count; musl's own begins at 35 */
#define RTMAX 64

void proc_all_signals(sigset_t *set)
{
	memset(set, 0xff, sizeof(*set));
}

/* The number of a real-time signal: "RTMIN+3", "RTMAX-1". */
static int realtime_signal(const char *name)
{
	int base = !strncasecmp(name, "RTMIN", 5)   ? RTMIN
		   : !strncasecmp(name, "RTMAX", 5) ? RTMAX
						    : 0;
	const char *at, *sign;
	uint64_t off = 0;

	if (!base)
		return -1;
	at = name + 5;
	sign = *at == '-' ? "-" : "+";
	if (*at && (at[1] == ' ' || !scan_u64(&at, sign, &off) || *at || off > RTMAX))
		return -1;
	base += *sign == '-' ? -(int)off : (int)off;
	return base < RTMIN || base > RTMAX ? -1 : base;
}

int proc_signal(const char *text)
{
	uint64_t n;

	if (*text >= '0' && *text <= '9')
		return scan_u64(&text, "", &n) && !*text && n <= RTMAX ? (int)n : -1;
	if (!strncasecmp(text, "SIG", 3))
		text += 3;
	for (const struct json_word *w = signals; w->word; w++)
		if (!strcasecmp(w->word, text))
			return w->value;
	return realtime_signal(text);
}

void proc_exec(const char *path, char *const *argv, char *const *env, char file[PATH_MAX])
{
	char at[PATH_MAX];
	int num = ENOENT;

	while (*path) {
		size_t len = strcspn(path, ":");

		/* Empty and relative parts are skipped: they mean the current directory. */
		if (*path == '/' && snprintf(at, sizeof(at), "%.*s/%s", (int)len, path, argv[0]) <
					    (int)sizeof(at)) {
			execve(at, argv, env);
			if (num == ENOENT && errno != ENOENT && errno != ENOTDIR) {
				num = errno;
				strcpy(file, at);
			}
		}
		path += len + (path[len] == ':');
	}
	errno = num;
}
