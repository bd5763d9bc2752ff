/* scan.c - words and numbers in the kernel's text files. sscanf(3) would add 10 KB. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <ctype.h>
#include <string.h>

bool scan_word(const char **at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*at, word, len))
		return false;
	*at += len;
	return true;
}

bool scan_u64(const char **at, const char *word, uint64_t *out)
{
	const char *p = *at;
	uint64_t n = 0;

	if (!scan_word(&p, word))
		return false;
	while (*p == ' ')
		p++;
	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++) {
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
			return false;
	}
	*at = p;
	*out = n;
	return true;
}

uint64_t scan_number(const char *text)
{
	uint64_t n = 0;

	scan_u64(&text, "", &n);
	return n;
}

int scan_range(const char **at, uint64_t *first, uint64_t *last)
{
	const char *p = *at + strspn(*at, " ,\n");

	*at = p;
	*first = *last = 0;
	if (!*p)
		return 0;
	if (!scan_u64(&p, "", first))
		return -1;
	*last = *first;
	if (*p == '-' && (!isdigit((unsigned char)p[1]) || !scan_u64(&p, "-", last)))
		return -1;
	p += strspn(p, " ");
	if (*last < *first || (*p && *p != ',' && *p != '\n'))
		return -1;
	*at = p;
	return 1;
}

uint64_t scan_little(const unsigned char *at, unsigned bytes)
{
	uint64_t n = 0;

	while (bytes--)
		n = n << 8 | at[bytes];
	return n;
}
