/* cgroup.h - the cgroups of a container, in any layout of the host. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CGROUP_CGROUP_H
#define CORE_CGROUP_CGROUP_H

#include "core/oci/oci.h"

/* Which versions are mounted, found by statfs(2) and /proc/self/mountinfo. */
enum cgroup_layout { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

/* Who makes the cgroup (--cgroup-manager, --systemd-cgroup). */
enum cgroup_manager { CGROUP_CGROUPFS, CGROUP_SYSTEMD, CGROUP_DISABLED };
extern const struct json_word cgroup_manager_words[];

struct cgroup; /* one container's cgroups, all hierarchies together */

struct cgroup_want {
	enum cgroup_manager manager;
	const char *id; /* container id, validated */
	const char *path; /* linux.cgroupsPath or NULL */
	const struct oci_resources *resources; /* NULL: no limits */
	bool tolerant; /* rootless: leave out what needs a permission that is missing */
	bool own_cgroupns; /* config has a new cgroup namespace */
	bool has_nodes; /* it has device nodes or can make them, so device rules are required */
	bool delegate; /* delegate_uid becomes the owner (runtime-spec, "Cgroup ownership") */
	uint32_t delegate_uid; /* host id of the container's root */
	/* systemd only; the address is DBUS_SESSION_BUS_ADDRESS or NULL */
	const char *user_bus;
	const struct json_pair *annotations; /* org.systemd.property.* */
	size_t nannotations;
};

enum cgroup_layout cgroup_layout(void);

/*
 * Decides which directories the container will have, so that state.json can have them before they
 * are made. Fails if a limit cannot be set here (no cgroups, or a controller is missing), and the
 * message has the controller and the field. Without limits and without cgroups it succeeds and
 * prints a warning.
 */
int cgroup_plan(struct arena *a, const struct cgroup_want *want, struct cgroup **out);

/* Copies the plan to struct oci_state, and back from it; the directories may not exist any more. */
void cgroup_save(const struct cgroup *cg, struct arena *a, struct oci_state *state);
int cgroup_load(struct arena *a, const struct oci_state *state, struct cgroup **out);
bool cgroup_exists(const struct cgroup *cg); /* false: the container was made without cgroups */
bool cgroup_is_left(struct cgroup *cg); /* one of its directories is still there */
/* True if there is a directory for device rules; after cgroup_create: if it was made. */
bool cgroup_has_rules(struct cgroup *cg);
/* After cgroup_load of a rootless container: DBUS_SESSION_BUS_ADDRESS, or NULL. */
void cgroup_user_bus(struct cgroup *cg, const char *address);

/* Makes the directories; refuses one that has processes or is frozen. Removes what it
 * made if it fails. */
int cgroup_create(struct cgroup *cg);
/* Sets all limits and the device rules, before a process joins. If it fails the container
 * must not start. */
int cgroup_apply(struct cgroup *cg, const struct oci_resources *r);

/*
 * How a process joins. Moving another process, or any process by cgroup.procs, waits for an RCU
 * grace period in the kernel (10 ms measured). A thread that writes 0 to `tasks` of a v1 hierarchy
 * does not wait, and CLONE_INTO_CGROUP on v2 does not either. So the quick way is
 *
 * 	cgroup_join_open(cg);				parent, before the clone
 * 	clone3(CLONE_INTO_CGROUP, cgroup_clone_fd(cg))	parent
 * 	cgroup_join(cg);				child, first thing, single-threaded
 *
 * If clone3(2) fails, the parent calls cgroup_attach(cg, pid, false) instead.
 */
/* The v2 directory for CLONE_INTO_CGROUP, owned by cg. -1: there is none, which is not an error.
 * CGROUP_CLOSED: it cannot be opened, and cgroup_attach will report the reason. */
#define CGROUP_CLOSED (-2)
int cgroup_clone_fd(struct cgroup *cg);
/* Opens the files for cgroup_join (close-on-exec), so that the child can be in any namespace.
 * Returns 1, or 0 if a process cannot join by itself, because systemd makes the cgroup around the
 * first process: then use cgroup_attach. */
int cgroup_join_open(struct cgroup *cg);
/* The calling thread, which must be the only one of its process, joins every v1 hierarchy and
 * closes the files. */
int cgroup_join(struct cgroup *cg);
/* Closes the parent's copies of the files after the clone. */
void cgroup_join_close(struct cgroup *cg);
/* Moves pid into every hierarchy. in_v2: clone3(2) has put it into the v2 one already. */
int cgroup_attach(struct cgroup *cg, pid_t pid, bool in_v2);
/*
 * exec: changes the v2 directory to the one that init is in now, because systemd or docker inside
 * the container may have moved init to a sub-cgroup. If init is outside of the recorded directory
 * and that still exists, the recorded one stays. Returns 1: it changed; 0: the same; -1: error, or
 * the directory is frozen and `frozen` is false.
 */
int cgroup_follow(struct cgroup *cg, int procfd, pid_t init, bool frozen);
/* exec: true if pids.max does not allow two further processes. (Moving a process in
 * ignores pids.max.) */
bool cgroup_is_tight(struct cgroup *cg);
/* exec --cgroup: "PATH", in every hierarchy that has it, or "ctrl[,ctrl]:PATH" (v1), below the
 * container's own directories. */
int cgroup_sub(struct cgroup *cg, const char *const *specs, size_t n);

/* Changes limits of a running container, but not its device rules. r is from cgroup_merge. If it
 * fails, the caller calls cgroup_put_back. */
int cgroup_update(struct cgroup *cg, const struct oci_resources *r);
/* Every file that the last cgroup_update has changed gets its text from before. old: the limits of
 * which systemd knows. */
int cgroup_put_back(struct cgroup *cg, const struct oci_resources *old);
/* Pure. Merges the changed resources into the old ones as runc's `update` does
 * (docs/behaviours.md, V-25). */
void cgroup_merge(struct arena *a, const struct oci_resources *old,
		  const struct oci_resources *change, struct oci_resources *out);

typedef LIST(pid_t) cgroup_pids;
int cgroup_procs(struct cgroup *cg, struct arena *a, cgroup_pids *out); /* with sub-cgroups */
int cgroup_kill(struct cgroup *cg, int sig); /* signals every process, also in sub-cgroups */
int cgroup_freeze(struct cgroup *cg, bool frozen); /* waits until all processes have stopped */
int cgroup_is_frozen(struct cgroup *cg); /* 1/0/-1 */
/* False: another program has moved pid out of the cgroup that freezes the container. */
bool cgroup_has(struct cgroup *cg, pid_t pid);
/* The same from the paths in state.json, by one file: for lists of containers. init is the state of
 * init in /proc/PID/stat, such as 'S'. */
bool cgroup_glance(const struct oci_state *state, char init);
/*
 * Thaws all cgroups of the container, and moves init (0: none) back if it is in another cgroup.
 * Used after SIGKILL, which does not end a process that a v1 freezer holds. Returns 1: a cgroup
 * was frozen; 0; -1.
 */
int cgroup_thaw(struct cgroup *cg, pid_t init);
/* The frozen cgroup of the v1 freezer that pid is in or below; NULL: it is not in one. */
const char *cgroup_holder(struct arena *a, pid_t pid);
/* Removes the cgroups, the deepest first, and waits for dying processes. A missing directory
 * is not an error. */
int cgroup_remove(struct cgroup *cg);

/* ---- stats.c: numbers of `events` (docs/behaviours.md, O-08 and O-09) ------------------------ */

struct cgroup_psi_line {
	uint32_t avg10, avg60, avg300; /* hundredths of a percent */
	uint64_t total; /* microseconds */
};

struct cgroup_psi {
	bool found; /* v2 only, and not on every kernel */
	struct cgroup_psi_line some, full;
};

struct cgroup_memory_entry { /* bytes; limit UINT64_MAX: no limit */
	uint64_t limit, usage, max, failcnt;
};

struct cgroup_io_entry {
	uint64_t major, minor;
	const char *op; /* "Read", "Write", "Sync"...; may be "" */
	uint64_t value;
};
typedef LIST(struct cgroup_io_entry) cgroup_io;

struct cgroup_hugetlb {
	const char *size; /* "2MB" */
	uint64_t usage, max, failcnt;
};

struct cgroup_number {
	const char *key;
	uint64_t value;
};

typedef LIST(uint64_t) cgroup_numbers;

/* Numbers that a version or a kernel does not count are 0 or empty. Times are in nanoseconds. */
struct cgroup_stats {
	struct {
		uint64_t total, kernel, user, periods, throttled_periods, throttled_time;
		cgroup_numbers percpu, percpu_kernel, percpu_user;
		struct cgroup_psi psi;
	} cpu;
	struct { /* v1 */
		cgroup_numbers cpus, mems;
		uint64_t cpu_exclusive, mem_hardwall, mem_exclusive, memory_migrate,
			memory_spread_page, memory_spread_slab, memory_pressure, sched_load_balance;
		int64_t sched_relax_domain_level;
	} cpuset;
	struct {
		uint64_t cache;
		/* swap is the sum of memory and swap */
		struct cgroup_memory_entry usage, swap, kernel, kernel_tcp;
		LIST(struct cgroup_number) raw; /* memory.stat */
		struct cgroup_psi psi;
	} memory;
	struct {
		uint64_t current, limit; /* 0: no limit */
	} pids;
	struct {
		cgroup_io service_bytes, serviced, queued, service_time, wait_time, merged, time,
			sectors;
		struct cgroup_psi psi;
	} io;
	LIST(struct cgroup_hugetlb) hugetlb;
};

int cgroup_stats(struct cgroup *cg, struct arena *a, struct cgroup_stats *out);
/* Writes the members cpu, cpuset, memory, pids, blkio and hugetlb of the open object,
 * as runc does. */
void cgroup_stats_put(struct json_out *o, const struct cgroup_stats *s);

/* ---- oom.c: out-of-memory events ------------------------------------------------------------- */

struct cgroup_oom {
	int fd; /* poll it for POLLIN */
	/* for oom.c */
	int events; /* v2: memory.events; v1: memory.oom_control */
	int populated; /* v2: cgroup.events; v1: -1 */
	uint64_t kills;
};

int cgroup_oom_open(struct cgroup *cg, struct cgroup_oom *o);
/* Call it after POLLIN until it does not return 1. 1: out of memory; 0: no further event; -1: the
 * container has ended (no record). */
int cgroup_oom_read(struct cgroup_oom *o);
void cgroup_oom_close(struct cgroup_oom *o);
/* How many processes of the container the OOM killer has killed; 0 if the kernel does
 * not count them. */
uint64_t cgroup_oom_kills(struct cgroup *cg);

/* ---- nest.c: inside a container -------------------------------------------------------------- */

/* Prepares our own v2 cgroup for sub-cgroups with limits: moves its processes to the leaf "init"
 * and enables every controller. With v1 it only prints a warning. */
int cgroup_nest(struct arena *a);

#endif
