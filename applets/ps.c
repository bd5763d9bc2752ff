/* ps.c - the processes of a container: the host's ps filtered, or a table of our own. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <dirent.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

struct ps_opts {
	const char *format;
};

static bool has_pid(const cgroup_pids *pids, long pid)
{
	list_each (p, *pids)
		if (*p == pid)
			return true;
	return false;
}

/* ---- which ----------------------------------------------------------------------------------- */

/* Without a cgroup: all processes in init's pid namespace if it is the container's own, because
 * another one may be the host's; else init alone. */
static int pids_by_namespace(const struct life *life, cgroup_pids *pids)
{
	char path[64];
	struct stat ours, theirs;
	struct dirent *e;
	size_t room = 0;
	DIR *proc;
	long pid;
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)life_thread(life));
	if (life->status == OCI_STOPPED || stat(path, &ours))
		return 0;
	proc = opendir("/proc");
	if (!proc)
		return fail("open /proc");
	while (errno = 0, (e = readdir(proc))) {
		if (!opts_number(e->d_name, &pid))
			continue;
		snprintf(path, sizeof(path), "/proc/%ld/ns/pid", pid);
		if (pid != life->state.pid &&
		    (!life->state.own_pid_ns || stat(path, &theirs) ||
		     theirs.st_ino != ours.st_ino || theirs.st_dev != ours.st_dev))
			continue;
		pids->at = arena_grow(&arena, pids->at, pids->n, &room, sizeof(*pids->at));
		pids->at[pids->n++] = pid;
	}
	rc = errno ? fail("read /proc") : 0;
	closedir(proc);
	return rc;
}

static int find_pids(const char *id, cgroup_pids *pids)
{
	struct life life __cleanup(life_close) = LIFE_INIT;

	if (life_open(&arena, globals.root, id, LIFE_LOOK, &life) < 0)
		return -1;
	if (life.cgroup)
		return cgroup_procs(life.cgroup, &arena, pids);
	if (!life.state.own_pid_ns)
		log_warn("container %s has neither a cgroup nor a pid namespace of its own: only "
			 "its init is known",
			 id);
	return pids_by_namespace(&life, pids);
}

static int print_json(const cgroup_pids *pids)
{
	struct json_out out = { .arena = &arena };

	if (!pids->n)
		return applet_print("null\n", 5); /* what runc prints for none */
	json_open(&out, NULL, '[');
	list_each (p, *pids)
		json_put_i64(&out, NULL, *p);
	json_close(&out, ']');
	return applet_print(out.buf, out.len) < 0 ? -1 : applet_print("\n", 1);
}

/* ---- the host's ps --------------------------------------------------------------------------- */

/* Returns the n-th word of a line (from 0), and its length in *len, which is 0 at the end. */
static const char *word(const char *line, int n, size_t *len)
{
	const char *s = line + strspn(line, " \t");

	while (n-- > 0) {
		s += strcspn(s, " \t\n");
		s += strspn(s, " \t");
	}
	*len = strcspn(s, " \t\n");
	return s;
}

/* The column of the pids: the number of its heading, and where that ends in characters. */
struct pid_column {
	int n;
	size_t end;
};

static bool find_column(const char *header, struct pid_column *c)
{
	size_t len;

	for (c->n = 0;; c->n++) {
		const char *name = word(header, c->n, &len);

		if (!len)
			return false;
		c->end = name + len - header;
		if (len == 3 && !memcmp(name, "PID", 3))
			return true;
	}
}

static bool number_word(const char *s, size_t len)
{
	return len && strspn(s, "0123456789") == len;
}

/*
 * Returns the number that ends below the end of the heading, because earlier columns, such as args,
 * may have several words; else the n-th word, as in a table that is not aligned. -1: neither is a
 * number.
 */
static long row_pid(const char *line, const struct pid_column *c)
{
	const char *at = line, *start;
	size_t len;

	/* Counts characters: a byte that continues one is not counted. */
	for (size_t col = 0; *at && (col < c->end || (*at & 0xc0) == 0x80); at++)
		col += (at[1] & 0xc0) != 0x80;
	for (start = at; start > line && start[-1] != ' ' && start[-1] != '\t';)
		start--;
	if (c->n && !strspn(at, "0123456789") && number_word(start, at - start))
		return strtol(start, NULL, 10);
	start = word(line, c->n, &len);
	return number_word(start, len) ? strtol(start, NULL, 10) : -1;
}

