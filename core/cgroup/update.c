/* update.c - new limits of a running container, and the cgroup that exec joins. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <stdlib.h>
#include <string.h>

/* ---- merging (pure) -------------------------------------------------------------------------- */

#define TAKE(out, in, field)                                                                       \
	do {                                                                                       \
		if ((in)->field)                                                                   \
			(out)->field = (in)->field;                                                \
	} while (0)

static void merge_memory(struct arena *a, struct oci_memory *out, const struct oci_memory *change)
{
	/* checkBeforeUpdate is for this update only. */
	out->check_before_update = change ? change->check_before_update : NULL;
	if (!change)
		return;
	TAKE(out, change, limit);
	TAKE(out, change, swap);
	TAKE(out, change, reservation);
	TAKE(out, change, kernel);
	TAKE(out, change, kernel_tcp);
	TAKE(out, change, swappiness);
	TAKE(out, change, disable_oom_killer);
	/* Without a limit of memory, a limit of memory and swap together has no meaning. */
	if (change->limit && *change->limit == -1 && !change->swap) {
		out->swap = arena_alloc(a, sizeof(*out->swap));
		*out->swap = 0;
	}
}

static void merge_cpu(struct oci_cpu *out, const struct oci_cpu *change)
{
	TAKE(out, change, shares);
	if (change->idle && !change->shares)
		out->shares = NULL; /* the kernel refuses a weight of an idle cgroup */
	/* 0 means "not set": quota stays when only period changes, and the other way round. */
	if (change->period && *change->period)
		out->period = change->period;
	if (change->quota && *change->quota)
		out->quota = change->quota;
	TAKE(out, change, realtime_period);
	TAKE(out, change, realtime_runtime);
	out->burst = change->burst;
	out->idle = change->idle;
	out->cpus = change->cpus;
	out->mems = change->mems;
}

/* Devices of change replace those of the same number in out, or are added at the end. Lists of both
 * types work, because their elements begin with major and minor. */
static void upsert(struct arena *a, oci_throttle_list *out, const oci_throttle_list *change,
		   size_t size)
{
	char *all = arena_alloc(a, (out->n + change->n) * size);
	size_t n = 0;

	for (size_t i = 0; i < out->n + change->n; i++) {
		const char *from = i < out->n ? (const char *)out->at + i * size
					      : (const char *)change->at + (i - out->n) * size;
		size_t at = 0;

		while (at < n && memcmp(all + at * size, from, 2 * sizeof(int64_t)))
			at++;
		memcpy(all + at * size, from, size);
		n += at == n;
	}
	out->at = (void *)all;
	out->n = n;
}

static void merge_block_io(struct arena *a, struct oci_block_io *out,
			   const struct oci_block_io *change)
{
	TAKE(out, change, weight);
	TAKE(out, change, leaf_weight);
	upsert(a, (void *)&out->weight_device, (const void *)&change->weight_device,
	       sizeof(struct oci_weight_device));
	upsert(a, &out->throttle_read_bps, &change->throttle_read_bps,
	       sizeof(struct oci_throttle_device));
	upsert(a, &out->throttle_write_bps, &change->throttle_write_bps,
	       sizeof(struct oci_throttle_device));
	upsert(a, &out->throttle_read_iops, &change->throttle_read_iops,
	       sizeof(struct oci_throttle_device));
	upsert(a, &out->throttle_write_iops, &change->throttle_write_iops,
	       sizeof(struct oci_throttle_device));
}

/* Returns a copy of the old struct, or an empty one. */
static void *copy_of(struct arena *a, const void *old, size_t size)
{
	void *p = arena_alloc(a, size);

	return old ? memcpy(p, old, size) : p;
}

