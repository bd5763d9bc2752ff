/* kill.c - signals to a container, and its removal. */
/* SPDX-License-Identifier: MIT */
#include "core/container/impl.h"

#include <poll.h>
#include <signal.h>

#define THAW_AFTER_MS 100

int life_signal(struct life *l, int sig)
{
	int rc;

	if (l->status == OCI_STOPPED || l->state.pid <= 0)
		return failx("container not running");
	rc = life_send(l, sig);
	if (rc < 0 && errno == ESRCH)
		return failx("container not running");
	return rc < 0 ? fail("send signal %d to process %d", sig, l->state.pid) : 0;
}

/* ---- kill, pause and resume ------------------------------------------------------------------ */

/* Signals every process of the cgroup, also after the end of init, and init if another program has
 * moved it to another cgroup. */
static int kill_cgroup(struct life *l, int sig)
{
	if (l->cgroup) {
		bool out = l->status != OCI_STOPPED && !cgroup_has(l->cgroup, l->state.pid);

		if (cgroup_kill(l->cgroup, sig) < 0)
			return -1;
		return out ? life_signal(l, sig) : 0;
	}
	if (l->status == OCI_STOPPED)
		return 0;
	log_warn("container %s has no cgroup: only its init gets the signal", l->state.id);
	return life_signal(l, sig);
}

/* True if processes are left, which in a shared pid namespace do not die with init. */
static bool others_left(struct arena *a, struct life *l)
{
	cgroup_pids left;

	if (l->state.own_pid_ns || !l->cgroup)
		return false;
	if (cgroup_procs(l->cgroup, a, &left) == 0)
		return left.n;
	err_clear("the cgroup was removed, so it has no processes");
	return false;
}

int life_kill(struct arena *a, struct life *l, int sig, bool all)
{
	int r;

	if (l->status == OCI_STOPPED && !all && !(sig == SIGKILL && others_left(a, l)))
		return failx("container not running");
	/* In a pid namespace of the container's own the other processes die with init. */
	if (all || (sig == SIGKILL && !l->state.own_pid_ns && l->cgroup))
		r = kill_cgroup(l, sig);
	else
		r = life_signal(l, sig);
	if (r < 0 || sig != SIGKILL || !l->cgroup)
		return r;
	/* On cgroup v1 a frozen process dies only when it thaws. If the container itself has frozen
	 * it, all are killed again after the thaw, so that no process is left that could freeze
	 * others. */
	if (l->status == OCI_PAUSED && cgroup_layout() != CGROUP_V2 &&
	    cgroup_freeze(l->cgroup, false) < 0)
		err_clear("the cgroup was thawed or removed meanwhile");
	/* The pid of a stopped container may be that of another process now. */
	r = cgroup_thaw(l->cgroup, l->status == OCI_STOPPED ? 0 : l->state.pid);
	return r > 0 ? cgroup_kill(l->cgroup, sig) : r;
}

int life_freeze(struct life *l, bool frozen)
{
	if (frozen && l->status != OCI_RUNNING && l->status != OCI_CREATED)
		return failx("container not running");
	if (!frozen && l->status != OCI_PAUSED &&
	    (l->status == OCI_STOPPED || !l->cgroup || cgroup_is_frozen(l->cgroup) <= 0))
		return failx("container not paused");
	if (!WITH_CGROUP)
		return not_built("WITH_CGROUP", "cgroups");
	if (!l->cgroup)
		return failx("cannot %s container %s: it has no cgroup",
			     frozen ? "pause" : "resume", l->state.id);
	if (frozen && !cgroup_has(l->cgroup, l->state.pid))
		return failx("cannot pause container %s: its process %d is not in its cgroup",
			     l->state.id, l->state.pid);
	return cgroup_freeze(l->cgroup, frozen);
}

/* ---- the end --------------------------------------------------------------------------------- */

static bool is_dead(const struct life *l)
{
	struct proc_stat st;
	int found = proc_stat(l->state.pid, &st);

	if (found == 1)
		return !life_is_init(l, &st) || st.dead;
	if (found < 0)
		err_clear("kill(2) shows if the process exists");
	return kill(l->state.pid, 0) < 0 && errno == ESRCH;
}

