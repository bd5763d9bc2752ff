/* err_test.c - the error record: text, errno, prefixes, hints, and what does not fit. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"

static char logged[4096];

static void keep_line(enum log_level level, const char *text)
{
	snprintf(logged, sizeof(logged), "%d %s", (int)level, text);
}

static void test_texts(void)
{
	errno = ENOENT;
	ok(fail("open %s", "x") == -1 && errno == ENOENT, "fail returns -1 and keeps errno");
	is_str(err_text(), "open x: no such file or directory", "fail adds the words for errno");
	ok(err_num() == ENOENT, "the record has the errno");
	ok(fail_in("mounts[%d]", 3) == -1, "fail_in returns -1");
	is_str(err_text(), "mounts[3]: open x: no such file or directory",
	       "fail_in puts its text before the record");
	ok(err_num() == ENOENT, "fail_in keeps the errno of the record");
	errno = EPERM;
	ok(failx("%d is odd", 3) == -1 && !errno, "failx returns -1 and sets errno to 0");
	is_str(err_text(), "3 is odd", "failx adds no words for errno");
	ok(!err_num(), "the record of failx has no errno");
	ok(fail_take(EBUSY, "100%s from elsewhere") == -1 && err_num() == EBUSY,
	   "fail_take sets the errno");
	is_str(err_text(), "100%s from elsewhere", "fail_take sets the text unchanged");
}

static void test_hints(void)
{
	errno = EINVAL;
	fail("mount");
	fail_hint("first %d", 1);
	fail_hint("second");
	fail_in("outside");
	is_str(err_text(), "outside: mount: invalid argument (first 1)",
	       "the first hint is shown, at the end");
	is_str(err_text(), "outside: mount: invalid argument (first 1)",
	       "err_text gives the same text again");
	failx("another");
	is_str(err_text(), "another", "a new failure has no old hint");
	fail_hint("lost");
	fail_take(0, "taken");
	is_str(err_text(), "taken", "fail_take drops the old hint");
}

static void test_clear(void)
{
	log_sink.line = keep_line;
	log_sink.level = LOG_DEBUG;
	failx("small thing");
	fail_hint("advice");
	err_clear("it does not matter");
	is_str(logged, "3 small thing (it does not matter)",
	       "err_clear logs text and reason at debug level");
	ok(!*err_text() && !err_num(), "err_clear empties the record");
	*logged = 0;
	err_clear("nothing there");
	is_str(logged, "", "err_clear of an empty record logs nothing");
	log_sink.level = LOG_INFO;
	failx("quiet");
	err_clear("no");
	is_str(logged, "", "err_clear logs nothing above the level of the sink");
	log_sink.line = NULL;
}

static bool ends_with(const char *end)
{
	size_t len = strlen(err_text()), n = strlen(end);

	return len < 2048 && len > n && !strcmp(err_text() + len - n, end);
}

static void test_long(void)
{
	static const char reason[] = "xxx: no such file or directory";
	static char big[5000];

	memset(big, 'x', sizeof(big) - 1);
	errno = ENOENT;
	fail("%s", big);
	ok(ends_with(reason), "a long text is cut before the words for errno");
	fail_in("object");
	ok(!strncmp(err_text(), "object: xxx", 11) && ends_with(reason),
	   "a long text leaves room for a prefix");
	fail_in("%s", big);
	ok(!strncmp(err_text(), "xxx", 3) && strstr(err_text(), ": object: xxx") &&
		   ends_with(reason),
	   "a long prefix is cut");
	fail_hint("%s", big);
	ok(strlen(err_text()) < 2048 + 256 + 4, "a long hint is cut");
	fail_take(0, big);
	ok(strlen(err_text()) == 2047, "a long text of fail_take is cut");
	fail_in("in front");
	ok(!strncmp(err_text(), "in front: xxx", 13) && strlen(err_text()) == 2047,
	   "a prefix of a full record cuts its end");
}

static void test_harmless(void)
{
	char text[] = "a\tb\nc\177d\302\233e\303\251f\377g\342\202",
	     fine[] = "\360\237\230\200 \302\240";

	is_str(text_harmless(text), "a\tb?c?d??e\303\251f?g??",
	       "text_harmless: control characters and bad UTF-8 become ?");
	is_str(text_harmless(fine), "\360\237\230\200 \302\240",
	       "text_harmless: other characters stay");
}

int main(void)
{
	test_harmless();
	test_texts();
	test_hints();
	test_clear();
	test_long();
	return done();
}
