/* create.c - create and run: from options to struct launch. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct create_opts {
	const char *bundle, *config, *console_socket, *pidfd_socket, *pid_file, *exit_file;
	const char *overlay, *image, *platform;
	struct simple simple;
	long preserve_fds;
	bool init, no_pivot, no_new_keyring, detach, keep, no_subreaper, die_with_parent;
};

/* The bundle becomes the working directory, as under runc: relative names of sockets and hooks
 * start there. `state` reports this path without symbolic links. */
int runc_enter_bundle(const char *bundle, struct launch *how)
{
	char cwd[PATH_MAX];

	if (bundle && *bundle && chdir(bundle))
		return fail("change to the bundle %s", bundle);
	if (!sys_getcwd(cwd, sizeof(cwd)))
		return fail("find the path of the bundle");
	how->bundle = arena_strdup(&arena, cwd);
	return 0;
}

/* Returns how many sockets a service manager passes to this process (sd_listen_fds(3)). */
static unsigned listen_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long n;

	if (!pid || !fds || !opts_number(pid, &n) || n != getpid() || !opts_number(fds, &n))
		return 0;
	return n > 0 && n < INT_MAX / 2 ? n : 0;
}

/* ---- --rootfs: no bundle --------------------------------------------------------------------- */

static const struct opt *simple_option(const struct create_opts *o);

/* Makes a random ID for a foreground container that is deleted at its end: no other command needs
 * its name. */
