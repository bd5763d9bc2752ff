/* opts.c - arguments by option rows; help from the same rows. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where parsing stands. Positionals move to the front of argv as they are met. */
struct scan {
	const struct applet *ap;
	char *opts;
	char **argv;
	int argc, at, kept;
	bool help;
};

/* Of the last parse: a verb reads it before anything else is parsed. */
static int dashes = -1;

int opts_dashes(void)
{
	return dashes;
}

static const struct opt help_row = { "help", 'h', OPT_FLAG, 0, NULL, "show this help" };

bool opts_takes_value(const struct opt *o)
{
	return o->kind == OPT_STR || o->kind == OPT_LIST || o->kind == OPT_INT ||
	       o->kind == OPT_IGNORED_STR;
}

bool opts_number(const char *text, long *out)
{
	int64_t value;

	if (!json_number_i64(text, strlen(text), &value) || value < LONG_MIN || value > LONG_MAX)
		return false;
	*out = value;
	return true;
}

/* One or two dashes may come before a long name, and before a letter. A verb's own rows come before
 * those of help. */
static const struct opt *find_option(const struct applet *ap, const char *name, size_t len)
{
	if (!len)
		return NULL;
	for (const struct opt *o = ap->opts; o && o->name; o++) {
		if (strlen(o->name) == len && !memcmp(o->name, name, len))
			return o;
		if (len == 1 && o->letter == *name)
			return o;
	}
	if ((len == 1 && *name == 'h') || (len == 4 && !memcmp(name, "help", 4)))
		return &help_row;
	return NULL;
}

/* The words of Go's strconv.ParseBool. */
int opts_bool(const char *text)
{
	static const struct json_word words[] = {
		{ "1", 1 },	{ "t", 1 },	{ "T", 1 },  { "true", 1 }, { "TRUE", 1 },
		{ "True", 1 },	{ "0", 0 },	{ "f", 0 },  { "F", 0 },    { "false", 0 },
		{ "FALSE", 0 }, { "False", 0 }, { NULL, 0 },
	};

	return json_word_value(words, text);
}

static int store_flag(struct scan *s, const struct opt *o, const char *value)
{
	int on = value ? opts_bool(value) : 1;

	if (on < 0)
		return failx("invalid boolean value \"%s\" for -%s: parse error", value, o->name);
	if (o == &help_row)
		s->help = on;
	else if (o->kind == OPT_FLAG)
		*(bool *)(s->opts + o->offset) = on;
	else if (o->kind == OPT_COUNT)
		*(int *)(s->opts + o->offset) += on;
	return 0;
}

static int store_value(struct scan *s, const struct opt *o, const char *value)
{
	void *to = s->opts + o->offset;
	struct opt_list *list = to;

	switch (o->kind) {
	case OPT_STR: *(const char **)to = value; break;
	case OPT_IGNORED_STR:
		if (o->offset)
			*(const char **)to = value;
		break;
	case OPT_INT:
		if (!opts_number(value, to))
			return failx("invalid value \"%s\" for flag -%s: parse error", value,
				     o->name);
		break;
	case OPT_LIST:
		/* no option can occur more often than there are arguments */
		if (!list->at)
			list->at = arena_alloc(&arena, (s->argc + 1) * sizeof(*list->at));
		list->at[list->n++] = value;
		break;
	default: break;
	}
	return 0;
}

/* value is the text after `=`, or NULL: an option with a value then takes the next argument. */
static int take_value(struct scan *s, const struct opt *o, const char *value)
{
	if (o->kind == OPT_MAYBE) {
		*(const char **)(s->opts + o->offset) = value ? value : "";
		return 0;
	}
	if (!opts_takes_value(o))
		return store_flag(s, o, value);
	if (!value) {
		if (s->at >= s->argc)
			return failx("flag needs an argument: -%s",
				     *o->name ? o->name : (char[]){ o->letter, 0 });
		value = s->argv[s->at++];
	}
	return store_value(s, o, value);
}

/* Go's words, which engines match. */
static int undefined(const struct scan *s, const char *name, size_t len)
{
	struct json_near near = { .name = arena_strndup(&arena, name, len) };

	failx("flag provided but not defined: -%s", near.name);
	for (const struct opt *o = s->ap->opts; WITH_HELP && o && o->name; o++)
		json_near_offer(&near, o->name);
	if (!strcmp(s->ap->name, "kill") && proc_signal(near.name) >= 0)
		return fail_hint("a signal stands after the ID: kill ID %s", near.name);
	return near.best ? fail_hint("did you mean --%s?", near.best) : -1;
}

/*
 * `-vvg` and `-e143`, as getopt has them. A value may not begin with a small letter: that is more
 * likely a long name with a typing error (`-bundel`), which Go's parser would refuse too. Nothing
 * is stored unless the whole word makes sense.
 */
static int take_letters(struct scan *s, const char *word)
{
	const struct opt *o = NULL;
	const char *c;

	for (c = word; *c; c++) {
		o = find_option(s->ap, c, 1);
		if (!o || (opts_takes_value(o) && c[1] >= 'a' && c[1] <= 'z'))
			return undefined(s, word, strcspn(word, "="));
		if (opts_takes_value(o))
			break;
	}
	for (c = word; *c; c++) {
		o = find_option(s->ap, c, 1);
		if (opts_takes_value(o))
			return take_value(s, o, c[1] ? c + 1 : NULL);
		if (store_flag(s, o, NULL) < 0)
			return -1;
	}
	return 0;
}

