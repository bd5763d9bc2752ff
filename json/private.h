/* private.h - what the files of json/ share with each other only. */
/* SPDX-License-Identifier: MIT */
#ifndef JSON_PRIVATE_H
#define JSON_PRIVATE_H

#include "json/json.h"

/* ---- number.c -------------------------------------------------------------------------------- */

/* [-]digits from -min to max, in two's complement. False for any other form: "-0", "1e3", "1.0". */
bool json_number(const char *text, size_t len, uint64_t max, uint64_t min, uint64_t *out);

/* ---- path.c ---------------------------------------------------------------------------------- */

/* One step from a container to a child; steps are chained from the innermost to the root. */
struct json_step {
	const struct json_step *up;
	const char *key; /* member name, or NULL for an element */
	uint32_t index; /* of an element; JSON_NO_STEP: no child is being read */
};

#define JSON_NO_STEP UINT32_MAX

/* Longer paths are cut. Without long names, the paths of the OCI documents are much shorter. */
#define JSON_PATH_MAX 256

/* "linux.namespaces[1].type", "" for the root. */
void json_step_print(const struct json_step *last, char buf[JSON_PATH_MAX]);

/* Copies text into buf for a message: control characters become ?, and what does not fit is cut. */
size_t json_plain(char *buf, size_t size, const char *text);

/* ---- bind.c ---------------------------------------------------------------------------------- */

/* Any LIST(T): all of them have the same members in memory. */
struct json_any_list {
	void *at;
	size_t n;
};

/* The size of an element of a list or map. *value_at becomes the offset of the value after the
 * key. */
size_t json_stride(const struct json_field *f, size_t *value_at);

#endif
