/* systemd.c - the manager by which systemd makes the cgroup, as a transient unit. */
/* SPDX-License-Identifier: MIT */
#include "core/cgroup/dbus.h"
#include "core/cgroup/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if WITH_SYSTEMD

#define SERVICE "org.freedesktop.systemd1"
#define OBJECT "/org/freedesktop/systemd1"
#define MANAGER SERVICE ".Manager"
#define ANSWER_MS 30000 /* for all calls of a verb, and the jobs that they start */

/* ---- calls ----------------------------------------------------------------------------------- */

static uint32_t send_to(struct dbus *b, const char *interface, const char *member, const char *sig,
			const struct dbus_out *body)
{
	struct dbus_msg m = { .destination = SERVICE,
			      .path = OBJECT,
			      .interface = interface,
			      .member = member,
			      .signature = sig };

	return dbus_send(b, &m, body);
}

static int call(struct dbus *b, const char *member, const char *sig, const struct dbus_out *body)
{
	b->got.error = NULL;
	return dbus_wait(b, send_to(b, MANAGER, member, sig, body));
}

static uint32_t ask_property(struct dbus *b, const char *name)
{
	struct dbus_out o = { .arena = b->arena };

	dbus_put_str(&o, MANAGER);
	dbus_put_str(&o, name);
	return send_to(b, "org.freedesktop.DBus.Properties", "Get", "ss", &o);
}

/* Waits for the answer to ask_property, a variant of a string. */
static int take_property(struct dbus *b, uint32_t serial, const char **out)
{
	if (dbus_wait(b, serial) < 0)
		return -1;
	if (strcmp(dbus_get_sig(&b->got.body), "s"))
		return failx("systemd: a property that should be a text is of another type");
	*out = arena_strdup(b->arena, dbus_get_str(&b->got.body));
	return 0;
}

/* ---- the connection -------------------------------------------------------------------------- */

/* True: the manager of the user *uid is used, also for root of a user namespace. False: the
 * system's. */
static bool is_user(const struct cgroup *cg, uint32_t *uid)
{
	*uid = geteuid();
	if (!cg->tolerant)
		return false;
	return apply_in_userns(*uid ? NULL : uid) || *uid;
}

static int add_match(struct dbus *b)
{
	struct dbus_msg m = { .destination = "org.freedesktop.DBus",
			      .path = "/org/freedesktop/DBus",
			      .interface = "org.freedesktop.DBus",
			      .member = "AddMatch",
			      .signature = "s" };
	struct dbus_out o = { .arena = b->arena };

	dbus_put_str(&o, "type='signal',sender='" SERVICE "',interface='" MANAGER
			 "',member='JobRemoved'");
	return dbus_send(b, &m, &o) ? 0 : -1;
}

static int connect_bus(struct dbus *b, const char *bus, uint32_t uid)
{
	return dbus_connect(b, bus, uid, true) < 0 ? -1 : add_match(b);
}

/* Connects to the user's bus, else to the socket of his manager, which exists without a bus too. */
static int connect_user(struct cgroup *cg, struct dbus *b, uint32_t uid)
{
	const char *dir = arena_printf(cg->arena, "unix:path=/run/user/%u", uid);
	const char *bus = cg->user_bus ? cg->user_bus : arena_printf(cg->arena, "%s/bus", dir);

	if (connect_bus(b, bus, uid) == 0)
		return 0;
	if (dbus_connect(b, arena_printf(cg->arena, "%s/systemd/private", dir), uid, false) < 0)
		return -1;
	err_clear("systemd has answered on its own socket");
	return 0;
}

/* Connects to systemd's own socket, which only root can use, else to the system's bus. */
static int connect_system(struct dbus *b, uint32_t uid)
{
	if (uid == 0 && dbus_connect(b, "unix:path=/run/systemd/private", uid, false) == 0)
		return 0;
	err_clear("systemd is on the system's bus, too");
	return connect_bus(b, "unix:path=/run/dbus/system_bus_socket", uid);
}

static int open_bus(struct cgroup *cg)
{
	struct dbus *b = cg->bus ? cg->bus : arena_alloc(cg->arena, sizeof(*b));
	const char *version = "";
	uint32_t uid;
	int ret;

	dbus_timeout(b, ANSWER_MS);
	if (cg->bus)
		return 0;
	if (!sys_exists(AT_FDCWD, "/run/systemd/system"))
		return failx(
			"systemd not running on this host, cannot use systemd cgroups manager");
	b->arena = cg->arena;
	ret = is_user(cg, &uid) ? connect_user(cg, b, uid) : connect_system(b, uid);
	if (ret < 0 || take_property(b, ask_property(b, "Version"), &version) < 0) {
		dbus_disconnect(b);
		return fail_in("systemd");
	}
	/* The first number of "252.39-1~deb12u1" or "v245". */
	cg->systemd_version = atoi(version + strcspn(version, "0123456789"));
	cg->bus = b;
	return 0;
}

