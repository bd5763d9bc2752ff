/* config_test.c - each member of config.json fills its field, and each word has its number. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <sys/resource.h>

static char block[1 << 20];
static struct arena arena;

/* All members, in the order of the rows, so that json_write() gives the same text. */
static const char full[] =
	"{\"ociVersion\":\"1.2.3\",\"process\":{\"terminal\":true,"
	"\"consoleSize\":{\"height\":25,\"width\":80},"
	"\"user\":{\"uid\":1,\"gid\":2,\"umask\":18,\"additionalGids\":[3,4]},"
	"\"args\":[\"a0\",\"a1\"],\"env\":[\"E=1\"],\"cwd\":\"/cwd\","
	"\"capabilities\":{\"bounding\":[\"B\"],\"effective\":[\"E\"],\"inheritable\":[\"I\"],"
	"\"permitted\":[\"P\"],\"ambient\":[\"A\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":18446744073709551615,\"soft\":5}],"
	"\"noNewPrivileges\":true,\"apparmorProfile\":\"aa\",\"oomScoreAdj\":-500,"
	"\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"nice\":-7,\"priority\":8,"
	"\"flags\":[\"SCHED_FLAG_RECLAIM\"],\"runtime\":9,\"deadline\":10,\"period\":11},"
	"\"selinuxLabel\":\"se\",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\",\"priority\":6},"
	"\"execCPUAffinity\":{\"initial\":\"0-1\",\"final\":\"2\"}},"
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"host\",\"domainname\":"
	"\"domain\","
	"\"mounts\":[{\"destination\":\"/d\",\"type\":\"t\",\"source\":\"s\",\"options\":[\"o\"],"
	"\"uidMappings\":[{\"containerID\":1,\"hostID\":2,\"size\":3}],"
	"\"gidMappings\":[{\"containerID\":4,\"hostID\":5,\"size\":6}]}],"
	"\"hooks\":{\"prestart\":[{\"path\":\"/"
	"h0\",\"args\":[\"x\"],\"env\":[\"Y=Z\"],\"timeout\":7}],"
	"\"createRuntime\":[{\"path\":\"/h1\"}],\"createContainer\":[{\"path\":\"/h2\"}],"
	"\"startContainer\":[{\"path\":\"/h3\"}],\"poststart\":[{\"path\":\"/h4\"}],"
	"\"poststop\":[{\"path\":\"/h5\"}]},\"annotations\":{\"key\":\"value\"},"
	"\"linux\":{\"uidMappings\":[{\"containerID\":7,\"hostID\":8,\"size\":9}],"
	"\"gidMappings\":[{\"containerID\":10,\"hostID\":11,\"size\":12}],"
	"\"sysctl\":{\"kernel.sem\":\"1 2\"},\"resources\":{\"unified\":{\"memory.high\":\"1\"},"
	"\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":-2,\"access\":\"rw\"}],"
	"\"memory\":{\"limit\":1,\"reservation\":-2,\"swap\":3,\"kernel\":4,\"kernelTCP\":5,"
	"\"swappiness\":6,\"disableOOMKiller\":true,\"useHierarchy\":true,\"checkBeforeUpdate\":"
	"true},"
	"\"cpu\":{\"shares\":1,\"quota\":-2,\"burst\":3,\"period\":4,\"realtimeRuntime\":-5,"
	"\"realtimePeriod\":6,\"cpus\":\"0\",\"mems\":\"1\",\"idle\":-7},\"pids\":{\"limit\":0},"
	"\"blockIO\":{\"weight\":1,\"leafWeight\":2,"
	"\"weightDevice\":[{\"major\":3,\"minor\":4,\"weight\":5,\"leafWeight\":65535}],"
	"\"throttleReadBpsDevice\":[{\"major\":7,\"minor\":8,\"rate\":9}],"
	"\"throttleWriteBpsDevice\":[{\"major\":10,\"minor\":11,\"rate\":12}],"
	"\"throttleReadIOPSDevice\":[{\"major\":13,\"minor\":14,\"rate\":15}],"
	"\"throttleWriteIOPSDevice\":[{\"major\":16,\"minor\":17,\"rate\":18}]},"
	"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1}],"
	"\"network\":{\"classID\":1048577,\"priorities\":[{\"name\":\"eth0\",\"priority\":2}]},"
	"\"rdma\":{\"mlx\":{\"hcaHandles\":3,\"hcaObjects\":4}}},\"cgroupsPath\":\"/c\","
	"\"namespaces\":[{\"type\":\"cgroup\",\"path\":\"/p\"}],"
	"\"devices\":[{\"path\":\"/dev/x\",\"type\":\"b\",\"major\":1,\"minor\":2,\"fileMode\":438,"
	"\"uid\":3,\"gid\":4}],\"netDevices\":{\"eth1\":{\"name\":\"new\"}},"
	"\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
	"\"architectures\":[\"SCMP_ARCH_X86_64\"],\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],"
	"\"listenerPath\":\"/l\",\"listenerMetadata\":\"m\",\"syscalls\":[{\"names\":[\"n\"],"
	"\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":1,\"args\":[{\"index\":2,"
	"\"value\":18446744073709551615,\"valueTwo\":3,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]},"
	"\"rootfsPropagation\":\"rslave\",\"maskedPaths\":[\"/m\"],\"readonlyPaths\":[\"/r\"],"
	"\"mountLabel\":\"ml\",\"intelRdt\":{\"closID\":\"clos\",\"schemata\":[\"L2:0=f\"],"
	"\"l3CacheSchema\":\"L3:0=f\",\"memBwSchema\":\"MB:0=20\",\"enableMonitoring\":true},"
	"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_"
	"NODES\"]},"
	"\"personality\":{\"domain\":\"LINUX32\",\"flags\":[\"f\"]},"
	"\"timeOffsets\":{\"boottime\":{\"secs\":-1,\"nanosecs\":2}}}}";

