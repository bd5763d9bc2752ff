#!/bin/sh
# attack-image.t - images whose superblock asks something of the host, and device nodes inside of
# them.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
[ -e /dev/loop-control ] || skip_all 'no /dev/loop-control: this kernel has no loop devices'
bundle
dir=$rootfs
mkdir -p "$dir/srv"
mknod -m 666 "$dir/srv/null" c 1 3 || skip_all 'device nodes cannot be made here'
loops() { cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -F "$tmp"; }
no_loops() { [ -z "$(loops)" ]; }
kernel_has() { grep -q "	$1\$" /proc/filesystems || modprobe "$1" 2>/dev/null; }
# image TYPE FILE [OPTION...]
image() {
	_type=$1
	_file=$2
	shift 2
	kernel_has "$_type" || return 1
	case $_type in
	squashfs) mksquashfs "$dir" "$_file" -quiet -no-progress -noappend "$@" ;;
	erofs) mkfs.erofs "$@" "$_file" "$dir" ;;
	ext4) mkfs.ext4 -q -F -d "$dir" "$@" "$_file" 32m ;;
	esac >/dev/null 2>&1
}
use() { config_set /root/path "$(quote "$1")"; }
# poke FILE OFFSET BYTES: over what is there.
poke() { printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }

cp "$bundle/config.json" "$tmp/plain.json"

# ---- device nodes: where no device rules stand nothing but the mount keeps them from being used --

for type in squashfs erofs ext4; do
	if ! image $type "$tmp/root.$type"; then
		skip "$type" "this kernel has no $type, or no tool here makes one"
		continue
	fi
	use "$tmp/root.$type"
	argv sh -c 'probe open /srv/null rw; probe open /dev/null rw'
	do_runc --cgroup-manager disabled run --bundle "$bundle" "$id"
	is "$type: a device node of the image is not used" "$(echo "$out" | tr '\n' ' ')" \
		'open errno 13 open 0 ' || diag "$err"
	if grep -q overlay /proc/filesystems; then
		run --overlay
		is "$type: nor is it through an overlay" "$(echo "$out" | tr '\n' ' ')" \
			'open errno 13 open 0 ' || diag "$err"
	fi
	config_set /mounts '[{"destination":"/proc","type":"proc","source":"proc"}]'
	refused "$type: without a mount on /dev: refused" 'root.path: .* needs a mount on /dev'
	cp "$tmp/plain.json" "$bundle/config.json"
done

config_set /root/path '"rootfs"'
argv sh -c 'probe open /srv/null rw; probe open /dev/null rw'
for user in '' user; do
	if [ -n "$user" ]; then
		chown -hR 100000:100000 "$dir"
		config_set /linux/namespaces/- '{"type":"user"}' \
			/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
			/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]'
	fi
	for ro in true false; do
		config_set /root/readonly $ro
		do_runc --cgroup-manager disabled run --bundle "$bundle" "$id"
		is \
			"a directory without cgroups${user:+, in a user namespace}, readonly $ro: a device node in it is not used" \
			"$(echo "$out" | tr '\n' ' ')" 'open errno 13 open 0 ' || diag "$err"
	done
done
# Without a mount namespace the root cannot be nodev.
cp "$bundle/config.json" "$tmp/user.json"
config_set /mounts '[]' /linux/maskedPaths '[]' /linux/readonlyPaths '[]' \
	/linux/namespaces '[{"type":"user"},{"type":"pid"}]'
config_del /hostname
argv probe open /srv/null rw
do_runc --cgroup-manager disabled run --bundle "$bundle" "$id"
like 'a directory without cgroups, in a user namespace without a mount namespace: refused' \
	"$status $out$err" '^1 .*devices: .*without a mount namespace the root cannot be nodev'
config_set /linux/resources '{}'
do_runc --cgroup-manager disabled run --bundle "$bundle" "$id"
is 'a directory in a user namespace without a mount namespace, and no device rules: it runs' \
	"$status $out" '0 open 0' || diag "$err"
cp "$tmp/user.json" "$bundle/config.json"
# Nor by a mount that is made of the root, or of what lies in it.
mkdir "$dir/copy"
config_set /linux/readonlyPaths '["/srv"]' /mounts/- \
	'{"destination":"/copy","source":"'"$dir/srv"'","options":["bind"]}'
argv sh -c 'probe open /srv/null rw; probe open /copy/null rw'
do_runc --cgroup-manager disabled run --bundle "$bundle" "$id"
is 'a directory without cgroups: nor is it through a path of readonlyPaths, or a bind' \
	"$(echo "$out" | tr '\n' ' ')" 'open errno 13 open errno 13 ' || diag "$err"
