/* update_test.c - when a new bundle is kept, and when the one before comes back. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include "tests/tap.h"

static bool healthy = true;
static struct boot_rule rule = { .start_timeout = 300, .grace = 1000 };

/* The verdict for a container in this state, which has been started `starts` times; 5 before. */
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
	   "the one before stops");
	ok(judge(&t, SUPER_BACKOFF, 5, false, 50) == TRIAL_WAIT, "it has stopped");
	ok(judge(&t, SUPER_STOPPED, 5, false, 50) == TRIAL_BACK,
	   "an order has stopped it for good");
	ok(judge(&t, SUPER_FAILED, 5, false, 50) == TRIAL_BACK, "it is not started again");
	ok(judge(&t, SUPER_STARTING, 6, false, 100) == TRIAL_WAIT && t.due == 400, "it starts");
	ok(judge(&t, SUPER_STARTING, 6, false, 400) == TRIAL_BACK, "it has not started in time");
	ok(judge(&t, SUPER_RUNNING, 6, false, 900) == TRIAL_WAIT && t.due == INT64_MAX,
	   "it runs, and is not ready");
	ok(judge(&t, SUPER_RUNNING, 6, true, 900) == TRIAL_WAIT && t.due == 1900, "it is ready");
	ok(judge(&t, SUPER_RUNNING, 6, true, 1899) == TRIAL_WAIT && t.due == 1900,
	   "it must work for the whole time");
	healthy = false;
	ok(judge(&t, SUPER_RUNNING, 6, true, 1900) == TRIAL_WAIT && t.due == INT64_MAX,
	   "it has, but no health check has succeeded");
	healthy = true;
	ok(judge(&t, SUPER_RUNNING, 6, true, 1900) == TRIAL_KEEP, "then one has");
	ok(judge(&t, SUPER_RUNNING, 7, true, 1900) == TRIAL_BACK, "it was started twice");
	ok(judge(&t, SUPER_STOPPING, 6, false, 1000) == TRIAL_WAIT, "it is sick and stops");
	ok(judge(&t, SUPER_BACKOFF, 6, false, 1000) == TRIAL_BACK &&
		   judge(&t, SUPER_FAILED, 6, false, 1000) == TRIAL_BACK &&
		   judge(&t, SUPER_ENDED, 6, false, 1000) == TRIAL_BACK &&
		   judge(&t, SUPER_STOPPED, 6, false, 1000) == TRIAL_BACK,
	   "it has ended");
	rule.task = true;
	ok(judge(&t, SUPER_ENDED, 6, false, 1000) == TRIAL_KEEP, "a task that has ended well");
	ok(judge(&t, SUPER_FAILED, 6, false, 1000) == TRIAL_BACK, "a task that has failed");
	return done();
}
