/* life.c - opens and makes the state directory of a container, and finds out its status. */
/* SPDX-License-Identifier: MIT */
#include "core/container/impl.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/sysmacros.h>

/* Engines match the words before the id. */
static int no_such_container(const char *id)
{
	char text[1200];

	snprintf(text, sizeof(text), "container does not exist: %.1024s", id);
	return fail_take(ENOENT, text);
}

static int check_ours(const struct stat *st, const char *root, const char *id)
{
	if (st->st_uid == getauxval(AT_EUID))
		return 0;
	return failx("state directory %s%s%s belongs to user %u, not to us", root, id ? "/" : "",
		     id ? id : "", (unsigned)st->st_uid);
}

/* Returns -1. To the error of a root that is another user's it adds where one's own may be. */
static int fail_root(bool others)
{
	return others && geteuid() ? fail_hint("--root or XDG_RUNTIME_DIR says where yours is")
				   : -1;
}

/* Opens ROOT. With make, it is created for its owner only, and refused if another user owns it
 * (CVE-2019-12439). */
int life_open_root(const char *root, bool make)
{
	int fd __cleanup(fd_close) = -1;
	struct stat st;

	fd = openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make) {
		int slash __cleanup(fd_close) =
			openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		fd = slash < 0 ? -1 : path_mkdirs(slash, root, 0700);
		if (fd < 0) {
			fail_in("state directory");
			return fail_root(err_num() == EACCES);
		}
		fd_close(&fd);
		fd = openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0) {
		fail("open state directory %s", root);
		return fail_root(err_num() == EACCES);
	}
	if (make && fstat(fd, &st) < 0)
		return fail("stat state directory %s", root);
	if (make && check_ours(&st, root, NULL) < 0)
		return fail_root(true);
	return fd_take(&fd);
}

static int check_id(const char *id)
{
	if (!*id)
		return failx("container id cannot be empty");
	return oci_id_valid(id) ? 0 : failx("invalid container ID format: \"%s\"", id);
}

/* ---- the status ------------------------------------------------------------------------------ */

bool life_is_init(const struct life *l, const struct proc_stat *st)
{
	return !l->state.start_time || st->start == l->state.start_time;
}

int life_send(const struct life *l, int sig)
{
	return l->pidfd >= 0 ? sys_pidfd_send_signal(l->pidfd, sig) : kill(l->state.pid, sig);
}

/*
 * Opens init and compares its start time with the recorded one. The pidfd is opened before, so it
 * refers to the process that was compared. If /proc hides init, the start time is unknown, and any
 * process that we may signal counts as init. Init is alive as long as one of its threads is.
 * Returns 1: it is alive; 0; -1.
 */
static int find_init(struct life *l)
{
	struct proc_stat st;
	int found;

	if (l->state.pid <= 0)
		return 0;
	if (!l->glance)
		l->pidfd = sys_pidfd_open(l->state.pid);
	/* KERNEL 5.3: pidfd_open(2) (ENOSYS); without it signals go to the pid,
	 * checked just before. */
	if (l->pidfd < 0 && !l->glance && errno == ESRCH)
		return 0;
	found = proc_stat(l->state.pid, &st);
	if (!found && l->glance)
		l->pidfd = sys_pidfd_open(l->state.pid);
	if (found == 1) {
		l->headless = st.headless;
		l->begun = l->state.restored || (!st.no_exec && !l->state.foreign);
		found = life_is_init(l, &st) && !st.dead;
	} else if (!found && life_send(l, 0) == 0) {
		found = l->pidfd >= 0 ? !proc_ended(l->pidfd) : 1;
	}
	/* A fifo without a reader shows that init has died: another process has its pid now. */
	if (found == 1 && !l->state.start_time && fifo_is_left(l))
		found = 0;
	if (found != 1)
		fd_close(&l->pidfd);
	return found;
}

pid_t life_thread(const struct life *l)
{
	return l->headless ? proc_thread(l->state.pid) : l->state.pid;
}

int life_note_start(struct arena *a, struct life *l)
{
	struct proc_stat st;

	if (l->state.start_time)
		return 0;
	if (proc_stat(l->state.pid, &st) != 1) {
		err_clear("init is still hidden, or has ended");
		return 0;
	}
	l->state.start_time = st.start;
	return life_save(a, l);
}

