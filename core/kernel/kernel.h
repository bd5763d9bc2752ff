/* kernel.h - one kernel facility for each file. Functions take structs of the spec. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_KERNEL_KERNEL_H
#define CORE_KERNEL_KERNEL_H

#include "core/oci/oci.h"

/*
 * No function here reads the environment, prints, or keeps state between calls. Every fallback
 * has a comment `KERNEL x.y:` with the first version that has the feature, the errno that
 * older kernels return, and what is lost without the feature.
 */

/* ---- ns.c: which call makes or joins which namespace (namespaces(7)) ------------------------- */

struct ns_join {
	int type; /* CLONE_NEW* */
	int fd; /* opened and type-checked by ns_open; -1 before */
	const char *path;
};

#define NS_MAX 8

/*
 * The plan is decided before the first fork. One clone3(2) makes all namespaces, unless some of
 * them must be joined first: then a first process joins them, clones init (CLONE_PARENT) and exits.
 */
struct ns_plan {
	unsigned all; /* types that are made or joined */
	unsigned fresh; /* types that are made */
	unsigned clone_flags; /* for the clone of init */
	/* Init unshares these itself when its ids are mapped and it is in its cgroup. */
	unsigned late_flags;
	unsigned early_flags; /* the first process unshares these: CLONE_NEWTIME */
	struct ns_join joins[NS_MAX];
	size_t njoins;
	bool needs_first; /* a first process is needed */
	bool lift; /* the first process also leaves the initramfs (rootfs_lift) */
	bool alone; /* init makes the mount namespace itself (mountns_alone) */
};

/* Pure. The config's namespaces have been checked (no duplicates, known types). */
void ns_plan(const struct oci_linux *linux, struct ns_plan *plan);
/* Pure. True if the plan must be changed on an initramfs, which ns_plan_lift does. */
bool ns_plan_may_lift(const struct ns_plan *plan);
void ns_plan_lift(struct ns_plan *plan);
/* Pure. True if the plan joins a pid namespace, whose processes would see init while it is made.
 * ns_plan_hide lets the first process make all new namespaces, so that init is cloned last. */
bool ns_plan_may_hide(const struct ns_plan *plan);
void ns_plan_hide(struct ns_plan *plan);
/* Pure. The mount namespace is made by mountns_alone, not by clone(2) or unshare(2). */
void ns_plan_alone(struct ns_plan *plan);
/* Adds a join for each type of plan->all, by the files of process pid, in the order of ns_enter. */
void ns_plan_process(struct arena *a, pid_t pid, struct ns_plan *plan);
/* Opens the joins by path and checks type (NS_GET_NSTYPE) and filesystem (nsfs). */
int ns_open(struct ns_plan *plan);
/* 1: the plan joins the namespace of this type that we are in already. 0: another
 * one. -1: error. */
int ns_own(const struct ns_plan *plan, int type);
/* Calls setns(2) for each join, the user namespace last, and becomes uid and gid 0 in it, and not
 * dumpable. A join that fails with EPERM is repeated from inside the user namespace. */
int ns_enter(struct ns_plan *plan);
/* Calls unshare(2) for these types, which the error names. Without types it does nothing. */
int ns_make(unsigned types);
const char *ns_name(int type); /* "NEWPID" */
int ns_type(const char *name); /* the type of a name; 0: unknown name */
bool ns_exists(int type); /* true if /proc/self/ns has this type */
/* Writes "DEV:INO", which identifies a namespace as long as it lives. NS_ITS: that of the process
 * whose /proc/PID dir is. NS_OURS: the one that our children will be in. */
#define NS_ID_MAX 48
enum ns_whose { NS_ITS, NS_OURS };
int ns_id(int dir, enum ns_whose whose, int type, char id[NS_ID_MAX]);

/* ---- option.c: options of the kernel that were not built in ---------------------------------- */

