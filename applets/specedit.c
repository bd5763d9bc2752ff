/* specedit.c - oci-spec get, set, del: single values of a JSON file, without jq. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_NAME "config.json"

struct file_opts { /* first in the options of every command */
	const char *file, *bundle;
};

/* A file that is read as a whole, and may be written back. "-" is standard input and output. */
struct document {
	const char *name; /* as errors show it */
	char path[PATH_MAX]; /* where symbolic links lead: they stay; "" for "-" */
	bool edit; /* set by the caller: it will be written */
	bool any; /* set by the caller: values need not be what the specification wants */
	struct file_edit lock;
	bool newline; /* it ended with one */
	struct json *tree;
};

/* ---- reading and writing --------------------------------------------------------------------- */

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

/* All commands name their file in the same way. A directory is a bundle. */
int spec_file(const char *file, const char *bundle, const char **name)
{
	struct stat st;

	if (file && bundle)
		return failx("--file and --bundle exclude each other");
	*name = file ? file : bundle && *bundle ? bundle : CONFIG_NAME;
	if (strcmp(*name, "-") && !stat(*name, &st) && S_ISDIR(st.st_mode))
		*name = arena_printf(&arena, "%s/" CONFIG_NAME, *name);
	return 0;
}

/* A FILE may stand before a pointer. A pointer begins with '/', so an absolute FILE needs -f. */
static int take_file(struct file_opts *where, int *argc, char ***argv, int least)
{
	char **a = *argv;

	if (*argc < least || !*a[0] || *a[0] == '/' || (*a[1] && *a[1] != '/' && *a[1] != '-'))
		return 0;
	if (where->file || where->bundle)
		return failx("the file is given twice");
	where->file = a[0];
	--*argc;
	++*argv;
	return 0;
}