bool life_there(const struct life *l)
{
	struct proc_stat st;
	int found = proc_stat(l->state.pid, &st);

	if (found == 1)
		return life_is_init(l, &st) && !st.exiting;
	if (found < 0)
		err_clear("the pidfd shows if init is alive");
	return l->pidfd >= 0 ? !proc_ended(l->pidfd) : kill(l->state.pid, 0) == 0;
}

/* True if another process makes or starts the container, which keeps the lock until the payload
 * runs. */
static bool is_busy(const struct life *l)
{
	if (flock(l->dir, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	if (!l->glance)
		flock(l->dir, LOCK_UN);
	return false;
}

static int find_status(struct life *l, bool locked)
{
	int alive = find_init(l);

	if (alive < 0)
		return -1;
	if (!alive) {
		l->status = OCI_STOPPED;
		return 0;
	}
	/* The lock alone is not a sign of a start: pause and update lock a running container. runc
	 * has no lock. */
	l->status = OCI_RUNNING;
	if (!l->begun && (fifo_waits(l) || (!locked && !l->state.foreign && is_busy(l))))
		l->status = OCI_CREATED;
	if (l->cgroup) {
		int frozen = cgroup_is_frozen(l->cgroup);

		if (frozen < 0)
			err_clear("a cgroup that cannot be read counts as not frozen");
		else if (frozen && cgroup_has(l->cgroup, l->state.pid))
			l->status = OCI_PAUSED;
	}
	return 0;
}

/*
 * Finds the status without opening the state directory. If init has executed its program, the
 * container runs, whichever process has the lock; before that init waits at the fifo. False: the
 * caller needs find_status.
 */
static bool find_quickly(struct life *l, int proc, const char *id)
{
	struct proc_stat st;
	bool waits;
	int found;

	if (record_is_old(l) || l->state.pid <= 0) {
		l->status = OCI_STOPPED;
		return true;
	}
	/* runc's init has executed a program before it waits. */
	if (l->state.foreign || !l->state.start_time)
		return false;
	found = proc_stat_at(proc, l->state.pid, &st);
	if (found < 0)
		err_clear("find_status tries again");
	if (!found)
		l->pidfd = sys_pidfd_open(l->state.pid);
	/* ESRCH of pidfd_open(2): /proc does not hide the process; it does not exist. */
	if ((!found && l->pidfd < 0 && errno == ESRCH) ||
	    (found == 1 && (st.dead || !life_is_init(l, &st)))) {
		l->status = OCI_STOPPED;
		return true;
	}
	fd_close(&l->pidfd);
	/* A process that CRIU has restored has executed nothing since. */
	waits = st.no_exec && !l->state.restored;
	if (found != 1 || (waits && !fifo_is_there(l->root_dir, id)))
		return false;
	l->status = waits ? OCI_CREATED : OCI_RUNNING;
	/* If a cgroup is frozen, find_status checks whether init is in it. */
	return !cgroup_glance(&l->state, st.state);
}

/* Refuses a state directory of another user, because we kill processes and run hooks by what its
 * files say. In a root below /tmp any user may have made it. */
static int check_owner(int dir, const char *root, const char *id)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return fail("stat state directory %s/%s", root, id);
	return check_ours(&st, root, id);
}

/* Loads the cgroups. If the container was made before this boot, it has no processes any more, and
 * its pid and directories may belong to another container. */
static int find_cgroup(struct arena *a, struct life *l)
{
	if (record_is_old(l)) {
		l->state.pid = 0;
		l->state.intel_rdt_path = NULL;
		return 0;
	}
	if (cgroup_load(a, &l->state, &l->cgroup) < 0)
		return -1;
	if (!cgroup_exists(l->cgroup))
		l->cgroup = NULL;
	return 0;
}

/* Opens a container whose state.json cannot be read. A caller that removes it uses the other files,
 * but removes nothing if processes may be running that cannot be found. */
static int open_rest(struct arena *a, struct life *l, const char *id, enum life_open how)
{
	char *why = arena_strdup(a, err_text());
	int num = err_num(), rest = record_rest(a, l, id);
	cgroup_pids pids = { 0 };

	if (!rest && (!num || num == ENOENT) && how == LIFE_REMOVE && record_remove(l, id) < 0)
		return -1;
	/* The runtime was killed before it had made a process or a cgroup. */
	if (!rest && (num == ENOENT || (!num && how == LIFE_REMOVE)))
		return no_such_container(id);
	fail_take(num == ENOENT ? 0 : num,
		  num == ENOENT ? "state.json of the container is missing" : why);
	if (how != LIFE_REMOVE || (num && num != ENOENT && num != EIO))
		return -1;
	if (rest < 0)
		return fail_hint("nothing is removed, since what runs in it is not known: kill "
				 "that, then remove %s/%s",
				 l->root, id);
	log_warn("%s: its cgroups show whether it is running", err_text());
	err_clear("its cgroups are known");
	if (find_cgroup(a, l) < 0 || (l->cgroup && cgroup_procs(l->cgroup, a, &pids) < 0))
		return -1;
	l->status = pids.n ? OCI_RUNNING : OCI_STOPPED;
	return 0;
}

static int open_state_dir(const char *id, struct life *out)
{
	/* O_NOFOLLOW: another user may have made a symlink in the root. */
	out->dir = openat(out->root_dir, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out->dir < 0)
		return errno == ENOENT ? no_such_container(id)
				       : fail("open state directory %s/%s", out->root, id);
	return check_owner(out->dir, out->root, id);
}

typedef void when_busy(struct arena *a, struct life *l, const char *id);

/* Kills init of a container that another process has locked. What it leaves in l is read again
 * under the lock. */
static void end_locked(struct arena *a, struct life *l, const char *id)
{
	if (record_read(a, l, id) < 0 || record_is_old(l) || find_init(l) <= 0 ||
	    life_send(l, SIGKILL) < 0)
		err_clear("an init that lives is found again under the lock");
	fd_close(&l->pidfd);
	l->state = (struct oci_state){ 0 };
}

/* The process that holds the lock of dir, from a line of proc_locks(5) such as "1: FLOCK  ADVISORY
 * WRITE 1234 00:19:567 0 EOF". 0: not known. */
static pid_t lock_holder(struct arena *a, int dir)
{
	char place[64], *text, *at;
	struct stat st;
	size_t len;

	if (fstat(dir, &st) < 0 ||
	    file_read(a, AT_FDCWD, "/proc/locks", 1 << 20, &text, &len) < 0) {
		err_clear("without it the message names no process");
		return 0;
	}
	snprintf(place, sizeof(place), " %02x:%02x:%llu ", major(st.st_dev), minor(st.st_dev),
		 (unsigned long long)st.st_ino);
	at = strstr(text, place);
	while (at && at > text && at[-1] != ' ')
		at--;
	return at ? atoi(at) : 0;
}

static int fail_locked(struct arena *a, int dir, const char *id)
{
	pid_t pid = WITH_HELP ? lock_holder(a, dir) : 0;

	failx("container %s is locked: another process makes, starts or changes it", id);
	return pid > 0 ? fail_hint("it is process %d", (int)pid) : -1;
}

/* Locks the directory itself, so that no lock file is needed. With an arena the wait for the lock
 * has a limit. busy, if it is not NULL, is called once when the lock is not free. Returns 1; 0: the
 * directory was removed while we waited for the lock; -1. */
static int lock_dir(struct arena *a, struct life *l, const char *id, when_busy *busy)
{
	int left = LIFE_WAIT_MS / 10;
	struct stat st;

	while (flock(l->dir, a ? LOCK_EX | LOCK_NB : LOCK_EX) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			fail("lock the state directory");
			return err_num() == ENOSYS ? fail_hint("this kernel was built without "
							       "CONFIG_FILE_LOCKING")
						   : -1;
		}
		if (!a)
			continue;
		if (!left--)
			return fail_locked(a, l->dir, id);
		if (busy)
			busy(a, l, id);
		busy = NULL;
		poll(NULL, 0, 10);
	}
	if (fstat(l->dir, &st) < 0)
		return fail("stat the state directory");
	/* In a root that other users may write, they may have replaced the directory that we have
	 * made. */
	if (st.st_uid != getauxval(AT_EUID))
		return failx("the state directory belongs to user %u, not to us",
			     (unsigned)st.st_uid);
	return st.st_nlink > 0;
}

