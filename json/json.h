/* json.h - text to tree to struct by rows, and back to text by the same rows. */
/* SPDX-License-Identifier: MIT */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- arena.c: memory that is given back all at once --------------------------------------- */

/*
 * An arena hands out zeroed memory and never takes it back. The first block is the caller's
 * (usually static storage, so that a short run never asks the kernel for memory); further
 * blocks come from mmap. When that fails arena_oom is called, which must not return.
 */
struct arena {
	char *at, *end;
};

extern void (*arena_oom)(void);

void arena_init(struct arena *a, void *block, size_t size);
/* size bytes, zeroed, aligned for any type. Never NULL; size 0 gives a unique pointer. */
void *arena_alloc(struct arena *a, size_t size);
/* A copy of at, which has n members of size bytes, with zeroed room for more after them. */
void *arena_more(struct arena *a, const void *at, size_t n, size_t more, size_t size);
/* at, which has n members of size bytes and room for *room, with room for one more. */
void *arena_grow(struct arena *a, const void *at, size_t n, size_t *room, size_t size);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- parse.c: strict RFC 8259 --------------------------------------------------------------- */

enum json_tag {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/*
 * One value. Numbers keep their text (str, len): they become integers only where a row says
 * which, so that 64 bits stay exact. Strings are decoded UTF-8 with a NUL after them and no
 * NUL within. Members and elements are a list in the order of the text.
 */
struct json {
	enum json_tag type;
	uint32_t off; /* byte offset of the value in the text, for line and column */
	uint32_t len; /* bytes of str, or number of children */
	const char *key; /* member name where the parent is an object, else NULL */
	const char *str; /* JSON_STRING, JSON_NUMBER */
	struct json *child; /* JSON_ARRAY, JSON_OBJECT: first of the list */
	struct json *next; /* next member or element of the parent */
};

struct json_error {
	uint32_t off; /* where in the text */
	const char
		*what; /* one clause without a full stop, after the path: "mounts[0].type: ..." */
};

#define JSON_DEPTH_MAX 64

/* Length of the multi-byte character at text, 0 when it is malformed: no overlong forms, no
 * surrogates, nothing above U+10FFFF. The NUL after the text stops it. */
size_t json_utf8_len(const char *text);
/* Passes over bytes that stand for themselves in JSON: not quotes, backslashes, control characters
 * (DEL is one) or parts of longer characters. A NUL is at end. It may stop too early. */
const char *json_skip_plain(const char *text, const char *end);

/*
 * Parse text[0..len); text[len] must be writable. Strings are decoded in place, so text must
 * live as long as the tree. Refused: bad UTF-8, lone surrogates, \u0000, control characters,
 * leading zeros, trailing data, duplicate keys, nesting beyond JSON_DEPTH_MAX.
 * Returns the root, or NULL with *err filled in.
 */
struct json *json_parse(struct arena *a, char *text, size_t len, struct json_error *err);

/* Line and column (both from 1; columns count bytes) of an offset. Works on the text after
 * parsing too: decoding in place never moves a line end. */
void json_place(const char *text, size_t off, unsigned *line, unsigned *col);

/* Member of an object, NULL when absent (or when obj is NULL or no object). */
struct json *json_get(const struct json *obj, const char *key);

/* RFC 6901 pointer ("/linux/namespaces/0/type", "" is the root). NULL when nothing is there. */
struct json *json_pointer(const struct json *root, const char *pointer);

/* The value at a path as faults print it ("linux.namespaces[1].type"); of a path that leads
 * nowhere the deepest part that exists. Never NULL when root is not. */
const struct json *json_path(const struct json *root, const char *path);

/* ---- near.c: names that are nearly the same -------------------------------------------------- */

/*
 * Of the names offered so far the one that the author of `name` may have meant: few letters
 * are wrong, missing, too many or in each other's place; upper and lower case are the same.
 */
struct json_near {
	const char *name; /* what was written */
	const char *best; /* NULL: none is near enough */
	unsigned distance; /* of best */
};
void json_near_offer(struct json_near *n, const char *candidate);

/* ---- edit.c: changing a tree ----------------------------------------------------------------- */

/*
 * Puts value (its members and off, not its name) where the pointer says, in the place of what is
 * there. Missing members are made, on the way too; "-" and the length of an array append to it.
 * Returns 0, or -1 and in *what a clause that says why there can be no such place.
 */
int json_set(struct arena *a, struct json *root, const char *pointer, const struct json *value,
	     const char **what);

/* Takes out what the pointer leads to; false when nothing is there, or the root. */
bool json_del(struct arena *a, struct json *root, const char *pointer);

/* ---- bind.c: tree to struct by rows ---------------------------------------------------------- */

/*
 * A struct is described by a table of fields. How each kind lies in memory:
 *
 *   JK_BOOL    bool           JK_STR     const char *      JK_ENUM  int, words in sub
 *   JK_U16, JK_U32, JK_I32, JK_U64, JK_I64                 the fixed-width integer
 *   JK_OBJ     struct X, or with JF_PTR struct X *         sub = its json_type
 *   JK_LIST    LIST(T)        elem = kind of the elements, sub as elem needs it
 *   JK_MAP     LIST(struct X) whose first field is const char *key (JF_KEY row none);
 *              elem JK_STR: struct json_pair; JK_OBJ: sub rows fill the rest; other
 *              scalars: the value follows the key as in struct json_pair
 *   JK_RAW     const struct json *   the tree itself, for what needs a hand-written reader
 *   JK_NONE    a member that is known and means nothing here: neither read nor written
 *
 * JF_PTR on a scalar: a pointer, NULL = absent. Without it absence leaves zero.
 * A JSON null counts as absence. A list that is present and empty has n == 0 and at != NULL. After
 * the last element lies a zeroed one, so that a list of strings is an argv.
 */
enum json_kind {
	JK_BOOL,
	JK_STR,
	JK_ENUM,
	JK_U16,
	JK_U32,
	JK_I32,
	JK_U64,
	JK_I64,
	JK_OBJ,
	JK_LIST,
	JK_MAP,
	JK_RAW,
	JK_NONE,
};

enum json_field_flag {
	JF_PTR = 1, /* optional: a pointer to the value */
	JF_REQUIRED = 2, /* absence is a fault */
	JF_ALWAYS = 4, /* written even when empty, zero or false; default: left out then */
	JF_NULL = 8, /* with JF_ALWAYS: absent is written as null */
};

#define LIST(T)                                                                                    \
	struct {                                                                                   \
		T *at;                                                                             \
		size_t n;                                                                          \
	}

/* for (struct T *x = list.at; x < list.at + list.n; x++), tolerant of absent lists */
#define list_each(x, list)                                                                         \
	for (__typeof__(&*(list).at) x = (list).at; x && x < (list).at + (list).n; x++)

struct json_pair {
	const char *key;
	const char *value;
};

struct json_word {
	const char *word; /* table ends with a NULL word */
	int value;
};

struct json_field {
	const char *name;
	unsigned char kind, elem, flags;
	unsigned short offset;
	const void *sub; /* struct json_type of JK_OBJ, struct json_word[] of JK_ENUM */
};

struct json_type {
	size_t size; /* sizeof the struct */
	const struct json_field *fields; /* ends with a NULL name */
};

/*
 * Receives every fault: `at` is the value (or the object that misses one), path its field path,
 * what a clause such as `must be a string`. Return 0 to go on looking, -1 to stop.
 */
struct json_faults {
	int (*report)(struct json_faults *self, const struct json *at, const char *path,
		      const char *what);
	unsigned count; /* faults so far; json_fault() counts, report does not */
	/*
	 * NULL: a member that no row names exactly is passed over. Else a member whose name differs
	 * from a row's in case only is taken for it, as Go's reader does, and has the row's name in
	 * the tree from then on. Each such member is reported here (taken is the row's name), and
	 * each that is still unknown (taken is NULL).
	 */
	void (*stray)(struct json_faults *self, const struct json *at, const char *path,
		      const struct json_type *type, const char *taken);
	/* The clause about a word that is not in the table, with one %s for it; NULL, here or as
	 * the answer, stands for `"%s" is not known`. */
	const char *(*unknown_word)(const struct json_word *words);
};

/* Count a fault and report it: what every finder of faults calls, here and in later checks. */
int json_fault(struct json_faults *f, const struct json *at, const char *path, const char *what);

/* Fill out (zeroed by the caller) from tree. Unknown members have no effect (runtime-spec:
 * "Extensibility"). Returns 0, or -1 if there was any fault. */
int json_bind(struct arena *a, const struct json *tree, const struct json_type *type, void *out,
	      struct json_faults *faults);

/* The row of what the pointer leads to, whatever a document holds there; *element: it is one of
 * that row's list or map. NULL where no row is. */
const struct json_field *json_row(const struct json_type *type, const char *pointer, bool *element);

/* Value of a word and word of a value; -1 and NULL when the table has none. */
int json_word_value(const struct json_word *words, const char *word);
const char *json_word_name(const struct json_word *words, int value);
/* The words as a text, "no, on-failure or always", until the next call. NULL: it is too long. */
const char *json_words(const struct json_word *words);

/* Exact decimal integer of a number's text, nothing else ("1.5", "1e3", "-0" are refused). */
bool json_number_u64(const char *text, size_t len, uint64_t *out);
bool json_number_i64(const char *text, size_t len, int64_t *out);

/* ---- write.c: struct or tree to text --------------------------------------------------------- */

/* A growing text. indent is what one level adds ("\t", "  ", ...); NULL writes one line. */
struct json_out {
	struct arena *arena;
	const char *indent;
	char *buf;
	size_t len, size;
	unsigned depth;
	bool pending; /* a member was written on this level: a comma comes first */
};

/* The rows that bind a struct write it. */
void json_write(struct json_out *o, const struct json_type *type, const void *in);
void json_write_tree(struct json_out *o, const struct json *tree);

/* By hand; key is NULL inside arrays and at the top. */
void json_open(struct json_out *o, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json_out *o, char bracket); /* '}' or ']' */
void json_put_str(struct json_out *o, const char *key, const char *value); /* NULL writes null */
void json_put_u64(struct json_out *o, const char *key, uint64_t value);
void json_put_i64(struct json_out *o, const char *key, int64_t value);
void json_put_bool(struct json_out *o, const char *key, bool value);
void json_put_text(struct json_out *o, const char *key, const char *json); /* ready JSON text */
/* The same struct as a member of something written by hand. */
void json_put(struct json_out *o, const char *key, const struct json_type *type, const void *in);

#endif
