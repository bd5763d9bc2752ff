/* base.h - C and Linux for all other folders: errors, log, descriptors, safe paths, processes. */
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

/* Where programs are searched if PATH is not set. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* For static buffers of 4 KB and more. The linker sorts by alignment, so they precede all small
 * variables, which then share few pages: each page costs a fault at every start and every fork. */
#define LARGE __attribute__((aligned(64)))

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
/* One sentence of advice, shown in brackets after the error. Only the first one is kept. */
int fail_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2), cold));
#if !WITH_HELP
static inline int fail_no_hint(void)
{
	return -1;
}
#define fail_hint(...) (WITH_HELP ? fail_hint(__VA_ARGS__) : fail_no_hint())
#endif
/* Replaces the record by one that another process has sent. */
int fail_take(int num, const char *text);

const char *err_text(void); /* the record; "": no failure */
int err_num(void); /* its errno; 0: it has none */
/* True if memory or descriptors were short: the record then says nothing about the object. */
bool err_is_shortage(void);
/* strerror(3) in the words of Go and glibc; valid until the next call. */
const char *err_reason(int num);
/* Keeps the record while a roll-back, which may fail too, changes it. */
struct err_kept {
	const char *text;
	int num;
};
struct err_kept err_keep(struct arena *a);
int err_again(struct err_kept kept); /* puts the kept record back and returns -1 */
/* Clears the record. It is the only way to ignore a failure; why is the reason, for the reader. */
void err_clear(const char *why);
#if !WITH_DEBUG
#define err_clear(why) err_clear(NULL)
#endif

/* ---- text.c: text that is safe to show, numbers as text -------------------------------------- */

#define TEXT_DECIMAL 11 /* bytes, with the NUL */
/* Writes n in decimal and a NUL, and returns the address of the NUL. snprintf(3) is slower. */
char *text_decimal(char *to, unsigned n);

/* Replaces each character that a terminal acts on, and each that is not UTF-8, by ?, since names
 * may come from hostile images and processes. Returns text. */
const char *text_harmless(char *text);

/* ---- log.c: what people and engines read ----------------------------------------------------- */

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Where lines go. The applet sets it, and a child of a start sets it to its socket. line NULL:
 * lines are dropped. */
struct log_sink {
	void (*line)(enum log_level level, const char *text);
	enum log_level level; /* lines above it are dropped */
	bool shared; /* lines go to standard error, which the payload may have too */
};
extern struct log_sink log_sink;

/* The place in the code, which --debug shows as func and file. */
#if WITH_DEBUG
#define LOG_HERE __func__, __FILE__, __LINE__
#else
#define LOG_HERE NULL, NULL, 0
#endif

void log_put(enum log_level level, const char *func, const char *file, int line, const char *fmt,
	     ...) __attribute__((format(printf, 5, 6), cold));
#define log_error(...) log_put(LOG_ERROR, LOG_HERE, __VA_ARGS__)
#define log_warn(...) log_put(LOG_WARNING, LOG_HERE, __VA_ARGS__)
/* A warning, but a debug line if the payload may write to the same log. */
#define log_remark(...) log_put(log_is_shared() ? LOG_DEBUG : LOG_WARNING, LOG_HERE, __VA_ARGS__)
bool log_is_shared(void);
#define log_info(...) log_put(LOG_INFO, LOG_HERE, __VA_ARGS__)
#define log_debug(...) (WITH_DEBUG ? log_put(LOG_DEBUG, LOG_HERE, __VA_ARGS__) : (void)0)

/* Formats a line as runc does, with its newline. json: an object with level, msg, time, and
 * with --debug also func and file. */
size_t log_format(char *buf, size_t size, bool json, enum log_level level, const char *text);
/* The same in the form that runc (by logrus) writes on terminals. seconds: since the start. */
size_t log_terminal(char *buf, size_t size, long seconds, enum log_level level, const char *text);
/* Writes a time of the realtime clock as RFC 3339 in UTC; nano: with up to nine decimals. */
void log_time(char *buf, size_t size, const struct timespec *t, bool nano);

/* ---- clock.c --------------------------------------------------------------------------------- */