/* Names of options without CONFIG_. NULL: unknown. */
const char *option_of_fs(const char *type);
const char *option_of_ns(int type); /* valid until the next call */
bool option_listed(const char *list, const char *type); /* list: the text of /proc/filesystems */
/* The first of these types that the kernel does not have; 0: it has all, or there is no /proc. */
int option_lacks_ns(unsigned types);

/* ---- userns.c: id maps (user_namespaces(7)) -------------------------------------------------- */

/* Writes /proc/PID/uid_map and gid_map; on EPERM runs newuidmap and newgidmap, which are searched
 * in path (NULL: a default). rootless: denies setgroups(2) first where a single group is mapped. */
int userns_map(pid_t pid, const oci_id_maps *uids, const oci_id_maps *gids, bool rootless,
	       const char *path);
/* Fails unless the calling process's user namespace has these maps: config.json may have mappings
 * beside the path of a user namespace, and then they must agree. */
int userns_check(const oci_id_maps *uids, const oci_id_maps *gids);
/* True if userns_map denies setgroups(2) for an ordinary user with these maps. */
bool userns_gives_up_groups(const oci_id_maps *gids);
/* True if the user namespace of this process (0: our own) forbids setgroups(2). */
bool userns_denies_groups(pid_t pid);
/* Returns a descriptor of a new user namespace with these maps. A short-lived process makes it. */
int userns_fd(const oci_id_maps *uids, const oci_id_maps *gids, const char *path);

/* ---- mountopt.c: option words (mount(8), runtime-spec "Linux mount options") ----------------- */

/* What the options of a mount mean to the kernel. */
struct mount_opts {
	unsigned long flags, cleared; /* MS_* that are set; those that a word clears */
	uint64_t rec_set, rec_clr; /* MOUNT_ATTR_* for mount_setattr(AT_RECURSIVE) */
	unsigned long propagation[8]; /* MS_SHARED.. with MS_REC, in order */
	unsigned npropagation;
	bool tmpcopyup, idmap, ridmap, copy_symlink, src_nofollow, dest_nofollow;
	const char *data; /* the filesystem's own options, joined by commas; NULL: none */
};

/* Pure. */
void mountopt_parse(struct arena *a, const struct oci_mount *m, struct mount_opts *out);
/* Pure. -1: an option that this kernel ignores. kernel: sys_version(); on an unknown one (0)
 * nothing is refused. */
int mountopt_check(const struct mount_opts *o, unsigned kernel);
/* Pure. What sets the options of a new procfs (data, or NULL): mount(2) or a remount after it; or
 * nothing does without a change of other mounts. own_pidns: the pid namespace is new. */
enum mountopt_proc { MOUNTOPT_PROC_MOUNT, MOUNTOPT_PROC_REMOUNT, MOUNTOPT_PROC_REFUSE };
enum mountopt_proc mountopt_proc(const char *data, unsigned kernel, bool own_pidns);
/* One option of a filesystem, cut from a text that mount(2) takes. */
struct mountopt_word {
	const char *key, *value; /* not terminated; value NULL: a flag */
	size_t key_len, value_len;
};
#define MOUNTOPT_PAGE 4096 /* bytes that mount(2) reads, with the NUL */
/* Pure. Cuts the first option off the text as the kernel does. Returns the rest. NULL: text is NULL
 * or empty. */
const char *mountopt_next(const char *text, bool overlay, struct mountopt_word *w);
/* All words that are known, sorted and ended by NULL, for `features` and completions. */
const char *const *mountopt_words(struct arena *a, size_t *n);

/* ---- mount.c: one entry of mounts (runtime-spec "Mounts") ------------------------------------ */

/* One v1 hierarchy, or the v2 tree, that a mount of type cgroup shows. */
struct mount_cgroup {
	const char *name; /* directory below the mount: "memory", "cpu,cpuacct"; "" for v2 */
	const char *data; /* mount data of a fresh mount: "memory", "none,name=systemd" */
	const char *dir; /* the directory of the container's cgroup, which is bound */
};

