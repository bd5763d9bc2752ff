#!/bin/sh
# hostname.t - hostname and domainname (R-04).
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle
before=$(hostname)
argv hostname

run
is 'hostname of the config' "$out" runc
config_set /hostname '"other.example.org"'
run
is 'a name with dots' "$out" other.example.org
long=$(head -c 64 /dev/zero | tr '\0' h)
config_set /hostname "\"$long\""
run
is 'a hostname of 64 bytes is set' "$out" "$long"
config_set /hostname "\"${long}h\""
refused 'a hostname of 65 bytes is refused' 'hostname'
config_set /hostname '""'
run
is 'an empty name leaves the name of the host' "$out" "$before"
config_del /hostname
run
is 'without hostname the name is that of the host' "$out" "$before"

argv cat /proc/sys/kernel/domainname
config_set /domainname '"example.org"'
run
# control: runc 1.1.5 does not know it.
is 'domainname' "$out" example.org
config_set /domainname "\"${long}d\""
refused 'domainname too long' 'domainname'
config_set /domainname '"example.org"' /linux/namespaces \
	'[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"network"}]'
refused 'domainname without a uts namespace' 'domainname|UTS'
config_del /domainname
config_set /hostname '"x"'
refused 'hostname without a uts namespace' 'hostname|UTS'
is 'the host keeps its name' "$(hostname)" "$before"

# A joined uts namespace: the name there is changed, the host's is not.
bundle first
argv sleep 1000
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id-first"
bundle
argv hostname
config_set /hostname '"joined"' /linux/namespaces \
	"[{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"uts\",\"path\":\"/proc/$(cat \
	"$tmp/pid")/ns/uts\"}]"
run
is 'hostname into a joined uts namespace' "$out" joined
is 'hostname into a joined uts namespace: the host keeps its name' "$(hostname)" "$before"
drop "$id-first"

nothing_left
done_testing
