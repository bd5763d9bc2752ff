/* seccomp.h - private to seccomp*.c: instructions, the stub, the cache. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_KERNEL_SECCOMP_H
#define CORE_KERNEL_SECCOMP_H

#include "core/kernel/kernel.h"

/* struct sock_filter of linux/filter.h */
struct seccomp_insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

#define SECCOMP_INSNS_MAX 4096 /* BPF_MAXINSNS */

/* seccomp_data of linux/seccomp.h: offsets a filter loads from */
#define SECCOMP_DATA_NR 0
#define SECCOMP_DATA_ARCH 4

/* Return values */
#define SECCOMP_RET_ERRNO_ 0x00050000u

/* ---- seccomp_stub.c ------------------------------------------------------------------------ */

/* The highest system call that a profile names for one architecture. */
struct seccomp_top {
	uint32_t arch; /* AUDIT_ARCH_* as the kernel shows it, or SECCOMP_ARCH_X32 */
	int nr; /* with the bits of its ABI (x32: bit 30); -1: it names no call */
};

#define SECCOMP_ARCH_X86_64 0xc000003eu
#define SECCOMP_ARCH_X32 0x4000003eu /* libseccomp's: the kernel shows x86-64 for both */
#define SECCOMP_ARCH_ARM 0x40000028u
#define SECCOMP_ARCH_S390 0x00000016u
#define SECCOMP_ARCH_S390X 0x80000016u

#define SECCOMP_TOPS_MAX 32
#define SECCOMP_STUB_MAX (1 + 8 * SECCOMP_TOPS_MAX)

/* Pure. Writes the instructions that come before a filter: calls above the top of their
 * architecture return ENOSYS, all others reach the filter. Returns the number of instructions. */
size_t seccomp_stub(const struct seccomp_top *tops, size_t n,
		    struct seccomp_insn out[SECCOMP_STUB_MAX]);
/* Pure. False for a private call of arch, whose number is far above the others. */
bool seccomp_counts(uint32_t arch, int nr);

/* ---- seccomp_squeeze.c --------------------------------------------------------------------- */

/* Replaces a filter by an equal, shorter one. Returns its length; n: it is unchanged. */
size_t seccomp_squeeze(struct arena *a, struct seccomp_insn *filter, size_t n);
/* Pure. What the filter returns for a number of an architecture. False: it tests arguments. */
bool seccomp_answer(const struct seccomp_insn *filter, size_t n, uint32_t arch, uint32_t nr,
		    uint32_t *value);

/* ---- seccomp_cache.c ----------------------------------------------------------------------- */

/* Everything in a profile that the program depends on, as bytes: equal profiles
 * have equal bytes. */
struct seccomp_key {
	const char *bytes;
	size_t len;
	char name[32]; /* of the file: a hash of bytes */
};

/* Pure. build: what else the program depends on (versions). */
void seccomp_key(struct arena *a, const struct oci_seccomp *s, const char *build,
		 struct seccomp_key *key);
/* 1: found, filter and len are set; 0: there is no file, or it cannot be trusted. */
int seccomp_cache_get(struct arena *a, int dir, const struct seccomp_key *key,
		      struct seccomp_prog *out);
/* Best effort: a cache that cannot be written costs time only. */
void seccomp_cache_put(struct arena *a, int dir, const struct seccomp_key *key,
		       const struct seccomp_prog *p);

#endif
