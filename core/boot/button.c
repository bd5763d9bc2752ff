/* button.c - the power button of the machine: a device of evdev (linux/input.h). */
/* SPDX-License-Identifier: MIT */
#include "core/boot/boot.h"

#include <linux/input.h>
#include <stdio.h>
#include <sys/ioctl.h>

#if WITH_BUTTON

/* How many input devices are tried. The kernel numbers them from 0. */
#define DEVICES 32

/* struct input_event, whose time has two longs also where a time_t has 64 bits on a 32-bit CPU. */
struct event {
	unsigned long time[2];
	uint16_t type, code;
	int32_t value;
};

static bool has_button(int fd)
{
	unsigned char keys[KEY_POWER / 8 + 1] = { 0 };

	return ioctl(fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys) > 0 &&
	       keys[KEY_POWER / 8] & 1 << KEY_POWER % 8;
}

void button_open(struct machine *m)
{
	char path[32];
	size_t n = 0;

	for (size_t i = 0; i < BUTTONS; i++)
		m->buttons[i] = -1;
	for (int i = 0; m->kernel && m->set.button && i < DEVICES && n < BUTTONS; i++) {
		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		m->buttons[n] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (m->buttons[n] >= 0 && has_button(m->buttons[n]))
			n++;
		else
			fd_close(&m->buttons[n]);
	}
}

bool button_pressed(int *fd)
{
	bool pressed = false;
	struct event e;
	ssize_t n;

	while (n = read(*fd, &e, sizeof(e)), n == sizeof(e))
		pressed |= e.type == EV_KEY && e.code == KEY_POWER && e.value == 1;
	if (n >= 0 || errno != EAGAIN)
		fd_close(fd); /* the device was removed */
	return pressed;
}

#endif
