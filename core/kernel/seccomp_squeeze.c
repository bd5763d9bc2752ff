/* seccomp_squeeze.c - replaces a filter by an equal one with a quarter of the instructions. */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/seccomp.h"

#include <stdlib.h>
#include <string.h>

/*
 * libseccomp makes two instructions for every system call. The kernel checks and translates all of
 * them for each container that starts, which takes 0.3 ms for docker's profile. Most neighbouring
 * calls have the same answer. So this file finds out what the program does with every architecture
 * and number, and writes a new program that searches in ranges of numbers:
 *
 * 	ld arch; jeq A, else next
 * 	ld nr; a balanced tree of jge; leaves: ret, or a part of the old program
 *
 * The parts are the instructions that test arguments; they are copied without change. At the end it
 * proves that the new program does the same as the old one. If it cannot, the old one stays.
 */

enum { /* classic BPF, linux/bpf_common.h */
       LD_ABS = 0x20,
       AND = 0x54,
       JA = 0x05,
       JEQ = 0x15,
       JGT = 0x25,
       JGE = 0x35,
       JSET = 0x45,
       RET = 0x06,
};

#define ARCHS_MAX 32
#define NEAR 250 /* a conditional jump reaches 255 instructions; the rest is for jumps in between */

struct prog {
	const struct seccomp_insn *at;
	size_t n;
};

/* What a program does with a number: it returns value, it tests arguments from
 * instruction value on, or it does what ask() does not know. */
enum what { RETURNS, LOOKS, FAILS };

struct outcome {
	enum what what;
	uint32_t value;
};

/* The numbers from first up to the first of the next range. */
struct range {
	uint32_t first;
	struct outcome does;
};

static bool is_jump(unsigned code)
{
	return code == JEQ || code == JGT || code == JGE || code == JSET;
}

/* True if every jump leads to an instruction of the program and the last
 * instruction is a return. */
static bool complete_tree(struct prog p)
{
	for (size_t i = 0; i < p.n; i++) {
		const struct seccomp_insn *in = &p.at[i];
		size_t left = p.n - i - 1;

		if ((in->code == JA && in->k >= left) ||
		    (is_jump(in->code) && (in->jt >= left || in->jf >= left)))
			return false;
	}
	return p.n && p.at[p.n - 1].code == RET;
}

/* ---- running a program on a number --------------------------------------------------------- */

/*
 * Runs the program with arch and nr, without arguments. The program may only compare the number, so
 * that all numbers between two of its constants have the same outcome. With archs, the architecture
 * is one that the program does not test for: each one that it tests for is added to *archs.
 */
struct question {
	uint32_t arch, nr;
	uint32_t *archs;
	size_t *narchs;
};

static bool contains(const uint32_t *list, size_t n, uint32_t value)
{
	while (n-- > 0)
		if (list[n] == value)
			return true;
	return false;
}

static bool test_known(const struct question *q, const struct seccomp_insn *in, int loaded,
		       bool *yes)
{
	uint32_t acc = loaded == SECCOMP_DATA_NR ? q->nr : q->arch;

	if (loaded == SECCOMP_DATA_ARCH && q->archs) {
		*yes = false;
		if (in->code != JEQ || *q->narchs == ARCHS_MAX)
			return false;
		if (!contains(q->archs, *q->narchs, in->k))
			q->archs[(*q->narchs)++] = in->k;
		return true;
	}
	*yes = in->code == JEQ ? acc == in->k : in->code == JGT ? acc > in->k : acc >= in->k;
	return in->code != JSET;
}

static struct outcome ask(struct prog p, const struct question *q)
{
	const struct outcome failed = { FAILS, 0 };
	int loaded = -1;

