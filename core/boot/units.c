/* units.c - finds the containers in a directory, sorts them, and starts them as `runc run`. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* The index of a container; m->n: it does not exist. */
static size_t position(const struct machine *m, const char *name)
{
	size_t i = 0;

	while (i < m->n && strcmp(m->units[i].name, name))
		i++;
	return i;
}

/* Adds a unit with the bundle dir, which is top or a slot in it. Both are NULL for a container that
 * is in boot.json only. old: as in units_find. */
static void add_unit(struct arena *a, struct machine *m, const char *name, const char *top,
		     const char *dir, const struct machine *old)
{
	size_t was = old ? position(old, name) : 0;
	struct unit *u = &m->units[m->n];
	struct super_one *o = &m->super.at[m->n++];
	const char *argv[] = { "runc", "--root",     BOOT_ROOT, "run",	       "--bundle",
			       dir,    "--pid-file", NULL,	"--exit-file", NULL,
			       name,   NULL,	     NULL };

	u->name = name;
	u->top = top;
	u->dir = dir;
	u->pidfile = arena_printf(a, BOOT_DIR "/%s.pid", name);
	u->state = arena_printf(a, BOOT_ROOT "/%s", name);
	u->config = arena_printf(a, "%s/config.json", dir ? dir : "");
	u->exitfile = arena_printf(a, BOOT_DIR "/%s.exit", name);
	argv[7] = u->pidfile;
	argv[9] = u->exitfile;
	u->argv = arena_alloc(a, sizeof(argv));
	boot_rule(&m->set, name, &u->rule);
	if (made_wanted(&u->rule)) {
		u->made = arena_printf(a, BOOT_DIR "/%s.json", name);
		argv[10] = arena_printf(a, "--config=%s", u->made);
		argv[11] = name;
	}
	memcpy(u->argv, argv, sizeof(argv));
	for (int i = 0; dir != top && i < 2; i++) {
		u->slots[i].dir = arena_printf(a, "%s/%s", top, slot_names[i]);
		u->slots[i].config = arena_printf(a, "%s/config.json", u->slots[i].dir);
		if (!strcmp(u->slots[i].dir, dir))
			unit_use(u, i);
	}
	if (dir && *u->rule.log == '/' && mounts_missing(a, &m->set, u->rule.log)) {
		console_say("%s: its output goes to the console: %s is not mounted", name,
			    mounts_missing(a, &m->set, u->rule.log));
		u->rule.log = "console";
	}
	u->tty = !strcmp(u->rule.log, "tty");
	if (old && was < old->n)
		u->log = old->units[was].log;
	*o = (struct super_one){ .rule = &u->rule, .status = -1 };
	if (u->rule.disabled || u->rule.at_end)
		o->state = SUPER_DISABLED;
	if (!u->log) {
		u->log = arena_alloc(a, sizeof(*u->log));
		u->log->in = u->log->out = u->log->fd = -1;
	}
	if (!dir) {
		o->state = SUPER_FAILED;
		console_say("%s: there is no bundle of this name in %s", name, m->set.bundles);
	} else if (u->log->in < 0) {
		if (log_open(a, u->log, name, &u->rule) < 0) {
			fail_in("%s", name);
			console_error();
		}
		m->reload |= old && u->log->to_file;
	}
}

/* ---- order ----------------------------------------------------------------------------------- */

/* Converts the names in `after` to indexes of m->units. */
static void resolve(struct arena *a, struct machine *m, size_t i, void (*say)(void))
{
	const struct unit *u = &m->units[i];
	const char *const *names = u->rule.after;
	struct super_one *o = &m->super.at[i];
	size_t *at, n = 0, other;

	o->when = names ? u->rule.when : BOOT_STARTED;
	while (names && names[n])
		n++;
	o->after = at = arena_alloc(a, (n + 1) * sizeof(*at));
	for (; names && *names; names++) {
		other = position(m, *names);
		if (other < m->n) {
			at[o->nafter++] = other;
			continue;
		}
		failx("%s: after \"%s\": there is no such container", u->name, *names);
		say();
	}
}

/* The index in i's `after` of the first container without a place; o->nafter: all have a place. */
static size_t unplaced(const struct machine *m, size_t i, const size_t *to)
{
	const struct super_one *o = &m->super.at[i];
	size_t k = 0;

	while (k < o->nafter && to[o->after[k]] < m->n)
		k++;
	return k;
}

/* Follows `after` from a container without a place. The first container that it meets twice is in a
 * circle. The circle is reported, and that container does not wait for the next one in it any
 * more. */
