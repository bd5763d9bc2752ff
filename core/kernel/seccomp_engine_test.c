/* seccomp_engine_test.c - the default profiles of podman and docker. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/seccomp_test.h"

#include <sys/prctl.h>

static char block[16 << 20];

/* Debian: golang-github-containers-common and golang-github-docker-docker-dev */
static const struct {
	const char *engine, *file;
} profiles[] = {
	{ "podman", "tests/foreign/seccomp/podman.json" },
	{ "docker", "tests/foreign/seccomp/docker.json" },
};

/* Capabilities of a default container of both engines, as far as the profiles test them. */
static const char *const held[] = { "CAP_CHOWN", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_SETUID" };

static bool listed(const struct json *list, const char *const *words, size_t n)
{
	for (const struct json *j = list ? list->child : NULL; j; j = j->next)
		for (size_t i = 0; i < n; i++)
			if (!strcmp(j->str, words[i]))
				return true;
	return false;
}

/* True if an engine would use the rule for a container on x86-64 with these capabilities and a new
 * kernel. */
static bool holds(const struct json *rule)
{
	static const char *const arch[] = { "amd64", "x86_64" };
	const struct json *in = json_get(rule, "includes"), *out = json_get(rule, "excludes");
	const struct json *archs = json_get(in, "arches"), *caps = json_get(in, "caps");

	return (!archs || !archs->child || listed(archs, arch, 2)) &&
	       (!caps || !caps->child || listed(caps, held, ARRAY_SIZE(held))) &&
	       !listed(json_get(out, "arches"), arch, 2) &&
	       !listed(json_get(out, "caps"), held, ARRAY_SIZE(held)) &&
	       !json_get(out, "minKernel");
}

/* The engine's profile with the rules that hold, and with architectures. */
static const char *resolved(const char *file)
{
	char archs[] =
		"{\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"]}";
	struct json_out o = { .arena = &arena };
	struct json *tree, *syscalls, *extra;
	struct json_error err;
	size_t len;
	char *text;

	if (file_read(&arena, AT_FDCWD, file, 1 << 20, &text, &len) < 0)
		return NULL;
	tree = json_parse(&arena, text, len, &err);
	syscalls = json_get(tree, "syscalls");
	extra = json_parse(&arena, arena_strdup(&arena, archs), strlen(archs), &err);
	if (!syscalls || !extra)
		return NULL;
	for (struct json **rule = &syscalls->child; *rule;) {
		if (holds(*rule))
			rule = &(*rule)->next;
		else
			*rule = (*rule)->next;
	}
	extra->child->next = tree->child;
	tree->child = extra->child;
	json_write_tree(&o, tree);
	return arena_strndup(&arena, o.buf, o.len);
}

enum { READ = 0, CLONE = 56, PERSONALITY = 135, MOUNT = 165, CLONE3 = 435, FACCESSAT2 = 439 };

static const struct {
	const char *what;
	uint32_t arch, nr;
	uint64_t a0;
	bool allowed;
	const char *engine; /* NULL: for all */
} facts[] = {
	{ "read", X86_64, READ, 0, true },
	{ "read of x86", X86, 3, 0, true },
	{ "read of x32", X86_64, 0x40000000 + READ, 0, true },
	{ "mount", X86_64, MOUNT, 0, false, "docker" },
	{ "mount of x86", X86, 21, 0, false, "docker" },
	{ "fork", X86_64, CLONE, SIGCHLD, true },
	{ "a new user namespace", X86_64, CLONE, CLONE_NEWUSER | SIGCHLD, false, "docker" },
	{ "kexec_load", X86_64, 246, 0, false },
	{ "clone3, whose flags cannot be seen", X86_64, CLONE3, 0, false, "docker" },
	{ "personality Linux", X86_64, PERSONALITY, 0, true },
	{ "personality Linux32", X86_64, PERSONALITY, 8, true },
	{ "personality UNAME26", X86_64, PERSONALITY, 0x20000, true },
	{ "personality question", X86_64, PERSONALITY, 0xffffffff, true },
	{ "another personality", X86_64, PERSONALITY, 9, false },
	{ "faccessat2", X86_64, FACCESSAT2, 0, true },
};

static struct seccomp_prog prog;

/* Runs a shell under the filter, and a call that it denies. */
static int lives(void)
{
	int listener, status;
	pid_t pid;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_install(&prog, &listener) < 0)
		return 1;
	pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "x=$(ls /) && test -n \"$x\"", NULL);
		_exit(1);
	}
	WANT(waitpid(pid, &status, 0) == pid && status == 0);
	WANT(syscall(SYS_personality, 9) < 0 && (errno == EPERM || errno == ENOSYS));
	WANT(syscall(9999) < 0 && errno == ENOSYS);
	return 0;
}

static void test_profile(const char *engine, const char *text)
{
	static const struct claim claims[] = { { "a shell runs under it in the kernel", lives,
						 false } };
	const struct oci_seccomp *s = profile(text);

	ok(!seccomp_compile(&arena, s, -1, &prog), "%s: the profile is compiled", engine);
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		uint32_t got = run(&prog, facts[i].arch, facts[i].nr, facts[i].a0, 0);

		if (facts[i].engine && strcmp(facts[i].engine, engine))
			continue;
		ok(facts[i].allowed == (got == ALLOW) &&
			   (facts[i].allowed || (got & 0xffff0000) == SECCOMP_RET_ERRNO_),
		   "%s: %s is %s", engine, facts[i].what, facts[i].allowed ? "allowed" : "refused");
	}
	ok(run(&prog, X86_64, 5000, 0, 0) == ERR(ENOSYS),
	   "%s: a call with an unknown number returns ENOSYS", engine);
#ifdef __x86_64__
	claims_try(claims, 1);
#else
	ok(true, "%s # SKIP the rules are those of x86-64", claims->what);
#endif
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		const char *text;

		arena_init(&arena, block, sizeof(block));
		text = resolved(profiles[i].file);
		if (text)
			test_profile(profiles[i].engine, text);
		else
			ok(true, "%s's profile # SKIP no %s", profiles[i].engine, profiles[i].file);
	}
	return done();
}
