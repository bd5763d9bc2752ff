/* launch.c - the runtime's part of create and run, and how a failed start is undone. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <limits.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

/* ---- checks before anything is made ---------------------------------------------------------- */

/* *out becomes the path of the descriptor without symlinks, as mountinfo and hooks have it. */
static int find_path(struct arena *a, int fd, const char *path, const char **out)
{
	char link[FD_PATH_MAX], real[PATH_MAX];
	ssize_t n = readlink(path_of_fd(link, fd), real, sizeof(real) - 1);

	if (n < 0)
		return fail("find the path of the root filesystem %s", path);
	*out = arena_strndup(a, real, n);
	return 0;
}

/* True if an annotation asks for dm-verity. */
static bool find_verity(const struct oci_config *c, struct verity *v)
{
	v->hash = oci_annotation(c, OCI_ANNOTATION_HASH);
	v->root = oci_annotation(c, OCI_ANNOTATION_ROOT);
	v->signature = oci_annotation(c, OCI_ANNOTATION_SIGNATURE);
	return verity_is_set(v);
}

static int open_root_image(struct start_plan *plan, const char *path)
{
	struct verity *verity = &plan->image.verity;

	if (!WITH_IMAGES)
		return not_built("WITH_IMAGES", "images");
	/* The image is mounted nodev, so device nodes made in it would not work. */
	if (!plan_mounts_dev(plan))
		return failx("%s: an image needs a mount on /dev, since device nodes in it are not "
			     "used",
			     path);
	if (!(plan->ns.all & CLONE_NEWNS))
		return failx("%s: an image needs a mount namespace", path);
	if (getauxval(AT_EUID))
		return failx("%s: only the host's root may mount an image", path);
	plan->image.at = plan->how->image_at;
	plan->image.len = plan->how->image_len;
	if (find_verity(plan->config, verity)) {
		if (!WITH_VERITY)
			return not_built("WITH_VERITY", "dm-verity");
		if (!verity->hash || !verity->root)
			return failx("dm-verity needs both annotations, " OCI_ANNOTATION_HASH
				     " and " OCI_ANNOTATION_ROOT);
	}
	/* With an overlay the image is not written. */
	return image_open(path, !plan->config->root->readonly && !plan->overlay, &plan->image);
}

/* Makes the mount point of an image or an overlay, in the state directory. It is a directory of its
 * own, because the mount covers what is below it, and the notify directory must stay visible. */
static int make_root_at(struct start_plan *plan, const struct life *life)
{
	struct stat st;
	const char *dir;

	if (fstat(life->root_dir, &st) < 0)
		return fail("stat the state directory's parent");
	/* Where only its owner may search the parent of the state directory, root of a user
	 * namespace cannot reach what is in it. So the parent itself is the mount point. */
	if (plan->ns.all & CLONE_NEWUSER && !(st.st_mode & S_IXOTH) && !plan->how->notify)
		return find_path(plan->arena, life->root_dir, plan->how->root, &plan->root_at);
	if (mkdirat(life->dir, "root", 0755) < 0)
		return fail("create root in the state directory");
	if (find_path(plan->arena, life->dir, plan->how->root, &dir) < 0)
		return -1;
	plan->root_at = arena_printf(plan->arena, "%s/root", dir);
	return 0;
}

/* Finds the root directory, or mounts its image with the rights of the host. */
static int find_rootfs(struct start_plan *plan, struct life *life)
{
	const char *path = plan->config->root->path;
	int fd __cleanup(fd_close) = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct verity verity;

	if (fd >= 0 && find_verity(plan->config, &verity))
		return failx("%s is a directory: dm-verity, for which annotations ask, checks "
			     "images",
			     path);
	if (fd < 0 && errno == ENOTDIR) {
		fd = openat(AT_FDCWD, path, O_PATH | O_CLOEXEC);
		if (fd >= 0 && open_root_image(plan, path) < 0)
			return -1;
	}
	if (fd < 0)
		return fail("root filesystem %s", path);
	if ((WITH_IMAGES || WITH_OVERLAY) && (plan->image.type || plan->overlay) &&
	    make_root_at(plan, life) < 0)
		return -1;
	return find_path(plan->arena, fd, path, &life->state.rootfs);
}

