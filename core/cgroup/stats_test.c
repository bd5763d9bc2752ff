/* stats_test.c - statistics of both versions, read from files that the test makes. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"
#include "tests/tap.h"

#include <stdlib.h>

static struct arena arena;

struct file {
	const char *name, *text;
};

/* Makes a directory with these files, which plays a cgroup. */
static const char *fake(const struct file *files, size_t n)
{
	char *dir = arena_strdup(&arena, "/tmp/ocibox-stats-XXXXXX");

	if (!mkdtemp(dir))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		int fd = openat(AT_FDCWD, arena_printf(&arena, "%s/%s", dir, files[i].name),
				O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		if (fd < 0 || fd_write_all(fd, files[i].text, strlen(files[i].text)) < 0)
			return NULL;
		close(fd);
	}
	return dir;
}

static void unfake(const char *dir, const struct file *files, size_t n)
{
	for (size_t i = 0; i < n; i++)
		unlink(arena_printf(&arena, "%s/%s", dir, files[i].name));
	rmdir(dir);
}

/* The statistics of dir as JSON. keys: the controllers that dir has, then NULL. */
static struct json *stats(const char *dir, const char *const *keys)
{
	struct json_pair paths[16];
	struct oci_state state = { .cgroup_paths = { paths, 0 } };
	struct json_out o = { .arena = &arena };
	struct json_error error;
	struct cgroup_stats s;
	struct cgroup *cg;

	for (; *keys; keys++)
		paths[state.cgroup_paths.n++] = (struct json_pair){ *keys, dir };
	if (cgroup_load(&arena, &state, &cg) < 0 || cgroup_stats(cg, &arena, &s) < 0)
		return NULL;
	json_open(&o, NULL, '{');
	cgroup_stats_put(&o, &s);
	json_close(&o, '}');
	return json_parse(&arena, arena_strndup(&arena, o.buf, o.len), o.len, &error);
}

static void check(struct json *tree, const char *pointer, const char *want)
{
	struct json_out o = { .arena = &arena };
	struct json *at = json_pointer(tree, pointer);

	if (at)
		json_write_tree(&o, at);
	is_str(at ? arena_strndup(&arena, o.buf, o.len) : NULL, want, "%s", pointer);
}

static void test_v1(void)
{
	static const struct file files[] = {
		{ "cpuacct.usage", "123456\n" },
		{ "cpuacct.stat", "user 3\nsystem 4\n" },
		{ "cpuacct.usage_percpu", "100 23356 \n" },
		{ "cpuacct.usage_all", "cpu user system\n0 60 40\n1 20000 3356\n" },
		{ "cpu.stat", "nr_periods 7\nnr_throttled 2\nthrottled_time 99\n" },
		{ "cpuset.cpus", "0-1,3\n" },
		{ "cpuset.mems", "0\n" },
		{ "cpuset.sched_load_balance", "1\n" },
		{ "cpuset.sched_relax_domain_level", "-1\n" },
		{ "memory.stat",
		  "cache 4096\nrss 8192\nhierarchical_memory_limit 9223372036854771712\n" },
		{ "memory.usage_in_bytes", "12288\n" },
		{ "memory.limit_in_bytes", "9223372036854771712\n" },
		{ "memory.max_usage_in_bytes", "16384\n" },
		{ "memory.failcnt", "3\n" },
		{ "memory.memsw.usage_in_bytes", "20480\n" },
		{ "pids.current", "2\n" },
		{ "pids.max", "max\n" },
		{ "blkio.bfq.io_serviced_recursive", "Total 0\n" },
		{ "blkio.throttle.io_serviced_recursive",
		  "8:0 Read 5\n8:0 Write 6\n8:0 Total 11\nTotal 11\n" },
		{ "blkio.time_recursive", "8:16 77\n" },
	};
	static const char *const keys[] = { "cpu",  "cpuacct", "cpuset", "memory",
					    "pids", "blkio",   NULL };
	const char *dir = fake(files, ARRAY_SIZE(files));
	struct json *t = dir ? stats(dir, keys) : NULL;

	ok(t != NULL, "v1 statistics are JSON");
	check(t, "/cpu/usage",
	      "{\"total\":123456,\"percpu\":[100,23356],\"percpu_kernel\":[40,3356],"
	      "\"percpu_user\":[60,20000],\"kernel\":40000000,\"user\":30000000}");
	check(t, "/cpu/throttling", "{\"periods\":7,\"throttledPeriods\":2,\"throttledTime\":99}");
	check(t, "/cpuset/cpus", "[0,1,3]");
	check(t, "/cpuset/sched_relax_domain_level", "-1");
	check(t, "/cpuset/sched_load_balance", "1");
	check(t, "/memory/cache", "4096");
	check(t, "/memory/usage",
	      "{\"limit\":9223372036854771712,\"usage\":12288,\"max\":16384,\"failcnt\":3}");
	check(t, "/memory/swap", "{\"limit\":0,\"usage\":20480,\"failcnt\":0}");
	check(t, "/memory/raw",
	      "{\"cache\":4096,\"rss\":8192,\"hierarchical_memory_limit\":9223372036854771712}");
	check(t, "/pids", "{\"current\":2}");
	check(t, "/blkio/ioServicedRecursive/1", "{\"major\":8,\"op\":\"Write\",\"value\":6}");
	check(t, "/blkio/ioServicedRecursive/3", NULL);
	check(t, "/blkio/ioTimeRecursive", "[{\"major\":8,\"minor\":16,\"value\":77}]");
	check(t, "/cpu/psi", NULL);
	check(t, "/hugetlb", "{}");
	unfake(dir, files, ARRAY_SIZE(files));
}

