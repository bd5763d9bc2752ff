/* boot.h - process 1 of a machine: settings, supervisor, mounts, logs, control (docs/boot.md). */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_BOOT_BOOT_H
#define CORE_BOOT_BOOT_H

#include "core/foreground/foreground.h"

#define BOOT_ROOT "/run/runc" /* --root of the containers: where runc looks without being told */
#define BOOT_DIR "/run/ocibox"
#define BOOT_SOCKET BOOT_DIR "/init.sock"
#define BOOT_NOTIFY BOOT_DIR "/notify"

/* ---- settings.c: command line and boot.json ------------------------------------------------------ */

enum boot_restart { BOOT_NO, BOOT_ON_FAILURE, BOOT_ALWAYS };
enum boot_goal { BOOT_WAIT, BOOT_POWEROFF, BOOT_REBOOT, BOOT_HALT };
enum boot_cgroup { BOOT_CGROUP_NONE, BOOT_CGROUP_V1, BOOT_CGROUP_HYBRID, BOOT_CGROUP_V2 };
extern const struct json_word boot_goal_words[];

/* What a container waits for of those that it is `after`. */
enum boot_when { BOOT_STARTED, BOOT_READY, BOOT_DONE };

/* How one container is kept. Times in milliseconds. Commands end with NULL. */
struct boot_rule {
	bool task; /* it does something and ends */
	const char *const
		*after; /* names, NULL at the end; NULL itself: the one before it, when started */
	int when;
	bool ready_notify; /* ready when it says READY=1 (sd_notify(3)) */
	const char *ready_file; /* when this is there in its root filesystem */
	const char *const *ready_command; /* when this succeeds in it */
	const char *const *health; /* what shows that it works */
	int64_t health_interval, health_timeout;
	uint32_t health_retries;
	int restart, stop_signal;
	int64_t backoff_first, backoff_max, start_interval, start_timeout, stop_timeout;
	uint32_t start_count; /* 0: no limit */
	uint64_t log_size;
	const char *log;
	bool disabled;
};

struct boot_row; /* one of `containers` as it was written */

struct boot_settings {
	const char *config, *bundles, *hostname, *log;
	int cgroup, restart, done;
	int64_t watchdog, wait; /* milliseconds */
	bool shell, debug, stamp;
	LIST(struct oci_mount) mounts;
	struct boot_row *defaults;
	LIST(struct boot_row) containers;
};

void boot_defaults(struct boot_settings *s);
/* One setting by its key. -1: the record says that the key is unknown or the value bad. */
int boot_set(struct boot_settings *s, const char *key, const char *value);
void boot_show(const struct boot_settings *s); /* one line each on the console */
/* Every word of text (changed in place; blanks part, double quotes hold together) that begins with
 * "ocibox.". tell gets the record of each that is refused, and may be NULL. */
void boot_set_words(struct boot_settings *s, char *text, void (*tell)(void));
/* The document. Each fault costs its own member; tell, which may be NULL, gets the record of each, which
 * reads `FILE:LINE:COL: FIELD: WHAT`. Returns the number of faults. */
int boot_set_json(struct arena *a, struct boot_settings *s, const char *file, char *text,
		  size_t len, void (*tell)(void));
/* What holds for the container of this name. */
void boot_rule(const struct boot_settings *s, const char *name, struct boot_rule *out);
/* Name of the i-th of `containers`, "" where it has none, NULL after the last. */
const char *boot_row_name(const struct boot_settings *s, size_t i);
/* A container's name by its directory's: "10-net" is "net". */
const char *boot_name(const char *dir);

/* ---- super.c: when to start and stop what ---------------------------------------------------------- */

enum super_state {
	SUPER_WAITING, /* for the one before it */
	SUPER_STARTING,
	SUPER_RUNNING,
	SUPER_BACKOFF,
	SUPER_STOPPING,
	SUPER_KILLING,
	SUPER_STOPPED, /* by order */
	SUPER_ENDED,
	SUPER_FAILED,
	SUPER_DISABLED,
};
extern const struct json_word super_words[];

struct super_one {
	const struct boot_rule *rule;
	const size_t *after; /* those it is after: each stands before it */
	size_t nafter;
	int when;
	bool ready; /* others may rely on it */
	bool sick; /* it is being stopped as one that has failed */
	bool vain; /* failed, because one that it is after has */
	bool held; /* while going down: one that is after it lives */
	enum super_state state;
	int64_t due, began, delay, window; /* ms; delay: the last pause */
	uint32_t starts, in_window;
	int status; /* of the last end, -1: none yet */
	int64_t since; /* when it came into its state */
	enum super_state shown; /* the state of `since` */
	bool again; /* by order: when it has stopped it starts anew */
	bool limited; /* failed by the start limit */
};

