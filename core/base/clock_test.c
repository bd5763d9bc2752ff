/* clock_test.c - durations as people and Go write them. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"

#include <time.h>

static const struct {
	const char *text;
	long long ms; /* -7: not a duration */
} cases[] = {
	{ "5s", 5000 },
	{ "500ms", 500 },
	{ "1m30s", 90000 },
	{ "2h", 7200000 },
	{ "1.5s", 1500 },
	{ ".5s", -7 },
	{ "0.0001s", 0 },
	{ "1.s", 1000 },
	{ "1.25m", 75000 },
	{ "+3s", 3000 },
	{ "-3s", -3000 },
	{ "-1.5s", -1500 },
	{ "0", 0 },
	{ "0s", 0 },
	{ "-0", 0 },
	{ "999999999h", 999999999LL * 3600000 },
	{ "1000000000h", -7 },
	{ "5", -7 },
	{ "s", -7 },
	{ "", -7 },
	{ "-", -7 },
	{ "--1s", -7 },
	{ "1d", -7 },
	{ "5 s", -7 },
	{ "5s ", -7 },
	{ "5mss", -7 },
	{ "1..5s", -7 },
};

/* Compares a time every 35,999 seconds until the end of the year 9999. */
static void test_utc(void)
{
	long long wrong = -1;

	for (time_t t = 0; t < 253402300800; t += 35999) {
		struct tm got, want;

		clock_utc(t, &got);
		gmtime_r(&t, &want);
		if (got.tm_year != want.tm_year || got.tm_mon != want.tm_mon ||
		    got.tm_mday != want.tm_mday || got.tm_hour != want.tm_hour ||
		    got.tm_min != want.tm_min || got.tm_sec != want.tm_sec)
			wrong = t;
	}
	ok(wrong == -1, "clock_utc agrees with gmtime(3); last difference at %lld", wrong);
}

static void test_text(void)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = { { 0, "0s" },      { 20, "20ms" },	{ 1000, "1s" },	    { 1500, "1500ms" },
		     { 90000, "90s" }, { 60000, "1m" }, { 7200000, "120m" } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[CLOCK_TEXT];
		int64_t ms = -7;

		is_str(clock_text(rows[i].ms, text), rows[i].text, "%lld ms as text",
		       (long long)rows[i].ms);
		ok(clock_duration(text, &ms) && ms == rows[i].ms,
		   "clock_duration reads \"%s\" again", text);
	}
}

int main(void)
{
	test_utc();
	test_text();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t ms = -7;

		if (!clock_duration(cases[i].text, &ms))
			ms = -7;
		ok(ms == cases[i].ms, "duration \"%s\": %lld ms", cases[i].text, (long long)ms);
	}
	return done();
}
