/* run.h - the only place that knows an order: launch, child, enter, wire, hooks, life, wait. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_RUN_RUN_H
#define CORE_RUN_RUN_H

#include "core/cgroup/cgroup.h"
#include "core/kernel/kernel.h"
#include "core/oci/oci.h"

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

/* Opens ID below root. -1: `container does not exist` (errno ENOENT) or what else is wrong. */
int life_open(struct arena *a, const char *root, const char *id, enum life_open how,
	      struct life *out);
void life_close(struct life *l);
/* Makes ROOT (0700) and ROOT/ID (0711), locks it. -1 `container with given ID already exists`. */
int life_new(struct arena *a, const char *root, const char *id, struct life *out);
int life_save(struct arena *a, struct life *l); /* state.json by rename */
/* Every id below root, sorted; a missing directory is empty when missing_ok. */
struct life_ids {
	const char *root;
	int dir; /* root, open */
	const char **at;
	size_t n;
};
int life_list(struct arena *a, const char *root, bool missing_ok, struct life_ids *out);
/* life_open(LIFE_LOOK) with less system calls, for what only looks and then closes it. */
int life_glance(struct arena *a, const struct life_ids *all, const char *id, struct life *out);
bool life_recorded(const struct life_ids *all, const char *id); /* it has a state.json */
/* There is no container in the directory, and none that is being made or removed. */
bool life_left_behind(const struct life_ids *all, const char *id);
void life_unlock(struct life *l); /* for those who wait in the foreground */
int life_lock(struct life *l); /* and come back: 1, or 0 when it was deleted meanwhile */
/* config.json as it was when the container was made. */
int life_config(struct arena *a, const struct life *l, struct oci_doc *doc);
/* A living thread of init, by which its namespaces can be found: nearly always init itself. */
pid_t life_thread(const struct life *l);
bool life_there(const struct life *l); /* false: init has ended since, or is about to */
/* 1: init was killed or is on its way out, and has ended now; 0: neither; -1: it does not come to its end. */
int life_ending(struct life *l);
int life_signal(struct life *l, int sig); /* init; `container not running` */
int life_start(struct arena *a, struct life *l); /* releases a created init, runs poststart */
/* Kills what lives, removes cgroup and directory, runs poststop hooks. */
int life_destroy(struct arena *a, struct life *l);

/* ---- seal.c ------------------------------------------------------------------------------------------- */

/* Runs a copy of ourselves that nobody can write, with the same arguments, unless this one is. Called
 * first thing by the verbs that enter a container. 0: go on. */
int seal_self(char **argv);

/* ---- launch.c: the parent of create and run ------------------------------------------------------------ */

struct launch {
	const char *root, *id, *bundle; /* bundle absolute */
	const char *config; /* NULL: config.json of the bundle */
	char *text; /* config.json as a text in memory: nothing is read then; NULL: none */
	size_t text_len;
	const char *init; /* argv[0] of the init shim; NULL: this build has none */
	bool want_init; /* --init; an annotation asks for the same */
	const char *overlay; /* --overlay: a size, "" the default one; NULL: as annotated */
	const char *console_socket, *pidfd_socket, *pid_file;
	const char *exit_file; /* foreground run: how the container ended (ending_words) */
	enum cgroup_manager manager;
	bool rootless, no_pivot, no_new_keyring;
	const char *notify; /* NOTIFY_SOCKET of our own manager; NULL: none */
	unsigned listen_fds; /* sockets from descriptor 3 on that the manager gave */
	const char *listen_names; /* LISTEN_FDNAMES of them; NULL: none */
	unsigned preserve_fds; /* those, and what else is passed on */
	bool detach; /* leave after start: run -d, create */
	bool wait_start; /* create: init stays blocked until start */
	bool keep; /* foreground run: do not delete at the end */
	bool subreaper;
	bool bound; /* the container ends with the runtime, whatever ends that */
	bool die_with_parent; /* and the runtime with its parent */
	const char *user_bus; /* DBUS_SESSION_BUS_ADDRESS, NULL: the usual place */
	const char *helper_path; /* where newuidmap and newgidmap are searched; NULL: a default */
};

#define LAUNCH_EXEC_FAILED (-2) /* all stood, but the program could not be executed */

/* Returns the exit status for the caller's shell (foreground run: the container's), -1, or
 * LAUNCH_EXEC_FAILED with the record filled all the same. */
int launch(struct arena *a, const struct launch *how);

/* ---- service.c: under a service manager (sd_notify(3), sd_listen_fds(3)) -------------------------------- */

struct service {
	int sock; /* where the container's readiness arrives; -1: nobody waits for it */
	const char *manager; /* NOTIFY_SOCKET: a path, or "@name" */
};
#define SERVICE_INIT                                                                               \
	{                                                                                          \
		.sock = -1                                                                         \
	}

/* Binds the socket of a container that was created with one. manager NULL: nothing. */
int service_listen(const struct life *life, const char *manager, struct service *s);
/* For those who leave: until the container is ready, which the manager is told, or dead. */
void service_wait(struct service *s, const struct life *life, int pidfd);

/* ---- enter.c: the parent of exec ------------------------------------------------------------------------- */

/* What was asked on the command line (checklist V-10 to V-15). Absent strings are NULL. */
struct enter {
	const char *root, *id;
	const char *process; /* FILE of exec -p: replaces all of the following up to terminal */
	LIST(const char *) args; /* empty only with process */
	LIST(const char *) env; /* KEY=VALUE, appended to the container's */
	LIST(const char *) caps; /* appended to bounding, effective, permitted */
	LIST(uint32_t) additional_gids;
	const char *cwd, *process_label, *apparmor;
	bool has_user, has_gid;
	uint32_t uid, gid;
	bool no_new_privs;
	bool terminal;
	LIST(const char *) cgroups; /* PATH or ctrl[,ctrl]:PATH, as written */
	const char *console_socket, *pidfd_socket,
		*pid_file; /* absolute or as given; pid_file absolute */
	unsigned preserve_fds;
	bool detach, ignore_paused, rootless, subreaper;
};

/* Returns the exit status for the caller's shell (0 when detached), or -1. */
int enter(struct arena *a, const struct enter *how);

#endif
