/* network_test.c - names of the machine's ends of containers' networks. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include "tests/tap.h"

#include <string.h>

static const char *outside(const char *name)
{
	static char out[2][16];
	static int n;

	n = !n;
	network_outside(name, out[n]);
	return out[n];
}

int main(void)
{
	ok(!strcmp(outside("net"), "ve-net"), "a short name");
	ok(!strcmp(outside("twelve-bytes"), "ve-twelve-bytes"), "the longest that fits");
	ok(strlen(outside("thirteen-byte")) < 16 && !strncmp(outside("thirteen-byte"), "vh-", 3),
	   "a longer one becomes a number");
	ok(strcmp(outside("a-long-name-of-one"), outside("a-long-name-of-two")) != 0,
	   "which differs for names that begin alike");
	return done();
}
