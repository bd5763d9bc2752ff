/* manifest.c - reads indexes, manifests and configs of images, and chooses an image. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <string.h>

#define NAME_ANNOTATION "org.opencontainers.image.ref.name"
#define CONTAINERD_NAME "io.containerd.image.name"

/* ---- rows ----------------------------------------------------------------------------------- */

#define AT(member) offsetof(struct platform, member)
static const struct json_field platform_fields[] = {
	{ "os", JK_STR, 0, JF_ALWAYS, AT(os), NULL },
	{ "architecture", JK_STR, 0, JF_ALWAYS, AT(architecture), NULL },
	{ "variant", JK_STR, 0, 0, AT(variant), NULL },
	{ 0 },
};
#undef AT
static const struct json_type platform_type = { sizeof(struct platform), platform_fields };

#define AT(member) offsetof(struct descriptor, member)
static const struct json_field descriptor_fields[] = {
	{ "mediaType", JK_STR, 0, 0, AT(media_type), NULL },
	{ "digest", JK_STR, 0, JF_REQUIRED, AT(digest), NULL },
	{ "size", JK_U64, 0, JF_REQUIRED, AT(size), NULL },
	{ "platform", JK_OBJ, 0, JF_PTR, AT(platform), &platform_type },
	{ "annotations", JK_MAP, JK_STR, 0, AT(annotations), NULL },
	{ 0 },
};
#undef AT
static const struct json_type descriptor_type = { sizeof(struct descriptor), descriptor_fields };

#define AT(member) offsetof(struct image_index, member)
static const struct json_field index_fields[] = {
	{ "schemaVersion", JK_U32, 0, 0, AT(schema), NULL },
	{ "mediaType", JK_STR, 0, 0, AT(media_type), NULL },
	{ "manifests", JK_LIST, JK_OBJ, JF_REQUIRED, AT(manifests), &descriptor_type },
	{ 0 },
};
#undef AT
const struct json_type index_type = { sizeof(struct image_index), index_fields };

#define AT(member) offsetof(struct manifest, member)
static const struct json_field manifest_fields[] = {
	{ "schemaVersion", JK_U32, 0, JF_ALWAYS, AT(schema), NULL },
	{ "mediaType", JK_STR, 0, 0, AT(media_type), NULL },
	{ "config", JK_OBJ, 0, JF_REQUIRED, AT(config), &descriptor_type },
	{ "layers", JK_LIST, JK_OBJ, JF_REQUIRED, AT(layers), &descriptor_type },
	{ "annotations", JK_MAP, JK_STR, 0, AT(annotations), NULL },
	{ 0 },
};
#undef AT
const struct json_type manifest_type = { sizeof(struct manifest), manifest_fields };

#define AT(member) offsetof(struct image_settings, member)
static const struct json_field settings_fields[] = {
	{ "User", JK_STR, 0, 0, AT(user), NULL },
	{ "ExposedPorts", JK_RAW, 0, 0, AT(ports), NULL },
	{ "Env", JK_LIST, JK_STR, 0, AT(env), NULL },
	{ "Entrypoint", JK_LIST, JK_STR, 0, AT(entrypoint), NULL },
	{ "Cmd", JK_LIST, JK_STR, 0, AT(cmd), NULL },
	{ "Volumes", JK_RAW, 0, 0, AT(volumes), NULL },
	{ "WorkingDir", JK_STR, 0, 0, AT(working_dir), NULL },
	{ "Labels", JK_MAP, JK_STR, 0, AT(labels), NULL },
	{ "StopSignal", JK_STR, 0, 0, AT(stop_signal), NULL },
	{ 0 },
};
#undef AT
static const struct json_type settings_type = { sizeof(struct image_settings), settings_fields };

#define AT(member) offsetof(struct image_rootfs, member)
static const struct json_field rootfs_fields[] = {
	{ "type", JK_STR, 0, 0, AT(type), NULL },
	{ "diff_ids", JK_LIST, JK_STR, 0, AT(diff_ids), NULL },
	{ 0 },
};
#undef AT
static const struct json_type rootfs_type = { sizeof(struct image_rootfs), rootfs_fields };

