/* clone.c - functions for every clone of a start: its errors, init's cgroup, its end. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <stdio.h>

int clone_explain(const struct start_plan *plan)
{
	if (err_num() == ENOSPC || err_num() == EUSERS)
		return fail_hint("a limit in /proc/sys/user/max_*_namespaces is reached, or 0");
	if (err_num() == EPERM && !(plan->ns.all & CLONE_NEWUSER))
		return fail_hint("it needs CAP_SYS_ADMIN, as a privileged container has it, or a "
				 "user namespace");
	if (err_num() == EPERM)
		return fail_hint(
			"user namespaces may be forbidden: kernel.unprivileged_userns_clone, "
			"kernel.apparmor_restrict_unprivileged_userns; a chroot forbids them");
	if (err_num() == EINVAL && option_lacks_ns(plan->ns.fresh))
		return fail_hint("this kernel was built without CONFIG_%s",
				 option_of_ns(option_lacks_ns(plan->ns.fresh)));
	if (err_num() == EINVAL)
		return fail_hint("the kernel may lack one of the namespaces");
	if (err_num() == EAGAIN && plan->enters)
		return fail_hint("pids.limit of the container, or a limit above it, is reached: "
				 "entering takes two processes for a moment");
	if (err_num() == EAGAIN)
		return fail_hint("a limit on the number of processes is reached");
	return -1;
}

pid_t clone_call(struct sys_clone_args *args)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): clone3(2) has addresses as numbers */
	pid_t *parent_tid = (pid_t *)(uintptr_t)args->parent_tid;
	pid_t pid = sys_clone3(args);

	/* KERNEL 5.3: clone3(2) (ENOSYS; an outer seccomp profile may answer that or EPERM);
	 * clone(2) is used without a pidfd, and fails with EPERM again if a privilege is
	 * missing. */
	if (pid < 0 && (errno == ENOSYS || errno == EPERM))
		pid = sys_clone((args->flags & ~(uint64_t)CLONE_PIDFD) | args->exit_signal,
				parent_tid);
	return pid;
}

int clone_score(const struct start_plan *plan, pid_t pid)
{
	const int *score = plan->process->oom_score_adj;
	int proc __cleanup(fd_close) = -1;
	char path[32] = "self/oom_score_adj", text[16];

	if (!score)
		return 0;
	if (pid)
		snprintf(path, sizeof(path), "%d/oom_score_adj", (int)pid);
	snprintf(text, sizeof(text), "%d", *score);
	proc = procfs_open();
	return proc < 0 || procfs_write(proc, path, text) < 0 ? fail_in("process.oomScoreAdj") : 0;
}

bool clone_follow(struct serve *s, int num)
{
	int proc __cleanup(fd_close) = -1;
	const char *text;

	/* EBUSY: controllers were enabled below the cgroup that init has left. ENODEV, ENOENT: that
	 * cgroup was removed. */
	if ((num != EBUSY && num != ENODEV && num != ENOENT) || !s->follows)
		return false;
	s->follows--;
	text = arena_strdup(s->plan->arena, err_text());
	proc = procfs_open();
	if (proc >= 0 && cgroup_follow(s->out->life.cgroup, proc, s->plan->thread,
				       s->plan->follow_frozen) == 1) {
		err_clear("the cgroup that init is in now is tried");
		return true;
	}
	fail_take(num, text);
	return false;
}

#define END_SECONDS 5

/* A process that is frozen, or that waits in the kernel for a device, does not die, so the wait has
 * a limit. */
void clone_end(pid_t *pid)
{
	pid_t old = *pid;

	*pid = 0;
	if (old > 0 && kill(old, SIGKILL) == 0 && !proc_reap(old, END_SECONDS))
		log_warn("process %d does not end", (int)old);
}
