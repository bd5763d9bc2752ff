/* impl.h - private to this folder: what its files share. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CGROUP_IMPL_H
#define CORE_CGROUP_IMPL_H

#include "core/cgroup/cgroup.h"

/* ---- layout.c: mounted hierarchies ----------------------------------------------------------- */

/* Controllers by their v1 names; v2's io is CTL_BLKIO. The order is that of runc's v1
 * hierarchies. */
enum ctl {
	CTL_CPUSET,
	CTL_DEVICES,
	CTL_MEMORY,
	CTL_CPU,
	CTL_CPUACCT,
	CTL_PIDS,
	CTL_BLKIO,
	CTL_HUGETLB,
	CTL_NET_CLS,
	CTL_NET_PRIO,
	CTL_PERF_EVENT,
	CTL_FREEZER,
	CTL_RDMA,
	CTL_MISC,
	CTL_NAMED, /* hierarchies without a controller, such as name=systemd */
	CTL_CORE, /* cgroup.* files of v2 */
	CTL_MAX,
};

struct ctl_name {
	const char *v1, *v2; /* NULL: this version does not have it */
	bool domain; /* v2: cannot be used in a threaded subtree */
};
extern const struct ctl_name ctl_names[CTL_MAX];

/* The controller that has this name in either version, -1: none; and the bit set of
 * "cpu,cpuacct". */
int ctl_of(const char *name, size_t len);
unsigned ctl_set(const char *names);

/* One mounted hierarchy and the place of a process in it. */
struct hier {
	const char *names; /* "cpu,cpuacct", "name=systemd", "" is v2 */
	unsigned ctls; /* bits of enum ctl; empty for v2, see v2_root_controllers */
	const char *mount; /* absolute mount point; NULL: not visible here */
	const char *own; /* the process's cgroup as a path below mount */
};

#define HIER_MAX 20

struct layout {
	enum cgroup_layout kind;
	struct hier at[HIER_MAX];
	size_t n;
};

/* Finds the hierarchies, their mounts and our own cgroups. It looks at the usual mount
 * points first (about four system calls, and one for each hierarchy), and reads mountinfo if
 * one is missing there. */
int layout_find(struct arena *a, struct layout *out);
/* The same for another process. Its cgroups are read below procfd, a procfs of our own, or below
 * /proc if that is -1. A hierarchy in which its cgroup is not visible has no mount. */
int layout_of(struct arena *a, int procfd, pid_t pid, struct layout *out);
/* Pure. Reads the lines of /proc/PID/cgroup into names, ctls and own. It changes text. */
int layout_parse(struct arena *a, char *text, struct layout *out);
/* Adds missing mounts from the text of mountinfo if seen() (NULL: always) finds the process's
 * cgroup there, and makes own relative to the root of the mount. Pure except for seen. */
typedef bool layout_seen(struct arena *a, struct hier *h, const char *mount);
void layout_mountinfo(struct arena *a, char *text, struct layout *out, layout_seen *seen);

/* ---- paths.c: cgroupsPath (pure) ------------------------------------------------------------- */

/* The container's directory below a hierarchy's mount. An absolute path is below the mount, a
 * relative one is below own (v1) or below own's parent (v2), and NULL means the container's id as
 * a relative path. */
const char *paths_cgroupfs(struct arena *a, const char *path, const char *id, const char *own,
			   bool v2);

struct unit_path {
	const char *unit; /* "runc-ID.scope" or "x.slice" */
	const char *slice; /* "system.slice" */
	const char *dir; /* "/system.slice/runc-ID.scope" */
};
/* Reads slice:prefix:name. */
int paths_systemd(struct arena *a, const char *path, const char *id, bool user,
		  struct unit_path *out);
/* "a-b.slice" -> "/a.slice/a-b.slice", "-.slice" -> "". NULL and the record: it is not the name of
 * a slice. */
