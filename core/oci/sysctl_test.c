/* sysctl_test.c - names of kernel parameters, and the namespaces that they belong to. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/oci.h"
#include "tests/tap.h"

static const struct {
	const char *key, *path; /* NULL: refused */
	int type;
} cases[] = {
	{ "kernel.msgmax", "kernel/msgmax", CLONE_NEWIPC },
	{ "kernel/msgmax", "kernel/msgmax", CLONE_NEWIPC },
	{ "kernel.msgmnb", "kernel/msgmnb", CLONE_NEWIPC },
	{ "kernel.msgmni", "kernel/msgmni", CLONE_NEWIPC },
	{ "kernel.sem", "kernel/sem", CLONE_NEWIPC },
	{ "kernel.shmall", "kernel/shmall", CLONE_NEWIPC },
	{ "kernel.shmmax", "kernel/shmmax", CLONE_NEWIPC },
	{ "kernel.shmmni", "kernel/shmmni", CLONE_NEWIPC },
	{ "kernel.shm_rmid_forced", "kernel/shm_rmid_forced", CLONE_NEWIPC },
	{ "fs.mqueue.msg_max", "fs/mqueue/msg_max", CLONE_NEWIPC },
	{ "kernel.domainname", "kernel/domainname", CLONE_NEWUTS },
	{ "kernel.hostname", "kernel/hostname", CLONE_NEWUTS },
	{ "net.ipv4.ip_forward", "net/ipv4/ip_forward", CLONE_NEWNET },
	{ "net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding", CLONE_NEWNET },
	{ "net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding", CLONE_NEWNET },
	{ "user.max_user_namespaces", "user/max_user_namespaces", CLONE_NEWUSER },
	{ "kernel.panic", "kernel/panic", -1 },
	{ "kernel.semx", "kernel/semx", -1 },
	{ "kernel.sem.x", "kernel/sem/x", -1 },
	{ "vm.swappiness", "vm/swappiness", -1 },
	{ "network.x", "network/x", -1 },
	{ "net", "net", -1 },
	{ "fs.mqueue", "fs/mqueue", -1 },
	{ "", NULL, -1 },
	{ ".", NULL, -1 },
	{ "net.", NULL, -1 },
	{ ".net.x", NULL, -1 },
	{ "/net/x", NULL, -1 },
	{ "net..x", NULL, -1 },
	{ "net.a+b", NULL, -1 },
	{ "net//x", NULL, -1 },
	{ "net/../kernel/panic", NULL, -1 },
	{ "net/./x", NULL, -1 },
	{ "net.//.kernel", NULL, -1 },
	{ "net.x\n", NULL, -1 },
	{ "net. x", NULL, -1 },
};

int main(void)
{
	char path[256], shortest[4], key[400] = "net.";

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool good = oci_sysctl_path(cases[i].key, path, sizeof(path));

		is_str(good ? path : NULL, cases[i].path, "path of key %zu: %s", i,
		       cases[i].path ? cases[i].path : "refused");
		ok(oci_sysctl_namespace(cases[i].key) == cases[i].type, "namespace of key %zu", i);
	}
	memset(key + 4, 'x', 380);
	ok(!oci_sysctl_path(key, path, sizeof(path)) && oci_sysctl_namespace(key) < 0,
	   "a key that is too long is refused");
	ok(oci_sysctl_path("n.x", shortest, 4) && !oci_sysctl_path("n.xy", shortest, 4),
	   "a path that just fits is accepted");
	return done();
}