/* Descriptors of the container's /proc, /sys and /dev, opened when they were mounted; -1: not
 * mounted. /dev only if it is a new tmpfs, in which mount points are then made. */
struct mount_held {
	int proc, sys, dev;
	/* A new procfs or sysfs, not a bind: only the kernel makes names directly in it. */
	bool proc_is_new, sys_is_new;
	bool sys_is_bare; /* and nothing is mounted below /sys */
};
#define MOUNT_HELD_NONE                                                                            \
	{                                                                                          \
		.proc = -1, .sys = -1, .dev = -1                                                   \
	}

/* The path of a name in a directory that is open: /proc/self/fd/N/NAME. */
#define MOUNT_AT_MAX (FD_PATH_MAX + 256)

/* Pure. Returns the directory from which a path of the container is opened: root, or the descriptor
 * in held for a path that stays below /proc or /sys; *path then becomes relative to it. */
int mount_base(const struct mount_held *held, int root, const char **path);

/* What the functions that mount know of the container. */
struct mount_env {
	struct arena *arena;
	int root; /* the rootfs mount, O_PATH; its path is for messages and checks only */
	const char *root_path;
	const char *label; /* linux.mountLabel or NULL */
	bool userns, own_cgroupns, own_pidns; /* own: new, with processes of the container only */
	bool outside; /* our children will be in the container's pid namespace, but we are not */
	LIST(struct mount_cgroup) cgroups;
	/* The container's directory in the v2 tree, where v1 hierarchies are there
	 * as well; or NULL. */
	const char *cgroup2;
	/* Asks the parent for a detached mount of m's source (mount_source()).
	 * Returns it, or -1. */
	int (*open_source)(void *arg, const struct oci_mount *m);
	void *arg;
	struct fd_pool done; /* targets and sources, closed at the end */
	struct mount_held held;
	/* Mounts that become read-only when all below them is mounted: tmpfs, /dev. */
	int *readonly_later;
	size_t nreadonly;
	/* The sources of all binds in their order, opened by mountns_alone. */
	int *sources;
	size_t nsources, next_source;
};

int mount_entry(struct mount_env *env, const struct oci_mount *m);
/* True if the kernel mounts a procfs for a pid namespace that only our children will be in. */
bool mount_proc_outside(void);
int mount_finish(struct mount_env *env); /* makes readonly_later read-only, closes descriptors */
/* Pure. Cuts the host's path of the root off a destination that begins with it ("/" for the root
 * itself) and returns any other destination unchanged. root is absolute and clean. */
const char *mount_inside(struct arena *a, const char *root, const char *destination);

/* ---- mount_source.c: sources that the container's root may not open or id-map ---------------- */

struct mount_source {
	pid_t pid; /* path is opened in the mount namespace and from the root directory of it */
	const char *path;
	bool recursive, nofollow;
	int userns; /* the namespace that id-maps the mount; -1: not id-mapped */
	bool idmap_all; /* id-map the mounts below it too */
	unsigned long propagation; /* linux.rootfsPropagation, MS_*; 0: the default */
};
/* Opens the source with the caller's rights and returns a detached mount of it. The mount is a peer
 * of the host's only where propagation says so. */
int mount_source(const struct mount_source *m);

/* ---- mountapi.c: detached mounts, and what replaces them on older kernels -------------------- */

/* Returns a detached copy of the mounts at path. flags: AT_RECURSIVE, AT_SYMLINK_NOFOLLOW,
 * AT_EMPTY_PATH. */
