/* mount.c - one entry of mounts: its target, its source, its flags (runtime-spec "Mounts"). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/mount.h"
#include "core/kernel/kernel.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

/* ---- binds ----------------------------------------------------------------------------------- */

static const struct {
	unsigned long ms, st;
	const char *name;
} lockable[] = {
	{ MS_RDONLY, ST_RDONLY, "ro" },
	{ MS_NOSUID, ST_NOSUID, "nosuid" },
	{ MS_NODEV, ST_NODEV, "nodev" },
	{ MS_NOEXEC, ST_NOEXEC, "noexec" },
};

#define ATIME_FLAGS (MS_NOATIME | MS_RELATIME | MS_STRICTATIME | MS_NODIRATIME)
#define ATIME_STATES (ST_NOATIME | ST_RELATIME | ST_NODIRATIME)

/* The state that the kernel makes of flags, as statfs(2) shows it: relatime unless they differ. */
static unsigned long atime_of(unsigned long flags)
{
	unsigned long state = flags & MS_NOATIME ? ST_NOATIME : ST_RELATIME;

	if (flags & MS_STRICTATIME)
		state = 0;
	return state | (flags & MS_NODIRATIME ? ST_NODIRATIME : 0);
}

/*
 * A user namespace locks the flags of mounts that were copied into it. Adds those flags to *flags;
 * fails if the config asks to clear one of them (mount_namespaces(7)).
 */
static int keep_locked(const struct mount_job *j, int source, unsigned long *flags)
{
	struct statfs st;

	if (fstatfs(source, &st) < 0)
		return fail("statfs %s", j->m->source);
	for (size_t i = 0; i < ARRAY_SIZE(lockable); i++) {
		if (!(st.f_flags & lockable[i].st) || *flags & lockable[i].ms)
			continue;
		errno = EPERM;
		if (j->o.cleared & lockable[i].ms)
			return fail("cannot clear locked flag %s of %s", lockable[i].name,
				    j->m->source);
		*flags |= lockable[i].ms;
	}
	errno = EPERM;
	if (*flags & ATIME_FLAGS && atime_of(*flags) != (st.f_flags & ATIME_STATES))
		return fail("cannot change locked atime mode of %s", j->m->source);
	*flags &= ~(unsigned long)ATIME_FLAGS;
	return 0;
}

static int copy_symlink(struct mount_job *j)
{
	char target[4096], found[sizeof(target)];
	const char *last;
	int parent __cleanup(fd_close) = -1;
	ssize_t n = readlink(j->m->source, target, sizeof(target) - 1);

	if (n < 0)
		return errno == EINVAL ? 0 : fail("read link %s", j->m->source);
	target[n] = 0;
	parent = path_parent(j->env->root, j->m->destination, &last);
	if (parent < 0)
		return -1;
	if (!symlinkat(target, parent, last))
		return 1;
	if (errno != EEXIST)
		return fail("create symlink %s", j->m->destination);
	/* The same link is there when a container was made of this root before. */
	if (readlinkat(parent, last, found, sizeof(found)) == n && !memcmp(found, target, n))
		return 1;
	return failx("%s exists and is not the symlink to %s that is to be made there",
		     j->m->destination, target);
}

static int open_source(const struct mount_job *j)
{
	int fd = openat(AT_FDCWD, j->m->source,
			O_PATH | O_CLOEXEC | (j->o.src_nofollow ? O_NOFOLLOW : 0));

	return fd < 0 ? fail("open %s", j->m->source) : fd;
}

/*
 * Which process opens the source of a mount, and in which mount namespace. In each case earlier
 * mounts of the config are visible, and the new mount is a peer of a host's mount only if
 * rootfsPropagation says so: rootfs_open has made the host's mounts slaves in the container's
 * mount namespace.
 *
 *   source             user ns  its root reaches it  opened by           in the mount ns of
 *   bind               none     -                    init                the container
 *   bind               new      yes                  init                the container
 *   bind               new      no                   the runtime         the container
 *   bind, id-mapped    any      any                  the runtime         the container
 *   bind, not rbind,   new      any                  the runtime, which  the host, if it is the
 *     with mounts on                                 makes it a slave      same directory there
 *   root, a directory  any      yes                  init                the container
 *   root, an image     any      -                    the runtime         none: it is a new mount
 *   overlay, tmpfs...  any      -                    init                the container: a new mount
 *   bind, where the    none     -                    init, all at once   the host, made slaves;
 *     host's mounts                                                        no source is in the
 *     are not copied                                                       root filesystem
 *
 * Init reaches the mount in the config's order and then asks the runtime by its
 * index (open_source).
 */
