/* logs.c - oci-init logs and shell: what a container of a machine wrote, and a way into it. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"
#include "core/boot/boot.h"

#include <stdio.h>
#include <string.h>

#if WITH_BOOT

/* ---- logs ------------------------------------------------------------------------------------ */

struct logs_opts {
	bool follow;
	const char *lines;
};

#define FOLLOW_MS 200 /* between two looks at the file */

static bool to_terminal;

/* A container has written this text, so a terminal gets it without control characters. There is
 * room for one byte after the text. */
static int show_text(char *text, size_t len)
{
	char *end = text + len, *eol;

	for (char *c = text; to_terminal && (c = memchr(c, 0, end - c));)
		*c = '?';
	*end = '\n';
	for (char *line = text; to_terminal && line < end; line = eol + 1) {
		eol = memchr(line, '\n', end + 1 - line);
		*eol = 0;
		text_harmless(line);
		*eol = '\n';
	}
	return applet_print(text, len);
}

/* Reads fd to its end. Without total it skips the first *skip lines, which it counts down, and
 * prints the rest; with total it only adds the number of lines to *total. */
static int copy_lines(int fd, uint64_t *skip, uint64_t *total)
{
	char buf[8192];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf) - 1)) > 0) {
		char *at = buf, *end = buf + n, *eol;

		for (; (total || *skip) && (eol = memchr(at, '\n', end - at)); at = eol + 1)
			*(total ? total : skip) += total ? 1 : -1;
		if (!total && !*skip && at < end && show_text(at, end - at) < 0)
			return -1;
	}
	return n < 0 ? fail("read the log") : 0;
}

static int show_last(const int fds[2], const char *last)
{
	uint64_t total = 0, skip = 0, lines = UINT64_MAX;

	if (last && !json_number_u64(last, strlen(last), &lines))
		return failx("--lines: \"%s\" is not a number of lines", last);

	for (int i = 0; i < 2; i++)
		if (last && fds[i] >= 0 && copy_lines(fds[i], &skip, &total) < 0)
			return -1;
	if (total > lines)
		skip = total - lines;
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0 &&
		    (lseek(fds[i], 0, SEEK_SET) < 0 || copy_lines(fds[i], &skip, NULL) < 0))
			return -1;
	return 0;
}

/* Ends when the output cannot be written. */
static int follow_log(int *fd, const char *path)
{
	static const struct timespec moment = { 0, FOLLOW_MS * 1000000 };
	struct stat ours, now;
	uint64_t none = 0;

	for (;;) {
		bool moved = *fd < 0 || fstat(*fd, &ours) < 0 || stat(path, &now) < 0 ||
			     ours.st_ino != now.st_ino;

		/* First comes the rest of this file, which may have been renamed. */
		if (*fd >= 0 && copy_lines(*fd, &none, NULL) < 0)
			return -1;
		if (*fd >= 0 && !moved && now.st_size < lseek(*fd, 0, SEEK_CUR))
			lseek(*fd, 0, SEEK_SET); /* it was emptied */
		if (moved) {
			int next = path_open_regular(path, O_RDONLY, 0);

			if (next >= 0) {
				fd_close(fd);
				*fd = next;
				continue;
			}
			err_clear("it is between two files");
		}
		nanosleep(&moment, NULL);
	}
}

static int logs_run(void *opts, int argc, char **argv)
{
	const struct logs_opts *o = opts;
	int fd __cleanup(fd_close) = control_connect();
	/* The new file is opened first. If it is renamed now, the old one is the same file, and no
	 * line is missed. */
	int now __cleanup(fd_close) = -1, old __cleanup(fd_close) = -1;
	struct stat a, b;
	char answer[1200];
	const char *path;

	if (fd < 0 ||
	    control_ask(fd, arena_printf(&arena, "log %s", argv[0]), answer, sizeof(answer)) < 0)
		return -1;
	to_terminal = isatty(1);
	path = answer + 4;
	now = path_open_regular(path, O_RDONLY, 0);
	if (now < 0 && err_num() != ENOENT)
		return -1;
	old = path_open_regular(arena_printf(&arena, "%s.1", path), O_RDONLY, 0);
	if (old >= 0 && now >= 0 && !fstat(old, &a) && !fstat(now, &b) && a.st_ino == b.st_ino)
		fd_close(&old);
	err_clear("there may be one file only");
	if (show_last((int[]){ old, now }, o->lines) < 0)
		return -1;
	return o->follow ? follow_log(&now, path) : 0;
}

static const struct opt logs_opts[] = {
	{ "follow", 'f', OPT_FLAG, offsetof(struct logs_opts, follow), NULL,
	  "print new lines as they come" },
	{ "lines", 'n', OPT_STR, offsetof(struct logs_opts, lines), "N", "only the last N lines" },
	{ NULL },
};

const struct applet init_logs_applet = {
	.name = "logs",
	.args = "NAME",
	.summary = "print what a container of this machine wrote to its log",
	.text = "Its log must be in a directory or in memory. The NAME oci-init stands for process "
		"1 itself.",
	.opts = logs_opts,
	.opts_size = sizeof(struct logs_opts),
	.args_min = 1,
	.args_max = 1,
	.run = logs_run,
};

/* ---- shell ----------------------------------------------------------------------------------- */

static int shell_run(void *opts, int argc, char **argv)
{
	char **all = arena_alloc(&arena, (argc + 8) * sizeof(*all));
	static const char *const exec[] = { "runc", "--root", BOOT_ROOT, "exec", "--tty" };
	size_t n = 0;

	while (n < ARRAY_SIZE(exec) - !isatty(0)) {
		all[n] = (char *)exec[n];
		n++;
	}
	all[n++] = argv[0];
	if (argc == 1)
		all[n++] = (char *)"sh";
	for (int i = 1; i < argc; i++)
		all[n++] = argv[i];
	execv("/proc/self/exe", all);
	return fail("execute the runtime");
}

static const struct opt shell_opts[] = { { NULL } };

const struct applet init_shell_applet = {
	.name = "shell",
	.args = "NAME [COMMAND [ARG...]]",
	.summary = "start a shell in a container of this machine",
	.text = "The same as runc exec, with a terminal if standard input is one. COMMAND is sh by "
		"default.",
	.opts = shell_opts,
	.args_min = 1,
	.args_max = -1,
	.stop_at_positional = true,
	.run = shell_run,
};

#endif
