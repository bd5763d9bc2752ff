/* boot.h - process 1 of a machine: settings, supervisor, mounts, logs, control (docs/boot.md). */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_BOOT_BOOT_H
#define CORE_BOOT_BOOT_H

#include "core/foreground/foreground.h"

#include <sys/socket.h>

#define BOOT_ROOT LIFE_ROOT /* --root of the containers, which is runc's default */
#define BOOT_DIR "/run/ocibox"
#define BOOT_SOCKET BOOT_DIR "/init.sock"
#define BOOT_NOTIFY BOOT_DIR "/notify"
#define BOOT_LOGS BOOT_DIR "/log" /* log files in memory */

/* ---- settings.c: command line and boot.json -------------------------------------------------- */

enum boot_restart { BOOT_NO, BOOT_ON_FAILURE, BOOT_ALWAYS };
enum boot_goal { BOOT_WAIT, BOOT_POWEROFF, BOOT_REBOOT, BOOT_HALT };
enum boot_cgroup { BOOT_CGROUP_NONE, BOOT_CGROUP_V1, BOOT_CGROUP_HYBRID, BOOT_CGROUP_V2 };
extern const struct json_word boot_goal_words[];

/* The state of the containers in its `after` that a container waits for. */
enum boot_when { BOOT_STARTED, BOOT_READY, BOOT_DONE };

struct boot_pairs {
	struct json_pair *at;
	size_t n;
};

/* The settings of one container. Times are in milliseconds. Commands end with NULL. */
struct boot_rule {
	bool task; /* it is expected to end */
	bool at_end; /* it is started when the machine goes down, and not at boot */
	/* Names of containers; NULL is after the last. Without the setting it is NULL: the
	 * container waits until those before it have started. */
	const char *const *after;
	int when;
	/* It is ready when it sends READY=1 (sd_notify(3)), when this file exists in its root
	 * filesystem, or when this command succeeds in it. */
	bool ready_notify;
	const char *ready_file;
	const char *const *ready_command;
	const char *const *health; /* a command that fails if the container does not work */
	int64_t health_interval, health_timeout;
	uint32_t health_retries;
	int restart, stop_signal;
	int64_t backoff_first, backoff_max, start_interval, start_timeout, stop_timeout;
	uint32_t start_count; /* 0: no limit */
	uint64_t log_size;
	const char *log, *syslog;
	bool disabled, essential;
	struct boot_pairs env, secrets; /* secrets: name and file */
	struct net_setup net;
	struct verity verity;
	int64_t grace; /* how long a new bundle must work before it is kept, ms */
};

struct boot_row; /* a member of `containers` in boot.json */

struct boot_settings {
	const char *config, *bundles, *hostname, *log, *reboot_file, *consoles, *syslog,
		*clock_file;
	int cgroup, restart, done;
	int button; /* what the power button does; BOOT_WAIT: nothing */
	int64_t watchdog, wait, grace; /* milliseconds */
	uint64_t reboot_limit;
	bool shell, debug, stamp;
	LIST(const char *) modules; /* of the kernel; parameters follow the name */
	LIST(struct oci_mount) mounts;
	LIST(struct net_setup) network; /* of the machine itself */
	struct boot_row *defaults;
	LIST(struct boot_row) containers;
};

void boot_defaults(struct boot_settings *s);
/* Sets one setting by its key. -1: the key is unknown or the value is invalid. */
int boot_set(struct boot_settings *s, const char *key, const char *value);
void boot_show(const struct boot_settings *s); /* prints a line for each on the console */
/* Reads the words of text that begin with "ocibox."; double quotes keep blanks in a word. It
 * changes text, and calls report (may be NULL) with an error record for each word that is
 * refused. */
void boot_set_words(struct boot_settings *s, char *text, void (*report)(void));
/* Reads boot.json. A member with an error is left out, and report (may be NULL) is called with the
 * record `FILE:LINE:COL: FIELD: WHAT`. Returns the number of errors. */
