/* serve.c - the runtime's answers to the child, by a row for each message. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int open_ns(const struct serve *s, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)(s->out->pid ? s->out->pid : s->first),
		 name);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? fail("open %s", path) : fd;
}

/* ---- a function for each message; *fd becomes a descriptor for the answer -------------------- */

static int serve_pid(struct serve *s, const struct wire_msg *m, int *fd)
{
	/* The pid is that which the kernel has written. The message itself may come from a process
	 * of the container. */
	s->out->pid = __atomic_load_n(s->init_pid, __ATOMIC_RELAXED);
	if (!s->out->pid)
		return failx("init does not exist yet");
	fd_close(&s->out->pidfd);
	s->out->pidfd = sys_pidfd_open(s->out->pid);
	/* EPERM comes from an outer seccomp profile, not from the call. */
	if (s->out->pidfd < 0 && errno != ENOSYS && errno != EPERM)
		return fail("open a pidfd of init");
	return known_init(s);
}

static int serve_map_ids(struct serve *s, const struct wire_msg *m, int *fd)
{
	const struct oci_linux *l = s->plan->config->linux;

	return userns_map(s->out->pid ? s->out->pid : s->first, &l->uid_mappings, &l->gid_mappings,
			  s->plan->how->rootless, s->plan->how->helper_path);
}

static int serve_time_offsets(struct serve *s, const struct wire_msg *m, int *fd)
{
	char path[64], text[256];
	int n = 0;

	list_each (t, s->plan->config->linux->time_offsets)
		n += snprintf(text + n, sizeof(text) - n, "%s %lld %u\n", t->key,
			      (long long)t->secs, t->nanosecs);
	snprintf(path, sizeof(path), "/proc/%d/timens_offsets", (int)s->first);
	return file_write(AT_FDCWD, path, text);
}

int serve_move_devices(const struct serve *s)
{
	int ns __cleanup(fd_close) = open_ns(s, "net");

	return ns < 0 ? -1 : net_move_devices(s->plan->config->linux, ns);
}

static int serve_netdevs(struct serve *s, const struct wire_msg *m, int *fd)
{
	return serve_move_devices(s);
}

static int open_userns(const struct serve *s, const struct oci_mount *m)
{
	if (m->uid_mappings.n)
		return userns_fd(&m->uid_mappings, &m->gid_mappings, s->plan->how->helper_path);
	return open_ns(s, "user");
}

/* The image was mounted before the clone, so runtime and child have its descriptor. */
static int map_image(struct serve *s)
{
	const struct image *image = &s->plan->image;
	int userns __cleanup(fd_close) = -1;

	if (!image->type)
		return failx("init asks for an image, and the container has none");
	userns = open_ns(s, "user");
	if (userns < 0 || mountapi_idmap(image->mnt, userns, false) < 0)
		return fail_in("%s image", image->type->name);
	return 0;
}

/* The child asks by an index into the config's mounts, so it cannot ask for other files. */
static int serve_mount_fd(struct serve *s, const struct wire_msg *m, int *fd)
{
	const struct oci_config *c = s->plan->config;
	const struct oci_mount *mount;
	int userns __cleanup(fd_close) = -1;
	struct mount_opts o;

	if (WITH_IMAGES && m->num == MOUNT_ROOT)
		return map_image(s);
	if (m->num <= MOUNT_NODE && plan_has_userns(s->plan)) {
		int node = dev_make_node(c->linux, (size_t)(MOUNT_NODE - (int64_t)m->num));

		*fd = node ? node : -1;
		return node < 0 ? -1 : 0;
	}
	if (m->num < 0 || (size_t)m->num >= c->mounts.n)
		return failx("init asks for mount %d of %zu", m->num, c->mounts.n);
	mount = &c->mounts.at[m->num];
	if (!mount->source)
		return failx("init asks for the source of mount %d, which has none", m->num);
	mountopt_parse(s->plan->arena, mount, &o);
	if (!(o.flags & MS_BIND))
		return failx("init asks for the source of mount %d, which is not a bind", m->num);
	if (WITH_USERNS && (o.idmap || o.ridmap) && (userns = open_userns(s, mount)) < 0)
		return mountenv_fail(s->plan, mount);
	*fd = mount_source(&(struct mount_source){ .pid = s->out->pid ? s->out->pid : s->first,
						   .path = mount->source,
						   .recursive = o.flags & MS_REC,
						   .nofollow = o.src_nofollow,
						   .userns = userns,
						   .idmap_all = o.ridmap,
						   .propagation = c->linux->rootfs_propagation });
	return *fd < 0 ? mountenv_fail(s->plan, mount) : 0;
}

