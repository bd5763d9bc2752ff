/* globals.c - what every verb shares: the arena, the options before the verb, standard output. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <stdio.h>

struct globals globals = { .log_fd = STDERR_FILENO };
struct arena arena;

int applet_print(const char *text, size_t len)
{
	if (fwrite(text, 1, len, stdout) != len || fflush(stdout))
		return fail("write to standard output");
	return 0;
}
