/* procfs_test.c - a /proc with mounts over its files, in a mount namespace of our own. */
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

	ok(proc >= 0 && reads_own_comm(proc), "%s: a file of ours is read", way);
	ok(!procfs_write(proc, "self/comm", "tested"), "%s: and written", way);
	ok(procfs_write(proc, "self/no_such", "x") < 0 && err_num() == ENOENT,
	   "%s: not one that is missing", way);
	ok(refused(proc, "../etc/passwd"), "%s: dots do not leave it", way);
	ok(refused(proc, "self/root/etc/passwd"), "%s: nor does a magic link in the middle", way);
	ok(refused(proc, "self/exe"), "%s: nor one at the end", way);
}

/* Over one file a file of a tmpfs, over another a file of this very procfs. */
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
	ok(procfs_write(outer, "self/comm", "x") < 0, "and not written");
	ok(refused(outer, "self/limits"), "also by another file of procfs");
	if (sys_fsopen("proc", 0) >= 0)
		ok(reads_own_comm(proc), "an instance of our own shows it as it is");
	else
		ok(true, "an instance of our own # SKIP fsopen(2) is not there or not allowed");
}

/* No fsopen: /proc as it is mounted, if it is one. */
static void test_fallback(void)
{
	int proc;

	if (!without(SYS_fsopen, ENOSYS)) {
		ok(true, "without fsopen # SKIP no seccomp filter can be loaded");
		return;
	}
	proc = procfs_open();
	ok(proc >= 0 && refused(proc, "self/comm"),
	   "without an instance of our own it is refused all the same");
	fd_close(&proc);
	if (!without(SYS_openat2, ENOSYS))
		return;
	proc = procfs_open();
	ok(proc >= 0 && refused(proc, "self/comm"),
	   "without openat2 the file is seen not to be of procfs");
	ok(proc >= 0 && refused(proc, "self/limits"), "and one of procfs to be on another mount");
	ok(proc >= 0 && !refused(proc, "self/status"), "what is not mounted over is opened");
	fd_close(&proc);
	if (mount("/proc/sys", "/proc", NULL, MS_BIND, NULL) < 0)
		return;
	ok(procfs_open() < 0, "a directory of procfs is not taken for its root");
	umount2("/proc", MNT_DETACH);
	if (!mount("t", "/proc", "tmpfs", 0, NULL))
		ok(procfs_open() < 0, "nor is a tmpfs");
}

int main(void)
{
	int failed;

	prctl(PR_SET_NAME, "tested", 0, 0, 0);
	test_plain("procfs");
	if (overmount()) {
		test_overmounted();
		test_fallback();
	} else {
		ok(true, "mounts over /proc # SKIP not root");
	}
	/* Not by exit: what a sanitizer does there needs the /proc that is covered now. */
	failed = done();
	fflush(stdout);
	_exit(failed);
}
