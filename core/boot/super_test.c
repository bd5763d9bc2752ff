/* super_test.c - the supervisor: order, restarts, limits, deadlines; no process and no clock. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"
#include "tests/tap.h"

#include <string.h>

#define is_int(got, want, ...) ok((got) == (want), __VA_ARGS__)

static struct boot_rule rule;
static struct super_one ones[3];
static struct super s;
static const size_t backwards[] = { 1, 0 };
static const size_t chain[] = { 0, 0, 1 }; /* each is after the one before it */

static void fresh(size_t n, int restart)
{
	rule = (struct boot_rule){ .restart = restart,
				   .backoff_first = 100,
				   .backoff_max = 300,
				   .start_interval = 10000,
				   .start_timeout = 1000,
				   .stop_timeout = 500 };
	memset(ones, 0, sizeof(ones));
	s = (struct super){ .at = ones, .n = n };
	for (size_t i = 0; i < n; i++)
		ones[i] = (struct super_one){
			.rule = &rule, .status = -1, .after = &chain[i], .nafter = i > 0
		};
}

/* All actions that are due now: "S0" is SUPER_START of container 0, "d" is SUPER_DONE. */
static const char *acts(int64_t now)
{
	static char text[64];
	struct super_act a;
	size_t n = 0;

	while (n < 60 && super_next(&s, now, &a)) {
		text[n++] = "SskadD"[a.what];
		if (a.what < SUPER_DONE)
			text[n++] = '0' + a.i;
	}
	text[n] = 0;
	return text;
}
#define ACTS(now, want) is_str(acts(now), want, "the actions at " #now " are \"" want "\"")

static void test_order(void)
{
	fresh(3, BOOT_NO);
	ACTS(0, "S0");
	ACTS(10, "");
	super_started(&s, 0, 0);
	ACTS(20, "S1");
	super_exit(&s, 1, 1, SUPER_NOTHING, 30); /* it did not start; the next one is started */
	ACTS(30, "S2");
	super_started(&s, 2, 0);
	is_int(ones[1].state, SUPER_FAILED, "a container that did not start has failed");
	super_exit(&s, 0, 0, SUPER_NOTHING, 40);
	is_int(ones[0].state, SUPER_ENDED, "a container with exit status 0 has ended");
	ACTS(50, "");
	super_exit(&s, 2, 0, SUPER_NOTHING, 60);
	ACTS(60, "d");
	ACTS(70, "");
	fresh(2, BOOT_NO);
	ACTS(0, "S0");
	is_int(super_due(&s), 1000, "the next waits until the startTimeout of the one before");
	ACTS(1000, "S1");
	fresh(0, BOOT_NO);
	ACTS(0, "d");
}

static void test_restart(void)
{
	fresh(1, BOOT_ALWAYS);
	ACTS(0, "S0");
	super_started(&s, 0, 0);
	super_exit(&s, 0, 0, SUPER_NOTHING, 10);
	is_int(super_due(&s), 110, "the first pause is backoff.first");
	ACTS(109, "");
	ACTS(110, "S0");
	super_exit(&s, 0, 1, SUPER_NOTHING, 120);
	is_int(super_due(&s), 320, "the second pause is twice as long");
	ACTS(320, "S0");
	super_exit(&s, 0, 1, SUPER_NOTHING, 330);
	is_int(super_due(&s), 630, "the third pause is backoff.max");
	ACTS(630, "S0");
	super_started(&s, 0, 0);
	super_exit(&s, 0, 1, SUPER_NOTHING, 5000);
	is_int(super_due(&s), 5100,
	       "after a run longer than backoff.max the pause is backoff.first");
	fresh(1, BOOT_ON_FAILURE);
	ACTS(0, "S0");
	super_started(&s, 0, 0);
	super_exit(&s, 0, 0, SUPER_NOTHING, 10);
	is_int(ones[0].state, SUPER_ENDED,
	       "on-failure: a container with exit status 0 is not started again");
	fresh(1, BOOT_ALWAYS);
	rule.start_count = 2;
	ACTS(0, "S0");
	super_exit(&s, 0, 1, SUPER_NOTHING, 10);
	ACTS(110, "S0");
	super_exit(&s, 0, 1, SUPER_NOTHING, 120);
	ACTS(400, "d");
	ok(ones[0].state == SUPER_FAILED && ones[0].limited,
	   "the third start within the interval fails");
	super_start(&s, 0, 500);
	ACTS(500, "S0");
}

