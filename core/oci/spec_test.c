/* spec_test.c - the documents of `spec` have the values of runc's, and can be loaded. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/oci.h"
#include "tests/tap.h"

static char block[1 << 18];
static struct arena arena;
static struct oci_doc doc;

static const char *make(struct oci_spec_options o)
{
	size_t len;
	char *text = oci_spec_text(&arena, &o, &len), *copy = arena_strndup(&arena, text, len);

	ok(len == strlen(text) && text[len - 1] == '}', "the text has no newline at its end");
	memset(&doc, 0, sizeof(doc));
	ok(!oci_load_text(&arena, "config.json", copy, len, &doc), "the document can be loaded: %s",
	   err_text());
	return text;
}

static char *namespaces(void)
{
	char *list = arena_strdup(&arena, "");

	list_each (ns, doc.config.linux->namespaces)
		list = arena_printf(&arena, "%s%s ", list,
				    json_word_name(oci_namespace_words, ns->type));
	return list;
}

static const struct oci_mount *mount_at(const char *destination)
{
	list_each (m, doc.config.mounts)
		if (!strcmp(m->destination, destination))
			return m;
	return NULL;
}

static char *options(const char *destination)
{
	const struct oci_mount *m = mount_at(destination);
	char *list = arena_strdup(&arena, "");

	if (m)
		list_each (o, m->options)
			list = arena_printf(&arena, "%s%s ", list, *o);
	return list;
}

static void test_default(void)
{
	static const char head[] = "{\n\t\"ociVersion\": \"1.3.0\",\n\t\"process\": {\n"
				   "\t\t\"terminal\": true,\n";
	const char *text = make((struct oci_spec_options){ 0 });

	ok(!strncmp(text, head, sizeof(head) - 1), "the text begins as that of runc, with tabs");
	ok(strstr(text, "\t\t\"user\": {\n\t\t\t\"uid\": 0,\n\t\t\t\"gid\": 0\n\t\t},\n"),
	   "ids of 0 are written");
	ok(strstr(text, "\t\t\t\t{\n\t\t\t\t\t\"allow\": false,\n\t\t\t\t\t\"access\": "
			"\"rwm\"\n\t\t\t\t}\n"),
	   "the device rule is written");
	is_str(namespaces(), "pid network ipc uts mount ", "namespaces");
	ok(doc.config.root->readonly && !strcmp(doc.config.root->path, "rootfs"), "root");
	is_str(doc.config.hostname, "runc", "hostname");
	is_str(options("/dev/pts"), "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5 ",
	       "devpts");
	is_str(options("/sys"), "nosuid noexec nodev ro ", "sysfs");
	is_str(options("/proc"), "", "proc");
	ok(doc.config.mounts.n == 7, "seven mounts");
	ok(doc.config.linux->masked_paths.n == 10 && doc.config.linux->readonly_paths.n == 5,
	   "masked and read-only paths");
	ok(doc.config.process->capabilities->bounding.n == 3 &&
		   !doc.config.process->capabilities->ambient.n &&
		   !doc.config.process->capabilities->inheritable.n,
	   "capabilities");
	ok(doc.config.process->rlimits.at[0].hard == 1024 && doc.config.process->no_new_privileges,
	   "limits");
}

static void test_variants(void)
{
	make((struct oci_spec_options){ .cgroup_v2 = true });
	is_str(namespaces(), "pid network ipc uts mount cgroup ",
	       "cgroup_v2 adds a cgroup namespace");
	make((struct oci_spec_options){
		.rootless = true, .euid = 1000, .egid = 100, .cgroup_v2 = true });
	is_str(namespaces(), "pid ipc uts mount cgroup user ",
	       "rootless: a user namespace, and no network namespace");
	ok(doc.config.linux->uid_mappings.n == 1 &&
		   doc.config.linux->uid_mappings.at[0].host_id == 1000 &&
		   doc.config.linux->gid_mappings.at[0].host_id == 100 &&
		   doc.config.linux->gid_mappings.at[0].size == 1,
	   "rootless: mappings of the own ids");
	ok(!doc.config.linux->resources, "rootless: no resources");
	is_str(mount_at("/sys")->source, "/sys", "rootless: /sys is a bind mount");
	is_str(options("/sys"), "rbind nosuid noexec nodev ro ",
	       "rootless: the options of /sys have rbind");
	is_str(options("/dev/pts"), "nosuid noexec newinstance ptmxmode=0666 mode=0620 ",
	       "rootless: devpts without gid=5");
	make((struct oci_spec_options){ .wide_masks = true });
	ok(doc.config.linux->masked_paths.n == 12, "wide_masks adds two masked paths");
	make((struct oci_spec_options){ 0 });
	is_str(options("/dev/pts"), "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5 ",
	       "a rootless document does not change later ones");
}

static void test_small_kernel(void)
{
	static const char *const no_fs[] = { "mqueue", "devpts", NULL };
	static const char *const no_sysfs[] = { "sysfs", NULL };

	make((struct oci_spec_options){ .no_ns = CLONE_NEWIPC | CLONE_NEWUTS, .no_fs = no_fs });
	is_str(namespaces(), "pid network mount ", "namespaces that the kernel lacks are left out");
	ok(!doc.config.hostname, "without a uts namespace there is no hostname");
	ok(!mount_at("/dev/mqueue") && !mount_at("/dev/pts") && doc.config.mounts.n == 5,
	   "filesystems that the kernel lacks are left out");
	make((struct oci_spec_options){ .no_fs = no_sysfs });
	ok(!mount_at("/sys") && !mount_at("/sys/fs/cgroup") && mount_at("/dev/mqueue"),
	   "without sysfs the mounts below /sys are left out");
}

int main(void)
{
	arena_init(&arena, block, sizeof(block));
	test_default();
	test_variants();
	test_small_kernel();
	return done();
}
