/* delete.c - remove a container and all that belongs to it. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <stdlib.h>

struct delete_opts {
	bool force, regex;
};

static int delete_one(const char *id, bool force)
{
	struct life life __cleanup(life_close) = LIFE_INIT;

	if (life_open(&arena, globals.root, id, force ? LIFE_FORCE : LIFE_REMOVE, &life) < 0) {
		if (!force || err_num() != ENOENT)
			return -1;
		err_clear("delete --force of what does not exist is done already");
		return 0;
	}
	if (life.cgroup)
		cgroup_user_bus(life.cgroup, getenv("DBUS_SESSION_BUS_ADDRESS"));
	return life_delete(&arena, &life, force);
}

static int delete_each(const char *id, const void *force)
{
	return delete_one(id, *(const bool *)force);
}

static int delete_run(void *opts, int argc, char **argv)
{
	const struct delete_opts *o = opts;

	if (o->regex)
		return runc_each(argv[0], delete_each, &o->force);
	return delete_one(argv[0], o->force);
}

static const struct opt delete_opts[] = {
	{ "force", 'f', OPT_FLAG, offsetof(struct delete_opts, force), NULL,
	  "kill the container first if it runs; it is not an error if it does not exist" },
	{ "regex", 'r', OPT_FLAG, offsetof(struct delete_opts, regex), NULL,
	  "ID is a regular expression: delete all containers it matches" },
	{ NULL },
};

const struct applet delete_applet = {
	.name = "delete",
	.args = "ID",
	.summary = "remove a stopped container and all that belongs to it",
	.opts = delete_opts,
	.opts_size = sizeof(struct delete_opts),
	.args_min = 1,
	.args_max = 1,
	.run = delete_run,
};
