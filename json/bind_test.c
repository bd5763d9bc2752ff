/* bind_test.c - every kind of field, exact integers, faults with their paths. */
/* SPDX-License-Identifier: MIT */
#include "tests/tap.h"
#include "json/json.h"

#include <stdlib.h>

static char block[1 << 16];
static struct arena arena;

/* ---- a struct with every kind ---------------------------------------------------------------- */

struct point {
	int32_t x;
	int64_t *y;
};

struct named {
	const char *key;
	uint32_t n;
};

struct count { /* one element of a map of JK_U64 */
	const char *key;
	uint64_t value;
};

struct small { /* one element of a map of JK_U16 */
	const char *key;
	uint16_t value;
};

struct all {
	bool yes, *maybe;
	const char *name;
	int color, *shade;
	uint16_t u16;
	uint32_t u32, *pu32;
	int32_t i32;
	uint64_t u64;
	int64_t i64;
	struct point at, *to;
	LIST(const char *) words;
	LIST(int) colors;
	LIST(uint32_t) numbers;
	LIST(struct point) points;
	LIST(struct json_pair) pairs;
	LIST(struct named) nameds;
	LIST(struct count) counts;
	LIST(struct small) smalls;
	const struct json *raw;
};

static const struct json_word colors[] = { { "red", 1 }, { "black", 0 }, { "none", -5 }, { 0 } };

#define P(m) offsetof(struct point, m)
static const struct json_field point_fields[] = {
	{ "x", JK_I32, 0, JF_REQUIRED, P(x), NULL },
	{ "y", JK_I64, 0, JF_PTR, P(y), NULL },
	{ 0 },
};
static const struct json_type point_type = { sizeof(struct point), point_fields };

static const struct json_field named_fields[] = {
	{ "n", JK_U32, 0, 0, offsetof(struct named, n), NULL },
	{ 0 },
};
static const struct json_type named_type = { sizeof(struct named), named_fields };

#define A(m) offsetof(struct all, m)
static const struct json_field all_fields[] = {
	{ "yes", JK_BOOL, 0, 0, A(yes), NULL },
	{ "maybe", JK_BOOL, 0, JF_PTR, A(maybe), NULL },
	{ "name", JK_STR, 0, JF_REQUIRED, A(name), NULL },
	{ "color", JK_ENUM, 0, 0, A(color), colors },
	{ "shade", JK_ENUM, 0, JF_PTR, A(shade), colors },
	{ "u16", JK_U16, 0, 0, A(u16), NULL },
	{ "u32", JK_U32, 0, 0, A(u32), NULL },
	{ "pu32", JK_U32, 0, JF_PTR, A(pu32), NULL },
	{ "i32", JK_I32, 0, 0, A(i32), NULL },
	{ "u64", JK_U64, 0, 0, A(u64), NULL },
	{ "i64", JK_I64, 0, 0, A(i64), NULL },
	{ "at", JK_OBJ, 0, 0, A(at), &point_type },
	{ "to", JK_OBJ, 0, JF_PTR, A(to), &point_type },
	{ "words", JK_LIST, JK_STR, 0, A(words), NULL },
	{ "colors", JK_LIST, JK_ENUM, 0, A(colors), colors },
	{ "numbers", JK_LIST, JK_U32, 0, A(numbers), NULL },
	{ "points", JK_LIST, JK_OBJ, 0, A(points), &point_type },
	{ "pairs", JK_MAP, JK_STR, 0, A(pairs), NULL },
	{ "nameds", JK_MAP, JK_OBJ, 0, A(nameds), &named_type },
	{ "counts", JK_MAP, JK_U64, 0, A(counts), NULL },
	{ "smalls", JK_MAP, JK_U16, 0, A(smalls), NULL },
	{ "raw", JK_RAW, 0, 0, A(raw), NULL },
	{ 0 },
};
static const struct json_type all_type = { sizeof(struct all), all_fields };

