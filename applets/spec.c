/* spec.c - config.json for a start (runc spec, oci-spec) and what is wrong with one (check). */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <stdio.h>
#include <string.h>

#define CONFIG_NAME "config.json"

struct spec_opts {
	const char *bundle;
	bool rootless;
};

struct oci_spec_opts {
	struct spec_opts spec;
	bool to_stdout;
};

/* ---- the document --------------------------------------------------------------------------------- */

/* wide: with masks that runc's document, which spec writes to the letter, does not have. */
static char *spec_text(const struct spec_opts *o, bool wide, size_t *len)
{
	struct oci_spec_options how = {
		.rootless = o->rootless,
		.cgroup_v2 = cgroup_layout() == CGROUP_V2,
		.wide_masks = wide,
		.euid = geteuid(),
		.egid = getegid(),
	};

	return oci_spec_text(&arena, &how, len);
}

/* Somebody's edited file is worth more than ours: an existing one is never replaced, not even
 * one that appears just now. */
static int spec_write(const struct spec_opts *o, bool wide)
{
	const char *bundle = o->bundle && *o->bundle ? o->bundle : ".";
	int dir __cleanup(fd_close) = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t len;
	char *text = spec_text(o, wide, &len);
	int fd, rc;

	if (dir < 0)
		return fail("open the bundle %s", bundle);
	fd = openat(dir, CONFIG_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return failx("File " CONFIG_NAME " exists. Remove it first");
	if (fd < 0)
		return fail("create %s/" CONFIG_NAME, bundle);
	rc = fd_write_all(fd, text, len);
	/* an empty file after a power cut would be in the way of the next try */
	if (!rc && fsync(fd) < 0 && errno != EINVAL)
		rc = -1;
	/* close tells of a full disk on network filesystems */
	if (close(fd) < 0 || rc < 0) {
		fail("write %s/" CONFIG_NAME, bundle);
		unlinkat(dir, CONFIG_NAME, 0);
		return -1;
	}
	return 0;
}

/* ---- runc spec ------------------------------------------------------------------------------------ */

static int spec_run(void *opts, int argc, char **argv)
{
	return spec_write(opts, false);
}

/* clang-format off */
#define SPEC_ROWS(base)                                                                            \
	{ "bundle", 'b', OPT_STR, (base) + offsetof(struct spec_opts, bundle), "DIR",              \
	  "write it to this directory instead of the current one" },                               \
	{ "rootless", 0, OPT_FLAG, (base) + offsetof(struct spec_opts, rootless), NULL,            \
	  "for an ordinary user: a user namespace with ids mapped to yours" }
/* clang-format on */

static const struct opt spec_opts[] = { SPEC_ROWS(0), { NULL } };

const struct applet spec_applet = {
	.name = "spec",
	.args = "",
	.summary = "write a config.json to start from",
	.text = "The container it describes runs sh from the directory rootfs, which is read-only, "
		"with few capabilities. An existing config.json is not replaced.",
	.opts = spec_opts,
	.opts_size = sizeof(struct spec_opts),
	.run = spec_run,
};

/* ---- oci-spec ------------------------------------------------------------------------------------- */

static int oci_spec_run(void *opts, int argc, char **argv)
{
	const struct oci_spec_opts *o = opts;
	size_t len;
	char *text;

	if (argc && strcmp(argv[0], "-")) {
		if (o->to_stdout || o->spec.bundle || o->spec.rootless)
			return failx("options come behind the command: %s %s ...", globals.applet,
				     argv[0]);
		return applet_run("oci-spec", argc, argv);
	}
	if (argc > 1)
		return failx("nothing may follow -");
	if (!argc && !o->to_stdout)
		return spec_write(&o->spec, true);
	if (o->spec.bundle)
		return failx("--bundle and standard output exclude each other");
	text = spec_text(&o->spec, true, &len);
	return applet_print(text, len) < 0 ? -1 : applet_print("\n", 1);
}

static const struct opt oci_spec_opts[] = {
	SPEC_ROWS(offsetof(struct oci_spec_opts, spec)),
	{ "stdout", 0, OPT_FLAG, offsetof(struct oci_spec_opts, to_stdout), NULL,
	  "print it; the argument - does the same" },
	{ NULL },
};

const struct applet oci_spec_applet = {
	.name = "oci-spec",
	.args = "[- | COMMAND [ARG...]]",
	.summary = "write, check and edit the config.json of a container",
	.text = "Without a command it writes a config.json to start from, as runc spec does.",
	.opts = oci_spec_opts,
	.opts_size = sizeof(struct oci_spec_opts),
	.args_max = -1,
	.stop_at_positional = true,
	.run = oci_spec_run,
};

/* ---- oci-spec check ------------------------------------------------------------------------------- */

static void print_line(const char *text)
{
	printf("%s\n", text);
}

static int check_run_verb(void *opts, int argc, char **argv)
{
	int faults = oci_check(&arena, AT_FDCWD, argc ? argv[0] : CONFIG_NAME, print_line);

	if (faults < 0)
		return -1;
	/* A report that did not arrive must not pass for a clean one. */
	if (applet_print("", 0) < 0)
		return -1;
	return faults > 0;
}

const struct applet oci_spec_check_applet = {
	.name = "check",
	.args = "[FILE]",
	.summary = "report every fault of a config.json",
	.text = "One line for each: FILE:LINE:COLUMN: FIELD: what is wrong. Without any it prints "
		"nothing and exits with 0, else with 1.",
	.args_max = 1,
	.run = check_run_verb,
};