const char *paths_slice(struct arena *a, const char *slice);

/* ---- knobs.c: resources to writes (pure) ----------------------------------------------------- */

enum knob_flag {
	KNOB_RETRY = 1, /* after EINVAL it is written again after the others */
	KNOB_OPTIONAL = 2, /* a missing file is not an error */
	KNOB_ELSE = 4, /* the next write is made only if this one's file is missing */
};

/* One write(2) of value to file of a controller's directory. */
struct knob_write {
	struct knob_write *next;
	enum ctl ctl;
	bool v2;
	unsigned flags;
	const char *field; /* the name below linux.resources in the config, "memory.limit" */
	const char *file, *value;
};

/* Which version of cgroups has which controllers here; bits of enum ctl. */
struct ctl_where {
	unsigned v1, v2;
	bool v2_only; /* a controller of neither set counts as v2's, else as v1's */
	bool quiet; /* do not print warnings a second time */
};

struct knob_list {
	struct arena *arena;
	const struct ctl_where *where;
	struct knob_write *first, **end;
};

/* Lists the writes that set r, in order; r may be NULL. -1: a value is invalid. */
int knobs_plan(struct arena *a, const struct oci_resources *r, const struct ctl_where *where,
	       struct knob_list *out);
/* Convert values of v1 to those of v2 (docs/behaviours.md, TB-01 and TB-05). */
uint64_t knobs_cpu_weight(uint64_t shares);
uint64_t knobs_io_weight(uint64_t weight);

/* ---- devices.c: rules to one set (pure), v1 lines -------------------------------------------- */

#define DEV_ANY (-1)
enum { DEV_R = 1, DEV_W = 2, DEV_M = 4 };

struct dev_rule {
	char type; /* 'b', 'c' */
	int64_t major, minor; /* DEV_ANY */
	unsigned access; /* DEV_* */
	bool is_default; /* a rule of the default list, not of the config */
};

/* All rules as one default and its exceptions, which is how the v1 kernel keeps them. */
struct dev_set {
	bool allow; /* the default: a device without an exception is allowed */
	LIST(struct dev_rule) except;
	size_t size; /* room in except */
};

/* Merges the config's rules and the default list. Refuses a rule that removes a part of a wildcard
 * rule. */
int devices_merge(struct arena *a, const struct oci_resources *r, struct dev_set *out);
/* Warns of each rule whose access is empty or has letters other than r, w and m. */
void devices_warn(const struct oci_resources *r);
/* Writes "c 1:3 rwm". */
void devices_line(const struct dev_rule *r, char buf[48]);

/* ---- bpf.c: device rules as a v2 program ----------------------------------------------------- */

struct bpf_code { /* struct bpf_insn of linux/bpf.h */
	uint8_t code;
	uint8_t dst : 4, src : 4;
	int16_t off;
	int32_t imm;
};

/* Pure. Returns the number of instructions. */
size_t bpf_device_program(struct arena *a, const struct dev_set *set, struct bpf_code **out);
/* fresh: we have just made the directory, so that it has no program yet. */
int bpf_device_attach(int dirfd, const struct bpf_code *code, size_t len, bool fresh);

/* ---- tree.c: files and sub-cgroups of directories that a hostile container may fill ---------- */

/* Opens a path of the host. -1 and errno, no record. */
int tree_path(const char *path, int flags);
/* Opens a directory with O_PATH. -1 and the record. */
int tree_dir(const char *path);
/* Opens a file of an open cgroup directory. -1 and errno, no record. */
int tree_open(int dirfd, const char *file, int flags);
/* One write(2), or one read(2) that adds a NUL. They close fd, which may be -1. -1 and
 * errno, no record. */
