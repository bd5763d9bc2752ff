/* swrk.c - runs CRIU for one request, and answers its notifications. */
/* SPDX-License-Identifier: MIT */
#include "core/criu/criu.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

extern char **environ;

#define OLDEST 30000 /* the first version that answers a request for its version */
#define MESSAGE_MAX 65536
#define HIGH_FD 64 /* above those that CRIU gets */
#define END_SECONDS_MAX 10 /* the time that CRIU has to end before it is killed */
#define NOTIFY_MAX 1000 /* notifications of one run; each takes memory */

/* ---- a process that reports its failure ------------------------------------------------------ */

/* A process that fails writes this byte and then its error, as the last text. */
#define FAILED '\1'

static void __attribute__((noreturn)) end_failed(int out)
{
	dprintf(out, "%c%s", FAILED, err_text());
	proc_end(1);
}

/* Reads until the process has closed its end. After a failure the process is killed. */
static int read_out(struct arena *a, pid_t pid, int in, char **text, size_t *len)
{
	size_t size = 0;
	ssize_t n = 1;
	char *why;

	*text = NULL;
	*len = 0;
	while (n > 0 || (n < 0 && errno == EINTR && !ends_came())) {
		while (*len + 4096 >= size)
			*text = arena_grow(a, *text, size, &size, 1);
		n = read(in, *text + *len, 4096);
		*len += n > 0 ? n : 0;
	}
	(*text)[*len] = 0;
	why = memchr(*text, FAILED, *len);
	if (!n && !why)
		return 0;
	kill(pid, SIGKILL);
	return why ? fail_take(0, why + 1) : fail("wait for a process of ours");
}

int criu_ask(struct arena *a, int (*fn)(void *arg, int out), void *arg, char **text, size_t *len)
{
	int ends[2], rc, status = 0;
	pid_t pid;

	if (ends_hold() < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("create pipe");
	pid = fork();
	if (!pid) {
		ends_in_child();
		if (fn(arg, ends[1]) < 0)
			end_failed(ends[1]);
		proc_end(0);
	}
	fd_close(&ends[1]);
	ends_let();
	rc = pid < 0 ? fail("fork") : read_out(a, pid, ends[0], text, len);
	fd_close(&ends[0]);
	if (pid > 0 && rc < 0)
		proc_reap(pid, END_SECONDS_MAX);
	else if (pid > 0 && proc_wait(pid, &status) == 0 && status)
		rc = failx("a process of ours has died");
	return rc;
}

/* ---- CRIU's process -------------------------------------------------------------------------- */

/* The environment is ours, with a PATH for the programs that CRIU starts. */
static const char **make_env(const struct criu_run *run)
{
	size_t n = 0;
	const char **env;

	while (environ[n])
		n++;
	env = arena_alloc(run->arena, (n + 2) * sizeof(*env));
	env[0] = arena_printf(run->arena, "PATH=%s", run->path ? run->path : DEFAULT_PATH);
	memcpy(env + 1, environ, n * sizeof(*env));
	return env;
}

/* Moves the descriptors to the numbers that CRIU expects. They go to high numbers first, so that
 * none of them is replaced before it was moved. */
static int give_fds(const struct criu_run *run, int sock)
{
	int null __cleanup(fd_close) = -1;
	int high[NS_MAX + 1];

	for (size_t i = 0; i <= run->nfds; i++) {
		high[i] = fcntl(i ? run->fds[i - 1] : sock, F_DUPFD_CLOEXEC, HIGH_FD);
		if (high[i] < 0)
			return fail("move a descriptor");
	}
	for (size_t i = 0; i <= run->nfds; i++)
		if (dup2(high[i], CRIU_FIRST_FD - 1 + (int)i) < 0)
			return fail("move a descriptor");
	if (run->streams)
		return 0;
	/* A ^C of the terminal reaches the runtime only, which then makes CRIU undo its work. */
	setpgid(0, 0);
	null = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; i <= 2; i++)
		if (null < 0 || dup2(null, i) < 0)
			return fail("open /dev/null");
	return 0;
}

