/* net.c - loopback and host network devices (netdevice(7), rtnetlink(7)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/netlink.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* ---- loopback ------------------------------------------------------------------------------ */

int net_lo_up(void)
{
	/* Device ioctls work on a socket of any family; AF_UNIX is there without IPv4. */
	int fd __cleanup(fd_close) = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = { .ifr_name = "lo" };

	if (fd < 0)
		return fail("socket to configure lo");
	/* A new loopback device has no other flags to keep, so they are not read first. */
	req.ifr_flags = IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &req) < 0)
		return fail("bring lo up");
	return 0;
}

#if WITH_NET

/* The flags of an address that an administrator sets: noprefixroute, mngtmpaddr, autojoin, home,
 * nodad. The others are states. */
#define ADDR_FLAGS_KEPT (0x200 | 0x100 | 0x400 | 0x10 | 0x02)

/* ---- addresses ----------------------------------------------------------------------------- */

/* The requests that give a device its addresses again, one after the other. */
struct addresses {
	size_t len;
	char buf[16384] __attribute__((aligned(4)));
};

static const unsigned char kept[] = { ADDR_ADDRESS, ADDR_LOCAL, ADDR_BROADCAST, ADDR_PRIORITY };

/* Makes the request for an address from a dump of it. False: the address is not kept. */
static bool address_request(const char *item, size_t len, uint32_t index, struct msg *m)
{
	const size_t fixed = sizeof(struct nl_header) + sizeof(struct nl_addr);
	struct rest rest = { item + fixed, len - fixed };
	struct nl_addr addr;
	struct nl_attr attr;
	const char *at;
	uint32_t flags;
	size_t size;

	if (len < fixed)
		return false;
	memcpy(&addr, item + sizeof(struct nl_header), sizeof(addr));
	if (addr.index != index || addr.scope != SCOPE_UNIVERSE)
		return false;
	flags = addr.flags;
	netlink_begin(m, NL_NEWADDR, NL_CREATE | NL_EXCL, &addr, sizeof(addr));
	while ((at = netlink_take(&rest, sizeof(attr), &size))) {
		memcpy(&attr, at, sizeof(attr));
		if (attr.type == ADDR_FLAGS && size == sizeof(attr) + sizeof(flags))
			memcpy(&flags, at + sizeof(attr), sizeof(flags));
		if (memchr(kept, attr.type, sizeof(kept)) && attr.type < 256)
			netlink_attr(m, attr.type, at + sizeof(attr), size - sizeof(attr));
	}
	if (!(flags & ADDR_PERMANENT))
		return false;
	flags &= ADDR_FLAGS_KEPT;
	netlink_attr(m, ADDR_FLAGS, &flags, sizeof(flags));
	return true;
}

static int addresses_add(struct addresses *all, const struct msg *m)
{
	if (m->overflow || m->h.len > sizeof(all->buf) - all->len) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(all->buf + all->len, &m->h, m->h.len);
	all->len += m->h.len;
	return 0;
}

/* Returns 1: more follows; 0: the dump has ended; -1 and errno. */
static int dump_part(struct nl *nl, uint32_t index, struct addresses *all)
{
	char buf[32768] __attribute__((aligned(4)));
	ssize_t n = netlink_read(nl, buf, sizeof(buf));
	struct rest rest = { buf, n < 0 ? 0 : n };
	struct nl_header h;
	const char *item;
	struct msg m;
	size_t size;

	if (n < 0)
		return -1;
	while ((item = netlink_take(&rest, sizeof(h), &size))) {
		memcpy(&h, item, sizeof(h));
		if (h.type == NL_DONE)
			return 0;
		if (h.type == NL_ERROR)
			return netlink_answer(nl, item, size);
		if (h.type == NL_NEWADDR && address_request(item, size, index, &m) &&
		    addresses_add(all, &m) < 0)
			return -1;
	}
	return 1;
}

static int addresses_read(struct nl *nl, uint32_t index, struct addresses *all)
{
	const struct nl_addr any = { 0 };
	struct msg m;
	int more;

	all->len = 0;
	netlink_begin(&m, NL_GETADDR, NL_DUMP, &any, sizeof(any));
	if (netlink_send(nl, &m) < 0)
		return -1;
	do {
		more = dump_part(nl, index, all);
	} while (more > 0);
	return more;
}

