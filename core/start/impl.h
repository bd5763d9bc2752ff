/* impl.h - private to core/start: the wire, the child and its steps. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_START_IMPL_H
#define CORE_START_IMPL_H

#include "core/start/start.h"

/* ---- wire.c -------------------------------------------------------------------------------------
 *
 * The messages between the runtime and its child. The child sends requests, and the runtime answers
 * each by OK, perhaps with a descriptor, or by FAIL. The child's end is close-on-exec: when it is
 * closed, either execve(2) has succeeded or the child has died (death.c). LOG may come at any time
 * before APPEAR and has no answer.
 *
 * The rows in serve.c say which process may send what, and when. serve_test.c reads these drawings
 * and compares them with the rows.
 *
 * START_ONE: the runtime clones init.
 *
 *   runtime                                                 init
 *      |  <----------------------------------------- MAP_IDS |   new user namespace
 *      |  <------------------------------------------ ATTACH |   if init cannot join its cgroup
 *      |  <----------------------------------------- NETDEVS |   linux.netDevices
 *      |  <---------------------------------------- MOUNT_FD |   a source only the host can open
 *      |  <----------------------------------------- CONSOLE |   with the pty's master
 *      |  <------------------------------------------- HOOKS |   prestart, createRuntime
 *      |  <------------------------------------------- READY |   rlimits, state.json
 *      |  <-------------------------------------- SECCOMP_FD |   with the notify descriptor
 *      |  <------------------- FAIL or EXEC_FAIL, or the end |
 *
 * START_TWO: the runtime clones a first process, which joins and makes namespaces, clones init and
 * exits.
 *
 *   runtime                         first process           init
 *      |  <---------------------- ATTACH |                       if it cannot join its cgroup
 *      |  <--------------------- MAP_IDS |                       new user namespace
 *      |  <---------------- TIME_OFFSETS |                       new time namespace
 *      |  <------------------------- PID |                       it exits; init_pid has the pid
 *      |  -------------------------------------------- OK -> |   the pid of init is known
 *      |  <----------------------------------------- NETDEVS |   from here on as above
 *      |  <---------------------------------------- MOUNT_FD |
 *      |  <----------------------------------------- CONSOLE |
 *      |  <------------------------------------------- HOOKS |
 *      |  <------------------------------------------- READY |
 *      |  <-------------------------------------- SECCOMP_FD |
 *      |  <------------------- FAIL or EXEC_FAIL, or the end |
 *
 * START_LATE: init joins a pid namespace that has other processes. The first process does all up to
 * READY and most of the steps after it, and clones init last: a process of the container that has
 * CAP_SYS_PTRACE can take what init has, so init must not have a socket of the runtime.
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
 *      |  <---------------------- APPEAR |                       two pipes replace the socket
 *      |  <------------------------- PID |                       it exits
 *      |  -------------------------------------------- OK -> |   the pid of init is known
 *      |  <-------------------------------------- SECCOMP_FD |   its descriptor comes by `listener`
 *      |  <------------------- FAIL or EXEC_FAIL, or the end |
 *
 * A socket gives a pidfd of the process that made its other end (SO_PEERPIDFD) or that sends
 * (SO_PASSPIDFD), and by a pidfd a process can take that process's descriptors. A pipe does not.
 * The first process makes the socket pair `listener` when it has no more rights than the payload,
 * and only init sends on it.
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

#define WIRE_TEXT_MAX (4096 - 12) /* so that a message with its head is one write to a pipe */
#define WIRE_LINES_MAX 500 /* LOG messages of one child */

struct wire_msg {
	uint32_t type; /* enum wire_type */
	int32_t num; /* errno of FAIL, level of LOG, index or flag of others */
	char text[WIRE_TEXT_MAX]; /* NUL-terminated */
	int fd; /* received descriptor, or -1; owned by the receiver */
};

/* One end: the same socket twice, or a pipe to read from and a pipe to write to. */
struct wire {
	int in, out;
};
#define WIRE_NONE                                                                                  \
	{                                                                                          \
		-1, -1                                                                             \
	}

