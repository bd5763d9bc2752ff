/* mountopt_test.c - option words of mounts, their order, and options of filesystems. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"
#include "tests/tap.h"

static char block[65536];
static struct arena arena;

/* Parses the words of a text. */
static struct mount_opts parse(const char *text)
{
	static const char *words[32];
	static char copy[512];
	struct oci_mount m = { .options = { words, 0 } };
	struct mount_opts o;
	char *save = NULL;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		words[m.options.n++] = w;
	mountopt_parse(&arena, &m, &o);
	return o;
}

#define ATIME MOUNT_ATTR__ATIME

/* What each word sets and clears. */
static const struct {
	const char *word;
	unsigned long set, clear;
	uint64_t rec_set, rec_clr;
	unsigned long propagation;
} rows[] = {
	{ "async", 0, MS_SYNCHRONOUS, 0, 0, 0 },
	{ "atime", 0, MS_NOATIME, 0, 0, 0 },
	{ "bind", MS_BIND, 0, 0, 0, 0 },
	{ "defaults", 0, 0, 0, 0, 0 },
	{ "dev", 0, MS_NODEV, 0, 0, 0 },
	{ "diratime", 0, MS_NODIRATIME, 0, 0, 0 },
	{ "dirsync", MS_DIRSYNC, 0, 0, 0, 0 },
	{ "exec", 0, MS_NOEXEC, 0, 0, 0 },
	{ "iversion", MS_I_VERSION, 0, 0, 0, 0 },
	{ "lazytime", MS_LAZYTIME, 0, 0, 0, 0 },
	{ "loud", 0, MS_SILENT, 0, 0, 0 },
	{ "mand", MS_MANDLOCK, 0, 0, 0, 0 },
	{ "noatime", MS_NOATIME, 0, 0, 0, 0 },
	{ "nodev", MS_NODEV, 0, 0, 0, 0 },
	{ "nodiratime", MS_NODIRATIME, 0, 0, 0, 0 },
	{ "noexec", MS_NOEXEC, 0, 0, 0, 0 },
	{ "noiversion", 0, MS_I_VERSION, 0, 0, 0 },
	{ "nolazytime", 0, MS_LAZYTIME, 0, 0, 0 },
	{ "nomand", 0, MS_MANDLOCK, 0, 0, 0 },
	{ "norelatime", 0, MS_RELATIME, 0, 0, 0 },
	{ "nostrictatime", 0, MS_STRICTATIME, 0, 0, 0 },
	{ "nosuid", MS_NOSUID, 0, 0, 0, 0 },
	{ "nosymfollow", MS_NOSYMFOLLOW, 0, 0, 0, 0 },
	{ "rbind", MS_BIND | MS_REC, 0, 0, 0, 0 },
	{ "relatime", MS_RELATIME, 0, 0, 0, 0 },
	{ "remount", MS_REMOUNT, 0, 0, 0, 0 },
	{ "ro", MS_RDONLY, 0, 0, 0, 0 },
	{ "rw", 0, MS_RDONLY, 0, 0, 0 },
	{ "silent", MS_SILENT, 0, 0, 0, 0 },
	{ "strictatime", MS_STRICTATIME, 0, 0, 0, 0 },
	{ "suid", 0, MS_NOSUID, 0, 0, 0 },
	{ "symfollow", 0, MS_NOSYMFOLLOW, 0, 0, 0 },
	{ "sync", MS_SYNCHRONOUS, 0, 0, 0, 0 },
	{ "ratime", 0, 0, 0, ATIME, 0 },
	{ "rdev", 0, 0, 0, MOUNT_ATTR_NODEV, 0 },
	{ "rdiratime", 0, 0, 0, MOUNT_ATTR_NODIRATIME, 0 },
	{ "rexec", 0, 0, 0, MOUNT_ATTR_NOEXEC, 0 },
	{ "rnoatime", 0, 0, MOUNT_ATTR_NOATIME, ATIME, 0 },
	{ "rnodev", 0, 0, MOUNT_ATTR_NODEV, 0, 0 },
	{ "rnodiratime", 0, 0, MOUNT_ATTR_NODIRATIME, 0, 0 },
	{ "rnoexec", 0, 0, MOUNT_ATTR_NOEXEC, 0, 0 },
	{ "rnorelatime", 0, 0, 0, ATIME, 0 },
	{ "rnostrictatime", 0, 0, 0, ATIME, 0 },
	{ "rnosuid", 0, 0, MOUNT_ATTR_NOSUID, 0, 0 },
	{ "rnosymfollow", 0, 0, MOUNT_ATTR_NOSYMFOLLOW, 0, 0 },
	{ "rrelatime", 0, 0, MOUNT_ATTR_RELATIME, ATIME, 0 },
	{ "rro", 0, 0, MOUNT_ATTR_RDONLY, 0, 0 },
	{ "rrw", 0, 0, 0, MOUNT_ATTR_RDONLY, 0 },
	{ "rstrictatime", 0, 0, MOUNT_ATTR_STRICTATIME, ATIME, 0 },
	{ "rsuid", 0, 0, 0, MOUNT_ATTR_NOSUID, 0 },
	{ "rsymfollow", 0, 0, 0, MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "private", 0, 0, 0, 0, MS_PRIVATE },
	{ "rprivate", 0, 0, 0, 0, MS_PRIVATE | MS_REC },
	{ "shared", 0, 0, 0, 0, MS_SHARED },
	{ "rshared", 0, 0, 0, 0, MS_SHARED | MS_REC },
	{ "slave", 0, 0, 0, 0, MS_SLAVE },
	{ "rslave", 0, 0, 0, 0, MS_SLAVE | MS_REC },
	{ "unbindable", 0, 0, 0, 0, MS_UNBINDABLE },
	{ "runbindable", 0, 0, 0, 0, MS_UNBINDABLE | MS_REC },
};

