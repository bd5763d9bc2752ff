/* units.c - converts resources to properties of a systemd unit. Pure. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list -------------------------------------------------------------------------------- */

struct unit_prop *units_add(struct unit_props *p, const char *name, const char *sig)
{
	struct unit_prop *u = arena_alloc(p->arena, sizeof(*u));

	u->name = name;
	u->sig = sig;
	*p->end = u;
	p->end = &u->next;
	return u;
}

void units_init(struct unit_props *p, struct arena *a)
{
	*p = (struct unit_props){ .arena = a };
	p->end = &p->first;
}

void units_add_str(struct unit_props *p, const char *name, const char *value)
{
	units_add(p, name, "s")->str = value;
}

void units_add_bool(struct unit_props *p, const char *name, bool value)
{
	units_add(p, name, "b")->num = value;
}

void units_add_u64(struct unit_props *p, const char *name, uint64_t value)
{
	units_add(p, name, "t")->num = value;
}

/* ---- conversions ----------------------------------------------------------------------------- */

#define UNLIMITED UINT64_MAX

static uint64_t limit_of(int64_t n)
{
	return n < 0 ? UNLIMITED : (uint64_t)n;
}

#define CPUS_MAX 8192

/* CPU n is bit n % 8 of byte n / 8; there are no zero bytes at the end. */
int units_cpuset(struct arena *a, const char *list, const char **out, size_t *len)
{
	unsigned char *bits = arena_alloc(a, CPUS_MAX / 8);
	uint64_t from, to;
	int ret;

	*out = (char *)bits;
	*len = 0;
	while ((ret = scan_range(&list, &from, &to)) > 0 && to < CPUS_MAX)
		for (; from <= to; from++) {
			bits[from / 8] |= 1u << from % 8;
			if (from / 8 >= *len)
				*len = from / 8 + 1;
		}
	return ret ? -1 : 0;
}

static int add_cpuset(struct unit_props *p, const char *name, const char *list)
{
	struct unit_prop *u;
	const char *bits;
	size_t len;

	/* These properties exist since systemd 244; with an older one only the file is written. */
	if (!list || p->version < 244)
		return 0;
	if (units_cpuset(p->arena, list, &bits, &len) < 0)
		return failx("%s: \"%s\" is not a list such as 0-3,7", name, list);
	u = units_add(p, name, "ay");
	u->str = bits;
	u->num = len;
	return 0;
}

/* NULL where a config has no set. Only a file of v2 that is empty makes an empty set, which takes
 * the limit away. */
static const char *set_of(const char *list)
{
	return list && *list ? list : NULL;
}

/* systemd keeps the quota of one second, in steps of 10 ms. It is rounded up, so that the container
 * never gets less than the config's quota. */
uint64_t units_cpu_quota(int64_t quota, uint64_t period)
{
	uint64_t per_second;

	/* The product below would overflow, and no machine has so many CPUs. */
	if (quota <= 0 || quota > INT64_MAX / 1000000)
		return UNLIMITED;
	if (!period)
		period = 100000;
	per_second = (uint64_t)quota * 1000000 / period;
	return (per_second + 9999) / 10000 * 10000;
}

static bool is_idle(const struct oci_cpu *c)
{
	return c->idle && *c->idle == 1;
}

const struct oci_resources *units_rounded(struct arena *a, const struct oci_resources *r, bool v2)
{
	const struct oci_cpu *c = r->cpu;
	struct oci_resources *out;
	uint64_t period = 100000, per_second = UNLIMITED;

	if (!c || ((!c->quota || *c->quota <= 0) && !(v2 && is_idle(c))))
		return r;
	out = memcpy(arena_alloc(a, sizeof(*out)), r, sizeof(*out));
	out->cpu = memcpy(arena_alloc(a, sizeof(*out->cpu)), c, sizeof(*out->cpu));
	if (v2 && is_idle(c))
		out->cpu->shares = NULL;
	if (c->period && *c->period)
		period = *c->period;
	if (c->quota)
		per_second = units_cpu_quota(*c->quota, period);
	if (per_second != UNLIMITED) {
		out->cpu->quota = arena_alloc(a, sizeof(*out->cpu->quota));
		*out->cpu->quota = per_second * period / 1000000;
	}
	return out;
}

static void add_quota(struct unit_props *p, int64_t quota, uint64_t period)
{
	if (!quota && !period)
		return;
	if (period && p->version >= 242)
		units_add_u64(p, "CPUQuotaPeriodUSec", period);
	units_add_u64(p, "CPUQuotaPerSecUSec", units_cpu_quota(quota, period));
}

static void add_cpu_v2(struct unit_props *p, const struct oci_cpu *c)
{
	if (is_idle(c) && c->shares && *c->shares)
		log_warn("unable to apply both cpu.weight and cpu.idle to systemd, ignoring "
			 "cpu.weight");
	if (is_idle(c) && p->version >= 252)
		units_add_u64(p, "CPUWeight", 0); /* 0 means idle to systemd */
	else if (c->shares && *c->shares)
		units_add_u64(p, "CPUWeight", knobs_cpu_weight(*c->shares));
}

