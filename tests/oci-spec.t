#!/bin/sh
# oci-spec.t - `runc spec` and `oci-spec`: the document, check, get, set, del.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
[ -x "$OCI_SPEC" ] || skip_all "no oci-spec at $OCI_SPEC"

work=$tmp/work
mkdir "$work"
cd "$work" || bail "no folder to work in"
umask 022

# spec ARG...: oci-spec here; sets $status, $out, $err.
spec() {
	status=0
	"$OCI_SPEC" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
	return 0
}

# has DESC POINTER VALUE: what `get` prints of config.json here.
has() {
	spec get "$2"
	is "$1" "$status:$out" "0:$3"
}

fresh() { rm -f config.json && "$OCI_SPEC"; }

# ---- the document --------------------------------------------------------------------------------

spec
is 'oci-spec: exit 0, silent' "$status:$out$err" 0:
is 'the mode follows the umask' "$(stat -c %a config.json)" 644
ok 'indented with tabs' grep -q '^	"process": {$' config.json
has 'ociVersion' /ociVersion 1.3.0
while read -r pointer value; do
	has "document: $pointer" "$pointer" "$value"
done <<'END'
/process/terminal true
/process/user {"uid":0,"gid":0}
/process/args ["sh"]
/process/env ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","TERM=xterm"]
/process/cwd /
/process/capabilities/bounding ["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]
/process/capabilities/effective ["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]
/process/capabilities/permitted ["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]
/process/rlimits [{"type":"RLIMIT_NOFILE","hard":1024,"soft":1024}]
/process/noNewPrivileges true
/root {"path":"rootfs","readonly":true}
/hostname runc
/mounts/0 {"destination":"/proc","type":"proc","source":"proc"}
/mounts/1 {"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","strictatime","mode=755","size=65536k"]}
/mounts/2/options ["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620","gid=5"]
/mounts/3/source shm
/mounts/4/destination /dev/mqueue
/mounts/5/options ["nosuid","noexec","nodev","ro"]
/mounts/6/options ["nosuid","noexec","nodev","relatime","ro"]
/linux/resources {"devices":[{"allow":false,"access":"rwm"}]}
/linux/maskedPaths/9 /proc/scsi
/linux/readonlyPaths/4 /proc/sysrq-trigger
END
spec get /process/capabilities/ambient
is 'no ambient capabilities' "$status:$out" 1:
spec get /mounts/7
is 'seven mounts' "$status:$out" 1:
spec check
is 'the document passes the check' "$status:$out$err" 0:

spec
like 'an existing file: refused' "$status $err" '^1 .*File config.json exists. Remove it first$'
is 'an existing file: one line of error' "$(grep -c '' "$tmp/err")" 1
echo precious >config.json
spec
is 'an existing config.json is left as it is' "$status:$(cat config.json)" 1:precious
rm config.json
ln -s /nonexistent/file config.json
spec
is 'a dangling link as config.json is refused' "$status:$(readlink config.json)" 1:/nonexistent/file
rm config.json

mkdir other
spec --bundle other
ok '--bundle DIR' test -s other/config.json
rm other/config.json
spec -b other --rootless
ok '-b DIR' test -s other/config.json
nok '-b DIR: nothing is written to the working directory' test -e config.json
spec --bundle no/such
like '--bundle of nothing' "$status $err" '^1 .*no/such: no such file'
(umask 077 && "$OCI_SPEC" -b other/../.)
is 'umask 077' "$(stat -c %a config.json)" 600

do_runc spec --bundle "$work"
like 'runc spec: an existing file' "$status $err" '^1 .*File config.json exists. Remove it first'
rm config.json
do_runc spec --bundle "$work"
is 'runc spec: exit 0' "$status:$out$err" 0:
has 'runc spec: the same document' /process/rlimits/0/hard 1024
is 'runc spec: the masks of runc and no more' \
	"$(json_get config.json /linux/maskedPaths | grep -c interrupts)" 0
rm config.json
"$OCI_SPEC"
like 'oci-spec: those that engines add as well' "$(json_get config.json /linux/maskedPaths)" \
	'/proc/scsi","/proc/interrupts","/sys/devices/virtual/powercap"'
do_runc spec
rm -f config.json

# ---- rootless ------------------------------------------------------------------------------------

"$OCI_SPEC" --rootless
while read -r pointer value; do
	has "rootless: $pointer" "$pointer" "$value"
done <<END
/linux/uidMappings [{"containerID":0,"hostID":$uid,"size":1}]
/linux/gidMappings [{"containerID":0,"hostID":$(id -g),"size":1}]
/mounts/2/options ["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620"]
/mounts/5 {"destination":"/sys","type":"none","source":"/sys","options":["rbind","nosuid","noexec","nodev","ro"]}
END
spec get /linux/resources
is 'rootless: no resources' "$status:$out" 1:
spec get /linux/namespaces
like 'rootless: a user namespace' "$out" '"user"'
unlike 'rootless: no network namespace' "$out" network
spec check
is 'rootless: passes the check' "$status:$out$err" 0:

rm config.json
spec --stdout
like '--stdout prints it' "$out" '"ociVersion"'
spec --rootless -
like '- prints it' "$out" 'uidMappings'
nok '- writes no file' test -e config.json
if [ -c /dev/full ]; then
	spec_full() { "$OCI_SPEC" "$@" >/dev/full 2>/dev/null; }
	nok 'a full disk is a failure: --stdout' spec_full --stdout
	fresh
	nok 'a full disk is a failure: get' spec_full get /process/cwd
	"$OCI_SPEC" set /process/cwd x
	nok 'a full disk is a failure: check' spec_full check
else
	skip 'a full disk is a failure' 'no /dev/full'
fi
for words in nonsense '- x' 'check a b' get del '--rootless check' '--stdout -b other' \
	'get /a b --file c'; do
	# shellcheck disable=SC2086
	spec $words
	isnt "oci-spec $words: refused" "$status" 0
	isnt "oci-spec $words: with a reason" "$err" ''
done

# ---- check: one fault each -----------------------------------------------------------------------

# fault DESC LINE: check of config.json prints exactly that line, which may be a pattern.
fault() {
	spec check
	like "check: $1" "$status $out" "^1 config\.json:$2\$"
	is "check: $1: one line" "$(grep -c '' "$tmp/out")" 1
}

# text FORMAT: the whole file.
# shellcheck disable=SC2059
text() { printf "$1" >config.json; }

text \
	'{"ociVersion":"1.0.2","linux":{"namespaces":[{"type":"n\302\2332J\\u001b[2J"}]},"k\302\2332J":1}'
spec check
is 'check: what it shows acts on no terminal' \
	"$status $(LC_ALL=C tr -d '\n -~' <"$tmp/out" | wc -c | tr -d ' ')" '1 0'

rm -f config.json
spec check
like 'check: no file' "$status $err" '^1 .*config.json'
text ''
fault 'an empty file' '1:1: .*'
text '{\n\t"ociVersion": "1.3.0",\n\t"process": {\n'
fault 'a cut file' '4:1: process: .*the text ends here'
text '{"ociVersion":"1.0.2"} {}'
fault 'bytes after the end' '1:24: .*'
text '{"root":{"path":"a",\n "path":"b"}}'
fault 'a key twice' '2:2: root\.path: duplicate key'
text '{"hostname":"a\\u0000b"}'
fault 'an escaped NUL' '1:15: hostname: .*'
text '{"hostname":"a\\ud800"}'
fault 'a lone surrogate' '1:15: hostname: .*'
text '{"hostname":"\377"}'
fault 'no UTF-8' '1:14: hostname: .*'
text '{"process":{"user":{"uid":007}}}'
fault 'a leading zero' '1:27: process\.user\.uid: .*'
awk 'BEGIN { for (i = 0; i < 200000; i++) printf "[" }' >config.json
fault '200000 brackets' '1:65: .*nested too deeply'

# edit DESC POINTER VALUE PATTERN: a fresh document, one change, one fault.
edit() {
	fresh
	"$OCI_SPEC" set --no-check "$2" "$3"
	fault "$1" "$4"
}
fresh
"$OCI_SPEC" set --no-check /process/args sh
spec check
like 'check: args a string' "$status $out" \
	'^1 config\.json:[0-9]+:11: process\.args: must be an array, not the string "sh"$'
edit 'uid a string' /process/user/uid '"0"' '6:11: process\.user\.uid: .* not the string "0"'
edit 'uid 1.5' /process/user/uid 1.5 '6:11: process\.user\.uid: .* not 1\.5'
edit 'uid -1' /process/user/uid -1 '6:11: process\.user\.uid: .* not -1'
edit 'uid 2^32' /process/user/uid 4294967296 '6:11: process\.user\.uid: .* not 4294967296'
edit 'uid 2^32-1' /process/user/uid 4294967295 '6:11: process\.user\.uid: .*'
edit 'gid 2^32-1' /process/user/gid 4294967295 '7:11: process\.user\.gid: .*'
edit 'version banana' /ociVersion banana '2:16: ociVersion ".*": .*'
edit 'version 9.9.9' /ociVersion 9.9.9 '2:16: ociVersion ".*": .*'
edit 'an unknown namespace' /linux/namespaces/1/type netwerk \
	'[0-9]+:[0-9]+: linux\.namespaces\[1\]\.type: "netwerk" is not known: did you mean "network"\?'
edit 'an unknown rlimit' /process/rlimits/0/type RLIMIT_X \
	'[0-9]+:[0-9]+: process\.rlimits\[0\]\.type: .*'
fresh
"$OCI_SPEC" set --no-check /ociVersion 1.99.0 /x-vendor '{"any":"thing"}'
spec check
is 'check: of a newer 1.x only the unknown member is shown' "$status:$out$err" \
	"1:$(grep -n x-vendor config.json | cut -d: -f1 |
	sed 's/.*/config.json:&:14: x-vendor: is not known/')"
"$OCI_SPEC" del /x-vendor
while read -r pointer value line; do
	fresh
	"$OCI_SPEC" set --no-check "$pointer" "$value"
	spec check
	like "check: $pointer $value" "$status $out" "^1 config\.json:[0-9]+:[0-9]+: $line\$"
done <<'END'
/linux/resources/memory/Limit 1048576 linux\.resources\.memory\.Limit: must be written "limit"
/linux/resources/memory/limt 1048576 linux\.resources\.memory\.limt: is not known: did you mean "limit"\?
/process/noNewPriviliges true process\.noNewPriviliges: is not known: did you mean "noNewPrivileges"\?
/process/capabilites {} process\.capabilites: is not known: did you mean "capabilities"\?
/proces/cwd / proces: is not known: did you mean "process"\?
/mounts/0/Type proc mounts\[0\]\.Type: duplicate key: also written "type"
/linux/seccomp {} linux\.seccomp: has neither defaultAction nor syscalls: nothing is filtered
END
fresh
"$OCI_SPEC" set --no-check /windows/any 1 /vm/x 1 /process/commandLine x /linux/intelRdt/enableCMT true
spec check
is 'check: members of other platforms pass' "$status:$out$err" 0:
fresh
"$OCI_SPEC" set /ociVersion 1.99.0
"$OCI_SPEC" set --no-check /process/user/uid -1 /process/terminal 1 /mounts/0/destination 7
spec check other/../config.json
is 'check FILE: every fault has its line' \
	"$status:$(grep -c '^other/../config.json:[0-9]*:[0-9]*: ' "$tmp/out")" 1:3

# ---- get -----------------------------------------------------------------------------------------

printf '%s\n' \
	'{"s":"two\nlines","t":"q\"","n":1.50,"z":null,"o":{"a":[1,{}]},"a/b":{"m~n":"x"},"":"none"}' >t.json
while read -r pointer value; do
	spec get "$pointer" t.json
	is "get $pointer" "$status:$out" "0:$value"
done <<'END'
/t q"
/n 1.50
/z null
/o {"a":[1,{}]}
/o/a/1 {}
/a~1b/m~0n x
/ none
END
spec get --file t.json /s
is 'get: a string as it is' "$status:$out" '0:two
lines'
spec get -j /s -f t.json
is 'get --json: in quotes' "$status:$out" '0:"two\nlines"'
spec get --indent /o t.json
is 'get --indent' "$out" '{
	"a": [
		1,
		{}
	]
}'
for pointer in /no /o/a/2 /o/a/- /s/x s /o/; do
	spec get "$pointer" t.json
	like "get $pointer: nothing there" "$status:$out:$err" \
		"^1::.*there is nothing at \"$pointer\""
