/* enter.c - the runtime's part of exec: another process in a container that exists. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* ---- the process: that of the config, changed by options, or one from a file ----------------- */

static void append(struct arena *a, const char ***at, size_t *n, const char *const *more,
		   size_t nmore)
{
	const char **list = arena_more(a, *at, *n, nmore, sizeof(*list));

	if (nmore)
		memcpy(list + *n, more, nmore * sizeof(*list));
	*at = list;
	*n += nmore;
}

/* --cap adds to bounding, effective and permitted, and to ambient if the config has inheritable. */
static void add_caps(struct arena *a, const struct enter *how, struct oci_process *p)
{
	struct oci_capabilities *c = arena_alloc(a, sizeof(*c));
	const char *const *more = (const char *const *)how->caps.at;

	if (!how->caps.n)
		return;
	if (p->capabilities)
		*c = *p->capabilities;
	append(a, &c->bounding.at, &c->bounding.n, more, how->caps.n);
	append(a, &c->effective.at, &c->effective.n, more, how->caps.n);
	append(a, &c->permitted.at, &c->permitted.n, more, how->caps.n);
	if (c->inheritable.at)
		append(a, &c->ambient.at, &c->ambient.n, more, how->caps.n);
	p->capabilities = c;
}

/* --additional-gids adds to those of the config. */
static void add_gids(struct arena *a, const struct enter *how, struct oci_process *p)
{
	size_t n = p->user.additional_gids.n, more = how->additional_gids.n;
	uint32_t *list;

	if (!more)
		return;
	list = arena_more(a, p->user.additional_gids.at, n, more, sizeof(*list));
	memcpy(list + n, how->additional_gids.at, more * sizeof(*list));
	p->user.additional_gids.at = list;
	p->user.additional_gids.n = n + more;
}

static void process_from_options(struct arena *a, const struct enter *how, struct oci_process *p)
{
	p->args.at = how->args.at;
	p->args.n = how->args.n;
	append(a, &p->env.at, &p->env.n, (const char *const *)how->env.at, how->env.n);
	add_caps(a, how, p);
	p->terminal = how->terminal;
	if (how->cwd)
		p->cwd = how->cwd;
	if (how->process_label)
		p->selinux_label = how->process_label;
	if (how->apparmor)
		p->apparmor_profile = how->apparmor;
	if (how->has_user)
		p->user.uid = how->uid;
	if (how->has_gid)
		p->user.gid = how->gid;
	add_gids(a, how, p);
	p->no_new_privileges |= how->no_new_privs;
}

/* Uses the process of the file. For some fields that it does not have the container's are used. */
static int process_from_file(struct arena *a, const struct enter *how, struct oci_process *p)
{
	struct oci_process file = { 0 };

	if (oci_load_process(a, AT_FDCWD, how->process, &file) < 0)
		return -1;
	if (!file.capabilities)
		file.capabilities = p->capabilities;
	if (!file.apparmor_profile)
		file.apparmor_profile = p->apparmor_profile;
	if (!file.selinux_label)
		file.selinux_label = p->selinux_label;
	if (!file.scheduler)
		file.scheduler = p->scheduler;
	if (!file.io_priority)
		file.io_priority = p->io_priority;
	if (!file.exec_cpu_affinity)
		file.exec_cpu_affinity = p->exec_cpu_affinity;
	if (!file.user.umask)
		file.user.umask = p->user.umask;
	if (!file.oom_score_adj)
		file.oom_score_adj = p->oom_score_adj;
	*p = file;
	return 0;
}

static int plan_process(struct start_plan *plan, const struct enter *how, struct oci_process *p)
{
	const char *unknown;

	if (how->process) {
		if (process_from_file(plan->arena, how, p) < 0)
			return -1;
	} else {
		process_from_options(plan->arena, how, p);
	}
	plan->process = p;
	if (!p->args.n)
		return failx("exec args cannot be empty");
	if (p->cwd[0] != '/')
		return failx("Cwd must be an absolute path: \"%s\"", p->cwd);
	if (plan_terminal(p, how->detach, how->console_socket) < 0)
		return -1;
	if (lsm_check(p, NULL) < 0)
		return -1;
	if (p->capabilities) {
		cred_caps_parse(plan->arena, p->capabilities, cred_last_cap(), &plan->caps,
				&unknown);
		if (unknown)
			log_warn("ignoring unknown or unavailable capabilities: [%s]", unknown);
	}
	if (plan->state->no_mknod && plan_makes_nodes(plan))
		return failx("CAP_MKNOD is not given to a container that has no device rules: its "
			     "cgroups are disabled or cannot be written");
	return 0;
}

/* ---- the container --------------------------------------------------------------------------- */

static int check_status(const struct life *l, const struct enter *how)
{
	if (l->status == OCI_STOPPED)
		return failx("cannot exec in a stopped container");
	if (l->status == OCI_PAUSED && !how->ignore_paused)
		return failx("cannot exec in a paused container (use --ignore-paused to override)");
	return 0;
}

#define FOLLOWS 16 /* how often init's cgroup is looked for, because init may move again */

/* Plans to join the container's cgroup. If joining fails, clone_follow finds the one that init is
 * in then. */