/* ---- collecting faults ----------------------------------------------------------------------- */

struct seen {
	struct json_faults faults; /* first, so that a pointer to it is one to the whole */
	char text[4096];
	uint32_t off; /* of the last one */
	unsigned stop_after;
};

static int collect(struct json_faults *self, const struct json *at, const char *path,
		   const char *what)
{
	struct seen *s = (struct seen *)self;
	size_t len = strlen(s->text);

	snprintf(s->text + len, sizeof(s->text) - len, "%s%s|%s", len ? "\n" : "", path, what);
	s->off = at->off;
	return s->stop_after && self->count >= s->stop_after ? -1 : 0;
}

static struct all all;
static struct seen seen;

/* Binds a text; ' stands for " to keep the rows readable. */
static int bind(const char *s)
{
	static char text[1 << 15];
	struct json_error err;
	struct json *root;
	size_t len = strlen(s);

	arena_init(&arena, block, sizeof(block));
	for (size_t i = 0; i <= len; i++)
		text[i] = s[i] == '\'' ? '"' : s[i];
	root = json_parse(&arena, text, len, &err);
	if (!root) {
		printf("# bad test text: %s\n", err.what);
		exit(1);
	}
	memset(&all, 0, sizeof(all));
	seen.faults = (struct json_faults){ collect, 0 };
	seen.text[0] = '\0';
	return json_bind(&arena, root, &all_type, &all, &seen.faults);
}

/* ---- good values ----------------------------------------------------------------------------- */

static void test_scalars(void)
{
	ok(!bind("{'name':'n','yes':true,'maybe':false,'color':'red','shade':'none','u16':65535,"
		 "'u32':4294967295,'pu32':0,'i32':-2147483648,'u64':18446744073709551615,"
		 "'i64':-9223372036854775808}"),
	   "scalars at their limits are bound");
	ok(all.yes && all.maybe && !*all.maybe, "a truth value and a pointer to one");
	is_str(all.name, "n", "a string");
	ok(all.color == 1 && all.shade && *all.shade == -5, "a word and a pointer to one");
	ok(all.u16 == 65535 && all.u32 == UINT32_MAX && all.i32 == INT32_MIN &&
		   all.u64 == UINT64_MAX && all.i64 == INT64_MIN,
	   "integers keep their exact values");
	ok(all.pu32 && !*all.pu32, "a pointer to zero is not absence");
	ok(!bind("{'name':'','i32':2147483647,'i64':9223372036854775807,'color':'black'}"),
	   "signed integers at their upper limits are bound");
	ok(all.i32 == INT32_MAX && all.i64 == INT64_MAX && !*all.name,
	   "signed integers at their upper limits keep their values");
	ok(!all.maybe && !all.shade && !all.pu32 && !all.to && !all.words.at && !all.pairs.at &&
		   !all.raw,
	   "pointers of absent members stay NULL");
	ok(!bind("{'name':'n','maybe':null,'u32':null,'to':null,'words':null,'pairs':null,'at':"
		 "null}"),
	   "null is allowed for each optional member");
	ok(!all.maybe && !all.u32 && !all.to && !all.words.at && !all.pairs.at,
	   "null counts as absent");
	ok(!bind("{'x-vendor':{'name':7},'name':'n','Name':1}") && !strcmp(all.name, "n"),
	   "unknown members have no effect, and names must match in case");
	ok(!bind("{'u64':7,'name':'n','color':'red','yes':true}") && all.u64 == 7 && all.yes &&
		   all.color == 1,
	   "members may have another order than the rows");
}

