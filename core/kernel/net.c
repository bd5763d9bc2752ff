/* net.c - loopback and host network devices (netdevice(7), rtnetlink(7)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

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

/* ---- netlink ------------------------------------------------------------------------------- */

/* linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h */
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

struct nl_addr {
	uint8_t family, prefix, flags, scope;
	uint32_t index;
};

/* clang-format off */
enum {
	NL_ERROR = 2, NL_DONE = 3,				/* types */
	NL_SETLINK = 19, NL_NEWADDR = 20, NL_GETADDR = 22,
	NL_REQUEST = 1, NL_ACK = 4, NL_DUMP = 0x300,		/* flags */
	NL_EXCL = 0x200, NL_CREATE = 0x400,
	NL_CAPPED = 0x100, NL_ACK_TLVS = 0x200,			/* flags of an answer */
	NL_CAP_ACK = 10, NL_EXT_ACK = 11,			/* socket options: 4.3, 4.12 */
	ERROR_MSG = 1,						/* attributes */
	LINK_NAME = 3, LINK_NETNS_FD = 28,
	ADDR_ADDRESS = 1, ADDR_LOCAL = 2, ADDR_BROADCAST = 4, ADDR_FLAGS = 8, ADDR_PRIORITY = 9,
	ADDR_PERMANENT = 0x80, SCOPE_UNIVERSE = 0,
};
/* clang-format on */

/* The flags of an address that an administrator sets; the others are states. noprefixroute,
 * mngtmpaddr, autojoin, home, nodad */
#define ADDR_FLAGS_KEPT (0x200 | 0x100 | 0x400 | 0x10 | 0x02)

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

#define ALIGN4(n) (((n) + 3u) & ~3u)

/* A message that is being built. If something does not fit, sending it fails. */
struct msg {
	struct nl_header h;
	char body[512];
	bool overflow;
};

static void msg_put(struct msg *m, const void *bytes, size_t len)
{
	size_t at = m->h.len - sizeof(m->h);

	if (len > sizeof(m->body) - at || ALIGN4(len) > sizeof(m->body) - at) {
		m->overflow = true;
		return;
	}
	memcpy(m->body + at, bytes, len);
	m->h.len += ALIGN4(len);
}

static void msg_begin(struct msg *m, int type, int flags, const void *body, size_t len)
{
	memset(m, 0, sizeof(*m));
	m->h = (struct nl_header){ .len = sizeof(m->h), .type = type, .flags = flags | NL_REQUEST };
	msg_put(m, body, len);
}

static void msg_attr(struct msg *m, int type, const void *value, size_t len)
{
	struct nl_attr attr = { .len = sizeof(attr) + len, .type = type };

	if (len > sizeof(m->body)) {
		m->overflow = true;
		return;
	}
	msg_put(m, &attr, sizeof(attr));
	msg_put(m, value, len);
}

/* The received bytes that have not been read yet. */
struct rest {
	const char *at;
	size_t len;
};

/* Takes the next message or attribute; both begin with their length. NULL: none, or an
 * incomplete one. */
static const void *rest_take(struct rest *r, size_t header, size_t *len)
{
	const char *item = r->at;
	uint32_t whole = 0;
	uint16_t half;

	if (r->len < header)
		return NULL;
	if (header == sizeof(struct nl_attr)) {
		memcpy(&half, item, sizeof(half));
		whole = half;
	} else {
		memcpy(&whole, item, sizeof(whole));
	}
	if (whole < header || whole > r->len)
		return NULL;
	*len = whole;
	r->at += ALIGN4(whole) < r->len ? ALIGN4(whole) : r->len;
	r->len -= r->at - item;
	return item;
}

/* A socket, and the kernel's message about the last request that it refused. */
struct nl {
	int fd;
	char why[160];
};

static int nl_open(struct nl *nl)
{
	int on = 1;

	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (nl->fd < 0)
		return fail("netlink socket");
	/* KERNEL 4.12: a message about a refusal (ENOPROTOOPT); without it there is
	 * only an errno. */
	setsockopt(nl->fd, SOL_NETLINK, NL_CAP_ACK, &on, sizeof(on));
	setsockopt(nl->fd, SOL_NETLINK, NL_EXT_ACK, &on, sizeof(on));
	return 0;
}

