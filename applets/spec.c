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
	const char *net;
	struct opt_list caps;
	bool to_stdout, privileged;
};

/* ---- the document ---------------------------------------------------------------------------- */

/* Sets all known capabilities (--privileged, --cap ALL), or adds those of --cap to the default
 * ones. */
static int set_spec_caps(const struct oci_spec_opts *o, struct oci_capabilities *c)
{
	size_t n = c->bounding.n;
	const char **all = arena_more(&arena, c->bounding.at, n, o->caps.n + 64, sizeof(*all));
	bool every = o->privileged;

	for (size_t i = 0; i < o->caps.n; i++) {
		const char *name = o->caps.at[i];
		size_t at = 0;

		if (!strcmp(name, "ALL")) {
			every = true;
			continue;
		}
		if (strncmp(name, "CAP_", 4))
			name = arena_printf(&arena, "CAP_%s", name);
		if (oci_capability_bit(name) < 0)
			return failx(
				"invalid value \"%s\" for flag -cap: must be a capability such "
				"as NET_ADMIN, or ALL",
				o->caps.at[i]);
		while (at < n && strcmp(all[at], name))
			at++;
		all[at] = name;
		n += at == n;
	}
	for (size_t i = n = every ? 0 : n; every && oci_capability_names[i]; n = ++i)
		all[i] = oci_capability_names[i];
	c->bounding.at = c->effective.at = c->permitted.at = all;
	c->bounding.n = c->effective.n = c->permitted.n = n;
	return 0;
}

/* Removes what confines the container apart from its namespaces and its capabilities. */
static void set_privileged(struct oci_config *c)
{
	struct oci_linux *l = c->linux;

	c->process->no_new_privileges = false;
	l->masked_paths.n = l->readonly_paths.n = 0;
	if (l->resources) {
		l->resources->devices.at = arena_alloc(&arena, sizeof(*l->resources->devices.at));
		*l->resources->devices.at =
			(struct oci_device_rule){ .allow = true, .type = 'a', .access = "rwm" };
	}
	list_each (m, c->mounts) {
		const char **kept = arena_alloc(&arena, (m->options.n + 1) * sizeof(*kept));
		size_t n = 0;

		list_each (o, m->options)
			if (strcmp(*o, "ro"))
				kept[n++] = *o;
		m->options.at = kept;
		m->options.n = n;
	}
}

static char *oci_spec_document(const struct oci_spec_options *how, const struct oci_spec_opts *o,
			       size_t *len)
{
	struct oci_config *c = oci_spec_config(&arena, how);
	struct oci_capabilities caps = *c->process->capabilities;

	c->process->capabilities = &caps;
	if (o->privileged)
		set_privileged(c);
	if (set_spec_caps(o, &caps) < 0 || (o->net && simple_net(o->net, c->linux) < 0))
		return NULL;
	return oci_config_text(&arena, c, len);
}

/* more: the options that oci-spec has, or NULL for runc's document to the letter. Returns NULL
 * after a failure. */
static char *spec_text(const struct spec_opts *o, const struct oci_spec_opts *more, size_t *len)
{
	struct oci_spec_options how = {
		.rootless = o->rootless,
		.cgroup_v2 = cgroup_layout() == CGROUP_V2,
		.wide_masks = more,
		.euid = geteuid(),
		.egid = getegid(),
	};

	simple_kernel(&how, 0);
	return more ? oci_spec_document(&how, more, len) : oci_spec_text(&arena, &how, len);
}

