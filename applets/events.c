/* events.c - statistics and out-of-memory events of a container, a JSON object a line. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <poll.h>

struct events_opts {
	const char *interval;
	bool stats;
};

/* ---- lines ----------------------------------------------------------------------------------- */

/* All lines use the same memory, because this may run for months. */
static struct json_out *begin_line(const char *type, const char *id)
{
	static LARGE char block[256 << 10];
	static struct json_out out, *o = &out;
	static struct arena line;

	arena_init(&line, block, sizeof(block));
	out = (struct json_out){ .arena = &line };
	json_open(o, NULL, '{');
	json_put_str(o, "type", type);
	json_put_str(o, "id", id);
	return o;
}

static int end_line(struct json_out *o)
{
	json_close(o, '}');
	return applet_print(o->buf, o->len) < 0 ? -1 : applet_print("\n", 1);
}

static int print_oom(const char *id)
{
	return end_line(begin_line("oom", id));
}

static int print_stats(struct life *life)
{
	struct json_out *o = begin_line("stats", life->state.id);
	struct cgroup_stats stats = { 0 };

	if (cgroup_stats(life->cgroup, o->arena, &stats) < 0)
		return -1;
	json_open(o, "data", '{');
	cgroup_stats_put(o, &stats);
	json_open(o, "intel_rdt", '{');
	json_close(o, '}');
	json_put_text(o, "network_interfaces", "null");
	json_close(o, '}');
	return end_line(o);
}

/* ---- the stream ------------------------------------------------------------------------------ */

/* Reports every event that is there: the container may have ended after it. Returns 1 to go on, 0
 * when the container has ended, -1. */
static int serve_oom(struct cgroup_oom *oom, const char *id)
{
	int r;

	while ((r = cgroup_oom_read(oom)) > 0)
		if (print_oom(id) < 0)
			return -1;
	return r == 0;
}

/* The statistics of a container that ends meanwhile are not a failure. */
static int serve_stats(struct life *life)
{
	if (print_stats(life) == 0)
		return 1;
	if (life_there(life))
		return -1;
	err_clear("the container has ended");
	return 0;
}

static int stream(struct life *life, struct cgroup_oom *oom, int64_t interval)
{
	struct pollfd fds[] = { { oom->fd, POLLIN, 0 }, { life->pidfd, POLLIN, 0 } };
	/* KERNEL 5.3: pidfd_open(2) (ENOSYS); without it this looks at /proc ten times a second. */
	int64_t most = life->pidfd < 0 ? 100 : 3600000;
	int64_t due = clock_ms() + interval, left;
	int n, r = 1;

	while (r > 0) {
		left = due - clock_ms();
		n = left <= 0 ? 0 : poll(fds, ARRAY_SIZE(fds), left > most ? (int)most : (int)left);
		if (n < 0 && errno != EINTR)
			return fail("wait for events");
		if (n > 0 && fds[0].revents)
			r = serve_oom(oom, life->state.id);
		if (r > 0 && ((n > 0 && fds[1].revents) || (life->pidfd < 0 && !life_there(life))))
			r = 0; /* what came before its end has been reported */
		if (r > 0 && clock_ms() >= due) {
			r = serve_stats(life);
			/* Times that have passed meanwhile are left out. */
			due += interval * ((clock_ms() - due) / interval + 1);
		}
	}
	return r;
}

static int watch(struct life *life, int64_t interval)
{
	struct cgroup_oom oom = { .fd = -1, .events = -1, .populated = -1 };
	int r;

	if (cgroup_oom_open(life->cgroup, &oom) < 0) {
		/* Statistics go on without the events: poll(2) ignores the descriptor -1. */
		log_warn("out-of-memory events cannot be reported: %s", err_text());
		err_clear("only a part of the stream is missing");
	}
	r = stream(life, &oom, interval);
	cgroup_oom_close(&oom);
	return r;
}

static int events_run(void *opts, int argc, char **argv)
{
	struct life life __cleanup(life_close) = LIFE_INIT;
	const struct events_opts *o = opts;
	int64_t interval = 5000;

	if (o->interval && !clock_duration(o->interval, &interval))
		return failx("invalid value \"%s\" for flag -interval: must be a duration such as "
			     "500ms, 5s, 1m",
			     o->interval);
	if (interval <= 0)
		return failx("duration interval must be greater than 0");
	if (life_open(&arena, globals.root, argv[0], LIFE_LOOK, &life) < 0)
		return -1;
	if (life.status == OCI_STOPPED)
		return failx("container with id %s is not running", argv[0]);
	if (!WITH_CGROUP)
		return not_built("WITH_CGROUP", "cgroups");
	if (!life.cgroup)
		return failx("container %s has no cgroup: there is nothing to count", argv[0]);
	return o->stats ? print_stats(&life) : watch(&life, interval);
}

static const struct opt events_opts[] = {
	{ "interval", 0, OPT_STR, offsetof(struct events_opts, interval), "TIME",
	  "time between two statistics: 500ms, 5s (default), 1m" },
	{ "stats", 0, OPT_FLAG, offsetof(struct events_opts, stats), NULL,
	  "print the statistics once and leave" },
	{ NULL },
};

const struct applet events_applet = {
	.name = "events",
	.args = "ID",
	.summary = "print statistics and out-of-memory events of a container",
	.text = "Each line is a JSON object with type, id and data. It ends with the container.",
	.opts = events_opts,
	.opts_size = sizeof(struct events_opts),
	.args_min = 1,
	.args_max = 1,
	.run = events_run,
};
