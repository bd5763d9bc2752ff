/* spec.c - the document of `spec`, as structs that the rows of config.c write. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"

#include <string.h>
#include <sys/resource.h>

/* The lists of the structs are not const, because loading fills them. These are only read. */
#define LIST_OF(array_)                                                                            \
	{                                                                                          \
		(void *)(array_), ARRAY_SIZE(array_)                                               \
	}
#define WORDS(...) LIST_OF(((const char *const[]){ __VA_ARGS__ }))

/* The values are those of runc 1.5. */

static const struct oci_capabilities capabilities = {
	.bounding = WORDS("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"),
	.effective = WORDS("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"),
	.permitted = WORDS("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"),
};

static const struct oci_rlimit rlimits[] = {
	{ .type = RLIMIT_NOFILE, .hard = 1024, .soft = 1024 },
};

static const struct oci_process process = {
	.terminal = true,
	.args = WORDS("sh"),
	.env = WORDS("PATH=" DEFAULT_PATH, "TERM=xterm"),
	.cwd = "/",
	.capabilities = (struct oci_capabilities *)&capabilities,
	.rlimits = LIST_OF(rlimits),
	.no_new_privileges = true,
};

static const struct oci_root root = { .path = "rootfs", .readonly = true };

static const struct oci_mount mounts[] = {
	{ "/proc", "proc", "proc" },
	{ "/dev", "tmpfs", "tmpfs", WORDS("nosuid", "strictatime", "mode=755", "size=65536k") },
	{ "/dev/pts", "devpts", "devpts",
	  WORDS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5") },
	{ "/dev/shm", "tmpfs", "shm",
	  WORDS("nosuid", "noexec", "nodev", "mode=1777", "size=65536k") },
	{ "/dev/mqueue", "mqueue", "mqueue", WORDS("nosuid", "noexec", "nodev") },
	{ "/sys", "sysfs", "sysfs", WORDS("nosuid", "noexec", "nodev", "ro") },
	{ "/sys/fs/cgroup", "cgroup", "cgroup",
	  WORDS("nosuid", "noexec", "nodev", "relatime", "ro") },
};

/* Without a new network namespace a user namespace may not mount sysfs: it is bound instead. */
static const struct oci_mount rootless_sys = {
	"/sys",
	"none",
	"/sys",
	WORDS("rbind", "nosuid", "noexec", "nodev", "ro"),
};

static const struct oci_device_rule deny_all[] = { { .allow = false, .access = "rwm" } };
static const struct oci_resources resources = { .devices = LIST_OF(deny_all) };

enum { ALWAYS, ROOTFUL, ROOTLESS, V2 };

static const struct {
	int type, when;
} namespaces[] = {
	{ CLONE_NEWPID, ALWAYS },    { CLONE_NEWNET, ROOTFUL }, { CLONE_NEWIPC, ALWAYS },
	{ CLONE_NEWUTS, ALWAYS },    { CLONE_NEWNS, ALWAYS },	{ CLONE_NEWCGROUP, V2 },
	{ CLONE_NEWUSER, ROOTLESS },
};

/* The last two are not those of runc: docker and podman mask them too. The timing of keystrokes and
 * the power draw can be read there, which reveals what other programs compute (CVE-2020-8694). */
#define MASKED_ONLY_WIDE 2
static const char *const masked[] = {
	"/proc/acpi",	     "/proc/asound",	    "/proc/kcore",
	"/proc/keys",	     "/proc/latency_stats", "/proc/timer_list",
	"/proc/timer_stats", "/proc/sched_debug",   "/sys/firmware",
	"/proc/scsi",	     "/proc/interrupts",    "/sys/devices/virtual/powercap",
};

static const struct oci_linux linux_part = {
	.masked_paths = LIST_OF(masked),
	.readonly_paths =
		WORDS("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"),
};

/* Removes uid= and gid=: their ids are not in a mapping of one id. */
static void drop_ids(struct arena *a, struct oci_mount *m)
{
	const char **kept = arena_alloc(a, m->options.n * sizeof(*kept));
	size_t n = 0;

	list_each (o, m->options)
		if (strncmp(*o, "uid=", 4) && strncmp(*o, "gid=", 4))
			kept[n++] = *o;
	m->options.at = kept;
	m->options.n = n;
}

static void *copy(struct arena *a, const void *from, size_t size)
{
	return memcpy(arena_alloc(a, size), from, size);
}

static void choose_namespaces(struct arena *a, const struct oci_spec_options *o,
			      struct oci_linux *l)
{
	l->namespaces.at = arena_alloc(a, ARRAY_SIZE(namespaces) * sizeof(*l->namespaces.at));
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		int when = namespaces[i].when;

		if (o->no_ns & (unsigned)namespaces[i].type)
			continue;
		if (when == ALWAYS || when == (o->rootless ? ROOTLESS : ROOTFUL) ||
		    (when == V2 && o->cgroup_v2))
			l->namespaces.at[l->namespaces.n++].type = namespaces[i].type;
	}
}

static void map_own_ids(struct arena *a, const struct oci_spec_options *o, struct oci_linux *l)
{
	struct oci_id_map uid = { 0, o->euid, 1 }, gid = { 0, o->egid, 1 };

	l->uid_mappings.at = copy(a, &uid, sizeof(uid));
	l->gid_mappings.at = copy(a, &gid, sizeof(gid));
	l->uid_mappings.n = l->gid_mappings.n = 1;
}

/* Removes the mounts of a filesystem type, and those below /sys together with sysfs. */
static void leave_out(struct oci_config *c, const char *type)
{
	bool sys = !strcmp(type, "sysfs");
	size_t n = 0;

	list_each (m, c->mounts)
		if (strcmp(m->type, type) && !(sys && !strncmp(m->destination, "/sys", 4)))
			c->mounts.at[n++] = *m;
	c->mounts.n = n;
}

struct oci_config *oci_spec_config(struct arena *a, const struct oci_spec_options *o)
{
	struct oci_config *c = arena_alloc(a, sizeof(*c));

	c->oci_version = OCI_VERSION;
	c->process = copy(a, &process, sizeof(process));
	c->root = copy(a, &root, sizeof(root));
	c->hostname = o->no_ns & CLONE_NEWUTS ? NULL : "runc";
	c->linux = copy(a, &linux_part, sizeof(linux_part));
	c->mounts.at = copy(a, mounts, sizeof(mounts));
	c->mounts.n = ARRAY_SIZE(mounts);
	for (const char *const *type = o->no_fs; type && *type; type++)
		leave_out(c, *type);
	if (!WITH_CGROUP)
		leave_out(c, "cgroup");
	if (!o->wide_masks)
		c->linux->masked_paths.n -= MASKED_ONLY_WIDE;
	choose_namespaces(a, o, c->linux);
	if (!o->rootless) {
		c->linux->resources = copy(a, &resources, sizeof(resources));
		return c;
	}
	map_own_ids(a, o, c->linux);
	list_each (m, c->mounts) {
		if (!strcmp(m->destination, "/sys"))
			*m = rootless_sys;
		drop_ids(a, m);
	}
	return c;
}

char *oci_config_text(struct arena *a, const struct oci_config *c, size_t *len)
{
	struct json_out out = { .arena = a, .indent = "\t" };

	json_write(&out, &oci_config_type, c);
	*len = out.len;
	return out.buf;
}

char *oci_spec_text(struct arena *a, const struct oci_spec_options *o, size_t *len)
{
	return oci_config_text(a, oci_spec_config(a, o), len);
}
