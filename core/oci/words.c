/* words.c - the words of the spec, and the numbers of the kernel for them. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check.h"
#include "core/oci/oci.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* In the order of the spec. If a value has several words, the first one is written. */

const struct json_word oci_namespace_words[] = {
	{ "pid", CLONE_NEWPID },       { "network", CLONE_NEWNET }, { "mount", CLONE_NEWNS },
	{ "ipc", CLONE_NEWIPC },       { "uts", CLONE_NEWUTS },	    { "user", CLONE_NEWUSER },
	{ "cgroup", CLONE_NEWCGROUP }, { "time", CLONE_NEWTIME },   { NULL, 0 },
};

/* The macros of libc, because the numbers differ between architectures (mips, sparc). */
const struct json_word oci_rlimit_words[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
	{ NULL, 0 },
};

/* With the r they apply to all mounts below, as in mount(8). The spec lists four, runc all. */
/* clang-format off */
#define PROPAGATIONS                                                                               \
	{ "private", MS_PRIVATE }, { "rprivate", MS_PRIVATE | MS_REC },                            \
	{ "shared", MS_SHARED }, { "rshared", MS_SHARED | MS_REC },                                \
	{ "slave", MS_SLAVE }, { "rslave", MS_SLAVE | MS_REC },                                    \
	{ "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC }
/* clang-format on */

/* Engines in Go write an empty word for an absent member. */
const struct json_word oci_propagation_or_none_words[] = { PROPAGATIONS, { "", 0 }, { NULL, 0 } };

#if WITH_TUNING
/* sched(7). Numbers, because musl has no macro SCHED_ISO, and glibc none for the flags. */
const struct json_word oci_scheduler_words[] = {
	{ "SCHED_OTHER", OCI_SCHED_OTHER },
	{ "SCHED_FIFO", OCI_SCHED_FIFO },
	{ "SCHED_RR", OCI_SCHED_RR },
	{ "SCHED_BATCH", OCI_SCHED_BATCH },
	{ "SCHED_ISO", 4 },
	{ "SCHED_IDLE", 5 },
	{ "SCHED_DEADLINE", OCI_SCHED_DEADLINE },
	{ NULL, 0 },
};

const struct json_word oci_scheduler_flag_words[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x01 },  { "SCHED_FLAG_RECLAIM", 0x02 },
	{ "SCHED_FLAG_DL_OVERRUN", 0x04 },     { "SCHED_FLAG_KEEP_POLICY", 0x08 },
	{ "SCHED_FLAG_KEEP_PARAMS", 0x10 },    { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 }, { NULL, 0 },
};

/* ioprio_set(2) */
const struct json_word oci_ioprio_words[] = {
	{ "IOPRIO_CLASS_RT", 1 },
	{ "IOPRIO_CLASS_BE", 2 },
	{ "IOPRIO_CLASS_IDLE", 3 },
	{ NULL, 0 },
};

/* set_mempolicy(2) */
/* clang-format off */
#define MODES                                                                                      \
	{ "MPOL_DEFAULT", OCI_MPOL_DEFAULT }, { "MPOL_PREFERRED", OCI_MPOL_PREFERRED },            \
	{ "MPOL_BIND", OCI_MPOL_BIND }, { "MPOL_INTERLEAVE", OCI_MPOL_INTERLEAVE },                \
	{ "MPOL_LOCAL", OCI_MPOL_LOCAL },                                                          \
	{ "MPOL_PREFERRED_MANY", OCI_MPOL_PREFERRED_MANY }, /* 5.15 */                             \
	{ "MPOL_WEIGHTED_INTERLEAVE", OCI_MPOL_WEIGHTED_INTERLEAVE } /* 6.9 */
/* clang-format on */

const struct json_word oci_mempolicy_words[] = { MODES, { NULL, 0 } };
const struct json_word oci_mempolicy_or_none_words[] = { MODES,
							 { "", OCI_MPOL_DEFAULT },
							 { NULL, 0 } };

const struct json_word oci_mempolicy_flag_words[] = {
	{ "MPOL_F_STATIC_NODES", OCI_MPOL_F_STATIC_NODES },
	{ "MPOL_F_RELATIVE_NODES", OCI_MPOL_F_RELATIVE_NODES },
	{ "MPOL_F_NUMA_BALANCING", OCI_MPOL_F_NUMA_BALANCING }, /* 5.12 */
	{ NULL, 0 },
};

/* personality(2): PER_LINUX, PER_LINUX32 */
const struct json_word oci_personality_words[] = {
	{ "LINUX", 0 },
	{ "LINUX32", 8 },
	{ NULL, 0 },
};
#endif

