/* lsm.c - AppArmor and SELinux labels; an error where the kernel does not have the module. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#define SELINUX_MAGIC 0xf97cff8c

#define UNCONFINED "unconfined"

static bool apparmor_there(void)
{
	char text[8];

	if (file_read_line(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", text,
			   sizeof(text)) > 0)
		return text[0] == 'Y';
	err_clear("without AppArmor the file is missing");
	return false;
}

static bool selinux_there(void)
{
	struct statfs fs;

	return !statfs("/sys/fs/selinux", &fs) && (uint32_t)fs.f_type == SELINUX_MAGIC;
}

int lsm_check(const struct oci_process *p, const char *mount_label)
{
	const char *profile = p ? p->apparmor_profile : NULL, *label = p ? p->selinux_label : NULL;

	if (!WITH_LSM)
		return (profile && *profile) || (label && *label) || (mount_label && *mount_label)
			       ? not_built("WITH_LSM", "AppArmor and SELinux")
			       : 0;
	/* "unconfined" needs no AppArmor. */
	if (profile && *profile && strcmp(profile, UNCONFINED) && !apparmor_there())
		return failx("apparmor: config provided but apparmor not supported: profile \"%s\"",
			     profile);
	if (((label && *label) || (mount_label && *mount_label)) && !selinux_there())
		return failx("selinux label \"%s\" is specified, but SELinux is disabled or not "
			     "supported",
			     label && *label ? label : mount_label);
	return 0;
}

int lsm_apparmor_exec(int procfd, const char *profile)
{
	char text[1024];

	if (!profile || !*profile)
		return 0;
	if (!strcmp(profile, UNCONFINED) && !apparmor_there())
		return 0;
	if (snprintf(text, sizeof(text), "exec %s", profile) >= (int)sizeof(text))
		return failx("apparmor: the profile name is too long");
	if (!procfs_write(procfd, "self/attr/apparmor/exec", text))
		return 0;
	/* KERNEL 5.8: attr/apparmor/ (ENOENT); attr/exec belongs to a single module. Nothing is
	 * lost if that is AppArmor; otherwise the write fails. */
	if (err_num() == ENOENT && !sys_exists(procfd, "self/attr/apparmor")) {
		err_clear("an older kernel has attr/exec only");
		if (!procfs_write(procfd, "self/attr/exec", text))
			return 0;
	}
	if (err_num() == ENOENT)
		fail_hint("the profile is not loaded");
	return fail_in("apparmor profile \"%s\"", profile);
}

/* Without a label the policy decides. */
static int write_label(int procfd, const char *file, const char *label)
{
	if (!label || !*label || !procfs_write(procfd, file, label))
		return 0;
	if (err_num() == EINVAL)
		fail_hint("the policy does not know this context");
	return fail_in("selinux label \"%s\"", label);
}

int lsm_selinux_exec(int procfd, const char *label)
{
	return write_label(procfd, "self/attr/exec", label);
}

int lsm_selinux_keycreate(int procfd, const char *label)
{
	return write_label(procfd, "self/attr/keycreate", label);
}
