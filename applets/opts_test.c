/* opts_test.c - the option parser: every form of argument, every refusal. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"
#include "tests/tap.h"

struct globals globals = { .applet = "runc" };
struct arena arena;

struct all {
	bool flag, other;
	const char *str, *may;
	struct opt_list list;
	long num;
	int count;
};

#define AT(field) offsetof(struct all, field)
static const struct opt rows[] = {
	{ "flag", 'f', OPT_FLAG, AT(flag), NULL, "" },
	{ "other", 'o', OPT_FLAG, AT(other), NULL, "" },
	{ "str", 's', OPT_STR, AT(str), "S", "" },
	{ "env", 'e', OPT_LIST, AT(list), "E", "" },
	{ "num", 'n', OPT_INT, AT(num), "N", "" },
	{ "verbose", 'v', OPT_COUNT, AT(count), NULL, "" },
	{ "may", 0, OPT_MAYBE, AT(may), "M", "" },
	{ "old", 0, OPT_IGNORED, 0, NULL, "" },
	{ "older", 0, OPT_IGNORED_STR, 0, "X", "" },
	{ "", 'Z', OPT_FLAG, AT(other), NULL, "" },
	{ NULL },
};

static struct applet verb = {
	.name = "verb", .opts = rows, .opts_size = sizeof(struct all), .args_max = -1
};
static struct all got;
static char *args[32], **argv;
static int argc;

/* A line of words, as a shell would split it. Returns what opts_parse does. */
static int parse(const char *line)
{
	static char text[512];

	memset(&got, 0, sizeof(got));
	snprintf(text, sizeof(text), "%s", line);
	argc = 0;
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		args[argc++] = w;
	args[argc] = NULL;
	argv = args;
	return opts_parse(&verb, &got, &argc, &argv);
}

static bool positionals(const char *want)
{
	char have[512] = "";

	for (int i = 0; i < argc; i++)
		snprintf(have + strlen(have), sizeof(have) - strlen(have), "%s%s", i ? " " : "",
			 argv[i]);
	return !strcmp(have, want) && !argv[argc];
}

static void test_forms(void)
{
	ok(parse("--str v") == 0 && !strcmp(got.str, "v"), "--x v");
	ok(parse("--str=v") == 0 && !strcmp(got.str, "v"), "--x=v");
	ok(parse("-s v") == 0 && !strcmp(got.str, "v"), "-x v");
	ok(parse("-s=v") == 0 && !strcmp(got.str, "v"), "-x=v");
	ok(parse("-str v") == 0 && !strcmp(got.str, "v"), "-name v");
	ok(parse("-str=v") == 0 && !strcmp(got.str, "v"), "-name=v");
	ok(parse("--s v") == 0 && !strcmp(got.str, "v"), "--x with one letter");
	ok(parse("-s/v") == 0 && !strcmp(got.str, "/v"), "-xVALUE");
	ok(parse("--str=") == 0 && !strcmp(got.str, ""), "an empty value is a value");
	ok(parse("--str=a=b") == 0 && !strcmp(got.str, "a=b"), "only the first = counts");
	ok(parse("--str -f") == 0 && !strcmp(got.str, "-f") && !got.flag,
	   "a value may look like an option");
	ok(parse("--str a --str b") == 0 && !strcmp(got.str, "b"), "the last one wins");
	ok(parse("-n -1") == 0 && got.num == -1, "a negative number");
	ok(parse("-e A=1 --env B=2 -eC=3") == 0 && got.list.n == 3 &&
		   !strcmp(got.list.at[2], "C=3"),
	   "a list keeps all of them in order");
	ok(parse("--old --older x p") == 0 && positionals("p"),
	   "ignored options are accepted, with their value");
	ok(parse("-Z") == 0 && got.other, "a row may have only a letter");
}

static void test_flags(void)
{
	ok(parse("--flag") == 0 && got.flag, "a flag");
	ok(parse("--flag=false") == 0 && !got.flag, "--flag=false");
	ok(parse("-f --flag=0") == 0 && !got.flag, "a later =0 unsets a flag");
	ok(parse("-f=T") == 0 && got.flag, "-f=T");
	ok(parse("--flag false") == 0 && got.flag && positionals("false"),
	   "the word after a flag is a positional");
	ok(parse("-vvf") == 0 && got.count == 2 && got.flag, "several letters in one word");
	ok(parse("-vsX") == 0 && got.count == 1 && !strcmp(got.str, "X"),
	   "the last letter of a word may have a value");
	ok(parse("-v --verbose -verbose") == 0 && got.count == 3,
	   "OPT_COUNT counts every form of the option");
	ok(parse("-h") == 1 && parse("--help") == 1 && parse("x -help") == 1,
	   "-h, --help and -help ask for help");
	ok(parse("--help=false x") == 0, "--help=false does not ask for help");
}

