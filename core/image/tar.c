/* tar.c - reads tar(5): ustar, pax, and GNU's long names and sparse files. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <string.h>

/* Fields of a header block: offset, length. */
#define F_NAME 0, 100
#define F_MODE 100, 8
#define F_UID 108, 8
#define F_GID 116, 8
#define F_SIZE 124, 12
#define F_MTIME 136, 12
#define F_CHECKSUM 148
#define F_TYPE 156
#define F_LINK 157, 100
#define F_MAGIC 257
#define F_MAJOR 329, 8
#define F_MINOR 337, 8
#define F_PREFIX 345, 155
/* GNU's sparse files: parts of 24 bytes, a flag that another block follows, the size with holes */
#define F_PARTS 386
#define F_MORE 482
#define F_REAL_SIZE 483, 12
#define PARTS_HEADER 4
#define PARTS_FURTHER 21
#define F_FURTHER_MORE 504

static int bad_tar(const char *what)
{
	return failx("the tar archive cannot be read: %s", what);
}

static int read_full(struct tar *t, void *buf, size_t n)
{
	ssize_t got = t->read(t->from, buf, n);

	if (got < 0)
		return -1;
	t->at += got;
	return (size_t)got == n ? 0 : bad_tar("it ends in the middle");
}

static int skip(struct tar *t, uint64_t n)
{
	unsigned char waste[8192];

	if (t->skip) {
		t->at += n;
		return n ? t->skip(t->from, n) : 0;
	}
	for (; n; n -= n < sizeof(waste) ? n : sizeof(waste))
		if (read_full(t, waste, n < sizeof(waste) ? n : sizeof(waste)) < 0)
			return -1;
	return 0;
}

/* ---- fields --------------------------------------------------------------------------------- */

/* Reads an octal number with blanks around it, or GNU's binary number, whose first bit is set.
 * False: it is neither. */
static bool field_number(const unsigned char *block, size_t at, size_t len, int64_t *out)
{
	const unsigned char *p = block + at, *end = p + len;
	uint64_t n = 0;

	if (*p & 0x80) {
		bool negative = *p & 0x40;

		n = negative ? UINT64_MAX << 6 | (*p & 0x3f) : *p & 0x3f;
		for (p++; p < end; p++) {
			if (n >> 55 != (negative ? 0x1ff : 0))
				return false;
			n = n << 8 | *p;
		}
		*out = (int64_t)n;
		return true;
	}
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	for (; p < end && *p >= '0' && *p <= '7'; p++) {
		if (n >> 59)
			return false;
		n = n << 3 | (*p - '0');
	}
	*out = (int64_t)n;
	return p == end || !*p || *p == ' ';
}

static bool checksum_fits(const unsigned char *block)
{
	int64_t want;
	long sum = 8 * ' ', signed_sum = 8 * ' ';

	for (int i = 0; i < TAR_BLOCK; i++)
		if (i < F_CHECKSUM || i >= F_CHECKSUM + 8) {
			sum += block[i];
			signed_sum += (signed char)block[i];
		}
	/* Some old programs added signed characters. */
	return field_number(block, F_CHECKSUM, 8, &want) && (want == sum || want == signed_sum);
}

static void field_text(const unsigned char *block, size_t at, size_t len, char *out)
{
	size_t n = strnlen((const char *)block + at, len);

	memcpy(out, block + at, n);
	out[n] = 0;
}

static int id_of(int64_t n, uint32_t *out)
{
	/* The highest id means "unchanged" to the kernel. */
	if (n < 0 || n >= UINT32_MAX)
		return bad_tar("an owner is not a number that the kernel has");
	*out = n;
	return 0;
}

/* ---- the map of a sparse file --------------------------------------------------------------- */

static int add_part(struct tar *t, int64_t at, int64_t len)
{
	struct tar_entry *e = &t->e;
	uint64_t last = e->parts_n ? e->parts[e->parts_n - 1].at + e->parts[e->parts_n - 1].len : 0;

	if (at < 0 || len < 0 || (uint64_t)at < last || at > INT64_MAX - len)
		return bad_tar("a sparse file's parts overlap");
	if (e->parts_n == TAR_HOLES_MAX)
		return bad_tar("a sparse file has too many parts");
	if (len)
		e->parts[e->parts_n++] = (struct tar_part){ at, len };
	return 0;
}

