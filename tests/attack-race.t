#!/bin/sh
# attack-race.t - two names are exchanged over and over while containers start: mounts, mountpoints,
# masks.
# SPDX-License-Identifier: MIT
#
# CVE-2021-30465, 2024-45310, 2019-19921, 2025-31133, 2025-52881. The volume is one that two
# containers share; the helper swap plays the hostile one. OCI_ROUNDS is the number of starts per
# case (2000 for a long run). A start may fail, but must not reach the host.
#
# Known to fail at 60 rounds: runc 1.1.5 "rootfs/dev" (makes nodes in the decoy), "rootfs/proc" (a
# proc without its protection) and "/dev/null" (the masked file is read and written); crun 1.8.1 the
# first two of these.
. "$(dirname "$0")/lib.sh"
need_root
helper swap || skip_all 'the helper swap is not built'
rounds=${OCI_ROUNDS:-60}

decoy=$tmp/decoy
vol=$tmp/vol
mkdir -p "$decoy/dir" "$vol"
echo host-only >"$decoy/file"
echo host-only >"$decoy/dir/f"
"$HELPERS/swap" "$decoy/dir" "$decoy/file" 2 2>/dev/null || skip_all 'renameat2 cannot exchange names here'
look() {
	find "$decoy" -exec stat -c '%n %F %a %u:%g %s' {} + |
		sort; cat "$decoy/file" "$decoy/dir/f"
}
mounts=$(mounts_now)

# race DESC A B: exchanges A and B while the bundle is started $rounds times; $seen gathers what the
# containers said, $good how many started.
race() {
	before=$(look)
	"$HELPERS/swap" "$2" "$3" 1000000000 &
	_racer=$!
	bg_all="$bg_all $_racer"
	seen=
	good=0
	_n=0
	while [ $_n -lt "$rounds" ]; do
		_n=$((_n + 1))
		run
		[ "$status" != 0 ] || good=$((good + 1))
		case $status in
		0 | 1 | 255) ;;
		*) seen="$seen status $status" ;;
		esac
		seen="$seen$out"
		[ ! -e "$root/$id" ] || { seen="$seen left a state"; drop "$id"; }
	done
	kill "$_racer"
	wait "$_racer" 2>/dev/null
	diag "$1: $good of $rounds started"
	is "$1: the decoys are untouched" "$(look)" "$before"
	is "$1: no mount reaches the host" "$(mounts_now)" "$mounts"
	unlike "$1: nothing of the host was seen" "$seen" 'host-only'
	unlike "$1: every start ends in order" "$seen" 'status|left a state'
}

# ---- CVE-2021-30465: a mount below a volume whose folder turns into a link to / ----

bundle
mkdir -p "$vol/a/sub" "$bundle/src"
echo fine >"$bundle/src/f"
ln -s / "$vol/b"
config_set /root/readonly false /mounts/- \
	"{\"destination\":\"/vol\",\"source\":\"$vol\",\"options\":[\"bind\"]}" \
	/mounts/- '{"destination":"/vol/a/sub","source":"src","options":["bind"]}' \
	/mounts/- '{"destination":"/vol/a/tmp","type":"tmpfs","source":"t"}'
# With / of the host mounted or reached, its decoy would be found at its own path.
argv \
	sh -c "cat /$decoy/file /vol/a/$decoy/file /vol/b/$decoy/file /vol/a/sub/$decoy/file 2>/dev/null; true"
race 'a folder and a link to /' "$vol/a" "$vol/b"

# ---- CVE-2024-45310: mountpoints made at the wrong place ----

bundle
rm -rf "$vol"
mkdir -p "$vol/a"
ln -s "$decoy" "$vol/b"
config_set /root/readonly false /mounts/- \
	"{\"destination\":\"/vol\",\"source\":\"$vol\",\"options\":[\"bind\"]}" \
	/mounts/- '{"destination":"/vol/a/new/dir","type":"tmpfs","source":"t"}' \
	/mounts/- \
	"{\"destination\":\"/vol/a/newfile\",\"source\":\"$bundle/config.json\",\"options\":[\"bind\"]}"
