/* write.c - struct or tree to text, by the rows that bind it. */
/* SPDX-License-Identifier: MIT */
#include "json/private.h"

#include <stdio.h>
#include <string.h>

#define FIRST_SIZE 1024

/* ---- text ------------------------------------------------------------------------------------ */

/* buf always ends with a NUL that len does not count. */
static void put_char(struct json_out *o, const char *text, size_t len)
{
	if (o->size - o->len <= len) {
		size_t size = o->size ? o->size : FIRST_SIZE;
		char *buf;

		while (size - o->len <= len)
			size *= 2;
		buf = arena_alloc(o->arena, size);
		if (o->len)
			memcpy(buf, o->buf, o->len);
		o->buf = buf;
		o->size = size;
	}
	memcpy(o->buf + o->len, text, len);
	o->len += len;
	o->buf[o->len] = '\0';
}

static void put_text(struct json_out *o, const char *text)
{
	put_char(o, text, strlen(text));
}

/* True at a C1 control character in UTF-8. These and DEL are escaped: terminals obey them. */
static bool is_c1(const char *s)
{
	return (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] >= 0x80 &&
	       (unsigned char)s[1] < 0xa0;
}

static void put_string(struct json_out *o, const char *s)
{
	static const char shorts[] = "b\bf\fn\nr\rt\t\"\"\\\\";

	const char *end = s + strlen(s);

	put_char(o, "\"", 1);
	for (;;) {
		const char *start = s, *e = shorts;
		char code[8];

		for (;; s++) {
			s = json_skip_plain(s, end);
			if ((unsigned char)*s < 0x20 || *s == '"' || *s == '\\' || *s == 0x7f ||
			    is_c1(s))
				break;
		}
		put_char(o, start, (size_t)(s - start));
		if (!*s)
			break;
		s += is_c1(s); /* U+0080 to U+009F have the number of their second byte */
		while (*e && e[1] != *s)
			e += 2;
		if (*e)
			put_char(o, (const char[]){ '\\', *e }, 2);
		else
			put_char(
				o, code,
				(size_t)snprintf(code, sizeof(code), "\\u%04x", (unsigned char)*s));
		s++;
	}
	put_char(o, "\"", 1);
}

static void new_line(struct json_out *o)
{
	if (!o->indent)
		return;
	put_char(o, "\n", 1);
	for (unsigned i = 0; i < o->depth; i++)
		put_text(o, o->indent);
}

/* Writes what precedes a value: comma, new line, key. */
static void begin_value(struct json_out *o, const char *key)
{
	if (o->pending)
		put_char(o, ",", 1);
	if (o->depth)
		new_line(o);
	if (key) {
		put_string(o, key);
		put_char(o, ": ", o->indent ? 2 : 1);
	}
	o->pending = true;
}

void json_open(struct json_out *o, const char *key, char bracket)
{
	begin_value(o, key);
	put_char(o, &bracket, 1);
	o->depth++;
	o->pending = false;
}

void json_close(struct json_out *o, char bracket)
{
	o->depth--;
	if (o->pending)
		new_line(o);
	put_char(o, &bracket, 1);
	o->pending = true;
}

void json_put_text(struct json_out *o, const char *key, const char *json)
{
	begin_value(o, key);
	put_text(o, json);
}

void json_put_str(struct json_out *o, const char *key, const char *value)
{
	begin_value(o, key);
	if (value)
		put_string(o, value);
	else
		put_text(o, "null");
}

void json_put_u64(struct json_out *o, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	json_put_text(o, key, text);
}

void json_put_i64(struct json_out *o, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	json_put_text(o, key, text);
}

void json_put_bool(struct json_out *o, const char *key, bool value)
{
	json_put_text(o, key, value ? "true" : "false");
}

/* ---- trees ----------------------------------------------------------------------------------- */

static void put_tree(struct json_out *o, const char *key, const struct json *v)
{
	switch (v->type) {
	case JSON_NULL: json_put_text(o, key, "null"); break;
	case JSON_FALSE: json_put_bool(o, key, false); break;
	case JSON_TRUE: json_put_bool(o, key, true); break;
	case JSON_STRING: json_put_str(o, key, v->str); break;
	case JSON_NUMBER:
		begin_value(o, key);
		put_char(o, v->str, v->len);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		json_open(o, key, v->type == JSON_ARRAY ? '[' : '{');
		for (const struct json *c = v->child; c; c = c->next)
			put_tree(o, v->type == JSON_ARRAY ? NULL : c->key, c);
		json_close(o, v->type == JSON_ARRAY ? ']' : '}');
		break;
	}
}

void json_write_tree(struct json_out *o, const struct json *tree)
{
	put_tree(o, NULL, tree);
}

/* ---- structs --------------------------------------------------------------------------------- */

