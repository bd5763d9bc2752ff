/* logs.c - what containers write: by lines to the console or the kernel's log, or to the writer of files. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <string.h>

/* A line without an end is shown after this much silence: it may be a prompt. */
#define SILENCE_MS 500
#define TURN_MS 200

int log_open(struct arena *a, struct log *l, const char *name, const struct boot_rule *rule)
{
	int pipe_fds[2];

	*l = (struct log){ .name = name, .in = -1, .out = -1, .fd = -1 };
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
	/* Where the directory is not there, the console is. */
	l->to_file = !logfile_open(a, &l->file, name, rule);
	return l->to_file ? 0 : fail_in("its output goes to the console");
}

/* With the container's name in front, whatever the text holds: a container cannot change what stands
 * before the line, nor the terminal. */
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

/* In whole lines too: a file that is renamed does not end within one. */
static void flush_to_file(struct log *l, bool all)
{
	char *end = all ? NULL : memrchr(l->line, '\n', l->len);
	size_t len = end ? (size_t)(end + 1 - l->line) : all || l->len == LOG_LINE ? l->len : 0;

	if (!len || !logfile_send(&l->file, l->line, len))
		return;
	l->len -= len;
	memmove(l->line, l->line + len, l->len);
}

/* Whole lines of what is there, or all of it. */
static void flush(struct log *l, bool all)
{
	size_t from = 0;

	if (l->to_file) {
		flush_to_file(l, all);
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

bool log_takes(const struct log *l)
{
	if (l->held || l->fd >= 0)
		return true;
	return l->to_file ? logfile_takes(&l->file) : console_takes();
}

/* True: something was read. */
static bool take(struct log *l)
{
	ssize_t n;

	/* A writer of files that lags behind has left the line here. */
	if (!l->held && l->to_file && l->len)
		flush(l, false);
	n = log_takes(l) ? read(l->in, l->line + l->len, LOG_LINE - l->len) : 0;
	if (n <= 0)
		return false;
	l->len += n;
	l->heard = clock_ms();
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

/* Bounds, so that a container that writes without end does not keep us from the others, nor a kernel that
 * prints what goes to /dev/kmsg on a slow serial line from the watchdog. False: all that there was is read. */
static bool pump(struct log *l, int times)
{
	int64_t end = clock_ms() + TURN_MS;

	while (times && take(l)) {
		times = clock_ms() < end ? times - 1 : 0;
		if (!l->held)
			flush(l, false);
		else if (l->len == LOG_LINE)
			put_before_last(l);
	}
	return !times || (l->in >= 0 && !log_takes(l));
}

bool log_pump(struct log *l)
{
	return pump(l, 16);
}

int64_t log_due(const struct log *l)
{
	return l->held || !l->len ? INT64_MAX : l->heard + SILENCE_MS;
}

void log_silence(struct log *l, int64_t now)
{
	if (log_due(l) > now)
		return;
	flush(l, true);
	l->heard = now; /* the writer of files may have had no room */
}

bool log_end(struct log *l)
{
	if (l->in < 0)
		return true;
	if (log_pump(l))
		return false;
	flush(l, true);
	return !l->len;
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
