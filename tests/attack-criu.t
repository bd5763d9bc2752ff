#!/bin/sh
# attack-criu.t - a criu that sends wrong messages, ends or hangs; the requests to it; images that
# others made. Needs no CRIU.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
. "$tests/criu.sh"

# ck NAME ARG..., again NAME ARG...: a checkpoint, a restore that stays, by the fake NAME.
ck() {
	_fake=$1
	shift
	path=$tmp/fake/$_fake:$PATH quietly checkpoint --image-path "$tmp/ck" "$@" "$id"
}
again_as_it_is() {
	_fake=$1
	shift
	path=$tmp/fake/$_fake:$PATH quietly restore -d --bundle "$bundle" --image-path "$tmp/ck" \
		"$@" "$id"
}
again() {
	mkdir -p "$tmp/ck"
	echo '["/dev/null","/dev/null","/dev/null"]' >"$tmp/ck/descriptors.json"
	again_as_it_is "$@"
}
# away: the container and its checkpoint.
away() { drop "$id"; rm -rf "$tmp/ck"; }
reject() { like "$1" "$status $err" "^1 .*$2"; }
runs_on() { ok "$1: the container runs on" counts_on "$(count)"; }

# ---- what it is asked for ------------------------------------------------------------------------

# row DESC FAKE LINE...: the fields are in its request, or those with a - in front are not.
row() {
	_bad=
	_desc_of=$1
	asked "$2" >"$tmp/asked"
	shift 2
	for _line; do
		case $_line in
		-*) ! grep -q "^${_line#-}=" "$tmp/asked" || _bad="$_bad; ${_line#-} is there" ;;
		*) grep -Fxq "$_line" "$tmp/asked" || _bad="$_bad; $_line is missing" ;;
		esac
	done
	is "$_desc_of" "$_bad" ''
}
# rows VERB: a row for each line of standard input, "OPTION...|FIELD...": VERB gets the options.
# shellcheck disable=SC2086 # words
rows() {
	while IFS='|' read -r words lines; do
		"$1" fails $words
		case $1 in
		ck) row "a dump: $words" fails $lines ;;
		again) row "a restore: $words" fails $lines ;;
		esac
	done
}

fake dumps "say '$(said dumped)'"
fake fails "say '$(said failed)'"
loop
start
ck fails
row 'a dump: what runc asks for too' fails 1=1 2.9=4 2.10=dump.log 2.12=1 "2.13=$rootfs" 2.24=1 \
	2.34=6 2.50=1 2.51=/etc/criu/runc.conf "2.2=$(pid_of "$id")" 2.23.1=/data 2.23.2=/data \
	2.23.1=/data/inner 2.23.1=/dev/null \
	-2.3 -2.4 -2.5 -2.6 -2.7 -2.8 -2.11 -2.14 -2.15 -2.16 -2.17 -2.18 -2.25 -2.26 -2.27 -2.37 \
	-2.38 -2.39 -2.46 -2.48 -2.49 -2.52 -2.53 -2.63 -2.64 -2.67
rows ck <<END
--leave-running|2.3=1
--ext-unix-sk|2.4=1
--tcp-established|2.5=1
--shell-job|2.7=1
--file-locks|2.8=1
--auto-dedup|2.16=1
--link-remap|2.18=1
--tcp-skip-in-flight|2.46=1
--empty-ns network|2.38=1073741824
--manage-cgroups-mode ignore|2.34=0
--manage-cgroups-mode soft|2.34=3
--manage-cgroups-mode full|2.34=4
--manage-cgroups-mode strict|2.34=5
--page-server 127.0.0.1:1234|2.11.1=127.0.0.1 2.11.2=1234
--page-server [::1]:80|2.11.1=::1 2.11.2=80
--network-lock nftables|2.64=2
--network-lock iptables|2.64=1
--pre-dump|1=4 -2.23.1
--lazy-pages --page-server 127.0.0.1:1234|2.48=1 2.11.2=1234
END
is '--pre-dump and --lazy-pages: the kernel is asked first' "$(asked fails features)" '1=9
5.2=1'
mkdir -p "$tmp/pre"
ck fails --parent-path ../pre
row 'a dump: --parent-path' fails 2.14=../pre 2.15=1
ck fails --work-path "$tmp/work"
like 'a dump: --work-path' "$(asked fails | grep '^2[.]17=')" '=[1-9]'
away

