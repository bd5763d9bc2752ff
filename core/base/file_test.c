/* file_test.c - small files: reading, writing, creating, replacing. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/mman.h>

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

/* What file_read_named() reads from a pipe that has written; "": it fails. */
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

	is_str(from_pipe("12345678", 8), "12345678", "file_read_named reads a pipe to its end");
	is_str(from_pipe("123456789", 8), "",
	       "file_read_named refuses a pipe with a byte too many");
	ok(!file_read_named(&arena, "/proc/self/status", 4096, &text, &len) && len > 100,
	   "file_read_named reads a file");
	ok(file_read_named(&arena, "/dev/zero", 100, &text, &len) < 0,
	   "file_read_named refuses a device");
	ok(file_read_named(&arena, "/no/such", 100, &text, &len) < 0 && err_num() == ENOENT,
	   "file_read_named of a missing file fails");
}

static void test_read(void)
{
	char *text = NULL, line[8];
	size_t len = 0;

	put("f", "12345678\n");
	is_str(get("f"), "12345678\n", "file_read reads a whole file");
	ok(!file_read(&arena, dir, "f", 9, &text, &len) && len == 9 && !text[9],
	   "file_read reads as many bytes as allowed, and adds a NUL");
	ok(file_read(&arena, dir, "f", 8, &text, &len) < 0 && !err_num(),
	   "file_read refuses a byte too many");
	put("empty", "");
	ok(!file_read(&arena, dir, "empty", 100, &text, &len) && !len && !*text,
	   "file_read reads an empty file");
	ok(!file_read(&arena, AT_FDCWD, "/proc/self/status", 4096, &text, &len) && len > 100,
	   "file_read reads a file of /proc, whose size is 0");
	/* Neighbours with different permissions are not merged, so each is a line. */
	for (int i = 0; i < 200; i++)
		mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(!file_read(&arena, AT_FDCWD, "/proc/self/maps", 1 << 20, &text, &len) && len > 8192 &&
		   text[len - 1] == '\n' && !text[len],
	   "file_read reads more than a page of /proc");
	ok(file_read(&arena, AT_FDCWD, "/proc/self/maps", 5000, &text, &len) < 0 && !err_num(),
	   "file_read refuses a file of /proc that is larger than allowed");
	ok(file_read(&arena, dir, "none", 100, &text, &len) < 0 && err_num() == ENOENT,
	   "file_read of a missing file fails");
	ok(file_read(&arena, dir, ".", 100, &text, &len) < 0, "file_read refuses a directory");
	mkfifoat(dir, "fifo", 0600);
	ok(file_read(&arena, dir, "fifo", 100, &text, &len) < 0,
	   "file_read refuses a FIFO and does not wait for a writer");
	ok(file_read(&arena, AT_FDCWD, "/dev/zero", 100, &text, &len) < 0,
	   "file_read refuses a device");
	test_read_named();

	ok(file_read_line(dir, "f", line, sizeof(line)) == 7 && !strcmp(line, "1234567"),
	   "file_read_line cuts a line to the buffer");
	put("f", "abc\n");
	ok(file_read_line(dir, "f", line, sizeof(line)) == 3 && !strcmp(line, "abc"),
	   "file_read_line removes the newline");
	ok(!file_read_line(dir, "empty", line, sizeof(line)) && !*line,
	   "file_read_line reads an empty file");
	ok(file_read_line(dir, "none", line, sizeof(line)) < 0 && err_num() == ENOENT,
	   "file_read_line of a missing file fails");
}