static int serve_attach(struct serve *s, const struct wire_msg *m, int *fd)
{
	return known_attach(s);
}

static int serve_console(struct serve *s, const struct wire_msg *m, int *fd)
{
	unsigned n;

	if (m->fd < 0 || ioctl(m->fd, TIOCGPTN, &n) < 0)
		return failx("init sent no terminal");
	s->out->master = m->fd;
	tty_adopt(s->out->master);
	return 0;
}

int serve_runtime_hooks(const struct serve *s)
{
	const struct oci_hooks *h = s->plan->config->hooks;
	struct hook_run run = { .name = "prestart",
				.hooks = &h->prestart,
				.state = s->plan->state,
				.status = OCI_CREATING,
				.pid = s->out->pid ? s->out->pid : s->first };

	if (hooks_run(s->plan->arena, &run) < 0)
		return -1;
	run.name = "createRuntime";
	run.hooks = &h->create_runtime;
	return hooks_run(s->plan->arena, &run);
}

static int serve_hooks(struct serve *s, const struct wire_msg *m, int *fd)
{
	return serve_runtime_hooks(s);
}

/* Gives the streams to the payload's user. The child cannot do it in a user namespace where the
 * owner of the stream is not mapped. */
static void own_streams(const struct start_plan *plan)
{
	const oci_id_maps *maps = &plan->config->linux->uid_mappings;
	bool userns = plan_has_userns(plan);
	int64_t uid = userns && !maps->n ? -1 : oci_host_id(maps, plan->process->user.uid);

	if (!plan->process->terminal && uid >= 0 && (uid || userns))
		console_own_streams(uid);
}

static int serve_ready(struct serve *s, const struct wire_msg *m, int *fd)
{
	const struct oci_process *p = s->plan->process;

	/* The runtime sets the limits, because raising a hard limit needs a
	 * privilege on the host. */
	if (p->rlimits.n &&
	    limits_rlimits(s->out->pid ? s->out->pid : s->first, p, !s->out->pid) < 0)
		return -1;
	own_streams(s->plan);
	s->phase = PHASE_READY;
	log_debug("process %d of container %s is ready",
		  (int)(s->out->pid ? s->out->pid : s->first), s->out->life.state.id);
	return known_settle(s);
}

/* The first process will clone init now, so the pipes replace the socket. */
static int serve_appear(struct serve *s, const struct wire_msg *m, int *fd)
{
	if (s->plan->seccomp.notify != (m->fd >= 0))
		return failx("APPEAR came with a descriptor that is not wanted, or without one");
	s->listener = m->fd;
	wire_close(&s->wire);
	s->wire = s->pipes;
	s->pipes = (struct wire)WIRE_NONE;
	s->phase = PHASE_SEEN;
	return 0;
}

/* A process that controls init may send another file than a seccomp notify descriptor. */
static bool is_notify(int fd)
{
	char link[FD_PATH_MAX], name[32];
	ssize_t n = readlink(path_of_fd(link, fd), name, sizeof(name) - 1);

	name[n < 0 ? 0 : n] = 0;
	return !strcmp(name, "anon_inode:seccomp notify");
}

/* Sends the descriptor to listenerPath, as runtime-spec "The Container Process State" has it. */
static int serve_seccomp_fd(struct serve *s, const struct wire_msg *m, int *fd)
{
	const struct oci_seccomp *sc = s->plan->config->linux->seccomp;
	struct json_out o = { .arena = s->plan->arena }, st = { .arena = s->plan->arena };
	int sock __cleanup(fd_close) = -1, came __cleanup(fd_close) = -1;
	int notify = m->fd;

	if (s->listener >= 0)
		notify = came = sock_recv_fd(s->listener);
	if (notify < 0 || !is_notify(notify))
		return failx("init sent no seccomp notify descriptor");
	fd_close(&s->listener);
	json_open(&o, NULL, '{');
	json_put_str(&o, "ociVersion", OCI_VERSION);
	json_open(&o, "fds", '[');
	json_put_str(&o, NULL, "seccompFd");
	json_close(&o, ']');
	json_put_i64(&o, "pid", s->out->pid);
	if (sc->listener_metadata)
		json_put_str(&o, "metadata", sc->listener_metadata);
	if (s->plan->enters)
		oci_state_put(&st, s->plan->state, s->out->life.status, s->plan->state->pid, NULL);
	else
		oci_state_put(&st, s->plan->state, OCI_CREATING, s->out->pid, NULL);
	json_put_text(&o, "state", st.buf);
	json_close(&o, '}');
	sock = sock_connect(sc->listener_path, SOCK_STREAM);
	if (sock < 0 || sock_send_fd(sock, o.buf, notify) < 0)
		return fail_in("linux.seccomp.listenerPath");
	return 0;
}

