/* image.h - OCI images: their sources, their contents, and bundles made of them. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_IMAGE_IMAGE_H
#define CORE_IMAGE_IMAGE_H

#include "core/kernel/kernel.h"
#include "core/oci/oci.h"

/* ---- sha256.c ------------------------------------------------------------------------------- */

#define SHA256_HEX 65 /* bytes of a sum as text, with its NUL */

struct sha256 {
	uint32_t h[8];
	uint64_t len;
	bool fast; /* computed by the processor's own instructions */
	unsigned char block[64];
};
void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t n);
void sha256_text(const void *text, size_t len, char hex[SHA256_HEX]);
void sha256_end(struct sha256 *s, char hex[SHA256_HEX]);

/* ---- stream.c: the bytes of a part of a file, decompressed ----------------------------------- */

/* Limits on what an image may contain. 0 means no limit. */
struct image_limits {
	uint64_t bytes; /* of all files, holes included */
	uint64_t entries; /* of all layers */
	uint64_t ratio; /* uncompressed bytes for each compressed one */
	uint64_t layers;
};

struct stream;
/* Opens size bytes at `at` of fd; gzip and zstd are known by their first bytes. The stream lives
 * until stream_close. NULL: error. */
struct stream *stream_open(int fd, uint64_t at, uint64_t size, uint64_t ratio);
/* Starts a process that decompresses the stream from now on, unless the stream is small or not
 * compressed. */
int stream_apart(struct stream *s);
/* Reads n bytes, or fewer at the end. -1: error. */
ssize_t stream_read(struct stream *s, void *buf, size_t n);
/* Sets hex to the SHA-256 of all that was read, which must be the whole stream. */
void stream_sum(struct stream *s, char hex[SHA256_HEX]);
bool stream_compressed(const struct stream *s);
uint64_t stream_taken(const struct stream *s); /* bytes of the file that were read so far */
void stream_close(struct stream **s); /* also as __cleanup */

/* ---- tar.c: tar(5) as POSIX and GNU have it -------------------------------------------------- */

#define TAR_BLOCK 512
#define TAR_NAME_MAX 4096 /* bytes of a path with its NUL */
#define NAMES_MAX (64u << 20) /* bytes of all names that are kept until the end */
#define TAR_EXT_MAX (1u << 20) /* bytes of the extended header of one entry */
#define TAR_XATTRS_MAX 256
#define TAR_HOLES_MAX 65536

struct tar_xattr {
	const char *name;
	const void *value;
	size_t len;
};
struct tar_part { /* of a sparse file: a part that has data */
	uint64_t at, len;
};

/* One entry. It is valid until the next one is read. */
struct tar_entry {
	/* '0' file, '1' hard link, '2' symbolic link, '3' '4' devices, '5' directory, '6' fifo */
	char type;
	char path[TAR_NAME_MAX], link[TAR_NAME_MAX];
	uint32_t mode, uid, gid, major, minor;
	struct timespec mtime;
	uint64_t size; /* of the file, with its holes */
	bool sparse;
	size_t xattrs_n;
	struct tar_xattr xattrs[TAR_XATTRS_MAX];
	size_t parts_n; /* where sparse */
	struct tar_part *parts;
};

struct tar {
	ssize_t (*read)(void *from, void *buf, size_t n); /* as stream_read */
	int (*skip)(void *from, uint64_t n); /* NULL: by reading */
	void *from;
	struct tar_entry e;
	uint64_t at; /* bytes read so far */
	uint64_t left, padding; /* of the present entry's data */
	size_t part; /* of a sparse file: the part that is being read */
	uint64_t part_done;
	bool real_size, gnu_1_0; /* of the extended header */
	uint64_t sparse_size;
	unsigned char block[TAR_BLOCK];
	char *ext; /* TAR_EXT_MAX bytes */
};
/* Prepares t. The caller has set read, skip and from, and zeroed the rest. */
void tar_begin(struct arena *a, struct tar *t);
/* Skips the rest of the present entry's data and reads the next header into t->e. Returns 1; 0 at
 * the end of the archive; -1. */
int tar_next(struct tar *t);
/* Reads bytes of the entry's data; *at becomes their offset in the file. 0: the end; -1. */
ssize_t tar_data(struct tar *t, void *buf, size_t n, uint64_t *at);
/* Reads the rest of the stream, because the sum is also of padding after the archive. */
int tar_drain(struct tar *t);

/* ---- source.c: a layout, or an archive ------------------------------------------------------ */

struct source_file {
	const char *name;
	const char *link; /* NULL: a file */
	uint64_t at, size;
};
struct source {
	struct arena *a;
	const char *path; /* as errors show it */
	int dir; /* a layout as a directory; -1: an archive */
	int file; /* the archive, or the file that has it, */
	uint64_t at, size; /* and the archive's place in that file */
	struct source_file *files;
	size_t n, room, bytes; /* bytes of their names */
};
#define SOURCE_INIT                                                                                \
	{                                                                                          \
		.dir = -1, .file = -1                                                              \
	}
