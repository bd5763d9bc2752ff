/* super.c - the supervisor as pure functions, which get events and return actions. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The time that a container has to end after SIGKILL. After that `runc run` itself is killed. */
#define KILL_MS 5000

const struct json_word super_words[] = {
	{ "waiting", SUPER_WAITING },
	{ "starting", SUPER_STARTING },
	{ "running", SUPER_RUNNING },
	{ "backoff", SUPER_BACKOFF },
	{ "stopping", SUPER_STOPPING },
	{ "stopping", SUPER_KILLING },
	{ "stopped", SUPER_STOPPED },
	{ "ended", SUPER_ENDED },
	{ "failed", SUPER_FAILED },
	{ "disabled", SUPER_DISABLED },
	{ NULL, 0 },
};

bool super_alive(const struct super_one *o)
{
	return o->state == SUPER_STARTING || o->state == SUPER_RUNNING ||
	       o->state == SUPER_STOPPING || o->state == SUPER_KILLING;
}

/* ---- events ---------------------------------------------------------------------------------- */

bool super_readiness(const struct boot_rule *r)
{
	return r->ready_notify || r->ready_file || r->ready_command;
}

void super_started(struct super *s, size_t i, int64_t now)
{
	struct super_one *o = &s->at[i];

	if (o->state != SUPER_STARTING)
		return;
	o->state = SUPER_RUNNING;
	o->ready = !o->rule->task && !super_readiness(o->rule);
	if (o->rule->at_end && s->goal)
		return; /* the machine waits for its end until startTimeout is over */
	o->due = o->ready || o->rule->at_end ? INT64_MAX : now + o->rule->start_timeout;
}

void super_ready(struct super *s, size_t i)
{
	struct super_one *o = &s->at[i];

	if (o->state != SUPER_RUNNING)
		return;
	o->ready = true;
	o->due = INT64_MAX;
}

void super_sick(struct super *s, size_t i)
{
	super_stop(s, i, false, 0);
	s->at[i].sick = s->at[i].state == SUPER_STOPPING;
}

static int64_t next_delay(const struct super_one *o, int64_t now)
{
	const struct boot_rule *r = o->rule;

	if (!o->delay || now - o->began > r->backoff_max)
		return r->backoff_first;
	return o->delay * 2 < r->backoff_max ? o->delay * 2 : r->backoff_max;
}

void super_exit(struct super *s, size_t i, int status, enum super_wish wish, int64_t now)
{
	struct super_one *o = &s->at[i];
	bool failed = status || o->state == SUPER_STARTING || o->sick, task = o->rule->task;
	bool sick = o->sick && !o->again;

	o->status = status;
	o->ready = o->sick = false;
	if (o->again && s->goal == BOOT_WAIT) {
		super_start(s, i, now);
	} else if ((!sick && (o->state == SUPER_STOPPING || o->state == SUPER_KILLING)) ||
		   s->goal || wish == SUPER_OFF) {
		o->state = SUPER_STOPPED;
	} else if (wish == SUPER_AGAIN || (!task && o->rule->restart == BOOT_ALWAYS) ||
		   (failed && o->rule->restart != BOOT_NO)) {
		o->delay = next_delay(o, now);
		o->due = now + o->delay;
		o->state = SUPER_BACKOFF;
	} else {
		o->state = failed ? SUPER_FAILED : SUPER_ENDED;
	}
}

void super_look(struct super_one *o, int64_t now)
{
	if (o->shown != o->state)
		o->since = now;
	o->shown = o->state;
}

enum super_wish super_reason(const char *line, int status, char *out, size_t size)
{
	const char *oom = strstr(line, " oom ");
	long long limit = oom ? strtoll(oom + 5, NULL, 10) : 0;
	int n;

	if (!strcmp(line, "poweroff") || !strcmp(line, "reboot")) {
		snprintf(out, size, "asked for %s", line);
		return *line == 'p' ? SUPER_OFF : SUPER_AGAIN;
	}
	/* Without the line only the runtime's exit status is known. */
	if (!strncmp(line, "killed ", 7) || (!*line && status > 128))
		n = snprintf(out, size, "killed by signal %d",
			     *line ? atoi(line + 7) : status - 128);
	else
		n = snprintf(out, size, "ended with status %d", status);
	if (oom && n < (int)size)
		n += snprintf(out + n, size - n, ": out of memory");
	if (limit && n < (int)size)
		snprintf(out + n, size - n, ", limit %lld %s",
			 limit >> 20 ? limit >> 20 : limit >> 10, limit >> 20 ? "MiB" : "KiB");
	return SUPER_NOTHING;
}

