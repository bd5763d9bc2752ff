/* update.c - changes all limits of a container that are given, or none. */
/* SPDX-License-Identifier: MIT */
#include "core/container/container.h"

#include <string.h>

#define RESOURCES_MAX (1u << 20)

/* ---- the resources after the last update ----------------------------------------------------- */

#define SAVED "resources.json" /* in the state directory */

static int load_old(struct arena *a, const struct life *l, struct oci_resources *r)
{
	struct oci_doc doc = { 0 };
	char *text;
	size_t len;

	if (sys_exists(l->dir, SAVED)) {
		if (file_read(a, l->dir, SAVED, RESOURCES_MAX, &text, &len) < 0)
			return -1;
		return oci_load_resources(a, SAVED, text, len, r);
	}
	if (life_config(a, l, &doc) < 0)
		return -1;
	if (doc.config.linux && doc.config.linux->resources)
		*r = *doc.config.linux->resources;
	return 0;
}

static int save(struct arena *a, const struct life *l, const struct oci_resources *r)
{
	struct json_out out = { .arena = a };

	json_write(&out, &oci_resources_type, r);
	return file_replace(l->dir, SAVED, out.buf, out.len, 0600);
}

/* ---- changing the limits --------------------------------------------------------------------- */

#define SCHEMATA_MAX 65536

/* Returns the line of file, the schemata of a resctrl group, for the resource that change names.
 * "": it has no such line; NULL: error. */
static const char *old_line(struct arena *a, const char *file, const char *change)
{
	const char *colon = strchr(change, ':'), *name = change + strspn(change, " ");
	size_t name_len = colon ? (size_t)(colon - name) : 0, len;
	char *text;

	if (file_read(a, AT_FDCWD, file, SCHEMATA_MAX, &text, &len) < 0)
		return NULL;
	for (char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *at = line + strspn(line, " ");

		if (name_len && !strncmp(at, name, name_len) && at[name_len] == ':')
			return arena_printf(a, "%.*s\n", (int)strcspn(line, "\n"), line);
	}
	return "";
}

/* Changes the schemata of the resctrl group that create has made. undo gets the old lines. */
static int update_rdt(struct arena *a, const struct life *l, const char *const lines[2],
		      const char *undo[2])
{
	const char *path = l->state.intel_rdt_path, *file;

	for (size_t i = 0; i < 2; i++) {
		const char *was;

		if (!lines[i] || !*lines[i])
			continue;
		if (!path)
			return failx("Intel RDT is not enabled for this container");
		file = arena_printf(a, "%s/schemata", path);
		was = old_line(a, file, lines[i]);
		if (!was || file_write(AT_FDCWD, file, arena_printf(a, "%s\n", lines[i])) < 0)
			return -1;
		undo[i] = was;
	}
	return 0;
}

/* Restores the old values. The error record of the update stays. */
static int roll_back(struct arena *a, struct life *l, const struct oci_resources *old,
		     const char *const undo[2])
{
	struct err_kept why = err_keep(a);

	if (cgroup_put_back(l->cgroup, old) < 0)
		log_warn("cannot put the old limits back: %s", err_text());
	for (size_t i = 0; i < 2; i++)
		if (undo[i] && *undo[i] &&
		    file_write(AT_FDCWD, arena_printf(a, "%s/schemata", l->state.intel_rdt_path),
			       undo[i]) < 0)
			log_warn("cannot put the old schemata back: %s", err_text());
	return err_again(why);
}

int life_update(struct arena *a, struct life *l, const struct life_change *change)
{
	struct oci_resources old = { 0 }, merged = { 0 };
	const char *undo[2] = { NULL };

	if (!WITH_CGROUP)
		return not_built("WITH_CGROUP", "cgroups");
	if (!l->cgroup)
		return failx("cannot update container %s: it has no cgroup", l->state.id);
	if (load_old(a, l, &old) < 0)
		return -1;
	cgroup_merge(a, &old, change->resources, &merged);
	/* The result is saved last, because the next update starts from it. */
	if (cgroup_update(l->cgroup, &merged) < 0 || update_rdt(a, l, change->schemata, undo) < 0 ||
	    save(a, l, &merged) < 0)
		return roll_back(a, l, &old, undo);
	return 0;
}
