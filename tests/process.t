#!/bin/sh
# process.t - everything of `process`, as the process itself sees it (checklist B2).
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle
cp "$bundle/config.json" "$tmp/good.json"
fresh() {
	cp "$tmp/good.json" "$bundle/config.json"
	config_set /root/readonly false
}
# field NAME: of a /proc/self/status in $out.
field() { echo "$out" | sed -n "s/^$1:[	 ]*//p"; }
all_caps='"CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_KILL","CAP_SETGID","CAP_SETUID"'
all_caps="$all_caps"',"CAP_NET_RAW","CAP_SYS_ADMIN","CAP_SYS_NICE"'

# ---- args (P-06) ----

argv sh -c 'for a; do echo "<$a>"; done' sh "a b" '' '"q"' 'b\s' 'tab	'
run
is 'blanks, empty, quotes, backslashes' "$out" '<a b>
<>
<"q">
<b\s>
<tab	>'
config_set /process/args '["printf","%s|","\u00e4\ud83d\ude00\n\u0001"]'
run
is 'escapes of JSON' "$out" "$(printf '\303\244\360\237\230\200\n\001|')"
argv bin/echo relative
run
is 'a relative path with a slash is taken from cwd' "$out" relative
long=$(head -c 100000 /dev/zero | tr '\0' x)
argv sh -c 'echo ${#1}' sh "$long"
run
is 'an argument of 100,000 bytes' "$out" 100000
config_set /process/args "[\"sh\",\"-c\",\"echo \$#\",\"sh\"$(awk \
	'BEGIN { for (i = 0; i < 3000; i++) printf ",\"%d\"", i }')]"
run
is '3,000 arguments' "$out" 3000

# ---- env (P-05) ----

fresh
argv env
config_set /process/env \
	"[\"PATH=/bin\",\"A=1\",\"B=x=y\",\"A=2\",\"EMPTY=\",\"SPACE=a b\",\"OCI_TEST_MARK=$mark\"]"
run
# control: runc 1.1.5 keeps it at the place of the first.
is 'env: the last of several wins, at its place; HOME is added' "$out" "PATH=/bin
B=x=y
A=2
EMPTY=
SPACE=a b
OCI_TEST_MARK=$mark
HOME=/root"
config_set /process/user '{"uid":1000,"gid":1000}'
run
like "HOME comes from the image's passwd" "$out" '^HOME=/home/user$'
config_set /process/user '{"uid":4711,"gid":4711}'
run
like 'an unknown user has HOME=/' "$out" '^HOME=/$'
config_set /process/env "[\"PATH=/bin\",\"HOME=/given\",\"OCI_TEST_MARK=$mark\"]"
run
is 'HOME of the config wins' "$(echo "$out" | grep HOME)" HOME=/given
config_set /process/env "[\"PATH=/bin\",\"HOME=\",\"OCI_TEST_MARK=$mark\"]" /process/user \
	'{"uid":1000,"gid":1000}'
run
is 'an empty HOME is replaced' "$(echo "$out" | grep HOME)" HOME=/home/user
config_set /process/env '[]' /process/args '["/bin/env"]'
run
is 'env []: only HOME' "$out" HOME=/home/user
config_del /process/env
run
# control: runc 1.1.5 adds HOME here too.
is 'no env: nothing at all' "$out" ''
config_set /process/env '["PATH=/usr/bin:/no/such:/bin"]' /process/args '["true"]'
run
is 'the program is looked up in the PATH of env' "$status" 0
config_set /process/env '["PATH=/no/such"]'
refused 'the program is not looked up elsewhere than in the PATH of env' 'executable file not found'

# A passwd of the image that is hostile: bounded (threats 1, 2026-47262).
fresh
argv sh -c 'echo $HOME'
config_set /process/user '{"uid":1000,"gid":1000}'
for kind in missing fifo directory link line huge garbage; do
	rm -rf "$rootfs/etc/passwd"
	case $kind in
	fifo) mkfifo "$rootfs/etc/passwd" ;;
	directory) mkdir "$rootfs/etc/passwd" ;;
	link) ln -s /etc/passwd "$rootfs/etc/passwd" ;;
	line) head -c 20000000 /dev/zero | tr '\0' a >"$rootfs/etc/passwd" ;;
	huge) dd if=/dev/zero of="$rootfs/etc/passwd" bs=1 count=1 seek=1073741824 2>/dev/null ;;
	garbage) head -c 100000 /dev/urandom >"$rootfs/etc/passwd" ;;
	esac
	LIMIT=10
	run
	unset LIMIT
	# control: runc 1.1.5 hangs on the FIFO.
	case $status in
	0) is "passwd: $kind" "$out" / ;;
	1) drop "$id"
	   is "passwd: $kind: refused in one line" "$(error_lines "$tmp/err")" 1 ;;
	*) drop "$id"
	   fail "passwd: $kind: status $status" ;;
	esac
