/* settings_test.c - the kernel command line and boot.json. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"
#include "tests/tap.h"

#include <string.h>

#define is_int(got, want, ...) ok((got) == (want), __VA_ARGS__)

#define TIME "a time such as 10s, 500ms or 1m30s"

static struct arena arena;
static struct boot_settings set;
static struct boot_rule rule;
static char told[2000];

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
	       "x: there is no such setting;"
	       "cgroup: \"v3\" is not a value for it: it takes none, v1, hybrid or v2;"
	       "wait: \"\" is not a value for it: it takes " TIME ";"
	       "log: \"\" is not a value for it: it takes console, kmsg, tty, memory, "
	       "syslog or a directory;"
	       ": there is no such setting;",
	       "each fault is reported");
	is_int(set.cgroup, BOOT_CGROUP_V2, "and the default holds");
	words("ocibox.watchdog=-3h ocibox.wait=-1s ocibox.wait=1000000001 ocibox.wait=1m30");
	is_str(told,
	       "watchdog: \"-3h\" is not a value for it: it takes " TIME ";"
	       "wait: \"-1s\" is not a value for it: it takes " TIME ";"
	       "wait: \"1000000001\" is not a value for it: it takes " TIME ";"
	       "wait: \"1m30\" is not a value for it: it takes " TIME ";",
	       "times that are refused");
	words("ocibox.wait=999999999h ocibox.grace=277777h777777777h ocibox.watchdog="
	      "18446744073709551615 ocibox.rebootLimit=-1 ocibox.wait=18446744073709551616");
	is_str(told,
	       "wait: \"999999999h\" is not a value for it: it takes " TIME ";"
	       "grace: \"277777h777777777h\" is not a value for it: it takes " TIME ";"
	       "watchdog: \"18446744073709551615\" is not a value for it: it takes " TIME ";"
	       "rebootLimit: \"-1\" is not a value for it: it takes a number;"
	       "wait: \"18446744073709551616\" is not a value for it: it takes " TIME ";",
	       "each is reported");
	ok(set.reboot_limit == 3 && set.grace == 2000,
	   "no time overflows, and rebootLimit stays as it was");
	words("ocibox.wait=1000000000");
	is_int(set.wait, 1000000000000, "the longest time");
	words("");
	is_int(set.watchdog, 0, "a wrong time does not stay set");
	is_int(set.wait, 10000, "nor do others");
}

static void test_json(void)
{
	is_int(json("{\"restart\":\"always\",\"watchdog\":20,\"shell\":true,"
		    "\"defaults\":{\"stopTimeout\":\"3s\",\"log\":\"/l\"},"
		    "\"containers\":[{\"name\":\"a\",\"restart\":\"no\",\"stopSignal\":\"INT\","
		    "\"startLimit\":{\"count\":0}}],\"huh\":1}"),
	       1, "a document");
	is_str(told, "f:1:184: huh: there is no such setting;", "an unknown member is reported");
	is_int(set.watchdog, 20000, "a number at the top");
	boot_rule(&set, "a", &rule);
	is_int(rule.restart, BOOT_NO, "a container's own");
	is_int(rule.stop_timeout, 3000, "from the defaults");
	is_int(rule.stop_signal, SIGINT, "a signal");
	is_int(rule.start_count, 0, "no limit");
	boot_rule(&set, "b", &rule);
	is_int(rule.restart, BOOT_ALWAYS, "the setting for all others");
	is_str(rule.log, "/l", "their log");
}

/* Each fault costs its own member, and all of them are reported. */
static void test_faults(void)
{
	is_int(json("{\"bundles\":\"/q\",\n\"containers\":[{\"restart\":\"no\"}]}"), 1, "no name");
	is_str(told, "f:2:15: containers[0]: has no name;", "is placed");
	is_str(set.bundles, "/q", "and the rest holds");
	is_int(json("{\"defaults\":{\"stopTimeout\":\"3 "
		    "s\",\"stopSignal\":\"STOP\",\"log\":\"/l\"}}"),
	       2, "a bad time and a signal that ends nothing");
	is_str(told,
	       "f:1:28: defaults.stopTimeout: \"3 s\" is not a value for it: it takes a time such "
	       "as 10s, "
	       "500ms or 1m30s;f:1:47: defaults.stopSignal: \"STOP\" is not a value for it: it "
	       "takes a signal "
	       "such as SIGTERM, but not SIGSTOP;",
	       "the value and what is allowed are in the sentence");
	boot_rule(&set, "x", &rule);
	is_int(rule.stop_timeout, 10000, "the default holds");
	is_str(rule.log, "/l", "and so does its neighbour");
	is_int(json("{\"containers\":[{\"name\":\"a\",\"logSize\":\"64k\",\"restart\":\"never\","
		    "\"stopTimout\":\"1s\"},{\"name\":\"b\",\"logSize\":\"big\"},{\"name\":\"c\","
		    "\"logSize\":[]}]}"),
	       4, "faults in several rows");
	is_str(told,
	       "f:1:54: containers[0].restart: \"never\" is not a value for it: it takes no, "
	       "on-failure or "
	       "always;f:1:75: containers[0].stopTimout: there is no such member (did you mean "
	       "stopTimeout?);"
	       "f:1:103: containers[1].logSize: \"big\" is not a value for it: it takes bytes, or "
	       "a size such "
	       "as 64k or 1M;f:1:132: containers[2].logSize: \"\" is not a value for it: it takes "
	       "bytes, or a "
	       "size such as 64k or 1M;",
	       "are each in their place");
	boot_rule(&set, "a", &rule);
	is_int(rule.log_size, 65536, "a size with a suffix");
	is_int(rule.restart, BOOT_NO, "the word that is not known changes nothing");
	is_int(json("{\"mounts\":{},\"cgroup\":\"v3\",\"watchdog\":\"-3h\",\"hostname\":\"h\","
		    "\"bundels\":\"/b\"}"),
	       4, "faults at the top");
	is_str(set.hostname, "h", "do not void the rest");
	is_int(json("{"), 1, "no JSON");
	is_int(json("[]"), 1, "no object");
}