/* Never replaces a config.json, which the user may have edited, even if it appears just now. */
static int spec_write(const struct spec_opts *o, const struct oci_spec_opts *more)
{
	const char *bundle = o->bundle && *o->bundle ? o->bundle : ".";
	int dir __cleanup(fd_close) = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t len;
	char *text = spec_text(o, more, &len);
	int fd, rc;

	if (!text)
		return -1;
	if (dir < 0)
		return fail("open the bundle %s", bundle);
	fd = openat(dir, CONFIG_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return failx("File " CONFIG_NAME " exists. Remove it first");
	if (fd < 0)
		return fail("create %s/" CONFIG_NAME, bundle);
	rc = fd_write_all(fd, text, len);
	/* After a power cut an empty file would make the next try fail. */
	if (!rc && fsync(fd) < 0 && errno != EINVAL)
		rc = -1;
	/* close reports a full disk on network filesystems */
	if (close(fd) < 0 || rc < 0) {
		fail("write %s/" CONFIG_NAME, bundle);
		unlinkat(dir, CONFIG_NAME, 0);
		return -1;
	}
	return 0;
}

/* ---- runc spec ------------------------------------------------------------------------------- */

static int spec_run(void *opts, int argc, char **argv)
{
	return spec_write(opts, NULL);
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

/* ---- oci-spec -------------------------------------------------------------------------------- */

static int oci_spec_run(void *opts, int argc, char **argv)
{
	const struct oci_spec_opts *o = opts;
	size_t len;
	char *text;

	if (argc && strcmp(argv[0], "-")) {
		if (applet_exists("oci-spec", argv[0]) &&
		    (o->to_stdout || o->spec.bundle || o->spec.rootless || o->net || o->caps.n ||
		     o->privileged))
			return failx("options come after the command: %s %s ...", globals.applet,
				     argv[0]);
		return applet_run("oci-spec", argc, argv);
	}
	if (argc > 1)
		return failx("no argument may follow -");
	if (!argc && !o->to_stdout)
		return spec_write(&o->spec, o);
	if (o->spec.bundle)
		return failx("--bundle and standard output exclude each other");
	text = spec_text(&o->spec, o, &len);
	if (!text)
		return -1;
	return applet_print(text, len) < 0 ? -1 : applet_print("\n", 1);
}

static const struct opt oci_spec_opts[] = {
	SPEC_ROWS(offsetof(struct oci_spec_opts, spec)),
	{ "privileged", 0, OPT_FLAG, offsetof(struct oci_spec_opts, privileged), NULL,
	  "all capabilities and devices; nothing is masked, and only the root is read-only" },
	{ "cap", 0, OPT_LIST, offsetof(struct oci_spec_opts, caps), "NAME",
	  "add a capability, such as NET_ADMIN, or ALL; may be repeated" },
	{ "net", 0, OPT_STR, offsetof(struct oci_spec_opts, net), "none|host",
	  "only lo, or the host's network" },
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

/* ---- oci-spec check -------------------------------------------------------------------------- */

static void print_spec_line(const char *text)
{
	printf("%s\n", text);
}

struct check_opts {
	const char *file, *bundle;
};

static int check_run_verb(void *opts, int argc, char **argv)
{
	const struct check_opts *o = opts;
	const char *file = NULL;
	int faults;

	if (argc && (o->file || o->bundle))
		return failx("the file is given twice");
	if (spec_file(argc ? argv[0] : o->file, o->bundle, &file) < 0)
		return -1;
	faults = oci_check(&arena, AT_FDCWD, file, print_spec_line);
	if (faults < 0)
		return -1;
	/* A report that could not be written must not look like one without faults. */
	if (applet_print("", 0) < 0)
		return -1;
	return faults > 0;
}

static const struct opt check_opts[] = {
	{ "file", 'f', OPT_STR, offsetof(struct check_opts, file), "FILE",
	  "this file instead of config.json" },
	{ "bundle", 'b', OPT_STR, offsetof(struct check_opts, bundle), "DIR",
	  "the config.json of this directory" },
	{ NULL },
};

const struct applet oci_spec_check_applet = {
	.name = "check",
	.args = "[FILE]",
	.summary = "report every fault of a config.json",
	.text = "Prints FILE:LINE:COLUMN: FIELD: what is wrong, a line for each fault, and exits "
		"with 1. Without faults it prints nothing and exits with 0.",
	.opts = check_opts,
	.opts_size = sizeof(struct check_opts),
	.args_max = 1,
	.run = check_run_verb,
};
