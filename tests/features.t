#!/bin/sh
# features.t - `features`, `spec`, `--version`: documents engines read before they start anything.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

# ---- features: no privileges, no state root, an exit status of 0 ----

"$RUNC" --root "$tmp/none" features >"$tmp/f" 2>"$tmp/err" </dev/null
is 'features: exit 0' "$?" 0
is 'features writes nothing to standard error' "$(cat "$tmp/err")" ''
nok 'features makes no state root' test -e "$tmp/none"
f() { json_get "$tmp/f" "$1"; }
is 'versions' "$(f /ociVersionMin) $(f /ociVersionMax)" '1.0.0 1.3.0'
is 'hooks' "$(f /hooks)" \
	'["prestart","createRuntime","createContainer","startContainer","poststart","poststop"]'
is 'namespaces' "$(f /linux/namespaces | tr -d '[]"' | tr , '\n' | sort | tr '\n' ' ')" \
	'cgroup ipc mount network pid time user uts '
for w in rbind ro rro nosymfollow idmap ridmap tmpcopyup rslave defaults; do
	like "mountOptions has $w" "$(f /mountOptions)" "\"$w\""
done
is 'mountOptions are sorted' \
	"$(f /mountOptions | tr -d '[]"' | tr , '\n' | LC_ALL=C sort -c 2>&1)" ''
is 'capabilities: all 41' "$(f /linux/capabilities | tr , '\n' | grep -c CAP_)" 41
is 'cgroup' "$(f /linux/cgroup/v1) $(f /linux/cgroup/v2)" 'true true'
is 'seccomp' "$(f /linux/seccomp/enabled)" true
like 'seccomp: actions' "$(f /linux/seccomp/actions)" 'SCMP_ACT_NOTIFY'
like 'seccomp: operators' "$(f /linux/seccomp/operators)" 'SCMP_CMP_MASKED_EQ'
like 'seccomp: archs' "$(f /linux/seccomp/archs)" 'SCMP_ARCH_X86_64'
like 'seccomp: flags' "$(f /linux/seccomp/knownFlags)" 'SECCOMP_FILTER_FLAG_TSYNC'
is 'idmap' "$(f /linux/mountExtensions/idmap/enabled)" true
is 'netDevices' "$(f /linux/netDevices/enabled)" true
like 'memoryPolicy' "$(f /linux/memoryPolicy/modes)" 'MPOL_INTERLEAVE'
for k in apparmor selinux intelRdt; do
	like "$k/enabled is a truth value" "$(f /linux/$k/enabled)" '^(true|false)$'
done
like 'annotations: the version' "$(f /annotations/org.opencontainers.runc.version)" \
	'^[0-9]+\.[0-9]'
like 'annotations: the library' "$(f /annotations/io.github.seccomp.libseccomp.version)" \
	'^2\.[0-9]+\.[0-9]+$'
like 'annotations: checkpoint is a truth value' \
	"$(f /annotations/org.opencontainers.runc.checkpoint.enabled)" '^(true|false)$'
like 'annotations that may harm' "$(f /potentiallyUnsafeConfigAnnotations)" \
	'"bundle".*"org.systemd.property."'
if helper as && [ "$uid" = 0 ]; then
	runc_for_all
	"$HELPERS/as" 54321 54321 "$RUNC" features >"$tmp/f2" 2>/dev/null </dev/null
	is 'an ordinary user gets the same features' "$(cat "$tmp/f2")" "$(cat "$tmp/f")"
fi
# What is listed works: no option word of the list is refused as unknown by a bind (the spec's words
# for other file systems are data there).
if [ "$uid" = 0 ]; then
	unknown=
	bundle
	for w in $(f /mountOptions | tr -d '[]"' | tr , ' '); do
		case $w in
		# Another kind of mount, or needs what this bind does not have.
		idmap | ridmap | remount | tmpcopyup) continue ;;
		copy-symlink | src-nofollow | dest-nofollow) continue ;;
		esac
		config_set /mounts/7 \
			"{\"destination\":\"/bin\",\"source\":\"$rootfs/bin\",\"options\":[\"rbind\",\"$w\"]}" \
			/process/args '["true"]'
		run
		case $w:$status in
		noexec:* | rnoexec:* | *:0) ;;
		*) unknown="$unknown $w" ;;
		esac
	done
	is 'every option word listed is known to a bind' "$unknown" ''
