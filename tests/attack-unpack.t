#!/bin/sh
# attack-unpack.t - hostile images: nothing outside the bundle is touched, and nothing is left when
# one is refused.
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034
. "$(dirname "$0")/lib.sh"
. "$tests/images.sh"

# What an attack would change: a directory beside the place of the bundles.
decoy() {
	rm -rf "$tmp/decoy"
	mkdir -p "$tmp/decoy/sub"
	echo secret >"$tmp/decoy/file"
	echo secret >"$tmp/decoy/sub/file"
	chmod 640 "$tmp/decoy/file"
	touch -d @1000000000 "$tmp/decoy/file"
}
decoy_state() {
	(cd "$tmp/decoy" && find . | sort && stat -c '%n %a %u %g %Y %h %s' file &&
		cat file sub/file)
}
decoy
decoy_was=$(decoy_state)
untouched() { is "$1" "$(decoy_state)" "$decoy_was" || decoy; }

# ---- names that lead out -------------------------------------------------------------------------

layout
for name in ../out a/../../out ./.. a/.. ..; do
	layer a.tar <<END
0|$name|data=x
END
	manifests=
	image a "$tmp/a.tar"
	unpack_refused "a file named $name" 'a path with \.\. in it'
done
layer a.tar <<END
1|hard|link=../../../decoy/file
END
manifests=
image a "$tmp/a.tar"
unpack_refused 'a hard link by ..' 'a path with \.\. in it'
layer a.tar <<END
1|hard|link=$tmp/decoy/file
END
manifests=
image a "$tmp/a.tar"
unpack_refused 'a hard link to a path of the host' 'no such file'
untouched 'the file there is as it was'

# Each name goes through a link that leads out, but must be made below the root.
climb=$(printf '../%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14)
for target in "$tmp/decoy" "$climb${tmp#/}/decoy"; do
	for what in '0|l/file|data=owned|mode=4777' '5|l/sub/|mode=777|uid=1' '2|l/new|link=x' \
		'6|l/fifo' '1|l/hard|link=own' \
		'0|l/.wh.file' '0|l/.wh..wh..opq' '0|l/sub/.wh.file' '1|hard|link=l/file' \
		'5|l/|mode=711'; do
		layer a.tar <<END
0|own|data=own
2|l|link=$target
END
		layer b.tar <<END
$what
END
		manifests=
		image a "$tmp/a.tar" "$tmp/b.tar"
		unpack "$layout"
		kind=absolute
		[ "$target" = "$tmp/decoy" ] || kind=relative
		untouched "through an $kind link: $what"
		case $what in
		'0|l/file|'*) is 'the file lies below the root' \
			"$(cat "$rootfs$tmp/decoy/file" 2>&1)" owned ;;
		esac
	done
done
layer a.tar <<END
2|l|link=$tmp/decoy
2|l/sub|link=x
2|m|link=l
0|m/file|data=owned
2|f|link=$tmp/decoy/file
0|f|data=owned|mode=777
2|g|link=$tmp/decoy/file
1|h|link=g
0|h|data=owned
END
manifests=
image a "$tmp/a.tar"
unpack_ok 'links to links, and links in the place of files' "$layout"
untouched 'lead nowhere else'
is 'a file takes the place of a link' "$(cat "$rootfs/f")" owned
for name in .wh. .wh.. .wh...; do
	layer a.tar <<END
0|d/x|data=1
END
	layer b.tar <<END
0|d/$name
END
	manifests=
	image a "$tmp/a.tar" "$tmp/b.tar"
	unpack_refused "a whiteout named $name" 'is a whiteout without a name'
done

# ---- a directory that is exchanged during the unpacking ------------------------------------------