/* ---- plan ------------------------------------------------------------------------------------ */

static int plan_unit(struct cgroup *cg, const struct cgroup_want *want, const struct layout *l)
{
	const char *above = "", *dir;
	uint32_t uid;

	if (paths_systemd(cg->arena, want->path, want->id, is_user(cg, &uid), &cg->unit) < 0 ||
	    open_bus(cg) < 0)
		return -1;
	/* above is the manager's own cgroup, which is "" for that of the system on a host. */
	if (take_property(cg->bus, ask_property(cg->bus, "ControlGroup"), &above) < 0)
		return fail_in("systemd");
	if (!strcmp(above, "/"))
		above = "";
	dir = arena_join(cg->arena, above, cg->unit.dir);
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].mount)
			cg_dir_add(cg, l->at[i].names, arena_join(cg->arena, l->at[i].mount, dir),
				   strlen(l->at[i].mount));
	cg->deferred = true;
	return 0;
}

/* systemd makes a scope around a process, so start_unit_job() does it when there is one. */
static int create(struct cgroup *cg)
{
	return 0;
}

/* ---- units ----------------------------------------------------------------------------------- */

static bool is_slice(const struct cgroup *cg)
{
	size_t len = strlen(cg->unit.unit);

	return len > 6 && !strcmp(cg->unit.unit + len - 6, ".slice");
}

static void put_variant(struct dbus_out *o, const struct unit_prop *u)
{
	size_t mark;

	dbus_put_sig(o, u->sig);
	switch (u->sig[0] == 'a' ? u->sig[1] : u->sig[0]) {
	case 'b':
	case 'u':
	case 'i':
		mark = *u->sig == 'a' ? dbus_open(o, 4) : 0;
		dbus_put_u32(o, u->num);
		if (mark)
			dbus_close(o, mark, 4);
		break;
	case 't':
	case 'x': dbus_put_u64(o, u->num); break;
	case 's':
		mark = *u->sig == 'a' ? dbus_open(o, 4) : 0;
		if (u->str)
			dbus_put_str(o, u->str);
		for (size_t i = 0; u->pairs && i < u->num; i++)
			dbus_put_str(o, u->pairs[i].key);
		if (mark)
			dbus_close(o, mark, 4);
		break;
	case 'y':
		mark = dbus_open(o, 1);
		dbus_put(o, u->str, u->num);
		dbus_close(o, mark, 1);
		break;
	case '(':
		mark = dbus_open(o, 8);
		for (size_t i = 0; i < u->num; i++) {
			dbus_align(o, 8);
			dbus_put_str(o, u->pairs[i].key);
			dbus_put_str(o, u->pairs[i].value);
		}
		dbus_close(o, mark, 8);
	}
}

static void put_props(struct dbus_out *o, const struct unit_props *p)
{
	size_t mark = dbus_open(o, 8);

	for (const struct unit_prop *u = p->first; u; u = u->next) {
		dbus_align(o, 8);
		dbus_put_str(o, u->name);
		put_variant(o, u);
	}
	dbus_close(o, mark, 8);
}

/* The job of our unit. JobRemoved(u id, o job, s unit, s result) reports its end. */
struct job {
	const char *unit;
	char path[256], result[32];
};

static void job_removed(void *arg, struct dbus_msg *m)
{
	struct job *j = arg;
	const char *path, *unit, *result;

	if (!m->member || strcmp(m->member, "JobRemoved") || !m->interface ||
	    strcmp(m->interface, MANAGER) || !m->path || strcmp(m->path, OBJECT) || !m->signature ||
	    strcmp(m->signature, "uoss"))
		return;
	dbus_get_u32(&m->body);
	path = dbus_get_str(&m->body);
	unit = dbus_get_str(&m->body);
	result = dbus_get_str(&m->body);
	if (m->body.bad || strcmp(unit, j->unit))
		return;
	snprintf(j->path, sizeof(j->path), "%s", path);
	snprintf(j->result, sizeof(j->result), "%s", result);
}

/* Calls a method that starts a job, and waits for its end. -1 with b->got.error:
 * systemd refuses. */
