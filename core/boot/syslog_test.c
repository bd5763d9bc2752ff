/* syslog_test.c - addresses of syslog, and records that are lost. */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"
#include "tests/tap.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static void test_address(void)
{
	static const char *const bad[] = { "",
					   "log",
					   "10.0.0",
					   "10.0.0.1:",
					   "10.0.0.1:0",
					   "10.0.0.1:65536",
					   "10.0.0.1:514x",
					   ":514",
					   "255.255.255.2555" };
	static char longest[200];
	struct sockaddr_storage at;
	struct sockaddr_in *in = (struct sockaddr_in *)&at;
	socklen_t len;

	ok(syslog_address("/dev/log", &at, &len) && at.ss_family == AF_UNIX, "a path is accepted");
	is_str(((struct sockaddr_un *)&at)->sun_path, "/dev/log", "the address has the path");
	ok(syslog_address("10.0.0.1", &at, &len) && at.ss_family == AF_INET &&
		   in->sin_port == htons(514) && in->sin_addr.s_addr == htonl(0x0a000001),
	   "an IPv4 address without a port gets port 514");
	ok(syslog_address("127.0.0.1:65535", &at, &len) && in->sin_port == htons(65535),
	   "an IPv4 address with a port keeps it");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(!syslog_address(bad[i], &at, &len), "\"%s\" is refused", bad[i]);
	memset(longest, '/', sizeof(longest) - 1);
	ok(!syslog_address(longest, &at, &len), "a path that is too long is refused");
}

/* The socket is connected to an address once, so this is one test. */
static void test_lost(void)
{
	struct sockaddr_un at = { AF_UNIX, "/tmp/syslog_test.sock" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[128] = "";
	ssize_t n;

	unlink(at.sun_path);
	ok(syslog_open(at.sun_path) >= 0, "a socket is opened without a receiver");
	syslog_send("<30>a: 1", 8);
	syslog_send("<30>a: 2", 8);
	ok(!bind(fd, (struct sockaddr *)&at, sizeof(at)), "a receiver starts later");
	syslog_send("<30>a: 3", 8);
	n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	text[n > 0 ? n : 0] = 0;
	is_str(text, "<28>oci-init: 2 lines were lost: syslog accepted nothing",
	       "it gets the number of lost lines");
	n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	text[n > 0 ? n : 0] = 0;
	is_str(text, "<30>a: 3", "then it gets the next line");
	ok(!syslog_lost(), "syslog_lost returns 0 after that");
	for (int i = 0; i < 5000; i++)
		syslog_send("<30>a: 4", 8);
	ok(syslog_lost() > 0, "lines for a receiver that does not read are lost, without a wait");
	unlink(at.sun_path);
}

int main(void)
{
	test_address();
	test_lost();
	return done();
}
