/* record.c - the files of a state directory: state.json, config.json, and a copy of the cgroups. */
/* SPDX-License-Identifier: MIT */
#include "core/container/impl.h"

#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/vfs.h>

#define STATE_FILE "state.json"
#define CONFIG_FILE "config.json"
/*
 * The container's cgroups as JSON. The text is the target of a symlink, because symlink(2) writes
 * it completely or not at all. It is written first, so that a container can be killed when its
 * state.json is damaged or missing.
 */
#define KEPT_FILE "cgroups"

/* Enough for the annotations of the largest config.json with every byte escaped. */
#define STATE_MAX (6u * OCI_CONFIG_MAX + (1u << 20))

#define GLANCE_MAX (64 << 10)

#ifndef RAMFS_MAGIC
#define RAMFS_MAGIC 0x858458f6
#endif

/* Reports the first error only. */
static int damaged(struct json_faults *f, const struct json *at, const char *path, const char *what)
{
	return failx("%s of the container is damaged: %s: %s", STATE_FILE, path, what);
}

static int bind_state(struct arena *a, struct life *l, const char *id, char *text, size_t len,
		      bool brief)
{
	struct json_error err;
	struct json_faults faults = { .report = damaged };
	struct json *tree;

	if (!json_bind_written(a, text, len, &oci_state_type, &l->state, brief)) {
		tree = json_parse(a, text, len, &err);
		if (!tree)
			return failx("%s of the container is damaged: %s", STATE_FILE, err.what);
		if (json_bind(a, tree, &oci_state_type, &l->state, &faults) < 0)
			return -1;
	}
	if (l->state.foreign)
		oci_state_adopt(a, &l->state);
	if (strcmp(l->state.id, id))
		return damaged(NULL, NULL, "id", "is that of another container");
	return l->state.bundle ? 0 : damaged(NULL, NULL, "bundle", "is missing");
}

int record_read(struct arena *a, struct life *l, const char *id)
{
	char *text;
	size_t len;

	if (file_read(a, l->dir, STATE_FILE, STATE_MAX, &text, &len) < 0)
		return -1;
	return bind_state(a, l, id, text, len, false);
}

bool record_glance(struct arena *a, struct life *l, const char *id)
{
	int fd __cleanup(fd_close) = -1;
	static LARGE char text[GLANCE_MAX + 1];
	char path[1024 + 16];
	struct stat st;

	strcpy(stpcpy(path, id), "/" STATE_FILE);
	fd = sys_openat2(l->root_dir, path, O_RDONLY | O_NONBLOCK, 0, RESOLVE_NO_SYMLINKS);
	/* A root may have directories of other users, as /run/user has. */
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != getauxval(AT_EUID) || st.st_size > GLANCE_MAX)
		return false;
	if (read(fd, text, st.st_size) != st.st_size)
		return false;
	if (!bind_state(a, l, id, text, st.st_size, true))
		return true;
	err_clear("record_read() reports the error");
	return false;
}

/* ---- without state.json ---------------------------------------------------------------------- */

/* Reads KEPT_FILE. It is a regular file if the filesystem has no symlinks, or if the text is too
 * long for a symlink. */
static bool read_kept(struct arena *a, struct life *l)
{
	char *text = arena_alloc(a, PATH_MAX);
	ssize_t n = readlinkat(l->dir, KEPT_FILE, text, PATH_MAX - 1);
	struct json_faults faults = { .report = damaged };
	struct json_error err;
	struct json *tree;
	size_t len = n;

	if (n < 0 &&
	    (errno != EINVAL || file_read(a, l->dir, KEPT_FILE, STATE_MAX, &text, &len) < 0))
		return false;
	tree = json_parse(a, text, len, &err);
	return tree && json_bind(a, tree, &oci_kept_type, &l->state, &faults) == 0;
}

int record_rest(struct arena *a, struct life *l, const char *id)
{
	struct stat st;
	bool kept, state, config;

	l->state = (struct oci_state){ 0 };
	kept = read_kept(a, l);
	if (!kept)
		l->state = (struct oci_state){ 0 };
	l->state.id = id;
	if (l->state.cgroup_paths.n)
		return 1;
	config = sys_exists(l->dir, CONFIG_FILE);
	state = !fstatat(l->dir, STATE_FILE, &st, AT_SYMLINK_NOFOLLOW) && st.st_size;
	/* config.json is written before a process is started. runc saves none, so there only the
	 * lack of a state.json shows that no process was started. */
	return config || (!kept && state) ? -1 : 0;
}

