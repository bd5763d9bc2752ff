/* begin.c - start: lets a created init execute its program, and reports if it has died. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <poll.h>

/* Waits until init's ends of the fifo are closed, by execve(2) or by its death. */
static void wait_closed(int fifo, int pidfd)
{
	struct pollfd fds[2] = { { fifo, 0, 0 }, { pidfd, POLLIN, 0 } };

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
}

/*
 * Explains the death of init by its seccomp profile. raw is its status of wait(2); 0: the status is
 * unknown; -1: it is not known whether init has died. Then it counts as dead if the profile kills
 * for execve(2). Otherwise its program has begun, and this returns 0.
 */
static int explain(struct arena *a, struct life *l, int raw)
{
	static struct oci_linux no_linux;
	struct launch how = { .root = l->root, .id = l->state.id, .wait_start = true };
	struct oci_doc doc = { 0 };
	struct start_plan plan = PLAN_INIT(a, &how);

	if (life_config(a, l, &doc) < 0) {
		err_clear("its profile is unknown");
		return raw < 0 ? 0 : death_of_init(NULL, l->cgroup, raw);
	}
	if (!doc.config.linux)
		doc.config.linux = &no_linux;
	plan.doc = &doc;
	plan.config = &doc.config;
	plan.process = doc.config.process;
	if (launch_seccomp(&plan) < 0)
		err_clear("its profile is unknown");
	if (raw < 0 && seccomp_verdict(&plan.seccomp, SYS_execve) != SECCOMP_KILLS)
		return 0;
	return death_of_init(&plan, l->cgroup, raw < 0 ? SIGSYS : raw);
}

/*
 * The end of the fifo means that the program has begun or that init has died; /proc/PID/stat shows
 * which (death.c). If the parent of init has waited for it already, or /proc hides it (hidepid of
 * proc(5)), the fifo and the seccomp profile are used.
 */
static int check_begun(struct arena *a, struct life *l, int fifo)
{
	struct proc_stat st = { 0 };
	int found = proc_stat(l->state.pid, &st), reason;

	if (found < 0)
		err_clear("init counts as hidden");
	found = found == 1 && life_is_init(l, &st);
	if (found && !st.no_exec)
		return 0;
	reason = fifo_reason(fifo);
	if (reason > 0)
		return -1;
	return explain(a, l, found ? st.raw : reason);
}

/* Waits for the end of init, so that the container is stopped when `start` reports its failure. */
static int fail_stopped(struct arena *a, struct life *l)
{
	struct err_kept why = err_keep(a);

	if (life_ending(l) < 0)
		log_warn("%s", err_text());
	return err_again(why);
}

int begin(struct arena *a, struct life *l)
{
	int fifo __cleanup(fd_close) = -1;

	if (fifo_release(l, &fifo) < 0)
		return -1;
	/* A fifo that remains does no harm, because no process reads it any more. */
	fifo_remove(l);
	/* `start` returns when the payload runs. */
	if (fifo >= 0) {
		wait_closed(fifo, l->pidfd);
		if (check_begun(a, l, fifo) < 0)
			return fail_stopped(a, l);
		if (life_note_start(a, l) < 0)
			return -1;
	}
	life_unlock(l);
	if (life_poststart(a, l) < 0) {
		/* The container is stopped and deleted (runtime-spec "Lifecycle", step 9). */
		struct err_kept why = err_keep(a);

		if (life_take_down(a, l) < 0)
			log_warn("%s", err_text());
		return err_again(why);
	}
	return 0;
}
