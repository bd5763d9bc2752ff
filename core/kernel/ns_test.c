/* ns_test.c - which namespaces are cloned, joined and unshared, and by which process. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/claim_test.h"

#define USER CLONE_NEWUSER
#define PID CLONE_NEWPID
#define NET CLONE_NEWNET
#define MNT CLONE_NEWNS
#define IPC CLONE_NEWIPC
#define UTS CLONE_NEWUTS
#define CGROUP CLONE_NEWCGROUP
#define TIME CLONE_NEWTIME

static struct ns_plan plan_of(unsigned fresh, unsigned joined)
{
	static struct oci_namespace list[NS_MAX];
	struct oci_linux linux_ = { .namespaces = { list, 0 } };
	struct ns_plan plan;

	/* In reverse: the plan has its own order. */
	for (int bit = 31; bit >= 0; bit--)
		if ((fresh | joined) & 1u << bit)
			list[linux_.namespaces.n++] =
				(struct oci_namespace){ (int)(1u << bit),
							joined & 1u << bit ? "/ns" : NULL };
	ns_plan(&linux_, &plan);
	return plan;
}

static const struct {
	const char *what;
	unsigned fresh, joined;
	bool two;
	unsigned clone, late, early;
} rows[] = {
	{ "no namespaces", 0, 0, false, 0, 0, 0 },
	{ "the namespaces of a usual container", PID | NET | IPC | UTS | MNT, 0, false,
	  PID | NET | IPC | UTS | MNT, 0, 0 },
	{ "a cgroup namespace is made by init itself", PID | MNT | CGROUP, 0, false, PID | MNT,
	  CGROUP, 0 },
	{ "a user namespace alone", USER, 0, false, USER, 0, 0 },
	{ "a user namespace owns what is cloned with it", USER | PID | UTS | MNT, 0, false,
	  USER | PID | UTS | MNT, 0, 0 },
	{ "network and ipc namespaces are made when the ids of a new user namespace are mapped",
	  USER | PID | NET | IPC | MNT | CGROUP, 0, false, USER | PID | MNT, NET | IPC | CGROUP,
	  0 },
	{ "so are they where a first process makes the user namespace", USER | NET | IPC | MNT, PID,
	  true, MNT, NET | IPC, USER },
	{ "a user and a cgroup namespace", USER | MNT | CGROUP, 0, false, USER | MNT, CGROUP, 0 },
	{ "a new time namespace needs a first process", TIME | MNT, 0, true, MNT, 0, TIME },
	{ "new user and time namespaces are made before the clone", USER | TIME | PID | MNT, 0,
	  true, PID | MNT, 0, USER | TIME },
	{ "a joined network namespace needs no first process", PID | MNT, NET, false, PID | MNT, 0,
	  0 },
	{ "joined ipc and uts namespaces need no first process", PID | MNT, IPC | UTS, false,
	  PID | MNT, 0, 0 },
	{ "a joined mount namespace needs no first process", PID, MNT, false, PID, 0, 0 },
	{ "a joined cgroup namespace needs no first process", MNT, CGROUP, false, MNT, 0, 0 },
	{ "a joined pid namespace needs a first process", NET | MNT, PID, true, NET | MNT, 0, 0 },
	{ "a joined time namespace needs a first process", MNT, TIME, true, MNT, 0, 0 },
	{ "a joined user namespace needs a first process, which clones the new ones", PID | MNT,
	  USER, true, PID | MNT, 0, 0 },
	{ "a new user namespace is made after the joins", USER | PID | MNT, NET, true, PID | MNT, 0,
	  USER },
	{ "joined user, pid and network namespaces", MNT | CGROUP, USER | PID | NET, true, MNT,
	  CGROUP, 0 },
	{ "joined network, new user and time namespaces", USER | TIME | MNT, NET, true, MNT, 0,
	  USER | TIME },
	{ "all types joined", 0, USER | PID | NET | IPC | UTS | MNT | CGROUP | TIME, true, 0, 0,
	  0 },
	{ "all types new", USER | PID | NET | IPC | UTS | MNT | CGROUP | TIME, 0, true,
	  PID | UTS | MNT, NET | IPC | CGROUP, USER | TIME },
};

static void test_plans(void)
{
	struct ns_plan p;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		p = plan_of(rows[i].fresh, rows[i].joined);
		ok(p.needs_first == rows[i].two && p.clone_flags == rows[i].clone &&
			   p.late_flags == rows[i].late && p.early_flags == rows[i].early,
		   "%s", rows[i].what);
		ok(p.all == (rows[i].fresh | rows[i].joined) && p.fresh == rows[i].fresh,
		   "%s: the types of the plan", rows[i].what);
	}
	ns_plan(NULL, &p);
	ok(!p.all && !p.njoins && !p.needs_first, "a config without linux has an empty plan");
}

