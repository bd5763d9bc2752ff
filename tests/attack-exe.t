#!/bin/sh
# attack-exe.t - CVE-2019-5736 and 2016-9962: the container reaches for the runtime's own executable
# and descriptors.
# SPDX-License-Identifier: MIT
#
# A copy of the runtime is the decoy. A first container spies on the pid namespace into which others
# are started: it takes hold of /proc/PID/exe and writes to it as soon as it can, and it looks
# through descriptors, root and cwd of the others for a file that only the host has.
. "$(dirname "$0")/lib.sh"
need_root
rounds=${OCI_ROUNDS:-40}

mkdir "$tmp/copy"
cp "$RUNC" "$tmp/copy/${RUNC##*/}" # follows the link; the name stays, it may matter
RUNC=$tmp/copy/${RUNC##*/}
sum=$(sha256sum <"$RUNC")
unchanged() { is "$1" "$(sha256sum <"$RUNC")" "$sum"; }
echo host-only >"$tmp/host-only"

# spying VERB ARG...: starts the spy, detached, in a pid namespace of its own; $spy is its pid.
spying() {
	bundle spy
	chmod 755 "$rootfs/bin/spy"
	argv sh -c "spy $* >/tmp/seen; echo finished >>/tmp/seen"
	config_set /root/readonly false /linux/maskedPaths '[]' /linux/readonlyPaths '[]'
	do_runc run -d --bundle "$bundle" --pid-file "$tmp/spy.pid" "$id-spy"
	spy=$(cat "$tmp/spy.pid")
	seen=$rootfs/tmp/seen
}
# join: the present bundle shares the pid namespace of the spy.
join() { config_set /linux/namespaces/0 "{\"type\":\"pid\",\"path\":\"/proc/$spy/ns/pid\"}"; }

# ---- the executable ----

spying scribble 100000000
is 'the spy runs' "$(status_of "$id-spy")" running || diag "$err"
for entry in /bin/true /proc/self/exe /bin/to-exe /bin/by-script; do
	bundle
	join
	ln -s /proc/self/exe "$rootfs/bin/to-exe"
	printf '#!/proc/self/exe\n' >"$rootfs/bin/by-script"
	chmod 755 "$rootfs/bin/by-script"
	argv "$entry" --version
	i=0
	while [ $i -lt "$rounds" ]; do
		i=$((i + 1))
		runc run --bundle "$bundle" "$id" >/dev/null 2>&1
	done
	# A program that is the runtime itself is refused, or a sealed copy runs: then this says the
	# version.
	do_runc run --bundle "$bundle" "$id"
	unchanged "$rounds starts of $entry: the runtime on disk is unchanged"
done
like 'the spy still tries' "$(status_of "$id-spy")" running
drop "$id-spy"

# In one container: the program is the runtime, a child of it writes.
for entry in /proc/self/exe /bin/to-exe; do
	bundle
	ln -s /proc/self/exe "$rootfs/bin/to-exe"
	argv "$entry" init
	config_set /root/readonly false
	run
	unchanged "$entry as the program: the runtime on disk is unchanged"
	drop "$id"
done
bundle
config_set /root/readonly false /hooks \
	'{"startContainer":[{"path":"/bin/spy","args":["spy","scribble","50"]}]}'
i=0
while [ $i -lt 10 ]; do
	i=$((i + 1))
	run
done
is 'a startContainer hook that writes to what starts it' "$status" 0
unchanged 'the runtime on disk is unchanged'

# with_init SCRIPT: a bundle whose payload may mount, trace and change owners, for --init.
with_init() {
	bundle
	for _set in bounding effective permitted; do
		config_set "/process/capabilities/$_set" \
			'["CAP_SYS_ADMIN","CAP_SYS_PTRACE","CAP_CHECKPOINT_RESTORE",
			"CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_FSETID","CAP_CHOWN","CAP_LINUX_IMMUTABLE","CAP_SYS_CHROOT"]'
	done
	config_set /root/readonly false
	script
}

# With --init process 1 is the host's file while the container lives, and users execute commands
# beside it. A process that may mount, trace and change owners tries every way that a link in /proc
# gives. The same ways work on a file of the container, so the test can fail.
do_runc run --help
if printf '%s\n' "$out" | grep -q -e --init; then
	with_init <<'END'
cp /bin/busybox /busybox
/busybox sleep 1000 &
until [ "$(readlink /proc/$!/exe)" = /busybox ]; do :; done
spy grab $! >/tmp/own
spy grab 1 >/tmp/host
spy scribble 100000000
END
	do_runc run -d --init --bundle "$bundle" "$id"
	is 'oci-init is process 1' "$status $(status_of "$id")" '0 running' || diag "$err"
	wait_for test -s "$rootfs/tmp/host"
	like 'a file of the container can be changed by a link in /proc' \
		"$(cat "$rootfs/tmp/own")" 'got:.* chmod chown .* bind'
	is 'the file of process 1 cannot be changed by a link in /proc' \
		"$(cat "$rootfs/tmp/host")" 'grab looked 1 got:'
	i=0
	while [ $i -lt "$rounds" ]; do
		i=$((i + 1))
		runc exec "$id" true
	done
	unchanged 'the runtime on disk is unchanged by a container with --init'
	drop "$id"
	unchanged 'the runtime on disk is unchanged after a container with --init'
	# A file that cannot be written now may be writable later, because the host remounts its
	# filesystem for an update. Process 1 must not be that file.
	for how in 'a read-only filesystem' 'a read-only bind mount'; do
		board=$tmp/board
		mkdir "$board" && mount -t tmpfs -o mode=755 board "$board"
		cp "$tmp/copy/${RUNC##*/}" "$board/"
		RUNC=$board/${RUNC##*/}
		case $how in
		*bind*)
			mount -o bind "$RUNC" "$RUNC"
			mount -o remount,bind,ro,nosymfollow "$RUNC" 2>/dev/null ||
				mount -o remount,bind,ro "$RUNC"
			;;
		*) mount -o remount,ro "$board" ;;
		esac
		with_init <<'END'
