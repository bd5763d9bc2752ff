/* settings.c - reads ocibox.KEY=VALUE of the command line, and boot.json, by the same rows. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <stdio.h>
#include <string.h>

/* ---- the simple settings --------------------------------------------------------------------- */

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
static const struct json_word type_words[] = { { "service", false },
					       { "task", true },
					       { NULL, 0 } };
static const struct json_word when_words[] = {
	{ "started", BOOT_STARTED }, { "ready", BOOT_READY }, { "done", BOOT_DONE }, { NULL, 0 }
};
static const struct json_word bool_words[] = {
	{ "yes", 1 }, { "true", 1 },  { "1", 1 }, { "", 1 },
	{ "no", 0 },  { "false", 0 }, { "0", 0 }, { NULL, 0 },
};

#define WANT_TIME "a time such as 10s, 500ms or 1m30s"

enum kind { TEXT, WORD, TIME, BOOL, COUNT };
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
	{ "rebootFile", TEXT, AT(reboot_file), NULL },
	{ "rebootLimit", COUNT, AT(reboot_limit), NULL },
	{ "shell", BOOL, AT(shell), bool_words },
	{ "debug", BOOL, AT(debug), bool_words },
	{ "stamp", BOOL, AT(stamp), bool_words },
};

void boot_defaults(struct boot_settings *s)
{
	*s = (struct boot_settings){
		.bundles = "/bundles",
		.log = "console",
		.cgroup = BOOT_CGROUP_V2,
		.wait = 10000,
		.reboot_limit = 3,
	};
}

/* Reads seconds, or a duration with units. It does not change *ms if the text is invalid. */
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

/* The allowed words for a message: "no, on-failure or always". */
static const char *allowed(const struct json_word *words)
{
	static char text[128];
	size_t n = 0;

	for (const struct json_word *w = words; w->word; w++)
		if (*w->word)
			n += snprintf(text + n, sizeof(text) - n, "%s%s",
				      w == words  ? ""
				      : w[1].word ? ", "
						  : " or ",
				      w->word);
	return text;
}

static int refuse(size_t row, const char *value)
{
	const char *want = rows[row].kind == TEXT    ? "a text"
			   : rows[row].kind == TIME  ? WANT_TIME
			   : rows[row].kind == COUNT ? "a number"
			   : rows[row].kind == BOOL  ? "yes or no"
						     : allowed(rows[row].words);

	return failx("%s: \"%s\" is not a value for it: it takes %s", rows[row].key, value, want);
}

/* Makes the record about a name that does not exist, with the nearest one that does. */
static int no_such(const char *what, const struct json_near *near)
{
	failx("%s", what);
	return near->best ? fail_hint("did you mean %s?", near->best) : -1;
}

int boot_set(struct boot_settings *s, const char *key, const char *value)
{
	struct json_near near = { .name = key };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *at = (char *)s + rows[i].offset;
		int word;

		if (strcmp(rows[i].key, key))
			continue;
		word = rows[i].words ? json_word_value(rows[i].words, value) : *value ? 0 : -1;
		if (rows[i].kind == TIME && !parse_time(value, (int64_t *)at))
			word = -1;
		if (rows[i].kind == COUNT && !json_number_i64(value, strlen(value), (int64_t *)at))
			word = -1;
		if (word < 0)
			return refuse(i, value);
		if (rows[i].kind == TEXT)
			*(const char **)at = value;
		else if (rows[i].kind == WORD)
			*(int *)at = word;
		else if (rows[i].kind == BOOL)
			*(bool *)at = word;
		return 0;
	}
	for (size_t i = 0; *key && i < ARRAY_SIZE(rows); i++)
		json_near_offer(&near, rows[i].key);
	no_such("there is no such setting", &near);
	return fail_in("%s", key);
}

void boot_show(const struct boot_settings *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = (const char *)s + rows[i].offset, *text;
		char time[CLOCK_TEXT];

		if (rows[i].kind == TIME) {
			console_say("%s: %s", rows[i].key, clock_text(*(const int64_t *)at, time));
			continue;
		}
		snprintf(time, sizeof(time), "%lld", (long long)s->reboot_limit);
		text = rows[i].kind == COUNT ? time
		       : rows[i].kind == TEXT
			       ? *(char *const *)at
			       : json_word_name(rows[i].words, rows[i].kind == BOOL
								       ? *(const bool *)at
								       : *(const int *)at);
		console_say("%s: %s", rows[i].key, text ? text : "as it is");
	}
}

/* Takes the next word and removes its quotes; *text moves after it. NULL: no more words. */
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

/* ---- containers ------------------------------------------------------------------------------ */

