/* dbus_fuzz.c - any bytes from the bus are read as a message or a part of one, or are refused. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/dbus.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dbus_msg m;
	size_t need;
	int ret = dbus_parse((const char *)data, size, &need, &m);

	if (ret == 0 && need <= size)
		abort(); /* the caller would wait for bytes that it has */
	if (ret != 1)
		return 0;
	if (need > size || m.body.len > need)
		abort();
	/* A caller may read other types than the signature has: no order may read beyond the
	 * end. */
	while (!m.body.bad && m.body.at < m.body.len) {
		size_t at = m.body.at;

		switch (m.body.buf[at] % 3) {
		case 0: dbus_get_u32(&m.body); break;
		case 1: dbus_get_sig(&m.body); break;
		default:
			if (strlen(dbus_get_str(&m.body)) > size)
				abort();
		}
		if (!m.body.bad && m.body.at == at)
			abort();
	}
	return 0;
}
