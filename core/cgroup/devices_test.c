/* devices_test.c - device rules: how they are merged, and that v1 and v2 give the same answers. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/devices_test.h"
#include "tests/tap.h"

static struct arena arena;

#define ANY DEV_ANY

struct row {
	bool allow;
	char type;
	int64_t major, minor;
	const char *access;
};

static int64_t *opt(int64_t n)
{
	int64_t *p = arena_alloc(&arena, sizeof(*p));

	*p = n;
	return n == ANY ? NULL : p;
}

static int merge(const struct row *rows, struct dev_set *set)
{
	struct oci_device_rule rules[16];
	struct oci_resources r = { .devices = { rules, 0 } };

	for (; rows->access; rows++)
		rules[r.devices.n++] = (struct oci_device_rule){ .allow = rows->allow,
								 .type = rows->type,
								 .major = opt(rows->major),
								 .minor = opt(rows->minor),
								 .access = rows->access };
	return devices_merge(&arena, &r, set);
}

static int program_answer(const struct dev_set *set, char type, int64_t major, int64_t minor,
			  unsigned access)
{
	struct bpf_code *code;
	size_t n = bpf_device_program(&arena, set, &code);

	return bpf_answer(code, n, type, major, minor, access);
}

/* True if v1 and the program of v2 give the same answers for the devices that the rules name. */
static bool same(const struct dev_set *set)
{
	static const int64_t numbers[] = { 0, 1, 3, 5, 7, 8, 9, 10, 136, 200, 4095, 1048575 };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		for (size_t j = 0; j < ARRAY_SIZE(numbers); j++)
			for (unsigned access = 1; access < 8; access++)
				for (const char *t = "bc"; *t; t++)
					if (program_answer(set, *t, numbers[i], numbers[j],
							   access) !=
					    set_answer(set, *t, numbers[i], numbers[j], access))
						return false;
	return true;
}

static void test_default(void)
{
	static const struct row none[] = { { 0 } };
	struct dev_set set;

	ok(merge(none, &set) == 0 && !set.allow && set.except.n == 11,
	   "without rules all but the default list is denied");
	ok(set_answer(&set, 'c', 1, 3, DEV_R | DEV_W), "/dev/null can be read and written");
	ok(set_answer(&set, 'b', 8, 0, DEV_M) && !set_answer(&set, 'b', 8, 0, DEV_R),
	   "the node of a disk can be made, but not opened");
	ok(!set_answer(&set, 'c', 5, 1, DEV_R), "the console is denied");
	ok(set_answer(&set, 'c', 136, 77, 7) && set_answer(&set, 'c', 10, 200, 7),
	   "terminals and tun are allowed");
	ok(same(&set), "the program for no rules answers as v1 does");
	ok(devices_merge(&arena, NULL, &set) == 0 && set.except.n == 11,
	   "without resources it is the same");
}

static void test_rules(void)
{
	static const struct row deny_all[] = { { false, 'a', ANY, ANY, "rwm" }, { 0 } };
	static const struct row docker[] = { { false, 'a', ANY, ANY, "rwm" },
					     { true, 'c', 10, 229, "rwm" },
					     { true, 'b', 8, ANY, "r" },
					     { true, 'b', 8, ANY, "w" },
					     { 0 } };
	static const struct row privileged[] = { { true, 'a', ANY, ANY, "rwm" }, { 0 } };
	static const struct row all_but[] = { { true, 'a', 8, 1, "r" },
					      { false, 'b', 8, 0, "w" },
					      { 0 } };
	static const struct row again[] = { { true, 'c', 9, 9, "rwm" },
					    { false, 'c', ANY, ANY, "rwm" },
					    { 0 } };
	static const struct row part[] = { { true, 'c', 9, 9, "rwm" },
					   { false, 'c', 9, 9, "w" },
					   { 0 } };
	struct dev_set set;

	ok(merge(deny_all, &set) == 0 && !set.allow && set.except.n == 11,
	   "the rule of `runc spec`, which denies all, leaves the default list");
	ok(merge(docker, &set) == 0 && set.except.n == 13,
	   "two rules for the same devices become one exception");
	ok(set_answer(&set, 'b', 8, 3, DEV_R | DEV_W) && !set_answer(&set, 'b', 9, 3, DEV_R),
	   "the exception allows the access of both rules");
	ok(same(&set), "the program for rules of Docker answers as v1 does");
	ok(merge(privileged, &set) == 0 && set.allow && !set.except.n,
	   "a rule that allows all leaves no exceptions");
	ok(same(&set), "the program that allows all answers as v1 does");
	ok(merge(all_but, &set) == 0 && set.allow && set.except.n == 1,
	   "the numbers of a rule of type a have no effect");
	ok(!set_answer(&set, 'b', 8, 0, DEV_R | DEV_W) && set_answer(&set, 'b', 8, 0, DEV_R),
	   "where writing is denied, reading and writing together is denied");
	ok(same(&set), "the program that denies one access answers as v1 does");
	ok(merge(again, &set) == 0 && !set_answer(&set, 'c', 9, 9, DEV_R),
	   "a later rule for more devices replaces an earlier one");
	ok(merge(part, &set) == 0 && set_answer(&set, 'c', 9, 9, DEV_R) &&
		   !set_answer(&set, 'c', 9, 9, DEV_W),
	   "a later rule removes its access from an earlier one");
	ok(same(&set), "the program for a part of an access answers as v1 does");
}