int mountapi_clone(int dirfd, const char *path, unsigned flags);
/* Returns a detached mount of a new filesystem. flags: MS_*; data: options joined by commas. */
int mountapi_new(const char *fstype, const char *source, unsigned long flags, const char *data);
int mountapi_setattr(int fd, bool recursive, uint64_t set, uint64_t clr);
/* Mounts a new filesystem on target, which was opened as path below root. Returns the mount. */
struct mountapi_fresh {
	const char *fstype, *source, *data;
	unsigned long flags;
	int root;
	const char *path;
	int target;
};
int mountapi_fresh(const struct mountapi_fresh *f);
/* Id-maps a detached mount (mount_setattr(2), "ID-mapped mounts"). */
int mountapi_idmap(int fd, int userns, bool recursive);
/* Attaches a detached mount to target; mnt then is a descriptor of the attached mount. */
int mountapi_attach(int mnt, int target);
int mountapi_propagation(int mnt,
			 unsigned long ms_flags); /* MS_SHARED..., with or without MS_REC */

/* A bind and its flags. By the mount API, or by mount(2) on kernels that have no mount API. */
struct mountapi_bind {
	int source; /* O_PATH, or a detached mount */
	bool detached, recursive;
	/* What flags does to the flags of the source: nothing, adds to them, or replaces them. */
	enum { MOUNTAPI_KEEP, MOUNTAPI_ADD, MOUNTAPI_REPLACE } change;
	unsigned long flags; /* MS_* */
	int root; /* the target was opened as path below root */
	const char *path;
	int target;
	int *mnt; /* becomes the new mount, unless mount(2) made it */
	struct fd_pool *done; /* takes the new mount's descriptor if mnt is NULL */
};
int mountapi_bind(const struct mountapi_bind *b);
int mountapi_flags(int fd, unsigned long *flags); /* adds the MS_* that the mount of fd has */
/* Translates MS_* of single mounts to MOUNT_ATTR_*. */
uint64_t mountapi_attrs(unsigned long ms_flags);

/* ---- verity.c: dm-verity --------------------------------------------------------------------- */

struct verity {
	const char *hash, *root, *signature; /* hash and signature: files; signature may be NULL */
};
/* True if a member is set. The caller checks that hash and root are both set. */
static inline bool verity_is_set(const struct verity *v)
{
	return v->hash || v->root || v->signature;
}
/* Makes a read-only device of the block devices data and hash, each block of which the kernel
 * checks. Returns it, and its path in out. It exists as long as it is open or mounted. */
int verity_open(const struct verity *v, int data, int hash, char out[FD_PATH_MAX]);

/* ---- image.c: a filesystem in a file, by loop(4) --------------------------------------------- */

#define IMAGE_HEAD 2048 /* the first bytes of a file, which identify its filesystem */

struct image_type {
	const char *name;
	unsigned at; /* offset of the magic */
	const char *magic;
	unsigned len;
	bool writable;
	uint64_t (*size)(const unsigned char *head); /* bytes, by the superblock; 0: not known */
	const char *(*refusal)(const unsigned char *head); /* why it is refused; NULL: accepted */
	const char *data; /* mount options */
};

struct image {
	int mnt; /* detached */
	uint64_t at, len; /* set by the caller: this part of the file; 0: all of it */
	const struct image_type *type;
	bool writable;
	struct verity verity; /* set by the caller; without a hash: none */
	char dev[FD_PATH_MAX];
};

/* Pure. The filesystem whose superblock head has; NULL: unknown. */
const struct image_type *image_probe(const void *head);
/* Binds a loop device (the kernel frees it with its last user) and makes a detached mount with
 * nodev. The mount is read-only unless writable is true and the type can be written. Needs the
 * host's root. */
int image_open(const char *path, bool writable, struct image *image);
int image_attach(const struct image *image, const char *path);

/* ---- overlay.c ------------------------------------------------------------------------------- */

struct overlay {
	const char *at; /* the mount point */
	const char *lower; /* the directory below; NULL: the image is below */
	const struct image *image;
	int64_t size; /* bytes of the tmpfs above */
	bool userns;
};
int overlay_mount(const struct overlay *o);

/* ---- rootfs.c: the root directory (pivot_root(2), mount_namespaces(7)) ----------------------- */

/* What becomes the container's root. An image or an overlay is mounted on `at`, a directory of the
 * host that the container does not need; otherwise path is bound on itself. */
