/* match.c - POSIX extended regular expressions for container ids, at a tenth of libc's size. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <ctype.h>
#include <string.h>

/*
 * An expression maps the set of places where a match may begin to the set where it may end. Each
 * part is worked out while it is parsed, and a repeated part by parsing it again: no tree, no
 * backtracking, no time that explodes. Sets are bytes, since ids are short.
 */
#define TEXT_MAX 1024

struct set {
	bool at[TEXT_MAX + 1];
	bool any;
};

struct match {
	const char *text;
	size_t len;
	const char *wrong; /* what is wrong with the expression */
};

static void set_add(struct set *s, size_t at)
{
	s->at[at] = s->any = true;
}

/* Adds s to into. Returns true if that added a place. */
static bool set_join(struct set *into, const struct set *s)
{
	bool grown = false;

	for (size_t i = 0; s->any && i <= TEXT_MAX; i++)
		if (s->at[i] && !into->at[i]) {
			set_add(into, i);
			grown = true;
		}
	return grown;
}

static const char *match_fault(struct match *m, const char *p, const char *what)
{
	if (!m->wrong)
		m->wrong = what;
	return p + strlen(p); /* nothing more is parsed */
}

/* ---- one character --------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*has)(int c);
} classes[] = {
	{ "[:alnum:]", isalnum }, { "[:alpha:]", isalpha }, { "[:digit:]", isdigit },
	{ "[:lower:]", islower }, { "[:punct:]", ispunct }, { "[:upper:]", isupper },
};

static bool class_at(const char *p, int (**has)(int c), size_t *len)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		*len = strlen(classes[i].name);
		*has = classes[i].has;
		if (!strncmp(p, classes[i].name, *len))
			return true;
	}
	return false;
}

/* Parses what follows `[` into the set of bytes that match. */
static const char *bracket(struct match *m, const char *p, bool bytes[256])
{
	bool inverted = *p == '^';
	const char *first = p + inverted;
	int (*has)(int c);
	size_t len;

	memset(bytes, 0, 256);
	for (p = first; *p && (*p != ']' || p == first);) {
		unsigned char low = *p, high = low;

		if (class_at(p, &has, &len)) {
			for (int c = 0; c < 128; c++)
				bytes[c] |= has(c) != 0;
			p += len;
			continue;
		}
		if (p[0] == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '='))
			return match_fault(m, p, "this kind of [..] is not known");
		if (p[1] == '-' && p[2] && p[2] != ']') {
			high = p[2];
			p += 2;
		}
		if (high < low)
			return match_fault(m, p, "the end of a range is before its beginning");
		for (int c = low; c <= high; c++)
			bytes[c] = true;
		p++;
	}
	for (int c = 0; inverted && c < 256; c++)
		bytes[c] = !bytes[c];
	return *p ? p + 1 : match_fault(m, p, "a [ is not closed");
}

static const char *one_byte(struct match *m, const char *p, bool bytes[256])
{
	if (*p == '[')
		return bracket(m, p + 1, bytes);
	memset(bytes, *p == '.', 256);
	if (*p == '\\' && !*++p)
		return match_fault(m, p, "a \\ stands at the end");
	bytes[(unsigned char)*p] = true;
	return p + 1;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static const char *choices(struct match *m, const char *p, const struct set *in, struct set *out);

/* A group, an anchor or one character. */
static const char *atom(struct match *m, const char *p, const struct set *in, struct set *out)
{
	bool bytes[256];

	memset(out, 0, sizeof(*out));
	if (*p == '(') {
		p = choices(m, p + 1, in, out);
		return *p == ')' ? p + 1 : match_fault(m, p, "a ( is not closed");
	}
	if (*p == '^' || *p == '$') {
		size_t only = *p == '^' ? 0 : m->len;

		if (in->at[only])
			set_add(out, only);
		return p + 1;
	}
	if (strchr("*+?{", *p))
		return match_fault(m, p, "there is nothing to repeat");
	p = one_byte(m, p, bytes);
	for (size_t i = 0; in->any && i < m->len; i++)
		if (in->at[i] && bytes[(unsigned char)m->text[i]])
			set_add(out, i + 1);
	return p;
}

/* `{2}`, `{2,}`, `{2,5}`: bounds of one or two digits are plenty for ids. */
static const char *bounds(struct match *m, const char *p, int *min, int *max)
{
	size_t n = strspn(p, "0123456789");

	if (!n || n > 2)
		return match_fault(m, p, "{ } takes numbers of one or two digits");
	*min = *max = 0;
	while (n--)
		*min = *min * 10 + *p++ - '0';
	if (*p != ',') {
		*max = *min;
	} else if (p[1] == '}') {
		*max = -1;
		p++;
	} else {
		n = strspn(++p, "0123456789");
		if (!n || n > 2)
			return match_fault(m, p, "{ } takes numbers of one or two digits");
		while (n--)
			*max = *max * 10 + *p++ - '0';
	}
	return *p == '}' ? p + 1 : match_fault(m, p, "a { is not closed");
}

/* An atom and its repetition; max -1 means without limit. */
static const char *piece(struct match *m, const char *p, const struct set *in, struct set *out)
{
	static const struct set nowhere;
	const char *start = p, *end;
	struct set now = *in, next;
	int min = 1, max = 1;

	end = atom(m, p, &nowhere, &next);
	switch (*end) {
	case '*':
	case '+':
	case '?':
		min = *end == '+';
		max = *end == '?' ? 1 : -1;
		end++;
		break;
	case '{': end = bounds(m, end + 1, &min, &max); break;
	default: break;
	}
	for (int i = 0; i < min && !m->wrong; i++) {
		atom(m, start, &now, &next);
		now = next;
	}
	*out = now;
	for (int i = min; (max < 0 || i < max) && !m->wrong; i++) {
		atom(m, start, &now, &next);
		if (!set_join(out, &next))
			break; /* another repetition reaches no new place */
		now = next;
	}
	return end;
}

static const char *sequence(struct match *m, const char *p, const struct set *in, struct set *out)
{
	struct set now = *in;

	*out = now;
	while (*p && *p != '|' && *p != ')') {
		p = piece(m, p, &now, out);
		now = *out;
	}
	return p;
}

static const char *choices(struct match *m, const char *p, const struct set *in, struct set *out)
{
	struct set one;

	p = sequence(m, p, in, out);
	while (*p == '|') {
		p = sequence(m, p + 1, in, &one);
		set_join(out, &one);
	}
	return p;
}

int match_ere(const char *expr, const char *text)
{
	struct match m = { .text = text, .len = strlen(text) };
	struct set in = { .any = true }, out;
	const char *end;

	if (m.len > TEXT_MAX)
		return 0;
	memset(in.at, true, m.len + 1);
	end = choices(&m, expr, &in, &out);
	if (*end)
		match_fault(&m, end, "a ) has no (");
	if (m.wrong)
		return failx("regular expression \"%s\": %s", expr, m.wrong);
	return out.any;
}
