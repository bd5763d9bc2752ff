/* nest.c - prepares our own v2 cgroup for sub-cgroups with limits. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAF "init"
#define PROCS_MAX (1u << 20)

static int read_text(struct arena *a, const char *dir, const char *file, char **text)
{
	size_t len;

	return file_read(a, AT_FDCWD, arena_printf(a, "%s/%s", dir, file), PROCS_MAX, text, &len);
}

/* Moves the processes of dir itself to its leaf. Returns their number, or -1. */
static int move_once(struct arena *a, const char *dir)
{
	const char *leaf = arena_printf(a, "%s/" LEAF "/cgroup.procs", dir);
	char *text, *save = NULL;
	int n = 0;

	if (read_text(a, dir, "cgroup.procs", &text) < 0)
		return -1;
	for (char *pid = strtok_r(text, "\n", &save); pid; pid = strtok_r(NULL, "\n", &save)) {
		if (!strcmp(pid, "0"))
			return failx("%s holds a process of another pid namespace, which cannot be "
				     "moved",
				     dir);
		n++;
		if (file_write(AT_FDCWD, leaf, pid) < 0) {
			if (err_num() != ESRCH)
				return -1;
			err_clear("the process has ended");
		}
	}
	return n;
}

/* Moves the processes again and again, because one may fork before it is moved. */
static int move_all(struct arena *a, const char *dir)
{
	EXACT_MODES;
	int n = 1;

	if (mkdir(arena_printf(a, "%s/" LEAF, dir), 0755) < 0 && errno != EEXIST)
		return fail("create %s/" LEAF, dir);
	for (int rounds = 0; n > 0 && rounds < 100; rounds++)
		n = move_once(a, dir);
	return n > 0 ? failx("%s: its processes fork faster than they can be moved", dir) : n;
}

static int enable_all(struct arena *a, const char *dir)
{
	const char *file = arena_printf(a, "%s/cgroup.subtree_control", dir);
	char *text, *save = NULL;

	if (read_text(a, dir, "cgroup.controllers", &text) < 0)
		return -1;
	for (char *c = strtok_r(text, " \n", &save); c; c = strtok_r(NULL, " \n", &save))
		if (file_write(AT_FDCWD, file, arena_printf(a, "+%s", c)) < 0) {
			log_warn("sub-cgroups cannot use controller %s: %s", c, err_text());
			err_clear("the other controllers are useful without it");
		}
	return 0;
}

/* cgroups(7), "no internal processes": a cgroup other than the root either has processes or enables
 * controllers for its sub-cgroups. */
int cgroup_nest(struct arena *a)
{
	static struct layout l;
	const struct hier *h = l.at;
	char *dir, *leaf;

	if (layout_find(a, &l) < 0)
		return -1;
	if (l.kind == CGROUP_V1 || l.kind == CGROUP_HYBRID) {
		log_warn("cgroup v1 is mounted, where nesting needs no preparation");
		return 0;
	}
	while (h < l.at + l.n && !(h->mount && !*h->names))
		h++;
	if (h == l.at + l.n)
		return failx("no cgroup2 filesystem is mounted that shows our own cgroup");
	dir = arena_join(a, h->mount, strcmp(h->own, "/") ? h->own : "");
	/* If we are in the leaf already, the cgroup above is the one to prepare. */
	leaf = strrchr(dir, '/');
	if (!strcmp(leaf, "/" LEAF) && leaf >= dir + strlen(h->mount))
		*leaf = 0;
	if (access(arena_printf(a, "%s/cgroup.subtree_control", dir), W_OK) < 0) {
		fail("%s cannot be written", dir);
		return fail_hint("it must be mounted without \"ro\", in a cgroup namespace of the "
				 "container");
	}
	/* Only the root of the whole tree has no cgroup.events, and it may keep its processes. */
	if (!access(arena_printf(a, "%s/cgroup.events", dir), F_OK) && move_all(a, dir) < 0)
		return -1;
	return enable_all(a, dir);
}
