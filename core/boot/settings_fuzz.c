/* settings_fuzz.c - any command line and any boot.json give valid settings. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include "tests/fuzz.h"

static void report(void)
{
	if (!*err_text())
		abort();
	err_clear("the fault is reported");
}

static void use(const struct boot_settings *s)
{
	struct boot_rule rule;
	const char *name = "", *next;

	if (!s->bundles || !*s->bundles || !s->log || !*s->log)
		abort();
	if (s->wait < 0 || s->watchdog < 0 || s->cgroup < 0 || s->cgroup > BOOT_CGROUP_V2 ||
	    s->done < 0 || s->done > BOOT_HALT || s->restart < 0 || s->restart > BOOT_ALWAYS)
		abort();
	for (size_t i = 0; name; i++, name = next) {
		next = boot_row_name(s, i);
		boot_rule(s, name, &rule);
		if (!rule.log || !*rule.log || rule.stop_signal < 1 || rule.stop_signal > SIGRTMAX)
			abort();
		if (rule.backoff_first < 0 || rule.backoff_max < 0 || rule.start_interval < 0 ||
		    rule.start_timeout < 0 || rule.stop_timeout < 0)
			abort();
		if (next && strlen(boot_name(next)) > strlen(next))
			abort();
	}
}

/* The input is boot.json, and after a NUL the command line, which overrides it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = memchr(data, 0, size);
	size_t len = nul ? (size_t)(nul - data) : size;
	struct boot_settings set;
	struct arena a;

	if (size > 1 << 16)
		return 0;
	fuzz_begin(&a);
	boot_defaults(&set);
	boot_set_json(&a, &set, "boot.json", arena_strndup(&a, (const char *)data, len), len,
		      report);
	use(&set);
	if (nul)
		boot_set_words(&set, arena_strndup(&a, (const char *)nul + 1, size - len - 1),
			       report);
	use(&set);
	return 0;
}
