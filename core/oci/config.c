/* config.c - the field rows of config.json: which member fills which field of a struct. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"

/*
 * The order is that of runc's documents, so that the output of `spec` can be compared. S names the
 * struct that the rows are about.
 */
#define ROW(kind_, name_, member_, ...)                                                            \
	{                                                                                          \
		.name = name_, .kind = JK_##kind_, .offset = offsetof(struct S, member_),          \
		##__VA_ARGS__                                                                      \
	}
#define ROWS_END                                                                                   \
	{                                                                                          \
		.name = NULL                                                                       \
	}
#define TYPE(struct_, fields_)                                                                     \
	{                                                                                          \
		sizeof(struct struct_), fields_                                                    \
	}
#define OF(type_) .elem = JK_OBJ, .sub = &type_
#define WORDS(words_) .sub = words_
#define STRINGS .elem = JK_STR
#define PTR .flags = JF_PTR
#define NEEDED .flags = JF_REQUIRED
#define KEPT .flags = JF_ALWAYS
/* A member for other platforms, or one of an older version of the spec that has no effect. */
#define OTHER(name_)                                                                               \
	{                                                                                          \
		.name = name_, .kind = JK_NONE                                                     \
	}

/* In a small build some types are not used by any row. */
#pragma GCC diagnostic ignored "-Wunused-const-variable"

/* ---- config.md: Process ---------------------------------------------------------------------- */

#define S oci_box
static const struct json_field box_fields[] = {
	ROW(U32, "height", height, NEEDED),
	ROW(U32, "width", width, NEEDED),
	ROWS_END,
};
static const struct json_type box_type = TYPE(oci_box, box_fields);
#undef S

#define S oci_user
static const struct json_field user_fields[] = {
	ROW(U32, "uid", uid, KEPT),
	ROW(U32, "gid", gid, KEPT),
	ROW(U32, "umask", umask, PTR),
	ROW(LIST, "additionalGids", additional_gids, .elem = JK_U32),
	OTHER("username"),
	ROWS_END,
};
static const struct json_type user_type = TYPE(oci_user, user_fields);
#undef S

#define S oci_capabilities
static const struct json_field capabilities_fields[] = {
	ROW(LIST, "bounding", bounding, STRINGS),	ROW(LIST, "effective", effective, STRINGS),
	ROW(LIST, "inheritable", inheritable, STRINGS), ROW(LIST, "permitted", permitted, STRINGS),
	ROW(LIST, "ambient", ambient, STRINGS),		ROWS_END,
};
static const struct json_type capabilities_type = TYPE(oci_capabilities, capabilities_fields);
#undef S

#define S oci_rlimit
static const struct json_field rlimit_fields[] = {
	ROW(ENUM, "type", type, NEEDED, WORDS(oci_rlimit_words)),
	ROW(U64, "hard", hard, NEEDED),
	ROW(U64, "soft", soft, NEEDED),
	ROWS_END,
};
static const struct json_type rlimit_type = TYPE(oci_rlimit, rlimit_fields);
#undef S

#define S oci_scheduler
static const struct json_field scheduler_fields[] = {
	ROW(ENUM, "policy", policy, NEEDED, WORDS(oci_scheduler_words)),
	ROW(I32, "nice", nice),
	ROW(I32, "priority", priority),
	ROW(LIST, "flags", flags, .elem = JK_ENUM, WORDS(oci_scheduler_flag_words)),
	ROW(U64, "runtime", runtime),
	ROW(U64, "deadline", deadline),
	ROW(U64, "period", period),
	ROWS_END,
};
static const struct json_type scheduler_type = TYPE(oci_scheduler, scheduler_fields);
#undef S

#define S oci_io_priority
static const struct json_field io_priority_fields[] = {
	ROW(ENUM, "class", class, NEEDED, WORDS(oci_ioprio_words)),
	ROW(I32, "priority", priority, KEPT),
	ROWS_END,
};
static const struct json_type io_priority_type = TYPE(oci_io_priority, io_priority_fields);
#undef S

