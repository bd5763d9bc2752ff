/* made.c - the config.json of a container with what boot.json adds to it. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

bool made_network(const struct boot_rule *r)
{
	return WITH_BOOT_NET &&
	       (r->net.bridge || r->net.device || r->net.address || r->net.gateway);
}

bool made_wanted(const struct boot_rule *r)
{
	return r->env.n || r->secrets.n || made_network(r);
}

int made_config(struct arena *a, const struct unit *u)
{
	int dir __cleanup(fd_close) = open(u->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct oci_doc doc = { 0 };
	char *text;
	size_t len;

	if (oci_load(a, dir, "config.json", &doc) < 0)
		return -1;
	if (WITH_ENV && (u->rule.env.n || u->rule.secrets.n) && env_add(a, u, &doc.config) < 0)
		return -1;
	if (made_network(&u->rule) && network_join(a, u, &doc.config) < 0)
		return -1;
	text = oci_config_text(a, &doc.config, &len);
	return file_replace(AT_FDCWD, u->made, text, len, 0600);
}
