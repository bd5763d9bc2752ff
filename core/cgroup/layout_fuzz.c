/* layout_fuzz.c - any /proc/self/cgroup, mountinfo, cgroupsPath or list is read or refused. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/units.h"

#include "tests/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct layout l = { 0 };
	struct unit_path unit;
	struct arena a;
	char *text, *rest;
	const char *out;
	uint64_t n;
	size_t len;

	if (size > 4096)
		return 0;
	fuzz_begin(&a);
	text = arena_strndup(&a, (const char *)data, size);
	tree_keyed(text, "populated", &n);
	if (units_cpuset(&a, text, &out, &len) == 0 && len > 1024)
		abort();
	/* A relative cgroupsPath stays below our own cgroup. */
	out = paths_cgroupfs(&a, text, "id", "/own/leaf", false);
	if (strstr(out, "/../") || (*text != '/' && strncmp(out, "/own/leaf", 9)))
		abort();
	if (paths_systemd(&a, text, "id", false, &unit) == 0 && strstr(unit.dir, "/../"))
		abort();
	/* The first half of the text is /proc/self/cgroup, the second is mountinfo. */
	len = strlen(text) / 2;
	rest = arena_strdup(&a, text + len);
	text[len] = 0;
	if (layout_parse(&a, text, &l) == 0)
		layout_mountinfo(&a, rest, &l, NULL);
	for (size_t i = 0; i < l.n; i++)
		if (!l.at[i].own || *l.at[i].own != '/' ||
		    (l.at[i].mount && !*l.at[i].names && l.at[i].ctls))
			abort();
	return 0;
}