static const void *pointer_at(const char *p)
{
	const void *value;

	memcpy(&value, p, sizeof(value));
	return value;
}

/* The integer of this kind at p, widened to 64 bits; true is 1. */
static int64_t integer_at(enum json_kind kind, const char *p)
{
	union {
		bool yes;
		int word;
		uint16_t u16;
		uint32_t u32;
		int32_t i32;
		int64_t i64;
	} n;

	switch (kind) {
	case JK_BOOL: memcpy(&n, p, sizeof(n.yes)); return n.yes;
	case JK_ENUM: memcpy(&n, p, sizeof(n.word)); return n.word;
	case JK_U16: memcpy(&n, p, sizeof(n.u16)); return n.u16;
	case JK_U32: memcpy(&n, p, sizeof(n.u32)); return n.u32;
	case JK_I32: memcpy(&n, p, sizeof(n.i32)); return n.i32;
	default: memcpy(&n, p, sizeof(n.i64)); return n.i64;
	}
}

static void put_value(struct json_out *o, const char *key, const struct json_field *f,
		      const char *p)
{
	enum json_kind kind = f->kind == JK_LIST || f->kind == JK_MAP ? f->elem : f->kind;

	switch (kind) {
	case JK_STR: json_put_str(o, key, pointer_at(p)); break;
	case JK_ENUM: json_put_str(o, key, json_word_name(f->sub, (int)integer_at(kind, p))); break;
	case JK_BOOL: json_put_bool(o, key, integer_at(kind, p)); break;
	case JK_OBJ: json_put(o, key, f->sub, p); break;
	case JK_RAW:
		if (pointer_at(p))
			put_tree(o, key, pointer_at(p));
		else
			json_put_str(o, key, NULL);
		break;
	case JK_I32:
	case JK_I64: json_put_i64(o, key, integer_at(kind, p)); break;
	default: json_put_u64(o, key, (uint64_t)integer_at(kind, p)); break;
	}
}

static void put_list(struct json_out *o, const struct json_field *f, const char *p)
{
	struct json_any_list list;
	size_t value_at, size = json_stride(f, &value_at);
	bool map = f->kind == JK_MAP;
	const char *at;

	memcpy(&list, p, sizeof(list));
	at = list.at;
	if (!at && (f->flags & JF_NULL)) {
		json_put_str(o, f->name, NULL);
		return;
	}
	json_open(o, f->name, map ? '{' : '[');
	for (size_t i = 0; at && i < list.n; i++, at += size)
		put_value(o, map ? pointer_at(at) : NULL, f, at + value_at);
	json_close(o, map ? '}' : ']');
}

static bool is_pointer(const struct json_field *f)
{
	return (f->flags & JF_PTR) || f->kind == JK_STR || f->kind == JK_RAW;
}

/* True if the member can be left out, because an absent member is read as the same value. */
static bool is_empty(const struct json_field *f, const char *p)
{
	const struct json_type *type = f->sub;
	struct json_any_list list;

	if (f->kind == JK_LIST || f->kind == JK_MAP) {
		memcpy(&list, p, sizeof(list));
		return !list.n;
	}
	if (is_pointer(f))
		return !pointer_at(p);
	if (f->kind == JK_ENUM && !json_word_name(f->sub, (int)integer_at(JK_ENUM, p)))
		return true;
	if (f->kind != JK_OBJ)
		return !integer_at(f->kind, p);
	for (const struct json_field *m = type->fields; m->name; m++)
		if (m->kind < JK_NONE &&
		    ((m->flags & (JF_ALWAYS | JF_REQUIRED)) || !is_empty(m, p + m->offset)))
			return false;
	return true;
}

static void put_member(struct json_out *o, const struct json_field *f, const char *p)
{
	if (f->kind >= JK_NONE)
		return;
	if (!(f->flags & (JF_ALWAYS | JF_REQUIRED)) && is_empty(f, p))
		return;
	if (f->kind == JK_LIST || f->kind == JK_MAP) {
		put_list(o, f, p);
		return;
	}
	if (is_pointer(f) && !pointer_at(p)) {
		json_put_str(o, f->name, f->kind == JK_STR && !(f->flags & JF_NULL) ? "" : NULL);
		return;
	}
	if ((f->flags & JF_PTR) && f->kind != JK_STR && f->kind != JK_RAW)
		p = pointer_at(p);
	put_value(o, f->name, f, p);
}

void json_put(struct json_out *o, const char *key, const struct json_type *type, const void *in)
{
	json_open(o, key, '{');
	for (const struct json_field *f = type->fields; f->name; f++)
		put_member(o, f, (const char *)in + f->offset);
	json_close(o, '}');
}

void json_write(struct json_out *o, const struct json_type *type, const void *in)
{
	json_put(o, NULL, type, in);
}