#define AT(member) offsetof(struct image_config, member)
static const struct json_field config_fields[] = {
	{ "created", JK_STR, 0, 0, AT(created), NULL },
	{ "author", JK_STR, 0, 0, AT(author), NULL },
	{ "architecture", JK_STR, 0, 0, AT(architecture), NULL },
	{ "variant", JK_STR, 0, 0, AT(variant), NULL },
	{ "os", JK_STR, 0, 0, AT(os), NULL },
	{ "config", JK_OBJ, 0, 0, AT(config), &settings_type },
	{ "rootfs", JK_OBJ, 0, JF_REQUIRED, AT(rootfs), &rootfs_type },
	{ 0 },
};
#undef AT
const struct json_type image_config_type = { sizeof(struct image_config), config_fields };

struct docker_image { /* of manifest.json */
	const char *config;
	LIST(const char *) tags, layers;
};
#define AT(member) offsetof(struct docker_image, member)
static const struct json_field docker_fields[] = {
	{ "Config", JK_STR, 0, JF_REQUIRED, AT(config), NULL },
	{ "RepoTags", JK_LIST, JK_STR, 0, AT(tags), NULL },
	{ "Layers", JK_LIST, JK_STR, 0, AT(layers), NULL },
	{ 0 },
};
#undef AT
static const struct json_type docker_type = { sizeof(struct docker_image), docker_fields };

struct docker_images {
	LIST(struct docker_image) images;
};
static const struct json_field dockers_fields[] = {
	{ "images", JK_LIST, JK_OBJ, 0, 0, &docker_type },
	{ 0 },
};
static const struct json_type dockers_type = { sizeof(struct docker_images), dockers_fields };

/* ---- text to struct ------------------------------------------------------------------------- */

struct bind_faults {
	struct json_faults f;
	const char *file;
};

static int report_fault(struct json_faults *self, const struct json *at, const char *path,
			const char *what)
{
	failx("%s: %s: %s", ((struct bind_faults *)self)->file, path, what);
	return -1;
}

static int bind_text(struct arena *a, const char *file, char *text, size_t len,
		     const struct json_type *type, void *out)
{
	struct bind_faults faults = { .f.report = report_fault, .file = file };
	struct json_error err;
	struct json *tree = json_parse(a, text, len, &err);
	unsigned line, col;

	if (!tree) {
		json_place(text, err.off, &line, &col);
		return failx("%s:%u:%u: %s", file, line, col, err.what);
	}
	return json_bind(a, tree, type, out, &faults.f);
}

static const char *annotation(const struct descriptor *d, const char *key)
{
	list_each (pair, d->annotations)
		if (!strcmp(pair->key, key))
			return pair->value;
	return NULL;
}

static const char *name_of(const struct descriptor *d)
{
	const char *name = annotation(d, CONTAINERD_NAME);

	return name ? name : annotation(d, NAME_ANNOTATION);
}

/* "latest" also names "docker.io/library/busybox:latest". */
static bool is_tagged(const char *name, const char *tag)
{
	size_t n = name ? strlen(name) : 0, len = strlen(tag);

	if (!name || n < len || strcmp(name + n - len, tag))
		return false;
	return n == len || name[n - len - 1] == ':' || name[n - len - 1] == '/';
}

/* ---- looking for an image ------------------------------------------------------------------- */

static bool type_is_index(const char *type)
{
	return type && (!strcmp(type, "application/vnd.oci.image.index.v1+json") ||
			!strcmp(type, "application/vnd.docker.distribution.manifest.list.v2+json"));
}

static bool type_is_manifest(const char *type)
{
	return type && (!strcmp(type, "application/vnd.oci.image.manifest.v1+json") ||
			!strcmp(type, "application/vnd.docker.distribution.manifest.v2+json"));
}

/* True if the type is a tar archive, in any compression. */
static bool type_is_layer(const char *type)
{
	static const char *const begins[] = {
		"application/vnd.oci.image.layer.v1.tar",
		"application/vnd.oci.image.layer.nondistributable.v1.tar",
		"application/vnd.docker.image.rootfs.diff.tar",
		"application/vnd.docker.image.rootfs.foreign.diff.tar",
	};
	static const char *const ends[] = { "", "+gzip", "+zstd", ".gzip", ".zstd" };

	for (size_t i = 0; type && i < ARRAY_SIZE(begins); i++)
		for (size_t j = 0; j < ARRAY_SIZE(ends); j++)
			if (!strncmp(type, begins[i], strlen(begins[i])) &&
			    !strcmp(type + strlen(begins[i]), ends[j]))
				return true;
	return false;
}

static const char *tags_text(struct arena *a, const struct image_index *index)
{
	char *all = NULL;

	list_each (d, index->manifests)
		if (name_of(d) && (!all || strlen(all) < 500))
			all = arena_printf(a, "%s%s%s", all ? all : "", all ? ", " : "",
					   name_of(d));
	return all ? text_harmless(all) : "none";
}