	for (size_t at = 0; at < p.n; at++) {
		const struct seccomp_insn *in = &p.at[at];
		bool yes;

		if (in->code == RET)
			return (struct outcome){ RETURNS, in->k };
		if (in->code == LD_ABS && in->k != SECCOMP_DATA_NR && in->k != SECCOMP_DATA_ARCH)
			return (struct outcome){ LOOKS, at };
		if (in->code == LD_ABS) {
			loaded = in->k;
			/* The outcome for other architectures must not depend on the number. */
			if (q->archs && loaded == SECCOMP_DATA_NR)
				return failed;
		} else if (in->code == JA) {
			at += in->k;
		} else {
			if (loaded < 0 || !is_jump(in->code) || !test_known(q, in, loaded, &yes))
				return failed;
			at += yes ? in->jt : in->jf;
		}
	}
	return failed;
}

/* ---- ranges -------------------------------------------------------------------------------- */

/* All numbers at which the outcome may change, ascending. */
struct points {
	uint32_t *at;
	size_t n;
};

static int by_value(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return a < b ? -1 : a > b;
}

static struct points find_points(struct arena *a, struct prog p)
{
	struct points points = { arena_alloc(a, (2 * p.n + 1) * sizeof(uint32_t)), 1 };
	size_t n = 1;

	for (size_t i = 0; i < p.n; i++) {
		if (!is_jump(p.at[i].code))
			continue;
		points.at[points.n++] = p.at[i].k;
		if (p.at[i].k != UINT32_MAX)
			points.at[points.n++] = p.at[i].k + 1;
	}
	qsort(points.at, points.n, sizeof(uint32_t), by_value);
	for (size_t i = 1; i < points.n; i++)
		if (points.at[i] != points.at[n - 1])
			points.at[n++] = points.at[i];
	points.n = n;
	return points;
}

static bool same_outcome(struct outcome x, struct outcome y)
{
	return x.what == y.what && x.value == y.value;
}

/* Writes the ranges of one architecture to r. Returns their number; 0: ask() failed. */
static size_t find_ranges(struct prog p, uint32_t arch, const struct points *points,
			  struct range *r)
{
	size_t n = 0;

	for (size_t i = 0; i < points->n; i++) {
		const struct question q = { .arch = arch, .nr = points->at[i] };
		struct outcome does = ask(p, &q);

		if (does.what == FAILS)
			return 0;
		if (!n || !same_outcome(does, r[n - 1].does))
			r[n++] = (struct range){ points->at[i], does };
	}
	return n;
}

/* ---- writing, from the end to the start ---------------------------------------------------- */

/*
 * Jumps only go forward. So the program is written from its end: the targets of an instruction are
 * there when it is written. A label is the number of instructions from its target to the end.
 */
struct writer {
	struct seccomp_insn *end; /* after the last instruction */
	size_t n, room;
	struct prog old;
	struct {
		struct outcome does;
		size_t label;
	} leaves[64]; /* the last leaf of each outcome, which other tests jump to as well */
	size_t nleaves;
	bool failed;
};

static size_t put_insn(struct writer *w, int code, uint32_t k, size_t jt, size_t jf)
{
	if (w->n == w->room || jt > UINT8_MAX || jf > UINT8_MAX) {
		w->failed = true;
		return w->n;
	}
	w->n++;
	w->end[-(ptrdiff_t)w->n] =
		(struct seccomp_insn){ .code = code, .jt = jt, .jf = jf, .k = k };
	return w->n;
}

static size_t insn_distance(const struct writer *w, size_t label)
{
	return w->n - label;
}

/* Returns the label if a conditional jump reaches it. Otherwise writes a jump to it and
 * returns its label. */
static size_t reach(struct writer *w, size_t label)
{
	return insn_distance(w, label) <= NEAR ? label
					       : put_insn(w, JA, insn_distance(w, label), 0, 0);
}

/* Makes the next instruction written continue at the label: writes a jump to it unless
 * it is the next. */
static size_t fall(struct writer *w, size_t label)
{
	return insn_distance(w, label) ? put_insn(w, JA, insn_distance(w, label), 0, 0) : label;
}

static size_t put_test(struct writer *w, int code, uint32_t k, size_t yes, size_t no)
{
	yes = reach(w, yes);
	no = reach(w, no);
	return put_insn(w, code, k, insn_distance(w, yes), insn_distance(w, no));
}

