# images.sh - makes OCI layouts and archives of tar files, valid and broken ones; sourced after
# lib.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

: "${OCI_IMAGE:=$top/build/bin/oci-image}"
[ -x "$OCI_IMAGE" ] || skip_all 'this build has no oci-image'
helper mktar || skip_all 'the helper mktar is not built, and there is no compiler'
for _tool in sha256sum gzip tar; do
	command -v $_tool >/dev/null || skip_all "there is no $_tool"
done

sum() { sha256sum "$1" | cut -d ' ' -f 1; }
bytes() { wc -c <"$1" | tr -d ' '; }
tab=$(printf '\t')

# layer NAME <<END: a tar of these lines (helper mktar; blanks that divide are written as |). The
# file is $tmp/NAME.
layer() {
	tr '|' '\t' | "$HELPERS/mktar" >"$tmp/$1"
}

# layout [NAME]: an empty layout in $layout.
layout() {
	layout=$tmp/${1:-layout}
	rm -rf "$layout"
	mkdir -p "$layout/blobs/sha256"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
	manifests=
	settings='"Env":["A=b"],"Cmd":["sh"]'
}

# blob FILE: adds it to the layout; sets $digest and $size.
blob() {
	digest=sha256:$(sum "$1")
	size=$(bytes "$1")
	cp "$1" "$layout/blobs/sha256/${digest#sha256:}"
}

# descriptor TYPE: prints the descriptor of the blob that was added last.
descriptor() {
	printf '{"mediaType":"%s","digest":"%s","size":%s%s}' "$1" "$digest" "$size" \
		"${2:-}"
}

type_config=application/vnd.oci.image.config.v1+json
type_layer=application/vnd.oci.image.layer.v1.tar
type_manifest=application/vnd.oci.image.manifest.v1+json
type_index=application/vnd.oci.image.index.v1+json

# image TAG LAYER...: an image of these files; a layer is compressed where its name says so. Leaves
# what it made in $manifest, and adds it to index.json.
image() {
	_tag=$1
	shift
	_ids=""
	_layers=""
	for _l; do
		_type=$type_layer _plain=$_l
		case $_l in
		*.gz) _type=$_type+gzip _plain=$tmp/plain && gzip -dc "$_l" >"$_plain" ;;
		*.zst) _type=$_type+zstd _plain=$tmp/plain && zstd -qdc "$_l" >"$_plain" ;;
		esac
		blob "$_l"
		_layers=$_layers${_layers:+,}$(descriptor "$_type")
		_ids=$_ids${_ids:+,}\"${diff_id:-sha256:$(sum "$_plain")}\"
	done
	printf \
		'{"architecture":"%s","os":"linux","config":{%s},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
		"${arch-amd64}" "$settings" "$_ids" >"$tmp/image-config"
	blob "$tmp/image-config"
	printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}' "$type_manifest" \
		"$(descriptor $type_config)" "$_layers" >"$tmp/image-manifest"
	blob "$tmp/image-manifest"
	manifest=$(descriptor $type_manifest \
		",\"annotations\":{\"org.opencontainers.image.ref.name\":\"$_tag\"}${platform:-}")
	add_manifest "$manifest"
}

# add_manifest DESCRIPTOR: adds it to index.json.
add_manifest() {
	manifests=$manifests${manifests:+,}$1
	printf '{"schemaVersion":2,"manifests":[%s]}' "$manifests" >"$layout/index.json"
}

# oci_image ARG...: sets $status, $out, $err.
oci_image() {
	status=0
	timeout -s KILL 240 "$OCI_IMAGE" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
}

# unpack SOURCE [ARG...]: unpacks it into $bundle, a new directory; $rootfs is below it.
unpack_n=0
unpack() {
	unpack_n=$((unpack_n + 1))
	mkdir -p "$tmp/place"
	bundle=$tmp/place/u$unpack_n
	rootfs=$bundle/rootfs
	_source=$1
	shift
	oci_image unpack --no-sync "$_source" "$bundle" "$@"
}

# unpack_ok DESC SOURCE [ARG...]
unpack_ok() {
	_desc=$1
	shift
	unpack "$@"
	is "$_desc" "$status" 0 || diag "$err"
}

# unpack_refused DESC PATTERN [ARG...]: $layout is refused with one line that matches, and nothing
# is left beside the bundle's place.
unpack_refused() {
	_desc=$1 _pattern=$2
	shift 2
	unpack "${source:-$layout}" "$@"
	_why=
	[ "$status" = 1 ] || _why="status $status"
	printf '%s\n' "$err" | grep -Eq -e "$_pattern" ||
		_why="$_why; message does not match /$_pattern/"
	[ "$(grep -c '' "$tmp/err")" = 1 ] || _why="$_why; $(grep -c '' "$tmp/err") lines"
	[ ! -e "$bundle" ] || _why="$_why; the bundle is there"
	nothing_beside || _why="$_why; left: $(ls -A "$tmp/place")"
	if [ -z "$_why" ]; then
		pass "$_desc"
	else
		fail "$_desc"
		diag "${_why#; }"
		diag "$err"
	fi
}
nothing_beside() { [ -z "$(find "$tmp/place" -mindepth 1 -maxdepth 1 -name '.*')" ]; }
