/* netlink.c - requests to the kernel's netlink, and their answers (netlink(7), rtnetlink(7)). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/netlink.h"

#if WITH_NET || WITH_BOOT_NET

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static void netlink_put(struct msg *m, const void *bytes, size_t len)
{
	size_t at = m->h.len - sizeof(m->h);

	if (len > sizeof(m->body) - at || ALIGN4(len) > sizeof(m->body) - at) {
		m->overflow = true;
		return;
	}
	memcpy(m->body + at, bytes, len);
	m->h.len += ALIGN4(len);
}

void netlink_begin(struct msg *m, int type, int flags, const void *body, size_t len)
{
	memset(m, 0, sizeof(*m));
	m->h = (struct nl_header){ .len = sizeof(m->h), .type = type, .flags = flags | NL_REQUEST };
	netlink_put(m, body, len);
}

void netlink_attr(struct msg *m, int type, const void *value, size_t len)
{
	struct nl_attr attr = { .len = sizeof(attr) + len, .type = type };

	if (len > sizeof(m->body)) {
		m->overflow = true;
		return;
	}
	netlink_put(m, &attr, sizeof(attr));
	netlink_put(m, value, len);
}

size_t netlink_nest(struct msg *m, int type, const void *body, size_t len)
{
	size_t at = m->h.len - sizeof(m->h);

	netlink_attr(m, type, body, len);
	return at;
}

void netlink_nest_end(struct msg *m, size_t at)
{
	uint16_t len = m->h.len - sizeof(m->h) - at;

	if (!m->overflow)
		memcpy(m->body + at, &len, sizeof(len));
}

const void *netlink_take(struct rest *r, size_t header, size_t *len)
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

int netlink_open(struct nl *nl)
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

void netlink_close(struct nl *nl)
{
	fd_close(&nl->fd);
}

/* Reads an answer (type NL_ERROR). Returns 0, or -1 and errno with the message in nl->why. */
int netlink_answer(struct nl *nl, const char *item, size_t len)
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
	for (const char *at; (at = netlink_take(&rest, sizeof(struct nl_attr), &size));) {
		struct nl_attr attr;

		memcpy(&attr, at, sizeof(attr));
		if (attr.type == ERROR_MSG)
			snprintf(nl->why, sizeof(nl->why), "%.*s", (int)(size - sizeof(attr)),
				 at + sizeof(attr));
	}
	errno = -error;
	return error ? -1 : 0;
}

ssize_t netlink_read(struct nl *nl, char *buf, size_t size)
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

int netlink_send(struct nl *nl, const struct msg *m)
{
	nl->why[0] = 0;
	if (m->overflow) {
		errno = EMSGSIZE;
		return -1;
	}
	return send(nl->fd, &m->h, m->h.len, 0) < 0 ? -1 : 0;
}

int netlink_request(struct nl *nl, struct msg *m)
{
	char buf[4096] __attribute__((aligned(4)));
	struct rest rest = { buf, 0 };
	struct nl_header h;
	const char *item;
	size_t size;
	ssize_t n;

	m->h.flags |= NL_ACK;
	if (netlink_send(nl, m) < 0 || (n = netlink_read(nl, buf, sizeof(buf))) < 0)
		return -1;
	rest.len = n;
	while ((item = netlink_take(&rest, sizeof(h), &size))) {
		memcpy(&h, item, sizeof(h));
		if (h.type == NL_ERROR)
			return netlink_answer(nl, item, size);
	}
	errno = EBADMSG;
	return -1;
}

int netlink_fail(const struct nl *nl, const char *what, const char *name)
{
	fail("network device %s: %s", name, what);
	return *nl->why ? fail_hint("%s", nl->why) : -1;
}

uint32_t netlink_device(const struct nl *nl, const char *name)
{
	struct ifreq req = { .ifr_ifindex = 0 };

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	return ioctl(nl->fd, SIOCGIFINDEX, &req) < 0 ? 0 : (uint32_t)req.ifr_ifindex;
}

int netlink_up(struct nl *inside, uint32_t index)
{
	const struct nl_link up = { .index = index, .flags = IFF_UP, .change = IFF_UP };
	struct msg m;

	netlink_begin(&m, NL_SETLINK, 0, &up, sizeof(up));
	return netlink_request(inside, &m);
}

/* Enters the namespace to open the socket, because a socket belongs to the namespace
 * it was opened in. */
int netlink_inside(struct nl *inside, int netns)
{
	int home __cleanup(fd_close) = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int result;

	if (home < 0)
		return fail("open /proc/self/ns/net");
	if (setns(netns, CLONE_NEWNET) < 0)
		return fail("enter the container's network namespace");
	result = netlink_open(inside);
	if (setns(home, CLONE_NEWNET) < 0)
		return fail("return to the host's network namespace");
	return result;
}

#endif
