#!/bin/sh
# errors.t - bad input and a host that has run out: one clear line, status 1, nothing left.
# SPDX-License-Identifier: MIT
#
# Each refusal is checked by `refused`: exit status, one line of error that names the thing, no
# output of the container, no state. Other runtimes fail some of these; a comment "control" says
# what they do.
. "$(dirname "$0")/lib.sh"
need_root
bundle
cp "$bundle/config.json" "$tmp/good.json"
fresh() { cp "$tmp/good.json" "$bundle/config.json"; }

# reject DESC PATTERN POINTER VALUE...: these values in an otherwise good config are refused. They
# need not be JSON.
reject() {
	_d=$1
	_p=$2
	shift 2
	fresh
	while [ $# -gt 0 ]; do
		json_raw "$bundle/config.json" "$1" "$2"
		shift 2
	done
	refused "$_d" "$_p"
}

# accept DESC POINTER VALUE...: these values are accepted.
accept() {
	_d=$1
	shift
	fresh
	config_set "$@"
	run_ok "$_d"
}

# ---- 1: the file itself ----

rm "$bundle/config.json"
refused 'config.json missing' 'config\.json.*(not found|no such file)'
: >"$bundle/config.json"
refused 'config.json empty' 'config\.json|EOF'
head -c 300 "$tmp/good.json" >"$bundle/config.json"
# control: runc 1.1.5 says "unexpected EOF" and no place.
refused 'config.json cut off: the place is named' 'config\.json:[0-9]+:[0-9]+'
head -c 200000 /dev/zero | tr '\0' '[' >"$bundle/config.json"
refused '200,000 brackets: refused, no stack overflow' 'config\.json.*(deep|depth|nest)'
{
	printf '{"annotations":{"a":'
	head -c 100000 /dev/zero | tr '\0' '['
	head -c 100000 /dev/zero | tr '\0' ']'
	printf '}}'
} >"$bundle/config.json"
refused '200,000 brackets below a field: refused' 'config\.json.*(deep|depth|nest)'
echo null >"$bundle/config.json"
refused 'null instead of an object' 'config'
echo '[]' >"$bundle/config.json"
refused 'an array instead of an object' 'config'
mkdir "$bundle/dir"
rm "$bundle/config.json"
mkfifo "$bundle/config.json"
LIMIT=20
refused 'config.json is a FIFO: no hang' 'config\.json'
unset LIMIT
rm "$bundle/config.json"
mkdir "$bundle/config.json"
refused 'config.json is a directory' 'config\.json: is a directory'
rmdir "$bundle/config.json"
printf '{ "ociVersion": "1.0.2", "process": { "args": [ "true" ] "cwd": "/" } }' \
	>"$bundle/config.json"
refused 'a comma forgotten: line and column' 'config\.json:1:5[0-9]'
fresh
do_runc run --bundle "$tmp/no-such-bundle" "$id"
like 'bundle missing' "$status $err" '^1 .*[Nn]o such file or directory'
do_runc run --bundle "$tmp/good.json" "$id"
like 'bundle is a file' "$status $err" '^1 .*[Nn]ot a directory'

# ---- 2: trailing data, duplicate keys (control: accepted) ----

echo '{}' >>"$bundle/config.json"
refused 'bytes after the closing brace' 'config\.json:[0-9]+:1'
fresh
sed -i 's|"cwd": "/"|"cwd": "/", "cwd": "/tmp"|' "$bundle/config.json"
refused 'a key twice' 'cwd.*(twice|duplicate|again)|(twice|duplicate).*cwd'
{
	printf '\357\273\277'
	cat "$tmp/good.json"
} >"$bundle/config.json"
refused 'a byte order mark: it is named' \
	'config\.json:1:1: save it as UTF-8 without a byte order mark'
sed 's/$/\r/' "$tmp/good.json" >"$bundle/config.json"
run_ok 'lines that end with a carriage return are fine'
fresh
sed -i 's|"cwd": "/"|"cwd": /|' "$bundle/config.json"
refused 'a string without quotes: what is there is named' \
	'process\.cwd: expected a value, not /'
fresh
sed -i "s|\"cwd\"|'cwd'|" "$bundle/config.json"
refused 'single quotes: what is there is named' \
	"expected a member name in double quotes, not 'cwd'"
fresh
printf '\n\t \n' >>"$bundle/config.json"
run_ok 'white space after the brace is fine'

# ---- 3: NUL ----

reject 'NUL in the host name' 'hostname.*(NUL|null|u0000)|(NUL|null|u0000).*hostname' /hostname \
	'"a\u0000b"'
reject 'NUL in args' 'args.*(NUL|null|u0000)|(NUL|null|u0000).*args|u0000' /process/args \
	'["tr\u0000ue"]'
reject 'NUL in a destination' '(NUL|null|u0000)' /mounts/0/destination '"/proc\u0000/../etc"'
reject 'NUL in root.path' '(NUL|null|u0000)' /root/path '"rootfs\u0000x"'

# ---- 4: wrong types and numbers ----

reject 'args is a string' 'args' /process/args '"true"'
reject 'args holds a number' 'args' /process/args '["true", 1]'
for v in '"0"' 1.5 -1 4294967296 4294967295 1e3 -0 true '[]'; do
	# control: runc 1.1.5 lets 4294967295 through to setuid and fails there.
	reject "uid $v" 'uid' /process/user/uid "$v"
done
for v in '"0"' -1 4294967296 4294967295; do
	reject "gid $v" 'gid' /process/user/gid "$v"
	reject "additional gid $v" 'additionalGids' /process/user/additionalGids "[$v]"
done
reject 'terminal is a number' 'terminal' /process/terminal 1
reject 'process is an array' 'process' /process '[]'
reject 'mounts is an object' 'mounts' /mounts '{}'
reject 'an option is a number' 'options' /mounts/1/options '[1]'
reject 'oomScoreAdj too large' 'oomScoreAdj' /process/oomScoreAdj 1001
reject 'umask too large' 'umask' /process/user/umask 4294967296
fresh
config_del /process
refused 'no process' 'process'
fresh
config_del /root
refused 'no root' 'root'
reject 'no args' 'args' /process/args '[]'
reject 'args null' 'args' /process/args null
reject 'an empty cwd' 'cwd' /process/cwd '""'
reject 'a relative cwd' 'cwd.*absolute' /process/cwd '"tmp"'
fresh
sed -i "s/\"hard\": $nofile_limit/\"hard\": 0$nofile_limit/" "$bundle/config.json"
refused 'a number with a leading zero' 'config\.json:'
fresh
printf '{"a":"\377"}' >"$bundle/config.json"
refused 'a byte that is not UTF-8' 'config\.json'
accept 'an unknown key is ignored' /noSuchKey '{"a":[1,2,{"b":null}]}' /process/noSuchKey 1

# A limit whose name is in the wrong case has its effect, as in runc; one with a typing error has
# none. create warns of both, and later commands do not warn again.
fresh
config_del /process/rlimits
config_set /process/rLimits '[{"Type":"RLIMIT_NOFILE","hard":77,"soft":77}]' \
	/process/noNewPriviliges true /proces/cwd '"/"'
argv sh -c 'ulimit -n'
run
is 'a limit in the wrong case is a limit' "$status $out" '0 77'
is 'a limit in the wrong case: one warning names the place' \
	"$(grep \
	-c 'level=warning msg="config.json:[0-9]*:[0-9]*: process.rLimits: is taken for ..rlimits..' \
	"$tmp/err")" \
	1
is 'two unknown names: one warning counts them' \
	"$(grep \
	-c 'level=warning msg="config.json:[0-9]*:[0-9]*: process.noNewPriviliges: not known and without effect (2 such names)' \
	"$tmp/err")" \
	1
is 'two unknown names: there is no other warning' "$(grep -c '' "$tmp/err")" 2
if cgroups_here && grep -q '^pids' /proc/cgroups; then
	argv sleep 1000
	config_set /linux/resources/pids/LIMIT 77
	create
	is 'a limit of a cgroup in the wrong case is there' \
		"$status $(for c in $(cgroups_left); do cat "$c/pids.max" 2>/dev/null; done |
		sort -u | tail -n 1)" '0 77'
	do_runc start "$id"
	is 'start does not warn again' "$status$err" 0
	do_runc delete --force "$id"
	is 'delete does not warn again' "$status$err" 0
