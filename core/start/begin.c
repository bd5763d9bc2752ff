/* begin.c - the parent of start: a created init executes its program, or is found dead. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <poll.h>

/* Init has read the byte, and has executed the program or died, when its end of the fifo is closed. */
static void wait_closed(int fifo, int pidfd)
{
	struct pollfd fds[2] = { { fifo, 0, 0 }, { pidfd, POLLIN, 0 } };

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
}

/*
 * Why init died, from the profile that it was under. raw is its status of wait(2), 0: not known; -1: not even that
 * it died is known, unless the profile kills for execve(2). Returns 0 then: the program has begun.
 */
static int explain(struct arena *a, struct life *l, int raw)
{
	static struct oci_linux no_linux;
	struct launch how = { .root = l->root, .id = l->state.id, .wait_start = true };
	struct oci_doc doc = { 0 };
	struct start_plan plan = PLAN_INIT(a, &how);

	if (life_config(a, l, &doc) < 0) {
		err_clear("its profile is not known then");
		return raw < 0 ? 0 : death_of_init(NULL, l->cgroup, raw);
	}
	if (!doc.config.linux)
		doc.config.linux = &no_linux;
	plan.doc = &doc;
	plan.config = &doc.config;
	plan.process = doc.config.process;
	if (launch_seccomp(&plan) < 0)
		err_clear("its profile is not known then");
	if (raw < 0 && seccomp_asks(&plan.seccomp, SYS_execve) != SECCOMP_KILLS)
		return 0;
	return death_of_init(&plan, l->cgroup, raw < 0 ? SIGSYS : raw);
}

/*
 * The end of the fifo means that the program has begun, or that init has died; /proc/PID/stat tells the two
 * apart (death.c). Of a process that its parent has waited for already, or that is hidden (hidepid of proc(5)),
 * the fifo and the profile say what can still be known.
 */
static int check_begun(struct arena *a, struct life *l, int fifo)
{
	struct proc_stat st = { 0 };
	int found = proc_stat(l->state.pid, &st), reason;

	if (found < 0)
		err_clear("then it counts as hidden");
	found = found == 1 && st.start == l->state.start_time;
	if (found && !st.no_exec)
		return 0;
	reason = fifo_reason(fifo);
	if (reason > 0)
		return -1;
	return explain(a, l, found ? st.raw : reason);
}

/* Whoever sees that start has failed finds the container stopped. */
static int fail_stopped(struct arena *a, struct life *l)
{
	char *text = arena_strdup(a, err_text());

	if (life_ending(l) < 0)
		log_warn("%s", err_text());
	return fail_take(0, text);
}

int begin(struct arena *a, struct life *l)
{
	int fifo __cleanup(fd_close) = -1;

	if (fifo_release(l, &fifo) < 0)
		return -1;
	/* What is left of the fifo is removed here; that nobody reads it any more is what counts. */
	fifo_remove(l);
	/* Who is told "started" finds the payload, not us on the way to it. */
	if (fifo >= 0) {
		wait_closed(fifo, l->pidfd);
		if (check_begun(a, l, fifo) < 0)
			return fail_stopped(a, l);
	}
	life_unlock(l);
	if (life_poststart(a, l) < 0) {
		/* The container is stopped and deleted (runtime-spec "Lifecycle", step 9). */
		char *text = arena_strdup(a, err_text());

		if (life_destroy(a, l) < 0)
			log_warn("%s", err_text());
		return fail_take(0, text);
	}
	return 0;
}
