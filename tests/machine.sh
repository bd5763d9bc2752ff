# machine.sh - oci-init as process 1 of a machine: bundles, starting, orders; sourced after lib.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154	# variables of lib.sh and of those who source this
#
# The machine is a pid namespace with /run and console of its own; reboot(2) there ends it by a
# signal.

need_root
unshare -mpunf true 2>/dev/null || skip_all "no new namespaces here"
bundles=$tmp/bundles
con=$tmp/console
mkdir "$bundles"

# boot SETTING...: starts a machine with the bundles; sets $machine (process 1 as seen here) and
# $boot. $prepare: commands that run before it starts. $typed: the console is a terminal, at which
# this is typed when READY has appeared; its output is in boot.out. $stepped: the arguments of step,
# which runs oci-init.
prepare='' typed='' stepped=''
boot() {
	: >"$con"
	# shellcheck disable=SC2016 # for the inner shell
	set -- unshare -mpunf sh -c '
		mount -t proc proc /proc && mount -t tmpfs -o size="$BOOT_RUN" tmpfs /run || exit 99
		eval "$BOOT_PREPARE" || exit 99
		at=$(tty) || at=$0
		[ ! -e /dev/console ] || mount --bind "$at" /dev/console || exit 99
		exec "$@"' "$con" "$OCI_INIT" ocibox.bundles="$bundles" "$@"
	[ -z "$typed" ] || set -- "$HELPERS/pty" -i "$typed" "$@"
	# shellcheck disable=SC2086 # words
	[ -z "$stepped" ] || set -- "$HELPERS/step" -m oci-init -x sh -o "$tmp/step" $stepped \
		-- "$@"
	BOOT_PREPARE=${prepare:-:} BOOT_RUN=${run_size:-4m} OCI_TEST_MARK=$mark "$@" </dev/null \
		>"$tmp/boot.out" 2>&1 &
	boot=$!
	bg_all="$bg_all $boot"
	[ -n "${nowait:-}" ] || eventually machine_up || bail "no machine: $(cat "$tmp/boot.out")"
}
child() { sed 's/ .*//' "/proc/$1/task/$1/children"; }
machine_up() {
	machine=$boot
	[ -z "$typed$stepped" ] || machine=$(child "$boot")
	machine=$(child "$machine")
	[ -n "$machine" ] && [ "$(cat "/proc/$machine/comm")" != sh ] &&
		[ -S "/proc/$machine/root/run/ocibox/init.sock" ]
}
inside() { nsenter -t "$machine" -m -p -u -n "$@"; }
order() {
	status=0
	timeout -s KILL 60 nsenter -t "$machine" -m -p -u -n "$OCI_INIT" "$@" </dev/null \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
}
# down: ends the machine; sets $ended to the status of unshare.
down() {
	kill "-${1:-USR2}" "$machine"
	ended=0
	wait "$boot" 2>/dev/null || ended=$?
}
says() { grep -Eq -e "$1" "$con"; }
state_is() { order status "$1" --format json; printf '%s' "$out" | grep -q "\"state\":\"$2\""; }
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" "$tmp/out"; }
# unit DIR SCRIPT: makes a bundle that runs SCRIPT by sh.
template=
unit() {
	bundle=$bundles/$1
	mkdir "$bundle"
	if [ -z "$template" ]; then
		template=$tmp/rootfs
		make_rootfs "$template"
	fi
	base_config >"$bundle/config.json"
	config_set /root/path "\"$template\"" /process/args "$(words sh -c "$2")"
}
fresh() { rm -rf "$bundles" && mkdir "$bundles"; }

# Names carry the mark, since cgroups and the leak check are shared with others.
a=a-$mark b=b-$mark c=c-$mark
sleeper='trap "echo stopping; exit 0" TERM; echo up; while :; do sleep 0.05; done'

# may_reboot: the last unit has CAP_SYS_BOOT. Its own pid namespace is what reboot(2) ends.
may_reboot() {
	config_set /process/capabilities \
		'{ "bounding": [ "CAP_SYS_BOOT" ], "effective": [ "CAP_SYS_BOOT" ], "permitted": [ "CAP_SYS_BOOT" ] }'
}
