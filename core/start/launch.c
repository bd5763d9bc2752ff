/* launch.c - the parent of create and run: claims, spawns, serves, and undoes it all on failure. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <limits.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>

/* ---- before anything exists --------------------------------------------------------------------- */

static int check_terminal(const struct launch *how, const struct oci_process *p)
{
	bool leaves = how->detach;

	if (p->terminal && leaves && !how->console_socket)
		return failx(
			"cannot allocate tty if runc will detach without setting console socket");
	if (how->console_socket && (!p->terminal || !leaves))
		return failx("cannot use console socket if runc will not detach or allocate tty");
	return 0;
}

/* The true path of the root filesystem: what the mount table shows and hooks are told. */
static int find_path(struct arena *a, int fd, const char *path, const char **out)
{
	char link[FD_PATH_MAX], real[PATH_MAX];
	ssize_t n = readlink(path_of_fd(link, fd), real, sizeof(real) - 1);

	if (n < 0)
		return fail("find the path of the root filesystem %s", path);
	*out = arena_strndup(a, real, n);
	return 0;
}

static bool mounts_dev(const struct child *c)
{
	list_each (m, c->config->mounts)
		if (!strcmp(path_clean(c->arena, m->destination) + (*m->destination == '/'), "dev"))
			return true;
	return false;
}

static int open_image(struct child *c, const char *path)
{
	/* It is mounted nodev: those of the container would not work either. */
	if (!mounts_dev(c))
		return failx("%s: an image needs a mount on /dev, since device nodes in it are not "
			     "used",
			     path);
	if (!(c->plan.all & CLONE_NEWNS))
		return failx("%s: an image needs a mount namespace", path);
	if (geteuid())
		return failx("%s: only the host's root may mount an image", path);
	/* An overlay takes what is written: the image itself is not. */
	return image_open(path, !c->config->root->readonly && !c->overlay, &c->image);
}

/* Where an image or an overlay is put: a directory of its own, since whatever it covers can't be the
 * source of a mount, such as the directory of the notify socket. */
static int make_place(struct child *c, const struct life *life)
{
	struct stat st;
	const char *dir;

	if (fstat(life->root_dir, &st) < 0)
		return fail("stat the state directory's parent");
	/* The root of a user namespace does not get below a parent that only its owner may search. */
	if (c->plan.all & CLONE_NEWUSER && !(st.st_mode & S_IXOTH) && !c->how->notify)
		return find_path(c->arena, life->root_dir, c->how->root, &c->root_at);
	if (mkdirat(life->dir, "root", 0755) < 0)
		return fail("create root in the state directory");
	if (find_path(c->arena, life->dir, c->how->root, &dir) < 0)
		return -1;
	c->root_at = arena_printf(c->arena, "%s/root", dir);
	return 0;
}

/* A directory, or the image of one, which is mounted here, with the rights of the host. */
static int find_rootfs(struct child *c, struct life *life)
{
	const char *path = c->config->root->path;
	int fd __cleanup(fd_close) = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOTDIR) {
		fd = openat(AT_FDCWD, path, O_PATH | O_CLOEXEC);
		if (fd >= 0 && open_image(c, path) < 0)
			return -1;
	}
	if (fd < 0)
		return fail("root filesystem %s", path);
	if ((c->image.type || c->overlay) && make_place(c, life) < 0)
		return -1;
	return find_path(c->arena, fd, path, &life->state.rootfs);
}

static int check_capabilities(struct child *c)
{
	const char *unknown;

	if (!c->process->capabilities)
		return 0;
	cred_caps_parse(c->arena, c->process->capabilities, cred_last_cap(), &c->caps, &unknown);
	if (unknown)
		log_warn("ignoring unknown or unavailable capabilities: [%s]", unknown);
	return 0;
}

/* A path may lead to the very namespace we are in: what is set there is set for the host. */
static int check_sysctls(const struct child *c)
{
	list_each (s, c->config->linux->sysctl) {
		int own = ns_own(&c->plan, oci_sysctl_namespace(s->key));

		if (own > 0)
			failx("is not in a separate kernel namespace");
		if (own)
			return oci_fail_at(c->doc, "linux.sysctl.%s", s->key);
	}
	return 0;
}

static int load(struct arena *a, const struct launch *how, struct oci_doc *doc)
{
	if (how->text)
		return oci_load_text(a, "generated config.json", how->text, how->text_len, doc);
	return oci_load(a, AT_FDCWD, how->config ? how->config : "config.json", doc);
}

