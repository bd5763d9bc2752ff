#!/bin/sh
# boot-update.t - oci-init update: a new bundle is kept when it works, else the one before comes
# back.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/machine.sh"

# version DIR TEXT SCRIPT: a bundle that says TEXT and then runs SCRIPT
version() {
	unit ".new" "echo version $2; $3"
	mkdir -p "$(dirname "$1")"
	mv "$bundles/.new" "$1"
}
# slots VERSION: the version that the container runs, and what the link says
slots() {
	echo "$(sed -n "s/^$a: version //p" "$con" | tail -n 1) $(readlink "$bundles/1-$a/current")"
}
stays='trap "exit 0" TERM; while :; do sleep 0.05; done'
cat >"$tmp/boot.json" <<E
{ "containers": [ { "name": "$a", "updateGrace": "100ms", "restart": "always",
  "startTimeout": "2s", "backoff": { "first": "10ms" } } ] }
E

version "$bundles/1-$a/A" 1 "$stays"
boot ocibox.config="$tmp/boot.json"
ok "a directory with the bundle A: A runs" wait_for says "^$a: version 1"
order update "$a"
is "update without a second bundle: it is refused" "$status" 1
like "update without a second bundle: that bundle is named" \
	"$err" "1-$a/B/config.json: no such file"
version "$bundles/.two" 2 "$stays"
order update "$a" "$bundles/.two"
is "a version that works: status 0" "$status:$out$err" 0:
is "a version that works runs, and is what the next boot runs" "$(slots)" "2 B"
ok "a version that works is reported" says "^oci-init: $a: the bundle B works and is kept"
nok "update moves the new bundle, and does not copy it" test -e "$bundles/.two"
version "$bundles/.three" 3 "exit 3"
ln -s elsewhere "$bundles/1-$a/.current"
order update "$a" "$bundles/.three"
is "a version that ends at once: status 1" "$status" 1
like "a version that ends at once: the reason" \
	"$err" 'the bundle A does not work, and B is in use again'
ok "a version that ends at once: the console has the reason too" \
	says "^oci-init: $a: the bundle A does not work: back to B"
ok "a version that ends at once: the one before runs again" wait_for state_is "$a" running
again() { [ "$(slots)" = "2 B" ]; }
ok "a version that ends at once: the next boot runs the one before" eventually again
version "$bundles/.four" 4 "sleep 0.02; $stays"
bundle=$bundles/.four
config_set /process/args '["/nothing"]'
order update "$a" "$bundles/.four"
is "a version that cannot start: status 1" "$status" 1
ok "a version that cannot start: the one before runs again" wait_for state_is "$a" running
is "a version that cannot start: the next boot runs the one before" "$(slots)" "2 B"
order update "$a"
is "update without a source tries the other bundle of the container" "$status" 1
wait_for state_is "$a" running
version "$bundles/.five" 5 "$stays"
ln -sf "$tmp" "$bundles/.five/link-out"
order update "$a" "$bundles/.five"
is "the bundle that did not work makes room: a link of an interrupted update does not matter" \
	"$status $(slots)" "0 5 A"
order update "$a"
is "update without a source goes back to the version before" "$status $(slots)" "0 2 B"
version "$bundles/.six" 6 "$stays"
# A container may nest directories in its root as it likes.
# Two chains of 1,300, one at the end of the other: the whole path would be too long.
# shellcheck disable=SC2046 # words
chain=$(printf 'd/%.0s' $(seq 1300))
mkdir -p "$bundles/1-$a/A/$chain" "$bundles/1-$a/upper/$chain"
mv "$bundles/1-$a/A/d" "$bundles/1-$a/upper/$chain"
mv "$bundles/1-$a/upper" "$bundles/1-$a/A/d"
# With CAP_LINUX_IMMUTABLE it may give its files that flag.
mkdir "$bundles/1-$a/A/fixed"
: >"$bundles/1-$a/A/fixed/file"
: >"$bundles/1-$a/A/file"
helper probe && (cd "$bundles/1-$a/A" && "$HELPERS/probe" immutable fixed/file fixed file) \
	>"$tmp/out"
