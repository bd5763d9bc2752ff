/* image_test.c - the filesystem and size of a superblock, and superblocks that are refused. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"
#include "tests/tap.h"

#include <string.h>

static unsigned char head[IMAGE_HEAD];

static const struct image_type *probe(size_t at, const char *bytes, size_t n)
{
	memset(head, 0, sizeof(head));
	memcpy(head + at, bytes, n);
	return image_probe(head);
}

static void put(size_t at, unsigned value)
{
	head[1024 + at] = value;
	head[1024 + at + 1] = value >> 8;
	head[1024 + at + 2] = value >> 16;
}

static void test_refused_erofs(const struct image_type *t)
{
	put(80, 0x8);
	ok(t && !t->refusal(head), "erofs: a second compression is accepted");
	put(86, 1);
	ok(t && t->refusal(head), "erofs: a device table is refused");
	put(80, 0x7);
	ok(t && !t->refusal(head), "erofs: the number of devices without the bit is accepted");
}

static void test_refused_ext4(const struct image_type *t)
{
	static const struct {
		size_t at;
		unsigned value;
		const char *name;
	} rows[] = {
		{ 228, 0x801, "ext4: a journal on another device" },
		{ 96, 0x8, "ext4: a journal device" },
		{ 96, 0x100, "ext4: multiple mount protection" },
		{ 96, 0x10000, "ext4: encryption" },
		{ 512, 'j', "ext4: mount options" },
	};

	put(96, 0x2c2 | 0x400 | 0x2000 | 0x4000 | 0x8000);
	put(224, 8);
	ok(t && !t->refusal(head), "ext4: the features of mke2fs are accepted");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put(rows[i].at, rows[i].value);
		ok(t && t->refusal(head), "%s", rows[i].name);
		put(rows[i].at, 0);
	}
	is_str(t ? t->data : "none", "errors=remount-ro", "ext4: an error does not stop the host");
}

int main(void)
{
	const struct image_type *t;

	ok(!probe(0, "", 1), "zeros are not a superblock");
	t = probe(0, "hsqs", 4);
	is_str(t ? t->name : "none", "squashfs", "the magic of squashfs");
	ok(t && !t->writable, "squashfs cannot be written");
	memcpy(head + 40, "\x00\x10\0\0\0\0\0", 8);
	ok(t && t->size(head) == 4096, "squashfs: the size is bytes_used");
	ok(!probe(0, "sqsh", 4), "squashfs of the other byte order is not known");
	t = probe(1024, "\xe2\xe1\xf5\xe0", 4);
	is_str(t ? t->name : "none", "erofs", "the magic of erofs");
	head[1024 + 12] = 12;
	head[1024 + 36] = 3;
	ok(t && t->size(head) == 3 * 4096,
	   "erofs: the size is the number of blocks of 1 << blkszbits");
	head[1024 + 12] = 200;
	ok(t && t->size(head) == 0, "erofs: blkszbits out of range gives no size");
	test_refused_erofs(t);
	t = probe(1080, "\x53\xef", 2);
	is_str(t ? t->name : "none", "ext4", "the magic of ext4");
	ok(t && t->writable, "ext4 can be written");
	head[1024 + 4] = 5;
	head[1024 + 24] = 2;
	ok(t && t->size(head) == 5 * 4096,
	   "ext4: the size is the number of blocks of 1024 << s_log_block_size");
	test_refused_ext4(t);
	return done();
}
