/* edit_test.c - putting values into a tree and taking them out. */
/* SPDX-License-Identifier: MIT */
#include "tests/tap.h"
#include "json/json.h"

#include <stdlib.h>

static char block[1 << 16];
static struct arena arena;

static struct json *parse(const char *s)
{
	struct json_error err;
	struct json *tree = json_parse(&arena, arena_strdup(&arena, s), strlen(s), &err);

	if (!tree) {
		printf("# bad test text %s: %s\n", s, err.what);
		exit(1);
	}
	return tree;
}

static const char *text_of(const struct json *tree)
{
	struct json_out o = { .arena = &arena };

	json_write_tree(&o, tree);
	return o.buf;
}

/* Setting value at pointer in before gives after. after NULL: json_set() fails. */
static const struct {
	const char *before, *pointer, *value, *after;
} sets[] = {
	{ "{\"a\":1,\"b\":2,\"c\":3}", "/b", "\"x\"", "{\"a\":1,\"b\":\"x\",\"c\":3}" },
	{ "{\"a\":[1,2]}", "/a", "{}", "{\"a\":{}}" },
	{ "{\"a\":{\"b\":1}}", "/a", "7", "{\"a\":7}" },
	{ "{}", "/new", "[true]", "{\"new\":[true]}" },
	{ "{\"z\":1}", "/a/b/c", "null", "{\"z\":1,\"a\":{\"b\":{\"c\":null}}}" },
	{ "{\"l\":[1,2,3]}", "/l/1", "9", "{\"l\":[1,9,3]}" },
	{ "{\"l\":[1]}", "/l/-", "9", "{\"l\":[1,9]}" },
	{ "{\"l\":[1]}", "/l/1", "9", "{\"l\":[1,9]}" },
	{ "{\"l\":[1]}", "/l/2", "9", NULL },
	{ "{\"l\":[1]}", "/l/01", "9", NULL },
	{ "{\"l\":[1]}", "/l/x", "9", NULL },
	{ "{\"l\":[1]}", "/l/", "9", NULL },
	{ "{\"l\":[]}", "/l/-/a/-/b", "9", "{\"l\":[{\"a\":[{\"b\":9}]}]}" },
	{ "{}", "/l/0/k", "9", "{\"l\":[{\"k\":9}]}" },
	{ "{}", "/l/1", "9", "{\"l\":{\"1\":9}}" },
	{ "{\"n\":null}", "/n/a", "1", "{\"n\":{\"a\":1}}" },
	{ "{\"n\":null}", "/n/-", "1", "{\"n\":[1]}" },
	{ "{\"0\":1}", "/0", "2", "{\"0\":2}" },
	{ "{\"-\":1}", "/-", "2", "{\"-\":2}" },
	{ "{\"a/b\":1,\"m~n\":2}", "/a~1b", "3", "{\"a/b\":3,\"m~n\":2}" },
	{ "{\"a/b\":1,\"m~n\":2}", "/m~0n", "3", "{\"a/b\":1,\"m~n\":3}" },
	{ "{}", "/~01", "3", "{\"~1\":3}" },
	{ "{}", "/", "3", "{\"\":3}" },
	{ "{\"a\":1}", "", "[2]", "[2]" },
	{ "{\"s\":\"x\"}", "/s/t", "1", NULL },
	{ "{\"s\":true}", "/s/0", "1", NULL },
	{ "{}", "a", "1", NULL },
	{ "{}", "/a~2", "1", NULL },
	{ "{}", "/a~", "1", NULL },
};

static void test_set(void)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct json *tree = parse(sets[i].before);
		const char *what = NULL;
		int rc = json_set(&arena, tree, sets[i].pointer, parse(sets[i].value), &what);

		if (!sets[i].after) {
			ok(rc == -1 && what && *what, "set %s in %s is refused", sets[i].pointer,
			   sets[i].before);
			continue;
		}
		is_str(rc ? what : text_of(tree), sets[i].after, "set %s in %s", sets[i].pointer,
		       sets[i].before);
		if (!strstr(sets[i].pointer, "/-"))
			ok(json_pointer(tree, sets[i].pointer),
			   "json_pointer finds %s after it was set", sets[i].pointer);
	}
}

static void test_count(void)
{
	struct json *tree = parse("{\"l\":[1],\"m\":{}}");
	const char *what;

	json_set(&arena, tree, "/l/-", parse("2"), &what);
	json_set(&arena, tree, "/l/0", parse("0"), &what);
	json_set(&arena, tree, "/m/k", parse("2"), &what);
	/* json_bind() takes the length of a list from len. */
	ok(json_get(tree, "l")->len == 2 && json_get(tree, "m")->len == 1 && tree->len == 2,
	   "json_set counts new children");
	ok(json_del(&arena, tree, "/l/0") && json_get(tree, "l")->len == 1,
	   "json_del counts the removed child");
}

static void test_deep(void)
{
	static char pointer[4 * JSON_DEPTH_MAX];
	struct json *tree = parse("{}");
	const char *what = "";

	for (size_t i = 0; i < sizeof(pointer) - 1; i++)
		pointer[i] = i % 2 ? 'a' : '/';
	ok(json_set(&arena, tree, pointer, parse("1"), &what) == -1 && strstr(what, "too deep"),
	   "a pointer deeper than JSON_DEPTH_MAX is refused");
}

static const struct {
	const char *before, *pointer, *after;
} dels[] = {
	{ "{\"a\":1,\"b\":2,\"c\":3}", "/a", "{\"b\":2,\"c\":3}" },
	{ "{\"a\":1,\"b\":2,\"c\":3}", "/b", "{\"a\":1,\"c\":3}" },
	{ "{\"a\":1,\"b\":2,\"c\":3}", "/c", "{\"a\":1,\"b\":2}" },
	{ "{\"a\":{\"l\":[1,2,3]}}", "/a/l/1", "{\"a\":{\"l\":[1,3]}}" },
	{ "{\"a\":{\"l\":[1]}}", "/a/l/0", "{\"a\":{\"l\":[]}}" },
	{ "{\"a/b\":{\"c\":1}}", "/a~1b/c", "{\"a/b\":{}}" },
	{ "{\"a\":1}", "/b", NULL },
	{ "{\"a\":[1]}", "/a/1", NULL },
	{ "{\"a\":[1]}", "/a/-", NULL },
	{ "{\"a\":1}", "", NULL },
	{ "{\"a\":1}", "a", NULL },
};

static void test_del(void)
{
	for (size_t i = 0; i < sizeof(dels) / sizeof(dels[0]); i++) {
		struct json *tree = parse(dels[i].before);
		bool gone = json_del(&arena, tree, dels[i].pointer);

		ok(gone == (dels[i].after != NULL), "del %s in %s", dels[i].pointer,
		   dels[i].before);
		is_str(text_of(tree), gone ? dels[i].after : dels[i].before,
		       "del %s: the rest of the tree stays", dels[i].pointer);
	}
}

int main(void)
{
	arena_init(&arena, block, sizeof(block));
	test_set();
	test_count();
	test_deep();
	test_del();
	return done();
}
