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

	ok(fd >= 0 && write(fd, "2", 1) == 1, "a file that has counted two reboots");
	console_open();
	fresh(file);
	ones[0].since = 1000;
	ones[1].state = SUPER_FAILED;
	ok(essential_turn(&m, 2000) == 61000, "another that has failed is not essential");
	ok(!m.super.goal && !access(file, F_OK), "nothing happens, and the file stays");
	ones[0].ready = false;
	ok(essential_turn(&m, 70000) == INT64_MAX, "one that is not ready is not well");
	ones[0].ready = true;
	essential_turn(&m, 61000);
	ok(access(file, F_OK) < 0, "after a minute the reboots are forgotten");
	ones[0].state = SUPER_FAILED;
	ok(essential_turn(&m, 62000) == 62000 && m.super.goal == BOOT_REBOOT,
	   "one that fails: the machine reboots");
	ok(m.watchdog.until > 62000, "and the watchdog is served for so long only");
	ok(essential_turn(&m, 62001) == INT64_MAX, "once");
	fresh(NULL);
	ones[0].state = SUPER_FAILED;
	essential_turn(&m, 1);
	ok(m.super.goal == BOOT_REBOOT, "without a file there is no limit");
	fresh(NULL);
	ones[0].state = SUPER_STOPPED;
	essential_turn(&m, 1);
	ok(!m.super.goal, "one that was stopped by order has not failed");
	unlink(file);
	return done();
}
