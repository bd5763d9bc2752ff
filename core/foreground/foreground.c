/* foreground.c - `run` and `exec` in the foreground: wait for the end, record it, delete. */
/* SPDX-License-Identifier: MIT */
#include "core/foreground/foreground.h"

/* Writes the exit file before the cgroup is removed, which has the counter of the OOM killer. */
static void leave_ending(const struct started *s, const char *file, int raw)
{
	struct ending e = { .raw = raw, .own_pids = s->life.state.own_pid_ns, .limit = s->memory };

	if (!file)
		return;
	if (raw && s->life.cgroup)
		e.kills = cgroup_oom_kills(s->life.cgroup);
	if (ending_write(file, &e) < 0)
		log_warn("%s", err_text());
}

/* Kills and deletes a container that we cannot wait for. The error record stays. */
static int end_unwatched(struct arena *a, struct started *s)
{
	struct err_kept why = err_keep(a);

	clone_end(&s->pid);
	s->life.status = OCI_STOPPED;
	if (life_take_down(a, &s->life) < 0)
		log_warn("cleaning up: %s", err_text());
	return err_again(why);
}

int foreground_run(struct arena *a, struct started *s, bool keep, const char *exit_file)
{
	int status, raw = 0;

	status = wait_foreground(s->pid, s->master, &s->service, &raw);
	if (status >= 0)
		leave_ending(s, exit_file, raw);
	if (keep)
		return status;
	if (status < 0)
		return end_unwatched(a, s);
	s->life.status = OCI_STOPPED;
	fd_close(&s->life.pidfd);
	return life_take_down(a, &s->life) < 0 ? -1 : status;
}

int foreground_exec(struct started *s)
{
	int raw, status = wait_foreground(s->pid, s->master, &s->service, &raw);

	if (status < 0)
		clone_end(&s->pid);
	return status;
}
