/* annot_test.c - sizes and truth values of annotations. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/oci.h"
#include "tests/tap.h"

static const struct {
	const char *text;
	int64_t bytes; /* -1: not a size */
} sizes[] = {
	{ "4096", 4096 },     { "64k", 65536 },
	{ "64m", 64 << 20 },  { "64MiB", 64 << 20 },
	{ "64mb", 64 << 20 }, { "1b", 1 },
	{ "true", 64 << 20 }, { "false", 0 },
	{ "0", -1 },	      { "-1", -1 },
	{ "", -1 },	      { "m", -1 },
	{ "1 m", -1 },	      { "1q", -1 },
	{ "1mm", -1 },	      { "9223372036854775807k", -1 },
	{ "1.5m", -1 },
};

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		ok(oci_annotation_size(sizes[i].text) == sizes[i].bytes, "size \"%s\"",
		   sizes[i].text);
	ok(oci_annotation_bool("true") == 1, "the truth value \"true\"");
	ok(oci_annotation_bool("false") == 0, "the truth value \"false\"");
	ok(oci_annotation_bool("yes") == -1, "\"yes\" is not a truth value");
	return done();
}