/* Prints a LOG message. Its level is checked, because it is an index. */
static int serve_log(struct serve *s, const struct wire_msg *m, int *fd)
{
	s->lines++;
	if (m->num >= LOG_ERROR && m->num <= LOG_DEBUG)
		log_put(m->num, LOG_HERE, "%s", m->text);
	return 0;
}

static int serve_fail(struct serve *s, const struct wire_msg *m, int *fd)
{
	/* An empty message would not look like an error. */
	return *m->text ? fail_take(m->num, m->text) : failx("the child failed and gave no reason");
}

static int serve_exec_fail(struct serve *s, const struct wire_msg *m, int *fd)
{
	s->exec_failed = true;
	return serve_fail(s, m, fd);
}

/* ---- senders and phases of the messages ------------------------------------------------------ */

/* FIRST and LATE are the first process of two: it clones init early, or (`late`) at the end. */
enum { INIT = 1, FIRST = 2, LATE = 4 };

static bool has_new(const struct serve *s, unsigned type)
{
	return !s->plan->enters && s->plan->ns.fresh & type;
}

static bool wants_maps(const struct serve *s)
{
	return WITH_USERNS && has_new(s, CLONE_NEWUSER);
}

static bool wants_offsets(const struct serve *s)
{
	return WITH_TUNING && has_new(s, CLONE_NEWTIME) && s->plan->config->linux->time_offsets.n;
}

static bool wants_devices(const struct serve *s)
{
	return WITH_NET && has_new(s, CLONE_NEWNET) && s->plan->config->linux->net_devices.n;
}

static bool wants_mounts(const struct serve *s)
{
	return !s->plan->enters;
}

static bool wants_cgroup(const struct serve *s)
{
	return !s->joins && !s->plan->outside;
}

static bool wants_terminal(const struct serve *s)
{
	return WITH_TERMINAL && s->plan->process->terminal;
}

static bool wants_hooks(const struct serve *s)
{
	const struct oci_hooks *h = s->plan->config->hooks;

	return WITH_HOOKS && !s->plan->enters && h && (h->prestart.n || h->create_runtime.n);
}

static bool wants_listener(const struct serve *s)
{
	return WITH_SECCOMP && s->plan->seccomp.notify;
}

/* NULL for a part that was left out of the build, where wanted() refuses the message. */
#define BUILT(part, serve_) ((part) ? (serve_) : NULL)

/*
 * All messages that the child may send. Processes of the container may control the child and send
 * any message. So a message is refused if it comes in another phase, a second time, or if the
 * config does not need it. serve_test.c tries all of them.
 */
static const struct {
	unsigned char from, phases;
	bool repeats, no_answer;
	bool (*wanted)(const struct serve *s); /* NULL: always */
	int (*serve)(struct serve *s, const struct wire_msg *m, int *fd);
} rows[WIRE_TYPES] = {
	[WIRE_LOG] = { INIT | FIRST | LATE, PHASE_MAKE | PHASE_READY, true, true, NULL, serve_log },
	[WIRE_FAIL] = { INIT | FIRST | LATE, PHASE_MAKE | PHASE_READY | PHASE_SEEN, false, true,
			NULL, serve_fail },
	[WIRE_EXEC_FAIL] = { INIT, PHASE_READY | PHASE_SEEN, false, true, NULL, serve_exec_fail },
	[WIRE_PID] = { FIRST | LATE, PHASE_MAKE | PHASE_SEEN, false, true, NULL, serve_pid },
	[WIRE_MAP_IDS] = { INIT | FIRST | LATE, PHASE_MAKE, false, false, wants_maps,
			   BUILT(WITH_USERNS, serve_map_ids) },
	[WIRE_TIME_OFFSETS] = { FIRST | LATE, PHASE_MAKE, false, false, wants_offsets,
				BUILT(WITH_TUNING, serve_time_offsets) },
	[WIRE_NETDEVS] = { INIT | LATE, PHASE_MAKE, false, false, wants_devices,
			   BUILT(WITH_NET, serve_netdevs) },
	[WIRE_MOUNT_FD] = { INIT | LATE, PHASE_MAKE, true, false, wants_mounts, serve_mount_fd },
	[WIRE_ATTACH] = { INIT | FIRST | LATE, PHASE_MAKE, false, false, wants_cgroup,
			  serve_attach },
	[WIRE_CONSOLE] = { INIT | LATE, PHASE_MAKE, false, false, wants_terminal,
			   BUILT(WITH_TERMINAL, serve_console) },
	[WIRE_HOOKS] = { INIT | LATE, PHASE_MAKE, false, false, wants_hooks,
			 BUILT(WITH_HOOKS, serve_hooks) },
	[WIRE_READY] = { INIT | LATE, PHASE_MAKE, false, false, NULL, serve_ready },
	[WIRE_APPEAR] = { LATE, PHASE_READY, false, true, NULL, serve_appear },
	[WIRE_SECCOMP_FD] = { INIT, PHASE_READY | PHASE_SEEN, false, false, wants_listener,
			      BUILT(WITH_SECCOMP, serve_seccomp_fd) },
};

