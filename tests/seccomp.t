#!/bin/sh
# seccomp.t - filters: actions, conditions, flags, architectures, the ENOSYS answer, notify.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
grep -q '^Seccomp:' /proc/self/status || skip_all 'this kernel has no seccomp'
bundle
cp "$bundle/config.json" "$tmp/good.json"

# profile JSON...: the rules on a default of ALLOW. rule NAME ACTION [EXTRA].
profile() {
	cp "$tmp/good.json" "$bundle/config.json"
	config_set /root/readonly false /linux/seccomp "$1"
}
allow_but() { profile "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[$1]}"; }
call() { argv probe call "$@"; }

argv grep -E '^(Seccomp|NoNewPrivs)' /proc/self/status
run
is 'no profile: no filter' "$(echo "$out" | sed -n 's/^Seccomp:\t//p')" \
	"$(sed -n 's/^Seccomp:\t//p' /proc/self/status)"
config_set /linux/seccomp '{"defaultAction":"SCMP_ACT_ALLOW"}'
run
is 'a profile that allows all: starts' "$status" 0 || diag "$err"
config_set /linux/seccomp null
run
is 'null: no filter' "$(echo "$out" | sed -n 's/^Seccomp:\t//p')" 0

# ---- actions ----

allow_but '{"names":["sched_yield"],"action":"SCMP_ACT_ERRNO"}'
argv grep '^Seccomp:' /proc/self/status
run
is 'a filter is on' "$out" 'Seccomp:	2'
call sched_yield
run
is 'ERRNO without errnoRet: EPERM' "$out" 'sched_yield errno 1'
call getppid
run
is 'ERRNO for one call: others are let through' "$out" 'getppid 0'
for e in 0:'sched_yield 0' 2:'sched_yield errno 2' 133:'sched_yield errno 133'; do
	allow_but \
		"{\"names\":[\"sched_yield\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":${e%%:*}}"
	call sched_yield
	run
	is "errnoRet ${e%%:*}" "$out" "${e#*:}"
done
# crun, runc: 128+SIGSYS for a kill of PID 1's child as the shell sees it; PID 1 itself alike.
for a in SCMP_ACT_KILL SCMP_ACT_KILL_THREAD SCMP_ACT_KILL_PROCESS SCMP_ACT_TRAP; do
	allow_but "{\"names\":[\"sched_yield\"],\"action\":\"$a\"}"
	argv sh -c 'probe call sched_yield; echo $?'
	run
	is "$a: SIGSYS" "$(echo "$out" | tail -n 1)" 159
done
allow_but '{"names":["sched_yield"],"action":"SCMP_ACT_LOG"}'
call sched_yield
run
is 'LOG lets it through' "$out" 'sched_yield 0'
allow_but '{"names":["sched_yield"],"action":"SCMP_ACT_TRACE","errnoRet":7}'
call sched_yield
run
is 'TRACE without a tracer: ENOSYS' "$out" 'sched_yield errno 38'
allow_but '{"names":["sched_yield","getppid","no_such_call"],"action":"SCMP_ACT_ERRNO"}'
argv sh -c 'probe call sched_yield; probe call getppid; probe call getsid 0'
run
like 'several names in one rule' "$out" 'getppid errno 1'
like 'several names in one rule: the first is denied too' "$out" 'sched_yield errno 1'
unlike 'several names in one rule: other calls are allowed' "$out" 'getsid errno'
allow_but '{"names":["sched_yield"],"action":"SCMP_ACT_KILL","errnoRet":5}'
# S-04 (the spec says MUST); control: runc ignores it.
refused 'errnoRet for an action that has none' 'errnoRet'

# ---- conditions (S-06, S-07) ----