/* Opens ROOT/ID; out->root_dir is open. */
static int open_id(struct arena *a, const char *id, enum life_open how, struct life *out)
{
	int locked, read;

	if (open_state_dir(id, out) < 0)
		return -1;
	locked = how == LIFE_LOOK ? 1 : lock_dir(a, out, id, how == LIFE_FORCE ? end_locked : NULL);
	how = how == LIFE_FORCE ? LIFE_REMOVE : how;
	if (locked <= 0)
		return locked < 0 ? -1 : no_such_container(id);
	read = record_read(a, out, id);
	if (read < 0 && how == LIFE_LOOK) {
		/* Another process may be making or removing the container. If no process has the
		 * lock any more, read again. */
		if (flock(out->dir, LOCK_SH | LOCK_NB) < 0)
			return no_such_container(id);
		read = record_read(a, out, id) < 0 ? open_rest(a, out, id, how) : 0;
		flock(out->dir, LOCK_UN);
		if (read < 0)
			return -1;
	}
	if (read < 0 && open_rest(a, out, id, how) < 0)
		return -1;
	/* open_rest has found the status by the cgroups. */
	if (read < 0)
		return 0;
	if (find_cgroup(a, out) < 0)
		return -1;
	return find_status(out, how != LIFE_LOOK);
}

