/* find.c - strstr(3) and memmem(3). */
/* SPDX-License-Identifier: MIT */
#include <string.h>

/* musl's are made for long texts, 2.5 KB; here they read lines of /proc, headers and options. */
#ifndef __GLIBC__
void *memmem(const void *text, size_t len, const void *word, size_t size)
{
	const char *at = text, *end = at + len;

	if (!size)
		return (char *)at;
	while (at && (size_t)(end - at) >= size) {
		at = memchr(at, *(const char *)word, end - at - size + 1);
		if (at && !memcmp(at, word, size))
			return (char *)at;
		at = at ? at + 1 : NULL;
	}
	return NULL;
}

char *strstr(const char *text, const char *word)
{
	size_t size = strlen(word);

	for (; strncmp(text, word, size); text++)
		if (!*text)
			return NULL;
	return (char *)text;
}
#endif
