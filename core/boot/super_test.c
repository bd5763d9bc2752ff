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

/* "S0": what it wants done now, all of it. */
static const char *wants(int64_t now)
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
#define WANTS(now, want) is_str(wants(now), want, "at " #now " it wants \"" want "\"")

static void test_order(void)
{
	fresh(3, BOOT_NO);
	WANTS(0, "S0");
	WANTS(10, "");
	super_started(&s, 0, 0);
	WANTS(20, "S1");
	super_exit(&s, 1, 1, SUPER_NOTHING, 30); /* did not start: the next all the same */
	WANTS(30, "S2");
	super_started(&s, 2, 0);
	is_int(ones[1].state, SUPER_FAILED, "one that did not start has failed");
	super_exit(&s, 0, 0, SUPER_NOTHING, 40);
	is_int(ones[0].state, SUPER_ENDED, "one that ends well has ended");
	WANTS(50, "");
	super_exit(&s, 2, 0, SUPER_NOTHING, 60);
	WANTS(60, "d");
	WANTS(70, "");
	fresh(2, BOOT_NO);
	WANTS(0, "S0");
	is_int(super_due(&s), 1000, "the next waits so long for the one before");
	WANTS(1000, "S1");
	fresh(0, BOOT_NO);
	WANTS(0, "d");
}

static void test_restart(void)
{
	fresh(1, BOOT_ALWAYS);
	WANTS(0, "S0");
	super_started(&s, 0, 0);
	super_exit(&s, 0, 0, SUPER_NOTHING, 10);
	is_int(super_due(&s), 110, "first pause");
	WANTS(109, "");
	WANTS(110, "S0");
	super_exit(&s, 0, 1, SUPER_NOTHING, 120);
	is_int(super_due(&s), 320, "doubled");
	WANTS(320, "S0");
	super_exit(&s, 0, 1, SUPER_NOTHING, 330);
	is_int(super_due(&s), 630, "not beyond the longest");
	WANTS(630, "S0");
	super_started(&s, 0, 0);
	super_exit(&s, 0, 1, SUPER_NOTHING, 5000);
	is_int(super_due(&s), 5100, "the first one again when it ran for long");
	fresh(1, BOOT_ON_FAILURE);
	WANTS(0, "S0");
	super_started(&s, 0, 0);
	super_exit(&s, 0, 0, SUPER_NOTHING, 10);
	is_int(ones[0].state, SUPER_ENDED, "on-failure: a good end is the end");
	fresh(1, BOOT_ALWAYS);
	rule.start_count = 2;
	WANTS(0, "S0");
	super_exit(&s, 0, 1, SUPER_NOTHING, 10);
	WANTS(110, "S0");
	super_exit(&s, 0, 1, SUPER_NOTHING, 120);
	WANTS(400, "d");
	ok(ones[0].state == SUPER_FAILED && ones[0].limited,
	   "the third start within the interval fails");
	super_start(&s, 0, 500);
	WANTS(500, "S0");
}

static void test_stop(void)
{
	fresh(2, BOOT_ALWAYS);
	WANTS(0, "S0");
	super_started(&s, 0, 0);
	WANTS(0, "S1");
	super_started(&s, 1, 0);
	super_stop(&s, 0, false, 100);
	WANTS(100, "s0");
	WANTS(599, "");
	WANTS(600, "k0");
	WANTS(5600, "a0");
	super_exit(&s, 0, 137, SUPER_NOTHING, 5700);
	is_int(ones[0].state, SUPER_STOPPED, "stopped by order: not started again");
	WANTS(99999, "");
	super_stop(&s, 1, true, 100000);
	WANTS(100000, "s1");
	super_exit(&s, 1, 0, SUPER_NOTHING, 100001);
	WANTS(100001, "S1");
	super_exit(&s, 1, 1, SUPER_NOTHING, 100002);
	super_stop(&s, 1, false, 100003);
	is_int(ones[1].state, SUPER_STOPPED, "one that would start again later does not");
}

static void test_down(void)
{
	fresh(3, BOOT_ALWAYS);
	for (int i = 0; i < 3; i++) {
		wants(0);
		super_started(&s, i, 0);
	}
	super_shutdown(&s, BOOT_REBOOT, 100);
	WANTS(100, "s2");
	WANTS(200, "");
	super_exit(&s, 2, 0, SUPER_NOTHING, 200);
	WANTS(200, "s1");
	WANTS(700, "k1");
	super_exit(&s, 1, 137, SUPER_NOTHING, 710);
	WANTS(710, "s0");
	super_start(&s, 2, 720);
	WANTS(720, "");
	super_exit(&s, 0, 0, SUPER_NOTHING, 730);
	WANTS(730, "D");
	WANTS(740, "");
	fresh(2, BOOT_ALWAYS);
	wants(0);
	super_started(&s, 0, 0);
	wants(0);
	super_started(&s, 1, 0);
	super_shutdown(&s, BOOT_HALT, 100);
	WANTS(100, "s1");
	super_shutdown(&s, BOOT_HALT, 101);
	WANTS(101, "k0k1");
}

