/* sort.c - qsort(3) as a heap sort: never worse than n log n, whatever comes in. */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdlib.h>

/* musl's is 2.2 KB. */
#ifndef __GLIBC__
struct heap {
	char *at;
	size_t size;
	int (*compare)(const void *, const void *);
};

static void swap(const struct heap *h, size_t i, size_t k)
{
	char *a = h->at + i * h->size, *b = h->at + k * h->size;

	for (size_t n = 0; n < h->size; n++) {
		char c = a[n];

		a[n] = b[n];
		b[n] = c;
	}
}

/* The one at top goes down until none of the n - top after it that hang on it is greater. */
static void sink(const struct heap *h, size_t top, size_t n)
{
	for (size_t k; (k = top * 2 + 1) < n; top = k) {
		if (k + 1 < n && h->compare(h->at + k * h->size, h->at + (k + 1) * h->size) < 0)
			k++;
		if (h->compare(h->at + top * h->size, h->at + k * h->size) >= 0)
			return;
		swap(h, top, k);
	}
}

void qsort(void *at, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	struct heap h = { at, size, compare };

	for (size_t top = n / 2; top > 0; top--)
		sink(&h, top - 1, n);
	while (n > 1) {
		swap(&h, 0, --n);
		sink(&h, 0, n);
	}
}
#endif