static int exec_criu(const struct criu_run *run, int sock, int *out)
{
	char *argv[] = { "criu", "swrk", "3", NULL }, file[PATH_MAX];
	const char *path = run->path ? run->path : DEFAULT_PATH, **env = make_env(run);
	sigset_t none;
	int keep[1];

	keep[0] = *out = fcntl(*out, F_DUPFD_CLOEXEC, HIGH_FD);
	if (*out < 0 || give_fds(run, sock) < 0 ||
	    fd_close_from(CRIU_FIRST_FD + (int)run->nfds, keep, 1) < 0)
		return -1;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	proc_exec(path, argv, (char *const *)env, file);
	if (errno != ENOENT)
		return fail("execute %s", file);
	return failx("checkpoint and restore need the program criu, version %d.%d or later, and no "
		     "directory of PATH has it",
		     OLDEST / 10000, OLDEST / 100 % 100);
}

static pid_t start_criu(const struct criu_run *run, int *sock)
{
	int pair[2], ends[2];
	char *text;
	size_t len;
	pid_t pid;
	int rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail("create socket pair");
	*sock = pair[0];
	/* A CRIU that does not read must not block the runtime. */
	fcntl(*sock, F_SETFL, O_NONBLOCK);
	rc = pipe2(ends, O_CLOEXEC) < 0 ? fail("create pipe") : ends_hold();
	if (rc < 0) {
		fd_close(&pair[1]);
		return -1;
	}
	pid = fork();
	if (!pid) {
		ends_in_child();
		exec_criu(run, pair[1], &ends[1]);
		end_failed(ends[1]);
	}
	if (pid > 0 && run->pid)
		*run->pid = pid;
	fd_close(&pair[1]);
	fd_close(&ends[1]);
	ends_let();
	rc = pid < 0 ? fail("fork") : read_out(run->arena, pid, ends[0], &text, &len);
	fd_close(&ends[0]);
	if (rc == 0)
		return pid;
	if (pid > 0)
		proc_reap(pid, END_SECONDS_MAX);
	return -1;
}

/* ---- request and answers --------------------------------------------------------------------- */

static int send_req(const struct criu_run *run, int sock, const struct criu_req *req)
{
	struct pb_out o = { .arena = run->arena };
	struct iovec iov;

	pb_write(&o, &criu_req_type, req);
	iov = (struct iovec){ o.buf, o.len };
	return sock_send(sock, &iov, 1, -1) < 0 ? fail("send a request to criu") : 0;
}

/* Waits for a message or for CRIU's end, because a process of CRIU may keep the socket open. After
 * a signal CRIU gets some time to undo its work. */
static int await_criu(pid_t pid, int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	siginfo_t end = { 0 };

	for (int left = END_SECONDS_MAX; poll(&p, 1, 1000) <= 0;) {
		if (waitid(P_PID, pid, &end, WEXITED | WNOHANG | WNOWAIT) < 0 || end.si_pid)
			return failx("criu has ended without an answer");
		if (ends_came() && !left--)
			kill(pid, SIGKILL);
	}
	return 0;
}

static int get_resp(const struct criu_run *run, int sock, char *buf, struct criu_resp *r, int *fd)
{
	struct iovec iov = { buf, MESSAGE_MAX };
	ssize_t n = sock_recv(sock, &iov, 1, fd);

	*r = (struct criu_resp){ 0 };
	if (n < 0)
		return n == -1 ? fail("receive from criu") : failx("a descriptor of criu was lost");
	if (!n)
		return failx("criu has ended without an answer");
	return pb_read(run->arena, &criu_resp_type, buf, n, r);
}