int64_t clock_ms(void); /* CLOCK_MONOTONIC */
/* gmtime(3) for the years 1970 to 9999. That of the C library adds 5 KB for time zones. */
void clock_utc(int64_t seconds, struct tm *tm);
/* Reads a duration in Go's form, "500ms", "1.5s", "1m30s" or "-5s", into milliseconds. False: it is
 * not a duration, or has a unit below ms. */
bool clock_duration(const char *text, int64_t *out);
#define CLOCK_TEXT 24
/* Writes "500ms", "2s" or "10m", which clock_duration reads. ms is not negative. Returns out. */
const char *clock_text(int64_t ms, char out[CLOCK_TEXT]);

/* ---- fd.c: descriptors ----------------------------------------------------------------------- */

/* `int fd __cleanup(fd_close) = -1;` closes fd at the end of its scope. */
#define __cleanup(f) __attribute__((cleanup(f)))
void fd_close(int *fd);
int fd_take(int *fd); /* returns the value and sets *fd to -1, so that __cleanup leaves it open */

int fd_reserve_stdio(void); /* opens /dev/null in place of each closed one of 0 to 2 */
void fd_sort(int *fds, size_t n); /* ascending */
/* Closes n descriptors by one call for each run of neighbours. It sorts fds and skips -1. */
void fd_close_all(int *fds, size_t n);
/* Collects descriptors, to close them together later. A zeroed one is empty. */
struct fd_pool {
	int fds[32];
	size_t n;
};
void fd_pool_put(struct fd_pool *pool, int *fd); /* takes *fd, which becomes -1 */
void fd_pool_close(struct fd_pool *pool); /* also as __cleanup */
int fd_set_cloexec(int fd, bool on);
int fd_write_all(int fd, const void *buf,
		 size_t len); /* EINTR and short writes handled; -1 + errno only */
/* Writes value to a file of the kernel, "" too. Where the kernel takes a part, as of a long sysctl,
 * the rest follows; most files refuse that. EINVAL: it took nothing. -1 with errno only. */
int fd_put(int fd, const char *value);
int fd_copy(int to, int from); /* the rest of a regular file; -1 with errno only */

/* ---- names.c: names in order ----------------------------------------------------------------- */

void names_sort(void *at, size_t n); /* n pointers to texts */
/* Sets *names to the n entries of dir that wanted() takes, sorted. dir is path, and stays open.
 * -1: reading failed, with the names until then. */
int names_read(struct arena *a, DIR *dir, const char *path, bool (*wanted)(const struct dirent *),
	       const char ***names, size_t *n);

/* ---- remove.c: files, and directories with their content ------------------------------------- */

/* True: name in the directory with the inode dir is not removed, nor are the directories above. */
typedef bool remove_kept(const void *arg, ino_t dir, const char *name);
/* Removes name in dir; ino is the inode of dir, which is needed only with kept. A missing name is
 * not an error. Symlinks are not followed. */
int remove_all(int dir, ino_t ino, const char *name, remove_kept *kept, const void *arg);
int remove_content(int dir, remove_kept *kept, const void *arg); /* everything in dir, not dir */

/* ---- closefrom.c ----------------------------------------------------------------------------- */

/* Closes every descriptor from first on, except the n of keep. It sorts keep and skips -1 in it. */
int fd_close_from(int first, int *keep, size_t n);

/* ---- sock.c: sockets of the unix domain ------------------------------------------------------ */

/* Connects to a path, which may be longer than an address holds, or to "@name" (an abstract one).
 * type: SOCK_STREAM and so on. */
int sock_connect(const char *path, int type);
/* Sends one message of n parts, and the descriptor fd unless it is -1. 0, or -1
 * with errno only. */
int sock_send(int sock, struct iovec *iov, int n, int fd);
/* Receives one message: bytes, 0 at the end, -1 with errno only, or -2: a descriptor was lost. *fd
 * changes if one was received. */
ssize_t sock_recv(int sock, struct iovec *iov, int n, int *fd);
/* A message of another program's protocol: body, and a descriptor. */
int sock_send_fd(int sock, const char *body, int fd);
int sock_recv_fd(int sock); /* receives such a message: its descriptor, or -1 */

/* ---- file.c: small files --------------------------------------------------------------------- */

/* Reads a regular file of at most max bytes, also of /proc; a NUL is put after it. dirfd may be
 * AT_FDCWD. */
