/* state.c - state and list: containers and their status. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

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
	/* no newline after it: that is what runc prints */
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

/* ---- list ------------------------------------------------------------------------------------ */

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

/* Returns the caller's name, or "#uid" where it has none. It is the owner of every container, since
 * state directories of other users are refused. */
static const char *owner_name(void)
{
	static const char *name;
	struct passwd *pw;

	if (name)
		return name;
	pw = getpwuid(geteuid());
	return name = pw	   ? arena_strdup(&arena, pw->pw_name)
		      : !geteuid() ? "root"
				   : arena_printf(&arena, "#%u", (unsigned)geteuid());
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
			size_t len = strlen(rows[r].cell[c]);

			fwrite(rows[r].cell[c], 1, len, stdout);
			for (; c + 1 < LIST_COLUMNS && len < width[c]; len++)
				putchar_unlocked(' ');
			if (c + 1 == LIST_COLUMNS)
				putchar_unlocked('\n');
		}
}

/* A container that cannot be read is reported, and the others are listed. One that is being made or
 * deleted gets no line. */
static void not_loaded(const struct life_ids *all, const char *id)
{
	if (err_num() != ENOENT || life_left_behind(all, id))
		fprintf(stderr, "load container %s: %s\n", id,
			err_num() == ENOENT ? "container does not exist" : err_text());
	err_clear("a container that cannot be read is left out of the list");
}

static void list_ids(struct life_ids *all)
{
	struct life life __cleanup(life_close) = LIFE_INIT;

	for (size_t i = 0; i < all->n; i++) {
		if (life_recorded(all, all->at[i]))
			printf("%s\n", all->at[i]);
		else if (life_glance(&arena, all, all->at[i], &life) < 0)
			not_loaded(all, all->at[i]);
		life_close(&life);
	}
}

/* Puts one container into row, or prints it as JSON. Returns 1, or 0 if it cannot be read or is
 * gone. Each state is read into the same memory. */
static int list_one(struct life_ids *all, const char *id, struct list_row *row, bool json)
{
	static LARGE char room[256 << 10];
	static bool some;
	struct life life __cleanup(life_close) = LIFE_INIT;
	struct arena a;
	struct json_out out = { .arena = &a };
	const char *owner;
	char pid[TEXT_DECIMAL];

	arena_init(&a, room, sizeof(room));
	if (life_glance(&a, all, id, &life) < 0) {
		not_loaded(all, id);
		return 0;
	}
	owner = owner_name();
	if (json) {
		oci_state_put(&out, &life.state, life.status, shown_pid(&life), owner);
		printf("%s%s", some ? "," : "[", out.buf);
		some = true;
		return 1;
	}
	row->cell[LIST_ID] = id;
	text_decimal(pid, (unsigned)shown_pid(&life));
	row->cell[LIST_PID] = arena_strdup(&arena, pid);
	row->cell[LIST_STATUS] = json_word_name(oci_status_words, life.status);
	row->cell[LIST_BUNDLE] = text_harmless(arena_strdup(&arena, life.state.bundle));
	row->cell[LIST_CREATED] =
		life.state.created ? arena_strdup(&arena, life.state.created) : "";
	row->cell[LIST_OWNER] = owner;
	return 1;
}

static int list_run(void *opts, int argc, char **argv)
{
	const struct list_opts *o = opts;
	bool json = o->format && !strcmp(o->format, "json");
	static LARGE char block[64 << 10];
	struct list_row *rows;
	struct life_ids all;
	size_t have = 1;

	if (o->format && !json && strcmp(o->format, "table"))
		return failx("invalid format option");
	/* A root that was named must exist: a typing error must not look like an empty list. */
	if (life_list(&arena, globals.root, globals.root_is_default, &all) < 0)
		return -1;
	setvbuf(stdout, block, _IOFBF, sizeof(block));
	if (o->quiet) {
		list_ids(&all);
		return 0;
	}
	rows = arena_alloc(&arena, (json ? 2 : all.n + 1) * sizeof(*rows));
	rows[0] = list_header;
	for (size_t i = 0; i < all.n; i++)
		have += list_one(&all, all.at[i], &rows[json ? 1 : have], json);
	if (!json)
		print_table(rows, have);
	else
		printf("%s\n", have == 1 ? "null" : "]"); /* what runc prints for an empty list */
	return 0;
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