static void test_stop(void)
{
	fresh(2, BOOT_ALWAYS);
	ACTS(0, "S0");
	super_started(&s, 0, 0);
	ACTS(0, "S1");
	super_started(&s, 1, 0);
	super_stop(&s, 0, false, 100);
	ACTS(100, "s0");
	ACTS(599, "");
	ACTS(600, "k0");
	ACTS(5600, "a0");
	super_exit(&s, 0, 137, SUPER_NOTHING, 5700);
	is_int(ones[0].state, SUPER_STOPPED,
	       "always: a container that a request has stopped is not started again");
	ACTS(99999, "");
	super_stop(&s, 1, true, 100000);
	ACTS(100000, "s1");
	super_exit(&s, 1, 0, SUPER_NOTHING, 100001);
	ACTS(100001, "S1");
	super_exit(&s, 1, 1, SUPER_NOTHING, 100002);
	super_stop(&s, 1, false, 100003);
	is_int(ones[1].state, SUPER_STOPPED, "a stop during the pause cancels the next start");
}

static void test_down(void)
{
	fresh(3, BOOT_ALWAYS);
	for (int i = 0; i < 3; i++) {
		acts(0);
		super_started(&s, i, 0);
	}
	super_shutdown(&s, BOOT_REBOOT, 100);
	ACTS(100, "s2");
	ACTS(200, "");
	super_exit(&s, 2, 0, SUPER_NOTHING, 200);
	ACTS(200, "s1");
	ACTS(700, "k1");
	super_exit(&s, 1, 137, SUPER_NOTHING, 710);
	ACTS(710, "s0");
	super_start(&s, 2, 720);
	ACTS(720, "");
	super_exit(&s, 0, 0, SUPER_NOTHING, 730);
	ACTS(730, "D");
	ACTS(740, "");
	fresh(2, BOOT_ALWAYS);
	acts(0);
	super_started(&s, 0, 0);
	acts(0);
	super_started(&s, 1, 0);
	super_shutdown(&s, BOOT_HALT, 100);
	ACTS(100, "s1");
	super_shutdown(&s, BOOT_HALT, 101);
	ACTS(101, "k0k1");
}

static void test_edges(void)
{
	fresh(3, BOOT_NO);
	ones[1].state = SUPER_DISABLED;
	ones[2].after = backwards;
	ones[2].nafter = 2;
	ACTS(0, "S0");
	ACTS(10, "");
	super_started(&s, 0, 0);
	ACTS(20, "S2");
	super_started(&s, 2, 0);
	super_start(&s, 1, 30);
	ACTS(30, "S1");
	fresh(2, BOOT_NO);
	ones[0].state = ones[1].state = SUPER_DISABLED;
	ACTS(0, "d");
	fresh(3, BOOT_NO);
	ones[2].state = SUPER_DISABLED;
	ACTS(0, "S0");
	super_exit(&s, 0, 0, SUPER_NOTHING, 10); /* its end is reported before its start */
	super_started(&s, 0, 0);
	is_int(ones[0].state, SUPER_FAILED, "an end before the start is a failed start");
	ACTS(10, "S1");
	super_stop(&s, 1, false, 20);
	ACTS(20, "s1");
	super_started(&s, 1, 0);
	is_int(ones[1].state, SUPER_STOPPING,
	       "a start that is reported after the stop does not change the state");
	super_exit(&s, 1, 0, SUPER_NOTHING, 30);
	is_int(ones[1].state, SUPER_STOPPED, "its end makes it stopped");
	fresh(2, BOOT_NO);
	ACTS(0, "S0");
	super_stop(&s, 0, false, 10);
	ACTS(10, "s0S1");
	super_stop(&s, 0, true, 20);
	super_stop(&s, 0, false, 30);
	super_exit(&s, 0, 0, SUPER_NOTHING, 40);
	is_int(ones[0].state, SUPER_STOPPED, "of restart and stop the last request counts");
	fresh(2, BOOT_NO);
	ACTS(0, "S0");
	super_start(&s, 1, 10); /* by a request, while it waits */
	ACTS(10, "S1");
	super_started(&s, 0, 0);
	ACTS(20, "");
	is_int(ones[1].starts, 1,
	       "a container that a request has started is not started by its `after` again");
	fresh(3, BOOT_NO);
	ACTS(0, "S0");
	super_start(&s, 2, 10);
	ACTS(10, "S2");
	rule.stop_timeout = 5000;
	super_shutdown(&s, BOOT_HALT, 20);
	ACTS(20, "s2");
	ACTS(1020, "");
	is_int(super_due(&s), 5020, "at the shutdown only the stopTimeout is due");
}

static void reason(const char *line, int status, enum super_wish wish, const char *want)
{
	char got[128];

	ok(super_reason(line, status, got, sizeof(got)) == wish && !strcmp(got, want),
	   "the line \"%s\" becomes \"%s\"", line, want);
}