done
is 'get from standard input' "$(printf '{"pid":7}' | "$OCI_SPEC" get /pid -)" 7
printf '{"a":1,\n"b":}' >bad.json
spec get /a bad.json
like 'get of a bad file' "$status $err" '^1 .*bad\.json:2:5: b: expected a value'

# ---- set -----------------------------------------------------------------------------------------

fresh
cp config.json before.json
spec set /process/cwd /tmp
is 'set: exit 0, silent' "$status:$out$err" 0:
is 'set: one line of the file changes' "$(diff before.json config.json | grep -c '^[+>][^+]')" 1
printf '{"b":1,\n "a":{"z":1.50,"y":18446744073709551616},"c":[]}' >t.json
"$OCI_SPEC" set --file t.json /a/x true /c/- '{"k":null}' /c/- -3 /new/deep/- text /b '"7"'
is 'set: order and numbers stay, what is missing is made' "$(cat t.json)" '{
	"b": "7",
	"a": {
		"z": 1.50,
		"y": 18446744073709551616,
		"x": true
	},
	"c": [
		{
			"k": null
		},
		-3
	],
	"new": {
		"deep": [
			"text"
		]
	}
}'
# value DESC VALUE WANT [OPTION...]: the value as JSON when it was set.
value() {
	_name=$1 _value=$2 _want=$3
	shift 3
	spec set "$@" --file t.json /v "$_value"
	spec get --json --file t.json /v
	is "value: $_name" "$status:$out" "0:$_want"
}
value 'a number' 007e '"007e"'
value 'a leading zero is not a number' 01 '"01"'
value 'a word' hello '"hello"'
value 'an empty string' '' '""'
value 'a word of JSON' false false
value 'a minus' -7 -7
value 'an option-like word' --file '"--file"'
value 'with spaces' ' [1, 2] ' '[1,2]'
value 'quotes inside' 'say "x"' '"say \"x\""'
value 'a tab' 'a	b' '"a\tb"'
value 'UTF-8' 'é' '"é"'
value '--string of a number' 7 '"7"' --string
value '-s of a bracket' '[' '"["' -s
spec set /v 1 -f t.json /w 2
is 'set: options between pairs' "$("$OCI_SPEC" get /v t.json)$("$OCI_SPEC" get /w t.json)" 12
spec set --file t.json /v '[1, 2' --delete /w
like 'set: broken JSON is not a string' "$status $err" '^1 .*/v: character 6: '
spec set --file t.json /v "$(printf 'a\377')"
like 'set: no UTF-8' "$status $err" '^1 .*UTF-8'
spec set --file t.json --delete /w /v 3 --delete /new
is 'set --delete' "$status:$("$OCI_SPEC" get '' t.json | sed 's/.*"c"/"c"/')" \
	'0:"c":[{"k":null},-3],"v":3}'
