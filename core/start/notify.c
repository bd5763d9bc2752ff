/* notify.c - gives a service manager's sockets to a container. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The directory in the state directory, its socket, and its mount point in the container. */
#define NOTIFY_DIR "notify"
#define NOTIFY_SOCK "notify.sock"
#define NOTIFY_INSIDE "/run/notify"

static void add_env(struct arena *a, struct oci_process *p, const char *var)
{
	size_t room = p->env.n;

	p->env.at = arena_grow(a, p->env.at, p->env.n, &room, sizeof(*p->env.at));
	p->env.at[p->env.n++] = var;
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
	EXACT_MODES;

	if (mkdirat(life->dir, NOTIFY_DIR, 0755) < 0)
		return fail("create %s in the state directory", NOTIFY_DIR);
	oci_add_mount(
		a, config,
		&(struct oci_mount){
			.destination = NOTIFY_INSIDE,
			.type = "bind",
			.source = arena_printf(a, "%s/%s/" NOTIFY_DIR, life->root, life->state.id),
			.options = { options, ARRAY_SIZE(options) },
		});
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
	if (dir < 0 && errno == ENOENT) /* the container was created without a socket */
		return 0;
	sock = dir < 0 ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return fail("create the notify socket");
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" NOTIFY_SOCK, path_of_fd(link, dir));
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return fail("bind the notify socket");
	/* The payload may have any user id. */
	if (sys_chmodat(dir, NOTIFY_SOCK, 0777) < 0)
		return fail("chmod the notify socket");
	s->sock = fd_take(&sock);
	s->manager = manager;
	return 0;
}