until [ -e /go ]; do sleep 0.05; done
spy grab 1 >/tmp/host
END
		do_runc run -d --init --bundle "$bundle" "$id"
		case $how in
		*bind*) mount -o remount,bind,rw "$RUNC" ;;
		*) mount -o remount,rw "$board" ;;
		esac
		ok "the runtime lies on $how: then it is made writable" test -w "$RUNC"
		touch "$rootfs/go"
		wait_for status_is "$id" stopped
		is "the runtime lay on $how when it made process 1" "$(cat "$rootfs/tmp/host")" \
			'grab looked 1 got:'
		unchanged "the runtime that lay on $how is unchanged"
		drop "$id"
		[ "$how" = 'a read-only filesystem' ] || umount "$RUNC"
		RUNC=$tmp/copy/${RUNC##*/}
		umount "$board" && rmdir "$board"
	done
else
	skip 'handles on process 1' 'this runtime has no --init'
fi

# The file could be opened for writing all the time: only the content of the processes' exe matters.
ok 'the copy was writable' test -w "$RUNC"

# ---- descriptors, root, cwd ----

spying look 100000000 "$tmp/host-only"
is 'the spy runs' "$(status_of "$id-spy")" running
bundle
join
argv true
i=0
while [ $i -lt $((rounds * 2)) ]; do
	i=$((i + 1))
	runc run --bundle "$bundle" "$id" >/dev/null 2>&1
done
drop "$id-spy"
# The first spy was killed before it could report. A second one looks a limited number of times, and
# reports.
spying look 3000 "$tmp/host-only"
bundle
join
argv true
i=0
until grep -q finished "$seen" 2>/dev/null || [ $i -ge $((rounds * 5)) ]; do
	i=$((i + 1))
	runc run --bundle "$bundle" "$id" >/dev/null 2>&1
done
wait_for has_line "$seen" finished
like "$i starts under the eyes of a spy: it looked" "$(cat "$seen")" '^spy looked [01] '
like 'starts under the eyes of a spy: it found nothing of the host' "$(cat "$seen")" ' found 0$'
drop "$id-spy"


# ---- the same by a process that may trace all that it sees ----

# CAP_SYS_PTRACE in the host's user namespace also traces processes that are not dumpable. So a
# process that joins the pid namespace must have no more than its payload when it appears there: its
# root directory and capabilities would be a way to the host. Tried with and without no_new_privs,
# where seccomp comes late or early.
tracing() {
	bundle spy
	config_set /root/readonly false /linux/maskedPaths '[]' /linux/readonlyPaths '[]'
	for _set in bounding effective permitted; do
		config_set "/process/capabilities/$_set/-" '"CAP_SYS_PTRACE"'
	done
	argv sh -c "spy $* >/tmp/seen; echo finished >>/tmp/seen; sleep 1000"
	rm -f "$rootfs/tmp/seen"
	do_runc run -d --bundle "$bundle" --pid-file "$tmp/spy.pid" "$id-spy"
	spy=$(cat "$tmp/spy.pid")
	seen=$rootfs/tmp/seen
}
# The container's /proc can be mounted from outside since Linux 6.17.
mkdir "$tmp/proc"
mount -t proc -o pidns=/proc/self/ns/pid proc "$tmp/proc" 2>/dev/null && umount "$tmp/proc" &&
	pidns=1
for how in 'look 2000' 'seize 2000'; do
	if [ -z "${pidns:-}" ]; then
		skip \
			"a process that joins a pid namespace where it may be traced: $how" \
			'needs the option pidns of procfs'
		continue
	fi
	tracing "$how" "$tmp/host-only"
	i=0
	until grep -q finished "$seen" 2>/dev/null || [ $i -ge 500 ]; do
		i=$((i + 1))
		[ $((i % 4)) != 1 ] || bundle
		join
		argv true
		case $((i % 4)) in
		1) config_set /process/noNewPrivileges false ;;
		2) config_set /process/noNewPrivileges true ;;
		*) config_set /linux/seccomp '{"defaultAction":"SCMP_ACT_ALLOW"}' ;;
		esac
		runc run --bundle "$bundle" "$id" >/dev/null 2>&1
	done
	wait_for has_line "$seen" finished
	case $how in
	look*) like 'a spy who may trace them: it found nothing of the host' "$(cat "$seen")" \
		'^spy looked 1 found 0$' ;;
	*) like 'and no process has more than the payload' "$(cat "$seen")" \
		'^seize looked 1 stronger 0 held 0$' ;;
	esac || diag "$i starts"
	drop "$id-spy"
done

nothing_left
done_testing
