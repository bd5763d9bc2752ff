/* pack.c - makes an image of one layer from a bundle or a directory. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <string.h>

#define TYPE "application/vnd.oci.image."

struct packed { /* a blob */
	char digest[SHA256_HEX];
	uint64_t size;
};

static void sum_of(const struct json_out *o, struct packed *p)
{
	sha256_text(o->buf, o->len, p->digest);
	p->size = o->len;
}

static void put_strings(struct json_out *o, const char *key, const char *const *at, size_t n)
{
	if (!n)
		return;
	json_open(o, key, '[');
	for (size_t i = 0; i < n; i++)
		json_put_str(o, NULL, at[i]);
	json_close(o, ']');
}

static const char *annotation_of(const struct oci_config *c, const char *key)
{
	const char *value = c ? oci_annotation(c, key) : NULL;

	return value && *value ? value : NULL;
}

/* Writes a list of names with commas between them as the names of an object. */
static void put_ports(struct arena *a, struct json_out *o, const char *list)
{
	json_open(o, "ExposedPorts", '{');
	while (*list) {
		size_t len = strcspn(list, ",");

		json_open(o, arena_strndup(a, list, len), '{');
		json_close(o, '}');
		list += len + (list[len] == ',');
	}
	json_close(o, '}');
}

static void put_volumes(struct json_out *o, const struct oci_config *c)
{
	json_open(o, "Volumes", '{');
	list_each (m, c->mounts)
		list_each (word, m->options)
			if (!strcmp(*word, "tmpcopyup")) {
				json_open(o, m->destination, '{');
				json_close(o, '}');
				break;
			}
	json_close(o, '}');
}

/* Turns what image_convert has made of an image's settings into settings again. */
static void put_settings(struct arena *a, struct json_out *o, const struct oci_config *c,
			 size_t first)
{
	const struct oci_process *p = c ? c->process : NULL;
	const char *ports = annotation_of(c, "org.opencontainers.image.exposedPorts");
	const char *stop = annotation_of(c, "org.opencontainers.image.stopSignal");

	json_open(o, "config", '{');
	if (p) {
		/* A group beside the user would hide the supplementary groups that the image's
		 * files name. */
		if (p->user.additional_gids.n)
			json_put_str(o, "User", arena_printf(a, "%u", p->user.uid));
		else if (p->user.uid || p->user.gid)
			json_put_str(o, "User", arena_printf(a, "%u:%u", p->user.uid, p->user.gid));
		put_strings(o, "Env", (const char *const *)p->env.at, p->env.n);
		put_strings(o, "Entrypoint", (const char *const *)p->args.at, first);
		put_strings(o, "Cmd", (const char *const *)p->args.at + first, p->args.n - first);
		if (p->cwd && strcmp(p->cwd, "/"))
			json_put_str(o, "WorkingDir", p->cwd);
	}
	if (c)
		put_volumes(o, c);
	if (ports)
		put_ports(a, o, ports);
	if (stop)
		json_put_str(o, "StopSignal", stop);
	json_open(o, "Labels", '{');
	if (c)
		list_each (pair, c->annotations)
			if (strncmp(pair->key, "org.opencontainers.image.", 25))
				json_put_str(o, pair->key, pair->value);
	json_close(o, '}');
	json_close(o, '}');
}

static void put_descriptor(struct json_out *o, const char *key, const char *type,
			   const struct packed *p, const char *tag)
{
	json_open(o, key, '{');
	json_put_str(o, "mediaType", type);
	json_put_str(o, "digest", arena_printf(o->arena, "sha256:%s", p->digest));
	json_put_u64(o, "size", p->size);
	if (tag) {
		json_open(o, "annotations", '{');
		json_put_str(o, "org.opencontainers.image.ref.name", tag);
		json_close(o, '}');
	}
	json_close(o, '}');
}

/* The three documents that describe an image of the layer. */
struct documents {
	struct json_out config, manifest, index;
	struct packed layer, config_sum, manifest_sum;
};

