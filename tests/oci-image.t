#!/bin/sh
# oci-image.t - bundles from images: every source, kind of entry, and what the config says.
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034
. "$(dirname "$0")/lib.sh"
. "$tests/images.sh"

mode_of() { stat -c '%a %u %g' "$1"; }

# ---- entries -------------------------------------------------------------------------------------

long=$(printf 'n%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 \
	29 30 31 32 33 34 35)
longer=$long$long$long/$long$long$long/file
mkdir -p "$tmp/base"
make_rootfs "$tmp/base"
printf 'root:x:0:0::/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\n' >"$tmp/base/etc/passwd"
printf 'root:x:0:\nweb:x:34:\nlog:x:44:other,web\n' >"$tmp/base/etc/group"
tar -C "$tmp/base" -cf "$tmp/base.tar" .

layer kinds.tar <<END
5|./|mode=755
5|d/|mode=500|mtime=1000000000
0|d/f|mode=640|data=text|mtime=1000000001
0|plain|mode=4755|data=x
2|link|link=d/f
2|dangling|link=/nowhere/../at/all
1|hard|link=d/f
6|fifo|mode=600
0|$longer|gnu|data=gnu
0|short|x:path=pax/$longer|data=pax
2|far|x:linkpath=$longer
0|tail|prefix=before|data=prefix
0|time|x:mtime=1.5|data=t
0|late|mtime=4294967299|data=t
0|who|x:uid=3000000|x:gid=7|data=w
0|empty|x:size=0
7|old|data=seven
END
layout
image one "$tmp/base.tar" "$tmp/kinds.tar"
unpack_ok 'a layout of two layers is unpacked' "$layout:one"
[ "$uid" != 0 ] || is 'mode and owner of a directory without a right to write' \
	"$(mode_of "$rootfs/d")" '500 0 0'
is 'a file has its text' "$(cat "$rootfs/d/f")" text
is 'a file has its time' \
	"$(stat -c %Y "$rootfs/d/f") $(stat -c %Y "$rootfs/d")" '1000000001 1000000000'
is 'set-id bits stay' "$(stat -c %a "$rootfs/plain")" 4755
is 'a symbolic link, a dangling one' "$(readlink "$rootfs/link") $(readlink "$rootfs/dangling")" \
	'd/f /nowhere/../at/all'
is 'a hard link is the same file' "$(stat -c %i "$rootfs/hard")" "$(stat -c %i "$rootfs/d/f")"
ok 'a FIFO of a layer is a FIFO' test -p "$rootfs/fifo"
is 'a long name as GNU tar writes it' "$(cat "$rootfs/$longer")" gnu
is 'a long name of an extended header' "$(cat "$rootfs/pax/$longer")" pax
is 'the long target of a link' "$(readlink "$rootfs/far")" "$longer"
is 'a name in two fields' "$(cat "$rootfs/before/tail")" prefix
is 'a time between seconds' "$(stat -c %y "$rootfs/time" | cut -c 18-21)" 01.5
touch -d @4294967299 "$tmp/late"
is 'a time after 2106, as far as the filesystem has it' "$(stat -c %Y "$rootfs/late")" \
	"$(stat -c %Y "$tmp/late")"
[ "$uid" != 0 ] || is 'an owner whom the header has no room for' "$(mode_of "$rootfs/who")" \
	'644 3000000 7'
ok 'an old kind of file' test -s "$rootfs/old"
is 'the bundle is for its owner alone' "$(stat -c %a "$bundle")" 700

if [ "$uid" = 0 ] && mknod "$tmp/may" c 1 5 2>/dev/null; then
	layer devices.tar <<END
3|zero|major=1|minor=5|mode=666
4|loop|major=7|minor=9|mode=600|gid=6
END
	image devices "$tmp/devices.tar"
	unpack_ok 'devices are made' "$layout:devices"
	is 'with their numbers, modes and owners' \
		"$(stat -c '%t:%T %a %g' "$rootfs/zero" "$rootfs/loop" |
		tr '\n' ' ')" '1:5 666 0 7:9 600 6 '
else
	skip 'devices are made' 'no device can be made here'
	skip 'with their numbers, modes and owners' 'no device can be made here'
