/* seccomp_squeeze_test.c - shorter filters do the same, and the proof finds those that do not. */
/* SPDX-License-Identifier: MIT */

/* The test gives the proof programs with a changed instruction. */
#include "core/kernel/seccomp_squeeze.c" /* NOLINT */

#include "core/kernel/seccomp_test.h"

static char block[16 << 20];

/* ---- random filters in the form of libseccomp ---------------------------------------------- */

static uint32_t seed = 1;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % sides;
}

struct made {
	struct seccomp_insn in[SECCOMP_INSNS_MAX];
	size_t n;
};

static void add(struct made *m, int code, uint32_t k, int jt, int jf)
{
	m->in[m->n++] = (struct seccomp_insn){ .code = code, .jt = jt, .jf = jf, .k = k };
}

static uint32_t some_action(void)
{
	static const uint32_t actions[] = { ALLOW, ERR(1), ERR(38), KILL_THREAD, LOG, NOTIFY };

	return actions[dice(dice(4) ? 2 : 6)];
}

/* Adds a test of an argument: equal in both halves, or masked. */
static void add_arguments(struct made *m)
{
	uint32_t arg = 16 + 8 * dice(6);

	if (dice(2)) {
		add(m, LD_ABS, arg + 4, 0, 0);
		add(m, JEQ, dice(2), 0, 3);
		add(m, LD_ABS, arg, 0, 0);
		add(m, dice(2) ? JEQ : JGE, dice(4), 0, 1);
	} else {
		add(m, LD_ABS, arg, 0, 0);
		add(m, AND, 0xf0, 0, 0);
		add(m, JEQ, 0x10 * dice(3), 0, 1);
	}
	add(m, RET, some_action(), 0, 0);
	add(m, RET, some_action(), 0, 0);
}

static void add_arch(struct made *m, uint32_t arch, uint32_t calls)
{
	size_t head = m->n;

	add(m, JEQ, arch, 1, 0);
	add(m, JA, 0, 0, 0);
	add(m, LD_ABS, SECCOMP_DATA_NR, 0, 0);
	if (dice(2)) {
		add(m, JGE, 0x40000000, 0, 1);
		add(m, RET, KILL_THREAD, 0, 0);
	}
	for (uint32_t i = 0, nr = 0; i < calls; i++, nr += 1 + dice(3)) {
		size_t test = m->n;

		add(m, dice(8) ? JEQ : JGT, nr, 0, 0);
		if (dice(10))
			add(m, RET, some_action(), 0, 0);
		else
			add_arguments(m);
		if (m->in[test].code == JEQ)
			m->in[test].jf = m->n - test - 1;
		else
			m->in[test] = (struct seccomp_insn){ JGT, 0, m->n - test - 1, nr + 400 };
	}
	add(m, RET, some_action(), 0, 0);
	m->in[head + 1].k = m->n - head - 2;
}

static const uint32_t arch_list[] = { X86_64, X86, AARCH64 };

static void make(struct made *m)
{
	struct seccomp_top tops[2] = { { X86_64, dice(500) }, { X86, dice(500) } };
	struct seccomp_insn stub[SECCOMP_STUB_MAX];
	size_t n = dice(2) ? seccomp_stub(tops, 2, stub) : 0;

	memcpy(m->in, stub, n * sizeof(*stub));
	m->n = n;
	add(m, LD_ABS, SECCOMP_DATA_ARCH, 0, 0);
	for (uint32_t i = 0, archs = dice(4); i < archs; i++)
		add_arch(m, arch_list[i], dice(200));
	add(m, RET, some_action(), 0, 0);
}

/* True if both programs return the same for all these numbers with random arguments. */
static bool equal(struct prog x, struct prog y)
{
	static const uint32_t archs[] = { X86_64, X86, AARCH64, RISCV64 };
	struct data d;

	for (size_t a = 0; a < ARRAY_SIZE(archs); a++) {
		for (uint32_t i = 0; i < 2000; i++) {
			d = (struct data){ .arch = archs[a], .nr = i < 1200 ? i : 0x3fffff00 + i };
			for (int arg = 0; arg < 6; arg++)
				d.args[arg] = (uint64_t)dice(2) << 32 | dice(2) << 4 | dice(4);
			if (interpret(x.at, x.n, &d) != interpret(y.at, y.n, &d)) {
				printf("# arch 0x%x nr %u\n", d.arch, d.nr);
				return false;
			}
		}
	}
	return true;
}

static void test_random(void)
{
	bool same = true, shorter = true;
	size_t before = 0, after = 0;
	static struct made m, squeezed;

	for (int round = 0; round < 200; round++) {
		arena_init(&arena, block, sizeof(block));
		make(&m);
		squeezed = m;
		squeezed.n = seccomp_squeeze(&arena, squeezed.in, squeezed.n);
		same = same &&
		       equal((struct prog){ m.in, m.n }, (struct prog){ squeezed.in, squeezed.n });
		shorter = shorter && squeezed.n <= m.n;
		before += m.n;
		after += squeezed.n;
	}
	ok(same, "200 random filters do the same as before");
	ok(shorter && after < before,
	   "no filter is longer, all together have %zu instead of %zu instructions", after, before);
}

