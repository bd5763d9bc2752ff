/* image.c - oci-image: unpack, list, inspect. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"
#include "applets/applet.h"

#if WITH_UNPACK

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an image may cost unless options say otherwise. */
#define MAX_SIZE (64ull << 30)
#define MAX_ENTRIES 4000000
#define MAX_RATIO 200
#define MAX_LAYERS 500

struct image_opts {
	const char *platform, *tag, *max_size;
	long max_entries, max_ratio, max_layers;
	bool rootless, quiet, no_sync;
};

/* "SOURCE:TAG", but a file that has such a name is a SOURCE. */
static void split_source(const struct image_opts *o, const char *text, const char **source,
			 struct wanted *w)
{
	char *copy = arena_strdup(&arena, text), *colon = strrchr(copy, ':'), *slash;
	struct stat st;

	*source = copy;
	w->tag = o->tag;
	w->platform = o->platform;
	if (o->tag || !stat(text, &st) || !colon || !colon[1])
		return;
	/* A tag may be a whole name with slashes and a colon in it: the first part that exists is
	 * the source. */
	for (slash = strchr(copy, ':'); slash && slash != colon; slash = strchr(slash + 1, ':')) {
		*slash = 0;
		if (!stat(copy, &st)) {
			colon = slash;
			break;
		}
		*slash = ':';
	}
	*colon = 0;
	w->tag = colon + 1;
}

static uint64_t limit_or(long given, uint64_t usual)
{
	return given < 0 ? 0 : given ? (uint64_t)given : usual;
}

static int image_limits_of(const struct image_opts *o, struct image_limits *l)
{
	int64_t size = 0;

	l->bytes = MAX_SIZE;
	if (o->max_size && (!oci_size(o->max_size, &size) || !size))
		return failx("invalid value \"%s\" for flag -max-size: must be a size such as 2G",
			     o->max_size);
	if (o->max_size)
		l->bytes = size < 0 ? 0 : size;
	l->entries = limit_or(o->max_entries, MAX_ENTRIES);
	l->ratio = limit_or(o->max_ratio, MAX_RATIO);
	l->layers = limit_or(o->max_layers, MAX_LAYERS);
	return 0;
}

/* The words after -- are a command. */
static int split_command(const struct applet *ap, int argc, char **argv, int want, char ***command)
{
	int before = opts_dashes() < 0 ? argc : opts_dashes();

	*command = argv + before;
	return opts_count(ap, before, want, want);
}

/* ---- unpack --------------------------------------------------------------------------------- */

extern const struct applet image_unpack_applet;

static int unpack_run(void *opts, int argc, char **argv)
{
	const struct image_opts *o = opts;
	struct unpack u = { .quiet = o->quiet, .sync = !o->no_sync, .helper_path = getenv("PATH") };

	if (split_command(&image_unpack_applet, argc, argv, 2, &u.command) < 0)
		return applet_misused(&image_unpack_applet);
	split_source(o, argv[0], &u.source, &u.want);
	u.bundle = argv[1];
	u.rootless = o->rootless || geteuid();
	u.spec.euid = geteuid();
	u.spec.egid = getegid();
	u.spec.wide_masks = true;
	u.spec.cgroup_v2 = cgroup_layout() == CGROUP_V2;
	if (image_limits_of(o, &u.limits) < 0)
		return -1;
	return image_unpack(&arena, &u);
}

#define AT(field) offsetof(struct image_opts, field)
static const struct opt unpack_opts[] = {
	{ "platform", 0, OPT_STR, AT(platform), "OS/ARCH[/VARIANT]",
	  "of an image for several platforms this one; default is this machine's" },
	{ "tag", 't', OPT_STR, AT(tag), "TAG", "the same as SOURCE:TAG" },
	{ "rootless", 0, OPT_FLAG, AT(rootless), NULL,
	  "for an ordinary user, which is the default where one calls" },
	{ "quiet", 'q', OPT_FLAG, AT(quiet), NULL, "show no progress on a terminal" },
	{ "no-sync", 0, OPT_FLAG, AT(no_sync), NULL, "do not wait until the disk has all of it" },
	{ "max-size", 0, OPT_STR, AT(max_size), "SIZE",
	  "of all files together, holes among them; default 64G, -1: any" },
	{ "max-entries", 0, OPT_INT, AT(max_entries), "N",
	  "of all layers together; default 4000000, -1: any" },
	{ "max-layers", 0, OPT_INT, AT(max_layers), "N", "default 500, -1: any" },
	{ "max-ratio", 0, OPT_INT, AT(max_ratio), "N",
	  "how many times its size a layer may expand to; default 200, -1: any" },
	{ NULL },
};

