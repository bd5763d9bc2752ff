/* near.c - how far two names are from each other, for "did you mean". */
/* SPDX-License-Identifier: MIT */
#include "json/json.h"

#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN 40 /* longer names are not compared */

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The number of edits that turn a into b. Exchanging two neighbours is one edit (optimal string
 * alignment). */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned char rows[3][NAME_MAX_LEN + 1];
	unsigned char *last = rows[0], *row = rows[1], *older = rows[2], *spare;

	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned char)j;
	for (size_t i = 1; i <= na; i++) {
		spare = older;
		older = last;
		last = row;
		row = spare;
		row[0] = (unsigned char)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned same = lower(a[i - 1]) == lower(b[j - 1]);
			unsigned d = least(last[j] + 1u, row[j - 1] + 1u);

			d = least(d, last[j - 1] + !same);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				d = least(d, older[j - 2] + 1u);
			row[j] = (unsigned char)d;
		}
	}
	return row[nb];
}

void json_near_offer(struct json_near *n, const char *candidate)
{
	size_t len = strlen(n->name), other = strlen(candidate), same = 0;
	unsigned d;

	if (!len || len > NAME_MAX_LEN || !other || other > NAME_MAX_LEN)
		return;
	/* KILL stands for CAP_KILL. */
	if (len < other && candidate[other - len - 1] == '_' &&
	    !strcasecmp(candidate + other - len, n->name))
		d = 0;
	else
		d = distance(n->name, len, candidate, other);
	/* A common beginning such as SCMP_ACT_ does not allow more edits. */
	while (same < len && n->name[same] == candidate[same])
		same++;
	if (d > 1 + (len - same) / 5 || d >= len || (n->best && d >= n->distance))
		return;
	n->best = candidate;
	n->distance = d;
}