/* A blob: a part of a file. */
struct blob {
	int fd;
	uint64_t at, size;
};
#define BLOB_INIT                                                                                  \
	{                                                                                          \
		.fd = -1                                                                           \
	}
/* path: a directory, an archive, which may be compressed, or "-". Standard input and a compressed
 * archive are copied to a file without a name in tmpdir first. */
int source_open(struct arena *a, const char *path, const char *tmpdir, struct image_limits limits,
		struct source *s);
/* Opens the archive that is a part of s->file. */
int source_open_part(struct arena *a, const char *name, uint64_t at, uint64_t size,
		     struct source *s);
void source_close(struct source *s); /* also as __cleanup */
int source_unnamed(const char *dir); /* a file without a name in dir, until it is closed */
/* Finds a file by its name in the layout or archive. 1: found; 0: missing; -1. */
int source_find(const struct source *s, const char *name, struct blob *b);
/* Reads a small file as a whole. 1: read; 0: missing; -1. */
int source_text(const struct source *s, const char *name, char **text, size_t *len);
void blob_close(struct blob *b); /* also as __cleanup */

bool digest_valid(const char *digest); /* "sha256:" and 64 hexadecimal digits. Pure. */
struct descriptor;
/* Opens the blob that the descriptor names, after a check of its size and its sum. */
int source_blob(const struct source *s, const struct descriptor *d, struct blob *b);
/* Does the same with a small blob, and reads it as text. */
int source_blob_text(const struct source *s, const struct descriptor *d, char **text, size_t *len);
int blob_sum(const struct blob *b, char hex[SHA256_HEX]);
int blob_check(const struct blob *b,
	       const char *digest); /* fails unless the blob's sum is digest */

/* ---- platform.c: the platform of an image, and of this machine ------------------------------- */

struct platform {
	const char *os, *architecture, *variant;
};
/* Reads "OS/ARCH[/VARIANT]", whose parts it copies. NULL: this machine's platform. */
int platform_parse(struct arena *a, const char *text, struct platform *p);
/* Pure. Returns 2: have is the platform that is wanted; 1: the same without the variant, or it is
 * not known; 0: another one. */
int platform_fits(const struct platform *have, const struct platform *want);

/* ---- manifest.c: image-spec 1.1 as rows ------------------------------------------------------ */

#define DOCUMENT_MAX (8u << 20) /* bytes of an index, a manifest or a config */
#define INDEX_DEPTH_MAX 8

struct descriptor {
	const char *media_type, *digest; /* digest "sha256:..." */
	uint64_t size;
	struct platform *platform;
	LIST(struct json_pair) annotations;
};
struct image_index {
	const char *media_type;
	uint32_t schema;
	LIST(struct descriptor) manifests;
};
struct manifest {
	const char *media_type;
	uint32_t schema;
	struct descriptor config;
	LIST(struct descriptor) layers;
	LIST(struct json_pair) annotations;
};
struct image_settings { /* "config" of an image's config */
	const char *user, *working_dir, *stop_signal;
	LIST(const char *) env, entrypoint, cmd;
	const struct json *volumes, *ports; /* objects, of which only the names are used */
	LIST(struct json_pair) labels;
};
struct image_rootfs {
	const char *type;
	LIST(const char *) diff_ids;
};
struct image_config {
	const char *created, *author, *os, *architecture, *variant;
	struct image_settings config;
	struct image_rootfs rootfs;
};

extern const struct json_type index_type, manifest_type, image_config_type;

/* An image that was found. All parts but its layers have been read and checked. */
struct oci_image {
	const char *digest; /* of the manifest; in an archive of docker, of the config */
	const char *name; /* its tag; NULL */
	struct manifest manifest;
	struct image_config config;
	char *config_text;
	size_t config_len;
	/* Layers of an archive of docker, which have names instead of sums; else NULL. */
	struct blob *layers;
};

/* One image of a source, as list shows it. */
struct listed {
	const char *name, *digest;
	struct platform platform;
	uint64_t size;
};
struct wanted {
	const char *tag; /* NULL: the only image, or "latest" */
	const char *platform; /* "OS/ARCH[/VARIANT]"; NULL: this machine's */
};
int image_find(const struct source *s, const struct wanted *w, struct oci_image *out);
/* Calls each() for every image until it returns -1. */
int image_list(const struct source *s, int (*each)(const struct listed *l, void *arg), void *arg);

/* ---- hide.c: whiteouts, which remove files of lower layers ----------------------------------- */

/* The names that the present layer has made, which its whiteouts must not remove. */
struct made {
	struct arena *a;
	uint64_t *at;
	size_t n, room;
};
void made_clear(struct made *m);
void made_add(struct made *m, ino_t dir, const char *name);
bool made_has(const struct made *m, ino_t dir, const char *name);
/* Removes name in dir with everything below it, except for names in made (NULL: no exception). */
int hide(int dir, ino_t ino, const char *name, const struct made *made);
int hide_children(int dir, const struct made *made); /* of an opaque directory */