static void nl_close(struct nl *nl)
{
	fd_close(&nl->fd);
}

/* Reads an answer (type NL_ERROR). Returns 0, or -1 and errno with the message in nl->why. */
static int nl_answer(struct nl *nl, const char *item, size_t len)
{
	const size_t fixed = sizeof(struct nl_header) + sizeof(int32_t) + sizeof(struct nl_header);
	struct rest rest = { item + fixed, 0 };
	struct nl_header h;
	int32_t error;
	size_t size;

	if (len < fixed) {
		errno = EBADMSG;
		return -1;
	}
	memcpy(&h, item, sizeof(h));
	memcpy(&error, item + sizeof(h), sizeof(error));
	/* Without CAPPED the whole request precedes the message. */
	if (error && h.flags & NL_CAPPED && h.flags & NL_ACK_TLVS)
		rest.len = len - fixed;
	for (const char *at; (at = rest_take(&rest, sizeof(struct nl_attr), &size));) {
		struct nl_attr attr;

		memcpy(&attr, at, sizeof(attr));
		if (attr.type == ERROR_MSG)
			snprintf(nl->why, sizeof(nl->why), "%.*s", (int)(size - sizeof(attr)),
				 at + sizeof(attr));
	}
	errno = -error;
	return error ? -1 : 0;
}