# files N: so many in each of two directories.
files() {
	awk -v n="$1" 'BEGIN {
		print "5|d/|mode=755"
		for (i = 0; i < n; i++) printf "0|d/%d|data=x\n0|e/%d|data=y\n", i, i }'
}
files 20000 | layer many.tar
files 3000 | layer some.tar
manifests=
image some "$tmp/some.tar"
at_work() { set -- "$tmp"/place/.*.unpack/rootfs/d; [ -e "$1" ]; }
exchange() {
	while [ ! -e "$tmp/stop" ]; do
		set -- "$tmp"/place/.*.unpack/rootfs
		[ -d "$1/d" ] || continue
		mv "$1/d" "$1/moved" 2>/dev/null
		ln -s "$tmp/decoy" "$1/d" 2>/dev/null
		rm -f "$1/d" 2>/dev/null
		mv "$1/moved" "$1/d" 2>/dev/null
	done
}
rm -f "$tmp/stop"
background exchange
unpack "$layout"
: >"$tmp/stop"
wait "$bg"
untouched 'a directory that is exchanged for a link meanwhile'
rm -rf "$tmp/place"

# ---- too much ------------------------------------------------------------------------------------

layer a.tar <<END
0|zeros|zeros=60000000
END
gzip -9c "$tmp/a.tar" >"$tmp/a.tar.gz"
manifests=
image a "$tmp/a.tar.gz"
unpack_refused 'a layer that expands a thousandfold' 'expands more than 200 times'
unpack_ok 'is taken when it is wanted' "$layout" --max-ratio -1
unpack_refused 'more bytes than wanted' 'more than 10485760 bytes' --max-ratio -1 --max-size 10M
manifests=
image a "$tmp/a.tar"
(cd "$layout" && tar -cf - .) | gzip -9c >"$tmp/zeros.tar.gz"
source=$tmp/zeros.tar.gz unpack_refused 'an archive that expands a thousandfold' \
	'expands more than 200 times'
oci_image list "$tmp/zeros.tar.gz"
like 'list of an archive that expands a thousandfold fails' "$status $err" \
	'^1 .*expands more than 200 times'
unpack_ok 'an archive that expands a thousandfold is taken when it is wanted' \
	"$tmp/zeros.tar.gz" --max-ratio -1
rm -rf "$tmp/zeros.tar.gz" "$bundle"
# The process that decompresses has more to write than the pipe takes.
layer bad.tar <<END
0|../x|data=x
END
head -c 3000000 /dev/urandom >"$tmp/random"
(cat "$tmp/bad.tar" && cd "$tmp" && tar -cf - random) | gzip -1c >"$tmp/long.tar.gz"
manifests=
image a "$tmp/long.tar.gz"
unpack_refused 'a large layer that begins with a wrong name' 'a path with \.\. in it'
if command -v zstd >/dev/null; then
	zstd -q19f "$tmp/a.tar" -o "$tmp/a.tar.zst"
	manifests=
	image a "$tmp/a.tar.zst"
	unpack_refused 'more bytes than wanted, compressed by zstd' 'expands more than 200 times'
else
	skip 'the same by zstd' 'there is no zstd'
fi
s=x:GNU.sparse
layer a.tar <<END
0|hole|$s.major=0|$s.minor=1|$s.map=0,1|$s.size=8000000000000000000|data=x
END
manifests=
image a "$tmp/a.tar"
unpack_refused 'a file that is a hole of 8 EB' 'more than 68719476736 bytes'
manifests=
image many "$tmp/many.tar"
unpack_refused 'more entries than wanted' 'more than 100 entries' --max-entries 100
layer empty.tar <<END
end
END
blob "$tmp/empty.tar"
one="{\"mediaType\":\"$type_layer\",\"digest\":\"$digest\",\"size\":$size}"
awk -v one="$one" -v id="$digest" -v config="$tmp/image-config" -v layers="$tmp/layers" 'BEGIN {
	printf "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{}," >config
	printf "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" >config
	for (i = 0; i < 10000; i++) {
		printf "%s\"%s\"", i ? "," : "", id >config
		printf "%s%s", i ? "," : "", one >layers
	}
	printf "]}}" >config }'
blob "$tmp/image-config"
printf '{"schemaVersion":2,"config":%s,"layers":[%s]}' "$(descriptor $type_config)" \
	"$(cat "$tmp/layers")" >"$tmp/image-manifest"
blob "$tmp/image-manifest"
manifests=
add_manifest "$(descriptor $type_manifest)"
unpack_refused '10,000 layers' '10000 layers, more than 500'
unpack_ok 'are taken when they are wanted' "$layout" --max-layers -1

# ---- what many names cost ------------------------------------------------------------------------

