/* printf.c - vsnprintf(3) and vfprintf(3) without floating point and wide characters. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/*
 * musl's are 11 KB, most of it for what no message here has. A program that is linked statically
 * takes these instead, with all of the printf family. A conversion that they do not know would read
 * wrong arguments: it ends the program.
 */
#ifndef __GLIBC__

/* Where the text goes: what has no room is counted only, or written to file. */
struct sink {
	char *start, *at, *end;
	FILE *file;
	size_t total;
	bool bad;
};

static void flush_file(struct sink *s)
{
	size_t n = s->at - s->start;

	s->bad |= n && fwrite(s->start, 1, n, s->file) != n;
	s->at = s->start;
}

static void put(struct sink *s, const char *from, size_t n)
{
	s->total += n;
	while (n) {
		size_t room = s->end - s->at, now = n < room ? n : room;

		if (now)
			memcpy(s->at, from, now);
		s->at += now;
		from += now;
		n -= now;
		if (n && !s->file)
			return;
		if (n)
			flush_file(s);
	}
}

static void pad(struct sink *s, char c, int n)
{
	for (; n > 0; n--)
		put(s, &c, 1);
}

/* One conversion: flags, width, precision (-1: none), and how many times it says l (z: once). */
struct conversion {
	bool left, zero;
	int width, precision, longs;
	char kind;
};

/* Passed by its address: what a call has read is read for the caller too. */
struct args {
	va_list ap;
};

static void put_field(struct sink *s, const struct conversion *c, const char *sign,
		      const char *text, int len)
{
	int signs = *sign != 0, zeros = 0, blanks;

	if (c->kind != 's' && c->precision > len)
		zeros = c->precision - len;
	blanks = c->width - signs - zeros - len;
	if (c->zero && !c->left && c->kind != 's' && c->precision < 0 && blanks > 0) {
		zeros = blanks;
		blanks = 0;
	}
	if (!c->left)
		pad(s, ' ', blanks);
	put(s, sign, signs);
	pad(s, '0', zeros);
	put(s, text, len);
	if (c->left)
		pad(s, ' ', blanks);
}

static void put_digits(struct sink *s, const struct conversion *c, uintmax_t value)
{
	char digits[sizeof(value) * 3], *end = digits + sizeof(digits), *at = end;
	bool minus = c->kind == 'd' && (intmax_t)value < 0;
	unsigned base = c->kind == 'o' ? 8 : (c->kind | 0x20) == 'x' ? 16 : 10;

	if (minus)
		value = -value;
	for (; value || at == end; value /= base) {
		*--at = "0123456789abcdef"[value % base];
		if (*at > '9')
			*at -= 'x' - c->kind;
	}
	put_field(s, c, minus ? "-" : "", at, end - at);
}

static uintmax_t read_value(const struct conversion *c, struct args *args)
{
	if (c->kind == 'd')
		return !c->longs       ? va_arg(args->ap, int)
		       : c->longs == 1 ? va_arg(args->ap, long)
				       : va_arg(args->ap, long long);
	return !c->longs       ? va_arg(args->ap, unsigned)
	       : c->longs == 1 ? va_arg(args->ap, unsigned long)
			       : va_arg(args->ap, unsigned long long);
}

/* A width or a precision; *: an argument */
static const char *read_width(const char *at, struct args *args, int *out)
{
	*out = 0;
	if (*at == '*') {
		*out = va_arg(args->ap, int);
		return at + 1;
	}
	for (; *at >= '0' && *at <= '9'; at++)
		*out = *out * 10 + *at - '0';
	return at;
}

static const char *read_conversion(const char *at, struct args *args, struct conversion *c)
{
	*c = (struct conversion){ .precision = -1 };
	for (; *at == '-' || *at == '0'; at++)
		*(*at == '-' ? &c->left : &c->zero) = true;
	at = read_width(at, args, &c->width);
	if (c->width < 0) {
		c->left = true;
		c->width = -c->width;
	}
	if (*at == '.')
		at = read_width(at + 1, args, &c->precision);
	for (; *at == 'l' || *at == 'z'; at++)
		c->longs++;
	c->kind = *at == 'i' ? 'd' : *at;
	return at + 1;
}

static void put_conversion(struct sink *s, const struct conversion *c, struct args *args)
{
	const char *text;
	char one;

	switch (c->kind) {
	case '%': put(s, "%", 1); return;
	case 'c':
		one = va_arg(args->ap, int);
		put_field(s, &(struct conversion){ c->left, .width = c->width, .kind = 's' }, "",
			  &one, 1);
		return;
	case 's':
		text = va_arg(args->ap, const char *);
		if (!text)
			text = "(null)";
		put_field(s, c, "", text,
			  c->precision < 0 ? strlen(text) : strnlen(text, c->precision));
		return;
	case 'd':
	case 'u':
	case 'x':
	case 'X':
	case 'o': put_digits(s, c, read_value(c, args)); return;
	default: __builtin_trap();
	}
}

static int format(struct sink *s, const char *at, va_list ap)
{
	struct conversion c;
	struct args args;

	va_copy(args.ap, ap);
	for (;;) {
		size_t plain = strcspn(at, "%");

		put(s, at, plain);
		at += plain;
		if (!*at)
			break;
		at = read_conversion(at + 1, &args, &c);
		put_conversion(s, &c, &args);
	}
	va_end(args.ap);
	if (s->total > INT_MAX)
		errno = EOVERFLOW;
	return s->bad || s->total > INT_MAX ? -1 : (int)s->total;
}

int vsnprintf(char *out, size_t size, const char *fmt, va_list ap)
{
	struct sink s = { .start = out, .at = out, .end = size ? out + size - 1 : out };
	int n = format(&s, fmt, ap);

	if (size)
		*s.at = '\0';
	return n;
}

int vfprintf(FILE *file, const char *fmt, va_list ap)
{
	char buf[512];
	struct sink s = { .start = buf, .at = buf, .end = buf + sizeof(buf), .file = file };
	int n = format(&s, fmt, ap);

	flush_file(&s);
	return s.bad ? -1 : n;
}
#endif
