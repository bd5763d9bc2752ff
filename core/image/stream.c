/* stream.c - a part of a file as a stream of bytes, decompressed and summed up. */
/* SPDX-License-Identifier: MIT */
#include "core/image/image.h"

#if WITH_UNPACK

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>
#include <zstd.h>

#define IN_SIZE (64u << 10)
#define RATIO_FREE                                                                                 \
	(16u << 20) /* bytes that any input may give: short texts of zeros are harmless */

#define APART_FROM (256u << 10) /* compressed bytes */

enum kind { PLAIN, GZIP, ZSTD };

/* What the helper process reports. */
struct aside {
	volatile uint64_t taken;
	bool done;
	int num;
	char text[512];
};

struct stream {
	pid_t helper; /* 0: none */
	int pipe;
	struct aside *aside;
	int fd;
	uint64_t at, end, begin; /* of the file */
	uint64_t out, ratio;
	enum kind kind;
	bool done; /* the last frame has ended, and nothing follows */
	bool in_frame;
	uint64_t frame,
		frame_size; /* of zstd: bytes that have come out, and the size in its header */
	size_t in_at, in_len;
	z_stream z;
	ZSTD_DCtx *zstd;
	struct sha256 sum;
	unsigned char in[IN_SIZE];
};

/* Reads more of the file. Returns 1; 0 at its end; -1. */
static int refill(struct stream *s)
{
	uint64_t left = s->end - s->at;
	ssize_t n;

	if (s->in_at < s->in_len)
		return 1;
	if (!left)
		return 0;
	do {
		n = pread(s->fd, s->in, left < IN_SIZE ? left : IN_SIZE, (off_t)s->at);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail("read the image");
	if (!n)
		return failx("the image's file has become shorter");
	s->at += n;
	s->in_at = 0;
	s->in_len = n;
	return 1;
}

static int stream_byte(struct stream *s)
{
	int more = refill(s);

	if (!more)
		failx("the compressed data ends in the middle");
	return more <= 0 ? -1 : s->in[s->in_at++];
}

/* The header of a member (RFC 1952). */
static int gzip_header(struct stream *s)
{
	enum { CRC = 2, EXTRA = 4, NAME = 8, COMMENT = 16 };
	int head[10], c;

	for (int i = 0; i < 10; i++)
		if ((head[i] = stream_byte(s)) < 0)
			return -1;
	if (head[0] != 0x1f || head[1] != 0x8b || head[2] != 8 || head[3] & 0xe0)
		return failx("the gzip data is followed by other data");
	if (head[3] & EXTRA) {
		int low = stream_byte(s), high = low < 0 ? -1 : stream_byte(s);

		if (high < 0)
			return -1;
		for (int n = low | high << 8; n; n--)
			if (stream_byte(s) < 0)
				return -1;
	}
	for (int bit = NAME; bit <= COMMENT; bit *= 2)
		while (head[3] & bit && (c = stream_byte(s)))
			if (c < 0)
				return -1;
	for (int n = head[3] & CRC ? 2 : 0; n; n--)
		if (stream_byte(s) < 0)
			return -1;
	return 0;
}

static ssize_t gzip_read(struct stream *s, void *buf, size_t n)
{
	unsigned left;
	int rc;

	s->z.next_out = buf;
	s->z.avail_out = n;
	while (s->z.avail_out && !s->done) {
		int more = refill(s);

		if (more < 0)
			return -1;
		if (!s->in_frame) {
			/* Some writers append zeros to the last member. */
			if (!more || !s->in[s->in_at]) {
				s->done = true;
				break;
			}
			if (gzip_header(s) < 0 || inflateReset(&s->z) != Z_OK)
				return -1;
			s->in_frame = true;
			continue;
		}
		left = s->z.avail_out;
		s->z.next_in = s->in + s->in_at;
		s->z.avail_in = s->in_len - s->in_at;
		rc = inflate(&s->z, Z_NO_FLUSH);
		s->in_at = s->in_len - s->z.avail_in;
		if (rc == Z_STREAM_END) {
			/* Checksum and length are skipped: the sum of the whole stream is compared
			 * instead. */
			for (int i = 0; i < 8; i++)
				if (stream_byte(s) < 0)
					return -1;
			s->in_frame = false;
		} else if (rc != Z_OK && rc != Z_BUF_ERROR) {
			return failx("the gzip data is damaged");
		} else if (!more && left == s->z.avail_out) {
			return failx("the compressed data ends in the middle");
		}
	}
	return n - s->z.avail_out;
}

static ssize_t zstd_read(struct stream *s, void *buf, size_t n)
{
	ZSTD_outBuffer out = { buf, n, 0 };

	while (out.pos < n && !s->done) {
		int more = refill(s);
		ZSTD_inBuffer in = { s->in, s->in_len, s->in_at };
		size_t rc, had = out.pos;
		bool untrue;

		if (more < 0)
			return -1;
		if (!more && !s->in_frame) {
			s->done = true;
			break;
		}
		if (!s->in_frame) {
			s->frame = 0;
			s->frame_size = ZSTD_getFrameContentSize(s->in + in.pos, in.size - in.pos);
		}
		rc = ZSTD_decompressStream(s->zstd, &out, &in);
		s->in_at = in.pos;
		s->frame += out.pos - had;
		/* The library compares the size only where the whole frame fits into buf. Two
		 * values above all sizes mean that the header has no size, or is not complete. */
		untrue = !rc && s->frame_size < ZSTD_CONTENTSIZE_ERROR && s->frame_size != s->frame;
		if (ZSTD_isError(rc) || untrue)
			return failx("the zstd data is damaged");
		s->in_frame = rc != 0;
		if (!more && out.pos == had && s->in_frame)
			return failx("the compressed data ends in the middle");
	}
	return out.pos;
}

static ssize_t plain_read(struct stream *s, void *buf, size_t n)
{
	size_t got = 0;

	while (got < n) {
		size_t have;
		int more = refill(s);

		if (more < 0)
			return -1;
		if (!more)
			break;
		have = s->in_len - s->in_at;
		have = have < n - got ? have : n - got;
		memcpy((char *)buf + got, s->in + s->in_at, have);
		s->in_at += have;
		got += have;
	}
	return got;
}

static ssize_t read_here(struct stream *s, void *buf, size_t n)
{
	ssize_t got = s->kind == GZIP	? gzip_read(s, buf, n)
		      : s->kind == ZSTD ? zstd_read(s, buf, n)
					: plain_read(s, buf, n);

	if (got <= 0)
		return got;
	s->out += got;
	if (s->ratio && s->out > RATIO_FREE && s->out / s->ratio > stream_taken(s))
		return failx("a layer expands more than %llu times (--max-ratio)",
			     (unsigned long long)s->ratio);
	return got;
}

/* ---- in a process of its own ----------------------------------------------------------------- */

static void help(struct stream *s, int out, pid_t parent)
{
	static LARGE char buf[64 << 10];
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	while ((n = read_here(s, buf, sizeof(buf))) > 0) {
		s->aside->taken = s->at - s->begin - (s->in_len - s->in_at);
		if (fd_write_all(out, buf, n) < 0)
			_exit(1);
	}
	if (n < 0) {
		s->aside->num = err_num();
		snprintf(s->aside->text, sizeof(s->aside->text), "%s", err_text());
		_exit(1);
	}
	s->aside->done = true;
	_exit(0);
}

int stream_apart(struct stream *s)
{
	pid_t parent = getpid();
	int ends[2];

	/* A small stream is not worth the start of a process. */
	if (s->kind == PLAIN || s->end - s->begin < APART_FROM)
		return 0;
	s->aside = mmap(NULL, sizeof(*s->aside), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (s->aside == MAP_FAILED)
		return s->aside = NULL, fail("share memory");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("make a pipe");
	/* A larger pipe needs fewer switches; without the right to it the usual size stays. */
	fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
	s->helper = fork();
	if (!s->helper) {
		/* Its own reading end would keep the pipe open when we close ours. */
		close(ends[0]);
		help(s, ends[1], parent);
	}
	close(ends[1]);
	s->pipe = ends[0];
	s->in_at = s->in_len = 0;
	if (s->helper > 0)
		return 0;
	s->helper = 0;
	return fail("fork to decompress");
}

/* The end of the helper's pipe is the end of the layer only if the helper has reported that it is
 * done. Returns 0 in that case, or -1. */
static int apart_ended(struct stream *s)
{
	int status;

	if (s->helper > 0 && proc_wait(s->helper, &status) < 0)
		return -1;
	s->helper = -1;
	if (s->aside->done)
		return 0;
	return *s->aside->text ? fail_take(s->aside->num, s->aside->text)
			       : failx("the process that decompresses was killed");
}

/* A small read goes through s->in, because a tar archive is read in blocks of 512 bytes. The helper
 * alone reads the file into it. */
static ssize_t read_apart(struct stream *s, void *buf, size_t n)
{
	size_t got = 0;

	while (got < n) {
		size_t left = n - got, have = s->in_len - s->in_at;
		bool direct = !have && left >= IN_SIZE;
		ssize_t r;

		if (have) {
			have = have < left ? have : left;
			memcpy((char *)buf + got, s->in + s->in_at, have);
			s->in_at += have;
			got += have;
			continue;
		}
		r = direct ? read(s->pipe, (char *)buf + got, left) : read(s->pipe, s->in, IN_SIZE);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return fail("read from the process that decompresses");
		if (!r) {
			if (apart_ended(s) < 0)
				return -1;
			break;
		}
		got += direct ? r : 0;
		s->in_at = 0;
		s->in_len = direct ? 0 : r;
	}
	return got;
}

ssize_t stream_read(struct stream *s, void *buf, size_t n)
{
	ssize_t got = s->helper ? read_apart(s, buf, n) : read_here(s, buf, n);

	/* The sum is made here, since the helper is the busier process. */
	if (got > 0)
		sha256_add(&s->sum, buf, got);
	return got;
}

struct stream *stream_open(int fd, uint64_t at, uint64_t size, uint64_t ratio)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return fail("take memory for a layer"), NULL;
	s->fd = fd;
	s->pipe = -1;
	s->begin = s->at = at;
	s->end = at + size;
	s->ratio = ratio;
	sha256_begin(&s->sum);
	if (refill(s) < 0)
		goto bad;
	if (s->in_len > 3 && !memcmp(s->in, "\x1f\x8b", 2))
		s->kind = GZIP;
	else if (s->in_len > 3 && (!memcmp(s->in, "\x28\xb5\x2f\xfd", 4) ||
				   (!memcmp(s->in + 1, "\x2a\x4d\x18", 3) && s->in[0] >> 4 == 5)))
		s->kind = ZSTD;
	/* Negative: without gzip's header, which is read here. */
	if (s->kind == GZIP && inflateInit2(&s->z, -15) != Z_OK)
		goto no_memory;
	if (s->kind == ZSTD && !(s->zstd = ZSTD_createDStream()))
		goto no_memory;
	return s;
no_memory:
	failx("not enough memory to decompress a layer");
bad:
	stream_close(&s);
	return NULL;
}

bool stream_compressed(const struct stream *s)
{
	return s->kind != PLAIN;
}

uint64_t stream_taken(const struct stream *s)
{
	if (s->helper)
		return s->aside->taken;
	return s->at - s->begin - (s->in_len - s->in_at);
}

void stream_sum(struct stream *s, char hex[SHA256_HEX])
{
	sha256_end(&s->sum, hex);
}

void stream_close(struct stream **s)
{
	int status;

	if (!*s)
		return;
	/* The helper ends when its pipe has no reader. */
	fd_close(&(*s)->pipe);
	if ((*s)->helper > 0)
		proc_wait((*s)->helper, &status);
	if ((*s)->aside)
		munmap((*s)->aside, sizeof(*(*s)->aside));
	if ((*s)->kind == GZIP)
		inflateEnd(&(*s)->z);
	if ((*s)->kind == ZSTD)
		ZSTD_freeDStream((*s)->zstd);
	free(*s);
	*s = NULL;
}

#endif
