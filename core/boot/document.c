/* document.c - reads boot.json and the kernel's command line, and reports each fault of them. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/rows.h"

#include <stdio.h>
#include <string.h>

static const struct json_field file_fields[] = {
	ROW(LIST, "mounts", boot_settings, mounts, .elem = JK_OBJ, .sub = &oci_mount_type),
#if WITH_MODULES
	ROW(LIST, "modules", boot_settings, modules, .elem = JK_STR),
#endif
#if WITH_BOOT_NET
	ROW(LIST, "network", boot_settings, network, .elem = JK_OBJ, .sub = &boot_net_type),
#endif
	ROW(OBJ, "defaults", boot_settings, defaults, .flags = JF_PTR, .sub = &boot_row_type),
	ROW(LIST, "containers", boot_settings, containers, .elem = JK_OBJ, .sub = &boot_row_type),
	{ NULL },
};
static const struct json_type file_type = { sizeof(struct boot_settings), file_fields };

/* The document that is read, and the function that gets its errors. */
struct reader {
	struct json_faults faults;
	const char *file, *text;
	void (*report)(void);
};

/* Returns 0, so that reading continues: only the member with the error is left out. */
static int report_member(struct json_faults *self, const struct json *at, const char *path,
			 const char *what)
{
	const struct reader *r = (const struct reader *)self;
	unsigned line, col;

	json_place(r->text, at ? at->off : 0, &line, &col);
	failx("%s:%u:%u: %s%s%s", r->file, line, col, path, *path ? ": " : "", what);
	if (r->report)
		r->report();
	return 0;
}

static const char *unknown_word(const struct json_word *words)
{
	return "\"%s\" is not a value for it";
}

static const struct json_field *row_of(const struct json_type *type, const char *key)
{
	for (const struct json_field *f = type->fields; f->name; f++)
		if (!strcmp(f->name, key))
			return f;
	return NULL;
}

static void check_unknown(struct reader *f, const struct json *obj, const char *at,
			  const struct json_type *type)
{
	char path[160], what[96];

	for (const struct json *v = obj && obj->type == JSON_OBJECT ? obj->child : NULL; v;
	     v = v->next) {
		const struct json_field *row = row_of(type, v->key);
		struct json_near near = { .name = v->key };

		snprintf(path, sizeof(path), "%s.%.80s", at, v->key);
		if (row && row->kind == JK_OBJ)
			check_unknown(f, v, path, row->sub);
		if (row)
			continue;
		for (row = type->fields; row->name; row++)
			json_near_offer(&near, row->name);
		boot_no_such("there is no such member", &near);
		snprintf(what, sizeof(what), "%s", err_text());
		json_fault(&f->faults, v, path, what);
	}
}

static void set_simple(struct arena *a, struct reader *f, struct boot_settings *s,
		       const struct json *tree)
{
	for (const struct json *v = tree->child; v; v = v->next) {
		const char *text = v->type == JSON_TRUE	    ? "yes"
				   : v->type == JSON_FALSE  ? "no"
				   : v->type == JSON_STRING ? v->str
				   : v->type == JSON_NUMBER ? arena_strndup(a, v->str, v->len)
							    : "";

		if (row_of(&file_type, v->key))
			continue;
		if (!strcmp(v->key, "config")) {
			json_fault(&f->faults, v, v->key,
				   "can be set on the kernel command line only");
		} else if (boot_set(s, v->key, text) < 0) {
			/* The message of boot_set begins with the key, so no path is added. */
			json_fault(&f->faults, v, "", arena_strdup(a, err_text()));
		}
	}
}

int boot_set_json(struct arena *a, struct boot_settings *s, const char *file, char *text,
		  size_t len, void (*report)(void))
{
	struct reader f = { .faults = { .report = report_member, .unknown_word = unknown_word },
			    .file = file,
			    .text = text,
			    .report = report };
	struct json_error err;
	struct json bad = { 0 }, *tree = json_parse(a, text, len, &err);
	const struct json *v;
	char at[32];

	if (!tree) {
		bad.off = err.off;
		report_member(&f.faults, &bad, "", err.what);
		return 1;
	}
	if (json_bind(a, tree, &file_type, s, &f.faults) < 0)
		err_clear("each fault was reported");
	if (tree->type != JSON_OBJECT)
		return (int)f.faults.count;
	set_simple(a, &f, s, tree);
	if (s->defaults)
		boot_row_check(&f.faults, tree, "defaults", s->defaults);
	check_unknown(&f, json_get(tree, "defaults"), "defaults", &boot_row_type);
	v = s->network.n ? json_get(tree, "network")->child : NULL;
	for (size_t i = 0; i < s->network.n; i++, v = v->next) {
		snprintf(at, sizeof(at), "network[%u]", (unsigned)i);
		boot_net_check(&f.faults, tree, at, &s->network.at[i]);
		check_unknown(&f, v, at, &boot_net_type);
	}
	v = s->containers.n ? json_get(tree, "containers")->child : NULL;
	for (size_t i = 0; i < s->containers.n; i++, v = v->next) {
		snprintf(at, sizeof(at), "containers[%u]", (unsigned)i);
		if (v->type == JSON_OBJECT &&
		    (!s->containers.at[i].name || !*s->containers.at[i].name))
			json_fault(&f.faults, v, at, "has no name");
		boot_row_check(&f.faults, tree, at, &s->containers.at[i]);
		check_unknown(&f, v, at, &boot_row_type);
	}
	return (int)f.faults.count;
}

int boot_read(struct arena *a, struct boot_settings *s, char **argv, bool kernel,
	      void (*report)(void))
{
	static LARGE char line[4096];
	const char *file = "/etc/ocibox/boot.json";
	struct boot_settings first;
	char *words = line, *text;
	size_t len;
	int faults = 0;

	if (kernel && file_read_line(AT_FDCWD, "/proc/cmdline", line, sizeof(line)) < 0)
		report();
	for (; argv && *argv; argv++)
		if (!strncmp(*argv, "ocibox.", 7))
			words = arena_printf(a, "%s \"%s\"", words, *argv);
	boot_defaults(s);
	/* The command line is read first for `config`, and again at the end, because it overrides
	 * the file. */
	boot_defaults(&first);
	boot_set_words(&first, arena_strdup(a, words), NULL);
	if (first.config)
		file = first.config;
	if (!first.config && access(file, F_OK)) {
		err_clear("the file is optional");
	} else if (file_read(a, AT_FDCWD, file, 1 << 20, &text, &len) < 0) {
		faults = 1;
		report();
	} else {
		faults = boot_set_json(a, s, file, text, len, report);
	}
	boot_set_words(s, arena_strdup(a, words), report);
	return faults;
}
