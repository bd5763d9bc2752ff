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
	ok(t && t->size(head) == 0, "a shift that is none");
	t = probe(1080, "\x53\xef", 2);
	is_str(t ? t->name : "none", "ext4", "ext4");
	ok(t && t->writable, "it can be written");
	head[1024 + 4] = 5;
	head[1024 + 24] = 2;
	ok(t && t->size(head) == 5 * 4096, "blocks of 1024 << log");
	return done();
}