static void show(char *line)
{
	/* A process chooses its arguments, and not every ps removes control characters from
	 * them. */
	line[strcspn(line, "\n")] = 0;
	printf("%s\n", text_harmless(line));
}

/* Prints the heading and the container's rows below it. A line above the heading, or without one,
 * is an error message of ps. */
static int filter(FILE *in, const cgroup_pids *pids)
{
	char *line = NULL, *head = NULL, said[200] = "", odd[200] = "";
	struct pid_column column;
	size_t size = 0, rows = 0;

	while (getline(&line, &size, in) >= 0) {
		long pid = head ? row_pid(line, &column) : -1;

		if (head && pid < 0 && !*odd)
			snprintf(odd, sizeof(odd), "%.*s", (int)strcspn(line, "\n"), line);
		if (head && has_pid(pids, pid)) {
			if (!rows++)
				show(head);
			show(line);
		} else if (!head && find_column(line, &column)) {
			head = arena_strdup(&arena, line);
		} else if (!head && !*said) {
			snprintf(said, sizeof(said), "%.*s", (int)strcspn(line, "\n"), line);
		}
	}
	free(line);
	if (ferror(in)) {
		fail("read what ps prints");
		return rows ? -1 : 1;
	}
	if (head && !rows && *odd && pids->n)
		return failx("couldn't find a pid in this row of ps: \"%s\"", odd);
	if (head && !rows)
		show(head);
	if (head)
		return 0;
	failx("couldn't find PID field in ps output");
	if (*said)
		fail_hint("%s", said);
	return 1;
}

/* Returns 0; 1: no ps understands args, and nothing was printed; -1: the output was cut short. */
static int host_ps(char **args, const cgroup_pids *pids)
{
	posix_spawn_file_actions_t fa;
	int fds[2], status, r;
	pid_t pid;
	FILE *in;

	if (pipe2(fds, O_CLOEXEC))
		return fail("make a pipe to ps");
	posix_spawn_file_actions_init(&fa);
	/* Without these redirections ps would print all processes of the host. */
	r = posix_spawn_file_actions_adddup2(&fa, fds[1], STDOUT_FILENO) ||
	    posix_spawn_file_actions_adddup2(&fa, fds[1], STDERR_FILENO) ||
	    posix_spawnp(&pid, "ps", &fa, NULL, args, environ);
	posix_spawn_file_actions_destroy(&fa);
	close(fds[1]);
	if (r) {
		close(fds[0]);
		failx("exec: \"ps\": executable file not found in $PATH");
		return 1;
	}
	in = fdopen(fds[0], "r");
	if (!in)
		return fail("read from ps");
	r = filter(in, pids);
	fclose(in);
	if (proc_wait(pid, &status) < 0)
		return -1;
	return status && r == 0 ? failx("ps: exit status %d", proc_exit_code(status)) : r;
}

/* ---- our own table, in the columns of ps -ef ------------------------------------------------- */

struct proc_row {
	long ppid, tty;
	/* Clock ticks: since boot, and of processor time. A long of 32 bits ends after 248 days. */
	long long start, ticks;
	char comm[64];
};

static bool read_stat(long pid, struct proc_row *row)
{
	enum { PPID = 4, TTY_NR = 7, UTIME = 14, STIME = 15, STARTTIME = 22 };
	char text[PROC_STAT_MAX], *name, *at;
	long long field[STARTTIME + 1] = { 0 };
	int found = proc_stat_text(pid, text, &at);

	if (found < 0)
		err_clear("it cannot be shown");
	if (found <= 0)
		return false;
	name = strchr(text, '(');
	at[-2] = 0;
	snprintf(row->comm, sizeof(row->comm), "[%s]", name + 1);
	at += 1; /* skips the state, which is one letter */
	for (int i = PPID; i <= STARTTIME; i++)
		field[i] = strtoll(at, &at, 10);
	row->ppid = field[PPID];
	row->tty = field[TTY_NR];
	row->ticks = field[UTIME] + field[STIME];
	row->start = field[STARTTIME];
	return true;
}

