/* file.c - small files: reading them whole, writing them by one call, replacing them by rename. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/vfs.h>

/* Reads size bytes, or less at the end. buf has a byte more, for a NUL. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t got = 0;
	ssize_t n = 0;

	while (got < size &&
	       ((n = read(fd, buf + got, size - got)) > 0 || (n < 0 && errno == EINTR)))
		got += n > 0 ? n : 0;
	buf[got] = 0;
	return n < 0 ? -1 : (ssize_t)got;
}

static int too_large(const char *path, size_t max)
{
	return failx("%s: is larger than the %zu bytes allowed", path, max);
}

/* Files of /proc and /sys have size 0. Nearly all have less than a page. */
static int read_unsized(struct arena *a, int fd, const char *path, size_t max, char **text,
			size_t *len)
{
	size_t size = 4096;
	ssize_t got;

	*text = NULL;
	*len = 0;
	for (;; size *= 2) {
		if (size > max)
			size = max;
		*text = arena_more(a, *text, *len, size + 2 - *len, 1);
		/* A byte more than allowed shows that the file is too large. */
		got = read_all(fd, *text + *len, size + (size == max) - *len);
		if (got < 0)
			return fail("read %s", path);
		*len += got;
		if (*len > max)
			return too_large(path, max);
		if (*len < size || size == max)
			return 0;
	}
}

int file_read(struct arena *a, int dirfd, const char *path, size_t max, char **text, size_t *len)
{
	/* O_NONBLOCK: open(2) of a FIFO would wait for a writer. */
	int fd __cleanup(fd_close) = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t got;

	if (fd < 0)
		return fail("open %s", path);
	if (fstat(fd, &st) < 0)
		return fail("stat %s", path);
	if (!S_ISREG(st.st_mode))
		return failx(
			"%s: is %s", path,
			S_ISDIR(st.st_mode) ? "a directory, not a file" : "not a regular file");
	if ((uint64_t)st.st_size > max)
		return too_large(path, max);
	if (!st.st_size)
		return read_unsized(a, fd, path, max, text, len);
	*text = arena_alloc(a, st.st_size + 1);
	got = read_all(fd, *text, st.st_size);
	*len = got;
	return got < 0 ? fail("read %s", path) : 0;
}

#define PIPE_MAX (1u << 20) /* bytes; memory for all of them is taken at once */

int file_read_named(struct arena *a, const char *path, size_t max, char **text, size_t *len)
{
	int fd __cleanup(fd_close) = -1;
	bool from_stdin = !strcmp(path, "-");
	struct stat st;
	ssize_t got;

	/* Files other than pipes have a known size, which file_read() checks. */
	if (!from_stdin && (stat(path, &st) < 0 || !S_ISFIFO(st.st_mode)))
		return file_read(a, AT_FDCWD, path, max, text, len);
	if (!from_stdin) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return fail("open %s", path);
	}
	max = max < PIPE_MAX ? max : PIPE_MAX;
	*text = arena_alloc(a, max + 2);
	got = read_all(from_stdin ? STDIN_FILENO : fd, *text, max + 1);
	*len = got;
	if (got < 0)
		return fail("read %s", from_stdin ? "standard input" : path);
	return *len > max ? too_large(from_stdin ? "standard input" : path, max) : 0;
}

ssize_t file_read_line(int dirfd, const char *path, char *buf, size_t size)
{
	/* O_NONBLOCK: as in file_read() */
	int fd __cleanup(fd_close) = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return fail("open %s", path);
	do {
		n = read(fd, buf, size - 1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail("read %s", path);
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = 0;
	return n;
}

/* f_type of statfs(2), by linux/magic.h of the kernel */
static const uint32_t kernels[] = {
	SYS_PROC_MAGIC, /* procfs */
	SYS_SYSFS_MAGIC, /* sysfs */
	SYS_CGROUP_MAGIC, /* cgroup */
	SYS_CGROUP2_MAGIC, /* cgroup2 */
	0x64626720, /* debugfs */
	0x74726163, /* tracefs */
	0x73636673, /* securityfs */
	0x62656570, /* configfs */
	0xcafe4a11, /* bpf */
	0x6165676c, /* pstore */
	0xde5e81e4, /* efivarfs */
	0xf97cff8c, /* selinuxfs */
	0x43415d53, /* smackfs */
	0x5a3c69f0, /* that of AppArmor, which is mounted nowhere */
	0x42494e4d, /* binfmt_misc */
	0x07655821, /* resctrl */
	0x19800202, /* mqueue */
};

int file_is_kernels(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return fail("statfs");
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++)
		if ((uint32_t)fs.f_type == kernels[i])
			return 1;
	return 0;
}

bool file_is_plain(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	/* No file of the kernel takes blocks, so one that does needs no other system call. */
	return st.st_blocks || !file_is_kernels(fd);
}

int file_write(int dirfd, const char *path, const char *value)
{
	int fd __cleanup(fd_close) = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return fail("open %s", path);
	if (fd_put(fd, value) < 0)
		return fail("write \"%s\" to %s", value, path);
	return 0;
}

int file_create(int dirfd, const char *path, const void *buf, size_t len, mode_t mode)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return fail("create %s", path);
	if (fd_write_all(fd, buf, len) < 0) {
		fail("write %s", path);
		fd_close(&fd);
		unlinkat(dirfd, path, 0);
		return -1;
	}
	/* close(2) reports data that could not be stored later (quota, network filesystems). */
	if (close(fd) < 0) {
		fail("write %s", path);
		unlinkat(dirfd, path, 0);
		return -1;
	}
	return 0;
}