static void make_documents(struct arena *a, const struct pack *p, struct documents *d)
{
	struct platform own;
	const char *os = annotation_of(p->config, "org.opencontainers.image.os");
	const char *arch = annotation_of(p->config, "org.opencontainers.image.architecture");

	platform_parse(a, NULL, &own);
	d->config = d->manifest = d->index = (struct json_out){ .arena = a };
	json_open(&d->config, NULL, '{');
	json_put_str(&d->config, "architecture", arch ? arch : own.architecture);
	json_put_str(&d->config, "os", os ? os : own.os);
	if (annotation_of(p->config, "org.opencontainers.image.created"))
		json_put_str(&d->config, "created",
			     annotation_of(p->config, "org.opencontainers.image.created"));
	put_settings(a, &d->config, p->config, p->entrypoint);
	json_open(&d->config, "rootfs", '{');
	json_put_str(&d->config, "type", "layers");
	json_open(&d->config, "diff_ids", '[');
	json_put_str(&d->config, NULL, arena_printf(a, "sha256:%s", d->layer.digest));
	json_close(&d->config, ']');
	json_close(&d->config, '}');
	json_close(&d->config, '}');
	sum_of(&d->config, &d->config_sum);

	json_open(&d->manifest, NULL, '{');
	json_put_u64(&d->manifest, "schemaVersion", 2);
	json_put_str(&d->manifest, "mediaType", TYPE "manifest.v1+json");
	put_descriptor(&d->manifest, "config", TYPE "config.v1+json", &d->config_sum, NULL);
	json_open(&d->manifest, "layers", '[');
	put_descriptor(&d->manifest, NULL, TYPE "layer.v1.tar", &d->layer, NULL);
	json_close(&d->manifest, ']');
	json_close(&d->manifest, '}');
	sum_of(&d->manifest, &d->manifest_sum);

	json_open(&d->index, NULL, '{');
	json_put_u64(&d->index, "schemaVersion", 2);
	json_open(&d->index, "manifests", '[');
	put_descriptor(&d->index, NULL, TYPE "manifest.v1+json", &d->manifest_sum, p->tag);
	json_close(&d->index, ']');
	json_close(&d->index, '}');
}

/* ---- the two forms --------------------------------------------------------------------------- */

static const char *blob_name(struct arena *a, const struct packed *p)
{
	return arena_printf(a, "blobs/sha256/%s", p->digest);
}

#define LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"

static int write_archive(struct arena *a, const struct pack *p, struct tarout *t,
			 const struct documents *d, int layer, int out)
{
	const struct tarout_entry e = { .path = blob_name(a, &d->layer),
					.link = "",
					.type = '0',
					.mode = 0644,
					.size = d->layer.size };
	char hex[SHA256_HEX];

	tarout_begin(a, t, out);
	if (tarout_text(t, "oci-layout", LAYOUT_TEXT, strlen(LAYOUT_TEXT)) < 0 ||
	    tarout_text(t, "index.json", d->index.buf, d->index.len) < 0 ||
	    tarout_text(t, blob_name(a, &d->manifest_sum), d->manifest.buf, d->manifest.len) < 0 ||
	    tarout_text(t, blob_name(a, &d->config_sum), d->config.buf, d->config.len) < 0)
		return -1;
	if (p->extra_name && tarout_text(t, p->extra_name, p->extra, p->extra_len) < 0)
		return -1;
	if (lseek(layer, 0, SEEK_SET) < 0)
		return fail("read the layer");
	if (tarout_header(t, &e) < 0 || tarout_file(t, "the layer", layer, e.size) < 0)
		return -1;
	return tarout_end(t, hex);
}

static int copy_layer(int from, int dir, const char *name)
{
	int to __cleanup(fd_close) =
		openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (to < 0 || lseek(from, 0, SEEK_SET) < 0)
		return fail("make %s", name);
	return fd_copy(to, from) < 0 ? fail("write %s", name) : 0;
}

/* The index comes last: a layout without it has no image. */
static int write_layout(struct arena *a, const struct documents *d, int layer, int dir)
{
	if ((mkdirat(dir, "blobs", 0755) < 0 && errno != EEXIST) ||
	    (mkdirat(dir, "blobs/sha256", 0755) < 0 && errno != EEXIST))
		return fail("make blobs/sha256");
	if (copy_layer(layer, dir, blob_name(a, &d->layer)) < 0 ||
	    file_replace(dir, blob_name(a, &d->config_sum), d->config.buf, d->config.len, 0644) <
		    0 ||
	    file_replace(dir, blob_name(a, &d->manifest_sum), d->manifest.buf, d->manifest.len,
			 0644) < 0 ||
	    file_replace(dir, "oci-layout", LAYOUT_TEXT, strlen(LAYOUT_TEXT), 0644) < 0)
		return -1;
	return file_replace(dir, "index.json", d->index.buf, d->index.len, 0644);
}

int image_pack(struct arena *a, const struct pack *p)
{
	struct tarout *t = arena_alloc(a, sizeof(*t));
	struct documents d = { 0 };
	int layer __cleanup(fd_close) = source_unnamed(p->tmpdir);
	struct stat st;

	if (layer < 0)
		return -1;
	t->one_id = p->one_id;
	tarout_begin(a, t, layer);
	if (tarout_tree(t, p->root) < 0 || tarout_end(t, d.layer.digest) < 0)
		return -1;
	d.layer.size = t->total;
	make_documents(a, p, &d);
	if (fstat(p->out, &st) < 0)
		return fail("stat the output");
	return S_ISDIR(st.st_mode) ? write_layout(a, &d, layer, p->out)
				   : write_archive(a, p, t, &d, layer, p->out);
}

#endif