static int check_capabilities(struct start_plan *plan)
{
	const char *unknown;

	if (!plan->process->capabilities)
		return 0;
	cred_caps_parse(plan->arena, plan->process->capabilities, cred_last_cap(), &plan->caps,
			&unknown);
	if (unknown)
		log_warn("ignoring unknown or unavailable capabilities: [%s]", unknown);
	return 0;
}

/* Refuses sysctls of a namespace that is our own, also if it has a path: they would change the
 * host. */
static int check_sysctls(const struct start_plan *plan)
{
	list_each (s, plan->config->linux->sysctl) {
		int own = ns_own(&plan->ns, oci_sysctl_namespace(s->key));

		if (own > 0)
			failx("is not in a separate kernel namespace");
		if (own)
			return oci_fail_at(plan->doc, "linux.sysctl.%s", s->key);
	}
	return 0;
}

static int load_config(struct arena *a, const struct launch *how, struct oci_doc *doc)
{
	if (how->text)
		return oci_load_text(a, "generated config.json", how->text, how->text_len, doc);
	return oci_load(a, AT_FDCWD, how->config ? how->config : "config.json", doc);
}

/* Reads --init, --overlay and their annotations. An option overrides its annotation. */
static int plan_extras(struct start_plan *plan)
{
	const struct launch *how = plan->how;
	const char *init = oci_annotation(plan->config, OCI_ANNOTATION_INIT);
	const char *overlay = oci_annotation(plan->config, OCI_ANNOTATION_OVERLAY);

	if (how->overlay) {
		overlay = *how->overlay ? how->overlay : "true";
		if (oci_annotation_size(overlay) < 0)
			return failx("invalid value \"%s\" for flag -overlay: must be a size such "
				     "as 64m",
				     overlay);
	}
	if (overlay)
		plan->overlay = oci_annotation_size(overlay);
	if (plan->overlay && !WITH_OVERLAY)
		return not_built("WITH_OVERLAY", "overlays of the root");
	if (plan->overlay && !how->overlay && plan->config->root->readonly)
		log_warn("the root stays read-only under the overlay of the "
			 "annotation " OCI_ANNOTATION_OVERLAY ": --overlay makes it writable");
	if (plan->overlay && !(plan->ns.all & CLONE_NEWNS))
		return failx("an overlay needs a mount namespace");
	if (!how->want_init && !(init && oci_annotation_bool(init)))
		return 0;
	if (!how->init)
		return failx("this build has no oci-init");
	plan->self = openat(AT_FDCWD, "/proc/self/exe", O_PATH | O_CLOEXEC);
	return plan->self < 0 ? fail("open /proc/self/exe") : 0;
}

int launch_prepare(struct arena *a, struct oci_doc *doc, struct start_plan *plan)
{
	const struct launch *how = plan->how;
	static struct oci_linux no_linux;

	if (!oci_id_valid(how->id))
		return *how->id ? failx("invalid container ID format: \"%s\"", how->id)
				: failx("container id cannot be empty");
	if (load_config(a, how, doc) < 0)
		return -1;
	if (!WITH_OLD_KERNELS && sys_version() && sys_version() < 0x50c00)
		return not_built("WITH_OLD_KERNELS", "way for kernels before Linux 5.12");
	if (!doc->config.linux)
		doc->config.linux = &no_linux;
	plan->doc = doc;
	plan->config = &doc->config;
	plan->process = doc->config.process;
	if (plan_terminal(plan->process, how->detach, how->console_socket) < 0)
		return -1;
	ns_plan(plan->config->linux, &plan->ns);
	if (plan_extras(plan) < 0)
		return -1;
	plan_processes(plan, ns_plan_may_lift(&plan->ns) && rootfs_on_initramfs());
	/* Root of a user namespace, for example in a container, does not need another one. */
	if (getauxval(AT_EUID) && !(plan->ns.all & CLONE_NEWUSER)) {
		if (!WITH_USERNS)
			return not_built("WITH_USERNS", "user namespaces");
		failx("rootless container requires user namespaces");
		return fail_hint("runc spec --rootless writes a config.json that has one");
	}
	if (how->no_pivot && plan->config->linux->rootfs_propagation & MS_PRIVATE)
		return failx("--no-pivot and private rootfsPropagation exclude each other");
	if (ns_open(&plan->ns) < 0)
		return oci_fail_at(doc, "linux.namespaces");
	/* If a user namespace denies setgroups(2), those below it do so too. */
	plan->no_setgroups = WITH_USERNS && how->rootless &&
			     ((plan->ns.fresh & CLONE_NEWUSER &&
			       userns_gives_up_groups(&plan->config->linux->gid_mappings)) ||
			      userns_denies_groups(0));
	if (check_sysctls(plan) < 0)
		return -1;
	if (lsm_check(plan->process, plan->config->linux->mount_label) < 0)
		return oci_fail_at(doc, "process");
	return check_capabilities(plan);
}