static void open_circle(struct arena *a, struct machine *m, size_t i, const size_t *to,
			void (*say)(void))
{
	bool *seen = arena_alloc(a, m->n * sizeof(*seen));
	const char *names;
	struct super_one *o;
	size_t first, k;

	for (; !seen[i]; i = m->super.at[i].after[unplaced(m, i, to)])
		seen[i] = true;
	first = i;
	names = m->units[i].name;
	do {
		i = m->super.at[i].after[unplaced(m, i, to)];
		names = arena_printf(a, "%s after %s", names, m->units[i].name);
	} while (i != first);
	o = &m->super.at[first];
	k = unplaced(m, first, to);
	failx("a circle: %s; %s does not wait for %s", names, m->units[first].name,
	      m->units[o->after[k]].name);
	say();
	((size_t *)o->after)[k] = o->after[--o->nafter];
}

/* Without `after` a container waits for those before it, up to the nearest one that is started at
 * boot. */
static void chain(struct arena *a, struct machine *m, size_t i)
{
	struct super_one *o = &m->super.at[i];
	size_t *at = arena_alloc(a, (i + 1) * sizeof(*at));

	o->after = at;
	while (i--) {
		at[o->nafter++] = i;
		if (m->super.at[i].state == SUPER_WAITING)
			break;
	}
}

void units_order(struct arena *a, struct machine *m, void (*say)(void))
{
	size_t *to = arena_alloc(a, (m->n + 1) * sizeof(*to)), placed = 0, i;
	struct unit *units = arena_alloc(a, (m->n + 1) * sizeof(*units));
	struct super_one *at = arena_alloc(a, (m->n + 1) * sizeof(*at));

	for (i = 0; i < m->n; i++) {
		resolve(a, m, i, say);
		to[i] = m->n;
	}
	/* Place the first container, in the order of the directories, whose `after`
	 * all have a place. */
	while (placed < m->n) {
		for (i = 0; i < m->n; i++)
			if (to[i] == m->n && unplaced(m, i, to) == m->super.at[i].nafter)
				break;
		if (i < m->n) {
			to[i] = placed++;
			continue;
		}
		for (i = 0; to[i] < m->n;)
			i++;
		open_circle(a, m, i, to, say);
	}
	for (i = 0; i < m->n; i++) {
		size_t *after = (size_t *)m->super.at[i].after;

		for (size_t k = 0; k < m->super.at[i].nafter; k++)
			after[k] = to[after[k]];
		units[to[i]] = m->units[i];
		at[to[i]] = m->super.at[i];
		at[to[i]].rule = &units[to[i]].rule;
	}
	m->units = units;
	m->super.at = at;
	for (i = 0; i < m->n; i++)
		if (!m->units[i].rule.after && m->units[i].dir)
			chain(a, m, i);
}

/* Copies the state of containers that exist already. One that has no bundle any more is stopped. */
static void take_over(struct machine *m, const struct machine *old)
{
	for (size_t i = 0; i < m->n; i++) {
		size_t j = position(old, m->units[i].name);
		struct unit *u = &m->units[i];
		const struct unit *from = &old->units[j];
		struct super_one *o = &m->super.at[i], now = *o;
		const struct super_one *was = j < old->n ? &old->super.at[j] : NULL;

		if (!was || !(super_alive(was) || (from->dir && u->dir)))
			continue;
		if (u->slots[0].dir && from->slots[0].dir) {
			u->trial = from->trial;
			unit_use(u, from->slot);
		}
		u->probe = from->probe;
		u->run = from->run;
		u->raw = from->raw;
		u->clearing = from->clearing;
		u->pid = from->pid;
		memcpy(u->reason, from->reason, sizeof(u->reason));
		if (was->state == SUPER_DISABLED && !u->rule.disabled)
			continue;
		*o = *was;
		o->rule = now.rule;
		o->after = now.after;
		o->nafter = now.nafter;
		o->when = now.when;
		if (!u->dir)
			super_stop(&m->super, i, false, clock_ms());
	}
}

