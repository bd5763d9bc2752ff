# criu.sh - containers for checkpoints, and programs that answer as CRIU does; sourced after lib.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154	# variables of lib.sh and of the tests

# loop: the bundle counts in a file of a bind mount, which has another one on it. Its streams are
# null devices.
counting='i=0; while :; do i=$((i + 1)); echo $i >/data/new; mv /data/new /data/count; '
counting="${counting}sleep 0.1; done"
# a_bind DESTINATION SOURCE OPTIONS: one of the mounts
a_bind() {
	printf '{"destination":"%s","type":"bind","source":"%s","options":[%s]}\n' "$@"
}
loop() {
	bundle
	rm -rf "$tmp/data" "$tmp/inner"
	mkdir -p "$tmp/data/inner" "$tmp/inner"
	config_set /root/readonly false \
		/mounts/- "$(a_bind /data "$tmp/data" '"rbind"')" \
		/mounts/- "$(a_bind /data/inner "$tmp/inner" '"bind","ro"')"
	argv sh -c "$counting"
}
# quietly VERB ARG...: the processes that stay have no stream of the test. $path, if set, is the
# PATH. Sets $status and $err.
quietly() {
	status=0
	rm -f "$tmp/log"
	timeout -s KILL "${LIMIT:-60}" env PATH="${path:-$PATH}" OCI_TEST_MARK="$mark" \
		TMPDIR="$tmp/tmpdir" "$RUNC" --root "$root" --log "$tmp/log" "$@" </dev/null \
		>/dev/null 2>&1 || status=$?
	err=$(cat "$tmp/log" 2>/dev/null)
}
start() { quietly run -d --bundle "$bundle" "$id"; }
count() { cat "$tmp/data/count" 2>/dev/null || echo 0; }
beyond() { [ "$(count)" -gt "$1" ]; }
# counts_on FROM: the container counts beyond FROM, and goes on.
counts_on() { eventually beyond "$1" && eventually beyond "$(count)"; }

# fake NAME SCRIPT: makes a criu of version $major.$minor in a directory of its own. It serves one
# request as CRIU does, by messages of protobuf on descriptor 3. SCRIPT answers a dump or a restore,
# whose request is in the file "request" beside it. "hear FILE" reads the next message, and "say"
# sends one; said() below makes it.
major=3 minor=17
fake() {
	mkdir -p "$tmp/fake/$1"
	version="\\010\\012\\020\\001\\122$(counted "\\010$(varint $major)\\020$(varint $minor)")"
	cat >"$tmp/fake/$1/criu" <<END
#!/bin/sh
hear() { dd bs=65536 count=1 of="\$1" 2>/dev/null <&3; }
say() { printf "\$1" >&3; }
here=$tmp/fake/$1
it=\$here/request.\$\$
hear \$it
case \$(od -An -v -tu1 \$it | tr -s ' \n' '  ') in
' 8 10 '*) rm \$it; say '$version'; exit ;;
' 8 9 '*) mv \$it \$here/features; say '\\010\\011\\020\\001\\102\\004\\010\\001\\020\\001'; exit ;;
esac
mv \$it \$here/request
$2
END
	chmod 755 "$tmp/fake/$1/criu"
}
# said WORD [PID]: prints a message in the form of printf(1).
said() {
	case $1 in
	dumped) printf '%s' '\010\001\020\001' ;;
	restored)
		printf '%s' "\\010\\002\\020\\001\\042$(counted "\\010$(varint "$2")")"
		;;
	failed) printf '%s' '\010\001\020\000\070\005' ;;	# errno 5
	*)	# a notification
		_said="\\012$(counted "$1")"
		[ -z "${2:-}" ] || _said="$_said\\020$(varint "$2")"
		printf '%s' "\\010\\006\\020\\001\\052$(counted "$_said")"
		;;
	esac
}
varint() {
	_varint=$1
	while [ "$_varint" -gt 127 ]; do
		printf '\\%03o' $((_varint % 128 + 128))
		_varint=$((_varint / 128))
	done
	printf '\\%03o' "$_varint"
}
# counted TEXT: prints its length as one byte, and the text.
# shellcheck disable=SC2059 # a format
counted() { printf '%s' "$(varint "$(printf "$1" | wc -c)")$1"; }
# asked NAME [FILE]: prints the request that the fake got, a line for each field: the numbers that
# lead to it, and its value.
asked() {
	od -An -v -tu1 "$tmp/fake/$1/${2:-request}" | tr -s ' ' '\n' | awk '
	function varint(    v, m, x) {
		for (m = 1; ; m *= 128) {
			x = byte[at++]
			if (x < 128 || at > n)
				return v + x * m
			v += (x - 128) * m
		}
	}
	function message(prefix, end,    key, path, len, text) {
		while (at < end) {
			key = varint()
			path = prefix int(key / 8)
			if (key % 8 == 0) {
				print path "=" varint()
				continue
			}
			len = varint()
			if (path ~ /^(2|5|2[.](11|23|25|27|39))$/) {
				message(path ".", at + len)
				continue
			}
			for (text = ""; len-- > 0; )
				text = text sprintf("%c", byte[at++] + 0)
			print path "=" text
		}
	}
	NF { byte[n++] = $1 }
	END { message("", n) }'
}
