/* init.c - oci-init: process 1 of a container: reaps, forwards signals, reports its child's end. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct init_opts {
	const char *death_signal;
	struct opt_list remap;
	int verbose;
	bool bootstrap, subreaper, warn, group, pause, license, version;
};

struct init {
	pid_t child; /* 0: none, pause mode */
	bool group, warn;
	bool job; /* we were the foreground group of a terminal, and gave it to the child */
	bool lent; /* the child has the terminal now */
	sigset_t before; /* mask we were started with; the child gets it back */
	sigset_t waited;
	bool as_zero[256]; /* exit codes that mean success (-e) */
};

/* Other inits by whose names oci-init may be called: engines read their version (docs/drop-in.md).
 * docker reads "tini version X" and calls every other init unknown. */
static const struct persona {
	const char *name, *version;
	bool adopts; /* is a subreaper without --subreaper */
	short exec_failed; /* status when the command cannot be executed; 0: 127 or 126 */
} personas[] = {
	{ "tini", "tini version 0.19.0" },
	{ "docker-init", "tini version 0.19.0" },
	{ "catatonit", "tini version 0.1.7_catatonit", true, 1 },
	{ "podman-init", "tini version 0.1.7_catatonit", true, 1 },
};

static const struct persona *persona(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(personas); i++)
		if (!strcmp(globals.applet, personas[i].name))
			return &personas[i];
	return NULL;
}

/* Under another init's name this is never the init of a machine: the caller expects a status. */
static int init_first(int argc, char **argv)
{
	return persona() ? 0 : boot_first(argc, argv);
}

/* ---- options and environment ----------------------------------------------------------------- */

/* tini's variables, for images that set them. */
static void read_environment(struct init_opts *o)
{
	const char *verbosity = getenv("TINI_VERBOSITY");
	long n;

	o->subreaper |= getenv("TINI_SUBREAPER") != NULL;
	o->group |= getenv("TINI_KILL_PROCESS_GROUP") != NULL;
	if (!o->verbose && verbosity && opts_number(verbosity, &n) && n >= 0 && n <= LOG_DEBUG)
		o->verbose = n - LOG_WARNING;
}

static int parse_remap(const struct opt_list *codes, struct init *init)
{
	long code;

	for (size_t i = 0; i < codes->n; i++) {
		if (!opts_number(codes->at[i], &code) || code < 0 || code > 255)
			return failx("\"%s\" is not an exit code from 0 to 255", codes->at[i]);
		init->as_zero[code] = true;
	}
	return 0;
}

static int become_reaper(const struct init_opts *o)
{
	int sig;

	if (o->death_signal) {
		sig = proc_signal(o->death_signal);
		if (sig < 1)
			return failx("unknown signal \"%s\"", o->death_signal);
		if (prctl(PR_SET_PDEATHSIG, sig))
			return fail("ask for signal %d when the parent dies", sig);
	}
	if (o->subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1))
		return fail("become a subreaper");
	if (getpid() != 1 && !o->subreaper)
		log_warn("not process 1 and no subreaper (-s): orphans will not be reaped");
	return 0;
}

/* Blocks all signals, which serve_signals() takes one by one: without handlers there are no races.
 * Signals for faults of this program are left out. */
static int hold_signals(struct init *init)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };

	proc_all_signals(&init->waited);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		sigdelset(&init->waited, faults[i]);
	/* Some parents leave SIGCHLD ignored: the kernel would then keep no exit status for us. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR ||
	    sigprocmask(SIG_SETMASK, &init->waited, &init->before))
		return fail("hold signals back");
	return 0;
}

/* ---- the child ------------------------------------------------------------------------------- */

/* The file that execvp(3) has just found for name, which has no format that the kernel knows. */
static const char *found_file(const char *name)
{
	const char *dirs = getenv("PATH"), *path = name;

	if (strchr(name, '/'))
		return name;
	for (dirs = dirs ? dirs : "/usr/local/bin:/bin:/usr/bin"; *dirs; dirs += *dirs == ':') {
		size_t len = strcspn(dirs, ":");

		path = arena_printf(&arena, "%.*s/%s", len ? (int)len : 1, len ? dirs : ".", name);
		if (!access(path, X_OK))
			break;
		dirs += len;
	}
	return path;
}

/* Runs a script without #! by sh, as execvp(3) of other libcs does. An ELF program for another
 * machine is not a script. */
static void exec_script(int argc, char **argv)
{
	const char *path = found_file(argv[0]);
	char magic[5] = "", **words = arena_alloc(&arena, (argc + 2) * sizeof(*words));

	if (file_read_line(AT_FDCWD, path, magic, sizeof(magic)) >= 0 && strcmp(magic, "\177ELF")) {
		words[0] = "sh";
		words[1] = (char *)path;
		memcpy(words + 2, argv + 1, (argc - 1) * sizeof(*words));
		execv("/bin/sh", words);
	}
	errno = ENOEXEC;
}