# CRIU's configuration.
for conf in '' "$tmp/criu.conf"; do
	loop
	config_set /annotations "{\"org.criu.config\":\"$conf\"}"
	start
	ck fails
	if [ -n "$conf" ]; then line=2.51=$conf; else line=-2.51; fi
	row "org.criu.config: ${conf:-none}" fails "$line"
	away
done

loop
again fails
row 'a restore: what runc asks for too' fails 1=2 2.6=1 2.9=4 2.10=restore.log 2.12=1 2.24=1 \
	2.26=1 2.34=6 2.50=1 2.51=/etc/criu/runc.conf 2.23.1=/data "2.23.2=$tmp/data" \
	2.23.1=/data/inner "2.23.2=$tmp/inner" \
	-2.2 -2.3 -2.4 -2.5 -2.7 -2.8 -2.11 -2.14 -2.16 -2.17 -2.27.1 -2.38 -2.48 -2.52 -2.53 \
	-2.63 -2.64 -2.67
rows again <<END
--ext-unix-sk|2.4=1
--tcp-established|2.5=1
--tcp-close|2.52=1
--shell-job|2.7=1
--file-locks|2.8=1
--auto-dedup|2.16=1
--link-remap|2.18=1
--lazy-pages|2.48=1
--empty-ns network|2.38=1073741824
--manage-cgroups-mode ignore|2.34=0
--manage-cgroups-mode strict|2.34=5
--lsm-profile apparmor:some|2.53=apparmor:some
--lsm-mount-context a:b:c|2.63=a:b:c
END
minor=15
fake older "say '$(said failed)'"
for option in lsm-profile lsm-mount-context; do
	again older --$option apparmor:some
	like "a restore: --$option needs a later CRIU" "$status $err" \
		"^1 .*--$option needs CRIU 3[.]16 or later, and this is 3[.]15"
done
minor=17
nothing_left 'a restore that CRIU refuses: nothing is left'
rm -rf "$tmp/ck"

# ---- lies, silence and death ---------------------------------------------------------------------

loop
start
wait_for beyond 1
fake half "say '\\012\\100abc'"
fake long "say '\\010\\001\\020\\001\\142\\377\\377\\377\\377\\377\\377\\377\\377\\377\\001'"
fake large "head -c 100000 /dev/zero | dd bs=100000 count=1 iflag=fullblock >&3 2>/dev/null"
fake empty ':'
fake other "say '$(said restored 1)'"
fake killed 'kill -KILL $$'
# sleep: it holds the stream
fake survived "sleep 1000 & echo \$! >\$here/pid; exit 3"
fake flood "while say '$(said some)'; do :; done 2>/dev/null"
fake reads "while say '$(said some)' && hear \$here/answer; do :; done 2>/dev/null"
while IFS='|' read -r name desc pattern; do
	ck "$name"
	reject "$desc: refused" "$pattern"
	runs_on "$desc"
done <<END
half|half a message|CRIU sent a message that cannot be read
long|a length of 64 bits|CRIU sent a message that cannot be read
large|a message that is too large|criu (failed: type unknown|has ended)
empty|no answer|criu has ended without an answer
other|an answer to another question|criu answers another request
killed|a criu that is killed|criu has ended without an answer
survived|a criu that dies, and leaves a process with its stream|criu has ended without an answer
flood|a flood of notifications, whose answers are not read|(too many|send a request to criu)
reads|a flood of notifications|criu sends too many notifications
END
kill -KILL "$(cat "$tmp/fake/survived/pid")"
# numbers that are 4294967295
major=4294967295 minor=4294967295
fake digits ''
major=3 minor=17
ck digits
reject 'a version of many digits: refused' 'needs CRIU 3[.]0 or later'

