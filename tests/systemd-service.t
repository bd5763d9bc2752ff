#!/bin/sh
# systemd-service.t - containers as units of a real systemd: Type=notify, MAINPID, sockets,
# failures.
# SPDX-License-Identifier: MIT
#
# As root it asks the system's manager, as an ordinary user his own.
. "$(dirname "$0")/lib.sh"
[ -d /run/systemd/system ] || skip_all \
	'systemd is not running here; scripts/vm systemd has it'
[ -e /sys/fs/cgroup/cgroup.controllers ] || skip_all 'not cgroup v2'
if [ "$uid" = 0 ]; then
	manager=
	units=/run/systemd/system
else
	manager=--user
	units=$XDG_RUNTIME_DIR/systemd/user
	systemctl --user list-units >/dev/null 2>&1 || skip_all 'no systemd manager of this user'
fi
mkdir -p "$units"

# shellcheck disable=SC2086 # one option or none
ctl() { systemctl $manager "$@"; }
show() { for _p; do ctl show -p "$_p" --value "$service"; done | paste -sd ' '; }

# unit KIND LINE...: a service of ours, with these lines
unit() {
	service=$mark-$1.service
	shift
	{
		printf '%s\n' '[Service]' Type=notify TimeoutStartSec=30 TimeoutStopSec=15
		echo "Environment=OCI_TEST_MARK=$mark"
		printf '%s\n' "$@" "ExecStopPost=-$us delete --force $id"
	} >"$units/$service"
	ctl daemon-reload
}
away() {
	ctl stop "$service" 2>/dev/null
	ctl reset-failed "$service" 2>/dev/null
	rm -f "$units/$service"
}

# The containers write into their /tmp.
new_bundle() {
	bundle
	config_set /root/readonly false
	if [ "$uid" != 0 ]; then
		config_set /linux/namespaces/- '{"type":"user"}' \
			/linux/uidMappings "[{\"containerID\":0,\"hostID\":$uid,\"size\":1}]" \
			/linux/gidMappings "[{\"containerID\":0,\"hostID\":$(id -g),\"size\":1}]" \
			/mounts/2/options \
			'["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620"]'
		config_del /linux/resources
	fi
	us="$RUNC --root $root"
	start="run --bundle $bundle"
	detached="$start --detach --pid-file $tmp/pid"
	# A user's manager accepts as MAINPID only a process in the unit's own cgroup.
	here=$us
	[ "$uid" = 0 ] || here="$us --cgroup-manager=disabled"
}

