/* userns.c - id maps of user namespaces (user_namespaces(7)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define MAP_LINES_MAX 340 /* UID_GID_MAP_MAX_EXTENTS; 5 before 4.15 */
#define MAP_TEXT_MAX 4096 /* the kernel allows one write of less than a page */

/* uid_map or gid_map */
struct map {
	const char *file, *helper;
	const oci_id_maps *ids;
};

static int map_text(const struct map *m, char text[MAP_TEXT_MAX])
{
	size_t len = 0;

	if (m->ids->n > MAP_LINES_MAX)
		return failx("%s: %zu mappings, the kernel takes %d", m->file, m->ids->n,
			     MAP_LINES_MAX);
	list_each (id, *m->ids) {
		len += snprintf(text + len, MAP_TEXT_MAX - len, "%u %u %u\n", id->container_id,
				id->host_id, id->size);
		if (len >= MAP_TEXT_MAX)
			return failx(
				"%s: %zu mappings are more text than the kernel takes (4095 bytes)",
				m->file, m->ids->n);
	}
	return 0;
}

/* ---- newuidmap and newgidmap --------------------------------------------------------------- */

/* Arguments of a helper: its name, the pid, three numbers for each mapping, NULL. */
struct helper_args {
	char *argv[MAP_LINES_MAX * 3 + 3];
	char text[MAP_LINES_MAX * 3 + 1][12];
};

static void helper_args(struct helper_args *args, const struct map *m, pid_t pid)
{
	size_t n = 0;

	args->argv[0] = (char *)m->helper;
	snprintf(args->text[n++], sizeof(args->text[0]), "%d", (int)pid);
	list_each (id, *m->ids) {
		snprintf(args->text[n++], sizeof(args->text[0]), "%u", id->container_id);
		snprintf(args->text[n++], sizeof(args->text[0]), "%u", id->host_id);
		snprintf(args->text[n++], sizeof(args->text[0]), "%u", id->size);
	}
	for (size_t i = 0; i < n; i++)
		args->argv[i + 1] = args->text[i];
	args->argv[n + 1] = NULL;
}

#define EXIT_NOT_FOUND 127

/* Runs in the child: searches the helper in path and executes it with an empty environment. */
static void helper_exec(struct helper_args *args, const char *path, int out)
{
	char *env[] = { NULL }, file[PATH_MAX];

	if (dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(EXIT_NOT_FOUND);
	proc_exec(path, args->argv, env, file);
	_exit(EXIT_NOT_FOUND);
}

/* Reads the output of the helper until it closes the pipe, and joins its lines. */
static void helper_says(int in, char *text, size_t size)
{
	size_t len = 0;
	char rest[256];
	ssize_t n;

	do {
		bool full = len + 1 >= size;

		n = full ? read(in, rest, sizeof(rest)) : read(in, text + len, size - 1 - len);
		if (n > 0 && !full)
			len += n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	while (len && text[len - 1] == '\n')
		len--;
	text[len] = 0;
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = ';';
}

/* Root needs no helper, so the error is about the capabilities that root's own write lacked. */
static int fail_alone(const struct map *m)
{
	const struct oci_id_map *first = m->ids->at;

	errno = EPERM;
	fail("write %s (container %u, host %u, size %u)", m->file, first->container_id,
	     first->host_id, first->size);
	return fail_hint("root needs CAP_SYS_ADMIN, %s and, to map 0 of the host, CAP_SETFCAP",
			 m->file[0] == 'u' ? "CAP_SETUID" : "CAP_SETGID");
}

static int helper_map(const struct map *m, pid_t pid, const char *path)
{
	int in __cleanup(fd_close) = -1, out __cleanup(fd_close) = -1;
	struct helper_args args;
	const struct oci_id_map *first = m->ids->at;
	int pipes[2], status;
	char said[512];
	pid_t child;

	helper_args(&args, m, pid);
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return fail("pipe to %s", m->helper);
	in = pipes[0];
	out = pipes[1];
	child = fork();
	if (child < 0)
		return fail("fork for %s", m->helper);
	if (!child)
		helper_exec(&args, path ? path : DEFAULT_PATH, out);
	fd_close(&out);
	helper_says(in, said, sizeof(said));
	if (proc_wait(child, &status) < 0)
		return -1;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_FOUND && !*said) {
		errno = EPERM;
		fail("write %s (container %u, host %u, size %u)", m->file, first->container_id,
		     first->host_id, first->size);
		return fail_hint("%s was not found; it comes with the package uidmap or shadow",
				 m->helper);
	}
	if (!geteuid())
		return fail_alone(m);
	failx("%s for container %u, host %u, size %u%s: %s%d%s%s", m->helper, first->container_id,
	      first->host_id, first->size, m->ids->n > 1 ? " and more" : "",
	      WIFSIGNALED(status) ? "signal " : "exit ",
	      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), *said ? ": " : "",
	      said);
	return fail_hint("/etc/sub%.3s lists the ids that a user may map", m->file);
}

/* ---- the maps ------------------------------------------------------------------------------ */

