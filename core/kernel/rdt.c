/* rdt.c - resctrl groups: shares of cache and memory bandwidth. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/vfs.h>

/* The format of the files below is in the kernel's Documentation/filesystems/resctrl.rst. */

#define RESCTRL "/sys/fs/resctrl" /* the usual mount point */
#define RESCTRL_MAGIC 0x7655821

#define SCHEMATA_MAX 65536

/* ---- pure: the lines to write, and whether the group has them already ---------------------- */

/* All lines in the spec's order, each with its newline; NULL: the config has none. */
static const char *wanted_lines(struct arena *a, const struct oci_intel_rdt *r)
{
	const char *const two[] = { r->l3_cache_schema, r->mem_bw_schema };
	size_t size = 1;
	char *lines, *end;

	for (size_t i = 0; i < ARRAY_SIZE(two); i++)
		size += two[i] ? strlen(two[i]) + 1 : 0;
	list_each (line, r->schemata)
		size += strlen(*line) + 1;
	lines = end = arena_alloc(a, size);
	for (size_t i = 0; i < ARRAY_SIZE(two); i++)
		if (two[i])
			end = stpcpy(stpcpy(end, two[i]), "\n");
	list_each (line, r->schemata)
		end = stpcpy(stpcpy(end, *line), "\n");
	return *lines ? lines : NULL;
}

struct slice {
	const char *at;
	size_t len;
};

/* Cuts the text up to the next sep off *rest. False: *rest is empty. */
static bool take_schema(struct slice *rest, char sep, struct slice *item)
{
	const char *end = rest->len ? memchr(rest->at, sep, rest->len) : NULL;

	if (!rest->len)
		return false;
	item->at = rest->at;
	item->len = end ? (size_t)(end - rest->at) : rest->len;
	rest->at += item->len + (end != NULL);
	rest->len -= item->len + (end != NULL);
	return true;
}

/* Removes the characters with which the kernel pads a value. */
static struct slice trim(struct slice s, char pad)
{
	while (s.len > 1 && *s.at == pad) {
		s.at++;
		s.len--;
	}
	return s;
}

static bool same_schemata(struct slice x, struct slice y)
{
	return x.len == y.len && !strncasecmp(x.at, y.at, x.len);
}

/* Splits "0=ff" at '=' and "L3:0=ff;1=f" at ':'. */
static bool split_schema(struct slice item, char sign, struct slice *name, struct slice *value)
{
	*value = item;
	if (!take_schema(value, sign, name) || !value->len)
		return false;
	*name = trim(*name, ' ');
	*value = trim(*value, ' ');
	/* The kernel prints numbers without the leading zeros that were written. */
	if (sign == '=')
		*value = trim(*value, '0');
	return true;
}

/* Finds the value of name in a list of such items. */
static bool find_group(struct slice list, const char *signs, struct slice name, struct slice *value)
{
	struct slice item, item_name;

	while (take_schema(&list, signs[0], &item))
		if (split_schema(item, signs[1], &item_name, value) &&
		    same_schemata(item_name, name))
			return true;
	return false;
}

/* True if the group's schemata have the value of each domain of each wanted line. */
static bool schemata_hold(const char *want, const char *have)
{
	struct slice lines = { want, strlen(want) }, now = { have, strlen(have) };
	struct slice line, name, list, item, domain, value, have_list, have_value;

	while (take_schema(&lines, '\n', &line)) {
		if (!split_schema(line, ':', &name, &list) ||
		    !find_group(now, "\n:", name, &have_list))
			return false;
		while (take_schema(&list, ';', &item))
			if (!split_schema(item, '=', &domain, &value) ||
			    !find_group(have_list, ";=", domain, &have_value) ||
			    !same_schemata(value, have_value))
				return false;
	}
	return true;
}

/* ---- the group ----------------------------------------------------------------------------- */

static int open_resctrl(void)
{
	int fd __cleanup(fd_close) = open(RESCTRL, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != RESCTRL_MAGIC)
		return failx(
			"intelRdt is specified in config, but resctrl is not mounted on " RESCTRL);
	return fd_take(&fd);
}

/* The directory of the group below resctrl; closID "/" is the root group, ".". */
static const char *group_name(const struct oci_intel_rdt *r, const char *id)
{
	const char *name = r->clos_id ? r->clos_id : id;

	if (!strcmp(name, "/"))
		return ".";
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/')) {
		failx("linux.intelRdt.closID \"%s\" is not the name of a group", name);
		return NULL;
	}
	return name;
}

