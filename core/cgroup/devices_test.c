/* devices_test.c - device rules: how they fold, and that the v2 program answers as v1 does. */
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

/* Both ways of asking must say the same, for every device a rule could be about. */
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
	   "no rules: deny all but the default list");
	ok(set_answer(&set, 'c', 1, 3, DEV_R | DEV_W), "null can be read and written");
	ok(set_answer(&set, 'b', 8, 0, DEV_M) && !set_answer(&set, 'b', 8, 0, DEV_R),
	   "a disk's node can be made, not opened");
	ok(!set_answer(&set, 'c', 5, 1, DEV_R), "the console is not in the list");
	ok(set_answer(&set, 'c', 136, 77, 7) && set_answer(&set, 'c', 10, 200, 7),
	   "terminals and tun are");
	ok(same(&set), "the program says the same");
	ok(devices_merge(&arena, NULL, &set) == 0 && set.except.n == 11,
	   "no resources at all: likewise");
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
	   "spec's rule: the default list");
	ok(merge(docker, &set) == 0 && set.except.n == 13, "equal devices share an exception");
	ok(set_answer(&set, 'b', 8, 3, DEV_R | DEV_W) && !set_answer(&set, 'b', 9, 3, DEV_R),
	   "with all its access");
	ok(same(&set), "the program says the same");
	ok(merge(privileged, &set) == 0 && set.allow && !set.except.n,
	   "everything allowed leaves no exceptions");
	ok(same(&set), "the program says the same");
	ok(merge(all_but, &set) == 0 && set.allow && set.except.n == 1,
	   "type a looks at no numbers");
	ok(!set_answer(&set, 'b', 8, 0, DEV_R | DEV_W) && set_answer(&set, 'b', 8, 0, DEV_R),
	   "a denied kind of access denies what includes it");
	ok(same(&set), "the program says the same");
	ok(merge(again, &set) == 0 && !set_answer(&set, 'c', 9, 9, DEV_R),
	   "the last rule wins: a wide one takes all");
	ok(merge(part, &set) == 0 && set_answer(&set, 'c', 9, 9, DEV_R) &&
		   !set_answer(&set, 'c', 9, 9, DEV_W),
	   "or a part of the access");
	ok(same(&set), "the program says the same");
}

/* Letters without a meaning are passed over; an access that says nothing allows nothing
 * and denies all. */
static void test_access(void)
{
	static const struct row rows[] = {
		{ false, 'a', ANY, ANY, "" }, { true, 'c', 240, 1, "rwa" },
		{ true, 'c', 240, 2, "" },    { true, 'c', 240, 3, "rwm" },
		{ false, 'c', 240, 3, "x" },  { 0 }
	};
	struct dev_set set;

	ok(merge(rows, &set) == 0, "odd accesses are taken: %s", err_text());
	ok(set_answer(&set, 'c', 240, 1, DEV_R | DEV_W), "\"rwa\" allows r and w");
	ok(!set_answer(&set, 'c', 240, 2, DEV_R) && !set_answer(&set, 'c', 240, 2, DEV_W),
	   "\"\" allows nothing");
	ok(!set_answer(&set, 'c', 240, 3, DEV_R) && !set_answer(&set, 'c', 240, 3, DEV_W),
	   "a denial of \"x\" denies all");
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
		ok(merge(rows[i].rows, &set) < 0, "refused, row %zu", i);
		is_str(err_text(), rows[i].why, "and says why");
	}
	ok(merge(other_access, &set) == 0,
	   "a wildcard of other access is not a wall to punch through");
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
