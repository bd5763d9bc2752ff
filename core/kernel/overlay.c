/* overlay.c - an overlay of a limited tmpfs on a root that is never written (overlayfs.rst). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <stdio.h>

static int make_layers(int tmp)
{
	static const char *const names[] = { "lower", "upper", "work" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (mkdirat(tmp, names[i], 0755) < 0)
			return fail("create %s of the overlay", names[i]);
	return 0;
}

/*
 * The tmpfs is mounted on o->at in this mount namespace only, and the overlay on the tmpfs: both
 * end with the namespace. Layers are named by descriptors, because a path may contain the option's
 * separators.
 */
int overlay_mount(const struct overlay *o)
{
	int tmp __cleanup(fd_close) = -1, lower __cleanup(fd_close) = -1;
	char data[256], link[FD_PATH_MAX], path[FD_PATH_MAX + 8];
	struct stat st;

	if (o->lower) {
		lower = openat(AT_FDCWD, o->lower, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (lower < 0)
			return fail("open %s", o->lower);
	}
	snprintf(data, sizeof(data), "mode=0755,size=%lld", (long long)o->size);
	if (mount("tmpfs", o->at, "tmpfs", 0, data) < 0)
		return fail("mount the overlay's tmpfs on %s", o->at);
	tmp = openat(AT_FDCWD, o->at, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (tmp < 0)
		return fail("open %s", o->at);
	if (make_layers(tmp) < 0)
		return -1;
	path_of_fd(link, tmp);
	if (!o->lower) {
		snprintf(path, sizeof(path), "%s/lower", link);
		if (image_attach(o->image, path) < 0)
			return -1;
		lower = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (lower < 0 || fstat(lower, &st) < 0)
		return fail("stat the root below the overlay");
	/* The overlay's root directory is upper: it gets mode and owner of the root below. */
	if (sys_chmodat(tmp, "upper", st.st_mode & 07777) < 0 ||
	    (fchownat(tmp, "upper", st.st_uid, st.st_gid, 0) < 0 && errno != EINVAL))
		return fail("give the overlay the mode of its root");
	/* KERNEL 5.11: overlayfs in a user namespace, with userxattr (EPERM); 6.6: tmpfs has user
	 * attributes (EINVAL). Without them there is no overlay in a user namespace. */
	snprintf(data, sizeof(data),
		 "lowerdir=/proc/self/fd/%d,upperdir=%s/upper,workdir=%s/work%s", lower, link, link,
		 o->userns ? ",userxattr" : "");
	if (mount("overlay", o->at, "overlay", o->image ? MS_NODEV : 0, data) < 0) {
		fail("mount the overlay");
		if (err_num() == ENODEV)
			fail_hint("this kernel has no overlay: modprobe overlay");
		return -1;
	}
	return 0;
}
