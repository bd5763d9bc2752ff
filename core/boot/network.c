/* network.c - network of boot.json: the machine's devices, and a namespace for a container. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#if WITH_BOOT_NET

/* ---- the machine ----------------------------------------------------------------------------- */

/* A driver may find its device some time after the kernel has started. */
static void wait_for_link(const char *name, int64_t wait)
{
	static const struct timespec moment = { 0, 20000000 };
	int64_t end = clock_ms() + wait;

	while (name && !if_nametoindex(name) && clock_ms() < end)
		nanosleep(&moment, NULL);
}

void network_machine(const struct boot_settings *s)
{
	list_each (n, s->network) {
		if (net_fault(n, false))
			continue; /* boot_net_check has reported it */
		wait_for_link(n->device, s->wait);
		if (net_machine(n) < 0) {
			fail_in("network");
			console_error();
		} else if (console_debug) {
			console_say("network: %s is up", n->bridge ? n->bridge : n->device);
		}
	}
}

/* ---- a container ----------------------------------------------------------------------------- */

void network_outside(const char *container, char *out)
{
	uint32_t hash = 2166136261u;

	if (strlen(container) <= IFNAMSIZ - 4) {
		snprintf(out, IFNAMSIZ, "ve-%s", container);
		return;
	}
	/* FNV-1a */
	for (; *container; container++)
		hash = (hash ^ (unsigned char)*container) * 16777619u;
	snprintf(out, IFNAMSIZ, "vh-%08x", hash);
}

static const char *netns_path(struct arena *a, const struct unit *u)
{
	return arena_printf(a, BOOT_DIR "/%s.net", u->name);
}

/* Makes a network namespace and mounts it on path, which keeps it. Returns a descriptor of it. */
static int make_namespace(const char *path)
{
	int home __cleanup(fd_close) = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int file __cleanup(fd_close) = -1, netns = -1;

	if (home < 0)
		return fail("open /proc/self/ns/net");
	umount2(path, MNT_DETACH);
	file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	if (file < 0)
		return fail("make %s", path);
	if (unshare(CLONE_NEWNET) < 0)
		return fail("make a network namespace");
	if (net_lo_up() < 0)
		return -1;
	if (mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL) < 0)
		return fail("mount the network namespace on %s", path);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return fail("open %s", path);
	if (setns(home, CLONE_NEWNET) < 0) {
		fd_close(&netns);
		return fail("return to the machine's network namespace");
	}
	return netns;
}

int network_join(struct arena *a, const struct unit *u, struct oci_config *c)
{
	const char *path = netns_path(a, u), *fault = net_fault(&u->rule.net, true);
	int netns __cleanup(fd_close) = -1;
	struct oci_namespace *own = NULL;
	char outside[IFNAMSIZ];

	if (fault)
		return failx("%s", fault);
	if (c->linux)
		list_each (n, c->linux->namespaces)
			if (n->type == CLONE_NEWNET)
				own = n;
	if (!own || own->path)
		return failx("network: config.json must have a network namespace without a path");
	netns = make_namespace(path);
	network_outside(u->name, outside);
	if (netns < 0 || net_container(&u->rule.net, outside, netns) < 0)
		return fail_in("network");
	own->path = path;
	return 0;
}

void network_leave(const struct unit *u)
{
	char path[sizeof(BOOT_DIR) + 1100];

	snprintf(path, sizeof(path), BOOT_DIR "/%s.net", u->name);
	if (!umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
		unlink(path);
}

#endif
