/* kernel.h - one kernel facility a file. Takes spec structs, never the whole container. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_KERNEL_KERNEL_H
#define CORE_KERNEL_KERNEL_H

#include "core/oci/oci.h"

/*
 * Nothing here reads the environment, prints, or keeps state between calls. Every fallback
 * carries a comment `KERNEL x.y:` with the first version that has the feature, the errno by
 * which its absence shows and what is lost without it.
 */

/* ---- ns.c: which namespaces, by which call (namespaces(7)) ---------------------------------------- */

struct ns_join {
	int type; /* CLONE_NEW* */
	int fd; /* opened and type-checked by ns_open; -1 before */
	const char *path;
};

#define NS_MAX 8

/*
 * What to do, decided before the first fork. Without joins that must come first one clone3 makes
 * everything; otherwise a first process joins and clones init (CLONE_PARENT) and goes away.
 */
struct ns_plan {
	unsigned all; /* types the container has of its own or joined */
	unsigned fresh; /* types that are new */
	unsigned clone_flags; /* for the clone of init */
	unsigned
		late_flags; /* init unshares these itself once it lies in its cgroup: CLONE_NEWCGROUP */
	unsigned early_flags; /* the first process unshares these: CLONE_NEWTIME */
	struct ns_join joins[NS_MAX];
	size_t njoins;
	bool two_steps; /* a first process is needed */
	bool alone; /* the first process stays out of the cgroup, in which there is room for one */
	bool lift; /* which also leaves the initramfs (rootfs_lift) */
};

/* Pure. The config's namespaces have been checked (no duplicates, known types). */
void ns_plan(const struct oci_linux *linux, struct ns_plan *plan);
/* Pure. Would being on an initramfs change the plan? And the plan for that. */
bool ns_plan_may_lift(const struct ns_plan *plan);
void ns_plan_lift(struct ns_plan *plan);
/* Pure. Does it join a pid namespace, where others would see init being made? And the plan in which the
 * first process makes all that is new, so that init is cloned when all is done. */
bool ns_plan_may_hide(const struct ns_plan *plan);
void ns_plan_hide(struct ns_plan *plan);
/* Joins of plan->all by the files of a process, in the order of ns_enter. */
void ns_plan_process(struct arena *a, pid_t pid, struct ns_plan *plan);
/* Opens the joins by path and checks type (NS_GET_NSTYPE) and filesystem (nsfs). */
int ns_open(struct ns_plan *plan);
/* 1: the namespace of this type to join is the one we are in ourselves. 0, -1. */
int ns_own(const struct ns_plan *plan, int type);
/* setns for every join: all but user first (those that answer EPERM later again), then user, then
 * uid and gid 0 inside. NS-03. */
int ns_enter(struct ns_plan *plan);
const char *ns_name(int type); /* "NEWPID" */
int ns_type(const char *name); /* and back; 0: none */
bool ns_exists(int type); /* /proc/self/ns shows it */
/* What no other living namespace has: "DEV:INO". dir: /proc/PID of a process on this kernel. Of that
 * process, or of ourselves: what our children will be in. */
#define NS_ID_MAX 48
enum ns_whose { NS_ITS, NS_OURS };
int ns_id(int dir, enum ns_whose whose, int type, char id[NS_ID_MAX]);

/* ---- option.c: what this kernel was built without ------------------------------------------------- */

/* Names of options without CONFIG_. NULL: not known. */
const char *option_of_fs(const char *type);
const char *option_of_ns(int type); /* good until the next call */
bool option_listed(const char *list, const char *type); /* list: the text of /proc/filesystems */
int option_lacks_ns(
	unsigned types); /* the first that is not there, 0: all are, or there is no /proc */

/* ---- userns.c: id maps (user_namespaces(7)) --------------------------------------------------------- */

/* Writes /proc/PID/uid_map and gid_map: directly, or where that gives EPERM with newuidmap and
 * newgidmap. rootless: setgroups is denied first when a single own id is mapped. path: search path
 * for the helpers (NULL: a default). */
int userns_map(pid_t pid, const oci_id_maps *uids, const oci_id_maps *gids, bool rootless,
	       const char *path);
/* The maps of the calling process's user namespace must be these: what config.json says beside a
 * namespace that is joined must not be a lie. */
