/* image_test.c - which filesystem a superblock belongs to, and how long it says it is. */
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

static void asks_erofs(const struct image_type *t)
{
	put(80, 0x8);
	ok(t && !t->asks(head), "erofs: the host lacks a second compression");
	put(86, 1);
	ok(t && t->asks(head), "erofs: a device table");
	put(80, 0x7);
	ok(t && !t->asks(head), "erofs: without its bit the number means nothing");
}

static void asks_ext4(const struct image_type *t)
{
	static const struct {
		size_t at;
		unsigned value;
		const char *name;
	} rows[] = {
		{ 228, 0x801, "ext4: the number of a journal device" },
		{ 96, 0x8, "ext4: it is a journal device" },
		{ 96, 0x100, "ext4: multiple mount protection" },
		{ 96, 0x10000, "ext4: encryption" },
		{ 512, 'j', "ext4: mount options" },
	};

	put(96, 0x2c2 | 0x400 | 0x2000 | 0x4000 | 0x8000);
	put(224, 8);
	ok(t && !t->asks(head), "ext4: what mke2fs makes is taken");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put(rows[i].at, rows[i].value);
		ok(t && t->asks(head), "%s", rows[i].name);
		put(rows[i].at, 0);
	}
	is_str(t ? t->data : "none", "errors=remount-ro", "ext4: an error never stops the host");
}

int main(void)
{
	const struct image_type *t;

	ok(!probe(0, "", 1), "zeros are nothing");
	t = probe(0, "hsqs", 4);
	is_str(t ? t->name : "none", "squashfs", "squashfs");
	ok(t && !t->writable, "it cannot be written");
	memcpy(head + 40, "\x00\x10\0\0\0\0\0", 8);
	ok(t && t->size(head) == 4096, "bytes_used");
	ok(!probe(0, "sqsh", 4), "the other byte order is not mounted by any kernel of today");
	t = probe(1024, "\xe2\xe1\xf5\xe0", 4);
	is_str(t ? t->name : "none", "erofs", "erofs");
	head[1024 + 12] = 12;
	head[1024 + 36] = 3;
	ok(t && t->size(head) == 3 * 4096, "blocks of 1 << blkszbits");
	head[1024 + 12] = 200;
	ok(t && t->size(head) == 0, "a shift that is out of range");
	asks_erofs(t);
	t = probe(1080, "\x53\xef", 2);
	is_str(t ? t->name : "none", "ext4", "ext4");
	ok(t && t->writable, "it can be written");
	head[1024 + 4] = 5;
	head[1024 + 24] = 2;
	ok(t && t->size(head) == 5 * 4096, "blocks of 1024 << log");
	asks_ext4(t);
	return done();
}