else
	skip 'a limit of a cgroup in the wrong case is there' 'no cgroup pids'
	skip 'start does not warn again' 'no cgroup pids'
	skip 'delete does not warn again' 'no cgroup pids'
fi
reject 'one name in two cases' 'Cwd: duplicate key: also written .*cwd' /process/Cwd '"/tmp"'
# runc's words, after the place in config.json.
reject 'unknown scheduler: words of runc' \
	'config\.json:[0-9]+:[0-9]+: process\.scheduler\.policy: invalid scheduler policy: SCHED_NO' \
	/process/scheduler '{"policy":"SCHED_NO"}'
reject 'unknown scheduler flag: words of runc' 'scheduler\.flags\[0\]: invalid scheduler flag: X' \
	/process/scheduler '{"policy":"SCHED_OTHER","flags":["X"]}'
reject 'unknown class of I/O priority: words of runc' 'class: invalid ioPriority\.Class: X' \
	/process/ioPriority '{"class":"X","priority":1}'
reject 'unknown memory policy: words of runc' 'mode: invalid memory policy mode .*INTERLEAVE' \
	/linux/memoryPolicy '{"mode":"INTERLEAVE","nodes":"0"}'
reject 'memory policy without a mode: words of runc' 'mode: invalid memory policy mode' \
	/linux/memoryPolicy '{"nodes":"0-7"}'
reject 'unknown flag of a memory policy: words of runc' \
	'flags\[1\]: invalid memory policy flag .*badflag' \
	/linux/memoryPolicy \
	'{"mode":"MPOL_PREFERRED","nodes":"0","flags":["MPOL_F_RELATIVE_NODES","badflag"]}'
reject 'nodes that cannot be: words of runc' 'nodes: invalid memory policy node' \
	/linux/memoryPolicy '{"mode":"MPOL_BIND","nodes":"0-9876543210"}'
case $("$HELPERS/probe" mempolicy) in
*'errno 38') skip 'an empty memory policy is the default' 'this kernel has no memory policies' ;;
*) accept 'an empty memory policy is the default' /linux/memoryPolicy '{}' ;;
esac
reject 'unknown personality: words of runc' 'domain: invalid personality domain BSD' \
	/linux/personality '{"domain":"BSD"}'
