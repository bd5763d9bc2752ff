/* impl.h - private to core/container: the files of a state directory. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CONTAINER_IMPL_H
#define CORE_CONTAINER_IMPL_H

#include "core/container/container.h"

/* ---- life.c ---------------------------------------------------------------------------------- */

#define LIFE_WAIT_MS 10000 /* for the lock, and for the end of init */
#define LIFE_DIR_MODE 0711 /* root of a user namespace must reach files in it */

int life_open_root(const char *root, bool make); /* a descriptor of ROOT, or -1 */
int life_send(const struct life *l, int sig); /* to init; errno is that of kill(2) */

/* ---- record.c -------------------------------------------------------------------------------- */

/* state.json; -1 with ENOENT: it is missing. */
int record_read(struct arena *a, struct life *l, const char *id);
/* record_read() of ROOT/ID by fewer system calls, without l->dir. False, without an error record:
 * the file cannot be read like this, and record_read() is needed. */
bool record_glance(struct arena *a, struct life *l, const char *id);
/* Reads the other files, after state.json could not be read. 1: l->state has the cgroups; 0: no
 * process can be running; -1: processes may be running that cannot be found. It makes no error
 * record. */
int record_rest(struct arena *a, struct life *l, const char *id);
bool record_is_old(const struct life *l); /* the container was made before this boot */
int record_remove(const struct life *l, const char *id);

#endif
