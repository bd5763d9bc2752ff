/* seccomp.c - compiles a profile to a program and loads it (seccomp(2)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/seccomp.h"

#if WITH_SECCOMP

#include <seccomp.h>
#include <stdio.h>
#include <string.h>

/* seccomp(2), 3.17 */
#define SET_MODE_FILTER 1
#define FLAG_TSYNC 0x01u
#define FLAG_SPEC_ALLOW 0x04u /* 4.17 */
#define FLAG_NEW_LISTENER 0x08u /* 5.0 */
#define FLAG_WAIT_KILLABLE_RECV 0x20u /* 5.19 */

/* Part of the cache's key. It must change if the same profile gives another program. */
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define LIBRARY TEXT(SCMP_VER_MAJOR) "." TEXT(SCMP_VER_MINOR) "." TEXT(SCMP_VER_MICRO)
#define BUILD "1 " LIBRARY " " TEXT(__SIZEOF_POINTER__) " " TEXT(__BYTE_ORDER__)

const char seccomp_library[] = LIBRARY;

/* ---- actions ------------------------------------------------------------------------------- */

static const struct {
	int action; /* enum oci_seccomp_action */
	uint32_t value; /* SCMP_ACT_* */
	bool number; /* takes an errno or a message for the tracer */
} actions[] = {
	{ OCI_ACT_KILL, SCMP_ACT_KILL_THREAD, false },
	{ OCI_ACT_KILL_PROCESS, SCMP_ACT_KILL_PROCESS, false },
	{ OCI_ACT_KILL_THREAD, SCMP_ACT_KILL_THREAD, false },
	{ OCI_ACT_TRAP, SCMP_ACT_TRAP, false },
	{ OCI_ACT_ERRNO, SCMP_ACT_ERRNO(0), true },
	{ OCI_ACT_TRACE, SCMP_ACT_TRACE(0), true },
	{ OCI_ACT_ALLOW, SCMP_ACT_ALLOW, false },
	{ OCI_ACT_LOG, SCMP_ACT_LOG, false },
	{ OCI_ACT_NOTIFY, SCMP_ACT_NOTIFY, false },
};

/* The check of the config has refused actions that do not allow an errno. */
static uint32_t action_value(int action, const uint32_t *errno_ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (actions[i].action == action)
			return actions[i].value | (!actions[i].number ? 0
						   : errno_ret	      ? *errno_ret & 0xffff
								      : EPERM);
	return SCMP_ACT_KILL_PROCESS;
}

/* ---- rules --------------------------------------------------------------------------------- */

static int scmp_fail(int rc, const char *what, const char *name)
{
	errno = -rc;
	return fail("seccomp: %s%s", what, name);
}

static bool index_twice(const struct oci_syscall *call)
{
	unsigned seen = 0;

	list_each (arg, call->args) {
		if (seen & 1u << (arg->index & 31))
			return true;
		seen |= 1u << (arg->index & 31);
	}
	return false;
}

static int add_rule(scmp_filter_ctx ctx, uint32_t action, const char *name,
		    const struct oci_syscall *call)
{
	struct scmp_arg_cmp cmp[6];
	unsigned n = 0;
	int rc, nr = seccomp_syscall_resolve_name(name);

	if (nr == __NR_SCMP_ERROR) {
		log_debug("seccomp: system call %s is not known, skipped", name);
		return 0;
	}
	/* libseccomp refuses two tests of one argument. Engines mean "or" by them: make
	 * a rule for each. */
	if (index_twice(call)) {
		list_each (arg, call->args) {
			cmp[0] = (struct scmp_arg_cmp){ arg->index, arg->op, arg->value,
							arg->value_two };
			rc = seccomp_rule_add_array(ctx, action, nr, 1, cmp);
			if (rc < 0)
				return scmp_fail(rc, "rule for ", name);
		}
		return 0;
	}
	list_each (arg, call->args) {
		if (n == ARRAY_SIZE(cmp))
			return failx("seccomp: rule for %s has more than six arguments", name);
		cmp[n++] = (struct scmp_arg_cmp){ arg->index, arg->op, arg->value, arg->value_two };
	}
	rc = seccomp_rule_add_array(ctx, action, nr, n, cmp);
	return rc < 0 ? scmp_fail(rc, "rule for ", name) : 0;
}

static int add_rules(scmp_filter_ctx ctx, const struct oci_seccomp *s, uint32_t default_action)
{
	uint32_t action;

	list_each (call, s->syscalls) {
		action = action_value(call->action, call->errno_ret);
		/* libseccomp refuses a rule whose action is the default action. */
		if (action == default_action)
			continue;
		list_each (name, call->names) {
			if (add_rule(ctx, action, *name, call) < 0)
				return -1;
		}
	}
	return 0;
}

