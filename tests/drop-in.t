#!/bin/sh
# drop-in.t - what engines and scripts match of a runc, to the letter: options, output, messages,
# environment, state.
# SPDX-License-Identifier: MIT
# In the order of docs/drop-in.md. Claims that other files test are not repeated here.
. "$(dirname "$0")/lib.sh"
need_root
cd "$tmp" || exit 1
mkdir -m 700 "$root"

# bare ARG...: without --root. Sets $status, $out, $err.
bare() {
	status=0
	timeout -s KILL 60 env OCI_TEST_MARK="$mark" "$RUNC" "$@" </dev/null >"$tmp/out" \
		2>"$tmp/err" || status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
}
# said TEXT: standard error is this one line of the text log and nothing else; for `is`.
said() { printf '%s' "$err" | sed 's/^time="[0-9-]*T[0-9:]*\(Z\|[+-][0-9:]*\)" //'; }
# said_of ID: the same without the id, which runc does not name.
said_of() { said | sed "s/ does not exist: $1\"/ does not exist\"/"; }
# error TEXT: how the text log has it.
error() { printf 'level=error msg="%s"' "$1"; }

bundle
argv sleep 1000

# ---- the state root (G-01, G-02) -----------------------------------------------------------------

# rooted NAME=VALUE... COMMAND ARG...: list with an XDG_RUNTIME_DIR; what stands in it then.
mkdir -m 777 "$tmp/xdg"
rooted() {
	status=0
	env XDG_RUNTIME_DIR="$tmp/xdg" "$@" list </dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
	out=$(stat -c '%a %U %n' "$tmp"/xdg/* 2>/dev/null)
	rm -rf "$tmp"/xdg/*
}
runc_for_all
name=${RUNC##*/}
if helper as; then
	rooted "$HELPERS/as" 54321 54321 "$RUNC"
	is 'an ordinary user: below XDG_RUNTIME_DIR, 0700 and sticky' "$status $out" \
		"0 1700 UNKNOWN $tmp/xdg/$name"
else
	skip 'an ordinary user: below XDG_RUNTIME_DIR, 0700 and sticky' 'no compiler'
fi
rooted "$RUNC"
is 'root does not use XDG_RUNTIME_DIR' "$status $out" '0 '
if unshare -Ur true 2>/dev/null; then
	rooted unshare -Ur env -u USER "$RUNC"
	like 'root of a user namespace: there' "$status $out" "^0 1700 .* $tmp/xdg/$name"
	rooted unshare -Ur env USER=root "$RUNC"
	is 'root of a user namespace with USER=root does not use XDG_RUNTIME_DIR' \
		"$status $out" '0 '
else
	skip 'root of a user namespace: there' 'no user namespaces here'
fi
(cd "$tmp" && OCI_TEST_MARK=$mark "$RUNC" --root ./x/../relative create --bundle "$bundle" \
	"$id" </dev/null)
is 'a relative root is one of the caller, made by create, 0700' "$(stat -c %a "$tmp/relative")" 700
bare --root "$tmp/relative" list -q
is 'a relative root is the same directory by another path' "$out" "$id"
bare --root "$tmp/relative" delete --force "$id"
bare --root "$tmp/nothing" delete --force "$id"
is 'delete --force below a root that is not there' "$status $out$err" '0 '
nok 'delete --force does not make the root' test -e "$tmp/nothing"
bare --root /../tmp/.. list
is '--root / by another name' "$status $(said)" \
	"1 $(error 'Option --root argument should not be set to /')"
bare --root "$tmp/nothing" --root "$root" list -q
is 'of two roots the last counts' "$status $out$err" '0 '

# ---- the log (G-03 to G-05, O-14, O-15) ----------------------------------------------------------

bare --log "$tmp/log" --log-format xml state nope
is 'a form that is not known: a line of text' "$status $(said)" \
	"1 $(error 'invalid log-format: xml')"
nok 'a form that is not known: the log is not opened' test -e "$tmp/log"
for form in '' text; do
	bare --log-format "$form" --root "$root" state nope
	is "--log-format '$form' is text" "$status $(said_of nope)" \
		"1 $(error 'container does not exist')"
done
bare --log-format json --log "$tmp/no/such/log" list
like 'a log that cannot be opened is reported in the form that was asked for' "$status $err" \
	'^1 \{"level":"error","msg":".*/no/such/log: no such file or directory","time":"[^"]*"\}$'
bare --log '' --root "$root" state nope
is '--log= is standard error' "$status $(said_of nope)" "1 $(error 'container does not exist')"
mkfifo fifo
cat fifo >fifo.out &
cat=$!
bare --log fifo --log-format json --root "$root" state nope
wait $cat
like 'the log may be a pipe' "$(cat fifo.out)" \
	'^\{"level":"error","msg":"container does not exist(: nope)?","time":"[^"]*"\}$'
like 'a log that is a pipe: the message is plain on standard error' "$status $err" \
	'^1 container does not exist(: nope)?$'
for u in 000 022 077; do
	(umask $u && "$RUNC" --root "$root" --log "log$u" state nope) </dev/null >/dev/null 2>&1
done
is 'the log is 0644 less the umask' "$(stat -c %a log000 log022 log077 | tr '\n' ' ')" \
	'644 644 600 '
if [ -c /dev/full ]; then
	bare --log /dev/full --root "$root" state nope
	like 'a log on a full disk: the message is on standard error all the same' "$status $err" \
		'(^| )container does not exist(: nope)?$'
else
	skip 'a log on a full disk: the message is on standard error all the same' 'no /dev/full'
fi

# No argument may make the document invalid.
bare --log odd.json --log-format json --root "$root" state "$(printf 'a\377"\\\001\302\233\nb')"
is 'a log of JSON is JSON' "$(wc -l <odd.json | tr -d ' ') $(json_get odd.json /level)" '1 error'
like 'whatever the message has' "$(json_get odd.json /msg)" '^invalid container ID format'

# On a terminal the form is the one that logrus has for people.
if helper pty; then
	"$HELPERS/pty" "$RUNC" --root "$root" state nope </dev/null >"$tmp/out" 2>&1
	like 'text log on a terminal' "$(tr -d '\r\033' <"$tmp/out")" \
		'^\[31mERRO\[0m\[0000\] container does not exist(: nope)? +$'
	"$HELPERS/pty" "$RUNC" --root "$root" --log-format json state nope </dev/null \
		>"$tmp/out" 2>&1
	like 'JSON log on a terminal' "$(tr -d '\r' <"$tmp/out")" \
		'^\{"level":"error","msg":"container does not exist(: nope)?"'
else
	skip 'text log on a terminal' 'no compiler'
fi

# ---- arguments (G-07 to G-14) --------------------------------------------------------------------

for how in auto AUTO '' true 1 T false 0; do
	bare --root "$root" --rootless "$how" list -q
	is "--rootless '$how'" "$status $out$err" '0 '
done
bare --nope list
is 'an unknown global option: a line of the log' "$status $(said)" \
	"1 $(error 'flag provided but not defined: -nope')"
like 'an unknown global option: the reason stands above the usage' "$(head -n 1 "$tmp/out")" \
	'^Incorrect Usage[.:] flag provided but not defined: -nope$'
bare --root
is 'a global option without its value' "$status $(said)" \
	"1 $(error 'flag needs an argument: -root')"
bare --debug=maybe list
like 'a word that is not a boolean' "$status $(said)" \
	'^1 level=error msg="invalid boolean value .*maybe.* for -debug: parse error"$'
bare nosuchverb --flag
like 'an unknown command' "$status $(said)" "^3 level=error msg=\"No help topic for 'nosuchverb'"
bare help nosuchverb
like 'help of an unknown command' "$status $(said)" \
	"^3 level=error msg=\"No help topic for 'nosuchverb'"
bare --version list
like '--version before a command' "$status $out" "^0 $name version "
bare list --version
is '--version after a command is unknown' "$status" 1
bare --root "$root" -- list -q
is '-- before the command is accepted' "$status $out$err" '0 '
do_runc list -quiet=T
is 'one dash, a long name, a value' "$status $out$err" '0 '
if [ ! -d /run/systemd/system ]; then
	do_runc --systemd-cgroup run --bundle "$bundle" "$id"
	like '--systemd-cgroup without systemd' "$status $(said)" \
		'^1 level=error msg="runc run failed: .*systemd not running on this host, cannot use systemd cgroups manager"$'
	do_runc --systemd-cgroup list -q
	is 'list with --systemd-cgroup works without systemd' "$status $out$err" '0 '
else
	skip '--systemd-cgroup without systemd' 'systemd runs here'
fi
for verb in create run start state delete kill exec ps pause resume update events spec features \
	list; do
	do_runc $verb --nope
	is "$verb --nope" "$status $(said)" "1 $(error 'flag provided but not defined: -nope')"
	bare $verb --help
	like "$verb --help" "$status $(head -n 2 "$tmp/out" | tr '\n' ' ')" "^0 .*$name $verb"
done
for verb in start state delete pause resume update events create run; do
	do_runc $verb
	like "$verb without an id" "$status $(said)" \
		"^1 level=error msg=\".*: .\"$verb.\" requires exactly 1 argument\(s\)\"$"
	do_runc $verb a b
	like "$verb with two" "$status $(said)" \
		"^1 level=error msg=\".*: .\"$verb.\" requires exactly 1 argument\(s\)\"$"
done
do_runc exec
like 'exec without an id' "$status $(said)" 'requires a minimum of 1 argument\(s\)"$'

# ---- ids and bundles (V-33, V-34) ----------------------------------------------------------------

cd "$bundle" || exit 1
for verb in create state delete kill pause ps; do
	do_runc $verb ''
	is "$verb of an empty id" "$status $(said | sed 's/runc create failed: //')" \
		"1 $(error 'container id cannot be empty')"
	do_runc $verb a/b
	like "$verb of a/b" "$status $(said)" '^1 .*invalid container ID format'
done
cd "$tmp" || exit 1
for bad in . .. 'a b' 'a~b' 'ä' "$(printf 'a\nb')" 'a:b' '%41'; do
	do_runc create --bundle "$bundle" "$bad"
	bad=$(printf %s "$bad" | tr '\n' '|')
	like "create of $bad" "$status $(said)" '^1 .*invalid container ID format'
done
config_set /process/args '["true"]'
for good in a+b_c-d.E9 ... "$(printf '%0255d' 7)"; do
	do_runc run --bundle "$bundle" "$good"
	good=$(printf '%.9s' "$good")
	is "run of $good" "$status $err" '0 '
done
do_runc run --bundle "$bundle" -- -x
is 'an id that begins with a dash, after --' "$status $err" '0 '
do_runc create --bundle "$bundle" "$(printf '%0300d' 7)"
like 'an id no directory can have' "$status $err" '^1 .*file name too long'
do_runc create --bundle "$tmp/no/bundle" "$id"
like 'a bundle that is not there' "$status $(said)" \
	'^1 level=error msg="runc create failed: .*/no/bundle: no such file or directory"$'
mkdir -p nothing.b null.b
do_runc run --bundle nothing.b "$id"
like 'no config.json' "$status $(said)" \
	'^1 level=error msg="runc run failed: JSON specification file config.json not found'
echo null >null.b/config.json
do_runc run --bundle null.b "$id"
like 'config.json is null' "$status $(said)" '^1 level=error msg="runc run failed: .*null'
json_set "$bundle/config.json" /zzz '{"x":[1,{"y":null}]}' /process/zzz '"z"'
run
is 'unknown properties are ignored' "$status" 0
like 'one warning counts them and names the first' "$(said)" \
	'^level=warning msg="config\.json:[0-9]+:[0-9]+: process\.zzz: not known and without effect \(2 such names\)'

# ---- a program that is not there (X-01, X-06, X-07, X-10) ----------------------------------------

bundle
start_failed='unable to start container process: error during container init: '
: >"$rootfs/etc/plain"
while IFS='|' read -r what args why; do
	config_set /process/args "$args"
	create
	is "create: $what" "$status $(said)" "1 $(error "runc create failed: $start_failed$why")"
done <<'END'
a name|["nope"]|exec: \"nope\": executable file not found in $PATH
a path|["/no/such"]|exec: \"/no/such\": stat /no/such: no such file or directory
a file that is not a program|["/etc/plain"]|exec: \"/etc/plain\": permission denied
below a file|["/etc/plain/x"]|exec: \"/etc/plain/x\": stat /etc/plain/x: not a directory
a directory|["/etc"]|exec: \"/etc\": is a directory
END
ln -s loop "$rootfs/loop"
config_set /process/args '["/loop"]'
create
like 'the reason is in the words of glibc and Go' "$err" \
	'stat /loop: too many levels of symbolic links"$'
config_set /process/args '["true"]' /process/cwd '"/etc/plain"'
create
like 'what fails inside says where it was' "$status $(said)" \
	'^1 level=error msg="runc create failed: unable to start container process: error during container init: .*/etc/plain.*: not a directory'
config_set /process/cwd '"/"' /hooks '{"createRuntime":[{"path":"/bin/true"},
	{"path":"/bin/sh","args":["sh","-c","echo one; echo two >&2; exit 3"]}]}'
