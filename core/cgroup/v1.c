/* v1.c - cgroup v1 only: inherited cpusets and the v1 freezer. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

/*
 * Gives a new v1 cpuset the values of its parent, because no process can join an empty one
 * (ENOSPC). A parent that is empty itself is filled first. -1 and errno.
 */
static int inherit(char *path, size_t base, const char *file)
{
	char *end = path + strlen(path), *slash = strrchr(path, '/');
	char name[4096], value[4096];
	ssize_t n;

	for (int tries = 0; tries < 2; tries++) {
		snprintf(name, sizeof(name), "%.*s/%s", (int)(slash - path), path, file);
		n = tree_get(tree_path(name, O_RDONLY), value, sizeof(value));
		if (n < 0)
			return -1;
		if (n > 1 || slash <= path + base)
			break;
		*slash = 0;
		n = inherit(path, base, file);
		*slash = '/';
		if (n < 0)
			return -1;
	}
	snprintf(name, sizeof(name), "%.*s/%s", (int)(end - path), path, file);
	return tree_put(tree_path(name, O_WRONLY), value);
}

static int v1_level(const char *path, void *arg)
{
	const struct cg_dir *d = arg;
	char copy[4096];

	if (!(d->ctls >> CTL_CPUSET & 1))
		return 0;
	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return inherit(copy, d->base, "cpuset.cpus") < 0 ? -1
							 : inherit(copy, d->base, "cpuset.mems");
}

/* The cgroup's own setting. FROZEN of freezer.state may be due to a cgroup above. */
static int v1_frozen(struct cg_dir *d)
{
	char buf[16];

	if (cg_dir_read(d, "freezer.self_freezing", buf, sizeof(buf)) < 0)
		return errno == ENOENT || errno == ENODEV
			       ? 0
			       : fail("%s/freezer.self_freezing", d->path);
	return buf[0] == '1';
}

#define FREEZE_THAW_EVERY 50

/*
 * The v1 freezer does not report when it is done, and a process that forks meanwhile can keep the
 * state at FREEZING for ever. So this writes and reads the state repeatedly, and thaws from time to
 * time.
 */
static int v1_freeze(struct cg_dir *d, bool freeze_it, int64_t until)
{
	const char *word = freeze_it ? "FROZEN" : "THAWED";
	char buf[16];

	for (int i = 0; i < 10 || clock_ms() < until; i++) {
		if (i && i % FREEZE_THAW_EVERY == 0 && freeze_it) {
			cg_dir_write(d, "freezer.state", "THAWED");
			poll(NULL, 0, 10);
		}
		if (cg_dir_write(d, "freezer.state", word) < 0)
			return fail("%s/freezer.state: %s", d->path, word);
		if (!freeze_it)
			return 0;
		if (cg_dir_read(d, "freezer.state", buf, sizeof(buf)) < 0)
			return fail("read %s/freezer.state", d->path);
		if (!strncmp(buf, word, 6))
			return 0;
		poll(NULL, 0, i < 10 ? 0 : 1);
	}
	cg_dir_write(d, "freezer.state", "THAWED");
	errno = ETIMEDOUT;
	return fail("%s/freezer.state: processes do not freeze", d->path);
}

static int v1_kill(struct cg_dir *d)
{
	return 0;
}

const struct cg_version cg_v1 = {
	.level = v1_level,
	.freeze = v1_freeze,
	.frozen = v1_frozen,
	.kill = v1_kill,
};