int wire_pair(struct wire *a, struct wire *b); /* all ends are close-on-exec */
int wire_pipes(struct wire *runtime, struct wire *init); /* they cannot carry descriptors */
void wire_close(struct wire *w);
int wire_send(const struct wire *w, enum wire_type type, int num, const char *text, int fd);
int wire_recv(const struct wire *w, struct wire_msg *m); /* 1 message, 0 end of stream, -1 */
/* For the child: sends a request and waits for its answer. -1: the answer was FAIL, with
 * an error record. */
int wire_call(const struct wire *w, enum wire_type type, int num, const char *text, int fd,
	      struct wire_msg *answer);
/* The same, but returns the answer's descriptor, or 0 if it has none. */
int wire_ask(const struct wire *w, enum wire_type type, int num, const char *text, int fd);

/* ---- exe.c: the payload's environment and file ----------------------------------------------- */

/* The payload's environment. The last of several variables of one name is kept, and a missing HOME
 * is that of the passwd file below root. */
const char **exe_env(struct arena *a, const struct oci_process *p, int root);
/* Searches arg0 in PATH of env. Engines look for its error messages (docs/behaviours.md, X-06). */
int exe_find(struct arena *a, const char *arg0, const char *const *env, const char **path);
/* Explains a failed execve(2) by the file: its interpreter, loader or architecture. */
int exe_fail(const char *path);

/* ---- plan.c: the decisions before the clone -------------------------------------------------- */

/*
 * The processes of a start. Their messages are drawn above enum wire_type.
 *
 * START_ONE    The runtime clones init with all new namespaces. Init joins the others and does
 *              every step.
 *
 * START_TWO    Some namespaces must be joined or made by the parent of init: a pid or time
 *              namespace, a namespace of the host together with a new user namespace, a mount
 *              namespace without the initramfs. The runtime clones a first process for that, which
 *              clones init with CLONE_PARENT and exits. Init does every step.
 *
 * START_LATE   Like START_TWO, if the pid namespace that is joined has other processes, which may
 *              trace init. The first process does every step until it drops its privileges (step
 *              "appear"). Then it clones init, which has no more rights than the payload.
 */
enum start_mode { START_ONE, START_TWO, START_LATE };

/* The start of a container, or of a process in one (enters). It does not change after the clone. */
struct start_plan {
	struct arena *arena;
	const struct launch *how;
	const struct oci_doc *doc;
	const struct oci_config *config;
	const struct oci_process *process;
	const struct oci_state *state;
	enum start_mode mode;
	bool enters; /* exec */
	bool outside; /* the first process stays outside of the cgroup, where pids are few */
	struct ns_plan ns;
	struct cgroup *cgroup;
	int follows; /* exec: how often it may look for init's cgroup again */
	bool follow_frozen; /* exec: join also a frozen cgroup */
	pid_t thread; /* exec: a thread of init whose namespaces are visible (life_thread) */
	int target; /* exec: pidfd of init, or target_dir */
	int target_dir; /* exec: the thread's directory in /proc */
	int target_root; /* exec without a mount namespace: init's root directory */
	bool no_setgroups; /* the process's user namespace denies setgroups(2) */
	struct cred_caps caps;
	struct seccomp_prog seccomp;
	struct image image; /* has a type if root.path is an image and not a directory */
	int64_t overlay; /* bytes of the tmpfs above the root; 0: no overlay */
	const char *root_at; /* mount point of image and overlay, in the state directory */
	bool nodev; /* device rules cannot be set: the root is mounted nodev */
	int self; /* our own file, which becomes process 1 (--init); -1: the payload does */
	sigset_t signals; /* the signal mask of the payload */
};
#define PLAN_INIT(arena_, how_)                                                                    \
	{                                                                                          \
		.arena = (arena_), .how = (how_), .target = -1, .target_dir = -1,                  \
		.target_root = -1, .self = -1, .image.mnt = -1,                                    \
	}

/* Pure. Sets the mode of a plan whose ns has the config's namespaces, and changes ns for the mode.
 * initramfs: the initramfs must be left first (ns_plan_may_lift). */
