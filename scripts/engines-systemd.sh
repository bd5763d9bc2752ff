# engines-systemd.sh - what scripts/engines asks where systemd makes the cgroups; sourced by it.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154	# as there; and its variables

# The rows of every host that concern cgroups, and the rows that these need: the others are the same
# for the runtime, and take seconds each on an emulated machine. Whether docker notices an OOM kill
# is not tested. It seems to be a race of its shim with systemd, which removes an empty scope: here
# and with runc 1.1.5 docker noticed it on a quiet machine, and never on a busy one.
shared_rows='^(run: output|run -d$|exec: (the names|refused)|stats|pause|unpause|kill$|rm$|limit: |out of memory$|devices: |update)'
shared_rows=$shared_rows'|^(--cgroup|--uidmap|--systemd|a pod|checkpoint)'
engines='podman rootless containerd docker'
shared() { ROWS=${ROWS:-$shared_rows} "$1"; }

# The manager of the units: root's here, the user's for rootless_rows.
systemctl=systemctl
units=/run/systemd/system

props() {	# UNIT PROPERTY...
	local unit=$1 p
	shift
	for p; do $systemctl show -p "$p" --value "$unit"; done | paste -sd ' '
}
is_prop() { [ "$(props "$1" "$2")" = "$3" ]; }	# UNIT PROPERTY VALUE
# scope NAME: prints the scope of a container
scope() { echo "$scopes-$($E inspect -f '{{.Id}}' "$1").scope"; }

# unit NAME LINE...: a service of ours
unit() {
	local name=$mark-$1
	shift
	printf '%s\n' '[Service]' "$service_env" "$@" >"$units/$name.service"
	$systemctl daemon-reload
}

# ---- podman and docker: the scope of a container -------------------------------------------------

scope_rows() {
	local start="$E run -d $opts"

	row 'systemd: a scope with the limits' "^67108864 50 500ms $parent yes active; =0\$" \
		"$start --name d1 -m 64m --pids-limit 50 --cpus 0.5 $image sleep 1000 >/dev/null
		props \$(scope d1) MemoryMax TasksMax CPUQuotaPerSecUSec Slice Delegate ActiveState"
	row 'systemd: init is in it' '^inside; =0$' \
		"grep -q /\$(scope d1) /proc/\$($E inspect -f '{{.State.Pid}}' d1)/cgroup && echo inside"
	row 'systemd: an update is the scope'"'"'s too' '^33554432 50; =0$' \
		"$E update -m 32m --memory-swap 64m d1 >/dev/null; props \$(scope d1) MemoryMax TasksMax"
	row 'systemd: a reload changes nothing' '^33554432; 50; =0$' \
		"$systemctl daemon-reload; $E exec d1 cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max"
	row 'systemd: pause freezes the scope' '^1; 0; =0$' \
		"f=/sys/fs/cgroup\$(props \$(scope d1) ControlGroup)/cgroup.freeze
		$E pause d1 >/dev/null; cat \$f; $E unpause d1 >/dev/null; cat \$f"
	row 'systemd: the scope goes with it' '^not-found; =0$' \
		"s=\$(scope d1); $E kill d1 >/dev/null; $E rm -f d1 >/dev/null; until_ok is_prop \$s LoadState not-found; props \$s LoadState"
}

# ---- podman: units -------------------------------------------------------------------------------

