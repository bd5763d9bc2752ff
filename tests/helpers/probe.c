/* probe.c - looks at its own process from inside a container: `probe VERB [ARG...]`. */
/* SPDX-License-Identifier: MIT */
/* Shows what busybox cannot: attributes that only a system call shows, not /proc. Each verb is a
 * row of verbs[]; each prints one line, or `errno N` if the kernel refuses. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int say(const char *name, long ret)
{
	if (ret < 0)
		printf("%s errno %d\n", name, errno);
	else
		printf("%s %ld\n", name, ret);
	return 0;
}

/* Detaches its root repeatedly, and each time enters the new root of the mount namespace. Prints
 * how deep there is a /proc of the host. */
static int do_below(char **argv)
{
	int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), n = 0;

	(void)argv;
	if (ns < 0)
		return say("below: open", -1);
	while (n < 8 && !umount2("/", MNT_DETACH)) {
		n++;
		if (setns(ns, 0) < 0)
			return say("below: setns", -1);
		if (!access("/proc/version", F_OK))
			return say("below: /proc at", n);
	}
	return say("below: nothing in", n);
}

#ifndef FS_IOC_SETFLAGS /* linux/fs.h */
#define FS_IOC_SETFLAGS _IOW('f', 2, long)
#define FS_IMMUTABLE_FL 0x10
#endif

/* Makes each file immutable, as chattr +i does. */
static int do_immutable(char **argv)
{
	for (; *argv; argv++) {
		int fd = open(*argv, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), flags = FS_IMMUTABLE_FL;

		if (fd < 0 || ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
			return say("immutable", -1);
		close(fd);
	}
	return say("immutable", 0);
}

/* Every open descriptor and where it leads. */
static int do_fds(char **argv)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	char path[300], to[4096];
	ssize_t n;

	(void)argv;
	if (!d)
		return say("fds", -1);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.' || atoi(e->d_name) == dirfd(d))
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%s", e->d_name);
		n = readlink(path, to, sizeof(to) - 1);
		to[n < 0 ? 0 : n] = 0;
		printf("%s %s\n", e->d_name, to);
	}
	return 0;
}

static int do_ioprio(char **argv)
{
	long v = syscall(SYS_ioprio_get, 1, 0);

	(void)argv;
	if (v < 0)
		return say("ioprio", -1);
	printf("ioprio class %ld priority %ld\n", v >> 13, v & 0x1fff);
	return 0;
}

static int do_sched(char **argv)
{
	struct { /* struct sched_attr, version 0 */
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} a = { 0 };

	(void)argv;
	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0))
		return say("sched", -1);
	printf("sched policy %u flags %llu nice %d priority %u runtime %llu deadline %llu period "
	       "%llu\n",
	       a.policy, (unsigned long long)a.flags, a.nice, a.priority,
	       (unsigned long long)a.runtime, (unsigned long long)a.deadline,
	       (unsigned long long)a.period);
	return 0;
}

static int do_personality(char **argv)
{
	struct utsname u;

	(void)argv;
	uname(&u);
	printf("personality %x machine %s\n", (unsigned)personality(0xffffffff), u.machine);
	return 0;
}

static int do_mempolicy(char **argv)
{
	unsigned long mask[16] = { 0 };
	int mode = 0;

	(void)argv;
	if (syscall(SYS_get_mempolicy, &mode, mask, sizeof(mask) * 8, 0, 0))
		return say("mempolicy", -1);
	printf("mempolicy mode %d nodes %lx\n", mode, mask[0]);
	return 0;
}

static int do_prctl(char **argv)
{
	int sig = -1;

	(void)argv;
	prctl(PR_GET_PDEATHSIG, &sig);
	printf("dumpable %d nnp %d keepcaps %d pdeathsig %d subreaper ", prctl(PR_GET_DUMPABLE),
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_KEEPCAPS), sig);
	sig = -1;
	prctl(PR_GET_CHILD_SUBREAPER, &sig);
	printf("%d securebits %d\n", sig, prctl(PR_GET_SECUREBITS));
	return 0;
}

