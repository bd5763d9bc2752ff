/* cred_test.c - capability sets, and ids and capabilities that a child sets. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/claim_test.h"

#include <grp.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/capability.h>

static char block[65536];
static struct arena arena;

static char logged[2048];

static void log_line(enum log_level level, const char *text)
{
	snprintf(logged, sizeof(logged), "%s", text);
}

#define CAP(n) ((uint64_t)1 << (n))

/* ---- names and sets ------------------------------------------------------------------------ */

static void test_names(void)
{
	bool same = true;
	int n = 0;

	for (; oci_capability_names[n]; n++) {
		char *name = cap_to_name(n);

		if (!name || strcasecmp(name, oci_capability_names[n])) {
			printf("# %d is %s, not %s\n", n, name, oci_capability_names[n]);
			same = false;
		}
		cap_free(name);
	}
	ok(same, "capability names are those of libcap");
	ok(n == CAP_LAST_CAP + 1, "the number of names is that of libcap (%d)", CAP_LAST_CAP + 1);
	ok(oci_capability_bit("CAP_CHOWN") == 0 && oci_capability_bit("cap_chown") == -1 &&
		   oci_capability_bit("CHOWN") == -1,
	   "names must match exactly");
}

static void test_last(void)
{
	char text[16];

	if (file_read_line(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", text, sizeof(text)) < 0)
		ok(true, "cap_last_cap # SKIP no /proc/sys");
	else
		ok(cred_last_cap() == atoi(text), "cred_last_cap is that of /proc, %s", text);
}

static void test_parse(void)
{
	const char *some[] = { "CAP_KILL", "CAP_NOPE", "kill" },
		   *other[] = { "CAP_NOPE", "CAP_SYSLOG" };
	const char *nop[] = { "CAP_NOP" }, *unknown = "x";
	struct oci_capabilities c = {
		.bounding = { some, 3 },
		.permitted = { other, 2 },
		.ambient = { nop, 1 },
	};
	struct cred_caps caps;

	cred_caps_parse(&arena, &c, 40, &caps, &unknown);
	ok(caps.bounding == CAP(5) && caps.permitted == CAP(34), "known names become bits");
	ok(!caps.effective && !caps.inheritable && !caps.ambient, "absent sets are empty");
	is_str(unknown, "CAP_NOPE kill CAP_NOP", "unknown names are collected once each");
	cred_caps_parse(&arena, &c, 33, &caps, &unknown);
	ok(!caps.permitted && strstr(unknown, "CAP_SYSLOG"),
	   "a capability above the last one of the kernel is unknown");
	c = (struct oci_capabilities){ .bounding = { some, 1 } };
	cred_caps_parse(&arena, &c, 40, &caps, &unknown);
	ok(!unknown, "unknown is NULL if all names are known");
}

/* ---- in a child ---------------------------------------------------------------------------- */

static uint64_t status_hex(const char *key)
{
	char *text, *at;
	size_t len;

	if (file_read(&arena, AT_FDCWD, "/proc/self/status", 65536, &text, &len) < 0)
		return ~0ull;
	at = strstr(text, key);
	return at ? strtoull(at + strlen(key), NULL, 16) : ~0ull;
}

static const struct cred_caps few = {
	.bounding = CAP(5) | CAP(10),
	.permitted = CAP(5) | CAP(10),
	.effective = CAP(5),
};

static int user_with_caps(void)
{
	uint32_t groups[] = { 7, 8 };
	struct oci_user user = { .uid = 1000, .gid = 1001, .additional_gids = { groups, 2 } };
	gid_t got[8];

	WANT(!cred_apply(&user, &few, CRED_SET_GROUPS));
	WANT(getuid() == 1000 && geteuid() == 1000 && getgid() == 1001 && getegid() == 1001);
	WANT(getgroups(8, got) == 2 && got[0] == 7 && got[1] == 8);
	WANT(status_hex("CapPrm:") == few.permitted && status_hex("CapEff:") == few.effective);
	WANT(status_hex("CapBnd:") == few.bounding);
	WANT(status_hex("CapInh:") == 0 && status_hex("CapAmb:") == 0);
	WANT(!*logged);
	return 0;
}

static int ambient(void)
{
	struct oci_user user = { .uid = 1000, .gid = 1000 };
	struct cred_caps caps = few;

	caps.inheritable = caps.permitted;
	caps.ambient = CAP(5);
	WANT(!cred_apply(&user, &caps, CRED_SET_GROUPS));
	WANT(status_hex("CapAmb:") == CAP(5) && status_hex("CapInh:") == caps.inheritable);
	WANT(!*logged);
	return 0;
}

static int ambient_of_caller_goes(void)
{
	struct cred_caps caps = few;

	caps.inheritable = caps.permitted;
	caps.ambient = caps.permitted;
	WANT(!cred_apply(&(struct oci_user){ 0 }, &caps, CRED_KEEP_GROUPS));
	WANT(status_hex("CapAmb:") == caps.permitted);
	caps.ambient = CAP(10);
	WANT(!cred_apply(&(struct oci_user){ 0 }, &caps, CRED_KEEP_GROUPS));
	WANT(status_hex("CapAmb:") == CAP(10));
	caps.inheritable = caps.ambient = 0;
	WANT(!cred_apply(&(struct oci_user){ 0 }, &caps, CRED_KEEP_GROUPS));
	WANT(status_hex("CapAmb:") == 0 && status_hex("CapInh:") == 0);
	return 0;
}

static int impossible_ambient(void)
{
	struct oci_user user = { .uid = 1000, .gid = 1000 };
	struct cred_caps caps = few;

	caps.ambient = CAP(5);
	WANT(!cred_apply(&user, &caps, CRED_SET_GROUPS));
	WANT(status_hex("CapAmb:") == 0 && !*logged);
	return 0;
}

static int nothing_left(void)
{
	struct oci_user user = { .uid = 1000, .gid = 1000 };
	struct cred_caps none = { 0 };
	gid_t got[8];

	WANT(!cred_apply(&user, &none, CRED_SET_GROUPS));
	WANT(!status_hex("CapPrm:") && !status_hex("CapEff:") && !status_hex("CapBnd:"));
	WANT(getgroups(8, got) == 0);
	return 0;
}

static int root_without_caps(void)
{
	struct cred_caps none = { 0 };

	WANT(!cred_apply(&(struct oci_user){ 0 }, &none, CRED_SET_GROUPS));
	WANT(!status_hex("CapPrm:") && !status_hex("CapEff:") && !status_hex("CapBnd:"));
	return 0;
}

static int absent_keeps_all(void)
{
	uint64_t before = status_hex("CapEff:"), bound = status_hex("CapBnd:");

	WANT(!cred_apply(&(struct oci_user){ 0 }, NULL, CRED_SET_GROUPS));
	WANT(status_hex("CapEff:") == before && status_hex("CapBnd:") == bound);
	return 0;
}

/* We do not have a capability that the config asks for, as in an outer container. */
static int not_ours_to_give(void)
{
	struct cred_caps outer = few, want = few;

	outer.bounding |= CAP(CAP_SETPCAP);
	outer.permitted = outer.effective =
		few.permitted | CAP(CAP_SETPCAP) | CAP(CAP_SETUID) | CAP(CAP_SETGID);
	WANT(!cred_apply(&(struct oci_user){ 0 }, &outer, CRED_KEEP_GROUPS));
	want.permitted |= CAP(CAP_SYS_TIME);
	want.effective |= CAP(CAP_SYS_TIME);
	WANT(!cred_apply(&(struct oci_user){ .uid = 1000, .gid = 1000 }, &want, CRED_KEEP_GROUPS));
	WANT(strstr(logged, "CAP_SYS_TIME") && !strstr(logged, "CAP_KILL"));
	WANT(status_hex("CapPrm:") == few.permitted && getuid() == 1000);
	return 0;
}

static int minus_one(void)
{
	uint32_t groups[] = { 5, UINT32_MAX };

	WANT(cred_apply(&(struct oci_user){ .uid = UINT32_MAX }, NULL, CRED_SET_GROUPS) < 0);
	WANT(cred_apply(&(struct oci_user){ .gid = UINT32_MAX }, NULL, CRED_SET_GROUPS) < 0);
	WANT(cred_apply(&(struct oci_user){ .additional_gids = { groups, 2 } }, NULL,
			CRED_SET_GROUPS) < 0);
	WANT(strstr(err_text(), "4294967295"));
	return 0;
}

static int unmapped(void)
{
	struct oci_id_map one[] = { { 0, 0, 1 } };
	oci_id_maps maps = { one, 1 };
	int fd = userns_fd(&maps, &maps, NULL);

	if (fd < 0)
		return CLAIM_SKIP;
	WANT(!setns(fd, CLONE_NEWUSER));
	WANT(cred_apply(&(struct oci_user){ .uid = 5 }, NULL, CRED_SET_GROUPS) < 0);
	WANT(!strcmp(err_text(), "cannot setuid to unmapped uid 5 in user namespace"));
	WANT(cred_apply(&(struct oci_user){ .gid = 6 }, NULL, CRED_SET_GROUPS) < 0);
	WANT(!strcmp(err_text(), "cannot setgid to unmapped gid 6 in user namespace"));
	return 0;
}

/* ---- etc/passwd ---------------------------------------------------------------------------- */

static int rootfs;

static void passwd(const char *text)
{
	unlinkat(rootfs, "etc/passwd", 0);
	if (file_replace(rootfs, "etc/passwd", text, strlen(text), 0644) < 0)
		printf("# %s\n", err_text());
}

static void test_home(void)
{
	char dir[] = "/tmp/cred_test.XXXXXX", *big = malloc((6 << 20) + 1);

	rootfs = open(mkdtemp(dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
	ok(!cred_home(&arena, rootfs, 0) && !*err_text(),
	   "cred_home without etc: NULL and no error");
	mkdirat(rootfs, "etc", 0755);
	passwd("root:x:0:0:root:/root:/bin/sh\n1000:x:0:0::/evil:\nuser:x:1000:1000:U,,:/home/"
	       "user:/bin/sh\n");
	is_str(cred_home(&arena, rootfs, 0), "/root",
	       "cred_home takes the first line with the uid");
	is_str(cred_home(&arena, rootfs, 1000), "/home/user",
	       "cred_home does not take a name of digits for a uid");
	ok(!cred_home(&arena, rootfs, 5), "cred_home of a missing uid");
	passwd("a:x:7:7::/last");
	is_str(cred_home(&arena, rootfs, 7), "/last",
	       "cred_home: a last line without newline and shell");
	passwd("a:x:07 "
	       ":7::/x:\nb:x:-7:7::/x:\nc:x:4294967303:7::/x:\nd:x::7::/x:\ne:x:7\nf:x:7:7::/f:\n");
	is_str(cred_home(&arena, rootfs, 7), "/f",
	       "cred_home skips lines whose uid is not a number");
	passwd("a:x:007:7::/seven:\nb:x:00:0::/zero:\n");
	is_str(cred_home(&arena, rootfs, 7), "/seven", "cred_home: a uid with leading zeros");
	is_str(cred_home(&arena, rootfs, 0), "/zero", "cred_home: a uid of several zeros");
	passwd("a:x:7:7:::/bin/sh\n");
	ok(!cred_home(&arena, rootfs, 7), "cred_home: an empty home counts as absent");
	memset(big, 'x', 6 << 20);
	big[6 << 20] = 0;
	memcpy(big + 9000, "\nb:x:8:8::/b:\n", 14);
	memcpy(big + (5 << 20), "\nc:x:9:9::/c:\n", 14);
	passwd(big);
	is_str(cred_home(&arena, rootfs, 8), "/b", "cred_home skips a line that is too long");
	ok(!cred_home(&arena, rootfs, 9), "cred_home reads at most 4 MiB");
	unlinkat(rootfs, "etc/passwd", 0);
	mknodat(rootfs, "etc/passwd", S_IFIFO | 0644, 0);
	ok(!cred_home(&arena, rootfs, 0), "cred_home does not open a FIFO");
	unlinkat(rootfs, "etc/passwd", 0);
	mkdirat(rootfs, "etc/passwd", 0755);
	ok(!cred_home(&arena, rootfs, 0), "cred_home refuses a directory");
	unlinkat(rootfs, "etc/passwd", AT_REMOVEDIR);
	(void)!symlinkat("/etc/passwd", rootfs, "etc/passwd");
	ok(!cred_home(&arena, rootfs, 0), "cred_home: a symlink does not leave the root");
	unlinkat(rootfs, "etc/passwd", 0);
	unlinkat(rootfs, "etc", AT_REMOVEDIR);
	rmdir(dir);
	free(big);
}

int main(void)
{
	static const struct claim claims[] = {
		{ "uid 1000 with few capabilities and two groups", user_with_caps, true },
		{ "ambient capabilities are set", ambient, true },
		{ "the ambient set of the caller is cleared", ambient_of_caller_goes, true },
		{ "ambient without inheritable is left out without a warning", impossible_ambient,
		  true },
		{ "empty lists: no capabilities and no groups", nothing_left, true },
		{ "uid 0 with empty lists has no capabilities", root_without_caps, true },
		{ "without a capabilities object all stay", absent_keeps_all, true },
		{ "a capability that we do not have is left out with a warning", not_ours_to_give,
		  true },
		{ "4294967295 is refused as uid, gid and group", minus_one, false },
		{ "the error for an unmapped id names it", unmapped, true },
	};

	arena_init(&arena, block, sizeof(block));
	log_sink.line = log_line;
	log_sink.level = LOG_WARNING;
	test_names();
	test_last();
	test_parse();
	test_home();
	claims_try(claims, ARRAY_SIZE(claims));
	return done();
}