int units_find(struct arena *a, struct machine *m, const struct machine *old)
{
	size_t n, rows = m->set.containers.n;
	const char **names = boot_names(a, m->set.bundles, &n);

	if (old)
		rows += old->n;
	m->units = arena_alloc(a, (n + rows + 1) * sizeof(*m->units));
	m->super.at = arena_alloc(a, (n + rows + 1) * sizeof(*m->super.at));
	rows = m->set.containers.n;
	for (size_t i = 0; i < n; i++) {
		const char *name = boot_name(names[i]);
		const char *dir = arena_printf(a, "%s/%s", m->set.bundles, names[i]), *bundle;
		struct stat st;

		if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
			continue;
		bundle = slots_bundle(a, dir);
		if (access(arena_printf(a, "%s/config.json", bundle), F_OK) < 0)
			console_say("%s has no config.json", dir);
		else if (!oci_id_valid(name))
			console_say("%s: \"%s\" cannot be the name of a container", dir, name);
		else if (position(m, name) < m->n)
			console_say("%s: another directory has the name \"%s\" too", dir, name);
		else
			add_unit(a, m, name, dir, bundle, old);
	}
	for (size_t i = 0; i < rows; i++)
		if (*boot_row_name(&m->set, i) && position(m, boot_row_name(&m->set, i)) == m->n)
			add_unit(a, m, boot_row_name(&m->set, i), NULL, NULL, old);
	for (size_t i = 0; old && i < old->n; i++)
		if (super_alive(&old->super.at[i]) && position(m, old->units[i].name) == m->n)
			add_unit(a, m, old->units[i].name, NULL, NULL, old);
	m->super.n = m->n;
	units_order(a, m, console_error);
	if (WITH_RELOAD && old)
		take_over(m, old);
	return 0;
}

/* ---- the check by `oci-init check`, also on a workstation ------------------------------------ */

/* Reports and clears the error record. */
static int say_fault(void (*say)(const char *line))
{
	say(err_text());
	err_clear("the error was reported");
	return 1;
}

static int check_bundle(struct arena *a, const char *dir, void (*say)(const char *line))
{
	const char *config = arena_printf(a, "%s/config.json", dir);
	int faults;

	if (access(config, F_OK) < 0) {
		fail("%s: is not a container without config.json", dir);
		return say_fault(say);
	}
	faults = oci_check(a, AT_FDCWD, config, say);
	return faults < 0 ? say_fault(say) : faults;
}

static int check_slots(struct arena *a, const char *dir, void (*say)(const char *line))
{
	int faults = 0;

	for (size_t i = 0; i < 2; i++) {
		const char *slot = arena_printf(a, "%s/%s", dir, slot_names[i]);

		if (!access(slot, F_OK))
			faults += check_bundle(a, slot, say);
	}
	return faults;
}

static struct {
	void (*say)(const char *line);
	int faults;
} order_check;

static void order_fault(void)
{
	order_check.faults += say_fault(order_check.say);
}

/* Checks `after`: unknown names and circles. */
static int check_order(struct arena *a, const struct boot_settings *s, const char **names, size_t n,
		       void (*say)(const char *line))
{
	struct machine m = { .n = n };
	int faults = 0;

	m.units = arena_alloc(a, (n + 1) * sizeof(*m.units));
	m.super.at = arena_alloc(a, (n + 1) * sizeof(*m.super.at));
	for (size_t i = 0; i < n; i++) {
		m.units[i].name = boot_name(names[i]);
		m.units[i].dir = names[i];
		boot_rule(s, m.units[i].name, &m.units[i].rule);
		if (made_network(&m.units[i].rule) && net_fault(&m.units[i].rule.net, true)) {
			failx("%s: %s", m.units[i].name, net_fault(&m.units[i].rule.net, true));
			say_fault(say);
			faults++;
		}
	}
	order_check.say = say;
	order_check.faults = 0;
	units_order(a, &m, order_fault);
	return faults + order_check.faults;
}

int units_check(struct arena *a, const struct boot_settings *s, void (*say)(const char *line))
{
	size_t n, rows = s->containers.n;
	const char **names;
	int faults = 0;

	if (access(s->bundles, R_OK) < 0) {
		fail("open %s", s->bundles);
		return say_fault(say);
	}
	names = boot_names(a, s->bundles, &n);
	for (size_t i = 0; i < n; i++) {
		const char *dir = arena_printf(a, "%s/%s", s->bundles, names[i]);
		struct stat st;

		if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
			continue;
		if (slots_have(a, dir))
			faults += check_slots(a, dir, say);
		else
			faults += check_bundle(a, dir, say);
		if (!oci_id_valid(boot_name(names[i]))) {
			failx("%s: \"%s\" cannot be the name of a container", dir,
			      boot_name(names[i]));
			faults += say_fault(say);
		}
		for (size_t j = 0; j < i; j++)
			if (!strcmp(boot_name(names[i]), boot_name(names[j]))) {
				failx("%s: \"%s\" is also the name of %s", dir, boot_name(names[i]),
				      names[j]);
				faults += say_fault(say);
			}
	}
	for (size_t i = 0; i < rows; i++) {
		const char *name = boot_row_name(s, i);
		bool found = !*name;

		for (size_t j = 0; j < n && !found; j++)
			found = !strcmp(name, boot_name(names[j]));
		if (!found) {
			failx("containers[%zu].name \"%s\": there is no bundle of this name in %s",
			      i, name, s->bundles);
			faults += say_fault(say);
		}
	}
	return faults + check_order(a, s, names, n, say);
}

