/* layer.c - writes a layer's entries to a root filesystem, and nothing outside of it. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"
#define SYNC_FROM (128 << 10) /* bytes */

struct layer_dir {
	const char *path;
	size_t nth;
	ino_t ino;
	uint32_t mode;
	struct timespec mtime;
};

/* The place of the present entry: its directory, and its name in that. */
struct spot {
	int dir;
	ino_t ino;
	const char *name;
	char path[FD_PATH_MAX + NAME_MAX + 2]; /* for system calls that take a path alone */
};

/* ---- paths ---------------------------------------------------------------------------------- */

/* "./a//b/" becomes "a/b"; "." and "/" become "". A ".." is refused, because no archive needs
 * it. */
static int clean_name(const char *name, char *out)
{
	char *end = out;

	while (*name) {
		size_t len;

		name += strspn(name, "/");
		len = strcspn(name, "/");
		if (len == 2 && !memcmp(name, "..", 2))
			return failx("a layer has a path with .. in it");
		if (len > NAME_MAX)
			return failx("a layer has a name of more than %d bytes", NAME_MAX);
		if (len && !(len == 1 && *name == '.')) {
			if (end > out)
				*end++ = '/';
			memcpy(end, name, len);
			end += len;
		}
		name += len;
	}
	*end = 0;
	return 0;
}

static void forget_parent(struct layers *l)
{
	fd_close(&l->parent);
}

/* Records the directories on the way to path as made by this layer, the last one first. Where one
 * is recorded already, those above it are too: an entry costs its new directories, not its
 * depth. */
static int note_way(struct layers *l, const char *path)
{
	char part[TAR_NAME_MAX], above[TAR_NAME_MAX + 2];
	size_t len = strlen(path);
	struct stat st;

	memcpy(part, path, len + 1);
	while (len) {
		const char *slash = strrchr(part, '/'), *name = slash ? slash + 1 : part;
		int fd __cleanup(fd_close) = -1;

		/* Not from the arena: for each entry a deep path would take the square of its
		 * length. */
		snprintf(above, sizeof(above), "%.*s/.", (int)(name - part), part);
		fd = path_open(l->root, above, O_PATH | O_DIRECTORY, 0, 0);
		if (fd < 0 || fstat(fd, &st) < 0)
			return -1;
		if (made_has(&l->made, st.st_ino, name))
			return 0;
		made_add(&l->made, st.st_ino, name);
		len = slash ? (size_t)(slash - part) : 0;
		part[len] = 0;
	}
	return 0;
}

/* Opens the directory of a cleaned path below the root, or takes the one of the last entry
 * again. */
static int enter_parent(struct layers *l, const char *path, bool make, struct spot *at)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	struct stat st;

	at->name = slash ? slash + 1 : path;
	if (l->parent < 0 || strncmp(l->parent_path, path, len) || l->parent_path[len]) {
		forget_parent(l);
		memcpy(l->parent_path, path, len);
		l->parent_path[len] = 0;
		l->parent_made = false;
		l->parent = make ? path_mkdirs(l->root, len ? l->parent_path : "/", 0755)
				 : path_open(l->root, len ? l->parent_path : "/",
					     O_PATH | O_DIRECTORY, 0, 0);
		if (l->parent < 0)
			return -1;
		if (fstat(l->parent, &st) < 0)
			return fail("stat %s", l->parent_path);
		l->parent_ino = st.st_ino;
	}
	if (make && l->lower && !l->parent_made) {
		if (note_way(l, l->parent_path) < 0)
			return -1;
		l->parent_made = true;
	}
	at->dir = l->parent;
	at->ino = l->parent_ino;
	snprintf(at->path, sizeof(at->path), "/proc/self/fd/%d/%s", at->dir, at->name);
	return 0;
}

/* Removes what is in the place of an entry. This may be an earlier entry of the same layer: of two
 * entries with one name the last one counts. */
static int make_room(struct layers *l, struct spot *at)
{
	int dir = fcntl(at->dir, F_DUPFD_CLOEXEC, 3), rc;

	if (dir < 0)
		return fail("keep a directory open");
	rc = hide(dir, at->ino, at->name, NULL);
	forget_parent(l);
	l->parent = dir;
	at->dir = dir;
	snprintf(at->path, sizeof(at->path), "/proc/self/fd/%d/%s", at->dir, at->name);
	return rc;
}

/* ---- owner, mode, attributes, time ----------------------------------------------------------- */

/* True for attributes that belong to the host's own security, or that an overlay of the files would
 * act on. */
