/* update_test.c - when a new bundle is kept, and when the old one is used again. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include "tests/tap.h"

static bool healthy = true;
static struct boot_rule rule = { .start_timeout = 300, .grace = 1000 };

/* The verdict for a container in this state that was started `starts` times, 5 of them before the
 * trial. */
static enum trial_verdict judge(struct trial *t, enum super_state state, unsigned starts,
				bool ready, int64_t now)
{
	const struct super_one o = {
		.rule = &rule, .state = state, .starts = starts, .ready = ready, .began = 100
	};

	return trial_judge(t, &o, healthy, now);
}

int main(void)
{
	struct trial t = { .state = TRIAL_RUNS, .starts = 5 };

	ok(judge(&t, SUPER_STOPPING, 5, false, 50) == TRIAL_WAIT && t.due == INT64_MAX,
	   "wait: the container with the old bundle stops");
	ok(judge(&t, SUPER_BACKOFF, 5, false, 50) == TRIAL_WAIT,
	   "wait: it is about to be started with the new bundle");
	ok(judge(&t, SUPER_STOPPED, 5, false, 50) == TRIAL_BACK,
	   "back: a request has stopped it before the new bundle was started");
	ok(judge(&t, SUPER_FAILED, 5, false, 50) == TRIAL_BACK,
	   "back: it has failed before the new bundle was started");
	ok(judge(&t, SUPER_STARTING, 6, false, 100) == TRIAL_WAIT && t.due == 400,
	   "wait: the new bundle starts");
	ok(judge(&t, SUPER_STARTING, 6, false, 400) == TRIAL_BACK,
	   "back: the new bundle has not started within startTimeout");
	ok(judge(&t, SUPER_RUNNING, 6, false, 900) == TRIAL_WAIT && t.due == INT64_MAX,
	   "wait: the new bundle runs and is not ready");
	ok(judge(&t, SUPER_RUNNING, 6, true, 900) == TRIAL_WAIT && t.due == 1900,
	   "wait: the new bundle is ready, and updateGrace begins");
	ok(judge(&t, SUPER_RUNNING, 6, true, 1899) == TRIAL_WAIT && t.due == 1900,
	   "wait: updateGrace has not ended");
	healthy = false;
	ok(judge(&t, SUPER_RUNNING, 6, true, 1900) == TRIAL_WAIT && t.due == INT64_MAX,
	   "wait: updateGrace has ended, but no health check has succeeded");
	healthy = true;
	ok(judge(&t, SUPER_RUNNING, 6, true, 1900) == TRIAL_KEEP,
	   "keep: a health check has succeeded");
	ok(judge(&t, SUPER_RUNNING, 7, true, 1900) == TRIAL_BACK,
	   "back: the new bundle was started twice");
	ok(judge(&t, SUPER_STOPPING, 6, false, 1000) == TRIAL_WAIT,
	   "wait: the new bundle is stopped");
	ok(judge(&t, SUPER_BACKOFF, 6, false, 1000) == TRIAL_BACK &&
		   judge(&t, SUPER_FAILED, 6, false, 1000) == TRIAL_BACK &&
		   judge(&t, SUPER_ENDED, 6, false, 1000) == TRIAL_BACK &&
		   judge(&t, SUPER_STOPPED, 6, false, 1000) == TRIAL_BACK,
	   "back: the new bundle has ended");
	rule.task = true;
	ok(judge(&t, SUPER_ENDED, 6, false, 1000) == TRIAL_KEEP,
	   "keep: a task has ended with status 0");
	ok(judge(&t, SUPER_FAILED, 6, false, 1000) == TRIAL_BACK, "back: a task has failed");
	return done();
}
