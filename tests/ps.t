#!/bin/sh
# ps.t - `ps`: the container's processes as a table and as JSON (checklist V-21, O-06).
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
ours=
case $(readlink -f "$RUNC") in */ocibox*) ours=1 ;; esac

# column NAME <TABLE: that column, sorted
column() {
	awk -v name="$1" \
		'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $c }' |
		sort -n
}

bundle
argv sh -c 'sleep 1000 & sleep 1000 & wait'
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
is 'a container with three processes runs' "$status" 0 || { diag "$err"; done_testing; }
pid=$(cat "$tmp/pid")
three() { [ "$(grep -l "^PPid:.$pid$" /proc/[0-9]*/status 2>/dev/null | wc -l)" = 2 ]; }
wait_for three
want=$({
	echo "$pid"
	grep -l "^PPid:.$pid$" /proc/[0-9]*/status 2>/dev/null | cut -d / -f 3
} | sort -n)

for flag in '--format json' '-f json' '-f=json'; do
	# shellcheck disable=SC2086
	do_runc ps $flag "$id"
	is "$flag: all processes, their pids on the host" \
		"$status $(printf '%s\n' "$out" | tr -d '[]' | tr ',' '\n' | sort -n |
		tr '\n' ' ')" \
		"0 $(echo "$want" | tr '\n' ' ')"
done
like '--format json: an array of numbers on one line' "$out" '^\[[0-9]+(,[0-9]+)*\]$'

ps -ef >"$tmp/ps" 2>/dev/null
if grep -q '^UID  *PID  *PPID' "$tmp/ps"; then	# busybox has another
	do_runc ps "$id"
	is 'table: the processes' "$status $(column PID <"$tmp/out")" "0 $want"
	like 'table: the head of ps -ef' "$(head -n 1 "$tmp/out")" '^UID +PID +PPID '
	do_runc ps "$id" -o ppid,pid,args
	is 'arguments after the id are for ps' "$status $(column PID <"$tmp/out")" "0 $want"
	like 'ps with arguments after the id prints what they ask for' \
		"$(head -n 1 "$tmp/out")" '^ *PPID +PID +COMMAND'
	do_runc ps "$id" --no-such-option
	like 'what ps says of an option it does not know' "$status $err" \
		"^1 .*level=error msg=\".*$(ps --no-such-option 2>&1 | head -n 1)"
	is 'an error of ps about an option is one line' "$(wc -l <"$tmp/err" | tr -d ' ')" 1
	do_runc ps "$id" -o comm
	like 'no column of pids' "$status $err" "^1 .*couldn't find PID field in ps output"
else
	for t in 'table: the processes' 'table: the head of ps -ef' \
		'arguments after the id are for ps' 'ps with arguments after the id prints what they ask for' \
		'what ps says of an option it does not know' 'no column of pids'; do
		skip "$t" 'no ps that knows -ef here'
	done
fi
if [ -n "$ours" ]; then
	# ocibox alone: a PATH without any ps
	mkdir "$tmp/nothing"
	PATH=$tmp/nothing "$RUNC" --root "$root" ps "$id" >"$tmp/out" 2>"$tmp/err"
	is 'without a ps: the same processes' "$(column PID <"$tmp/out")" "$want"
	is 'without a ps: the same columns' "$(head -n 1 "$tmp/out" | tr -s ' ')" \
		'UID PID PPID C STIME TTY TIME CMD'
	PATH=$tmp/nothing "$RUNC" --root "$root" ps "$id" -ef >"$tmp/out2" 2>"$tmp/err"
	like 'without a ps: no arguments for it' "$? $(cat "$tmp/err")" \
		'^1 .*exec: ."ps.": executable file not found in .PATH'
	like 'without a ps: the arguments' "$(cat "$tmp/out")" 'sleep 1000$'
	is 'without a ps: init has a parent outside' \
		"$(column PPID <"$tmp/out" | grep -vc "^$pid$")" 1