struct boot_backoff {
	const char *first, *max;
};
struct boot_limit {
	uint32_t *count;
	const char *interval;
};
typedef LIST(const char *) boot_texts; /* ends with NULL */
struct boot_ready {
	bool notify;
	const char *file;
	boot_texts command;
};
struct boot_health {
	boot_texts command;
	const char *interval, *timeout;
	uint32_t *retries;
};
struct boot_row {
	const char *name;
	int *type, *when;
	boot_texts after;
	struct boot_ready ready;
	struct boot_health health;
	int *restart;
	struct boot_backoff backoff;
	struct boot_limit limit;
	const char *log;
	const struct json *log_size;
	const char *start_timeout, *stop_signal, *stop_timeout;
	bool *disabled, *essential;
	struct boot_pairs env, secrets;
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
static const struct json_field row_fields[] = {
	ROW(STR, "name", boot_row, name),
	ROW(ENUM, "type", boot_row, type, .flags = JF_PTR, .sub = type_words),
	ROW(LIST, "after", boot_row, after, .elem = JK_STR),
	ROW(ENUM, "when", boot_row, when, .flags = JF_PTR, .sub = when_words),
	ROW(OBJ, "ready", boot_row, ready, .sub = &ready_type),
	ROW(OBJ, "health", boot_row, health, .sub = &health_type),
	ROW(ENUM, "restart", boot_row, restart, .flags = JF_PTR, .sub = restart_words),
	ROW(OBJ, "backoff", boot_row, backoff, .sub = &backoff_type),
	ROW(OBJ, "startLimit", boot_row, limit, .sub = &limit_type),
	ROW(STR, "log", boot_row, log),
	ROW(RAW, "logSize", boot_row, log_size),
	ROW(STR, "startTimeout", boot_row, start_timeout),
	ROW(STR, "stopSignal", boot_row, stop_signal),
	ROW(STR, "stopTimeout", boot_row, stop_timeout),
	ROW(BOOL, "disabled", boot_row, disabled, .flags = JF_PTR),
#if WITH_ENV
	ROW(MAP, "env", boot_row, env, .elem = JK_STR),
	ROW(MAP, "secrets", boot_row, secrets, .elem = JK_STR),
#endif
	ROW(BOOL, "essential", boot_row, essential, .flags = JF_PTR),
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

/* ---- values that a row of JSON cannot check -------------------------------------------------- */

/* These convert a text to *out, a member of struct boot_rule. False: the text is invalid. */
static bool to_time(const char *text, void *out)
{
	return parse_time(text, out);
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
	VALUE("health.interval", WANT_TIME, health.interval, health_interval, false, to_time),
	VALUE("health.timeout", WANT_TIME, health.timeout, health_timeout, false, to_time),
	VALUE("stopSignal", "a signal such as SIGTERM, but not SIGSTOP", stop_signal, stop_signal,
	      false, to_signal),
	VALUE("logSize", "bytes, or a size such as 64k or 1M", log_size, log_size, true, to_size),
#undef VALUE
};

/* The value as a text; NULL: there is none. */
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

/* Copies the values of a row to rule. Invalid values were reported before, and change nothing. */
static void apply_row(const struct boot_row *r, struct boot_rule *rule)
{
	char buf[64];

	if (r->type)
		rule->task = *r->type;
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
	if (r->log && *r->log)
		rule->log = r->log;
	if (r->disabled)
		rule->disabled = *r->disabled;
	if (r->env.n)
		rule->env = r->env;
	if (r->secrets.n)
		rule->secrets = r->secrets;
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
		.log_size = 1 << 20,
		.log = s->log,
	};
	if (s->defaults)
		apply_row(s->defaults, out);
	list_each (r, s->containers)
		if (r->name && !strcmp(r->name, name))
			apply_row(r, out);
}

const char *boot_row_name(const struct boot_settings *s, size_t i)
{
	/* A row without a name was reported. */
	return i >= s->containers.n	  ? NULL
	       : s->containers.at[i].name ? s->containers.at[i].name
					  : "";
}

const char *boot_name(const char *dir)
{
	size_t digits = strspn(dir, "0123456789");

	return digits && dir[digits] == '-' && dir[digits + 1] ? dir + digits + 1 : dir;
}

/* ---- the document ---------------------------------------------------------------------------- */

/* The document that is read, and the function that gets its errors. */
struct reader {
	struct json_faults faults;
	const char *file, *text;
	void (*tell)(void);
};

/* Returns 0, so that reading continues: only the member with the error is left out. */
static int report(struct json_faults *self, const struct json *at, const char *path,
		  const char *what)
{
	const struct reader *r = (const struct reader *)self;
	unsigned line, col;

	json_place(r->text, at ? at->off : 0, &line, &col);
	failx("%s:%u:%u: %s%s%s", r->file, line, col, path, *path ? ": " : "", what);
	if (r->tell)
		r->tell();
	return 0;
}

static const char *unknown_word(const struct json_word *words)
{
	static char clause[192];

	snprintf(clause, sizeof(clause), "\"%%s\" is not a value for it: it takes %s",
		 allowed(words));
	return clause;
}

static void check_row(struct reader *f, const struct json *tree, const char *at,
		      const struct boot_row *r)
{
	char path[96], what[192], buf[64];
	struct boot_rule rule;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const struct value *v = &values[i];
		const char *text = value_text(r, v, buf);

		if (!text || v->convert(text, (char *)&rule + v->to))
			continue;
		snprintf(path, sizeof(path), "%s.%s", at, v->path);
		snprintf(what, sizeof(what), "\"%.64s\" is not a value for it: it takes %s", text,
			 v->want);
		json_fault(&f->faults, json_path(tree, path), path, what);
	}
}

