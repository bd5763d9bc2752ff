/* control.c - requests over a socket that only root can use, and their answers, a packet each. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/*
 * Requests: "row N", "log NAME", "start NAME", "stop NAME", "restart NAME", "reload", "slot NAME",
 * "update NAME SLOT", "poweroff", "reboot", "halt". Answers: "ok", "log FILE", "end" (no such row),
 * "error TEXT", or a row "NAME STATE PID STARTS STATUS MS READY BAD STAMP REASON". STATUS is -1 and
 * REASON is empty if the container has not ended yet; MS is the time in that state, READY is 0 or
 * 1, and BAD is how many health checks have failed in a row, or -1 without a health check. The
 * answer to "slot" is "SLOT TRIAL DIR", where TRIAL is 1 during an update. Process 1 remembers
 * nothing between two requests.
 */
static const struct sockaddr_un address = { AF_UNIX, BOOT_SOCKET };

/* ---- process 1 ------------------------------------------------------------------------------- */

void control_open(struct machine *m)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t old = umask(0177);

	for (size_t i = 0; i < CONTROL_MAX; i++)
		m->clients[i] = -1;
	m->control = -1;
	unlink(BOOT_SOCKET);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, CONTROL_MAX) < 0) {
		fail("oci-init commands will not work: listen on %s", BOOT_SOCKET);
		console_error();
		fd_close(&fd);
	}
	umask(old);
	m->control = fd;
}

void control_accept(struct machine *m)
{
	int fd __cleanup(fd_close) = accept4(m->control, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer;
	socklen_t len = sizeof(peer);
	size_t at = 0;

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return;
	if (peer.uid) {
		send(fd, "error only root may do this", 27, MSG_NOSIGNAL);
		return;
	}
	/* If all places are in use, the client that has been silent for the longest time loses its
	 * place, because it may be stopped for ever. */
	for (size_t i = 0; i < CONTROL_MAX && m->clients[at] >= 0; i++)
		if (m->clients[i] < 0 || m->heard[i] < m->heard[at])
			at = i;
	fd_close(&m->clients[at]);
	m->clients[at] = fd_take(&fd);
	m->heard[at] = clock_ms();
}

static size_t find_unit(const struct machine *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (!strcmp(m->units[i].name, name))
			break;
	return i;
}

static int print_row(const struct machine *m, size_t i, char *out, size_t size)
{
	const struct super_one *o;

	if (i >= m->n)
		return snprintf(out, size, "end");
	o = &m->super.at[i];
	return snprintf(out, size, "%s %s %d %u %d %lld %d %d %s", m->units[i].name,
			json_word_name(super_words, o->state), (int)m->units[i].pid, o->starts,
			o->status, (long long)(clock_ms() - o->since), o->ready,
			m->units[i].rule.health ? (int)m->units[i].probe.bad : -1,
			m->units[i].reason);
}

static int print_log(const struct machine *m, size_t i, const char *name, char *out, size_t size)
{
	const struct log *l = i < m->n ? m->units[i].log : NULL;
	const char *path = l && l->to_file	       ? l->file.path
			   : !strcmp(name, "oci-init") ? log_own_path()
						       : NULL;

	if (path)
		return snprintf(out, size, "log %s", path);
	return snprintf(
		out, size,
		l || !strcmp(name, "oci-init")
			? "error the output of %s is not kept: its log must be files or memory"
			: "error there is no container %s",
		name);
}

static int print_slot(const struct unit *u, char *out, size_t size)
{
	if (!u->slots[0].dir)
		return snprintf(out, size, "error %s has no bundles A and B", u->name);
	return snprintf(out, size, "%s %d %s", slot_names[u->slot], u->trial.state != TRIAL_NONE,
			u->top);
}

static int answer_client(struct machine *m, char *request, int64_t now, char *out, size_t size)
{
	char *arg = strchr(request, ' '), *slot;
	const char *why;
	int goal;
	size_t i;

	if (console_debug && strncmp(request, "row ", 4))
		console_say("request: %s", request);
	if (arg)
		*arg++ = 0;
	goal = json_word_value(boot_goal_words, request);
	if (goal > BOOT_WAIT) {
		super_shutdown(&m->super, goal, now);
		return snprintf(out, size, "ok");
	}
	if (WITH_RELOAD && !strcmp(request, "reload")) {
		m->reload = true;
		return snprintf(out, size, "ok");
	}
	if (!arg)
		return snprintf(out, size, "error %s: not understood", request);
	if (!strcmp(request, "row"))
		return print_row(m, strtoul(arg, NULL, 10), out, size);
	slot = WITH_UPDATE && !strcmp(request, "update") ? strchr(arg, ' ') : NULL;
	if (slot)
		*slot++ = 0;
	i = find_unit(m, arg);
	if (!strcmp(request, "log"))
		return print_log(m, i, arg, out, size);
	if (i == m->n)
		return snprintf(out, size, "error there is no container %s", arg);
	if (!strcmp(request, "stop"))
		super_stop(&m->super, i, false, now);
	else if (WITH_UPDATE && !strcmp(request, "slot"))
		return print_slot(&m->units[i], out, size);
	else if (!m->units[i].dir)
		return snprintf(out, size, "error %s has no bundle", arg);
	else if (m->super.goal)
		return snprintf(out, size, "error the machine is going down");
	else if (!strcmp(request, "start"))
		super_start(&m->super, i, now);
	else if (!strcmp(request, "restart"))
		super_stop(&m->super, i, true, now);
	else if (slot && (why = update_begin(m, i, slot, now)))
		return snprintf(out, size, "error %s: %s", arg, why);
	else if (!slot)
		return snprintf(out, size, "error %s: not understood", request);
	return snprintf(out, size, "ok");
}

void control_serve(struct machine *m, size_t at, int64_t now)
{
	int *client = &m->clients[at];
	char request[1200], out[1200];
	ssize_t n = recv(*client, request, sizeof(request) - 1, 0);
	int len;

	if (n <= 0) {
		if (!n || errno != EAGAIN)
			fd_close(client);
		return;
	}
	request[n] = 0;
	m->heard[at] = now;
	len = answer_client(m, request, now, out, sizeof(out));
	if (send(*client, out, len < (int)sizeof(out) ? (size_t)len : sizeof(out) - 1,
		 MSG_NOSIGNAL) < 0)
		fd_close(client);
}

/* ---- the client ------------------------------------------------------------------------------ */

int control_connect(void)
{
	int fd __cleanup(fd_close) = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail("create a socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		fail("connect to %s", BOOT_SOCKET);
		return fail_hint("is oci-init process 1 here, and are you root?");
	}
	return fd_take(&fd);
}

int control_ask(int fd, const char *request, char *out, size_t size)
{
	ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);

	/* A client that is not root gets an answer before its request. ECONNRESET then reports once
	 * that the request was not read, and comes before the answer (unix(7)). */
	if (n >= 0 || errno == EPIPE || errno == ECONNRESET)
		do {
			n = recv(fd, out, size - 1, 0);
		} while (n < 0 && errno == ECONNRESET);
	if (n < 0)
		return fail("ask process 1");
	out[n] = 0;
	if (!n)
		return failx("process 1 has closed the connection without an answer");
	return strncmp(out, "error ", 6) ? 0 : failx("%s", out + 6);
}