else
	skip 'without a ps' 'a claim of ours'
fi
# Names of processes with C0, DEL, C1 in UTF-8 and C1 as a single byte.
if [ -n "$ours" ]; then
	printable() { LC_ALL=C tr -d '\n -~' | wc -c | tr -d ' '; }
	runc exec -d "$id" sh -c "$(printf 'sleep 1000; : \033]0;title\007 \177 \302\2332J')"
	runc exec -d "$id" sh -c "$(printf 'sleep 1000; : \2332J')"
	in_ps() {
		[ "$(PATH=$tmp/nothing "$RUNC" --root "$root" ps "$id" |
			grep -c 'sh -c sleep 1000; :')" = 2 ]
	}
	ok 'processes with names that act on a terminal' wait_for in_ps
	PATH=$tmp/nothing "$RUNC" --root "$root" ps "$id" >"$tmp/out"
	is 'without a ps: nothing of them acts on a terminal' "$(printable <"$tmp/out")" 0
	# A ps that prints these bytes unchanged, as busybox does with C1.
	mkdir "$tmp/raw"
	cat >"$tmp/raw/ps" <<'END'
#!/bin/sh
echo 'PID COMMAND'
for p in /proc/[0-9]*; do
	echo "${p#/proc/} $(tr '\0' ' ' <"$p/cmdline")"
done 2>/dev/null
END
	chmod 755 "$tmp/raw/ps"
	PATH=$tmp/raw:$PATH "$RUNC" --root "$root" ps "$id" -o pid,args >"$tmp/out"
	is 'with a ps that shows them as they are: nor does anything of it' \
		"$(grep -c 'sleep 1000; :' "$tmp/out") $(printable <"$tmp/out")" '2 0'
else
	skip 'names that act on a terminal' 'a claim of ours'
fi
# Columns before the pid have several words.
rows() { awk 'NR > 1 && /sleep 1000/' "$tmp/out" | grep -c "[0-9]$"; }
# busybox takes the option and shows the arguments alone.
if [ -n "$ours" ] && ps -eo args,pid 2>/dev/null | head -n 1 | grep -q '^COMMAND *PID$'; then
	do_runc ps "$id" -eo args,pid
	is 'ps -eo args,pid: rows' "$status:$([ "$(rows)" -gt 0 ] && echo rows)" 0:rows
	like 'ps -eo args,pid: init among them' "$out" " $pid\$"
	do_runc ps "$id" -eo args,ppid,pid,args
	like 'ps -eo args,ppid,pid,args: rows' "$out" " $pid .*sleep"
else
	skip 'ps -eo args,pid' 'no ps that knows it here'
fi
if [ -n "$ours" ]; then
	mkdir "$tmp/odd"
	printf '#!/bin/sh\necho "COMMAND  PID"\necho "a b c"\n' >"$tmp/odd/ps"
	chmod 755 "$tmp/odd/ps"
	PATH=$tmp/odd:$PATH "$RUNC" --root "$root" ps "$id" -eo args,pid >"$tmp/out" 2>"$tmp/err"
	like 'a table without pids: an error, and no head alone' "$?:$(cat "$tmp/out" "$tmp/err")" \
		'^1:time=.*a b c'
	printf '#!/bin/sh\necho PID\nkill -9 $$\n' >"$tmp/odd/ps"
	PATH=$tmp/odd:$PATH "$RUNC" --root "$root" ps "$id" -e >"$tmp/out" 2>"$tmp/err"
	like 'a ps that is killed: an error with 128 and the signal' "$? $(cat "$tmp/err")" \
		'^1 .*ps: exit status 137'
fi
do_runc ps -f yaml "$id"
like '-f yaml is refused' "$status $err" '^1 .*invalid format option'

do_runc kill "$id" KILL
wait_for status_is "$id" stopped
do_runc ps -f json "$id"
is 'ps of a stopped container: null' "$status $out" '0 null'
do_runc delete "$id"
nothing_left
done_testing