# begin: starts the unit, whose payload then waits until the test lets it report that it is ready.
begin() {
	rm -f "$rootfs"/tmp/* "$tmp/started"
	{ ctl start "$service" 2>"$tmp/start.err"; echo $? >"$tmp/started"; } &
	wait_for test -e "$rootfs/tmp/waiting"
}
ready() {
	: >"$rootfs/tmp/go"
	wait_for test -s "$tmp/started"
}
# ends: starts a unit that will not start, or not stay, and prints what became of it.
ends() {
	rm -f "$rootfs"/tmp/*
	ctl start "$service" 2>/dev/null && set -- "$@" started
	wait_for failed
	echo "$(show ActiveState Result ExecMainStatus)${1:+ $1}"
}
is_up() { [ "$(show ActiveState)" = active ]; }
failed() { [ "$(show ActiveState)" = failed ]; }

waits='
trap "exit 0" TERM
probe notify "STATUS=not yet"
probe notify "WATCHDOG=1"
: >/tmp/waiting
until [ -e /tmp/go ]; do sleep 0.2; done
probe notify "READY=1
STATUS=up"
while :; do sleep 0.2; done'

# ---- it comes up, and goes ----

new_bundle
echo "$waits" | script

# comes_and_goes KIND MAIN: MAIN is what MAINPID has to be: runtime, or init of the container
comes_and_goes() {
	begin
	is "$1: unready: the unit is starting, and who started it waits" \
		"$(show ActiveState):$(cat "$tmp/started" 2>/dev/null)" \
		activating: || diag "$(cat "$tmp/start.err")"
	ready
	is "$1: ready: it is active, and he goes on" "$(cat "$tmp/started") $(show ActiveState)" \
		'0 active' ||
		diag "$(cat "$tmp/start.err")"
	is "$1: the other words of the payload are not for the manager" "$(show StatusText)" ''
	_main=$(show MainPID)
	case $2 in
	runtime) like "$1: MAINPID is the runtime" "$(tr '\0' ' ' <"/proc/$_main/cmdline")" \
		" $start " ;;
	init) is "$1: MAINPID is the container's init" "$_main" "$(pid_of "$id")" ;;
	esac
	ctl stop "$service"
	is "$1: stopped" "$(show ActiveState Result)" 'inactive success'
	is "$1: no container" "$(status_of "$id")" none
	away
	nothing_left "$1: nothing is left"
}

# When MAINPID is sent, init is not the manager's child yet, so the manager sends the signal but
# does not wait for its end.
# shellcheck disable=SC2016 # the manager's dollars
stop='ExecStop=/bin/sh -c "kill $$MAINPID; while [ -d /proc/$$MAINPID ]; do sleep 0.1; done"'

unit foreground "ExecStart=$us $start $id"
comes_and_goes foreground runtime
unit detached NotifyAccess=all "PIDFile=$tmp/pid" "ExecStart=$here $detached $id" "$stop"
comes_and_goes detached init
if [ "$uid" = 0 ]; then
	unit scope NotifyAccess=all "PIDFile=$tmp/pid" \
		"ExecStart=$us --systemd-cgroup $detached $id" "$stop"
	comes_and_goes 'detached, in a scope' init
	unit steps NotifyAccess=all "ExecStartPre=$us create --bundle $bundle $id" \
		"ExecStart=$us start $id"
	comes_and_goes 'create and start' init
fi

# ---- it fails ----

unit foreground "ExecStart=$us $start $id"
argv sh -c 'exit 3'
is 'foreground: dies unready' "$(ends)" 'failed exit-code 3'
argv sh -c 'probe notify READY=1; until [ -e /tmp/go ]; do sleep 0.2; done; exit 4'
{ wait_for is_up; : >"$rootfs/tmp/go"; } &
is 'foreground: dies later' "$(ends)" 'failed exit-code 4 started'
away
unit detached NotifyAccess=all "PIDFile=$tmp/pid" "ExecStart=$here $detached $id"
argv sh -c 'exit 3'
is 'detached: dies unready' "$(ends)" 'failed protocol 0'
argv sh -c 'probe notify READY=1; until [ -e /tmp/go ]; do sleep 0.2; done; exit 4'
{ wait_for is_up; : >"$rootfs/tmp/go"; } &
is 'detached: dies later' "$(ends)" 'failed exit-code 4 started'
away
unit foreground "ExecStart=$us run --bundle $tmp/none $id"
is 'the runtime itself fails' "$(ends)" 'failed exit-code 1'
away

# A second try, by the manager.
argv \
	sh -c '[ -e /tmp/tried ] || { : >/tmp/tried; exit 5; }; probe notify READY=1; trap "exit 0" TERM; while :; do sleep 0.2; done'
unit again Restart=on-failure RestartSec=100ms "ExecStart=$us $start $id"
rm -f "$rootfs"/tmp/*
ctl start "$service" 2>/dev/null
active() { [ "$(show ActiveState NRestarts)" = "active 1" ]; }
wait_for active
is 'Restart=on-failure: the second is up' "$(show ActiveState NRestarts)" 'active 1'
away

# WATCHDOG=1 is not passed on, only the readiness is.
argv sh -c 'probe notify READY=1; while :; do probe notify WATCHDOG=1; sleep 0.2; done'
unit watchdog WatchdogSec=2 TimeoutAbortSec=1 "ExecStart=$us $start $id"
is 'WATCHDOG=1 does not reach the manager' "$(ends | cut -d ' ' -f 1,2)" 'failed watchdog'
away
nothing_left 'nothing is left of them'

# ---- sockets ----

# The container has no network: it answers through the manager's socket.
port=$((20000 + $$ % 10000))
printf '[Socket]\nListenStream=127.0.0.1:%s\n' $port >"$units/$mark-socket.socket"
argv \
	sh -c 'echo "$LISTEN_FDS $LISTEN_PID" >/tmp/env; probe notify READY=1; probe accept 3 "from inside"'
unit socket "ExecStart=$us $start $id"
rm -f "$rootfs"/tmp/*
ctl start "$mark-socket.socket"
is 'nothing runs before a client calls' "$(show ActiveState) $(status_of "$id")" 'inactive none'
is 'who calls the socket is answered by the container' \
	"$("$BUSYBOX" nc 127.0.0.1 $port </dev/null)" 'from inside'
is 'a unit that was started by a client has one socket' "$(cat "$rootfs/tmp/env")" '1 1'
ctl stop "$mark-socket.socket"
away
rm -f "$units/$mark-socket.socket"
ctl daemon-reload

nothing_left
done_testing
