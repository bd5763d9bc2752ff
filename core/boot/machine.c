/* machine.c - process 1 of a machine: the loop that never ends. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

/* ---- events of containers -------------------------------------------------------------------- */

/* why: the reason why it did not start; NULL: it has started. */
static void report_end(const struct machine *m, size_t i, const char *why)
{
	const struct super_one *o = &m->super.at[i];
	char then[64] = "", time[CLOCK_TEXT];

	if (o->state == SUPER_BACKOFF && o->due > clock_ms())
		snprintf(then, sizeof(then), "; starts again in %s", clock_text(o->delay, time));
	console_say("%s: %s%s%s", m->units[i].name, why ? "did not start: " : "",
		    why ? why : m->units[i].reason, then);
}

/* Reads how the container ended from the file of --exit-file, or if there is none from the
 * runtime's exit status. */
static enum super_wish read_end(struct unit *u, int *status)
{
	enum super_wish wish = SUPER_NOTHING;
	char text[64] = "";

	if (file_read_line(AT_FDCWD, u->exitfile, text, sizeof(text)) < 0)
		err_clear(
			"the runtime was killed, or it had no container: its exit status is used");
	unlink(u->exitfile);
	*status = proc_exit_code(u->raw);
	wish = super_reason(text, *status, u->reason, sizeof(u->reason));
	return wish;
}

static void want_shell(struct machine *m)
{
	if (m->set.shell && !m->shell && !m->super.goal)
		m->shell_due = 0;
}

static void on_end(struct machine *m, size_t i, int raw)
{
	struct unit *u = &m->units[i];
	struct super_one *o = &m->super.at[i];
	char why[LOG_LINE + 1] = "";
	enum super_wish wish;
	int status;
	bool started = o->state != SUPER_STARTING && !u->log->held;

	if (!u->clearing) {
		u->raw = raw;
		u->run = unit_clear(u);
		u->clearing = u->run > 0;
		if (u->clearing)
			return; /* on_end is called again when `runc delete` has ended */
		if (u->run < 0)
			console_error();
	}
	u->clearing = false;
	u->run = u->pid = 0;
	unlink(u->pidfile);
	if (WITH_BOOT_NET && u->made)
		network_leave(u);
	if (!started && u->log->in >= 0)
		log_reason(u->log, why, sizeof(why));
	else
		log_end(u->log); /* the loop reads what a slow console does not accept now */
	wish = read_end(u, &status);
	/* A new version on trial that powers off does not work: the old one gets its place. */
	if (WITH_UPDATE && u->trial.state == TRIAL_RUNS && wish == SUPER_OFF)
		wish = SUPER_AGAIN;
	if (!started)
		snprintf(u->reason, sizeof(u->reason), "did not start: %.100s",
			 *why ? why : "it gave no reason");
	super_exit(&m->super, i, status, wish, clock_ms());
	report_end(m, i, started ? NULL : *why ? why : "it gave no reason");
	if (o->state == SUPER_FAILED)
		want_shell(m);
}

static void act(struct machine *m, const struct super_act *a)
{
	struct unit *u = &m->units[a->i < m->n ? a->i : 0]; /* the array has at least one element */

	switch (a->what) {
	case SUPER_START:
		u->log->held = m->inotify >= 0 && !u->tty;
		u->run = unit_start(m->arena, u);
		if (console_debug && u->run > 0)
			console_say("%s: the runtime is process %d", u->name, (int)u->run);
		if (u->run < 0) {
			u->run = 0;
			u->log->held = false;
			console_error();
			super_exit(&m->super, a->i, 255, SUPER_NOTHING, clock_ms());
		} else if (m->inotify < 0) {
			super_started(&m->super, a->i, clock_ms());
		}
		break;
	case SUPER_SIGNAL:
		if (console_debug)
			console_say("%s: gets signal %d to stop", u->name, u->rule.stop_signal);
		if (unit_signal(u, u->rule.stop_signal) < 0)
			console_error();
		break;
	case SUPER_KILL:
		console_say("%s: does not stop: killing it", u->name);
		if (unit_kill(u, SIGKILL) < 0)
			console_error();
		break;
	case SUPER_ABANDON: kill(u->run, SIGKILL); break;
	case SUPER_DONE:
		if (!m->n)
			want_shell(m);
		if (m->set.done && m->shell_due == INT64_MAX && !m->shell)
			super_shutdown(&m->super, m->set.done, clock_ms());
		break;
	case SUPER_DOWN: boot_down(m);
	}
}

