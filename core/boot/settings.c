/* settings.c - the simple settings: ocibox.KEY=VALUE, and members of boot.json by the same rows. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/rows.h"

#include <stdio.h>
#include <string.h>

const struct json_word boot_restart_words[] = {
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

enum kind { TEXT, WORD, TIME, BOOL, COUNT, LOG, SYSLOG };
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
	{ "log", LOG, AT(log), NULL },
	{ "syslog", SYSLOG, AT(syslog), NULL },
	{ "consoles", TEXT, AT(consoles), NULL },
	{ "cgroup", WORD, AT(cgroup), cgroup_words },
	{ "restart", WORD, AT(restart), boot_restart_words },
	{ "done", WORD, AT(done), boot_goal_words },
#if WITH_BUTTON
	{ "powerButton", WORD, AT(button), boot_goal_words },
#endif
	{ "watchdog", TIME, AT(watchdog), NULL },
	{ "wait", TIME, AT(wait), NULL },
	{ "grace", TIME, AT(grace), NULL },
	{ "clockFile", TEXT, AT(clock_file), NULL },
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
		.syslog = "/dev/log",
		.cgroup = BOOT_CGROUP_V2,
		.button = BOOT_POWEROFF,
		.wait = 10000,
		.grace = 2000,
		.reboot_limit = 3,
	};
}

/* Milliseconds, 31 years. Sums of longer times could overflow. */
#define TIME_MAX 1000000000000

bool boot_time(const char *text, int64_t *ms)
{
	uint64_t seconds;
	int64_t value;

	if (json_number_u64(text, strlen(text), &seconds))
		value = seconds < TIME_MAX ? (int64_t)seconds * 1000 : -1;
	else if (!clock_duration(text, &value))
		return false;
	if (value < 0 || value > TIME_MAX)
		return false;
	*ms = value;
	return true;
}

bool boot_log(const char *text)
{
	static const char *const words[] = { "console", "kmsg", "tty", "memory", "syslog" };

	for (size_t i = 0; i < ARRAY_SIZE(words) - !WITH_SYSLOG; i++)
		if (!strcmp(text, words[i]))
			return true;
	return *text == '/';
}

static bool is_syslog(const char *text)
{
	struct sockaddr_storage at;
	socklen_t len;

	return WITH_SYSLOG && syslog_address(text, &at, &len);
}

static int refuse(size_t row, const char *value)
{
	const char *want = rows[row].kind == TEXT    ? "a text"
			   : rows[row].kind == TIME  ? WANT_TIME
			   : rows[row].kind == COUNT ? "a number"
			   : rows[row].kind == BOOL  ? "yes or no"
			   : rows[row].kind == LOG   ? WANT_LOG
			   : rows[row].kind == SYSLOG
				   ? "a path, or an IPv4 address and a port: 10.0.0.1:514"
				   : json_words(rows[row].words);

	return failx("%s: \"%s\" is not a value for it: it takes %s", rows[row].key, value, want);
}

int boot_no_such(const char *what, const struct json_near *near)
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
		if (rows[i].kind == TIME && !boot_time(value, (int64_t *)at))
			word = -1;
		if (rows[i].kind == COUNT && !json_number_u64(value, strlen(value), (uint64_t *)at))
			word = -1;
		if (rows[i].kind == LOG && !boot_log(value))
			word = -1;
		if (rows[i].kind == SYSLOG && !is_syslog(value))
			word = -1;
		if (word < 0)
			return refuse(i, value);
		if (rows[i].kind == TEXT || rows[i].kind >= LOG)
			*(const char **)at = value;
		else if (rows[i].kind == WORD)
			*(int *)at = word;
		else if (rows[i].kind == BOOL)
			*(bool *)at = word;
		return 0;
	}
	for (size_t i = 0; *key && i < ARRAY_SIZE(rows); i++)
		json_near_offer(&near, rows[i].key);
	boot_no_such("there is no such setting", &near);
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
		snprintf(time, sizeof(time), "%llu", (unsigned long long)s->reboot_limit);
		text = rows[i].kind == COUNT ? time
		       : rows[i].kind == TEXT || rows[i].kind >= LOG
			       ? *(char *const *)at
			       : json_word_name(rows[i].words, rows[i].kind == BOOL
								       ? *(const bool *)at
								       : *(const int *)at);
		console_say("%s: %s", rows[i].key, text ? text : "not set");
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

void boot_set_words(struct boot_settings *s, char *text, void (*report)(void))
{
	char *word, *value;

	while ((word = next_word(&text))) {
		if (strncmp(word, "ocibox.", 7))
			continue;
		value = strchr(word, '=');
		if (value)
			*value++ = 0;
		if (boot_set(s, word + 7, value ? value : "") < 0 && report)
			report();
	}
}
