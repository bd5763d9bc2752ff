/* clock_test.c - durations as people and Go write them. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"

static const struct {
	const char *text;
	long long ms; /* -7: is none */
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

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t ms = -7;

		if (!clock_duration(cases[i].text, &ms))
			ms = -7;
		ok(ms == cases[i].ms, "duration \"%s\": %lld ms", cases[i].text, (long long)ms);
	}
	return done();
}