static void test_words(void)
{
	static const char *const flags[] = { "copy-symlink", "dest-nofollow", "idmap",
					     "ridmap",	     "src-nofollow",  "tmpcopyup" };
	size_t n, known = ARRAY_SIZE(rows) + ARRAY_SIZE(flags);
	const char *const *all = mountopt_words(&arena, &n);
	bool sorted = true;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mount_opts o = parse(rows[i].word);

		ok(o.flags == rows[i].set && o.cleared == rows[i].clear &&
			   o.rec_set == rows[i].rec_set && o.rec_clr == rows[i].rec_clr &&
			   o.npropagation == !!rows[i].propagation &&
			   (!o.npropagation || o.propagation[0] == rows[i].propagation) && !o.data,
		   "%s", rows[i].word);
	}
	ok(parse("copy-symlink").copy_symlink, "copy-symlink");
	ok(parse("dest-nofollow").dest_nofollow, "dest-nofollow");
	ok(parse("src-nofollow").src_nofollow, "src-nofollow");
	ok(parse("tmpcopyup").tmpcopyup, "tmpcopyup");
	ok(parse("idmap").idmap && !parse("idmap").ridmap, "idmap");
	ok(parse("ridmap").ridmap && !parse("ridmap").idmap, "ridmap");
	/* bsearch(3) needs a sorted list. */
	for (size_t i = 1; i < n; i++)
		sorted &= strcmp(all[i - 1], all[i]) < 0;
	ok(sorted && !all[n], "mountopt_words is sorted and ends with NULL");
	ok(n == known, "mountopt_words has the %zu words of this test", known);
}

static void test_order(void)
{
	struct mount_opts o = parse("ro rw");

	ok(!o.flags && o.cleared == MS_RDONLY, "rw after ro");
	o = parse("rw ro");
	ok(o.flags == MS_RDONLY && !o.cleared, "ro after rw");
	o = parse("nosuid nodev suid noexec");
	ok(o.flags == (MS_NODEV | MS_NOEXEC) && o.cleared == MS_NOSUID,
	   "suid after nosuid, nodev and noexec");
	o = parse("rro rrw");
	ok(!o.rec_set && o.rec_clr == MOUNT_ATTR_RDONLY, "rrw after rro");
	o = parse("rrw rro rnodev");
	ok(o.rec_set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV) && !o.rec_clr, "rro after rrw");
	o = parse("rnoatime rstrictatime");
	ok(o.rec_set == MOUNT_ATTR_STRICTATIME && o.rec_clr == ATIME,
	   "a later atime mode replaces an earlier one");
	o = parse("rnoatime ratime");
	ok(!o.rec_set && o.rec_clr == ATIME, "ratime after rnoatime");
	o = parse("ro rro");
	ok(o.flags == MS_RDONLY && o.rec_set == MOUNT_ATTR_RDONLY,
	   "ro and rro set different fields");
	o = parse("rprivate shared rslave");
	ok(o.npropagation == 3 && o.propagation[0] == (MS_PRIVATE | MS_REC) &&
		   o.propagation[1] == MS_SHARED && o.propagation[2] == (MS_SLAVE | MS_REC),
	   "propagation words stay in their order");
	o = parse("shared slave shared slave shared slave shared slave shared slave");
	ok(o.npropagation <= ARRAY_SIZE(o.propagation), "too many propagation words are cut");
}

static void test_data(void)
{
	struct oci_mount none = { 0 };
	struct mount_opts o;

	is_str(parse("mode=755 ro size=65536k nr_inodes=5").data,
	       "mode=755,size=65536k,nr_inodes=5", "other words are data, in their order");
	is_str(parse("acl").data, "acl", "acl is data");
	is_str(parse("RO").data, "RO", "a word in another case is data");
	is_str(parse("rbindx").data, "rbindx", "a word with another letter is data");
	ok(!parse("ro nosuid").data, "without other words there is no data");
	mountopt_parse(&arena, &none, &o);
	ok(!o.flags && !o.data && !o.idmap, "without options nothing is set");
	none.uid_mappings.at = &(struct oci_id_map){ 0, 1, 1 };
	none.uid_mappings.n = 1;
	mountopt_parse(&arena, &none, &o);
	ok(o.idmap && !o.ridmap, "mappings without a word mean idmap");
}

