/* simple.c - config.json from a few options: run --rootfs. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <string.h>

static int bad(const char *name, const char *text, const char *want)
{
	return failx("invalid value \"%s\" for flag -%s: must be %s", text, name, want);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* "2", "0.5", "1.25" become microseconds of each period. The kernel takes no less than 1000. */
bool simple_cpus(const char *text, int64_t *quota)
{
	size_t whole = strspn(text, "0123456789");
	const char *digit = text + whole;
	int64_t sum;
	uint64_t n;

	if (!json_number_u64(text, whole, &n) || n > 100000)
		return false;
	sum = n * SIMPLE_CPU_PERIOD;
	if (*digit == '.' && digit[1])
		for (int64_t unit = SIMPLE_CPU_PERIOD / 10; *++digit; unit /= 10) {
			if (*digit < '0' || *digit > '9' || !unit)
				return false;
			sum += (*digit - '0') * unit;
		}
	if (*digit || sum < 1000)
		return false;
	*quota = sum;
	return true;
}

static int set_limits(const struct simple *o, struct oci_linux *l)
{
	struct oci_resources *r = l->resources;
	int64_t *n = arena_alloc(&arena, 3 * sizeof(*n));
	uint64_t *period = arena_alloc(&arena, sizeof(*period));

	if (!o->mem && !o->pids && !o->cpus)
		return 0;
	if (!r)
		r = l->resources = arena_alloc(&arena, sizeof(*r));
	if (o->mem) {
		r->memory = arena_alloc(&arena, sizeof(*r->memory));
		r->memory->limit = n;
		if (!oci_size(o->mem, n) || *n <= 0)
			return bad("mem", o->mem, "a size such as 32M");
	}
	if (o->pids) {
		r->pids = arena_alloc(&arena, sizeof(*r->pids));
		r->pids->limit = n + 1;
		if (!json_number_i64(o->pids, strlen(o->pids), n + 1) || n[1] <= 0)
			return bad("pids", o->pids, "a number above 0");
	}
	if (o->cpus) {
		r->cpu = arena_alloc(&arena, sizeof(*r->cpu));
		r->cpu->quota = n + 2;
		r->cpu->period = period;
		*period = SIMPLE_CPU_PERIOD;
		if (!simple_cpus(o->cpus, n + 2))
			return bad("cpus", o->cpus, "a number from 0.01, such as 0.5");
	}
	return 0;
}

/* ---- the rest -------------------------------------------------------------------------------- */

int simple_net(const char *net, struct oci_linux *l)
{
	struct oci_namespace *all =
		arena_alloc(&arena, (l->namespaces.n + 1) * sizeof(*l->namespaces.at));
	size_t n = 0;

	if (net && strcmp(net, "none") && strcmp(net, "host"))
		return bad("net", net, "none or host");
	list_each (ns, l->namespaces)
		if (ns->type != CLONE_NEWNET)
			all[n++] = *ns;
	l->namespaces.at = all;
	l->namespaces.n = n;
	if (!net || strcmp(net, "host"))
		l->namespaces.at[l->namespaces.n++] = (struct oci_namespace){ CLONE_NEWNET, NULL };
	return 0;
}

/* Adds the options in "a,b" after rbind. */
static void split(const char *text, struct oci_mount *m)
{
	m->options.at = arena_alloc(&arena, (strlen(text) + 2) * sizeof(*m->options.at));
	m->options.at[m->options.n++] = "rbind";
	while (*text) {
		size_t len = strcspn(text, ",");

		if (len)
			m->options.at[m->options.n++] = arena_strndup(&arena, text, len);
		text += len + (text[len] == ',');
	}
}

static int parse_mount(const char *text, struct oci_mount *m)
{
	const char *dst = strchr(text, ':');
	size_t len = dst ? strcspn(dst + 1, ":") : 0;

	if (!dst || dst == text || dst[1] != '/')
		return bad("mount", text, "SOURCE:/DESTINATION[:OPTION,...]");
	m->destination = arena_strndup(&arena, dst + 1, len);
	m->type = "bind";
	split(dst[1 + len] ? dst + 2 + len : "", m);
	return runc_absolute(arena_strndup(&arena, text, dst - text), &m->source);
}

