#!/bin/sh
# mount-options.t - options of filesystems as the kernel reads them, flags of binds, tmpcopyup, the
# type cgroup2.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root

# one DESTINATION TYPE SOURCE OPTION...: the only mount beside the default ones.
one() {
	_d=$1
	_t=$2
	_s=$3
	shift 3
	config_set /mounts "$mounts" /mounts/- \
		"{\"destination\":\"$_d\",\"type\":\"$_t\",\"source\":\"$_s\",\"options\":$(words \
		"$@")}"
}
fresh() {
	bundle
	config_set /root/readonly false
	mounts=$(config_get /mounts)
}
# opts PATH: the flags of the mount at PATH in the mountinfo in $out.
opts() { echo "$out" | awk -v p="$1" '$5 == p { o = $6 } END { print o }'; }

# props PATH: its propagation, with a space at both ends.
props() { echo "$out" | sed -n "s|^[^ ]* [^ ]* [^ ]* [^ ]* $1 [^ ]*\\( .*\\)- .*|\\1|p"; }

# ---- the text of options: alone it is mount(2)'s, beside a propagation word fsconfig(2)'s ----

lower=$tmp/ov
mkdir -p "$lower/a,b" "$lower/c:d" "$lower/up" "$lower/work"
echo comma >"$lower/a,b/f"
echo colon >"$lower/c:d/g"
long=$lower/$(printf '%0200d' 0)
mkdir -p "$long/1" "$long/2"
echo one >"$long/1/one"
echo two >"$long/2/two"
fresh
argv sh -c 'cat /ov/f /ov/g'
for with in '' private; do
	one /ov overlay overlay "lowerdir=$lower/a\\,b:$lower/c\\:d" ${with:+"$with"}
	run
	is "an overlay with an escaped comma${with:+, $with}" \
		"$status $(echo "$out" | tr '\n' ' ')" '0 comma colon ' || diag "$err"
done
argv sh -c 'cat /ov/one /ov/two'
for with in '' private; do
	one /ov overlay overlay "lowerdir=$long/1:$long/2" ${with:+"$with"}
	run
	is "an overlay with more than 255 bytes of lowerdir${with:+, $with}" \
		"$status $(echo "$out" | tr '\n' ' ')" '0 one two ' ||
		diag "$err"
	one /ov overlay overlay "lowerdir=$long/1:$long/2,upperdir=$lower/up,workdir=$lower/work" \
		${with:+"$with"}
	run
	is "several options in one word${with:+, $with}" "$status $(echo "$out" | tr '\n' ' ')" \
		'0 one two ' || diag "$err"
done
# One value that is too long for fsconfig(2), and cannot be divided.
deep=$long/$(printf '%0100d' 0)
mkdir -p "$deep/up" "$deep/work"
one /ov overlay overlay "lowerdir=$long/1:$long/2" "upperdir=$deep/up" "workdir=$deep/work" private
argv sh -c 'cat /ov/one /ov/two; echo new >/ov/new; grep " /ov " /proc/self/mountinfo'
run
is 'an overlay with more than 255 bytes of upperdir, private' "$status $(cat "$deep/up/new" 2>&1)" \
	'0 new' || diag "$err"
unlike 'an overlay with more than 255 bytes of upperdir is private' "$out" 'shared|master'
# More than a page, which mount(2) cuts off without an error.
all=
n=0
while [ $n -lt 25 ]; do
	mkdir "$long/l$n"
	all=$all$long/l$n:
	n=$((n + 1))
done
echo last >"$long/2/last"
one /ov overlay overlay "lowerdir=$all$long/2"
argv cat /ov/last
run
case $err in
*'longer than 4095 bytes'*) skip 'an overlay with more than a page of lowerdir' \
	'this kernel takes no layer by itself' ;;
*) is 'an overlay with more than a page of lowerdir' "$status $out" '0 last' || diag "$err" ;;
esac

# The error has the kernel's own words.
fresh
argv true
for with in '' private; do
	one /t tmpfs none size=1m sizze=2m ${with:+"$with"}
	refused "a wrong option of a tmpfs is shown with the kernel's words${with:+, $with}" \
		'mounts\[7\].*sizze=2m: invalid argument .*Unknown parameter .sizze'
	one /t tmpfs none size=abc ${with:+"$with"}
	refused "a wrong value too${with:+, $with}" \
		'size=abc: invalid argument .*Bad value for .size'
