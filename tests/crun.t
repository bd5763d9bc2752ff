#!/bin/sh
# crun.t - what engines that know crun ask for: its options, its name, its annotations.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
runc --help 2>&1 | grep -q -e --cgroup-manager || skip_all 'this runtime has nothing of crun'
bundle
cp "$bundle/config.json" "$tmp/good.json"
fresh() {
	cp "$tmp/good.json" "$bundle/config.json"
	config_set /root/readonly false
}

# ---- --cgroup-manager (K-01) ----

fresh
argv sleep 1000
do_runc --cgroup-manager=disabled run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
is 'disabled: runs' "$status" 0 || diag "$err"
is 'disabled: the container is in the cgroups of the caller, and makes none' \
	"$(cat "/proc/$(cat "$tmp/pid")/cgroup") $(cgroups_left)" "$(cat /proc/self/cgroup) "
do_runc --cgroup-manager disabled exec "$id" echo in
is 'disabled: exec' "$status $out" '0 in' || diag "$err"
do_runc pause "$id"
like 'disabled: pause says why not' "$status $err" '^1 .*no cgroup'
do_runc ps --format json "$id"
is 'disabled: ps looks into the pid namespace' "$status $out" "0 [$(cat "$tmp/pid")]" || diag "$err"
do_runc events --stats "$id"
like 'disabled: events says why not' "$status $err" '^1 .*no cgroup'
do_runc update --pids-limit 5 "$id"
like 'disabled: update says why not' "$status $err" '^1 .*no cgroup'
do_runc kill --all "$id" KILL
is 'disabled: kill --all reaches init' "$status" 0 || diag "$err"
wait_for status_is "$id" stopped
do_runc delete "$id"
is 'disabled: delete' "$status $(status_of "$id")" '0 none' || diag "$err"
config_set /linux/namespaces '[{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"network"}]'
for verb in 'kill ID KILL' 'kill --all ID KILL' 'delete --force ID'; do
	runc --cgroup-manager disabled run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id" \
		>/dev/null 2>&1
	# shellcheck disable=SC2046
	do_runc $(echo "$verb" | sed "s/ID/$id/")
	is "disabled, no pid namespace: $verb" "$status" 0 || diag "$err"
	ok "disabled, no pid namespace, init dead: $verb" wait_for gone "$(cat "$tmp/pid")"
	drop "$id"
done
fresh
argv sleep 1000
config_set /linux/resources '{"pids":{"limit":10}}'
do_runc --cgroup-manager disabled run --bundle "$bundle" "$id"
like 'disabled, and a limit: refused' "$status $err" '^1 .*(cgroup|pids)'
fresh
argv true
do_runc --cgroup-manager cgroupfs run --bundle "$bundle" "$id"
is '--cgroup-manager cgroupfs: the container runs' "$status" 0 || diag "$err"
do_runc --cgroup-manager other run --bundle "$bundle" "$id"
like 'a cgroup manager that is not known is refused' "$status $err" '^1 .*invalid cgroup-manager'
do_runc --rootless=true run --no-subreaper --bundle "$bundle" "$id"
is '--rootless and --no-subreaper are accepted' "$status" 0 || diag "$err"

# ---- --config (K-02) ----

fresh
mkdir "$tmp/elsewhere"
argv echo elsewhere
mv "$bundle/config.json" "$tmp/elsewhere/other.json"
do_runc run --bundle "$bundle" --config "$tmp/elsewhere/other.json" "$id"
is "--config: the document lies elsewhere, the root is the bundle's" "$status $out" '0 elsewhere' ||
	diag "$err"
(cd "$tmp/elsewhere" && do_runc run --bundle "$bundle" -f other.json "$id" &&
	echo "$status $out" >"$tmp/rel")
is '-f: relative to the caller' "$(cat "$tmp/rel")" '0 elsewhere'
do_runc run --bundle "$bundle" --config "$tmp/elsewhere/none.json" "$id"
like '--config that is not there' "$status $err" '^1 .*none.json'

# ---- kill --all (K-03) ----

fresh
script <<'END'
trap 'echo init >>/tmp/got' USR1
sh -c 'trap "echo child >>/tmp/got" USR1; echo up >>/tmp/ready; while :; do sleep 0.05; done' &
echo up >>/tmp/ready
while :; do sleep 0.05; done
END
do_runc run -d --bundle "$bundle" "$id"
wait_for sh -c "[ \$(grep -c up '$rootfs/tmp/ready') = 2 ]"
if cgroups_here; then
	# The signal also ends a sleep, which the loops start again.
	do_runc kill --all "$id" USR1
	is 'kill --all: exit 0' "$status" 0 || diag "$err"
	wait_for has_line "$rootfs/tmp/got" child
	wait_for has_line "$rootfs/tmp/got" init
	is 'kill --all: every process has the signal' "$(sort -u "$rootfs/tmp/got" | tr '\n' ' ')" \
		'child init '
	do_runc kill -a "$id" KILL
	wait_for status_is "$id" stopped
	is 'kill -a KILL' "$status $(status_of "$id")" '0 stopped'
else
	skip 'kill --all' 'no cgroups here'
fi
drop "$id"

# ---- run.oci.* annotations (AN-05, AN-06) ----