struct rootfs_source {
	const char *path, *at;
	const struct image *image; /* NULL: path is a directory */
	int64_t overlay; /* bytes of its tmpfs; 0: none */
	bool userns;
};
/* Sets the propagation of / and mounts the source. Returns the rootfs mount, O_PATH. */
int rootfs_open(const struct rootfs_source *src, unsigned long propagation);
/* For readonlyPaths (a read-only rbind) and maskedPaths (an empty file or directory covers the
 * path). Paths that do not exist are skipped. */
struct rootfs_protect {
	int root;
	struct mount_held held;
	const char *label; /* linux.mountLabel or NULL */
	/* The first mount that covers a file, or a directory: its path, by which later masks bind
	 * it, its descriptor or -1, and its inode. The path is empty before it. */
	struct rootfs_cover {
		char at[MOUNT_AT_MAX];
		int mnt;
		struct stat st;
	} file, dir;
	struct fd_pool done;
};
int rootfs_readonly_path(struct rootfs_protect *p, const char *path);
int rootfs_mask_path(struct rootfs_protect *p, const char *path);
int rootfs_restrict(int root, unsigned long flags); /* MS_RDONLY, MS_NODEV */
/* True if "/" is an initramfs, whose root pivot_root(2) cannot replace. Elsewhere
 * one system call. */
bool rootfs_on_initramfs(void);
/* On an initramfs: makes a mount namespace in which the host's mounts are on a copy of the
 * initramfs, so that rootfs_pivot can unmount all of them. It runs with the host's privileges,
 * because mounts that are copied into a new user namespace are locked there. */
int rootfs_lift(const char *cwd);
/* Makes root the root of this mount namespace and unmounts the old one, on an initramfs too. */
int rootfs_pivot(int root, unsigned long propagation);
/* Sets linux.rootfsPropagation on the container's root, when it is "/". */
int rootfs_propagate(unsigned long propagation);
/* As rootfs_pivot, by MS_MOVE and chroot(2), for --no-pivot. rootfs_chroot: for a container without
 * a mount namespace. */
int rootfs_move(int root, unsigned long propagation);
int rootfs_chroot(int root);

/* ---- mountns.c: a mount namespace of the root filesystem alone ------------------------------- */

/* Enters one, and opens the sources of binds before. 1: *root is its root, O_PATH, and
 * rootfs_chroot is all that is left to do. 0: not possible, nothing has changed. */
int mountns_alone(struct mount_env *env, const struct oci_config *config, int *root);

/* ---- dev.c: device nodes and the links of /dev (runtime-spec "Default Devices") -------------- */

struct dev_env {
	struct arena *arena;
	int root;
	int dev; /* the container's /dev, if it is open; -1 */
	bool userns; /* mknod(2) is not possible: nodes of the host are bound */
	/* Calls dev_make_node in a process that has the host's rights. */
	int (*make_node)(void *arg, size_t index);
	void *arg;
};

/* linux.devices and the default nodes, links, ptmx. */
int dev_setup(const struct dev_env *env, const struct oci_config *c);
/*
 * Makes a device for a container with a user namespace, which cannot make it: where the host has
 * none, or one that belongs to an id of the container. index counts the config's devices and then
 * the defaults. Returns a detached tmpfs with the device as "node"; 0: it cannot be made, and the
 * host has one.
 */
int dev_make_node(const struct oci_linux *l, size_t index);
/* A detached mount of an empty file of our own, which the caller makes read-only. dir: where the
 * file is attached while the mount is made. */
int dev_blank(int dir);
/* Replaces the descriptors of from to end - 1 that are the host's /dev/null by the container's: the
 * container's root may own the inode of the host's. */
int dev_reopen_null(int root, int from, int end);
bool dev_is_null(const struct stat *st); /* the null device, 1:3 */
/* Opens a device by a node on a tmpfs that lives as long as the descriptor. KERNEL 5.2: fsopen(2)
 * (ENOSYS); the call fails without it. */
int dev_open_private(mode_t type, unsigned major, unsigned minor, int flags);