if grep -q errno "$tmp/out"; then
	skip "an old bundle has immutable files" "no such attributes here: $(cat "$tmp/out")"
else
	nok "an old bundle has immutable files" rm -f "$bundles/1-$a/A/file" 2>/dev/null
fi
order update "$a" "$bundles/.six"
is "an old bundle with such files, and 2,600 directories in each other, makes room too" \
	"$status:$err" 0:
is "what an old bundle's symlinks lead to stays" "$status $([ -e "$tmp/boot.json" ]; echo $?)" "0 0"
order update "$a" "$tmp/nothing"
like "a source that is not there is named" "$status $err" "^1 .*$tmp/nothing"
is "a source that is not there changes nothing" "$(slots)" "6 A"
order update unknown
like "update of an unknown container is refused" "$status $err" '^1 .*no container unknown'
order stop "$a"
version "$bundles/.seven" 7 "$stays"
order update "$a" "$bundles/.seven"
is "update of a stopped container starts it" "$status $(slots)" "0 7 B"
version "$bundles/.eight" 8 "exec busybox poweroff -n -f"
bundle=$bundles/.eight
may_reboot
order update "$a" "$bundles/.eight"
is "a version that calls reboot(2) to power off: status 1" "$status" 1
ok "a version that powers off: the one before runs again" wait_for state_is "$a" running
before() { [ "$(slots)" = "7 B" ]; }
ok "a version that powers off: the next boot runs the one before" eventually before
order reload
is "reload knows the bundle in use" "$status:$out$err" 0:
down
boot ocibox.config="$tmp/boot.json"
wait_for says "^$a: version"
is "the next boot runs what was kept" "$(slots)" "7 B"
is "check accepts a directory with the bundles A and B" \
	"$("$OCI_INIT" check --bundles "$bundles" "$tmp/boot.json" 2>&1)" ""
down
nothing_left "nothing is left of the machine"

# ---- readiness, health, tasks, an image ----------------------------------------------------------

cat >"$tmp/boot.json" <<E
{ "containers": [ { "name": "$a", "updateGrace": "50ms", "restart": "always", "startTimeout": "3s",
  "ready": { "file": "/bin/sh" }, "backoff": { "first": "10ms" } } ] }
E
fresh
version "$bundles/1-$a/A" 1 "$stays"
version "$bundles/1-$a/B" 2 "$stays"
boot ocibox.config="$tmp/boot.json"
wait_for state_is "$a" running
order update "$a"
is "a version that becomes ready is kept" "$status $(slots)" "0 2 B"
sed -i 's|/bin/sh|/nothing|' "$tmp/boot.json"
order reload
order update "$a"
is "a version that does not become ready is not kept" \
	"$status $(readlink "$bundles/1-$a/current")" "1 B"
down
fresh
version "$bundles/1-$a/A" 1 "$stays"
version "$bundles/1-$a/B" 2 "$stays"
cat >"$tmp/boot.json" <<E
{ "containers": [ { "name": "$a", "updateGrace": "1m", "restart": "always", "backoff": { "first": "10ms" },
  "health": { "command": [ "grep", "-q", "version 1", "/proc/1/cmdline" ], "interval": "20ms", "retries": 2 } } ] }
E
boot ocibox.config="$tmp/boot.json"
wait_for state_is "$a" running
order update "$a"
is "a version whose health check fails within updateGrace is not kept" \
	"$status $(readlink "$bundles/1-$a/current")" "1 "
sed -i 's/"1m"/"10ms"/; s/"20ms"/"1s"/' "$tmp/boot.json"
order reload
order update "$a"
is "a version whose checks take longer than updateGrace is not kept" \
	"$status $(readlink "$bundles/1-$a/current")" "1 "
down
fresh
version "$bundles/1-$a/A" 1 "$stays"
cp -r "$template" "$bundles/1-$a/A/root.img"
bundle=$bundles/1-$a/A
config_set /root/path '"root.img"'
echo '{ "defaults": { "updateGrace": "50ms", "startTimeout": "5s" } }' >"$tmp/boot.json"
boot ocibox.config="$tmp/boot.json"
wait_for state_is "$a" running
echo "not a filesystem" >"$tmp/image"
order update "$a" "$tmp/image"
is "a file that is not an image: the bundle before comes back" "$status" 1
ok "a file that is not an image: the bundle before runs" wait_for state_is "$a" running
is "the image was copied to the place of the other, with its config.json" \
	"$(cat "$bundles/1-$a/B/root.img") $(cmp "$bundles/1-$a/A/config.json" "$bundles/1-$a/B/config.json")" \
	"not a filesystem "
