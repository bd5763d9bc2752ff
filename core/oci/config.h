/* config.h - config.json of runtime-spec 1.3 as data: the structs that config.c's rows fill. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_OCI_CONFIG_H
#define CORE_OCI_CONFIG_H

#include "json/json.h"

/*
 * Names are those of the spec, in snake case. A pointer is NULL if the member is absent. An absent
 * list has at == NULL, an empty one has at != NULL and n == 0.
 */
#define OCI_VERSION "1.3.0"
#define OCI_VERSION_MIN "1.0.0"

struct oci_box { /* consoleSize */
	uint32_t height, width;
};

struct oci_user {
	uint32_t uid, gid;
	uint32_t *umask;
	LIST(uint32_t) additional_gids;
};

struct oci_capabilities { /* names as written; unknown ones warn */
	LIST(const char *) bounding, effective, inheritable, permitted, ambient;
};

struct oci_rlimit {
	int type; /* RLIMIT_* of this libc */
	uint64_t soft, hard;
};

struct oci_scheduler {
	int policy; /* SCHED_* */
	int32_t nice, priority;
	LIST(int) flags; /* SCHED_FLAG_* bits, one each */
	uint64_t runtime, deadline, period; /* nanoseconds */
};

struct oci_io_priority {
	int class; /* IOPRIO_CLASS_* */
	int32_t priority;
};

struct oci_cpu_affinity { /* lists such as "0-3,7" */
	const char *initial, *final;
};

struct oci_process {
	bool terminal;
	struct oci_box *console_size;
	struct oci_user user;
	LIST(const char *) args, env;
	const char *cwd;
	struct oci_capabilities *capabilities;
	LIST(struct oci_rlimit) rlimits;
	bool no_new_privileges;
	int32_t *oom_score_adj;
	const char *apparmor_profile, *selinux_label;
	struct oci_scheduler *scheduler;
	struct oci_io_priority *io_priority;
	struct oci_cpu_affinity *exec_cpu_affinity;
};

struct oci_root {
	const char *path;
	bool readonly;
};

struct oci_id_map {
	uint32_t container_id, host_id, size;
};

typedef LIST(struct oci_id_map) oci_id_maps; /* the one typedef: a list passed by pointer */

struct oci_mount {
	const char *destination, *type, *source;
	LIST(const char *) options;
	oci_id_maps uid_mappings, gid_mappings;
};

struct oci_hook {
	const char *path;
	LIST(const char *) args, env;
	int32_t *timeout; /* seconds */
};

typedef LIST(struct oci_hook) oci_hook_list;

struct oci_hooks {
	oci_hook_list prestart, create_runtime, create_container, start_container, poststart,
		poststop;
};

struct oci_namespace {
	int type; /* CLONE_NEW* */
	const char *path;
};

struct oci_device {
	int type; /* 'c', 'b', 'p' ('u' binds as 'c') */
	const char *path;
	int64_t major, minor;
	uint32_t *file_mode, *uid, *gid;
};

struct oci_net_device {
	const char *key; /* name on the host */
	const char *name; /* name inside; NULL keeps it */
};

struct oci_device_rule {
	bool allow;
	int type; /* 'a', 'b', 'c'; absent is 'a' */
	int64_t *major, *minor; /* absent (or -1, as engines write it): any */
	const char *access; /* of "rwm"; a denial without it denies all three */
};

struct oci_memory { /* bytes; -1 is unlimited */
	int64_t *limit, *reservation, *swap, *kernel, *kernel_tcp;
	uint64_t *swappiness;
	bool *disable_oom_killer, *use_hierarchy, *check_before_update;
};

struct oci_cpu {
	uint64_t *shares, *period, *burst, *realtime_period;
	int64_t *quota, *realtime_runtime, *idle;
	const char *cpus, *mems;
};

struct oci_pids {
	int64_t *limit;
};

struct oci_weight_device {
	int64_t major, minor;
	uint16_t *weight, *leaf_weight;
};

struct oci_throttle_device {
	int64_t major, minor;
	uint64_t rate;
};

typedef LIST(struct oci_throttle_device) oci_throttle_list;

struct oci_block_io {
	uint16_t *weight, *leaf_weight;
	LIST(struct oci_weight_device) weight_device;
	oci_throttle_list throttle_read_bps, throttle_write_bps, throttle_read_iops,
		throttle_write_iops;
};

