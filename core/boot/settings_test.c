/* settings_test.c - the kernel command line and boot.json. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"
#include "tests/tap.h"

#include <string.h>

#define is_int(got, want, ...) ok((got) == (want), __VA_ARGS__)

static struct arena arena;
static struct boot_settings set;
static struct boot_rule rule;
static char told[400];

static void tell(void)
{
	strcat(strcat(told, err_text()), ";");
}

static void words(const char *text)
{
	told[0] = 0;
	boot_defaults(&set);
	boot_set_words(&set, arena_strdup(&arena, text), tell);
}

static int json(const char *text)
{
	told[0] = 0;
	boot_defaults(&set);
	return boot_set_json(&arena, &set, "f", arena_strdup(&arena, text), strlen(text), tell);
}

static void test_words(void)
{
	words("quiet ocibox.bundles=/b root=/dev/x ocibox.cgroup=v1\tocibox.watchdog=30 "
	      "ocibox.debug");
	is_str(set.bundles, "/b", "a word");
	is_int(set.cgroup, BOOT_CGROUP_V1, "one of a table");
	is_int(set.watchdog, 30000, "a number is seconds");
	ok(set.debug, "the bare word is yes");
	is_str(told, "", "nothing to tell");
	words("ocibox.hostname=\"a b\" ocibox.wait=1m30s ocibox.shell=no ocibox.done=halt\n");
	is_str(set.hostname, "a b", "quotes hold together");
	is_int(set.wait, 90000, "a duration");
	is_int(set.done, BOOT_HALT, "the last word before a newline");
	words("ocibox.x=1 ocibox.cgroup=v3 ocibox.wait= ocibox.log= ocibox.=");
	is_str(told,
	       "x: there is no such setting;cgroup: \"v3\" is no value for it;"
	       "wait: \"\" is no value for it;log: \"\" is no value for it;"
	       ": there is no such setting;",
	       "each fault is told");
	is_int(set.cgroup, BOOT_CGROUP_V2, "and the default holds");
	words("ocibox.watchdog=-3h ocibox.wait=-1s ocibox.wait=1000000001 ocibox.wait=1m30");
	is_str(told,
	       "watchdog: \"-3h\" is no value for it;wait: \"-1s\" is no value for it;"
	       "wait: \"1000000001\" is no value for it;wait: \"1m30\" is no value for it;",
	       "times that are refused");
	ok(set.watchdog == 0 && set.wait == 10000, "a time that is refused does not stay set");
}

static void test_json(void)
{
	is_int(json("{\"restart\":\"always\",\"watchdog\":20,\"shell\":true,"
		    "\"defaults\":{\"stopTimeout\":\"3s\",\"log\":\"/l\"},"
		    "\"containers\":[{\"name\":\"a\",\"restart\":\"no\",\"stopSignal\":\"INT\","
		    "\"startLimit\":{\"count\":0}}],\"huh\":1}"),
	       0, "a document");
	is_str(told, "f: huh: there is no such setting;", "an unknown member is told");
	is_int(set.watchdog, 20000, "a number at the top");
	boot_rule(&set, "a", &rule);
	is_int(rule.restart, BOOT_NO, "a container's own");
	is_int(rule.stop_timeout, 3000, "from the defaults");
	is_int(rule.stop_signal, SIGINT, "a signal");
	is_int(rule.start_count, 0, "no limit");
	boot_rule(&set, "b", &rule);
	is_int(rule.restart, BOOT_ALWAYS, "the setting for all others");
	is_str(rule.log, "/l", "their log");
	is_int(json("{\"bundles\":\"/q\",\n\"containers\":[{\"restart\":\"no\"}]}"), -1, "no name");
	is_str(err_text(), "f:2:15: containers[0].name: is no value for it", "is placed");
	is_str(set.bundles, "/bundles", "and nothing of it holds");
	is_int(json("{\"defaults\":{\"stopTimeout\":\"3 s\"}}"), -1, "a bad time");
	is_int(json("{\"defaults\":{\"stopSignal\":\"NO\"}}"), -1, "a bad signal");
	is_int(json("{\"defaults\":{\"stopSignal\":\"STOP\"}}"), -1, "one that ends nothing");
	is_int(json("{\"mounts\":{}}"), -1, "a wrong type");
	is_int(json("{"), -1, "no JSON");
	is_int(json("[]"), -1, "no object");
}

static void test_names(void)
{
	is_str(boot_name("10-net"), "net", "10-net is net");
	is_str(boot_name("net"), "net", "net is net");
	is_str(boot_name("10-"), "10-", "10- is itself");
	is_str(boot_name("10net"), "10net", "10net is itself");
	is_str(boot_name("1-2-x"), "2-x", "only the first number goes");
}

int main(void)
{
	static char block[64 << 10] __attribute__((aligned(16)));

	arena_init(&arena, block, sizeof(block));
	test_words();
	test_json();
	test_names();
	return done();
}
