/* keyring.c - a session keyring of the container's own (keyrings(7), keyctl(2)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <stdio.h>

#define KEYCTL_JOIN_SESSION_KEYRING 1
#define KEYCTL_SETPERM 5

/* What a new session keyring is given by the kernel: everything to its possessor; view, read and link
 * to its user. */
#define SESSION_PERM 0x3f130000U
#define USER_SEARCH 0x00080000U
#define OTHER_SEARCH 0x00000008U

int keyring_join(const char *id, bool set_perm, bool userns)
{
	char name[1024 + 8];
	long ring;

	snprintf(name, sizeof(name), "_ses.%s", id);
	ring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	if (ring < 0 && (errno == ENOSYS || errno == EPERM)) {
		/* Without CONFIG_KEYS there is no keyring to leak; an outer profile may forbid the call. */
		fail("join session keyring");
		err_clear("no keyrings here");
		return 0;
	}
	if (ring < 0) {
		fail("unable to join session keyring %s", name);
		return errno == EDQUOT
			       ? fail_hint("see kernel.keys.maxkeys and kernel.keys.maxbytes")
			       : -1;
	}
	/* 0: it is our session's already, as where a container of this name runs inside another. */
	if (set_perm && ring &&
	    syscall(SYS_keyctl, KEYCTL_SETPERM, ring,
		    SESSION_PERM | USER_SEARCH | (userns ? OTHER_SEARCH : 0)) < 0 &&
	    errno != EACCES)
		return fail("set permissions of session keyring %s", name);
	return 0;
}
