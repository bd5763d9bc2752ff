/* parse.c - text to tree: strict RFC 8259, without recursion. */
/* SPDX-License-Identifier: MIT */
#include "json/private.h"

#include <stdlib.h>
#include <string.h>

/* Up to so many members are compared with each other, more are looked up in a hash table. */
#define FEW_MEMBERS 16

/* The arena is asked for so many nodes at a time. */
#define SOME_NODES 16

/* An open array or object. step is the child that is being read. */
struct level {
	struct json_step step;
	struct json *node, **tail;
	uint64_t names; /* a bit for each member's name: if it is clear, the name is new */
};

struct parser {
	struct arena *arena;
	struct json *node, *nodes_end; /* node is the next unused one */
	char *text, *p, *end; /* *end is NUL, so loops need not compare with end */
	struct json_error *err;
	unsigned depth;
	struct level levels[JSON_DEPTH_MAX];
};

static struct level *top(struct parser *ps)
{
	return ps->depth ? &ps->levels[ps->depth - 1] : NULL;
}

/* Length of the word at s, for a message. 0: it is not ASCII. */
static int word_len(const char *s)
{
	int n = 0;

	while (n < 20 && s[n] > ' ' && s[n] <= '~' && !strchr(",:]}", s[n]))
		n++;
	return n ? n : *s > ' ' && *s <= '~';
}

/* The clause begins with the path: a person finds "process.args[2]" faster than a column. A clause
 * that begins with "expected" gets the text that was found instead. */
__attribute__((cold)) static int bad(struct parser *ps, const char *at, const char *what)
{
	char path[JSON_PATH_MAX];
	struct level *in = top(ps);
	int len = *what == 'e' ? word_len(at) : 0;
	const char *end = at == ps->end ? ", but the text ends here" : len ? ", not " : "";

	json_step_print(in ? &in->step : NULL, path);
	ps->err->off = (uint32_t)(at - ps->text);
	ps->err->what = arena_printf(ps->arena, "%s%s%s%s%.*s", path, *path ? ": " : "", what, end,
				     len, at);
	return -1;
}

static void skip_space(struct parser *ps)
{
	while (*ps->p == ' ' || *ps->p == '\n' || *ps->p == '\t' || *ps->p == '\r')
		ps->p++;
}

/* ---- strings --------------------------------------------------------------------------------- */

/* Unicode, table 3-7. */
size_t json_utf8_len(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t more;

	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	more = s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
	switch (s[0]) {
	case 0xe0: low = 0xa0; break;
	case 0xed: high = 0x9f; break;
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;
	}
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i <= more; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return more + 1;
}

static char *utf8_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		*out++ = (char)c;
		return out;
	}
	if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*out++ = (char)(0xe0 | c >> 12);
		} else {
			*out++ = (char)(0xf0 | c >> 18);
			*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (c & 0x3f));
	return out;
}

/* Reads four hex digits at s. -1: they are not hex digits. */
static int32_t hex4(const char *s)
{
	int32_t v = 0;

	for (int i = 0; i < 4; i++) {
		int c = (unsigned char)s[i];

		if (c >= '0' && c <= '9')
			c -= '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			c = (c | 32) - 'a' + 10;
		else
			return -1;
		v = v << 4 | c;
	}
	return v;
}

