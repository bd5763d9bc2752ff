/* one-more.c - linked into the program, it makes one system call more. */
/* SPDX-License-Identifier: MIT */
#include <unistd.h>

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

int __wrap_main(int argc, char **argv)
{
	getppid();
	return __real_main(argc, argv);
}
