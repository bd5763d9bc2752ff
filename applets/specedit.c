/* specedit.c - oci-spec get, set, del: single values of a JSON file, so that nobody needs jq. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_NAME "config.json"

/* A file that is read whole and maybe written back. "-" is standard input and output. */
struct document {
	const char *name; /* as errors show it */
	char path[PATH_MAX]; /* where symbolic links lead, so that these stay; "" for "-" */
	bool edit; /* set by the caller: it will be written */
	struct file_edit lock;
	bool newline; /* it ended with one */
	struct json *tree;
};

/* ---- reading and writing --------------------------------------------------------------------------- */

static int read_stdin(char **text, size_t *len)
{
	size_t size = 64 << 10;

	*text = arena_alloc(&arena, size);
	*len = 0;
	for (;;) {
		ssize_t n = read(STDIN_FILENO, *text + *len, size - *len - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("read standard input");
		if (!n)
			return 0;
		*len += n;
		if (*len > OCI_CONFIG_MAX)
			return failx("standard input is larger than the %u bytes allowed",
				     OCI_CONFIG_MAX);
		if (*len + 1 == size) {
			char *more = arena_alloc(&arena, size * 2);

			memcpy(more, *text, *len);
			*text = more;
			size *= 2;
		}
	}
}

static int doc_read(struct document *d, const char *file)
{
	struct json_error err;
	unsigned line, col;
	char *text;
	size_t len;

	d->name = file;
	if (!strcmp(file, "-")) {
		d->name = "standard input";
		if (read_stdin(&text, &len) < 0)
			return -1;
	} else if (!realpath(file, d->path)) {
		return fail("open %s", file);
	} else if (d->edit && file_edit_open(&d->lock, d->path) < 0) {
		return -1;
	} else if (file_read(&arena, AT_FDCWD, d->path, OCI_CONFIG_MAX, &text, &len) < 0) {
		return -1;
	}
	d->newline = len && text[len - 1] == '\n';
	d->tree = json_parse(&arena, text, len, &err);
	if (d->tree)
		return 0;
	json_place(text, err.off, &line, &col);
	return failx("%s:%u:%u: %s", d->name, line, col, err.what);
}

static struct json_out tree_text(const struct json *tree, const char *indent)
{
	struct json_out o = { .arena = &arena, .indent = indent };

	json_write_tree(&o, tree);
	return o;
}

static int doc_write(const struct document *d)
{
	struct json_out o = tree_text(d->tree, "\t");
	char *text = arena_strndup(&arena, o.buf, o.len + 1);
	struct json_error err;

	text[o.len] = '\n';
	/* Deep values at a deep place make what cannot be read again. */
	if (!json_parse(&arena, o.buf, o.len, &err))
		return failx("%s: %s", d->name, err.what);
	if (!*d->path)
		return applet_print(text, o.len + 1);
	return file_edit_save(&d->lock, text, o.len + d->newline);
}

/* ---- get --------------------------------------------------------------------------------------------- */

struct get_opts {
	const char *file;
	bool indent, json;
};

static int get_run(void *opts, int argc, char **argv)
{
	const struct get_opts *o = opts;
	const char *file = argc > 1 ? argv[1] : o->file ? o->file : CONFIG_NAME;
	struct document d = { 0 };
	const struct json *v;
	struct json_out out;

	if (argc > 1 && o->file)
		return failx("the file is given twice");
	if (doc_read(&d, file) < 0)
		return -1;
	v = json_pointer(d.tree, argv[0]);
	if (!v)
		return failx("%s: there is nothing at \"%s\"%s", d.name, argv[0],
			     *argv[0] && *argv[0] != '/' ? ": a pointer begins with '/'" : "");
	if (v->type == JSON_STRING && !o->json)
		return applet_print(v->str, v->len) < 0 ? -1 : applet_print("\n", 1);
	out = tree_text(v, o->indent ? "\t" : NULL);
	return applet_print(out.buf, out.len) < 0 ? -1 : applet_print("\n", 1);
}

/* clang-format off */
#define FILE_ROW(type)                                                                             \
	{ "file", 'f', OPT_STR, offsetof(type, file), "FILE",                                      \
	  "this file instead of config.json; - is standard input and output" }
/* clang-format on */

static const struct opt get_opts[] = {
	FILE_ROW(struct get_opts),
	{ "indent", 'i', OPT_FLAG, offsetof(struct get_opts, indent), NULL,
	  "objects and arrays over several lines" },
	{ "json", 'j', OPT_FLAG, offsetof(struct get_opts, json), NULL,
	  "strings in quotes, with escapes" },
	{ NULL },
};

const struct applet oci_spec_get_applet = {
	.name = "get",
	.args = "POINTER [FILE]",
	.summary = "print one value",
	.text = "POINTER is a JSON pointer such as /process/args/0. A string is printed as it is, "
		"everything else as JSON on one line. Exits with 1 when nothing is there.",
	.opts = get_opts,
	.opts_size = sizeof(struct get_opts),
	.args_min = 1,
	.args_max = 2,
	.run = get_run,
};

/* ---- set --------------------------------------------------------------------------------------------- */

struct set_opts {
	const char *file;
	bool string;
	struct opt_list delete;
};

/* A string by way of its JSON: what is no UTF-8 is refused there. */
static struct json *string_value(const char *text, struct json_error *err)
{
	struct json_out o = { .arena = &arena };

	json_put_str(&o, NULL, text);
	return json_parse(&arena, o.buf, o.len, err);
}

/* What is no JSON is a string. Not when it begins like JSON that is more than a word: then the
 * writer made a mistake, and a string would hide it. */
static struct json *value_of(const char *text, bool string, struct json_error *err)
{
	char first = text[strspn(text, " \t\r\n")];
	struct json *v = NULL;

	if (!string)
		v = json_parse(&arena, arena_strdup(&arena, text), strlen(text), err);
	if (string || (!v && first != '[' && first != '{' && first != '"'))
		v = string_value(text, err);
	return v;
}

static int set_one(struct document *d, const char *pointer, const char *text, bool string)
{
	struct json_error err;
	const struct json *value = value_of(text, string, &err);
	const char *what;

	if (!value)
		return failx("the value for %s: character %u: %s", pointer, err.off + 1, err.what);
	if (json_set(&arena, d->tree, pointer, value, &what) < 0)
		return failx("%s: %s: %s", d->name, pointer, what);
	return 0;
}

static int del_one(struct document *d, const char *pointer)
{
	if (json_del(&arena, d->tree, pointer))
		return 0;
	if (!*pointer)
		return failx("%s: the whole document cannot be removed", d->name);
	return failx("%s: there is nothing at \"%s\"", d->name, pointer);
}

/*
 * A value may begin with '-', a pointer cannot: options are taken only where a pointer may stand.
 * Moves the pairs to the front of argv and returns the number of words in them.
 */
static int take_pairs(struct set_opts *o, int argc, char **argv)
{
	char **pairs = argv;
	int n = 0;

	while (argc) {
		if (**argv == '-') {
			int help = opts_parse(&oci_spec_set_applet, o, &argc, &argv);

			if (help)
				return help < 0 ? -1 : failx("for help use --help alone");
			continue;
		}
		if (argc < 2)
			return failx("there is no value for %s", *argv);
		pairs[n++] = *argv++;
		pairs[n++] = *argv++;
		argc -= 2;
	}
	return n;
}

static int set_run(void *opts, int argc, char **argv)
{
	struct set_opts *o = opts;
	struct document d = { .edit = true };

	argc = take_pairs(o, argc, argv);
	if (argc < 0)
		return -1;
	if (!argc && !o->delete.n)
		return failx("nothing to set");
	if (doc_read(&d, o->file ? o->file : CONFIG_NAME) < 0)
		return -1;
	for (int i = 0; i < argc; i += 2)
		if (set_one(&d, argv[i], argv[i + 1], o->string) < 0)
			return -1;
	for (size_t i = 0; i < o->delete.n; i++)
		if (del_one(&d, o->delete.at[i]) < 0)
			return -1;
	return doc_write(&d);
}

static const struct opt set_opts[] = {
	FILE_ROW(struct set_opts),
	{ "string", 's', OPT_FLAG, offsetof(struct set_opts, string), NULL,
	  "values are strings, whatever they look like" },
	{ "delete", 'd', OPT_LIST, offsetof(struct set_opts, delete), "POINTER",
	  "afterwards remove what is there; may be repeated" },
	{ NULL },
};

const struct applet oci_spec_set_applet = {
	.name = "set",
	.args = "[POINTER VALUE]...",
	.summary = "change or add values in place",
	.text = "POINTER is a JSON pointer such as /process/args/0; what is missing on the way is "
		"made, and /process/args/- appends. VALUE is JSON, or a string when it is none: "
		"true, 7, '[\"a\",\"b\"]', hello. All changes are made at once or none. Other "
		"values keep their order; the file is written anew, indented with tabs.",
	.opts = set_opts,
	.opts_size = sizeof(struct set_opts),
	.args_max = -1,
	.stop_at_positional = true,
	.run = set_run,
};

/* ---- del --------------------------------------------------------------------------------------------- */

struct del_opts {
	const char *file;
};

static int del_run(void *opts, int argc, char **argv)
{
	const struct del_opts *o = opts;
	struct document d = { .edit = true };

	if (doc_read(&d, o->file ? o->file : CONFIG_NAME) < 0)
		return -1;
	for (int i = 0; i < argc; i++)
		if (del_one(&d, argv[i]) < 0)
			return -1;
	return doc_write(&d);
}

static const struct opt del_opts[] = { FILE_ROW(struct del_opts), { NULL } };

const struct applet oci_spec_del_applet = {
	.name = "del",
	.args = "POINTER...",
	.summary = "remove values in place",
	.text = "Each POINTER is looked up when those before it are gone: array elements move up.",
	.opts = del_opts,
	.opts_size = sizeof(struct del_opts),
	.args_min = 1,
	.args_max = -1,
	.run = del_run,
};