int boot_set_json(struct arena *a, struct boot_settings *s, const char *file, char *text,
		  size_t len, void (*report)(void));
/* Reads the command line (the kernel's too, if it started process 1) and boot.json. report is
 * called with a record for each fault. Returns the number of faults of boot.json. */
int boot_read(struct arena *a, struct boot_settings *s, char **argv, bool kernel,
	      void (*report)(void));
/* The settings of the container with this name. */
void boot_rule(const struct boot_settings *s, const char *name, struct boot_rule *out);
/* The name of the i-th member of `containers`; "": it has no name; NULL: after the last member. */
const char *boot_row_name(const struct boot_settings *s, size_t i);
/* The name of a container from that of its directory: "10-net" is "net". */
const char *boot_name(const char *dir);
/* The sorted names in a directory without those that begin with a dot. Failures are printed. */
const char **boot_names(struct arena *a, const char *path, size_t *n);

/* ---- super.c: decides when a container is started and stopped -------------------------------- */

enum super_state {
	SUPER_WAITING, /* for the containers in its `after` */
	SUPER_STARTING,
	SUPER_RUNNING,
	SUPER_BACKOFF,
	SUPER_STOPPING,
	SUPER_KILLING,
	SUPER_STOPPED, /* by a request */
	SUPER_ENDED,
	SUPER_FAILED,
	SUPER_DISABLED,
};
extern const struct json_word super_words[];

struct super_one {
	const struct boot_rule *rule;
	const size_t *after; /* indexes of the containers in its `after`; all are smaller */
	size_t nafter;
	int when;
	bool ready; /* other containers may use it */
	bool sick; /* it is stopped because it has failed a check */
	bool blocked; /* it was not started because a container in its `after` has failed */
	bool held; /* at the shutdown: a container that has it in its `after` is still alive */
	enum super_state state;
	/* In milliseconds. due: when its state is looked at; began: the last start; delay: the
	 * pause before that; window: when the interval of the start limit began. */
	int64_t due, began, delay, window;
	uint32_t starts, in_window;
	int status; /* exit status; -1: it has not ended yet */
	int64_t since; /* when it entered its state */
	enum super_state shown; /* the state that `since` belongs to */
	bool again; /* it is to be started again when it has stopped */
	/* The caller reports and clears these, and blocked. */
	bool limited; /* it has failed because of the start limit */
	bool late; /* it is a task that has not ended within startTimeout */
};

struct super {
	struct super_one *at;
	size_t n;
	enum boot_goal goal;
	bool reported; /* SUPER_DONE or SUPER_DOWN was returned */
};

struct super_act {
	enum { SUPER_START, SUPER_SIGNAL, SUPER_KILL, SUPER_ABANDON, SUPER_DONE, SUPER_DOWN } what;
	size_t i;
};

/* What a container requests by its end: it has called reboot(2). */
enum super_wish { SUPER_NOTHING, SUPER_OFF, SUPER_AGAIN };

/* Pure. The caller reports events by these functions, and calls super_next for actions
 * until it is false. */
void super_started(struct super *s, size_t i, int64_t now); /* its program was executed */
void super_ready(struct super *s, size_t i);
void super_sick(struct super *s, size_t i); /* a check has failed: it is stopped as failed */
void super_exit(struct super *s, size_t i, int status, enum super_wish wish, int64_t now);
void super_start(struct super *s, size_t i, int64_t now);
void super_stop(struct super *s, size_t i, bool again, int64_t now);
void super_shutdown(struct super *s, enum boot_goal goal, int64_t now);
bool super_next(struct super *s, int64_t now, struct super_act *act);
int64_t super_due(const struct super *s); /* when to call super_next again; INT64_MAX: never */
bool super_alive(const struct super_one *o); /* it has a process */
bool super_readiness(const struct boot_rule *r); /* it has a setting for readiness */
void super_look(struct super_one *o, int64_t now); /* updates `since` */
/* Writes how a container has ended, from the line of --exit-file. If line is "", from the runtime's
 * exit status. */
