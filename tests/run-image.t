#!/bin/sh
# run-image.t - runc run --image: containers of one image share its files and nothing that they
# write.
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034
. "$(dirname "$0")/lib.sh"
need_root
! few_files || skip_all "$why"
. "$tests/images.sh"
grep -qw overlay /proc/filesystems || skip_all 'this kernel has no overlay'

mkdir -p "$tmp/base"
make_rootfs "$tmp/base"
tar -C "$tmp/base" -cf "$tmp/base.tar" .
layout
settings="\"Env\":[\"PATH=/bin\",\"OCI_TEST_MARK=$mark\"]"
settings="$settings,\"Entrypoint\":[\"sh\",\"-c\"],\"Cmd\":[\"echo own\"]"
image one "$tmp/base.tar"
shared=$root/.cache/images

do_runc run --image "$layout:one"
is 'an image runs' "$out" own || diag "$err"
digest=$(ls "$shared")
is 'the files of an image stay below the state root, by its digest' "sha256:$digest" \
	"$(json_get "$layout/index.json" /manifests/0/digest)"
inode=$(stat -c %i "$shared/$digest/rootfs/bin/busybox")
do_runc run --image "$layout" -- 'echo more >/etc/new; cat /etc/new; exit 7'
is 'a command in place of its own, whose status is ours' "$status $out" '7 more' || diag "$err"
nok 'what it writes is not in the image' test -e "$shared/$digest/rootfs/etc/new"
is 'an image is not unpacked again' "$(stat -c %i "$shared/$digest/rootfs/bin/busybox")" "$inode"
do_runc run --image "$layout" --memory 32M -e X=y --hostname box --cwd /etc \
	-- 'echo $X $(hostname) $PWD'
is 'options of --rootfs' "$out" 'y box /etc' || diag "$err"
do_runc run --image "$layout" -d "$mark-a" -- 'sleep 1000'
is 'two at once: the first' "$status" 0 || diag "$err"
do_runc run --image "$layout" -d "$mark-b" -- 'sleep 1000'
is 'two containers of one image: the second' "$status" 0 || diag "$err"
runc exec "$mark-a" sh -c 'echo x >/tmp/x'
is 'two containers of one image: one does not see what the other writes' \
	"$(runc exec "$mark-b" ls /tmp)" ''
oci_image list --root "$root"
like 'list shows what is unpacked' "$out" "sha256:$digest"
oci_image rm --root "$root"
like 'rm leaves what a container uses' "$err" "the container $mark-[ab] uses it"
ok 'rm leaves the files of an image in use' test -e "$shared/$digest/config.json"
drop "$mark-a"
drop "$mark-b"
ln -s "$root" "$tmp/link"
$RUNC --root "$tmp/link" run --image "$layout" -d "$mark-a" -- 'sleep 1000' >"$tmp/out" 2>&1 \
	</dev/null
oci_image rm --root "$root"
like 'rm finds the container of a state root that is a link' "$err" \
	"the container $mark-a uses it"
drop "$mark-a"
oci_image rm --root "$root" "sha256:$digest"
is 'rm removes an image after its container' "$(ls -A "$shared")" '' || diag "$err"

# The first image that rm finds is in use, and one container cannot be read.
for tag in two three; do
	settings="\"Env\":[\"PATH=/bin\",\"OCI_TEST_MARK=$mark\",\"N=$tag\"]"
	settings="$settings,\"Entrypoint\":[\"sh\",\"-c\"],\"Cmd\":[\"true\"]"
	image $tag "$tmp/base.tar"
done
for tag in one two three; do
	do_runc run --image "$layout:$tag" -- true
	is "image $tag is unpacked" "$status" 0 || diag "$err"
done
first=$(find "$shared" -mindepth 1 -maxdepth 1 | head -n 1)
first=${first##*/}
for tag in one two three; do
	oci_image inspect "$layout:$tag"
	printf '%s\n' "$out" >"$tmp/inspect.json"
	[ "$(json_get "$tmp/inspect.json" /digest)" != "sha256:$first" ] || break
done
do_runc run --image "$layout:$tag" -d "$mark-a" -- "sleep 1000"
is 'a container uses the first of them' "$status" 0 || diag "$err"
mkdir "$root/$mark-damaged"
echo '{' >"$root/$mark-damaged/state.json"
oci_image rm --root "$root"
like 'rm removes no image while a container cannot be read' "$err" \
	"the container $mark-damaged may use it"
is 'all images are left' "$(find "$shared" -mindepth 1 -maxdepth 1 | grep -c .)" 3
rm -r "${root:?}/$mark-damaged"
oci_image rm --root "$root"
like 'rm reports an image that a container uses' "$err" 'images that were not removed: 1'
is 'rm of images of which one is in use: exit 1' "$status" 1
is 'rm removes the images after it' "$(ls -A "$shared")" "$first"
drop "$mark-a"
oci_image rm --root "$root"
is 'rm removes the last image after its container' "$(ls -A "$shared")" ''

# Two that need the same image at the same time.
runc run --image "$layout:one" >"$tmp/one" 2>&1 &
one=$!
do_runc run --image "$layout:one"
wait $one
is 'two at once that both have to unpack it' "$(cat "$tmp/one") $out" 'own own' || diag "$err"
is 'two runs at once leave one image' \
	"sha256:$(ls -A "$shared")" "$(json_get "$layout/index.json" /manifests/0/digest)"
do_runc run --image "$layout:none"
like 'a tag that is not there' "$err" 'has no image .*none'
do_runc run --image "$layout" --rootfs /
like '--rootfs and --image exclude each other' "$err" 'takes the place of a bundle'
do_runc list -q
is 'list of containers does not take images for some' "$out$err" ''
oci_image rm --root "$root"

nothing_left
done_testing
