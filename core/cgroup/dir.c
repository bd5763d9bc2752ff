/* dir.c - the directories of a container: which one has a controller, and their files. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <string.h>

struct cg_dir *cg_dir_of(struct cgroup *cg, enum ctl ctl)
{
	cg_each (d, cg)
		if (d->ctls >> ctl & 1)
			return d;
	/* v2 has all controllers in one directory. The open of a file fails if its controller is
	 * missing. */
	return cg->v2 && cg->v2->path && ctl_names[ctl].v2 ? cg->v2 : NULL;
}

struct cg_dir *cg_dir_of_rules(struct cgroup *cg)
{
	struct cg_dir *d = cg_dir_of(cg, CTL_DEVICES);

	return d || !cg->v2 || !cg->v2->path ? d : cg->v2;
}

int cg_dir_fd(struct cg_dir *d)
{
	if (d->fd < 0)
		d->fd = tree_dir(d->path);
	return d->fd;
}

int cg_dir_open(const struct cg_dir *d, const char *file, int flags)
{
	char path[4096];

	if (d->fd >= 0)
		return tree_open(d->fd, file, flags);
	if (strlen(d->path) + strlen(file) + 2 > sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(stpcpy(stpcpy(path, d->path), "/"), file);
	return tree_path(path, flags | O_NOFOLLOW);
}

int cg_dir_write(const struct cg_dir *d, const char *file, const char *value)
{
	return tree_put(cg_dir_open(d, file, O_WRONLY), value);
}

ssize_t cg_dir_read(const struct cg_dir *d, const char *file, char *buf, size_t size)
{
	return tree_get(cg_dir_open(d, file, O_RDONLY), buf, size);
}

void cg_dir_add(struct cgroup *cg, const char *names, const char *path, size_t base)
{
	struct cg_dir *d = &cg->dirs[cg->ndirs++];

	*d = (struct cg_dir){ .names = names, .path = path, .base = base, .fd = -1, .tasks = -1 };
	d->v2 = !*names;
	d->ctls = ctl_set(names);
	if (d->v2)
		cg->v2 = d;
	else
		cg->where.v1 |= d->ctls;
}

/* On v1 the devices hierarchy is used, because other programs rarely move processes there. */
struct cg_dir *cg_procs_dir(struct cgroup *cg)
{
	struct cg_dir *first = NULL;

	if (cg->v2 && cg->v2->path)
		return cg->v2;
	cg_each (d, cg) {
		if (d->ctls >> CTL_DEVICES & 1)
			return d;
		if (!first)
			first = d;
	}
	return first;
}

int cgroup_procs(struct cgroup *cg, struct arena *a, cgroup_pids *out)
{
	struct cg_dir *d = cg_procs_dir(cg);

	*out = (cgroup_pids){ 0 };
	return d ? tree_procs(d->path, a, out) : 0;
}

int cg_dir_check_unused(struct arena *a, const struct cg_dir *d)
{
	cgroup_pids pids = { 0 };

	if (tree_procs(d->path, a, &pids) < 0)
		return -1;
	if (pids.n)
		return failx("container's cgroup is not empty: %zu process(es) found in %s", pids.n,
			     d->path);
	return 0;
}

int cg_dir_check_frozen(const struct cg_dir *d)
{
	char buf[256];
	uint64_t frozen = 0;

	if (cg_dir_read(d, d->v2 ? "cgroup.events" : "freezer.state", buf, sizeof(buf)) < 0)
		return 0; /* KERNEL 5.2: the v2 freezer (ENOENT); without it nothing is frozen */
	if (d->v2 ? tree_keyed(buf, "frozen", &frozen) && frozen : strncmp(buf, "THAWED", 6) != 0)
		return failx("container's cgroup unexpectedly frozen: %s", d->path);
	return 0;
}
