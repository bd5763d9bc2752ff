/* rules.c - a member of `containers` in boot.json: its rows, and the rule that they make. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/rows.h"

#include <stdio.h>
#include <string.h>

static const struct json_word type_words[] = { { "service", false },
					       { "task", true },
					       { NULL, 0 } };
static const struct json_word on_words[] = { { "boot", false }, { "shutdown", true }, { NULL, 0 } };
static const struct json_word when_words[] = {
	{ "started", BOOT_STARTED }, { "ready", BOOT_READY }, { "done", BOOT_DONE }, { NULL, 0 }
};

static const struct json_field backoff_fields[] = { ROW(STR, "first", boot_backoff, first),
						    ROW(STR, "max", boot_backoff, max),
						    { NULL } };
static const struct json_field limit_fields[] = {
	ROW(U32, "count", boot_limit, count, .flags = JF_PTR),
	ROW(STR, "interval", boot_limit, interval),
	{ NULL },
};
static const struct json_field ready_fields[] = {
	ROW(BOOL, "notify", boot_ready, notify),
	ROW(STR, "file", boot_ready, file),
	ROW(LIST, "command", boot_ready, command, .elem = JK_STR),
	{ NULL },
};
static const struct json_field health_fields[] = {
	ROW(LIST, "command", boot_health, command, .elem = JK_STR),
	ROW(STR, "interval", boot_health, interval),
	ROW(STR, "timeout", boot_health, timeout),
	ROW(U32, "retries", boot_health, retries, .flags = JF_PTR),
	{ NULL },
};
static const struct json_type ready_type = { sizeof(struct boot_ready), ready_fields };
static const struct json_type health_type = { sizeof(struct boot_health), health_fields };
static const struct json_type backoff_type = { sizeof(struct boot_backoff), backoff_fields };
static const struct json_type limit_type = { sizeof(struct boot_limit), limit_fields };
static const struct json_field net_fields[] = {
	ROW(STR, "device", net_setup, device),
	ROW(STR, "bridge", net_setup, bridge),
	ROW(STR, "address", net_setup, address),
	ROW(STR, "gateway", net_setup, gateway),
	{ NULL },
};
const struct json_type boot_net_type = { sizeof(struct net_setup), net_fields };
#if WITH_VERITY
static const struct json_field verity_fields[] = {
	ROW(STR, "hash", verity, hash),
	ROW(STR, "root", verity, root),
	ROW(STR, "signature", verity, signature),
	{ NULL },
};
static const struct json_type verity_type = { sizeof(struct verity), verity_fields };
#endif
static const struct json_field row_fields[] = {
	ROW(STR, "name", boot_row, name),
	ROW(ENUM, "type", boot_row, type, .flags = JF_PTR, .sub = type_words),
	ROW(ENUM, "on", boot_row, on, .flags = JF_PTR, .sub = on_words),
	ROW(LIST, "after", boot_row, after, .elem = JK_STR),
	ROW(ENUM, "when", boot_row, when, .flags = JF_PTR, .sub = when_words),
	ROW(OBJ, "ready", boot_row, ready, .sub = &ready_type),
	ROW(OBJ, "health", boot_row, health, .sub = &health_type),
	ROW(ENUM, "restart", boot_row, restart, .flags = JF_PTR, .sub = boot_restart_words),
	ROW(OBJ, "backoff", boot_row, backoff, .sub = &backoff_type),
	ROW(OBJ, "startLimit", boot_row, limit, .sub = &limit_type),
	ROW(STR, "log", boot_row, log),
	ROW(RAW, "logSize", boot_row, log_size),
	ROW(STR, "startTimeout", boot_row, start_timeout),
	ROW(STR, "stopSignal", boot_row, stop_signal),
	ROW(STR, "stopTimeout", boot_row, stop_timeout),
#if WITH_UPDATE
	ROW(STR, "updateGrace", boot_row, grace),
#endif
	ROW(BOOL, "disabled", boot_row, disabled, .flags = JF_PTR),
#if WITH_ENV
	ROW(MAP, "env", boot_row, env, .elem = JK_STR),
	ROW(MAP, "secrets", boot_row, secrets, .elem = JK_STR),
#endif
#if WITH_BOOT_NET
	ROW(OBJ, "network", boot_row, net, .sub = &boot_net_type),
#endif
#if WITH_VERITY
	ROW(OBJ, "verity", boot_row, verity, .sub = &verity_type),
#endif
	ROW(BOOL, "essential", boot_row, essential, .flags = JF_PTR),
	{ NULL },
};
const struct json_type boot_row_type = { sizeof(struct boot_row), row_fields };

#define MEMORY_LOG (64 << 10) /* logSize of a log in memory that has none */

