/* essential.c - a machine reboots when a container that it needs has failed for good. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A shutdown takes less time. After it the watchdog is not fed any more, and resets the machine. */
#define DOWN_MS 300000
/* When the essential containers have run for this time, earlier reboots do not count any more. */
#define WELL_MS 60000

static uint64_t read_count(const char *file)
{
	int fd __cleanup(fd_close) = path_open_regular(file, O_RDONLY, 0);
	char text[32] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		err_clear("no reboot has been counted");
	return strtoul(text, NULL, 10);
}

/* Counts a reboot and writes its number to text, "" without a rebootFile. -1: the machine must not
 * reboot, because it would do so again and again. */
static int count_reboot(const struct boot_settings *s, char *text, size_t size)
{
	uint64_t count;

	*text = 0;
	if (!s->reboot_file)
		return 0;
	count = read_count(s->reboot_file);
	if (count >= s->reboot_limit)
		return failx("%llu reboots have not helped", (unsigned long long)count);
	snprintf(text, size, "%llu", (unsigned long long)count + 1);
	if (file_replace(AT_FDCWD, s->reboot_file, text, strlen(text), 0600) < 0)
		return fail_in("the reboot cannot be counted");
	return 0;
}

static void on_failure(struct machine *m, const char *name, int64_t now)
{
	char text[32];

	m->essential = false; /* only the first failure reboots */
	if (count_reboot(&m->set, text, sizeof(text)) < 0) {
		fail_in("%s is essential and has failed, but the machine stays up", name);
		console_error();
		return;
	}
	console_say("%s is essential and has failed: the machine reboots%s%s", name,
		    *text ? ", reboot number " : "", text);
	m->watchdog.until = now + DOWN_MS;
	super_shutdown(&m->super, BOOT_REBOOT, now);
}

int64_t essential_turn(struct machine *m, int64_t now)
{
	int64_t well = 0;

	if (!m->essential || m->super.goal)
		return INT64_MAX;
	for (size_t i = 0; i < m->n; i++) {
		const struct super_one *o = &m->super.at[i];

		if (!m->units[i].rule.essential)
			continue;
		if (o->state == SUPER_FAILED) {
			on_failure(m, m->units[i].name, now);
			return now;
		}
		if (o->state != SUPER_ENDED && (o->state != SUPER_RUNNING || !o->ready))
			well = INT64_MAX;
		else if (well != INT64_MAX && o->since + WELL_MS > well)
			well = o->since + WELL_MS;
	}
	if (!m->set.reboot_file || m->counted)
		return INT64_MAX;
	if (well > now)
		return well;
	m->counted = true;
	if (unlink(m->set.reboot_file) < 0 && errno != ENOENT) {
		fail("remove %s", m->set.reboot_file);
		console_error();
	}
	return INT64_MAX;
}