fi

# Four formats of sparse files: with bytes in the middle and at the end, and without any.
if tar --version 2>/dev/null | grep -q GNU; then
	mkdir -p "$tmp/s"
	truncate -s 2000000 "$tmp/s/file"
	printf end >>"$tmp/s/file"
	printf mid | dd of="$tmp/s/file" bs=1 seek=1000000 conv=notrunc 2>/dev/null
	truncate -s 3000000 "$tmp/s/hole"
	truncate -s 5368709120 "$tmp/s/big"
	printf end >>"$tmp/s/big"
	for form in gnu posix:0.0 posix:0.1 posix:1.0; do
		v=${form#*:}
		[ "$v" != "$form" ] || v=1.0
		tar -C "$tmp/s" -S --format="${form%:*}" --sparse-version="$v" \
			-cf "$tmp/sparse.tar" .
		image "sparse-$form" "$tmp/sparse.tar"
		unpack "$layout:sparse-$form"
		ok "a sparse file, format $form" cmp "$rootfs/file" "$tmp/s/file"
		is "a sparse file that is a hole, format $form" \
			"$(stat -c '%s' "$rootfs/hole")" 3000000
		is "a sparse file of more than 4 GiB, format $form" \
			"$(stat -c '%s' "$rootfs/big") $(
			dd if="$rootfs/big" bs=1 skip=5368709120 2>/dev/null)" '5368709123 end'
	done
fi

if [ "$uid" = 0 ] && command -v setfattr >/dev/null &&
	setfattr -n user.a -v b "$tmp/base" 2>/dev/null; then
	x=x:SCHILY.xattr
	layer xattr.tar <<END
0|a|$x.user.name=value|data=x|mode=444
5|dir|$x.user.d=e
0|o|$x.trusted.overlay.opaque=y|$x.user.overlay.redirect=/etc|$x.security.selinux=s|data=x
END
	image xattr "$tmp/xattr.tar"
	unpack_ok 'extended attributes are set' "$layout:xattr"
	is 'extended attributes are set on a file that may not be written' \
		"$(getfattr --only-values -n user.name "$rootfs/a")" value
	is 'extended attributes are set on a directory' \
		"$(getfattr --only-values -n user.d "$rootfs/dir")" e
	is 'extended attributes of overlays and of the host are left out' \
		"$(getfattr -d -m - "$rootfs/o")" ''
else
	skip 'extended attributes are set' 'no attributes here'
fi

if [ "$uid" = 0 ] && command -v setcap >/dev/null && tar --version 2>/dev/null | grep -q GNU &&
	mkdir "$tmp/caps" && : >"$tmp/caps/ping" &&
		setcap cap_net_raw+ep "$tmp/caps/ping" 2>/dev/null; then
	chown 5:6 "$tmp/caps/ping" && setcap cap_net_raw+ep "$tmp/caps/ping"
	tar -C "$tmp/caps" --xattrs --xattrs-include='*' -cf "$tmp/caps.tar" .
	image caps "$tmp/caps.tar"
	unpack_ok 'a file with capabilities of another owner' "$layout:caps"
	like 'a file with capabilities of another owner keeps them' \
		"$(cd "$rootfs" && getcap ping) $(mode_of "$rootfs/ping")" \
		'^ping cap_net_raw[=+]ep 644 5 6$'
else
	skip 'a file with capabilities of another owner' 'no setcap, GNU tar or capabilities here'
fi

# ---- layers on each other ------------------------------------------------------------------------

