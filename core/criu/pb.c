/* pb.c - writes and reads messages of protobuf by rows. */
/* SPDX-License-Identifier: MIT */
#include "core/criu/criu.h"

#include <string.h>

/* Wire types of protobuf: which bytes follow the number of a field. */
enum { WIRE_VARINT, WIRE_8, WIRE_LEN, WIRE_4 = 5 };

#define VARINT_MAX 10 /* bytes of 64 bits, seven in each */

/* ---- writing --------------------------------------------------------------------------------- */

static void put_bytes(struct pb_out *o, const void *bytes, size_t len)
{
	while (o->len + len > o->size)
		o->buf = arena_grow(o->arena, o->buf, o->size, &o->size, 1);
	memcpy(o->buf + o->len, bytes, len);
	o->len += len;
}

static void put_varint(struct pb_out *o, uint64_t value)
{
	unsigned char buf[VARINT_MAX];
	size_t n = 0;

	do {
		buf[n++] = (value & 0x7f) | (value > 0x7f ? 0x80 : 0);
		value >>= 7;
	} while (value);
	put_bytes(o, buf, n);
}

static void pb_put_number(struct pb_out *o, const struct pb_field *f, int64_t value)
{
	if (!value && !(f->flags & PB_ALWAYS))
		return;
	put_varint(o, (unsigned)f->num << 3 | WIRE_VARINT);
	/* A negative int32 is written as 64 bits. */
	put_varint(o, (uint64_t)value);
}

static void put_block(struct pb_out *o, const struct pb_field *f, const void *bytes, size_t len)
{
	put_varint(o, (unsigned)f->num << 3 | WIRE_LEN);
	put_varint(o, len);
	put_bytes(o, bytes, len);
}

/* One value of a string or a message. */
static void pb_put_one(struct pb_out *o, const struct pb_field *f, const char *at)
{
	struct pb_out inner = { .arena = o->arena };
	const char *text = f->kind == PB_STR ? *(const char *const *)at : NULL;

	if (f->kind == PB_MSG) {
		pb_write(&inner, f->sub, at);
		put_block(o, f, inner.buf, inner.len);
	} else if (text) {
		put_block(o, f, text, strlen(text));
	}
}

static void pb_put_list(struct pb_out *o, const struct pb_field *f, const char *at)
{
	const LIST(char) *list = (const void *)at;
	size_t size = f->kind == PB_STR ? sizeof(char *) : f->sub->size;

	for (size_t i = 0; i < list->n; i++)
		pb_put_one(o, f, list->at + i * size);
}

void pb_write(struct pb_out *o, const struct pb_type *type, const void *in)
{
	for (const struct pb_field *f = type->fields; f->num; f++) {
		const char *at = (const char *)in + f->offset;

		if (f->flags & PB_LIST)
			pb_put_list(o, f, at);
		else if (f->kind == PB_BOOL)
			pb_put_number(o, f, *(const bool *)at);
		else if (f->kind == PB_INT)
			pb_put_number(o, f, *(const int32_t *)at);
		else
			pb_put_one(o, f, at);
	}
}

/* ---- reading --------------------------------------------------------------------------------- */

struct pb_in {
	const unsigned char *at, *end;
};

static int bad_message(void)
{
	return failx("CRIU sent a message that cannot be read");
}

static int get_varint(struct pb_in *in, uint64_t *value)
{
	*value = 0;
	for (unsigned n = 0; n < VARINT_MAX && in->at < in->end; n++) {
		unsigned char byte = *in->at++;

		*value |= (uint64_t)(byte & 0x7f) << 7 * n;
		if (!(byte & 0x80))
			return 0;
	}
	return bad_message();
}

/* Reads the value of a field: a number, or a block. */
static int get_value(struct pb_in *in, unsigned wire, uint64_t *value, struct pb_in *block)
{
	size_t left;

	switch (wire) {
	case WIRE_VARINT: return get_varint(in, value);
	case WIRE_LEN:
		if (get_varint(in, value) < 0)
			return -1;
		break;
	case WIRE_8: *value = 8; break;
	case WIRE_4: *value = 4; break;
	default: return bad_message();
	}
	left = in->end - in->at;
	if (*value > left)
		return bad_message();
	*block = (struct pb_in){ in->at, in->at + *value };
	in->at += *value;
	return 0;
}

static int set_field(struct arena *a, const struct pb_field *f, unsigned wire, uint64_t value,
		     const struct pb_in *block, char *at)
{
	size_t len = wire == WIRE_LEN ? block->end - block->at : 0;

	if (wire != (f->kind == PB_BOOL || f->kind == PB_INT ? WIRE_VARINT : WIRE_LEN))
		return bad_message();
	switch (f->kind) {
	case PB_BOOL: *(bool *)at = value; break;
	case PB_INT: *(int32_t *)at = (int32_t)value; break;
	case PB_STR: *(const char **)at = arena_strndup(a, (const char *)block->at, len); break;
	default: return pb_read(a, f->sub, block->at, len, at);
	}
	return 0;
}

int pb_read(struct arena *a, const struct pb_type *type, const void *buf, size_t len, void *out)
{
	struct pb_in in = { buf, (const unsigned char *)buf + len }, block = { NULL, NULL };
	uint64_t key, value;

	while (in.at < in.end) {
		if (get_varint(&in, &key) < 0 || get_value(&in, key & 7, &value, &block) < 0)
			return -1;
		for (const struct pb_field *f = type->fields; f->num; f++)
			if (f->num == key >> 3 && !(f->flags & PB_LIST) &&
			    set_field(a, f, key & 7, value, &block, (char *)out + f->offset) < 0)
				return -1;
	}
	return 0;
}