/* Passes on the sockets of a service manager that were for us (sd_listen_fds(3)). */
static void pass_listen_pid(void)
{
	const char *pid = getenv("LISTEN_PID");
	long n;

	if (pid && opts_number(pid, &n) && n == getppid())
		setenv("LISTEN_PID", arena_printf(&arena, "%d", (int)getpid()), 1);
}

static _Noreturn void be_child(const struct init *init, int argc, char **argv)
{
	const struct persona *p = persona();
	const char *near;
	int status;

	/* a group of its own, so that -g and the terminal's keys reach it and not us */
	if (setpgid(0, 0))
		log_warn("make a process group: %s", err_reason(errno));
	/* SIGTTOU is still blocked here: giving the terminal away does not stop us */
	if (init->job && tcsetpgrp(STDIN_FILENO, getpgrp()))
		log_warn("give the terminal to the child: %s", err_reason(errno));
	pass_listen_pid();
	sigprocmask(SIG_SETMASK, &init->before, NULL);
	execvp(argv[0], argv);
	if (errno == ENOEXEC)
		exec_script(argc, argv);
	status = errno == ENOENT ? 127 : 126;
	fail("exec %s", argv[0]);
	if (status == 127 && (near = applet_near("oci-init", argv[0])))
		fail_hint("did you mean oci-init %s?", near);
	log_error("%s", err_text());
	proc_end(p && p->exec_failed ? p->exec_failed : status);
}

static int spawn_program(struct init *init, int argc, char **argv)
{
	/* If we are a background job, the terminal stays with the foreground job. */
	init->job = init->lent = tcgetpgrp(STDIN_FILENO) == getpgrp();
	init->child = fork();
	if (init->child < 0) {
		fail("fork");
		/* 2: a filter is loaded; -1: it denies prctl(2) too */
		if ((err_num() == EPERM || err_num() == ENOSYS) &&
		    prctl(PR_GET_SECCOMP, 0, 0, 0, 0))
			fail_hint("process 1 starts the command by fork or clone: the container's "
				  "seccomp profile must allow it");
		return -1;
	}
	if (init->child == 0)
		be_child(init, argc, argv);
	/* Parent and child both do it: a signal for the group may come before the child has run.
	 * Here it fails when the child has executed already, and then the child has done it. */
	setpgid(init->child, init->child);
	log_info("started %s as process %d", argv[0], (int)init->child);
	return 0;
}

/* ---- the loop: it allocates nothing ---------------------------------------------------------- */

/* SIGCHLD, SIGTTIN and SIGTTOU are about this process, and the child does not get them. */
static bool is_forwarded(int sig)
{
	return sig != SIGCHLD && sig != SIGTTIN && sig != SIGTTOU;
}

/* Gives the terminal back to the child if the caller has put us into the foreground. */
static void lend_terminal(struct init *init)
{
	init->lent = tcgetpgrp(STDIN_FILENO) == getpgrp() && !tcsetpgrp(STDIN_FILENO, init->child);
}

static void take_terminal(struct init *init)
{
	if (init->lent)
		tcsetpgrp(STDIN_FILENO, getpgrp());
	init->lent = false;
}

/*
 * The terminal has stopped the child (^Z, or the child used it in the background). The caller waits
 * for us, so we stop too, with the rest of our pipeline. Later, or at once where the kernel
 * discards SIGTSTP (for process 1, or without a shell), the child goes on.
 */
static void stop_together(struct init *init)
{
	sigset_t stop;

	take_terminal(init);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	kill(0, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	lend_terminal(init);
	kill(-init->child, SIGCONT);
}

static void forward(struct init *init, int sig)
{
	if (sig == SIGCONT && init->job && !init->lent)
		lend_terminal(init);
	if (!kill(init->group ? -init->child : init->child, sig)) {
		log_debug("passed signal %d on", sig);
		return;
	}
	/* The child is dead and not reaped yet, or has left its group. */
	if (errno == ESRCH && init->group && !kill(init->child, sig))
		return;
	log_info("pass signal %d on: %s", sig, err_reason(errno));
}

/* Reaps all dead children. Returns 1, with *status, if the program was among them. */
static int reap_children(struct init *init, int *status)
{
	int found = 0, st;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &st, WNOHANG | WUNTRACED);
		if (pid <= 0)
			return found;
		if (WIFSTOPPED(st)) {
			/* The sender of SIGSTOP will send SIGCONT. */
			if (pid == init->child && init->job && WSTOPSIG(st) != SIGSTOP)
				stop_together(init);
		} else if (pid == init->child) {
			*status = st;
			found = 1;
		} else if (init->warn) {
			log_warn("reaped orphan %d", (int)pid);
		}
	}
}

