/* idmap_test.c - the id of the host for an id of the container. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/oci.h"
#include "tests/tap.h"

static void test_host_id(void)
{
	struct oci_id_map two[] = { { 0, 1000, 1 }, { 1, 100000, 65535 } };
	const oci_id_maps maps = { two, 2 }, none = { NULL, 0 };
	struct oci_id_map high[] = { { 0, 4294967200u, 100 } };
	const oci_id_maps top = { high, 1 };

	ok(oci_host_id(&none, 42) == 42, "oci_host_id without maps: the same id");
	ok(oci_host_id(&maps, 0) == 1000 && oci_host_id(&maps, 1) == 100000,
	   "oci_host_id: the first ids of ranges");
	ok(oci_host_id(&maps, 65535) == 165534, "oci_host_id: the last id of a range");
	ok(oci_host_id(&maps, 65536) == -1, "oci_host_id: -1 after the last range");
	ok(oci_host_id(&top, 99) == 4294967299, "oci_host_id: more than 32 bits");
}

int main(void)
{
	test_host_id();
	return done();
}
