/* bind.c - tree to struct by rows. */
/* SPDX-License-Identifier: MIT */
#include "json/private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Size and alignment of a kind as an element of a list, or where JF_PTR points to. */
/* clang-format off */
#define SHAPE(type) { sizeof(type), _Alignof(type) }
/* clang-format on */

static const struct {
	unsigned char size, align;
} shapes[] = {
	[JK_BOOL] = SHAPE(bool),    [JK_STR] = SHAPE(char *),	[JK_ENUM] = SHAPE(int),
	[JK_U16] = SHAPE(uint16_t), [JK_U32] = SHAPE(uint32_t), [JK_I32] = SHAPE(int32_t),
	[JK_U64] = SHAPE(uint64_t), [JK_I64] = SHAPE(int64_t),	[JK_RAW] = SHAPE(struct json *),
};

/* The limits of each kind of integer. min is how far below zero it goes. */
static const struct {
	uint64_t max, min;
	const char *what;
} ranges[] = {
	[JK_U16] = { UINT16_MAX, 0, "must be an integer from 0 to 65535" },
	[JK_U32] = { UINT32_MAX, 0, "must be an integer from 0 to 4294967295" },
	[JK_I32] = { INT32_MAX, 0x80000000u, "must be an integer from -2147483648 to 2147483647" },
	[JK_U64] = { UINT64_MAX, 0, "must be an integer from 0 to 18446744073709551615" },
	[JK_I64] = { INT64_MAX, (uint64_t)1 << 63,
		     "must be an integer from -9223372036854775808 to 9223372036854775807" },
};

static const char *const type_names[] = {
	[JSON_NULL] = "null",	   [JSON_FALSE] = "false",	[JSON_TRUE] = "true",
	[JSON_ARRAY] = "an array", [JSON_OBJECT] = "an object",
};

struct binder {
	struct arena *arena;
	struct json_faults *faults;
};

static int bind_object(struct binder *b, const struct json *tree, const struct json_type *type,
		       char *out, const struct json_step *step);

/* ---- faults ---------------------------------------------------------------------------------- */

int json_fault(struct json_faults *f, const struct json *at, const char *path, const char *what)
{
	f->count++;
	return f->report(f, at, path, what);
}

static int fault(struct binder *b, const struct json *at, const struct json_step *step,
		 const char *what)
{
	char path[JSON_PATH_MAX];

	json_step_print(step, path);
	return json_fault(b->faults, at, path, what);
}

/* "must be a string, not 1.5": shows a number or a string, up to 32 bytes of it. */
static int fault_type(struct binder *b, const struct json *at, const struct json_step *step,
		      const char *what)
{
	char text[200], value[33] = "";
	bool quote = at->type == JSON_STRING;

	if (at->type == JSON_NUMBER)
		snprintf(value, sizeof(value), "%.*s", (int)at->len, at->str);
	else if (quote)
		json_plain(value, sizeof(value), at->str);
	snprintf(text, sizeof(text), quote ? "%s, not the string \"%s\"" : "%s, not %s", what,
		 *value || quote ? value : type_names[at->type]);
	return fault(b, at, step, arena_strdup(b->arena, text));
}

/* ---- words ----------------------------------------------------------------------------------- */

static const struct json_word *find_word(const struct json_word *words, const char *word)
{
	for (; words->word; words++)
		if (!strcmp(words->word, word))
			return words;
	return NULL;
}

int json_word_value(const struct json_word *words, const char *word)
{
	const struct json_word *w = find_word(words, word);

	return w ? w->value : -1;
}

const char *json_word_name(const struct json_word *words, int value)
{
	for (; words->word; words++)
		if (words->value == value)
			return words->word;
	return NULL;
}

const char *json_words(const struct json_word *words)
{
	static char text[128];
	size_t n = 0;

	for (const struct json_word *w = words; w->word; w++) {
		if (n + strlen(w->word) + 5 > sizeof(text))
			return NULL;
		if (*w->word)
			n += snprintf(text + n, sizeof(text) - n, "%s%s",
				      w == words		? ""
				      : w[1].word && *w[1].word ? ", "
								: " or ",
				      w->word);
	}
	return text;
}

