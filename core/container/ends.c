/* ends.c - the signals that end a start which is not finished. */
/* SPDX-License-Identifier: MIT */
#include "core/container/container.h"

#include <signal.h>
#include <sys/socket.h>

static const unsigned char ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

static struct {
	struct ends_start start; /* its pointers are NULL before and after a start */
	volatile pid_t hook; /* the process group of the hook that runs; 0: no hook runs */
	volatile sig_atomic_t by; /* the signal that has ended the start; 0: no signal came */
	bool cloned; /* we are a process that the runtime has cloned */
	sigset_t signals; /* those of ends[] that the caller does not ignore */
} making;

static void kill_known(const volatile pid_t *pid)
{
	if (pid && *pid > 0)
		kill(*pid, SIGKILL);
}

static void end_start(int sig)
{
	int saved = errno;

	if (making.cloned)
		proc_end(128 + sig);
	making.by = sig;
	/* A frozen process, or one that waits for a disk, does not die. The shutdown ends the wait
	 * for its messages. */
	if (making.start.wire)
		shutdown(*making.start.wire, SHUT_RDWR);
	kill_known(making.start.first);
	kill_known(making.start.pid);
	if (making.hook > 0)
		kill(-making.hook, SIGKILL);
	errno = saved;
}

/* Without SA_RESTART a signal interrupts the system call in which the runtime waits. */
static void catch_ends(void (*handler)(int))
{
	struct sigaction act = { .sa_handler = handler }, old;

	for (size_t i = 0; i < sizeof(ends); i++) {
		if (!handler && !sigismember(&making.signals, ends[i]))
			continue;
		sigaction(ends[i], &act, &old);
		if (handler && old.sa_handler == SIG_IGN)
			sigaction(ends[i], &old, NULL);
		else if (handler)
			sigaddset(&making.signals, ends[i]);
	}
}

static void open_ends(bool open)
{
	sigprocmask(open ? SIG_UNBLOCK : SIG_BLOCK, &making.signals, NULL);
}

int ends_prepare(const struct ends_start *start, sigset_t *old)
{
	sigset_t all;

	proc_all_signals(&all);
	making.start = *start;
	/* This comes before the block, because musl's sigaction(2) unblocks 32 to 34 for the first
	 * handler. */
	catch_ends(end_start);
	if (sigprocmask(SIG_BLOCK, &all, NULL) < 0)
		return fail("block signals");
	open_ends(true);
	/* If SIGCHLD is ignored, which is inherited, wait(2) never reports a status. */
	signal(SIGCHLD, SIG_DFL);
	/* The container does not inherit what the caller has blocked. */
	sigemptyset(old);
	return 0;
}

bool ends_came(void)
{
	return making.by;
}

int ends_hold(void)
{
	open_ends(false);
	return making.by ? failx("a signal came") : 0;
}

void ends_let(void)
{
	open_ends(true);
}

void ends_in_child(void)
{
	making.cloned = true;
}

int ends_made(void)
{
	if (ends_hold() < 0)
		return -1;
	making.start = (struct ends_start){ NULL, NULL, NULL };
	return 0;
}

bool ends_explain(void)
{
	if (!making.by)
		return false;
	for (const struct json_word *w = proc_signals(); w->word; w++)
		if (w->value == making.by) {
			failx("ended by SIG%s before it was started", w->word);
			return true;
		}
	return true;
}

void ends_default(void)
{
	catch_ends(SIG_DFL);
	open_ends(true);
}

void ends_hook(pid_t pid)
{
	making.hook = pid;
	/* The signal came before the hook was known. */
	if (pid > 0 && making.by)
		kill(-pid, SIGKILL);
	/* Signals are let through while a hook runs outside of a start, such as poststop. */
	if (!making.cloned && (pid || !making.start.wire))
		open_ends(pid);
}

static void leave(int sig)
{
	proc_end(128 + sig); /* NOLINT */
}

void ends_mortal(void)
{
	for (size_t i = 0; i < sizeof(ends); i++)
		signal(ends[i], leave);
}