int userns_check(const oci_id_maps *uids, const oci_id_maps *gids);
/* An ordinary user who maps a single group gives setgroups(2) up for it (userns_map with rootless). */
bool userns_gives_up_groups(const oci_id_maps *gids);
/* In the user namespace of this process (0: our own): setgroups(2) is not allowed there. */
bool userns_denies_groups(pid_t pid);
/* Host id of an id in the container; identity without maps; -1 when it is not mapped. */
int64_t userns_host_id(const oci_id_maps *maps, uint32_t id);
/* A new user namespace with these maps, as a descriptor (a helper process makes it and goes). */
int userns_fd(const oci_id_maps *uids, const oci_id_maps *gids, const char *path);

/* ---- mountopt.c: option words (mount(8); checklist TB-12) ------------------------------------------- */

/* Meaning of a mount's options, in kernel terms. */
struct mount_opts {
	unsigned long flags, cleared; /* MS_*: set, and explicitly cleared */
	uint64_t rec_set, rec_clr; /* MOUNT_ATTR_* for mount_setattr(AT_RECURSIVE) */
	unsigned long propagation[8]; /* MS_SHARED.. with MS_REC, in order */
	unsigned npropagation;
	bool tmpcopyup, idmap, ridmap, copy_symlink, src_nofollow, dest_nofollow;
	const char *data; /* words left for the filesystem, joined by commas; NULL none */
};

/* Pure. */
void mountopt_parse(struct arena *a, const struct oci_mount *m, struct mount_opts *out);
/* One option of a filesystem, in a text that mount(2) would take. */
struct mountopt_word {
	const char *key, *value; /* not terminated; value NULL: a flag */
	size_t key_len, value_len;
};
#define MOUNTOPT_PAGE 4096 /* bytes that mount(2) reads, with the NUL */
/* Pure. Takes the first word off the text, as the kernel cuts it: returns the rest, NULL at the end. */
const char *mountopt_next(const char *text, bool overlay, struct mountopt_word *w);
/* Every word known, sorted, NULL behind; for `features` and completions. */
const char *const *mountopt_words(struct arena *a, size_t *n);

/* ---- mount.c: one entry of mounts (runtime-spec "Mounts"; checklist B3) ----------------------------- */

/* One v1 hierarchy to show at a mount of type cgroup, or the v2 tree. */
struct mount_cgroup {
	const char *name; /* directory below the mount: "memory", "cpu,cpuacct"; "" for v2 */
	const char *data; /* mount data of a fresh mount: "memory", "none,name=systemd" */
	const char *dir; /* the container's own directory, to bind */
};

/* What lies on /proc and on /sys, held since it was mounted there; -1: nothing. */
struct mount_held {
	int proc, sys;
};

/* Where to look a path of the container up from: root, or what is held, with *path then below it. */
int mount_base(const struct mount_held *held, int root, const char **path);

/* What mounting needs to know of the container. */
struct mount_env {
	struct arena *arena;
	int root; /* the rootfs mount, O_PATH; its path is for messages and checks only */
	const char *root_path;
	const char *label; /* linux.mountLabel or NULL */
	bool userns, own_cgroupns;
	bool outside; /* we are not in the container's pid namespace: our children will be */
	LIST(struct mount_cgroup) cgroups;
	const char *
		cgroup2; /* beside v1 hierarchies: the container's directory in the v2 tree, or NULL */
	/* A detached mount of m's source, made by the parent with mount_source(). -1: fails. */
	int (*open_source)(void *arg, const struct oci_mount *m);
	void *arg;
	struct fd_pool done; /* targets and sources, closed at the end */
	struct mount_held held;
	/* tmpfs and /dev that become read-only once everything below them stands */
	int *readonly_later;
	size_t nreadonly;
};

int mount_entry(struct mount_env *env, const struct oci_mount *m);
bool mount_proc_outside(void); /* can a procfs be mounted there that shows that pid namespace? */
int mount_finish(struct mount_env *env); /* the read-only mounts put off */
/* Pure. A destination that begins with the path of the root on the host is meant from there on: the
 * rest, "/" for the root itself; any other as it is. root is absolute and clean. */
const char *mount_inside(struct arena *a, const char *root, const char *destination);

/* ---- mount_source.c: what the container's root may not open or id-map --------------------------------- */

struct mount_source {
	pid_t pid; /* whose mount namespace and root directory count: earlier mounts are seen */
	const char *path;
	bool recursive, nofollow;
	int userns; /* id-mapped by it; -1: not */
	bool idmap_all; /* the mounts below it too */
	unsigned long propagation; /* linux.rootfsPropagation, MS_*; 0: the default */
};
/* A detached mount, with the caller's rights; in no peer group of the host but as propagation says. */
int mount_source(const struct mount_source *m);

