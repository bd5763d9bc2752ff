/* join.c - steps of the child that join new namespaces and cgroups, or a container's. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <poll.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

int join_proc(struct child *c)
{
	if (c->proc < 0)
		c->proc = procfs_open();
	return c->proc;
}

static bool has_label(const struct oci_process *p)
{
	return p->apparmor_profile || p->selinux_label;
}

int join_labels(struct child *c)
{
	const struct oci_process *p = c->plan->process;

	if (!WITH_LSM)
		return 0;
	if (has_label(p) && join_proc(c) < 0)
		return -1;
	if (p->apparmor_profile && lsm_apparmor_exec(c->proc, p->apparmor_profile) < 0)
		return -1;
	return p->selinux_label ? lsm_selinux_exec(c->proc, p->selinux_label) : 0;
}

int join_hide(struct child *c)
{
	/* Our command line has paths of the host, and may have secrets for the payload. */
	proc_hide_args();
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fail("hide from the processes of the container");
	return 0;
}

int join_bound(const struct child *c)
{
	struct pollfd end = { c->wire.in, 0, 0 };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return fail("ask to die with the runtime");
	return poll(&end, 1, 0) > 0 ? failx("the runtime has ended") : 0;
}

/* True if root of the container's user namespace is another user of the host than we are. Becoming
 * it then resets PR_SET_PDEATHSIG and PR_SET_DUMPABLE (commit_creds() of the kernel's cred.c). */
static bool is_other_user(const struct child *c)
{
	const struct oci_linux *l = c->plan->config->linux;

	/* Without mappings here it has those of a namespace that is joined. */
	return WITH_USERNS && (!l->uid_mappings.n || !l->gid_mappings.n ||
			       oci_host_id(&l->uid_mappings, 0) != (int64_t)getauxval(AT_EUID) ||
			       oci_host_id(&l->gid_mappings, 0) != (int64_t)getauxval(AT_EGID));
}

/* Joins the namespaces that have a path. If config.json also has mappings for a user namespace that
 * is joined, they must be those of that namespace. */
static int enter_joined(struct child *c)
{
	const struct oci_linux *l = c->plan->config->linux;
	struct ns_plan ns = c->plan->ns;

	/* Processes in these namespaces must not be able to read our memory (CVE-2016-9962). */
	if (c->plan->ns.njoins && join_hide(c) < 0)
		return -1;
	if (ns_enter(&ns) < 0)
		return -1;
	if (!WITH_USERNS || !(c->plan->ns.all & ~c->plan->ns.fresh & CLONE_NEWUSER))
		return 0;
	if (is_other_user(c) && join_bound(c) < 0)
		return -1;
	c->no_setgroups = userns_denies_groups(0);
	return l->uid_mappings.n ? userns_check(&l->uid_mappings, &l->gid_mappings) : 0;
}

int join_namespaces(struct child *c)
{
	return c->plan->mode != START_ONE ? 0 : enter_joined(c);
}

static int become_root(const struct child *c)
{
	/* New files and namespaces belong to the container's root only after this. */
	if (sys_become_root() < 0)
		return fail("become root of the user namespace");
	return is_other_user(c) ? join_bound(c) : 0;
}

int join_map_ids(struct child *c)
{
	if (!WITH_USERNS || !(c->plan->ns.clone_flags & CLONE_NEWUSER))
		return 0;
	return wire_ask(&c->wire, WIRE_MAP_IDS, 0, NULL, -1) < 0 ? -1 : become_root(c);
}

/* Joins the cgroup, or asks the runtime to move us, which waits for a grace period of the kernel.
 * Of two processes the first one calls it; if it stays outside, the runtime moves init
 * (known_init). */
static int enter_cgroup(struct child *c)
{
	return c->joins ? cgroup_join(c->plan->cgroup)
			: wire_ask(&c->wire, WIRE_ATTACH, 0, NULL, -1);
}