/* docker and containerd write the whole name and the tag, each in an annotation of its own. */
static bool has_tag(const struct descriptor *d, const char *tag)
{
	return is_tagged(annotation(d, CONTAINERD_NAME), tag) ||
	       is_tagged(annotation(d, NAME_ANNOTATION), tag) || !strcmp(d->digest, tag);
}

/* Finds the last entry with the tag; NULL: there is none. *others: it is of several images, whose
 * names differ. */
static const struct descriptor *find_tag(const struct image_index *index, const char *tag,
					 bool *others)
{
	const struct descriptor *found = NULL;

	list_each (d, index->manifests) {
		if (!has_tag(d, tag))
			continue;
		if (found && name_of(d) && name_of(found) && strcmp(d->digest, found->digest) &&
		    strcmp(name_of(d), name_of(found)))
			*others = true;
		found = d;
	}
	return found;
}

/* Returns the entry of index.json that the tag names. */
static const struct descriptor *choose_tag(const struct source *s, const struct image_index *index,
					   const char *tag)
{
	bool others = false;
	const struct descriptor *found = find_tag(index, tag ? tag : "latest", &others);

	if (others)
		return failx("%s: several images are \"%s\", say which: there are: %s", s->path,
			     tag ? tag : "latest", tags_text(s->a, index)),
		       NULL;
	if (tag)
		return found ? found
			     : (failx("%s: has no image \"%s\"; there are: %s", s->path, tag,
				      tags_text(s->a, index)),
				NULL);
	if (index->manifests.n == 1)
		found = index->manifests.at;
	/* One image for several platforms: its entries have no names. */
	list_each (d, index->manifests)
		if (!found && name_of(d))
			return failx("%s: has several images, say which: %s:TAG; there are: %s",
				     s->path, s->path, tags_text(s->a, index)),
			       NULL;
	return found ? found : index->manifests.at;
}

static const struct descriptor *choose_platform(const struct source *s,
						const struct image_index *index,
						const struct wanted *w)
{
	const struct descriptor *best = NULL;
	struct platform want;
	int best_fits = 0;

	if (platform_parse(s->a, w->platform, &want) < 0)
		return NULL;
	list_each (d, index->manifests) {
		int fits = platform_fits(d->platform, &want);

		if ((type_is_index(d->media_type) || type_is_manifest(d->media_type)) &&
		    fits > best_fits) {
			best = d;
			best_fits = fits;
		}
	}
	if (!best)
		failx("%s: has no image for %s/%s", s->path, want.os, want.architecture);
	return best;
}

static int read_manifest(const struct source *s, const struct descriptor *d, char *text, size_t len,
			 struct oci_image *out)
{
	out->digest = d->digest;
	if (bind_text(s->a, d->digest, text, len, &manifest_type, &out->manifest) < 0 ||
	    source_blob_text(s, &out->manifest.config, &out->config_text, &out->config_len) < 0)
		return -1;
	list_each (layer, out->manifest.layers)
		if (!type_is_layer(layer->media_type))
			return failx(
				"%s: a layer is of the type \"%s\", which is not a tar archive",
				d->digest, layer->media_type ? layer->media_type : "");
	return 0;
}

/* Goes down through indexes of indexes. Their depth alone must be limited: an index cannot contain
 * its own digest. */
static int follow(const struct source *s, const struct descriptor *d, const struct wanted *w,
		  struct oci_image *out)
{
	for (int depth = 0; depth < INDEX_DEPTH_MAX; depth++) {
		struct image_index index = { 0 };
		char *text;
		size_t len;

		if (source_blob_text(s, d, &text, &len) < 0)
			return -1;
		if (type_is_manifest(d->media_type))
			return read_manifest(s, d, text, len, out);
		if (!type_is_index(d->media_type))
			return failx("%s: is of the type \"%s\", which is not an image", d->digest,
				     d->media_type ? d->media_type : "");
		if (bind_text(s->a, d->digest, text, len, &index_type, &index) < 0)
			return -1;
		d = choose_platform(s, &index, w);
		if (!d)
			return -1;
	}
	return failx("%s: indexes are nested more than %d deep", s->path, INDEX_DEPTH_MAX);
}

/* An image without a tag may have its platforms side by side in index.json. */
static int find_oci(const struct source *s, const struct wanted *w, char *text, size_t len,
		    struct oci_image *out)
{
	struct image_index index = { 0 };
	const struct descriptor *d;
	bool named = false;

