/* keyring.c - the container's session keyring (keyrings(7), keyctl(2)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#define KEYCTL_JOIN_SESSION_KEYRING 1
#define KEYCTL_SETPERM 5

/* The possessor may do everything; its user may search only. The kernel's default also lets the
 * user view, read and link, but other containers and the host have processes of the same user. */
#define POSSESSOR_ALL 0x3f000000U
#define USER_SEARCH 0x00080000U
#define OTHER_SEARCH 0x00000008U

const char *keyring_name(struct arena *a, const char *id)
{
	return arena_printf(a, "_ses.%s.%016llx", id, (unsigned long long)sys_secret());
}

int keyring_join(const char *name, bool set_perm, bool userns)
{
	long ring;

	ring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	if (ring < 0 && (errno == ENOSYS || errno == EPERM)) {
		/* Without CONFIG_KEYS there is no keyring to leak; an outer profile may
		 * forbid the call. */
		fail("join session keyring");
		err_clear("keyrings cannot be used here");
		return 0;
	}
	if (ring < 0) {
		fail("unable to join session keyring %s", name);
		return errno == EDQUOT
			       ? fail_hint("see kernel.keys.maxkeys and kernel.keys.maxbytes")
			       : -1;
	}
	/* 0: it already was the keyring of our session. */
	if (set_perm && ring &&
	    syscall(SYS_keyctl, KEYCTL_SETPERM, ring,
		    POSSESSOR_ALL | USER_SEARCH | (userns ? OTHER_SEARCH : 0)) < 0 &&
	    errno != EACCES)
		return fail("set permissions of session keyring %s", name);
	return 0;
}
