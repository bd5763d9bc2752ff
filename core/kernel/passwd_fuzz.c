/* passwd_fuzz.c - reads any etc/passwd and any superblock of an image. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include "tests/fuzz.h"

#define DIR "build/fuzz/passwd-root"

/* In the build folder, because the fuzzer is killed and cannot remove it. */
static int file_of(int *root)
{
	int fd;

	mkdir(DIR, 0755);
	mkdir(DIR "/etc", 0755);
	*root = open(DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = open(DIR "/etc/passwd", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(*root >= 0 && fd >= 0);
	return fd;
}

static void look_at_image(const uint8_t *data, size_t size)
{
	unsigned char head[IMAGE_HEAD] = { 0 };
	const struct image_type *type;

	memcpy(head, data, size < sizeof(head) ? size : sizeof(head));
	type = image_probe(head);
	if (type)
		type->size(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int root = -1, fd = -1;
	struct arena a;
	const char *home;

	if (size > 1 << 14)
		return 0;
	if (fd < 0)
		fd = file_of(&root);
	fuzz_begin(&a);
	look_at_image(data, size);
	must(!ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size);
	for (uint32_t uid = 0; uid < 2000; uid = uid * 10 + 1) {
		home = cred_home(&a, root, uid);
		must(!home ||
		     (*home && !strpbrk(home, ":\n") && memmem(data, size, home, strlen(home))));
	}
	fuzz_end(&a);
	return 0;
}
