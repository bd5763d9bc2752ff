/* boot.c - oci-init as process 1 of a machine, and the orders that can be given to it. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"
#include "applets/applet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

/* The first pid namespace has a fixed inode number (PROC_PID_INIT_INO of the kernel's
 * proc_ns.h). Where no /proc is mounted yet, only the kernel starts a process 1 that is in no
 * session. */
#define FIRST_PIDNS_INO 0xEFFFFFFCU

static bool from_kernel(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) ? !getsid(0) : st.st_ino == FIRST_PIDNS_INO;
}

static bool only_settings(char **argv)
{
	while (*argv && !strncmp(*argv, "ocibox.", 7))
		argv++;
	return !*argv;
}

#if !WITH_BOOT

int boot_first(int argc, char **argv)
{
	if (getpid() == 1 && (from_kernel() || only_settings(argv + 1))) {
		not_built("WITH_BOOT", "init of a machine");
		exit(applet_fail(&oci_init_applet));
	}
	return 0;
}

#else

int boot_first(int argc, char **argv)
{
	if (getpid() == 1) {
		bool kernel = from_kernel();

		clock_built = OCIBOX_TIME;
		if (kernel || only_settings(argv + 1))
			boot_machine(&arena, argv + 1, kernel);
		return 0;
	}
	return argc > 1 && applet_exists("oci-init", argv[1]);
}

/* ---- check: before it is flashed ------------------------------------------------------------- */

struct check_opts {
	const char *bundles;
};

static void print_line(const char *line)
{
	printf("%s\n", line);
}

static void print_fault(void)
{
	print_line(err_text());
	err_clear("it was reported");
}

static int check_boot(void *opts, int argc, char **argv)
{
	const struct check_opts *o = opts;
	const char *file = argc ? argv[0] : "/etc/ocibox/boot.json";
	struct boot_settings set;
	int faults = 0;
	char *text;
	size_t len;

	boot_defaults(&set);
	if (argc || !access(file, F_OK)) {
		if (file_read(&arena, AT_FDCWD, file, 1 << 20, &text, &len) < 0)
			return -1;
		faults = boot_set_json(&arena, &set, file, text, len, print_fault);
	}
	if (o->bundles)
		set.bundles = o->bundles;
	if (*set.bundles)
		faults += units_check(&arena, &set, print_line);
	/* A report that could not be written must not look like one without faults. */
	return applet_print("", 0) < 0 ? -1 : faults > 0;
}

static const struct opt check_opts[] = {
	{ "bundles", 'b', OPT_STR, offsetof(struct check_opts, bundles), "DIR",
	  "where the bundles lie now; default is what boot.json says, or /bundles; with an empty "
	  "name no bundle is checked" },
	{ NULL },
};

const struct applet init_check_applet = {
	.name = "check",
	.args = "[FILE]",
	.summary = "report every fault of a boot.json and of its bundles",
	.text = "Prints a line for each fault and exits with 1. Without faults it prints nothing "
		"and exits with 0. FILE is /etc/ocibox/boot.json by default.",
	.opts = check_opts,
	.opts_size = sizeof(struct check_opts),
	.args_max = 1,
	.run = check_boot,
};

/* ---- orders ---------------------------------------------------------------------------------- */

struct status_row {
	char name[1100], state[16];
	int pid, starts, status;
	long long ms; /* in this state */
	bool ready;
	int bad; /* health checks that have failed in a row; -1: it has none */
	const char *reason;
};

