/* clock.c - the monotonic clock in milliseconds, and durations as people write them. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <stdio.h>
#include <string.h>

int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Years begin on 1 March, so that a leap day is the last one, and have eras of 400. */
void clock_utc(int64_t seconds, struct tm *tm)
{
	int day = seconds / 86400 + 719468, rest = seconds % 86400;
	int era = day / 146097, of_era = day % 146097;
	int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int of_year = of_era - (365 * year + year / 4 - year / 100);
	int month = (5 * of_year + 2) / 153; /* 0: March */

	tm->tm_mday = of_year - (153 * month + 2) / 5 + 1;
	tm->tm_mon = month < 10 ? month + 2 : month - 10;
	tm->tm_year = year + era * 400 + (month >= 10) - 1900;
	tm->tm_hour = rest / 3600;
	tm->tm_min = rest / 60 % 60;
	tm->tm_sec = rest % 60;
}

static const struct json_word units[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { NULL, 0 }
};

/* Reads the digits after a decimal point as thousandths, and moves *text past them. */
static int fraction(const char **text)
{
	int sum = 0, worth = 100;

	for (; **text >= '0' && **text <= '9'; ++*text, worth /= 10)
		sum += (**text - '0') * worth;
	return sum;
}

bool clock_duration(const char *text, int64_t *out)
{
	int sign = *text == '-' ? -1 : 1;
	int64_t sum = 0;

	text += *text == '-' || *text == '+';
	if (!strcmp(text, "0")) {
		*out = 0;
		return true;
	}
	do {
		size_t digits = strspn(text, "0123456789"), letters;
		uint64_t n;
		char unit[4];
		int ms, part = 0;

		if (!digits || digits > 9 || !json_number_u64(text, digits, &n))
			return false;
		text += digits;
		if (*text == '.') {
			text++;
			part = fraction(&text);
		}
		letters = strspn(text, "mhs");
		if (!letters || letters >= sizeof(unit))
			return false;
		memcpy(unit, text, letters);
		unit[letters] = 0;
		ms = json_word_value(units, unit);
		if (ms < 0)
			return false;
		sum += (int64_t)n * ms + (int64_t)part * ms / 1000;
		if (sum > INT64_MAX / 2) /* the next addition must not overflow */
			return false;
		text += letters;
	} while (*text);
	*out = sign * sum;
	return true;
}

const char *clock_text(int64_t ms, char out[CLOCK_TEXT])
{
	const char *unit = ms % 1000 ? "ms" : ms % 60000 || !ms ? "s" : "m";

	snprintf(out, CLOCK_TEXT, "%lld%s", (long long)(ms / json_word_value(units, unit)), unit);
	return out;
}
