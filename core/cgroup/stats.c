/* stats.c - reads the numbers of `events` from the files of either version. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 65536 /* bytes of a file; memory.stat has 2 KB, a large blkio file 20 KB */
#define TICKS 100 /* USER_HZ, which is a part of the kernel's ABI */

/* ---- single numbers by rows ------------------------------------------------------------------ */

/*
 * A number is the whole file, or the number after key in it. scale converts times to nanoseconds.
 * "max" of a row without a key is UINT64_MAX.
 */
struct number {
	bool v2;
	unsigned char ctl;
	unsigned scale;
	const char *file, *key;
	size_t offset;
};

#define S(m) offsetof(struct cgroup_stats, m)
#define V1(ctl, file, m)                                                                           \
	{                                                                                          \
		0, ctl, 1, file, NULL, S(m)                                                        \
	}
#define CPUSET_V1(m) V1(CTL_CPUSET, "cpuset." #m, cpuset.m)
#define MEMORY_V1(prefix, m)                                                                       \
	V1(CTL_MEMORY, "memory." prefix "limit_in_bytes", memory.m.limit),                         \
		V1(CTL_MEMORY, "memory." prefix "usage_in_bytes", memory.m.usage),                 \
		V1(CTL_MEMORY, "memory." prefix "max_usage_in_bytes", memory.m.max),               \
		V1(CTL_MEMORY, "memory." prefix "failcnt", memory.m.failcnt)

static const struct number numbers[] = {
	{ 0, CTL_CPUACCT, 1, "cpuacct.usage", NULL, S(cpu.total) },
	{ 0, CTL_CPUACCT, 1000000000 / TICKS, "cpuacct.stat", "user", S(cpu.user) },
	{ 0, CTL_CPUACCT, 1000000000 / TICKS, "cpuacct.stat", "system", S(cpu.kernel) },
	{ 0, CTL_CPU, 1, "cpu.stat", "nr_periods", S(cpu.periods) },
	{ 0, CTL_CPU, 1, "cpu.stat", "nr_throttled", S(cpu.throttled_periods) },
	{ 0, CTL_CPU, 1, "cpu.stat", "throttled_time", S(cpu.throttled_time) },
	CPUSET_V1(cpu_exclusive),
	CPUSET_V1(mem_hardwall),
	CPUSET_V1(mem_exclusive),
	CPUSET_V1(memory_migrate),
	CPUSET_V1(memory_spread_page),
	CPUSET_V1(memory_spread_slab),
	CPUSET_V1(memory_pressure),
	CPUSET_V1(sched_load_balance),
	{ 0, CTL_MEMORY, 1, "memory.stat", "cache", S(memory.cache) },
	MEMORY_V1("", usage),
	MEMORY_V1("memsw.", swap),
	MEMORY_V1("kmem.", kernel),
	MEMORY_V1("kmem.tcp.", kernel_tcp),
	{ 0, CTL_PIDS, 1, "pids.current", NULL, S(pids.current) },
	{ 0, CTL_PIDS, 1, "pids.max", NULL, S(pids.limit) },

	/* cpu.stat exists without the controller too. */
	{ 1, CTL_CPU, 1000, "cpu.stat", "usage_usec", S(cpu.total) },
	{ 1, CTL_CPU, 1000, "cpu.stat", "user_usec", S(cpu.user) },
	{ 1, CTL_CPU, 1000, "cpu.stat", "system_usec", S(cpu.kernel) },
	{ 1, CTL_CPU, 1, "cpu.stat", "nr_periods", S(cpu.periods) },
	{ 1, CTL_CPU, 1, "cpu.stat", "nr_throttled", S(cpu.throttled_periods) },
	{ 1, CTL_CPU, 1000, "cpu.stat", "throttled_usec", S(cpu.throttled_time) },
	{ 1, CTL_MEMORY, 1, "memory.stat", "file", S(memory.cache) },
	{ 1, CTL_MEMORY, 1, "memory.max", NULL, S(memory.usage.limit) },
	{ 1, CTL_MEMORY, 1, "memory.current", NULL, S(memory.usage.usage) },
	{ 1, CTL_MEMORY, 1, "memory.peak", NULL, S(memory.usage.max) }, /* KERNEL 5.19 */
	{ 1, CTL_MEMORY, 1, "memory.swap.max", NULL, S(memory.swap.limit) },
	{ 1, CTL_MEMORY, 1, "memory.swap.current", NULL, S(memory.swap.usage) },
	{ 1, CTL_PIDS, 1, "pids.current", NULL, S(pids.current) },
	{ 1, CTL_PIDS, 1, "pids.max", NULL, S(pids.limit) },
};

