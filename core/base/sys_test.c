/* sys_test.c - the version of the kernel is that of uname(2). */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"

#include <stdio.h>
#include <sys/utsname.h>

int main(void)
{
	unsigned version = sys_version(), major = 0, minor = 0;
	struct utsname u;

	ok(!uname(&u) && sscanf(u.release, "%u.%u", &major, &minor) == 2,
	   "uname(2) gives the version of the kernel");
	/* An emulator of another processor has a vDSO of its own. */
	ok(!version || tap_qemu_user() || version >> 8 == (major << 8 | minor),
	   "sys_version is that of uname(2), or 0");
	return done();
}
