/* features_test.c - the tables show in the document of `features`. */
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
	ok(f.hooks.n == 6 && !strcmp(f.hooks.at[1], "createRuntime"), "hooks");
	ok(f.linux.namespaces.n == 8 && sorted(&f.linux.namespaces), "namespaces");
	ok(f.linux.capabilities.n == 41 && !strcmp(f.linux.capabilities.at[0], "CAP_CHOWN"),
	   "capabilities in bit order");
	ok(f.linux.seccomp.actions.n == 9 && sorted(&f.linux.seccomp.actions), "seccomp actions");
	ok(f.linux.seccomp.operators.n == 7 && sorted(&f.linux.seccomp.operators), "operators");
	ok(f.linux.seccomp.archs.n == 23 && sorted(&f.linux.seccomp.archs), "architectures");
	ok(f.linux.seccomp.known_flags.n == 4 && sorted(&f.linux.seccomp.known_flags), "flags");
	ok(f.linux.memory_policy.modes.n == 7 && f.linux.memory_policy.flags.n == 3,
	   "memory policy");

	f.linux.cgroup.rdma = true;
	json_write(&out, &oci_features_type, &f);
	ok(!strncmp(out.buf, head, sizeof(head) - 1), "versions first");
	tree = json_parse(&arena, out.buf, out.len, &err);
	ok(tree && json_path(tree, "linux.cgroup.v1")->type == JSON_FALSE &&
		   json_path(tree, "linux.cgroup.rdma")->type == JSON_TRUE,
	   "what is off is said to be off");
	ok(tree && json_path(tree, "linux.mountExtensions.idmap.enabled")->type == JSON_TRUE &&
		   json_path(tree, "linux.netDevices.enabled")->type == JSON_TRUE &&
		   json_path(tree, "linux.apparmor.enabled")->type == JSON_FALSE,
	   "switches lie where they should");
	ok(tree && json_path(tree, "linux.seccomp.archs[0]")->type == JSON_STRING &&
		   json_path(tree, "linux.memoryPolicy.modes[6]")->type == JSON_STRING,
	   "lists too");
	return done();
}