void plan_processes(struct start_plan *plan, bool initramfs);
/* Pure. The same for exec, which joins everything through init. The caller sets outside. */
void plan_entering(struct start_plan *plan);
/* Pure. True if the mount namespace can be made of the root filesystem alone, so that the host's
 * mounts are not copied (mountns_alone). kernel: sys_version(). */
bool plan_alone(const struct start_plan *plan, unsigned kernel);
/* Pure. True if init begins in a new user namespace, where it has no capability of the host: then
 * the runtime sets its oom score. */
bool plan_scored_outside(const struct start_plan *plan);
/* Pure. -1: process.terminal, the console socket and `leaves` exclude each other. */
int plan_terminal(const struct oci_process *p, bool leaves, const char *console_socket);
/* Pure. True if a mount of the config covers /dev. */
bool plan_mounts_dev(const struct start_plan *plan);
/* Pure. True if the process may have CAP_MKNOD. */
bool plan_makes_nodes(const struct start_plan *plan);
/* Pure. True if no cgroup has the device rules (rules), and only the lack of CAP_MKNOD keeps the
 * container from the host's devices. */
bool plan_no_mknod(const struct start_plan *plan, bool rules);
/* Pure. True if only device rules keep the container from the host's devices. */
bool plan_has_nodes(const struct start_plan *plan);
/* True if the container has a user namespace. */
static inline bool plan_has_userns(const struct start_plan *plan)
{
	return WITH_USERNS && plan->ns.all & CLONE_NEWUSER;
}
/* Pure. True if the root directory must be mounted nodev. rules: a cgroup has the device rules. */
bool plan_wants_nodev(const struct start_plan *plan, bool rules);
/* Pure. Sets nodev. -1: the root directory must be nodev and cannot be. */
int plan_devices(struct start_plan *plan, bool rules);
/* Pure. True if a mount of the config covers /sys/fs/cgroup, and the last one is not read-only. */
bool plan_writes_cgroups(const struct start_plan *plan);
/* Pure. The config's memory.limit in bytes; 0: it has none. */
int64_t plan_memory(const struct start_plan *plan);

struct child;

/* ---- console.c ------------------------------------------------------------------------------- */

/* Makes the pty, and sends the master to the console socket or, in the foreground,
 * over the wire. */
int console_make(struct child *c);
/* Gives the standard streams to the payload's user, who may open them again by /dev/stdout.
 * Terminals, other devices and files that are only read keep their owner. */
void console_own_streams(uid_t uid);

/* ---- child.c --------------------------------------------------------------------------------- */

/* The child's own data. The runtime fills it before the clone, and closes its
 * descriptors after it. */
struct child {
	const struct start_plan *plan;
	/* START_LATE becomes START_TWO where the kernel cannot do it (join_unseen). */
	enum start_mode mode;
	struct wire wire; /* the child's end */
	struct wire pipes; /* START_LATE: they replace the wire when init appears */
	int listener; /* START_LATE: a socket of the first process, for SECCOMP_FD; -1: none */
	pid_t *init_pid; /* two processes: the kernel writes init's pid here; init cannot */
	int fifo; /* create: start writes a byte to it; -1: run */
	int console; /* connected console socket; -1: none */
	int theirs[5]; /* the runtime's descriptors, which the child closes first */
	bool joins; /* it joins the cgroup itself; otherwise the runtime moves it */
	bool no_setgroups; /* its user namespace denies setgroups(2) */
	bool alone; /* its mount namespace has no mount of the host */
	struct mount_env mounts;
	int root, proc; /* rootfs mount; our procfs, -1 until it is needed */
	int tty; /* peer of the pty until it is stdin */
	const char **env;
	const char *exe;
};

/* Descriptors are -1, because 0 is a valid one. */
#define CHILD_INIT(plan_)                                                                          \
	{                                                                                          \
		.plan = (plan_), .mode = (plan_)->mode, .wire = WIRE_NONE, .pipes = WIRE_NONE,     \
		.listener = -1, .fifo = -1, .console = -1, .root = -1, .proc = -1, .tty = -1,      \
		.theirs = { -1, -1, -1, -1, -1 }, .no_setgroups = (plan_)->no_setgroups,           \
	}