static void test_containers(void)
{
	ok(!bind("{'name':'n','at':{'x':-1},'to':{'x':2,'y':-3},'words':['a','b\\n'],"
		 "'colors':['none','red'],'numbers':[7,8,9],'points':[{'x':1,'y':2},{'x':3}],"
		 "'pairs':{'k':'v','':''},'nameds':{'eth0':{'n':5},'eth1':{}},"
		 "'counts':{'a':18446744073709551615,'b':1},'smalls':{'s':1,'t':65535},"
		 "'raw':[1,{'x':null}]}"),
	   "objects, lists and maps are bound");
	ok(all.at.x == -1 && !all.at.y && all.to && all.to->x == 2 && *all.to->y == -3,
	   "an object and a pointer to one");
	ok(all.words.n == 2 && !strcmp(all.words.at[1], "b\n"), "a list of strings");
	ok(all.colors.n == 2 && all.colors.at[0] == -5 && all.colors.at[1] == 1, "a list of words");
	ok(all.numbers.n == 3 && all.numbers.at[0] == 7 && all.numbers.at[2] == 9,
	   "a list of numbers");
	ok(all.points.n == 2 && *all.points.at[0].y == 2 && all.points.at[1].x == 3 &&
		   !all.points.at[1].y,
	   "a list of objects");
	ok(all.pairs.n == 2 && !strcmp(all.pairs.at[0].key, "k") &&
		   !strcmp(all.pairs.at[0].value, "v") && !*all.pairs.at[1].key,
	   "a map of strings");
	ok(all.nameds.n == 2 && !strcmp(all.nameds.at[0].key, "eth0") && all.nameds.at[0].n == 5 &&
		   !strcmp(all.nameds.at[1].key, "eth1") && !all.nameds.at[1].n,
	   "a map of objects");
	ok(all.counts.n == 2 && all.counts.at[0].value == UINT64_MAX && all.counts.at[1].value == 1,
	   "a map of 64-bit numbers");
	ok(all.smalls.n == 2 && all.smalls.at[0].value == 1 && all.smalls.at[1].value == 65535,
	   "a map of 16-bit numbers");
	ok(all.raw && all.raw->type == JSON_ARRAY && all.raw->len == 2,
	   "JK_RAW gives the tree itself");
	ok(!bind("{'name':'n','words':[],'pairs':{}}") && all.words.at && !all.words.n &&
		   all.pairs.at && !all.pairs.n,
	   "an empty list is not NULL");
}

/* ---- faults ---------------------------------------------------------------------------------- */

