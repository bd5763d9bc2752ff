/* unpack.c - makes a bundle of an image; after a failure nothing of it is left. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/*
 * The first process starts two more and waits for both. One unpacks, in the user namespace of the
 * bundle if it has one. The other waits until no process holds the pipe any more, and then removes
 * the directory of the temporary name, which exists only if the work was not finished. So either of
 * the other two may be killed at any time.
 */
struct work {
	struct arena *a;
	const struct unpack *u;
	const struct source *source;
	const struct oci_image *image;
	int parent; /* the directory in which the bundle is made */
	const char *name; /* of the bundle in parent */
	char temp[NAME_MAX + 1]; /* its name until it is complete */
	int userns; /* -1: none */
	oci_id_maps uids, gids;
	bool one_id;
};

/* ---- progress ------------------------------------------------------------------------------- */

struct feed { /* what the tar reader reads from */
	struct stream *stream;
	bool show;
	size_t layer, layers;
	uint64_t before, total; /* compressed bytes: of the layers before this one, of all */
	int64_t begin, shown; /* clock_ms */
};

static void show_progress(struct feed *f)
{
	int64_t now = clock_ms();
	uint64_t done = f->before + stream_taken(f->stream), ms = now - f->begin + 1;

	if (!f->show || now - f->shown < 100)
		return;
	f->shown = now;
	fprintf(stderr, "\rlayer %zu of %zu: %llu of %llu MB, %llu MB/s \033[K", f->layer,
		f->layers, (unsigned long long)done / 1000000,
		(unsigned long long)f->total / 1000000, (unsigned long long)(done / ms / 1000));
}

static void end_progress(struct feed *f)
{
	if (f->show)
		fprintf(stderr, "\r\033[K");
}

static ssize_t feed_read(void *from, void *buf, size_t n)
{
	struct feed *f = from;

	show_progress(f);
	return stream_read(f->stream, buf, n);
}

/* ---- the layers ----------------------------------------------------------------------------- */

static int open_layer(const struct work *w, size_t i, struct blob *b)
{
	const struct oci_image *image = w->image;

	/* An archive of docker has no sums of its files, but of their uncompressed data. */
	if (image->layers) {
		*b = image->layers[i];
		b->fd = fcntl(b->fd, F_DUPFD_CLOEXEC, 3);
		return b->fd < 0 ? fail("keep a layer open") : 0;
	}
	return source_blob(w->source, &image->manifest.layers.at[i], b);
}

static int apply_one(const struct work *w, size_t i, struct layers *l, struct feed *f,
		     struct tar *t)
{
	struct blob b __cleanup(blob_close) = BLOB_INIT;
	struct stream *stream __cleanup(stream_close) = NULL;
	const char *want = w->image->config.rootfs.diff_ids.at[i];
	char hex[SHA256_HEX];

	if (open_layer(w, i, &b) < 0)
		return -1;
	stream = f->stream = stream_open(b.fd, b.at, b.size, w->u->limits.ratio);
	if (!stream || stream_apart(stream) < 0)
		return -1;
	t->left = t->padding = 0;
	if (layer_apply(l, t) < 0)
		return -1;
	f->before += b.size;
	stream_sum(stream, hex);
	return strcmp(hex, want + 7)
		       ? failx("its uncompressed data has the sum sha256:%s, not %s", hex, want)
		       : 0;
}

static int apply_layers(const struct work *w, int root)
{
	static LARGE struct tar t;
	const struct unpack *u = w->u;
	struct layers l = { .a = w->a,
			    .root = root,
			    .rootless = u->rootless,
			    .one_id = w->one_id,
			    .sync = u->sync,
			    .limits = u->limits,
			    .parent = -1 };
	struct feed f = { .show = !u->quiet && isatty(STDERR_FILENO), .begin = clock_ms() };
	int rc = 0;

	f.layers = w->image->manifest.layers.n;
	if (u->limits.layers && f.layers > u->limits.layers)
		return failx("the image has %zu layers, more than %llu (--max-layers)", f.layers,
			     (unsigned long long)u->limits.layers);
	list_each (layer, w->image->manifest.layers)
		f.total += layer->size;
	t = (struct tar){ .read = feed_read, .from = &f };
	tar_begin(w->a, &t);
	for (f.layer = 1; !rc && f.layer <= f.layers; f.layer++) {
		rc = apply_one(w, f.layer - 1, &l, &f, &t);
		if (rc < 0)
			fail_in("layer %zu of %zu", f.layer, f.layers);
	}
	end_progress(&f);
	if (rc < 0 || layers_finish(&l) < 0)
		return -1;
	if (l.devices && !u->quiet)
		log_warn("%u devices are empty files: an ordinary user may not make them",
			 l.devices);
	if (l.refused && !u->quiet)
		log_warn("%u extended attributes are left out: this user or filesystem may not "
			 "have them",
			 l.refused);
	return 0;
}

