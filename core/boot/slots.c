/* slots.c - a container with two bundles, A and B: which one is in use, and putting one there. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <string.h>

/*
 * DIR/A and DIR/B are bundles. DIR/current is a symlink to the one in use; without the link that is
 * A. The bundle in use is never changed; rename(2) replaces the link.
 */
const char *const slot_names[] = { "A", "B" };

static bool has_config(struct arena *a, const char *dir)
{
	return !access(arena_printf(a, "%s/config.json", dir), F_OK);
}

bool slots_have(struct arena *a, const char *dir)
{
	return WITH_UPDATE && !has_config(a, dir) &&
	       (has_config(a, arena_printf(a, "%s/A", dir)) ||
		has_config(a, arena_printf(a, "%s/B", dir)));
}

int slots_current(struct arena *a, const char *dir)
{
	char to[8] = "";
	int slot;

	if (readlink(arena_printf(a, "%s/current", dir), to, sizeof(to) - 1) < 0)
		err_clear("the container was never updated");
	slot = !strcmp(to, "B");
	/* If the bundle of the link is missing, the other one is used. */
	return has_config(a, arena_printf(a, "%s/%s", dir, slot_names[slot])) ? slot : !slot;
}

const char *slots_bundle(struct arena *a, const char *dir)
{
	return slots_have(a, dir) ? arena_printf(a, "%s/%s", dir, slot_names[slots_current(a, dir)])
				  : dir;
}

#if WITH_UPDATE

int slots_switch(const char *dir, int slot)
{
	int fd __cleanup(fd_close) = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail("open %s", dir);
	unlinkat(fd, ".current", 0); /* left by an update that was interrupted */
	if (symlinkat(slot_names[slot], fd, ".current") < 0 ||
	    renameat(fd, ".current", fd, "current") < 0)
		return fail("make %s/current", dir);
	return fsync(fd) < 0 ? fail("sync %s", dir) : 0;
}

/* ---- putting a new bundle into the slot that is not in use ----------------------------------- */

static int copy_image(const char *from, const char *to)
{
	int in __cleanup(fd_close) = open(from, O_RDONLY | O_CLOEXEC);
	int out __cleanup(fd_close) = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return in < 0 || out < 0 || fd_copy(out, in) < 0 || fsync(out) < 0
		       ? fail("copy %s to %s", from, to)
		       : 0;
}

/* Makes the bundle `to` of the image, and of the config.json in use, whose root.path names it. */
static int fill_by_image(struct arena *a, const char *dir, const char *from, const char *to,
			 const char *image)
{
	int now __cleanup(fd_close) =
		open(arena_printf(a, "%s/%s", dir, from), O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *config = arena_printf(a, "%s/%s/config.json", dir, to), *root;
	struct oci_doc doc = { 0 };
	char *text;
	size_t len;

	if (oci_load(a, now, "config.json", &doc) < 0)
		return -1;
	root = doc.config.root ? doc.config.root->path : NULL;
	if (!root || !*root || strchr(root, '/') || *root == '.')
		return failx("%s/%s: root.path is not the name of an image beside config.json", dir,
			     from);
	if (file_read(a, now, "config.json", 8 << 20, &text, &len) < 0)
		return -1;
	if (mkdir(arena_printf(a, "%s/%s", dir, to), 0755) < 0)
		return fail("make %s/%s", dir, to);
	/* config.json comes last, so that a bundle that has one is complete. */
	if (copy_image(image, arena_printf(a, "%s/%s/%s", dir, to, root)) < 0)
		return -1;
	return file_replace(AT_FDCWD, config, text, len, 0644);
}

int slots_fill(struct arena *a, const char *dir, int slot, const char *source)
{
	int fd __cleanup(fd_close) = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *to = slot_names[slot];
	struct stat st;

	if (fd < 0)
		return fail("open %s", dir);
	if (stat(source, &st) < 0)
		return fail("%s", source);
	if (S_ISDIR(st.st_mode) && !has_config(a, source))
		return failx("%s has no config.json", source);
	if (remove_all(fd, 0, to, NULL, NULL) < 0)
		return fail_in("%s", dir);
	if (!S_ISDIR(st.st_mode)) {
		if (fill_by_image(a, dir, slot_names[!slot], to, source) < 0)
			return -1;
	} else if (renameat(AT_FDCWD, source, fd, to) < 0) {
		fail("move %s to %s/%s", source, dir, to);
		return err_num() == EXDEV ? fail_hint("put it on the filesystem of %s first", dir)
					  : -1;
	}
	/* The bundle must be on the disk before a link leads to it. */
	return syncfs(fd) < 0 ? fail("sync %s", dir) : 0;
}

#endif