static int print_fault(struct json_faults *self, const struct json *at, const char *path,
		       const char *what)
{
	printf("# %s: %s\n", path, what);
	return 0;
}

/* Parses and binds text, without the rules. */
static bool bind(const char *text, struct oci_config *c, struct json **tree)
{
	struct json_faults faults = { .report = print_fault };
	char *copy = arena_strdup(&arena, text);
	struct json_error err;

	memset(c, 0, sizeof(*c));
	*tree = json_parse(&arena, copy, strlen(copy), &err);
	if (!*tree) {
		printf("# %s at %u\n", err.what, err.off);
		return false;
	}
	return !json_bind(&arena, *tree, &oci_config_type, c, &faults);
}

static void test_process(const struct oci_process *p)
{
	ok(p->terminal && p->console_size->height == 25 && p->console_size->width == 80,
	   "terminal");
	ok(p->user.uid == 1 && p->user.gid == 2 && *p->user.umask == 18, "user");
	ok(p->user.additional_gids.n == 2 && p->user.additional_gids.at[1] == 4, "additionalGids");
	ok(p->args.n == 2 && !strcmp(p->args.at[1], "a1"), "args");
	ok(p->env.n == 1 && !strcmp(p->env.at[0], "E=1"), "env");
	is_str(p->cwd, "/cwd", "cwd");
	is_str(p->capabilities->bounding.at[0], "B", "capabilities.bounding");
	is_str(p->capabilities->effective.at[0], "E", "capabilities.effective");
	is_str(p->capabilities->inheritable.at[0], "I", "capabilities.inheritable");
	is_str(p->capabilities->permitted.at[0], "P", "capabilities.permitted");
	is_str(p->capabilities->ambient.at[0], "A", "capabilities.ambient");
	ok(p->rlimits.at[0].type == RLIMIT_NOFILE && p->rlimits.at[0].hard == UINT64_MAX &&
		   p->rlimits.at[0].soft == 5,
	   "rlimits");
	ok(p->no_new_privileges && *p->oom_score_adj == -500, "noNewPrivileges, oomScoreAdj");
	is_str(p->apparmor_profile, "aa", "apparmorProfile");
	is_str(p->selinux_label, "se", "selinuxLabel");
	ok(p->scheduler->policy == 6 && p->scheduler->nice == -7 && p->scheduler->priority == 8,
	   "scheduler policy, nice, priority");
	ok(p->scheduler->flags.at[0] == 2 && p->scheduler->runtime == 9 &&
		   p->scheduler->deadline == 10 && p->scheduler->period == 11,
	   "scheduler flags, runtime, deadline, period");
	ok(p->io_priority->class == 3 && p->io_priority->priority == 6, "ioPriority");
	is_str(p->exec_cpu_affinity->initial, "0-1", "execCPUAffinity.initial");
	is_str(p->exec_cpu_affinity->final, "2", "execCPUAffinity.final");
}

