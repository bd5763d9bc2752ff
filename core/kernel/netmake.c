/* netmake.c - bridges, veth pairs, addresses and routes (rtnetlink(7), veth(4)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/netlink.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* ---- settings ------------------------------------------------------------------------------ */

bool net_address(const char *text, bool prefix, struct net_address *out)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	uint64_t bits = 0;
	char host[48];

	memset(out, 0, sizeof(*out));
	out->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (len >= sizeof(host) || prefix != !!slash)
		return false;
	memcpy(host, text, len);
	host[len] = 0;
	if (slash && (!json_number_u64(slash + 1, strlen(slash + 1), &bits) ||
		      bits > (out->family == AF_INET ? 32 : 128)))
		return false;
	out->prefix = bits;
	return inet_pton(out->family, host, out->bytes) == 1;
}

bool net_name(const char *text)
{
	return *text && strlen(text) < IFNAMSIZ && !strpbrk(text, "/:% \t\n") &&
	       strcmp(text, ".") && strcmp(text, "..");
}

/* True if the first bits of both are the same. */
static bool same_network(const struct net_address *a, const struct net_address *b)
{
	for (unsigned i = 0; i < a->prefix; i++)
		if ((a->bytes[i / 8] ^ b->bytes[i / 8]) & (0x80 >> i % 8))
			return false;
	return a->family == b->family;
}

const char *net_fault(const struct net_setup *s, bool container)
{
	struct net_address address, gateway;

	if (!s->bridge && (container || !s->device))
		return container ? "network has no bridge" : "has neither a device nor a bridge";
	if (!s->gateway)
		return NULL;
	if (!s->address)
		return container ? "network has a gateway, but no address"
				 : "has a gateway, but no address";
	if (net_address(s->address, true, &address) && net_address(s->gateway, false, &gateway) &&
	    !same_network(&address, &gateway))
		return container ? "network: the gateway is not in the network of the address"
				 : "the gateway is not in the network of the address";
	return NULL;
}

#if WITH_BOOT_NET

/* ---- requests ------------------------------------------------------------------------------ */

static int explain_refusal(const struct nl *nl, const char *what, const char *name,
			   const char *option)
{
	int num = errno;

	netlink_fail(nl, what, name);
	return num == EOPNOTSUPP ? fail_hint("this kernel has no %s", option) : -1;
}

/* Returns the index of the bridge; 0: error. */
static uint32_t make_bridge(struct nl *nl, const char *name)
{
	const struct nl_link link = { 0 };
	struct msg m;
	size_t info;

	netlink_begin(&m, NL_NEWLINK, NL_CREATE | NL_EXCL, &link, sizeof(link));
	netlink_attr(&m, LINK_NAME, name, strlen(name) + 1);
	info = netlink_nest(&m, LINK_INFO, NULL, 0);
	netlink_attr(&m, INFO_KIND, "bridge", 6);
	netlink_nest_end(&m, info);
	/* Another container may have made it meanwhile. */
	if (!netlink_device(nl, name) && netlink_request(nl, &m) < 0 && errno != EEXIST) {
		explain_refusal(nl, "make the bridge", name, "bridges (CONFIG_BRIDGE)");
		return 0;
	}
	if (netlink_up(nl, netlink_device(nl, name)) < 0) {
		netlink_fail(nl, "bring it up", name);
		return 0;
	}
	return netlink_device(nl, name);
}

static int put_address(struct nl *nl, uint32_t index, const struct net_address *a, uint32_t flags)
{
	struct nl_addr at = { .family = a->family, .prefix = a->prefix, .index = index };
	size_t len = a->family == AF_INET ? 4 : 16;
	unsigned char last[4];
	struct msg m;

	netlink_begin(&m, NL_NEWADDR, NL_CREATE | NL_REPLACE, &at, sizeof(at));
	netlink_attr(&m, ADDR_LOCAL, a->bytes, len);
	netlink_attr(&m, ADDR_ADDRESS, a->bytes, len);
	if (a->family == AF_INET6) {
		netlink_attr(&m, ADDR_FLAGS, &flags, sizeof(flags));
	} else if (a->prefix < 31) {
		for (unsigned i = 0; i < 4; i++)
			last[i] = a->bytes[i] | 0xffffffffu >> a->prefix >> (24 - 8 * i);
		netlink_attr(&m, ADDR_BROADCAST, last, sizeof(last));
	}
	return netlink_request(nl, &m);
}

