#!/bin/sh
# attack-state.t - what other users of the host may try: the state root, sockets, modes,
# annotations.
# SPDX-License-Identifier: MIT
#
# CVE-2019-12439, 2020-15257, 2021-41103, 2024-25621, 2024-3154, 2021-43784.
. "$(dirname "$0")/lib.sh"
need_root
bundle
decoy=$tmp/decoy
mkdir -p "$decoy"
echo decoy >"$decoy/file"
look() { find "$decoy" -exec stat -c '%n %F %a %u:%g %s' {} + | sort; }
before=$(look)

# ---- a state root that belongs to another user, or leads elsewhere ----

run_in() { # ROOT
	status=0
	OCI_TEST_MARK=$mark timeout -s KILL 60 "$RUNC" --root "$1" run --bundle "$bundle" "$id" \
		>"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
}
mkdir -m 777 "$tmp/theirs"
chown 54321:54321 "$tmp/theirs"
run_in "$tmp/theirs"
# control: runc and crun use it.
is 'a state root of another user is refused' "$status" 1
is 'a state root of another user: nothing is made in it' "$(ls -A "$tmp/theirs")" ''
is 'a state root of another user: one line of error' "$(error_lines "$tmp/err")" 1
echo x >"$tmp/plain"
run_in "$tmp/plain"
is 'a state root that is a file is refused' "$status" 1
run_in "$tmp/plain/below"
is 'one below a file too' "$status" 1

# The container's directory exists already, in a form that the attacker has chosen.
mkdir -m 700 "$root"
for kind in link dangling file fifo dir; do
	case $kind in
	link) ln -s "$decoy" "$root/$id" ;;
	dangling) ln -s "$decoy/made" "$root/$id" ;;
	file) echo x >"$root/$id" ;;
	fifo) mkfifo "$root/$id" ;;
	dir) mkdir -m 777 "$root/$id" ;;
	esac
	LIMIT=10
	run
	unset LIMIT
	is "the id is taken by a $kind: refused" "$status" 1
	is "the id is taken by a $kind: the decoy is untouched" "$(look)" "$before"
	state "$id"
	is "state of it: exit 1" "$status" 1
	do_runc list -q
	is 'list goes on' "$status" 0
	rm -rf "${root:?}/$id"
done

# Planted state files: a state.json that is a link, a FIFO or a lie about whom to kill.
sleep 1000 &
victim=$!
bg_all="$bg_all $victim"
mkdir "$root/$id"
ln -s "$decoy/file" "$root/$id/state.json"
do_runc delete --force "$id"
is 'a state.json that is a link: the decoy is untouched' "$(look)" "$before"
rm -rf "${root:?}/$id"
mkdir "$root/$id"
mkfifo "$root/$id/state.json"
LIMIT=10
do_runc delete --force "$id"
isnt 'a state.json that is a FIFO does not hang delete' "$status" 137
do_runc state "$id"
isnt 'a state.json that is a FIFO does not hang state' "$status" 137
do_runc list
isnt 'a state.json that is a FIFO does not hang list' "$status" 137
unset LIMIT
rm -rf "${root:?}/$id"
# A pid whose start time is another's: stopped, and not killed (pid reuse, L-28, L-36).
argv sleep 1000
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
cp -a "$root/$id" "$tmp/saved"
drop "$id"
cp -a "$tmp/saved" "$root/$id"
find "$root/$id" -type f -exec sed -i "s/\([\": ]\)$(cat "$tmp/pid")\([,} ]\|$\)/\1$victim\2/" {} +
do_runc kill "$id" KILL
is 'a pid with another start time is not killed' "$status" 1
do_runc delete --force "$id"
ok 'a pid with another start time is not killed by delete --force' alive "$victim"
rm -rf "${root:?}/$id"
kill "$victim"

# ---- modes under umask 0 (2021-41103, 2024-25621) ----

(
	umask 0
	runc run -d --bundle "$bundle" --pid-file "$tmp/pid0" "$id" >/dev/null 2>&1
)
is 'nothing below the state root can be written by others, but the fifo' \
	"$(find "$root" ! -type p ! -type l -perm /022 | head -n 3)" ''
is 'no state file can be read by others' "$(find "$root/$id" -type f -perm /044 | head -n 3)" ''
nok 'another user cannot list the root' sh -c "[ \"\$(stat -c %a \"$root\")\" != 700 ]"

# ---- no abstract sockets (2020-15257) ----

