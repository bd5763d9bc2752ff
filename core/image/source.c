/* source.c - the source of an image, a layout or an archive; blobs are compared with their sums. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void blob_close(struct blob *b)
{
	fd_close(&b->fd);
}

void source_close(struct source *s)
{
	fd_close(&s->dir);
	fd_close(&s->file);
}

/* ---- temporary files ------------------------------------------------------------------------ */

int source_unnamed(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char name[TAR_NAME_MAX];

	if (fd >= 0)
		return fd;
	/* KERNEL 3.11: O_TMPFILE (EISDIR; EOPNOTSUPP of a filesystem without it); the name is
	 * removed at once. */
	if (snprintf(name, sizeof(name), "%s/.oci-image.XXXXXX", dir) >= (int)sizeof(name))
		return failx("%s: path is too long", dir);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return fail("make a temporary file in %s", dir);
	unlink(name);
	return fd;
}

/* Copies s->file, decompressed if in is given, to a file without a name, which replaces it. max is
 * in bytes; 0: no limit. */
static int keep(struct source *s, const char *dir, struct stream *in, uint64_t max)
{
	int to __cleanup(fd_close) = source_unnamed(dir);
	char buf[64 << 10];
	uint64_t sum = 0;
	ssize_t n;

	if (to < 0)
		return -1;
	for (;;) {
		n = in ? stream_read(in, buf, sizeof(buf)) : read(s->file, buf, sizeof(buf));
		if (n < 0 && !in && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		sum += n;
		if (max && sum > max)
			return failx("the archive has more than %llu bytes",
				     (unsigned long long)max);
		if (fd_write_all(to, buf, n) < 0)
			return fail("keep %s in %s", s->path, dir);
	}
	if (n < 0)
		return in ? -1 : fail("read %s", s->path);
	fd_close(&s->file);
	s->file = fd_take(&to);
	return 0;
}

/* ---- an archive's files ---------------------------------------------------------------------- */

struct place {
	int fd;
	uint64_t at, size;
};

/* size 0: reads to the end of the file. */
static ssize_t place_read(void *from, void *buf, size_t n)
{
	struct place *p = from;
	size_t got = 0;

	if (p->size && n > p->size - p->at)
		n = p->size - p->at;
	while (got < n) {
		ssize_t r = pread(p->fd, (char *)buf + got, n - got, (off_t)p->at);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return fail("read the archive");
		if (!r)
			break;
		p->at += r;
		got += r;
	}
	return got;
}

static int place_skip(void *from, uint64_t n)
{
	struct place *p = from;

	if (n > p->size - p->at)
		return failx("the archive ends in the middle");
	p->at += n;
	return 0;
}

#define ARCHIVE_FILES_MAX 100000

static int add_file(struct source *s, const struct tar *t, const struct place *p)
{
	struct source_file f = { .name = path_clean(s->a, t->e.path),
				 .at = p->at,
				 .size = t->left };

	if (s->n == ARCHIVE_FILES_MAX)
		return failx("%s: has more than %d files", s->path, ARCHIVE_FILES_MAX);
	s->bytes += strlen(t->e.path) + strlen(t->e.link) + 2;
	if (s->bytes > NAMES_MAX)
		return failx("%s: the names of its files have more than %u bytes", s->path,
			     NAMES_MAX);
	/* A symbolic link leads from the directory that it is in; docker links layers to each
	 * other. */
	if (t->e.type == '2') {
		const char *slash = strrchr(f.name, '/');

		f.link = path_clean(s->a,
				    arena_printf(s->a, "%.*s/%s", slash ? (int)(slash - f.name) : 0,
						 f.name, t->e.link));
		f.link += *f.link == '/';
	} else if (t->e.type == '1') {
		f.link = path_clean(s->a, t->e.link);
	}
	s->files = arena_grow(s->a, s->files, s->n, &s->room, sizeof(*s->files));
	s->files[s->n++] = f;
	return 0;
}

/* Sorts by name, and files of one name in the order of the archive. */
static int file_order(const void *a, const void *b)
{
	const struct source_file *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

static const struct source_file *last_named(const struct source *s, const char *name)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(s->files[middle].name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && !strcmp(s->files[low - 1].name, name) ? &s->files[low - 1] : NULL;
}

static int read_archive(struct source *s)
{
	struct place p = { s->file, s->at, s->at + s->size };
	struct tar *t = arena_alloc(s->a, sizeof(*t));
	int rc;

	*t = (struct tar){ .read = place_read, .skip = place_skip, .from = &p };
	tar_begin(s->a, t);
	while ((rc = tar_next(t)) > 0)
		if ((t->e.type == '0' && !t->e.sparse) || t->e.type == '1' || t->e.type == '2')
			if (add_file(s, t, &p) < 0)
				return -1;
	if (s->n)
		qsort(s->files, s->n, sizeof(*s->files), file_order);
	return rc < 0 ? fail_in("%s", s->path) : 0;
}

int source_open(struct arena *a, const char *path, const char *tmpdir, struct image_limits limits,
		struct source *s)
{
	bool input = !strcmp(path, "-");
	struct stat st;
	struct stream *in __cleanup(stream_close) = NULL;

	s->a = a;
	s->path = input ? "standard input" : path;
	s->file = input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			: open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (s->file < 0 || fstat(s->file, &st) < 0) {
		fail("open %s", s->path);
		return err_num() == ENOENT ? fail_hint("an image is a file or a directory: images "
						       "are not downloaded")
					   : -1;
	}
	if (S_ISDIR(st.st_mode)) {
		s->dir = fd_take(&s->file);
		return 0;
	}
	if (!S_ISREG(st.st_mode) && keep(s, tmpdir, NULL, limits.bytes) < 0)
		return -1;
	if (fstat(s->file, &st) < 0)
		return fail("stat %s", s->path);
	in = stream_open(s->file, 0, st.st_size, limits.ratio);
	if (!in || (stream_compressed(in) && keep(s, tmpdir, in, limits.bytes) < 0))
		return fail_in("%s", s->path);
	if (fstat(s->file, &st) < 0)
		return fail("stat %s", s->path);
	s->size = st.st_size;
	return read_archive(s);
}

int source_open_part(struct arena *a, const char *name, uint64_t at, uint64_t size,
		     struct source *s)
{
	s->a = a;
	s->path = name;
	s->at = at;
	s->size = size;
	return read_archive(s);
}

/* ---- looking for one ------------------------------------------------------------------------ */

static int find_in_dir(const struct source *s, const char *name, struct blob *b)
{
	int fd __cleanup(fd_close) =
		path_open(s->dir, name, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, 0);
	struct stat st;

	if (fd < 0 && (err_num() == ENOENT || err_num() == ENOTDIR)) {
		err_clear("it is not there");
		return 0;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_in("%s", s->path);
	if (!S_ISREG(st.st_mode))
		return failx("%s/%s: is not a file", s->path, name);
	*b = (struct blob){ fd_take(&fd), 0, st.st_size };
	return 1;
}

int source_find(const struct source *s, const char *name, struct blob *b)
{
	if (s->dir >= 0)
		return find_in_dir(s, name, b);
	for (int links = 0; links < 40; links++) {
		const struct source_file *found = last_named(s, name);

		if (!found)
			return 0;
		if (found->link) {
			name = found->link;
			continue;
		}
		*b = (struct blob){ fcntl(s->file, F_DUPFD_CLOEXEC, 3), found->at, found->size };
		return b->fd < 0 ? fail("open %s in %s", name, s->path) : 1;
	}
	return failx("%s: %s is a link to itself", s->path, name);
}

static int blob_text(struct arena *a, const struct blob *b, const char *name, char **text,
		     size_t *len)
{
	struct place p = { b->fd, b->at, 0 };
	ssize_t n;

	if (b->size > DOCUMENT_MAX)
		return failx("%s: is larger than the %u bytes allowed", name, DOCUMENT_MAX);
	*text = arena_alloc(a, b->size + 1);
	n = place_read(&p, *text, b->size);
	if (n < 0)
		return -1;
	*len = n;
	(*text)[n] = 0;
	return 0;
}

int source_text(const struct source *s, const char *name, char **text, size_t *len)
{
	struct blob b __cleanup(blob_close) = BLOB_INIT;
	int rc = source_find(s, name, &b);

	return rc <= 0 ? rc : blob_text(s->a, &b, name, text, len) < 0 ? -1 : 1;
}

/* ---- blobs ---------------------------------------------------------------------------------- */

bool digest_valid(const char *digest)
{
	return digest && !strncmp(digest, "sha256:", 7) && strlen(digest) == 71 &&
	       strspn(digest + 7, "0123456789abcdef") == 64;
}

static int sum_differs(const char *digest, const char *hex)
{
	return failx("blob %s: its bytes have another sum, sha256:%s", digest, hex);
}

int blob_sum(const struct blob *b, char hex[SHA256_HEX])
{
	struct place p = { b->fd, b->at, 0 };
	struct sha256 sum;
	char buf[64 << 10];
	uint64_t left = b->size;

	sha256_begin(&sum);
	while (left) {
		ssize_t n = place_read(&p, buf, left < sizeof(buf) ? left : sizeof(buf));

		if (n <= 0)
			return n < 0 ? -1 : failx("the file has become shorter");
		sha256_add(&sum, buf, n);
		left -= n;
	}
	sha256_end(&sum, hex);
	return 0;
}

int blob_check(const struct blob *b, const char *digest)
{
	char hex[SHA256_HEX];

	if (blob_sum(b, hex) < 0)
		return fail_in("blob %s", digest);
	return strcmp(hex, digest + 7) ? sum_differs(digest, hex) : 0;
}

static int find_blob(const struct source *s, const struct descriptor *d, struct blob *b)
{
	int rc;

	if (!digest_valid(d->digest))
		return failx("%s: \"%s\" is not a digest of SHA-256", s->path, d->digest);
	rc = source_find(s, arena_printf(s->a, "blobs/sha256/%s", d->digest + 7), b);
	if (rc <= 0)
		return rc < 0 ? -1 : failx("%s: has no blob %s", s->path, d->digest);
	if (b->size == d->size)
		return 0;
	return failx("blob %s: has %llu bytes instead of %llu", d->digest,
		     (unsigned long long)b->size, (unsigned long long)d->size);
}

int source_blob(const struct source *s, const struct descriptor *d, struct blob *b)
{
	return find_blob(s, d, b) < 0 ? -1 : blob_check(b, d->digest);
}

int source_blob_text(const struct source *s, const struct descriptor *d, char **text, size_t *len)
{
	struct blob b __cleanup(blob_close) = BLOB_INIT;
	char hex[SHA256_HEX];

	if (find_blob(s, d, &b) < 0 || blob_text(s->a, &b, d->digest, text, len) < 0)
		return -1;
	/* The sum is that of the bytes that are parsed. */
	sha256_text(*text, *len, hex);
	return strcmp(hex, d->digest + 7) ? sum_differs(d->digest, hex) : 0;
}

#endif
