/* load_test.c - loading good and bad documents, and the errors and warnings about them. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/oci.h"
#include "tests/tap.h"

#include <stdlib.h>

static char block[1 << 20];
static struct arena arena;
static struct oci_doc doc;

#define GOOD                                                                                       \
	"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/"             \
	"\",\"args\":[\"x\"]}"

static const char *load(const char *text, size_t len)
{
	char *copy = arena_strndup(&arena, text, len);

	memset(&doc, 0, sizeof(doc));
	return oci_load_text(&arena, "config.json", copy, len, &doc) ? err_text() : "";
}

static const char *loads(const char *text)
{
	return load(text, strlen(text));
}

static bool begins(const char *text, const char *head)
{
	return !strncmp(text, head, strlen(head));
}

static void test_text(void)
{
	static char deep[200000];

	ok(begins(loads(""), "config.json:1:1: "), "an empty file is refused: %s", err_text());
	ok(begins(loads("{\n \"a\": 1"), "config.json:2:8: "), "a text that was cut is refused: %s",
	   err_text());
	ok(begins(loads(GOOD "}\nx"), "config.json:2:1: "),
	   "bytes after the document are refused: %s", err_text());
	ok(begins(loads("{\"a\":1,\n\"a\":2}"), "config.json:2:1: "),
	   "a duplicate key is refused: %s", err_text());
	ok(begins(loads("{\"hostname\":\"a\\u0000b\"}"), "config.json:1:"),
	   "a NUL in a string is refused: %s", err_text());
	ok(begins(load("{\"a\":\"\xff\"}", 9), "config.json:1:"), "bad UTF-8 is refused: %s",
	   err_text());
	memset(deep, '[', sizeof(deep));
	ok(begins(load(deep, sizeof(deep)), "config.json:1:"), "200000 brackets are refused: %s",
	   err_text());
	is_str(loads("null"), "config.json:1:1: must be an object, not null", "null is refused");
	is_str(loads("[]"), "config.json:1:1: must be an object, not an array",
	       "an array is refused");
	is_str(loads(GOOD ",\"linux\":{\"namespaces\":[{\"type\":\"a\\nb\\u001b[31m\"}]}}"),
	       "config.json:1:109: linux.namespaces[0].type: \"a?b?[31m\" is not known: it takes "
	       "pid, network, mount, ipc, uts, user, cgroup or time",
	       "control characters of a value are shown as ?");
	is_str(loads(GOOD ",\"linux\":{\"sysctl\":{\"a\\nb\":\"1\"}}}"),
	       "config.json:1:104: linux.sysctl.a?b: is not the name of a kernel parameter",
	       "control characters of a key are shown as ?");
	is_str(loads(GOOD ",\"vm\":5,\"x\":{\"y\":[null]},\"linux\":{\"z\":0}}"), "",
	       "unknown members have no effect");
}

/* A document with faults of binding and of rules, which are found in another order. */
static void test_order(void)
{
	is_str(loads("{\"hostname\":\"h\",\n\"ociVersion\":\"1.0.0\",\"root\":{\"path\":1},\n"
		     "\"process\":{\"cwd\":\"x\",\"args\":[]}}"),
	       "config.json:1:13: hostname \"h\": needs a uts namespace (and 3 more: oci-spec "
	       "check config.json shows all)",
	       "the first fault in the text is reported");
}

static char lines[4096];
static unsigned nlines;

static void take_line(const char *text)
{
	nlines++;
	strcat(strcat(lines, text), "\n");
}

static void drop_line(const char *text)
{
	nlines++;
}

static int write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return -1;
	fputs(text, f);
	return fclose(f);
}

static void test_files(const char *dir)
{
	static char many[1 << 16];
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[64];

	snprintf(path, sizeof(path), "%s/config.json", dir);
	ok(oci_load(&arena, dirfd, "config.json", &doc) < 0, "oci_load of a missing file fails");
	is_str(err_text(),
	       "JSON specification file config.json not found: no such file or directory",
	       "the error says that the file is missing");
	ok(oci_check(&arena, dirfd, "config.json", take_line) < 0,
	   "oci_check of a missing file fails");

	write_file(path, "{\"hostname\":\"h\",\n\"ociVersion\":\"x\",\"root\":{\"path\":1},\n"
			 "\"process\":{\"cwd\":\"x\",\"args\":[]}}");
	ok(oci_check(&arena, dirfd, "config.json", take_line) == 5 && nlines == 5,
	   "oci_check finds five faults");
	is_str(lines,
	       "config.json:1:13: hostname \"h\": needs a uts namespace\nconfig.json:2:14: "
	       "ociVersion \"x\": must be a semantic version such as 1.3.0\nconfig.json:2:33: "
	       "root.path: must be a string, not 1\nconfig.json:3:18: process.cwd \"x\": must be "
	       "an absolute path\nconfig.json:3:29: process.args: must not be empty\n",
	       "oci_check reports all faults in the order of the text");

	ok(oci_load(&arena, dirfd, ".", &doc) < 0 &&
		   !strcmp(err_text(), ".: is a directory, not a file"),
	   "a directory is refused: %s", err_text());
	write_file(path, GOOD "}");
	doc = (struct oci_doc){ .keep_raw = true };
	ok(!oci_load(&arena, dirfd, "config.json", &doc) && doc.config.process,
	   "a good file is loaded");
	ok(!memcmp(doc.raw, GOOD "}", doc.len), "raw is the text of the file");
	write_file(path, "{\"ociVersion\":\"1.0.0\"}");
	ok(oci_check(&arena, dirfd, "config.json", take_line) == 0,
	   "oci_check accepts a document without process and root");
	ok(oci_load(&arena, dirfd, "config.json", &doc) < 0,
	   "oci_load refuses a document without process and root");

	for (int i = 0; i < 300; i++)
		strcat(many, i ? ",\"\"" : "{\"ociVersion\":\"1.0.0\",\"process\":{\"env\":[\"\"");
	strcat(many, "]}}");
	write_file(path, many);
	nlines = 0;
	ok(oci_check(&arena, dirfd, path, drop_line) == 100 && nlines == 100,
	   "oci_check reports at most 100 faults");
	remove(path);
	close(dirfd);
}

