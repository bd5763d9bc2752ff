/* serve.c - the parent's answers to init: one row a question. */
/* SPDX-License-Identifier: MIT */
#include "core/run/child.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static int open_ns(const struct serve *s, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)(s->pid ? s->pid : s->first), name);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? fail("open %s", path) : fd;
}

/* A file of our own view of init's /proc directory, through a procfs of ours. */
static int write_proc(const struct serve *s, const char *file, const char *value)
{
	int proc __cleanup(fd_close) = procfs_open();
	char path[64];

	if (proc < 0)
		return -1;
	snprintf(path, sizeof(path), "%d/%s", (int)s->pid, file);
	return procfs_write(proc, path, value);
}

/* ---- one function a question; *fd is a descriptor for the answer ---------------------------------- */

static int serve_pid(struct serve *s, const struct wire_msg *m, int *fd)
{
	siginfo_t si;

	(void)fd;
	/* Of a pid namespace where others are, somebody may speak for it. */
	if (waitid(P_PID, m->num, &si, WEXITED | WNOHANG | WNOWAIT) < 0)
		return fail("process %d is not init", m->num);
	s->pid = m->num;
	fd_close(&s->pidfd);
	s->pidfd = sys_pidfd_open(s->pid);
	/* EPERM is no answer of the call's own, but an outer seccomp profile's. */
	if (s->pidfd < 0 && errno != ENOSYS && errno != EPERM)
		return fail("open a pidfd of init");
	return serve_known(s);
}

static int serve_map_ids(struct serve *s, const struct wire_msg *m, int *fd)
{
	const struct oci_linux *l = s->c->config->linux;

	(void)m;
	(void)fd;
	return userns_map(s->pid ? s->pid : s->first, &l->uid_mappings, &l->gid_mappings,
			  s->c->how->rootless, s->c->how->helper_path);
}

static int serve_time_offsets(struct serve *s, const struct wire_msg *m, int *fd)
{
	char path[64], text[256];
	int n = 0;

	(void)m;
	(void)fd;
	list_each (t, s->c->config->linux->time_offsets)
		n += snprintf(text + n, sizeof(text) - n, "%s %lld %u\n", t->key,
			      (long long)t->secs, t->nanosecs);
	snprintf(path, sizeof(path), "/proc/%d/timens_offsets", (int)s->first);
	return file_write(AT_FDCWD, path, text);
}

static int serve_netdevs(struct serve *s, const struct wire_msg *m, int *fd)
{
	int ns __cleanup(fd_close) = open_ns(s, "net");

	(void)m;
	(void)fd;
	return ns < 0 ? -1 : net_move_devices(s->c->config->linux, ns);
}

static int open_userns(const struct serve *s, const struct oci_mount *m)
{
	if (m->uid_mappings.n)
		return userns_fd(&m->uid_mappings, &m->gid_mappings, s->c->how->helper_path);
	return open_ns(s, "user");
}

/* The image was mounted detached before the clone: both sides have it already. */
static int map_image(struct serve *s)
{
	const struct image *image = &s->c->image;
	int userns __cleanup(fd_close) = -1;

	if (!image->type)
		return failx("init asks for an image that is none");
	userns = open_ns(s, "user");
	if (userns < 0 || mountapi_idmap(image->mnt, userns, false) < 0)
		return fail_in("%s image", image->type->name);
	return 0;
}

/* Only sources of the config are opened, by index: the child cannot ask for others. */
static int serve_mount_fd(struct serve *s, const struct wire_msg *m, int *fd)
{
	const struct oci_config *c = s->c->config;
	const struct oci_mount *mount;
	int userns __cleanup(fd_close) = -1;
	struct mount_opts o;

	if (m->num == MOUNT_ROOT)
		return map_image(s);
	if (m->num <= MOUNT_NODE && s->c->plan.all & CLONE_NEWUSER) {
		*fd = dev_make_node(c->linux, (size_t)(MOUNT_NODE - (int64_t)m->num));
		return *fd < 0 ? -1 : 0;
	}
	if (m->num < 0 || (size_t)m->num >= c->mounts.n)
		return failx("init asks for mount %d of %zu", m->num, c->mounts.n);
	mount = &c->mounts.at[m->num];
	mountopt_parse(s->c->arena, mount, &o);
	if (!(o.flags & MS_BIND))
		return failx("init asks for the source of mount %d, which is not a bind", m->num);
	if ((o.idmap || o.ridmap) && (userns = open_userns(s, mount)) < 0)
		return mountenv_fail(s->c, mount);
	*fd = mount_source(&(struct mount_source){ .pid = s->pid ? s->pid : s->first,
						   .path = mount->source,
						   .recursive = o.flags & MS_REC,
						   .nofollow = o.src_nofollow,
						   .userns = userns,
						   .idmap_all = o.ridmap,
						   .propagation = c->linux->rootfs_propagation });
	return *fd < 0 ? mountenv_fail(s->c, mount) : 0;
}

