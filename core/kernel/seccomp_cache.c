/* seccomp_cache.c - keeps compiled profiles in files, so that the second start does not compile. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/seccomp.h"

#include <stdio.h>
#include <string.h>

/*
 * The hash is only the name of the file. The file also has the whole key, which is compared: a
 * profile with the same hash never gets the program of another one.
 */

struct cache_header {
	char magic[8];
	uint32_t key_len, insns;
};

static const char magic[8] = "ociboxS2";

#define KEY_MAX (1u << 20)
#define KEY_ROOM (16 << 10) /* that of an engine's default profile fits */

/* ---- the key ------------------------------------------------------------------------------- */

/* Lists begin with their length, and texts end with a NUL, so that different profiles have
 * different keys. */
struct key_out {
	struct arena *arena;
	char *at;
	size_t len, room;
};

static void key_grow(struct key_out *k)
{
	k->at = arena_grow(k->arena, k->at, k->room, &k->room, 1);
}

static void key_u64(struct key_out *k, uint64_t value)
{
	if (k->room - k->len < sizeof(value))
		key_grow(k);
	memcpy(k->at + k->len, &value, sizeof(value));
	k->len += sizeof(value);
}

static void key_text(struct key_out *k, const char *text)
{
	char *end;

	while (!(end = memccpy(k->at + k->len, text, 0, k->room - k->len)))
		key_grow(k);
	k->len = end - k->at;
}

/* The bytes of an absent value differ from those of any value. */
static void key_optional(struct key_out *k, const uint32_t *value)
{
	key_u64(k, value ? (uint64_t)*value + 1 : 0);
}

/* The flags are not in the key: they are given to seccomp(2) and are not part of the program. */
static void key_write(struct key_out *k, const struct oci_seccomp *s, const char *build)
{
	key_text(k, build);
	key_u64(k, s->default_action);
	key_optional(k, s->default_errno_ret);
	key_u64(k, s->architectures.n);
	list_each (arch, s->architectures)
		key_u64(k, (uint32_t)*arch);
	key_u64(k, s->syscalls.n);
	list_each (call, s->syscalls) {
		key_u64(k, call->action);
		key_optional(k, call->errno_ret);
		key_u64(k, call->names.n);
		list_each (name, call->names)
			key_text(k, *name);
		key_u64(k, call->args.n);
		list_each (arg, call->args) {
			key_u64(k, arg->index);
			key_u64(k, arg->value);
			key_u64(k, arg->value_two);
			key_u64(k, arg->op);
		}
	}
}

/* FNV-1a on eight bytes at a time. The multiplication moves bits up only, so the high half is
 * folded into the low one. */
static uint64_t hash(const char *bytes, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u, word;

	for (size_t i = 0; i < len; i += sizeof(word)) {
		word = 0;
		memcpy(&word, bytes + i, len - i < sizeof(word) ? len - i : sizeof(word));
		h = (h ^ word) * 0x100000001b3u;
		h ^= h >> 32;
	}
	return h;
}

void seccomp_key(struct arena *a, const struct oci_seccomp *s, const char *build,
		 struct seccomp_key *key)
{
	struct key_out k = { a, arena_alloc(a, KEY_ROOM), 0, KEY_ROOM };

	key_write(&k, s, build);
	key->bytes = k.at;
	key->len = k.len;
	snprintf(key->name, sizeof(key->name), "seccomp-%016llx",
		 (unsigned long long)hash(k.at, k.len));
}

/* ---- the files ----------------------------------------------------------------------------- */

static size_t file_size(uint32_t insns, size_t key_len)
{
	return sizeof(struct cache_header) + insns * sizeof(struct seccomp_insn) + key_len;
}

/* Reads the whole file. NULL: it does not exist, or another user could have written it. */
static const char *file_bytes(struct arena *a, int dir, const char *name, size_t *len)
{
	int fd __cleanup(fd_close) =
		openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	char *bytes;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mode & (S_IWGRP | S_IWOTH))
		return NULL;
	if (st.st_size < (off_t)sizeof(struct cache_header) ||
	    st.st_size > (off_t)file_size(SECCOMP_INSNS_MAX, KEY_MAX))
		return NULL;
	*len = st.st_size;
	bytes = arena_alloc(a, *len);
	return read(fd, bytes, *len) == (ssize_t)*len ? bytes : NULL;
}

int seccomp_cache_get(struct arena *a, int dir, const struct seccomp_key *key,
		      struct seccomp_prog *out)
{
	struct cache_header head;
	const char *bytes;
	size_t len;

	bytes = file_bytes(a, dir, key->name, &len);
	if (!bytes)
		return 0;
	memcpy(&head, bytes, sizeof(head));
	if (memcmp(head.magic, magic, sizeof(magic)) || !head.insns ||
	    head.insns > SECCOMP_INSNS_MAX || head.key_len != key->len ||
	    len != file_size(head.insns, head.key_len) ||
	    memcmp(bytes + len - key->len, key->bytes, key->len))
		return 0;
	out->filter = bytes + sizeof(head);
	out->len = head.insns;
	return 1;
}

void seccomp_cache_put(struct arena *a, int dir, const struct seccomp_key *key,
		       const struct seccomp_prog *p)
{
	struct cache_header head = { .key_len = key->len, .insns = p->len };
	size_t len = file_size(p->len, key->len), at = sizeof(head);
	char *bytes;

	if (key->len > KEY_MAX || !p->len)
		return;
	bytes = arena_alloc(a, len);
	memcpy(head.magic, magic, sizeof(magic));
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + at, p->filter, p->len * sizeof(struct seccomp_insn));
	memcpy(bytes + len - key->len, key->bytes, key->len);
	if (file_replace(dir, key->name, bytes, len, 0600) < 0)
		err_clear("without a cache the next start compiles again");
}
