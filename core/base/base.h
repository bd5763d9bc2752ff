/* base.h - C and Linux for the rest: errors, log, descriptors, safe paths, processes. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_BASE_BASE_H
#define CORE_BASE_BASE_H

#include "core/base/sys.h"
#include "core/base/with.h"
#include "json/json.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct iovec;

/* Where programs are searched when nothing else says it. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ---- err.c: the process's one error record ------------------------------------------------- */

/*
 * A failure becomes text where the system call failed and travels as -1. Functions return
 * 0/-1, a descriptor/-1, or 1/0/-1. The text reads "WHAT: strerror": what was tried on which
 * object. A caller that knows more prepends it on the way out with fail_in().
 */
int fail(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), cold)); /* + ": strerror(errno)" */
int failx(const char *fmt, ...) __attribute__((format(printf, 1, 2), cold)); /* no errno */
int fail_in(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), cold)); /* "fmt: " + record */
/* One sentence of advice, shown after the error in brackets; the first one given stays. */
int fail_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2), cold));
/* Replaces the record by one that came from elsewhere (the wire). */
int fail_take(int num, const char *text);

const char *err_text(void); /* the record, "" when none */
int err_num(void); /* its errno, 0 when none */
/* True if the record says nothing about what there is: memory or descriptors were short. */
bool err_is_shortage(void);
const char *err_reason(
	int num); /* strerror(3) in the words of Go and glibc; good until the next call */
/* A failure that is kept while a roll-back fills the record with failures of its own. */
struct err_kept {
	const char *text;
	int num;
};
struct err_kept err_keep(struct arena *a);
int err_again(struct err_kept kept); /* -1: the record is what it was */
/* The only way to ignore a failure: why says what makes that right. Restores nothing else. */
void err_clear(const char *why);

/* ---- text.c: text made harmless, numbers as text --------------------------------------------- */

#define TEXT_DECIMAL 11 /* bytes, with the NUL */
/* n in decimal digits and a NUL, whose place it returns: snprintf(3) is slow in long lists. */
char *text_decimal(char *to, unsigned n);

/* In place: ? for what a terminal acts on and what is not UTF-8; names come from images and
 * hostile processes. */
const char *text_harmless(char *text);

/* ---- log.c: what people and engines read ----------------------------------------------------- */

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Where lines go; set by the applet, and by the child to its wire. NULL drops them. */
struct log_sink {
	void (*line)(enum log_level level, const char *text);
	enum log_level level; /* nothing above it is even formatted */
	bool shared; /* standard error: the payload has it too, unless it is a terminal */
};
extern struct log_sink log_sink;

/* Where a line comes from, which --debug shows as func and file (checklist G-05). */
#define LOG_HERE __func__, __FILE__, __LINE__

void log_put(enum log_level level, const char *func, const char *file, int line, const char *fmt,
	     ...) __attribute__((format(printf, 5, 6), cold));
#define log_error(...) log_put(LOG_ERROR, LOG_HERE, __VA_ARGS__)
#define log_warn(...) log_put(LOG_WARNING, LOG_HERE, __VA_ARGS__)
/* A warning that stands on no payload's own log. */
#define log_remark(...) log_put(log_is_shared() ? LOG_DEBUG : LOG_WARNING, LOG_HERE, __VA_ARGS__)
bool log_is_shared(void);
#define log_info(...) log_put(LOG_INFO, LOG_HERE, __VA_ARGS__)
#define log_debug(...) log_put(LOG_DEBUG, LOG_HERE, __VA_ARGS__)

/* One line as runc writes it (checklist O-14), with its newline. json: keys level, msg, time.
 * With the sink at debug also func and file. */
size_t log_format(char *buf, size_t size, bool json, enum log_level level, const char *text);
/* The same for eyes, as logrus shows it on a terminal; seconds since we began. */
size_t log_terminal(char *buf, size_t size, long seconds, enum log_level level, const char *text);
/* RFC 3339 of a realtime clock value in UTC; nano: with nine digits less trailing zeros. */
void log_time(char *buf, size_t size, const struct timespec *t, bool nano);

