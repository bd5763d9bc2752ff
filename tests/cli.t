#!/bin/sh
# cli.t - what a user types: names, options, help, errors, exit codes.
# SPDX-License-Identifier: MIT
# RUNC=/usr/sbin/runc is a control; claims that are ours alone are left out then.
. "$(dirname "$0")/lib.sh"

ours=
case $(readlink -f "$RUNC") in
*/ocibox*)
	ours=1
	ocibox=$(readlink -f "$RUNC")
	;;
esac
cd "$tmp" || exit 1
mkdir -m 700 "$root"

# cli ARG...: without --root. Sets $status, $out, $err.
cli() {
	status=0
	timeout -s KILL 60 "$RUNC" "$@" </dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
}

# ---- help and version ----------------------------------------------------------------------------

cli
is "no arguments: success" "$status" 0
for verb in create delete events exec features kill list pause ps resume run spec start state \
	update; do
	like "no arguments: help lists $verb" "$out" "^ +$verb "
done
for flag in --help -h help; do
	cli $flag
	is "$flag: success" "$status" 0
	like "$flag: on standard output" "$out" '^ +create '
done
for flag in --version -v; do
	cli $flag
	is "$flag: success" "$status" 0
	like "$flag: the first line is what docker looks for" "$(head -n 1 "$tmp/out")" \
		'^runc version [^ ]+$'
	like "$flag: a line with the version of the spec" "$out" '^spec: 1\.[0-9]+\.[0-9]+'
done
for flag in --help -h; do
	cli create $flag
	is "create $flag: success" "$status" 0
	like "create $flag: its options" "$out" '--console-socket'
done
cli help kill
is "help kill: success" "$status" 0
like "help kill: the signal is explained" "$out" 'SIGNAL|signal'

# ---- wrong usage ---------------------------------------------------------------------------------

cli nope
is "unknown command: exit 3" "$status" 3
like "unknown command: it is named" "$err" "No help topic for 'nope'"
cli --nope list
is "unknown global option: exit 1" "$status" 1
like "unknown global option: the message" "$err" 'flag provided but not defined: -nope'
like "unknown global option: usage on standard output" "$out" '[Uu]sage|USAGE'
do_runc list --nope
is "unknown option of a command: exit 1" "$status" 1
like "unknown option of a command: the message" "$err" 'flag provided but not defined: -nope'
like "unknown option of a command: usage on standard output" "$out" '[Uu]sage|USAGE'
do_runc list --root /tmp
like "a global option after the command is unknown" "$err" 'flag provided but not defined: -root'
do_runc create --bundle
like "an option without its value" "$err" 'flag needs an argument: -bundle'
do_runc create --preserve-fds x c
like "a word that is not a number" "$err" \
	'invalid value .?"x.?" for flag -preserve-fds: parse error'
do_runc list --quiet=maybe
like "a word that is not a boolean" "$err" \
	'invalid boolean value .?"maybe.?" for -?quiet: parse error'
do_runc create
is "too few arguments: exit 1" "$status" 1
like "too few arguments: the message" "$err" '"?create\\?" requires exactly 1 argument\(s\)'
like "too few arguments: usage on standard output" "$out" '[Uu]sage|USAGE'
do_runc create a b
like "too many arguments" "$err" 'requires exactly 1 argument\(s\)'
do_runc kill
like "at least one argument" "$err" 'requires a minimum of 1 argument\(s\)'
do_runc kill a b c
like "at most two arguments" "$err" 'requires a maximum of 2 argument\(s\)'
cli --root / list
is "--root /: refused" "$status" 1
like "--root /: the message" "$err" 'Option --root argument should not be set to /'
cli --log-format xml list
is "--log-format xml: refused" "$status" 1
like "--log-format xml: the message" "$err" 'invalid log-format'
cli --rootless perhaps list
is "--rootless perhaps: refused" "$status" 1

# ---- forms of options ----------------------------------------------------------------------------

for flags in '--format json' '--format=json' '-f json' '-f=json' '-format json' '-format=json'; do
	# shellcheck disable=SC2086
	do_runc list $flags
	is "list $flags" "$status $out" "0 null"
done
do_runc list --quiet=false
like "--quiet=false is no --quiet" "$out" '^ID '
do_runc list --quiet
is "--quiet of nothing is nothing" "$status $out" "0 "
do_runc delete --force nope
is "delete --force of an unknown container succeeds" "$status" 0
do_runc delete nope --force
is "options may stand after the container" "$status" 0

# ---- an unknown container ------------------------------------------------------------------------

for verb in state start kill delete ps pause resume update events; do
	do_runc $verb nope
	is "$verb of an unknown container: exit 1" "$status" 1
	like "$verb of an unknown container: the message" "$err" 'container does not exist'
	is "$verb of an unknown container: one line" "$(error_lines "$tmp/err")" 1
