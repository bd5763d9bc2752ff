/* pty.c - runs a command on a new terminal, as a user would: `pty [OPTIONS] CMD...`. */
/* SPDX-License-Identifier: MIT */
/*
 *	-s ROWSxCOLS	size at the start (24x80)
 *	-i TEXT		typed when the word READY has come out for the first time; \n is Enter, and
 *			\c \d \q \z are ^C ^D ^\ ^Z
 *	-r ROWSxCOLS	new size, when READY has come out
 *	-k SIGNAL	sent to CMD when READY has come out
 *
 * What CMD shows goes to stdout. At the end one line goes to stderr, `termios same` or
 * `termios changed`: whether CMD left the terminal as it found it. Exit status: that of CMD, or
 * 128+n after a signal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct {
	const char *input;
	struct winsize size, resize;
	int signal;
	int ready;
	char seen[1 << 16];
	size_t nseen;
} pt;

static void fatal(const char *what)
{
	perror(what);
	exit(125);
}

static struct winsize parse_size(const char *s)
{
	unsigned r = 0, c = 0;

	if (sscanf(s, "%ux%u", &r, &c) != 2)
		exit(2);
	return (struct winsize){ .ws_row = r, .ws_col = c };
}

static void type_text(int master, const char *s)
{
	char c;

	for (; *s; s++) {
		c = *s;
		if (c == '\\' && s[1]) {
			s++;
			c = *s == 'n'	? '\r'
			    : *s == 'c' ? 3
			    : *s == 'd' ? 4
			    : *s == 'q' ? 28
			    : *s == 'z' ? 26
					: *s;
		}
		if (write(master, &c, 1) != 1)
			return;
	}
}

static void on_ready(int master, pid_t pid)
{
	pt.ready = 1;
	if (pt.resize.ws_row)
		ioctl(master, TIOCSWINSZ, &pt.resize);
	if (pt.input)
		type_text(master, pt.input);
	if (pt.signal)
		kill(pid, pt.signal);
}

/* Copies what can be read. Returns 0 if there was nothing. */
static int copy(int master, pid_t pid, int wait_ms)
{
	struct pollfd p = { master, POLLIN, 0 };
	char buf[4096];
	ssize_t n;

	if (poll(&p, 1, wait_ms) <= 0 || (n = read(master, buf, sizeof(buf))) <= 0)
		return 0;
	if (write(1, buf, n) != n)
		return 0;
	if (pt.nseen + n < sizeof(pt.seen)) {
		memcpy(pt.seen + pt.nseen, buf, n);
		pt.nseen += n;
	}
	if (!pt.ready && memmem(pt.seen, pt.nseen, "READY", 5))
		on_ready(master, pid);
	return 1;
}

int main(int argc, char **argv)
{
	/* The kernel fills in 19 of the 32 control characters that are compared below. */
	struct termios before = { 0 }, after = { 0 };
	int opt, master, slave, status = 0;
	pid_t pid;

	pt.size = parse_size("24x80");
	while ((opt = getopt(argc, argv, "+s:i:r:k:")) != -1) {
		switch (opt) {
		case 's': pt.size = parse_size(optarg); break;
		case 'i': pt.input = optarg; break;
		case 'r': pt.resize = parse_size(optarg); break;
		case 'k': pt.signal = atoi(optarg); break;
		default: return 2;
		}
	}
	if (!argv[optind])
		return 2;
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) || unlockpt(master))
		fatal("posix_openpt");
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcgetattr(slave, &before) || ioctl(master, TIOCSWINSZ, &pt.size))
		fatal("terminal");
	pid = fork();
	if (!pid) {
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		dup2(slave, 0);
		dup2(slave, 1);
		dup2(slave, 2);
		execvp(argv[optind], argv + optind);
		_exit(127);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		copy(master, pid, 20);
	while (copy(master, pid, 0))
		;
	if (tcgetattr(slave, &after))
		fatal("tcgetattr");
	/* Field by field: the struct has padding, and the line discipline owns PENDIN. */
	after.c_lflag &= ~PENDIN;
	before.c_lflag &= ~PENDIN;
	fprintf(stderr, "termios %s\n",
		after.c_iflag == before.c_iflag && after.c_oflag == before.c_oflag &&
				after.c_cflag == before.c_cflag &&
				after.c_lflag == before.c_lflag &&
				!memcmp(after.c_cc, before.c_cc, sizeof(after.c_cc))
			? "same"
			: "changed");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
