/* applet.h - the contract of a verb: what a user types, as rows. */
/* SPDX-License-Identifier: MIT */
#ifndef APPLETS_APPLET_H
#define APPLETS_APPLET_H

#include "core/foreground/foreground.h"

#ifndef OCIBOX_VERSION
#define OCIBOX_VERSION "0" /* the Makefile takes it from the file VERSION */
#endif
#ifndef OCIBOX_TIME
#define OCIBOX_TIME 0 /* SOURCE_DATE_EPOCH, or that of the commit */
#endif
#ifndef OCIBOX_COMMIT
#define OCIBOX_COMMIT ""
#endif

enum opt_kind {
	OPT_FLAG, /* bool; --x, --x=false */
	OPT_STR, /* const char * */
	OPT_MAYBE, /* const char *; --x gives "", --x=v the value */
	OPT_LIST, /* struct opt_list: may be repeated */
	OPT_INT, /* long, strict decimal */
	OPT_COUNT, /* int: how often (-vv) */
	OPT_IGNORED, /* has no value and no effect; the help has the reason */
	OPT_IGNORED_STR, /* has a value and no effect; it is kept where offset is not 0 */
};

struct opt_list {
	const char **at;
	size_t n;
};

/* Help texts are empty in a build without help. */
#if WITH_HELP
#define HELP(...) __VA_ARGS__
#else
#define HELP(...) ""
#endif

/* One option. Rows end with a NULL name. */
struct opt {
	const char *name; /* long name without dashes, "" when there is only a letter */
	char letter; /* short name or 0 */
	unsigned char kind; /* enum opt_kind */
	unsigned short offset; /* in the verb's options struct */
	const char *arg; /* what help shows for the value: "DIR" */
	const char *help; /* one line */
};

/*
 * One verb, or a program without verbs. A file of applets/ ends with one, and applets.def names it.
 * run gets a struct of opts_size with the options, and the arguments that are not options. It
 * returns the exit status, or -1 with an error record.
 */
struct applet {
	const char *name; /* "create" */
	const char *args; /* "ID" or "ID CMD [ARG...]", as help shows it */
	const char *summary; /* one line, no full stop */
	const char *text; /* longer help, paragraphs; may be NULL */
	const struct opt *opts;
	size_t opts_size;
	short args_min, args_max; /* positionals; max -1: any number */
	bool stop_at_positional; /* exec, ps: the rest belongs to another program */
	bool sealed; /* enters containers: runs as a copy that cannot be written (seal.c) */
	int (*run)(void *opts, int argc, char **argv);
	short fail_status; /* exit status of -1; 0 means 1 (exec: 255) */
	/* Called before the arguments are parsed. Returns 1 if argv[1] is a verb of this program,
	 * or 0. NULL: the program has no verbs that are found this way. */
	int (*first)(int argc, char **argv);
};

/* The global options of runc, filled before a verb runs. */
struct wanted;
struct globals {
	const char *root, *log, *log_format, *rootless, *cgroup_manager,
		*applet; /* applet: argv[0]'s name */
	const char *log_level, *criu;
	bool debug, systemd_cgroup, version;
	bool plain; /* the program is not runc, so messages need not have runc's form */
	/* derived from the options above */
	enum cgroup_manager manager;
	bool is_rootless, root_is_default;
	int log_fd;
};
extern struct globals globals;
extern struct arena arena; /* the process's one arena */

/* ---- applets.def: the table ------------------------------------------------------------------ */

struct applet_row {
	const char *parent; /* "" for what argv[0] may say */
	const char *name;
	const struct applet *applet;
	bool alias; /* another name, which is not listed and not installed */
};

#ifndef APPLETS_DEF /* a subset build names a filtered copy */
#define APPLETS_DEF "applets/applets.def"
#endif

/* For scripts/applets alone. */
#define NEEDS(program, parent, verb)
#define APPLET(parent, name, symbol) extern const struct applet symbol##_applet;
#define ALIAS(parent, name, symbol)
#include "applets/applets.def"
#undef APPLET
#undef ALIAS

/* ---- applet.c -------------------------------------------------------------------------------- */

/* Runs the program that argv[0] names (or `as`, if it is not NULL). Returns the exit status. */
int applet_main(const struct applet_row *rows, size_t n, const char *as, int argc, char **argv);
/* The row after `after`; NULL gives the first one. NULL at the end. */
const struct applet_row *applet_next(const struct applet_row *after);
#define row_each(r) for (const struct applet_row *r = applet_next(NULL); r; r = applet_next(r))

/* Looks name up below parent and runs it; argv[0] is the name. Returns the exit status. */
int applet_run(const char *parent, int argc, char **argv);
/* Runs the program again from a copy that a container cannot write, if the row's verb wants that
 * and it was not done yet. Returns the exit status of a failure, or 0. */
int applet_seal(const char *parent, const char *name);
const char *applet_near(const char *parent, const char *name); /* similar name or NULL */
void applet_help(const char *parent, const char *name); /* of a row that is there */
/* Prints the error record and returns the exit status of a failed verb. */
int applet_fail(const struct applet *ap);
/* Does this build have a command of this name below parent, or a program of it ("")? */
bool applet_exists(const char *parent, const char *name);
/* Prints what is wrong with the arguments of a verb, and its usage; returns the exit status. For
 * runc this goes to standard output, as runc does it. */
