/* match_test.c - extended regular expressions, also against the libc's. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"
#include "tests/tap.h"

#include <regex.h>
#include <stdlib.h>

struct globals globals;
struct arena arena;

static void test_words(void)
{
	static const struct {
		const char *expr, *text;
		int want;
	} rows[] = {
		{ "a", "a", 1 },
		{ "a", "xay", 1 },
		{ "a", "b", 0 },
		{ "", "", 1 },
		{ "", "x", 1 },
		{ "^$", "", 1 },
		{ "^$", "x", 0 },
		{ "^ab$", "ab", 1 },
		{ "^ab$", "abc", 0 },
		{ "^a|b$", "ax", 1 },
		{ "^a|b$", "xb", 1 },
		{ "^a|b$", "bx", 0 },
		{ "^(a|b)$", "ab", 0 },
		{ "^(a|b)+$", "abba", 1 },
		{ "^a*$", "", 1 },
		{ "^a*b$", "aaab", 1 },
		{ "^a+b$", "b", 0 },
		{ "^a?b$", "aab", 0 },
		{ "^.$", "x", 1 },
		{ "^\\.$", "x", 0 },
		{ "^\\.$", ".", 1 },
		{ "^[a-c]+$", "abc", 1 },
		{ "^[^a-c]+$", "abc", 0 },
		{ "^[]x]$", "]", 1 },
		{ "^[a-]$", "-", 1 },
		{ "^web-[0-9]{2,3}$", "web-12", 1 },
		{ "^web-[0-9]{2,3}$", "web-1234", 0 },
		{ "^[0-9]{2}$", "123", 0 },
		{ "^[0-9]{2,}$", "12345", 1 },
		{ "^[[:digit:]_]+$", "1_2", 1 },
		{ "^(a*)*$", "aaaa", 1 },
		{ "^(a|aa)+$", "aaaaa", 1 },
		{ "^(a?){3}$", "aa", 1 },
		{ "^(ab){0,2}$", "ababab", 0 },
		{ "^(a|b|)c$", "c", 1 },
		{ "x$|^y", "yz", 1 },
		{ "a.c+", "zabccd", 1 },
		{ "(^a)b", "ab", 1 },
		{ "a(b$)", "ab", 1 },
		{ "\\^", "^", 1 },
		{ "[.]", "a", 0 },
		{ "[*]", "*", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ok(match_ere(rows[i].expr, rows[i].text) == rows[i].want, "/%s/ %s \"%s\"",
		   rows[i].expr, rows[i].want ? "matches" : "does not match", rows[i].text);
}

static void test_faults(void)
{
	static const char *const rows[] = {
		"(",	 "a(b",	 ")",	"a)",  "[",	 "[a",	      "[]",
		"[z-a]", "*",	 "+a",	"a|*", "(*a)",	 "a**",	      "a{",
		"{1}",	 "a{x}", "a{1", "\\",  "a{100}", "[[:foo:]]", "a{1,2,3}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ok(match_ere(rows[i], "a") == -1, "/%s/ is refused: %s", rows[i], err_text());
}

/* Random expressions over a small alphabet must give what the libc gives. */
static void test_random(void)
{
	static const char alphabet[] = "aab.()|*+?[]^$b";
	unsigned differ = 0, valid = 0;

	srand(1);
	for (int i = 0; i < 50000; i++) {
		char expr[9] = "", text[7] = "";
		regex_t re;
		int n = rand() % 8, mine, theirs;

		for (int j = 0; j < n; j++)
			expr[j] = alphabet[rand() % (sizeof(alphabet) - 1)];
		for (int j = rand() % 6; j > 0; j--)
			strcat(text, rand() % 2 ? "a" : "b");
		/* POSIX leaves open what an anchor inside an expression means: musl and we
		 * differ. */
		if (n &&
		    (strchr(expr + 1, '^') || (*expr == '^' && n > 1 && strchr("*+?", expr[1])) ||
		     memchr(expr, '$', n - 1)))
			continue;
		mine = match_ere(expr, text);
		/* The libc may accept what POSIX leaves open: a**, an empty alternative, ^*. */
		if (mine < 0 || regcomp(&re, expr, REG_EXTENDED | REG_NOSUB))
			continue;
		theirs = !regexec(&re, text, 0, NULL, 0);
		regfree(&re);
		valid++;
		if (mine != theirs && differ++ < 10)
			printf("# /%s/ \"%s\": %d, libc %d\n", expr, text, mine, theirs);
	}
	ok(valid > 2000 && !differ, "%u random expressions match as in the libc", valid);
}

int main(void)
{
	static char block[4096];

	arena_init(&arena, block, sizeof(block));
	test_words();
	test_faults();
	test_random();
	return done();
}