#if WITH_SECCOMP
/* ---- seccomp --------------------------------------------------------------------------------- */

/* clang-format off */
#define ACTIONS                                                                                    \
	{ "SCMP_ACT_KILL", OCI_ACT_KILL }, { "SCMP_ACT_KILL_PROCESS", OCI_ACT_KILL_PROCESS },      \
	{ "SCMP_ACT_KILL_THREAD", OCI_ACT_KILL_THREAD }, { "SCMP_ACT_TRAP", OCI_ACT_TRAP },        \
	{ "SCMP_ACT_ERRNO", OCI_ACT_ERRNO }, { "SCMP_ACT_TRACE", OCI_ACT_TRACE },                  \
	{ "SCMP_ACT_ALLOW", OCI_ACT_ALLOW }, { "SCMP_ACT_LOG", OCI_ACT_LOG },                      \
	{ "SCMP_ACT_NOTIFY", OCI_ACT_NOTIFY }
/* clang-format on */

const struct json_word oci_seccomp_action_words[] = { ACTIONS, { NULL, 0 } };
const struct json_word oci_action_or_none_words[] = { ACTIONS, { "", 0 }, { NULL, 0 } };

/* AUDIT_ARCH_*: the ELF machine, with bits for 64 bits, little endian and mips n32. SCMP_ARCH_X32
 * has the number that libseccomp uses. */
const struct json_word oci_seccomp_arch_words[] = {
	{ "SCMP_ARCH_X86", 0x40000003 },
	{ "SCMP_ARCH_X86_64", (int)0xc000003e },
	{ "SCMP_ARCH_X32", 0x4000003e },
	{ "SCMP_ARCH_ARM", 0x40000028 },
	{ "SCMP_ARCH_AARCH64", (int)0xc00000b7 },
	{ "SCMP_ARCH_LOONGARCH64", (int)0xc0000102 },
	{ "SCMP_ARCH_M68K", 0x00000004 },
	{ "SCMP_ARCH_MIPS", 0x00000008 },
	{ "SCMP_ARCH_MIPS64", (int)0x80000008 },
	{ "SCMP_ARCH_MIPS64N32", (int)0xa0000008 },
	{ "SCMP_ARCH_MIPSEL", 0x40000008 },
	{ "SCMP_ARCH_MIPSEL64", (int)0xc0000008 },
	{ "SCMP_ARCH_MIPSEL64N32", (int)0xe0000008 },
	{ "SCMP_ARCH_PPC", 0x00000014 },
	{ "SCMP_ARCH_PPC64", (int)0x80000015 },
	{ "SCMP_ARCH_PPC64LE", (int)0xc0000015 },
	{ "SCMP_ARCH_S390", 0x00000016 },
	{ "SCMP_ARCH_S390X", (int)0x80000016 },
	{ "SCMP_ARCH_SH", 0x4000002a },
	{ "SCMP_ARCH_SHEB", 0x0000002a },
	{ "SCMP_ARCH_PARISC", 0x0000000f },
	{ "SCMP_ARCH_PARISC64", (int)0x8000000f },
	{ "SCMP_ARCH_RISCV64", (int)0xc00000f3 },
	{ NULL, 0 },
};

const struct json_word oci_seccomp_op_words[] = {
	{ "SCMP_CMP_NE", OCI_CMP_NE },
	{ "SCMP_CMP_LT", OCI_CMP_LT },
	{ "SCMP_CMP_LE", OCI_CMP_LE },
	{ "SCMP_CMP_EQ", OCI_CMP_EQ },
	{ "SCMP_CMP_GE", OCI_CMP_GE },
	{ "SCMP_CMP_GT", OCI_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", OCI_CMP_MASKED_EQ },
	{ NULL, 0 },
};

const struct json_word oci_seccomp_flag_words[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 0x01 },
	{ "SECCOMP_FILTER_FLAG_LOG", 0x02 }, /* 4.14 */
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 0x04 }, /* 4.17 */
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0x20 }, /* 5.19 */
	{ NULL, 0 },
};

#endif
/* ---- devices --------------------------------------------------------------------------------- */

const struct json_word oci_device_words[] = {
	{ "c", 'c' }, { "u", 'c' }, { "b", 'b' }, { "p", 'p' }, { NULL, 0 },
};

const struct json_word oci_device_rule_words[] = {
	{ "a", 'a' }, { "b", 'b' }, { "c", 'c' }, { "", 'a' }, { NULL, 0 },
};

/* ---- messages about unknown words ------------------------------------------------------------ */

