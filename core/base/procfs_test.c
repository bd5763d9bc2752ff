/* procfs_test.c - a /proc with mounts over its files, in a new mount namespace. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"
#include "tests/without.h"

#include <sys/prctl.h>
#include <sys/vfs.h>

static bool reads_own_comm(int proc)
{
	int fd __cleanup(fd_close) = procfs_openat(proc, "self/comm", O_RDONLY);
	char text[32] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && !strcmp(text, "tested\n");
}

static bool refused(int proc, const char *path)
{
	int fd __cleanup(fd_close) = procfs_openat(proc, path, O_RDONLY);

	return fd < 0;
}

static void test_plain(const char *way)
{
	int proc __cleanup(fd_close) = procfs_open();

	ok(proc >= 0 && reads_own_comm(proc), "%s: a file below /proc/self is read", way);
	ok(!procfs_write(proc, "self/comm", "tested"), "%s: a file below /proc/self is written",
	   way);
	ok(procfs_write(proc, "self/no_such", "x") < 0 && err_num() == ENOENT,
	   "%s: writing a missing file fails", way);
	ok(refused(proc, "../etc/passwd"), "%s: \"..\" is refused", way);
	ok(refused(proc, "self/root/etc/passwd"), "%s: a magic link inside the path is refused",
	   way);
	ok(refused(proc, "self/exe"), "%s: a magic link at the end of the path is refused", way);
}

static bool covered(const char *root, const char *path)
{
	char mounts[] = "1 0 0:1 / / rw - ext4 a rw\n"
			"2 1 0:2 / /proc rw - proc proc rw\n"
			"3 2 0:3 / /proc/7/fd rw - tmpfs none rw\n"
			"4 2 0:2 /sys /proc/sys ro - proc proc rw\n"
			"5 1 0:4 / /a/root/proc rw - proc proc rw\n"
			"6 5 0:4 /sys/x /a/root/proc/sys/x ro - proc proc rw\n";

	return procfs_covered(mounts, root, path);
}

static void test_covered(void)
{
	ok(covered("/proc", "/proc/7/fd") && covered("/proc", "/proc/7/fd/3") &&
		   covered("/proc", "/proc/sys/net/ip"),
	   "a mount on the path, or above it, covers it");
	ok(!covered("/proc", "/proc/7/fdinfo/3") && !covered("/proc", "/proc/7") &&
		   !covered("/proc", "/proc/8/fd"),
	   "other mounts do not");
	ok(covered("/a/root/proc", "/a/root/proc/sys/x") &&
		   !covered("/a/root/proc", "/a/root/proc/sys/y") &&
		   !covered("/a/root/proc", "/a/root/proc/7/fd"),
	   "where procfs is mounted elsewhere, the mounts there count");
	ok(!covered("", "/7/fd") && covered("", "/proc/7/fd"), "an empty root is /");
}

/* Mounts a file of tmpfs over one file, and a file of this procfs over another. */
static bool overmount(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0)
		return false;
	return !mount("t", "/mnt", "tmpfs", 0, NULL) && close(creat("/mnt/false", 0644)) == 0 &&
	       !mount("/mnt/false", "/proc/self/comm", NULL, MS_BIND, NULL) &&
	       !mount("/proc/1/limits", "/proc/self/limits", NULL, MS_BIND, NULL);
}

static void test_overmounted(void)
{
	int proc __cleanup(fd_close) = procfs_open();
	int outer __cleanup(fd_close) = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	ok(!reads_own_comm(outer) && refused(outer, "self/comm"),
	   "a file that is mounted over is refused");
	ok(procfs_write(outer, "self/comm", "x") < 0, "a file that is mounted over is not written");
	ok(refused(outer, "self/limits"),
	   "a file that another file of procfs is mounted over is refused");
	if (sys_fsopen("proc", 0) >= 0)
		ok(reads_own_comm(proc), "a new procfs shows the file itself");
	else
		ok(true, "a new procfs # SKIP fsopen(2) is missing or not allowed");
}

/* A link of tmpfs over the link self leads to a directory that has what is asked for. */
static void test_self(void)
{
	char path[32];
	int link, fd;

	if (mkdir("/mnt/own", 0755) < 0 || mkdir("/mnt/own/fdinfo", 0755) < 0 ||
	    symlink("/mnt/own", "/mnt/self") < 0 || close(creat("/mnt/own/status", 0644)) < 0 ||
	    mount("/proc/1/status", "/mnt/own/status", NULL, MS_BIND, NULL) < 0)
		exit(1);
	for (int i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/mnt/own/fdinfo/%d", i);
		fd = open(path, O_WRONLY | O_CREAT, 0644);
		if (fd < 0 || write(fd, "mnt_id:\t5\n", 10) != 10 || close(fd) < 0)
			exit(1);
	}
	link = sys_open_tree(AT_FDCWD, "/mnt/self", OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
	fd = procfs_open();
	if (link < 0 || sys_move_mount(link, "", AT_FDCWD, "/proc/self", MOVE_MOUNT_F_EMPTY_PATH))
		ok(true, "a link over self # SKIP this kernel mounts nothing on a link");
	else
		ok(refused(fd, "self/status"), "without openat2 a link over self is refused");
	umount2("/proc/self", MNT_DETACH | UMOUNT_NOFOLLOW);
	fd_close(&link);
	fd_close(&fd);
}

/* Without fsopen(2), /proc is used as it is mounted, if it is a procfs. */
static void test_fallback(void)
{
	int proc;

	if (!without(SYS_fsopen, ENOSYS)) {
		ok(true, "without fsopen # SKIP no seccomp filter can be loaded");
		return;
	}
	proc = procfs_open();
	ok(proc >= 0 && refused(proc, "self/comm"),
	   "without fsopen a file that is mounted over is refused");
	fd_close(&proc);
	if (!without(SYS_openat2, ENOSYS))
		return;
	proc = procfs_open();
	ok(proc >= 0 && refused(proc, "self/comm"),
	   "without openat2 a file that is not on procfs is refused");
	ok(proc >= 0 && refused(proc, "self/limits"),
	   "without openat2 a file on another mount of procfs is refused");
	ok(proc >= 0 && !refused(proc, "self/status"), "without openat2 other files are opened");
	fd_close(&proc);
	test_self();
	if (mount("/proc/sys", "/proc", NULL, MS_BIND, NULL) < 0)
		return;
	ok(procfs_open() < 0, "procfs_open refuses another directory of procfs at /proc");
	umount2("/proc", MNT_DETACH);
	if (!mount("t", "/proc", "tmpfs", 0, NULL))
		ok(procfs_open() < 0, "procfs_open refuses a tmpfs at /proc");
}

int main(void)
{
	int failed;

	prctl(PR_SET_NAME, "tested", 0, 0, 0);
	test_covered();
	test_plain("procfs");
	if (overmount()) {
		test_overmounted();
		test_fallback();
	} else {
		ok(true, "mounts over /proc # SKIP not root");
	}
	/* _exit(2): at exit(3) a sanitizer reads /proc, which is mounted over. */
	failed = done();
	fflush(stdout);
	_exit(failed);
}
