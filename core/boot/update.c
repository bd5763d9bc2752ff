/* update.c - tries a container's other bundle, and keeps it or returns to the one before. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <string.h>

void unit_use(struct unit *u, int slot)
{
	u->slot = slot;
	u->dir = u->argv[5] = (char *)u->slots[slot].dir;
	u->config = u->slots[slot].config;
}

#if WITH_UPDATE

/* ---- the decision ---------------------------------------------------------------------------- */

enum trial_verdict trial_judge(struct trial *t, const struct super_one *o, bool healthy,
			       int64_t now)
{
	t->due = INT64_MAX;
	/* The container with the old bundle has not been replaced yet. */
	if (o->starts == t->starts)
		return o->state >= SUPER_STOPPED ? TRIAL_BACK : TRIAL_WAIT;
	if (o->starts != t->starts + 1)
		return TRIAL_BACK;
	switch (o->state) {
	case SUPER_STARTING:
		t->due = o->began + o->rule->start_timeout;
		return now < t->due ? TRIAL_WAIT : TRIAL_BACK;
	case SUPER_RUNNING:
		if (!o->ready)
			/* super.c stops it after startTimeout; a task may run as long as it
			 * takes */
			return TRIAL_WAIT;
		if (!t->until)
			t->until = now + o->rule->grace;
		if (now >= t->until)
			return healthy ? TRIAL_KEEP
				       : TRIAL_WAIT; /* the next health check decides */
		t->due = t->until;
		return TRIAL_WAIT;
	case SUPER_STOPPING:
	case SUPER_KILLING: return TRIAL_WAIT;
	case SUPER_ENDED: return o->rule->task ? TRIAL_KEEP : TRIAL_BACK;
	default: return TRIAL_BACK;
	}
}

/* ---- the action ------------------------------------------------------------------------------ */

const char *update_begin(struct machine *m, size_t i, const char *slot, int64_t now)
{
	struct unit *u = &m->units[i];
	int to = !strcmp(slot, "B");

	if (!u->slots[0].dir)
		return "it has no bundles A and B";
	if (u->trial.state)
		return "an update is going on";
	if (to == u->slot)
		return "this bundle is in use";
	u->trial = (struct trial){ .state = TRIAL_RUNS, .starts = m->super.at[i].starts };
	unit_use(u, to);
	super_stop(&m->super, i, true, now);
	return NULL;
}

static void go_back(struct machine *m, size_t i, int64_t now)
{
	struct unit *u = &m->units[i];
	bool stopped = m->super.at[i].state == SUPER_STOPPED;

	u->trial.state = TRIAL_NONE;
	unit_use(u, !u->slot);
	console_say("%s: the bundle %s does not work: back to %s", u->name, slot_names[!u->slot],
		    slot_names[u->slot]);
	/* A container that a request has stopped is not started again. */
	if (!stopped)
		super_stop(&m->super, i, true, now);
}

/* A child writes the link, because a disk may hang. */
static void keep_slot(struct machine *m, size_t i, int64_t now)
{
	struct unit *u = &m->units[i];

	u->trial.state = TRIAL_WRITES;
	u->trial.due = INT64_MAX;
	u->trial.pid = fork();
	if (!u->trial.pid) {
		if (!slots_switch(u->top, u->slot))
			_exit(0);
		console_child();
		fail_in("%s", u->name);
		console_error();
		_exit(1);
	}
	if (u->trial.pid > 0)
		return;
	fail("%s: start a process that keeps its bundle", u->name);
	console_error();
	go_back(m, i, now);
}

int64_t update_turn(struct machine *m, int64_t now)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < m->n && !m->super.goal; i++) {
		const struct unit *u = &m->units[i];
		struct trial *t = &m->units[i].trial;
		enum trial_verdict v = TRIAL_WAIT;

		if (t->state == TRIAL_RUNS)
			v = trial_judge(t, &m->super.at[i], !u->rule.health || u->probe.good, now);
		if (v == TRIAL_KEEP)
			keep_slot(m, i, now);
		if (v == TRIAL_BACK)
			go_back(m, i, now);
		if (t->state == TRIAL_RUNS && t->due < due)
			due = t->due;
	}
	return due;
}

bool update_ended(struct machine *m, pid_t pid, int status, int64_t now)
{
	for (size_t i = 0; i < m->n; i++) {
		struct unit *u = &m->units[i];

		if (u->trial.state != TRIAL_WRITES || u->trial.pid != pid)
			continue;
		u->trial.state = TRIAL_NONE;
		if (status)
			go_back(m, i, now);
		else
			console_say("%s: the bundle %s works and is kept", u->name,
				    slot_names[u->slot]);
		return true;
	}
	return false;
}

#endif