done
rm -rf "$rootfs/etc/passwd"
printf '%s\n' root:x:0:0:root:/root:/bin/sh 1000:x:0:0::/evil:/bin/sh \
	user:x:1000:1000::/home/user:/bin/sh \
	>"$rootfs/etc/passwd"
run
is 'a user whose name is a number is not a uid' "$out" /home/user

# ---- cwd (P-03, P-04) ----

fresh
argv pwd
for d in / /tmp /etc; do
	config_set /process/cwd "\"$d\""
	run
	is "cwd $d" "$out" "$d"
done
config_set /process/cwd '"/new/deep/folder"'
run
is 'a missing cwd is made' "$out" /new/deep/folder
is 'a missing cwd is made with mode 0755' \
	"$(stat -c %a "$rootfs/new/deep/folder" "$rootfs/new")" '755
755'
config_set /process/cwd '"/new/../tmp/./"'
run
is 'dots in cwd are resolved' "$out" /tmp
ln -s /new/deep "$rootfs/wdlink"
config_set /process/cwd '"/wdlink"'
argv sh -c 'pwd -P'
run
is 'a link inside the root' "$out" /new/deep
config_set /process/cwd '"/etc/passwd"'
refused 'cwd is a file' 'cwd|/etc/passwd|not a directory'
mkdir -m 700 "$rootfs/private"
config_set /process/cwd '"/private"' /process/user '{"uid":1000,"gid":1000}'
argv sh -c 'readlink /proc/self/cwd'
run
# control: passes; the first chdir happens while still root.
is 'a folder only root may enter, for another user' "$status $out" '0 /private' || diag "$err"
chown 1000:1000 "$rootfs/private"
run
is 'a folder only that user may enter' "$status $out" '0 /private' || diag "$err"

# ---- user (P-08 to P-10) ----

fresh
argv cat /proc/self/status
config_set /process/user '{"uid":1000,"gid":1001,"additionalGids":[5,2000,65533]}'
run
is 'uid, four times' "$(field Uid)" '1000	1000	1000	1000'
is 'gid, four times' "$(field Gid)" '1001	1001	1001	1001'
is 'additional groups' "$(field Groups | sed 's/ *$//')" '5 2000 65533'
config_set /process/user '{"uid":0,"gid":0}'
run
is 'no additional groups: none, whatever the caller has' "$(field Groups | tr -d ' ')" ''
config_set /process/user '{"uid":4294967294,"gid":4294967294}'
run
case $status in # control: runc 1.1.5 allows up to 2147483647.
0) is 'the largest uid' "$(field Uid)" \
	'4294967294	4294967294	4294967294	4294967294' ;;
*) like 'the largest uid' "$err" 'range' ;;
esac
config_set /process/user '{"uid":0,"gid":0}'
run
is 'umask: 022 if not given' "$(field Umask)" 0022
(umask 077 && run && field Umask >"$tmp/umask")
is 'umask: 022 if not given, when the caller has another' "$(cat "$tmp/umask")" 0022
for u in 0:0000 2:0002 63:0077 511:0777; do
	config_set /process/user/umask "${u%:*}"
	run
	is "umask ${u#*:}" "$(field Umask)" "${u#*:}"
done

