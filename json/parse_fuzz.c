/* parse_fuzz.c - parses, binds, writes and edits any bytes; what was written must be read alike. */
/* SPDX-License-Identifier: MIT */
#include "json/json.h"

#include "tests/fuzz.h"

/* ---- a struct of every kind and of itself; the fuzzer finds short names soon ----------------- */

struct node {
	const char *key;
	bool a, *b;
	int e;
	uint16_t h;
	uint32_t u, *v;
	int32_t i;
	uint64_t q;
	int64_t l;
	const char *s;
	struct node *o;
	LIST(struct node) n;
	LIST(struct node) m;
	LIST(const char *) t;
	LIST(int) w;
	LIST(struct json_pair) p;
	LIST(struct {
		const char *key;
		uint16_t value;
	})
	k;
	const struct json *r;
};

static const struct json_type node_type;
static const struct json_word words[] = { { "x", 1 }, { "y", -1 }, { 0 } };
#define N(m) offsetof(struct node, m)
static const struct json_field node_fields[] = {
	{ "a", JK_BOOL, 0, 0, N(a), NULL },
	{ "b", JK_BOOL, 0, JF_PTR, N(b), NULL },
	{ "e", JK_ENUM, 0, 0, N(e), words },
	{ "h", JK_U16, 0, 0, N(h), NULL },
	{ "u", JK_U32, 0, JF_REQUIRED, N(u), NULL },
	{ "v", JK_U32, 0, JF_PTR, N(v), NULL },
	{ "i", JK_I32, 0, 0, N(i), NULL },
	{ "q", JK_U64, 0, JF_ALWAYS, N(q), NULL },
	{ "l", JK_I64, 0, 0, N(l), NULL },
	{ "s", JK_STR, 0, JF_ALWAYS | JF_NULL, N(s), NULL },
	{ "o", JK_OBJ, 0, JF_PTR, N(o), &node_type },
	{ "n", JK_LIST, JK_OBJ, 0, N(n), &node_type },
	{ "m", JK_MAP, JK_OBJ, 0, N(m), &node_type },
	{ "t", JK_LIST, JK_STR, JF_ALWAYS | JF_NULL, N(t), NULL },
	{ "w", JK_LIST, JK_ENUM, 0, N(w), words },
	{ "p", JK_MAP, JK_STR, 0, N(p), NULL },
	{ "k", JK_MAP, JK_U16, 0, N(k), NULL },
	{ "r", JK_RAW, 0, 0, N(r), NULL },
	{ 0 },
};
static const struct json_type node_type = { sizeof(struct node), node_fields };

static const struct json *fault_root;

/* Every fault has a value, and a path that exists in the tree. */
static int report(struct json_faults *self, const struct json *at, const char *path,
		  const char *what)
{
	must(at && json_path(fault_root, path));
	for (const char *p = path; *p; p++)
		must((unsigned char)*p >= 0x20);
	must(*what && strlen(what) < 256 && strlen(path) < 256);
	return self->count > 100 ? -1 : 0;
}

/* ---- round trips ----------------------------------------------------------------------------- */

static struct json_out write_tree(struct arena *a, const struct json *tree, const char *indent)
{
	struct json_out o = { .arena = a, .indent = indent };

	json_write_tree(&o, tree);
	must(o.len == strlen(o.buf));
	return o;
}

static struct json_out write_node(struct arena *a, const struct node *node)
{
	struct json_out o = { .arena = a };

	json_write(&o, &node_type, node);
	return o;
}

static void bind(struct arena *a, const struct json *tree)
{
	struct json_faults faults = { report, 0 };
	struct node first = { 0 }, second = { 0 };
	struct json_error err;
	struct json_out one, two;

	fault_root = tree;
	if (json_bind(a, tree, &node_type, &first, &faults)) {
		must(faults.count);
		return;
	}
	must(!faults.count);
	one = write_node(a, &first);
	tree = json_parse(a, arena_strdup(a, one.buf), one.len, &err);
	must(tree && !json_bind(a, tree, &node_type, &second, &faults));
	two = write_node(a, &second);
	must(!strcmp(one.buf, two.buf));
}

/* A value that was set is found, and is not found after it was removed. */
static void edit(struct arena *a, struct json *tree, const char *pointer)
{
	struct json value = { .type = JSON_TRUE }, *at;
	const char *what = NULL;

	if (json_set(a, tree, pointer, &value, &what)) {
		must(what && *what);
		return;
	}
	at = json_pointer(tree, pointer);
	must(!at || at->type == JSON_TRUE); /* NULL after "-", which names no element */
	write_tree(a, tree, NULL);
	must(json_del(a, tree, pointer) == (at && at != tree));
	write_tree(a, tree, NULL);
}

/* A first line that begins with '/' is a pointer (and a path), the rest is the text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct json_error err = { 0 };
	struct json *tree, *again;
	struct json_out plain, indented;
	unsigned line, col;
	char *text, *pointer = (char[]){ "" };

	fuzz_begin(&a);
	if (size && *data == '/' && memchr(data, '\n', size)) {
		size_t len = (size_t)((uint8_t *)memchr(data, '\n', size) - data);

		pointer = arena_strndup(&a, (const char *)data, len);
		data += len + 1;
		size -= len + 1;
	}
	text = arena_strndup(&a, (const char *)data, size);
	tree = json_parse(&a, text, size, &err);
	if (!tree) {
		must(err.what && *err.what && err.off <= size);
		json_place(text, err.off, &line, &col);
		must(line && col);
		return 0;
	}
	plain = write_tree(&a, tree, NULL);
	indented = write_tree(&a, tree, "\t");
	again = json_parse(&a, arena_strdup(&a, indented.buf), indented.len, &err);
	must(again && !strcmp(write_tree(&a, again, NULL).buf, plain.buf));
	bind(&a, tree);
	if (*pointer) {
		must(json_path(tree, pointer + 1));
		edit(&a, tree, pointer);
	}
	return 0;
}
