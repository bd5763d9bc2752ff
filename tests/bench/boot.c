/* boot.c - /init of a measured machine, the hand-written init beside ours, and what they start. */
/* SPDX-License-Identifier: MIT */

/*
 * By the name it is called by:
 *
 *	init	  tells the time, then becomes the program to which /real-init is a link
 *	hand	  a hand-written init: mounts /proc, /sys and /dev, and becomes /bin/stamp
 *	hand-runc the same, with /run and cgroups, and becomes `runc run`
 *	stamp	  tells the time, and ends; as process 1 of the machine it switches it off
 *
 * Times are nanoseconds of CLOCK_BOOTTIME.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

static void tell(const char *what)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	dprintf(1, "%s %lld\n", what, t.tv_sec * 1000000000LL + t.tv_nsec);
}

static void mount_basics(void)
{
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
}

static int become(const char *path, char **argv)
{
	execv(path, argv);
	dprintf(2, "cannot become %s\n", path);
	return 1;
}

int main(int argc, char **argv)
{
	static char *runc[] = { "runc", "run", "--bundle", "/bundles/hello", "hello", NULL };
	const char *name = strrchr(argv[0], '/');
	static char real[64];

	name = name ? name + 1 : argv[0];
	if (!strcmp(name, "stamp")) {
		tell("stamp");
		return reboot(RB_POWER_OFF) && getppid(); /* in a container: not permitted */
	}
	if (!strcmp(name, "init")) {
		tell("handover");
		if (readlink("/real-init", real, sizeof(real) - 1) < 0)
			return 1;
		return become(real, (char *[]){ real, NULL });
	}
	mount_basics();
	if (!strcmp(name, "hand"))
		return become("/bin/stamp", (char *[]){ "stamp", NULL });
	mount("run", "/run", "tmpfs", 0, "mode=755");
	mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	return become("/bin/runc", runc);
}