/* 1, 0 when there is no such row, -1. */
static int read_row(int fd, unsigned i, struct status_row *r)
{
	char answer[1200], *at, *end;

	if (control_ask(fd, arena_printf(&arena, "row %u", i), answer, sizeof(answer)) < 0)
		return -1;
	if (!strcmp(answer, "end"))
		return 0;
	at = strchr(answer, ' ');
	end = at ? strchr(at + 1, ' ') : NULL;
	if (!end)
		return failx("process 1 answers \"%s\"", answer);
	snprintf(r->name, sizeof(r->name), "%.*s", (int)(at - answer), answer);
	snprintf(r->state, sizeof(r->state), "%.*s", (int)(end - at - 1), at + 1);
	r->pid = strtol(end, &end, 10);
	r->starts = strtol(end, &end, 10);
	r->status = strtol(end, &end, 10);
	r->ms = strtoll(end, &end, 10);
	r->ready = strtol(end, &end, 10);
	r->bad = strtol(end, &end, 10);
	r->reason = arena_strdup(&arena, *end ? end + 1 : end);
	return 1;
}

static int find_row(int fd, const char *name, struct status_row *r)
{
	int found;

	for (unsigned i = 0; (found = read_row(fd, i, r)) > 0; i++)
		if (!strcmp(r->name, name))
			return 0;
	return found < 0 ? -1 : failx("there is no container %s", name);
}

struct status_opts {
	const char *format;
};

/* Reads the counters of its cgroup. False: it has no cgroup, or no process. */
static bool usage(const struct status_row *r, struct cgroup_stats *out)
{
	struct life l __cleanup(life_close) = LIFE_INIT;

	memset(out, 0, sizeof(*out));
	if (!r->pid || life_open(&arena, BOOT_ROOT, r->name, LIFE_LOOK, &l) < 0 || !l.cgroup ||
	    cgroup_stats(l.cgroup, &arena, out) < 0)
		return err_clear("it has ended since, or there are no cgroups"), false;
	return true;
}

static void put_usage(struct json_out *o, const struct status_row *r)
{
	struct cgroup_stats s;

	if (!usage(r, &s))
		return;
	json_put_i64(o, "memory", (int64_t)s.memory.usage.usage);
	json_put_i64(o, "cpuMs", (int64_t)(s.cpu.total / 1000000));
}

/* "3d4h", "5m2s" */
static const char *span(long long ms)
{
	long long s = ms / 1000;

	return s >= 86400  ? arena_printf(&arena, "%lldd%lldh", s / 86400, s / 3600 % 24)
	       : s >= 3600 ? arena_printf(&arena, "%lldh%lldm", s / 3600, s / 60 % 60)
	       : s >= 60   ? arena_printf(&arena, "%lldm%llds", s / 60, s % 60)
			   : arena_printf(&arena, "%llds", s);
}

static void print_status_row(const struct status_row *r)
{
	const char *memory = "-", *cpu = "-", *health = "-";
	struct cgroup_stats s;

	if (usage(r, &s)) {
		memory = arena_printf(&arena, "%lluK",
				      (unsigned long long)s.memory.usage.usage >> 10);
		cpu = arena_printf(&arena, "%llu.%02llus",
				   (unsigned long long)s.cpu.total / 1000000000,
				   (unsigned long long)s.cpu.total / 10000000 % 100);
	}
	if (r->bad >= 0 && r->ready)
		health = r->bad ? arena_printf(&arena, "%d bad", r->bad) : "good";
	printf("%-20s %-10s %-8d %-8d %-8s %-8s %-8s %-8s %-8s %s\n", r->name, r->state, r->pid,
	       r->starts, r->status < 0 ? "-" : arena_printf(&arena, "%d", r->status), span(r->ms),
	       health, memory, cpu, *r->reason ? r->reason : "-");
}

static void put_status_json(struct json_out *o, const struct status_row *r)
{
	json_open(o, NULL, '{');
	json_put_str(o, "name", r->name);
	json_put_str(o, "state", r->state);
	json_put_i64(o, "pid", r->pid);
	json_put_i64(o, "starts", r->starts);
	if (r->status >= 0)
		json_put_i64(o, "status", r->status);
	if (*r->reason)
		json_put_str(o, "reason", r->reason);
	json_put_bool(o, "ready", r->ready);
	json_put_i64(o, "seconds", r->ms / 1000);
	if (r->bad >= 0 && r->ready)
		json_put_i64(o, "healthFailures", r->bad);
	put_usage(o, r);
	json_close(o, '}');
}

