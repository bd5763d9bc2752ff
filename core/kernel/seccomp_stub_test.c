/* seccomp_stub_test.c - what the instructions before a filter return for each architecture. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/seccomp_test.h"

static const struct {
	const char *what;
	struct seccomp_top tops[4];
	uint32_t arch, nr;
	bool enosys;
} stubs[] = {
	{ "below the top", { { AARCH64, 400 } }, AARCH64, 399, false },
	{ "the top itself", { { AARCH64, 400 } }, AARCH64, 400, false },
	{ "above the top", { { AARCH64, 400 } }, AARCH64, 401, true },
	{ "another architecture", { { AARCH64, 400 } }, X86, 401, false },
	{ "second architecture, above", { { AARCH64, 400 }, { X86, 300 } }, X86, 301, true },
	{ "second architecture, below", { { AARCH64, 400 }, { X86, 300 } }, X86, 300, false },
	{ "nothing named", { { AARCH64, -1 }, { X86, 300 } }, AARCH64, 5000, false },
	{ "x86-64 above", { { X86_64, 334 } }, X86_64, 335, true },
	{ "x86-64 top", { { X86_64, 334 } }, X86_64, 334, false },
	{ "x32 goes to the filter if it is not listed",
	  { { X86_64, 334 } },
	  X86_64,
	  0x40000000 + 9999,
	  false },
	{ "x32 above its own top",
	  { { X86_64, 334 }, { SECCOMP_ARCH_X32, 0x40000000 + 500 } },
	  X86_64,
	  0x40000000 + 501,
	  true },
	{ "x32 at its top",
	  { { X86_64, 334 }, { SECCOMP_ARCH_X32, 0x40000000 + 500 } },
	  X86_64,
	  0x40000000 + 500,
	  false },
	{ "x86-64 with x32",
	  { { SECCOMP_ARCH_X32, 0x40000000 + 500 }, { X86_64, 334 } },
	  X86_64,
	  335,
	  true },
	{ "x86-64 with x32, top",
	  { { SECCOMP_ARCH_X32, 0x40000000 + 500 }, { X86_64, 334 } },
	  X86_64,
	  334,
	  false },
	{ "x32 alone, above",
	  { { SECCOMP_ARCH_X32, 0x40000000 + 500 } },
	  X86_64,
	  0x40000000 + 501,
	  true },
	{ "x32 alone leaves x86-64 to the filter",
	  { { SECCOMP_ARCH_X32, 0x40000000 + 500 } },
	  X86_64,
	  9999,
	  false },
	{ "s390x setup", { { SECCOMP_ARCH_S390X, 300 } }, SECCOMP_ARCH_S390X, 0, true },
	{ "s390x below", { { SECCOMP_ARCH_S390X, 300 } }, SECCOMP_ARCH_S390X, 1, false },
	{ "s390 above", { { SECCOMP_ARCH_S390, 300 } }, SECCOMP_ARCH_S390, 301, true },
	{ "0 on another architecture is a usual call", { { AARCH64, 300 } }, AARCH64, 0, false },
	{ "arm above", { { SECCOMP_ARCH_ARM, 400 } }, SECCOMP_ARCH_ARM, 401, true },
	{ "arm private", { { SECCOMP_ARCH_ARM, 400 } }, SECCOMP_ARCH_ARM, 0xf0005, false },
	{ "arm after x86-64",
	  { { X86_64, 334 }, { SECCOMP_ARCH_ARM, 400 } },
	  SECCOMP_ARCH_ARM,
	  401,
	  true },
};

int main(void)
{
	struct seccomp_insn in[SECCOMP_STUB_MAX + 1];
	struct seccomp_top many[SECCOMP_TOPS_MAX];
	struct data d = { 0 };
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(stubs); i++) {
		size_t tops = 0;

		while (tops < 4 && stubs[i].tops[tops].arch)
			tops++;
		n = seccomp_stub(stubs[i].tops, tops, in);
		in[n++] = (struct seccomp_insn){ 0x06, 0, 0, ALLOW };
		d.arch = stubs[i].arch;
		d.nr = stubs[i].nr;
		ok(interpret(in, n, &d) == (stubs[i].enosys ? ERR(ENOSYS) : ALLOW), "stub: %s: %s",
		   stubs[i].what, stubs[i].enosys ? "ENOSYS" : "filter");
	}
	ok(!seccomp_stub(&(struct seccomp_top){ AARCH64, -1 }, 1, in),
	   "a profile that names no call has no stub");
	for (size_t i = 0; i < SECCOMP_TOPS_MAX; i++)
		many[i] = (struct seccomp_top){ i ? 1000 + i : X86_64, 10 };
	many[SECCOMP_TOPS_MAX - 1] = (struct seccomp_top){ SECCOMP_ARCH_X32, 0x40000000 + 10 };
	n = seccomp_stub(many, SECCOMP_TOPS_MAX, in);
	ok(n <= SECCOMP_STUB_MAX, "SECCOMP_TOPS_MAX architectures fit (%zu instructions)", n);
	in[n++] = (struct seccomp_insn){ 0x06, 0, 0, ALLOW };
	d = (struct data){ .arch = 1000 + SECCOMP_TOPS_MAX - 2, .nr = 11 };
	ok(interpret(in, n, &d) == ERR(ENOSYS), "the last of many architectures is tested");
	ok(!seccomp_counts(SECCOMP_ARCH_ARM, 0xf0002) && seccomp_counts(AARCH64, 0xf0002) &&
		   !seccomp_counts(AARCH64, -10001),
	   "seccomp_counts: false for private calls and pseudo numbers");
	return done();
}
