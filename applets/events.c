/* events.c - statistics and out-of-memory events of a container, a JSON object a line. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

struct events_opts {
	const char *interval;
	bool stats;
};

static int events_run(void *opts, int argc, char **argv)
{
	return failx("events is not built in yet");
}

static const struct opt events_opts[] = {
	{ "interval", 0, OPT_STR, offsetof(struct events_opts, interval), "TIME",
	  "time between two statistics: 500ms, 5s (default), 1m" },
	{ "stats", 0, OPT_FLAG, offsetof(struct events_opts, stats), NULL, "print the statistics once and leave" },
	{ NULL },
};

const struct applet events_applet = {
	.name = "events",
	.args = "ID",
	.summary = "print statistics and out-of-memory events of a container",
	.opts = events_opts,
	.opts_size = sizeof(struct events_opts),
	.args_min = 1,
	.args_max = 1,
	.run = events_run,
};
