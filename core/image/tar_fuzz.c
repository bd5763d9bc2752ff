/* tar_fuzz.c - any bytes as a tar archive: every entry keeps within its bounds. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#include "tests/fuzz.h"

struct text {
	const uint8_t *at;
	size_t left;
};

static ssize_t text_read(void *from, void *buf, size_t n)
{
	struct text *t = from;

	n = n < t->left ? n : t->left;
	memcpy(buf, t->at, n);
	t->at += n;
	t->left -= n;
	return (ssize_t)n;
}

static void take_entry(struct tar *t)
{
	const struct tar_entry *e = &t->e;
	uint64_t at, end = 0;
	char buf[700];
	ssize_t n;

	must(strlen(e->path) < TAR_NAME_MAX && strlen(e->link) < TAR_NAME_MAX);
	must(e->xattrs_n <= TAR_XATTRS_MAX && e->parts_n <= TAR_HOLES_MAX);
	must(e->mtime.tv_nsec >= 0 && e->mtime.tv_nsec < 1000000000);
	for (size_t i = 0; i < e->xattrs_n; i++)
		must(e->xattrs[i].len <= TAR_EXT_MAX && *e->xattrs[i].name != '=');
	while ((n = tar_data(t, buf, sizeof(buf), &at)) > 0) {
		must(at >= end && at + (uint64_t)n <= e->size);
		end = at + (uint64_t)n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tar t;
	struct text from = { data, size };
	struct arena a;

	fuzz_begin(&a);
	t = (struct tar){ .read = text_read, .from = &from };
	tar_begin(&a, &t);
	while (tar_next(&t) > 0)
		take_entry(&t);
	fuzz_end(&a);
	return 0;
}