static void test_positionals(void)
{
	ok(parse("a --flag b -s c d") == 0 && got.flag && positionals("a b d"),
	   "options between positionals");
	ok(parse("a -- --flag -s") == 0 && !got.flag && positionals("a --flag -s"),
	   "-- ends the options");
	ok(parse("- a") == 0 && positionals("- a"), "a dash alone is a positional");
	ok(parse("") == 0 && positionals(""), "an empty command line has no positionals");
	verb.stop_at_positional = true;
	ok(parse("-f a --flag -s") == 0 && positionals("a --flag -s"),
	   "options after the first positional belong to the payload");
	ok(parse("a -- b") == 0 && positionals("a -- b"),
	   "a -- after the first positional belongs to the payload");
	ok(parse("-- -a b") == 0 && positionals("-a b"),
	   "a -- before the first positional is removed");
	verb.stop_at_positional = false;
}

struct bad {
	const char *line, *text;
};

static void test_refusals(void)
{
	static const struct bad bad[] = {
		{ "--nope", "flag provided but not defined: -nope" },
		{ "-nope=1", "flag provided but not defined: -nope" },
		{ "--flags", "flag provided but not defined: -flags (did you mean --flag?)" },
		{ "--fla", "flag provided but not defined: -fla (did you mean --flag?)" },
		{ "-x", "flag provided but not defined: -x" },
		{ "-stz", "flag provided but not defined: -stz (did you mean --str?)" },
		{ "-vx", "flag provided but not defined: -vx" },
		{ "a --str", "flag needs an argument: -str" },
		{ "-s", "flag needs an argument: -str" },
		{ "--num x", "invalid value \"x\" for flag -num: parse error" },
		{ "--num=", "invalid value \"\" for flag -num: parse error" },
		{ "--num 1.5", "invalid value \"1.5\" for flag -num: parse error" },
		{ "--num 0x10", "invalid value \"0x10\" for flag -num: parse error" },
		{ "--num 9223372036854775808",
		  "invalid value \"9223372036854775808\" for flag -num: parse error" },
		{ "--flag=maybe", "invalid boolean value \"maybe\" for -flag: parse error" },
		{ "---flag", "bad flag syntax: ---flag" },
		{ "-=x", "bad flag syntax: -=x" },
		{ "--=x", "bad flag syntax: --=x" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ok(parse(bad[i].line) == -1, "refused: %s", bad[i].line);
		is_str(err_text(), bad[i].text, "the message is: %s", bad[i].text);
	}
	ok(parse("-vx") == -1 && got.count == 0,
	   "a word with a wrong letter stores none of its letters");
}

static void test_counts(void)
{
	verb.args_min = verb.args_max = 1;
	ok(parse("a") == 0, "one argument is accepted where one is required");
	parse("");
	is_str(err_text(), "runc: \"verb\" requires exactly 1 argument(s)",
	       "no argument is refused where one is required");
	parse("a b");
	is_str(err_text(), "runc: \"verb\" requires exactly 1 argument(s)",
	       "two arguments are refused where one is required");
	verb.args_max = 2;
	ok(parse("a") == 0 && parse("a b") == 0,
	   "one and two arguments are accepted where one or two are");
	parse("");
	is_str(err_text(), "runc: \"verb\" requires a minimum of 1 argument(s)",
	       "too few arguments are refused");
	parse("a b c");
	is_str(err_text(), "runc: \"verb\" requires a maximum of 2 argument(s)",
	       "too many arguments are refused");
}

static void test_maybe(void)
{
	parse("--may a -- b c");
	is_str(got.may, "", "an option with a value that may be missing takes no argument");
	ok(positionals("a b c") && opts_dashes() == 1, "one positional came before --");
	parse("--may=7m a");
	is_str(got.may, "7m", "a value that may be missing comes after =");
	ok(opts_dashes() == -1, "a line without -- is reported as such");
}

int main(void)
{
	static char block[64 << 10];

	arena_init(&arena, block, sizeof(block));
	test_forms();
	test_flags();
	test_positionals();
	test_refusals();
	test_counts();
	test_maybe();
	return done();
}