static char warned[4096];

static void take_warning(enum log_level level, const char *text)
{
	if (level == LOG_WARNING)
		strcat(strcat(warned, text), "\n");
}

/* Names that are not exactly those of the specification. */
static void test_strays(const char *dir)
{
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	void (*before)(enum log_level, const char *) = log_sink.line;
	char path[64], *text;
	struct oci_resources r;

	log_sink.line = take_warning;
	snprintf(path, sizeof(path), "%s/config.json", dir);
	write_file(path, GOOD ",\"linux\":{\"resources\":{\"memory\":{\n\"Limit\":67108864,"
			      "\"limt\":1,\"Swappiness\":7}},\"seccomp\":{}},\"x\":{\"y\":1},"
			      "\"windows\":{}}");
	doc = (struct oci_doc){ 0 };
	ok(!oci_load(&arena, dirfd, "config.json", &doc) && !*warned,
	   "oci_load without fresh does not warn");
	ok(*doc.config.linux->resources->memory->limit == 67108864 &&
		   *doc.config.linux->resources->memory->swappiness == 7,
	   "a name in another case has its effect");
	doc = (struct oci_doc){ .fresh = true };
	ok(!oci_load(&arena, dirfd, "config.json", &doc), "oci_load with fresh succeeds");
	is_str(warned,
	       "config.json:2:9: linux.resources.memory.Limit: is taken for \"limit\", and 1 more "
	       "such names: oci-spec check config.json shows all\n"
	       "config.json:2:25: linux.resources.memory.limt: not known and without effect (2 "
	       "such "
	       "names); oci-spec check config.json shows what may be meant\n",
	       "oci_load with fresh warns of each kind of name once");
	*lines = 0;
	ok(oci_check(&arena, dirfd, "config.json", take_line) == 5,
	   "oci_check counts names as faults");
	is_str(lines,
	       "config.json:2:9: linux.resources.memory.Limit: must be written \"limit\"\n"
	       "config.json:2:25: linux.resources.memory.limt: is not known: did you mean "
	       "\"limit\"?\n"
	       "config.json:2:40: linux.resources.memory.Swappiness: must be written "
	       "\"swappiness\"\n"
	       "config.json:2:54: linux.seccomp: has neither defaultAction nor syscalls: nothing "
	       "is "
	       "filtered\n"
	       "config.json:2:62: x: is not known\n",
	       "oci_check shows each name, except those of other platforms");
	is_str(loads(GOOD ",\"hostname\":\"\",\"HostName\":\"\"}"),
	       "config.json:1:103: HostName: duplicate key: also written \"hostname\"",
	       "two spellings of one name are a duplicate key");
	*warned = 0;
	text = arena_strdup(&arena, "{\"memory\":{\"LIMIT\":7}}");
	ok(!oci_load_resources(&arena, "r.json", text, strlen(text), &r) && *r.memory->limit == 7,
	   "oci_load_resources: a name in another case has its effect");
	is_str(warned, "r.json:1:20: memory.LIMIT: is taken for \"limit\"\n",
	       "oci_load_resources warns of a name in another case");
	log_sink.line = before;
	remove(path);
	close(dirfd);
}