static int bind_source(struct mount_job *j, bool *detached)
{
	unsigned flags = (j->o.flags & MS_REC ? AT_RECURSIVE : 0) |
			 (j->o.src_nofollow ? AT_SYMLINK_NOFOLLOW : 0);
	int fd;

	*detached = true;
	if (j->env->nsources)
		return j->env->sources[j->env->next_source++];
	if (j->o.idmap || j->o.ridmap)
		return j->env->open_source(j->env->arg, j->m);
	fd = mountapi_clone(AT_FDCWD, j->m->source, flags);
	if (fd < 0 && (err_num() == ENOSYS || err_num() == EPERM)) {
		/* KERNEL 5.2: open_tree(2); the bind is made by mount(2) from this descriptor. */
		*detached = false;
		fd = open_source(j);
	}
	if (fd >= 0 || !j->env->userns)
		return fd;
	/* The runtime may be able to open what the container's root cannot. EINVAL:
	 * mounts below the source are locked in the user namespace, so that a bind cannot
	 * leave them out. */
	if (err_num() != EACCES && err_num() != EPERM &&
	    (err_num() != EINVAL || j->o.flags & MS_REC))
		return -1;
	*detached = true;
	return j->env->open_source(j->env->arg, j->m);
}

static bool kinds_differ(const struct mountapi_bind *b)
{
	struct stat source, target;

	return !fstat(b->source, &source) && !fstat(b->target, &target) &&
	       S_ISDIR(source.st_mode) != S_ISDIR(target.st_mode);
}

static int bind_attach(struct mount_job *j, struct mountapi_bind *b)
{
	bool old;

	if (!mountapi_bind(b))
		return 0;
	/* KERNEL 5.12: mount_setattr(2) (ENOSYS); flags that may be locked are kept. */
	old = WITH_OLD_KERNELS && b->detached && err_num() == ENOSYS;
	if (WITH_USERNS && (old || err_num() == EPERM) && j->env->userns && b->change) {
		err_clear("flags are locked");
		if (keep_locked(j, b->source, &b->flags) < 0)
			return -1;
		if (old)
			b->change = MOUNTAPI_ADD;
		if (!mountapi_bind(b))
			return 0;
	}
	if (err_num() == EINVAL && kinds_differ(b)) {
		/* move_mount(2) fails with EINVAL, but docker expects the ENOTDIR of mount(2). */
		errno = ENOTDIR;
		fail("attach mount");
	}
	if (err_num() == ENOTDIR)
		fail_hint("source and destination must be both directories, or both files");
	else if (err_num() == EINVAL)
		fail_hint("the source is unbindable");
	return -1;
}

static int mount_bind(struct mount_job *j)
{
	const unsigned long per_mount = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME |
					MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME |
					MS_NOSYMFOLLOW;
	struct mountapi_bind b = { .recursive = j->o.flags & MS_REC,
				   .flags = j->o.flags & per_mount,
				   .root = j->env->root,
				   .path = j->m->destination,
				   .done = &j->env->done };
	int source __cleanup(fd_close) = -1, target __cleanup(fd_close) = -1;
	struct stat st;
	int done;

	if (j->o.data)
		return failx(
			"bind mounts cannot have any filesystem-specific options applied: \"%s\"",
			j->o.data);
	if (j->o.copy_symlink) {
		done = copy_symlink(j);
		if (done)
			return done < 0 ? -1 : 0;
	}
	source = bind_source(j, &b.detached);
	if (source < 0)
		return fail_in("source");
	if (fstat(source, &st) < 0)
		return fail("stat %s", j->m->source);
	target = mount_target(j, S_ISDIR(st.st_mode));
	if (target < 0)
		return fail_in("destination");
	b.source = source;
	b.target = target;
	b.change = b.flags || j->o.cleared & per_mount ? MOUNTAPI_REPLACE : MOUNTAPI_KEEP;
	if (bind_attach(j, &b) < 0) {
		struct err_kept why;

		if (!b.detached || j->o.idmap || j->o.ridmap ||
		    (err_num() != ENOSYS && err_num() != EPERM))
			return -1;
		why = err_keep(j->env->arena);
		/* KERNEL 5.2: move_mount(2) (ENOSYS); the source itself is bound by mount(2). */
		fd_close(&source);
		b.source = source = open_source(j);
		b.detached = false;
		if (source < 0)
			return err_again(why);
		if (bind_attach(j, &b) < 0)
			return -1;
	}
	if (!b.detached && mount_unsettled(j)) {
		fd_close(&source);
		source = path_open(j->env->root, j->m->destination, O_PATH, 0, 0);
	}
	fd_pool_put(&j->env->done, &target);
	if (mount_settle(j, source) < 0)
		return -1;
	fd_pool_put(&j->env->done, &source);
	return 0;
}

