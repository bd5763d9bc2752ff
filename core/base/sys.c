/* sys.c - system calls that not every C library has a function for. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <link.h>
#include <string.h>
#include <sys/auxv.h>

/* The vDSO (vdso(7)) has an ELF note "Linux" of type 0 with the version. */
unsigned sys_version(void)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): getauxval(3) gives addresses as numbers */
	const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
	const ElfW(Phdr) *p =
		base ? (const void *)(base + ((const ElfW(Ehdr) *)base)->e_phoff) : NULL;
	int n = base ? ((const ElfW(Ehdr) *)base)->e_phnum : 0;

	for (; n > 0; n--, p++) {
		const char *at = base + p->p_offset, *end = at + p->p_filesz;

		while (p->p_type == PT_NOTE && at < end) {
			const struct {
				uint32_t name_len, len, type;
				char name[8];
				uint32_t version;
			} *note = (const void *)at;

			if (!note->type && !memcmp(note->name, "Linux", 6))
				return note->version;
			at += 12 + ((note->name_len + 3) & ~3u) + ((note->len + 3) & ~3u);
		}
	}
	return 0;
}

/* The second half of the kernel's 16 random bytes: libc uses the first for its stack protector. */
uint64_t sys_secret(void)
{
	unsigned long at = getauxval(AT_RANDOM);
	uint64_t secret = 0;
	char *random;

	memcpy(&random, &at, sizeof(random));
	if (random)
		memcpy(&secret, random + 8, sizeof(secret));
	return secret;
}

int sys_become_root(void)
{
	return syscall(SYS_IDS_RESGID, 0, 0, 0) < 0 || syscall(SYS_IDS_RESUID, 0, 0, 0) < 0 ? -1
											    : 0;
}

bool sys_exists(int dirfd, const char *path)
{
	return !syscall(SYS_faccessat, dirfd, path, F_OK);
}

bool sys_getcwd(char *buf, size_t size)
{
	if (syscall(SYS_getcwd, buf, size) < 0)
		return false;
	errno = ENOENT;
	return *buf == '/';
}

int sys_chmodat(int dirfd, const char *path, mode_t mode)
{
	return syscall(SYS_fchmodat, dirfd, path, mode);
}

const char *sys_dir_next(struct sys_dir *d)
{
	for (;;) {
		const struct {
			uint64_t ino, off;
			uint16_t len;
			unsigned char type;
			char name[];
		} *e = (const void *)(d->buf + d->at);

		if (d->at == d->len) {
			long n = syscall(SYS_getdents64, d->fd, d->buf, sizeof(d->buf));

			d->at = d->len = 0;
			if (n <= 0) {
				errno = n ? errno : 0;
				return NULL;
			}
			d->len = n;
			continue;
		}
		d->at += e->len;
		if (strcmp(e->name, ".") && strcmp(e->name, ".."))
			return e->name;
	}
}

int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct sys_open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };

	return syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

pid_t sys_clone3(struct sys_clone_args *args)
{
	return syscall(SYS_clone3, args, sizeof(*args));
}

pid_t sys_clone(unsigned long flags, pid_t *parent_tid)
{
#ifdef __s390x__
	return syscall(SYS_clone, 0, flags, parent_tid, 0, 0); /* the first argument is the stack */
#else
	return syscall(SYS_clone, flags, 0, parent_tid, 0, 0);
#endif
}

int sys_pidfd_open(pid_t pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

int sys_pidfd_send_signal(int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return syscall(SYS_close_range, first, last, flags);
}

int sys_open_tree(int dirfd, const char *path, unsigned flags)
{
	return syscall(SYS_open_tree, dirfd, path, flags | O_CLOEXEC);
}

int sys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags)
{
	return syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}

int sys_fsopen(const char *fstype, unsigned flags)
{
	return syscall(SYS_fsopen, fstype, flags | FSOPEN_CLOEXEC);
}

int sys_fsconfig(int fd, unsigned cmd, const char *key, const void *value, int aux)
{
	return syscall(SYS_fsconfig, fd, cmd, key, value, aux);
}

int sys_fsmount(int fd, unsigned flags, unsigned attrs)
{
	return syscall(SYS_fsmount, fd, flags | FSMOUNT_CLOEXEC, attrs);
}

int sys_mount_setattr(int dirfd, const char *path, unsigned flags,
		      const struct sys_mount_attr *attr)
{
	int rc = syscall(SYS_mount_setattr, dirfd, path, flags, attr, sizeof(*attr));

	/* The EPERM of an outer seccomp profile becomes ENOSYS. It comes before the kernel sees
	 * that a structure has no size (EINVAL); that of the kernel comes after. */
	if (WITH_OLD_KERNELS && rc < 0 && errno == EPERM) {
		syscall(SYS_mount_setattr, -1, "", 0, NULL, 0ul);
		errno = errno == EINVAL ? EPERM : ENOSYS;
	}
	return rc;
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return syscall(SYS_pivot_root, new_root, put_old);
}
