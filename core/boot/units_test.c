/* units_test.c - the order of containers by `after`. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"
#include "tests/tap.h"

#include <string.h>

static struct arena arena;
static char reported[500];

static void report(void)
{
	strcat(strcat(reported, err_text()), ";");
}

/* The order of containers, each with "<" and the containers that it waits for: "a b<a". An `after`
 * of NULL is not set. */
static const char *order(const char *const *names, const char *const *const *after, size_t n)
{
	static char out[100];
	static struct machine m;

	m = (struct machine){ .n = n };
	m.units = arena_alloc(&arena, (n + 1) * sizeof(*m.units));
	m.super.at = arena_alloc(&arena, (n + 1) * sizeof(*m.super.at));
	reported[0] = out[0] = 0;
	for (size_t i = 0; i < n; i++) {
		m.units[i].name = m.units[i].dir = names[i];
		m.units[i].rule.after = after[i];
	}
	units_order(&arena, &m, report);
	for (size_t i = 0; i < n; i++) {
		strcat(strcat(out, i ? " " : ""), m.units[i].name);
		for (size_t k = 0; k < m.super.at[i].nafter; k++)
			strcat(strcat(out, "<"), m.units[m.super.at[i].after[k]].name);
	}
	return out;
}
#define LIST_OF(...)                                                                               \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define AFTER(...)                                                                                 \
	(const char *const *const[])                                                               \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

int main(void)
{
	static char block[64 << 10] __attribute__((aligned(16)));
	const char *const names[] = { "a", "b", "c" };

	arena_init(&arena, block, sizeof(block));
	is_str(order(names, AFTER(NULL, NULL, NULL), 3), "a b<a c<b",
	       "without `after` each waits for the one before it");
	is_str(order(names, AFTER(NULL, LIST_OF(NULL), LIST_OF("a", NULL)), 3), "a b c<a",
	       "with an empty `after` a container waits for no other one");
	is_str(order(names, AFTER(LIST_OF("c", "b", NULL), NULL, LIST_OF(NULL)), 3), "b c a<c<b",
	       "a container comes after those in its `after`, the others in the order of "
	       "directories");
	is_str(order(names, AFTER(LIST_OF("b", NULL), NULL, NULL), 3), "b a<b c<a",
	       "`after` overrides the order of directories");
	is_str(reported, "", "that is not a fault");
	is_str(order(names, AFTER(LIST_OF("x", NULL), LIST_OF("a", NULL), NULL), 3), "a b<a c<b",
	       "a container does not wait for one that does not exist");
	is_str(reported, "a: after \"x\": there is no such container;", "that is reported");
	is_str(order(names, AFTER(LIST_OF("c", NULL), LIST_OF("a", NULL), LIST_OF("b", NULL)), 3),
	       "a b<a c<b", "in a circle one container does not wait");
	is_str(reported, "a circle: a after c after b after a; a does not wait for c;",
	       "the circle is reported with its names");
	is_str(order(names, AFTER(LIST_OF("a", NULL), LIST_OF("c", NULL), LIST_OF("b", NULL)), 3),
	       "a b c<b", "a container that is after itself does not wait");
	is_str(reported,
	       "a circle: a after a; a does not wait for a;"
	       "a circle: b after c after b; b does not wait for c;",
	       "each circle is reported");
	return done();
}
