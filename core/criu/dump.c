/* dump.c - checkpoint: saves the processes of a container by CRIU. */
/* SPDX-License-Identifier: MIT */
#include "core/criu/criu.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ---- directories, log and configuration ------------------------------------------------------ */

/* Refuses a directory that other users may write: processes of their images would be restored with
 * our rights, and CRIU would follow their links when it writes. */
static int check_dir(int fd, const char *path)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail("open the directory %s", path);
	if ((st.st_uid && st.st_uid != geteuid()) || st.st_mode & S_IWOTH ||
	    (st.st_mode & S_IWGRP && st.st_gid && st.st_gid != getegid()))
		return failx("other users may write to the directory %s, and CRIU trusts what is "
			     "in it",
			     path);
	return 0;
}

static int open_dir(const char *path, bool make)
{
	int root __cleanup(fd_close) = -1, made __cleanup(fd_close) = -1;
	int fd __cleanup(fd_close) = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && make) {
		root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		made = root < 0 ? -1 : path_mkdirs(root, path, 0700);
		if (made < 0)
			return fail_in("directory %s", path);
		fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return check_dir(fd, path) < 0 ? -1 : fd_take(&fd);
}

int criu_open(struct arena *a, struct criu_how *how, const char *log, bool make,
	      struct criu_files *f)
{
	*f = (struct criu_files){ .images = -1, .work = -1 };
	f->name = log;
	f->log = arena_printf(a, "%s/%s", how->work ? how->work : how->images, log);
	f->images = open_dir(how->images, make);
	if (f->images < 0 || (how->work && (f->work = open_dir(how->work, true)) < 0))
		return -1;
	/* CRIU makes a new log. An error in the log of an earlier run would be taken for one of
	 * this run. */
	unlinkat(how->work ? f->work : f->images, log, 0);
	how->opts.images_fd = f->images;
	how->opts.work_fd = how->work ? f->work : 0;
	how->opts.log_file = log;
	how->opts.log_level = 4;
	how->opts.notify_scripts = how->opts.manage_cgroups = how->opts.orphan_pts_master = true;
	return 0;
}

void criu_close(struct criu_files *f)
{
	fd_close(&f->images);
	fd_close(&f->work);
}

const char *criu_conf(const struct criu_how *how, const struct json_pair *annotations, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(annotations[i].key, "org.criu.config"))
			return *annotations[i].value ? annotations[i].value : NULL;
	return how->conf;
}

#define LOG_TAIL 65536

/* The ends of lines that only repeat that there was an error. */
static const char *const summaries[] = { " FAILED.", " failed with -1" };

static bool is_summary(const char *line, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(summaries); i++) {
		size_t n = strlen(summaries[i]);

		if (len >= n && !strncmp(line + len - n, summaries[i], n))
			return true;
	}
	return false;
}

/* Finds the last line such as "(00.012345) Error (criu/mount.c:12): why" that is not a summary. */
static const char *last_error(char *text)
{
	char *found = NULL, *end;

	for (char *at = text; (at = strstr(at, " Error ("));) {
		char *line = ++at;

		at += strcspn(at, "\n");
		if (!found || !is_summary(line, at - line))
			found = line;
	}
	if (!found)
		return NULL;
	end = strchr(found, '\n');
	if (end)
		*end = 0;
	return text_harmless(found);
}

int criu_explain(struct arena *a, const struct criu_files *f)
{
	struct err_kept why = err_keep(a);
	/* O_NONBLOCK: a FIFO in place of the log would block. */
	int fd __cleanup(fd_close) = openat(f->work < 0 ? f->images : f->work, f->name,
					    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *text = arena_alloc(a, LOG_TAIL + 1);
	const char *line = NULL;
	struct stat st;
	ssize_t n;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode)) {
		n = pread(fd, text, LOG_TAIL, st.st_size > LOG_TAIL ? st.st_size - LOG_TAIL : 0);
		text[n > 0 ? n : 0] = 0;
		line = last_error(text);
	}
	err_again(why);
	if (line)
		fail_take(why.num, arena_printf(a, "%s: %s", why.text, line));
	return fd < 0 ? -1 : fail_hint("criu's log is %s", f->log);
}

/* ---- mounts, namespaces and files from outside of the container ------------------------------ */

