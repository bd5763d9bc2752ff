/* path.c - finds a value in a tree, and writes its path, line and column. */
/* SPDX-License-Identifier: MIT */
#include "json/private.h"

#include <string.h>

void json_place(const char *text, size_t off, unsigned *line, unsigned *col)
{
	const char *p = text, *start = text, *nl;

	*line = 1;
	while ((nl = memchr(p, '\n', off - (size_t)(p - text)))) {
		p = start = nl + 1;
		++*line;
	}
	*col = (unsigned)(off - (size_t)(start - text)) + 1;
}

struct json *json_get(const struct json *obj, const char *key)
{
	if (!obj || obj->type != JSON_OBJECT)
		return NULL;
	for (struct json *m = obj->child; m; m = m->next)
		if (!strcmp(m->key, key))
			return m;
	return NULL;
}

static struct json *element(const struct json *array, uint64_t index)
{
	struct json *e;

	if (array->type != JSON_ARRAY)
		return NULL;
	for (e = array->child; e && index; e = e->next)
		index--;
	return e;
}

/* True if the token, which has ~1 for '/' and ~0 for '~', is this key. */
static bool token_is(const char *token, size_t len, const char *key)
{
	for (size_t i = 0; i < len; i++) {
		char c = token[i];

		if (c == '~') {
			if (++i == len || (token[i] != '0' && token[i] != '1'))
				return false;
			c = token[i] == '1' ? '/' : '~';
		}
		if (*key++ != c)
			return false;
	}
	return !*key;
}

struct json *json_pointer(const struct json *root, const char *pointer)
{
	struct json *at = (struct json *)root;

	while (at && *pointer) {
		const char *token = pointer + 1;
		size_t len = strcspn(token, "/");
		uint64_t index;

		if (*pointer != '/')
			return NULL;
		if (at->type == JSON_OBJECT) {
			for (at = at->child; at && !token_is(token, len, at->key);)
				at = at->next;
		} else if (json_number_u64(token, len, &index)) {
			at = element(at, index);
		} else {
			return NULL;
		}
		pointer = token + len;
	}
	return at;
}

/* The member whose name the path begins with. Names may have dots, so the longest one is taken. */
static const struct json *path_member(const struct json *obj, const char **path)
{
	const struct json *best = NULL;
	size_t best_len = 0;

	for (const struct json *m = obj->child; m; m = m->next) {
		size_t len = strlen(m->key);

		if (strncmp(*path, m->key, len) || !strchr(".[", (*path)[len]))
			continue; /* strchr finds the final NUL too */
		if (!best || len > best_len) {
			best = m;
			best_len = len;
		}
	}
	*path += best_len;
	return best;
}

const struct json *json_path(const struct json *root, const char *path)
{
	const struct json *at = root, *next;

	while (at && *path) {
		uint64_t index;

		if (at->type == JSON_OBJECT) {
			if (*path == '.')
				path++;
			next = path_member(at, &path);
		} else if (*path == '[' &&
			   json_number_u64(path + 1, strcspn(path + 1, "]"), &index)) {
			path += strcspn(path, "]");
			path += *path == ']';
			next = element(at, index);
		} else {
			break;
		}
		if (!next)
			break;
		at = next;
	}
	return at;
}

size_t json_plain(char *buf, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		buf[n++] = (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text;
	/* A cut removes the whole character: readers of the log expect valid UTF-8. */
	if ((*text & 0xc0) == 0x80) {
		while (n && (buf[n - 1] & 0xc0) == 0x80)
			n--;
		n -= n > 0;
	}
	buf[n] = '\0';
	return n;
}

static size_t print_index(char *buf, size_t size, uint32_t index)
{
	char digits[16];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	digits[--at] = ']';
	do
		digits[--at] = (char)('0' + index % 10);
	while (index /= 10);
	digits[--at] = '[';
	return json_plain(buf, size, digits + at);
}

static size_t print_steps(const struct json_step *s, char *buf, size_t size)
{
	size_t n;

	if (!s)
		return 0;
	n = print_steps(s->up, buf, size);
	if (!s->key)
		return s->index == JSON_NO_STEP ? n : n + print_index(buf + n, size - n, s->index);
	if (n && n + 1 < size)
		buf[n++] = '.';
	return n + json_plain(buf + n, size - n, s->key);
}

void json_step_print(const struct json_step *last, char buf[JSON_PATH_MAX])
{
	buf[0] = '\0';
	print_steps(last, buf, JSON_PATH_MAX);
}