run
like 'a hook that fails: which, how, and all it said' "$status $(said)" \
	'^1 .*error during container init: error running createRuntime hook #1: .*exit status 3.*one.*two'
is 'a hook that fails: one line of error' "$(wc -l <"$tmp/err" | tr -d ' ')" 1
config_set /hooks '{"startContainer":[{"path":"/bin/false"}]}'
run
like 'a startContainer hook that fails' "$err" 'error running startContainer hook #0: '
config_del /hooks
is 'after these failures nothing is left' "$(states_left)$(cgroups_left)" ''

mkdir "$tmp/folder"
while read -r source target; do
	config_set /process/args '["true"]' /process/cwd '"/"' \
		/mounts/7 \
		"{\"destination\":\"$target\",\"source\":\"$tmp/$source\",\"options\":[\"rbind\",\"ro\"]}"
	create
	like "$source on $target: how docker looks for it" "$status $(said)" \
		"^1 .*error mounting .\"$tmp/$source.\" to rootfs at .\"$target.\": .*: not a directory"
done <<'END'
folder /etc/plain
fifo /etc
END
config_set /mounts/7/source '"/no/such/source"'
create
like 'no such source' "$status $(said)" \
	'^1 .*error mounting ."/no/such/source." to rootfs at ."/etc.": .*: no such file or directory'
