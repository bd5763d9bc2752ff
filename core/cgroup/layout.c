/* layout.c - finds the mounted hierarchies, and this process's cgroup in each. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#define ROOT "/sys/fs/cgroup"

const struct json_word cgroup_manager_words[] = {
	{ "cgroupfs", CGROUP_CGROUPFS },
	{ "systemd", CGROUP_SYSTEMD },
	{ "disabled", CGROUP_DISABLED },
	{ NULL, 0 },
};

const struct ctl_name ctl_names[CTL_MAX] = {
	[CTL_CPUSET] = { "cpuset", "cpuset", false },
	[CTL_DEVICES] = { "devices", NULL, false },
	[CTL_MEMORY] = { "memory", "memory", true },
	[CTL_CPU] = { "cpu", "cpu", false },
	[CTL_CPUACCT] = { "cpuacct", NULL, false },
	[CTL_PIDS] = { "pids", "pids", false },
	[CTL_BLKIO] = { "blkio", "io", true },
	[CTL_HUGETLB] = { "hugetlb", "hugetlb", true },
	[CTL_NET_CLS] = { "net_cls", NULL, false },
	[CTL_NET_PRIO] = { "net_prio", NULL, false },
	[CTL_PERF_EVENT] = { "perf_event", NULL, false },
	[CTL_FREEZER] = { "freezer", NULL, false },
	[CTL_RDMA] = { "rdma", "rdma", true },
	[CTL_MISC] = { "misc", "misc", true },
	[CTL_NAMED] = { "name", NULL, false },
	[CTL_CORE] = { NULL, "cgroup", false },
};

int ctl_of(const char *name, size_t len)
{
	for (int c = 0; c < CTL_MAX; c++) {
		const char *v1 = ctl_names[c].v1, *v2 = ctl_names[c].v2;

		if ((v1 && !strncmp(v1, name, len) && !v1[len]) ||
		    (v2 && !strncmp(v2, name, len) && !v2[len]))
			return c;
	}
	return -1;
}

unsigned ctl_set(const char *names)
{
	unsigned set = 0;

	while (*names) {
		size_t len = strcspn(names, ", =\n");
		int c = ctl_of(names, len);

		if (c >= 0)
			set |= 1u << c;
		if (names[len] == '=') /* name=systemd: the rest is the name of the hierarchy */
			break;
		names += len + !!names[len];
	}
	return set;
}

int layout_parse(struct arena *a, char *text, struct layout *out)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *names = strchr(line, ':'), *own = names ? strchr(names + 1, ':') : NULL;
		struct hier *h = &out->at[out->n];

		if (!own || own[1] != '/')
			return failx("/proc/PID/cgroup: line \"%s\" is not understood", line);
		if (out->n == HIER_MAX)
			return failx("/proc/PID/cgroup: more than %d hierarchies", HIER_MAX);
		*own++ = 0;
		h->names = arena_strdup(a, names + 1);
		h->ctls = ctl_set(h->names);
		/* "/../x" is outside of our cgroup namespace, and no path leads there. "/..x" is a
		 * name like any other. */
		h->own = strncmp(own, "/..", 3) || (own[3] && own[3] != '/') ? arena_strdup(a, own)
									     : "/";
		out->n++;
	}
	return 0;
}

/* True if list, whose words are separated by commas, has the word. */
static bool in_list(const char *list, const char *word, size_t len)
{
	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == len && !memcmp(list, word, len))
			return true;
	return false;
}

/* Compares a mount with the hierarchies whose mount is not known yet. */
static void take_mount(struct arena *a, const struct mountinfo *m, struct layout *out,
		       layout_seen *seen)
{
	const char *root = m->root;
	size_t len;

	if (strncmp(m->type, "cgroup", 6))
		return;
	len = strlen(root);
	for (size_t i = 0; i < out->n; i++) {
		struct hier *h = &out->at[i], try;

		if (h->mount)
			continue;
		/* The superblock options of a v1 mount name its controllers. One is compared,
		 * because a controller is in one hierarchy only. */
		if (m->type[6] == '2' ? h->names[0] != 0
				      : !h->names[0] || !in_list(m->options, h->names,
								 strcspn(h->names, ",")))
			continue;
		/* The mount may be a bind of a cgroup: cgroups above that one are not visible. */
		if (!root[1])
			len = 0;
		else if (strncmp(h->own, root, len) || h->own[len] != '/')
			len = strlen(h->own);
		try = *h;
		try.own = h->own[len] ? h->own + len : "/";
		try.mount = arena_strdup(a, m->point);
		/* Another mount may cover this one; a later line may have a visible one. */
		if (!seen || seen(a, &try, try.mount))
			*h = try;
		return;
	}
}

void layout_mountinfo(struct arena *a, char *text, struct layout *out, layout_seen *seen)
{
	struct mountinfo m;

	while (mountinfo_next(&text, &m))
		take_mount(a, &m, out, seen);
}

/*
 * Reads a file of /proc, which path names in errors, from fd, the result of open(2), and closes fd.
 * one_record: it has no second record. NULL: it does not exist (a kernel without CONFIG_CGROUPS).
 * NULL and *rc -1: it cannot be read, which is an error, because the container would run without
 * its limits and device rules.
 */
