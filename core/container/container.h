/* container.h - a container's life on disk, and the verbs on it. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CONTAINER_CONTAINER_H
#define CORE_CONTAINER_CONTAINER_H

#include "core/cgroup/cgroup.h"
#include "core/kernel/kernel.h"
#include "core/oci/oci.h"

#include <signal.h>

/* ---- ends.c: the signals that end a start ---------------------------------------------------- */

/* What a signal closes and kills: the wire, the first process and init. A pid is 0 until its
 * process exists, and after its end. */
struct ends_start {
	const int *wire;
	const volatile pid_t *first, *pid;
};
/*
 * Blocks every signal, so that no SIGCHLD is lost between clone and wait; *old becomes the mask for
 * the child. HUP, INT, QUIT and TERM, unless the caller ignores them, end a start that is not
 * finished: they kill the cloned processes and the hook that runs, and interrupt the system call in
 * which the runtime waits.
 */
int ends_prepare(const struct ends_start *start, sigset_t *old);
int ends_hold(void); /* before a clone: blocks those signals until ends_let; -1: one has come */
void ends_let(void);
void ends_in_child(void); /* in a cloned process: a signal ends only this process */
int ends_made(void); /* the start has succeeded; -1: a signal came before */
bool ends_came(void); /* a signal has ended the start */
bool ends_explain(void); /* the same; the error record becomes the signal that came */
void ends_default(void); /* the four signals get their default action again */
void ends_hook(pid_t pid); /* the four signals kill this process group too; 0: no group */
/* Process 1 of a pid namespace does not die of a signal that it does not catch (pid_namespaces(7)).
 * So init catches those that end a process, until execve(2) resets them. */
void ends_mortal(void);

/* ---- hooks.c --------------------------------------------------------------------------------- */

struct hook_run {
	const char *name; /* "createRuntime" */
	const oci_hook_list *hooks;
	const struct oci_state *state;
	enum oci_status status;
	int pid; /* in the hook's pid namespace; -1: the state has no pid */
	const char *const *env; /* for hooks without env */
	bool go_on; /* poststop: after a failure, warn and run the next hook */
};
/* -1: `error running createRuntime hook #0: /path: exit status 1: its output on one line`. */
int hooks_run(struct arena *a, const struct hook_run *run);

/* ---- life.c: the state directory, and the status of a container ------------------------------ */

#define LIFE_ROOT "/run/runc" /* where containers are, unless --root says otherwise */

/* A container that exists: its directory is open, and its state was read. */
struct life {
	const char *root; /* --root */
	int root_dir; /* ROOT, kept open so that removing needs no descriptor */
	int dir; /* ROOT/ID; flock(2) on it is the container's lock */
	struct oci_state state;
	struct cgroup *cgroup; /* NULL: the container has no cgroup */
	enum oci_status status;
	int pidfd; /* of init while it lives, else -1 */
	bool glance; /* opened by life_glance: there is no pidfd, and the lock is not released */
	bool headless; /* the first thread of init has ended, but others live */
	bool begun; /* init has certainly executed its program */
};

/* struct life l __cleanup(life_close) = LIFE_INIT; */
#define LIFE_INIT                                                                                  \
	{                                                                                          \
		.root_dir = -1, .dir = -1, .pidfd = -1                                             \
	}

/* LIFE_LOOK takes no lock. The others wait for it, LIFE_WAIT_MS at most. LIFE_REMOVE also opens a
 * container whose state.json cannot be read, so that it can be removed. LIFE_FORCE does as well,
 * and kills init if another process has the lock, so that a start which hangs fails. */
enum life_open { LIFE_LOOK, LIFE_LOCK, LIFE_REMOVE, LIFE_FORCE };

/* The ids of the containers below a root, from life_list. */
struct life_ids {
	const char *root;
	int dir, proc; /* root and /proc, open */
	const char **at;
	size_t n;
};

/* Opens ID below root. -1: `container does not exist` (errno ENOENT), or another error. */
int life_open(struct arena *a, const char *root, const char *id, enum life_open how,
	      struct life *out);
