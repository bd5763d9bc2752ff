/* net_test.c - loopback and moved devices, in new network namespaces. */
/* SPDX-License-Identifier: MIT */

/* The test uses static functions of net.c to make requests. */
#include "core/kernel/net.c" /* NOLINT */

#include "core/kernel/claim_test.h"

#include <arpa/inet.h>
#include <sched.h>

static unsigned flags_of(const char *name)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = { .ifr_flags = 0 };

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFFLAGS, &req) < 0)
		req.ifr_flags = 0;
	close(fd);
	return req.ifr_flags;
}

static int loopback(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		return CLAIM_SKIP;
	WANT(!(flags_of("lo") & IFF_UP));
	WANT(!net_lo_up());
	WANT((flags_of("lo") & (IFF_UP | IFF_RUNNING | IFF_LOOPBACK)) ==
	     (IFF_UP | IFF_RUNNING | IFF_LOOPBACK));
	return 0;
}

/* ---- devices ------------------------------------------------------------------------------- */

static struct nl here = { .fd = -1 };
static int other = -1; /* the network namespace of the container */

/* A veth pair NAME and NAMEp in the namespace of the socket. */
static int make_veth(const char *name)
{
	const struct nl_link link = { 0 };
	struct {
		struct nl_attr a;
		char kind[4];
	} info = { { 8, 1 }, "veth" };
	struct msg m;

	netlink_begin(&m, 16, NL_CREATE | NL_EXCL, &link, sizeof(link));
	netlink_attr(&m, LINK_NAME, name, strlen(name) + 1);
	netlink_attr(&m, 18, &info, sizeof(info));
	return netlink_request(&here, &m);
}

static int add_address(const char *name, int family, const char *text, int prefix)
{
	struct nl_addr addr = { .family = family,
				.prefix = prefix,
				.index = netlink_device(&here, name) };
	const uint32_t flags = 2; /* nodad: permanent at once */
	unsigned char bytes[16];
	size_t len = family == AF_INET ? 4 : 16;
	struct msg m;

	inet_pton(family, text, bytes);
	netlink_begin(&m, NL_NEWADDR, NL_CREATE | NL_EXCL, &addr, sizeof(addr));
	netlink_attr(&m, ADDR_LOCAL, bytes, len);
	netlink_attr(&m, ADDR_ADDRESS, bytes, len);
	if (family == AF_INET6)
		netlink_attr(&m, ADDR_FLAGS, &flags, sizeof(flags));
	return netlink_request(&here, &m);
}

static int prepare(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	other = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (unshare(CLONE_NEWNET) < 0 || netlink_open(&here) < 0)
		return -1;
	return make_veth("v0");
}

static int move(const char *key, const char *name)
{
	struct oci_net_device d = { key, name };
	struct oci_linux l = { .net_devices = { &d, 1 } };

	return net_move_devices(&l, other);
}

static int moved_with_addresses(void)
{
	struct addresses before, after;
	struct nl there;
	uint32_t index;

	if (prepare() < 0)
		return CLAIM_SKIP;
	WANT(!add_address("v0", AF_INET, "10.9.8.7", 24));
	WANT(!add_address("v0", AF_INET, "192.0.2.1", 32));
	WANT(!add_address("v0", AF_INET6, "fd00::1", 64));
	WANT(!addresses_read(&here, netlink_device(&here, "v0"), &before) && before.len > 100);
	WANT(!move("v0", "eth7"));
	WANT(!netlink_device(&here, "v0") && !netlink_device(&here, "eth7"));
	WANT(!setns(other, CLONE_NEWNET) && !netlink_open(&there));
	index = netlink_device(&there, "eth7");
	WANT(index && flags_of("eth7") & IFF_UP);
	WANT(!addresses_read(&there, index, &after) && after.len == before.len);
	/* Only the index may differ: restore the old one. */
	for (size_t at = 0; at < after.len; at += ALIGN4(*(uint32_t *)(after.buf + at)))
		memcpy(after.buf + at + 20, before.buf + 20, 4);
	WANT(!memcmp(after.buf, before.buf, after.len));
	return 0;
}

static int name_kept(void)
{
	if (prepare() < 0)
		return CLAIM_SKIP;
	WANT(!move("v0", NULL));
	WANT(!setns(other, CLONE_NEWNET));
	WANT(flags_of("v0") & IFF_UP);
	return 0;
}