/* On an initramfs a first process leaves the host's mounts before it enters the user namespace. */
static void test_lift(void)
{
	struct ns_plan p = plan_of(USER | PID | MNT, 0);

	ok(ns_plan_may_lift(&p), "ns_plan_may_lift: new user and mount namespaces");
	ns_plan_lift(&p);
	ok(p.lift && p.needs_first && p.early_flags == USER && p.clone_flags == (PID | MNT),
	   "ns_plan_lift: the first process makes the user namespace, the clone the mount "
	   "namespace");
	p = plan_of(MNT, USER);
	ok(ns_plan_may_lift(&p), "ns_plan_may_lift: a joined user namespace");
	ns_plan_lift(&p);
	ok(p.lift && p.needs_first && !p.early_flags && p.clone_flags == MNT,
	   "ns_plan_lift: a joined user namespace stays joined");
	p = plan_of(PID | MNT, 0);
	ok(!ns_plan_may_lift(&p), "ns_plan_may_lift: false without a user namespace");
	p = plan_of(USER, MNT);
	ok(!ns_plan_may_lift(&p), "ns_plan_may_lift: false for a joined mount namespace");
}

static void test_hide(void)
{
	struct ns_plan p = plan_of(MNT | NET, PID);

	ok(ns_plan_may_hide(&p), "ns_plan_may_hide: a joined pid namespace");
	ns_plan_hide(&p);
	ok(p.needs_first && p.early_flags == (MNT | NET) && !p.clone_flags,
	   "ns_plan_hide: the first process makes the new namespaces");
	p = plan_of(USER | MNT | NET | IPC, PID);
	ns_plan_hide(&p);
	ok(p.early_flags == (USER | MNT) && p.late_flags == (NET | IPC) && !p.clone_flags,
	   "ns_plan_hide: those whose files need an owner are made after the maps");
	p = plan_of(MNT | NET | PID, 0);
	ok(!ns_plan_may_hide(&p), "ns_plan_may_hide: false for a new pid namespace");
	p = plan_of(MNT | PID, NET | USER);
	ok(!ns_plan_may_hide(&p), "ns_plan_may_hide: false if only others are joined");
}

/* Rules that each plan must obey, with each type absent, new or joined. */
static void test_all_plans(void)
{
	static const unsigned types[NS_MAX] = { USER, PID, NET, MNT, IPC, UTS, CGROUP, TIME };
	bool once = true, clonable = true, owned = true, children = true, ordered = true,
	     joins = true;

	for (unsigned n = 0; n < 6561; n++) { /* 3^8 */
		unsigned fresh = 0, joined = 0, seen = 0, rest = n;
		struct ns_plan p;

		for (size_t i = 0; i < NS_MAX; i++, rest /= 3)
			*(rest % 3 == 1	  ? &fresh
			  : rest % 3 == 2 ? &joined
					  : &(unsigned){ 0 }) |= types[i];
		p = plan_of(fresh, joined);
		once &= (p.clone_flags | p.late_flags | p.early_flags) == fresh &&
			!(p.clone_flags & p.late_flags) && !(p.clone_flags & p.early_flags) &&
			!(p.late_flags & p.early_flags);
		clonable &= !(p.clone_flags & (TIME | CGROUP)) && (p.needs_first || !p.early_flags);
		owned &= !(fresh & USER && joined) || p.early_flags & USER;
		children &= !(joined & (PID | TIME | USER) || fresh & TIME) || p.needs_first;
		for (size_t i = 0; i < p.njoins; i++) {
			ordered &= p.joins[i].type != (int)USER || !i;
			ordered &= p.joins[i].type != (int)MNT || i == p.njoins - 1;
			joins &= p.joins[i].fd == -1 && !strcmp(p.joins[i].path, "/ns");
			seen |= p.joins[i].type;
		}
		joins &= seen == joined;
	}
	ok(once, "each new namespace is made once, in one of three ways");
	ok(clonable, "clone(2) makes only types that it can make");
	ok(owned, "with joins a new user namespace is made before the clone, so that it owns the "
		  "new ones");
	ok(children, "types that act on children only need a first process");
	ok(ordered, "the user namespace is the first join, the mount namespace the last");
	ok(joins, "each namespace with a path is joined, and not open yet");
}

/* ---- opening and joining --------------------------------------------------------------------- */

static int open_one(int type, const char *path)
{
	struct ns_plan p = { .njoins = 1, .joins = { { type, -1, path } } };
	int rc = ns_open(&p);

	fd_close(&p.joins[0].fd);
	return rc;
}