/* ---- programs that stay unchanged ---------------------------------------------------------- */

static const struct {
	const char *what;
	struct seccomp_insn in[8];
} odd[] = {
	{ "bits of the number",
	  { { LD_ABS, 0, 0, 4 },
	    { JEQ, 0, 2, X86_64 },
	    { LD_ABS, 0, 0, 0 },
	    { JSET, 0, 0, 64 },
	    { RET, 0, 0, 1 },
	    { RET, 0, 0, 2 } } },
	{ "a masked number",
	  { { LD_ABS, 0, 0, 4 },
	    { JEQ, 0, 2, X86_64 },
	    { LD_ABS, 0, 0, 0 },
	    { AND, 0, 0, 64 },
	    { RET, 0, 0, 1 },
	    { RET, 0, 0, 2 } } },
	{ "a compared architecture",
	  { { LD_ABS, 0, 0, 4 },
	    { JGT, 0, 0, X86 },
	    { RET, 0, 0, 1 },
	    { RET, 0, 0, 2 },
	    { RET, 0, 0, 2 },
	    { RET, 0, 0, 2 } } },
	{ "no test of the architecture",
	  { { LD_ABS, 0, 0, 0 },
	    { JEQ, 0, 0, 3 },
	    { RET, 0, 0, 1 },
	    { RET, 0, 0, 2 },
	    { RET, 0, 0, 2 },
	    { RET, 0, 0, 2 } } },
	{ "arguments of any architecture",
	  { { LD_ABS, 0, 0, 16 },
	    { JEQ, 0, 0, 3 },
	    { RET, 0, 0, 1 },
	    { RET, 0, 0, 2 },
	    { RET, 0, 0, 2 },
	    { RET, 0, 0, 2 } } },
	{ "a test before any load",
	  { { JEQ, 0, 0, 0 },
	    { RET, 0, 0, 1 },
	    { RET, 0, 0, 2 },
	    { RET, 0, 0, 2 },
	    { RET, 0, 0, 2 },
	    { RET, 0, 0, 2 } } },
	{ "no end",
	  { { LD_ABS, 0, 0, 4 },
	    { LD_ABS, 0, 0, 4 },
	    { LD_ABS, 0, 0, 4 },
	    { LD_ABS, 0, 0, 4 },
	    { LD_ABS, 0, 0, 4 },
	    { LD_ABS, 0, 0, 4 } } },
};

static void test_odd(void)
{
	struct seccomp_insn in[8];

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		memcpy(in, odd[i].in, sizeof(in));
		ok(seccomp_squeeze(&arena, in, 6) == 6 && !memcmp(in, odd[i].in, sizeof(in)),
		   "a program stays unchanged: %s", odd[i].what);
	}
}

/* ---- the proof ----------------------------------------------------------------------------- */

/* Changes one field of an instruction. A program that is still proved must do the same. */
static void test_proof(void)
{
	static struct made m, good, bad;
	const uint32_t archs[] = { X86_64, X86 };
	unsigned refused = 0, wrong = 0, tried = 0;
	struct points points;
	struct prog old;

	make(&m);
	m.n = 0;
	add(&m, LD_ABS, SECCOMP_DATA_ARCH, 0, 0);
	add_arch(&m, X86_64, 60);
	add_arch(&m, X86, 60);
	add(&m, RET, KILL_THREAD, 0, 0);
	old = (struct prog){ m.in, m.n };
	points = find_points(&arena, old);
	good = m;
	good.n = seccomp_squeeze(&arena, good.in, good.n);
	ok(good.n < m.n && proved(old, (struct prog){ good.in, good.n }, &points, archs, 2),
	   "the shorter program is proved");
	for (size_t i = 0; i < good.n; i++) {
		for (int how = 0; how < 5; how++) {
			struct prog new = { bad.in, good.n };

			bad = good;
			bad.in[i].k += how == 0 ? 1 : how == 4 ? dice(500) : 0;
			bad.in[i].jt += how == 1;
			bad.in[i].jf += how == 2;
			if (how == 3)
				bad.in[i].code = JGT;
			tried++;
			if (!proved(old, new, &points, archs, 2))
				refused++;
			else if (!equal(old, new))
				wrong++;
		}
	}
	ok(refused > tried / 2 && !wrong,
	   "of %u changed programs %u are refused, the others do the same", tried, refused);
}

int main(void)
{
	test_random();
	arena_init(&arena, block, sizeof(block));
	test_odd();
	test_proof();
	return done();
}
