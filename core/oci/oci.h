/* oci.h - the OCI documents: reading config.json, the default one, state, features, word tables. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_OCI_OCI_H
#define CORE_OCI_OCI_H

#include "core/base/base.h"
#include "core/oci/config.h"

/* ---- config.c: the rows ---------------------------------------------------------------------- */

extern const struct json_type oci_config_type, oci_process_type, oci_resources_type, oci_mount_type;
/* Adds a mount after those of the config. */
void oci_add_mount(struct arena *a, struct oci_config *config, const struct oci_mount *m);

/* ---- words.c: every word the spec knows ------------------------------------------------------ */

/* Word tables that others list too (features, errors, completions). */
extern const struct json_word oci_namespace_words[]; /* CLONE_NEW* */
extern const struct json_word oci_rlimit_words[];
extern const struct json_word oci_scheduler_words[], oci_scheduler_flag_words[];
extern const struct json_word oci_ioprio_words[];
extern const struct json_word oci_mempolicy_words[], oci_mempolicy_flag_words[];
extern const struct json_word oci_seccomp_action_words[]; /* value: enum oci_seccomp_action */
extern const struct json_word oci_seccomp_arch_words[]; /* value: AUDIT_ARCH_*, and one for X32 */
extern const struct json_word oci_seccomp_op_words[]; /* value: enum oci_seccomp_op */
extern const struct json_word oci_seccomp_flag_words[]; /* value: SECCOMP_FILTER_FLAG_* */
extern const char *const oci_hook_names[]; /* six, then NULL */
extern const char *const oci_capability_names[]; /* bit order, then NULL */

int oci_capability_bit(const char *name); /* number of "CAP_X"; -1: unknown */
/* True for a mount option of the specification, and for "idmap=..." and "ridmap=..."; false for an
 * option of the filesystem. */
bool oci_mount_word(const char *option);
/* The nearest word, for "did you mean"; NULL: no word is near. */
const char *oci_mount_near(const char *option);
/* True if a mount on this path below /proc ("cpuinfo") is allowed. */
bool oci_mount_below_proc(const char *rest);

/* They begin at 1: 0 is an absent action, which the checks refuse. */
enum oci_seccomp_action {
	OCI_ACT_KILL = 1,
	OCI_ACT_KILL_PROCESS,
	OCI_ACT_KILL_THREAD,
	OCI_ACT_TRAP,
	OCI_ACT_ERRNO,
	OCI_ACT_TRACE,
	OCI_ACT_ALLOW,
	OCI_ACT_LOG,
	OCI_ACT_NOTIFY,
};

enum oci_seccomp_op {
	OCI_CMP_NE = 1,
	OCI_CMP_LT,
	OCI_CMP_LE,
	OCI_CMP_EQ,
	OCI_CMP_GE,
	OCI_CMP_GT,
	OCI_CMP_MASKED_EQ,
};

/* ---- load.c: text to checked config ---------------------------------------------------------- */

/* A config.json, its text and its tree, so that messages can name a line and a column. */
struct oci_doc {
	const char *file; /* as shown in errors: "config.json" */
	char *text; /* the text, in which strings of the tree lie (json_parse) */
	bool keep_raw; /* set by the caller: raw is needed */
	bool fresh; /* set by the caller: print warnings, because it is loaded for the first time */
	bool named; /* set by the caller: the user has named the file, which may be a pipe */
	char *raw; /* the text as it was read, for the state directory */
	size_t len;
	struct json *tree;
	struct oci_config config;
};

#define OCI_CONFIG_MAX (16u << 20) /* bytes; beyond it the file is refused */

/* Reads, parses, binds and checks. -1: the record is `config.json:LINE:COL: FIELD: WHAT`. bundledir
 * is an open directory; file is a name below it, or absolute. A loaded config has a root and a
 * process. Empty strings that mean absence (a namespace's path, hostname...) are NULL. */