static int serve_attach(struct serve *s, const struct wire_msg *m, int *fd)
{
	int rc;

	(void)m;
	(void)fd;
	do {
		rc = cgroup_attach(s->life->cgroup, s->pid ? s->pid : s->first, false);
	} while (rc < 0 && spawn_follow(s->c, err_num()));
	return rc;
}

static int serve_console(struct serve *s, const struct wire_msg *m, int *fd)
{
	(void)fd;
	if (m->fd < 0)
		return failx("init sent no terminal");
	s->master = m->fd;
	wait_adopt(s->master);
	return 0;
}

static int serve_hooks(struct serve *s, const struct wire_msg *m, int *fd)
{
	const struct oci_hooks *h = s->c->config->hooks;
	struct hook_run run = { .name = "prestart",
				.hooks = &h->prestart,
				.state = s->c->state,
				.status = OCI_CREATING,
				.pid = s->pid ? s->pid : s->first };

	(void)m;
	(void)fd;
	if (hooks_run(s->c->arena, &run) < 0)
		return -1;
	run.name = "createRuntime";
	run.hooks = &h->create_runtime;
	return hooks_run(s->c->arena, &run);
}

static int send_pidfd(struct serve *s)
{
	const char *kind = child_enters(s->c) ? "setns" : "standard";

	if (s->c->pidfd_socket < 0)
		return 0;
	if (s->pidfd < 0)
		return failx("open a pidfd of init: not on this kernel");
	if (wire_send_fd(s->c->pidfd_socket, kind, s->pidfd) < 0)
		return fail_in("pidfd socket");
	fd_close(&s->c->pidfd_socket);
	return 0;
}

/* Init exists and is ready, whichever came last: what it gets from outside and would not inherit. */
static int settle(struct serve *s)
{
	const struct oci_scheduler *sched = s->c->process->scheduler;

	if (!s->pid || !s->ready)
		return 0;
	if (sched && !limits_scheduler_forks(sched) && limits_scheduler(s->pid, sched) < 0)
		return -1;
	return send_pidfd(s);
}

/* With the host's rights: in a user namespace a pipe of the host belongs to nobody. */
static void own_streams(const struct child *c)
{
	const oci_id_maps *maps = &c->config->linux->uid_mappings;
	bool userns = c->plan.all & CLONE_NEWUSER;
	int64_t uid = userns && !maps->n ? -1 : userns_host_id(maps, c->process->user.uid);

	if (!c->process->terminal && uid >= 0 && (uid || userns))
		console_own_streams(uid);
}

static int serve_ready(struct serve *s, const struct wire_msg *m, int *fd)
{
	const struct oci_process *p = s->c->process;

	(void)m;
	(void)fd;
	/* Raising a hard limit takes a privilege over the host that init may not have. */
	if (p->rlimits.n && limits_rlimits(s->pid ? s->pid : s->first, p, !s->pid) < 0)
		return -1;
	own_streams(s->c);
	s->ready = true;
	log_debug("process %d of container %s is ready", (int)(s->pid ? s->pid : s->first),
		  s->life->state.id);
	return settle(s);
}

