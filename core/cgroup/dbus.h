/* dbus.h - the part of D-Bus that is needed to talk to systemd. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CGROUP_DBUS_H
#define CORE_CGROUP_DBUS_H

#include "core/base/base.h"

/* ---- messages (D-Bus specification, "Marshaling"); pure -------------------------------------- */

/* A buffer that grows. len counts from the start of the message or body, as alignment does. */
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
/* A SIGNATURE. A VARIANT is a signature and then its value. */
void dbus_put_sig(struct dbus_out *o, const char *s);
/* An ARRAY. open returns a mark for close; `to` is the alignment of its elements. */
size_t dbus_open(struct dbus_out *o, size_t to);
void dbus_close(struct dbus_out *o, size_t mark, size_t to);

/* A received message. A read beyond its end, or a wrong length, sets bad and returns 0 or "". */
struct dbus_in {
	const char *buf;
	size_t at, len;
	bool swap, bad; /* swap: it has the other byte order */
};

uint32_t dbus_get_u32(struct dbus_in *i);
const char *dbus_get_str(struct dbus_in *i);
const char *dbus_get_sig(struct dbus_in *i);

enum { DBUS_CALL = 1, DBUS_RETURN, DBUS_ERROR, DBUS_SIGNAL };

struct dbus_msg {
	int type;
	uint32_t serial, reply_to;
	/* NULL: the message does not have the field */
	const char *path, *interface, *member, *error, *destination, *sender, *signature;
	struct dbus_in body;
};

/* Reads the message at buf[0..len). 1: done; 0: incomplete, at least *need bytes are needed; -1:
 * invalid. */
int dbus_parse(const char *buf, size_t len, size_t *need, struct dbus_msg *out);
/* Writes a message of header and body. serial must not be 0. */
void dbus_message(struct dbus_out *o, const struct dbus_msg *head, const struct dbus_out *body);

/* ---- connections ----------------------------------------------------------------------------- */

/*
 * Every user of a message bus can send us messages, as many and as large as the bus permits. So
 * there is one buffer of fixed size: a message that does not fit is dropped, and a message that is
 * neither an answer to us nor a signal of the peer is ignored.
 */
#define DBUS_MESSAGE_MAX 65536

struct dbus {
	struct arena *arena;
	int fd;
	bool bus; /* a message bus, which has other users */
	uint32_t serial;
	int64_t deadline; /* time of clock_ms for all that follows, see dbus_timeout */
	char *buf; /* DBUS_MESSAGE_MAX bytes for received data */
	size_t len, taken; /* bytes in buf; how many of them are the last message */
	uint64_t skip; /* bytes still to come of a message that is too large, which are dropped */
	char peer[64]; /* the unique name that answered first; signals of others are ignored */
	struct dbus_msg got; /* the last message; valid until the next call */
	/* called for each signal of the peer while we wait */
	void (*signal)(void *arg, struct dbus_msg *m);
	void *arg;
};

/* Connects to "unix:path=..." or "unix:abstract=...", the first address of a list, authenticates as
 * uid and, on a message bus but not on systemd's own socket, sends Hello. */
int dbus_connect(struct dbus *b, const char *address, uint32_t uid, bool bus);
/* Sets the time limit for all calls until it is set again. */
void dbus_timeout(struct dbus *b, int ms);
/* Sends; head needs path, interface, member, destination. Returns the serial, 0 on failure. */
uint32_t dbus_send(struct dbus *b, struct dbus_msg *head, const struct dbus_out *body);
/* Waits for the answer to serial, which becomes b->got. -1 with b->got.error and the record "NAME:
 * text": the answer is an error. -1 with errno ETIMEDOUT: no answer came in time. */
int dbus_wait(struct dbus *b, uint32_t serial);
/* Waits for one message, which becomes b->got. */
int dbus_next(struct dbus *b);
void dbus_disconnect(struct dbus *b);

#endif
