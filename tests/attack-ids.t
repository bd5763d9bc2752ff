#!/bin/sh
# attack-ids.t - numbers and names that turn into root: exact or refused, never something else.
# SPDX-License-Identifier: MIT
#
# CVE-2024-40635, 2026-46680, 2026-30892, 2016-3697, 2016-8867, 2022-29162 and their kin.
. "$(dirname "$0")/lib.sh"
need_root
bundle
argv probe ids
# set_raw POINTER TEXT: in the document as it was at the last `keep`.
keep() { cp "$bundle/config.json" "$tmp/kept.json"; }
set_raw() {
	cp "$tmp/kept.json" "$bundle/config.json"
	json_raw "$bundle/config.json" "$1" "$2"
}

config_set /process/user '{"uid":1,"gid":1}'
keep
for field in uid gid; do
	for v in -1 4294967295 4294967296 4294967297 8589934592 18446744073709551615 \
		18446744073709551616 1.5 1e1 0x1 '"0"' '"1"' \
		'""' true '[0]' '{}' 99999999999999999999999999 -0.0; do
		set_raw "/process/user/$field" "$v"
		run
		case $status in
		0) fail "$field $v is refused" && diag "ran as: $out" ;;
		1) is "$field $v is refused, in one line" "$(error_lines "$tmp/err")$out" 1 ;;
		*) fail "$field $v: status $status" ;;
		esac
		drop "$id"
	done
done
cp "$tmp/kept.json" "$bundle/config.json"
for v in 1 1000 65534 65535 65536 2147483647; do
	config_set /process/user/uid "$v" /process/user/gid "$v"
	run
	is "uid and gid $v are exact" "$out" "uid $v $v $v gid $v $v $v" || diag "$err"
done
for v in -1 4294967295 4294967296 '"5"' 1.5; do
	set_raw /process/user/additionalGids "[$v]"
	run
	is "additional gid $v is refused" "$status" 1 || diag "$out"
	drop "$id"
done

cp "$tmp/kept.json" "$bundle/config.json"

# Inheritable capabilities stay empty unless asked for (2022-29162).
config_set /process/user '{"uid":0,"gid":0}' /process/capabilities \
	'{"bounding":["CAP_NET_RAW"],"effective":["CAP_NET_RAW"],"permitted":["CAP_NET_RAW"]}'
argv grep CapInh /proc/self/status
run
is 'CapInh is empty' "$out" 'CapInh:	0000000000000000'
do_runc spec --bundle "$tmp"
is 'spec asks for no inheritable capabilities' \
	"$(json_get "$tmp/config.json" /process/capabilities/inheritable)" ''

# A map that would give the host's root, with numbers that wrap.
bundle
config_set /linux/namespaces/- '{"type":"user"}' /linux/gidMappings \
	'[{"containerID":0,"hostID":100000,"size":10}]'
chown -R 100000:100000 "$rootfs"
argv cat /proc/self/uid_map
keep
for m in '{"containerID":0,"hostID":4294967295,"size":1}' \
	'{"containerID":0,"hostID":4294967296,"size":1}' \
	'{"containerID":4294967295,"hostID":0,"size":1}' \
	'{"containerID":0,"hostID":4294967290,"size":10}' \
	'{"containerID":0,"hostID":-1,"size":1}' \
	'{"containerID":0,"hostID":100000,"size":4294967296}' \
	'{"containerID":0,"hostID":100000,"size":-1}' '{"containerID":0,"hostID":"0","size":1}'; do
	set_raw /linux/uidMappings "[$m]"
	run
	is "the map $m is refused" "$status" 1 || diag "$out"
	drop "$id"
done

# Device numbers, owner ids and modes.
bundle
argv stat -c '%t:%T %a %u:%g' /dev/mine
keep
for d in '"major":4294967296,"minor":3' '"major":1,"minor":-3' \
	'"major":1,"minor":3,"uid":4294967295' \
	'"major":1,"minor":3,"uid":-1' '"major":1,"minor":3,"gid":4294967296' \
	'"major":"1","minor":3'; do
	set_raw /linux/devices "[{\"path\":\"/dev/mine\",\"type\":\"c\",$d}]"
	run
	is "the device $d is refused" "$status" 1 || diag "$out"
	drop "$id"
done

# A setuid copy of the runtime does nothing for another user (2016-8659, 2020-5291, 2026-41163).
if helper as; then
	cp "$RUNC" "$tmp/suid-runc" # follows the link
	mkdir "$tmp/suid"
	mv "$tmp/suid-runc" "$tmp/suid/runc"
	chmod 4755 "$tmp/suid/runc"
	mkdir -m 777 "$tmp/suidroot"
	bundle
	chmod -R a+rX "$bundle"
	argv probe ids
	status=0
	OCI_TEST_MARK=$mark timeout -s KILL 60 "$HELPERS/as" 54321 54321 "$tmp/suid/runc" \
		--root "$tmp/suidroot/s" \
		run --bundle "$bundle" "$id" </dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
	isnt 'a setuid runtime refuses to run' "$status" 0
	unlike 'a setuid runtime starts nothing as root' "$(cat "$tmp/out")" 'uid 0'
	like 'a setuid runtime: the error has the reason' \
		"$(cat "$tmp/err")" 'set-?(user-ID|uid)|privilege'
else
	skip 'a setuid runtime' 'the helper as is not built'
fi

nothing_left
done_testing
