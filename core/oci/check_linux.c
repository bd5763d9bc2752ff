/* check_linux.c - rules about the linux object, except for seccomp and resources. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"

#include <stdlib.h>
#include <string.h>

/* ---- namespaces ------------------------------------------------------------------------------ */

static void namespace_once(struct check *k)
{
	unsigned seen = 0;

	list_each (ns, k->linux->namespaces) {
		if (seen & (unsigned)ns->type)
			check_say(check_at(k, "linux.namespaces[%zu].type",
					   ns - k->linux->namespaces.at),
				  "duplicate namespace type");
		seen |= (unsigned)ns->type;
	}
}

static void namespace_built(struct check *k)
{
	list_each (ns, k->linux->namespaces)
		if (ns->type == CLONE_NEWUSER)
			check_say(check_at(k, "linux.namespaces[%zu].type",
					   ns - k->linux->namespaces.at),
				  NOT_BUILT("WITH_USERNS", "user namespaces"));
}

static void namespace_path(struct check *k)
{
	list_each (ns, k->linux->namespaces)
		if (ns->path && *ns->path != '/')
			check_say(check_at(k, "linux.namespaces[%zu].path",
					   ns - k->linux->namespaces.at),
				  "must be an absolute path");
}

/* ---- ids ------------------------------------------------------------------------------------- */

/* True if two ranges of ids share an id. */
static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

void check_id_maps(struct check *k, const char *path, const oci_id_maps *maps)
{
	/* KERNEL 4.15: 340 ranges; 5 before, where the write fails with EINVAL. */
	if (maps->n > 340) {
		check_say(check_at(k, "%s", path), "has %zu ranges: the kernel takes at most 340",
			  maps->n);
		return;
	}
	list_each (m, *maps) {
		size_t i = m - maps->at;

		if (!m->size)
			check_say(check_at(k, "%s[%zu].size", path, i), "must be above zero");
		/* 4294967295 is (uid_t)-1, which is not an id. */
		if ((uint64_t)m->container_id + m->size > OCI_NO_ID)
			check_say(check_at(k, "%s[%zu].containerID", path, i),
				  "with size %u the range ends beyond the last id", m->size);
		if ((uint64_t)m->host_id + m->size > OCI_NO_ID)
			check_say(check_at(k, "%s[%zu].hostID", path, i),
				  "with size %u the range ends beyond the last id", m->size);
		for (const struct oci_id_map *o = maps->at; o < m; o++) {
			if (overlap(o->container_id, o->size, m->container_id, m->size))
				check_say(check_at(k, "%s[%zu].containerID", path, i),
					  "the range overlaps %s[%zu]", path,
					  (size_t)(o - maps->at));
			else if (overlap(o->host_id, o->size, m->host_id, m->size))
				check_say(check_at(k, "%s[%zu].hostID", path, i),
					  "the range overlaps %s[%zu]", path,
					  (size_t)(o - maps->at));
		}
	}
}

static void id_maps(struct check *k)
{
	check_id_maps(k, "linux.uidMappings", &k->linux->uid_mappings);
	check_id_maps(k, "linux.gidMappings", &k->linux->gid_mappings);
}

static void maps_need_userns(struct check *k)
{
	if (check_has_ns(k, CLONE_NEWUSER))
		return;
	if (k->linux->uid_mappings.n)
		check_say(check_at(k, "linux.uidMappings"), "needs a user namespace");
	if (k->linux->gid_mappings.n)
		check_say(check_at(k, "linux.gidMappings"), "needs a user namespace");
}

static void userns_needs_maps(struct check *k)
{
	list_each (ns, k->linux->namespaces) {
		size_t i = ns - k->linux->namespaces.at;

		if (ns->type != CLONE_NEWUSER || ns->path)
			continue;
		if (!k->linux->uid_mappings.n)
			check_say(check_at(k, "linux.namespaces[%zu]", i),
				  "a new user namespace needs linux.uidMappings");
		if (!k->linux->gid_mappings.n)
			check_say(check_at(k, "linux.namespaces[%zu]", i),
				  "a new user namespace needs linux.gidMappings");
	}
}

