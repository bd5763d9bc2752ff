/* state.c - state and list: what can be known of containers by looking. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

static int shown_pid(const struct life *l)
{
	return l->status == OCI_STOPPED ? 0 : l->state.pid;
}

static int state_run(void *opts, int argc, char **argv)
{
	struct life life __cleanup(life_close) = LIFE_INIT;
	struct json_out out = { .arena = &arena, .indent = "  " };

	if (life_open(&arena, globals.root, argv[0], LIFE_LOOK, &life) < 0)
		return -1;
	oci_state_put(&out, &life.state, life.status, shown_pid(&life), "");
	/* no newline behind it: that is what runc prints */
	return applet_print(out.buf, out.len);
}

const struct applet state_applet = {
	.name = "state",
	.args = "ID",
	.summary = "print the state of a container as JSON",
	.args_min = 1,
	.args_max = 1,
	.run = state_run,
};

/* ---- list ------------------------------------------------------------------------------------------- */

enum { LIST_ID, LIST_PID, LIST_STATUS, LIST_BUNDLE, LIST_CREATED, LIST_OWNER, LIST_COLUMNS };

struct list_row {
	const char *cell[LIST_COLUMNS];
};

static const struct list_row list_header = {
	{ "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" },
};

struct list_opts {
	const char *format;
	bool quiet;
};

/* Name of the state directory's owner, "#uid" when nobody knows it. */
static const char *owner_name(int dir)
{
	struct stat st;
	struct passwd *pw;

	if (fstat(dir, &st))
		return "";
	pw = getpwuid(st.st_uid);
	return pw ? arena_strdup(&arena, pw->pw_name)
		  : arena_printf(&arena, "#%u", (unsigned)st.st_uid);
}

/* Columns are at least 12 wide with three spaces between, the last one is not padded. */
static void print_table(const struct list_row *rows, size_t n)
{
	size_t width[LIST_COLUMNS] = { 0 };

	for (int c = 0; c < LIST_COLUMNS; c++) {
		width[c] = 12;
		for (size_t r = 0; r < n; r++)
			if (strlen(rows[r].cell[c]) + 3 > width[c])
				width[c] = strlen(rows[r].cell[c]) + 3;
	}
	for (size_t r = 0; r < n; r++)
		for (int c = 0; c < LIST_COLUMNS; c++) {
			if (c + 1 < LIST_COLUMNS)
				printf("%-*s", (int)width[c], rows[r].cell[c]);
			else
				printf("%s\n", rows[r].cell[c]);
		}
}

/* A directory without a container, and nobody at work on it: who makes or deletes one holds its lock, but
 * for the moment between mkdir(2) and flock(2), after which there is a second look. */
static bool left_behind(const char *id)
{
	const char *path = arena_printf(&arena, "%s/%s", globals.root, id);

	for (int look = 0; look < 2; look++) {
		int fd __cleanup(fd_close) = -1;
		struct stat st;

		if (look)
			nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) || fstat(fd, &st) || !st.st_nlink ||
		    !faccessat(fd, "state.json", F_OK, 0))
			return false;
	}
	return true;
}

/* One container into the table's next row, or the JSON array. 1 there, 0 gone meanwhile. */
static int list_one(const char *id, struct list_row *row, struct json_out *out)
{
	struct life life __cleanup(life_close) = LIFE_INIT;
	const char *owner;

	if (life_open(&arena, globals.root, id, LIFE_LOOK, &life) < 0) {
		/* one that is damaged must not hide the others; one that comes or goes just now is no
		 * news */
		if (err_num() != ENOENT || left_behind(id))
			fprintf(stderr, "load container %s: %s\n", id, err_text());
		err_clear("a container that cannot be read is left out of the list");
		return 0;
	}
	owner = owner_name(life.dir);
	if (out)
		oci_state_put(out, &life.state, life.status, shown_pid(&life), owner);
	row->cell[LIST_ID] = arena_strdup(&arena, id);
	row->cell[LIST_PID] = arena_printf(&arena, "%d", shown_pid(&life));
	row->cell[LIST_STATUS] = json_word_name(oci_status_words, life.status);
	row->cell[LIST_BUNDLE] =
		life.state.bundle ? text_harmless(arena_strdup(&arena, life.state.bundle)) : "";
	row->cell[LIST_CREATED] = life.state.created ? life.state.created : "";
	row->cell[LIST_OWNER] = owner;
	return 1;
}

static int list_run(void *opts, int argc, char **argv)
{
	const struct list_opts *o = opts;
	bool json = o->format && !strcmp(o->format, "json");
	struct json_out out = { .arena = &arena };
	struct list_row *rows;
	const char **ids;
	size_t n, have = 1;

	if (o->format && !json && strcmp(o->format, "table"))
		return failx("invalid format option");
	/* a root that was named must exist: a typing error is no empty list (checklist V-20) */
	if (life_list(&arena, globals.root, globals.root_is_default, &ids, &n) < 0)
		return -1;
	rows = arena_alloc(&arena, (n + 1) * sizeof(*rows));
	rows[0] = list_header;
	json_open(&out, NULL, '[');
	for (size_t i = 0; i < n; i++)
		have += list_one(ids[i], &rows[have], json ? &out : NULL);
	json_close(&out, ']');
	if (o->quiet) {
		for (size_t i = 1; i < have; i++)
			printf("%s\n", rows[i].cell[LIST_ID]);
		return 0;
	}
	if (!json) {
		print_table(rows, have);
		return 0;
	}
	if (have == 1)
		return applet_print("null\n", 5); /* what runc prints for an empty list */
	return applet_print(out.buf, out.len) < 0 ? -1 : applet_print("\n", 1);
}

static const struct opt list_opts[] = {
	{ "format", 'f', OPT_STR, offsetof(struct list_opts, format), "table|json",
	  "form of the output; default table" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct list_opts, quiet), NULL, "only ids, one a line" },
	{ NULL },
};

const struct applet list_applet = {
	.name = "list",
	.args = "",
	.summary = "list the containers below the root directory",
	.opts = list_opts,
	.opts_size = sizeof(struct list_opts),
	.run = list_run,
};
