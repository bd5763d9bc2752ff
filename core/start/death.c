/* death.c - the stream of a child has ended: has its program begun, or has it died, and of what? */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum { EARLY = 1, LATE = 2, CWD = 4, FIFO = 8, INIT = 16 };

/* What the child calls between its filter and its program, in order; only if says which child does. */
static const struct {
	int nr;
	const char *name;
	unsigned only_if;
} calls[] = {
	{ SYS_prctl, "prctl", EARLY },
	{ SYS_setgroups, "setgroups", EARLY },
	{ SYS_setresgid, "setresgid", EARLY },
	{ SYS_setresuid, "setresuid", EARLY },
	{ SYS_capset, "capset", EARLY },
	{ SYS_chdir, "chdir", EARLY | CWD },
	{ SYS_getcwd, "getcwd", EARLY | CWD },
	{ SYS_clone, "clone", EARLY | LATE },
	{ SYS_setsid, "setsid", EARLY | LATE },
	{ SYS_read, "read", EARLY | LATE },
	{ SYS_read, "read", FIFO },
	{ SYS_close, "close", FIFO },
	{ SYS_execveat, "execveat", INIT },
	{ SYS_execve, "execve", 0 },
};

static unsigned traits(const struct start_plan *plan)
{
	return (plan->process->no_new_privileges ? 0 : EARLY) |
	       (plan->mode == START_LATE ? LATE : 0) | (strcmp(plan->process->cwd, "/") ? CWD : 0) |
	       (plan->how->wait_start ? FIFO : 0) | (plan->self >= 0 ? INIT : 0);
}

/* The first of the calls that the profile does not allow; killed: that it kills for. NULL: unknown. */
static const char *forbidden(const struct start_plan *plan, bool killed)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		enum seccomp_verdict v;

		if (calls[i].only_if & ~traits(plan))
			continue;
		v = seccomp_asks(&plan->seccomp, calls[i].nr);
		if (v == SECCOMP_KILLS || (!killed && v == SECCOMP_REFUSES))
			return calls[i].name;
		/* By its arguments: it may have been this one. */
		if (v == SECCOMP_LOOKS)
			return NULL;
	}
	return NULL;
}

static int died_of_filter(const struct start_plan *plan, const char *who, int sig)
{
	const char *name = forbidden(plan, sig == SIGSYS);
	const char *call = name ? name : "a system call that";

	if (sig == SIGSYS)
		return failx("%s was killed by SIGSYS before its program ran: the seccomp profile "
			     "kills for %s%s",
			     who, call, name ? "" : " it makes");
	return failx(
		"%s could neither run its program nor say why: the seccomp profile forbids %s%s",
		who, call, name ? "" : " it makes");
}

/* Only the kernel knows more (checklist X-09). */
static int explain(const struct start_plan *plan, struct cgroup *cgroup, const char *who, int raw,
		   bool ready)
{
	const char *when = ready ? "its program ran" : "it was ready";
	int sig = WIFSIGNALED(raw) ? WTERMSIG(raw) : 0;

	if (sig == SIGKILL && cgroup && cgroup_oom_kills(cgroup))
		return failx("container init was OOM-killed (memory limit too low?)");
	if (ready && plan && plan->seccomp.len &&
	    (sig == SIGSYS || sig == SIGILL || sig == SIGTRAP))
		return died_of_filter(plan, who, sig);
	if (sig)
		return failx("%s was killed by signal %d before %s", who, sig, when);
	return failx("%s exited with status %d before %s", who, WEXITSTATUS(raw), when);
}

int death_of_init(const struct start_plan *plan, struct cgroup *cgroup, int raw)
{
	if (!raw)
		return failx("container init died before its program ran");
	return explain(plan, cgroup, "container init", raw, true);
}

int death_explain(struct serve *s)
{
	const char *who = s->plan->enters ? "the process" : "container init";
	bool ready = s->phase > PHASE_MAKE;
	pid_t pid = s->pid ? s->pid : s->first;
	int status;

	/* Before it is reaped: its number may be somebody else's after that. */
	if (s->first == pid)
		s->first = 0;
	s->pid = 0;
	if (pid <= 0 || proc_wait(pid, &status) < 0)
		return failx("%s died before %s", who, ready ? "its program ran" : "it was ready");
	return explain(s->plan, s->life->cgroup, who, status, ready);
}

/*
 * A descriptor that is closed on execve(2) is closed by a death too. The kernel takes PF_FORKNOEXEC from a
 * process before it closes those descriptors, and gives it PF_EXITING before it closes all: so what
 * /proc shows after the end of the stream is final. Init that waits for start has closed it by itself.
 */
bool death_is_none(const struct serve *s)
{
	struct proc_stat st;

	if (proc_stat(s->pid, &st) != 1) {
		err_clear("hidden from us (hidepid of proc(5)): taken for alive");
		return true;
	}
	return s->plan->how->wait_start ? !st.exiting : !st.no_exec;
}
