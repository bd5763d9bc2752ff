/* seal.c - keeps a container from writing to the host's file of this program (CVE-2019-5736). */
/* SPDX-License-Identifier: MIT */
#include "core/start/start.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

extern char **environ;

/* The attributes of our read-only mount. NOSYMFOLLOW has no effect on a single file, and
 * marks the mount. */
#define SEAL_ATTRS (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSYMFOLLOW)
#define ST_NOSYMFOLLOW_ 0x2000 /* the same flag in statfs(2), since 5.10 */

/* Filesystems that the kernel can never write, so that a remount does not help. */
static const uint32_t never_written[] = {
	0x73717368, /* squashfs */
	0xe0f5e1e2, /* erofs */
	0x28cd3d45, /* cramfs */
	0x7275, /* romfs */
	0x9660, /* iso9660 */
};

/* True if our file is on a detached mount: then its path is "/", the root of the mount. */
static bool is_detached(void)
{
	char path[2];

	return readlink("/proc/self/exe", path, sizeof(path)) == 1 && *path == '/';
}

/*
 * A payload that is a link to /proc/self/exe, or has it as its interpreter, runs our file inside
 * the container, and another process there can open it for writing through /proc/PID/exe. So we run
 * from a copy that can never be written. A filesystem that is read-only now is not enough, because
 * the host may remount it for an update. The flags of seal_mount()'s detached mount cannot be
 * removed: mount_setattr(2) and mount(2) refuse a mount that belongs to no namespace.
 */
static int is_sealed(void)
{
	int exe __cleanup(fd_close) = -1;
	struct statfs fs;
	int seals;

	if (statfs("/proc/self/exe", &fs) < 0) {
		fail("statfs /proc/self/exe");
		return fail_hint("the runtime needs /proc");
	}
	if (fs.f_flags & ST_RDONLY && fs.f_flags & ST_NOSYMFOLLOW_ && is_detached())
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(never_written); i++)
		if ((uint32_t)fs.f_type == never_written[i])
			return 1;
	if (fs.f_type != SYS_TMPFS_MAGIC)
		return 0;
	exe = openat(AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	seals = exe < 0 ? -1 : fcntl(exe, F_GET_SEALS);
	return seals >= 0 && seals & F_SEAL_WRITE;
}

/* True if we are an ordinary user who cannot write our file. Then his containers cannot either. */
static bool is_out_of_reach(void)
{
	struct stat st;

	return geteuid() && !stat("/proc/self/exe", &st) && !st.st_uid && !st.st_gid &&
	       !(st.st_mode & 0022);
}

/* Makes a detached read-only mount of our file. It is not copied, and the mount ends
 * with its last user. */
static int seal_mount(void)
{
	struct sys_mount_attr attr = { .attr_set = SEAL_ATTRS };
	int fd __cleanup(fd_close) = sys_open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE);

	if (fd < 0 || sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) < 0)
		return -1;
	return fd_take(&fd);
}

/* KERNEL 5.14: MOUNT_ATTR_NOSYMFOLLOW (EINVAL); 5.12: open_tree(2) and mount_setattr(2) (ENOSYS;
 * EPERM without CAP_SYS_ADMIN). Without them a sealed memfd costs a copy of the file. */
static int seal_memfd(void)
{
	int exe __cleanup(fd_close) = openat(AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int fd __cleanup(fd_close) =
		memfd_create("ocibox", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	/* KERNEL 6.3: MFD_EXEC (EINVAL); on older kernels memfds are always executable. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("ocibox", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (exe < 0)
		return fail("open /proc/self/exe");
	if (fd < 0) {
		fail("create a sealed copy of the executable");
		return fail_hint("memfd_create(2) or the pair of open_tree(2) and mount_setattr(2) "
				 "must be allowed, or the runtime must be on squashfs or erofs");
	}
	if (fd_copy(fd, exe) < 0)
		return fail("copy the executable");
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return fail("seal the copy of the executable");
	return fd_take(&fd);
}

int seal_self(char **argv)
{
	int fd __cleanup(fd_close) = -1;
	char path[FD_PATH_MAX];
	int sealed = is_sealed();

	if (sealed)
		return sealed < 0 ? -1 : 0;
	fd = seal_mount();
	if (fd < 0 && is_out_of_reach())
		return 0;
	if (fd < 0)
		fd = seal_memfd();
	if (fd < 0)
		return -1;
	syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
	/* KERNEL 3.19: execveat(2) (ENOSYS; EPERM under an outer seccomp profile); a path in /proc
	 * is used. */
	execve(path_of_fd(path, fd), argv, environ);
	return fail("run the sealed copy of the executable");
}
