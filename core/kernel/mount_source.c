/* mount_source.c - clones the source of a bind in the container's mount namespace. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/mount.h"

#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>

/* What the helper process needs and what it finds. It shares our memory. */
struct visit {
	const struct mount_source *want;
	int ns, root; /* mount namespace and root directory of the container's process */
	int cwd; /* its working directory if the path is relative, else -1 */
	int mnt; /* the detached clone, or -1 with an error record */
	int seen; /* O_PATH of a source that could not be cloned (EINVAL), else -1 */
};

static unsigned clone_flags(const struct mount_source *m)
{
	return (m->recursive ? AT_RECURSIVE : 0) | (m->nofollow ? AT_SYMLINK_NOFOLLOW : 0);
}

/* Runs in the helper. It changes its root directory too: in a chroot, or on a lifted initramfs,
 * that is not the root of the mount namespace. */
static int visit(void *arg)
{
	struct visit *v = arg;
	const struct mount_source *m = v->want;

	if (setns(v->ns, CLONE_NEWNS) < 0 || fchdir(v->root) < 0 || chroot(".") < 0) {
		fail("open %s in the mount namespace of the container", m->path);
		return 0;
	}
	if (v->cwd >= 0 && fchdir(v->cwd) < 0) {
		fail("enter the bundle in the mount namespace of the container");
		return 0;
	}
	v->mnt = mountapi_clone(AT_FDCWD, m->path, clone_flags(m));
	if (v->mnt < 0 && err_num() == EINVAL && !m->recursive)
		v->seen = openat(AT_FDCWD, m->path,
				 O_PATH | O_CLOEXEC | (m->nofollow ? O_NOFOLLOW : 0));
	return 0;
}

/*
 * A helper process enters the namespace and exits, so that no failure can leave the runtime in the
 * namespace of a container. It runs in our memory while we wait, as with vfork(2), so that we get
 * its descriptors and its error record.
 */
static int send_helper(struct visit *v)
{
	char stack[16384] __attribute__((aligned(16)));
	pid_t pid = clone(visit, stack + sizeof(stack),
			  CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, v);
	int status;

	if (pid < 0)
		return fail("clone a process that opens %s", v->want->path);
	/* Its results are in our memory. The status may be gone, where SIGCHLD is ignored. */
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	return v->mnt;
}

/*
 * A user namespace locks the mounts below the source, so that it cannot be cloned without them
 * there (mount_namespaces(7)). Our own mount namespace allows it, if path is the same directory
 * here. The clone is a peer of the host's mount, so its propagation is changed before the
 * container gets it.
 */
static int clone_here(const struct visit *v)
{
	const struct mount_source *m = v->want;
	int mnt __cleanup(fd_close) = mountapi_clone(AT_FDCWD, m->path, clone_flags(m));
	struct stat here, there;

	if (mnt < 0)
		return -1;
	if (fstat(mnt, &here) < 0 || fstat(v->seen, &there) < 0)
		return fail("stat %s", m->path);
	if (here.st_dev != there.st_dev || here.st_ino != there.st_ino)
		return failx("%s has mounts on it that bind cannot leave out: use rbind", m->path);
	if (mountapi_propagation(
		    mnt, m->propagation & (MS_PRIVATE | MS_UNBINDABLE) ? MS_PRIVATE : MS_SLAVE) < 0)
		return -1;
	if (m->propagation & MS_SHARED && mountapi_propagation(mnt, MS_SHARED) < 0)
		return -1;
	return fd_take(&mnt);
}

static int open_of(pid_t pid, const char *what, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	fd = openat(AT_FDCWD, path, flags | O_CLOEXEC);
	return fd < 0 ? fail("open %s", path) : fd;
}

int mount_source(const struct mount_source *m)
{
	int ns __cleanup(fd_close) = open_of(m->pid, "ns/mnt", O_RDONLY);
	int root __cleanup(fd_close) = open_of(m->pid, "root", O_PATH | O_DIRECTORY);
	bool relative = *m->path != '/';
	int cwd __cleanup(fd_close) = relative ? open_of(m->pid, "cwd", O_PATH | O_DIRECTORY) : -1;
	int mnt __cleanup(fd_close) = -1;
	struct visit v = { .want = m, .ns = ns, .root = root, .cwd = cwd, .mnt = -1, .seen = -1 };

	if (ns < 0 || root < 0 || (relative && cwd < 0))
		return -1;
	mnt = send_helper(&v);
	if (v.seen >= 0)
		mnt = clone_here(&v);
	fd_close(&v.seen);
	if (mnt < 0)
		return -1;
	if (WITH_USERNS && m->userns >= 0 && mountapi_idmap(mnt, m->userns, m->idmap_all) < 0)
		return fail_in("%s", m->path);
	return fd_take(&mnt);
}
