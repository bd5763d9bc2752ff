/* seccomp_stub.c - makes the instructions before a filter that return ENOSYS for unknown calls. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/seccomp.h"

/*
 * A profile lists the system calls that existed when it was written. A libc that tries a newer call
 * falls back to an older one after ENOSYS, but not after the EPERM of such a profile. So a call
 * whose number is above all that the profile names returns ENOSYS, as on an older kernel.
 */

/* classic BPF, linux/bpf_common.h */
enum {
	LD_ABS = 0x20, /* ld [k] */
	JA = 0x05,
	JEQ = 0x15,
	JGT = 0x25,
	JGE = 0x35,
	RET = 0x06,
};

#define X32_BIT 0x40000000
#define ARM_PRIVATE 0x0f0000 /* cacheflush, set_tls and so on */

bool seccomp_counts(uint32_t arch, int nr)
{
	return nr >= 0 && !(arch == SECCOMP_ARCH_ARM && nr >= ARM_PRIVATE);
}

struct stub {
	struct seccomp_insn *at;
	size_t n;
};

static void put_stub(struct stub *s, int code, uint32_t k, uint8_t jt, uint8_t jf)
{
	s->at[s->n++] = (struct seccomp_insn){ .code = code, .jt = jt, .jf = jf, .k = k };
}

/* Values of jt and jf in the tests after `ld nr`: put_section replaces them by the distance to the
 * end of the section. */
#define TO_FILTER 0xff
#define TO_ENOSYS 0xfe

static int find_top(const struct seccomp_top *tops, size_t n, uint32_t arch)
{
	for (size_t i = 0; i < n; i++)
		if (tops[i].arch == arch)
			return tops[i].nr;
	return -1;
}

static void put_tests(struct stub *s, const struct seccomp_top *top, int x32)
{
	const uint32_t nr = top->nr;

	switch (top->arch) {
	case SECCOMP_ARCH_X86_64:
		/* x86-64 and x32 share the architecture. The filter decides if the profile
		 * names no call of one of them. */
		put_stub(s, JGE, X32_BIT, 0, top->nr < 0 ? TO_FILTER : 1);
		if (x32 >= 0)
			put_stub(s, JGT, x32, TO_ENOSYS, TO_FILTER);
		else
			put_stub(s, JA, 0, TO_FILTER, TO_FILTER);
		if (top->nr >= 0)
			put_stub(s, JGT, nr, TO_ENOSYS, TO_FILTER);
		return;
	case SECCOMP_ARCH_S390:
	case SECCOMP_ARCH_S390X:
		/* The kernel shows numbers beyond its table as 0, which is the
		 * removed call setup(2). */
		put_stub(s, JEQ, 0, TO_ENOSYS, 0);
		break;
	case SECCOMP_ARCH_ARM: put_stub(s, JGE, ARM_PRIVATE, TO_FILTER, 0); break;
	}
	put_stub(s, JGT, nr, TO_ENOSYS, TO_FILTER);
}

static uint8_t patch(uint8_t jump, size_t from, size_t ret)
{
	if (jump == TO_ENOSYS)
		return ret - from - 1;
	if (jump == TO_FILTER)
		return ret - from; /* the JA after the RET */
	return jump;
}

/* Writes a section: jeq arch, else to the next section; ld nr, tests, ret ENOSYS, ja filter */
static void put_section(struct stub *s, const struct seccomp_top *top, int x32)
{
	size_t head = s->n, ret;

	put_stub(s, JEQ, top->arch, 0, 0);
	put_stub(s, LD_ABS, SECCOMP_DATA_NR, 0, 0);
	put_tests(s, top, x32);
	ret = s->n;
	for (size_t i = head + 2; i < ret; i++) {
		struct seccomp_insn *in = &s->at[i];

		if (in->code == JA)
			in->k = patch(in->jt, i, ret);
		in->jt = in->code == JA ? 0 : patch(in->jt, i, ret);
		in->jf = in->code == JA ? 0 : patch(in->jf, i, ret);
	}
	put_stub(s, RET, SECCOMP_RET_ERRNO_ | ENOSYS, 0, 0);
	put_stub(s, JA, 0, 0, 0); /* seccomp_stub sets the distance */
	s->at[head].jf = s->n - head - 1;
}

size_t seccomp_stub(const struct seccomp_top *tops, size_t n,
		    struct seccomp_insn out[SECCOMP_STUB_MAX])
{
	const int x32 = find_top(tops, n, SECCOMP_ARCH_X32);
	struct stub s = { out, 0 };

	put_stub(&s, LD_ABS, SECCOMP_DATA_ARCH, 0, 0);
	for (size_t i = 0; i < n && i < SECCOMP_TOPS_MAX; i++) {
		if (tops[i].arch == SECCOMP_ARCH_X32)
			continue;
		if (tops[i].nr >= 0 || (tops[i].arch == SECCOMP_ARCH_X86_64 && x32 >= 0))
			put_section(&s, &tops[i], x32);
	}
	if (x32 >= 0 && find_top(tops, n, SECCOMP_ARCH_X86_64) < 0)
		put_section(&s, &(struct seccomp_top){ SECCOMP_ARCH_X86_64, -1 }, x32);
	if (s.n == 1)
		return 0;
	for (size_t i = 0; i < s.n; i++)
		if (s.at[i].code == RET)
			s.at[i + 1].k = s.n - (i + 1) - 1;
	return s.n;
}
