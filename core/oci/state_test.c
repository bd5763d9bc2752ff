/* state_test.c - a state is read as it was written, and the reported state has runc's form. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/oci.h"
#include "tests/tap.h"

static char block[1 << 18];
static struct arena arena;

static struct json_pair notes[] = { { "k", "v" }, { "l", "" } };
static struct json_pair cgroups[] = { { "", "/sys/fs/cgroup/c" }, { "memory", "/m" } };
static struct json_pair namespaces[] = { { "NEWPID", "/proc/7/ns/pid" } };

static const struct oci_state full = {
	.oci_version = "1.3.0",
	.id = "c1",
	.status = "creating",
	.pid = 7,
	.start_time = 18446744073709551615ull,
	.created = "2026-01-02T03:04:05.6Z",
	.bundle = "/b",
	.rootfs = "/b/rootfs",
	.config = "config.json",
	.rootless = true,
	.systemd = true,
	.annotations = { notes, 2 },
	.cgroup_paths = { cgroups, 2 },
	.cgroup_unit = "runc-c1.scope",
	.namespace_paths = { namespaces, 1 },
	.intel_rdt_path = "/sys/fs/resctrl/c1",
	.own_pid_ns = true,
	.no_mknod = true,
};

static int no_fault(struct json_faults *self, const struct json *at, const char *path,
		    const char *what)
{
	printf("# %s: %s\n", path, what);
	return 0;
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void test_read_back(void)
{
	struct json_out out = { .arena = &arena };
	struct json_faults faults = { .report = no_fault };
	struct oci_state s = { 0 };
	struct json_error err;
	struct json *tree;

	json_write(&out, &oci_state_type, &full);
	tree = json_parse(&arena, out.buf, out.len, &err);
	ok(tree && json_get(tree, "init_process_pid") && json_get(tree, "cgroup_paths"),
	   "keys have the names of runc's state.json");
	ok(tree && !json_bind(&arena, tree, &oci_state_type, &s, &faults),
	   "a written state is bound");
	ok(same(s.oci_version, "1.3.0") && same(s.id, "c1") && same(s.status, "creating") &&
		   same(s.created, full.created) && same(s.bundle, "/b") &&
		   same(s.rootfs, "/b/rootfs") && same(s.config, "config.json"),
	   "strings are read as they were written");
	ok(s.pid == 7 && s.start_time == UINT64_MAX && s.rootless && s.systemd && s.own_pid_ns &&
		   s.no_mknod,
	   "numbers and truth values are read as they were written");
	ok(s.annotations.n == 2 && same(s.annotations.at[1].key, "l") && s.cgroup_paths.n == 2 &&
		   same(s.cgroup_paths.at[0].key, "") && same(s.cgroup_paths.at[1].value, "/m") &&
		   s.namespace_paths.n == 1,
	   "maps are read as they were written");
	ok(same(s.cgroup_unit, full.cgroup_unit) && same(s.intel_rdt_path, full.intel_rdt_path),
	   "optional strings are read as they were written");
}

static const char *reported(enum oci_status status, int pid, const char *owner)
{
	struct json_out out = { .arena = &arena, .indent = "  " };

	oci_state_put(&out, &full, status, pid, owner);
	return out.buf;
}

static void test_reported(void)
{
	struct oci_state bare = { .id = "c2", .bundle = "/b" };
	struct json_out out = { .arena = &arena };

	is_str(reported(OCI_RUNNING, 42, ""),
	       "{\n  \"ociVersion\": \"1.3.0\",\n  \"id\": \"c1\",\n  \"pid\": 42,\n"
	       "  \"status\": \"running\",\n  \"bundle\": \"/b\",\n  \"rootfs\": \"/b/rootfs\",\n"
	       "  \"created\": \"2026-01-02T03:04:05.6Z\",\n  \"annotations\": {\n"
	       "    \"k\": \"v\",\n    \"l\": \"\"\n  },\n  \"owner\": \"\"\n}",
	       "oci_state_put: runc's keys in runc's order, without a newline");
	ok(strstr(reported(OCI_STOPPED, 0, NULL), "\"pid\": 0,") &&
		   !strstr(reported(OCI_STOPPED, 0, NULL), "owner"),
	   "oci_state_put writes a pid of 0, and no owner that is NULL");
	ok(!strstr(reported(OCI_STOPPED, -1, NULL), "pid"),
	   "oci_state_put leaves out a negative pid");
	oci_state_put(&out, &bare, OCI_CREATING, 1, NULL);
	is_str(out.buf,
	       "{\"ociVersion\":\"1.3.0\",\"id\":\"c2\",\"pid\":1,\"status\":\"creating\","
	       "\"bundle\":\"/b\"}",
	       "oci_state_put leaves out absent members");
	is_str(json_word_name(oci_status_words, OCI_CREATED), "created", "created");
	is_str(json_word_name(oci_status_words, OCI_PAUSED), "paused", "paused");
	is_str(json_word_name(oci_status_words, OCI_STOPPED), "stopped", "stopped");
}

static void test_ids(void)
{
	static const char *const good[] = { "a", "A-Za-z0-9_+-.", "...", "..a", "-", "0" };
	static const char *const bad[] = { "",	  ".",	      "..", "a/b", "a\nb",
					   "a b", "\xc3\xa4", "a*", "/" };
	static char id[1026];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ok(oci_id_valid(good[i]), "\"%s\" is an id", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(!oci_id_valid(bad[i]), "bad id %zu is refused", i);
	memset(id, 'x', 1024);
	ok(oci_id_valid(id), "1024 bytes are an id");
	id[1024] = 'x';
	ok(!oci_id_valid(id), "1025 characters are refused");
}

/* A state.json of runc 1.1 and later, without most members that are not read. */
static void test_adopt(void)
{
	static char text[] =
		"{\"id\":\"c\",\"init_process_pid\":7,\"init_process_start\":9,\"created\":\"2026-"
		"01-02T03:04:05Z\","
		"\"config\":{\"no_pivot_root\":false,\"rootfs\":\"/b/rootfs\",\"namespaces\":["
		"{\"type\":\"NEWNS\",\"path\":\"\"},{\"type\":\"NEWPID\",\"path\":\"\"}],"
		"\"labels\":[\"k=v=w\",\"bundle=/no\",\"odd\",\"bundle=/"
		"b\"],\"Hooks\":{\"poststop\":null}},"
		"\"rootless\":false,\"cgroup_paths\":{\"pids\":\"/sys/fs/cgroup/pids/c\"},"
		"\"namespace_paths\":{\"NEWNS\":\"/proc/7/ns/mnt\"},\"external_descriptors\":[\"/"
		"dev/null\"],"
		"\"intel_rdt_path\":\"\"}";
	struct json_error err;
	struct json_faults faults = { .report = no_fault };
	struct json *tree = json_parse(&arena, text, strlen(text), &err);
	struct oci_state s = { 0 };

	ok(tree && !json_bind(&arena, tree, &oci_state_type, &s, &faults) && s.foreign,
	   "a state.json of runc is bound");
	oci_state_adopt(&arena, &s);
	is_str(s.bundle, "/b", "oci_state_adopt: the last label bundle= is the bundle");
	is_str(s.rootfs, "/b/rootfs", "oci_state_adopt: the root");
	is_str(s.keyring, "_ses.c", "oci_state_adopt: the name of the keyring");
	ok(s.annotations.n == 1 && !strcmp(s.annotations.at[0].key, "k") &&
		   !strcmp(s.annotations.at[0].value, "v=w"),
	   "oci_state_adopt: the other labels are annotations");
	ok(s.own_pid_ns && s.hooks && !s.intel_rdt_path,
	   "oci_state_adopt: a pid namespace, hooks, and no resctrl");
	ok(s.pid == 7 && s.start_time == 9 && s.cgroup_paths.n == 1,
	   "members with the same name are bound directly");

	static char joined[] = "{\"id\":\"c\",\"config\":{\"no_new_keyring\":true,\"namespaces\":[{"
			       "\"type\":\"NEWPID\",\"path\":"
			       "\"/proc/1/ns/pid\"}]}}";

	tree = json_parse(&arena, joined, strlen(joined), &err);
	memset(&s, 0, sizeof(s));
	ok(tree && !json_bind(&arena, tree, &oci_state_type, &s, &faults),
	   "a state.json of runc without labels is bound");
	oci_state_adopt(&arena, &s);
	ok(!s.bundle && !s.own_pid_ns && !s.keyring, "oci_state_adopt: absent members stay NULL");
}

int main(void)
{
	arena_init(&arena, block, sizeof(block));
	test_read_back();
	test_reported();
	test_ids();
	test_adopt();
	return done();
}