struct super {
	struct super_one *at;
	size_t n;
	enum boot_goal goal;
	bool told; /* the end of all, or of the shutdown */
};

struct super_act {
	enum { SUPER_START, SUPER_SIGNAL, SUPER_KILL, SUPER_ABANDON, SUPER_DONE, SUPER_DOWN } what;
	size_t i;
};

/* What the container wanted by its end. */
enum super_wish { SUPER_NOTHING, SUPER_OFF, SUPER_AGAIN };

/* Pure: what happened goes in, super_next gives what to do until it is false. */
void super_started(struct super *s, size_t i, int64_t now); /* its program was executed */
void super_ready(struct super *s, size_t i);
void super_sick(struct super *s, size_t i); /* stop it, and take that for a failure */
void super_exit(struct super *s, size_t i, int status, enum super_wish wish, int64_t now);
void super_start(struct super *s, size_t i, int64_t now);
void super_stop(struct super *s, size_t i, bool again, int64_t now);
void super_shutdown(struct super *s, enum boot_goal goal, int64_t now);
bool super_next(struct super *s, int64_t now, struct super_act *act);
int64_t super_due(const struct super *s); /* when to ask again; INT64_MAX never */
bool super_alive(const struct super_one *o); /* has a process */
bool super_readiness(const struct boot_rule *r); /* it has to show that it is ready */
void super_look(struct super_one *o, int64_t now); /* keeps `since` */
/* What the line of --exit-file says, in words; "" says what the status of the runtime does. */
enum super_wish super_reason(const char *line, int status, char *out, size_t size);

/* ---- console.c: what process 1 says, and what containers say ----------------------------------------- */

struct pollfd;

void console_open(void); /* /dev/console for us and, where they were closed, descriptors 0 to 2 */
void console_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
extern bool console_debug; /* say more */
extern bool console_stamp; /* seconds since the kernel started, before each line */
void console_error(void); /* says the error record, which is then empty */
void console_line(const char *name, const char *text, size_t len); /* "NAME: TEXT" */
/* None of these waits: text that the console does not take is queued, and lost when it is stuck. */
bool console_takes(void); /* a line of a container: it is queued, or is lost at once */
int console_waits(struct pollfd *p); /* fills *p; how long poll(2) may wait in ms, -1: for ever */
void console_push(void); /* writes what it takes now */
bool console_drain(
	int64_t ms); /* waits for it, at most so long and not for a stuck one; all written? */
void console_child(void); /* in a child of process 1, which has no loop */
/* This process becomes a session leader with /dev/console as 0 to 2 and controlling terminal. */
int console_own(void);

/* ---- logfile.c: logs in files ------------------------------------------------------------------------ */

#define LOG_LINE 512
struct machine;
struct logfile {
	const char *path, *old; /* FILE and FILE.1 */
	int fd;
	uint64_t size, max;
	bool failing,
		stays; /* it was reported that it cannot be written, that FILE.1 cannot be made */
};
/* Makes the directory and tries the file. -1: the record */
int logfile_open(struct arena *a, struct logfile *f, const char *name,
		 const struct boot_rule *rule);
void logfile_start(void); /* the child that writes; without it the caller writes */
bool logfile_ended(pid_t pid); /* pid was that child, and there is another now */
int logfile_fd(void); /* for POLLOUT, -1: none */
bool logfile_takes(const struct logfile *f); /* it has room */
bool logfile_send(struct logfile *f, const char *text, size_t len); /* false: no room now */
void logfile_close(struct machine *m, int64_t ms); /* waits until all is written, at most so long */

/* ---- logs.c ------------------------------------------------------------------------------------------ */

struct log {
	const char *name;
	int in, out; /* the pipe: in is ours, out the container's */
	int fd; /* kmsg; -1: the console or the file */
	bool to_file;
	struct logfile file;
	bool held; /* not started yet: what comes is the runtime's, and its last line says why */
	int64_t heard; /* when something came last, ms */
	size_t len;
	char line[LOG_LINE];
};
int log_open(struct arena *a, struct log *l, const char *name, const struct boot_rule *rule);
bool log_takes(const struct log *l); /* where its text goes there is room for more */
/* Takes what is in the pipe; as long as it is held, the last line stays. True: there may be more. */
bool log_pump(struct log *l);
int64_t log_due(const struct log *l); /* when log_silence has to be called; INT64_MAX: never */
void log_silence(struct log *l, int64_t now); /* shows a line that has no end yet */
bool log_end(struct log *l); /* the same at once. True: all that was written has gone on */
/* It did not start: the message of the last line becomes *why, the others go out. */
void log_reason(struct log *l, char *why, size_t size);
void log_release(struct log *l); /* it runs: what was held goes out */