/* ---- everything else ------------------------------------------------------------------------- */

static const char *with_data(struct mount_job *j, const char *more, bool in_front)
{
	const char *data = j->o.data;

	if (!data)
		return more;
	return in_front ? arena_printf(j->env->arena, "%s,%s", more, data)
			: arena_printf(j->env->arena, "%s,%s", data, more);
}

static bool has_mode(const char *data)
{
	for (; data; data = strchr(data, ',')) {
		data += *data == ',';
		if (!strncmp(data, "mode=", 5))
			return true;
	}
	return false;
}

/* Gives a tmpfs the mode of the directory below it, unless the options have mode=. */
static int keep_mode(struct mount_job *j, int target)
{
	struct stat st;

	if (!j->target_existed || has_mode(j->o.data))
		return 0;
	if (fstat(target, &st) < 0)
		return fail("stat %s", j->m->destination);
	j->o.data = with_data(j, arena_printf(j->env->arena, "mode=%o", st.st_mode & 07777), true);
	return 0;
}

/* mount(2) does not report which option it refuses. A filesystem context does, so mount by one. */
static int which_option(const struct mount_job *j)
{
	int mnt __cleanup(fd_close) = -1;
	char text[256];

	if (!j->o.data)
		return -1;
	snprintf(text, sizeof(text), "%s", err_text());
	mnt = mountapi_new(j->m->type, j->m->source, j->o.flags, j->o.data);
	if (mnt >= 0 || err_num() != EINVAL)
		fail_take(EINVAL, text);
	return -1;
}

/* True if our pid namespace belongs to an outer user namespace: NS_GET_USERNS then gives EPERM. */
static bool foreign_pids(void)
{
	int fd __cleanup(fd_close) = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC), owner;

	owner = fd < 0 ? -1 : ioctl(fd, SYS_NS_GET_USERNS);
	if (owner >= 0)
		close(owner);
	return fd >= 0 && owner < 0 && errno == EPERM;
}

static int explain_mount(struct mount_job *j)
{
	if (WITH_HELP && err_num() == EPERM && j->is_proc && foreign_pids())
		fail_hint("a new proc needs a pid namespace owned by the container's user "
			  "namespace, and the one that is joined is not");
	else if (err_num() == EPERM && j->is_proc)
		fail_hint("the outer /proc is masked: unmask it, or bind it instead of mounting a "
			  "new one");
	else if (err_num() == EPERM && j->is_sysfs)
		fail_hint("a new sysfs needs a network namespace owned by the container's user "
			  "namespace; "
			  "bind /sys instead");
	else if (err_num() == EINVAL)
		return which_option(j);
	else if (err_num() == ENODEV)
		fail_hint("this kernel does not know the filesystem type \"%s\"%s%s", j->m->type,
			  option_of_fs(j->m->type) ? ": CONFIG_" : "",
			  option_of_fs(j->m->type) ?: "");
	return -1;
}

static int mount_new(struct mount_job *j, int target, const char *source)
{
	bool later = j->o.flags & MS_RDONLY && j->read_only_later;
	int mnt __cleanup(fd_close) = -1;

	if (later)
		j->o.flags &= ~(unsigned long)MS_RDONLY;
	mnt = mountapi_fresh(&(struct mountapi_fresh){ .fstype = j->m->type,
						       .source = source,
						       .data = j->o.data,
						       .flags = j->o.flags,
						       .root = j->env->root,
						       .path = j->m->destination,
						       .target = target });
	if (mnt < 0 && err_num() != EINVAL)
		return explain_mount(j);
	if (mnt < 0)
		return -1;
	/* target still is the directory below the new mount. */
	if (WITH_OVERLAY && j->o.tmpcopyup && j->target_existed &&
	    mount_copyup(j->env->arena, target, mnt) < 0)
		return -1;
	if (mount_settle(j, mnt) < 0)
		return -1;
	if (later)
		j->env->readonly_later[j->env->nreadonly++] = fd_take(&mnt);
	return 0;
}

#define PIDNS_OF_CHILDREN "/proc/self/ns/pid_for_children"

/* KERNEL 6.17: procfs has the option pidns (EINVAL; fsopen(2) ENOSYS before 5.2); without it only a
 * process in the pid namespace can mount its procfs. */