reject 'unknown action of seccomp: words of runc' \
	'defaultAction: string X is not a valid action for seccomp' \
	/linux/seccomp '{"defaultAction":"X"}'
reject 'unknown operator of seccomp: words of runc' \
	'op: string X is not a valid operator for seccomp' \
	/linux/seccomp \
	'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":1,"op":"X"}]}]}'

# ---- 5: ociVersion (control: not looked at) ----

for v in '"banana"' '"9.9.9"' '"2.0.0"' '"0.5.0"' '""' 1; do
	reject "ociVersion $v" 'ociVersion' /ociVersion "$v"
done
fresh
config_del /ociVersion
refused 'no ociVersion' 'ociVersion'
for v in 1.0.0 1.0.2-dev 1.1.0 1.2.0 1.2.1+dev 1.3.0 1.9.0; do
	accept "ociVersion $v" /ociVersion "\"$v\""
done

# ---- 6: ids ----

fresh
long=$(head -c 1025 /dev/zero | tr '\0' a)
for i in '' . .. a/b /a 'a b' 'a	b' 'a*' 'ä' ../a "$long"; do
	do_runc run --bundle "$bundle" "$i"
	like "id '$(printf %.20s "$i")' is refused" "$status $err" \
		'^1 .*(container id|container ID|too long)'
	is "id '$(printf %.20s "$i")': one line of error" "$(error_lines "$tmp/err")" 1
done
do_runc run --bundle "$bundle" "$id
x"
like 'an id with a newline is refused' "$status $err" '^1 .*container ID'
for i in "$id" "$id.x" "$id+x" "$id-X_9" "1$id"; do
	do_runc run --bundle "$bundle" "$i"
	is "id $i is fine" "$status" 0
done
do_runc run --bundle "$bundle"
isnt 'run without an id is refused' "$status" 0
do_runc run --bundle "$bundle" "$id" "$id-2"
isnt 'run with two ids is refused' "$status" 0

# ---- 7: see create-start.t ----
# ---- 8: root.path ----

reject 'root.path missing' 'no-such-root.*|root' /root/path '"no-such-root"'
reject 'root.path is a file' 'config\.json|not a directory' /root/path '"config.json"'
reject 'root.path empty' 'root' /root/path '""'
fresh
ln -s loop "$bundle/loop"
config_set /root/path '"loop"'
refused 'root.path is a symbolic link to itself' 'loop|symlink|symbolic'
reject 'root.path is a FIFO' 'fifo|not a directory' /root/path \
	"\"$(mkfifo "$tmp/fifo" && echo "$tmp/fifo")\""

# ---- 9: the program ----

reject 'program not found in PATH' 'no-such-program.*executable file not found in' /process/args \
	'["no-such-program"]'
reject 'program by path not found' '/no/such.*no such file or directory' /process/args \
	'["/no/such"]'
# control: "permission denied".
reject 'program is a directory' '/etc.*is a directory' /process/args '["/etc"]'
touch "$rootfs/bin/plain"
reject 'program not executable' '/bin/plain.*permission denied' /process/args '["/bin/plain"]'
reject 'program name empty' 'args|exec' /process/args '[""]'
ln -s /proc/self/exe "$rootfs/bin/selflink" 2>/dev/null
fresh
config_set /process/args '["no-such-program"]'
create
is 'a program that does not exist is an error of create, not of start' "$status" 1
is 'a program that does not exist: create leaves nothing' "$(status_of "$id")" none

# ---- 10: interpreter missing, foreign machine ----

printf '#!/no/such/interpreter\n' >"$rootfs/bin/badscript"
printf 'echo hi\n' >"$rootfs/bin/noscript"
printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\052\0\1\0\0\0' >"$rootfs/bin/foreign"
chmod 755 "$rootfs/bin/badscript" "$rootfs/bin/noscript" "$rootfs/bin/foreign"
# control: runc 1.1.5 says "no such file or directory" and not what is missing.
reject 'interpreter of a script missing: it is named' \
	'/no/such/interpreter|badscript.*no such file' \
	/process/args '["/bin/badscript"]'
printf '#!/bin/sh\r\necho hi\r\n' >"$rootfs/bin/crlf"
chmod 755 "$rootfs/bin/crlf"
reject 'a script whose lines end with a carriage return: that is named' \
	'/bin/crlf.*no such file.*first line ends with a carriage return' /process/args \
	'["/bin/crlf"]'
reject 'no interpreter line: exec format error' 'exec format error' /process/args \
	'["/bin/noscript"]'
reject 'program of another machine: exec format error' 'exec format error' /process/args \
	'["/bin/foreign"]'

# ---- 11: cwd: process.t and attack-cwd.t ----
# ---- 12: mounts ----

reject 'mount source missing' '/no/such/source' \
	/mounts/- \
	'{"destination":"/mnt","type":"bind","source":"/no/such/source","options":["bind"]}'
reject 'file system unknown' 'nosuchfs|/mnt' \
	/mounts/- '{"destination":"/mnt","type":"nosuchfs","source":"none"}'
