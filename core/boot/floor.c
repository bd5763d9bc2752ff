/* floor.c - sets a clock without a battery to the time of the build or of the last shutdown. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <time.h>

int64_t clock_built;

void clock_set(const char *file)
{
	struct timespec to = { 0 };
	struct stat st = { 0 };
	int64_t now = time(NULL);
	struct tm tm;

	if (file && stat(file, &st) < 0 && errno != ENOENT) {
		fail("read the time of %s", file);
		console_error();
	}
	to.tv_sec = clock_floor(now, clock_built, st.st_mtime);
	if (to.tv_sec == now)
		return;
	if (clock_settime(CLOCK_REALTIME, &to) < 0) {
		fail("set the clock");
		console_error();
		return;
	}
	clock_utc(to.tv_sec, &tm);
	console_say("the clock was too early: it is set to %d-%02d-%02d %02d:%02d UTC",
		    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min);
}

void clock_save(const char *file)
{
	int fd __cleanup(fd_close) = -1;

	if (!file)
		return;
	fd = path_open_regular(file, O_WRONLY | O_CREAT, 0644);
	if (fd < 0 || (futimens(fd, NULL) < 0 && fail("change the time of %s", file))) {
		fail_in("the time is not saved");
		console_error();
	}
}
