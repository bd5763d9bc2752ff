/* path_test.c - paths below a root with hostile symlinks, by openat2(2) and by the walk. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"
#include "tests/without.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/prctl.h>

static char block[65536];
static struct arena arena;

/* ---- the tree: TOP/root is the root, TOP/outside must not be reached ------------------------ */

static char top[] = "/tmp/path_test.XXXXXX";
static int root = -1, outside = -1;

static const char *const dirs[] = { "outside", "root", "root/a", "root/a/b" };

static const struct {
	const char *name, *target;
} links[] = {
	{ "abs", "/a/b" },
	{ "up", "../../../../a" },
	{ "chain", "a/../abs" },
	{ "out", "../outside" },
	{ "a/file_link", "b/file" },
	{ "loop1", "loop2" },
	{ "loop2", "/loop1" },
	{ "dangling", "missing/dir" },
	{ "a/dangling", "../missing_too" },
	/* mkdir of "nope" and openat of its ".." would lead outside. */
	{ "trap", "nope/../../outside/x" },
	{ "deep_trap", "/nope2/../a/b/../../../../../outside/x" },
};

static void make_tree(void)
{
	char *absolute;

	if (!mkdtemp(top) || chdir(top) < 0)
		exit(1);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdir(dirs[i], 0755) < 0)
			exit(1);
	root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	outside = open("outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, root, links[i].name) < 0)
			exit(1);
	absolute = arena_printf(&arena, "%s/outside", top);
	if (symlinkat(absolute, root, "absout") < 0 ||
	    close(openat(root, "a/b/file", O_CREAT | O_WRONLY, 0644)) < 0)
		exit(1);
}

static void remove_tree(void)
{
	/* rm(1), because our own code is under test. */
	if (chdir("/") < 0 || system(arena_printf(&arena, "rm -rf %s", top)))
		printf("# %s is left\n", top);
}

/* rmdir(2) succeeds only if outside is empty. */
static bool outside_untouched(void)
{
	return !unlinkat(AT_FDCWD, "outside", AT_REMOVEDIR) && !mkdir("outside", 0755);
}

/* The path of fd below the root, or the name of the error. Closes fd. */
static const char *where(int fd)
{
	static char text[PATH_MAX];
	char link[FD_PATH_MAX], prefix[64];
	ssize_t n;

	if (fd < 0)
		return err_num() == ENOENT	   ? "ENOENT"
		       : err_num() == ELOOP	   ? "ELOOP"
		       : err_num() == ENOTDIR	   ? "ENOTDIR"
		       : err_num() == ENAMETOOLONG ? "ENAMETOOLONG"
		       : err_num() == EEXIST	   ? "EEXIST"
						   : err_text();
	n = readlink(path_of_fd(link, fd), text, sizeof(text) - 1);
	fd_close(&fd);
	text[n < 0 ? 0 : n] = 0;
	snprintf(prefix, sizeof(prefix), "%s/root", top);
	if (strncmp(text, prefix, strlen(prefix)))
		return text;
	memmove(text, text + strlen(prefix), strlen(text + strlen(prefix)) + 1);
	return *text ? text : "/";
}

/* ---- opening --------------------------------------------------------------------------------- */

#define NAME_300                                                                                   \
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
	"nnnnnnnnnnnn"                                                                             \
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
	"nnnnnnnnnnnn"                                                                             \
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
	"nnnnnnnnnnnn"

