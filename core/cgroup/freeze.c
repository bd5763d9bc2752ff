/* freeze.c - all processes of a container at once: stopped, let go, killed. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* v2 where it is: what it stops can still be killed. Else the v1 freezer. */
static struct cg_dir *freezer_dir(struct cgroup *cg)
{
	if (cg->v2 && cg->v2->path)
		return cg->v2;
	return cg_dir_of(cg, CTL_FREEZER);
}

/* ---- v1: a frozen process does not die of SIGKILL --------------------------------------- */

static int thaw_one(int dirfd, void *arg)
{
	char state[16];

	if (tree_get(tree_open(dirfd, "freezer.self_freezing", O_RDONLY), state, sizeof(state)) <
		    0 ||
	    *state != '1')
		return 0;
	*(bool *)arg = true;
	return tree_put(tree_open(dirfd, "freezer.state", O_WRONLY), "THAWED") < 0 &&
			       errno != ENOENT
		       ? -1
		       : 0;
}

/* path and all below it: a container may have frozen a sub-cgroup of its own. 1: something was frozen. */
static int thaw_below(const char *path)
{
	bool found = false;

	if (tree_each(path, thaw_one, &found) < 0)
		return fail("thaw %s", path);
	return found;
}

/* Where pid is in the v1 freezer; *mount is the length of the mount's path in it. NULL: nowhere that can be
 * seen, without a record. */
static const char *freezer_of(struct arena *a, pid_t pid, size_t *mount)
{
	char *name = arena_printf(a, "/proc/%d/cgroup", pid), buf[16384];
	struct layout l, of = { 0 };

	if (tree_get(tree_path(name, O_RDONLY), buf, sizeof(buf)) < 0)
		return NULL;
	if (layout_find(a, &l) < 0 || layout_parse(a, buf, &of) < 0) {
		err_clear("a cgroup that cannot be found cannot be thawed");
		return NULL;
	}
	for (size_t i = 0; i < l.n; i++)
		for (size_t j = 0; j < of.n; j++) {
			if (!l.at[i].mount || !(l.at[i].ctls & of.at[j].ctls & 1u << CTL_FREEZER))
				continue;
			*mount = strlen(l.at[i].mount);
			return arena_printf(a, "%s%s", l.at[i].mount, of.at[j].own);
		}
	return NULL;
}

int cgroup_thaw(struct cgroup *cg, pid_t init)
{
	struct cg_dir *d = cg_dir_of(cg, CTL_FREEZER);
	char block[32768], text[16];
	const char *place;
	struct arena a;
	size_t mount;
	int found;

	if (!d)
		return 0;
	found = thaw_below(d->path);
	if (found < 0)
		return -1;
	arena_init(&a, block, sizeof(block));
	place = init > 0 ? freezer_of(&a, init, &mount) : NULL;
	if (!place || paths_is_below(place, d->path))
		return found;
	/* Init was moved elsewhere. It is moved back, so that unrelated processes there stay frozen. */
	snprintf(text, sizeof(text), "%d", init);
	if (!cg_dir_write(d, "cgroup.procs", text))
		return 1;
	return thaw_below(place) < 0 ? -1 : 1;
}

const char *cgroup_holder(struct arena *a, pid_t pid)
{
	char state[16];
	size_t mount;
	const char *place = freezer_of(a, pid, &mount);
	char *at = place ? arena_strdup(a, place) : NULL;

	while (at && strlen(at) > mount) {
		char *file = arena_printf(a, "%s/freezer.self_freezing", at);

		if (tree_get(tree_path(file, O_RDONLY), state, sizeof(state)) > 0 && *state == '1')
			return at;
		*strrchr(at, '/') = 0;
	}
	return NULL;
}

/* ---- stopped and let go ----------------------------------------------------------------------- */

#define WAIT_MS 10000 /* for all hierarchies together */
#define QUICK_MS 500

static int freeze_until(struct cgroup *cg, bool frozen, int64_t until)
{
	struct cg_dir *d = freezer_dir(cg), *old = cg_dir_of(cg, CTL_FREEZER);
	int64_t quick = clock_ms() + QUICK_MS;

	if (!d)
		return failx("cgroup: no freezer is mounted");
	/* hybrid: another program may have used the other freezer */
	if (!frozen && old && old != d && cg_version(old)->frozen(old) > 0 &&
	    cg_version(old)->freeze(old, false, until) < 0)
		return -1;
	if (!old || old == d)
		return cg_version(d)->freeze(d, frozen, until);
	if (cg_version(d)->freeze(d, frozen, quick < until ? quick : until) == 0)
		return 0;
	/* KERNEL 5.2: the v2 freezer, ENOENT; hybrid falls back on v1's. */
	if (err_num() == ENOENT) {
		err_clear("the v1 freezer does it");
		return cg_version(old)->freeze(old, frozen, until);
	}
	if (err_num() != ETIMEDOUT)
		return -1;
	/* The v2 freezer stops a process on its way to user space, which one in the v1 freezer never reaches. */
	err_clear("a sub-cgroup of the container's own may be frozen by v1");
	if (frozen && thaw_below(old->path) < 0)
		return -1;
	return cg_version(d)->freeze(d, frozen, until);
}