static int write_map(int procfd, pid_t pid, const struct map *m, const char *path)
{
	char text[MAP_TEXT_MAX], file[64];

	if (!m->ids->n)
		return 0;
	if (map_text(m, text) < 0)
		return -1;
	snprintf(file, sizeof(file), "%d/%s", (int)pid, m->file);
	if (!procfs_write(procfd, file, text))
		return 0;
	if (err_num() == EINVAL)
		fail_hint("ranges overlap, an id is not mapped out here, or there are more than 5 "
			  "lines before Linux 4.15");
	if (err_num() == EACCES)
		fail_hint("root owns the files in /proc of a process that is not dumpable");
	if (err_num() != EPERM)
		return -1;
	err_clear("/etc/subuid and /etc/subgid may allow the helper to write the map");
	return helper_map(m, pid, path);
}

bool userns_gives_up_groups(const oci_id_maps *gids)
{
	return gids->n == 1 && gids->at[0].size == 1;
}

int userns_map(pid_t pid, const oci_id_maps *uids, const oci_id_maps *gids, bool rootless,
	       const char *path)
{
	const struct map maps[] = {
		{ "uid_map", "newuidmap", uids },
		{ "gid_map", "newgidmap", gids },
	};
	int procfd __cleanup(fd_close) = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char file[64];

	if (procfd < 0)
		return fail("open /proc");
	/* An ordinary user may map his own group only after setgroups(2) was denied. */
	if (rootless && userns_gives_up_groups(gids)) {
		snprintf(file, sizeof(file), "%d/setgroups", (int)pid);
		if (procfs_write(procfd, file, "deny") < 0)
			return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		if (write_map(procfd, pid, &maps[i], path) < 0)
			return -1;
	return 0;
}

bool userns_denies_groups(pid_t pid)
{
	char path[32], text[16];

	snprintf(path, sizeof(path), pid ? "/proc/%d/setgroups" : "/proc/self/setgroups", (int)pid);
	/* KERNEL 3.19: /proc/PID/setgroups (ENOENT); older kernels never deny setgroups(2). */
	if (file_read_line(AT_FDCWD, path, text, sizeof(text)) < 0) {
		err_clear("setgroups(2) is tried then");
		return false;
	}
	return !strcmp(text, "deny");
}

/* ---- a namespace without processes --------------------------------------------------------- */

/* The helper process: makes the namespace, writes an errno or 0, and waits until the
 * socket closes. */
static void hold_userns(int sock)
{
	int result = unshare(CLONE_NEWUSER) < 0 ? errno : 0;

	if (write(sock, &result, sizeof(result)) == (ssize_t)sizeof(result))
		while (read(sock, &result, sizeof(result)) < 0 && errno == EINTR)
			;
	_exit(0);
}

static int take_userns(pid_t child, int sock, const oci_id_maps *uids, const oci_id_maps *gids,
		       const char *path)
{
	int result = 0, fd;
	char file[64];

	if (read(sock, &result, sizeof(result)) != (ssize_t)sizeof(result))
		return failx("the process that makes a user namespace died");
	if (result) {
		errno = result;
		fail("make a user namespace");
		if (result == ENOSPC)
			fail_hint("see /proc/sys/user/max_user_namespaces");
		return -1;
	}
	if (userns_map(child, uids, gids, geteuid() != 0, path) < 0)
		return -1;
	snprintf(file, sizeof(file), "/proc/%d/ns/user", (int)child);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? fail("open %s", file) : fd;
}

int userns_fd(const oci_id_maps *uids, const oci_id_maps *gids, const char *path)
{
	int mine __cleanup(fd_close) = -1, fd, socks[2], status;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) < 0)
		return fail("socketpair for a user namespace");
	mine = socks[0];
	child = fork();
	if (!child) {
		close(mine);
		hold_userns(socks[1]);
	}
	close(socks[1]);
	if (child < 0)
		return fail("fork for a user namespace");
	fd = take_userns(child, mine, uids, gids, path);
	fd_close(&mine);
	/* The helper must not outlive this call, also after a failure: its namespace may have maps
	 * that its user could not make. */
	if (proc_wait(child, &status) < 0)
		fd_close(&fd);
	return fd;
}

/* Compares one map of the kernel with the config's mappings, in any order. */
static int check_map(const char *file, const oci_id_maps *maps)
{
	char path[32], block[8192], *text, *save = NULL;
	size_t n = 0, len;
	struct arena a;

	snprintf(path, sizeof(path), "/proc/self/%s", file);
	arena_init(&a, block, sizeof(block));
	/* 340 lines are more than one read(2) returns. */
	if (file_read(&a, AT_FDCWD, path, 16384, &text, &len) < 0)
		return -1;
	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), n++) {
		uint32_t inside = strtoul(line, &line, 10), outside = strtoul(line, &line, 10),
			 size = strtoul(line, &line, 10);
		bool found = false;

		list_each (m, *maps)
			found |= m->container_id == inside && m->host_id == outside &&
				 m->size == size;
		if (!found)
			return failx(
				"the user namespace to join has another %s than config.json says",
				file);
	}
	return n == maps->n
		       ? 0
		       : failx("the user namespace to join has another %s than config.json says",
			       file);
}

int userns_check(const oci_id_maps *uids, const oci_id_maps *gids)
{
	return check_map("uid_map", uids) < 0 ? -1 : check_map("gid_map", gids);
}