int file_read(struct arena *a, int dirfd, const char *path, size_t max, char **text, size_t *len);
/* The same for a file that the user has named, which may be a pipe such as a shell's <(...). "-" is
 * standard input. */
int file_read_named(struct arena *a, const char *path, size_t max, char **text, size_t *len);
/* Reads a file of /proc, /sys or a cgroup by one read(2) into buf, cuts the newline at the end and
 * adds a NUL. Returns the length, or -1 with errno and the record. */
ssize_t file_read_line(int dirfd, const char *path, char *buf, size_t size);
/* One write(2) to an existing file (cgroup, sysctl). The record names path and value. */
int file_write(int dirfd, const char *path, const char *value);
/* Makes a new file. EEXIST: it exists. If it fails, no file is left. */
int file_create(int dirfd, const char *path, const void *buf, size_t len, mode_t mode);
/* 1: fd is on a filesystem such as procfs, whose files the kernel makes when they are read: they
 * may say more to a reader with more rights, or lose what was read. 0: another one. -1: error. */
int file_is_kernels(int fd);
bool file_is_plain(int fd); /* a regular file, and not one of the kernel's */
/* True if both are of the same inode. */
static inline bool file_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}
/* Writes a new file under a temporary name and renames it to path. It does not wait for the disk:
 * our own files (state, pid files, caches) are useless after a power cut. */
int file_replace(int dirfd, const char *path, const void *buf, size_t len, mode_t mode);

/* A file that is read, changed and written back. It is locked all that time: otherwise one of two
 * programs that do so at the same time would lose its change. */
struct file_edit {
	int fd; /* read from it; closing it ends the lock */
	struct stat st;
	const char *path; /* not a symbolic link */
};
int file_edit_open(struct file_edit *e, const char *path);
/* Replaces the file. Owner and mode stay, and the new file is on the disk before the old one is
 * removed. A file that is a mount cannot be replaced: it is written in place, with a warning. */
int file_edit_save(const struct file_edit *e, const void *buf, size_t len);

/* ---- scan.c: the kernel's text files --------------------------------------------------------- */

/* Pure. True if the text at *at begins with word; scan_u64: with word, spaces and a decimal number.
 * *at then moves past it. */
bool scan_word(const char **at, const char *word);
bool scan_u64(const char **at, const char *word, uint64_t *out);
uint64_t scan_number(const char *text); /* the decimal number at its begin; 0: not a number */
/* Pure. Reads the next range of a list of CPUs or memory nodes, "0-3, 7". 1: found; 0: the list has
 * ended; -1: the text is not such a list. If *last is below *first, that is the reason. */
int scan_range(const char **at, uint64_t *first, uint64_t *last);
/* Pure. Reads a little-endian number of at most 8 bytes. */
uint64_t scan_little(const unsigned char *at, unsigned bytes);

/* EXACT_MODES sets the umask to 0 until the end of the block: new files get exactly the modes that
 * the calls have. */
static inline void umask_restore(mode_t *before)
{
	umask(*before);
}
#define EXACT_MODES mode_t umask_before __attribute__((unused)) __cleanup(umask_restore) = umask(0)

/* ---- path.c: paths below a root that a hostile user may own ---------------------------------- */

/* openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve_extra. path is below rootfd,
 * even if it is absolute; ".." and symlinks do not leave it. The descriptor is close-on-exec. -1:
 * errno is set, and the record. */
int path_open(int rootfd, const char *path, int flags, mode_t mode, uint64_t resolve_extra);
/* Makes every missing directory of path (mode for new ones) and opens it O_PATH. */
int path_mkdirs(int rootfd, const char *path, mode_t mode);
/* The same for a path that does not exist yet. resolve_extra: RESOLVE_NO_SYMLINKS or 0. */
int path_mkdirs_new(int rootfd, const char *path, mode_t mode, uint64_t resolve_extra);
/* Opens (creating directories 0755) the parent of path; *last points at the last component. */
int path_parent(int rootfd, const char *path, const char **last);
/* Makes an empty file and its directories (0755), and opens it with O_RDONLY. If path is a dangling
 * symlink, it makes the target. A file that exists is an error. */
int path_create(int rootfd, const char *path, mode_t mode);
/* Opens a regular file in a directory that a container may write. Whatever else lies there is not
 * opened: the opening of a FIFO waits, and that of a device acts. With O_CREAT a missing file is
 * made. */
