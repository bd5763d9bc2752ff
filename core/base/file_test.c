/* file_test.c - small files: read whole or refused, written at once, replaced by rename. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"

#include <dirent.h>
#include <stdlib.h>

static char block[65536];
static struct arena arena;
static char top[] = "/tmp/file_test.XXXXXX";
static int dir = -1;

static void put(const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		exit(1);
	close(fd);
}

static const char *get(const char *name)
{
	char *text;
	size_t len;

	return file_read(&arena, dir, name, 4096, &text, &len) < 0 || strlen(text) != len ? NULL
											  : text;
}

static int entries(void)
{
	DIR *d = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

/* What read of the pipe's other end says; "" a failure. */
static const char *from_pipe(const char *written, size_t max)
{
	char *text = "", name[32];
	size_t len;
	int fds[2];

	if (pipe(fds) || write(fds[1], written, strlen(written)) < 0)
		exit(1);
	close(fds[1]);
	snprintf(name, sizeof(name), "/dev/fd/%d", fds[0]);
	if (file_read_named(&arena, name, max, &text, &len) < 0 || strlen(text) != len)
		text = "";
	close(fds[0]);
	return text;
}

static void test_read_named(void)
{
	char *text = NULL;
	size_t len;

	is_str(from_pipe("12345678", 8), "12345678", "a pipe that was named is read to its end");
	is_str(from_pipe("123456789", 8), "", "a byte too many is refused there too");
	ok(!file_read_named(&arena, "/proc/self/status", 4096, &text, &len) && len > 100,
	   "a file that was named");
	ok(file_read_named(&arena, "/dev/zero", 100, &text, &len) < 0,
	   "a device that was named is refused");
	ok(file_read_named(&arena, "/no/such", 100, &text, &len) < 0 && err_num() == ENOENT,
	   "a file that was named and is missing");
}

static void test_read(void)
{
	char *text = NULL, line[8];
	size_t len = 0;

	put("f", "12345678\n");
	is_str(get("f"), "12345678\n", "a file is read whole");
	ok(!file_read(&arena, dir, "f", 9, &text, &len) && len == 9 && !text[9],
	   "up to its limit, NUL after it");
	ok(file_read(&arena, dir, "f", 8, &text, &len) < 0 && !err_num(),
	   "a byte too many is refused");
	put("empty", "");
	ok(!file_read(&arena, dir, "empty", 100, &text, &len) && !len && !*text, "an empty file");
	ok(!file_read(&arena, AT_FDCWD, "/proc/self/status", 4096, &text, &len) && len > 100,
	   "a file of /proc, whose size is 0");
	ok(file_read(&arena, dir, "none", 100, &text, &len) < 0 && err_num() == ENOENT,
	   "a missing file");
	ok(file_read(&arena, dir, ".", 100, &text, &len) < 0, "a directory is refused");
	mkfifoat(dir, "fifo", 0600);
	ok(file_read(&arena, dir, "fifo", 100, &text, &len) < 0,
	   "a FIFO is refused and does not hold us up");
	ok(file_read(&arena, AT_FDCWD, "/dev/zero", 100, &text, &len) < 0, "a device is refused");
	test_read_named();

	ok(file_read_line(dir, "f", line, sizeof(line)) == 7 && !strcmp(line, "1234567"),
	   "a line is cut to the room");
	put("f", "abc\n");
	ok(file_read_line(dir, "f", line, sizeof(line)) == 3 && !strcmp(line, "abc"),
	   "and loses its newline");
	ok(!file_read_line(dir, "empty", line, sizeof(line)) && !*line, "an empty line");
	ok(file_read_line(dir, "none", line, sizeof(line)) < 0 && err_num() == ENOENT,
	   "a missing line");
}

static void test_write(void)
{
	put("f", "abc");
	ok(!file_write(dir, "f", "xy"), "a value is written");
	is_str(get("f"), "xyc", "in place, as cgroup files want it");
	ok(file_write(dir, "new", "x") < 0 && err_num() == ENOENT, "nothing is created by it");
	symlinkat("f", dir, "link");
	ok(file_write(dir, "link", "z") < 0 && err_num() == ELOOP, "no link is followed");
	ok(file_write(AT_FDCWD, "/dev/full", "z") < 0 && err_num() == ENOSPC &&
		   strstr(err_text(), "\"z\" to /dev/full"),
	   "the failure names value and file");
	unlinkat(dir, "link", 0);
}

static void test_create(void)
{
	const char *temp;
	struct stat st;
	int before;

	umask(0);
	ok(!file_create(dir, "made", "text", 4, 0600) && !fstatat(dir, "made", &st, 0) &&
		   (st.st_mode & 07777) == 0600,
	   "a file is created with its mode");
	is_str(get("made"), "text", "and its text");
	ok(file_create(dir, "made", "other", 5, 0600) < 0 && err_num() == EEXIST,
	   "not over one that is there");
	is_str(get("made"), "text", "which stays as it was");
	symlinkat("elsewhere", dir, "dangling");
	ok(file_create(dir, "dangling", "x", 1, 0600) < 0 && get("elsewhere") == NULL,
	   "nor where a link points");

	before = entries();
	ok(!file_replace(dir, "made", "new text", 8, 0640), "a file is replaced");
	is_str(get("made"), "new text", "by the new text");
	ok(!fstatat(dir, "made", &st, 0) && (st.st_mode & 07777) == 0640 && entries() == before,
	   "with the new mode, and nothing beside it");
	temp = arena_printf(&arena, ".made.%d.0", (int)getpid());
	put(temp, "left by a killed process");
	ok(!file_replace(dir, "made", "3", 1, 0640) && entries() == before + 1,
	   "what a killed process has left is not in the way");
	is_str(get("made"), "3", "nor in the text");
	is_str(get(temp), "left by a killed process", "and may be another process's");
	unlinkat(dir, temp, 0);
	symlinkat("victim", dir, temp);
	put("victim", "safe");
	ok(!file_replace(dir, "made", "4", 1, 0640), "nor is a link at its place");
	is_str(get("victim"), "safe", "which is not followed");
	unlinkat(dir, temp, 0);
	ok(!file_replace(dir, "dangling", "5", 1, 0640) && !get("elsewhere"),
	   "the name itself is replaced, if a link");
	is_str(get("dangling"), "5", "by the file");
	mkdirat(dir, "d", 0700);
	before = entries();
	ok(file_replace(dir, "d", "x", 1, 0600) < 0 && entries() == before,
	   "what fails leaves nothing");
	ok(!file_replace(AT_FDCWD, arena_printf(&arena, "%s/d/in", top), "6", 1, 0600),
	   "a path with directories");
	is_str(get("d/in"), "6", "has its file where it belongs");
	ok(file_replace(dir, "none/x", "x", 1, 0600) < 0 && err_num() == ENOENT,
	   "a missing directory");
}

int main(void)
{
	arena_init(&arena, block, sizeof(block));
	if (!mkdtemp(top))
		return 1;
	dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	test_read();
	test_write();
	test_create();
	if (system(arena_printf(&arena, "rm -rf %s", top)))
		printf("# %s is left\n", top);
	return done();
}
