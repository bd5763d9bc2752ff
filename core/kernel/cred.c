/* cred.c - the credentials of a process: ids, groups, capability sets. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* The kernel's NGROUPS_MAX; musl still has the old value, 32. */
#define GROUPS_MAX 65536

/* capget(2), capset(2): the 64-bit layout of version 3 (2.6.26), in two halves. */
#define CAPABILITY_VERSION_3 0x20080522

struct cap_header {
	uint32_t version;
	int pid;
};

struct cap_half {
	uint32_t effective, permitted, inheritable;
};

/* prctl(2), since 4.3 */
#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#define PR_CAP_AMBIENT_RAISE 2
#define PR_CAP_AMBIENT_CLEAR_ALL 4
#endif

#define CAP_COMMON_LAST 40 /* CAP_CHECKPOINT_RESTORE, the last one since 5.9 */
#define CAP_COUNT_MAX 64

#define BIT(n) ((uint64_t)1 << (n))

/* ---- capability sets ----------------------------------------------------------------------- */

static bool cap_known(int cap)
{
	/* Only EINVAL means that the kernel does not have it. After any other error the capability
	 * counts as known, so that it is dropped. */
	return prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0 || errno != EINVAL;
}

int cred_last_cap(void)
{
	int last = CAP_COMMON_LAST;

	/* Kernels since 5.9 need two calls; on others the search starts at CAP_COMMON_LAST. */
	while (last > 0 && !cap_known(last))
		last--;
	while (last >= CAP_COMMON_LAST && last + 1 < CAP_COUNT_MAX && cap_known(last + 1))
		last++;
	return last;
}

#define NAMES_MAX 1000 /* bytes of a message; each new name copies those before it */

/* Appends name to a text such as "A B", unless the text has it already. */
static void name_once(struct arena *a, const char **names, const char *name)
{
	size_t len = strlen(name);

	if (!*names) {
		*names = name;
		return;
	}
	for (const char *at = *names; at; at = strchr(at, ' ')) {
		at += strspn(at, " ");
		if (!strncmp(at, name, len) && (!at[len] || at[len] == ' '))
			return;
	}
	if (strlen(*names) < NAMES_MAX)
		*names = arena_printf(a, "%s %s", *names, name);
	else if (strcmp(*names + strlen(*names) - 4, " ...") != 0)
		*names = arena_printf(a, "%s ...", *names);
}

void cred_caps_parse(struct arena *a, const struct oci_capabilities *c, int last,
		     struct cred_caps *out, const char **unknown)
{
	const struct {
		const char **at;
		size_t n;
		uint64_t *bits;
	} sets[] = {
		{ c->bounding.at, c->bounding.n, &out->bounding },
		{ c->effective.at, c->effective.n, &out->effective },
		{ c->inheritable.at, c->inheritable.n, &out->inheritable },
		{ c->permitted.at, c->permitted.n, &out->permitted },
		{ c->ambient.at, c->ambient.n, &out->ambient },
	};

	*unknown = NULL;
	out->last = last;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		*sets[i].bits = 0;
		for (size_t j = 0; j < sets[i].n; j++) {
			int bit = oci_capability_bit(sets[i].at[j]);

			if (bit < 0 || bit > last)
				name_once(a, unknown, sets[i].at[j]);
			else
				*sets[i].bits |= BIT(bit);
		}
	}
}

/* Writes "CAP_A, CAP_B" for messages and cuts off what does not fit. */
static const char *caps_text(char *buf, size_t size, uint64_t caps)
{
	size_t len = 0;

	buf[0] = 0;
	for (int i = 0; oci_capability_names[i] && len < size; i++) {
		int n;

		if (!(caps & BIT(i)))
			continue;
		n = snprintf(buf + len, size - len, "%s%s", len ? ", " : "",
			     oci_capability_names[i]);
		len += n;
	}
	return buf;
}

/*
 * Drops each capability by a prctl(2) of its own: the kernel has no call for a whole set. Without
 * CAP_SETPCAP that fails, which is fine for a capability that is not in the set.
 */
