#!/bin/sh
# attack-cwd.t - CVE-2024-21626: a working directory that leads out by a leaked descriptor.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle
config_set /root/readonly false
echo host-only >"$tmp/host-only"

# Whatever descriptors the runtime has open, none may become the cwd.
script <<END
cat ..$tmp/host-only ../..$tmp/host-only ../../..$tmp/host-only \
	../../../../../../../..$tmp/host-only 2>/dev/null
cat ../host-only ../../host-only 2>/dev/null
pwd
END
n=0
for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	for d in "/proc/self/fd/$i" "/proc/self/fd/$i/.." "/proc/1/fd/$i"; do
		config_set /process/cwd "\"$d\""
		run
		case $out in
		*host-only*) n=$((n + 1)); diag "cwd $d: reached the host" ;;
		esac
		case $status in
		0) diag "cwd $d: started in $(echo "$out" | tail -n 1)"; n=$((n + 1)) ;;
		esac
		drop "$id"
	done
done
# A start in a directory of the root would be no escape, but no descriptor of the runtime leads to
# one.
is 'cwd /proc/self/fd/N is refused for every N' "$n" 0

n=0
for i in 3 4 5 6 7 8 9 10 11 12; do
	rm -f "$rootfs/esc"
	ln -s "/proc/self/fd/$i" "$rootfs/esc"
	config_set /process/cwd '"/esc"'
	run
	[ "$status" != 0 ] || n=$((n + 1))
	case $out in
	*host-only*) n=$((n + 1)) ;;
	esac
	drop "$id"
done
is 'cwd is a link in the image to /proc/self/fd/N: refused for every N' "$n" 0

# The caller's own descriptors: a folder of the host is open in the runtime.
config_set /process/cwd '"/proc/self/fd/9"'
status=0
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" "$id" </dev/null >"$tmp/out" \
	2>"$tmp/err" 9<"$tmp" || status=$?
isnt 'a folder the caller has open is not a cwd' "$status" 0
unlike 'a folder the caller has open is not reached' "$(cat "$tmp/out")" 'host-only'
drop "$id"
# A preserved descriptor exists inside, but as cwd it is an escape all the same.
config_set /process/cwd '"/proc/self/fd/3"'
status=0
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --preserve-fds 1 --bundle "$bundle" "$id" \
	</dev/null >"$tmp/out" 2>"$tmp/err" 3<"$tmp" || status=$?
unlike 'a preserved folder as cwd does not lead out' "$(cat "$tmp/out")" 'host-only'
drop "$id"

# The program by a descriptor.
config_set /process/cwd '"/"'
n=0
for i in 3 4 5 6 7 8 9 10; do
	argv "/proc/self/fd/$i/../../../../../../../../bin/cat" \
		"/proc/self/fd/$i/../../../../../../../..$tmp/host-only"
	run
	case $out in
	*host-only*) n=$((n + 1)) ;;
	esac
	drop "$id"
done
is 'args[0] by a leaked descriptor does not lead out' "$n" 0

# A hook inside the container likewise sees no folder of the host.
config_set /hooks \
	'{"startContainer":[{"path":"/bin/sh","args":["sh","-c","probe fds >/tmp/fds"]}]}' \
	/process/args '["true"]'
run
is 'startContainer hook: no descriptor above 2' "$(grep -v '^[012] ' "$rootfs/tmp/fds" 2>&1)" ''

nothing_left
done_testing