/* Reports that a task has not ended within startTimeout, if a container waits for it: `status`
 * would show only that the other one is waiting. */
static void report_late(struct machine *m, size_t i)
{
	char time[CLOCK_TEXT];

	m->super.at[i].late = false;
	for (size_t j = i + 1; j < m->n; j++) {
		const struct super_one *o = &m->super.at[j];

		for (size_t k = 0; o->state == SUPER_WAITING && k < o->nafter; k++) {
			if (o->after[k] != i)
				continue;
			console_say("%s: has not ended within %s, and %s waits for it",
				    m->units[i].name,
				    clock_text(m->units[i].rule.start_timeout, time),
				    m->units[j].name);
			return;
		}
	}
}

/* Reports what super.c has decided without an event: a start limit, a failed container in an
 * `after`, a task that takes too long. */
static void report_decisions(struct machine *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct super_one *o = &m->super.at[i];
		char time[CLOCK_TEXT];

		if (o->blocked) {
			o->blocked = false;
			snprintf(m->units[i].reason, sizeof(m->units[i].reason),
				 "not started: a container in its \"after\" has failed");
			console_say("%s: %s", m->units[i].name, m->units[i].reason);
		}
		if (o->late)
			report_late(m, i);
		if (!o->limited)
			continue;
		o->limited = false;
		console_say("%s: failed for good: %u starts within %s", m->units[i].name,
			    o->rule->start_count, clock_text(o->rule->start_interval, time));
		want_shell(m);
	}
}

static void on_started(struct machine *m)
{
	char buf[4096] __attribute__((aligned(8))), text[16];
	ssize_t n;

	while ((n = read(m->inotify, buf, sizeof(buf))) > 0)
		for (char *at = buf; at < buf + n;) {
			struct inotify_event *e = (struct inotify_event *)at;

			at += sizeof(*e) + e->len;
			for (size_t i = 0; i < m->n; i++) {
				struct unit *u = &m->units[i];

				if (!e->len || !u->run ||
				    strcmp(u->pidfile + sizeof(BOOT_DIR), e->name))
					continue;
				if (file_read_line(AT_FDCWD, u->pidfile, text, sizeof(text)) < 0)
					console_error();
				else
					u->pid = strtol(text, NULL, 10);
				super_started(&m->super, i, clock_ms());
				probe_start(u, clock_ms());
				console_say("%s: started (process %d)", u->name, (int)u->pid);
				log_release(u->log);
			}
		}
}

/* ---- signals --------------------------------------------------------------------------------- */

static const struct {
	int sig;
	enum boot_goal goal;
} orders[] = {
	{ SIGTERM, BOOT_REBOOT },   { SIGINT, BOOT_REBOOT },   { SIGUSR1, BOOT_HALT },
	{ SIGUSR2, BOOT_POWEROFF }, { SIGPWR, BOOT_POWEROFF },
};