/* ---- watchdog.c -------------------------------------------------------------------------------------- */

struct watchdog {
	int fd; /* -1: none */
	int64_t every, due; /* ms */
};
void watchdog_open(struct watchdog *w, int64_t ms); /* 0: none is wanted */
void watchdog_feed(struct watchdog *w); /* when it is due */
void watchdog_end(struct watchdog *w, bool armed);
/* Runs act in a child and feeds the watchdog until it has ended, for ms at most. False: it has not. */
bool watchdog_aside(struct machine *m, void (*act)(struct machine *m), int64_t ms);

/* ---- mounts.c ------------------------------------------------------------------------------------------ */

void mounts_basic(void); /* all but cgroups */
void mounts_cgroup(int layout);
void mounts_further(struct arena *a, const struct boot_settings *s);
/* The destination of `mounts` that path lies on and that is not mounted; NULL: there is none. */
const char *mounts_missing(struct arena *a, const struct boot_settings *s, const char *path);
void mounts_end(void); /* unmounts, or mounts read-only */

/* ---- machine.c, control.c: the loop ---------------------------------------------------------------------- */

struct probe {
	pid_t pid; /* of the check, 0: none is at work */
	bool health; /* it asks whether the container works, not whether it is ready */
	unsigned tries, bad; /* signals that it got; failures in a row */
	int64_t due; /* of the next check, or of the end of this one */
};

struct unit {
	const char *name, *dir, *pidfile, *exitfile, *state;
	char reason[128]; /* how it ended last, in words; "": it has not */
	char **argv; /* runc run */
	struct boot_rule rule;
	struct log log;
	struct probe probe;
	pid_t run; /* `runc run`, then what clears away behind it, 0 none */
	int raw; /* how `runc run` ended, while it is cleared away */
	bool clearing;
	pid_t pid; /* of the container, for status */
	bool tty;
};

#define CONTROL_MAX 8

struct machine {
	struct boot_settings set;
	struct super super;
	struct unit *units;
	size_t n;
	int signals, inotify, control, notify;
	struct watchdog watchdog;
	struct arena *arena; /* for the set-up */
	bool kernel; /* the kernel started us */
	int clients[CONTROL_MAX];
	int64_t heard[CONTROL_MAX]; /* when each spoke last */
	pid_t shell;
	int64_t shell_due; /* INT64_MAX: none wanted */
};

/* Never returns. kernel: the kernel started us, and /proc/cmdline is ours. argv: further settings. */
_Noreturn void boot_machine(struct arena *a, char **argv, bool kernel);
/* Sorts the containers so that each comes after those it is `after`; a circle is reported and opened. */
void units_order(struct arena *a, struct machine *m, void (*say)(void));
int units_find(struct arena *a, struct machine *m);
/* What is wrong with the bundles and with rows about none: a line each. Returns how many. */
int units_check(struct arena *a, const struct boot_settings *s, void (*say)(const char *line));
pid_t unit_start(const struct unit *u); /* -1: the record */
pid_t unit_clear(const struct unit *u); /* 0: nothing was left by a runtime that was killed; -1 */
pid_t unit_kill(const struct unit *u, int sig); /* the container, by the runtime */
int unit_signal(const struct unit *u, int sig); /* the same by `runc run` where it passes it on */
_Noreturn void unit_execute(char *const *argv); /* in a child: by this program */
/* probe.c: readiness and health */
void probe_listen(struct machine *m);
void probe_heard(struct machine *m);
void probe_start(struct unit *u, int64_t now); /* it runs: nothing is known of it yet */
int64_t probe_due(const struct machine *m, size_t i);
void probe_turn(struct machine *m, int64_t now);
bool probe_ended(struct machine *m, pid_t pid, int status, int64_t now); /* pid was a check */
void control_open(struct machine *m);
void control_accept(struct machine *m);
void control_serve(struct machine *m, size_t at, int64_t now);
_Noreturn void boot_down(struct machine *m);

/* Asks process 1: one packet there, one back. 0, -1. */
int control_connect(void);
int control_ask(int fd, const char *request, char *answer, size_t size);

#endif
