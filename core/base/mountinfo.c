/* mountinfo.c - the mounts of a mount namespace, as /proc/PID/mountinfo shows them (proc(5)). */
/* SPDX-License-Identifier: MIT */
#include "core/base/base.h"

#include <stdlib.h>
#include <string.h>

#define MOUNTINFO_MAX (16u << 20) /* bytes; 100,000 mounts, the limit of fs.mount-max, fit */

char *mountinfo_read(struct arena *a, int proc)
{
	char *text;
	size_t len;

	if (file_read(a, proc, "self/mountinfo", MOUNTINFO_MAX, &text, &len) < 0) {
		fail_in("/proc");
		return NULL;
	}
	return text;
}

/* Cuts off the next word, which ends at a space, and decodes it: a space in it is "\040". */
static char *cut_word(char **at)
{
	char *word = *at, *to = word, *from = word;

	for (; *from && *from != ' '; to++) {
		if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
			*to = (from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0');
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*at = from + (*from == ' ');
	*to = 0;
	return word;
}

bool mountinfo_next(char **text, struct mountinfo *m)
{
	while (**text) {
		char *at = *text, *dash;

		*text += strcspn(at, "\n");
		if (**text)
			*(*text)++ = 0;
		/* "36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,discard" */
		for (dash = strchr(at, '-'); dash; dash = strchr(dash + 1, '-'))
			if (dash > at && dash[-1] == ' ' && dash[1] == ' ')
				break;
		if (!dash)
			continue;
		dash[-1] = 0;
		dash += 2;
		m->id = scan_number(cut_word(&at));
		m->parent = scan_number(cut_word(&at));
		cut_word(&at);
		m->root = cut_word(&at);
		m->point = cut_word(&at);
		m->type = cut_word(&dash);
		cut_word(&dash);
		m->options = cut_word(&dash);
		return true;
	}
	return false;
}