static int fault_word(struct binder *b, const struct json *v, const struct json_word *words,
		      const struct json_step *step)
{
	const char *(*clause)(const struct json_word *) = b->faults->unknown_word;
	const char *format = clause ? clause(words) : NULL, *what;
	struct json_near near = { .name = v->str };
	char name[64];

	json_plain(name, sizeof(name), v->str);
	for (const struct json_word *w = words; WITH_HELP && w->word; w++)
		json_near_offer(&near, w->word);
	what = arena_printf(b->arena, format ? format : "\"%s\" is not known", name);
	if (near.best)
		what = arena_printf(b->arena, "%s: did you mean \"%s\"?", what, near.best);
	else if (json_words(words))
		what = arena_printf(b->arena, "%s: it takes %s", what, json_words(words));
	return fault(b, v, step, what);
}

/* ---- values ---------------------------------------------------------------------------------- */

static int bind_enum(struct binder *b, const struct json *v, const struct json_word *words,
		     char *out, const struct json_step *step)
{
	const struct json_word *w;

	if (v->type != JSON_STRING)
		return fault_type(b, v, step, "must be a string");
	w = find_word(words, v->str);
	if (!w)
		return fault_word(b, v, words, step);
	memcpy(out, &w->value, sizeof(w->value));
	return 0;
}

static int bind_integer(struct binder *b, const struct json *v, enum json_kind kind, char *out,
			const struct json_step *step)
{
	union {
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
	} n;
	uint64_t value;

	if (v->type != JSON_NUMBER ||
	    !json_number(v->str, v->len, ranges[kind].max, ranges[kind].min, &value))
		return fault_type(b, v, step, ranges[kind].what);
	/* Cutting two's complement to its low bytes is right for both signs. */
	switch (shapes[kind].size) {
	case 2: n.u16 = (uint16_t)value; break;
	case 4: n.u32 = (uint32_t)value; break;
	default: n.u64 = value; break;
	}
	memcpy(out, &n, shapes[kind].size);
	return 0;
}

/* Binds one value: a scalar, an object, or one element of a list or map. */
static int bind_value(struct binder *b, const struct json *v, const struct json_field *f, char *out,
		      const struct json_step *step)
{
	enum json_kind kind = f->kind == JK_LIST || f->kind == JK_MAP ? f->elem : f->kind;
	bool yes;

	switch (kind) {
	case JK_BOOL:
		if (v->type != JSON_TRUE && v->type != JSON_FALSE)
			return fault_type(b, v, step, "must be true or false");
		yes = v->type == JSON_TRUE;
		memcpy(out, &yes, sizeof(yes));
		return 0;
	case JK_STR:
		if (v->type != JSON_STRING)
			return fault_type(b, v, step, "must be a string");
		memcpy(out, &v->str, sizeof(v->str));
		return 0;
	case JK_ENUM: return bind_enum(b, v, f->sub, out, step);
	case JK_OBJ: return bind_object(b, v, f->sub, out, step);
	case JK_RAW: memcpy(out, &v, shapes[kind].size); return 0;
	default: return bind_integer(b, v, kind, out, step);
	}
}

static size_t value_size(const struct json_field *f, enum json_kind kind)
{
	return kind == JK_OBJ ? ((const struct json_type *)f->sub)->size : shapes[kind].size;
}

size_t json_stride(const struct json_field *f, size_t *value_at)
{
	size_t align = shapes[f->elem].align, end;

	*value_at = 0;
	if (f->kind == JK_LIST || f->elem == JK_OBJ)
		return value_size(f, f->elem); /* rows count offsets from the key on */
	*value_at = (sizeof(char *) + align - 1) & -align;
	end = *value_at + shapes[f->elem].size;
	if (align < shapes[JK_STR].align)
		align = shapes[JK_STR].align;
	return (end + align - 1) & -align;
}

static int bind_list(struct binder *b, const struct json *tree, const struct json_field *f,
		     char *out, const struct json_step *up)
{
	size_t value_at, size = json_stride(f, &value_at);
	struct json_step step = { up, NULL, 0 };
	struct json_any_list list = { NULL, tree->len };
	char *at;

	if (tree->type != JSON_ARRAY)
		return fault_type(b, tree, up, "must be an array");
	list.at = at = arena_alloc(b->arena, size * (list.n + 1));
	memcpy(out, &list, sizeof(list));
	for (const struct json *v = tree->child; v; v = v->next, at += size, step.index++)
		if (bind_value(b, v, f, at, &step))
			return -1;
	return 0;
}

static int bind_map(struct binder *b, const struct json *tree, const struct json_field *f,
		    char *out, const struct json_step *up)
{
	size_t value_at, size = json_stride(f, &value_at);
	struct json_step step = { up, NULL, 0 };
	struct json_any_list list = { NULL, tree->len };
	char *at;

	if (tree->type != JSON_OBJECT)
		return fault_type(b, tree, up, "must be an object");
	list.at = at = arena_alloc(b->arena, size * (list.n + 1));
	memcpy(out, &list, sizeof(list));
	for (const struct json *v = tree->child; v; v = v->next, at += size) {
		step.key = v->key;
		memcpy(at, &v->key, sizeof(v->key));
		if (bind_value(b, v, f, at + value_at, &step))
			return -1;
	}
	return 0;
}