static int do_ids(char **argv)
{
	uid_t u[3];
	gid_t g[3];

	(void)argv;
	if (getresuid(&u[0], &u[1], &u[2]) || getresgid(&g[0], &g[1], &g[2]))
		return say("ids", -1);
	printf("uid %u %u %u gid %u %u %u\n", u[0], u[1], u[2], g[0], g[1], g[2]);
	return 0;
}

static int do_keyring(char **argv)
{
	char text[256];
	long n = syscall(SYS_keyctl, 6 /* DESCRIBE */, -3 /* session */, text, sizeof(text) - 1);

	(void)argv;
	if (n < 0)
		return say("keyring", -1);
	text[n < 255 ? n : 255] = 0;
	printf("keyring %s\n", text);
	return 0;
}

static int do_tty(char **argv)
{
	struct winsize w = { 0 };
	char link[256];
	ssize_t n = readlink("/proc/self/fd/0", link, sizeof(link) - 1);
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY);

	(void)argv;
	link[n < 0 ? 0 : n] = 0;
	ioctl(0, TIOCGWINSZ, &w);
	printf("tty %d%d%d ctty %d session %d rows %d cols %d link %s\n", isatty(0), isatty(1),
	       isatty(2), fd >= 0, getsid(0) == getpid(), w.ws_row, w.ws_col, link);
	return 0;
}

static int do_tiocsti(char **argv)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY);

	return say("tiocsti", ioctl(fd < 0 ? 0 : fd, TIOCSTI, argv[0] ? argv[0] : "x"));
}

static int do_statfs(char **argv)
{
	struct statfs s;

	if (statfs(argv[0], &s))
		return say("statfs", -1);
	printf("statfs type %lx flags %lx\n", (unsigned long)s.f_type, (unsigned long)s.f_flags);
	return 0;
}

/* Prints monotonic and boot clocks in whole seconds, for time namespaces. */
static int do_clocks(char **argv)
{
	struct timespec m, b;

	(void)argv;
	clock_gettime(CLOCK_MONOTONIC, &m);
	clock_gettime(CLOCK_BOOTTIME, &b);
	printf("clocks %lld %lld\n", (long long)m.tv_sec, (long long)b.tv_sec);
	return 0;
}

/* Makes one call by name with up to six numbers: shows what a seccomp filter answers. */
static int do_call(char **argv)
{
	/* ARM's private calls begin at 0xf0000; an unknown number there is SIGILL. */
	static const struct {
		const char *name;
		long nr;
	} calls[] = {
		{ "getppid", SYS_getppid }, { "sched_yield", SYS_sched_yield },
		{ "sync", SYS_sync },	    { "personality", SYS_personality },
		{ "uname", SYS_uname },	    { "getpgid", SYS_getpgid },
		{ "getsid", SYS_getsid },   { "umask", SYS_umask },
		{ "socket", SYS_socket },   { "setpriority", SYS_setpriority },
		{ "unshare", SYS_unshare }, { "getpriority", SYS_getpriority },
		{ "dup3", SYS_dup3 },	    { "swapoff", SYS_swapoff },
		{ "lseek", SYS_lseek },	    { "newest", 0xe000 },
	};
	long a[6] = { 0 };
	size_t i;
	int n;

	if (!argv[0])
		return 2;
	for (n = 0; n < 6 && argv[1 + n]; n++)
		a[n] = (long)strtoull(argv[1 + n], NULL, 0);
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(calls[i].name, argv[0]))
			return say(argv[0],
				   syscall(calls[i].nr, a[0], a[1], a[2], a[3], a[4], a[5]));
	return say(argv[0], syscall(atol(argv[0]), a[0], a[1], a[2], a[3], a[4], a[5]));
}

