/* modules.c - kernel modules of boot.json: their files by modules.dep(5), and finit_module(2). */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#if WITH_MODULES

/* linux/module.h */
#define MODULE_INIT_COMPRESSED_FILE 4

/* ---- modules.dep: lines of "PATH: PATH...", where a module follows those that need it -------- */

/* True if the file name of path, without its endings, is the module name. "-" and "_" are the
 * same. */
static bool is_module(const char *path, size_t len, const char *name, size_t name_len)
{
	const char *slash = memrchr(path, '/', len);
	const char *from = slash ? slash + 1 : path;
	const char *dot = memchr(from, '.', len - (from - path));
	size_t n = dot ? (size_t)(dot - from) : len - (from - path);

	if (!name_len || n != name_len)
		return false;
	for (size_t i = 0; i < n; i++)
		if (from[i] != name[i] && !(strchr("-_", from[i]) && strchr("-_", name[i])))
			return false;
	return true;
}

/* Finds the line that begins with the path of a module. The path ends at a colon if colon is set,
 * and otherwise at the end of the line. */
static bool find_line(const char *text, size_t size, const char *name, size_t len, bool colon,
		      const char **line, size_t *line_len)
{
	while (size) {
		const char *nl = memchr(text, '\n', size), *end;
		size_t n = nl ? (size_t)(nl - text) : size;

		end = colon ? memchr(text, ':', n) : text + n;
		if (end && is_module(text, end - text, name, len)) {
			*line = text;
			*line_len = n;
			return true;
		}
		n += !!nl;
		text += n;
		size -= n;
	}
	return false;
}

bool modules_find(const char *text, size_t size, const char *name, size_t len, const char **line,
		  size_t *line_len)
{
	return find_line(text, size, name, len, true, line, line_len);
}

const char *modules_last(const char *line, size_t *at, size_t *len)
{
	size_t end = *at, from;

	while (end && strchr(" \t:", line[end - 1]))
		end--;
	for (from = end; from && !strchr(" \t:", line[from - 1]);)
		from--;
	*at = from;
	*len = end - from;
	return end > from ? line + from : NULL;
}

/* ---- loading --------------------------------------------------------------------------------- */

static int load_file(const char *dir, const char *path, size_t len, const char *params)
{
	char file[PATH_MAX];
	int fd __cleanup(fd_close) = -1, flags;

	if (*path == '/')
		snprintf(file, sizeof(file), "%.*s", (int)len, path);
	else
		snprintf(file, sizeof(file), "%s/%.*s", dir, (int)len, path);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail("open %s", file);
	flags = len > 3 && !strcmp(file + strlen(file) - 3, ".ko") ? 0
								   : MODULE_INIT_COMPRESSED_FILE;
	if (!syscall(SYS_finit_module, fd, params, flags) || errno == EEXIST)
		return err_clear("the module is loaded"), 0;
	fail("load %s", file);
	/* KERNEL 5.17: compressed modules (EINVAL); without it or CONFIG_MODULE_DECOMPRESS
	 * (EOPNOTSUPP) they cannot be loaded. */
	if (flags && (err_num() == EINVAL || err_num() == EOPNOTSUPP))
		return fail_hint(
			"this kernel cannot decompress modules "
			"(CONFIG_MODULE_DECOMPRESS): the file must be without compression");
	if (err_num() == ENOSYS)
		return fail_hint("this kernel has no modules (CONFIG_MODULES)");
	return -1;
}

/* Maps the text of a file in dir, which does not take memory of process 1. NULL: error. */
static const char *map_file(const char *dir, const char *name, size_t *len)
{
	char path[160];
	int fd __cleanup(fd_close) = -1;
	struct stat st;
	void *text;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		fail("open %s", path);
		return NULL;
	}
	*len = st.st_size;
	text = *len ? mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	if (text == MAP_FAILED)
		fail("map %s", path);
	return text == MAP_FAILED ? NULL : text ? text : "";
}

static void unmap_file(const char *text, size_t len)
{
	if (text && len)
		munmap((void *)text, len);
}

/* True if the module is a part of the kernel. modules.builtin has a path in each line. */
static bool is_built_in(const char *dir, const char *name, size_t len)
{
	size_t size = 0, line_len;
	const char *text = map_file(dir, "modules.builtin", &size), *line;
	bool found;

	if (!text)
		return err_clear("the file is not needed"), false;
	found = find_line(text, size, name, len, false, &line, &line_len);
	unmap_file(text, size);
	return found;
}

static int load_module(const char *dir, const char *text, size_t size, const char *module)
{
	size_t len = strcspn(module, " "), line_len, path_len, at;
	const char *line, *path, *params = module + len + strspn(module + len, " ");

	if (!modules_find(text, size, module, len, &line, &line_len))
		return is_built_in(dir, module, len)
			       ? 0
			       : failx("%.*s: is neither in modules.dep nor in modules.builtin "
				       "of %s",
				       (int)len, module, dir);
	/* The paths of the line are loaded from the last to the first, which is the module
	 * itself. */
	for (at = line_len; (path = modules_last(line, &at, &path_len));)
		if (load_file(dir, path, path_len, at ? "" : params) < 0)
			return -1;
	return 0;
}

void modules_load(const struct boot_settings *s)
{
	struct utsname kernel;
	const char *text;
	size_t size = 0;
	char dir[96];

	if (!s->modules.n)
		return;
	uname(&kernel);
	snprintf(dir, sizeof(dir), "/lib/modules/%s", kernel.release);
	text = map_file(dir, "modules.dep", &size);
	list_each (m, s->modules) {
		if (text && !load_module(dir, text, size, *m))
			continue;
		if (!text && m > s->modules.at)
			break; /* a missing modules.dep is reported once */
		fail_in("modules");
		console_error();
	}
	unmap_file(text, size);
}

#endif