	if (bind_text(s->a, "index.json", text, len, &index_type, &index) < 0)
		return fail_in("%s", s->path);
	if (!index.manifests.n)
		return failx("%s: has no image", s->path);
	list_each (m, index.manifests)
		named |= name_of(m) != NULL;
	d = named || w->tag || index.manifests.n == 1 ? choose_tag(s, &index, w->tag)
						      : choose_platform(s, &index, w);
	if (!d)
		return -1;
	out->name = name_of(d);
	return follow(s, d, w, out);
}

/* ---- docker's own archives ------------------------------------------------------------------- */

static int read_docker(const struct source *s, struct docker_images *out)
{
	char *text;
	size_t len;
	int rc = source_text(s, "manifest.json", &text, &len);

	if (rc < 0)
		return -1;
	if (!rc)
		return failx("%s: is neither an OCI layout nor an archive of docker: it has no "
			     "index.json and no manifest.json",
			     s->path);
	text = arena_printf(s->a, "{\"images\":%s}", text);
	if (bind_text(s->a, "manifest.json", text, strlen(text), &dockers_type, out) < 0)
		return fail_in("%s", s->path);
	return out->images.n ? 0 : failx("%s: has no image", s->path);
}

/* docker names configs by their sums: "HEX.json" or "blobs/sha256/HEX". */
static const char *config_digest(struct arena *a, const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *digest = arena_printf(a, "sha256:%.64s", slash ? slash + 1 : name);

	return digest_valid(digest) ? digest : NULL;
}

static bool docker_tagged(const struct docker_image *i, const char *tag)
{
	list_each (t, i->tags)
		if (is_tagged(*t, tag))
			return true;
	return false;
}

static int docker_layers(const struct source *s, const struct docker_image *i,
			 struct oci_image *out)
{
	out->manifest.layers.n = i->layers.n;
	out->manifest.layers.at = arena_alloc(s->a, i->layers.n * sizeof(*out->manifest.layers.at));
	out->layers = arena_alloc(s->a, (i->layers.n + 1) * sizeof(*out->layers));
	for (size_t n = 0; n < i->layers.n; n++) {
		char *name = path_clean(s->a, i->layers.at[n]);
		int rc = source_find(s, name, &out->layers[n]);

		if (rc <= 0)
			return rc < 0 ? -1 : failx("%s: has no layer %s", s->path, name);
		out->manifest.layers.at[n].size = out->layers[n].size;
		out->manifest.layers.at[n].digest = name;
	}
	return 0;
}

static int find_docker(const struct source *s, const struct wanted *w, struct oci_image *out)
{
	struct docker_images all = { 0 };
	const struct docker_image *found = NULL;
	char hex[SHA256_HEX], *name;
	const char *digest;
	int rc;

	if (read_docker(s, &all) < 0)
		return -1;
	list_each (i, all.images)
		if (w->tag ? docker_tagged(i, w->tag)
			   : all.images.n == 1 || (!found && docker_tagged(i, "latest")))
			found = i;
	if (!found && w->tag)
		return failx("%s: has no image \"%s\"", s->path, w->tag);
	if (!found)
		return failx("%s: has several images, say which: %s:TAG", s->path, s->path);
	out->name = found->tags.n ? found->tags.at[0] : NULL;
	name = path_clean(s->a, found->config);
	rc = source_text(s, name, &out->config_text, &out->config_len);
	if (rc <= 0)
		return rc < 0 ? -1 : failx("%s: has no config %s", s->path, name);
	sha256_text(out->config_text, out->config_len, hex);
	digest = config_digest(s->a, name);
	if (digest && strcmp(digest + 7, hex))
		return failx("%s: the config %s has another sum, sha256:%s", s->path, name, hex);
	out->digest = arena_printf(s->a, "sha256:%s", hex);
	return docker_layers(s, found, out);
}

/* ---- what others call ----------------------------------------------------------------------- */

static int check_layout(const struct source *s)
{
	char *text;
	size_t len;
	int rc = source_text(s, "oci-layout", &text, &len);

	if (rc < 0)
		return -1;
	if (!rc || strstr(text, "\"1.0.0\""))
		return 0;
	return failx("%s: is a layout of another version: %s", s->path, text_harmless(text));
}