static int drop_bounding(uint64_t keep, int last)
{
	for (int cap = 0; cap < CAP_COUNT_MAX && (!last || cap <= last); cap++) {
		int had;

		if (keep & BIT(cap) || !prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			continue;
		had = errno == EPERM ? prctl(PR_CAPBSET_READ, cap, 0, 0, 0) : -1;
		if (!had)
			continue;
		if (had < 0 && errno == EINVAL && cap > 0 && !last)
			return 0; /* the kernel does not have this one, nor any after it */
		if (had > 0)
			errno = EPERM;
		return fail("drop %s from the bounding set",
			    cap <= CAP_COMMON_LAST ? oci_capability_names[cap] : "a capability");
	}
	return 0;
}

static int capset_raw(const struct cred_caps *c)
{
	struct cap_header header = { CAPABILITY_VERSION_3, 0 };
	struct cap_half half[2];

	for (int i = 0; i < 2; i++) {
		half[i].effective = c->effective >> (32 * i);
		half[i].permitted = c->permitted >> (32 * i);
		half[i].inheritable = c->inheritable >> (32 * i);
	}
	return syscall(SYS_capset, &header, half);
}

/*
 * A process cannot grant capabilities that it does not have, for example inside a confined outer
 * container. The runtime-spec makes that a warning, so the sets shrink here. Without --log the
 * warning is shown with --debug only: an engine would take it for output of the container.
 */
static int capset_what_we_hold(struct cred_caps *c)
{
	struct cap_header header = { CAPABILITY_VERSION_3, 0 };
	struct cap_half half[2];
	uint64_t permitted, inheritable, lost;
	char text[1024];

	if (syscall(SYS_capget, &header, half) < 0)
		return fail("read capabilities");
	permitted = half[0].permitted | (uint64_t)half[1].permitted << 32;
	inheritable = half[0].inheritable | (uint64_t)half[1].inheritable << 32;
	lost = (c->permitted & ~permitted) | (c->effective & ~(c->permitted & permitted)) |
	       (c->inheritable & ~(inheritable | permitted));
	if (!lost) {
		errno = EPERM;
		return fail("set capabilities");
	}
	log_remark("capabilities that cannot be granted here: %s",
		   caps_text(text, sizeof(text), lost));
	c->permitted &= permitted;
	c->effective &= c->permitted;
	c->inheritable &= inheritable | permitted;
	if (capset_raw(c) < 0)
		return fail("set capabilities");
	return 0;
}

static int set_caps(struct cred_caps c)
{
	uint64_t possible;
	char text[1024];

	if (capset_raw(&c) < 0) {
		if (errno != EPERM)
			return fail("set capabilities");
		if (capset_what_we_hold(&c) < 0)
			return -1;
	}
	/* capset(2) removes from the ambient set what is not both permitted and inheritable. */
	possible = c.permitted & c.inheritable;
	/* A debug line only: buildah asks for them in every container, but not as inheritable. */
	if (c.ambient & ~possible) {
		log_debug("ambient capabilities that are not permitted and inheritable: %s",
			  caps_text(text, sizeof(text), c.ambient & ~possible));
		c.ambient &= possible;
	}
	/* KERNEL 4.3: ambient capabilities (EINVAL); older kernels have no ambient set to clear. */
	if (possible & ~c.ambient && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 &&
	    errno != EINVAL)
		return fail("clear ambient capabilities");
	for (int cap = 0; cap < CAP_COUNT_MAX; cap++)
		if (c.ambient & BIT(cap) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			log_warn("%s cannot be raised to the ambient set: %s",
				 oci_capability_names[cap], err_reason(errno));
	return 0;
}

/* ---- ids ----------------------------------------------------------------------------------- */

/* The kernel takes (uid_t)-1 as "do not change": a process that asks for it would stay root. */
static int check_ids(const struct oci_user *user)
{
	if (user->uid == UINT32_MAX || user->gid == UINT32_MAX)
		return failx("user id or group id 4294967295 is not an id");
	list_each (gid, user->additional_gids)
		if (*gid == UINT32_MAX)
			return failx("additional group id 4294967295 is not an id");
	return 0;
}

static int set_groups(const struct oci_user *user, enum cred_groups how)
{
	if (how == CRED_KEEP_GROUPS ||
	    !syscall(SYS_IDS_GROUPS, user->additional_gids.n, user->additional_gids.at))
		return 0;
	if (errno == EPERM && how == CRED_TRY_GROUPS) {
		if (user->additional_gids.n)
			log_remark(
				"process.user.additionalGids are not set: setgroups(2) is denied "
				"in "
				"this user namespace");
		return 0;
	}
	fail("set additional groups");
	if (err_num() == EINVAL && user->additional_gids.n > GROUPS_MAX)
		fail_hint("the kernel takes at most %d groups, and these are %zu", GROUPS_MAX,
			  user->additional_gids.n);
	else if (err_num() == EINVAL)
		fail_hint("one of the groups is not mapped in the user namespace");
	return -1;
}

static int set_ids(const struct oci_user *user)
{
	if (syscall(SYS_IDS_RESGID, user->gid, user->gid, user->gid) < 0) {
		if (errno == EINVAL)
			return failx("cannot setgid to unmapped gid %u in user namespace",
				     user->gid);
		return fail("set group id %u", user->gid);
	}
	if (syscall(SYS_IDS_RESUID, user->uid, user->uid, user->uid) < 0) {
		if (errno == EINVAL)
			return failx("cannot setuid to unmapped uid %u in user namespace",
				     user->uid);
		return fail("set user id %u", user->uid);
	}
	return 0;
}

int cred_apply(const struct oci_user *user, const struct cred_caps *caps, enum cred_groups groups)
{
	if (check_ids(user) < 0)
		return -1;
	if (caps && drop_bounding(caps->bounding, caps->last) < 0)
		return -1;
	/* setresuid(2) away from 0 empties the permitted set, unless PR_SET_KEEPCAPS is set.
	 * execve(2) clears that flag again. */
	if (caps && user->uid && caps->permitted | caps->inheritable &&
	    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return fail("keep capabilities");
	if (set_groups(user, groups) < 0 || set_ids(user) < 0)
		return -1;
	return caps ? set_caps(*caps) : 0;
}

/* ---- etc/passwd ---------------------------------------------------------------------------- */

#define PASSWD_MAX (4u << 20) /* bytes that are read */
#define PASSWD_LINE 4096 /* a longer line is skipped */

/* Returns home of "name:pw:uid:gid:gecos:home:shell" if uid is the number given, else NULL. */
static char *line_home(char *line, uint32_t uid)
{
	char *field[7] = { line }, *end;
	uint64_t number;
	int n = 1;

	for (char *at = strchr(line, ':'); at && n < 7; at = strchr(at, ':')) {
		*at++ = 0;
		field[n++] = at;
	}
	if (n < 6)
		return NULL;
	/* Some tools write ids with leading zeros, such as 05. */
	while (field[2][0] == '0' && field[2][1])
		field[2]++;
	if (!json_number_u64(field[2], strlen(field[2]), &number) || number != uid)
		return NULL;
	end = field[5] + strlen(field[5]);
	return end > field[5] ? field[5] : NULL;
}

/*
 * Opens etc/passwd if it is a regular file: opening a device may have side effects. It is not read
 * if it is a file of the kernel: the image could have a link to /proc/kmsg there, which would be
 * read with the host's capabilities. /proc is the image's by now, so a descriptor cannot be opened
 * again through it. The path is looked up twice, and what was found is checked both times.
 */
static int open_passwd(int rootfd)
{
	int file __cleanup(fd_close) = path_open(rootfd, "/etc/passwd", O_PATH, 0, 0);
	int fd __cleanup(fd_close) = -1;

	if (file < 0 || !file_is_plain(file))
		return -1;
	fd = path_open(rootfd, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, 0);
	return fd >= 0 && file_is_plain(fd) ? fd_take(&fd) : -1;
}

const char *cred_home(struct arena *a, int rootfd, uint32_t uid)
{
	int fd __cleanup(fd_close) = open_passwd(rootfd);
	char buf[PASSWD_LINE + 1], *home;
	size_t have = 0, total = 0;
	bool skip = false;
	ssize_t n;

	err_clear("without a passwd file there is no home directory");
	while (fd >= 0 && total < PASSWD_MAX &&
	       (n = read(fd, buf + have, PASSWD_LINE - have)) >= 0) {
		char *line = buf, *nl;

		have += n;
		total += n;
		if (!n && have)
			buf[have++] = '\n'; /* the last line may lack it */
		for (; (nl = memchr(line, '\n', buf + have - line)); line = nl + 1, skip = false) {
			*nl = 0;
			home = skip || strlen(line) != (size_t)(nl - line) ? NULL
									   : line_home(line, uid);
			if (home)
				return arena_strdup(a, home);
		}
		if (!n)
			break;
		have = buf + have - line;
		memmove(buf, line, have);
		if (have == PASSWD_LINE) {
			skip = true;
			have = 0;
		}
	}
	return NULL;
}
