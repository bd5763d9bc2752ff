/* names.c - the names in a directory. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static int order_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Returns the sorted names in a directory. */
char **names_list(struct arena *a, const char *path, size_t *n)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	size_t room = 0;
	char **names = NULL;

	*n = 0;
	if (!dir) {
		fail("open %s", path);
		console_error();
		return names;
	}
	while (errno = 0, (e = readdir(dir))) {
		if (*e->d_name == '.')
			continue;
		names = arena_grow(a, names, *n, &room, sizeof(*names));
		names[(*n)++] = arena_strdup(a, e->d_name);
	}
	if (errno) {
		fail("read %s", path);
		console_error();
	}
	closedir(dir);
	if (*n)
		qsort(names, *n, sizeof(*names), order_names);
	return names;
}