static int addresses_write(struct nl *nl, uint32_t index, struct addresses *all)
{
	struct rest rest = { all->buf, all->len };
	const char *item;
	struct msg m;
	size_t size;

	while ((item = netlink_take(&rest, sizeof(m.h), &size))) {
		memset(&m, 0, sizeof(m));
		memcpy(&m.h, item, size);
		memcpy(m.body + offsetof(struct nl_addr, index), &index, sizeof(index));
		if (netlink_request(nl, &m) < 0)
			return -1;
	}
	return 0;
}

/* ---- devices ------------------------------------------------------------------------------- */

/* Writes the device's name in the container. "eth%d" becomes the first number that
 * is free there. */
static int device_name(const struct nl *inside, const struct oci_net_device *d, char name[IFNAMSIZ])
{
	const char *want = d->name && *d->name ? d->name : d->key, *percent = strchr(want, '%');
	int n = 0, len;

	if (strlen(d->key) >= IFNAMSIZ)
		return failx("network device %s: the name is longer than 15 bytes", d->key);
	if (percent && (percent[1] != 'd' || strchr(percent + 1, '%')))
		return failx("network device %s: \"%s\" must not have %% other than one %%d",
			     d->key, want);
	/* The kernel checks the name after it has moved the device, which cannot be undone. */
	if (!*want || strpbrk(want, "/: \t\n") || !strcmp(want, ".") || !strcmp(want, ".."))
		return failx("network device %s: \"%s\" cannot be a name", d->key, want);
	do {
		len = percent ? snprintf(name, IFNAMSIZ, "%.*s%d%s", (int)(percent - want), want,
					 n++, percent + 2)
			      : snprintf(name, IFNAMSIZ, "%s", want);
		if (len >= IFNAMSIZ)
			return failx("network device %s: \"%s\" is longer than 15 bytes", d->key,
				     want);
		if (!netlink_device(inside, name))
			return 0;
	} while (percent);
	errno = EEXIST;
	return fail("network device %s: %s in the container's network namespace", d->key, name);
}

static int move_device(struct nl *host, struct nl *inside, int netns,
		       const struct oci_net_device *d)
{
	struct nl_link link = { .index = 0 };
	struct addresses addresses;
	char name[IFNAMSIZ];
	uint32_t index, fd = netns;
	struct msg m;

	if (device_name(inside, d, name) < 0)
		return -1;
	index = netlink_device(host, d->key);
	if (!index)
		return fail("network device %s", d->key);
	/* The kernel forgets the addresses when a device changes its namespace. */
	if (addresses_read(host, index, &addresses) < 0)
		return netlink_fail(host, "read its addresses", d->key);
	link.index = index;
	netlink_begin(&m, NL_SETLINK, 0, &link, sizeof(link));
	netlink_attr(&m, LINK_NETNS_FD, &fd, sizeof(fd));
	netlink_attr(&m, LINK_NAME, name, strlen(name) + 1);
	if (netlink_request(host, &m) < 0)
		return netlink_fail(host, "move it to the container", d->key);
	index = netlink_device(inside, name);
	if (!index)
		return fail("network device %s: find it as %s in the container", d->key, name);
	if (addresses_write(inside, index, &addresses) < 0)
		return netlink_fail(inside, "give it its addresses again", d->key);
	if (netlink_up(inside, index) < 0)
		return netlink_fail(inside, "bring it up in the container", d->key);
	return 0;
}

int net_move_devices(const struct oci_linux *linux, int netns)
{
	struct nl host __cleanup(netlink_close) = { .fd = -1 },
		       inside __cleanup(netlink_close) = { .fd = -1 };

	if (!linux->net_devices.n)
		return 0;
	if (netlink_open(&host) < 0 || netlink_inside(&inside, netns) < 0)
		return -1;
	list_each (d, linux->net_devices)
		if (move_device(&host, &inside, netns, d) < 0)
			return -1;
	return 0;
}

#else

int net_move_devices(const struct oci_linux *linux, int netns)
{
	return not_built("WITH_NET", "network devices");
}

#endif
