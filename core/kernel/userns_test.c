/* userns_test.c - id maps: writing, refusing, comparing, and writing by a helper. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/claim_test.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/vfs.h>

static struct oci_id_map rows[400];
static char dir[] = "/tmp/userns_test.XXXXXX";

/* Makes a process in a new user namespace without maps, which waits to be killed. */
static pid_t target(void)
{
	int fds[2];
	pid_t pid;
	char c;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (!pid) {
		c = unshare(CLONE_NEWUSER) < 0;
		/* If the claim ends early, the process must not stay and keep our output open.
		 * (unshare may clear it.) */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)!write(fds[1], &c, 1);
		if (!c)
			pause();
		_exit(0);
	}
	return read(fds[0], &c, 1) == 1 && !c ? pid : -1;
}

static int map_reads(pid_t pid, const char *file, const char *want)
{
	char path[64], *text, *out, *save;
	static char block[65536];
	struct arena a;
	char got[8192] = "";
	size_t len;

	arena_init(&a, block, sizeof(block));
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	if (file_read(&a, AT_FDCWD, path, 65536, &text, &len) < 0)
		return 0;
	/* The kernel aligns in columns. */
	for (char *w = strtok_r(text, " \n", &save); w; w = strtok_r(NULL, " \n", &save)) {
		out = got + strlen(got);
		snprintf(out, sizeof(got) - (out - got), "%s ", w);
	}
	if (strcmp(got, want))
		fprintf(stderr, "# got %s\n", got);
	return !strcmp(got, want);
}

static int simple(void)
{
	struct oci_id_map u[] = { { 0, 1000, 1 }, { 1, 100000, 65535 } }, g[] = { { 0, 2000, 10 } };
	oci_id_maps uids = { u, 2 }, gids = { g, 1 };
	pid_t pid = target();

	if (pid < 0)
		return CLAIM_SKIP;
	WANT(!userns_map(pid, &uids, &gids, false, NULL));
	WANT(map_reads(pid, "uid_map", "0 1000 1 1 100000 65535 "));
	WANT(map_reads(pid, "gid_map", "0 2000 10 "));
	WANT(map_reads(pid, "setgroups", "allow "));
	WANT(userns_map(pid, &uids, &gids, false, "/nowhere") < 0);
	kill(pid, SIGKILL);
	return 0;
}

static int most_lines(void)
{
	oci_id_maps maps = { rows, 340 };
	pid_t pid = target();

	if (pid < 0)
		return CLAIM_SKIP;
	for (unsigned i = 0; i < 400; i++)
		rows[i] = (struct oci_id_map){ i, i, 1 };
	WANT(!userns_map(pid, &maps, &maps, false, NULL));
	kill(pid, SIGKILL);
	pid = target();
	maps.n = 341;
	WANT(userns_map(pid, &maps, &maps, false, NULL) < 0 &&
	     strstr(err_text(), "the kernel takes 340"));
	for (unsigned i = 0; i < 400; i++)
		rows[i] = (struct oci_id_map){ i * 1000, 1000000 + i * 1000, 1000 };
	maps.n = 300;
	WANT(userns_map(pid, &maps, &maps, false, NULL) < 0 && strstr(err_text(), "more text"));
	kill(pid, SIGKILL);
	return 0;
}

static int bad_map(void)
{
	struct oci_id_map u[] = { { 0, 1000, 10 }, { 5, 100000, 10 } };
	oci_id_maps uids = { u, 2 };
	pid_t pid = target();

	if (pid < 0)
		return CLAIM_SKIP;
	WANT(userns_map(pid, &uids, &uids, false, NULL) < 0);
	WANT(err_num() == EINVAL && strstr(err_text(), "ranges overlap"));
	kill(pid, SIGKILL);
	return 0;
}

/* After a change of ids a process is not dumpable, and root owns its files in /proc. */
static int become_user(void)
{
	return setgid(1234) < 0 || setuid(1234) < 0 ? -1 : prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int rootless_single(void)
{
	struct oci_id_map u[] = { { 0, 1234, 1 } };
	oci_id_maps ids = { u, 1 };
	pid_t pid;

	if (become_user() < 0)
		return CLAIM_SKIP;
	pid = target();
	if (pid < 0)
		return CLAIM_SKIP;
	WANT(!userns_map(pid, &ids, &ids, true, "/nowhere"));
	WANT(map_reads(pid, "setgroups", "deny ") && map_reads(pid, "gid_map", "0 1234 1 "));
	kill(pid, SIGKILL);
	return 0;
}

/* ---- helpers: scripts in place of newuidmap ------------------------------------------------ */

static void script(const char *name, const char *body)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", body);
	if (file_replace(AT_FDCWD, path, text, strlen(text), 0755) < 0 || chmod(path, 0755) < 0)
		printf("# %s\n", err_text());
}

