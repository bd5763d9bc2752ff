/* v2.c - cgroup v2 only: enabling controllers, threaded subtrees, delegation, the v2 freezer. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

static int v2_level(const char *path, void *arg)
{
	(void)path, (void)arg;
	return 0;
}

/* ---- controllers ----------------------------------------------------------------------------- */

const char *v2_root_controllers(struct cgroup *cg)
{
	char buf[1024], *path;
	size_t len;

	if (cg->v2_names || !cg->v2 || !cg->v2->path)
		return cg->v2_names;
	/* After cgroup_load the mount is not known: use the list of the cgroup itself. */
	len = cg->v2->base ? cg->v2->base : strlen(cg->v2->path);
	path = arena_printf(cg->arena, "%.*s/cgroup.controllers", (int)len, cg->v2->path);
	if (tree_get(tree_path(path, O_RDONLY), buf, sizeof(buf)) < 0)
		buf[0] = 0;
	cg->v2_names = arena_strdup(cg->arena, buf);
	cg->where.v2 = ctl_set(cg->v2_names);
	return cg->v2_names;
}

/* Makes "+cpu +io" of the names whose controllers are in wanted. */
static char *plus_list(struct arena *a, const char *names, unsigned wanted)
{
	char *out = arena_alloc(a, strlen(names) * 2 + 2), *end = out;

	while (*names) {
		size_t len = strcspn(names, " \n");
		int c = ctl_of(names, len);

		if (len && c >= 0 && wanted >> c & 1)
			end += sprintf(end, "%s+%.*s", end > out ? " " : "", (int)len, names);
		names += len + !!names[len];
	}
	return out;
}

/*
 * Enables controllers for the sub-cgroups of dir, by one write or, if that fails, one by one.
 * Returns the errno of the last failure. EBUSY means that dir has processes. Then a controller that
 * counts by thread could be enabled, but would make the whole subtree threaded, so none is tried.
 */
static int enable_in(struct arena *a, const char *dir, const char *names, unsigned wanted)
{
	char *path = arena_printf(a, "%s/cgroup.subtree_control", dir);
	int num = 0;

	if (!tree_put(tree_path(path, O_WRONLY), plus_list(a, names, wanted)))
		return 0;
	if (errno == EBUSY)
		return EBUSY;
	for (int c = 0; c < CTL_MAX; c++)
		if (wanted >> c & 1 &&
		    tree_put(tree_path(path, O_WRONLY), plus_list(a, names, 1u << c)) < 0)
			num = errno;
	return num;
}

static int leaf_controllers(const struct cg_dir *d, unsigned *out)
{
	char buf[1024];

	if (cg_dir_read(d, "cgroup.controllers", buf, sizeof(buf)) < 0)
		return fail("read %s/cgroup.controllers", d->path);
	*out = ctl_set(buf);
	return 0;
}

/*
 * In a threaded subtree a new cgroup is "domain invalid": no process can join it until it is made
 * threaded too, and then it cannot use the controllers that count by process.
 */
static int check_threaded(struct cgroup *cg, struct cg_dir *d)
{
	char buf[64];

	if (cg_dir_read(d, "cgroup.type", buf, sizeof(buf)) < 0)
		return 0; /* KERNEL 4.14: threaded cgroups */
	if (!strncmp(buf, "domain\n", 7))
		return 0;
	for (int c = 0; c < CTL_MAX; c++)
		if (ctl_names[c].domain && cg->asked >> c & 1)
			return failx(
				"%s: controller %s cannot be used in a cgroup of type \"%.*s\"",
				d->path, ctl_names[c].v2, (int)strcspn(buf, "\n"), buf);
	if (!strncmp(buf, "domain invalid", 14) && cg_dir_write(d, "cgroup.type", "threaded") < 0)
		return fail("%s/cgroup.type: threaded", d->path);
	return 0;
}

/*
 * Enables controllers at every level above d. Usually they are enabled, and that is checked first,
 * because a write waits in the kernel for dying cgroups, even if it changes nothing.
 */