static void test_edges(void)
{
	fresh(3, BOOT_NO);
	ones[1].state = SUPER_DISABLED;
	ones[2].after = backwards;
	ones[2].nafter = 2;
	WANTS(0, "S0");
	WANTS(10, "");
	super_started(&s, 0, 0);
	WANTS(20, "S2");
	super_started(&s, 2, 0);
	super_start(&s, 1, 30);
	WANTS(30, "S1");
	fresh(2, BOOT_NO);
	ones[0].state = ones[1].state = SUPER_DISABLED;
	WANTS(0, "d");
	fresh(3, BOOT_NO);
	ones[2].state = SUPER_DISABLED;
	WANTS(0, "S0");
	super_exit(&s, 0, 0, SUPER_NOTHING, 10); /* its end comes before the news that it runs */
	super_started(&s, 0, 0);
	is_int(ones[0].state, SUPER_FAILED, "one that was never seen to run did not start");
	WANTS(10, "S1");
	super_stop(&s, 1, false, 20);
	WANTS(20, "s1");
	super_started(&s, 1, 0);
	is_int(ones[1].state, SUPER_STOPPING, "stopped while it starts: that it runs is too late");
	super_exit(&s, 1, 0, SUPER_NOTHING, 30);
	is_int(ones[1].state, SUPER_STOPPED, "and it is stopped");
	fresh(2, BOOT_NO);
	WANTS(0, "S0");
	super_stop(&s, 0, false, 10);
	WANTS(10, "s0S1");
	super_stop(&s, 0, true, 20);
	super_stop(&s, 0, false, 30);
	super_exit(&s, 0, 0, SUPER_NOTHING, 40);
	is_int(ones[0].state, SUPER_STOPPED, "the last order holds");
	fresh(2, BOOT_NO);
	WANTS(0, "S0");
	super_start(&s, 1, 10); /* before its turn, by order */
	WANTS(10, "S1");
	super_started(&s, 0, 0);
	WANTS(20, "");
	is_int(ones[1].starts, 1, "it is not started once more in its turn");
	fresh(3, BOOT_NO);
	WANTS(0, "S0");
	super_start(&s, 2, 10);
	WANTS(10, "S2");
	rule.stop_timeout = 5000;
	super_shutdown(&s, BOOT_HALT, 20);
	WANTS(20, "s2");
	WANTS(1020, "");
	is_int(super_due(&s), 5020, "going down nothing waits for a start");
}

static void reason(const char *line, int status, enum super_wish wish, const char *want)
{
	char got[128];

	ok(super_reason(line, status, got, sizeof(got)) == wish && !strcmp(got, want),
	   "\"%s\" is \"%s\"", line, want);
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
	WANTS(0, "S0");
	super_started(&s, 0, 0);
	WANTS(0, "S1");
	super_started(&s, 1, 0);
	super_exit(&s, 0, 130, SUPER_OFF, 10);
	is_int(ones[0].state, SUPER_STOPPED, "poweroff in a container is a stop, under always too");
	rule.restart = BOOT_NO;
	super_exit(&s, 1, 129, SUPER_AGAIN, 10);
	is_int(ones[1].state, SUPER_BACKOFF, "reboot is a restart, under no too");
	WANTS(110, "S1");
	super_look(&ones[1], 110);
	super_look(&ones[1], 200);
	is_int(ones[1].since, 110, "since when it is in its state");
}

static void test_after(void)
{
	struct boot_rule task;

	/* 1 and 2 are after 0, a task; 3 would be independent */
	fresh(3, BOOT_ALWAYS);
	task = rule;
	task.task = true;
	ones[0].rule = &task;
	ones[2].after = &chain[0];
	ones[1].when = BOOT_READY;
	ones[2].when = BOOT_DONE;
	WANTS(0, "S0");
	super_started(&s, 0, 0);
	WANTS(5, "");
	super_exit(&s, 0, 0, SUPER_NOTHING, 10);
	is_int(ones[0].state, SUPER_ENDED,
	       "a task that has ended well is not started again, under always either");
	WANTS(10, "S1S2");
	super_started(&s, 1, 10);
	super_started(&s, 2, 10);
	super_shutdown(&s, BOOT_HALT, 20);
	WANTS(20, "s2s1");
	super_exit(&s, 1, 0, SUPER_NOTHING, 30);
	super_exit(&s, 2, 0, SUPER_NOTHING, 30);
	WANTS(30, "D");

	fresh(2, BOOT_NO);
	ones[0].rule = &task;
	task.restart = BOOT_NO;
	ones[1].when = BOOT_READY;
	WANTS(0, "S0");
	super_started(&s, 0, 0);
	super_exit(&s, 0, 1, SUPER_NOTHING, 10);
	WANTS(10, "d");
	ok(ones[1].state == SUPER_FAILED && ones[1].vain && !ones[1].starts,
	   "what is after a task that has failed is not started");

	fresh(3, BOOT_NO);
	ones[1].nafter = ones[2].nafter = 0;
	WANTS(0, "S0S1S2");
	for (int i = 0; i < 3; i++)
		super_started(&s, i, 0);
	super_shutdown(&s, BOOT_HALT, 20);
	WANTS(20, "s2s1s0");
	fresh(3, BOOT_NO);
	wants(0);
	super_started(&s, 0, 0);
	wants(0);
	super_started(&s, 1, 0);
	wants(0);
	super_started(&s, 2, 0);
	super_exit(&s, 1, 0, SUPER_NOTHING, 10);
	super_shutdown(&s, BOOT_HALT, 20);
	WANTS(20, "s2");
	WANTS(30, "");
	super_exit(&s, 2, 0, SUPER_NOTHING, 40);
	WANTS(40, "s0");
}

