#!/bin/sh
# rootless.t - as an ordinary user: the default rootless document, one id, no cgroups, what is
# refused.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
if [ "$uid" = 0 ]; then
	helper as || skip_all 'the helper as is not built'
	user=54321
	"$HELPERS/as" $user $user unshare -U true 2>/dev/null ||
		skip_all 'an ordinary user may not make a user namespace here'
else
	user=$uid
	unshare -U true 2>/dev/null || skip_all \
		'an ordinary user may not make a user namespace here'
fi

# The user's own folders.
home=$tmp/home
mkdir -p "$home/tmp"
root=$home/state
as_user() { if [ "$uid" = 0 ]; then "$HELPERS/as" "$user" "$user" "$@"; else "$@"; fi; }
runc() {
	# shellcheck disable=SC2086
	OCI_TEST_MARK=$mark TMPDIR=$home/tmp XDG_RUNTIME_DIR=$home/run HOME=$home as_user timeout \
		-s KILL 60 \
		"$RUNC" --root "$root" $RUNC_FLAGS "$@" </dev/null
}
runc_for_all
own() { [ "$uid" != 0 ] || chown -R "$user:$user" "$home" "$@"; }

rootless_bundle() {
	bundle
	config_rootless "$user"
	own "$bundle"
}

rootless_bundle
argv sh -c 'id -u; id -g; hostname; cat /proc/self/uid_map /proc/self/setgroups'
own "$bundle"
run
is 'a rootless container: exit 0' "$status" 0 || diag "$err"
is 'a rootless container: nothing but warnings on standard error' \
	"$(grep -vc 'level=warning' "$tmp/err")" 0
is 'root inside, the user outside' "$(echo "$out" | tr -s ' ' | tr '\n' ,)" \
	"0,0,runc, 0 $user 1,deny,"

argv \
	sh -c 'echo x >/tmp/made; stat -c "%u %g" /tmp/made; for d in null zero full random urandom tty; do [ -c /dev/$d ] || echo no $d; done; echo y >/dev/null; ls /dev/pts; readlink /dev/ptmx'
config_set /root/readonly false
own "$bundle"
run
is 'files belong to root inside; the device nodes are there' "$out" '0 0
ptmx
pts/ptmx' || diag "$err"
is 'files belong to the user outside' "$(stat -c %u "$rootfs/tmp/made")" "$user"

argv \
	sh -c 'for d in /sys/fs/cgroup /sys/fs/cgroup/*; do [ -e $d/cgroup.procs ] && mkdir $d/ocit-made 2>/dev/null && echo made in $d; done; mount -t tmpfs none /tmp 2>&1; grep " /sys " /proc/self/mountinfo'
own "$bundle"
run
unlike 'no cgroup can be made (2023-25809)' "$out" 'made in'
like 'nothing can be mounted without the capability' "$out" 'mount: .*(denied|permitted)'
like '/sys is read-only' "$out" ' /sys ro,'

# The life of a container.
argv sleep 1000
own "$bundle"
create --pid-file "$home/pid"
is 'create' "$status $(status_of "$id")" '0 created' || diag "$err"
runc start "$id"
is 'start' "$(status_of "$id")" running
is 'the payload runs as the user' "$(stat -c %u "/proc/$(cat "$home/pid")/ns" 2>/dev/null)" "$user"
# Without a cgroup of the container these verbs fail and name that reason; with one they work.
for verb in ps pause resume 'events --stats' 'update --pids-limit 20'; do
	# shellcheck disable=SC2086
	do_runc $verb "$id"
	if [ "$status" = 0 ]; then
		is "$verb: works" "$(error_lines "$tmp/err")" 0
	else
		like "$verb: one line that says why" "$status $(error_lines "$tmp/err") $err" \
			'^1 1 .*(cgroup|not paused)'
	fi
done
is 'verbs that fail without a cgroup leave the container running' "$(status_of "$id")" running
do_runc exec "$id" id -u
is 'exec' "$status $out" '0 0' || diag "$err"
do_runc exec --user 5 "$id" true
like 'exec as a user that is not mapped' "$status $err" '^255 .*unmapped'
do_runc exec -g 5 "$id" true
like 'exec with a further group' "$status $err" \
	'^255 .*cannot set any additional groups in a rootless container'
# shellcheck disable=SC2016
do_runc exec --cap CAP_NET_RAW --cwd /tmp "$id" \
	sh -c 'pwd; cat /proc/self/uid_map; for p in self 1; do readlink /proc/$p/ns/user; done | uniq | wc -l'
