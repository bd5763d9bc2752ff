/* scan_test.c - words, numbers and ranges of the kernel's text files. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"

static void test_word(void)
{
	const char *at = "some avg10=1";

	ok(scan_word(&at, "some"), "scan_word finds the word");
	is_str(at, " avg10=1", "scan_word moves past the word");
	ok(!scan_word(&at, "some"), "scan_word does not find another word");
	is_str(at, " avg10=1", "scan_word does not move if the word is not found");
	ok(scan_word(&at, ""), "scan_word finds the empty word");
	ok(!scan_word(&at, " avg10=1 and more"),
	   "scan_word does not find a word longer than the text");
}

static void test_number(void)
{
	static const struct {
		const char *text, *word, *rest; /* rest NULL: no number */
		uint64_t n;
	} rows[] = {
		{ "8:0", "", ":0", 8 },
		{ ":16 Read", ":", " Read", 16 },
		{ "          0", "", "", 0 }, /* as in /proc/PID/uid_map */
		{ "hugepages-2048kB", "hugepages-", "kB", 2048 },
		{ "18446744073709551615", "", "", UINT64_MAX },
		{ "18446744073709551616", "", NULL, 0 },
		{ "-1", "", NULL, 0 },
		{ "max", "", NULL, 0 },
		{ "", "", NULL, 0 },
		{ "hugepages-kB", "hugepages-", NULL, 0 },
		{ "8;0", "8:", NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = rows[i].text;
		uint64_t n = 7;
		bool found = scan_u64(&at, rows[i].word, &n);

		ok(found == !!rows[i].rest, "\"%s\" after \"%s\": %s", rows[i].text, rows[i].word,
		   rows[i].rest ? "a number" : "no number");
		is_str(at, found ? rows[i].rest : rows[i].text, "the text after \"%s\"",
		       rows[i].text);
		ok(n == (found ? rows[i].n : 7), "the value of \"%s\"", rows[i].text);
	}
}

static void test_range(void)
{
	static const struct {
		const char *text, *rest;
		int ret;
		uint64_t first, last;
	} rows[] = {
		{ "0-3,7", ",7", 1, 0, 3 },
		{ " ,, 7 , 9", ", 9", 1, 7, 7 },
		{ "5\n", "\n", 1, 5, 5 },
		{ "", "", 0, 0, 0 },
		{ ",\n", "", 0, 0, 0 },
		{ "3-1", "3-1", -1, 3, 1 },
		{ "0-", "0-", -1, 0, 0 },
		{ "0- 3", "0- 3", -1, 0, 0 },
		{ "1 2", "1 2", -1, 1, 1 },
		{ "-1", "-1", -1, 0, 0 },
		{ "1-2-3", "1-2-3", -1, 1, 2 },
		{ "a", "a", -1, 0, 0 },
		{ "99999999999999999999", "99999999999999999999", -1, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = rows[i].text;
		uint64_t first = 9, last = 9;
		int ret = scan_range(&at, &first, &last);

		ok(ret == rows[i].ret && first == rows[i].first && last == rows[i].last,
		   "range %zu: %d, %d to %d", i, ret, (int)first, (int)last);
		is_str(at, rows[i].rest, "the text after range %zu", i);
	}
}

static void test_plain(void)
{
	ok(scan_number("4026531840 x") == 4026531840 && scan_number("7") == 7,
	   "scan_number reads the number at the begin");
	ok(!scan_number("") && !scan_number("-1") && !scan_number("x1"),
	   "scan_number: 0 if the text does not begin with a number");
}

int main(void)
{
	test_plain();
	test_word();
	test_number();
	test_range();
	ok(scan_little((const unsigned char *)"\x01\x02\xff", 2) == 0x201,
	   "scan_little reads two bytes");
	ok(scan_little((const unsigned char *)"\xff\xff\xff\xff\xff\xff\xff\xff", 8) == UINT64_MAX,
	   "scan_little reads eight bytes");
	return done();
}
