/* number.c - integers of JSON from text, exact to the last digit. */
/* SPDX-License-Identifier: MIT */
#include "json/private.h"

bool json_number(const char *text, size_t len, uint64_t max, uint64_t min, uint64_t *out)
{
	bool minus = len && text[0] == '-';
	uint64_t v = 0, limit = minus ? min : max;

	text += minus;
	len -= minus;
	if (!len || (text[0] == '0' && (len > 1 || minus)))
		return false;
	for (; len; text++, len--) {
		unsigned digit = (unsigned char)*text - (unsigned)'0';

		if (digit > 9 || v > limit / 10 || v * 10 > limit - digit || digit > limit)
			return false;
		v = v * 10 + digit;
	}
	*out = minus ? -v : v;
	return true;
}

bool json_number_u64(const char *text, size_t len, uint64_t *out)
{
	return json_number(text, len, UINT64_MAX, 0, out);
}

bool json_number_i64(const char *text, size_t len, int64_t *out)
{
	uint64_t v;

	if (!json_number(text, len, INT64_MAX, (uint64_t)1 << 63, &v))
		return false;
	*out = (int64_t)v;
	return true;
}
