#!/bin/sh
# attack-paths.t - a hostile rootfs: symbolic links where the runtime makes or mounts something.
# SPDX-License-Identifier: MIT
#
# Decoy files only. Each case ends in a refusal or stays inside the container; what must never
# happen is that a decoy outside changes or is reached. tests/control.list says which old runtimes
# fail which case: without a runtime that fails it an attack proves nothing.
. "$(dirname "$0")/lib.sh"
need_root

decoy=$tmp/decoy
# fresh: a bundle and untouched decoys.
fresh() {
	bundle
	config_set /root/readonly false
	rm -rf "$decoy"
	mkdir -p "$decoy/dir"
	echo decoy >"$decoy/file"
	echo decoy >"$decoy/dir/ptmx"
	chmod 600 "$decoy/file"
	before=$(look)
}
# look: everything that could change below the decoys.
look() {
	find "$decoy" -exec stat -c '%n %F %a %u:%g %s' {} + |
		sort; cat "$decoy/file" "$decoy/dir/ptmx"
}
# unharmed DESC: the decoys are as they were.
unharmed() { is "$1" "$(look)" "$before"; }
# no_mount PATH...: takes the mount at PATH out of the config.
no_mount() {
	for _m; do
		_i=0
		while _d=$(config_get "/mounts/$_i/destination") && [ -n "$_d" ]; do
			if [ "$_d" = "$_m" ]; then
				config_del "/mounts/$_i"
				break
			fi
			_i=$((_i + 1))
		done
	done
}
no_dev() { no_mount /dev/pts /dev/shm /dev/mqueue /dev; }

# ---- CVE-2019-19921, 2023-27561, 2023-28642, 2025-54867: /proc and /sys are links ----

for p in proc sys; do
	for to in "$decoy/dir" /tmp ../tmp; do
		fresh
		rm -rf "${rootfs:?}/$p"
		ln -s "$to" "$rootfs/$p"
		argv sh -c 'cat /proc/self/mountinfo; ls -la /'
		refused "rootfs/$p is a link to $(echo "$to" | sed "s|$tmp||"): refused" "$p"
		unharmed 'rootfs/$p is a link: the decoy is untouched'
	done
	fresh
	rmdir "$rootfs/$p"
	echo x >"$rootfs/$p"
	refused "rootfs/$p is a file: refused" "$p"
done

# ---- CVE-2019-18837, 2026-87766: a link as destination of a mount, or in its way ----

mkdir "$tmp/vol"
echo content >"$tmp/vol/f"
for how in 'last component' 'parent' 'relative' 'chain'; do
	fresh
	case $how in
	'last component') ln -s "$decoy/dir" "$rootfs/dst"; dst=/dst ;;
	parent) ln -s "$decoy" "$rootfs/dst"; dst=/dst/dir/new ;;
	relative) ln -s "../../../../../../../..$decoy/dir" "$rootfs/dst"; dst=/dst/deeper ;;
	chain) ln -s b "$rootfs/a"; ln -s c "$rootfs/b"; ln -s "$decoy/dir" "$rootfs/c"; dst=/a ;;
	esac
	config_set /mounts/- \
		"{\"destination\":\"$dst\",\"source\":\"$tmp/vol\",\"options\":[\"bind\"]}"
	argv sh -c "cat $decoy/dir/f $decoy/dir/new/f $decoy/dir/deeper/f 2>/dev/null; true"
	run
	unharmed "a link as destination ($how): the decoy is untouched"
	case $status in
	1) like 'and it is inside, or refused' "$err" 'mount' ;;
	*) is 'and it is inside, or refused' "$out" content ;;
	esac
done
fresh
ln -s "$decoy/made" "$rootfs/dst"
config_set /mounts/- "{\"destination\":\"/dst\",\"source\":\"$tmp/vol/f\",\"options\":[\"bind\"]}"
run
unharmed 'the mountpoint of a file through a dangling link: nothing is made outside'
fresh
ln -s loop "$rootfs/loop"
config_set /mounts/- '{"destination":"/loop/x","type":"tmpfs","source":"none"}'
refused 'a loop of links on the way' 'loop|[Tt]oo many|symbolic'

# ---- CVE-2026-41579, 2026-47766: /dev is a link, and no /dev is mounted ----

