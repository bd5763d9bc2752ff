/* floor.c - the kernel work of `run true` with the default spec, and nothing else. */
/* SPDX-License-Identifier: MIT */

/*
 * usage: floor ROOTFS NAME:DIR...    a cgroup directory to make in each hierarchy NAME;
 *                                    NAME is "unified" for version 2
 *        floor idle		      sleeps for ever: the container program for `state` and `exec`
 *
 * The work that no runtime can leave out on this host: cgroups with their device rules, namespaces,
 * mounts, device nodes, masks, the root switch, capabilities, exec. It reads no config, keeps no
 * state, and checks no descriptor or path. So its time is that of the kernel, and the rest of a
 * runtime's time is the runtime's own. It leaves nothing. The device program of cgroup v2 (bpf) is
 * left out, so on such a host the floor is a little too low.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CLONE_INTO_CGROUP 0x200000000ULL

struct cgroup {
	const char *name, *dir;
	int fd;
	int v2;
};

static struct cgroup groups[32];
static size_t ngroups;

static void must(long result, const char *what)
{
	if (result >= 0)
		return;
	dprintf(2, "floor: %s: %s\n", what, strerror(errno));
	_exit(125);
}

static void put(int dirfd, const char *file, const char *text)
{
	int fd = openat(dirfd, file, O_WRONLY | O_CLOEXEC);

	must(fd, file);
	must(write(fd, text, strlen(text)), file);
	close(fd);
}

/* A new v1 cpuset has no CPUs: no process may enter before it has its parent's. */
static void copy_from_parent(int dirfd, const char *file)
{
	char path[64], text[256];
	int fd, n;

	snprintf(path, sizeof(path), "../%s", file);
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	must(fd, path);
	n = read(fd, text, sizeof(text) - 1);
	must(n, path);
	text[n] = 0;
	close(fd);
	put(dirfd, file, text);
}

static void device_rules(int dirfd)
{
	static const char *const allow[] = { "c *:* m",	  "b *:* m",	 "c 1:3 rwm",	"c 1:5 rwm",
					     "c 1:7 rwm", "c 1:8 rwm",	 "c 1:9 rwm",	"c 5:0 rwm",
					     "c 5:2 rwm", "c 136:* rwm", "c 10:200 rwm" };
	int fd;

	put(dirfd, "devices.deny", "a");
	fd = openat(dirfd, "devices.allow", O_WRONLY | O_CLOEXEC);
	must(fd, "devices.allow");
	for (size_t i = 0; i < ARRAY_SIZE(allow); i++)
		must(write(fd, allow[i], strlen(allow[i])), allow[i]);
	close(fd);
}

static void make_cgroups(char **dirs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cgroup *g = &groups[ngroups++];
		char *colon = strchr(dirs[i], ':');

		if (!colon)
			exit(2);
		*colon = 0;
		g->name = dirs[i];
		g->dir = colon + 1;
		g->v2 = !strcmp(g->name, "unified");
		must(mkdir(g->dir, 0755), g->dir);
		g->fd = openat(AT_FDCWD, g->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		must(g->fd, g->dir);
		if (!strcmp(g->name, "cpuset")) {
			copy_from_parent(g->fd, "cpuset.cpus");
			copy_from_parent(g->fd, "cpuset.mems");
		} else if (!strcmp(g->name, "devices")) {
			device_rules(g->fd);
		}
	}
}

static void do_mount(const char *src, const char *dst, const char *type, unsigned long flags,
		     const char *data)
{
	must(mount(src, dst, type, flags, data), dst);
}

#define NSE (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static void mount_cgroups(void)
{
	struct {
		uint64_t set, clr, propagation, userns;
	} ro = { .set = 1 | 2 | 4 | 8 };
	char path[PATH_MAX];

	if (ngroups == 1 && groups[0].v2) {
		do_mount("cgroup", "sys/fs/cgroup", "cgroup2", NSE | MS_RDONLY | MS_RELATIME, NULL);
		return;
	}
	do_mount("cgroup", "sys/fs/cgroup", "tmpfs", NSE, "mode=755");
	for (size_t i = 0; i < ngroups; i++) {
		snprintf(path, sizeof(path), "sys/fs/cgroup/%s", groups[i].name);
		must(mkdir(path, 0755), path);
		do_mount(groups[i].dir, path, NULL, MS_BIND, NULL);
	}
	must(syscall(442 /* mount_setattr */, AT_FDCWD, "sys/fs/cgroup", 0x8000 /* AT_RECURSIVE */,
		     &ro, sizeof(ro)),
	     "mount_setattr sys/fs/cgroup");
}