# Owner of the standard streams (T-06): another user may open /dev/stdout again.
fresh
argv sh -c 'echo x >/dev/stdout; echo y >/dev/stderr'
config_set /process/user '{"uid":1000,"gid":1000}'
run
is 'another user may open /dev/stdout and /dev/stderr' "$status $out" '0 x' || diag "$err"
out=$(runc run --bundle "$bundle" "$id" 2>/dev/null | cat)
is 'another user may open /dev/stdout and /dev/stderr that are pipes' "$out" x
# A file that is only read, and the caller's terminal, keep their owner. control: crun changes that
# of the file, runc too when it is detached.
argv cat
echo data >"$tmp/data"
out=$(OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" "$id" <"$tmp/data")
is 'a file on stdin is read, and stays whose it is' "$out $(stat -c %u "$tmp/data")" 'data 0'
if helper pty; then
	argv true
	# shellcheck disable=SC2016
	out=$(RUNC=$RUNC root=$root bundle=$bundle id=$id OCI_TEST_MARK=$mark timeout -s KILL 60 \
		"$HELPERS/pty" sh -c \
		'"$RUNC" --root "$root" run --bundle "$bundle" "$id"; stat -c %u "$(tty)"' \
		</dev/null 2>/dev/null | tr -d '\r')
	is 'the terminal of the caller stays whose it is' "$out" 0
else
	skip 'the terminal of the caller stays whose it is' 'the helper pty is not built'
fi

# ---- capabilities (P-13 to P-15) ----

caps() { field Cap"$1"; }
fresh
argv cat /proc/self/status
run
is 'the three default capabilities' "$(caps Bnd) $(caps Eff) $(caps Prm) $(caps Inh) $(caps Amb)" \
	'0000000020000420 0000000020000420 0000000020000420 0000000000000000 0000000000000000'
config_set /process/capabilities '{}'
run
is 'capabilities {}: none' "$(caps Bnd) $(caps Eff) $(caps Prm) $(caps Inh) $(caps Amb)" \
	'0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000'
config_del /process/capabilities
run
is 'no capabilities: the bounding set of the caller' "$(caps Bnd) $(caps Eff)" \
	"$(sed -n 's/^CapBnd:\t//p' /proc/self/status) $(sed -n 's/^CapBnd:\t//p' \
	/proc/self/status)"
config_set /process/capabilities \
	'{"bounding":["CAP_CHOWN","CAP_KILL"],"permitted":["CAP_CHOWN","CAP_KILL"],
	"effective":["CAP_KILL"],"inheritable":["CAP_CHOWN"],"ambient":["CAP_CHOWN"]}' \
	/process/user '{"uid":1000,"gid":1000}'
run
# After execve by another user the ambient set is left, and is in permitted and effective as well.
is 'five sets, another user' "$(caps Bnd) $(caps Eff) $(caps Prm) $(caps Inh) $(caps Amb)" \
	'0000000000000021 0000000000000001 0000000000000001 0000000000000001 0000000000000001'
config_set /process/capabilities \
	'{"bounding":["CAP_CHOWN"],"permitted":["CAP_CHOWN"],"effective":["CAP_CHOWN"],
	"inheritable":["CAP_CHOWN"]}'
run
is 'another user without ambient: nothing after execve (2016-8867)' \
	"$(caps Eff) $(caps Prm) $(caps Amb)" \
	'0000000000000000 0000000000000000 0000000000000000'
config_set /process/capabilities \
	'{"bounding":["CAP_CHOWN"],"permitted":["CAP_CHOWN"],"effective":["CAP_CHOWN"],
	"ambient":["CAP_KILL"]}' /process/user '{"uid":0,"gid":0}'
run
is 'ambient that cannot be raised is a warning' "$status $(caps Amb)" '0 0000000000000000' ||
	diag "$err"
for n in chown CHOWN cap_chown CAP_NO_SUCH; do
	config_set /process/capabilities "{\"bounding\":[\"$n\"],\"effective\":[],\"permitted\":[]}"
	run
	like "the name $n: a warning" "$status $err" "^0 .*level=warning .*$n"
	is "the name $n grants nothing" "$(caps Bnd)" 0000000000000000
done
config_set /process/capabilities \
	"{\"bounding\":[$all_caps],\"effective\":[$all_caps],\"permitted\":[$all_caps]}"
argv cat /proc/1/status
run
is 'no capability of the file: root keeps what bounding allows' "$(caps Inh)" 0000000000000000