static int add_archs(scmp_filter_ctx ctx, const struct oci_seccomp *s)
{
	/* libseccomp has added the native architecture, which the profile may list or not. */
	list_each (arch, s->architectures) {
		int rc = seccomp_arch_add(ctx, (uint32_t)*arch);

		if (rc == -EDOM)
			return failx("seccomp: %s has another byte order than this machine",
				     json_word_name(oci_seccomp_arch_words, *arch));
		if (rc < 0 && rc != -EEXIST)
			return scmp_fail(rc, "architecture ",
					 json_word_name(oci_seccomp_arch_words, *arch));
	}
	return 0;
}

/* ---- the ENOSYS stub ----------------------------------------------------------------------- */

static int top_call(const struct oci_seccomp *s, uint32_t arch)
{
	int top = -1;

	list_each (call, s->syscalls) {
		list_each (name, call->names) {
			int nr = seccomp_syscall_resolve_name_arch(arch, *name);

			if (nr > top && seccomp_counts(arch, nr))
				top = nr;
		}
	}
	return top;
}

/* False if the default action allows calls or asks a tracer: there is no EPERM to
 * replace by ENOSYS. */
static bool wants_stub(const struct oci_seccomp *s)
{
	return s->default_action != OCI_ACT_ALLOW && s->default_action != OCI_ACT_LOG &&
	       s->default_action != OCI_ACT_TRACE;
}

static size_t make_stub(const struct oci_seccomp *s, struct seccomp_insn out[SECCOMP_STUB_MAX])
{
	struct seccomp_top tops[SECCOMP_TOPS_MAX];
	size_t n = 0;

	if (!wants_stub(s))
		return 0;
	/* The native architecture comes first, because nearly every call has it. */
	tops[n++].arch = seccomp_arch_native();
	list_each (arch, s->architectures)
		if (n < SECCOMP_TOPS_MAX && (uint32_t)*arch != tops[0].arch)
			tops[n++].arch = (uint32_t)*arch;
	for (size_t i = 0; i < n; i++)
		tops[i].nr = top_call(s, tops[i].arch);
	return seccomp_stub(tops, n, out);
}

/* ---- the program --------------------------------------------------------------------------- */

static int build(scmp_filter_ctx ctx, struct arena *a, const struct oci_seccomp *s,
		 uint32_t default_action, struct seccomp_prog *out)
{
	struct seccomp_insn stub[SECCOMP_STUB_MAX], *filter;
	size_t n = make_stub(s, stub), len = 0;
	int rc;

	if (add_archs(ctx, s) < 0 || add_rules(ctx, s, default_action) < 0)
		return -1;
	/* Ask for the length first: libseccomp 2.6.0 reads beyond its program if the
	 * buffer is larger. */
	rc = seccomp_export_bpf_mem(ctx, NULL, &len);
	if (rc < 0)
		return scmp_fail(rc, "make the program", "");
	if (n + len / sizeof(*filter) > SECCOMP_INSNS_MAX)
		return failx("seccomp: the profile makes %zu instructions, the kernel takes %d",
			     n + len / sizeof(*filter), SECCOMP_INSNS_MAX);
	filter = arena_alloc(a, n * sizeof(*filter) + len);
	memcpy(filter, stub, n * sizeof(*filter));
	rc = seccomp_export_bpf_mem(ctx, filter + n, &len);
	if (rc < 0)
		return scmp_fail(rc, "copy the program", "");
	out->filter = filter;
	out->len = seccomp_squeeze(a, filter, n + len / sizeof(*filter));
	return 0;
}

static int compile(struct arena *a, const struct oci_seccomp *s, struct seccomp_prog *out)
{
	uint32_t default_action = action_value(s->default_action, s->default_errno_ret);
	scmp_filter_ctx ctx = seccomp_init(default_action);
	int result;

	if (!ctx)
		return failx("seccomp: default action %s is refused by libseccomp",
			     json_word_name(oci_seccomp_action_words, s->default_action));
	result = build(ctx, a, s, default_action, out);
	seccomp_release(ctx);
	return result;
}

static unsigned load_flags(const struct oci_seccomp *s, bool notify)
{
	/* SPEC_ALLOW is the spec's default without "flags"; an empty list means no flag. */
	unsigned flags = s->flags.at ? 0 : FLAG_SPEC_ALLOW;

	list_each (flag, s->flags)
		flags |= (unsigned)*flag;
	/* We have one thread, so TSYNC has no effect; and the kernel refuses it with a listener. */
	flags &= ~FLAG_TSYNC;
	if (notify)
		return flags | FLAG_NEW_LISTENER;
	return flags & ~FLAG_WAIT_KILLABLE_RECV;
}

int seccomp_compile(struct arena *a, const struct oci_seccomp *s, int cachedir,
		    struct seccomp_prog *out)
{
	struct seccomp_key key;

