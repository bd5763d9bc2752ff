/* tarout.c - writes a directory as tar(5): the same files give the same bytes. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define XATTR_NAMES_MAX 65536
#define XATTR_VALUE_MAX 65536
#define WALK_DEPTH_MAX 1000

/* The first path in the archive of a file with several names. */
struct linked {
	dev_t dev;
	ino_t ino;
	const char *path;
};

/* ---- bytes ----------------------------------------------------------------------------------- */

static int write_out(struct tarout *t)
{
	if (fd_write_all(t->fd, t->buf, t->len) < 0)
		return fail("write the archive");
	sha256_add(&t->sum, t->buf, t->len);
	t->len = 0;
	return 0;
}

int tarout_bytes(struct tarout *t, const void *data, size_t n)
{
	while (n) {
		size_t take = sizeof(t->buf) - t->len;

		take = take < n ? take : n;
		memcpy(t->buf + t->len, data, take);
		t->len += take;
		t->total += take;
		data = (const char *)data + take;
		n -= take;
		if (t->len == sizeof(t->buf) && write_out(t) < 0)
			return -1;
	}
	return 0;
}

static int put_zeros(struct tarout *t, uint64_t n)
{
	static const char zeros[TAR_BLOCK];
	int rc = 0;

	for (; !rc && n; n -= n < TAR_BLOCK ? n : TAR_BLOCK)
		rc = tarout_bytes(t, zeros, n < TAR_BLOCK ? n : TAR_BLOCK);
	return rc;
}

static int put_padding(struct tarout *t, uint64_t size)
{
	return put_zeros(t, -size % TAR_BLOCK);
}

/* ---- headers --------------------------------------------------------------------------------- */

static void put_octal(unsigned char *at, int len, uint64_t value)
{
	at[--len] = 0;
	while (len--) {
		at[len] = '0' + (value & 7);
		value >>= 3;
	}
}

static int put_header(struct tarout *t, const struct tarout_entry *e, char type, const char *path,
		      uint64_t size)
{
	unsigned char b[TAR_BLOCK] = { 0 };
	unsigned sum = 0;

	memcpy(b, path, strnlen(path, 100));
	put_octal(b + 100, 8, e->mode & 07777);
	put_octal(b + 108, 8, e->uid & 07777777);
	put_octal(b + 116, 8, e->gid & 07777777);
	put_octal(b + 124, 12, size);
	put_octal(b + 136, 12, e->mtime.tv_sec > 0 ? (uint64_t)e->mtime.tv_sec : 0);
	memset(b + 148, ' ', 8);
	b[156] = type;
	memcpy(b + 157, e->link, strnlen(e->link, 100));
	strcpy((char *)b + 257, "ustar");
	b[263] = b[264] = '0'; /* version */
	put_octal(b + 329, 8, e->major);
	put_octal(b + 337, 8, e->minor);
	for (int i = 0; i < TAR_BLOCK; i++)
		sum += b[i];
	put_octal(b + 148, 7, sum);
	return tarout_bytes(t, b, sizeof(b));
}

/* "LEN KEY=VALUE\n", where LEN counts itself. */
static void put_record(struct json_out *o, const char *key, const void *value, size_t len)
{
	size_t body = strlen(key) + len + 3, all = body + 1;
	char number[24];

	while (all != body + (size_t)snprintf(number, sizeof(number), "%zu", all))
		all++;
	if (o->len + all > o->size) {
		char *more = arena_alloc(o->arena, (o->size + all) * 2);

		memcpy(more, o->buf, o->len);
		o->buf = more;
		o->size = (o->size + all) * 2;
	}
	o->len += sprintf(o->buf + o->len, "%s %s=", number, key);
	memcpy(o->buf + o->len, value, len);
	o->len += len;
	o->buf[o->len++] = '\n';
}

static void put_record_text(struct json_out *o, const char *key, const char *value)
{
	put_record(o, key, value, strlen(value));
}