# A capability the caller does not have itself cannot be given: a warning, not an error (spec 1.1).
missing=$(sed -n 's/^CapBnd:\t//p' /proc/self/status)
if [ $((0x$missing >> 24 & 1)) = 0 ]; then
	config_set /process/capabilities \
		'{"bounding":["CAP_SYS_RESOURCE"],"effective":["CAP_SYS_RESOURCE"],"permitted":["CAP_SYS_RESOURCE"]}'
	run
	# control: runc 1.1.5 fails in capset.
	is 'a capability that cannot be given: no word among those of the container' \
		"$status $err" '0 '
	runc --log "$tmp/caps.log" run --bundle "$bundle" "$id" >/dev/null 2>&1
	is 'a capability that cannot be given: one warning in a log of its own' \
		"$(grep -c 'level=warning.*CAP_SYS_RESOURCE' "$tmp/caps.log") $(grep -c . \
		"$tmp/caps.log")" '1 1'
else
	skip "a capability that cannot be given" 'the caller has all this test knows of'
fi

# ---- noNewPrivileges (P-16) ----

fresh
argv cat /proc/self/status
run
is 'noNewPrivileges true' "$(field NoNewPrivs)" 1
config_set /process/noNewPrivileges false
run
is 'noNewPrivileges false' "$(field NoNewPrivs)" 0
config_del /process/noNewPrivileges
run
is 'noNewPrivileges not given' "$(field NoNewPrivs)" 0
cp "$HELPERS/probe" "$rootfs/bin/suid"
chmod 4755 "$rootfs/bin/suid"
config_set /process/user '{"uid":1000,"gid":1000}'
argv sh -c '/bin/suid ids'
config_set /process/noNewPrivileges true
run
is 'with noNewPrivileges a setuid program gives nothing' \
	"$out" 'uid 1000 1000 1000 gid 1000 1000 1000'
config_set /process/noNewPrivileges false
run
is 'without noNewPrivileges a setuid program gives its user' \
	"$out" 'uid 1000 0 0 gid 1000 1000 1000'

# ---- rlimits (P-11) ----

fresh
argv cat /proc/self/limits
limits=''
want=''
# A value that a long cannot hold is unlimited on a 32-bit kernel.
more='5000000000 bytes'
case $(uname -m) in *64* | s390x) ;; *) more='unlimited bytes' ;; esac
while read -r type soft hard line; do
	limits="$limits${limits:+,}{\"type\":\"RLIMIT_$type\",\"soft\":$soft,\"hard\":$hard}"
	want="$want$line
"
done <<END
AS 4000000000 5000000000 Max address space 4000000000 $more
CORE 1 2 Max core file size 1 2 bytes
CPU 1000 2000 Max cpu time 1000 2000 seconds
DATA 3000000000 4000000000 Max data size 3000000000 4000000000 bytes
FSIZE 1000000 2000000 Max file size 1000000 2000000 bytes
LOCKS 10 20 Max file locks 10 20 locks
MEMLOCK 4096 8192 Max locked memory 4096 8192 bytes
MSGQUEUE 1000 2000 Max msgqueue size 1000 2000 bytes
NICE 0 0 Max nice priority 0 0
NOFILE 100 200 Max open files 100 200 files
NPROC 500 600 Max processes 500 600 processes
RSS 5000000 6000000 Max resident set 5000000 6000000 bytes
RTPRIO 0 0 Max realtime priority 0 0
RTTIME 1000000 2000000 Max realtime timeout 1000000 2000000 us
SIGPENDING 100 200 Max pending signals 100 200 signals
STACK 4000000 5000000 Max stack size 4000000 5000000 bytes
END
config_set /process/rlimits "[$limits]"
run
is 'all sixteen rlimits' "$(echo "$out" | sed 1d | tr -s ' ' | sed 's/ $//' | sort)" \
	"$(printf '%s' "$want" | sort)" || diag "$err"
config_set /process/rlimits '[]'
run
is 'no rlimits: those of the caller' "$(echo "$out" | grep -E 'open files|stack|core')" \
	"$(grep -E 'open files|stack|core' /proc/self/limits)"
config_set /process/rlimits \
	'[{"type":"RLIMIT_CORE","soft":18446744073709551615,"hard":18446744073709551615}]'
if grep -Eq '^Max core file size +[^ ]+ +unlimited' /proc/self/limits; then
	run
	like '18446744073709551615 is unlimited' "$(echo "$out" | tr -s ' ')" \
		'^Max core file size unlimited unlimited'
else
	skip '18446744073709551615 is unlimited' 'the limit of this shell cannot be raised'
fi

# ---- oomScoreAdj (P-19) ----