static int enable_controllers(struct cgroup *cg, struct cg_dir *d)
{
	const char *names = v2_root_controllers(cg);
	unsigned want = cg->where.v2, have = 0;
	char *dir;
	int num = 0;

	/* On a hybrid layout v2 usually has no controllers, and below systemd the levels above are
	 * not ours: enable only what a limit needs. */
	if (cg->layout == CGROUP_HYBRID || cg->unit.unit)
		want &= cg->asked;
	if (!want)
		return 0;
	if (leaf_controllers(d, &have) < 0)
		return -1;
	if (!(want & ~have))
		return 0;
	dir = arena_strdup(cg->arena, d->path);
	for (char *end = dir + d->base; end; end = strchr(end + 1, '/')) {
		int ret;

		*end = 0;
		ret = enable_in(cg->arena, dir, names, want);
		num = ret ? ret : num;
		*end = '/';
	}
	if (leaf_controllers(d, &have) < 0 || check_threaded(cg, d) < 0)
		return -1;
	for (int c = 0; c < CTL_MAX; c++) {
		if (!(want & cg->asked & ~have & 1u << c))
			continue;
		errno = num ? num : ENOENT;
		fail("%s: controller %s cannot be enabled in cgroup.subtree_control above it",
		     d->path, ctl_names[c].v2);
		if (num == EBUSY)
			fail_hint("the cgroup above has processes: move them into a sub-cgroup of "
				  "it, or give a cgroupsPath elsewhere");
		return -1;
	}
	return 0;
}

/* ---- delegation (runtime-spec, "Cgroup ownership") ------------------------------------------- */

static int delegate(struct cgroup *cg, struct cg_dir *d)
{
	static const char fallback[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
	char names[4096], *save = NULL;
	int fd;

	if (!cg->delegate || cg->layout != CGROUP_V2)
		return 0;
	fd = cg_dir_fd(d);
	if (fd < 0)
		return -1;
	/* KERNEL 4.15: the list of files (ENOENT); without it cgroup.procs,
	 * cgroup.subtree_control and cgroup.threads are used. */
	if (tree_get(tree_path("/sys/kernel/cgroup/delegate", O_RDONLY), names, sizeof(names)) < 0)
		memcpy(names, fallback, sizeof(fallback));
	if (fchownat(fd, "", cg->delegate_uid, -1, AT_EMPTY_PATH) < 0)
		return fail("give %s to uid %u", d->path, cg->delegate_uid);
	for (char *n = strtok_r(names, "\n", &save); n; n = strtok_r(NULL, "\n", &save))
		if (!strchr(n, '/') &&
		    fchownat(fd, n, cg->delegate_uid, -1, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return fail("give %s/%s to uid %u", d->path, n, cg->delegate_uid);
	return 0;
}

static int v2_prepare(struct cgroup *cg, struct cg_dir *d)
{
	/* On a hybrid layout the controllers of v2 do not matter if no limit needs one. */
	if ((cg->layout != CGROUP_HYBRID || cg->asked & ~cg->where.v1) &&
	    enable_controllers(cg, d) < 0)
		return -1;
	return delegate(cg, d);
}

/* ---- freezer, kill --------------------------------------------------------------------------- */

static int v2_frozen(struct cg_dir *d)
{
	char buf[16];

	/* KERNEL 5.2: cgroup.freeze (ENOENT); without it nothing is frozen */
	if (cg_dir_read(d, "cgroup.freeze", buf, sizeof(buf)) < 0)
		return errno == ENOENT || errno == ENODEV ? 0
							  : fail("read %s/cgroup.freeze", d->path);
	return buf[0] == '1';
}

static int v2_freeze(struct cg_dir *d, bool freeze_it, int64_t until)
{
	int fd __cleanup(fd_close) = -1;
	uint64_t now = 0;
	char buf[256];

	if (cg_dir_write(d, "cgroup.freeze", freeze_it ? "1" : "0") < 0)
		return fail("%s/cgroup.freeze: %d", d->path, freeze_it);
	fd = cg_dir_open(d, "cgroup.events", O_RDONLY);
	if (fd < 0)
		return fail("open %s/cgroup.events", d->path);
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

		if (n < 0)
			return fail("read %s/cgroup.events", d->path);
		buf[n] = 0;
		if (!tree_keyed(buf, "frozen", &now) || now == freeze_it)
			return 0;
		/* poll(2) returns at every change of the file. A process in uninterruptible sleep
		 * can delay the change, so the wait has a limit. */
		n = until > clock_ms() ? poll(&p, 1, until - clock_ms()) : 0;
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return fail("wait for %s/cgroup.events", d->path);
	}
	if (freeze_it)
		cg_dir_write(d, "cgroup.freeze", "0");
	errno = ETIMEDOUT;
	return fail("%s/cgroup.freeze: %d: processes do not %s", d->path, freeze_it,
		    freeze_it ? "stop" : "go on");
}

static int v2_kill(struct cg_dir *d)
{
	if (!cg_dir_write(d, "cgroup.kill", "1"))
		return 1;
	return errno == ENODEV ? 1 : 0; /* removed: no process is left */
}

const struct cg_version cg_v2 = {
	.level = v2_level,
	.prepare = v2_prepare,
	.freeze = v2_freeze,
	.frozen = v2_frozen,
	.kill = v2_kill,
};
