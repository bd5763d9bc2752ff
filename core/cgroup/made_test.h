/* made_test.h - cgroups that tests make on this host, and processes in them. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CGROUP_MADE_TEST_H
#define CORE_CGROUP_MADE_TEST_H

#include "core/cgroup/knob_test.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

static pid_t self; /* in the name of each cgroup: two of these programs may run at once */

/* The path of a cgroup of this program: "/ocibox-test-PID" and rest. */
static const char *named(const char *rest)
{
	return arena_printf(&arena, "/ocibox-test-%d%s", self, rest);
}

/* Makes a child that joins cg as a container does and runs until it is killed. -1: it cannot
 * join. */
static pid_t spawn(struct cgroup *cg)
{
	int pipes[2];
	struct sys_clone_args args = { .exit_signal = SIGCHLD };
	int fd = cgroup_clone_fd(cg);
	pid_t pid;
	bool joins = true;
	char c = 0;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -1;
	if (fd >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = fd;
	}
	pid = sys_clone3(&args);
	/* A kernel before 5.7 has no CLONE_INTO_CGROUP, qemu-user no clone3. */
	if (pid < 0) {
		joins = false;
		pid = fork();
	}
	if (!pid) {
		if (joins && cgroup_join(cg) < 0)
			c = 'X';
		if (write(pipes[1], c ? "X" : "y", 1) == 1)
			pause();
		_exit(1);
	}
	close(pipes[1]);
	if (pid > 0 && (read(pipes[0], &c, 1) != 1 || c != 'y' ||
			(!joins && cgroup_attach(cg, pid, false) < 0)))
		pid = -1;
	close(pipes[0]);
	cgroup_join_close(cg);
	return pid;
}

static struct cgroup *new_cgroup(const char *path, const struct oci_resources *r)
{
	struct cgroup_want want = { .id = named("") + 1, .path = path, .resources = r };
	struct cgroup *cg = NULL;

	if (cgroup_plan(&arena, &want, &cg) < 0) {
		printf("# %s\n", err_text());
		return NULL;
	}
	return cg;
}

/* False, with a line of TAP that says why, if this host cannot run the tests. */
static bool can_make(void)
{
	static char block[1 << 20];

	arena_init(&arena, block, sizeof(block));
	self = getpid();
	log_sink.line = print_line;
	if (geteuid() == 0 && cgroup_layout() != CGROUP_NONE)
		return true;
	printf("1..0 # SKIP needs root and mounted cgroups\n");
	return false;
}

#endif
