/* parse_test.c - which texts the parser takes, which it refuses, and the place of each error. */
/* SPDX-License-Identifier: MIT */
#include "tests/tap.h"
#include "json/json.h"

#include <stdlib.h>

static char block[1 << 16];
static struct arena arena;
static char text[1 << 16];
static struct json_error err;

/* Parses a copy in a larger buffer, where only the byte after the text may be changed. */
static struct json *parse_n(const char *s, size_t len)
{
	arena_init(&arena, block, sizeof(block));
	err = (struct json_error){ 0 };
	memset(text, '!', sizeof(text));
	memcpy(text, s, len);
	return json_parse(&arena, text, len, &err);
}

static struct json *parse(const char *s)
{
	return parse_n(s, strlen(s));
}

/* ---- texts that are refused ------------------------------------------------------------------ */

static const struct {
	const char *text;
	unsigned line, col;
	const char *what;
} refused[] = {
	{ "", 1, 1, "expected a value, but the text ends here" },
	{ " \n ", 2, 2, "expected a value, but the text ends here" },
	{ "{", 1, 2, "expected a member name in double quotes, but the text ends here" },
	{ "[", 1, 2, "[0]: expected a value, but the text ends here" },
	{ "[1", 1, 3, "expected ',' or ']', but the text ends here" },
	{ "[1,", 1, 4, "[1]: expected a value, but the text ends here" },
	{ "[1,]", 1, 4, "[1]: expected a value, not ]" },
	{ "[,1]", 1, 2, "[0]: expected a value, not ," },
	{ "[1 2]", 1, 4, "expected ',' or ']', not 2" },
	{ "[1}", 1, 3, "expected ',' or ']', not }" },
	{ "{]", 1, 2, "expected a member name in double quotes, not ]" },
	{ "{a:1}", 1, 2, "expected a member name in double quotes, not a" },
	{ "{'a':1}", 1, 2, "expected a member name in double quotes, not 'a'" },
	{ "{1:1}", 1, 2, "expected a member name in double quotes, not 1" },
	{ "{\"a\"}", 1, 5, "a: expected ':' after the member name, not }" },
	{ "{\"a\" 1}", 1, 6, "a: expected ':' after the member name, not 1" },
	{ "{\"a\":}", 1, 6, "a: expected a value, not }" },
	{ "{\"a\":1,}", 1, 8, "expected a member name in double quotes, not }" },
	{ "{\"a\":1 \"b\":2}", 1, 8, "expected ',' or '}', not \"b\"" },
	{ "{\"a\":1", 1, 7, "expected ',' or '}', but the text ends here" },
	{ "1 2", 1, 3, "something follows the end of the document" },
	{ "{}\n{}", 2, 1, "something follows the end of the document" },
	{ "{}]", 1, 3, "something follows the end of the document" },
	{ "[] // c", 1, 4, "something follows the end of the document" },
	{ "/* c */ []", 1, 1, "expected a value, not /*" },
	{ "\xef\xbb\xbf{}", 1, 1, "save it as UTF-8 without a byte order mark" },
	/* words */
	{ "nul", 1, 1, "expected a value, not nul" },
	{ "True", 1, 1, "expected a value, not True" },
	{ "truer", 1, 5, "something follows the end of the document" },
	{ "[nulll]", 1, 6, "expected ',' or ']', not l" },
	{ "NaN", 1, 1, "expected a value, not NaN" },
	{ "Infinity", 1, 1, "expected a value, not Infinity" },
	{ "-Infinity", 1, 2, "expected a digit, not Infinity" },
	/* numbers */
	{ "01", 1, 1, "number has a leading zero" },
	{ "-01", 1, 2, "number has a leading zero" },
	{ "+1", 1, 1, "expected a value, not +1" },
	{ ".5", 1, 1, "expected a value, not .5" },
	{ "5.", 1, 3, "expected a digit after the point, but the text ends here" },
	{ "5.e1", 1, 3, "expected a digit after the point, not e1" },
	{ "-", 1, 2, "expected a digit, but the text ends here" },
	{ "1e", 1, 3, "expected a digit in the exponent, but the text ends here" },
	{ "1e+", 1, 4, "expected a digit in the exponent, but the text ends here" },
	{ "[0x10]", 1, 3, "expected ',' or ']', not x10" },
	{ "1_000", 1, 2, "something follows the end of the document" },
	/* strings */
	{ "\"a", 1, 3, "expected '\"' at the end of the string, but the text ends here" },
	{ "\"a\\", 1, 4, "expected '\"' at the end of the string, but the text ends here" },
	{ "\"a\\\"", 1, 5, "expected '\"' at the end of the string, but the text ends here" },
	{ "\"a\nb\"", 1, 3, "control character in a string" },
	{ "\"a\tb\"", 1, 3, "control character in a string" },
	{ "\"\x1f\"", 1, 2, "control character in a string" },
	{ "\"\\a\"", 1, 2, "unknown escape in a string" },
	{ "\"\\x41\"", 1, 2, "unknown escape in a string" },
	{ "\"\\\n\"", 1, 2, "unknown escape in a string" },
	{ "\"ab\\u12g4\"", 1, 4, "expected four hexadecimal digits after \\u, not \\u12g4\"" },
	{ "\"\\u123\"", 1, 2, "expected four hexadecimal digits after \\u, not \\u123\"" },
	{ "\"\\u\"", 1, 2, "expected four hexadecimal digits after \\u, not \\u\"" },
	{ "\"a\\u0000b\"", 1, 3, "\\u0000 is not allowed in a string" },
	{ "\"\\ud800\"", 1, 2, "\\u escape is a lone high surrogate" },
	{ "\"\\ud800x\"", 1, 2, "\\u escape is a lone high surrogate" },
	{ "\"\\ud800\\n\"", 1, 2, "\\u escape is a lone high surrogate" },
	{ "\"\\ud800\\ud800\"", 1, 2, "\\u escape is a lone high surrogate" },
	{ "\"\\ud800\\u0041\"", 1, 2, "\\u escape is a lone high surrogate" },
	{ "\"\\udfff\"", 1, 2, "\\u escape is a lone low surrogate" },
	/* UTF-8 */
	{ "\"\x80\"", 1, 2, "string is not valid UTF-8" },
	{ "\"\xff\"", 1, 2, "string is not valid UTF-8" },
	{ "\"\xc0\xaf\"", 1, 2, "string is not valid UTF-8" },
	{ "\"\xc1\xbf\"", 1, 2, "string is not valid UTF-8" },
	{ "\"\xc3\"", 1, 2, "string is not valid UTF-8" },
	{ "\"\xe0\x80\xaf\"", 1, 2, "string is not valid UTF-8" },
	{ "\"\xe2\x82\"", 1, 2, "string is not valid UTF-8" },
	{ "\"\xed\xa0\x80\"", 1, 2, "string is not valid UTF-8" },
	{ "\"\xf0\x80\x80\xaf\"", 1, 2, "string is not valid UTF-8" },
	{ "\"\xf4\x90\x80\x80\"", 1, 2, "string is not valid UTF-8" },
	{ "\"\xf5\x80\x80\x80\"", 1, 2, "string is not valid UTF-8" },
	{ "\"ab\xf0\x9f\x98", 1, 4, "string is not valid UTF-8" },
	{ "{\"\xe9\":1}", 1, 3, "string is not valid UTF-8" },
	/* the path before the clause */
	{ "{\"mounts\":[{},\n  {\"destination\":\"/x\\u0000/../etc\"}]}", 2, 21,
	  "mounts[1].destination: \\u0000 is not allowed in a string" },
	{ "{\"a\":{\"b\":[[1],[\"x\\ny\", 01]]}}", 1, 25, "a.b[1][1]: number has a leading zero" },
	{ "{\"s\":\"\\n\\n\\n\",\n\"t\":x}", 2, 5, "t: expected a value, not x" },
	{ "{\"a\":1,\n \"a\":2}", 2, 2, "a: duplicate key" },
	{ "{\"o\":{\"a\":1,\"b\":2,\"\\u0061\":2}}", 1, 19, "o.a: duplicate key" },
	{ "{\"\\n\\u0007\":1,\"\\n\\u0007\":2}", 1, 15, "??: duplicate key" },
};

