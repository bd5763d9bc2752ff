/* console.c - the payload's terminal, a pty of the container. */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <string.h>

/* Binds the pty's peer on /dev/console. Both are used by their descriptors, because the image may
 * have a link at that path (CVE-2026-88264). Nor is a link at /dev followed, as in dev_setup. */
static int mount_console(struct child *c)
{
	static const char name[] = "console";
	int target __cleanup(fd_close) = -1;
	int dev __cleanup(fd_close) =
		path_open(c->root, "/dev", O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);

	if (dev < 0)
		return -1;
	target = openat(dev, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (target < 0 && errno == EEXIST)
		target = openat(dev, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return fail("create /dev/console");
	return mountapi_bind(&(struct mountapi_bind){
		.source = c->tty, .target = target, .root = c->root, .path = "/dev/console" });
}

int console_make(struct child *c)
{
	int master __cleanup(fd_close) = -1;
	const struct oci_box *size = c->plan->process->console_size;

	master = tty_open(c->root, &c->tty);
	if (master < 0)
		return -1;
	if (size && size->height && size->width &&
	    tty_set_size(master, size->height, size->width) < 0)
		return -1;
	if (c->plan->target < 0 && c->plan->ns.all & CLONE_NEWNS && mount_console(c) < 0)
		return fail_in("console");
	if (c->console >= 0)
		return sock_send_fd(c->console, "/dev/pts/ptmx", master) < 0
			       ? fail_in("console socket")
			       : 0;
	return wire_ask(&c->wire, WIRE_CONSOLE, 0, NULL, master);
}

void console_own_streams(uid_t uid)
{
	struct stat st;

	for (int fd = 0; fd <= 2; fd++)
		if (!fstat(fd, &st) && st.st_uid != uid &&
		    (S_ISFIFO(st.st_mode) || (fd && S_ISREG(st.st_mode))) &&
		    fchown(fd, uid, -1) < 0)
			log_debug("descriptor %d keeps its owner: %s", fd, strerror(errno));
}