# Which line of CRIU's log the error quotes.
failed=' Error (b.c:8): Dump files (pid: 3) failed with -1\n Error (b.c:8): Dumping FAILED.'
while IFS='|' read -r lines want desc; do
	fake logs "printf '$lines' >$tmp/ck/dump.log; say '$(said failed)'"
	ck logs
	like "the log: $desc" "$status $err" "^1 .*errno 5: Error .$want [(\\\\[].*dump[.]log"
done <<END
 Error (a.c:1): one\\n Error (criu/cr-a.c:7): two\\n$failed\\n|criu/cr-a.c:7.: two|the last reason
$failed\\n|b.c:8.: Dump files .pid: 3. failed with -1|a summary, where there is nothing else
 Error (a.c:1): red \\033[31m one|a.c:1.: red .* one|an error without an end
END
unlike 'the log: bytes that a terminal acts on are harmless' "$err" "$(printf '\033')"
fake silent "say '$(said failed)'"
ck logs
ck silent
unlike 'the log: of an earlier run nothing is said' "$err" 'Error'

# ---- signals -------------------------------------------------------------------------------------

# held NAME VERB ARG...: the verb by the fake NAME, in the background, until the fake has its
# request.
default_signals
held() {
	_held=$1
	shift
	rm -f "$tmp/log" "$tmp/fake/$_held/request"
	# shellcheck disable=SC2086 # words
	PATH=$tmp/fake/$_held:$PATH OCI_TEST_MARK=$mark TMPDIR=$tmp/tmpdir \
		background ${default:-env} "$RUNC" --root "$root" --log "$tmp/log" "$@" \
		</dev/null >/dev/null 2>&1
	wait_for test -s "$tmp/fake/$_held/request"
}
# ended SIGNAL: the verb gets it, and ends. Sets $status and $err.
ended() {
	kill "-$1" $bg
	eventually gone $bg || kill -KILL $bg
	status=0
	wait $bg 2>/dev/null || status=$?
	err=$(cat "$tmp/log" 2>/dev/null)
}
freeze() {
	if [ -e "$1/freezer.state" ]; then
		echo FROZEN >"$1/freezer.state"
	else
		echo 1 >"$1/cgroup.freeze"
	fi
}
is_frozen() { grep -qs FROZEN "$1/freezer.state" || grep -qs 'frozen 1' "$1/cgroup.events"; }
# alone FAKE: it is in a process group of its own.
alone() {
	_pid=$(cat "$tmp/fake/$1/pid")
	[ "$(cut -d ' ' -f 5 <"/proc/$_pid/stat")" = "$_pid" ]
}

fake hangs "echo \$\$ >\$here/pid; exec sleep 1000"	# sleep: it is killed
fake asks "echo \$\$ >\$here/pid; while [ ! -e \$here/go ]; do sleep 0.1; done
say '$(said network-lock)'; hear \$here/answer; say '$(said failed)'"
held hangs checkpoint --image-path "$tmp/ck" "$id"
wait_for test -s "$tmp/fake/hangs/pid"
ok 'a dump: the keys of a terminal signal the runtime alone' alone hangs
freezer=$(asked hangs | sed -n 's/^2[.]44=//p')
if [ -n "$freezer" ]; then
	freeze "$freezer"
	wait_for is_frozen "$freezer"
fi
ended TERM
like 'a criu that hangs at a dump: a signal ends it' "$status $err" \
	'^1 .*ended by a signal before the container was saved'
ok 'a criu that hangs at a dump: it is killed' gone "$(cat "$tmp/fake/hangs/pid")"
ok 'a criu that hangs at a dump: the container is not left frozen' counts_on "$(count)"
held asks checkpoint --image-path "$tmp/ck" "$id"
wait_for test -s "$tmp/fake/asks/pid"
kill -TERM $bg
: >"$tmp/fake/asks/go"
wait_for gone $bg
is 'a criu that asks: the answer to a notification says that it shall stop' \
	"$(asked asks answer)" 1=6
like 'a criu that asks: the signal is the reason' "$(cat "$tmp/log")" \
	'ended by a signal before the container was saved'
runs_on 'a criu that asks'
fake stays "say '$(said dumped)'; echo \$\$ >\$here/pid; exec sleep 1000"	# sleep: as above
ck stays --leave-running
is 'a criu that does not end after its answer: the container is saved' "$status" 0 || diag "$err"
ok 'a criu that does not end after its answer: it is killed' gone "$(cat "$tmp/fake/stays/pid")"

# ready NAME: a dump with --status-fd 8
ready() {
	_fake=$1
	PATH=$tmp/fake/$_fake:$PATH do_runc checkpoint --leave-running --status-fd 8 \
		--image-path "$tmp/ck" "$id"
}
fake ready "say '$(said status-ready)'; hear \$here/answer; say '$(said dumped)'"
mkfifo "$tmp/gone"
exec 9<>"$tmp/gone"
exec 8>"$tmp/gone" 9<&-
ready ready
exec 8>&-
like '--status-fd without a reader: a warning, and the checkpoint goes on' "$status $err" \
	'^0 .*--status-fd: broken pipe'
ready ready 8>"$tmp/ready"
is '--status-fd: a zero byte when the pages are served' \
	"$(od -An -v -tu1 "$tmp/ready" | tr -d ' ')" 0
ready ready 8</dev/null
like '--status-fd that cannot be written: refused' "$status $err" \
	'^1 .*invalid --status-fd argument 8: not writable'
minor=14
fake before "say '$(said failed)'"
minor=17
ready before 8>"$tmp/ready"
row '--status-fd: an older CRIU writes there itself' before 2.49=8

# The container ends during the dump.
pid_of "$id" >"$tmp/init"
fake ends "read -r init <$tmp/init; kill -KILL \$init
while grep -qs '^State:[^Z]*\$' /proc/\$init/status; do sleep 0.1; done; say '$(said failed)'"
ck ends
like 'a container that ends during the dump: the failure is reported' \
	"$status $(status_of "$id") $err" '^1 stopped .*criu failed'
away

# ---- a restore -----------------------------------------------------------------------------------

loop
background sleep 1000
bystander=$bg
while IFS='|' read -r word pid desc; do
	fake liar "say '$(said "$word" "$pid")'
hear \$here/answer; say '$(said restored "$pid")'"
	again liar
	reject "a pid that is not init's, $desc: refused" 'criu reports [0-9]* for the pid of init'
done <<END
setup-namespaces|1|process 1
setup-namespaces|$bystander|a bystander
post-restore|$bystander|a bystander at the end
post-restore|4194305|one that cannot be
post-restore|0|none
END
fake itself ". $tests/criu.sh; say \"\$(said post-restore \$\$)\"
hear \$here/answer; say '$(said failed)'"
again itself
reject "a pid that is not init's, criu itself: refused" 'criu reports [0-9]* for the pid of init'
fake liar "say '$(said restored $bystander)'"
again liar
reject 'a pid that no notification had: refused' 'restored a process that it did not report'
ok 'the bystander lives' alive $bystander
kill -KILL $bystander
fake liar "say '$(said orphan-pts-master)'; hear \$here/answer; say '$(said failed)'"
again liar
reject 'a descriptor that is not a terminal: refused' 'criu sent no terminal'
again survived
reject 'a criu that leaves its stream at a restore: refused' 'criu has ended without an answer'
nothing_left 'a criu that leaves its stream at a restore: nothing is left'
for sig in TERM ${default:+HUP}; do
	held hangs restore -d --bundle "$bundle" --image-path "$tmp/ck" "$id"
	ended "$sig"
	like "a criu that hangs at a restore: SIG$sig ends it" "$status $err" \
		"^1 .*ended by SIG$sig before it was started"
	nothing_left "a criu that hangs at a restore: SIG$sig leaves nothing"
done

# ---- device nodes, where no cgroup has the device rules ----

# restoring NAME SCRIPT: the fake NAME runs SCRIPT and then restores a process in the root for CRIU.
# It is an orphan, and so becomes a child of the runtime, if that is in the foreground.
restoring() {
	fake "$1" ". $tests/criu.sh
at=$root/$id/criu-root
$2
(chroot \$at /bin/sh -c 'probe open /srv/zero rw >/srv/seen 2>&1; exec sleep 1000' \
	</dev/null >/dev/null 2>&1 3>&- & echo \$! >\$here/pid)
until [ -s \$at/srv/seen ]; do sleep 0.05; done
pid=\$(cat \$here/pid)
say \"\$(said post-restore \$pid)\"
hear \$here/answer
say \"\$(said restored \$pid)\""
}
restoring restores ''
# CRIU sets the flags of the checkpoint.
restoring forgets 'mount -o remount,bind,dev $at'
cat >"$tmp/readonly" <<END
#!/bin/sh
[ -n "\${OCI_TEST_READONLY:-}" ] || exec env OCI_TEST_READONLY=1 unshare -m "\$0" "\$@"
sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .* - cgroup2* .*/\1/p' /proc/self/mountinfo |
	while read -r at; do
	mount -o remount,bind,ro "\$at" || exit 77
done
exec "$RUNC" "\$@"
END
chmod 755 "$tmp/readonly"
mkdir -p "$tmp/ck"
echo '["/dev/null","/dev/null","/dev/null"]' >"$tmp/ck/descriptors.json"
writable=$RUNC
for how in disabled readonly; do
	bundle
	config_set /root/readonly false
	mkdir "$rootfs/srv"
	mknod -m 666 "$rootfs/srv/zero" c 1 5 || {
		skip "restore, cgroups $how" 'device nodes cannot be made here'
		break
	}
	case $how in
	disabled) set -- --cgroup-manager disabled ;;
	readonly) set -- && RUNC=$tmp/readonly ;;
	esac
	held restores "$@" restore --bundle "$bundle" --image-path "$tmp/ck" "$id"
	RUNC=$writable
	ok "restore, cgroups $how: the container runs" wait_for status_is "$id" running ||
		diag "$(cat "$tmp/log")"
	is "restore, cgroups $how: a device node of the root directory is not used" \
		"$(cat "$rootfs/srv/seen")" 'open errno 13'
	do_runc exec --cap CAP_MKNOD "$id" true
	like "restore, cgroups $how: exec gets no CAP_MKNOD" "$status $err" \
		'^255 .*CAP_MKNOD is not given'
	drop "$id"
	wait_for gone $bg

	rm -f "$rootfs/srv/seen"
	[ $how = disabled ] || RUNC=$tmp/readonly
	status=0
	LIMIT=20 path=$tmp/fake/forgets:$PATH quietly "$@" restore --bundle "$bundle" \
		--image-path "$tmp/ck" "$id"
	RUNC=$writable
	err=$(printf '%s\n' "$err" | grep -v level=warning)
	reject "restore, cgroups $how, a checkpoint whose root is not nodev: refused" \
		'devices: no cgroup can have the device rules, and the root .* is not nodev'
	nothing_left "restore, cgroups $how, a checkpoint that is refused: nothing is left" || sweep
