/* sysctl_test.c - the namespaces of keys, and writing values. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/claim_test.h"

static char block[65536];
static struct arena arena;

static const struct {
	const char *key, *path; /* path NULL: refused */
	int type;
} keys[] = {
	{ "kernel.msgmax", "kernel/msgmax", CLONE_NEWIPC },
	{ "kernel/shm_rmid_forced", "kernel/shm_rmid_forced", CLONE_NEWIPC },
	{ "kernel.sem", "kernel/sem", CLONE_NEWIPC },
	{ "fs.mqueue.msg_max", "fs/mqueue/msg_max", CLONE_NEWIPC },
	{ "kernel.domainname", "kernel/domainname", CLONE_NEWUTS },
	{ "net.ipv4.ip_forward", "net/ipv4/ip_forward", CLONE_NEWNET },
	{ "net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding", CLONE_NEWNET },
	{ "net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding", CLONE_NEWNET },
	{ "user.max_user_namespaces", "user/max_user_namespaces", CLONE_NEWUSER },
	{ "kernel.hostname", NULL, 0 },
	{ "kernel.core_pattern", NULL, 0 },
	{ "kernel.msgmaxx", NULL, 0 },
	{ "kernel.msgma", NULL, 0 },
	{ "vm.swappiness", NULL, 0 },
	{ "fs.mqueue", NULL, 0 },
	{ "net", NULL, 0 },
	{ "net/../kernel/core_pattern", NULL, 0 },
	{ "net/./ipv4", NULL, 0 },
	{ "net//ipv4", NULL, 0 },
	{ "net.ipv4.", NULL, 0 },
	{ "net./.kernel.core_pattern", NULL, 0 },
	{ "net.//.kernel", NULL, 0 },
	{ ".net", NULL, 0 },
	{ "/net/ipv4", NULL, 0 },
	{ "", NULL, 0 },
	{ "net.ipv4 x", NULL, 0 },
	{ "net.ipv4\nx", NULL, 0 },
};

static void test_keys(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *path = NULL;
		int type = sysctl_namespace(&arena, keys[i].key, &path);

		if (keys[i].type)
			ok(type == keys[i].type && !strcmp(path, keys[i].path), "%s is %s",
			   keys[i].key, keys[i].path);
		else
			ok(type == -1 && *err_text(), "refused: %s",
			   strchr(keys[i].key, '\n') ? "a newline" : keys[i].key);
	}
	sysctl_namespace(&arena, "kernel.hostname", &(const char *){ NULL });
	is_str(err_text(), "sysctl \"kernel.hostname\" conflicts with the OCI \"hostname\" field",
	       "the error for kernel.hostname names the field");
}

/* In a new network namespace, so that the values of the host do not change. */
static int writes(void)
{
	int procfd = procfs_open();
	char text[16];

	if (unshare(CLONE_NEWNET) < 0 || procfd < 0)
		return CLAIM_SKIP;
	WANT(!sysctl_write(procfd, "net/ipv4/ip_forward", "1"));
	WANT(file_read_line(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", text, sizeof(text)) == 1);
	WANT(*text == '1');
	WANT(sysctl_write(procfd, "net/ipv4/ip_forward", "0\n1") < 0 &&
	     strstr(err_text(), "newline"));
	WANT(sysctl_write(procfd, "net/nothing", "1") < 0 && err_num() == ENOENT);
	WANT(sysctl_write(procfd, "net/ipv4/ip_forward", "many") < 0 && err_num() == EINVAL);
	return 0;
}

int main(void)
{
	static const struct claim claims[] = { { "sysctl_write writes in a new network namespace",
						 writes, true } };

	arena_init(&arena, block, sizeof(block));
	test_keys();
	claims_try(claims, ARRAY_SIZE(claims));
	return done();
}