/* ---- the state directory --------------------------------------------------------------------- */

static int plan_cgroup(struct start_plan *plan, struct life *life)
{
	const struct oci_linux *l = plan->config->linux;
	int64_t owner = oci_host_id(&l->uid_mappings, 0);

	if (!cgroup_plan(plan->arena,
			 &(struct cgroup_want){ .manager = plan->how->manager,
						.id = plan->how->id,
						.path = l->cgroups_path,
						.resources = l->resources,
						.tolerant = plan->how->rootless,
						.user_bus = plan->how->user_bus,
						.has_nodes = plan_has_nodes(plan),
						.own_cgroupns = plan->ns.fresh & CLONE_NEWCGROUP,
						.delegate = plan->ns.fresh & CLONE_NEWCGROUP &&
							    WITH_CGROUP &&
							    plan_writes_cgroups(plan) && owner >= 0,
						.delegate_uid = owner < 0 ? 0 : owner,
						.annotations = plan->config->annotations.at,
						.nannotations = plan->config->annotations.n },
			 &life->cgroup))
		return 0;
	/* A cgroup that was refused may have processes of another program, which the undo must not
	 * kill. */
	life->cgroup = NULL;
	return -1;
}

static void fill_state(struct start_plan *plan, struct life *life)
{
	struct oci_state *s = &life->state;
	struct timespec now;
	char when[48];

	clock_gettime(CLOCK_REALTIME, &now);
	log_time(when, sizeof(when), &now, true);
	s->status = json_word_name(oci_status_words, OCI_CREATING);
	s->created = arena_strdup(plan->arena, when);
	s->bundle = plan->how->bundle;
	s->config = plan->how->config ? plan->how->config : "config.json";
	/* If init keeps the caller's keyring, exec does so too. */
	s->keyring = plan->how->no_new_keyring ? NULL : keyring_name(plan->arena, plan->how->id);
	s->rootless = plan->how->rootless;
	s->systemd = plan->how->manager == CGROUP_SYSTEMD;
	s->own_pid_ns = plan->ns.fresh & CLONE_NEWPID;
	s->hooks = WITH_HOOKS && plan->config->hooks &&
		   (plan->config->hooks->poststart.n || plan->config->hooks->poststop.n);
	s->annotations.at = plan->config->annotations.at;
	s->annotations.n = plan->config->annotations.n;
	plan->state = s;
}

int launch_seccomp(struct start_plan *plan)
{
	int cache __cleanup(fd_close) = -1;
	const struct oci_seccomp *s = plan->config->linux->seccomp;

	if (!WITH_SECCOMP || !s)
		return 0;
	cache = life_cache(plan->how->root);
	if (seccomp_compile(plan->arena, s, cache, &plan->seccomp) < 0)
		return oci_fail_at(plan->doc, "linux.seccomp");
	if (plan->seccomp.notify && !s->listener_path) {
		failx("SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath");
		return oci_fail_at(plan->doc, "linux.seccomp");
	}
	return 0;
}

int launch_claim(struct start_plan *plan, struct life *life)
{
	if (find_rootfs(plan, life) < 0)
		return oci_fail_at(plan->doc, "root.path");
	if (plan_cgroup(plan, life) < 0)
		return -1;
	plan->cgroup = life->cgroup;
	fill_state(plan, life);
	cgroup_save(life->cgroup, plan->arena, &life->state);
	if (life_save(plan->arena, life) < 0 || life_save_config(life, plan->doc) < 0)
		return -1;
	return launch_seccomp(plan);
}

/* ---- spawning -------------------------------------------------------------------------------- */

int launch_cgroup(struct start_plan *plan, struct life *life)
{
	bool rules;

	if (cgroup_create(life->cgroup) < 0) {
		/* It may have processes of another program, which the undo must not kill. */
		life->cgroup = NULL;
		return -1;
	}
	rules = cgroup_has_rules(life->cgroup);
	life->state.no_mknod = plan_no_mknod(plan, rules);
	if (plan_devices(plan, rules) < 0)
		return -1;
	return cgroup_apply(life->cgroup, plan->config->linux->resources);
}