/* ---- processes ------------------------------------------------------------------------------- */

/* In a child: writes the error as the reason why the container did not start, and exits. */
static _Noreturn void give_up(int out)
{
	fd_write_all(out, err_text(), strlen(err_text()));
	_exit(127);
}

static _Noreturn void execute(char *const *argv)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", argv);
	fail("execute the runtime");
	give_up(2);
}

/* Makes /dev/null and the log the standard streams. Those of process 1 are the console, which the
 * container must not have. */
static void take_streams(const struct log *l)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), out = l->out < 0 ? null : l->out;

	setsid();
	if (null >= 0 && dup2(null, 0) >= 0 && dup2(out, 1) >= 0 && dup2(out, 2) >= 0)
		return;
	fail("make its standard streams from /dev/null and its log");
	give_up(out < 0 ? 2 : out);
}

_Noreturn void unit_execute(const struct unit *u, char *const *argv)
{
	if (u->log->out >= 0)
		take_streams(u->log);
	else
		setsid();
	execute(argv);
}

pid_t unit_clear(const struct unit *u)
{
	char *argv[] = { "runc", "--root", BOOT_ROOT, "delete", "--force", (char *)u->name, NULL };
	pid_t pid;

	if (access(u->state, F_OK) < 0)
		return 0;
	pid = fork();
	if (!pid)
		unit_execute(u, argv);
	return pid < 0 ? fail("clear away %s", u->name) : pid;
}

/* Deletes a container with this name that is left from before, for example by a runtime that was
 * killed. */
static void clear_away(const struct unit *u)
{
	int status;
	pid_t pid = unit_clear(u);

	if (pid > 0)
		proc_wait(pid, &status);
}

/* A number that differs when the file has changed. */
static uint64_t stamp_of(const char *config)
{
	struct stat st = { 0 };

	if (stat(config, &st) < 0)
		err_clear("the number of a missing file differs, too");
	return (uint64_t)st.st_ino * 31 + (uint64_t)st.st_ctim.tv_sec * 1000000007 +
	       st.st_ctim.tv_nsec;
}

static const char *stamp_file(struct arena *a, const char *name)
{
	return arena_printf(a, BOOT_DIR "/%s.stamp", name);
}

/* The child that starts the container calls this: the disk of the bundle may hang, and then process
 * 1 must not. */
static void note_stamp(struct arena *a, const struct unit *u)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)stamp_of(u->config));

	if (file_replace(AT_FDCWD, stamp_file(a, u->name), text, len, 0600) < 0)
		err_clear("without it a reload takes the bundle for a changed one");
}

bool units_changed(struct arena *a, const char *name, const char *config)
{
	char text[24] = "";

	if (file_read_line(AT_FDCWD, stamp_file(a, name), text, sizeof(text)) < 0)
		err_clear("a container without a stamp counts as changed");
	return strtoull(text, NULL, 10) != stamp_of(config);
}

static void make_config(struct arena *a, const struct unit *u)
{
	if ((WITH_ENV || WITH_BOOT_NET) && u->made && made_config(a, u) < 0)
		give_up(2);
}

pid_t unit_start(struct arena *a, const struct unit *u)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? fail("start a process for %s", u->name) : pid;
	if (!u->tty) {
		take_streams(u->log);
	} else if (console_own() < 0) {
		take_streams(u->log);
		fail_in("%s: its output goes to its log", u->name);
		console_child();
		console_error();
	}
	if (u->rule.ready_notify)
		setenv("NOTIFY_SOCKET", BOOT_NOTIFY, 1);
	make_config(a, u);
	if (WITH_RELOAD)
		note_stamp(a, u);
	clear_away(u);
	execute(u->argv);
}

pid_t unit_kill(const struct unit *u, int sig)
{
	char number[16];
	char *argv[] = { "runc", "--root", BOOT_ROOT, "kill", (char *)u->name, number, NULL };
	pid_t pid;

	snprintf(number, sizeof(number), "%d", sig);
	pid = fork();

	if (!pid)
		unit_execute(u, argv);
	return pid < 0 ? fail("kill %s", u->name) : pid;
}

int unit_signal(const struct unit *u, int sig)
{
	/* `runc run` forwards all other signals, also before the container exists. */
	if (sig == SIGKILL || sig == SIGCHLD || sig == SIGWINCH || sig == SIGURG)
		return unit_kill(u, sig) < 0 ? -1 : 0;
	return kill(u->run, sig) < 0 ? fail("signal %s", u->name) : 0;
}