static void user_is_mapped(struct check *k)
{
	const struct oci_process *p = k->config->process;
	const struct oci_linux *l = k->linux;

	if (!p || !check_has_ns(k, CLONE_NEWUSER))
		return;
	if (oci_host_id(&l->uid_mappings, p->user.uid) < 0)
		check_say(check_place(k, "process.user.uid"), "%u is not in linux.uidMappings",
			  p->user.uid);
	if (oci_host_id(&l->gid_mappings, p->user.gid) < 0)
		check_say(check_place(k, "process.user.gid"), "%u is not in linux.gidMappings",
			  p->user.gid);
	list_each (gid, p->user.additional_gids)
		if (oci_host_id(&l->gid_mappings, *gid) < 0)
			check_say(check_place(k, "process.user.additionalGids[%zu]",
					      gid - p->user.additional_gids.at),
				  "%u is not in linux.gidMappings", *gid);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void time_offsets(struct check *k)
{
	const struct oci_linux *l = k->linux;

	if (l->time_offsets.n && !check_has_ns(k, CLONE_NEWTIME))
		check_say(check_at(k, "linux.timeOffsets"), "needs a time namespace");
	else if (l->time_offsets.n && !check_new_ns(k, CLONE_NEWTIME))
		check_say(check_at(k, "linux.timeOffsets"),
			  "cannot be set in a time namespace that is joined");
	list_each (t, l->time_offsets) {
		if (strcmp(t->key, "boottime") && strcmp(t->key, "monotonic"))
			check_say(check_at(k, "linux.timeOffsets.%s", t->key),
				  "is not known: the clocks are boottime and monotonic");
		if (t->nanosecs > 999999999)
			check_say(check_at(k, "linux.timeOffsets.%s.nanosecs", t->key),
				  "must be below 1000000000");
	}
}

/* ---- devices --------------------------------------------------------------------------------- */

static void device_numbers(struct check *k, const struct oci_device *d, size_t i,
			   const struct json *at)
{
	if (!check_member(at, "major") || !check_member(at, "minor"))
		check_say(check_at(k, "linux.devices[%zu].%s", i,
				   check_member(at, "major") ? "minor" : "major"),
			  "is missing for a device of type c or b");
	/* The kernel has 12 and 20 bits for them: mknod(2) drops higher bits. */
	if (d->major < 0 || d->major > 4095)
		check_say(check_at(k, "linux.devices[%zu].major", i), "must be from 0 to 4095");
	if (d->minor < 0 || d->minor > 1048575)
		check_say(check_at(k, "linux.devices[%zu].minor", i), "must be from 0 to 1048575");
}

static void devices(struct check *k)
{
	const struct json *list = check_member(k->node, "devices");
	const struct json *at = list ? list->child : NULL;

	list_each (d, k->linux->devices) {
		size_t i = d - k->linux->devices.at;

		if (d->path && *d->path != '/')
			check_say(check_at(k, "linux.devices[%zu].path", i),
				  "must be an absolute path");
		if ((d->uid && *d->uid == OCI_NO_ID) || (d->gid && *d->gid == OCI_NO_ID))
			check_say(check_place(k, "linux.devices[%zu].%s", i,
					      d->uid && *d->uid == OCI_NO_ID ? "uid" : "gid"),
				  "must not be 4294967295, which stands for no id");
		if (d->type && d->type != 'p')
			device_numbers(k, d, i, at);
		at = at ? at->next : NULL;
	}
}

struct device_path {
	const char *path;
	size_t index;
};

static int by_path(const void *a, const void *b)
{
	const struct device_path *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* The node of the first would be used for the second (config-linux.md, "Devices"). */
static void device_once(struct check *k)
{
	const struct oci_linux *l = k->linux;
	struct device_path *sorted;
	size_t n = 0;

	if (l->devices.n < 2)
		return;
	sorted = arena_alloc(k->arena, l->devices.n * sizeof(*sorted));
	list_each (d, l->devices)
		if (d->path)
			sorted[n++] = (struct device_path){ d->path, d - l->devices.at };
	qsort(sorted, n, sizeof(*sorted), by_path);
	for (size_t i = 1; i < n; i++) {
		const struct oci_device *a = &l->devices.at[sorted[i - 1].index];
		const struct oci_device *b = &l->devices.at[sorted[i].index];

		if (!strcmp(a->path, b->path) &&
		    (a->type != b->type || a->major != b->major || a->minor != b->minor))
			check_say(check_at(k, "linux.devices[%zu].path", sorted[i].index),
				  "is another device than linux.devices[%zu] of the same path",
				  sorted[i - 1].index);
	}
}

static void net_devices(struct check *k)
{
	const struct oci_linux *l = k->linux;
	const char **names = arena_alloc(k->arena, l->net_devices.n * sizeof(*names));
	size_t n = 0;

	if (l->net_devices.n && !check_has_ns(k, CLONE_NEWNET))
		check_say(check_at(k, "linux.netDevices"), "needs a network namespace");
	list_each (d, l->net_devices) {
		if (!check_net_name(d->key))
			check_say(check_place(k, "linux.netDevices.%s", d->key),
				  "invalid network device name \"%.32s\"", d->key);
		if (d->name && !check_net_name(d->name))
			check_say(check_place(k, "linux.netDevices.%s.name", d->key),
				  "invalid network device name \"%.32s\"", d->name);
		/* The kernel replaces %d in eth%d by a free number. */
		if (!d->name || !strchr(d->name, '%'))
			names[n++] = d->name ? d->name : d->key;
	}
	names_sort(names, n);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(names[i - 1], names[i]))
			check_say(check_at(k, "linux.netDevices"),
				  "two devices would be named \"%.32s\"", names[i]);
}

/* ---- cgroup, sysctl, paths ------------------------------------------------------------------- */

/* "/a/../b" is allowed. A path that leads above its first directory is refused. */
static void cgroups_path(struct check *k)
{
	const char *s = k->linux->cgroups_path;
	int depth = 0;

	for (; s && *s; s += strcspn(s, "/"), s += *s == '/') {
		size_t len = strcspn(s, "/");

		if (!len || (len == 1 && *s == '.'))
			continue;
		depth += len == 2 && !strncmp(s, "..", 2) ? -1 : 1;
		if (depth < 0) {
			check_say(check_at(k, "linux.cgroupsPath"), "must not lead out with ..");
			return;
		}
	}
}

static void sysctl_key(struct check *k, const char *key)
{
	int type = oci_sysctl_namespace(key);
	char path[256];

	if (!oci_sysctl_path(key, path, sizeof(path)))
		check_say(check_place(k, "linux.sysctl.%s", key),
			  "is not the name of a kernel parameter");
	else if (!strcmp(path, "kernel/hostname"))
		check_say(check_place(k, "linux.sysctl.%s", key),
			  "conflicts with the OCI \"hostname\" field");
	else if (type < 0)
		check_say(check_place(k, "linux.sysctl.%s", key),
			  "is not in a separate kernel namespace");
	else if (!check_has_ns(k, type))
		check_say(check_place(k, "linux.sysctl.%s", key), "needs a namespace of type %s",
			  json_word_name(oci_namespace_words, type));
}

static void sysctl(struct check *k)
{
	list_each (s, k->linux->sysctl) {
		sysctl_key(k, s->key);
		if (s->value && strchr(s->value, '\n'))
			check_say(check_at(k, "linux.sysctl.%s", s->key), "must be a single line");
	}
}

/* "a.b" and "a/b" are the same parameter, and members of a JSON object have no order. */
static void sysctl_once(struct check *k)
{
	const struct oci_linux *l = k->linux;
	const char **paths = arena_alloc(k->arena, l->sysctl.n * sizeof(*paths));
	char path[256];
	size_t n = 0;

	if (l->sysctl.n < 2)
		return;
	list_each (s, l->sysctl)
		if (oci_sysctl_path(s->key, path, sizeof(path)))
			paths[n++] = arena_strdup(k->arena, path);
	names_sort(paths, n);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(paths[i - 1], paths[i]))
			check_say(check_at(k, "linux.sysctl"), "sets %s twice", paths[i]);
}

