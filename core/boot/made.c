/* made.c - the config.json of a container with what boot.json adds to it. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <string.h>

bool made_network(const struct boot_rule *r)
{
	return WITH_BOOT_NET &&
	       (r->net.bridge || r->net.device || r->net.address || r->net.gateway);
}

bool made_wanted(const struct boot_rule *r)
{
	return r->env.n || r->secrets.n || made_network(r) ||
	       (WITH_VERITY && verity_is_set(&r->verity));
}

/* Sets the annotations of verity. Those of boot.json replace those of the bundle. */
static void verity_annotate(struct arena *a, const struct verity *v, struct oci_config *c)
{
	const struct json_pair of[] = { { OCI_ANNOTATION_HASH, v->hash },
					{ OCI_ANNOTATION_ROOT, v->root },
					{ OCI_ANNOTATION_SIGNATURE, v->signature } };
	size_t n = c->annotations.n;
	struct json_pair *all = arena_more(a, c->annotations.at, n, ARRAY_SIZE(of), sizeof(*all));

	for (const struct json_pair *p = of; p < of + ARRAY_SIZE(of); p++) {
		size_t i = 0;

		while (i < n && strcmp(all[i].key, p->key))
			i++;
		if (p->value)
			all[i] = *p;
		n += p->value && i == n;
	}
	c->annotations.at = all;
	c->annotations.n = n;
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
	if (WITH_VERITY && verity_is_set(&u->rule.verity))
		verity_annotate(a, &u->rule.verity, &doc.config);
	text = oci_config_text(a, &doc.config, &len);
	return file_replace(AT_FDCWD, u->made, text, len, 0600);
}
