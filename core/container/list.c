/* list.c - the ids of the containers below a root. */
/* SPDX-License-Identifier: MIT */
#include "core/container/impl.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

static bool may_be_container(const struct dirent *e)
{
	return oci_id_valid(e->d_name) && (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN);
}

int life_list(struct arena *a, const char *root, bool missing_ok, struct life_ids *out)
{
	DIR *dir;

	*out = (struct life_ids){ .root = root, .dir = life_open_root(root, false), .proc = -1 };
	if (out->dir < 0) {
		if (err_num() != ENOENT || !missing_ok)
			return -1;
		err_clear("without a state directory there are no containers");
		return 0;
	}
	/* out->dir stays in use, so dir is not closed. */
	dir = fdopendir(out->dir);
	if (!dir)
		return fail("read state directory %s", root);
	return names_read(a, dir, root, may_be_container, &out->at, &out->n);
}

bool life_recorded(const struct life_ids *all, const char *id)
{
	char path[1024 + 16];

	return snprintf(path, sizeof(path), "%s/state.json", id) < (int)sizeof(path) &&
	       sys_exists(all->dir, path);
}

/* A directory with LIFE_DIR_MODE does not count: a runtime may have made it just now and not locked
 * it yet. */
bool life_left_behind(const struct life_ids *all, const char *id)
{
	int dir __cleanup(fd_close) =
		openat(all->dir, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	return dir >= 0 && !flock(dir, LOCK_SH | LOCK_NB) && !fstat(dir, &st) && st.st_nlink &&
	       !life_recorded(all, id) && (st.st_mode & 07777) != LIFE_DIR_MODE;
}