# groups GROUPS ANNOTATIONS: of a container whose caller has these.
groups() {
	config_set /annotations "$2"
	status=0
	OCI_TEST_MARK=$mark "$HELPERS/as" 0 "0,$1" "$RUNC" --root "$root" run --bundle "$bundle" \
		"$id" \
		</dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
	out=$(sed -n 's/^Groups:[	 ]*//p' "$tmp/out" | sed 's/ *$//')
}
if helper as; then
	fresh
	argv grep Groups /proc/self/status
	groups 5,2000 '{}'
	is "the container does not get the caller's groups" "$status $out" '0 '
	groups 5,2000 '{"run.oci.keep_original_groups":"1"}'
	is "run.oci.keep_original_groups=1: the container has the caller's groups" \
		"$status $out" '0 5 2000'
	groups 5,2000 '{"run.oci.keep_original_groups":"0"}'
	is 'run.oci.keep_original_groups=0: the container does not have them' "$status $out" '0 '
	# control: crun does not look at additionalGids either then.
	config_set /process/user/additionalGids '[7]'
	groups 5,2000 '{"run.oci.keep_original_groups":"1"}'
	is "run.oci.keep_original_groups=1 and additionalGids: those of the caller" \
		"$status $out" '0 5 2000'
	fresh
	argv sleep 1000
	config_set /annotations '{"run.oci.keep_original_groups":"1"}'
	do_runc run -d --bundle "$bundle" "$id"
	out=$(OCI_TEST_MARK=$mark "$HELPERS/as" 0 0,6,8 "$RUNC" --root "$root" exec "$id" grep \
		Groups /proc/self/status)
	like 'run.oci.keep_original_groups=1: exec has the groups of its own caller' "$out" '6 8 *$'
	drop "$id"
else
	skip 'run.oci.keep_original_groups' 'the helper as is not built'
fi
# The others have no effect: what they name is neither opened nor connected to, and nothing fails.
fresh
argv grep Seccomp: /proc/self/status
config_set /hooks '{"poststop":[{"path":"/bin/sh","args":["sh","-c","echo out; echo err >&2"]}]}' \
	/annotations "{
	\"run.oci.hooks.stdout\":\"$tmp/hook-out\",\"run.oci.hooks.stderr\":\"$tmp/hook-err\",\"run.oci.handler\":\"krun\",
	\"run.oci.pidfd_receiver\":\"$tmp/no-socket\",\"run.oci.mount_context_type\":\"rootcontext\",
	\"run.oci.seccomp.plugins\":\"plugin.so\",\"run.oci.seccomp_bpf_data\":\"BgAAAAAA/38=\",
	\"run.oci.seccomp_fail_unknown_syscall\":\"1\",\"run.oci.systemd.subgroup\":\"\",\"run.oci.delegate-cgroup\":\"x\",
	\"run.oci.systemd.force_cgroup_v1\":\"/sys/fs/cgroup/systemd\",\"io.podman.annotations.autoremove\":\"TRUE\"}"
run
is 'other annotations of run.oci have no effect' \
	"$status $out $err" "0 $(grep '^Seccomp:' /proc/self/status) "
ok 'no file of the host is made by an annotation' test ! -e "$tmp/hook-out"
"$RUNC" features >"$tmp/features"
like 'features: they may be unsafe' \
	"$(json_get "$tmp/features" /potentiallyUnsafeConfigAnnotations)" '"run.oci."'
fresh
argv true
config_set /annotations '{"bundle":"/nowhere","io.kubernetes.cri-o.x":"y"}'
create
state "$id"
printf '%s' "$out" >"$tmp/told"
is 'an annotation called bundle does not move the bundle (AN-03)' \
	"$(json_get "$tmp/told" /bundle)" "$bundle"
is 'annotations are reported by state' \
	"$(json_get "$tmp/told" /annotations/bundle) $(json_get "$tmp/told" \
	/annotations/io.kubernetes.cri-o.x)" '/nowhere y'
drop "$id"

# ---- its name (K-08) ----

if head -c 2 "$RUNC" | grep -q '#!'; then
	skip 'argv[0] crun' 'the runtime is called by a script here'
	nothing_left
	done_testing
fi
mkdir "$tmp/names"
ln -s "$(readlink -f "$RUNC")" "$tmp/names/crun"
RUNC=$tmp/names/crun
argv sh -c 'echo by crun'
run
is 'argv[0] crun: run' "$status $out" '0 by crun' || diag "$err"
argv probe fds
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --preserve-fds 3 --bundle "$bundle" "$id" \
	</dev/null >"$tmp/out" 2>"$tmp/err" 3<&- 4</dev/zero 5<&-
is 'crun: --preserve-fds with a hole' "$? $(sed -n 's/^\([0-9]*\) .*/\1/p' "$tmp/out" |
	tr '\n' ' ')" '0 0 1 2 4 ' ||
	diag "$(cat "$tmp/err")"
argv sleep 1000
create
runc start "$id"
do_runc exec "$id" echo in
is 'argv[0] crun: create, start, exec' "$status $out" '0 in' || diag "$err"
do_runc delete -f "$id"
is 'argv[0] crun: delete' "$status" 0
like 'argv[0] crun: --version' "$("$RUNC" --version)" '^crun version '

nothing_left
done_testing