done
do_runc exec nope true
is "exec in an unknown container: exit 255" "$status" 255
like "exec in an unknown container: the message" "$err" 'exec failed: container does not exist'
do_runc exec nope sh -c 'exit 1' --detach --nope
is "exec: the command's options are its own" "$status" 255
do_runc state ''
is "an empty id: exit 1" "$status" 1
do_runc state ../x
is "an id with a slash: exit 1" "$status" 1
like "an id with a slash: the message" "$err" 'invalid container ID format|invalid id format'
do_runc run --bundle "$tmp" c1
is "run without a config.json: exit 1" "$status" 1
like "run without a config.json: the message" "$err" \
	'config.json not found|config.json: no such file'
is "run without a config.json: nothing is left" "$(states_left)" ''

# ---- log and messages ----------------------------------------------------------------------------

do_runc state nope
like "text log: keys and time" "$err" \
	'^time="[0-9-]+T[0-9:]+(Z|[+-][0-9:]+)" level=error msg="container does not exist(: nope)?"$'
do_runc --log "$tmp/log" --log-format json state nope
is "JSON log: exit 1" "$status" 1
like "JSON log: level, msg and time" "$(cat "$tmp/log")" \
	'^\{"level":"error","msg":"container does not exist(: nope)?","time":"[0-9-]+T[0-9:]+(Z|[+-][0-9:]+)"\}$'
like "with a log the plain message goes to standard error" "$err" \
	'^container does not exist(: nope)?$'
do_runc --log "$tmp/log" --log-format json state nope
is "the log is appended to" "$(wc -l <"$tmp/log" | tr -d ' ')" 2
is "the log's mode" "$(stat -c %a "$tmp/log")" 644
do_runc --log "$tmp/no/such/log" state nope
is "a log that cannot be written: exit 1" "$status" 1
do_runc create --bundle "$tmp" c1
like "create's errors say so" "$err" 'config.json'
if [ -n "$ours" ]; then
	like "create's errors begin with what engines know" "$err" 'msg="runc create failed: '
	do_runc run --bundle "$tmp" c1
	like "errors of run begin with what engines know" "$err" 'msg="runc run failed: '
fi
is "a missing root that was named is an error" \
	"$("$RUNC" --root "$tmp/missing" list >/dev/null 2>&1; echo $?)" 1

# ---- features ------------------------------------------------------------------------------------

cli features
is "features: success" "$status" 0
like "features: 4 spaces" "$out" '^    "ociVersionMin": "1\.0\.0",$'
cp out features.json
like "features: the newest version" "$(json_get features.json /ociVersionMax)" '^1\.'
is "features: hooks" "$(json_get features.json /hooks/0) $(json_get features.json /hooks/5)" \
	"prestart poststop"
is "features: mount options are sorted" \
	"$(sed -n '/"mountOptions"/,/]/s/^ *"\([a-z_]*\)",*$/\1/p' out)" \
	"$(sed -n '/"mountOptions"/,/]/s/^ *"\([a-z_]*\)",*$/\1/p' out | LC_ALL=C sort -u)"
like "features: a namespace" "$out" '^ *"mount",$'
is "features: seccomp" "$(json_get features.json /linux/seccomp/enabled)" true
schema=$tests/foreign/spec
if [ ! -e "$schema/features-schema.json" ]; then
	skip "features: valid by the spec's schema" \
		"the folder foreign was not copied with the tests"
elif ! python3 -c 'import jsonschema' 2>/dev/null; then
	skip "features: valid by the spec's schema" "no python3-jsonschema"
else
	ok "features: valid by the spec's schema" python3 -W ignore - "$schema" \
		features.json <<'END'
import json, os, sys
import jsonschema

folder, document = sys.argv[1:]
schema = json.load(open(os.path.join(folder, "features-schema.json")))
base = "file://" + os.path.abspath(folder) + "/"
resolver = jsonschema.RefResolver(base, schema)
jsonschema.Draft4Validator(schema, resolver=resolver).validate(json.load(open(document)))
END
fi

# ---- one program, several names ------------------------------------------------------------------

if [ -z "$ours" ]; then
	done_testing
fi

is "features: seccomp flags of this kernel" \
	"$(json_get features.json /linux/seccomp/supportedFlags/0)" SECCOMP_FILTER_FLAG_LOG

# as NAME ARG...: called by that name.
mkdir names
as() {
	ln -sf "$ocibox" "names/$1"
	RUNC=$tmp/names/$1
	shift
	cli "$@"
}

