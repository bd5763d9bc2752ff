/* owners.c - passwd and group of an image, and the subordinate ids of an ordinary user. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <stdio.h>
#include <string.h>

#define FILE_MAX (4u << 20)
#define FIELDS_MAX 4 /* that are read of a line */
#define GROUPS_MAX 1024

/* A file whose lines are fields with ":" between them. */
struct table {
	char *at;
};

/* Opens only a regular file, because opening a device may do harm, and none of procfs or sysfs,
 * which the image may have a link to. Without the file there are no lines. */
static void open_table(struct arena *a, int root, const char *path, struct table *t)
{
	int look __cleanup(fd_close) = path_open(root, path, O_PATH, 0, 0);
	char link[FD_PATH_MAX];
	size_t len;

	t->at = (char *)"";
	if (look >= 0 && file_is_plain(look) &&
	    !file_read(a, AT_FDCWD, path_of_fd(link, look), FILE_MAX, &t->at, &len))
		return;
	t->at = (char *)"";
	err_clear("without the file there are no names");
}

/* Splits the next line into fields. False: there is none. */
static bool next_line(struct table *t, char *field[FIELDS_MAX])
{
	char *line = t->at, *end = line + strcspn(line, "\n");
	int n = 0;

	if (!*line)
		return false;
	t->at = end + (*end == '\n');
	*end = 0;
	while (n < FIELDS_MAX) {
		field[n++] = line;
		line += strcspn(line, ":");
		if (*line)
			*line++ = 0;
	}
	return true;
}

/* Reads an id; some tools write it with zeros in front. */
static bool field_id(const char *text, uint32_t *id)
{
	uint64_t n;

	while (*text == '0' && text[1])
		text++;
	if (!json_number_u64(text, strlen(text), &n) || n >= UINT32_MAX)
		return false;
	*id = n;
	return true;
}

static bool is_member(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (*list) {
		size_t n = strcspn(list, ",");

		if (n == len && !memcmp(list, name, len))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

/* Adds the groups that have the user among their members. */
static void add_groups(struct arena *a, int root, const char *user, struct oci_user *out)
{
	struct table t;
	char *field[FIELDS_MAX];
	size_t room = 0;
	uint32_t gid;

	open_table(a, root, "/etc/group", &t);
	while (out->additional_gids.n < GROUPS_MAX && next_line(&t, field)) {
		if (!is_member(field[3], user) || !field_id(field[2], &gid) || gid == out->gid)
			continue;
		out->additional_gids.at = arena_grow(a, out->additional_gids.at,
						     out->additional_gids.n, &room, sizeof(gid));
		out->additional_gids.at[out->additional_gids.n++] = gid;
	}
}

static int set_group(struct arena *a, int root, const char *name, struct oci_user *out)
{
	struct table t;
	char *field[FIELDS_MAX];

	open_table(a, root, "/etc/group", &t);
	while (next_line(&t, field))
		if (!strcmp(field[0], name) && field_id(field[2], &out->gid))
			return 0;
	return field_id(name, &out->gid) ? 0 : failx("the image has no group \"%s\"", name);
}

int owners_user(struct arena *a, int root, const char *text, struct oci_user *out)
{
	char *user = arena_strdup(a, text ? text : ""), *group = strchr(user, ':');
	char *field[FIELDS_MAX];
	struct table t;
	bool found = false;

	if (group)
		*group++ = 0;
	open_table(a, root, "/etc/passwd", &t);
	while (*user && !found && next_line(&t, field)) {
		uint32_t uid, gid;

		if (!field_id(field[2], &uid) || !field_id(field[3], &gid))
			continue;
		found = !strcmp(field[0], user) || (field_id(user, &out->uid) && out->uid == uid);
		if (!found)
			continue;
		out->uid = uid;
		out->gid = gid;
		user = field[0];
	}
	if (!found && *user && !field_id(user, &out->uid))
		return failx("the image has no user \"%s\"", user);
	if (group && *group)
		return set_group(a, root, group, out);
	if (found)
		add_groups(a, root, user, out);
	return 0;
}

bool owners_range(struct arena *a, const char *file, uint32_t id, oci_id_maps *out)
{
	struct table users, ranges = { NULL };
	char *field[FIELDS_MAX], *range[FIELDS_MAX];
	const char *name = NULL;
	uint32_t uid, first, count;
	int root __cleanup(fd_close) = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	open_table(a, root, "/etc/passwd", &users);
	while (!name && next_line(&users, field))
		if (field_id(field[2], &uid) && uid == geteuid())
			name = field[0];
	open_table(a, root, file, &ranges);
	while (next_line(&ranges, range)) {
		bool ours = (name && !strcmp(range[0], name)) ||
			    (field_id(range[0], &uid) && uid == geteuid());

		if (!ours || !field_id(range[1], &first) || !field_id(range[2], &count) || !count)
			continue;
		out->at = arena_alloc(a, 2 * sizeof(*out->at));
		out->at[0] = (struct oci_id_map){ 0, id, 1 };
		out->at[1] = (struct oci_id_map){ 1, first, count };
		out->n = 2;
		return true;
	}
	return false;
}

#endif
