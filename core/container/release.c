/* release.c - whether a container can be started, and its poststart hooks. */
/* SPDX-License-Identifier: MIT */
#include "core/container/container.h"

/* runc's messages for a container that cannot be started. */
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

	/* runc has run them at create. */
	if (!WITH_HOOKS || !l->state.hooks || l->state.foreign)
		return 0;
	if (life_config(a, l, &doc) < 0)
		return -1;
	return hooks_run(a, &(struct hook_run){ .name = "poststart",
						.hooks = &doc.config.hooks->poststart,
						.state = &l->state,
						.status = OCI_RUNNING,
						.pid = l->state.pid });
}