static void mounts(const char *rootfs)
{
	do_mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL);
	do_mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL);
	must(chdir(rootfs), rootfs);
	do_mount("proc", "proc", "proc", 0, NULL);
	do_mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
	must(mkdir("dev/pts", 0755), "dev/pts");
	do_mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		 "newinstance,ptmxmode=0666,mode=0620,gid=5");
	must(mkdir("dev/shm", 0755), "dev/shm");
	do_mount("shm", "dev/shm", "tmpfs", NSE, "mode=1777,size=65536k");
	must(mkdir("dev/mqueue", 0755), "dev/mqueue");
	do_mount("mqueue", "dev/mqueue", "mqueue", NSE, NULL);
	do_mount("sysfs", "sys", "sysfs", NSE | MS_RDONLY, NULL);
	mount_cgroups();
}

static void devices(void)
{
	static const struct {
		const char *path;
		int major, minor;
	} nodes[] = {
		{ "dev/null", 1, 3 },	{ "dev/zero", 1, 5 },	 { "dev/full", 1, 7 },
		{ "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 },
	};
	static const char *const links[][2] = {
		{ "/proc/self/fd", "dev/fd" },	     { "/proc/self/fd/0", "dev/stdin" },
		{ "/proc/self/fd/1", "dev/stdout" }, { "/proc/self/fd/2", "dev/stderr" },
		{ "pts/ptmx", "dev/ptmx" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		must(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)),
		     nodes[i].path);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		must(symlink(links[i][0], links[i][1]), links[i][1]);
}

static void masks(void)
{
	static const char *const masked[] = {
		"/proc/acpi",	       "/proc/asound",	   "/proc/kcore",	"/proc/keys",
		"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
		"/sys/firmware",       "/proc/scsi",
	};
	static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
						"/proc/sysrq-trigger" };

	for (size_t i = 0; i < ARRAY_SIZE(masked); i++)
		if (mount("/dev/null", masked[i], NULL, MS_BIND, NULL) && errno == ENOTDIR)
			do_mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(readonly); i++) {
		if (mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL) &&
		    errno == ENOENT)
			continue;
		do_mount(NULL, readonly[i], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL);
	}
}

static void loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(fd, "socket");
	must(ioctl(fd, SIOCSIFFLAGS, &r), "lo");
	close(fd);
}

/* CAP_AUDIT_WRITE 29, CAP_KILL 5, CAP_NET_BIND_SERVICE 10 stay */
static void credentials(void)
{
	static const uint32_t keep[2] = { 1u << 29 | 1u << 5 | 1u << 10, 0 };
	struct {
		uint32_t version;
		int pid;
	} head = { 0x20080522, 0 };
	struct {
		uint32_t effective, permitted, inheritable;
	} data[2];
	struct rlimit nofile = { 1024, 1024 };

	must(setrlimit(RLIMIT_NOFILE, &nofile), "setrlimit");
	for (int cap = 0; cap < 64; cap++)
		if (!(keep[cap / 32] >> cap % 32 & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) &&
		    errno == EINVAL)
			break;
	must(setgroups(0, NULL), "setgroups");
	must(syscall(SYS_setgid, 0), "setgid");
	must(syscall(SYS_setuid, 0), "setuid");
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = keep[i], data[i].inheritable = 0;
	must(syscall(SYS_capset, &head, data), "capset");
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "ambient");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

static void child(const char *rootfs)
{
	static char *argv[] = { "true", NULL };
	static char *envp[] = { "PATH=/bin", "TERM=xterm", "HOME=/root", NULL };

	for (size_t i = 0; i < ngroups; i++)
		if (!groups[i].v2)
			put(groups[i].fd, "cgroup.procs", "0");
	must(setsid(), "setsid");
	must(syscall(SYS_keyctl, 1 /* JOIN_SESSION_KEYRING */, "floor"), "keyctl");
	must(sethostname("runc", 4), "sethostname");
	umask(0);
	mounts(rootfs);
	devices();
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount");
	masks();
	do_mount(NULL, "/", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL);
	must(chdir("/"), "chdir");
	umask(022);
	loopback_up();
	credentials();
	must(syscall(436 /* close_range */, 3, ~0U, 4 /* CLOEXEC */), "close_range");
	execve("/bin/true", argv, envp);
	must(-1, "/bin/true");
}

int main(int argc, char **argv)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
			set_tid, set_tid_size, cgroup;
	} args = { .exit_signal = SIGCHLD };
	int status;
	pid_t pid;

	if (argc == 2 && !strcmp(argv[1], "idle"))
		for (;;)
			pause();
	if (argc < 2)
		return 2;
	make_cgroups(argv + 2, argc - 2);
	args.flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;
	for (size_t i = 0; i < ngroups; i++)
		if (groups[i].v2) {
			args.flags |= CLONE_INTO_CGROUP | (ngroups == 1 ? CLONE_NEWCGROUP : 0);
			args.cgroup = groups[i].fd;
		}
	pid = syscall(435 /* clone3 */, &args, sizeof(args));
	must(pid, "clone3");
	if (!pid)
		child(argv[1]);
	must(waitpid(pid, &status, 0), "wait");
	for (size_t i = 0; i < ngroups; i++)
		while (rmdir(groups[i].dir) && errno == EBUSY)
			;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