/* False, "", [] and {} ask for nothing, so that a build that lacks the part can obey them. */
static bool is_empty_value(const struct json *v)
{
	return v->type == JSON_FALSE || (v->type >= JSON_STRING && !v->len);
}

static int bind_field(struct binder *b, const struct json *v, const struct json_field *f, char *out,
		      const struct json_step *step)
{
	char *target = out + f->offset;

	if (f->kind == JK_LACKS)
		return is_empty_value(v) ? 0 : fault(b, v, step, f->sub);
	if (f->kind == JK_LIST)
		return bind_list(b, v, f, target, step);
	if (f->kind == JK_MAP)
		return bind_map(b, v, f, target, step);
	if ((f->flags & JF_PTR) && f->kind != JK_STR && f->kind != JK_RAW) {
		char *value = arena_alloc(b->arena, value_size(f, f->kind));

		memcpy(target, &value, sizeof(value));
		target = value;
	}
	return bind_value(b, v, f, target, step);
}

/* Searches from hint on first: writers mostly keep the order of the spec, which rows have too. */
static const struct json_field *find_field(const struct json_type *type,
					   const struct json_field *hint, const char *name)
{
	for (const struct json_field *f = hint; f->name; f++)
		if (*f->name == *name && !strcmp(f->name, name))
			return f;
	for (const struct json_field *f = type->fields; f < hint; f++)
		if (*f->name == *name && !strcmp(f->name, name))
			return f;
	return NULL;
}

/*
 * Handles a member whose name no row has: *f becomes the row whose name differs only in case, or
 * NULL. Two members for one row are a fault, as duplicate keys are: readers would differ in which
 * one they take.
 */
static int bind_stray(struct binder *b, const struct json *tree, const struct json_type *type,
		      struct json *v, const struct json_step *step, const struct json_field **f)
{
	char path[JSON_PATH_MAX];

	for (*f = type->fields; (*f)->name && strcasecmp((*f)->name, v->key);)
		++*f;
	if (!(*f)->name)
		*f = NULL;
	json_step_print(step, path);
	if (*f && json_get(tree, (*f)->name)) {
		const char *what =
			arena_printf(b->arena, "duplicate key: also written \"%s\"", (*f)->name);

		*f = NULL;
		return fault(b, v, step, what);
	}
	b->faults->stray(b->faults, v, path, type, *f ? (*f)->name : NULL);
	if (*f)
		v->key = (*f)->name;
	return 0;
}

static int bind_object(struct binder *b, const struct json *tree, const struct json_type *type,
		       char *out, const struct json_step *up)
{
	const struct json_field *hint = type->fields, *f;
	struct json_step step = { up, NULL, 0 };
	struct json *v;

	if (tree->type != JSON_OBJECT)
		return fault_type(b, tree, up, "must be an object");
	for (v = tree->child; v; v = v->next) {
		f = find_field(type, hint, v->key);
		step.key = v->key;
		if (!f && b->faults->stray && bind_stray(b, tree, type, v, &step, &f))
			return -1;
		if (!f || v->type == JSON_NULL || f->kind == JK_NONE)
			continue;
		hint = f + 1;
		step.key = v->key;
		if (bind_field(b, v, f, out, &step))
			return -1;
	}
	for (f = type->fields; f->name; f++) {
		if (!(f->flags & JF_REQUIRED))
			continue;
		v = json_get(tree, f->name);
		if (v && v->type != JSON_NULL)
			continue;
		step.key = f->name;
		if (fault(b, tree, &step, "is missing"))
			return -1;
	}
	return 0;
}

const struct json_field *json_row(const struct json_type *type, const char *pointer, bool *element)
{
	const struct json_field *f = NULL;

	*element = false;
	for (; *pointer == '/'; pointer += strcspn(pointer + 1, "/") + 1) {
		size_t len = strcspn(pointer + 1, "/");

		if (f && !*element && (f->kind == JK_LIST || f->kind == JK_MAP)) {
			*element = true;
			continue;
		}
		if (f)
			type = (*element ? f->elem : f->kind) == JK_OBJ ? f->sub : NULL;
		if (!type)
			return NULL;
		for (f = type->fields; f->name; f++)
			if (strlen(f->name) == len && !memcmp(f->name, pointer + 1, len))
				break;
		if (!f->name)
			return NULL;
		*element = false;
	}
	return f;
}

