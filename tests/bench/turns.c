/* turns.c - runs commands in turns and prints how long each takes: median and spread. */
/* SPDX-License-Identifier: MIT */
/*
 * usage: turns ROUNDS [in-order] <LINES
 *
 * A line is NAME, NS, PREPARE and COMMAND, between tabs. NS is a file of a mount namespace, in
 * which the command runs, or "-". PREPARE is a command that is not measured, or "-". Words of
 * commands are separated by single spaces. In each round every command runs once, so that a slow
 * minute of the machine hits all of them, and in another order, since the kernel still removes the
 * namespaces and cgroups of the command before.
 *
 * It prints for each NAME, between tabs: the median, the 10th and the 90th percentile of the time
 * in milliseconds, the median of the processor time (of the command and of those it has waited
 * for), and how often the command failed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS 64
#define COMMANDS 64

struct command {
	char *name, *prepare[WORDS], *run[WORDS];
	int ns;
	double *wall, *cpu;
	int failed;
};

static struct command all[COMMANDS];
static int count;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void split(char *text, char **words)
{
	int n = 0;

	for (char *w = strtok(text, " "); w && n < WORDS - 1; w = strtok(NULL, " "))
		words[n++] = w;
	words[n] = NULL;
}

static void read_commands(int rounds)
{
	static char line[65536];

	while (count < COMMANDS && fgets(line, sizeof(line), stdin)) {
		struct command *c = &all[count++];
		char *save, *text = strdup(line), *ns, *prepare, *run;

		text[strcspn(text, "\n")] = 0;
		c->name = strtok_r(text, "\t", &save);
		ns = strtok_r(NULL, "\t", &save);
		prepare = strtok_r(NULL, "\t", &save);
		run = strtok_r(NULL, "\t", &save);
		if (!run) {
			fprintf(stderr, "turns: a line has too few fields\n");
			exit(1);
		}
		c->ns = strcmp(ns, "-") ? open(ns, O_RDONLY | O_CLOEXEC) : -1;
		if (c->ns < 0 && strcmp(ns, "-"))
			die(ns);
		if (strcmp(prepare, "-"))
			split(prepare, c->prepare);
		split(run, c->run);
		c->wall = calloc(rounds, sizeof(double));
		c->cpu = calloc(rounds, sizeof(double));
	}
}

static int run(char **argv, int ns, struct rusage *ru)
{
	int status;
	pid_t pid = vfork();

	if (!pid) {
		if (ns >= 0 && setns(ns, CLONE_NEWNS) < 0)
			_exit(126);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		die("vfork");
	while (wait4(pid, &status, 0, ru) < 0)
		if (errno != EINTR)
			die("wait4");
	return status;
}

static double milliseconds(struct timespec a, struct timespec b)
{
	return (b.tv_sec - a.tv_sec) * 1e3 + (b.tv_nsec - a.tv_nsec) / 1e6;
}

static double cpu_of(const struct rusage *ru)
{
	return (ru->ru_utime.tv_sec + ru->ru_stime.tv_sec) * 1e3 +
	       (ru->ru_utime.tv_usec + ru->ru_stime.tv_usec) / 1e3;
}

static int by_size(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

static double part(const double *sorted, int n, double share)
{
	double at = share * (n - 1);
	int low = (int)at;

	return low + 1 < n ? sorted[low] + (at - low) * (sorted[low + 1] - sorted[low])
			   : sorted[low];
}

int main(int argc, char **argv)
{
	int rounds = argc >= 2 ? atoi(argv[1]) : 0, out, order[COMMANDS];
	unsigned seed = 1;

	if (rounds < 1)
		return 2;
	read_commands(rounds);
	/* The commands' output does not count, and their input is empty. */
	out = fcntl(1, F_DUPFD_CLOEXEC, 10);
	if (out < 0 || !freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stdout))
		die("/dev/null");
	/* Round 0 is not measured. */
	for (int r = 0; r <= rounds; r++) {
		for (int i = 0; i < count; i++) {
			int j = argc > 2 ? i : rand_r(&seed) % (i + 1);

			order[i] = order[j];
			order[j] = i;
		}
		for (int i = 0; i < count; i++) {
			struct command *c = &all[order[i]];
			struct timespec a, b;
			struct rusage ru;
			int status;

			if (c->prepare[0])
				run(c->prepare, c->ns, &ru);
			clock_gettime(CLOCK_MONOTONIC, &a);
			status = run(c->run, c->ns, &ru);
			clock_gettime(CLOCK_MONOTONIC, &b);
			c->failed += status != 0;
			if (r) {
				c->wall[r - 1] = milliseconds(a, b);
				c->cpu[r - 1] = cpu_of(&ru);
			}
		}
	}
	for (int i = 0; i < count; i++) {
		struct command *c = &all[i];

		qsort(c->wall, rounds, sizeof(double), by_size);
		qsort(c->cpu, rounds, sizeof(double), by_size);
		dprintf(out, "%s\t%.3f\t%.3f\t%.3f\t%.3f\t%d\n", c->name, part(c->wall, rounds, .5),
			part(c->wall, rounds, .1), part(c->wall, rounds, .9),
			part(c->cpu, rounds, .5), c->failed);
	}
	return 0;
}