# An argument of a 32-bit machine has 32 bits: the fifth byte of an ELF file says 1.
narrow=
[ "$(head -c 5 "$BUSYBOX" | tail -c 1 | od -An -tu1 | tr -d ' ')" != 1 ] || narrow=1
while read -r op value two arg want; do
	case $narrow$value$arg in
	1*429496729[56]*)
		skip "$op $value with $arg" 'an argument has 32 bits here'
		continue
		;;
	esac
	allow_but "{\"names\":[\"getpgid\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":99,
		\"args\":[{\"index\":0,\"value\":$value,\"valueTwo\":$two,\"op\":\"SCMP_CMP_$op\"}]}"
	call getpgid "$arg"
	run
	case $want in
	yes) is "$op $value with $arg matches" "$out" 'getpgid errno 99' ;;
	no) unlike "$op $value with $arg does not match" "$out" 'errno 99' ;;
	esac
done <<'END'
EQ 7 0 7 yes
EQ 7 0 8 no
NE 7 0 8 yes
NE 7 0 7 no
LT 7 0 6 yes
LT 7 0 7 no
LE 7 0 7 yes
LE 7 0 8 no
GT 7 0 8 yes
GT 7 0 7 no
GE 7 0 7 yes
GE 7 0 6 no
MASKED_EQ 12 4 4 yes
MASKED_EQ 12 4 7 yes
MASKED_EQ 12 4 12 no
EQ 4294967296 0 4294967296 yes
EQ 4294967296 0 0 no
EQ 0 0 4294967296 no
GT 4294967295 0 4294967296 yes
GT 4294967295 0 1 no
EQ 18446744073709551615 0 0xffffffffffffffff yes
EQ 18446744073709551615 0 0xfffffffffffffffe no
END

# Two arguments must both match; of two conditions on one argument, or two rules, one is enough.
allow_but '{"names":["setpriority"],"action":"SCMP_ACT_ERRNO","errnoRet":99,"args":[
	{"index":0,"value":5,"op":"SCMP_CMP_EQ"},{"index":1,"value":6,"op":"SCMP_CMP_EQ"}]}'
argv \
	sh -c 'probe call setpriority 5 6 0; probe call setpriority 5 7 0; probe call setpriority 8 6 0'
run
is 'two arguments of a rule: both' "$(echo "$out" | tr '\n' ,)" \
	'setpriority errno 99,setpriority errno 22,setpriority errno 22,'
allow_but '{"names":["setpriority"],"action":"SCMP_ACT_ERRNO","errnoRet":99,"args":[
	{"index":0,"value":5,"op":"SCMP_CMP_EQ"},{"index":0,"value":6,"op":"SCMP_CMP_EQ"}]}'
argv \
	sh -c 'probe call setpriority 5 0 0; probe call setpriority 6 0 0; probe call setpriority 7 0 0'
run
is 'the same argument twice: either' "$(echo "$out" | tr '\n' ,)" \
	'setpriority errno 99,setpriority errno 99,setpriority errno 22,'
allow_but \
	'{"names":["setpriority"],"action":"SCMP_ACT_ERRNO","errnoRet":99,"args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]},
	{"names":["setpriority"],"action":"SCMP_ACT_ERRNO","errnoRet":99,"args":[{"index":1,"value":6,"op":"SCMP_CMP_EQ"}]}'
argv \
	sh -c 'probe call setpriority 5 0 0; probe call setpriority 7 6 0; probe call setpriority 7 7 0'
run
is 'two rules: either' "$(echo "$out" | tr '\n' ,)" \
	'setpriority errno 99,setpriority errno 99,setpriority errno 22,'
for a in '{"index":6,"value":1,"op":"SCMP_CMP_EQ"}' '{"index":0,"value":1,"op":"SCMP_CMP_NO"}' \
	'{"index":-1,"value":1,"op":"SCMP_CMP_EQ"}' '{"index":0,"value":1.5,"op":"SCMP_CMP_EQ"}' \
	'{"index":0,"value":18446744073709551616,"op":"SCMP_CMP_EQ"}'; do
	allow_but "{\"names\":[\"getpgid\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[$a]}"
	refused "a bad condition: $a" 'seccomp|args|index|op|value'
