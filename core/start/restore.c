/* restore.c - the runtime's part of restore: prepares it for CRIU, and takes over init. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#define CRIU_ROOT "criu-root" /* in the state directory */

struct restoring {
	struct start_plan *plan;
	const struct oci_config *config;
	struct serve *serve;
	struct criu_how *how;
	const char *root; /* mount point of the root for CRIU */
	int console;
	/* Our mount namespace, root and working directory, while we are in another one. */
	int back, back_root, back_cwd;
	int fds[NS_MAX];
	size_t nfds;
};

/* ---- mount namespaces ------------------------------------------------------------------------ */

/* Makes a mount namespace from which no mount propagates to the host. lift, if not NULL: leaves an
 * initramfs, whose root CRIU's pivot_root(2) cannot replace; lift is the working directory then. */
static int own_mounts(const char *lift)
{
	if (lift && rootfs_on_initramfs()) {
		if (rootfs_lift(lift) < 0)
			return -1;
	} else if (unshare(CLONE_NEWNS) < 0) {
		return fail("unshare the mount namespace");
	}
	return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ? fail("make / a slave") : 0;
}

/*
 * CRIU wants a root that is a mount point, and mounts in its working directory. So it starts in a
 * mount namespace of its own, where the runtime opens CRIU's directories. The namespace ends with
 * its last process, and all its mounts with it, also if the runtime is killed.
 */
