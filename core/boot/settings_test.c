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
static char reported[2000];

static void report(void)
{
	strcat(strcat(reported, err_text()), ";");
}

static void words(const char *text)
{
	reported[0] = 0;
	boot_defaults(&set);
	boot_set_words(&set, arena_strdup(&arena, text), report);
}

static int json(const char *text)
{
	reported[0] = 0;
	boot_defaults(&set);
	return boot_set_json(&arena, &set, "f", arena_strdup(&arena, text), strlen(text), report);
}

static void test_words(void)
{
	words("quiet ocibox.bundles=/b root=/dev/x ocibox.cgroup=v1\tocibox.watchdog=30 "
	      "ocibox.debug");
	is_str(set.bundles, "/b", "a text of the command line is set");
	is_int(set.cgroup, BOOT_CGROUP_V1, "a word of a table is set");
	is_int(set.watchdog, 30000, "a number without a unit is seconds");
	ok(set.debug, "a key without a value is yes");
	is_str(reported, "", "valid words give no fault");
	words("ocibox.hostname=\"a b\" ocibox.wait=1m30s ocibox.shell=no ocibox.done=halt\n");
	is_str(set.hostname, "a b", "a quoted text may have a blank");
	is_int(set.wait, 90000, "a duration with units is set");
	is_int(set.done, BOOT_HALT, "a newline ends the last word");
	words("ocibox.x=1 ocibox.cgroup=v3 ocibox.wait= ocibox.log= ocibox.=");
	is_str(reported,
	       "x: there is no such setting;"
	       "cgroup: \"v3\" is not a value for it: it takes none, v1, hybrid or v2;"
	       "wait: \"\" is not a value for it: it takes " TIME ";"
	       "log: \"\" is not a value for it: it takes console, kmsg, tty, memory, "
	       "syslog or a directory;"
	       ": there is no such setting;",
	       "each fault of the command line is reported");
	is_int(set.cgroup, BOOT_CGROUP_V2, "a setting with a fault keeps its default");
	words("ocibox.watchdog=-3h ocibox.wait=-1s ocibox.wait=1000000001 ocibox.wait=1m30");
	is_str(reported,
	       "watchdog: \"-3h\" is not a value for it: it takes " TIME ";"
	       "wait: \"-1s\" is not a value for it: it takes " TIME ";"
	       "wait: \"1000000001\" is not a value for it: it takes " TIME ";"
	       "wait: \"1m30\" is not a value for it: it takes " TIME ";",
	       "negative times, too long ones and a number without a unit are refused");
	words("ocibox.wait=999999999h ocibox.grace=277777h777777777h ocibox.watchdog="
	      "18446744073709551615 ocibox.rebootLimit=-1 ocibox.wait=18446744073709551616");
	is_str(reported,
	       "wait: \"999999999h\" is not a value for it: it takes " TIME ";"
	       "grace: \"277777h777777777h\" is not a value for it: it takes " TIME ";"
	       "watchdog: \"18446744073709551615\" is not a value for it: it takes " TIME ";"
	       "rebootLimit: \"-1\" is not a value for it: it takes a number;"
	       "wait: \"18446744073709551616\" is not a value for it: it takes " TIME ";",
	       "numbers that overflow are refused");
	ok(set.reboot_limit == 3 && set.grace == 2000,
	   "no time overflows, and rebootLimit stays as it was");
	words("ocibox.wait=1000000000");
	is_int(set.wait, 1000000000000, "the longest time is accepted");
	words("");
	is_int(set.watchdog, 0, "boot_defaults switches the watchdog off");
	is_int(set.wait, 10000, "boot_defaults sets `wait` to 10 seconds");
}

