/* disk.c - finds the device with a label or a UUID, and the type of its filesystem. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <dirent.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#if WITH_DISKS

/*
 * Superblocks, by Documentation/filesystems of the kernel and its headers. The text may come from
 * any USB stick, so it is only compared and copied by fixed lengths.
 */
static const struct row {
	char type[9], magic[8];
	unsigned char len, label_len, wide; /* wide: the label is UTF-16 */
	unsigned at, label, uuid; /* 0: it has none */
} rows[] = {
	{ "ext4", "\x53\xef", 2, 16, 0, 1080, 1144, 1128 }, /* ext2 and ext3 as well */
	{ "squashfs", "hsqs", 4, 0, 0, 0, 0, 0 },
	{ "erofs", "\xe2\xe1\xf5\xe0", 4, 16, 0, 1024, 1088, 1072 },
	{ "f2fs", "\x10\x20\xf5\xf2", 4, 64, 1, 1024, 1148, 1132 },
	{ "btrfs", "_BHRfS_M", 8, 64, 0, 0x10040, 0x1012b, 0x10020 },
	{ "xfs", "XFSB", 4, 12, 0, 0, 108, 32 },
	{ "vfat", "FAT32   ", 8, 11, 0, 82, 71, 67 },
	{ "vfat", "FAT1", 4, 11, 0, 54, 43, 39 },
};

/* Writes 16 bytes as "01020304-0506-...", or the 4 bytes of a vfat as "1234-ABCD". */
static void put_uuid(const unsigned char *b, bool vfat, char *out)
{
	if (vfat) {
		sprintf(out, "%02X%02X-%02X%02X", b[3], b[2], b[1], b[0]);
		return;
	}
	for (int i = 0; i < 16; i++)
		out += sprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			       b[i]);
}

bool disk_look(int fd, struct disk *out)
{
	unsigned char text[128] = { 0 };

	*out = (struct disk){ 0 };
	for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
		bool vfat = *r->type == 'v';
		size_t step = 1 + r->wide, n = r->label_len;

		if (pread(fd, text, r->len, r->at) != r->len || memcmp(text, r->magic, r->len))
			continue;
		out->type = r->type;
		if (r->uuid && pread(fd, text, 16, r->uuid) == 16)
			put_uuid(text, vfat, out->uuid);
		if (!n || pread(fd, text, n * step, r->label) != (ssize_t)(n * step))
			return true;
		for (size_t i = 0; i < n; i++)
			out->label[i] = text[i * step];
		/* vfat fills the label with blanks. */
		while (vfat && n && out->label[n - 1] == ' ')
			out->label[--n] = 0;
		return true;
	}
	return false;
}

/* In a partition table the first three numbers of a GUID are little-endian (UEFI, appendix A). */
static void put_guid(const unsigned char *b, char *out)
{
	static const unsigned char order[] = {
		3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15
	};
	unsigned char turned[16];

	for (int i = 0; i < 16; i++)
		turned[i] = b[order[i]];
	put_uuid(turned, false, out);
}

bool disk_part(int fd, unsigned n, unsigned sector, char *uuid)
{
	unsigned char b[96];
	uint64_t size;

	if (pread(fd, b, sizeof(b), sector) == sizeof(b) && !memcmp(b, "EFI PART", 8)) {
		size = scan_little(b + 84, 4);
		if (n > scan_little(b + 80, 4) ||
		    pread(fd, b, 16, scan_little(b + 72, 8) * sector + (n - 1) * size + 16) != 16)
			return false;
		put_guid(b, uuid);
		return true;
	}
	if (pread(fd, b, 4, 440) != 4)
		return false;
	sprintf(uuid, "%08x-%02x", (unsigned)scan_little(b, 4), n & 0xff);
	return true;
}

/* ---- devices --------------------------------------------------------------------------------- */

/* Opens the device of the directory NAME below /sys/class/block; up is "" or, for the disk of a
 * partition, "../". path becomes the path of the device. */
static int open_block(const char *name, const char *up, char *path)
{
	char at[300], text[512], *dev;

	snprintf(at, sizeof(at), "/sys/class/block/%s/%suevent", name, up);
	if (file_read_line(AT_FDCWD, at, text, sizeof(text)) < 0 ||
	    !(dev = strstr(text, "DEVNAME=")))
		return -1;
	dev[strcspn(dev, "\n")] = 0;
	snprintf(path, DISK_PATH, "/dev/%.50s", dev + 8);
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* The PARTUUID of a partition, by the table of its disk. */
static bool part_of(const char *name, char *uuid)
{
	char at[300], text[32], path[DISK_PATH];
	int fd __cleanup(fd_close) = -1, sector = 512;

	snprintf(at, sizeof(at), "/sys/class/block/%s/partition", name);
	if (file_read_line(AT_FDCWD, at, text, sizeof(text)) < 0)
		return false;
	fd = open_block(name, "../", path);
	if (fd >= 0 && ioctl(fd, BLKSSZGET, &sector) < 0)
		sector = 512;
	return fd >= 0 && disk_part(fd, strtoul(text, NULL, 10), sector, uuid);
}

const char *disk_tag(const char *source)
{
	static const char *const tags[] = { "LABEL=", "UUID=", "PARTUUID=" };

	for (size_t i = 0; source && i < ARRAY_SIZE(tags); i++)
		if (!strncmp(source, tags[i], strlen(tags[i])))
			return source + strlen(tags[i]);
	return NULL;
}

int disk_find(const char *tag, char path[DISK_PATH])
{
	const char *value = disk_tag(tag);
	DIR *dir = opendir("/sys/class/block");
	struct dirent *e;
	int found = 0;

	while (dir && (e = readdir(dir))) {
		char at[DISK_PATH], part[40] = "";
		struct disk d = { 0 };
		int fd __cleanup(fd_close) = -1;

		if (*e->d_name == '.' || (fd = open_block(e->d_name, "", at)) < 0)
			continue;
		if (*tag == 'P' ? !part_of(e->d_name, part) || strcasecmp(part, value)
				: !disk_look(fd, &d) || (*tag == 'L' ? strcmp(d.label, value)
								     : strcasecmp(d.uuid, value)))
			continue;
		if (found++)
			break;
		memcpy(path, at, DISK_PATH);
	}
	if (dir)
		closedir(dir);
	err_clear("a device that cannot be read counts as another one");
	return found > 1 ? failx("%s: several devices have it", tag) : found;
}

#else

bool disk_look(int fd, struct disk *out)
{
	return false;
}

const char *disk_tag(const char *source)
{
	return NULL;
}

int disk_find(const char *tag, char path[DISK_PATH])
{
	return 0;
}

#endif
