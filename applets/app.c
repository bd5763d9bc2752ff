/* app.c - one-file containers: our own program, followed by an image (oci-image binary). */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"
#include "core/image/image.h"

#if WITH_UNPACK

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/*
 * The file is: the program; a squashfs of the root filesystem, if mksquashfs was there to make one;
 * an archive of an OCI layout with config.json as bundle.json; and at its very end a block of text,
 * which says where these are and has the sum of all before it. Root mounts the squashfs. An
 * ordinary user, and root without a squashfs, unpacks the archive into a tmpfs that no other
 * process sees.
 */
#define APP_ALIGN 4096
#define APP_FOOTER 512
#define APP_WORDS "ocibox one-file container 1\n"
#define APP_FORM APP_WORDS "squashfs %llu\nlength %llu\narchive %llu\nlength %llu\nsha256 %s\n"

/* oci-image binary changes the last character to 1 in the program that it writes. So other starts
 * need no system call to find out that they have no image. */
static volatile const char app_mark[] = "@(#)ocibox one-file container: 0";
#define APP_MARK_LEN (sizeof(app_mark) - 1)

bool app_is(void)
{
	return app_mark[APP_MARK_LEN - 1] != '0';
}

struct app {
	int fd;
	uint64_t squashfs, squashfs_len, archive, archive_len;
	struct source source;
	struct oci_image image;
	struct oci_doc bundle; /* config.json of the bundle that the file was made of, */
	const char *text; /* and as it was read */
	size_t len;
};

/* ---- reading --------------------------------------------------------------------------------- */

/* Reads the block at the end and checks the sum in it. */
static int app_open(struct app *app)
{
	char footer[APP_FOOTER + 1] = "", sum[SHA256_HEX + 7] = "sha256:";
	const char *at = footer;
	uint64_t n[4];
	struct blob all;
	struct stat st;

	app->fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (app->fd < 0 || fstat(app->fd, &st) < 0)
		return fail("open this program's own file");
	if (st.st_size < APP_FOOTER ||
	    pread(app->fd, footer, APP_FOOTER, st.st_size - APP_FOOTER) != APP_FOOTER ||
	    !scan_word(&at, APP_WORDS) || !scan_u64(&at, "squashfs", &n[0]) ||
	    !scan_u64(&at, "\nlength", &n[1]) || !scan_u64(&at, "\narchive", &n[2]) ||
	    !scan_u64(&at, "\nlength", &n[3]) || !scan_word(&at, "\nsha256 "))
		return failx("this one-file container is damaged: its end is missing");
	memcpy(sum + 7, at, SHA256_HEX - 1);
	all = (struct blob){ app->fd, 0, st.st_size - APP_FOOTER };
	if (n[0] > all.size || n[1] > all.size - n[0] || n[2] > all.size || n[3] > all.size - n[2])
		return failx("this one-file container is damaged: its parts lie beyond its end");
	if (!digest_valid(sum) || blob_check(&all, sum) < 0)
		return fail_in("this one-file container is damaged");
	app->squashfs = n[0];
	app->squashfs_len = n[1];
	app->archive = n[2];
	app->archive_len = n[3];
	return 0;
}

static int app_read(struct app *app)
{
	const struct wanted any = { 0 };
	char *text;
	size_t len;
	int rc;

	app->source = (struct source)SOURCE_INIT;
	app->source.file = app->fd;
	if (source_open_part(&arena, "the archive in this one-file container", app->archive,
			     app->archive_len, &app->source) < 0 ||
	    image_find(&app->source, &any, &app->image) < 0)
		return -1;
	rc = source_text(&app->source, "bundle.json", &text, &len);
	if (rc <= 0)
		return rc < 0 ? -1
			      : failx("the archive in this one-file container has no bundle.json");
	app->text = arena_strndup(&arena, text, len);
	app->len = len;
	return oci_load_text(&arena, "bundle.json", text, len, &app->bundle);
}

static struct unpack app_unpack(const char *bundle)
{
	struct unpack u = image_usual(bundle);

	u.quiet = true;
	return u;
}

/* --ocibox-extract DIR makes the bundle. For an ordinary user config.json stays as unpacking has
 * made it, because it maps that user's ids. */
static int app_extract(struct app *app, const char *dir)
{
	bool rootless = geteuid() != 0;
	struct unpack u = app_unpack(dir);
	int fd __cleanup(fd_close) = -1;

	u.sync = true;
	if (image_unpack_found(&arena, &u, &app->source, &app->image) < 0)
		return -1;
	if (rootless)
		return 0;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail("open %s", dir);
	return file_replace(fd, "config.json", app->text, app->len, 0644);
}