is 'set as a filter' "$(echo '{"a":1}' | "$OCI_SPEC" set -f - /a 2 | tr -d '\n\t ')" '{"a":2}'

cp t.json before.json
for words in '/v' 'v 1' '/c/7 1' '/c/x 1' '/v/x 1' '/v 1 /c/9 1' '/a~2 1' '/v 1 --delete /no' '' \
	"/v 1 /w"; do
	# shellcheck disable=SC2086
	spec set -f t.json $words
	isnt "set $words: refused" "$status" 0
	ok "set $words: and nothing changed" cmp -s t.json before.json
done
deep=$(awk 'BEGIN { for (i = 0; i < 40; i++) printf "/a" }')
spec set -f t.json "/deep$deep" 1
is 'set: 41 levels at once' "$status" 0
cp t.json before.json
spec set -f t.json "/deep$deep" "$("$OCI_SPEC" get /deep t.json)"
like 'set: deeper than anybody can read' "$status $err" '^1 .*nested too deeply'
ok 'set: a value that is too deep changes nothing' cmp -s t.json before.json
spec set -f no/such.json /a 1
like 'set: no file' "$status $err" '^1 .*no/such.json'

# A file is changed in place: its mode stays, a link stays a link, a hard link keeps the old text,
# and no temporary file is left.
chmod 640 t.json
ln -s t.json link.json
ln t.json hard.json
(umask 077 && "$OCI_SPEC" set -f link.json /v 9)
is 'set through a link: the mode stays' "$(stat -c %a t.json)" 640
is 'set through a link: the link stays' "$(readlink link.json)" t.json
is 'set through a link: a hard link keeps the old text' \
	"$("$OCI_SPEC" get /v t.json)$("$OCI_SPEC" get /v hard.json)" 93
