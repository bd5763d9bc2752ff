/* tiny.c - the smallest container program: exits with 0 and touches nothing. */
/* SPDX-License-Identifier: MIT */
/* cflags: -nostdlib -ffreestanding -fno-pie -no-pie -fno-stack-protector */
/* cflags: -fno-asynchronous-unwind-tables -Wl,--build-id=none -Wl,-z,noseparate-code */

/* Measurements and fault tests need a payload with nearly no system calls and memory of its own:
 * there is no start of a libc, and one call. */
void _start(void);

void _start(void)
{
#if defined(__x86_64__)
	__asm__ volatile("mov $60, %eax; xor %edi, %edi; syscall");
#elif defined(__i386__)
	__asm__ volatile("mov $1, %eax; xor %ebx, %ebx; int $0x80");
#elif defined(__aarch64__)
	__asm__ volatile("mov x8, #93; mov x0, #0; svc #0");
#elif defined(__arm__)
	__asm__ volatile("mov r7, #1; mov r0, #0; svc #0");
#elif defined(__riscv)
	__asm__ volatile("li a7, 93; li a0, 0; ecall");
#else
#error "tiny.c: write the exit call of this machine"
#endif
	__builtin_unreachable();
}