static void test_refused(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct json *root = parse(refused[i].text);
		unsigned line = 0, col = 0;
		int failed = tap_failed;

		if (!root)
			json_place(text, err.off, &line, &col);
		ok(!root && line == refused[i].line && col == refused[i].col &&
			   !strcmp(err.what, refused[i].what),
		   "refused: row %zu: %s", i, refused[i].what);
		if (!root && tap_failed > failed)
			printf("# %u:%u: %s\n", line, col, err.what);
	}
	ok(!parse_n("[1,\0002]", 7) && err.off == 3, "refused: a NUL between values");
	ok(!parse_n("\"a\0b\"", 5) && err.off == 2, "refused: a NUL in a string");
	ok(!parse_n("{}\0", 3) && err.off == 2, "refused: a NUL after the document");
}

/* ---- depth and size -------------------------------------------------------------------------- */

static void test_depth(void)
{
	static char deep[1 << 20];
	char *p;

	memset(deep, '[', JSON_DEPTH_MAX);
	memset(deep + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	ok(parse_n(deep, 2 * JSON_DEPTH_MAX) != NULL, "%d levels are taken", JSON_DEPTH_MAX);
	memset(deep, '[', JSON_DEPTH_MAX + 1);
	ok(!parse_n(deep, JSON_DEPTH_MAX + 1) && err.off == JSON_DEPTH_MAX,
	   "a level more is refused");
	ok(strstr(err.what, "nested too deeply") != NULL, "the error names the depth");

	memset(deep, '[', 200000);
	arena_init(&arena, block, sizeof(block));
	ok(!json_parse(&arena, deep, 200000, &err), "200000 brackets are refused");
	for (p = deep; p < deep + 600000; p += 6)
		memcpy(p, "{\"\xc3\xa9\":", 6);
	ok(!json_parse(&arena, deep, 600000, &err) && err.off == 6 * JSON_DEPTH_MAX,
	   "100000 nested objects are refused");
}

/* Objects with and without a duplicate key, below and above the size where a hash table is used. */
static void test_duplicate(unsigned n, bool duplicate)
{
	static char big[1 << 21];
	size_t len = 0;
	struct json *root;

	big[len++] = '{';
	for (unsigned i = 0; i < n; i++)
		len += (size_t)snprintf(big + len, 32, "%s\"k%u\":%u", i ? "," : "", i, i);
	if (duplicate)
		len += (size_t)snprintf(big + len, 32, ",\"k%u\":0", n / 2);
	big[len++] = '}';
	arena_init(&arena, block, sizeof(block));
	root = json_parse(&arena, big, len, &err);
	if (duplicate) {
		ok(!root && err.off >= len - 3 - strlen("\"k50000\":") &&
			   strstr(err.what, "duplicate key"),
		   "%u members: a duplicate key is refused", n);
		return;
	}
	ok(root && root->len == n && json_get(root, "k0")->len == 1,
	   "%u members without a duplicate key are taken", n);
}

/* ---- texts that are taken -------------------------------------------------------------------- */

static void test_taken(void)
{
	static const char *const numbers[] = {
		"0",   "-0",   "-1",	 "1.5", "0.0",
		"1e3", "1E-3", "1.0e+9", "0e0", "18446744073709551616"
	};
	struct json *root, *v;

	ok((root = parse("{}")) && root->type == JSON_OBJECT && !root->len && !root->child,
	   "an empty object is taken");
	ok((root = parse(" [ ] \r\n\t")) && root->type == JSON_ARRAY && !root->child &&
		   root->off == 1,
	   "an empty array in white space is taken");
	ok((root = parse("null")) && root->type == JSON_NULL, "null without a container is taken");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		root = parse(numbers[i]);
		ok(root && root->type == JSON_NUMBER && root->len == strlen(numbers[i]) &&
			   !memcmp(root->str, numbers[i], root->len),
		   "number %s keeps its text", numbers[i]);
	}
	root = parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\ud83d\\ude00\\u007f\"");
	is_str(root ? root->str : NULL, "\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f",
	       "all escapes are decoded");
	ok(root && root->len == strlen(root->str),
	   "the length of a string is that of the decoded text");
	root = parse("\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80"
		     "\xf4\x8f\xbf\xbf\"");
	ok(root && root->len == 21, "the first and last character of each UTF-8 length are taken");
	root = parse("\"\"");
	ok(root && root->type == JSON_STRING && !root->len && !*root->str,
	   "an empty string is taken");
	root = parse("{\"\":1,\"b\":[true,false,null,\"x\"]}");
	v = root ? root->child : NULL;
	ok(v && !*v->key && v->type == JSON_NUMBER, "an empty member name is taken");
	v = v ? v->next : NULL;
	ok(v && v->len == 4 && v->child->type == JSON_TRUE && v->child->next->type == JSON_FALSE &&
		   v->child->next->next->type == JSON_NULL && !v->child->key && v->off == 10,
	   "elements keep their order, and have offsets");
	ok(v && !strcmp(v->child->next->next->next->str, "x") && !v->child->next->next->next->next,
	   "the last element ends the list");
}