/* What does not fit into the header's own fields goes into an extended header before it. */
int tarout_header(struct tarout *t, const struct tarout_entry *e)
{
	static LARGE char names[XATTR_NAMES_MAX], value[XATTR_VALUE_MAX];
	struct json_out ext = { .arena = t->a, .buf = t->ext, .size = sizeof(t->ext) };
	const struct tarout_entry plain = { .link = "", .mode = 0644 };
	ssize_t n = e->xattrs_of ? llistxattr(e->xattrs_of, names, sizeof(names)) : 0;
	char text[64];

	if (strlen(e->path) > 100)
		put_record_text(&ext, "path", e->path);
	if (strlen(e->link) > 100)
		put_record_text(&ext, "linkpath", e->link);
	if (e->size >> 33)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)e->size),
			put_record_text(&ext, "size", text);
	if (e->uid >> 21)
		snprintf(text, sizeof(text), "%u", e->uid), put_record_text(&ext, "uid", text);
	if (e->gid >> 21)
		snprintf(text, sizeof(text), "%u", e->gid), put_record_text(&ext, "gid", text);
	if (e->mtime.tv_nsec || e->mtime.tv_sec < 0 || e->mtime.tv_sec >> 33) {
		/* -0.25 is second -1 and three quarters. */
		bool below = e->mtime.tv_sec < 0 && e->mtime.tv_nsec;

		snprintf(text, sizeof(text), "%s%lld.%09ld",
			 below && e->mtime.tv_sec == -1 ? "-" : "",
			 (long long)e->mtime.tv_sec + below,
			 below ? 1000000000 - e->mtime.tv_nsec : e->mtime.tv_nsec);
		put_record_text(&ext, "mtime", text);
	}
	/* Their order is the filesystem's; one filesystem keeps it. */
	for (char *name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
		ssize_t len = lgetxattr(e->xattrs_of, name, value, sizeof(value));

		if (len >= 0 && strcmp(name, OWNER_XATTR) &&
		    strncmp(name, "trusted.overlay.", 16) && strncmp(name, "security.selinux", 16))
			put_record(&ext, arena_printf(t->a, "SCHILY.xattr.%s", name), value, len);
	}
	if (ext.len && (put_header(t, &plain, 'x', "PaxHeaders/x", ext.len) < 0 ||
			tarout_bytes(t, ext.buf, ext.len) < 0 || put_padding(t, ext.len) < 0))
		return -1;
	return put_header(t, e, e->type, e->path, e->size >> 33 ? 0 : e->size);
}