done
one /b none "$tmp" bind readonly
refused 'readonly on a bind: the word that was meant is named' \
	'mounts\[7\].options\[1\].*readonly.*did you mean .*ro\\?"'
# A flag that fsconfig(2) has no word for.
for with in '' private; do
	one /t tmpfs none iversion ${with:+"$with"}
	run_ok "iversion on a tmpfs${with:+, $with}"
done

# ---- a bind with flags has these and no others ----

src=$tmp/src
mkdir "$src"
mount -t tmpfs src "$src"
mount -o remount,bind,nosymfollow,nosuid,nodev,noexec "$src" 2>/dev/null
case $(grep " $src " /proc/self/mountinfo) in
*nosymfollow*)
	fresh
	argv cat /proc/self/mountinfo
	for word in dev rw suid exec ro; do
		one /b none "$src" bind $word
		run
		is "bind and $word: what was set on the source is cleared, nosymfollow too" \
			"$(opts /b)" \
			"$(case $word in ro) echo ro ;; *) echo rw ;; esac),relatime" || diag "$err"
	done
	one /b none "$src" bind
	run
	like 'bind alone keeps nosymfollow of the source' "$(opts /b)" 'nosymfollow'
	one /b none "$src" bind nosymfollow
	run
	is 'bind and nosymfollow' "$(opts /b)" 'rw,relatime,nosymfollow'
	;;
*) skip 'bind and dev: what was set on the source is cleared' \
	'mount(8) here, or the kernel, has no nosymfollow' ;;
esac
umount "$src"

# ---- tmpcopyup ----

fresh
one /up tmpfs none tmpcopyup size=8m
up=$rootfs/up
mkdir "$up"
(
	cd "$up" || exit
	n=0
	while [ $n -lt 700 ]; do
		mkdir d && cd d || exit
		n=$((n + 1))
	done
	echo deep >file
)
argv sh -c 'cd /up; n=0; while [ -d d ]; do cd d; n=$((n + 1)); done; echo $n $(cat file)'
run
is 'tmpcopyup: 700 directories in one another' "$status $out" '0 700 deep' || diag "$err"
rm -rf "$up"
mkdir "$up" "$up/sub"
chmod 2751 "$up/sub"
chown 7:8 "$up/sub"
truncate -s 4G "$up/hole"
printf 'head' | dd of="$up/hole" conv=notrunc 2>/dev/null
printf 'tail' | dd of="$up/hole" bs=1 seek=3000000000 conv=notrunc 2>/dev/null
truncate -s 1G "$up/sub/empty"
printf 'data' >"$up/full"
script <<'END'
stat -c "%n %s" /up/hole /up/sub/empty /up/full
stat -c "%a %u %g" /up/sub
head -c 4 /up/hole
dd if=/up/hole bs=4 skip=750000000 count=1 2>/dev/null
cat /up/full
du -k /up/hole /up/sub/empty | cut -f1
END
run
is 'tmpcopyup: holes stay holes, data is where it was' "$status $(echo "$out" | tr '\n' ' ')" \
	'0 /up/hole 4294967296 /up/sub/empty 1073741824 /up/full 4 2751 7 8 headtaildata8 0 ' ||
	diag "$err"
if command -v setfattr >/dev/null && setfattr -n trusted.one -v first "$up/full" 2>/dev/null &&
	setfattr -n trusted.two -v second "$up/sub" &&
	setfattr -h -n trusted.three -v third "$up" &&
	setfattr -n security.capability -v 0sAQAAAgAEAAAAAAAAAAAAAAAAAAA= "$up/full" &&
	setfattr -n user.none -v fine "$up/full"; then
	argv sleep 1000
	do_runc run -d --bundle "$bundle" "$id"
	at=/proc/$(pid_of "$id")/root/up
	is 'tmpcopyup: extended attributes' "$(getfattr \
		--absolute-names --only-values -n trusted.one "$at/full")$(
		getfattr --absolute-names --only-values -n trusted.two "$at/sub")$(
		getfattr --absolute-names --only-values -n trusted.three "$at")$(
		getfattr --absolute-names -e base64 -n security.capability "$at/full" |
			grep -o AQAAAgAEAAA)" \
		firstsecondthirdAQAAAgAEAAA || diag "$err"
	drop "$id"
