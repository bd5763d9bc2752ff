/* paths.c - converts cgroupsPath to directories, for both managers. Pure. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <string.h>

#define UNIT_NAME_MAX 255 /* systemd's own limit */

const char *paths_cgroupfs(struct arena *a, const char *path, const char *id, const char *own,
			   bool v2)
{
	const char *rest = path && *path ? path : id;
	bool absolute = *rest == '/';
	size_t len = strlen(own);

	/* It is cleaned as an absolute path, so that ".." cannot leave the directory that a
	 * relative one begins in. */
	rest = path_clean(a, absolute ? rest : arena_join(a, "/", rest));
	if (absolute)
		return rest;
	/* On v2 the cgroup that we run in has processes, so its children cannot have controllers.
	 * Those of its parent can. */
	if (v2)
		while (len > 1 && own[len - 1] != '/')
			len--;
	while (len && own[len - 1] == '/')
		len--;
	return arena_join(a, arena_strndup(a, own, len), rest);
}

const char *paths_slice(struct arena *a, const char *slice)
{
	size_t len = strlen(slice), at = 0;
	char *dir, *to;

	if (!strcmp(slice, "-.slice"))
		return "";
	/* The length has to be limited, because dir repeats the name for each dash in it. */
	if (len <= 6 || len > UNIT_NAME_MAX || strcmp(slice + len - 6, ".slice") ||
	    strchr(slice, '/'))
		goto invalid;
	len -= 6;
	dir = to = arena_alloc(a, (len + 8) * (len + 1) + 1);
	/* Each dash is a level: a-b.slice is in a.slice. */
	while (at <= len) {
		const char *dash = memchr(slice + at, '-', len - at);
		size_t end = dash ? (size_t)(dash - slice) : len;

		if (end == at)
			goto invalid;
		*to++ = '/';
		to = stpcpy(mempcpy(to, slice, end), ".slice");
		at = end + 1;
	}
	return dir;
invalid:
	failx("invalid slice name: %.*s", UNIT_NAME_MAX, slice);
	return NULL;
}

int paths_systemd(struct arena *a, const char *path, const char *id, bool user,
		  struct unit_path *out)
{
	const char *prefix = "runc", *name = id, *dir;
	size_t len;

	out->slice = user ? "user.slice" : "system.slice";
	if (path && *path) {
		char *text = arena_strdup(a, path), *first = strchr(text, ':'), *second;

		second = first ? strchr(first + 1, ':') : NULL;
		if (!second || strchr(second + 1, ':'))
			return failx(
				"expected cgroupsPath to be of format \"slice:prefix:name\" for "
				"systemd cgroups, got \"%s\" instead",
				path);
		*first = *second = 0;
		if (*text)
			out->slice = text;
		prefix = first + 1;
		name = second + 1;
		if (!*name || strchr(path, '/'))
			return failx(
				"cgroupsPath \"%s\": %s", path,
				*name ? "a unit has no slash in its name" : "the name is empty");
	}
	len = strlen(name);
	if (len > 6 && !strcmp(name + len - 6, ".slice"))
		out->unit = name;
	else
		out->unit = arena_printf(a, "%s%s%s.scope", prefix, *prefix ? "-" : "", name);
	if (strlen(out->unit) > UNIT_NAME_MAX)
		return failx("the name of a systemd unit has at most %d bytes: %.*s...",
			     UNIT_NAME_MAX, UNIT_NAME_MAX, out->unit);
	dir = paths_slice(a, out->slice);
	if (!dir)
		return -1;
	/* The name of a slice says where it is: the slice of cgroupsPath does not matter. */
	if (out->unit == name)
		out->dir = paths_slice(a, name);
	else
		out->dir = arena_printf(a, "%s/%s", dir, out->unit);
	return out->dir ? 0 : -1;
}