static int add_binds(struct arena *a, struct criu_opts *o, const struct life *l,
		     const struct oci_doc *doc)
{
	char path[64];
	int root __cleanup(fd_close) = -1;

	snprintf(path, sizeof(path), "/proc/%d/root", (int)life_thread(l));
	root = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail("open the container's root");
	list_each (m, doc->config.mounts) {
		const char *inside = mount_inside(a, l->state.rootfs, m->destination);
		int fd __cleanup(fd_close) = -1;
		const char *key;

		if (!criu_mount_binds(a, doc, m))
			continue;
		fd = path_open(root, inside, O_PATH, 0, 0);
		key = fd < 0 ? NULL : criu_path_inside(a, fd, "");
		if (!key) {
			err_clear("CRIU reports a mount that has no key");
			continue;
		}
		if (criu_add_mount(a, o, key, key) < 0)
			return -1;
	}
	return criu_add_devices(a, o, &doc->config);
}

/* Without a cgroup namespace the mounts of cgroups are binds: adds those that the container has. */
static int add_hierarchies(struct arena *a, struct criu_opts *o, const struct life *l,
			   const struct oci_doc *doc)
{
	struct mountinfo mi;
	char *text, path[32];
	size_t len;

	list_each (ns, doc->config.linux->namespaces)
		if (ns->type == CLONE_NEWCGROUP)
			return 0;
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)life_thread(l));
	if (file_read(a, AT_FDCWD, path, 1 << 20, &text, &len) < 0)
		return -1;
	while (mountinfo_next(&text, &mi))
		if (!strncmp(mi.type, "cgroup", 6) &&
		    criu_add_mount(a, o, arena_strdup(a, mi.point), arena_strdup(a, mi.point)) < 0)
			return -1;
	return 0;
}

static int add_namespaces(struct arena *a, struct criu_opts *o, const struct life *l,
			  const struct oci_doc *doc, int version)
{
	const char **all = arena_alloc(a, 2 * sizeof(*all));

	o->external.at = all;
	list_each (ns, doc->config.linux->namespaces) {
		const char *key = criu_ns_key(ns->type);
		const char *file = ns->type == CLONE_NEWNET ? "net" : "pid";
		struct stat st;
		char path[64];

		if (!key || !ns->path || o->external.n == 2)
			continue;
		if (criu_needs_ns(version, ns->type) < 0)
			return -1;
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)life_thread(l), file);
		if (stat(path, &st) < 0)
			return fail("find the container's namespace");
		all[o->external.n++] =
			arena_printf(a, "%s[%llu]:%s", file, (unsigned long long)st.st_ino, key);
	}
	return 0;
}

/* Chooses the cgroup whose freezer CRIU uses. A container that is paused is frozen by v2, if v2 is
 * mounted. */
static void find_freezer(struct criu_opts *o, const struct life *l, int version)
{
	const char *v1 = NULL, *v2 = NULL;

	list_each (p, l->state.cgroup_paths) {
		if (!strcmp(p->key, "freezer"))
			v1 = p->value;
		if (!*p->key && version >= 31400)
			v2 = p->value;
	}
	o->freeze_cgroup = v2 && (!v1 || l->status == OCI_PAUSED) ? v2 : v1;
}

/* Writes the targets of the standard streams, as runc does, because engines read them. */
static int write_descriptors(struct arena *a, const struct life *l, int images)
{
	struct json_out o = { .arena = a };

	json_open(&o, NULL, '[');
	for (int i = 0; i <= 2; i++) {
		char path[64], target[PATH_MAX];
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)l->state.pid, i);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = 0;
		json_put_str(&o, NULL, text_harmless(target));
	}
	json_close(&o, ']');
	return file_replace(images, CRIU_DESCRIPTORS, o.buf, o.len, 0600);
}

/* ---- the dump -------------------------------------------------------------------------------- */

static int dump_notify(void *arg, const struct criu_resp *r, int *fd)
{
	struct criu_how *how = arg;

	if (how->status_fd < 0 || !r->notify.script || strcmp(r->notify.script, "status-ready"))
		return 0;
	if (write(how->status_fd, "", 1) != 1)
		log_warn("--status-fd: %s", err_reason(errno));
	fd_close(&how->status_fd);
	return 0;
}

/* Checks that kernel and CRIU have what --pre-dump and --lazy-pages need, and checks
 * --status-fd. */
