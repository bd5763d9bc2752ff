/* manifest_fuzz.c - any text as an index, a manifest or a config, without a check of sums. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#include "tests/fuzz.h"

static int pass(struct json_faults *self, const struct json *at, const char *path, const char *what)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct json_type *const types[] = { &index_type, &manifest_type,
							 &image_config_type };
	struct json_faults faults = { .report = pass };
	union {
		struct image_index index;
		struct manifest manifest;
		struct image_config config;
	} out;
	struct oci_image image = { 0 };
	struct oci_process p = { 0 };
	struct json_error err;
	struct arena a;
	struct json *tree;
	char *text;
	size_t which;

	if (!size || size > 16384)
		return 0;
	fuzz_begin(&a);
	which = *data % 3;
	text = arena_strndup(&a, (const char *)data + 1, size - 1);
	tree = json_parse(&a, text, size - 1, &err);
	memset(&out, 0, sizeof(out));
	if (!tree || json_bind(&a, tree, types[which], &out, &faults) < 0)
		return 0;
	if (which == 2) {
		image.config = out.config;
		image_args(&a, &image, NULL, &p);
		must(p.args.n > 0);
	}
	return 0;
}
