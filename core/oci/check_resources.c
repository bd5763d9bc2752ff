/* check_resources.c - rules about linux.resources, also those of update. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"

#include <string.h>

/* ---- devices --------------------------------------------------------------------------------- */

static void device_access(struct check *k)
{
	const struct oci_resources *r = k->resources;

	list_each (d, r->devices) {
		size_t i = d - r->devices.at;

		/* An empty text and other letters are accepted, as by runc and crun. */
		if (!d->access)
			check_say(check_place(k, "devices[%zu].access", i), "must not be empty");
	}
}

static void device_number(struct check *k, size_t i, const char *name, const int64_t *number)
{
	if (number && *number < 0)
		check_say(check_at(k, "devices[%zu].%s", i, name),
			  "must not be negative (-1: any)");
	if (number && *number > UINT32_MAX)
		check_say(check_at(k, "devices[%zu].%s", i, name), "must be at most 4294967295");
}

static void rule_numbers(struct check *k)
{
	list_each (d, k->resources->devices) {
		size_t i = d - k->resources->devices.at;

		device_number(k, i, "major", d->major);
		device_number(k, i, "minor", d->minor);
	}
}

/* ---- memory, cpu ----------------------------------------------------------------------------- */

static void memory_value(struct check *k, const char *name, const int64_t *value)
{
	if (value && *value < -1)
		check_say(check_place(k, "memory.%s", name),
			  "invalid memory value: %lld (-1 is unlimited)", (long long)*value);
}

static void memory(struct check *k)
{
	const struct oci_memory *m = k->resources->memory;

	if (!m)
		return;
	memory_value(k, "limit", m->limit);
	memory_value(k, "reservation", m->reservation);
	memory_value(k, "swap", m->swap);
	/* UINT64_MAX means that it is not set: an engine has written -1 as unsigned. */
	if (m->swappiness && *m->swappiness > 100 && *m->swappiness != UINT64_MAX)
		check_say(check_place(k, "memory.swappiness"),
			  "invalid memory swappiness value: %llu (valid range is 0-100)",
			  (unsigned long long)*m->swappiness);
}

static void memory_swap(struct check *k)
{
	const struct oci_memory *m = k->resources->memory;

	if (!m || !m->swap || *m->swap <= 0)
		return;
	if (m->limit && *m->limit > 0 && *m->swap < *m->limit)
		check_say(check_at(k, "memory.swap"),
			  "memory+swap limit should be >= memory limit");
	/* For an update (config NULL) the container may have a limit already. */
	if (k->config && (!m->limit || !*m->limit))
		check_say(check_at(k, "memory.swap"),
			  "unable to set swap limit without memory limit");
}

static void cpu_lists(struct check *k)
{
	const struct oci_cpu *c = k->resources->cpu;
	const char *bad;

	if (c && c->cpus && (bad = check_list(c->cpus)))
		check_say(check_at(k, "cpu.cpus"), "%s", bad);
	if (c && c->mems && (bad = check_list(c->mems)))
		check_say(check_at(k, "cpu.mems"), "%s", bad);
}

static void cpu_values(struct check *k)
{
	const struct oci_cpu *c = k->resources->cpu;

	if (c && c->idle && (*c->idle < 0 || *c->idle > 1))
		check_say(check_at(k, "cpu.idle"), "must be 0 or 1");
	if (c && c->burst && c->quota && *c->quota > 0 && *c->burst > (uint64_t)*c->quota)
		check_say(check_at(k, "cpu.burst"), "must not be above quota");
}

/* ---- block I/O ------------------------------------------------------------------------------- */

/* 0 means that it is not set: docker always writes it. The kernel has other limits below 1000. */
static void weight(struct check *k, const uint16_t *value)
{
	if (value && *value > 1000)
		check_say(k, "must be at most 1000");
}

static void io_weights(struct check *k)
{
	const struct oci_block_io *b = k->resources->block_io;

	if (!b)
		return;
	weight(check_at(k, "blockIO.weight"), b->weight);
	weight(check_at(k, "blockIO.leafWeight"), b->leaf_weight);
	list_each (d, b->weight_device) {
		size_t i = d - b->weight_device.at;

		weight(check_at(k, "blockIO.weightDevice[%zu].weight", i), d->weight);
		weight(check_at(k, "blockIO.weightDevice[%zu].leafWeight", i), d->leaf_weight);
		if (!d->weight && !d->leaf_weight)
			check_say(check_at(k, "blockIO.weightDevice[%zu]", i),
				  "needs weight or leafWeight");
	}
}

/* ---- names that become file names or lines --------------------------------------------------- */

static bool page_size(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	return digits && *s != '0' && s[digits] && strchr("KMG", s[digits]) &&
	       !strcmp(s + digits + 1, "B");
}

static void hugepages(struct check *k)
{
	list_each (h, k->resources->hugepage_limits)
		if (h->page_size && !page_size(h->page_size))
			check_say(check_at(k, "hugepageLimits[%zu].pageSize",
					   h - k->resources->hugepage_limits.at),
				  "must be a size such as 64KB, 2MB or 1GB");
}

static void network(struct check *k)
{
	const struct oci_network *n = k->resources->network;

	if (!n)
		return;
	list_each (p, n->priorities)
		if (p->name && !check_net_name(p->name))
			check_say(check_place(k, "network.priorities[%zu].name",
					      p - n->priorities.at),
				  "invalid network device name \"%.32s\"", p->name);
}

static void rdma(struct check *k)
{
	list_each (r, k->resources->rdma) {
		if (!*r->key || strpbrk(r->key, " \t\n"))
			check_say(check_place(k, "rdma.%s", r->key), "is not a device name");
		if (!r->hca_handles && !r->hca_objects)
			check_say(check_place(k, "rdma.%s", r->key),
				  "needs hcaHandles or hcaObjects");
	}
}

static void unified(struct check *k)
{
	list_each (u, k->resources->unified)
		if (!*u->key || strchr(u->key, '/') || !strcmp(u->key, ".") ||
		    !strcmp(u->key, ".."))
			check_say(check_place(k, "unified.%s", u->key),
				  "must be the name of one cgroup file, without a slash");
}

check_rule *const check_resources_rules[] = {
	device_access, /* a device rule that allows has access */
	rule_numbers, /* its numbers are within 32 bits, or -1 */
	WITH_RULE(WITH_CGROUP, memory), /* memory values are sizes, or -1 */
	WITH_RULE(WITH_CGROUP,
		  memory_swap), /* swap (with memory) is at least memory, which must be set */
	WITH_RULE(WITH_CGROUP, cpu_lists), /* CPU and node lists can be read */
	WITH_RULE(WITH_CGROUP, cpu_values), /* idle is 0 or 1, burst at most quota */
	WITH_RULE(WITH_CGROUP, io_weights), /* weights are at most 1000; a device has one */
	WITH_RULE(WITH_CGROUP, hugepages), /* a page size has the form of a file name */
	WITH_RULE(WITH_CGROUP, network), /* priorities have names of interfaces */
	WITH_RULE(WITH_CGROUP, rdma), /* an rdma limit has a device and a value */
	WITH_RULE(WITH_CGROUP, unified), /* a unified key is a file name */
	NULL,
};