reject 'option of a file system unknown' '/mnt' /root/readonly false \
	/mounts/- \
	'{"destination":"/mnt","type":"tmpfs","source":"none","options":["nosuchoption=1"]}'
reject 'unknown option on a bind' 'nosuchoption|filesystem-specific|/mnt' \
	/mounts/- '{"destination":"/mnt","source":"/tmp","options":["bind","nosuchoption"]}'
reject 'directory onto a file' '/etc/passwd|mounts\[7\]' \
	/mounts/- '{"destination":"/etc/passwd","source":"/tmp","options":["bind"]}'
reject 'type bind without the option is not a bind' '/mnt|mounts\[7\]' /root/readonly false \
	/mounts/- '{"destination":"/mnt","type":"bind","source":"/tmp"}'
reject 'destination empty' 'destination|mount' /mounts/- \
	'{"destination":"","type":"tmpfs","source":"none"}'
reject 'destination is the root' 'mount' /mounts/- \
	'{"destination":"/","type":"tmpfs","source":"none"}'

# The message names the wrong value, not only its place.
reject 'a mount inside /proc: the path is named' \
	'mounts\[7\]\.destination .*/proc/self/attr.*: cannot be mounted because it is inside /proc' \
	/mounts/- '{"destination":"/proc/self/attr","type":"tmpfs","source":"none"}'
reject 'a relative cwd: the path is named' 'process\.cwd .*"tmp.*": must be an absolute path' \
	/process/cwd '"tmp"'
reject 'oomScoreAdj out of range: the number is named' 'oomScoreAdj 1001: must be' \
	/process/oomScoreAdj 1001
reject 'a wrong type: the string is named' 'uid: must be an integer .* not the string .*"seven' \
	/process/user/uid '"seven"'

# ---- 15: namespaces ----

reject 'namespace unknown' 'netwerk' /linux/namespaces/1/type '"netwerk"'
reject 'namespace twice' 'namespace|duplicated' /linux/namespaces/- '{"type":"pid"}'
reject 'namespace path missing' '/no/such/ns' /linux/namespaces/1/path '"/no/such/ns"'
reject 'namespace path of another type' 'namespaces|/ns/uts' /linux/namespaces/1/path \
	"\"/proc/$$/ns/uts\""
reject 'namespace path is not a namespace' '/etc/hostname|namespaces' /linux/namespaces/1/path \
	'"/etc/hostname"'
reject 'mapping without a user namespace' 'user|uidMappings' \
	/linux/uidMappings '[{"containerID":0,"hostID":1000,"size":1}]'
reject 'user namespace without mapping' 'user|uidMappings|mapping' /linux/namespaces/- \
	'{"type":"user"}'
reject 'time offsets without a time namespace' 'time' /linux/timeOffsets '{"boottime":{"secs":10}}'

# ---- 17: labels where the LSM is absent ----

if [ -e /sys/kernel/security/apparmor ] || [ -e /sys/module/apparmor/parameters/enabled ]; then
	reject 'AppArmor profile unknown' 'apparmor' /process/apparmorProfile '"no-such-profile"'
else
	reject 'AppArmor profile asked, no AppArmor here' 'apparmor' /process/apparmorProfile \
		'"some-profile"'
fi
if [ -e /sys/fs/selinux/enforce ]; then
	reject 'SELinux label invalid' 'selinux|label' /process/selinuxLabel '"no:such:label"'
else
	# control: runc 1.1.5 of Debian starts without it when the label is empty only.
	reject 'SELinux label asked, no SELinux here' 'selinux' \
		/process/selinuxLabel '"system_u:system_r:container_t:s0"'
fi

# ---- 18: names in capabilities and seccomp ----

fresh
config_set /process/capabilities/bounding '["CAP_KILL","CAP_NO_SUCH"]'
run
is 'an unknown capability: the container runs' "$status" 0
like 'an unknown capability: a warning names it' "$err" 'CAP_NO_SUCH'
is 'an unknown capability: one line of warning' "$(wc -l <"$tmp/err" | tr -d ' ')" 1
accept 'an unknown system call in seccomp is skipped' \
	/linux/seccomp \
	'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["no_such_call"],"action":"SCMP_ACT_ERRNO"}]}'
reject 'seccomp action unknown' 'seccomp.*|SCMP_ACT_NO' /linux/seccomp \
	'{"defaultAction":"SCMP_ACT_NO"}'
reject 'seccomp architecture unknown' 'SCMP_ARCH_PDP11|arch' \
	/linux/seccomp \
	'{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_PDP11"],"syscalls":[{"names":["sync"],"action":"SCMP_ACT_ERRNO"}]}'

# ---- 19: sysctl ----

# All of these are decoys: a runtime that accepts them finds no such file.
for k in kernel.ocit_decoy vm.ocit_decoy kernel.hostname.x fs.ocit-decoy net/../kernel/ocit_decoy \
	../kernel/ocit_decoy kernel.msgmax/../ocit_decoy 'net..ocit_decoy' net. .net; do
	reject "sysctl $k" 'sysctl.*(namespace|not known|allowed|invalid|not the name)' \
		/linux/sysctl "{\"$k\":\"1\"}"
done
# control: runc 1.1.5 writes it.
reject 'a newline in the value of a sysctl' 'sysctl' /linux/sysctl '{"net.ipv4.ip_forward":"1\n0"}'
fresh
config_set /linux/namespaces '[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"}]' \
	/linux/sysctl '{"net.ipv4.ocit_decoy":"1"}'
