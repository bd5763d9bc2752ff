/* knobs.c - converts the config's resources to writes of cgroup files, by rows. Pure. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <stdio.h>
#include <string.h>

/* One value of the config on its way to a file. */
struct value {
	const void *at; /* the field; for a WHOLE row the struct that has it */
	const char *field;
	unsigned flags; /* enum knob_flag; a conversion may add some */
	char text[64];
};

/*
 * A row says which field is written to which file. conv fills v->text and returns 1: write it; 2:
 * write the field, which is a text; 0: do not write; -1: error. A row without a file is a field
 * that this version does not have: if it is set there is a warning.
 */
struct knob {
	bool v2;
	unsigned char ctl, flags;
	unsigned short group, member; /* offset of the struct's pointer, and in that struct */
	const char *field, *file;
	int (*conv)(struct value *v);
};

#define WHOLE 0xffff

static int i64_raw(struct value *v)
{
	snprintf(v->text, sizeof(v->text), "%lld", (long long)*(const int64_t *)v->at);
	return 1;
}

/* 0 means "not set": engines written in Go write it for a missing number. */
static int i64_nonzero(struct value *v)
{
	return *(const int64_t *)v->at ? i64_raw(v) : 0;
}

static int u64_raw(struct value *v)
{
	snprintf(v->text, sizeof(v->text), "%llu", (unsigned long long)*(const uint64_t *)v->at);
	return 1;
}

static int u32_nonzero(struct value *v)
{
	snprintf(v->text, sizeof(v->text), "%u", *(const uint32_t *)v->at);
	return *(const uint32_t *)v->at != 0;
}

/* 0 is the kernel's default, so a missing file is fine then. */
static int zero_optional(struct value *v)
{
	if (!*(const uint64_t *)v->at)
		v->flags |= KNOB_OPTIONAL;
	return i64_raw(v);
}

static int u64_nonzero(struct value *v)
{
	return *(const uint64_t *)v->at ? u64_raw(v) : 0;
}

static int flag_set(struct value *v)
{
	return *(const bool *)v->at ? (strcpy(v->text, "1"), 1) : 0;
}

static int list_text(struct value *v)
{
	return *(const char *)v->at ? 2 : 0;
}

/* ---- memory and swap (docs/behaviours.md, TB-04) --------------------------------------------- */

static int64_t or_zero(const int64_t *p)
{
	return p ? *p : 0;
}

/* swap is the sum of memory and swap, as on v1. */
static int memory_check(const struct oci_memory *m)
{
	int64_t limit = or_zero(m->limit), swap = or_zero(m->swap);

	if (limit < -1)
		return failx("memory.limit: invalid memory value: %lld", (long long)limit);
	if (swap < -1)
		return failx("memory.swap: invalid memory+swap value: %lld", (long long)swap);
	if (swap > 0 && limit == 0)
		return failx("memory.swap: unable to set swap limit without memory limit");
	if (swap > 0 && limit > 0 && swap < limit)
		return failx(
			"memory.swap: memory+swap limit should be >= memory limit (%lld < %lld)",
			(long long)swap, (long long)limit);
	return 0;
}

static int mem_max(struct value *v)
{
	int64_t n = *(const int64_t *)v->at;

	if (n < -1)
		return failx("%s: invalid memory value: %lld", v->field, (long long)n);
	if (n == -1)
		return strcpy(v->text, "max"), 1;
	return i64_nonzero(v);
}

static int mem_v1(struct value *v)
{
	if (*(const int64_t *)v->at < -1)
		return failx("%s: invalid memory value: %lld", v->field,
			     (long long)*(const int64_t *)v->at);
	return i64_nonzero(v);
}

static int swap_v2(struct value *v)
{
	const struct oci_memory *m = v->at;
	int64_t limit = or_zero(m->limit), swap = or_zero(m->swap);

	if (memory_check(m) < 0)
		return -1;
	/* A kernel without swap does not have the file. That is fine for no limit, and for no
	 * swap (swap equal to limit). */
	if (swap == -1 || (limit == -1 && !swap) || swap == limit)
		v->flags |= KNOB_OPTIONAL;
	if (swap == -1 || (limit == -1 && !swap))
		return strcpy(v->text, "max"), 1;
	if (!swap)
		return 0;
	snprintf(v->text, sizeof(v->text), "%lld", (long long)(limit == -1 ? swap : swap - limit));
	return 1;
}

