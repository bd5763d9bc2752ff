/* fd_test.c - descriptors: taking, closing, reserving, writing. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"
#include "tests/without.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Opens fd without close-on-exec, as descriptors of a caller are. */
static void occupy(int fd)
{
	int null = open("/dev/null", O_RDWR);

	if (null != fd) {
		dup2(null, fd);
		close(null);
	}
}

static void test_one(void)
{
	int fd = open("/dev/null", O_RDONLY), copy = fd;

	errno = ENXIO;
	fd_close(&fd);
	ok(fd == -1 && errno == ENXIO && !is_open(copy),
	   "fd_close closes, sets -1 and keeps errno");
	errno = ENXIO;
	fd_close(&fd);
	ok(fd == -1 && errno == ENXIO, "fd_close of -1 does nothing");
	fd = 7;
	ok(fd_take(&fd) == 7 && fd == -1, "fd_take returns the descriptor and sets -1");
	occupy(20);
	ok(!fd_set_cloexec(20, true) && fcntl(20, F_GETFD) == FD_CLOEXEC,
	   "fd_set_cloexec sets close-on-exec");
	ok(!fd_set_cloexec(20, false) && !fcntl(20, F_GETFD),
	   "fd_set_cloexec clears close-on-exec");
	close(20);
	ok(fd_set_cloexec(20, true) < 0 && err_num() == EBADF,
	   "fd_set_cloexec of a closed descriptor fails");
}

static void test_together(void)
{
	int fds[] = { 24, -1, 20, 22, 21, 30, -1 };
	struct fd_pool pool = { .n = 0 };
	bool good = true;

	for (int fd = 20; fd <= 31; fd++)
		occupy(fd);
	fd_close_all(fds, ARRAY_SIZE(fds));
	ok(!is_open(20) && !is_open(21) && !is_open(22) && !is_open(24) && !is_open(30),
	   "fd_close_all closes the descriptors of the list");
	ok(is_open(23) && is_open(25) && is_open(29) && is_open(31),
	   "fd_close_all closes no others");
	fd_close_all(fds, 0);
	for (int fd = 40; fd < 140; fd++) {
		int mine = fd;

		occupy(fd);
		fd_pool_put(&pool, &mine);
		good &= mine == -1;
	}
	ok(good, "fd_pool_put sets the descriptors to -1");
	fd_pool_put(&pool, &(int){ -1 });
	fd_pool_close(&pool);
	for (int fd = 40; fd < 140; fd++)
		good &= !is_open(fd);
	ok(good && !pool.n, "a pool closes more descriptors than it has room for");
	ok(is_open(23) && is_open(0), "a pool closes no others");
	for (int fd = 20; fd <= 31; fd++)
		close(fd);
}

/* Calls fd_close_from() in a child, and returns the numbers of 0 to 99 that are open then. */
static const char *closed_from(int first, int *keep, size_t n)
{
	static char text[256];
	size_t len = 0;
	int pipes[2], status;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		exit(1);
	fflush(stdout);
	if (!fork()) {
		dup2(pipes[1], 2);
		for (int fd = 3; fd < 12; fd++)
			occupy(fd);
		occupy(60);
		if (fd_close_from(first, keep, n) < 0)
			dprintf(2, "%s", err_text());
		for (int fd = 0; fd < 100; fd++)
			if (is_open(fd))
				dprintf(2, "%d ", fd);
		_exit(0);
	}
	close(pipes[1]);
	for (ssize_t got; (got = read(pipes[0], text + len, sizeof(text) - 1 - len)) > 0;)
		len += got;
	text[len] = 0;
	close(pipes[0]);
	wait(&status);
	return text;
}

static void test_close_from(const char *way)
{
	is_str(closed_from(3, NULL, 0), "0 1 2 ", "%s: all from 3 on are closed", way);
	is_str(closed_from(5, NULL, 0), "0 1 2 3 4 ", "%s: all from 5 on are closed", way);
	is_str(closed_from(3, (int[]){ 60, 7 }, 2), "0 1 2 7 60 ", "%s: two are kept", way);
	is_str(closed_from(3, (int[]){ -1, 5, -1 }, 3), "0 1 2 5 ",
	       "%s: -1 in the list has no effect", way);
	is_str(closed_from(6, (int[]){ 4, 6, 7 }, 3), "0 1 2 3 4 5 6 7 ",
	       "%s: neighbours, and one below the first, are kept", way);
	is_str(closed_from(3, (int[]){ 3, 3 }, 2), "0 1 2 3 ",
	       "%s: one that the list has twice is kept", way);
}

static void test_reserve(void)
{
	int status = -1;

	fflush(stdout);
	if (!fork()) {
		close(0);
		close(2);
		if (fd_reserve_stdio() < 0)
			_exit(2);
		_exit(is_open(0) && is_open(1) && is_open(2) && !is_open(3) ? 0 : 1);
	}
	wait(&status);
	ok(!status, "fd_reserve_stdio opens the closed standard descriptors only");
}

static void test_write(void)
{
	int pipes[2], status;
	static char big[300000];
	size_t got = 0;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		exit(1);
	fflush(stdout);
	if (!fork())
		_exit(fd_write_all(pipes[1], big, sizeof(big)) < 0);
	close(pipes[1]);
	for (ssize_t n; (n = read(pipes[0], big, 1000)) > 0;)
		got += n;
	wait(&status);
	ok(got == sizeof(big) && !status, "fd_write_all writes more than a pipe can buffer");
	ok(fd_write_all(pipes[0], "x", 1) < 0 && errno == EBADF, "fd_write_all reports a failure");
	close(pipes[0]);
}

static void test_put(void)
{
	int pipes[2];
	static char big[300000];

	memset(big, 'x', sizeof(big) - 1);
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0)
		exit(1);
	ok(!fd_put(pipes[1], "value") && !fd_put(pipes[1], ""), "fd_put writes a value");
	ok(fd_put(pipes[1], big) < 0 && errno == EAGAIN,
	   "fd_put goes on where a part of the value is taken");
	ok(fd_put(pipes[0], "value") < 0 && errno == EBADF, "fd_put reports a failure");
	fd_close_all(pipes, 2);
}

int main(void)
{
	/* Descriptors of the caller would be counted. */
	for (int fd = 3; fd < 256; fd++)
		close(fd);
	test_one();
	test_together();
	test_close_from("close_range");
	test_reserve();
	test_write();
	test_put();
	/* As on a kernel before 5.9. */
	if (without(SYS_close_range, ENOSYS)) {
		test_close_from("walk");
		test_together();
	} else {
		ok(true, "walk of /proc/self/fd # SKIP no seccomp filter can be loaded");
	}
	return done();
}