/* ---- another boot ---------------------------------------------------------------------------- */

/* The boot_id of proc(5); "" if it cannot be read. */
static const char *boot_id(void)
{
	static char id[40];

	if (!*id && file_read_line(AT_FDCWD, "/proc/sys/kernel/random/boot_id", id, sizeof(id)) < 0)
		err_clear("without it all containers count as made in this boot");
	return id;
}

bool record_is_old(const struct life *l)
{
	return l->state.boot_id && *boot_id() && strcmp(l->state.boot_id, boot_id()) != 0;
}

/* True if the directory is in memory, so its files do not exist after a boot. */
static bool in_memory(int dir)
{
	struct statfs fs;

	return !fstatfs(dir, &fs) && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Refuses text that is not UTF-8. A path may have any byte, but we could not read such JSON
 * again. */
static int check_text(const char *text, size_t len)
{
	const char *start;
	size_t n;

	for (const char *c = text; *c; c += n) {
		c = json_skip_plain(c, text + len);
		n = *c != 0;
		if (!((unsigned char)*c & 0x80) || (n = json_utf8_len(c)))
			continue;
		for (start = c; start > text && start[-1] != '"'; start--)
			;
		return failx(
			"\"%.*s\" is not UTF-8: a container with such a name or path cannot be "
			"recorded",
			(int)strcspn(start, "\""), start);
	}
	return 0;
}

static int save_first(struct arena *a, struct life *l)
{
	struct json_out o = { .arena = a };

	json_write(&o, &oci_kept_type, &l->state);
	/* It fails if the filesystem has no symlinks (EPERM), or if the text is too long. */
	if (!symlinkat(o.buf, l->dir, KEPT_FILE))
		return 0;
	return file_create(l->dir, KEPT_FILE, o.buf, o.len, 0600);
}

int life_save(struct arena *a, struct life *l)
{
	/* Its buffer is used again by the next call. */
	static struct json_out o;

	o = (struct json_out){ .arena = a, .buf = o.buf, .size = o.size };
	if (!l->state.pid && !in_memory(l->dir) && *boot_id())
		l->state.boot_id = boot_id();
	json_write(&o, &oci_state_type, &l->state);
	if (l->state.pid)
		return file_replace(l->dir, STATE_FILE, o.buf, o.len, 0600);
	/* At the first call nothing else has been made, so an incomplete file does no harm. */
	if (check_text(o.buf, o.len) < 0 || save_first(a, l) < 0)
		return -1;
	return file_create(l->dir, STATE_FILE, o.buf, o.len, 0600);
}

int life_save_config(struct life *l, const struct oci_doc *doc)
{
	return file_create(l->dir, CONFIG_FILE, doc->raw, doc->len, 0600);
}

int life_config(struct arena *a, const struct life *l, struct oci_doc *doc)
{
	/* runc does not save a copy of the config. */
	if (l->state.foreign)
		return oci_load(a, AT_FDCWD, arena_printf(a, "%s/" CONFIG_FILE, l->state.bundle),
				doc);
	return oci_load(a, l->dir, CONFIG_FILE, doc);
}

/* ---- removing -------------------------------------------------------------------------------- */

int record_remove(const struct life *l, const char *id)
{
	/* The order matters: if we are killed in between, record_rest() decides by what is left. */
	static const char *const names[] = { CONFIG_FILE, STATE_FILE, KEPT_FILE };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlinkat(l->dir, names[i], 0);
	if (!unlinkat(l->root_dir, id, AT_REMOVEDIR) || errno == ENOENT)
		return 0;
	/* Other files: the fifo of a container that was never started, temporary files, and what a
	 * container has made in the directory of its notify socket. */
	if (errno == ENOTEMPTY && remove_content(l->dir, NULL, NULL) < 0)
		return fail_in("remove state directory %s/%s", l->root, id);
	if (!unlinkat(l->root_dir, id, AT_REMOVEDIR) || errno == ENOENT)
		return 0;
	return fail("remove state directory %s/%s", l->root, id);
}
