/* settings.c - ocibox.KEY=VALUE of the command line and boot.json, by the same rows. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <string.h>

/* ---- the simple settings -------------------------------------------------------------------------- */

static const struct json_word restart_words[] = {
	{ "no", BOOT_NO }, { "on-failure", BOOT_ON_FAILURE }, { "always", BOOT_ALWAYS }, { NULL, 0 }
};
static const struct json_word cgroup_words[] = {
	{ "none", BOOT_CGROUP_NONE },
	{ "v1", BOOT_CGROUP_V1 },
	{ "hybrid", BOOT_CGROUP_HYBRID },
	{ "v2", BOOT_CGROUP_V2 },
	{ NULL, 0 },
};
const struct json_word boot_goal_words[] = {
	{ "wait", BOOT_WAIT },
	{ "poweroff", BOOT_POWEROFF },
	{ "reboot", BOOT_REBOOT },
	{ "halt", BOOT_HALT },
	{ NULL, 0 },
};
static const struct json_word bool_words[] = {
	{ "yes", 1 }, { "true", 1 },  { "1", 1 }, { "", 1 },
	{ "no", 0 },  { "false", 0 }, { "0", 0 }, { NULL, 0 },
};

enum kind { TEXT, WORD, TIME, BOOL };
#define AT(field) offsetof(struct boot_settings, field)
static const struct {
	const char *key;
	unsigned char kind;
	unsigned short offset;
	const struct json_word *words;
} rows[] = {
	{ "config", TEXT, AT(config), NULL },
	{ "bundles", TEXT, AT(bundles), NULL },
	{ "hostname", TEXT, AT(hostname), NULL },
	{ "log", TEXT, AT(log), NULL },
	{ "cgroup", WORD, AT(cgroup), cgroup_words },
	{ "restart", WORD, AT(restart), restart_words },
	{ "done", WORD, AT(done), boot_goal_words },
	{ "watchdog", TIME, AT(watchdog), NULL },
	{ "wait", TIME, AT(wait), NULL },
	{ "shell", BOOL, AT(shell), bool_words },
	{ "debug", BOOL, AT(debug), bool_words },
};

void boot_defaults(struct boot_settings *s)
{
	*s = (struct boot_settings){
		.bundles = "/bundles",
		.log = "console",
		.cgroup = BOOT_CGROUP_V2,
		.wait = 10000,
	};
}

/* Seconds, or a duration with units. What is refused leaves *ms as it is. */
static bool parse_time(const char *text, int64_t *ms)
{
	uint64_t seconds;
	int64_t value;

	if (json_number_u64(text, strlen(text), &seconds)) {
		if (seconds > 1000000000)
			return false;
		value = (int64_t)seconds * 1000;
	} else if (!clock_duration(text, &value) || value < 0) {
		return false;
	}
	*ms = value;
	return true;
}

int boot_set(struct boot_settings *s, const char *key, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *at = (char *)s + rows[i].offset;
		int word;

		if (strcmp(rows[i].key, key))
			continue;
		word = rows[i].words ? json_word_value(rows[i].words, value) : *value ? 0 : -1;
		if (rows[i].kind == TIME && !parse_time(value, (int64_t *)at))
			word = -1;
		if (word < 0)
			return failx("%s: \"%s\" is no value for it", key, value);
		if (rows[i].kind == TEXT)
			*(const char **)at = value;
		else if (rows[i].kind == WORD)
			*(int *)at = word;
		else if (rows[i].kind == BOOL)
			*(bool *)at = word;
		return 0;
	}
	return failx("%s: there is no such setting", key);
}

void boot_show(const struct boot_settings *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = (const char *)s + rows[i].offset, *text;

		if (rows[i].kind == TIME) {
			console_say("%s: %ld ms", rows[i].key, (long)*(const int64_t *)at);
			continue;
		}
		text = rows[i].kind == TEXT
			       ? *(char *const *)at
			       : json_word_name(rows[i].words, rows[i].kind == BOOL
								       ? *(const bool *)at
								       : *(const int *)at);
		console_say("%s: %s", rows[i].key, text ? text : "as it is");
	}
}