#define S oci_cpu_affinity
static const struct json_field cpu_affinity_fields[] = {
	ROW(STR, "initial", initial),
	ROW(STR, "final", final),
	ROWS_END,
};
static const struct json_type cpu_affinity_type = TYPE(oci_cpu_affinity, cpu_affinity_fields);
#undef S

#define S oci_process
static const struct json_field process_fields[] = {
	WITH_ROW(WITH_TERMINAL, "terminals", "terminal", ROW(BOOL, "terminal", terminal)),
	ROW(OBJ, "consoleSize", console_size, PTR, .sub = &box_type),
	ROW(OBJ, "user", user, .sub = &user_type),
	ROW(LIST, "args", args, STRINGS),
	ROW(LIST, "env", env, STRINGS),
	ROW(STR, "cwd", cwd, NEEDED),
	ROW(OBJ, "capabilities", capabilities, PTR, .sub = &capabilities_type),
	ROW(LIST, "rlimits", rlimits, OF(rlimit_type)),
	ROW(BOOL, "noNewPrivileges", no_new_privileges),
	WITH_ROW(WITH_LSM, "AppArmor", "apparmorProfile",
		 ROW(STR, "apparmorProfile", apparmor_profile)),
	ROW(I32, "oomScoreAdj", oom_score_adj, PTR),
	WITH_ROW(WITH_TUNING, "scheduler settings", "scheduler",
		 ROW(OBJ, "scheduler", scheduler, PTR, .sub = &scheduler_type)),
	WITH_ROW(WITH_LSM, "SELinux", "selinuxLabel", ROW(STR, "selinuxLabel", selinux_label)),
	WITH_ROW(WITH_TUNING, "I/O priorities", "ioPriority",
		 ROW(OBJ, "ioPriority", io_priority, PTR, .sub = &io_priority_type)),
	WITH_ROW(WITH_TUNING, "CPU affinity", "execCPUAffinity",
		 ROW(OBJ, "execCPUAffinity", exec_cpu_affinity, PTR, .sub = &cpu_affinity_type)),
	OTHER("commandLine"),
	ROWS_END,
};
const struct json_type oci_process_type = TYPE(oci_process, process_fields);
#undef S

/* ---- config.md: Root, Mounts, POSIX-platform Hooks ------------------------------------------- */

#define S oci_root
static const struct json_field root_fields[] = {
	ROW(STR, "path", path, NEEDED),
	ROW(BOOL, "readonly", readonly),
	ROWS_END,
};
static const struct json_type root_type = TYPE(oci_root, root_fields);
#undef S

#define S oci_id_map
static const struct json_field id_map_fields[] = {
	ROW(U32, "containerID", container_id, NEEDED),
	ROW(U32, "hostID", host_id, NEEDED),
	ROW(U32, "size", size, NEEDED),
	ROWS_END,
};
static const struct json_type id_map_type = TYPE(oci_id_map, id_map_fields);
#undef S

#define S oci_mount
static const struct json_field mount_fields[] = {
	ROW(STR, "destination", destination, NEEDED),
	ROW(STR, "type", type),
	ROW(STR, "source", source),
	ROW(LIST, "options", options, STRINGS),
	WITH_ROW(WITH_USERNS, "user namespaces", "uidMappings",
		 ROW(LIST, "uidMappings", uid_mappings, OF(id_map_type))),
	WITH_ROW(WITH_USERNS, "user namespaces", "gidMappings",
		 ROW(LIST, "gidMappings", gid_mappings, OF(id_map_type))),
	ROWS_END,
};
const struct json_type oci_mount_type = TYPE(oci_mount, mount_fields);
#undef S

#define S oci_hook
static const struct json_field hook_fields[] = {
	ROW(STR, "path", path, NEEDED),
	ROW(LIST, "args", args, STRINGS),
	ROW(LIST, "env", env, STRINGS),
	ROW(I32, "timeout", timeout, PTR),
	ROWS_END,
};
static const struct json_type hook_type = TYPE(oci_hook, hook_fields);
#undef S