static void test_mounts_and_hooks(const struct oci_config *c)
{
	const struct oci_mount *m = c->mounts.at;
	const struct oci_hooks *h = c->hooks;

	ok(c->mounts.n == 1, "one mount");
	is_str(m->destination, "/d", "destination");
	is_str(m->type, "t", "type");
	is_str(m->source, "s", "source");
	is_str(m->options.at[0], "o", "options");
	ok(m->uid_mappings.at[0].container_id == 1 && m->uid_mappings.at[0].host_id == 2 &&
		   m->uid_mappings.at[0].size == 3,
	   "mount uidMappings");
	ok(m->gid_mappings.at[0].container_id == 4, "mount gidMappings");
	ok(!strcmp(h->prestart.at[0].path, "/h0") && !strcmp(h->prestart.at[0].args.at[0], "x") &&
		   !strcmp(h->prestart.at[0].env.at[0], "Y=Z") && *h->prestart.at[0].timeout == 7,
	   "a hook with all its members");
	is_str(h->create_runtime.at[0].path, "/h1", "createRuntime");
	is_str(h->create_container.at[0].path, "/h2", "createContainer");
	is_str(h->start_container.at[0].path, "/h3", "startContainer");
	is_str(h->poststart.at[0].path, "/h4", "poststart");
	is_str(h->poststop.at[0].path, "/h5", "poststop");
	ok(!h->poststop.at[0].timeout && !h->poststop.at[0].args.at, "absent members are NULL");
}

static void test_resources(const struct oci_resources *r)
{
	const struct oci_device_rule *d = r->devices.at;
	const struct oci_memory *m = r->memory;
	const struct oci_cpu *c = r->cpu;
	const struct oci_block_io *b = r->block_io;

	ok(!strcmp(r->unified.at[0].key, "memory.high") && !strcmp(r->unified.at[0].value, "1"),
	   "unified");
	ok(d->allow && d->type == 'c' && *d->major == 1 && *d->minor == -2 &&
		   !strcmp(d->access, "rw"),
	   "device rule");
	ok(*m->limit == 1 && *m->reservation == -2 && *m->swap == 3 && *m->kernel == 4 &&
		   *m->kernel_tcp == 5 && *m->swappiness == 6,
	   "memory values");
	ok(*m->disable_oom_killer && *m->use_hierarchy && *m->check_before_update,
	   "memory switches");
	ok(*c->shares == 1 && *c->quota == -2 && *c->burst == 3 && *c->period == 4 &&
		   *c->realtime_runtime == -5 && *c->realtime_period == 6 && *c->idle == -7,
	   "cpu values");
	ok(!strcmp(c->cpus, "0") && !strcmp(c->mems, "1"), "cpu lists");
	ok(r->pids->limit && *r->pids->limit == 0, "pids.limit of 0 is there");
	ok(*b->weight == 1 && *b->leaf_weight == 2, "blockIO weights");
	ok(b->weight_device.at[0].major == 3 && b->weight_device.at[0].minor == 4 &&
		   *b->weight_device.at[0].weight == 5 &&
		   *b->weight_device.at[0].leaf_weight == 65535,
	   "weightDevice");
	ok(b->throttle_read_bps.at[0].major == 7 && b->throttle_read_bps.at[0].minor == 8 &&
		   b->throttle_read_bps.at[0].rate == 9,
	   "throttleReadBpsDevice");
	ok(b->throttle_write_bps.at[0].rate == 12, "throttleWriteBpsDevice");
	ok(b->throttle_read_iops.at[0].rate == 15, "throttleReadIOPSDevice");
	ok(b->throttle_write_iops.at[0].rate == 18, "throttleWriteIOPSDevice");
	ok(!strcmp(r->hugepage_limits.at[0].page_size, "2MB") &&
		   r->hugepage_limits.at[0].limit == 1,
	   "hugepageLimits");
	ok(*r->network->class_id == 1048577 && !strcmp(r->network->priorities.at[0].name, "eth0") &&
		   r->network->priorities.at[0].priority == 2,
	   "network");
	ok(!strcmp(r->rdma.at[0].key, "mlx") && *r->rdma.at[0].hca_handles == 3 &&
		   *r->rdma.at[0].hca_objects == 4,
	   "rdma");
}