# instructions N ARG...: of all processes, for a config of N labels and annotations, or whatever
# $many makes of N; sets $cost.
instructions() {
	layout
	$many "$1"
	shift
	rm -rf "$tmp"/grind.* "$tmp/place"
	mkdir -p "$tmp/place"
	timeout -s KILL 300 valgrind --tool=callgrind --callgrind-out-file="$tmp/grind.%p" \
		"$OCI_IMAGE" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null ||
			diag "$(tail -n 3 "$tmp/err")"
	cost=$(cat "$tmp"/grind.* | awk '/^totals: / { n += $2 } END { printf "%d", n / 1000 }')
	rm -f "$tmp"/grind.*
}
# linear DESC ARG...: twice as many ($few and 2 * $few) cost at most two and a half times as much.
linear() {
	_desc=$1
	shift
	if ! command -v valgrind >/dev/null; then
		skip "$_desc" 'valgrind is not installed'
		return
	fi
	instructions "$few" "$@"
	once=$cost
	instructions $((2 * few)) "$@"
	ok "$_desc" doubled || diag "$once and $cost thousands of instructions"
}
# doubled: $cost is at most two and a half times $once.
doubled() { [ "$once" -gt 1000 ] && [ "$cost" -lt $((once * 5 / 2)) ]; }
many_pairs() { # NAME N: members of an object
	awk -v name="org.example.a-name-that-begins-as-all-the-others-do.$1" -v n="$2" 'BEGIN {
		for (i = 0; i < n; i++) printf "%s\"%s.%d\":\"x\"", i ? "," : "", name, i }'
}
many_labels() {
	settings="\"Labels\":{$(many_pairs label "$1")}"
	image a "$tmp/empty.tar"
	{
		sed 's/}$/,"annotations":{/' "$tmp/image-manifest"
		many_pairs note "$1"
		printf '}}'
	} >"$tmp/more"
	blob "$tmp/more"
	manifests=
	add_manifest "$(descriptor "$type_manifest")"
}
# An archive of N names, whose index has N images.
many_files() {
	printf '{"schemaVersion":2,"manifests":[]}' >"$tmp/index"
	blob "$tmp/index"
	awk -v one="$(descriptor "$type_index")" -v n="$1" 'BEGIN {
		printf "{\"schemaVersion\":2,\"manifests\":["
		for (i = 0; i < n; i++) printf "%s%s", i ? "," : "", one
		printf "]}" }' >"$layout/index.json"
	_i=0
	while [ "$_i" -lt "$1" ]; do
		: >"$layout/blobs/sha256/zz-a-name-that-is-there-for-nothing-at-all-$_i"
		_i=$((_i + 1))
	done
	tar -C "$layout" -cf "$tmp/names.tar" .
}
# A second layer with a path of N directories, each of which is an entry.
many_levels() {
	manifests=
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) print "5|" (path = path "d/") "|gnu" }' |
		layer deep.tar
	image a "$tmp/empty.tar" "$tmp/deep.tar"
}
# A second layer with N files in a directory, and N opaque whiteouts of it.
many_whiteouts() {
	manifests=
	awk -v n="$1" 'BEGIN {
		for (i = 0; i < n; i++) print "0|d/" i
		for (i = 0; i < n; i++) print "0|d/.wh..wh..opq" }' | layer opaque.tar
	image a "$tmp/empty.tar" "$tmp/opaque.tar"
}
few=2000
many=many_labels
linear 'many labels do not cost the square of their number' \
	unpack --no-sync "$tmp/layout" "$tmp/place/u"
many=many_files
linear 'nor do the many files of an archive' list "$tmp/names.tar"
few=1000
many=many_whiteouts
linear 'nor do whiteouts cost that of their number' \
	unpack --no-sync "$tmp/layout" "$tmp/place/u"
# calls N: sets $cost to the system calls for N levels.
calls() {
	layout
	many_levels "$1"
	rm -rf "$tmp/place/u"
	"$HELPERS/step" -o "$tmp/calls" count -- "$OCI_IMAGE" unpack --no-sync "$layout" \
		"$tmp/place/u" >"$tmp/out" 2>&1 </dev/null || diag "$(cat "$tmp/out")"
	cost=0
	read -r cost <"$tmp/calls"
}
if helper step && "$HELPERS/step" count -- true; then
	calls 100
	once=$cost
	calls 200
	ok 'a deep path does not cost the square of its depth' doubled ||
		diag "$once and $cost system calls"
