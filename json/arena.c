/* arena.c - memory that stays until the process ends. */
/* SPDX-License-Identifier: MIT */
#include "json/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Only touched pages cost memory, so blocks are large to keep mmap calls few. */
#define BLOCK ((size_t)256 << 10)
#define ALIGN _Alignof(max_align_t)

/*
 * Under AddressSanitizer a poisoned gap follows every piece, so that an access after its end is
 * reported. A block on the stack has no gaps, because the poison would stay after the frame ends.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
void __asan_poison_memory_region(void const volatile *p, size_t size);
void __asan_unpoison_memory_region(void const volatile *p, size_t size);
#define GAP 16

static void poison(char *p, size_t size)
{
	char *frame = __builtin_frame_address(0);

	if (p < frame || p > frame + (8 << 20))
		__asan_poison_memory_region(p, size);
}

static void unpoison(char *p, size_t size)
{
	__asan_unpoison_memory_region(p, size);
}
#else
#define GAP 0

static void poison(char *p, size_t size)
{
	(void)p, (void)size;
}

static void unpoison(char *p, size_t size)
{
	(void)p, (void)size;
}
#endif

void (*arena_oom)(void) = abort;

void arena_init(struct arena *a, void *block, size_t size)
{
	a->at = block;
	a->end = a->at + size;
	poison(a->at, size);
}

static char *align_up(char *p)
{
	return p + (-(uintptr_t)p & (ALIGN - 1));
}

static void no_memory(void)
{
	arena_oom();
	abort();
}

/* A new block that has room for size bytes. What is left of the old one is given up. */
static void grow(struct arena *a, size_t size)
{
	size_t want = size > BLOCK / 2 ? (size + 4095) & ~(size_t)4095 : BLOCK;
	void *p = mmap(NULL, want, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		no_memory();
	a->at = p;
	a->end = a->at + want;
	poison(a->at, want);
}

/* Takes size bytes at p, which is a->at or a little after it for alignment. */
static char *take_room(struct arena *a, char *p, size_t size)
{
	if (size > SIZE_MAX / 2)
		no_memory();
	if (p > a->end || size + GAP > (size_t)(a->end - p)) {
		grow(a, size + GAP);
		p = a->at;
	}
	a->at = p + size + GAP;
	unpoison(p, size);
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	char *p = align_up(a->at), *room;

	if (!size)
		size = 1;
	room = take_room(a, p, size);
	/* A block that the kernel has just given is zeroed. Any other may have been used before. */
	return room == p ? memset(room, 0, size) : room;
}

void *arena_more(struct arena *a, const void *at, size_t n, size_t more, size_t size)
{
	void *all = arena_alloc(a, (n + more) * size);

	return n ? memcpy(all, at, n * size) : all;
}

void *arena_grow(struct arena *a, const void *at, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return (void *)at;
	*room = *room ? *room * 2 : 16;
	return arena_more(a, at, n, *room - n, size);
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = take_room(a, a->at, len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *arena_join(struct arena *a, const char *first, const char *second)
{
	char *all = take_room(a, a->at, strlen(first) + strlen(second) + 1);

	strcpy(stpcpy(all, first), second);
	return all;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	char buf[256], *p;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (len < 0)
		len = 0, buf[0] = '\0';
	if ((size_t)len < sizeof(buf))
		return arena_strndup(a, buf, (size_t)len);
	p = take_room(a, a->at, (size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return p;
}
