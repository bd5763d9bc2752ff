/* mount_target.c - opens or makes the destination of a mount, and sets its propagation. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"
#include "core/kernel/mount.h"

#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

/* Writes the path below the root of a descriptor that was opened through symlinks. */
static int real_path(const struct mount_env *env, int fd, char *buf, size_t size)
{
	char link[FD_PATH_MAX];
	size_t skip = strlen(env->root_path);
	ssize_t n = readlink(path_of_fd(link, fd), buf, size - 1);

	if (n < 0)
		return fail("read the path of a mount target");
	buf[n] = 0;
	if (strncmp(buf, env->root_path, skip) || (buf[skip] && buf[skip] != '/'))
		return failx("mount target %s is outside of the root filesystem", buf);
	memmove(buf, buf + skip, n - skip + 1);
	if (!*buf)
		strcpy(buf, "/");
	return 0;
}

/* True if a path below /proc or /sys may lead out of it: by "..", or by the only link that the
 * kernel makes there to another filesystem. In a lookup below a descriptor neither leaves it. */
static bool leads_out(const char *path)
{
	static const char device_tree[] = "device-tree"; /* of /proc, to /sys */

	path += strspn(path, "/");
	if (!strncmp(path, device_tree, sizeof(device_tree) - 1))
		return true;
	for (const char *at = path; at; at = strchr(at, '/')) {
		at += strspn(at, "/");
		if (!strncmp(at, "..", 2) && (!at[2] || at[2] == '/'))
			return true;
	}
	return false;
}

int mount_base(const struct mount_held *held, int root, const char **path)
{
	int fd = !strncmp(*path, "/proc/", 6)  ? held->proc
		 : !strncmp(*path, "/sys/", 5) ? held->sys
					       : -1;
	const char *below = fd < 0 ? NULL : strchr(*path + 1, '/') + 1;

	if (!below || leads_out(below))
		return root;
	*path = below;
	return fd;
}

static bool is_proc_mount(const char *source)
{
	struct statfs fs;

	return !statfs(source, &fs) && fs.f_type == SYS_PROC_MAGIC;
}

static int check_target(const struct mount_job *j, const char *clean)
{
	if (!strcmp(clean, "/"))
		return failx("mounting on the root of the container is not possible");
	/* Only a procfs may be mounted on /proc, because labels and sysctls are written there
	 * (CVE-2019-16884). */
	if (!strcmp(clean, "/proc") && !j->is_proc &&
	    !(j->o.flags & MS_BIND && is_proc_mount(j->m->source)))
		return failx("only a procfs can be mounted on /proc");
	if (!strncmp(clean, "/proc/", 6) && !oci_mount_below_proc(clean + 6))
		return failx("%s cannot be mounted on because it is inside /proc", clean);
	return 0;
}

/* Makes and opens a directory directly in the container's /dev. -1: it exists, or any error. */
static int make_in_dev(int dev, const char *path)
{
	const char *name = path + 5;

	if (dev < 0 || strncmp(path, "/dev/", 5) || strchr(name, '/') ||
	    mkdirat(dev, name, 0755) < 0)
		return -1;
	return openat(dev, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/*
 * Opens the target and makes it if it is missing. The first try refuses symlinks, so that it opens
 * the path that check_target has accepted.
 */
static int open_target(struct mount_job *j, bool directory)
{
	const struct oci_mount *m = j->m;
	const char *clean = path_clean(j->env->arena, m->destination);
	const char *at;
	char real[4096];
	int fd, base;

	if (check_target(j, *clean == '/' ? clean : arena_printf(j->env->arena, "/%s", clean)) < 0)
		return -1;
	at = m->destination;
	base = mount_base(&j->env->held, j->env->root, &at);
	if (directory && (fd = make_in_dev(j->env->held.dev, m->destination)) >= 0)
		return fd;
	fd = path_open(base, at, O_PATH, 0, RESOLVE_NO_SYMLINKS);
	if (fd >= 0) {
		j->target_existed = true;
		return fd;
	}
	if (err_num() == ELOOP && (j->is_proc || j->is_sysfs))
		return failx("filesystem \"%s\" must be mounted on ordinary directory, %s is or "
			     "leads through a symlink",
			     m->type, m->destination);
	if (err_num() == ELOOP) {
		/* The symlink may lead to /dev, which the mount then hides, or below /sys. */
		fd_close(&j->env->held.dev);
		j->env->held.sys_is_bare = false;
		fd = path_open(j->env->root, m->destination,
			       O_PATH | (j->o.dest_nofollow ? O_NOFOLLOW : 0), 0, 0);
		j->target_existed = fd >= 0;
	} else if (err_num() == ENOENT && directory) {
		/* Symlinks are refused here as well, so that the check of the path stays valid. */
		err_clear("the mount point is made");
		return path_mkdirs_new(j->env->root, m->destination, 0755, RESOLVE_NO_SYMLINKS);
	}
	if (fd < 0 && err_num() == ENOENT) {
		err_clear("the mount point is made");
		fd = directory ? path_mkdirs(j->env->root, m->destination, 0755)
			       : path_create(j->env->root, m->destination, 0644);
	}
	if (fd < 0)
		return -1;
	/* The path had a symlink: check the path that it leads to. */
	if (real_path(j->env, fd, real, sizeof(real)) < 0 || check_target(j, real) < 0) {
		fd_close(&fd);
		return -1;
	}
	return fd;
}

int mount_target(struct mount_job *j, bool directory)
{
	int fd = open_target(j, directory);

	if (fd < 0 && err_num() == EROFS)
		fail_hint("the root filesystem is read-only: make %s and the other mount points "
			  "in it, or use --overlay",
			  j->m->destination);
	return fd;
}

const char *mount_inside(struct arena *a, const char *root, const char *destination)
{
	const char *clean = path_clean(a, destination);
	size_t n = strlen(root);

	if (n < 2 || strncmp(clean, root, n) != 0 || (clean[n] && clean[n] != '/'))
		return destination;
	return clean[n] ? clean + n : "/";
}

bool mount_unsettled(const struct mount_job *j)
{
	return j->o.rec_set || j->o.rec_clr || j->o.npropagation;
}

int mount_settle(struct mount_job *j, int mnt)
{
	if ((j->o.rec_set || j->o.rec_clr) &&
	    mountapi_setattr(mnt, true, j->o.rec_set, j->o.rec_clr) < 0)
		return fail_hint("recursive options need mount_setattr(2) of Linux 5.12");
	for (unsigned i = 0; i < j->o.npropagation; i++)
		if (mountapi_propagation(mnt, j->o.propagation[i]) < 0)
			return -1;
	return 0;
}