static ssize_t nl_read(struct nl *nl, char *buf, size_t size)
{
	ssize_t n;

	do {
		n = recv(nl->fd, buf, size, MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n > (ssize_t)size) {
		errno = EMSGSIZE;
		return -1;
	}
	return n;
}

static int nl_send(struct nl *nl, const struct msg *m)
{
	nl->why[0] = 0;
	if (m->overflow) {
		errno = EMSGSIZE;
		return -1;
	}
	return send(nl->fd, &m->h, m->h.len, 0) < 0 ? -1 : 0;
}

/* Sends a request and waits for the answer. Returns 0, or -1 and errno. */
static int nl_request(struct nl *nl, struct msg *m)
{
	char buf[4096] __attribute__((aligned(4)));
	struct rest rest = { buf, 0 };
	struct nl_header h;
	const char *item;
	size_t size;
	ssize_t n;

	m->h.flags |= NL_ACK;
	if (nl_send(nl, m) < 0 || (n = nl_read(nl, buf, sizeof(buf))) < 0)
		return -1;
	rest.len = n;
	while ((item = rest_take(&rest, sizeof(h), &size))) {
		memcpy(&h, item, sizeof(h));
		if (h.type == NL_ERROR)
			return nl_answer(nl, item, size);
	}
	errno = EBADMSG;
	return -1;
}

static int fail_why(const struct nl *nl, const char *what, const char *name)
{
	fail("network device %s: %s", name, what);
	return *nl->why ? fail_hint("%s", nl->why) : -1;
}

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
	msg_begin(m, NL_NEWADDR, NL_CREATE | NL_EXCL, &addr, sizeof(addr));
	while ((at = rest_take(&rest, sizeof(attr), &size))) {
		memcpy(&attr, at, sizeof(attr));
		if (attr.type == ADDR_FLAGS && size == sizeof(attr) + sizeof(flags))
			memcpy(&flags, at + sizeof(attr), sizeof(flags));
		if (memchr(kept, attr.type, sizeof(kept)) && attr.type < 256)
			msg_attr(m, attr.type, at + sizeof(attr), size - sizeof(attr));
	}
	if (!(flags & ADDR_PERMANENT))
		return false;
	flags &= ADDR_FLAGS_KEPT;
	msg_attr(m, ADDR_FLAGS, &flags, sizeof(flags));
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

/* Returns 1: more follows; 0: that was all; -1 and errno. */
static int dump_part(struct nl *nl, uint32_t index, struct addresses *all)
{
	char buf[32768] __attribute__((aligned(4)));
	ssize_t n = nl_read(nl, buf, sizeof(buf));
	struct rest rest = { buf, n < 0 ? 0 : n };
	struct nl_header h;
	const char *item;
	struct msg m;
	size_t size;

	if (n < 0)
		return -1;
	while ((item = rest_take(&rest, sizeof(h), &size))) {
		memcpy(&h, item, sizeof(h));
		if (h.type == NL_DONE)
			return 0;
		if (h.type == NL_ERROR)
			return nl_answer(nl, item, size);
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
	msg_begin(&m, NL_GETADDR, NL_DUMP, &any, sizeof(any));
	if (nl_send(nl, &m) < 0)
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

	while ((item = rest_take(&rest, sizeof(m.h), &size))) {
		memset(&m, 0, sizeof(m));
		memcpy(&m.h, item, size);
		memcpy(m.body + offsetof(struct nl_addr, index), &index, sizeof(index));
		if (nl_request(nl, &m) < 0)
			return -1;
	}
	return 0;
}

/* ---- devices ------------------------------------------------------------------------------- */

/* The index of a device in the namespace of the socket; 0 and errno: none. */
static uint32_t device_index(const struct nl *nl, const char *name)
{
	struct ifreq req = { .ifr_ifindex = 0 };

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	return ioctl(nl->fd, SIOCGIFINDEX, &req) < 0 ? 0 : (uint32_t)req.ifr_ifindex;
}

/* Writes the device's name in the container. "eth%d" becomes the first number that
 * is free there. */
static int device_name(const struct nl *inside, const struct oci_net_device *d, char name[IFNAMSIZ])
{
	const char *want = d->name && *d->name ? d->name : d->key, *percent = strchr(want, '%');
	int n = 0, len;

	if (strlen(d->key) >= IFNAMSIZ)
		return failx("network device %s: the name is longer than 15 bytes", d->key);
	if (percent && (percent[1] != 'd' || strchr(percent + 1, '%')))
		return failx("network device %s: \"%s\" may hold nothing but one %%d", d->key,
			     want);
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
		if (!device_index(inside, name))
			return 0;
	} while (percent);
	errno = EEXIST;
	return fail("network device %s: %s in the container's network namespace", d->key, name);
}

static int set_link_up(struct nl *inside, uint32_t index)
{
	const struct nl_link up = { .index = index, .flags = IFF_UP, .change = IFF_UP };
	struct msg m;

	msg_begin(&m, NL_SETLINK, 0, &up, sizeof(up));
	return nl_request(inside, &m);
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
	index = device_index(host, d->key);
	if (!index)
		return fail("network device %s", d->key);
	/* The kernel forgets the addresses when a device changes its namespace. */
	if (addresses_read(host, index, &addresses) < 0)
		return fail_why(host, "read its addresses", d->key);
	link.index = index;
	msg_begin(&m, NL_SETLINK, 0, &link, sizeof(link));
	msg_attr(&m, LINK_NETNS_FD, &fd, sizeof(fd));
	msg_attr(&m, LINK_NAME, name, strlen(name) + 1);
	if (nl_request(host, &m) < 0)
		return fail_why(host, "move it to the container", d->key);
	index = device_index(inside, name);
	if (!index)
		return fail("network device %s: find it as %s in the container", d->key, name);
	if (addresses_write(inside, index, &addresses) < 0)
		return fail_why(inside, "give it its addresses again", d->key);
	if (set_link_up(inside, index) < 0)
		return fail_why(inside, "bring it up in the container", d->key);
	return 0;
}

/* Enters the namespace to open the socket, because a socket belongs to the namespace
 * it was opened in. */
static int open_inside(struct nl *inside, int netns)
{
	int home __cleanup(fd_close) = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int result;

	if (home < 0)
		return fail("open /proc/self/ns/net");
	if (setns(netns, CLONE_NEWNET) < 0)
		return fail("enter the container's network namespace");
	result = nl_open(inside);
	if (setns(home, CLONE_NEWNET) < 0)
		return fail("return to the host's network namespace");
	return result;
}

int net_move_devices(const struct oci_linux *linux, int netns)
{
	struct nl host __cleanup(nl_close) = { .fd = -1 },
		       inside __cleanup(nl_close) = { .fd = -1 };

	if (!linux->net_devices.n)
		return 0;
	if (nl_open(&host) < 0 || open_inside(&inside, netns) < 0)
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
