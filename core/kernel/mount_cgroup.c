/* mount_cgroup.c - a mount of type cgroup or cgroup2: the container's view of v1 or v2. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/mount.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define CGROUP_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* Mounts a tmpfs and returns its descriptor. In a bare sysfs no process can exchange the path, so
 * that mount(2) may be used, and the mount opened by its path. */
static int mount_tmpfs(struct mount_job *j, int target, unsigned long flags)
{
	const char *at = j->m->destination;
	int base = mount_base(&j->env->held, j->env->root, &at);
	char path[FD_PATH_MAX];

	if (base == j->env->held.sys && j->env->held.sys_is_bare)
		return mount("cgroup", path_of_fd(path, target), "tmpfs", flags, "mode=755") < 0
			       ? fail("mount tmpfs on %s", j->m->destination)
			       : path_open(base, at, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
	return mountapi_fresh(&(struct mountapi_fresh){ .fstype = "tmpfs",
							.source = "cgroup",
							.data = "mode=755",
							.flags = flags,
							.root = j->env->root,
							.path = j->m->destination,
							.target = target });
}

/* A mount that is read-only whatever the config says: rrw does not change it. */
static int settle_readonly(struct mount_job *j, int mnt)
{
	j->o.rec_clr &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	return mount_settle(j, mnt);
}

/* The container has no cgroup to show: an empty tmpfs hides what the image has at
 * the mount point. */
static int mount_nothing(struct mount_job *j, int target)
{
	int mnt __cleanup(fd_close) = mount_tmpfs(j, target, CGROUP_FLAGS | MS_RDONLY);

	return mnt < 0 ? -1 : settle_readonly(j, mnt);
}

/* The initial namespaces of a host have fixed inode numbers
 * (include/linux/proc_ns.h, since 3.8). */
#define FIRST_CGROUP_NS 0xeffffffb
#define FIRST_USER_NS 0xeffffffd

static bool in_first_ns(const char *path, ino_t ino)
{
	struct stat st;

	return !stat(path, &st) && st.st_ino == ino;
}

bool mount_in_first_user_ns(void)
{
	return in_first_ns("/proc/self/ns/user", FIRST_USER_NS);
}

/* The mount point of the host's v2 tree; on a hybrid layout that is a directory
 * beside those of v1. */
static const char *v2_root(const char *dir)
{
	static const char beside[] = "/sys/fs/cgroup/unified";

	return strncmp(dir, beside, strlen(beside)) != 0 ? "/sys/fs/cgroup" : beside;
}

/* Mounts the tree of the cgroup namespace. mount(2) is a single call, but gives no descriptor of
 * the mount, which recursive words and those of propagation need. */
static int mount_tree(struct mount_job *j, int target, int *mnt)
{
	char path[FD_PATH_MAX];

	if (mount_unsettled(j)) {
		*mnt = mountapi_fresh(&(struct mountapi_fresh){ .fstype = "cgroup2",
								.source = "cgroup",
								.flags = j->o.flags,
								.root = j->env->root,
								.path = j->m->destination,
								.target = target });
		return *mnt < 0 ? -1 : 0;
	}
	if (mount("cgroup", path_of_fd(path, target), "cgroup2", j->o.flags, NULL) < 0)
		return fail("mount cgroup2 on %s", j->m->destination);
	return 0;
}

/* Binds the container's directory, or the host's tree. */
static int bind_tree(struct mount_job *j, int source, int target, bool readonly)
{
	int mnt __cleanup(fd_close) = -1;

	if (mountapi_bind(&(struct mountapi_bind){ .source = source,
						   .recursive = true,
						   .flags = j->o.flags | (readonly ? MS_RDONLY : 0),
						   .change = MOUNTAPI_REPLACE,
						   .root = j->env->root,
						   .path = j->m->destination,
						   .target = target,
						   .mnt = &mnt }) < 0)
		return -1;
	/* mount(2), which an older kernel needs, returns no descriptor. */
	if (mnt < 0 && mount_unsettled(j) &&
	    (mnt = path_open(j->env->root, j->m->destination, O_PATH, 0, 0)) < 0)
		return -1;
	return readonly ? settle_readonly(j, mnt) : mount_settle(j, mnt);
}

/*
 * Mounts the v2 tree; its root is that of the cgroup namespace. If the kernel forbids that (in a
 * user namespace or an outer container), a bind shows the container's own directory, or without a
 * cgroup namespace the host's tree read-only (CVE-2023-25809). If neither exists, it mounts an
 * empty tmpfs.
 *
 * In the initial cgroup namespace it always binds: the options of a new mount there also apply to
 * the host's mounts (cgroup-v2.rst, "Mounting"), so that systemd's nsdelegate would be lost.
 */
static int mount_v2(struct mount_job *j, const struct mount_cgroup *cg)
{
	int target __cleanup(fd_close) = mount_target(j, true);
	int source __cleanup(fd_close) = -1, mnt __cleanup(fd_close) = -1;
	bool first = in_first_ns("/proc/self/ns/cgroup", FIRST_CGROUP_NS);
	bool host = first && mount_in_first_user_ns();

	if (target < 0)
		return fail_in("destination");
	if (!first && !mount_tree(j, target, &mnt))
		return mount_settle(j, mnt);
	if (!first && err_num() != EPERM && err_num() != EBUSY)
		return -1;
	err_clear("a directory is bound");
	source = openat(AT_FDCWD, j->env->own_cgroupns ? cg->dir : v2_root(cg->dir),
			O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (source < 0 && errno == ENOENT)
		return mount_nothing(j, target);
	if (source < 0)
		return fail("open %s", cg->dir);
	return bind_tree(j, source, target, !j->env->own_cgroupns && !host);
}

/* Links each name of merged controllers to the directory that they share: cpu -> cpu,cpuacct. */
static int link_names(int dir, const char *name)
{
	char part[64];

	if (!strchr(name, ','))
		return 0;
	for (const char *p = name; *p;) {
		size_t len = strcspn(p, ",");

		snprintf(part, sizeof(part), "%.*s", (int)len, p);
		if (symlinkat(name, dir, part) < 0 && errno != EEXIST)
			return fail("link %s to %s", part, name);
		p += len + (p[len] == ',');
	}
	return 0;
}

static int mount_hierarchy(struct mount_job *j, int dir, const struct mount_cgroup *cg)
{
	char path[MOUNT_AT_MAX];

	if (mkdirat(dir, cg->name, 0755) < 0)
		return fail("create directory %s", cg->name);
	path_in_fd(path, dir, cg->name);
	if (!j->env->own_cgroupns) {
		/* ENOENT: an ordinary user could not make the cgroup, so there is
		 * nothing to show. */
		if (mount(cg->dir, path, NULL, MS_BIND | MS_REC, NULL) < 0 && errno != ENOENT)
			return fail("bind %s", cg->dir);
		return 0;
	}
	if (mount("cgroup", path, "cgroup", CGROUP_FLAGS, cg->data) < 0)
		return fail("mount cgroup hierarchy %s", cg->name);
	return 0;
}

/* Sets flags of the tmpfs and of every hierarchy on it, by one call. */
static int protect(struct mount_job *j, int dir, unsigned long flags)
{
	char path[MOUNT_AT_MAX];

	if (!mountapi_setattr(dir, true, mountapi_attrs(flags), 0))
		return 0;
	if (err_num() != ENOSYS)
		return -1;
	/* KERNEL 5.12: mount_setattr(2) (ENOSYS); each mount is remounted. */
	list_each (cg, j->env->cgroups) {
		path_in_fd(path, dir, cg->name);
		if (mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | flags, NULL) < 0 &&
		    errno != EINVAL)
			return fail("change mount flags of %s", cg->name);
	}
	return mountapi_setattr(dir, false, mountapi_attrs(flags), 0);
}

/* Makes a directory for each hierarchy on a tmpfs. With MS_RDONLY all become
 * read-only at the end. */
static int mount_v1(struct mount_job *j)
{
	int target __cleanup(fd_close) = mount_target(j, true);
	int dir __cleanup(fd_close) = -1;

	if (target < 0)
		return fail_in("destination");
	dir = mount_tmpfs(j, target, j->o.flags & ~(unsigned long)MS_RDONLY);
	if (dir < 0)
		return -1;
	list_each (cg, j->env->cgroups)
		if (mount_hierarchy(j, dir, cg) < 0 || link_names(dir, cg->name) < 0)
			return -1;
	if (protect(j, dir, CGROUP_FLAGS | (j->o.flags & MS_RDONLY)) < 0)
		return -1;
	return mount_settle(j, dir);
}

int mount_cgroups(struct mount_job *j)
{
	bool only_v2 = !strcmp(j->m->type, "cgroup2");
	int target __cleanup(fd_close) = -1;

	list_each (cg, j->env->cgroups)
		if (!*cg->name)
			return mount_v2(j, cg);
	if (!only_v2)
		return mount_v1(j);
	if (j->env->cgroup2)
		return mount_v2(j, &(struct mount_cgroup){ .dir = j->env->cgroup2 });
	/* The container has no cgroup in the v2 tree: a new mount would show the
	 * host's root of it. */
	target = mount_target(j, true);
	return target < 0 ? fail_in("destination") : mount_nothing(j, target);
}
