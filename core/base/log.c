/* log.c - log lines as text or JSON. The applet sets where they go. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <stdio.h>
#include <string.h>

struct log_sink log_sink = { .level = LOG_INFO };

static const char *const level_names[] = { "error", "warning", "info", "debug" };

/* The place of the line that is being written. Sinks get the text only: most need no place. */
static struct {
	const char *func, *file;
	int line;
} place_of;

void log_put(enum log_level level, const char *func, const char *file, int line, const char *fmt,
	     ...)
{
	char text[4096];
	va_list ap;

	if (level > log_sink.level || !log_sink.line)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (WITH_DEBUG) {
		place_of.func = func;
		place_of.file = file;
		place_of.line = line;
	}
	log_sink.line(level, text_harmless(text));
}

bool log_is_shared(void)
{
	return log_sink.shared && !isatty(STDERR_FILENO);
}

void log_time(char *buf, size_t size, const struct timespec *t, bool nano)
{
	struct tm tm;
	size_t n;

	clock_utc(t->tv_sec, &tm);
	/* strftime(3) would add 8 KB for locales and time zones. */
	n = snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
		     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (nano && t->tv_nsec) {
		n += snprintf(buf + n, size - n, ".%09ld", t->tv_nsec);
		while (buf[n - 1] == '0')
			n--;
	}
	snprintf(buf + n, size - n, "Z");
}

/* Escapes text for a quoted string; valid both as JSON and as logfmt. */
static size_t put_quoted(char *out, size_t room, const char *s)
{
	size_t n = 0;

	for (; *s && n + 8 < room; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\') {
			out[n++] = '\\';
			out[n++] = c;
		} else if (c == '\n') {
			out[n++] = '\\';
			out[n++] = 'n';
		} else if (c < 0x20) {
			n += snprintf(out + n, room - n, "\\u%04x", c);
		} else {
			out[n++] = c;
		}
	}
	out[n] = 0;
	return n;
}

size_t log_format(char *buf, size_t size, bool json, enum log_level level, const char *text)
{
	struct timespec now;
	char when[40], place[160] = "";
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	log_time(when, sizeof(when), &now, false);
	/* Function names and source paths need no escapes. */
	if (WITH_DEBUG && log_sink.level >= LOG_DEBUG && place_of.func && json)
		snprintf(place, sizeof(place), "\"file\":\"%s:%d\",\"func\":\"%s\",", place_of.file,
			 place_of.line, place_of.func);
	else if (WITH_DEBUG && log_sink.level >= LOG_DEBUG && place_of.func)
		snprintf(place, sizeof(place), " func=\"%s\" file=\"%s:%d\"", place_of.func,
			 place_of.file, place_of.line);
	if (json)
		n = snprintf(buf, size, "{%s\"level\":\"%s\",\"msg\":\"", place,
			     level_names[level]);
	else
		n = snprintf(buf, size, "time=\"%s\" level=%s msg=\"", when, level_names[level]);
	n += put_quoted(buf + n, size - n - 48 - sizeof(place), text);
	if (json)
		n += snprintf(buf + n, size - n, "\",\"time\":\"%s\"}\n", when);
	else
		n += snprintf(buf + n, size - n, "\"%s\n", place);
	return n;
}

size_t log_terminal(char *buf, size_t size, long seconds, enum log_level level, const char *text)
{
	static const struct {
		char name[5];
		unsigned char colour;
	} looks[] = { { "ERRO", 31 }, { "WARN", 33 }, { "INFO", 36 }, { "DEBU", 37 } };
	char place[160] = "";
	int n;

	if (WITH_DEBUG && log_sink.level >= LOG_DEBUG && place_of.func)
		snprintf(place, sizeof(place), "%s:%d %s", place_of.file, place_of.line,
			 place_of.func);
	n = snprintf(buf, size - 2, "\033[%dm%s\033[0m[%04ld]%s %-44s ", looks[level].colour,
		     looks[level].name, seconds, place, text);
	if ((size_t)n > size - 3)
		n = size - 3;
	buf[n++] = '\n';
	return n;
}