static const struct {
	const char *text, *faults;
} faulty[] = {
	{ "{}", "name|is missing" },
	{ "{'name':null}", "name|is missing" },
	{ "[]", "|must be an object, not an array" },
	{ "null", "|must be an object, not null" },
	{ "{'name':7}", "name|must be a string, not 7" },
	{ "{'name':['x']}", "name|must be a string, not an array" },
	{ "{'name':{}}", "name|must be a string, not an object" },
	{ "{'name':'n','yes':'true'}", "yes|must be true or false, not the string \"true\"" },
	{ "{'name':'n','yes':1}", "yes|must be true or false, not 1" },
	{ "{'name':true}", "name|must be a string, not true" },
	{ "{'name':'n','color':'Red'}", "color|\"Red\" is not known: did you mean \"red\"?" },
	{ "{'name':'n','color':'re\\nd'}", "color|\"re?d\" is not known: did you mean \"red\"?" },
	{ "{'name':'n','color':1}", "color|must be a string, not 1" },
	{ "{'name':'n','u16':65536}", "u16|must be an integer from 0 to 65535, not 65536" },
	{ "{'name':'n','u32':-1}", "u32|must be an integer from 0 to 4294967295, not -1" },
	{ "{'name':'n','u32':4294967296}",
	  "u32|must be an integer from 0 to 4294967295, not 4294967296" },
	{ "{'name':'n','u32':'0'}",
	  "u32|must be an integer from 0 to 4294967295, not the string \"0\"" },
	{ "{'name':'n','u32':1.5}", "u32|must be an integer from 0 to 4294967295, not 1.5" },
	{ "{'name':'n','u32':1e3}", "u32|must be an integer from 0 to 4294967295, not 1e3" },
	{ "{'name':'n','u32':-0}", "u32|must be an integer from 0 to 4294967295, not -0" },
	{ "{'name':'n','pu32':false}", "pu32|must be an integer from 0 to 4294967295, not false" },
	{ "{'name':'n','i32':2147483648}",
	  "i32|must be an integer from -2147483648 to 2147483647, not 2147483648" },
	{ "{'name':'n','i32':-2147483649}",
	  "i32|must be an integer from -2147483648 to 2147483647, not -2147483649" },
	{ "{'name':'n','u64':18446744073709551616}",
	  "u64|must be an integer from 0 to 18446744073709551615, not 18446744073709551616" },
	{ "{'name':'n','i64':9223372036854775808}",
	  "i64|must be an integer from -9223372036854775808 to 9223372036854775807, not "
	  "9223372036854775808" },
	{ "{'name':'n','i64':-9223372036854775809}",
	  "i64|must be an integer from -9223372036854775808 to 9223372036854775807, not "
	  "-9223372036854775809" },
	{ "{'name':'n','words':'ls -l'}", "words|must be an array, not the string \"ls -l\"" },
	{ "{'name':'n','words':['a',null,3]}",
	  "words[1]|must be a string, not null\nwords[2]|must be a string, not 3" },
	{ "{'name':'n','colors':['red','blue']}",
	  "colors[1]|\"blue\" is not known: it takes red, black or none" },
	{ "{'name':'n','points':[{},{'x':'1'},[]]}",
	  "points[0].x|is missing\npoints[1].x|must be an integer from -2147483648 to 2147483647, "
	  "not the string \"1\"\npoints[2]|must be an object, not an array" },
	{ "{'name':'n','to':{'y':1}}", "to.x|is missing" },
	{ "{'name':'n','at':[]}", "at|must be an object, not an array" },
	{ "{'name':'n','pairs':{'io.k':1}}", "pairs.io.k|must be a string, not 1" },
	{ "{'name':'n','pairs':{'k':null}}", "pairs.k|must be a string, not null" },
	{ "{'name':'n','pairs':[]}", "pairs|must be an object, not an array" },
	{ "{'name':'n','nameds':{'e':{'n':-1}}}",
	  "nameds.e.n|must be an integer from 0 to 4294967295, not -1" },
	{ "{'name':'n','counts':{'e':'1'}}",
	  "counts.e|must be an integer from 0 to 18446744073709551615, not the string \"1\"" },
	{ "{'u16':-1,'yes':0}", "u16|must be an integer from 0 to 65535, not -1\n"
				"yes|must be true or false, not 0\nname|is missing" },
};

static void test_faults(void)
{
	for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
		unsigned n = 1;

		ok(bind(faulty[i].text) == -1, "fault: %s", faulty[i].text);
		is_str(seen.text, faulty[i].faults, "fault: %s: path and clause", faulty[i].text);
		for (const char *p = faulty[i].faults; *p; p++)
			n += *p == '\n';
		ok(seen.faults.count == n, "fault: %s: each is counted once", faulty[i].text);
	}
	bind("{'name':'n','points':[{'x':1},{'x':'1'}]}");
	ok(seen.off == 35, "the fault points at the value");
	bind("{'name':'n','points':[{'x':1},{'y':1}]}");
	ok(seen.off == 30, "the fault of a missing member points at its object");

	seen.stop_after = 2;
	ok(bind("{'yes':1,'u16':-1,'u32':-1}") == -1 && seen.faults.count == 2,
	   "binding stops when report returns -1");
	ok(bind("{'points':[{},{},{}],'words':[1,2]}") == -1 && seen.faults.count == 2,
	   "binding stops inside a list when report returns -1");
	seen.stop_after = 0;

	ok(bind("{'name':'n','u32':11111111111111111111111111111111111111111111111111}") == -1 &&
		   strlen(seen.text) < 90,
	   "a very long number is cut in the message");
}

