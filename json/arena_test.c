/* arena_test.c - alignment, zeroing, growth and exhaustion of the arena. */
/* SPDX-License-Identifier: MIT */
#include "tests/tap.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdlib.h>

static char block[4096];
static jmp_buf out_of_memory;

static void on_oom(void)
{
	longjmp(out_of_memory, 1);
}

static bool is_zero(const char *p, size_t n)
{
	while (n && !*p)
		p++, n--;
	return !n;
}

int main(void)
{
	struct arena a;
	char *p, *q;
	bool aligned = true, zeroed = true;

	memset(block, 0xff, sizeof(block));
	arena_init(&a, block, sizeof(block));
	p = arena_alloc(&a, 1);
	ok(p >= block && p < block + sizeof(block), "the first piece lies in the caller's block");
	ok(!*p, "a used block is zeroed");
	ok(arena_alloc(&a, 0) != arena_alloc(&a, 0), "size 0 gives unique pointers");
	for (size_t i = 1; i < 2000; i++) {
		p = arena_alloc(&a, i);
		aligned &= (uintptr_t)p % _Alignof(max_align_t) == 0;
		zeroed &= is_zero(p, i);
		memset(p, 0xee, i);
	}
	ok(aligned, "2000 pieces over many blocks are aligned");
	ok(zeroed, "2000 pieces over many blocks are zeroed");
	p = arena_alloc(&a, 3 << 20);
	memset(p, 1, 3 << 20);
	ok(p[(3 << 20) - 1] == 1, "a piece may be larger than a block");

	q = arena_strdup(&a, "one");
	is_str(arena_strdup(&a, "two"), "two", "arena_strdup copies the text");
	is_str(q, "one", "pieces do not overlap");
	is_str(arena_strndup(&a, "three", 2), "th", "arena_strndup copies the first bytes");
	is_str(arena_printf(&a, "%s-%d", "x", 7), "x-7", "arena_printf writes a short text");
	is_str(arena_join(&a, "/a", "/b"), "/a/b", "arena_join writes one text after the other");
	is_str(arena_join(&a, "", ""), "", "arena_join of empty texts");
	p = arena_printf(&a, "%0*d", 5000, 7);
	ok(strlen(p) == 5000 && p[4999] == '7',
	   "arena_printf writes a text longer than its buffer");

	q = arena_more(&a, "abc", 3, 2, 1);
	ok(!memcmp(q, "abc\0\0", 5), "arena_more adds zeroed room to a copy");
	q = arena_more(&a, NULL, 0, 2, 1);
	ok(!memcmp(q, "\0\0", 2), "arena_more gives zeroed room without a copy");

	arena_oom = on_oom;
	if (!setjmp(out_of_memory)) {
		arena_alloc(&a, SIZE_MAX - 8);
		ok(0, "a size that overflows calls arena_oom");
	} else {
		ok(1, "a size that overflows calls arena_oom");
	}
	if (!setjmp(out_of_memory)) {
		arena_alloc(&a, SIZE_MAX / 2);
		ok(0, "a size that mmap refuses calls arena_oom");
	} else {
		ok(1, "a size that mmap refuses calls arena_oom");
	}
	return done();
}
