/* bus.c - plays systemd on a message bus, or a forger of its signals: `bus ROLE SOCKET ...`. */
/* SPDX-License-Identifier: MIT */
/*
 *	bus systemd SOCKET SCRIPT	takes systemd's name; makes a unit by
 *					`sh -c SCRIPT sh UNIT PID CALLER`
 *	bus forge SOCKET CALLER UNIT	tells CALLER that UNIT's job is done
 *	bus flood SOCKET CALLER BYTES N	sends CALLER N signals of BYTES
 *
 * The D-Bus specification, "Message Protocol"; little-endian machines only.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define JOB SYSTEMD_PATH "/job/7"

enum { CALL = 1, RETURN, ERROR, SIGNAL };
enum { PATH = 1, INTERFACE, MEMBER, ERROR_NAME, REPLY, DEST, SENDER, SIGNATURE };

static int bus;
static uint32_t serial;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- writing --------------------------------------------------------------------------------- */

struct text {
	size_t len;
	char at[4096];
};

static void align(struct text *t, size_t to)
{
	while (t->len % to)
		t->at[t->len++] = 0;
}

static void put_u32(struct text *t, uint32_t v)
{
	align(t, 4);
	memcpy(t->at + t->len, &v, 4);
	t->len += 4;
}

static void put_sig(struct text *t, const char *s)
{
	t->at[t->len++] = strlen(s);
	t->len = stpcpy(t->at + t->len, s) + 1 - t->at;
}

static void put_str(struct text *t, const char *s)
{
	put_u32(t, strlen(s));
	t->len = stpcpy(t->at + t->len, s) + 1 - t->at;
}

static void put_field(struct text *t, char code, const char *type, const char *value)
{
	if (!value)
		return;
	align(t, 8);
	t->at[t->len++] = code;
	put_sig(t, type);
	if (*type == 'g')
		put_sig(t, value);
	else
		put_str(t, value);
}

/* Number of zeros that follow the body. */
static void send_message(int type, const char *member, const char *dest, uint32_t reply,
			 const char *sig, const struct text *body, size_t zeros)
{
	static const char none[65536];
	struct text t = { .len = 4, .at = { 'l', (char)type, 0, 1 } };
	const char *interface = type == CALL ? "org.freedesktop.DBus" : SYSTEMD ".Manager";
	uint32_t len;

	put_u32(&t, body->len + zeros);
	put_u32(&t, ++serial);
	put_u32(&t, 0);
	if (type != RETURN) {
		put_field(&t, PATH, "o", type == CALL ? "/org/freedesktop/DBus" : SYSTEMD_PATH);
		put_field(&t, INTERFACE, "s", interface);
		put_field(&t, MEMBER, "s", member);
	}
	put_field(&t, DEST, "s", dest);
	put_field(&t, SIGNATURE, "g", sig);
	if (reply) {
		align(&t, 8);
		t.at[t.len++] = REPLY;
		put_sig(&t, "u");
		put_u32(&t, reply);
	}
	len = t.len - 16;
	memcpy(t.at + 12, &len, 4);
	align(&t, 8);
	if (write(bus, t.at, t.len) < 0 || write(bus, body->at, body->len) < 0)
		die("write to the bus");
	for (size_t n; zeros; zeros -= n) {
		n = zeros < sizeof(none) ? zeros : sizeof(none);
		if ((n = write(bus, none, n)) == (size_t)-1)
			die("write to the bus");
	}
}

static void job_removed(const char *dest, const char *unit)
{
	struct text body = { 0 };

	put_u32(&body, 7);
	put_str(&body, JOB);
	put_str(&body, unit);
	put_str(&body, "done");
	send_message(SIGNAL, "JobRemoved", dest, 0, "uoss", &body, 0);
}

/* ---- reading --------------------------------------------------------------------------------- */

static char in[1 << 20];

static void read_all(char *to, size_t len)
{
	ssize_t n;

	for (; len; len -= n, to += n)
		if ((n = read(bus, to, len)) <= 0)
			exit(0);
}

/* Reads the next message and returns the text of a header field, or "". *body, *from and *number
 * point into it. */
