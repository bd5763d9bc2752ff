#!/bin/sh
# bootstrap.t - `oci-init --bootstrap`: containers with limits inside of a container; pure cgroup v2
# asks all of it.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root

bundle
cp "$(readlink -f "$RUNC")" "$rootfs/bin/runc"
ln "$rootfs/bin/runc" "$rootfs/bin/oci-init" 2>/dev/null ||
	cp "$rootfs/bin/runc" "$rootfs/bin/oci-init"
mkdir -p "$rootfs/run" "$rootfs/inner/rootfs"
outer=$bundle
"$RUNC" features >"$tmp/f"
caps=$(json_get "$tmp/f" /linux/capabilities)

# The config that engines write for --privileged.
config_set /process/noNewPrivileges false /root/readonly false \
	/process/capabilities "{\"bounding\":$caps,\"effective\":$caps,\"permitted\":$caps}" \
	/linux/resources/devices '[{"allow":true,"access":"rwm"}]' \
	/mounts/5/options '["nosuid","noexec","nodev"]' \
	/mounts/6/options '["nosuid","noexec","nodev"]' \
	/linux/namespaces/- '{"type":"cgroup"}'
config_del /linux/maskedPaths
config_del /linux/readonlyPaths
cp "$outer/config.json" "$tmp/privileged.json"

# The container inside has a limit.
make_rootfs "$rootfs/inner/rootfs"
bundle=$rootfs/inner
base_config >"$bundle/config.json"
config_set /linux/resources/pids '{"limit":7}' /linux/resources/memory '{"limit":33554432}' \
	/process/args \
	'["sh","-c","cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids/pids.limit 2>/dev/null; echo inner"]' \
	/linux/namespaces/- '{"type":"cgroup"}'
bundle=$outer
nested="runc --root /run/runc run --bundle /inner $id-n"

argv oci-init --bootstrap -- sh -c 'exit 6'
run
is '--bootstrap -- COMMAND exits with the status of the command' "$status" 6
argv \
	sh -c 'oci-init --bootstrap >/dev/null 2>&1 && oci-init --bootstrap >/dev/null 2>&1 && echo twice'
run
is '--bootstrap without a command returns, and can be repeated' "$out" twice
argv oci-init \
	--bootstrap -- sh -c 'awk "\$5 == \"/\" {print \$7}" /proc/self/mountinfo | cut -d: -f1; for d in /run /dev/shm; do awk -v d=$d "\$2 == d {print \$3}" /proc/mounts; done'
run
is '--bootstrap: mounts are shared, /run and /dev/shm are tmpfs, each is mounted once' \
	"$out" 'shared
tmpfs
tmpfs'

if [ "$(stat -f -c %t /sys/fs/cgroup)" = 63677270 ]; then
	# shellcheck disable=SC2086
	argv $nested
	run
	isnt 'without --bootstrap a limit of the container inside fails' "$status" 0
	like 'without --bootstrap the runtime inside reports why a limit fails' \
		"$err$out" 'cgroup|domain|controller'
	# shellcheck disable=SC2086
	argv oci-init --bootstrap -- $nested
	run
	is 'after --bootstrap the limits of the container inside hold' "$status $out" '0 7
33554432
inner'
	argv oci-init \
		--bootstrap -- sh -c 'cat /proc/1/cgroup /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.procs'
	run
	is '--bootstrap: the processes are in the leaf cgroup' "$out" '0::/init
0::/init'
	config_set /mounts/6/options '["nosuid","noexec","nodev","ro"]'
	argv oci-init --bootstrap -- echo in
	run
	like 'a read-only cgroup mount is reported in one sentence' \
		"$status $(error_lines "$tmp/err") $err" \
		'^1 1 oci-init: /sys/fs/cgroup.* cannot be written: [Rr]ead-only.*mounted without'
else
	argv oci-init --bootstrap -- echo in
	run
	is 'cgroup v1: --bootstrap executes the command' "$out $status" 'in 0'
	like 'cgroup v1: --bootstrap reports that it prepares no cgroup' \
		"$err" 'cgroup v1 is mounted'
	# shellcheck disable=SC2086
	argv oci-init --bootstrap -- $nested
	run
	like 'cgroup v1: a container inside runs' "$out" inner
	skip 'limits of v2 inside' 'controllers are on v1 here; scripts/vm v2 has them on v2'
fi

cp "$tmp/privileged.json" "$outer/config.json"
config_set /process/capabilities '{}'
argv oci-init --bootstrap -- echo in
run
like '--bootstrap without capabilities: an error' "$status $err" '^1 oci-init: '

nothing_left
done_testing