fresh
no_dev
rmdir "$rootfs/dev"
ln -s "$decoy/dir" "$rootfs/dev"
argv true
run
unharmed "rootfs/dev is a link to a folder of the host: nothing is made or removed there"
fresh
no_dev
rmdir "$rootfs/dev"
ln -s "../../../../../../../..$decoy/dir" "$rootfs/dev"
run
unharmed 'rootfs/dev is a relative link to a folder of the host: nothing is made or removed there'

# The same for devices of the config and for each of the default names.
fresh
no_dev
ln -s "$decoy" "$rootfs/dev/sub"
config_set /linux/devices '[{"path":"/dev/sub/node","type":"c","major":1,"minor":3}]'
run
unharmed 'a device of the config below a link'
# Inside of the root the link leads to a directory of the host that the config has bound.
for way in /dev/sub /srv/sub /dev/sub/new; do
	fresh
	no_dev
	mkdir "$rootfs/srv"
	ln -s /vol "$rootfs/${way%/new}"
	config_set /mounts/- \
		"{\"destination\":\"/vol\",\"source\":\"$decoy\",\"options\":[\"bind\"]}" \
		/linux/devices "[{\"path\":\"$way/node\",\"type\":\"c\",\"major\":1,\"minor\":3}]"
	refused "a device below $way, a link to a bind: refused" "device $way/node: .*symlink"
	unharmed "a device below $way, a link to a bind: nothing is made there"
done
fresh
no_dev
for n in null zero full random urandom tty ptmx fd stdin stdout stderr core; do
	ln -s "$decoy/file" "$rootfs/dev/$n"
done
argv \
	sh -c 'echo overwritten >/dev/null; echo overwritten >/dev/zero; chmod 777 /dev/null /dev/full; true'
run
unharmed "rootfs/dev/null and the others are links to a file of the host"

# ---- CVE-2026-88265: /dev/null is a link to a bind of a decoy; stdio are pipes ----

for null in link bind; do
	fresh
	no_dev
	config_set /mounts/- \
		"{\"destination\":\"/vol\",\"source\":\"$decoy\",\"options\":[\"bind\"]}" \
		/process/user '{"uid":1000,"gid":1000}'
	if [ $null = link ]; then
		ln -s /vol/file "$rootfs/dev/null"
	else
		config_set /mounts/- \
			"{\"destination\":\"/dev/null\",\"source\":\"$decoy/file\",\"options\":[\"bind\"]}"
	fi
	argv sh -c 'echo to stdout'
	status=0
	: | OCI_TEST_MARK=$mark timeout -s KILL 60 "$RUNC" --root "$root" run --bundle "$bundle" \
		"$id" 2>"$tmp/err" |
		cat >"$tmp/out" || status=$?
	unharmed "rootfs/dev/null is a $null of a decoy: neither chowned nor written"
	drop "$id"
done

# ---- CVE-2026-88264, 2025-52565: /dev/console and /dev/pts at the set-up of a terminal ----

if helper pty; then
	on_tty() {
		status=0
		OCI_TEST_MARK=$mark timeout -s KILL 60 "$HELPERS/pty" "$RUNC" --root "$root" run \
			--bundle "$bundle" "$id" \
			</dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
		out=$(cat "$tmp/out")
		drop "$id"
	}
	fresh
	no_mount /dev/shm /dev/mqueue /dev
	config_set /process/terminal true
	mkdir "$rootfs/dev/pts"
	ln -s "$decoy/made" "$rootfs/dev/console"
	argv sh -c 'echo x >/dev/console'
	on_tty
	unharmed "rootfs/dev/console is a link to a path of the host: nothing is made"
	fresh
	no_mount /dev/shm /dev/mqueue /dev
	config_set /process/terminal true
	mkdir "$rootfs/dev/pts"
	ln -s "$decoy/file" "$rootfs/dev/console"
	on_tty
	unharmed 'rootfs/dev/console is a link to a file: nothing is made'
	fresh
	no_dev
	config_set /process/terminal true
	mkdir -p "$rootfs/dev/pts"
	for n in 0 1 2 3 4 5 6 7 ptmx; do
		ln -s "$decoy/file" "$rootfs/dev/pts/$n"
	done
	on_tty
	unharmed "no devpts, and links of its names"
	isnt 'is refused' "$status" 0
	fresh
	no_dev
	config_set /process/terminal true
	mkdir -p "$rootfs/dev/pts"
	mknod "$rootfs/dev/pts/ptmx" c 1 3
	mknod "$rootfs/dev/ptmx" c 1 3
	on_tty
	isnt 'a null device as ptmx is refused' "$status" 0
