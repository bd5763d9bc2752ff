/* death.c - explains the end of a child's stream: an execve, or a death and its reason. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum { EARLY = 1, LATE = 2, CWD = 4, FIFO = 8, INIT = 16 };

/* The child's system calls after its filter was loaded, in order. only_if: traits that a child must
 * have to make the call. */
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

/* The first call that the profile forbids, or with killed, kills for. NULL: unknown. */
static const char *forbidden(const struct start_plan *plan, bool killed)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		enum seccomp_verdict v;

		if (calls[i].only_if & ~traits(plan))
			continue;
		v = seccomp_verdict(&plan->seccomp, calls[i].nr);
		if (v == SECCOMP_KILLS || (!killed && v == SECCOMP_REFUSES))
			return calls[i].name;
		/* The profile looks at the arguments, so it may forbid this call or a later one. */
		if (v == SECCOMP_DEPENDS)
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
	return failx("%s could neither run its program nor report why: the seccomp profile forbids "
		     "%s%s",
		     who, call, name ? "" : " it makes");
}

/* Explains the death by its status of wait(2) and the cgroup's OOM counter. */
static int explain_end(const struct start_plan *plan, struct cgroup *cgroup, const char *who,
		       int raw, bool ready)
{
	const char *when = ready ? "its program ran" : "it was ready";
	int sig = WIFSIGNALED(raw) ? WTERMSIG(raw) : 0;

	if (sig == SIGKILL && cgroup && cgroup_oom_kills(cgroup))
		return failx("container init was OOM-killed (memory limit too low?)");
	if (WITH_SECCOMP && ready && plan && plan->seccomp.len &&
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
	return explain_end(plan, cgroup, "container init", raw, true);
}

int death_explain(struct serve *s)
{
	const char *who = s->plan->enters ? "the process" : "container init";
	bool ready = s->phase > PHASE_MAKE;
	pid_t pid = s->out->pid ? s->out->pid : s->first;
	int status;

	/* After the wait the pid may be reused, so it is forgotten. */
	if (s->first == pid)
		s->first = 0;
	s->out->pid = 0;
	if (pid <= 0 || proc_wait(pid, &status) < 0)
		return failx("%s died before %s", who, ready ? "its program ran" : "it was ready");
	return explain_end(s->plan, s->out->life.cgroup, who, status, ready);
}

/*
 * The close-on-exec end of the wire is closed by execve(2) and by a death. execve(2) clears the
 * process's flag PF_FORKNOEXEC before it closes descriptors, and a death sets PF_EXITING before
 * that, so /proc shows which of them has happened. Init that waits for start has closed its end
 * itself.
 */
bool death_is_execve(const struct serve *s)
{
	struct proc_stat st;

	if (proc_stat(s->out->pid, &st) != 1) {
		err_clear("/proc hides the process (hidepid of proc(5)), which counts as alive");
		return true;
	}
	return s->plan->how->wait_start ? !st.exiting : !st.no_exec;
}
