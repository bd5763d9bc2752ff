#!/bin/sh
# boot-product.t - what a product needs of its process 1: essential containers, reloading,
# environment and secrets.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/machine.sh"

# ---- essential: the machine reboots, up to a limit across boots ----------------------------------

unit 1-"$a" "$sleeper"
unit 2-"$b" 'exit 3'
cat >"$tmp/boot.json" <<E
{ "rebootFile": "$tmp/reboots", "rebootLimit": 2, "defaults": { "after": [] },
  "containers": [ { "name": "$b", "essential": true } ] }
E
for n in 1 2; do
	nowait=1
	boot ocibox.config="$tmp/boot.json"
	nowait=
	ended=0
	wait "$boot" || ended=$?
	is "an essential one has failed for good: reboot $n" "$ended" 129
	ok "an essential container has failed for good: reboot $n is reported with its number" \
		says "^oci-init: $b is essential and has failed: the machine reboots, reboot number $n"
	is "an essential container has failed for good: reboot $n is counted in the file" \
		"$(cat "$tmp/reboots")" "$n"
done
# On a loaded host the machine may reboot before this container has begun.
ok "an essential container has failed for good: reboot $n stops the other first" \
	says "^oci-init: $a: (ended with|killed by|did not start)"
boot ocibox.config="$tmp/boot.json"
ok "at the limit of reboots the machine stays up, and reports that" wait_for \
	says "^oci-init: $b is essential and has failed, but the machine stays up: 2 reboots have not helped"
ok "at the limit of reboots the other containers run" state_is "$a" running
order stop "$a"
ok "at the limit of reboots containers obey orders" state_is "$a" stopped
down
mkdir "$tmp/is-a-directory"
sed -i "s|/reboots|/is-a-directory|" "$tmp/boot.json"
boot ocibox.config="$tmp/boot.json"
ok "a reboot that cannot be counted does not happen: it would have no end" wait_for \
	says "the machine stays up: the reboot cannot be counted"
down
fresh
unit 2-"$b" "$sleeper"
boot ocibox.config="$tmp/boot.json"
wait_for state_is "$b" running
order stop "$b"
ok "an essential container that is stopped by order has not failed" state_is "$b" stopped
order status
is "an essential container is stopped by order: the machine runs on" "$status" 0
down
fresh

# ---- on shutdown: tasks, orphans, the time -------------------------------------------------------

unit 1-"$a" "$sleeper"
unit 2-"$b" 'echo saving; exit 0'
unit 3-"$c" 'echo hanging; while :; do sleep 0.05; done'
cat >"$tmp/boot.json" <<E
{ "clockFile": "$tmp/clock", "grace": "1m",
  "containers": [ { "name": "$a", "restart": "always" }, { "name": "$b", "on": "shutdown", "restart": "always" },
    { "name": "$c", "on": "shutdown", "startTimeout": "2s", "stopSignal": "SIGKILL" } ] }
E
boot ocibox.config="$tmp/boot.json"
wait_for state_is "$a" running
ok "on: shutdown: the container is not started at boot" state_is "$b" disabled
# An orphan that takes a while to end.
inside \
	sh -c "(trap 'sleep 3; echo done >$tmp/orphan; exit' TERM; touch $tmp/ready; while :; do sleep 0.05; done) &" \
	# sleep: it is slow
ok "an orphan runs" wait_for test -e "$tmp/ready"
down
grep -E "^($a|$b|$c): (up|saving|hanging|stopping)" "$con" >"$tmp/order"
is "tasks for the shutdown run before the other containers are stopped" \
	"$(sed 1d "$tmp/order" | sort | tr '\n' '|') $(tail -n 1 "$tmp/order")" \
	"$a: stopping|$b: saving|$c: hanging| $a: stopping"
is "on: shutdown: a task that ended is not started again" "$(grep -c "^$b: saving" "$con")" 1
ok "on: shutdown: a task that hangs is stopped after startTimeout" \
	says "^oci-init: $c: killed by signal 9"
is "grace: an orphan has the time to end" "$(cat "$tmp/orphan")" "done"
ok "clockFile: the time is saved" test -e "$tmp/clock"
fresh

# ---- reload: bundles and boot.json at run time ---------------------------------------------------

