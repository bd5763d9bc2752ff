/* claim_test.h - claims that change the process, so that each is tried in a new child. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_KERNEL_CLAIM_TEST_H
#define CORE_KERNEL_CLAIM_TEST_H

#include "core/kernel/kernel.h"
#include "tests/tap.h"

#include <sys/wait.h>

#define CLAIM_SKIP 77

/* A claim returns 0; 1 if it is false; CLAIM_SKIP if it cannot be tried on this machine. */
#define WANT(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "# line %d: %s [%s]\n", __LINE__, #cond, err_text());      \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

struct claim {
	const char *what;
	int (*claim)(void);
	bool root; /* needs to be root */
	const char *emulated; /* what it needs that qemu-user does not emulate */
};

static inline void claims_try(const struct claim *claims, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int status = 0;
		pid_t pid;

		if (claims[i].root && geteuid()) {
			ok(true, "%s # SKIP not root", claims[i].what);
			continue;
		}
		if (claims[i].emulated && tap_qemu_user()) {
			tap_skip_emulated(claims[i].what, claims[i].emulated);
			continue;
		}
		fflush(stdout);
		pid = fork();
		if (!pid)
			_exit(claims[i].claim());
		waitpid(pid, &status, 0);
		if (WIFEXITED(status) && WEXITSTATUS(status) == CLAIM_SKIP)
			ok(true, "%s # SKIP not possible here", claims[i].what);
		else
			ok(pid > 0 && status == 0, "%s", claims[i].what);
	}
}

#endif
