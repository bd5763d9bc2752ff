/* write_test.c - text from rows, from trees and by hand. */
/* SPDX-License-Identifier: MIT */
#include "tests/tap.h"
#include "json/json.h"

#include <limits.h>

static char block[1 << 16];
static struct arena arena;
static struct json_out out;

static struct json_out *start(const char *indent)
{
	arena_init(&arena, block, sizeof(block));
	out = (struct json_out){ .arena = &arena, .indent = indent };
	return &out;
}

/* ---- by hand --------------------------------------------------------------------------------- */

static void by_hand(struct json_out *o)
{
	json_open(o, NULL, '{');
	json_put_str(o, "s", "x");
	json_put_str(o, "null", NULL);
	json_open(o, "empty", '[');
	json_close(o, ']');
	json_open(o, "list", '[');
	json_put_u64(o, NULL, UINT64_MAX);
	json_put_i64(o, NULL, INT64_MIN);
	json_open(o, NULL, '{');
	json_close(o, '}');
	json_put_bool(o, NULL, true);
	json_close(o, ']');
	json_put_text(o, "raw", "{\"ready\": 1}");
	json_put_bool(o, "last", false);
	json_close(o, '}');
}

static void test_by_hand(void)
{
	by_hand(start(NULL));
	is_str(out.buf,
	       "{\"s\":\"x\",\"null\":null,\"empty\":[],\"list\":[18446744073709551615,"
	       "-9223372036854775808,{},true],\"raw\":{\"ready\": 1},\"last\":false}",
	       "a document by hand, on one line");
	ok(out.len == strlen(out.buf), "len is the length of the text");
	by_hand(start("\t"));
	is_str(out.buf,
	       "{\n\t\"s\": \"x\",\n\t\"null\": null,\n\t\"empty\": [],\n\t\"list\": [\n"
	       "\t\t18446744073709551615,\n\t\t-9223372036854775808,\n\t\t{},\n\t\ttrue\n\t],\n"
	       "\t\"raw\": {\"ready\": 1},\n\t\"last\": false\n}",
	       "a document by hand, indented");
	json_put_u64(start("\t"), NULL, 7);
	is_str(out.buf, "7", "a scalar without a container");
	json_put_str(start(NULL), "k", "v");
	is_str(out.buf, "\"k\":\"v\"", "a member without a container");

	json_put_str(start(NULL), NULL,
		     "\"\\/\b\f\n\r\t\x01\x1f\x7f\xc2\x9b\xc3\xa9\xf0\x9f\x98\x80");
	is_str(out.buf,
	       "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\\u009b\xc3\xa9\xf0\x9f\x98\x80\"",
	       "quotes, backslashes, control characters, DEL and C1 are escaped");
	start(NULL);
	json_open(&out, NULL, '{');
	json_put_str(&out, "a\"b", "");
	json_close(&out, '}');
	is_str(out.buf, "{\"a\\\"b\":\"\"}", "names are escaped too");
}

static void test_growth(void)
{
	bool good = true;
	size_t at = 1;

	start(NULL);
	json_open(&out, NULL, '[');
	for (unsigned i = 0; i < 20000; i++)
		json_put_u64(&out, NULL, i);
	json_close(&out, ']');
	for (unsigned i = 0; i < 20000; i++) {
		char want[16];
		size_t len = (size_t)snprintf(want, sizeof(want), "%u%c", i, i < 19999 ? ',' : ']');

		good &= !memcmp(out.buf + at, want, len);
		at += len;
	}
	ok(good && out.len == at && !out.buf[at], "20000 numbers in %zu bytes", at);
}

/* ---- trees ----------------------------------------------------------------------------------- */

static void test_tree(void)
{
	static const char *const same[] = {
		"{\"b\":1,\"a\":[1.50,-0,1E+2,{}],\"c\":{\"\":null,\"d\":[[]]}}",
		"[true,false,null,\"\\u0001\\n\",\"\xc3\xa9\"]",
		"\"x\"",
		"0.10",
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct json_error err;
		struct json *tree;
		char text[256];

		start(NULL);
		tree = json_parse(&arena, strcpy(text, same[i]), strlen(same[i]), &err);
		if (tree)
			json_write_tree(&out, tree);
		is_str(out.buf, same[i], "tree %zu keeps order, numbers and strings", i);
	}
}

/* ---- structs --------------------------------------------------------------------------------- */

struct inner {
	int32_t a, b;
};

struct outer {
	bool flag, *pflag;
	const char *s;
	int word;
	uint16_t u16;
	uint32_t u32, *pu32;
	uint64_t u64;
	int64_t i64;
	struct inner in, *pin;
	LIST(const char *) list;
	LIST(struct json_pair) map;
	LIST(struct inner) inners;
	const struct json *raw;
};

static const struct json_word words[] = { { "zero", 0 }, { "two", 2 }, { 0 } };
static const struct json_field inner_fields[] = {
	{ "a", JK_I32, 0, 0, offsetof(struct inner, a), NULL },
	{ "b", JK_I32, 0, 0, offsetof(struct inner, b), NULL },
	{ 0 },
};
static const struct json_type inner_type = { sizeof(struct inner), inner_fields };