static void test_json(void)
{
	is_int(json("{\"restart\":\"always\",\"watchdog\":20,\"shell\":true,"
		    "\"defaults\":{\"stopTimeout\":\"3s\",\"log\":\"/l\"},"
		    "\"containers\":[{\"name\":\"a\",\"restart\":\"no\",\"stopSignal\":\"INT\","
		    "\"startLimit\":{\"count\":0}}],\"huh\":1}"),
	       1, "a document with an unknown member has one fault");
	is_str(reported, "f:1:184: huh: there is no such setting;",
	       "an unknown member is reported");
	is_int(set.watchdog, 20000, "a number of boot.json is set");
	boot_rule(&set, "a", &rule);
	is_int(rule.restart, BOOT_NO, "a container's `restart` overrides that of the machine");
	is_int(rule.stop_timeout, 3000, "a container gets stopTimeout of `defaults`");
	is_int(rule.stop_signal, SIGINT, "a container's stopSignal is set");
	is_int(rule.start_count, 0, "a container's start limit of 0 is set");
	boot_rule(&set, "b", &rule);
	is_int(rule.restart, BOOT_ALWAYS,
	       "a container without a member gets the machine's `restart`");
	is_str(rule.log, "/l", "a container without a member gets the log of `defaults`");
}

/* Only a member with a fault is left out, and all faults are reported. */
static void test_faults(void)
{
	is_int(json("{\"bundles\":\"/q\",\n\"containers\":[{\"restart\":\"no\"}]}"), 1,
	       "a container without a name is a fault");
	is_str(reported, "f:2:15: containers[0]: has no name;", "the fault has line and column");
	is_str(set.bundles, "/q", "the other members are set");
	is_int(json("{\"defaults\":{\"stopTimeout\":\"3 "
		    "s\",\"stopSignal\":\"STOP\",\"log\":\"/l\"}}"),
	       2, "an invalid time and SIGSTOP are faults");
	is_str(reported,
	       "f:1:28: defaults.stopTimeout: \"3 s\" is not a value for it: it takes a time such "
	       "as 10s, "
	       "500ms or 1m30s;f:1:47: defaults.stopSignal: \"STOP\" is not a value for it: it "
	       "takes a signal "
	       "such as SIGTERM, but not SIGSTOP;",
	       "a fault names the value and what is allowed");
	boot_rule(&set, "x", &rule);
	is_int(rule.stop_timeout, 10000, "a member with a fault keeps its default");
	is_str(rule.log, "/l", "a member beside one with a fault is set");
	is_int(json("{\"containers\":[{\"name\":\"a\",\"logSize\":\"64k\",\"restart\":\"never\","
		    "\"stopTimout\":\"1s\"},{\"name\":\"b\",\"logSize\":\"big\"},{\"name\":\"c\","
		    "\"logSize\":[]}]}"),
	       4, "four faults in three containers");
	is_str(reported,
	       "f:1:54: containers[0].restart: \"never\" is not a value for it: it takes no, "
	       "on-failure or "
	       "always;f:1:75: containers[0].stopTimout: there is no such member (did you mean "
	       "stopTimeout?);"
	       "f:1:103: containers[1].logSize: \"big\" is not a value for it: it takes bytes, or "
	       "a size such "
	       "as 64k or 1M;f:1:132: containers[2].logSize: \"\" is not a value for it: it takes "
	       "bytes, or a "
	       "size such as 64k or 1M;",
	       "each of them has its path, line and column");
	boot_rule(&set, "a", &rule);
	is_int(rule.log_size, 65536, "a size with a suffix is set");
	is_int(rule.restart, BOOT_NO, "an unknown word changes nothing");
	is_int(json("{\"mounts\":{},\"cgroup\":\"v3\",\"watchdog\":\"-3h\",\"hostname\":\"h\","
		    "\"bundels\":\"/b\"}"),
	       4, "four faults of members for the machine");
	is_str(set.hostname, "h", "a member for the machine without a fault is set");
	is_int(json("{"), 1, "a text that is not JSON is one fault");
	is_int(json("[]"), 1, "a document that is not an object is one fault");
}

