/* service.c - reports a container's readiness to the service manager (sd_notify(3)). */
/* SPDX-License-Identifier: MIT */
#include "core/foreground/foreground.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define BARRIER_MS 30000 /* the manager's time to read our message */
#define HEARD_MAX 512 /* messages a call: a container may write without end */

/* Sends a datagram to the manager, with a descriptor if fd is not -1. */
static int send_to_manager(const char *manager, const char *text, int fd)
{
	int sock __cleanup(fd_close) = sock_connect(manager, SOCK_DGRAM);

	if (sock < 0)
		return -1;
	if (fd >= 0)
		return sock_send_fd(sock, text, fd);
	return send(sock, text, strlen(text), MSG_NOSIGNAL) < 0 ? fail("send") : 0;
}

/* Waits until the manager has read all messages, which it shows by closing a pipe. If we exited
 * before that, the manager could not find out which service has sent them
 * (sd_notify_barrier(3)). */
static int barrier(const char *manager)
{
	int ends[2], rc;
	struct pollfd p = { .events = 0 };

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("create pipe");
	rc = send_to_manager(manager, "BARRIER=1", ends[1]);
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
	char text[4096] = "";

	/* Other messages of a container are not passed on. */
	for (int heard = 0; !service_is_ready(text); heard++) {
		ssize_t n = heard < HEARD_MAX ? recv(s->sock, text, sizeof(text) - 1, MSG_DONTWAIT)
					      : -1;

		if (n < 0)
			return false;
		text[n] = 0;
	}
	snprintf(text, sizeof(text), "MAINPID=%d\nREADY=1", (int)main_pid);
	if (send_to_manager(s->manager, text, -1) < 0 || (leaves && barrier(s->manager) < 0))
		log_warn("NOTIFY_SOCKET %s: %s", s->manager, err_text());
	fd_close(&s->sock);
	return true;
}

void service_wait(struct service *s, const struct life *life, int pidfd)
{
	bool dead = false;

	while (s->sock >= 0 && !dead) {
		struct pollfd fds[2] = { { s->sock, POLLIN, 0 }, { pidfd, POLLIN, 0 } };
		struct proc_stat st;

		/* KERNEL 5.3: pidfd_open(2) (ENOSYS); without it /proc is read ten
		 * times a second. */
		if (poll(fds, 2, pidfd < 0 ? 100 : -1) < 0 && errno != EINTR) {
			log_warn("NOTIFY_SOCKET: readiness cannot be reported: %s",
				 err_reason(errno));
			return;
		}
		dead = pidfd >= 0 ? fds[1].revents
				  : proc_stat(life->state.pid, &st) != 1 || st.dead;
		/* The container may have reported it just before its death. */
		service_heard(s, life->state.pid, true);
	}
}