is 'set: no temporary file is left' "$(find . -name '.?*')" ''

# Several editors at once: each change is there in the end, and a reader finds a complete document
# at any time.
echo '{"list":[]}' >many.json
: >torn
cat >editor <<'END'
i=0
while [ $i -lt 5 ]; do
	"$OCI_SPEC" set -f many.json /list/- "e$1.$i" || echo "editor $1" >>torn
	i=$((i + 1))
done
END
cat >reader <<'END'
until [ -e enough ]; do
	"$OCI_SPEC" get '' many.json >/dev/null 2>>torn
done
END
export OCI_SPEC
background sh ./reader
reader=$bg
editors=
for i in 1 2 3 4 5; do
	background sh ./editor $i
	editors="$editors $bg"
done
for i in $editors; do
	wait "$i"
done
: >enough
wait "$reader"
is '25 changes by five editors: all are there' \
	"$("$OCI_SPEC" get -i /list many.json | grep -c '"e[1-5]\.[0-4]"')" 25
is '25 changes by five editors: the file was whole at any time' "$(cat torn)" ''
is '25 changes by five editors: no temporary file is left' "$(find . -name '.?*')" ''

if [ "$uid" = 0 ]; then
	chown 1000:1001 t.json
	"$OCI_SPEC" set -f t.json /v 10
	is 'set by root: owner and mode stay' "$(stat -c '%u:%g %a' t.json)" '1000:1001 640'
	echo '{"a":1,"b":"a long text, so that the old file is the longer one"}' >source.json
	: >bound.json
	mount --bind source.json bound.json
	spec set -f bound.json /b 2
	like 'a file that is a mount of its own: written in place, with a warning' "$status $err" \
		'^0 oci-spec: warning: .*/bound.json cannot be replaced .device or resource busy.: it is written in place$'
	is 'a file that is a mount of its own has the new text and nothing else' \
		"$(tr -d '\n\t ' <source.json)" '{"a":1,"b":2}'
	is 'a file that is a mount of its own is still a mount' \
		"$(stat -c %i source.json)" "$(stat -c %i bound.json)"
	umount bound.json
	is 'a file that is a mount of its own: no temporary file is left there' \
		"$(find . -name '.?*')" ''