static int plan_exec_cgroup(struct start_plan *plan, struct life *l, const struct enter *how)
{
	const struct oci_resources *r = plan->config->linux->resources;

	/* A container without cgroups gets an empty struct, so that the next
	 * functions need no NULL. */
	if (!l->cgroup && cgroup_load(plan->arena, &l->state, &l->cgroup) < 0)
		return -1;
	plan->cgroup = l->cgroup;
	/* exec must work when pids.max is reached. Then the first of two processes stays outside of
	 * the cgroup, and the runtime moves the second one in, which waits for a grace period of
	 * the kernel. */
	plan->outside = plan->mode != START_ONE && r && r->pids && cgroup_is_tight(l->cgroup);
	if (how->cgroups.n)
		return cgroup_sub(l->cgroup, (const char *const *)how->cgroups.at, how->cgroups.n);
	plan->follows = FOLLOWS;
	plan->follow_frozen = how->ignore_paused;
	return 0;
}

static int plan_namespaces(struct start_plan *plan, const struct life *l)
{
	char path[64];

	ns_plan(plan->config->linux, &plan->ns);
	/* Through init all its namespaces are joined, also those that the config has by path. */
	plan_entering(plan);
	/* If the first thread of init has ended, a pidfd cannot be used: it leads to that thread,
	 * which has no namespaces any more. KERNEL 5.3: pidfd_open(2) (ENOSYS); the directory in
	 * /proc is used, which becomes invalid with its process, too. */
	plan->target_dir = proc_open(plan->thread);
	plan->target = l->pidfd >= 0 && !l->headless ? l->pidfd : plan->target_dir;
	if (plan->target_dir < 0)
		return failx("container not running");
	plan->no_setgroups = (plan->how->rootless || plan->ns.all & CLONE_NEWUSER) &&
			     userns_denies_groups(l->state.pid);
	if (plan->ns.all & CLONE_NEWNS)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/root", plan->thread);
	plan->target_root = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return plan->target_root < 0 ? fail("open the root directory of the container") : 0;
}

static int prepare_exec(struct start_plan *plan, struct life *l, struct oci_doc *doc,
			const struct enter *how)
{
	static struct oci_linux no_linux;
	const struct oci_cpu_affinity *cpus;
	int rc;

	if (check_status(l, how) < 0 || life_config(plan->arena, l, doc) < 0)
		return -1;
	if (!doc->config.linux)
		doc->config.linux = &no_linux;
	plan->doc = doc;
	plan->config = &doc->config;
	plan->state = &l->state;
	plan->thread = life_thread(l);
	if (plan_process(plan, how, doc->config.process) < 0)
		return -1;
	rc = plan_namespaces(plan, l) < 0 || plan_exec_cgroup(plan, l, how) < 0 ? -1 : 0;
	/* This comes after the last use of /proc/PID: if init still lives, the pid was not reused.
	 * If init has ended, that is the reason for any error above. */
	if (!life_there(l))
		return failx("container not running");
	if (rc < 0)
		return -1;
	if (launch_seccomp(plan) < 0)
		return -1;
	cpus = plan->process->exec_cpu_affinity;
	/* `initial` applies while the cgroup is joined, so it is set before the clone. */
	return cpus && cpus->initial ? limits_affinity(0, cpus->initial) : 0;
}

/* ---- the spine ------------------------------------------------------------------------------- */

static int start_process(const struct start_plan *plan, struct serve *s, const struct enter *how)
{
	struct child c = CHILD_INIT(plan);
	pid_t first;
	int status;

	if (spawn_connect(&c, s, how->console_socket, how->pidfd_socket) < 0 ||
	    spawn_process(&c, s) < 0 || serve_child(s) < 0)
		return -1;
	first = s->first;
	s->first = s->out->pid;
	if (first != s->out->pid && proc_wait(first, &status) < 0)
		return -1;
	if (how->pid_file && pidfile_write(how->pid_file, s->out->pid) < 0)
		return -1;
	return ends_made();
}

/* Undoes the start. If a signal or the end of the container is the reason, the message says so:
 * engines look for "container not running". */
static int undo_process(struct arena *a, struct serve *s)
{
	struct err_kept why = err_keep(a);

	spawn_kill(s);
	if (ends_explain())
		return -1;
	if (!life_there(&s->out->life))
		return failx("container not running: it ended meanwhile (%s)", why.text);
	return err_again(why);
}

int enter(struct arena *a, const struct enter *how, struct started *out)
{
	struct launch as = { .root = how->root,
			     .id = how->id,
			     .preserve_fds = how->preserve_fds,
			     .rootless = how->rootless };
	struct oci_doc doc = { .keep_raw = false };
	struct start_plan plan = PLAN_INIT(a, &as);
	struct serve s = SERVE_INIT(&plan, out);

	if (life_open(a, how->root, how->id, LIFE_LOOK, &out->life) < 0 ||
	    prepare_exec(&plan, &out->life, &doc, how) < 0)
		return -1;
	if (how->subreaper && !how->detach && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return fail("become subreaper");
	if (spawn_prepare(&s, &plan.signals) < 0)
		return -1;
	if (start_process(&plan, &s, how) < 0)
		return undo_process(a, &s);
	out->memory = plan_memory(&plan);
	return 0;
}
