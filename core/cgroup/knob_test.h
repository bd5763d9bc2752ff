/* knob_test.h - what tests read from the files of a cgroup. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CGROUP_KNOB_TEST_H
#define CORE_CGROUP_KNOB_TEST_H

#include "core/cgroup/impl.h"
#include "tests/tap.h"

static struct arena arena;

static void print_line(enum log_level level, const char *text)
{
	printf("# log: %s\n", text);
}

/* The first line of a file of ctl, which has another name on v1 and v2. "?": it cannot be read. */
static const char *read_knob(struct cgroup *cg, enum ctl ctl, const char *v1, const char *v2)
{
	struct cg_dir *d = cg_dir_of(cg, ctl);
	static char buf[4096];

	if (!d || cg_dir_read(d, d->v2 ? v2 : v1, buf, sizeof(buf)) < 0)
		return "?";
	buf[strcspn(buf, "\n")] = 0;
	return buf;
}

#endif