argv sh -c 'cat /vol/a/file /vol/b/file 2>/dev/null; true'
race 'a folder and a link to a folder of the host' "$vol/a" "$vol/b"

# ---- the same for devices and links below a /dev on a volume ----

bundle
rm -rf "$vol"
mkdir -p "$vol/dev" "$tmp/swapdev"
ln -s "$decoy" "$tmp/swapdev/link"
rm -rf "${rootfs:?}/dev"
mkdir "$rootfs/dev"
config_set /root/readonly false /mounts '[{"destination":"/proc","type":"proc","source":"proc"}]' \
	/linux/maskedPaths '[]' \
	/linux/readonlyPaths '[]' /linux/devices \
	'[{"path":"/dev/sub/mine","type":"c","major":1,"minor":3}]'
argv true
race 'rootfs/dev and a link' "$rootfs/dev" "$tmp/swapdev/link"

# ---- CVE-2019-19921: /proc of the rootfs and a link into another folder ----

bundle
mkdir -p "$rootfs/other/self/attr" "$rootfs/other/sys"
ln -s /other "$rootfs/proc2"
config_set /root/readonly false
# Opened without O_CREAT, since a file of the racer must not be taken for one of proc.
script <<'END'
[ -e /proc/1/status ] || { echo no-proc; exit 0; }
for d in /proc /proc2 /other; do
	for f in sysrq-trigger sys/kernel/domainname; do
		[ "$(probe open $d/$f w)" != 'open 0' ] || echo $f is writable
	done
done
[ -e /proc/kcore ] && head -c 1 /proc/kcore | wc -c
true
END
race 'rootfs/proc and a link' "$rootfs/proc" "$rootfs/proc2"
unlike 'rootfs/proc and a link: no proc without its protection' "$seen" 'writable|^1$'

# ---- CVE-2025-31133: the /dev/null of masks ----

bundle
rm -rf "$vol"
mkdir -p "$vol" "$rootfs/srv"
mknod "$vol/null" c 1 3
ln -s "$decoy/file" "$vol/evil"
echo secret >"$rootfs/srv/secret"
config_set /root/readonly false /mounts \
	"[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},
	{\"destination\":\"/dev\",\"source\":\"$vol\",\"options\":[\"bind\"]}]" /linux/readonlyPaths '[]' \
	/linux/maskedPaths '["/srv/secret","/proc/kcore"]'
argv sh -c 'cat /srv/secret; echo overwritten 2>/dev/null >/srv/secret; true'
race 'a /dev/null that turns into a link' "$vol/null" "$vol/evil"
unlike 'a /dev/null that turns into a link: the masked file is masked' "$seen" 'secret'
is 'and is as it was' "$(cat "$rootfs/srv/secret")" secret

# ---- CVE-2025-52881: writes to /proc through what a mount has put there ----

bundle
rm -rf "$vol"
mkdir -p "$vol/a/ipv4" "$vol/b"
echo 0 >"$vol/a/ipv4/ip_forward"
ln -s /proc/sys/net "$vol/b/link"
config_set /root/readonly false /linux/sysctl '{"net.ipv4.ip_forward":"1"}' /linux/readonlyPaths \
	'[]' \
	/mounts/- "{\"destination\":\"/vol\",\"source\":\"$vol\",\"options\":[\"bind\"]}" \
	/mounts/- '{"destination":"/vol/a/ipv4","type":"tmpfs","source":"t"}'
argv sh -c 'cat /proc/sys/net/ipv4/ip_forward; grep " /proc/sys/net" /proc/self/mountinfo; true'
race 'a mount below a link into /proc/sys' "$vol/a" "$vol/b/link"
unlike 'a mount below a link into /proc/sys: none landed there' "$seen" ' /proc/sys/net'
unlike 'a mount below a link into /proc/sys: the value is the one asked for' \
	"$seen" '(^|[^0-9])0([^0-9]|$)'

rm -rf "$vol"
nothing_left
done_testing