static void add_memory(struct unit_props *p, const struct oci_memory *m, bool v2)
{
	int64_t limit = m->limit ? *m->limit : 0, swap = m->swap ? *m->swap : 0;

	if (limit)
		units_add_u64(p, v2 ? "MemoryMax" : "MemoryLimit", limit_of(limit));
	if (!v2)
		return;
	if (m->reservation && *m->reservation)
		units_add_u64(p, "MemoryLow", limit_of(*m->reservation));
	if (swap == -1 || (limit == -1 && !swap))
		units_add_u64(p, "MemorySwapMax", UNLIMITED);
	else if (swap)
		units_add_u64(p, "MemorySwapMax", limit == -1 ? swap : swap - limit);
}

/* ---- unified --------------------------------------------------------------------------------- */

enum uni_kind { UNI_BYTES, UNI_WEIGHT, UNI_IDLE, UNI_QUOTA, UNI_SET };

/* The files of v2 for which systemd has a property. Other files are written by us alone. */
static const struct uni {
	const char *file, *name;
	enum uni_kind kind;
} unis[] = {
	{ "cpu.max", "", UNI_QUOTA },
	{ "cpu.weight", "CPUWeight", UNI_WEIGHT },
	{ "cpu.idle", "CPUWeight", UNI_IDLE },
	{ "cpuset.cpus", "AllowedCPUs", UNI_SET },
	{ "cpuset.mems", "AllowedMemoryNodes", UNI_SET },
	{ "memory.min", "MemoryMin", UNI_BYTES },
	{ "memory.low", "MemoryLow", UNI_BYTES },
	{ "memory.high", "MemoryHigh", UNI_BYTES },
	{ "memory.max", "MemoryMax", UNI_BYTES },
	{ "memory.swap.max", "MemorySwapMax", UNI_BYTES },
	{ "pids.max", "TasksMax", UNI_BYTES },
};

static int add_unified(struct unit_props *p, const struct uni *u, const char *value)
{
	size_t len = strcspn(value, " \n");
	uint64_t n = UNLIMITED, period = 0;

	if (u->kind == UNI_SET)
		return add_cpuset(p, u->name, value);
	if (strncmp(value, "max", len < 3 ? 3 : len) && !json_number_u64(value, len, &n))
		return failx("unified[\"%s\"]: \"%s\" is not a number", u->file, value);
	switch (u->kind) {
	case UNI_QUOTA:
		value += len + strspn(value + len, " ");
		if (*value)
			json_number_u64(value, strcspn(value, "\n"), &period);
		add_quota(p, n == UNLIMITED ? -1 : (int64_t)n, period);
		break;
	case UNI_IDLE:
		if (n == 1 && p->version >= 252)
			units_add_u64(p, u->name, 0);
		break;
	default: units_add_u64(p, u->name, n);
	}
	return 0;
}

/* ---- all ------------------------------------------------------------------------------------- */

int units_resources(struct unit_props *p, const struct oci_resources *r, bool v2)
{
	if (!r)
		return 0;
	if (r->memory)
		add_memory(p, r->memory, v2);
	if (r->cpu) {
		const struct oci_cpu *c = r->cpu;

		if (v2)
			add_cpu_v2(p, c);
		else if (c->shares && *c->shares)
			units_add_u64(p, "CPUShares", *c->shares);
		add_quota(p, c->quota ? *c->quota : 0, c->period ? *c->period : 0);
		if (v2 && (add_cpuset(p, "AllowedCPUs", set_of(c->cpus)) < 0 ||
			   add_cpuset(p, "AllowedMemoryNodes", set_of(c->mems)) < 0))
			return -1;
	}
	if (!v2 && r->block_io && r->block_io->weight && *r->block_io->weight)
		units_add_u64(p, "BlockIOWeight", *r->block_io->weight);
	if (r->pids && r->pids->limit)
		units_add_u64(p, "TasksMax", *r->pids->limit ? limit_of(*r->pids->limit) : 1);
	if (v2)
		list_each (e, r->unified)
			for (const struct uni *u = unis; u < unis + ARRAY_SIZE(unis); u++)
				if (!strcmp(u->file, e->key) && add_unified(p, u, e->value) < 0)
					return -1;
	return 0;
}

/* ---- devices --------------------------------------------------------------------------------- */

/* The device of a rule as systemd names it: the path of a node, or a group of /proc/devices. NULL:
 * systemd has no name for it. */
static const char *device_path(struct unit_props *p, const struct dev_rule *r)
{
	const char *word = r->type == 'b' ? "block" : "char";

	if (r->major == DEV_ANY)
		return r->minor == DEV_ANY ? arena_printf(p->arena, "%s-*", word) : NULL;
	/* systemd 240 accepts the number of a group. */
	if (r->minor == DEV_ANY)
		return p->version >= 240
			       ? arena_printf(p->arena, "%s-%lld", word, (long long)r->major)
			       : NULL;
	return arena_printf(p->arena, "/dev/%s/%lld:%lld", word, (long long)r->major,
			    (long long)r->minor);
}

