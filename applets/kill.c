/* kill.c - kill, pause, resume: what is done to a running container. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

struct kill_opts {
	bool all, regex;
};

static int kill_one(const char *id, int sig, bool all)
{
	struct life life __cleanup(life_close) = LIFE_INIT;

	if (life_open(&arena, globals.root, id, LIFE_LOOK, &life) < 0)
		return -1;
	return life_kill(&arena, &life, sig, all);
}

struct kill_how {
	int sig;
	bool all;
};

static int kill_each(const char *id, const void *arg)
{
	const struct kill_how *how = arg;

	return kill_one(id, how->sig, how->all);
}

static int kill_run(void *opts, int argc, char **argv)
{
	const struct kill_opts *o = opts;
	const char *name = argc > 1 && *argv[1] ? argv[1] : "TERM";
	int sig = proc_signal(name);

	if (sig < 0)
		return failx("unknown signal \"%s\"", name);
	if (o->regex)
		return runc_each(argv[0], kill_each, &(struct kill_how){ sig, o->all });
	return kill_one(argv[0], sig, o->all);
}

static const struct opt kill_opts[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct kill_opts, all), NULL,
	  "signal every process of the container's cgroup; a stopped container is not an error" },
	{ "regex", 'r', OPT_FLAG, offsetof(struct kill_opts, regex), NULL,
	  "ID is a regular expression: signal all containers it matches" },
	{ NULL },
};

const struct applet kill_applet = {
	.name = "kill",
	.args = "ID [SIGNAL]",
	.summary = "send a signal to a container's init, TERM unless another is named",
	.text = "SIGNAL is a number or a name, with or without SIG. KILL reaches every process "
		"also where the container shares its pid namespace.",
	.opts = kill_opts,
	.opts_size = sizeof(struct kill_opts),
	.args_min = 1,
	.args_max = 2,
	.run = kill_run,
};

/* ---- pause and resume ------------------------------------------------------------------------ */

static int freeze_one(const char *id, bool frozen)
{
	struct life life __cleanup(life_close) = LIFE_INIT;

	if (life_open(&arena, globals.root, id, LIFE_LOCK, &life) < 0)
		return -1;
	return life_freeze(&life, frozen);
}

static int pause_run(void *opts, int argc, char **argv)
{
	return freeze_one(argv[0], true);
}

static int resume_run(void *opts, int argc, char **argv)
{
	return freeze_one(argv[0], false);
}

const struct applet pause_applet = {
	.name = "pause",
	.args = "ID",
	.summary = "suspend all processes of a container",
	.args_min = 1,
	.args_max = 1,
	.run = pause_run,
};

const struct applet resume_applet = {
	.name = "resume",
	.args = "ID",
	.summary = "resume the processes of a paused container",
	.args_min = 1,
	.args_max = 1,
	.run = resume_run,
};