layer low.tar <<END
5|a/|mode=755
0|a/gone|data=1
0|a/stays|data=1
5|o/|mode=755
0|o/hidden|data=1
5|o/sub/|mode=755
0|o/sub/hidden|data=1
5|whole/|mode=755
0|whole/x|data=1
0|file-then-dir|data=1
5|dir-then-file/|mode=755
0|dir-then-file/x|data=1
2|link-then-dir|link=a
0|h1|data=1
2|lib|link=a
5|again/|mode=755
0|again/old|data=1
END
layer high.tar <<END
0|a/.wh.gone
0|o/new|data=2
0|o/sub/new|data=2
0|o/.wh..wh..opq
0|.wh.whole
0|.wh.none
0|no/such/.wh.file
5|file-then-dir/|mode=755
0|file-then-dir/y|data=2
0|dir-then-file|data=2
5|link-then-dir/|mode=755
1|h2|link=h1
0|lib/through|data=2
0|twice|data=first
0|twice|data=second
0|again/new|data=2
0|.wh.again
0|.wh..wh.plnk
END
gzip -c "$tmp/high.tar" >"$tmp/high.tar.gz"
image stack "$tmp/low.tar" "$tmp/high.tar.gz"
unpack_ok 'a second layer, compressed by gzip' "$layout:stack"
is 'whiteouts hide what lower layers have' "$(cd "$rootfs" && find . ! -name . | sort |
	tr '\n' ' ')" \
	'./a ./a/stays ./a/through ./again ./again/new ./dir-then-file ./file-then-dir ./file-then-dir/y ./h1 ./h2 ./lib ./link-then-dir ./o ./o/new ./o/sub ./o/sub/new ./twice '
is 'a link of an upper layer to a file of a lower one' "$(stat -c %i "$rootfs/h1")" \
	"$(stat -c %i "$rootfs/h2")"
is 'of two entries of one name the last one counts' "$(cat "$rootfs/twice")" second
if command -v zstd >/dev/null; then
	zstd -qf "$tmp/high.tar" -o "$tmp/high.tar.zst"
	image zstd "$tmp/low.tar" "$tmp/high.tar.zst"
	unpack_ok 'a layer compressed by zstd' "$layout:zstd"
	ok 'a layer compressed by zstd has the same files' test -e "$rootfs/o/sub/new"
else
	skip 'a layer compressed by zstd' 'there is no zstd'
fi
{ gzip -c "$tmp/low.tar"; : | gzip -c; } >"$tmp/members.tar.gz"
image members "$tmp/members.tar.gz"
unpack_ok 'gzip in several members' "$layout:members"

# ---- progress ------------------------------------------------------------------------------------

if helper pty; then
	# on_tty NAME COMMAND...: what the terminal gets is in $out.
	on_tty() {
		_bundle=$tmp/place/$1
		shift
		status=0
		timeout -s KILL 60 "$HELPERS/pty" "$@" "$layout:stack" "$_bundle" \
			>"$tmp/tty" 2>/dev/null || status=$?
		out=$(tr '\r\033' '\n^' <"$tmp/tty")
	}
	on_tty shown "$OCI_IMAGE" unpack --no-sync
	is 'progress on a terminal: the image is unpacked' "$status" 0 || diag "$out"
	like 'the layer, its bytes and their rate are shown' "$out" \
		'^layer 1 of 2: [0-9]+ of [0-9]+ MB, [0-9]+ MB/s'
	is 'progress on a terminal: nothing of it stays on the line' \
		"$(printf '%s\n' "$out" | tail -n 1)" '^[K'
	on_tty quiet "$OCI_IMAGE" unpack --no-sync --quiet
	is 'with --quiet nothing is shown' "$status$out" 0
	on_tty file sh -c 'exec "$@" 2>"$0"' "$tmp/shown" "$OCI_IMAGE" unpack --no-sync
	is 'progress is not shown where errors go to a file' "$status$out$(cat "$tmp/shown")" 0
	ok 'the bundles of these calls are there' test -e "$tmp/place/shown/config.json" -a \
		-e "$tmp/place/quiet/config.json" -a -e "$tmp/place/file/config.json"
	rm -rf "$tmp/place/shown" "$tmp/place/quiet" "$tmp/place/file"
else
	skip 'progress on a terminal: the image is unpacked' 'the helper pty is not built'
fi

# ---- sources -------------------------------------------------------------------------------------

(cd "$layout" && tar -cf "$tmp/archive.tar" .)
unpack_ok 'an archive of a layout' "$tmp/archive.tar:stack"
ok 'an archive of a layout has its files' test -e "$rootfs/o/sub/new"
gzip -c "$tmp/archive.tar" >"$tmp/archive.tar.gz"
unpack_ok 'a compressed archive' "$tmp/archive.tar.gz:stack"
timeout 60 "$OCI_IMAGE" unpack --no-sync "$tmp/archive.tar.gz:stack" "$tmp/place/slash/" \
	2>"$tmp/err"