static int put_route(struct nl *nl, uint32_t index, const struct net_address *gateway)
{
	const struct nl_route route = { .family = gateway->family,
					.table = ROUTE_MAIN,
					.protocol = ROUTE_STATIC,
					.type = ROUTE_UNICAST };
	struct msg m;

	netlink_begin(&m, NL_NEWROUTE, NL_CREATE | NL_REPLACE, &route, sizeof(route));
	netlink_attr(&m, ROUTE_GATEWAY, gateway->bytes, gateway->family == AF_INET ? 4 : 16);
	netlink_attr(&m, ROUTE_DEVICE, &index, sizeof(index));
	return netlink_request(nl, &m);
}

static int give_address(struct nl *nl, uint32_t index, const struct net_setup *s, uint32_t flags,
			const char *name)
{
	struct net_address address, gateway;

	if (!s->address)
		return 0;
	if (!net_address(s->address, true, &address) ||
	    (s->gateway && !net_address(s->gateway, false, &gateway)))
		return failx("\"%s\" or its gateway is not an address", s->address);
	if (put_address(nl, index, &address, flags) < 0)
		return explain_refusal(nl, "give it its address", name, "IPv6 (CONFIG_IPV6)");
	if (s->gateway && put_route(nl, index, &gateway) < 0)
		return netlink_fail(nl, "give it its gateway", name);
	return 0;
}

int net_machine(const struct net_setup *s)
{
	struct nl nl __cleanup(netlink_close) = { .fd = -1 };
	const char *name = s->bridge ? s->bridge : s->device;
	struct nl_link link = { 0 };
	uint32_t index = 0, bridge = 0;
	struct msg m;

	if (netlink_open(&nl) < 0)
		return -1;
	if (s->bridge) {
		bridge = make_bridge(&nl, s->bridge);
		if (!bridge)
			return -1;
	}
	if (s->device) {
		index = netlink_device(&nl, s->device);
		if (!index)
			return fail("network device %s", s->device);
		link.index = index;
		netlink_begin(&m, NL_SETLINK, 0, &link, sizeof(link));
		netlink_attr(&m, LINK_MASTER, &bridge, sizeof(bridge));
		if (s->bridge && netlink_request(&nl, &m) < 0)
			return netlink_fail(&nl, "put it into the bridge", s->device);
		if (netlink_up(&nl, index) < 0)
			return netlink_fail(&nl, "bring it up", s->device);
	}
	return give_address(&nl, bridge ? bridge : index, s, 0, name);
}

/* Removes the device of an earlier container: the kernel removes it later than the namespace. */
static int remove_device(struct nl *nl, const char *name)
{
	const struct nl_link link = { .index = netlink_device(nl, name) };
	struct msg m;

	if (!link.index)
		return 0;
	netlink_begin(&m, NL_DELLINK, 0, &link, sizeof(link));
	if (netlink_request(nl, &m) < 0 && errno != ENODEV)
		return netlink_fail(nl, "remove it", name);
	return 0;
}

int net_container(const struct net_setup *s, const char *outside, int netns)
{
	struct nl host __cleanup(netlink_close) = { .fd = -1 },
		       inside __cleanup(netlink_close) = { .fd = -1 };
	const char *name = s->device ? s->device : "eth0";
	const struct nl_link link = { 0 };
	uint32_t bridge, index, fd = netns;
	size_t info, data, peer;
	struct msg m;

	if (netlink_open(&host) < 0 || netlink_inside(&inside, netns) < 0 ||
	    remove_device(&host, outside) < 0)
		return -1;
	bridge = make_bridge(&host, s->bridge);
	if (!bridge)
		return -1;
	netlink_begin(&m, NL_NEWLINK, NL_CREATE | NL_EXCL, &link, sizeof(link));
	netlink_attr(&m, LINK_NAME, outside, strlen(outside) + 1);
	netlink_attr(&m, LINK_MASTER, &bridge, sizeof(bridge));
	info = netlink_nest(&m, LINK_INFO, NULL, 0);
	netlink_attr(&m, INFO_KIND, "veth", 4);
	data = netlink_nest(&m, INFO_DATA, NULL, 0);
	peer = netlink_nest(&m, VETH_PEER, &link, sizeof(link));
	netlink_attr(&m, LINK_NAME, name, strlen(name) + 1);
	netlink_attr(&m, LINK_NETNS_FD, &fd, sizeof(fd));
	netlink_nest_end(&m, peer);
	netlink_nest_end(&m, data);
	netlink_nest_end(&m, info);
	if (netlink_request(&host, &m) < 0)
		return explain_refusal(&host, "make the pair of devices", outside,
				       "veth (CONFIG_VETH)");
	index = netlink_device(&inside, name);
	if (netlink_up(&host, netlink_device(&host, outside)) < 0)
		return netlink_fail(&host, "bring it up", outside);
	if (!index || netlink_up(&inside, index) < 0)
		return netlink_fail(&inside, "bring it up in the container", name);
	return give_address(&inside, index, s, ADDR_NODAD, name);
}

#endif