/* The character of the \u escape at s, or of two for a surrogate pair. *used: bytes of text. */
static int32_t unescape_u(struct parser *ps, const char *s, size_t *used)
{
	int32_t c = hex4(s + 2), low;

	*used = 6;
	if (c < 0)
		return bad(ps, s, "expected four hexadecimal digits after \\u");
	if (!c)
		return bad(ps, s, "\\u0000 is not allowed in a string");
	if (c >= 0xdc00 && c <= 0xdfff)
		return bad(ps, s, "\\u escape is a lone low surrogate");
	if (c < 0xd800 || c > 0xdfff)
		return c;
	low = s[6] == '\\' && s[7] == 'u' ? hex4(s + 8) : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return bad(ps, s, "\\u escape is a lone high surrogate");
	*used = 12;
	return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

/*
 * Decodes s up to end into the arena, not in place: a decoded newline in the text would change
 * the line numbers after it.
 */
static int unescape(struct parser *ps, const char *s, const char *end, struct json *node)
{
	char *buf = arena_alloc(ps->arena, (size_t)(end - s) + 1), *out = buf;

	while (s < end) {
		const char *plain = memchr(s, '\\', (size_t)(end - s)), *e = escapes;
		size_t used = 2;
		int32_t c;

		if (!plain)
			plain = end;
		memcpy(out, s, (size_t)(plain - s));
		out += plain - s;
		s = plain;
		if (s == end)
			break;
		if (s[1] == 'u') {
			if ((c = unescape_u(ps, s, &used)) < 0)
				return -1;
			out = utf8_put(out, (uint32_t)c);
		} else {
			while (*e && *e != s[1])
				e += 2;
			if (!*e)
				return bad(ps, s, "unknown escape in a string");
			*out++ = e[1];
		}
		s += used;
	}
	node->str = buf;
	node->len = (uint32_t)(out - buf);
	return 0;
}

/* Eight bytes at a time: one that is not plain sets its highest bit in stop, and a borrow from it
 * may set that of others after it. */
const char *json_skip_plain(const char *p, const char *end)
{
	const uint64_t each = ~(uint64_t)0 / 255, high = each << 7;

	while (end - p >= 8) {
		uint64_t w, stop;

		memcpy(&w, p, sizeof(w));
		stop = (w | (w - each * ' ') | ((w ^ each * '"') - each) |
			((w ^ each * '\\') - each) | ((w ^ each * 0x7f) - each)) &
		       high;
		if (stop && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
			return p + (__builtin_ctzll(stop) >> 3);
		if (stop)
			break;
		p += sizeof(w);
	}
	/* From '#' to '[' and from ']' to '~' are all plain bytes but the space and '!'. */
	while ((unsigned char)(*p - ']') <= '~' - ']' || (unsigned char)(*p - '#') <= '[' - '#')
		p++;
	return p;
}

/* The string whose opening quote is at p. Without escapes it stays where it is. */
static int read_string(struct parser *ps, struct json *node)
{
	char *start = ++ps->p, *p = start;
	bool escaped = false;

	for (;;) {
		unsigned char c;
		size_t n = 1;

		p = (char *)json_skip_plain(p, ps->end);
		c = (unsigned char)*p;
		if (c == '"')
			break;
		if (c == '\\') {
			escaped = true;
			n = p + 1 < ps->end ? 2 : 1;
		} else if (c < 0x20) {
			return bad(ps, p,
				   p == ps->end ? "expected '\"' at the end of the string"
						: "control character in a string");
		} else if (c >= 0x80 && !(n = json_utf8_len(p))) {
			return bad(ps, p, "string is not valid UTF-8");
		}
		p += n;
	}
	ps->p = p + 1;
	if (escaped)
		return unescape(ps, start, p, node);
	*p = '\0';
	node->str = start;
	node->len = (uint32_t)(p - start);
	return 0;
}

/* ---- numbers and words ----------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int read_number(struct parser *ps, struct json *node)
{
	char *p = ps->p;

	p += *p == '-';
	if (!is_digit(*p))
		return bad(ps, p, "expected a digit");
	if (*p == '0' && is_digit(p[1]))
		return bad(ps, p, "number has a leading zero");
	while (is_digit(*p))
		p++;
	if (*p == '.') {
		if (!is_digit(*++p))
			return bad(ps, p, "expected a digit after the point");
		while (is_digit(*p))
			p++;
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '+' || *p == '-';
		if (!is_digit(*p))
			return bad(ps, p, "expected a digit in the exponent");
		while (is_digit(*p))
			p++;
	}
	node->type = JSON_NUMBER;
	node->str = ps->p;
	node->len = (uint32_t)(p - ps->p);
	ps->p = p;
	return 0;
}

static int read_word(struct parser *ps, struct json *node)
{
	static const struct json_word words[] = {
		{ "null", JSON_NULL },
		{ "false", JSON_FALSE },
		{ "true", JSON_TRUE },
		{ 0 },
	};

	for (const struct json_word *w = words; w->word; w++) {
		size_t len = strlen(w->word);

		if (strncmp(ps->p, w->word, len))
			continue;
		node->type = (enum json_tag)w->value;
		ps->p += len;
		return 0;
	}
	return bad(ps, ps->p, "expected a value");
}

/* ---- arrays and objects ---------------------------------------------------------------------- */

static int open_level(struct parser *ps, struct json *node, enum json_tag type)
{
	struct level *in = top(ps), *new = &ps->levels[ps->depth];

	if (ps->depth == JSON_DEPTH_MAX)
		return bad(ps, ps->p, "arrays and objects are nested too deeply");
	node->type = type;
	new->step = (struct json_step){ in ? &in->step : NULL, NULL, JSON_NO_STEP };
	new->node = node;
	new->tail = &node->child;
	new->names = 0;
	ps->depth++;
	ps->p++;
	return 0;
}

/* Member name and colon. */
static int read_key(struct parser *ps, struct level *in, struct json *node)
{
	char *quote = ps->p;
	uint64_t bit;

	in->step.key = NULL;
	if (*quote != '"')
		return bad(ps, quote, "expected a member name in double quotes");
	if (read_string(ps, node))
		return -1;
	node->key = node->str;
	in->step.key = node->key;
	/* Most names differ in the first byte, the middle byte or the length. */
	bit = (uint64_t)1 << ((*node->key + 5 * node->key[node->len / 2] + 9 * node->len) & 63);
	for (struct json *m = in->names & bit ? in->node->child : NULL;
	     m && in->node->len < FEW_MEMBERS; m = m->next)
		if (*m->key == *node->key && !strcmp(m->key, node->key))
			return bad(ps, quote, "duplicate key");
	in->names |= bit;
	skip_space(ps);
	if (*ps->p != ':')
		return bad(ps, ps->p, "expected ':' after the member name");
	ps->p++;
	skip_space(ps);
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct json *x = *(struct json *const *)a, *y = *(struct json *const *)b;
	int order = strcmp(x->key, y->key);

	return order ? order : (x->off > y->off) - (x->off < y->off);
}

static int bad_duplicate(struct parser *ps, struct level *in, const struct json *m)
{
	in->step.key = m->key;
	return bad(ps, ps->text + m->off, "duplicate key");
}

/*
 * Looks for a duplicate key by a table of hashes. Returns 1: not found, -1: found, or 0 after too
 * many collisions: then the caller sorts. The hash begins with an address, which differs in each
 * process, so that a document can hardly be made of collisions.
 */
static int hash_names(struct parser *ps, struct level *in)
{
	size_t size = 2, steps = 8 * (size_t)in->node->len;
	struct json **table;

	while (size < 2 * (size_t)in->node->len)
		size *= 2;
	table = arena_alloc(ps->arena, size * sizeof(void *));
	for (struct json *m = in->node->child; m; m = m->next) {
		uint32_t at = (uint32_t)(uintptr_t)table >> 12;

		for (const char *c = m->key; *c; c++)
			at = (at ^ (unsigned char)*c) * 16777619u;
		for (at ^= at >> 16; table[at & (size - 1)]; at++) {
			if (!strcmp(table[at & (size - 1)]->key, m->key))
				return bad_duplicate(ps, in, m);
			if (!--steps)
				return 0;
		}
		table[at & (size - 1)] = m;
	}
	return 1;
}

/* Looks for duplicate keys in a large object, where comparing each with each takes too long. */
static int check_duplicates(struct parser *ps, struct level *in)
{
	struct arena before = *ps->arena;
	struct json **all;
	size_t n = 0;
	int unique;

	if (in->node->len <= FEW_MEMBERS)
		return 0;
	unique = hash_names(ps, in);
	if (!unique) {
		all = arena_alloc(ps->arena, in->node->len * sizeof(void *));
		for (struct json *m = in->node->child; m; m = m->next)
			all[n++] = m;
		qsort(all, n, sizeof(void *), by_key);
		for (size_t i = 1; i < n; i++)
			if (!strcmp(all[i - 1]->key, all[i]->key))
				return bad_duplicate(ps, in, all[i]);
	}
	if (unique < 0)
		return -1;
	if (before.end == ps->arena->end)
		*ps->arena = before;
	return 0;
}

/* Reads a scalar, or the opening bracket of a container: the root, a member or an element. */
static int read_item(struct parser *ps, struct json *node)
{
	struct level *in = top(ps);

	skip_space(ps);
	if (in && in->node->type == JSON_OBJECT) {
		if (read_key(ps, in, node))
			return -1;
	} else if (in) {
		in->step.index = in->node->len;
	}
	node->off = (uint32_t)(ps->p - ps->text);
	node->str = NULL;
	node->len = 0;
	if (in) {
		*in->tail = node;
		in->tail = &node->next;
		in->node->len++;
	}
	switch (*ps->p) {
	case '{': return open_level(ps, node, JSON_OBJECT);
	case '[': return open_level(ps, node, JSON_ARRAY);
	case '"': node->type = JSON_STRING; return read_string(ps, node);
	case '-':
	case '0' ... '9': return read_number(ps, node);
	default: return read_word(ps, node);
	}
}

/* Reads the brackets that close. 1: another item follows; 0: the text has ended. */
static int read_ends(struct parser *ps)
{
	for (; ps->depth; ps->depth--) {
		struct level *in = top(ps);
		bool object = in->node->type == JSON_OBJECT;

		skip_space(ps);
		if (*ps->p != (object ? '}' : ']')) {
			if (!in->node->len)
				return 1; /* just opened */
			in->step.key = NULL;
			in->step.index = JSON_NO_STEP;
			if (*ps->p != ',')
				return bad(ps, ps->p,
					   object ? "expected ',' or '}'" : "expected ',' or ']'");
			ps->p++;
			return 1;
		}
		if (object && check_duplicates(ps, in))
			return -1;
		ps->p++;
	}
	skip_space(ps);
	return ps->p == ps->end ? 0 : bad(ps, ps->p, "something follows the end of the document");
}

struct json *json_parse(struct arena *a, char *text, size_t len, struct json_error *err)
{
	struct parser ps = { .arena = a, .text = text, .p = text, .err = err };
	struct json *root = NULL;
	int more;

	if (len >= UINT32_MAX) {
		*err = (struct json_error){ 0, "text is too long" };
		return NULL;
	}
	ps.end = text + len;
	*ps.end = '\0';
	if (!strncmp(text, "\xef\xbb\xbf", 3)) { /* U+FEFF in UTF-8 */
		bad(&ps, text, "save it as UTF-8 without a byte order mark");
		return NULL;
	}
	for (;;) {
		if (ps.node == ps.nodes_end) {
			ps.node = arena_alloc(a, SOME_NODES * sizeof(*ps.node));
			ps.nodes_end = ps.node + SOME_NODES;
		}
		if (!root)
			root = ps.node;
		if (read_item(&ps, ps.node++))
			return NULL;
		more = read_ends(&ps);
		if (more < 0)
			return NULL;
		if (!more)
			return root;
	}
}