static void reap_units(struct machine *m)
{
	int status;
	pid_t pid;

	/* The container of a process that has ended may have started just before that. */
	if (m->inotify >= 0)
		on_started(m);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		watchdog_feed(&m->watchdog);
		if (logfile_ended(pid) || probe_ended(m, pid, status, clock_ms()) ||
		    (WITH_UPDATE && update_ended(m, pid, status, clock_ms())))
			continue;
		if (pid == m->shell) {
			m->shell = 0;
			m->shell_due = INT64_MAX;
			m->super.reported = false; /* SUPER_DONE may be due again */
			/* 126 and above: /bin/sh cannot be executed, so it is not tried again. */
			if (!m->set.done && proc_exit_code(status) < 126)
				m->shell_due = clock_ms() + 1000;
			else
				m->set.shell = false;
		}
		for (size_t i = 0; i < m->n; i++)
			if (m->units[i].run == pid) {
				if (m->inotify >= 0)
					on_started(m);
				on_end(m, i, status);
				break;
			}
	}
}

/* Returns the next pending signal; -1: no signal is pending. */
static int next_signal(const struct machine *m)
{
	static const struct timespec now;
	struct signalfd_siginfo si;
	sigset_t all;

	if (m->signals >= 0)
		return read(m->signals, &si, sizeof(si)) == sizeof(si) ? (int)si.ssi_signo : -1;
	sigfillset(&all);
	return sigtimedwait(&all, NULL, &now);
}

static void on_signals(struct machine *m)
{
	int sig;

	while ((sig = next_signal(m)) >= 0)
		for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
			if (orders[i].sig == sig)
				super_shutdown(&m->super, orders[i].goal, clock_ms());
	reap_units(m);
}

/* ---- the shell ------------------------------------------------------------------------------- */

static bool any_left(const struct machine *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->super.at[i].state < SUPER_STOPPED)
			return true;
	return false;
}

static void start_shell(struct machine *m)
{
	bool again = m->shell_due != 0;
	sigset_t none;

	m->shell_due = INT64_MAX;
	if (m->super.goal || (again && any_left(m)))
		return;
	m->shell = fork();
	if (m->shell < 0) {
		m->shell = 0;
		m->shell_due = clock_ms() + 1000;
		fail("start a process for the emergency shell");
		console_error();
		return;
	}
	if (m->shell)
		return;
	console_child();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!console_own())
		execl("/bin/sh", "-sh", NULL);
	fail("emergency shell /bin/sh");
	console_error();
	_exit(127);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static int until(const struct machine *m, int64_t now)
{
	int64_t due = super_due(&m->super);

	if (m->watchdog.fd >= 0 && m->watchdog.due < due)
		due = m->watchdog.due;
	if (m->essential_due < due)
		due = m->essential_due;
	if (m->update_due < due)
		due = m->update_due;
	for (size_t i = 0; i < m->n; i++) {
		int64_t other = probe_due(m, i);

		if (log_due(m->units[i].log) < due)
			due = log_due(m->units[i].log);
		if (other < due)
			due = other;
	}
	if (m->shell_due < due)
		due = m->shell_due;
	/* Without signalfd(2) no event reports a signal, such as the end of a child. */
	if (m->signals < 0 && due > now + 1000)
		due = now + 1000;
	if (due == INT64_MAX)
		return -1;
	due -= now;
	return due < 0 ? 0 : due > 3600000 ? 3600000 : (int)due;
}

enum {
	P_SIGNALS,
	P_INOTIFY,
	P_CONTROL,
	P_CONSOLE,
	P_FILES,
	P_NOTIFY,
	P_CLIENTS,
	P_BUTTONS = P_CLIENTS + CONTROL_MAX,
	P_LOGS = P_BUTTONS + BUTTONS
};