else
	skip 'a deep path does not cost the square of its depth' 'no process can be traced here'
fi

# ---- memory --------------------------------------------------------------------------------------

# small ARG...: oci-image with 400 MB of memory; sets $status and $err.
small() {
	status=0
	# shellcheck disable=SC3045 # sh of Debian and busybox have it
	(ulimit -v 400000 && exec "$OCI_IMAGE" "$@") >"$tmp/out" 2>"$tmp/err" || status=$?
	err=$(cat "$tmp/err")
}
# Each volume may not cost a copy of all others.
layout
settings="\"Volumes\":{$(awk 'BEGIN {
	for (i = 0; i < 5000; i++) printf "%s\"/v%d\":{}", i ? "," : "", i }')}"
image a "$tmp/empty.tar"
small unpack --no-sync "$layout" "$tmp/place/volumes"
is 'many volumes do not cost the square of their number' \
	"$status $(grep -c '/v[0-9]' "$tmp/place/volumes/config.json")" '0 5000' || diag "$err"
layout
{
	printf '{"schemaVersion":2,"manifests":['
	head -c 4000000 /dev/zero | tr '\0' ' '
	printf ']}'
} >"$tmp/index"
blob "$tmp/index"
awk -v one="$(descriptor "$type_index")" 'BEGIN {
	printf "{\"schemaVersion\":2,\"manifests\":[%s", one
	for (i = 1; i < 200; i++) printf ",%s", one
	printf "]}" }' >"$layout/index.json"
small list "$layout"
like 'list: an index of 4 MB that is named 200 times' "$status $err" \
	'^1 .*its indexes have more than 67108864 bytes'
layout
manifests=
awk 'BEGIN {
	for (i = 0; i < 15; i++) path = path sprintf("%0255d/", 0)
	for (i = 0; i < 18000; i++) print "5|" path "|gnu" }' | layer names.tar
image a "$tmp/names.tar"
rm "$tmp/names.tar"
small unpack --no-sync "$layout" "$tmp/place/names"
like 'a directory with a long name that is made without end' "$status $err" \
	'^1 .*the names of its directories have more than 67108864 bytes'
layout
mkdir "$tmp/long"
(
	cd "$tmp/long" || exit
	name=$(printf '%0250d' 0)
	i=0
	while [ $i -lt 17 ]; do
		i=$((i + 1))
		mkdir "$name" && cd -P "$name" || exit
	done
)
small pack -o "$tmp/long.tar" "$tmp/long"
like 'pack: a path that is too long for an image' "$status $err" \
	'^1 .*its path has more than 4095 bytes'
nok 'pack: nothing is left of it' test -e "$tmp/long.tar"
# rm of busybox puts the path together.
name=$(printf '%0250d' 0)
mv "$tmp/long/$name/$name/$name/$name/$name/$name/$name/$name" "$tmp/half"
rm -rf "$tmp/long" "$tmp/half"

# ---- indexes in each other -----------------------------------------------------------------------

manifests=
image a "$tmp/empty.tar"
printf '{"schemaVersion":2,"manifests":[%s,%s]}' "$manifest" "$manifest" >"$tmp/index"
for depth in 1 2 3 4 5 6 7 8 9; do
	blob "$tmp/index"
	_d=$(descriptor $type_index)
	printf '{"schemaVersion":2,"manifests":[%s,%s,%s,%s,%s,%s,%s,%s,%s]}' "$_d" "$_d" "$_d" \
		"$_d" "$_d" "$_d" "$_d" "$_d" "$_d" >"$tmp/index"
done
manifests=
add_manifest "$_d"
unpack_refused 'indexes in indexes' 'indexes are nested more than 8 deep'
oci_image list "$layout"
like 'list of indexes in indexes fails' "$err" 'more than (8 deep|10000 images)'
# An index cannot contain its own sum, so one that names itself has a wrong sum.
printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s","digest":"sha256:%064d","size":1000}]}' \
	$type_index 7 >"$tmp/index"