unit_rows() {
	local run="ExecStart=$unit_podman run --rm $opts --cgroups=no-conmon -v $work/go:/go" name

	rm -rf "$work/go"
	mkdir "$work/go"
	chmod 777 "$work/go"
	cp "$top/build/helpers/probe" "$work/go/"
	cat >"$work/go/serve" <<-'END'
		trap 'exit 0' TERM
		env >/go/env
		until [ -e /go/go ]; do sleep 0.2; done
		[ -z "$NOTIFY_SOCKET" ] || /go/probe notify READY=1
		while :; do sleep 0.2; done
	END
	for name in container conmon; do
		unit $name Type=notify NotifyAccess=all "ExecStop=$unit_podman stop $name" \
			"ExecStopPost=$unit_podman rm -f -i $name" \
			"$run -d --sdnotify=$name --name $name $image sh /go/serve"
	done
	unit ignore Type=oneshot NotifyAccess=all \
		"$run --sdnotify=ignore $image sh -c \"env >/go/env\""
	$E create $opts --name new -v "$work/go:/go" $image sh /go/serve >"$work/log"
	# podman 4.3 leaves out its storage options in the lines that stop the container.
	$E generate systemd --new --name new | sed "s|^.Service.\$|&\n$service_env|
		s#=/usr/bin/podman \(stop\|rm\) #=$unit_podman \1 #" >"$units/$mark-new.service"
	$E rm new >"$work/log"
	$systemctl daemon-reload

	row 'systemd: --sdnotify=container: the payload says when' \
		'^activating; active conmon; inactive success; =0$' \
		"$systemctl start --no-block $mark-container; until_said env; props $mark-container ActiveState
		touch $work/go/go; until_ok is_prop $mark-container ActiveState active; comes_and_goes container"
	row 'systemd: --sdnotify=conmon: its start is enough, and the payload has no socket' \
		'^active conmon; no socket; inactive success; =0$' \
		"rm -f $work/go/{env,go}; $systemctl start $mark-conmon; until_said env; comes_and_goes conmon 'no_socket'"
	row 'systemd: --sdnotify=ignore: the payload has no socket' '^no socket; =0$' \
		"rm -f $work/go/env; $systemctl start $mark-ignore; no_socket"
	row 'systemd: generate systemd --new' '^active conmon; inactive success; 0; =0$' \
		"$systemctl start $mark-new; comes_and_goes new; $E ps -aq -f name=new | wc -l"
	rm -f "$units/$mark-"{container,conmon,ignore,new}.service
	$systemctl daemon-reload
}
# until_said FILE: the payload wrote it
until_said() { until_ok test -s "$work/go/$1" || until_ok test -s "$work/go/$1"; }
no_socket() { grep -q ^PATH "$work/go/env" && ! grep NOTIFY "$work/go/env" && echo no socket; }
# comes_and_goes NAME [QUESTION]
comes_and_goes() {
	echo "$(props "$mark-$1" ActiveState) $(cat "/proc/$(props "$mark-$1" MainPID)/comm")"
	${2:-}
	$systemctl stop "$mark-$1"
	props "$mark-$1" ActiveState Result
}

# /sbin/init of this machine as the payload.
init_rows() {
	local d=$work/os

	mkdir -p "$d/layers" "$d/root"
	mount -t tmpfs tmpfs "$d/layers"
	mkdir "$d/layers/upper" "$d/layers/work"
	mount -t overlay -o "lowerdir=/,upperdir=$d/layers/upper,workdir=$d/layers/work" overlay \
		"$d/root"
	rm -rf "$d/root/etc/systemd/system/"{,multi-user.target.wants/}ocibox-tests.service \
		"$d/root/var/lib/systemd/linger/tester"
	: >"$d/root/etc/machine-id"
	row 'systemd: /sbin/init is the payload' '^(running|degraded); systemd; =0$' \
		"$E run -d $opts --name i1 --systemd=always --rootfs $d/root /sbin/init >/dev/null
		for n in 1 2 3 4 5; do until_says '^(running|degraded)' $E exec i1 systemctl is-system-running >$work/said; done
		cat $work/said; $E exec i1 cat /proc/1/comm"
	row 'systemd: it runs units with limits' '^33554432; =0$' \
		"$E exec i1 systemd-run --wait --quiet --pipe -p MemoryMax=32M sh -c 'cat /sys/fs/cgroup\$(sed -n s/^0:://p /proc/self/cgroup)/memory.max'"
	row 'systemd: stop shuts it down' '^exited; i1; =0$' \
		"$E stop -t 60 i1 >/dev/null; $E inspect -f '{{.State.Status}}' i1; $E rm i1"
	umount "$d/root" "$d/layers"
}

