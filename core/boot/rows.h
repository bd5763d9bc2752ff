/* rows.h - private to settings.c, rules.c and document.c: what boot.json may hold. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_BOOT_ROWS_H
#define CORE_BOOT_ROWS_H

#include "core/boot/boot.h"

/* ---- settings.c ------------------------------------------------------------------------------ */

#define WANT_TIME "a time such as 10s, 500ms or 1m30s"

#if WITH_SYSLOG
#define WANT_LOG "console, kmsg, tty, memory, syslog or a directory"
#else
#define WANT_LOG "console, kmsg, tty, memory or a directory"
#endif

extern const struct json_word boot_restart_words[];

bool boot_log(const char *text); /* true: it is a valid value of `log` */

/* Reads seconds, or a duration with units, into *ms. False for invalid text, which sets nothing. */
bool boot_time(const char *text, int64_t *ms);
/* Returns -1 with the record what, and the nearest name that exists as its hint. */
int boot_no_such(const char *what, const struct json_near *near);

/* ---- rules.c --------------------------------------------------------------------------------- */

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
	int *type, *on, *when;
	boot_texts after;
	struct boot_ready ready;
	struct boot_health health;
	int *restart;
	struct boot_backoff backoff;
	struct boot_limit limit;
	const char *log;
	const struct json *log_size;
	const char *start_timeout, *stop_signal, *stop_timeout, *grace;
	bool *disabled, *essential;
	struct boot_pairs env, secrets;
	struct net_setup net;
	struct verity verity;
};

#define ROW(kind_, name_, struct_, member_, ...)                                                   \
	{                                                                                          \
		.name = name_, .kind = JK_##kind_, .offset = offsetof(struct struct_, member_),    \
		##__VA_ARGS__                                                                      \
	}

extern const struct json_type boot_row_type; /* of struct boot_row */
extern const struct json_type boot_net_type; /* of struct net_setup */

/* Reports each invalid value of row r whose text json_bind does not check. r is at the path `at` of
 * tree. */
void boot_row_check(struct json_faults *faults, const struct json *tree, const char *at,
		    const struct boot_row *r);
/* The same for a member of `network`. */
void boot_net_check(struct json_faults *faults, const struct json *tree, const char *at,
		    const struct net_setup *n);

#endif