/* Resets the CPU affinity, which comes from the caller. execCPUAffinity.initial stays if there is
 * no final. */
static int set_affinity(const struct child *c)
{
	const struct oci_cpu_affinity *cpus =
		WITH_TUNING && c->plan->enters ? c->plan->process->exec_cpu_affinity : NULL;

	if (cpus && cpus->initial && !cpus->final)
		return 0;
	return limits_affinity(0, cpus ? cpus->final : NULL);
}

int join_cgroup(struct child *c)
{
	if (c->plan->mode == START_ONE && enter_cgroup(c) < 0)
		return -1;
	return set_affinity(c);
}

int join_late_namespaces(struct child *c)
{
	return ns_make(c->plan->ns.late_flags) < 0 ? clone_explain(c->plan) : 0;
}

/* KERNEL 5.8: setns(2) by pidfd (EINVAL; EBADF without pidfds); the namespaces are
 * joined one by one. */
static int enter_one_by_one(struct child *c)
{
	struct ns_plan ns = { .all = c->plan->ns.all };
	struct proc_stat st;

	ns_plan_process(c->plan->arena, c->plan->thread, &ns);
	if (ns_open(&ns) < 0)
		return -1;
	/* This comes after opening: if the pid was reused meanwhile, the start time differs. */
	if (proc_stat(c->plan->state->pid, &st) != 1 ||
	    (c->plan->state->start_time && st.start != c->plan->state->start_time))
		return failx("container not running");
	return ns_enter(&ns);
}

/*
 * Refuses namespaces that init has made itself. Any user can make a user namespace and a mount
 * namespace in it, where init decides which file is at each path, so that exec would execute init's
 * file with the container's privileges. It is checked after joining, because init can make
 * namespaces at any time, but cannot return to the old ones. The inode numbers are safe to compare:
 * that of a user namespace is not reused as long as a namespace below it lives.
 */
static int check_joined(const struct child *c)
{
	unsigned checked = c->plan->ns.all | CLONE_NEWUSER;
	char id[NS_ID_MAX], own[NS_ID_MAX];

	list_each (noted, c->plan->state->namespace_ids) {
		int type = ns_type(noted->key);

		if (!(checked & type))
			continue;
		if (ns_id(c->plan->target_dir, c->plan->ns.all & type ? NS_OURS : NS_ITS, type,
			  id) < 0)
			return -1;
		if (strcmp(id, noted->value))
			return failx(
				"container init is in a namespace of its own making (%s), where "
				"nothing is executed",
				noted->key);
	}
	/* Without recorded ids (runc or an older version made the container) only the user
	 * namespace is checked: if the config has none, init must be in ours. */
	if (c->plan->state->namespace_ids.n || c->plan->ns.all & CLONE_NEWUSER)
		return 0;
	if (ns_id(c->plan->target_dir, NS_ITS, CLONE_NEWUSER, id) < 0 ||
	    ns_id(c->plan->target_dir, NS_OURS, CLONE_NEWUSER, own) < 0)
		return -1;
	return strcmp(id, own) ? failx("container init is in a user namespace of its own making, "
				       "where nothing is executed")
			       : 0;
}

/*
 * Joins all namespaces of init by its pidfd. First it makes us not dumpable: before execve(2) the
 * container's processes must not reach our memory and descriptors, which are the host's
 * (CVE-2016-9962). Where fs.suid_dumpable is 1, another user id makes us dumpable again.
 */
static int enter_target(struct child *c)
{
	if (join_hide(c) < 0)
		return -1;
	if (c->plan->ns.all && setns(c->plan->target, c->plan->ns.all) < 0) {
		if (errno != EINVAL && errno != EBADF)
			return fail("join the namespaces of the container");
		if (enter_one_by_one(c) < 0)
			return -1;
	}
	if (check_joined(c) < 0)
		return -1;
	if (c->plan->ns.all & CLONE_NEWUSER && (become_root(c) < 0 || join_hide(c) < 0))
		return -1;
	if (c->plan->target_root < 0)
		return 0;
	if (fchdir(c->plan->target_root) < 0 || chroot(".") < 0)
		return fail("enter the root directory of the container");
	return 0;
}