static int swap_v1(struct value *v)
{
	const struct oci_memory *m = v->at;
	int64_t limit = or_zero(m->limit), swap = or_zero(m->swap);

	if (memory_check(m) < 0)
		return -1;
	if (!swap && limit != -1)
		return 0;
	if (swap <= 0)
		v->flags |= KNOB_OPTIONAL;
	snprintf(v->text, sizeof(v->text), "%lld", (long long)(swap ? swap : -1));
	return 1;
}

static int swappiness(struct value *v)
{
	uint64_t n = *(const uint64_t *)v->at;

	if (n == UINT64_MAX)
		return 0; /* -1, "not set", of an engine whose type is unsigned */
	if (n > 100)
		return failx("%s: invalid memory swappiness value: %llu (valid range is 0-100)",
			     v->field, (unsigned long long)n);
	return u64_raw(v);
}

/* ---- cpu (docs/behaviours.md, TB-01 and TB-02) ----------------------------------------------- */

/* log2(3) without libm, exact to a few units of the last digit: ln(m) = 2 artanh((m-1)/(m+1)). */
static double log_2(double x)
{
	double e = 0, z, sum = 0, power;

	while (x >= 1.4142135623730951) {
		x /= 2;
		e++;
	}
	z = (x - 1) / (x + 1);
	power = z;
	for (int k = 1; k < 32; k += 2, power *= z * z)
		sum += power / k;
	return e + 2 * 1.4426950408889634 * sum;
}

/* exp2(3) for x >= 0, by the series of exp. */
static double exp_2(double x)
{
	int whole = (int)x;
	double f = (x - whole) * 0.6931471805599453, term = 1, sum = 1;

	for (int k = 1; k < 24; k++)
		sum += term *= f / k;
	while (whole--)
		sum *= 2;
	return sum;
}

/*
 * ceil(10^((l^2 + 125 l) / 612 - 7/34)), l = log2(shares): 2 -> 1, 1024 -> 100, 262144 -> 10000
 * (kubernetes enhancement 2254; runc since 1.3.2, crun since 1.23).
 */
uint64_t knobs_cpu_weight(uint64_t shares)
{
	double l, v;
	uint64_t w;

	if (!shares)
		return 0;
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log_2(shares);
	/* Subtract what rounding may have added to a whole number. */
	v = exp_2(3.321928094887362 * ((l * l + 125 * l) / 612 - 7.0 / 34)) - 1e-9;
	w = v;
	return w + (w < v);
}

static int cpu_weight(struct value *v)
{
	uint64_t w = knobs_cpu_weight(*(const uint64_t *)v->at);

	snprintf(v->text, sizeof(v->text), "%llu", (unsigned long long)w);
	return w != 0;
}

/* The v1 kernel changes a value outside of its range without an error, so this refuses it. */
static int cpu_shares(struct value *v)
{
	uint64_t n = *(const uint64_t *)v->at;

	if (n == 1)
		return failx("%s: the minimum allowed cpu-shares is 2", v->field);
	if (n > 262144)
		return failx("%s: the maximum allowed cpu-shares is 262144", v->field);
	return u64_nonzero(v);
}

static int cpu_max(struct value *v)
{
	const struct oci_cpu *c = v->at;
	int64_t quota = or_zero(c->quota);
	uint64_t period = c->period ? *c->period : 0;

	if (!quota && !period)
		return 0;
	if (!period)
		period = 100000;
	if (quota > 0)
		snprintf(v->text, sizeof(v->text), "%lld %llu", (long long)quota,
			 (unsigned long long)period);
	else
		snprintf(v->text, sizeof(v->text), "max %llu", (unsigned long long)period);
	return 1;
}

/* ---- pids, block I/O (docs/behaviours.md, TB-05 and TB-06) ----------------------------------- */

