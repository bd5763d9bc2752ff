/* mount_test.c - where below /proc something may be mounted. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/mount.h"
#include "tests/tap.h"

static const struct {
	const char *path;
	bool good;
} rows[] = {
	{ "/", true },
	{ "/proc", true }, /* only a procfs: asked elsewhere */
	{ "/process", true },
	{ "/procx/self/attr", true },
	{ "/a/proc/self/attr", true },
	{ "/sys/kernel", true },
	{ "/proc/cpuinfo", true },
	{ "/proc/diskstats", true },
	{ "/proc/meminfo", true },
	{ "/proc/stat", true },
	{ "/proc/swaps", true },
	{ "/proc/uptime", true },
	{ "/proc/loadavg", true },
	{ "/proc/slabinfo", true },
	{ "/proc/sys/kernel/ns_last_pid", true },
	{ "/proc/sys/crypto/fips_enabled", true },
	{ "/proc/", false },
	{ "/proc/self", false },
	{ "/proc/self/attr", false },
	{ "/proc/self/attr/exec", false },
	{ "/proc/thread-self", false },
	{ "/proc/1", false },
	{ "/proc/sys", false },
	{ "/proc/sys/kernel", false },
	{ "/proc/sys/kernel/core_pattern", false },
	{ "/proc/cpuinfo/x", false },
	{ "/proc/cpuinfox", false },
	{ "/proc/cpuinf", false },
	{ "/proc/kcore", false },
	{ "/proc/sysrq-trigger", false },
};

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ok(mount_proc_target_ok(rows[i].path) == rows[i].good, "%s on %s",
		   rows[i].good ? "a mount" : "no mount", rows[i].path);
	return done();
}
