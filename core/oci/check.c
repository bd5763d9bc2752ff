/* check.c - runs the rules that a field row cannot express; has those about the whole document. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"

#include <stdio.h>
#include <string.h>

/* ---- running rules --------------------------------------------------------------------------- */

void oci_check_process(struct check *k, const struct oci_process *p)
{
	k->process = p;
	check_run(k, check_process_rules);
}

void oci_check_resources(struct check *k, const struct oci_resources *r)
{
	k->resources = r;
	check_run(k, check_resources_rules);
}

void oci_check_config(struct arena *a, const struct oci_doc *doc, struct json_faults *f)
{
	static const struct oci_linux none;
	const struct oci_config *c = &doc->config;
	struct check k = { .arena = a, .faults = f, .tree = doc->tree, .base = "", .config = c };

	k.linux = c->linux ? c->linux : &none;
	check_run(&k, check_config_rules);
	check_run(&k, check_mount_rules);
	k.node = check_member(doc->tree, "linux");
	check_run(&k, check_linux_rules);
	if (WITH_SECCOMP && k.linux->seccomp)
		check_run(&k, check_seccomp_rules);
	k.base = "process.";
	k.node = check_member(doc->tree, "process");
	if (c->process)
		oci_check_process(&k, c->process);
	k.base = "linux.resources.";
	if (k.linux->resources)
		oci_check_resources(&k, k.linux->resources);
}

/* ---- the document ---------------------------------------------------------------------------- */

/* A part of a semantic version: identifiers of letters, digits and hyphens, separated by dots. */
static bool identifiers(const char *s, size_t len)
{
	for (size_t i = 0, n = 0; i <= len; i++) {
		if (i == len || s[i] == '.') {
			if (!n)
				return false;
			n = 0;
			continue;
		}
		if (!strchr("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
			    s[i]))
			return false;
		n++;
	}
	return true;
}

/* semver.org 2.0.0: MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD] */
static bool is_semver(const char *s)
{
	size_t len;

	for (int part = 0; part < 3; part++) {
		len = strspn(s, "0123456789");
		if (!len || (*s == '0' && len > 1))
			return false;
		s += len;
		if (part < 2 && *s++ != '.')
			return false;
	}
	if (*s == '-') {
		len = strcspn(++s, "+");
		if (!identifiers(s, len))
			return false;
		s += len;
	}
	return !*s || (*s == '+' && identifiers(s + 1, strlen(s + 1)));
}

/* Engines write minor versions that are newer than a runtime: only the major one is checked. */
static void version(struct check *k)
{
	const char *v = k->config->oci_version;

	if (v && !is_semver(v))
		check_say(check_at(k, "ociVersion"), "must be a semantic version such as %s",
			  OCI_VERSION);
	else if (v && strncmp(v, "1.", 2))
		check_say(check_at(k, "ociVersion"),
			  "must be 1.x.y: other major versions are not supported");
}

static void root_path(struct check *k)
{
	const struct oci_root *root = k->config->root;

	if (root && root->path && !*root->path)
		check_say(check_place(k, "root.path"), "must not be empty");
}

static void root_readonly(struct check *k)
{
	if (k->config->root && k->config->root->readonly && !check_has_ns(k, CLONE_NEWNS))
		check_say(check_at(k, "root.readonly"), "needs a mount namespace");
}

/* 64 is __NEW_UTS_LEN of the kernel. */
static void uts_name(struct check *k, const char *field, const char *value)
{
	if (!value)
		return;
	if (!check_has_ns(k, CLONE_NEWUTS))
		check_say(check_at(k, "%s", field), "needs a uts namespace");
	if (strlen(value) > 64)
		check_say(check_at(k, "%s", field), "must be at most 64 bytes long");
}

static void hostname(struct check *k)
{
	uts_name(k, "hostname", k->config->hostname);
}

static void domainname(struct check *k)
{
	uts_name(k, "domainname", k->config->domainname);
}

static void annotation_keys(struct check *k)
{
	list_each (pair, k->config->annotations)
		if (!*pair->key)
			check_say(check_at(k, "annotations"), "must not have an empty key");
}

/* Only annotations of ocibox have checked values. */
static void own_annotations(struct check *k)
{
	const char *init = oci_annotation(k->config, OCI_ANNOTATION_INIT);
	const char *overlay = oci_annotation(k->config, OCI_ANNOTATION_OVERLAY);

	if (init && oci_annotation_bool(init) < 0)
		check_say(check_at(k, "annotations." OCI_ANNOTATION_INIT),
			  "must be \"true\" or \"false\"");
	if (!overlay)
		return;
	if (oci_annotation_size(overlay) < 0)
		check_say(check_at(k, "annotations." OCI_ANNOTATION_OVERLAY),
			  "must be a size such as \"64m\", \"true\" or \"false\"");
	else if (oci_annotation_size(overlay) && !check_has_ns(k, CLONE_NEWNS))
		check_say(check_at(k, "annotations." OCI_ANNOTATION_OVERLAY),
			  "needs a mount namespace");
}

static void hook_list(struct check *k, const char *name, const oci_hook_list *list)
{
	list_each (hook, *list) {
		size_t i = hook - list->at;

		if (hook->path && *hook->path != '/')
			check_say(check_at(k, "hooks.%s[%zu].path", name, i),
				  "must be an absolute path");
		if (hook->timeout && *hook->timeout <= 0)
			check_say(check_at(k, "hooks.%s[%zu].timeout", name, i),
				  "must be greater than zero");
	}
}

static void hooks(struct check *k)
{
	const struct oci_hooks *h = k->config->hooks;

	if (!h)
		return;
	hook_list(k, "prestart", &h->prestart);
	hook_list(k, "createRuntime", &h->create_runtime);
	hook_list(k, "createContainer", &h->create_container);
	hook_list(k, "startContainer", &h->start_container);
	hook_list(k, "poststart", &h->poststart);
	hook_list(k, "poststop", &h->poststop);
}

check_rule *const check_config_rules[] = {
	version, /* ociVersion is a semantic version of major 1 */
	root_path, /* root.path is not empty */
	root_readonly, /* a readonly root has a mount namespace of its own */
	hostname, /* a hostname needs a uts namespace, and has at most 64 bytes */
	domainname, /* the same for a domainname */
	annotation_keys, /* no annotation has an empty key */
	own_annotations, /* those of ocibox are a truth value and a size */
	WITH_RULE(WITH_HOOKS,
		  hooks), /* a hook has an absolute path, and no timeout or one above zero */
	NULL,
};
