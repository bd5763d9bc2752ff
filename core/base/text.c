/* text.c - makes text from images and hostile processes safe to show; writes numbers. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <string.h>

char *text_decimal(char *to, unsigned n)
{
	char digits[10], *d = digits + sizeof(digits);

	do {
		*--d = '0' + n % 10;
	} while (n /= 10);
	to = mempcpy(to, d, digits + sizeof(digits) - d);
	*to = 0;
	return to;
}

/* Terminals obey control characters, also C1 in UTF-8. Log lines in JSON must be UTF-8. */
const char *text_harmless(char *text)
{
	size_t n;

	for (char *c = text; *c; c += n) {
		unsigned char u = *c;
		bool good = u == '\t' || (u >= ' ' && u != 0x7f);

		n = 1;
		if (u >= 0x80) {
			n = json_utf8_len(c);
			good = n && !(u == 0xc2 && (unsigned char)c[1] < 0xa0);
			n = n ? n : 1;
		}
		if (!good)
			memset(c, '?', n);
	}
	return text;
}