refused 'sysctl net.* in the network namespace of the host' 'sysctl'
fresh
config_set /linux/sysctl '{"net.ipv4.no_such_thing":"1"}'
refused 'sysctl that does not exist' 'no_such_thing'

# ---- 20: rlimits, env ----

reject 'rlimit unknown' 'RLIMIT_NO' /process/rlimits '[{"type":"RLIMIT_NO","soft":1,"hard":1}]'
reject 'rlimit soft over hard' 'rlimit|RLIMIT_NOFILE' /process/rlimits \
	'[{"type":"RLIMIT_NOFILE","soft":20,"hard":10}]'
# control: applies both.
reject 'rlimit twice' 'rlimit' \
	/process/rlimits \
	'[{"type":"RLIMIT_NOFILE","soft":10,"hard":10},{"type":"RLIMIT_NOFILE","soft":20,"hard":20}]'
reject 'rlimit negative' 'rlimit' /process/rlimits '[{"type":"RLIMIT_NOFILE","soft":-1,"hard":10}]'
reject 'env without =' 'env' /process/env '["PATH=/bin","NOEQUALS"]'
reject 'env with an empty name' 'env' /process/env '["PATH=/bin","=x"]'

# ---- 21: pid file, console socket ----

fresh
argv sleep 1000
do_runc run --detach --bundle "$bundle" --pid-file "$tmp/no/such/dir/pid" "$id"
like 'pid file in a folder that is not there' "$status $err" '^1 .*/no/such/dir'
is 'a pid file that cannot be written: no container is left' \
	"$(status_of "$id"):$(processes_left)" none:
do_runc create --bundle "$bundle" --console-socket "$tmp/no-socket" "$id"
is 'console socket without a terminal' "$status" 1
config_set /process/terminal true
do_runc create --bundle "$bundle" --console-socket "$tmp/no-socket" "$id"
like 'console socket that is not there' "$status $err" '^1 .*no-socket|^1 .*no such file'
do_runc create --bundle "$bundle" --console-socket "$tmp/good.json" "$id"
is 'console socket that is a file' "$status" 1
create
like 'create of a terminal without a console socket' "$status $err" \
	'^1 .*cannot allocate tty if runc will detach without setting console socket'
is 'create of a terminal without a console socket leaves nothing' \
	"$(status_of "$id"):$(processes_left):$(cgroups_left)" none::

# ---- 22: limits that cannot be set ----

fresh
argv sh -c 'exit 0'
config_set /linux/resources/memory '{"limit":4096}'
run
isnt 'memory limit 4096: fails' "$status" 0
like 'memory limit 4096: memory is the reason' "$err" '[Mm]emory|OOM|oom'
is 'memory limit 4096: one line of error' "$(error_lines "$tmp/err")" 1
# The kernel may have killed the runtime's own child, which takes a moment to end.
nothing_left 'memory limit 4096: nothing is left'
reject 'swap below the limit' 'swap' /linux/resources/memory '{"limit":67108864,"swap":33554432}'
reject 'a memory limit below -1' 'memory' /linux/resources/memory '{"limit":-2}'

# ---- 23: see create-start.t, kill.t, delete.t ----

for v in start kill delete state; do
	do_runc $v "$id-unknown"
	like "$v of an unknown id" "$status $err" '^1 .*container does not exist'
	is "$v of an unknown id: one line of error" "$(error_lines "$tmp/err")" 1
done

# ---- the command line (G-08 to G-13) ----

do_runc nosuchverb
is 'unknown command: exit 3' "$status" 3
like 'unknown command: message' "$out$err" "No help topic for 'nosuchverb'|nosuchverb"
do_runc run --no-such-flag "$id"
is 'unknown flag: exit 1' "$status" 1
like 'unknown flag: message' "$out$err" 'no-such-flag'
do_runc create
is 'no argument: exit 1' "$status" 1
like 'no argument: message' "$out$err" 'requires exactly 1 argument'
"$RUNC" --root / list >"$tmp/out" 2>"$tmp/err"
is '--root / is refused' "$?" 1
"$RUNC" --log-format yaml list >"$tmp/out" 2>"$tmp/err"
like '--log-format yaml is refused' "$? $(cat "$tmp/err")" '^1 .*invalid log-format'
for o in --help -h --version -v help; do
	"$RUNC" $o >"$tmp/out" 2>"$tmp/err"
	is "$o: exit 0" "$?" 0
	ok "$o: says something on stdout" test -s "$tmp/out"
done
"$RUNC" >"$tmp/out" 2>"$tmp/err"
is 'no arguments: help, exit 0' "$?" 0
ok 'no arguments: help is on stdout' test -s "$tmp/out"

# ---- ordinary mistakes: the message names the mistake, and what helps if that is known ----

fresh
argv sleep 1000
create
do_runc exec --cwd /nowhere "$id" true
like 'exec --cwd: the directory is named' "$status $err" \
	'^255 .*chdir to cwd .*/nowhere.* failed: no such file'