/* 0 is a limit since spec 1.3, but the kernel could not clone init into such a cgroup. 1 is written
 * instead, which keeps init from forking as well. */
static int pids_max(struct value *v)
{
	int64_t n = *(const int64_t *)v->at;

	if (n < 0)
		strcpy(v->text, "max");
	else
		snprintf(v->text, sizeof(v->text), "%lld", (long long)(n ? n : 1));
	return 1;
}

uint64_t knobs_io_weight(uint64_t weight)
{
	return weight ? 1 + (weight - 10) * 9999 / 990 : 0;
}

static int weight_check(struct value *v, unsigned *w)
{
	*w = *(const uint16_t *)v->at;
	if (*w && (*w < 10 || *w > 1000))
		return failx("%s: %u is not a weight from 10 to 1000", v->field, *w);
	return *w != 0;
}

static int weight_raw(struct value *v)
{
	unsigned w;
	int ret = weight_check(v, &w);

	snprintf(v->text, sizeof(v->text), "%u", w);
	return ret;
}

static int weight_io(struct value *v)
{
	unsigned w;
	int ret = weight_check(v, &w);

	if (ret > 0)
		snprintf(v->text, sizeof(v->text), "%llu", (unsigned long long)knobs_io_weight(w));
	return ret;
}

/* ---- the rows -------------------------------------------------------------------------------- */

#define G(g) offsetof(struct oci_resources, g)
#define M(m) G(memory), offsetof(struct oci_memory, m)
#define C(m) G(cpu), offsetof(struct oci_cpu, m)
#define B(m) G(block_io), offsetof(struct oci_block_io, m)

