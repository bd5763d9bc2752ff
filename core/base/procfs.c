/* procfs.c - a /proc whose files cannot be hidden by other mounts. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#define PROC_ROOT_INO 1 /* include/linux/proc_fs.h of the kernel */

static int is_procfs(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return fail("statfs of /proc");
	if (fs.f_type != SYS_PROC_MAGIC)
		return failx("/proc is not a procfs");
	return 0;
}

int procfs_open(void)
{
	int fsfd __cleanup(fd_close) = sys_fsopen("proc", 0);
	int fd __cleanup(fd_close) = -1;
	struct stat st;

	if (fsfd >= 0 && !sys_fsconfig(fsfd, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0)) {
		fd = sys_fsmount(fsfd, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
		if (fd >= 0)
			return fd_take(&fd);
	}
	/* KERNEL 5.2: fsopen(2) (ENOSYS; EPERM without privilege or when the outer /proc is
	 * masked); /proc as it is mounted here, checked to be procfs; mounts over its files are
	 * caught by RESOLVE_NO_XDEV in procfs_openat. */
	fd = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail("open /proc");
	if (is_procfs(fd) < 0)
		return -1;
	/* Of a bind mount of another directory of procfs, names would lead to other files. */
	if (fstat(fd, &st) < 0)
		return fail("stat /proc");
	if (st.st_ino != PROC_ROOT_INO)
		return failx("/proc is not the root of a procfs");
	return fd_take(&fd);
}

/* The ID of the mount of fd (fdinfo in proc(5), since 3.15). -1: unknown. */
static int mount_number(int procfd, int fd)
{
	char path[32], text[256];

	snprintf(path, sizeof(path), "self/fdinfo/%d", fd);
	if (file_read_line(procfd, path, text, sizeof(text)) < 0)
		return -1;
	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (scan_word(&at, "mnt_id:"))
			return scan_number(at + strspn(at, "\t "));
	}
	return -1;
}

bool procfs_covered(char *mounts, const char *root, const char *path)
{
	size_t len = strlen(root);
	struct mountinfo m;

	while (mountinfo_next(&mounts, &m))
		if (path_is_below(m.point, root) && m.point[len] && path_is_below(path, m.point))
			return true;
	return false;
}

/* Reads our pid there. False if something is mounted over the link self: then it does not lead to a
 * number, or is not of this procfs. */
static bool read_self(int procfd, char pid[TEXT_DECIMAL])
{
	ssize_t n = readlinkat(procfd, "self", pid, TEXT_DECIMAL - 1);
	struct stat proc, self;

	pid[n > 0 ? n : 0] = 0;
	return n > 0 && strspn(pid, "0123456789") == (size_t)n && !fstat(procfd, &proc) &&
	       !fstatat(procfd, "self", &self, AT_SYMLINK_NOFOLLOW) && proc.st_dev == self.st_dev;
}

/* True if no mount lies on path, which is below procfd, by the list of mounts. */
static bool is_clear(int procfd, const char *path, const char *pid)
{
	_Alignas(16) char block[16];
	struct arena a;
	char *root, *mounts;
	ssize_t n;

	arena_init(&a, block, sizeof(block));
	root = arena_alloc(&a, PATH_MAX);
	n = readlinkat(procfd, arena_printf(&a, "self/fd/%d", procfd), root, PATH_MAX - 1);
	if (n <= 0)
		return false;
	root[n > 1 ? n : 0] = 0;
	if (!strncmp(path, "self/", 5))
		path = arena_printf(&a, "%s%s", pid, path + 4);
	mounts = mountinfo_read(&a, procfd);
	return mounts && !procfs_covered(mounts, root, arena_printf(&a, "%s/%s", root, path));
}

static int check_mount(int procfd, int fd, const char *path)
{
	char pid[TEXT_DECIMAL];
	int own, its;
	bool same;

	if (!read_self(procfd, pid))
		return failx("self is mounted over");
	own = mount_number(procfd, procfd);
	its = mount_number(procfd, fd);
	same = own >= 0 && own == its;
	/* KERNEL 5.14: fdinfo of a process that is not dumpable (EACCES in a user namespace); the
	 * list of mounts tells whether one lies on the path. */
	if (own < 0 && err_num() == EACCES) {
		err_clear("the list of mounts is read");
		same = is_clear(procfd, path, pid);
	}
	return same ? 0 : failx("is mounted over");
}

int procfs_openat(int procfd, const char *path, int flags)
{
	int fd __cleanup(fd_close) = sys_openat2(
		procfd, path, flags, 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);

	bool walked = WITH_OLD_KERNELS && fd < 0 && (errno == ENOSYS || errno == EPERM);

	/* KERNEL 5.6: openat2(2) (ENOSYS; EPERM under an outer seccomp profile); what was opened
	 * must be on procfs, and on the same mount as procfd. */
	if (walked)
		fd = openat(procfd, path, flags | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return fail("open /proc/%s", path);
	if (is_procfs(fd) < 0 || (walked && check_mount(procfd, fd, path) < 0))
		return fail_in("/proc/%s", path);
	return fd_take(&fd);
}

int procfs_write(int procfd, const char *path, const char *value)
{
	int fd __cleanup(fd_close) = procfs_openat(procfd, path, O_WRONLY);

	if (fd < 0)
		return -1;
	if (fd_put(fd, value) < 0)
		return fail("write \"%s\" to /proc/%s", value, path);
	return 0;
}