const struct applet image_unpack_applet = {
	.name = "unpack",
	.args = "SOURCE[:TAG] BUNDLE [-- COMMAND [ARG...]]",
	.summary = "make a bundle of an image",
	.text = "SOURCE is an OCI layout, or an archive of one, or of docker save; - is standard "
		"input. "
		"BUNDLE is made: a root filesystem, and a config.json that says what the image "
		"says. "
		"COMMAND takes the place of the image's. It is there when all went well, and "
		"nothing "
		"of it otherwise.",
	.opts = unpack_opts,
	.opts_size = sizeof(struct image_opts),
	.args_max = -1,
	.run = unpack_run,
};

/* ---- list ----------------------------------------------------------------------------------- */

static int print_listed(const struct listed *l, void *arg)
{
	char *platform =
		l->platform.os
			? arena_printf(&arena, "%s/%s%s%s", l->platform.os,
				       l->platform.architecture ? l->platform.architecture : "",
				       l->platform.variant ? "/" : "",
				       l->platform.variant ? l->platform.variant : "")
			: "-";
	char *name = arena_strdup(&arena, l->name ? l->name : "-");

	printf("%-24s %-16s %s\n", text_harmless(name), text_harmless(platform),
	       text_harmless(arena_strdup(&arena, l->digest)));
	return 0;
}

static int images_run(void *opts, int argc, char **argv)
{
	struct source s __cleanup(source_close) = SOURCE_INIT;

	if (source_open(&arena, argv[0], "/tmp", &s) < 0)
		return -1;
	return image_list(&s, print_listed, NULL);
}

const struct applet image_list_applet = {
	.name = "list",
	.args = "SOURCE",
	.summary = "list the images of a source: tag, platform, digest",
	.args_min = 1,
	.args_max = 1,
	.run = images_run,
};

/* ---- inspect -------------------------------------------------------------------------------- */

static int inspect_run(void *opts, int argc, char **argv)
{
	const struct image_opts *o = opts;
	struct source s __cleanup(source_close) = SOURCE_INIT;
	struct json_out out = { .arena = &arena, .indent = "\t" };
	struct oci_image image = { 0 };
	struct wanted want = { 0 };
	const char *source;

	split_source(o, argv[0], &source, &want);
	if (source_open(&arena, source, "/tmp", &s) < 0 || image_find(&s, &want, &image) < 0)
		return -1;
	json_open(&out, NULL, '{');
	json_put_str(&out, "name", image.name);
	json_put_str(&out, "digest", image.digest);
	json_open(&out, "layers", '[');
	list_each (l, image.manifest.layers) {
		json_open(&out, NULL, '{');
		json_put_str(&out, "digest", l->digest);
		json_put_u64(&out, "size", l->size);
		json_close(&out, '}');
	}
	json_close(&out, ']');
	json_put_text(&out, "config", image.config_text);
	json_close(&out, '}');
	return applet_print(out.buf, out.len) < 0 ? -1 : applet_print("\n", 1);
}

const struct applet image_inspect_applet = {
	.name = "inspect",
	.args = "SOURCE[:TAG]",
	.summary = "show an image's digest, layers and config as JSON",
	.opts = unpack_opts,
	.opts_size = sizeof(struct image_opts),
	.args_min = 1,
	.args_max = 1,
	.run = inspect_run,
};

/* ---- the applet ----------------------------------------------------------------------------- */

static int oci_image_run(void *opts, int argc, char **argv)
{
	if (!argc) {
		applet_help("", "oci-image");
		return 0;
	}
	return applet_run("oci-image", argc, argv);
}

const struct applet oci_image_applet = {
	.name = "oci-image",
	.args = "COMMAND [ARG...]",
	.summary = "make bundles of images, and images of bundles",
	.args_max = -1,
	.stop_at_positional = true,
	.run = oci_image_run,
};

#endif