/* ---- clock.c --------------------------------------------------------------------------------- */

int64_t clock_ms(void); /* CLOCK_MONOTONIC */
/* Date and time of day of seconds after 1970, 0 to the year 9999. gmtime(3) weighs 5 KB with the
 * time zones it brings along. */
void clock_utc(int64_t seconds, struct tm *tm);
/* Milliseconds of "500ms", "1.5s", "1m30s", "-5s", as Go writes durations; units below ms are not
 * known. False when it is not a duration. */
bool clock_duration(const char *text, int64_t *out);
#define CLOCK_TEXT 24
/* Writes "500ms", "2s" or "10m", which clock_duration reads. ms is not negative. Returns out. */
const char *clock_text(int64_t ms, char out[CLOCK_TEXT]);

/* ---- fd.c: descriptors ----------------------------------------------------------------------- */

/* int fd __cleanup(fd_close) = -1; closes at the end of the scope. */
#define __cleanup(f) __attribute__((cleanup(f)))
void fd_close(int *fd);
int fd_take(int *fd); /* the value, and *fd = -1: the "_keep()" of a descriptor */

int fd_reserve_stdio(void); /* opens /dev/null on whichever of 0..2 is closed */
void fd_sort(int *fds, size_t n); /* ascending */
/* Closes many at once: a call for each run of neighbours. Sorts fds; -1 is left out. */
void fd_close_all(int *fds, size_t n);
/* Descriptors that are done with, closed together later. A zeroed one is empty. */
struct fd_pool {
	int fds[32];
	size_t n;
};
void fd_pool_put(struct fd_pool *pool, int *fd); /* takes *fd over; -1 is nothing */
void fd_pool_close(struct fd_pool *pool); /* also as __cleanup */
int fd_set_cloexec(int fd, bool on);
int fd_write_all(int fd, const void *buf,
		 size_t len); /* EINTR and short writes handled; -1 + errno only */
int fd_copy(int to, int from); /* the rest of a regular file; -1 + errno only */

/* ---- names.c: names in order ----------------------------------------------------------------- */

void names_sort(void *at, size_t n); /* n pointers to texts */
/* Sets *names to the n entries of dir that wanted() takes, sorted. dir is path, and stays open.
 * -1: reading failed, with the names until then. */
int names_read(struct arena *a, DIR *dir, const char *path, bool (*wanted)(const struct dirent *),
	       const char ***names, size_t *n);

/* ---- remove.c: files, and directories with all that is in them ------------------------------- */

/* True for a name in the directory with this inode that stays, with the directories above it. */
typedef bool remove_kept(const void *arg, ino_t dir, const char *name);
/* Removes name in dir, whose inode is ino (0 is enough without kept). Succeeds if nothing has that
 * name. Symlinks are not followed. */
int remove_all(int dir, ino_t ino, const char *name, remove_kept *kept, const void *arg);
int remove_content(int dir, remove_kept *kept, const void *arg); /* all that dir has */

/* ---- closefrom.c ----------------------------------------------------------------------------- */

/* Closes every descriptor >= first except the n of keep, which this sorts; -1 in
 * keep means nothing. */
int fd_close_from(int first, int *keep, size_t n);

/* ---- sock.c: sockets of the unix domain ------------------------------------------------------ */

/* Connects to a path, which may be longer than an address holds, or to "@name" (an abstract one).
 * type: SOCK_STREAM and so on. */
int sock_connect(const char *path, int type);
/* One message of n parts; fd is a descriptor that goes with it, -1: none. 0, or -1
 * with errno only. */
int sock_send(int sock, struct iovec *iov, int n, int fd);
/* Bytes, 0 at the end; -1 with errno only; -2: a descriptor came and was lost. *fd
 * changes when one came. */
ssize_t sock_recv(int sock, struct iovec *iov, int n, int *fd);
/* A message of another program's protocol: body, and a descriptor. */
int sock_send_fd(int sock, const char *body, int fd);
int sock_recv_fd(int sock); /* the descriptor, or -1 */

/* ---- file.c: small files --------------------------------------------------------------------- */