/* ---- the worker ----------------------------------------------------------------------------- */

static int write_config(const struct work *w, int dir, int root)
{
	struct convert how = {
		.image = w->image, .root = root, .spec = w->u->spec, .command = w->u->command
	};
	struct oci_config *c;
	size_t len;
	char *text;

	how.spec.rootless = w->u->rootless;
	if (w->uids.n) {
		how.uids = &w->uids;
		how.gids = &w->gids;
	}
	c = image_convert(w->a, &how);
	if (!c)
		return -1;
	text = oci_config_text(w->a, c, &len);
	return file_create(dir, "config.json", text, len, 0644);
}

static int work(const struct work *w)
{
	int dir __cleanup(fd_close) = -1, root __cleanup(fd_close) = -1;

	dir = openat(w->parent, w->temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || mkdirat(dir, "rootfs", 0755) < 0)
		return fail("make the bundle");
	root = openat(dir, "rootfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0)
		return fail("open the bundle");
	if (apply_layers(w, root) < 0 || write_config(w, dir, root) < 0)
		return -1;
	if (w->u->sync && syncfs(dir) < 0)
		return fail("write the bundle to the disk");
	return 0;
}

static int enter_userns(const struct work *w)
{
	if (w->userns < 0)
		return 0;
	if (setns(w->userns, CLONE_NEWUSER) < 0)
		return fail("enter the bundle's user namespace");
	if (sys_become_root() < 0)
		return fail("become root of the bundle's user namespace");
	return 0;
}

/* The worker's error, which it sends to the first process through a pipe. */
struct said {
	int num;
	char text[2048];
};

static void worker(const struct work *w, int out, pid_t first)
{
	EXACT_MODES;
	struct said say = { 0 };

	if (enter_userns(w) < 0)
		goto bad;
	/* setns(2) clears the death signal, so it is set afterwards. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != first)
		_exit(1);
	if (!work(w))
		_exit(0);
bad:
	say.num = err_num();
	snprintf(say.text, sizeof(say.text), "%s", err_text());
	fd_write_all(out, &say, sizeof(say));
	_exit(1);
}

/* ---- the one that cleans up ----------------------------------------------------------------- */

static void cleaner(const struct work *w, int in)
{
	struct stat st;
	sigset_t all;
	char c;

	/* Signals of the terminal must not end the cleaner. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	/* Only the end of the pipe means that the first process has ended. */
	while (in >= 0 && read(in, &c, 1) != 0)
		;
	if (fstatat(w->parent, w->temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
		_exit(0);
	if (enter_userns(w) < 0 || hide(w->parent, 0, w->temp, NULL) < 0) {
		log_error("%s stays: %s", w->temp, err_text());
		_exit(1);
	}
	_exit(0);
}

/* ---- the first process ---------------------------------------------------------------------- */

static int wait_worker(int in, pid_t pid)
{
	struct said said = { 0 };
	ssize_t n;
	int status;

	do {
		n = read(in, &said, sizeof(said));
	} while (n < 0 && errno == EINTR);
	if (proc_wait(pid, &status) < 0)
		return -1;
	if (!status)
		return 0;
	if (n == sizeof(said))
		return fail_take(said.num, said.text);
	return failx("the process that unpacks was killed");
}

/* The first process does this, so that its report on the bundle is true whichever of the others was
 * killed. */
static int give_name(const struct work *w)
{
	/* This replaces an empty directory, but nothing else. */
	if (renameat(w->parent, w->temp, w->parent, w->name) < 0)
		return fail("rename the bundle to %s", w->u->bundle);
	if (!w->u->sync || !fsync(w->parent) || errno == EINVAL)
		return 0;
	fail("write the bundle's name to the disk");
	renameat(w->parent, w->name, w->parent, w->temp);
	return -1;
}

static int run_both(const struct work *w)
{
	int held[2], said[2], rc, status;
	pid_t first = getpid(), clean, pid;

	if (pipe2(held, O_CLOEXEC) < 0 || pipe2(said, O_CLOEXEC) < 0)
		return fail("make a pipe");
	clean = fork();
	if (!clean) {
		close(held[1]);
		close(said[0]);
		close(said[1]);
		cleaner(w, held[0]);
	}
	close(held[0]);
	if (clean < 0)
		return fail("fork");
	/* The directory is made after the cleaner, which removes it if we are killed here. */
	if (mkdirat(w->parent, w->temp, 0700) < 0) {
		rc = fail("make %s", w->temp);
	} else {
		pid = fork();
		if (!pid)
			worker(w, said[1], first);
		close(said[1]);
		rc = pid < 0 ? fail("fork") : wait_worker(said[0], pid);
		rc = rc < 0 ? rc : give_name(w);
	}
	close(said[0]);
	close(held[1]);
	proc_wait(clean, &status);
	return rc;
}

/* An ordinary user gets his subordinate ids, or else his own id alone. */
static int choose_ids(struct work *w)
{
	const struct unpack *u = w->u;

	w->userns = -1;
	if (!u->rootless)
		return 0;
	if (geteuid() && owners_range(w->a, "/etc/subuid", u->spec.euid, &w->uids) &&
	    owners_range(w->a, "/etc/subgid", u->spec.egid, &w->gids)) {
		w->userns = userns_fd(&w->uids, &w->gids, u->helper_path);
		if (w->userns >= 0)
			return 0;
		log_warn("%s: all files get your own id, and attributes keep their owners",
			 err_text());
		err_clear("one id is enough");
	}
	w->uids.n = w->gids.n = 0;
	w->one_id = true;
	return 0;
}

/* Opens the directory in which the bundle is made, and takes the bundle's name. */
static int split_path(struct work *w, const char **dir)
{
	char *path = arena_strdup(w->a, w->u->bundle), *slash;
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		path[--len] = 0;
	slash = strrchr(path, '/');
	w->name = slash ? slash + 1 : path;
	if (!*w->name || !strcmp(w->name, ".") || !strcmp(w->name, "..") ||
	    strlen(w->name) > NAME_MAX)
		return failx("%s: is not the name of a new directory", w->u->bundle);
	*dir = !slash ? "." : slash == path ? "/" : arena_strndup(w->a, path, slash - path);
	w->parent = open(*dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->parent < 0)
		return fail("open %s", *dir);
	/* A process of another pid namespace, or of another boot, may have had our pid. */
	snprintf(w->temp, sizeof(w->temp), ".%.200s.%d.%016llx.unpack", w->name, (int)getpid(),
		 (unsigned long long)sys_secret());
	return 0;
}

/* An empty directory in the bundle's place is replaced. */
static int make_bundle(struct work *w)
{
	struct stat st;
	int rc;

	if (!fstatat(w->parent, w->name, &st, AT_SYMLINK_NOFOLLOW) &&
	    unlinkat(w->parent, w->name, AT_REMOVEDIR) < 0)
		return failx("%s: already exists", w->u->bundle);
	if (choose_ids(w) < 0)
		return -1;
	rc = run_both(w);
	fd_close(&w->userns);
	fd_close(&w->parent);
	return rc;
}

int image_unpack_found(struct arena *a, const struct unpack *u, const struct source *source,
		       const struct oci_image *image)
{
	struct work w = { .a = a, .u = u, .source = source, .image = image, .userns = -1 };
	const char *dir;

	return split_path(&w, &dir) < 0 ? -1 : make_bundle(&w);
}

int image_unpack(struct arena *a, const struct unpack *u)
{
	struct source source __cleanup(source_close) = SOURCE_INIT;
	struct oci_image image = { 0 };
	struct work w = { .a = a, .u = u, .source = &source, .image = &image, .userns = -1 };
	const char *dir;

	if (split_path(&w, &dir) < 0 || source_open(a, u->source, dir, u->limits, &source) < 0 ||
	    image_find(&source, &u->want, &image) < 0)
		return -1;
	return make_bundle(&w);
}

/* The bundle gets another name first, so that its own name is gone at once. */
int image_remove(struct arena *a, const struct unpack *u)
{
	struct work w = { .a = a, .u = u, .userns = -1 };
	const char *dir;
	int status = 0;
	pid_t pid;

	if (split_path(&w, &dir) < 0 || choose_ids(&w) < 0)
		return -1;
	if (renameat(w.parent, w.name, w.parent, w.temp) < 0)
		return fail("remove %s", u->bundle);
	pid = fork();
	if (!pid)
		cleaner(&w, -1);
	if (pid < 0 || proc_wait(pid, &status) < 0)
		return fail("fork");
	fd_close(&w.userns);
	fd_close(&w.parent);
	return status ? failx("%s could not be removed", u->bundle) : 0;
}

#endif