else
	skip 'set by root: owner and mode stay' 'needs root'
	skip 'a file that is a mount of its own: written in place, with a warning' 'needs root'
fi

# The old file stays until the new one is on the disk (fsync is call 74 on x86_64).
if [ "$(uname -m)" = x86_64 ] && helper step; then
	echo '{"a":"old"}' >power.json
	"$HELPERS/step" before 74 'cp power.json old; cat .power.json.* >new' -- "$OCI_SPEC" set \
		-f power.json /a new
	is 'fsync comes before rename' "$(cat old)$(tr -d '\n\t ' <new)" '{"a":"old"}{"a":"new"}'
else
	skip 'fsync comes before rename' 'no tracer'
fi

# ---- set: lists of words, types, the file --------------------------------------------------------

fresh
spec set /process/args sh -c 'echo hi'
has 'set of a list: what follows are its words, options too' /process/args '["sh","-c","echo hi"]'
spec set /hostname box /process/args sleep 10
has 'set of a list: a number among strings is text' /process/args '["sleep","10"]'
has 'set of a list: pairs may stand before it' /hostname box
spec set /process/user/additionalGids 5 6
has 'set of a list of numbers' /process/user/additionalGids '[5,6]'
spec set /process/args '["true"]' /hostname 7
has 'set of a list as JSON: pairs may follow' /process/args '["true"]'
is 'set of a number where a string belongs: text' "$status $("$OCI_SPEC" get -j /hostname)" '0 "7"'
cp config.json before.json
while IFS='|' read -r pointer value why; do
	spec set "$pointer" "$value"
	like "set $pointer $value: refused, with what is expected" "$status $err" \
		"^1 oci-spec: $why\$"
	ok "set $pointer $value: and nothing changed" cmp -s config.json before.json