const char *serve_refusal(const struct serve *s, const struct wire_msg *m)
{
	unsigned sender = s->out->pid ? INIT : s->plan->mode == START_LATE ? LATE : FIRST;

	if (!(rows[m->type].from & sender))
		return sender == INIT ? "from init" : "before init exists";
	if (!(rows[m->type].phases & s->phase))
		return "in this phase";
	if (s->done & 1u << m->type && !rows[m->type].repeats)
		return "a second time";
	if (rows[m->type].wanted && !rows[m->type].wanted(s))
		return "by this container";
	/* Too many lines would fill the host's log and prevent the end of the start. */
	if (m->type == WIRE_LOG && s->lines >= WIRE_LINES_MAX)
		return "so often";
	return NULL;
}

static int answer(struct serve *s, const struct wire_msg *m)
{
	int fd __cleanup(fd_close) = -1;
	const char *refusal = serve_refusal(s, m);

	if (refusal)
		return failx("message %u is not expected %s", m->type, refusal);
	s->done |= 1u << m->type;
	if (rows[m->type].serve(s, m, &fd) < 0) {
		/* Init ends after FAIL. The caller gets our own record. */
		char text[WIRE_TEXT_MAX];
		int num = err_num();

		if (rows[m->type].no_answer)
			return -1;
		snprintf(text, sizeof(text), "%s", err_text());
		wire_send(&s->wire, WIRE_FAIL, num, text, -1);
		return fail_take(num, text);
	}
	if (rows[m->type].no_answer)
		return 0;
	return wire_send(&s->wire, WIRE_OK, m->type == WIRE_READY ? (int)s->ignored : 0, NULL, fd);
}

/* Adds the words by which engines recognize a failed start (docs/behaviours.md, X-10). An error of
 * execve(2) does not get them. */
static int fail_start(const struct serve *s)
{
	if (s->exec_failed)
		return -1;
	if (!s->plan->enters)
		fail_in("error during container init");
	return fail_in("unable to start container process");
}

/* Waits for a message. True: none will come. The first process may die before it has sent PID, and
 * another process may keep init's end open after init's death: the pidfd shows both deaths. KERNEL
 * 5.3: pidfds (ENOSYS); without them both are noticed only when the stream ends. */
static bool is_silent(const struct serve *s)
{
	struct pollfd fds[2] = { { s->wire.in, POLLIN, 0 }, { s->out->pidfd, POLLIN, 0 } };

	if (s->out->pid && s->phase < PHASE_SEEN)
		return false;
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		if (ends_came())
			return true;
	return fds[1].revents && !fds[0].revents;
}

/* Receives the next message. Returns 1; 0 at the end of the stream; -1. If the first process has
 * died before it sent PID, and init exists, the message is PID. */
static int next_message(struct serve *s, struct wire_msg *m)
{
	int got;

	do {
		if (is_silent(s)) {
			*m = (struct wire_msg){ .type = WIRE_PID, .fd = -1 };
			return !s->out->pid && s->init_pid && *s->init_pid;
		}
		got = wire_recv(&s->wire, m);
	} while (got < 0 && err_num() == EAGAIN);
	return got;
}

static int serve_all(struct serve *s)
{
	struct wire_msg m;
	int got, rc;

	while ((got = next_message(s, &m)) == 1) {
		rc = answer(s, &m);
		if (m.fd != s->out->master && m.fd != s->listener)
			fd_close(&m.fd);
		if (rc < 0)
			return -1;
	}
	if (got < 0 || ends_explain())
		return -1;
	return s->phase > PHASE_MAKE && s->out->pid && death_is_execve(s) ? 0 : death_explain(s);
}

int serve_child(struct serve *s)
{
	return serve_all(s) < 0 ? fail_start(s) : 0;
}

void serve_end(struct serve *s)
{
	wire_close(&s->wire);
	wire_close(&s->pipes);
	fd_close(&s->listener);
}