blob "$tmp/index"
cp "$tmp/index" "$layout/blobs/sha256/$(printf %064d 7)"
manifests=
add_manifest "$(descriptor $type_index)"
unpack_refused 'an index that names itself' 'instead of 1000'

# ---- wrong sums ----------------------------------------------------------------------------------

layer a.tar <<END
0|good|data=good
END
layer b.tar <<END
0|good|data=evil
END
spoil() { cp "$1" "$layout/blobs/sha256/$(sum "$2")"; }
layout
image a "$tmp/a.tar"
spoil "$tmp/b.tar" "$tmp/a.tar"
unpack_refused 'a layer with another sum' 'its bytes have another sum'
layout
image a "$tmp/a.tar"
sed 's/linux/xinul/' "$tmp/image-config" >"$tmp/other"
spoil "$tmp/other" "$tmp/image-config"
unpack_refused 'a config with another sum' 'its bytes have another sum'
layout
image a "$tmp/a.tar"
sed 's/schema/Schema/' "$tmp/image-manifest" >"$tmp/other"
spoil "$tmp/other" "$tmp/image-manifest"
unpack_refused 'a manifest with another sum' 'its bytes have another sum'
layout
diff_id=sha256:$(printf %064d 1) image a "$tmp/a.tar"
unpack_refused 'a layer that is not what the config says' 'its uncompressed data has the sum'
for digest in sha256:../../../../decoy/file "sha256:$(printf %063d 1)" sha512:1 md5:1 ''; do
	layout
	add_manifest "{\"mediaType\":\"$type_manifest\",\"digest\":\"$digest\",\"size\":7}"
	unpack_refused "the digest \"$digest\"" 'is not a digest of SHA-256'
done
layout
image a "$tmp/a.tar"
add_manifest "{\"mediaType\":\"application/vnd.unknown\",\"digest\":\"$digest\",\"size\":1}"
rm "$layout/blobs/sha256/$(sum "$tmp/a.tar")"
source=$layout:a unpack_refused 'a layer that is missing' 'has no blob'
mkfifo "$layout/blobs/sha256/$(sum "$tmp/a.tar")"
source=$layout:a unpack_refused 'a layer that is a fifo' 'is not a file'

# ---- files that are not archives -----------------------------------------------------------------

broken() { # DESC PATTERN: of $tmp/a.tar
	layout
	image a "${3:-$tmp/a.tar}"
	unpack_refused "$1" "$2"
}
layer a.tar <<END
0|good|data=1
0|x|data=1|sum=1
END
broken 'a header with a wrong checksum' 'checksum'
layer a.tar <<END
0|x|size=9999999
END
broken 'a file that is shorter than it says' 'ends in the middle'
layer a.tar <<END
0|x|x:size=99999999999999999999999
END
broken 'a size of more than 64 bits' 'a number of an extended header'
layer a.tar <<END
0|x|x:uid=4294967295
END
broken 'an owner that means none' 'an owner is not a number'
layer a.tar <<END
x|PaxHeaders|data=999 path=x
END
broken 'an extended header that is longer than itself' 'an extended header'
layer a.tar <<END
x|PaxHeaders|size=900000000
END
broken 'an extended header of 900 MB' 'an extended header is too large'
layer a.tar <<END
0|x|x:GNU.sparse.map=0,512,0,512|x:GNU.sparse.size=1024|zeros=1024
END
broken 'parts of a sparse file that overlap' 'parts overlap'
layer a.tar <<END
0|x|x:GNU.sparse.map=0,1,1000,1|x:GNU.sparse.size=500|zeros=2
END
broken 'parts of a sparse file after its end' 'are not its data'
layer a.tar <<END
V|label
END
broken 'an entry of an unknown kind' 'type "V" is not known'
layer a.tar <<END
0|$(printf '\033[2J')/..|data=x
END
broken 'a name that a terminal acts on' '^[^[:cntrl:]]*\?\[2J'
layer a.tar <<END
0|x|zeros=100000
END
gzip -c "$tmp/a.tar" | head -c 60 >"$tmp/short.tar.gz"
cp "$tmp/a.tar" "$tmp/plain"
layout
blob "$tmp/short.tar.gz"
printf 'raw' >/dev/null
cut_image() { # DESC FILE PATTERN
	layout
	gzip() { cat "$tmp/a.tar"; }
	image a "$2"
	unset -f gzip
	unpack_refused "$1" "$3"
}
cut_image 'a compressed layer that is cut off' "$tmp/short.tar.gz" 'ends in the middle'
{
	gzip -c "$tmp/a.tar" | head -c 100
	printf xxxxxxxxxxxxxxxxxxxxxxxx
	gzip -c "$tmp/a.tar" | tail -c +125
} >"$tmp/bad.tar.gz"
cut_image 'a compressed layer that is damaged' "$tmp/bad.tar.gz" \
	'damaged|another sum|sum sha256|ends in'
{ gzip -c "$tmp/a.tar"; echo more than a header has; } >"$tmp/more.tar.gz"
cut_image 'a compressed layer with something after its end' "$tmp/more.tar.gz" \
	'the gzip data is followed by other data'
