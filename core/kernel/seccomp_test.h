/* seccomp_test.h - profiles as text, and an interpreter for their programs. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_KERNEL_SECCOMP_TEST_H
#define CORE_KERNEL_SECCOMP_TEST_H

#include "core/kernel/claim_test.h"
#include "core/kernel/seccomp.h"

#include <stdlib.h>

static struct arena arena;

#define X86_64 SECCOMP_ARCH_X86_64
#define X86 0x40000003u
#define AARCH64 0xc00000b7u
#define RISCV64 0xc00000f3u
#define FOREIGN 0xc0000102u /* LoongArch, on which the tests do not run */

#define ALLOW 0x7fff0000u
#define LOG 0x7ffc0000u
#define TRACE 0x7ff00000u
#define NOTIFY 0x7fc00000u
#define TRAP 0x00030000u
#define KILL_PROCESS 0x80000000u
#define KILL_THREAD 0u
#define ERR(e) (SECCOMP_RET_ERRNO_ | (e))

/* ---- classic BPF, as far as filters use it ------------------------------------------------- */

struct data {
	uint32_t nr, arch;
	uint64_t ip, args[6];
};

#define BROKEN 0xdeadbeefu

static inline uint32_t interpret(const struct seccomp_insn *in, size_t n, const struct data *d)
{
	uint32_t acc = 0;

	for (size_t at = 0; at < n; at++) {
		const struct seccomp_insn *i = &in[at];
		bool yes;

		switch (i->code) {
		case 0x20:
			if (i->k > sizeof(*d) - 4)
				return BROKEN;
			memcpy(&acc, (const char *)d + i->k, 4);
			continue;
		case 0x54: acc &= i->k; continue;
		case 0x05: at += i->k; continue;
		case 0x15: yes = acc == i->k; break;
		case 0x25: yes = acc > i->k; break;
		case 0x35: yes = acc >= i->k; break;
		case 0x45: yes = acc & i->k; break;
		case 0x06: return i->k;
		default: return BROKEN;
		}
		at += yes ? i->jt : i->jf;
	}
	return BROKEN;
}

static inline uint32_t run(const struct seccomp_prog *p, uint32_t arch, uint32_t nr, uint64_t a0,
			   uint64_t a1)
{
	const struct data d = { .nr = nr, .arch = arch, .args = { a0, a1 } };

	return interpret(p->filter, p->len, &d);
}

/* ---- profiles ------------------------------------------------------------------------------ */

/* Reads a profile from text, by the rows of the config. */
static inline const struct oci_seccomp *profile(const char *seccomp)
{
	char *text = arena_printf(&arena,
				  "{'ociVersion':'1.0.2','root':{'path':'r'},'process':{'cwd':'/',"
				  "'args':['a'],'user':{'uid':0,'gid':0}},'linux':{'seccomp':%s}}",
				  seccomp);
	struct oci_doc *doc = arena_alloc(&arena, sizeof(*doc));

	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	if (oci_load_text(&arena, "profile", text, strlen(text), doc) < 0) {
		printf("# %s\n", err_text());
		exit(1);
	}
	return doc->config.linux->seccomp;
}

static inline struct seccomp_prog compiled(const char *seccomp)
{
	struct seccomp_prog p = { 0 };

	if (seccomp_compile(&arena, profile(seccomp), -1, &p) < 0)
		printf("# %s\n", err_text());
	return p;
}

#define ARG(i, v, v2, op)                                                                          \
	"{'index':" #i ",'value':" #v ",'valueTwo':" #v2 ",'op':'SCMP_CMP_" #op "'}"
#define CALLS(calls) "'syscalls':[" calls "]"
#define CALL(name, action, more) "{'names':['" name "'],'action':'SCMP_ACT_" action "'" more "}"
#define NATIVE "'architectures':['SCMP_ARCH_X86_64'],"

#endif
