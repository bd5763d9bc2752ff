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

struct cgroup;		/* one container's cgroups, all hierarchies together */

struct cgroup_want {
	enum cgroup_manager manager;
	const char *id;			/* container id, validated */
	const char *path;		/* linux.cgroupsPath or NULL */
	const struct oci_resources *resources;	/* NULL: none asked */
	bool tolerant;			/* rootless: go on without where permission is missing */
	bool own_cgroupns;		/* config has a new cgroup namespace */
	bool can_mknod;			/* CAP_MKNOD and no user namespace: device rules must stand */
	bool delegate;			/* chown to uid (checklist GM-08) */
	uint32_t delegate_uid;		/* host id of the container's root */
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
/* v2 directory for CLONE_INTO_CGROUP, owned by cg; -1 where there is none (no error). */
int cgroup_clone_fd(struct cgroup *cg);
/* Opens what cgroup_join needs (close-on-exec); the child may then be in any namespace. */
int cgroup_join_open(struct cgroup *cg);
/* The calling thread, the only one of its process, enters every v1 hierarchy and closes the doors. */
int cgroup_join(struct cgroup *cg);
/* Parent, when the child is known to have joined: closes its side. cgroup_attach does so itself. */
void cgroup_join_close(struct cgroup *cg);
/* Puts pid into every hierarchy (all but the v2 one when in_v2: clone3 did that). */
int cgroup_attach(struct cgroup *cg, pid_t pid, bool in_v2);
/* exec: where init has moved since (systemd or docker inside), the v2 directory becomes init's present
 * one. Only below the recorded directory, never outside of it. */
int cgroup_follow(struct cgroup *cg, int procfd, pid_t init);
/* exec --cgroup: "PATH" (v2) or "ctrl[,ctrl]:PATH" (v1) below the container's own directories. */
int cgroup_sub(struct cgroup *cg, const char *const *specs, size_t n);

/* Changes limits of a running container, never its device rules; on failure nothing is rolled back
 * here. r is what cgroup_merge made. */
int cgroup_update(struct cgroup *cg, const struct oci_resources *r);
/* Pure: what runc's `update` makes of the old resources and the changed ones (checklist V-25). */
void cgroup_merge(struct arena *a, const struct oci_resources *old, const struct oci_resources *change,
		  struct oci_resources *out);

typedef LIST(pid_t) cgroup_pids;
int cgroup_procs(struct cgroup *cg, struct arena *a, cgroup_pids *out);	/* with sub-cgroups */
int cgroup_kill(struct cgroup *cg, int sig);	/* every process; cgroup.kill or freeze and walk */
int cgroup_freeze(struct cgroup *cg, bool frozen);	/* returns when it has happened */
int cgroup_is_frozen(struct cgroup *cg);	/* 1/0/-1 */
/* Sub-cgroups deepest first; waits for dying processes; a missing directory is no error. */
int cgroup_remove(struct cgroup *cg);

#endif