int applet_misused(const struct applet *ap);
/* Writes text to standard output; a full disk is an error. */
int applet_print(const char *text, size_t len);

/* ---- runc.c ---------------------------------------------------------------------------------- */

/* Checks that descriptors 3 to 3+before+n-1 are open and inheritable, and sets *all to their
 * number. With holes, some of the last n may be missing. */
int runc_preserve(unsigned before, long n, bool holes, unsigned *all);
bool runc_as_crun(void); /* called by crun's name */
/* path made absolute against the working directory; NULL and "" give NULL. */
int runc_absolute(const char *path, const char **out);

bool runc_in_userns(void); /* true if this user namespace is not the first one */
int runc_root(void); /* sets globals.root for programs other than runc */
/* Makes the bundle (NULL: none was given) the working directory and how->bundle: create.c. */
int runc_enter_bundle(const char *bundle, struct launch *how);

/* Reads "1000" or "1000:100"; without a group *gid does not change. */
int runc_user(const char *text, uint32_t *uid, uint32_t *gid);
int runc_id(const char *text, size_t len, const char *what, uint32_t *id);

/* ---- bootstrap.c ----------------------------------------------------------------------------- */

/* Prepares cgroups, /run, /dev/shm and shared mounts for a container engine in this container. */
int bootstrap(void);

/* ---- specedit.c ------------------------------------------------------------------------------ */

/* Sets *name to the file that a command of oci-spec works on: file, config.json in it if it is a
 * directory, or config.json of the bundle. */
int spec_file(const char *file, const char *bundle, const char **name);

/* ---- image.c --------------------------------------------------------------------------------- */

struct unpack;
struct source;
/* Returns the usual options for an image that is unpacked into bundle. */
struct unpack image_usual(const char *bundle);
/* Opens a source within the usual limits; "-" and compressed archives are kept in /tmp. */
int image_from(const char *path, struct source *s);
/* Splits SOURCE:TAG into *source and want->tag, which stays as it is where text has no tag. */
void image_source(const char *text, const char **source, struct wanted *want);
struct simple;
/* run --image: unpacks the image below the state root unless it is there already, and sets bundle
 * and text of how. */
int image_text(const char *source, const char *platform, const struct simple *o, char **command,
	       bool terminal, struct launch *how);

/* ---- app.c ----------------------------------------------------------------------------------- */

bool app_is(void); /* true if this program is followed by an image (oci-image binary) */
extern const struct applet oci_app_applet; /* runs in such a file, whatever its name is */

/* ---- simple.c -------------------------------------------------------------------------------- */

/* The options of --rootfs, from which a config.json is made. Zeroed: none was given. */
struct simple {
	const char *rootfs, *mem, *pids, *cpus, *net, *user, *cwd, *hostname;
	struct opt_list env, mounts;
	bool readonly, print, relative;
};
/* Sets *text to the default config.json of `spec`, changed by o. argv NULL or empty: a shell. */
int simple_text(const struct simple *o, char **argv, bool terminal, char **text, size_t *len);
/* Makes the same changes to c. */
int simple_apply(const struct simple *o, struct oci_config *c, bool terminal);

#define SIMPLE_CPU_PERIOD 100000 /* microseconds */
/* "2", "0.5": microseconds of each such period. False when it is not a number or less than 0.01. */
bool simple_cpus(const char *text, int64_t *quota);

struct oci_spec_options;
/* Leaves out what this kernel lacks, with a warning, but no namespace in asked. */
void simple_kernel(struct oci_spec_options *how, unsigned asked);

/* --net none or host: with a network namespace of its own or without. */
int simple_net(const char *net, struct oci_linux *l);

/* Calls each() for every container whose id the POSIX extended expression matches; goes on after a
 * failure and fails at the end. No match is a failure. */
int runc_each(const char *expr, int (*each)(const char *id, const void *arg), const void *arg);

/* ---- boot.c ---------------------------------------------------------------------------------- */

/* The function `first` of oci-init. It does not return where it is process 1 of a machine. */
int boot_first(int argc, char **argv);

/* ---- match.c --------------------------------------------------------------------------------- */

/* 1: a part of text matches the POSIX extended expression; 0: none does; -1: expr is not valid. */
int match_ere(const char *expr, const char *text);

/* ---- opts.c ---------------------------------------------------------------------------------- */

/*
 * Parses the options after the program's name into opts, a zeroed struct of ap->opts_size. *argc
 * and *argv become the arguments that are not options, with a NULL at the end. Returns 0; 1: --help
 * was given; -1. Errors have the words of Go's flag package, which engines look for.
 */
int opts_parse(const struct applet *ap, void *opts, int *argc, char ***argv);
/* Prints usage, text and options of a verb; path is how it is called: "runc create". */
void opts_help(const struct applet *ap, const char *path);
/* How many arguments the last parse found before `--`; -1: there was no `--`. */
int opts_dashes(void);
/* Fails, in runc's words, unless n is from min to max (-1: any number). */
int opts_count(const struct applet *ap, int n, int min, int max);
int opts_bool(const char *text); /* 1, 0; -1: neither */
bool opts_takes_value(const struct opt *o);
/* Reads a decimal number with or without a minus. False: text has anything else, or is too
 * large. */
bool opts_number(const char *text, long *out);

#endif