/* ---- running --------------------------------------------------------------------------------- */

static int write_own(const char *path, const char *text)
{
	return file_write(AT_FDCWD, path, text);
}

/* Enters a mount namespace with an empty tmpfs on /tmp; for an ordinary user in a user namespace
 * where he is root. The kernel removes both with the last process in them. */
static int app_private(void)
{
	unsigned uid = geteuid(), gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)) < 0) {
		fail("make a mount namespace");
		return uid ? fail_hint("an ordinary user needs user namespaces") : -1;
	}
	if (uid) {
		if (write_own("/proc/self/setgroups", "deny") < 0)
			return -1;
		snprintf(map, sizeof(map), "0 %u 1", uid);
		if (write_own("/proc/self/uid_map", map) < 0)
			return -1;
		snprintf(map, sizeof(map), "0 %u 1", gid);
		if (write_own("/proc/self/gid_map", map) < 0)
			return -1;
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fail("make the mounts private");
	if (mount("tmpfs", "/tmp", "tmpfs", MS_NODEV | MS_NOSUID, "mode=0700,size=100%") < 0)
		return fail("mount a tmpfs on /tmp");
	return 0;
}

/*
 * Runs this program again in the new namespaces, because getauxval(3) still has the ids of the
 * first start. The variable marks the second run; the caller may have set it, so the user namespace
 * is checked as well.
 */
#define APP_INSIDE "OCIBOX_APP_INSIDE"

static bool app_inside(void)
{
	return getenv(APP_INSIDE) && !geteuid() && runc_in_userns();
}

static int app_go_inside(char **argv)
{
	if (app_private() < 0)
		return -1;
	if (setenv(APP_INSIDE, "1", 1) < 0)
		return fail("set %s", APP_INSIDE);
	execve("/proc/self/exe", argv, environ);
	return fail("run this program again");
}

/* Unpacks the bundle into that tmpfs. */
static int app_unpacked(struct app *app, char **args, bool rootless, struct launch *how)
{
	struct unpack u = app_unpack("/tmp/bundle");
	static struct oci_doc doc;

	u.rootless = rootless;
	/* The new /tmp may cover this file, but its descriptor is open. */
	if (!rootless && app_private() < 0)
		return -1;
	if (image_unpack_found(&arena, &u, &app->source, &app->image) < 0)
		return -1;
	if (chdir(u.bundle) < 0)
		return fail("change to %s", u.bundle);
	how->bundle = u.bundle;
	how->root = "/tmp/state";
	if (oci_load(&arena, AT_FDCWD, "config.json", &doc) < 0)
		return -1;
	if (!rootless)
		doc.config = app->bundle.config;
	image_args(&arena, &app->image, args, doc.config.process);
	doc.config.process->terminal = isatty(0) && isatty(1);
	doc.config.root->path = "rootfs";
	how->text = oci_config_text(&arena, &doc.config, &how->text_len);
	return 0;
}

/* Takes the squashfs in the file for the root, by a loop device. */
static int app_mounted(struct app *app, char **args, struct launch *how)
{
	struct oci_config *c = &app->bundle.config;

	if (runc_root() < 0)
		return -1;
	how->root = globals.root;
	how->bundle = "/";
	if (chdir("/") < 0)
		return fail("change to /");
	how->image_at = app->squashfs;
	how->image_len = app->squashfs_len;
	image_args(&arena, &app->image, args, c->process);
	c->process->terminal = isatty(0) && isatty(1);
	c->root->path = "/proc/self/exe";
	if (!c->root->readonly)
		how->overlay = "";
	how->text = oci_config_text(&arena, c, &how->text_len);
	return 0;
}

static int app_start(struct app *app, char **args)
{
	bool rootless = app_inside();
	struct started started = STARTED_INIT;
	struct launch how = { .manager = CGROUP_CGROUPFS,
			      .rootless = rootless,
			      .bound = true,
			      .subreaper = true,
			      .helper_path = getenv("PATH"),
			      .user_bus = getenv("DBUS_SESSION_BUS_ADDRESS") };
	int rc = !rootless && app->squashfs_len ? app_mounted(app, args, &how)
						: app_unpacked(app, args, rootless, &how);

	if (rc < 0)
		return -1;
	how.id = arena_printf(&arena, "app-%d-%llx", (int)getpid(), (unsigned long long)clock_ms());
	rc = launch(&arena, &how, &started);
	return rc < 0 ? rc : foreground_run(&arena, &started, false, NULL);
}

