/* start.c - let a created container execute its program. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <stdlib.h>

static int start_run(void *opts, int argc, char **argv)
{
	struct life life __cleanup(life_close) = LIFE_INIT;
	struct service service = SERVICE_INIT;

	/* Under the lock only one of two starts finds the container created. */
	if (life_open(&arena, globals.root, argv[0], LIFE_LOCK, &life) < 0)
		return -1;
	if (life_startable(&life) < 0 ||
	    service_listen(&life, getenv("NOTIFY_SOCKET"), &service) < 0 ||
	    begin(&arena, &life) < 0)
		return -1;
	service_wait(&service, &life, life.pidfd);
	return 0;
}

const struct applet start_applet = {
	.name = "start",
	.args = "ID",
	.summary = "execute the program of a created container",
	.args_min = 1,
	.args_max = 1,
	.run = start_run,
};
