/* old.c - runs a command as on an older kernel, as far as system calls go: `old [OPTION] CMD`. */
/* SPDX-License-Identifier: MIT */
/*
 * Without an option it is Linux 4.14; -5.4 and -5.10 are those. Later system calls answer ENOSYS:
 * since 5.1 a number is the same on all architectures, and grows with the version. For 4.14 these
 * are all from 403 on, and statx, rseq and getrandom, which a kernel may have been built without or
 * a container engine may hide. Flags of older calls keep their effect. With "-denied" the later
 * calls answer EPERM, as under the seccomp profile of an engine of that time.
 *
 * -n: as on a kernel before 7.0, without OPEN_TREE_NAMESPACE and nothing else.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The first number that a version does not have. close_range(2) of 5.9 has an earlier one than
 * openat2(2) of 5.6. */
static const struct {
	const char *option;
	unsigned first, error;
} versions[] = {
	{ "-5.4", 436, ENOSYS },
	{ "-5.10", 441, ENOSYS },
	{ "-5.10-denied", 441, EPERM },
};

#define FIRST_NEW 403 /* clock_gettime64, 5.1 */
#define PRIVATE 0xf0000 /* of ARM, such as set_tls */

/* linux/filter.h */
struct insn {
	uint16_t code;
	uint8_t yes, no;
	uint32_t k;
};
#define LOAD_NR                                                                                    \
	{                                                                                          \
		0x20, 0, 0, 0                                                                      \
	}
#define RETURN(error)                                                                              \
	{                                                                                          \
		0x06, 0, 0, 0x00050000 | (error)                                                   \
	}
#define ALLOW                                                                                      \
	{                                                                                          \
		0x06, 0, 0, 0x7fff0000                                                             \
	}
#define UNLESS_EQUAL(nr)                                                                           \
	{                                                                                          \
		0x15, 0, 1, nr                                                                     \
	}
#define UNLESS_SKIP(nr, skip)                                                                      \
	{                                                                                          \
		0x15, 0, skip, nr                                                                  \
	}
#define UNLESS_FROM(nr, skip)                                                                      \
	{                                                                                          \
		0x35, 0, skip, nr                                                                  \
	}

/* open_tree(2) with this flag answers EINVAL. */
#define OPEN_TREE_NR 428
#define OPEN_TREE_NAMESPACE 2
#define LOAD_FLAGS                                                                                 \
	{                                                                                          \
		0x20, 0, 0, 32 /* the low half of the third argument */                            \
	}
#define UNLESS_SET(bits)                                                                           \
	{                                                                                          \
		0x45, 0, 1, bits                                                                   \
	}

int main(int argc, char **argv)
{
	/* clang-format off */
	struct insn code[] = {
		LOAD_NR,
		UNLESS_FROM(PRIVATE, 1), ALLOW,
		UNLESS_FROM(FIRST_NEW, 1), RETURN(ENOSYS),
		UNLESS_EQUAL(SYS_statx), RETURN(ENOSYS),
		UNLESS_EQUAL(SYS_getrandom), RETURN(ENOSYS),
#ifdef SYS_rseq
		UNLESS_EQUAL(SYS_rseq), RETURN(ENOSYS),
#endif
		ALLOW,
	};
	struct insn no_namespace[] = {
		LOAD_NR,
		UNLESS_SKIP(OPEN_TREE_NR, 3), LOAD_FLAGS,
		UNLESS_SET(OPEN_TREE_NAMESPACE), RETURN(EINVAL),
		ALLOW,
	};
	/* clang-format on */
	struct {
		unsigned short len;
		const struct insn *code;
	} prog = { sizeof(code) / sizeof(*code), code };

	if (argc < 2)
		return 2;
	if (!strcmp(argv[1], "-n") && argc > 2) {
		prog.len = sizeof(no_namespace) / sizeof(*no_namespace);
		prog.code = no_namespace;
		argv++;
	}
	for (unsigned i = 0; argc > 2 && i < sizeof(versions) / sizeof(*versions); i++)
		if (!strcmp(argv[1], versions[i].option)) {
			/* The rules that follow are of 4.14 alone. */
			code[3].k = versions[i].first;
			code[4] = (struct insn)RETURN(versions[i].error);
			code[5] = (struct insn)ALLOW;
			prog.len = 6;
			argv++;
			break;
		}
	if (geteuid())
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, 2 /* a filter */, &prog, 0, 0)) {
		perror("old: load the filter");
		return 125;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
