/* bootstrap.c - oci-init --bootstrap: prepares a container for container engines inside it. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <string.h>

/* Engines write to /run, and their containers share memory in /dev/shm. */
static const struct {
	const char *path, *parent, *data;
} filesystems[] = {
	{ "/run", "/", "mode=0755" },
	{ "/dev/shm", "/dev", "mode=1777" },
};

static int hint(void)
{
	return err_num() == EPERM ? fail_hint("--bootstrap needs CAP_SYS_ADMIN: a privileged "
					      "container")
				  : -1;
}

static int mount_missing(void)
{
	struct stat st, parent;
	EXACT_MODES;

	for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++) {
		const char *path = filesystems[i].path;

		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return fail("create %s", path);
		if (stat(path, &st) < 0 || stat(filesystems[i].parent, &parent) < 0)
			return fail("stat %s", path);
		if (st.st_dev != parent.st_dev)
			continue;
		if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, filesystems[i].data) < 0)
			return fail("mount a tmpfs on %s", path), hint();
	}
	return 0;
}

int bootstrap(void)
{
	if (cgroup_nest(&arena) < 0)
		return hint();
	if (mount_missing() < 0)
		return -1;
	/* A mount that an engine makes later must reach the containers it has made before. */
	if (mount(NULL, "/", NULL, MS_SHARED | MS_REC, NULL) < 0)
		return fail("share the mounts below /"), hint();
	return 0;
}