/* ---- mountapi.c: detached mounts, with what older kernels need instead ------------------------------------ */

/* A detached copy of the mount tree at path; flags: AT_RECURSIVE, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. */
int mountapi_clone(int dirfd, const char *path, unsigned flags);
/* A detached fresh filesystem. data: words joined by commas; attrs MOUNT_ATTR_*. */
int mountapi_new(const char *fstype, const char *source, unsigned long flags, const char *data);
int mountapi_setattr(int fd, bool recursive, uint64_t set, uint64_t clr);
/* A fresh filesystem on target, which was opened as path below root. Returns the mount. */
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
/* Puts a detached mount on target; afterwards mnt names the mount where it lies. */
int mountapi_attach(int mnt, int target);
int mountapi_propagation(int mnt,
			 unsigned long ms_flags); /* MS_SHARED..., with or without MS_REC */

/* A bind in one go, by whatever calls this kernel has. */
struct mountapi_bind {
	int source; /* O_PATH, or a detached mount */
	bool detached, recursive;
	/* The flags of the source stay, or some are added to them, or these take their place. */
	enum { MOUNTAPI_KEEP, MOUNTAPI_ADD, MOUNTAPI_REPLACE } change;
	unsigned long flags; /* MS_* */
	int root; /* the target was opened as path below root */
	const char *path;
	int target;
	int *mnt; /* takes the mount where it lies; left as it is where mount(2) made it */
	struct fd_pool *done; /* takes the descriptor made on the way, where mnt is NULL */
};
int mountapi_bind(const struct mountapi_bind *b);
int mountapi_flags(int fd, unsigned long *flags); /* ORs in the MS_* that the mount of fd has */
/* MS_* of a per-mount kind as MOUNT_ATTR_*. */
uint64_t mountapi_attrs(unsigned long ms_flags);

/* ---- image.c: a filesystem in a file, by loop(4) ------------------------------------------------------- */

#define IMAGE_HEAD 2048 /* bytes from the start of a file that tell what it is */

struct image_type {
	const char *name;
	unsigned at; /* where its magic lies */
	const char *magic;
	unsigned len;
	bool writable;
	uint64_t (*size)(const unsigned char *head); /* bytes it says it has, 0: not known */
	const char *(*asks)(const unsigned char *head); /* why it is refused; NULL: it is not */
	const char *data; /* options of its mount */
};

struct image {
	int mnt; /* detached */
	const struct image_type *type;
	bool writable;
	char dev[FD_PATH_MAX];
};

/* Pure. Whose superblock is it? NULL: nobody's. */
const struct image_type *image_probe(const void *head);
/* Binds a loop device that goes with its last user, and mounts it, detached and without its device nodes.
 * Read-only unless it may and can be written. The caller is the host's root. */
int image_open(const char *path, bool writable, struct image *image);
int image_attach(const struct image *image, const char *path);

/* ---- overlay.c ------------------------------------------------------------------------------------------ */

struct overlay {
	const char *at; /* where it is put */
	const char *lower; /* a directory; NULL: the image */
	const struct image *image;
	int64_t size; /* bytes of the tmpfs */
	bool userns;
};
int overlay_mount(const struct overlay *o);

/* ---- rootfs.c: the root directory (pivot_root(2), mount_namespaces(7)) ------------------------------------- */

/* What becomes the root. An image and an overlay are put on `at`, a directory of the host that the
 * container's mount namespace does not need; without them path is bound on itself. */
struct rootfs_source {
	const char *path, *at;
	const struct image *image; /* NULL: path is a directory */
	int64_t overlay; /* bytes of its tmpfs; 0: none */
	bool userns;
};
/* Sets the propagation of / and puts the source in place. Returns the rootfs mount, O_PATH. */
int rootfs_open(const struct rootfs_source *src, unsigned long propagation);
/* rbind read-only (readonlyPaths) and covering by something empty (maskedPaths); missing ones are skipped. */
struct rootfs_protect {
	int root;
	struct mount_held held;
	const char *label; /* linux.mountLabel or NULL */
	/* What covers files and directories: the first mount of each, -1 before, and what it shows. */
	struct rootfs_cover {
		int mnt;
		dev_t dev;
		ino_t ino;
	} file, dir;
	struct fd_pool done;
};
int rootfs_readonly_path(struct rootfs_protect *p, const char *path);
int rootfs_mask_path(struct rootfs_protect *p, const char *path);
int rootfs_restrict(int root, unsigned long flags); /* MS_RDONLY, MS_NODEV */
/* "/" is the root of a mount namespace that pivot_root(2) cannot replace. One system call where not. */
bool rootfs_on_initramfs(void);
/* There, with the host's privileges, before a user namespace locks what it copies: goes to a mount
 * namespace that has the host's mounts on a copy of the initramfs, over a bare and covered one, where
 * pivot_root lets go of all of them. */