enum super_wish super_reason(const char *line, int status, char *out, size_t size);

/* ---- console.c: messages of process 1, and lines of containers ------------------------------- */

struct pollfd;

void console_open(void); /* opens /dev/console, and descriptors 0 to 2 if they are closed */
void console_more(const char *names); /* further terminals for the same text: "tty1,ttyS1" */
void console_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
extern bool console_debug; /* print more */
extern bool console_stamp; /* print the seconds since the kernel started before each line */
void console_error(void); /* prints and clears the error record */
#define CONSOLE_TIME_MAX 32
/* Writes the seconds as "[   12.345] " if console_stamp is set. Returns the length. */
int console_time(char *out);
/* It also gets each message of process 1, without a name or a newline. NULL: not called. */
extern void (*console_also)(const char *line, size_t len);
void console_line(const char *name, const char *text, size_t len); /* "NAME: TEXT" */
/* Only console_drain waits. Text that the console does not accept is queued, and lost if the
 * console is stuck. */
bool console_takes(void); /* a line of a container is queued, or lost, without a wait */
int console_waits(struct pollfd *p); /* fills *p; how long poll(2) may wait in ms, -1: for ever */
void console_push(void); /* writes as much of the queue as the console accepts now */
/* Writes the queue for ms at most, and gives up if the console is stuck. True: all was written. */
bool console_drain(int64_t ms);
void console_child(void); /* for a child of process 1, which has no loop */
/* Makes this process a session leader, with /dev/console as 0 to 2 and as controlling terminal. */
int console_own(void);

/* ---- logfile.c: logs in files ---------------------------------------------------------------- */

#define LOG_LINE 512
#define LOGFILE_MAX (LOG_LINE + CONSOLE_TIME_MAX) /* of one logfile_send */
struct machine;
struct logfile {
	const char *path, *old; /* FILE and FILE.1 */
	int fd;
	uint64_t size, max;
	/* Errors that were reported: the file cannot be written; it cannot be renamed to FILE.1. */
	bool failing, stays;
};
/* Makes the directory and checks that the file can be opened. */
int logfile_open(struct arena *a, struct logfile *f, const char *name,
		 const struct boot_rule *rule);
void logfile_start(void); /* starts the child that writes; without it the caller writes */
bool logfile_ended(pid_t pid); /* true: pid was that child, and a new one was started */
int logfile_fd(void); /* the child's pipe, to poll for POLLOUT; -1: there is no child */
bool logfile_takes(const struct logfile *f); /* the child's pipe has room */
bool logfile_send(struct logfile *f, const char *text, size_t len); /* false: no room now */
void logfile_close(struct machine *m, int64_t ms); /* waits until all is written, for ms at most */

/* ---- syslog.c: logs as datagrams ------------------------------------------------------------- */

/* Reads a path, or "ADDRESS[:PORT]" of UDP. False: it is neither. */
bool syslog_address(const char *text, struct sockaddr_storage *out, socklen_t *len);
int syslog_open(const char *address); /* the socket, the same one each time; -1 */
void syslog_send(const char *record, size_t len); /* never waits; counts records that are lost */
unsigned syslog_lost(void); /* how many records were lost since the last call */

/* ---- logs.c ---------------------------------------------------------------------------------- */

struct log {
	const char *name;
	int in, out; /* a pipe; in is ours, out is the container's */
	int fd; /* /dev/kmsg, or of syslog; -1: the console or a file */
	bool to_file, to_syslog;
	struct logfile file;
	/* The container has not started: the lines are the runtime's, and the last one has the
	 * reason if it does not start. */
	bool held;
	int64_t heard; /* when the last data came, ms */
	bool within; /* the last text in the file does not end a line */
	size_t len;
	char line[LOG_LINE];
};
int log_open(struct arena *a, struct log *l, const char *name, const struct boot_rule *rule);
bool log_takes(const struct log *l); /* its destination has room */
/* Reads the pipe and writes whole lines; while `held`, it keeps the last line. True:
 * there may be more. */