static bool xattr_unwanted(const char *name)
{
	static const char *const begins[] = { "trusted.overlay.", "user.overlay.",
					      "security.selinux", "security.ima",
					      "security.evm",	  "security.apparmor",
					      "security.SMACK" };

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return true;
	return false;
}

/* fd -1: uses the path, and follows no link. */
static int set_xattr(struct layers *l, int fd, const struct spot *at, const struct tar_xattr *x)
{
	int rc = fd >= 0 ? fsetxattr(fd, x->name, x->value, x->len, 0)
			 : lsetxattr(at->path, x->name, x->value, x->len, 0);

	if (!rc)
		return 0;
	/* The filesystem has no attributes, or an ordinary user may not set this one. */
	if (errno == ENOTSUP || (l->rootless && errno == EPERM)) {
		l->refused++;
		return 0;
	}
	return fail("set the attribute %s of %s", x->name, at->name);
}

/* Keeps the owner as umoci does: a protocol buffer of two numbers, of which those that are 0 are
 * left out. */
static int keep_owner(struct layers *l, int fd, const struct spot *at, const struct tar_entry *e)
{
	unsigned char text[12];
	size_t n = 0;
	const uint32_t ids[] = { e->uid, e->gid };
	struct tar_xattr x = { OWNER_XATTR, text, 0 };

	/* Only files and directories have attributes of users. */
	if ((!e->uid && !e->gid) || e->type == '2')
		return 0;
	for (size_t i = 0; i < 2; i++) {
		uint32_t id = ids[i];

		if (!id)
			continue;
		text[n++] = 8 * (i + 1);
		for (; id > 0x7f; id >>= 7)
			text[n++] = id | 0x80;
		text[n++] = id;
	}
	x.len = n;
	return set_xattr(l, fd, at, &x);
}

/* The order matters: chown(2) clears set-id bits and capabilities, an attribute needs the right to
 * write, and a write changes the time. fd: the open file, or -1. */
static int set_meta(struct layers *l, int fd, const struct spot *at, const struct tar_entry *e)
{
	const struct timespec times[2] = { e->mtime, e->mtime };
	mode_t mode = e->type == '5' ? e->mode | 0700 : e->mode;

	if (!l->one_id &&
	    (fd >= 0 ? fchown(fd, e->uid, e->gid)
		     : fchownat(at->dir, at->name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW)) < 0) {
		fail("give %s to %u:%u", at->name, e->uid, e->gid);
		if (err_num() == EINVAL && l->rootless)
			fail_hint("/etc/subuid and /etc/subgid do not give enough ids");
		return -1;
	}
	if (l->one_id && keep_owner(l, fd, at, e) < 0)
		return -1;
	for (size_t i = 0; i < e->xattrs_n; i++)
		if (!xattr_unwanted(e->xattrs[i].name) && set_xattr(l, fd, at, &e->xattrs[i]) < 0)
			return -1;
	if (e->type != '2' &&
	    (fd >= 0 ? fchmod(fd, mode) : sys_chmodat(at->dir, at->name, mode)) < 0)
		return fail("set the mode of %s", at->name);
	if (e->type == '5')
		return 0;
	if ((fd >= 0 ? futimens(fd, times)
		     : utimensat(at->dir, at->name, times, AT_SYMLINK_NOFOLLOW)) < 0)
		return fail("set the time of %s", at->name);
	return 0;
}

/* ---- each kind of entry --------------------------------------------------------------------- */

static int note_dir(struct layers *l, const char *path, int fd, const struct tar_entry *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail("stat %s", path);
	/* An archive may name one directory without end. */
	l->dirs_bytes += strlen(path) + 1;
	if (l->dirs_bytes > NAMES_MAX)
		return failx("the names of its directories have more than %u bytes", NAMES_MAX);
	l->dirs = arena_grow(l->a, l->dirs, l->dirs_n, &l->dirs_room, sizeof(*l->dirs));
	l->dirs[l->dirs_n] = (struct layer_dir){ arena_strdup(l->a, path), l->dirs_n, st.st_ino,
						 e->mode, e->mtime };
	l->dirs_n++;
	return 0;
}

/* Sets no mode and time yet: files must be made even in a read-only directory, and each of them
 * changes its time. layers_finish() sets both. */