/* Opens the container's root, after we have joined its mount namespace. */
static int open_root(struct child *c)
{
	c->root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->root < 0 ? fail("open / of the container") : 0;
}

int join_container(struct child *c)
{
	if (c->plan->mode == START_ONE && enter_target(c) < 0)
		return -1;
	return open_root(c);
}

/* Joins and makes the namespaces that must exist before init; then child_first() clones init. */
int join_first(struct child *c, struct sys_clone_args *args)
{
	/* Our procfs must be opened here: the container's /proc does not have our files. */
	if (c->mode == START_LATE && has_label(c->plan->process) && join_proc(c) < 0)
		return -1;
	if (!c->plan->outside && enter_cgroup(c) < 0)
		return -1;
	if (c->plan->ns.lift && rootfs_lift(c->plan->how->bundle ? c->plan->how->bundle : "/") < 0)
		return -1;
	if ((c->plan->enters ? enter_target(c) : enter_joined(c)) < 0)
		return -1;
	if (ns_make(c->plan->ns.early_flags) < 0)
		return clone_explain(c->plan);
	/* A runtime that is not root can write our files in /proc only while we are dumpable. A
	 * change of the user id ends that (PR_SET_DUMPABLE), so the time offsets come before it. */
	if (c->plan->ns.early_flags & CLONE_NEWUSER &&
	    (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 ||
	     wire_ask(&c->wire, WIRE_MAP_IDS, 0, NULL, -1) < 0))
		return -1;
	if (WITH_TUNING && c->plan->ns.early_flags & CLONE_NEWTIME &&
	    c->plan->config->linux->time_offsets.n &&
	    wire_ask(&c->wire, WIRE_TIME_OFFSETS, 0, NULL, -1) < 0)
		return -1;
	if (c->plan->ns.early_flags & CLONE_NEWUSER && become_root(c) < 0)
		return -1;
	args->flags = c->plan->ns.clone_flags | CLONE_PARENT;
	return 0;
}

/*
 * True if init can be cloned at the end, when it has only the payload's rights. Before that the
 * process has all capabilities and descriptors of the host. In a shared pid namespace another
 * process may have CAP_SYS_PTRACE, which allows access also to a process that is not dumpable.
 */
bool join_unseen(struct child *c)
{
	/* KERNEL 5.9: close_range(2) (ENOSYS; EPERM under an outer seccomp profile); without it
	 * descriptors are closed by the list in /proc/self/fd, and the container's /proc does not
	 * have us while we are outside. So init is cloned early, and a process with CAP_SYS_PTRACE
	 * in a pid namespace that it joins can use all its rights. */
	if (c->mode != START_LATE || sys_close_range(~0U, ~0U, 0) < 0)
		return false;
	/* A seccomp listener gets system calls with the pid of their process. It would have to
	 * answer those of this process, before init has a pid. */
	if (c->plan->seccomp.notify && !c->plan->process->no_new_privileges)
		return false;
	if (c->plan->enters)
		return true;
	c->mounts.outside = mount_proc_outside();
	return c->mounts.outside;
}

/* Sets LISTEN_PID (sd_listen_fds(3)) to init's pid, which is known only now. */
static void set_listen_pid(struct child *c)
{
	for (const char **var = c->env; WITH_NOTIFY && c->plan->how->listen_fds && *var; var++)
		if (!strncmp(*var, "LISTEN_PID=", 11))
			*var = arena_printf(c->plan->arena, "LISTEN_PID=%d", (int)getpid());
}