static int status_run(void *opts, int argc, char **argv)
{
	const struct status_opts *o = opts;
	int fd __cleanup(fd_close) = -1;
	bool json = o->format && !strcmp(o->format, "json"), any = false;
	struct json_out out = { .arena = &arena };
	struct status_row r = { 0 };
	int found;

	if (o->format && !json && strcmp(o->format, "table"))
		return failx("invalid format option");
	fd = control_connect();
	if (fd < 0)
		return -1;
	json_open(&out, NULL, '[');
	if (!json)
		printf("%-20s %-10s %-8s %-8s %-8s %-8s %-8s %-8s %-8s %s\n", "NAME", "STATE",
		       "PID", "STARTS", "STATUS", "SINCE", "HEALTH", "MEMORY", "CPU", "LAST END");
	for (unsigned i = 0; (found = read_row(fd, i, &r)) > 0; i++) {
		if (argc && strcmp(argv[0], r.name))
			continue;
		any = true;
		if (json)
			put_status_json(&out, &r);
		else
			print_status_row(&r);
	}
	json_close(&out, ']');
	if (found < 0)
		return -1;
	if (argc && !any)
		return failx("there is no container %s", argv[0]);
	if (!json)
		return 0;
	return applet_print(out.buf, out.len) < 0 ? -1 : applet_print("\n", 1);
}

/* False while the order is being carried out. An order ends "backoff" at once, so a later "backoff"
 * means that the program has ended again. */
static bool is_settled(const char *state, bool up)
{
	return strcmp(state, "stopping") &&
	       (!up || (strcmp(state, "starting") && strcmp(state, "waiting")));
}

/* Gives the order and waits until it is done. */
static int order(const char *verb, const char *name, bool up)
{
	int fd __cleanup(fd_close) = control_connect();
	static const struct timespec moment = { 0, 20000000 };
	struct status_row r = { 0 };
	char answer[1200];

	if (fd < 0 ||
	    control_ask(fd, arena_printf(&arena, "%s %s", verb, name), answer, sizeof(answer)) < 0)
		return -1;
	do {
		nanosleep(&moment, NULL);
		if (find_row(fd, name, &r) < 0)
			return -1;
	} while (!is_settled(r.state, up));
	if (up && (!strcmp(r.state, "failed") || !strcmp(r.state, "backoff")))
		return failx("%s did not start, or has ended with status %d", name, r.status);
	return 0;
}

/* ---- reload --------------------------------------------------------------------------------- */

struct reload_opts {
	bool dry_run, restart;
};

static char **first_args(void)
{
	char **argv, *text;
	size_t len, n = 0;

	if (file_read(&arena, AT_FDCWD, "/proc/1/cmdline", 1 << 17, &text, &len) < 0)
		return NULL;
	argv = arena_alloc(&arena, (len + 1) * sizeof(*argv));
	for (size_t at = 0; at < len; at += strlen(text + at) + 1)
		argv[n++] = text + at;
	return argv;
}

static const char *bundle_config(const struct boot_settings *set, const char *dir)
{
	const char *top = arena_printf(&arena, "%s/%s", set->bundles, dir);

	return arena_printf(&arena, "%s/config.json", slots_bundle(&arena, top));
}

/* Prints what is new, has changed and is gone. With act it prints nothing, and restarts what has
 * changed if --restart was given. */