static int serve_signals(struct init *init)
{
	int sig, status = 0, code;

	for (;;) {
		sig = sigwaitinfo(&init->waited, NULL);
		if (sig < 0)
			continue; /* EINTR: stopped and continued */
		if (sig == SIGCHLD && reap_children(init, &status)) {
			take_terminal(init);
			code = proc_exit_code(status);
			return init->as_zero[code & 255] ? 0 : code;
		}
		if (!init->child && (sig == SIGTERM || sig == SIGINT))
			return 0;
		if (init->child && is_forwarded(sig))
			forward(init, sig);
	}
}

/* ---- the applet ------------------------------------------------------------------------------ */

extern const struct applet oci_init_applet; /* named before it is there */

static int init_run(void *opts, int argc, char **argv)
{
	struct init_opts *o = opts;
	const struct persona *p = persona();
	static struct init init;

	if (o->version && p) {
		printf("%s (ocibox %s)\n", p->version, OCIBOX_VERSION);
		return 0;
	}
	if (o->version) {
		printf("oci-init version %s\n", OCIBOX_VERSION);
		return 0;
	}
	if (o->license) {
		printf("oci-init is part of ocibox and under the MIT licence.\n");
		return 0;
	}
	if (o->bootstrap && bootstrap() < 0)
		return -1;
	if (o->bootstrap && !argc && !o->pause)
		return 0;
	if (!argc && !o->pause)
		return failx("no command given"), applet_misused(&oci_init_applet);
	o->subreaper |= p && p->adopts;
	/* A program that was executed by its descriptor has its number for a name (execveat(2)). */
	prctl(PR_SET_NAME, "oci-init");
	read_environment(o);
	log_sink.level = LOG_WARNING + o->verbose > LOG_DEBUG
				 ? LOG_DEBUG
				 : (enum log_level)(LOG_WARNING + o->verbose);
	init.group = o->group;
	init.warn = o->warn;
	if (parse_remap(&o->remap, &init) < 0 || hold_signals(&init) < 0 || become_reaper(o) < 0)
		return -1;
	if (!o->pause && spawn_program(&init, argc, argv) < 0)
		return -1;
	/* Under a profile that denies exit_group a return would not end us. */
	proc_end(serve_signals(&init));
}

#define AT(field) offsetof(struct init_opts, field)
static const struct opt init_opts[] = {
	{ "subreaper", 's', OPT_FLAG, AT(subreaper), NULL,
	  "adopt orphans also when not process 1" },
	{ "group", 'g', OPT_FLAG, AT(group), NULL,
	  "send signals to the child's whole process group" },
	{ "death-signal", 'p', OPT_STR, AT(death_signal), "SIGNAL",
	  "the signal that oci-init gets when its parent dies" },
	{ "exit-code", 'e', OPT_LIST, AT(remap), "CODE",
	  "exit with 0 when the child exits with CODE; may be repeated" },
	{ "warn", 'w', OPT_FLAG, AT(warn), NULL, "report each orphan that was reaped" },
	{ "verbose", 'v', OPT_COUNT, AT(verbose), NULL, "report more; may be repeated" },
	{ "pause", 'P', OPT_FLAG, AT(pause), NULL, "no command: only reap until TERM or INT" },
	{ "bootstrap", 0, OPT_FLAG, AT(bootstrap), NULL,
	  "first prepare this container for engines inside: cgroup v2, /run, /dev/shm, shared "
	  "mounts; needs no command" },
	{ "license", 'l', OPT_FLAG, AT(license), NULL, "show the licence" },
	{ "", 'L', OPT_FLAG, AT(license), NULL, "the same, as in catatonit" },
	{ "version", 'V', OPT_FLAG, AT(version), NULL, "print the version" },
	{ NULL },
};

const struct applet oci_init_applet = {
	.name = "oci-init",
	.args = "[--] COMMAND [ARG...]",
	.summary = "process 1 of a container: reaps orphans, forwards signals, returns the exit "
		   "status; or of a machine",
	.text = "Started by the kernel, or as process 1 without a command, it is the init of a "
		"machine: it mounts what is missing and runs the containers in /bundles, as "
		"ocibox.* on the kernel command line and /etc/ocibox/boot.json say; the commands "
		"below give it orders.\n\n"
		"Exits with the status of the command, with 128 plus the signal that ended it, "
		"with 127 when it is not found and 126 when it cannot be executed. The variables "
		"TINI_SUBREAPER, TINI_KILL_PROCESS_GROUP and TINI_VERBOSITY are honoured.",
	.opts = init_opts,
	.opts_size = sizeof(struct init_opts),
	.args_max = -1,
	.stop_at_positional = true,
	.run = init_run,
	.first = init_first,
};
