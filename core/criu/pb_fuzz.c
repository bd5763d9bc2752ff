/* pb_fuzz.c - any bytes are read as a response of CRIU, or are refused. */
/* SPDX-License-Identifier: MIT */
#include "core/criu/criu.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char block[1 << 20];
	struct criu_resp r = { 0 };
	struct arena a;

	/* CRIU's messages are never larger than what the runtime reads. */
	if (size > 40960)
		return 0;
	arena_init(&a, block, sizeof(block));
	if (!pb_read(&a, &criu_resp_type, data, size, &r) && r.notify.script &&
	    strlen(r.notify.script) > size)
		__builtin_trap();
	return 0;
}
