/* setup.c - sets process 1 of a machine up at boot, and once more at a reload. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

static void hold_machine_signals(struct machine *m)
{
	sigset_t all;

	sigfillset(&all);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_SETMASK, &all, NULL);
	m->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signals < 0) {
		fail("signals are handled only once a second: create signalfd");
		console_error();
	}
	/* Ctrl-Alt-Del sends SIGINT to us instead of a reboot. In a container that fails
	 * (EINVAL, EPERM). */
	if (reboot(RB_DISABLE_CAD) < 0)
		err_clear("a container has no keyboard");
}

/* Each container needs two descriptors, and one for its log file. */
static void raise_files(void)
{
	struct rlimit files;

	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		prlimit(0, RLIMIT_NOFILE, &files, NULL);
	}
}

/* Watches the directory of the pid files: the runtime writes one when the container's program was
 * executed. */
static void watch_starts(struct machine *m)
{
	if (mkdir(BOOT_DIR, 0700) < 0 && errno != EEXIST) {
		fail("make %s", BOOT_DIR);
		console_error();
	}
	m->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (m->inotify < 0 || inotify_add_watch(m->inotify, BOOT_DIR, IN_MOVED_TO) < 0) {
		fail("watch %s", BOOT_DIR);
		if (err_num() == ENOSYS)
			fail_hint("this kernel was built without CONFIG_INOTIFY_USER");
		console_error();
		fd_close(&m->inotify);
	}
}

/* For one mount, which may replay a journal; the wait for its device is added. */
#define MOUNTS_MS 120000

static void prepare(struct machine *m)
{
	if (WITH_MODULES)
		modules_load(&m->set);
	mounts_further(m->arena, &m->set);
	if (m->kernel)
		clock_set(m->set.clock_file);
	if (WITH_BOOT_NET)
		network_machine(&m->set);
}

/* Calls prepare() in a child and feeds the watchdog meanwhile, because a disk may hang. If that
 * takes too long, the watchdog is not fed any more and resets the machine. */
static void prepare_all(struct machine *m)
{
	size_t n = m->set.mounts.n + m->set.network.n + m->set.modules.n;
	int status;

	if (m->watchdog.fd < 0 || !n)
		prepare(m);
	else if (!watchdog_aside(m, prepare, n * (m->set.wait + MOUNTS_MS)))
		proc_wait(-1, &status);
}

static void open_logs(struct arena *a, struct machine *m)
{
	struct boot_rule rule;
	bool files = false;

	for (size_t i = 0; i < m->n; i++)
		files |= m->units[i].log->to_file;
	boot_rule(&m->set, "", &rule);
	if (*rule.log == '/' && mounts_missing(a, &m->set, rule.log))
		rule.log = "console";
	log_own(a, &rule, files);
}

void setup_machine(struct arena *a, struct machine *m, char **argv, bool kernel)
{
	m->arena = a;
	m->kernel = kernel;
	umask(022);
	mounts_basic();
	console_open();
	log_own_keep();
	setenv("PATH", DEFAULT_PATH, 0);
	hold_machine_signals(m);
	raise_files();
	m->argv = argv;
	boot_read(a, &m->set, argv, kernel, console_error);
	console_debug = m->set.debug;
	console_stamp = m->set.stamp;
	console_more(m->set.consoles);
	if (console_debug)
		boot_show(&m->set);
	mounts_cgroup(m->set.cgroup);
	if (m->set.hostname && sethostname(m->set.hostname, strlen(m->set.hostname)) < 0) {
		fail("set the hostname");
		console_error();
	}
	if (net_lo_up() < 0)
		console_error();
	watchdog_open(&m->watchdog, m->set.watchdog); /* before any call that may wait */
	prepare_all(m);
	watch_starts(m);
	control_open(m);
	if (WITH_BUTTON)
		button_open(m);
	units_find(a, m, NULL);
	probe_listen(m);
	open_logs(a, m);
	m->shell_due = INT64_MAX;
	m->essential = true;
	if (!m->n)
		console_say("no containers in %s", m->set.bundles);
}

/* ---- reload ---------------------------------------------------------------------------------- */

/* The memory of the old settings is not freed. `oci-init reload` has checked the new ones
 * before. */
void setup_again(struct machine *m)
{
	struct machine fresh = { .arena = m->arena };

	m->reload = false;
	boot_read(m->arena, &fresh.set, m->argv, m->kernel, console_error);
	units_find(m->arena, &fresh, m);
	m->set = fresh.set;
	m->units = fresh.units;
	m->super.at = fresh.super.at;
	m->n = m->super.n = fresh.n;
	m->super.reported = false;
	console_debug = m->set.debug;
	console_stamp = m->set.stamp;
	if (m->notify < 0)
		probe_listen(m);
	/* The child that writes files must be forked when all of them are open. */
	if (fresh.reload) {
		logfile_close(m, 2000);
		logfile_start();
	}
	console_say("the containers of %s were read again", m->set.bundles);
}