unlike 'exec --cwd: config.json is not blamed' "$err" 'config\.json'
drop "$id"
mkdir "$tmp/empty"
do_runc run -b "$tmp/empty" "$id"
like 'run -b of a directory without config.json: the directory is named' "$status $err" \
	"^1 .*config.json not found.*$tmp/empty"
for v in start kill delete state; do
	do_runc $v "$id-unknown"
	like "$v of an unknown id: the id is named" "$status $err" \
		"^1 .*container does not exist: $id-unknown"
done
do_runc run --detatch "$id"
like 'a wrong flag: it and the nearest one are named' "$status $err" \
	'^1 .*flag provided but not defined: -detatch .did you mean --detach\?'
is 'a wrong flag: first the line of runc' "$(head -n 1 "$tmp/out")" \
	'Incorrect Usage: flag provided but not defined: -detatch (did you mean --detach?)'
is 'a wrong flag: then one line of usage, which names --help' \
	"$(grep -c '' "$tmp/out") $(tail -n 1 "$tmp/out")" \
	'3 Usage: runc run [OPTIONS] ID (--help shows all)'
"$RUNC" --help >"$tmp/out" 2>&1
is 'what is accepted without effect stands in one place of the help' \
	"$(grep -n 'criu' "$tmp/out" | cut -d: -f2-)" \
	'Accepted for compatibility, without effect: --criu FILE'
for verb in list 'run --bundle /nowhere x'; do
	# shellcheck disable=SC2086 # words
	"$RUNC" --root "$root" --criu /no/criu $verb >/dev/null 2>"$tmp/err"
	is "${verb%% *} warns of an option without effect once" "$(grep -c \
		'level=warning msg="--criu /no/criu is deprecated and ignored: criu is searched in PATH"' \
		"$tmp/err")" 1
done
# mistake PATTERN COMMAND WORD...: the sentence says what is wrong, and what it should be.
mistake() {
	_p=$1
	shift
	_s=0
	timeout -s KILL 60 "$@" >"$tmp/out" 2>"$tmp/err" </dev/null 3>&- || _s=$?
	like "$(basename "$1"): it says $_p" "$_s $(grep -v '^Usage' "$tmp/err" | tail -n 1)" \
		"^[1-9].*$_p"
}
# The following messages are those of ocibox alone.
case $(readlink -f "$RUNC") in */ocibox*) ours=1 ;; *) ours= ;; esac
while IFS='|' read -r pattern words; do
	# shellcheck disable=SC2086 # words
	[ -z "$ours" ] || mistake "$pattern" $words
done <<E
change to the bundle /nowhere: no such file|$RUNC --root $root run -b /nowhere x
invalid container ID format: ..*/x|$RUNC --root $root run -b $bundle ../x
the commands are: create, run|$RUNC rum x
start.* requires exactly 1 argument|$RUNC start
did you mean --root|$RUNC --rooot x list
must be a duration such as 500ms|$RUNC --root $root events --interval x y
unable to stat preserved-fd 0 .of 3.|$RUNC --root $root run --preserve-fds 3 -b $bundle x
root filesystem /nowhere: no such file|$RUNC --root $root run --rootfs /nowhere -- true
12Q.*must be a size such as 32M|$RUNC --root $root run --rootfs $rootfs --mem 12Q -- true
many.*must be a number above 0|$RUNC --root $root run --rootfs $rootfs --pids many -- true
0.*must be a number from 0.01|$RUNC --root $root run --rootfs $rootfs --cpus 0 -- true
bridge.*must be none or host|$RUNC --root $root run --rootfs $rootfs --net bridge -- true
nosuch.* is not a number from 0|$RUNC --root $root run --rootfs $rootfs --user nosuch -- true
must be SOURCE:/DESTINATION|$RUNC --root $root run --rootfs $rootfs --mount /a -- true
is neither a directory nor an image|$RUNC --root $root run --rootfs $tmp/good.json -- true
open the bundle /nowhere: no such file|$RUNC spec --bundle /nowhere
open the log /nowhere/x: no such file|$RUNC --log /nowhere/x list
a pointer begins with '/', such as|$OCI_SPEC set --bundle $bundle nopointer 1
the commands are: check, get, set|$OCI_SPEC foo
did you mean --privileged|$OCI_SPEC --privilegd
did you mean oci-init status|$OCI_INIT stauts
is oci-init process 1 here|$OCI_INIT status
start.* requires exactly 1 argument|$OCI_INIT start
foo.* is not an exit code from 0 to 255|$OCI_INIT -e foo true
open /nowhere.json: no such file|$OCI_INIT check /nowhere.json
-9 .a signal stands after the ID: kill ID 9|$RUNC --root $root kill x -9
-KILL .a signal stands after the ID|$RUNC --root $root kill -KILL x
did you mean --no-pivot|$RUNC run --no-pivo -b $bundle x
there is no value for /hostname|$OCI_SPEC set --bundle $bundle /hostname
No help topic for 'nosuch'; the commands are: check|$OCI_SPEC --stdout nosuch
options come after the command|$OCI_SPEC --stdout get
uid: must be an integer .* not the string "root"|$OCI_SPEC set -b $bundle /process/user/uid root
must be a number: for 32M write 33554432|$OCI_SPEC set -b $bundle /linux/resources/memory/limit 32M
did you mean "RLIMIT_NOFILE"|$OCI_SPEC set -b $bundle /process/rlimits/0/type NOFILE
type: "z" is not known: it takes c, u, b or p|$OCI_SPEC set -b $bundle /linux/devices/- {"type":"z"}
must be an object, not an array|$OCI_SPEC set -b $bundle /process/capabilities ["CAP_KILL"]
there is nothing at "/nosuch"|$OCI_SPEC del -b $bundle /nosuch
/process/args/9: "9" must be a number up to 2, or - to|$OCI_SPEC set -b $bundle /process/args/9 x
specification file .*config.json not found|$OCI_SPEC check $tmp
E
echo '{ "networks": [ 1 ], "hostname": [ 2 ],
	"containers": [ { "name": "x", "restart": "sometimes" } ] }' >"$tmp/boot.json"