is 'no process of the container has an abstract socket' \
	"$(for p in $(processes_left); do
		for f in /proc/"$p"/fd/*; do readlink "$f"; done |
			sed -n 's/^socket:\[\([0-9]*\)\]$/\1/p'
	done | while read -r i; do grep " $i @" /proc/net/unix; done)" ''
drop "$id"

# ---- a container that another user has written, where all may write ----

# A verb acts on a state with its caller's rights: it would kill a process and run hooks that
# another user has chosen. This state is one of our containers, and names one of our processes.
bundle
argv sleep 1000
config_set /hooks \
	"{\"poststop\":[{\"path\":\"/bin/touch\",\"args\":[\"touch\",\"$tmp/his-hook\"]}]}"
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
mkdir -m 1777 "$tmp/open"
cp -a "$root/$id" "$tmp/open/$id"
chown -R 54321:54321 "$tmp/open/$id"
n=0
for verb in "kill $id KILL" "exec $id true" "pause $id" "delete --force $id"; do
	status=0
	# shellcheck disable=SC2086
	OCI_TEST_MARK=$mark timeout -s KILL 60 "$RUNC" --root "$tmp/open" $verb >"$tmp/out" \
		2>"$tmp/err" </dev/null || status=$?
	[ "$status" != 0 ] || { n=$((n + 1)) && diag "$verb"; }
done
is 'no verb obeys the state of another user' "$n" 0
ok 'the process it names lives' alive "$(cat "$tmp/pid")"
nok 'no verb runs a hook of the state of another user' test -e "$tmp/his-hook"
chmod 755 "$tmp/open"
out=$("$RUNC" --root "$tmp/open" list 2>"$tmp/err")
unlike 'list: no container that another user has written in a root of ours' "$out" "$id"
out=$("$RUNC" --root "$tmp/open" list -f json 2>"$tmp/err")
unlike 'list -f json: no container that another user has written' "$out" "$id"
drop "$id"
rm -rf "$tmp/open"

# ---- a session keyring that another has made before ----

bundle
argv probe addkey "top secret"
if helper as; then
	cp "$HELPERS/probe" "$tmp/probe"
	chmod 755 "$tmp" "$tmp/probe"
	mkfifo "$tmp/hold"
	"$HELPERS/as" 54321 54321 "$tmp/probe" plant "_ses.$id-key" <"$tmp/hold" >"$tmp/planted" &
	planter=$!
	exec 9>"$tmp/hold"
	wait_for test -s "$tmp/planted"
	do_runc run --bundle "$bundle" "$id-key"
	exec 9>&-
	wait $planter
	case $(cat "$tmp/planted")$out in
	*errno*) skip 'a planted keyring' "no keys in this kernel: $out" ;;
	*) is 'a keyring planted by another user gets nothing of the container' \
		"$(cat "$tmp/planted")" 'plant 0' ;;
	esac
else
	skip 'a planted keyring' 'the helper as is not built'
fi

# ---- annotations are kept, and have no effect (2024-3154) ----

bundle
argv probe witness
run
# The name of its keyring is another each time.
witnessed() { sed 's/;_ses[.].*/;_ses.NAME/' "$tmp/out"; }
witnessed >"$tmp/plain.out"
config_set /annotations \
	'{"org.systemd.property.ExecStartPre":"[(\"/bin/sh\",[\"sh\",\"-c\",\"touch /tmp/x\"],false)]",
	"org.systemd.property.MemoryMax":"uint64 1","org.systemd.property.DevicePolicy":"'"'"'auto'"'"'",
	"run.oci.seccomp_bpf_data":"AAAA","run.oci.handler":"krun","org.criu.config":"/etc/passwd",
	"io.kubernetes.cri-o.Devices":"/dev/kmsg","bundle":"/etc"}'
run
is 'a container with them is the same as without' "$status $(witnessed | diff "$tmp/plain.out" -)" \
	'0 ' || diag "$err"

# ---- names that act on the terminal on which they are shown ----

bundle "$(printf 'b\033[2J\177\302\233x')"
argv sleep 1000
config_set /annotations "{\"a\":\"$(printf '\302\2332J\177')\"}"
do_runc run -d --bundle "$bundle" "$id-odd"
is 'a bundle whose name plays with the terminal' "$status" 0 || diag "$err"
do_runc list
printable() { LC_ALL=C tr -d '\n -~' | wc -c; }
is 'list shows it, and acts on nothing' "$(printable <"$tmp/out")" 0
state "$id-odd"
is 'state shows control characters as text' "$(printable <"$tmp/out")" 0
is 'state shows the text without control characters' "$(json_get "$tmp/out" /bundle)" "$bundle"
drop "$id-odd"

# ---- texts that are too long for a message (2021-43784) ----

bundle
long=$(head -c 70000 /dev/zero | tr '\0' a)
config_set /linux/namespaces/1/path "\"/$long\""
refused 'a namespace path of 70,000 bytes: the reason is not lost' '[Nn]ame too long'
bundle
config_set /linux/namespaces/- '{"type":"user"}' /linux/gidMappings \
	'[{"containerID":0,"hostID":100000,"size":1000}]'
chown -R 100000:100000 "$rootfs"
ranges() {
	awk -v n="$1" \
		'BEGIN { for (i = 0; i < n; i++) printf "%s{\"containerID\":%d,\"hostID\":%d,\"size\":1}", i ? "," : "", i, 100000 + 2 * i }'
}
config_set /linux/uidMappings "[$(ranges 300)]"
argv sh -c 'wc -l </proc/self/uid_map'
run
# A kernel takes 340 ranges and less than a page of text.
is '300 ranges' "$status $out" '0 300' || diag "$err"
config_set /linux/uidMappings "[$(ranges 2000)]"
refused '2,000 ranges' 'map'
bundle
config_set /hostname "\"$long\""
refused 'a host name of 70,000 bytes' 'hostname'
bundle
config_set /mounts/- "{\"destination\":\"/$long\",\"type\":\"tmpfs\",\"source\":\"none\"}"
refused 'a destination of 70,000 bytes' '[Nn]ame too long|mount'
bundle
config_set /mounts/- \
	"{\"destination\":\"/mnt\",\"type\":\"tmpfs\",\"source\":\"none\",\"options\":[\"$long\"]}" \
	/root/readonly false
refused 'an option of 70,000 bytes' 'mount|option'
bundle
config_set /process/args "[\"sh\",\"-c\",\"echo \${#1}\",\"sh\",\"$long\"]"
run
is 'an argument of 70,000 bytes arrives' "$out" 70000
config_set /process/args "[\"$long\"]"
refused 'a program name of 70,000 bytes' '[Nn]ame too long|not found|no such file|exec'
ok 'is answered by a bounded text' test "$(wc -c <"$tmp/err")" -lt 100000

nothing_left
done_testing
