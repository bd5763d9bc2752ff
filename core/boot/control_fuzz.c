/* control_fuzz.c - any requests and ends of containers: each is answered, then nothing is due. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <sys/socket.h>

#include "tests/fuzz.h"

#define UNITS 3

static struct unit units[UNITS] = {
	{ .name = "a", .dir = "/bundles/a" },
	{ .name = "b", .dir = "/bundles/b" },
	{ .name = "c" }, /* it has no bundle any more */
};

static void settle(struct machine *m, int64_t now)
{
	struct super_act act;
	int acts = 0;

	while (super_next(&m->super, now, &act)) {
		must(act.what >= SUPER_DONE || act.i < UNITS);
		must(++acts < 100); /* otherwise the loop would never wait */
	}
	must(super_due(&m->super) >= 0);
}

/* Sends a request and checks its answer. */
static void request(struct machine *m, int peer, const uint8_t *text, size_t len, int64_t now)
{
	char answer[1300];
	ssize_t n;

	must(send(peer, text, len, 0) == (ssize_t)len);
	control_serve(m, 0, now);
	must(m->clients[0] >= 0);
	n = recv(peer, answer, sizeof(answer) - 1, MSG_DONTWAIT);
	must(n > 0 && n < 1200);
	answer[n] = 0;
	must(!strcmp(answer, "ok") || !strcmp(answer, "end") || !strncmp(answer, "error ", 6) ||
	     (strchr("abc", answer[0]) && answer[1] == ' '));
}

/* "+N": container N becomes ready. "-NSW": it ends with status S and wish W. */
static void event(struct machine *m, const uint8_t *text, size_t len, int64_t now)
{
	size_t i = len > 1 ? text[1] % UNITS : 0;

	if (*text == '+' && m->super.at[i].state == SUPER_STARTING)
		super_ready(&m->super, i);
	else if (*text == '-' && super_alive(&m->super.at[i]))
		super_exit(&m->super, i, len > 2 ? text[2] : 0, len > 3 ? text[3] % 3 : 0, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct super_one ones[UNITS] = { 0 };
	struct machine m = { .units = units, .n = UNITS, .super = { .at = ones, .n = UNITS } };
	struct boot_settings set;
	int pair[2];
	int64_t now = 1;

	if (size > 4096)
		return 0;
	must(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	for (size_t i = 0; i < CONTROL_MAX; i++)
		m.clients[i] = -1;
	m.clients[0] = pair[0];
	boot_defaults(&set);
	set.restart = size ? data[0] % 3 : 0;
	for (size_t i = 0; i < UNITS; i++) {
		boot_rule(&set, units[i].name, &units[i].rule);
		ones[i] = (struct super_one){ .rule = &units[i].rule, .status = -1 };
	}
	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;

		settle(&m, now);
		if (len && (*data == '+' || *data == '-'))
			event(&m, data, len, now);
		else if (len)
			request(&m, pair[1], data, len < 1100 ? len : 1100, now);
		now += len && *data == '-' ? 100 : 3000;
		data += len + !!end;
		size -= len + !!end;
	}
	settle(&m, now);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