static int app_run(int argc, char **argv)
{
	struct app app = { .fd = -1 };
	int rc;

	if (argc > 1 && !strcmp(argv[1], "--ocibox-extract")) {
		if (argc != 3)
			return failx("--ocibox-extract needs one directory, which is made");
		return app_open(&app) < 0 || app_read(&app) < 0 ? -1 : app_extract(&app, argv[2]);
	}
	if (geteuid())
		return app_go_inside(argv);
	if (seal_self(argv) < 0 || app_open(&app) < 0 || app_read(&app) < 0)
		return -1;
	rc = app_start(&app, argv + 1);
	return rc == LAUNCH_EXEC_FAILED ? applet_fail(&oci_app_applet), 255 : rc;
}

/* All arguments belong to the container's program. */
static int app_first(int argc, char **argv)
{
	int rc = app_run(argc, argv);

	exit(rc < 0 ? applet_fail(&oci_app_applet) : rc);
}

const struct applet oci_app_applet = {
	.name = "oci-app",
	.args = "[ARG...]",
	.summary = "run the container in this file",
	.first = app_first,
};

/* ---- making one ------------------------------------------------------------------------------ */

struct binary_opts {
	const char *output, *platform, *tag;
	bool no_squashfs;
};

/* Extends the output to the next multiple of APP_ALIGN. Returns that offset, or -1. */
static int64_t app_align(int out)
{
	int64_t at = lseek(out, 0, SEEK_END);
	int64_t next = (at + APP_ALIGN - 1) / APP_ALIGN * APP_ALIGN;

	if (at < 0 || ftruncate(out, next) < 0 || lseek(out, next, SEEK_SET) < 0)
		return fail("write the output");
	return next;
}

/* Writes a copy of this program whose mark says that an image follows. */
static int put_program(int out)
{
	char mark[APP_MARK_LEN], *text, *found = NULL;
	size_t len, hits = 0;

	for (size_t i = 0; i < APP_MARK_LEN; i++)
		mark[i] = app_mark[i];
	if (file_read(&arena, AT_FDCWD, "/proc/self/exe", 64 << 20, &text, &len) < 0)
		return -1;
	for (char *at = text; (at = memmem(at, text + len - at, mark, APP_MARK_LEN)); at++) {
		found = at;
		hits++;
	}
	if (hits != 1)
		return failx("this program has its mark %zu times, not once", hits);
	found[APP_MARK_LEN - 1] = '1';
	return fd_write_all(out, text, len) < 0 ? fail("write the output") : 0;
}

/* Returns 1 if mksquashfs has made the file, 0 if it is not installed, -1. */
static int make_squashfs(const char *root, const char *file)
{
	const char *const argv[] = { "mksquashfs", root,	  file, "-noappend", "-no-progress",
				     "-quiet",	   "-no-exports", "-b", "256K",	     NULL };
	int status;
	pid_t pid = fork();

	if (!pid) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || proc_wait(pid, &status) < 0)
		return fail("fork for mksquashfs");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return 0;
	return status ? failx("mksquashfs ended with status %d", proc_exit_code(status)) : 1;
}

static int put_squashfs(const struct binary_opts *o, int out, const char *root, const char *temp,
			struct app *app)
{
	int fd __cleanup(fd_close) = -1;
	int made = o->no_squashfs ? 0 : make_squashfs(root, temp);
	int64_t at = app_align(out);

	if (made <= 0 || at < 0)
		return at < 0 ? -1 : made;
	fd = open(temp, O_RDONLY | O_CLOEXEC);
	unlink(temp);
	if (fd < 0)
		return fail("open %s", temp);
	if (fd_copy(out, fd) < 0)
		return fail("write the squashfs");
	app->squashfs = at;
	app->squashfs_len = lseek(out, 0, SEEK_CUR) - at;
	return 0;
}

static int put_footer(int out, const struct app *app)
{
	char footer[APP_FOOTER] = "", hex[SHA256_HEX];
	int64_t end = lseek(out, 0, SEEK_END);
	int len;

	if (end < 0)
		return fail("find the end of the output");
	if (blob_sum(&(struct blob){ out, 0, end }, hex) < 0)
		return fail_in("the output");
	len = snprintf(footer, sizeof(footer), APP_FORM, (unsigned long long)app->squashfs,
		       (unsigned long long)app->squashfs_len, (unsigned long long)app->archive,
		       (unsigned long long)app->archive_len, hex);
	if (len < 0 || fd_write_all(out, footer, sizeof(footer)) < 0)
		return fail("write the output");
	return 0;
}

