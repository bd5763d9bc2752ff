/* exe_fuzz.c - any head of a program that could not be executed is explained. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <stdio.h>
#include <sys/mman.h>

#include "tests/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int reasons[] = { ENOENT, ENOEXEC, EACCES };
	static int fd = -1;
	char path[32];

	if (fd < 0)
		fd = memfd_create("program", MFD_CLOEXEC);
	must(fd >= 0 && !ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		errno = reasons[i];
		must(exe_fail(path) == -1 && err_num() == reasons[i]);
		must(!strncmp(err_text(), "exec /proc/self/fd/", 19));
		err_clear("explained");
	}
	return 0;
}