bool mount_proc_outside(void)
{
	int fd __cleanup(fd_close) = sys_fsopen("proc", 0);

	return fd >= 0 && !sys_fsconfig(fd, SYS_FSCONFIG_SET_STRING, "pidns", PIDNS_OF_CHILDREN, 0);
}

static int mount_fs(struct mount_job *j)
{
	const char *source = j->m->source ? j->m->source : j->m->type;
	int target __cleanup(fd_close) = mount_target(j, true);
	char path[FD_PATH_MAX];

	if (target < 0)
		return fail_in("destination");
	if (j->is_tmpfs && keep_mode(j, target) < 0)
		return -1;
	if (WITH_LSM && j->env->label && !j->is_proc && !j->is_sysfs &&
	    strcmp(j->m->type, "mqueue"))
		j->o.data = with_data(
			j, arena_printf(j->env->arena, "context=\"%s\"", j->env->label), false);
	/* mount(2) is a single call. The mount API is used where a descriptor of the new mount is
	 * needed, or where the options are longer than the page that mount(2) reads. */
	if (mount_unsettled(j) || j->o.tmpcopyup ||
	    (j->read_only_later && j->o.flags & MS_RDONLY) ||
	    (j->o.data && strlen(j->o.data) >= MOUNTOPT_PAGE))
		return mount_new(j, target, source);
	if (mount(source, path_of_fd(path, target), j->m->type, j->o.flags, j->o.data) < 0) {
		fail("mount %s on %s", j->m->type, j->m->destination);
		return explain_mount(j);
	}
	fd_pool_put(&j->env->done, &target);
	if (WITH_LSM && j->env->label && !strcmp(j->m->type, "mqueue")) {
		int mnt __cleanup(fd_close) =
			path_open(j->env->root, j->m->destination, O_RDONLY, 0, 0);

		if (mnt < 0 ||
		    fsetxattr(mnt, "security.selinux", j->env->label, strlen(j->env->label), 0) < 0)
			return fail("label %s", j->m->destination);
	}
	return 0;
}

/* Before Linux 5.1 procfs returns 1 for an option that it does not know. */
static int remount_at(const char *path, unsigned long flags, const char *data)
{
	int rc = mount(NULL, path, NULL, flags | MS_REMOUNT, data);

	if (rc > 0)
		errno = EINVAL;
	return rc ? -1 : 0;
}

/* Sets the options of the procfs that was mounted last. The first remount must not have MS_RDONLY,
 * which makes the filesystem read-only for all its mounts. */
