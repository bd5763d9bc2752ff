/* init.c - oci-init: process 1 of a container: reaps, forwards signals, tells how its child ended. */
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
	sigset_t before; /* mask we were started with; the child gets it back */
	sigset_t waited;
	bool as_zero[256]; /* exit codes that mean success (-e) */
};

/* ---- options and environment -------------------------------------------------------------------------- */

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
			return failx("\"%s\" is no exit code from 0 to 255", codes->at[i]);
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

/*
 * From here on signals only wait: a loop that takes them one by one has no handler to race with.
 * Faults of our own keep their meaning.
 */
static int hold_signals(struct init *init)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };

	proc_all_signals(&init->waited);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		sigdelset(&init->waited, faults[i]);
	/* were it ignored, as some parents leave it, no status would be kept for us */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR ||
	    sigprocmask(SIG_SETMASK, &init->waited, &init->before))
		return fail("hold signals back");
	return 0;
}

/* ---- the child ------------------------------------------------------------------------------------------- */

static _Noreturn void be_child(const struct init *init, char **argv)
{
	int status;

	/* a group of its own, so that -g and the terminal's keys reach it and not us */
	if (setpgid(0, 0))
		log_warn("make a process group: %s", err_reason(errno));
	/* SIGTTOU is still blocked here, so a background caller is not stopped by this */
	if (tcsetpgrp(STDIN_FILENO, getpgrp()) && errno != ENOTTY && errno != ENXIO &&
	    errno != EBADF && errno != EPERM)
		log_warn("give the terminal to the child: %s", err_reason(errno));
	sigprocmask(SIG_SETMASK, &init->before, NULL);
	execvp(argv[0], argv);
	status = errno == ENOENT ? 127 : 126; /* as shells tell it */
	fail("exec %s", argv[0]);
	log_error("%s", err_text());
	_exit(status);
}

static int spawn(struct init *init, char **argv)
{
	init->child = fork();
	if (init->child < 0) {
		fail("fork");
		/* 2: a filter is there; -1: it does not even let us ask */
		if ((err_num() == EPERM || err_num() == ENOSYS) &&
		    prctl(PR_GET_SECCOMP, 0, 0, 0, 0))
			fail_hint("process 1 starts the command by fork or clone: the container's "
				  "seccomp profile must allow it");
		return -1;
	}
	if (init->child == 0)
		be_child(init, argv);
	/* both sides do it: a signal for the group may come before the child has run at all. It fails
	 * when the child has executed already, and then the child has done it. */
	setpgid(init->child, init->child);
	log_info("started %s as process %d", argv[0], (int)init->child);
	return 0;
}

/* ---- the loop: allocates nothing, never ends but with the child ------------------------------------------- */

/* Signals that say something about us, not about what the child should do. */
static bool is_forwarded(int sig)
{
	return sig != SIGCHLD && sig != SIGTTIN && sig != SIGTTOU;
}

static void forward(const struct init *init, int sig)
{
	if (!kill(init->group ? -init->child : init->child, sig)) {
		log_debug("passed signal %d on", sig);
		return;
	}
	/* it is dead and not reaped yet, or has left its group */
	if (errno == ESRCH && init->group && !kill(init->child, sig))
		return;
	log_info("pass signal %d on: %s", sig, err_reason(errno));
}

/* Everything that is dead. 1 when the child was among it, with its status. */
static int reap(const struct init *init, int *status)
{
	int found = 0, st;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &st, WNOHANG);
		if (pid <= 0)
			return found;
		if (pid == init->child) {
			*status = st;
			found = 1;
		} else if (init->warn) {
			log_warn("reaped orphan %d", (int)pid);
		}
	}
}

static int serve(const struct init *init)
{
	int sig, status = 0, code;

	for (;;) {
		sig = sigwaitinfo(&init->waited, NULL);
		if (sig < 0)
			continue; /* EINTR: stopped and continued */
		if (sig == SIGCHLD && reap(init, &status)) {
			code = proc_exit_code(status);
			return init->as_zero[code & 255] ? 0 : code;
		}
		if (!init->child && (sig == SIGTERM || sig == SIGINT))
			return 0;
		if (init->child && is_forwarded(sig))
			forward(init, sig);
	}
}

/* ---- the applet -------------------------------------------------------------------------------------------- */

static int init_run(void *opts, int argc, char **argv)
{
	struct init_opts *o = opts;
	static struct init init;

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
		return failx("no command given: oci-init [OPTIONS] -- COMMAND [ARG...]");
	/* what runs by a descriptor is called by its number (execveat(2)) */
	prctl(PR_SET_NAME, "oci-init");
	read_environment(o);
	log_sink.level = LOG_WARNING + o->verbose > LOG_DEBUG
				 ? LOG_DEBUG
				 : (enum log_level)(LOG_WARNING + o->verbose);
	init.group = o->group;
	init.warn = o->warn;
	if (parse_remap(&o->remap, &init) < 0 || hold_signals(&init) < 0 || become_reaper(o) < 0)
		return -1;
	/* what can fail has been tried: from here on we stay until the child ends */
	if (!o->pause && spawn(&init, argv) < 0)
		return -1;
	return serve(&init);
}

#define AT(field) offsetof(struct init_opts, field)
static const struct opt init_opts[] = {
	{ "subreaper", 's', OPT_FLAG, AT(subreaper), NULL,
	  "adopt orphans also when not process 1" },
	{ "group", 'g', OPT_FLAG, AT(group), NULL,
	  "send signals to the child's whole process group" },
	{ "death-signal", 'p', OPT_STR, AT(death_signal), "SIGNAL",
	  "get this signal when our parent dies" },
	{ "exit-code", 'e', OPT_LIST, AT(remap), "CODE",
	  "exit with 0 when the child exits with CODE; may be repeated" },
	{ "warn", 'w', OPT_FLAG, AT(warn), NULL, "say when an orphan was reaped" },
	{ "verbose", 'v', OPT_COUNT, AT(verbose), NULL, "say more; may be repeated" },
	{ "pause", 'P', OPT_FLAG, AT(pause), NULL, "no command: only reap until TERM or INT" },
	{ "bootstrap", 0, OPT_FLAG, AT(bootstrap), NULL,
	  "first make this container fit for engines inside: cgroup v2, /run, /dev/shm, shared "
	  "mounts; needs no command" },
	{ "license", 'l', OPT_FLAG, AT(license), NULL, "show the licence" },
	{ "", 'L', OPT_FLAG, AT(license), NULL, "the same, as catatonit has it" },
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
	.first = boot_first,
};
