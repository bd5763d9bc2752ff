/* load_fuzz.c - any text is refused with an error of one line, or is a config that can be used. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/oci.h"

#include "tests/fuzz.h"
#include <sys/mman.h>

static void use(struct arena *a, const struct oci_config *c)
{
	struct json_out out = { .arena = a };
	struct oci_doc again = { 0 };

	/* A config that passes the rules must pass them again after it was written. */
	json_write(&out, &oci_config_type, c);
	if (oci_load_text(a, "config.json", out.buf, out.len, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_doc doc = { .keep_raw = true };
	struct arena a;
	char *text;

	if (size > 1 << 16)
		return 0;
	fuzz_begin(&a);
	text = arena_strndup(&a, (const char *)data, size);
	if (!oci_load_text(&a, "config.json", text, size, &doc)) {
		use(&a, &doc.config);
	} else if (strncmp(err_text(), "config.json:", 12) || strpbrk(err_text(), "\n\r\033")) {
		abort();
	}
	return 0;
}