#define S oci_hooks
static const struct json_field hooks_fields[] = {
	ROW(LIST, "prestart", prestart, OF(hook_type)),
	ROW(LIST, "createRuntime", create_runtime, OF(hook_type)),
	ROW(LIST, "createContainer", create_container, OF(hook_type)),
	ROW(LIST, "startContainer", start_container, OF(hook_type)),
	ROW(LIST, "poststart", poststart, OF(hook_type)),
	ROW(LIST, "poststop", poststop, OF(hook_type)),
	ROWS_END,
};
static const struct json_type hooks_type = TYPE(oci_hooks, hooks_fields);
#undef S

/* ---- config-linux.md: Control groups --------------------------------------------------------- */

#define S oci_device_rule
static const struct json_field device_rule_fields[] = {
	ROW(BOOL, "allow", allow, NEEDED), ROW(ENUM, "type", type, WORDS(oci_device_rule_words)),
	ROW(I64, "major", major, PTR),	   ROW(I64, "minor", minor, PTR),
	ROW(STR, "access", access),	   ROWS_END,
};
static const struct json_type device_rule_type = TYPE(oci_device_rule, device_rule_fields);
#undef S

#define S oci_memory
static const struct json_field memory_fields[] = {
	ROW(I64, "limit", limit, PTR),
	ROW(I64, "reservation", reservation, PTR),
	ROW(I64, "swap", swap, PTR),
	ROW(I64, "kernel", kernel, PTR),
	ROW(I64, "kernelTCP", kernel_tcp, PTR),
	ROW(U64, "swappiness", swappiness, PTR),
	ROW(BOOL, "disableOOMKiller", disable_oom_killer, PTR),
	ROW(BOOL, "useHierarchy", use_hierarchy, PTR),
	ROW(BOOL, "checkBeforeUpdate", check_before_update, PTR),
	ROWS_END,
};
static const struct json_type memory_type = TYPE(oci_memory, memory_fields);
#undef S

#define S oci_cpu
static const struct json_field cpu_fields[] = {
	ROW(U64, "shares", shares, PTR),
	ROW(I64, "quota", quota, PTR),
	ROW(U64, "burst", burst, PTR),
	ROW(U64, "period", period, PTR),
	ROW(I64, "realtimeRuntime", realtime_runtime, PTR),
	ROW(U64, "realtimePeriod", realtime_period, PTR),
	ROW(STR, "cpus", cpus),
	ROW(STR, "mems", mems),
	ROW(I64, "idle", idle, PTR),
	ROWS_END,
};
static const struct json_type cpu_type = TYPE(oci_cpu, cpu_fields);
#undef S

#define S oci_pids
static const struct json_field pids_fields[] = {
	ROW(I64, "limit", limit, PTR),
	ROWS_END,
};
static const struct json_type pids_type = TYPE(oci_pids, pids_fields);
#undef S

#define S oci_weight_device
static const struct json_field weight_device_fields[] = {
	ROW(I64, "major", major, NEEDED),
	ROW(I64, "minor", minor, NEEDED),
	ROW(U16, "weight", weight, PTR),
	ROW(U16, "leafWeight", leaf_weight, PTR),
	ROWS_END,
};
static const struct json_type weight_device_type = TYPE(oci_weight_device, weight_device_fields);
#undef S

#define S oci_throttle_device
static const struct json_field throttle_device_fields[] = {
	ROW(I64, "major", major, NEEDED),
	ROW(I64, "minor", minor, NEEDED),
	ROW(U64, "rate", rate, KEPT),
	ROWS_END,
};
static const struct json_type throttle_device_type =
	TYPE(oci_throttle_device, throttle_device_fields);
#undef S