/* Reads a regular file of at most max bytes; a NUL is put after it. dirfd may be AT_FDCWD. */
int file_read(struct arena *a, int dirfd, const char *path, size_t max, char **text, size_t *len);
/* The same of a file that the caller has named: it may be a pipe, such as a shell's <(...). "-" is
 * standard input. */
int file_read_named(struct arena *a, const char *path, size_t max, char **text, size_t *len);
/* Reads what one read(2) gives of a /proc or /sys or cgroup file into buf, with a NUL after it,
 * trailing newline cut. Returns the length or -1 (errno is set, the record too). */
ssize_t file_read_line(int dirfd, const char *path, char *buf, size_t size);
/* One write(2) to an existing file (cgroup, sysctl). The record names path and value. */
int file_write(int dirfd, const char *path, const char *value);
/* A new file; one that is there already is an error (errno EEXIST). Nothing is left on failure. */
int file_create(int dirfd, const char *path, const void *buf, size_t len, mode_t mode);
/* Both are of one inode. */
static inline bool file_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}
/* Creates path anew under a temporary name of its own beside it and renames it into place. It
 * does not wait for the disk: what we keep ourselves (state, pid files, caches) means nothing
 * after a power cut. */
int file_replace(int dirfd, const char *path, const void *buf, size_t len, mode_t mode);

/* A file that others edit too, which is read, changed and put back: locked from the first to the
 * last, since two editors that read the same text would lose one change. */
struct file_edit {
	int fd; /* read from it; closing it ends the lock */
	struct stat st;
	const char *path; /* not a symbolic link */
};
int file_edit_open(struct file_edit *e, const char *path);
/* Replaces the file: owner and mode stay, and it is on the disk before the old one is gone. Where
 * it cannot be replaced (a mount of its own) it is written in place, with a warning. */
int file_edit_save(const struct file_edit *e, const void *buf, size_t len);

/* ---- scan.c: the kernel's text files --------------------------------------------------------- */

/* Pure. True when word (scan_u64: word, spaces, a decimal number) stands at *at, which then is
 * after it; else nothing has moved. */
bool scan_word(const char **at, const char *word);
bool scan_u64(const char **at, const char *word, uint64_t *out);
/* The next range of a list of CPUs or memory nodes such as "0-3, 7". 1, 0 at the end of the list,
 * -1 where the text is not such a list; then *last is below *first only if the range ends before
 * it begins. Pure. */
int scan_range(const char **at, uint64_t *first, uint64_t *last);
/* A number of at most 8 bytes with the lowest one first, as disks have it. Pure. */
uint64_t scan_little(const unsigned char *at, unsigned bytes);

/* To the end of the block modes are what the calls say, whatever the umask of the caller. */
static inline void umask_restore(mode_t *before)
{
	umask(*before);
}
#define EXACT_MODES mode_t umask_before __attribute__((unused)) __cleanup(umask_restore) = umask(0)

/* ---- path.c: paths below a root that a hostile user may own ---------------------------------- */

/* openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | extra): an absolute or relative path below
 * rootfd; ".." and symlinks never leave it. Always close-on-exec. -1 + errno, and the record. */
int path_open(int rootfd, const char *path, int flags, mode_t mode, uint64_t resolve_extra);
/* Makes every missing directory of path (mode for new ones) and opens it O_PATH. */
int path_mkdirs(int rootfd, const char *path, mode_t mode);
/* The same for a path that is known to be missing. resolve_extra: RESOLVE_NO_SYMLINKS or 0. */
int path_mkdirs_new(int rootfd, const char *path, mode_t mode, uint64_t resolve_extra);
/* Opens (creating directories 0755) the parent of path; *last points at the last component. */
int path_parent(int rootfd, const char *path, const char **last);
/* Makes an empty file with its directories (0755), where a dangling link points when path is one,
 * and opens it O_RDONLY. One that is there is an error. */
int path_create(int rootfd, const char *path, mode_t mode);
/* "/a//./b/../c" -> "/a/c" by text alone; relative stays relative, never climbs above its start. */
char *path_clean(struct arena *a, const char *path);
/* /proc/self/fd/N of an O_PATH fd, for calls that take only a path. */
#define FD_PATH_MAX 32
const char *path_of_fd(char buf[FD_PATH_MAX], int fd);