done
rm -rf "$tmp/ck"

# ---- the files of a checkpoint -------------------------------------------------------------------

# A link in the image makes two mounts have one path.
loop
mkdir "$tmp/other"
config_set /mounts/- "$(a_bind /link "$tmp/other" '"bind"')"
ln -s data "$rootfs/link"
again fails
reject 'two mounts at one path: refused' '/data: two mounts are there'
loop
for text in '{' '{"a":1}' '"pipe:[1]"' '[[[[[[[[' ''; do
	printf '%s' "$text" >"$tmp/ck/descriptors.json"
	again_as_it_is fails
	reject "descriptors.json is ${text:-empty}: refused" 'of the checkpoint is damaged'
done
{
	printf '["pipe:[1]",7,"pipe:[3]"'
	i=0
	while [ $i -lt 500 ]; do printf ',"pipe:[%s]"' $((i += 1)); done
	echo ']'
} >"$tmp/ck/descriptors.json"
again_as_it_is fails
is 'descriptors.json: pipes of the three streams alone' \
	"$(asked fails | grep '^2[.]27' | tr '\n' ,)" \
	'2.27.1=pipe:[1],2.27.2=0,2.27.1=pipe:[3],2.27.2=2,'
rm "$tmp/ck/descriptors.json"
mkfifo "$tmp/ck/descriptors.json"
again_as_it_is fails
reject 'descriptors.json is a fifo: refused' 'descriptors.json'
rm -rf "$tmp/ck"