is 'into a bundle whose name ends in a slash' "$?" 0 || diag "$(cat "$tmp/err")"
ok 'a bundle whose name ends in a slash is made' test -e "$tmp/place/slash/config.json"
# shellcheck disable=SC2002
cat "$tmp/archive.tar" | timeout 60 "$OCI_IMAGE" unpack --no-sync --tag stack - "$tmp/place/stdin" \
	2>"$tmp/err"
is 'an archive on standard input' "$?" 0 || diag "$(cat "$tmp/err")"
ok 'an archive on standard input leaves no file beside the bundle' nothing_beside
cp "$tmp/archive.tar" "$tmp/with:colon"
unpack_ok 'a source that has a colon in its name' "$tmp/with:colon:stack"

mkdir -p "$tmp/docker/abc"
cp "$tmp/low.tar" "$tmp/docker/abc/layer.tar"
ln -s ../abc/layer.tar "$tmp/docker/same.tar"
config='{"architecture":"amd64","os":"linux","config":{"Cmd":["true"]},'
# shellcheck disable=SC2059 # it is the format
printf "$config"'"rootfs":{"type":"layers","diff_ids":["sha256:%s","sha256:%s"]}}' \
	"$(sum "$tmp/low.tar")" "$(sum "$tmp/low.tar")" >"$tmp/config"
cp "$tmp/config" "$tmp/docker/$(sum "$tmp/config").json"
tags='["busybox:v1","busybox:v2"]'
printf '[{"Config":"%s.json","RepoTags":%s,"Layers":["abc/layer.tar","same.tar"]}]' \
	"$(sum "$tmp/config")" "$tags" >"$tmp/docker/manifest.json"
sed -i 's,"same.tar","abc/../same.tar",' "$tmp/docker/manifest.json"
(cd "$tmp/docker" && ln -sf abc/layer.tar same.tar && tar -cf "$tmp/docker.tar" .)
unpack_ok 'an archive as docker save writes it' "$tmp/docker.tar:v2"
ok 'an archive of docker save has its files' test -e "$rootfs/a/gone"
is 'an archive of docker save has its config' "$(config_get /process/args)" '["true"]'
unpack_ok 'an archive of docker save: an image by its whole name' "$tmp/docker.tar:busybox:v1"
source=$tmp/docker.tar:v3 unpack_refused 'a tag that it does not have' 'has no image "v3"'

# ---- which image ---------------------------------------------------------------------------------

unpack_refused 'of several images one must be named' \
	'has several images, say which: .*; there are: one, '
source=$layout:none unpack_refused 'a tag that is not there' 'has no image "none"; there are: one, '
layout multi
machine=$(uname -m)
case $machine in x86_64) own=amd64 ;; aarch64) own=arm64 ;; armv7l) own=arm ;; *) own=$machine ;; \
	esac
platform=',"platform":{"os":"linux","architecture":"s390x"}' arch=s390x
image other "$tmp/low.tar"
a=$manifest
platform=",\"platform\":{\"os\":\"linux\",\"architecture\":\"$own\"}" arch=$own
image own "$tmp/kinds.tar"
printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s,%s]}' $type_index "$a" "$manifest" \
	>"$tmp/index"
blob "$tmp/index"
manifests=
add_manifest "$(descriptor $type_index)"
unset platform arch
case $own in
amd64 | arm64 | arm | riscv64)
	unpack_ok 'an index of images for several platforms' "$layout"
	ok 'an index of images for several platforms gives that of this machine' \
		test -e "$rootfs/plain"
	;;
esac
unpack_ok 'another platform is asked for' "$layout" --platform linux/s390x
ok 'the image of another platform has its files' test -e "$rootfs/a/gone"
unpack_refused 'a platform that is not there' 'has no image for linux/mips' --platform linux/mips
both=$layout
layout alone
arch=s390x
image alone "$tmp/low.tar"
unpack_refused 'the only image is for another platform than --platform' \
	'the image is for linux/s390x, not for linux/arm64$' --platform linux/arm64