/* A word, its quotes taken out; *text goes behind it. NULL at the end. */
static char *next_word(char **text)
{
	char *from = *text + strspn(*text, " \t\n"), *to = from, *word = from;
	bool quoted = false;

	if (!*from)
		return NULL;
	for (; *from && (quoted || !strchr(" \t\n", *from)); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	*text = from + !!*from;
	*to = 0;
	return word;
}

void boot_set_words(struct boot_settings *s, char *text, void (*tell)(void))
{
	char *word, *value;

	while ((word = next_word(&text))) {
		if (strncmp(word, "ocibox.", 7))
			continue;
		value = strchr(word, '=');
		if (value)
			*value++ = 0;
		if (boot_set(s, word + 7, value ? value : "") < 0 && tell)
			tell();
	}
}

/* ---- containers ------------------------------------------------------------------------------------ */

struct boot_backoff {
	const char *first, *max;
};
struct boot_limit {
	uint32_t *count;
	const char *interval;
};
struct boot_row {
	const char *name;
	int *restart;
	struct boot_backoff backoff;
	struct boot_limit limit;
	const char *log;
	uint64_t *log_size;
	const char *start_timeout, *stop_signal, *stop_timeout;
	bool *disabled;
};

#define ROW(kind_, name_, struct_, member_, ...)                                                   \
	{                                                                                          \
		.name = name_, .kind = JK_##kind_, .offset = offsetof(struct struct_, member_),    \
		##__VA_ARGS__                                                                      \
	}

static const struct json_field backoff_fields[] = { ROW(STR, "first", boot_backoff, first),
						    ROW(STR, "max", boot_backoff, max),
						    { NULL } };
static const struct json_field limit_fields[] = {
	ROW(U32, "count", boot_limit, count, .flags = JF_PTR),
	ROW(STR, "interval", boot_limit, interval),
	{ NULL },
};
static const struct json_type backoff_type = { sizeof(struct boot_backoff), backoff_fields };
static const struct json_type limit_type = { sizeof(struct boot_limit), limit_fields };
static const struct json_field row_fields[] = {
	ROW(STR, "name", boot_row, name),
	ROW(ENUM, "restart", boot_row, restart, .flags = JF_PTR, .sub = restart_words),
	ROW(OBJ, "backoff", boot_row, backoff, .sub = &backoff_type),
	ROW(OBJ, "startLimit", boot_row, limit, .sub = &limit_type),
	ROW(STR, "log", boot_row, log),
	ROW(U64, "logSize", boot_row, log_size, .flags = JF_PTR),
	ROW(STR, "startTimeout", boot_row, start_timeout),
	ROW(STR, "stopSignal", boot_row, stop_signal),
	ROW(STR, "stopTimeout", boot_row, stop_timeout),
	ROW(BOOL, "disabled", boot_row, disabled, .flags = JF_PTR),
	{ NULL },
};
static const struct json_type row_type = { sizeof(struct boot_row), row_fields };
static const struct json_field file_fields[] = {
	ROW(LIST, "mounts", boot_settings, mounts, .elem = JK_OBJ, .sub = &oci_mount_type),
	ROW(OBJ, "defaults", boot_settings, defaults, .flags = JF_PTR, .sub = &row_type),
	ROW(LIST, "containers", boot_settings, containers, .elem = JK_OBJ, .sub = &row_type),
	{ NULL },
};
static const struct json_type file_type = { sizeof(struct boot_settings), file_fields };

static bool put_time(const char *text, int64_t *ms)
{
	return !text || parse_time(text, ms);
}

/* What row says goes into rule. The member whose value is none, or NULL. */
static const char *apply_row(const struct boot_row *r, struct boot_rule *rule)
{
	if (r->restart)
		rule->restart = *r->restart;
	if (r->limit.count)
		rule->start_count = *r->limit.count;
	if (r->log && *r->log)
		rule->log = r->log;
	if (r->log_size)
		rule->log_size = *r->log_size;
	if (r->disabled)
		rule->disabled = *r->disabled;
	if (r->stop_signal) {
		int sig = proc_signal(r->stop_signal);

		if (sig < 1 || sig == SIGSTOP) /* which ends nothing */
			return "stopSignal";
		rule->stop_signal = sig;
	}
	if (!put_time(r->backoff.first, &rule->backoff_first) ||
	    !put_time(r->backoff.max, &rule->backoff_max))
		return "backoff";
	if (!put_time(r->limit.interval, &rule->start_interval))
		return "startLimit.interval";
	if (!put_time(r->start_timeout, &rule->start_timeout))
		return "startTimeout";
	return put_time(r->stop_timeout, &rule->stop_timeout) ? NULL : "stopTimeout";
}

void boot_rule(const struct boot_settings *s, const char *name, struct boot_rule *out)
{
	*out = (struct boot_rule){
		.restart = s->restart,
		.stop_signal = SIGTERM,
		.backoff_first = 1000,
		.backoff_max = 60000,
		.start_count = 5,
		.start_interval = 10000,
		.start_timeout = 30000,
		.stop_timeout = 10000,
		.log_size = 1 << 20,
		.log = s->log,
	};
	if (s->defaults)
		apply_row(s->defaults, out);
	list_each (r, s->containers)
		if (!strcmp(r->name, name))
			apply_row(r, out);
}

const char *boot_row_name(const struct boot_settings *s, size_t i)
{
	return i < s->containers.n ? s->containers.at[i].name : NULL;
}

const char *boot_name(const char *dir)
{
	size_t digits = strspn(dir, "0123456789");

	return digits && dir[digits] == '-' && dir[digits + 1] ? dir + digits + 1 : dir;
}

/* ---- the document ------------------------------------------------------------------------------------- */

struct first_fault {
	struct json_faults faults;
	const char *file, *text;
};

static int report(struct json_faults *self, const struct json *at, const char *path,
		  const char *what)
{
	const struct first_fault *f = (const struct first_fault *)self;
	unsigned line, col;

	json_place(f->text, at ? at->off : 0, &line, &col);
	failx("%s:%u:%u: %s%s%s", f->file, line, col, path, *path ? ": " : "", what);
	return -1;
}

/* A value that no row could judge by its kind alone. */
static int check_row(struct first_fault *f, const struct json *tree, const char *at,
		     const struct boot_row *r, bool named)
{
	struct boot_rule rule;
	const char *bad = apply_row(r, &rule);
	char path[64];

	if (named && (!r->name || !*r->name))
		bad = "name";
	if (!bad)
		return 0;
	snprintf(path, sizeof(path), "%s.%s", at, bad);
	return json_fault(&f->faults, json_path(tree, path), path, "is no value for it");
}

static bool is_row(const struct json_type *type, const char *key)
{
	for (const struct json_field *f = type->fields; f->name; f++)
		if (!strcmp(f->name, key))
			return true;
	return false;
}

static void tell_unknown(const struct json *obj, const struct json_type *type, const char *file,
			 void (*tell)(void))
{
	for (const struct json *v = obj ? obj->child : NULL; v; v = v->next) {
		if (is_row(type, v->key) || !tell)
			continue;
		failx("%s: %s: there is no such member", file, v->key);
		tell();
	}
}

static int set_simple(struct arena *a, struct first_fault *f, struct boot_settings *s,
		      const struct json *tree, void (*tell)(void))
{
	for (const struct json *v = tree->child; v; v = v->next) {
		const char *text = v->type == JSON_TRUE	    ? "yes"
				   : v->type == JSON_FALSE  ? "no"
				   : v->type == JSON_STRING ? v->str
				   : v->type == JSON_NUMBER ? arena_strndup(a, v->str, v->len)
							    : NULL;

		if (is_row(&file_type, v->key))
			continue;
		if (!text || !strcmp(v->key, "config"))
			return json_fault(&f->faults, v, v->key, "is no setting of this kind");
		if (boot_set(s, v->key, text) < 0) {
			fail_in("%s", f->file);
			if (tell)
				tell();
		}
	}
	return 0;
}

int boot_set_json(struct arena *a, struct boot_settings *s, const char *file, char *text,
		  size_t len, void (*tell)(void))
{
	struct first_fault f = { .faults.report = report, .file = file, .text = text };
	struct boot_settings fresh = *s;
	struct json_error err;
	struct json bad = { 0 }, *tree = json_parse(a, text, len, &err);
	const struct json *v;
	char at[32];

	if (!tree) {
		bad.off = err.off;
		return report(&f.faults, &bad, "", err.what);
	}
	if (json_bind(a, tree, &file_type, &fresh, &f.faults) < 0 ||
	    set_simple(a, &f, &fresh, tree, tell) < 0)
		return -1;
	if (fresh.defaults && check_row(&f, tree, "defaults", fresh.defaults, false) < 0)
		return -1;
	tell_unknown(json_get(tree, "defaults"), &row_type, file, tell);
	v = fresh.containers.n ? json_get(tree, "containers")->child : NULL;
	for (size_t i = 0; i < fresh.containers.n; i++, v = v->next) {
		snprintf(at, sizeof(at), "containers[%u]", (unsigned)i);
		if (check_row(&f, tree, at, &fresh.containers.at[i], true) < 0)
			return -1;
		tell_unknown(v, &row_type, file, tell);
	}
	*s = fresh;
	return 0;
}
