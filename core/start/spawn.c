/* spawn.c - clones init, or the process that enters a container, into its cgroup. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <sys/mman.h>
#include <sys/socket.h>

static pid_t clone_child(struct child *c, struct serve *s, int cgroup)
{
	struct sys_clone_args args = {
		.flags = CLONE_PIDFD | (c->plan->mode != START_ONE ? 0 : c->plan->ns.clone_flags),
		.pidfd = (uintptr_t)&s->out->pidfd,
		.exit_signal = SIGCHLD
	};

	if (cgroup >= 0) {
		pid_t pid;

		args.flags |= CLONE_INTO_CGROUP;
		c->joins = true;
		do {
			args.cgroup = cgroup;
			pid = sys_clone3(&args);
		} while (pid < 0 && clone_follow(s, errno) &&
			 (cgroup = cgroup_clone_fd(s->out->life.cgroup)) >= 0);
		if (pid >= 0)
			return pid;
		/* KERNEL 5.7: CLONE_INTO_CGROUP (EINVAL, E2BIG; EOPNOTSUPP in a threaded cgroup);
		 * the runtime moves the child, and waits for a grace period of the kernel. */
		args.flags &= ~CLONE_INTO_CGROUP;
		args.cgroup = 0;
		c->joins = false;
	}
	return clone_call(&args);
}

int spawn_connect(struct child *c, struct serve *s, const char *console, const char *pidfd)
{
	if (console) {
		c->console = sock_connect(console, SOCK_STREAM);
		if (c->console < 0)
			return fail_in("console socket");
	}
	if (pidfd) {
		s->pidfd_socket = sock_connect(pidfd, SOCK_STREAM);
		if (s->pidfd_socket < 0)
			return fail_in("pidfd socket");
	}
	return 0;
}

/* Makes the wire, and lists the runtime's descriptors that the child closes. */
static int make_wire(struct child *c, struct serve *s)
{
	if (wire_pair(&s->wire, &c->wire) < 0 ||
	    (c->mode == START_LATE && wire_pipes(&s->pipes, &c->pipes) < 0))
		return -1;
	c->theirs[0] = s->wire.in;
	c->theirs[1] = s->pipes.in;
	c->theirs[2] = s->pipes.out;
	c->theirs[3] = s->out->life.root_dir;
	c->theirs[4] = s->out->life.dir;
	if (c->plan->mode == START_ONE)
		return 0;
	c->init_pid = mmap(NULL, sizeof(*c->init_pid), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return c->init_pid == MAP_FAILED ? fail("share memory with the child") : 0;
}

int spawn_process(struct child *c, struct serve *s)
{
	struct cgroup *cg = s->out->life.cgroup;
	int cgroup, can_join = cgroup_join_open(cg);
	pid_t pid;

	if (can_join < 0 || make_wire(c, s) < 0)
		return -1;
	s->follows = c->plan->follows;
	/* can_join is 0 if systemd makes the cgroup around a process: then the runtime moves it. */
	cgroup = can_join && !c->plan->outside ? cgroup_clone_fd(cg) : -1;
	c->joins = can_join && cgroup == -1 && !c->plan->outside;
	if (ends_hold() < 0)
		return -1;
	pid = clone_child(c, s, cgroup);
	if (!pid)
		ends_in_child();
	if (!pid && c->plan->mode != START_ONE)
		child_first(c);
	if (!pid)
		child_main(c);
	if (pid < 0) {
		fail("clone the container's process");
		clone_explain(c->plan);
	}
	cgroup_join_close(cg);
	wire_close(&c->wire);
	wire_close(&c->pipes);
	fd_close(&c->fifo);
	fd_close(&c->console);
	if (pid < 0)
		return -1;
	s->joins = c->joins;
	s->init_pid = c->init_pid;
	s->first = pid;
	if (c->plan->mode == START_ONE)
		s->out->pid = pid;
	ends_let();
	return s->out->pid ? known_init(s) : 0;
}

int spawn_prepare(const struct serve *s, sigset_t *old)
{
	return ends_prepare(&(struct ends_start){ .wire = &s->wire.in,
						  .first = &s->first,
						  .pid = &s->out->pid },
			    old);
}

void spawn_kill(struct serve *s)
{
	/* An init whose pid we do not know ends because the wire is closed. */
	serve_end(s);
	if (s->first == s->out->pid)
		s->first = 0;
	clone_end(&s->out->pid);
	clone_end(&s->first);
}
