/* container.h - a container's life on disk, and the verbs on it. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CONTAINER_CONTAINER_H
#define CORE_CONTAINER_CONTAINER_H

#include "core/cgroup/cgroup.h"
#include "core/kernel/kernel.h"
#include "core/oci/oci.h"

#include <signal.h>

/* ---- ends.c: the signals that end a start ------------------------------------------------------------- */

/* What a signal kills and hangs up. It may come at any time: the pids are 0 while there is no process. */
struct ends_start {
	const int *wire;
	const volatile pid_t *first, *pid;
};
/*
 * Blocks every signal, so that none is lost between clone and wait; *old is the mask for the child. HUP, INT,
 * QUIT and TERM, unless the caller ignores them, end a start that is still being made: they kill what was
 * cloned and the hook that runs, and interrupt the system call in which the runtime itself waits.
 */
int ends_prepare(const struct ends_start *start, sigset_t *old);
int ends_hold(void); /* before a clone: no signal until ends_let; -1: one has come */
void ends_let(void);
void ends_in_child(void); /* in a cloned process: a signal ends this process and no other */
int ends_made(
	void); /* the start is made: signals are for the foreground now; -1: one came before */
bool ends_came(void); /* a signal has ended the start */
bool ends_explain(void); /* the same, and the error record says so */
void ends_default(void); /* from here on those signals end the runtime as they end any program */
void ends_hook(pid_t pid); /* a group of processes that those signals kill; 0: none */
/* Process 1 of a pid namespace does not die of a signal that it does not catch (pid_namespaces(7)). Until its
 * program is executed, which takes this back, it catches those that end a process, as runc's does. */
void ends_mortal(void);

/* ---- hooks.c ------------------------------------------------------------------------------------------- */

struct hook_run {
	const char *name; /* "createRuntime" */
	const oci_hook_list *hooks;
	const struct oci_state *state;
	enum oci_status status;
	int pid; /* as seen from where the hook runs; -1 leaves it out */
	const char *const *env; /* for hooks without env */
	bool go_on; /* poststop: a failure warns and the next one runs */
};
/* -1: `error running createRuntime hook #0: /path: exit status 1: what it said, on one line`. */
int hooks_run(struct arena *a, const struct hook_run *run);

/* ---- life.c: the state directory and what can be known of a container by looking ------------------ */

/* A container that exists: its directory is open and its state read. */
struct life {
	const char *root; /* --root */
	int root_dir; /* ROOT, kept open so that removing needs no descriptor */
	int dir; /* ROOT/ID; flock(2) on it is the container's lock */
	struct oci_state state;
	struct cgroup *cgroup; /* NULL: none */
	enum oci_status status;
	int pidfd; /* of init when alive, -1 otherwise */
	bool glance; /* nothing will be done with it: there is no pidfd, and its lock may stay */
	bool headless; /* the first thread of init has ended, others live */
};

/* struct life l __cleanup(life_close) = LIFE_INIT; life_close leaves -1 and NULL alone. */
#define LIFE_INIT                                                                                  \
	{                                                                                          \
		.root_dir = -1, .dir = -1, .pidfd = -1                                             \
	}

/* LIFE_REMOVE: LIFE_LOCK, and what is left of a container without a readable state is removed. */
enum life_open { LIFE_LOOK, LIFE_LOCK, LIFE_REMOVE };

/* The names of the containers below a root: list.c. */
struct life_ids {
	const char *root;
	int dir; /* root, open */
	const char **at;
	size_t n;
};

/* Opens ID below root. -1: `container does not exist` (errno ENOENT) or what else is wrong. */
int life_open(struct arena *a, const char *root, const char *id, enum life_open how,
	      struct life *out);
/* life_open(LIFE_LOOK) with less system calls, for what only looks and then closes it. */
int life_glance(struct arena *a, const struct life_ids *all, const char *id, struct life *out);
void life_close(struct life *l);
/* Makes ROOT (0700) and ROOT/ID (0711), locks it. -1 `container with given ID already exists`. */
int life_new(struct arena *a, const char *root, const char *id, struct life *out);
void life_unlock(struct life *l); /* for commands that wait in the foreground */
int life_lock(struct life *l); /* and come back: 1, or 0 when it was deleted meanwhile */
/* A living thread of init, by which its namespaces can be found: nearly always init itself. */
pid_t life_thread(const struct life *l);
bool life_there(const struct life *l); /* false: init has ended since, or is about to */
int life_cache(const char *root); /* ROOT/.cache, made on first use; -1: do without (no error) */

/* ---- record.c: its files -------------------------------------------------------------------------------- */

int life_save(struct arena *a, struct life *l); /* state.json by rename */
int life_save_config(struct life *l, const struct oci_doc *doc);
/* config.json as it was when the container was made. */
int life_config(struct arena *a, const struct life *l, struct oci_doc *doc);

/* ---- list.c --------------------------------------------------------------------------------------------- */

/* Every id below root, sorted; a missing directory is empty when missing_ok. */
int life_list(struct arena *a, const char *root, bool missing_ok, struct life_ids *out);
bool life_recorded(const struct life_ids *all, const char *id); /* it has a state.json */
/* There is no container in the directory, and none that is being made or removed. */
bool life_left_behind(const struct life_ids *all, const char *id);

/* ---- fifo.c: how a created container is held ------------------------------------------------------------ */

int fifo_make(struct life *l); /* open for reading and writing, or -1 */
bool fifo_waits(const struct life *l); /* init is alive and waits for start */
/* Lets init go on. *fifo: ours; when init has closed its end, the payload runs or init is dead. -1 in it: runc has
 * made the container, and nothing shows either. */
int fifo_release(const struct life *l, int *fifo);
/* After that: init writes there why it gives up, and the byte of start is there if init was killed before it came
 * to its program. 1: it gave up, and the record says why; 0: it was killed; -1: neither is known. */
int fifo_reason(int fifo);
void fifo_remove(const struct life *l);

/* ---- kill.c: kill, pause, resume, delete ----------------------------------------------------------------- */

int life_signal(struct life *l, int sig); /* init; `container not running` */
/* The same; all, or KILL where others share its pid namespace: every process of its cgroup. */
int life_kill(struct arena *a, struct life *l, int sig, bool all);
int life_freeze(struct life *l, bool frozen);
/* 1: init was killed or is on its way out, and has ended now; 0: neither; -1: it does not come to its end. */
int life_ending(struct life *l);
/* Kills what lives, removes cgroup and directory, runs poststop hooks. */
int life_destroy(struct arena *a, struct life *l);
/* The same for one that has stopped, or with force; `cannot delete container ID that is not stopped`. */
int life_delete(struct arena *a, struct life *l, bool force);

/* ---- release.c: start ------------------------------------------------------------------------------------- */

int life_startable(const struct life *l); /* -1 with runc's words for its status */
int life_poststart(struct arena *a, struct life *l);

/* ---- update.c --------------------------------------------------------------------------------------------- */

struct life_change {
	const struct oci_resources *resources; /* only what changes is set */
	const char *schemata[2]; /* lines for resctrl; NULL or "": none */
};
/* All of it, or what was there is put back. */
int life_update(struct arena *a, struct life *l, const struct life_change *change);

#endif
