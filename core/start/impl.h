/* impl.h - private to core/start: the wire, the child's context, its steps. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_START_IMPL_H
#define CORE_START_IMPL_H

#include "core/start/start.h"

/* ---- wire.c ----------------------------------------------------------------------------------------
 *
 * The child asks, the runtime serves; every question is answered by OK (perhaps with a descriptor) or
 * FAIL. The child's ends are close-on-exec: the end of the stream means that execve(2) succeeded or
 * that the child is dead (death.c). LOG may come before APPEAR and is not answered.
 *
 * START_ONE: the runtime clones init. serve_test.c reads these drawings and plays them against the rows in
 * serve.c, which say who may send what, and when.
 *
 *   runtime                                                 init
 *      |  <----------------------------------------- MAP_IDS |   new user namespace
 *      |  <------------------------------------------ ATTACH |   where init cannot join the cgroup itself
 *      |  <----------------------------------------- NETDEVS |   linux.netDevices
 *      |  <---------------------------------------- MOUNT_FD |   each source that only the runtime reaches, node it makes
 *      |  <----------------------------------------- CONSOLE |   + the pty's master
 *      |  <------------------------------------------- HOOKS |   prestart, createRuntime
 *      |  <------------------------------------------- READY |   rlimits, state.json
 *      |  <-------------------------------------- SECCOMP_FD |   + the notify descriptor
 *      |  <------------------- FAIL or EXEC_FAIL, or the end |
 *
 * START_TWO: the runtime clones a first process, which joins and unshares, clones init and ends.
 *
 *   runtime                         first process           init
 *      |  <---------------------- ATTACH |                       where it cannot join the cgroup itself
 *      |  <--------------------- MAP_IDS |                       new user namespace
 *      |  <---------------- TIME_OFFSETS |                       new time namespace
 *      |  <------------------------- PID |                       it ends; the pid is in memory that init does not have
 *      |  -------------------------------------------- OK -> |   init is known
 *      |  <----------------------------------------- NETDEVS |   from here on as above
 *      |  <---------------------------------------- MOUNT_FD |
 *      |  <----------------------------------------- CONSOLE |
 *      |  <------------------------------------------- HOOKS |
 *      |  <------------------------------------------- READY |
 *      |  <-------------------------------------- SECCOMP_FD |
 *      |  <------------------- FAIL or EXEC_FAIL, or the end |
 *
 * START_LATE: init joins a pid namespace with others. The first process does everything up to READY and what is
 * asked of the kernel after that. What init has then, a process of the container with CAP_SYS_PTRACE may have too.
 *
 *   runtime                         first process           init
 *      |  <---------------------- ATTACH |                       as above
 *      |  <--------------------- MAP_IDS |
 *      |  <---------------- TIME_OFFSETS |
 *      |  <--------------------- NETDEVS |
 *      |  <-------------------- MOUNT_FD |
 *      |  <--------------------- CONSOLE |
 *      |  <----------------------- HOOKS |
 *      |  <----------------------- READY |
 *      |  <---------------------- APPEAR |                       the socket ends; from here on there are two pipes
 *      |  <------------------------- PID |                       it ends
 *      |  -------------------------------------------- OK -> |   init is known
 *      |  <-------------------------------------- SECCOMP_FD |   the descriptor comes by a pair that the first process has made
 *      |  <------------------- FAIL or EXEC_FAIL, or the end |
 *
 * A socket says which process has made its other end (SO_PEERPIDFD, and SO_PASSPIDFD who sends), and
 * from a pidfd it is one call to that process's descriptors. A pipe knows of no process. The pair for the
 * descriptor is made by the first process when it is no more than the payload, and is used in one
 * direction only.
 */
