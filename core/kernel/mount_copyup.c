/* mount_copyup.c - tmpcopyup: what lay at the mount point, copied into the new tmpfs. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/mount.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/sysmacros.h>

#define DEPTH_MAX 64

static int copy_dir(int from, int to, int depth);

static int copy_file(int from, int to, const char *name, mode_t mode)
{
	int in __cleanup(fd_close) =
		openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int out __cleanup(fd_close) = -1;
	ssize_t n;

	if (in < 0)
		return fail("open %s", name);
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (out < 0)
		return fail("create %s", name);
	do {
		n = sendfile(out, in, NULL, 1 << 20);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return fail("copy %s", name);
	return 0;
}

static int copy_link(int from, int to, const char *name)
{
	char target[4096];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return fail("read link %s", name);
	target[n] = 0;
	if (symlinkat(target, to, name) < 0)
		return fail("create symlink %s", name);
	return 0;
}

static int copy_subdir(int from, int to, const char *name, int depth)
{
	int in __cleanup(fd_close) =
		openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int out __cleanup(fd_close) = -1;

	if (in < 0)
		return fail("open %s", name);
	if (mkdirat(to, name, 0700) < 0)
		return fail("create directory %s", name);
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return fail("open %s", name);
	return copy_dir(in, out, depth + 1);
}

static int copy_entry(int from, int to, const char *name, int depth)
{
	struct stat st;
	int rc;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("stat %s", name);
	if (S_ISDIR(st.st_mode))
		rc = copy_subdir(from, to, name, depth);
	else if (S_ISLNK(st.st_mode))
		rc = copy_link(from, to, name);
	else if (S_ISREG(st.st_mode))
		rc = copy_file(from, to, name, st.st_mode & 07777);
	else
		rc = mknodat(to, name, st.st_mode, st.st_rdev) < 0 ? fail("create %s", name) : 0;
	if (rc < 0)
		return -1;
	if (fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("set owner of %s", name);
	/* After the owner: chown clears set-id bits. */
	if (!S_ISLNK(st.st_mode) && fchmodat(to, name, st.st_mode & 07777, 0) < 0)
		return fail("set mode of %s", name);
	return 0;
}

static int copy_dir(int from, int to, int depth)
{
	DIR *dir = NULL;
	struct dirent *e;
	int rc = 0, fd;

	if (depth > DEPTH_MAX)
		return failx("more than %d directories in one another", DEPTH_MAX);
	fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		dir = fdopendir(fd);
	if (!dir) {
		fail("read directory");
		fd_close(&fd);
		return -1;
	}
	while (!rc && (errno = 0, e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			rc = copy_entry(from, to, e->d_name, depth);
	if (!rc && errno)
		rc = fail("read directory");
	closedir(dir);
	return rc;
}

int mount_copyup(int from, int to)
{
	struct stat st;

	if (copy_dir(from, to, 0) < 0)
		return fail_in("tmpcopyup");
	if (fstat(from, &st) < 0 || fchownat(to, ".", st.st_uid, st.st_gid, 0) < 0)
		return fail("tmpcopyup: set owner");
	return 0;
}
