/* check_seccomp.c - rules about linux.seccomp. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"

#include <string.h>

/* An empty profile never gets here: it means no filter (settle_seccomp). */
static void default_action(struct check *k)
{
	const struct oci_seccomp *s = k->linux->seccomp;
	const struct json *word = check_member(json_get(k->node, "seccomp"), "defaultAction");

	/* An unknown word was reported when it was bound. */
	if (!s->default_action && (!word || (word->type == JSON_STRING && !*word->str)))
		check_say(check_place(k, "linux.seccomp.defaultAction"), "is missing");
	if (s->default_action == OCI_ACT_NOTIFY)
		check_say(check_place(k, "linux.seccomp.defaultAction"),
			  "SCMP_ACT_NOTIFY cannot be used as default action");
}

static bool takes_errno(int action)
{
	return !action || action == OCI_ACT_ERRNO || action == OCI_ACT_TRACE;
}

/* SECCOMP_RET_DATA has 16 bits, and the kernel cuts an errno to MAX_ERRNO, which is 4095. */
static void errno_value(struct check *k, int action, const uint32_t *value)
{
	if (value && !takes_errno(action))
		check_say(k, "is not for %s: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE have an errno",
			  json_word_name(oci_seccomp_action_words, action));
	else if (value && *value > (action == OCI_ACT_ERRNO ? 4095 : 65535))
		check_say(k, "must be at most %d", action == OCI_ACT_ERRNO ? 4095 : 65535);
}

static void errnos(struct check *k)
{
	const struct oci_seccomp *s = k->linux->seccomp;

	if (s->default_errno_ret)
		errno_value(check_at(k, "linux.seccomp.defaultErrnoRet"), s->default_action,
			    s->default_errno_ret);
	list_each (c, s->syscalls)
		if (c->errno_ret)
			errno_value(check_at(k, "linux.seccomp.syscalls[%zu].errnoRet",
					     c - s->syscalls.at),
				    c->action, c->errno_ret);
}

static void names(struct check *k)
{
	const struct oci_seccomp *s = k->linux->seccomp;

	list_each (c, s->syscalls) {
		size_t i = c - s->syscalls.at;

		if (c->names.at && !c->names.n)
			check_say(check_place(k, "linux.seccomp.syscalls[%zu].names", i),
				  "must not be empty");
		list_each (name, c->names)
			if (*name && !**name)
				check_say(check_place(k, "linux.seccomp.syscalls[%zu].names[%zu]",
						      i, name - c->names.at),
					  "must not be empty");
	}
}

static void arguments(struct check *k)
{
	const struct oci_seccomp *s = k->linux->seccomp;

	list_each (c, s->syscalls)
		list_each (a, c->args)
			if (a->index > 5)
				check_say(check_at(k, "linux.seccomp.syscalls[%zu].args[%zu].index",
						   c - s->syscalls.at, a - c->args.at),
					  "must be from 0 to 5");
}

/* Bits of AUDIT_ARCH_*: 64 bits, and the convention N32 of MIPS, whose arguments have 32. */
#define ARCH_64BIT 0x80000000u
#define ARCH_N32 0x20000000u

/* The first architecture of the filter whose arguments have 32 bits; NULL: all have 64. */
static const char *narrow_arch(const struct oci_seccomp *s)
{
	list_each (arch, s->architectures)
		if (((uint32_t)*arch & (ARCH_64BIT | ARCH_N32)) != ARCH_64BIT)
			return json_word_name(oci_seccomp_arch_words, *arch);
	return sizeof(long) == 4 ? "this machine" : NULL;
}

/* With 32 bits libseccomp ignores the upper half of a value: 4294967296 would match 0. A negative
 * number of 64 bits is the same number in 32, except for comparisons by order. */
static void wide_values(struct check *k)
{
	const struct oci_seccomp *s = k->linux->seccomp;
	const char *arch = narrow_arch(s);

	if (!arch)
		return;
	list_each (c, s->syscalls)
		list_each (a, c->args) {
			bool masked = a->op == OCI_CMP_MASKED_EQ;
			bool exact = masked || a->op == OCI_CMP_EQ || a->op == OCI_CMP_NE;
			uint64_t value = masked ? a->value_two : a->value;

			if (value <= UINT32_MAX || (exact && value >= (uint64_t)INT32_MIN))
				continue;
			check_say(check_at(k, "linux.seccomp.syscalls[%zu].args[%zu].%s",
					   c - s->syscalls.at, a - c->args.at,
					   masked ? "valueTwo" : "value"),
				  "does not fit into the 32 bits of an argument on %s", arch);
		}
}

/* init sends the descriptor of the listener by sendmsg(2). If that call waits for the listener's
 * answer, both sides wait for ever. write(2) is refused because other runtimes refuse it. */
static void notify_write(struct check *k)
{
	const struct oci_seccomp *s = k->linux->seccomp;

	list_each (c, s->syscalls) {
		if (c->action != OCI_ACT_NOTIFY)
			continue;
		list_each (name, c->names)
			if (*name && (!strcmp(*name, "write") || !strcmp(*name, "sendmsg")))
				check_say(check_place(k, "linux.seccomp.syscalls[%zu].names[%zu]",
						      c - s->syscalls.at, name - c->names.at),
					  "SCMP_ACT_NOTIFY cannot be used for the %s syscall",
					  *name);
	}
}

static void notify_listener(struct check *k)
{
	const struct oci_seccomp *s = k->linux->seccomp;

	if (s->listener_path)
		return;
	list_each (c, s->syscalls) {
		if (c->action != OCI_ACT_NOTIFY)
			continue;
		check_say(check_at(k, "linux.seccomp.listenerPath"),
			  "is missing for SCMP_ACT_NOTIFY");
		return;
	}
}

static void metadata(struct check *k)
{
	const struct oci_seccomp *s = k->linux->seccomp;

	if (s->listener_metadata && !s->listener_path)
		check_say(check_at(k, "linux.seccomp.listenerMetadata"), "needs listenerPath");
}

check_rule *const check_seccomp_rules[] = {
	default_action, /* the default action is set, and is not NOTIFY */
	errnos, /* only some actions have an errno */
	names, /* a rule has names, and they are not empty */
	arguments, /* the index of an argument is from 0 to 5 */
	wide_values, /* a value fits into an argument on each architecture of the filter */
	notify_write, /* NOTIFY is not for write and sendmsg */
	notify_listener, /* NOTIFY needs a listener */
	metadata, /* listenerMetadata needs a listener */
	NULL,
};