#define SETATTR_NR 442 /* mount_setattr, on all architectures */

/* Exits with 0 if the kernel lacks a system call, of those that came after Linux 4.14.
 * mount_setattr(2) looks at its flags before it looks at rights, so EPERM is a profile that denies
 * it. */
static int do_lacks(char **argv)
{
	static const struct {
		const char *name;
		long nr;
	} calls[] = {
		{ "statx", SYS_statx },		  { "pidfd_send_signal", SYS_pidfd_send_signal },
		{ "open_tree", SYS_open_tree },	  { "move_mount", SYS_move_mount },
		{ "fsopen", SYS_fsopen },	  { "pidfd_open", SYS_pidfd_open },
		{ "clone3", SYS_clone3 },	  { "close_range", SYS_close_range },
		{ "openat2", SYS_openat2 },	  { "pidfd_getfd", SYS_pidfd_getfd },
		{ "faccessat2", SYS_faccessat2 }, { "mount_setattr", SETATTR_NR },
	};

	for (size_t i = 0; argv[0] && i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(calls[i].name, argv[0]))
			return syscall(calls[i].nr, -1L, -1L, -1L, -1L, -1L) != -1 ||
			       (errno != ENOSYS && (errno != EPERM || calls[i].nr != SETATTR_NR));
	return 2;
}

/* Opens PATH with FLAGS (r, w, rw), and prints the error if it fails. */
static int do_open(char **argv)
{
	int flags = argv[1] && !strcmp(argv[1], "w") ? O_WRONLY
		    : argv[1] && argv[1][1]	     ? O_RDWR
						     : 0;
	int fd = open(argv[0], flags | O_NONBLOCK | O_NOCTTY);
	char c;

	if (fd < 0)
		return say("open", -1);
	if (flags == O_RDONLY && read(fd, &c, 1) < 0)
		return say("read", -1);
	return say("open", 0);
}

/* mount(2) by numbers: SOURCE TARGET TYPE FLAGS. */
static int do_mount(char **argv)
{
	return say("mount", mount(argv[0], argv[1], argv[2], strtoul(argv[3], NULL, 0), NULL));
}

/* Sends TEXT to the socket in NOTIFY_SOCKET. */
static int do_notify(char **argv)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", getenv("NOTIFY_SOCKET"));
	return say("notify", sendto(s, argv[0], strlen(argv[0]), 0, (void *)&sa, sizeof(sa)));
}

/* The first client of the listening socket FD gets TEXT. */
static int do_accept(char **argv)
{
	int s = accept(atoi(argv[0]), NULL, NULL);

	return say("accept", s < 0 ? -1 : dprintf(s, "%s\n", argv[1]) - (int)strlen(argv[1]) - 1);
}

static int do_mknod(char **argv)
{
	return say("mknod", mknod(argv[0], S_IFCHR | 0600,
				  strtoul(argv[1], NULL, 0) << 8 | strtoul(argv[2], NULL, 0)));
}

/* Makes the session keyring NAME, which all may use, and at the end of its input prints its
 * keys. */
static int do_plant(char **argv)
{
	long ring = syscall(SYS_keyctl, 1 /* JOIN_SESSION_KEYRING */, argv[0]), n;
	char c, text[256];
	int keys[64];

	syscall(SYS_keyctl, 5 /* SETPERM */, ring, 0x3f3f3f3f);
	say("plant", ring > 0 ? 0 : -1);
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	n = syscall(SYS_keyctl, 11 /* READ */, -3 /* session keyring */, keys, sizeof(keys));
	for (long i = 0; i < n / (long)sizeof(*keys); i++) {
		memset(text, 0, sizeof(text));
		syscall(SYS_keyctl, 11, keys[i], text, sizeof(text) - 1);
		printf("key %s\n", text);
	}
	return 0;
}

static int do_addkey(char **argv)
{
	long key = syscall(SYS_add_key, "user", "test", argv[0], strlen(argv[0]), -3);

	return say("addkey", key > 0 ? 0 : -1);
}