static int check_features(const struct criu_run *run, struct criu_how *how, int version)
{
	struct criu_features want = { .mem_track = how->pre_dump,
				      .lazy_pages = how->opts.lazy_pages };
	struct criu_resp r;

	if (want.mem_track || want.lazy_pages) {
		if (criu_run(run,
			     &(struct criu_req){ .type = CRIU_FEATURE_CHECK,
						 .features = { &want, 1 } },
			     &r) < 0)
			return -1;
		if (want.mem_track && !r.features.mem_track)
			return failx("criu is missing features: [MemTrack]: --pre-dump needs "
				     "CONFIG_MEM_SOFT_DIRTY of the kernel");
		if (want.lazy_pages && !r.features.lazy_pages)
			return failx("criu is missing features: [LazyPages]: --lazy-pages needs "
				     "CONFIG_USERFAULTFD of the kernel");
	}
	if (how->status_fd < 0)
		return 0;
	switch (fcntl(how->status_fd, F_GETFL) & O_ACCMODE) {
	case O_WRONLY:
	case O_RDWR: break;
	default: return failx("invalid --status-fd argument %d: not writable", how->status_fd);
	}
	/* CRIU before 3.15 has no notification for it, and writes to the descriptor itself. */
	if (version < 31500)
		how->opts.status_fd = how->status_fd;
	return 0;
}

static int fill_dump(struct arena *a, const struct life *l, struct criu_how *how,
		     const struct oci_doc *doc, int version)
{
	struct criu_opts *o = &how->opts;

	if (how->rootless && criu_needs(version, 31800, "checkpoint by an ordinary user") < 0)
		return -1;
	o->unprivileged = how->rootless;
	o->pid = l->state.pid;
	o->root = l->state.rootfs;
	o->track_mem = o->parent;
	o->config_file = criu_conf(how, l->state.annotations.at, l->state.annotations.n);
	find_freezer(o, l, version);
	if (add_namespaces(a, o, l, doc, version) < 0)
		return -1;
	/* A pre-dump saves only memory. */
	if (how->pre_dump)
		return 0;
	if (add_binds(a, o, l, doc) < 0 || add_hierarchies(a, o, l, doc) < 0)
		return -1;
	return write_descriptors(a, l, o->images_fd);
}

/* Thaws the container, which CRIU has left frozen if it was killed. */
static void thaw_again(struct arena *a, struct life *l)
{
	struct err_kept why = err_keep(a);

	if (l->status == OCI_RUNNING && l->cgroup && cgroup_is_frozen(l->cgroup) > 0 &&
	    cgroup_freeze(l->cgroup, false) < 0)
		log_warn("the container stays frozen: %s", err_text());
	err_again(why);
}

/* Checks the container before CRIU is started. */
static int check_container(struct arena *a, const struct life *l, struct oci_doc *doc)
{
	static struct oci_linux no_linux;

	if (l->status != OCI_RUNNING && l->status != OCI_PAUSED)
		return failx("Container cannot be checkpointed in %s state",
			     json_word_name(oci_status_words, l->status));
	if (life_config(a, l, doc) < 0)
		return -1;
	if (!doc->config.linux)
		doc->config.linux = &no_linux;
	if (sys_exists(l->dir, "root"))
		return failx("a container whose root is an image or has an overlay cannot be "
			     "checkpointed");
	return criu_can(a, doc, l->state.rootfs);
}

static int dump_container(struct arena *a, struct life *l, struct criu_how *how,
			  const struct oci_doc *doc)
{
	struct criu_files files __cleanup(criu_close) = { -1, -1, NULL, NULL };
	struct criu_run run = { .arena = a, .path = how->path };
	struct criu_req req = { .type = how->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP,
				.opts = { &how->opts, 1 } };
	struct criu_resp resp;
	int version = criu_version(&run);

	if (version < 0 || check_features(&run, how, version) < 0 ||
	    criu_open(a, how, "dump.log", true, &files) < 0 ||
	    fill_dump(a, l, how, doc, version) < 0)
		return -1;
	run.notify = dump_notify;
	run.arg = how;
	if (criu_run(&run, &req, &resp) == 0)
		return 0;
	thaw_again(a, l);
	return criu_explain(a, &files);
}

int criu_dump(struct arena *a, struct life *l, struct criu_how *how)
{
	struct oci_doc doc = { 0 };
	sigset_t old;

	if (check_container(a, l, &doc) < 0 ||
	    ends_prepare(&(struct ends_start){ NULL, NULL, NULL }, &old) < 0)
		return -1;
	if (dump_container(a, l, how, &doc) == 0) {
		/* A signal that comes after the dump does not matter. */
		if (ends_made() < 0)
			err_clear("the container is saved");
		return 0;
	}
	return ends_came() ? failx("ended by a signal before the container was saved") : -1;
}
