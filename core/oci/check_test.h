/* check_test.h - cases for rules: a text that breaks it, the error, and a text that obeys it. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_OCI_CHECK_TEST_H
#define CORE_OCI_CHECK_TEST_H

#include "core/oci/check.h"
#include "tests/tap.h"

#include <stdio.h>

/* The text of a case replaces %s. It has a line of its own, so that columns can be counted. */
#define DOC "{\n%s}"
#define UNVERSIONED "{'root':{'path':'r'},'process':{'cwd':'/','args':['x']},\n%s}"
#define TOP "{'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/','args':['x']},\n%s}"
#define PART "{'ociVersion':'1.0.0','root':{'path':'r'},'process':{\n%s}}"
#define PROCESS "{'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/','args':['x'],\n%s}}"
#define LINUX                                                                                      \
	"{'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/"                            \
	"','args':['x']},'linux':{\n%s}}"
#define MOUNTS                                                                                     \
	"{'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/','args':['x']},"            \
	"'linux':{'namespaces':[{'type':'mount'}]},'mounts':[\n%s]}"
#define SECCOMP                                                                                    \
	"{'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/','args':['x']},"            \
	"'linux':{'seccomp':{\n%s}}}"
#define RESOURCES                                                                                  \
	"{'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/','args':['x']},"            \
	"'linux':{'resources':{\n%s}}}"

/* In the texts ' stands for ". */
struct rule_case {
	const char *frame, *bad;
	const char *fault; /* the error without the name of the file */
	const char *good;
};

static char rule_block[1 << 18];
static struct arena rule_arena;

static inline char *rule_json(const char *frame, const char *text)
{
	char *json;

	arena_init(&rule_arena, rule_block, sizeof(rule_block));
	json = arena_printf(&rule_arena, frame, text);
	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	return json;
}

static inline const char *rule_load(const char *frame, const char *text)
{
	struct oci_doc doc = { 0 };
	char *json = rule_json(frame, text);

	return oci_load_text(&rule_arena, "config.json", json, strlen(json), &doc) ? err_text()
										   : "";
}

/* True if the fault is about a name: the path has it, and the value need not be shown. */
static inline bool rule_about_name(const char *fault)
{
	return strstr(fault, ": linux.sysctl.") || strstr(fault, ".unified.") ||
	       strstr(fault, "is missing") || strstr(fault, "before the =");
}

/* The sentence must have the value at LINE:COL of the fault, if it is a string or a number. */
static inline void rule_value(const struct rule_case *c, const char *fault)
{
	const char *json = rule_json(c->frame, c->bad);
	unsigned line = 0, col = 0;
	char value[64] = "";

	sscanf(fault, "%u:%u", &line, &col);
	while (line-- > 1)
		json = strchr(json, '\n') + 1;
	json += col - 1;
	if (*json == '"')
		sscanf(json + 1, "%60[^\"\\]", value);
	else
		sscanf(json, "%60[-.0-9]", value);
	if (*json == '"' && !*value)
		ok(rule_about_name(fault) || strstr(fault, "\"\"") || strstr(fault, "empty") ||
			   strstr(fault, "string  is not"),
		   "the error shows that the value is empty: %s", c->bad);
	else if (*value && !rule_about_name(fault))
		ok(strstr(fault, value), "the error shows the value %s: %s", value, fault);
}

static inline void rule_cases(const struct rule_case *cases, size_t n)
{
	for (const struct rule_case *c = cases; c < cases + n; c++) {
		const char *got = rule_load(c->frame, c->bad);

		got += strncmp(got, "config.json:", 12) ? 0 : 12;
		is_str(got, c->fault, "refused: %s", c->bad);
		rule_value(c, c->fault);
		is_str(rule_load(c->frame, c->good), "", "accepted: %s", c->good);
	}
}

static inline int rule_count(struct json_faults *f, const struct json *at, const char *path,
			     const char *what)
{
	return 0;
}

/* True if the rule finds a fault in the case. */
static inline bool rule_finds(check_rule *rule, const char *node, const struct rule_case *c)
{
	static const struct oci_linux no_linux;
	char *json = rule_json(c->frame, c->bad);
	struct oci_config config = { 0 };
	struct json_faults ignored = { .report = rule_count }, f = { .report = rule_count };
	struct json_error err;
	struct check k = { .arena = &rule_arena, .faults = &f, .base = "", .config = &config };

	k.tree = json_parse(&rule_arena, json, strlen(json), &err);
	json_bind(&rule_arena, k.tree, &oci_config_type, &config, &ignored);
	k.linux = config.linux ? config.linux : &no_linux;
	k.process = config.process;
	k.resources = k.linux->resources;
	k.mount = config.mounts.at;
	k.node = check_member(k.tree, node);
	rule(&k);
	return f.count;
}

/*
 * Each rule of the table must find a fault in one of the cases, all of which rule_value() checks.
 * node is the member that the rules are about: see struct check.
 */
static inline void rules_walk(check_rule *const *rules, const char *node,
			      const struct rule_case *cases, size_t n)
{
	for (size_t i = 0; rules[i]; i++) {
		size_t at = 0;

		if (rules[i] == check_nothing)
			continue; /* for builds without a part, which scripts/check-build tests */
		while (at < n && !rule_finds(rules[i], node, &cases[at]))
			at++;
		ok(at < n, "rule %zu of the table finds a fault in one of the cases", i + 1);
	}
}

#endif