/* Writes to a file of the group. resctrl writes the reason of a refusal to another file. */
static int write_group(int root, int group, const char *file, const char *text)
{
	char status[256];
	int num;

	if (!file_write(group, file, text))
		return 0;
	num = err_num();
	if (file_read_line(root, "info/last_cmd_status", status, sizeof(status)) < 0)
		snprintf(status, sizeof(status), "info/last_cmd_status cannot be read");
	errno = num;
	fail("write \"%.*s\" to %s of a resctrl group", (int)strcspn(text, "\n"), text, file);
	return fail_hint("resctrl: %s", status);
}

static int write_tasks(int root, int group, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return write_group(root, group, "tasks", text);
}

static int open_group(int dir, const char *name)
{
	int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? fail("open resctrl group %s", name) : fd;
}

/* A group that exists may have other members: it must have the config's schemata already. */
static int compare(struct arena *a, int group, const char *name, const char *lines)
{
	size_t len;
	char *have;

	if (file_read(a, group, "schemata", SCHEMATA_MAX, &have, &len) < 0)
		return fail_in("resctrl group %s", name);
	if (!schemata_hold(lines, have))
		return failx("linux.intelRdt: resctrl group %s exists with other schemata", name);
	return 0;
}

/* Makes a group, which is a directory. Returns 1: made; 0: it existed; -1: error. */
static int make_group(int dir, const char *name)
{
	EXACT_MODES;

	if (!mkdirat(dir, name, 0755))
		return 1;
	if (errno == EEXIST)
		return 0;
	fail("create resctrl group %s", name);
	if (err_num() == ENOSPC)
		fail_hint(
			"all classes of service, or all monitoring ids, of the hardware are used");
	return -1;
}

static int fill_group(struct arena *a, int root, const struct oci_intel_rdt *r, const char *name,
		      bool made)
{
	const char *lines = wanted_lines(a, r);
	int group __cleanup(fd_close) = open_group(root, name);

	if (group < 0)
		return -1;
	if (!lines)
		return 0;
	if (r->clos_id && !made)
		return compare(a, group, name, lines);
	return write_group(root, group, "schemata", lines);
}

static const char *monitor_name(struct arena *a, const char *name, const char *id)
{
	return arena_printf(a, "%s/mon_groups/%s", name, id);
}

static int apply_schemata(struct arena *a, const struct oci_intel_rdt *r, const char *id, pid_t pid,
			  const char **path)
{
	const char *name = group_name(r, id), *mon;
	int root __cleanup(fd_close) = -1, made = 0;

	if (!name)
		return -1;
	root = open_resctrl();
	if (root < 0)
		return -1;
	/* A closID without schemata names a group that exists. */
	if (!r->clos_id || (wanted_lines(a, r) && strcmp(name, ".")))
		made = make_group(root, name);
	if (made < 0)
		return -1;
	if (made)
		*path = arena_printf(a, RESCTRL "/%s", name);
	if (fill_group(a, root, r, name, made) < 0)
		return -1;
	if (r->enable_monitoring) {
		mon = monitor_name(a, name, id);
		if (make_group(root, mon) < 0)
			return -1;
		/* Removing a group removes its monitoring groups too. */
		if (!*path)
			*path = arena_printf(a, RESCTRL "/%s", mon);
	}
	return rdt_join(a, r, id, pid);
}

int rdt_apply(struct arena *a, const struct oci_intel_rdt *r, const char *id, pid_t pid,
	      const char **path)
{
	*path = NULL;
	if (!apply_schemata(a, r, id, pid, path))
		return 0;
	/* Only the first failure is reported. */
	if (*path)
		rmdir(*path);
	*path = NULL;
	return -1;
}

int rdt_join(struct arena *a, const struct oci_intel_rdt *r, const char *id, pid_t pid)
{
	const char *name = group_name(r, id);
	const char *const dirs[] = { name, r->enable_monitoring && name ? monitor_name(a, name, id)
									: NULL };
	int root __cleanup(fd_close) = -1;

	if (!name)
		return -1;
	root = open_resctrl();
	if (root < 0)
		return -1;
	/* The group is entered first: a process that enters it leaves its monitoring group. */
	for (size_t i = 0; i < ARRAY_SIZE(dirs) && dirs[i]; i++) {
		int group __cleanup(fd_close) = open_group(root, dirs[i]);

		if (group < 0 || write_tasks(root, group, pid) < 0)
			return -1;
	}
	return 0;
}

int rdt_remove(const char *path)
{
	/* The path is from a state file, which may be damaged: remove only a group
	 * below resctrl. */
	if (strncmp(path, RESCTRL "/", sizeof(RESCTRL)) || strstr(path, "/.."))
		return failx("%s is not a resctrl group", path);
	if (rmdir(path) < 0 && errno != ENOENT)
		return fail("remove resctrl group %s", path);
	return 0;
}
