/* logs.c - sends the output of containers to the console, the kernel's log, or the log files. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* A line without a newline, which may be a prompt, is written when no data came for this time. */
#define SILENCE_MS 500
#define TURN_MS 200 /* for the output of one container, before others get their turn */
/* For /dev/kmsg one read takes at most this many bytes. Each may be an empty line, and so a record,
 * which the kernel may print on a slow serial line before write(2) returns. */
#define KMSG_READ 64

/* Opens /dev/kmsg or the socket of syslog, where each line is a record. */
static int open_records(struct log *l, const struct boot_rule *rule)
{
	l->to_syslog = WITH_SYSLOG && !strcmp(rule->log, "syslog");
	l->fd = WITH_SYSLOG && l->to_syslog ? syslog_open(rule->syslog)
					    : open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	return l->fd < 0 ? fail("open %s", l->to_syslog ? "a socket for syslog" : "/dev/kmsg") : 0;
}

int log_open(struct arena *a, struct log *l, const char *name, const struct boot_rule *rule)
{
	int pipe_fds[2];

	*l = (struct log){ .name = name, .in = -1, .out = -1, .fd = -1 };
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return fail("make a pipe for its log");
	l->in = pipe_fds[0];
	l->out = pipe_fds[1];
	/* Only our end: the container's end must block. */
	if (fcntl(l->in, F_SETFL, O_NONBLOCK) < 0) {
		fail("make a pipe for its log");
		fd_close(&l->in);
		fd_close(&l->out);
		return -1;
	}
	if (!strcmp(rule->log, "console") || !strcmp(rule->log, "tty"))
		return 0;
	if (*rule->log != '/')
		return open_records(l, rule);
	/* If the file cannot be opened, the console gets the output. */
	l->to_file = !logfile_open(a, &l->file, name, rule);
	return l->to_file ? 0 : fail_in("its output goes to the console");
}

/* Writes the container's name and a line. Control characters are replaced, because they could
 * change the terminal, or the text before them. */
static void put_log_line(struct log *l, const char *text, size_t len)
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
	/* One write(2) is one record. 30: facility daemon, priority info. */
	n = snprintf(record, sizeof(record), "<30>%s: %s\n", l->name, line);
	if (WITH_SYSLOG && l->to_syslog)
		syslog_send(record, n < (int)sizeof(record) ? (size_t)n - 1 : sizeof(record) - 1);
	else if (write(l->fd, record, n < (int)sizeof(record) ? (size_t)n : sizeof(record) - 1) < 0)
		err_clear("the kernel accepts no more records now");
}

/* Sends whole lines, or with all everything, to the file. So a file that is renamed ends with a
 * whole line. Lines with a time are sent one by one. */
static void flush_to_file(struct log *l, bool all)
{
	char text[LOGFILE_MAX], *end;
	size_t len, n;

	do {
		end = console_stamp ? memchr(l->line, '\n', l->len)
		      : all	    ? NULL
				    : memrchr(l->line, '\n', l->len);
		len = end ? (size_t)(end + 1 - l->line) : all || l->len == LOG_LINE ? l->len : 0;
		n = l->within ? 0 : console_time(text);
		memcpy(text + n, l->line, len);
		if (!len || !logfile_send(&l->file, text, n + len))
			return;
		l->within = l->line[len - 1] != '\n';
		l->len -= len;
		memmove(l->line, l->line + len, l->len);
	} while (end && l->len);
}

/* Writes the whole lines of the buffer, or all of it. */
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
		put_log_line(l, l->line + from,
			     len && l->line[from + len - 1] == '\r' ? len - 1 : len);
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

/* Reads the pipe once. True: there was data. */
static bool take_text(struct log *l)
{
	size_t room;
	ssize_t n;

	/* These lines had no room in the pipe of the child that writes files. */
	if (!l->held && l->to_file && l->len)
		flush(l, false);
	room = LOG_LINE - l->len;
	if (!l->held && l->fd >= 0 && !l->to_syslog && room > KMSG_READ)
		room = KMSG_READ;
	n = log_takes(l) ? read(l->in, l->line + l->len, room) : 0;
	if (n <= 0)
		return false;
	l->len += n;
	l->heard = clock_ms();
	return true;
}