fresh
argv cat /proc/self/oom_score_adj
config_set /process/oomScoreAdj 500
run
is 'oomScoreAdj 500' "$out" 500
config_set /process/oomScoreAdj 1000
run
is 'oomScoreAdj 1000' "$out" 1000
config_del /process/oomScoreAdj
run
is 'oomScoreAdj not given: that of the caller' "$out" "$(cat /proc/self/oom_score_adj)"
config_set /process/oomScoreAdj -999
run
case $status in
0) is 'oomScoreAdj -999 with CAP_SYS_RESOURCE' "$out" -999 ;;
*) like 'oomScoreAdj -999 without CAP_SYS_RESOURCE is refused' "$err" 'oom' ;;
esac

# ---- scheduler, ioPriority (P-20, P-21); control: runc 1.1.5 knows neither ----

fresh
argv probe sched
for s in 'SCHED_OTHER nice 5:policy 0 flags 0 nice 5 priority 0' \
	'SCHED_BATCH nice 10:policy 3 flags 0 nice 10 priority 0' \
	"SCHED_IDLE nice 0:policy 5 flags 0 nice $(cut -d ' ' -f 19 /proc/self/stat) priority 0" \
	'SCHED_FIFO priority 7:policy 1 flags 0 nice 0 priority 7' \
	'SCHED_RR priority 3:policy 2 flags 0 nice 0 priority 3'; do
	# shellcheck disable=SC2086 # three words
	set -- ${s%%:*}
	config_set /process/scheduler "{\"policy\":\"$1\",\"$2\":$3}"
	# With CONFIG_RT_GROUP_SCHED a new group has no real time.
	[ ! -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] || config_set /linux/resources/cpu \
		'{"realtimePeriod":1000000,"realtimeRuntime":10000}'
	run
	if [ "$status" = 1 ] && echo "$err" | grep -qi 'not permitted'; then
		skip "scheduler $1" \
			"the kernel gives this process's cgroup no real time, or it has no CAP_SYS_NICE"
	else
		like "scheduler $1 $2 $3" "$out" "^sched ${s#*:}" || diag "$err"
	fi
done
config_set /process/scheduler \
	'{"policy":"SCHED_BATCH","nice":3,"flags":["SCHED_FLAG_RESET_ON_FORK"]}'
run
like 'scheduler flags' "$out" 'policy 3 flags 1 nice 3' || diag "$err"
config_set /process/scheduler \
	'{"policy":"SCHED_DEADLINE","runtime":10000000,"deadline":30000000,"period":30000000}'
run
if [ "$status" = 0 ]; then
	like 'scheduler SCHED_DEADLINE' "$out" \
		'policy 6 .*runtime 10000000 deadline 30000000 period 30000000'
else
	like 'scheduler SCHED_DEADLINE is refused with its name' "$err" 'sched|not permitted'
fi
config_set /process/scheduler '{"policy":"SCHED_OTHER","nice":20}'
refused 'nice 20' 'nice'
config_set /process/scheduler '{"policy":"SCHED_OTHER","priority":5}'
refused 'a priority for SCHED_OTHER' 'priority'
config_set /process/scheduler '{"policy":"SCHED_NO"}'
refused 'an unknown policy' 'SCHED_NO'
config_set /process/scheduler '{"policy":"SCHED_FIFO","priority":5,"runtime":1000000}'
refused 'a runtime for SCHED_FIFO' 'runtime|DEADLINE'
config_del /process/scheduler

argv probe ioprio
for p in 'IDLE 3 7' 'BE 2 3' 'BE 2 0' 'RT 1 4'; do
	# shellcheck disable=SC2086 # three words
	set -- $p
	config_set /process/ioPriority "{\"class\":\"IOPRIO_CLASS_$1\",\"priority\":$3}"
	run
	is "ioPriority $1 $3" "$out" "ioprio class $2 priority $3" || diag "$err"
done
config_set /process/ioPriority '{"class":"IOPRIO_CLASS_BE","priority":8}'
refused 'ioPriority 8' 'ioPriority|priority'
config_set /process/ioPriority '{"class":"IOPRIO_CLASS_NO","priority":1}'
refused 'an unknown class' 'IOPRIO_CLASS_NO|ioPriority'

# ---- personality, memory policy, keyring, affinity, signals ----

