/* features.c - what this build can do, from the tables the code itself uses. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <stdlib.h>
#include <string.h>

/* seccomp(2), 3.17: asking for a flag without a program gives EFAULT when the kernel knows it. */
#define SECCOMP_SET_MODE_FILTER 1

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_names(struct json_out *o, const char *key, const char *const *names)
{
	json_open(o, key, '[');
	for (; *names; names++)
		json_put_str(o, NULL, *names);
	json_close(o, ']');
}

/* The words of a table that keep() wants, sorted as runc prints them. */
static void put_words(struct json_out *o, const char *key, const struct json_word *words, bool (*keep)(int value))
{
	const char **names;
	size_t n = 0;

	for (const struct json_word *w = words; w->word; w++)
		n++;
	names = arena_alloc(&arena, (n + 1) * sizeof(*names));
	n = 0;
	for (const struct json_word *w = words; w->word; w++)
		if (!keep || keep(w->value))
			names[n++] = w->word;
	qsort(names, n, sizeof(*names), by_name);
	put_names(o, key, names);
}

static void put_enabled(struct json_out *o, const char *key, bool enabled)
{
	json_open(o, key, '{');
	json_put_bool(o, "enabled", enabled);
	json_close(o, '}');
}

static bool kernel_has_flag(int flag)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

static void put_seccomp(struct json_out *o)
{
	json_open(o, "seccomp", '{');
	json_put_bool(o, "enabled", true);
	put_words(o, "actions", oci_seccomp_action_words, NULL);
	put_words(o, "operators", oci_seccomp_op_words, NULL);
	put_words(o, "archs", oci_seccomp_arch_words, NULL);
	put_words(o, "knownFlags", oci_seccomp_flag_words, NULL);
	put_words(o, "supportedFlags", oci_seccomp_flag_words, kernel_has_flag);
	json_close(o, '}');
}

static void put_cgroup(struct json_out *o)
{
	bool systemd = json_word_value(cgroup_manager_words, "systemd") >= 0;

	json_open(o, "cgroup", '{');
	json_put_bool(o, "v1", true);
	json_put_bool(o, "v2", true);
	json_put_bool(o, "systemd", systemd);
	json_put_bool(o, "systemdUser", systemd);
	json_put_bool(o, "rdma", true);
	json_close(o, '}');
}

static void put_linux(struct json_out *o)
{
	json_open(o, "linux", '{');
	put_words(o, "namespaces", oci_namespace_words, NULL);
	put_names(o, "capabilities", oci_capability_names);
	put_cgroup(o);
	put_seccomp(o);
	put_enabled(o, "apparmor", true);
	put_enabled(o, "selinux", true);
	json_open(o, "intelRdt", '{');
	json_put_bool(o, "enabled", true);
	json_put_bool(o, "schemata", true);
	json_put_bool(o, "monitoring", true);
	json_close(o, '}');
	json_open(o, "memoryPolicy", '{');
	put_words(o, "modes", oci_mempolicy_words, NULL);
	put_words(o, "flags", oci_mempolicy_flag_words, NULL);
	json_close(o, '}');
	json_open(o, "mountExtensions", '{');
	put_enabled(o, "idmap", true);
	json_close(o, '}');
	put_enabled(o, "netDevices", true);
	json_close(o, '}');
}

/* Annotations of a config that change what we do: an image may not set them unseen. */
static const char *const unsafe_annotations[] = { "bundle", "org.systemd.property.", "run.oci.", NULL };

static int features_run(void *opts, int argc, char **argv)
{
	struct json_out o = { .arena = &arena, .indent = "    " };
	size_t n;

	json_open(&o, NULL, '{');
	json_put_str(&o, "ociVersionMin", OCI_VERSION_MIN);
	json_put_str(&o, "ociVersionMax", OCI_VERSION);
	put_names(&o, "hooks", oci_hook_names);
	put_names(&o, "mountOptions", mountopt_words(&arena, &n));
	put_linux(&o);
	json_open(&o, "annotations", '{');
	json_put_str(&o, "org.opencontainers.runc.checkpoint.enabled", "false");
	if (*OCIBOX_COMMIT)
		json_put_str(&o, "org.opencontainers.runc.commit", OCIBOX_COMMIT);
	json_put_str(&o, "org.opencontainers.runc.version", OCIBOX_VERSION);
	json_close(&o, '}');
	put_names(&o, "potentiallyUnsafeConfigAnnotations", unsafe_annotations);
	json_close(&o, '}');
	return applet_print(o.buf, o.len) < 0 ? -1 : applet_print("\n", 1);
}

const struct applet features_applet = {
	.name = "features",
	.args = "",
	.summary = "print as JSON what this program can do",
	.text = "\"enabled\" means that the program can use it; whether this kernel can is another matter.",
	.run = features_run,
};