/* Marks the instructions that the old program can reach from one of its instructions. */
static void mark(struct prog p, size_t from, bool seen[SECCOMP_INSNS_MAX])
{
	seen[from] = true;
	for (size_t at = from; at < p.n; at++) {
		const struct seccomp_insn *in = &p.at[at];

		if (!seen[at] || in->code == RET)
			continue;
		if (in->code == JA)
			seen[at + 1 + in->k] = true;
		else if (is_jump(in->code))
			seen[at + 1 + in->jt] = seen[at + 1 + in->jf] = true;
		else
			seen[at + 1] = true;
	}
}

/* Copies the part of the old program that begins at from. Returns its label. */
static size_t put_part(struct writer *w, size_t from)
{
	bool seen[SECCOMP_INSNS_MAX] = { false };
	size_t labels[SECCOMP_INSNS_MAX + 1] = { 0 };

	mark(w->old, from, seen);
	for (size_t at = w->old.n; at-- > from;) {
		const struct seccomp_insn *in = &w->old.at[at];

		if (!seen[at])
			continue;
		if (in->code == RET) {
			labels[at] = put_insn(w, RET, in->k, 0, 0);
		} else if (in->code == JA) {
			labels[at] = labels[at + 1 + in->k];
		} else if (is_jump(in->code)) {
			labels[at] = put_test(w, in->code, in->k, labels[at + 1 + in->jt],
					      labels[at + 1 + in->jf]);
		} else {
			fall(w, labels[at + 1]);
			labels[at] = put_insn(w, in->code, in->k, 0, 0);
		}
	}
	return labels[from];
}

static size_t put_leaf(struct writer *w, struct outcome does)
{
	size_t i = 0;

	while (i < w->nleaves && !same_outcome(w->leaves[i].does, does))
		i++;
	if (i < w->nleaves && insn_distance(w, w->leaves[i].label) <= NEAR)
		return w->leaves[i].label;
	if (i == ARRAY_SIZE(w->leaves)) {
		w->failed = true;
		return w->n;
	}
	w->leaves[i].does = does;
	w->leaves[i].label =
		does.what == RETURNS ? put_insn(w, RET, does.value, 0, 0) : put_part(w, does.value);
	w->nleaves += i == w->nleaves;
	return w->leaves[i].label;
}

static size_t put_values(struct writer *w, const struct range *r, size_t n)
{
	size_t half = n / 2, yes, no;

	if (n == 1)
		return put_leaf(w, r->does);
	/* A single number with another outcome than its neighbours: one test for equality. */
	if (n == 3 && r[2].first - r[1].first == 1 && same_outcome(r[0].does, r[2].does)) {
		yes = put_leaf(w, r[1].does);
		no = put_leaf(w, r[0].does);
		return put_test(w, JEQ, r[1].first, yes, no);
	}
	yes = put_values(w, r + half, n - half);
	no = put_values(w, r, half);
	return put_test(w, JGE, r[half].first, yes, no);
}

/* ---- proving that nothing has changed ------------------------------------------------------ */

static size_t skip_jumps(struct prog p, size_t at)
{
	while (p.at[at].code == JA)
		at += 1 + p.at[at].k;
	return at;
}

/* True if new does from b on, step by step, what old does from a on. met[x]: the instruction of new
 * that was compared with instruction x of old, plus one; 0: not compared yet. */
static bool same_part(struct prog old, size_t a, struct prog new, size_t b, uint16_t *met)
{
	const struct seccomp_insn *x, *y;

	for (;;) {
		a = skip_jumps(old, a);
		b = skip_jumps(new, b);
		if (met[a])
			return met[a] == b + 1;
		met[a] = b + 1;
		x = &old.at[a];
		y = &new.at[b];
		if (x->code != y->code || x->k != y->k)
			return false;
		if (x->code == RET)
			return true;
		if (is_jump(x->code) && !same_part(old, a + 1 + x->jf, new, b + 1 + y->jf, met))
			return false;
		a += 1 + (is_jump(x->code) ? x->jt : 0);
		b += 1 + (is_jump(x->code) ? y->jt : 0);
	}
}