/* Other letters than r, w and m are ignored. Without any of these an access allows nothing, and
 * denies everything. */
static void test_access(void)
{
	static const struct row rows[] = {
		{ false, 'a', ANY, ANY, "" }, { true, 'c', 240, 1, "rwa" },
		{ true, 'c', 240, 2, "" },    { true, 'c', 240, 3, "rwm" },
		{ false, 'c', 240, 3, "x" },  { 0 }
	};
	struct dev_set set;

	ok(merge(rows, &set) == 0, "an access with other letters is accepted: %s", err_text());
	ok(set_answer(&set, 'c', 240, 1, DEV_R | DEV_W), "access \"rwa\" allows r and w");
	ok(!set_answer(&set, 'c', 240, 2, DEV_R) && !set_answer(&set, 'c', 240, 2, DEV_W),
	   "access \"\" allows nothing");
	ok(!set_answer(&set, 'c', 240, 3, DEV_R) && !set_answer(&set, 'c', 240, 3, DEV_W),
	   "a rule that denies access \"x\" denies everything");
}

static void test_refused(void)
{
	static const struct {
		struct row rows[4];
		const char *why;
	} rows[] = {
		{ { { true, 'c', ANY, ANY, "rw" }, { false, 'c', 1, 3, "w" } },
		  "devices[1]: cannot punch hole in existing wildcard rule \"c *:* rw\"" },
		{ { { true, 'c', 1, ANY, "rw" }, { false, 'c', ANY, 3, "rw" } },
		  "devices[1]: cannot punch hole in existing wildcard rule \"c 1:* rw\"" },
		{ { { true, 'a', ANY, ANY, "rwm" }, { false, 'c', 10, ANY, "rwm" } },
		  "default device rules: cannot punch hole in existing wildcard rule \"c 10:* "
		  "rw\"" },
		{ { { true, 'p', 1, 3, "r" } }, "devices[0]: type 'p' is not one of a, b, c" },
		{ { { true, 'c', -2, 3, "r" } }, "devices[0]: major: -2 is not a device number" },
		{ { { true, 'c', 1, 1LL << 40, "r" } },
		  "devices[0]: minor: 1099511627776 is not a device number" },
	};
	static const struct row other_access[] = { { true, 'c', ANY, ANY, "m" },
						   { false, 'c', 4, 4, "rw" },
						   { 0 } };
	struct dev_set set;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ok(merge(rows[i].rows, &set) < 0, "row %zu is refused", i);
		is_str(err_text(), rows[i].why, "the message of row %zu", i);
	}
	ok(merge(other_access, &set) == 0,
	   "a rule inside of a wildcard rule of another access is accepted");
}

static void test_lines(void)
{
	static const struct {
		struct dev_rule rule;
		const char *line;
	} rows[] = {
		{ { .type = 'c', .major = 1, .minor = 3, .access = DEV_R | DEV_W | DEV_M },
		  "c 1:3 rwm" },
		{ { .type = 'b', .major = ANY, .minor = ANY, .access = DEV_M }, "b *:* m" },
		{ { .type = 'c', .major = 136, .minor = ANY, .access = DEV_R | DEV_W },
		  "c 136:* rw" },
	};
	char line[48];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		devices_line(&rows[i].rule, line);
		is_str(line, rows[i].line, "v1 line %s", rows[i].line);
	}
}

int main(void)
{
	static char block[1 << 20];

	arena_init(&arena, block, sizeof(block));
	test_default();
	test_rules();
	test_refused();
	test_access();
	test_lines();
	return done();
}