static void test_kernels(void)
{
	static const struct {
		const char *options;
		unsigned kernel;
		bool refused;
	} checks[] = {
		{ "bind nosymfollow", 0x5091f, true }, { "nosymfollow", 0x40e00, true },
		{ "nosymfollow", 0x50a00, false },     { "nosymfollow", 0x70000, false },
		{ "nosymfollow", 0, false },	       { "nosymfollow symfollow", 0x50400, false },
		{ "ro nosuid", 0x50400, false },       { "rnosymfollow", 0x50400, false },
	};
	static const struct {
		const char *data;
		unsigned kernel;
		bool own;
		enum mountopt_proc how;
	} procs[] = {
		{ "hidepid=2", 0x40e00, true, MOUNTOPT_PROC_REMOUNT },
		{ "hidepid=2", 0x507ff, true, MOUNTOPT_PROC_REMOUNT },
		{ "hidepid=2", 0x50800, true, MOUNTOPT_PROC_MOUNT },
		{ "hidepid=2", 0x40e00, false, MOUNTOPT_PROC_REFUSE },
		{ "subset=pid", 0x507ff, false, MOUNTOPT_PROC_REFUSE },
		{ "subset=pid", 0x50800, false, MOUNTOPT_PROC_MOUNT },
		{ "gid=5", 0, true, MOUNTOPT_PROC_MOUNT },
		{ "gid=5", 0, false, MOUNTOPT_PROC_MOUNT },
		{ NULL, 0x40e00, true, MOUNTOPT_PROC_MOUNT },
		{ NULL, 0x40e00, false, MOUNTOPT_PROC_MOUNT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		struct mount_opts o = parse(checks[i].options);

		ok((mountopt_check(&o, checks[i].kernel) < 0) == checks[i].refused,
		   "%s on Linux %x: %s", checks[i].options, checks[i].kernel,
		   checks[i].refused ? "refused" : "not refused");
	}
	for (size_t i = 0; i < ARRAY_SIZE(procs); i++)
		ok(mountopt_proc(procs[i].data, procs[i].kernel, procs[i].own) == procs[i].how,
		   "a proc with %s on Linux %x, in %s pid namespace: %s",
		   procs[i].data ? procs[i].data : "no options", procs[i].kernel,
		   procs[i].own ? "a new" : "another",
		   procs[i].how == MOUNTOPT_PROC_MOUNT	   ? "mount(2) is enough"
		   : procs[i].how == MOUNTOPT_PROC_REMOUNT ? "a remount sets them"
							   : "refused");
}

/* The options of a text as KEY or KEY=VALUE, with "|" between them. */
static const char *cut(const char *text, bool overlay)
{
	static char out[256];
	struct mountopt_word w;
	size_t n = 0;

	*out = 0;
	while ((text = mountopt_next(text, overlay, &w)))
		n += snprintf(out + n, sizeof(out) - n, "%s%.*s%s%.*s", n ? "|" : "",
			      (int)w.key_len, w.key, w.value ? "=" : "", (int)w.value_len,
			      w.value ? w.value : "");
	return out;
}

static void test_cut(void)
{
	static const struct {
		const char *text, *words;
		bool overlay;
	} cuts[] = {
		{ "mode=755,size=1m", "mode=755|size=1m", false },
		{ "acl", "acl", false },
		{ "a,,b=", "a||b=", false },
		{ "a=b=c,d", "a=b=c|d", false },
		{ "context=\"u:r:t:s0:c1,c2\",mode=1", "context=u:r:t:s0:c1,c2|mode=1", false },
		{ "mode=1,fscontext=\"a,b\"", "mode=1|fscontext=a,b", false },
		{ "context=u:r:t:s0,mode=1", "context=u:r:t:s0|mode=1", false },
		{ "context=\"open,x", "context=\"open|x", false },
		{ "name=\"a,b\"", "name=\"a|b\"", false },
		{ "lowerdir=/a\\,b:/c,upperdir=/d", "lowerdir=/a\\,b:/c|upperdir=/d", true },
		{ "lowerdir=/a\\,b", "lowerdir=/a\\|b", false },
		{ "lowerdir=/a\\", "lowerdir=/a\\", true },
		{ "", "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++)
		is_str(cut(cuts[i].text, cuts[i].overlay), cuts[i].words,
		       "mountopt_next: the options of %s", cuts[i].text);
	ok(!*cut(NULL, false), "mountopt_next of NULL");
}

int main(void)
{
	arena_init(&arena, block, sizeof(block));
	test_words();
	test_order();
	test_data();
	test_kernels();
	test_cut();
	return done();
}
