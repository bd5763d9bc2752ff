/* stream_fuzz.c - any bytes as a compressed layer: reads of any size give the same bytes. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#include "tests/fuzz.h"

#include <sys/mman.h>

#define ENOUGH (256u << 10) /* bytes that each of both readings gives at most */
#define RATIO 200

struct result {
	char sum[SHA256_HEX];
	uint64_t out, taken;
	bool compressed;
};

/* Reads pieces of n bytes, or of a different size each time where n is 0. False: an error. */
static bool read_all(int fd, uint64_t at, uint64_t size, size_t n, struct result *r)
{
	static char buf[64 << 10];
	struct stream *s __cleanup(stream_close) = stream_open(fd, at, size, RATIO);
	struct sha256 sum;
	ssize_t got = 0;

	if (!s)
		return false;
	r->compressed = stream_compressed(s);
	sha256_begin(&sum);
	for (size_t step = 1; r->out < ENOUGH; step = step * 7 % 4093 + 1) {
		size_t want = n ? n : step;

		want = want < ENOUGH - r->out ? want : ENOUGH - r->out;
		got = stream_read(s, buf, want);
		if (got <= 0)
			break;
		must((size_t)got <= want && stream_taken(s) <= size);
		must((size_t)got == want || stream_read(s, buf, 0) == 0);
		sha256_add(&sum, buf, got);
		r->out += got;
	}
	r->taken = stream_taken(s);
	if (got < 0)
		return false;
	sha256_end(&sum, r->sum);
	/* After its end a stream gives no more bytes, and its own sum is that of what came out. */
	if (r->out < ENOUGH) {
		char own[SHA256_HEX];

		must(stream_read(s, buf, sizeof(buf)) == 0);
		stream_sum(s, own);
		must(!strcmp(own, r->sum));
	}
	return true;
}

/* The data lies between other bytes, as a blob in an archive does. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t other[4] = { 0x28, 0xb5, 0x2f, 0xfd };
	static int fd = -1;
	struct result large = { { 0 }, 0, 0, false }, small = large;
	bool good, also;

	if (size > 256 << 10)
		return 0;
	if (fd < 0)
		fd = memfd_create("layer", 0);
	must(!ftruncate(fd, 0) && pwrite(fd, other, 4, 0) == 4 &&
	     pwrite(fd, data, size, 4) == (ssize_t)size &&
	     pwrite(fd, other, 4, (off_t)size + 4) == 4);
	good = read_all(fd, 4, size, 64 << 10, &large);
	also = read_all(fd, 4, size, 0, &small);
	/* Only one of the two readings may get as far as an error after ENOUGH. */
	if (large.out == ENOUGH || small.out == ENOUGH)
		return 0;
	must(good == also);
	if (good)
		must(large.out == small.out && !strcmp(large.sum, small.sum));
	if (good && !large.compressed)
		must(large.out == size);
	return 0;
}