/* runtime-spec "The Container Process State": one message, the descriptor beside it, per connection. */
static int serve_seccomp_fd(struct serve *s, const struct wire_msg *m, int *fd)
{
	const struct oci_seccomp *sc = s->c->config->linux->seccomp;
	struct json_out o = { .arena = s->c->arena }, st = { .arena = s->c->arena };
	int sock __cleanup(fd_close) = -1;

	(void)fd;
	if (m->fd < 0 || !sc->listener_path)
		return failx("a seccomp descriptor comes without linux.seccomp.listenerPath");
	json_open(&o, NULL, '{');
	json_put_str(&o, "ociVersion", OCI_VERSION);
	json_open(&o, "fds", '[');
	json_put_str(&o, NULL, "seccompFd");
	json_close(&o, ']');
	json_put_i64(&o, "pid", s->pid);
	if (sc->listener_metadata)
		json_put_str(&o, "metadata", sc->listener_metadata);
	if (child_enters(s->c))
		oci_state_put(&st, s->c->state, s->life->status, s->c->state->pid, NULL);
	else
		oci_state_put(&st, s->c->state, OCI_CREATING, s->pid, NULL);
	json_put_text(&o, "state", st.buf);
	json_close(&o, '}');
	sock = unix_connect(sc->listener_path, SOCK_STREAM);
	if (sock < 0 || wire_send_fd(sock, o.buf, m->fd) < 0)
		return fail_in("linux.seccomp.listenerPath");
	return 0;
}

/* Every question: who answers, whether it may come more than once, and also once init is ready: it may
 * have been taken over then by somebody it shares a pid namespace with. */
static const struct {
	int (*serve)(struct serve *s, const struct wire_msg *m, int *fd);
	bool repeats, no_answer, when_ready;
} rows[WIRE_TYPES] = {
	[WIRE_PID] = { serve_pid, .no_answer = true, .when_ready = true },
	[WIRE_MAP_IDS] = { serve_map_ids },
	[WIRE_TIME_OFFSETS] = { serve_time_offsets },
	[WIRE_NETDEVS] = { serve_netdevs },
	[WIRE_MOUNT_FD] = { serve_mount_fd, .repeats = true },
	[WIRE_ATTACH] = { serve_attach },
	[WIRE_CONSOLE] = { serve_console },
	[WIRE_HOOKS] = { serve_hooks },
	[WIRE_READY] = { serve_ready },
	[WIRE_SECCOMP_FD] = { serve_seccomp_fd, .when_ready = true },
};

/* For tools that look into state.json for a namespace to join (checklist F-02). */
static void note_namespaces(struct serve *s)
{
	struct ns_plan plan = { .all = ~0u };
	struct json_pair *pairs = arena_alloc(s->c->arena, NS_MAX * sizeof(*pairs));

	ns_plan_process(s->c->arena, s->pid, &plan);
	for (size_t i = 0; i < plan.njoins; i++)
		pairs[i] = (struct json_pair){ ns_name(plan.joins[i].type), plan.joins[i].path };
	s->life->state.namespace_paths.at = pairs;
	s->life->state.namespace_paths.n = plan.njoins;
}

/* What must stand on record before init may go on: the point where it begins to exist for others. */
int serve_known(struct serve *s)
{
	struct oci_state *st = &s->life->state;
	struct proc_stat stat;
	int found = proc_stat(s->pid, &stat);

	if (found < 0)
		return -1;
	/* One that enters may be hidden from us (hidepid of proc(5)): every signal is set back then. */
	if (!found && (s->c->target < 0 || kill(s->pid, 0) < 0))
		return failx("init died at once");
	s->ignored = found ? stat.ignored : ~0u;
	if (s->c->target < 0) {
		st->pid = s->pid;
		st->start_time = stat.start;
		note_namespaces(s);
		if (life_save(s->c->arena, s->life) < 0)
			return -1;
	}
	if (s->c->process->oom_score_adj) {
		char text[16];

		snprintf(text, sizeof(text), "%d", *s->c->process->oom_score_adj);
		if (write_proc(s, "oom_score_adj", text) < 0)
			return fail_in("process.oomScoreAdj");
	}
	if (s->c->config->linux->intel_rdt && s->c->target >= 0 &&
	    rdt_join(s->c->arena, s->c->config->linux->intel_rdt, st->id, s->pid) < 0)
		return fail_in("linux.intelRdt");
	if (s->c->config->linux->intel_rdt && s->c->target < 0) {
		if (rdt_apply(s->c->arena, s->c->config->linux->intel_rdt, st->id, s->pid,
			      &st->intel_rdt_path) < 0)
			return fail_in("linux.intelRdt");
		if (life_save(s->c->arena, s->life) < 0)
			return -1;
	}
	/* The first process has left the only place to init. */
	if (s->c->plan.alone && serve_attach(s, NULL, NULL) < 0)
		return -1;
	if (settle(s) < 0)
		return -1;
	return s->c->plan.two_steps ? wire_send(s->sock, WIRE_OK, (int)s->ignored, NULL, -1) : 0;
}

