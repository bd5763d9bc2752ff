/* env.c - environment and secrets that boot.json adds to a container. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <string.h>

#define SECRET_MAX (1 << 20)
#define SECRETS "/run/secrets" /* in the container */

/* The id outside of the container's user namespace. */
static uint32_t host_id(const oci_id_maps *maps, uint32_t id)
{
	int64_t host = oci_host_id(maps, id);

	return host < 0 ? id : host;
}

/* Of several variables with one name exe_env uses the last one. */
static void merge_env(struct arena *a, const struct boot_pairs *env, struct oci_process *p)
{
	const char **all = arena_more(a, p->env.at, p->env.n, env->n, sizeof(*all));

	list_each (v, *env)
		all[p->env.n++] = arena_printf(a, "%s=%s", v->key, v->value);
	p->env.at = all;
}

/* Copies the secrets into a directory on the tmpfs /run that only the container's user can read,
 * and adds a mount of it. */
static int put_secrets(struct arena *a, const struct unit *u, struct oci_config *c)
{
	const struct oci_linux *l = c->linux;
	const struct oci_user *user = &c->process->user;
	uid_t uid = l ? host_id(&l->uid_mappings, user->uid) : user->uid;
	gid_t gid = l ? host_id(&l->gid_mappings, user->gid) : user->gid;
	const char *at = arena_printf(a, BOOT_DIR "/%s.secrets", u->name);
	static const char *options[] = { "bind", "ro", "nosuid", "nodev", "noexec" };
	const char **names;
	char *text;
	size_t len;

	if (mkdir(at, 0500) < 0 && errno != EEXIST)
		return fail("make %s", at);
	names = boot_names(a, at, &len);
	while (len--)
		unlink(arena_printf(a, "%s/%s", at, names[len]));
	list_each (s, u->rule.secrets) {
		const char *file = arena_printf(a, "%s/%s", at, s->key);

		if (strchr(s->key, '/') || *s->key == '.')
			return failx("secrets: \"%s\" cannot be the name of a file", s->key);
		if (file_read(a, AT_FDCWD, s->value, SECRET_MAX, &text, &len) < 0 ||
		    file_replace(AT_FDCWD, file, text, len, 0400) < 0)
			return fail_in("secrets.%s", s->key);
		if (chown(file, uid, gid) < 0)
			return fail("chown %s", file);
	}
	if (chown(at, uid, gid) < 0)
		return fail("chown %s", at);
	oci_add_mount(a, c,
		      &(struct oci_mount){ .destination = SECRETS,
					   .type = "bind",
					   .source = at,
					   .options = { options, ARRAY_SIZE(options) } });
	return 0;
}

int env_add(struct arena *a, const struct unit *u, struct oci_config *c)
{
	merge_env(a, &u->rule.env, c->process);
	return u->rule.secrets.n ? put_secrets(a, u, c) : 0;
}