static void test_linux(const struct oci_linux *l)
{
	const struct oci_device *d = l->devices.at;

	ok(l->uid_mappings.at[0].container_id == 7 && l->uid_mappings.at[0].host_id == 8 &&
		   l->uid_mappings.at[0].size == 9,
	   "uidMappings");
	ok(l->gid_mappings.at[0].container_id == 10, "gidMappings");
	ok(!strcmp(l->sysctl.at[0].key, "kernel.sem") && !strcmp(l->sysctl.at[0].value, "1 2"),
	   "sysctl");
	is_str(l->cgroups_path, "/c", "cgroupsPath");
	ok(l->namespaces.at[0].type == CLONE_NEWCGROUP && !strcmp(l->namespaces.at[0].path, "/p"),
	   "namespaces");
	ok(!strcmp(d->path, "/dev/x") && d->type == 'b' && d->major == 1 && d->minor == 2 &&
		   *d->file_mode == 438 && *d->uid == 3 && *d->gid == 4,
	   "devices");
	ok(!strcmp(l->net_devices.at[0].key, "eth1") && !strcmp(l->net_devices.at[0].name, "new"),
	   "netDevices");
	ok(l->rootfs_propagation == (MS_SLAVE | MS_REC), "rootfsPropagation");
	ok(!strcmp(l->masked_paths.at[0], "/m") && !strcmp(l->readonly_paths.at[0], "/r"),
	   "maskedPaths, readonlyPaths");
	is_str(l->mount_label, "ml", "mountLabel");
	ok(!strcmp(l->intel_rdt->clos_id, "clos") &&
		   !strcmp(l->intel_rdt->schemata.at[0], "L2:0=f") &&
		   !strcmp(l->intel_rdt->l3_cache_schema, "L3:0=f") &&
		   !strcmp(l->intel_rdt->mem_bw_schema, "MB:0=20") &&
		   l->intel_rdt->enable_monitoring,
	   "intelRdt");
	ok(l->memory_policy->mode == 2 && !strcmp(l->memory_policy->nodes, "0") &&
		   l->memory_policy->flags.at[0] == 1 << 15,
	   "memoryPolicy");
	ok(l->personality->domain == 8 && !strcmp(l->personality->flags.at[0], "f"), "personality");
	ok(!strcmp(l->time_offsets.at[0].key, "boottime") && l->time_offsets.at[0].secs == -1 &&
		   l->time_offsets.at[0].nanosecs == 2,
	   "timeOffsets");
}

static void test_seccomp(const struct oci_seccomp *s)
{
	const struct oci_seccomp_arg *a = s->syscalls.at[0].args.at;

	ok(s->default_action == OCI_ACT_ERRNO && *s->default_errno_ret == 38, "defaultAction");
	ok((unsigned)s->architectures.at[0] == 0xc000003e && s->flags.at[0] == 2,
	   "architectures, flags");
	ok(!strcmp(s->listener_path, "/l") && !strcmp(s->listener_metadata, "m"), "listener");
	ok(!strcmp(s->syscalls.at[0].names.at[0], "n") &&
		   s->syscalls.at[0].action == OCI_ACT_TRACE && *s->syscalls.at[0].errno_ret == 1,
	   "syscalls");
	ok(a->index == 2 && a->value == UINT64_MAX && a->value_two == 3 &&
		   a->op == OCI_CMP_MASKED_EQ,
	   "args");
}

/* The document above must have each member, so that each row is tested. */
static void test_rows_covered(const struct json_type *type)
{
	for (const struct json_field *f = type->fields; f->name; f++) {
		const char *quoted = arena_printf(&arena, "\"%s\":", f->name);

		if (f->kind == JK_NONE)
			continue;
		ok(strstr(full, quoted), "the full document has %s", f->name);
		if (f->sub && (f->kind == JK_OBJ || f->elem == JK_OBJ))
			test_rows_covered(f->sub);
	}
}

/* Each word of a table is bound and written again. head and tail complete the document. */
static void test_words(const char *where, const struct json_word *words, const char *head,
		       const char *tail)
{
	struct json_out out = { .arena = &arena };
	struct oci_config c;
	struct json *tree;

	for (const struct json_word *w = words; w->word; w++) {
		char *text = arena_printf(&arena, "%s\"%s\"%s", head, w->word, tail);
		char *quoted = arena_printf(&arena, "\"%s\"", w->word);

		out.len = out.size = 0;
		out.pending = false;
		if (!bind(text, &c, &tree)) {
			ok(false, "%s: %s is bound", where, w->word);
			continue;
		}
		json_write(&out, &oci_config_type, &c);
		/* "u" is another name of "c" */
		ok(strstr(out.buf, quoted) || !*w->word || !strcmp(w->word, "u"),
		   "%s: %s is written again", where, w->word);
	}
	ok(!bind(arena_printf(&arena, "%s\"nonsense\"%s", head, tail), &c, &tree),
	   "%s: an unknown word is a fault", where);
}

#define HEAD "{\"ociVersion\":\"1.0.0\","
#define LINUX HEAD "\"linux\":{"
#define PROCESS HEAD "\"process\":{\"cwd\":\"/\","