done <<'END'
/process/terminal|maybe|process\.terminal: must be true or false, not the string "maybe"
/process/user/uid|-1|process\.user\.uid: must be an integer from 0 to 4294967295, not -1
/linux/resources/memory/limit|64M|linux\.resources\.memory\.limit: must be a number: for 64M write 67108864
/linux/resources/memory|64M|linux\.resources\.memory: must be an object, not the string "64M"
/linux/namespaces/0/type|netwerk|linux\.namespaces\[0\]\.type: "netwerk" is not known: did you mean "network"\?
/process/rlimits/-|{"type":"RLIMIT_CPU","soft":1}|process\.rlimits\[1\]\.hard: is missing
/process/env/-|[1]|process\.env\[2\]: must be a string, not an array
/root/Readonly|false|root\.Readonly: duplicate key: also written "readonly"
process/cwd|/|config\.json: process/cwd: a pointer begins with '/', such as /process/args
/process/args/9|x|config\.json: /process/args/9: "9" must be a number up to 1, or - to append
END
spec set /linux/resources/memory/limt 64
like 'set of a name that is not in the specification: a warning' "$status $err" \
	'^0 oci-spec: warning: linux\.resources\.memory\.limt is not in the specification: did you mean "limit"\?$'
spec set --no-check /process/terminal maybe
has 'set --no-check' /process/terminal maybe
spec set /hostname ok
is 'what was wrong before is left to check' "$status$err" 0
echo '{"process":{"terminal":1}}' >other.json
spec set -f other.json /process/terminal maybe
is 'a file that is not a config.json may hold anything' "$status$err" 0

mkdir -p inside
fresh
mv config.json inside/config.json
for how in '-b inside' '--bundle inside' '-f inside' '-f inside/config.json' inside \
	inside/config.json; do
	# shellcheck disable=SC2086
	{
		spec set $how /hostname "x$how"
		set -- "$status"
		spec get $how /hostname
		set -- "$1$status:$out"
		spec del $how /hostname
		set -- "$1:$status"
		spec check $how
	}
	is "get, set, del and check with $how" "$1:$status$err" "00:x$how:0:0"
