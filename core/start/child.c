/* child.c - the steps of init from clone(2) to execve(2), in their order, and the execve. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

enum { MAKE = 1, ENTER = 2, BOTH = MAKE | ENTER }; /* create and run, exec */

/*
 * All steps of init, in order. The comment above a row has the reason for its place. child_test.c
 * checks the pairs whose order matters.
 */
static const struct {
	unsigned char when;
	const char *name;
	int (*run)(struct child *c);
} steps[] = {
	/* first: if the runtime is killed from here on, nothing is left */
	{ BOTH, "die with the runtime", step_die_with_runtime },
	/* while we are dumpable: later our files in /proc belong to root, not to the user; in the
	 * caller's user namespace, since a capability there allows to lower it */
	{ BOTH, "oom score", step_score },
	/* the runtime must know our pid before it answers requests */
	{ BOTH, "wait to be known", step_known },
	/* their descriptors were opened outside, before paths change */
	{ MAKE, "join namespaces", join_namespaces },
	/* files and namespaces of all later steps belong to the mapped root */
	{ MAKE, "map ids", join_map_ids },
	/* before memory is charged */
	{ BOTH, "cgroup", join_cgroup },
	/* in the cgroup, which becomes the root of its namespace, and after the maps: who is root
	 * then owns the files of a network and an ipc namespace */
	{ MAKE, "late namespaces", join_late_namespaces },
	/* after the maps, which the runtime writes to our files in /proc; before others see us */
	{ MAKE, "hide", join_hide },
	/* it makes us not dumpable before the first namespace is joined */
	{ ENTER, "enter", join_container },
	/* before the keyring and the terminal, which belong to a session */
	{ BOTH, "session", step_session },
	{ BOTH, "session keyring", step_keyring },
	/* before hooks and sysctls, which may need the interfaces */
	{ MAKE, "network", step_network },
	/* before the capabilities are dropped */
	{ MAKE, "hostname", step_names },
	/* before mounts: it makes / a slave, so that no mount propagates to the host */
	{ MAKE, "root filesystem", step_rootfs },
	/* in the order of the config; before devices, which are made in /dev */
	{ MAKE, "mounts", step_mounts },
	/* before /dev becomes read-only */
	{ MAKE, "devices", step_devices },
	/* while the root is writable */
	{ MAKE, "working directory", step_cwd },
	/* after devpts is mounted */
	{ BOTH, "terminal", step_terminal },
	/* after mounts and devices, before pivot_root */
	{ MAKE, "runtime hooks", step_runtime_hooks },
	/* after the runtime hooks, by the spec; paths still are the host's */
	{ MAKE, "createContainer hooks", step_container_hooks },
	/* before /proc/sys becomes read-only */
	{ MAKE, "sysctl", step_sysctl },
	/* after hooks, which may mount there */
	{ MAKE, "protected paths", step_protect },
	/* after all steps that create files */
	{ MAKE, "read-only mounts", step_readonly },
	/* needs the container's /dev/null */
	{ BOTH, "null device", step_null },
	/* from here on paths are the container's */
	{ MAKE, "pivot root", step_pivot },
	{ BOTH, "standard streams", step_stdio },
	/* reads the container's passwd, as root */
	{ BOTH, "environment", step_environment },
	/* before the capabilities are dropped; personality(2) before seccomp */
	{ BOTH, "scheduling", step_scheduling },
	/* the runtime writes state.json before we continue */
	{ BOTH, "ready", step_ready },
	/* late, because they apply to the next execve(2) */
	{ BOTH, "security labels", join_labels },
	/* before a path of the image is followed, which could lead to an open descriptor */
	{ BOTH, "descriptors", step_descriptors },
	/* before the capabilities are dropped: without no_new_privs it needs CAP_SYS_ADMIN */
	{ BOTH, "early seccomp", step_seccomp_early },
	{ BOTH, "credentials", step_credentials },
	/* before "appear", if the profile allows the calls after it */
	{ BOTH, "unseen seccomp", step_seccomp_unseen },
	/* when we have no more rights than the payload: others may trace us from here on */
	{ BOTH, "appear", join_appear },
	/* after the last clone and change of the user id, which reset it */
	{ MAKE, "bound to the runtime", step_bound },
	/* as the payload's user, and while create still gets our errors */
	{ BOTH, "executable", step_executable },
	/* with no_new_privs: late, so that the profile needs to allow few of our calls */
	{ BOTH, "late seccomp", step_seccomp_late },
	{ MAKE, "wait for start", step_wait_start },
	/* with the payload's rights */
	{ MAKE, "startContainer hooks", step_start_hooks },
};