static void test_ends(void)
{
	reason("exited 129", 129, SUPER_NOTHING, "ended with status 129");
	reason("killed 9", 137, SUPER_NOTHING, "killed by signal 9");
	reason("killed 9 oom 16777216", 137, SUPER_NOTHING,
	       "killed by signal 9: out of memory, limit 16 MiB");
	reason("exited 1 oom 65536", 1, SUPER_NOTHING,
	       "ended with status 1: out of memory, limit 64 KiB");
	reason("exited 1 oom 0", 1, SUPER_NOTHING, "ended with status 1: out of memory");
	reason("poweroff", 130, SUPER_OFF, "asked for poweroff");
	reason("reboot", 129, SUPER_AGAIN, "asked for reboot");
	reason("", 137, SUPER_NOTHING, "killed by signal 9");
	fresh(2, BOOT_ALWAYS);
	ACTS(0, "S0");
	super_started(&s, 0, 0);
	ACTS(0, "S1");
	super_started(&s, 1, 0);
	super_exit(&s, 0, 130, SUPER_OFF, 10);
	is_int(ones[0].state, SUPER_STOPPED, "always: poweroff in a container stops it");
	rule.restart = BOOT_NO;
	super_exit(&s, 1, 129, SUPER_AGAIN, 10);
	is_int(ones[1].state, SUPER_BACKOFF, "no: reboot in a container starts it again");
	ACTS(110, "S1");
	super_look(&ones[1], 110);
	super_look(&ones[1], 200);
	is_int(ones[1].since, 110, "`since` is when the container has entered its state");
}

static void test_after(void)
{
	struct boot_rule task;

	/* Containers 1 and 2 are after 0, which is a task. */
	fresh(3, BOOT_ALWAYS);
	task = rule;
	task.task = true;
	ones[0].rule = &task;
	ones[2].after = &chain[0];
	ones[1].when = BOOT_READY;
	ones[2].when = BOOT_DONE;
	ACTS(0, "S0");
	super_started(&s, 0, 0);
	ACTS(5, "");
	super_exit(&s, 0, 0, SUPER_NOTHING, 10);
	is_int(ones[0].state, SUPER_ENDED,
	       "always: a task that has ended with status 0 is not started again");
	ACTS(10, "S1S2");
	super_started(&s, 1, 10);
	super_started(&s, 2, 10);
	super_shutdown(&s, BOOT_HALT, 20);
	ACTS(20, "s2s1");
	super_exit(&s, 1, 0, SUPER_NOTHING, 30);
	super_exit(&s, 2, 0, SUPER_NOTHING, 30);
	ACTS(30, "D");

	fresh(2, BOOT_NO);
	ones[0].rule = &task;
	task.restart = BOOT_NO;
	ones[1].when = BOOT_READY;
	ACTS(0, "S0");
	super_started(&s, 0, 0);
	super_exit(&s, 0, 1, SUPER_NOTHING, 10);
	ACTS(10, "d");
	ok(ones[1].state == SUPER_FAILED && ones[1].blocked && !ones[1].starts,
	   "a container after a task that has failed is not started");

	fresh(3, BOOT_NO);
	ones[1].nafter = ones[2].nafter = 0;
	ACTS(0, "S0S1S2");
	for (int i = 0; i < 3; i++)
		super_started(&s, i, 0);
	super_shutdown(&s, BOOT_HALT, 20);
	ACTS(20, "s2s1s0");
	fresh(3, BOOT_NO);
	acts(0);
	super_started(&s, 0, 0);
	acts(0);
	super_started(&s, 1, 0);
	acts(0);
	super_started(&s, 2, 0);
	super_exit(&s, 1, 0, SUPER_NOTHING, 10);
	super_shutdown(&s, BOOT_HALT, 20);
	ACTS(20, "s2");
	ACTS(30, "");
	super_exit(&s, 2, 0, SUPER_NOTHING, 40);
	ACTS(40, "s0");
}

/* A task that takes longer than startTimeout continues, and is reported. */
static void test_late(void)
{
	struct boot_rule task;

	fresh(2, BOOT_NO);
	task = rule;
	task.task = true;
	ones[0].rule = &task;
	ones[1].when = BOOT_READY;
	ACTS(0, "S0");
	super_started(&s, 0, 100);
	is_int(super_due(&s), 1100, "the startTimeout of a task is due");
	ACTS(1100, "");
	ok(ones[0].late && ones[0].state == SUPER_RUNNING, "then the task is late and continues");
	is_int(super_due(&s), INT64_MAX, "after that no time is due");
	super_exit(&s, 0, 0, SUPER_NOTHING, 9000);
	ACTS(9000, "S1");
}

