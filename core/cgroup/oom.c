/* oom.c - a descriptor that becomes readable when a container runs out of memory. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

/* v1: an eventfd registered with memory.oom_control (cgroup-v1/memory.rst, "OOM Control"). */
static int open_v1(const struct cg_dir *d, struct cgroup_oom *o)
{
	char text[32];

	o->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	o->events = cg_dir_open(d, "memory.oom_control", O_RDONLY);
	if (o->fd < 0 || o->events < 0)
		return fail("open %s/memory.oom_control", d->path);
	snprintf(text, sizeof(text), "%d %d", o->fd, o->events);
	if (cg_dir_write(d, "cgroup.event_control", text) < 0)
		return fail("%s/cgroup.event_control: %s", d->path, text);
	return 0;
}

static uint64_t kills(int fd)
{
	char buf[512];
	uint64_t n = 0;
	ssize_t len = pread(fd, buf, sizeof(buf) - 1, 0);

	buf[len > 0 ? len : 0] = 0;
	tree_keyed(buf, "oom_kill", &n);
	return n;
}

static int watch_file(const struct cg_dir *d, int fd, const char *file)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s", d->path, file) >= (int)sizeof(path) ||
	    inotify_add_watch(fd, path, IN_MODIFY) < 0)
		return fail("watch %s/%s", d->path, file);
	return 0;
}

/* v2: the kernel reports a modification of both files when a number in them changes. */
static int open_v2(const struct cg_dir *d, struct cgroup_oom *o)
{
	o->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	o->events = cg_dir_open(d, "memory.events", O_RDONLY);
	o->populated = cg_dir_open(d, "cgroup.events", O_RDONLY);
	if (o->fd < 0 || o->events < 0 || o->populated < 0)
		return fail("watch memory.events and cgroup.events of %s", d->path);
	if (watch_file(d, o->fd, "memory.events") < 0 || watch_file(d, o->fd, "cgroup.events") < 0)
		return -1;
	o->kills = kills(o->events);
	return 0;
}

int cgroup_oom_open(struct cgroup *cg, struct cgroup_oom *o)
{
	struct cg_dir *d = cg_dir_of(cg, CTL_MEMORY);
	int ret;

	*o = (struct cgroup_oom){ .fd = -1, .events = -1, .populated = -1 };
	if (!d)
		return failx("cgroup: out-of-memory events need a memory controller, and none is "
			     "mounted");
	ret = d->v2 ? open_v2(d, o) : open_v1(d, o);
	if (ret < 0) {
		cgroup_oom_close(o);
		return fail_in("cgroup");
	}
	return 0;
}

int cgroup_oom_read(struct cgroup_oom *o)
{
	_Alignas(struct inotify_event) char buf[4096];
	uint64_t before = o->kills, populated = 1;
	ssize_t n;

	if (o->populated < 0) {
		uint64_t times;
		bool notified = read(o->fd, &times, sizeof(times)) > 0;

		/* Removing the cgroup notifies too; then its files cannot be read any more. */
		return pread(o->events, buf, sizeof(buf), 0) < 0 ? -1 : notified;
	}
	while (read(o->fd, buf, sizeof(buf)) > 0)
		;
	o->kills = kills(o->events);
	/* The container may have ended as well; the next call reports that. */
	if (o->kills > before)
		return 1;
	n = pread(o->populated, buf, sizeof(buf) - 1, 0);
	buf[n > 0 ? n : 0] = 0;
	if (n < 0 || (tree_keyed(buf, "populated", &populated) && !populated))
		return -1;
	return 0;
}

void cgroup_oom_close(struct cgroup_oom *o)
{
	fd_close(&o->fd);
	fd_close(&o->events);
	fd_close(&o->populated);
}

uint64_t cgroup_oom_kills(struct cgroup *cg)
{
	struct cg_dir *d = cg_dir_of(cg, CTL_MEMORY);
	int fd __cleanup(fd_close) = -1;

	/* KERNEL 4.13: oom_kill in both files; without it nothing is counted. */
	if (d)
		fd = cg_dir_open(d, d->v2 ? "memory.events" : "memory.oom_control", O_RDONLY);
	return fd < 0 ? 0 : kills(fd);
}