static int next_message(char member[64], char sender[64], char **body, size_t *size,
			uint32_t *number)
{
	uint32_t len, head;
	size_t at = 16, end;

	read_all(in, 16);
	memcpy(&len, in + 4, 4);
	memcpy(number, in + 8, 4);
	memcpy(&head, in + 12, 4);
	end = 16 + head;
	read_all(in + 16, (end + 7) / 8 * 8 - 16 + len);
	*member = *sender = 0;
	while (at < end) {
		char code = in[at = (at + 7) / 8 * 8], type = in[at + 2];

		at += 4;
		if (type == 'g') {
			at += 2 + (unsigned char)in[at];
			continue;
		}
		at = (at + 3) / 4 * 4 + 4;
		if (type == 'u')
			continue;
		if (code == MEMBER || code == SENDER)
			snprintf(code == MEMBER ? member : sender, 64, "%s", in + at);
		at += strlen(in + at) + 1;
	}
	*body = in + (end + 7) / 8 * 8;
	*size = len;
	return in[1];
}

/* The pid in the property PIDs, an array of numbers in a variant. */
static uint32_t pid_of(const char *body, size_t size)
{
	const char *at = memmem(body, size, "PIDs", 5);
	uint32_t pid;

	if (!at)
		return 0;
	at += 5 + 4; /* name and signature "au" */
	at = body + (at - body + 3) / 4 * 4 + 4;
	memcpy(&pid, at, 4);
	return pid;
}

/* ---- roles ----------------------------------------------------------------------------------- */

static void make_unit(const char *script, const char *unit, uint32_t pid, const char *caller)
{
	char number[16];
	pid_t child = fork();

	snprintf(number, sizeof(number), "%u", pid);
	if (!child) {
		close(bus);
		execl("/bin/sh", "sh", "-c", script, "sh", unit, number, caller, NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

static void play_systemd(const char *script)
{
	static const char *const known[] = { "StartTransientUnit", "StopUnit", NULL };
	char member[64], sender[64], unit[256], *body;
	struct text out = { 0 };
	uint32_t number;
	size_t size;

	put_str(&out, SYSTEMD);
	put_u32(&out, 0);
	send_message(CALL, "RequestName", "org.freedesktop.DBus", 0, "su", &out, 0);
	printf("listening\n");
	fflush(stdout);
	for (;;) {
		bool job = false;

		if (next_message(member, sender, &body, &size, &number) != CALL)
			continue;
		out.len = 0;
		if (!strcmp(member, "Get")) {
			put_sig(&out, "s");
			put_str(&out, memmem(body, size, "Version", 8) ? "252" : "");
			send_message(RETURN, NULL, sender, number, "v", &out, 0);
			continue;
		}
		for (int i = 0; known[i]; i++)
			job |= !strcmp(member, known[i]);
		if (!job) {
			send_message(RETURN, NULL, sender, number, NULL, &out, 0);
			continue;
		}
		snprintf(unit, sizeof(unit), "%s", body + 4);
		put_str(&out, JOB);
		send_message(RETURN, NULL, sender, number, "o", &out, 0);
		if (!strcmp(member, known[0]))
			make_unit(script, unit, pid_of(body, size), sender);
		job_removed(sender, unit);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct text none = { 0 };
	char auth[64], name[16], *body;
	uint32_t number;
	size_t size;
	int n = 0;

	if (argc < 4)
		return 2;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", argv[2]);
	bus = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(bus, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		die(argv[2]);
	n += snprintf(auth + 1, sizeof(auth) - 1, "AUTH EXTERNAL ") + 1;
	auth[0] = 0;
	snprintf(name, sizeof(name), "%u", geteuid());
	for (char *c = name; *c; c++)
		n += sprintf(auth + n, "%02x", *c);
	n += sprintf(auth + n, "\r\n");
	if (write(bus, auth, n) != n)
		die("write to the bus");
	do
		read_all(in, 1);
	while (*in != '\n');
	if (write(bus, "BEGIN\r\n", 7) != 7)
		die("write to the bus");
	send_message(CALL, "Hello", "org.freedesktop.DBus", 0, NULL, &none, 0);
	if (!strcmp(argv[1], "systemd"))
		play_systemd(argv[3]);
	if (!strcmp(argv[1], "forge") && argc == 5)
		job_removed(argv[3], argv[4]);
	for (int i = 0; !strcmp(argv[1], "flood") && argc == 6 && i < atoi(argv[5]); i++) {
		none.len = 0;
		put_u32(&none, atoi(argv[4]));
		send_message(SIGNAL, "Noise", argv[3], 0, "ay", &none, atoi(argv[4]));
	}
	/* When a later call is answered, the bus has accepted what was written before. */
	none.len = 0;
	send_message(CALL, "GetId", "org.freedesktop.DBus", 0, NULL, &none, 0);
	for (int answers = 0; answers < 2;)
		answers += next_message(auth, auth, &body, &size, &number) == RETURN;
	return 0;
}