/* What an option or an annotation asks for beyond the spec; the option wins. */
static int plan_extras(struct child *c)
{
	const struct launch *how = c->how;
	const char *init = oci_annotation(c->config, OCI_ANNOTATION_INIT);
	const char *overlay = oci_annotation(c->config, OCI_ANNOTATION_OVERLAY);

	if (how->overlay) {
		overlay = *how->overlay ? how->overlay : "true";
		if (oci_annotation_size(overlay) < 0)
			return failx("invalid value \"%s\" for flag -overlay: must be a size such "
				     "as 64m",
				     overlay);
	}
	if (overlay)
		c->overlay = oci_annotation_size(overlay);
	if (c->overlay && !how->overlay && c->config->root->readonly)
		log_warn("the root stays read-only under the overlay of the "
			 "annotation " OCI_ANNOTATION_OVERLAY ": --overlay makes it writable");
	if (c->overlay && !(c->plan.all & CLONE_NEWNS))
		return failx("an overlay needs a mount namespace");
	if (!how->want_init && !(init && oci_annotation_bool(init)))
		return 0;
	if (!how->init)
		return failx("this build has no oci-init");
	c->self = openat(AT_FDCWD, "/proc/self/exe", O_PATH | O_CLOEXEC);
	return c->self < 0 ? fail("open /proc/self/exe") : 0;
}

/* pids.limit, where 0 counts as 1 (checklist CG-18). */
static bool room_for_one(const struct oci_resources *r)
{
	return r && r->pids && r->pids->limit && *r->pids->limit >= 0 && *r->pids->limit <= 1;
}

/* Reads and checks all that can be checked: from here on failures are the host's. */
static int prepare(struct arena *a, struct oci_doc *doc, struct child *c)
{
	const struct launch *how = c->how;
	static struct oci_linux no_linux;

	if (!oci_id_valid(how->id))
		return *how->id ? failx("invalid container ID format: \"%s\"", how->id)
				: failx("container id cannot be empty");
	if (load(a, how, doc) < 0)
		return -1;
	if (!doc->config.linux)
		doc->config.linux = &no_linux;
	c->doc = doc;
	c->config = &doc->config;
	c->process = doc->config.process;
	if (check_terminal(how, c->process) < 0)
		return -1;
	ns_plan(c->config->linux, &c->plan);
	if (plan_extras(c) < 0)
		return -1;
	if (ns_plan_may_lift(&c->plan) && rootfs_on_initramfs())
		ns_plan_lift(&c->plan);
	c->plan.alone = c->plan.two_steps && room_for_one(c->config->linux->resources);
	/* Hooks of the container's namespaces see its processes, and their init among them. */
	c->late = ns_plan_may_hide(&c->plan) && !c->plan.alone &&
		  !(c->config->hooks && c->config->hooks->create_container.n);
	if (c->late)
		ns_plan_hide(&c->plan);
	/* Root of a user namespace, in a container say, needs none of its own. */
	if (geteuid() && !(c->plan.all & CLONE_NEWUSER)) {
		failx("rootless container requires user namespaces");
		return fail_hint("runc spec --rootless writes a config.json that has one");
	}
	if (how->no_pivot && c->config->linux->rootfs_propagation & MS_PRIVATE)
		return failx("--no-pivot and private rootfsPropagation exclude each other");
	if (ns_open(&c->plan) < 0)
		return oci_fail_at(doc, "linux.namespaces");
	/* What is denied in a user namespace is denied in those below it. */
	c->no_setgroups =
		how->rootless && ((c->plan.fresh & CLONE_NEWUSER &&
				   userns_gives_up_groups(&c->config->linux->gid_mappings)) ||
				  userns_denies_groups(0));
	if (check_sysctls(c) < 0)
		return -1;
	if (lsm_check(c->process, c->config->linux->mount_label) < 0)
		return oci_fail_at(doc, "process");
	return check_capabilities(c);
}

/* ---- claiming: the state directory and what it remembers --------------------------------------------- */

static bool denies_devices(const struct child *c)
{
	if (c->config->linux->resources)
		list_each (d, c->config->linux->resources->devices)
			if (!d->allow)
				return true;
	return false;
}

/* The bounding set limits what a file gives; the other sets outlive execve(2) without it. */
static bool can_make_nodes(const struct child *c)
{
	const struct cred_caps *k = &c->caps;

	if (!c->process->capabilities)
		return true;
	return (k->bounding | k->permitted | k->inheritable | k->ambient) >> CAP_MKNOD & 1;
}