# The path of the log is a link or a fifo.
start
fake logger "echo text >$tmp/ck/dump.log; say '$(said failed)'"
mkdir "$tmp/ck"
echo precious >"$tmp/decoy"
ln -s "$tmp/decoy" "$tmp/ck/dump.log"
ck logger
is 'a link where the log goes: what it leads to is untouched' "$(cat "$tmp/decoy")" precious
rm "$tmp/ck/dump.log"
mkfifo "$tmp/ck/dump.log"
ck fails
reject 'a fifo where the log goes: refused' 'criu failed'
# Directories that others may write.
while IFS='|' read -r owner mode desc; do
	rm -rf "$tmp/ck"
	mkdir "$tmp/ck"
	chown "$owner" "$tmp/ck"
	chmod "$mode" "$tmp/ck"
	ck dumps
	reject "a dump to a directory $desc: refused" 'other users may write to the directory'
	path=$tmp/fake/dumps:$PATH quietly checkpoint --image-path "$tmp/ck3" \
		--work-path "$tmp/ck" "$id"
	reject "a log in a directory $desc: refused" 'other users may write to the directory'
	path=$tmp/fake/dumps:$PATH quietly restore -d --bundle "$bundle" --image-path "$tmp/ck" \
		"$id-2"
	reject "a restore from a directory $desc: refused" 'other users may write to the directory'