static const struct json_word type_words[] = {
	{ "DUMP", CRIU_DUMP },
	{ "RESTORE", CRIU_RESTORE },
	{ "PRE_DUMP", CRIU_PRE_DUMP },
	{ "NOTIFY", CRIU_NOTIFY },
	{ "FEATURE_CHECK", CRIU_FEATURE_CHECK },
	{ "VERSION", CRIU_VERSION },
	{ NULL, 0 },
};

/* runc's message, which engines look for. */
static int failed(const struct criu_resp *r)
{
	const char *type = json_word_name(type_words, r->type);

	return failx("criu failed: type %s errno %d", type ? type : "unknown", r->errnum);
}

/* Answers CRIU's notifications until it answers the request. After a failure of ours CRIU undoes
 * its work, and its last answer does not have our error, so that is kept. */
static int answer_criu(const struct criu_run *run, pid_t pid, int sock, struct criu_resp *r)
{
	struct err_kept why = { NULL, 0 };
	char *buf = arena_alloc(run->arena, MESSAGE_MAX);
	int fd __cleanup(fd_close) = -1;

	for (int n = 0;; n++) {
		struct criu_req answer = { .type = CRIU_NOTIFY };

		fd_close(&fd);
		if (await_criu(pid, sock) < 0 || get_resp(run, sock, buf, r, &fd) < 0)
			return why.text ? err_again(why) : -1;
		if (r->type != CRIU_NOTIFY || !r->success)
			break;
		if (n == NOTIFY_MAX)
			return failx("criu sends too many notifications");
		log_debug("criu: %s", r->notify.script ? r->notify.script : "");
		answer.notify_success =
			!ends_came() && (!run->notify || run->notify(run->arg, r, &fd) >= 0);
		if (!answer.notify_success && !why.text)
			why = err_keep(run->arena);
		if (send_req(run, sock, &answer) < 0)
			return why.text ? err_again(why) : -1;
	}
	if (why.text)
		return err_again(why);
	return r->success ? 0 : failed(r);
}

int criu_run(const struct criu_run *run, const struct criu_req *req, struct criu_resp *resp)
{
	int sock __cleanup(fd_close) = -1;
	pid_t pid = start_criu(run, &sock);
	int rc = -1;

	*resp = (struct criu_resp){ 0 };
	if (pid > 0) {
		rc = run->started ? run->started(run->arg, pid) : 0;
		if (rc == 0)
			rc = send_req(run, sock, req);
		if (rc == 0)
			rc = answer_criu(run, pid, sock, resp);
		if (rc == 0 && resp->type != req->type)
			rc = failx("criu answers another request");
		/* The end of the stream ends CRIU, which may wait for another request. */
		fd_close(&sock);
		if (run->pid)
			*run->pid = 0;
		if (!proc_reap(pid, END_SECONDS_MAX) && kill(pid, SIGKILL) == 0 &&
		    !proc_reap(pid, END_SECONDS_MAX))
			log_warn("criu, process %d, does not end", (int)pid);
	}
	return rc;
}

/* ---- the version ----------------------------------------------------------------------------- */

static int version_text(char text[24], int version)
{
	int sub = version % 100;

	return snprintf(text, 24, sub ? "%d.%d.%d" : "%d.%d", version / 10000, version / 100 % 100,
			sub);
}

int criu_needs(int version, int least, const char *what)
{
	char need[24], have[24];

	if (version >= least)
		return 0;
	version_text(need, least);
	version_text(have, version);
	return failx("%s needs CRIU %s or later, and this is %s", what, need, have);
}

int criu_version(const struct criu_run *run)
{
	struct criu_resp r;
	int version;

	if (criu_run(run, &(struct criu_req){ .type = CRIU_VERSION }, &r) < 0)
		return -1;
	version = (int)(r.version.major * 10000U + r.version.minor * 100U + r.version.sublevel);
	/* A version that was built from git counts as the next release. */
	if (r.version.gitid && *r.version.gitid)
		version += 100 - version % 100;
	return criu_needs(version, OLDEST, "checkpoint") < 0 ? -1 : version;
}
