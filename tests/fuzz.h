/* fuzz.h - for all fuzzers: memory that a short input must not exceed, and claims. */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "json/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An arena in here maps nothing: blocks would stay mapped, and the fuzzer would exhaust memory. */
static char fuzz_block[8 << 20];

static inline void must(bool good)
{
	if (!good)
		abort();
}

static inline void fuzz_begin(struct arena *a)
{
	arena_init(a, fuzz_block, sizeof(fuzz_block));
}

/* If a few kilobytes of input take megabytes, some code takes memory by the square of a length. */
static inline void fuzz_end(const struct arena *a)
{
	must(a->at >= fuzz_block && a->at <= fuzz_block + sizeof(fuzz_block));
}

#endif