static const struct knob knobs[] = {
	/* v1. cpuset and realtime must be set before a process joins, so all rows are written
	 * then. */
	{ 0, CTL_CPUSET, 0, C(cpus), "cpu.cpus", "cpuset.cpus", list_text },
	{ 0, CTL_CPUSET, 0, C(mems), "cpu.mems", "cpuset.mems", list_text },
	/* The kernel refuses a limit above the old memory+swap (EINVAL) until that is raised. */
	{ 0, CTL_MEMORY, KNOB_RETRY, M(limit), "memory.limit", "memory.limit_in_bytes", mem_v1 },
	{ 0, CTL_MEMORY, 0, G(memory), WHOLE, "memory.swap", "memory.memsw.limit_in_bytes",
	  swap_v1 },
	{ 0, CTL_MEMORY, 0, M(reservation), "memory.reservation", "memory.soft_limit_in_bytes",
	  mem_v1 },
	{ 0, CTL_MEMORY, 0, M(swappiness), "memory.swappiness", "memory.swappiness", swappiness },
	{ 0, CTL_MEMORY, 0, M(disable_oom_killer), "memory.disableOOMKiller", "memory.oom_control",
	  flag_set },
	{ 0, CTL_CPU, KNOB_RETRY, C(realtime_period), "cpu.realtimePeriod", "cpu.rt_period_us",
	  u64_nonzero },
	{ 0, CTL_CPU, KNOB_RETRY, C(realtime_runtime), "cpu.realtimeRuntime", "cpu.rt_runtime_us",
	  i64_nonzero },
	{ 0, CTL_CPU, 0, C(shares), "cpu.shares", "cpu.shares", cpu_shares },
	/* The kernel checks period, burst and quota against each other (EINVAL). */
	{ 0, CTL_CPU, KNOB_RETRY, C(period), "cpu.period", "cpu.cfs_period_us", u64_nonzero },
	{ 0, CTL_CPU, KNOB_RETRY, C(burst), "cpu.burst", "cpu.cfs_burst_us", zero_optional },
	{ 0, CTL_CPU, KNOB_RETRY, C(quota), "cpu.quota", "cpu.cfs_quota_us", i64_nonzero },
	{ 0, CTL_CPU, 0, C(idle), "cpu.idle", "cpu.idle", zero_optional },
	{ 0, CTL_PIDS, 0, G(pids), offsetof(struct oci_pids, limit), "pids.limit", "pids.max",
	  pids_max },
	{ 0, CTL_BLKIO, KNOB_ELSE, B(weight), "blockIO.weight", "blkio.weight", weight_raw },
	{ 0, CTL_BLKIO, 0, B(weight), "blockIO.weight", "blkio.bfq.weight", weight_raw },
	{ 0, CTL_BLKIO, 0, B(leaf_weight), "blockIO.leafWeight", "blkio.leaf_weight", weight_raw },
	{ 0, CTL_NET_CLS, 0, G(network), offsetof(struct oci_network, class_id), "network.classID",
	  "net_cls.classid", u32_nonzero },
	{ 0, CTL_MEMORY, 0, M(kernel), "memory.kernel", NULL, i64_nonzero },
	{ 0, CTL_MEMORY, 0, M(kernel_tcp), "memory.kernelTCP", NULL, i64_nonzero },

	/* v2, in the order in which runc writes them. */
	{ 1, CTL_PIDS, 0, G(pids), offsetof(struct oci_pids, limit), "pids.limit", "pids.max",
	  pids_max },
	{ 1, CTL_MEMORY, 0, G(memory), WHOLE, "memory.swap", "memory.swap.max", swap_v2 },
	{ 1, CTL_MEMORY, 0, M(limit), "memory.limit", "memory.max", mem_max },
	{ 1, CTL_MEMORY, 0, M(reservation), "memory.reservation", "memory.low", mem_max },
	{ 1, CTL_BLKIO, KNOB_ELSE, B(weight), "blockIO.weight", "io.bfq.weight", weight_raw },
	{ 1, CTL_BLKIO, 0, B(weight), "blockIO.weight", "io.weight", weight_io },
	{ 1, CTL_CPU, 0, C(idle), "cpu.idle", "cpu.idle", zero_optional },
	{ 1, CTL_CPU, 0, C(shares), "cpu.shares", "cpu.weight", cpu_weight },
	{ 1, CTL_CPU, KNOB_RETRY, C(burst), "cpu.burst", "cpu.max.burst", zero_optional },
	{ 1, CTL_CPU, KNOB_RETRY, G(cpu), WHOLE, "cpu.quota", "cpu.max", cpu_max },
	{ 1, CTL_CPUSET, 0, C(cpus), "cpu.cpus", "cpuset.cpus", list_text },
	{ 1, CTL_CPUSET, 0, C(mems), "cpu.mems", "cpuset.mems", list_text },
	{ 1, CTL_MEMORY, 0, M(kernel), "memory.kernel", NULL, i64_nonzero },
	{ 1, CTL_MEMORY, 0, M(kernel_tcp), "memory.kernelTCP", NULL, i64_nonzero },
	{ 1, CTL_MEMORY, 0, M(swappiness), "memory.swappiness", NULL, swappiness },
	{ 1, CTL_MEMORY, 0, M(disable_oom_killer), "memory.disableOOMKiller", NULL, flag_set },
	{ 1, CTL_CPU, 0, C(realtime_period), "cpu.realtimePeriod", NULL, u64_nonzero },
	{ 1, CTL_CPU, 0, C(realtime_runtime), "cpu.realtimeRuntime", NULL, i64_nonzero },
	{ 1, CTL_BLKIO, 0, B(leaf_weight), "blockIO.leafWeight", NULL, weight_raw },
	{ 1, CTL_NET_CLS, 0, G(network), offsetof(struct oci_network, class_id), "network.classID",
	  NULL, u32_nonzero },
};

/* True if the limits of ctl are written to files of v2. */
static bool is_v2(const struct knob_list *l, enum ctl ctl)
{
	if (l->where->v2 >> ctl & 1)
		return true;
	return !(l->where->v1 >> ctl & 1) && l->where->v2_only;
}

static void put_knob(struct knob_list *l, enum ctl ctl, unsigned flags, const char *field,
		     const char *file, const char *value)
{
	struct knob_write *w = arena_alloc(l->arena, sizeof(*w));

	w->ctl = ctl;
	w->v2 = ctl == CTL_CORE || is_v2(l, ctl);
	w->flags = flags;
	w->field = field;
	w->file = file;
	w->value = value;
	*l->end = w;
	l->end = &w->next;
}