static void hidden_paths(struct check *k, const char *field, const char *const *at, size_t n)
{
	if (n && !check_has_ns(k, CLONE_NEWNS))
		check_say(check_at(k, "linux.%s", field), "needs a mount namespace");
	for (size_t i = 0; i < n; i++)
		if (at[i] && *at[i] != '/')
			check_say(check_at(k, "linux.%s[%zu]", field, i),
				  "must be an absolute path");
}

static void masked_paths(struct check *k)
{
	hidden_paths(k, "maskedPaths", k->linux->masked_paths.at, k->linux->masked_paths.n);
}

static void readonly_paths(struct check *k)
{
	hidden_paths(k, "readonlyPaths", k->linux->readonly_paths.at, k->linux->readonly_paths.n);
}

/* ---- hardware -------------------------------------------------------------------------------- */

static void intel_rdt(struct check *k)
{
	const struct oci_intel_rdt *r = k->linux->intel_rdt;
	const char *id = r ? r->clos_id : NULL;

	/* "/" is the root group of resctrl. */
	if (id && strcmp(id, "/") && (!strcmp(id, ".") || !strcmp(id, "..") || strchr(id, '/')))
		check_say(check_at(k, "linux.intelRdt.closID"),
			  "must be a single path component, or /");
	if (r && r->mem_bw_schema &&
	    (strncmp(r->mem_bw_schema, "MB:", 3) || strchr(r->mem_bw_schema, '\n')))
		check_say(check_at(k, "linux.intelRdt.memBwSchema"),
			  "must be one line that begins with MB:");
}

