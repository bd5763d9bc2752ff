/* create.c - create and run: from options to struct launch. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <limits.h>
#include <stdlib.h>

struct create_opts {
	const char *bundle, *config, *console_socket, *pidfd_socket, *pid_file;
	long preserve_fds;
	bool no_pivot, no_new_keyring, detach, keep, no_subreaper;
};

/* The bundle becomes the working directory: relative socket names and hooks mean it so, as they
 * do under runc. What engines ask back in `state` is the path without links. */
static int enter_bundle(const char *bundle, struct launch *how)
{
	char cwd[PATH_MAX];

	if (bundle && *bundle && chdir(bundle))
		return fail("change to the bundle %s", bundle);
	if (!getcwd(cwd, sizeof(cwd)))
		return fail("find the path of the bundle");
	how->bundle = arena_strdup(&arena, cwd);
	return 0;
}

static int do_launch(const struct create_opts *o, const char *id, struct launch *how)
{
	how->root = globals.root;
	how->id = id;
	how->manager = globals.manager;
	how->rootless = globals.is_rootless;
	how->helper_path = getenv("PATH");
	how->console_socket = o->console_socket;
	how->pidfd_socket = o->pidfd_socket;
	how->no_pivot = o->no_pivot;
	how->no_new_keyring = o->no_new_keyring;
	if (o->preserve_fds < 0 || o->preserve_fds > INT_MAX)
		return failx("invalid value \"%ld\" for flag -preserve-fds: out of range",
			     o->preserve_fds);
	how->preserve_fds = o->preserve_fds;
	/* while the caller's directory is still the working directory */
	if (runc_absolute(o->pid_file, &how->pid_file) < 0 ||
	    runc_absolute(o->config, &how->config) < 0)
		return -1;
	if (enter_bundle(o->bundle, how) < 0)
		return -1;
	return launch(&arena, how);
}

static int create_run(void *opts, int argc, char **argv)
{
	struct launch how = { .detach = true, .wait_start = true };
	int status = do_launch(opts, argv[0], &how);

	/* the prefix is what engines have seen for years (checklist X-01) */
	return status < 0 ? fail_in("runc create failed"), -1 : status;
}

extern const struct applet run_applet; /* named before it is there, also in a build without */

static int run_run(void *opts, int argc, char **argv)
{
	const struct create_opts *o = opts;
	struct launch how = { .detach = o->detach, .keep = o->keep, .subreaper = !o->no_subreaper };
	int status = do_launch(o, argv[0], &how);

	if (status >= 0)
		return status;
	fail_in("runc run failed");
	/* 255 is what a container whose program cannot be executed has always ended with */
	if (status == LAUNCH_EXEC_FAILED)
		return applet_fail(&run_applet), 255;
	return -1;
}

#define AT(field) offsetof(struct create_opts, field)
/* create has all but the first three. */
static const struct opt run_opts[] = {
	{ "detach", 'd', OPT_FLAG, AT(detach), NULL, "leave when the container runs" },
	{ "keep", 0, OPT_FLAG, AT(keep), NULL, "do not delete the container when it has ended" },
	{ "no-subreaper", 0, OPT_FLAG, AT(no_subreaper), NULL,
	  "do not adopt orphans of the container" },
#define RUN_ONLY 3
	{ "bundle", 'b', OPT_STR, AT(bundle), "DIR",
	  "the bundle; default is the working directory" },
	{ "config", 'f', OPT_STR, AT(config), "FILE",
	  "read this instead of the bundle's config.json" },
	{ "console-socket", 0, OPT_STR, AT(console_socket), "SOCKET",
	  "unix socket that receives the terminal's master" },
	{ "pidfd-socket", 0, OPT_STR, AT(pidfd_socket), "SOCKET",
	  "unix socket that receives a pidfd of the container's init" },
	{ "pid-file", 0, OPT_STR, AT(pid_file), "FILE",
	  "write the pid of the container's init there" },
	{ "no-pivot", 0, OPT_FLAG, AT(no_pivot), NULL,
	  "move and chroot instead of pivot_root, for a rootfs on a ramdisk" },
	{ "no-new-keyring", 0, OPT_FLAG, AT(no_new_keyring), NULL,
	  "keep the caller's session keyring" },
	{ "preserve-fds", 0, OPT_INT, AT(preserve_fds), "N",
	  "pass N descriptors from 3 on to the container" },
	{ NULL },
};

const struct applet create_applet = {
	.name = "create",
	.args = "ID",
	.summary = "create a container and leave its process waiting for start",
	.text = "Everything is made as config.json of the bundle says; only the program itself is "
		"not executed before `runc start ID`. ID is any unused name of letters, digits and "
		"_+-. .",
	.opts = run_opts + RUN_ONLY,
	.opts_size = sizeof(struct create_opts),
	.args_min = 1,
	.args_max = 1,
	.sealed = true,
	.run = create_run,
};

const struct applet run_applet = {
	.name = "run",
	.args = "ID",
	.summary = "create and start a container",
	.text = "In the foreground it waits for the container, deletes it and exits with its "
		"status, or with 128 plus the number of the signal that ended it.",
	.opts = run_opts,
	.opts_size = sizeof(struct create_opts),
	.args_min = 1,
	.args_max = 1,
	.sealed = true,
	.run = run_run,
};
