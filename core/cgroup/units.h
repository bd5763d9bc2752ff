/* units.h - the properties of a systemd unit, which the systemd manager makes. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CGROUP_UNITS_H
#define CORE_CGROUP_UNITS_H

#include "core/cgroup/impl.h"

/* One property: name and a value of signature sig. */
struct unit_prop {
	struct unit_prop *next;
	const char *name, *sig; /* "b" "s" "t" "as" "au" "ay" "a(ss)" */
	uint64_t num; /* b, t; number of elements or bytes; au has one element, num */
	const char *str; /* s, as (one string), ay */
	struct json_pair *pairs; /* a(ss) */
};

struct unit_props {
	struct arena *arena;
	int version; /* of systemd */
	struct unit_prop *first, **end;
};

void units_init(struct unit_props *p, struct arena *a);
struct unit_prop *units_add(struct unit_props *p, const char *name, const char *sig);
void units_add_str(struct unit_props *p, const char *name, const char *value);
void units_add_bool(struct unit_props *p, const char *name, bool value);
void units_add_u64(struct unit_props *p, const char *name, uint64_t value);

/* Adds the limits that this version of systemd knows (SD-04, SD-07). -1: a value is invalid. */
int units_resources(struct unit_props *p, const struct oci_resources *r, bool v2);
void units_devices(struct unit_props *p, const struct dev_set *set);
/* Adds org.systemd.property.NAME, whose value is GVariant text (AN-01). */
int units_annotations(struct unit_props *p, const struct json_pair *at, size_t n);
uint64_t units_cpu_quota(int64_t quota, uint64_t period); /* TB-02 */
/* r as systemd rounds it, so that we write the same values as systemd does when it reloads: a quota
 * in whole percents, and no weight where cpu.idle is set (v2). */
const struct oci_resources *units_rounded(struct arena *a, const struct oci_resources *r, bool v2);
int units_cpuset(struct arena *a, const char *list, const char **out, size_t *len); /* TB-03 */

#endif