int rootfs_lift(const char *cwd);
/* Makes root the root of this mount namespace and lets the old one go, on an initramfs too. */
int rootfs_pivot(int root, unsigned long propagation);
/* The same by moving and chroot(2) (--no-pivot), and plain chroot(2) without a mount namespace. */
int rootfs_move(int root, unsigned long propagation);
int rootfs_chroot(int root);

/* ---- dev.c: device nodes and the links of /dev (runtime-spec "Default Devices") ---------------------------------- */

struct dev_env {
	struct arena *arena;
	int root;
	bool userns; /* nodes cannot be made: those of the host are bound */
	/* dev_make_node by a process with the rights of the host. */
	int (*make_node)(void *arg, size_t index);
	void *arg;
};

/* linux.devices and the default nodes, links, ptmx. */
int dev_setup(const struct dev_env *env, const struct oci_config *c);
/* For what a user namespace asks for, and the host does not have or its root owns: the device of that index in the config
 * (after these come the defaults), with the owner and mode that it says, as "node" in a detached tmpfs. 0: it cannot be made here, and the
 * host has one. */
int dev_make_node(const struct oci_linux *l, size_t index);
/* stdin, stdout and stderr that are the host's /dev/null become the container's: its root may own the inode. */
int dev_reopen_null(int root);
/* Opens a device by a node of our own, on a tmpfs that goes with the descriptor. KERNEL 5.2: fsopen(2)
 * (ENOSYS); fails. */
int dev_open_private(mode_t type, unsigned major, unsigned minor, int flags);

/* ---- cred.c: ids, groups, capabilities (capabilities(7)) ----------------------------------------------- */

struct cred_caps { /* bit sets by capability number */
	uint64_t bounding, effective, inheritable, permitted, ambient;
	int last; /* the kernel's highest capability; 0: not known */
};

/* Pure. Unknown names are collected in *unknown ("A, B", NULL when none) for one warning. last: the
 * kernel's highest capability (cap_last_cap). */
void cred_caps_parse(struct arena *a, const struct oci_capabilities *c, int last,
		     struct cred_caps *out, const char **unknown);
int cred_last_cap(void); /* by prctl(PR_CAPBSET_READ), no /proc */
/* In this order: bounding set dropped while privileged, keepcaps, groups, gid, uid, capset, ambient.
 * caps NULL keeps what there is. */
enum cred_groups {
	CRED_KEEP_GROUPS,
	CRED_SET_GROUPS,
	CRED_TRY_GROUPS, /* setgroups(2) is denied in the user namespace: what there is stays */
};
int cred_apply(const struct oci_user *user, const struct cred_caps *caps, enum cred_groups groups);
/* HOME of uid from etc/passwd below rootfd; bounded size and time, regular file only. NULL: not there. */
const char *cred_home(struct arena *a, int rootfd, uint32_t uid);

/* ---- limits.c: what a process may use --------------------------------------------------------------------- */

/* prlimit(2); pid 0: self. clones: it will clone the payload, which counts as one process more. So that
 * limit is only raised where it must be, and the payload's to set. */
int limits_rlimits(pid_t pid, const struct oci_process *p, bool clones);
int limits_processes(const struct oci_process *p);
bool limits_scheduler_forks(
	const struct oci_scheduler *s); /* the child of such a process is alike */
int limits_scheduler(pid_t pid, const struct oci_scheduler *s); /* sched_setattr(2); pid 0: self */
int limits_io_priority(const struct oci_io_priority *p); /* ioprio_set(2), self */
int limits_affinity(pid_t pid, const char *list); /* "0-3,7"; NULL: all CPUs */
int limits_memory_policy(const struct oci_memory_policy *m); /* set_mempolicy(2), self */
int limits_personality(const struct oci_personality *p);

