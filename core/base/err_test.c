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
	ok(fail("open %s", "x") == -1 && errno == ENOENT, "fail is -1 and leaves errno");
	is_str(err_text(), "open x: no such file or directory", "what was tried, and strerror");
	ok(err_num() == ENOENT, "the record has the errno");
	ok(fail_in("mounts[%d]", 3) == -1, "fail_in is -1");
	is_str(err_text(), "mounts[3]: open x: no such file or directory", "context comes before");
	ok(err_num() == ENOENT, "and leaves the errno");
	errno = EPERM;
	ok(failx("%d is odd", 3) == -1 && !errno, "failx is -1 without errno");
	is_str(err_text(), "3 is odd", "and without strerror");
	ok(!err_num(), "nor number");
	ok(fail_take(EBUSY, "100%s from elsewhere") == -1 && err_num() == EBUSY,
	   "a record is taken over");
	is_str(err_text(), "100%s from elsewhere", "as it is");
}

static void test_hints(void)
{
	errno = EINVAL;
	fail("mount");
	fail_hint("first %d", 1);
	fail_hint("second");
	fail_in("outside");
	is_str(err_text(), "outside: mount: invalid argument (first 1)",
	       "the first hint stays, at the end");
	is_str(err_text(), "outside: mount: invalid argument (first 1)",
	       "however often it is asked");
	failx("another");
	is_str(err_text(), "another", "a new failure has no old hint");
	fail_hint("lost");
	fail_take(0, "taken");
	is_str(err_text(), "taken", "nor has one that was taken over");
}

static void test_clear(void)
{
	log_sink.line = keep_line;
	log_sink.level = LOG_DEBUG;
	failx("small thing");
	fail_hint("advice");
	err_clear("it does not matter");
	is_str(logged, "3 small thing (it does not matter)",
	       "what is ignored is logged at debug level");
	ok(!*err_text() && !err_num(), "and gone");
	*logged = 0;
	err_clear("nothing there");
	is_str(logged, "", "nothing is logged of nothing");
	log_sink.level = LOG_INFO;
	failx("quiet");
	err_clear("no");
	is_str(logged, "", "above the level nothing is formatted");
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
	ok(ends_with(reason), "of a long text the object is cut, not the reason");
	fail_in("object");
	ok(!strncmp(err_text(), "object: xxx", 11) && ends_with(reason),
	   "what is put in front of it has room");
	fail_in("%s", big);
	ok(!strncmp(err_text(), "xxx", 3) && strstr(err_text(), ": object: xxx") &&
		   ends_with(reason),
	   "a long prefix is cut as well");
	fail_hint("%s", big);
	ok(strlen(err_text()) < 2048 + 256 + 4, "and a long hint");
	fail_take(0, big);
	ok(strlen(err_text()) == 2047, "and a long text from elsewhere");
	fail_in("in front");
	ok(!strncmp(err_text(), "in front: xxx", 13) && strlen(err_text()) == 2047,
	   "of a full record the end makes room");
}

static void test_harmless(void)
{
	char text[] = "a\tb\nc\177d\302\233e\303\251f\377g\342\202",
	     fine[] = "\360\237\230\200 \302\240";

	is_str(text_harmless(text), "a\tb?c?d??e\303\251f?g??",
	       "controls and what is not UTF-8 are shown as ?");
	is_str(text_harmless(fine), "\360\237\230\200 \302\240", "the rest stays");
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