const char *child_step_name(size_t i)
{
	return i < ARRAY_SIZE(steps) ? steps[i].name : NULL;
}

/* ---- the spine ------------------------------------------------------------------------------- */

/* The child whose wire log_to_wire uses: a log sink has no argument, and a process is one child. */
static struct child *logging;

static void log_to_wire(enum log_level level, const char *text)
{
	/* The runtime accepts LOG over the socket only, not over the pipes. */
	if (logging->wire.out >= 0 && logging->wire.in == logging->wire.out)
		wire_send(&logging->wire, WIRE_LOG, level, text, -1);
}

/* After create has returned the wire is closed: the error goes to stderr, the container's log, and
 * to the fifo, which `start` reads. */
static void __attribute__((noreturn)) give_up(struct child *c, enum wire_type how)
{
	const char *text = err_text();

	if (c->wire.out >= 0) {
		wire_send(&c->wire, how, err_num(), text, -1);
	} else {
		fd_write_all(c->fifo, text, strlen(text));
		dprintf(2, "%s\n", text);
	}
	proc_end(255);
}

/*
 * Executes our own file (a read-only mount or a sealed copy, see seal.c) as process 1, by its
 * descriptor, so that the root filesystem does not need it. It has the payload's credentials,
 * seccomp filter and labels, and starts the payload with them.
 */
static void __attribute__((noreturn)) become_init(struct child *c)
{
	const char **argv =
		arena_alloc(c->plan->arena, (c->plan->process->args.n + 3) * sizeof(*argv));
	char path[FD_PATH_MAX];

	argv[0] = c->plan->how->init;
	argv[1] = "--";
	memcpy(argv + 2, c->plan->process->args.at, c->plan->process->args.n * sizeof(*argv));
	syscall(SYS_execveat, c->plan->self, "", argv, c->env, AT_EMPTY_PATH);
	/* KERNEL 3.19: execveat(2) (ENOSYS; EPERM under a seccomp profile); without it the
	 * container needs a /proc. */
	execve(path_of_fd(path, c->plan->self), (char *const *)argv, (char *const *)c->env);
	fail("exec %s as process 1", c->plan->how->init);
	give_up(c, WIRE_EXEC_FAIL);
}

void child_main(struct child *c)
{
	logging = c;
	log_sink.line = log_to_wire;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (steps[i].when & (c->plan->enters ? ENTER : MAKE) && steps[i].run(c) < 0) {
			log_debug("step \"%s\" failed", steps[i].name);
			give_up(c, WIRE_FAIL);
		}
	if (c->plan->self >= 0)
		become_init(c);
	execve(c->exe, (char *const *)c->plan->process->args.at, (char *const *)c->env);
	exe_fail(c->exe);
	give_up(c, WIRE_EXEC_FAIL);
}

void child_first(struct child *c)
{
	struct sys_clone_args args = { 0 };
	pid_t pid;

	logging = c;
	log_sink.line = log_to_wire;
	/* Only the kernel may write init's pid there. Processes of the container may control init,
	 * so init must not have this memory. */
	if (madvise(c->init_pid, sizeof(*c->init_pid), MADV_DONTFORK) < 0) {
		fail("keep memory from init");
		give_up(c, WIRE_FAIL);
	}
	if (step_die_with_runtime(c) < 0 || clone_score(c->plan, 0) < 0 || join_first(c, &args) < 0)
		give_up(c, WIRE_FAIL);
	if (c->mode == START_LATE && !join_unseen(c))
		c->mode = START_TWO;
	if (c->mode == START_LATE)
		child_main(c);
	args.flags |= CLONE_PARENT_SETTID;
	args.parent_tid = (uintptr_t)c->init_pid;
	pid = clone_call(&args);
	if (!pid)
		child_main(c);
	if (pid < 0) {
		fail("clone init");
		clone_explain(c->plan);
		give_up(c, WIRE_FAIL);
	}
	proc_end(wire_send(&c->wire, WIRE_PID, 0, NULL, -1) < 0);
}
