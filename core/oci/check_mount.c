/* check_mount.c - rules about mounts. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_option(const struct oci_mount *m, const char *word)
{
	size_t len = strlen(word);

	/* "idmap=uids=..." counts as "idmap". */
	list_each (o, m->options)
		if (*o && !strncmp(*o, word, len) && (!(*o)[len] || (*o)[len] == '='))
			return true;
	return false;
}

/* With such an option the type has no effect (config.md, "Mounts"). */
static bool is_bind(const struct oci_mount *m)
{
	return has_option(m, "bind") || has_option(m, "rbind");
}

static void needs_mountns(struct check *k)
{
	if (k->config->mounts.n && !check_has_ns(k, CLONE_NEWNS))
		check_say(check_at(k, "mounts"), "needs a mount namespace");
}

/* ---- one mount at a time: k->mount, with k->base "mounts[3]." -------------------------------- */

static void destination(struct check *k)
{
	const struct oci_mount *m = k->mount;
	if (!m->destination)
		return;
	if (!*m->destination)
		check_say(check_place(k, "destination"), "must not be empty");
	else if (!strcmp(path_clean(k->arena, m->destination), "/"))
		check_say(check_at(k, "destination"), "must not be the container's root itself");
}

/*
 * If a mount hides /proc/self/attr or /proc/sys, we would write to the wrong file. These files are
 * harmless, and lxcfs needs them. The destination may lead here by symbolic links, so core/kernel
 * checks the resolved path again.
 */
static const char *const below_proc[] = {
	"cpuinfo",
	"diskstats",
	"loadavg",
	"meminfo",
	"slabinfo",
	"stat",
	"swaps",
	"uptime",
	"sys/crypto/fips_enabled",
	"sys/kernel/ns_last_pid",
	NULL,
};

bool oci_mount_below_proc(const char *rest)
{
	for (const char *const *allowed = below_proc; *allowed; allowed++)
		if (!strcmp(rest, *allowed))
			return true;
	return false;
}

static void over_proc(struct check *k)
{
	const struct oci_mount *m = k->mount;
	const char *path = m->destination ? path_clean(k->arena, m->destination) : "";

	path += *path == '/';
	if (strncmp(path, "proc", 4) || (path[4] && path[4] != '/'))
		return;
	if (path[4] && !oci_mount_below_proc(path + 5))
		check_say(check_at(k, "destination"),
			  "cannot be mounted because it is inside /proc");
	if (!path[4] && !is_bind(m) && (!m->type || strcmp(m->type, "proc")))
		check_say(check_at(k, "type"), "must be proc on /proc");
}

static void has_bind_source(struct check *k)
{
	const struct oci_mount *m = k->mount;
	if (is_bind(m)) {
		if (!m->source)
			check_say(check_place(k, "source"), "is missing for a bind mount");
	} else if (m->type && !strcmp(m->type, "bind")) {
		check_say(check_at(k, "type"),
			  "is not a filesystem: the option bind or rbind is missing");
	}
}

