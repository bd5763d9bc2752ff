/* mounts.c - the mounts of a machine: at its start and at its end. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#define QUIET (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static const struct basic {
	const char *at, *type, *data;
	unsigned long flags;
} basic[] = {
	{ "/proc", "proc", NULL, QUIET },
	{ "/sys", "sysfs", NULL, QUIET },
	{ "/dev", "devtmpfs", "mode=0755", MS_NOSUID },
	{ "/dev/pts", "devpts", "gid=5,mode=0620,ptmxmode=0666", MS_NOSUID | MS_NOEXEC },
	{ "/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV },
	{ "/run", "tmpfs", "mode=0755", MS_NOSUID | MS_NODEV },
};

/* The nodes that are made in /dev without devtmpfs (Documentation/admin-guide/devices.txt). */
static const struct {
	const char *path;
	mode_t mode;
	unsigned char major, minor;
} nodes[] = {
	{ "/dev/console", 0600, 5, 1 }, { "/dev/tty", 0666, 5, 0 },   { "/dev/null", 0666, 1, 3 },
	{ "/dev/zero", 0666, 1, 5 },	{ "/dev/full", 0666, 1, 7 },  { "/dev/random", 0666, 1, 8 },
	{ "/dev/urandom", 0666, 1, 9 }, { "/dev/kmsg", 0600, 1, 11 },
};

static const char *const links[][2] = { { "/proc/self/fd", "/dev/fd" },
					{ "fd/0", "/dev/stdin" },
					{ "fd/1", "/dev/stdout" },
					{ "fd/2", "/dev/stderr" } };

/* True if at is a mount point, which is on another device than its parent. */
static bool is_mounted(const char *at)
{
	struct stat st, up;
	char parent[64];

	snprintf(parent, sizeof(parent), "%s/..", at);
	return !stat(at, &st) && !stat(parent, &up) && st.st_dev != up.st_dev;
}

static int mount_one(const char *at, const char *type, const char *data, unsigned long flags)
{
	mkdir(at, 0755);
	if (!mount(type, at, type, flags, data) || errno == EBUSY)
		return 0;
	fail("mount %s on %s", type, at);
	/* ENOENT: a kernel without cgroups has no directory /sys/fs/cgroup either. */
	return (err_num() == ENODEV || (err_num() == ENOENT && *type == 'c')) && option_of_fs(type)
		       ? fail_hint("this kernel was built without CONFIG_%s", option_of_fs(type))
		       : -1;
}

static void make_dev(void)
{
	mode_t old = umask(0);

	/* KERNEL: without CONFIG_DEVTMPFS (ENODEV), or in a container (EPERM): only these nodes. */
	if (mount_one("/dev", "tmpfs", "mode=0755", MS_NOSUID) < 0)
		console_error();
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		mknod(nodes[i].path, S_IFCHR | nodes[i].mode,
		      makedev(nodes[i].major, nodes[i].minor));
	umask(old);
}

void mounts_basic(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(basic); i++) {
		const struct basic *b = &basic[i];

		if (is_mounted(b->at))
			continue;
		if (!mount_one(b->at, b->type, b->data, b->flags))
			err_clear("the filesystem is mounted");
		else if (!strcmp(b->at, "/dev"))
			make_dev();
		else
			console_error();
		if (!strcmp(b->at, "/dev"))
			for (size_t j = 0; j < ARRAY_SIZE(links); j++)
				if (symlink(links[j][0], links[j][1]) < 0)
					err_clear("the link exists, or is not essential");
	}
}

/* ---- cgroups --------------------------------------------------------------------------------- */

#define CGROUPS "/sys/fs/cgroup"

/* Controllers that share a hierarchy, as systemd mounts them. */
static const char *const pairs[][2] = { { "cpu", "cpu,cpuacct" },
					{ "net_cls", "net_cls,net_prio" } };

