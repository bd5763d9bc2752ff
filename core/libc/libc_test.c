/* libc_test.c - what the program asks of printf, strtol, strstr, memmem and qsort. */
/* SPDX-License-Identifier: MIT */
#include "tests/tap.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>

static const char *text(const char *fmt, ...)
{
	static char out[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out, sizeof(out), fmt, ap);
	va_end(ap);
	return out;
}

static void test_numbers(void)
{
	is_str(text("%d %d %d", 0, -1, INT_MIN), "0 -1 -2147483648", "signed numbers");
	is_str(text("%u %lu %zu", 7u, 8ul, (size_t)9), "7 8 9", "unsigned numbers");
	is_str(text("%lld %llu", LLONG_MIN, ULLONG_MAX),
	       "-9223372036854775808 18446744073709551615", "the least and the greatest number");
	is_str(text("%ld|%i", -5L, 6), "-5|6", "a long, and i for d");
	is_str(text("%x %X %o %llx", 0xbeefu, 0xbeefu, 0755u, 0xffffffffffffULL),
	       "beef BEEF 755 ffffffffffff", "hexadecimal and octal numbers");
	is_str(text("%03d|%03d|%-4d|%4d|%02x", 7, -7, 7, -7, 10u), "007|-07|7   |  -7|0a",
	       "a width fills with blanks or zeros");
	is_str(text("%0*d|%*d|%.4u|%6.3d", 5, 42, -5, 42, 42u, -4), "00042|42   |0042|  -004",
	       "a width as an argument, and a precision");
	is_str(text("%016llx", 0x1fULL), "000000000000001f", "sixteen digits");
}

static void test_texts(void)
{
	is_str(text("%s-%s", "a", ""), "a-", "texts");
	is_str(text("%s", (char *)NULL), "(null)", "no text");
	is_str(text("%.2s|%.*s|%.*s", "abc", 1, "xyz", -1, "xyz"), "ab|x|xyz",
	       "a precision cuts, but not a negative one");
	is_str(text("%.3s", (const char[]){ 'a', 'b', 'c' }), "abc",
	       "what has no end is read no further than the precision");
	is_str(text("%5s|%-5s|%*s|%-3s", "ab", "ab", 4, "x", "wide"), "   ab|ab   |   x|wide",
	       "a width never cuts");
	is_str(text("%c%c|100%%", 'o', 'k'), "ok|100%", "letters and the percent sign");
}

static int limited(char *out, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out, size, fmt, ap);
	va_end(ap);
	return n;
}

static void test_room(void)
{
	char out[8] = "#######";

	ok(limited(out, 4, "%s", "abcdef") == 6, "the length of the whole text is the answer");
	ok(!memcmp(out, "abc\0###", 7),
	   "what has no room is left out, and nothing is written after it");
	ok(limited(NULL, 0, "%d", 123) == 3, "without room the text is counted");
	ok(limited(out, 1, "x") == 1 && !*out, "room for the end alone");
}

static void test_file(void)
{
	char *big = malloc(3000), *back = calloc(1, 3000);
	FILE *f = tmpfile();

	memset(big, 'b', 2998);
	big[2998] = '\0';
	ok(f && fprintf(f, "%s", big) == 2998 && !fseek(f, 0, SEEK_SET) &&
		   fread(back, 1, 3000, f) == 2998 && !strcmp(big, back),
	   "a long text goes to a file whole");
	if (f)
		fclose(f);
	f = fopen("/dev/full", "w");
	if (f) {
		setvbuf(f, NULL, _IONBF, 0);
		ok(fprintf(f, "x%d", 1) < 0 && ferror(f), "a file that takes nothing is an error");
		fclose(f);
	}
	free(big);
	free(back);
}

static void test_strtol(void)
{
	const char *s = " -12x";
	char *end;

	ok(strtol(s, &end, 10) == -12 && *end == 'x', "blanks, a sign, digits, and where they end");
	ok(strtol("none", &end, 10) == 0 && *end == 'n', "no digits");
	ok(strtoul("0x1fg", &end, 16) == 31 && *end == 'g', "base 16 with its prefix");
	ok(strtoul("0x", &end, 16) == 0 && *end == 'x', "a prefix without digits is a zero");
	ok(strtoul("017", NULL, 0) == 15 && strtoul("0x11", NULL, 0) == 17 &&
		   strtoul("19", NULL, 0) == 19,
	   "base 0 is what the prefix says");
	ok(strtoul("758", &end, 8) == 075 && *end == '8', "a digit that the base does not have");
	errno = 0;
	ok(strtoll("-9223372036854775808", NULL, 10) == LLONG_MIN &&
		   strtoll("9223372036854775807", NULL, 10) == LLONG_MAX && !errno,
	   "the least and the greatest number are in range");
	ok(strtoll("9223372036854775808", NULL, 10) == LLONG_MAX && errno == ERANGE,
	   "above the greatest number");
	errno = 0;
	ok(strtoll("-9223372036854775809", NULL, 10) == LLONG_MIN && errno == ERANGE,
	   "below the least number");
	errno = 0;
	ok(strtoull("18446744073709551616", NULL, 10) == ULLONG_MAX && errno == ERANGE,
	   "above the greatest unsigned number");
	errno = 0;
	ok(strtoull("99999999999999999999999999", &end, 10) == ULLONG_MAX && errno == ERANGE &&
		   !*end,
	   "far above it: all digits are read");
	errno = 0;
	ok(strtoul("-1", NULL, 10) == ULONG_MAX && !errno, "a negative unsigned number wraps");
	ok(strtol(sizeof(long) == 8 ? "9223372036854775808" : "2147483648", NULL, 10) == LONG_MAX &&
		   errno == ERANGE,
	   "above the greatest long");
}

static void test_find(void)
{
	const char *t = "aababc";

	ok(strstr(t, "abc") == t + 3, "a word after a part of it");
	ok(strstr(t, "") == t && !strstr(t, "abcd") && !strstr("", "a"),
	   "the empty word, a word that is longer, an empty text");
	ok(memmem("a\0b\0c", 5, "b\0", 2) && !memmem("abc", 3, "c\0", 2), "bytes of zero");
	ok(memmem(t, 6, "c", 1) == t + 5 && memmem(t, 6, t, 6) == t && !memmem(t, 5, t, 6) &&
		   memmem(t, 6, "", 0) == t,
	   "the last byte, the whole, more than there is, nothing");
}

static int by_value(const void *a, const void *b)
{
	return *(const unsigned *)a < *(const unsigned *)b   ? -1
	       : *(const unsigned *)a > *(const unsigned *)b ? 1
							     : 0;
}

static int by_letter(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

static void test_sort(void)
{
	char letters[] = "runtime";
	bool sorted = true;

	for (unsigned n = 0; n < 70; n++) {
		unsigned at[70], seed = n, sum = 0;

		for (unsigned i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			at[i] = seed >> 16 & 31;
			sum += at[i];
		}
		qsort(at, n, sizeof(*at), by_value);
		for (unsigned i = 0; i < n; i++) {
			sorted &= !i || at[i - 1] <= at[i];
			sum -= at[i];
		}
		sorted &= !sum;
	}
	ok(sorted, "lists of each length up to 69 are sorted, and hold what they held");
	qsort(letters, 7, 1, by_letter);
	is_str(letters, "eimnrtu", "pieces of one byte");
}

int main(void)
{
	test_numbers();
	test_texts();
	test_room();
	test_file();
	test_strtol();
	test_find();
	test_sort();
	return done();
}
