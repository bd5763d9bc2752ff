/* limits_fuzz.c - limits of any valid config become writes and properties, or are refused. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/units.h"

#include "tests/fuzz.h"

/* Each write goes to a file in the cgroup's own directory. */
static void look_at_writes(struct arena *a, const struct oci_resources *r, unsigned v1, unsigned v2)
{
	struct ctl_where where = { .v1 = v1, .v2 = v2, .v2_only = v2, .quiet = true };
	struct knob_list list;

	if (knobs_plan(a, r, &where, &list) < 0) {
		must(*err_text());
		err_clear("refused");
		return;
	}
	for (const struct knob_write *w = list.first; w; w = w->next) {
		must(w->ctl < CTL_MAX && *w->file && !strchr(w->file, '/'));
		must(strcmp(w->file, ".") && strcmp(w->file, "..") && *w->value);
	}
}

static void look_at_unit(struct arena *a, const struct oci_config *c, bool v2)
{
	struct unit_props p;
	struct unit_path path;

	units_init(&p, a);
	p.version = 252;
	if (units_resources(&p, c->linux->resources, v2) < 0 ||
	    units_annotations(&p, c->annotations.at, c->annotations.n) < 0)
		must(*err_text());
	for (const struct unit_prop *u = p.first; u; u = u->next)
		must(*u->name && *u->sig);
	if (paths_systemd(a, c->linux->cgroups_path, "id", false, &path) == 0)
		must(strlen(path.unit) <= 255 && !strstr(path.dir, "/../"));
	err_clear("refused");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_doc doc = { .keep_raw = true };
	const struct oci_config *c = &doc.config;
	struct dev_set set;
	struct bpf_code *code;
	struct arena a;

	if (size > 1 << 14)
		return 0;
	fuzz_begin(&a);
	if (oci_load_text(&a, "config.json", arena_strndup(&a, (const char *)data, size), size,
			  &doc) < 0 ||
	    !c->linux || !c->linux->resources)
		return 0;
	look_at_writes(&a, c->linux->resources, ~0u, 0);
	look_at_writes(&a, c->linux->resources, 0, ~0u);
	look_at_unit(&a, c, false);
	look_at_unit(&a, c, true);
	if (!devices_merge(&a, c->linux->resources, &set))
		must(bpf_device_program(&a, &set, &code) > 0);
	err_clear("refused");
	fuzz_end(&a);
	return 0;
}
