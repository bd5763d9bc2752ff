/* platform.c - the platform of an image, and of this machine. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <string.h>
#include <sys/utsname.h>

int platform_parse(struct arena *a, const char *text, struct platform *p)
{
	static const char *const machines[][3] = {
		{ "x86_64", "amd64" },	   { "aarch64", "arm64" },   { "armv7l", "arm", "v7" },
		{ "armv6l", "arm", "v6" }, { "i686", "386" },	     { "i586", "386" },
		{ "riscv64", "riscv64" },  { "ppc64le", "ppc64le" }, { "s390x", "s390x" },
	};
	struct utsname u;
	char *slash;

	*p = (struct platform){ "linux", "unknown", NULL };
	if (!text) {
		uname(&u);
		for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
			if (!strcmp(u.machine, machines[i][0])) {
				p->architecture = machines[i][1];
				p->variant = machines[i][2];
			}
		return 0;
	}
	p->os = text = arena_strdup(a, text);
	slash = strchr(text, '/');
	if (!slash || slash == text || !slash[1])
		return failx("invalid value \"%s\" for flag -platform: must be OS/ARCH[/VARIANT]",
			     text);
	*slash++ = 0;
	p->architecture = slash;
	p->variant = strchr(slash, '/');
	if (p->variant)
		*(char *)p->variant++ = 0;
	return 0;
}

int platform_fits(const struct platform *have, const struct platform *want)
{
	if (!have || !have->os || !have->architecture)
		return 1;
	if (strcmp(have->os, want->os) || strcmp(have->architecture, want->architecture))
		return 0;
	return !want->variant || (have->variant && !strcmp(have->variant, want->variant)) ? 2 : 1;
}

#endif