done <<END
54321:0|700|of another user
0:0|757|that all may write
0:54321|770|that a group may write
END
is 'a dump that is refused: the container runs' "$(status_of "$id")" running
rm -rf "$tmp/ck"
ck dumps
is 'a directory that is made: for its owner alone' "$status $(stat -c %a "$tmp/ck")" '0 700'
is 'the container is gone' "$(status_of "$id")" none

# ---- an ordinary user ----------------------------------------------------------------------------

user=54321
if ! helper as || ! "$HELPERS/as" $user $user unshare -U true 2>/dev/null; then
	skip 'an ordinary user needs CRIU 3.18' \
		'an ordinary user may not make a user namespace here'
else
	minor=18
	fake user "say '$(said failed)'"
	runc_for_all
	bundle
	config_rootless $user
	argv sleep 1000
	mkdir "$tmp/home"
	root=$tmp/home/state
	chown -R $user:$user "$bundle" "$tmp/home" "$tmp/tmpdir" "$tmp/fake"
	as_user() {
		status=0
		"$HELPERS/as" $user $user env PATH="$path" OCI_TEST_MARK="$mark" \
			XDG_RUNTIME_DIR="$tmp/home" TMPDIR="$tmp/tmpdir" timeout -s KILL 60 \
			"$RUNC" --root "$root" --log "$tmp/home/log" "$@" </dev/null >/dev/null \
			2>&1 || status=$?
		err=$(cat "$tmp/home/log" 2>/dev/null)
		rm -f "$tmp/home/log"
	}
	path=$PATH as_user run -d --bundle "$bundle" "$id"
	path=$tmp/fake/fails:$PATH as_user checkpoint --image-path "$tmp/home/ck" "$id"
	like 'an ordinary user needs CRIU 3.18' "$status $err" \
		'^1 .*checkpoint by an ordinary user needs CRIU 3[.]18 or later, and this is 3[.]17'
	path=$tmp/fake/user:$PATH as_user checkpoint --image-path "$tmp/home/ck" "$id"
	row 'an ordinary user: CRIU is asked to do without privileges' user 2.67=1
	path=$PATH as_user delete -f "$id"
fi

nothing_left
done_testing