else
	skip 'tmpcopyup: extended attributes' 'no setfattr, or the filesystem takes none'
fi

# ---- cgroup2, whatever else the host has ----

v2=$(sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .* - cgroup2 .*/\1/p' /proc/self/mountinfo |
	head -n 1)
if [ -n "$v2" ]; then
	fresh
	namespaces=$(config_get /linux/namespaces)
	argv sh -c 'cat /proc/self/mountinfo; ls /cg2'
	one /cg2 cgroup2 cgroup2 nosuid noexec nodev ro
	config_set /linux/namespaces/- '{"type":"cgroup"}'
	run
	like 'the type cgroup2 is cgroup2, on a hybrid host too' "$out" \
		' /cg2 ro,nosuid,nodev,noexec,relatime .*- cgroup2 '
	like 'the container sees its own cgroup' "$out" '^cgroup\.procs'
	unlike 'the container sees no other cgroup' "$out" "$mark"
	for word in rro rnoexec shared slave; do
		one /cg2 cgroup2 cgroup2 nosuid nodev $word
		run
		case $word in
		rro) like 'cgroup2: rro' "$(opts /cg2)" '^ro,' || diag "$err" ;;
		rnoexec) like 'cgroup2: rnoexec' "$(opts /cg2)" '^rw,.*noexec' || diag "$err" ;;
		# The new mount has no peer whose slave it could be.
		slave) like 'cgroup2: slave' "$status $(props /cg2)" '^0 *$' || diag "$err" ;;
		*) like "cgroup2: $word" "$(props /cg2)" "^ $word:[0-9]+ $" || diag "$err" ;;
		esac
	done
	# Without a cgroup namespace it is a bind of the host's tree, which is a slave of that. A
	# directory is made nowhere if this fails: the container only looks.
	config_set /linux/namespaces "$namespaces"
	for word in ro rro private shared; do
		one /cg2 cgroup2 cgroup2 nosuid nodev $word
		run
		case $word in
		*ro) like "cgroup2, a bind: $word" "$(opts /cg2)" '^ro,' || diag "$err" ;;
		private) is 'cgroup2, a bind: private' "$status$(props /cg2)" '0 ' || diag "$err" ;;
		*) like 'cgroup2, a bind: shared' "$(props /cg2)" ' shared:[0-9]+ master:[0-9]+ ' ||
			diag "$err" ;;
		esac
	done
	one /cg2 cgroup2 cgroup2 shared rrw
	do_runc --cgroup-manager disabled run --bundle "$bundle" "$id"
	like 'cgroup2 without cgroups: shared, and read-only in spite of rrw' \
		"$(opts /cg2)$(props /cg2)" '^ro,.* shared:[0-9]+ $' || diag "$err"
	one /cg2 cgroup2 cgroup2 nosuid noexec nodev ro
	config_set /linux/namespaces/- '{"type":"cgroup"}'
	chown -R 100000:100000 "$rootfs"
	config_set /linux/namespaces/- '{"type":"user"}' \
		/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
		/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]'
	run
	like 'in a user namespace the container sees its own cgroup' "$out" \
		' / /cg2 ro,nosuid,nodev,noexec,relatime .*- cgroup2 |/cg2 ro,.*- cgroup2 ' ||
		diag "$err"
	unlike 'in a user namespace the container sees no other cgroup' \
		"$(echo "$out" | grep -v ' - ')" "$mark"
	config_set /linux/namespaces "$namespaces" /linux/namespaces/- '{"type":"user"}'
	one /cg2 cgroup2 cgroup2 rrw
	run
	like "in a user namespace rrw does not make the host's cgroups writable" "$(opts /cg2)" \
		'^ro,' || diag "$err"
else
	skip 'the type cgroup2 is cgroup2, on a hybrid host too' 'no cgroup2 here'
fi

nothing_left
done_testing
