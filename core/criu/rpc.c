/* rpc.c - the messages of CRIU's service as rows: numbers and types of its images/rpc.proto. */
/* SPDX-License-Identifier: MIT */
#include "core/criu/criu.h"

#define ROW(num_, kind_, type_, member_, ...)                                                      \
	{                                                                                          \
		.num = (num_), .kind = PB_##kind_, .offset = offsetof(struct type_, member_),      \
		##__VA_ARGS__                                                                      \
	}
#define TYPE(name_, struct_)                                                                       \
	static const struct pb_type name_##_type = { sizeof(struct struct_), name_##_fields }

/* criu_page_server_info */
static const struct pb_field server_fields[] = {
	ROW(1, STR, criu_page_server, address),
	ROW(2, INT, criu_page_server, port),
	{ 0 },
};
TYPE(server, criu_page_server);

/* ext_mount_map, cgroup_root and join_namespace alike */
static const struct pb_field pair_fields[] = {
	ROW(1, STR, criu_pair, key),
	ROW(2, STR, criu_pair, val),
	{ 0 },
};
TYPE(pair, criu_pair);

/* inherit_fd */
static const struct pb_field fd_fields[] = {
	ROW(1, STR, criu_fd, key),
	ROW(2, INT, criu_fd, fd, .flags = PB_ALWAYS),
	{ 0 },
};
TYPE(fd, criu_fd);

#define OPT(num_, kind_, member_, ...) ROW(num_, kind_, criu_opts, member_, ##__VA_ARGS__)
static const struct pb_field opts_fields[] = {
	OPT(1, INT, images_fd, .flags = PB_ALWAYS),
	OPT(2, INT, pid),
	OPT(3, BOOL, leave_running),
	OPT(4, BOOL, ext_unix_sk),
	OPT(5, BOOL, tcp_established),
	OPT(6, BOOL, evasive_devices),
	OPT(7, BOOL, shell_job),
	OPT(8, BOOL, file_locks),
	OPT(9, INT, log_level),
	OPT(10, STR, log_file),
	OPT(11, MSG, page_server, .flags = PB_LIST, .sub = &server_type),
	OPT(12, BOOL, notify_scripts),
	OPT(13, STR, root),
	OPT(14, STR, parent),
	OPT(15, BOOL, track_mem),
	OPT(16, BOOL, auto_dedup),
	OPT(17, INT, work_fd),
	OPT(18, BOOL, link_remap),
	OPT(23, MSG, mounts, .flags = PB_LIST, .sub = &pair_type),
	OPT(24, BOOL, manage_cgroups),
	OPT(25, MSG, cgroups, .flags = PB_LIST, .sub = &pair_type),
	OPT(26, BOOL, rst_sibling),
	OPT(27, MSG, fds, .flags = PB_LIST, .sub = &fd_type),
	OPT(34, INT, manage_mode, .flags = PB_ALWAYS),
	OPT(37, STR, external, .flags = PB_LIST),
	OPT(38, INT, empty_ns),
	OPT(39, MSG, joins, .flags = PB_LIST, .sub = &pair_type),
	OPT(44, STR, freeze_cgroup),
	OPT(46, BOOL, tcp_skip_in_flight),
	OPT(48, BOOL, lazy_pages),
	OPT(49, INT, status_fd),
	OPT(50, BOOL, orphan_pts_master),
	OPT(51, STR, config_file),
	OPT(52, BOOL, tcp_close),
	OPT(53, STR, lsm_profile),
	OPT(63, STR, lsm_mount_context),
	OPT(64, INT, network_lock),
	OPT(67, BOOL, unprivileged),
	{ 0 },
};
TYPE(opts, criu_opts);

static const struct pb_field features_fields[] = {
	ROW(1, BOOL, criu_features, mem_track),
	ROW(2, BOOL, criu_features, lazy_pages),
	{ 0 },
};
TYPE(features, criu_features);

static const struct pb_field req_fields[] = {
	ROW(1, INT, criu_req, type, .flags = PB_ALWAYS),
	ROW(2, MSG, criu_req, opts, .flags = PB_LIST, .sub = &opts_type),
	ROW(3, BOOL, criu_req, notify_success),
	ROW(5, MSG, criu_req, features, .flags = PB_LIST, .sub = &features_type),
	{ 0 },
};
const struct pb_type criu_req_type = { sizeof(struct criu_req), req_fields };

/* criu_restore_resp, criu_notify and criu_version fill members of the response itself. */
static const struct pb_field restored_fields[] = {
	ROW(1, INT, criu_resp, restore.pid),
	{ 0 },
};
TYPE(restored, criu_resp);

static const struct pb_field notify_fields[] = {
	ROW(1, STR, criu_resp, notify.script),
	ROW(2, INT, criu_resp, notify.pid),
	{ 0 },
};
TYPE(notify, criu_resp);

static const struct pb_field version_fields[] = {
	ROW(1, INT, criu_resp, version.major),
	ROW(2, INT, criu_resp, version.minor),
	ROW(3, STR, criu_resp, version.gitid),
	ROW(4, INT, criu_resp, version.sublevel),
	{ 0 },
};
TYPE(version, criu_resp);

static const struct pb_field resp_fields[] = {
	ROW(1, INT, criu_resp, type),
	ROW(2, BOOL, criu_resp, success),
	{ .num = 4, .kind = PB_MSG, .sub = &restored_type },
	{ .num = 5, .kind = PB_MSG, .sub = &notify_type },
	ROW(7, INT, criu_resp, errnum),
	ROW(8, MSG, criu_resp, features, .sub = &features_type),
	{ .num = 10, .kind = PB_MSG, .sub = &version_type },
	{ 0 },
};
const struct pb_type criu_resp_type = { sizeof(struct criu_resp), resp_fields };