done
# libseccomp compares the lower 32 bits where an argument has no more: 4294967296 would match 0.
for a in '"value":4294967296,"op":"SCMP_CMP_EQ"' \
	'"value":1,"valueTwo":4294967296,"op":"SCMP_CMP_MASKED_EQ"' \
	'"value":18446744073709551615,"op":"SCMP_CMP_LT"'; do
	allow_but \
		"{\"names\":[\"getpgid\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,$a}]}"
	config_set /linux/seccomp/architectures '["SCMP_ARCH_X86"]'
	refused "more than 32 bits with an architecture of 32: $a" \
		'config.json:[0-9:]+ linux.seccomp.syscalls\[[0-9]\].args\[0\].value(Two)? [0-9]+: does not fit into the 32 bits .*X86'
done
allow_but '{"names":["getpgid"],"action":"SCMP_ACT_ERRNO","errnoRet":99,"args":[
	{"index":0,"value":18446744073709551516,"op":"SCMP_CMP_EQ"}]}'
config_set /linux/seccomp/architectures '["SCMP_ARCH_X86"]'
call getpgid -100
run
is 'a negative number of 32 bits is taken' "$out" 'getpgid errno 99' || diag "$err"

# ---- a default of ERRNO: what engines use ----

base='"read","write","writev","readv","close","exit","exit_group","execve","brk","mmap","munmap",
"mprotect","arch_prctl",
"set_tid_address","set_robust_list","rseq","prlimit64","getrandom","newfstatat","fstat","stat","lstat","statx","open","openat",
"ioctl","fcntl","getuid","geteuid","getgid","getegid","getpid","getppid","rt_sigaction","rt_sigprocmask","rt_sigreturn",
"fork","vfork","clone","wait4","dup","dup2","pipe","pipe2","access","faccessat","readlink","lseek","poll","ppoll","futex",
"prctl","capset","capget","setuid","setgid","setgroups","setresuid","setresgid","chdir","getcwd","close_range","getdents64",
"mmap2","_llseek","fcntl64","stat64","lstat64","fstat64","fstatat64","ugetrlimit","waitpid","sigreturn","set_tls","set_thread_area",
"getuid32","geteuid32","getgid32","getegid32","setuid32","setgid32","setgroups32","setresuid32","setresgid32","futex_time64",
"clock_gettime64","clock_nanosleep_time64","ppoll_time64","cacheflush","faccessat2",
"sigaltstack","uname","getpgrp","setpgid","gettid","tgkill","nanosleep","clock_nanosleep","clock_gettime"'
profile \
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\",\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_ARM\"],
	\"syscalls\":[{\"names\":[$base],\"action\":\"SCMP_ACT_ALLOW\"}]}"
argv sh -c 'echo ok; probe call sched_yield; probe call newest'
run
is 'a list of what is allowed: the container starts' "$(echo "$out" | sed -n 1p)" ok || diag "$err"
is 'what is not listed: EPERM' "$(echo "$out" | sed -n 2p)" 'sched_yield errno 1'
is 'a system call newer than the profile: ENOSYS (S-08)' "$(echo "$out" | sed -n 3p)" \
	'newest errno 38'
config_set /linux/seccomp/defaultErrnoRet 13
run
is 'defaultErrnoRet' "$(echo "$out" | sed -n 2p)" 'sched_yield errno 13'
is 'a newer call is still ENOSYS' "$(echo "$out" | sed -n 3p)" 'newest errno 38'
config_set /linux/seccomp/defaultErrnoRet 1 /process/noNewPrivileges false
run
is 'without no_new_privs it is loaded too' "$(echo "$out" | sed -n 1p)" ok || diag "$err"
config_set /process/user '{"uid":1000,"gid":1000}'
run
is 'without no_new_privs another user has the filter' "$(echo "$out" | sed -n 1p)" ok || diag "$err"
config_set /process/noNewPrivileges true
run
is 'with no_new_privs another user has the filter' "$(echo "$out" | sed -n 1p)" ok || diag "$err"
# The same twice: a cached program must do the same.
first=$out
run
is 'the second start of a profile gives the same' "$out" "$first"
config_set /linux/seccomp/defaultErrnoRet 2
run
is 'a changed profile is not taken for the one that was kept' "$(echo "$out" | sed -n 2p)" \
	'sched_yield errno 2'

