/* modules_test.c - the order of kernel modules by modules.dep(5). */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include "tests/tap.h"

#include <stdio.h>
#include <string.h>

static const char dep[] =
	"kernel/net/llc/llc.ko:\n"
	"kernel/net/802/stp.ko: kernel/net/llc/llc.ko\n"
	"kernel/net/bridge/bridge.ko.xz: kernel/net/802/stp.ko kernel/net/llc/llc.ko\n"
	"kernel/fs/dm-mod.ko:\n"
	"no colon\n"
	"top.ko: /elsewhere/x.ko";

/* The files that are loaded for a module, in their order; "-": the module is not found. */
static const char *order(const char *name)
{
	static char out[256];
	const char *line, *path;
	size_t at, len, n = 0;

	if (!modules_find(dep, sizeof(dep) - 1, name, strlen(name), &line, &at))
		return "-";
	*out = 0;
	while ((path = modules_last(line, &at, &len))) {
		const char *slash = memrchr(path, '/', len);

		len -= slash ? slash + 1 - path : 0;
		n += snprintf(out + n, sizeof(out) - n, "%s%.*s", n ? "," : "", (int)len,
			      slash ? slash + 1 : path);
	}
	return out;
}

int main(void)
{
	ok(!strcmp(order("llc"), "llc.ko"), "a module that needs no other one");
	ok(!strcmp(order("bridge"), "llc.ko,stp.ko,bridge.ko.xz"),
	   "needed modules are loaded first, and a compressed one is found");
	ok(!strcmp(order("dm_mod"), "dm-mod.ko") && !strcmp(order("dm-mod"), "dm-mod.ko"),
	   "a dash and an underscore are the same");
	ok(!strcmp(order("top"), "x.ko,top.ko"), "a last line without a newline is read");
	ok(!strcmp(order("brid"), "-") && !strcmp(order("bridges"), "-"),
	   "a shorter or longer name is not found");
	ok(!strcmp(order(""), "-") && !strcmp(order("no colon"), "-"),
	   "an empty name and a line without a colon are not modules");
	ok(!modules_find("", 0, "x", 1, &(const char *){ 0 }, &(size_t){ 0 }),
	   "an empty file has no module");
	return done();
}
