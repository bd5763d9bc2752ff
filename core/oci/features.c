/* features.c - the document of `features`, from the tables that the other files use. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"

#include <stdlib.h>
#include <string.h>

#define ROW(kind_, name_, member_, ...)                                                            \
	{                                                                                          \
		.name = name_, .kind = JK_##kind_, .offset = offsetof(struct S, member_),          \
		##__VA_ARGS__                                                                      \
	}
#define SWITCH(name_, member_) ROW(BOOL, name_, member_, .flags = JF_ALWAYS)
#define NAMES(name_, member_) ROW(LIST, name_, member_, .elem = JK_STR, .flags = JF_ALWAYS)
#define PART(name_, member_, type_) ROW(OBJ, name_, member_, .sub = &type_, .flags = JF_ALWAYS)
#define TYPE(struct_, fields_)                                                                     \
	{                                                                                          \
		sizeof(struct struct_), fields_                                                    \
	}

#define S oci_enabled
static const struct json_field enabled_fields[] = { SWITCH("enabled", enabled), { .name = NULL } };
static const struct json_type enabled_type = TYPE(oci_enabled, enabled_fields);
#undef S

#define S oci_features_cgroup
static const struct json_field cgroup_fields[] = {
	SWITCH("v1", v1),	    SWITCH("v2", v2),
	SWITCH("systemd", systemd), SWITCH("systemdUser", systemd_user),
	SWITCH("rdma", rdma),	    { .name = NULL },
};
static const struct json_type cgroup_type = TYPE(oci_features_cgroup, cgroup_fields);
#undef S

#define S oci_features_seccomp
static const struct json_field seccomp_fields[] = {
	SWITCH("enabled", enabled),
	NAMES("actions", actions),
	NAMES("operators", operators),
	NAMES("archs", archs),
	NAMES("knownFlags", known_flags),
	NAMES("supportedFlags", supported_flags),
	{ .name = NULL },
};
static const struct json_type seccomp_type = TYPE(oci_features_seccomp, seccomp_fields);
#undef S

#define S oci_features_rdt
static const struct json_field rdt_fields[] = {
	SWITCH("enabled", enabled),
	SWITCH("schemata", schemata),
	SWITCH("monitoring", monitoring),
	{ .name = NULL },
};
static const struct json_type rdt_type = TYPE(oci_features_rdt, rdt_fields);
#undef S

#define S oci_features_mempolicy
static const struct json_field mempolicy_fields[] = {
	NAMES("modes", modes),
	NAMES("flags", flags),
	{ .name = NULL },
};
static const struct json_type mempolicy_type = TYPE(oci_features_mempolicy, mempolicy_fields);
#undef S

#define S oci_features_mountext
static const struct json_field mountext_fields[] = {
	PART("idmap", idmap, enabled_type),
	{ .name = NULL },
};
static const struct json_type mountext_type = TYPE(oci_features_mountext, mountext_fields);
#undef S

#define S oci_features_linux
static const struct json_field linux_fields[] = {
	NAMES("namespaces", namespaces),
	NAMES("capabilities", capabilities),
	PART("cgroup", cgroup, cgroup_type),
	PART("seccomp", seccomp, seccomp_type),
	PART("apparmor", apparmor, enabled_type),
	PART("selinux", selinux, enabled_type),
	PART("intelRdt", intel_rdt, rdt_type),
	PART("memoryPolicy", memory_policy, mempolicy_type),
	PART("mountExtensions", mount_extensions, mountext_type),
	PART("netDevices", net_devices, enabled_type),
	{ .name = NULL },
};
static const struct json_type linux_type = TYPE(oci_features_linux, linux_fields);
#undef S

#define S oci_features
static const struct json_field features_fields[] = {
	ROW(STR, "ociVersionMin", version_min, .flags = JF_REQUIRED),
	ROW(STR, "ociVersionMax", version_max, .flags = JF_REQUIRED),
	NAMES("hooks", hooks),
	NAMES("mountOptions", mount_options),
	PART("linux", linux, linux_type),
	ROW(MAP, "annotations", annotations, .elem = JK_STR),
	ROW(LIST, "potentiallyUnsafeConfigAnnotations", unsafe_annotations, .elem = JK_STR),
	{ .name = NULL },
};
const struct json_type oci_features_type = TYPE(oci_features, features_fields);
#undef S

/* Sorted, as runc sorts them. */
static void fill_words(struct arena *a, oci_words *out, const struct json_word *words)
{
	size_t n = 0;

	while (words[n].word)
		n++;
	out->at = arena_alloc(a, n * sizeof(*out->at));
	out->n = n;
	for (size_t i = 0; i < n; i++)
		out->at[i] = words[i].word;
	names_sort(out->at, n);
}

static void fill_names(struct arena *a, oci_words *out, const char *const *names)
{
	size_t n = 0;

	while (names[n])
		n++;
	out->at = arena_alloc(a, n * sizeof(*out->at));
	out->n = n;
	memcpy(out->at, names, n * sizeof(*names));
}

void oci_features_fill(struct arena *a, struct oci_features *f)
{
	struct oci_features_linux *l = &f->linux;

	f->version_min = OCI_VERSION_MIN;
	f->version_max = OCI_VERSION;
	if (WITH_HOOKS)
		fill_names(a, &f->hooks, oci_hook_names);
	fill_words(a, &l->namespaces, oci_namespace_words);
	fill_names(a, &l->capabilities, oci_capability_names);
	if (WITH_SECCOMP) {
		fill_words(a, &l->seccomp.actions, oci_seccomp_action_words);
		fill_words(a, &l->seccomp.operators, oci_seccomp_op_words);
		fill_words(a, &l->seccomp.archs, oci_seccomp_arch_words);
		fill_words(a, &l->seccomp.known_flags, oci_seccomp_flag_words);
	}
	if (WITH_TUNING) {
		fill_words(a, &l->memory_policy.modes, oci_mempolicy_words);
		fill_words(a, &l->memory_policy.flags, oci_mempolicy_flag_words);
	}
	l->mount_extensions.idmap.enabled = WITH_USERNS;
	l->net_devices.enabled = WITH_NET;
	fill_names(a, &f->unsafe_annotations, oci_annotations_acted);
}