static int old_sparse(struct tar *t)
{
	unsigned char more[TAR_BLOCK];
	const unsigned char *block = t->block;
	size_t at = F_PARTS, n = PARTS_HEADER, flag = F_MORE;
	int64_t where, len, real;

	if (!field_number(t->block, F_REAL_SIZE, &real) || real < 0)
		return bad_tar("a sparse file has no size");
	for (;;) {
		for (size_t i = 0; i < n && block[at + i * 24]; i++)
			if (!field_number(block, at + i * 24, 12, &where) ||
			    !field_number(block, at + i * 24 + 12, 12, &len) ||
			    add_part(t, where, len) < 0)
				return bad_tar("the map of a sparse file");
		if (!block[flag])
			break;
		if (read_full(t, more, TAR_BLOCK) < 0)
			return -1;
		block = more;
		at = 0;
		n = PARTS_FURTHER;
		flag = F_FURTHER_MORE;
	}
	t->sparse_size = real;
	t->real_size = t->e.sparse = true;
	return 0;
}

/* Format 1.0: decimal numbers, one a line, in whole blocks before the data: the count, then offset
 * and length of each part. */
static int sparse_1_0(struct tar *t)
{
	char text[TAR_BLOCK + 1];
	int64_t n = -1, value = 0, at = 0, seen = 0;
	bool digits = false;

	while (n < 0 || seen < 2 * n) {
		if (t->left < TAR_BLOCK || read_full(t, text, TAR_BLOCK) < 0)
			return bad_tar("the map of a sparse file");
		t->left -= TAR_BLOCK;
		for (char *c = text; c < text + TAR_BLOCK && (n < 0 || seen < 2 * n); c++) {
			if (*c >= '0' && *c <= '9' && value < INT64_MAX / 16) {
				value = value * 10 + (*c - '0');
				digits = true;
				continue;
			}
			if (*c != '\n' || !digits)
				return bad_tar("the map of a sparse file");
			if (n < 0)
				n = value;
			else if (seen++ % 2 == 0)
				at = value;
			else if (add_part(t, at, value) < 0)
				return -1;
			if (n > TAR_HOLES_MAX)
				return bad_tar("a sparse file has too many parts");
			value = 0;
			digits = false;
		}
	}
	return 0;
}

/* ---- extended headers ----------------------------------------------------------------------- */

static int take_path(char *to, const char *value, size_t len)
{
	if (len >= TAR_NAME_MAX || strlen(value) != len)
		return bad_tar("a path is too long, or has a NUL in it");
	memcpy(to, value, len + 1);
	return 0;
}

static bool take_time(const char *value, struct timespec *out)
{
	bool minus = *value == '-'; /* "-0.25" as well */
	const char *dot = strchr(value += minus, '.');
	size_t len = dot ? (size_t)(dot - value) : strlen(value);
	long scale = 100000000;
	uint64_t s;

	if (!json_number_u64(value, len, &s) || s > INT64_MAX)
		return false;
	*out = (struct timespec){ .tv_sec = minus ? -(int64_t)s : (int64_t)s };
	for (const char *c = dot ? dot + 1 : ""; *c; c++, scale /= 10) {
		if (*c < '0' || *c > '9')
			return false;
		out->tv_nsec += (*c - '0') * scale;
	}
	/* -1.25 is three quarters of a second after -2. */
	if (minus && out->tv_nsec) {
		out->tv_sec--;
		out->tv_nsec = 1000000000 - out->tv_nsec;
	}
	return true;
}

static int take_xattr(struct tar *t, const char *name, const char *value, size_t len)
{
	if (t->e.xattrs_n == TAR_XATTRS_MAX)
		return bad_tar("an entry has too many extended attributes");
	t->e.xattrs[t->e.xattrs_n++] = (struct tar_xattr){ name, value, len };
	return 0;
}

/* Format 0.1: "0,512,1024,512". */
static int sparse_map(struct tar *t, const char *value)
{
	int64_t pair[2];

	for (int i = 0; *value; i++) {
		size_t len = strcspn(value, ",");

		if (!json_number_i64(value, len, &pair[i % 2]))
			return bad_tar("the map of a sparse file");
		if (i % 2 && add_part(t, pair[0], pair[1]) < 0)
			return -1;
		value += len + (value[len] == ',');
	}
	t->e.sparse = true;
	return 0;
}

/* Which fields of the next header an extended header has set. */
struct given {
	bool path, link, size, uid, gid, mtime;
	int64_t part_at;
};

static int take_sparse(struct tar *t, struct given *g, const char *key, const char *value)
{
	int64_t n;

	if (!strcmp(key, "map"))
		return sparse_map(t, value);
	if (!strcmp(key, "name")) {
		g->path = true;
		return take_path(t->e.path, value, strlen(value));
	}
	if (!json_number_i64(value, strlen(value), &n) || n < 0)
		return bad_tar("a number of a sparse file");
	if (!strcmp(key, "major"))
		t->gnu_1_0 = t->e.sparse = n == 1;
	else if (!strcmp(key, "size") || !strcmp(key, "realsize"))
		t->sparse_size = n, t->real_size = true;
	else if (!strcmp(key, "offset"))
		g->part_at = n;
	else if (!strcmp(key, "numbytes"))
		return t->e.sparse = true, add_part(t, g->part_at, n);
	return 0;
}