fi

# ---- --version (O-13) ----

"$RUNC" --version >"$tmp/v"
like '--version: the first line' "$(sed -n 1p "$tmp/v")" '^runc version [^ ]+$'
is '--version: three lines at most, for old engines' \
	"$(wc -l <"$tmp/v" | awk '{ print ($1 <= 3) }')" 1
like '--version: the version of the spec' "$(cat "$tmp/v")" '^spec: 1\.3\.0'
is '--version: each further line has a name and one word' "$(sed 1d "$tmp/v" | awk 'NF != 2')" ''

# ---- spec ----

mkdir "$tmp/s"
(cd "$tmp/s" && umask 022 && "$RUNC" spec >"$tmp/out" 2>&1)
is 'spec: exit 0, silent' "$?$(cat "$tmp/out")" 0
is 'mode' "$(stat -c %a "$tmp/s/config.json")" 644
c() { json_get "$tmp/s/config.json" "$1"; }
is 'process' "$(c /process/terminal) $(c /process/args) $(c /process/cwd) $(c \
	/process/noNewPrivileges)" 'true ["sh"] / true'
is 'env' "$(c /process/env)" \
	'["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","TERM=xterm"]'
is 'root' "$(c /root/path) $(c /root/readonly)" 'rootfs true'
is 'hostname' "$(c /hostname)" runc
is 'capabilities' "$(c /process/capabilities/bounding) $(c /process/capabilities/inheritable) $(c \
	/process/capabilities/ambient)" \
	'["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]  '
is 'mounts' "$(for i in 0 1 2 3 4 5 6 7; do c /mounts/$i/destination; done | tr '\n' ' ')" \
	'/proc /dev /dev/pts /dev/shm /dev/mqueue /sys /sys/fs/cgroup '
is 'rlimits' "$(c /process/rlimits)" '[{"type":"RLIMIT_NOFILE","hard":1024,"soft":1024}]'
is 'ten masked paths at least' \
	"$(c /linux/maskedPaths | tr , '\n' | awk 'END { print (NR >= 10) }')" 1
"$RUNC" spec --bundle "$tmp/s" >"$tmp/out" 2>&1
like 'spec does not overwrite a config.json' \
	"$? $(cat "$tmp/out")" '^1 .*config\.json exists\. Remove it first'
mkdir "$tmp/r"
"$RUNC" spec --rootless --bundle "$tmp/r"
c() { json_get "$tmp/r/config.json" "$1"; }
is 'rootless: namespaces' "$(c /linux/namespaces | grep -c '"network"') $(c /linux/namespaces |
	grep -c '"user"')" '0 1'
is 'rootless: maps' "$(c /linux/uidMappings/0/hostID) $(c /linux/uidMappings/0/size) $(c \
	/linux/gidMappings/0/containerID)" "$(id -u) 1 0"
is 'rootless: no resources' "$(c /linux/resources)" ''
unlike 'rootless: no gid= option' "$(c /mounts)" 'gid='

# The document runs as it is, except for the terminal.
if few_files; then
	skip 'what spec writes runs' "$why"
elif [ "$uid" = 0 ]; then
	bundle
	"$RUNC" spec --bundle "$tmp/s2" 2>/dev/null || {
		mkdir "$tmp/s2" && "$RUNC" spec --bundle "$tmp/s2"
	}
	cp "$tmp/s2/config.json" "$bundle/config.json"
	config_set /process/terminal false /process/args '["echo","from spec"]'
	run
	is 'what spec writes runs' "$status $out" '0 from spec' || diag "$err"
fi

nothing_left
done_testing
