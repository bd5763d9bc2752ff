/* impl.h - what the files of this folder share; private to it. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CGROUP_IMPL_H
#define CORE_CGROUP_IMPL_H

#include "core/cgroup/cgroup.h"

/* ---- layout.c: what is mounted where --------------------------------------------------------- */

/* Controllers under their v1 names; v2's io is CTL_BLKIO. Order of GM-05 of the checklist. */
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
	CTL_NAMED, /* name=systemd and its like: no controller, processes only */
	CTL_CORE, /* cgroup.* files of v2 */
	CTL_MAX,
};

struct ctl_name {
	const char *v1, *v2; /* NULL: does not exist there */
	bool domain; /* v2: not in a threaded subtree */
};
extern const struct ctl_name ctl_names[CTL_MAX];

/* The controller of a name of either version; a namelist "cpu,cpuacct" gives a bit set. */
int ctl_of(const char *name, size_t len);
unsigned ctl_set(const char *names);

/* One mounted hierarchy and our place in it. */
struct hier {
	const char *names; /* "cpu,cpuacct", "name=systemd", "" is v2 */
	unsigned ctls; /* bits of enum ctl; v2: empty until v2_controllers is asked */
	const char *mount; /* absolute mount point, NULL: not to be seen from here */
	const char *own; /* this process's cgroup as a path below mount */
};

#define HIER_MAX 20

struct layout {
	enum cgroup_layout kind;
	struct hier at[HIER_MAX];
	size_t n;
};

/* KIND, mounts and own places. Three to four system calls and one per hierarchy where they are
 * mounted as everybody does; mountinfo is read only where something is not found there. */
int layout_find(struct arena *a, struct layout *out);
/* Pure: the lines of /proc/self/cgroup; text is cut up. Only names, ctls and own are filled. */
int layout_parse(struct arena *a, char *text, struct layout *out);
/* Fills mounts that are missing from the text of mountinfo, where seen (NULL: always) says that
 * our own cgroup is there; own is made relative to the root of the mount. Pure but for seen. */
typedef bool layout_seen(struct arena *a, struct hier *h, const char *mount);
void layout_mountinfo(struct arena *a, char *text, struct layout *out, layout_seen *seen);

/* ---- paths.c: cgroupsPath (pure) ------------------------------------------------------------- */

/* The directory below a hierarchy's mount: absolute paths from its root, relative ones below own
 * (v1) or below own's parent (v2), NULL as relative with the container's id. */
const char *paths_cgroupfs(struct arena *a, const char *path, const char *id, const char *own,
			   bool v2);

bool paths_is_below(const char *path, const char *dir); /* or dir itself */

struct unit_path {
	const char *unit; /* "runc-ID.scope" or "x.slice" */
	const char *slice; /* "system.slice" */
	const char *dir; /* "/system.slice/runc-ID.scope" */
};
/* slice:prefix:name. -1 with the record for bad forms. */
int paths_systemd(struct arena *a, const char *path, const char *id, bool user,
		  struct unit_path *out);
/* "a-b.slice" -> "/a.slice/a-b.slice", "-.slice" -> "" ; NULL and the record when it is none. */
const char *paths_slice(struct arena *a, const char *slice);

/* ---- knobs.c: resources to writes (pure) ----------------------------------------------------- */

enum knob_flag {
	KNOB_RETRY = 1, /* EINVAL: written again after the others */
	KNOB_OPTIONAL = 2, /* a missing file is not a failure */
	KNOB_ELSE = 4, /* file missing: the next write stands in, else that is skipped */
};

/* One write(2) of value to file of a controller's directory. */
struct knob_write {
	struct knob_write *next;
	enum ctl ctl;
	bool v2;
	unsigned flags;
	const char *field; /* "memory.limit": the config's name below linux.resources */
	const char *file, *value;
};

/* Which version a controller has here; bits of enum ctl. */
struct ctl_where {
	unsigned v1, v2;
	bool v2_only; /* a controller of neither set counts as v2's, else as v1's */
	bool quiet; /* no warnings: they have been said */
};

struct knob_list {
	struct arena *arena;
	const struct ctl_where *where;
	struct knob_write *first, **end;
};

/* All writes of r (NULL: none), in order. -1 and the record for values that cannot be. */
int knobs_plan(struct arena *a, const struct oci_resources *r, const struct ctl_where *where,
	       struct knob_list *out);