static int take_record(struct tar *t, struct given *g, const char *key, const char *value,
		       size_t len)
{
	struct tar_entry *e = &t->e;
	int64_t n;

	if (!strncmp(key, "SCHILY.xattr.", 13))
		return take_xattr(t, key + 13, value, len);
	if (!strncmp(key, "GNU.sparse.", 11))
		return take_sparse(t, g, key + 11, value);
	/* An empty value cancels one of a global header, which is not read here. */
	if (!len)
		return 0;
	if (!strcmp(key, "path"))
		return g->path ? 0 : (g->path = true, take_path(e->path, value, len));
	if (!strcmp(key, "linkpath"))
		return g->link = true, take_path(e->link, value, len);
	if (!strcmp(key, "mtime"))
		return (g->mtime = take_time(value, &e->mtime)) ? 0 : bad_tar("a time");
	if (strcmp(key, "size") && strcmp(key, "uid") && strcmp(key, "gid"))
		return 0;
	if (!json_number_i64(value, len, &n) || n < 0)
		return bad_tar("a number of an extended header");
	if (*key == 's')
		return g->size = true, e->size = n, 0;
	if (*key == 'u')
		return g->uid = true, id_of(n, &e->uid);
	return g->gid = true, id_of(n, &e->gid);
}

/* Reads records "LEN KEY=VALUE\n", where LEN is the length of the whole record. */
static int take_records(struct tar *t, struct given *g, char *text, size_t len)
{
	while (len) {
		size_t digits = strspn(text, "0123456789"), value_len;
		char *key = text + digits + 1, *value;
		uint64_t n;

		if (text[digits] != ' ' || !json_number_u64(text, digits, &n) || n > len ||
		    n < digits + 4 || text[n - 1] != '\n')
			return bad_tar("an extended header");
		text[n - 1] = 0;
		value = memchr(key, '=', text + n - 1 - key);
		if (!value || value == key)
			return bad_tar("an extended header");
		*value++ = 0;
		value_len = text + n - 1 - value;
		if (take_record(t, g, key, value, value_len) < 0)
			return -1;
		text += n;
		len -= n;
	}
	return 0;
}

/* ---- entries -------------------------------------------------------------------------------- */

void tar_begin(struct arena *a, struct tar *t)
{
	t->ext = arena_alloc(a, TAR_EXT_MAX + 1);
	t->e.parts = arena_alloc(a, TAR_HOLES_MAX * sizeof(*t->e.parts));
}

/* Returns 1: a header was read; 0: the archive has ended; -1. */
static int read_header(struct tar *t)
{
	static const unsigned char zeros[TAR_BLOCK];
	ssize_t n = t->read(t->from, t->block, TAR_BLOCK);

	if (n < 0)
		return -1;
	t->at += n;
	/* One or both of the two blocks of zeros at the end may be missing. */
	if (!n || (n == TAR_BLOCK && !memcmp(t->block, zeros, TAR_BLOCK)))
		return 0;
	if (n == TAR_BLOCK && checksum_fits(t->block))
		return 1;
	if (t->at <= TAR_BLOCK)
		return failx("is not a tar archive, plain or compressed by gzip or zstd");
	return bad_tar(n == TAR_BLOCK ? "the checksum of a header is wrong"
				      : "it ends in the middle");
}

/* Reads the data of an entry that describes the next one, after *used bytes of earlier ones:
 * extended headers and long names may follow each other. */