/* A task may take longer than startTimeout: it runs on, and is reported. */
static void test_late(void)
{
	struct boot_rule task;

	fresh(2, BOOT_NO);
	task = rule;
	task.task = true;
	ones[0].rule = &task;
	ones[1].when = BOOT_READY;
	WANTS(0, "S0");
	super_started(&s, 0, 100);
	is_int(super_due(&s), 1100, "a task that others wait for: startTimeout is looked at");
	WANTS(1100, "");
	ok(ones[0].late && ones[0].state == SUPER_RUNNING, "it is late, and runs on");
	is_int(super_due(&s), INT64_MAX, "then nothing is due");
	super_exit(&s, 0, 0, SUPER_NOTHING, 9000);
	WANTS(9000, "S1");
}

static void test_readiness(void)
{
	fresh(2, BOOT_ON_FAILURE);
	rule.ready_notify = true;
	ones[1].when = BOOT_READY;
	WANTS(0, "S0");
	super_started(&s, 0, 100);
	WANTS(200, "");
	is_int(super_due(&s), 1100, "it has startTimeout to become ready");
	super_ready(&s, 0);
	ok(ones[0].ready && super_due(&s) == INT64_MAX, "then nothing is due");
	WANTS(300, "S1");
	super_started(&s, 1, 300);
	WANTS(1300, "s1");
	super_exit(&s, 1, 0, SUPER_NOTHING, 1400);
	is_int(ones[1].state, SUPER_BACKOFF,
	       "one that is not ready in time has failed, though it ended well");
	super_sick(&s, 0);
	WANTS(1400, "s0");
	super_exit(&s, 0, 0, SUPER_NOTHING, 1450);
	is_int(ones[0].state, SUPER_BACKOFF, "so has one whose health check fails");
	ok(!ones[0].ready, "which is not ready any more");
	fresh(1, BOOT_NO);
	WANTS(0, "S0");
	super_started(&s, 0, 0);
	super_sick(&s, 0);
	super_stop(&s, 0, false, 10);
	WANTS(10, "s0");
	super_exit(&s, 0, 0, SUPER_NOTHING, 20);
	is_int(ones[0].state, SUPER_STOPPED, "an order to stop it counts more");
	fresh(1, BOOT_NO);
	WANTS(0, "S0");
	super_started(&s, 0, 0);
	super_sick(&s, 0);
	WANTS(10, "s0");
	super_exit(&s, 0, 0, SUPER_NOTHING, 20);
	is_int(ones[0].state, SUPER_FAILED, "under no it has failed for good");
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
	WANTS(0, "S0");
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
	WANTS(10, "S1");
	super_started(&s, 1, 20);
	WANTS(30, "");
	is_int(super_due(&s), 1010, "it may take as long as startTimeout");
	super_exit(&s, 1, 0, SUPER_NOTHING, 40);
	is_int(ones[1].state, SUPER_STOPPED, "it is not started again");
	WANTS(40, "s0");
	super_exit(&s, 0, 0, SUPER_NOTHING, 50);
	WANTS(50, "D");
	at_end();
	WANTS(10, "S1");
	super_started(&s, 1, 20);
	WANTS(1010, "s1");
	super_exit(&s, 1, 143, SUPER_NOTHING, 1020);
	WANTS(1020, "s0");
	at_end();
	WANTS(10, "S1");
	is_int(super_due(&s), 1010, "one that does not start holds nothing up either");
	WANTS(1010, "s1");
	at_end();
	WANTS(10, "S1");
	super_started(&s, 1, 20);
	super_shutdown(&s, BOOT_REBOOT, 30);
	WANTS(30, "k0k1");
	before_end();
	super_start(&s, 1, 0);
	WANTS(0, "S1");
	super_started(&s, 1, 0);
	is_int(super_due(&s), INT64_MAX, "one that an order has started may run for ever");
	super_shutdown(&s, BOOT_REBOOT, 5000);
	WANTS(5000, "");
	is_int(super_due(&s), 6000, "but not longer than startTimeout when the machine goes down");
	WANTS(6000, "s1");
	super_exit(&s, 1, 143, SUPER_NOTHING, 6010);
	WANTS(6010, "s0");
}

int main(void)
{
	test_after();
	test_late();
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
