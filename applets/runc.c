/* runc.c - the runtime's global options and what they mean for every verb. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>

static const struct json_word level_words[] = {
	{ "error", LOG_ERROR },
	{ "warning", LOG_WARNING },
	{ "info", LOG_INFO },
	{ "debug", LOG_DEBUG },
	{ NULL, 0 },
};

/* ---- the log --------------------------------------------------------------------------------- */

static bool log_json;
static int64_t began; /* clock_ms */

static void log_file_line(enum log_level level, const char *text)
{
	char line[4096];
	size_t len =
		!log_json && isatty(globals.log_fd)
			? log_terminal(line, sizeof(line), (clock_ms() - began) / 1000, level, text)
			: log_format(line, sizeof(line), log_json, level, text);

	/* a failure of the log itself cannot be reported */
	fd_write_all(globals.log_fd, line, len);
}

/* Errors become lines of the log before arguments are parsed, because engines read standard
 * error. */
static int log_first(int argc, char **argv)
{
	log_sink.line = log_file_line;
	began = clock_ms();
	return 0;
}

static int open_log(void)
{
	const char *format =
		globals.log_format && *globals.log_format ? globals.log_format : "text";
	int level = LOG_INFO;
	int fd;

	/* The format comes first: errors in the other options are reported in it. */
	log_json = !strcmp(format, "json");
	if (!log_json && strcmp(format, "text"))
		return failx("invalid log-format: %s", format);
	if (globals.log_level) {
		level = json_word_value(level_words, globals.log_level);
		if (level < 0)
			return failx("invalid log-level: %s", globals.log_level);
	}
	log_sink.level = globals.debug ? LOG_DEBUG : (enum log_level)level;
	if (globals.log && *globals.log && strcmp(globals.log, "/dev/stderr")) {
		/* O_SYNC: engines read the log after a failure. */
		fd = open(globals.log,
			  O_WRONLY | O_CREAT | O_APPEND | O_SYNC | O_CLOEXEC | O_NOCTTY, 0644);
		if (fd < 0)
			return fail("open the log %s", globals.log);
		globals.log_fd = fd;
	} else {
		log_sink.shared = true;
	}
	return 0;
}

/* ---- who we are ------------------------------------------------------------------------------ */

/* The first user namespace has a fixed inode number (PROC_USER_INIT_INO of the kernel's proc_ns.h).
 * Without /proc the answer is false: real root is the likelier case. */
#define INITIAL_USERNS_INO 0xEFFFFFFDU

bool runc_in_userns(void)
{
	struct stat st;

	return !stat("/proc/self/ns/user", &st) && st.st_ino != INITIAL_USERNS_INO;
}

static bool honour_xdg(bool in_userns)
{
	const char *user = getenv("USER");

	if (getauxval(AT_EUID))
		return true;
	return in_userns && !(user && !strcmp(user, "root"));
}

static int set_rootless(bool in_userns)
{
	int on;

	if (!globals.rootless || !*globals.rootless || !strcasecmp(globals.rootless, "auto")) {
		globals.is_rootless = getauxval(AT_EUID) || in_userns;
		return 0;
	}
	on = opts_bool(globals.rootless);
	if (on < 0)
		return failx("invalid rootless: %s: must be true, false or auto", globals.rootless);
	globals.is_rootless = on;
	return 0;
}

int runc_absolute(const char *path, const char **out)
{
	char cwd[PATH_MAX];

	*out = path && *path ? path : NULL;
	if (!*out || *path == '/')
		return 0;
	if (!sys_getcwd(cwd, sizeof(cwd)))
		return fail("find the working directory");
	*out = arena_printf(&arena, "%s/%s", cwd, path);
	return 0;
}

/* Fills a hole among the descriptors that are passed on with an eventfd, which execve(2) closes.
 * Otherwise a file of ours could get that number and be passed on. */