static int make_id(const struct create_opts *o, struct launch *how, const char **id)
{
	uint64_t random;

	if (how->detach || o->keep)
		return failx("a container that stays needs an ID");
	/* GRND_NONBLOCK: while a board boots the kernel may have no random numbers for more than a
	 * second. The ID must differ from other IDs, but need not be secret. */
	if (syscall(SYS_getrandom, &random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (uint64_t)clock_ms() << 22 ^ (uint64_t)getpid();
	*id = arena_printf(&arena, "run-%016llx", (unsigned long long)random);
	how->bound = true;
	return 0;
}

/* True if the word before -- is probably a command: it has a slash, or is the name of a program
 * below the root. */
static bool looks_like_command(const char *root, const char *word)
{
	static const char *const dirs[] = { "bin",	"usr/bin",	 "sbin",
					    "usr/sbin", "usr/local/bin", "usr/local/sbin" };
	int fd __cleanup(fd_close) = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool found = strchr(word, '/');

	for (size_t i = 0; fd >= 0 && *word && !found && i < ARRAY_SIZE(dirs); i++) {
		int file __cleanup(fd_close) =
			path_open(fd, arena_printf(&arena, "%s/%s", dirs[i], word), O_PATH, 0, 0);

		found = file >= 0;
	}
	err_clear("no such program is the usual case");
	return found;
}

/* [ID] [-- CMD [ARG...]]. The bundle is the directory that holds the root filesystem. */
static int from_rootfs(const struct create_opts *o, int argc, char **argv, struct launch *how)
{
	char real[PATH_MAX], *slash;
	struct simple s = o->simple;
	int before = opts_dashes() < 0 ? argc : opts_dashes();
	bool terminal = o->console_socket || (!how->detach && isatty(0) && isatty(1));

	if (before > 1)
		return failx("a command stands after --: [ID] -- COMMAND [ARG...]");
	if (o->bundle || o->config)
		return failx("--rootfs takes the place of a bundle: no --bundle and no --config");
	if (!realpath(s.rootfs, real))
		return fail("root filesystem %s", s.rootfs);
	s.rootfs = arena_strdup(&arena, real);
	if (before && (opts_dashes() < 0 || !oci_id_valid(argv[0])) &&
	    looks_like_command(real, argv[0]))
		return failx("\"%s\" stands where the container's ID does, and is a command: "
			     "[ID] -- %s [ARG...]",
			     argv[0], argv[0]);
	if (simple_text(&s, argv + before, terminal, &how->text, &how->text_len) < 0)
		return -1;
	slash = strrchr(real, '/');
	slash[slash == real] = 0;
	how->bundle = arena_strdup(&arena, real);
	how->id = before ? argv[0] : NULL;
	return how->id || s.print ? 0 : make_id(o, how, &how->id);
}

/* [ID] [-- CMD [ARG...]]. Containers share the image, so what one writes goes to an overlay, which
 * ends with it. */
static int from_image(const struct create_opts *o, int argc, char **argv, struct launch *how)
{
	int before = opts_dashes() < 0 ? argc : opts_dashes();
	bool terminal = o->console_socket || (!how->detach && isatty(0) && isatty(1));

	if (before > 1)
		return failx("a command stands after --: [ID] -- COMMAND [ARG...]");
	if (o->bundle || o->config || o->simple.rootfs)
		return failx(
			"--image takes the place of a bundle: no --bundle, --config and --rootfs");
	if (image_text(o->image, o->platform, &o->simple, argv + before, terminal, how) < 0)
		return -1;
	if (!how->overlay)
		how->overlay = "";
	how->id = before ? argv[0] : NULL;
	return how->id || o->simple.print ? 0 : make_id(o, how, &how->id);
}

static int print_text(const struct launch *how)
{
	return applet_print(how->text, how->text_len) < 0 ? -1 : applet_print("\n", 1);
}

static int do_launch(const struct create_opts *o, int argc, char **argv, struct launch *how)
{
	const struct opt *only = simple_option(o);
	struct started started = STARTED_INIT;
	const char *exit_file;
	int status;

	how->init = applet_exists("", "oci-init") ? "oci-init" : NULL;
	how->want_init = o->init;
	how->overlay = o->overlay;
	how->root = globals.root;
	how->id = argv[0];
	how->manager = globals.manager;
	how->rootless = globals.is_rootless;
	how->helper_path = getenv("PATH");
	how->user_bus = getenv("DBUS_SESSION_BUS_ADDRESS");
	how->console_socket = o->console_socket;
	how->pidfd_socket = o->pidfd_socket;
	how->no_pivot = o->no_pivot;
	how->no_new_keyring = o->no_new_keyring;
	how->bound = how->die_with_parent = o->die_with_parent;
	if (how->die_with_parent && how->detach)
		return failx("--die-with-parent is for the foreground: --detach leaves at once");
	how->notify = getenv("NOTIFY_SOCKET");
	if (how->notify && !*how->notify)
		how->notify = NULL;
	how->listen_fds = listen_fds();
	if (!WITH_NOTIFY && (how->notify || how->listen_fds))
		return not_built("WITH_NOTIFY", "way for a service manager's sockets");
	/* The child wipes its environment before the payload's is made (proc_hide_args). */
	if (getenv("LISTEN_FDNAMES"))
		how->listen_names = arena_strdup(&arena, getenv("LISTEN_FDNAMES"));
	if (runc_preserve(how->listen_fds, o->preserve_fds, runc_as_crun(), &how->preserve_fds) < 0)
		return -1;
	/* Relative paths are read before the bundle becomes the working directory. */
	if (how->detach && o->exit_file)
		return failx("--exit-file is for the foreground: --detach leaves at once");
	if (runc_absolute(o->pid_file, &how->pid_file) < 0 ||
	    runc_absolute(o->exit_file, &exit_file) < 0 ||
	    runc_absolute(o->config, &how->config) < 0)
		return -1;
	if (!WITH_ROOTFS && (o->simple.rootfs || o->image))
		return not_built("WITH_ROOTFS", "containers without a config.json");
	if (only && !o->simple.rootfs && !o->image)
		return failx("--%s needs --rootfs or --image: a bundle says it in its config.json",
			     only->name);
	if ((WITH_ROOTFS && o->image	       ? from_image(o, argc, argv, how)
	     : WITH_ROOTFS && o->simple.rootfs ? from_rootfs(o, argc, argv, how)
					       : runc_enter_bundle(o->bundle, how)) < 0)
		return -1;
	if (WITH_ROOTFS && o->simple.print)
		return print_text(how);
	status = launch(&arena, how, &started);
	if (status < 0)
		return status;
	if (!how->detach)
		return foreground_run(&arena, &started, o->keep, exit_file);
	if (WITH_NOTIFY)
		service_wait(&started.service, &started.life, started.pidfd);
	return 0;
}

/* For misused(). applet.h declares only what a build has. */
extern const struct applet create_applet, run_applet;

/* With --rootfs and --image the ID may be missing, and a command may follow. */
static bool misused(const struct applet *ap, const struct create_opts *o, int argc)
{
	return (!WITH_ROOTFS || (!o->simple.rootfs && !o->image)) && opts_count(ap, argc, 1, 1) < 0;
}

static int create_run(void *opts, int argc, char **argv)
{
	struct launch how = { .detach = true, .wait_start = true };
	int status;

	if (misused(&create_applet, opts, argc))
		return applet_misused(&create_applet);
	status = do_launch(opts, argc, argv, &how);

	/* runc's message begins so, and engines show it */
	return status < 0 ? fail_in("runc create failed"), -1 : status;
}

static int run_run(void *opts, int argc, char **argv)
{
	const struct create_opts *o = opts;
	struct launch how = { .detach = o->detach, .subreaper = !o->no_subreaper };
	int status;

	if (misused(&run_applet, o, argc))
		return applet_misused(&run_applet);
	status = do_launch(o, argc, argv, &how);

	if (status >= 0)
		return status;
	fail_in("runc run failed");
	/* 255 is what a container whose program cannot be executed has always ended with */
	if (status == LAUNCH_EXEC_FAILED)
		return applet_fail(&run_applet), 255;
	return -1;
}

#define AT(field) offsetof(struct create_opts, field)
/* The rows that only `run` has come first. */
static const struct opt run_opts[] = {
	{ "detach", 'd', OPT_FLAG, AT(detach), NULL, HELP("exit when the container runs") },
	{ "keep", 0, OPT_FLAG, AT(keep), NULL,
	  HELP("do not delete the container when it has ended") },
	{ "no-subreaper", 0, OPT_FLAG, AT(no_subreaper), NULL,
	  HELP("do not adopt orphans of the container") },
	{ "die-with-parent", 0, OPT_FLAG, AT(die_with_parent), NULL,
	  HELP("kill the container when the runtime ends, and the runtime when its parent ends") },
	{ "exit-file", 0, OPT_STR, AT(exit_file), "FILE",
	  HELP("write to FILE how the container ended: `exited N`, `killed SIGNAL`, `reboot` or "
	       "`poweroff`, and ` oom LIMIT` if memory ran out") },
#define RUN_ONLY 5
	{ "bundle", 'b', OPT_STR, AT(bundle), "DIR",
	  HELP("the bundle; default is the working directory") },
	{ "config", 'f', OPT_STR, AT(config), "FILE",
	  HELP("read this instead of the bundle's config.json") },
	{ "console-socket", 0, OPT_STR, AT(console_socket), "SOCKET",
	  HELP("unix socket that receives the terminal's master") },
	{ "pidfd-socket", 0, OPT_STR, AT(pidfd_socket), "SOCKET",
	  HELP("unix socket that receives a pidfd of the container's init") },
	{ "pid-file", 0, OPT_STR, AT(pid_file), "FILE",
	  HELP("write the pid of the container's init there") },
	{ "no-pivot", 0, OPT_FLAG, AT(no_pivot), NULL,
	  HELP("move and chroot instead of pivot_root; never needed, not even on an initramfs") },
	{ "no-new-keyring", 0, OPT_FLAG, AT(no_new_keyring), NULL,
	  HELP("keep the caller's session keyring") },
	{ "preserve-fds", 0, OPT_INT, AT(preserve_fds), "N",
	  HELP("pass N descriptors from 3 on to the container") },
	{ "init", 0, OPT_FLAG, AT(init), NULL,
	  HELP("oci-init is process 1 and starts the program; the root filesystem need not have "
	       "it") },
	{ "overlay", 0, OPT_MAYBE, AT(overlay), "SIZE",
	  HELP("writes go to a tmpfs over the root (default 64m), which ends with the container") },
	{ "rootfs", 0, OPT_STR, AT(simple.rootfs), "DIR|IMAGE",
	  HELP("no bundle: the config.json of `runc spec` with this root and the options below") },
	{ "image", 0, OPT_STR, AT(image), "SOURCE[:TAG]",
	  HELP("no bundle: unpack this image (see oci-image unpack) below the state root, if it is "
	       "not "
	       "there, and run it under an overlay") },
	{ "platform", 0, OPT_STR, AT(platform), "OS/ARCH[/VARIANT]",
	  HELP("take the image for that platform; default is this machine's, or the only one") },
#if WITH_ROOTFS
#define SIMPLE(name_, letter_, kind_, member_, arg_, help_)                                        \
	{                                                                                          \
		name_, letter_, kind_, AT(simple.member_), arg_,                                   \
			"with --rootfs or --image: " help_                                         \
	}
	SIMPLE("memory", 'm', OPT_STR, mem, "SIZE", "limit of memory, such as 32M"),
	SIMPLE("mem", 0, OPT_STR, mem, "SIZE", "the same as --memory"),
	SIMPLE("pids-limit", 0, OPT_STR, pids, "N", "limit of processes"),
	SIMPLE("pids", 0, OPT_STR, pids, "N", "the same as --pids-limit"),
	SIMPLE("cpus", 0, OPT_STR, cpus, "N", "limit of processor time, such as 0.5"),
	SIMPLE("ro", 0, OPT_FLAG, readonly, NULL, "the root is read-only"),
	SIMPLE("net", 0, OPT_STR, net, "none|host", "only lo (default), or the host's network"),
	SIMPLE("env", 'e', OPT_LIST, env, "KEY=VALUE", "add to the environment; repeatable"),
	SIMPLE("cwd", 0, OPT_STR, cwd, "DIR", "working directory"),
	SIMPLE("user", 'u', OPT_STR, user, "UID[:GID]", "run as these ids"),
	SIMPLE("hostname", 0, OPT_STR, hostname, "NAME", "its hostname"),
	SIMPLE("mount", 0, OPT_LIST, mounts, "SRC:DST[:OPT,...]", "a bind mount; repeatable"),
	SIMPLE("print", 0, OPT_FLAG, print, NULL, "show that config.json and do nothing else"),
	SIMPLE("relative", 0, OPT_FLAG, relative, NULL,
	       "with --print: root.path is relative to the directory it lies in"),
#endif
	{ NULL },
};

/* Returns the first option that was given and has a meaning only with --rootfs or --image, or NULL.
 * Each of them is a pointer, a list that begins with one, or a flag. */
static const struct opt *simple_option(const struct create_opts *o)
{
	for (const struct opt *row = run_opts; WITH_ROOTFS && row->name; row++) {
		const char *at = (const char *)o + row->offset;

		if (row->offset < AT(simple) || row->offset >= AT(simple) + sizeof(o->simple) ||
		    !strcmp(row->name, "rootfs"))
			continue;
		if (row->kind == OPT_FLAG ? *(const bool *)at : *(void *const *)at != NULL)
			return row;
	}
	return NULL;
}

const struct applet create_applet = {
	.name = "create",
	.args = "ID",
	.summary = HELP("create a container and leave its process waiting for start"),
	.text = HELP(
		"Everything is made as config.json of the bundle says; only the program itself is "
		"not executed before `runc start ID`. ID is any unused name of letters, digits and "
		"_+-. ."),
	.opts = run_opts + RUN_ONLY,
	.opts_size = sizeof(struct create_opts),
	.args_max = -1,
	.sealed = true,
	.run = create_run,
};

const struct applet run_applet = {
	.name = "run",
	.args = "ID",
	.summary = HELP("create and start a container"),
	.text = HELP(
		"In the foreground it waits for the container, deletes it and exits with its "
		"status, or with 128 plus the number of the signal that ended it. With --rootfs "
		"or --image the arguments are [ID] [-- COMMAND [ARG...]]: the options replace the "
		"bundle, and without ID the container gets a random one. "
		"The root may also be an image of squashfs, erofs or ext4."),
	.opts = run_opts,
	.opts_size = sizeof(struct create_opts),
	.args_max = -1,
	.sealed = true,
	.run = run_run,
};
