/* start.h - a start: a container, or a process in one, from a plan to execve. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_START_START_H
#define CORE_START_START_H

#include "core/container/container.h"

/* ---- seal.c ------------------------------------------------------------------------------------------- */

/* Runs a copy of ourselves that nobody can write, with the same arguments, unless this one is. Called
 * first thing by the verbs that enter a container. 0: go on. */
int seal_self(char **argv);

/* ---- notify.c: under a service manager (sd_notify(3), sd_listen_fds(3)) --------------------------------- */

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

/* ---- what a start leaves behind for the foreground ------------------------------------------------------ */

struct started {
	struct life life;
	pid_t pid; /* of the container's init, or of the process that exec has started */
	int pidfd; /* of it; -1: not on this kernel */
	int master; /* its terminal, in the foreground; -1: none */
	struct service service;
	int64_t memory; /* the container's memory.limit; 0: none */
};
#define STARTED_INIT                                                                               \
	{                                                                                          \
		.life = LIFE_INIT, .pidfd = -1, .master = -1, .service = SERVICE_INIT,             \
	}

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
	enum cgroup_manager manager;
	bool rootless, no_pivot, no_new_keyring;
	const char *notify; /* NOTIFY_SOCKET of our own manager; NULL: none */
	unsigned listen_fds; /* sockets from descriptor 3 on that the manager gave */
	const char *listen_names; /* LISTEN_FDNAMES of them; NULL: none */
	unsigned preserve_fds; /* those, and what else is passed on */
	bool detach; /* leave after start: run -d, create */
	bool wait_start; /* create: init stays blocked until start */
	bool subreaper;
	bool bound; /* the container ends with the runtime, whatever ends that */
	bool die_with_parent; /* and the runtime with its parent */
	const char *user_bus; /* DBUS_SESSION_BUS_ADDRESS, NULL: the usual place */
	const char *helper_path; /* where newuidmap and newgidmap are searched; NULL: a default */
};

#define LAUNCH_EXEC_FAILED (-2) /* all stood, but the program could not be executed */

/* 0: the container runs, or with wait_start waits for start; -1, or LAUNCH_EXEC_FAILED with the record filled
 * all the same: nothing is left. */
int launch(struct arena *a, const struct launch *how, struct started *out);

/* ---- begin.c: the parent of start ------------------------------------------------------------------------ */

/* Releases a created init and runs poststart hooks. -1: its program has not begun. */
int begin(struct arena *a, struct life *l);

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

/* 0: the process runs; -1: nothing is left of it. */
int enter(struct arena *a, const struct enter *how, struct started *out);
/* SIGKILL and reaped; 0 in *pid then and before: nothing. */
void clone_end(pid_t *pid);

#endif
