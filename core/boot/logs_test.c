/* logs_test.c - lines of a container before and after its start, and why a start has failed. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

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

static void output(const char *text)
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
	is_str(why, "", "without output there is no reason");
	output("time=\"t\" level=warning msg=\"w\"\n"
	       "time=\"t\" level=error msg=\"runc run failed: a \\\"b\\\"\"\n\n");
	log_reason(&log_, why, sizeof(why));
	is_str(why, "a \"b\"", "the reason is the message of the last line");
	is_str(file(log_.file.path), "time=\"t\" level=warning msg=\"w\"\n",
	       "the lines before it are written to the log");
	ok(!log_.held && !log_.len, "no line is kept in the buffer");
	fresh(0);
	memset(many, 'm', 510);
	output(many);
	output("\nplain words");
	log_reason(&log_, why, sizeof(why));
	is_str(why, "plain words",
	       "the reason is a last line that crosses the end of the buffer, without a newline");
	snprintf(want, sizeof(want), "%s\n", many);
	is_str(file(log_.file.path), want, "the line before it is written to the log");
	fresh(0);
	output("\033]0;x\007 red\n");
	log_reason(&log_, why, sizeof(why));
	ok(*why && !strpbrk(why, "\033\007"), "control characters of a reason are replaced: %s",
	   why);
	fresh(0);
	memset(many, 'm', 599);
	output(many);
	log_reason(&log_, why, sizeof(why));
	ok(strlen(why) == 599 - LOG_LINE,
	   "the reason is the end of a line that is longer than the buffer");
}

/* Reads the output, and lets the time for a line without a newline pass. */
static void settle(void)
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
	/* Together more than a pipe holds. log_pump empties it, so no write blocks. */
	for (int i = 0; i < 700; i++) {
		output(line);
		log_pump(&log_);
	}
	output("first\n");
	log_release(&log_);
	ok(strlen(file(log_.file.path)) == 70006, "log_release writes the held lines");
	output("sec");
	log_pump(&log_);
	is_str(file(log_.file.path) + 70000, "first\n",
	       "a line without a newline is not written at once");
	settle();
	is_str(file(log_.file.path) + 70000, "first\nsec",
	       "it is written when no data came for a while");
}

static void test_rotation(void)
{
	fresh(8);
	log_release(&log_);
	for (const char *s = "abcd\0efgh\0ijkl\0"; *s; s += 5) {
		output(s);
		settle();
	}
	is_str(file(log_.file.path), "ijkl", "a text that exceeds the limit begins a new file");
	is_str(file(log_.file.old), "abcdefgh", "the full file is renamed");
	output("a longer one than the limit");
	settle();
	is_str(file(log_.file.old), "ijkl", "the next full file replaces the renamed one");
	is_str(file(log_.file.path), "a longer one than the limit",
	       "a text longer than the limit is in one file");
	log_.file.max = 0;
	log_.file.fd = dup2(open("/dev/full", O_WRONLY), log_.file.fd);
	output("lost");
	settle();
	ok(log_.file.failing, "text is lost when the disk is full");
	output("lost too");
	settle();
	ok(!*err_text(), "the error record is empty after that");
}

/* A container cannot fake the name of another one on the console. */
static void test_console(void)
{
	static const char nasty[] = "a\tb\rother: \033[2Jc\302\233d\0e\303\244\n";
	int old = dup(2), fds[2];
	char said[100] = "";

	fresh(0);
	log_release(&log_);
	log_.to_file = false;
	ok(old >= 0 && !pipe(fds) && dup2(fds[1], 2) == 2, "a pipe becomes the console");
	ok(write(log_.out, nasty, sizeof(nasty) - 1) == sizeof(nasty) - 1,
	   "a container writes control characters");
	settle();
	ok(read(fds[0], said, sizeof(said) - 1) > 0, "the line is on the console");
	dup2(old, 2);
	is_str(strchr(said, ':'), ": a\tb?other: ?[2Jc??d?e\303\244\n",
	       "its control characters are replaced");
}

/* A file in the place of /dev/kmsg counts the records. */
static void test_records(void)
{
	char path[FD_PATH_MAX];
	size_t records = 0;

	fresh(0);
	log_release(&log_);
	log_.to_file = false;
	log_.fd = memfd_create("kmsg", MFD_CLOEXEC);
	for (int i = 0; i < 2000; i++)
		output("\n");
	log_pump(&log_);
	for (const char *s = file(path_of_fd(path, log_.fd)); (s = strchr(s, '\n')); s++)
		records++;
	ok(records && records <= 16 * 64, "a turn writes a limited number of records: %zu",
	   records);
	close(log_.fd);
	log_.fd = -1;
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
	test_records();
	unlink(log_.file.path);
	unlink(log_.file.old);
	rmdir(dir);
	return done();
}
