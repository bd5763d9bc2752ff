/* start.h - the start of a container, or of a process in one: from its plan to its execve. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_START_START_H
#define CORE_START_START_H

#include "core/criu/criu.h"

/* ---- seal.c ---------------------------------------------------------------------------------- */

/* Executes this program again, with the same arguments, from a copy that no process can write.
 * Returns 0 if it runs from such a copy already. Verbs that enter a container call it first. */
int seal_self(char **argv);

/* ---- notify.c: under a service manager (sd_notify(3), sd_listen_fds(3)) ---------------------- */

struct service {
	int sock; /* receives the container's readiness; -1: not wanted */
	const char *manager; /* NOTIFY_SOCKET: a path, or "@name" */
};
#define SERVICE_INIT                                                                               \
	{                                                                                          \
		.sock = -1                                                                         \
	}

/* Binds the notify socket of a container that was created with one. manager NULL: does nothing. */
int service_listen(const struct life *life, const char *manager, struct service *s);

/* ---- the result of a start, for the foreground ----------------------------------------------- */

struct started {
	struct life life;
	pid_t pid; /* of the container's init, or of the process that exec has started */
	int pidfd; /* of the same process; -1: this kernel has no pidfds */
	int master; /* its terminal, in the foreground; -1: none */
	struct service service;
	int64_t memory; /* the container's memory.limit; 0: none */
};
#define STARTED_INIT                                                                               \
	{                                                                                          \
		.life = LIFE_INIT, .pidfd = -1, .master = -1, .service = SERVICE_INIT,             \
	}

/* ---- launch.c: the parent of create and run -------------------------------------------------- */

struct launch {
	const char *root, *id, *bundle; /* bundle is absolute */
	const char *config; /* NULL: config.json of the bundle */
	char *text; /* config.json as a text, so that no file is read; NULL: read the file */
	size_t text_len;
	const char *init; /* argv[0] of the init shim; NULL: this build has none */
	bool want_init; /* --init; an annotation does the same */
	const char *overlay; /* --overlay: a size, "": the default size; NULL: see the annotation */
	uint64_t image_at, image_len; /* the root's image is this part of its file; 0: all of it */
	const char *console_socket, *pidfd_socket, *pid_file;
	enum cgroup_manager manager;
	bool rootless, no_pivot, no_new_keyring;
	const char *notify; /* NOTIFY_SOCKET of our own manager; NULL: none */
	unsigned listen_fds; /* number of the manager's sockets, from descriptor 3 on */
	const char *listen_names; /* LISTEN_FDNAMES of them; NULL: none */
	unsigned preserve_fds; /* number of descriptors from 3 on that the payload gets */
	bool detach; /* return after the start: run -d, create */
	bool wait_start; /* create: init waits until start */
	bool subreaper;
	bool bound; /* the container ends when the runtime ends, for any reason */
	bool die_with_parent; /* the runtime ends when its parent ends */
	const char *user_bus; /* DBUS_SESSION_BUS_ADDRESS; NULL: the usual address */
	const char *helper_path; /* directories of newuidmap and newgidmap; NULL: a default */
};

#define LAUNCH_EXEC_FAILED (-2) /* the container was made, but execve(2) failed */

/* Returns 0: the container runs, or waits for start; -1 or LAUNCH_EXEC_FAILED, with an error
 * record: nothing of the container is left. */
int launch(struct arena *a, const struct launch *how, struct started *out);

/* ---- restore.c ------------------------------------------------------------------------------- */

/* Like launch, but the processes come from a checkpoint. Does not return LAUNCH_EXEC_FAILED. */
int restore(struct arena *a, const struct launch *how, struct criu_how *criu, struct started *out);

/* ---- begin.c: the runtime's part of start ---------------------------------------------------- */

/* Releases a created init and runs poststart hooks. -1: its program has not begun. */
int begin(struct arena *a, struct life *l);

/* ---- enter.c: the parent of exec ------------------------------------------------------------- */

/* The options of exec. Texts that are not given are NULL. */
struct enter {
	const char *root, *id;
	const char *process; /* FILE of exec -p, instead of the members down to terminal */
	LIST(const char *) args; /* empty only with process */
	LIST(const char *) env; /* KEY=VALUE, added to the container's */
	LIST(const char *) caps; /* added to bounding, effective, permitted */
	LIST(uint32_t) additional_gids;
	const char *cwd, *process_label, *apparmor;
	bool has_user, has_gid;
	uint32_t uid, gid;
	bool no_new_privs;
	bool terminal;
	LIST(const char *) cgroups; /* PATH or ctrl[,ctrl]:PATH */
	const char *console_socket, *pidfd_socket, *pid_file; /* pid_file is absolute */
	unsigned preserve_fds;
	bool detach, ignore_paused, rootless, subreaper;
};

/* Returns 0: the process runs; -1: nothing of it is left. */
int enter(struct arena *a, const struct enter *how, struct started *out);

/* ---- clone.c --------------------------------------------------------------------------------- */

/* Kills *pid, waits for its end and sets it to 0. Does nothing if it is 0. */
void clone_end(pid_t *pid);

#endif
