/* sha256.c - SHA-256 (FIPS 180-4), by the processor's own instructions if it has them. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <string.h>

/* Fractions of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotate_right(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void add_blocks_plain(uint32_t h[8], const unsigned char *at, size_t blocks)
{
	for (; blocks; blocks--, at += 64) {
		uint32_t w[64], v[8];

		for (int i = 0; i < 16; i++)
			w[i] = (uint32_t)at[4 * i] << 24 | (uint32_t)at[4 * i + 1] << 16 |
			       (uint32_t)at[4 * i + 2] << 8 | at[4 * i + 3];
		for (int i = 16; i < 64; i++) {
			uint32_t a = w[i - 15], b = w[i - 2];

			w[i] = w[i - 16] + w[i - 7] +
			       (rotate_right(a, 7) ^ rotate_right(a, 18) ^ a >> 3) +
			       (rotate_right(b, 17) ^ rotate_right(b, 19) ^ b >> 10);
		}
		memcpy(v, h, sizeof(v));
		for (int i = 0; i < 64; i++) {
			uint32_t e = v[4], a = v[0];
			uint32_t t1 =
				v[7] + round_constants[i] + w[i] + ((e & v[5]) ^ (~e & v[6])) +
				(rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25));
			uint32_t t2 =
				((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2])) +
				(rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22));

			memmove(v + 1, v, 7 * sizeof(*v));
			v[4] += t1;
			v[0] = t1 + t2;
		}
		for (int i = 0; i < 8; i++)
			h[i] += v[i];
	}
}

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

static bool has_instructions(void)
{
	unsigned a, b, c, d;
	enum { SSE41 = 1 << 19, SSSE3 = 1 << 9, SHA = 1 << 29 };

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & SSE41) || !(c & SSSE3))
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & SHA;
}

/* Does four rounds a turn; turn i also makes the message schedule of turn i + 4. */
__attribute__((target("sha,sse4.1,ssse3"))) static void add_blocks_fast(uint32_t h[8],
									const unsigned char *at,
									size_t blocks)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bULL, 0x0405060700010203ULL);
	__m128i abcd = _mm_loadu_si128((const void *)h), efgh = _mm_loadu_si128((void *)(h + 4));
	__m128i badc = _mm_shuffle_epi32(abcd, 0xb1), abef, cdgh;

	efgh = _mm_shuffle_epi32(efgh, 0x1b);
	abef = _mm_alignr_epi8(badc, efgh, 8);
	cdgh = _mm_blend_epi16(efgh, badc, 0xf0);
	for (; blocks; blocks--, at += 64) {
		__m128i abef_before = abef, cdgh_before = cdgh, w[4];

		for (int i = 0; i < 4; i++)
			w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const void *)(at + 16 * i)), swap);
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			__m128i k = _mm_loadu_si128((const void *)(round_constants + 4 * i)), now;

			now = w[i & 3];
			k = _mm_add_epi32(now, k);
			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0e));
			if (i >= 12)
				continue;
			now = _mm_sha256msg1_epu32(now, w[(i + 1) & 3]);
			now = _mm_add_epi32(now,
					    _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
			w[i & 3] = _mm_sha256msg2_epu32(now, w[(i + 3) & 3]);
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	badc = _mm_shuffle_epi32(abef, 0x1b);
	efgh = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((void *)h, _mm_blend_epi16(badc, efgh, 0xf0));
	_mm_storeu_si128((void *)(h + 4), _mm_alignr_epi8(efgh, badc, 8));
}

static void add_blocks(struct sha256 *s, const unsigned char *at, size_t blocks)
{
	(s->fast ? add_blocks_fast : add_blocks_plain)(s->h, at, blocks);
}

#else

static bool has_instructions(void)
{
	return false;
}

static void add_blocks(struct sha256 *s, const unsigned char *at, size_t blocks)
{
	add_blocks_plain(s->h, at, blocks);
}

#endif

void sha256_begin(struct sha256 *s)
{
	/* Fractions of the square roots of the first eight primes. */
	static const uint32_t begin[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

	memcpy(s->h, begin, sizeof(begin));
	s->len = 0;
	s->fast = has_instructions();
}

void sha256_add(struct sha256 *s, const void *data, size_t n)
{
	const unsigned char *at = data;
	size_t have = s->len % 64;

	s->len += n;
	if (have) {
		size_t take = n < 64 - have ? n : 64 - have;

		memcpy(s->block + have, at, take);
		at += take;
		n -= take;
		if (have + take < 64)
			return;
		add_blocks(s, s->block, 1);
	}
	add_blocks(s, at, n / 64);
	memcpy(s->block, at + n / 64 * 64, n % 64);
}

void sha256_end(struct sha256 *s, char hex[SHA256_HEX])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t bits = s->len * 8;
	unsigned char tail[72] = { 0x80 };
	size_t pad = (s->len % 64 < 56 ? 56 : 120) - s->len % 64;

	for (int i = 0; i < 8; i++)
		tail[pad + i] = bits >> (56 - 8 * i);
	sha256_add(s, tail, pad + 8);
	for (int i = 0; i < 64; i++)
		hex[i] = digits[s->h[i / 8] >> (28 - i % 8 * 4) & 15];
	hex[64] = 0;
}

void sha256_text(const void *text, size_t len, char hex[SHA256_HEX])
{
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, text, len);
	sha256_end(&s, hex);
}

#endif
