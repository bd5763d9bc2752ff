/* check_test.h - a table of rules, each with a document that breaks it and one that keeps it. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_OCI_CHECK_TEST_H
#define CORE_OCI_CHECK_TEST_H

#include "core/oci/oci.h"
#include "tests/tap.h"

/* Where the text of a case goes: on a line of its own, so that columns can be counted. */
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

/* JSON is written with ' for ", which no case needs itself. */
struct rule_case {
	const char *frame, *bad;
	const char *fault; /* all of the error, but for the file's name */
	const char *good;
};

static char rule_block[1 << 18];

static const char *rule_load(const char *frame, const char *text)
{
	struct oci_doc doc = { 0 };
	static struct arena a;
	char *json;

	arena_init(&a, rule_block, sizeof(rule_block));
	json = arena_printf(&a, frame, text);
	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	return oci_load_text(&a, "config.json", json, strlen(json), &doc) ? err_text() : "";
}

static inline void rule_cases(const struct rule_case *cases, size_t n)
{
	for (const struct rule_case *c = cases; c < cases + n; c++) {
		const char *got = rule_load(c->frame, c->bad);

		got += strncmp(got, "config.json:", 12) ? 0 : 12;
		is_str(got, c->fault, "refused: %s", c->bad);
		is_str(rule_load(c->frame, c->good), "", "accepted: %s", c->good);
	}
}

#endif