/* The attribute that keeps a file's owner where an ordinary user has unpacked it. */
#define OWNER_XATTR "user.rootlesscontainers"

/* ---- layer.c: writes the entries of a layer to a root filesystem ----------------------------- */

struct layer_dir; /* a directory that gets its mode and time at the end */
struct layers {
	struct arena *a;
	int root;
	/* Devices become empty files, and attributes that the kernel refuses are left out. */
	bool rootless;
	bool one_id; /* owners become the attribute user.rootlesscontainers */
	bool sync; /* the caller will wait for the disk */
	struct image_limits limits;
	uint64_t bytes, entries;
	unsigned devices, refused; /* what rootless left out */
	/* private */
	bool lower; /* there is a layer below */
	struct made made;
	struct layer_dir *dirs;
	size_t dirs_n, dirs_room, dirs_bytes;
	char parent_path[TAR_NAME_MAX];
	int parent;
	ino_t parent_ino;
	bool parent_made;
};
int layer_apply(struct layers *l, struct tar *t);
int layers_finish(struct layers *l); /* modes and times of directories */

/* ---- owners.c: passwd and group of an image, and id ranges of an ordinary user --------------- */

/* "USER[:GROUP]" of an image: names are looked up below root. */
int owners_user(struct arena *a, int root, const char *text, struct oci_user *out);
/* Maps 0 to id, and ids from 1 on to the user's range in file, /etc/subuid or /etc/subgid. Returns
 * false if that has no range for the user. */
bool owners_range(struct arena *a, const char *file, uint32_t id, oci_id_maps *out);

/* ---- convert.c: the image's config becomes config.json --------------------------------------- */

struct convert {
	const struct oci_image *image;
	int root; /* of its files */
	struct oci_spec_options spec;
	const oci_id_maps *uids, *gids; /* NULL: as the options say */
	char **command; /* replaces Cmd; NULL or empty: Cmd stays */
};
struct oci_config *image_convert(struct arena *a, const struct convert *c);
/* Sets args to Entrypoint and Cmd, or to Entrypoint and command. */
void image_args(struct arena *a, const struct oci_image *image, char **command,
		struct oci_process *p);

/* ---- unpack.c ------------------------------------------------------------------------------- */

struct unpack {
	const char *source, *bundle;
	struct wanted want;
	struct image_limits limits;
	struct oci_spec_options spec;
	bool rootless, quiet, sync;
	char **command;
	const char *helper_path; /* as for launch */
};
int image_unpack(struct arena *a, const struct unpack *u);
/* Does the same with an image that was found already: u->source and u->want are not used. */
int image_unpack_found(struct arena *a, const struct unpack *u, const struct source *source,
		       const struct oci_image *image);
/* Removes a bundle, and files in it that belong to an ordinary user's subordinate ids. */
int image_remove(struct arena *a, const struct unpack *u);

/* ---- tarout.c: writes tar -------------------------------------------------------------------- */

struct tarout_entry {
	const char *path, *link;
	const char *xattrs_of; /* the path whose attributes are written too, or NULL */
	char type; /* as struct tar_entry */
	uint32_t mode, uid, gid, major, minor;
	struct timespec mtime;
	uint64_t size;
};
struct linked;
struct tarout {
	struct arena *a;
	int fd;
	bool one_id; /* owners come from the attribute user.rootlesscontainers, or are 0 */
	uint64_t total;
	/* private */
	struct sha256 sum;
	struct linked *linked;
	size_t linked_n, linked_room;
	size_t len;
	char buf[64 << 10], ext[4096];
};
void tarout_begin(struct arena *a, struct tarout *t, int fd);
int tarout_bytes(struct tarout *t, const void *data, size_t n);
int tarout_header(struct tarout *t, const struct tarout_entry *e);
/* Writes size bytes of fd, after their header; path is for errors. */
int tarout_file(struct tarout *t, const char *path, int fd, uint64_t size);
int tarout_text(struct tarout *t, const char *path, const void *text, size_t len);
int tarout_tree(struct tarout *t, int root); /* writes everything below root, sorted by name */
int tarout_end(struct tarout *t, char hex[SHA256_HEX]);

/* ---- pack.c ---------------------------------------------------------------------------------- */

struct pack {
	int root; /* the files */
	const struct oci_config *config; /* NULL: the image has files alone */
	const char *tag, *tmpdir;
	bool one_id;
	size_t entrypoint; /* how many of the config's args are the entrypoint */
	const char *extra_name, *extra; /* a further file of an archive; NULL: none */
	size_t extra_len;
	int out; /* a directory: a layout; else an archive is written */
};
int image_pack(struct arena *a, const struct pack *p);

#endif