config_set /mounts/7 \
	'{"destination":"/tmp","type":"tmpfs","source":"tmpfs","options":["nosuchoption=1"]}'
create
like 'no such option' "$status $(said)" \
	'^1 .*error mounting ."tmpfs." to rootfs at ."/tmp.": .*: invalid argument'
config_del /mounts/7

# The user may not execute the file, but a capability allows it, which access(2) does not show.
mkdir "$rootfs/tight"
cp "$BUSYBOX" "$rootfs/tight/true"
chmod 700 "$rootfs/tight/true"
config_set /process/args '["/tight/true"]' /process/user '{"uid":1000,"gid":1000}'
run
is 'a program that its user may not execute is refused' "$status $(said)" \
	"1 $(error "runc run failed: $start_failed"'exec: \"/tight/true\": permission denied')"
for set in bounding effective permitted inheritable ambient; do
	config_set /process/capabilities/$set '["CAP_DAC_OVERRIDE"]'
done
run
is 'with CAP_DAC_OVERRIDE that user may execute it' "$status $err" '0 '

# ---- messages by state (X-03 to X-05, V-03, V-17, V-18) ------------------------------------------

bundle
argv sh -c 'trap exit TERM; sleep 1000 & while :; do sleep 0.1; done'
create
create
like 'create of an id that exists is refused' "$status $(said)" \
	'^1 level=error msg="runc create failed: container with given ID already exists'