static int fill_hole(int fd, int end)
{
	int filler __cleanup(fd_close) = -1, moved;

	if (fd == globals.log_fd) {
		moved = fcntl(fd, F_DUPFD_CLOEXEC, end);
		if (moved < 0)
			return fail("move the log");
		globals.log_fd = moved;
	}
	filler = eventfd(0, EFD_CLOEXEC);
	if (filler == fd)
		return fd_take(&filler), 0;
	if (filler < 0 || dup3(filler, fd, O_CLOEXEC) < 0)
		return fail("fill descriptor %d, which is not open, below --preserve-fds", fd);
	return 0;
}

int runc_preserve(unsigned before, long n, bool holes, unsigned *all)
{
	if (n < 0 || n > INT_MAX / 2)
		return failx("invalid value \"%ld\" for flag -preserve-fds: out of range", n);
	for (long i = 0; i < (long)before + n; i++) {
		int flags = fcntl(3 + i, F_GETFD);

		/* A descriptor with close-on-exec is one that we have opened ourselves. */
		if (flags >= 0 && !(flags & FD_CLOEXEC))
			continue;
		if (holes && i >= (long)before) {
			if (fill_hole(3 + i, 3 + before + n) < 0)
				return -1;
			continue;
		}
		errno = EBADF;
		return fail("unable to stat preserved-fd %ld (of %ld)", i, before + n);
	}
	*all = before + n;
	return 0;
}

bool runc_as_crun(void)
{
	return !strncmp(globals.applet, "crun", 4);
}

static int set_root(bool in_userns)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	globals.root_is_default = !globals.root || !*globals.root;
	if (globals.root_is_default && xdg && *xdg && honour_xdg(in_userns)) {
		globals.root = arena_printf(&arena, "%s/runc", xdg);
		/* The sticky bit keeps cleaners of temporary files away. If mkdir(2) fails, the
		 * first use of the directory reports it. */
		if (!mkdir(globals.root, 0700))
			chmod(globals.root, 01700);
	} else if (globals.root_is_default) {
		globals.root = LIFE_ROOT;
	}
	/* The path must stay valid after the bundle has become the working directory. */
	if (runc_absolute(globals.root, &globals.root) < 0)
		return -1;
	globals.root = path_clean(&arena, globals.root);
	if (!strcmp(globals.root, "/"))
		return failx("Option --root argument should not be set to /");
	return 0;
}

int runc_root(void)
{
	return set_root(runc_in_userns());
}

static int set_manager(void)
{
	int manager = globals.systemd_cgroup ? CGROUP_SYSTEMD : CGROUP_CGROUPFS;

	if (globals.cgroup_manager) {
		manager = json_word_value(cgroup_manager_words, globals.cgroup_manager);
		if (manager < 0)
			return failx(
				"invalid cgroup-manager: %s: must be cgroupfs, systemd or disabled",
				globals.cgroup_manager);
	}
	if (!WITH_CGROUP && (globals.systemd_cgroup || globals.cgroup_manager) &&
	    manager != CGROUP_DISABLED)
		return not_built("WITH_CGROUP", "cgroups");
	globals.manager = manager;
	return 0;
}

/* Digits are an id, never a name of the image's passwd; the id that means "unchanged" to the
 * kernel is refused, since setresuid would keep root with it. */
int runc_id(const char *text, size_t len, const char *what, uint32_t *id)
{
	uint64_t value;

	if (!json_number_u64(text, len, &value) || value >= UINT32_MAX)
		return failx("bad %s: \"%.*s\" is not a number from 0 to 4294967294", what,
			     (int)len, text);
	*id = value;
	return 0;
}

int runc_user(const char *text, uint32_t *uid, uint32_t *gid)
{
	size_t len = strcspn(text, ":");

	if (runc_id(text, len, "uid", uid) < 0)
		return -1;
	return text[len] ? runc_id(text + len + 1, strlen(text + len + 1), "gid", gid) : 0;
}

/* ---- several containers at once -------------------------------------------------------------- */

