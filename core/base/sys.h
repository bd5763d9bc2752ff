/* sys.h - system calls and constants that musl 1.2.3 or a small libc does not have. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_BASE_SYS_H
#define CORE_BASE_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/*
 * The comment of each constant has the first kernel that has it. Numbers of system calls from 424
 * on are the same on all architectures but alpha, which is not supported.
 */

/*
 * The C library reads each variadic argument as a long. On a 32-bit machine a wider one takes two
 * places, so the kernel gets wrong values for it and for all that follow. These macros make that
 * an error of the compiler.
 */
#define SYS_FITS(x) (void)sizeof(char[sizeof(__typeof__(((void)0, (x)))) <= sizeof(long) ? 1 : -1])
#define SYS_FIT_1(a) SYS_FITS(a)
#define SYS_FIT_2(a, ...) SYS_FITS(a), SYS_FIT_1(__VA_ARGS__)
#define SYS_FIT_3(a, ...) SYS_FITS(a), SYS_FIT_2(__VA_ARGS__)
#define SYS_FIT_4(a, ...) SYS_FITS(a), SYS_FIT_3(__VA_ARGS__)
#define SYS_FIT_5(a, ...) SYS_FITS(a), SYS_FIT_4(__VA_ARGS__)
#define SYS_FIT_6(a, ...) SYS_FITS(a), SYS_FIT_5(__VA_ARGS__)
#define SYS_FIT_7(a, ...) SYS_FITS(a), SYS_FIT_6(__VA_ARGS__)
#define SYS_FIT_N(a, b, c, d, e, f, g, n, ...) SYS_FIT_##n
#define SYS_FIT(...) SYS_FIT_N(__VA_ARGS__, 7, 6, 5, 4, 3, 2, 1)(__VA_ARGS__)
#define syscall(nr, ...) (SYS_FIT(0, ##__VA_ARGS__), syscall(nr, ##__VA_ARGS__))
#define prctl(option, ...) (SYS_FIT(0, ##__VA_ARGS__), prctl(option, ##__VA_ARGS__))
#define ioctl(fd, ...) (SYS_FIT(0, ##__VA_ARGS__), ioctl(fd, ##__VA_ARGS__))

/*
 * The libc wrappers take locks and block signals to change every thread, and we have one thread.
 * On 32-bit machines the calls without the suffix have 16-bit ids.
 */
#ifdef SYS_setresuid32
#define SYS_IDS_RESUID SYS_setresuid32
#define SYS_IDS_RESGID SYS_setresgid32
#define SYS_IDS_GROUPS SYS_setgroups32
#else
#define SYS_IDS_RESUID SYS_setresuid
#define SYS_IDS_RESGID SYS_setresgid
#define SYS_IDS_GROUPS SYS_setgroups
#endif
/* Sets the real, effective and saved user and group ids to 0. -1 and errno. */
int sys_become_root(void);

/* The system calls without the extra work that libc does for flags. */
bool sys_exists(int dirfd, const char *path);
bool sys_getcwd(char *buf, size_t size); /* with ENOENT, if it lies outside of the root directory */
int sys_chmodat(int dirfd, const char *path, mode_t mode);

/* The entries of a directory without "." and ".."; NULL: the end, or an error if errno is not 0.
 * readdir(3) takes memory for each directory. Begin with { .fd = FD }, which stays open. */
struct sys_dir {
	int fd;
	unsigned at, len;
	char buf[1024] __attribute__((aligned(8)));
};
const char *sys_dir_next(struct sys_dir *d);

/* openat2(2), 5.6 */
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
struct sys_open_how {
	uint64_t flags, mode, resolve;
};
#define RESOLVE_NO_XDEV 0x01
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_NO_SYMLINKS 0x04
#define RESOLVE_BENEATH 0x08
#define RESOLVE_IN_ROOT 0x10

/* clone3(2), 5.3; CLONE_INTO_CGROUP 5.7 */
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
struct sys_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};
/* fork(2) with the flags of clone(2): the child continues on a copy of our stack. -1 and errno. */
pid_t sys_clone(unsigned long flags, pid_t *parent_tid);
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000 /* 4.6 */
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080 /* 5.6, unshare and setns only */
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000 /* 5.2 */
#endif
#define CLONE_INTO_CGROUP 0x200000000ULL /* 5.7 */