#define S oci_block_io
static const struct json_field block_io_fields[] = {
	ROW(U16, "weight", weight, PTR),
	ROW(U16, "leafWeight", leaf_weight, PTR),
	ROW(LIST, "weightDevice", weight_device, OF(weight_device_type)),
	ROW(LIST, "throttleReadBpsDevice", throttle_read_bps, OF(throttle_device_type)),
	ROW(LIST, "throttleWriteBpsDevice", throttle_write_bps, OF(throttle_device_type)),
	ROW(LIST, "throttleReadIOPSDevice", throttle_read_iops, OF(throttle_device_type)),
	ROW(LIST, "throttleWriteIOPSDevice", throttle_write_iops, OF(throttle_device_type)),
	ROWS_END,
};
static const struct json_type block_io_type = TYPE(oci_block_io, block_io_fields);
#undef S

#define S oci_hugepage_limit
static const struct json_field hugepage_limit_fields[] = {
	ROW(STR, "pageSize", page_size, NEEDED),
	ROW(U64, "limit", limit, NEEDED),
	ROWS_END,
};
static const struct json_type hugepage_limit_type = TYPE(oci_hugepage_limit, hugepage_limit_fields);
#undef S

#define S oci_priority
static const struct json_field priority_fields[] = {
	ROW(STR, "name", name, NEEDED),
	ROW(U32, "priority", priority, NEEDED),
	ROWS_END,
};
static const struct json_type priority_type = TYPE(oci_priority, priority_fields);
#undef S

#define S oci_network
static const struct json_field network_fields[] = {
	ROW(U32, "classID", class_id, PTR),
	ROW(LIST, "priorities", priorities, OF(priority_type)),
	ROWS_END,
};
static const struct json_type network_type = TYPE(oci_network, network_fields);
#undef S

#define S oci_rdma
static const struct json_field rdma_fields[] = {
	ROW(U32, "hcaHandles", hca_handles, PTR),
	ROW(U32, "hcaObjects", hca_objects, PTR),
	ROWS_END,
};
static const struct json_type rdma_type = TYPE(oci_rdma, rdma_fields);
#undef S

#define S oci_resources
static const struct json_field resources_fields[] = {
	WITH_ROW(WITH_CGROUP, "cgroups", "unified", ROW(MAP, "unified", unified, STRINGS)),
	ROW(LIST, "devices", devices, OF(device_rule_type)),
	WITH_ROW(WITH_CGROUP, "cgroups", "memory",
		 ROW(OBJ, "memory", memory, PTR, .sub = &memory_type)),
	WITH_ROW(WITH_CGROUP, "cgroups", "cpu", ROW(OBJ, "cpu", cpu, PTR, .sub = &cpu_type)),
	WITH_ROW(WITH_CGROUP, "cgroups", "pids", ROW(OBJ, "pids", pids, PTR, .sub = &pids_type)),
	WITH_ROW(WITH_CGROUP, "cgroups", "blockIO",
		 ROW(OBJ, "blockIO", block_io, PTR, .sub = &block_io_type)),
	WITH_ROW(WITH_CGROUP, "cgroups", "hugepageLimits",
		 ROW(LIST, "hugepageLimits", hugepage_limits, OF(hugepage_limit_type))),
	WITH_ROW(WITH_CGROUP, "cgroups", "network",
		 ROW(OBJ, "network", network, PTR, .sub = &network_type)),
	WITH_ROW(WITH_CGROUP, "cgroups", "rdma", ROW(MAP, "rdma", rdma, OF(rdma_type))),
	ROWS_END,
};
const struct json_type oci_resources_type = TYPE(oci_resources, resources_fields);
#undef S

/* ---- config-linux.md: Seccomp ---------------------------------------------------------------- */

#define S oci_seccomp_arg
static const struct json_field seccomp_arg_fields[] = {
	ROW(U32, "index", index, NEEDED),
	ROW(U64, "value", value, NEEDED),
	ROW(U64, "valueTwo", value_two),
	ROW(ENUM, "op", op, NEEDED, WORDS(oci_seccomp_op_words)),
	ROWS_END,
};
static const struct json_type seccomp_arg_type = TYPE(oci_seccomp_arg, seccomp_arg_fields);
#undef S