do_runc --log log.json --log-format json create --bundle "$bundle" "$id"
like 'create of an id that exists: the log has the error that engines read' \
	"$(tail -n 1 log.json)" \
	'^\{"level":"error","msg":"runc create failed: container with given ID already exists.*","time":"[^"]*"\}$'
like 'the same id again: the message is plain on standard error' "$status $err" \
	'^1 runc create failed: container with given ID already exists'
do_runc resume "$id"
is 'resume of one that is not paused' "$status $(said)" "1 $(error 'container not paused')"
runc start "$id"
do_runc delete "$id"
is 'delete of a running one' "$status $(said)" \
	"1 $(error "cannot delete container $id that is not stopped: running")"
while read -r state verb why; do
	case $state in
	running) status_is "$id" running || diag "is $(status_of "$id")" ;;
	stopped) runc kill "$id" KILL 2>/dev/null; wait_for status_is "$id" stopped ;;
	esac
	# shellcheck disable=SC2046 # words of a command
	do_runc $(echo "$verb" | sed "s/ID/$id/; s/,/ /g")
	is "$state, refused: $verb" "$(said)" "$(error "$(echo "$why" | sed "s/ID/$id/")")"
done <<'END'
running start,ID cannot start an already running container
stopped start,ID cannot start a container that has stopped
stopped kill,ID container not running
stopped kill,ID,0 container not running
stopped pause,ID container not running
stopped resume,ID container not paused
stopped update,--pids-limit,5,ID container not running
stopped exec,ID,true exec failed: cannot exec in a stopped container
stopped events,ID container with id ID is not running
stopped events,--stats,ID container with id ID is not running
END
do_runc delete "$id"
is 'stopped: delete' "$status $out$err" '0 '
for sig in TERM INT HUP QUIT; do
	create
	do_runc kill "$id" $sig
	ok "created, kill $sig: stopped" wait_for status_is "$id" stopped
	do_runc start "$id"
	is "created, kill $sig: start refuses then" "$(said)" \
		"$(error 'cannot start a container that has stopped')"
	runc delete "$id"