"$OCI_INIT" check --bundles "$tmp" "$tmp/boot.json" >"$tmp/out" 2>&1
like 'boot.json: an unknown setting whose value is a list' "$(cat "$tmp/out")" \
	'networks: there is no such setting'
like 'boot.json: a setting whose value is a list' "$(cat "$tmp/out")" \
	'hostname: .* it takes a text'
like 'boot.json: a word that is wrong' "$(cat "$tmp/out")" \
	'restart: "sometimes" is not a value for it: it takes no, on-failure or always'
if cgroups_here && grep -q '^cpuset' /proc/cgroups; then
	fresh
	config_set /linux/resources/cpu '{"cpus":"0-4000"}'
	refused 'CPUs that are not here: those above are named' \
		'write 0-4000 to cpuset\.cpus: .*the cgroup above has [0-9]'
else
	skip 'CPUs that are not here: those above are named' 'no cgroup cpuset'
fi
mkdir -p "$tmp/bare/bin"
mount -t tmpfs -o mode=755 none "$tmp/bare"
mount -o remount,ro "$tmp/bare"
fresh
config_set /root/path "\"$tmp/bare\""
refused 'a read-only root without mount points: what helps is named' \
	'create directory /[a-z/]*: read-only file system .*make /[a-z/]* and the other mount points in it, or use --overlay'
umount "$tmp/bare"
fresh
# This value is too long for an argument of a program.
config_set /process/user/additionalGids '[77777]'
awk '{ at = index($0, "77777") }
	!at { print; next }
	{ printf "%s", substr($0, 1, at - 1)
	  for (i = 1; i < 65538; i++) printf "%d,", i
	  print 1 substr($0, at + 5) }' "$bundle/config.json" >"$tmp/many.json"
mv "$tmp/many.json" "$bundle/config.json"
refused 'more groups than the kernel takes: how many it takes is named' \
	'at most 65536 groups, and these are 65538'

fresh
config_set /linux/namespaces '[{"type":"uts"},{"type":"mount"},{"type":"user"},{"type":"pid"}]' \
	/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
	/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]'
json_del "$bundle/config.json" /linux/resources
if command -v setpriv >/dev/null && setpriv --bounding-set=-setuid true 2>/dev/null; then
	OCI_TEST_MARK=$mark setpriv --bounding-set=-setuid "$RUNC" --root "$root" run \
		--bundle "$bundle" "$id" \
		>"$tmp/out" 2>"$tmp/err" </dev/null
	like 'root without CAP_SETUID: the capability is named, not newuidmap' \
		"$? $(cat "$tmp/err")" \
		'^1 .*write uid_map .*operation not permitted .root needs .*CAP_SETUID'
	drop "$id"
else
	skip 'root without CAP_SETUID: the capability is named, not newuidmap' \
		'no setpriv that drops one'
fi
if unshare -p true 2>/dev/null; then
	unshare -p sh -c 'sleep 1000 & echo $! >"$0"; wait' "$tmp/inner" >/dev/null 2>&1 \
		</dev/null &
	holder=$!
	wait_for test -s "$tmp/inner"
	config_set /linux/namespaces/3/path "\"/proc/$(cat "$tmp/inner")/ns/pid\""
	refused 'a pid namespace of the host and a new user namespace: the right reason' \
		'proc.*operation not permitted .a new proc needs a pid namespace owned by the container'
	kill -KILL "$(cat "$tmp/inner")"
	wait $holder 2>/dev/null
else
	skip 'a pid namespace of the host and a new user namespace: the right reason' \
		'no pid namespaces'
fi

# ---- the log (G-03, O-14, X-01) ----

fresh
config_set /process/args '["/no/such"]'
OCI_TEST_MARK=$mark "$RUNC" --root "$root" --log "$tmp/log" --log-format json run \
	--bundle "$bundle" "$id" \
	>"$tmp/out" 2>"$tmp/err" </dev/null
is 'with --log: exit 1' "$?" 1
is 'the log has one error' "$(grep -c '"level":"error"' "$tmp/log")" 1
grep '"level":"error"' "$tmp/log" | tail -n 1 >"$tmp/line"
like 'the log: the message of an error is the error' \
	"$(json_get "$tmp/line" /msg)" '/no/such.*no such file or directory'
like 'the log: the time of an error is RFC 3339' "$(json_get "$tmp/line" /time)" \
	'^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})$'
like 'the log: the message is on stderr too' \
	"$(cat "$tmp/err")" '/no/such.*no such file or directory'
