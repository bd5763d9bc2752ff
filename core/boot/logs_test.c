/* logs_test.c - what is held until a container runs, and why one did not. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

static struct arena arena;
static struct log log_;
static char dir[] = "/tmp/logs_test.XXXXXX", why[LOG_LINE + 1];

static void fresh(uint64_t max)
{
	struct boot_rule rule = { .log = dir, .log_size = max };

	if (log_.file.path) {
		close(log_.in);
		close(log_.out);
		close(log_.file.fd);
		unlink(log_.file.path);
		unlink(log_.file.old);
	}
	ok(!log_open(&arena, &log_, "x", &rule), "a log is opened");
	log_.held = true;
}

static void says(const char *text)
{
	fd_write_all(log_.out, text, strlen(text));
}

static const char *file(const char *path)
{
	char *text;
	size_t len;

	return file_read(&arena, AT_FDCWD, path, 1 << 20, &text, &len) < 0 ? "none" : text;
}

static void test_reason(void)
{
	static char many[600], want[602];

	fresh(0);
	log_reason(&log_, why, sizeof(why));
	is_str(why, "", "nothing said, nothing told");
	says("time=\"t\" level=warning msg=\"w\"\n"
	     "time=\"t\" level=error msg=\"runc run failed: a \\\"b\\\"\"\n\n");
	log_reason(&log_, why, sizeof(why));
	is_str(why, "a \"b\"", "the message of the last line");
	is_str(file(log_.file.path), "time=\"t\" level=warning msg=\"w\"\n",
	       "the others go to the log");
	ok(!log_.held && !log_.len, "nothing is kept");
	fresh(0);
	memset(many, 'm', 510);
	says(many);
	says("\nplain words");
	log_reason(&log_, why, sizeof(why));
	is_str(why, "plain words", "a last line over the end of the buffer, and without an end");
	snprintf(want, sizeof(want), "%s\n", many);
	is_str(file(log_.file.path), want, "what was before it");
	fresh(0);
	says("\033]0;x\007 red\n");
	log_reason(&log_, why, sizeof(why));
	ok(*why && !strpbrk(why, "\033\007"), "what a terminal would obey is harmless: %s", why);
	fresh(0);
	memset(many, 'm', 599);
	says(many);
	log_reason(&log_, why, sizeof(why));
	ok(strlen(why) == 599 - LOG_LINE, "of a line that is too long the end");
}

/* What was written, and silence. */
static void comes(void)
{
	log_pump(&log_);
	log_silence(&log_, clock_ms() + 1000);
}

static void test_held(void)
{
	static char line[101];

	fresh(0);
	memset(line, 'l', 99);
	line[99] = '\n';
	/* more than a pipe holds, in parts: the writer must not wait for ever */
	for (int i = 0; i < 700; i++) {
		says(line);
		log_pump(&log_);
	}
	says("first\n");
	log_release(&log_);
	ok(strlen(file(log_.file.path)) == 70006, "what was held goes out");
	says("sec");
	log_pump(&log_);
	is_str(file(log_.file.path) + 70000, "first\n", "a line goes to the file whole");
	comes();
	is_str(file(log_.file.path) + 70000, "first\nsec", "or after a silence");
}

static void test_rotation(void)
{
	fresh(8);
	log_release(&log_);
	for (const char *s = "abcd\0efgh\0ijkl\0"; *s; s += 5) {
		says(s);
		comes();
	}
	is_str(file(log_.file.path), "ijkl", "a full file makes room");
	is_str(file(log_.file.old), "abcdefgh", "and is kept");
	says("a longer one than the limit");
	comes();
	is_str(file(log_.file.old), "ijkl", "its predecessor goes");
	is_str(file(log_.file.path), "a longer one than the limit", "one write is never parted");
	log_.file.max = 0;
	log_.file.fd = dup2(open("/dev/full", O_WRONLY), log_.file.fd);
	says("lost");
	comes();
	ok(log_.file.failing, "a full disk loses it");
	says("lost too");
	comes();
	ok(!*err_text(), "and leaves no error about");
}

/* On the console a line is what it says and by whom. */
static void test_console(void)
{
	static const char nasty[] = "a\tb\rother: \033[2Jc\302\233d\0e\303\244\n";
	int old = dup(2), fds[2];
	char said[100] = "";

	fresh(0);
	log_release(&log_);
	log_.to_file = false;
	ok(old >= 0 && !pipe(fds) && dup2(fds[1], 2) == 2, "a console");
	ok(write(log_.out, nasty, sizeof(nasty) - 1) == sizeof(nasty) - 1,
	   "a line that plays with it");
	comes();
	ok(read(fds[0], said, sizeof(said) - 1) > 0, "is reported");
	dup2(old, 2);
	is_str(strchr(said, ':'), ": a\tb?other: ?[2Jc??d?e\303\244\n", "and shown as it is");
}

int main(void)
{
	static char block[1 << 20] __attribute__((aligned(16)));

	arena_init(&arena, block, sizeof(block));
	if (!mkdtemp(dir))
		return 1;
	test_reason();
	test_held();
	test_rotation();
	test_console();
	unlink(log_.file.path);
	unlink(log_.file.old);
	rmdir(dir);
	return done();
}
