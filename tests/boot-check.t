#!/bin/sh
# boot-check.t - oci-init check: all faults of a boot.json and of its bundles, before they are on a
# board.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

# check ARG...: sets $status, $out, $err
check() { run_init check "$@"; }
run_init() {
	status=0
	"$OCI_INIT" "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
	out=$(cat "$tmp/out") err=$(cat "$tmp/err")
}
bundles=$tmp/bundles
mkdir -p "$bundles/10-net" "$bundles/20-app"
base_config >"$bundles/10-net/config.json"
base_config >"$bundles/20-app/config.json"

echo '{ "containers": [ { "name": "app", "logSize": "64k", "restart": "always" } ] }' \
	>"$tmp/good.json"
check --bundles "$bundles" "$tmp/good.json"
is "a boot.json and bundles without a fault" "$status:$out$err" 0:

cat >"$tmp/bad.json" <<'E'
{
	"watchdog": "soon",
	"hostnam": "board",
	"defaults": { "logSize": "big" },
	"containers": [
		{ "name": "ghost", "restart": "never", "stopSignal": "STOP" }
	]
}
E
mkdir "$bundles/30-net" "$bundles/40-bad"
base_config >"$bundles/30-net/config.json"
echo '{ "ociVersion": "1.3.0", "linux": { "namespaces": [ { "type": "netwerk" } ] } }' \
	>"$bundles/40-bad/config.json"
check --bundles "$bundles" "$tmp/bad.json"
is "faults: status 1" "$status" 1
like "a wrong value: its place, the value and the allowed ones are named" "$out" \
	'bad.json:2:14: watchdog: "soon" is not a value for it: it takes a time'
like "an unknown setting: the nearest known one is suggested" "$out" \
	'bad.json:3:13: hostnam: .*did you mean hostname'
like "a wrong size: the allowed forms are named" "$out" \
	'bad.json:4:27: defaults.logSize: "big" is not a value for it: it takes bytes, or a size such as 64k'
like "a wrong word: all allowed words are named" "$out" \
	'bad.json:6:33: containers\[0\].restart: "never" .*no, on-failure or always'
like "a wrong signal in a row with another fault is named too" \
	"$out" 'containers\[0\].stopSignal: "STOP"'
like "a row of containers without a bundle is a fault" \
	"$out" 'containers\[0\].name "ghost": there is no bundle of this name'
like "two bundles with the same name are a fault" "$out" '30-net: "net" is also the name of 10-net'
like "a fault in a bundle's config.json has its place" "$out" \
	'40-bad/config.json:1:[0-9]+: linux.namespaces\[0\].type: "netwerk"'
check --bundles '' "$tmp/good.json"
is "an empty --bundles: no bundle is checked" "$status:$out$err" 0:
check --bundles "$tmp/none" "$tmp/good.json"
is "a directory of bundles that is not there is a fault" "$status" 1
like "a directory of bundles that does not exist is named" "$out" "open $tmp/none"
check "$tmp/none.json"
is "a boot.json that does not exist is a fault" "$status" 1
like "a boot.json that does not exist is named" "$err" "$tmp/none.json"

rm -rf "$bundles/30-net" "$bundles/40-bad"
cat >"$tmp/order.json" <<'E'
{ "containers": [ { "name": "net", "after": [ "app" ] }, { "name": "app", "after": [ "net", "ghost" ] } ] }
E
check --bundles "$bundles" "$tmp/order.json"
is "faults of the order: status 1" "$status" 1
like "after names a container that does not exist: a fault" \
	"$out" 'app: after "ghost": there is no such container'
like "a circle of after is a fault, with the names in it" "$out" \
	'a circle: net after app after net; net does not wait for app'

nothing_left
done_testing