uint64_t knobs_cpu_weight(uint64_t shares); /* TB-01 */
uint64_t knobs_io_weight(uint64_t weight); /* TB-05 */

/* ---- devices.c: rules to one set (pure), v1 lines -------------------------------------------- */

#define DEV_ANY (-1)
enum { DEV_R = 1, DEV_W = 2, DEV_M = 4 };

struct dev_rule {
	char type; /* 'b', 'c' */
	int64_t major, minor; /* DEV_ANY */
	unsigned access; /* DEV_* */
	bool courtesy; /* of the default list, not of the config */
};

/* All rules folded into one answer and its exceptions, as the v1 kernel keeps them. */
struct dev_set {
	bool allow; /* what an unlisted device gets */
	LIST(struct dev_rule) except;
	size_t size; /* room in except */
};

/* The config's rules, then the default list (checklist TB-13). Refuses holes in wildcard rules. */
int devices_merge(struct arena *a, const struct oci_resources *r, struct dev_set *out);
/* One warning for each rule whose access has letters without a meaning, or none. */
void devices_warn(const struct oci_resources *r);
/* "c 1:3 rwm" */
void devices_line(const struct dev_rule *r, char buf[48]);

/* ---- bpf.c: the same as a v2 program --------------------------------------------------------- */

struct bpf_code { /* struct bpf_insn of linux/bpf.h */
	uint8_t code;
	uint8_t dst : 4, src : 4;
	int16_t off;
	int32_t imm;
};

/* Pure. Returns the number of instructions. */
size_t bpf_device_program(struct arena *a, const struct dev_set *set, struct bpf_code **out);
/* fresh: we made the directory, so no program is attached to it. */
int bpf_device_attach(int dirfd, const struct bpf_code *code, size_t len, bool fresh);

/* ---- tree.c: files and sub-cgroups of directories that a hostile container may fill ---------- */

/* A host path. -1 and errno. */
int tree_path(const char *path, int flags);
/* O_PATH of the recorded directory; -1 and the record. */
int tree_dir(const char *path);
/* A file of an open cgroup directory. -1 and errno, no record. */
int tree_open(int dirfd, const char *file, int flags);
int tree_put(int fd, const char *value); /* one write(2); closes fd; errno only; fd may be -1 */
ssize_t tree_get(int fd, char *buf, size_t size); /* one read(2); closes fd; adds a NUL; likewise */
/* "KEY N" of a file of such lines; false when there is none. Pure. */
bool tree_keyed(const char *text, const char *key, uint64_t *out);
/* Every process of path and what is below it, added to out. A missing directory has none. */
int tree_procs(const char *path, struct arena *a, cgroup_pids *out);
/* visit() sees path and every directory below it, children first. A missing one is not a failure. -1 and errno. */
int tree_each(const char *path, int (*visit)(int dirfd, void *arg), void *arg);
/*
 * rmdir; sub-cgroups first, deepest first; waits for dying processes until that time of clock_ms. 0, -1, or
 * 1: no process is in it, and it is left because we may not remove it, so another program has made it.
 */
int tree_remove(const char *path, bool v2, int64_t until);
/* What tree_mkdir made and what it calls for each new level, parents first. */
struct tree_made {
	struct arena *arena;
	int (*each)(const char *path, void *arg); /* may be NULL; -1 and errno */
	void *arg;
	unsigned levels; /* out: how many, counted from the end */
};
/* mkdir of path, and of its parents after path[base]. 1 made, 0 was there, -1 and errno. */
int tree_mkdir(const char *path, size_t base, struct tree_made *made);
/* Undoes tree_mkdir; cuts path up. */
void tree_unmake(char *path, unsigned levels);

/* ---- dir.c: the directories of one container --------------------------------------------------- */

struct cg_dir {
	const char *names; /* as in struct hier */
	unsigned ctls;
	const char *path; /* absolute, NULL: this container does without */
	size_t base; /* length of the mount point in it; 0 after cgroup_load */
	unsigned made; /* levels that cgroup_create made */
	bool v2;
	bool fresh; /* made by us a moment ago, so it is empty */
	int fd; /* O_PATH of path once needed, -1 */
	int door; /* cgroup_join_open, -1 */
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
	unsigned asked; /* controllers that limits were asked of at plan */
	const char *v2_names; /* cgroup.controllers at v2's mount, NULL: not read */
	bool tolerant, path_given, delegate, has_nodes;
	uint32_t delegate_uid;
	struct unit_path unit; /* systemd; .unit is NULL otherwise */
	/* systemd: what the unit will be made with when the first process is there */
	const struct oci_resources *pending;
	bool unmade;
	struct dbus *bus; /* systemd: NULL until it is needed */
	int systemd_version;
	const char *user_bus, *id;
	const struct json_pair *annotations;
	size_t nannotations;
};

