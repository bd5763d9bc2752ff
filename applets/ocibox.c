/* ocibox.c - the program under its own name: the list of applets, their links, the dump. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ocibox_opts {
	bool list, install, symbolic, version, dump;
};

/* Rows for scripts/docs: tabs separate them, and a newline in a text is written as \n. */
static void dump_text(const char *text)
{
	for (; text && *text; text++) {
		if (*text == '\n')
			printf("\\n");
		else
			putchar(*text);
	}
}

static const char *const kind_names[] = { "flag", "str",   "maybe",   "list",
					  "int",  "count", "ignored", "ignored_str" };

static void dump(void)
{
	row_each (r) {
		const struct applet *ap = r->applet;

		printf("%s\t%s\t%s\t%s\t%s\t", r->alias ? "alias" : "applet", r->parent, r->name,
		       ap->args, ap->summary);
		dump_text(ap->text);
		putchar('\n');
		for (const struct opt *o = r->alias ? NULL : ap->opts; o && o->name; o++)
			printf("option\t%s\t%s\t%s\t%.1s\t%s\t%s\t%s\n", r->parent, r->name,
			       o->name, o->letter ? &o->letter : "", kind_names[o->kind],
			       !opts_takes_value(o) ? ""
			       : o->arg		    ? o->arg
						    : "VALUE",
			       o->help ? o->help : "");
	}
}

/* A name that is there already is left alone unless it is this very program: no other runc is
 * replaced by accident. */
static int install_one(const char *self, const char *path, bool symbolic)
{
	struct stat have, us;

	if (!(symbolic ? symlink(self, path) : link(self, path)))
		return 0;
	if (errno != EEXIST)
		return fail("%s %s to %s", symbolic ? "symlink" : "link", path, self);
	if (!stat(path, &have) && !stat(self, &us) && file_is_same(&have, &us))
		return 0;
	return failx("%s exists and is something else; remove it first", path);
}

static int install(const char *dir, bool symbolic)
{
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return fail("find this program's own file");
	row_each (r) {
		const char *path = arena_printf(&arena, "%s/%s", dir, r->name);

		if (*r->parent || r->alias || r->applet == &ocibox_applet)
			continue;
		if (install_one(self, path, symbolic) < 0)
			return -1;
		printf("%s\n", path);
	}
	return 0;
}

static int ocibox_run(void *opts, int argc, char **argv)
{
	const struct ocibox_opts *o = opts;

	if (WITH_HELP && o->install && argc != 1)
		return failx("--install needs one directory");
	if (WITH_HELP && o->install)
		return install(argv[0], o->symbolic);
	if (o->version) {
		printf("ocibox version %s\n%s%s%sspec: %s\n", OCIBOX_VERSION,
		       *OCIBOX_COMMIT ? "commit: " : "", OCIBOX_COMMIT, *OCIBOX_COMMIT ? "\n" : "",
		       OCI_VERSION);
		return 0;
	}
	if (WITH_HELP && o->dump) {
		dump();
		return 0;
	}
	if (!o->list && argc)
		return applet_run("", argc, argv);
	if (!o->list)
		applet_help("", "ocibox");
	row_each (r)
		if (o->list && !*r->parent && !r->alias && r->applet != &ocibox_applet)
			printf("%s\n", r->name);
	return 0;
}

static const struct opt ocibox_opts[] = {
	{ "list", 0, OPT_FLAG, offsetof(struct ocibox_opts, list), NULL,
	  HELP("list the applets, one a line") },
#if WITH_HELP
	{ "install", 0, OPT_FLAG, offsetof(struct ocibox_opts, install), NULL,
	  "make a link to this program for each applet in the directory that follows" },
	{ "symbolic", 's', OPT_FLAG, offsetof(struct ocibox_opts, symbolic), NULL,
	  "with --install: symbolic links" },
	{ "dump", 0, OPT_FLAG, offsetof(struct ocibox_opts, dump), NULL,
	  "print applets, verbs and options as rows with tabs" },
#endif
	{ "version", 'v', OPT_FLAG, offsetof(struct ocibox_opts, version), NULL,
	  HELP("print the version") },
	{ NULL },
};

const struct applet ocibox_applet = {
	.name = "ocibox",
	.args = "APPLET [ARG...]",
	.summary = HELP("OCI runtime, spec tool, image tool and container init in one program"),
	.text = HELP("The name by which it is called chooses the applet. Under the name ocibox the "
		     "first argument chooses it."),
	.opts = ocibox_opts,
	.opts_size = sizeof(struct ocibox_opts),
	.args_max = -1,
	.stop_at_positional = true,
	.run = ocibox_run,
};