/* Takes N MiB and touches each page. */
static int do_alloc(char **argv)
{
	size_t n = strtoul(argv[0], NULL, 10) << 20, i;
	volatile char *p = malloc(n);

	if (!p)
		return say("alloc", -1);
	for (i = 0; i < n; i += 4096)
		p[i] = 1;
	return say("alloc", (long)(n >> 20));
}

static int do_rlimit(char **argv)
{
	struct rlimit r;

	if (getrlimit(atoi(argv[0]), &r))
		return say("rlimit", -1);
	printf("rlimit %llu %llu\n", (unsigned long long)r.rlim_cur,
	       (unsigned long long)r.rlim_max);
	return 0;
}

/* Prints lines of PATH that begin with one of the words (all without words). */
static void show(const char *path, const char *const *words)
{
	FILE *f = fopen(path, "re");
	char line[4096];
	size_t i;

	while (f && fgets(line, sizeof(line), f))
		for (i = 0; i == 0 || (words && words[i]); i++)
			if (!words || !strncmp(line, words[i], strlen(words[i]))) {
				fputs(line, stdout);
				break;
			}
	if (f)
		fclose(f);
}

/* Prints everything that confines this process, in a form that is the same in two containers of one
 * config. */
static int do_witness(char **argv)
{
	static const char *const status[] = { "Umask",	"Uid",	      "Gid",	  "Groups",
					      "SigBlk", "SigIgn",     "SigCgt",	  "SigPnd",
					      "Cap",	"NoNewPrivs", "Seccomp:", NULL };
	static const char *const sysctls[] = { "0", "1", NULL };
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096], at[1024], opts[1024], fs[64], super[1024], *type, cwd[1024];
	struct utsname u;

	show("/proc/self/status", status);
	show("/proc/self/limits", NULL);
	show("/proc/self/oom_score_adj", NULL);
	show("/proc/self/uid_map", NULL);
	show("/proc/self/timens_offsets", NULL);
	show("/proc/sys/net/ipv4/ip_forward", sysctls);
	while (f && fgets(line, sizeof(line), f)) {
		/* Without the source, whose name confines nothing and differs in a substitute. */
		type = strstr(line, " - ");
		if (type && sscanf(line, "%*s %*s %*s %*s %1023s %1023s", at, opts) == 2 &&
		    sscanf(type, " - %63s %*s %1023s", fs, super) == 2)
			printf("%s %s%s%s %s %s\n", at, opts,
			       strstr(line, "shared:") ? " shared" : "",
			       strstr(line, "master:") ? " slave" : "", fs, super);
	}
	if (f)
		fclose(f);
	uname(&u);
	printf("%s %s\n", u.nodename, getcwd(cwd, sizeof(cwd)) ? cwd : "no cwd");
	printf("pid %d session %d\n", getpid(), getsid(0) == getpid());
	do_prctl(argv);
	do_ioprio(argv);
	do_keyring(argv);
	do_fds(argv);
	printf("socket %d\n", socket(AF_INET, SOCK_STREAM, 0) >= 0);
	return 0;
}

/* Plays a containerd shim: adopts the processes that CMD leaves, and prints how each ended, CMD
 * itself first. */
