/* idmap.c - mappings of ids, also in the mount option that podman writes and crun reads. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"

#include <string.h>

/* The first id of the host for size ids of the container, -1 if no range has them all. */
static int64_t host_range(const oci_id_maps *maps, uint32_t id, uint32_t size)
{
	if (!maps->n)
		return id;
	list_each (m, *maps)
		if (id >= m->container_id && id - m->container_id < m->size)
			return size <= m->size - (id - m->container_id)
				       ? (int64_t)m->host_id + (id - m->container_id)
				       : -1;
	return -1;
}

int64_t oci_host_id(const oci_id_maps *maps, uint32_t id)
{
	return host_range(maps, id, 1);
}

/*
 * "idmap=uids=0-1000-10#10-3000-5;gids=@0-0-1": each range has the first id on the filesystem, the
 * id that the mount shows for it, and the number of ids. After "@" the second is of the container.
 */

bool oci_idmap_word(const char *option)
{
	return !strncmp(option, "idmap=", 6) || !strncmp(option, "ridmap=", 7);
}

#define RANGE "must be ranges such as 0-1000-1, with # between them"

static const char *end_of(const char *s, char sign)
{
	return s + strcspn(s, (char[]){ sign, 0 });
}

/* Reads a number that sign follows, or that ends at end if sign is 0. */
static bool map_number(const char **at, const char *end, char sign, uint32_t *out)
{
	const char *stop = sign ? memchr(*at, sign, end - *at) : end;
	uint64_t n;

	if (!stop || !json_number_u64(*at, stop - *at, &n) || n > UINT32_MAX)
		return false;
	*out = n;
	*at = stop + (sign != 0);
	return true;
}

static const char *ranges(struct arena *a, const char *at, const oci_id_maps *container,
			  oci_id_maps *out)
{
	size_t room = 1;

	for (const char *c = at; *c && *c != ';'; c++)
		room += *c == '#';
	out->at = arena_alloc(a, (room + 1) * sizeof(*out->at));
	out->n = 0;
	for (;;) {
		const char *end = at + strcspn(at, "#;");
		struct oci_id_map *m = &out->at[out->n++];
		bool relative = *at == '@';
		int64_t host;

		at += relative;
		if (!map_number(&at, end, '-', &m->container_id) ||
		    !map_number(&at, end, '-', &m->host_id) || !map_number(&at, end, 0, &m->size))
			return RANGE;
		/* The mapping of a mount needs the ids of the host. One range of the container
		 * must have them all: only then do they follow each other there. */
		host = relative ? host_range(container, m->host_id, m->size) : m->host_id;
		if (host < 0)
			return "has @ before ids that are not in one range of linux's mappings";
		m->host_id = host;
		if (*end != '#')
			return NULL;
		at = end + 1;
	}
}

const char *oci_idmap_text(struct arena *a, const char *option, const struct oci_linux *linux,
			   struct oci_mount *m)
{
	const char *part = end_of(option, '=');
	const char *what = NULL;

	for (; !what && *part; part = end_of(part, ';')) {
		part++;
		if (!strncmp(part, "uids=", 5) && !m->uid_mappings.n)
			what = ranges(a, part + 5, &linux->uid_mappings, &m->uid_mappings);
		else if (!strncmp(part, "gids=", 5) && !m->gid_mappings.n)
			what = ranges(a, part + 5, &linux->gid_mappings, &m->gid_mappings);
		else
			what = "must be uids=RANGES;gids=RANGES, each once";
	}
	if (!what && (!m->uid_mappings.n || !m->gid_mappings.n))
		what = "needs both uids= and gids=";
	return what;
}
