/* mountopt.c - what the options of mounts mean (mount(8), runtime-spec "Linux mount options"). */
/* SPDX-License-Identifier: MIT */
#include "core/kernel/kernel.h"

#include <stdlib.h>
#include <string.h>

/* What a word does. */
enum word_kind {
	SET, /* value: MS_* to set */
	CLEAR, /* value: MS_* to clear */
	REC, /* value: MOUNT_ATTR_* to set on the whole tree, aux: to clear */
	PROP, /* value: propagation type */
	EXT, /* value: offset of a bool in struct mount_opts */
};

struct word {
	const char *word;
	unsigned kind : 4, value : 28, aux;
};

#define ATIME MOUNT_ATTR__ATIME
#define EXTENSION(field) EXT, offsetof(struct mount_opts, field)

/*
 * An atime word replaces the whole atime mode, so each clears the field first: mount_setattr(2)
 * requires MOUNT_ATTR__ATIME in attr_clr if the mode changes.
 */
static const struct word words[] = {
	{ "async", CLEAR, MS_SYNCHRONOUS, 0 },
	{ "atime", CLEAR, MS_NOATIME, 0 },
	{ "bind", SET, MS_BIND, 0 },
	{ "copy-symlink", EXTENSION(copy_symlink), 0 },
	{ "defaults", SET, 0, 0 },
	{ "dest-nofollow", EXTENSION(dest_nofollow), 0 },
	{ "dev", CLEAR, MS_NODEV, 0 },
	{ "diratime", CLEAR, MS_NODIRATIME, 0 },
	{ "dirsync", SET, MS_DIRSYNC, 0 },
	{ "exec", CLEAR, MS_NOEXEC, 0 },
	{ "idmap", EXTENSION(idmap), 0 },
	{ "iversion", SET, MS_I_VERSION, 0 },
	{ "lazytime", SET, MS_LAZYTIME, 0 },
	{ "loud", CLEAR, MS_SILENT, 0 },
	{ "mand", SET, MS_MANDLOCK, 0 },
	{ "noatime", SET, MS_NOATIME, 0 },
	{ "nodev", SET, MS_NODEV, 0 },
	{ "nodiratime", SET, MS_NODIRATIME, 0 },
	{ "noexec", SET, MS_NOEXEC, 0 },
	{ "noiversion", CLEAR, MS_I_VERSION, 0 },
	{ "nolazytime", CLEAR, MS_LAZYTIME, 0 },
	{ "nomand", CLEAR, MS_MANDLOCK, 0 },
	{ "norelatime", CLEAR, MS_RELATIME, 0 },
	{ "nostrictatime", CLEAR, MS_STRICTATIME, 0 },
	{ "nosuid", SET, MS_NOSUID, 0 },
	{ "nosymfollow", SET, MS_NOSYMFOLLOW, 0 },
	{ "private", PROP, MS_PRIVATE, 0 },
	{ "ratime", REC, 0, ATIME },
	{ "rbind", SET, MS_BIND | MS_REC, 0 },
	{ "rdev", REC, 0, MOUNT_ATTR_NODEV },
	{ "rdiratime", REC, 0, MOUNT_ATTR_NODIRATIME },
	{ "relatime", SET, MS_RELATIME, 0 },
	{ "remount", SET, MS_REMOUNT, 0 },
	{ "rexec", REC, 0, MOUNT_ATTR_NOEXEC },
	{ "ridmap", EXTENSION(ridmap), 0 },
	{ "rnoatime", REC, MOUNT_ATTR_NOATIME, ATIME },
	{ "rnodev", REC, MOUNT_ATTR_NODEV, 0 },
	{ "rnodiratime", REC, MOUNT_ATTR_NODIRATIME, 0 },
	{ "rnoexec", REC, MOUNT_ATTR_NOEXEC, 0 },
	{ "rnorelatime", REC, 0, ATIME },
	{ "rnostrictatime", REC, 0, ATIME },
	{ "rnosuid", REC, MOUNT_ATTR_NOSUID, 0 },
	{ "rnosymfollow", REC, MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "ro", SET, MS_RDONLY, 0 },
	{ "rprivate", PROP, MS_PRIVATE | MS_REC, 0 },
	{ "rrelatime", REC, MOUNT_ATTR_RELATIME, ATIME },
	{ "rro", REC, MOUNT_ATTR_RDONLY, 0 },
	{ "rrw", REC, 0, MOUNT_ATTR_RDONLY },
	{ "rshared", PROP, MS_SHARED | MS_REC, 0 },
	{ "rslave", PROP, MS_SLAVE | MS_REC, 0 },
	{ "rstrictatime", REC, MOUNT_ATTR_STRICTATIME, ATIME },
	{ "rsuid", REC, 0, MOUNT_ATTR_NOSUID },
	{ "rsymfollow", REC, 0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "runbindable", PROP, MS_UNBINDABLE | MS_REC, 0 },
	{ "rw", CLEAR, MS_RDONLY, 0 },
	{ "shared", PROP, MS_SHARED, 0 },
	{ "silent", SET, MS_SILENT, 0 },
	{ "slave", PROP, MS_SLAVE, 0 },
	{ "src-nofollow", EXTENSION(src_nofollow), 0 },
	{ "strictatime", SET, MS_STRICTATIME, 0 },
	{ "suid", CLEAR, MS_NOSUID, 0 },
	{ "symfollow", CLEAR, MS_NOSYMFOLLOW, 0 },
	{ "sync", SET, MS_SYNCHRONOUS, 0 },
	{ "tmpcopyup", EXTENSION(tmpcopyup), 0 },
	{ "unbindable", PROP, MS_UNBINDABLE, 0 },
};