bool log_pump(struct log *l);
int64_t log_due(const struct log *l); /* when to call log_silence; INT64_MAX: never */
void log_silence(struct log *l, int64_t now); /* writes a line without an end after a while */
bool log_end(struct log *l); /* writes the rest at once. True: all was written */
/* The container did not start: *why becomes the message of the last line, and the
 * others are written. */
void log_reason(struct log *l, char *why, size_t size);
void log_release(struct log *l); /* the container has started: the held lines are written */
/* Keeps the messages of process 1 from now on, in memory that its children share. */
void log_own_keep(void);
/* Writes them, and later ones, to the log of rule too. files: containers log to files, so the child
 * that writes files is started. */
void log_own(struct arena *a, const struct boot_rule *rule, bool files);
bool log_own_push(void); /* writes messages that wait for room. True: no message waits */
const char *log_own_path(void); /* the file of the messages; NULL: there is no file */

/* ---- watchdog.c ------------------------------------------------------------------------------ */

struct watchdog {
	int fd; /* -1: no watchdog */
	int64_t every, due; /* ms */
	int64_t until; /* when feeding ends; 0: never */
};
void watchdog_open(struct watchdog *w, int64_t ms); /* ms is the timeout; 0: no watchdog */
void watchdog_feed(struct watchdog *w); /* writes to it if that is due */
void watchdog_end(struct watchdog *w, bool armed);
/* Runs act in a child and feeds the watchdog until the child has ended, for ms at most. False: it
 * is still running. */
bool watchdog_aside(struct machine *m, void (*act)(struct machine *m), int64_t ms);

/* ---- disk.c: devices by their superblocks and partition tables ------------------------------- */

#define DISK_PATH 64
struct disk {
	const char *type; /* of its filesystem */
	char label[65], uuid[40];
};
bool disk_look(int fd, struct disk *out); /* false: no superblock that is known */
/* PARTUUID of the n-th partition of a disk, from 1; uuid has room for 40. */
bool disk_part(int fd, unsigned n, unsigned sector, char *uuid);
/* The value after LABEL=, UUID= or PARTUUID=; NULL: source is a path. */
const char *disk_tag(const char *source);
/* Finds the device with that tag. 1: found; 0: not found; -1: several devices have it. */
int disk_find(const char *tag, char path[DISK_PATH]);

/* ---- mounts.c -------------------------------------------------------------------------------- */

void mounts_basic(void); /* /proc, /sys, /dev, /run */
void mounts_cgroup(int layout);
void mounts_further(struct arena *a, const struct boot_settings *s);
/* The first destination of `mounts` that is not mounted and is path or above it; NULL: there is no
 * such destination. */
const char *mounts_missing(struct arena *a, const struct boot_settings *s, const char *path);
void mounts_end(void); /* unmounts all, or makes them read-only */

/* ---- modules.c ------------------------------------------------------------------------------- */

void modules_load(const struct boot_settings *s); /* reports what fails */
/* Pure. Finds the line of a module in the text of modules.dep(5). */
bool modules_find(const char *text, size_t size, const char *name, size_t len, const char **line,
		  size_t *line_len);
/* Pure. The last path of a line that ends before *at, which becomes its start; NULL: no more. */
const char *modules_last(const char *line, size_t *at, size_t *len);

/* ---- network.c ------------------------------------------------------------------------------- */

struct unit;
void network_machine(const struct boot_settings *s); /* reports what fails */
/* Makes the container's network namespace with its devices, and puts it into the config. */
int network_join(struct arena *a, const struct unit *u, struct oci_config *c);
void network_leave(const struct unit *u); /* the container has ended */
/* Pure. Writes the name of the machine's end of the pair; out has room for 16. */
void network_outside(const char *container, char *out);

