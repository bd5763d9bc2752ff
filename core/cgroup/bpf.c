/* bpf.c - device rules as a program of cgroup v2 (BPF_PROG_TYPE_CGROUP_DEVICE). */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/impl.h"

#include <string.h>
#include <sys/resource.h>

/* bpf(2). KERNEL 4.15: device programs (EINVAL); on older kernels v2 has no device rules. */
enum {
	CMD_PROG_LOAD = 5,
	CMD_PROG_ATTACH = 8,
	CMD_PROG_DETACH = 9,
	CMD_PROG_GET_FD_BY_ID = 13,
	CMD_PROG_QUERY = 16,
};
enum { PROG_TYPE_CGROUP_DEVICE = 15, ATTACH_CGROUP_DEVICE = 6 };
enum { F_ALLOW_MULTI = 2, F_REPLACE = 4 }; /* replace: 5.6 */

/*
 * Larger than the kernel's own union, and zero after the fields that are set: kernels 6.17 to 7.1
 * write beyond the end of a smaller one in BPF_PROG_QUERY.
 */
union attr {
	struct {
		uint32_t prog_type, insn_cnt;
		uint64_t insns, license;
		uint32_t log_level, log_size;
		uint64_t log_buf;
	} load;
	struct {
		uint32_t target_fd, attach_bpf_fd, attach_type, attach_flags, replace_bpf_fd;
	} attach;
	struct {
		uint32_t prog_id;
	} get;
	struct {
		uint32_t target_fd, attach_type, query_flags, attach_flags;
		uint64_t prog_ids;
		uint32_t prog_cnt;
	} query;
	uint64_t room[64];
};

#ifndef SYS_bpf
#error "this libc has no number for bpf(2)"
#endif