static const struct {
	const char *path, *want;
	int flags;
	uint64_t resolve;
} opens[] = {
	{ "", "/", 0, 0 },
	{ "/", "/", 0, 0 },
	{ ".", "/", 0, 0 },
	{ "..", "/", 0, 0 },
	{ "/../../..", "/", 0, 0 },
	{ "a/b", "/a/b", 0, 0 },
	{ "/a//./b/", "/a/b", 0, 0 },
	{ "a/../a/b/..", "/a", 0, 0 },
	{ "../outside", "ENOENT", 0, 0 },
	{ "abs", "/a/b", 0, 0 },
	{ "abs/file", "/a/b/file", 0, 0 },
	{ "abs/..", "/a", 0, 0 },
	{ "up", "/a", 0, 0 },
	{ "up/file_link", "/a/b/file", 0, 0 },
	{ "chain/file", "/a/b/file", 0, 0 },
	{ "out", "ENOENT", 0, 0 },
	{ "absout", "ENOENT", 0, 0 },
	{ "trap", "ENOENT", 0, 0 },
	{ "dangling", "ENOENT", 0, 0 },
	{ "missing/../a", "ENOENT", 0, 0 },
	{ "loop1", "ELOOP", 0, 0 },
	{ "loop1/x", "ELOOP", 0, 0 },
	{ "a/b/file/", "ENOTDIR", 0, 0 },
	{ "a/b/file/x", "ENOTDIR", 0, 0 },
	{ "a/b/file/..", "ENOTDIR", 0, 0 },
	{ "a/b/file", "ENOTDIR", O_DIRECTORY, 0 },
	{ "abs", "/abs", O_NOFOLLOW, 0 },
	{ "abs/", "/a/b", O_NOFOLLOW, 0 },
	{ "abs/file", "/a/b/file", O_NOFOLLOW, 0 },
	{ "a/b/file", "/a/b/file", 0, RESOLVE_NO_SYMLINKS },
	{ "abs", "ELOOP", 0, RESOLVE_NO_SYMLINKS },
	{ "abs/file", "ELOOP", 0, RESOLVE_NO_SYMLINKS },
	{ "a/file_link", "ELOOP", 0, RESOLVE_NO_SYMLINKS },
	{ NAME_300, "ENAMETOOLONG", 0, 0 },
};

static void test_open(const char *way)
{
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(opens); i++)
		is_str(where(path_open(root, opens[i].path, O_PATH | opens[i].flags, 0,
				       opens[i].resolve)),
		       opens[i].want, "%s: open \"%.40s\"%s%s", way, opens[i].path,
		       opens[i].flags & O_NOFOLLOW ? ", nofollow" : "",
		       opens[i].resolve ? ", no symlinks" : "");
	fd = path_open(root, "a", O_PATH, 0, 0);
	ok(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC, "%s: path_open sets close-on-exec", way);
	fd_close(&fd);
	fd = path_open(root, "/up/new", O_WRONLY | O_CREAT | O_EXCL, 0600, 0);
	is_str(where(fd), "/a/new", "%s: a symlink in the path is followed to create a file", way);
	ok(path_open(root, "a/new", O_WRONLY | O_CREAT | O_EXCL, 0600, 0) < 0 &&
		   err_num() == EEXIST,
	   "%s: O_EXCL: a file that exists is not created", way);
	unlinkat(root, "a/new", 0);
}

/* Magic links of procfs lead to files without following their text (symlink(7)). */
static void test_magic(const char *way)
{
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *const magic[] = { "self/root", "self/cwd", "self/exe", "self/ns/mnt",
				      arena_printf(&arena, "self/fd/%d", outside) };
	struct stat st, of_proc;

	fstat(proc, &of_proc);
	for (size_t i = 0; i < ARRAY_SIZE(magic); i++) {
		int fd = path_open(proc, magic[i], O_PATH, 0, 0);

		ok(fd < 0 || (!fstat(fd, &st) && st.st_dev == of_proc.st_dev),
		   "%s: the magic link %s does not lead out of procfs", way, magic[i]);
		fd_close(&fd);
	}
	fd_close(&proc);
}

/* ---- making ---------------------------------------------------------------------------------- */

static const struct {
	const char *path, *want;
} makes[] = {
	{ "/", "/" },
	{ "a/b", "/a/b" },
	{ "n1/n2//n3/", "/n1/n2/n3" },
	{ "abs/n4", "/a/b/n4" },
	{ "dangling/n5", "/missing/dir/n5" },
	{ "a/dangling", "/missing_too" },
	{ "trap/n6", "/outside/x/n6" },
	{ "deep_trap/n7", "/outside/x/n7" },
	{ "no/../../../../outside/n8", "/outside/n8" },
	{ "no2/./n9", "/no2/n9" },
	{ "a/b/file/x", "ENOTDIR" },
	{ "loop1/x", "ELOOP" },
	{ NAME_300, "ENAMETOOLONG" },
};

static void clear_made(void)
{
	if (system("cd root && rm -rf n1 a/b/n4 missing missing_too nope nope2 no no2 outside"))
		exit(1);
}