layout
echo '{"manifests":[' >"$layout/index.json"
unpack_refused 'an index that is not JSON' 'index.json:2:1:'
layout
image a "$tmp/a.tar"
echo '{"imageLayoutVersion":"2.0.0"}' >"$layout/oci-layout"
unpack_refused 'a layout of another version' 'a layout of another version'
mkdir "$tmp/nothing"
source=$tmp/nothing unpack_refused 'a directory that is not a layout' \
	'neither an OCI layout nor an archive'
echo no >"$tmp/text"
source=$tmp/text unpack_refused 'a file that is not an archive' 'is not a tar archive'
(cd "$tmp" && ln -sf loop2 loop1 && ln -sf loop1 loop2 && tar -cf loop.tar loop1 loop2 &&
	ln -sf loop2 index.json && ln -sf index.json loop2 && tar -cf loop.tar index.json loop2)
source=$tmp/loop.tar unpack_refused 'an archive whose index is a link to itself' \
	'is a link to itself'

# ---- killed --------------------------------------------------------------------------------------

layout
image many "$tmp/many.tar"
default_signals
for sig in KILL TERM HUP; do
	for whom in first worker; do
		mkdir -p "$tmp/place"
		# shellcheck disable=SC2086 # words
		(exec ${default:-env} OCI_TEST_MARK="$mark" \
			"$OCI_IMAGE" unpack --no-sync "$layout" \
			"$tmp/place/killed") >/dev/null 2>&1 &
		pid=$!
		wait_for at_work
		victim=$pid
		# The one that unpacks is started last.
		[ $whom = first ] || victim=$(awk '{ print $NF }' "/proc/$pid/task/$pid/children" \
			2>/dev/null)
		[ -n "$victim" ] && kill -$sig "$victim"
		wait $pid 2>/dev/null
		ok "$sig to the $whom process leaves nothing" wait_for nothing_beside
		nok "$sig to the $whom process leaves no bundle" test -e "$tmp/place/killed"
		rm -rf "$tmp/place/killed"
	done
done
at_work_or_ended() {
	set -- "$tmp"/place/.*.unpack/rootfs
	[ -d "$1/d" ] || [ -d "$1/moved" ] || ! kill -0 "$pid"
}
for round in 1 2 3; do
	rm -f "$tmp/stop"
	background exchange
	mkdir -p "$tmp/place"
	"$OCI_IMAGE" unpack --no-sync "$layout" "$tmp/place/killed" >/dev/null 2>&1 &
	pid=$!
	wait_for at_work_or_ended
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	ok "killed while its directories are moved: nothing is left ($round)" \
		wait_for nothing_beside
	: >"$tmp/stop"
	wait "$bg"
	rm -rf "$tmp/place"
done
mkdir -p "$tmp/place/full/x"
oci_image unpack --no-sync "$layout" "$tmp/place/full"
like 'a bundle that is there already stays' "$err" 'already exists'
ok 'with what it has' test -d "$tmp/place/full/x"
mkdir "$tmp/place/empty"
oci_image unpack --no-sync "$layout" "$tmp/place/empty"
is 'an empty directory may be there' "$status" 0

untouched 'nothing outside was touched'
nothing_left
done_testing