#define S oci_syscall
static const struct json_field syscall_fields[] = {
	ROW(LIST, "names", names, STRINGS, NEEDED),
	ROW(ENUM, "action", action, NEEDED, WORDS(oci_seccomp_action_words)),
	ROW(U32, "errnoRet", errno_ret, PTR),
	ROW(LIST, "args", args, OF(seccomp_arg_type)),
	ROWS_END,
};
static const struct json_type syscall_type = TYPE(oci_syscall, syscall_fields);
#undef S

#define S oci_seccomp
static const struct json_field seccomp_fields[] = {
	ROW(ENUM, "defaultAction", default_action, WORDS(oci_action_or_none_words)),
	ROW(U32, "defaultErrnoRet", default_errno_ret, PTR),
	ROW(LIST, "architectures", architectures, .elem = JK_ENUM, WORDS(oci_seccomp_arch_words)),
	ROW(LIST, "flags", flags, .elem = JK_ENUM, WORDS(oci_seccomp_flag_words)),
	ROW(STR, "listenerPath", listener_path),
	ROW(STR, "listenerMetadata", listener_metadata),
	ROW(LIST, "syscalls", syscalls, OF(syscall_type)),
	ROWS_END,
};
static const struct json_type seccomp_type = TYPE(oci_seccomp, seccomp_fields);
#undef S

/* ---- config-linux.md: the rest --------------------------------------------------------------- */

#define S oci_namespace
static const struct json_field namespace_fields[] = {
	ROW(ENUM, "type", type, NEEDED, WORDS(oci_namespace_words)),
	ROW(STR, "path", path),
	ROWS_END,
};
static const struct json_type namespace_type = TYPE(oci_namespace, namespace_fields);
#undef S

#define S oci_device
static const struct json_field device_fields[] = {
	ROW(STR, "path", path, NEEDED),
	ROW(ENUM, "type", type, NEEDED, WORDS(oci_device_words)),
	ROW(I64, "major", major, KEPT),
	ROW(I64, "minor", minor, KEPT),
	ROW(U32, "fileMode", file_mode, PTR),
	ROW(U32, "uid", uid, PTR),
	ROW(U32, "gid", gid, PTR),
	ROWS_END,
};
static const struct json_type device_type = TYPE(oci_device, device_fields);
#undef S

#define S oci_net_device
static const struct json_field net_device_fields[] = {
	ROW(STR, "name", name),
	ROWS_END,
};
static const struct json_type net_device_type = TYPE(oci_net_device, net_device_fields);
#undef S

#define S oci_intel_rdt
static const struct json_field intel_rdt_fields[] = {
	ROW(STR, "closID", clos_id),
	ROW(LIST, "schemata", schemata, STRINGS),
	ROW(STR, "l3CacheSchema", l3_cache_schema),
	ROW(STR, "memBwSchema", mem_bw_schema),
	ROW(BOOL, "enableMonitoring", enable_monitoring),
	OTHER("enableCMT"),
	OTHER("enableMBM"),
	ROWS_END,
};
static const struct json_type intel_rdt_type = TYPE(oci_intel_rdt, intel_rdt_fields);
#undef S

#define S oci_memory_policy
static const struct json_field memory_policy_fields[] = {
	ROW(ENUM, "mode", mode, KEPT, WORDS(oci_mempolicy_or_none_words)),
	ROW(STR, "nodes", nodes),
	ROW(LIST, "flags", flags, .elem = JK_ENUM, WORDS(oci_mempolicy_flag_words)),
	ROWS_END,
};
static const struct json_type memory_policy_type = TYPE(oci_memory_policy, memory_policy_fields);
#undef S

#define S oci_personality
static const struct json_field personality_fields[] = {
	ROW(ENUM, "domain", domain, NEEDED, WORDS(oci_personality_words)),
	ROW(LIST, "flags", flags, STRINGS),
	ROWS_END,
};
static const struct json_type personality_type = TYPE(oci_personality, personality_fields);
#undef S