/* Keeps the text of the last file, because the rows of one file follow each other. */
struct reader {
	struct cgroup *cg;
	struct arena *arena;
	const struct cg_dir *dir;
	const char *file;
	char *text; /* "" if it cannot be read: not every kernel has every file */
};

static char *read_stat_file(struct reader *r, const struct cg_dir *d, const char *file)
{
	if (r->dir != d || !r->file || strcmp(r->file, file)) {
		r->dir = d;
		r->file = file;
		if (!d || cg_dir_read(d, file, r->text, FILE_MAX) < 0)
			*r->text = 0;
	}
	return r->text;
}

static uint64_t one_number(const char *text)
{
	uint64_t n = 0;

	if (!strncmp(text, "max", 3))
		return UINT64_MAX;
	json_number_u64(text, strspn(text, "0123456789"), &n);
	return n;
}

static void fill_numbers(struct reader *r, struct cgroup_stats *s)
{
	for (const struct number *n = numbers; n < numbers + ARRAY_SIZE(numbers); n++) {
		const struct cg_dir *d = cg_dir_of(r->cg, n->ctl);
		uint64_t value = 0;
		const char *text;

		if (!d || d->v2 != n->v2)
			continue;
		text = read_stat_file(r, d, n->file);
		if (n->key)
			tree_keyed(text, n->key, &value);
		else
			value = one_number(text);
		*(uint64_t *)((char *)s + n->offset) = value * n->scale;
	}
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Adds an element to a LIST. Its room is doubled when the number of elements is a power of two. */
#define PUSH(a, list, ...)                                                                         \
	do {                                                                                       \
		if (!((list)->n & ((list)->n - 1)))                                                \
			(list)->at = arena_more(a, (list)->at, (list)->n, (list)->n + 1,           \
						sizeof(*(list)->at));                              \
		(list)->at[(list)->n++] = (__VA_ARGS__);                                           \
	} while (0)

/* Reads a list such as "0-3,7". */
static void parse_set(struct arena *a, const char *text, cgroup_numbers *out)
{
	uint64_t from, to;

	while (scan_range(&text, &from, &to) > 0)
		for (; from <= to && out->n < 65536; from++)
			PUSH(a, out, from);
}

/* Reads the number in column col (from 0) of each line. */
static void parse_columns(struct arena *a, const char *text, unsigned col, cgroup_numbers *out)
{
	for (; *text; text += strcspn(text, "\n"), text += !!*text) {
		const char *at = text;

		for (unsigned i = 0; i < col; i++) {
			at += strcspn(at, " \n");
			at += *at == ' ';
		}
		if (*at >= '0' && *at <= '9')
			PUSH(a, out, one_number(at));
	}
}

static void fill_cpu_v1(struct reader *r, struct cgroup_stats *s)
{
	const struct cg_dir *d = cg_dir_of(r->cg, CTL_CPUACCT), *set = cg_dir_of(r->cg, CTL_CPUSET);
	char *text;

	if (d && !d->v2) {
		text = read_stat_file(r, d, "cpuacct.usage_percpu");
		for (char *c = text; *c; c++)
			if (*c == ' ')
				*c = '\n';
		parse_columns(r->arena, text, 0, &s->cpu.percpu);
		/* "cpu user system", then a line for each CPU. KERNEL 4.9: usage_all (ENOENT);
		 * without it these numbers are missing. */
		text = read_stat_file(r, d, "cpuacct.usage_all");
		parse_columns(r->arena, text, 1, &s->cpu.percpu_user);
		parse_columns(r->arena, text, 2, &s->cpu.percpu_kernel);
	}
	if (set && !set->v2) {
		parse_set(r->arena, read_stat_file(r, set, "cpuset.cpus"), &s->cpuset.cpus);
		parse_set(r->arena, read_stat_file(r, set, "cpuset.mems"), &s->cpuset.mems);
		s->cpuset.sched_relax_domain_level =
			atoll(read_stat_file(r, set, "cpuset.sched_relax_domain_level"));
	}
}

static void fill_memory(struct reader *r, struct cgroup_stats *s)
{
	const struct cg_dir *d = cg_dir_of(r->cg, CTL_MEMORY);
	char *save = NULL, *text;

	if (!d)
		return;
	text = arena_strdup(r->arena, read_stat_file(r, d, "memory.stat"));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *blank = strchr(line, ' ');

		if (!blank)
			continue;
		*blank = 0;
		PUSH(r->arena, &s->memory.raw,
		     (struct cgroup_number){ line, one_number(blank + 1) });
	}
	if (!d->v2)
		return;
	/* `events` has the sum of memory and swap, as v1 counts it. */
	s->memory.swap.usage += s->memory.usage.usage;
	if (s->memory.swap.limit != UINT64_MAX)
		s->memory.swap.limit = s->memory.usage.limit == UINT64_MAX
					       ? UINT64_MAX
					       : s->memory.swap.limit + s->memory.usage.limit;
}