/* Rules that deny something are all that keeps it from the host's devices: it can make nodes, is given
 * some, or uses those of a root directory that cannot be mounted nodev. */
static bool can_have_nodes(const struct child *c)
{
	return !(c->plan.all & CLONE_NEWUSER) && c->how->manager != CGROUP_DISABLED &&
	       (can_make_nodes(c) || c->config->linux->devices.n || !mounts_dev(c)) &&
	       denies_devices(c);
}

/*
 * Device nodes that the root directory brings along would open the host's devices where rules are asked
 * for and no cgroup holds them. Those that we make lie on the mount at /dev, unless the config says
 * otherwise; in a user namespace each is a mount of its own.
 */
static bool wants_nodev(const struct child *c, struct cgroup *cgroup)
{
	if (cgroup_has_rules(cgroup) || !denies_devices(c))
		return false;
	if (c->plan.all & CLONE_NEWUSER)
		return true;
	if (!mounts_dev(c))
		return false;
	list_each (d, c->config->linux->devices)
		if (strncmp(path_clean(c->arena, d->path), "/dev/", 5))
			return false;
	return true;
}

static int plan_cgroup(struct child *c, struct life *life)
{
	const struct oci_linux *l = c->config->linux;
	bool writable = false;
	int64_t owner;

	list_each (m, c->config->mounts) {
		if (strcmp(m->destination, "/sys/fs/cgroup"))
			continue;
		writable = true;
		list_each (opt, m->options)
			if (!strcmp(*opt, "ro"))
				writable = false;
	}
	owner = userns_host_id(&l->uid_mappings, 0);
	if (!cgroup_plan(c->arena,
			 &(struct cgroup_want){ .manager = c->how->manager,
						.id = c->how->id,
						.path = l->cgroups_path,
						.resources = l->resources,
						.tolerant = c->how->rootless,
						.user_bus = c->how->user_bus,
						.has_nodes = can_have_nodes(c),
						.own_cgroupns = c->plan.fresh & CLONE_NEWCGROUP,
						.delegate = c->plan.fresh & CLONE_NEWCGROUP &&
							    writable && owner >= 0,
						.delegate_uid = owner < 0 ? 0 : owner,
						.annotations = c->config->annotations.at,
						.nannotations = c->config->annotations.n },
			 &life->cgroup))
		return 0;
	/* What lives in a cgroup that is refused is not ours: undoing must not kill it. */
	life->cgroup = NULL;
	return -1;
}

static void fill_state(struct child *c, struct life *life)
{
	struct oci_state *s = &life->state;
	struct timespec now;
	char when[48];

	clock_gettime(CLOCK_REALTIME, &now);
	log_time(when, sizeof(when), &now, true);
	s->status = json_word_name(oci_status_words, OCI_CREATING);
	s->created = arena_strdup(c->arena, when);
	s->bundle = c->how->bundle;
	s->config = c->how->config ? c->how->config : "config.json";
	/* exec keeps what init keeps. */
	s->keyring = c->how->no_new_keyring ? NULL : keyring_name(c->arena, c->how->id);
	s->rootless = c->how->rootless;
	s->systemd = c->how->manager == CGROUP_SYSTEMD;
	s->own_pid_ns = c->plan.fresh & CLONE_NEWPID;
	s->hooks =
		c->config->hooks && (c->config->hooks->poststart.n || c->config->hooks->poststop.n);
	s->annotations.at = c->config->annotations.at;
	s->annotations.n = c->config->annotations.n;
	c->state = s;
}

int launch_seccomp(struct child *c)
{
	int cache __cleanup(fd_close) = -1;
	const struct oci_seccomp *s = c->config->linux->seccomp;

	if (!s)
		return 0;
	cache = life_cache(c->how->root);
	if (seccomp_compile(c->arena, s, cache, &c->seccomp) < 0)
		return oci_fail_at(c->doc, "linux.seccomp");
	if (c->seccomp.notify && !s->listener_path) {
		failx("SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath");
		return oci_fail_at(c->doc, "linux.seccomp");
	}
	return 0;
}

