/* child.c - init on its way from clone(2) to execve(2): the order of its steps, and the execve. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

enum { MAKE = 1, ENTER = 2, BOTH = MAKE | ENTER }; /* create and run, exec */

/*
 * Everything init does, in order. The comment above a row says why it stands where it stands;
 * child_test.c asserts the pairs that matter.
 */
static const struct {
	unsigned char when;
	const char *name;
	int (*run)(struct child *c);
} steps[] = {
	/* first: from here a killed runtime leaves nothing */
	{ BOTH, "die with the runtime", step_die_with_runtime },
	/* the parent must know our pid before it serves us */
	{ BOTH, "wait to be known", step_known },
	/* by descriptors opened outside, before paths change */
	{ MAKE, "join namespaces", join_namespaces },
	/* all that follows belongs to the mapped root */
	{ MAKE, "map ids", join_map_ids },
	/* before anything is charged, and before its namespace is mounted */
	{ BOTH, "cgroup", join_cgroup },
	/* after the maps, which need us readable; before others see us */
	{ MAKE, "hide", join_hide },
	/* not dumpable before the first namespace is joined */
	{ ENTER, "enter", join_container },
	/* before the keyring and the terminal, which belong to it */
	{ BOTH, "session", step_session },
	{ BOTH, "session keyring", step_keyring },
	/* before hooks and sysctls, which act on interfaces */
	{ MAKE, "network", step_network },
	/* before the capabilities go */
	{ MAKE, "hostname", step_names },
	/* first makes / a slave: no mount reaches the host */
	{ MAKE, "root filesystem", step_rootfs },
	/* in the order of the config; before devices, which lie in /dev */
	{ MAKE, "mounts", step_mounts },
	/* before /dev becomes read-only */
	{ MAKE, "devices", step_devices },
	/* while the root is writable */
	{ MAKE, "working directory", step_cwd },
	/* after devpts is mounted */
	{ BOTH, "terminal", step_terminal },
	/* after mounts and devices, before pivot_root */
	{ MAKE, "runtime hooks", step_runtime_hooks },
	/* after them, by the spec; paths are the host's */
	{ MAKE, "createContainer hooks", step_container_hooks },
	/* before /proc/sys becomes read-only */
	{ MAKE, "sysctl", step_sysctl },
	/* after hooks, which may mount there */
	{ MAKE, "protected paths", step_protect },
	/* after all that creates files */
	{ MAKE, "read-only mounts", step_readonly },
	/* needs the container's /dev/null */
	{ BOTH, "null device", step_null },
	/* the host's paths end here */
	{ MAKE, "pivot root", step_pivot },
	{ BOTH, "standard streams", step_stdio },
	/* reads the container's passwd, as root */
	{ BOTH, "environment", step_environment },
	/* before the capabilities go; personality before seccomp */
	{ BOTH, "scheduling", step_scheduling },
	/* state.json is written before we may go on */
	{ BOTH, "ready", step_ready },
	/* act on the next execve only */
	{ BOTH, "security labels", join_labels },
	/* before paths are followed that the image may bend */
	{ BOTH, "descriptors", step_descriptors },
	/* without no_new_privs: needs CAP_SYS_ADMIN */
	{ BOTH, "early seccomp", step_seccomp_early },
	{ BOTH, "credentials", step_credentials },
	/* where the profile allows the rest: as the next row */
	{ BOTH, "unseen seccomp", step_seccomp_unseen },
	/* with what the payload has and no more: others may trace us */
	{ BOTH, "appear", join_appear },
	/* after the last clone and change of user */
	{ MAKE, "bound to the runtime", step_bound },
	/* as the user; while errors still reach create */
	{ BOTH, "executable", step_executable },
	/* with no_new_privs: the profile sees least of us */
	{ BOTH, "late seccomp", step_seccomp_late },
	{ MAKE, "wait for start", step_wait_start },
	/* as the payload would run */
	{ MAKE, "startContainer hooks", step_start_hooks },
};

const char *child_step_name(size_t i)
{
	return i < ARRAY_SIZE(steps) ? steps[i].name : NULL;
}

/* ---- the spine ----------------------------------------------------------------------------------------- */

static struct child *logging;

static void log_to_wire(enum log_level level, const char *text)
{
	/* The runtime takes no lines from a process that others may speak for. */
	if (logging->wire.out >= 0 && logging->wire.in == logging->wire.out)
		wire_send(&logging->wire, WIRE_LOG, level, text, -1);
}

/* Once create has returned stderr is the container's log, and `start` reads the fifo when its end is closed. */
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
 * The payload's process 1 is this very file, a read-only mount or a sealed copy (seal.c): by its
 * descriptor, so that nothing of it lies in the root filesystem. Credentials, seccomp and labels
 * are the payload's already, and it starts the payload with them.
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
	/* KERNEL 3.19: execveat(2) (ENOSYS; EPERM under a seccomp profile); needs the container's /proc. */
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
	/* What is written there must be the kernel's word: init, which others may speak for, has it not. */
	if (madvise(c->init_pid, sizeof(*c->init_pid), MADV_DONTFORK) < 0) {
		fail("keep memory from init");
		give_up(c, WIRE_FAIL);
	}
	if (step_die_with_runtime(c) < 0 || join_first(c, &args) < 0)
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
