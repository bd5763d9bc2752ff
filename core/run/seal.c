/* seal.c - the container must not reach the host's copy of our executable (2019-5736). */
/* SPDX-License-Identifier: MIT */
#include "core/run/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/vfs.h>

extern char **environ;

/*
 * A payload that is a link to /proc/self/exe, or names it as its interpreter, runs our executable
 * inside the container, and a second process there may open it for writing through /proc/PID/exe.
 * So what runs from here on is a copy that cannot be written: read-only by its mount, or sealed.
 */
static int is_sealed(int exe)
{
	struct statfs fs;
	int seals = fcntl(exe, F_GET_SEALS);

	if (seals >= 0)
		return !!(seals & F_SEAL_WRITE);
	if (fstatfs(exe, &fs) < 0)
		return fail("statfs /proc/self/exe");
	return !!(fs.f_flags & MS_RDONLY);
}

/* An ordinary user's containers have no more rights than the user: a file he cannot write is safe. */
static bool is_out_of_reach(int exe)
{
	struct stat st;

	return geteuid() && !fstat(exe, &st) && !st.st_uid && !st.st_gid && !(st.st_mode & 0022);
}

/* A detached read-only mount of the file: no copy, and gone with the last process that runs it. */
static int seal_mount(void)
{
	struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int fd __cleanup(fd_close) = sys_open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE);

	if (fd < 0 || sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) < 0)
		return -1;
	return fd_take(&fd);
}

/* KERNEL 5.12: open_tree(2) and mount_setattr(2) (ENOSYS; EPERM without CAP_SYS_ADMIN); a sealed
 * memfd costs a copy of the file. */
static int seal_memfd(int exe)
{
	int fd __cleanup(fd_close) = memfd_create("ocibox", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	ssize_t n;

	/* KERNEL 6.3: MFD_EXEC (EINVAL); memfds were always executable before. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("ocibox", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return fail("create a sealed copy of the executable");
	do {
		n = sendfile(fd, exe, NULL, 1 << 24);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return fail("copy the executable");
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return fail("seal the copy of the executable");
	return fd_take(&fd);
}

int seal_self(char **argv)
{
	int exe __cleanup(fd_close) = openat(AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int fd __cleanup(fd_close) = -1;
	int sealed;

	if (exe < 0)
		return fail_hint("%s", (fail("open /proc/self/exe"), "the runtime needs /proc"));
	sealed = is_sealed(exe);
	if (sealed || is_out_of_reach(exe))
		return sealed < 0 ? -1 : 0;
	fd = seal_mount();
	if (fd < 0)
		fd = seal_memfd(exe);
	if (fd < 0)
		return -1;
	syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
	return fail("run the sealed copy of the executable");
}