/* tty_nr of proc(5): the minor lies around the major. 136 and on are pseudo-terminals. */
static const char *tty_name(long tty, char *buf, size_t size)
{
	unsigned major = (tty >> 8) & 0xfff, minor = (tty & 0xff) | ((tty >> 12) & 0xfff00);

	if (major >= 136 && major <= 143)
		snprintf(buf, size, "pts/%u", minor + ((major - 136) << 8));
	else if (major == 4)
		snprintf(buf, size, "tty%u", minor);
	else
		snprintf(buf, size, "?");
	return buf;
}

/* Joins the arguments with spaces; without arguments it is the name in brackets. */
static void command(long pid, const struct proc_row *row, char *buf, size_t size)
{
	char path[40];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
	n = file_read_line(AT_FDCWD, path, buf, size);
	if (n < 0)
		err_clear("the name will do");
	while (n > 0 && !buf[n - 1])
		n--;
	if (n <= 0)
		n = snprintf(buf, size, "%s", row->comm);
	buf[n] = 0;
	for (ssize_t i = 0; i < n; i++)
		if (!buf[i])
			buf[i] = ' ';
	/* The container chooses these words, which may have control characters. */
	text_harmless(buf);
}

/* The time of day within the last day, else the date, as in ps, but in UTC: time zones would add 5
 * KB. */
static const char *start_text(time_t start, long age, char *buf, size_t size)
{
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;

	clock_utc(start, &tm);
	if (age < 24 * 3600)
		snprintf(buf, size, "%02d:%02d", tm.tm_hour, tm.tm_min);
	else
		snprintf(buf, size, "%s%02d", months[tm.tm_mon], tm.tm_mday);
	return buf;
}

static void print_process(long pid, long hz)
{
	char path[40], cmd[4096], tty[24], when[16];
	struct timespec now, boot;
	struct proc_row row;
	struct stat st;
	long age, secs;

	snprintf(path, sizeof(path), "/proc/%ld", pid);
	if (stat(path, &st) || !read_stat(pid, &row))
		return;
	command(pid, &row, cmd, sizeof(cmd));
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	age = boot.tv_sec - row.start / hz;
	secs = row.ticks / hz;
	printf("%-8u %7ld %7ld %2ld %5s %-8s %02ld:%02ld:%02ld %s\n", (unsigned)st.st_uid, pid,
	       row.ppid, age > 0 ? (long)(secs * 100LL / age) : 0,
	       start_text(now.tv_sec - age, age, when, sizeof(when)),
	       tty_name(row.tty, tty, sizeof(tty)), secs / 3600, secs / 60 % 60, secs % 60, cmd);
}

static void own_ps(const cgroup_pids *pids)
{
	long hz = sysconf(_SC_CLK_TCK);

	printf("%-8s %7s %7s %2s %5s %-8s %8s %s\n", "UID", "PID", "PPID", "C", "STIME", "TTY",
	       "TIME", "CMD");
	list_each (p, *pids)
		print_process(*p, hz > 0 ? hz : 100);
}

/* ---- the applet ------------------------------------------------------------------------------ */

static int ps_run(void *opts, int argc, char **argv)
{
	static char *default_args[] = { "ps", "-ef", NULL };
	const struct ps_opts *o = opts;
	bool json = o->format && !strcmp(o->format, "json");
	cgroup_pids pids = { 0 };
	int r;

	if (o->format && !json && strcmp(o->format, "table"))
		return failx("invalid format option");
	if (find_pids(argv[0], &pids) < 0)
		return -1;
	if (json)
		return print_json(&pids);
	argv[0] = "ps";
	r = host_ps(argc > 1 ? argv : default_args, &pids);
	if (r > 0 && argc == 1) {
		err_clear("there is a table of our own");
		own_ps(&pids);
		return 0;
	}
	return r ? -1 : 0;
}

static const struct opt ps_opts[] = {
	{ "format", 'f', OPT_STR, offsetof(struct ps_opts, format), "table|json",
	  "form of the output; default table" },
	{ NULL },
};

const struct applet ps_applet = {
	.name = "ps",
	.args = "ID [PS ARG...]",
	.summary = "show the processes of a container",
	.text = "It prints the lines of the host's ps, called with PS ARG (default -ef), that are "
		"about the container's processes. On a host without such a ps the table is our "
		"own, with the same columns.",
	.opts = ps_opts,
	.opts_size = sizeof(struct ps_opts),
	.args_min = 1,
	.args_max = -1,
	.stop_at_positional = true,
	.run = ps_run,
};