static int doc_read(struct document *d, const struct file_opts *where)
{
	const char *file;
	struct json_error err;
	unsigned line, col;
	char *text;
	size_t len;

	if (spec_file(where->file, where->bundle, &file) < 0)
		return -1;
	d->name = file;
	if (!strcmp(file, "-")) {
		d->name = "standard input";
		if (read_stdin(&text, &len) < 0)
			return -1;
	} else if (!realpath(file, d->path)) {
		return fail("open %s", file);
	} else if ((d->edit && file_edit_open(&d->lock, d->path) < 0) ||
		   file_read(&arena, AT_FDCWD, d->path, OCI_CONFIG_MAX, &text, &len) < 0) {
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

/* off of every value that was set; a member that was made on the way to one has 0. */
#define NEW_VALUE UINT32_MAX

static void mark_new(struct json *v)
{
	v->off = NEW_VALUE;
	for (struct json *child = v->child; child; child = child->next)
		mark_new(child);
}

/* Reports faults of new values; `check` reports the others. */
static int new_fault(struct json_faults *self, const struct json *at, const char *path,
		     const char *what)
{
	int64_t bytes;

	if (at->off != NEW_VALUE)
		return 0;
	if (at->type == JSON_STRING && !strncmp(what, "must be an integer", 18) &&
	    oci_size(at->str, &bytes))
		failx("%s: must be a number: for %s write %lld", path, at->str, (long long)bytes);
	else
		failx("%s: %s", path, what);
	self->report = NULL;
	return -1;
}

static void new_stray(struct json_faults *self, const struct json *at, const char *path,
		      const struct json_type *type, const char *taken)
{
	struct json_near near = { .name = at->key };

	if (at->off && at->off != NEW_VALUE)
		return;
	for (const struct json_field *f = type->fields; !taken && f->name; f++)
		json_near_offer(&near, f->name);
	if (taken || near.best)
		log_warn("%s is not in the specification: did you mean \"%s\"?", path,
			 taken ? taken : near.best);
	else
		log_warn("%s is not in the specification and will have no effect", path);
}

/* Checks the new values of a config.json against the field rows; other JSON files may hold
 * anything. Binding changes names in the tree, so the caller has written the text before. */
static int check_values(const struct document *d)
{
	struct json_faults f = { .report = new_fault, .stray = new_stray };
	struct oci_config c = { 0 };

	if (!json_get(d->tree, "ociVersion"))
		return 0;
	json_bind(&arena, d->tree, &oci_config_type, &c, &f);
	return f.report ? 0 : -1;
}

static int doc_write(const struct document *d)
{
	struct json_out o = tree_text(d->tree, "\t");
	char *text = arena_strndup(&arena, o.buf, o.len + 1);
	struct json_error err;

	text[o.len] = '\n';
	/* Values that are nested deeply, at a deep place, may give a text that cannot be read
	 * again. */
	if (!json_parse(&arena, o.buf, o.len, &err))
		return failx("%s: %s", d->name, err.what);
	if (!d->any && check_values(d) < 0)
		return -1;
	if (!*d->path)
		return applet_print(text, o.len + 1);
	return file_edit_save(&d->lock, text, o.len + d->newline);
}

/* ---- get ------------------------------------------------------------------------------------- */

struct get_opts {
	struct file_opts where;
	bool indent, json;
};

static int get_run(void *opts, int argc, char **argv)
{
	struct get_opts *o = opts;
	struct document d = { 0 };
	const struct json *v;
	struct json_out out;

	if (take_file(&o->where, &argc, &argv, 2) < 0)
		return -1;
	if (argc > 1 && (o->where.file || o->where.bundle))
		return failx("the file is given twice");
	if (argc > 1)
		o->where.file = argv[1];
	if (doc_read(&d, &o->where) < 0)
		return -1;
	v = json_pointer(d.tree, argv[0]);
	if (!v)
		return failx("%s: there is nothing at \"%s\"%s", d.name, argv[0],
			     *argv[0] && *argv[0] != '/'
				     ? ": a pointer begins with '/', such as /process/args"
				     : "");
	if (v->type == JSON_STRING && !o->json)
		return applet_print(v->str, v->len) < 0 ? -1 : applet_print("\n", 1);
	out = tree_text(v, o->indent ? "\t" : NULL);
	return applet_print(out.buf, out.len) < 0 ? -1 : applet_print("\n", 1);
}

/* clang-format off */
#define FILE_ROWS                                                                                  \
	{ "file", 'f', OPT_STR, offsetof(struct file_opts, file), "FILE",                          \
	  "this file instead of config.json; - is standard input and output. FILE may be the "     \
	  "first argument, unless it begins with /" },                                             \
	{ "bundle", 'b', OPT_STR, offsetof(struct file_opts, bundle), "DIR",                       \
	  "the config.json of this directory" }
/* clang-format on */

static const struct opt get_opts[] = {
	FILE_ROWS,
	{ "indent", 'i', OPT_FLAG, offsetof(struct get_opts, indent), NULL,
	  "objects and arrays over several lines" },
	{ "json", 'j', OPT_FLAG, offsetof(struct get_opts, json), NULL,
	  "strings in quotes, with escapes" },
	{ NULL },
};

const struct applet oci_spec_get_applet = {
	.name = "get",
	.args = "[FILE] POINTER [FILE]",
	.summary = "print one value",
	.text = "POINTER is a JSON pointer such as /process/args/0. A string is printed as it is, "
		"everything else as JSON on one line. Exits with 1 when nothing is there.",
	.opts = get_opts,
	.opts_size = sizeof(struct get_opts),
	.args_min = 1,
	.args_max = 2,
	.run = get_run,
};

/* ---- set ------------------------------------------------------------------------------------- */

struct set_opts {
	struct file_opts where;
	bool string, any;
	struct opt_list delete;
};

/* Makes a string by parsing it as JSON, which refuses what is not UTF-8. */
static struct json *string_value(const char *text, struct json_error *err)
{
	struct json_out o = { .arena = &arena };

	json_put_str(&o, NULL, text);
	return json_parse(&arena, o.buf, o.len, err);
}

/* True if the specification wants a string or a word there. */
static bool wants_string(const char *pointer)
{
	bool element;
	const struct json_field *f = json_row(&oci_config_type, pointer, &element);
	int kind = !f ? JK_NONE : element ? f->elem : f->kind;

	return kind == JK_STR || kind == JK_ENUM;
}

/* A list of strings or numbers whose value is not written as JSON: what follows are its
 * elements, to the end of the command line. */
static bool takes_words(const char *pointer, const char *text)
{
	bool element;
	const struct json_field *f = json_row(&oci_config_type, pointer, &element);

	return f && !element && f->kind == JK_LIST && f->elem != JK_OBJ &&
	       text[strspn(text, " \t\r\n")] != '[' && strcmp(text, "null");
}

/* Text that is not JSON becomes a string, unless it begins like an array, an object or a quoted
 * string: then it is a mistake, which a string would hide. */
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
	struct json *value = value_of(text, string, &err);
	const char *what;

	/* Where a string is wanted, 7 is the text "7". */
	if (value && !d->any && wants_string(pointer) && value->type < JSON_STRING &&
	    value->type != JSON_NULL)
		value = string_value(text, &err);
	if (!value)
		return failx("the value for %s: character %u: %s", pointer, err.off + 1, err.what);
	mark_new(value);
	if (json_set(&arena, d->tree, pointer, value, &what) < 0)
		return failx("%s: %s: %s", d->name, pointer, what);
	return 0;
}

static int set_words(struct document *d, const char *pointer, char **words, bool string)
{
	struct json *list = arena_alloc(&arena, sizeof(*list));
	const char *each = arena_printf(&arena, "%s/-", pointer), *what;

	*list = (struct json){ .type = JSON_ARRAY, .off = NEW_VALUE };
	if (json_set(&arena, d->tree, pointer, list, &what) < 0)
		return failx("%s: %s: %s", d->name, pointer, what);
	for (; *words; words++)
		if (set_one(d, each, *words, string) < 0)
			return -1;
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
 * A value may begin with '-', a pointer cannot: options are taken only where a pointer may stand,
 * and none in a list of words. Moves the pairs to the front of argv and returns the number of words
 * in them; the pointer and the words of a list are in *list.
 */
static int take_pairs(struct set_opts *o, int argc, char **argv, char ***list)
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
		if (!o->any && takes_words(argv[0], argv[1])) {
			*list = argv;
			return n;
		}
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
	char **list = NULL;

	if (take_file(&o->where, &argc, &argv, 3) < 0)
		return -1;
	argc = take_pairs(o, argc, argv, &list);
	if (argc < 0)
		return -1;
	if (!argc && !list && !o->delete.n)
		return failx("nothing to set: write POINTER VALUE, such as /process/cwd /tmp");
	d.any = o->any;
	if (doc_read(&d, &o->where) < 0)
		return -1;
	for (int i = 0; i < argc; i += 2)
		if (set_one(&d, argv[i], argv[i + 1], o->string) < 0)
			return -1;
	if (list && set_words(&d, list[0], list + 1, o->string) < 0)
		return -1;
	for (size_t i = 0; i < o->delete.n; i++)
		if (del_one(&d, o->delete.at[i]) < 0)
			return -1;
	return doc_write(&d);
}

static const struct opt set_opts[] = {
	FILE_ROWS,
	{ "string", 's', OPT_FLAG, offsetof(struct set_opts, string), NULL,
	  "values are strings, whatever they look like" },
	{ "no-check", 0, OPT_FLAG, offsetof(struct set_opts, any), NULL,
	  "accept values that the specification does not allow" },
	{ "delete", 'd', OPT_LIST, offsetof(struct set_opts, delete), "POINTER",
	  "then remove what is there; may be repeated" },
	{ NULL },
};

const struct applet oci_spec_set_applet = {
	.name = "set",
	.args = "[FILE] [POINTER VALUE]... [POINTER WORD...]",
	.summary = "change or add values in place",
	.text = "POINTER is a JSON pointer such as /process/args/0; what is missing on the way is "
		"made, and /process/args/- appends. VALUE is JSON, or a string when it is not: "
		"true, 7, '[\"a\",\"b\"]', hello. Where the specification has a list of words, "
		"all that follows is that list: set /process/args sh -c 'echo hi'. In a "
		"config.json "
		"a value must be of the type that the specification wants. All changes are made at "
		"once or none. Other values keep their order; the file is written anew, indented "
		"with tabs.",
	.opts = set_opts,
	.opts_size = sizeof(struct set_opts),
	.args_max = -1,
	.stop_at_positional = true,
	.run = set_run,
};

/* ---- del ------------------------------------------------------------------------------------- */

static int del_run(void *opts, int argc, char **argv)
{
	struct file_opts *where = opts;
	struct document d = { .edit = true };

	if (take_file(where, &argc, &argv, 2) < 0 || doc_read(&d, where) < 0)
		return -1;
	for (int i = 0; i < argc; i++)
		if (del_one(&d, argv[i]) < 0)
			return -1;
	return doc_write(&d);
}

static const struct opt del_opts[] = { FILE_ROWS, { NULL } };

const struct applet oci_spec_del_applet = {
	.name = "del",
	.args = "[FILE] POINTER...",
	.summary = "remove values in place",
	.text = "Each POINTER is looked up after those before it were removed: array elements move "
		"up.",
	.opts = del_opts,
	.opts_size = sizeof(struct file_opts),
	.args_min = 1,
	.args_max = -1,
	.run = del_run,
};
