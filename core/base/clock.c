/* clock.c - the monotonic clock in milliseconds, and durations as people write them. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <string.h>

int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const struct json_word units[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { NULL, 0 }
};

bool clock_duration(const char *text, int64_t *out)
{
	int64_t sum = 0;

	do {
		size_t digits = strspn(text, "0123456789"), letters = strspn(text + digits, "mhs");
		uint64_t n;
		char unit[4];
		int ms;

		if (!digits || digits > 9 || !letters || letters >= sizeof(unit) ||
		    !json_number_u64(text, digits, &n))
			return false;
		memcpy(unit, text + digits, letters);
		unit[letters] = 0;
		ms = json_word_value(units, unit);
		if (ms < 0)
			return false;
		sum += (int64_t)n * ms;
		text += digits + letters;
	} while (*text);
	*out = sum;
	return true;
}
