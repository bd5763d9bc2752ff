/* mktar.c - writes tar archives, also broken ones: each line of its input is an entry. */
/* SPDX-License-Identifier: MIT */

/*
 * * TYPE<tab>PATH{<tab>KEY=VALUE}: keys are link, mode (octal), uid, gid, mtime, major, minor,
 * data, zeros (so many bytes of them), size (what the header says; default is that of the data),
 * sum (added to the checksum), x:KEY (a record of an extended header before the entry), gnu (long
 * names by GNU's entries), prefix. A line "end" writes the two blocks of zeros; "raw<tab>TEXT"
 * writes that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *path, *link, *data, *prefix, ext[8192];
	unsigned long mode, uid, gid, major, minor;
	long long mtime, size, zeros, sum;
	size_t ext_len;
	int gnu;
};

static void octal(unsigned char *at, int len, unsigned long long value)
{
	/* A number that does not fit is written as GNU's binary number. */
	if (len == 12 && value >> 33) {
		memset(at, 0, 12);
		at[0] = 0x80;
		for (int i = 11; i > 3; i--, value >>= 8)
			at[i] = value;
		return;
	}
	at[--len] = 0;
	while (len--) {
		at[len] = '0' + (value & 7);
		value >>= 3;
	}
}

static void pad(size_t n)
{
	for (n = -n % 512; n; n--)
		putchar(0);
}

static void header(char type, const struct entry *e, const char *path, unsigned long long size)
{
	unsigned char b[512] = { 0 };
	unsigned sum = 0;

	memcpy(b, path, strnlen(path, 100));
	octal(b + 100, 8, e->mode);
	octal(b + 108, 8, e->uid);
	octal(b + 116, 8, e->gid);
	octal(b + 124, 12, size);
	octal(b + 136, 12, e->mtime);
	memset(b + 148, ' ', 8);
	b[156] = type;
	memcpy(b + 157, e->link, strnlen(e->link, 100));
	memcpy(b + 257,
	       e->gnu ? "ustar  "
		      : "ustar\0"
			"00",
	       8);
	octal(b + 329, 8, e->major);
	octal(b + 337, 8, e->minor);
	if (e->prefix)
		memcpy(b + 345, e->prefix, strnlen(e->prefix, 155));
	for (int i = 0; i < 512; i++)
		sum += b[i];
	octal(b + 148, 7, sum + e->sum);
	b[155] = ' ';
	fwrite(b, 1, 512, stdout);
}

static void extra(char type, const char *name, const char *data, size_t len)
{
	struct entry e = { .link = "", .mode = 0644, .gnu = type != 'x' };

	header(type, &e, name, len);
	fwrite(data, 1, len, stdout);
	pad(len);
}

static void record(struct entry *e, const char *key, const char *value)
{
	size_t body = strlen(key) + strlen(value) + 3, len = body + 1;
	char number[24];

	while (len != body + (size_t)snprintf(number, sizeof(number), "%zu", len))
		len++;
	e->ext_len += sprintf(e->ext + e->ext_len, "%zu %s=%s\n", len, key, value);
}

static void take(struct entry *e, char *word)
{
	char *value = strchr(word, '=');

	if (!strcmp(word, "gnu"))
		e->gnu = 1;
	if (!value)
		return;
	*value++ = 0;
	if (!strncmp(word, "x:", 2))
		record(e, word + 2, value);
	else if (!strcmp(word, "link"))
		e->link = value;
	else if (!strcmp(word, "data"))
		e->data = value;
	else if (!strcmp(word, "prefix"))
		e->prefix = value;
	else if (!strcmp(word, "mode"))
		e->mode = strtoul(value, NULL, 8);
	else if (!strcmp(word, "uid"))
		e->uid = strtoul(value, NULL, 10);
	else if (!strcmp(word, "gid"))
		e->gid = strtoul(value, NULL, 10);
	else if (!strcmp(word, "major"))
		e->major = strtoul(value, NULL, 10);
	else if (!strcmp(word, "minor"))
		e->minor = strtoul(value, NULL, 10);
	else if (!strcmp(word, "mtime"))
		e->mtime = strtoll(value, NULL, 10);
	else if (!strcmp(word, "size"))
		e->size = strtoll(value, NULL, 10);
	else if (!strcmp(word, "zeros"))
		e->zeros = strtoll(value, NULL, 10);
	else if (!strcmp(word, "sum"))
		e->sum = strtoll(value, NULL, 10);
}

static void entry(char *line)
{
	struct entry e = { .link = "", .data = "", .mode = 0644, .size = -1 };
	char *type = strtok(line, "\t"), *word;
	size_t len;

	e.path = strtok(NULL, "\t");
	e.path = e.path ? e.path : "";
	while ((word = strtok(NULL, "\t")))
		take(&e, word);
	len = strlen(e.data);
	if (e.gnu && strlen(e.path) > 100)
		extra('L', "././@LongLink", e.path, strlen(e.path) + 1);
	if (e.gnu && strlen(e.link) > 100)
		extra('K', "././@LongLink", e.link, strlen(e.link) + 1);
	if (e.ext_len)
		extra('x', "PaxHeaders/x", e.ext, e.ext_len);
	header(*type, &e, e.path, e.size >= 0 ? e.size : (long long)len + e.zeros);
	fwrite(e.data, 1, len, stdout);
	for (long long i = 0; i < e.zeros; i++)
		putchar(0);
	pad(len + e.zeros);
}

int main(void)
{
	static char line[65536];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "raw\t", 4)) {
			fputs(line + 4, stdout);
		} else if (!strcmp(line, "end")) {
			for (int i = 0; i < 1024; i++)
				putchar(0);
		} else if (*line) {
			entry(line);
		}
	}
	return ferror(stdout) || fflush(stdout);
}