fresh
argv probe personality
config_set /linux/personality '{"domain":"LINUX32"}'
run
case $(uname -m) in
x86_64) is 'personality LINUX32' "$out" 'personality 8 machine i686' ;;
# On these machines execve sets LINUX, on ARM with ADDR_LIMIT_32BIT.
armv7* | riscv64) like 'personality LINUX32' "$out" '^personality (0|800000) ' ;;
*) like 'personality LINUX32' "$out" '^personality 8 ' ;;
esac
config_set /linux/personality '{"domain":"LINUX"}'
run
like 'personality LINUX' "$out" '^personality (0|800000) '
config_set /linux/personality '{"domain":"BSD"}'
refused 'an unknown personality' 'personality|BSD'
config_del /linux/personality

# memoryPolicy: spec 1.3; control: runc 1.1.5 ignores it.
argv probe mempolicy
if [ "$("$HELPERS/probe" mempolicy)" = 'mempolicy errno 38' ]; then
	skip memoryPolicy 'no NUMA in this kernel'
else
	config_set /linux/memoryPolicy '{"mode":"MPOL_BIND","nodes":"0"}'
	run
	is 'memoryPolicy MPOL_BIND' "$out" 'mempolicy mode 2 nodes 1' || diag "$err"
	config_set /linux/memoryPolicy \
		'{"mode":"MPOL_PREFERRED","nodes":"0","flags":["MPOL_F_STATIC_NODES"]}'
	run
	is 'memoryPolicy with a flag' "$out" 'mempolicy mode 32769 nodes 1' || diag "$err"
	config_set /linux/memoryPolicy '{"mode":"MPOL_DEFAULT"}'
	run
	is 'memoryPolicy MPOL_DEFAULT' "$out" 'mempolicy mode 0 nodes 0' || diag "$err"
fi
config_set /linux/memoryPolicy '{"mode":"MPOL_NO"}'
refused 'an unknown memory policy' 'MPOL_NO'
config_set /linux/memoryPolicy '{"mode":"MPOL_BIND"}'
refused 'MPOL_BIND without nodes' 'memoryPolicy|nodes'
config_set /linux/memoryPolicy '{"mode":"MPOL_LOCAL","nodes":"0"}'
refused 'MPOL_LOCAL with nodes' 'memoryPolicy|nodes'
config_del /linux/memoryPolicy

config_set /linux/intelRdt '{"closID":"x"}'
if [ -d /sys/fs/resctrl/info ]; then
	skip 'intelRdt' 'this machine has it; no test of it here yet'
else
	# control: runc 1.1.5 too.
	refused 'intelRdt where there is none' 'intelRdt|Intel RDT|resctrl'
fi
config_del /linux/intelRdt

argv probe keyring
run
case $out in
*'errno 38'*) skip 'session keyring' 'no keys in this kernel' ;;
*)
	like 'a session keyring of its own' "$out" "_ses\.$id"
	run --no-new-keyring
	unlike '--no-new-keyring keeps that of the caller' "$out" "_ses\.$id"
	;;
esac

argv probe prctl
run
is 'prctl attributes of a fresh process' "$out" \
	'dumpable 1 nnp 1 keepcaps 0 pdeathsig 0 subreaper 0 securebits 0'
argv grep -E '^(Sig(Q|Pnd|Blk|Ign|Cgt)|ShdPnd)' /proc/self/status
(trap '' HUP USR1 PIPE && run && echo "$out" >"$tmp/sig")
is 'no signal is blocked or ignored, whatever the caller does' \
	"$(signals_of "$tmp/sig")" 0

argv grep Cpus_allowed_list /proc/self/status
run
all=$out
first=$(sed -n 's/^Cpus_allowed_list:\t\([0-9]*\).*/\1/p' /proc/self/status)
status=0
OCI_TEST_MARK=$mark taskset -c "$first" "$RUNC" --root "$root" run --bundle "$bundle" "$id" \
	>"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
# P-23; control: runc 1.1.5 lets the mask of the caller through.
is 'a pinned caller does not pin the container' "$(cat "$tmp/out")" "$all"

# ---- consoleSize without a terminal is ignored; a hook's or the caller's terminal too ----

fresh
argv echo fine
config_set /process/consoleSize '{"height":10,"width":20}'
run
is 'consoleSize without a terminal is ignored' "$status $out" '0 fine'
argv probe tty
run
like 'no terminal: none of the three is one, no controlling terminal' "$out" \
	'^tty 000 ctty 0 session 1 '

nothing_left
done_testing
