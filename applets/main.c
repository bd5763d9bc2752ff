/* main.c - the table of all applets, and where the program begins. */
/* SPDX-License-Identifier: MIT */
#include "applets/applet.h"

const struct applet_row applet_rows[] = {
#define APPLET(parent, name, symbol) { parent, name, &symbol##_applet, false },
#define ALIAS(parent, name, symbol) { parent, name, &symbol##_applet, true },
#include APPLETS_DEF
#undef APPLET
#undef ALIAS
};

int main(int argc, char **argv)
{
	/* A one-file container runs its image, whatever the file is called. */
	const char *as = app_is() ? "oci-app" : NULL;

	return applet_main(applet_rows, ARRAY_SIZE(applet_rows), as, argc, argv);
}