/* pidfd_open(2) 5.3, pidfd_send_signal(2) 5.1 */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#define SYS_P_PIDFD 3 /* P_PIDFD of waitid(2), 5.4; an enum in some libcs */

/* faccessat2(2), 5.8 */
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

/* close_range(2), 5.9 */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* The mount API of 5.2; mount_setattr(2) 5.12 */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_NAMESPACE
#define OPEN_TREE_NAMESPACE 2 /* 7.0 */
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x04
#define MOVE_MOUNT_T_SYMLINKS 0x10
#define MOVE_MOUNT_T_EMPTY_PATH 0x40
#endif
#ifndef FSOPEN_CLOEXEC
#define FSOPEN_CLOEXEC 1
#define FSMOUNT_CLOEXEC 1
#endif
#define SYS_FSCONFIG_SET_FLAG 0
#define SYS_FSCONFIG_SET_STRING 1
#define SYS_FSCONFIG_CMD_CREATE 6
struct sys_mount_attr {
	uint64_t attr_set, attr_clr, propagation, userns_fd;
};
#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY 0x01
#define MOUNT_ATTR_NOSUID 0x02
#define MOUNT_ATTR_NODEV 0x04
#define MOUNT_ATTR_NOEXEC 0x08
#endif
#ifndef MOUNT_ATTR__ATIME
#define MOUNT_ATTR__ATIME 0x70
#define MOUNT_ATTR_RELATIME 0x00
#define MOUNT_ATTR_NOATIME 0x10
#define MOUNT_ATTR_STRICTATIME 0x20
#define MOUNT_ATTR_NODIRATIME 0x80
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000 /* 5.12 */
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000 /* 5.14 */
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* 5.10 */
#endif
#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif

/* Magic numbers of statfs(2) */
#define SYS_PROC_MAGIC 0x9fa0
#define SYS_SYSFS_MAGIC 0x62656572
#define SYS_CGROUP_MAGIC 0x27e0eb
#define SYS_CGROUP2_MAGIC 0x63677270
#define SYS_TMPFS_MAGIC 0x01021994
#define SYS_RAMFS_MAGIC 0x858458f6
#define SYS_DEVPTS_MAGIC 0x1cd1
#define SYS_NSFS_MAGIC 0x6e736673

/* ioctl_ns(2) */
#define SYS_NS_GET_NSTYPE 0xb703 /* 4.11 */
#define SYS_NS_GET_USERNS 0xb701 /* 4.9 */

/* prctl(2) */
#ifndef PR_SET_NO_NEW_PRIVS
#define PR_SET_NO_NEW_PRIVS 38
#endif

/* memfd_create(2) */
#ifndef MFD_EXEC
#define MFD_EXEC 0x10 /* 6.3 */
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#define F_SEAL_SEAL 1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW 4
#define F_SEAL_WRITE 8
#endif

/* A random number, made without a system call. It is the same in the whole life of a process and
 * in its forks. 0: the kernel has given none. */
uint64_t sys_secret(void);
/* The version of the kernel, such as 0x70000 for 7.0, without a system call. 0: unknown. */
unsigned sys_version(void);
/* System calls: -1 and errno, no record. */
int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
pid_t sys_clone3(struct sys_clone_args *args); /* like fork: 0 in the child */
int sys_pidfd_open(pid_t pid);
int sys_pidfd_send_signal(int pidfd, int sig);
int sys_close_range(unsigned first, unsigned last, unsigned flags);
int sys_open_tree(int dirfd, const char *path, unsigned flags);
int sys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags);
int sys_fsopen(const char *fstype, unsigned flags);
int sys_fsconfig(int fd, unsigned cmd, const char *key, const void *value, int aux);
int sys_fsmount(int fd, unsigned flags, unsigned attrs);
int sys_mount_setattr(int dirfd, const char *path, unsigned flags,
		      const struct sys_mount_attr *attr);
int sys_pivot_root(const char *new_root, const char *put_old);

#endif
