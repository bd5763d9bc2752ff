/* seccomp_cache_test.c - which stored programs are used, and which are not. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/seccomp_test.h"

enum { PTRACE = 101 };

#define SMALL "{'defaultAction':'SCMP_ACT_ERRNO'," NATIVE CALLS(CALL("ptrace", "ALLOW", "")) "}"
#define ARGS(op, v, v2)                                                                            \
	"{'defaultAction':'SCMP_ACT_ERRNO'," CALLS(                                                \
		CALL("ptrace", "ALLOW", ",'args':[" ARG(0, v, v2, op) "]")) "}"
#define OTHER "{'defaultAction':'SCMP_ACT_ERRNO'," NATIVE CALLS(CALL("ptrace", "LOG", "")) "}"

static void test_keys(void)
{
	static const char *const all[] = {
		SMALL,
		OTHER,
		"{'defaultAction':'SCMP_ACT_ERRNO'," CALLS(CALL("ptrace", "ALLOW", "")) "}",
		"{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':0," NATIVE CALLS(
			CALL("ptrace", "ALLOW", "")) "}",
		"{'defaultAction':'SCMP_ACT_TRAP'," NATIVE CALLS(CALL("ptrace", "ALLOW", "")) "}",
		"{'defaultAction':'SCMP_ACT_ERRNO'," NATIVE CALLS(CALL("ptrac", "ALLOW", "")) "}",
		"{'defaultAction':'SCMP_ACT_ERRNO'," NATIVE CALLS(
			"{'names':['ptrace','read'],'action':'SCMP_ACT_ALLOW'}") "}",
		"{'defaultAction':'SCMP_ACT_ERRNO'," NATIVE CALLS(
			CALL("ptrace", "ALLOW", "") "," CALL("read", "ALLOW", "")) "}",
		ARGS(EQ, 1, 0),
		ARGS(EQ, 2, 0),
		ARGS(EQ, 1, 1),
		ARGS(NE, 1, 0),
	};
	struct seccomp_key key[ARRAY_SIZE(all)], again;
	bool differ = true;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		seccomp_key(&arena, profile(all[i]), "1", &key[i]);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(key[i].name, key[j].name)) {
				printf("# %zu and %zu\n", i, j);
				differ = false;
			}
	}
	ok(differ, "profiles that differ in any part have different names");
	seccomp_key(&arena, profile(SMALL), "1", &again);
	is_str(again.name, key[0].name, "the same profile has the same name");
	seccomp_key(&arena, profile(SMALL), "2", &again);
	ok(strcmp(again.name, key[0].name), "another build gives another name");
}

/* A key that outgrows its first memory, with the change at its very end. */
static void test_long_key(void)
{
	static const char *names[5000];
	struct oci_syscall call = { .names = { names, ARRAY_SIZE(names) } };
	struct oci_seccomp s = { .syscalls = { &call, 1 } };
	struct seccomp_key key[3];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		names[i] = i % 7 ? "personality" : "x";
	for (size_t i = 0; i < ARRAY_SIZE(key); i++) {
		seccomp_key(&arena, &s, "1", &key[i]);
		names[ARRAY_SIZE(names) - 1] = i ? "y" : "personality";
	}
	ok(key[0].len > 50000 && key[0].len == key[1].len &&
		   !memcmp(key[0].bytes, key[1].bytes, key[0].len) &&
		   strcmp(key[1].name, key[2].name),
	   "a long profile has the same key again, and another one for another last name");
}

static int cachedir;

/* Compiles SMALL through the cache. True if the program returns value for ptrace. */
static bool cached_returns(uint32_t value)
{
	struct seccomp_prog p;

	return !seccomp_compile(&arena, profile(SMALL), cachedir, &p) &&
	       run(&p, X86_64, PTRACE, 0, 0) == value;
}

/* Reads the only file of the cache. */
static char *cache_file(char *name, size_t size, size_t *len)
{
	FILE *f = popen("ls cache", "r");
	char *bytes;

	if (!f || !fgets(name, size, f))
		exit(1);
	pclose(f);
	name[strcspn(name, "\n")] = 0;
	if (file_read(&arena, cachedir, name, 1 << 20, &bytes, len) < 0)
		exit(1);
	return bytes;
}

static void rewrite(const char *name, const void *bytes, size_t len)
{
	if (file_replace(cachedir, name, bytes, len, 0600) < 0)
		exit(1);
}

static void test_cache(void)
{
	char name[64], other[64], *bytes, *saved;
	struct stat st;
	size_t len, at;

	ok(cached_returns(ALLOW), "a profile is compiled if the cache is empty");
	bytes = cache_file(name, sizeof(name), &len);
	ok(!fstatat(cachedir, name, &st, 0) && (st.st_mode & 07777) == 0600,
	   "the file has mode 0600");
	saved = arena_alloc(&arena, len);
	memcpy(saved, bytes, len);
	/* Changing ALLOW to LOG in the stored program shows whether it is used. */
	for (at = 16; at + 8 <= len; at += 8)
		if (!memcmp(bytes + at, &(struct seccomp_insn){ 6, 0, 0, ALLOW }, 8))
			break;
	memcpy(bytes + at, &(struct seccomp_insn){ 6, 0, 0, LOG }, 8);
	rewrite(name, bytes, len);
	ok(cached_returns(LOG), "the second time the stored program is used");
	rewrite(name, bytes, len - 1);
	ok(cached_returns(ALLOW), "a stored program that was cut is not used");
	rewrite(name, bytes, len);
	ok(cached_returns(LOG) && !fchmodat(cachedir, name, 0620, 0) && cached_returns(ALLOW),
	   "a stored program that others may write is not used");
	rewrite(name, bytes, len);
	if (geteuid())
		ok(true, "a stored program of another owner is not used # SKIP not root");
	else
		ok(!fchownat(cachedir, name, 1234, -1, 0) && cached_returns(ALLOW),
		   "a stored program of another owner is not used");
	bytes[0] ^= 1;
	rewrite(name, bytes, len);
	ok(cached_returns(ALLOW), "a stored program of another format is not used");
	bytes[0] ^= 1;
	bytes[len - 1] ^= 1;
	rewrite(name, bytes, len);
	ok(cached_returns(ALLOW),
	   "a stored program of another profile with the same hash is not used");
	bytes[len - 1] ^= 1;
	memset(bytes + 12, 0xff, 4);
	rewrite(name, bytes, len);
	ok(cached_returns(ALLOW), "a stored program with a wrong length is not used");
	ok(cache_file(other, sizeof(other), &len) && !strcmp(name, other) &&
		   !memcmp(cache_file(other, sizeof(other), &len), saved, len),
	   "a bad stored program is replaced by a good one");
	unlinkat(cachedir, name, 0);
	ok(!symlinkat("/etc/passwd", cachedir, name) && cached_returns(ALLOW),
	   "a symlink in the cache is not followed");
	unlinkat(cachedir, name, 0);
	mkfifoat(cachedir, name, 0600);
	ok(cached_returns(ALLOW), "a FIFO in the cache is not opened for long");
	unlinkat(cachedir, name, 0);
}

static char block[4 << 20];

int main(void)
{
	char dir[] = "/tmp/seccomp_test.XXXXXX";

	arena_init(&arena, block, sizeof(block));
	if (!mkdtemp(dir) || chdir(dir) < 0 || mkdir("cache", 0700) < 0)
		return 1;
	cachedir = open("cache", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	test_keys();
	test_long_key();
	test_cache();
	rmdir("cache");
	rmdir(dir);
	return done();
}
