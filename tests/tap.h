/* tap.h - macros of unit tests: one line of TAP for each claim. */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int tap_count, tap_failed;

/*
 * No test depends on its caller. Signals may be ignored or blocked: nohup ignores SIGHUP, and a
 * process that ignores SIGCHLD has no children to wait for. Standard streams may be closed: main()
 * of the program opens them as well, so that no other descriptor is 0.
 */
__attribute__((constructor)) static void tap_caller(void)
{
	sigset_t none;
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
	umask(022);
	for (int sig = 1; sig < 32; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ok(condition, "what is claimed, as for printf") */
#define ok(cond, ...)                                                                              \
	do {                                                                                       \
		int tap_good = !!(cond);                                                           \
		printf("%sok %d - ", tap_good ? "" : "not ", ++tap_count);                         \
		printf(__VA_ARGS__);                                                               \
		putchar('\n');                                                                     \
		if (!tap_good) {                                                                   \
			tap_failed++;                                                              \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);                        \
		}                                                                                  \
	} while (0)

/* RUN is the program that runs the tests of another architecture (see the Makefile): QEMU's user
 * mode. It passes most system calls on to the kernel, but not all of them. */
static inline int tap_qemu_user(void)
{
	const char *run = getenv("RUN");

	return run && strstr(run, "qemu-");
}

static inline void tap_skip_emulated(const char *what, const char *lacks)
{
	printf("ok %d - %s # SKIP qemu-user does not emulate %s\n", ++tap_count, what, lacks);
}

/* A claim that needs something that qemu-user lacks. */
#define ok_emulated(lacks, cond, what)                                                             \
	do {                                                                                       \
		if (tap_qemu_user())                                                               \
			tap_skip_emulated(what, lacks);                                            \
		else                                                                               \
			ok(cond, "%s", what);                                                      \
	} while (0)

#define is_str(got, want, ...)                                                                     \
	do {                                                                                       \
		const char *tap_g = (got), *tap_w = (want);                                        \
		ok(tap_g &&tap_w ? !strcmp(tap_g, tap_w) : tap_g == tap_w, __VA_ARGS__);           \
		if (tap_g && tap_w && strcmp(tap_g, tap_w))                                        \
			printf("# got  \"%s\"\n# want \"%s\"\n", tap_g, tap_w);                    \
	} while (0)

/* The last line of main. */
static inline int done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
