/* exe_test.c - the payload's environment, the search in PATH, and reasons of a failed execve(2). */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"
#include "tests/tap.h"

#include <elf.h>
#include <stdlib.h>

static char block[1 << 18];
static struct arena arena;
static char top[] = "/tmp/exe_test.XXXXXX";
static int root = -1;

static void put(const char *name, const void *text, size_t len, mode_t mode)
{
	int fd = openat(root, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || fchmod(fd, mode) < 0)
		exit(1);
	close(fd);
}

/* The environment as one text, with a bar after each variable. */
static const char *env_of(const char *const *vars, size_t n, uint32_t uid)
{
	struct oci_process p = { .user.uid = uid, .env = { (const char **)vars, n } };
	const char **env = exe_env(&arena, &p, root);
	const char *text = "";

	for (; *env; env++)
		text = arena_printf(&arena, "%s%s|", text, *env);
	return text;
}

#define ENV(uid, ...)                                                                              \
	env_of((const char *const[]){ __VA_ARGS__ },                                               \
	       sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), uid)

static void test_env(void)
{
	static const char passwd[] =
		"root:x:0:0::/root:/bin/sh\n1000:x:0:0::/wrong:/bin/sh\nu:x:1000:1000::/home/u:\n"
		"nohome:x:7:7:::/bin/sh\n";

	mkdirat(root, "etc", 0755);
	put("etc/passwd", passwd, sizeof(passwd) - 1, 0644);
	is_str(ENV(0, "A=1", "B=2", "HOME=/h"), "A=1|B=2|HOME=/h|", "variables keep their order");
	is_str(ENV(0, "A=1", "B=2", "A=3", "HOME=/h"), "B=2|A=3|HOME=/h|",
	       "the last of two variables of one name is kept");
	is_str(ENV(0, "A=1", "A=2", "A=1", "HOME=/h"), "A=1|HOME=/h|",
	       "the last of three variables of one name is kept");
	is_str(ENV(0, "A=1", "AB=2", "A", "HOME=/h"), "AB=2|A|HOME=/h|",
	       "a name ends at \"=\", or at the end of the text");
	is_str(ENV(0, "A=x=1", "A=x=2", "HOME=/h"), "A=x=2|HOME=/h|",
	       "a name ends at the first \"=\"");
	is_str(ENV(0, "HOME=/a", "HOME=/b"), "HOME=/b|", "the last of two HOME is kept");
	is_str(ENV(0, "A=1"), "A=1|HOME=/root|", "HOME of root comes from passwd");
	is_str(ENV(1000, "A=1"), "A=1|HOME=/home/u|",
	       "HOME of uid 1000 is not that of a user named 1000 (CVE-2016-3697)");
	is_str(ENV(7, "A=1"), "A=1|HOME=/|", "HOME of a user without a directory is /");
	is_str(ENV(12345, "A=1"), "A=1|HOME=/|", "HOME of a user who is not in passwd is /");
	is_str(ENV(1000, "HOME=", "A=1"), "A=1|HOME=/home/u|", "an empty HOME counts as absent");
	is_str(env_of((const char *const[]){ NULL }, 0, 0), "HOME=/root|",
	       "an empty env gets HOME");
	is_str(env_of(NULL, 0, 0), "", "an env that is absent does not get HOME");
	unlinkat(root, "etc/passwd", 0);
	mkfifoat(root, "etc/passwd", 0644);
	is_str(ENV(0, "A=1"), "A=1|HOME=/|", "a FIFO as passwd does not block");
}

static const char *find(const char *arg0, const char *path)
{
	const char *env[] = { "X=1", path ? arena_printf(&arena, "PATH=%s", path) : NULL, NULL },
		   *found;

	return exe_find(&arena, arg0, env, &found) < 0 ? err_text() : found;
}