enum wire_type {
	WIRE_OK,
	WIRE_FAIL,
	WIRE_EXEC_FAIL,
	WIRE_LOG,
	WIRE_PID,
	WIRE_MAP_IDS,
	WIRE_TIME_OFFSETS,
	WIRE_NETDEVS,
	WIRE_MOUNT_FD,
	WIRE_ATTACH,
	WIRE_CONSOLE,
	WIRE_HOOKS,
	WIRE_READY,
	WIRE_APPEAR,
	WIRE_SECCOMP_FD,
	WIRE_TYPES,
};

#define WIRE_TEXT_MAX (4096 - 12) /* with its head a message fits into a pipe at once */
#define WIRE_LINES_MAX 500 /* of LOG from one child */

struct wire_msg {
	uint32_t type; /* enum wire_type */
	int32_t num; /* errno of FAIL, level of LOG, index or flag of others */
	char text[WIRE_TEXT_MAX]; /* NUL-terminated */
	int fd; /* received descriptor, or -1; owned by the receiver */
};

/* One side: the same socket twice, or what is read from one pipe and written to another. */
struct wire {
	int in, out;
};
#define WIRE_NONE                                                                                  \
	{                                                                                          \
		-1, -1                                                                             \
	}

int wire_pair(struct wire *a, struct wire *b); /* all ends are close-on-exec */
int wire_pipes(struct wire *runtime, struct wire *init); /* descriptors cannot pass here */
void wire_close(struct wire *w);
int wire_send(const struct wire *w, enum wire_type type, int num, const char *text, int fd);
int wire_recv(const struct wire *w, struct wire_msg *m); /* 1 message, 0 end of stream, -1 */
/* Child: asks and waits for the answer, whose text and descriptor are the caller's. -1: FAIL came. */
int wire_call(const struct wire *w, enum wire_type type, int num, const char *text, int fd,
	      struct wire_msg *answer);
/* The same where only a descriptor matters. OK: 0 (or the descriptor that came along, >= 0); FAIL: the record is filled. */
int wire_ask(const struct wire *w, enum wire_type type, int num, const char *text, int fd);

/* ---- exe.c: what is executed ------------------------------------------------------------------------------ */

/* envp of the payload: last duplicate wins, HOME added from passwd below root (checklist P-05). */
const char **exe_env(struct arena *a, const struct oci_process *p, int root);
/* args[0] by PATH of env; errors in the words that engines look for (checklist X-06). */
int exe_find(struct arena *a, const char *arg0, const char *const *env, const char **path);
/* After a failed execve: what is missing, if the file says (interpreter, loader, architecture). */
int exe_fail(const char *path);

/* ---- plan.c: what is decided before the clone ---------------------------------------------------------------- */

/*
 * Which processes there are. What they say is drawn above enum wire_type.
 *
 * START_ONE    the runtime clones init with all that is new. Init joins what is to be joined, and does every step.
 *
 * START_TWO    what must be joined or unshared by the parent of init: a pid or time namespace, a namespace of the
 *              host together with a new user namespace, a mount namespace without the initramfs. The runtime
 *              clones a first process for that, which clones init with CLONE_PARENT and ends. Init does every step.
 *
 * START_LATE   the same, where others live in the pid namespace that is joined and may trace init. The first process
 *              does every step up to the loss of its privileges (step "appear"). Init, cloned then, has no more than
 *              the payload.
 */
enum start_mode { START_ONE, START_TWO, START_LATE };