void units_devices(struct unit_props *p, const struct dev_set *set)
{
	struct unit_prop *u;

	/* systemd can only allow devices. Our own rules, which apply as well, do the rest. */
	units_add_str(p, "DevicePolicy", set->allow ? "auto" : "strict");
	units_add(p, "DeviceAllow", "a(ss)"); /* an empty list clears the unit's list */
	if (set->allow)
		return;
	u = units_add(p, "DeviceAllow", "a(ss)");
	u->pairs = arena_alloc(p->arena, (set->except.n + 1) * sizeof(*u->pairs));
	list_each (e, set->except) {
		char line[48];

		u->pairs[u->num].key = device_path(p, e);
		if (!u->pairs[u->num].key)
			continue;
		devices_line(e, line);
		u->pairs[u->num++].value = arena_strdup(p->arena, strrchr(line, ' ') + 1);
	}
}

/* ---- annotations ----------------------------------------------------------------------------- */

/* Reads 'text' or "text" at *s. NULL: it is another type, or the quote is not closed. */
static const char *gvariant_str(struct arena *a, const char **s)
{
	const char *close = *s + 1;
	char quote = **s, *out, *end;

	if (quote != '\'' && quote != '"')
		return NULL;
	while (*close && *close != quote)
		close += 1 + (*close == '\\' && close[1]);
	out = end = arena_alloc(a, close - *s);
	for (++*s; **s && **s != quote; ++*s) {
		if (**s == '\\' && (*s)[1])
			++*s;
		*end++ = **s;
	}
	if (!**s)
		return NULL;
	++*s;
	return out;
}

static bool gvariant_list(struct unit_props *p, struct unit_prop *u, const char **s)
{
	u->sig = "as";
	/* A list has fewer elements than bytes. */
	u->pairs = arena_alloc(p->arena, strlen(*s) * sizeof(*u->pairs));
	for (++*s; **s && **s != ']';) {
		*s += strspn(*s, " ");
		u->pairs[u->num].key = gvariant_str(p->arena, s);
		if (!u->pairs[u->num++].key)
			return false;
		*s += strspn(*s, " ");
		if (**s == ',')
			++*s;
		else if (**s != ']')
			return false;
	}
	return *(*s)++ == ']';
}

static bool gvariant_number(struct unit_prop *u, const char **s)
{
	static const struct {
		const char *word, *sig;
	} types[] = { { "uint64 ", "t" },
		      { "int64 ", "x" },
		      { "uint32 ", "u" },
		      { "int32 ", "i" },
		      { "", "i" } };
	int64_t n = 0;
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strncmp(*s, types[i].word, strlen(types[i].word)))
			continue;
		u->sig = types[i].sig;
		*s += strlen(types[i].word);
		break;
	}
	*s += strspn(*s, " ");
	len = strspn(*s, "-0123456789");
	if (!(*u->sig == 't' ? json_number_u64(*s, len, &u->num) : json_number_i64(*s, len, &n)))
		return false;
	if (*u->sig != 't')
		u->num = n;
	*s += len;
	return *u->sig == 'i' ? n >= INT32_MIN && n <= INT32_MAX
			      : *u->sig != 'u' || (n >= 0 && n <= UINT32_MAX);
}

/* Reads those types of GVariant that units need: texts, lists of texts, booleans, whole numbers. */
static bool gvariant(struct unit_props *p, struct unit_prop *u, const char *s)
{
	bool good = true;

	if (*s == '\'' || *s == '"') {
		u->sig = "s";
		u->str = gvariant_str(p->arena, &s);
		good = u->str != NULL;
	} else if (*s == '[') {
		good = gvariant_list(p, u, &s);
	} else if (!strncmp(s, "true", 4) || !strncmp(s, "false", 5)) {
		u->sig = "b";
		u->num = *s == 't';
		s += *s == 't' ? 4 : 5;
	} else {
		good = gvariant_number(u, &s);
	}
	return good && !s[strspn(s, " ")];
}

int units_annotations(struct unit_props *p, const struct json_pair *at, size_t n)
{
	static const char prefix[] = "org.systemd.property.";

	for (size_t i = 0; i < n; i++) {
		const char *name = at[i].key + sizeof(prefix) - 1;
		struct unit_prop *u;
		size_t len;

		if (strncmp(at[i].key, prefix, sizeof(prefix) - 1))
			continue;
		len = strlen(name);
		if (len < 3 ||
		    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != len)
			return failx("annotation %s: not the name of a property", at[i].key);
		u = units_add(p, name, "s");
		if (!gvariant(p, u, at[i].value))
			return failx("annotation %s: value \"%s\" is not understood", at[i].key,
				     at[i].value);
		/* A name such as TimeoutStopSec of a unit file is TimeoutStopUSec on the bus. */
		if (len > 3 && !strcmp(name + len - 3, "Sec") && strcmp(name + len - 4, "USec") &&
		    strchr("tixu", *u->sig)) {
			u->name = arena_printf(p->arena, "%.*sUSec", (int)len - 3, name);
			u->sig = "t";
			u->num *= 1000000;
		}
	}
	return 0;
}
