/* without.h - simulates an older kernel in a unit test: a system call is missing from here on. */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_WITHOUT_H
#define TESTS_WITHOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>

/* Makes the call fail with num from here on (seccomp(2)). False: filters are not possible here. */
static inline bool without(int call, int num)
{
	struct {
		uint16_t code;
		uint8_t yes, no;
		uint32_t k;
	} code[] = {
		{ 0x20, 0, 0, 0 }, /* load the number of the call */
		{ 0x15, 0, 1, call }, /* the one? */
		{ 0x06, 0, 0, 0x00050000u | num }, /* SECCOMP_RET_ERRNO */
		{ 0x06, 0, 0, 0x7fff0000u }, /* SECCOMP_RET_ALLOW */
	};
	struct {
		unsigned short len;
		void *code;
	} prog = { sizeof(code) / sizeof(*code), code };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, 2, &prog, 0, 0);
}

#endif
