/* annot.c - annotations that this runtime acts on, and the sizes in them. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/oci.h"

#include <string.h>
#include <strings.h>

bool oci_size(const char *text, int64_t *bytes)
{
	static const char units[] = "bkmgtp";
	size_t digits = strspn(text, "-0123456789");
	const char *unit, *rest = text + digits;
	unsigned shift = 0;
	int64_t n;

	if (!json_number_i64(text, digits, &n))
		return false;
	if (*rest) {
		unit = strchr(units, *rest | 0x20);
		if (!unit || n < 0 ||
		    (rest[1] && strcasecmp(rest + 1, "b") && strcasecmp(rest + 1, "ib")))
			return false;
		shift = 10 * (unit - units);
		if (n > INT64_MAX >> shift)
			return false;
	}
	*bytes = (int64_t)((uint64_t)n << shift);
	return true;
}

/* A name that ends in a dot stands for all names that begin with it. */
const char *const oci_annotations_acted[] = { "bundle",	     "org.criu.config",
					      "org.ocibox.", "org.systemd.property.",
					      "run.oci.",    NULL };

bool oci_annotation_acted(const char *key)
{
	for (const char *const *at = oci_annotations_acted; *at; at++) {
		size_t len = strlen(*at);

		if (!strncmp(key, *at, len) && ((*at)[len - 1] == '.' || !key[len]))
			return true;
	}
	return false;
}

const char *oci_annotation(const struct oci_config *c, const char *key)
{
	list_each (pair, c->annotations)
		if (!strcmp(pair->key, key))
			return pair->value;
	return NULL;
}

int oci_annotation_bool(const char *value)
{
	return !strcmp(value, "true") ? 1 : !strcmp(value, "false") ? 0 : -1;
}

int64_t oci_annotation_size(const char *value)
{
	int64_t bytes;
	int on = oci_annotation_bool(value);

	if (on >= 0)
		return on ? OCI_OVERLAY_DEFAULT : 0;
	if (!WITH_OVERLAY) /* any size is refused later */
		return 1;
	return oci_size(value, &bytes) && bytes > 0 ? bytes : -1;
}
