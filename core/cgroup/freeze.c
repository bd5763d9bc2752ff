/* freeze.c - freezes, thaws and kills all processes of a container. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Prefers v2 to the v1 freezer, because a process that v2 has frozen can still be killed. */
static struct cg_dir *freezer_dir(struct cgroup *cg)
{
	if (cg->v2 && cg->v2->path)
		return cg->v2;
	return cg_dir_of(cg, CTL_FREEZER);
}

/* ---- v1: a frozen process does not die of SIGKILL -------------------------------------------- */

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

/* Thaws path and all below it, because a container may have frozen a sub-cgroup. Returns 1: one was
 * frozen; 0; -1. */
static int thaw_below(const char *path)
{
	bool found = false;

	if (tree_each(path, thaw_one, &found) < 0)
		return fail("thaw %s", path);
	return found;
}

/* The directory of pid's cgroup in the v1 freezer; *mount becomes the length of its mount point.
 * NULL, without a record: it cannot be found here. */
static const char *freezer_of(struct arena *a, pid_t pid, size_t *mount)
{
	struct layout of;

	if (layout_of(a, -1, pid, &of) < 0) {
		err_clear("a cgroup that cannot be found cannot be thawed");
		return NULL;
	}
	for (size_t i = 0; i < of.n; i++) {
		const struct hier *h = &of.at[i];

		if (!h->mount || !(h->ctls & 1u << CTL_FREEZER))
			continue;
		*mount = strlen(h->mount);
		return arena_join(a, h->mount, h->own);
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
	if (!place || path_is_below(place, d->path))
		return found;
	/* Another program has moved init to another cgroup. Init is moved back, so that other
	 * processes there stay frozen. */
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

/* ---- freezing and thawing -------------------------------------------------------------------- */

#define WAIT_MS 10000 /* for all hierarchies together */
#define QUICK_MS 500

static int freeze_until(struct cgroup *cg, bool frozen, int64_t until)
{
	struct cg_dir *d = freezer_dir(cg), *old = cg_dir_of(cg, CTL_FREEZER);
	int64_t quick = clock_ms() + QUICK_MS;

	if (!d)
		return failx("cgroup: no freezer is mounted");
	/* On a hybrid layout another program may have used the v1 freezer. */
	if (!frozen && old && old != d && cg_version(old)->frozen(old) > 0 &&
	    cg_version(old)->freeze(old, false, until) < 0)
		return -1;
	if (!old || old == d)
		return cg_version(d)->freeze(d, frozen, until);
	if (cg_version(d)->freeze(d, frozen, quick < until ? quick : until) == 0)
		return 0;
	/* KERNEL 5.2: the v2 freezer (ENOENT); the v1 freezer of a hybrid layout is
	 * used instead. */
	if (err_num() == ENOENT) {
		err_clear("the v1 freezer is used");
		return cg_version(old)->freeze(old, frozen, until);
	}
	if (err_num() != ETIMEDOUT)
		return -1;
	/* The v2 freezer stops a process when it returns to user space, which a process that the v1
	 * freezer holds never does. */
	err_clear("the v1 freezer may hold a sub-cgroup of the container");
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

bool cgroup_has(struct cgroup *cg, pid_t pid)
{
	struct cg_dir *all[] = { freezer_dir(cg), cg_dir_of(cg, CTL_FREEZER) };
	cgroup_pids pids;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		pids = (cgroup_pids){ 0 };
		if (!all[i])
			continue;
		if (tree_procs(all[i]->path, cg->arena, &pids) < 0) {
			err_clear("the process is taken to be in its cgroup");
			return true;
		}
		list_each (p, pids)
			if (*p == pid)
				return true;
	}
	return false;
}

/* Opens file in the cgroup dir. Most containers have the same parent cgroup, so the directory of
 * the parent stays open for the next call. */
static int open_near(const char *dir, const char *file)
{
	static LARGE char parent[PATH_MAX];
	static int parent_len, held = -1;
	char path[PATH_MAX];
	const char *name = strrchr(dir, '/');
	int len = (int)(name - dir);

	if (len >= PATH_MAX)
		return -1;
	if (len != parent_len || memcmp(parent, dir, len) != 0) {
		fd_close(&held);
		snprintf(parent, sizeof(parent), "%.*s", len, dir);
		parent_len = len;
		held = tree_path(parent, O_PATH | O_DIRECTORY | O_NOFOLLOW);
	}
	if (strlen(name) + strlen(file) >= sizeof(path))
		return -1;
	strcpy(stpcpy(stpcpy(path, name + 1), "/"), file);
	return held < 0 ? -1 : openat(held, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

bool cgroup_glance(const struct oci_state *s, char init)
{
	char buf[16];

	list_each (p, s->cgroup_paths) {
		const char *file = *p->key ? "freezer.self_freezing" : "cgroup.freeze";

		/* A process that the v1 freezer holds is shown as one that sleeps
		 * uninterruptibly ("D"), or is stopped. */
		if (*p->key && (init == 'S' || init == 'R' || strcmp(p->key, "freezer") != 0))
			continue;
		if (p->value && *p->value == '/' &&
		    tree_get(open_near(p->value, file), buf, sizeof(buf)) > 0 && *buf == '1')
			return true;
	}
	return false;
}

/* ---- killing --------------------------------------------------------------------------------- */

#define KILL_ROUNDS 16

/* KERNEL 5.3: pidfd_open(2) (ENOSYS; EPERM of an older seccomp profile); kill(2) is used then. */
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
 * A pid that was read a moment ago may have been reused for another process. So this opens a pidfd
 * for each and then reads the list again. If the pid is still in the list, the pidfd refers to a
 * process of ours, or to one that has ended and gets no signal.
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

/* Signals all processes. With SIGKILL it repeats that until no process is left, unless still is
 * set: then they are frozen and cannot fork. */
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
	/* KERNEL 5.14: cgroup.kill (ENOENT); without it the processes are frozen, signalled
	 * one by one and thawed. A process that does not freeze may fork meanwhile, and its
	 * child is missed. */
	if (sig == SIGKILL && cg_version(d)->kill(d) > 0)
		return old && thaw_below(old->path) < 0 ? fail_in("cgroup") : 0;
	was = cgroup_is_frozen(cg);
	ret = was > 0 ? 0 : freeze_until(cg, true, until);
	if (ret < 0)
		err_clear("without a freezer the signals are repeated");
	ret = kill_walk(cg, sig, ret == 0);
	/* A frozen process does not get SIGKILL on v1, so it is thawed. After other signals
	 * it stays paused. */
	if ((was <= 0 || sig == SIGKILL) && cgroup_is_frozen(cg) > 0 &&
	    freeze_until(cg, false, until) < 0)
		ret = -1;
	if (sig == SIGKILL && old && thaw_below(old->path) < 0)
		ret = -1;
	return ret < 0 ? fail_in("cgroup") : 0;
}