/* ---- texts that json_bind does not check ----------------------------------------------------- */

/* These convert a text to *out, a member of struct boot_rule. False: the text is invalid. */
static bool to_time(const char *text, void *out)
{
	return boot_time(text, out);
}

static bool to_signal(const char *text, void *out)
{
	int sig = proc_signal(text);

	if (sig < 1 || sig == SIGSTOP) /* SIGSTOP does not end a process */
		return false;
	*(int *)out = sig;
	return true;
}

static bool to_size(const char *text, void *out)
{
	int64_t bytes;

	if (!oci_size(text, &bytes) || bytes < 0)
		return false;
	*(uint64_t *)out = bytes;
	return true;
}

#if WITH_BOOT_NET
static bool to_name(const char *text, void *out)
{
	return net_name(text) && (*(const char **)out = text);
}

static bool to_address(const char *text, void *out)
{
	struct net_address address;

	return net_address(text, true, &address) && (*(const char **)out = text);
}

static bool to_gateway(const char *text, void *out)
{
	struct net_address address;

	return net_address(text, false, &address) && (*(const char **)out = text);
}
#endif

/* "memory" becomes a directory on the tmpfs of /run. */
static bool to_log(const char *text, void *out)
{
	if (!boot_log(text))
		return false;
	*(const char **)out = strcmp(text, "memory") ? text : BOOT_LOGS;
	return true;
}

static const struct value {
	const char *path, *want;
	unsigned short from, to; /* in struct boot_row and boot_rule */
	bool raw; /* a number or a text */
	bool (*convert)(const char *text, void *out);
} values[] = {
#define VALUE(path, want, from, to, raw, convert)                                                  \
	{                                                                                          \
		path, want, offsetof(struct boot_row, from), offsetof(struct boot_rule, to), raw,  \
			convert                                                                    \
	}
	VALUE("backoff.first", WANT_TIME, backoff.first, backoff_first, false, to_time),
	VALUE("backoff.max", WANT_TIME, backoff.max, backoff_max, false, to_time),
	VALUE("startLimit.interval", WANT_TIME, limit.interval, start_interval, false, to_time),
	VALUE("startTimeout", WANT_TIME, start_timeout, start_timeout, false, to_time),
	VALUE("stopTimeout", WANT_TIME, stop_timeout, stop_timeout, false, to_time),
#if WITH_UPDATE
	VALUE("updateGrace", WANT_TIME, grace, grace, false, to_time),
#endif
	VALUE("health.interval", WANT_TIME, health.interval, health_interval, false, to_time),
	VALUE("health.timeout", WANT_TIME, health.timeout, health_timeout, false, to_time),
	VALUE("stopSignal", "a signal such as SIGTERM, but not SIGSTOP", stop_signal, stop_signal,
	      false, to_signal),
#if WITH_BOOT_NET
	VALUE("network.device", "the name of a network device", net.device, net.device, false,
	      to_name),
	VALUE("network.bridge", "the name of a network device", net.bridge, net.bridge, false,
	      to_name),
	VALUE("network.address", "an address such as 10.0.0.2/24", net.address, net.address, false,
	      to_address),
	VALUE("network.gateway", "an address such as 10.0.0.1", net.gateway, net.gateway, false,
	      to_gateway),
#endif
	VALUE("log", WANT_LOG, log, log, false, to_log),
	VALUE("logSize", "bytes, or a size such as 64k or 1M", log_size, log_size, true, to_size),
#undef VALUE
};

/* The value as a text; NULL: it is not set. */
static const char *value_text(const struct boot_row *r, const struct value *v, char buf[64])
{
	const void *const *at = (const void *const *)((const char *)r + v->from);
	const struct json *j;

	if (!*at || !v->raw)
		return *at;
	j = *at;
	/* Another type, such as a list, becomes "", which is not a size. */
	snprintf(buf, 64, "%.*s", j->type < JSON_NUMBER || j->type > JSON_STRING ? 0 : (int)j->len,
		 j->str ? j->str : "");
	return buf;
}

static void check_value(struct json_faults *faults, const struct json *tree, const char *path,
			const struct value *v, const struct boot_row *r)
{
	char what[192], buf[64];
	struct boot_rule rule;
	const char *text = value_text(r, v, buf);

	if (!text || v->convert(text, (char *)&rule + v->to))
		return;
	snprintf(what, sizeof(what), "\"%.64s\" is not a value for it: it takes %s", text, v->want);
	json_fault(faults, json_path(tree, path), path, what);
}