#define MOUNT_ROOT (-1) /* index in MOUNT_FD: id-map the image of root.path */
#define MOUNT_NODE (-2) /* this and smaller numbers: make a device node (dev_make_node) */

/* The child's main function. */
void child_main(struct child *c) __attribute__((noreturn));
/* The main function of the first process of two, which joins, maps ids, clones init and exits. */
void child_first(struct child *c) __attribute__((noreturn));
/* Names of the steps in their order, for child_test.c. */
const char *child_step_name(size_t i);

/* ---- join.c: steps of the child -------------------------------------------------------------- */

int join_namespaces(struct child *c); /* joins the namespaces that have a path */
int join_map_ids(struct child *c); /* and becomes root of the new user namespace */
int join_cgroup(struct child *c); /* and sets the CPU affinity */
int join_late_namespaces(struct child *c);
int join_labels(struct child *c); /* sets the LSM labels of the next execve(2) */
int join_proc(struct child *c); /* opens our procfs when it is first needed: c->proc */
/* Sets PR_SET_PDEATHSIG again, which a clone and a change of the user id reset. If the runtime has
 * died meanwhile, its end of the wire is closed: -1. */
int join_bound(const struct child *c);
int join_hide(struct child *c); /* hides this process from the container's processes */
int join_container(struct child *c); /* exec: joins init's namespaces and root directory */
/* Resets the signals in this mask, which the caller had ignored. */
void join_signals(uint32_t ignored);
int join_appear(struct child *c); /* START_LATE: the first process clones init and exits */
bool join_unseen(struct child *c); /* true: START_LATE is possible */
bool join_filtered(
	const struct child *c); /* true: the seccomp filter is loaded before join_appear */
/* For the first process of two: joins and makes what must exist before init. *args becomes how to
 * clone init. */
int join_first(struct child *c, struct sys_clone_args *args);

/* ---- steps.c: the other steps of the child; child.c has their order and its reasons ---------- */

int step_die_with_runtime(struct child *c);
int step_score(struct child *c);
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

/* ---- clone.c: functions for every clone of a start ------------------------------------------- */

/* Adds a hint about the limit or privilege that made a clone or unshare fail. Returns -1. */
int clone_explain(const struct start_plan *plan);
/* Sets process.oomScoreAdj for pid, or with 0 for the caller; children inherit it
 * (proc_pid_oom_score_adj(5)). */
int clone_score(const struct start_plan *plan, pid_t pid);
pid_t clone_call(struct sys_clone_args *args); /* clone3(2), or clone(2) if that does not work */
/* Called when joining the cgroup has failed with errno num. True: init has moved to another cgroup,
 * which is the one to join now. */
bool clone_follow(struct serve *s, int num);

/* ---- serve.c: the runtime's end of the wire -------------------------------------------------- */

/* The state of the child. */
enum serve_phase {
	PHASE_MAKE = 1, /* it makes the container, or enters it */
	PHASE_READY = 2, /* READY was answered */
	PHASE_SEEN = 4, /* APPEAR has come: the container's processes may control it */
};

struct serve {
	const struct start_plan *plan;
	struct started *out; /* for the foreground; its pid is 0 as long as init's is not known */
	struct wire wire;
	struct wire pipes; /* they replace the wire after APPEAR */
	int listener; /* receives the seccomp descriptor after APPEAR */
	int pidfd_socket; /* connected, -1: none */
	pid_t *init_pid; /* two processes: the kernel writes init's pid here */
	int follows; /* exec: how often it may look for init's cgroup again */
	bool joins; /* the child joins the cgroup itself */
	pid_t first; /* the process that was cloned: init, or the first of two */
	enum serve_phase phase;
	/* Signals that init ignores by inheritance; the answers to PID and READY have them. */
	uint32_t ignored;
	bool exec_failed; /* the container was made, but execve(2) failed */
	unsigned done; /* bits of the message types that have come */
	unsigned lines; /* LOG messages that have come */
};
#define SERVE_INIT(plan_, out_)                                                                    \
	{                                                                                          \
		.plan = (plan_), .out = (out_), .wire = WIRE_NONE, .pipes = WIRE_NONE,             \
		.listener = -1, .pidfd_socket = -1, .phase = PHASE_MAKE,                           \
	}