void cgroup_merge(struct arena *a, const struct oci_resources *old,
		  const struct oci_resources *change, struct oci_resources *out)
{
	static const struct oci_cpu no_cpu;

	if (old)
		*out = *old;
	else
		memset(out, 0, sizeof(*out));
	if (out->memory || change->memory) {
		out->memory = copy_of(a, out->memory, sizeof(*out->memory));
		merge_memory(a, out->memory, change->memory);
	}
	if (out->cpu || change->cpu) {
		out->cpu = copy_of(a, out->cpu, sizeof(*out->cpu));
		merge_cpu(out->cpu, change->cpu ? change->cpu : &no_cpu);
	}
	if (change->block_io) {
		out->block_io = copy_of(a, out->block_io, sizeof(*out->block_io));
		merge_block_io(a, out->block_io, change->block_io);
	}
	out->pids = change->pids;
	out->unified = change->unified;
	if (change->hugepage_limits.n)
		out->hugepage_limits = change->hugepage_limits;
	if (change->rdma.n)
		out->rdma = change->rdma;
	TAKE(out, change, network);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* v2 accepts a limit below the usage and then kills processes. checkBeforeUpdate
 * refuses such a limit. */
static int check_usage(struct cgroup *cg, const struct oci_memory *m)
{
	struct cg_dir *d = cg_dir_of(cg, CTL_MEMORY);
	uint64_t usage;
	char buf[32];

	if (!m || !m->check_before_update || !*m->check_before_update || !d || !d->v2 ||
	    cg_dir_read(d, "memory.current", buf, sizeof(buf)) < 0 ||
	    !json_number_u64(buf, strcspn(buf, "\n"), &usage))
		return 0;
	if (m->swap && *m->swap > 0 && (uint64_t)*m->swap <= usage)
		return failx("memory.swap: rejecting memory+swap limit %lld <= usage %llu",
			     (long long)*m->swap, (unsigned long long)usage);
	if (m->limit && *m->limit > 0 && (uint64_t)*m->limit <= usage)
		return failx("memory.limit: rejecting memory limit %lld <= usage %llu",
			     (long long)*m->limit, (unsigned long long)usage);
	return 0;
}

int cgroup_update(struct cgroup *cg, const struct oci_resources *r)
{
	struct knob_list list;

	if (!cg->manager) {
		if (knobs_plan(cg->arena, r, &cg->where, &list) < 0)
			return fail_in("cgroup");
		return list.first ? failx("cgroup: %s: this container has no cgroup",
					  list.first->field)
				  : 0;
	}
	if (check_usage(cg, r->memory) < 0 || apply_plan(cg, r, &list) < 0)
		return fail_in("cgroup");
	apply_keep(cg, &list);
	if ((cg->manager->update && cg->manager->update(cg, r) < 0) || apply_list(cg, &list) < 0)
		return fail_in("cgroup");
	return 0;
}

/* The kept files as limits. Those of the config are not enough for the unit: one that it does not
 * have would leave the new property there. */
static const struct oci_resources *kept_limits(struct cgroup *cg)
{
	struct oci_resources *r = arena_alloc(cg->arena, sizeof(*r));
	size_t n = 0;

	for (const struct knob_write *w = cg->kept.first; w; w = w->next)
		n++;
	r->unified.at = arena_alloc(cg->arena, (n + 1) * sizeof(*r->unified.at));
	for (const struct knob_write *w = cg->kept.first; w; w = w->next)
		r->unified.at[r->unified.n++] =
			(struct json_pair){ w->file, *w->value == '\n' ? "" : w->value };
	return r;
}

int cgroup_put_back(struct cgroup *cg, const struct oci_resources *old)
{
	int ret = 0;

	if (cg->manager && cg->manager->update)
		ret = cg->manager->update(cg, cg->layout == CGROUP_V2 ? kept_limits(cg) : old);
	/* The files are put back also where systemd does not answer. */
	return apply_list(cg, &cg->kept) < 0 ? -1 : ret;
}

/* ---- exec ------------------------------------------------------------------------------------ */

bool cgroup_is_tight(struct cgroup *cg)
{
	struct cg_dir *d = cg_dir_of(cg, CTL_PIDS);
	char max[32], now[32];

	if (!d || cg_dir_read(d, "pids.max", max, sizeof(max)) < 0 ||
	    cg_dir_read(d, "pids.current", now, sizeof(now)) < 0)
		return false;
	return *max != 'm' && strtoull(now, NULL, 10) + 2 > strtoull(max, NULL, 10);
}

/* Changes the path of d. Returns 1 if it is another one than before. */
static int move_dir(struct cg_dir *d, const char *path)
{
	int other = strcmp(d->path, path) != 0;

	fd_close(&d->fd);
	d->path = path;
	return other;
}

int cgroup_follow(struct cgroup *cg, int procfd, pid_t init, bool frozen)
{
	struct layout of;
	struct cg_dir there;

	if (!cg->v2 || !cg->v2->path)
		return 0;
	if (!cg->recorded)
		cg->recorded = cg->v2->path;
	if (layout_of(cg->arena, procfd, init, &of) < 0)
		return -1;
	for (size_t i = 0; i < of.n; i++) {
		const struct hier *h = &of.at[i];
		const char *path = cg->recorded;

		if (*h->names)
			continue;
		if (h->mount)
			path = arena_join(cg->arena, h->mount, h->own);
		/* If another program has moved init out of the container's cgroup, the recorded one
		 * is used as long as it exists. */
		if (!path_is_below(path, cg->recorded) && sys_exists(AT_FDCWD, cg->recorded))
			path = cg->recorded;
		there = (struct cg_dir){ .path = path, .v2 = true, .fd = -1 };
		if (!frozen && cg_dir_check_frozen(&there) < 0)
			return -1;
		return move_dir(cg->v2, path);
	}
	return 0;
}

/* Changes a directory to one of its sub-cgroups. */
static int sub_dir(struct cgroup *cg, struct cg_dir *d, const char *sub)
{
	const char *path = path_clean(cg->arena, arena_printf(cg->arena, "%s/%s", d->path, sub));

	if (!path_is_below(path, d->path))
		return failx("bad sub cgroup path: %s", sub);
	move_dir(d, path);
	return 0;
}

/* For a spec without a controller: changes every hierarchy that has the sub-cgroup, at least
 * one. */
static int sub_each(struct cgroup *cg, const char *sub)
{
	bool found = false;

	cg_each (d, cg) {
		const char *own = d->path;

		if (sub_dir(cg, d, sub) < 0)
			return -1;
		if (sys_exists(AT_FDCWD, d->path))
			found = true;
		else
			move_dir(d, own);
	}
	errno = ENOENT;
	return found ? 0 : fail("bad sub cgroup path: %s", sub);
}

int cgroup_sub(struct cgroup *cg, const char *const *specs, size_t n)
{
	unsigned done = 0;

	for (size_t i = 0; i < n; i++) {
		const char *colon = strchr(specs[i], ':'), *at = specs[i];
		unsigned here = 0;

		if (!colon) {
			if (n != 1)
				return failx("invalid --cgroup argument: %s (missing <controller>: "
					     "prefix)",
					     at);
			if (cg->layout == CGROUP_V2)
				return sub_dir(cg, cg->v2, at);
			return sub_each(cg, at);
		}
		for (; at <= colon; at += strcspn(at, ",:") + 1) {
			size_t len = strcspn(at, ",:");
			struct cg_dir *found = NULL;

			if (!len)
				return failx(
					"invalid --cgroup argument: %s (empty <controller> prefix)",
					specs[i]);
			cg_each (d, cg)
				for (const char *s = d->names; *s;
				     s += strcspn(s, ","), s += *s == ',')
					if (!strncmp(s, at, len) && (!s[len] || s[len] == ','))
						found = d;
			if (!found)
				return failx(
					"invalid --cgroup argument: %s (no controller %.*s here)",
					specs[i], (int)len, at);
			/* "cpu,cpuacct:x": both may be the same directory. */
			if (here & 1u << (found - cg->dirs))
				continue;
			if (done & 1u << (found - cg->dirs))
				return failx("invalid --cgroup argument(s): controller %.*s "
					     "specified multiple "
					     "times",
					     (int)len, at);
			here |= 1u << (found - cg->dirs);
			if (sub_dir(cg, found, colon + 1) < 0)
				return -1;
		}
		done |= here;
	}
	return 0;
}
