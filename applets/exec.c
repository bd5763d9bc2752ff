/* exec.c - a further process in a container: from options to struct enter. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <limits.h>
#include <string.h>

struct exec_opts {
	const char *process, *cwd, *user, *process_label, *apparmor;
	const char *console_socket, *pidfd_socket, *pid_file;
	struct opt_list env, caps, gids, cgroups;
	long preserve_fds;
	bool tty, detach, no_new_privs, ignore_paused, no_subreaper;
};

static int parse_gids(const struct opt_list *gids, struct enter *how)
{
	how->additional_gids.at = arena_alloc(&arena, (gids->n + 1) * sizeof(uint32_t));
	how->additional_gids.n = gids->n;
	for (size_t i = 0; i < gids->n; i++)
		if (runc_id(gids->at[i], strlen(gids->at[i]), "gid", &how->additional_gids.at[i]) <
		    0)
			return -1;
	return 0;
}

/* An empty option counts as absent, because scripts pass such options. */
static const char *given(const char *text)
{
	return text && *text ? text : NULL;
}

static int check_env(const struct opt_list *env)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *eq = strchr(env->at[i], '=');

		if (!eq)
			return failx("invalid environment variable: \"%s\": must be KEY=VALUE",
				     env->at[i]);
		if (eq == env->at[i])
			return failx("environment variable name can't be empty: \"%s\"", eq);
	}
	return 0;
}

/* Reads the options. enter() checks what the container allows. */
static int plan_options(const struct exec_opts *o, int argc, char **argv, struct enter *how)
{
	how->root = globals.root;
	how->rootless = globals.is_rootless;
	how->id = argv[0];
	how->process = given(o->process);
	if (!how->process && argc < 2)
		return failx("exec args cannot be empty");
	how->args.at = (const char **)(argv + 1);
	how->args.n = how->process ? 0 : argc - 1;
	how->env.at = o->env.at;
	how->env.n = o->env.n;
	how->caps.at = o->caps.at;
	how->caps.n = o->caps.n;
	how->cgroups.at = o->cgroups.at;
	how->cgroups.n = o->cgroups.n;
	how->cwd = given(o->cwd);
	how->process_label = given(o->process_label);
	how->apparmor = given(o->apparmor);
	how->no_new_privs = o->no_new_privs;
	how->terminal = o->tty;
	how->console_socket = given(o->console_socket);
	how->pidfd_socket = given(o->pidfd_socket);
	how->detach = o->detach;
	how->subreaper = !o->no_subreaper && !o->detach;
	how->ignore_paused = o->ignore_paused;
	if (runc_preserve(0, o->preserve_fds, true, &how->preserve_fds) < 0)
		return -1;
	if (o->user && *o->user) {
		how->has_user = true;
		how->has_gid = strchr(o->user, ':');
		if (runc_user(o->user, &how->uid, &how->gid) < 0)
			return -1;
	}
	if (check_env(&o->env) < 0 || parse_gids(&o->gids, how) < 0)
		return -1;
	return runc_absolute(o->pid_file, &how->pid_file);
}

static int exec_run(void *opts, int argc, char **argv)
{
	struct enter how = { 0 };
	struct started started = STARTED_INIT;
	int status = plan_options(opts, argc, argv, &how);

	if (!status)
		status = enter(&arena, &how, &started);
	if (!status && !how.detach)
		status = foreground_exec(&started);
	return status < 0 ? fail_in("exec failed") : status;
}

#define AT(field) offsetof(struct exec_opts, field)
static const struct opt exec_opts[] = {
	{ "process", 'p', OPT_STR, AT(process), "FILE",
	  "read a process object in JSON, instead of the options about the process" },
	{ "user", 'u', OPT_STR, AT(user), "UID[:GID]", "run as these ids" },
	{ "additional-gids", 'g', OPT_LIST, AT(gids), "GID", "add a group; may be repeated" },
	{ "cwd", 0, OPT_STR, AT(cwd), "DIR", "working directory in the container" },
	{ "env", 'e', OPT_LIST, AT(env), "KEY=VALUE", "add to the environment; may be repeated" },
	{ "tty", 't', OPT_FLAG, AT(tty), NULL, "give it a terminal" },
	{ "detach", 'd', OPT_FLAG, AT(detach), NULL, "exit when it runs" },
	{ "cap", 'c', OPT_LIST, AT(caps), "CAP_X", "add a capability; may be repeated" },
	{ "no-new-privs", 0, OPT_FLAG, AT(no_new_privs), NULL, "set the no_new_privs bit" },
	{ "process-label", 0, OPT_STR, AT(process_label), "LABEL", "SELinux label" },
	{ "apparmor", 0, OPT_STR, AT(apparmor), "PROFILE", "AppArmor profile" },
	{ "cgroup", 0, OPT_LIST, AT(cgroups), "[CTRL,...:]PATH",
	  "cgroup below the container's; with controllers (cgroup v1) may be repeated" },
	{ "console-socket", 0, OPT_STR, AT(console_socket), "SOCKET",
	  "unix socket that receives the terminal's master" },
	{ "pidfd-socket", 0, OPT_STR, AT(pidfd_socket), "SOCKET",
	  "unix socket that receives a pidfd of the process" },
	{ "pid-file", 0, OPT_STR, AT(pid_file), "FILE", "write the pid of the process there" },
	{ "preserve-fds", 0, OPT_INT, AT(preserve_fds), "N",
	  "pass N descriptors from 3 on to the process" },
	{ "ignore-paused", 0, OPT_FLAG, AT(ignore_paused), NULL,
	  "allow a paused container, where the process waits until resume" },
	{ "no-subreaper", 0, OPT_FLAG, AT(no_subreaper), NULL,
	  "do not adopt orphans of the process" },
	{ NULL },
};

const struct applet exec_applet = {
	.name = "exec",
	.args = "ID COMMAND [ARG...]",
	.summary = "execute another process in a container",
	.text = "With --process the command comes from the file. In the foreground the exit status "
		"is that of the process, or 255 if it could not be executed.",
	.opts = exec_opts,
	.opts_size = sizeof(struct exec_opts),
	.args_min = 1,
	.args_max = -1,
	.stop_at_positional = true,
	.sealed = true,
	.run = exec_run,
	.fail_status = 255,
};