static void test_all_words(void)
{
	test_words("namespaces", oci_namespace_words, LINUX "\"namespaces\":[{\"type\":", "}]}}");
	test_words("rlimits", oci_rlimit_words,
		   PROCESS "\"rlimits\":[{\"hard\":1,\"soft\":1,\"type\":", "}]}}");
	test_words("rootfsPropagation", oci_propagation_or_none_words,
		   LINUX "\"rootfsPropagation\":", "}}");
	test_words("scheduler", oci_scheduler_words, PROCESS "\"scheduler\":{\"policy\":", "}}}");
	test_words("scheduler.flags", oci_scheduler_flag_words,
		   PROCESS "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"flags\":[", "]}}}");
	test_words("ioPriority", oci_ioprio_words, PROCESS "\"ioPriority\":{\"class\":", "}}}");
	test_words("memoryPolicy", oci_mempolicy_words, LINUX "\"memoryPolicy\":{\"mode\":", "}}}");
	test_words("memoryPolicy.flags", oci_mempolicy_flag_words,
		   LINUX "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"flags\":[", "]}}}");
	test_words("defaultAction", oci_seccomp_action_words,
		   LINUX "\"seccomp\":{\"defaultAction\":", "}}}");
	test_words("action", oci_seccomp_action_words,
		   LINUX "\"seccomp\":{\"syscalls\":[{\"names\":[\"x\"],\"action\":", "}]}}}");
	test_words("architectures", oci_seccomp_arch_words,
		   LINUX "\"seccomp\":{\"architectures\":[", "]}}}");
	test_words("flags", oci_seccomp_flag_words, LINUX "\"seccomp\":{\"flags\":[", "]}}}");
	test_words("op", oci_seccomp_op_words,
		   LINUX
		   "\"seccomp\":{\"syscalls\":[{\"names\":[\"x\"],\"action\":\"SCMP_ACT_LOG\","
		   "\"args\":[{\"index\":0,\"value\":0,\"op\":",
		   "}]}]}}}");
	test_words("devices", oci_device_words,
		   LINUX "\"devices\":[{\"path\":\"/x\",\"type\":", "}]}}");
	test_words("personality", oci_personality_words,
		   LINUX "\"personality\":{\"domain\":", "}}}");
}

static void test_names(void)
{
	ok(oci_capability_bit("CAP_CHOWN") == 0 && oci_capability_bit("CAP_SYS_ADMIN") == 21 &&
		   oci_capability_bit("CAP_CHECKPOINT_RESTORE") == 40,
	   "oci_capability_bit: the bits of capabilities(7)");
	ok(oci_capability_bit("CHOWN") < 0 && oci_capability_bit("cap_chown") < 0 &&
		   oci_capability_bit("CAP_") < 0,
	   "oci_capability_bit: names must match exactly");
	ok(oci_mount_word("ro") && oci_mount_word("async") && oci_mount_word("unbindable") &&
		   oci_mount_word("rnosymfollow"),
	   "oci_mount_word: true for options of the spec");
	ok(oci_mount_word("idmap=uids=0-1-2;gids=0-1-2"),
	   "oci_mount_word: true for idmap with mappings");
	ok(!oci_mount_word("mode=755") && !oci_mount_word("") && !oci_mount_word("acl"),
	   "oci_mount_word: false for options of filesystems");
}

int main(void)
{
	struct json_out out = { .arena = &arena };
	struct oci_config c;
	struct json *tree;

	arena_init(&arena, block, sizeof(block));
	ok(bind(full, &c, &tree), "the full document is bound");
	is_str(c.oci_version, "1.2.3", "ociVersion");
	is_str(c.root->path, "rootfs", "root.path");
	ok(c.root->readonly, "root.readonly");
	is_str(c.hostname, "host", "hostname");
	is_str(c.domainname, "domain", "domainname");
	ok(!strcmp(c.annotations.at[0].key, "key") && !strcmp(c.annotations.at[0].value, "value"),
	   "annotations");
	test_process(c.process);
	test_mounts_and_hooks(&c);
	test_resources(c.linux->resources);
	test_linux(c.linux);
	test_seccomp(c.linux->seccomp);
	test_rows_covered(&oci_config_type);
	json_write(&out, &oci_config_type, &c);
	is_str(out.buf, full, "the same rows write the same document");
	test_all_words();
	test_names();

	ok(bind(HEAD "\"linux\":{\"seccomp\":{\"flags\":[]},\"vm\":{}},\"x\":[{}]}", &c, &tree) &&
		   c.linux->seccomp->flags.at && !c.linux->seccomp->flags.n &&
		   !c.linux->seccomp->architectures.at,
	   "an empty list is not NULL, an absent one is");
	ok(bind(HEAD "\"process\":null,\"linux\":null}", &c, &tree) && !c.process && !c.linux,
	   "null counts as absent");
	return done();
}