static void test_v2(void)
{
	static const struct file files[] = {
		{ "cpu.stat", "usage_usec 10\nuser_usec 6\nsystem_usec 4\nnr_periods "
			      "1\nnr_throttled 1\nthrottled_usec 5\n" },
		{ "memory.stat", "anon 1\nfile 2\nkernel 3\n" },
		{ "memory.current", "100\n" },
		{ "memory.max", "1000\n" },
		{ "memory.peak", "200\n" },
		{ "memory.swap.current", "10\n" },
		{ "memory.swap.max", "500\n" },
		{ "pids.current", "4\n" },
		{ "pids.max", "9\n" },
		{ "io.stat",
		  "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n253:1 rbytes=7\n7:0 \n" },
		{ "cpu.pressure",
		  "some avg10=0.00 avg60=1.50 avg300=12.34 total=99\nfull avg10=0.00 avg60=0.00 "
		  "avg300=0.00 total=0\n" },
		{ "memory.pressure", "some avg10=0.10 avg60=0.00 avg300=0.00 total=1\n" },
	};
	static const char *const keys[] = { "", NULL };
	const char *dir = fake(files, ARRAY_SIZE(files));
	struct json *t = dir ? stats(dir, keys) : NULL;

	ok(t != NULL, "v2 statistics are JSON");
	check(t, "/cpu/usage", "{\"total\":10000,\"kernel\":4000,\"user\":6000}");
	check(t, "/cpu/throttling",
	      "{\"periods\":1,\"throttledPeriods\":1,\"throttledTime\":5000}");
	check(t, "/memory/cache", "2");
	check(t, "/memory/usage", "{\"limit\":1000,\"usage\":100,\"max\":200,\"failcnt\":0}");
	check(t, "/memory/swap", "{\"limit\":1500,\"usage\":110,\"failcnt\":0}");
	check(t, "/pids", "{\"current\":4,\"limit\":9}");
	check(t, "/blkio/ioServiceBytesRecursive",
	      "[{\"major\":8,\"op\":\"Read\",\"value\":1},"
	      "{\"major\":8,\"op\":\"Write\",\"value\":2},"
	      "{\"major\":253,\"minor\":1,\"op\":\"Read\",\"value\":7}]");
	check(t, "/cpu/psi",
	      "{\"some\":{\"avg10\":0,\"avg60\":1.5,\"avg300\":12.34,\"total\":99},"
	      "\"full\":{\"avg10\":0,\"avg60\":0,\"avg300\":0,\"total\":0}}");
	check(t, "/memory/psi/some/avg10", "0.1");
	check(t, "/blkio/psi", NULL);
	unfake(dir, files, ARRAY_SIZE(files));
}

static void test_nothing(void)
{
	static const char *const keys[] = { "cpu", "", NULL };
	struct json *t = stats("/nonexistent", keys);

	ok(t != NULL, "a removed cgroup has statistics too");
	check(t, "/memory/usage", "{\"limit\":0,\"failcnt\":0}");
}

int main(void)
{
	static char block[1 << 20];

	arena_init(&arena, block, sizeof(block));
	test_v1();
	test_v2();
	test_nothing();
	return done();
}