static int put_directory(struct layers *l, struct spot *at, const char *path,
			 const struct tar_entry *e)
{
	int fd __cleanup(fd_close) = -1;

	if (!*path)
		fd = openat(l->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (bool again = false; *path; again = true) {
		if (mkdirat(at->dir, at->name, 0700) < 0 && errno != EEXIST)
			return fail("make directory %s", path);
		fd = openat(at->dir, at->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 || again || (errno != ENOTDIR && errno != ELOOP))
			break;
		if (make_room(l, at) < 0)
			return -1;
	}
	if (fd < 0)
		return fail("open directory %s", path);
	return set_meta(l, fd, at, e) < 0 ? -1 : note_dir(l, path, fd, e);
}

static int write_data(int fd, struct tar *t)
{
	static LARGE char buf[128 << 10];
	uint64_t at, end = 0;
	ssize_t n;

	while ((n = tar_data(t, buf, sizeof(buf), &at)) > 0) {
		for (ssize_t done = 0; done < n;) {
			ssize_t w = pwrite(fd, buf + done, n - done, (off_t)(at + done));

			if (w < 0 && errno == EINTR)
				continue;
			if (w < 0)
				return fail("write %s", t->e.path);
			done += w;
		}
		end = at + n;
	}
	/* The file may end with a hole, or be one hole. */
	if (n == 0 && t->e.size > end && ftruncate(fd, (off_t)t->e.size) < 0)
		return fail("set the size of %s", t->e.path);
	return n;
}

static int put_file(struct layers *l, struct spot *at, struct tar *t)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd __cleanup(fd_close) = openat(at->dir, at->name, flags, 0600);

	if (fd < 0 && errno == EEXIST) {
		if (make_room(l, at) < 0)
			return -1;
		fd = openat(at->dir, at->name, flags, 0600);
	}
	if (fd < 0)
		return fail("make file %s", t->e.path);
	if (write_data(fd, t) < 0)
		return -1;
	/* Writing to the disk begins now, so that the wait at the end is shorter. */
	if (l->sync && t->e.size >= SYNC_FROM)
		sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return set_meta(l, fd, at, &t->e);
}

/* Makes a device, a fifo or a symbolic link. */
static int node_at(const struct spot *at, const struct tar_entry *e)
{
	switch (e->type) {
	case '2': return symlinkat(e->link, at->dir, at->name);
	case '3': return mknodat(at->dir, at->name, S_IFCHR | 0600, makedev(e->major, e->minor));
	case '4': return mknodat(at->dir, at->name, S_IFBLK | 0600, makedev(e->major, e->minor));
	default: return mknodat(at->dir, at->name, S_IFIFO | 0600, 0);
	}
}

static int put_node(struct layers *l, struct spot *at, const struct tar_entry *e)
{
	int rc = node_at(at, e);

	if (rc < 0 && errno == EEXIST) {
		if (make_room(l, at) < 0)
			return -1;
		rc = node_at(at, e);
	}
	/* A user who may not make a device gets an empty file in its place. The container's own
	 * /dev has the devices that programs need. */
	if (rc < 0 && errno == EPERM && l->rootless && (e->type == '3' || e->type == '4')) {
		l->devices++;
		rc = mknodat(at->dir, at->name, S_IFREG | 0600, 0);
	}
	return rc < 0 ? fail("make %s", e->path) : set_meta(l, -1, at, e);
}

static int put_link(struct layers *l, struct spot *at, const struct tar_entry *e)
{
	char target[TAR_NAME_MAX], path[TAR_NAME_MAX];
	const char *name;
	int dir __cleanup(fd_close) = -1, rc;

	if (clean_name(e->link, target) < 0)
		return -1;
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (!*name)
		return failx("%s: is a hard link without a target", e->path);
	snprintf(path, sizeof(path), "/%.*s", (int)(name - target), target);
	dir = path_open(l->root, path, O_PATH | O_DIRECTORY, 0, 0);
	if (dir < 0)
		return fail_in("hard link %s to %s", e->path, target);
	rc = linkat(dir, name, at->dir, at->name, 0);
	if (rc < 0 && errno == EEXIST) {
		struct stat a, b;

		/* A link to the file of its own name changes nothing. */
		if (!fstatat(dir, name, &a, AT_SYMLINK_NOFOLLOW) &&
		    !fstatat(at->dir, at->name, &b, AT_SYMLINK_NOFOLLOW) && a.st_ino == b.st_ino)
			return 0;
		if (make_room(l, at) < 0)
			return -1;
		rc = linkat(dir, name, at->dir, at->name, 0);
	}
	return rc < 0 ? fail("link %s to %s", e->path, target) : 0;
}