static int run_job(struct cgroup *cg, const char *member, const char *sig,
		   const struct dbus_out *body, const char **result)
{
	struct job *j = arena_alloc(cg->arena, sizeof(*j));
	struct dbus *b = cg->bus;
	const char *path;
	int ret;

	j->unit = cg->unit.unit;
	b->signal = job_removed;
	b->arg = j;
	ret = call(b, member, sig, body);
	/* The answer has the job's path. The job may have ended before the answer. */
	path = ret < 0 ? "" : arena_strdup(cg->arena, dbus_get_str(&b->got.body));
	while (ret == 0 && strcmp(j->path, path))
		ret = dbus_next(b);
	b->signal = NULL;
	*result = j->result;
	return ret;
}

static void reset_failed(struct cgroup *cg)
{
	struct dbus_out o = { .arena = cg->arena };

	dbus_put_str(&o, cg->unit.unit);
	if (call(cg->bus, "ResetFailedUnit", "s", &o) < 0)
		err_clear("a unit that has not failed needs no reset");
}

static bool refused_as(const struct cgroup *cg, const char *name)
{
	return cg->bus->got.error && !strcmp(cg->bus->got.error, name);
}

static int start_transient(struct cgroup *cg, const struct unit_props *p)
{
	struct dbus_out o = { .arena = cg->arena };
	const char *result = NULL;
	int ret;

	dbus_timeout(cg->bus, ANSWER_MS);
	dbus_put_str(&o, cg->unit.unit);
	dbus_put_str(&o, "replace");
	put_props(&o, p);
	dbus_close(&o, dbus_open(&o, 8), 8); /* no auxiliary units */
	ret = run_job(cg, "StartTransientUnit", "ssa(sv)a(sa(sv))", &o, &result);
	if (ret < 0 && refused_as(cg, SERVICE ".UnitExists")) {
		/* The unit of an earlier container may be in the state failed: this removes it. */
		reset_failed(cg);
		ret = run_job(cg, "StartTransientUnit", "ssa(sv)a(sa(sv))", &o, &result);
	}
	if (ret < 0 && err_num() == ETIMEDOUT) {
		cg->deferred = false; /* systemd may still make it, so it has to be removed */
		return failx("Timeout waiting for systemd to create %s", cg->unit.unit);
	}
	if (ret < 0)
		return fail_in("error creating systemd unit %s", cg->unit.unit);
	if (strcmp(result, "done")) {
		reset_failed(cg);
		return failx("error creating systemd unit %s: got \"%s\"", cg->unit.unit, result);
	}
	return 0;
}

/* True if systemd itself moves processes in this hierarchy. */
static bool is_of_systemd(const struct cg_dir *d)
{
	return d->v2 || !strcmp(d->names, "name=systemd");
}

/* True if a process whose cgroups are `of` is in d. */
static bool is_at(struct cgroup *cg, const struct cg_dir *d, const struct layout *of)
{
	for (size_t i = 0; i < of->n; i++) {
		const struct hier *h = &of->at[i];

		if (h->mount && !strcmp(h->names, d->names) &&
		    !strcmp(arena_join(cg->arena, h->mount, h->own), d->path))
			return true;
	}
	return false;
}

/* Checks that systemd has moved the process, because limits have no effect on one that is
 * outside. */
static int check_init_place(struct cgroup *cg, pid_t pid)
{
	struct layout of;

	if (layout_of(cg->arena, -1, pid, &of) < 0)
		return -1;
	cg_each (d, cg) {
		if (!is_of_systemd(d))
			continue;
		if (!is_at(cg, d, &of))
			return failx("systemd has not put process %d into %s", pid, d->path);
		if (d->v2 && cg_dir_check_frozen(d) < 0)
			return -1;
	}
	return 0;
}

/* Refuses a frozen cgroup, in which the process would stop while we wait for it. A new cgroup is
 * frozen if the one above is. */
static int check_thawed(struct cgroup *cg)
{
	struct cg_dir above;

	if (cg->layout != CGROUP_V2)
		return 0;
	above = *cg->v2;
	while (strlen(above.path) > above.base) {
		if (sys_exists(AT_FDCWD, above.path))
			return cg_dir_check_frozen(&above);
		above.path =
			arena_strndup(cg->arena, above.path, strrchr(above.path, '/') - above.path);
	}
	return 0;
}

/* Makes the directories in the hierarchies that systemd does not use. In its own they exist. */
static int make_dirs(struct cgroup *cg)
{
	EXACT_MODES;

	cg_each (d, cg) {
		struct tree_made made = { .arena = cg->arena,
					  .each = cg_version(d)->level,
					  .arg = d };

		if (tree_mkdir(d->path, d->base, &made) < 0) {
			if (!cg->tolerant || cg->asked & d->ctls)
				return fail("create cgroup %s", d->path);
			d->path = NULL;
		} else if (cg_version(d)->prepare && cg_version(d)->prepare(cg, d) < 0) {
			return -1;
		}
	}
	return 0;
}