static char *read_proc(struct arena *a, int opened, const char *path, bool one_record, int *rc)
{
	int fd __cleanup(fd_close) = opened;
	size_t size = 4096, len = 0;
	char *buf;

	*rc = 0;
	if (fd < 0) {
		*rc = errno == ENOENT ? 0 : fail("open %s", path);
		return NULL;
	}
	buf = arena_alloc(a, size);
	for (;;) {
		ssize_t n = read(fd, buf + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*rc = fail("read %s", path);
			return NULL;
		}
		if (!n)
			break;
		len += n;
		/* A read returns no part of a record, so this read has it all. Of several records
		 * it may leave out the next one, if that is long. */
		if (one_record && buf[len - 1] == '\n' && len < 2048)
			break;
		if (size - 1 - len < 1024) {
			char *more = arena_alloc(a, size * 4);

			buf = memcpy(more, buf, len);
			size *= 4;
		}
	}
	buf[len] = 0;
	return buf;
}

/* True if this hierarchy is mounted here and the process's cgroup is visible in it. */
static bool seen_at(struct arena *a, struct hier *h, const char *mount)
{
	const char *dir = h->own[1] ? arena_join(a, mount, h->own) : mount;

	if (!sys_exists(AT_FDCWD, arena_join(a, dir, "/cgroup.procs")))
		return false;
	h->mount = mount;
	return true;
}

/* Looks in the directories that Docker, systemd and OpenRC use. False: not all hierarchies are
 * there. */
static bool usual_places(struct arena *a, struct layout *out)
{
	bool all = true;

	for (size_t i = 0; i < out->n; i++) {
		struct hier *h = &out->at[i];
		const char *name = h->names;

		if (!*name)
			name = "unified";
		else if (!strncmp(name, "name=", 5))
			name += 5;
		/* "cpu,cpuacct", or its symlink "cpu" */
		if (!seen_at(a, h, arena_join(a, ROOT "/", name)) &&
		    (!strchr(name, ',') ||
		     !seen_at(a, h, arena_printf(a, ROOT "/%.*s", (int)strcspn(name, ","), name))))
			all = false;
	}
	return all;
}

static enum cgroup_layout layout_kind(const struct layout *l)
{
	bool v1 = false, v2 = false;

	for (size_t i = 0; i < l->n; i++) {
		if (!l->at[i].mount)
			continue;
		if (l->at[i].names[0])
			v1 = true;
		else
			v2 = true;
	}
	return v1 ? (v2 ? CGROUP_HYBRID : CGROUP_V1) : v2 ? CGROUP_V2 : CGROUP_NONE;
}

/* Finds the mounts of the hierarchies in text, which is that of /proc/PID/cgroup. */
static int find_mounts(struct arena *a, char *text, const struct statfs *root, struct layout *out)
{
	bool found = false;
	int rc;

	memset(out, 0, sizeof(*out));
	if (layout_parse(a, text, out) < 0)
		return -1;
	if (root->f_type == SYS_CGROUP2_MAGIC) {
		for (size_t i = 0; i < out->n; i++)
			if (!out->at[i].names[0])
				found = seen_at(a, &out->at[i], ROOT);
	} else if (root->f_type == SYS_TMPFS_MAGIC || root->f_type == SYS_RAMFS_MAGIC) {
		found = usual_places(a, out);
	}
	if (!found) {
		const char *path = "/proc/self/mountinfo";

		text = read_proc(a, tree_path(path, O_RDONLY), path, false, &rc);
		if (rc < 0)
			return -1;
		if (text)
			layout_mountinfo(a, text, out, seen_at);
	}
	out->kind = layout_kind(out);
	return 0;
}

/* What is mounted on ROOT; without a mount the filesystem around it. */
static struct statfs look_at_root(void)
{
	struct statfs fs;

	if (statfs(ROOT, &fs) < 0)
		fs.f_type = 0;
	return fs;
}

int layout_find(struct arena *a, struct layout *out)
{
	const char *path = "/proc/self/cgroup";
	struct statfs root = look_at_root();
	char *text;
	int rc;

	memset(out, 0, sizeof(*out));
	text = read_proc(a, tree_path(path, O_RDONLY), path, true, &rc);
	if (!text && !rc && root.f_type == SYS_CGROUP2_MAGIC)
		text = arena_strdup(a, "0::/\n"); /* without /proc absolute paths still work */
	return text ? find_mounts(a, text, &root, out) : rc;
}

int layout_of(struct arena *a, int procfd, pid_t pid, struct layout *out)
{
	const char *path = arena_printf(a, "/proc/%d/cgroup", pid);
	struct statfs root = look_at_root();
	char *text;
	int fd, rc;

	fd = procfd < 0 ? tree_path(path, O_RDONLY)
			: procfs_openat(procfd, path + strlen("/proc/"), O_RDONLY);
	text = read_proc(a, fd, path, true, &rc);
	if (!text)
		return rc < 0 ? -1 : fail("open %s", path);
	return find_mounts(a, text, &root, out);
}

enum cgroup_layout cgroup_layout(void)
{
	char block[16384];
	struct arena a;
	struct layout l;

	arena_init(&a, block, sizeof(block));
	if (layout_find(&a, &l) < 0) {
		err_clear("the caller needs a layout to show, not an error");
		return CGROUP_NONE;
	}
	return l.kind;
}
