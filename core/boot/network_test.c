/* network_test.c - the name of the machine's end of a container's network pair. */
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
	ok(!strcmp(outside("net"), "ve-net"), "a short name of a container is in it");
	ok(!strcmp(outside("twelve-bytes"), "ve-twelve-bytes"), "so is a name of twelve bytes");
	ok(strlen(outside("thirteen-byte")) < 16 && !strncmp(outside("thirteen-byte"), "vh-", 3),
	   "a longer name becomes a number");
	ok(strcmp(outside("a-long-name-of-one"), outside("a-long-name-of-two")) != 0,
	   "the numbers of two long names differ");
	return done();
}