static void test_logs(void)
{
	is_int(json("{\"log\":\"memory\",\"syslog\":\"10.0.0.1:5140\",\"containers\":["
		    "{\"name\":\"a\",\"logSize\":\"10k\"},{\"name\":\"b\",\"log\":\"syslog\"},"
		    "{\"name\":\"c\",\"logSize\":0},{\"name\":\"d\",\"log\":\"memmory\"}]}"),
	       1, "places for logs, and a word that is not a place");
	ok(strstr(told, "containers[3].log: \"memmory\" is not a value for it: it takes console, "
			"kmsg, tty, memory, syslog or a directory;"),
	   "the fault says what is allowed: %s", told);
	boot_rule(&set, "a", &rule);
	is_str(rule.log, BOOT_LOGS, "memory is a directory in memory");
	is_int(rule.log_size, 5121, "two files share its size");
	boot_rule(&set, "b", &rule);
	ok(!strcmp(rule.log, "syslog") && rule.log_size == 1 << 20, "syslog");
	is_str(rule.syslog, "10.0.0.1:5140", "and where it is");
	boot_rule(&set, "c", &rule);
	is_int(rule.log_size, 32768, "in memory there is always a limit");
	boot_rule(&set, "d", &rule);
	is_str(rule.log, BOOT_LOGS, "a bad value changes nothing");
	is_int(json("{\"log\":\"logs\",\"syslog\":\"far\"}"), 2, "the settings are checked too");
	is_str(set.syslog, "/dev/log", "and keep their defaults");
}

static void test_order(void)
{
	json("{\"defaults\":{\"after\":[],\"when\":\"started\"},\"containers\":["
	     "{\"name\":\"a\",\"type\":\"task\"},"
	     "{\"name\":\"b\",\"after\":[\"a\"],\"when\":\"done\",\"ready\":{\"file\":\"/f\"},"
	     "\"health\":{\"command\":[\"x\",\"y\"],\"interval\":\"5s\",\"retries\":7}}]}");
	is_str(told, "", "a task, and one after it");
	boot_rule(&set, "a", &rule);
	ok(rule.task && rule.after && !rule.after[0] && rule.when == BOOT_STARTED,
	   "an empty after is one");
	boot_rule(&set, "b", &rule);
	ok(!rule.task && !strcmp(rule.after[0], "a") && !rule.after[1] && rule.when == BOOT_DONE,
	   "names end with NULL");
	is_str(rule.ready_file, "/f", "readiness");
	ok(!strcmp(rule.health[1], "y") && !rule.health[2], "a command");
	ok(rule.health_interval == 5000 && rule.health_timeout == 10000 && rule.health_retries == 7,
	   "a health check, with its defaults");
	json("{}");
	boot_rule(&set, "c", &rule);
	ok(!rule.after && !rule.task && rule.when == BOOT_READY && !rule.health, "nothing is said");
	json("{\"containers\":[{\"name\":\"a\",\"type\":\"job\",\"health\":{\"intervall\":\"5s\","
	     "\"timeout\":\"x\"}}]}");
	ok(strstr(told, "type: \"job\" is not a value for it: it takes service or task"),
	   "a type: %s", told);
	ok(strstr(told, "health.intervall: there is no such member (did you mean interval?)"),
	   "a member of a member");
	ok(strstr(told, "health.timeout: \"x\""), "its value");
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
	test_faults();
	test_logs();
	test_order();
	test_names();
	return done();
}