# A program that is executed later has the same filter (S-14).
allow_but '{"names":["sched_yield"],"action":"SCMP_ACT_ERRNO","errnoRet":77}'
argv sleep 1000
do_runc run -d --bundle "$bundle" "$id"
do_runc exec "$id" probe call sched_yield
is 'exec: the same filter' "$out" 'sched_yield errno 77' || diag "$err"
drop "$id"
# With no_new_privs the filter comes after the clone of exec's process, without it before.
allow_but '{"names":["clone","clone3"],"action":"SCMP_ACT_ERRNO"}'
argv sleep 1000
for nnp in true false; do
	config_set /process/noNewPrivileges $nnp
	do_runc run -d --bundle "$bundle" "$id"
	do_runc exec "$id" true
	# control: runc 1.1.5 has cloned long before.
	case $nnp in
	true) is 'exec: a profile without clone' "$status" 0 || diag "$err" ;;
	*) like 'exec: and without no_new_privs: in, or told why not' "$status $err" \
		'^0 |^255 .*profile must allow clone' ;;
	esac
	drop "$id"
done

# ---- architectures, flags ----

allow_but '{"names":["sched_yield"],"action":"SCMP_ACT_ERRNO"}'
call sched_yield
# Architectures of the other byte order cannot share a filter with this one: a refusal that names
# them is right. control: runc 1.1.5 with libseccomp 2.5.4 knows 18 of them.
for a in X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 \
	PPC64LE RISCV64 S390 S390X \
	LOONGARCH64 PARISC PARISC64 M68K SH SHEB; do
	config_set /linux/seccomp/architectures "[\"SCMP_ARCH_$a\"]"
	run
	case $a:$status in
	X86*:* | X32:* | ARM:* | AARCH64:* | MIPSEL*:* | PPC64LE:* | RISCV64:* | \
		LOONGARCH64:* | *:0)
		is "architecture $a: and the native one is always there" "$status $out" \
			'0 sched_yield errno 1' || diag "$err" ;;
	*) is "architecture $a: refused in one line" \
		"$status $(error_lines "$tmp/err") $(echo "$err" |
		grep -c "SCMP_ARCH_$a")" '1 1 1' ;;
	esac
done
config_del /linux/seccomp/architectures
for f in '[]' '["SECCOMP_FILTER_FLAG_TSYNC"]' '["SECCOMP_FILTER_FLAG_LOG"]' \
	'["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]' \
	'["SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_SPEC_ALLOW"]'; do
	config_set /linux/seccomp/flags "$f"
	run
	is "flags $f" "$status $out" '0 sched_yield errno 1' || diag "$err"
done
config_set /linux/seccomp/flags '["SECCOMP_FILTER_FLAG_NO"]'
refused 'an unknown flag' 'SECCOMP_FILTER_FLAG_NO'
profile '{"syscalls":[{"names":["sched_yield"],"action":"SCMP_ACT_ERRNO"}]}'
refused 'no defaultAction' 'defaultAction'
# S-01: a profile without rules counts as absent.
profile '{"syscalls":[]}'
argv grep Seccomp: /proc/self/status
run
is 'neither defaultAction nor syscalls: no filter' "$out" 'Seccomp:	0' || diag "$err"

# ---- notify (S-11 to S-13) ----

