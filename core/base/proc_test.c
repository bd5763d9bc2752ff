/* proc_test.c - processes: stat lines with odd names, exit codes, signals by name. */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* The start time, field 22: the 20th word after the last parenthesis. */
static uint64_t start_of(pid_t pid)
{
	char path[32], text[1024], *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f || !fgets(text, sizeof(text), f))
		exit(1);
	fclose(f);
	p = strrchr(text, ')');
	strtok(p, " ");
	for (int i = 0; i < 20; i++)
		p = strtok(NULL, " ");
	return strtoull(p, NULL, 10);
}

static void test_stat(void)
{
	static const char *const names[] = { "plain", "two words", "a) R 1 2 3", ")))(((",
					     "(",     ") ",	   "1 2 3 4 5 6" };
	struct proc_stat st = { 0 };
	pid_t pid;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (tap_qemu_user()) {
			tap_skip_emulated("the name of a process", "all fields of /proc/self/stat");
			continue;
		}
		prctl(PR_SET_NAME, names[i], 0, 0, 0);
		ok(proc_stat(getpid(), &st) == 1 && !st.dead && !st.exiting &&
			   st.start == start_of(getpid()),
		   "a process called \"%s\"", names[i]);
	}
	signal(SIGUSR1, SIG_IGN);
	ok_emulated("all fields of /proc/self/stat",
		    proc_stat(getpid(), &st) == 1 && st.ignored == 1u << (SIGUSR1 - 1),
		    "proc_stat has the ignored signals");
	signal(SIGUSR1, SIG_DFL);
	pid = fork();
	if (!pid)
		_exit(5);
	waitid(P_PID, pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	ok(proc_stat(pid, &st) == 1 && st.dead, "proc_stat: a zombie is dead");
	ok(st.raw == 5 << 8, "proc_stat: a zombie has its wait status, %x", st.raw);
	waitpid(pid, NULL, 0);
	ok(!proc_stat(pid, &st) && !err_num(),
	   "proc_stat: a process that was waited for is not found, without an error");
}

static void test_exit(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(7);
	ok(!proc_wait(pid, &status) && proc_exit_code(status) == 7,
	   "proc_exit_code: the code of a process that exits");
	pid = fork();
	if (!pid) {
		raise(SIGKILL);
		_exit(0);
	}
	ok(!proc_wait(pid, &status) && proc_exit_code(status) == 137,
	   "proc_exit_code: 128 and the number of the signal");
	ok(proc_wait(pid, &status) < 0 && err_num() == ECHILD,
	   "proc_wait for a process that was waited for fails");
}

static const struct {
	const char *text;
	int want;
} signals[] = {
	{ "9", 9 },
	{ "0", 0 },
	{ "64", 64 },
	{ "KILL", SIGKILL },
	{ "SIGKILL", SIGKILL },
	{ "kill", SIGKILL },
	{ "sigTerm", SIGTERM },
	{ "IOT", SIGABRT },
	{ "CLD", SIGCHLD },
	{ "POLL", SIGIO },
	{ "HUP", 1 },
	{ "WINCH", SIGWINCH },
	{ "SYS", SIGSYS },
	{ "RTMIN", 34 },
	{ "SIGRTMIN", 34 },
	{ "rtmin+3", 37 },
	{ "SIGRTMAX-1", 63 },
	{ "RTMAX", 64 },
	{ "RTMIN+0", 34 },
	{ "RTMIN-1", -1 },
	{ "RTMAX+1", -1 },
	{ "RTMIN+100", -1 },
	{ "RTMIN+", -1 },
	{ "RTMIN3", -1 },
	{ "RTMIN+-1", -1 },
	{ "RTMIN+ 1", -1 },
	{ "RTMIN+1x", -1 },
	{ "RTMIN+9223372036854775807", -1 },
	{ "RTMAX-9223372036854775808", -1 },
	{ "RTMIN+99999999999999999999", -1 },
	{ "", -1 },
	{ "SIG", -1 },
	{ "SIGSIGKILL", -1 },
	{ "SIG9", -1 },
	{ "9x", -1 },
	{ "9 ", -1 },
	{ " 9", -1 },
	{ "-9", -1 },
	{ "+9", -1 },
	{ "0x9", -1 },
	{ "65", -1 },
	{ "999", -1 },
	{ "4294967305", -1 },
	{ "99999999999999999999999", -1 },
	{ "KILLL", -1 },
	{ "KIL", -1 },
	{ "KILL ", -1 },
	{ "FOO", -1 },
};

static void test_signals(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		ok(proc_signal(signals[i].text) == signals[i].want, "signal \"%s\" is %d",
		   signals[i].text, signals[i].want);
	for (const struct json_word *w = proc_signals(); w->word; w++)
		ok(proc_signal(w->word) == w->value && w->value > 0 && w->value < 32,
		   "proc_signal knows %s of proc_signals", w->word);
}

int main(void)
{
	test_stat();
	test_exit();
	test_signals();
	return done();
}