/* A start: of a container, or of a process in one (enters). Nothing of it changes after the clone. */
struct start_plan {
	struct arena *arena;
	const struct launch *how;
	const struct oci_doc *doc;
	const struct oci_config *config;
	const struct oci_process *process;
	const struct oci_state *state;
	enum start_mode mode;
	bool enters; /* exec */
	bool outside; /* the first process stays out of the cgroup, in which there is room for one */
	struct ns_plan ns;
	struct cgroup *cgroup;
	int follows; /* exec: how often to look again where init lies */
	bool follow_frozen; /* also into a frozen cgroup */
	pid_t thread; /* exec: a thread of init whose namespaces can be seen: life_thread() */
	int target; /* exec: pidfd of init, or the next */
	int target_dir; /* exec: the directory of the thread in /proc */
	int target_root; /* exec without a mount namespace: init's root directory */
	bool no_setgroups; /* setgroups(2) is denied in the user namespace where the process will be */
	struct cred_caps caps;
	struct seccomp_prog seccomp;
	struct image image; /* what root.path names when it is no directory: type is set */
	int64_t overlay; /* bytes of the tmpfs over the root; 0: none */
	const char *root_at; /* where image and overlay are put: in the state directory */
	bool nodev; /* no device rules stand: the root's own device nodes are not used */
	int self; /* our own file, which becomes process 1 (--init); -1: the payload does */
	sigset_t signals; /* the mask the payload inherits */
};
#define PLAN_INIT(arena_, how_)                                                                    \
	{                                                                                          \
		.arena = (arena_), .how = (how_), .target = -1, .target_dir = -1,                  \
		.target_root = -1, .self = -1, .image.mnt = -1,                                    \
	}

/* Pure. The mode, and the namespaces that follow from it, of a plan whose ns says what the config asks for.
 * initramfs: that must be left before (ns_plan_may_lift). */
void plan_processes(struct start_plan *plan, bool initramfs);
/* Pure. The same for exec: everything is joined through init. outside is for the caller to set. */
void plan_entering(struct start_plan *plan);
/* Pure. -1: process.terminal, the console socket and leaving do not go together. */
int plan_terminal(const struct oci_process *p, bool leaves, const char *console_socket);
/* Pure. A mount of the config covers /dev. */
bool plan_mounts_dev(const struct start_plan *plan);
/* Pure. Rules that deny something are all that keeps it from the host's devices. */
bool plan_has_nodes(const struct start_plan *plan);
/* Pure. The root directory is mounted nodev; rules: a cgroup holds the device rules. */
bool plan_wants_nodev(const struct start_plan *plan, bool rules);

struct child;

/* ---- console.c ----------------------------------------------------------------------------------------------- */

/* Makes the pty; the master goes to the console socket or, in the foreground, over the wire. */
int console_make(struct child *c);
/* The payload opens its streams anew by /dev/stdout and the like (checklist T-06); what cannot change its owner
 * stays as it is. The caller's terminal, a device and a file that is only read are none of the payload's. */
void console_own_streams(uid_t uid);

/* ---- child.c ------------------------------------------------------------------------------------------------ */

/* What a child has of its own. The runtime fills it before the clone, and then closes what it opened for it. */
struct child {
	const struct start_plan *plan;
	enum start_mode
		mode; /* START_LATE becomes START_TWO where the kernel can't (join_unseen) */
	struct wire wire; /* the child's end */
	struct wire pipes; /* START_LATE: they take its place when init appears */
	int listener; /* START_LATE: a socket that the first process has made, for SECCOMP_FD; -1: none */
	pid_t *init_pid; /* the kernel writes init's pid here, in memory that init does not have */
	int fifo; /* create: start writes a byte here; -1: run */
	int console; /* connected console socket, -1: none */
	int theirs[5]; /* the runtime's ends and state directories, closed first thing */
	bool joins; /* it enters the cgroup itself; otherwise the runtime puts it there */
	bool no_setgroups; /* setgroups(2) is denied in the user namespace where it is */
	struct mount_env mounts;
	int root, proc; /* rootfs mount; our procfs, -1 until needed */
	int tty; /* peer of the pty until it is stdin */
	const char **env;
	const char *exe;
};

/* No descriptor is 0 by accident. */
#define CHILD_INIT(plan_)                                                                          \
	{                                                                                          \
		.plan = (plan_), .mode = (plan_)->mode, .wire = WIRE_NONE, .pipes = WIRE_NONE,     \
		.listener = -1, .fifo = -1, .console = -1, .root = -1, .proc = -1, .tty = -1,      \
		.theirs = { -1, -1, -1, -1, -1 }, .no_setgroups = (plan_)->no_setgroups,           \
	}

