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
	words((struct ending){ .raw = EXITED(0) }, "exited 0", "a good end");
	words((struct ending){ .raw = EXITED(129), .own_pids = true }, "exited 129",
	      "a status that looks like a signal");
	words((struct ending){ .raw = KILLED(SIGKILL), .own_pids = true }, "killed 9", "a signal");
	words((struct ending){ .raw = KILLED(SIGHUP), .own_pids = true }, "reboot", "reboot(2)");
	words((struct ending){ .raw = KILLED(SIGINT), .own_pids = true }, "poweroff",
	      "reboot(2), but to power off");
	words((struct ending){ .raw = KILLED(SIGINT) }, "killed 2",
	      "a signal, where the pid namespace is not its own");
	words((struct ending){ .raw = KILLED(SIGKILL), .kills = 1, .limit = 1 << 24 },
	      "killed 9 oom 16777216", "out of memory");
	words((struct ending){ .raw = EXITED(137), .kills = 2 }, "exited 137 oom 0",
	      "a child of init was out of memory, and there is no limit of the container's own");
	words((struct ending){ .raw = EXITED(0), .kills = 1 }, "exited 0",
	      "what ended well was not ended by lack of memory");
	return done();
}