int oci_load(struct arena *a, int bundledir, const char *file, struct oci_doc *doc);
/* The same for a text in memory. */
int oci_load_text(struct arena *a, const char *file, char *text, size_t len, struct oci_doc *doc);
/* Read a process object (exec -p) and a resources object (update -r), as oci_load() does. */
int oci_load_process(struct arena *a, int dirfd, const char *file, struct oci_process *process);
int oci_load_resources(struct arena *a, const char *file, char *text, size_t len,
		       struct oci_resources *r);

/* For `oci-spec check`: calls line() with "FILE:LINE:COL: FIELD: WHAT" for each fault, also for
 * names that the specification does not have and for an empty seccomp. Returns their number, or -1
 * with a record if the file cannot be read. */
int oci_check(struct arena *a, int dirfd, const char *file, void (*line)(const char *text));

/* check.c: checks what a row cannot express, such as one field against another. Reports into f. */
void oci_check_config(struct arena *a, const struct oci_doc *doc, struct json_faults *f);

/* For a later failure: puts the place in the document, `config.json:LINE:COL: PATH`, before the
 * record. Returns -1. */
int oci_fail_at(const struct oci_doc *doc, const char *path_fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- annot.c: annotations that this runtime acts on, and sizes ------------------------------- */

/* Reads "4096", "64k", "64m", "1g", "64mb" or "64MiB", all binary units; or -1, without a unit. */
bool oci_size(const char *text, int64_t *bytes);

#define OCI_ANNOTATION_INIT "org.ocibox.init" /* "true", "false": oci-init as process 1 */
#define OCI_ANNOTATION_OVERLAY "org.ocibox.overlay" /* a size; "true": OCI_OVERLAY_DEFAULT */
/* dm-verity of an image: the root hash in hexadecimal digits, and files beside the image. */
#define OCI_ANNOTATION_VERITY "org.ocibox.verity."
#define OCI_ANNOTATION_HASH OCI_ANNOTATION_VERITY "hash"
#define OCI_ANNOTATION_ROOT OCI_ANNOTATION_VERITY "root"
#define OCI_ANNOTATION_SIGNATURE OCI_ANNOTATION_VERITY "signature"
#define OCI_OVERLAY_DEFAULT (64ll << 20) /* bytes */

extern const char *const oci_annotations_acted[];
bool oci_annotation_acted(const char *key); /* true: in that list, so an image must not set it */
const char *oci_annotation(const struct oci_config *c, const char *key); /* NULL: not set */
/* Pure. The value of an annotation: 0 or 1 for a truth value, bytes for a size (0: none); -1: it is
 * neither. */
int oci_annotation_bool(const char *value);
int64_t oci_annotation_size(const char *value);

/* ---- idmap.c: mappings of ids ---------------------------------------------------------------- */

/* Pure. The id of the host for an id of the container: the same if there are no mappings, -1 if it
 * is not mapped. */
int64_t oci_host_id(const oci_id_maps *maps, uint32_t id);

/* ---- sysctl.c: the namespace that a kernel parameter belongs to ------------------------------ */

/* Makes a path below /proc/sys of a key, as sysctl(8) does: "net.ipv4.conf.eth0/1.x" and
 * "net/ipv4/conf/eth0.1/x" are the same. False: a part is empty, "." or "..", or has a control
 * character or space, or path is too short. */
bool oci_sysctl_path(const char *key, char *path, size_t size);
/* CLONE_NEW* of the namespace that has its own value of it; -1: it is one for the whole host. */
int oci_sysctl_namespace(const char *key);

/* ---- features.c: the document of `features` -------------------------------------------------- */

extern const struct json_type oci_features_type;

/* Fills in what the tables of this folder list. The caller adds mount_options, linux.cgroup, the
 * switches of seccomp, apparmor, selinux and intelRdt, supported_flags, and annotations. */
void oci_features_fill(struct arena *a, struct oci_features *f);

/* ---- spec.c: the document of `spec` ---------------------------------------------------------- */

struct oci_spec_options {
	bool rootless;
	bool cgroup_v2; /* adds the cgroup namespace */
	bool wide_masks; /* masks the paths that docker and podman add to those of runc */
	uint32_t euid, egid; /* for the mappings of rootless */
	/* What the kernel does not have, so that the document leaves it out. */
	unsigned no_ns; /* CLONE_NEW* */
	const char *const *no_fs; /* filesystem types, ends with NULL; may be NULL */
};
/* The document as structs, for callers that change something before it is written. */
struct oci_config *oci_spec_config(struct arena *a, const struct oci_spec_options *o);
/* The text, tab-indented as runc writes it, without a final newline; length in *len. */
char *oci_config_text(struct arena *a, const struct oci_config *c, size_t *len);
char *oci_spec_text(struct arena *a, const struct oci_spec_options *o, size_t *len);

/* ---- state.c: the state of a container ------------------------------------------------------- */

enum oci_status { OCI_CREATING, OCI_CREATED, OCI_RUNNING, OCI_PAUSED, OCI_STOPPED };
extern const struct json_word oci_status_words[];

/* What runc keeps in "config" of its own state.json. We only read it. */
struct oci_foreign_ns {
	const char *type, *path; /* "NEWPID"; "" or the path of one that was joined */
};
struct oci_foreign {
	const char *rootfs;
	LIST(const char *) labels; /* annotations as "key=value", and last "bundle=PATH" */
	LIST(struct oci_foreign_ns) namespaces;
	bool no_new_keyring;
};

/* ROOT/ID/state.json. It is written before init may continue, and replaced by rename(2). */
struct oci_state {
	const char *oci_version, *id;
	const char *status; /* "creating"; NULL: init and the fifo show the status */
	int32_t pid; /* init_process_pid, in the runtime's pid namespace; 0: not started yet */
	uint64_t start_time; /* init_process_start: /proc/PID/stat field 22 */
	const char *created; /* RFC 3339 */
	const char *bundle, *rootfs;
	const char *config; /* name of the config file below the bundle, or absolute */
	bool rootless, systemd;
	LIST(struct json_pair) annotations;
	LIST(struct json_pair) cgroup_paths; /* controller ("" is v2) -> absolute directory */
	const char *cgroup_unit; /* systemd scope or slice, NULL under cgroupfs */
	LIST(struct json_pair) namespace_paths; /* "NEWPID" -> /proc/PID/ns/pid */
	LIST(struct json_pair) namespace_ids; /* "NEWPID" -> DEV:INO of the container's own */
	const char *intel_rdt_path;
	const char *keyring; /* name of its session keyring, which is random */
	bool own_pid_ns; /* the kernel kills all other processes when init dies */
	bool no_mknod; /* there are no device rules, so exec must not give it CAP_MKNOD */
	bool hooks; /* the saved config has poststart or poststop hooks */
	bool restored; /* from a checkpoint: it runs, though it has not executed its program */
	const char *boot_id; /* of proc(5), if the state can outlive a boot; else NULL */
	struct oci_foreign *foreign; /* runc has made the container; NULL: ocibox has */
};
extern const struct json_type oci_state_type;
/* Those members of struct oci_state by which the container's processes can be found. */
extern const struct json_type oci_kept_type;
/* For a state.json of runc: fills members from s->foreign. */
void oci_state_adopt(struct arena *a, struct oci_state *s);

/* State JSON of the spec for `state`, `list` and hooks: keys in runc's order.
 * owner NULL leaves the key out, pid < 0 too. */
void oci_state_put(struct json_out *o, const struct oci_state *s, enum oci_status status, int pid,
		   const char *owner);

#define OCI_CACHE ".cache" /* in ROOT, beside the containers */
bool oci_id_valid(const char *id); /* [A-Za-z0-9_+.-]{1,1024}, not ".", ".." or OCI_CACHE */

#endif