int tree_put(int fd, const char *value);
ssize_t tree_get(int fd, char *buf, size_t size);
/* Pure. The number of the line "KEY N" in a text; false: no such line. */
bool tree_keyed(const char *text, const char *key, uint64_t *out);
/* Adds every process of path and below it to out. A missing directory has none. */
int tree_procs(const char *path, struct arena *a, cgroup_pids *out);
/* Calls visit() for path and every directory below it, children first. A missing one is not an
 * error. -1 and errno. */
int tree_each(const char *path, int (*visit)(int dirfd, void *arg), void *arg);
/*
 * Removes path and all below it, the deepest first, and waits for dying processes until that
 * time of clock_ms. Returns 0, -1, or 1: it has no process, but we may not remove it; another
 * program has made it.
 */
int tree_remove(const char *path, bool v2, int64_t until);
/* What tree_mkdir has made, and a function that it calls for each new level, parents first. */
struct tree_made {
	struct arena *arena;
	int (*each)(const char *path, void *arg); /* may be NULL; -1 and errno */
	void *arg;
	unsigned levels; /* out: how many were made, counted from the end of path */
};
/* Makes path, and its parents after path[base]. 1: made, 0: it existed, -1 and errno. */
int tree_mkdir(const char *path, size_t base, struct tree_made *made);
/* Undoes tree_mkdir. It changes path. */
void tree_unmake(char *path, unsigned levels);

/* ---- dir.c: the directories of one container ------------------------------------------------- */

struct cg_dir {
	const char *names; /* as in struct hier */
	unsigned ctls;
	const char *path; /* absolute; NULL: the container has no cgroup in this hierarchy */
	size_t base; /* length of the mount point in path; 0 after cgroup_load */
	unsigned made; /* levels that cgroup_create made */
	bool v2;
	bool fresh; /* we have just made it, so it is empty */
	int fd; /* O_PATH of path, opened when it is needed; or -1 */
	int tasks; /* descriptor of `tasks`, opened by cgroup_join_open; or -1 */
};

struct cgroup {
	struct arena *arena;
	enum cgroup_layout layout;
	const struct cg_manager *manager;
	struct cg_dir dirs[HIER_MAX];
	size_t ndirs;
	struct cg_dir *v2; /* one of dirs or NULL */
	const char *recorded; /* its path before cgroup_follow */
	struct ctl_where where;
	struct knob_list kept; /* the writes that undo the last cgroup_update, from apply_keep */
	unsigned asked; /* controllers that the planned limits need */
	const char *v2_names; /* cgroup.controllers at v2's mount, NULL: not read */
	bool tolerant, path_given, delegate, has_nodes;
	uint32_t delegate_uid;
	struct unit_path unit; /* systemd; .unit is NULL otherwise */
	/* systemd makes the unit around the first process. Until then deferred is true, and pending
	 * has the limits for it. */
	const struct oci_resources *pending;
	bool deferred;
	struct dbus *bus; /* systemd: NULL until it is needed */
	int systemd_version;
	const char *user_bus, *id;
	const struct json_pair *annotations;
	size_t nannotations;
};

/* The directory whose cgroup.procs lists all processes of the container. */
struct cg_dir *cg_procs_dir(struct cgroup *cg);
/* The directory that has the controller; NULL: none. */
struct cg_dir *cg_dir_of(struct cgroup *cg, enum ctl ctl);
/* The directory that gets the device rules: a list on v1, a program on v2. NULL: none. */
struct cg_dir *cg_dir_of_rules(struct cgroup *cg);
int cg_dir_fd(struct cg_dir *d); /* opens it once; -1 and the record */
/* Opens a file in the directory: by d->fd if that is open, else by path, which saves a system call.
 * -1 and errno, no record. */
int cg_dir_open(const struct cg_dir *d, const char *file, int flags);
/* Write and read such a file as a whole. */
int cg_dir_write(const struct cg_dir *d, const char *file, const char *value);
ssize_t cg_dir_read(const struct cg_dir *d, const char *file, char *buf, size_t size);
/* Fails if d is frozen, or a cgroup above it: a process that joins would stop. */
int cg_dir_check_frozen(const struct cg_dir *d);
/* Fails if d or a cgroup below it has processes, which are those of another program. A missing
 * directory has none. */
