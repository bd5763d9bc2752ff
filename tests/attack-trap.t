#!/bin/sh
# attack-trap.t - images whose links lead out by what is missing or by what the runtime has open,
# and configs whose refusal must do no harm.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root

decoy=$tmp/decoy
mkdir -p "$decoy/bin"
cp "$BUSYBOX" "$decoy/bin/busybox"
up=../../../../../../../../../../../../../../..
look() { find "$decoy" | sort; }
before=$(look)

# ---- links through a missing folder and out again by dots (2024-45310, 2026-41579) ----

bundle
config_set /root/readonly false /mounts '[{"destination":"/proc","type":"proc","source":"proc"}]' \
	/linux/maskedPaths '[]' /linux/readonlyPaths '[]'
argv true
rmdir "$rootfs/dev"
ln -s "missing/$up$decoy/dev" "$rootfs/dev"
run
is 'no device is made outside by a link of the image' "$(look)" "$before"
rm -f "$rootfs/dev"
mkdir "$rootfs/dev"

ln -s "missing2/$up$decoy/vol" "$rootfs/vol"
config_set /mounts/- '{"destination":"/vol/x","type":"tmpfs","source":"t"}' \
	/mounts/- \
	"{\"destination\":\"/missing3/$up$decoy/y\",\"type\":\"tmpfs\",\"source\":\"t\"}" \
	/process/cwd '"/vol/cwd"'
run
is 'no mount point and no working directory is made outside by a link of the image' \
	"$(look)" "$before"

# A link to what is missing does not lead to refusing a file: images have such resolv.confs.
bundle
echo inside >"$tmp/file"
config_set /root/readonly false \
	/mounts/- \
	"{\"destination\":\"/etc/resolv.conf\",\"source\":\"$tmp/file\",\"options\":[\"bind\"]}"
mkdir -p "$rootfs/etc"
rm -f "$rootfs/etc/resolv.conf"
ln -s ../run/systemd/resolv.conf "$rootfs/etc/resolv.conf"
argv cat /run/systemd/resolv.conf
run
is 'a file is bound where a dangling link points' "$status $out" '0 inside'
ln -sf "../missing/$up$decoy/file" "$rootfs/etc/resolv.conf"
run
is 'a file that is bound through a dangling link is not made outside' "$(look)" "$before"

# ---- the program is a link to what is open while it is executed (2019-5736, 2024-21626) ----

bundle
argv /bin/readlink /proc/self/exe
n=0
i=3
while [ $i -lt 40 ]; do
	for way in "$i" "$i/$up"; do
		rm -f "$rootfs/bin/readlink"
		ln -s "/proc/self/fd/$way$decoy/bin/busybox" "$rootfs/bin/readlink"
		run
		case $status,$out in
		0,* | *decoy*) n=$((n + 1)); diag \
			"descriptor $way: executed, status $status: $out" ;;
		esac
	done
	i=$((i + 1))
done
is 'no descriptor of the runtime leads to a program of the host' "$n" 0
rm -f "$rootfs/bin/readlink"
ln -s /proc/self/fd/9/bin/busybox "$rootfs/bin/readlink"
status=0
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" "$id" </dev/null >"$tmp/out" \
	2>"$tmp/err" 9<"$decoy" ||
	status=$?
isnt 'no descriptor of the caller leads to a program of the host' "$status" 0
drop "$id"

# ---- streams ----

# A null device of our own, so that a runtime that fails this does no harm.
mknod "$tmp/null" c 1 3
bundle
config_set /process/user '{"uid":1000,"gid":1000}' /root/readonly false
argv true
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" "$id" <"$tmp/null" >/dev/null 2>&1
argv sleep 100
run_bg() {
	OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --detach --bundle "$bundle" "$id" \
		</dev/null >/dev/null 2>&1
}
run_bg
OCI_TEST_MARK=$mark "$RUNC" --root "$root" exec --user 1000:1000 "$id" true <"$tmp/null" \
	>/dev/null 2>&1
drop "$id"
is 'the null device of the caller keeps its owner' "$(stat -c %u "$tmp/null")" 0

# ---- a cgroup of another user ----

for h in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/pids; do
	[ -e "$h/cgroup.procs" ] || continue
	mkdir "$h/$mark-other" 2>/dev/null || continue
	sleep 1000 &
	victim=$!
	bg_all="$bg_all $victim"
	echo "$victim" >"$h/$mark-other/cgroup.procs"
	bundle
	config_set /linux/cgroupsPath "\"/$mark-other\""
	argv true
	run
	isnt "${h##*/}: a cgroup with a process in it is refused" "$status" 0
	ok "${h##*/}: who lives on" alive "$victim"
	kill "$victim" 2>/dev/null
	wait "$victim" 2>/dev/null
	wait_for rmdir "$h/$mark-other"
done

nothing_left
done_testing
