/* limits_test.c - limits that a child sets and reads again. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/claim_test.h"

#include <sys/personality.h>
#include <sys/resource.h>

static int rlimits(void)
{
	struct oci_rlimit rows[] = { { RLIMIT_NOFILE, 100, 200 }, { RLIMIT_CORE, 0, 0 } };
	struct oci_process p = { .rlimits = { rows, 2 } };
	struct rlimit got;

	WANT(!limits_rlimits(0, &p, false));
	WANT(!getrlimit(RLIMIT_NOFILE, &got) && got.rlim_cur == 100 && got.rlim_max == 200);
	WANT(!getrlimit(RLIMIT_CORE, &got) && got.rlim_cur == 0 && got.rlim_max == 0);
	return 0;
}

static int rlimit_of_another(void)
{
	struct oci_rlimit row = { RLIMIT_CPU, 12345, UINT64_MAX };
	struct oci_process p = { .rlimits = { &row, 1 } };
	int fds[2], status;
	char c = 0;
	pid_t pid;
	struct rlimit got;

	WANT(!getrlimit(RLIMIT_CPU, &got));
	if (got.rlim_max != RLIM_INFINITY)
		return CLAIM_SKIP;
	WANT(!pipe(fds));
	pid = fork();
	if (!pid) {
		(void)!read(fds[0], &c, 1);
		_exit(!(!getrlimit(RLIMIT_CPU, &got) && got.rlim_cur == 12345 &&
			got.rlim_max == RLIM_INFINITY));
	}
	WANT(!limits_rlimits(pid, &p, false));
	WANT(write(fds[1], &c, 1) == 1);
	WANT(waitpid(pid, &status, 0) == pid && status == 0);
	WANT(!getrlimit(RLIMIT_CPU, &got) && got.rlim_cur != 12345);
	return 0;
}

static int rlimit_refused(void)
{
	struct oci_rlimit row = { RLIMIT_NOFILE, 300, 200 };
	struct oci_process p = { .rlimits = { &row, 1 } };

	WANT(limits_rlimits(0, &p, false) < 0 && err_num() == EINVAL);
	WANT(strstr(err_text(), "RLIMIT_NOFILE to soft 300, hard 200"));
	return 0;
}

static int affinity(void)
{
	cpu_set_t set;

	WANT(!limits_affinity(0, " ,0, ,"));
	WANT(!sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) == 1 &&
	     CPU_ISSET(0, &set));
	WANT(!limits_affinity(0, NULL));
	WANT(!sched_getaffinity(0, sizeof(set), &set));
	WANT(CPU_COUNT(&set) == sysconf(_SC_NPROCESSORS_ONLN));
	WANT(!limits_affinity(0, "0-8191"));
	WANT(!sched_getaffinity(0, sizeof(set), &set));
	WANT(CPU_COUNT(&set) == sysconf(_SC_NPROCESSORS_ONLN));
	return 0;
}

static int bad_lists(void)
{
	static const char *const lists[] = {
		"a",	"0-",	"-1",	  "3-1", "0 1",
		"0--1", "8192", "0-8192", "0x1", "99999999999999999999",
		"1.5",	"0;1"
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		err_clear("next");
		if (limits_affinity(0, lists[i]) >= 0 || !strstr(err_text(), "is not a list")) {
			fprintf(stderr, "# %s: %s\n", lists[i], err_text());
			return 1;
		}
	}
	/* The kernel refuses a list without CPUs. */
	WANT(limits_affinity(0, "") < 0 && err_num() == EINVAL);
	return 0;
}

static int scheduler(void)
{
	int flags[] = { 1 };
	struct oci_scheduler s = { .policy = SCHED_BATCH, .nice = 5, .flags = { flags, 1 } };

	WANT(!limits_scheduler(0, &s));
	WANT(syscall(SYS_sched_getscheduler, 0) == (SCHED_BATCH | 0x40000000));
	WANT(getpriority(PRIO_PROCESS, 0) == 5);
	s = (struct oci_scheduler){ .policy = SCHED_FIFO, .priority = 200 };
	WANT(limits_scheduler(0, &s) < 0 && strstr(err_text(), "SCHED_FIFO"));
	return 0;
}

static int io_priority(void)
{
	struct oci_io_priority p = { .class = 2, .priority = 6 };

	WANT(!limits_io_priority(&p));
	WANT(syscall(SYS_ioprio_get, 1, 0) == (2 << 13 | 6));
	p.priority = 8;
	/* Since 6.5 the kernel takes numbers above 7 as hints, so a bad class is tried. */
	p.class = 7;
	WANT(limits_io_priority(&p) < 0);
	return 0;
}

static int memory_policy(void)
{
	struct oci_memory_policy m = { .mode = 2, .nodes = "0" };
	unsigned long mask[1024 / (8 * sizeof(long))];
	int mode, rc;

	rc = limits_memory_policy(&m);
	if (rc < 0 && err_num() == ENOSYS)
		return CLAIM_SKIP;
	WANT(!rc);
	WANT(!syscall(SYS_get_mempolicy, &mode, mask, 1024, NULL, 0) && mode == 2 && mask[0] == 1);
	m = (struct oci_memory_policy){ .mode = 0, .nodes = "" };
	WANT(!limits_memory_policy(&m));
	WANT(!syscall(SYS_get_mempolicy, &mode, mask, 1024, NULL, 0) && mode == 0);
	m = (struct oci_memory_policy){ .mode = 2, .nodes = "0-1024" };
	WANT(limits_memory_policy(&m) < 0 && strstr(err_text(), "memoryPolicy.nodes"));
	return 0;
}

static int personality32(void)
{
	struct oci_personality p = { .domain = 8 };

	WANT(!limits_personality(&p));
	WANT(personality(0xffffffff) == 8);
	return 0;
}

int main(void)
{
	static const struct claim claims[] = {
		{ "rlimits of the calling process are set", rlimits, false },
		{ "rlimits of another process are set, with an unlimited hard limit",
		  rlimit_of_another, false },
		{ "the error for a refused rlimit has its name and values", rlimit_refused, false },
		{ "CPU affinity: a list, all CPUs, more than exist", affinity, false },
		{ "a bad list of CPUs is refused", bad_lists, false },
		{ "scheduler and nice value are set", scheduler, false },
		{ "I/O priority is set", io_priority, false },
		{ "memory policy is set", memory_policy, false },
		{ "personality is set", personality32, false },
	};

	claims_try(claims, ARRAY_SIZE(claims));
	return done();
}