/* ---- block I/O ------------------------------------------------------------------------------- */

/* v1: each I/O scheduler has a file for a counter. The first file that is not empty is used. */
static const struct io_file {
	size_t offset;
	const char *bfq, *cfq, *throttle;
} io_files[] = {
	{ S(io.service_bytes), "blkio.bfq.io_service_bytes_recursive",
	  "blkio.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive" },
	{ S(io.serviced), "blkio.bfq.io_serviced_recursive", "blkio.io_serviced_recursive",
	  "blkio.throttle.io_serviced_recursive" },
	{ S(io.queued), "blkio.bfq.io_queued_recursive", "blkio.io_queued_recursive", NULL },
	{ S(io.service_time), "blkio.bfq.io_service_time_recursive",
	  "blkio.io_service_time_recursive", NULL },
	{ S(io.wait_time), "blkio.bfq.io_wait_time_recursive", "blkio.io_wait_time_recursive",
	  NULL },
	{ S(io.merged), "blkio.bfq.io_merged_recursive", "blkio.io_merged_recursive", NULL },
	{ S(io.time), "blkio.bfq.time_recursive", "blkio.time_recursive", NULL },
	{ S(io.sectors), "blkio.bfq.sectors_recursive", "blkio.sectors_recursive", NULL },
};

/* "8:0 Read 4096" or "8:0 4096"; the line "Total 4096" has no device. */
static void parse_io_v1(struct arena *a, char *text, cgroup_io *out)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *at = line, *op;
		uint64_t major, minor, value;
		size_t len;

		if (!scan_u64(&at, "", &major) || !scan_u64(&at, ":", &minor))
			continue;
		at += strspn(at, " ");
		op = at;
		len = strcspn(op, " 0123456789");
		at += len;
		if (scan_u64(&at, "", &value))
			PUSH(a, out,
			     (struct cgroup_io_entry){ major, minor, arena_strndup(a, op, len),
						       value });
	}
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6" */
static void parse_io_v2(struct arena *a, char *text, struct cgroup_stats *s)
{
	static const struct {
		const char *name, *op;
		size_t offset;
	} words[] = {
		{ "rbytes", "Read", S(io.service_bytes) },
		{ "wbytes", "Write", S(io.service_bytes) },
		{ "rios", "Read", S(io.serviced) },
		{ "wios", "Write", S(io.serviced) },
	};
	char *save = NULL, *save2 = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *at = line;
		uint64_t major, minor;

		if (!scan_u64(&at, "", &major) || !scan_u64(&at, ":", &minor))
			continue;
		strtok_r(line, " ", &save2);
		for (char *w = strtok_r(NULL, " ", &save2); w; w = strtok_r(NULL, " ", &save2)) {
			size_t len = strcspn(w, "=");

			for (size_t i = 0; i < ARRAY_SIZE(words) && w[len]; i++) {
				cgroup_io *list = (void *)((char *)s + words[i].offset);

				if (strlen(words[i].name) == len && !memcmp(words[i].name, w, len))
					PUSH(a, list,
					     (struct cgroup_io_entry){ major, minor, words[i].op,
								       one_number(w + len + 1) });
			}
		}
	}
}

static void fill_io(struct reader *r, struct cgroup_stats *s)
{
	const struct cg_dir *d = cg_dir_of(r->cg, CTL_BLKIO);

	if (!d)
		return;
	if (d->v2) {
		parse_io_v2(r->arena, read_stat_file(r, d, "io.stat"), s);
		return;
	}
	for (const struct io_file *f = io_files; f < io_files + ARRAY_SIZE(io_files); f++) {
		const char *names[] = { f->bfq, f->cfq, f->throttle };
		cgroup_io *list = (void *)((char *)s + f->offset);

		for (size_t i = 0; i < ARRAY_SIZE(names) && !list->n; i++)
			if (names[i])
				parse_io_v1(r->arena, read_stat_file(r, d, names[i]), list);
		r->file = NULL; /* parse_io_v1 has changed the text */
	}
}

