/* external.c - mounts and namespaces from outside, which CRIU does not save. */
/* SPDX-License-Identifier: MIT */
#include "core/criu/criu.h"

#include <limits.h>
#include <string.h>

int criu_add_mount(struct arena *a, struct criu_opts *o, const char *key, const char *val)
{
	/* CRIU writes "mnt[KEY]:VAL" and takes the first "]:" for the end of the key. The shorter
	 * key may be that of another mount. */
	if (strstr(key, "]:"))
		return failx("%s: a mount at a path with \"]:\" in it cannot be checkpointed", key);
	list_each (have, o->mounts)
		if (!strcmp(have->key, key))
			return strcmp(have->val, val) ? failx("%s: two mounts are there, which a "
							      "restore cannot distinguish",
							      key)
						      : 0;
	o->mounts.at =
		arena_grow(a, o->mounts.at, o->mounts.n, &o->mounts_room, sizeof(*o->mounts.at));
	o->mounts.at[o->mounts.n++] = (struct criu_pair){ key, val };
	return 0;
}

int criu_mount_binds(struct arena *a, const struct oci_doc *doc, const struct oci_mount *m)
{
	struct mount_opts opts;

	mountopt_parse(a, m, &opts);
	if (m->uid_mappings.n || opts.idmap || opts.ridmap) {
		failx("an id-mapped mount cannot be checkpointed: CRIU would restore it without "
		      "its map");
		return oci_fail_at(doc, "mounts[%zu]", (size_t)(m - doc->config.mounts.at));
	}
	return !strcmp(m->type ? m->type : "", "bind") || opts.flags & MS_BIND;
}

const char *criu_path_inside(struct arena *a, int fd, const char *root)
{
	char link[FD_PATH_MAX], *real = arena_alloc(a, PATH_MAX);
	ssize_t n = readlink(path_of_fd(link, fd), real, PATH_MAX - 1);
	size_t skip = strlen(root);

	if (n < 0 || strncmp(real, root, skip) != 0 || (skip && real[skip] && real[skip] != '/')) {
		failx("the path of a mount in the container cannot be found");
		return NULL;
	}
	return real[skip] ? real + skip : "/";
}

int criu_add_devices(struct arena *a, struct criu_opts *o, const struct oci_config *c)
{
	static const char *const usual[] = { "/dev/null",   "/dev/zero",    "/dev/full",
					     "/dev/random", "/dev/urandom", "/dev/tty" };

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (criu_add_mount(a, o, usual[i], usual[i]) < 0)
			return -1;
	list_each (d, c->linux->devices)
		if (criu_add_mount(a, o, d->path, d->path) < 0)
			return -1;
	return 0;
}

const char *criu_ns_key(int type)
{
	return type == CLONE_NEWNET ? "extRootNetNS" : type == CLONE_NEWPID ? "extRootPidNS" : NULL;
}

int criu_needs_ns(int version, int type)
{
	return type == CLONE_NEWNET ? criu_needs(version, 31100, "a network namespace by path")
				    : criu_needs(version, 31500, "a pid namespace by path");
}

int criu_can(struct arena *a, const struct oci_doc *doc, const char *root)
{
	const char *overlay = oci_annotation(&doc->config, OCI_ANNOTATION_OVERLAY);
	struct stat st;

	if (overlay && oci_annotation_size(overlay) > 0)
		return failx("a container with an overlay cannot be checkpointed: what was written "
			     "would be missing");
	if (!stat(root, &st) && !S_ISDIR(st.st_mode))
		return failx("a container whose root is an image cannot be checkpointed");
	list_each (m, doc->config.mounts)
		if (criu_mount_binds(a, doc, m) < 0)
			return -1;
	return 0;
}
