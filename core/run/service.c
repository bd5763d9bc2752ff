/* service.c - what a service manager hands down: readiness back (sd_notify(3)), sockets in (sd_listen_fds(3)). */
/* SPDX-License-Identifier: MIT */
#include "core/run/child.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* In the state directory, and where the container sees it (checklist E-01). */
#define NOTIFY_DIR "notify"
#define NOTIFY_SOCK "notify.sock"
#define NOTIFY_INSIDE "/run/notify"

#define BARRIER_MS 30000 /* how long the manager gets to read what we said */

static void add_env(struct arena *a, struct oci_process *p, const char *var)
{
	const char **env = arena_alloc(a, (p->env.n + 1) * sizeof(*env));

	if (p->env.n)
		memcpy(env, p->env.at, p->env.n * sizeof(*env));
	env[p->env.n++] = var;
	p->env.at = env;
}

void service_env(const struct launch *how, bool notify, struct oci_process *p, struct arena *a)
{
	if (how->listen_fds) {
		add_env(a, p, arena_printf(a, "LISTEN_FDS=%u", how->listen_fds));
		add_env(a, p, arena_printf(a, "LISTEN_PID=%d", (int)getpid()));
		if (how->listen_names)
			add_env(a, p, arena_printf(a, "LISTEN_FDNAMES=%s", how->listen_names));
	}
	if (notify)
		add_env(a, p, "NOTIFY_SOCKET=" NOTIFY_INSIDE "/" NOTIFY_SOCK);
}

int service_mount(struct arena *a, const struct life *life, struct oci_config *config)
{
	static const char *options[] = { "bind", "nosuid", "noexec", "nodev", "ro" };
	struct oci_mount *mounts;
	EXACT_MODES;

	if (mkdirat(life->dir, NOTIFY_DIR, 0755) < 0)
		return fail("create %s in the state directory", NOTIFY_DIR);
	mounts = arena_alloc(a, (config->mounts.n + 1) * sizeof(*mounts));
	if (config->mounts.n)
		memcpy(mounts, config->mounts.at, config->mounts.n * sizeof(*mounts));
	mounts[config->mounts.n++] = (struct oci_mount){
		.destination = NOTIFY_INSIDE,
		.type = "bind",
		.source = arena_printf(a, "%s/%s/" NOTIFY_DIR, life->root, life->state.id),
		.options = { options, ARRAY_SIZE(options) },
	};
	config->mounts.at = mounts;
	return 0;
}

int service_listen(const struct life *life, const char *manager, struct service *s)
{
	int dir __cleanup(fd_close) = -1, sock __cleanup(fd_close) = -1;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char link[FD_PATH_MAX];

	if (!manager || !*manager)
		return 0;
	dir = openat(life->dir, NOTIFY_DIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT) /* created without: it knows of no socket */
		return 0;
	sock = dir < 0 ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return fail("create the notify socket");
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" NOTIFY_SOCK, path_of_fd(link, dir));
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return fail("bind the notify socket");
	/* Whoever the payload runs as. */
	if (fchmodat(dir, NOTIFY_SOCK, 0777, 0) < 0)
		return fail("open the notify socket to everybody");
	s->sock = fd_take(&sock);
	s->manager = manager;
	return 0;
}

/* One datagram, perhaps with a descriptor, to a path or an abstract name ("@..."). */
static int tell(const char *manager, const char *text, int fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(manager);
	int sock __cleanup(fd_close) = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (len >= sizeof(addr.sun_path))
		return failx("its path is too long");
	memcpy(addr.sun_path, manager, len);
	if (*manager == '@')
		addr.sun_path[0] = 0;
	if (sock < 0 ||
	    connect(sock, (struct sockaddr *)&addr,
		    offsetof(struct sockaddr_un, sun_path) + len + (*manager != '@')) < 0)
		return fail("connect");
	return fd >= 0						  ? wire_send_fd(sock, text, fd)
	       : send(sock, text, strlen(text), MSG_NOSIGNAL) < 0 ? fail("send")
								  : 0;
}

/* The other end of the pipe is closed when the manager has read it all: before that we must not go, or
 * it would not know whose words they were (sd_notify_barrier(3)). */
static int barrier(const char *manager)
{
	int ends[2], rc;
	struct pollfd p = { .events = 0 };

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("create pipe");
	rc = tell(manager, "BARRIER=1", ends[1]);
	close(ends[1]);
	p.fd = ends[0];
	if (!rc && !poll(&p, 1, BARRIER_MS))
		log_warn("the service manager does not answer");
	close(ends[0]);
	return rc;
}

bool service_is_ready(const char *text)
{
	while (strncmp(text, "READY=1", 7) || (text[7] && text[7] != '\n')) {
		text = strchr(text, '\n');
		if (!text++)
			return false;
	}
	return true;
}

bool service_heard(struct service *s, pid_t main_pid, bool leaves)
{
	char text[4096];
	ssize_t n = recv(s->sock, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n < 0)
		return false;
	text[n] = 0;
	/* Nothing else of what a container says concerns the host's manager (checklist E-02). */
	if (!service_is_ready(text))
		return false;
	snprintf(text, sizeof(text), "MAINPID=%d\nREADY=1", (int)main_pid);
	if (tell(s->manager, text, -1) < 0 || (leaves && barrier(s->manager) < 0))
		log_warn("NOTIFY_SOCKET %s: %s", s->manager, err_text());
	fd_close(&s->sock);
	return true;
}

void service_wait(struct service *s, const struct life *life, int pidfd)
{
	while (s->sock >= 0) {
		struct pollfd fds[2] = { { s->sock, POLLIN, 0 }, { pidfd, POLLIN, 0 } };
		struct proc_stat st;

		/* KERNEL 5.3: pidfd_open(2); its death is looked for ten times a second. */
		if (poll(fds, 2, pidfd < 0 ? 100 : -1) < 0 && errno != EINTR) {
			log_warn("NOTIFY_SOCKET: readiness will not be told: %s",
				 err_reason(errno));
			return;
		}
		if (fds[0].revents && service_heard(s, life->state.pid, true))
			return;
		if (pidfd >= 0 ? fds[1].revents : proc_stat(life->state.pid, &st) != 1 || st.dead)
			return;
	}
}
