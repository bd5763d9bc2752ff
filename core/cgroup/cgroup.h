/* cgroup.h - a container's place in whatever cgroup layout the host has. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CGROUP_CGROUP_H
#define CORE_CGROUP_CGROUP_H

#include "core/oci/oci.h"

/* How hierarchies are mounted. Found once per process from statfs and /proc/self/mountinfo. */
enum cgroup_layout { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

/* Who makes the cgroup (--cgroup-manager, --systemd-cgroup). */
enum cgroup_manager { CGROUP_CGROUPFS, CGROUP_SYSTEMD, CGROUP_DISABLED };
extern const struct json_word cgroup_manager_words[];

struct cgroup; /* one container's cgroups, all hierarchies together */

struct cgroup_want {
	enum cgroup_manager manager;
	const char *id; /* container id, validated */
	const char *path; /* linux.cgroupsPath or NULL */
	const struct oci_resources *resources; /* NULL: none asked */
	bool tolerant; /* rootless: go on without where permission is missing */
	bool own_cgroupns; /* config has a new cgroup namespace */
	bool has_nodes; /* of devices, or can make them: the rules must stand */
	bool delegate; /* chown to uid (checklist GM-08) */
	uint32_t delegate_uid; /* host id of the container's root */
	/* systemd only; the address is DBUS_SESSION_BUS_ADDRESS or NULL */
	const char *user_bus;
	const struct json_pair *annotations; /* org.systemd.property.* */
	size_t nannotations;
};

enum cgroup_layout cgroup_layout(void);

/*
 * Decides every directory without touching any: what state.json must know before anything exists.
 * Resources that cannot be met here (controller missing, no cgroups at all) fail now, naming the
 * controller and the field; nothing asked and no cgroups: succeeds, one warning.
 */
int cgroup_plan(struct arena *a, const struct cgroup_want *want, struct cgroup **out);

/* What plan decided, for struct oci_state; and back from it (no directory need exist any more). */
void cgroup_save(const struct cgroup *cg, struct arena *a, struct oci_state *state);
int cgroup_load(struct arena *a, const struct oci_state *state, struct cgroup **out);
bool cgroup_exists(const struct cgroup *cg); /* false: the container was made without any */
/* Device rules can be set: there is a directory for them, which after cgroup_create was made. */
bool cgroup_has_rules(struct cgroup *cg);
/* After cgroup_load of a rootless container: DBUS_SESSION_BUS_ADDRESS where it is set. */
void cgroup_user_bus(struct cgroup *cg, const char *address);

/* Makes the directories; refuses a non-empty or frozen one. On failure removes what it made. */
int cgroup_create(struct cgroup *cg);
/* Limits that must stand before a process joins (v1 realtime, cpuset) and all the others, and the
 * device rules (v1 list or v2 program). Fails closed. */
int cgroup_apply(struct cgroup *cg, const struct oci_resources *r);

/*
 * How a process gets in. Moving another process (or one by cgroup.procs) waits for an RCU grace
 * period in the kernel: 10 ms measured. A thread that writes 0 to `tasks` of a v1 hierarchy does
 * not, and neither does CLONE_INTO_CGROUP on v2. So the quick way is
 *
 *	cgroup_join_open(cg);				parent, before the clone
 *	clone3(CLONE_INTO_CGROUP, cgroup_clone_fd(cg))	parent
 *	cgroup_join(cg);				child, first thing, single-threaded
 *
 * and where clone3 refuses: cgroup_attach(cg, pid, false) from outside instead.
 */
/* v2 directory for CLONE_INTO_CGROUP, owned by cg; -1 where there is none (no error); CGROUP_CLOSED where
 * it cannot be opened: cgroup_attach will say why. */
#define CGROUP_CLOSED (-2)
int cgroup_clone_fd(struct cgroup *cg);
/* Opens what cgroup_join needs (close-on-exec); the child may then be in any namespace. 1, or 0
 * where a process cannot join by itself, because systemd makes the cgroup around the first one: then use
 * cgroup_attach. */
int cgroup_join_open(struct cgroup *cg);
/* The calling thread, the only one of its process, enters every v1 hierarchy and closes the
 * doors. */
int cgroup_join(struct cgroup *cg);
/* Parent, after the clone: closes its side of the doors. */
void cgroup_join_close(struct cgroup *cg);
/* Puts pid into every hierarchy (all but the v2 one when in_v2: clone3 did that). */
int cgroup_attach(struct cgroup *cg, pid_t pid, bool in_v2);
/*
 * exec: the v2 directory becomes the one where init lies now (systemd or docker inside move it), or the
 * recorded one where that is still there and init lies outside of it. 1: it is another than before, 0: the
 * same, -1, also where the other is frozen and that is not wanted.
 */
int cgroup_follow(struct cgroup *cg, int procfd, pid_t init, bool frozen);
/* exec: pids.max leaves no room for two further processes. Moving one in is not held to it. */
bool cgroup_is_tight(struct cgroup *cg);
/* exec --cgroup: "PATH" (wherever there is such a one) or "ctrl[,ctrl]:PATH" (v1) below the container's own
 * directories. */
int cgroup_sub(struct cgroup *cg, const char *const *specs, size_t n);

/* Changes limits of a running container, never its device rules; on failure nothing is rolled back
 * here. r is what cgroup_merge made. */
int cgroup_update(struct cgroup *cg, const struct oci_resources *r);
/* Pure: what runc's `update` makes of the old resources and the changed ones (checklist V-25). */
void cgroup_merge(struct arena *a, const struct oci_resources *old,
		  const struct oci_resources *change, struct oci_resources *out);

typedef LIST(pid_t) cgroup_pids;
int cgroup_procs(struct cgroup *cg, struct arena *a, cgroup_pids *out); /* with sub-cgroups */
int cgroup_kill(struct cgroup *cg, int sig); /* every process; cgroup.kill or freeze and walk */
int cgroup_freeze(struct cgroup *cg, bool frozen); /* returns when it has happened */
int cgroup_is_frozen(struct cgroup *cg); /* 1/0/-1 */
/*
 * For use after SIGKILL, which does not end a process that a v1 freezer holds: thaws the container's whole
 * subtree, and moves init (0: none) back if it is in another cgroup. 1: something was frozen, 0, -1.
 */
int cgroup_thaw(struct cgroup *cg, pid_t init);
/* The cgroup whose v1 freezer holds pid, NULL: none. */
const char *cgroup_holder(struct arena *a, pid_t pid);
/* Removes sub-cgroups first, deepest first; waits for dying processes; a missing directory is not an error. */
int cgroup_remove(struct cgroup *cg);

/* ---- stats.c: numbers of `events` (checklist O-08, O-09) ------------------------------------- */

struct cgroup_psi_line {
	uint32_t avg10, avg60, avg300; /* hundredths of a percent */
	uint64_t total; /* microseconds */
};

struct cgroup_psi {
	bool found; /* v2 only, and not on every kernel */
	struct cgroup_psi_line some, full;
};

struct cgroup_memory_entry { /* bytes; limit UINT64_MAX is none */
	uint64_t limit, usage, max, failcnt;
};

struct cgroup_io_entry {
	uint64_t major, minor;
	const char *op; /* "Read", "Write", "Sync"...; "" where there is none */
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

/* What a version or a kernel does not count stays 0 or empty. Times in nanoseconds. */
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
		struct cgroup_memory_entry usage, swap, kernel,
			kernel_tcp; /* swap: memory and swap */
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
/* Members cpu, cpuset, memory, pids, blkio and hugetlb of the open object, as runc writes them. */
void cgroup_stats_put(struct json_out *o, const struct cgroup_stats *s);

/* ---- oom.c: out-of-memory events ------------------------------------------------------------- */

struct cgroup_oom {
	int fd; /* to be polled for POLLIN */
	int events; /* v2: memory.events and cgroup.events, v1: memory.oom_control; for oom.c */
	int populated;
	uint64_t kills;
};

int cgroup_oom_open(struct cgroup *cg, struct cgroup_oom *o);
/* After POLLIN, until it is not 1. 1: memory ran out, 0: nothing more, -1: the container is over
 * (no record). */
int cgroup_oom_read(struct cgroup_oom *o);
void cgroup_oom_close(struct cgroup_oom *o);
/* How many processes of the container the OOM killer has killed so far; 0 where the kernel does not
 * count them. */
uint64_t cgroup_oom_kills(struct cgroup *cg);

/* ---- nest.c: inside a container --------------------------------------------------------------- */

/* v2: what is in our own cgroup goes to a leaf, init, and every controller is handed down, so that
 * cgroups with limits can be made beside it. v1: nothing to do, one warning. */
int cgroup_nest(struct arena *a);

#endif