/* ---- lsm.c: AppArmor and SELinux labels; refused where the LSM is not there ------------------------------- */

int lsm_check(const struct oci_process *p, const char *mount_label); /* before anything exists */
int lsm_apparmor_exec(int procfd, const char *profile);
int lsm_selinux_exec(int procfd, const char *label);
int lsm_selinux_keycreate(int procfd, const char *label);

/* ---- seccomp.c: profile to program to kernel (seccomp(2)) ---------------------------------------------------- */

struct seccomp_prog {
	const void *filter; /* struct sock_filter[] */
	unsigned short len; /* instructions; 0: no filter */
	unsigned flags; /* SECCOMP_FILTER_FLAG_* */
	bool notify; /* has a NOTIFY rule: the load gives a listener */
};

/* Compiles with libseccomp and puts the ENOSYS stub in front. cachedir (an open directory of ours, or
 * -1) keeps programs by a hash of the profile, so that the second start compiles nothing. */
int seccomp_compile(struct arena *a, const struct oci_seccomp *s, int cachedir,
		    struct seccomp_prog *out);
/* Loads for the calling thread. *listener: the notify descriptor, -1 when none. (libseccomp has a
 * seccomp_load of its own.) */
int seccomp_install(const struct seccomp_prog *p, int *listener);
/* What a profile does with a system call of this machine's own architecture. */
enum seccomp_verdict {
	SECCOMP_ALLOWS,
	SECCOMP_REFUSES, /* with an errno, or by asking somebody */
	SECCOMP_KILLS,
	SECCOMP_LOOKS, /* at arguments */
};
enum seccomp_verdict seccomp_asks(const struct seccomp_prog *p, int nr);
/* Pure. Does it allow this call, whose other arguments are 0? */
bool seccomp_lets(const struct seccomp_prog *p, int nr, const unsigned long args[2]);
extern const char seccomp_library[]; /* the version of libseccomp: "2.5.4" */

/* ---- sysctl.c -------------------------------------------------------------------------------------------------- */

/* Which namespace types a key needs to be private; -1 when it is not namespaced. Pure; "net/../x", empty
 * parts, newlines are refused. In *path the key as a path below /proc/sys. */
int sysctl_namespace(struct arena *a, const char *key, const char **path);
int sysctl_write(int procfd, const char *path, const char *value);

/* ---- net.c: loopback and network devices (netlink(7), netdevice(7)) --------------------------------------------- */

int net_lo_up(void);
/* Moves host devices into the network namespace netns with new name, keeps permanent global addresses. */
int net_move_devices(const struct oci_linux *linux, int netns);

/* ---- keyring.c ----------------------------------------------------------------------------------------------------- */

/* `_ses.ID.SECRET`: with a name that can be guessed, whoever has made it before has all that the container
 * keeps in it. */
const char *keyring_name(struct arena *a, const char *id);
/* Joins a session keyring of that name, or makes it; set_perm: searchable for its user (checklist L-08). */
int keyring_join(const char *name, bool set_perm, bool userns);

/* ---- rdt.c: resctrl groups ------------------------------------------------------------------------------------------ */

/* Creates or checks the group, writes schemata; *path (arena) is set when we made it and must remove it. */
int rdt_apply(struct arena *a, const struct oci_intel_rdt *r, const char *id, pid_t pid,
	      const char **path);
/* Another process of the container (exec) goes where rdt_apply put the first. */
int rdt_join(struct arena *a, const struct oci_intel_rdt *r, const char *id, pid_t pid);
int rdt_remove(const char *path);

/* ---- tty.c: terminals (pty(7)) ------------------------------------------------------------------------------------------ */

/* Opens a master from the devpts at rootfd:/dev/pts/ptmx, checked; *peer is the slave (TIOCGPTPEER). */
int tty_open(int rootfd, int *peer);
int tty_set_size(int fd, uint32_t height, uint32_t width);
/* The peer becomes stdin, stdout and stderr; then stdin the controlling terminal of this session. */
int tty_become(int peer);
int tty_control(void);
/* The first of the descriptors 2, 1 and 0 that is a terminal: any of them may be redirected. -1: none is. */
int tty_find(void);
void tty_copy_size(int from, int to);
/* A new pty of a foreground container: it takes the size of our own terminal, and does not turn newlines into
 * CR LF, because our terminal does. */
void tty_adopt(int master);

#endif
