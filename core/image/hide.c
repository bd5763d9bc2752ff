/* hide.c - removes files that a layer hides. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <string.h>

/* ---- the names that a layer has made, as a set of 64-bit sums -------------------------------- */

/* FNV-1a. An image with two names of one sum only damages itself. */
static uint64_t name_sum(ino_t dir, const char *name)
{
	uint64_t sum = 0xcbf29ce484222325ULL ^ (uint64_t)dir * 0x9e3779b97f4a7c15ULL;

	for (; *name; name++)
		sum = (sum ^ (unsigned char)*name) * 0x100000001b3ULL;
	return sum ? sum : 1;
}

static uint64_t *made_place(const struct made *m, uint64_t sum)
{
	size_t i = (sum ^ sum >> 32) & (m->room - 1);

	while (m->at[i] && m->at[i] != sum)
		i = (i + 1) & (m->room - 1);
	return &m->at[i];
}

bool made_has(const struct made *m, ino_t dir, const char *name)
{
	return m->room && *made_place(m, name_sum(dir, name));
}

void made_clear(struct made *m)
{
	if (m->room)
		memset(m->at, 0, m->room * sizeof(*m->at));
	m->n = 0;
}

void made_add(struct made *m, ino_t dir, const char *name)
{
	uint64_t sum = name_sum(dir, name), *place;

	if (m->n * 2 >= m->room) {
		struct made more = { m->a, NULL, m->n, m->room ? m->room * 2 : 1024 };

		more.at = arena_alloc(m->a, more.room * sizeof(*more.at));
		for (size_t i = 0; i < m->room; i++)
			if (m->at[i])
				*made_place(&more, m->at[i]) = m->at[i];
		*m = more;
	}
	place = made_place(m, sum);
	m->n += !*place;
	*place = sum;
}

/* ---- removing ------------------------------------------------------------------------------- */

static bool is_kept(const void *made, ino_t dir, const char *name)
{
	return made_has(made, dir, name);
}

int hide(int dir, ino_t ino, const char *name, const struct made *made)
{
	return remove_all(dir, ino, name, made ? is_kept : NULL, made);
}

int hide_children(int dir, const struct made *made)
{
	return remove_content(dir, is_kept, made);
}

#endif