systemd_podman_rows() {
	scopes=libpod
	service_env="Environment=HOME=$HOME CONTAINERS_CONF=$CONTAINERS_CONF"
	unit_podman=/usr/bin/${E#limit }
	shared podman_rows
	scope_rows
	unit_rows
	init_rows
}

# ---- podman, an ordinary user's ------------------------------------------------------------------

rootless_needs='podman conmon newuidmap setpriv'
rootless_start() {
	local id
	id=$(id -u tester) || return
	mkdir -p "$work/user/tmp"
	printf '[engine]\nlock_type = "file"\n' >"$work/user/containers.conf"
	chown -R tester:tester "$work/user"
	service_env="HOME=$work/user TMPDIR=$work/user/tmp CONTAINERS_CONF=$work/user/containers.conf"
	as="setpriv --reuid tester --regid tester --init-groups env $service_env XDG_RUNTIME_DIR=/run/user/$id"
	as="$as DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$id/bus"
	service_env="Environment=$service_env"
	systemctl="$as systemctl --user"
	units=/run/user/$id/systemd/user
	$as mkdir -p $units
	unit_podman="/usr/bin/podman --root $work/user/podman --runroot $work/user/run --tmpdir $work/user/libpod"
	unit_podman="$unit_podman --runtime $RUNTIME --storage-driver vfs --cgroup-manager systemd --events-backend file"
	E="limit $as $unit_podman"
	opts="--network none --cgroup-parent $parent"
	scopes=libpod
	$E load -i "$work/image.tar"
}
# A process keeps the user namespace for the next podman.
rootless_stop() { $E rm -f -a -t 0; kill "$(cat "$work/user/libpod/pause.pid")"; }
systemd_rootless_rows() {
	local run="$E run --rm $opts" start="$E run -d $opts"

	row 'info: rootless, our runtime' "path: $RUNTIME; .*rootless: true; .*=0\$" "$E info"
	row 'run: output and exit status' '^(out; err|err; out); =7$' \
		"$run $image sh -c 'echo out; echo err >&2; exit 7'"
	row 'run: root inside, the user outside' '^0 1000 1; 1 100000 65536; =0$' \
		"$run $image sh -c 'while read -r m; do echo \$m; done </proc/self/uid_map'"
	row 'run -t' '^/dev/pts/0; =0$' "on_tty '$run -t $image tty'"
	row 'run -d, exec, another user' '^[0-9a-f]+; out; 1000; =9$' \
		"$start --name c1 $image sleep 1000; $E exec c1 echo out; $E exec -u user c1 id -u; $E exec c1 sh -c 'exit 9'"
	row 'stats' 'c1.*[1-9].*B.*=0$' "$E stats --no-stream c1"
	row 'top' 'sleep.*=0$' "$E top c1"
	row 'kill' '^137; =0$' "$E kill c1 >/dev/null; $E wait c1; $E rm c1 >/dev/null"
	row 'out of memory' '^137; =0$' \
		"$start --name c5 -m 20m --memory-swap 20m $image tail /dev/zero >/dev/null; $E wait c5; $E rm c5 >/dev/null"
	scope_rows
	unit_rows
}

# ---- containerd's ctr ----------------------------------------------------------------------------

systemd_containerd_rows() {
	local run="$E run --snapshotter native --runc-binary $RUNTIME --runc-systemd-cgroup --cgroup $parent:ctr"

	row 'run: output and exit status' '^(out; err|err; out); =7$' \
		"$run:r1 --rm $image r1 sh -c 'echo out; echo err >&2; exit 7'"
	row 'run -d: a scope with the limits' "^67108864 500ms $parent yes active; =0\$" \
		"$run:c1 -d --memory-limit 67108864 --cpus 0.5 $image c1 sleep 1000; props ctr-c1.scope MemoryMax CPUQuotaPerSecUSec Slice Delegate ActiveState"
	row 'exec: in the same scope' '/ctr-c1\.scope; =9$' \
		"$E task exec --exec-id e1 c1 sh -c 'cat /proc/self/cgroup; exit 9'"
	row 'metrics' 'memory.*pids|pids.*memory.*=0$' "$E task metrics c1"
	row 'pause' '^c1 +[0-9]+ +PAUSED; 1; =0$' \
		"$E task pause c1; $E task ls | grep c1; cat /sys/fs/cgroup\$(props ctr-c1.scope ControlGroup)/cgroup.freeze"
	row 'resume' '^alive; =0$' "$E task resume c1; $E task exec --exec-id e7 c1 echo alive"
	row 'kill, delete: no scope' 'not-found; =0$' \
		"$E task kill -s KILL c1; until_says STOPPED eval '$E task ls | grep c1'; $E task rm c1 2>/dev/null
		until_ok is_prop ctr-c1.scope LoadState not-found; props ctr-c1.scope LoadState"
	row 'start again, rm -f' '^active; not-found; =0$' \
		"$E task start -d c1; props ctr-c1.scope ActiveState; $E task rm -f c1 2>/dev/null; $E c rm c1
		until_ok is_prop ctr-c1.scope LoadState not-found; props ctr-c1.scope LoadState"
}

# ---- docker --------------------------------------------------------------------------------------

systemd_docker_rows() {
	scopes=docker
	row 'systemd: the driver of cgroups' '^systemd 2; =0$' \
		"$E info -f '{{.CgroupDriver}} {{.CgroupVersion}}'"
	shared docker_rows
	scope_rows
}