int cg_dir_check_unused(struct arena *a, const struct cg_dir *d);
void cg_dir_add(struct cgroup *cg, const char *names, const char *path, size_t base);
#define cg_each(d, cg)                                                                             \
	for (__typeof__(&(cg)->dirs[0]) d = (cg)->dirs; d < (cg)->dirs + (cg)->ndirs; d++)         \
		if (d->path)

/* ---- v1.c, v2.c: what differs between the versions ------------------------------------------- */

struct cg_version {
	int (*level)(const char *path, void *dir); /* after each mkdir; -1 and errno */
	int (*prepare)(struct cgroup *cg, struct cg_dir *d); /* after the last mkdir */
	/* waits until all have stopped or continued; ETIMEDOUT at that time of clock_ms */
	int (*freeze)(struct cg_dir *d, bool frozen, int64_t until);
	int (*frozen)(struct cg_dir *d); /* its own setting, not that of a cgroup above; 1/0/-1 */
	int (*kill)(struct cg_dir *d); /* SIGKILL to all by one write; 1: done, 0: not possible */
};
extern const struct cg_version cg_v1, cg_v2;
/* cgroup.controllers of the mount point, read once; also sets where.v2. NULL without v2. */
const char *v2_root_controllers(struct cgroup *cg);
static inline const struct cg_version *cg_version(const struct cg_dir *d)
{
	return d->v2 ? &cg_v2 : &cg_v1;
}

/* ---- apply.c --------------------------------------------------------------------------------- */

/* True in a user namespace. *root becomes the uid outside of its uid 0; root may be NULL. */
bool apply_in_userns(uint32_t *root);
/* Fails if r cannot be set here. */
int apply_check(struct cgroup *cg, const struct oci_resources *r);
int apply_knobs(struct cgroup *cg, const struct oci_resources *r);
/* The two parts of apply_knobs: apply_plan lists the writes that set r, apply_list makes them. */
int apply_plan(struct cgroup *cg, const struct oci_resources *r, struct knob_list *out);
int apply_list(struct cgroup *cg, const struct knob_list *list);
/* Reads what these writes will change, and sets cg->kept to the writes that undo them. */
void apply_keep(struct cgroup *cg, const struct knob_list *list);
int apply_devices(struct cgroup *cg, const struct oci_resources *r);

/* ---- freeze.c -------------------------------------------------------------------------------- */

#define CG_PIDS_MAX 64
/* Signals those of pids (at most CG_PIDS_MAX) that are in path or below it. */
int cg_kill_pids(const char *path, const pid_t *pids, size_t n, int sig);

/* ---- cgroupfs.c, systemd.c: the managers ----------------------------------------------------- */

/* The functions of a manager, which makes and removes the directories. */
struct cg_manager {
	int (*plan)(struct cgroup *cg, const struct cgroup_want *want, const struct layout *l);
	int (*create)(struct cgroup *cg);
	/* before the first process is moved in; NULL: nothing to do. 1: the manager has moved it
	 * into the hierarchies that it uses itself */
	int (*start)(struct cgroup *cg, pid_t pid);
	/* new limits, before they are written to the files; NULL: nothing to do */
	int (*update)(struct cgroup *cg, const struct oci_resources *r);
	int (*remove)(struct cgroup *cg);
};
extern const struct cg_manager cg_manager_cgroupfs, cg_manager_systemd;

/* The functions of cg_manager_cgroupfs; the systemd manager calls cgroupfs_remove too. */
int cgroupfs_plan(struct cgroup *cg, const struct cgroup_want *want, const struct layout *l);
int cgroupfs_create(struct cgroup *cg);
int cgroupfs_remove(struct cgroup *cg);

#endif
