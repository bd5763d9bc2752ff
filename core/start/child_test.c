/* child_test.c - the order of init's steps: pairs of which one must come first, and why. */
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
	  "the child dies with a runtime that is killed while it waits" },
	{ "oom score", "join namespaces", "the files of a hidden process belong to root" },
	{ "oom score", "map ids", "lowering it needs a capability of the caller's user namespace" },
	{ "oom score", "enter", "the files of a hidden process belong to root" },
	{ "map ids", "late namespaces", "the files of a network namespace belong to root" },
	{ "cgroup", "late namespaces",
	  "a cgroup namespace has the container's cgroup as its root" },
	{ "late namespaces", "network", "lo of the new network namespace is set up" },
	{ "late namespaces", "mounts", "/sys, /dev/mqueue and the cgroup mount show them" },
	{ "wait to be known", "map ids", "the runtime answers when it knows the child's pid" },
	{ "join namespaces", "map ids", "joining the host's namespaces needs its privileges" },
	{ "map ids", "cgroup", "the namespaces made in the cgroup belong to the mapped root" },
	{ "map ids", "hide", "the runtime writes the maps while the child is dumpable" },
	{ "cgroup", "network", "what the later steps use is charged to the container" },
	{ "cgroup", "mounts",
	  "the cgroup mount shows a namespace whose root is the container's cgroup" },
	{ "cgroup", "enter", "exec joins the cgroup by files of the host" },
	{ "hide", "root filesystem", "no process can trace the child when it has the root open" },
	{ "enter", "session keyring", "the keyring is named in the container's user namespace" },
	{ "session", "session keyring", "the keyring belongs to the new session" },
	{ "session", "terminal", "a terminal is controlled by a new session" },
	{ "network", "runtime hooks", "hooks configure interfaces" },
	{ "network", "sysctl", "net.ipv4.conf.NAME needs the interface" },
	{ "root filesystem", "mounts", "no mount propagates to the host" },
	{ "mounts", "devices", "nodes are made in the mount on /dev" },
	{ "mounts", "working directory", "it may be in a mount" },
	{ "devices", "terminal", "/dev/console needs /dev" },
	{ "devices", "read-only mounts", "nodes are made while /dev can be written" },
	{ "devices", "null device", "the container's null device is made" },
	{ "working directory", "read-only mounts", "it is made while the root can be written" },
	{ "terminal", "runtime hooks", "hooks see all mounts, also that of /dev/console" },
	{ "runtime hooks", "createContainer hooks", "runtime-spec, Lifecycle" },
	{ "createContainer hooks", "pivot root", "their paths are the host's" },
	{ "createContainer hooks", "protected paths", "what a hook mounts is masked too" },
	{ "sysctl", "protected paths", "/proc/sys becomes read-only" },
	{ "protected paths", "read-only mounts", "masks are mounted while all can be written" },
	{ "protected paths", "pivot root", "the null device that masks files is opened before" },
	{ "read-only mounts", "pivot root",
	  "mounts become read-only by descriptor, not by a path of the image (CVE-2026-115521)" },
	{ "pivot root", "standard streams", "the terminal is the container's" },
	{ "pivot root", "environment", "HOME comes from the container's passwd" },
	{ "pivot root", "executable", "the program is the container's" },
	{ "environment", "credentials", "passwd is read as root" },
	{ "environment", "executable", "PATH is the payload's" },
	{ "terminal", "standard streams", "the pty exists" },
	{ "standard streams", "credentials", "root may still change the owner of the streams" },
	{ "scheduling", "early seccomp", "the profile may forbid personality and mempolicy" },
	{ "scheduling", "early seccomp", "no_new_privs is set before the filter is loaded" },
	{ "scheduling", "credentials", "priorities need capabilities" },
	{ "ready", "security labels", "the container is on record when the runtime dies later" },
	{ "ready", "credentials", "the runtime raises limits while the child is root" },
	{ "ready", "wait for start", "the container is on record when create returns" },
	{ "security labels", "descriptors", "the child's procfs is still open" },
	{ "security labels", "early seccomp", "the profile need not allow the writes of labels" },
	{ "descriptors", "credentials",
	  "cwd cannot lead through an open directory (CVE-2024-21626)" },
	{ "descriptors", "executable", "the program cannot be opened through an open directory" },
	{ "early seccomp", "credentials", "without no_new_privs the filter needs CAP_SYS_ADMIN" },
	{ "ready", "appear", "the runtime answers no process that the container may control" },
	{ "descriptors", "appear", "what appears in the container has no descriptor of the host" },
	{ "credentials", "appear", "what appears has no more capabilities than the payload" },
	{ "early seccomp", "appear", "what appears has the filter" },
	{ "credentials", "bound to the runtime", "a change of the user id resets the signal" },
	{ "appear", "bound to the runtime", "a clone resets the signal" },
	{ "appear", "late seccomp", "the profile need not allow clone" },
	{ "unseen seccomp", "appear", "what appears has the filter if the profile allows that" },
	{ "credentials", "unseen seccomp", "the profile need not allow setuid" },
	{ "credentials", "executable", "the payload's user must be able to execute the file" },
	{ "executable", "wait for start", "create reports a missing program" },
	{ "credentials", "late seccomp", "the profile need not allow setuid" },
	{ "executable", "late seccomp", "the profile need not allow stat" },
	{ "late seccomp", "wait for start", "the wait happens under the filter" },
	{ "wait for start", "startContainer hooks", "runtime-spec, Lifecycle" },
};

int main(void)
{
	size_t n = 0;
	bool unique = true;

	for (; child_step_name(n); n++)
		unique &= place(child_step_name(n)) == (int)n;
	ok(n > 30 && unique, "%zu steps have different names", n);
	ok(!place("die with the runtime"), "\"die with the runtime\" is the first step");
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		int first = place(pairs[i].first), then = place(pairs[i].then);

		ok(first >= 0 && then >= 0 && first < then, "\"%s\" before \"%s\": %s",
		   pairs[i].first, pairs[i].then, pairs[i].why);
	}
	return done();
}