/* ---- floor.c: the clock of a machine whose clock has no battery ------------------------------ */

extern int64_t clock_built; /* when the program was made, seconds; 0: not known */
/* Returns now, or the time of the build or of the file if that is later. */
static inline int64_t clock_floor(int64_t now, int64_t built, int64_t saved)
{
	int64_t least = saved > built ? saved : built;

	return now < least ? least : now;
}
void clock_set(const char *file); /* sets the clock by that; file may be NULL */
void clock_save(const char *file); /* gives the file the time of now */

/* ---- button.c -------------------------------------------------------------------------------- */

#define BUTTONS 4
void button_open(struct machine *m); /* opens the devices that have a power button */
bool button_pressed(int *fd); /* reads its events; closes it when the device was removed */

/* ---- setup.c, machine.c, control.c: the loop ------------------------------------------------- */

struct probe {
	pid_t pid; /* the process of the check; 0: none */
	bool health; /* true: a health check; false: a readiness check */
	bool good; /* the last health check has succeeded */
	unsigned tries, bad; /* signals that the process got; failures in a row */
	int64_t due; /* when the next check starts, or when this one must have ended */
};

/* A new bundle on trial. */
struct trial {
	enum { TRIAL_NONE, TRIAL_RUNS, TRIAL_WRITES } state;
	uint32_t starts; /* how often the container was started before the trial */
	int64_t due; /* when to judge again */
	int64_t until; /* when it has worked long enough; 0: it is not ready yet */
	pid_t pid; /* the child that writes the link */
};

struct unit {
	const char *top; /* the directory in `bundles`; NULL: it has no bundle */
	struct {
		const char *dir, *config;
	} slots[2]; /* the bundles A and B; NULL: it has one bundle only */
	int slot; /* the one in use */
	struct trial trial;
	const char *name, *dir, *config, *pidfile, *exitfile, *state;
	char reason[128]; /* how it ended the last time; "": it has not ended yet */
	char **argv; /* runc run */
	const char
		*made; /* the config.json that we make for it; NULL: that of the bundle is used */
	struct boot_rule rule;
	struct log *log; /* a reload keeps it at its place in memory */
	struct probe probe;
	pid_t run; /* `runc run`, and then `runc delete` of its rest; 0: neither runs */
	int raw; /* wait status of `runc run` */
	bool clearing; /* run is `runc delete` */
	pid_t pid; /* the container's process, for status */
	bool tty;
};

#define CONTROL_MAX 8

struct machine {
	struct boot_settings set;
	struct super super;
	struct unit *units;
	size_t n;
	size_t next_log; /* the container whose output is read first, modulo n */
	int signals, inotify, control, notify, buttons[BUTTONS];
	char **argv;
	bool reload; /* a client has requested it: the loop does it next */
	struct watchdog watchdog;
	struct arena *arena; /* used before the loop and by a reload only */
	bool kernel; /* the kernel has started us */
	int clients[CONTROL_MAX];
	int64_t heard[CONTROL_MAX]; /* when each client sent its last request */
	pid_t shell;
	int64_t shell_due; /* INT64_MAX: no shell is wanted */
	/* essential: the failure of an essential container reboots the machine. counted: rebootFile
	 * was removed, because the machine works. */
	bool essential, counted;
	int64_t essential_due, update_due;
};

/* Opens and mounts what process 1 needs, and reads its settings and bundles. kernel: the kernel has
 * started us, and /proc/cmdline has our settings. argv: more settings. */
void setup_machine(struct arena *a, struct machine *m, char **argv, bool kernel);
/* Reads boot.json and the bundles again, after m->reload was set. */
void setup_again(struct machine *m);
/* Is process 1: sets the machine up and never returns. The arguments are those of setup_machine. */
_Noreturn void boot_machine(struct arena *a, char **argv, bool kernel);
/* Sorts the containers so that each comes after those in its `after`. A circle is reported and
 * broken. */
