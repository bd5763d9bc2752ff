/* tap.h - the two macros of a unit test: one line of TAP per claim. */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

/* The caller may ignore or block some: nohup ignores SIGHUP, and who ignores SIGCHLD has no children to
 * wait for. No test shall depend on it. */
__attribute__((constructor)) static void tap_signals(void)
{
	sigset_t none;

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

/* RUN is the program that runs the tests of another architecture (see the Makefile): QEMU's user mode. It
 * passes most system calls on to the kernel, but not all of them. */
static inline int tap_qemu_user(void)
{
	const char *run = getenv("RUN");

	return run && strstr(run, "qemu-");
}

static inline void tap_skip_emulated(const char *what, const char *lacks)
{
	printf("ok %d - %s # SKIP qemu-user does not emulate %s\n", ++tap_count, what, lacks);
}

/* A claim that needs what qemu-user lacks. */
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
