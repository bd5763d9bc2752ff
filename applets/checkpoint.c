/* checkpoint.c - checkpoint and restore: from options to the request to CRIU. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct criu_args {
	struct criu_how how;
	const char *images, *work, *parent, *page_server, *manage, *empty_ns, *lock;
	const char *bundle, *console_socket, *pid_file;
	const char *status;
	bool detach, no_subreaper;
};

/* Numbers of CRIU's rpc.proto: enum criu_cg_mode, enum criu_network_lock_method. */
static const struct json_word manage_words[] = {
	{ "ignore", 0 }, { "soft", 3 }, { "full", 4 }, { "strict", 5 }, { NULL, 0 },
};
#define MANAGE_DEFAULT 6

static const struct json_word lock_words[] = {
	{ "iptables", 1 },
	{ "nftables", 2 },
	{ "skip", 3 },
	{ NULL, 0 },
};

/* "127.0.0.1:8080", "[::1]:8080" */
static int page_server(const char *text, struct criu_opts *o)
{
	struct criu_page_server *s = arena_alloc(&arena, sizeof(*s));
	const char *colon = strrchr(text, ':');
	size_t len = colon ? colon - text : 0, skip = 0;
	long port;

	if (len > 2 && *text == '[' && text[len - 1] == ']')
		skip = 1;
	if (!len || !opts_number(colon + 1, &port) || port < 1 || port > 65535)
		return failx("Use --page-server ADDRESS:PORT to specify page server");
	*s = (struct criu_page_server){ arena_strndup(&arena, text + skip, len - 2 * skip), port };
	o->page_server.at = s;
	o->page_server.n = 1;
	return 0;
}

/* Checks that --parent-path leads from the image path to a directory. */
static int parent_path(const struct criu_args *o)
{
	struct stat st;

	if (*o->parent == '/' ||
	    stat(arena_printf(&arena, "%s/%s", o->how.images, o->parent), &st) < 0 ||
	    !S_ISDIR(st.st_mode))
		return failx("invalid --parent-path: \"%s\" is not a directory as seen from "
			     "--image-path",
			     o->parent);
	return 0;
}

static int common(struct criu_args *o)
{
	struct criu_opts *c = &o->how.opts;
	long fd;

	o->how.path = getenv("PATH");
	o->how.conf = runc_as_crun() ? "/etc/criu/crun.conf" : "/etc/criu/runc.conf";
	o->how.rootless = geteuid() != 0;
	o->how.status_fd = -1;
	c->manage_mode = o->manage ? json_word_value(manage_words, o->manage) : MANAGE_DEFAULT;
	if (c->manage_mode < 0)
		return failx("Invalid manage cgroups mode \"%s\": must be soft, full, strict or "
			     "ignore",
			     o->manage);
	if (o->empty_ns && strcmp(o->empty_ns, "network") != 0)
		return failx("namespace \"%s\" is not supported: --empty-ns takes network",
			     o->empty_ns);
	c->empty_ns = o->empty_ns ? CLONE_NEWNET : 0;
	c->network_lock = o->lock ? json_word_value(lock_words, o->lock) : 0;
	if (c->network_lock < 0)
		return failx("invalid --network-lock \"%s\": must be iptables, nftables or skip",
			     o->lock);
	if (o->status && (!opts_number(o->status, &fd) || fd > INT_MAX))
		return failx("invalid value \"%s\" for flag -status-fd: parse error", o->status);
	if (o->status && fd >= 0)
		o->how.status_fd = (int)fd;
	if (o->page_server && page_server(o->page_server, c) < 0)
		return -1;
	if (runc_absolute(o->images && *o->images ? o->images : "checkpoint", &o->how.images) < 0 ||
	    runc_absolute(o->work, &o->how.work) < 0)
		return -1;
	if (o->parent && !*o->parent)
		o->parent = NULL;
	c->parent = o->parent;
	return o->parent ? parent_path(o) : 0;
}

static int checkpoint_run(void *opts, int argc, char **argv)
{
	struct life l __cleanup(life_close) = LIFE_INIT;
	struct criu_args *o = opts;

	if (!WITH_CRIU)
		return not_built("WITH_CRIU", "checkpoint and restore");
	if (common(o) < 0)
		return -1;
	if (life_open(&arena, globals.root, argv[0], LIFE_LOCK, &l) < 0 ||
	    criu_dump(&arena, &l, &o->how) < 0)
		return -1;
	if (o->how.opts.leave_running || o->how.pre_dump)
		return 0;
	/* CRIU has killed the container's processes. */
	return life_destroy(&arena, &l);
}

static int restore_run(void *opts, int argc, char **argv)
{
	struct started started = STARTED_INIT;
	struct criu_args *o = opts;
	struct launch how = { .root = globals.root,
			      .id = argv[0],
			      .manager = globals.manager,
			      .rootless = globals.is_rootless,
			      .helper_path = getenv("PATH"),
			      .user_bus = getenv("DBUS_SESSION_BUS_ADDRESS"),
			      .console_socket = o->console_socket,
			      .detach = o->detach,
			      .subreaper = !o->no_subreaper };

	if (!WITH_CRIU)
		return not_built("WITH_CRIU", "checkpoint and restore");
	if (common(o) < 0 || runc_absolute(o->pid_file, &how.pid_file) < 0 ||
	    runc_enter_bundle(o->bundle, &how) < 0)
		return -1;
	if (restore(&arena, &how, &o->how, &started) < 0)
		return -1;
	return how.detach ? 0 : foreground_run(&arena, &started, false, NULL);
}