	*out = (struct seccomp_prog){ NULL, 0, 0, false };
	list_each (call, s->syscalls)
		if (call->action == OCI_ACT_NOTIFY)
			out->notify = true;
	out->flags = load_flags(s, out->notify);
	if (cachedir < 0)
		return compile(a, s, out);
	seccomp_key(a, s, BUILD, &key);
	if (seccomp_cache_get(a, cachedir, &key, out))
		return 0;
	if (compile(a, s, out) < 0)
		return -1;
	seccomp_cache_put(a, cachedir, &key, out);
	return 0;
}

int seccomp_install(const struct seccomp_prog *p, int *listener)
{
	struct {
		unsigned short len;
		const void *filter;
	} prog = { p->len, p->filter };
	unsigned flags = p->flags;
	int rc;

	*listener = -1;
	if (!p->len)
		return 0;
	rc = syscall(SYS_seccomp, SET_MODE_FILTER, flags, &prog);
	/* KERNEL 4.17: SPEC_ALLOW (EINVAL); without it the slower mitigations stay on. */
	if (rc < 0 && errno == EINVAL && flags & FLAG_SPEC_ALLOW) {
		flags &= ~FLAG_SPEC_ALLOW;
		rc = syscall(SYS_seccomp, SET_MODE_FILTER, flags, &prog);
	}
	/* KERNEL 4.14: LOG; 5.0: NOTIFY; 5.19: WAIT_KILLABLE_RECV (EINVAL); an error
	 * on older kernels. */
	if (rc < 0) {
		fail("load the seccomp filter (%u instructions, flags 0x%x)", p->len, flags);
		if (err_num() == EACCES)
			fail_hint("it needs noNewPrivileges or CAP_SYS_ADMIN");
		if (err_num() == ENOSYS)
			fail_hint("this kernel has no seccomp");
		return -1;
	}
	if (flags & FLAG_NEW_LISTENER)
		*listener = rc;
	return 0;
}

enum seccomp_verdict seccomp_verdict(const struct seccomp_prog *p, int nr)
{
	uint32_t value;

	if (!p->len)
		return SECCOMP_ALLOWS;
	/* libseccomp's architectures have the kernel's numbers, AUDIT_ARCH_*. */
	if (!seccomp_answer(p->filter, p->len, seccomp_arch_native(), nr, &value))
		return SECCOMP_DEPENDS;
	switch (value & 0xffff0000) {
	case SCMP_ACT_KILL_PROCESS:
	case SCMP_ACT_KILL_THREAD:
	case SCMP_ACT_TRAP: return SECCOMP_KILLS;
	case SCMP_ACT_ALLOW:
	case SCMP_ACT_LOG: return SECCOMP_ALLOWS;
	}
	return SECCOMP_REFUSES;
}

bool seccomp_allows(const struct seccomp_prog *p, int nr, const unsigned long args[2])
{
	/* seccomp_data of linux/seccomp.h */
	const struct {
		int nr;
		uint32_t arch;
		uint64_t at, args[6];
	} data = { nr, seccomp_arch_native(), 0, { args[0], args[1] } };
	const struct seccomp_insn *in = p->filter;
	uint32_t acc = 0;

	for (size_t at = 0; at < p->len; at++) {
		bool yes;

		switch (in[at].code) {
		case 0x20: /* load a word */
			if (in[at].k > sizeof(data) - sizeof(acc))
				return false;
			memcpy(&acc, (const char *)&data + in[at].k, sizeof(acc));
			continue;
		case 0x54: acc &= in[at].k; continue;
		case 0x05: at += in[at].k; continue; /* jump */
		case 0x15: yes = acc == in[at].k; break;
		case 0x25: yes = acc > in[at].k; break;
		case 0x35: yes = acc >= in[at].k; break;
		case 0x45: yes = acc & in[at].k; break;
		case 0x06: return in[at].k == SCMP_ACT_ALLOW || in[at].k == SCMP_ACT_LOG;
		default: return false;
		}
		at += yes ? in[at].jt : in[at].jf;
	}
	return !p->len;
}

#else

const char seccomp_library[] = "";

int seccomp_compile(struct arena *a, const struct oci_seccomp *s, int cachedir,
		    struct seccomp_prog *out)
{
	return not_built("WITH_SECCOMP", "seccomp");
}

int seccomp_install(const struct seccomp_prog *p, int *listener)
{
	*listener = -1;
	return 0;
}

enum seccomp_verdict seccomp_verdict(const struct seccomp_prog *p, int nr)
{
	return SECCOMP_ALLOWS;
}

bool seccomp_allows(const struct seccomp_prog *p, int nr, const unsigned long args[2])
{
	return true;
}

#endif
