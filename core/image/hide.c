/* hide.c - takes files away that a layer hides, and whole trees. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <dirent.h>
#include <string.h>

#define DEPTH_MAX 2000 /* directories in each other: each is an open descriptor */

/* ---- the names that a layer has made, as a set of 64-bit sums
 * -------------------------------------- */

/* FNV-1a. Who makes two names of one sum spoils an image of his own. */
static uint64_t name_sum(ino_t dir, const char *name)
{
	uint64_t sum = 0xcbf29ce484222325ULL ^ (uint64_t)dir * 0x9e3779b97f4a7c15ULL;

	for (; *name; name++)
		sum = (sum ^ (unsigned char)*name) * 0x100000001b3ULL;
	return sum ? sum : 1;
}

static uint64_t *made_place(const struct made *m, uint64_t sum)
{
	size_t i = (sum ^ sum >> 32) & (m->room - 1);

	while (m->at[i] && m->at[i] != sum)
		i = (i + 1) & (m->room - 1);
	return &m->at[i];
}

static bool made_has(const struct made *m, ino_t dir, const char *name)
{
	return m && m->room && *made_place(m, name_sum(dir, name));
}

void made_clear(struct made *m)
{
	if (m->room)
		memset(m->at, 0, m->room * sizeof(*m->at));
	m->n = 0;
}

void made_add(struct made *m, ino_t dir, const char *name)
{
	uint64_t sum = name_sum(dir, name), *place;

	if (m->n * 2 >= m->room) {
		struct made more = { m->a, NULL, m->n, m->room ? m->room * 2 : 1024 };

		more.at = arena_alloc(m->a, more.room * sizeof(*more.at));
		for (size_t i = 0; i < m->room; i++)
			if (m->at[i])
				*made_place(&more, m->at[i]) = m->at[i];
		*m = more;
	}
	place = made_place(m, sum);
	m->n += !*place;
	*place = sum;
}

/* ---- removing ------------------------------------------------------------------------------- */

static int hide_below(int dir, const struct made *made, int depth);

static int hide_at(int dir, ino_t ino, const char *name, const struct made *made, int depth)
{
	bool keep = made_has(made, ino, name);
	int fd __cleanup(fd_close) = -1;

	if (!keep && !unlinkat(dir, name, 0))
		return 0;
	if (!keep && errno == ENOENT)
		return 0;
	/* EISDIR of Linux, EPERM of POSIX */
	if (!keep && errno != EISDIR && errno != EPERM)
		return fail("remove %s", name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && !fchmodat(dir, name, 0700, 0))
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return keep ? 0 : fail("open %s", name);
	if (hide_below(fd, made, depth + 1) < 0)
		return fail_in("%s", name);
	if (keep || !unlinkat(dir, name, AT_REMOVEDIR) ||
	    ((errno == ENOTEMPTY || errno == EEXIST) && made))
		return 0;
	return fail("remove directory %s", name);
}

static int hide_below(int dir, const struct made *made, int depth)
{
	int copy __cleanup(fd_close) = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	DIR *list;
	int rc = 0;

	if (depth > DEPTH_MAX)
		return failx("directories lie in each other more than %d deep", DEPTH_MAX);
	if (copy < 0 || fstat(copy, &st) < 0)
		return fail("open a directory to empty it");
	/* Files of a directory that its owner may not write are his all the same. */
	if ((st.st_mode & 0300) != 0300 && geteuid())
		fchmod(copy, (st.st_mode & 07777) | 0700);
	list = fdopendir(copy);
	if (!list)
		return fail("read a directory");
	fd_take(&copy);
	for (struct dirent *e; !rc && (e = readdir(list));)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			rc = hide_at(dirfd(list), st.st_ino, e->d_name, made, depth);
	closedir(list);
	return rc;
}

int hide(int dir, ino_t ino, const char *name, const struct made *made)
{
	return hide_at(dir, ino, name, made, 0);
}

int hide_children(int dir, const struct made *made)
{
	return hide_below(dir, made, 0);
}

#endif