static int bpf(int cmd, union attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* ---- the program ----------------------------------------------------------------------------- */

/* Opcodes: bpf(2), Documentation/bpf/instruction-set */
enum {
	LDX_W = 0x61,
	MOV_REG = 0xbf,
	MOV_IMM = 0xb7,
	AND_IMM = 0x57,
	RSH_IMM = 0x77,
	JNE_IMM = 0x55,
	JNE_REG = 0x5d,
	JEQ_IMM = 0x15,
	EXIT = 0x95,
};
/* Registers for struct bpf_cgroup_dev_ctx: u32 access << 16 | type, major, minor. */
enum { R_RET, R_CTX, R_TYPE, R_ACCESS, R_MAJOR, R_MINOR, R_TMP };
enum { BPF_DEV_BLOCK = 1, BPF_DEV_CHAR = 2 }; /* access: mknod 1, read 2, write 4 */

#define RULE_MAX 8 /* instructions of one exception */

static unsigned bpf_access(unsigned access)
{
	return (access & DEV_M ? 1 : 0) | (access & DEV_R ? 2 : 0) | (access & DEV_W ? 4 : 0);
}

/*
 * Writes one exception: it returns if it applies, else the next instruction follows. One that
 * allows applies if it has every access that is requested; one that denies, if it has any of them.
 * The v1 kernel decides in the same way.
 */
static struct bpf_code *put_rule(struct bpf_code *p, const struct dev_rule *r, bool allow)
{
	struct bpf_code *jumps[5];
	unsigned access = bpf_access(r->access), n = 0;

	jumps[n++] = p;
	*p++ = (struct bpf_code){ JNE_IMM, R_TYPE, 0, 0,
				  r->type == 'b' ? BPF_DEV_BLOCK : BPF_DEV_CHAR };
	if (access != 7) {
		*p++ = (struct bpf_code){ MOV_REG, R_TMP, R_ACCESS, 0, 0 };
		*p++ = (struct bpf_code){ AND_IMM, R_TMP, 0, 0, access };
		jumps[n++] = p;
		*p++ = allow ? (struct bpf_code){ JNE_REG, R_TMP, R_ACCESS, 0, 0 }
			     : (struct bpf_code){ JEQ_IMM, R_TMP, 0, 0, 0 };
	}
	if (r->major != DEV_ANY) {
		jumps[n++] = p;
		*p++ = (struct bpf_code){ JNE_IMM, R_MAJOR, 0, 0, r->major };
	}
	if (r->minor != DEV_ANY) {
		jumps[n++] = p;
		*p++ = (struct bpf_code){ JNE_IMM, R_MINOR, 0, 0, r->minor };
	}
	*p++ = (struct bpf_code){ MOV_IMM, R_RET, 0, 0, allow };
	*p++ = (struct bpf_code){ EXIT, 0, 0, 0, 0 };
	while (n--)
		jumps[n]->off = p - jumps[n] - 1;
	return p;
}

size_t bpf_device_program(struct arena *a, const struct dev_set *set, struct bpf_code **out)
{
	struct bpf_code *p = arena_alloc(a, (8 + set->except.n * RULE_MAX) * sizeof(*p));

	*out = p;
	*p++ = (struct bpf_code){ LDX_W, R_TYPE, R_CTX, 0, 0 };
	*p++ = (struct bpf_code){ MOV_REG, R_ACCESS, R_TYPE, 0, 0 };
	*p++ = (struct bpf_code){ AND_IMM, R_TYPE, 0, 0, 0xffff };
	*p++ = (struct bpf_code){ RSH_IMM, R_ACCESS, 0, 0, 16 };
	*p++ = (struct bpf_code){ LDX_W, R_MAJOR, R_CTX, 4, 0 };
	*p++ = (struct bpf_code){ LDX_W, R_MINOR, R_CTX, 8, 0 };
	/* All exceptions return the same value, so their order does not matter. */
	list_each (e, set->except)
		p = put_rule(p, e, !set->allow);
	*p++ = (struct bpf_code){ MOV_IMM, R_RET, 0, 0, set->allow };
	*p++ = (struct bpf_code){ EXIT, 0, 0, 0, 0 };
	return p - *out;
}

/* ---- the kernel's side ----------------------------------------------------------------------- */

static int prog_load(const struct bpf_code *code, size_t len)
{
	union attr attr = { .load = {
				    .prog_type = PROG_TYPE_CGROUP_DEVICE,
				    .insn_cnt = len,
				    .insns = (uintptr_t)code,
				    .license = (uintptr_t) "MIT",
			    } };
	struct rlimit old, most = { RLIM_INFINITY, RLIM_INFINITY };
	int fd = bpf(CMD_PROG_LOAD, &attr), num;

	/* KERNEL 5.11: programs are charged to the memory cgroup; older kernels charge them to
	 * RLIMIT_MEMLOCK (EPERM), which is raised for the call. */
	if (fd >= 0 || errno != EPERM)
		return fd;
	if (prlimit(0, RLIMIT_MEMLOCK, &most, &old) < 0) {
		errno = EPERM;
		return -1;
	}
	fd = bpf(CMD_PROG_LOAD, &attr);
	num = errno;
	prlimit(0, RLIMIT_MEMLOCK, &old, NULL);
	errno = num;
	return fd;
}

static int prog_attach(int dirfd, int prog, int replace)
{
	union attr attr = { .attach = {
				    .target_fd = dirfd,
				    .attach_bpf_fd = prog,
				    .attach_type = ATTACH_CGROUP_DEVICE,
				    .attach_flags = F_ALLOW_MULTI | (replace >= 0 ? F_REPLACE : 0),
				    .replace_bpf_fd = replace >= 0 ? replace : 0,
			    } };

	return bpf(CMD_PROG_ATTACH, &attr);
}

static int prog_by_id(uint32_t id)
{
	union attr attr = { .get.prog_id = id };

	return bpf(CMD_PROG_GET_FD_BY_ID, &attr);
}

static void prog_detach(int dirfd, int prog)
{
	union attr attr = { .attach = {
				    .target_fd = dirfd,
				    .attach_bpf_fd = prog,
				    .attach_type = ATTACH_CGROUP_DEVICE,
			    } };

	if (bpf(CMD_PROG_DETACH, &attr) < 0)
		log_debug("a device program could not be detached: %s", err_reason(errno));
}

int bpf_device_attach(int dirfd, const struct bpf_code *code, size_t len, bool fresh)
{
	uint32_t ids[64] = { 0 };
	union attr attr = { .query = {
				    .target_fd = dirfd,
				    .attach_type = ATTACH_CGROUP_DEVICE,
				    .prog_ids = (uintptr_t)ids,
				    .prog_cnt = ARRAY_SIZE(ids),
			    } };
	int prog __cleanup(fd_close) = prog_load(code, len);
	uint32_t n = 0;

	if (prog < 0)
		return fail("load the device program");
	if (!fresh && bpf(CMD_PROG_QUERY, &attr) == 0)
		n = attr.query.prog_cnt;
	if (n == 1) {
		int old __cleanup(fd_close) = prog_by_id(ids[0]);

		/* KERNEL 5.6: F_REPLACE (EINVAL); without it both programs are attached for a
		 * moment, and a device needs the permission of both. */
		if (old >= 0 && prog_attach(dirfd, prog, old) == 0)
			return 0;
	}
	if (prog_attach(dirfd, prog, -1) < 0)
		return fail("attach the device program");
	for (uint32_t i = 0; i < n; i++) {
		int old __cleanup(fd_close) = prog_by_id(ids[i]);

		if (old >= 0)
			prog_detach(dirfd, old);
	}
	return 0;
}