unpack_ok 'the only image is for the platform of --platform' "$layout" --platform linux/s390x
unpack_ok 'without --platform the only image is taken, whatever its platform' "$layout"
layout unnamed
arch=
image unnamed "$tmp/low.tar"
unpack_refused 'the only image names no platform, and --platform asks for one' \
	'names no platform: leave out --platform' --platform linux/arm64
unset arch
layout=$both
oci_image list "$layout"
is 'list shows the images of both platforms' \
	"$(printf '%s\n' "$out" | awk '{ print $1, $2 }' | sort | tr '\n' ' ')" \
	"other linux/s390x own linux/$own "
oci_image inspect --platform linux/s390x "$layout"
printf '%s\n' "$out" >"$tmp/inspect.json"
is 'inspect gives JSON' "$(json_get "$tmp/inspect.json" /config/architecture)" s390x
is 'inspect gives the digests of the layers' "$(json_get "$tmp/inspect.json" /layers/0/digest)" \
	"sha256:$(sum "$tmp/low.tar")"

# ---- media types ---------------------------------------------------------------------------------

layout types
type_manifest=application/vnd.docker.distribution.manifest.v2+json
type_config=application/vnd.docker.container.image.v1+json
type_layer=application/vnd.docker.image.rootfs.diff.tar
image one "$tmp/low.tar"
unpack_ok 'media types of docker' "$layout"
ok 'media types of docker give the same files' test -e "$rootfs/a/gone"
type_layer=application/octet-stream
manifests=
image one "$tmp/low.tar"
unpack_refused 'a layer that is not a tar archive' 'octet-stream", which is not a tar archive'
type_manifest=application/vnd.oci.artifact
manifests=
image one "$tmp/low.tar"
unpack_refused 'something that is not an image' 'oci.artifact", which is not an image'
type_config=application/vnd.oci.image.config.v1+json
type_layer=application/vnd.oci.image.layer.v1.tar
type_manifest=application/vnd.oci.image.manifest.v1+json

# ---- the config ----------------------------------------------------------------------------------

layout settings
settings='"User":"web","Env":["A=b","PATH=/bin"],"Entrypoint":["sh","-c"],"Cmd":["id"],'
settings=$settings'"WorkingDir":"/tmp","Labels":{"l":"m","org.criu.config":"/decoy",'
settings=$settings'"org.systemd.property.SuccessAction":"1","run.oci.x":"1",'
settings=$settings'"org.ocibox.init":"true","org.opencontainers.image.os":"mine"},'
settings=$settings'"ExposedPorts":{"80/tcp":{},"53/udp":{}},"Volumes":{"/etc":{}},'
settings=$settings'"StopSignal":"SIGQUIT"'
image one "$tmp/base.tar"
unpack_ok 'an image with settings' "$layout"
is 'settings of an image: the command' "$(config_get /process/args)" '["sh","-c","id"]'
is 'settings of an image: the environment' "$(config_get /process/env)" '["A=b","PATH=/bin"]'
is 'settings of an image: the working directory' "$(config_get /process/cwd)" /tmp
[ "$uid" != 0 ] || is 'settings of an image: the user by name, with all his groups' \
	"$(config_get /process/user)" \
	'{"uid":33,"gid":34,"additionalGids":[44]}'
is 'labels are annotations, and count more than the rest' \
	"$(config_get /annotations/l) $(config_get /annotations/org.opencontainers.image.os)" \
	'm mine'
nok 'labels that the runtime acts on are left out' \
	grep -Eq 'org\.criu|org\.systemd|run\.oci|org\.ocibox' "$bundle/config.json"
is 'ports and the signal are annotations' "$(config_get \
	/annotations/org.opencontainers.image.exposedPorts) $(config_get \
	/annotations/org.opencontainers.image.stopSignal)" '80/tcp,53/udp SIGQUIT'
is 'a volume is a tmpfs with what the image has there' \
	"$(config_get /mounts/7/destination) $(config_get /mounts/7/options)" \
	'/etc ["nosuid","nodev","mode=0755","tmpcopyup"]'