int tarout_file(struct tarout *t, const char *path, int fd, uint64_t size)
{
	char buf[64 << 10];
	uint64_t left = size;

	while (left) {
		ssize_t n = read(fd, buf, left < sizeof(buf) ? left : sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? fail("read %s", path)
				     : failx("%s: has become shorter", path);
		if (tarout_bytes(t, buf, n) < 0)
			return -1;
		left -= n;
	}
	return put_padding(t, size);
}

int tarout_text(struct tarout *t, const char *path, const void *text, size_t len)
{
	const struct tarout_entry e = {
		.path = path, .link = "", .type = '0', .mode = 0644, .size = len
	};

	if (tarout_header(t, &e) < 0 || tarout_bytes(t, text, len) < 0)
		return -1;
	return put_padding(t, len);
}

void tarout_begin(struct arena *a, struct tarout *t, int fd)
{
	t->a = a;
	t->fd = fd;
	t->len = t->total = 0;
	sha256_begin(&t->sum);
}

int tarout_end(struct tarout *t, char hex[SHA256_HEX])
{
	if (put_zeros(t, 2 * TAR_BLOCK) < 0 || write_out(t) < 0)
		return -1;
	sha256_end(&t->sum, hex);
	return 0;
}

/* ---- a directory ----------------------------------------------------------------------------- */

/* Returns the path that the file has in the archive already, or NULL if this is its first. */
static const char *first_name(struct tarout *t, const struct stat *st, const char *path)
{
	for (size_t i = 0; i < t->linked_n; i++)
		if (t->linked[i].ino == st->st_ino && t->linked[i].dev == st->st_dev)
			return t->linked[i].path;
	t->linked = arena_grow(t->a, t->linked, t->linked_n, &t->linked_room, sizeof(*t->linked));
	t->linked[t->linked_n++] =
		(struct linked){ st->st_dev, st->st_ino, arena_strdup(t->a, path) };
	return NULL;
}

/* Reads the owner that an ordinary user's bundle keeps as an attribute (layer.c). */
static void kept_owner(const char *path, struct tarout_entry *e)
{
	unsigned char text[16];
	ssize_t n = lgetxattr(path, OWNER_XATTR, text, sizeof(text));

	e->uid = e->gid = 0;
	for (ssize_t i = 0; i < n;) {
		uint32_t *to = text[i++] == 8 ? &e->uid : &e->gid;

		for (int shift = 0; i < n && shift < 32; shift += 7) {
			*to |= (uint32_t)(text[i] & 0x7f) << shift;
			if (!(text[i++] & 0x80))
				break;
		}
	}
}

static char type_of(mode_t mode)
{
	return S_ISREG(mode)	? '0'
	       : S_ISLNK(mode)	? '2'
	       : S_ISCHR(mode)	? '3'
	       : S_ISBLK(mode)	? '4'
	       : S_ISDIR(mode)	? '5'
	       : S_ISFIFO(mode) ? '6'
				: 0;
}

static int put_data(struct tarout *t, int dir, const char *name, const struct tarout_entry *e)
{
	int fd __cleanup(fd_close) =
		openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return fail("open %s", e->path);
	return tarout_header(t, e) < 0 ? -1 : tarout_file(t, e->path, fd, e->size);
}

static int put_below(struct tarout *t, int dir, const char *path, int depth);

static int put_one(struct tarout *t, int dir, const char *path, const char *name, int depth)
{
	char at[FD_PATH_MAX + NAME_MAX + 2], target[TAR_NAME_MAX] = "";
	struct tarout_entry e = { .link = target, .xattrs_of = at };
	int below __cleanup(fd_close) = -1;
	const char *first;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("stat %s%s", path, name);
	snprintf(at, sizeof(at), "/proc/self/fd/%d/%s", dir, name);
	e.path = arena_printf(t->a, "%s%s%s", path, name, S_ISDIR(st.st_mode) ? "/" : "");
	if (strlen(e.path) >= TAR_NAME_MAX)
		return failx("%.60s...: its path has more than %d bytes", e.path, TAR_NAME_MAX - 1);
	e.type = type_of(st.st_mode);
	/* A socket is left out: it is of no use without its server. */
	if (!e.type)
		return 0;
	e.mode = st.st_mode;
	e.mtime = st.st_mtim;
	e.uid = st.st_uid;
	e.gid = st.st_gid;
	if (t->one_id)
		kept_owner(at, &e);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		e.major = major(st.st_rdev);
		e.minor = minor(st.st_rdev);
	}
	if (S_ISLNK(st.st_mode) && readlinkat(dir, name, target, sizeof(target) - 1) < 0)
		return fail("read link %s", e.path);
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1 && (first = first_name(t, &st, e.path))) {
		e.type = '1';
		e.link = first;
		e.xattrs_of = NULL;
		return tarout_header(t, &e);
	}
	if (S_ISREG(st.st_mode)) {
		e.size = st.st_size;
		return put_data(t, dir, name, &e);
	}
	if (tarout_header(t, &e) < 0 || !S_ISDIR(st.st_mode))
		return S_ISDIR(st.st_mode) ? -1 : 0;
	below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return below < 0 ? fail("open %s", e.path) : put_below(t, below, e.path, depth + 1);
}

static bool not_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
}

static int put_below(struct tarout *t, int dir, const char *path, int depth)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	const char **names;
	size_t n;

	if (!list)
		return fail("read %s", path);
	if (depth > WALK_DEPTH_MAX)
		return failx("%.200s...: directories are nested more than %d deep", path,
			     WALK_DEPTH_MAX);
	rc = names_read(t->a, list, path, not_dots, &names, &n);
	closedir(list);
	for (size_t i = 0; !rc && i < n; i++)
		rc = put_one(t, dir, path, names[i], depth);
	return rc;
}

int tarout_tree(struct tarout *t, int root)
{
	struct tarout_entry e = { .path = "./", .link = "", .type = '5' };
	struct stat st;

	if (fstat(root, &st) < 0)
		return fail("stat the root");
	e.mode = st.st_mode;
	e.mtime = st.st_mtim;
	e.uid = t->one_id ? 0 : st.st_uid;
	e.gid = t->one_id ? 0 : st.st_gid;
	return tarout_header(t, &e) < 0 ? -1 : put_below(t, root, "", 0);
}

#endif
