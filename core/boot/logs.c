/* logs.c - what containers write: by lines to the console or the kernel's log, or into files. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <string.h>

static int open_file(struct log *l)
{
	struct stat st;

	l->fd = open(l->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (l->fd < 0)
		return fail("open the log %s", l->path);
	l->size = fstat(l->fd, &st) < 0 ? 0 : st.st_size;
	return 0;
}

int log_open(struct arena *a, struct log *l, const char *name, const struct boot_rule *rule)
{
	int pipe_fds[2];

	*l = (struct log){ .name = name, .in = -1, .out = -1, .fd = -1, .max = rule->log_size };
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return fail("make a pipe for its log");
	l->in = pipe_fds[0];
	l->out = pipe_fds[1];
	fcntl(l->in, F_SETFL, O_NONBLOCK); /* ours alone: the container's end blocks as it should */
	if (!strcmp(rule->log, "console") || !strcmp(rule->log, "tty"))
		return 0;
	if (!strcmp(rule->log, "kmsg")) {
		l->fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
		return l->fd < 0 ? fail("open /dev/kmsg") : 0;
	}
	l->path = arena_printf(a, "%s/%s.log", rule->log, name);
	l->old = arena_printf(a, "%s.1", l->path);
	l->lost = true; /* what fails here is told by the caller; each line tries again */
	if (mkdir(rule->log, 0755) < 0 && errno != EEXIST)
		return fail("make %s", rule->log);
	if (open_file(l) < 0)
		return -1;
	l->lost = false;
	return 0;
}

static void put_file(struct log *l)
{
	if (l->max && l->size + l->len > l->max && l->size) {
		fd_close(&l->fd);
		rename(l->path, l->old);
	}
	if ((l->fd < 0 && open_file(l) < 0) ||
	    (fd_write_all(l->fd, l->line, l->len) < 0 && fail("write %s", l->path))) {
		if (!l->lost)
			console_error();
		else
			err_clear("it has been told");
		l->lost = true;
		return;
	}
	l->lost = false;
	l->size += l->len;
}

/* With the name of who wrote it in front, whatever it holds: neither what lies before the line nor the
 * terminal is the container's. */
static void put_line(struct log *l, const char *text, size_t len)
{
	char record[LOG_LINE + 300], line[LOG_LINE + 1];
	int n;

	for (size_t i = 0; i < len; i++)
		line[i] = text[i] ? text[i] : '?';
	line[len] = 0;
	text_harmless(line);
	if (l->fd < 0) {
		console_line(l->name, line, len);
		return;
	}
	/* one write is one record; 30: facility daemon, priority info */
	n = snprintf(record, sizeof(record), "<30>%s: %s\n", l->name, line);
	if (write(l->fd, record, n < (int)sizeof(record) ? (size_t)n : sizeof(record) - 1) < 0)
		err_clear("the kernel takes no more just now");
}

/* Whole lines of what is there, or all of it. */
static void flush(struct log *l, bool all)
{
	size_t from = 0;

	if (l->path) {
		if (l->len)
			put_file(l);
		l->len = 0;
		return;
	}
	for (;;) {
		char *end = memchr(l->line + from, '\n', l->len - from);
		size_t len = end ? (size_t)(end - l->line) - from : l->len - from;

		if (!end && (!len || (!all && (from || l->len < LOG_LINE))))
			break;
		put_line(l, l->line + from, len && l->line[from + len - 1] == '\r' ? len - 1 : len);
		from += len + !!end;
	}
	l->len -= from;
	memmove(l->line, l->line + from, l->len);
}

/* 1: something was read. */
static bool take(struct log *l)
{
	ssize_t n = read(l->in, l->line + l->len, LOG_LINE - l->len);

	if (n <= 0)
		return false;
	l->len += n;
	return true;
}

/* The last line stays, with its end; what is before it goes out. */
static void put_before_last(struct log *l)
{
	char *end = l->len ? memrchr(l->line, '\n', l->len - 1) : NULL;
	size_t from = end ? (size_t)(end + 1 - l->line) : 0, keep = l->len - from;

	if (!from && l->len < LOG_LINE)
		return;
	l->len = from ? from : l->len; /* one that is longer than can be held */
	keep = from ? keep : 0;
	flush(l, true);
	memmove(l->line, l->line + from, keep);
	l->len = keep;
}

/* A bound, so that one who writes without end does not keep us from the others. */
static void pump(struct log *l, int times)
{
	while (times-- && take(l))
		if (!l->held)
			flush(l, false);
		else if (l->len == LOG_LINE)
			put_before_last(l);
}

void log_pump(struct log *l)
{
	pump(l, 16);
}

void log_release(struct log *l)
{
	l->held = false;
	flush(l, false);
	log_pump(l);
}

/* The message of `time="..." level=error msg="..."`. */
static const char *message(char *line)
{
	char *msg = strstr(line, " msg=\""), *to, *from;

	if (!msg)
		return line;
	for (to = from = msg += 6; *from && *from != '"'; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = 0;
	if (!strncmp(msg, "runc run failed: ", 17))
		msg += 17;
	return msg;
}

void log_reason(struct log *l, char *why, size_t size)
{
	char last[LOG_LINE + 1];

	l->held = true;
	pump(l, 256); /* all that a pipe holds, and more */
	while (l->len && l->line[l->len - 1] == '\n')
		l->len--;
	put_before_last(l);
	memcpy(last, l->line, l->len);
	last[l->len] = 0;
	snprintf(why, size, "%s", message(last));
	l->len = 0;
	l->held = false;
}