static void test_parts(const char *dir)
{
	struct oci_resources r;
	struct oci_process p;
	char path[64], *text;

	snprintf(path, sizeof(path), "%s/process.json", dir);
	write_file(path, "{\"cwd\":\"/\",\"args\":[\"sh\"],\"apparmorProfile\":\"\"}");
	ok(!oci_load_process(&arena, AT_FDCWD, path, &p) && !strcmp(p.args.at[0], "sh"),
	   "oci_load_process reads a process");
	ok(!p.apparmor_profile, "oci_load_process: an empty string is NULL");
	write_file(path, "{\"cwd\":\"/\",\n\"args\":[\"sh\"],\"env\":[\"X\"]}");
	ok(oci_load_process(&arena, AT_FDCWD, path, &p) < 0 &&
		   strstr(err_text(), "process.json:2:22: env[0] \"X\": must be NAME=VALUE"),
	   "oci_load_process refuses a variable without =: %s", err_text());
	write_file(path, "{\"cwd\":7}");
	ok(oci_load_process(&arena, AT_FDCWD, path, &p) < 0 &&
		   strstr(err_text(), "process.json:1:8: cwd: must be a string, not 7"),
	   "oci_load_process refuses a wrong type: %s", err_text());
	remove(path);
	ok(oci_load_process(&arena, AT_FDCWD, path, &p) < 0,
	   "oci_load_process of a missing file fails");

	text = arena_strdup(
		&arena, "{\"memory\":{\"swap\":5},\"devices\":[{\"allow\":false,\"major\":-1}]}");
	ok(!oci_load_resources(&arena, "r.json", text, strlen(text), &r) && *r.memory->swap == 5,
	   "oci_load_resources accepts swap without limit");
	ok(r.devices.at[0].type == 'a' && !r.devices.at[0].major &&
		   !strcmp(r.devices.at[0].access, "rwm"),
	   "oci_load_resources sets the defaults of a device rule");
	text = arena_strdup(&arena, "{\"memory\":{\"limit\":-7}}");
	ok(oci_load_resources(&arena, "r.json", text, strlen(text), &r) < 0,
	   "oci_load_resources refuses a bad limit");
	is_str(err_text(), "r.json:1:20: memory.limit: invalid memory value: -7 (-1 is unlimited)",
	       "the error has the place in the resources");
}

static void test_settled(void)
{
	is_str(loads(GOOD ",\"hostname\":\"\",\"domainname\":\"\",\"linux\":{\"cgroupsPath\":\"\","
			  "\"mountLabel\":\"\",\"namespaces\":[{\"type\":\"pid\",\"path\":\"\"}],"
			  "\"rootfsPropagation\":\"\",\"seccomp\":{\"defaultAction\":\"\"},"
			  "\"resources\":{\"cpu\":{\"cpus\":\"\",\"mems\":\"\"}}}}"),
	       "", "empty strings are accepted");
	ok(!doc.config.hostname && !doc.config.domainname && !doc.config.linux->cgroups_path &&
		   !doc.config.linux->mount_label && !doc.config.linux->namespaces.at[0].path &&
		   !doc.config.linux->resources->cpu->cpus &&
		   !doc.config.linux->resources->cpu->mems,
	   "empty strings count as absent");
	ok(!doc.config.linux->rootfs_propagation && !doc.config.linux->seccomp,
	   "empty words count as absent");
}

/* The kernel takes 340 ranges in one write of uid_map. */
static char *mappings(unsigned n)
{
	char *list = arena_alloc(&arena, n * 64), *end = list;

	for (unsigned i = 0; i < n; i++)
		end += sprintf(end, "%s{\"containerID\":%u,\"hostID\":%u,\"size\":1}", i ? "," : "",
			       i, i);
	return arena_printf(&arena,
			    GOOD ",\"linux\":{\"namespaces\":[{\"type\":\"user\"}],\n"
				 "\"gidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}],\n"
				 "\"uidMappings\":[%s]}}",
			    list);
}

static void test_many_mappings(void)
{
	is_str(loads(mappings(340)), "", "340 ranges are accepted");
	is_str(loads(mappings(341)),
	       "config.json:3:15: linux.uidMappings: has 341 ranges: the kernel takes at most 340",
	       "341 ranges are refused");
}

static void test_views(void)
{
	is_str(loads(GOOD ",\n\"annotations\":{\"a.b\":\"1\",\"a\":\"2\"},\n"
			  "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"}]}}"),
	       "", "a document with annotations is loaded");
	is_str(oci_annotation(&doc.config, "a"), "2", "oci_annotation finds the value");
	ok(!oci_annotation(&doc.config, "b"), "oci_annotation: NULL for a missing key");
	failx("setns: invalid argument");
	ok(oci_fail_at(&doc, "linux.namespaces[%d]", 1) == -1, "oci_fail_at returns -1");
	is_str(err_text(), "config.json:3:39: linux.namespaces[1]: setns: invalid argument",
	       "oci_fail_at adds the place of the path");
	failx("no");
	oci_fail_at(&doc, "linux.namespaces[7].path");
	is_str(err_text(), "config.json:3:23: linux.namespaces[7].path: no",
	       "oci_fail_at: the place of the deepest part that exists");
}

int main(void)
{
	char dir[] = "/tmp/load_test.XXXXXX";

	arena_init(&arena, block, sizeof(block));
	if (!mkdtemp(dir))
		return 1;
	test_text();
	test_order();
	test_files(dir);
	test_strays(dir);
	test_parts(dir);
	test_settled();
	test_many_mappings();
	test_views();
	rmdir(dir);
	return done();
}