int runc_each(const char *expr, int (*each)(const char *id, const void *arg), const void *arg)
{
	unsigned matched = 0, failed = 0;
	struct life_ids ids;
	int r = match_ere(expr, ""); /* a wrong expression is an error without containers, too */

	if (r < 0 || life_list(&arena, globals.root, globals.root_is_default, &ids) < 0)
		return -1;
	for (size_t i = 0; i < ids.n; i++) {
		if (match_ere(expr, ids.at[i]) <= 0)
			continue;
		matched++;
		if (each(ids.at[i], arg) < 0) {
			log_warn("%s: %s", ids.at[i], err_text());
			failed++;
		}
	}
	if (!matched)
		return failx("no container matches \"%s\"", expr);
	return failed ? failx("failed for %u of %u containers", failed, matched) : 0;
}

/* ---- the applet ------------------------------------------------------------------------------ */

/* docker looks for the lines that begin with "runc version" and "commit:"; old engines want three
 * lines of two fields. */
static void print_version(void)
{
	printf("%s version %s\n", runc_as_crun() ? "crun" : "runc", OCIBOX_VERSION);
	if (*OCIBOX_COMMIT)
		printf("commit: %s\n", OCIBOX_COMMIT);
	printf("spec: %s\n", OCI_VERSION);
}

static int runc_run(void *opts, int argc, char **argv)
{
	static char *help[] = { "help", NULL };
	const char *name = globals.applet;
	bool in_userns;
	int status;

	globals = *(struct globals *)opts;
	globals.applet = name;
	globals.log_fd = STDERR_FILENO;
	if (globals.version) {
		print_version();
		return 0;
	}
	if (!argc)
		return applet_run("runc", 1, help);
	if (open_log() < 0)
		return -1;
	/* The sealed copy repeats everything from here on, so it is made now. */
	status = applet_seal("runc", argv[0]);
	if (status)
		return status;
	if (globals.criu)
		log_warn("--criu %s is deprecated and ignored: criu is searched in PATH",
			 globals.criu);
	in_userns = runc_in_userns();
	if (set_rootless(in_userns) < 0 || set_root(in_userns) < 0 || set_manager() < 0)
		return -1;
	return applet_run("runc", argc, argv);
}

#define AT(field) offsetof(struct globals, field)
static const struct opt runc_opts[] = {
	{ "root", 0, OPT_STR, AT(root), "DIR",
	  HELP("keep the state of containers there; default /run/runc, for ordinary users "
	       "$XDG_RUNTIME_DIR/runc") },
	{ "log", 0, OPT_STR, AT(log), "FILE",
	  HELP("write the log there instead of standard error") },
	{ "log-format", 0, OPT_STR, AT(log_format), "text|json",
	  HELP("form of the log's lines; default text") },
	{ "log-level", 0, OPT_STR, AT(log_level), "LEVEL",
	  HELP("error, warning, info (default) or debug") },
	{ "debug", 0, OPT_FLAG, AT(debug), NULL, HELP("log every decision") },
	{ "systemd-cgroup", 0, OPT_FLAG, AT(systemd_cgroup), NULL,
	  HELP("let systemd make the cgroup; cgroupsPath is then slice:prefix:name") },
	{ "cgroup-manager", 0, OPT_STR, AT(cgroup_manager), "cgroupfs|systemd|disabled",
	  HELP("what makes the cgroup; default cgroupfs") },
	{ "rootless", 0, OPT_STR, AT(rootless), "auto|true|false",
	  HELP("continue without the permission to make cgroups; default auto") },
	{ "criu", 0, OPT_IGNORED_STR, AT(criu), "FILE", HELP("ignored: criu is searched in PATH") },
	{ "version", 'v', OPT_FLAG, AT(version), NULL, HELP("print the version") },
	{ "", 'V', OPT_FLAG, AT(version), NULL, HELP("the same, as in crun") },
	{ NULL },
};

const struct applet runc_applet = {
	.name = "runc",
	.args = "COMMAND [ARG...]",
	.summary = HELP("run containers from OCI bundles"),
	.text = HELP(
		"A bundle is a directory with config.json (see runc spec) and a root filesystem."),
	.opts = runc_opts,
	.opts_size = sizeof(struct globals),
	.args_max = -1,
	.stop_at_positional = true,
	.run = runc_run,
	.first = log_first,
};