/* A path that is longer than its buffer is cut. */
static void test_long_path(void)
{
	static char s[4096];
	size_t len = (size_t)snprintf(s, sizeof(s), "{'name':'n','pairs':{'");

	memset(s + len, 'k', 2000);
	strcpy(s + len + 2000, "':1}}");
	ok(bind(s) == -1 && strlen(seen.text) < 300 &&
		   strstr(seen.text, "|must be a string, not 1"),
	   "a very long path is cut");
	for (size_t i = 0; i < 999; i++)
		memcpy(s + len + 2 * i, "\xc3\xa9", 2);
	strcpy(s + len + 2 * 999, "':1}}");
	bind(s);
	ok(strstr(seen.text, "\xc3\xa9|must") != NULL, "a path is cut between UTF-8 characters");
	s[len] = 'k';
	strcpy(s + len + 1, strchr(seen.text, '.') + 1);
	strcpy(strchr(s + len, '|'), "\xc3\xa9\xc3\xa9':1}}");
	bind(s);
	ok(strstr(seen.text, "\xc3\xa9|must") != NULL,
	   "a path is cut between UTF-8 characters at another offset too");
}

static void test_numbers(void)
{
	/* clang-format off */
	static const char *const bad[] = {
		"", "-", "+1", "00", "01", "-0", "-01", "1.0", "1e3", " 1", "1 ", "0x1",
		"18446744073709551616", "99999999999999999999999" };
	/* clang-format on */
	uint64_t u;
	int64_t i;

	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		ok(!json_number_u64(bad[n], strlen(bad[n]), &u) &&
			   !json_number_i64(bad[n], strlen(bad[n]), &i),
		   "\"%s\" is not an integer", bad[n]);
	ok(json_number_u64("0", 1, &u) && u == 0, "\"0\" is an integer");
	ok(json_number_u64("42]", 2, &u) && u == 42, "only len bytes are read");
	ok(!json_number_u64("-1", 2, &u) && json_number_i64("-1", 2, &i) && i == -1,
	   "-1 is a signed integer, not an unsigned one");
	ok(json_word_value(colors, "black") == 0 && json_word_value(colors, "blac") == -1,
	   "json_word_value: -1 for an unknown word");
	is_str(json_word_name(colors, -5), "none", "json_word_name finds the word of a value");
	ok(!json_word_name(colors, 77), "json_word_name: NULL for an unknown value");
}

/* ---- without a tree -------------------------------------------------------------------------- */

struct flat {
	const char *id, *where;
	int32_t pid;
	uint64_t start;
	bool yes, no;
	LIST(struct json_pair) pairs, none;
};

#define F(m) offsetof(struct flat, m)
static const struct json_field flat_fields[] = {
	{ "id", JK_STR, 0, JF_REQUIRED, F(id), NULL },
	{ "where", JK_STR, 0, 0, F(where), NULL },
	{ "pid", JK_I32, 0, JF_ALWAYS, F(pid), NULL },
	{ "start", JK_U64, 0, 0, F(start), NULL },
	{ "yes", JK_BOOL, 0, 0, F(yes), NULL },
	{ "no", JK_BOOL, 0, JF_ALWAYS, F(no), NULL },
	{ "pairs", JK_MAP, JK_STR, 0, F(pairs), NULL },
	{ "none", JK_MAP, JK_STR, JF_ALWAYS | JF_DETAIL, F(none), NULL },
	{ 0 },
};
static const struct json_type flat_type = { sizeof(struct flat), flat_fields };

static const char written[] =
	"{\"id\":\"c-1\",\"where\":\"/a b\",\"pid\":-12,\"start\":"
	"18446744073709551615,\"yes\":true,\"no\":false,\"pairs\":{\"k\":\"v\","
	"\"l\":\"\"},\"none\":{}}";

static const char *flat_text(const struct flat *f)
{
	struct json_out o = { .arena = &arena };

	json_write(&o, &flat_type, f);
	return o.buf;
}