static int enter_mounts(struct restoring *r)
{
	r->back_root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r->back_cwd = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r->back = openat(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (r->back_root < 0 || r->back_cwd < 0 || r->back < 0)
		return fail("open the mount namespace");
	if (own_mounts(r->plan->how->bundle) < 0)
		return -1;
	if (mount(r->plan->state->rootfs, r->root, NULL, MS_BIND | MS_REC, NULL) < 0)
		return fail("bind the root filesystem on %s", r->root);
	return 0;
}

/* The root for CRIU becomes nodev where that of a start would (plan_devices). */
static int restrict_root(const struct restoring *r)
{
	int fd __cleanup(fd_close) = -1;

	if (!r->plan->nodev)
		return 0;
	fd = openat(AT_FDCWD, r->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail("open %s", r->root) : rootfs_restrict(fd, MS_NODEV);
}

/* CRIU sets the flags that the root had at the checkpoint. Those are not nodev if a cgroup had the
 * device rules then. The processes do not run yet. */
static int check_root(const struct restoring *r, pid_t pid)
{
	struct statfs fs;
	char path[32];

	if (!r->plan->nodev)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	if (statfs(path, &fs) < 0)
		return fail("find the flags of the root that criu has restored");
	return fs.f_flags & ST_NODEV ? 0
				     : failx("devices: no cgroup can have the device rules, and "
					     "the root of the checkpoint is not nodev");
}

/* Hooks and the later steps of the runtime need the host's mounts. setns(2) changes the root and
 * working directory, so these are set again. */
static int leave_mounts(struct restoring *r)
{
	int rc = 0;

	if (r->back >= 0 && (setns(r->back, CLONE_NEWNS) < 0 || fchdir(r->back_root) < 0 ||
			     chroot(".") < 0 || fchdir(r->back_cwd) < 0))
		rc = fail("return to the mount namespace");
	fd_close(&r->back);
	fd_close(&r->back_root);
	fd_close(&r->back_cwd);
	return rc;
}

static bool is_cgroup(const struct oci_mount *m)
{
	return m->type && !strncmp(m->type, "cgroup", 6);
}

/* True if m is in an earlier mount that CRIU makes, such as a tmpfs: that has the mount point of m
 * from the checkpoint. */
static bool is_in_saved(const struct restoring *r, const struct oci_mount *m)
{
	struct arena *a = r->plan->arena;
	const char *at = path_clean(a, m->destination);

	list_each (other, r->config->mounts) {
		const char *above = path_clean(a, other->destination);
		size_t n = strlen(above);

		if (other == m)
			return false;
		if (!strncmp(at, above, n) && at[n] == '/' &&
		    !criu_mount_binds(a, r->plan->doc, other))
			return true;
	}
	return false;
}

static int open_mount_point(int root, const struct oci_mount *m, bool directory)
{
	int fd = path_open(root, m->destination, O_PATH, 0, 0);

	if (fd >= 0 || err_num() != ENOENT)
		return fd;
	err_clear("the mount point is made");
	return directory ? path_mkdirs(root, m->destination, 0755)
			 : path_create(root, m->destination, 0644);
}

/* Makes the mount point of m. If m is a bind, mounts it, because a later one may be in it, and
 * writes its key for CRIU to out. */
static int make_mount_point(const struct restoring *r, int root, const struct oci_mount *m, int out)
{
	bool binds = criu_mount_binds(r->plan->arena, r->plan->doc, m);
	const char *key = path_clean(r->plan->arena, m->destination);
	int fd __cleanup(fd_close) = -1;
	char path[FD_PATH_MAX];
	struct stat st;

	if (!is_in_saved(r, m)) {
		if (binds && stat(m->source, &st) < 0)
			return fail("source %s", m->source);
		fd = open_mount_point(root, m, !binds || S_ISDIR(st.st_mode));
		key = fd < 0 ? NULL : criu_path_inside(r->plan->arena, fd, r->plan->state->rootfs);
		if (!key)
			return -1;
		if (binds &&
		    mount(m->source, path_of_fd(path, fd), NULL, MS_BIND | MS_REC, NULL) < 0)
			return fail("bind %s", m->source);
	}
	if (binds && dprintf(out, "%s%s%c", *key == '/' ? "" : "/", key, 0) < 0)
		return fail("write to the runtime");
	return 0;
}

static int make_mount_points(void *arg, int out)
{
	const struct restoring *r = arg;
	int root __cleanup(fd_close) = -1;

	if (own_mounts(NULL) < 0)
		return -1;
	root = openat(AT_FDCWD, r->plan->state->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail("root filesystem %s", r->plan->state->rootfs);
	umask(0);
	list_each (m, r->config->mounts)
		if (!is_cgroup(m) && make_mount_point(r, root, m, out) < 0)
			return mountenv_fail(r->plan, m);
	return 0;
}

/* ---- the request ----------------------------------------------------------------------------- */

/* CRIU has saved binds by their keys only: adds their sources to the request. */
static int add_bind_sources(struct restoring *r)
{
	struct arena *a = r->plan->arena;
	char *keys, *end;
	size_t len;

	if (criu_ask(a, make_mount_points, r, &keys, &len) < 0)
		return -1;
	end = keys + len;
	list_each (m, r->config->mounts) {
		if (is_cgroup(m) || !criu_mount_binds(a, r->plan->doc, m))
			continue;
		if (keys >= end)
			return failx("a mount point is missing");
		if (criu_add_mount(a, &r->how->opts, keys,
				   *m->source == '/'
					   ? m->source
					   : arena_printf(a, "%s/%s", r->plan->how->bundle,
							  m->source)) < 0)
			return -1;
		keys += strlen(keys) + 1;
	}
	return criu_add_devices(a, &r->how->opts, r->config);
}

/* Without a cgroup namespace the mount m shows the container's cgroups as binds: adds these. */
static int add_cgroup_binds(struct restoring *r, const struct oci_mount *m)
{
	static const char base[] = "/sys/fs/cgroup/";
	const struct oci_state *st = r->plan->state;
	struct arena *a = r->plan->arena;
	const char *at = path_clean(a, m->destination);

	list_each (p, st->cgroup_paths) {
		const char *name = p->value + strlen(base);

		if (!*p->key && st->cgroup_paths.n == 1 &&
		    criu_add_mount(a, &r->how->opts, at, "/sys/fs/cgroup") < 0)
			return -1;
		if (*p->key && !strncmp(p->value, base, strlen(base)) &&
		    criu_add_mount(a, &r->how->opts,
				   arena_printf(a, "%s/%.*s", at, (int)strcspn(name, "/"), name),
				   p->value) < 0)
			return -1;
	}
	return 0;
}

static int add_fd(struct restoring *r, const char *key, int fd)
{
	struct criu_opts *o = &r->how->opts;
	struct criu_fd *all = arena_more(r->plan->arena, o->fds.at, o->fds.n, 1, sizeof(*all));

	all[o->fds.n++] = (struct criu_fd){ key, fd };
	o->fds.at = all;
	return 0;
}

/* Adds the namespaces that are joined. For two types CRIU takes descriptors, for the others
 * paths. */
static int add_joins(struct restoring *r, int version)
{
	struct criu_opts *o = &r->how->opts;
	struct ns_plan *plan = &r->plan->ns;
	struct criu_pair *joins = arena_alloc(r->plan->arena, NS_MAX * sizeof(*joins));
	struct ns_plan ours = { .all = ~0u };

	ns_plan_process(r->plan->arena, getpid(), &ours);
	o->joins.at = joins;
	for (size_t i = 0; i < plan->njoins; i++) {
		const struct ns_join *j = &plan->joins[i];
		const char *key = criu_ns_key(j->type), *file = NULL;

		if (key && criu_needs_ns(version, j->type) < 0)
			return -1;
		if (key) {
			r->fds[r->nfds] = j->fd;
			add_fd(r, key, CRIU_FIRST_FD + (int)r->nfds++);
			continue;
		}
		for (size_t k = 0; k < ours.njoins; k++)
			if (ours.joins[k].type == j->type)
				file = strrchr(ours.joins[k].path, '/') + 1;
		if (j->type == CLONE_NEWCGROUP || !file)
			return failx("linux.namespaces: CRIU cannot join the %s namespace %s",
				     ns_name(j->type), j->path);
		joins[o->joins.n++] = (struct criu_pair){ file, j->path };
	}
	return 0;
}

/* Standard streams that were pipes at the checkpoint are replaced by ours. */
static int add_streams(struct restoring *r, int images)
{
	struct json_error why;
	struct json *list;
	char *text;
	size_t len;
	int i = 0;

	if (file_read(r->plan->arena, images, CRIU_DESCRIPTORS, 1 << 16, &text, &len) < 0)
		return fail_hint("the image directory has no complete checkpoint");
	list = json_parse(r->plan->arena, text, len, &why);
	if (!list || list->type != JSON_ARRAY)
		return failx("%s of the checkpoint is damaged", CRIU_DESCRIPTORS);
	for (struct json *at = list->child; at && i <= 2; at = at->next, i++)
		if (at->type == JSON_STRING && !strncmp(at->str, "pipe:[", 6))
			add_fd(r, at->str, i);
	return 0;
}

static int fill_request(struct restoring *r, const struct criu_files *files, int version)
{
	struct criu_opts *o = &r->how->opts;
	bool own = r->plan->ns.fresh & CLONE_NEWCGROUP;

	if (r->how->rootless && criu_needs(version, 31800, "restore by an ordinary user") < 0)
		return -1;
	if (o->lsm_profile && criu_needs(version, 31600, "--lsm-profile") < 0)
		return -1;
	if (o->lsm_mount_context && criu_needs(version, 31600, "--lsm-mount-context") < 0)
		return -1;
	o->unprivileged = r->how->rootless;
	o->evasive_devices = o->rst_sibling = true;
	o->root = r->root;
	o->config_file = criu_conf(r->how, r->config->annotations.at, r->config->annotations.n);
	if (add_joins(r, version) < 0 || add_bind_sources(r) < 0)
		return -1;
	list_each (m, r->config->mounts)
		if (!own && is_cgroup(m) && add_cgroup_binds(r, m) < 0)
			return -1;
	return add_streams(r, files->images);
}

/* ---- CRIU's process -------------------------------------------------------------------------- */

/* Adds the cgroups of CRIU's process, from lines such as "4:memory,cpu:/path": CRIU puts what it
 * restores below them. */
static int note_cgroups(struct restoring *r, pid_t pid)
{
	struct criu_opts *o = &r->how->opts;
	struct arena *a = r->plan->arena;
	struct criu_pair *all;
	char *text, path[32];
	size_t len, room = 1;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (file_read(a, AT_FDCWD, path, 1 << 16, &text, &len) < 0)
		return -1;
	for (char *c = text; *c; c++)
		room += *c == ',' || *c == '\n';
	o->cgroups.at = all = arena_alloc(a, room * sizeof(*all));
	for (char *line = text, *end; *line; line = end + 1) {
		char *names = strchr(line, ':'), *at;

		end = strchr(line, '\n');
		at = names ? strchr(names + 1, ':') : NULL;
		if (!at || !end)
			return failx("%s cannot be read", path);
		*end = *at++ = 0;
		for (names++; names; names = strchr(names, ',') ? strchr(names, ',') + 1 : NULL)
			all[o->cgroups.n++] =
				(struct criu_pair){ arena_strndup(a, names, strcspn(names, ",")),
						    at };
	}
	return 0;
}

/* CRIU runs: returns to our mount namespace, and moves CRIU into the container's cgroup. */
static int place_criu(void *arg, pid_t pid)
{
	struct restoring *r = arg;

	if (leave_mounts(r) < 0)
		return -1;
	if (!r->plan->cgroup || !cgroup_exists(r->plan->cgroup))
		return 0;
	if (cgroup_attach(r->plan->cgroup, pid, false) < 0)
		return -1;
	return note_cgroups(r, pid);
}

static int take_master(struct restoring *r, int *fd)
{
	unsigned n;

	if (*fd < 0 || ioctl(*fd, TIOCGPTN, &n) < 0)
		return failx("criu sent no terminal");
	if (r->console >= 0)
		return sock_send_fd(r->console, "/dev/pts/ptmx", *fd) < 0
			       ? fail_in("console socket")
			       : 0;
	fd_close(&r->serve->out->master);
	r->serve->out->master = fd_take(fd);
	tty_adopt(r->serve->out->master);
	return 0;
}

/* Takes the pid of init, which CRIU reports. It must be a child of ours, because an undo kills
 * it. */
static int take_init(struct serve *s, pid_t pid)
{
	siginfo_t end;

	if (s->out->pid == pid && pid)
		return 0;
	if (s->out->pid || pid <= 0 || pid == s->first ||
	    waitid(P_PID, pid, &end, WEXITED | WNOHANG | WNOWAIT) < 0)
		return failx("criu reports %d for the pid of init", (int)pid);
	s->out->pid = pid;
	s->out->pidfd = sys_pidfd_open(pid);
	/* KERNEL 5.3: pidfd_open(2) (ENOSYS; EPERM of an outer seccomp profile); signals go to the
	 * pid. */
	return s->out->pidfd < 0 && errno != ENOSYS && errno != EPERM ? fail("open a pidfd of init")
								      : 0;
}

static int restore_notify(void *arg, const struct criu_resp *resp, int *fd)
{
	const char *script = resp->notify.script ? resp->notify.script : "";
	struct restoring *r = arg;
	struct serve *s = r->serve;

	if (!strcmp(script, "orphan-pts-master"))
		return take_master(r, fd);
	if (!strcmp(script, "setup-namespaces")) {
		if (take_init(s, resp->notify.pid) < 0)
			return -1;
		/* CRIU has saved no network devices (empty_ns), so they are moved in as at a
		 * start. */
		if (r->how->opts.empty_ns && r->config->linux->net_devices.n &&
		    r->plan->ns.fresh & CLONE_NEWNET && serve_move_devices(s) < 0)
			return fail_in("linux.netDevices");
		return r->config->hooks ? serve_runtime_hooks(s) : 0;
	}
	if (!strcmp(script, "post-restore"))
		return take_init(s, resp->notify.pid) < 0 || check_root(r, s->out->pid) < 0
			       ? -1
			       : known_init(s);
	return 0;
}

static int run_criu(struct restoring *r, struct criu_files *files)
{
	struct criu_req req = { .type = CRIU_RESTORE, .opts = { &r->how->opts, 1 } };
	struct criu_resp resp;
	struct criu_run run = {
		.arena = r->plan->arena,
		.path = r->how->path,
		.pid = &r->serve->first,
		.streams = true,
		.fds = r->fds,
		.nfds = r->nfds,
		.started = place_criu,
		.notify = restore_notify,
		.arg = r,
	};

	if (criu_run(&run, &req, &resp) < 0)
		return criu_explain(r->plan->arena, files);
	if (resp.restore.pid != r->serve->out->pid || !r->plan->state->pid)
		return failx("criu has restored a process that it did not report");
	return 0;
}

/* ---- the spine ------------------------------------------------------------------------------- */

struct undo_restore {
	struct undo undo;
	struct restoring *restoring;
};

static int make_root_point(struct restoring *r, struct life *life)
{
	int fd __cleanup(fd_close) = -1;

	if (mkdirat(life->dir, CRIU_ROOT, 0755) < 0)
		return fail("create " CRIU_ROOT " in the state directory");
	fd = openat(life->dir, CRIU_ROOT, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	r->root = fd < 0 ? NULL : criu_path_inside(r->plan->arena, fd, "");
	return r->root ? 0 : -1;
}

/* Also kills processes that CRIU has restored already. */
static void undo_restored(struct undo_restore *u)
{
	struct serve *s = u->undo.serve;
	struct err_kept why;

	if (u->undo.keep)
		return;
	why = err_keep(u->undo.arena);
	if (leave_mounts(u->restoring) < 0 ||
	    (s->out->life.cgroup && cgroup_kill(s->out->life.cgroup, SIGKILL) < 0))
		log_warn("cleaning up: %s", err_text());
	err_again(why);
	launch_undo(&u->undo);
}

static int restore_container(struct restoring *r, struct criu_files *files,
			     struct oci_config *config, int version)
{
	struct start_plan *plan = r->plan;
	struct serve *s = r->serve;
	struct undo_restore u __cleanup(undo_restored) = { { .arena = plan->arena, .serve = s },
							   r };

	if (launch_claim(plan, &s->out->life) < 0)
		return -1;
	mountenv_inside(plan, config);
	if (make_root_point(r, &s->out->life) < 0 || enter_mounts(r) < 0 ||
	    criu_open(plan->arena, r->how, "restore.log", false, files) < 0 ||
	    fill_request(r, files, version) < 0)
		return -1;
	if (launch_cgroup(plan, &s->out->life) < 0 || restrict_root(r) < 0)
		return -1;
	cgroup_save(s->out->life.cgroup, plan->arena, &s->out->life.state);
	if (plan->how->console_socket) {
		r->console = sock_connect(plan->how->console_socket, SOCK_STREAM);
		if (r->console < 0)
			return fail_in("console socket");
	}
	if (run_criu(r, files) < 0)
		return -1;
	unlinkat(s->out->life.dir, CRIU_ROOT, AT_REMOVEDIR);
	s->out->life.state.restored = true;
	if (life_save(plan->arena, &s->out->life) < 0)
		return -1;
	if (plan->how->pid_file && pidfile_write(plan->how->pid_file, s->out->pid) < 0)
		return -1;
	life_unlock(&s->out->life);
	if (ends_made() < 0)
		return -1;
	u.undo.keep = true;
	return 0;
}

int restore(struct arena *a, const struct launch *how, struct criu_how *criu, struct started *out)
{
	struct criu_files files __cleanup(criu_close) = { -1, -1, NULL, NULL };
	struct oci_doc doc = { .keep_raw = true, .fresh = true };
	struct start_plan plan = PLAN_INIT(a, how);
	struct serve s = SERVE_INIT(&plan, out);
	struct restoring r = { .plan = &plan,
			       .config = &doc.config,
			       .serve = &s,
			       .how = criu,
			       .console = -1,
			       .back = -1,
			       .back_root = -1,
			       .back_cwd = -1 };
	struct criu_run run = { .arena = a, .path = criu->path, .pid = &s.first };
	int version, rc;

	if (launch_prepare(a, &doc, &plan) < 0 || criu_can(a, &doc, doc.config.root->path) < 0 ||
	    spawn_prepare(&s, &plan.signals) < 0)
		return -1;
	/* CRIU clones init, as a child of ours. */
	plan.mode = START_ONE;
	plan.outside = false;
	version = criu_version(&run);
	if (version < 0)
		return ends_explain(), -1;
	if (how->subreaper && !how->detach && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return fail("become subreaper");
	if (life_new(a, how->root, how->id, &out->life) < 0)
		return ends_explain(), -1;
	rc = restore_container(&r, &files, &doc.config, version);
	fd_close(&r.console);
	if (rc < 0)
		return ends_explain(), -1;
	out->memory = plan_memory(&plan);
	if (how->detach)
		ends_default();
	return 0;
}