static int show_changes(const struct reload_opts *o, int fd, const struct boot_settings *set,
			bool act)
{
	size_t n;
	const char **dirs = boot_names(&arena, set->bundles, &n);
	struct status_row r = { 0 };
	int found;

	for (unsigned i = 0; (found = read_row(fd, i, &r)) > 0; i++) {
		bool alive = r.pid || !strcmp(r.state, "starting");
		const char *config = "";
		size_t k = 0;

		while (k < n && strcmp(boot_name(dirs[k]), r.name))
			k++;
		if (k < n)
			config = bundle_config(set, dirs[k]);
		if (k < n && (r.starts || strcmp(r.state, "failed")))
			dirs[k] = "";
		if (k == n && alive && !act)
			printf("%s: is removed, and stops\n", r.name);
		if (k == n || !alive || !units_changed(&arena, r.name, config))
			continue;
		if (!act)
			printf("%s: has changed%s\n", r.name,
			       o->restart ? ", and is restarted" : "");
		else if (o->restart && order("restart", r.name, true) < 0)
			return -1;
	}
	for (size_t k = 0; k < n && !act; k++)
		if (*dirs[k] && !access(bundle_config(set, dirs[k]), F_OK))
			printf("%s: is new\n", boot_name(dirs[k]));
	return found;
}

static int reload_run(void *opts, int argc, char **argv)
{
	const struct reload_opts *o = opts;
	int fd __cleanup(fd_close) = -1;
	struct boot_settings set;
	char answer[64], **args;
	int faults;

	if (!WITH_RELOAD)
		return failx("this build cannot reload (WITH_RELOAD=0)");
	fd = control_connect();
	args = fd < 0 ? NULL : first_args();
	if (!args)
		return -1;
	faults = boot_read(&arena, &set, args, from_kernel(), print_fault);
	faults += units_check(&arena, &set, print_line);
	if (faults)
		return applet_print("", 0) < 0 ? -1 : 1;
	if (show_changes(o, fd, &set, false) < 0 || applet_print("", 0) < 0)
		return -1;
	if (o->dry_run)
		return 0;
	if (control_ask(fd, "reload", answer, sizeof(answer)) < 0)
		return -1;
	return o->restart ? show_changes(o, fd, &set, true) : 0;
}

/* ---- update --------------------------------------------------------------------------------- */

struct slot_row {
	int slot;
	bool trial;
	char dir[1200];
};

static int ask_slot(int fd, const char *name, struct slot_row *r)
{
	char answer[1200];

	if (control_ask(fd, arena_printf(&arena, "slot %s", name), answer, sizeof(answer)) < 0)
		return -1;
	if (strlen(answer) < 5)
		return failx("process 1 answers \"%s\"", answer);
	r->slot = *answer == 'B';
	r->trial = answer[2] == '1';
	snprintf(r->dir, sizeof(r->dir), "%s", answer + 4);
	return 0;
}

/* Waits for the end of the trial. */
static int await_trial(int fd, const char *name, int slot)
{
	static const struct timespec moment = { 0, 50000000 };
	struct status_row r = { 0 };
	struct slot_row now;

	do {
		nanosleep(&moment, NULL);
		if (ask_slot(fd, name, &now) < 0)
			return -1;
	} while (now.trial);
	if (now.slot == slot)
		return 0;
	if (find_row(fd, name, &r) < 0)
		return -1;
	return failx("%s: the bundle %s does not work, and %s is in use again (last end: %s)", name,
		     slot_names[slot], slot_names[!slot], *r.reason ? r.reason : "none");
}

static int slot_update_run(void *opts, int argc, char **argv)
{
	int fd __cleanup(fd_close) = -1, lock __cleanup(fd_close) = -1, slot;
	struct slot_row now;
	char answer[1200];

	if (!WITH_UPDATE)
		return failx("this build cannot update (WITH_UPDATE=0)");
	fd = control_connect();
	if (fd < 0 || ask_slot(fd, argv[0], &now) < 0)
		return -1;
	lock = open(now.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0)
		return fail("open %s", now.dir);
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? failx("%s: an update is going on", argv[0])
					    : fail("lock %s", now.dir);
	/* Another update may have ended since the first answer. */
	if (ask_slot(fd, argv[0], &now) < 0)
		return -1;
	if (now.trial)
		return failx("%s: an update is going on", argv[0]);
	slot = !now.slot;
	if (argc > 1 && slots_fill(&arena, now.dir, slot, argv[1]) < 0)
		return -1;
	if (access(arena_printf(&arena, "%s/%s/config.json", now.dir, slot_names[slot]), F_OK) < 0)
		return fail("%s/%s/config.json", now.dir, slot_names[slot]);
	if (control_ask(fd, arena_printf(&arena, "update %s %s", argv[0], slot_names[slot]), answer,
			sizeof(answer)) < 0)
		return -1;
	return await_trial(fd, argv[0], slot);
}

