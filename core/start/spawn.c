/* spawn.c - the clone of init, or of the process that enters a container, into its cgroup. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <sys/mman.h>
#include <sys/socket.h>

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
		} while (pid < 0 && clone_follow(c, errno) &&
			 (cgroup = cgroup_clone_fd(c->cgroup)) >= 0);
		if (pid >= 0)
			return pid;
		/* KERNEL 5.7: CLONE_INTO_CGROUP (EINVAL, E2BIG; EOPNOTSUPP in a threaded cgroup); the parent
		 * attaches the child, which costs a grace period. */
		args.flags &= ~CLONE_INTO_CGROUP;
		args.cgroup = 0;
		c->join = false;
	}
	return clone_call(&args);
}

int spawn_connect(struct child *c, const char *console, const char *pidfd)
{
	if (console) {
		c->console = sock_connect(console, SOCK_STREAM);
		if (c->console < 0)
			return fail_in("console socket");
	}
	if (pidfd) {
		c->pidfd_socket = sock_connect(pidfd, SOCK_STREAM);
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
	if (ends_hold() < 0)
		return -1;
	pid = clone_child(c, s, cgroup);
	if (!pid)
		ends_in_child();
	if (!pid && c->plan.two_steps)
		child_first(c);
	if (!pid)
		child_main(c);
	if (pid < 0) {
		fail("clone the container's process");
		clone_explain(c);
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
	ends_let();
	return s->pid ? serve_known(s) : 0;
}
