/* image.c - oci-image: unpack, list, inspect, rm, pack; and run --image. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"
#include "applets/applet.h"

#if WITH_UNPACK

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

/* Limits on what an image may contain, unless options change them. */
static const struct image_limits usual_limits = {
	.bytes = 64ull << 30,
	.entries = 4000000,
	.ratio = 200,
	.layers = 500,
};

struct image_opts {
	const char *platform, *tag, *max_size, *root;
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

void image_source(const char *text, const char **source, struct wanted *want)
{
	const struct image_opts o = { .platform = want->platform, .tag = want->tag };

	split_source(&o, text, source, want);
}

/* Changes the limits that options give. */
static int image_limits_of(const struct image_opts *o, struct image_limits *l)
{
	int64_t size = 0;

	if (o->max_size && (!oci_size(o->max_size, &size) || !size))
		return failx("invalid value \"%s\" for flag -max-size: must be a size such as 2G",
			     o->max_size);
	if (o->max_size)
		l->bytes = size < 0 ? 0 : size;
	l->entries = limit_or(o->max_entries, l->entries);
	l->ratio = limit_or(o->max_ratio, l->ratio);
	l->layers = limit_or(o->max_layers, l->layers);
	return 0;
}

int image_from(const char *path, struct source *s)
{
	return source_open(&arena, path, "/tmp", usual_limits, s);
}

/* Splits the arguments at --: what follows it is a command. */
static int split_command(const struct applet *ap, int argc, char **argv, int want, char ***command)
{
	int before = opts_dashes() < 0 ? argc : opts_dashes();

	*command = argv + before;
	return opts_count(ap, before, want, want);
}

/* ---- unpack --------------------------------------------------------------------------------- */

extern const struct applet image_unpack_applet;

struct unpack image_usual(const char *bundle)
{
	return (struct unpack){
		.bundle = bundle,
		.limits = usual_limits,
		.rootless = geteuid() != 0,
		.helper_path = getenv("PATH"),
		.spec = { .euid = geteuid(),
			  .egid = getegid(),
			  .wide_masks = true,
			  .cgroup_v2 = cgroup_layout() == CGROUP_V2 },
	};
}

static int unpack_run(void *opts, int argc, char **argv)
{
	const struct image_opts *o = opts;
	struct unpack u = image_usual(argc > 1 ? argv[1] : NULL);

	if (split_command(&image_unpack_applet, argc, argv, 2, &u.command) < 0)
		return applet_misused(&image_unpack_applet);
	split_source(o, argv[0], &u.source, &u.want);
	u.rootless |= o->rootless;
	u.quiet = o->quiet;
	u.sync = !o->no_sync;
	if (image_limits_of(o, &u.limits) < 0)
		return -1;
	return image_unpack(&arena, &u);
}

#define AT(field) offsetof(struct image_opts, field)
#define WHICH_ROWS                                                                                 \
	{ "platform",                                                                              \
	  0,                                                                                       \
	  OPT_STR,                                                                                 \
	  AT(platform),                                                                            \
	  "OS/ARCH[/VARIANT]",                                                                     \
	  "take the image for that platform; default is this machine's, or the only one" },        \
	{                                                                                          \
		"tag", 't', OPT_STR, AT(tag), "TAG", "the same as SOURCE:TAG"                      \
	}
static const struct opt inspect_opts[] = { WHICH_ROWS, { NULL } };
static const struct opt unpack_opts[] = {
	WHICH_ROWS,
	{ "rootless", 0, OPT_FLAG, AT(rootless), NULL,
	  "make a bundle for an ordinary user; default unless root calls" },
	{ "quiet", 'q', OPT_FLAG, AT(quiet), NULL, "show no progress on a terminal" },
	{ "no-sync", 0, OPT_FLAG, AT(no_sync), NULL, "do not wait until all is on the disk" },
	{ "max-size", 0, OPT_STR, AT(max_size), "SIZE",
	  "limit of the size of all files, holes included; default 64G, -1: none" },
	{ "max-entries", 0, OPT_INT, AT(max_entries), "N",
	  "limit of the entries of all layers; default 4000000, -1: none" },
	{ "max-layers", 0, OPT_INT, AT(max_layers), "N", "limit of layers; default 500, -1: none" },
	{ "max-ratio", 0, OPT_INT, AT(max_ratio), "N",
	  "how many times its size a layer may expand to; default 200, -1: no limit" },
	{ NULL },
};

const struct applet image_unpack_applet = {
	.name = "unpack",
	.args = "SOURCE[:TAG] BUNDLE [-- COMMAND [ARG...]]",
	.summary = "make a bundle of an image",
	.text = "SOURCE is an OCI layout, an archive of one, or the output of docker save; - is "
		"standard input. BUNDLE becomes a directory with the root filesystem and a "
		"config.json made from the image's config. COMMAND replaces the image's. After a "
		"failure nothing of BUNDLE is left.",
	.opts = unpack_opts,
	.opts_size = sizeof(struct image_opts),
	.args_max = -1,
	.run = unpack_run,
};

/* ---- images that containers share ------------------------------------------------------------ */

/* ROOT/.cache/images/HEX is a bundle; HEX is its image's digest. A start holds a shared lock on it
 * until the container is on record. */
static const char *images_dir(void)
{
	return arena_printf(&arena, "%s/.cache/images", globals.root);
}

static int open_shared(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	/* `rm` may have removed the directory while this waited for its lock. */
	if (fd >= 0 && (flock(fd, LOCK_SH) < 0 || fstat(fd, &st) < 0 || !st.st_nlink))
		fd_close(&fd);
	return fd;
}

static int unpack_shared(const struct source *source, const struct oci_image *image,
			 const char *path)
{
	int cache __cleanup(fd_close) = -1;
	struct unpack u = image_usual(path);

	if (mkdir(globals.root, 0700) < 0 && errno != EEXIST)
		return fail("make %s", globals.root);
	cache = life_cache(globals.root);
	if (cache < 0 || (mkdirat(cache, "images", 0700) < 0 && errno != EEXIST))
		return fail("make %s", images_dir());
	if (!image_unpack_found(&arena, &u, source, image))
		return 0;
	if (access(path, F_OK) < 0)
		return -1;
	err_clear("another process was faster");
	return 0;
}

int image_text(const char *source, const char *platform, const struct simple *o, char **command,
	       bool terminal, struct launch *how)
{
	const struct image_opts opts = { .platform = platform };
	struct source s __cleanup(source_close) = SOURCE_INIT;
	static struct oci_doc doc;
	struct oci_image image = { 0 };
	struct wanted want;
	const char *path;
	int fd;

	split_source(&opts, source, &source, &want);
	if (image_from(source, &s) < 0 || image_find(&s, &want, &image) < 0)
		return -1;
	path = arena_printf(&arena, "%s/%s", images_dir(), image.digest + 7);
	fd = open_shared(path);
	if (fd < 0 && (unpack_shared(&s, &image, path) < 0 || (fd = open_shared(path)) < 0))
		return err_num() ? -1 : fail("open %s", path);
	/* The lock stays until this process ends; the container is on record then. */
	if (oci_load(&arena, fd, "config.json", &doc) < 0)
		return fail_in("%s", path);
	image_args(&arena, &image, command, doc.config.process);
	if (simple_apply(o, &doc.config, terminal) < 0)
		return -1;
	how->bundle = path;
	if (chdir(path) < 0)
		return fail("change to %s", path);
	how->text = oci_config_text(&arena, &doc.config, &how->text_len);
	return 0;
}

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

/* Calls each() for all images; goes on after a failure, and fails at the end. */
static int each_shared(int (*each)(const char *name))
{
	DIR *dir = opendir(images_dir());
	unsigned failed = 0;

	if (!dir)
		return errno == ENOENT ? 0 : fail("open %s", images_dir());
	for (struct dirent *e; (e = readdir(dir));)
		if (*e->d_name != '.' && each(e->d_name) < 0) {
			log_warn("%s", err_text());
			failed++;
		}
	closedir(dir);
	return failed ? failx("images that were not removed: %u", failed) : 0;
}

static int print_shared(const char *name)
{
	printf("%-24s %-16s sha256:%s\n", "-", "-", name);
	return 0;
}

static int images_run(void *opts, int argc, char **argv)
{
	struct source s __cleanup(source_close) = SOURCE_INIT;

	globals.root = ((const struct image_opts *)opts)->root;
	if (!argc)
		return runc_root() < 0 ? -1 : each_shared(print_shared);

	if (image_from(argv[0], &s) < 0)
		return -1;
	return image_list(&s, print_listed, NULL);
}

static const struct opt root_opts[] = {
	{ "root", 0, OPT_STR, AT(root), "DIR", "the state root of runc, where --image unpacks" },
	{ NULL },
};

const struct applet image_list_applet = {
	.name = "list",
	.args = "[SOURCE]",
	.summary = "list the images of a source: tag, platform, digest",
	.text = "Without SOURCE it lists the images that `runc run --image` has unpacked.",
	.opts = root_opts,
	.opts_size = sizeof(struct image_opts),
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
	if (image_from(source, &s) < 0 || image_find(&s, &want, &image) < 0)
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
	.opts = inspect_opts,
	.opts_size = sizeof(struct image_opts),
	.args_min = 1,
	.args_max = 1,
	.run = inspect_run,
};

/* ---- rm -------------------------------------------------------------------------------------- */

/* True if both paths lead to one directory. The record has the path by which the state root was
 * named at the start. */
static bool same_directory(const char *bundle, const char *path)
{
	struct stat a, b;

	return !stat(bundle, &a) && !stat(path, &b) && file_is_same(&a, &b);
}

/* Fails if a container uses this bundle, or if one cannot be read and so may use it. */
static int check_bundle_unused(const char *bundle)
{
	struct life_ids ids;

	if (life_list(&arena, globals.root, true, &ids) < 0)
		return -1;
	for (size_t i = 0; i < ids.n; i++) {
		struct life l __cleanup(life_close) = LIFE_INIT;

		if (life_open(&arena, globals.root, ids.at[i], LIFE_LOOK, &l) < 0) {
			if (err_num() != ENOENT)
				return fail_in("the container %s may use it", ids.at[i]);
			err_clear("it has been deleted meanwhile");
		} else if (l.state.bundle && same_directory(l.state.bundle, bundle)) {
			return failx("the container %s uses it", ids.at[i]);
		}
	}
	return 0;
}

static int remove_bundle(const char *path)
{
	char real[PATH_MAX] = "";
	struct unpack u = image_usual(real);
	int fd __cleanup(fd_close) = -1;
	struct stat ours, now;

	if (!realpath(path, real))
		return fail("%s", path);
	fd = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail("open %s", path);
	if (!sys_exists(fd, "config.json") || !sys_exists(fd, "rootfs"))
		return failx("%s: is not a bundle: it has no config.json and rootfs", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return failx("%s: a container that uses it is being started", path);
	if (fstat(fd, &ours) < 0 || stat(real, &now) < 0 || !file_is_same(&ours, &now))
		return failx("%s: was removed meanwhile", path);
	if (check_bundle_unused(real) < 0)
		return fail_in("%s", path);
	return image_remove(&arena, &u);
}

static int remove_shared(const char *name)
{
	return remove_bundle(arena_printf(&arena, "%s/%s", images_dir(), name));
}

static int rm_run(void *opts, int argc, char **argv)
{
	globals.root = ((const struct image_opts *)opts)->root;
	if (runc_root() < 0)
		return -1;
	if (!argc)
		return each_shared(remove_shared);
	for (int i = 0; i < argc; i++)
		if ((digest_valid(argv[i]) ? remove_shared(argv[i] + 7) : remove_bundle(argv[i])) <
		    0)
			return -1;
	return 0;
}

const struct applet image_rm_applet = {
	.name = "rm",
	.args = "[BUNDLE|DIGEST]...",
	.summary = "remove bundles, and what run --image has unpacked",
	.text = "It also removes files that belong to an ordinary user's subordinate ids, which "
		"rm(1) cannot. DIGEST is one that `oci-image list` shows. Without arguments it "
		"removes all unpacked images that no container uses.",
	.opts = root_opts,
	.opts_size = sizeof(struct image_opts),
	.args_max = -1,
	.run = rm_run,
};

/* ---- pack ------------------------------------------------------------------------------------ */

struct pack_opts {
	const char *output, *tag;
	bool rootless;
};

/* A directory that is there, or a name that ends in a slash, becomes a layout; anything else an
 * archive. */
static int pack_output(const char *path, int *out)
{
	size_t len = strlen(path);
	struct stat st;

	if (len && path[len - 1] == '/' && mkdir(path, 0755) < 0 && errno != EEXIST)
		return fail("make %s", path);
	if (!strcmp(path, "-"))
		*out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else if (!stat(path, &st) && S_ISDIR(st.st_mode))
		*out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else
		*out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return *out < 0 ? fail("open %s", path) : 0;
}

/* An ordinary user's files may belong to his subordinate ids, so they are read in the bundle's user
 * namespace. */
static int enter_ids(const struct oci_config *c, struct pack *p)
{
	int ns __cleanup(fd_close) = -1;

	if (!geteuid() || !c->linux || c->linux->uid_mappings.n < 2)
		return 0;
	ns = userns_fd(&c->linux->uid_mappings, &c->linux->gid_mappings, getenv("PATH"));
	if (ns < 0)
		return -1;
	if (setns(ns, CLONE_NEWUSER) < 0)
		return fail("enter the bundle's user namespace");
	p->one_id = false;
	return 0;
}

static int pack_run(void *opts, int argc, char **argv)
{
	const struct pack_opts *o = opts;
	static struct oci_doc doc;
	int dir __cleanup(fd_close) = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int root __cleanup(fd_close) = -1, out __cleanup(fd_close) = -1;
	struct stat st;
	struct pack p = { .tag = o->tag ? o->tag : "latest",
			  .tmpdir = "/tmp",
			  .one_id = o->rootless || geteuid() };

	if (dir < 0)
		return fail("open %s", argv[0]);
	if (!o->output)
		return failx("--output FILE or DIR/ is missing");
	if (sys_exists(dir, "config.json") && sys_exists(dir, "rootfs")) {
		if (oci_load(&arena, dir, "config.json", &doc) < 0)
			return -1;
		p.config = &doc.config;
		root = openat(dir, doc.config.root->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			return fail("open %s", doc.config.root->path);
	}
	p.root = root < 0 ? dir : root;
	if (pack_output(o->output, &out) < 0 || (p.config && enter_ids(&doc.config, &p) < 0))
		return -1;
	p.out = out;
	if (!image_pack(&arena, &p))
		return 0;
	/* Part of an archive is removed. A device or a pipe is not. */
	if (!fstat(out, &st) && S_ISREG(st.st_mode) && strcmp(o->output, "-"))
		unlink(o->output);
	return fail_in("%s", o->output);
}

static const struct opt pack_opts[] = {
	{ "output", 'o', OPT_STR, offsetof(struct pack_opts, output), "FILE|DIR/",
	  "write an archive, or a layout if it is a directory or ends with /; - is standard "
	  "output" },
	{ "tag", 't', OPT_STR, offsetof(struct pack_opts, tag), "TAG",
	  "name of the image; default latest" },
	{ "rootless", 0, OPT_FLAG, offsetof(struct pack_opts, rootless), NULL,
	  "take owners from the attributes that unpack has set; default unless root calls" },
	{ NULL },
};

const struct applet image_pack_applet = {
	.name = "pack",
	.args = "DIR|BUNDLE",
	.summary = "make an image of one layer",
	.text = "The image of a BUNDLE also has its program, environment, user, directory and "
		"annotations. The same files give the same bytes.",
	.opts = pack_opts,
	.opts_size = sizeof(struct pack_opts),
	.args_min = 1,
	.args_max = 1,
	.run = pack_run,
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

#else

int image_text(const char *source, const char *platform, const struct simple *o, char **command,
	       bool terminal, struct launch *how)
{
	return not_built("WITH_UNPACK", "images to unpack");
}

#endif
