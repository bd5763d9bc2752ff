/* features.c - what this build can do, from the tables the code itself uses. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

#include <string.h>

/* seccomp(2), 3.17: a known flag without a program gives EFAULT, an unknown one EINVAL. */
#define SECCOMP_SET_MODE_FILTER 1
#define SECCOMP_FILTER_FLAG_NEW_LISTENER 8 /* 5.0 */

static bool kernel_takes(int flags)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}

/* The kernel takes flags about notifications only together with NEW_LISTENER. */
static bool kernel_has_flag(int flag)
{
	return kernel_takes(flag) || kernel_takes(flag | SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

static void fill_seccomp(struct oci_features_seccomp *s)
{
	if (!WITH_SECCOMP)
		return;
	s->enabled = true;
	s->supported_flags.at =
		arena_alloc(&arena, s->known_flags.n * sizeof(*s->supported_flags.at));
	list_each (name, s->known_flags)
		if (kernel_has_flag(json_word_value(oci_seccomp_flag_words, *name)))
			s->supported_flags.at[s->supported_flags.n++] = *name;
}

static void fill_annotations(struct oci_features *f)
{
	/* The first and the last are left out where they are empty. */
	static struct json_pair pairs[] = {
		{ "org.ocibox.without", WITHOUT },
		{ "io.github.seccomp.libseccomp.version", seccomp_library },
		{ "org.opencontainers.runc.checkpoint.enabled", WITH_CRIU ? "true" : "false" },
		{ "org.opencontainers.runc.version", OCIBOX_VERSION },
		{ "org.opencontainers.runc.commit", OCIBOX_COMMIT },
	};

	f->annotations.at = pairs + !*WITHOUT;
	f->annotations.n = ARRAY_SIZE(pairs) - !*WITHOUT - !*OCIBOX_COMMIT;
}

static int features_run(void *opts, int argc, char **argv)
{
	struct json_out o = { .arena = &arena, .indent = "    " };
	bool systemd = WITH_SYSTEMD;
	struct oci_features f = { 0 };

	oci_features_fill(&arena, &f);
	f.mount_options.at = (const char **)mountopt_words(&arena, &f.mount_options.n);
	f.linux.cgroup = (struct oci_features_cgroup){ WITH_CGROUP, WITH_CGROUP, systemd, systemd,
						       WITH_CGROUP };
	f.linux.apparmor.enabled = f.linux.selinux.enabled = WITH_LSM;
	f.linux.intel_rdt = (struct oci_features_rdt){ WITH_TUNING, WITH_TUNING, WITH_TUNING };
	fill_seccomp(&f.linux.seccomp);
	fill_annotations(&f);
	json_write(&o, &oci_features_type, &f);
	return applet_print(o.buf, o.len) < 0 ? -1 : applet_print("\n", 1);
}

const struct applet features_applet = {
	.name = "features",
	.args = "",
	.summary = "print as JSON what this program can do",
	.text = "\"enabled\" means that the program can use it; this kernel may lack it.",
	.run = features_run,
};