else
	skip 'terminals' 'the helper pty is not built'
fi

# ---- CVE-2025-31133: masks are made with what the image calls /dev/null ----

fresh
no_dev
ln -s /vol/file "$rootfs/dev/null"
config_set /mounts/- "{\"destination\":\"/vol\",\"source\":\"$decoy\",\"options\":[\"bind\"]}" \
	/linux/maskedPaths '["/srv/secret"]'
mkdir -p "$rootfs/srv"
echo secret >"$rootfs/srv/secret"
argv sh -c 'cat /srv/secret; echo overwritten >/srv/secret'
run
unharmed 'the image has a link as /dev/null: the decoy is not written by way of a mask'
unlike 'nor read' "$out" 'decoy'
unlike 'and the path is masked, or the start refused' "$out" 'secret'
fresh
config_set /mounts/- \
	"{\"destination\":\"/dev/null\",\"source\":\"$decoy/file\",\"options\":[\"bind\"]}" \
	/linux/maskedPaths '["/srv/secret"]'
mkdir -p "$rootfs/srv"
echo secret >"$rootfs/srv/secret"
argv sh -c 'cat /srv/secret; echo overwritten >/srv/secret'
run
unharmed 'a bind over /dev/null: the decoy is not written by way of a mask'
unlike 'nor read, and the path is masked, or the start refused' "$out" 'decoy|secret'
# A path that leaves /proc or /sys again.
fresh
mkdir -p "$rootfs/srv/dir"
echo secret >"$rootfs/srv/secret"
config_set /linux/maskedPaths '["/sys/../srv/secret","/proc/../proc/version"]' \
	/linux/readonlyPaths '["/proc/./../srv/dir"]'
argv sh -c 'cat /srv/secret /proc/version; echo x >/srv/dir/new || echo cannot'
run
is 'masked and read-only paths that leave /proc and /sys by dots' "$status $out" '0 cannot' ||
	diag "$err"
fresh
config_set /mounts/- '{"destination":"/proc/../sys/kernel","type":"tmpfs","source":"none"}' \
	/linux/readonlyPaths '[]'
argv sh -c 'grep -o " /[a-z/]*/kernel .* tmpfs" /proc/self/mountinfo | cut -d" " -f2'
run
is 'a tmpfs on /proc/../sys/kernel is where it says, not below /proc' "$status $out" \
	'0 /sys/kernel' || diag "$err"
# A masked path that is a link to somewhere else must not mask, or show, something of the host.
fresh
ln -s "$decoy/file" "$rootfs/mlink"
config_set /linux/maskedPaths '["/mlink"]' /linux/readonlyPaths '["/mlink"]'
run
unharmed 'a masked path that is a link to the host'

# ---- CVE-2026-115521: the image brings its own /proc/self/fd; the root is read-only all the same

fresh
config_set /linux/resources '{}' /root/readonly true /mounts '[]' /linux/maskedPaths '[]' \
	/linux/readonlyPaths '[]'
mkdir -p "$rootfs/proc/self/fd" "$rootfs/proc/thread-self/fd" "$rootfs/elsewhere"
i=0
while [ $i -lt 64 ]; do
	ln -s /elsewhere "$rootfs/proc/self/fd/$i"
	ln -s /elsewhere "$rootfs/proc/thread-self/fd/$i"
	i=$((i + 1))
done
config_set /process/args '["sh","-c","echo x >/new || echo cannot"]'
run
case $status in
1) unlike 'a forged /proc/self/fd: the root is read-only, or the start refused' "$out" '.' ;;
*) is 'a forged /proc/self/fd: the root is read-only, or the start refused' "$out" cannot ;;
esac
nok 'a forged /proc/self/fd: no file was made in the root' test -e "$rootfs/new"
config_set /linux/resources '{}' /root/readonly false /mounts \
	"[{\"destination\":\"/tmp\",\"source\":\"$decoy\",\"options\":[\"bind\",\"ro\"]}]"
argv sh -c 'echo overwritten >/tmp/file'
run
unharmed 'a forged /proc/self/fd: a bind is read-only, or the start refused'

# ---- CVE-2025-24965: files the runtime writes into a rootfs ----