/* Where all processes are listed. */
struct cg_dir *cg_procs_dir(struct cgroup *cg);
/* The directory where ctl is, NULL when there is none. */
struct cg_dir *cg_dir_of(struct cgroup *cg, enum ctl ctl);
/* Where the device rules are set: as a list on v1, as a program on v2. NULL: nowhere. */
struct cg_dir *cg_dir_of_rules(struct cgroup *cg);
int cg_dir_fd(struct cg_dir *d); /* opened once; -1 and the record */
/* A file of it, by path as long as no descriptor is open: one system call. -1 and errno, no
 * record. */
int cg_dir_open(const struct cg_dir *d, const char *file, int flags);
/* Writes and reads such a file, whole. */
int cg_dir_write(const struct cg_dir *d, const char *file, const char *value);
/* -1 if d is frozen, by its own switch or by a cgroup above: a process that joins would stop. Else 0. */
int cg_dir_check_frozen(const struct cg_dir *d);
ssize_t cg_dir_read(const struct cg_dir *d, const char *file, char *buf, size_t size);
void cg_dir_add(struct cgroup *cg, const char *names, const char *path, size_t base);
#define cg_each(d, cg)                                                                             \
	for (__typeof__(&(cg)->dirs[0]) d = (cg)->dirs; d < (cg)->dirs + (cg)->ndirs; d++)         \
		if (d->path)

/* ---- v1.c, v2.c: what differs between the versions ----------------------------------------------- */

/* What differs between the versions in one directory. */
struct cg_version {
	int (*level)(const char *path, void *dir); /* after each mkdir; -1 and errno */
	int (*prepare)(struct cgroup *cg, struct cg_dir *d); /* after the last one */
	/* returns when it has happened; ETIMEDOUT after that time of clock_ms */
	int (*freeze)(struct cg_dir *d, bool frozen, int64_t until);
	int (*frozen)(struct cg_dir *d); /* by its own switch; 1/0/-1 */
	int (*kill)(struct cg_dir *d); /* SIGKILL to all at once; 1 done, 0 cannot */
};
extern const struct cg_version cg_v1, cg_v2;
/* cgroup.controllers at the mount, read once; also fills where.v2. NULL without v2. */
const char *v2_root_controllers(struct cgroup *cg);
static inline const struct cg_version *cg_version(const struct cg_dir *d)
{
	return d->v2 ? &cg_v2 : &cg_v1;
}

/* ---- apply.c --------------------------------------------------------------------------------- */

bool apply_in_userns(uint32_t *root); /* *root: host id of our root, may be NULL */
int apply_check(struct cgroup *cg, const struct oci_resources *r); /* can all of it be met here? */
int apply_knobs(struct cgroup *cg, const struct oci_resources *r);
int apply_devices(struct cgroup *cg, const struct oci_resources *r);

/* ---- freeze.c ------------------------------------------------------------------------------------ */

#define CG_PIDS_MAX 64
/* Signals those of pids (CG_PIDS_MAX at most) that are in path or below it. */
int cg_kill_pids(const char *path, const pid_t *pids, size_t n, int sig);

/* ---- cgroupfs.c, systemd.c: the managers --------------------------------------------------------- */

/* Who makes and removes the directories. */
struct cg_manager {
	int (*plan)(struct cgroup *cg, const struct cgroup_want *want, const struct layout *l);
	int (*create)(struct cgroup *cg);
	/* before the first process is put in by writing; NULL: nothing to do. 1: it lies there already
	 * where the manager keeps its own */
	int (*start)(struct cgroup *cg, pid_t pid);
	/* new limits, before the files are written; NULL: nothing to do */
	int (*update)(struct cgroup *cg, const struct oci_resources *r);
	int (*remove)(struct cgroup *cg);
};
extern const struct cg_manager cg_manager_cgroupfs, cg_manager_systemd;

/* What cg_manager_cgroupfs does; the systemd manager does some of it too. */
int cgroupfs_plan(struct cgroup *cg, const struct cgroup_want *want, const struct layout *l);
int cgroupfs_create(struct cgroup *cg);
int cgroupfs_remove(struct cgroup *cg);

#endif
