/* json.h - text to tree to struct by rows, and back to text by the same rows. */
/* SPDX-License-Identifier: MIT */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- arena.c: memory that is never freed ---------------------------------------------------- */

/*
 * An arena gives zeroed memory, which stays until the process ends. The caller gives it its first
 * block, usually a static one, so that a short run never asks the kernel for memory. Further blocks
 * come from mmap(2). If that fails, arena_oom is called, which must not return.
 */
struct arena {
	char *at, *end;
};

extern void (*arena_oom)(void);

void arena_init(struct arena *a, void *block, size_t size);
/* size bytes, zeroed, aligned for any type. Never NULL; size 0 gives a unique pointer. */
void *arena_alloc(struct arena *a, size_t size);
/* Copies n members of size bytes from at, and adds zeroed room for `more` members after them. */
void *arena_more(struct arena *a, const void *at, size_t n, size_t more, size_t size);
/* Returns at, which has n members of size bytes and room for *room, if one more fits. Otherwise
 * returns a larger copy, and sets *room. */
void *arena_grow(struct arena *a, const void *at, size_t n, size_t *room, size_t size);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "%s%s" in a tenth of the time of printf. */
char *arena_join(struct arena *a, const char *first, const char *second);

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
 * One value. Numbers keep their text (str, len): they become integers only when a field row gives
 * the type, so that 64 bits stay exact. Strings are decoded UTF-8 that ends with a NUL and has no
 * other NUL. Members and elements are a list in the order of the text.
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
	const char *what; /* the path and a clause: "mounts[0].type: must be a string" */
};

#define JSON_DEPTH_MAX 64

/* Length of the multi-byte character at text. 0: malformed, an overlong form, a surrogate, or
 * above U+10FFFF. It does not read past the NUL after the text. */
size_t json_utf8_len(const char *text);
/* Passes over bytes that stand for themselves in JSON: not quotes, backslashes, control characters
 * (DEL is one) or parts of longer characters. *end must be NUL. It may stop at a plain byte too. */
const char *json_skip_plain(const char *text, const char *end);

/*
 * Parses text[0..len); text[len] must be writable. Strings without escapes stay in the text, where
 * a NUL takes the place of the quote, so the text must live as long as the tree. It refuses bad
 * UTF-8, lone surrogates, \u0000, control characters, leading zeros, trailing data, duplicate keys,
 * and nesting beyond JSON_DEPTH_MAX. Returns the root, or NULL and sets *err.
 */
struct json *json_parse(struct arena *a, char *text, size_t len, struct json_error *err);

/* Line and column (both from 1; columns count bytes) of an offset. It works on the text after
 * parsing too, because the parser never moves the end of a line. */
void json_place(const char *text, size_t off, unsigned *line, unsigned *col);

/* Member of an object. NULL: not found, or obj is NULL or not an object. */
struct json *json_get(const struct json *obj, const char *key);

/* RFC 6901 pointer ("/linux/namespaces/0/type", "" is the root). NULL when nothing is there. */
struct json *json_pointer(const struct json *root, const char *pointer);

/* The value at a path as faults print it ("linux.namespaces[1].type"), or the deepest part of the
 * path that exists. It is not NULL unless root is. */
const struct json *json_path(const struct json *root, const char *path);

/* ---- near.c: names that are nearly the same -------------------------------------------------- */

#ifndef WITH_HELP
#define WITH_HELP 1 /* make WITH_HELP=0: errors suggest no names */
#endif

/*
 * Finds the name that the author of `name` may have meant among those that are offered: one with
 * few letters wrong, missing, added or exchanged, or one that ends with _NAME. Case is ignored.
 */
struct json_near {
	const char *name; /* what was written */
	const char *best; /* NULL: none is near enough */
	unsigned distance; /* of best */
};
void json_near_offer(struct json_near *n, const char *candidate);

/* ---- edit.c: changing a tree ----------------------------------------------------------------- */

/*
 * Puts value (its members and off, not its name) where the pointer leads, and replaces what is
 * there. It makes members that are missing on the way; "-" or the length of an array appends to it.
 * Returns 0. Otherwise returns -1, and *what becomes a clause with the reason.
 */
int json_set(struct arena *a, struct json *root, const char *pointer, const struct json *value,
	     const char **what);

/* Removes what the pointer leads to. False: nothing is there, or it is the root. */
bool json_del(struct arena *a, struct json *root, const char *pointer);

/* ---- bind.c: tree to struct by rows ---------------------------------------------------------- */

