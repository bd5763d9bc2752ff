/* impl.h - private to core/container: the files of a state directory. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_CONTAINER_IMPL_H
#define CORE_CONTAINER_IMPL_H

#include "core/container/container.h"

/* ---- life.c ------------------------------------------------------------------------------------------- */

#define LIFE_DIR_MODE 0711 /* a mapped root must reach what lies inside (checklist F-01) */
#define LIFE_CACHE ".cache" /* in ROOT, beside the containers */

int life_open_root(const char *root, bool make); /* a descriptor of ROOT, or -1 */

/* ---- record.c ----------------------------------------------------------------------------------------- */

int record_read(struct arena *a, struct life *l); /* state.json; -1 with ENOENT: it is missing */
/* When that fails, what else is on record. 1: the cgroups are known, and l->state has them. 0: nothing can
 * run. -1: something may run that cannot be found. No record of its own. */
int record_rest(struct arena *a, struct life *l, const char *id);
bool record_is_old(const struct life *l); /* it was made before the machine booted */
int record_remove(const struct life *l, const char *id);

#endif
