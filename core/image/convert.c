/* convert.c - makes config.json of an image's config (image-spec: conversion.md). */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <stdlib.h>
#include <string.h>

/* The usual capabilities of containers of images, without mknod: programs that begin as root need
 * them to become another user. */
static const char *const image_caps[] = {
	"CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FSETID",	     "CAP_FOWNER",  "CAP_NET_RAW",
	"CAP_SETGID", "CAP_SETUID",	  "CAP_SETFCAP",     "CAP_SETPCAP", "CAP_NET_BIND_SERVICE",
	"CAP_KILL",   "CAP_SYS_CHROOT",	  "CAP_AUDIT_WRITE",
};

/* Sorts by key, and pairs of one key in the order of the list. */
static int pair_order(const void *a, const void *b)
{
	const struct json_pair *x = *(struct json_pair *const *)a,
			       *y = *(struct json_pair *const *)b;
	int order = strcmp(x->key, y->key);

	return order ? order : (x > y) - (x < y);
}

/*
 * Keeps the first pair of each key. Pairs without a value go, and pairs that the runtime acts on:
 * an image must not name CRIU's configuration or properties of a systemd unit. The pairs are
 * sorted, because a hostile image may have a million.
 */
static size_t first_pairs(struct arena *a, struct json_pair *all, size_t n)
{
	struct json_pair **sorted = arena_alloc(a, (n + 1) * sizeof(void *));
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (oci_annotation_acted(all[i].key))
			all[i].value = NULL;
		if (all[i].value && *all[i].value)
			sorted[kept++] = &all[i];
	}
	qsort(sorted, kept, sizeof(void *), pair_order);
	for (size_t i = 1; i < kept; i++)
		if (!strcmp(sorted[i]->key, sorted[i - 1]->key))
			sorted[i]->value = NULL;
	kept = 0;
	for (size_t i = 0; i < n; i++)
		if (all[i].value && *all[i].value)
			all[kept++] = all[i];
	return kept;
}

/* Returns the names of an object as "80/tcp,443/tcp". */
static const char *names_text(struct arena *a, const struct json *object)
{
	const struct json *first = object && object->type == JSON_OBJECT ? object->child : NULL;
	size_t len = 0;
	char *all, *end;

	for (const struct json *m = first; m; m = m->next)
		len += strlen(m->key) + 1;
	if (!len)
		return NULL;
	all = end = arena_alloc(a, len);
	for (const struct json *m = first; m; m = m->next) {
		end = stpcpy(end, m->key);
		*end++ = ',';
	}
	end[-1] = 0;
	return all;
}

/* Labels come first, so they win over the other pairs of one key. */
static void set_annotations(struct arena *a, const struct oci_image *image, struct oci_config *c)
{
	const struct image_config *from = &image->config;
	const struct json_pair rows[] = {
		{ "org.opencontainers.image.os", from->os },
		{ "org.opencontainers.image.architecture", from->architecture },
		{ "org.opencontainers.image.variant", from->variant },
		{ "org.opencontainers.image.author", from->author },
		{ "org.opencontainers.image.created", from->created },
		{ "org.opencontainers.image.stopSignal", from->config.stop_signal },
		{ "org.opencontainers.image.exposedPorts", names_text(a, from->config.ports) },
	};
	struct json_pair *all = arena_alloc(
		a, (from->config.labels.n + ARRAY_SIZE(rows) + image->manifest.annotations.n) *
			   sizeof(*all));
	size_t n = 0;

	list_each (label, from->config.labels)
		all[n++] = *label;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		all[n++] = rows[i];
	list_each (pair, image->manifest.annotations)
		all[n++] = *pair;
	c->annotations.at = all;
	c->annotations.n = first_pairs(a, all, n);
}

/* Each volume is a tmpfs that begins with what the image has there. */
static int add_volumes(struct arena *a, const struct json *volumes, struct oci_config *c)
{
	static const char *const words[] = { "nosuid", "nodev", "mode=0755", "tmpcopyup" };

	struct oci_mount *all;

	if (!volumes || volumes->type != JSON_OBJECT)
		return 0;
	all = arena_more(a, c->mounts.at, c->mounts.n, volumes->len, sizeof(*all));
	c->mounts.at = all;
	for (const struct json *m = volumes->child; m; m = m->next) {
		char *path = path_clean(a, m->key);
		struct oci_mount mount = { .destination = path,
					   .type = "tmpfs",
					   .source = "tmpfs" };

		if (*path != '/' || !path[1])
			return failx("the image's volume \"%s\" is not an absolute path", m->key);
		mount.options.at = (const char **)words;
		mount.options.n = ARRAY_SIZE(words);
		all[c->mounts.n++] = mount;
	}
	return 0;
}