is 'exec --cap, --cwd: in the user namespace of init' \
	"$status $(echo "$out" | tr -s ' ' | tr '\n' ,)" "0 /tmp, 0 $user 1,1," || diag "$err"
do_runc exec -d --pid-file "$home/pid2" "$id" sleep 1000
is 'exec --detach' "$status $(stat -c %u "/proc/$(cat "$home/pid2")/ns" 2>/dev/null)" "0 $user" ||
	diag "$err"
if helper sock; then
	cat "$HELPERS/sock" >"$home/sock"
	chmod 755 "$home/sock"
	listen "$home/console" as_user "$home/sock" console "$home/cs" typed
	do_runc exec -d --tty --console-socket "$home/cs" "$id" sh -c 'read -r a; echo "got <$a>"'
	is 'exec with a terminal' "$status" 0 || diag "$err"
	wait_for gone $sock
	like 'exec with a terminal works' "$(tr -d '\r' <"$home/console")" 'got <typed>'
else
	skip 'exec with a terminal' 'the helper sock is not built'
fi
do_runc --rootless=false exec "$id" id -u
is 'exec --rootless=false: what counts is how it was made' "$status $out" '0 0' || diag "$err"
do_runc list
like 'list: the owner' "$out" "^$id +[0-9]+ +running .* (#$user|[^ ]+) *$"
do_runc kill "$id" KILL
wait_for status_is "$id" stopped
do_runc delete "$id"
is 'delete' "$status:$(status_of "$id")" 0:none
do_runc run -d --bundle "$bundle" "$id"
do_runc delete --force "$id"
is 'delete --force' "$status:$(status_of "$id")" 0:none

argv sh -c 'exit 7'
own "$bundle"
run
is 'exit status' "$status" 7

# Refusals.
config_set /process/user/additionalGids '[5]'
own "$bundle"
refused 'additional groups' 'additionalGids'
config_del /process/user/additionalGids
config_set /process/user '{"uid":5,"gid":0}'
own "$bundle"
refused 'a uid that is not mapped' '5|mapped|uid'
config_set /process/user '{"uid":0,"gid":0}' /linux/uidMappings \
	'[{"containerID":0,"hostID":0,"size":1}]'
own "$bundle"
refused 'a map of an id that is not the own' 'map'
rootless_bundle
config_set /linux/namespaces '[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"}]'
json_del "$bundle/config.json" /linux/uidMappings
json_del "$bundle/config.json" /linux/gidMappings
own "$bundle"
refused 'no user namespace' 'rootless container requires user namespaces.*runc spec --rootless'
rootless_bundle
config_set /linux/resources '{"memory":{"limit":67108864}}'
own "$bundle"
# systemd may delegate the cgroup above ours to the user.
if as_user test -w "/sys/fs/cgroup$(sed -n 's|^0::\(.*\)/.*|\1|p' \
	/proc/self/cgroup)/cgroup.procs"; then
	argv sh -c 'cat "/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/memory.max"'
	run
	is 'limits where the user has been given his cgroups' "$status $out" '0 67108864' ||
		diag "$err"
else
	refused 'limits without the permission for them' 'cgroup|memory'
fi
rootless_bundle
config_set /linux/cgroupsPath "\"/$mark\""
own "$bundle"
run
! cgroups_here || isnt 'a cgroupsPath without the permission for it' "$status" 0
rootless_bundle
config_set /mounts/2/options '["newinstance","gid=5"]'
own "$bundle"
refused 'a gid= that is not mapped' 'gid'

