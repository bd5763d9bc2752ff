# json.sh - reading and writing JSON files by oci-spec, or by jq without it; sourced by lib.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154	# variables of lib.sh

# json_set FILE POINTER VALUE ...: RFC 6901 pointers ("/-" appends), JSON values.
json_set() {
	_file=$1
	shift
	if [ -x "$OCI_SPEC" ]; then
		"$OCI_SPEC" set --no-check --file "$_file" "$@" || bail "oci-spec cannot set $1"
		return
	fi
	# shellcheck disable=SC2016
	jq --tab '
		def at($d): reduce .[] as $t ([]; . as $cur | ($d | getpath($cur)) as $v | $cur + [
			if ($v | type) == "array" then
				if $t == "-" then ($v | length) else ($t | tonumber) end
			else $t end]);
		def put($p; $v): . as $d
			| ($p | split("/")[1:] | map(gsub("~1"; "/") | gsub("~0"; "~"))
				| at($d)) as $where
			| setpath($where; $v | fromjson);
		reduce range(0; $ARGS.positional | length; 2) as $i
			(.; put($ARGS.positional[$i]; $ARGS.positional[$i + 1]))
	' --args "$@" <"$_file" >"$_file.new" || bail "jq cannot set $1"
	mv "$_file.new" "$_file"
}

# json_raw FILE POINTER TEXT: puts text there that need not be JSON.
json_raw() {
	json_set "$1" "$2" '"@RAW@"'
	RAW=$3 awk '{
		i = index($0, "\"@RAW@\"")
		print i ? substr($0, 1, i - 1) ENVIRON["RAW"] substr($0, i + 7) : $0
	}' "$1" >"$1.new"
	mv "$1.new" "$1"
}

# json_del FILE POINTER
json_del() {
	# shellcheck disable=SC2016
	if [ -x "$OCI_SPEC" ]; then
		"$OCI_SPEC" set --file "$1" --delete "$2" || bail "oci-spec set --delete $2"
	else
		jq --tab 'delpaths([$p | split("/")[1:] | map(gsub("~1"; "/") | gsub("~0"; "~")
			| if test("^[0-9]+$") then tonumber else . end)])' --arg p "$2" \
			<"$1" >"$1.new" || bail "jq cannot delete $2"
		mv "$1.new" "$1"
	fi
}

# json_get FILE POINTER: a string without quotes, anything else as compact JSON; nothing when
# absent.
json_get() {
	# shellcheck disable=SC2016
	if [ -x "$OCI_SPEC" ]; then
		"$OCI_SPEC" get --file "$1" "$2" 2>/dev/null
	else
		jq -rc 'getpath($p | split("/")[1:] | map(gsub("~1"; "/") | gsub("~0"; "~")
			| if test("^[0-9]+$") then tonumber else . end)) | values' --arg p "$2" \
			<"$1" 2>/dev/null
	fi
}

# quote TEXT: prints it as a JSON string.
quote() {
	printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g; s/	/\\t/g')"
}

# words WORD...: prints them as a JSON array of strings.
words() {
	_sep=
	printf '['
	for _w; do
		printf '%s%s' "$_sep" "$(quote "$_w")"
		_sep=,
	done
	printf ']'
}
