/* load.c - config.json: reads, parses, binds and checks it, and reports faults with their place. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- faults ---------------------------------------------------------------------------------- */

#define FAULTS_MAX 100

struct fault {
	uint32_t off;
	unsigned order;
	const char *text; /* "FIELD: WHAT" */
};

/* The number of members whose names no row has, and the first of them. */
struct strays {
	unsigned n;
	struct fault first;
};

/* Collects faults, to show the first one in the text, or all in the order of the text. */
struct gather {
	struct json_faults faults; /* first: report() gets its address */
	struct arena *arena;
	bool strict; /* a name that no row has is a fault */
	struct strays taken, unknown;
	unsigned n;
	struct fault list[FAULTS_MAX];
};

static int gather(struct json_faults *self, const struct json *at, const char *path,
		  const char *what)
{
	struct gather *g = (struct gather *)self;

	if (g->n == FAULTS_MAX)
		return -1;
	g->list[g->n].off = at ? at->off : 0;
	g->list[g->n].order = g->n;
	/* Keys and values of the document must not end the line or control the terminal. */
	g->list[g->n].text =
		text_harmless(arena_printf(g->arena, "%s%s%s", path, *path ? ": " : "", what));
	return ++g->n == FAULTS_MAX ? -1 : 0;
}

/* For a name that the specification does not have, or has in another case (json_faults.stray). */
static void stray(struct json_faults *self, const struct json *at, const char *path,
		  const struct json_type *type, const char *taken)
{
	struct gather *g = (struct gather *)self;
	struct json_near near = { .name = at->key };
	struct strays *s = taken ? &g->taken : &g->unknown;
	const char *what;

	if (!g->strict && s->n++)
		return;
	for (const struct json_field *f = type->fields; WITH_HELP && !taken && f->name; f++)
		json_near_offer(&near, f->name);
	if (!g->strict)
		what = taken ? arena_printf(g->arena, "is taken for \"%s\"", taken) : "";
	else if (taken)
		what = arena_printf(g->arena, "must be written \"%s\"", taken);
	else if (near.best)
		what = arena_printf(g->arena, "is not known: did you mean \"%s\"?", near.best);
	else
		what = "is not known";
	if (g->strict) {
		json_fault(self, at, path, what);
		return;
	}
	s->first.off = at->off;
	s->first.text =
		text_harmless(arena_printf(g->arena, "%s%s%s", path, *what ? ": " : "", what));
}

#define GATHER(arena_)                                                                             \
	{                                                                                          \
		.faults = { .report = gather, .stray = stray, .unknown_word = oci_unknown_word },  \
		.arena = arena_                                                                    \
	}

