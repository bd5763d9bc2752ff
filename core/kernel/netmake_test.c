/* netmake_test.c - addresses and names of network settings. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include "tests/tap.h"

#include <string.h>
#include <sys/socket.h>

static void test_addresses(void)
{
	static const char *const bad[] = { "",
					   "/24",
					   "10.0.0.2",
					   "10.0.0.2/",
					   "10.0.0.2/33",
					   "10.0.0.2/-1",
					   "10.0.0.2/8x",
					   "10.0.0/8",
					   "fd00::1/129",
					   "fd00:::1/64",
					   "256.0.0.1/8",
					   "a/8",
					   "10.0.0.2/24/1",
					   "10.0.0.2 /24" };
	static const char far[] = "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001/64";
	struct net_address a;

	ok(net_address("10.0.0.2/24", true, &a) && a.family == AF_INET && a.prefix == 24 &&
		   !memcmp(a.bytes, "\12\0\0\2", 4),
	   "an address of IPv4 is read");
	ok(net_address("fd00::2/64", true, &a) && a.family == AF_INET6 && a.prefix == 64 &&
		   a.bytes[0] == 0xfd && a.bytes[15] == 2,
	   "an address of IPv6 is read");
	ok(net_address("10.0.0.1", false, &a) && !net_address("10.0.0.1/24", false, &a),
	   "a gateway with a prefix length is refused");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!net_address(bad[i], true, &a), "\"%s\" is refused", bad[i]);
	ok(!net_address(far, true, &a), "a text that is longer than any address is refused");
}

static void test_names(void)
{
	ok(net_name("br0") && net_name("enp0s31f6.100"), "names of devices are accepted");
	ok(!net_name("") && !net_name("a/b") && !net_name("eth%d") && !net_name("..") &&
		   !net_name("0123456789abcdef") && !net_name("a b"),
	   "texts that cannot be names of devices are refused");
}

static bool fault(bool container, const char *device, const char *bridge, const char *address,
		  const char *gateway, const char *why)
{
	const struct net_setup s = { device, bridge, address, gateway };
	const char *is = net_fault(&s, container);

	return why ? is && strstr(is, why) : !is;
}

static void test_faults(void)
{
	ok(fault(true, NULL, "br0", "10.0.0.2/24", "10.0.0.1", NULL),
	   "a container with bridge, address and gateway is accepted");
	ok(fault(true, NULL, "br0", NULL, NULL, NULL),
	   "a container without an address is accepted");
	ok(fault(true, "eth0", NULL, "10.0.0.2/24", NULL, "no bridge"),
	   "a container without a bridge is refused");
	ok(fault(false, "eth0", NULL, "10.0.0.2/24", NULL, NULL),
	   "a device of the machine is accepted");
	ok(fault(false, NULL, NULL, "10.0.0.2/24", NULL, "neither"),
	   "an address without a device is refused");
	ok(fault(true, NULL, "br0", NULL, "10.0.0.1", "no address"),
	   "a gateway without an address is refused");
	ok(fault(true, NULL, "br0", "10.0.0.2/24", "10.0.1.1", "not in the network"),
	   "a gateway in another network is refused");
	ok(fault(true, NULL, "br0", "10.0.0.2/23", "10.0.1.1", NULL),
	   "a gateway in the network of a shorter prefix is accepted");
	ok(fault(true, NULL, "br0", "10.0.0.2/24", "fd00::1", "not in the network"),
	   "a gateway of another family is refused");
}

int main(void)
{
	test_addresses();
	test_names();
	test_faults();
	return done();
}
