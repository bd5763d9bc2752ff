/* image.c - a root filesystem in a file: superblock, loop device (loop(4)), mount. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#if WITH_IMAGES

#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* Documentation/admin-guide/devices.txt of the kernel */
#define MISC_MAJOR 10
#define LOOP_CTRL_MINOR 237
#define LOOP_MAJOR 7

/* loop(4); in kernel headers from 5.8 on */
#define SYS_LOOP_CONFIGURE 0x4C0A
struct sys_loop_config {
	uint32_t fd, block_size;
	struct loop_info64 info;
	uint64_t reserved[8];
};

/* Documentation/filesystems of the kernel: squashfs.rst, erofs.rst, ext4/super.rst. */
static uint64_t squashfs_size(const unsigned char *head)
{
	return scan_little(head + 40, 8);
}

static uint64_t erofs_size(const unsigned char *head)
{
	unsigned shift = head[1024 + 12];

	return shift < 32 ? scan_little(head + 1024 + 36, 4) << shift : 0;
}

static uint64_t ext4_size(const unsigned char *head)
{
	unsigned shift = head[1024 + 24];

	return shift < 16 ? scan_little(head + 1024 + 4, 4) << (10 + shift) : 0;
}

/*
 * A superblock can make the kernel open other devices by number or name, use keys of the host, or
 * wait: these functions refuse such images. Quotas, verity and checksums use the file only, and
 * our mount option sets what the kernel does on an error.
 */
static const char *erofs_refusal(const unsigned char *head)
{
	enum { DEVICE_TABLE = 0x8 };

	/* The same bit means a second compression: only the number of devices shows which it is. */
	return scan_little(head + 1024 + 80, 4) & DEVICE_TABLE && scan_little(head + 1024 + 86, 2)
		       ? "has parts on other devices"
		       : NULL;
}

static const char *ext4_refusal(const unsigned char *head)
{
	enum { JOURNAL_DEV = 0x8, MMP = 0x100, ENCRYPT = 0x10000 };
	const unsigned char *super = head + 1024;
	unsigned incompat = scan_little(super + 96, 4);

	if (incompat & JOURNAL_DEV || scan_little(super + 228, 4))
		return "has its journal on another device";
	if (incompat & MMP)
		return "is protected against multiple mounts, and sets how long a mount waits";
	/* Its policies name keys in the keyrings of the host's user. */
	if (incompat & ENCRYPT)
		return "is encrypted with keys of the host";
	/* One of these options is journal_dev=, which opens another device. */
	if (super[512])
		return "has mount options in its superblock (tune2fs -E mount_opts= clears them)";
	return NULL;
}

static const struct image_type types[] = {
	{ "squashfs", 0, "hsqs", 4, false, squashfs_size, NULL, NULL },
	{ "erofs", 1024, "\xe2\xe1\xf5\xe0", 4, false, erofs_size, erofs_refusal, NULL },
	/* Also ext2 and ext3. The option is set because the superblock may say errors=panic. */
	{ "ext4", 1080, "\x53\xef", 2, true, ext4_size, ext4_refusal, "errors=remount-ro" },
};

const struct image_type *image_probe(const void *head)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!memcmp((const char *)head + types[i].at, types[i].magic, types[i].len))
			return &types[i];
	return NULL;
}