# Without XDG_RUNTIME_DIR the root is /run/runc, which is not the user's. USER matters for root of a
# user namespace only (drop-in.t). /run is a tmpfs of the test's own, with a /run/runc of each kind.
if [ "$uid" = 0 ]; then
	rootless_bundle
	argv true
	own "$bundle"
	cat >"$tmp/foreign" <<-'END'
		mount -t tmpfs -o mode=755 tmpfs /run || exit 99
		[ "$1" = none ] || mkdir -m "$1" /run/runc || exit 99
		shift
		exec "$@"
	END
	without_xdg() { # MODE ARG...: status and messages
		_mode=$1 status=0
		shift
		unshare -m sh "$tmp/foreign" "$_mode" "$HELPERS/as" "$user" "$user" \
			env -u XDG_RUNTIME_DIR "OCI_TEST_MARK=$mark" "$RUNC" "$@" >"$tmp/out" \
			2>"$tmp/err" </dev/null || status=$?
		echo "$status $(cat "$tmp/out" "$tmp/err")"
	}
	hint='--root or XDG_RUNTIME_DIR says where yours is'
	like 'no XDG_RUNTIME_DIR: run says what is missing' \
		"$(without_xdg none run --bundle "$bundle" "$id")" \
		"^1 .*/run/runc: [Pp]ermission denied.*$hint"
	is 'no XDG_RUNTIME_DIR: list finds nothing where there is no /run/runc' \
		"$(without_xdg none list -q)" '0 '
	like "no XDG_RUNTIME_DIR, root's /run/runc of mode 700: run says what is missing" \
		"$(without_xdg 700 run --bundle "$bundle" "$id")" \
		"^1 .*/run/runc: [Pp]ermission denied.*$hint"
	like "no XDG_RUNTIME_DIR, root's /run/runc of mode 755: run says what is missing" \
		"$(without_xdg 755 run --bundle "$bundle" "$id")" \
		"^1 .*/run/runc belongs to user 0, not to us.*$hint"
	like "no XDG_RUNTIME_DIR, root's /run/runc of mode 700: list says what is missing" \
		"$(without_xdg 700 list)" "^1 .*/run/runc: [Pp]ermission denied.*$hint"
else
	skip 'no XDG_RUNTIME_DIR: run and list say what is missing' 'only root can mount a /run'
fi

# --rootless=false: nothing is tolerated.
rootless_bundle
argv true
own "$bundle"
do_runc --rootless=true run --bundle "$bundle" "$id"
is '--rootless=true' "$status" 0 || diag "$err"
if cgroups_here && [ "$uid" = 0 ]; then
	do_runc --rootless=false run --bundle "$bundle" "$id"
	like '--rootless=false: no cgroup, no container' "$status $err" '^1 .*cgroup'
fi
do_runc --rootless=perhaps run --bundle "$bundle" "$id"
like '--rootless=perhaps is refused' "$status $err" '^1 .*invalid rootless'