static int do_reaper(char **argv)
{
	int status;
	pid_t pid, cmd;

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	cmd = fork();
	if (!cmd) {
		execvp(argv[0], argv);
		_exit(127);
	}
	while ((pid = wait(&status)) > 0)
		printf("%s %d\n", pid == cmd ? "command" : "adopted",
		       WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	return 0;
}

/* Plays a service: prints what confines it, reports that it is ready, and stays. */
static __attribute__((noreturn)) int do_stay(char **argv)
{
	static char ready[] = "READY=1";
	char *say[] = { ready, NULL };

	do_witness(argv);
	if (getenv("NOTIFY_SOCKET"))
		do_notify(say);
	puts("stays");
	for (;;)
		pause();
}

/* Changes everything of the inode at each PATH; prints what the kernel has allowed. */
static int do_spoil(char **argv)
{
	static const struct timespec epoch[2] = { { 86400, 0 }, { 86400, 0 } };
	char at[4200];

	for (; *argv; argv++) {
		const char *path = *argv;
		int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

		printf("%s:%s%s%s%s%s", path, chmod(path, 0601) ? "" : " chmod",
		       chown(path, 7, 7) ? "" : " chown",
		       utimensat(AT_FDCWD, path, epoch, 0) ? "" : " utimes",
		       utimensat(AT_FDCWD, path, NULL, 0) ? "" : " touch",
		       truncate(path, 3) ? "" : " truncate");
		printf("%s%s%s",
		       syscall(SYS_setxattr, path, "user.spoilt", "x", 1, 0) ? "" : " setxattr",
		       syscall(SYS_setxattr, path, "trusted.spoilt", "x", 1, 0) ? "" : " trusted",
		       syscall(SYS_removexattr, path, "user.spoilt") ? "" : " removexattr");
		snprintf(at, sizeof(at), "%s.link", path);
		printf("%s%s",
		       linkat(AT_FDCWD, path, AT_FDCWD, at, AT_SYMLINK_FOLLOW) ? "" : " link",
		       linkat(AT_FDCWD, path, AT_FDCWD, "/tmp/link", AT_SYMLINK_FOLLOW) ? ""
											: " link");
		if (fd >= 0)
			printf("%s%s%s", fchmod(fd, 0602) ? "" : " fchmod",
			       fchown(fd, 8, 8) ? "" : " fchown",
			       futimens(fd, epoch) ? "" : " futimens");
		puts("");
		close(fd);
	}
	return 0;
}

static void *go_on(void *arg)
{
	(void)arg;
	puts("headless");
	for (;;)
		pause();
	return NULL;
}

/* The first thread ends, and a second one stays. */
static int do_headless(char **argv)
{
	pthread_t thread;

	(void)argv;
	if (pthread_create(&thread, NULL, go_on, NULL))
		return 1;
	pthread_exit(NULL);
}

static const struct verb {
	const char *name;
	int args;
	int (*run)(char **argv);
} verbs[] = {
	{ "fds", 0, do_fds },
	{ "below", 0, do_below },
	{ "immutable", 1, do_immutable },
	{ "ioprio", 0, do_ioprio },
	{ "sched", 0, do_sched },
	{ "personality", 0, do_personality },
	{ "mempolicy", 0, do_mempolicy },
	{ "prctl", 0, do_prctl },
	{ "keyring", 0, do_keyring },
	{ "tty", 0, do_tty },
	{ "tiocsti", 0, do_tiocsti },
	{ "statfs", 1, do_statfs },
	{ "clocks", 0, do_clocks },
	{ "call", 1, do_call },
	{ "lacks", 1, do_lacks },
	{ "open", 1, do_open },
	{ "mount", 4, do_mount },
	{ "notify", 1, do_notify },
	{ "accept", 2, do_accept },
	{ "spoil", 1, do_spoil },
	{ "mknod", 3, do_mknod },
	{ "alloc", 1, do_alloc },
	{ "rlimit", 1, do_rlimit },
	{ "ids", 0, do_ids },
	{ "plant", 1, do_plant },
	{ "addkey", 1, do_addkey },
	{ "witness", 0, do_witness },
	{ "reaper", 1, do_reaper },
	{ "stay", 0, do_stay },
	{ "headless", 0, do_headless },
};

int main(int argc, char **argv)
{
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; argc > 1 && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i].name, argv[1]) && argc - 2 >= verbs[i].args)
			return verbs[i].run(argv + 2);
	fputs("usage: probe VERB [ARG...]\n", stderr);
	return 2;
}