#define NSTYPE "ioctl(2) NS_GET_NSTYPE"

static void test_open(void)
{
	ok_emulated(NSTYPE, !open_one(UTS, "/proc/self/ns/uts"),
		    "a namespace of the right type is opened");
	ok_emulated(NSTYPE,
		    open_one(NET, "/proc/self/ns/uts") < 0 && strstr(err_text(), "NEWUTS") &&
			    strstr(err_text(), "NEWNET"),
		    "a namespace of another type is refused, with both names");
	ok(open_one(NET, "/proc/self/ns/none") < 0 && err_num() == ENOENT,
	   "a missing file is refused");
	ok(open_one(NET, "/dev/null") < 0, "a device is not a namespace");
	ok(open_one(NET, "/proc/self/status") < 0, "another file of procfs is not a namespace");
	ok(open_one(NET, "/proc") < 0, "a directory is not a namespace");
	is_str(ns_name(CLONE_NEWTIME), "NEWTIME", "ns_name of a type");
	is_str(ns_name(1), "?", "ns_name of an unknown type");
}

static void test_ids(void)
{
	int dir = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char its[NS_ID_MAX], ours[NS_ID_MAX], mnt[NS_ID_MAX];

	for (int i = 0; i < 2; i++) {
		int type = i ? CLONE_NEWPID : CLONE_NEWUSER;

		ok(!ns_id(dir, NS_ITS, type, its) && !ns_id(dir, NS_OURS, type, ours) &&
			   !strcmp(its, ours) && strchr(its, ':'),
		   "ns_id of our %s", ns_name(type));
	}
	ok(!ns_id(dir, NS_ITS, CLONE_NEWNS, mnt) && strcmp(mnt, its),
	   "ns_id of another type differs");
	ok(ns_id(-1, NS_ITS, CLONE_NEWNS, mnt) < 0 && strstr(err_text(), "mnt namespace"),
	   "ns_id without a process fails");
	ok(ns_type("NEWNS") == CLONE_NEWNS && !ns_type("mnt"), "ns_type gives the type of a name");
	close(dir);
}

/* ns_enter() must fail if setns(2) is not allowed. */
static int join_not_allowed(unsigned all)
{
	struct ns_plan p = { .all = all,
			     .njoins = 1,
			     .joins = { { CLONE_NEWNET, -1, "/proc/self/ns/net" } } };

	WANT(!ns_open(&p));
	WANT(!setresuid(65534, 65534, 65534));
	WANT(ns_enter(&p) < 0 && err_num() == EPERM);
	return 0;
}

static int alone(void)
{
	return join_not_allowed(NET);
}

static int beside_new_user(void)
{
	return join_not_allowed(NET | USER);
}

static int joins(void)
{
	struct ns_plan p = { .all = UTS,
			     .njoins = 1,
			     .joins = { { CLONE_NEWUTS, -1, "/proc/self/ns/uts" } } };
	char name[65] = "";

	WANT(!ns_open(&p));
	WANT(!unshare(CLONE_NEWUTS) && !sethostname("other", 5));
	WANT(!ns_enter(&p) && p.joins[0].fd == -1);
	WANT(!gethostname(name, sizeof(name)) && strcmp(name, "other"));
	return 0;
}

/* Where fs.suid_dumpable is 0 a process stays not dumpable in any case. */
static int stays_hidden(void)
{
	static struct oci_id_map map = { 0, 100000, 1 };
	const oci_id_maps maps = { &map, 1 };
	struct ns_plan p = { .all = USER, .njoins = 1, .joins = { { USER, -1, "a file" } } };
	char text[16] = "";

	if (file_read_line(AT_FDCWD, "/proc/sys/fs/suid_dumpable", text, sizeof(text)) < 0 ||
	    !strcmp(text, "0"))
		return CLAIM_SKIP;
	p.joins[0].fd = userns_fd(&maps, &maps, NULL);
	WANT(p.joins[0].fd >= 0);
	WANT(!prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	WANT(!ns_enter(&p) && !getuid());
	WANT(!prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	return 0;
}

static const struct claim claims[] = {
	{ "a process that joins a user namespace stays not dumpable", stays_hidden, true },
	{ "a namespace is joined and its descriptor closed", joins, true, NSTYPE },
	{ "a join that is not allowed fails", alone, true, NSTYPE },
	{ "a join that is not allowed fails, also before a new user namespace", beside_new_user,
	  true, NSTYPE },
};

int main(void)
{
	test_plans();
	test_lift();
	test_hide();
	test_all_plans();
	test_open();
	test_ids();
	claims_try(claims, ARRAY_SIZE(claims));
	return done();
}