/* KERNEL 5.3: pidfd_open(2) (ENOSYS); without it this looks at /proc a hundred times a second. */
static bool died_within(struct life *l, int ms)
{
	struct pollfd fd = { l->pidfd, POLLIN, 0 };
	int n;

	for (; l->pidfd < 0 && ms > 0; ms -= 10) {
		if (is_dead(l))
			return true;
		poll(NULL, 0, 10);
	}
	if (l->pidfd < 0)
		return is_dead(l);
	do {
		n = poll(&fd, 1, ms);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static int wait_dead(struct life *l)
{
	int64_t until = clock_ms() + LIFE_WAIT_MS;
	const char *holder;
	char block[8192];
	struct arena a;

	if (died_within(l, THAW_AFTER_MS))
		return 0;
	/* A v1 freezer also holds a killed process. It is thawed again and again until init has
	 * ended, because another process may freeze it again. */
	do {
		if (l->cgroup && cgroup_thaw(l->cgroup, l->state.pid) < 0)
			err_clear("if init does not end, the error below names it");
		if (died_within(l, THAW_AFTER_MS))
			return 0;
	} while (clock_ms() < until);
	arena_init(&a, block, sizeof(block));
	holder = cgroup_holder(&a, l->state.pid);
	return failx("container init still running: process %d%s%s", l->state.pid,
		     holder ? ", held by the frozen cgroup " : "", holder ? holder : "");
}

int life_ending(struct life *l)
{
	if (l->state.pid <= 0 || !proc_ending(l->state.pid))
		return 0;
	if (l->status != OCI_STOPPED && wait_dead(l) < 0)
		return -1;
	l->status = OCI_STOPPED;
	return 1;
}

static int kill_processes(struct life *l)
{
	/* In a pid namespace of its own all processes die with init. */
	if (l->status != OCI_STOPPED && life_signal(l, SIGKILL) < 0) {
		if (err_num())
			return -1;
		err_clear("init has died meanwhile");
	}
	if (l->cgroup && (!l->state.own_pid_ns || l->status == OCI_PAUSED)) {
		if (cgroup_kill(l->cgroup, SIGKILL) < 0)
			return -1;
		if (l->status == OCI_PAUSED && cgroup_freeze(l->cgroup, false) < 0)
			err_clear("a v2 freezer does not hold killed processes");
	}
	return l->status != OCI_STOPPED && l->state.pid > 0 ? wait_dead(l) : 0;
}

int life_destroy(struct arena *a, struct life *l)
{
	struct oci_doc doc = { 0 };

	if (kill_processes(l) < 0)
		return -1;
	if (l->cgroup && cgroup_remove(l->cgroup) < 0)
		return -1;
	if (WITH_TUNING && l->state.intel_rdt_path && rdt_remove(l->state.intel_rdt_path) < 0)
		return -1;
	/* poststop hooks run after the directory is removed, so the config is read before. */
	if (WITH_HOOKS && l->state.hooks && life_config(a, l, &doc) < 0) {
		/* If init was never made, the config may not have been saved. */
		if (l->state.pid > 0 || err_num() != ENOENT)
			log_warn("poststop hooks are not run: %s", err_text());
		err_clear("the container is deleted without them");
	}
	if (record_remove(l, l->state.id) < 0)
		return -1;
	if (!WITH_HOOKS || !doc.config.hooks)
		return 0;
	return hooks_run(a, &(struct hook_run){ .name = "poststop",
						.hooks = &doc.config.hooks->poststop,
						.state = &l->state,
						.status = OCI_STOPPED,
						.pid = -1,
						.go_on = true });
}

int life_take_down(struct arena *a, struct life *l)
{
	int there = life_lock(l);

	if (!there && !life_is_forgotten(l))
		return 0;
	if (there < 0)
		err_clear("the container is deleted without the lock");
	return life_destroy(a, l);
}

int life_delete(struct arena *a, struct life *l, bool force)
{
	bool lives = l->status == OCI_RUNNING || l->status == OCI_PAUSED;

	/* A container that was just killed may still be ending. */
	if (!force && lives) {
		int gone = life_ending(l);

		if (gone < 0)
			return -1;
		if (!gone)
			return failx("cannot delete container %s that is not stopped: %s",
				     l->state.id, json_word_name(oci_status_words, l->status));
	}
	return life_destroy(a, l);
}
