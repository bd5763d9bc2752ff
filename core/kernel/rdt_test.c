/* rdt_test.c - compares schemata. Few machines that run the tests have resctrl. */
/* SPDX-License-Identifier: MIT */

/* Without the hardware only the static functions can be called. */
#include "core/kernel/rdt.c" /* NOLINT */

#include "tests/tap.h"

static char block[65536];
static struct arena arena;

#define HAVE "    MB:0= 20;1=100\n    L3:0=7ff;1=00f\nL3CODE:0=1\n"

static const struct {
	const char *want;
	bool holds;
} rows[] = {
	{ "L3:0=7ff;1=f\n", true },
	{ "L3:0=07FF\n", true },
	{ "L3:1=0000f;0=7ff\n", true },
	{ "MB:0=20;1=100\n", true },
	{ "MB:0=020\n", true },
	{ "L3:0=7ff\nMB:1=100\n", true },
	{ "L3:0=7fe\n", false },
	{ "L3:2=f\n", false },
	{ "L3:0=7ff;1=ff\n", false },
	{ "L3:0=7ff\nMB:1=90\n", false },
	{ "L2:0=f\n", false },
	{ "L3CODE:0=1\n", true },
	{ "L3COD:0=1\n", false },
	{ "L3:\n", false },
	{ "L3\n", false },
	{ "L3:0\n", false },
	{ "L3:0=\n", false },
	{ "\n", false },
};

int main(void)
{
	const char *two[] = { "L3:0=f", "MB:0=10" }, *path = "x";
	struct oci_intel_rdt r = { .mem_bw_schema = "MB:0=20",
				   .l3_cache_schema = "L3:0=1",
				   .schemata = { two, 2 } };

	arena_init(&arena, block, sizeof(block));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ok(schemata_hold(rows[i].want, HAVE) == rows[i].holds, "%.*s %s",
		   (int)strcspn(rows[i].want, "\n"), rows[i].want,
		   rows[i].holds ? "holds" : "does not hold");
	is_str(wanted_lines(&arena, &r), "L3:0=1\nMB:0=20\nL3:0=f\nMB:0=10\n",
	       "lines are in the order l3CacheSchema, memBwSchema, schemata");
	r = (struct oci_intel_rdt){ .clos_id = "a/b" };
	ok(!wanted_lines(&arena, &r), "without schemata there are no lines");
	ok(!group_name(&r, "id"), "a path is not the name of a group");
	r.clos_id = "..";
	ok(!group_name(&r, "id"), "\"..\" is not the name of a group");
	r.clos_id = "/";
	is_str(group_name(&r, "id"), ".", "\"/\" is the root group");
	r.clos_id = NULL;
	is_str(group_name(&r, "id"), "id", "without closID the group has the container's id");
	ok(rdt_remove("/etc/x") < 0 && rdt_remove(RESCTRL "/../../x") < 0 &&
		   rdt_remove(RESCTRL) < 0,
	   "rdt_remove refuses other directories");
	if (access(RESCTRL "/schemata", F_OK) < 0)
		ok(rdt_apply(&arena, &r, "id", 1, &path) < 0 && !path &&
			   strstr(err_text(), "not mounted"),
		   "rdt_apply without resctrl fails");
	return done();
}
