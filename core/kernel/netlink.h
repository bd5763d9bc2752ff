/* netlink.h - private to netlink.c, net.c and netmake.c: messages of netlink. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_KERNEL_NETLINK_H
#define CORE_KERNEL_NETLINK_H

#include "core/kernel/kernel.h"

/* linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h,
 * linux/veth.h */
struct nl_header {
	uint32_t len;
	uint16_t type, flags;
	uint32_t seq, pid;
};

struct nl_attr {
	uint16_t len, type;
};

struct nl_link {
	uint8_t family, pad;
	uint16_t type;
	int32_t index;
	uint32_t flags, change;
};

struct nl_route {
	uint8_t family, to_len, from_len, tos, table, protocol, scope, type;
	uint32_t flags;
};

struct nl_addr {
	uint8_t family, prefix, flags, scope;
	uint32_t index;
};

/* clang-format off */
enum {
	NL_ERROR = 2, NL_DONE = 3,				/* types */
	NL_NEWLINK = 16, NL_DELLINK = 17, NL_SETLINK = 19, NL_NEWADDR = 20, NL_GETADDR = 22,
	NL_NEWROUTE = 24,
	NL_REQUEST = 1, NL_ACK = 4, NL_DUMP = 0x300,		/* flags */
	NL_REPLACE = 0x100, NL_EXCL = 0x200, NL_CREATE = 0x400,
	NL_CAPPED = 0x100, NL_ACK_TLVS = 0x200,			/* flags of an answer */
	NL_CAP_ACK = 10, NL_EXT_ACK = 11,			/* socket options: 4.3, 4.12 */
	ERROR_MSG = 1,						/* attributes */
	LINK_NAME = 3, LINK_MASTER = 10, LINK_INFO = 18, LINK_NETNS_FD = 28,
	INFO_KIND = 1, INFO_DATA = 2, VETH_PEER = 1,
	ADDR_ADDRESS = 1, ADDR_LOCAL = 2, ADDR_BROADCAST = 4, ADDR_FLAGS = 8, ADDR_PRIORITY = 9,
	ADDR_PERMANENT = 0x80, ADDR_NODAD = 2, SCOPE_UNIVERSE = 0,
	ROUTE_DEVICE = 4, ROUTE_GATEWAY = 5, ROUTE_MAIN = 254, ROUTE_STATIC = 4, ROUTE_UNICAST = 1,
};
/* clang-format on */

#define ALIGN4(n) (((n) + 3u) & ~3u)

/* A message that is being built. If something does not fit, sending it fails. */
struct msg {
	struct nl_header h;
	char body[512];
	bool overflow;
};

/* The received bytes that have not been read yet. */
struct rest {
	const char *at;
	size_t len;
};

/* A socket, and the kernel's message about the last request that it refused. */
struct nl {
	int fd;
	char why[160];
};

int netlink_open(struct nl *nl);
void netlink_close(struct nl *nl);
/* A socket in the network namespace netns, which is entered for it and left again. */
int netlink_inside(struct nl *inside, int netns);
void netlink_begin(struct msg *m, int type, int flags, const void *body, size_t len);
void netlink_attr(struct msg *m, int type, const void *value, size_t len);
/* The attributes until netlink_nest_end are inside this one. Returns its place. */
size_t netlink_nest(struct msg *m, int type, const void *body, size_t len);
void netlink_nest_end(struct msg *m, size_t at);
/* Takes the next message or attribute; both begin with their length. NULL: there is none, or it is
 * incomplete. */
const void *netlink_take(struct rest *r, size_t header, size_t *len);
/* These return -1 and errno if they fail. */
int netlink_send(struct nl *nl, const struct msg *m);
ssize_t netlink_read(struct nl *nl, char *buf, size_t size);
int netlink_answer(struct nl *nl, const char *item, size_t len); /* reads an NL_ERROR */
int netlink_request(struct nl *nl, struct msg *m); /* sends it and waits for the answer */
int netlink_up(struct nl *nl, uint32_t index);
int netlink_fail(const struct nl *nl, const char *what, const char *name); /* with nl->why */
/* The index of a device in the namespace of the socket; 0 and errno: there is none. */
uint32_t netlink_device(const struct nl *nl, const char *name);

#endif