static void test_hanging_start(void)
{
	fresh(1, BOOT_ON_FAILURE);
	rule.ready_notify = true;
	ACTS(0, "S0");
	is_int(super_due(&s), 1000, "its startTimeout is due before it has started");
	ACTS(1000, "s0");
	ACTS(1500, "k0");
	super_exit(&s, 0, 1, SUPER_NOTHING, 1600);
	is_int(ones[0].state, SUPER_BACKOFF, "a start that took too long is repeated");

	fresh(1, BOOT_ON_FAILURE);
	ACTS(0, "S0");
	ACTS(1000, "");
	is_int(ones[0].state, SUPER_STARTING, "without readiness a start has the time it needs");
}

static void test_readiness(void)
{
	fresh(2, BOOT_ON_FAILURE);
	rule.ready_notify = true;
	ones[1].when = BOOT_READY;
	ACTS(0, "S0");
	super_started(&s, 0, 100);
	ACTS(200, "");
	is_int(super_due(&s), 1100,
	       "the startTimeout of a container that must become ready is due");
	super_ready(&s, 0);
	ok(ones[0].ready && super_due(&s) == INT64_MAX, "when it is ready no time is due");
	ACTS(300, "S1");
	super_started(&s, 1, 300);
	ACTS(1300, "s1");
	super_exit(&s, 1, 0, SUPER_NOTHING, 1400);
	is_int(ones[1].state, SUPER_BACKOFF,
	       "a container that was not ready in time has failed, also with exit status 0");
	super_sick(&s, 0);
	ACTS(1400, "s0");
	super_exit(&s, 0, 0, SUPER_NOTHING, 1450);
	is_int(ones[0].state, SUPER_BACKOFF, "a container whose health check fails has failed");
	ok(!ones[0].ready, "it is not ready any more");
	fresh(1, BOOT_NO);
	ACTS(0, "S0");
	super_started(&s, 0, 0);
	super_sick(&s, 0);
	super_stop(&s, 0, false, 10);
	ACTS(10, "s0");
	super_exit(&s, 0, 0, SUPER_NOTHING, 20);
	is_int(ones[0].state, SUPER_STOPPED,
	       "a request to stop it makes it stopped, and not failed");
	fresh(1, BOOT_NO);
	ACTS(0, "S0");
	super_started(&s, 0, 0);
	super_sick(&s, 0);
	ACTS(10, "s0");
	super_exit(&s, 0, 0, SUPER_NOTHING, 20);
	is_int(ones[0].state, SUPER_FAILED,
	       "no: after a failed health check it is not started again");
}

/* ones[1] is for the shutdown; ones[0] is a service. */
static void before_end(void)
{
	static struct boot_rule last;

	fresh(2, BOOT_NO);
	last = rule;
	last.task = last.at_end = true;
	ones[1].rule = &last;
	ones[1].state = SUPER_DISABLED;
	ACTS(0, "S0");
	super_started(&s, 0, 0);
}

static void at_end(void)
{
	before_end();
	super_shutdown(&s, BOOT_REBOOT, 10);
}

static void test_at_end(void)
{
	at_end();
	ACTS(10, "S1");
	super_started(&s, 1, 20);
	ACTS(30, "");
	is_int(super_due(&s), 1010, "at the shutdown its startTimeout is due");
	super_exit(&s, 1, 0, SUPER_NOTHING, 40);
	is_int(ones[1].state, SUPER_STOPPED, "when it has ended it is not started again");
	ACTS(40, "s0");
	super_exit(&s, 0, 0, SUPER_NOTHING, 50);
	ACTS(50, "D");
	at_end();
	ACTS(10, "S1");
	super_started(&s, 1, 20);
	ACTS(1010, "s1");
	super_exit(&s, 1, 143, SUPER_NOTHING, 1020);
	ACTS(1020, "s0");
	at_end();
	ACTS(10, "S1");
	is_int(super_due(&s), 1010, "the shutdown waits for its start only until startTimeout");
	ACTS(1010, "s1");
	at_end();
	ACTS(10, "S1");
	super_started(&s, 1, 20);
	super_shutdown(&s, BOOT_REBOOT, 30);
	ACTS(30, "k0k1");
	before_end();
	super_start(&s, 1, 0);
	ACTS(0, "S1");
	super_started(&s, 1, 0);
	is_int(super_due(&s), INT64_MAX, "if a request has started it before, no time is due");
	super_shutdown(&s, BOOT_REBOOT, 5000);
	ACTS(5000, "");
	is_int(super_due(&s), 6000, "the shutdown gives it startTimeout from then on");
	ACTS(6000, "s1");
	super_exit(&s, 1, 143, SUPER_NOTHING, 6010);
	ACTS(6010, "s0");
}

int main(void)
{
	test_after();
	test_late();
	test_hanging_start();
	test_readiness();
	test_ends();
	test_order();
	test_restart();
	test_stop();
	test_down();
	test_edges();
	test_at_end();
	return done();
}
