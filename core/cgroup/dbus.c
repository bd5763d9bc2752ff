/* dbus.c - a small D-Bus client: marshaling, authentication, calls with a deadline. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/dbus.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* ---- writing --------------------------------------------------------------------------------- */

void dbus_put(struct dbus_out *o, const void *p, size_t len)
{
	if (o->len + len > o->size) {
		char *more;

		o->size = (o->len + len) * 2 + 256;
		more = arena_alloc(o->arena, o->size);
		if (o->len)
			memcpy(more, o->buf, o->len);
		o->buf = more;
	}
	if (len)
		memcpy(o->buf + o->len, p, len);
	o->len += len;
}

void dbus_align(struct dbus_out *o, size_t to)
{
	static const char zeros[8];

	dbus_put(o, zeros, -o->len & (to - 1));
}

void dbus_put_u32(struct dbus_out *o, uint32_t v)
{
	dbus_align(o, 4);
	dbus_put(o, &v, 4);
}

void dbus_put_u64(struct dbus_out *o, uint64_t v)
{
	dbus_align(o, 8);
	dbus_put(o, &v, 8);
}

void dbus_put_str(struct dbus_out *o, const char *s)
{
	dbus_put_u32(o, strlen(s));
	dbus_put(o, s, strlen(s) + 1);
}

void dbus_put_sig(struct dbus_out *o, const char *s)
{
	uint8_t len = strlen(s);

	dbus_put(o, &len, 1);
	dbus_put(o, s, len + 1);
}

size_t dbus_open(struct dbus_out *o, size_t to)
{
	dbus_put_u32(o, 0);
	/* The position of the length, which does not count the padding before the first element. */
	size_t mark = o->len - 4;

	dbus_align(o, to);
	return mark;
}

void dbus_close(struct dbus_out *o, size_t mark, size_t to)
{
	size_t start = (mark + 4 + to - 1) & ~(to - 1);
	uint32_t len = o->len - start;

	memcpy(o->buf + mark, &len, 4);
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char *take_bytes(struct dbus_in *i, size_t align, size_t len)
{
	size_t at = (i->at + align - 1) & ~(align - 1);

	if (i->bad || at > i->len || len > i->len - at) {
		i->bad = true;
		return NULL;
	}
	i->at = at + len;
	return i->buf + at;
}

uint32_t dbus_get_u32(struct dbus_in *i)
{
	const char *p = take_bytes(i, 4, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, 4);
	return i->swap ? __builtin_bswap32(v) : v;
}

/* Takes len bytes and a NUL. Another NUL before that makes the message bad. */
static const char *text(struct dbus_in *i, size_t len)
{
	const char *p = len < SIZE_MAX ? take_bytes(i, 1, len + 1) : NULL;

	if (!p || memchr(p, 0, len + 1) != p + len) {
		i->bad = true;
		return "";
	}
	return p;
}

const char *dbus_get_str(struct dbus_in *i)
{
	return text(i, dbus_get_u32(i));
}

const char *dbus_get_sig(struct dbus_in *i)
{
	const char *p = take_bytes(i, 1, 1);

	return text(i, p ? (uint8_t)*p : 0);
}

/* ---- messages -------------------------------------------------------------------------------- */

enum {
	FIELD_PATH = 1,
	FIELD_INTERFACE,
	FIELD_MEMBER,
	FIELD_ERROR,
	FIELD_REPLY,
	FIELD_DEST,
	FIELD_SENDER,
	FIELD_SIG
};
#define MESSAGE_MAX (1u << 27) /* the specification's limit */

static char byte_order(void)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B';
}

/* The header fields that are texts. */
static const struct {
	unsigned char code;
	char type[2];
	size_t offset;
} fields[] = {
	{ FIELD_PATH, "o", offsetof(struct dbus_msg, path) },
	{ FIELD_INTERFACE, "s", offsetof(struct dbus_msg, interface) },
	{ FIELD_MEMBER, "s", offsetof(struct dbus_msg, member) },
	{ FIELD_ERROR, "s", offsetof(struct dbus_msg, error) },
	{ FIELD_DEST, "s", offsetof(struct dbus_msg, destination) },
	{ FIELD_SENDER, "s", offsetof(struct dbus_msg, sender) },
	{ FIELD_SIG, "g", offsetof(struct dbus_msg, signature) },
};

