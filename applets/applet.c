/* applet.c - finds the program for argv[0] and its verb, and runs them. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

extern char **environ;

/* ---- lookup ---------------------------------------------------------------------------------- */

/* The table names every verb, so it stands in main.c: calls go to earlier files only. */
static const struct applet_row *table;
static size_t table_len;

const struct applet_row *applet_next(const struct applet_row *after)
{
	const struct applet_row *next = after ? after + 1 : table;

	return next < table + table_len ? next : NULL;
}

static const struct applet_row *find_applet(const char *parent, const char *name)
{
	row_each (r)
		if (!strcmp(r->parent, parent) && !strcmp(r->name, name))
			return r;
	return NULL;
}

/* A file called runc.amd64 or ocibox-1.0 is the program that its name begins with. */
static const struct applet_row *find_program(const char *name)
{
	const struct applet_row *best = NULL;

	row_each (r) {
		size_t len = strlen(r->name);

		if (*r->parent || strncmp(name, r->name, len))
			continue;
		if (!name[len])
			return r;
		if (strchr("-._", name[len]) && (!best || len > strlen(best->name)))
			best = r;
	}
	return best;
}

/* Returns the names below parent: "create, run, start". */
static char *names_below(const char *parent)
{
	char *all = NULL;

	row_each (r)
		if (!r->alias && !strcmp(r->parent, parent) && strcmp(r->name, "ocibox") != 0)
			all = arena_printf(&arena, "%s%s%s", all ? all : "", all ? ", " : "",
					   r->name);
	return all;
}

/* ---- running one ----------------------------------------------------------------------------- */

/* Prints a message of a program other than runc: without time and level. */
static void plain_line(enum log_level level, const char *text)
{
	fprintf(stderr, "%s: %s%s\n", globals.applet, level == LOG_WARNING ? "warning: " : "",
		text);
}

int applet_fail(const struct applet *ap)
{
	log_error("%s", err_text());
	/* conmon and docker show standard error, so a failure goes there as well as to a log
	 * file. */
	if (globals.log_fd != STDERR_FILENO)
		fprintf(stderr, "%s\n", err_text());
	return ap->fail_status ? ap->fail_status : 1;
}

static void show_help(const struct applet_row *row)
{
	const char *name = row->applet->name;
	bool any = false;

	opts_help(row->applet, *row->parent
				       ? arena_printf(&arena, "%s %s", globals.applet, row->name)
				       : row->name);
	row_each (r) {
		/* ocibox lists the programs, whose parent is "" */
		if (r->alias || r == row || strcmp(r->parent, strcmp(name, "ocibox") ? name : ""))
			continue;
		if (!any)
			printf("\n%s:\n", *r->parent ? "Commands" : "Applets");
		any = true;
		printf("  %-12s %s\n", r->name, r->applet->summary);
	}
}

void applet_help(const char *parent, const char *name)
{
	show_help(find_applet(parent, name));
}

const char *applet_near(const char *parent, const char *name)
{
	struct json_near near = { .name = name };

	row_each (r)
		if (!r->alias && !strcmp(r->parent, parent))
			json_near_offer(&near, r->name);
	return near.best;
}

static int unknown(const char *parent, const char *name)
{
	if (*parent)
		failx("No help topic for '%s'; the commands are: %s", name, names_below(parent));
	else
		failx("there is no applet called '%s'; there are: %s", name, names_below(parent));
	applet_fail(find_applet("", "ocibox")->applet);
	return *parent ? 3 : 127;
}

bool applet_exists(const char *parent, const char *name)
{
	return find_applet(parent, name);
}

int applet_misused(const struct applet *ap)
{
	const struct applet_row *row = table;

	while (row->applet != ap)
		row++;
	/* runc prints this line first, on standard output. The whole help after it would hide the
	 * mistake. */
	if (!globals.plain)
		printf("Incorrect Usage: %s\n\n", err_text());
	else
		applet_fail(ap);
	fprintf(globals.plain ? stderr : stdout, "Usage: %s%s%s%s%s%s (--help shows all)\n",
		globals.applet, *row->parent ? " " : "", *row->parent ? row->name : "",
		ap->opts && ap->opts->name ? " [OPTIONS]" : "", *ap->args ? " " : "", ap->args);
	if (!globals.plain) {
		fflush(stdout);
		applet_fail(ap);
	}
	return 1;
}