static int answer(struct serve *s, const struct wire_msg *m)
{
	int fd __cleanup(fd_close) = -1;

	if (!rows[m->type].serve || (s->done & 1u << m->type && !rows[m->type].repeats) ||
	    (s->ready && !rows[m->type].when_ready))
		return failx("init asks what is not expected now (message %u)", m->type);
	s->done |= 1u << m->type;
	if (rows[m->type].serve(s, m, &fd) < 0) {
		/* Init ends by this; our own record is what the caller sees. */
		char text[WIRE_TEXT_MAX];
		int num = err_num();

		snprintf(text, sizeof(text), "%s", err_text());
		wire_send(s->sock, WIRE_FAIL, num, text, -1);
		return fail_take(num, text);
	}
	if (rows[m->type].no_answer)
		return 0;
	return wire_send(s->sock, WIRE_OK, m->type == WIRE_READY ? (int)s->ignored : 0, NULL, fd);
}

static void relay_log(const struct wire_msg *m)
{
	LOG_HERE;
	/* A number of somebody who may have been taken over is no index of ours. */
	if (m->num < LOG_ERROR || m->num > LOG_DEBUG)
		return;
	log_put(m->num, "%s", m->text);
}

/* The end of the stream before READY: only the kernel knows more (checklist X-09). */
static int died_early(struct serve *s)
{
	const char *who = child_enters(s->c) ? "the process" : "container init";
	pid_t pid = s->pid ? s->pid : s->first;
	int status;

	if (pid <= 0 || proc_wait(pid, &status) < 0)
		return failx("%s died before it was ready", who);
	if (s->pid)
		s->pid = 0;
	else
		s->first = 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && cgroup_oom_kills(s->life->cgroup))
		return failx("container init was OOM-killed (memory limit too low?)");
	if (WIFSIGNALED(status))
		return failx("%s was killed by signal %d before it was ready", who,
			     WTERMSIG(status));
	return failx("%s exited with status %d before it was ready", who, WEXITSTATUS(status));
}

/* The frame by which engines and people know a start that failed: the container's first process says
 * where it was, a program that is not there speaks for itself (checklist X-10). */
static int in_frame(const struct serve *s)
{
	if (s->exec_failed)
		return -1;
	if (s->c->target < 0 && strncmp(err_text(), "exec: ", 6) != 0)
		fail_in("error during container init");
	return fail_in("unable to start container process");
}

/*
 * The first of two processes may die with init cloned and its pid not told: then the stream does not
 * end, since init holds it, waiting for us. KERNEL 5.3: pidfds; without them that is not seen.
 */
static bool first_is_gone(const struct serve *s)
{
	struct pollfd fds[2] = { { s->sock, POLLIN, 0 }, { s->pidfd, POLLIN, 0 } };

	if (s->pid)
		return false;
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return fds[1].revents && !fds[0].revents;
}

static int serve_all(struct serve *s)
{
	struct wire_msg m;
	int got = 0, rc;

	while (!first_is_gone(s) && (got = wire_recv(s->sock, &m)) == 1) {
		if (m.type == WIRE_LOG) {
			relay_log(&m);
			continue;
		}
		if (m.type == WIRE_FAIL || m.type == WIRE_EXEC_FAIL) {
			s->exec_failed = m.type == WIRE_EXEC_FAIL;
			return fail_take(m.num, m.text);
		}
		rc = answer(s, &m);
		if (m.type != WIRE_CONSOLE)
			fd_close(&m.fd);
		if (rc < 0)
			return -1;
	}
	if (got < 0)
		return -1;
	return s->ready && s->pid ? 0 : died_early(s);
}

int serve_child(struct serve *s)
{
	return serve_all(s) < 0 ? in_frame(s) : 0;
}

int unix_connect(const char *path, int type)
{
	int fd __cleanup(fd_close) = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	int at __cleanup(fd_close) = -1;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (fd < 0)
		return fail("create socket");
	if (strlen(path) < sizeof(addr.sun_path)) {
		strcpy(addr.sun_path, path);
	} else {
		/* Longer than an address holds: by a descriptor of the file. */
		at = openat(AT_FDCWD, path, O_PATH | O_CLOEXEC);
		if (at < 0)
			return fail("open socket %s", path);
		path_of_fd(addr.sun_path, at);
	}
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return fail("connect to %s", path);
	return fd_take(&fd);
}