/* Returns 1 if path was a whiteout, and has been carried out. */
static int put_whiteout(struct layers *l, const char *path)
{
	const char *name = strrchr(path, '/');
	struct spot at;
	int fd __cleanup(fd_close) = -1;

	name = name ? name + 1 : path;
	if (strncmp(name, WHITEOUT, strlen(WHITEOUT)))
		return 0;
	if (!l->lower)
		return 1;
	if (enter_parent(l, path, false, &at) < 0) {
		if (err_num() != ENOENT && err_num() != ENOTDIR)
			return -1;
		err_clear("the file to hide does not exist");
		return 1;
	}
	/* A whiteout hides files of lower layers only. After the first one of a name there are
	 * none. */
	if (made_has(&l->made, at.ino, name))
		return 1;
	made_add(&l->made, at.ino, name);
	if (!strcmp(name, OPAQUE)) {
		fd = openat(at.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return fail("open the directory of %s", path);
		forget_parent(l);
		return hide_children(fd, &l->made) < 0 ? -1 : 1;
	}
	name += strlen(WHITEOUT);
	/* Other names that begin twice with .wh. are aufs' own files. */
	if (!strncmp(name, WHITEOUT, strlen(WHITEOUT)))
		return 1;
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return failx("%s: is a whiteout without a name", path);
	fd = fcntl(at.dir, F_DUPFD_CLOEXEC, 3);
	forget_parent(l);
	return hide(fd, at.ino, name, &l->made) < 0 ? -1 : 1;
}

static int put_entry(struct layers *l, struct tar *t)
{
	const struct tar_entry *e = &t->e;
	char path[TAR_NAME_MAX];
	struct spot at = { .dir = -1 };
	int rc;

	if (clean_name(e->path, path) < 0)
		return -1;
	if (!*path)
		return e->type == '5' ? put_directory(l, &at, path, e)
				      : failx("an entry has no name");
	rc = put_whiteout(l, path);
	if (rc)
		return rc < 0 ? -1 : 0;
	if (enter_parent(l, path, true, &at) < 0)
		return -1;
	if (l->lower)
		made_add(&l->made, at.ino, at.name);
	switch (e->type) {
	case '0': return put_file(l, &at, t);
	case '1': return put_link(l, &at, e);
	case '5': return put_directory(l, &at, path, e);
	case '2':
	case '3':
	case '4':
	case '6': return put_node(l, &at, e);
	default: return failx("%s: an entry of type \"%c\" is not known", path, e->type);
	}
}

int layer_apply(struct layers *l, struct tar *t)
{
	int rc;

	made_clear(&l->made);
	l->made.a = l->a;
	forget_parent(l);
	while ((rc = tar_next(t)) > 0) {
		l->bytes += t->e.size;
		if (l->limits.entries && ++l->entries > l->limits.entries)
			return failx("the image has more than %llu entries (--max-entries)",
				     (unsigned long long)l->limits.entries);
		if (l->limits.bytes && (t->e.size > l->limits.bytes || l->bytes > l->limits.bytes))
			return failx("the image has more than %llu bytes (--max-size)",
				     (unsigned long long)l->limits.bytes);
		if (put_entry(l, t) < 0)
			return fail_in("%s", text_harmless(arena_strdup(l->a, t->e.path)));
	}
	forget_parent(l);
	l->lower = true;
	return rc < 0 ? -1 : tar_drain(t);
}

/* Sorts deeper paths first, and of two entries of one path the later one. */
static int deeper_first(const void *a, const void *b)
{
	const struct layer_dir *x = a, *y = b;
	int by_path = strcmp(y->path, x->path);

	return by_path ? by_path : y->nth < x->nth ? -1 : 1;
}

/* Directories below come first, because an ordinary user cannot reach them when their parent may
 * not be searched. A directory that a later layer has made again has another inode. */
int layers_finish(struct layers *l)
{
	if (l->dirs_n)
		qsort(l->dirs, l->dirs_n, sizeof(*l->dirs), deeper_first);
	for (size_t i = 0; i < l->dirs_n; i++) {
		const struct layer_dir *d = &l->dirs[i];
		const struct timespec times[2] = { d->mtime, d->mtime };
		int fd __cleanup(fd_close) = -1;
		struct stat st;

		if (i && !strcmp(d->path, d[-1].path))
			continue;
		fd = path_open(l->root, *d->path ? d->path : "/",
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, 0);
		if (fd < 0 && (err_num() == ENOENT || err_num() == ENOTDIR || err_num() == ELOOP ||
			       err_num() == EACCES)) {
			err_clear("a later layer has taken it away");
			continue;
		}
		if (fd < 0 || fstat(fd, &st) < 0)
			return fd < 0 ? -1 : fail("stat directory %s", d->path);
		if (st.st_ino != d->ino)
			continue;
		if (fchmod(fd, d->mode) < 0 || futimens(fd, times) < 0)
			return fail("set mode and time of directory %s", d->path);
	}
	return 0;
}

#endif