void boot_row_check(struct json_faults *faults, const struct json *tree, const char *at,
		    const struct boot_row *r)
{
	char path[96];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		snprintf(path, sizeof(path), "%s.%s", at, values[i].path);
		check_value(faults, tree, path, &values[i], r);
	}
}

void boot_net_check(struct json_faults *faults, const struct json *tree, const char *at,
		    const struct net_setup *n)
{
	const struct boot_row r = { .net = *n };
	const char *fault = net_fault(n, false);
	char path[96];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		if (strncmp(values[i].path, "network.", 8))
			continue;
		snprintf(path, sizeof(path), "%s%s", at, values[i].path + 7);
		check_value(faults, tree, path, &values[i], &r);
	}
	if (fault)
		json_fault(faults, json_path(tree, at), at, fault);
}

/* Copies the values of a row to rule. Invalid values were reported before, and change nothing. */
static void apply_row(const struct boot_row *r, struct boot_rule *rule)
{
	char buf[64];

	if (r->type)
		rule->task = *r->type;
	if (r->on)
		rule->at_end = *r->on;
	if (r->after.at)
		rule->after = r->after.at;
	if (r->when)
		rule->when = *r->when;
	rule->ready_notify |= r->ready.notify;
	if (r->ready.file)
		rule->ready_file = r->ready.file;
	if (r->ready.command.n)
		rule->ready_command = r->ready.command.at;
	if (r->health.command.n)
		rule->health = r->health.command.at;
	if (r->health.retries && *r->health.retries)
		rule->health_retries = *r->health.retries;
	if (r->restart)
		rule->restart = *r->restart;
	if (r->limit.count)
		rule->start_count = *r->limit.count;
	if (r->disabled)
		rule->disabled = *r->disabled;
	if (r->env.n)
		rule->env = r->env;
	if (r->secrets.n)
		rule->secrets = r->secrets;
	if (verity_is_set(&r->verity))
		rule->verity = r->verity;
	if (r->essential)
		rule->essential = *r->essential;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const char *text = value_text(r, &values[i], buf);

		if (text)
			values[i].convert(text, (char *)rule + values[i].to);
	}
}

void boot_rule(const struct boot_settings *s, const char *name, struct boot_rule *out)
{
	bool sized = false;

	*out = (struct boot_rule){
		.restart = s->restart,
		.when = BOOT_READY,
		.health_interval = 30000,
		.health_timeout = 10000,
		.health_retries = 3,
		.stop_signal = SIGTERM,
		.backoff_first = 1000,
		.backoff_max = 60000,
		.start_count = 5,
		.start_interval = 10000,
		.start_timeout = 30000,
		.stop_timeout = 10000,
		.grace = 10000,
		.log_size = UINT64_MAX,
		.syslog = s->syslog,
	};
	to_log(s->log, &out->log);
	if (s->defaults)
		apply_row(s->defaults, out);
	list_each (r, s->containers)
		if (r->name && !strcmp(r->name, name))
			apply_row(r, out);
	out->task |= out->at_end;
	if (out->log_size == UINT64_MAX)
		out->log_size = 1 << 20;
	else
		sized = true;
	/* Two files share the memory that logSize allows. Without a limit they could take all
	 * memory of the machine. */
	if (!strcmp(out->log, BOOT_LOGS))
		out->log_size = sized && out->log_size ? out->log_size / 2 + 1 : MEMORY_LOG / 2;
}

const char *boot_row_name(const struct boot_settings *s, size_t i)
{
	/* A member without a name was reported before. */
	return i >= s->containers.n	  ? NULL
	       : s->containers.at[i].name ? s->containers.at[i].name
					  : "";
}

const char *boot_name(const char *dir)
{
	size_t digits = strspn(dir, "0123456789");

	return digits && dir[digits] == '-' && dir[digits + 1] ? dir + digits + 1 : dir;
}

static bool not_hidden(const struct dirent *e)
{
	return *e->d_name != '.';
}

const char **boot_names(struct arena *a, const char *path, size_t *n)
{
	const char **names = NULL;
	DIR *dir = opendir(path);

	*n = 0;
	if (!dir)
		fail("open %s", path);
	if (!dir || names_read(a, dir, path, not_hidden, &names, n) < 0)
		console_error();
	if (dir)
		closedir(dir);
	return names;
}