static bool sets(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(entry, name, len) && entry[len] == '=';
}

static void set_env(struct arena *a, const struct image_settings *s, struct oci_process *p)
{
	const char **all = arena_alloc(a, (s->env.n + p->env.n + 1) * sizeof(*all));
	size_t n = 0;

	list_each (e, s->env)
		all[n++] = *e;
	/* The default document has PATH and TERM. */
	list_each (e, p->env) {
		const char *name = arena_strndup(a, *e, strcspn(*e, "="));
		bool there = false;

		for (size_t i = 0; i < s->env.n; i++)
			there |= sets(all[i], name);
		if (!there && (strcmp(name, "TERM") || p->terminal))
			all[n++] = *e;
	}
	p->env.at = all;
	p->env.n = n;
}

void image_args(struct arena *a, const struct oci_image *image, char **command,
		struct oci_process *p)
{
	const struct image_settings *s = &image->config.config;
	size_t own = 0, n = 0;
	const char **all;

	while (command && command[own])
		own++;
	all = arena_alloc(a, (s->entrypoint.n + s->cmd.n + own + 2) * sizeof(*all));
	list_each (word, s->entrypoint)
		all[n++] = *word;
	for (size_t i = 0; i < own; i++)
		all[n++] = command[i];
	if (!own)
		list_each (word, s->cmd)
			all[n++] = *word;
	/* The image has files alone. */
	if (!n)
		all[n++] = "sh";
	p->args.at = all;
	p->args.n = n;
}

static bool id_mapped(const oci_id_maps *maps, uint32_t id)
{
	return oci_host_id(maps, id) >= 0;
}

static int set_user(struct arena *a, const struct convert *how, struct oci_config *c)
{
	struct oci_user *user = &c->process->user;
	const struct oci_linux *l = c->linux;
	size_t n = 0;

	if (owners_user(a, how->root, how->image->config.config.user, user) < 0)
		return -1;
	list_each (gid, user->additional_gids)
		if (id_mapped(&l->gid_mappings, *gid))
			user->additional_gids.at[n++] = *gid;
	user->additional_gids.n = n;
	/* setgroups(2) is denied where an ordinary user maps only himself. */
	if (how->spec.rootless && userns_gives_up_groups(&l->gid_mappings))
		user->additional_gids.n = 0;
	if (id_mapped(&l->uid_mappings, user->uid) && id_mapped(&l->gid_mappings, user->gid))
		return 0;
	log_warn(
		"the image's user %u:%u is not mapped: the program runs as 0:0, which is your user",
		user->uid, user->gid);
	user->uid = user->gid = 0;
	return 0;
}

struct oci_config *image_convert(struct arena *a, const struct convert *how)
{
	const struct image_settings *s = &how->image->config.config;
	struct oci_config *c = oci_spec_config(a, &how->spec);
	struct oci_process *p = c->process;
	struct oci_capabilities *caps = arena_alloc(a, sizeof(*caps));

	c->root->readonly = false;
	p->terminal = false;
	if (how->uids && how->spec.rootless) {
		c->linux->uid_mappings = *how->uids;
		c->linux->gid_mappings = *how->gids;
	}
	caps->bounding.at = (const char **)image_caps;
	caps->bounding.n = ARRAY_SIZE(image_caps);
	memcpy(&caps->effective, &caps->bounding, sizeof(caps->bounding));
	memcpy(&caps->permitted, &caps->bounding, sizeof(caps->bounding));
	p->capabilities = caps;
	if (s->working_dir && *s->working_dir)
		p->cwd = *s->working_dir == '/' ? s->working_dir
						: arena_printf(a, "/%s", s->working_dir);
	set_env(a, s, p);
	set_annotations(a, how->image, c);
	image_args(a, how->image, how->command, p);
	if (set_user(a, how, c) < 0 || add_volumes(a, s->volumes, c) < 0)
		return NULL;
	return c;
}

#endif