static int name_by_template(void)
{
	if (prepare() < 0 || make_veth("v1") < 0)
		return CLAIM_SKIP;
	WANT(!move("v0", "eth%dx"));
	WANT(!move("v1", "eth%dx"));
	WANT(!setns(other, CLONE_NEWNET));
	WANT(flags_of("eth0x") & IFF_UP && flags_of("eth1x") & IFF_UP);
	return 0;
}

static int refusals(void)
{
	static const struct {
		const char *key, *name, *why;
	} bad[] = {
		{ "nothing", NULL, "network device nothing: no such device" },
		{ "v0", "lo", "lo in the container's network namespace: file exists" },
		{ "v0", "a%sb", "other than one %d" },
		{ "v0", "%d%d", "other than one %d" },
		{ "v0", "0123456789abcdef", "longer than 15 bytes" },
		{ "v0", "0123456789abcde%d", "longer than 15 bytes" },
		{ "0123456789abcdef", "x", "longer than 15 bytes" },
		{ "lo", "lo7", "network device lo: move it to the container: invalid argument" },
		{ "v0", "a/b", "cannot be a name" },
		{ "v0", "..", "cannot be a name" },
	};

	if (prepare() < 0)
		return CLAIM_SKIP;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		err_clear("next");
		if (move(bad[i].key, bad[i].name) < 0 && strstr(err_text(), bad[i].why))
			continue;
		fprintf(stderr, "# %s %s: %s\n", bad[i].key, bad[i].name, err_text());
		return 1;
	}
	WANT(netlink_device(&here, "v0"));
	return 0;
}

/* The caller is in its namespace again, and has no new descriptors. */
static int comes_back(void)
{
	struct stat before, after;
	int fd;

	if (prepare() < 0)
		return CLAIM_SKIP;
	WANT(!stat("/proc/self/ns/net", &before));
	fd = dup(0);
	close(fd);
	WANT(!move("v0", NULL));
	WANT(!stat("/proc/self/ns/net", &after) && before.st_ino == after.st_ino);
	WANT(dup(0) == fd);
	return 0;
}

/* ---- received bytes with wrong lengths ----------------------------------------------------- */

static void test_lengths(void)
{
	struct {
		struct nl_header h;
		char rest[16];
	} lie = { { .len = 4 }, { 0 } };
	struct rest r = { (char *)&lie, sizeof(lie) };
	char big[600] = { 0 };
	struct msg m;
	size_t size;

	ok(!netlink_take(&r, sizeof(lie.h), &size),
	   "a message that is shorter than its header is refused");
	lie.h.len = sizeof(lie) + 1;
	ok(!netlink_take(&r, sizeof(lie.h), &size),
	   "a message that is longer than the received bytes is refused");
	lie.h.len = sizeof(lie) - 1;
	ok(netlink_take(&r, sizeof(lie.h), &size) == (void *)&lie && size == sizeof(lie) - 1 &&
		   !r.len,
	   "a last message without its padding is accepted");
	netlink_begin(&m, NL_NEWADDR, 0, big, 10);
	ok(m.h.len == sizeof(m.h) + 12 && !m.overflow, "the body of a message is aligned");
	netlink_attr(&m, 1, big, sizeof(big));
	ok(m.overflow, "an attribute that does not fit sets overflow");
	netlink_begin(&m, NL_NEWADDR, 0, big, sizeof(m.body) - 2);
	ok(!m.overflow, "a body that just fits is accepted");
	netlink_attr(&m, 1, big, 1);
	ok(m.overflow && m.h.len == sizeof(m.h) + sizeof(m.body),
	   "no byte is written after the end of the message");
}

int main(void)
{
	static const struct claim claims[] = {
		{ "net_lo_up brings lo up", loopback, true },
		{ "a moved device has its new name and addresses, and is up", moved_with_addresses,
		  true },
		{ "a moved device without a new name keeps its name", name_kept, true },
		{ "a name with %d takes the first free number", name_by_template, true },
		{ "a device that cannot be moved stays, with an error", refusals, true },
		{ "the caller returns to its network namespace", comes_back, true },
	};

	test_lengths();
	claims_try(claims, ARRAY_SIZE(claims));
	return done();
}