/* ---- orders ---------------------------------------------------------------------------------- */

void super_start(struct super *s, size_t i, int64_t now)
{
	struct super_one *o = &s->at[i];

	if (s->goal || o->state == SUPER_STARTING || o->state == SUPER_RUNNING)
		return;
	if (super_alive(o) && !o->again) {
		o->again = true;
		return;
	}
	o->again = false;
	o->state = SUPER_BACKOFF;
	o->due = now;
	o->delay = 0;
	o->in_window = 0;
}

static void stop(struct super_one *o, int64_t now)
{
	o->state = SUPER_STOPPING;
	o->due = now + o->rule->stop_timeout;
}

void super_stop(struct super *s, size_t i, bool again, int64_t now)
{
	struct super_one *o = &s->at[i];

	if (!super_alive(o)) {
		if (again)
			super_start(s, i, now);
		else if (o->state == SUPER_WAITING || o->state == SUPER_BACKOFF)
			o->state = SUPER_STOPPED;
		return;
	}
	o->again = again;
	o->sick = false; /* it stops because of the request */
	/* -1: super_next has not sent the signal yet */
	if (o->state == SUPER_STARTING || o->state == SUPER_RUNNING) {
		o->state = SUPER_STOPPING;
		o->due = -1;
	}
}

void super_shutdown(struct super *s, enum boot_goal goal, int64_t now)
{
	bool second = s->goal;

	s->goal = goal;
	if (!second)
		s->reported = false;
	for (size_t i = 0; i < s->n; i++) {
		struct super_one *o = &s->at[i];

		if (o->state == SUPER_WAITING || o->state == SUPER_BACKOFF)
			o->state = SUPER_STOPPED;
		/* Containers for the shutdown run first, before the others are stopped. */
		if (!second && o->rule->at_end && !o->rule->disabled && !super_alive(o)) {
			o->state = SUPER_BACKOFF;
			o->due = now;
			o->in_window = 0;
		}
		/* One that was started before, by a request, has startTimeout from now on. */
		if (!second && o->rule->at_end && o->state == SUPER_RUNNING)
			o->due = now + o->rule->start_timeout;
		if (!second)
			continue;
		/* At a second request the containers get no more time. */
		if (o->state == SUPER_STARTING || o->state == SUPER_RUNNING ||
		    (o->state == SUPER_STOPPING && o->due > now)) {
			o->state = SUPER_STOPPING;
			o->due = now;
		}
	}
}

/* ---- actions --------------------------------------------------------------------------------- */

static bool start_unit(struct super *s, size_t i, int64_t now)
{
	struct super_one *o = &s->at[i];
	const struct boot_rule *r = o->rule;

	if (now - o->window >= r->start_interval || !o->in_window) {
		o->window = now;
		o->in_window = 0;
	}
	o->limited = r->start_count && ++o->in_window > r->start_count;
	if (o->limited) {
		o->state = SUPER_FAILED;
		return false;
	}
	o->state = SUPER_STARTING;
	o->began = now;
	o->due = now + r->start_timeout;
	o->starts++;
	s->reported = false;
	return true;
}

/* True if the container has startTimeout to become ready, which begins with its start. */
static bool must_get_ready(const struct super_one *o)
{
	return o->state == SUPER_RUNNING ||
	       (o->state == SUPER_STARTING && super_readiness(o->rule));
}

/* Checks the deadlines of a container that must become ready or must stop. */
static bool check_deadline(struct super_one *o, int64_t now, struct super_act *act)
{
	/* The container has not become ready in time. A task may need longer. */
	if (must_get_ready(o) && o->due <= now && !o->ready) {
		if (o->rule->task && !o->rule->at_end) {
			o->due = INT64_MAX;
			o->late = true;
			return false;
		}
		o->state = SUPER_STOPPING;
		o->due = -1;
		o->sick = true;
	}
	if (o->state == SUPER_STOPPING && o->due < 0) {
		stop(o, now);
		act->what = SUPER_SIGNAL;
		return true;
	}
	if (o->state == SUPER_STOPPING && o->due <= now) {
		o->state = SUPER_KILLING;
		o->due = now + KILL_MS;
		act->what = SUPER_KILL;
		return true;
	}
	if (o->state == SUPER_KILLING && o->due <= now) {
		o->due = INT64_MAX;
		act->what = SUPER_ABANDON;
		return true;
	}
	return false;
}