static int by_word(const void *key, const void *row)
{
	return strcmp(key, ((const struct word *)row)->word);
}

/* A later word overrides an earlier one. */
static void apply_word(const struct word *w, struct mount_opts *o)
{
	switch ((enum word_kind)w->kind) {
	case SET:
		o->flags |= w->value;
		o->cleared &= ~(unsigned long)w->value;
		break;
	case CLEAR:
		o->flags &= ~(unsigned long)w->value;
		o->cleared |= w->value;
		break;
	case REC:
		o->rec_set = (o->rec_set & ~(uint64_t)w->aux) | w->value;
		o->rec_clr = (o->rec_clr & ~(uint64_t)w->value) | w->aux;
		break;
	case PROP:
		if (o->npropagation < ARRAY_SIZE(o->propagation))
			o->propagation[o->npropagation++] = w->value;
		break;
	case EXT: *(bool *)((char *)o + w->value) = true; break;
	}
}

void mountopt_parse(struct arena *a, const struct oci_mount *m, struct mount_opts *out)
{
	char *data = NULL, *end;
	size_t room = 1;

	*out = (struct mount_opts){ 0 };
	list_each (opt, m->options)
		room += strlen(*opt) + 1;
	list_each (opt, m->options) {
		const struct word *w =
			bsearch(*opt, words, ARRAY_SIZE(words), sizeof(*words), by_word);

		/* The text after "idmap=" has become mappings when the config was read. */
		if (!w && (!strncmp(*opt, "idmap=", 6) || !strncmp(*opt, "ridmap=", 7)))
			w = bsearch(**opt == 'i' ? "idmap" : "ridmap", words, ARRAY_SIZE(words),
				    sizeof(*words), by_word);
		if (w) {
			apply_word(w, out);
			continue;
		}
		if (!data)
			data = end = arena_alloc(a, room);
		else
			*end++ = ',';
		end = stpcpy(end, *opt);
	}
	/* Mappings without the option mean "idmap" too (runtime-spec 1.2). */
	if (m->uid_mappings.n && !out->ridmap)
		out->idmap = true;
	out->data = data;
}

int mountopt_check(const struct mount_opts *o, unsigned kernel)
{
	/* KERNEL 5.10: MS_NOSYMFOLLOW; mount(2) of older kernels ignores it without an error, so
	 * nosymfollow is refused, unless the vDSO does not have the version. */
	if (kernel && kernel < 0x50a00 && o->flags & MS_NOSYMFOLLOW)
		return failx("nosymfollow needs Linux 5.10, and this kernel ignores it");
	return 0;
}

enum mountopt_proc mountopt_proc(const char *data, unsigned kernel, bool own_pidns)
{
	/* KERNEL 5.8: each mount of procfs has its own options. On older kernels all mounts of a
	 * pid namespace are one filesystem, which before 5.7 the kernel makes with the namespace,
	 * and mount(2) ignores the options of every mount but the first. In a new pid namespace a
	 * remount sets them; in another one they are refused, because they would apply to the
	 * mounts of others. */
	if (!data || !kernel || kernel >= 0x50800)
		return MOUNTOPT_PROC_MOUNT;
	return own_pidns ? MOUNTOPT_PROC_REMOUNT : MOUNTOPT_PROC_REFUSE;
}

/* The length of the option at text. It ends at a comma, but not at one inside the quotes of an
 * SELinux label, nor at one after a backslash in an option of an overlay. */
static size_t word_length(const char *text, bool overlay)
{
	const char *p = text, *value = strpbrk(text, "=,"), *quote;

	if (value && value - text >= 7 && !memcmp(value - 7, "context=\"", 9)) {
		quote = strchr(value + 2, '"');
		if (quote)
			p = quote;
	}
	while (*p && *p != ',')
		p += overlay && *p == '\\' && p[1] ? 2 : 1;
	return p - text;
}

const char *mountopt_next(const char *text, bool overlay, struct mountopt_word *w)
{
	size_t n;

	if (!text || !*text)
		return NULL;
	n = word_length(text, overlay);
	*w = (struct mountopt_word){ .key = text, .key_len = n };
	w->value = memchr(text, '=', n);
	if (w->value) {
		w->key_len = w->value - text;
		w->value_len = n - w->key_len - 1;
		w->value++;
	}
	/* mount(2) takes an SELinux label in quotes, fsconfig(2) without. */
	if (w->value_len > 1 && w->key_len >= 7 && !memcmp(w->value - 8, "context=\"", 9) &&
	    w->value[w->value_len - 1] == '"') {
		w->value++;
		w->value_len -= 2;
	}
	return text + n + (text[n] == ',');
}

const char *const *mountopt_words(struct arena *a, size_t *n)
{
	const char **list = arena_alloc(a, sizeof(*list) * (ARRAY_SIZE(words) + 1));

	for (*n = 0; *n < ARRAY_SIZE(words); ++*n)
		list[*n] = words[*n].word;
	return list;
}
