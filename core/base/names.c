/* names.c - the names in a directory, sorted. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <stdlib.h>
#include <string.h>

static int order_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void names_sort(void *at, size_t n)
{
	if (n)
		qsort(at, n, sizeof(char *), order_texts);
}

int names_read(struct arena *a, DIR *dir, const char *path, bool (*wanted)(const struct dirent *),
	       const char ***names, size_t *n)
{
	struct dirent *e;
	size_t room = 0;

	*names = NULL;
	*n = 0;
	while (errno = 0, (e = readdir(dir))) {
		if (!wanted(e))
			continue;
		*names = arena_grow(a, *names, *n, &room, sizeof(**names));
		(*names)[(*n)++] = arena_strdup(a, e->d_name);
	}
	/* Some callers go on with the names until the failure. */
	names_sort(*names, *n);
	return errno ? fail("read directory %s", path) : 0;
}