done
echo '{"a":{"b":1,"c":2},"d":3}' >file.json
spec set file.json -d /d
is 'set FILE --delete' "$status:$(tr -d '\t\n ' <file.json)" '0:{"a":{"b":1,"c":2}}'
spec del file.json /a/b /a/c
is 'del FILE' "$status:$(tr -d '\t\n ' <file.json)" '0:{"a":{}}'
printf '{"x":1}' >in.json
is 'set - from standard input' "$("$OCI_SPEC" set - /x 2 <in.json | tr -d '\t\n ')" '{"x":2}'
spec set process/cwd /tmp
like 'set of what is neither a file nor a pointer' "$status $err" \
	'^1 .*open config.json: no such file'
for words in 'get inside -f inside /hostname' 'set -b inside inside /hostname x' \
	'del inside /hostname -b inside'; do
	# shellcheck disable=SC2086
	spec $words
	like "oci-spec $words: one is too many" "$status $err" '^1 .*the file is given twice'
done
spec check inside
is 'check of a bundle' "$status$err$out" 0
spec get -f a -b b /x
like '--file and --bundle exclude each other' \
	"$status $err" '^1 .*--file and --bundle exclude each other'

# ---- documents for more --------------------------------------------------------------------------

rm -f config.json
spec --privileged --net host
is '--privileged --net host' "$status$err" 0
spec check
is '--privileged --net host: the document passes the check' "$status$out" 0
is '--privileged: every capability' \
	"$("$OCI_SPEC" get -i /process/capabilities/bounding | grep -c CAP_)" 41
while read -r pointer value; do
	has "--privileged: $pointer" "$pointer" "$value"
done <<'END'
/linux/resources/devices [{"allow":true,"type":"a","access":"rwm"}]
/mounts/5/options ["nosuid","noexec","nodev"]
END
for pointer in /linux/maskedPaths /linux/readonlyPaths /process/noNewPrivileges; do
	spec get "$pointer"
	unlike "--privileged: no $pointer" "$out" '[a-z]{5}/|true'
done
spec get /linux/namespaces
unlike '--net host: no network namespace' "$out" network
rm -f config.json
spec --cap NET_ADMIN --cap CAP_KILL
has '--cap: one more, none twice' /process/capabilities/effective \
	'["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE","CAP_NET_ADMIN"]'
spec --cap NOPE -
like '--cap: a word that is not a capability' "$status $err" \
	'^1 .*"NOPE" for flag -cap: must be a capability such as NET_ADMIN'
spec --net bridge -
like '--net: a word that is not a network' "$status $err" \
	'^1 .*"bridge" for flag -net: must be none or host'
mkdir -p board/rootfs
do_runc run --rootfs board/rootfs --print --relative -- true
printf '%s' "$out" >board/config.json
spec get -b board /root/path
is 'run --rootfs --print --relative: a root for a bundle that moves' "$status:$out" 0:rootfs
do_runc run --rootfs board/rootfs --print -- true
printf '%s' "$out" >board/config.json
spec get -b board /root/path
is 'run --rootfs --print: the root is where it is now' "$out" "$work/board/rootfs"

# ---- del -----------------------------------------------------------------------------------------

printf '{"a":1,"b":{"c":[1,2,3]},"d":4}' >t.json
spec del -f t.json /a /b/c/0 /b/c/0
is 'del' "$status:$out$err:$("$OCI_SPEC" get '' t.json)" '0::{"b":{"c":[3]},"d":4}'
cp t.json before.json
for pointer in /a /b/c/1 /b/c/- '' d; do
	spec del "$pointer" --file t.json
	isnt "del '$pointer': refused" "$status:$err" "0:"
	ok "del '$pointer': and nothing changed" cmp -s t.json before.json
done
spec del /d /no --file t.json
is 'del: all or nothing' "$status:$("$OCI_SPEC" get /d t.json)" 1:4

nothing_left
done_testing