/* The same members with the flags given. */
/* clang-format off */
#define O(m) offsetof(struct outer, m)
#define FIELDS(F)                                                                                  \
	{ "flag", JK_BOOL, 0, (F), O(flag), NULL },                                                \
	{ "pflag", JK_BOOL, 0, (F) | JF_PTR, O(pflag), NULL },                                     \
	{ "s", JK_STR, 0, (F), O(s), NULL },                                                       \
	{ "word", JK_ENUM, 0, (F), O(word), words },                                               \
	{ "u16", JK_U16, 0, (F), O(u16), NULL },                                                   \
	{ "u32", JK_U32, 0, (F), O(u32), NULL },                                                   \
	{ "pu32", JK_U32, 0, (F) | JF_PTR, O(pu32), NULL },                                        \
	{ "u64", JK_U64, 0, (F), O(u64), NULL },                                                   \
	{ "i64", JK_I64, 0, (F), O(i64), NULL },                                                   \
	{ "in", JK_OBJ, 0, (F), O(in), &inner_type },                                              \
	{ "pin", JK_OBJ, 0, (F) | JF_PTR, O(pin), &inner_type },                                   \
	{ "list", JK_LIST, JK_STR, (F), O(list), NULL },                                           \
	{ "map", JK_MAP, JK_STR, (F), O(map), NULL },                                              \
	{ "inners", JK_LIST, JK_OBJ, (F), O(inners), &inner_type },                                \
	{ "raw", JK_RAW, 0, (F), O(raw), NULL },                                                   \
	{ 0 },
/* clang-format on */

static const struct json_field sparse_fields[] = { FIELDS(0) };
static const struct json_field always_fields[] = { FIELDS(JF_ALWAYS) };
static const struct json_field null_fields[] = { FIELDS(JF_ALWAYS | JF_NULL) };
static const struct json_type sparse = { sizeof(struct outer), sparse_fields };
static const struct json_type always = { sizeof(struct outer), always_fields };
static const struct json_type null = { sizeof(struct outer), null_fields };

static const char full[] =
	"{\"flag\":true,\"pflag\":false,\"s\":\"x\",\"word\":\"two\",\"u16\":65535,"
	"\"u32\":4294967295,\"pu32\":0,\"u64\":18446744073709551615,\"i64\":-9223372036854775808,"
	"\"in\":{\"a\":-1},\"pin\":{},\"list\":[\"a\",\"b\"],\"map\":{\"k\":\"v\"},"
	"\"inners\":[{},{\"b\":2}],\"raw\":[1.0]}";

static int no_fault(struct json_faults *self, const struct json *at, const char *path,
		    const char *what)
{
	printf("# %s: %s\n", path, what);
	return 0;
}

static void test_struct(void)
{
	struct json_faults faults = { no_fault, 0 };
	struct outer o = { 0 };
	struct json_error err;
	struct json *tree;
	static char text[1024];

	json_write(start(NULL), &sparse, &o);
	is_str(out.buf, "{}", "empty members are left out");
	json_write(start(NULL), &always, &o);
	is_str(out.buf,
	       "{\"flag\":false,\"pflag\":null,\"s\":\"\",\"word\":\"zero\",\"u16\":0,\"u32\":0,"
	       "\"pu32\":null,\"u64\":0,\"i64\":0,\"in\":{},\"pin\":null,\"list\":[],\"map\":{},"
	       "\"inners\":[],\"raw\":null}",
	       "JF_ALWAYS writes empty members");
	json_write(start(NULL), &null, &o);
	is_str(out.buf,
	       "{\"flag\":false,\"pflag\":null,\"s\":null,\"word\":\"zero\",\"u16\":0,\"u32\":0,"
	       "\"pu32\":null,\"u64\":0,\"i64\":0,\"in\":{},\"pin\":null,\"list\":null,\"map\":"
	       "null,"
	       "\"inners\":null,\"raw\":null}",
	       "JF_NULL writes absence as null");

	start(NULL);
	tree = json_parse(&arena, strcpy(text, full), sizeof(full) - 1, &err);
	ok(tree && !json_bind(&arena, tree, &sparse, &o, &faults), "a full document is bound");
	json_write(&out, &sparse, &o);
	is_str(out.buf, full, "a full document is written as it was read");
	o.word = 77;
	o.in.a = 0;
	o.list.n = 0;
	out = (struct json_out){ .arena = &arena };
	json_open(&out, NULL, '{');
	json_put(&out, "o", &sparse, &o);
	json_put_bool(&out, "t", true);
	json_close(&out, '}');
	ok(!strstr(out.buf, "word") && !strstr(out.buf, "\"in\"") && !strstr(out.buf, "list"),
	   "words without a name and empty values are left out");
	ok(!strncmp(out.buf, "{\"o\":{\"flag\"", 12) &&
		   !strcmp(out.buf + out.len - 11, "},\"t\":true}"),
	   "json_put writes a struct inside an object by hand");
}

/* A required member is written even if it is zero, so that json_bind() takes the text again. */
static void test_required(void)
{
	static const struct json_field fields[] = {
		{ "a", JK_I32, 0, JF_REQUIRED, offsetof(struct inner, a), NULL },
		{ "b", JK_I32, 0, 0, offsetof(struct inner, b), NULL },
		{ 0 },
	};
	static const struct json_type type = { sizeof(struct inner), fields };
	static const struct json_field holder_fields[] = {
		{ "in", JK_OBJ, 0, 0, O(in), &type },
		{ 0 },
	};
	static const struct json_type holder = { sizeof(struct outer), holder_fields };
	struct outer o = { 0 };

	json_write(start(NULL), &holder, &o);
	is_str(out.buf, "{\"in\":{\"a\":0}}", "required members are always written");
}

int main(void)
{
	test_by_hand();
	test_growth();
	test_tree();
	test_struct();
	test_required();
	return done();
}