/* The config must name the platform that was asked for: an index of one image may name none. */
static int check_platform(const struct source *s, const struct wanted *w,
			  const struct image_config *c)
{
	const struct platform have = { c->os, c->architecture, c->variant };
	struct platform want;

	if (!w->platform)
		return 0;
	if (platform_parse(s->a, w->platform, &want) < 0)
		return -1;
	if (!c->os || !*c->os || !c->architecture || !*c->architecture)
		return failx("%s: the image's config names no platform: leave out --platform",
			     s->path);
	if (platform_fits(&have, &want))
		return 0;
	return failx("%s: the image is for %s, not for %s", s->path,
		     text_harmless(arena_printf(s->a, "%s/%s", c->os, c->architecture)),
		     w->platform);
}

int image_find(const struct source *s, const struct wanted *w, struct oci_image *out)
{
	char *text, *copy;
	size_t len;
	int rc = source_text(s, "index.json", &text, &len);

	if (rc < 0 || check_layout(s) < 0)
		return -1;
	if ((rc ? find_oci(s, w, text, len, out) : find_docker(s, w, out)) < 0)
		return -1;
	copy = arena_strndup(s->a, out->config_text, out->config_len);
	if (bind_text(s->a, "the image's config", copy, out->config_len, &image_config_type,
		      &out->config) < 0)
		return fail_in("%s", s->path);
	if (check_platform(s, w, &out->config) < 0)
		return -1;
	if (out->config.rootfs.diff_ids.n != out->manifest.layers.n)
		return failx("%s: the image's config lists %zu layers, but its manifest %zu",
			     s->path, out->config.rootfs.diff_ids.n, out->manifest.layers.n);
	list_each (id, out->config.rootfs.diff_ids)
		if (!digest_valid(*id))
			return failx("%s: \"%s\" is not a digest of SHA-256", s->path, *id);
	return 0;
}

struct lister {
	const struct source *source;
	int (*each)(const struct listed *l, void *arg);
	void *arg;
	unsigned n; /* entries of indexes so far */
	size_t bytes; /* of the indexes below the first one */
};

static int list_image(const struct lister *l, const struct descriptor *d, const char *name,
		      const struct platform *p)
{
	struct listed one = { .name = name, .digest = d->digest, .size = d->size };

	if (p)
		one.platform = *p;
	return l->each(&one, l->arg);
}

/* An index may be named many times, in indexes that are named many times. Each time it is read. */
#define LISTED_MAX 10000
#define LISTED_BYTES (64u << 20)

/* Lists every image of an index, and of the indexes in it. */
static int list_index(struct lister *l, const struct image_index *index, const char *name,
		      int depth)
{
	const struct source *s = l->source;

	if (depth == INDEX_DEPTH_MAX)
		return failx("%s: indexes are nested more than %d deep", s->path, INDEX_DEPTH_MAX);
	list_each (d, index->manifests) {
		const char *own = name_of(d) ? name_of(d) : name;
		struct image_index below = { 0 };
		char *text;
		size_t len;

		if (++l->n > LISTED_MAX)
			return failx("%s: has more than %d images", s->path, LISTED_MAX);
		if (!type_is_index(d->media_type)) {
			if (list_image(l, d, own, d->platform) < 0)
				return -1;
			continue;
		}
		if (source_blob_text(s, d, &text, &len) < 0)
			return -1;
		l->bytes += len;
		if (l->bytes > LISTED_BYTES)
			return failx("%s: its indexes have more than %u bytes", s->path,
				     LISTED_BYTES);
		if (bind_text(s->a, d->digest, text, len, &index_type, &below) < 0 ||
		    list_index(l, &below, own, depth + 1) < 0)
			return -1;
	}
	return 0;
}

int image_list(const struct source *s, int (*each)(const struct listed *l, void *arg), void *arg)
{
	struct lister l = { .source = s, .each = each, .arg = arg };
	struct docker_images all = { 0 };
	struct image_index index = { 0 };
	char *text;
	size_t len;
	int rc = source_text(s, "index.json", &text, &len);

	if (rc < 0)
		return -1;
	if (rc) {
		if (bind_text(s->a, "index.json", text, len, &index_type, &index) < 0)
			return fail_in("%s", s->path);
		return list_index(&l, &index, NULL, 0);
	}
	if (read_docker(s, &all) < 0)
		return -1;
	list_each (i, all.images) {
		struct descriptor d = { .digest =
						config_digest(s->a, path_clean(s->a, i->config)) };

		d.digest = d.digest ? d.digest : i->config;
		for (size_t n = 0; n < (i->tags.n ? i->tags.n : 1); n++)
			if (list_image(&l, &d, i->tags.n ? i->tags.at[n] : NULL, NULL) < 0)
				return -1;
	}
	return 0;
}

#endif