static int add_mounts(const struct simple *o, struct oci_config *c)
{
	struct oci_mount *all =
		arena_more(&arena, c->mounts.at, c->mounts.n, o->mounts.n, sizeof(*all));

	c->mounts.at = all;
	for (size_t i = 0; i < o->mounts.n; i++)
		if (parse_mount(o->mounts.at[i], &all[c->mounts.n++]) < 0)
			return -1;
	return 0;
}

static int add_variable(const struct simple *o, struct oci_process *p)
{
	const char **all = arena_more(&arena, p->env.at, p->env.n, o->env.n, sizeof(*all));

	p->env.at = all;
	for (size_t i = 0; i < o->env.n; i++) {
		if (!strchr(o->env.at[i], '=') || *o->env.at[i] == '=')
			return bad("env", o->env.at[i], "KEY=VALUE");
		all[p->env.n++] = o->env.at[i];
	}
	return 0;
}

static const char *const optional_fs[] = { "mqueue", "devpts", "sysfs", "cgroup" };

/* Only IPC and UTS namespaces and these filesystems may be left out, since a container without one
 * of the others would not be confined. */
void simple_kernel(struct oci_spec_options *how, unsigned asked)
{
	static const char *no_fs[ARRAY_SIZE(optional_fs) + 1];
	unsigned optional = (CLONE_NEWIPC | CLONE_NEWUTS) & ~asked;
	int type;
	size_t n = 0, len;
	char *list;

	while ((type = option_lacks_ns(optional & ~how->no_ns))) {
		how->no_ns |= type;
		log_warn("this kernel was built without CONFIG_%s: the container has no such "
			 "namespace",
			 option_of_ns(type));
	}
	if (file_read(&arena, AT_FDCWD, "/proc/filesystems", 1 << 16, &list, &len) < 0) {
		err_clear("without /proc no filesystem is left out");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(optional_fs); i++) {
		if (option_listed(list, optional_fs[i]))
			continue;
		no_fs[n++] = optional_fs[i];
		log_warn(
			"this kernel was built without CONFIG_%s: the mount of type %s is left out",
			option_of_fs(optional_fs[i]), optional_fs[i]);
	}
	how->no_fs = no_fs;
}

int simple_apply(const struct simple *o, struct oci_config *c, bool terminal)
{
	struct oci_process *p = c->process;

	p->terminal = terminal;
	if (o->readonly)
		c->root->readonly = true;
	if (o->cwd)
		p->cwd = o->cwd;
	if (o->hostname)
		c->hostname = o->hostname;
	if (o->user && runc_user(o->user, &p->user.uid, &p->user.gid) < 0)
		return -1;
	if (set_limits(o, c->linux) < 0 || simple_net(o->net, c->linux) < 0 || add_mounts(o, c) < 0)
		return -1;
	return add_variable(o, p);
}

int simple_text(const struct simple *o, char **argv, bool terminal, char **text, size_t *len)
{
	struct oci_spec_options how = { .rootless = geteuid() != 0,
					.cgroup_v2 = cgroup_layout() == CGROUP_V2,
					.wide_masks = true,
					.euid = geteuid(),
					.egid = getegid() };
	struct oci_config *c;

	simple_kernel(&how, o->hostname ? CLONE_NEWUTS : 0);
	c = oci_spec_config(&arena, &how);
	c->root->path = o->rootfs;
	if (o->relative && strrchr(o->rootfs, '/')[1])
		c->root->path = strrchr(o->rootfs, '/') + 1;
	c->root->readonly = false;
	if (argv && *argv) {
		struct oci_process *p = c->process;

		p->args.at = (const char **)argv;
		for (p->args.n = 0; argv[p->args.n]; p->args.n++)
			;
	}
	if (simple_apply(o, c, terminal) < 0)
		return -1;
	*text = oci_config_text(&arena, c, len);
	return 0;
}