static void mount_all_v1(const char *name)
{
	const char *with = name;
	char at[PATH_MAX], link[PATH_MAX];

	if (!strcmp(name, "cpuacct") || !strcmp(name, "net_prio"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (!strcmp(name, pairs[i][0]))
			with = pairs[i][1];
	snprintf(at, sizeof(at), CGROUPS "/%.255s", with);
	if (mount_one(at, "cgroup", with, QUIET) < 0) {
		console_error();
		rmdir(at);
		return;
	}
	/* Each of two controllers that share a hierarchy gets a link of its own name. */
	for (const char *c = strchr(with, ',') ? with : NULL; c; c = strchr(c, ',')) {
		c += *c == ',';
		snprintf(link, sizeof(link), CGROUPS "/%.*s", (int)strcspn(c, ","), c);
		if (symlink(with, link) < 0)
			err_clear("the link is only a second name");
	}
}

void mounts_cgroup(int layout)
{
	char text[4096], *line, *next;

	if (layout == BOOT_CGROUP_NONE || is_mounted(CGROUPS))
		return;
	if (layout == BOOT_CGROUP_V2) {
		if (mount_one(CGROUPS, "cgroup2", "nsdelegate", QUIET) < 0 &&
		    mount_one(CGROUPS, "cgroup2", NULL, QUIET) < 0)
			console_error();
		return;
	}
	if (mount_one(CGROUPS, "tmpfs", "mode=0755", QUIET) < 0 ||
	    file_read_line(AT_FDCWD, "/proc/cgroups", text, sizeof(text)) < 0) {
		console_error();
		return;
	}
	/* "#subsys_name hierarchy num_cgroups enabled" */
	for (line = text; line && *line; line = next) {
		size_t len;

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		len = strlen(line);
		if (*line == '#' || !len || line[len - 1] == '0')
			continue;
		line[strcspn(line, "\t ")] = 0;
		mount_all_v1(line);
	}
	if (layout == BOOT_CGROUP_HYBRID &&
	    mount_one(CGROUPS "/unified", "cgroup2", NULL, QUIET) < 0)
		console_error();
}

/* ---- mounts of boot.json --------------------------------------------------------------------- */

/* Waits until the source exists, if it is a device. A tag is replaced by the path of its device. */
static int wait_for_device(struct arena *a, const char **source, int64_t wait)
{
	static const struct timespec moment = { 0, 20000000 };
	int64_t end = clock_ms() + wait;
	bool tag = disk_tag(*source);
	char path[DISK_PATH];
	int found;
	char time[CLOCK_TEXT];

	if (!*source || (!tag && strncmp(*source, "/dev/", 5)))
		return 0;
	while (!(found = tag ? disk_find(*source, path) : !access(*source, F_OK))) {
		if (clock_ms() >= end)
			return failx("%s has not appeared within %s", *source,
				     clock_text(wait, time));
		nanosleep(&moment, NULL);
	}
	if (tag && found > 0)
		*source = arena_strdup(a, path);
	return found < 0 ? -1 : 0;
}

/* Replaces the type "auto" by that of the superblock. */
static int find_type(struct oci_mount *m)
{
	struct disk d;
	int fd __cleanup(fd_close) =
		open(m->source ? m->source : "", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return fail("open %s", m->source ? m->source : "the source");
	if (!disk_look(fd, &d))
		return failx("%s: its filesystem is not one that type \"auto\" finds", m->source);
	m->type = d.type;
	return 0;
}

static _Noreturn void run_program(const char *const *argv)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/* The option `fsck` is not the kernel's: it runs fsck.TYPE before the mount. */
static int check_disk(struct arena *a, struct oci_mount *m)
{
	const char **kept = arena_alloc(a, (m->options.n + 1) * sizeof(*kept));
	const char *argv[] = { arena_printf(a, "fsck.%s", m->type ? m->type : ""), "-a", m->source,
			       NULL };
	size_t n = 0;
	int status;
	pid_t pid;

	list_each (o, m->options)
		if (strcmp(*o, "fsck"))
			kept[n++] = *o;
	m->options.at = kept;
	if (n == m->options.n)
		return 0;
	m->options.n = n;
	pid = fork();
	if (!pid)
		run_program(argv);
	if (pid < 0 || proc_wait(pid, &status) < 0)
		return fail("run %s", argv[0]);
	status = proc_exit_code(status);
	if (status == 127)
		return failx("%s cannot be executed", argv[0]);
	/* fsck(8): 1 and 2 are errors that were corrected. */
	return status & ~3 ? failx("%s: status %d: %s has errors", argv[0], status, m->source) : 0;
}

/* The options verity.* of mount(8): the source becomes a device that checks each block. Returns 1,
 * and *fd must stay open until it is mounted; 0: there are no such options; -1. */
static int check_blocks(struct arena *a, struct oci_mount *m, int64_t wait, int *fd)
{
	static const char *const keys[] = { "verity.hashdevice=", "verity.roothash=",
					    "verity.roothashsig=" };
	const char **kept = arena_alloc(a, (m->options.n + 1) * sizeof(*kept));
	struct verity v = { 0 };
	const char **const values[] = { &v.hash, &v.root, &v.signature };
	int data __cleanup(fd_close) = -1, hash __cleanup(fd_close) = -1;
	size_t n = 0, i;

	list_each (o, m->options) {
		for (i = 0; i < ARRAY_SIZE(keys); i++)
			if (!strncmp(*o, keys[i], strlen(keys[i])))
				break;
		if (i < ARRAY_SIZE(keys))
			*values[i] = *o + strlen(keys[i]);
		else
			kept[n++] = *o;
	}
	if (n == m->options.n)
		return 0;
	if (!v.hash || !v.root)
		return failx("dm-verity needs both options, %s and %s", keys[0], keys[1]);
	if (wait_for_device(a, &v.hash, wait) < 0)
		return -1;
	kept[n++] = "ro";
	m->options.at = kept;
	m->options.n = n;
	data = open(m->source ? m->source : "", O_RDONLY | O_CLOEXEC);
	hash = open(v.hash, O_RDONLY | O_CLOEXEC);
	if (data < 0 || hash < 0)
		return fail("open %s", data < 0 ? m->source : v.hash);
	m->source = arena_alloc(a, FD_PATH_MAX);
	*fd = verity_open(&v, data, hash, (char *)m->source);
	return *fd < 0 ? -1 : 1;
}

static int mount_this(struct mount_env *env, struct oci_mount *m, int64_t wait)
{
	int fd __cleanup(fd_close) = -1;

	if (wait_for_device(env->arena, &m->source, wait) < 0 ||
	    (WITH_VERITY && check_blocks(env->arena, m, wait, &fd) < 0) ||
	    (m->type && !strcmp(m->type, "auto") && find_type(m) < 0) ||
	    check_disk(env->arena, m) < 0)
		return -1;
	return mount_entry(env, m);
}

/* True if at[0..len) is a mount point, or if mountinfo cannot be read. */
static bool is_mount_point(struct arena *a, const char *at, size_t len)
{
	int proc __cleanup(fd_close) = open("/proc", O_PATH | O_CLOEXEC);
	char *text = mountinfo_read(a, proc);
	struct mountinfo m;

	if (!text)
		return err_clear("without mountinfo it counts as mounted"), true;
	while (mountinfo_next(&text, &m))
		if (strlen(m.point) == len && !strncmp(m.point, at, len))
			return true;
	return false;
}

const char *mounts_missing(struct arena *a, const struct boot_settings *s, const char *path)
{
	list_each (m, s->mounts) {
		size_t len = m->destination ? strlen(m->destination) : 0;

		while (len > 1 && m->destination[len - 1] == '/')
			len--;
		if (len && !strncmp(path, m->destination, len) &&
		    (!path[len] || path[len] == '/') && !is_mount_point(a, m->destination, len))
			return m->destination;
	}
	return NULL;
}

void mounts_further(struct arena *a, const struct boot_settings *s)
{
	struct mount_env env = {
		.arena = a, .root_path = "", .own_pidns = true, .held = MOUNT_HELD_NONE
	};

	if (!s->mounts.n)
		return;
	env.root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	env.readonly_later = arena_alloc(a, (s->mounts.n + 1) * sizeof(int));
	list_each (entry, s->mounts) {
		struct oci_mount copy = *entry, *m = &copy;

		if (!m->destination || *m->destination != '/') {
			failx("mounts: destination \"%s\": must be an absolute path",
			      m->destination ? m->destination : "");
		} else if (mount_this(&env, m, s->wait) < 0) {
			fail_in("mount %s", m->destination);
		} else {
			if (console_debug)
				console_say("mounted %s", m->destination);
			continue;
		}
		console_error();
	}
	if (mount_finish(&env) < 0)
		console_error();
	fd_pool_close(&env.done);
	fd_close(&env.root);
}

/* ---- the end --------------------------------------------------------------------------------- */

static bool is_basic(const char *at)
{
	for (size_t i = 0; i < ARRAY_SIZE(basic); i++)
		if (path_is_below(at, basic[i].at))
			return true;
	return false;
}

/* Unmounts the last mount first, because it may be on another one. */
void mounts_end(void)
{
	static char block[64];
	int proc __cleanup(fd_close) = open("/proc", O_PATH | O_CLOEXEC);
	struct arena a;
	struct mountinfo m;
	char *text;
	LIST(const char *) points = { 0 };
	size_t room = 0;

	arena_init(&a, block, sizeof(block));
	text = mountinfo_read(&a, proc);
	if (!text)
		console_error();
	while (text && mountinfo_next(&text, &m)) {
		points.at = arena_grow(&a, points.at, points.n, &room, sizeof(*points.at));
		points.at[points.n++] = m.point;
	}
	while (points.n) {
		const char *at = points.at[--points.n];

		if (is_basic(at) || !strcmp(at, "/") || !umount2(at, UMOUNT_NOFOLLOW))
			continue;
		if (mount(NULL, at, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0 && errno != EINVAL)
			console_say("%s stays mounted", at);
	}
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
		err_clear("the root may be an initramfs, which needs no remount");
}