static int read_ext(struct tar *t, size_t *used, uint64_t size, char **text)
{
	uint64_t whole = (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;

	if (size > TAR_EXT_MAX || whole > TAR_EXT_MAX - *used)
		return bad_tar("an extended header is too large");
	*text = t->ext + *used;
	if (read_full(t, *text, whole) < 0)
		return -1;
	(*text)[size] = 0;
	*used += whole;
	return 0;
}

/* Takes from the header's fields what no extended header has set. */
static int take_fields(struct tar *t, const struct given *g, int64_t size)
{
	struct tar_entry *e = &t->e;
	const unsigned char *b = t->block;
	bool posix = !memcmp(b + F_MAGIC, "ustar\0", 6);
	char prefix[156];
	int64_t mode, uid, gid, mtime, major = 0, minor = 0;

	if (!field_number(b, F_MODE, &mode) || !field_number(b, F_UID, &uid) ||
	    !field_number(b, F_GID, &gid) || !field_number(b, F_MTIME, &mtime))
		return bad_tar("a number of a header");
	if ((b[F_TYPE] == '3' || b[F_TYPE] == '4') &&
	    (!field_number(b, F_MAJOR, &major) || !field_number(b, F_MINOR, &minor) || major < 0 ||
	     minor < 0 || major > UINT32_MAX || minor > UINT32_MAX))
		return bad_tar("the number of a device");
	if (!g->path) {
		field_text(b, F_PREFIX, prefix);
		if (!posix || !*prefix) {
			field_text(b, F_NAME, e->path);
		} else {
			size_t len = strlen(prefix);

			memcpy(e->path, prefix, len);
			e->path[len] = '/';
			field_text(b, F_NAME, e->path + len + 1);
		}
	}
	if (!g->link)
		field_text(b, F_LINK, e->link);
	e->type = b[F_TYPE] == 0 || b[F_TYPE] == '7' || b[F_TYPE] == 'S' ? '0' : b[F_TYPE];
	e->mode = mode & 07777;
	e->major = major;
	e->minor = minor;
	if (!g->mtime)
		e->mtime = (struct timespec){ .tv_sec = mtime };
	if ((!g->uid && id_of(uid, &e->uid) < 0) || (!g->gid && id_of(gid, &e->gid) < 0))
		return -1;
	if (!g->size)
		e->size = size;
	/* Before POSIX a directory was a file whose name ends with a slash. */
	if (e->type == '0' && *e->path && e->path[strlen(e->path) - 1] == '/')
		e->type = '5';
	return 0;
}

static int begin_data(struct tar *t)
{
	struct tar_entry *e = &t->e;
	uint64_t parts = 0;

	/* Only a file has data; some writers give links the size of their target. */
	t->left = e->type == '0' ? e->size : 0;
	t->padding = -t->left % TAR_BLOCK;
	t->part = t->part_done = 0;
	if (e->type != '0')
		e->size = 0, e->sparse = false;
	if (t->block[F_TYPE] == 'S' && old_sparse(t) < 0)
		return -1;
	if (!e->sparse)
		return 0;
	if (t->gnu_1_0 && sparse_1_0(t) < 0)
		return -1;
	for (size_t i = 0; i < e->parts_n; i++)
		parts += e->parts[i].len;
	if (!t->real_size || parts != t->left ||
	    (e->parts_n &&
	     e->parts[e->parts_n - 1].at + e->parts[e->parts_n - 1].len > t->sparse_size))
		return bad_tar("the parts of a sparse file are not its data");
	e->size = t->sparse_size;
	return 0;
}

int tar_next(struct tar *t)
{
	struct given g = { 0 };
	size_t used = 0;
	char *text = NULL;
	int64_t size;
	int rc;

	if (skip(t, t->left + t->padding) < 0)
		return -1;
	t->e.sparse = t->real_size = t->gnu_1_0 = false;
	t->e.xattrs_n = t->e.parts_n = 0;
	t->left = t->padding = 0;
	*t->e.path = *t->e.link = 0;
	while ((rc = read_header(t)) > 0) {
		char type = (char)t->block[F_TYPE];

		if (!field_number(t->block, F_SIZE, &size) || size < 0 || size >> 60)
			return bad_tar("the size of an entry");
		if (type != 'x' && type != 'L' && type != 'K' && type != 'g')
			break;
		/* A global header: git writes its commit there, and no known writer uses it for
		 * fields that matter here. */
		if (type == 'g') {
			if (skip(t, (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK) < 0)
				return -1;
			continue;
		}
		if (read_ext(t, &used, size, &text) < 0)
			return -1;
		if (type == 'x' ? take_records(t, &g, text, size) < 0
				: take_path(type == 'L' ? t->e.path : t->e.link, text,
					    strlen(text)) < 0)
			return -1;
		g.path |= type == 'L';
		g.link |= type == 'K';
	}
	if (rc <= 0)
		return rc;
	return take_fields(t, &g, size) < 0 || begin_data(t) < 0 ? -1 : 1;
}

ssize_t tar_data(struct tar *t, void *buf, size_t n, uint64_t *at)
{
	const struct tar_entry *e = &t->e;

	n = n < t->left ? n : t->left;
	*at = e->size - t->left;
	if (e->sparse && n) {
		const struct tar_part *part = &e->parts[t->part];
		uint64_t left = part->len - t->part_done;

		n = n < left ? n : left;
		*at = part->at + t->part_done;
		t->part_done += n;
		if (t->part_done == part->len)
			t->part++, t->part_done = 0;
	}
	if (read_full(t, buf, n) < 0)
		return -1;
	t->left -= n;
	return n;
}

int tar_drain(struct tar *t)
{
	char waste[8192];
	ssize_t n;

	while ((n = t->read(t->from, waste, sizeof(waste))) > 0)
		t->at += n;
	return n;
}

#endif
