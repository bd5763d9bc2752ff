/* disk_test.c - types, labels and UUIDs of superblocks and partition tables. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"
#include "tests/tap.h"

#include <string.h>
#include <sys/mman.h>

static int fd;

static void put(long at, const void *bytes, size_t n)
{
	if (pwrite(fd, bytes, n, at) != (ssize_t)n)
		ok(false, "the test writes its file");
}

static void fresh(void)
{
	if (fd > 0)
		close(fd);
	fd = memfd_create("disk", 0);
	if (ftruncate(fd, 128 << 10) < 0)
		ok(false, "the test makes a file of 128 KB");
}

#define ID "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
#define ID_TEXT "01020304-0506-0708-090a-0b0c0d0e0f10"

static void test_types(void)
{
	static const struct {
		const char *type, *magic;
		long at, label, uuid;
	} is[] = {
		{ "ext4", "\x53\xef", 1080, 1144, 1128 },
		{ "erofs", "\xe2\xe1\xf5\xe0", 1024, 1088, 1072 },
		{ "btrfs", "_BHRfS_M", 0x10040, 0x1012b, 0x10020 },
		{ "xfs", "XFSB", 0, 108, 32 },
	};
	struct disk d;

	fresh();
	ok(!disk_look(fd, &d), "zeroes are not a filesystem");
	for (size_t i = 0; i < ARRAY_SIZE(is); i++) {
		fresh();
		put(is[i].at, is[i].magic, strlen(is[i].magic));
		put(is[i].label, "data", 4);
		put(is[i].uuid, ID, 16);
		ok(disk_look(fd, &d), "%s is recognized", is[i].type);
		is_str(d.type, is[i].type, "the type of %s", is[i].type);
		is_str(d.label, "data", "the label of %s", is[i].type);
		is_str(d.uuid, ID_TEXT, "the UUID of %s", is[i].type);
	}
	fresh();
	put(1080, "\x53\xef", 2);
	put(1144, "0123456789abcdefXXXX", 20);
	disk_look(fd, &d);
	is_str(d.label, "0123456789abcdef", "a label of the full length has no NUL on the disk");
	fresh();
	put(0, "hsqs", 4);
	ok(disk_look(fd, &d) && !*d.label && !*d.uuid, "squashfs has neither label nor UUID");
	is_str(d.type, "squashfs", "the type of squashfs");
	fresh();
	put(1024, "\x10\x20\xf5\xf2", 4);
	put(1148, "d\0a\0t\0a\0", 8);
	ok(disk_look(fd, &d), "f2fs is recognized");
	is_str(d.label, "data", "the label of f2fs, which is UTF-16");
	if (ftruncate(fd, 1040) < 0)
		ok(false, "the test shortens its file");
	ok(disk_look(fd, &d) && !*d.label && !*d.uuid,
	   "a device that ends before its label has neither label nor UUID");
}

static void test_vfat(void)
{
	struct disk d;

	fresh();
	put(82, "FAT32   ", 8);
	put(71, "BOOT       ", 11);
	put(67, "\x12\x34\xab\xcd", 4);
	ok(disk_look(fd, &d), "FAT32 is recognized");
	is_str(d.type, "vfat", "the type of FAT32");
	is_str(d.label, "BOOT", "the label of FAT32, without its blanks");
	is_str(d.uuid, "CDAB-3412", "the serial number of FAT32");
	fresh();
	put(54, "FAT16   ", 8);
	ok(disk_look(fd, &d), "FAT16 is recognized");
}

static void test_parts(void)
{
	unsigned char header[96] = "EFI PART";
	char uuid[40];

	fresh();
	put(440, "\x78\x56\x34\x12", 4);
	ok(disk_part(fd, 2, 512, uuid), "a partition of a DOS table is found");
	is_str(uuid, "12345678-02", "its PARTUUID");
	/* the first sector of the entries, their number and their size */
	header[72] = 2;
	header[80] = 4;
	header[84] = 128;
	put(512, header, sizeof(header));
	put(1024 + 128 + 16, ID, 16);
	ok(disk_part(fd, 2, 512, uuid), "a partition of a GPT is found");
	is_str(uuid, "04030201-0605-0807-090a-0b0c0d0e0f10", "the PARTUUID of a GPT");
	ok(!disk_part(fd, 5, 512, uuid), "a partition that the table does not have is not found");
	header[84] = header[85] = header[86] = header[87] = 0xff;
	memset(header + 72, 0xff, 8);
	put(512, header, sizeof(header));
	ok(!disk_part(fd, 2, 512, uuid), "a table whose entries are outside of the disk has no "
					 "partition");
}

static void test_tags(void)
{
	char path[DISK_PATH];

	is_str(disk_tag("LABEL=data"), "data", "LABEL= is a tag");
	is_str(disk_tag("UUID=1-2"), "1-2", "UUID= is a tag");
	is_str(disk_tag("PARTUUID=1-2"), "1-2", "PARTUUID= is a tag");
	ok(!disk_tag("/dev/sda") && !disk_tag("tmpfs") && !disk_tag(NULL),
	   "a path, a type and NULL are not tags");
	ok(!disk_find("LABEL=there is none with this label", path),
	   "a label that no device has is not found");
	ok(!disk_find("PARTUUID=there is none", path),
	   "a PARTUUID that no device has is not found");
}

int main(void)
{
	test_types();
	test_vfat();
	test_parts();
	test_tags();
	return done();
}
