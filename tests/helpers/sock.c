/* sock.c - the engine's end of the sockets a runtime sends descriptors to: `sock VERB PATH`. */
/* SPDX-License-Identifier: MIT */
/*
 *	console PATH [TEXT]	takes a terminal; types TEXT into it, shows what comes out
 *	pidfd PATH		takes a pidfd; prints the message and the pid it stands for
 *	notify PATH		a service manager: prints each message, until the barrier
 *	hangup PATH		takes a connection, and nothing from it
 *	seccomp PATH [N]	takes a listener; prints the message, answers N calls with 42
 *	keep PATH [FILE]	takes all that comes on streams, for ever; the newest descriptor
 *				stays open, and what it shows as a terminal goes into FILE
 *	drop PATH		takes datagrams, for ever
 *
 * PATH is bound first and `listening` printed then, so that a test can wait for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static void fatal(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_at(const char *path, int type)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (s < 0 || strlen(path) >= sizeof(sa.sun_path))
		fatal("socket");
	strcpy(sa.sun_path, path);
	if (bind(s, (struct sockaddr *)&sa, sizeof(sa)) || (type == SOCK_STREAM && listen(s, 4)))
		fatal("bind");
	puts("listening");
	return s;
}

/* One message with one descriptor. The text lands in buf, ended by a NUL. */
static int receive(int s, char *buf, size_t size)
{
	char control[CMSG_SPACE(4 * sizeof(int))];
	struct iovec iov = { buf, size - 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int conn = accept4(s, NULL, NULL, SOCK_CLOEXEC), fd;
	ssize_t n;

	/* datagrams come without a connection */
	if (conn < 0 && errno == EOPNOTSUPP)
		conn = s;
	if (conn < 0)
		fatal("accept");
	n = recvmsg(conn, &m, MSG_CMSG_CLOEXEC);
	if (n < 0)
		fatal("recvmsg");
	buf[n] = 0;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS) {
		printf("no descriptor, %zd bytes\n", n);
		exit(1);
	}
	printf("descriptors %zu\n", (c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static int do_console(int s, char **argv)
{
	struct termios t;
	struct winsize w = { 0 };
	char buf[4096];
	ssize_t n;
	int fd = receive(s, buf, sizeof(buf));

	printf("name %s\n", buf[0] ? "given" : "empty");
	ioctl(fd, TIOCGWINSZ, &w);
	if (tcgetattr(fd, &t))
		fatal("tcgetattr");
	printf("size %d %d onlcr %d\n", w.ws_row, w.ws_col, !!(t.c_oflag & ONLCR));
	if (argv[0] && (write(fd, argv[0], strlen(argv[0])) < 0 || write(fd, "\n", 1) < 0))
		fatal("write");
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, stdout);
	return 0;
}

static int do_hangup(int s, char **argv)
{
	int conn = accept4(s, NULL, NULL, SOCK_CLOEXEC);

	(void)argv;
	return conn < 0 || close(conn);
}

static int do_notify(int s, char **argv)
{
	char buf[4096];
	ssize_t n;

	(void)argv;
	while ((n = recv(s, buf, sizeof(buf) - 1, MSG_PEEK)) >= 0) {
		buf[n] = 0;
		if (!strcmp(buf, "BARRIER=1")) {
			int fd = receive(s, buf, sizeof(buf));

			puts("barrier");
			close(fd);
			return 0;
		}
		recv(s, buf, sizeof(buf), 0);
		for (char *c = buf; *c; c++)
			if (*c == '\n')
				*c = '|';
		printf("told %s\n", buf);
	}
	return 1;
}

static int do_pidfd(int s, char **argv)
{
	char buf[4096], path[64], line[256];
	int fd = receive(s, buf, sizeof(buf));
	FILE *f;

	(void)argv;
	printf("message %s\n", buf);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Pid:", 4))
			printf("pid %d\n", atoi(line + 4));
	return 0;
}

struct notif { /* struct seccomp_notif */
	uint64_t id;
	uint32_t pid, flags;
	int32_t nr;
	uint32_t arch;
	uint64_t ip, args[6];
};

struct notif_resp { /* struct seccomp_notif_resp */
	uint64_t id;
	int64_t val;
	int32_t error;
	uint32_t flags;
};

#define NOTIF_RECV _IOWR('!', 0, struct notif)
#define NOTIF_SEND _IOWR('!', 1, struct notif_resp)

static int do_seccomp(int s, char **argv)
{
	static char buf[1 << 16];
	int fd = receive(s, buf, sizeof(buf)), n = argv[0] ? atoi(argv[0]) : 0;
	struct pollfd p = { fd, POLLIN, 0 };
	struct notif_resp r;
	struct notif q;

	printf("message %s\n", buf);
	while (n-- > 0 && poll(&p, 1, 30000) > 0 && !(p.revents & POLLHUP)) {
		memset(&q, 0, sizeof(q));
		if (ioctl(fd, NOTIF_RECV, &q))
			fatal("receive");
		r = (struct notif_resp){ .id = q.id, .val = 42 };
		if (ioctl(fd, NOTIF_SEND, &r))
			fatal("send");
		puts("answered");
	}
	return 0;
}

/* Waits for a connection, and appends what the terminal shows meanwhile. */
static void show_until_next(int s, int terminal, int file)
{
	struct pollfd p[] = { { .fd = s, .events = POLLIN }, { .fd = terminal, .events = POLLIN } };
	char buf[4096];
	ssize_t n;

	if (file < 0 || !isatty(terminal))
		return;
	while (poll(p, 2, -1) >= 0 && !p[0].revents) {
		n = read(terminal, buf, sizeof(buf));
		if (n > 0 && write(file, buf, n) != n)
			fatal("write");
		/* EIO: no process has the other end open. */
		if (n <= 0)
			p[1].fd = -1;
	}
}

/* A client that ends early sends nothing, or a part. */
static __attribute__((noreturn)) int take_all(int s, int stream, int file)
{
	char buf[1 << 16], control[CMSG_SPACE(4 * sizeof(int))];
	struct iovec iov = { buf, sizeof(buf) };
	int kept = -1;

	for (;;) {
		struct msghdr m = { .msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = control,
				    .msg_controllen = sizeof(control) };
		struct cmsghdr *c;
		int conn;

		show_until_next(s, kept, file);
		conn = stream ? accept4(s, NULL, NULL, SOCK_CLOEXEC) : s;
		if (conn < 0)
			fatal("accept");
		if (recvmsg(conn, &m, MSG_CMSG_CLOEXEC) > 0 && (c = CMSG_FIRSTHDR(&m)) &&
		    c->cmsg_type == SCM_RIGHTS) {
			close(kept);
			memcpy(&kept, CMSG_DATA(c), sizeof(kept));
			if (!stream) /* a barrier */
				close(kept);
		}
		if (stream)
			close(conn);
	}
}

static int do_keep(int s, char **argv)
{
	int file = argv[0] ? open(argv[0], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	if (argv[0] && file < 0)
		fatal(argv[0]);
	return take_all(s, 1, file);
}

static int do_drop(int s, char **argv)
{
	(void)argv;
	return take_all(s, 0, -1);
}

static const struct verb {
	const char *name;
	int (*run)(int s, char **argv);
	int type;
} verbs[] = {
	{ "console", do_console, SOCK_STREAM }, { "hangup", do_hangup, SOCK_STREAM },
	{ "notify", do_notify, SOCK_DGRAM },	{ "pidfd", do_pidfd, SOCK_STREAM },
	{ "seccomp", do_seccomp, SOCK_STREAM }, { "keep", do_keep, SOCK_STREAM },
	{ "drop", do_drop, SOCK_DGRAM },
};

int main(int argc, char **argv)
{
	size_t i;

	setvbuf(stdout, NULL, _IONBF, 0);
	for (i = 0; argc > 2 && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i].name, argv[1]))
			return verbs[i].run(listen_at(argv[2], verbs[i].type), argv + 3);
	fputs("usage: sock console|hangup|notify|pidfd|seccomp|keep|drop PATH [ARG]\n", stderr);
	return 2;
}