struct oci_hugepage_limit {
	const char *page_size; /* "2MB" */
	uint64_t limit;
};

struct oci_priority {
	const char *name;
	uint32_t priority;
};

struct oci_network {
	uint32_t *class_id;
	LIST(struct oci_priority) priorities;
};

struct oci_rdma {
	const char *key; /* device */
	uint32_t *hca_handles, *hca_objects;
};

struct oci_resources {
	LIST(struct oci_device_rule) devices;
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	struct oci_block_io *block_io;
	LIST(struct oci_hugepage_limit) hugepage_limits;
	struct oci_network *network;
	LIST(struct oci_rdma) rdma;
	LIST(struct json_pair) unified;
};

struct oci_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	int op; /* enum oci_seccomp_op */
};

struct oci_syscall {
	LIST(const char *) names;
	int action; /* enum oci_seccomp_action */
	uint32_t *errno_ret;
	LIST(struct oci_seccomp_arg) args;
};

struct oci_seccomp {
	int default_action; /* enum oci_seccomp_action */
	uint32_t *default_errno_ret;
	LIST(int) architectures; /* AUDIT_ARCH_*; oci_seccomp_arch_words */
	LIST(int) flags; /* SECCOMP_FILTER_FLAG_* bits */
	const char *listener_path, *listener_metadata;
	LIST(struct oci_syscall) syscalls;
};

struct oci_personality {
	int domain; /* PER_LINUX, PER_LINUX32 */
	LIST(const char *) flags;
};

struct oci_intel_rdt {
	const char *clos_id, *l3_cache_schema, *mem_bw_schema;
	LIST(const char *) schemata;
	bool enable_monitoring;
};

struct oci_memory_policy {
	int mode; /* MPOL_* */
	const char *nodes;
	LIST(int) flags; /* MPOL_F_* bits */
};

struct oci_time_offset {
	const char *key; /* "boottime", "monotonic" */
	int64_t secs;
	uint32_t nanosecs;
};

struct oci_linux {
	LIST(struct oci_namespace) namespaces;
	oci_id_maps uid_mappings, gid_mappings;
	LIST(struct oci_time_offset) time_offsets;
	LIST(struct oci_device) devices;
	LIST(struct oci_net_device) net_devices;
	const char *cgroups_path;
	struct oci_resources *resources;
	int rootfs_propagation; /* MS_SHARED and so on with MS_REC, 0 = absent */
	struct oci_seccomp *seccomp;
	LIST(struct json_pair) sysctl;
	LIST(const char *) masked_paths, readonly_paths;
	const char *mount_label;
	struct oci_intel_rdt *intel_rdt;
	struct oci_memory_policy *memory_policy;
	struct oci_personality *personality;
};

struct oci_config {
	const char *oci_version;
	struct oci_root *root;
	LIST(struct oci_mount) mounts;
	struct oci_process *process;
	const char *hostname, *domainname;
	struct oci_hooks *hooks;
	LIST(struct json_pair) annotations;
	struct oci_linux *linux; /* built with -Ulinux: gnu11 defines the word */
};

/* ---- features.md: what this build can do ----------------------------------------------------- */

typedef LIST(const char *) oci_words;

struct oci_enabled {
	bool enabled;
};

struct oci_features_cgroup {
	bool v1, v2, systemd, systemd_user, rdma;
};

struct oci_features_seccomp {
	bool enabled;
	oci_words actions, operators, archs, known_flags, supported_flags;
};

struct oci_features_rdt {
	bool enabled, schemata, monitoring;
};

struct oci_features_mempolicy {
	oci_words modes, flags;
};

struct oci_features_mountext {
	struct oci_enabled idmap;
};

struct oci_features_linux {
	oci_words namespaces, capabilities;
	struct oci_features_cgroup cgroup;
	struct oci_features_seccomp seccomp;
	struct oci_enabled apparmor, selinux;
	struct oci_features_rdt intel_rdt;
	struct oci_features_mempolicy memory_policy;
	struct oci_features_mountext mount_extensions;
	struct oci_enabled net_devices;
};

struct oci_features {
	const char *version_min, *version_max;
	oci_words hooks, mount_options;
	struct oci_features_linux linux;
	LIST(struct json_pair) annotations;
	oci_words unsafe_annotations;
};

#endif