/* ---- cred.c: ids, groups, capabilities (capabilities(7)) ------------------------------------- */

struct cred_caps { /* bit sets by capability number */
	uint64_t bounding, effective, inheritable, permitted, ambient;
	int last; /* the kernel's highest capability; 0: not known */
};

/* Pure. *unknown becomes "A B", the names that are not known, for one warning, or NULL. last: the
 * kernel's highest capability (cap_last_cap). */
void cred_caps_parse(struct arena *a, const struct oci_capabilities *c, int last,
		     struct cred_caps *out, const char **unknown);
int cred_last_cap(void); /* by prctl(PR_CAPBSET_READ), without /proc */
enum cred_groups {
	CRED_KEEP_GROUPS,
	CRED_SET_GROUPS,
	CRED_TRY_GROUPS, /* where the user namespace denies setgroups(2), the old groups stay */
};
/* Sets, in this order: bounding set (while it is privileged), PR_SET_KEEPCAPS, groups, gid, uid,
 * capabilities, ambient set. caps NULL leaves the capabilities unchanged. */
int cred_apply(const struct oci_user *user, const struct cred_caps *caps, enum cred_groups groups);
/* The home directory of uid in etc/passwd below rootfd; NULL: none. Reads a regular file only, and
 * at most 4 MiB of it. */
const char *cred_home(struct arena *a, int rootfd, uint32_t uid);

/* ---- limits.c: what a process may use -------------------------------------------------------- */

/* Calls prlimit(2); pid 0: self. clones: the process will clone the payload, which is one process
 * more. So RLIMIT_NPROC is only raised here, and the payload sets its own (limits_processes). */
int limits_rlimits(pid_t pid, const struct oci_process *p, bool clones);
int limits_processes(const struct oci_process *p);
/* True if a child inherits such a scheduler from its parent. */
bool limits_scheduler_forks(const struct oci_scheduler *s);
int limits_scheduler(pid_t pid, const struct oci_scheduler *s); /* sched_setattr(2); pid 0: self */
int limits_io_priority(const struct oci_io_priority *p); /* ioprio_set(2), self */
int limits_affinity(pid_t pid, const char *list); /* "0-3,7"; NULL: all CPUs */
int limits_memory_policy(const struct oci_memory_policy *m); /* set_mempolicy(2), self */
int limits_personality(const struct oci_personality *p);

/* ---- lsm.c: AppArmor and SELinux labels ------------------------------------------------------ */

/* Refuses a label whose LSM the kernel does not have, before the container is made. */
int lsm_check(const struct oci_process *p, const char *mount_label);
int lsm_apparmor_exec(int procfd, const char *profile);
int lsm_selinux_exec(int procfd, const char *label);
int lsm_selinux_keycreate(int procfd, const char *label);

/* ---- seccomp.c: compiles and loads profiles (seccomp(2)) ------------------------------------- */

struct seccomp_prog {
	const void *filter; /* struct sock_filter[] */
	unsigned short len; /* instructions; 0: no filter */
	unsigned flags; /* SECCOMP_FILTER_FLAG_* */
	bool notify; /* has a NOTIFY rule: seccomp_install gives a listener */
};

/* Compiles with libseccomp and puts the ENOSYS stub in front. cachedir is an open directory
 * that keeps programs by a hash of their profile, so that the second start does not
 * compile; -1: no cache. */
int seccomp_compile(struct arena *a, const struct oci_seccomp *s, int cachedir,
		    struct seccomp_prog *out);
/* Loads the program for the calling thread. *listener becomes the notify descriptor, or -1. (The
 * name seccomp_load is libseccomp's.) */