is 'the log: stderr has one line' "$(wc -l <"$tmp/err" | tr -d ' ')" 1
OCI_TEST_MARK=$mark "$RUNC" --root "$root" --log-format json run --bundle "$bundle" "$id" \
	>"$tmp/out" 2>"$tmp/err" </dev/null
is 'without --log: the JSON line is on stderr' "$(json_get "$tmp/err" /level)" error
OCI_TEST_MARK=$mark "$RUNC" --root "$root" --log "$tmp/log.txt" run --bundle "$bundle" "$id" \
	>"$tmp/out" 2>"$tmp/err" </dev/null
like 'the text log' "$(cat "$tmp/log.txt")" '^time="[0-9T:.+-]+Z?" level=error msg="[^"]*.*/no/such'
is 'the log is appended to and 0644 at most' "$(find "$tmp/log" -perm /022)" ''
"$RUNC" --root "$root" --log "$tmp/no/such/log" list >"$tmp/out" 2>"$tmp/err"
is 'a log that cannot be opened: exit 1' "$?" 1

# ---- 24, 25: an exhausted host ----

fresh
argv echo hi
mkdir -p "$tmp/ro"
mount -t tmpfs -o ro none "$tmp/ro"
OCI_TEST_MARK=$mark "$RUNC" --root "$tmp/ro/x" run --bundle "$bundle" "$id" >"$tmp/out" \
	2>"$tmp/err" </dev/null
like 'state root on a read-only file system' "$? $(cat "$tmp/err")" '^1 .*[Rr]ead-only file system'
umount "$tmp/ro"
mount -t tmpfs -o size=4k,nr_inodes=3 none "$tmp/ro"
OCI_TEST_MARK=$mark "$RUNC" --root "$tmp/ro/x" run --bundle "$bundle" "$id" >"$tmp/out" \
	2>"$tmp/err" </dev/null
like 'state root full' "$? $(cat "$tmp/err")" '^1 .*[Nn]o space left on device'
is 'state root full: one line of error' "$(error_lines "$tmp/err")" 1
is 'state root full: nothing is left in it' "$(ls "$tmp/ro/x" 2>/dev/null)" ''
umount "$tmp/ro"

if [ -e /proc/sys/user/max_net_namespaces ]; then
	# A new user namespace has its own limits, so the host's do not change.
	cat >"$tmp/poor" <<-END
		echo 0 >/proc/sys/user/max_net_namespaces || exit 77
		exec "$RUNC" --root "$root" run --bundle "$bundle" "$id"
	END
	config_set /linux/namespaces/- '{"type":"user"}' /linux/uidMappings \
		'[{"containerID":0,"hostID":0,"size":1}]' \
		/linux/gidMappings '[{"containerID":0,"hostID":0,"size":1}]'
	# The group of devpts is not in this map.
	config_set /mounts/2/options '["nosuid","noexec","newinstance","ptmxmode=0666"]'
	mkdir -p "$root"
	OCI_TEST_MARK=$mark unshare -Ur sh "$tmp/poor" >"$tmp/out" 2>"$tmp/err" </dev/null
	s=$?
	if [ $s = 77 ]; then
		skip 'namespaces exhausted' 'the limit cannot be set in a user namespace here'
	else
		is 'namespaces exhausted: exit 1' "$s" 1
		# control: runc 1.1.5 reports "no space left on device".
		like 'namespaces exhausted: the limit is named' "$(cat "$tmp/err")" \
			'max_net_namespaces|max_.*namespaces'
	fi
fi

fresh
argv echo hi
config_set /process/rlimits '[]'
for n in 3 4 5 6 8 10 12; do
	(
		# shellcheck disable=SC3045 # dash and ash have it
		ulimit -S -n "$n"
		OCI_TEST_MARK=$mark exec "$RUNC" --root "$root" run --bundle "$bundle" "$id"
	) >"$tmp/out" 2>"$tmp/err" </dev/null
	s=$?
	case "$s $(cat "$tmp/out")" in
	'0 hi') pass "$n descriptors are enough" ;;
	*) is "$n descriptors: one line of error and status 1, or success" \
		"$s $(error_lines "$tmp/err")" '1 1' ||
		diag "$(cat "$tmp/err")" ;;
	esac
	is 'after these failures nothing is left' "$(states_left)$(cgroups_left)" ''
	drop "$id"
done

# ---- --debug: each line says where it comes from (G-05); engines see no more keys without it ----

bundle
argv /no/such
do_runc --debug --log "$tmp/debug.json" --log-format json run --bundle "$bundle" "$id"
is '--debug: every line has file and func' \
	"$(grep -cv '^{"file":"[a-z_/]*\.c:[0-9]*","func":"[a-z_]*","level":' "$tmp/debug.json")" 0
ok '--debug: lines of init are among them' test "$(grep -c '"level":"debug"' "$tmp/debug.json")" \
	-gt 0
do_runc --debug run --bundle "$bundle" "$id"
like '--debug: lines of the text log have file and func' "$err" \
	'^time="[^"]*" level=error msg=.* func="[a-z_]+" file="[a-z_/]*\.c:[0-9]+"$'
do_runc --log-format json run --bundle "$bundle" "$id"
unlike 'without --debug no line has file or func' "$err" '"file"|"func"'

nothing_left
done_testing