done
create
runc kill "$id" USR1
runc start "$id"
is 'created, kill USR1: nothing happens' "$(status_of "$id")" running
drop "$id"
argv cat /proc/self/status
create
runc start "$id" >/dev/null
wait_for status_is "$id" stopped
is 'signals for a created container: the program blocks and ignores none' \
	"$(signals_of "$tmp/out")" 0
drop "$id"
argv sh -c 'trap exit TERM; sleep 1000 & while :; do sleep 0.1; done'
do_runc exec "$id" true
is 'exec in an unknown one: 255' "$status $(said_of "$id")" \
	"255 $(error 'exec failed: container does not exist')"
for sig in FOO 65 99 SIG ' 9' 0x9 SIGSIGHUP; do
	do_runc kill "$id" "$sig"
	isnt "kill $sig" "$status" 0
done
config_set /linux/namespaces '[{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"network"}]'
if cgroups_here; then
	do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	members_are_many() { [ "$(grep -c '' "$(own_cgroup)/cgroup.procs")" -ge 2 ]; }
	wait_for members_are_many
	kill -KILL "$(cat "$tmp/pid")"
	wait_for status_is "$id" stopped
	pids=$(cat "$(own_cgroup)/cgroup.procs")
	do_runc kill "$id"
	is 'init is dead: TERM finds no process' "$(said)" "$(error 'container not running')"
	do_runc kill "$id" KILL
	is 'KILL finds those who share its pid namespace' "$status $err" '0 '
	for p in $pids; do
		wait_for gone "$p"
	done
	nobody_left() { ! grep -q . "$(own_cgroup)/cgroup.procs" 2>/dev/null; }
	ok 'KILL in a shared pid namespace: all its processes are dead' wait_for nobody_left
	do_runc kill "$id" KILL
	is 'KILL in a shared pid namespace, once more: no process' \
		"$status $(said)" "1 $(error 'container not running')"
	drop "$id"
else
	skip 'KILL finds those who share its pid namespace' 'no cgroups here'
fi

# ---- list (V-20) ---------------------------------------------------------------------------------

bundle
argv sleep 1000
mkdir "$root/left" "$root/.hid"
: >"$root/file"
do_runc create --bundle "$bundle" .dot
for how in '' -q; do
	# shellcheck disable=SC2086 # no word or one
	do_runc list $how
	is "list $how: the containers" "$(echo "$out" | grep -v '^ID ' | cut -d' ' -f1)" .dot
	is "list $how: what cannot be loaded is reported" "$(grep -v '[.]cache' "$tmp/err")" \
		"load container .hid: container does not exist
load container left: container does not exist"
done
drop .dot
rmdir "$root/left" "$root/.hid"
rm "$root/file"
(
	for i in 1 2 3; do
		runc create --bundle "$bundle" "$id-$i" >/dev/null 2>&1
		runc delete --force "$id-$i" >/dev/null 2>&1
	done
) &
come_and_go=$!
: >"$tmp/lists"
while alive $come_and_go; do
	runc list >/dev/null 2>>"$tmp/lists" || echo "list failed" >>"$tmp/lists"
done
wait $come_and_go
is 'list: containers that come and go are not reported' "$(cat "$tmp/lists")" ''
do_runc list --format yaml
is 'a format that does not exist' "$status $(said)" "1 $(error 'invalid format option')"

# ---- a pipe in the place of a file (V-12, V-23) --------------------------------------------------

