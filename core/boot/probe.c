/* probe.c - readiness and health checks by children of process 1, which does not wait for them. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The time between two readiness checks. */
#define READY_MS 200
/* The time between SIGTERM and SIGKILL for a check that has reached its timeout. */
#define TERM_MS 1000

/* ---- containers that report their readiness -------------------------------------------------- */

/* `runc run` sends READY=1 of its container to this socket (service.c). SO_PASSCRED gives the pid
 * of `runc run`. */
void probe_listen(struct machine *m)
{
	struct sockaddr_un at = { AF_UNIX, BOOT_NOTIFY };
	int yes = 1;
	mode_t old;

	m->notify = -1;
	for (size_t i = 0; i < m->n && m->notify < 0; i++)
		if (m->units[i].rule.ready_notify)
			m->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->notify < 0)
		return;
	unlink(BOOT_NOTIFY);
	old = umask(0177);
	if (bind(m->notify, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    setsockopt(m->notify, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) < 0) {
		fail("no container can report that it is ready: bind %s", BOOT_NOTIFY);
		console_error();
	}
	umask(old);
}

static void on_ready(struct machine *m, size_t i)
{
	if (m->super.at[i].ready)
		return;
	super_ready(&m->super, i);
	if (m->super.at[i].ready)
		console_say("%s: ready", m->units[i].name);
}

void probe_heard(struct machine *m)
{
	char text[256], control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec part = { text, sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control };
	ssize_t n;

	while (msg.msg_controllen = sizeof(control),
	       (n = recvmsg(m->notify, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) >= 0) {
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		struct ucred from = { 0 };

		text[n] = 0;
		if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&from, CMSG_DATA(c), sizeof(from));
		for (size_t i = 0; i < m->n; i++)
			if (from.pid && m->units[i].run == from.pid &&
			    m->units[i].rule.ready_notify && strstr(text, "READY=1"))
				on_ready(m, i);
	}
}

/* ---- checks by a child ----------------------------------------------------------------------- */

/* Exits with 0 if the file exists below the container's root, which symlinks cannot leave. */
static _Noreturn void look_for(const struct unit *u)
{
	char path[64];
	int root;

	snprintf(path, sizeof(path), "/proc/%d/root", (int)u->pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_exit(root < 0 || path_open(root, u->rule.ready_file, O_PATH, 0, 0) < 0);
}

/* Executes the command in the container. */
static _Noreturn void exec_check(struct arena *a, const struct unit *u, const char *const *command)
{
	const char *const first[] = { "runc", "--root", BOOT_ROOT, "exec", u->name };
	size_t n = 0;
	const char **argv;

	while (command[n])
		n++;
	argv = arena_alloc(a, sizeof(first) + (n + 1) * sizeof(*argv));
	memcpy(argv, first, sizeof(first));
	memcpy(argv + ARRAY_SIZE(first), command, n * sizeof(*argv));
	unit_execute(u, (char *const *)argv);
}

/* True if the container needs a check now. */
static bool is_wanted(const struct machine *m, size_t i)
{
	const struct super_one *o = &m->super.at[i];
	const struct boot_rule *r = &m->units[i].rule;

	if (o->state != SUPER_RUNNING || m->units[i].pid <= 0)
		return false;
	return o->ready ? r->health != NULL : !r->task && (r->ready_file || r->ready_command);
}

static void start_check(struct machine *m, size_t i, int64_t now)
{
	struct unit *u = &m->units[i];
	const struct boot_rule *r = &u->rule;
	struct probe *p = &u->probe;

	p->health = m->super.at[i].ready;
	p->pid = fork();
	if (!p->pid) {
		if (!p->health && r->ready_file)
			look_for(u);
		exec_check(m->arena, u, p->health ? r->health : r->ready_command);
	}
	if (p->pid < 0) {
		fail("%s: start a process for its check", u->name);
		console_error();
		p->pid = 0;
	}
	p->tries = 0;
	p->due = now + r->health_timeout;
	if (!p->pid)
		p->due = now + READY_MS;
}

int64_t probe_due(const struct machine *m, size_t i)
{
	return m->units[i].probe.pid || is_wanted(m, i) ? m->units[i].probe.due : INT64_MAX;
}

void probe_turn(struct machine *m, int64_t now)
{
	for (size_t i = 0; i < m->n; i++) {
		struct probe *p = &m->units[i].probe;

		if (probe_due(m, i) > now)
			continue;
		if (!p->pid) {
			start_check(m, i, now);
			continue;
		}
		/* `runc exec` forwards SIGTERM to the process that it has started. SIGKILL ends
		 * only `runc exec`. */
		kill(p->pid, p->tries++ ? SIGKILL : SIGTERM);
		p->due = now + TERM_MS;
	}
}

void probe_start(struct unit *u, int64_t now)
{
	u->probe.bad = 0;
	u->probe.good = false;
	u->probe.due = now;
}

static void judge(struct machine *m, size_t i, bool good)
{
	struct unit *u = &m->units[i];

	u->probe.good = good;
	u->probe.bad = good ? 0 : u->probe.bad + 1;
	if (u->probe.bad < u->rule.health_retries)
		return;
	console_say("%s: its health check has failed %u times in a row: stopping it", u->name,
		    u->probe.bad);
	super_sick(&m->super, i);
}

bool probe_ended(struct machine *m, pid_t pid, int status, int64_t now)
{
	for (size_t i = 0; i < m->n; i++) {
		struct probe *p = &m->units[i].probe;

		if (!p->pid || p->pid != pid)
			continue;
		p->pid = 0;
		p->due = now + (m->super.at[i].ready ? m->units[i].rule.health_interval : READY_MS);
		/* The container has ended meanwhile, or was started again, so the result is
		 * ignored. */
		if (!is_wanted(m, i) || p->health != m->super.at[i].ready)
			return true;
		if (p->health)
			judge(m, i, !status && !p->tries);
		else if (!status)
			on_ready(m, i);
		p->due = now + (m->super.at[i].ready ? m->units[i].rule.health_interval : READY_MS);
		return true;
	}
	return false;
}