#define MOUNT_ROOT (-1) /* index in MOUNT_FD: the image of root.path, to be id-mapped */
#define MOUNT_NODE (-2) /* and below: a device node that the host does not have (dev_make_node) */

/* Runs in the child; never returns. */
void child_main(struct child *c) __attribute__((noreturn));
/* The first process of two: joins, maps, clones init and exits. */
void child_first(struct child *c) __attribute__((noreturn));
/* Names of the steps in order, for the tests of the order. */
const char *child_step_name(size_t i);

/* ---- join.c: steps of the child --------------------------------------------------------------------------------- */

int join_namespaces(struct child *c); /* what the config names by path */
int join_map_ids(struct child *c); /* and becomes root of the new user namespace */
int join_cgroup(struct child *c); /* and its namespace, on the processors it may use */
int join_labels(struct child *c); /* for the next execve(2), of whoever is cloned before it too */
int join_proc(struct child *c); /* our procfs, opened when first needed: c->proc */
int join_hide(struct child *c); /* from the eyes of those who are inside already */
int join_container(struct child *c); /* exec: all of init's namespaces, and its root directory */
/* Gives the signals of the mask that were ignored their meaning back. */
void join_signals(uint32_t ignored);
int join_appear(struct child *c); /* the first process clones init and goes away */
bool join_unseen(struct child *c); /* should it be that late? */
bool join_filtered(const struct child *c); /* and under its filter already: may it be? */
/* The first process of two: all that must be before init exists; args says how to clone it. */
int join_first(struct child *c, struct sys_clone_args *args);

/* ---- steps.c: the other steps of the child; the table in child.c says when and why ------------------------- */

int step_die_with_runtime(struct child *c);
int step_known(struct child *c);
int step_session(struct child *c);
int step_keyring(struct child *c);
int step_network(struct child *c);
int step_names(struct child *c);
int step_rootfs(struct child *c);
int step_mounts(struct child *c);
int step_devices(struct child *c);
int step_cwd(struct child *c);
int step_terminal(struct child *c);
int step_runtime_hooks(struct child *c);
int step_container_hooks(struct child *c);
int step_sysctl(struct child *c);
int step_protect(struct child *c);
int step_readonly(struct child *c);
int step_null(struct child *c);
int step_pivot(struct child *c);
int step_stdio(struct child *c);
int step_scheduling(struct child *c);
int step_environment(struct child *c);
int step_ready(struct child *c);
int step_descriptors(struct child *c);
int step_seccomp_early(struct child *c);
int step_seccomp_unseen(struct child *c);
int step_seccomp_late(struct child *c);
int step_credentials(struct child *c);
int step_bound(struct child *c);
int step_executable(struct child *c);
int step_wait_start(struct child *c);
int step_start_hooks(struct child *c);

struct serve;

/* ---- clone.c: what every clone of a start needs -------------------------------------------------------- */

/* Names the limit behind the errno of a failed clone or unshare: the errno alone misleads. -1 */
int clone_explain(const struct start_plan *plan);
pid_t clone_call(struct sys_clone_args *args); /* clone3(2), or clone(2) where it must be */
/* After the errno of an attempt to enter the cgroup: init has moved, where it is now should be tried. */
bool clone_follow(struct serve *s, int num);

/* ---- serve.c: the parent's side of the wire ------------------------------------------------------------------ */

/* How far the child has come. */
enum serve_phase {
	PHASE_MAKE = 1, /* the container is made, or entered */
	PHASE_READY = 2, /* READY was answered */
	PHASE_SEEN = 4, /* in front of processes that may speak for it */
};