#define AT(member) offsetof(struct criu_args, member)
#define CRIU(name_, member_, help_)                                                                \
	{                                                                                          \
		name_, 0, OPT_FLAG, AT(how.opts.member_), NULL, help_                              \
	}
/* Both verbs have these. */
#define BOTH                                                                                       \
	{ "image-path", 0,     OPT_STR,                                                            \
	  AT(images),	"DIR", "where the checkpoint is; default ./checkpoint" },                  \
		{ "work-path", 0,                                                                  \
		  OPT_STR,     AT(work),                                                           \
		  "DIR",       "where CRIU's log and other files go; default is the image path" }, \
		CRIU("tcp-established", tcp_established, "allow established TCP connections"),     \
		CRIU("ext-unix-sk", ext_unix_sk,                                                   \
		     "allow unix sockets that lead out of the container"),                         \
		CRIU("shell-job", shell_job, "allow a session and a terminal of a shell outside"), \
		CRIU("file-locks", file_locks, "allow file locks"),                                \
		CRIU("auto-dedup", auto_dedup,                                                     \
		     "remove from earlier checkpoints the memory that this one has "               \
		     "too"),                                                                       \
		CRIU("lazy-pages", lazy_pages,                                                     \
		     "send the memory when it is needed: `criu lazy-pages`"),                      \
		CRIU("link-remap", link_remap,                                                     \
		     "allow unlinked files: they have names until the restore"),                   \
		{ "manage-cgroups-mode",                                                           \
		  0,                                                                               \
		  OPT_STR,                                                                         \
		  AT(manage),                                                                      \
		  "soft|full|strict|ignore",                                                       \
		  "how cgroups are saved and restored; default soft" },                            \
		{ "empty-ns",	0,	   OPT_STR,                                                \
		  AT(empty_ns), "network", "make this namespace, but restore nothing in it" },     \
	{                                                                                          \
		"network-lock", 0, OPT_STR, AT(lock), "iptables|nftables|skip",                    \
			"how CRIU blocks the network meanwhile"                                    \
	}

static const struct opt checkpoint_opts[] = {
	BOTH,
	CRIU("leave-running", leave_running, "let the container run on"),
	CRIU("tcp-skip-in-flight", tcp_skip_in_flight,
	     "leave out connections that are not established yet"),
	{ "parent-path", 0, OPT_STR, AT(parent), "DIR",
	  "the pre-dump before this one, relative to the image path" },
	{ "pre-dump", 0, OPT_FLAG, AT(how.pre_dump), NULL,
	  "save the memory only, and let the container run on" },
	{ "page-server", 0, OPT_STR, AT(page_server), "ADDRESS:PORT",
	  "send the memory to a `criu page-server`, or serve lazy pages there" },
	{ "status-fd", 0, OPT_STR, AT(status), "FD",
	  "write a zero byte there when lazy pages are served" },
	{ NULL },
};

static const struct opt restore_opts[] = {
	BOTH,
	CRIU("tcp-close", tcp_close, "close established TCP connections"),
	{ "bundle", 'b', OPT_STR, AT(bundle), "DIR",
	  "the bundle; default is the working directory" },
	{ "console-socket", 0, OPT_STR, AT(console_socket), "SOCKET",
	  "unix socket that receives the terminal's master" },
	{ "pid-file", 0, OPT_STR, AT(pid_file), "FILE",
	  "write the pid of the container's init there" },
	{ "detach", 'd', OPT_FLAG, AT(detach), NULL, "exit when the container runs" },
	{ "no-subreaper", 0, OPT_FLAG, AT(no_subreaper), NULL,
	  "do not adopt orphans of the container" },
	{ "no-pivot", 0, OPT_IGNORED, 0, NULL, "CRIU switches the root" },
	{ "lsm-profile", 0, OPT_STR, AT(how.opts.lsm_profile), "TYPE:LABEL",
	  "use another profile: apparmor:LABEL or selinux:LABEL" },
	{ "lsm-mount-context", 0, OPT_STR, AT(how.opts.lsm_mount_context), "LABEL",
	  "use another label for mounts that have one" },
	{ NULL },
};

const struct applet checkpoint_applet = {
	.name = "checkpoint",
	.args = "ID",
	.summary = "save a running container to files",
	.text = "CRIU writes the state of its processes to the image path. Then the container is "
		"deleted, unless it is left running. `runc restore` continues it, also on another "
		"machine. Needs the program criu.",
	.opts = checkpoint_opts,
	.opts_size = sizeof(struct criu_args),
	.args_min = 1,
	.args_max = 1,
	.run = checkpoint_run,
};

const struct applet restore_applet = {
	.name = "restore",
	.args = "ID",
	.summary = "continue a container from a checkpoint",
	.text = "The bundle must be the same as at the checkpoint, but its path and the ID may "
		"differ. A user who can write to the image path decides what runs. Needs the "
		"program "
		"criu.",
	.opts = restore_opts,
	.opts_size = sizeof(struct criu_args),
	.args_min = 1,
	.args_max = 1,
	.run = restore_run,
};