/* ---- huge pages, pressure -------------------------------------------------------------------- */

/* Pure. "hugepages-2048kB" -> "2MB", which is a part of the names of hugetlb files.
 * NULL: another name. */
static const char *size_name(struct arena *a, const char *entry)
{
	static const char units[] = "KMG";
	uint64_t kb;
	int unit = 0;

	if (!scan_u64(&entry, "hugepages-", &kb))
		return NULL;
	for (; kb >= 1024 && unit < 2; kb /= 1024)
		unit++;
	return arena_printf(a, "%llu%cB", (unsigned long long)kb, units[unit]);
}

static void fill_hugetlb(struct reader *r, struct cgroup_stats *s)
{
	const struct cg_dir *d = cg_dir_of(r->cg, CTL_HUGETLB);
	DIR *dir = d ? opendir("/sys/kernel/mm/hugepages") : NULL;
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		const char *size = size_name(r->arena, e->d_name);
		struct cgroup_hugetlb h = { .size = size };

		if (!size)
			continue;
		/* Reservations are preferred; an older kernel counts only pages in use. */
		for (int rsvd = 1; rsvd >= 0; rsvd--) {
			const char *base =
				arena_printf(r->arena, "hugetlb.%s.%s", size, rsvd ? "rsvd." : "");
			const char *usage = arena_printf(r->arena, "%s%s", base,
							 d->v2 ? "current" : "usage_in_bytes");

			if (!*read_stat_file(r, d, usage))
				continue;
			h.usage = one_number(r->text);
			if (d->v2) {
				tree_keyed(read_stat_file(r, d,
							  arena_printf(r->arena,
								       "hugetlb.%s.events", size)),
					   "max", &h.failcnt);
			} else {
				h.max = one_number(read_stat_file(
					r, d,
					arena_printf(r->arena, "%smax_usage_in_bytes", base)));
				h.failcnt = one_number(read_stat_file(
					r, d, arena_printf(r->arena, "%sfailcnt", base)));
			}
			PUSH(r->arena, &s->hugetlb, h);
			break;
		}
	}
	if (dir)
		closedir(dir);
}

/* Reads a number such as "1.50" after word, in hundredths. */
static bool scan_hundredths(const char **at, const char *word, uint32_t *out)
{
	uint64_t whole, part;

	if (!scan_u64(at, word, &whole) || !scan_u64(at, ".", &part))
		return false;
	*out = whole * 100 + part;
	return true;
}

/* "some avg10=0.00 avg60=1.50 avg300=0.00 total=12345" */
static void parse_psi(const char *text, struct cgroup_psi *out)
{
	static const char *const names[] = { "some", "full" };

	for (int i = 0; i < 2; i++) {
		struct cgroup_psi_line *l = i ? &out->full : &out->some;
		const char *at = strstr(text, names[i]);

		if (at && scan_word(&at, names[i]) && scan_hundredths(&at, " avg10=", &l->avg10) &&
		    scan_hundredths(&at, " avg60=", &l->avg60) &&
		    scan_hundredths(&at, " avg300=", &l->avg300) &&
		    scan_u64(&at, " total=", &l->total))
			out->found = true;
	}
}

int cgroup_stats(struct cgroup *cg, struct arena *a, struct cgroup_stats *out)
{
	struct reader r = { .cg = cg, .arena = a, .text = arena_alloc(a, FILE_MAX) };

	memset(out, 0, sizeof(*out));
	fill_numbers(&r, out);
	if (out->pids.limit == UINT64_MAX)
		out->pids.limit = 0;
	fill_cpu_v1(&r, out);
	fill_memory(&r, out);
	fill_io(&r, out);
	fill_hugetlb(&r, out);
	/* KERNEL 4.20: pressure files (ENOENT), also of the v2 tree of a hybrid layout */
	if (cg->v2 && cg->v2->path) {
		parse_psi(read_stat_file(&r, cg->v2, "cpu.pressure"), &out->cpu.psi);
		parse_psi(read_stat_file(&r, cg->v2, "memory.pressure"), &out->memory.psi);
		parse_psi(read_stat_file(&r, cg->v2, "io.pressure"), &out->io.psi);
	}
	return 0;
}
