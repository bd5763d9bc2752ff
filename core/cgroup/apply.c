/* apply.c - writes limits and device rules to the files of a container's cgroups. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/units.h"

#include <stdio.h>
#include <string.h>

/* ---- the check before the start -------------------------------------------------------------- */

static bool available(const struct cgroup *cg, const struct knob_write *w)
{
	if (w->ctl == CTL_CORE)
		return cg->v2 != NULL;
	return (w->v2 ? cg->where.v2 : cg->where.v1) >> w->ctl & 1;
}

/* Returns 1 if r needs a controller of v2, whose list of controllers must then be read; 0; -1. */
static int need_v2(struct cgroup *cg, const struct oci_resources *r)
{
	struct ctl_where all = cg->where;
	struct knob_list list;

	if (!cg->v2)
		return 0;
	/* Assume that v2 has every controller that v1 does not have. */
	all.v2 = ~all.v1;
	all.quiet = true;
	if (knobs_plan(cg->arena, r, &all, &list) < 0)
		return -1;
	for (const struct knob_write *w = list.first; w; w = w->next)
		if (w->v2)
			return 1;
	return 0;
}

int apply_check(struct cgroup *cg, const struct oci_resources *r)
{
	struct knob_list list;
	int v2 = need_v2(cg, r);

	if (v2 < 0)
		return -1;
	if (r)
		devices_warn(r);
	if (v2)
		v2_root_controllers(cg);
	if (knobs_plan(cg->arena, r, &cg->where, &list) < 0)
		return -1;
	cg->where.quiet = true;
	for (const struct knob_write *w = list.first; w; w = w->next) {
		const char *name = ctl_names[w->ctl].v1 ? ctl_names[w->ctl].v1 : "cgroup";

		if (available(cg, w)) {
			cg->asked |= 1u << w->ctl;
			continue;
		}
		if (w->flags & KNOB_OPTIONAL)
			continue;
		if (w->v2)
			return failx("%s: controller %s is not available on cgroup v2 here, which "
				     "has only \"%.*s\"",
				     w->field, ctl_names[w->ctl].v2 ? ctl_names[w->ctl].v2 : name,
				     cg->v2_names ? (int)strcspn(cg->v2_names, "\n") : 0,
				     cg->v2_names ? cg->v2_names : "");
		return failx("%s: controller %s is not mounted, so %s cannot be written", w->field,
			     name, w->file);
	}
	return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Reads which CPUs or memory nodes the cgroup above has. have becomes "" if that fails. */
static void above_has(const struct cg_dir *d, const char *file, char *have, size_t size)
{
	static const char *const ends[] = { ".effective", "" };
	char path[4096];

	*have = 0;
	for (size_t i = 0; i < ARRAY_SIZE(ends) && !*have; i++) {
		snprintf(path, sizeof(path), "%s/../%s%s", d->path, file, ends[i]);
		if (file_read_line(AT_FDCWD, path, have, size) < 0)
			*have = 0;
	}
}

/* Explains a write that the kernel has refused with errno. Returns -1. */
static int explain_apply(const struct cg_dir *d, const struct knob_write *w)
{
	int num = errno;
	char have[256] = "";

	if (num == ENOENT && !strncmp(w->field, "unified", 7))
		return failx(
			"unified resource \"%s\" can't be set: controller \"%.*s\" not available",
			w->file, (int)strcspn(w->file, "."), w->file);
	if (num == EBUSY && !strcmp(w->file, "memory.limit_in_bytes")) {
		char now[32], peak[32];

		if (cg_dir_read(d, "memory.usage_in_bytes", now, sizeof(now)) > 0 &&
		    cg_dir_read(d, "memory.max_usage_in_bytes", peak, sizeof(peak)) > 0)
			return failx("%s: %s: unable to set memory limit to %s (current usage: "
				     "%.*s, peak "
				     "usage: %.*s)",
				     w->field, w->file, w->value, (int)strcspn(now, "\n"), now,
				     (int)strcspn(peak, "\n"), peak);
	}
	if (!strncmp(w->file, "cpuset.", 7))
		above_has(d, w->file, have, sizeof(have));
	errno = num;
	fail("%s: write %s to %s", w->field, w->value, w->file);
	if (*have)
		fail_hint("the cgroup above has %s", have);
	if (num == ENOENT && sys_exists(AT_FDCWD, d->path))
		fail_hint("this kernel has no such file in %s", d->path);
	return -1;
}

/* A cpuset that has processes refuses an empty list on v2 (ENOSPC of Linux 6.1). What the cgroup
 * above has is the same set. */
static bool write_all_above(const struct cg_dir *d, const struct knob_write *w)
{
	int num = errno;
	char have[1024];

	above_has(d, w->file, have, sizeof(have));
	if (*have && !cg_dir_write(d, w->file, have))
		return true;
	errno = num;
	return false;
}

/* Makes the write *w, or the next one if KNOB_ELSE says so; *w becomes the last one of them.
 * Returns 0; -1; or 1 after EINVAL of a KNOB_RETRY, unless last is set. */
static int write_one(struct cgroup *cg, const struct knob_write **w, bool last)
{
	for (; *w; *w = (*w)->next) {
		struct cg_dir *d = cg_dir_of(cg, (*w)->ctl);

		if (!d)
			return (*w)->flags & KNOB_OPTIONAL
				       ? 0
				       : failx("%s: this container has no %s cgroup", (*w)->field,
					       ctl_names[(*w)->ctl].v1 ? ctl_names[(*w)->ctl].v1
								       : "v2");
		if (!cg_dir_write(d, (*w)->file, (*w)->value)) {
			if ((*w)->flags & KNOB_ELSE)
				*w = (*w)->next;
			return 0;
		}
		if (errno == ENOENT && (*w)->flags & KNOB_ELSE)
			continue;
		if (errno == ENOENT && (*w)->flags & KNOB_OPTIONAL)
			return 0;
		if (errno == EINVAL && (*w)->flags & KNOB_RETRY && !last)
			return 1;
		if (errno == ENOSPC && *(*w)->value == '\n' && write_all_above(d, *w))
			return 0;
		return explain_apply(d, *w);
	}
	return failx("a KNOB_ELSE is the last write"); /* an error in the table */
}

/*
 * The kernel checks some values of a controller against each other. Which order of writes succeeds
 * depends on the old values, and a write in another order gives EINVAL. So refused writes are
 * repeated as long as another one succeeds.
 */
static int write_again(struct cgroup *cg, const struct knob_write **queue, size_t n)
{
	while (n) {
		size_t left = 0;

		for (size_t i = 0; i < n; i++) {
			const struct knob_write *w = queue[i];
			/* no write of this round succeeded, so the last EINVAL is an error */
			int ret = write_one(cg, &w, left == i && i == n - 1);

			if (ret < 0)
				return -1;
			if (ret)
				queue[left++] = queue[i];
		}
		n = left;
	}
	return 0;
}

#define RETRY_MAX 16

int apply_plan(struct cgroup *cg, const struct oci_resources *r, struct knob_list *out)
{
	if (cg->unit.unit && r)
		r = units_rounded(cg->arena, r, cg->layout == CGROUP_V2);
	if (r && need_v2(cg, r) > 0)
		v2_root_controllers(cg);
	return knobs_plan(cg->arena, r, &cg->where, out);
}

int apply_list(struct cgroup *cg, const struct knob_list *list)
{
	const struct knob_write *queue[RETRY_MAX];
	size_t n = 0;

	for (const struct knob_write *w = list->first; w; w = w->next) {
		const struct knob_write *at = w, *next;
		/* A full queue makes EINVAL an error: no limit may be left out in silence. */
		int ret = write_one(cg, &w, n == RETRY_MAX);

		if (ret < 0)
			return -1;
		if (ret)
			queue[n++] = at;
		next = w->next;
		/* this was the controller's last write */
		if (n && (!next || next->ctl != at->ctl)) {
			if (write_again(cg, queue, n) < 0)
				return -1;
			n = 0;
		}
	}
	return 0;
}

int apply_knobs(struct cgroup *cg, const struct oci_resources *r)
{
	struct knob_list list;

	return apply_plan(cg, r, &list) < 0 ? -1 : apply_list(cg, &list);
}

/* Returns the value that undoes the write w. text is the content of its file before. */
static const char *old_value(struct arena *a, const struct knob_write *w, char *text)
{
	size_t key = strcspn(w->value, " "), len = strcspn(text, "\n");
	const char *equals = strchr(w->value, '='), *word;

	if (!memchr(w->value, ':', key) && w->ctl != CTL_RDMA && w->ctl != CTL_NET_PRIO) {
		/* Of several lines, as "oom_kill_disable 0" in memory.oom_control, the kernel takes
		 * the number of the first. */
		word = text[len] && text[len + 1] ? memrchr(text, ' ', len) : NULL;
		text[len] = 0;
		return arena_strdup(a, word ? word + 1 : *text ? text : "\n");
	}
	/* The file has a line for each device that has a limit. */
	for (char *line = text; *line; line += len + !!line[len]) {
		len = strcspn(line, "\n");
		if (!strncmp(line, w->value, key) && line[key] == ' ')
			return arena_printf(a, "%.*s", (int)len, line);
	}
	if (equals)
		return arena_printf(a, "%.*s=max", (int)(equals - w->value), w->value);
	return arena_printf(a, "%.*s %s", (int)key, w->value, w->v2 ? "default" : "0");
}

void apply_keep(struct cgroup *cg, const struct knob_list *list)
{
	/* io.max has a line for each device. */
	static LARGE char text[64 << 10];

	cg->kept.first = NULL;
	cg->kept.end = &cg->kept.first;
	for (const struct knob_write *w = list->first; w; w = w->next) {
		struct cg_dir *d = cg_dir_of(cg, w->ctl);
		struct knob_write *old;

		if (!d || cg_dir_read(d, w->file, text, sizeof(text)) < 0)
			continue;
		old = arena_alloc(cg->arena, sizeof(*old));
		*old = *w;
		old->next = NULL;
		old->flags = KNOB_RETRY;
		old->value = old_value(cg->arena, w, text);
		*cg->kept.end = old;
		cg->kept.end = &old->next;
	}
}

/* ---- devices --------------------------------------------------------------------------------- */

bool apply_in_userns(uint32_t *root)
{
	uint64_t inside, outside, size;
	char map[64];
	const char *at = map;

	if (tree_get(tree_path("/proc/self/uid_map", O_RDONLY), map, sizeof(map)) < 0 ||
	    !scan_u64(&at, "", &inside) || !scan_u64(&at, "", &outside) ||
	    !scan_u64(&at, "", &size))
		return false;
	if (root)
		*root = outside;
	return inside || outside || size != UINT32_MAX;
}

/* Writes each rule by a write(2) of its own, because the kernel reads one rule per write. */
static int write_rules(const struct cg_dir *d, const char *file, const struct dev_set *set,
		       bool all)
{
	int fd __cleanup(fd_close) = cg_dir_open(d, file, O_WRONLY);
	char line[48];

	if (fd < 0)
		return fail("open %s/%s", d->path, file);
	if (all && fd_put(fd, "a") < 0)
		return fail("%s: a", file);
	if (!set)
		return 0;
	list_each (e, set->except) {
		devices_line(e, line);
		if (!fd_put(fd, line))
			continue;
		/* The cgroup above denies the device, as that of an outer container may. */
		if (errno == EPERM && e->is_default)
			continue;
		return fail("%s: %s", file, line);
	}
	return 0;
}

static int devices_v1(const struct cg_dir *d, const struct dev_set *set)
{
	/* A new cgroup directly below the root inherits the root's rule, which allows all
	 * devices. */
	bool has_all = d->fresh && !strchr(d->path + d->base + 1, '/');

	if (!set->allow) {
		if (write_rules(d, "devices.deny", NULL, true) < 0)
			return -1;
		return set->except.n ? write_rules(d, "devices.allow", set, false) : 0;
	}
	if (!has_all && write_rules(d, "devices.allow", NULL, true) < 0)
		return -1;
	return set->except.n ? write_rules(d, "devices.deny", set, false) : 0;
}

static int devices_v2(struct cgroup *cg, struct cg_dir *d, const struct dev_set *set)
{
	struct bpf_code *code;
	size_t n;
	int fd;

	if (d->fresh && set->allow && !set->except.n)
		return 0; /* without a program all devices are allowed */
	n = bpf_device_program(cg->arena, set, &code);
	fd = cg_dir_fd(d);
	return fd < 0 ? -1 : bpf_device_attach(fd, code, n, d->fresh);
}

int apply_devices(struct cgroup *cg, const struct oci_resources *r)
{
	struct cg_dir *d = cg_dir_of_rules(cg);
	struct dev_set set;

	if (devices_merge(cg->arena, r, &set) < 0)
		return -1;
	if (!d)
		return 0; /* cgroup_plan or cgroup_create has accepted that */
	if ((d->v2 ? devices_v2(cg, d, &set) : devices_v1(d, &set)) == 0)
		return 0;
	/* It may fail where the rules allow everything, and in a user namespace, where neither
	 * version can set rules: those of the cgroups above still apply. */
	if (cg->tolerant || (set.allow && !set.except.n) ||
	    (err_num() == EPERM && apply_in_userns(NULL))) {
		err_clear("the device rules of the cgroups above apply");
		return 0;
	}
	return fail_in("devices");
}
