/* lsm_test.c - labels are refused if the kernel does not have the module. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/claim_test.h"

static bool apparmor_here(void)
{
	return !access("/sys/module/apparmor/parameters/enabled", F_OK);
}

static bool selinux_here(void)
{
	return !access("/sys/fs/selinux/enforce", F_OK);
}

static int no_apparmor(void)
{
	struct oci_process p = { .apparmor_profile = "docker-default" };
	int procfd = procfs_open();

	if (apparmor_here())
		return CLAIM_SKIP;
	WANT(lsm_check(&p, NULL) < 0 && strstr(err_text(), "apparmor not supported"));
	WANT(lsm_apparmor_exec(procfd, "docker-default") < 0 &&
	     strstr(err_text(), "docker-default"));
	p.apparmor_profile = "unconfined";
	WANT(!lsm_check(&p, NULL) && !lsm_apparmor_exec(procfd, "unconfined"));
	return 0;
}

static int no_selinux(void)
{
	struct oci_process p = { .selinux_label = "system_u:system_r:container_t:s0" };
	int procfd = procfs_open();

	if (selinux_here())
		return CLAIM_SKIP;
	WANT(lsm_check(&p, NULL) < 0 && strstr(err_text(), "SELinux is disabled"));
	p.selinux_label = "";
	WANT(lsm_check(&p, "system_u:object_r:x_t:s0") < 0 && strstr(err_text(), "x_t"));
	WANT(lsm_selinux_exec(procfd, "a:b:c:s0") < 0 && strstr(err_text(), "a:b:c:s0"));
	WANT(lsm_selinux_keycreate(procfd, "a:b:c:s0") < 0);
	return 0;
}

static int nothing_asked(void)
{
	struct oci_process p = { .apparmor_profile = "", .selinux_label = "" };

	WANT(!lsm_check(&p, NULL) && !lsm_check(NULL, "") && !lsm_apparmor_exec(-1, NULL));
	WANT(!lsm_apparmor_exec(-1, "") && !lsm_selinux_exec(-1, "") &&
	     !lsm_selinux_keycreate(-1, NULL));
	return 0;
}

int main(void)
{
	static const struct claim claims[] = {
		{ "an AppArmor profile without AppArmor is refused", no_apparmor, false },
		{ "an SELinux label without SELinux is refused", no_selinux, false },
		{ "empty and absent labels are accepted", nothing_asked, false },
	};

	claims_try(claims, ARRAY_SIZE(claims));
	return done();
}