static int start_unit_job(struct cgroup *cg, pid_t pid)
{
	bool v2 = cg->layout == CGROUP_V2;
	struct unit_props p;
	struct dev_set set;

	units_init(&p, cg->arena);
	p.version = cg->systemd_version;
	units_add_str(&p, "Description", arena_printf(cg->arena, "container %s", cg->id));
	if (is_slice(cg)) {
		units_add(&p, "Wants", "as")->str = cg->unit.slice;
	} else {
		units_add_str(&p, "Slice", cg->unit.slice);
		units_add_bool(&p, "Delegate", true);
		units_add(&p, "PIDs", "au")->num = pid;
	}
	units_add_bool(&p, "MemoryAccounting", true);
	units_add_bool(&p, "CPUAccounting", true);
	units_add_bool(&p, v2 ? "IOAccounting" : "BlockIOAccounting", true);
	units_add_bool(&p, "TasksAccounting", true);
	units_add_bool(&p, "DefaultDependencies", false);
	if (devices_merge(cg->arena, cg->pending, &set) < 0 ||
	    units_resources(&p, cg->pending, v2) < 0)
		return -1;
	units_devices(&p, &set);
	if (units_annotations(&p, cg->annotations, cg->nannotations) < 0)
		return -1;
	if (check_thawed(cg) < 0 || start_transient(cg, &p) < 0)
		return -1;
	cg->deferred = false;
	if (make_dirs(cg) < 0)
		return -1;
	if (is_slice(cg))
		return 0;
	return check_init_place(cg, pid) < 0 ? -1 : 1;
}

/* Device rules do not change. */
static int update(struct cgroup *cg, const struct oci_resources *r)
{
	struct dbus_out o = { .arena = cg->arena };
	struct unit_props p;

	if (open_bus(cg) < 0)
		return -1;
	units_init(&p, cg->arena);
	p.version = cg->systemd_version;
	if (units_resources(&p, r, cg->layout == CGROUP_V2) < 0)
		return -1;
	if (!p.first)
		return 0;
	dbus_put_str(&o, cg->unit.unit);
	dbus_put_u32(&o, true); /* runtime: until the unit ends */
	put_props(&o, &p);
	if (call(cg->bus, "SetUnitProperties", "sba(sv)", &o) < 0)
		return fail_in("error setting properties of systemd unit %s", cg->unit.unit);
	return 0;
}

static int stop_unit(struct cgroup *cg)
{
	struct dbus_out o = { .arena = cg->arena };
	const char *result;
	int ret;

	if (open_bus(cg) < 0)
		return -1;
	dbus_put_str(&o, cg->unit.unit);
	dbus_put_str(&o, "replace");
	ret = run_job(cg, "StopUnit", "ss", &o, &result);
	if (ret < 0 && refused_as(cg, SERVICE ".NoSuchUnit")) {
		err_clear("the unit has ended with its last process");
		return 0;
	}
	if (ret < 0 && err_num() == ETIMEDOUT)
		return failx("Timeout waiting for systemd to stop %s", cg->unit.unit);
	if (ret < 0)
		return fail_in("error stopping systemd unit %s", cg->unit.unit);
	reset_failed(cg);
	return 0;
}

/* Removes the directories even if systemd does not answer: it removes an empty scope by itself. */
static int remove_unit(struct cgroup *cg)
{
	/* We have not made the unit. A unit of this name would belong to another program. */
	if (cg->deferred)
		return 0;
	if (stop_unit(cg) < 0) {
		log_warn("%s", err_text());
		err_clear("the directories are removed in any case");
	}
	if (cg->bus)
		dbus_disconnect(cg->bus);
	cg->bus = NULL;
	return cgroupfs_remove(cg);
}

const struct cg_manager cg_manager_systemd = {
	.plan = plan_unit,
	.create = create,
	.start = start_unit_job,
	.update = update,
	.remove = remove_unit,
};

#else

static int plan_unit(struct cgroup *cg, const struct cgroup_want *want, const struct layout *l)
{
	(void)cg, (void)want, (void)l;
	return not_built("WITH_SYSTEMD", "systemd cgroups manager");
}

const struct cg_manager cg_manager_systemd = {
	.plan = plan_unit,
	.create = cgroupfs_create,
	.remove = cgroupfs_remove,
};

#endif
