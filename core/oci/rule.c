/* rule.c - functions for the rules of check*.c: reporting a fault, and common conditions. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct check *go_to(struct check *k, bool show, const char *fmt, va_list ap)
{
	int n = snprintf(k->path, sizeof(k->path), "%s", k->base);

	vsnprintf(k->path + n, sizeof(k->path) - n, fmt, ap);
	k->show = show;
	return k;
}

struct check *check_at(struct check *k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	go_to(k, true, fmt, ap);
	va_end(ap);
	return k;
}

struct check *check_place(struct check *k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	go_to(k, false, fmt, ap);
	va_end(ap);
	return k;
}

/* Adds the value to the path: `mounts[4].destination "/proc/self/attr"`. */
static void show_value(char *path, size_t size, const struct json *v)
{
	size_t n = strlen(path);

	if (v && v->type == JSON_STRING)
		snprintf(path + n, size - n, " \"%.64s%s\"", v->str, v->len > 64 ? "..." : "");
	else if (v && v->type == JSON_NUMBER)
		snprintf(path + n, size - n, " %.*s", v->len > 32 ? 32 : (int)v->len, v->str);
}

void check_say(struct check *k, const char *fmt, ...)
{
	const struct json *at = json_path(k->tree, k->path);
	char what[320], path[sizeof(k->path) + 80];
	va_list ap;

	if (k->stop)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	k->faults->count++;
	memcpy(path, k->path, sizeof(k->path));
	if (k->show)
		show_value(path, sizeof(path), at);
	k->stop = k->faults->report(k->faults, at, path, what);
}

void check_nothing(struct check *k)
{
}

void check_run(struct check *k, check_rule *const *rules)
{
	for (; *rules && !k->stop; rules++)
		(*rules)(k);
}

/* ---- common conditions ----------------------------------------------------------------------- */

const struct json *check_member(const struct json *obj, const char *key)
{
	const struct json *m = json_get(obj, key);

	return m && m->type != JSON_NULL ? m : NULL;
}

bool check_has_ns(const struct check *k, int type)
{
	list_each (ns, k->linux->namespaces)
		if (ns->type == type || !ns->type)
			return true;
	return false;
}

bool check_new_ns(const struct check *k, int type)
{
	list_each (ns, k->linux->namespaces)
		if ((ns->type == type && !ns->path) || !ns->type)
			return true;
	return false;
}

/* Far above the kernel's limits NR_CPUS and MAX_NUMNODES. */
#define LIST_MAX 65535

const char *check_list(const char *s)
{
	uint64_t from, to;
	int ret;

	while ((ret = scan_range(&s, &from, &to)) > 0)
		if (to > LIST_MAX)
			return "has a number above 65535";
	if (to < from)
		return "has a range that ends before it begins";
	return ret ? "must be a list such as 0-3,7" : NULL;
}

bool check_net_name(const char *name)
{
	/* dev_valid_name() of the kernel: IFNAMSIZ is 16 with the NUL. */
	return *name && strlen(name) < 16 && strcmp(name, ".") && strcmp(name, "..") &&
	       !strpbrk(name, "/: \t\n\v\f\r");
}