/* life_open(LIFE_LOOK) with fewer system calls, for a caller that only reads the status. */
int life_glance(struct arena *a, struct life_ids *all, const char *id, struct life *out);
void life_close(struct life *l);
/* Makes ROOT (0700) and ROOT/ID (0711), locks it. -1 `container with given ID already exists`. */
int life_new(struct arena *a, const char *root, const char *id, struct life *out);
void life_unlock(struct life *l); /* for commands that wait in the foreground */
int life_lock(struct life *l); /* locks again: 1, or 0 if the container was deleted meanwhile */
/* True after life_lock has returned 0: the state directory was removed, but not by `delete`, which
 * removes the cgroup before it. */
bool life_is_forgotten(const struct life *l);
/* A thread of init that lives, whose /proc directory shows init's namespaces. It is the first one
 * unless that has ended. */
pid_t life_thread(const struct life *l);
/* Pure. True if the process that has init's pid is init, by its start time. A recorded start time
 * of 0 is unknown: /proc hides an ordinary user's init that joins a pid namespace by path (hidepid
 * of proc(5)). */
bool life_is_init(const struct life *l, const struct proc_stat *st);
/* Records a start time that was unknown, if /proc shows it now. */
int life_note_start(struct arena *a, struct life *l);
bool life_there(const struct life *l); /* false: init has ended meanwhile, or is ending */
/* Opens ROOT/.cache, which the first use makes. -1, without an error record: there is no cache. */
int life_cache(const char *root);

/* ---- record.c: its files --------------------------------------------------------------------- */

int life_save(struct arena *a, struct life *l); /* state.json by rename */
int life_save_config(struct life *l, const struct oci_doc *doc);
/* config.json from the time when the container was made. */
int life_config(struct arena *a, const struct life *l, struct oci_doc *doc);

/* ---- list.c ---------------------------------------------------------------------------------- */

/* All ids below root, sorted. missing_ok: a missing directory has none. */
int life_list(struct arena *a, const char *root, bool missing_ok, struct life_ids *out);
bool life_recorded(const struct life_ids *all, const char *id); /* it has a state.json */
/* True if the directory has no container, and no process is making or removing one in it. */
bool life_left_behind(const struct life_ids *all, const char *id);

/* ---- fifo.c: a created container waits for start in a fifo ----------------------------------- */

int fifo_make(struct life *l); /* returns it open for reading and writing, or -1 */
bool fifo_waits(const struct life *l); /* init is alive and waits for start */
bool fifo_is_there(int root_dir, const char *id);
bool fifo_is_left(const struct life *l); /* the fifo exists, and init does not wait any more */
/* Lets init continue. *fifo becomes our end, which reports a hangup when the payload runs or init
 * has died. It stays -1 if runc has made the container: then this cannot be found out. */
int fifo_release(const struct life *l, int *fifo);
/* Called after that hangup. 1: init has written its error to the fifo, which is the record now; 0:
 * the byte of `start` is in it again, so init was killed before its program; -1: unknown. */
int fifo_reason(int fifo);
void fifo_remove(const struct life *l);

/* ---- kill.c: kill, pause, resume, delete ----------------------------------------------------- */

int life_signal(struct life *l, int sig); /* signals init; -1: `container not running` */
/* Signals init; with all, or with KILL in a shared pid namespace, every process of the cgroup. */
int life_kill(struct arena *a, struct life *l, int sig, bool all);
int life_freeze(struct life *l, bool frozen);
/* If init is ending, waits for its end. 1: it has ended; 0: it is not ending; -1: it does not
 * end. */
int life_ending(struct life *l);
/* Kills the processes, removes the cgroup and the directory, and runs poststop hooks. */
int life_destroy(struct arena *a, struct life *l);
/* The same for a caller that may have given up the lock meanwhile. If another command has deleted
 * the container, nothing is done, because its id and its cgroup may belong to another one now. */
int life_take_down(struct arena *a, struct life *l);
/* The same for a container that has stopped, or for any with force. -1: `cannot delete container ID
 * that is not stopped`. */
int life_delete(struct arena *a, struct life *l, bool force);

/* ---- release.c: start ------------------------------------------------------------------------ */

int life_startable(const struct life *l); /* -1: runc's message for its status */
int life_poststart(struct arena *a, struct life *l);

/* ---- update.c -------------------------------------------------------------------------------- */

struct life_change {
	const struct oci_resources *resources; /* only fields that change are set */
	const char *schemata[2]; /* lines for resctrl's schemata; NULL or "": no line */
};
/* Changes all of it. If one change fails, the old values are restored. */
int life_update(struct arena *a, struct life *l, const struct life_change *change);

#endif
