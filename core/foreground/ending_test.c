/* ending_test.c - the words for how a container ended. */
/* SPDX-License-Identifier: MIT */
#include "core/foreground/foreground.h"
#include "tests/tap.h"

#include <signal.h>

#define KILLED(sig) (sig) /* as wait(2) encodes it */
#define EXITED(status) ((status) << 8)

static void words(struct ending e, const char *want, const char *what)
{
	char got[ENDING_MAX];

	ending_words(&e, got);
	is_str(got, want, "%s", what);
}

int main(void)
{
	words((struct ending){ .raw = EXITED(0) }, "exited 0", "exit status 0");
	words((struct ending){ .raw = EXITED(129), .own_pids = true }, "exited 129",
	      "exit status 129 is not SIGHUP");
	words((struct ending){ .raw = KILLED(SIGKILL), .own_pids = true }, "killed 9",
	      "killed by SIGKILL");
	words((struct ending){ .raw = KILLED(SIGHUP), .own_pids = true }, "reboot",
	      "reboot(2) in a pid namespace of its own");
	words((struct ending){ .raw = KILLED(SIGINT), .own_pids = true }, "poweroff",
	      "reboot(2) to power off in a pid namespace of its own");
	words((struct ending){ .raw = KILLED(SIGINT) }, "killed 2",
	      "killed by SIGINT in a shared pid namespace");
	words((struct ending){ .raw = KILLED(SIGKILL), .kills = 1, .limit = 1 << 24 },
	      "killed 9 oom 16777216", "killed by the OOM killer");
	words((struct ending){ .raw = EXITED(137), .kills = 2 }, "exited 137 oom 0",
	      "the OOM killer has killed a child of init, and the container has no limit");
	words((struct ending){ .raw = EXITED(0), .kills = 1 }, "exited 0",
	      "with exit status 0 the OOM killer is not the reason");
	return done();
}
