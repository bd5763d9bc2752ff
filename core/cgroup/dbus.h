/* dbus.h - as much of D-Bus as talking to systemd takes. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CGROUP_DBUS_H
#define CORE_CGROUP_DBUS_H

#include "core/base/base.h"

/* ---- messages (D-Bus specification, "Marshaling"); pure -------------------------------------- */

/* A text that grows; len counts from the start of the message body, to which alignment is
 * relative. */
struct dbus_out {
	struct arena *arena;
	char *buf;
	size_t len, size;
};

void dbus_put(struct dbus_out *o, const void *p, size_t len);
void dbus_align(struct dbus_out *o, size_t to);
void dbus_put_u32(struct dbus_out *o, uint32_t v); /* also BOOLEAN */
void dbus_put_u64(struct dbus_out *o, uint64_t v);
void dbus_put_str(struct dbus_out *o, const char *s); /* also OBJECT_PATH */
void dbus_put_sig(struct dbus_out *o,
		  const char *s); /* SIGNATURE; a VARIANT is one and its value */
/* An ARRAY: open returns a mark for close, to is the alignment of its elements. */
size_t dbus_open(struct dbus_out *o, size_t to);
void dbus_close(struct dbus_out *o, size_t mark, size_t to);

/* A received text. A read past its end or of wrong lengths makes it bad and gives 0 or "". */
struct dbus_in {
	const char *buf;
	size_t at, len;
	bool swap, bad; /* swap: of the other byte order */
};

uint32_t dbus_get_u32(struct dbus_in *i);
const char *dbus_get_str(struct dbus_in *i);
const char *dbus_get_sig(struct dbus_in *i);

enum { DBUS_CALL = 1, DBUS_RETURN, DBUS_ERROR, DBUS_SIGNAL };

struct dbus_msg {
	int type;
	uint32_t serial, reply_to;
	const char *path, *interface, *member, *error, *destination, *sender,
		*signature; /* NULL: not there */
	struct dbus_in body;
};

/* The header of the message at buf[0..len): 1 whole, 0 more is needed (*need bytes in all), -1
 * bad. */
int dbus_parse(const char *buf, size_t len, size_t *need, struct dbus_msg *out);
/* A message of header and body. serial must not be 0. */
void dbus_message(struct dbus_out *o, const struct dbus_msg *head, const struct dbus_out *body);

/* ---- connections ----------------------------------------------------------------------------- */

/*
 * Every user of a message bus can send us signals, as many and as large as the bus permits. So there is one
 * buffer; what does not fit into it is dropped as it comes, and what is no answer to us and no signal of
 * the one who answers is passed over where it lies.
 */
#define DBUS_MESSAGE_MAX 65536

struct dbus {
	struct arena *arena;
	int fd;
	bool bus; /* a message bus: there are others */
	uint32_t serial;
	int64_t deadline; /* of clock_ms; for all that is sent and awaited until it is set again */
	char *buf; /* DBUS_MESSAGE_MAX bytes: what was received */
	size_t len, taken; /* bytes in it, those of the last message */
	uint64_t skip; /* still to come of a message that is too large */
	char peer[64]; /* the unique name that answered first; messages of others are dropped */
	struct dbus_msg got; /* the last reply; lives until the next call */
	/* sees every signal of peer that comes meanwhile */
	void (*signal)(void *arg, struct dbus_msg *m);
	void *arg;
};

/* address: "unix:path=..." or "unix:abstract=...", the first of a list. Authenticates as uid
 * and, on a message bus (not on systemd's own socket), says Hello. */
int dbus_connect(struct dbus *b, const char *address, uint32_t uid, bool bus);
/* All that is done until it is set again must be over in ms. */
void dbus_timeout(struct dbus *b, int ms);
/* Sends; head needs path, interface, member, destination. Returns the serial, 0 on failure. */
uint32_t dbus_send(struct dbus *b, struct dbus_msg *head, const struct dbus_out *body);
/* Waits for the answer to serial: b->got. A D-Bus error is -1 with the record "NAME: text" and
 * b->got.error set; no answer in time is -1 with errno ETIMEDOUT. */
int dbus_wait(struct dbus *b, uint32_t serial);
/* Takes what there is and waits for one message at least. */
int dbus_next(struct dbus *b);
void dbus_disconnect(struct dbus *b);

#endif