/* Answers the child's messages. Returns 0 when its program was executed, -1 when it has failed. */
int serve_child(struct serve *s);
int serve_move_devices(const struct serve *s); /* linux.netDevices */
/* Closes the wire. A child whose pid has not arrived ends by that. */
void serve_end(struct serve *s);
/* Pure. Why a message is refused, such as its sender or the phase. NULL: it is expected. */
const char *serve_refusal(const struct serve *s, const struct wire_msg *m);

/* ---- known.c: init, as soon as its pid is known ---------------------------------------------- */

/* Moves init, or the first process while there is no init, into the container's cgroup. */
int known_attach(struct serve *s);
/* Init exists and READY has come: sets what init does not inherit from the first process. Before
 * that it does nothing. */
int known_settle(struct serve *s);
/* Init's pid is known: writes state.json and does what must be done before init continues. */
int known_init(struct serve *s);

/* ---- death.c: how the child's stream has ended ----------------------------------------------- */
/* True: by execve(2), or by init that waits for start. False: by the child's death. */
bool death_is_execve(const struct serve *s);
int death_explain(struct serve *s); /* returns -1, with the reason if the kernel reports it */
/* Explains the death of init after start. raw is its status of wait(2), 0: unknown. plan NULL: the
 * seccomp profile is unknown. */
int death_of_init(const struct start_plan *plan, struct cgroup *cgroup, int raw);

/* Runs the prestart and createRuntime hooks. */
int serve_runtime_hooks(const struct serve *s);

/* ---- launch.c: used by exec and restore too -------------------------------------------------- */
/* Reads the config into doc and checks all that can be checked before something is made. */
int launch_prepare(struct arena *a, struct oci_doc *doc, struct start_plan *plan);
/* Finds the root filesystem, plans the cgroup and writes the state. */
int launch_claim(struct start_plan *plan, struct life *life);
/* A handle for all that was made: it is undone at the end of its scope, unless keep is set. */
struct undo {
	struct arena *arena;
	struct serve *serve;
	bool keep;
};
void launch_undo(struct undo *u);
/* Makes the cgroup and sets its limits, and decides by it how the container is kept from the host's
 * devices. */
int launch_cgroup(struct start_plan *plan, struct life *life);
int launch_seccomp(struct start_plan *plan); /* compiles the profile, or takes it from the cache */

/* ---- mountenv.c ------------------------------------------------------------------------------ */
void mountenv_fill(struct child *c);
/* Adds the mount to the error record. Returns -1. */
int mountenv_fail(const struct start_plan *plan, const struct oci_mount *m);
/* Removes the root's path on the host from destinations that begin with it, as runc does. */
void mountenv_inside(const struct start_plan *plan, struct oci_config *config);

/* ---- notify.c -------------------------------------------------------------------------------- */

/* Makes the directory of the notify socket in the state directory, and adds a
 * read-only mount of it. */
int service_mount(struct arena *a, const struct life *life, struct oci_config *config);
/* Adds LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID (our own pid, so it runs in the child)
 * and NOTIFY_SOCKET. */
void service_env(const struct launch *how, bool notify, struct oci_process *p, struct arena *a);

/* ---- spawn.c --------------------------------------------------------------------------------- */

/* Connects to the sockets of --console-socket and --pidfd-socket; NULL: none. */
int spawn_connect(struct child *c, struct serve *s, const char *console, const char *pidfd);
/* Clones the child into the container's cgroup. With two processes s gets init's
 * pid by WIRE_PID. */
int spawn_process(struct child *c, struct serve *s);
/* Blocks signals; HUP, INT, QUIT and TERM end the start s from now on (ends_prepare). *old becomes
 * the mask of the payload. */
int spawn_prepare(const struct serve *s, sigset_t *old);
void spawn_kill(struct serve *s); /* closes the wire, kills the child and waits for its end */

/* ---- pidfile.c ------------------------------------------------------------------------------- */
int pidfile_write(const char *path, pid_t pid);

#endif