static int put_rows(struct knob_list *l, const struct oci_resources *r)
{
	for (const struct knob *k = knobs; k < knobs + ARRAY_SIZE(knobs); k++) {
		const char *group = *(const char *const *)((const char *)r + k->group);
		struct value v = { .field = k->field, .flags = k->flags };
		int ret;

		if (!group || k->v2 != is_v2(l, k->ctl))
			continue;
		v.at = k->member == WHOLE ? group : *(const void *const *)(group + k->member);
		if (!v.at)
			continue;
		ret = k->conv(&v);
		if (ret < 0)
			return -1;
		if (ret && !k->file && l->where->quiet)
			continue;
		if (ret && !k->file)
			log_warn("%s has no effect on cgroup %s and is ignored", k->field,
				 k->v2 ? "v2" : "v1 of this kernel");
		else if (ret)
			put_knob(l, k->ctl, v.flags, k->field, k->file,
				 ret == 2 ? v.at : arena_strdup(l->arena, v.text));
	}
	return 0;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static const struct throttle {
	unsigned short offset;
	const char *field, *v1, *v2;
} throttles[] = {
	{ offsetof(struct oci_block_io, throttle_read_bps), "blockIO.throttleReadBpsDevice",
	  "blkio.throttle.read_bps_device", "rbps=" },
	{ offsetof(struct oci_block_io, throttle_write_bps), "blockIO.throttleWriteBpsDevice",
	  "blkio.throttle.write_bps_device", "wbps=" },
	{ offsetof(struct oci_block_io, throttle_read_iops), "blockIO.throttleReadIOPSDevice",
	  "blkio.throttle.read_iops_device", "riops=" },
	{ offsetof(struct oci_block_io, throttle_write_iops), "blockIO.throttleWriteIOPSDevice",
	  "blkio.throttle.write_iops_device", "wiops=" },
};

static int put_weight_device(struct knob_list *l, const struct oci_weight_device *d, bool v2)
{
	struct value v = { .field = "blockIO.weightDevice", .at = d->weight };
	char *device =
		arena_printf(l->arena, "%lld:%lld", (long long)d->major, (long long)d->minor);
	int ret = d->weight ? weight_raw(&v) : 0;

	if (ret < 0)
		return -1;
	if (ret) {
		char *text = arena_printf(l->arena, "%s %s", device, v.text);

		put_knob(l, CTL_BLKIO, KNOB_ELSE, v.field,
			 v2 ? "io.bfq.weight" : "blkio.weight_device", text);
		if (v2) {
			weight_io(&v);
			text = arena_printf(l->arena, "%s %s", device, v.text);
		}
		/* If no I/O scheduler uses weights, v2 has neither file, and weights would have no
		 * effect. */
		put_knob(l, CTL_BLKIO, v2 ? KNOB_OPTIONAL : 0, v.field,
			 v2 ? "io.weight" : "blkio.bfq.weight_device", text);
	}
	v.at = d->leaf_weight;
	ret = v.at && !v2 ? weight_raw(&v) : 0;
	if (ret > 0)
		put_knob(l, CTL_BLKIO, 0, v.field, "blkio.leaf_weight_device",
			 arena_printf(l->arena, "%s %s", device, v.text));
	return ret;
}

static int put_block_io(struct knob_list *l, const struct oci_block_io *b)
{
	bool v2 = is_v2(l, CTL_BLKIO);

	list_each (d, b->weight_device)
		if (put_weight_device(l, d, v2) < 0)
			return -1;
	for (const struct throttle *t = throttles; t < throttles + ARRAY_SIZE(throttles); t++) {
		const oci_throttle_list *list = (const void *)((const char *)b + t->offset);

		list_each (d, *list)
			put_knob(l, CTL_BLKIO, 0, t->field, v2 ? "io.max" : t->v1,
				 arena_printf(l->arena, "%lld:%lld %s%llu", (long long)d->major,
					      (long long)d->minor, v2 ? t->v2 : "",
					      (unsigned long long)d->rate));
	}
	return 0;
}

static int put_hugepages(struct knob_list *l, const struct oci_resources *r)
{
	bool v2 = is_v2(l, CTL_HUGETLB);

	list_each (h, r->hugepage_limits) {
		size_t digits = h->page_size ? strspn(h->page_size, "0123456789") : 0;
		char *value = arena_printf(l->arena, "%llu", (unsigned long long)h->limit);

		/* The page size becomes a part of a file's name. */
		if (!digits || !strchr("KMG", h->page_size[digits]) ||
		    strcmp(h->page_size + digits + 1, "B"))
			return failx("hugepageLimits: \"%s\" is not a page size such as 2MB or 1GB",
				     h->page_size ? h->page_size : "");
		put_knob(l, CTL_HUGETLB, 0, "hugepageLimits",
			 arena_printf(l->arena, "hugetlb.%s.%s", h->page_size,
				      v2 ? "max" : "limit_in_bytes"),
			 value);
		/* KERNEL 5.7: limits of reservations (ENOENT); without them a container that maps
		 * more than its limit gets SIGBUS at the access, instead of an error of mmap(2). */
		put_knob(l, CTL_HUGETLB, KNOB_OPTIONAL, "hugepageLimits",
			 arena_printf(l->arena, "hugetlb.%s.rsvd.%s", h->page_size,
				      v2 ? "max" : "limit_in_bytes"),
			 value);
	}
	return 0;
}

static int put_rdma(struct knob_list *l, const struct oci_resources *r)
{
	list_each (d, r->rdma) {
		char *text = arena_strdup(l->arena, d->key);

		if (d->hca_handles)
			text = arena_printf(l->arena, "%s hca_handle=%u", text, *d->hca_handles);
		if (d->hca_objects)
			text = arena_printf(l->arena, "%s hca_object=%u", text, *d->hca_objects);
		if (d->hca_handles || d->hca_objects)
			put_knob(l, CTL_RDMA, 0, "rdma", "rdma.max", text);
	}
	return 0;
}

static int put_network(struct knob_list *l, const struct oci_network *n)
{
	if (n->priorities.n && is_v2(l, CTL_NET_PRIO)) {
		if (!l->where->quiet)
			log_warn("network.priorities has no effect on cgroup v2 and is ignored");
		return 0;
	}
	list_each (p, n->priorities)
		put_knob(l, CTL_NET_PRIO, 0, "network.priorities", "net_prio.ifpriomap",
			 arena_printf(l->arena, "%s %u", p->name, p->priority));
	return 0;
}

/* Each line of a value is a write of its own. The text before a key's first dot is its
 * controller. */
static int put_unified(struct knob_list *l, const struct oci_resources *r)
{
	list_each (u, r->unified) {
		size_t len = strcspn(u->key, ".");
		int ctl = ctl_of(u->key, len);
		char *lines = arena_strdup(l->arena, u->value), *save = NULL;
		char *field = arena_printf(l->arena, "unified[\"%s\"]", u->key);

		if (!*u->key || strchr(u->key, '/') || !u->key[len])
			return failx("%s: is not the name of a cgroup file", field);
		if (ctl < 0)
			return failx("%s: controller \"%.*s\" is not known", field, (int)len,
				     u->key);
		if (!is_v2(l, ctl) && ctl != CTL_CORE)
			return failx("%s: controller %.*s is not on cgroup v2 here%s", field,
				     (int)len, u->key,
				     l->where->v1 >> ctl & 1 ? " but on a v1 hierarchy" : "");
		for (char *s = strtok_r(lines, "\n", &save); s; s = strtok_r(NULL, "\n", &save))
			put_knob(l, ctl, 0, field, u->key, s);
	}
	return 0;
}

int knobs_plan(struct arena *a, const struct oci_resources *r, const struct ctl_where *where,
	       struct knob_list *out)
{
	*out = (struct knob_list){ .arena = a, .where = where };
	out->end = &out->first;
	if (!r)
		return 0;
	if (put_rows(out, r) < 0 || (r->block_io && put_block_io(out, r->block_io) < 0) ||
	    put_hugepages(out, r) < 0 || (r->network && put_network(out, r->network) < 0) ||
	    put_rdma(out, r) < 0 || put_unified(out, r) < 0)
		return -1;
	return 0;
}
