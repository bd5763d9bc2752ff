/* closefrom.c - closes all descriptors but a few, by the kernel or by a walk of /proc/self/fd. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <dirent.h>
#include <stdlib.h>

/* procfs_open() makes sure that the list is the kernel's: a false one could hide descriptors. */
static int walk_close(int first, const int *keep, size_t n)
{
	int proc __cleanup(fd_close) = procfs_open();
	int fd = proc < 0 ? -1 : procfs_openat(proc, "self/fd", O_RDONLY | O_DIRECTORY);
	struct dirent *e;
	int rc = 0;
	DIR *dir;

	if (fd < 0)
		return -1;
	dir = fdopendir(fd);
	if (!dir) {
		fail("read /proc/self/fd");
		fd_close(&fd);
		return -1;
	}
	while (errno = 0, (e = readdir(dir))) {
		int open = atoi(e->d_name);
		bool kept = e->d_name[0] == '.' || open < first || open == fd || open == proc;

		for (size_t i = 0; i < n; i++)
			kept |= keep[i] == open;
		if (!kept)
			close(open);
	}
	/* Descriptors after the failure are still open. */
	if (errno)
		rc = fail("read /proc/self/fd");
	closedir(dir);
	return rc;
}

static int by_hand(int first, const int *keep, size_t n)
{
	return WITH_OLD_KERNELS ? walk_close(first, keep, n) : fail("close descriptors");
}

int fd_close_from(int first, int *keep, size_t n)
{
	int start = first;

	fd_sort(keep, n);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < start)
			continue;
		if (keep[i] > start && sys_close_range(start, keep[i] - 1, 0) < 0)
			return by_hand(first, keep, n);
		start = keep[i] + 1;
	}
	/* KERNEL 5.9: close_range(2) (ENOSYS; EPERM under an outer seccomp profile); a walk of
	 * /proc/self/fd does the same, slower. Before 5.2, or where no procfs may be mounted, the
	 * container then needs a /proc. */
	return sys_close_range(start, ~0U, 0) < 0 ? by_hand(first, keep, n) : 0;
}
