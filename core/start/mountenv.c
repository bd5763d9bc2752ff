/* mountenv.c - fills struct mount_env: the container's cgroups, requests for sources of mounts. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <string.h>

static int ask_source(void *arg, const struct oci_mount *m)
{
	struct child *c = arg;

	int fd = wire_ask(&c->wire, WIRE_MOUNT_FD, (int)(m - c->plan->config->mounts.at), NULL, -1);

	/* 0: the descriptor was lost, because our table of descriptors is full. */
	return fd ? fd : failx("the runtime's mount of the source did not arrive");
}

/* Adds a row for a hierarchy. Its name is that of the host's directory. */
static void add_hierarchy(struct child *c, const struct json_pair *p)
{
	static const char v1_root[] = "/sys/fs/cgroup/";
	struct mount_cgroup *row;
	const char *name = p->key;

	/* The v2 tree of a hybrid layout is not a part of a v1 mount, but a mount of type cgroup2
	 * may ask for it. */
	if (!*p->key && c->plan->state->cgroup_paths.n > 1) {
		c->mounts.cgroup2 = p->value;
		return;
	}
	list_each (have, c->mounts.cgroups)
		if (!strcmp(have->dir, p->value)) {
			/* Controllers of one hierarchy share a row. */
			have->data = arena_printf(c->plan->arena, "%s,%s", have->data, name);
			return;
		}
	row = &c->mounts.cgroups.at[c->mounts.cgroups.n++];
	row->data =
		!strncmp(name, "name=", 5) ? arena_printf(c->plan->arena, "none,%s", name) : name;
	row->dir = p->value;
	row->name = name;
	if (*name && !strncmp(p->value, v1_root, strlen(v1_root))) {
		const char *start = p->value + strlen(v1_root);

		row->name = arena_strndup(c->plan->arena, start, strcspn(start, "/"));
	}
}

int mountenv_fail(const struct start_plan *plan, const struct oci_mount *m)
{
	/* runc's message, which engines look for */
	fail_in("error mounting \"%s\" to rootfs at \"%s\"", m->source ? m->source : "",
		m->destination);
	return oci_fail_at(plan->doc, "mounts[%zu]", (size_t)(m - plan->config->mounts.at));
}

void mountenv_inside(const struct start_plan *plan, struct oci_config *config)
{
	if (!plan->image.type)
		list_each (m, config->mounts)
			m->destination =
				mount_inside(plan->arena, plan->state->rootfs, m->destination);
}

void mountenv_fill(struct child *c)
{
	struct mount_env *e = &c->mounts;
	size_t n = c->plan->config->mounts.n;

	*e = (struct mount_env){ .arena = c->plan->arena,
				 .root = -1,
				 .root_path = c->plan->image.type || c->plan->overlay
						      ? c->plan->root_at
						      : c->plan->state->rootfs,
				 .label = c->plan->config->linux->mount_label,
				 .userns = plan_has_userns(c->plan),
				 .own_cgroupns = c->plan->ns.fresh & CLONE_NEWCGROUP,
				 .own_pidns = c->plan->ns.fresh & CLONE_NEWPID,
				 .open_source = ask_source,
				 .arg = c,
				 .held = MOUNT_HELD_NONE };
	e->readonly_later = arena_alloc(c->plan->arena, (n + 1) * sizeof(int));
	e->cgroups.at = arena_alloc(c->plan->arena,
				    (c->plan->state->cgroup_paths.n + 1) * sizeof(*e->cgroups.at));
	list_each (p, c->plan->state->cgroup_paths)
		add_hierarchy(c, p);
}