static const struct json_field *row_of(const struct json_type *type, const char *key)
{
	for (const struct json_field *f = type->fields; f->name; f++)
		if (!strcmp(f->name, key))
			return f;
	return NULL;
}

static void check_unknown(struct reader *f, const struct json *obj, const char *at,
			  const struct json_type *type)
{
	char path[160], what[96];

	for (const struct json *v = obj && obj->type == JSON_OBJECT ? obj->child : NULL; v;
	     v = v->next) {
		const struct json_field *row = row_of(type, v->key);
		struct json_near near = { .name = v->key };

		snprintf(path, sizeof(path), "%s.%.80s", at, v->key);
		if (row && row->kind == JK_OBJ)
			check_unknown(f, v, path, row->sub);
		if (row)
			continue;
		for (row = type->fields; row->name; row++)
			json_near_offer(&near, row->name);
		no_such("there is no such member", &near);
		snprintf(what, sizeof(what), "%s", err_text());
		json_fault(&f->faults, v, path, what);
	}
}

static void set_simple(struct arena *a, struct reader *f, struct boot_settings *s,
		       const struct json *tree)
{
	for (const struct json *v = tree->child; v; v = v->next) {
		const char *text = v->type == JSON_TRUE	    ? "yes"
				   : v->type == JSON_FALSE  ? "no"
				   : v->type == JSON_STRING ? v->str
				   : v->type == JSON_NUMBER ? arena_strndup(a, v->str, v->len)
							    : NULL;

		if (row_of(&file_type, v->key))
			continue;
		if (!text || !strcmp(v->key, "config")) {
			json_fault(&f->faults, v, v->key,
				   text ? "stands on the kernel command line only"
					: "must be a text, a number, true or false");
		} else if (boot_set(s, v->key, text) < 0) {
			/* The message of boot_set begins with the key, so no path is added. */
			json_fault(&f->faults, v, "", arena_strdup(a, err_text()));
		}
	}
}

int boot_set_json(struct arena *a, struct boot_settings *s, const char *file, char *text,
		  size_t len, void (*tell)(void))
{
	struct reader f = { .faults = { .report = report, .unknown_word = unknown_word },
			    .file = file,
			    .text = text,
			    .tell = tell };
	struct json_error err;
	struct json bad = { 0 }, *tree = json_parse(a, text, len, &err);
	const struct json *v;
	char at[32];

	if (!tree) {
		bad.off = err.off;
		report(&f.faults, &bad, "", err.what);
		return 1;
	}
	if (json_bind(a, tree, &file_type, s, &f.faults) < 0)
		err_clear("each fault was reported");
	if (tree->type != JSON_OBJECT)
		return (int)f.faults.count;
	set_simple(a, &f, s, tree);
	if (s->defaults)
		check_row(&f, tree, "defaults", s->defaults);
	check_unknown(&f, json_get(tree, "defaults"), "defaults", &row_type);
	v = s->containers.n ? json_get(tree, "containers")->child : NULL;
	for (size_t i = 0; i < s->containers.n; i++, v = v->next) {
		snprintf(at, sizeof(at), "containers[%u]", (unsigned)i);
		if (v->type == JSON_OBJECT &&
		    (!s->containers.at[i].name || !*s->containers.at[i].name))
			json_fault(&f.faults, v, at, "has no name");
		check_row(&f, tree, at, &s->containers.at[i]);
		check_unknown(&f, v, at, &row_type);
	}
	return (int)f.faults.count;
}

int boot_read(struct arena *a, struct boot_settings *s, char **argv, bool kernel,
	      void (*tell)(void))
{
	static char line[4096];
	const char *file = "/etc/ocibox/boot.json";
	struct boot_settings probe;
	char *words = line, *text;
	size_t len;
	int faults = 0;

	if (kernel && file_read_line(AT_FDCWD, "/proc/cmdline", line, sizeof(line)) < 0)
		tell();
	for (; argv && *argv; argv++)
		if (!strncmp(*argv, "ocibox.", 7))
			words = arena_printf(a, "%s \"%s\"", words, *argv);
	boot_defaults(s);
	/* Read only `config` first, because the command line overrides the file. */
	boot_defaults(&probe);
	boot_set_words(&probe, arena_strdup(a, words), NULL);
	if (probe.config)
		file = probe.config;
	if (!probe.config && access(file, F_OK)) {
		err_clear("there need not be one");
	} else if (file_read(a, AT_FDCWD, file, 1 << 20, &text, &len) < 0) {
		faults = 1;
		tell();
	} else {
		faults = boot_set_json(a, s, file, text, len, tell);
	}
	boot_set_words(s, arena_strdup(a, words), tell);
	return faults;
}
