/* devices_fuzz.c - any device rules: the merged set, v1 and the v2 program give the same answer. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/devices_test.h"

#include "tests/fuzz.h"

#define RULES 24

static const int64_t numbers[] = { 0, 1, 3, 5, 8, 10, 136, 200, 259, 4095, 1048575, INT32_MAX };

/* A rule is six bytes: allow, type and which numbers are given; access; then two for each
 * number. */
static void one_rule(const uint8_t *at, struct oci_device_rule *rule, int64_t number[2])
{
	static const char types[] = { 'a', 'b', 'c', 'c' };
	static const char *const access[] = { "", "r", "w", "rw", "m", "rm", "wm", "rwm" };

	for (int i = 0; i < 2; i++)
		number[i] = at[2 + 2 * i] < ARRAY_SIZE(numbers) ? numbers[at[2 + 2 * i]]
								: at[3 + 2 * i];
	*rule = (struct oci_device_rule){
		.allow = at[0] & 1,
		.type = types[at[0] >> 1 & 3],
		.major = at[0] & 8 ? &number[0] : NULL,
		.minor = at[0] & 16 ? &number[1] : NULL,
		.access = access[at[1] & 7],
	};
}

static bool is_about(const struct oci_device_rule *r, char type, int64_t major, int64_t minor)
{
	return r->type == type && (!r->major || *r->major == major) &&
	       (!r->minor || *r->minor == minor);
}

/* True if the rules, applied one after the other, allow the access bit, one of DEV_*. */
static bool written_answer(const struct oci_resources *r, char type, int64_t major, int64_t minor,
			   unsigned bit)
{
	static const char letters[] = { [DEV_R] = 'r', [DEV_W] = 'w', [DEV_M] = 'm' };
	bool allowed = false;

	list_each (rule, r->devices) {
		if (rule->type == 'a')
			allowed = rule->allow;
		else if (is_about(rule, type, major, minor) &&
			 (strchr(rule->access, letters[bit]) || (!*rule->access && !rule->allow)))
			allowed = rule->allow;
	}
	return allowed;
}

static void compare(struct arena *a, const struct oci_resources *r, const struct dev_set *set,
		    const struct dev_set *always, int64_t major, int64_t minor)
{
	struct bpf_code *code;
	size_t n = bpf_device_program(a, set, &code);

	for (const char *type = "bc"; *type; type++)
		for (unsigned access = 1; access < 8; access++) {
			bool answer = set_answer(set, *type, major, minor, access);

			must(bpf_answer(code, n, *type, major, minor, access) == answer);
			if (!(access & (access - 1)))
				must(answer == (written_answer(r, *type, major, minor, access) ||
						set_answer(always, *type, major, minor, access)));
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_device_rule rules[RULES];
	struct oci_resources r = { .devices = { rules, 0 } };
	int64_t number[RULES][2];
	struct dev_set set, always;
	struct arena a;
	char line[48];

	fuzz_begin(&a);
	for (; size >= 6 && r.devices.n < RULES; data += 6, size -= 6, r.devices.n++)
		one_rule(data, &rules[r.devices.n], number[r.devices.n]);
	must(!devices_merge(&a, NULL, &always));
	if (devices_merge(&a, &r, &set) < 0) {
		must(*err_text());
		err_clear("refused");
		return 0;
	}
	list_each (e, set.except) {
		devices_line(e, line);
		must(strlen(line) < sizeof(line) && e->access);
	}
	/* The devices of the rules, their neighbours, and a device that no rule names. */
	for (size_t i = 0; i < r.devices.n; i++)
		for (int side = 0; side < 2; side++)
			compare(&a, &r, &set, &always, number[i][0], number[i][1] ^ side);
	compare(&a, &r, &set, &always, 1, 3);
	compare(&a, &r, &set, &always, 77, 77);
	fuzz_end(&a);
	return 0;
}