#define S oci_time_offset
static const struct json_field time_offset_fields[] = {
	ROW(I64, "secs", secs),
	ROW(U32, "nanosecs", nanosecs),
	ROWS_END,
};
static const struct json_type time_offset_type = TYPE(oci_time_offset, time_offset_fields);
#undef S

#define S oci_linux
static const struct json_field linux_fields[] = {
	WITH_ROW(WITH_USERNS, "user namespaces", "uidMappings",
		 ROW(LIST, "uidMappings", uid_mappings, OF(id_map_type))),
	WITH_ROW(WITH_USERNS, "user namespaces", "gidMappings",
		 ROW(LIST, "gidMappings", gid_mappings, OF(id_map_type))),
	ROW(MAP, "sysctl", sysctl, STRINGS),
	ROW(OBJ, "resources", resources, PTR, .sub = &oci_resources_type),
	WITH_ROW(WITH_CGROUP, "cgroups", "cgroupsPath", ROW(STR, "cgroupsPath", cgroups_path)),
	ROW(LIST, "namespaces", namespaces, OF(namespace_type)),
	ROW(LIST, "devices", devices, OF(device_type)),
	WITH_ROW(WITH_NET, "network devices", "netDevices",
		 ROW(MAP, "netDevices", net_devices, OF(net_device_type))),
	WITH_ROW(WITH_SECCOMP, "seccomp", "seccomp",
		 ROW(OBJ, "seccomp", seccomp, PTR, .sub = &seccomp_type)),
	ROW(ENUM, "rootfsPropagation", rootfs_propagation, WORDS(oci_propagation_or_none_words)),
	ROW(LIST, "maskedPaths", masked_paths, STRINGS),
	ROW(LIST, "readonlyPaths", readonly_paths, STRINGS),
	WITH_ROW(WITH_LSM, "SELinux", "mountLabel", ROW(STR, "mountLabel", mount_label)),
	WITH_ROW(WITH_TUNING, "Intel RDT", "intelRdt",
		 ROW(OBJ, "intelRdt", intel_rdt, PTR, .sub = &intel_rdt_type)),
	WITH_ROW(WITH_TUNING, "memory policies", "memoryPolicy",
		 ROW(OBJ, "memoryPolicy", memory_policy, PTR, .sub = &memory_policy_type)),
	WITH_ROW(WITH_TUNING, "personalities", "personality",
		 ROW(OBJ, "personality", personality, PTR, .sub = &personality_type)),
	WITH_ROW(WITH_TUNING, "time offsets", "timeOffsets",
		 ROW(MAP, "timeOffsets", time_offsets, OF(time_offset_type))),
	ROWS_END,
};
static const struct json_type linux_type = TYPE(oci_linux, linux_fields);
#undef S

/* ---- config.md: the document ----------------------------------------------------------------- */

#define S oci_config
static const struct json_field config_fields[] = {
	ROW(STR, "ociVersion", oci_version, NEEDED),
	ROW(OBJ, "process", process, PTR, .sub = &oci_process_type),
	ROW(OBJ, "root", root, PTR, .sub = &root_type),
	ROW(STR, "hostname", hostname),
	ROW(STR, "domainname", domainname),
	ROW(LIST, "mounts", mounts, OF(oci_mount_type)),
	WITH_ROW(WITH_HOOKS, "hooks", "hooks", ROW(OBJ, "hooks", hooks, PTR, .sub = &hooks_type)),
	ROW(MAP, "annotations", annotations, STRINGS),
	ROW(OBJ, "linux", linux, PTR, .sub = &linux_type),
	OTHER("solaris"),
	OTHER("windows"),
	OTHER("vm"),
	OTHER("zos"),
	OTHER("freebsd"),
	ROWS_END,
};
const struct json_type oci_config_type = TYPE(oci_config, config_fields);
#undef S

void oci_add_mount(struct arena *a, struct oci_config *config, const struct oci_mount *m)
{
	size_t room = config->mounts.n;

	config->mounts.at = arena_grow(a, config->mounts.at, config->mounts.n, &room,
				       sizeof(*config->mounts.at));
	config->mounts.at[config->mounts.n++] = *m;
}
