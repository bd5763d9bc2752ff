/* err.c - the error record, one per process: text that is made where a system call failed. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <stdio.h>
#include <string.h>

/*
 * Static, so that a lack of memory can still be reported. The hint is kept apart until
 * a caller asks for the text, so that the hint always comes last.
 */
static struct {
	int num;
	char text[2048], hint[256], shown[2048 + 256 + 4];
} LARGE record;

/* Bytes that fail() leaves free for the prefixes of fail_in(). */
#define PREFIX_ROOM 640

/*
 * Engines and scripts match the reasons in the errors of a runtime. They expect those of Go, which
 * are the texts of glibc with a small first letter. These are the ones where musl differs.
 */
const char *err_reason(int num)
{
	static char text[64];

	switch (num) {
	case EBUSY: return "device or resource busy";
	case ECHILD: return "no child processes";
	case EDQUOT: return "disk quota exceeded";
	case EIO: return "input/output error";
	case ELOOP: return "too many levels of symbolic links";
	case EMFILE: return "too many open files";
	case ENAMETOOLONG: return "file name too long";
	case ENOMEM: return "cannot allocate memory";
	case ERANGE: return "numerical result out of range";
	case ENOTTY: return "inappropriate ioctl for device";
	case EOPNOTSUPP: return "operation not supported";
	case ETIMEDOUT: return "connection timed out";
	case EXDEV: return "invalid cross-device link";
	default: snprintf(text, sizeof(text), "%s", strerror(num));
	}
	text[0] |= 0x20;
	return text;
}

static int record_set(int num, const char *fmt, va_list ap)
{
	const char *reason = num ? err_reason(num) : "";
	size_t room = sizeof(record.text) - PREFIX_ROOM - (num ? strlen(reason) + 2 : 0);
	int n = vsnprintf(record.text, room, fmt, ap);

	record.num = num;
	record.hint[0] = 0;
	/* If the text is too long, it is cut before the reason. */
	if (num && n >= 0)
		snprintf(record.text + strlen(record.text),
			 sizeof(record.text) - strlen(record.text), ": %s", reason);
	return -1;
}

int fail(const char *fmt, ...)
{
	int num = errno;
	va_list ap;

	va_start(ap, fmt);
	record_set(num, fmt, ap);
	va_end(ap);
	errno = num;
	return -1;
}

int failx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record_set(0, fmt, ap);
	va_end(ap);
	errno = 0;
	return -1;
}

int fail_in(const char *fmt, ...)
{
	char prefix[512];
	va_list ap;
	size_t len, room;

	va_start(ap, fmt);
	vsnprintf(prefix, sizeof(prefix) - 2, fmt, ap);
	va_end(ap);
	len = strlen(strcat(prefix, ": "));
	/* If the text is too long, its end is cut: the prefix names the object. */
	room = sizeof(record.text) - 1 - len;
	memmove(record.text + len, record.text, strnlen(record.text, room) + 1);
	memcpy(record.text, prefix, len);
	record.text[sizeof(record.text) - 1] = 0;
	return -1;
}

int(fail_hint)(const char *fmt, ...)
{
	va_list ap;

	if (!record.hint[0]) {
		va_start(ap, fmt);
		vsnprintf(record.hint, sizeof(record.hint), fmt, ap);
		va_end(ap);
	}
	return -1;
}

int fail_take(int num, const char *text)
{
	record.num = num;
	record.hint[0] = 0;
	snprintf(record.text, sizeof(record.text), "%s", text);
	return -1;
}

const char *err_text(void)
{
	if (!record.hint[0])
		return text_harmless(record.text);
	snprintf(record.shown, sizeof(record.shown), "%s (%s)", record.text, record.hint);
	return text_harmless(record.shown);
}

int err_num(void)
{
	return record.num;
}

bool err_is_shortage(void)
{
	return record.num == ENOMEM || record.num == EMFILE || record.num == ENFILE;
}

struct err_kept err_keep(struct arena *a)
{
	return (struct err_kept){ arena_strdup(a, err_text()), err_num() };
}

int err_again(struct err_kept kept)
{
	return fail_take(kept.num, kept.text);
}

void(err_clear)(const char *why)
{
	if (WITH_DEBUG && record.text[0])
		log_debug("%s (%s)", record.text, why);
	record.num = 0;
	record.text[0] = record.hint[0] = 0;
}