static int set_proc_options(const struct mount_job *j, const char *data)
{
	int mnt __cleanup(fd_close) = path_open(j->env->root, j->m->destination,
						O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
	char path[FD_PATH_MAX];
	struct statfs fs;

	if (mnt < 0)
		return -1;
	if (fstatfs(mnt, &fs) < 0)
		return fail("statfs %s", j->m->destination);
	if (fs.f_type != SYS_PROC_MAGIC)
		return failx("%s was exchanged while it was mounted", j->m->destination);
	if (remount_at(path_of_fd(path, mnt), j->o.flags & ~(unsigned long)MS_RDONLY, data) < 0 ||
	    (j->o.flags & MS_RDONLY && remount_at(path, j->o.flags | MS_BIND, NULL) < 0))
		return fail("set the options %s of proc on %s", data, j->m->destination);
	return 0;
}

static int refuse_proc_options(const char *data)
{
	return failx("the options %s of proc need Linux 5.8, or a new pid namespace: they would "
		     "apply to the mounts of others",
		     data);
}

static int mount_proc(struct mount_job *j)
{
	const char *data = j->o.data;
	enum mountopt_proc how = WITH_OLD_KERNELS
					 ? mountopt_proc(data, sys_version(), j->env->own_pidns)
					 : MOUNTOPT_PROC_MOUNT;

	if (how == MOUNTOPT_PROC_REFUSE)
		return refuse_proc_options(data);
	if (j->env->outside)
		j->o.data = with_data(j, "pidns=" PIDNS_OF_CHILDREN, false);
	if (mount_fs(j) < 0)
		return -1;
	return how == MOUNTOPT_PROC_REMOUNT ? set_proc_options(j, data) : 0;
}

/* `remount`: changes the flags of a mount that exists. */
static int remount(struct mount_job *j)
{
	int target __cleanup(fd_close) = mount_target(j, true);
	char path[FD_PATH_MAX];
	struct statfs fs;

	if (target < 0)
		return fail_in("destination");
	if (WITH_OLD_KERNELS &&
	    mountopt_proc(j->o.data, sys_version(), j->env->own_pidns) == MOUNTOPT_PROC_REFUSE &&
	    !fstatfs(target, &fs) && fs.f_type == SYS_PROC_MAGIC)
		return refuse_proc_options(j->o.data);
	if (remount_at(path_of_fd(path, target), j->o.flags & ~(unsigned long)MS_REC, j->o.data) <
	    0)
		return fail("remount %s", j->m->destination);
	return mount_settle(j, target);
}

static int open_held(const struct mount_job *j, const char *clean, int *fd)
{
	*fd = path_open(j->env->root, clean, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
	return *fd < 0 ? -1 : 0;
}

/*
 * Keeps descriptors of /proc and /sys, through which masks and later mounts find their paths. By
 * name, a process that shares the rootfs could exchange the directory between now and then
 * (CVE-2019-19921). Mount points in a new tmpfs on /dev are made
 * through its descriptor, which saves calls.
 */
static int hold(struct mount_job *j)
{
	struct mount_env *env = j->env;
	const char *clean = path_clean(env->arena, j->m->destination);
	const char *name = clean + (*clean == '/');
	bool proc = !strcmp(name, "proc");
	int *held = proc ? &env->held.proc : &env->held.sys;
	bool is_new = !(j->o.flags & (MS_BIND | MS_REMOUNT));
	struct statfs fs, source;

	if (!strcmp(name, "dev")) {
		fd_close(&env->held.dev);
		return is_new && j->is_tmpfs ? open_held(j, clean, &env->held.dev) : 0;
	}
	if (!strncmp(name, "sys/", 4))
		env->held.sys_is_bare = false;
	if (!proc && strcmp(name, "sys"))
		return 0;
	fd_close(held);
	if (proc)
		env->held.proc_is_new = is_new && j->is_proc;
	else
		env->held.sys_is_new = env->held.sys_is_bare = is_new && j->is_sysfs;
	if (open_held(j, clean, held) < 0)
		return -1;
	if (fstatfs(*held, &fs) < 0)
		return fail("statfs %s", j->m->destination);
	/* A bind has the filesystem of its source. */
	source.f_type = proc ? SYS_PROC_MAGIC : j->is_sysfs ? SYS_SYSFS_MAGIC : fs.f_type;
	if (!proc && j->o.flags & MS_BIND && statfs(j->m->source, &source) < 0)
		source.f_type = fs.f_type;
	if (fs.f_type == source.f_type)
		return 0;
	return failx("%s was exchanged while it was mounted", j->m->destination);
}

static int mount_any(struct mount_job *j)
{
	const struct oci_mount *m = j->m;

	if (j->o.flags & MS_REMOUNT)
		return remount(j);
	if (j->o.flags & MS_BIND)
		return mount_bind(j);
	if (!m->type)
		return failx("type is missing and options have neither \"bind\" nor \"rbind\"");
	if (WITH_CGROUP && (!strcmp(m->type, "cgroup") || !strcmp(m->type, "cgroup2")))
		return mount_cgroups(j);
	return j->is_proc ? mount_proc(j) : mount_fs(j);
}

int mount_entry(struct mount_env *env, const struct oci_mount *m)
{
	struct mount_job j = { .env = env, .m = m };

	if (*m->destination != '/')
		log_warn("mount destination \"%s\" is not absolute: taken from /", m->destination);
	mountopt_parse(env->arena, m, &j.o);
	if (WITH_OLD_KERNELS && mountopt_check(&j.o, sys_version()) < 0)
		return -1;
	j.is_tmpfs = m->type && !strcmp(m->type, "tmpfs");
	j.is_proc = m->type && !strcmp(m->type, "proc");
	j.is_sysfs = m->type && !strcmp(m->type, "sysfs");
	j.read_only_later = j.is_tmpfs || !strcmp(m->destination, "/dev");
	return mount_any(&j) < 0 ? -1 : hold(&j);
}

int mount_finish(struct mount_env *env)
{
	fd_pool_put(&env->done, &env->held.proc);
	fd_pool_put(&env->done, &env->held.sys);
	fd_pool_put(&env->done, &env->held.dev);
	fd_pool_close(&env->done);
	for (size_t i = 0; i < env->nreadonly; i++) {
		if (mountapi_setattr(env->readonly_later[i], false, MOUNT_ATTR_RDONLY, 0) < 0)
			return -1;
		fd_close(&env->readonly_later[i]);
	}
	env->nreadonly = 0;
	return 0;
}
