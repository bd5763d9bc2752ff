/* devices.c - merges device rules into one default and its exceptions. Pure. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <string.h>

/*
 * Added after the rules of the config: every container may use the harmless devices, and make any
 * node, because opening the node is checked again.
 */
static const struct dev_rule defaults[] = {
	{ 'c', DEV_ANY, DEV_ANY, DEV_M, true },
	{ 'b', DEV_ANY, DEV_ANY, DEV_M, true },
	{ 'c', 1, 3, DEV_R | DEV_W | DEV_M, true }, /* null */
	{ 'c', 1, 8, DEV_R | DEV_W | DEV_M, true }, /* random */
	{ 'c', 1, 7, DEV_R | DEV_W | DEV_M, true }, /* full */
	{ 'c', 5, 0, DEV_R | DEV_W | DEV_M, true }, /* tty */
	{ 'c', 1, 5, DEV_R | DEV_W | DEV_M, true }, /* zero */
	{ 'c', 1, 9, DEV_R | DEV_W | DEV_M, true }, /* urandom */
	{ 'c', 136, DEV_ANY, DEV_R | DEV_W | DEV_M, true }, /* pts */
	{ 'c', 5, 2, DEV_R | DEV_W | DEV_M, true }, /* ptmx */
	{ 'c', 10, 200, DEV_R | DEV_W | DEV_M, true }, /* tun */
};

static bool covers_number(int64_t wide, int64_t narrow)
{
	return wide == DEV_ANY || wide == narrow;
}

/* True if a has every device of b. */
static bool covers(const struct dev_rule *a, const struct dev_rule *b)
{
	return a->type == b->type && covers_number(a->major, b->major) &&
	       covers_number(a->minor, b->minor);
}

/* True if a device is in both rules. */
static bool overlaps(const struct dev_rule *a, const struct dev_rule *b)
{
	return a->type == b->type && (covers_number(a->major, b->major) || b->major == DEV_ANY) &&
	       (covers_number(a->minor, b->minor) || b->minor == DEV_ANY);
}

static void add_exception(struct arena *a, struct dev_set *set, const struct dev_rule *rule)
{
	list_each (e, set->except) {
		if (covers(e, rule) && covers(rule, e)) {
			e->access |= rule->access;
			e->is_default &= rule->is_default;
			return;
		}
	}
	set->except.at = arena_grow(a, set->except.at, set->except.n, &set->size, sizeof(*rule));
	set->except.at[set->except.n++] = *rule;
}

/*
 * Removes rule's devices from the exceptions. A part of a wider exception cannot be removed,
 * because the v1 kernel has no such rules; runc refuses that too.
 */
static int remove_exceptions(struct dev_set *set, const struct dev_rule *rule)
{
	size_t kept = 0;

	list_each (e, set->except) {
		if (!overlaps(e, rule) || !(e->access & rule->access))
			continue;
		if (!covers(rule, e)) {
			char wide[48];

			devices_line(e, wide);
			return failx("cannot punch hole in existing wildcard rule \"%s\"", wide);
		}
	}
	list_each (e, set->except) {
		if (covers(rule, e))
			e->access &= ~rule->access;
		if (e->access)
			set->except.at[kept++] = *e;
	}
	set->except.n = kept;
	return 0;
}

static int one_rule(struct arena *a, struct dev_set *set, bool allow, const struct dev_rule *rule)
{
	if (allow == set->allow)
		return remove_exceptions(set, rule);
	if (rule->access)
		add_exception(a, set, rule);
	return 0;
}

static int rule_number(const int64_t *n, const char *what, int64_t *out)
{
	*out = n ? *n : DEV_ANY;
	if (*out < DEV_ANY || *out > INT32_MAX)
		return failx("%s: %lld is not a device number", what, (long long)*out);
	return 0;
}

static const struct {
	char letter;
	unsigned bit;
} access_words[] = { { 'r', DEV_R }, { 'w', DEV_W }, { 'm', DEV_M } };

/* The bits of "rwm". Other letters are ignored, as runc does. */
static unsigned access_bits(const char *access)
{
	unsigned out = 0;

	for (size_t i = 0; access && i < ARRAY_SIZE(access_words); i++)
		if (strchr(access, access_words[i].letter))
			out |= access_words[i].bit;
	return out;
}

void devices_warn(const struct oci_resources *r)
{
	list_each (in, r->devices)
		if (!in->access || !*in->access || in->access[strspn(in->access, "rwm")])
			log_warn(
				"linux.resources.devices[%zu].access \"%s\": only the letters r, w "
				"and m have a meaning",
				in - r->devices.at, in->access ? in->access : "");
}

/* Converts a rule of the config. Returns 1; 0: the rule is for all devices; -1: it is invalid. */
static int convert(const struct oci_device_rule *in, struct dev_rule *out)
{
	out->access = access_bits(in->access);
	/* A rule without access allows nothing, but denies every access. */
	if (!out->access && !in->allow)
		out->access = DEV_R | DEV_W | DEV_M;
	if (!in->type || in->type == 'a')
		return 0; /* the kernel ignores the other fields of such a rule */
	if (in->type != 'b' && in->type != 'c')
		return failx("type '%c' is not one of a, b, c", in->type);
	out->type = in->type;
	if (rule_number(in->major, "major", &out->major) < 0 ||
	    rule_number(in->minor, "minor", &out->minor) < 0)
		return -1;
	return 1;
}

int devices_merge(struct arena *a, const struct oci_resources *r, struct dev_set *out)
{
	size_t i = 0;

	memset(out, 0, sizeof(*out));
	if (r) {
		list_each (in, r->devices) {
			struct dev_rule rule = { 0 };
			int ret = convert(in, &rule);

			if (ret == 0) {
				out->allow = in->allow;
				out->except.n = 0;
			} else if (ret < 0 || one_rule(a, out, in->allow, &rule) < 0) {
				return fail_in("devices[%zu]", i);
			}
			i++;
		}
	}
	for (i = 0; i < ARRAY_SIZE(defaults); i++)
		if (one_rule(a, out, true, &defaults[i]) < 0)
			return fail_in("default device rules");
	return 0;
}

static char *put_number(char *to, int64_t n)
{
	return n == DEV_ANY ? stpcpy(to, "*") : text_decimal(to, (unsigned)n);
}

void devices_line(const struct dev_rule *r, char buf[48])
{
	char *to = buf;

	*to++ = r->type;
	*to++ = ' ';
	to = stpcpy(put_number(to, r->major), ":");
	to = stpcpy(put_number(to, r->minor), " ");
	for (size_t i = 0; i < ARRAY_SIZE(access_words); i++)
		if (r->access & access_words[i].bit)
			*to++ = access_words[i].letter;
	*to = '\0';
}
