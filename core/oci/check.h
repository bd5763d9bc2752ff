/* check.h - what the files of core/oci share with each other only: rules and private words. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_OCI_CHECK_H
#define CORE_OCI_CHECK_H

#include "core/oci/oci.h"

/* ---- words.c: tables that `features` does not list ------------------------------------------- */

extern const struct json_word oci_propagation_or_none_words[], oci_action_or_none_words[];
extern const struct json_word oci_mempolicy_or_none_words[];
extern const struct json_word oci_device_words[], oci_device_rule_words[], oci_personality_words[];

/* unknown_word of struct json_faults: what runc says about a word that a table does not have. */
const char *oci_unknown_word(const struct json_word *words);

/* Numbers of the kernel that rules compare with (sched(7), set_mempolicy(2)). */
enum {
	OCI_SCHED_OTHER = 0,
	OCI_SCHED_FIFO = 1,
	OCI_SCHED_RR = 2,
	OCI_SCHED_BATCH = 3,
	OCI_SCHED_DEADLINE = 6,
	OCI_MPOL_DEFAULT = 0,
	OCI_MPOL_PREFERRED,
	OCI_MPOL_BIND,
	OCI_MPOL_INTERLEAVE,
	OCI_MPOL_LOCAL,
	OCI_MPOL_PREFERRED_MANY,
	OCI_MPOL_WEIGHTED_INTERLEAVE,
	OCI_MPOL_F_NUMA_BALANCING = 1 << 13,
	OCI_MPOL_F_RELATIVE_NODES = 1 << 14,
	OCI_MPOL_F_STATIC_NODES = 1 << 15,
};

/* ---- check*.c: rules ------------------------------------------------------------------------- */

/* (uid_t)-1, which means "do not change" to chown(2) and setresuid(2). */
#define OCI_NO_ID UINT32_MAX

/*
 * What rules check. Rules run even if some values have a wrong type, so that all faults of a
 * document show at once. Such a value is NULL or 0, and rules skip it. A rule that reads the tree
 * starts at node and uses json_get: a path cannot tell a member "a.b" from b in a.
 */
struct check {
	struct arena *arena;
	struct json_faults *faults;
	const struct json *tree; /* paths begin here */
	const char *base; /* is put before each path: "process.", "" */
	const struct json *node; /* the object that the rules are about */
	bool stop; /* enough faults were found */
	char path[256];
	bool show; /* check_say() shows the value at path */
	/* The bound objects that the rules are about. */
	const struct oci_config *config;
	const struct oci_linux *linux; /* never NULL in rules about config */
	const struct oci_process *process;
	const struct oci_resources *resources;
	const struct oci_mount *mount;
};

typedef void check_rule(struct check *k);

/* Tables of rules; NULL ends each. */
extern check_rule *const check_config_rules[];
extern check_rule *const check_mount_rules[];
extern check_rule *const check_one_mount_rules[]; /* about k->mount */
extern check_rule *const check_linux_rules[];
extern check_rule *const check_seccomp_rules[];
extern check_rule *const check_process_rules[];
extern check_rule *const check_resources_rules[];

/* A rule of a part that a build may lack. */
#define WITH_RULE(part, rule) ((part) ? (rule) : check_nothing)
void check_nothing(struct check *k);

void check_run(struct check *k, check_rule *const *rules);

/* ---- rule.c: functions for rules ------------------------------------------------------------- */

/*
 * check_say(check_at(k, "mounts[%zu].type", i), "must be proc on /proc") reports
 * `mounts[3].type "tmpfs": must be proc on /proc`. check_place leaves the value out: for a missing
 * member, a wrong name, and a sentence of runc that has the value in it.
 */
struct check *check_at(struct check *k, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));
struct check *check_place(struct check *k, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));
void check_say(struct check *k, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));

/* The member; NULL if it is absent or null. */
const struct json *check_member(const struct json *obj, const char *key);

/* True if the container has a namespace of this type other than the host's, or one whose type is
 * not known because it has a fault. */
bool check_has_ns(const struct check *k, int type);
bool check_new_ns(const struct check *k, int type); /* the same for one that is made, not joined */

/* NULL for a good list of numbers such as "0-3,7", otherwise the clause. Empty items and spaces are
 * allowed, as in the kernel (bitmap_parselist). */
const char *check_list(const char *list);
bool check_net_name(const char *name); /* what the kernel takes as an interface name */
/* Ranges must be at most 340, not empty, end at the last id at most, and not overlap. */
void check_id_maps(struct check *k, const char *path, const oci_id_maps *maps);

/* ---- idmap.c --------------------------------------------------------------------------------- */

/* Fills the mappings of m, which are empty, from "idmap=uids=...". Returns a clause, or NULL. */
const char *oci_idmap_text(struct arena *a, const char *option, const struct oci_linux *linux,
			   struct oci_mount *m);
bool oci_idmap_word(const char *option); /* true for such an option */

/* Run the rules of one part only. */
void oci_check_process(struct check *k, const struct oci_process *p);
void oci_check_resources(struct check *k, const struct oci_resources *r);

#endif
