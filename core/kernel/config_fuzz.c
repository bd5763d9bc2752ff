/* config_fuzz.c - plans, mount options, capabilities and filters of any config that is accepted. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <sched.h>

#include "tests/fuzz.h"

static void look_at_plan(const struct ns_plan *p)
{
	unsigned joined = 0;

	must(p->njoins <= NS_MAX);
	for (size_t i = 0; i < p->njoins; i++) {
		must(p->joins[i].path && *p->joins[i].path == '/');
		must(!(joined & (unsigned)p->joins[i].type));
		joined |= (unsigned)p->joins[i].type;
	}
	/* Each type is either made or joined, by init or by the first process. */
	must(!(p->fresh & joined) && p->all == (p->fresh | joined));
	must(!(p->clone_flags & p->late_flags) && !(p->early_flags & p->late_flags));
	must(p->needs_first || !p->early_flags);
}

static void look_at_namespaces(const struct oci_linux *linux)
{
	struct ns_plan plan, other;

	ns_plan(linux, &plan);
	look_at_plan(&plan);
	other = plan;
	if (ns_plan_may_lift(&other)) {
		ns_plan_lift(&other);
		look_at_plan(&other);
	}
	other = plan;
	if (ns_plan_may_hide(&other)) {
		ns_plan_hide(&other);
		look_at_plan(&other);
	}
	for (uint64_t id = 0; id <= UINT32_MAX; id = id * 7 + 1)
		must(oci_host_id(&linux->uid_mappings, id) >= -1);
}

static void look_at_mount(struct arena *a, const struct oci_mount *m)
{
	struct mount_opts o;

	mountopt_parse(a, m, &o);
	must(o.npropagation <= ARRAY_SIZE(o.propagation));
	must(!(o.rec_set & o.rec_clr & ~(uint64_t)MOUNT_ATTR__ATIME) && (!o.data || *o.data));
}

static void look_at_process(struct arena *a, const struct oci_process *p)
{
	const char *unknown;
	struct cred_caps caps;

	if (!p->capabilities)
		return;
	cred_caps_parse(a, p->capabilities, 40, &caps, &unknown);
	must(!((caps.bounding | caps.effective | caps.permitted) >> 41));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_doc doc = { .keep_raw = true };
	const struct oci_config *c = &doc.config;
	struct seccomp_prog prog;
	struct arena a;

	if (size > 1 << 14)
		return 0;
	fuzz_begin(&a);
	if (oci_load_text(&a, "config.json", arena_strndup(&a, (const char *)data, size), size,
			  &doc) < 0)
		return 0;
	if (c->process)
		look_at_process(&a, c->process);
	list_each (m, c->mounts)
		look_at_mount(&a, m);
	if (c->linux) {
		look_at_namespaces(c->linux);
		list_each (s, c->linux->sysctl) {
			const char *path;

			if (sysctl_namespace(&a, s->key, &path) >= 0)
				must(*path != '/' && !strstr(path, ".."));
		}
		if (c->linux->seccomp && seccomp_compile(&a, c->linux->seccomp, -1, &prog) == 0)
			must(!prog.len || prog.filter);
	}
	err_clear("refused");
	fuzz_end(&a);
	return 0;
}