static int claim(struct child *c, struct life *life)
{
	if (find_rootfs(c, life) < 0)
		return oci_fail_at(c->doc, "root.path");
	if (plan_cgroup(c, life) < 0) {
		life->cgroup = NULL;
		return -1;
	}
	fill_state(c, life);
	cgroup_save(life->cgroup, c->arena, &life->state);
	if (life_save(c->arena, life) < 0 || life_save_config(life, c->doc) < 0)
		return -1;
	return launch_seccomp(c);
}

/* ---- spawning ------------------------------------------------------------------------------------------ */

static int spawn(struct child *c, struct serve *s)
{
	struct life *life = s->life;

	if (cgroup_create(life->cgroup) < 0) {
		/* Whatever is in it is not ours to kill. */
		life->cgroup = NULL;
		return -1;
	}
	c->nodev = wants_nodev(c, life->cgroup);
	if (cgroup_apply(life->cgroup, c->config->linux->resources) < 0)
		return -1;
	if (mountenv_fill(c) < 0 ||
	    spawn_connect(c, c->how->console_socket, c->how->pidfd_socket) < 0)
		return -1;
	if (c->how->wait_start && (c->fifo = fifo_make(life)) < 0)
		return -1;
	/* Without those that an ordinary user could not make: nobody lives there. */
	cgroup_save(life->cgroup, c->arena, &life->state);
	return spawn_process(c, s);
}

/* ---- the spine -------------------------------------------------------------------------------------------- */

/* Everything that was made, in one handle: undone unless kept. */
struct undo {
	struct arena *arena;
	struct serve *serve;
	bool keep;
};

static void undo(struct undo *u)
{
	struct serve *s = u->serve;
	char *text;
	int num;

	if (u->keep)
		return;
	text = arena_strdup(u->arena, err_text());
	num = err_num();
	serve_kill(s);
	/* Out of descriptors may be why we are here. */
	fd_close(&s->pidfd);
	fd_close(&s->master);
	s->life->status = OCI_STOPPED;
	if (life_destroy(u->arena, s->life) < 0)
		log_warn("cleaning up: %s", err_text());
	fail_take(num, text);
}

/* Somebody waits for the container's readiness, and it has a place for the socket. */
static bool has_service(const struct child *c)
{
	return c->how->notify && c->plan.all & CLONE_NEWNS;
}

static int go(struct arena *a, struct child *c, struct serve *s, struct oci_config *config)
{
	struct undo u __cleanup(undo) = { .arena = a, .serve = s };
	pid_t first;
	int status;

	if (claim(c, s->life) < 0)
		return -1;
	mountenv_inside(c, config);
	if (has_service(c) &&
	    (service_mount(a, s->life, config) < 0 ||
	     (!c->how->wait_start && service_listen(s->life, c->how->notify, &s->service) < 0)))
		return -1;
	if (spawn(c, s) < 0)
		return -1;
	if (serve_child(s) < 0)
		return -1;
	/* The container's from here on: it goes with its mount namespace. */
	fd_close(&c->image.mnt);
	/* The first of two processes has done its work. */
	first = s->first;
	s->first = s->pid;
	if (first != s->pid && proc_wait(first, &status) < 0)
		return -1;
	/* The end of the stream is also what a death looks like, by a profile that kills for instance. */
	if (c->how->wait_start && !fifo_waits(s->life))
		return failx("container init died before it waited for start");
	if (c->how->pid_file && pidfile_write(c->how->pid_file, s->pid) < 0)
		return -1;
	/* From here on it is for others to see as running, its poststart hooks among them. */
	life_unlock(s->life);
	if ((!c->how->wait_start && life_poststart(a, s->life) < 0) || ends_made() < 0)
		return -1;
	u.keep = true;
	return 0;
}

int launch(struct arena *a, const struct launch *how, struct started *out)
{
	struct oci_doc doc = { .keep_raw = true, .fresh = true, .named = how->config };
	struct child c = CHILD_INIT(a, how);
	struct serve s = SERVE_INIT(&c, &out->life);

	if (prepare(a, &doc, &c) < 0 || serve_prepare(&s) < 0)
		return -1;
	if (how->subreaper && !how->detach && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return fail("become subreaper");
	if (how->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return fail("ask to die with the parent");
	if (life_new(a, how->root, how->id, &out->life) < 0)
		return ends_explain(), -1;
	if (go(a, &c, &s, &doc.config) < 0)
		return !ends_explain() && s.exec_failed ? LAUNCH_EXEC_FAILED : -1;
	serve_leave(&s, out);
	if (how->detach)
		ends_default();
	return 0;
}
