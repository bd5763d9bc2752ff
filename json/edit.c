/* edit.c - changing a tree by JSON pointer, in place: everything else keeps its order. */
/* SPDX-License-Identifier: MIT */
#include "json/json.h"

#include <string.h>

/* The next token of a pointer, decoded. NULL: an escape is wrong. */
static char *take_token(struct arena *a, const char **pointer)
{
	const char *p = *pointer + 1;
	size_t len = strcspn(p, "/");
	char *token = arena_strndup(a, p, len), *out = token;

	*pointer = p + len;
	for (const char *end = p + len; p < end; p++) {
		char c = *p;

		if (c == '~') {
			c = *++p;
			if (c != '0' && c != '1')
				return NULL;
			c = c == '1' ? '/' : '~';
		}
		*out++ = c;
	}
	*out = '\0';
	return token;
}

/* The link to the child that token names. The link after the last child is where a new child is
 * appended. NULL: token is not a name or index that in can have. */
static struct json **find_slot(struct json *in, const char *token)
{
	struct json **slot = &in->child;
	uint64_t index = in->len;

	if (in->type == JSON_OBJECT) {
		while (*slot && strcmp((*slot)->key, token))
			slot = &(*slot)->next;
		return slot;
	}
	if (strcmp(token, "-") && !json_number_u64(token, strlen(token), &index))
		return NULL;
	if (index > in->len)
		return NULL;
	while (*slot && index--)
		slot = &(*slot)->next;
	return slot;
}

/* The type of a missing parent of the next token: "-" and "0" begin an array. */
static enum json_tag container_for(const char *pointer)
{
	size_t len = strcspn(pointer + 1, "/");

	return len == 1 && strchr("-0", pointer[1]) ? JSON_ARRAY : JSON_OBJECT;
}

/* Returns the child of in that token names, and makes it if it is missing. */
static struct json *descend(struct arena *a, struct json *in, char *token, const char **what)
{
	struct json **slot;

	if (in->type != JSON_OBJECT && in->type != JSON_ARRAY) {
		*what = arena_printf(a, "\"%s\" cannot be inside what is not an object or array",
				     token);
		return NULL;
	}
	slot = find_slot(in, token);
	if (!slot) {
		*what = arena_printf(a, "\"%s\" must be a number up to %u, or - to append", token,
				     in->len);
		return NULL;
	}
	if (!*slot) {
		*slot = arena_alloc(a, sizeof(**slot));
		(*slot)->key = in->type == JSON_OBJECT ? token : NULL;
		in->len++;
	}
	return *slot;
}

int json_set(struct arena *a, struct json *root, const char *pointer, const struct json *value,
	     const char **what)
{
	struct json *at = root;
	unsigned depth = 0;

	while (*pointer) {
		char *token;

		if (*pointer != '/' || ++depth > JSON_DEPTH_MAX) {
			*what = *pointer != '/' ? "a pointer begins with '/', such as /process/args"
						: "the pointer is too deep";
			return -1;
		}
		/* A null counts as absent. */
		if (at->type == JSON_NULL) {
			at->type = container_for(pointer);
			at->child = NULL;
			at->len = 0;
		}
		token = take_token(a, &pointer);
		if (!token) {
			*what = "0 or 1 must follow '~'";
			return -1;
		}
		at = descend(a, at, token, what);
		if (!at)
			return -1;
	}
	at->off = value->off;
	at->type = value->type;
	at->len = value->len;
	at->str = value->str;
	at->child = value->child;
	return 0;
}

bool json_del(struct arena *a, struct json *root, const char *pointer)
{
	struct json *gone = json_pointer(root, pointer), *parent, **slot;

	if (!gone || gone == root)
		return false;
	pointer = arena_strndup(a, pointer, (size_t)(strrchr(pointer, '/') - pointer));
	parent = json_pointer(root, pointer);
	for (slot = &parent->child; *slot != gone; slot = &(*slot)->next)
		;
	*slot = gone->next;
	parent->len--;
	return true;
}