/* Returns how long the console lets poll(2) wait, -1: for ever. */
static int fill(const struct machine *m, struct pollfd *p)
{
	bool late = !log_own_push(); /* the writer of log files has no room */

	p[P_SIGNALS] = (struct pollfd){ m->signals, POLLIN, 0 };
	p[P_INOTIFY] = (struct pollfd){ m->inotify, POLLIN, 0 };
	p[P_NOTIFY] = (struct pollfd){ m->notify, POLLIN, 0 };
	for (size_t i = 0; i < CONTROL_MAX; i++)
		p[P_CLIENTS + i] = (struct pollfd){ m->clients[i], POLLIN, 0 };
	for (size_t i = 0; i < BUTTONS; i++)
		p[P_BUTTONS + i] = (struct pollfd){ WITH_BUTTON ? m->buttons[i] : -1, POLLIN, 0 };
	p[P_CONTROL] = (struct pollfd){ m->control, POLLIN, 0 };
	for (size_t i = 0; i < m->n; i++) {
		const struct log *l = m->units[i].log;
		bool takes = log_takes(l);

		late |= l->to_file && !takes;
		p[P_LOGS + i] = (struct pollfd){ takes ? l->in : -1, POLLIN, 0 };
	}
	p[P_FILES] = (struct pollfd){ late ? logfile_fd() : -1, POLLOUT, 0 };
	return console_waits(&p[P_CONSOLE]);
}

static void serve(struct machine *m, const struct pollfd *p)
{
	/* Clients are answered before new events are handled. So they see the state after the last
	 * actions, and not that of a container that has ended and is about to be started again. */
	for (size_t i = 0; i < CONTROL_MAX; i++)
		if (p[P_CLIENTS + i].revents)
			control_serve(m, i, clock_ms());
	if (p[P_INOTIFY].revents || p[P_NOTIFY].revents)
		on_started(m); /* a container must have started before it is ready */
	if (p[P_NOTIFY].revents)
		probe_heard(m);
	/* Another one begins each time: the first one may use all the room of a slow console. */
	for (size_t k = 0, from = m->next_log; k < m->n; k++) {
		size_t i = (from + k) % m->n;

		watchdog_feed(&m->watchdog);
		if (!p[P_LOGS + i].revents)
			continue;
		if (m->next_log == from)
			m->next_log = i + 1;
		log_pump(m->units[i].log);
	}
	if (p[P_SIGNALS].revents)
		on_signals(m);
	if (p[P_CONTROL].revents)
		control_accept(m);
	for (size_t i = 0; WITH_BUTTON && i < BUTTONS; i++)
		if (p[P_BUTTONS + i].revents && button_pressed(&m->buttons[i]))
			super_shutdown(&m->super, m->set.button, clock_ms());
}

/* Only a reload allocates memory. */
static _Noreturn void loop(struct machine *m)
{
	struct super_act what;
	struct pollfd *p = NULL;

	for (;;) {
		int64_t now = clock_ms();
		int wait, most;

		if (WITH_RELOAD && m->reload) {
			setup_again(m);
			p = NULL;
		}
		if (!p)
			p = arena_alloc(m->arena, (P_LOGS + m->n) * sizeof(*p));

		watchdog_feed(&m->watchdog);
		console_push();
		while (super_next(&m->super, now, &what))
			act(m, &what);
		probe_turn(m, now);
		report_decisions(m);
		for (size_t i = 0; i < m->n; i++)
			super_look(&m->super.at[i], now);
		m->update_due = WITH_UPDATE ? update_turn(m, now) : INT64_MAX;
		m->essential_due = essential_turn(m, now);
		if (m->shell_due <= now)
			start_shell(m);
		most = fill(m, p);
		wait = until(m, clock_ms());
		if (most >= 0 && (wait < 0 || wait > most))
			wait = most;
		if (poll(p, P_LOGS + m->n, wait) > 0)
			serve(m, p);
		for (size_t i = 0; i < m->n; i++)
			log_silence(m->units[i].log, clock_ms());
		if (m->signals < 0)
			on_signals(m);
	}
}

static _Noreturn void out_of_arena(void)
{
	console_say("out of memory");
	/* A child ends, and process 1 continues without its work. */
	if (getpid() != 1)
		_exit(1);
	for (;;)
		pause();
}

_Noreturn void boot_machine(struct arena *a, char **argv, bool kernel)
{
	static struct machine m;

	arena_oom = out_of_arena;
	setup_machine(a, &m, argv, kernel);
	loop(&m);
}
