/* source_fuzz.c - any bytes as an archive of an image: list it, and look for one. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#include "tests/fuzz.h"

#include <stdio.h>
#include <sys/mman.h>

static int each(const struct listed *l, void *arg)
{
	return l->digest ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct source s = SOURCE_INIT;
	struct oci_image image = { 0 };
	struct wanted want = { 0 };
	struct arena a;
	char path[FD_PATH_MAX];

	if (size > 256 << 10)
		return 0;
	if (fd < 0)
		fd = memfd_create("archive", 0);
	must(!ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size);
	fuzz_begin(&a);
	if (!source_open(&a, path_of_fd(path, fd), "/tmp", (struct image_limits){ 0 }, &s)) {
		image_list(&s, each, NULL);
		if (!image_find(&s, &want, &image))
			must(digest_valid(image.digest) &&
			     image.config.rootfs.diff_ids.n == image.manifest.layers.n);
	}
	source_close(&s);
	return 0;
}