static int silent(struct json_faults *f, const struct json *at, const char *path, const char *what)
{
	return -1;
}

/* True if json_bind_written() gives what json_bind() gives, or fails and leaves text as it was. */
static bool quick_is_right(const char *text, size_t len, bool *taken)
{
	struct json_faults faults = { .report = silent };
	struct flat quick = { 0 }, slow = { 0 };
	char one[256], two[256];
	struct json_error err;
	struct json *tree;

	arena_init(&arena, block, sizeof(block));
	memcpy(one, text, len);
	memcpy(two, text, len);
	*taken = json_bind_written(&arena, one, len, &flat_type, &quick, false);
	if (!*taken)
		return !memcmp(one, two, len) && !quick.id && !quick.pairs.at && !quick.pid;
	tree = json_parse(&arena, two, len, &err);
	return tree && !json_bind(&arena, tree, &flat_type, &slow, &faults) &&
	       !strcmp(flat_text(&quick), flat_text(&slow));
}

/* A brief reading takes what comes before the first JF_DETAIL, and refuses a text that was cut. */
static bool brief(const char *text, struct flat *f)
{
	char copy[256];

	*f = (struct flat){ 0 };
	return json_bind_written(&arena, strcpy(copy, text), strlen(text), &flat_type, f, true);
}

static void test_brief(void)
{
	struct flat f;

	ok(brief(written, &f) && f.pairs.n == 2 && f.start == UINT64_MAX && !f.none.at,
	   "brief: all members before the first detail are read, and it is not");
	ok(brief("{\"id\":\"x\",\"none\":{\"k\":1},\"more\":{}}", &f) && !f.none.n,
	   "brief: what follows a detail is not read");
	ok(brief("{\"id\":\"x\"}", &f), "brief: without details");
	ok(!brief("{\"id\":\"x\",\"none\":{\"k\":\"k\"", &f) && !f.id &&
		   !brief("{\"id\":\"x\",\"none\":{\"k\":\"k\"}", &f) &&
		   !brief("{\"id\":\"x\",\"none\"}}", &f),
	   "brief: a text that was cut is refused");
	ok(!brief("{\"pid\":1,\"none\":{}}", &f), "brief: a required member must not be missing");
}

static void test_written(void)
{
	size_t len = strlen(written), wrong = 0;
	char text[256];
	bool taken;

	ok(quick_is_right(written, len, &taken) && taken,
	   "json_bind_written reads what json_write has written");
	ok(quick_is_right("{\"id\":\"x\"}", 10, &taken) && taken,
	   "json_bind_written: members may be missing");
	ok(quick_is_right("{\"pid\":1}", 9, &taken) && !taken,
	   "json_bind_written: a required member must not be missing");
	ok(quick_is_right("{\"id\":\"x\"} ", 11, &taken) && !taken,
	   "json_bind_written: nothing may follow the object");
	ok(quick_is_right("{\"id\":\"x\",\"pairs\":{\"k\":\"\",\"k\":\"v\"}}", 36, &taken) &&
		   !taken,
	   "json_bind_written: a duplicate key is refused");
	for (size_t i = 0; i <= len; i++)
		wrong += !quick_is_right(written, i, &taken);
	for (size_t i = 0; i < len; i++)
		for (int c = 0; c < 256; c++) {
			memcpy(text, written, len);
			text[i] = (char)c;
			wrong += !quick_is_right(text, len, &taken);
			memmove(text + i, written + i - (i > 0), len - i + (i > 0));
			wrong += !quick_is_right(text, len + (i > 0), &taken);
		}
	ok(!wrong,
	   "json_bind_written reads any other text as json_bind does, or leaves it as it was");
}

int main(void)
{
	test_scalars();
	test_written();
	test_brief();
	test_containers();
	test_faults();
	test_long_path();
	test_numbers();
	return done();
}