/* Sends APPEAR and replaces the wire by two pipes (impl.h). */
static int leave_socket(struct child *c)
{
	int pair[2] = { -1, -1 };

	/* SO_PEERPIDFD of init's end gives a pidfd of this process, which has no more rights than
	 * init and exits soon. */
	if (c->plan->seccomp.notify &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return fail("create socket pair");
	c->listener = pair[0];
	/* Without a descriptor APPEAR is sent by write(2), because the profile may forbid
	 * sendmsg(2). */
	if (wire_send(pair[1] < 0 ? &(struct wire){ -1, c->wire.out } : &c->wire, WIRE_APPEAR, 0,
		      NULL, pair[1]) < 0)
		return -1;
	fd_close(&pair[1]);
	wire_close(&c->wire);
	c->wire = c->pipes;
	return 0;
}

/* All system calls from the clone of init to its execve, and their first arguments. */
static const struct {
	int nr;
	unsigned long args[2];
} last_calls[] = {
	{ SYS_clone, { CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD } },
	{ SYS_write, { 0 } },
	{ SYS_read, { 0 } },
	{ SYS_close, { 0 } },
	{ SYS_setsid, { 0 } },
	{ SYS_getpid, { 0 } },
	{ SYS_ioctl, { 0, TIOCSCTTY } },
	{ SYS_rt_sigaction, { 0 } },
	{ SYS_sched_setaffinity, { 0 } },
	{ SYS_prlimit64, { 0 } },
#ifdef SYS_stat
	{ SYS_stat, { 0 } },
#elif defined(SYS_newfstatat)
	{ SYS_newfstatat, { 0 } },
#else
	{ SYS_statx, { 0 } },
#endif
#ifdef SYS_access
	{ SYS_access, { 0 } },
#else
	{ SYS_faccessat, { 0 } },
#endif
	{ SYS_execve, { 0 } },
	{ SYS_exit_group, { 0 } },
};

bool join_filtered(const struct child *c)
{
	/* The listener gets the descriptor together with init's pid, which is not known yet. */
	if (!WITH_SECCOMP || c->mode != START_LATE || c->plan->seccomp.notify)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(last_calls); i++)
		if (!seccomp_allows(&c->plan->seccomp, last_calls[i].nr, last_calls[i].args))
			return false;
	return true;
}

/*
 * Clones init into the container's pid namespace. Init has the payload's rights, and two pipes on
 * which the runtime accepts few messages (serve.c). The seccomp filter may be loaded already, so
 * only calls are made that any profile must allow, such as clone(2), read(2) and write(2).
 */
int join_appear(struct child *c)
{
	struct wire_msg m;
	pid_t pid;

	if (c->mode != START_LATE)
		return 0;
	if (leave_socket(c) < 0)
		return -1;
	pid = sys_clone(CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD, c->init_pid);
	if (pid < 0) {
		fail("clone the container's process");
		if (WITH_SECCOMP && c->plan->seccomp.len && !c->plan->process->no_new_privileges)
			return fail_hint("without noNewPrivileges its seccomp profile must allow "
					 "clone, read, write and setsid");
		return clone_explain(c->plan);
	}
	if (pid)
		proc_end(wire_send(&c->wire, WIRE_PID, 0, NULL, -1) < 0);
	if (setsid() < 0)
		return fail("setsid");
	if (WITH_TERMINAL && c->plan->process->terminal && tty_control() < 0)
		return -1;
	if (wire_recv(&c->wire, &m) != 1 || m.type != WIRE_OK)
		return failx("the runtime has ended");
	join_signals(m.num);
	set_listen_pid(c);
	/* The first process was outside of the cgroup, so init has a new cpuset now. */
	if (c->plan->outside && set_affinity(c) < 0)
		return -1;
	return limits_processes(c->plan->process);
}

void join_signals(uint32_t ignored)
{
	for (int sig = 1; sig < 32; sig++)
		if (ignored & 1u << (sig - 1))
			signal(sig, SIG_DFL);
}
