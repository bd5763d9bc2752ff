/* control_test.c - requests to process 1 and their answers, over a socket pair. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"
#include "tests/tap.h"

#include <string.h>
#include <sys/socket.h>

static struct unit units[] = { { .name = "a", .dir = "/a", .pid = 7 }, { .name = "b" } };
static struct super_one ones[2];
static struct machine m = { .units = units, .n = 2, .super = { .at = ones, .n = 2 } };
static int peer;

/* The answer to a request; of a row the words that do not depend on the clock: name, state, pid,
 * starts, status. */
static const char *asked(const char *request)
{
	static char answer[1300];
	char *at = answer;
	ssize_t n;

	if (send(peer, request, strlen(request), 0) < 0)
		return "not sent";
	control_serve(&m, 0, 1);
	n = recv(peer, answer, sizeof(answer) - 1, MSG_DONTWAIT);
	answer[n > 0 ? n : 0] = 0;
	for (int words = 1; !strncmp(request, "row ", 4) && (at = strchr(at, ' ')); words++)
		if (words < 5) {
			at++;
		} else {
			*at = 0;
			break;
		}
	return answer;
}

int main(void)
{
	static struct boot_rule rule;
	int pair[2];
	static const struct {
		const char *request, *answer;
	} rows[] = {
		{ "row 0", "a waiting 7 0 -1" },
		{ "row 1", "b waiting 0 0 -1" },
		{ "row 2", "end" },
		{ "row -5", "end" }, /* strtoul(3) makes a large number of it */
		{ "row 99999999999999999999", "end" },
		{ "row", "error row: not understood" },
		{ "jump a", "error jump: not understood" },
		{ "stop c", "error there is no container c" },
		{ "start b", "error b has no bundle" },
		{ "stop a", "ok" },
		{ "row 0", "a stopped 7 0 -1" },
		{ "poweroff", "ok" },
		{ "start a", "error the machine is going down" },
	};

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return 1;
	m.clients[0] = pair[0];
	peer = pair[1];
	for (size_t i = 0; i < ARRAY_SIZE(ones); i++)
		ones[i] = (struct super_one){ .rule = &rule, .status = -1 };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		is_str(asked(rows[i].request), rows[i].answer, "%s", rows[i].request);
	return done();
}
