/* criu.h - CRIU, which saves and restores processes: its messages, and a run of it. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CRIU_CRIU_H
#define CORE_CRIU_CRIU_H

#include "core/container/container.h"

/* ---- pb.c: protobuf by rows ------------------------------------------------------------------ */

/*
 * A message is a struct, and each field of it is a row. The kinds of fields in memory:
 *
 *   PB_BOOL  bool       PB_INT  int32_t       PB_STR  const char *, NULL = absent
 *   PB_MSG   struct X, sub = its pb_type, always written; with PB_LIST LIST(struct X)
 *
 * A number that is 0 and a bool that is false are left out, unless PB_ALWAYS is set. The reader
 * skips fields that no row has. Of a field that comes twice it uses the last one.
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
/* Fills *out, which the caller has zeroed. Lists are not read. -1: the message is malformed. */
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
	/* a mount and its source; a controller and its cgroup; a namespace and its path */
	const char *key, *val;
};

struct criu_fd {
	const char *key;
	int32_t fd; /* its number in the process of CRIU */
};

struct criu_page_server {
	const char *address;
	int32_t port;
};

/* The options of a dump and a restore. The options of the verbs fill most of it. */
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
 * `criu swrk` serves one request over a socket. It opens descriptors that a request names through
 * our directory in /proc. Those of fds it inherits.
 */
struct criu_run {
	struct arena *arena;
	const char *path; /* the directories to search criu in; NULL: the usual ones */
	pid_t *pid; /* becomes CRIU's pid as long as it runs */
	bool streams; /* CRIU gets our standard streams; otherwise the null device */
	const int *fds;
	size_t nfds;
	/* These may be NULL. started is called when CRIU runs, before it gets the request; notify
	 * for each notification, of which *fd is the descriptor, or -1. */
	int (*started)(void *arg, pid_t pid);
	int (*notify)(void *arg, const struct criu_resp *r, int *fd);
	void *arg;
};

/* -1: CRIU has failed; resp->errnum is its reason. */
int criu_run(const struct criu_run *run, const struct criu_req *req, struct criu_resp *resp);
/* Returns CRIU's version: 31701 is 3.17.1; or -1. */
int criu_version(const struct criu_run *run);
/* Pure. -1: "WHAT needs CRIU 3.15 or later, and this is 3.14". */
int criu_needs(int version, int least, const char *what);
/* Runs fn in a process of its own. *text becomes what fn has written to `out`, and a NUL. */
int criu_ask(struct arena *a, int (*fn)(void *arg, int out), void *arg, char **text, size_t *len);

/* ---- external.c: mounts and namespaces that CRIU does not save ------------------------------- */

/* Adds a mount whose source is outside of the container. key is its path in the container. -1: CRIU
 * could confuse it with another one. */
int criu_add_mount(struct arena *a, struct criu_opts *o, const char *key, const char *val);
/* 1: m shows a file or directory of the host; 0; -1: it cannot be restored. */
int criu_mount_binds(struct arena *a, const struct oci_doc *doc, const struct oci_mount *m);
/* The path of the file fd below the directory with the path root; "": fd is of the container. */
const char *criu_path_inside(struct arena *a, int fd, const char *root);
/* Adds the config's devices and the default ones, which are binds in a user namespace. */
int criu_add_devices(struct arena *a, struct criu_opts *o, const struct oci_config *c);
/* -1: this version of CRIU cannot restore into a namespace of this type that has a path. */
int criu_needs_ns(int version, int type);
/* CRIU's key for a namespace that was joined by path; NULL: this type has no key. */
const char *criu_ns_key(int type);
/* -1: the container has something that CRIU could not restore. */
int criu_can(struct arena *a, const struct oci_doc *doc, const char *root);

/* ---- dump.c: checkpoint ---------------------------------------------------------------------- */

/* The options of `checkpoint` and `restore`. */
struct criu_how {
	struct criu_opts opts; /* those that an option of the verb sets */
	const char *images, *work; /* absolute paths; work NULL: that of images */
	const char *conf; /* CRIU's configuration file, unless an annotation names another one */
	const char *path; /* as in struct criu_run */
	bool pre_dump, rootless;
	int status_fd; /* gets a zero byte when the server of lazy pages is ready; -1: none */
};

/* The directories and the log of a dump or a restore. */
struct criu_files {
	int images, work; /* work -1: that of images */
	const char *name, *log; /* name and path of the log */
};
int criu_open(struct arena *a, struct criu_how *how, const char *log, bool make,
	      struct criu_files *f);
void criu_close(struct criu_files *f);
/* CRIU's configuration file by the container's annotations or by how; NULL: CRIU's default. */
const char *criu_conf(const struct criu_how *how, const struct json_pair *annotations, size_t n);
/* Adds the last error in CRIU's log to the error record. Returns -1. */
int criu_explain(struct arena *a, const struct criu_files *f);

#define CRIU_DESCRIPTORS "descriptors.json" /* the files of the standard streams */

/* Saves a container that runs, but does not remove it. */
int criu_dump(struct arena *a, struct life *l, struct criu_how *how);

#endif