fresh
ln -s "$decoy" "$rootfs/w"
config_set /process/cwd '"/w/made/here"'
run
unharmed 'cwd below a link: nothing is made outside'
fresh
ln -s "$decoy/made" "$rootfs/w"
config_set /process/cwd '"/w"'
run
unharmed 'cwd is a dangling link: nothing is made outside'
fresh
rm -rf "${rootfs:?}/etc"
ln -s "$decoy" "$rootfs/etc"
printf 'root:x:0:0::/evil:/bin/sh\n' >"$decoy/passwd"
before=$(look)
argv sh -c 'echo "$HOME"'
run
isnt 'HOME is not read from a passwd of the host through a link' "$out" /evil
mkdir -p "$tmp/cu"

# ---- links to files of the kernel: the runtime reads as the host's root ----

# Nothing is lost by reading these two. The config and the container say what is in them.
user=a:x:0:0::/evil
fresh
config_set /hostname "\"$user\"" /mounts/5/options '["nosuid","noexec","nodev"]'
for set in bounding effective permitted; do
	config_set /process/capabilities/$set/- '"CAP_NET_ADMIN"'
done
ln -sf /proc/sys/kernel/hostname "$rootfs/etc/passwd"
argv sh -c 'cat /etc/passwd; echo "$HOME"'
run
is 'a link to a file of procfs: HOME is not read from it' "$status $out" "0 $user
/" || diag "$err"
argv sleep 1000
do_runc run -d --bundle "$bundle" "$id"
do_runc exec "$id" sh -c 'cat /etc/passwd; echo "$HOME"'
is 'exec, a link to a file of procfs: HOME is not read from it' "$status $out" "0 $user
/" || diag "$err"
do_runc exec "$id" sh -c "
	ln -sf /sys/class/net/lo/ifalias /etc/passwd
	echo $user >/sys/class/net/lo/ifalias"
do_runc exec "$id" sh -c 'cat /etc/passwd; echo "$HOME"'
is 'exec, a link to a file of sysfs: HOME is not read from it' "$status $out" "0 $user
/" || diag "$err"
drop "$id"
fresh
ln -s /sys/devices/virtual/net/lo/statistics "$rootfs/up"
config_set /mounts/- '{"destination":"/up","type":"tmpfs","source":"none","options":["tmpcopyup"]}'
argv sh -c 'ls -A /up/; grep -o "/lo/statistics .*- tmpfs" /proc/self/mountinfo | cut -d" " -f1'
run
is 'tmpcopyup of a link to /sys copies nothing' "$status $out" '0 /lo/statistics' || diag "$err"

echo up >"$tmp/cu/f"
fresh
ln -s "$decoy/dir" "$rootfs/up"
config_set /mounts/- '{"destination":"/up","type":"tmpfs","source":"none","options":["tmpcopyup"]}'
argv sh -c 'ls -A /up; echo x >/up/made'
run
unharmed 'tmpcopyup of a link'
unlike 'copies nothing of the host' "$out" 'ptmx'

# ---- CVE-2019-16884, 2025-52881: mounts that put something before the runtime's own /proc ----

for d in /proc/self/attr /proc/thread-self /proc/sys/net /proc/self/fd /proc/self/setgroups \
	/proc/sys/kernel/domainname; do
	fresh
	case $d in
	*setgroups | *domainname)
		config_set /mounts/- \
			"{\"destination\":\"$d\",\"source\":\"$decoy/file\",\"options\":[\"bind\"]}" ;;
	*) config_set /mounts/- \
		"{\"destination\":\"$d\",\"source\":\"$decoy\",\"options\":[\"bind\"]}" ;;
	esac
	config_set /linux/sysctl '{"net.ipv4.ip_forward":"1"}'
	refused "a bind over $d" 'proc'
	unharmed 'and the decoy is untouched'
done
for d in self/attr sys/net; do
	fresh
	ln -s "/proc/${d%/*}" "$rootfs/x"
	config_set /mounts/- \
		"{\"destination\":\"/x/${d#*/}\",\"type\":\"tmpfs\",\"source\":\"none\"}"
	refused "a tmpfs over /proc/$d by way of a link" 'proc|/x'
done
fresh
no_mount /proc
config_set /mounts/- '{"destination":"/proc","type":"tmpfs","source":"none"}' \
	/process/apparmorProfile '"some-profile"'
refused 'a tmpfs as /proc and a label: refused' 'proc|apparmor'

rm -rf "$tmp/vol" "$tmp/cu"
nothing_left
done_testing