int path_open_regular(const char *path, int flags, mode_t mode);
/* Pure. "/a//./b/../c" becomes "/a/c". A relative path stays relative and never begins with
 * "..". */
char *path_clean(struct arena *a, const char *path);
/* Pure. True if the text of path is dir, which has no slash at its end, or leads below it. */
bool path_is_below(const char *path, const char *dir);
/* Writes /proc/self/fd/N, for calls that take a path and no descriptor. */
#define FD_PATH_MAX 32
const char *path_of_fd(char buf[FD_PATH_MAX], int fd);
/* "/proc/self/fd/N/NAME"; buf has FD_PATH_MAX bytes more than name. */
void path_in_fd(char *buf, int fd, const char *name);

/* ---- procfs.c: a /proc that cannot have been mounted over ------------------------------------ */

/* Returns a descriptor of a new procfs of our own. Where fsopen(2) fails, as in a container whose
 * /proc is masked, it is that of /proc, which must be the root of a procfs. */
int procfs_open(void);
/* Pure. True if a mount of the text, which is that of mountinfo and is changed, lies below root and
 * covers path. An empty root is "/". */
bool procfs_covered(char *mounts, const char *root, const char *path);
/* Opens path below procfd. It fails if another mount or a magic link lies on the way. */
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
	bool dead; /* of 3 and 20: a zombie or in state X, and all threads have ended */
	bool headless; /* the first thread has ended, and others have not */
	bool exiting; /* of 9: on its way to be dead, or dead */
	char state; /* 3 */
	pid_t parent; /* 4 */
	bool no_exec; /* of 9: has not executed a program since it was forked */
	uint64_t start; /* 22, in clock ticks since boot */
	int raw; /* 52: status for wait(2) of a process that has ended; 0 if we may not see it */
	uint32_t ignored; /* 33: bit n-1 is signal n; without real-time signals */
};
/* 1: found; 0: not found, or hidden (hidepid of proc(5)); -1. */
int proc_stat(pid_t pid, struct proc_stat *out);
/* The same with /proc as an open directory, for many processes. */
int proc_stat_at(int proc, pid_t pid, struct proc_stat *out);
/* Reads /proc/PID/stat and finds its third field: the second, the name, may have any bytes. Returns
 * as proc_stat. */
#define PROC_STAT_MAX 1024
int proc_stat_text(pid_t pid, char text[PROC_STAT_MAX], char **third);
/* Executes argv[0] from the first directory of path where execve(2) succeeds. If it returns, all
 * have failed: with ENOENT no directory has argv[0], otherwise file is the first that failed. */
void proc_exec(const char *path, char *const *argv, char *const *env, char file[PATH_MAX]);
/* 1: the process and all its threads have ended; 0: not yet; -1. It does not need /proc. */
int proc_ended(int pidfd);
/* True if a SIGKILL is pending or the process is exiting: it runs no more code of its program. */
bool proc_ending(pid_t pid);
/* The number of a thread of the process other than its first; pid if there is none. */
pid_t proc_thread(pid_t pid);
/* Ends this process, by a trap if a seccomp profile denies exit_group(2) and exit(2). */
void proc_end(int status) __attribute__((noreturn));
/* Copies the words of argv, so that proc_hide_args can wipe the originals, which /proc/PID/cmdline
 * shows to all users. proc_hide_args wipes the environment, too: getenv(3) then finds nothing. */
void proc_take_args(struct arena *a, int argc, char **argv, char **envp);
void proc_hide_args(void);
int proc_open(pid_t pid); /* its directory in /proc, O_PATH */
/* waitpid(2), repeated after EINTR. */
int proc_wait(pid_t pid, int *status);
/* For a caller that blocks SIGCHLD: waits for the end of a child, or for a signal. Each child that
 * ends meanwhile begins the seconds anew. False: it has not ended. */
bool proc_reap(pid_t pid, int seconds);
/* The exit code a shell would show: its own, or 128 + signal. */
int proc_exit_code(int status);
const struct json_word *proc_signals(void); /* "TERM" and so on, without SIG */
int proc_signal(const char *text); /* "9", "KILL", "SIGKILL", any case; -1 unknown */
/* sigfillset(3) with signals 32 to 34 too, which musl's leaves out. */
void proc_all_signals(sigset_t *set);

#endif
