/* number.c - strtol(3) and its kin. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* musl's read from a stream with the parts of scanf(3): 3 KB. */
#ifndef __GLIBC__

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : INT_MAX;
}

/* most: of a positive number; of a negative one *least* above 0, 0: the same as most, wrapped */
static unsigned long long parse_number(const char *s, char **end, int base, unsigned long long most,
				       unsigned long long least)
{
	unsigned long long n = 0;
	const char *at = s, *first;
	int minus, over = 0;

	while (*at == ' ' || (*at >= '\t' && *at <= '\r'))
		at++;
	minus = *at == '-';
	at += minus || *at == '+';
	if (minus && least)
		most = least;
	if ((!base || base == 16) && *at == '0' && (at[1] | 0x20) == 'x' && digit(at[2]) < 16) {
		at += 2;
		base = 16;
	}
	if (!base)
		base = *at == '0' ? 8 : 10;
	for (first = at; digit(*at) < base; at++) {
		over |= __builtin_mul_overflow(n, (unsigned)base, &n);
		over |= __builtin_add_overflow(n, (unsigned)digit(*at), &n);
	}
	if (end)
		*end = (char *)(at == first ? s : at);
	if (over || n > most) {
		errno = ERANGE;
		return minus && !least ? most : minus ? -most : most;
	}
	return minus ? -n : n;
}

long strtol(const char *s, char **end, int base)
{
	return (long)parse_number(s, end, base, LONG_MAX, LONG_MAX + 1UL);
}

unsigned long strtoul(const char *s, char **end, int base)
{
	return (unsigned long)parse_number(s, end, base, ULONG_MAX, 0);
}

long long strtoll(const char *s, char **end, int base)
{
	return (long long)parse_number(s, end, base, LLONG_MAX, LLONG_MAX + 1ULL);
}

unsigned long long strtoull(const char *s, char **end, int base)
{
	return parse_number(s, end, base, ULLONG_MAX, 0);
}
#endif
