/* state.c - the state of a container: the rows of state.json, and the state that OCI defines. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/oci.h"

#include <ctype.h>
#include <string.h>

const struct json_word oci_status_words[] = {
	{ "creating", OCI_CREATING }, { "created", OCI_CREATED }, { "running", OCI_RUNNING },
	{ "paused", OCI_PAUSED },     { "stopped", OCI_STOPPED }, { NULL, 0 },
};

/* A key that runc's state.json has too has the same name and meaning. */
#define ROW(kind_, name_, member_, ...)                                                            \
	{                                                                                          \
		.name = name_, .kind = JK_##kind_, .offset = offsetof(struct oci_state, member_),  \
		##__VA_ARGS__                                                                      \
	}

static const struct json_field foreign_ns_fields[] = {
	{ .name = "type", .kind = JK_STR, .offset = offsetof(struct oci_foreign_ns, type) },
	{ .name = "path", .kind = JK_STR, .offset = offsetof(struct oci_foreign_ns, path) },
	{ .name = NULL },
};
static const struct json_type foreign_ns_type = { sizeof(struct oci_foreign_ns),
						  foreign_ns_fields };

static const struct json_field foreign_fields[] = {
	{ .name = "rootfs", .kind = JK_STR, .offset = offsetof(struct oci_foreign, rootfs) },
	{ .name = "labels",
	  .kind = JK_LIST,
	  .elem = JK_STR,
	  .offset = offsetof(struct oci_foreign, labels) },
	{ .name = "namespaces",
	  .kind = JK_LIST,
	  .elem = JK_OBJ,
	  .sub = &foreign_ns_type,
	  .offset = offsetof(struct oci_foreign, namespaces) },
	{ .name = "no_new_keyring",
	  .kind = JK_BOOL,
	  .offset = offsetof(struct oci_foreign, no_new_keyring) },
	{ .name = NULL },
};
static const struct json_type foreign_type = { sizeof(struct oci_foreign), foreign_fields };

static const struct json_field state_fields[] = {
	ROW(STR, "oci_version", oci_version),
	ROW(STR, "id", id, .flags = JF_REQUIRED),
	ROW(STR, "status", status),
	ROW(I32, "init_process_pid", pid, .flags = JF_ALWAYS),
	ROW(U64, "init_process_start", start_time, .flags = JF_ALWAYS),
	ROW(STR, "created", created),
	ROW(STR, "bundle", bundle),
	ROW(STR, "rootfs", rootfs),
	ROW(STR, "config_file", config),
	ROW(STR, "keyring", keyring),
	ROW(BOOL, "rootless", rootless, .flags = JF_ALWAYS),
	ROW(BOOL, "systemd", systemd),
	ROW(BOOL, "own_pid_ns", own_pid_ns, .flags = JF_ALWAYS),
	ROW(BOOL, "no_mknod", no_mknod),
	ROW(BOOL, "hooks", hooks),
	ROW(BOOL, "restored", restored),
	ROW(MAP, "annotations", annotations, .elem = JK_STR),
	ROW(MAP, "cgroup_paths", cgroup_paths, .elem = JK_STR, .flags = JF_ALWAYS),
	ROW(STR, "cgroup_unit", cgroup_unit),
	ROW(STR, "intel_rdt_path", intel_rdt_path),
	ROW(STR, "boot_id", boot_id),
	/* An older build wrote namespace_paths, namespace_ids and then boot_id, which a list needs:
	 * in that order a brief reading does not stop. */
	ROW(MAP, "namespace_ids", namespace_ids, .elem = JK_STR, .flags = JF_DETAIL),
	ROW(MAP, "namespace_paths", namespace_paths, .elem = JK_STR),
	ROW(OBJ, "config", foreign, .flags = JF_PTR, .sub = &foreign_type),
	{ .name = NULL },
};

const struct json_type oci_state_type = { sizeof(struct oci_state), state_fields };

static const struct json_field kept_fields[] = {
	ROW(BOOL, "rootless", rootless),
	ROW(MAP, "cgroup_paths", cgroup_paths, .elem = JK_STR),
	ROW(STR, "cgroup_unit", cgroup_unit),
	ROW(STR, "boot_id", boot_id),
	{ .name = NULL },
};

const struct json_type oci_kept_type = { sizeof(struct oci_state), kept_fields };

void oci_state_adopt(struct arena *a, struct oci_state *s)
{
	const struct oci_foreign *f = s->foreign;

	s->rootfs = f->rootfs;
	if (s->intel_rdt_path && !*s->intel_rdt_path)
		s->intel_rdt_path = NULL;
	s->keyring = f->no_new_keyring ? NULL : arena_printf(a, "_ses.%s", s->id);
	s->hooks = true; /* not known: the config.json of the bundle must be read */
	s->annotations.at = arena_alloc(a, (f->labels.n + 1) * sizeof(*s->annotations.at));
	list_each (label, f->labels) {
		size_t len = strcspn(*label, "=");

		if (!strncmp(*label, "bundle=", 7))
			s->bundle = *label + 7;
		else if ((*label)[len])
			s->annotations.at[s->annotations.n++] =
				(struct json_pair){ arena_strndup(a, *label, len),
						    *label + len + 1 };
	}
	list_each (ns, f->namespaces)
		if (ns->type && !strcmp(ns->type, "NEWPID") && !(ns->path && *ns->path))
			s->own_pid_ns = true;
}

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
	size_t len = 0;

	while (isalnum((unsigned char)id[len]) || (id[len] && strchr("_+.-", id[len])))
		len++;
	return len && len <= 1024 && !id[len] && strcmp(id, ".") && strcmp(id, "..") &&
	       strcmp(id, OCI_CACHE);
}