/*
 * A table of fields describes a struct. Each kind is in memory as:
 *
 *   JK_BOOL    bool           JK_STR     const char *      JK_ENUM  int, words in sub
 *   JK_U16, JK_U32, JK_I32, JK_U64, JK_I64                 the fixed-width integer
 *   JK_OBJ     struct X, or with JF_PTR struct X *         sub = its json_type
 *   JK_LIST    LIST(T)        elem = kind of the elements, sub as elem needs it
 *   JK_MAP     LIST(struct X) whose first field is const char *key, which has no row;
 *              elem JK_STR: struct json_pair; JK_OBJ: sub rows fill the rest; other
 *              scalars: the value follows the key as in struct json_pair
 *   JK_RAW     const struct json *   the tree itself, for what needs a hand-written reader
 *   JK_NONE    a member that is known and has no effect: it is not read and not written
 *   JK_LACKS   a member that is known and that this build cannot obey: a fault with the text in
 *              sub, unless the value is false or empty
 *
 * JF_PTR makes a scalar a pointer, which is NULL if the member is absent; without JF_PTR an absent
 * member is zero. A JSON null counts as absent. A list that is present and empty has n == 0 and
 * at != NULL. A zeroed element follows the last one, so that a list of strings is an argv.
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
	JK_LACKS,
};

enum json_field_flag {
	JF_PTR = 1, /* optional: a pointer to the value */
	JF_REQUIRED = 2, /* absence is a fault */
	JF_ALWAYS = 4, /* written even if it is empty, zero or false */
	JF_NULL = 8, /* with JF_ALWAYS: absent is written as null */
	JF_DETAIL = 16, /* json_bind_written() stops before it when it is brief: it and what follows
			   are maps */
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
 * Receives every fault. `at` is the value, or the object that lacks one; path is its field path;
 * what is a clause such as `must be a string`. It returns 0 to go on, -1 to stop.
 */
struct json_faults {
	int (*report)(struct json_faults *self, const struct json *at, const char *path,
		      const char *what);
	unsigned count; /* faults so far; json_fault() counts, report does not */
	/*
	 * NULL: members whose name no row has are skipped. Otherwise a member whose name differs
	 * from a row's only in case is taken for it, as Go's reader does, and gets the row's name
	 * in the tree. It is called for each such member: taken is the row's name, and NULL for a
	 * member that stays unknown.
	 */
	void (*stray)(struct json_faults *self, const struct json *at, const char *path,
		      const struct json_type *type, const char *taken);
	/* Returns the clause about a word that is not in the table, with one %s for the word. NULL,
	 * here or as its result: `"%s" is not known`. */
	const char *(*unknown_word)(const struct json_word *words);
};

/* Counts a fault and reports it. All checks of a document call it. */
int json_fault(struct json_faults *f, const struct json *at, const char *path, const char *what);

/* Fills out, which the caller has zeroed, from tree. Unknown members have no effect (runtime-spec:
 * "Extensibility"). Returns 0, or -1 if there was any fault. */
int json_bind(struct arena *a, const struct json *tree, const struct json_type *type, void *out,
	      struct json_faults *faults);
/*
 * json_parse() and json_bind() in one, in a quarter of the time, for what json_write() wrote on one
 * line by the same rows: flat strings, integers, truth values and maps of strings. False: the text
 * has another form, and may still be valid. Then text is as it was, and out is zeroed. brief: of
 * what follows the name of the first member with JF_DETAIL only the last two bytes are checked,
 * which show that the text was written to its end.
 */
bool json_bind_written(struct arena *a, char *text, size_t len, const struct json_type *type,
		       void *out, bool brief);

/* The row for what the pointer leads to; NULL: no row. It needs no document. *element becomes true
 * if it is an element of that row's list or map. */
const struct json_field *json_row(const struct json_type *type, const char *pointer, bool *element);

/* The value of a word, or -1; the word of a value, or NULL. */
int json_word_value(const struct json_word *words, const char *word);
const char *json_word_name(const struct json_word *words, int value);
/* Returns a list of the words, "no, on-failure or always", which is valid until the next call.
 * NULL: the list is too long for a message. */
const char *json_words(const struct json_word *words);

/* Reads a decimal integer. False for any other number, such as "1.5", "1e3" and "-0". */
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

/* Writes a struct by the rows that bind it. */
void json_write(struct json_out *o, const struct json_type *type, const void *in);
void json_write_tree(struct json_out *o, const struct json *tree);

/* These write one value each. key is NULL inside arrays and at the top. */
void json_open(struct json_out *o, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json_out *o, char bracket); /* '}' or ']' */
void json_put_str(struct json_out *o, const char *key, const char *value); /* NULL writes null */
void json_put_u64(struct json_out *o, const char *key, uint64_t value);
void json_put_i64(struct json_out *o, const char *key, int64_t value);
void json_put_bool(struct json_out *o, const char *key, bool value);
void json_put_text(struct json_out *o, const char *key, const char *json); /* ready JSON text */
/* Writes a struct by its rows as one value. */
void json_put(struct json_out *o, const char *key, const struct json_type *type, const void *in);

#endif
