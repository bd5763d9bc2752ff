/* state.c - what we remember of a container, and what others are told of it. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/oci.h"

#include <string.h>

const struct json_word oci_status_words[] = {
	{ "creating", OCI_CREATING }, { "created", OCI_CREATED }, { "running", OCI_RUNNING },
	{ "paused", OCI_PAUSED },     { "stopped", OCI_STOPPED }, { NULL, 0 },
};

/* Where runc's state.json has a key for the same thing it has the same name (checklist F-02). */
#define ROW(kind_, name_, member_, ...)                                                            \
	{                                                                                          \
		.name = name_, .kind = JK_##kind_, .offset = offsetof(struct oci_state, member_),  \
		##__VA_ARGS__                                                                      \
	}

static const struct json_field state_fields[] = {
	ROW(STR, "oci_version", oci_version),
	ROW(STR, "id", id, .flags = JF_REQUIRED),
	ROW(STR, "status", status),
	ROW(I32, "init_process_pid", pid, .flags = JF_ALWAYS),
	ROW(U64, "init_process_start", start_time, .flags = JF_ALWAYS),
	ROW(STR, "created", created),
	ROW(STR, "bundle", bundle, .flags = JF_REQUIRED),
	ROW(STR, "rootfs", rootfs),
	ROW(STR, "config_file", config),
	ROW(STR, "keyring", keyring),
	ROW(BOOL, "rootless", rootless, .flags = JF_ALWAYS),
	ROW(BOOL, "systemd", systemd),
	ROW(BOOL, "own_pid_ns", own_pid_ns, .flags = JF_ALWAYS),
	ROW(BOOL, "hooks", hooks),
	ROW(MAP, "annotations", annotations, .elem = JK_STR),
	ROW(MAP, "cgroup_paths", cgroup_paths, .elem = JK_STR, .flags = JF_ALWAYS),
	ROW(STR, "cgroup_unit", cgroup_unit),
	ROW(MAP, "namespace_paths", namespace_paths, .elem = JK_STR),
	ROW(STR, "intel_rdt_path", intel_rdt_path),
	{ .name = NULL },
};

const struct json_type oci_state_type = { sizeof(struct oci_state), state_fields };

void oci_state_put(struct json_out *o, const struct oci_state *s, enum oci_status status, int pid,
		   const char *owner)
{
	json_open(o, NULL, '{');
	json_put_str(o, "ociVersion", s->oci_version ? s->oci_version : OCI_VERSION);
	json_put_str(o, "id", s->id);
	if (pid >= 0)
		json_put_i64(o, "pid", pid);
	json_put_str(o, "status", json_word_name(oci_status_words, status));
	json_put_str(o, "bundle", s->bundle);
	if (s->rootfs)
		json_put_str(o, "rootfs", s->rootfs);
	if (s->created)
		json_put_str(o, "created", s->created);
	if (s->annotations.n) {
		json_open(o, "annotations", '{');
		list_each (pair, s->annotations)
			json_put_str(o, pair->key, pair->value);
		json_close(o, '}');
	}
	if (owner)
		json_put_str(o, "owner", owner);
	json_close(o, '}');
}

bool oci_id_valid(const char *id)
{
	size_t len =
		strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-");

	return len && len <= 1024 && !id[len] && strcmp(id, ".") && strcmp(id, "..");
}