static int take_option(struct scan *s, const char *arg)
{
	const char *name = arg + (arg[1] == '-' ? 2 : 1);
	const char *value = strchr(name, '=');
	size_t len = value ? (size_t)(value - name) : strlen(name);
	const struct opt *o = find_option(s->ap, name, len);

	if (*name == '-' || *name == '=')
		return failx("bad flag syntax: %s", arg);
	if (o)
		return take_value(s, o, value ? value + 1 : NULL);
	if (arg[1] != '-' && find_option(s->ap, name, 1))
		return take_letters(s, name);
	return undefined(s, name, len);
}

/* The words of runc's own check, after the program's name. */
int opts_count(const struct applet *ap, int n, int min, int max)
{
	const char *how = NULL;
	int want = min;

	if (min == max && n != min) {
		how = "exactly";
	} else if (n < min) {
		how = "a minimum of";
	} else if (max >= 0 && n > max) {
		how = "a maximum of";
		want = max;
	}
	if (!how)
		return 0;
	return failx("%s%s\"%s\" requires %s %d argument(s)", globals.plain ? "" : globals.applet,
		     globals.plain ? "" : ": ", ap->name, how, want);
}

int opts_parse(const struct applet *ap, void *opts, int *argc, char ***argv)
{
	struct scan s = { .ap = ap, .opts = opts, .argv = *argv, .argc = *argc };
	bool only_args = false;

	dashes = -1;
	while (s.at < s.argc) {
		char *arg = s.argv[s.at++];

		if (!only_args && !strcmp(arg, "--")) {
			only_args = true;
			dashes = s.kept;
			continue;
		}
		if (only_args || arg[0] != '-' || !arg[1]) {
			s.argv[s.kept++] = arg;
			only_args |= ap->stop_at_positional;
			continue;
		}
		if (take_option(&s, arg) < 0)
			return -1;
		if (s.help)
			return 1;
	}
	s.argv[s.kept] = NULL;
	*argc = s.kept;
	return opts_count(ap, s.kept, ap->args_min, ap->args_max);
}

/* ---- help ------------------------------------------------------------------------------------ */

#define HELP_COLUMN 30
#define HELP_WIDTH 96

/* Text from column col on, broken between words. */
static void put_wrapped(const char *text, int col, int width)
{
	int at = col;

	while (*text) {
		int len = strcspn(text, " \n");

		if (at > col && at + 1 + len > width) {
			printf("\n%*s", col, "");
			at = col;
		}
		at += printf("%s%.*s", at > col ? " " : "", len, text);
		text += len;
		if (*text == '\n') {
			printf("\n%*s", col, "");
			at = col;
		}
		text += *text != 0;
	}
	putchar('\n');
}

static void put_row(const struct opt *o)
{
	char left[80];
	const char *arg = !opts_takes_value(o) ? "" : o->arg ? o->arg : "VALUE";
	int n;

	if (o->kind == OPT_MAYBE)
		arg = arena_printf(&arena, "[=%s]", o->arg);

	if (!*o->name)
		n = snprintf(left, sizeof(left), "  -%c%s%s", o->letter, *arg ? " " : "", arg);
	else if (o->letter)
		n = snprintf(left, sizeof(left), "  -%c, --%s%s%s", o->letter, o->name,
			     *arg ? " " : "", arg);
	else
		n = snprintf(left, sizeof(left), "      --%s%s%s", o->name, *arg ? " " : "", arg);
	printf("%s", left);
	if (n >= HELP_COLUMN)
		printf("\n%*s", HELP_COLUMN, "");
	else
		printf("%*s", HELP_COLUMN - n, "");
	put_wrapped(o->help ? o->help : "", HELP_COLUMN, HELP_WIDTH);
}

static bool ignored(const struct opt *o)
{
	return o->kind == OPT_IGNORED || o->kind == OPT_IGNORED_STR;
}

/* Options without effect stand together, after those that have one. */
static void put_ignored(const struct applet *ap)
{
	const char *before = "\nAccepted for compatibility, without effect:";

	for (const struct opt *o = ap->opts; o && o->name; o++) {
		if (!ignored(o))
			continue;
		printf("%s --%s%s%s", before, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		before = ",";
	}
	if (*before == ',')
		putchar('\n');
}

void opts_help(const struct applet *ap, const char *path)
{
	printf("Usage: %s%s%s%s\n\n", path, ap->opts && ap->opts->name ? " [OPTIONS]" : "",
	       *ap->args ? " " : "", ap->args);
	if (!WITH_HELP)
		return;
	put_wrapped(ap->summary, 0, HELP_WIDTH);
	if (ap->text) {
		putchar('\n');
		put_wrapped(ap->text, 0, HELP_WIDTH);
	}
	printf("\nOptions:\n");
	for (const struct opt *o = ap->opts; o && o->name; o++)
		if (!ignored(o))
			put_row(o);
	put_row(&help_row);
	put_ignored(ap);
}