if helper sock; then
	cp "$tmp/good.json" "$bundle/config.json"
	config_set /linux/seccomp \
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"$tmp/listen\",\"listenerMetadata\":\"meta data\",
		\"syscalls\":[{\"names\":[\"sched_yield\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}" /annotations '{"a":"b"}'
	listen "$tmp/sock.out" "$HELPERS/sock" seccomp "$tmp/listen" 1
	call sched_yield
	run
	is 'NOTIFY: the answer of the listener' "$out" 'sched_yield 42' || diag "$err"
	wait_for gone $sock
	sed -n 's/^message //p' "$tmp/sock.out" >"$tmp/msg"
	is 'the message: metadata' "$(json_get "$tmp/msg" /metadata)" 'meta data'
	is 'the message: descriptors' "$(json_get "$tmp/msg" /fds) $(sed -n 's/^descriptors //p' \
		"$tmp/sock.out")" '["seccompFd"] 1'
	is 'the message: state' "$(json_get "$tmp/msg" /state/id) $(json_get "$tmp/msg" \
		/state/status) $(json_get "$tmp/msg" /state/bundle)" \
		"$id creating $bundle"
	like 'the message: pid of init' "$(json_get "$tmp/msg" /pid)" '^[1-9][0-9]*$'
	like 'the message: version' "$(json_get "$tmp/msg" /ociVersion)" '^1\.'
	# exec: the same filter, a listener of its own (S-14).
	answering() {
		rm -f "$tmp/listen"
		listen "$tmp/sock.out" "$HELPERS/sock" seccomp "$tmp/listen" "$1"
	}
	argv sleep 1000
	answering 0
	do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	wait_for gone $sock
	answering 1
	do_runc exec "$id" probe call sched_yield
	is 'exec: NOTIFY, and the answer' "$status $out" '0 sched_yield 42' || diag "$err"
	wait_for gone $sock
	sed -n 's/^message //p' "$tmp/sock.out" >"$tmp/msg"
	is 'exec: the message: state' "$(json_get "$tmp/msg" /state/status) $(json_get "$tmp/msg" \
		/state/pid)" "running $(cat "$tmp/pid")"
	isnt 'exec: the message: pid of the process' "$(json_get "$tmp/msg" /pid)" \
		"$(cat "$tmp/pid")"
	drop "$id"
	# The agent of exec has its descriptor before anything is closed.
	cp "$bundle/config.json" "$tmp/plain.json"
	config_set /linux/seccomp/syscalls/0/names '["close"]'
	argv sleep 1000
	answering 1000
	LIMIT=20 do_runc run -d --bundle "$bundle" "$id"
	is 'NOTIFY for close' "$status" 0 || diag "$err"
	kill -KILL $sock
	answering 1000
	LIMIT=20 do_runc exec "$id" true
	is 'exec: NOTIFY for close' "$status" 0 || diag "$err"
	kill -KILL $sock
	drop "$id"
	mv "$tmp/plain.json" "$bundle/config.json"
	# Without no_new_privs the filter is loaded before the last steps, so the listener gets them
	# too.
	cp "$bundle/config.json" "$tmp/plain.json"
	config_set /process/noNewPrivileges false /process/cwd '"/tmp"' \
		/linux/seccomp/syscalls/0/names '["chdir"]'
	argv sleep 1000
	answering 1
	LIMIT=20 do_runc run -d --bundle "$bundle" "$id"
	is 'NOTIFY of what comes after the filter' "$status" 0 || diag "$err"
	wait_for gone $sock
	answering 1
	LIMIT=20 do_runc exec "$id" true
	is 'exec: NOTIFY of what comes after the filter' "$status" 0 || diag "$err"
	wait_for gone $sock
	drop "$id"
	mv "$tmp/plain.json" "$bundle/config.json"
	rm -f "$tmp/listen"
	call sched_yield
	# A listener whose wait only a fatal signal ends: 5.19.
	rm -f "$tmp/listen"
	config_set /linux/seccomp/flags '["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
	listen "$tmp/sock.out" "$HELPERS/sock" seccomp "$tmp/listen" 1
	run
	if [ "$status" = 1 ] && echo "$err" | grep -q '[Ii]nvalid argument'; then
		skip 'NOTIFY with SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV' 'this kernel is older'
		kill $sock
	else
		is 'NOTIFY with SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV' "$out" 'sched_yield 42' ||
			diag "$err"
	fi
	wait_for gone $sock
	config_del /linux/seccomp/flags
	rm -f "$tmp/listen"
	refused 'no process listens' 'listen'
	# crun's engines have another place for it (AN-06); control: runc does not know it.
	config_del /linux/seccomp/listenerPath
	config_set /annotations "{\"run.oci.seccomp.receiver\":\"$tmp/listen\"}"
	answering 1
	run
	is 'NOTIFY: run.oci.seccomp.receiver names the listener' "$out" 'sched_yield 42' ||
		diag "$err"
	wait_for gone $sock
	config_set /annotations '{}' /linux/seccomp/listenerPath "\"$tmp/listen\""
	config_del /linux/seccomp/listenerPath
	# S-13; control: runc ignores it.
	refused 'listenerMetadata without listenerPath' 'listener'
	config_del /linux/seccomp/listenerMetadata
	refused 'NOTIFY without a listener' 'listener|SCMP_ACT_NOTIFY|NOTIFY'
	profile "{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"$tmp/listen\"}"
	refused 'NOTIFY as default action' 'SCMP_ACT_NOTIFY'
	allow_but '{"names":["write"],"action":"SCMP_ACT_NOTIFY"}'
	config_set /linux/seccomp/listenerPath "\"$tmp/listen\""
	refused 'NOTIFY for write' 'write'