static void test_find(void)
{
	put("prog", "#!/bin/sh\n", 10, 0755);
	put("d2/plain", "x", 1, 0644);
	put("d2/prog", "#!/bin/sh\n", 10, 0755);
	is_str(find("prog", "d1:d2"), "d2/prog", "a program is found in a directory of PATH");
	is_str(find("prog", "d2:."), "d2/prog", "of two directories the first is used");
	is_str(find("prog", "d1::d2"), "./prog",
	       "an empty directory in PATH is the working directory");
	is_str(find("prog", "d1:"), "./prog", "so is an empty one at the end of PATH");
	is_str(find("prog", ""), "./prog", "so is an empty PATH");
	is_str(find("d2/prog", "none"), "d2/prog", "a path with a slash is not searched in PATH");
	is_str(find("none", "d1:d2"), "exec: \"none\": executable file not found in $PATH",
	       "a program that no directory has");
	is_str(find("none", NULL), "exec: \"none\": executable file not found in $PATH",
	       "the usual directories do not have it either, without PATH");
	is_str(find("d1", "."), "exec: \"d1\": executable file not found in $PATH",
	       "a directory is not a program");
	is_str(find("plain", "d1:d2"), "exec: \"plain\": permission denied",
	       "a file in PATH that may not be executed");
	is_str(find("./d1", "."), "exec: \"./d1\": is a directory", "the path of a directory");
	is_str(find("d2/plain", "."), "exec: \"d2/plain\": permission denied",
	       "the path of a file that may not be executed");
	is_str(find("d2/none", "."), "exec: \"d2/none\": stat d2/none: no such file or directory",
	       "a path that does not exist");
	is_str(find("", "d2"), "exec: \"\": executable file not found in $PATH", "an empty name");
	is_str(find("d2/plain/x", "."), "exec: \"d2/plain/x\": stat d2/plain/x: not a directory",
	       "a path below a file");
}

static const char *why(const char *path, int num)
{
	errno = num;
	exe_fail(path);
	return err_text();
}

static void test_fail(void)
{
	struct {
		Elf64_Ehdr e;
		Elf64_Phdr p;
		char interp[32];
	} elf = { .e = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64 },
			 .e_machine = EM_S390,
			 .e_phoff = sizeof(Elf64_Ehdr),
			 .e_phnum = 1 },
		  .p = { .p_type = PT_INTERP,
			 .p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
			 .p_filesz = 11 },
		  .interp = "/lib/no-ldx" };

	put("script", "#! /no/interp -x\n", 17, 0755);
	ok(strstr(why("script", ENOENT),
		  "no such file or directory (its interpreter /no/interp is not"),
	   "ENOENT of a script: the message names its interpreter");
	ok(!strstr(why("script", EACCES), "interpreter"),
	   "EACCES of a script: the message does not name it");
	put("text", "hello", 5, 0755);
	ok(strstr(why("text", ENOEXEC), "neither a program nor a script"),
	   "ENOEXEC of a text: the message says so");
	put("elf", &elf, sizeof(elf), 0755);
	ok(strstr(why("elf", ENOENT), "its loader /lib/no-ldx is not"),
	   "ENOENT of a program: the message names its loader");
	ok(strstr(why("elf", ENOEXEC), "it is a program for s390x"),
	   "ENOEXEC of a program: the message names its machine");
	elf.p.p_filesz = 1 << 20;
	put("elf", &elf, sizeof(elf), 0755);
	ok(strstr(why("elf", ENOENT), "exec elf: no such"),
	   "the name of a loader that is too long is left out");
	put("elf", &elf, 20, 0755);
	ok(strstr(why("elf", ENOEXEC), "exec elf: "), "a half ELF header is explained by errno");
	put("hash", "#!", 2, 0755);
	ok(strstr(why("hash", ENOENT), "exec hash: "),
	   "a script that does not name its interpreter is explained by errno");
	ok(strstr(why("missing", ENOENT), "exec missing: no such file or directory"),
	   "a missing file is explained by errno");
	ok(err_num() == ENOENT, "the record has the errno of execve(2)");
}

int main(void)
{
	arena_init(&arena, block, sizeof(block));
	umask(022);
	if (!mkdtemp(top) || chdir(top) < 0 || mkdir("d1", 0755) < 0 || mkdir("d2", 0755) < 0)
		return 1;
	root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	test_env();
	test_find();
	test_fail();
	if (chdir("/") < 0 || system(arena_printf(&arena, "rm -rf %s", top)))
		printf("# %s is left\n", top);
	return done();
}
