/* kill.c - kill, pause, resume: what is done to a running container. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

struct kill_opts {
	bool all, regex;
};

/* Every process of the cgroup. Reached also when init is gone: of a shared pid namespace
 * others may be left. */
static int kill_all(struct life *life, int sig)
{
	if (life->cgroup)
		return cgroup_kill(life->cgroup, sig);
	if (life->status == OCI_STOPPED)
		return 0;
	log_warn("container %s has no cgroup: only its init gets the signal", life->state.id);
	return life_signal(life, sig);
}

/* In a shared pid namespace the others live on when init is dead. */
static bool others_left(struct life *life)
{
	cgroup_pids left;

	if (life->state.own_pid_ns || !life->cgroup)
		return false;
	if (cgroup_procs(life->cgroup, &arena, &left) == 0)
		return left.n;
	err_clear("the cgroup is gone, and they with it");
	return false;
}

static int kill_one(const char *id, int sig, bool all)
{
	struct life life __cleanup(life_close) = LIFE_INIT;
	int r;

	if (life_open(&arena, globals.root, id, LIFE_LOOK, &life) < 0)
		return -1;
	if (life.status == OCI_STOPPED && !all && !(sig == SIGKILL && others_left(&life)))
		return failx("container not running");
	/* with a pid namespace of its own, the death of init takes the others along (checklist V-17) */
	if (all || (sig == SIGKILL && !life.state.own_pid_ns && life.cgroup))
		r = kill_all(&life, sig);
	else
		r = life_signal(&life, sig);
	/* Under cgroup v1 what is frozen dies only when it thaws: as a pause left it, or by its own hand, which
	 * then must not freeze it again. */
	if (r == 0 && sig == SIGKILL && life.cgroup) {
		if (life.status == OCI_PAUSED && cgroup_layout() != CGROUP_V2 &&
		    cgroup_freeze(life.cgroup, false) < 0)
			err_clear("it thawed or was removed by itself");
		r = cgroup_thaw(life.cgroup, life.state.pid);
		if (r > 0)
			r = cgroup_kill(life.cgroup, sig);
	}
	return r;
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
	  "signal every process of the container's cgroup; one that has stopped is not an error" },
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

/* ---- pause and resume ----------------------------------------------------------------------------------- */

static int freeze(const char *id, bool frozen)
{
	struct life life __cleanup(life_close) = LIFE_INIT;

	if (life_open(&arena, globals.root, id, LIFE_LOCK, &life) < 0)
		return -1;
	if (frozen && life.status != OCI_RUNNING && life.status != OCI_CREATED)
		return failx("container not running");
	if (!frozen && life.status != OCI_PAUSED)
		return failx("container not paused");
	if (!life.cgroup)
		return failx("cannot %s container %s: it has no cgroup",
			     frozen ? "pause" : "resume", id);
	return cgroup_freeze(life.cgroup, frozen);
}

static int pause_run(void *opts, int argc, char **argv)
{
	return freeze(argv[0], true);
}

static int resume_run(void *opts, int argc, char **argv)
{
	return freeze(argv[0], false);
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
	.summary = "let the processes of a paused container go on",
	.args_min = 1,
	.args_max = 1,
	.run = resume_run,
};
