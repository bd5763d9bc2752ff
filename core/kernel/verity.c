/* verity.c - block devices whose blocks the kernel checks against hashes (dm-verity). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#if WITH_VERITY

#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

/* Documentation/admin-guide/devices.txt of the kernel */
#define MISC_MAJOR 10
#define MAPPER_CTRL_MINOR 236
/* linux/keyctl.h */
#define KEY_SPEC_THREAD_KEYRING (-1)
#define KEY_NAME "ocibox-verity"
#define SIGNATURE_MAX 4096
#define ROOT_DIGITS 64 /* of SHA-256 */

/* What veritysetup(8) writes at the start of the hashes. The root hash does not cover it: wrong
 * values make the kernel compute other hashes. */
struct super {
	char magic[8];
	uint32_t version, type;
	char uuid[16], algorithm[32];
	uint32_t data_block, hash_block;
	uint64_t data_blocks;
	uint16_t salt_size;
	char unused[6];
	unsigned char salt[256];
	char rest[168];
};

/* A request of the device mapper with room for one target
 * (Documentation/admin-guide/device-mapper/verity.rst). */
struct request {
	struct dm_ioctl head;
	struct dm_target_spec target;
	char text[1024];
};

static int ask_mapper(int control, unsigned long what, struct request *r, dev_t data,
		      unsigned flags)
{
	r->head.dev = 0; /* the device is found by its name */
	r->head.version[0] = DM_VERSION_MAJOR;
	r->head.data_size = sizeof(*r);
	r->head.data_start = offsetof(struct request, target);
	r->head.flags = flags;
	/* Only we use the data device, so its number makes a unique name. */
	snprintf(r->head.name, sizeof(r->head.name), "ocibox-%u:%u", major(data), minor(data));
	return ioctl(control, what, r);
}

static int open_mapped(const char *path, mode_t type, unsigned major, unsigned minor, int flags,
		       char out[FD_PATH_MAX])
{
	int fd = open(path, flags | O_CLOEXEC);

	snprintf(out, FD_PATH_MAX, "%s", path);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? fail("open %s", path) : fd;
	fd = dev_open_private(type, major, minor, flags);
	if (fd >= 0)
		path_of_fd(out, fd);
	return fd;
}

/* The kernel looks for the signature in the keyrings of the process. */
static int add_signature(const char *file)
{
	char text[SIGNATURE_MAX];
	int fd __cleanup(fd_close) = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (n < 0)
		return fail("read the signature %s", file);
	if (syscall(SYS_add_key, "user", KEY_NAME, text, n, KEY_SPEC_THREAD_KEYRING) < 0)
		return fail("give the signature %s to the kernel", file);
	return 0;
}

/* Writes the parameters of the target. */
static int put_table(const struct verity *v, dev_t data, int hash, struct request *r)
{
	struct super s;
	struct stat st;
	int n;

	if (fstat(hash, &st) < 0 || pread(hash, &s, sizeof(s), 0) != sizeof(s))
		return fail("read the hashes %s", v->hash);
	if (memcmp(s.magic, "verity\0", 8) || s.version != 1 || s.type != 1 ||
	    strncmp(s.algorithm, "sha256", sizeof(s.algorithm)) || s.salt_size > sizeof(s.salt))
		return failx("%s: does not have hashes of veritysetup with SHA-256", v->hash);
	r->head.target_count = 1;
	r->target.length = s.data_blocks * (s.data_block / 512);
	strcpy(r->target.target_type, "verity");
	n = snprintf(r->text, sizeof(r->text), "1 %u:%u %u:%u %u %u %llu 1 sha256 %s ", major(data),
		     minor(data), major(st.st_rdev), minor(st.st_rdev), s.data_block, s.hash_block,
		     (unsigned long long)s.data_blocks, v->root);
	for (unsigned i = 0; i < s.salt_size; i++)
		n += snprintf(r->text + n, sizeof(r->text) - n, "%02x", s.salt[i]);
	snprintf(r->text + n, sizeof(r->text) - n, "%s%s", s.salt_size ? "" : "-",
		 v->signature ? " 2 root_hash_sig_key_desc " KEY_NAME : "");
	return 0;
}

/* Makes the device, opens it and removes its name: the kernel removes it with its last user. */
static int map_blocks(int control, dev_t data, struct request *r, char out[FD_PATH_MAX])
{
	struct request other = { .head.dev = 0 };
	char path[32];
	int fd = -1;
	unsigned n;

	if (ask_mapper(control, DM_DEV_CREATE, &other, data, 0) < 0)
		return fail("make a device");
	n = minor(other.head.dev);
	if (ask_mapper(control, DM_TABLE_LOAD, r, data, DM_READONLY_FLAG) < 0) {
		fail("set it up");
		/* ENOKEY, EKEYREJECTED, EBADMSG: the signature */
		if (err_num() == EINVAL)
			fail_hint("the kernel's log has the reason; CONFIG_DM_VERITY is needed%s",
				  strstr(r->text, KEY_NAME)
					  ? ", and CONFIG_DM_VERITY_VERIFY_ROOTHASH_SIG"
					  : "");
	} else if (ask_mapper(control, DM_DEV_SUSPEND, &other, data, 0) < 0) {
		/* DM_DEV_SUSPEND without DM_SUSPEND_FLAG resumes the device */
		fail("start it");
	} else {
		snprintf(path, sizeof(path), "/dev/dm-%u", n);
		fd = open_mapped(path, S_IFBLK, major(other.head.dev), n, O_RDONLY, out);
	}
	/* KERNEL 3.13: deferred removal (EBUSY); the device stays then. */
	if (ask_mapper(control, DM_DEV_REMOVE, &other, data, DM_DEFERRED_REMOVE) < 0 && fd >= 0)
		log_debug("dm-%u stays", n);
	return fd;
}

int verity_open(const struct verity *v, int data, int hash, char out[FD_PATH_MAX])
{
	int control __cleanup(fd_close) = -1;
	struct request r = { .head.dev = 0 };
	struct stat st;
	int fd;

	if (strlen(v->root) != ROOT_DIGITS || strspn(v->root, "0123456789abcdef") != ROOT_DIGITS)
		return failx("verity: the root hash \"%.70s\" must have 64 digits from 0 to f",
			     v->root);
	if (fstat(data, &st) < 0)
		return fail("verity: stat the data");
	if (put_table(v, st.st_rdev, hash, &r) < 0 ||
	    (v->signature && add_signature(v->signature) < 0))
		return fail_in("verity");
	control = open_mapped("/dev/mapper/control", S_IFCHR, MISC_MAJOR, MAPPER_CTRL_MINOR, O_RDWR,
			      out);
	if (control < 0)
		return fail_hint("this kernel has no device mapper: CONFIG_BLK_DEV_DM, or modprobe "
				 "dm_mod");
	fd = map_blocks(control, st.st_rdev, &r, out);
	return fd < 0 ? fail_in("verity") : fd;
}

#else

int verity_open(const struct verity *v, int data, int hash, char out[FD_PATH_MAX])
{
	return not_built("WITH_VERITY", "dm-verity");
}

#endif
