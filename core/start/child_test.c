/* child_test.c - the order of init's steps: the pairs that something depends on. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"
#include "tests/tap.h"

static int place(const char *name)
{
	const char *step;

	for (size_t i = 0; (step = child_step_name(i)); i++)
		if (!strcmp(step, name))
			return (int)i;
	return -1;
}

static const struct {
	const char *first, *then, *why;
} pairs[] = {
	{ "die with the runtime", "wait to be known",
	  "nothing outlives a runtime that is killed early" },
	{ "wait to be known", "map ids", "the parent serves only whom it knows" },
	{ "join namespaces", "map ids", "what belongs to the host is joined with its privileges" },
	{ "map ids", "cgroup", "a cgroup namespace belongs to the mapped root" },
	{ "map ids", "hide", "the maps are written while we can be looked at" },
	{ "cgroup", "network", "nothing is charged to the runtime's cgroup" },
	{ "cgroup", "mounts",
	  "the cgroup mount shows a namespace whose root is the container's cgroup" },
	{ "cgroup", "enter", "exec joins by the host's files" },
	{ "hide", "root filesystem", "no process looks at us once the rootfs is open" },
	{ "enter", "session keyring", "the keyring is named in the container's user namespace" },
	{ "session", "session keyring", "the keyring is the session's" },
	{ "session", "terminal", "a terminal is controlled by a new session" },
	{ "network", "runtime hooks", "hooks configure interfaces" },
	{ "network", "sysctl", "net.ipv4.conf.NAME needs the interface" },
	{ "root filesystem", "mounts", "no mount reaches the host" },
	{ "mounts", "devices", "nodes lie in what is mounted on /dev" },
	{ "mounts", "working directory", "it may lie in a mount" },
	{ "devices", "terminal", "/dev/console needs /dev" },
	{ "devices", "read-only mounts", "nodes are made while /dev can be written" },
	{ "devices", "null device", "the container's null is made" },
	{ "working directory", "read-only mounts", "it is made while the root can be written" },
	{ "terminal", "runtime hooks", "hooks see the finished mounts (H-05)" },
	{ "runtime hooks", "createContainer hooks", "runtime-spec, lifecycle" },
	{ "createContainer hooks", "pivot root", "their paths are the host's (H-06)" },
	{ "createContainer hooks", "protected paths", "a hook may mount what is then masked" },
	{ "sysctl", "protected paths", "/proc/sys becomes read-only" },
	{ "protected paths", "read-only mounts", "what is covered needs no mount point made" },
	{ "protected paths", "pivot root", "the null device that covers files is the host's" },
	{ "read-only mounts", "pivot root",
	  "made read-only by descriptor, never by a path inside (2026-115521)" },
	{ "pivot root", "standard streams", "the terminal is the container's" },
	{ "pivot root", "environment", "HOME comes from the container's passwd" },
	{ "pivot root", "executable", "the program is the container's" },
	{ "environment", "credentials", "passwd is read as root" },
	{ "environment", "executable", "PATH is the payload's" },
	{ "terminal", "standard streams", "the pty exists" },
	{ "standard streams", "credentials", "the streams get their owner while that is allowed" },
	{ "scheduling", "early seccomp",
	  "personality and policy need calls that a profile may forbid" },
	{ "scheduling", "early seccomp", "no_new_privs is set before it is asked" },
	{ "scheduling", "credentials", "priorities need capabilities" },
	{ "ready", "security labels", "a runtime that dies after this can still delete us" },
	{ "ready", "credentials", "limits are raised by the parent while we are root" },
	{ "ready", "wait for start", "create returns a container on record" },
	{ "security labels", "descriptors", "our procfs is still open" },
	{ "security labels", "early seccomp", "a profile need not allow what they take" },
	{ "descriptors", "credentials",
	  "cwd must not lead through an open directory (2024-21626)" },
	{ "descriptors", "executable", "nor the program" },
	{ "early seccomp", "credentials", "without no_new_privs it takes CAP_SYS_ADMIN" },
	{ "ready", "appear", "the runtime serves no process that others may have taken over" },
	{ "descriptors", "appear", "nothing of the host is seen in the container's pid namespace" },
	{ "credentials", "appear", "nor anybody with more capabilities than the payload" },
	{ "early seccomp", "appear", "which would need one for it" },
	{ "credentials", "bound to the runtime", "another user id takes it back" },
	{ "appear", "bound to the runtime", "and a clone" },
	{ "appear", "late seccomp", "the profile need not allow clone" },
	{ "unseen seccomp", "appear", "nor anybody without the filter" },
	{ "credentials", "unseen seccomp", "the profile need not allow setuid" },
	{ "credentials", "executable", "what may be executed is the user's question" },
	{ "executable", "wait for start", "create reports a missing program" },
	{ "credentials", "late seccomp", "the profile need not allow setuid" },
	{ "executable", "late seccomp", "nor stat" },
	{ "late seccomp", "wait for start", "the wait is already filtered (L-21)" },
	{ "wait for start", "startContainer hooks", "runtime-spec, lifecycle" },
};

int main(void)
{
	size_t n = 0;
	bool unique = true;

	for (; child_step_name(n); n++)
		unique &= place(child_step_name(n)) == (int)n;
	ok(n > 30 && unique, "%zu steps, each with a name of its own", n);
	ok(!place("die with the runtime"), "the first is to die with the runtime");
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		int first = place(pairs[i].first), then = place(pairs[i].then);

		ok(first >= 0 && then >= 0 && first < then, "\"%s\" before \"%s\": %s",
		   pairs[i].first, pairs[i].then, pairs[i].why);
	}
	return done();
}