static int spawn(struct start_plan *plan, struct serve *s)
{
	struct child c = CHILD_INIT(plan);
	struct life *life = &s->out->life;

	if (launch_cgroup(plan, life) < 0)
		return -1;
	mountenv_fill(&c);
	if (spawn_connect(&c, s, plan->how->console_socket, plan->how->pidfd_socket) < 0)
		return -1;
	if (plan->how->wait_start && (c.fifo = fifo_make(life)) < 0)
		return -1;
	/* cgroup_create leaves out directories that an ordinary user cannot make. */
	cgroup_save(life->cgroup, plan->arena, &life->state);
	if (plan_alone(plan, sys_version()))
		ns_plan_alone(&plan->ns);
	return spawn_process(&c, s);
}

/* ---- the spine ------------------------------------------------------------------------------- */

void launch_undo(struct undo *u)
{
	struct serve *s = u->serve;
	struct err_kept why;

	if (u->keep)
		return;
	why = err_keep(u->arena);
	spawn_kill(s);
	/* The start may have failed because this process has too many descriptors. */
	fd_close(&s->out->pidfd);
	fd_close(&s->out->master);
	s->out->life.status = OCI_STOPPED;
	if (life_take_down(u->arena, &s->out->life) < 0)
		log_warn("cleaning up: %s", err_text());
	err_again(why);
}

/* True if a service manager waits for the container, and a mount namespace can have its socket. */
static bool has_service(const struct start_plan *plan)
{
	return WITH_NOTIFY && plan->how->notify && plan->ns.all & CLONE_NEWNS;
}

static int start_container(struct arena *a, struct start_plan *plan, struct serve *s,
			   struct oci_config *config)
{
	struct undo u __cleanup(launch_undo) = { .arena = a, .serve = s };
	pid_t first;
	int status;

	if (launch_claim(plan, &s->out->life) < 0)
		return -1;
	mountenv_inside(plan, config);
	if (has_service(plan) &&
	    (service_mount(a, &s->out->life, config) < 0 ||
	     (!plan->how->wait_start &&
	      service_listen(&s->out->life, plan->how->notify, &s->out->service) < 0)))
		return -1;
	if (spawn(plan, s) < 0)
		return -1;
	if (serve_child(s) < 0)
		return -1;
	/* The image's mount now belongs to the container's mount namespace. */
	fd_close(&plan->image.mnt);
	/* The first of two processes has ended. */
	first = s->first;
	s->first = s->out->pid;
	if (first != s->out->pid && proc_wait(first, &status) < 0)
		return -1;
	/* The wire may have ended by a death, for example if the seccomp profile kills init. */
	if (plan->how->wait_start && !fifo_waits(&s->out->life))
		return failx("container init died before it waited for start");
	if (!plan->how->wait_start && life_note_start(plan->arena, &s->out->life) < 0)
		return -1;
	if (plan->how->pid_file && pidfile_write(plan->how->pid_file, s->out->pid) < 0)
		return -1;
	/* From here on other commands, also those of poststart hooks, see the status "running". */
	life_unlock(&s->out->life);
	if ((!plan->how->wait_start && life_poststart(a, &s->out->life) < 0) || ends_made() < 0)
		return -1;
	u.keep = true;
	return 0;
}

int launch(struct arena *a, const struct launch *how, struct started *out)
{
	struct oci_doc doc = { .keep_raw = true, .fresh = true, .named = how->config };
	struct start_plan plan = PLAN_INIT(a, how);
	struct serve s = SERVE_INIT(&plan, out);

	if (launch_prepare(a, &doc, &plan) < 0 || spawn_prepare(&s, &plan.signals) < 0)
		return -1;
	if (how->subreaper && !how->detach && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return fail("become subreaper");
	if (how->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return fail("ask to die with the parent");
	if (life_new(a, how->root, how->id, &out->life) < 0)
		return ends_explain(), -1;
	if (start_container(a, &plan, &s, &doc.config) < 0)
		return !ends_explain() && s.exec_failed ? LAUNCH_EXEC_FAILED : -1;
	out->memory = plan_memory(&plan);
	if (how->detach)
		ends_default();
	return 0;
}