/* Writes ".NAME.RANDOM.TRY" in the directory of path, which no other process uses. It cuts a long
 * NAME. */
static int temp_name(char *temp, size_t size, const char *path, unsigned try)
{
	const char *slash = strrchr(path, '/');
	int dirlen = slash ? (int)(slash + 1 - path) : 0;

	if (snprintf(temp, size, "%.*s.%.200s.%x.%u", dirlen, path, path + dirlen,
		     (unsigned)sys_secret(), try) >= (int)size)
		return failx("%s: path is too long", path);
	return 0;
}

/* Our forks have the same RANDOM: each of them may need another TRY. */
#define TEMP_TRIES 100

int file_replace(int dirfd, const char *path, const void *buf, size_t len, mode_t mode)
{
	char temp[4096];

	for (unsigned try = 0;; try++) {
		if (temp_name(temp, sizeof(temp), path, try) < 0)
			return -1;
		if (!file_create(dirfd, temp, buf, len, mode))
			break;
		if (err_num() != EEXIST || try == TEMP_TRIES)
			return -1;
	}
	if (!renameat(dirfd, temp, dirfd, path))
		return 0;
	fail("rename %s to %s", temp, path);
	unlinkat(dirfd, temp, 0);
	return -1;
}

/* ---- a file that is edited ------------------------------------------------------------------- */

int file_edit_open(struct file_edit *e, const char *path)
{
	struct stat now;

	e->path = path;
	for (;;) {
		e->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (e->fd < 0)
			return fail("open %s", path);
		/* NFS and some others refuse it (O_RDONLY): the edit is then not locked. */
		while (flock(e->fd, LOCK_EX) < 0 && errno == EINTR)
			;
		if (fstat(e->fd, &e->st) < 0)
			return fail("stat %s", path);
		/* Another process had the lock and has replaced the file: open the new one. */
		if (!stat(path, &now) && file_is_same(&now, &e->st))
			return 0;
		fd_close(&e->fd);
	}
}

/* For a file that cannot be replaced (a mount point, a directory without write permission). Readers
 * may see half of the text, and after a power cut half of it may stay. */
static int write_in_place(const struct file_edit *e, const void *buf, size_t len, int why)
{
	int fd __cleanup(fd_close) = open(e->path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return fail("write %s", e->path);
	log_warn("%s cannot be replaced (%s): it is written in place", e->path, err_reason(why));
	if (fd_write_all(fd, buf, len) < 0 || ftruncate(fd, (off_t)len) < 0 || fsync(fd) < 0)
		return fail("write %s", e->path);
	return 0;
}

/* Writes the new file to the disk, with the owner and mode of the old one. */
static int write_beside(const struct file_edit *e, const char *temp, const void *buf, size_t len)
{
	int fd __cleanup(fd_close) =
		open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -1;
	/* The mode comes last, because fchown(2) clears set-id bits. */
	if ((e->st.st_uid != geteuid() || e->st.st_gid != getegid()) &&
	    fchown(fd, e->st.st_uid, e->st.st_gid) < 0)
		return -1;
	if (fchmod(fd, e->st.st_mode & 07777) < 0)
		return -1;
	return fd_write_all(fd, buf, len) < 0 || fsync(fd) < 0 ? -1 : 0;
}

/* A rename is on the disk after fsync(2) of the directory. */
static int sync_directory(const char *path)
{
	char dir[4096];
	const char *slash = strrchr(path, '/');
	int fd __cleanup(fd_close) = -1;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash + 1 - path) : 1, slash ? path : ".");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* EINVAL: the filesystem cannot sync directories. */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		return fail("sync %s", dir);
	return 0;
}

int file_edit_save(const struct file_edit *e, const void *buf, size_t len)
{
	char temp[4096];
	int why;

	for (unsigned try = 0;; try++) {
		if (temp_name(temp, sizeof(temp), e->path, try) < 0)
			return -1;
		if (!write_beside(e, temp, buf, len) && !rename(temp, e->path))
			return sync_directory(e->path);
		if (errno != EEXIST || try == TEMP_TRIES)
			break;
	}
	why = errno;
	unlink(temp);
	if (why == EBUSY || why == EROFS || why == EACCES || why == EPERM)
		return write_in_place(e, buf, len, why);
	errno = why;
	return fail("write %s", e->path);
}