static int shut(const char *verb)
{
	int fd __cleanup(fd_close) = control_connect();
	char answer[64];

	return fd < 0 ? -1 : control_ask(fd, verb, answer, sizeof(answer));
}

static int start_order(void *opts, int argc, char **argv)
{
	return order("start", argv[0], true);
}
static int stop_order(void *opts, int argc, char **argv)
{
	return order("stop", argv[0], false);
}
static int restart_order(void *opts, int argc, char **argv)
{
	return order("restart", argv[0], true);
}
static int poweroff_order(void *opts, int argc, char **argv)
{
	return shut("poweroff");
}
static int reboot_order(void *opts, int argc, char **argv)
{
	return shut("reboot");
}
static int halt_order(void *opts, int argc, char **argv)
{
	return shut("halt");
}

static const struct opt status_opts[] = {
	{ "format", 'f', OPT_STR, offsetof(struct status_opts, format), "table|json",
	  "form of the output; default table" },
	{ NULL },
};
static const struct opt reload_opts[] = {
	{ "dry-run", 'n', OPT_FLAG, offsetof(struct reload_opts, dry_run), NULL,
	  "only report faults, and what would change" },
	{ "restart", 0, OPT_FLAG, offsetof(struct reload_opts, restart), NULL,
	  "restart the containers whose config.json has changed since they started" },
	{ NULL },
};
static const struct opt no_opts[] = { { NULL } };

const struct applet init_status_applet = {
	.name = "status",
	.args = "[NAME]",
	.summary = "show the containers of this machine",
	.opts = status_opts,
	.opts_size = sizeof(struct status_opts),
	.args_max = 1,
	.run = status_run,
};

const struct applet init_reload_applet = {
	.name = "reload",
	.args = "",
	.summary = "read boot.json and the bundles again",
	.text = "Starts the containers of new bundles, and stops those whose bundle is gone. If "
		"there is a fault, it is reported, and nothing changes.",
	.opts = reload_opts,
	.opts_size = sizeof(struct reload_opts),
	.run = reload_run,
};

const struct applet init_update_applet = {
	.name = "update",
	.args = "NAME [DIR|IMAGE]",
	.summary = "run another bundle of a container, and keep it if it works",
	.text = "The container has two bundles, A and B, in its directory. DIR is moved to the "
		"place of the one that is not in use; it must be on the same filesystem. An IMAGE "
		"is copied there, with the config.json in use. Without either, the bundle that is "
		"there already is used. The container is restarted with it. If it becomes ready "
		"and "
		"works for the time updateGrace, the new bundle is kept; otherwise the container "
		"is "
		"restarted with the old one.",
	.opts = no_opts,
	.args_min = 1,
	.args_max = 2,
	.run = slot_update_run,
};

#define ORDER(verb_, args_, n_, summary_)                                                          \
	const struct applet init_##verb_##_applet = {                                              \
		.name = #verb_,                                                                    \
		.args = args_,                                                                     \
		.summary = summary_,                                                               \
		.opts = no_opts,                                                                   \
		.args_min = n_,                                                                    \
		.args_max = n_,                                                                    \
		.run = verb_##_order,                                                              \
	}
ORDER(start, "NAME", 1, "start a container of this machine and wait until it runs");
ORDER(stop, "NAME", 1, "stop a container of this machine; it is not started again");
ORDER(restart, "NAME", 1, "stop a container of this machine and start it again");
ORDER(poweroff, "", 0, "stop all containers in reverse order and switch the machine off");
ORDER(reboot, "", 0, "stop all containers in reverse order and boot again");
ORDER(halt, "", 0, "stop all containers in reverse order and halt the machine");

#endif