int seccomp_install(const struct seccomp_prog *p, int *listener);
/* What a profile does with a system call of this machine's architecture. */
enum seccomp_verdict {
	SECCOMP_ALLOWS,
	SECCOMP_REFUSES, /* with an errno, or it asks a tracer or a listener */
	SECCOMP_KILLS,
	SECCOMP_DEPENDS, /* on its arguments */
};
enum seccomp_verdict seccomp_verdict(const struct seccomp_prog *p, int nr);
/* Pure. True if a profile allows this call with these arguments. The other arguments are 0. */
bool seccomp_allows(const struct seccomp_prog *p, int nr, const unsigned long args[2]);
extern const char seccomp_library[]; /* the version of libseccomp: "2.5.4" */

/* ---- sysctl.c -------------------------------------------------------------------------------- */

/* Pure. Returns the type of namespace that the parameter belongs to. -1: not of a namespace, or
 * not a name ("net/../x", empty parts, newlines). *path becomes the path below /proc/sys. */
int sysctl_namespace(struct arena *a, const char *key, const char **path);
int sysctl_write(int procfd, const char *path, const char *value);

/* ---- net.c: loopback and network devices (netlink(7), netdevice(7)) -------------------------- */

int net_lo_up(void);
/* Moves linux.netDevices into the network namespace netns, renames them, and keeps their permanent
 * global addresses. */
int net_move_devices(const struct oci_linux *linux, int netns);

/* ---- netmake.c: bridges, veth pairs, addresses, routes --------------------------------------- */

struct net_setup {
	const char *device, *bridge, *address, *gateway; /* NULL: not given */
};
struct net_address {
	unsigned char family, prefix, bytes[16];
};
/* Pure. Reads "10.0.0.2" or "fd00::2", with "/24" where prefix is true. */
bool net_address(const char *text, bool prefix, struct net_address *out);
bool net_name(const char *text); /* pure: it can be the name of a device */
/* Pure. Returns what is wrong with a setup for a container, or for the machine; NULL: nothing. */
const char *net_fault(const struct net_setup *s, bool container);
/* Makes the bridge if it is not there, and puts the device into it; the bridge, or without one the
 * device, gets the address. */
int net_machine(const struct net_setup *s);
/* Makes a pair of devices: one in the bridge, with the name outside, and one in the network
 * namespace netns, which gets the address. */
int net_container(const struct net_setup *s, const char *outside, int netns);

/* ---- keyring.c ------------------------------------------------------------------------------- */

/* Returns `_ses.ID.SECRET`. The name is secret, because a process that made a keyring of this name
 * before could read the keys that the container puts into it. */
const char *keyring_name(struct arena *a, const char *id);
/* Joins the session keyring of that name, or makes it. set_perm: its user may search it. */
int keyring_join(const char *name, bool set_perm, bool userns);

/* ---- rdt.c: resctrl groups ------------------------------------------------------------------- */

/* Makes or checks the group and moves pid into it. *path becomes the directory that must be removed
 * with the container, in the arena, or NULL. */
int rdt_apply(struct arena *a, const struct oci_intel_rdt *r, const char *id, pid_t pid,
	      const char **path);
/* Moves another process of the container (exec) into the same group. */
int rdt_join(struct arena *a, const struct oci_intel_rdt *r, const char *id, pid_t pid);
int rdt_remove(const char *path);

/* ---- tty.c: terminals (pty(7)) --------------------------------------------------------------- */

/* Opens dev/pts/ptmx below rootfd after it has checked that it is a devpts. Returns the master;
 * *peer becomes the slave (TIOCGPTPEER). */
int tty_open(int rootfd, int *peer);
int tty_peer(int master); /* the slave, or -1 without an error record */
int tty_set_size(int fd, uint32_t height, uint32_t width);
int tty_become(int peer); /* makes the peer stdin, stdout and stderr */
int tty_control(void); /* makes stdin the controlling terminal of this session */
/* The first of the descriptors 2, 1 and 0 that is a terminal, since any may be
 * redirected; or -1. */
int tty_find(void);
void tty_copy_size(int from, int to);
/* Gives a foreground container's pty the size of our terminal. It does not turn newlines into CR
 * LF, because our terminal does. */
void tty_adopt(int master);

#endif