/* ---- finding --------------------------------------------------------------------------------- */

static const char *found(const struct json *v)
{
	return !v ? NULL : v->str ? v->str : "(container)";
}

static void test_find(void)
{
	struct json *root =
		parse("{\"a\":{\"b\":[\"zero\",{\"c\":\"deep\"}]},\"\":\"none\","
		      "\"x/y\":\"slash\",\"m~n\":\"tilde\",\"0\":\"digit\","
		      "\"an\":{\"io.k\":\"dots\",\"io\":{\"k\":\"split\"},\"p[1]\":\"br\"}}");
	const struct json *an;

	is_str(found(json_pointer(root, "/a/b/1/c")), "deep", "json_pointer finds a member");
	is_str(found(json_pointer(root, "/a/b/0")), "zero", "json_pointer finds an element");
	ok(json_pointer(root, "") == root, "the empty pointer is the root");
	is_str(found(json_pointer(root, "/")), "none", "/ is the member without a name");
	is_str(found(json_pointer(root, "/x~1y")), "slash", "~1 is /");
	is_str(found(json_pointer(root, "/m~0n")), "tilde", "~0 is ~");
	is_str(found(json_pointer(root, "/0")), "digit", "a number can be the name of a member");
	ok(!json_pointer(root, "a"), "a pointer without a leading / finds nothing");
	ok(!json_pointer(root, "/m~n") && !json_pointer(root, "/m~2n") &&
		   !json_pointer(root, "/m~"),
	   "bad tilde escapes find nothing");
	ok(!json_pointer(root, "/a/b/2") && !json_pointer(root, "/a/b/-") &&
		   !json_pointer(root, "/a/b/00") && !json_pointer(root, "/a/b/01"),
	   "json_pointer: missing elements and bad indexes find nothing");
	ok(!json_pointer(root, "/a/b/0/x") && !json_pointer(root, "/a/"),
	   "json_pointer: a string has no children");
	ok(!json_pointer(NULL, "/a"), "json_pointer: a NULL tree has no children");

	is_str(found(json_path(root, "a.b[1].c")), "deep", "json_path finds a member");
	is_str(found(json_path(root, "a.b[0]")), "zero", "json_path finds an element");
	ok(json_path(root, "") == root, "the empty path is the root");
	is_str(found(json_path(root, "an.io.k")), "dots", "json_path takes the longest name");
	is_str(found(json_path(root, "an.p[1]")), "br", "json_path: names may have brackets");
	an = json_get(root, "an");
	ok(json_path(root, "an.no.such") == an, "json_path: a missing member gives the object");
	ok(json_path(root, "a.b[7].c") == json_get(json_get(root, "a"), "b"),
	   "json_path: a missing element gives the array");
	ok(json_path(root, "a.b[x") == json_get(json_get(root, "a"), "b"),
	   "json_path: a broken index gives the array");
	ok(json_path(root, "nothing") == root, "json_path: a missing first member gives the root");

	ok(!json_get(root, "zz") && !json_get(NULL, "a") && !json_get(json_get(root, ""), "a"),
	   "json_get: NULL for a missing member and for what is not an object");
}

static void test_place(void)
{
	unsigned line, col;
	struct json *root = parse("{\n  \"a\": \"x\\ny\",\r\n\t\"b\": 7}");

	json_place(text, json_get(root, "b")->off, &line, &col);
	ok(line == 3 && col == 7, "decoded newlines do not move lines");
	json_place(text, 0, &line, &col);
	ok(line == 1 && col == 1, "the start is 1:1");
	json_place(text, 1, &line, &col);
	ok(line == 1 && col == 2, "a newline ends its own line");
}

int main(void)
{
	test_taken();
	test_refused();
	test_depth();
	for (unsigned n = 1; n < 40; n += n < 14 ? 12 : 1) {
		test_duplicate(n, false);
		test_duplicate(n, true);
	}
	test_duplicate(100000, false);
	test_duplicate(100000, true);
	test_find();
	test_place();
	return done();
}
