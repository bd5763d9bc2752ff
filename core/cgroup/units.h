/* units.h - the properties of a systemd unit, which the systemd manager makes. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CGROUP_UNITS_H
#define CORE_CGROUP_UNITS_H

#include "core/cgroup/impl.h"

/* One property: a name, and a value of the D-Bus type sig. */
struct unit_prop {
	struct unit_prop *next;
	const char *name, *sig; /* "b" "i" "u" "x" "t" "s" "as" "au" "ay" "a(ss)" */
	uint64_t num; /* the number; ay: bytes; pairs: elements; au: its only element */
	const char *str; /* s, ay; as: its only element, if pairs is NULL */
	struct json_pair *pairs; /* a(ss); as: the keys */
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

/* Adds the limits that this version of systemd knows. -1: a value is invalid. */
int units_resources(struct unit_props *p, const struct oci_resources *r, bool v2);
void units_devices(struct unit_props *p, const struct dev_set *set);
/* Adds the annotations org.systemd.property.NAME, whose values are in the text form of GVariant. */
int units_annotations(struct unit_props *p, const struct json_pair *at, size_t n);
/* The quota in microseconds for each second; UINT64_MAX: no limit. */
uint64_t units_cpu_quota(int64_t quota, uint64_t period);
/* r as systemd rounds it, so that we write the same values as systemd does when it reloads: a quota
 * in whole percents, and no weight where cpu.idle is set (v2). */
const struct oci_resources *units_rounded(struct arena *a, const struct oci_resources *r, bool v2);
/* Converts a list of CPUs or memory nodes to the bits that systemd takes. -1: it is not a list. */
int units_cpuset(struct arena *a, const char *list, const char **out, size_t *len);

#endif
