/* spawn.c - the clone of init, or of the process that enters a container, into its cgroup. */
/* SPDX-License-Identifier: MIT */
#include "core/run/child.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

int spawn_explain(const struct child *c)
{
	if (err_num() == ENOSPC || err_num() == EUSERS)
		return fail_hint("a limit in /proc/sys/user/max_*_namespaces is reached, or 0");
	if (err_num() == EPERM && !(c->plan.all & CLONE_NEWUSER))
		return fail_hint("it needs CAP_SYS_ADMIN, as a privileged container has it, or a "
				 "user namespace");
	if (err_num() == EPERM)
		return fail_hint(
			"user namespaces may be forbidden: kernel.unprivileged_userns_clone, "
			"kernel.apparmor_restrict_unprivileged_userns; in a chroot they are");
	if (err_num() == EINVAL)
		return fail_hint("the kernel may lack one of the namespaces");
	if (err_num() == EAGAIN && child_enters(c))
		return fail_hint("pids.limit of the container, or a limit above it, is reached: "
				 "entering takes two processes for a moment");
	if (err_num() == EAGAIN)
		return fail_hint("a limit on the number of processes is reached");
	return -1;
}

pid_t spawn_clone(struct sys_clone_args *args)
{
	pid_t pid = sys_clone3(args);

	/* KERNEL 5.3: clone3(2) (ENOSYS; an outer seccomp profile may answer that or EPERM); clone(2) has no
	 * pidfd there, and says EPERM once more where that is meant. */
	if (pid < 0 && (errno == ENOSYS || errno == EPERM))
		pid = sys_clone((args->flags & ~(uint64_t)CLONE_PIDFD) | args->exit_signal,
				(pid_t *)(uintptr_t)args->parent_tid);
	return pid;
}

bool spawn_follow(struct child *c, int num)
{
	int proc __cleanup(fd_close) = -1;
	const char *text;

	/* Controllers handed down from the place where init was close it; or it was removed. */
	if ((num != EBUSY && num != ENODEV && num != ENOENT) || !c->follows)
		return false;
	c->follows--;
	text = arena_strdup(c->arena, err_text());
	proc = procfs_open();
	if (proc >= 0 && cgroup_follow(c->cgroup, proc, c->thread, c->follow_frozen) == 1) {
		err_clear("it is tried elsewhere");
		return true;
	}
	fail_take(num, text);
	return false;
}

static pid_t clone_child(struct child *c, struct serve *s, int cgroup)
{
	struct sys_clone_args args = { .flags = CLONE_PIDFD |
						(c->plan.two_steps ? 0 : c->plan.clone_flags),
				       .pidfd = (uintptr_t)&s->pidfd,
				       .exit_signal = SIGCHLD };

	if (cgroup >= 0) {
		pid_t pid;

		args.flags |= CLONE_INTO_CGROUP;
		c->join = true;
		do {
			args.cgroup = cgroup;
			pid = sys_clone3(&args);
		} while (pid < 0 && spawn_follow(c, errno) &&
			 (cgroup = cgroup_clone_fd(c->cgroup)) >= 0);
		if (pid >= 0)
			return pid;
		/* KERNEL 5.7: CLONE_INTO_CGROUP (EINVAL, E2BIG; EOPNOTSUPP in a threaded cgroup); the parent
		 * attaches the child, which costs a grace period. */
		args.flags &= ~CLONE_INTO_CGROUP;
		args.cgroup = 0;
		c->join = false;
	}
	return spawn_clone(&args);
}

int spawn_connect(struct child *c, const char *console, const char *pidfd)
{
	if (console) {
		c->console = unix_connect(console, SOCK_STREAM);
		if (c->console < 0)
			return fail_in("console socket");
	}
	if (pidfd) {
		c->pidfd_socket = unix_connect(pidfd, SOCK_STREAM);
		if (c->pidfd_socket < 0)
			return fail_in("pidfd socket");
	}
	return 0;
}

/* All that the two sides say to each other by, and what of it the child closes. */
static int make_wire(struct child *c, struct serve *s)
{
	if (wire_pair(&s->wire, &c->wire) < 0 || (c->late && wire_pipes(&s->pipes, &c->pipes) < 0))
		return -1;
	c->theirs[0] = s->wire.in;
	c->theirs[1] = s->pipes.in;
	c->theirs[2] = s->pipes.out;
	c->theirs[3] = s->life->root_dir;
	c->theirs[4] = s->life->dir;
	if (!c->plan.two_steps)
		return 0;
	c->init_pid = mmap(NULL, sizeof(*c->init_pid), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return c->init_pid == MAP_FAILED ? fail("share memory with the child") : 0;
}

int spawn_process(struct child *c, struct serve *s)
{
	struct cgroup *cg = s->life->cgroup;
	int cgroup, doors = cgroup_join_open(cg);
	pid_t pid;

	if (doors < 0 || make_wire(c, s) < 0)
		return -1;
	c->cgroup = cg;
	/* Without doors (systemd makes the cgroup around a process) the parent attaches. */
	cgroup = doors && !c->plan.alone ? cgroup_clone_fd(cg) : -1;
	c->join = doors && cgroup == -1 && !c->plan.alone;
	if (wait_clone() < 0)
		return -1;
	pid = clone_child(c, s, cgroup);
	if (!pid)
		wait_in_child();
	if (!pid && c->plan.two_steps)
		child_first(c);
	if (!pid)
		child_main(c);
	if (pid < 0) {
		fail("clone the container's process");
		spawn_explain(c);
	}
	cgroup_join_close(cg);
	wire_close(&c->wire);
	wire_close(&c->pipes);
	fd_close(&c->fifo);
	fd_close(&c->console);
	if (pid < 0)
		return -1;
	s->first = pid;
	if (!c->plan.two_steps)
		s->pid = pid;
	wait_cloned();
	return s->pid ? serve_known(s) : 0;
}

#define END_SECONDS 5

/* What is frozen, or waits in the kernel for a device, does not die before that is over. */
void spawn_end(pid_t *pid)
{
	const struct timespec step = { END_SECONDS, 0 };
	sigset_t chld;
	pid_t old = *pid;
	int got;

	*pid = 0;
	if (old <= 0 || kill(old, SIGKILL) < 0)
		return;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	do {
		got = waitpid(old, NULL, WNOHANG | __WALL);
	} while (!got && sigtimedwait(&chld, NULL, &step) == SIGCHLD);
	if (!got)
		log_warn("process %d does not end", (int)old);
}