/* ---- procfs.c: a /proc that cannot have been mounted over ------------------------------------ */

/* Our own instance by fsopen(2), else a checked open of /proc. Returns a directory fd. Where the
 * instance cannot be had (mounts hidden in an outer container), -1. */
int procfs_open(void);
/* Opens NAME below procfd with RESOLVE_BENEATH|NO_XDEV|NO_SYMLINKS, checked to be procfs. */
int procfs_openat(int procfd, const char *path, int flags);
int procfs_write(int procfd, const char *path, const char *value);

/* ---- mountinfo.c: the mounts of our mount namespace ------------------------------------------ */

/* One line of /proc/PID/mountinfo (proc(5)), its words decoded. */
struct mountinfo {
	unsigned long id, parent;
	char *root, *point, *type, *options; /* options: the superblock's */
};
char *mountinfo_read(struct arena *a, int proc); /* all lines; proc: a directory. NULL: error */
/* The next line of *text, which is changed. False: there is none. Pure. */
bool mountinfo_next(char **text, struct mountinfo *m);

/* ---- proc.c: processes ----------------------------------------------------------------------- */

/* Some fields of /proc/PID/stat (proc(5)). */
struct proc_stat {
	bool dead; /* of 3 and 20: a zombie, or no longer even that; every thread has ended */
	bool headless; /* the first thread has ended, and others have not */
	bool exiting; /* of 9: on its way to be dead, or dead */
	char state; /* 3 */
	bool no_exec; /* of 9: has not executed a program since it was forked */
	uint64_t start; /* 22, in clock ticks since boot */
	int raw; /* 52: status of wait(2) of a process that ends; 0: we may not see it */
	uint32_t ignored; /* 33: bit n-1 is signal n; real-time ones are not told */
};
/* 1 found, 0 none to be seen (hidepid of proc(5) hides those of others), -1. */
int proc_stat(pid_t pid, struct proc_stat *out);
/* The same below /proc, which is open: for many processes. */
int proc_stat_at(int proc, pid_t pid, struct proc_stat *out);
/* The text of /proc/PID/stat, and where its third field begins: the name before that may hold
 * any byte. 1, or as above. */
#define PROC_STAT_MAX 1024
int proc_stat_text(pid_t pid, char text[PROC_STAT_MAX], char **third);
/* Executes argv[0] from the first directory of path that lets it. Returns only if none does: errno
 * is ENOENT where none has it, or else file is the first that could not be executed. */
void proc_exec(const char *path, char *const *argv, char *const *env, char file[PATH_MAX]);
/* 1 when the process has ended, all its threads with it, whatever /proc shows; 0, or -1. */
int proc_ended(int pidfd);
/* A SIGKILL waits for it, or it is on its way out: there is nothing that it will do any more. */
bool proc_ending(pid_t pid);
/* A thread of the process that is not its first, by number; pid itself where it has no other. */
pid_t proc_thread(pid_t pid);
/* Ends this process whatever a seccomp profile denies: the last resort is a trap. */
void proc_end(int status) __attribute__((noreturn));
/* Moves the words of argv elsewhere, so that a child may wipe those that /proc/PID/cmdline shows to
 * everybody. The environment goes as well then: getenv(3) finds nothing in it any more. */
void proc_take_args(struct arena *a, int argc, char **argv, char **envp);
void proc_hide_args(void);
int proc_open(pid_t pid); /* its directory in /proc, O_PATH */
/* waitpid without EINTR. Returns the raw status or -1. */
int proc_wait(pid_t pid, int *status);
/* The exit code a shell would show: its own, or 128 + signal. */
int proc_exit_code(int status);
const struct json_word *proc_signals(void); /* "TERM" and so on, without SIG */
int proc_signal(const char *text); /* "9", "KILL", "SIGKILL", any case; -1 unknown */
/* sigfillset(3) leaves out what musl needs for threads, 32 to 34: SIGRTMIN to the
 * rest of the world. */
void proc_all_signals(sigset_t *set);

#endif