cp "$tmp/plain.json" "$bundle/config.json"
config_set /mounts/- \
	'{"destination":"/srv","type":"tmpfs","source":"tmpfs","options":["tmpcopyup"]}'
echo text >"$dir/srv/text"
argv sh -c 'probe open /srv/null rw; cat /srv/text'
do_runc --cgroup-manager disabled run --bundle "$bundle" "$id"
is 'a directory without cgroups: tmpcopyup makes no node that can be used' \
	"$(echo "$out" | tr '\n' ' ')" \
	'open errno 2 text ' || diag "$err"
run
is 'a directory with cgroups: tmpcopyup copies nodes' \
	"$(echo "$out" | tr '\n' ' ')" 'open 0 text ' ||
	diag "$err"
mkdir "$dir/up" "$dir/up/sub"
config_set /mounts/- \
	'{"destination":"/up/sub","source":"'"$dir/srv"'","options":["bind","nodev"]}' \
	/mounts/- '{"destination":"/up","type":"tmpfs","source":"tmpfs","options":["tmpcopyup"]}'
argv sh -c 'probe open /up/sub/null rw; cat /up/sub/text'
run
is 'a nodev mount below: tmpcopyup makes no node that can be used' "$(echo "$out" | tr '\n' ' ')" \
	'open errno 2 text ' || diag "$err"
cp "$tmp/plain.json" "$bundle/config.json"
config_set /linux/devices '[{"path":"/srv/zero","type":"c","major":1,"minor":5}]'
argv probe open /srv/zero rw
do_runc --cgroup-manager disabled run --bundle "$bundle" "$id"
is 'a directory without cgroups: a node that the config has can be used' \
	"$out" 'open 0' || diag "$err"
rm -f "$dir/srv/zero"
chown -hR 0:0 "$dir"
config_del /linux/devices
cp "$tmp/plain.json" "$bundle/config.json"

# ---- erofs: parts on other devices, which old kernels open by the name that the image says ----

if [ -s "$tmp/root.erofs" ]; then
	cp "$tmp/root.erofs" "$tmp/table"
	poke "$tmp/table" 1104 '\0010'
	poke "$tmp/table" 1110 '\0001'
	use "$tmp/table"
	refused 'erofs: a device table' 'root.path: .*parts on other devices'
	if : >"$tmp/blob" && image erofs "$tmp/blobs" --chunksize=4096 --blobdev="$tmp/blob"; then
		use "$tmp/blobs"
		refused 'erofs: data in a file beside it' 'root.path: .*parts on other devices'
	else
		skip 'erofs: data in a file beside it' 'mkfs.erofs knows no --blobdev'
	fi
else
	skip 'erofs: a device table' 'no erofs'
fi

# ---- ext4 ----

if [ -s "$tmp/root.ext4" ] && command -v tune2fs >/dev/null; then
	for ro in true false; do
		cp "$tmp/root.ext4" "$tmp/panic"
		tune2fs -e panic "$tmp/panic" >/dev/null 2>&1
		use "$tmp/panic"
		config_set /root/readonly $ro
		argv grep ' / ext4 ' /proc/mounts
		run
		like "ext4: errors=panic is not obeyed, readonly $ro" "$out" 'errors=remount-ro'
	done
	config_set /root/readonly true
	cp "$tmp/root.ext4" "$tmp/journal"
	poke "$tmp/journal" 1252 '\0001\0010'
	use "$tmp/journal"
	refused 'ext4: a journal on another device' 'root.path: .*journal on another device'
	cp "$tmp/root.ext4" "$tmp/options"
	tune2fs -E mount_opts=journal_dev=0x801 "$tmp/options" >/dev/null 2>&1
	use "$tmp/options"
	refused 'ext4: mount options in the superblock' \
		'root.path: .*mount options in its superblock'
	tune2fs -E mount_opts= "$tmp/options" >/dev/null 2>&1
	argv true
	run
	is 'ext4: without them it runs' "$status" 0 || diag "$err"
	for f in mmp encrypt; do
		if ! image ext4 "$tmp/$f" -O $f; then
			skip "ext4: $f" 'mkfs.ext4 does not know it'
			continue
		fi
		use "$tmp/$f"
		refused "ext4: $f" 'root.path: .*(multiple mounts|encrypted)'
	done
	# Everything else that mke2fs makes by itself is taken.
	for f in ext2 ext3 ext4; do
		rm -f "$tmp/plain"
		image ext4 "$tmp/plain" -t $f || continue
		use "$tmp/plain"
		run
		is "$f: as its tool makes it" "$status" 0 || diag "$err"
	done
else
	skip 'ext4' 'no ext4 here, or no tune2fs'
fi
ok 'no loop device is left' wait_for no_loops
nothing_left
done_testing