static bool same_answer(struct prog old, struct prog new, const struct question *q)
{
	struct outcome was = ask(old, q), is = ask(new, q);
	uint16_t *met;
	bool same;

	if (was.what != LOOKS || is.what != LOOKS)
		return was.what == RETURNS && same_outcome(was, is);
	met = calloc(old.n, sizeof(*met));
	same = met && same_part(old, was.value, new, is.value, met);
	free(met);
	return same;
}

/* True if all constants of the program are points, so that no outcome changes
 * between two points. */
static bool splits_at(struct prog p, const struct points *points)
{
	for (size_t i = 0; i < p.n; i++) {
		uint32_t k = p.at[i].k, next = k + (k != UINT32_MAX);

		if (is_jump(p.at[i].code) &&
		    (!bsearch(&k, points->at, points->n, sizeof(k), by_value) ||
		     (p.at[i].code != JGE &&
		      !bsearch(&next, points->at, points->n, sizeof(next), by_value))))
			return false;
	}
	return true;
}

/* True if both programs do the same for every architecture and number. Each point represents the
 * numbers up to the next one. */
static bool proved(struct prog old, struct prog new, const struct points *points,
		   const uint32_t *archs, size_t narchs)
{
	uint32_t tested[ARCHS_MAX];
	size_t n = 0;
	struct question q = { .archs = tested, .narchs = &n };
	struct outcome was = ask(old, &q), is;

	if (!complete_tree(new))
		return false;
	n = 0;
	is = ask(new, &q);
	if (was.what != RETURNS || !same_outcome(was, is) || !splits_at(new, points))
		return false;
	for (size_t i = 0; i < narchs; i++)
		for (size_t j = 0; j < points->n; j++)
			if (!same_answer(
				    old, new,
				    &(struct question){ .arch = archs[i], .nr = points->at[j] }))
				return false;
	/* The new program must not test for other architectures. */
	for (size_t i = 0; i < n; i++)
		if (!contains(archs, narchs, tested[i]))
			return false;
	return true;
}

size_t seccomp_squeeze(struct arena *a, struct seccomp_insn *filter, size_t n)
{
	const struct prog old = { filter, n };
	struct points points = find_points(a, old);
	struct range *ranges = arena_alloc(a, points.n * sizeof(*ranges));
	struct writer w = { .room = n, .old = old };
	uint32_t archs[ARCHS_MAX];
	size_t narchs = 0, next, found;
	struct outcome other;
	struct prog new;

	if (!complete_tree(old) || n > SECCOMP_INSNS_MAX)
		return n;
	other = ask(old, &(struct question){ .archs = archs, .narchs = &narchs });
	if (other.what != RETURNS)
		return n;
	w.end = (struct seccomp_insn *)arena_alloc(a, n * sizeof(*w.end)) + n;
	next = put_leaf(&w, other);
	for (size_t i = narchs; i-- > 0 && !w.failed;) {
		found = find_ranges(old, archs[i], &points, ranges);
		if (!found)
			return n;
		fall(&w, put_values(&w, ranges, found));
		next = put_test(&w, JEQ, archs[i], put_insn(&w, LD_ABS, SECCOMP_DATA_NR, 0, 0),
				next);
	}
	put_insn(&w, LD_ABS, SECCOMP_DATA_ARCH, 0, 0);
	new = (struct prog){ w.end - w.n, w.n };
	if (w.failed || w.n >= n || !proved(old, new, &points, archs, narchs))
		return n;
	memcpy(filter, new.at, new.n * sizeof(*filter));
	return new.n;
}

bool seccomp_answer(const struct seccomp_insn *filter, size_t n, uint32_t arch, uint32_t nr,
		    uint32_t *value)
{
	struct outcome o =
		ask((struct prog){ filter, n }, &(struct question){ .arch = arch, .nr = nr });

	*value = o.value;
	return o.what == RETURNS;
}