# Ranges of ids by newuidmap: in this mount namespace the user has a name and a line in the tables.
tables='passwd subuid subgid'
if command -v newuidmap >/dev/null && [ "$uid" = 0 ] && [ -e /etc/subuid ] &&
	[ -e /etc/subgid ]; then
	for f in $tables; do
		cp "/etc/$f" "$tmp/$f"
		chmod 644 "$tmp/$f"
		mount --bind "$tmp/$f" "/etc/$f"
	done
	echo "ocituser:x:$user:$user::/:/bin/sh" >>"$tmp/passwd"
	echo 'ocituser:400000:1000' | tee -a "$tmp/subuid" >>"$tmp/subgid"
	rootless_bundle
	for ids in uid gid; do
		config_set "/linux/${ids}Mappings" \
			"[{\"containerID\":0,\"hostID\":$user,\"size\":1},
			{\"containerID\":1,\"hostID\":400000,\"size\":500},{\"containerID\":501,\"hostID\":400500,\"size\":500}]"
	done
	config_set /process/user '{"uid":600,"gid":7,"additionalGids":[501]}'
	argv sh -c 'grep -c . /proc/self/uid_map; id -u; id -g; id -G; cat /proc/self/setgroups'
	own "$bundle"
	run
	is 'ranges by newuidmap and newgidmap, groups too' "$status $(echo "$out" | tr '\n' ,)" \
		'0 3,600,7,7 501,allow,' || diag "$err"
	# Inside, the user's pipe belongs to root, who may give it to another user (T-06); outside
	# no other user may write to it.
	argv sh -c 'echo anew >/dev/stdout; stat -L -c %u /proc/self/fd/1'
	own "$bundle"
	# shellcheck disable=SC2016
	out=$(OCI_TEST_MARK=$mark as_user timeout -s KILL 60 \
		sh -c '"$0" --root "$1" run --bundle "$2" "$3" 2>&1 </dev/null | cat' \
		"$RUNC" "$root" "$bundle" "$id")
	is 'another user of a range opens /dev/stdout anew' "$(echo "$out" | tr '\n' ' ')" \
		'anew 600 '
	config_set /linux/uidMappings/2/size 501
	own "$bundle"
	refused "a range that is not the user's" 'newuidmap'
	for f in $tables; do umount "/etc/$f"; done
else
	skip 'ranges by newuidmap' 'needs root, newuidmap and /etc/subuid'
fi

# Root in a user namespace (a container in a container): uid 0, but not the host's.
rootless_bundle
argv id -u
own "$bundle"
status=0
# shellcheck disable=SC2086
OCI_TEST_MARK=$mark HOME=$home as_user unshare -Ur "$RUNC" --root "$root" $RUNC_FLAGS run \
	--bundle "$bundle" "$id" \
	</dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
like 'root of a user namespace, with a map of host ids that are not there: refused' \
	"$status $(cat "$tmp/err")" '^1 .*map'
config_set /linux/uidMappings '[{"containerID":0,"hostID":0,"size":1}]' /linux/gidMappings \
	'[{"containerID":0,"hostID":0,"size":1}]'
own "$bundle"
status=0
# shellcheck disable=SC2086
OCI_TEST_MARK=$mark HOME=$home as_user unshare -Ur "$RUNC" --root "$root" $RUNC_FLAGS run \
	--bundle "$bundle" "$id" \
	</dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
is 'root of a user namespace: a container in it' "$status $(cat "$tmp/out")" '0 0' ||
	diag "$(cat "$tmp/err")"

# setgroups(2) may be denied without any word of it in the config: in a user namespace around the
# runtime, as `unshare -r` makes it, and in one that is joined by its path.
denied_bundle() {
	rootless_bundle
	json_del "$bundle/config.json" /linux/uidMappings
	json_del "$bundle/config.json" /linux/gidMappings
	config_del /linux/namespaces/4
	argv id -G
}
rootless_in_userns() {
	status=0
	# shellcheck disable=SC2086
	OCI_TEST_MARK=$mark HOME=$home as_user unshare -Ur "$RUNC" --root "$root" $RUNC_FLAGS run \
		--bundle "$bundle" "$id" \
		</dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
}
denied_bundle
own "$bundle"
rootless_in_userns
is 'setgroups is denied around the runtime: a container without a user namespace' \
	"$status $out $(error_lines "$tmp/err")" '0 0 0' || diag "$err"
config_set /process/user/additionalGids '[0]'
own "$bundle"
rootless_in_userns
is 'groups that are asked for there are not set' "$status $out" '0 0' || diag "$err"
is 'without a word among those of the container' "$err" ''
RUNC_FLAGS="$RUNC_FLAGS --log $home/log"
rootless_in_userns
RUNC_FLAGS=${RUNC_FLAGS% --log *}
like 'rootless: a warning in a log of its own' "$(cat "$home/log")" \
	'level=warning msg="process.user.additionalGids are not set: setgroups'
# shellcheck disable=SC2016
OCI_TEST_MARK=$mark as_user unshare -Ur sh -c 'echo $$ >"$0"; exec sleep 1000' "$home/holder" &
ok 'a user namespace' wait_for test -s "$home/holder"
holder=$(cat "$home/holder")
is 'a user namespace around the runtime denies setgroups' "$(cat "/proc/$holder/setgroups")" deny
denied_bundle
config_set /linux/namespaces/4 "{\"type\":\"user\",\"path\":\"/proc/$holder/ns/user\"}"
own "$bundle"
run
is 'a user namespace that denies setgroups is joined by its path: the container runs' \
	"$status $out" '0 0' || diag "$err"
argv sleep 1000
own "$bundle"
do_runc run -d --bundle "$bundle" "$id"
do_runc exec "$id" id -G
is 'a user namespace that denies setgroups is joined by its path: exec' \
	"$status $out" '0 0' || diag "$err"
drop "$id"
argv cat /proc/self/oom_score_adj
config_set /process/oomScoreAdj 700
own "$bundle"
run
is 'a user namespace that is joined by its path: oomScoreAdj is set' "$status $out" '0 700' ||
	diag "$err"
kill "$holder"

# The user may raise the score, and not put it below that of the caller.
rootless_bundle
argv sleep 1000
config_set /process/oomScoreAdj 600
own "$bundle"
do_runc run -d --bundle "$bundle" "$id"
do_runc exec "$id" cat /proc/self/oom_score_adj
is 'exec has the oomScoreAdj of the container' "$status $out" '0 600' || diag "$err"
drop "$id"
if [ "$uid" = 0 ]; then
	rootless_bundle
	config_set /process/oomScoreAdj -1000
	own "$bundle"
	run
	like 'oomScoreAdj below what the user may have: refused, by its name' \
		"$status $(error_lines "$tmp/err") $(grep -v level=warning "$tmp/err")" \
		'^1 1 .*process\.oomScoreAdj.*denied'
fi

nothing_left
done_testing