static int with_helper(const char *body, const char *path, const char *want)
{
	struct oci_id_map u[] = { { 0, 1234, 1 }, { 1, 100000, 65536 }, { 70000, 7, 3 } };
	oci_id_maps ids = { u, 3 };
	pid_t pid;

	script("newuidmap", body);
	if (become_user() < 0)
		return CLAIM_SKIP;
	pid = target();
	if (pid < 0)
		return CLAIM_SKIP;
	WANT(userns_map(pid, &ids, &ids, true, path) < 0);
	WANT(strstr(err_text(), want));
	kill(pid, SIGKILL);
	return 0;
}

static int helper_gets_all(void)
{
	return with_helper("[ $# = 10 ] || exit 2; shift; echo \"got $* $(/usr/bin/env | grep -v "
			   "-e ^PWD= -e ^SHLVL= -e ^_= )\" >&2; exit 3",
			   dir,
			   "newuidmap for container 0, host 1234, size 1 and more: exit 3: got 0 "
			   "1234 1 1 100000 65536 70000 7 3");
}

static int helper_dies(void)
{
	return with_helper("kill -9 $$", dir, "signal 9");
}

static int helper_is_missing(void)
{
	return with_helper("exit 0", "/nowhere:relative:", "newuidmap was not found");
}

/* After newuidmap has succeeded, newgidmap is searched, which does not exist. */
static int helper_succeeds(void)
{
	return with_helper("exit 0", dir, "newgidmap was not found");
}

/* The real newuidmap refuses, because /etc/subuid has no line for the user. */
static int real_helper_refuses(void)
{
	struct oci_id_map u[] = { { 0, 1234, 1 }, { 1, 3000000000u, 65536 } };
	oci_id_maps ids = { u, 2 };
	pid_t pid;

	if (access("/usr/bin/newuidmap", X_OK) < 0 || become_user() < 0)
		return CLAIM_SKIP;
	pid = target();
	if (pid < 0)
		return CLAIM_SKIP;
	WANT(userns_map(pid, &ids, &ids, true, NULL) < 0);
	WANT(strstr(err_text(),
		    "newuidmap for container 0, host 1234, size 1 and more: exit 1: newuidmap:"));
	kill(pid, SIGKILL);
	return 0;
}

static int as_descriptor(void)
{
	struct oci_id_map u[] = { { 0, 5000, 100 } };
	oci_id_maps ids = { u, 1 };
	int fd = userns_fd(&ids, &ids, NULL);
	struct statfs fs;

	if (fd < 0)
		return CLAIM_SKIP;
	WANT(!fstatfs(fd, &fs) && fs.f_type == SYS_NSFS_MAGIC);
	WANT(ioctl(fd, SYS_NS_GET_NSTYPE) == CLONE_NEWUSER);
	WANT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	WANT(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	WANT(!setns(fd, CLONE_NEWUSER));
	WANT(map_reads(getpid(), "uid_map", "0 5000 100 "));
	return 0;
}

static int check_most_lines(void)
{
	oci_id_maps maps = { rows, 340 };
	int fd;

	for (unsigned i = 0; i < 340; i++)
		rows[i] = (struct oci_id_map){ i, i, 1 };
	fd = userns_fd(&maps, &maps, NULL);
	if (fd < 0)
		return CLAIM_SKIP;
	WANT(!setns(fd, CLONE_NEWUSER));
	WANT(!userns_check(&maps, &maps));
	maps.n = 339;
	WANT(userns_check(&maps, &maps) < 0 && strstr(err_text(), "another uid_map"));
	return 0;
}

int main(void)
{
	static const struct claim claims[] = {
		{ "two ranges are read as they were written", simple, true },
		{ "340 lines are written; 341, and too much text, are refused", most_lines, true },
		{ "userns_check compares 340 lines", check_most_lines, true },
		{ "the error for overlapping ranges has a hint", bad_map, true },
		{ "a rootless map of the own group denies setgroups", rootless_single, true },
		{ "a helper gets all ranges, and the error has its output", helper_gets_all, true },
		{ "a helper that is killed has failed", helper_dies, true },
		{ "the error names a missing helper", helper_is_missing, true },
		{ "newgidmap is run after newuidmap", helper_succeeds, true },
		{ "the error has the output of the real newuidmap", real_helper_refuses, true },
		{ "userns_fd gives a namespace, and leaves no process", as_descriptor, true },
	};

	char path[64];

	if (!mkdtemp(dir) || chmod(dir, 0755) < 0)
		return 1;
	claims_try(claims, ARRAY_SIZE(claims));
	snprintf(path, sizeof(path), "%s/newuidmap", dir);
	unlink(path);
	rmdir(dir);
	return done();
}