static int by_place(const void *a, const void *b)
{
	const struct fault *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* "config.json:34:12: linux.namespaces[1].type: "netwerk" is not known" */
static const char *place(struct arena *a, const struct oci_doc *doc, const struct fault *f)
{
	unsigned line, col;

	json_place(doc->text, f->off, &line, &col);
	return arena_printf(a, "%s:%u:%u: %s", doc->file, line, col, f->text);
}

static int first_fault(struct gather *g, const struct oci_doc *doc)
{
	qsort(g->list, g->n, sizeof(*g->list), by_place);
	failx("%s", place(g->arena, doc, &g->list[0]));
	if (g->n > 1)
		fail_hint("and %u more: oci-spec check %s shows all", g->n - 1, doc->file);
	return -1;
}

/*
 * Warns once of each kind: a name in the wrong case has an effect, an unknown one has not. Either
 * may be a mistake in a limit.
 */
static void warn_of_strays(const struct gather *g, const struct oci_doc *doc)
{
	const struct strays *s = &g->taken;

	if (s->n > 1)
		log_warn("%s, and %u more such names: oci-spec check %s shows all",
			 place(g->arena, doc, &s->first), s->n - 1, doc->file);
	else if (s->n)
		log_warn("%s", place(g->arena, doc, &s->first));
	s = &g->unknown;
	if (s->n)
		log_warn("%s: not known and without effect (%u such %s); oci-spec check %s shows "
			 "what may be meant",
			 place(g->arena, doc, &s->first), s->n, s->n > 1 ? "names" : "name",
			 doc->file);
}

/* ---- what absence means ---------------------------------------------------------------------- */

/* Engines in Go write an empty string for an absent one, and runc reads it so. */
static void none_if_empty(const char **s)
{
	if (*s && !**s)
		*s = NULL;
}

static void any_if_minus_one(int64_t **number)
{
	if (*number && **number == -1)
		*number = NULL;
}

static void settle_resources(struct oci_resources *r)
{
	list_each (d, r->devices) {
		if (!d->type)
			d->type = 'a';
		any_if_minus_one(&d->major);
		any_if_minus_one(&d->minor);
		/* A denial without access denies all. A permission without access is a fault. */
		if (!d->allow && !d->access)
			d->access = "rwm";
	}
	if (r->cpu) {
		none_if_empty(&r->cpu->cpus);
		none_if_empty(&r->cpu->mems);
	}
}

static void settle_process(struct oci_process *p)
{
	none_if_empty(&p->apparmor_profile);
	none_if_empty(&p->selinux_label);
	if (p->exec_cpu_affinity) {
		none_if_empty(&p->exec_cpu_affinity->initial);
		none_if_empty(&p->exec_cpu_affinity->final);
	}
}

static void settle_seccomp(const struct oci_config *c, struct oci_linux *l)
{
	struct oci_seccomp *s = l->seccomp;

	none_if_empty(&s->listener_path);
	/* Engines for crun give the path in an annotation. */
	if (!s->listener_path)
		s->listener_path = oci_annotation(c, "run.oci.seccomp.receiver");
	none_if_empty(&s->listener_metadata);
	/* An empty profile means no filter. */
	if (!s->default_action && !s->syscalls.n)
		l->seccomp = NULL;
}

static void settle_linux(const struct oci_config *c, struct oci_linux *l)
{
	list_each (ns, l->namespaces)
		none_if_empty(&ns->path);
	list_each (d, l->net_devices)
		none_if_empty(&d->name);
	none_if_empty(&l->cgroups_path);
	none_if_empty(&l->mount_label);
	if (l->resources)
		settle_resources(l->resources);
	if (WITH_SECCOMP && l->seccomp)
		settle_seccomp(c, l);
	if (l->intel_rdt) {
		none_if_empty(&l->intel_rdt->clos_id);
		none_if_empty(&l->intel_rdt->l3_cache_schema);
		none_if_empty(&l->intel_rdt->mem_bw_schema);
	}
	if (l->memory_policy)
		none_if_empty(&l->memory_policy->nodes);
}

/* Makes mappings of "idmap=uids=...". A fault in it is left for the rules about mounts. */
static void settle_idmap(struct arena *a, const struct oci_config *c, struct oci_mount *m)
{
	static const struct oci_linux none;
	struct oci_mount found = { 0 };

	list_each (o, m->options) {
		if (!WITH_USERNS || !*o || !oci_idmap_word(*o) || m->uid_mappings.n ||
		    m->gid_mappings.n)
			continue;
		if (oci_idmap_text(a, *o, c->linux ? c->linux : &none, &found))
			continue;
		m->uid_mappings = found.uid_mappings;
		m->gid_mappings = found.gid_mappings;
	}
}

static void settle_document(struct arena *a, struct oci_config *c)
{
	none_if_empty(&c->hostname);
	none_if_empty(&c->domainname);
	list_each (m, c->mounts) {
		none_if_empty(&m->type);
		none_if_empty(&m->source);
		settle_idmap(a, c, m);
	}
	if (c->process)
		settle_process(c->process);
	if (c->linux)
		settle_linux(c, c->linux);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int parse(struct gather *g, struct oci_doc *doc)
{
	struct json_error err;
	struct json at = { 0 };

	if (doc->keep_raw)
		doc->raw = arena_strndup(g->arena, doc->text, doc->len);
	doc->tree = json_parse(g->arena, doc->text, doc->len, &err);
	if (doc->tree)
		return 0;
	at.off = err.off;
	g->faults.count++;
	gather(&g->faults, &at, "", err.what);
	return -1;
}

/* Parses, binds and checks, and collects the faults in g. */
static void examine(struct gather *g, struct oci_doc *doc)
{
	memset(&doc->config, 0, sizeof(doc->config));
	if (parse(g, doc))
		return;
	json_bind(g->arena, doc->tree, &oci_config_type, &doc->config, &g->faults);
	if (g->n == FAULTS_MAX || doc->tree->type != JSON_OBJECT)
		return;
	settle_document(g->arena, &doc->config);
	oci_check_config(g->arena, doc, &g->faults);
}

static int read_file(struct arena *a, int dirfd, struct oci_doc *doc)
{
	char dir[PATH_MAX];

	if (!(doc->named ? file_read_named(a, doc->file, OCI_CONFIG_MAX, &doc->text, &doc->len)
			 : file_read(a, dirfd, doc->file, OCI_CONFIG_MAX, &doc->text, &doc->len)))
		return 0;
	if (err_num() == ENOENT) {
		errno = ENOENT;
		fail("JSON specification file %s not found", doc->file);
	}
	if (*doc->file != '/' && dirfd == AT_FDCWD && sys_getcwd(dir, sizeof(dir)))
		fail_hint("in %s", dir);
	return -1;
}

/* The spec does not require root and process, but a container needs them. */
static int complete(const struct oci_doc *doc)
{
	if (!doc->config.root)
		return failx("%s:1:1: root must be specified", doc->file);
	if (!doc->config.process)
		return failx("%s:1:1: process property must not be empty", doc->file);
	return 0;
}

static int load(struct arena *a, struct oci_doc *doc)
{
	struct gather g = GATHER(a);

	examine(&g, doc);
	if (g.n || complete(doc))
		return g.n ? first_fault(&g, doc) : -1;
	if (doc->fresh)
		warn_of_strays(&g, doc);
	return 0;
}

int oci_load(struct arena *a, int bundledir, const char *file, struct oci_doc *doc)
{
	doc->file = file;
	return read_file(a, bundledir, doc) ? -1 : load(a, doc);
}

int oci_load_text(struct arena *a, const char *file, char *text, size_t len, struct oci_doc *doc)
{
	doc->file = file;
	doc->text = text;
	doc->len = len;
	return load(a, doc);
}

/* Warnings are always printed: unlike a config, a part is loaded once. */
static int part_loaded(struct gather *g, const struct oci_doc *doc)
{
	if (g->n)
		return first_fault(g, doc);
	warn_of_strays(g, doc);
	return 0;
}

int oci_load_process(struct arena *a, int dirfd, const char *file, struct oci_process *process)
{
	struct gather g = GATHER(a);
	struct oci_doc doc = { .file = file, .named = dirfd == AT_FDCWD };
	struct check k = { .arena = a, .faults = &g.faults, .base = "" };

	if (read_file(a, dirfd, &doc))
		return -1;
	memset(process, 0, sizeof(*process));
	if (!parse(&g, &doc) && !json_bind(a, doc.tree, &oci_process_type, process, &g.faults)) {
		settle_process(process);
		k.tree = k.node = doc.tree;
		oci_check_process(&k, process);
	}
	return part_loaded(&g, &doc);
}

int oci_load_resources(struct arena *a, const char *file, char *text, size_t len,
		       struct oci_resources *r)
{
	struct gather g = GATHER(a);
	struct oci_doc doc = { .file = file, .text = text, .len = len };
	struct check k = { .arena = a, .faults = &g.faults, .base = "" };

	memset(r, 0, sizeof(*r));
	if (!parse(&g, &doc) && !json_bind(a, doc.tree, &oci_resources_type, r, &g.faults)) {
		settle_resources(r);
		k.tree = k.node = doc.tree;
		oci_check_resources(&k, r);
	}
	return part_loaded(&g, &doc);
}

/* An empty profile, which settle_seccomp() accepts, is a fault for `oci-spec check` only. */
static void empty_seccomp(struct gather *g, const struct oci_doc *doc)
{
	const struct json *s = json_get(json_get(doc->tree, "linux"), "seccomp");

	if (s && s->type == JSON_OBJECT && doc->config.linux && !doc->config.linux->seccomp)
		json_fault(&g->faults, s, "linux.seccomp",
			   "has neither defaultAction nor syscalls: nothing is filtered");
}

int oci_check(struct arena *a, int dirfd, const char *file, void (*line)(const char *text))
{
	struct gather g = GATHER(a);
	struct oci_doc doc = { .file = file };

	g.strict = true;
	if (read_file(a, dirfd, &doc))
		return -1;
	examine(&g, &doc);
	empty_seccomp(&g, &doc);
	qsort(g.list, g.n, sizeof(*g.list), by_place);
	for (unsigned i = 0; i < g.n; i++)
		line(place(a, &doc, &g.list[i]));
	return (int)g.n;
}

/* ---- the place of a later failure ------------------------------------------------------------ */

int oci_fail_at(const struct oci_doc *doc, const char *path_fmt, ...)
{
	unsigned line, col;
	char path[256];
	va_list ap;

	va_start(ap, path_fmt);
	vsnprintf(path, sizeof(path), path_fmt, ap);
	va_end(ap);
	json_place(doc->text, json_path(doc->tree, path)->off, &line, &col);
	return fail_in("%s:%u:%u: %s", doc->file, line, col, text_harmless(path));
}