/* Opens the file once: the descriptor that is checked is the one that is attached. */
static int open_image(const char *path, bool writable, struct image *image)
{
	const struct image_type **type = &image->type;
	unsigned char head[IMAGE_HEAD] = { 0 };
	int fd __cleanup(fd_close) = openat(
		AT_FDCWD, path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return fail("open the image %s", path);
	if (fstat(fd, &st) < 0)
		return fail("stat %s", path);
	*type = NULL;
	if (S_ISREG(st.st_mode)) {
		if (pread(fd, head, sizeof(head), (off_t)image->at) < 0)
			return fail("read %s", path);
		*type = image_probe(head);
	}
	if (!*type)
		return failx("%s is neither a directory nor an image of squashfs, erofs or ext4",
			     path);
	if (image->len)
		st.st_size = (off_t)image->len;
	if ((*type)->size(head) > (uint64_t)st.st_size)
		return failx("the %s image %s is truncated: it has %llu of %llu bytes",
			     (*type)->name, path, (unsigned long long)st.st_size,
			     (unsigned long long)(*type)->size(head));
	if ((*type)->refusal && (*type)->refusal(head))
		return failx("the %s image %s %s", (*type)->name, path, (*type)->refusal(head));
	return fd_take(&fd);
}

/* Returns 0; 1: another process has bound the device meanwhile; -1: error. */
static int bind_loop(int loop, int file, const struct image *image)
{
	struct sys_loop_config c = {
		.fd = file,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR | (image->writable ? 0 : LO_FLAGS_READ_ONLY),
		.info.lo_offset = image->at,
		.info.lo_sizelimit = image->len,
	};

	if (!ioctl(loop, SYS_LOOP_CONFIGURE, &c))
		return 0;
	if (errno == EBUSY)
		return 1;
	if (errno != EINVAL && errno != ENOTTY)
		return fail("bind the loop device");
	/* KERNEL 5.8: LOOP_CONFIGURE (EINVAL); two calls instead. If the runtime is killed between
	 * them the device stays bound until losetup -d. */
	if (ioctl(loop, LOOP_SET_FD, file) < 0)
		return errno == EBUSY ? 1 : fail("bind the loop device");
	if (!ioctl(loop, LOOP_SET_STATUS64, &c.info))
		return 0;
	fail("set the flags of the loop device");
	ioctl(loop, LOOP_CLR_FD, 0);
	return -1;
}

/* Reads the minor number from /sys: it is not n where loop devices have partitions. */
static unsigned loop_minor(int n)
{
	char path[48], text[32], *colon;

	snprintf(path, sizeof(path), "/sys/block/loop%d/dev", n);
	if (file_read_line(AT_FDCWD, path, text, sizeof(text)) < 0) {
		err_clear("without /sys the minor number is taken to be n");
		return n;
	}
	colon = strchr(text, ':');
	return colon ? strtoul(colon + 1, NULL, 10) : (unsigned)n;
}

/*
 * Opens the node in /dev, or one on a private tmpfs if /dev has none: a container's /dev does not
 * get nodes of new devices, and a board may have none. n: number of the loop device, or -1 for the
 * control device.
 */
static int open_loop(struct image *image, int n)
{
	int flags = n < 0 || image->writable ? O_RDWR : O_RDONLY, fd;
	char path[24] = "/dev/loop-control";

	if (n >= 0)
		snprintf(path, sizeof(path), "/dev/loop%d", n);
	strcpy(image->dev, path);
	fd = openat(AT_FDCWD, path, flags | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	fail("open %s", path);
	if (err_num() != ENOENT)
		return -1;
	fd = n < 0 ? dev_open_private(S_IFCHR, MISC_MAJOR, LOOP_CTRL_MINOR, flags)
		   : dev_open_private(S_IFBLK, LOOP_MAJOR, loop_minor(n), flags);
	if (fd < 0)
		return fail_in("%s is not there", path);
	/* The kernel opens the device by this path when it mounts. */
	path_of_fd(image->dev, fd);
	return fd;
}

/* Binds file to a free loop device. Another process may bind it first: then the next one is tried.
 * The device stays bound as long as it is open. */
static int attach_loop(struct image *image, int file)
{
	int control __cleanup(fd_close) = open_loop(image, -1);
	int n, rc;

	for (int tries = 0; control >= 0 && tries < 1000; tries++) {
		int loop __cleanup(fd_close) = -1;

		n = ioctl(control, LOOP_CTL_GET_FREE);
		if (n < 0)
			return fail("find a free loop device");
		loop = open_loop(image, n);
		if (loop < 0)
			break;
		rc = bind_loop(loop, file, image);
		if (rc < 0)
			return fail_in("%s", image->dev);
		if (!rc)
			return fd_take(&loop);
		if (tries == 999)
			return failx("no loop device stayed free long enough");
	}
	return fail_hint(
		"an image needs the kernel's loop module (modprobe loop), and its nodes in "
		"/dev or the right to make and open them: CAP_MKNOD, device rules for "
		"c 10:237 and b 7:*");
}

static int explain_image(const struct image *image, const char *path)
{
	int num = err_num();

	fail_in("image %s", path);
	if (num == ENODEV)
		fail_hint("this kernel has no %s: modprobe %s", image->type->name,
			  image->type->name);
	else if (num == EROFS)
		fail_hint("its journal has to be replayed first: e2fsck, or one start with "
			  "root.readonly false");
	else if (num == ENOSYS)
		fail_hint("it needs fsopen(2) of Linux 5.2");
	else if (num == EPERM)
		fail_hint("only the host's root may mount an image");
	return -1;
}

/* Makes a dm-verity device of the image. Its hashes are another file, on another loop device. */
static int open_verity(struct image *image, int loop)
{
	struct image hashes = { .writable = false };
	int file __cleanup(fd_close) = open(image->verity.hash, O_RDONLY | O_CLOEXEC);
	int hash __cleanup(fd_close) = -1;

	if (file < 0)
		return fail("open the hashes %s", image->verity.hash);
	hash = attach_loop(&hashes, file);
	return hash < 0 ? -1 : verity_open(&image->verity, loop, hash, image->dev);
}

int image_open(const char *path, bool writable, struct image *image)
{
	int file __cleanup(fd_close) = open_image(path, writable, image);
	int loop __cleanup(fd_close) = -1, checked __cleanup(fd_close) = -1;

	if (file < 0)
		return -1;
	image->writable = writable && image->type->writable && !image->verity.hash;
	loop = attach_loop(image, file);
	if (loop < 0)
		return fail_in("image %s", path);
	if (WITH_VERITY && image->verity.hash && (checked = open_verity(image, loop)) < 0)
		return fail_in("image %s", path);
	/* KERNEL 5.2: fsopen(2) (ENOSYS); no image can be used then: the child can't mount it,
	 * because the device rules of the container's cgroup deny the loop device. */
	image->mnt = mountapi_new(image->type->name, image->dev,
				  MS_NODEV | (image->writable ? 0 : MS_RDONLY), image->type->data);
	return image->mnt < 0 ? explain_image(image, path) : 0;
}

int image_attach(const struct image *image, const char *path)
{
	int target __cleanup(fd_close) = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (target < 0)
		return fail("open %s", path);
	return mountapi_attach(image->mnt, target);
}

#else

int image_open(const char *path, bool writable, struct image *image)
{
	not_built("WITH_IMAGES", "images");
	return fail_in("%s", path);
}

int image_attach(const struct image *image, const char *path)
{
	return not_built("WITH_IMAGES", "images");
}

#endif