static void memory_policy(struct check *k)
{
	const struct oci_memory_policy *m = k->linux->memory_policy;
	const char *bad = m && m->nodes ? check_list(m->nodes) : NULL;
	const struct json *mode = json_get(json_get(k->node, "memoryPolicy"), "mode");
	bool none, wanted;
	int flags = 0;

	if (!m)
		return;
	/* An empty object means MPOL_DEFAULT, as for runc. */
	if ((!mode || mode->type == JSON_NULL || (mode->type == JSON_STRING && !*mode->str)) &&
	    (m->nodes || m->flags.n))
		check_say(check_place(k, "linux.memoryPolicy.mode"),
			  "invalid memory policy mode \"\": is missing");
	/* A mode that could not be bound is 0 in m, and so is MPOL_DEFAULT. */
	if (!mode || mode->type != JSON_STRING ||
	    json_word_value(oci_mempolicy_words, mode->str) < 0)
		return;
	if (bad)
		check_say(check_place(k, "linux.memoryPolicy.nodes"),
			  "invalid memory policy nodes \"%s\": %s", m->nodes, bad);
	none = m->mode == OCI_MPOL_DEFAULT || m->mode == OCI_MPOL_LOCAL;
	wanted = !none && m->mode != OCI_MPOL_PREFERRED;
	if (none && m->nodes)
		check_say(check_at(k, "linux.memoryPolicy.nodes"), "must not be set with %s",
			  mode->str);
	if (wanted && !m->nodes)
		check_say(check_at(k, "linux.memoryPolicy.nodes"), "must be set with %s",
			  mode->str);
	list_each (f, m->flags)
		flags |= *f;
	if ((flags & OCI_MPOL_F_STATIC_NODES) && (flags & OCI_MPOL_F_RELATIVE_NODES))
		check_say(check_at(k, "linux.memoryPolicy.flags"),
			  "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
}

check_rule *const check_linux_rules[] = {
	namespace_once, /* a type has one namespace */
	WITH_RULE(!WITH_USERNS, namespace_built), /* this build has namespaces of this type */
	namespace_path, /* a namespace to join has an absolute path */
	WITH_RULE(WITH_USERNS, id_maps), /* mappings are ranges the kernel takes */
	WITH_RULE(WITH_USERNS, maps_need_userns), /* mappings need a user namespace */
	WITH_RULE(WITH_USERNS, userns_needs_maps), /* a new user namespace has mappings */
	WITH_RULE(WITH_USERNS, user_is_mapped), /* the process's ids are mapped */
	WITH_RULE(WITH_TUNING,
		  time_offsets), /* offsets are of known clocks, in a new time namespace */
	devices, /* a device has a path and numbers that mknod(2) takes */
	device_once, /* a path is one device */
	WITH_RULE(WITH_NET,
		  net_devices), /* network devices need a namespace, and have different names */
	WITH_RULE(WITH_CGROUP, cgroups_path), /* cgroupsPath does not go above its begin */
	sysctl, /* a kernel parameter belongs to a namespace of the container */
	sysctl_once, /* no parameter is set twice */
	masked_paths, /* masked paths are absolute, in a mount namespace */
	readonly_paths, /* the same for read-only paths */
	WITH_RULE(WITH_TUNING, intel_rdt), /* closID is a name, memBwSchema a line with MB: */
	WITH_RULE(WITH_TUNING,
		  memory_policy), /* a memory policy has nodes if its mode needs them */
	NULL,
};