ok 'oci-spec finds no fault' "$OCI_SPEC" check "$bundle"
if [ "$uid" = 0 ]; then
	id=$mark-image
	config_set /process/env/- "\"OCI_TEST_MARK=$mark\""
	run
	is 'settings of an image: the container runs' \
		"$out" 'uid=33(web) gid=34(web) groups=44(log)' || diag "$err"
fi
{
	sed 's/}$/,"annotations":{"l":"not this","of.manifest":"kept","empty":""}}/' \
		"$tmp/image-manifest"
} >"$tmp/annotated"
blob "$tmp/annotated"
manifests=
add_manifest "$(descriptor "$type_manifest")"
unpack_ok 'a manifest with annotations' "$layout"
is 'annotations of a manifest are kept, unless a label has the name' \
	"$(config_get /annotations/l) $(config_get /annotations/of.manifest) $(grep -c empty \
	"$bundle/config.json")" 'm kept 0'
unpack_ok 'a command in place of the image'"'"'s' "$layout" -- echo hello
is 'stands after the entrypoint' "$(config_get /process/args)" '["sh","-c","echo","hello"]'
for user in 33:log 33 7:8 nobody web:nogroup; do
	settings="\"User\":\"$user\""
	manifests=
	image one "$tmp/base.tar"
	unpack "$layout"
	case $user in
	33:log) want='{"uid":33,"gid":44}' ;;
	33) want='{"uid":33,"gid":34,"additionalGids":[44]}' ;;
	7:8) want='{"uid":7,"gid":8}' ;;
	nobody) want='the image has no user "nobody"' ;;
	*) want='the image has no group "nogroup"' ;;
	esac
	case $want in
	*image*) like "user $user" "$err" "$want" ;;
	*) [ "$uid" != 0 ] || is "user $user" "$(config_get /process/user)" "$want" ;;
	esac
done

# ---- back to an image ----------------------------------------------------------------------------

listing() {
	(cd "$1" && find . | sort | xargs -d '\n' stat -c '%n %f %u %g %s %Y %h' 2>/dev/null |
		grep -v '^\./sub/')
}
layout again
settings='"User":"web","Env":["A=b"],"Entrypoint":["sh","-c"],"Cmd":["id"],'
settings=$settings'"WorkingDir":"/tmp","Labels":{"l":"m"},"ExposedPorts":{"80/tcp":{}},'
settings=$settings'"Volumes":{"/etc":{}},"StopSignal":"SIGQUIT"'
image one "$tmp/base.tar" "$tmp/kinds.tar"
unpack "$layout"
from=$bundle
oci_image pack -o "$tmp/packed.tar" "$from"
is 'a bundle is packed into an archive' "$status" 0 || diag "$err"
oci_image pack -o "$tmp/packed2.tar" "$from"
ok 'a bundle packed a second time gives the same bytes' cmp "$tmp/packed.tar" "$tmp/packed2.tar"
unpack_ok 'a packed bundle is unpacked' "$tmp/packed.tar"
is 'a packed bundle is unpacked into the same files' \
	"$(listing "$rootfs")" "$(listing "$from/rootfs")"
is 'a packed bundle is unpacked into the same config.json' \
	"$(cat "$bundle/config.json")" "$(cat "$from/config.json")"
mkdir "$tmp/dev"
if mount -t tmpfs none "$tmp/dev" 2>/dev/null && mknod "$tmp/dev/full" c 1 7 2>/dev/null; then
	oci_image pack -o "$tmp/dev/full" "$from"
	like 'pack to a full device fails' "$status $err" '^1 .*o space left'
	ok 'a device is not removed after a failure' test -c "$tmp/dev/full"
fi
umount "$tmp/dev" 2>/dev/null
oci_image pack -o "$tmp/packed/" --tag two "$from/rootfs"
is 'a directory is packed into a layout' "$status" 0 || diag "$err"
unpack_ok 'a packed directory has the tag that was asked for' "$tmp/packed:two"
is 'a packed directory has its files' "$(listing "$rootfs")" "$(listing "$from/rootfs")"
"$OCI_IMAGE" pack -o - "$from" >"$tmp/packed3.tar" 2>/dev/null
ok 'an archive on standard output' cmp "$tmp/packed.tar" "$tmp/packed3.tar"
oci_image pack "$from"
is 'pack without --output: what is missing' "$err" 'oci-image: --output FILE or DIR/ is missing'
oci_image rm "$from"
ok 'rm removes a bundle' test ! -e "$from"
oci_image rm "$tmp/packed"
like 'rm refuses a directory that is not a bundle' "$err" 'is not a bundle'
ok 'rm leaves a directory that is not a bundle' test -e "$tmp/packed/index.json"