int json_bind(struct arena *a, const struct json *tree, const struct json_type *type, void *out,
	      struct json_faults *faults)
{
	struct binder b = { a, faults };
	unsigned before = faults->count;

	bind_object(&b, tree, type, out, NULL);
	return faults->count == before ? 0 : -1;
}

/* ---- without a tree -------------------------------------------------------------------------- */

#define QUICK_PAIRS 16

/* Moves past c. False: another character stands there. */
static bool quick_char(char **at, char c)
{
	return **at == c && ++*at;
}

/* Reads a string of plain ASCII without escapes. NULL: another form. */
static char *quick_text(char **at, const char *end)
{
	char *start = *at + 1, *quote;

	if (**at != '"')
		return NULL;
	quote = (char *)json_skip_plain(start, end);
	if (*quote != '"')
		return NULL;
	*quote = '\0';
	*at = quote + 1;
	return start;
}

static bool quick_map(struct arena *a, char **at, const char *end, char *out)
{
	struct json_pair *pairs = arena_alloc(a, (QUICK_PAIRS + 1) * sizeof(*pairs));
	struct json_any_list list = { pairs, 0 };

	if (!quick_char(at, '{'))
		return false;
	for (bool more = **at != '}'; more; more = quick_char(at, ',')) {
		struct json_pair *p = &pairs[list.n];

		if (list.n++ == QUICK_PAIRS || !(p->key = quick_text(at, end)) ||
		    !quick_char(at, ':') || !(p->value = quick_text(at, end)))
			return false;
		/* Equal names have equal distances to their values, which are compared first. */
		for (struct json_pair *q = pairs; q < p; q++)
			if (q->value - q->key == p->value - p->key && !strcmp(q->key, p->key))
				return false;
	}
	memcpy(out, &list, sizeof(list));
	return quick_char(at, '}');
}

static bool quick_value(struct arena *a, char **at, const char *end, const struct json_field *f,
			char *out)
{
	const char *text;
	uint64_t value;
	size_t len;
	bool yes;

	switch (f->flags & JF_PTR ? JK_NONE : f->kind) {
	case JK_STR:
		text = quick_text(at, end);
		memcpy(out, &text, sizeof(text));
		return text;
	case JK_BOOL:
		yes = **at == 't';
		if (strncmp(*at, yes ? "true" : "false", 5 - yes))
			return false;
		*at += 5 - yes;
		memcpy(out, &yes, sizeof(yes));
		return true;
	case JK_I32:
	case JK_U64:
		len = strspn(*at, "-0123456789");
		if (!json_number(*at, len, ranges[f->kind].max, ranges[f->kind].min, &value))
			return false;
		*at += len;
		if (f->kind == JK_U64)
			memcpy(out, &value, sizeof(value));
		else
			memcpy(out, &(int32_t){ (int32_t)value }, sizeof(int32_t));
		return true;
	case JK_MAP: return f->elem == JK_STR && quick_map(a, at, end, out);
	default: return false;
	}
}

/* The next row of that name. NULL: not found, or a required row would be passed over. */
static const struct json_field *quick_row(const struct json_field *f, const char *name)
{
	for (; name && f->name; f++) {
		if (*f->name == *name && !strcmp(f->name, name))
			return f;
		if (f->flags & JF_REQUIRED)
			break;
	}
	return NULL;
}

bool json_bind_written(struct arena *a, char *text, size_t len, const struct json_type *type,
		       void *out, bool brief)
{
	const struct json_field *f = type->fields;
	char *at = text, *end = text + len;
	bool good, enough = false;

	*end = '\0';
	good = quick_char(&at, '{');
	for (bool more = good; more; more = good && !enough && quick_char(&at, ',')) {
		const struct json_field *row = quick_row(f, quick_text(&at, end));

		enough = brief && row && row->flags & JF_DETAIL;
		good = row && quick_char(&at, ':') &&
		       (enough || quick_value(a, &at, end, row, (char *)out + row->offset));
		f = good ? row + 1 : f;
	}
	for (; good && f->name; f++)
		good = !(f->flags & JF_REQUIRED);
	/* A detail and the object end in "}}". */
	if (good && (enough ? !memcmp(end - 2, "}}", 2) : quick_char(&at, '}') && at == end))
		return true;
	/* Each NUL before at was a quote. */
	while (at > text)
		if (!*--at)
			*at = '"';
	memset(out, 0, type->size);
	return false;
}