if [ -e /dev/fd/0 ]; then
	argv sleep 1000
	do_runc run -d --bundle "$bundle" "$id"
	config_set /process/args '["echo","by a pipe"]'
	json_get "$bundle/config.json" /process >process.json
	# shellcheck disable=SC2002 # a pipe is the point
	out=$(cat process.json | timeout 60 "$RUNC" --root "$root" exec --process /dev/fd/0 \
		"$id" 2>&1)
	is 'exec --process of a pipe' "$out" 'by a pipe'
	if cgroups_here; then
		out=$(echo '{"pids":{"limit":99}}' |
			timeout 60 "$RUNC" --root "$root" update --resources /dev/fd/0 "$id" 2>&1)
		is 'update --resources of a pipe' "$? $out" '0 '
	else
		skip 'update --resources of a pipe' 'no cgroups here'
	fi
	drop "$id"
else
	skip 'exec --process of a pipe' 'no /dev/fd'
fi

# ---- the state directory (F-01 to F-05) ----------------------------------------------------------

config_set /annotations '{"org.example.a":"1"}'
argv sleep 1000
create --pid-file "$tmp/pid"
s=$root/$id/state.json
if [ -e "$s" ]; then
	is 'state.json: 0600' "$(stat -c %a "$s")" 600
	is 'state.json: id and pid' "$(json_get "$s" /id) $(json_get "$s" /init_process_pid)" \
		"$id $(cat "$tmp/pid")"
	is 'state.json: start time' "$(json_get "$s" /init_process_start)" \
		"$(sed 's/.*) //' "/proc/$(cat "$tmp/pid")/stat" | cut -d' ' -f20)"
	is 'state.json: the way into the network namespace' \
		"$(stat -Lc %i "$(json_get "$s" /namespace_paths/NEWNET)")" \
		"$(stat -Lc %i "/proc/$(cat "$tmp/pid")/ns/net")"
	for ns in NEWNS NEWUTS NEWIPC NEWUSER NEWPID NEWCGROUP; do
		ok "state.json: $ns" test -e "$(json_get "$s" /namespace_paths/$ns)"
	done
	is 'state.json: rootless' "$(json_get "$s" /rootless)" false
	like 'state.json: created' "$(json_get "$s" /created)" '^20[0-9-]*T[0-9:.]*Z$'
else
	skip 'state.json: 0600' 'this runtime has none'
fi
drop "$id"

# ---- an empty environment (E-04, E-05) -----------------------------------------------------------

config_set /process/args '["/bin/sleep","1000"]' /process/env '["A=1"]'
status=0
env -i "$RUNC" --root "$root" run -d --bundle "$bundle" "$id" </dev/null >"$tmp/out" 2>"$tmp/err" ||
	status=$?
is 'without any variable: run' "$status $(cat "$tmp/out" "$tmp/err")" '0 ' || cat "$tmp/err"
if cgroups_here; then
	env -i "$RUNC" --root "$root" ps "$id" </dev/null >"$tmp/out" 2>"$tmp/err"
	like 'without any variable: ps' "$(cat "$tmp/out")" 'sleep 1000$'
fi
do_runc exec --env B=2 "$id" /bin/env
is 'exec: the environment of the container, and what is asked for' "$(echo "$out" | tr '\n' ' ')" \
	'A=1 B=2 HOME=/root '
drop "$id"

# ---- debug (G-05) --------------------------------------------------------------------------------

do_runc --debug run -d --bundle "$bundle" "$id"
like 'run --debug says something' "$err" ' level=debug msg='
do_runc --debug exec "$id" true
like 'exec --debug says something' "$err" ' level=debug msg='
drop "$id"

# ---- a standard output that cannot be written (O-15) ---------------------------------------------

if [ -c /dev/full ]; then
	create
	for what in "state $id" 'list --format json' list "ps $id" features --version; do
		status=0
		verb=${what%% *}
		# shellcheck disable=SC2086 # words of a command
		"$RUNC" --root "$root" $what </dev/null >/dev/full 2>"$tmp/err" || status=$?
		like "$verb: a full disk is reported once" "$status $(wc -l <"$tmp/err" |
			tr -d ' ') $(cat "$tmp/err")" \
			'^1 1 .*no space left on device"$'
	done
	drop "$id"
else
	skip 'a full disk is reported once' 'no /dev/full'
fi

nothing_left
done_testing