else
	skip notify 'the helper sock is not built'
fi

# ---- the profiles engines ship ----

# cached: the compiled programs, each with its inode and time.
cached() { find "$root/.cache" -type f -exec stat -c '%n %i %Y %s' {} + 2>/dev/null | sort; }
# memory_calls: how often the start asked for memory; compiling takes far more of it than reading a
# file.
memory_calls() {
	OCI_TEST_MARK=$mark strace -f -o "$tmp/calls" -e trace=mmap,brk "$RUNC" --root "$root" run \
		--bundle "$bundle" "$id" \
		>/dev/null 2>&1 </dev/null
	grep -c '^[0-9]* *\(mmap\|brk\)' "$tmp/calls"
}
for engine in podman docker; do
	p="the default profile of $engine"
	file=$tests/foreign/seccomp/$engine.json
	if [ -e "$file" ]; then
		cp "$tmp/good.json" "$bundle/config.json"
		# An engine resolves includes, excludes and archMap; without them the document is
		# larger, not other.
		config_set /linux/seccomp "$(tr -d '\n' <"$file")" /linux/seccomp/architectures '[]'
		argv sh -c 'echo hi; probe call swapoff 0; grep ^Seccomp: /proc/self/status'
		rm -rf "$root/.cache"
		run
		is "$p loads" "$(echo "$out" | head -n 1)" hi || diag "$err"
		is "$p: a filter is on" "$(echo "$out" | tail -n 1)" 'Seccomp:	2'
		once=$(cached)
		first=$out
		run
		is "$p: the second start does the same" "$out" "$first"
		# control: neither runc nor crun 1.8 keeps programs.
		is "$p: by the program of the first" "$once" "$(cached)"
		isnt "$p: which was kept" "$once" ''
		if command -v strace >/dev/null; then
			rm -rf "$root/.cache"
			argv true
			cold=$(memory_calls)
			warm=$(memory_calls)
			ok "$p: nothing is compiled then" test "$warm" -lt "$cold" ||
				diag "requests for memory: $cold cold, $warm warm"
		else
			skip "$p: nothing is compiled then" 'no strace'
		fi
	else
		skip "$p" 'the folder foreign was not copied with the tests'
	fi
done

nothing_left
done_testing
