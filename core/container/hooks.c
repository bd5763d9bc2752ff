/* hooks.c - runs the hooks of the config (runtime-spec "POSIX-platform Hooks"). */
/* SPDX-License-Identifier: MIT */
#include "core/container/container.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

extern char **environ;

/* A hook that runs. */
struct hook_proc {
	pid_t pid;
	int in, out; /* our ends of its stdin, and of its stdout and stderr */
	int in_end; /* the other end of its stdin; while it is open, a write causes no SIGPIPE */
	char output[1024]; /* the beginning of its output, for the error */
	size_t nout;
	bool timed_out;
};

static void __attribute__((noreturn))
hook_exec(const struct hook_run *run, const struct oci_hook *h, int in, int out)
{
	static char *no_args[2];
	char *const *args = h->args.n ? (char *const *)h->args.at : no_args;
	const char *const *env = h->env.at  ? (const char *const *)h->env.at
				 : run->env ? run->env
					    : (const char *const *)environ;
	sigset_t none;

	ends_in_child();
	no_args[0] = (char *)h->path;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Signals that the caller ignores (nohup, PIPE in a pipeline) would stay ignored. */
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	/* The hook dies with the process that waits for it. A seccomp profile may deny the call. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* It gets its own process group, so that a timeout also kills processes that it has
	 * started. */
	setpgid(0, 0);
	if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(out, 2) >= 0) {
		out = 2;
		if (fd_close_from(3, NULL, 0) >= 0)
			execve(h->path, args, (char *const *)env);
	}
	dprintf(out, "exec %s: %s\n", h->path, err_reason(errno));
	proc_end(127);
}

static int hook_start(const struct hook_run *run, const struct oci_hook *h, struct hook_proc *p)
{
	int in[2], out[2];

	/* Pipes, because a hook may open /dev/stdin, which fails for a socket. */
	if (pipe2(in, O_CLOEXEC) < 0)
		return fail("create pipe");
	p->in = in[1];
	p->in_end = in[0];
	if (pipe2(out, O_CLOEXEC) < 0)
		return fail("create pipe");
	/* If SIGCHLD were ignored, which is inherited, wait(2) would give no exit status. */
	signal(SIGCHLD, SIG_DFL);
	p->pid = fork();
	if (!p->pid)
		hook_exec(run, h, in[0], out[1]);
	if (p->pid > 0)
		setpgid(p->pid, p->pid); /* in both processes: either may run first */
	else
		fail("fork");
	fd_close(&out[1]);
	p->out = out[0];
	return p->pid < 0 ? -1 : 0;
}

/* Keeps the beginning of the output and drops the rest. Returns 0 at its end. */
static ssize_t hook_read(struct hook_proc *p)
{
	char buf[1024];
	ssize_t n = read(p->out, buf, sizeof(buf));
	size_t room = sizeof(p->output) - 1 - p->nout;

	if (n < 0)
		return errno == EINTR ? 1 : 0;
	memcpy(p->output + p->nout, buf, (size_t)n < room ? (size_t)n : room);
	p->nout += (size_t)n < room ? (size_t)n : room;
	return n;
}

/* Writes the state to the hook's stdin, reads its output and waits for its end. It does not
 * wait for the end of the output, because a process that the hook has left in the background
 * may keep the pipe open. */
static void hook_talk(struct hook_proc *p, const char *text, size_t len, int64_t deadline)
{
	int pidfd __cleanup(fd_close) = sys_pidfd_open(p->pid);
	struct pollfd fds[3] = { { pidfd, POLLIN, 0 },
				 { p->out, POLLIN, 0 },
				 { p->in, POLLOUT, 0 } };

	/* KERNEL 5.3: pidfd_open(2) (ENOSYS); then this waits for the end of the output. */
	for (;;) {
		int64_t left = deadline ? deadline - clock_ms() : -1;

		if (deadline && left <= 0) {
			p->timed_out = true;
			return;
		}
		if (poll(fds, ARRAY_SIZE(fds), left > INT32_MAX ? INT32_MAX : (int)left) < 0 &&
		    errno != EINTR)
			return;
		if (fds[2].fd >= 0 && fds[2].revents) {
			/* A pipe that poll(2) reports as writable has room for PIPE_BUF. */
			ssize_t n = write(p->in, text, len < PIPE_BUF ? len : PIPE_BUF);

			if (n > 0) {
				text += n;
				len -= n;
			}
			if (!len || (n < 0 && errno != EAGAIN && errno != EINTR)) {
				fd_close(&p->in); /* end of file */
				fds[2].fd = -1;
			}
		}
		if (fds[1].fd >= 0 && fds[1].revents && !hook_read(p))
			fds[1].fd = -1;
		if (pidfd >= 0 ? fds[0].revents : fds[1].fd < 0)
			return;
	}
}

static int hook_one(struct arena *a, const struct hook_run *run, const struct oci_hook *h)
{
	struct json_out o = { .arena = a };
	struct hook_proc p = { .in = -1, .in_end = -1, .out = -1 };
	int status = 0, rc = -1;

	oci_state_put(&o, run->state, run->status, run->pid, NULL);
	if (hook_start(run, h, &p) < 0)
		goto out;
	ends_hook(p.pid);
	hook_talk(&p, o.buf, o.len, h->timeout ? clock_ms() + *h->timeout * 1000LL : 0);
	ends_hook(0);
	if (p.timed_out) {
		kill(-p.pid, SIGKILL);
		kill(p.pid, SIGKILL); /* it may have left its group */
	}
	if (proc_wait(p.pid, &status) < 0)
		goto out;
	/* Read the output that is left. The buffer's size limits that, because a background process
	 * may write for ever. */
	while (!p.timed_out && p.nout < sizeof(p.output) - 1 &&
	       poll(&(struct pollfd){ p.out, POLLIN, 0 }, 1, 0) > 0 && hook_read(&p) > 0)
		;
	while (p.nout && p.output[p.nout - 1] == '\n')
		p.output[--p.nout] = 0;
	/* The error must be one line. All lines of the output are in it, because each may have the
	 * reason. */
	for (char *c = p.output; (c = strchr(c, '\n'));)
		*c = ' ';
	if (p.timed_out && h->timeout)
		failx("hook ran past specified timeout of %d.0s", *h->timeout);
	else if (WIFSIGNALED(status))
		failx("killed by signal %d%s%s", WTERMSIG(status), *p.output ? ": " : "", p.output);
	else if (WEXITSTATUS(status))
		failx("exit status %d%s%s", WEXITSTATUS(status), *p.output ? ": " : "", p.output);
	else
		rc = 0;
out:
	fd_close(&p.in);
	fd_close(&p.in_end);
	fd_close(&p.out);
	return rc;
}

int hooks_run(struct arena *a, const struct hook_run *run)
{
	size_t i = 0;

	list_each (h, *run->hooks) {
		if (hook_one(a, run, h) < 0) {
			fail_in("error running %s hook #%zu: %s", run->name, i, h->path);
			if (!run->go_on)
				return -1;
			log_warn("%s", err_text());
			err_clear("the failure was reported, and the other hooks run");
		}
		i++;
	}
	return 0;
}