static void test_write(void)
{
	put("f", "abc");
	ok(!file_write(dir, "f", "xy"), "file_write writes a value");
	is_str(get("f"), "xyc", "file_write does not truncate");
	ok(file_write(dir, "new", "x") < 0 && err_num() == ENOENT,
	   "file_write does not create a file");
	symlinkat("f", dir, "link");
	ok(file_write(dir, "link", "z") < 0 && err_num() == ELOOP,
	   "file_write does not follow a symlink");
	ok(file_write(AT_FDCWD, "/dev/full", "z") < 0 && err_num() == ENOSPC &&
		   strstr(err_text(), "\"z\" to /dev/full"),
	   "an error of file_write names value and file");
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
	   "file_create sets the mode");
	is_str(get("made"), "text", "file_create writes the text");
	ok(file_create(dir, "made", "other", 5, 0600) < 0 && err_num() == EEXIST,
	   "file_create of a file that exists fails");
	is_str(get("made"), "text", "file_create leaves a file that exists as it was");
	symlinkat("elsewhere", dir, "dangling");
	ok(file_create(dir, "dangling", "x", 1, 0600) < 0 && get("elsewhere") == NULL,
	   "file_create does not create the target of a symlink");

	before = entries();
	ok(!file_replace(dir, "made", "new text", 8, 0640), "file_replace replaces a file");
	is_str(get("made"), "new text", "file_replace writes the new text");
	ok(!fstatat(dir, "made", &st, 0) && (st.st_mode & 07777) == 0640 && entries() == before,
	   "file_replace sets the new mode, and leaves no temporary file");
	temp = arena_printf(&arena, ".made.%x.0", (unsigned)sys_secret());
	put(temp, "left by a killed process");
	ok(!file_replace(dir, "made", "3", 1, 0640) && entries() == before + 1,
	   "file_replace works although its temporary name is taken");
	is_str(get("made"), "3", "file_replace does not use the file with that name");
	is_str(get(temp), "left by a killed process",
	       "file_replace does not remove the file with that name");
	unlinkat(dir, temp, 0);
	symlinkat("victim", dir, temp);
	put("victim", "safe");
	ok(!file_replace(dir, "made", "4", 1, 0640),
	   "file_replace works although its temporary name is a symlink");
	is_str(get("victim"), "safe", "file_replace does not follow that symlink");
	unlinkat(dir, temp, 0);
	ok(!file_replace(dir, "dangling", "5", 1, 0640) && !get("elsewhere"),
	   "file_replace replaces a symlink, not its target");
	is_str(get("dangling"), "5", "file_replace puts the file in place of the symlink");
	mkdirat(dir, "d", 0700);
	before = entries();
	ok(file_replace(dir, "d", "x", 1, 0600) < 0 && entries() == before,
	   "file_replace that fails leaves no temporary file");
	ok(!file_replace(AT_FDCWD, arena_printf(&arena, "%s/d/in", top), "6", 1, 0600),
	   "file_replace takes a path with directories");
	is_str(get("d/in"), "6", "file_replace writes in that directory");
	ok(file_replace(dir, "none/x", "x", 1, 0600) < 0 && err_num() == ENOENT,
	   "file_replace in a missing directory fails");
}

/* Opens path, as O_PATH, and asks file_is_plain. -1: it cannot be opened. */
static int plain(const char *path)
{
	int fd __cleanup(fd_close) = openat(dir, path, O_PATH | O_CLOEXEC);

	return fd < 0 ? -1 : file_is_plain(fd);
}

static void test_plain(void)
{
	static const char *const theirs[] = { "/proc/version", "/proc/self/status",
					      "/sys/kernel/uevent_seqnum" };

	put("full", "text");
	put("empty", "");
	mkfifoat(dir, "fifo", 0600);
	ok(plain("full") == 1 && plain("empty") == 1, "file_is_plain: files of a disk are");
	ok(!plain(".") && !plain("fifo") && !plain("/dev/null"),
	   "file_is_plain: a directory, a FIFO and a device are not");
	for (size_t i = 0; i < ARRAY_SIZE(theirs); i++)
		ok(plain(theirs[i]) < 1, "file_is_plain: %s is not%s", theirs[i],
		   plain(theirs[i]) < 0 ? " # SKIP it is not here" : "");
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
	test_plain();
	if (system(arena_printf(&arena, "rm -rf %s", top)))
		printf("# %s is left\n", top);
	return done();
}
