/* malloc.c - malloc(3) in an arena, where no library needs a better one. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "core/base/with.h"

#include <stdlib.h>
#include <string.h>

/*
 * musl's is 8.5 KB. Without libseccomp, zlib and libzstd all that asks for memory is opendir(3) and
 * a few short lists: pieces of 32 bytes and twice as much each time, kept for the next that asks.
 */
#if !WITH_SECCOMP && !WITH_UNPACK && !defined(__GLIBC__)
union piece {
	struct {
		unsigned kind;
		union piece *next;
	};
	max_align_t align;
};

static struct arena heap;
static union piece *kept[8 * sizeof(size_t)];

static size_t room(const union piece *p)
{
	return ((size_t)32 << p->kind) - sizeof(*p);
}

void *malloc(size_t size)
{
	union piece *p;
	unsigned kind = 0;

	if (size > SIZE_MAX / 4) {
		errno = ENOMEM;
		return NULL;
	}
	while ((size_t)32 << kind < size + sizeof(*p))
		kind++;
	p = kept[kind];
	if (p)
		kept[kind] = p->next;
	else
		p = arena_alloc(&heap, (size_t)32 << kind);
	p->kind = kind;
	return p + 1;
}

void free(void *at)
{
	union piece *p = at;

	if (!p--)
		return;
	p->next = kept[p->kind];
	kept[p->kind] = p;
}

void *calloc(size_t n, size_t size)
{
	void *p;

	if (__builtin_mul_overflow(n, size, &size))
		size = SIZE_MAX;
	p = malloc(size);
	return p ? memset(p, 0, size) : NULL;
}

void *realloc(void *at, size_t size)
{
	union piece *p = at;
	void *more;

	if (p && size <= room(p - 1))
		return at;
	more = malloc(size);
	if (!more || !p)
		return more;
	memcpy(more, at, room(p - 1));
	free(at);
	return more;
}
#endif
