/* syslog.c - lines of logs as datagrams of syslog, to a socket of this machine or over UDP. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#if WITH_SYSLOG

#define SYSLOG_PORT 514

static struct {
	int fd;
	struct sockaddr_storage to;
	socklen_t len;
	unsigned lost; /* records */
} sys = { .fd = -1 };

bool syslog_address(const char *text, struct sockaddr_storage *out, socklen_t *len)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_un *un = (struct sockaddr_un *)out;
	size_t host = strcspn(text, ":");
	char ip[INET_ADDRSTRLEN];
	uint64_t port = SYSLOG_PORT;

	memset(out, 0, sizeof(*out));
	if (*text == '/') {
		un->sun_family = AF_UNIX;
		*len = sizeof(*un);
		return snprintf(un->sun_path, sizeof(un->sun_path), "%s", text) <
		       (int)sizeof(un->sun_path);
	}
	if (host >= sizeof(ip))
		return false;
	memcpy(ip, text, host);
	ip[host] = 0;
	in->sin_family = AF_INET;
	*len = sizeof(*in);
	if (text[host] && (!json_number_u64(text + host + 1, strlen(text + host + 1), &port) ||
			   !port || port > 65535))
		return false;
	in->sin_port = htons(port);
	return inet_pton(AF_INET, ip, &in->sin_addr) == 1;
}

int syslog_open(const char *address)
{
	if (sys.fd < 0 && syslog_address(address, &sys.to, &sys.len))
		sys.fd = socket(sys.to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return sys.fd;
}

/* sendto(2) looks the address up each time, so it finds a receiver that starts later or again. */
static bool send_record(const char *record, size_t len)
{
	return sendto(sys.fd, record, len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&sys.to,
		      sys.len) >= 0;
}

void syslog_send(const char *record, size_t len)
{
	char text[96];
	int n;

	if (sys.lost) {
		n = snprintf(text, sizeof(text),
			     "<28>oci-init: %u lines were lost: syslog accepted nothing", sys.lost);
		if (send_record(text, n))
			sys.lost = 0;
	}
	if (sys.lost || !send_record(record, len))
		sys.lost++;
}

unsigned syslog_lost(void)
{
	unsigned lost = sys.lost;

	sys.lost = 0;
	return lost;
}

#endif