static int put_parts(const struct binary_opts *o, const char *bundle, const struct oci_image *image,
		     int out, const char *temp)
{
	struct app app = { .fd = -1 };
	static struct oci_doc doc = { .keep_raw = true };
	int dir __cleanup(fd_close) = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int root __cleanup(fd_close) = -1;
	struct pack p = { .config = &doc.config,
			  .tag = "latest",
			  .tmpdir = "/tmp",
			  .out = out,
			  .one_id = geteuid() != 0,
			  .extra_name = "bundle.json" };
	const char *root_path;
	int64_t at;

	if (dir < 0 || oci_load(&arena, dir, "config.json", &doc) < 0)
		return dir < 0 ? fail("open %s", bundle) : -1;
	root = openat(dir, doc.config.root->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail("open %s", doc.config.root->path);
	root_path = *doc.config.root->path == '/'
			    ? doc.config.root->path
			    : arena_printf(&arena, "%s/%s", bundle, doc.config.root->path);
	p.extra = doc.raw;
	p.extra_len = doc.len;
	if (strcmp(doc.config.root->path, "rootfs")) {
		doc.config.root->path = "rootfs";
		p.extra = oci_config_text(&arena, &doc.config, &p.extra_len);
	}
	p.root = root;
	p.entrypoint = image ? image->config.config.entrypoint.n : 0;
	if (put_program(out) < 0 || put_squashfs(o, out, root_path, temp, &app) < 0)
		return -1;
	at = app_align(out);
	if (at < 0 || image_pack(&arena, &p) < 0)
		return -1;
	app.archive = at;
	app.archive_len = lseek(out, 0, SEEK_CUR) - at;
	return put_footer(out, &app);
}

static int write_app(const struct binary_opts *o, const char *bundle, const struct oci_image *image)
{
	const char *new = arena_printf(&arena, "%s.%d.new", o->output, (int)getpid());
	const char *temp = arena_printf(&arena, "%s.%d.squashfs", o->output, (int)getpid());
	int out __cleanup(fd_close) = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	mode_t mask = umask(0);

	umask(mask);
	if (out < 0)
		return fail("make %s", new);
	if (put_parts(o, bundle, image, out, temp) < 0 || fchmod(out, 0777 & ~mask) < 0 ||
	    rename(new, o->output) < 0) {
		if (!*err_text())
			fail("rename %s to %s", new, o->output);
		unlink(new);
		unlink(temp);
		return -1;
	}
	return 0;
}

static int binary_run(void *opts, int argc, char **argv)
{
	const struct binary_opts *o = opts;
	struct source s __cleanup(source_close) = SOURCE_INIT;
	struct oci_image image = { 0 };
	struct wanted want = { .tag = o->tag, .platform = o->platform };
	const char *source = argv[0];
	struct unpack u;
	int rc;

	if (!o->output)
		return failx("--output FILE is missing");
	if (app_is())
		return failx("this program is a one-file container, and cannot make another one");
	if (!access(arena_printf(&arena, "%s/config.json", argv[0]), F_OK))
		return write_app(o, argv[0], NULL);
	image_source(argv[0], &source, &want);
	if (image_from(source, &s) < 0 || image_find(&s, &want, &image) < 0)
		return -1;
	u = app_unpack(arena_printf(&arena, "%s.%d.bundle", o->output, (int)getpid()));
	if (image_unpack_found(&arena, &u, &s, &image) < 0)
		return -1;
	rc = write_app(o, u.bundle, &image);
	if (rc < 0) {
		struct err_kept kept = err_keep(&arena);

		image_remove(&arena, &u);
		return err_again(kept);
	}
	return image_remove(&arena, &u);
}

#define AT(field) offsetof(struct binary_opts, field)
static const struct opt binary_opts[] = {
	{ "output", 'o', OPT_STR, AT(output), "FILE", "the program to write" },
	{ "platform", 0, OPT_STR, AT(platform), "OS/ARCH[/VARIANT]",
	  "take the image for that platform; default is this machine's, or the only one" },
	{ "tag", 't', OPT_STR, AT(tag), "TAG", "the same as SOURCE:TAG" },
	{ "no-squashfs", 0, OPT_FLAG, AT(no_squashfs), NULL,
	  "leave out the squashfs for root, which mksquashfs makes if it is installed" },
	{ NULL },
};

const struct applet image_binary_applet = {
	.name = "binary",
	.args = "BUNDLE|SOURCE[:TAG]",
	.summary = "make a program that is a container",
	.text = "FILE [ARG...] runs the container. ARG... replace its command, or follow the "
		"image's "
		"entrypoint. As root FILE mounts its squashfs; for an ordinary user it unpacks its "
		"files into memory. FILE --ocibox-extract DIR makes a bundle. FILE checks its own "
		"sum "
		"at each start.",
	.opts = binary_opts,
	.opts_size = sizeof(struct binary_opts),
	.args_min = 1,
	.args_max = 1,
	.run = binary_run,
};

#else

bool app_is(void)
{
	return false;
}

#endif
