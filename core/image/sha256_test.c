/* sha256_test.c - the vectors of FIPS 180-4 and NIST's CAVP, by both implementations. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#include "tests/tap.h"

#include <string.h>

#if WITH_UNPACK

static const struct {
	const char *text; /* hexadecimal bytes */
	const char *sum;
} vectors[] = {
	/* SHA256ShortMsg.rsp */
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "d3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1" },
	{ "11af", "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98" },
	/* FIPS 180-4: "abc", and the text of two blocks */
	{ "616263", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "6162636462636465636465666465666765666768666768696768696a68696a6b"
	  "696a6b6c6a6b6c6d6b6c6d6e6c6d6e6f6d6e6f706e6f7071",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static size_t from_hex(const char *hex, unsigned char *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < 2 * n; i++) {
		unsigned digit = hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10;

		out[i / 2] = i % 2 ? out[i / 2] | digit : digit << 4;
	}
	return n;
}

static void all(bool plain)
{
	const char *how = plain ? "in C" : "by the processor's instructions";
	char hex[SHA256_HEX], block[1000], whole[SHA256_HEX];
	unsigned char text[256];
	struct sha256 s;
	bool same = true;

	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		sha256_begin(&s);
		s.fast &= !plain;
		sha256_add(&s, text, from_hex(vectors[i].text, text));
		sha256_end(&s, hex);
		ok(!strcmp(hex, vectors[i].sum), "vector %zu, %s", i, how);
	}
	memset(block, 'a', sizeof(block));
	sha256_begin(&s);
	s.fast &= !plain;
	for (int i = 0; i < 1000; i++)
		sha256_add(&s, block, sizeof(block));
	sha256_end(&s, hex);
	ok(!strcmp(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
	   "a million times a, %s", how);
	for (size_t len = 0; len < 200; len++)
		for (size_t cut = 0; cut <= len; cut += 7) {
			sha256_begin(&s);
			sha256_add(&s, block, len);
			sha256_end(&s, whole);
			sha256_begin(&s);
			s.fast &= !plain;
			sha256_add(&s, block, cut);
			sha256_add(&s, block, len - cut);
			sha256_end(&s, hex);
			same &= !strcmp(hex, whole);
		}
	ok(same, "two parts give the same sum as one, %s", how);
}

int main(void)
{
	all(false);
	all(true);
	return done();
}

#else

int main(void)
{
	return done();
}

#endif