int cgroup_freeze(struct cgroup *cg, bool frozen)
{
	return freeze_until(cg, frozen, clock_ms() + WAIT_MS) < 0 ? fail_in("cgroup") : 0;
}

int cgroup_is_frozen(struct cgroup *cg)
{
	struct cg_dir *d = freezer_dir(cg), *old = cg_dir_of(cg, CTL_FREEZER);
	int ret = d ? cg_version(d)->frozen(d) : 0;

	if (ret <= 0 && old && old != d)
		ret = cg_version(old)->frozen(old);
	return ret;
}

/* ---- killed ----------------------------------------------------------------------------------- */

#define KILL_ROUNDS 16

/* KERNEL 5.3: pidfd_open(2), ENOSYS, or EPERM of an older seccomp profile; signals then go by number. */
static bool is_without_pidfd(int num)
{
	return num == ENOSYS || num == EPERM;
}

static int signal_one(int pidfd, pid_t pid, int sig)
{
	int rc = pidfd < 0 ? -1 : sys_pidfd_send_signal(pidfd, sig);

	if (rc < 0 && (pidfd < 0 || is_without_pidfd(errno)))
		rc = kill(pid, sig);
	return rc < 0 && errno != ESRCH ? fail("kill process %d", pid) : 0;
}

/*
 * A pid that was read a moment ago may belong to another process by now. So a pidfd is opened for each, and
 * then the list is read again: a pid that is still in it is one of ours, and the pidfd refers either to that
 * process or to one that has ended, which a signal does not reach.
 */
int cg_kill_pids(const char *path, const pid_t *pids, size_t n, int sig)
{
	_Alignas(16) char block[4096];
	bool held[CG_PIDS_MAX] = { false };
	cgroup_pids now = { 0 };
	int fds[CG_PIDS_MAX], ret = 0;
	struct arena a;

	for (size_t i = 0; i < n; i++) {
		fds[i] = sys_pidfd_open(pids[i]);
		held[i] = fds[i] >= 0 || is_without_pidfd(errno);
		if (!held[i] && errno != ESRCH)
			ret = fail("open process %d", pids[i]);
	}
	arena_init(&a, block, sizeof(block));
	if (ret == 0)
		ret = tree_procs(path, &a, &now);
	for (size_t i = 0; i < n; i++) {
		bool ours = false;

		list_each (pid, now)
			ours |= *pid == pids[i];
		if (ret == 0 && ours && held[i])
			ret = signal_one(fds[i], pids[i], sig);
		fd_close(&fds[i]);
	}
	return ret;
}

/* Signals all processes. SIGKILL is repeated while it finds one, unless they are frozen and cannot fork. */
static int kill_walk(struct cgroup *cg, int sig, bool still)
{
	const char *path = cg_procs_dir(cg)->path;

	for (int round = 0; round < (still || sig != SIGKILL ? 1 : KILL_ROUNDS); round++) {
		_Alignas(16) char block[4096];
		cgroup_pids pids;
		struct arena a;

		arena_init(&a, block, sizeof(block));
		if (cgroup_procs(cg, &a, &pids) < 0)
			return -1;
		if (!pids.n)
			return 0;
		for (size_t i = 0; i < pids.n; i += CG_PIDS_MAX)
			if (cg_kill_pids(path, pids.at + i,
					 pids.n - i < CG_PIDS_MAX ? pids.n - i : CG_PIDS_MAX,
					 sig) < 0)
				return -1;
		if (!still && sig == SIGKILL)
			poll(NULL, 0, 1 << (round < 6 ? round : 6));
	}
	return 0;
}

int cgroup_kill(struct cgroup *cg, int sig)
{
	struct cg_dir *d = cg_procs_dir(cg), *old = cg_dir_of(cg, CTL_FREEZER);
	int64_t until = clock_ms() + WAIT_MS;
	int ret, was;

	if (!d)
		return 0;
	/* KERNEL 5.14: cgroup.kill, ENOENT; without it freeze, walk, thaw, during which a fork of a
	 * process that does not freeze can slip by. */
	if (sig == SIGKILL && cg_version(d)->kill(d) > 0)
		return old && thaw_below(old->path) < 0 ? fail_in("cgroup") : 0;
	was = cgroup_is_frozen(cg);
	ret = was > 0 ? 0 : freeze_until(cg, true, until);
	if (ret < 0)
		err_clear("without a freezer the walk is repeated");
	ret = kill_walk(cg, sig, ret == 0);
	/* SIGKILL must be able to arrive; other signals leave a pause in place. */
	if ((was <= 0 || sig == SIGKILL) && cgroup_is_frozen(cg) > 0 &&
	    freeze_until(cg, false, until) < 0)
		ret = -1;
	if (sig == SIGKILL && old && thaw_below(old->path) < 0)
		ret = -1;
	return ret < 0 ? fail_in("cgroup") : 0;
}