as crun --version
like "crun: the version line has its name" "$out" '^crun version '
as crun -V
is "crun: -V" "$status" 0
as crun help
like "crun: has the commands" "$out" '^ +create '
as docker-runc --version
like "docker-runc is runc" "$out" '^runc version '
as runc.amd64 --version
like "runc.amd64 is runc" "$out" '^runc version '
as -runc --version
like "a dash in front, as login shells have it" "$out" '^runc version '
as oci-init true
is "oci-init" "$status" 0
as docker-init -- sh -c 'exit 3'
is "docker-init is oci-init" "$status" 3
as nope
is "unknown name: exit 127" "$status" 127
like "unknown name: says so and lists what exists" "$err" "'nope'.*runc, oci-spec, oci-init"
as runcx
is "a name that only begins like one is unknown" "$status" 127

as ocibox
is "ocibox: success" "$status" 0
like "ocibox: help lists the applets" "$out" '^ +oci-init '
as ocibox --list
is "ocibox --list" "$(tr '\n' ' ' <out)" "runc oci-spec oci-init oci-image "
as ocibox runc --version
like "ocibox runc" "$out" '^runc version '
as ocibox runc nope
is "ocibox runc nope: exit 3" "$status" 3
as ocibox nope
is "ocibox nope: exit 127" "$status" 127
like "ocibox nope: lists what exists" "$err" 'runc, oci-spec, oci-init'
as ocibox --version
like "ocibox --version" "$out" '^ocibox version [^ ]+$'

as ocibox --dump
is "--dump: success" "$status" 0
tab=$(printf '\t')
like "--dump: an applet" "$out" "^applet$tab${tab}runc$tab"
like "--dump: a verb" "$out" "^applet${tab}runc${tab}create${tab}ID$tab"
like "--dump: an option" "$out" \
	"^option${tab}runc${tab}create${tab}bundle${tab}b${tab}str${tab}DIR$tab"
is "--dump: every row has as many columns as its kind" \
	"$(awk -F '\t' '{ print $1, NF }' out | sort -u | tr '\n' ',')" "alias 6,applet 6,option 8,"
is "--dump: every option says what it does" "$(awk -F '\t' '$1 == "option" && $8 == ""' out)" ''
# each verb's help comes from the same rows
awk -F '\t' '$1 == "applet" && $2 == "runc" { print $3 }' out | while read -r verb; do
	"$ocibox" runc "$verb" --help </dev/null >help 2>&1 || echo "$verb: no help"
	awk -F '\t' -v v="$verb" \
		'$1 == "option" && $2 == "runc" && $3 == v && $4 != "" { print "--" $4 }' out |
		while read -r o; do grep -q -e "$o" help || echo "$verb $o"; done
done >missing
is "the help of every verb has all its options" "$(cat missing)" ''

# Links lead to the program's own file, so a copy must be the program here.
cp "$ocibox" copy
mkdir bin sbin
RUNC=$tmp/copy
cli --list
ln -s copy ocibox
RUNC=$tmp/ocibox
cli --install -s bin
is "--install -s: success" "$status" 0
is "--install -s: symbolic links" "$(readlink bin/runc)" "$tmp/copy"
is "install -s: those of list" "$(echo bin/*)" "bin/oci-image bin/oci-init bin/oci-spec bin/runc"
cli --install sbin
is "--install: hard links" "$status $(stat -c %h copy)" "0 5"
cli --install sbin
is "--install again: success" "$status" 0
echo precious >bin/other
mv bin/other sbin/runc
cli --install sbin
is "--install: what is not ours is left alone" "$status $(cat sbin/runc)" "1 precious"
cli --install
is "--install without a directory: exit 1" "$status" 1

# ---- bad surroundings ----------------------------------------------------------------------------

RUNC=$tmp/names/runc
ln -sf "$ocibox" names/runc
if [ -c /dev/full ]; then
	status=0
	"$RUNC" features >/dev/full 2>err || status=$?
	is "a full disk below standard output: exit 1" "$status" 1
	like "a full disk below standard output: the message" "$(cat err)" 'no space left'
	status=0
	"$RUNC" help >/dev/full 2>/dev/null || status=$?
	is "a full disk below standard output: the message of --help" "$status" 1
else
	skip "a full disk below standard output" "no /dev/full"
fi
status=0
"$RUNC" --root "$root" list <&- >&- 2>&- || status=$?
is "closed standard descriptors are not an obstacle" "$status" 0

# ROOT/.cache is ours, not a container.
for verb in 'delete --force' delete state 'kill --all' "run --bundle $tmp"; do
	mkdir -p "$root/.cache"
	: >"$root/.cache/kept"
	# shellcheck disable=SC2086
	do_runc $verb .cache
	like "$verb .cache is refused" "$status $err" '^1 .*invalid container ID format: .*\.cache'
	ok "$verb .cache leaves what is there" test -e "$root/.cache/kept"
done

nothing_left
done_testing
