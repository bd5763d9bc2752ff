/* features_test.c - the document of `features` has the words of the tables. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/oci.h"
#include "tests/tap.h"

static char block[1 << 18];

static bool sorted(const oci_words *w)
{
	for (size_t i = 1; i < w->n; i++)
		if (strcmp(w->at[i - 1], w->at[i]) >= 0)
			return false;
	return w->n;
}

int main(void)
{
	static const char head[] = "{\n    \"ociVersionMin\": \"1.0.0\",\n"
				   "    \"ociVersionMax\": \"1.3.0\",\n";
	static struct arena arena;
	struct json_out out = { .arena = &arena, .indent = "    " };
	struct oci_features f = { 0 };
	struct json_error err;
	struct json *tree;

	arena_init(&arena, block, sizeof(block));
	oci_features_fill(&arena, &f);
	ok(f.hooks.n == 6 && !strcmp(f.hooks.at[1], "createRuntime"), "all hooks");
	ok(f.linux.namespaces.n == 8 && sorted(&f.linux.namespaces), "all namespaces, sorted");
	ok(f.linux.capabilities.n == 41 && !strcmp(f.linux.capabilities.at[0], "CAP_CHOWN"),
	   "all capabilities, by number");
	ok(f.linux.seccomp.actions.n == 9 && sorted(&f.linux.seccomp.actions),
	   "all seccomp actions, sorted");
	ok(f.linux.seccomp.operators.n == 7 && sorted(&f.linux.seccomp.operators),
	   "all seccomp operators, sorted");
	ok(f.linux.seccomp.archs.n == 23 && sorted(&f.linux.seccomp.archs),
	   "all seccomp architectures, sorted");
	ok(f.linux.seccomp.known_flags.n == 4 && sorted(&f.linux.seccomp.known_flags),
	   "all seccomp flags, sorted");
	ok(f.linux.memory_policy.modes.n == 7 && f.linux.memory_policy.flags.n == 3,
	   "all modes and flags of memory policies");

	f.linux.cgroup.rdma = true;
	json_write(&out, &oci_features_type, &f);
	ok(!strncmp(out.buf, head, sizeof(head) - 1), "the document begins with the versions");
	tree = json_parse(&arena, out.buf, out.len, &err);
	ok(tree && json_path(tree, "linux.cgroup.v1")->type == JSON_FALSE &&
		   json_path(tree, "linux.cgroup.rdma")->type == JSON_TRUE,
	   "a feature that is off is written as false");
	ok(tree && json_path(tree, "linux.mountExtensions.idmap.enabled")->type == JSON_TRUE &&
		   json_path(tree, "linux.netDevices.enabled")->type == JSON_TRUE &&
		   json_path(tree, "linux.apparmor.enabled")->type == JSON_FALSE,
	   "the switches of linux have their places");
	ok(tree && json_path(tree, "linux.seccomp.archs[0]")->type == JSON_STRING &&
		   json_path(tree, "linux.memoryPolicy.modes[6]")->type == JSON_STRING,
	   "the lists of linux have their places");
	return done();
}