unit 10-"$a" "$sleeper"
unit 20-"$b" "$sleeper"
unit 30-"$c" "$sleeper"
echo "{ \"containers\": [ { \"name\": \"$b\", \"log\": \"$tmp/logs\" } ] }" >"$tmp/boot.json"
boot ocibox.config="$tmp/boot.json"
wait_for state_is "$c" running
state_is "$a" running
pid=$(field pid)
order reload --dry-run
is "reload --dry-run: nothing has changed" "$status:$out$err" 0:
unit 40-"d-$mark" "$sleeper"
rm -r "$bundles/30-$c"
bundle=$bundles/20-$b
config_set /process/args "$(words sh -c "echo anew; $sleeper")"
cat >"$tmp/boot.json" <<E
{ "defaults": { "restart": "always" }, "containers": [ { "name": "$b", "log": "$tmp/logs" }, { "name": "d-$mark", "log": "$tmp/logs", "after": [] } ] }
E
order reload --dry-run
is "reload --dry-run reports what has changed, is gone and is new" \
	"$status $(echo "$out" | tr '\n' '|')" \
	"0 $b: has changed|$c: is removed, and stops|d-$mark: is new|"
ok "reload --dry-run changes nothing" state_is "$c" running
cp "$tmp/boot.json" "$tmp/good.json"
echo '{ "defaults": { "restart": "sometimes" } }' >"$tmp/boot.json"
order reload
is "reload with a fault in boot.json is refused" "$status" 1
like "reload with a fault in boot.json reports it" \
	"$out" 'boot.json:1:[0-9]+: defaults.restart: "sometimes" is not a value'
ok "reload with a fault changes nothing" state_is "$c" running
cp "$tmp/good.json" "$tmp/boot.json"
order reload
is "reload without a fault succeeds" "$status" 0
ok "reload: a new bundle starts" wait_for state_is "d-$mark" running
ok "reload: a new bundle logs to its file" wait_for grep -q up "$tmp/logs/d-$mark.log"
ok "reload: a container whose bundle is gone stops" wait_for state_is "$c" stopped
ok "reload: a container whose bundle has changed runs on" state_is "$b" running
nok "reload: a container whose bundle has changed runs the old program" \
	grep -q anew "$tmp/logs/$b.log"
state_is "$a" running
is "reload: other containers are not restarted" "$(field pid) $(field starts)" "$pid 1"
order reload --restart
like "reload --restart reports the container that has changed" \
	"$out" "^$b: has changed, and is restarted"
ok "reload --restart: the container that has changed runs the new program" \
	wait_for grep -q anew "$tmp/logs/$b.log"
order reload --restart
is "reload --restart restarts a changed container once" "$status:$out$err" 0:
inside "$RUNC" kill "$a" KILL
twice() { order status "$a" --format json; [ "$(field starts)" = 2 ]; }
ok "reload: the new restart policy holds for containers that run" wait_for twice
cp -r "$bundles/40-d-$mark" "$bundles/30-$c"
order reload
ok "reload: a container whose bundle is there again starts" wait_for state_is "$c" running
down
is "reload: the machine ends" "$ended" 130
ok "reload: all containers have ended" [ "$(grep -c 'ended with status 0' "$con")" -ge 4 ]
fresh

# ---- environment and secrets ---------------------------------------------------------------------

printf 'hunter2' >"$tmp/password"
unit 1-"$a" \
	'trap "exit 0" TERM; echo "env $MODE $PATH"; id -u; stat -c "%a %u" /run/secrets/db; cat /run/secrets/db && echo; echo x >/run/secrets/db || echo read-only; while :; do sleep 0.05; done'
config_set /process/user '{"uid":1000,"gid":1000}' /process/env '["MODE=none","PATH=/bin"]'
unit 2-"$b" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "defaults": { "after": [] }, "containers": [
  { "name": "$a", "env": { "MODE": "product" }, "secrets": { "db": "$tmp/password" } },
  { "name": "$b", "secrets": { "db": "$tmp/none" } } ] }
E
boot ocibox.config="$tmp/boot.json"
wait_for says "^$a: (read-only|.*[Rr]ead-only)"
ok "env: a variable of boot.json takes the place of the bundle's, and others stay" \
	says "^$a: env product /bin\$"
ok "secrets: a file that only the container's user can read" says "^$a: 400 1000\$"
ok "secrets: the file has the secret" says "^$a: hunter2\$"
nok "a secret is not in the environment or the arguments" grep -qa hunter2 "/proc/$machine/environ"
is "a secret is on a tmpfs that only root may enter" \
	"$(inside stat -c %a /run/ocibox) $(inside stat -f -c %T /run/ocibox)" "700 tmpfs"
ok "a secret whose file does not exist: the container does not start, and the reason is reported" \
	wait_for \
	says "^oci-init: $b: did not start: .*$tmp/none"
ok "a container whose secret has no file has failed" state_is "$b" failed
is "env of boot.json does not change config.json" "$(grep -c product "$bundles/1-$a/config.json")" 0
down
fresh

nothing_left
done_testing