/* The words of runc, which engines and the tests of runc search for. */
static const struct {
	const struct json_word *words;
	const char *clause;
} unknown_words[] = {
#if WITH_TUNING
	{ oci_scheduler_words, "invalid scheduler policy: %s" },
	{ oci_scheduler_flag_words, "invalid scheduler flag: %s" },
	{ oci_ioprio_words, "invalid ioPriority.Class: %s" },
	{ oci_mempolicy_or_none_words, "invalid memory policy mode \"%s\"" },
	{ oci_mempolicy_flag_words, "invalid memory policy flag \"%s\"" },
	{ oci_personality_words, "invalid personality domain %s" },
#endif
#if WITH_SECCOMP
	{ oci_seccomp_action_words, "string %s is not a valid action for seccomp" },
	{ oci_action_or_none_words, "string %s is not a valid action for seccomp" },
	{ oci_seccomp_op_words, "string %s is not a valid operator for seccomp" },
	{ oci_seccomp_arch_words, "string %s is not a valid arch for seccomp" },
	{ oci_seccomp_flag_words, "seccomp flag \"%s\" is not known" },
#endif
	{ oci_rlimit_words, "wrong rlimit value: %s" },
	{ oci_propagation_or_none_words, "rootfsPropagation=%s is not supported" },
	{ oci_device_words, "invalid device type \"%s\"" },
	{ oci_device_rule_words, "invalid cgroup device type \"%s\"" },
};

const char *oci_unknown_word(const struct json_word *words)
{
	for (size_t i = 0; i < ARRAY_SIZE(unknown_words); i++)
		if (unknown_words[i].words == words)
			return unknown_words[i].clause;
	return NULL;
}

/* ---- names without numbers ------------------------------------------------------------------- */

const char *const oci_hook_names[] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
	NULL,
};

/* By number: capabilities(7). The last three are of 5.8 and 5.9. */
const char *const oci_capability_names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
	NULL,
};

int oci_capability_bit(const char *name)
{
	for (int bit = 0; oci_capability_names[bit]; bit++)
		if (!strcmp(name, oci_capability_names[bit]))
			return bit;
	return -1;
}

/* Sorted, for bsearch(3). core/kernel/mountopt.c has their meanings. The rules need the words,
 * because a bind mount must not have other options. */
static const char *const mount_words[] = {
	"async",	  "atime",	   "bind",	   "copy-symlink",
	"defaults",	  "dest-nofollow", "dev",	   "diratime",
	"dirsync",	  "exec",	   "idmap",	   "iversion",
	"lazytime",	  "loud",	   "mand",	   "noatime",
	"nodev",	  "nodiratime",	   "noexec",	   "noiversion",
	"nolazytime",	  "nomand",	   "norelatime",   "nostrictatime",
	"nosuid",	  "nosymfollow",   "private",	   "ratime",
	"rbind",	  "rdev",	   "rdiratime",	   "relatime",
	"remount",	  "rexec",	   "ridmap",	   "rnoatime",
	"rnodev",	  "rnodiratime",   "rnoexec",	   "rnorelatime",
	"rnostrictatime", "rnosuid",	   "rnosymfollow", "ro",
	"rprivate",	  "rrelatime",	   "rro",	   "rrw",
	"rshared",	  "rslave",	   "rstrictatime", "rsuid",
	"rsymfollow",	  "runbindable",   "rw",	   "shared",
	"silent",	  "slave",	   "src-nofollow", "strictatime",
	"suid",		  "symfollow",	   "sync",	   "tmpcopyup",
	"unbindable",
};

static int compare_words(const void *key, const void *row)
{
	return strcmp(key, *(const char *const *)row);
}

bool oci_mount_word(const char *option)
{
	return oci_idmap_word(option) || bsearch(option, mount_words, ARRAY_SIZE(mount_words),
						 sizeof(*mount_words), compare_words);
}

/* Words of other tools, and the right ones. */
static const char *const mistaken[][2] = {
	{ "read-only", "ro" },	       { "readonly", "ro" },	 { "readwrite", "rw" },
	{ "read-write", "rw" },	       { "recursive", "rbind" }, { "rreadonly", "rro" },
	{ "nofollow", "nosymfollow" },
};

const char *oci_mount_near(const char *option)
{
	struct json_near near = { .name = option };

	if (!WITH_HELP)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(mistaken); i++)
		if (!strcmp(option, mistaken[i][0]))
			return mistaken[i][1];
	for (size_t i = 0; i < ARRAY_SIZE(mount_words); i++)
		json_near_offer(&near, mount_words[i]);
	return near.best;
}
