/* steps.c - the steps of init, a function each, in the order of the table in child.c. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

int step_die_with_runtime(struct child *c)
{
	fd_close_all(c->theirs, ARRAY_SIZE(c->theirs));
	for (size_t i = 0; i < ARRAY_SIZE(c->theirs); i++)
		c->theirs[i] = -1;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return fail("ask to die with the runtime");
	return 0;
}

int step_score(struct child *c)
{
	return c->plan->mode != START_ONE || plan_scored_outside(c->plan) ? 0
									  : clone_score(c->plan, 0);
}

int step_known(struct child *c)
{
	struct wire_msg m;

	if (c->plan->mode == START_ONE || c->mode == START_LATE)
		return 0;
	return wire_recv(&c->wire, &m) == 1 ? 0 : failx("the runtime has ended");
}

int step_session(struct child *c)
{
	/* It cannot fail with EPERM, since a new process is not the leader of a process group. */
	return setsid() < 0 ? fail("setsid") : 0;
}

int step_keyring(struct child *c)
{
	const char *label = c->plan->process->selinux_label;

	/* NULL: the caller's keyring stays (--no-new-keyring), or an older version of ours made the
	 * container. */
	if (!c->plan->state->keyring)
		return 0;
	/* The keyring gets the label of the payload. */
	if (WITH_LSM && label && (join_proc(c) < 0 || lsm_selinux_keycreate(c->proc, label) < 0))
		return -1;
	return keyring_join(c->plan->state->keyring, !c->plan->enters,
			    c->plan->ns.all & CLONE_NEWUSER);
}

int step_network(struct child *c)
{
	if (!(c->plan->ns.fresh & CLONE_NEWNET))
		return 0;
	if (net_lo_up() < 0)
		return -1;
	return WITH_NET && c->plan->config->linux->net_devices.n
		       ? wire_ask(&c->wire, WIRE_NETDEVS, 0, NULL, -1)
		       : 0;
}

int step_names(struct child *c)
{
	const char *host = c->plan->config->hostname, *domain = c->plan->config->domainname;

	if (host && sethostname(host, strlen(host)) < 0)
		return fail("set hostname \"%s\"", host);
	if (domain && setdomainname(domain, strlen(domain)) < 0)
		return fail("set domainname \"%s\"", domain);
	return 0;
}

static bool has_mount_ns(const struct child *c)
{
	return c->plan->ns.all & CLONE_NEWNS;
}

/* Makes a mount namespace. 1: it has no mount of the host; 0: it is a copy of the host's; -1. */
static int enter_alone(struct child *c)
{
	int done = mountns_alone(&c->mounts, c->plan->config, &c->root);

	if (!done && unshare(CLONE_NEWNS) < 0) {
		fail("unshare the mount namespace");
		return clone_explain(c->plan);
	}
	return done;
}