/* The command line for the sealed copy: parsing changes the order of argv. */
static char **first_argv;

int applet_seal(const char *parent, const char *name)
{
	static bool done;
	const struct applet_row *row = find_applet(parent, name);

	if (done || !row || !row->applet->sealed)
		return 0;
	done = true;
	return seal_self(first_argv) < 0 ? applet_fail(row->applet) : 0;
}

static int run_row(const struct applet_row *row, int argc, char **argv)
{
	const struct applet *ap = row->applet;
	void *opts;
	int status;

	if (ap->first && ap->first(argc, argv))
		return applet_run(ap->name, argc - 1, argv + 1);
	opts = arena_alloc(&arena, ap->opts_size);
	argc--, argv++;
	/* This comes before any file is opened: a container's processes may see what runs from here
	 * on. */
	status = applet_seal(row->parent, row->name);
	if (status)
		return status;
	status = opts_parse(ap, opts, &argc, &argv);
	if (status > 0) {
		show_help(row);
		return 0;
	}
	if (status < 0)
		return applet_misused(ap);
	status = ap->run(opts, argc, argv);
	return status < 0 ? applet_fail(ap) : status;
}

static void set_program(const struct applet_row *row)
{
	globals.applet = row->name;
	globals.plain = strcmp(row->applet->name, "runc");
}

int applet_run(const char *parent, int argc, char **argv)
{
	const struct applet_row *row = find_applet(parent, argv[0]);

	if (!row)
		return unknown(parent, argv[0]);
	if (!*parent)
		set_program(row);
	return run_row(row, argc, argv);
}

/* ---- help as a verb -------------------------------------------------------------------------- */

static int help_run(void *opts, int argc, char **argv)
{
	const struct applet_row *row =
		argc ? find_applet("runc", argv[0]) : find_applet("", "runc");

	if (!row)
		return unknown("runc", argv[0]);
	show_help(row);
	return 0;
}

const struct applet help_applet = {
	.name = "help",
	.args = "[COMMAND]",
	.summary = "show the commands, or the help of one",
	.args_max = 1,
	.run = help_run,
};

/* ---- the whole program ----------------------------------------------------------------------- */

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "out of memory\n";

	fd_write_all(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(1);
}

static const char *program_name(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');
	const char *name = slash ? slash + 1 : argv0;

	return name + (*name == '-'); /* a login shell's name begins with - */
}

int applet_main(const struct applet_row *rows, size_t n, const char *as, int argc, char **argv)
{
	static LARGE char block[64 << 10];
	static char *no_args[] = { "ocibox", NULL };
	const struct applet_row *row;
	int status;

	table = rows;
	table_len = n;
	arena_oom = out_of_memory;
	arena_init(&arena, block, sizeof(block));
	log_sink.line = plain_line;
	globals.applet = "ocibox";
	/* This program is not safe as set-user-ID: it would give root to every user. */
	if (getauxval(AT_SECURE)) {
		failx("refusing to run with privileges that came from the file");
		return applet_fail(find_applet("", "ocibox")->applet);
	}
	/* A file of ours on 0 to 2 would become the standard stream of another process. Process 1
	 * of a machine has no /dev yet, and opens these descriptors later. */
	if (fd_reserve_stdio() < 0 && getpid() != 1)
		return applet_fail(find_applet("", "ocibox")->applet);
	if (argc < 1) {
		argc = 1;
		argv = no_args;
	} else {
		proc_take_args(&arena, argc, argv, environ);
	}
	first_argv = arena_alloc(&arena, (argc + 1) * sizeof(*first_argv));
	memcpy(first_argv, argv, argc * sizeof(*first_argv));
	as = as ? as : program_name(argv[0]);
	row = find_program(as);
	if (!row)
		return unknown("", as);
	set_program(row);
	status = run_row(row, argc, argv);
	/* a failure has been reported already */
	if ((fflush(stdout) || ferror(stdout)) && !status) {
		fail("write to standard output");
		return applet_fail(row->applet);
	}
	return status;
}
