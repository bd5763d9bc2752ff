/* essential_test.c - essential containers: when the machine reboots, and how often. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"
#include "tests/tap.h"

#include <string.h>

static struct super_one ones[2];
static struct unit units[2];
static struct machine m;

static void fresh(const char *file)
{
	memset(ones, 0, sizeof(ones));
	memset(units, 0, sizeof(units));
	m = (struct machine){ .units = units, .n = 2, .essential = true, .watchdog = { .fd = -1 } };
	m.super = (struct super){ .at = ones, .n = 2 };
	m.set.reboot_file = file;
	m.set.reboot_limit = 3;
	for (int i = 0; i < 2; i++) {
		units[i].name = i ? "b" : "a";
		ones[i] = (struct super_one){ .rule = &units[i].rule,
					      .state = SUPER_RUNNING,
					      .ready = true };
	}
	units[0].rule.essential = true;
}

int main(void)
{
	char file[] = "/tmp/essential.XXXXXX";
	int fd = mkstemp(file);

	ok(fd >= 0 && write(fd, "2", 1) == 1, "the test makes a rebootFile with two reboots");
	console_open();
	fresh(file);
	ones[0].since = 1000;
	ones[1].state = SUPER_FAILED;
	ok(essential_turn(&m, 2000) == 61000,
	   "the failure of a container that is not essential does not matter");
	ok(!m.super.goal && !access(file, F_OK), "the machine stays up, and rebootFile exists");
	ones[0].ready = false;
	ok(essential_turn(&m, 70000) == INT64_MAX,
	   "while an essential container is not ready, no time is due");
	ones[0].ready = true;
	essential_turn(&m, 61000);
	ok(access(file, F_OK) < 0, "when it has run for a minute, rebootFile is removed");
	ones[0].state = SUPER_FAILED;
	ok(essential_turn(&m, 62000) == 62000 && m.super.goal == BOOT_REBOOT,
	   "when an essential container has failed, the machine reboots");
	ok(m.watchdog.until > 62000, "the watchdog is fed for a limited time from then on");
	ok(essential_turn(&m, 62001) == INT64_MAX, "it reboots once");
	fresh(NULL);
	ones[0].state = SUPER_FAILED;
	essential_turn(&m, 1);
	ok(m.super.goal == BOOT_REBOOT, "without a rebootFile there is no limit");
	fresh(NULL);
	ones[0].state = SUPER_STOPPED;
	essential_turn(&m, 1);
	ok(!m.super.goal, "a container that was stopped by a request has not failed");
	unlink(file);
	return done();
}