/* Writes all lines but the last one, which stays in the buffer. */
static void put_before_last(struct log *l)
{
	char *end = l->len ? memrchr(l->line, '\n', l->len - 1) : NULL;
	size_t from = end ? (size_t)(end + 1 - l->line) : 0, keep = l->len - from;

	if (!from && l->len < LOG_LINE)
		return;
	l->len = from ? from : l->len; /* a single line that fills the buffer is written too */
	keep = from ? keep : 0; /* bytes of the last line */
	flush(l, true);
	memmove(l->line, l->line + from, keep);
	l->len = keep;
}

/* Reads the pipe at most `times` times and for TURN_MS. So neither a container that writes without
 * end, nor a kernel that prints /dev/kmsg on a slow serial line, can delay the other containers and
 * the watchdog. False: the pipe is empty. */
static bool pump(struct log *l, int times)
{
	int64_t end = clock_ms() + TURN_MS;

	while (times && take_text(l)) {
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
	l->heard =
		now; /* if the pipe of the child that writes files has no room, it is tried later */
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

/* Returns the message of `time="..." level=error msg="..."`. */
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
	pump(l, 256); /* this many reads empty any pipe */
	while (l->len && l->line[l->len - 1] == '\n')
		l->len--;
	put_before_last(l);
	memcpy(last, l->line, l->len);
	last[l->len] = 0;
	snprintf(why, size, "%s", message(last));
	/* `status` shows it on a terminal, and a container may have written it. */
	text_harmless(why);
	l->len = 0;
	l->held = false;
}

/* ---- messages of process 1 ------------------------------------------------------------------- */

static struct log own;
/* Lines for their file, as long as the pipe of the child that writes files is full. */
static struct {
	size_t len;
	char text[4096];
} waits;
/* Messages from before the log is opened: faults of boot.json and of mounts. Children make some of
 * them, so this memory is shared. */
static struct early {
	size_t len;
	char text[4096 - sizeof(size_t)];
} * early;

bool log_own_push(void)
{
	static bool busy; /* logfile_send reports an error, which calls this function again */
	size_t n;

	if (busy)
		return true;
	busy = true;
	while (waits.len) {
		n = (char *)memchr(waits.text, '\n', waits.len) + 1 - waits.text;
		if (!logfile_send(&own.file, waits.text, n))
			break;
		waits.len -= n;
		memmove(waits.text, waits.text + n, waits.len);
	}
	busy = false;
	return !waits.len;
}

static void own_line(const char *line, size_t len)
{
	if (own.fd >= 0) {
		put_log_line(&own, line, len);
	} else if (waits.len + LOGFILE_MAX <= sizeof(waits.text)) {
		waits.len += console_time(waits.text + waits.len);
		memcpy(waits.text + waits.len, line, len);
		waits.len += len + 1;
		waits.text[waits.len - 1] = '\n';
		log_own_push();
	}
}

static void own_early(const char *line, size_t len)
{
	if (early->len + len < sizeof(early->text)) {
		memcpy(early->text + early->len, line, len + 1);
		early->len += len + 1;
	}
}

void log_own_keep(void)
{
	own = (struct log){ .name = "oci-init", .in = -1, .out = -1, .fd = -1 };
	early = mmap(NULL, sizeof(*early), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	console_also = early == MAP_FAILED ? NULL : own_early;
}

void log_own(struct arena *a, const struct boot_rule *rule, bool files)
{
	bool file = *rule->log == '/', kept = console_also;

	console_also = NULL;
	if ((!strcmp(rule->log, "kmsg") || !strcmp(rule->log, "syslog")) &&
	    open_records(&own, rule) < 0)
		console_error();
	if (file && logfile_open(a, &own.file, own.name, rule) < 0) {
		console_error();
		file = false;
	}
	/* The child that writes files must be forked when all of them are open. */
	if (file || files)
		logfile_start();
	if (!file && own.fd < 0)
		return;
	for (size_t at = 0; kept && at < early->len; at += strlen(early->text + at) + 1)
		own_line(early->text + at, strlen(early->text + at));
	console_also = own_line;
}

const char *log_own_path(void)
{
	return own.file.path;
}