void units_order(struct arena *a, struct machine *m, void (*say)(void));
/* Finds the containers of boot.json and of the bundles. old: at a reload the machine whose
 * containers continue; NULL: at boot. Sets m->reload if logs have new files. */
int units_find(struct arena *a, struct machine *m, const struct machine *old);
/* True if config is not the config.json that the container was started with, or was changed since.
 * A file in /run/ocibox says which it was. */
bool units_changed(struct arena *a, const char *name, const char *config);
/* Checks the bundles, and the members of `containers` without a bundle. Calls say with a line for
 * each error and returns their number. */
int units_check(struct arena *a, const struct boot_settings *s, void (*say)(const char *line));
/* These start a process and return its pid. */
pid_t unit_start(struct arena *a, const struct unit *u);
pid_t unit_clear(const struct unit *u); /* `runc delete`; 0: there is nothing to delete */
pid_t unit_kill(const struct unit *u, int sig); /* `runc kill` */
int unit_signal(const struct unit *u, int sig); /* signals `runc run`, which passes it on */
/* In a child: executes this program, whose output goes to the container's log. */
_Noreturn void unit_execute(const struct unit *u, char *const *argv);
/* slots.c: bundles A and B in a directory */
extern const char *const slot_names[];
bool slots_have(struct arena *a, const char *dir);
int slots_current(struct arena *a, const char *dir); /* 0 or 1 */
const char *slots_bundle(struct arena *a, const char *dir); /* the bundle in use */
int slots_switch(const char *dir, int slot); /* for later boots; waits for the disk */
/* Puts a bundle, which is moved, or an image, which is copied, into a slot; waits for the disk. */
int slots_fill(struct arena *a, const char *dir, int slot, const char *source);
/* update.c */
void unit_use(struct unit *u, int slot);
enum trial_verdict { TRIAL_WAIT, TRIAL_KEEP, TRIAL_BACK };
/* Pure. Sets t->due. healthy: its last health check has succeeded, or it has no health check. */
enum trial_verdict trial_judge(struct trial *t, const struct super_one *o, bool healthy,
			       int64_t now);
/* Restarts a container with its other bundle. Returns NULL, or why that is refused. */
const char *update_begin(struct machine *m, size_t i, const char *slot, int64_t now);
int64_t update_turn(struct machine *m, int64_t now); /* returns when to call it again */
/* A child has ended. True: pid was the one that writes the link. */
bool update_ended(struct machine *m, pid_t pid, int status, int64_t now);
/* probe.c: readiness and health */
void probe_listen(struct machine *m);
void probe_heard(struct machine *m);
void probe_start(struct unit *u, int64_t now); /* the container has started: begins its checks */
int64_t probe_due(const struct machine *m, size_t i);
void probe_turn(struct machine *m, int64_t now);
bool probe_ended(struct machine *m, pid_t pid, int status, int64_t now); /* true: pid was a check */
/* made.c: the config.json of a container to which boot.json adds something. The child that starts
 * the container makes it. */
bool made_wanted(const struct boot_rule *r);
bool made_network(const struct boot_rule *r); /* it has a member `network` */
int made_config(struct arena *a, const struct unit *u);
/* env.c: adds environment and secrets of boot.json to the config. */
int env_add(struct arena *a, const struct unit *u, struct oci_config *c);
/* essential.c: looks at the essential containers, and returns when to look again. */
int64_t essential_turn(struct machine *m, int64_t now);
void control_open(struct machine *m);
void control_accept(struct machine *m);
void control_serve(struct machine *m, size_t at, int64_t now);
_Noreturn void boot_down(struct machine *m);

/* Connects to process 1; sends a request and waits for its answer, a packet each. */
int control_connect(void);
int control_ask(int fd, const char *request, char *answer, size_t size);

#endif
