/* release.c - start: a created init executes its program, and poststart hooks run. */
/* SPDX-License-Identifier: MIT */
#include "core/container/container.h"

#include <poll.h>

/* Why a container in this state cannot be started; runc's words. */
static const char *const refusals[] = {
	[OCI_CREATING] = "cannot start a container that is still being created",
	[OCI_RUNNING] = "cannot start an already running container",
	[OCI_PAUSED] = "cannot start a container in the paused state",
	[OCI_STOPPED] = "cannot start a container that has stopped",
};

int life_startable(const struct life *l)
{
	return l->status == OCI_CREATED ? 0 : failx("%s", refusals[l->status]);
}

int life_poststart(struct arena *a, struct life *l)
{
	struct oci_doc doc = { 0 };

	/* runc runs them at create. */
	if (!l->state.hooks || l->state.foreign)
		return 0;
	if (life_config(a, l, &doc) < 0)
		return -1;
	return hooks_run(a, &(struct hook_run){ .name = "poststart",
						.hooks = &doc.config.hooks->poststart,
						.state = &l->state,
						.status = OCI_RUNNING,
						.pid = l->state.pid });
}

/* Init has read the byte and executed the payload when its end of the fifo is closed. */
static void wait_executed(int fifo, int pidfd)
{
	struct pollfd fds[2] = { { fifo, 0, 0 }, { pidfd, POLLIN, 0 } };

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
}

int life_start(struct arena *a, struct life *l)
{
	int fifo __cleanup(fd_close) = -1;

	if (fifo_release(l, &fifo) < 0)
		return -1;
	/* What is left of the fifo is removed here; that nobody reads it any more is what counts. */
	fifo_remove(l);
	/* Who is told "started" finds the payload, not us on the way to it. */
	if (fifo >= 0)
		wait_executed(fifo, l->pidfd);
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
