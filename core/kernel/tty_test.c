/* tty_test.c - terminals of a new devpts, and files that are not terminals. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/claim_test.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

static char dir[] = "/tmp/tty_test.XXXXXX", block[65536];

/* Returns a root with fstype on /dev/pts, in a mount namespace that ends with the claim. */
static int make_root(const char *fstype)
{
	const char *data = strcmp(fstype, "devpts") ? NULL : "newinstance,ptmxmode=0666,mode=0620";

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 ||
	    mount("none", dir, "tmpfs", 0, NULL) < 0 || chdir(dir) < 0 || mkdir("dev", 0755) < 0 ||
	    mkdir("dev/pts", 0755) < 0 || mount("none", "dev/pts", fstype, 0, data) < 0)
		return -1;
	return open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int pair(int root)
{
	struct winsize size = { 0 };
	int peer = -1, master = tty_open(root, &peer);
	struct stat st;
	char c;

	WANT(master >= 0 && peer >= 0);
	WANT(isatty(peer) && !fstat(peer, &st) && major(st.st_rdev) == 136);
	WANT(fcntl(master, F_GETFD) & FD_CLOEXEC && fcntl(peer, F_GETFD) & FD_CLOEXEC);
	WANT(!tty_set_size(master, 33, 77));
	WANT(!ioctl(peer, TIOCGWINSZ, &size) && size.ws_row == 33 && size.ws_col == 77);
	WANT(tty_set_size(master, 65536, 1) < 0);
	WANT(write(peer, "x", 1) == 1 && read(master, &c, 1) == 1 && c == 'x');
	/* tty_open() must not make it the controlling terminal. */
	WANT(open("/dev/tty", O_RDWR) < 0);
	WANT(!tty_become(peer) && !tty_control());
	WANT(isatty(0) && isatty(1) && isatty(2) && tcgetsid(0) == getpid());
	WANT(!(fcntl(0, F_GETFD) & FD_CLOEXEC) && fcntl(peer, F_GETFD) < 0);
	return 0;
}

static int works(void)
{
	int root = make_root("devpts");

	return root < 0 || setsid() < 0 ? CLAIM_SKIP : pair(root);
}

/* TIOCGPTPEER fails as on a kernel before 4.13. */
static int works_by_number(void)
{
	int root = make_root("devpts"), listener;
	struct oci_seccomp_arg arg = { .index = 1, .value = 0x5441, .op = OCI_CMP_EQ };
	const char *name = "ioctl";
	uint32_t notty = ENOTTY;
	struct oci_syscall call = { { &name, 1 }, OCI_ACT_ERRNO, &notty, { &arg, 1 } };
	struct oci_seccomp s = { .default_action = OCI_ACT_ALLOW, .syscalls = { &call, 1 } };
	struct seccomp_prog prog;
	struct arena a;

	arena_init(&a, block, sizeof(block));
	if (root < 0 || setsid() < 0)
		return CLAIM_SKIP;
	WANT(!seccomp_compile(&a, &s, -1, &prog) && !seccomp_install(&prog, &listener));
	return pair(root);
}

static int refused(int root, const char *why)
{
	int peer = -1;

	if (root < 0)
		return CLAIM_SKIP;
	WANT(tty_open(root, &peer) < 0 && peer < 0);
	WANT(strstr(err_text(), why));
	return 0;
}

static int no_devpts(void)
{
	return refused(make_root("tmpfs"), "/dev/pts is not a devpts");
}

static int decoy_node(void)
{
	int root = make_root("tmpfs");

	if (root < 0 || mknod("dev/pts/ptmx", S_IFCHR | 0666, makedev(5, 2)) < 0)
		return CLAIM_SKIP;
	return refused(root, "/dev/pts is not a devpts");
}

static int mounted_over(void)
{
	int root = make_root("devpts");

	if (root < 0 || close(open("decoy", O_CREAT | O_WRONLY, 0600)) < 0 ||
	    mount("decoy", "dev/pts/ptmx", NULL, MS_BIND, NULL) < 0)
		return CLAIM_SKIP;
	return refused(root, "ptmx");
}

/* A symlink to the devpts of the host. */
static int link_outside(void)
{
	int root = make_root("tmpfs");

	if (root < 0 || umount("dev/pts") < 0 || rmdir("dev/pts") < 0 ||
	    symlink("/dev/pts", "dev/pts") < 0)
		return CLAIM_SKIP;
	return refused(root, "/dev/pts");
}

static int descriptor_among_stdio(void)
{
	int root = make_root("devpts"), peer, master;

	if (root < 0 || setsid() < 0)
		return CLAIM_SKIP;
	close(1);
	master = tty_open(root, &peer);
	WANT(master >= 0);
	WANT(dup3(peer, 1, O_CLOEXEC) == 1 || peer == 1);
	WANT(!tty_become(1) && !tty_control());
	WANT(isatty(0) && isatty(1) && isatty(2) && !(fcntl(1, F_GETFD) & FD_CLOEXEC));
	return 0;
}

int main(void)
{
#define PEER "ioctl(2) TIOCGPTPEER"
	static const struct claim claims[] = {
		{ "tty_open opens the peer by TIOCGPTPEER", works, true, PEER },
		{ "tty_open opens the peer by its number", works_by_number, true, "seccomp(2)" },
		{ "tty_open refuses a /dev/pts that is not a devpts", no_devpts, true },
		{ "tty_open refuses a node 5:2 in a tmpfs", decoy_node, true },
		{ "tty_open refuses a ptmx that is mounted over", mounted_over, true },
		{ "tty_open does not follow a symlink out of the root", link_outside, true },
		{ "tty_become accepts a peer that is descriptor 1", descriptor_among_stdio, true,
		  PEER },
	};

	if (!mkdtemp(dir))
		return 1;
	claims_try(claims, ARRAY_SIZE(claims));
	rmdir(dir);
	return done();
}
