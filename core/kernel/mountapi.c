/* mountapi.c - makes, changes and attaches mounts by descriptor (the mount API of Linux 5.2). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

/*
 * A mount is complete before it is attached: other processes never see it without its flags, and a
 * process that shares a directory with us cannot exchange it between two steps.
 */

static const struct {
	unsigned long ms;
	uint64_t attr;
} attr_rows[] = {
	{ MS_RDONLY, MOUNT_ATTR_RDONLY },	  { MS_NOSUID, MOUNT_ATTR_NOSUID },
	{ MS_NODEV, MOUNT_ATTR_NODEV },		  { MS_NOEXEC, MOUNT_ATTR_NOEXEC },
	{ MS_NOATIME, MOUNT_ATTR_NOATIME },	  { MS_STRICTATIME, MOUNT_ATTR_STRICTATIME },
	{ MS_NODIRATIME, MOUNT_ATTR_NODIRATIME }, { MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
};

uint64_t mountapi_attrs(unsigned long ms_flags)
{
	uint64_t attrs = 0;

	for (size_t i = 0; i < ARRAY_SIZE(attr_rows); i++)
		if (ms_flags & attr_rows[i].ms)
			attrs |= attr_rows[i].attr;
	return attrs;
}

/* MS_* that belong to the superblock, and their names for fsconfig(2). */
static const struct {
	unsigned long ms;
	const char *name;
} super_rows[] = {
	{ MS_RDONLY, "ro" },	 { MS_SYNCHRONOUS, "sync" },  { MS_DIRSYNC, "dirsync" },
	{ MS_MANDLOCK, "mand" }, { MS_LAZYTIME, "lazytime" },
};

int mountapi_clone(int dirfd, const char *path, unsigned flags)
{
	int mnt = sys_open_tree(dirfd, path, OPEN_TREE_CLONE | flags);

	if (mnt < 0)
		return fail("open %s", *path ? path : "mount");
	return mnt;
}

/* True if the kernel does not have the call, or an outer seccomp profile forbids it. */
static bool missing(int num)
{
	return WITH_OLD_KERNELS && (num == ENOSYS || num == EPERM);
}

/* Adds the message that the filesystem context keeps about its failure. */
static int fail_context(int fsfd, const char *fstype, const char *what)
{
	int num = errno;
	char log[256];
	ssize_t n = read(fsfd, log, sizeof(log) - 1);

	errno = num;
	fail("mount %s: %s", fstype, what);
	if (n <= 0)
		return -1;
	log[n] = 0;
	log[strcspn(log, "\n")] = 0;
	/* The log reads "e tmpfs: Unknown parameter 'x'". */
	return fail_hint("%s", log[1] == ' ' ? log + 2 : log);
}

#define FSCONFIG_MAX 256 /* bytes of a key, and of a value, with their NUL */

/* Fails with E2BIG: fsconfig(2) cannot take this option, but mount(2) can. */
static int only_classic(const char *fstype, const char *what)
{
	errno = E2BIG;
	return fail("mount %s: %.64s", fstype, what);
}

/*
 * Adds the layers of an overlay one by one, because the whole option is longer than a value may be.
 * In the option "::" precedes a layer of data only, and a backslash quotes the next character.
 */
static int add_layers(int fsfd, const struct mountopt_word *w)
{
	const char *in = w->value, *end = in + w->value_len, *key = "lowerdir+";
	char path[FSCONFIG_MAX];

	while (in < end) {
		size_t n = 0;

		for (; in < end && *in != ':'; in++) {
			if (*in == '\\' && in + 1 < end)
				in++;
			if (n == sizeof(path) - 1)
				return only_classic("overlay", "lowerdir");
			path[n++] = *in;
		}
		path[n] = 0;
		/* KERNEL 6.7: lowerdir+ and datadir+ (EINVAL); mount(2) takes up to a
		 * page of layers. */
		if (sys_fsconfig(fsfd, SYS_FSCONFIG_SET_STRING, key, path, 0) < 0)
			return errno == EINVAL ? only_classic("overlay", "lowerdir")
					       : fail_context(fsfd, "overlay", path);
		if (end - in > 2 && in[1] == ':') {
			key = "datadir+";
			in++;
		}
		in += in < end;
	}
	return 0;
}

static int set_word(int fsfd, const char *fstype, const struct mountopt_word *w)
{
	char key[FSCONFIG_MAX], value[FSCONFIG_MAX], what[2 * FSCONFIG_MAX];
	bool layers =
		w->key_len == 8 && !memcmp(w->key, "lowerdir", 8) && !strcmp(fstype, "overlay");

	if (w->key_len >= sizeof(key))
		return only_classic(fstype, w->key);
	snprintf(key, sizeof(key), "%.*s", (int)w->key_len, w->key);
	if (w->value_len >= sizeof(value))
		return layers ? add_layers(fsfd, w) : only_classic(fstype, key);
	snprintf(value, sizeof(value), "%.*s", (int)w->value_len, w->value ? w->value : "");
	if (!sys_fsconfig(fsfd, w->value ? SYS_FSCONFIG_SET_STRING : SYS_FSCONFIG_SET_FLAG, key,
			  w->value ? value : NULL, 0))
		return 0;
	/* KERNEL 6.5: overlayfs has its own filesystem context; the general one refuses a value
	 * with a comma (EINVAL), and mount(2) is used. */
	if (errno == EINVAL && strchr(value, ','))
		return only_classic(fstype, key);
	snprintf(what, sizeof(what), "%s%s%s", key, w->value ? "=" : "", value);
	return fail_context(fsfd, fstype, what);
}

static int set_data(int fsfd, const char *fstype, const char *data)
{
	struct mountopt_word w;

	while ((data = mountopt_next(data, !strcmp(fstype, "overlay"), &w)))
		if (w.key_len && set_word(fsfd, fstype, &w) < 0)
			return -1;
	return 0;
}

int mountapi_new(const char *fstype, const char *source, unsigned long flags, const char *data)
{
	int fsfd __cleanup(fd_close) = sys_fsopen(fstype, 0);
	int mnt;

	if (fsfd < 0)
		return fail("mount %s", fstype);
	if ((source && strlen(source) >= FSCONFIG_MAX) || flags & MS_I_VERSION)
		return only_classic(fstype, source ? source : "iversion");
	if (source && sys_fsconfig(fsfd, SYS_FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fail_context(fsfd, fstype, source);
	for (size_t i = 0; i < ARRAY_SIZE(super_rows); i++)
		if (flags & super_rows[i].ms &&
		    sys_fsconfig(fsfd, SYS_FSCONFIG_SET_FLAG, super_rows[i].name, NULL, 0) < 0)
			return fail_context(fsfd, fstype, super_rows[i].name);
	if (set_data(fsfd, fstype, data) < 0)
		return -1;
	if (sys_fsconfig(fsfd, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
		/* KERNEL 6.5: the general context accepts lowerdir+, and overlayfs refuses it here
		 * (EINVAL); mount(2) is used. */
		if (errno == EINVAL && !strcmp(fstype, "overlay") && data &&
		    strlen(data) >= FSCONFIG_MAX)
			return only_classic(fstype, "create");
		return fail_context(fsfd, fstype, "create");
	}
	mnt = sys_fsmount(fsfd, 0, mountapi_attrs(flags));
	if (mnt < 0)
		return fail_context(fsfd, fstype, "attach");
	return mnt;
}

int mountapi_setattr(int fd, bool recursive, uint64_t set, uint64_t clr)
{
	struct sys_mount_attr attr = { .attr_set = set, .attr_clr = clr };

	unsigned long flags = MS_REMOUNT | MS_BIND;
	char path[FD_PATH_MAX];

	if (!sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr))
		return 0;
	if (!WITH_OLD_KERNELS || recursive || clr || errno != ENOSYS)
		return fail("change mount attributes");
	/* KERNEL 5.12: mount_setattr(2) (ENOSYS); a single attached mount can be
	 * remounted instead. */
	for (size_t i = 0; i < ARRAY_SIZE(attr_rows); i++)
		if (set & attr_rows[i].attr)
			flags |= attr_rows[i].ms;
	if (mountapi_flags(fd, &flags) < 0)
		return -1;
	if (mount(NULL, path_of_fd(path, fd), NULL, flags, NULL) < 0)
		return fail("change mount flags");
	return 0;
}

/* Mounts by mount(2) and opens the new mount by its path. If it is on the target's filesystem,
 * another process has exchanged the path meanwhile. */
static int fresh_classic(const struct mountapi_fresh *f, bool is_new)
{
	int mnt __cleanup(fd_close) = -1;
	char path[FD_PATH_MAX];
	struct stat below, found;

	/* The kernel reads one page and silently ignores the rest. */
	if (f->data && strlen(f->data) >= MOUNTOPT_PAGE)
		return failx("mount %s on %s: its options are longer than %d bytes", f->fstype,
			     f->path, MOUNTOPT_PAGE - 1);
	if (mount(f->source ? f->source : "none", path_of_fd(path, f->target), f->fstype, f->flags,
		  f->data) < 0)
		return fail("mount %s on %s", f->fstype, f->path);
	mnt = path_open(f->root, f->path, O_PATH | O_DIRECTORY, 0, 0);
	if (mnt < 0)
		return -1;
	if (fstat(f->target, &below) < 0 || fstat(mnt, &found) < 0)
		return fail("stat %s", f->path);
	if (is_new && below.st_dev == found.st_dev)
		return failx("%s was exchanged while it was mounted", f->path);
	return fd_take(&mnt);
}

int mountapi_fresh(const struct mountapi_fresh *f)
{
	int mnt __cleanup(fd_close) = mountapi_new(f->fstype, f->source, f->flags, f->data);

	if (mnt >= 0 && !mountapi_attach(mnt, f->target))
		return fd_take(&mnt);
	/* KERNEL 5.2: fsopen(2), move_mount(2) (ENOSYS); mount(2) is used. */
	if (!WITH_OLD_KERNELS || (!missing(err_num()) && err_num() != E2BIG))
		return -1;
	fd_close(&mnt);
	/* Some types have a single filesystem, such as sysfs: the new mount then looks
	 * like the target. */
	return fresh_classic(f, err_num() == E2BIG);
}

int mountapi_idmap(int fd, int userns, bool recursive)
{
	struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = userns };

	if (!sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr))
		return 0;
	fail("id-map the mount");
	if (err_num() == EINVAL)
		fail_hint("its filesystem may not support id-mapped mounts");
	return -1;
}

int mountapi_attach(int mnt, int target)
{
	if (sys_move_mount(mnt, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
	    0)
		return fail("attach mount");
	return 0;
}

int mountapi_propagation(int mnt, unsigned long ms_flags)
{
	struct sys_mount_attr attr = { .propagation = ms_flags & ~(unsigned long)MS_REC };
	unsigned flags = AT_EMPTY_PATH | (ms_flags & MS_REC ? AT_RECURSIVE : 0);
	char path[FD_PATH_MAX];

	if (!sys_mount_setattr(mnt, "", flags, &attr))
		return 0;
	/* KERNEL 5.12: mount_setattr(2) (ENOSYS); mount(2) changes propagation as well. */
	if (!WITH_OLD_KERNELS || mount(NULL, path_of_fd(path, mnt), NULL, ms_flags, NULL) < 0)
		return fail("change propagation");
	return 0;
}

/* A remount by mount(2) clears every flag that it is not given, so the present ones are added. */
int mountapi_flags(int fd, unsigned long *flags)
{
	static const struct {
		unsigned long st, ms;
	} rows[] = { { ST_RDONLY, MS_RDONLY },
		     { ST_NOSUID, MS_NOSUID },
		     { ST_NODEV, MS_NODEV },
		     { ST_NOEXEC, MS_NOEXEC } };
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return fail("statfs");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (st.f_flags & rows[i].st)
			*flags |= rows[i].ms;
	return 0;
}

/* Flags that MOUNTAPI_REPLACE clears first, as MS_REMOUNT|MS_BIND does. The atime mode stays
 * if there is no atime word (mount(2)). */
static uint64_t attrs_to_clear(unsigned long flags)
{
	uint64_t clr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
		       MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;

	if (flags & (MS_NOATIME | MS_RELATIME | MS_STRICTATIME | MS_NODIRATIME))
		clr |= MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;
	return clr;
}

/* Changes the flags by mount(2) after the mount was attached. If that fails the
 * mount is removed. */
static int change_flags(const struct mountapi_bind *b, int mnt)
{
	unsigned long flags = b->flags;
	char path[FD_PATH_MAX];

	if (b->change == MOUNTAPI_ADD && mountapi_flags(mnt, &flags) < 0)
		return -1;
	if (!mount(NULL, path_of_fd(path, mnt), NULL, MS_REMOUNT | MS_BIND | flags, NULL))
		return 0;
	fail("change mount flags");
	umount2(path, MNT_DETACH);
	return -1;
}

/*
 * KERNEL 5.2: open_tree(2), move_mount(2) (ENOSYS); mount(2) binds, and changes the flags in a
 * second step, which finds the mount by its path. If another process has exchanged the path, the
 * second step fails: it finds another file or no mount.
 */
static int bind_classic(const struct mountapi_bind *b)
{
	char source[FD_PATH_MAX], target[FD_PATH_MAX];
	int mnt __cleanup(fd_close) = -1;
	struct stat want, have;

	if (mount(path_of_fd(source, b->source), path_of_fd(target, b->target), NULL,
		  MS_BIND | (b->recursive ? MS_REC : 0), NULL) < 0)
		return fail("bind");
	if (b->change == MOUNTAPI_KEEP)
		return 0;
	mnt = path_open(b->root, b->path, O_PATH, 0, 0);
	if (mnt < 0)
		return -1;
	if (fstat(b->source, &want) < 0 || fstat(mnt, &have) < 0)
		return fail("stat");
	if (want.st_dev != have.st_dev || want.st_ino != have.st_ino)
		return failx("%s was exchanged while it was mounted", b->path);
	return change_flags(b, mnt);
}

static int set_attrs(int mnt, struct sys_mount_attr *attr)
{
	int rc = sys_mount_setattr(mnt, "", AT_EMPTY_PATH, attr);

	if (rc < 0 && errno == EINVAL &&
	    attr->attr_clr & ~attr->attr_set & MOUNT_ATTR_NOSYMFOLLOW) {
		/* KERNEL 5.14: MOUNT_ATTR_NOSYMFOLLOW (EINVAL); nosymfollow of the source
		 * cannot be cleared. */
		attr->attr_clr &= ~(uint64_t)MOUNT_ATTR_NOSYMFOLLOW;
		rc = sys_mount_setattr(mnt, "", AT_EMPTY_PATH, attr);
	}
	return rc;
}

int mountapi_bind(const struct mountapi_bind *b)
{
	int own __cleanup(fd_close) = -1, mnt = b->source;
	struct sys_mount_attr attr = { .attr_set = mountapi_attrs(b->flags),
				       .attr_clr = b->change == MOUNTAPI_REPLACE
							   ? attrs_to_clear(b->flags)
							   : 0 };
	bool later = false;

	if (!b->detached) {
		own = sys_open_tree(
			b->source, "",
			AT_EMPTY_PATH | OPEN_TREE_CLONE | (b->recursive ? AT_RECURSIVE : 0));
		if (own < 0 && missing(errno))
			return bind_classic(b);
		if (own < 0)
			return fail("clone mount");
		mnt = own;
	}
	if (b->change && set_attrs(mnt, &attr) < 0) {
		/* KERNEL 5.12: mount_setattr(2) (ENOSYS); mount(2) changes the flags after the
		 * attach. If that fails, a detached mount is lost, so it gets flags added only. */
		if (!WITH_OLD_KERNELS || errno != ENOSYS ||
		    (b->detached && b->change != MOUNTAPI_ADD))
			return fail("change mount attributes");
		later = true;
	}
	if (mountapi_attach(mnt, b->target) < 0)
		return missing(err_num()) && !b->detached ? bind_classic(b) : -1;
	if (later && change_flags(b, mnt) < 0)
		return -1;
	if (b->mnt)
		*b->mnt = fd_take(&own);
	else if (b->done)
		fd_pool_put(b->done, &own);
	return 0;
}