struct serve {
	const struct start_plan *plan;
	struct life *life;
	struct wire wire;
	struct wire pipes; /* which take its place when init is about to appear */
	int listener; /* where the seccomp descriptor comes then */
	int pidfd_socket; /* connected, -1: none */
	pid_t *init_pid; /* two processes: where the kernel writes init's pid */
	int follows; /* exec: how often it is still looked where init lies */
	bool joins; /* the child enters the cgroup itself */
	pid_t first; /* what was cloned: init itself, or the first process of two */
	pid_t pid; /* of init, in our pid namespace; 0 until known */
	int pidfd;
	int master; /* foreground terminal */
	enum serve_phase phase;
	uint32_t
		ignored; /* signals that init inherited ignored: told with the answers to PID and READY */
	bool exec_failed; /* everything stood, only execve(2) failed */
	unsigned done; /* bits of the types that have come */
	unsigned lines; /* of LOG that have come */
	struct service service;
};
#define SERVE_INIT(plan_, life_)                                                                   \
	{                                                                                          \
		.plan = (plan_), .life = (life_), .wire = WIRE_NONE, .pipes = WIRE_NONE,           \
		.listener = -1, .pidfd_socket = -1, .pidfd = -1, .master = -1,                     \
		.phase = PHASE_MAKE, .service = SERVICE_INIT,                                      \
	}

/* Serves until the stream ends (0) or the child fails (-1). */
int serve_child(struct serve *s);
/* Init's pid is known: put on record, and all is done that must be before init goes on. */
int serve_known(struct serve *s);
void serve_end(struct serve *s); /* hangs up: a process whose pid never arrived ends by this */
int serve_prepare(const struct serve *s,
		  sigset_t *old); /* from here on a signal ends the start; *old: plan.signals */
void serve_kill(struct serve *s); /* hangs up, and kills and reaps what was cloned */
void serve_leave(const struct serve *s, struct started *out); /* what the foreground works with */
/* Pure. Why the message is refused: who sends it, or what phase it comes in. NULL: it is expected. */
const char *serve_refusal(const struct serve *s, const struct wire_msg *m);

/* ---- death.c: has the program begun, or has the child died? ------------------------------------------------ */
bool death_is_none(
	const struct serve *s); /* after the end of the stream: the program runs, or has run */
int death_explain(struct serve *s); /* -1, with the reason as far as the kernel tells it */
/* The same of init after start: raw is its status of wait(2), 0: unknown; plan NULL: its profile is not known. */
int death_of_init(const struct start_plan *plan, struct cgroup *cgroup, int raw);

/* ---- launch.c: what exec needs too ---------------------------------------------------------------------- */
int launch_seccomp(struct start_plan *plan); /* compiles the profile, or finds it compiled */

/* ---- mountenv.c -------------------------------------------------------------------------------------------------- */
void mountenv_fill(struct child *c);
/* Destinations that begin with the root's path on the host are taken from there on, as runc does it. */
int mountenv_fail(const struct start_plan *plan,
		  const struct oci_mount *m); /* which one it was; -1 */
void mountenv_inside(const struct start_plan *plan, struct oci_config *config);

/* ---- notify.c ------------------------------------------------------------------------------------------------------ */

/* Adds the directory of the notify socket to the state and, read-only, to the mounts of the container. */
int service_mount(struct arena *a, const struct life *life, struct oci_config *config);
/* LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID (our own: called in the child) and NOTIFY_SOCKET for the payload. */
void service_env(const struct launch *how, bool notify, struct oci_process *p, struct arena *a);

/* ---- spawn.c ---------------------------------------------------------------------------------------------------- */

/* Paths of sockets; NULL: none. */
int spawn_connect(struct child *c, struct serve *s, const char *console, const char *pidfd);
/* Clones the child into the container's cgroup; the serve then knows it, or will by WIRE_PID. */
int spawn_process(struct child *c, struct serve *s);
/* ---- pidfile.c ------------------------------------------------------------------------------------------------------ */
int pidfile_write(const char *path, pid_t pid);

#endif