void dbus_message(struct dbus_out *o, const struct dbus_msg *head, const struct dbus_out *body)
{
	char start[4] = { byte_order(), head->type, 0, 1 };
	size_t mark;

	dbus_put(o, start, 4);
	dbus_put_u32(o, body ? body->len : 0);
	dbus_put_u32(o, head->serial);
	mark = dbus_open(o, 8);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *value = *(const char *const *)((const char *)head + fields[i].offset);

		if (!value)
			continue;
		dbus_align(o, 8);
		dbus_put(o, &fields[i].code, 1);
		dbus_put_sig(o, fields[i].type);
		if (*fields[i].type == 'g')
			dbus_put_sig(o, value);
		else
			dbus_put_str(o, value);
	}
	if (head->reply_to) {
		dbus_align(o, 8);
		dbus_put(o, &(char){ FIELD_REPLY }, 1);
		dbus_put_sig(o, "u");
		dbus_put_u32(o, head->reply_to);
	}
	dbus_close(o, mark, 8);
	dbus_align(o, 8);
	if (body)
		dbus_put(o, body->buf, body->len);
}

static void parse_field(struct dbus_in *h, struct dbus_msg *out)
{
	const char *code = take_bytes(h, 8, 1), *type = dbus_get_sig(h), *value = NULL;

	if (!strcmp(type, "s") || !strcmp(type, "o"))
		value = dbus_get_str(h);
	else if (!strcmp(type, "g"))
		value = dbus_get_sig(h);
	else if (!strcmp(type, "u") && code && *code == FIELD_REPLY)
		out->reply_to = dbus_get_u32(h);
	else if (!strcmp(type, "u"))
		dbus_get_u32(h);
	else
		h->bad = true; /* no header field has another type */
	for (size_t i = 0; code && value && i < ARRAY_SIZE(fields); i++)
		if (fields[i].code == (unsigned char)*code && fields[i].type[0] == *type)
			*(const char **)((char *)out + fields[i].offset) = value;
}

int dbus_parse(const char *buf, size_t len, size_t *need, struct dbus_msg *out)
{
	struct dbus_in h = { .buf = buf, .len = len };
	uint32_t body, head;
	size_t end;

	*need = 16;
	if (len < 16)
		return 0;
	if ((buf[0] != 'l' && buf[0] != 'B') || buf[3] != 1)
		return -1;
	memset(out, 0, sizeof(*out));
	h.swap = buf[0] != byte_order();
	out->type = (unsigned char)buf[1];
	h.at = 4;
	body = dbus_get_u32(&h);
	out->serial = dbus_get_u32(&h);
	head = dbus_get_u32(&h);
	if (body > MESSAGE_MAX || head > MESSAGE_MAX)
		return -1;
	end = 16 + (size_t)head;
	*need = ((end + 7) & ~(size_t)7) + body;
	if (len < *need)
		return 0;
	h.len = end;
	while (h.at < end && !h.bad)
		parse_field(&h, out);
	out->body = (struct dbus_in){ .buf = buf + *need - body, .len = body, .swap = h.swap };
	return h.bad ? -1 : 1;
}

/* ---- the socket ------------------------------------------------------------------------------ */

void dbus_timeout(struct dbus *b, int ms)
{
	b->deadline = clock_ms() + ms;
}

static int wait_for(struct dbus *b, short events)
{
	struct pollfd p = { .fd = b->fd, .events = events };

	for (;;) {
		int64_t left = b->deadline - clock_ms();
		/* After the deadline no message is read, not even one that has arrived: a sender
		 * could keep us reading for ever otherwise. */
		int n = left > 0 ? poll(&p, 1, left) : 0;

		if (n > 0)
			return 0;
		if (!n) {
			errno = ETIMEDOUT;
			return fail("no answer from D-Bus");
		}
		if (errno != EINTR)
			return fail("wait for D-Bus");
	}
}