int step_rootfs(struct child *c)
{
	int alone = c->plan->ns.alone ? enter_alone(c) : 0;

	if (alone < 0)
		return -1;
	c->alone = alone;
	umask(0);
	if (c->alone) {
		log_debug("no mount of the host is copied");
	} else if (has_mount_ns(c)) {
		struct rootfs_source src = { .path = c->plan->state->rootfs,
					     .at = c->plan->root_at,
					     .image = c->plan->image.type ? &c->plan->image : NULL,
					     .overlay = c->plan->overlay,
					     .userns = plan_has_userns(c->plan) };

		/* The image is id-mapped when the maps are written, and before it is attached. */
		if (src.image && src.userns &&
		    wire_ask(&c->wire, WIRE_MOUNT_FD, MOUNT_ROOT, NULL, -1) < 0)
			return fail_in("root filesystem");
		c->root = rootfs_open(&src, c->plan->config->linux->rootfs_propagation);
		if (src.image)
			close(src.image->mnt);
	} else {
		c->root =
			openat(AT_FDCWD, c->plan->state->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (c->root < 0)
			return fail("open %s", c->plan->state->rootfs);
	}
	c->mounts.root = c->root;
	if (c->root < 0)
		return -1;
	/* nodev comes first: later binds of paths in the root (readonlyPaths) copy its flags. */
	return c->plan->nodev ? rootfs_restrict(c->root, MS_NODEV) : 0;
}

int step_mounts(struct child *c)
{
	list_each (m, c->plan->config->mounts)
		if (mount_entry(&c->mounts, m) < 0)
			return mountenv_fail(c->plan, m);
	return 0;
}

static int ask_node(void *arg, size_t index)
{
	struct child *c = arg;

	return wire_ask(&c->wire, WIRE_MOUNT_FD, MOUNT_NODE - (int)index, NULL, -1);
}

int step_devices(struct child *c)
{
	struct dev_env env = { .arena = c->plan->arena,
			       .root = c->root,
			       .dev = c->mounts.held.dev,
			       .userns = plan_has_userns(c->plan),
			       .make_node = ask_node,
			       .arg = c };

	if (!has_mount_ns(c))
		return 0;
	/* A bind on /dev shows a directory of the host, in which nothing is made. */
	list_each (m, c->plan->config->mounts)
		if (!strcmp(path_clean(c->plan->arena, m->destination) + (*m->destination == '/'),
			    "dev"))
			list_each (opt, m->options)
				if (!strcmp(*opt, "bind") || !strcmp(*opt, "rbind"))
					return 0;
	return dev_setup(&env, c->plan->config);
}

int step_cwd(struct child *c)
{
	int fd __cleanup(fd_close) = -1;

	if (!has_mount_ns(c) || !strcmp(c->plan->process->cwd, "/"))
		return 0;
	fd = path_mkdirs(c->root, c->plan->process->cwd, 0755);
	/* The payload's user may still be able to enter it: chdir(2) decides later. */
	if (fd < 0 && (err_num() == EACCES || err_num() == EROFS))
		err_clear("chdir(2) may succeed");
	else if (fd < 0)
		return fail_in("working directory");
	return 0;
}

int step_terminal(struct child *c)
{
	return WITH_TERMINAL && c->plan->process->terminal ? console_make(c) : 0;
}

int step_runtime_hooks(struct child *c)
{
	const struct oci_hooks *h = c->plan->config->hooks;

	if (!WITH_HOOKS || !h || !(h->prestart.n || h->create_runtime.n))
		return 0;
	return wire_ask(&c->wire, WIRE_HOOKS, 0, NULL, -1);
}

int step_container_hooks(struct child *c)
{
	static const char *const no_env[] = { NULL };
	int rc;

	if (!WITH_HOOKS || !c->plan->config->hooks || !c->plan->config->hooks->create_container.n)
		return 0;
	if (fchdir(c->root) < 0)
		return fail("enter the root filesystem");
	/* The steps run with umask 0; hooks get the usual one. */
	umask(022);
	rc = hooks_run(c->plan->arena,
		       &(struct hook_run){ .name = "createContainer",
					   .hooks = &c->plan->config->hooks->create_container,
					   .state = c->plan->state,
					   .status = OCI_CREATING,
					   .pid = getpid(),
					   .env = no_env });
	umask(0);
	return rc;
}

static int set_sysctl(struct child *c, const struct json_pair *s)
{
	const struct mount_held *held = &c->mounts.held;
	const char *path;

	if (sysctl_namespace(c->plan->arena, s->key, &path) < 0)
		return -1;
	/* The container's own procfs saves making one. */
	if (held->proc_is_new) {
		if (!sysctl_write(held->proc, path, s->value))
			return 0;
		if (err_num() == EINVAL)
			return -1;
		err_clear("it is read-only, has no sys, or a mount covers the parameter");
	}
	return join_proc(c) < 0 ? -1 : sysctl_write(c->proc, path, s->value);
}

int step_sysctl(struct child *c)
{
	list_each (s, c->plan->config->linux->sysctl)
		if (set_sysctl(c, s) < 0)
			return oci_fail_at(c->plan->doc, "linux.sysctl.%s", s->key);
	return 0;
}

int step_protect(struct child *c)
{
	struct rootfs_protect p = { .root = c->root,
				    .held = c->mounts.held,
				    .label = c->plan->config->linux->mount_label,
				    .file.mnt = -1,
				    .dir.mnt = -1 };
	int rc = 0;

	list_each (path, c->plan->config->linux->readonly_paths)
		if (!rc && rootfs_readonly_path(&p, *path) < 0)
			rc = fail_in("make %s read-only", *path);
	list_each (path, c->plan->config->linux->masked_paths)
		if (!rc && rootfs_mask_path(&p, *path) < 0)
			rc = fail_in("mask %s", *path);
	fd_pool_put(&p.done, &p.dir.mnt);
	fd_pool_put(&p.done, &p.file.mnt);
	fd_pool_close(&p.done);
	return rc;
}

int step_readonly(struct child *c)
{
	if (mount_finish(&c->mounts) < 0)
		return -1;
	/* With --overlay the root is writable. The annotation does not override root.readonly,
	 * because it may come from an image or from a user of the engine. */
	if (!c->plan->config->root->readonly || (c->plan->overlay && c->plan->how->overlay) ||
	    !has_mount_ns(c))
		return 0;
	return rootfs_restrict(c->root, MS_RDONLY);
}

int step_null(struct child *c)
{
	/* With a terminal the standard streams are replaced by it. */
	return dev_reopen_null(c->root, c->plan->process->terminal ? 3 : 0,
			       3 + (int)c->plan->how->preserve_fds);
}

int step_pivot(struct child *c)
{
	unsigned long propagation = c->plan->config->linux->rootfs_propagation;

	if (!has_mount_ns(c))
		return rootfs_chroot(c->root);
	if (c->alone)
		return rootfs_chroot(c->root) < 0 ? -1 : rootfs_propagate(propagation);
	if (c->plan->how->no_pivot)
		return rootfs_move(c->root, propagation);
	return rootfs_pivot(c->root, propagation);
}

int step_stdio(struct child *c)
{
	/* If init is cloned later, it makes its own session and takes the terminal
	 * then (join_appear). */
	if (WITH_TERMINAL && c->tty >= 0 &&
	    (tty_become(fd_take(&c->tty)) < 0 || (c->mode != START_LATE && tty_control() < 0)))
		return -1;
	if (c->plan->process->user.umask || !c->plan->enters)
		umask(c->plan->process->user.umask ? *c->plan->process->user.umask : 022);
	return 0;
}

int step_scheduling(struct child *c)
{
	const struct oci_process *p = c->plan->process;
	const struct oci_linux *l = c->plan->config->linux;

	if (p->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail("set no_new_privs");
	if (!WITH_TUNING)
		return 0;
	if (p->scheduler && limits_scheduler_forks(p->scheduler) &&
	    limits_scheduler(0, p->scheduler) < 0)
		return -1;
	if (p->io_priority && limits_io_priority(p->io_priority) < 0)
		return -1;
	if (l->personality && limits_personality(l->personality) < 0)
		return -1;
	return l->memory_policy ? limits_memory_policy(l->memory_policy) : 0;
}

/* Reads HOME from the container's passwd as root, because the payload's user may not be able to. */
int step_environment(struct child *c)
{
	struct oci_process p = *c->plan->process;

	if (WITH_NOTIFY)
		service_env(c->plan->how, c->plan->how->notify && has_mount_ns(c), &p,
			    c->plan->arena);
	c->env = exe_env(c->plan->arena, &p, c->root);
	return 0;
}

int step_ready(struct child *c)
{
	struct wire_msg m;

	/* When READY is answered, state.json is enough to find and delete the container, so init
	 * need not die with the runtime any more. */
	if (wire_call(&c->wire, WIRE_READY, 0, NULL, -1, &m) < 0)
		return -1;
	/* The payload does not inherit signals that the caller ignores (nohup) or blocks. */
	join_signals(m.num);
	if (c->fifo >= 0)
		ends_mortal();
	if (sigprocmask(SIG_SETMASK, &c->plan->signals, NULL) < 0)
		return fail("unblock signals");
	if (c->mode != START_LATE && prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		return fail("ask to outlive the runtime");
	return 0;
}

/*
 * Closes all descriptors but those that are passed on or still needed. Close-on-exec would be too
 * late: a link of the image can lead execve(2) through /proc/self/fd to a directory of the host
 * that the caller has left open, and the payload's /proc/PID/exe would be a file of the host.
 */
int step_descriptors(struct child *c)
{
	bool late = c->mode == START_LATE;
	int keep[] = { c->wire.in, c->fifo, c->plan->self, late ? c->pipes.in : -1,
		       late ? c->pipes.out : -1 };

	c->root = c->proc = -1;
	return fd_close_from(3 + (int)c->plan->how->preserve_fds, keep, ARRAY_SIZE(keep));
}

static int load_seccomp(struct child *c)
{
	int listener __cleanup(fd_close) = -1;

	if (!c->plan->seccomp.len)
		return 0;
	if (seccomp_install(&c->plan->seccomp, &listener) < 0)
		return -1;
	if (listener < 0)
		return 0;
	if (c->listener < 0)
		return wire_ask(&c->wire, WIRE_SECCOMP_FD, 0, NULL, listener);
	/* The wire is a pipe, which cannot carry the descriptor. The agent that has it may be asked
	 * about close(2), so nothing is closed before the answer. */
	if (sock_send_fd(c->listener, "listener", listener) < 0 ||
	    wire_ask(&c->wire, WIRE_SECCOMP_FD, 0, NULL, -1) < 0)
		return -1;
	fd_close(&c->listener);
	return 0;
}

/* Without no_new_privs the filter needs CAP_SYS_ADMIN (seccomp(2)). So it is loaded before the
 * capabilities are dropped, and the profile must allow the calls of the later steps. */
int step_seccomp_early(struct child *c)
{
	return c->plan->process->no_new_privileges ? 0 : load_seccomp(c);
}

/* Loads the filter before other processes can trace us, because they could use a process without
 * it. */
int step_seccomp_unseen(struct child *c)
{
	return c->plan->process->no_new_privileges && join_filtered(c) ? load_seccomp(c) : 0;
}

int step_seccomp_late(struct child *c)
{
	return c->plan->process->no_new_privileges && !join_filtered(c) ? load_seccomp(c) : 0;
}

static int check_cwd(const struct child *c)
{
	char buf[4096];

	/* Through a descriptor that was left open the working directory could be outside of the
	 * root. sys_getcwd refuses the "(unreachable)" of getcwd(2) (CVE-2024-21626). */
	if (!sys_getcwd(buf, sizeof(buf)))
		return failx("working directory %s is outside of the container's root",
			     c->plan->process->cwd);
	return 0;
}

/* Returns enum cred_groups, or -1. The annotation is podman's --group-add keep-groups: the caller's
 * groups stay, also those that are not mapped. */
static int plan_groups(const struct child *c)
{
	const char *keep = oci_annotation(c->plan->config, "run.oci.keep_original_groups");
	const struct oci_linux *l = c->plan->config->linux;

	if (keep && strcmp(keep, "0"))
		return CRED_KEEP_GROUPS;
	if (!c->no_setgroups)
		return CRED_SET_GROUPS;
	if (c->plan->state->rootless && userns_gives_up_groups(&l->gid_mappings) &&
	    c->plan->ns.all & CLONE_NEWUSER && c->plan->process->user.additional_gids.n)
		return failx("cannot set any additional groups in a rootless container");
	return CRED_TRY_GROUPS;
}

/* runc's message; but exec may have the directory from its own options. */
static int fail_cwd(const struct child *c, const char *cwd)
{
	return fail("chdir to cwd (\"%s\")%s failed", cwd,
		    c->plan->enters ? "" : " set in config.json");
}

int step_credentials(struct child *c)
{
	const struct oci_user *u = &c->plan->process->user;
	const char *cwd = c->plan->process->cwd;
	int groups = plan_groups(c);
	bool again = false;

	/* It is tried as root and then as the user, because only one of them may be allowed to
	 * enter the directory. */
	if (strcmp(cwd, "/") && chdir(cwd) < 0) {
		if (errno != EACCES && errno != EPERM)
			return fail_cwd(c, cwd);
		again = true;
	}
	/* Root of an ordinary user's namespace can change these owners, which the
	 * runtime cannot. */
	if (WITH_TERMINAL && u->uid && c->plan->process->terminal && fchown(0, u->uid, -1) < 0)
		log_debug("the terminal stays root's: %s", strerror(errno));
	else if (u->uid)
		console_own_streams(u->uid);
	if (groups < 0 ||
	    cred_apply(u, c->plan->process->capabilities ? &c->plan->caps : NULL, groups) < 0)
		return -1;
	/* Where fs.suid_dumpable is 1, another user id makes us dumpable again. A seccomp profile
	 * may deny the call. */
	if (u->uid || u->gid)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (again && chdir(cwd) < 0)
		return fail_cwd(c, cwd);
	return strcmp(cwd, "/") ? check_cwd(c) : 0;
}

int step_bound(struct child *c)
{
	return c->plan->how->bound ? join_bound(c) : 0;
}

int step_executable(struct child *c)
{
	return exe_find(c->plan->arena, c->plan->process->args.at[0], c->env, &c->exe);
}

/* Waits for the byte that `start` writes to the fifo. We have both ends open, so that only the
 * byte ends the wait. */
int step_wait_start(struct child *c)
{
	char byte;
	ssize_t n;

	if (c->fifo < 0)
		return 0;
	/* A profile that kills for read(2) shall do so here, while create can report it. */
	if (read(c->fifo, &byte, 0) < 0)
		return fail("wait for start");
	wire_close(&c->wire); /* the end of the stream: `create` returns */
	do {
		n = read(c->fifo, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		return fail("wait for start");
	return 0;
}

/* While the hooks run the byte of `start` is in the fifo again: if init dies here, `start` finds it
 * and knows that the program has not begun. */
int step_start_hooks(struct child *c)
{
	const struct oci_hooks *hooks = c->plan->config->hooks;
	bool marked;
	char byte;
	int rc;

	if (!WITH_HOOKS || !hooks || !hooks->start_container.n)
		return 0;
	marked = c->fifo >= 0 && write(c->fifo, "0", 1) == 1;
	rc = hooks_run(c->plan->arena, &(struct hook_run){ .name = "startContainer",
							   .hooks = &hooks->start_container,
							   .state = c->plan->state,
							   .status = OCI_CREATED,
							   .pid = getpid(),
							   .env = c->env });
	if (!rc && marked && read(c->fifo, &byte, 1) < 0)
		return fail("read what start has written");
	return rc;
}
