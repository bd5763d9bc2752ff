/* devices_test.h - simulates the v1 kernel and the v2 program to check device rules. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CGROUP_DEVICES_TEST_H
#define CORE_CGROUP_DEVICES_TEST_H

#include "core/cgroup/impl.h"

/* True if the v1 kernel allows the access (security/device_cgroup.c: match_exception and
 * match_exception_partial). */
static inline bool set_answer(const struct dev_set *set, char type, int64_t major, int64_t minor,
			      unsigned access)
{
	list_each (e, set->except) {
		if (e->type != type || (e->major != DEV_ANY && e->major != major) ||
		    (e->minor != DEV_ANY && e->minor != minor))
			continue;
		if (set->allow ? e->access & access : !(access & ~e->access))
			return !set->allow;
	}
	return set->allow;
}

/* Interprets the instructions that our programs use. -1: another instruction, or no end. */
static inline int bpf_run(const struct bpf_code *code, size_t n, const uint32_t ctx[3])
{
	uint64_t r[11] = { 0 };

	for (size_t pc = 0, steps = 0; pc < n && steps < 10000; pc++, steps++) {
		const struct bpf_code *i = &code[pc];

		switch (i->code) {
		case 0x61: r[i->dst] = ctx[i->off / 4]; break;
		case 0xbf: r[i->dst] = r[i->src]; break;
		case 0xb7: r[i->dst] = (int64_t)i->imm; break;
		case 0x57: r[i->dst] &= (int64_t)i->imm; break;
		case 0x77: r[i->dst] >>= i->imm; break;
		case 0x55: pc += r[i->dst] != (uint64_t)(int64_t)i->imm ? i->off : 0; break;
		case 0x15: pc += r[i->dst] == (uint64_t)(int64_t)i->imm ? i->off : 0; break;
		case 0x5d: pc += r[i->dst] != r[i->src] ? i->off : 0; break;
		case 0x95: return r[0];
		default: return -1;
		}
	}
	return -1;
}

static inline int bpf_answer(const struct bpf_code *code, size_t n, char type, int64_t major,
			     int64_t minor, unsigned access)
{
	uint32_t bits =
		(access & DEV_M ? 1 : 0) | (access & DEV_R ? 2 : 0) | (access & DEV_W ? 4 : 0);
	uint32_t ctx[3] = { bits << 16 | (type == 'b' ? 1 : 2), major, minor };

	return bpf_run(code, n, ctx);
}

#endif