static void test_mkdirs(const char *way)
{
	for (size_t i = 0; i < ARRAY_SIZE(makes); i++)
		is_str(where(path_mkdirs(root, makes[i].path, 0755)), makes[i].want,
		       "%s: make directory \"%.40s\"", way, makes[i].path);
	ok(outside_untouched(), "%s: nothing was made outside", way);
	clear_made();
	ok(path_mkdirs_new(root, "dangling/x", 0755, RESOLVE_NO_SYMLINKS) < 0,
	   "%s: RESOLVE_NO_SYMLINKS: the target of a symlink is not made", way);
	is_str(where(path_mkdirs_new(root, "no/../../../outside/x", 0755, RESOLVE_NO_SYMLINKS)),
	       "/outside/x", "%s: \"..\" does not leave the root, without symlinks", way);
	ok(outside_untouched(), "%s: nothing was made outside without symlinks", way);
	clear_made();
}

static const struct {
	const char *path, *parent, *last; /* parent NULL: refused */
} parents[] = {
	{ "z", "/", "z" },	   { "/z", "/", "z" },		 { "a/z", "/a", "z" },
	{ "/abs/z", "/a/b", "z" }, { "n1/n2/z", "/n1/n2", "z" }, { "trap/z", "/outside/x", "z" },
	{ "/", NULL, NULL },	   { "", NULL, NULL },		 { "a/", NULL, NULL },
	{ "a/..", NULL, NULL },	   { "..", NULL, NULL },	 { "a/.", NULL, NULL },
};

static void test_parent(const char *way)
{
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		const char *last = NULL;
		int fd = path_parent(root, parents[i].path, &last);

		if (!parents[i].parent) {
			ok(fd < 0, "%s: \"%s\" has no name at its end", way, parents[i].path);
			continue;
		}
		is_str(last, parents[i].last, "%s: last component of \"%s\"", way, parents[i].path);
		is_str(where(fd), parents[i].parent, "%s: parent of \"%s\"", way, parents[i].path);
	}
	ok(outside_untouched(), "%s: no parent was made outside", way);
	clear_made();
}

static const struct {
	const char *path, *want;
} creates[] = {
	{ "n1/n2/file", "/n1/n2/file" },  { "/abs/n4", "/a/b/n4" }, { "dangling", "/missing/dir" },
	{ "a/dangling", "/missing_too" }, { "trap", "/outside/x" }, { "loop1", "ELOOP" },
};

static void test_create(const char *way)
{
	for (size_t i = 0; i < ARRAY_SIZE(creates); i++)
		is_str(where(path_create(root, creates[i].path, 0644)), creates[i].want,
		       "%s: make file \"%s\"", way, creates[i].path);
	ok(path_create(root, "a/b/file", 0644) < 0, "%s: a file that is there is not made again",
	   way);
	ok(outside_untouched(), "%s: no file was made outside", way);
	clear_made();
}

/* ---- text ------------------------------------------------------------------------------------ */

static const struct {
	const char *path, *want;
} cleans[] = {
	{ "", "" },	      { "/", "/" },
	{ "//", "/" },	      { ".", "" },
	{ "/.", "/" },	      { "..", "" },
	{ "/..", "/" },	      { "a", "a" },
	{ "a/", "a" },	      { "/a//./b/../c", "/a/c" },
	{ "a/..", "" },	      { "a/../..", "" },
	{ "a/../../b", "b" }, { "/a/../../b", "/b" },
	{ "./a/./b", "a/b" }, { "/a/b/../..", "/" },
	{ "...", "..." },     { "/..a/.b", "/..a/.b" },
	{ "a/b/..", "a" },    { "/proc/../proc/self", "/proc/self" },
};

static void test_clean(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cleans); i++)
		is_str(path_clean(&arena, cleans[i].path), cleans[i].want, "path_clean of \"%s\"",
		       cleans[i].path);
}

/* ---- a kernel without openat2 ---------------------------------------------------------------- */

/* True if the filter works for the call that the code makes. */
static bool without_openat2(int num)
{
	return without(SYS_openat2, num) && sys_openat2(root, ".", O_PATH, 0, 0) < 0 &&
	       errno == num;
}

static void test_all(const char *way)
{
	test_open(way);
	test_magic(way);
	test_mkdirs(way);
	test_parent(way);
	test_create(way);
}

int main(void)
{
	arena_init(&arena, block, sizeof(block));
	make_tree();
	test_clean();
	if (sys_openat2(root, ".", O_PATH, 0, 0) >= 0)
		test_all("openat2");
	else
		ok(true, "openat2 # SKIP this kernel has none");
	if (without_openat2(ENOSYS))
		test_all("walk");
	else
		ok(true, "walk # SKIP no seccomp filter can be loaded");
	remove_tree();
	return done();
}