static int send_all(struct dbus *b, const char *p, size_t len)
{
	while (len) {
		ssize_t n = send(b->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			if (wait_for(b, POLLOUT) < 0)
				return -1;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("write to D-Bus");
		p += n;
		len -= n;
	}
	return 0;
}

/* Receives at least one byte; b->buf must have room for it. */
static int receive(struct dbus *b)
{
	ssize_t n;

	do {
		if (wait_for(b, POLLIN) < 0)
			return -1;
		n = recv(b->fd, b->buf + b->len, DBUS_MESSAGE_MAX - b->len, MSG_DONTWAIT);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return fail("read from D-Bus");
	if (!n)
		return failx("D-Bus closed the connection");
	b->len += n;
	return 0;
}

static void drop(struct dbus *b, size_t n)
{
	b->len -= n;
	memmove(b->buf, b->buf + n, b->len);
}

/* Takes one byte of an address: a character, or %XX. */
static unsigned char next_byte(const char **at)
{
	static const char digits[] = "0123456789abcdef";
	const char *high, *low, *text = (*at)++;

	if (text[0] != '%' || !text[1] || !text[2])
		return text[0];
	high = strchr(digits, text[1] | ' ');
	low = strchr(digits, text[2] | ' ');
	if (!high || !low)
		return text[0];
	*at += 2;
	return (high - digits) << 4 | (low - digits);
}

/* Pure. Converts "unix:path=/run/x%20y,guid=..." and returns the length of sun, or -1. */
static int parse_address(const char *address, struct sockaddr_un *sun)
{
	static const char *const kinds[] = { "unix:path=", "unix:abstract=" };
	size_t n = 0;

	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	for (int kind = 0; kind < 2; kind++) {
		const char *at = address;

		if (strncmp(at, kinds[kind], strlen(kinds[kind])))
			continue;
		n = kind; /* an abstract name begins with a NUL */
		for (at += strlen(kinds[kind]); *at && *at != ',' && *at != ';';) {
			if (n >= sizeof(sun->sun_path) - 1)
				return failx("D-Bus address \"%s\" is too long", address);
			sun->sun_path[n++] = next_byte(&at);
		}
		return offsetof(struct sockaddr_un, sun_path) + n + !kind;
	}
	return failx("D-Bus address \"%s\" is not of the kinds unix:path and unix:abstract",
		     address);
}

/* With EXTERNAL the kernel gives our uid to the other side. The protocol also wants it as text,
 * whose characters are written in hexadecimal. */
static int authenticate(struct dbus *b, uint32_t uid)
{
	char digits[12], line[64];
	int n = 0;

	snprintf(digits, sizeof(digits), "%u", uid);
	line[n++] = 0;
	n += snprintf(line + n, sizeof(line) - n, "AUTH EXTERNAL ");
	for (const char *d = digits; *d; d++)
		n += snprintf(line + n, sizeof(line) - n, "%02x", *d);
	n += snprintf(line + n, sizeof(line) - n, "\r\nBEGIN\r\n");
	/* AUTH and BEGIN are one write: if AUTH is refused, the answer shows it. */
	if (send_all(b, line, n) < 0)
		return -1;
	while (b->len < 2 || !memmem(b->buf, b->len, "\r\n", 2))
		if (b->len > 1024 || receive(b) < 0)
			return b->len > 1024 ? failx("D-Bus: the answer to AUTH is too long") : -1;
	n = (char *)memmem(b->buf, b->len, "\r\n", 2) - b->buf;
	if (strncmp(b->buf, "OK ", 3))
		return failx("D-Bus refuses uid %u: %.*s", uid, n, b->buf);
	drop(b, n + 2);
	return 0;
}

int dbus_connect(struct dbus *b, const char *address, uint32_t uid, bool bus)
{
	struct timeval limit = { .tv_sec = 10 };
	struct sockaddr_un sun;
	int len = parse_address(address, &sun);
	struct dbus_msg hello = {
		.destination = "org.freedesktop.DBus",
		.path = "/org/freedesktop/DBus",
		.interface = "org.freedesktop.DBus",
		.member = "Hello",
	};

	b->fd = -1;
	b->bus = bus;
	if (len < 0)
		return -1;
	if (!b->buf)
		b->buf = arena_alloc(b->arena, DBUS_MESSAGE_MAX);
	b->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* connect(2) waits while the socket's queue is full, so it gets a time limit as well. */
	if (b->fd < 0 || setsockopt(b->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return fail("create socket");
	if (connect(b->fd, (struct sockaddr *)&sun, len) < 0) {
		fail("connect to D-Bus at %s", address);
	} else if (authenticate(b, uid) == 0) {
		/* The answer to Hello has our name, which is not needed: dbus_wait skips it. */
		if (!bus || dbus_send(b, &hello, NULL))
			return 0;
	}
	dbus_disconnect(b);
	return -1;
}

void dbus_disconnect(struct dbus *b)
{
	fd_close(&b->fd);
	b->len = b->taken = b->skip = 0;
	b->peer[0] = 0;
}

uint32_t dbus_send(struct dbus *b, struct dbus_msg *head, const struct dbus_out *body)
{
	struct dbus_out o = { .arena = b->arena };

	head->type = DBUS_CALL;
	head->serial = ++b->serial;
	dbus_message(&o, head, body);
	return send_all(b, o.buf, o.len) < 0 ? 0 : head->serial;
}

/* Takes a message from the buffer. 1: done; 0: incomplete; -1: invalid. */
static int take_message(struct dbus *b)
{
	size_t need;
	int ret;

	drop(b, b->taken);
	b->taken = 0;
	if (b->skip) {
		size_t n = b->skip < b->len ? b->skip : b->len;

		drop(b, n);
		b->skip -= n;
		if (b->skip)
			return 0;
	}
	ret = dbus_parse(b->buf, b->len, &need, &b->got);
	if (ret < 0)
		return failx("D-Bus: a message that it sent is invalid");
	if (ret) {
		b->taken = need;
	} else if (need > DBUS_MESSAGE_MAX) {
		b->skip = need - b->len;
		b->len = 0;
	}
	return ret;
}

static bool is_peer(const struct dbus *b)
{
	return !b->bus || (b->got.sender && !strcmp(b->got.sender, b->peer));
}

/* True if got is the answer to serial. The sender of the first answer becomes the peer, which is
 * safe: the bus delivers an answer only if it is from the connection that was called. */
static bool is_answer(struct dbus *b, uint32_t serial)
{
	if (b->got.reply_to != serial || (b->got.type != DBUS_RETURN && b->got.type != DBUS_ERROR))
		return false;
	if (b->bus && !b->peer[0] && b->got.type == DBUS_RETURN && b->got.sender &&
	    strlen(b->got.sender) < sizeof(b->peer))
		strcpy(b->peer, b->got.sender);
	/* The bus itself answers a call that it cannot deliver. */
	return is_peer(b) || (b->got.type == DBUS_ERROR && b->got.sender &&
			      !strcmp(b->got.sender, "org.freedesktop.DBus"));
}

int dbus_next(struct dbus *b)
{
	int ret;

	while ((ret = take_message(b)) == 0)
		if (receive(b) < 0)
			return -1;
	if (ret > 0 && b->got.type == DBUS_SIGNAL && b->signal && is_peer(b))
		b->signal(b->arg, &b->got);
	return ret < 0 ? -1 : 0;
}

int dbus_wait(struct dbus *b, uint32_t serial)
{
	if (!serial)
		return -1;
	do {
		if (dbus_next(b) < 0)
			return -1;
	} while (!is_answer(b, serial));
	if (b->got.type == DBUS_RETURN)
		return 0;
	if (!b->got.error)
		b->got.error = "error";
	return failx("%s: %s", b->got.error,
		     b->got.signature && *b->got.signature == 's' ? dbus_get_str(&b->got.body)
								  : "no text");
}
