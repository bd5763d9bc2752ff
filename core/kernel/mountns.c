/* mountns.c - makes a mount namespace of the root filesystem alone (OPEN_TREE_NAMESPACE). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/mount.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define SOURCES_MAX 64 /* each is a descriptor */

/* The mount is made in the new namespace and needs nothing of the host. Without a cgroup namespace
 * it does: the cgroups are bound. */
static bool is_new(const struct mount_env *env, const char *type)
{
	static const char types[] = "proc\0sysfs\0tmpfs\0devpts\0mqueue\0cgroup\0cgroup2\0";

	for (const char *t = types; type && *t; t += strlen(t) + 1)
		if (!strcmp(t, type))
			return *t != 'c' || env->own_cgroupns;
	return false;
}

/* True if at is in the root filesystem, where an earlier mount of the config may hide it. */
static bool is_inside(int at, const char *root)
{
	char link[FD_PATH_MAX], real[PATH_MAX];
	ssize_t n = readlink(path_of_fd(link, at), real, sizeof(real) - 1);

	if (n < 0)
		return true;
	real[n] = 0;
	return path_is_below(real, root);
}

/*
 * True if a file of the host is a mount namespace, as snapd keeps them. A copy of mounts that has
 * one cannot be attached in a younger mount namespace (ELOOP), and clone(2) leaves it out.
 */
static bool has_pinned(struct arena *a)
{
	int proc __cleanup(fd_close) = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *text = mountinfo_read(a, proc);
	struct mountinfo m;

	while (text && mountinfo_next(&text, &m))
		if (!strcmp(m.type, "nsfs") && !strncmp(m.root, "mnt:", 4))
			return true;
	return !text;
}

/* Opens the source of a bind in the host's mount namespace. False: not possible, or it would be
 * another file in a copy of the host's mounts. */
static bool open_early(struct mount_env *env, const struct oci_mount *m, bool *checked,
		       unsigned long propagation)
{
	int at __cleanup(fd_close) = -1, mnt __cleanup(fd_close) = -1;
	struct mount_opts o;
	struct stat st;

	mountopt_parse(env->arena, m, &o);
	if (o.flags & MS_REMOUNT)
		return true;
	if (!(o.flags & MS_BIND))
		return is_new(env, m->type);
	if (o.idmap || o.ridmap || o.copy_symlink || env->nsources == SOURCES_MAX)
		return false;
	at = openat(AT_FDCWD, m->source, O_PATH | O_CLOEXEC | (o.src_nofollow ? O_NOFOLLOW : 0));
	if (at < 0 || fstat(at, &st) < 0 || is_inside(at, env->root_path))
		return false;
	if (S_ISDIR(st.st_mode) && o.flags & MS_REC && !*checked) {
		if (has_pinned(env->arena))
			return false;
		*checked = true;
	}
	mnt = mountapi_clone(at, "", AT_EMPTY_PATH | (o.flags & MS_REC ? AT_RECURSIVE : 0));
	/* The clone is a peer of the host's mount. */
	if (mnt < 0 || mountapi_propagation(mnt, propagation) < 0)
		return false;
	env->sources[env->nsources++] = fd_take(&mnt);
	return true;
}

static bool open_all(struct mount_env *env, const struct oci_config *config,
		     unsigned long propagation)
{
	bool checked = false;

	env->sources = arena_alloc(env->arena, SOURCES_MAX * sizeof(int));
	list_each (m, config->mounts)
		if (!open_early(env, m, &checked, propagation))
			return false;
	return true;
}

/*
 * init's mount namespace has the root filesystem and nothing else, so that no mount of the host
 * must be copied and unmounted. Its root directory stays the host's until rootfs_chroot: paths of
 * the host lead where they did, but no mount of the host can be changed or bound. So the sources
 * of binds are opened first.
 */
int mountns_alone(struct mount_env *env, const struct oci_config *config, int *root)
{
	unsigned long wanted = config->linux->rootfs_propagation;
	unsigned long propagation =
		(wanted & (MS_PRIVATE | MS_UNBINDABLE) ? MS_PRIVATE : MS_SLAVE) | MS_REC;
	int ns __cleanup(fd_close) = -1, host __cleanup(fd_close) = -1;

	/* In a user namespace a new procfs needs one that is visible already (namespace.c of the
	 * kernel, mount_too_revealing). */
	if (mount_in_first_user_ns() && open_all(env, config, propagation)) {
		host = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		ns = sys_open_tree(AT_FDCWD, env->root_path, OPEN_TREE_NAMESPACE | AT_RECURSIVE);
	}
	/* KERNEL 7.0: OPEN_TREE_NAMESPACE (EINVAL); the host's mounts are copied. */
	if (host < 0 || ns < 0 || setns(ns, CLONE_NEWNS) < 0) {
		fd_close_all(env->sources, env->nsources);
		env->nsources = 0;
		err_clear("the host's mounts are copied");
		return 0;
	}
	*root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Its mounts are peers of the host's until now. */
	if (*root < 0 || mount(NULL, "/", NULL, propagation, NULL) < 0 || fchdir(host) < 0 ||
	    chroot(".") < 0)
		return fail("enter the root filesystem");
	/* From here /proc shows paths of the container as they are inside. */
	env->root_path = "";
	return 1;
}