# ---- ordinary mistakes: what is wrong is named ---------------------------------------------------

echo '{}' >"$tmp/file.json"
while IFS='|' read -r pattern words; do
	rm -rf "$tmp/new"
	# shellcheck disable=SC2086 # words
	(cd "$tmp" && "$OCI_IMAGE" $words) >"$tmp/out" 2>"$tmp/err" </dev/null
	like "oci-image $words: it says $pattern" "$? $(grep -v '^Usage' "$tmp/err")" \
		"^[1-9] oci-image: .*$pattern"
done <<'END'
open alpine: no such file .*images are not downloaded|unpack alpine:latest new
file.json: is not a tar archive, plain or compressed|unpack file.json new
file.json: is not a tar archive, plain or compressed|list file.json
base: is neither an OCI layout nor an archive|unpack base new
base.tar: is neither an OCI layout nor an archive|unpack base.tar new
base: already exists|unpack packed base
packed: has no image "foo"; there are: |unpack packed:foo new
open /nowhere/new: no such file|unpack packed:two /nowhere/new/bundle
requires exactly 2 argument|unpack packed
flag provided but not defined: -arch|unpack --arch arm64 packed:two new
open nowhere: no such file|pack -o new nowhere
open nowhere/new: no such file|pack -o nowhere/new base
--output FILE is missing|binary packed:two
nowhere: no such file|rm nowhere
the commands are: unpack, list|pull alpine
END
if mkdir "$tmp/small" && mount -t tmpfs -o size=100k none "$tmp/small" 2>/dev/null; then
	oci_image pack -o "$tmp/small/image.tar" "$tmp/base"
	like 'pack onto a full disk: the archive is named' "$status $err" \
		'^1 oci-image: .*/small/image.tar: .*no space left on device'
	is 'pack onto a full disk: no half of the archive is left' "$(ls "$tmp/small")" ''
	umount "$tmp/small"
else
	skip 'pack onto a full disk: the archive is named' 'no tmpfs can be mounted'
	skip 'pack onto a full disk: no half of the archive is left' 'no tmpfs can be mounted'
fi

ok 'nothing is left beside the bundles' nothing_beside

# ---- the whole name and the tag, as docker and containerd write them -----------------------------

# with_name DESCRIPTOR NAME: with the whole name too
with_name() { echo "$1" | sed "s|\"annotations\":{|&\"io.containerd.image.name\":\"$2\",|"; }
layout
layer a.tar <<END
0|one|data=1
END
layer b.tar <<END
0|two|data=2
0|old|data=x|x:mtime=-0.25
END
image latest "$tmp/a.tar"
one=$manifest
image latest "$tmp/b.tar"
two=$manifest
manifests=
add_manifest "$(with_name "$one" docker.io/library/one:latest)"
add_manifest "$(with_name "$two" docker.io/library/two:latest)"
unpack_ok 'an image by its whole name, beside the tag' "$layout:one:latest"
ok 'an image by its whole name is that one' test -e "$rootfs/one"
unpack_ok 'the other one by its whole name' "$layout:docker.io/library/two:latest"
ok 'the other one is another one' test -e "$rootfs/two"
is 'a time a quarter of a second before 1970' "$(stat -c %Y "$rootfs/old")" -1
for which in "$layout:latest" "$layout"; do
	source=$which unpack_refused "a tag of two images, asked for by \"${which#"$layout"}\"" \
		'several images are "latest", say which: there are: docker.io/library/one:latest, docker'
done
oci_image list "$layout"
like 'list shows the whole names' "$(echo "$out" | tr '\n' ' ')" \
	'library/one:latest .*library/two:latest '

nothing_left
done_testing