static void test_logs(void)
{
	is_int(json("{\"log\":\"memory\",\"syslog\":\"10.0.0.1:5140\",\"containers\":["
		    "{\"name\":\"a\",\"logSize\":\"10k\"},{\"name\":\"b\",\"log\":\"syslog\"},"
		    "{\"name\":\"c\",\"logSize\":0},{\"name\":\"d\",\"log\":\"memmory\"}]}"),
	       1, "an unknown word for `log` is a fault");
	ok(strstr(reported,
		  "containers[3].log: \"memmory\" is not a value for it: it takes console, "
		  "kmsg, tty, memory, syslog or a directory;"),
	   "the fault says what is allowed: %s", reported);
	boot_rule(&set, "a", &rule);
	is_str(rule.log, BOOT_LOGS, "the log \"memory\" is a directory in memory");
	is_int(rule.log_size, 5121, "each of its two files gets half of logSize");
	boot_rule(&set, "b", &rule);
	ok(!strcmp(rule.log, "syslog") && rule.log_size == 1 << 20, "the log \"syslog\" is set");
	is_str(rule.syslog, "10.0.0.1:5140", "the address of syslog is set");
	boot_rule(&set, "c", &rule);
	is_int(rule.log_size, 32768, "a log in memory with logSize 0 has the default limit");
	boot_rule(&set, "d", &rule);
	is_str(rule.log, BOOT_LOGS, "an unknown word for `log` changes nothing");
	is_int(json("{\"log\":\"logs\",\"syslog\":\"far\"}"), 2,
	       "invalid `log` and `syslog` of the machine are faults");
	is_str(set.syslog, "/dev/log", "an invalid `syslog` keeps its default");
}

static void test_order(void)
{
	json("{\"defaults\":{\"after\":[],\"when\":\"started\"},\"containers\":["
	     "{\"name\":\"a\",\"type\":\"task\"},"
	     "{\"name\":\"b\",\"after\":[\"a\"],\"when\":\"done\",\"ready\":{\"file\":\"/f\"},"
	     "\"health\":{\"command\":[\"x\",\"y\"],\"interval\":\"5s\",\"retries\":7}}]}");
	is_str(reported, "", "a task and a container after it have no fault");
	boot_rule(&set, "a", &rule);
	ok(rule.task && rule.after && !rule.after[0] && rule.when == BOOT_STARTED,
	   "a container without `after` gets the empty list of `defaults`");
	boot_rule(&set, "b", &rule);
	ok(!rule.task && !strcmp(rule.after[0], "a") && !rule.after[1] && rule.when == BOOT_DONE,
	   "the names of `after` end with NULL");
	is_str(rule.ready_file, "/f", "ready.file is set");
	ok(!strcmp(rule.health[1], "y") && !rule.health[2], "health.command is set");
	ok(rule.health_interval == 5000 && rule.health_timeout == 10000 && rule.health_retries == 7,
	   "health.interval and health.retries are set, and health.timeout has its default");
	json("{}");
	boot_rule(&set, "c", &rule);
	ok(!rule.after && !rule.task && rule.when == BOOT_READY && !rule.health,
	   "a container without members has the defaults");
	json("{\"containers\":[{\"name\":\"a\",\"type\":\"job\",\"health\":{\"intervall\":\"5s\","
	     "\"timeout\":\"x\"}}]}");
	ok(strstr(reported, "type: \"job\" is not a value for it: it takes service or task"),
	   "an unknown type is a fault: %s", reported);
	ok(strstr(reported, "health.intervall: there is no such member (did you mean interval?)"),
	   "an unknown member of `health` is a fault");
	ok(strstr(reported, "health.timeout: \"x\""), "an invalid health.timeout is a fault");
}

static void test_names(void)
{
	is_str(boot_name("10-net"), "net", "the name of 10-net is net");
	is_str(boot_name("net"), "net", "the name of net is net");
	is_str(boot_name("10-"), "10-", "the name of 10- is 10-");
	is_str(boot_name("10net"), "10net", "the name of 10net is 10net");
	is_str(boot_name("1-2-x"), "2-x", "the name of 1-2-x is 2-x");
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