int life_open(struct arena *a, const char *root, const char *id, enum life_open how,
	      struct life *out)
{
	*out = (struct life)LIFE_INIT;
	out->root = root;
	if (check_id(id) < 0)
		return -1;
	out->root_dir = life_open_root(root, false);
	if (out->root_dir < 0)
		return err_num() == ENOENT ? no_such_container(id) : -1;
	return open_id(a, id, how, out);
}

int life_glance(struct arena *a, struct life_ids *all, const char *id, struct life *out)
{
	int r = 0;

	*out = (struct life)LIFE_INIT;
	out->root = all->root;
	out->root_dir = all->dir;
	out->glance = true;
	/* A path below this descriptor is resolved faster, because it crosses no mount point. */
	if (all->proc < 0)
		all->proc = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!record_glance(a, out, id) || !find_quickly(out, all->proc, id)) {
		out->state = (struct oci_state){ 0 };
		r = open_id(a, id, LIFE_LOOK, out);
	}
	out->root_dir = -1;
	return r;
}

void life_close(struct life *l)
{
	fd_close(&l->root_dir);
	fd_close(&l->dir);
	fd_close(&l->pidfd);
}

void life_unlock(struct life *l)
{
	flock(l->dir, LOCK_UN);
}

int life_lock(struct life *l)
{
	return lock_dir(NULL, l, NULL, NULL);
}

bool life_is_forgotten(const struct life *l)
{
	struct stat st;

	return l->cgroup && cgroup_is_left(l->cgroup) &&
	       fstatat(l->root_dir, l->state.id, &st, AT_SYMLINK_NOFOLLOW) < 0;
}

/* ---- making ---------------------------------------------------------------------------------- */

int life_new(struct arena *a, const char *root, const char *id, struct life *out)
{
	EXACT_MODES;
	int locked;

	*out = (struct life)LIFE_INIT;
	out->root = root;
	if (check_id(id) < 0)
		return -1;
	out->root_dir = life_open_root(root, true);
	if (out->root_dir < 0)
		return -1;
	if (mkdirat(out->root_dir, id, LIFE_DIR_MODE) < 0) {
		if (errno == EEXIST)
			return failx("container with given ID already exists: %s", id);
		return fail("create state directory %s/%s", root, id);
	}
	out->dir = openat(out->root_dir, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out->dir < 0) {
		fail("open state directory %s/%s", root, id);
		unlinkat(out->root_dir, id, AT_REMOVEDIR);
		return -1;
	}
	locked = lock_dir(a, out, id, NULL);
	if (locked < 0)
		unlinkat(out->root_dir, id, AT_REMOVEDIR);
	if (locked <= 0)
		return locked < 0 ? -1 : failx("state directory %s/%s was removed", root, id);
	out->state.oci_version = OCI_VERSION;
	out->state.id = arena_strdup(a, id);
	return 0;
}

int life_cache(const char *root)
{
	int rootfd __cleanup(fd_close) = life_open_root(root, false);
	int fd;

	if (rootfd < 0)
		err_clear("the cache is optional");
	if (rootfd < 0 || (mkdirat(rootfd, OCI_CACHE, 0700) < 0 && errno != EEXIST))
		return -1;
	fd = openat(rootfd, OCI_CACHE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}