static void bind_options(struct check *k)
{
	const struct oci_mount *m = k->mount;
	const char *near;

	if (!is_bind(m))
		return;
	list_each (o, m->options) {
		if (!*o || oci_mount_word(*o))
			continue;
		near = oci_mount_near(*o);
		check_say(check_at(k, "options[%zu]", o - m->options.at),
			  "is not an option of bind mounts: bind mounts cannot have any "
			  "filesystem-specific options applied%s%s%s",
			  near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
}

static void idmap(struct check *k)
{
	const struct oci_mount *m = k->mount;
	bool uids = m->uid_mappings.n, gids = m->gid_mappings.n;

	check_id_maps(k, "uidMappings", &m->uid_mappings);
	check_id_maps(k, "gidMappings", &m->gid_mappings);
	if (uids != gids)
		check_say(check_at(k, uids ? "gidMappings" : "uidMappings"),
			  "is missing: id-mapped mounts need both uid and gid mappings");
	if (!is_bind(m) && (uids || gids || has_option(m, "idmap") || has_option(m, "ridmap")))
		check_say(check_at(k, uids   ? "uidMappings"
				      : gids ? "gidMappings"
					     : "options"),
			  "id-mapped mounts are only supported for bind mounts");
}

static bool same_maps(const oci_id_maps *a, const oci_id_maps *b)
{
	return a->n == b->n && !memcmp(a->at, b->at, a->n * sizeof(*a->at));
}

/* settle_idmap() has made mappings of the option, unless the mount had others already. */
static void idmap_text(struct check *k)
{
	const struct oci_mount *m = k->mount;
	list_each (o, m->options) {
		struct oci_mount said = { 0 };
		const char *what;

		if (!*o || !oci_idmap_word(*o))
			continue;
		what = oci_idmap_text(k->arena, *o, k->linux, &said);
		if (!what && (!same_maps(&said.uid_mappings, &m->uid_mappings) ||
			      !same_maps(&said.gid_mappings, &m->gid_mappings)))
			what = "differs from the mappings that the mount has already";
		if (what)
			check_say(check_at(k, "options[%zu]", o - m->options.at), "%s", what);
	}
}

/* A mount with idmap and without mappings takes those of the container. */
static void idmap_from_userns(struct check *k)
{
	const struct oci_mount *m = k->mount;
	if (!is_bind(m) || m->uid_mappings.n || m->gid_mappings.n || check_has_ns(k, CLONE_NEWUSER))
		return;
	list_each (o, m->options)
		if (*o && (!strcmp(*o, "idmap") || !strcmp(*o, "ridmap")))
			check_say(check_at(k, "options[%zu]", o - m->options.at),
				  "needs uidMappings and gidMappings, or a user namespace to take "
				  "them from");
}

/* Options and types that this build lacks. */
static void mount_built(struct check *k)
{
	const struct oci_mount *m = k->mount;

	if (!WITH_USERNS && (has_option(m, "idmap") || has_option(m, "ridmap")))
		check_say(check_at(k, "options"), NOT_BUILT("WITH_USERNS", "user namespaces"));
	if (!WITH_OVERLAY && has_option(m, "tmpcopyup"))
		check_say(check_at(k, "options"), NOT_BUILT("WITH_OVERLAY", "tmpcopyup"));
	if (!WITH_CGROUP && m->type && !strncmp(m->type, "cgroup", 6) && !is_bind(m))
		check_say(check_at(k, "type"), NOT_BUILT("WITH_CGROUP", "cgroups"));
}

static void symlink_words(struct check *k)
{
	const struct oci_mount *m = k->mount;
	if (has_option(m, "copy-symlink") && has_option(m, "src-nofollow"))
		check_say(check_at(k, "options"),
			  "copy-symlink and src-nofollow exclude each other");
}

/* The kernel would fail with EINVAL only, which does not name the option. */
static void owner_options(struct check *k)
{
	const struct oci_mount *m = k->mount;
	static const struct {
		const char *word;
		size_t maps;
	} rows[] = { { "uid=", offsetof(struct oci_linux, uid_mappings) },
		     { "gid=", offsetof(struct oci_linux, gid_mappings) } };

	if (is_bind(m))
		return;
	list_each (o, m->options)
		for (size_t i = 0; *o && i < ARRAY_SIZE(rows); i++) {
			const oci_id_maps *maps =
				(const oci_id_maps *)((const char *)k->linux + rows[i].maps);

			if (!strncmp(*o, rows[i].word, 4) &&
			    oci_host_id(maps, strtoul(*o + 4, NULL, 10)) < 0)
				check_say(check_at(k, "options[%zu]", o - m->options.at),
					  "is not in linux.%cidMappings", **o);
		}
}

check_rule *const check_one_mount_rules[] = {
	destination, /* a destination is not empty, and not the root */
	over_proc, /* on /proc only proc, below it only a few files */
	has_bind_source, /* a bind has a source; the type bind needs the option bind */
	bind_options, /* a bind has no options of a filesystem */
	WITH_RULE(WITH_USERNS,
		  idmap_text), /* mappings in an option can be read, and are the only ones */
	WITH_RULE(WITH_USERNS, idmap), /* an id-mapped mount is a bind and has both mappings, */
	WITH_RULE(WITH_USERNS, idmap_from_userns), /* or neither, and a user namespace */
	WITH_RULE(WITH_USERNS, owner_options), /* uid= and gid= are ids of the user namespace */
	WITH_RULE(!(WITH_USERNS && WITH_OVERLAY && WITH_CGROUP),
		  mount_built), /* this build has what the mount needs */
	symlink_words, /* copy-symlink and src-nofollow exclude each other */
	NULL,
};

static void each(struct check *k)
{
	const char *base = k->base;
	char here[40];

	k->base = here;
	list_each (m, k->config->mounts) {
		snprintf(here, sizeof(here), "mounts[%zu].", m - k->config->mounts.at);
		k->mount = m;
		check_run(k, check_one_mount_rules);
	}
	k->base = base;
}

check_rule *const check_mount_rules[] = {
	needs_mountns, /* mounts need a mount namespace */
	each,
	NULL,
};
