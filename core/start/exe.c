/* exe.c - the payload's environment, the search for its file, and errors of execve(2). */
/* SPDX-License-Identifier: MIT */
#include "core/start/impl.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Compares the names of two variables, which end at "=". */
static int compare_names(const char *a, const char *b)
{
	size_t n = strcspn(a, "="), m = strcspn(b, "=");
	int order = memcmp(a, b, n < m ? n : m);

	return order ? order : (n > m) - (n < m);
}

/* Orders pointers into an environment by the variable's name, and equal names by their place. */
static int by_variable(const void *x, const void *y)
{
	const char **a = *(const char ***)x, **b = *(const char ***)y;
	int order = compare_names(*a, *b);

	return order ? order : (a > b) - (a < b);
}

/* Sets all variables of one name but the last to NULL. Sorting makes that fast for thousands. */
static void drop_repeated(struct arena *a, const char **env, size_t n)
{
	const char ***places = arena_alloc(a, (n + 1) * sizeof(*places));

	for (size_t i = 0; i < n; i++)
		places[i] = &env[i];
	qsort(places, n, sizeof(*places), by_variable);
	for (size_t i = 1; i < n; i++)
		if (!compare_names(*places[i - 1], *places[i]))
			*places[i - 1] = NULL;
}

const char **exe_env(struct arena *a, const struct oci_process *p, int root)
{
	const char **env = arena_more(a, p->env.at, p->env.n, 2, sizeof(*env));
	bool home = false;
	size_t n = 0;

	drop_repeated(a, env, p->env.n);
	for (size_t i = 0; i < p->env.n; i++) {
		if (!env[i] || !strcmp(env[i], "HOME="))
			continue;
		home |= !strncmp(env[i], "HOME=", 5);
		env[n++] = env[i];
	}
	/* If the config has no env, not even an empty one, HOME is not added. */
	if (!home && p->env.at) {
		const char *dir = cred_home(a, root, p->user.uid);

		env[n++] = arena_printf(a, "HOME=%s", dir ? dir : "/");
	}
	env[n] = NULL;
	return env;
}

static const char *env_get(const char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; *env; env++)
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

/* Returns 1 if path can be executed, or 0 and errno. */
static int usable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return 0;
	}
	if (!access(path, X_OK))
		return 1;
	/* access(2) ignores the capabilities of a user that is not root; AT_EACCESS uses them.
	 * KERNEL 5.8: faccessat2(2) (ENOSYS; EPERM of an older seccomp profile); without it the
	 * file is refused. */
	if (errno == EACCES && !syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS))
		return 1;
	errno = errno == ENOSYS || errno == EPERM ? EACCES : errno;
	return 0;
}

int exe_find(struct arena *a, const char *arg0, const char *const *env, const char **path)
{
	const char *dirs = env_get(env, "PATH");
	bool denied = false;

	*path = arg0;
	if (strchr(arg0, '/')) {
		if (usable(arg0))
			return 0;
		if (errno == EISDIR)
			return failx("exec: \"%s\": is a directory", arg0);
		if (errno == EACCES)
			return failx("exec: \"%s\": permission denied", arg0);
		return failx("exec: \"%.500s\": stat %.500s: %s", arg0, arg0, err_reason(errno));
	}
	if (!dirs)
		dirs = DEFAULT_PATH;
	for (bool more = *arg0; more;) {
		size_t len = strcspn(dirs, ":");

		/* An empty part of PATH means the working directory (execvp(3)). */
		*path = len ? arena_printf(a, "%.*s/%s", (int)len, dirs, arg0)
			    : arena_printf(a, "./%s", arg0);
		if (usable(*path))
			return 0;
		denied |= errno == EACCES;
		more = dirs[len] == ':';
		dirs += len + 1;
	}
	if (denied)
		return failx("exec: \"%s\": permission denied", arg0);
	return failx("exec: \"%s\": executable file not found in $PATH", arg0);
}

/* Names of machines for messages. execve(2) of another machine's ELF file fails with ENOEXEC. */
static const struct {
	unsigned machine;
	const char *name;
} machines[] = {
	{ EM_386, "x86" },	   { EM_X86_64, "x86_64" }, { EM_ARM, "arm" },
	{ EM_AARCH64, "aarch64" }, { EM_MIPS, "mips" },	    { EM_PPC, "ppc" },
	{ EM_PPC64, "ppc64" },	   { EM_S390, "s390x" },    { 243, "riscv" },
	{ 258, "loongarch" },
};

static void explain_elf(const unsigned char *head, size_t n, int fd)
{
	const Elf64_Ehdr *e = (const void *)head;
	Elf64_Phdr ph;
	char interp[256];

	if (n < sizeof(*e))
		return;
	for (size_t i = 0; errno == ENOEXEC && i < ARRAY_SIZE(machines); i++)
		if (machines[i].machine == e->e_machine)
			fail_hint("it is a program for %s", machines[i].name);
	if (e->e_ident[EI_CLASS] != ELFCLASS64)
		return;
	for (unsigned i = 0; i < e->e_phnum && i < 64; i++) {
		if (pread(fd, &ph, sizeof(ph), e->e_phoff + i * sizeof(ph)) != sizeof(ph) ||
		    ph.p_type != PT_INTERP)
			continue;
		if (ph.p_filesz < sizeof(interp) &&
		    pread(fd, interp, ph.p_filesz, ph.p_offset) == (ssize_t)ph.p_filesz) {
			interp[ph.p_filesz] = 0;
			if (access(interp, F_OK) < 0)
				fail_hint("its loader %s is not in the root filesystem", interp);
		}
		return;
	}
}

int exe_fail(const char *path)
{
	int num = errno;
	unsigned char head[sizeof(Elf64_Ehdr) + 192] = { 0 };
	int fd __cleanup(fd_close) = -1;
	ssize_t n;

	fail("exec %s", path);
	if (!WITH_HELP)
		return -1;
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	n = fd < 0 ? 0 : read(fd, head, sizeof(head) - 1);
	errno = num;
	if (n > 2 && head[0] == '#' && head[1] == '!') {
		char *start = (char *)head + 2 + strspn((char *)head + 2, " \t");

		start[strcspn(start, " \t\n")] = 0;
		if (num == ENOENT && strchr(start, '\r'))
			fail_hint("its first line ends with a carriage return");
		else if (num == ENOENT)
			fail_hint("its interpreter %s is not in the root filesystem", start);
	} else if (n > 4 && !memcmp(head, ELFMAG, SELFMAG)) {
		explain_elf(head, n, fd);
	} else if (num == ENOEXEC) {
		fail_hint("it is neither a program nor a script with an interpreter line");
	}
	return -1;
}
