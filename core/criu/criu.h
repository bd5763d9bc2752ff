/* criu.h - CRIU, which saves and restores processes: its messages, and a run of it. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CRIU_CRIU_H
#define CORE_CRIU_CRIU_H

#include "core/container/container.h"

/* ---- pb.c: protobuf by rows ------------------------------------------------------------------ */

/*
 * A message is a struct, and each field of it is a row. How a kind lies in memory:
 *
 *   PB_BOOL  bool       PB_INT  int32_t       PB_STR  const char *, NULL = absent
 *   PB_MSG   struct X, sub = its pb_type, always written; with PB_LIST LIST(struct X)
 *
 * A number that is 0 and a bool that is false are left out, unless PB_ALWAYS is set. The reader
 * passes over fields that no row has. Of a field that comes twice the last one counts.
 */
enum pb_kind { PB_BOOL, PB_INT, PB_STR, PB_MSG };
enum pb_flag { PB_ALWAYS = 1, PB_LIST = 2 };

struct pb_field {
	unsigned char num, kind, flags;
	unsigned short offset;
	const struct pb_type *sub;
};

struct pb_type {
	size_t size; /* of the struct */
	const struct pb_field *fields; /* ends with number 0 */
};

struct pb_out {
	struct arena *arena;
	unsigned char *buf;
	size_t len, size;
};

void pb_write(struct pb_out *o, const struct pb_type *type, const void *in);
/* Fills out, which is zeroed. Lists are not read. -1: it is not such a message. */
int pb_read(struct arena *a, const struct pb_type *type, const void *buf, size_t len, void *out);

/* ---- rpc.c: the messages (CRIU's images/rpc.proto) ------------------------------------------- */

/* What a request asks for, and what a response answers. */
enum criu_type {
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9,
	CRIU_VERSION = 10,
};

struct criu_text {
	const char *text;
};

struct criu_pair {
	const char *key, *val; /* a mount and where it comes from; a controller and its cgroup */
};

struct criu_fd {
	const char *key;
	int32_t fd; /* its number in the process of CRIU */
};

struct criu_page_server {
	const char *address;
	int32_t port;
};

/* The options of a dump and a restore. Verbs let their own options fill most of it. */
struct criu_opts {
	int32_t images_fd, work_fd, pid, log_level, manage_mode, empty_ns, status_fd, network_lock;
	bool leave_running, ext_unix_sk, tcp_established, evasive_devices, shell_job, file_locks,
		notify_scripts, track_mem, auto_dedup, link_remap, manage_cgroups, rst_sibling,
		tcp_skip_in_flight, lazy_pages, orphan_pts_master, tcp_close, unprivileged;
	const char *log_file, *root, *parent, *freeze_cgroup, *config_file, *lsm_profile,
		*lsm_mount_context;
	LIST(struct criu_page_server) page_server; /* none or one */
	LIST(struct criu_pair) mounts, cgroups, joins;
	size_t mounts_room;
	LIST(struct criu_fd) fds;
	LIST(const char *) external;
};

struct criu_features {
	bool mem_track, lazy_pages;
};

struct criu_req {
	int32_t type; /* enum criu_type */
	bool notify_success;
	LIST(struct criu_opts) opts; /* none or one */
	LIST(struct criu_features) features; /* none or one */
};

struct criu_resp {
	int32_t type, errnum;
	bool success;
	struct {
		int32_t pid;
	} restore;
	struct {
		const char *script;
		int32_t pid;
	} notify;
	struct criu_features features;
	struct {
		int32_t major, minor, sublevel;
		const char *gitid;
	} version;
};

extern const struct pb_type criu_req_type, criu_resp_type;

/* ---- swrk.c: a run of CRIU ------------------------------------------------------------------- */

/* The descriptors of criu_run.fds have these numbers in CRIU. */
#define CRIU_FIRST_FD 4

/*
 * `criu swrk` serves one request over a socket. It opens the descriptors that a request names by
 * our directory in /proc, but for those of fds, which it inherits.
 */
struct criu_run {
	struct arena *arena;
	const char *path; /* the directories to search criu in; NULL: the usual ones */
	pid_t *pid; /* CRIU's, as long as it runs */
	bool streams; /* it gets our standard streams; else the null device */
	const int *fds;
	size_t nfds;
	/* Both may be NULL. When CRIU runs, and before it has the request. */
	int (*started)(void *arg, pid_t pid);
	/* A notification. *fd came with it, or is -1. */
	int (*notify)(void *arg, const struct criu_resp *r, int *fd);
	void *arg;
};

/* -1: CRIU has failed; resp->errnum is its reason. */
int criu_run(const struct criu_run *run, const struct criu_req *req, struct criu_resp *resp);
/* CRIU's version: 31701 is 3.17.1. */
int criu_version(const struct criu_run *run);
/* Pure. -1: "WHAT needs CRIU 3.15 or later, and this is 3.14". */
int criu_needs(int version, int least, const char *what);
/* Runs `fn` in a process of its own, and returns what it has written to `out`, and a NUL. */
int criu_ask(struct arena *a, int (*fn)(void *arg, int out), void *arg, char **text, size_t *len);

/* ---- external.c: what CRIU does not save, and finds again at a restore ----------------------- */

/* Adds a mount from outside to the options. key is where it is in the container. -1: CRIU could
 * take the name for another one. */
int criu_add_mount(struct arena *a, struct criu_opts *o, const char *key, const char *val);
/* A mount of the config shows a file or directory of the host. -1: it cannot be restored. */
int criu_mount_binds(struct arena *a, const struct oci_doc *doc, const struct oci_mount *m);
/* The path of what fd is, below the root directory whose path is root ("" in the container). */
const char *criu_path_inside(struct arena *a, int fd, const char *root);
/* The config's devices and the default ones, which are binds in a user namespace. */
int criu_add_devices(struct arena *a, struct criu_opts *o, const struct oci_config *c);
/* -1 and a sentence if this CRIU cannot have a namespace of this type by path. */
int criu_needs_ns(int version, int type);
/* The name by which CRIU knows a namespace that was joined by path; NULL: it has no such name. */
const char *criu_ns_key(int type);
/* What CRIU could not bring back. -1 and one sentence. */
int criu_can(struct arena *a, const struct oci_doc *doc, const char *root);

/* ---- dump.c: checkpoint ---------------------------------------------------------------------- */

/* What the user asks for. */
struct criu_how {
	struct criu_opts opts; /* those that have an option of the verb */
	const char *images, *work; /* absolute; work NULL: the same */
	const char *conf; /* configuration of CRIU, unless an annotation names another one */
	const char *path; /* as in struct criu_run */
	bool pre_dump, rootless;
	int status_fd; /* gets a zero byte when the server of lazy pages is ready; -1: none */
};

/* What a dump and a restore share: the directories, the log, the configuration file. */
struct criu_files {
	int images, work; /* -1: the same */
	const char *name, *log; /* of the log; and its path */
};
int criu_open(struct arena *a, struct criu_how *how, const char *log, bool make,
	      struct criu_files *f);
void criu_close(struct criu_files *f);
/* NULL: none. annotations: those of the container. */
const char *criu_conf(const struct criu_how *how, const struct json_pair *annotations, size_t n);
/* Adds CRIU's own words to the error record. Returns -1. */
int criu_explain(struct arena *a, const struct criu_files *f);

#define CRIU_DESCRIPTORS "descriptors.json" /* where the standard streams led to */

/* Saves a container that runs. Does not remove it. */
int criu_dump(struct arena *a, struct life *l, struct criu_how *how);

#endif