/* Whether a container that has d in its `after` must wait, may start, or can never start. */
enum await { AWAIT_HOLD, AWAIT_GO, AWAIT_NEVER };

static enum await await(const struct super_one *d, int when, int64_t now)
{
	if (when == BOOT_STARTED)
		return d->state == SUPER_WAITING || (d->state == SUPER_STARTING && d->due > now)
			       ? AWAIT_HOLD
			       : AWAIT_GO;
	/* A container that has ended with status 0 has finished its work. */
	if (d->state == SUPER_ENDED || (when == BOOT_READY && d->ready))
		return AWAIT_GO;
	return d->state == SUPER_FAILED ? AWAIT_NEVER : AWAIT_HOLD;
}

/* Starts the first container that need not wait for its `after` any more. */
static bool first_start(struct super *s, int64_t now, size_t *i)
{
	for (*i = 0; *i < s->n; ++*i) {
		struct super_one *o = &s->at[*i];
		enum await all = AWAIT_GO;

		for (size_t k = 0; o->state == SUPER_WAITING && k < o->nafter && all != AWAIT_NEVER;
		     k++) {
			enum await one = await(&s->at[o->after[k]], o->when, now);

			all = one == AWAIT_GO ? all : one;
		}
		if (all == AWAIT_NEVER) {
			o->state = SUPER_FAILED;
			o->blocked = true;
		}
		if (o->state == SUPER_WAITING && all == AWAIT_GO && start_unit(s, *i, now))
			return true;
	}
	return false;
}

static bool all_ended(const struct super *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->at[i].state < SUPER_ENDED)
			return false;
	return true;
}

/* Stops one container of which all that have it in their `after`, directly or not, have ended. */
static bool next_down(struct super *s, int64_t now, struct super_act *act)
{
	bool any = false;

	for (size_t i = 0; i < s->n; i++) {
		const struct super_one *o = &s->at[i];

		if (o->rule->at_end && super_alive(o) &&
		    !(o->state == SUPER_STARTING && o->due <= now))
			return false;
		s->at[i].held = false;
	}
	for (size_t i = s->n; i--;) {
		struct super_one *o = &s->at[i];

		for (size_t k = 0; k < o->nafter && (o->held || super_alive(o)); k++)
			s->at[o->after[k]].held = true;
		any |= super_alive(o);
		if (o->held || (o->state != SUPER_STARTING && o->state != SUPER_RUNNING))
			continue;
		stop(o, now);
		*act = (struct super_act){ SUPER_SIGNAL, i };
		return true;
	}
	act->what = SUPER_DOWN;
	return !any;
}

bool super_next(struct super *s, int64_t now, struct super_act *act)
{
	for (size_t i = 0; i < s->n; i++) {
		struct super_one *o = &s->at[i];

		act->i = i;
		if (check_deadline(o, now, act))
			return true;
		act->what = SUPER_START;
		if (o->state == SUPER_BACKOFF && o->due <= now && start_unit(s, i, now))
			return true;
	}
	if (s->reported)
		return false;
	if (s->goal) {
		if (!next_down(s, now, act))
			return false;
		s->reported = act->what == SUPER_DOWN;
		return true;
	}
	act->what = SUPER_START;
	if (first_start(s, now, &act->i))
		return true;
	if (!all_ended(s))
		return false;
	act->what = SUPER_DONE;
	s->reported = true;
	return true;
}

int64_t super_due(const struct super *s)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < s->n; i++) {
		const struct super_one *o = &s->at[i];

		if ((o->state == SUPER_BACKOFF || (o->state == SUPER_STARTING && o->rule->at_end) ||
		     o->state == SUPER_STOPPING || o->state == SUPER_KILLING ||
		     must_get_ready(o)) &&
		    o->due < due)
			due = o->due;
		/* The next container waits for a start only until startTimeout. */
		for (size_t k = 0; o->state == SUPER_WAITING && !s->goal && k < o->nafter; k++) {
			const struct super_one *d = &s->at[o->after[k]];

			if (o->when == BOOT_STARTED && d->state == SUPER_STARTING && d->due < due)
				due = d->due;
		}
	}
	return due;
}