down
fresh

# ---- power cuts ----------------------------------------------------------------------------------

cat >"$tmp/boot.json" <<E
{ "containers": [ { "name": "$a", "updateGrace": "10ms" } ] }
E
# A power cut leaves no cgroups; here they stay, and are empty when the machine is gone.
clear_cgroups() {
	find /sys/fs/cgroup -depth -type d -name "$a" 2>/dev/null >"$tmp/cgroups"
	while read -r _dir; do
		wait_for rmdir "$_dir"
	done <"$tmp/cgroups"
}
cut() {
	kill -KILL "$machine"
	wait "$boot" 2>/dev/null || true
	clear_cgroups
}
# two: version 1 in use, and version 2 beside the container's directory
two() {
	fresh
	version "$bundles/1-$a/A" 1 "$stays"
	version "$bundles/1-$a/B" 0 "exit 3"
	version "$bundles/.two" 2 "$stays"
	boot ocibox.config="$tmp/boot.json"
	wait_for says "^$a: version 1"
}
# The next boot runs a version that is whole.
after_cut() {
	boot ocibox.config="$tmp/boot.json"
	_rc=1
	eventually says "^$a: version" && case $(slots) in
	'1 ' | '1 A' | '2 B') _rc=0 ;;
	esac
	cut
	return $_rc
}
if ! helper step || ! "$HELPERS/step" count -- true; then
	skip "power cuts in an update" "the helper step cannot be used here"
	nothing_left
	done_testing
	exit
fi
two
total=0
inside "$HELPERS/step" -o "$tmp/step" count -- "$OCI_INIT" update "$a" "$bundles/.two" \
	</dev/null >/dev/null 2>&1 && total=$(cat "$tmp/step")
ok "the calls of an update are counted: $total" test "$total" -gt 30
cut
wrong=0 n=1
while [ "$n" -le "$total" ]; do
	two
	inside "$HELPERS/step" -o "$tmp/step" kill "$n" -- "$OCI_INIT" update "$a" \
		"$bundles/.two" </dev/null >/dev/null 2>&1
	cut
	after_cut || {
		wrong=$((wrong + 1))
		diag "call $n ($(cat "$tmp/step")): $(slots)"
	}
	n=$((n + ${UPDATE_STRIDE:-7}))
done
is "an update interrupted at any call: the next boot runs the old version or the new one" "$wrong" 0
sed -i 's/10ms/1h/' "$tmp/boot.json"
two
background inside "$OCI_INIT" update "$a" "$bundles/.two"
ok "a version is on trial" wait_for says "^$a: version 2"
cut
ok "the power fails in a trial: the next boot runs the old version or the new one" after_cut
is "the power fails in a trial: the next boot runs the old version" "$(slots)" "1 "
sed -i 's/1h/10ms/' "$tmp/boot.json"
# fsync(2) is the last call of the switch.
if [ "$(uname -m)" = x86_64 ]; then
	fresh
	version "$bundles/1-$a/A" 1 "$stays"
	version "$bundles/1-$a/B" 2 "$stays"
	printf '#!/bin/sh\nkill -KILL "$(cat %s)"\n' "$tmp/pid" >"$tmp/cut"
	chmod +x "$tmp/cut"
	stepped="before 74 $tmp/cut"
	boot ocibox.config="$tmp/boot.json"
	stepped=
	echo "$machine" >"$tmp/pid"
	wait_for says "^$a: version 1"
	order update "$a"
	nok "the power fails in the switch: the order does not succeed" test "$status" = 0
	wait "$boot" 2>/dev/null || true
	clear_cgroups
	ok "the power fails in the switch: the next boot runs the old version or the new one" \
		after_cut
else
	skip "the power fails in the switch" "numbers of calls are those of x86_64"
fi

nothing_left
done_testing
