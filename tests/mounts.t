#!/bin/sh
# mounts.t - mounts seen from inside: the default ones, every option word, binds, propagation.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root

# mnt PATH FIELD: of the topmost mount at PATH in the mountinfo in $out. FIELD: opts, prop, type,
# source, super, root.
mnt() {
	echo "$out" | awk -v p="$1" -v f="$2" '$5 == p {
		for (i = 7; $i != "-"; i++) ;
		prop = ""
		for (j = 7; j < i; j++) prop = prop (j > 7 ? " " : "") $j
		r = f == "opts" ? $6 : f == "root" ? $4 : f == "prop" ? prop : \
			f == "type" ? $(i + 1) : \
			f == "source" ? $(i + 2) : $(i + 3)
	} END { print r }'
}
# mount_add DESTINATION TYPE SOURCE OPTION...
mount_add() {
	_d=$1
	_t=$2
	_s=$3
	shift 3
	config_set /mounts/- \
		"{\"destination\":\"$_d\",\"type\":\"$_t\",\"source\":\"$_s\",\"options\":$(words \
		"$@")}"
}
info() { argv cat /proc/self/mountinfo; }
fresh() { bundle "$@"; info; config_set /root/readonly false; }

# ---- the default mounts ----

bundle
info
run
is '/proc: type' "$(mnt /proc type)" proc
is '/proc: flags' "$(mnt /proc opts)" rw,relatime
is '/dev: type and flags' "$(mnt /dev type) $(mnt /dev opts)" 'tmpfs rw,nosuid'
like '/dev: data' "$(mnt /dev super)" '^rw,size=65536k,mode=755'
is '/dev/pts' "$(mnt /dev/pts type) $(mnt /dev/pts opts)" 'devpts rw,nosuid,noexec,relatime'
like '/dev/pts: data' "$(mnt /dev/pts super)" 'gid=5,mode=620,ptmxmode=666'
is '/dev/shm' "$(mnt /dev/shm type) $(mnt /dev/shm opts) $(mnt /dev/shm source)" \
	'tmpfs rw,nosuid,nodev,noexec,relatime shm'
is '/dev/mqueue' "$(mnt /dev/mqueue type) $(mnt /dev/mqueue opts)" \
	'mqueue rw,nosuid,nodev,noexec,relatime'
is '/sys' "$(mnt /sys type) $(mnt /sys opts)" 'sysfs ro,nosuid,nodev,noexec,relatime'
isnt '/sys/fs/cgroup is mounted' "$(mnt /sys/fs/cgroup type)" ''
like '/sys/fs/cgroup: flags' "$(mnt /sys/fs/cgroup opts)" ',nosuid,nodev,noexec'
like '/ is read-only' "$(mnt / opts)" '^ro'
is '/ is the root of this view' "$(echo "$out" | awk '$5 == "/"' | wc -l | tr -d ' ')" 1
unlike 'no mountpoint of the host is seen' "$(echo "$out" | awk '{ print $5 }')" "^$tmp"
argv stat -c '%a' /dev /dev/shm /dev/pts /proc
run
is 'modes of the mountpoints' "$(echo "$out" | tr '\n' ' ')" '755 1777 755 555 '

# Mounts happen in the listed order; a later one may lie over or below an earlier one.
fresh
mount_add /a tmpfs one
mount_add /a/b tmpfs two
mount_add /a/b/c tmpfs three
mount_add /a/b tmpfs four
run
is 'nested mounts' "$status $(mnt /a source) $(mnt /a/b source)" '0 one four'

# ---- flags, each set and cleared (TB-12) ----

fresh
for w in ro:ro rw:rw nosuid:nosuid nodev:nodev noexec:noexec noatime:noatime relatime:relatime \
	nodiratime:nodiratime nosymfollow:nosymfollow sync:sync; do
	mount_add "/w-${w%:*}" tmpfs "${w%:*}" "${w%:*}"
done
mount_add /w-strictatime tmpfs s strictatime
for w in suid dev exec atime diratime symfollow async norelatime nostrictatime loud nolazytime \
	noiversion nomand; do
	mount_add "/w-$w" tmpfs "$w" "$w"
done
run
is 'option words: exit 0' "$status" 0 || diag "$err"
for w in ro rw nosuid nodev noexec noatime relatime nodiratime nosymfollow; do
	like "the word $w" ",$(mnt "/w-$w" opts)," ",$w,"
done
like 'sync (a flag of the superblock)' ",$(mnt /w-sync super)," ',sync,'
is 'strictatime: no other atime word' "$(mnt /w-strictatime opts)" rw
for w in suid dev exec diratime symfollow async loud nolazytime noiversion nomand; do
	is "$w on a tmpfs: nothing set" "$(mnt "/w-$w" opts)" rw,relatime
done

fresh
mount_add /w-defaults tmpfs none defaults
mount_add /w-bind none "$rootfs/etc" bind defaults
run
# control: runc takes the word for data (M-11).
is 'defaults is a word that does nothing' "$status $(mnt /w-defaults opts) $(mnt /w-bind root |
	sed 's|.*/||')" '0 rw,relatime etc' ||
	diag "$err"

fresh
mount_add /l tmpfs l ro rw
mount_add /m tmpfs m rw ro
mount_add /n tmpfs n nosuid suid noexec nodev dev
run
is 'later words win' "$(mnt /l opts) $(mnt /m opts) $(mnt /n opts)" \
	'rw,relatime ro,relatime rw,noexec,relatime'

# mand, lazytime, dirsync, iversion: known words, whatever the file system makes of them.
fresh
mount_add /d1 tmpfs a dirsync
mount_add /d2 tmpfs b lazytime
mount_add /d3 tmpfs c silent
mount_add /d4 tmpfs d iversion
run
is 'dirsync, lazytime, silent, iversion are words' "$status" 0 || diag "$err"
like 'dirsync' ",$(mnt /d1 super)," ',dirsync,'
# control: runc 1.1.5 passes lazytime as data.
like 'lazytime' ",$(mnt /d2 super)," ',lazytime,'

# ---- data ----

fresh
mount_add /d tmpfs none size=1m mode=750 uid=7 gid=8 nr_inodes=100 nosuid
argv sh -c 'cat /proc/self/mountinfo; stat -c "%a %u %g" /d'
run
like 'data is passed in order' "$(mnt /d super)" 'size=1024k,nr_inodes=100,mode=750,uid=7,gid=8'
is 'data of a mount has its effect' "$(echo "$out" | tail -n 1)" '750 7 8'
fresh
config_set /mounts/- '{"destination":"/d","type":"tmpfs"}'
run
is 'neither source nor options' "$status $(mnt /d type)" '0 tmpfs'

# tmpfs over a directory keeps its mode; a mode= of the config wins (M-18).
fresh
mkdir "$rootfs/m1733" "$rootfs/m700" "$rootfs/m711"
chmod 1733 "$rootfs/m1733"
chmod 700 "$rootfs/m700"
chmod 711 "$rootfs/m711"
mount_add /m1733 tmpfs none
mount_add /m700 tmpfs none nosuid
mount_add /m711 tmpfs none mode=1755
mount_add /mnew tmpfs none
argv stat -c %a /m1733 /m700 /m711 /mnew
run
# control: with runc 1.1.5 the mode of the directory wins over mode=.
is 'modes of tmpfs over directories' "$(echo "$out" | tr '\n' ' ')" '1733 700 1755 1777 '

# tmpcopyup (M-17).
fresh
mkdir -p "$rootfs/up/sub"
echo content >"$rootfs/up/sub/file"
ln -s sub/file "$rootfs/up/link"
chmod 751 "$rootfs/up"
chmod 646 "$rootfs/up/sub/file"
chown 7:8 "$rootfs/up/sub/file"
mount_add /up tmpfs none tmpcopyup
mount_add /upnew tmpfs none tmpcopyup
argv \
	sh -c 'cat /proc/self/mountinfo; cat /up/link; stat -c "%a %u %g" /up /up/sub/file; readlink /up/link; echo x >/up/sub/new; ls /upnew'
run
is 'tmpcopyup: a tmpfs' "$status $(mnt /up type)" '0 tmpfs' || diag "$err"
is 'tmpcopyup: content, modes, owners, links' "$(echo "$out" | grep -v ' - ' | tr '\n' ,)" \
	'content,751 0 0,646 7 8,sub/file,'
nok 'tmpcopyup: the original stays as it was' test -e "$rootfs/up/sub/new"

# A tmpfs becomes read-only at the end, so that it can be filled before (M-19).
fresh
mkdir "$rootfs/up"
echo content >"$rootfs/up/file"
mount_add /up tmpfs none tmpcopyup ro
argv sh -c 'cat /up/file; echo x >/up/new'
run
like 'tmpcopyup with ro' "$out $err" 'content .*[Rr]ead-only'

# ---- binds ----

src=$tmp/src
mkdir -p "$src/dir/sub"
echo one >"$src/dir/file"
echo two >"$src/file"
ln -s file "$src/link"
mkdir "$src/tm"
mount -t tmpfs -o nosuid,nodev inner "$src/dir/sub"
echo three >"$src/dir/sub/file"

fresh
mount_add /bd none "$src/dir" bind
mount_add /br none "$src/dir" rbind
mount_add /bf none "$src/file" bind
mount_add /x/y/z/bf none "$src/file" bind ro
mount_add /bl none "$src/link" bind
argv \
	sh -c 'cat /proc/self/mountinfo; cat /bd/file /bf /x/y/z/bf /bl; ls /bd/sub; cat /br/sub/file; stat -c "%a %u %F" /x /x/y /x/y/z'
run
is 'binds: exit 0' "$status" 0 || diag "$err"
is 'bind of a directory, a file, a file in a new folder, through a link; rbind' \
	"$(echo "$out" | grep -v ' - ' | head -n 5 | tr '\n' ' ')" 'one two two two three '
is 'missing folders are made 0755 root' "$(echo "$out" | tail -n 3 | tr '\n' ,)" \
	'755 0 directory,755 0 directory,755 0 directory,'
is 'bind without rbind has no submounts' "$(mnt /bd/sub type)" ''
is 'rbind has the submounts' "$(mnt /br/sub source)" inner
is 'the mountpoint of a file is an empty file' "$(stat -c '%F' "$rootfs/bf")" 'regular empty file'
like 'ro on a bind' "$(mnt /x/y/z/bf opts)" '^ro,'
is 'the source stays writable' "$(sh -c "echo two >$src/file && echo fine")" fine

# Flags of a bind: exactly those asked for; none asked: those of the source (M-07).
fresh
mount_add /b1 none "$src/dir/sub" bind
mount_add /b2 none "$src/dir/sub" bind noexec
mount_add /b3 none "$src/dir/sub" bind suid dev
mount_add /b4 none "$src/dir/sub" bind ro nosuid nodev noexec
mount_add /b5 none "$src/dir/sub" bind rw
run
is 'a bind without flags has those of the source' "$(mnt /b1 opts)" rw,nosuid,nodev,relatime
is 'a bind with one flag: the other flags of the source are cleared' \
	"$(mnt /b2 opts)" rw,noexec,relatime
is 'a bind with all flags has them' "$(mnt /b4 opts)" ro,nosuid,nodev,noexec,relatime
# control: runc 1.1.5 does not act on words that only clear.
is 'words that only clear are honoured' "$(mnt /b3 opts) $(mnt /b5 opts)" 'rw,relatime rw,relatime'
is 'the source keeps its flags' "$(grep " $src/dir/sub " /proc/self/mountinfo | cut -d' ' -f6)" \
	rw,nosuid,nodev,relatime

# The rule of symbolic links: followed on the host for sources, inside the root for destinations
# (M-02).
fresh
ln -s /inside "$rootfs/abs"
ln -s ../../../../inside2 "$rootfs/rel"
mkdir "$rootfs/inside" "$rootfs/inside2"
mount_add /abs none "$src/dir" bind
mount_add /rel/new none "$src/dir" bind
mount_add /new/../back tmpfs back
run
is 'destinations through links stay inside' "$status $(mnt /inside root |
	sed 's|.*/||') $(mnt /inside2/new root | sed 's|.*/||')" '0 dir dir'
is 'dots in a destination' "$(mnt /back source)" back
nok 'dots in a destination: nothing was made outside' test -e /inside2
config_set /mounts/- "{\"destination\":\"relative/place\",\"type\":\"tmpfs\",\"source\":\"rel\"}"
run
# control: runc 1.1.5 refuses. Spec 1.2: relative to /, with a warning.
is 'a relative destination is taken from /' "$status $(mnt /relative/place source)" '0 rel'
like 'a relative destination: a warning' "$err" 'relative'

fresh
mkdir "$bundle/data"
echo fromdata >"$bundle/data/f"
mount_add /data none data bind
argv cat /data/f
run
is 'a relative source is taken from the bundle' "$out" fromdata

# ---- propagation ----

fresh
mkdir "$src/shared"
mount -t tmpfs sh "$src/shared"
for w in private shared slave unbindable rprivate rshared rslave runbindable; do
	mount_add "/p-$w" none "$src/shared" bind "$w"
done
mount_add /p-default none "$src/shared" bind
mount_add /p-both none "$src/shared" bind slave shared
run
is 'propagation words: exit 0' "$status" 0 || diag "$err"
is private "$(mnt /p-private prop)" ''
is rprivate "$(mnt /p-rprivate prop)" ''
like shared "$(mnt /p-shared prop)" '^shared:[0-9]+'
like rshared "$(mnt /p-rshared prop)" '^shared:[0-9]+'
like slave "$(mnt /p-slave prop)" '^master:[0-9]+$'
like rslave "$(mnt /p-rslave prop)" '^master:[0-9]+$'
is unbindable "$(mnt /p-unbindable prop)" unbindable
is runbindable "$(mnt /p-runbindable prop)" unbindable
like 'no propagation word: the default of the root, slave' \
	"$(mnt /p-default prop)" '^master:[0-9]+$'
like 'two words in their order' "$(mnt /p-both prop)" 'shared:[0-9]+ master:[0-9]+'

# A mount made outside later is seen by a slave and not by a private one.
fresh
mkdir "$src/shared/later1" "$src/shared/later2"
mount_add /s none "$src/shared" rbind rslave
mount_add /p none "$src/shared" rbind rprivate
argv sh -c 'while [ ! -e /s/go ]; do sleep 0.05; done; cat /proc/self/mountinfo >/tmp/info'
do_runc run -d --bundle "$bundle" "$id"
mount -t tmpfs later "$src/shared/later1"
touch "$src/shared/go"
wait_for status_is "$id" stopped
out=$(cat "$rootfs/tmp/info")
is 'a later mount reaches a slave' "$(mnt /s/later1 source)" later
is 'a later mount does not reach a private mount' "$(mnt /p/later1 source)" ''
runc delete "$id"
umount "$src/shared/later1"
rm "$src/shared/go"

# ---- recursive words (mount_setattr) ----

fresh
for w in rro rnosuid rnodev rnoexec rnoatime rnodiratime rrelatime rnosymfollow; do
	mount_add "/r-$w" none "$src/dir" rbind "$w"
done
mount_add /r-plain none "$src/dir" rbind ro
mount_add /r-back none "$src/dir" rbind rsuid rdev rrw rexec
mount_add /r-strict none "$src/dir" rbind rstrictatime
run
# control: runc 1.1.5 knows the words but nosymfollow.
is 'recursive words: exit 0' "$status" 0 || diag "$err"
for w in ro nosuid nodev noexec noatime nodiratime relatime nosymfollow; do
	like "r$w reaches the submount" ",$(mnt "/r-r$w/sub" opts)," ",$w,"
	like "r$w reaches the mount" ",$(mnt "/r-r$w" opts)," ",$w,"
done
like 'plain ro does not reach the submount' "$(mnt /r-plain/sub opts)" '^rw,'
is 'recursive clearing' "$(mnt /r-back/sub opts)" rw,relatime
unlike 'rstrictatime' "$(mnt /r-strict/sub opts)" 'relatime|noatime'
# The words that clear a mode: the submount gets the default, relatime.
fresh
mount --bind "$src/dir/sub" "$src/dir/sub" &&
	mount -o remount,bind,noatime,nodiratime "$src/dir/sub"
mount_add /r-atime none "$src/dir" rbind ratime rdiratime
mount_add /r-norelatime none "$src/dir" rbind rnorelatime rsymfollow
mount_add /r-nostrict none "$src/dir" rbind rnosymfollow rnostrictatime rsymfollow
run
is 'ratime, rdiratime' "$(mnt /r-atime/sub opts)" rw,nosuid,nodev,relatime || diag "$err"
like 'rnorelatime: the mode is cleared' "$(mnt /r-norelatime/sub opts)" '^rw,.*,relatime'
unlike 'rsymfollow' "$status $(mnt /r-norelatime/sub opts) $(mnt /r-nostrict/sub opts)" \
	'^1|nosymfollow'
like 'rnostrictatime: the mode is cleared' "$(mnt /r-nostrict/sub opts)" 'relatime'
umount "$src/dir/sub"
fresh
mount_add /t tmpfs t rro
run
# control: a tmpfs with rro is silently writable with runc (M-15).
like 'rro on a tmpfs' "$(mnt /t opts)" '^ro'

# ---- proc, sysfs, cgroup, mqueue, devpts, overlay ----

fresh
argv cat /proc/self/mountinfo
mount_add /proc2 proc proc nosuid ro
mount_add /sys2 sysfs sysfs ro
mount_add /pts2 devpts devpts newinstance mode=600
mount_add /mq2 mqueue mq
run
is 'proc, sysfs, devpts, mqueue elsewhere' \
	"$status $(mnt /proc2 type) $(mnt /sys2 type) $(mnt /pts2 type) $(mnt /mq2 type)" \
	'0 proc sysfs devpts mqueue'
# control: runc 1.1.5 and crun let some of them through (M-21).
for d in /proc/self/attr /proc/sys /proc/1 /proc/self; do
	fresh
	mount_add "$d" tmpfs none
	refused "tmpfs on $d" 'proc'
done
fresh
mount_add /proc tmpfs none
refused 'tmpfs on /proc' 'proc'
for d in cpuinfo meminfo stat uptime loadavg diskstats; do
	fresh
	mount_add "/proc/$d" none "$src/file" bind
	argv cat "/proc/$d"
	run
	is "a file over /proc/$d is allowed" "$out" two
done
fresh
mount_add /proc/version none "$src/file" bind
refused 'a file over /proc/version' 'proc'
fresh
mount_add /proc none "$src/dir" bind
refused 'a bind of no proc on /proc' 'proc'
fresh
config_set /linux/resources '{}' /mounts '[]' /linux/maskedPaths '[]' /linux/readonlyPaths '[]'
mount_add /proc none /proc rbind
argv sh -c 'cat /proc/self/mountinfo; ls /proc/self/fd >/dev/null && echo fine'
run
is 'a bind of the caller'"'"'s proc on /proc' "$status $(mnt /proc type)" '0 proc' || diag "$err"

lower=$tmp/ov
mkdir -p "$lower/low" "$lower/up" "$lower/work"
echo low >"$lower/low/f"
fresh
mount_add /ov overlay overlay "lowerdir=$lower/low" "upperdir=$lower/up" "workdir=$lower/work"
argv sh -c 'cat /ov/f; echo new >/ov/g'
run
is 'overlay' "$status $out $(cat "$lower/up/g" 2>&1)" '0 low new' || diag "$err"

# /dev as a bind: nothing is made in it (M-40).
mkdir "$src/dev"
fresh
config_set /linux/maskedPaths '[]' /mounts \
	"[{\"destination\":\"/proc\",\"type\":\"proc\"},{\"destination\":\"/dev\",\"source\":\"$src/dev\",\"options\":[\"bind\"]}]"
run
is '/dev as a bind: nothing is made in it' "$status:$(ls "$src/dev")" 0:

# No mounts at all.
bundle
config_set /linux/resources '{}' /mounts '[]' /linux/maskedPaths '[]' /linux/readonlyPaths '[]'
argv sh -c 'ls -A /proc; ls -A /sys; echo fine'
run
# control: runc 1.1.5 needs /proc of the container (M-41 says it may be absent).
is 'no mounts at all' "$out" fine || diag "$err"

# remount of what an earlier entry mounted.
fresh
mount_add /rm tmpfs rm size=1m
mount_add /rm tmpfs rm remount size=2m ro
run
like 'remount' "$(mnt /rm opts) $(mnt /rm super)" '^ro.*size=2048k'

# ---- the cgroup mount ----

bundle
argv \
	sh -c 'find /sys/fs/cgroup -maxdepth 1 -mindepth 1 | sort; mkdir /sys/fs/cgroup/x 2>&1; grep " /sys/fs/cgroup" /proc/self/mountinfo'
run
like 'cgroup: nothing can be made at the top' "$out" '[Rr]ead-only file system|Permission denied'
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
	like 'cgroup v2: the container sees its own group' "$out" ' /sys/fs/cgroup .* cgroup2 '
else
	for h in cpu memory pids devices; do
		[ -d "/sys/fs/cgroup/$h" ] || continue
		like "cgroup v1: $h is there" "$out" "^/sys/fs/cgroup/$h\$"
		like "cgroup v1: $h is the container's own group, read-only" "$out" \
			" /[^ ]*$mark /sys/fs/cgroup/[^ ]*${h}[^ ]* ro,"
	done
	config_set /linux/namespaces/- '{"type":"cgroup"}'
	run
	! cgroups_here || like 'cgroup v1 in a cgroup namespace: its root' "$out" \
		' / /sys/fs/cgroup/[^ ]*memory[^ ]* ro,'
fi

# ---- idmap (M-28, M-29) ----

mkdir "$src/id"
echo id >"$src/id/f"
chown 1000:1000 "$src/id/f"
fresh
argv stat -c '%u %g' /id/f
config_set /mounts/- "{\"destination\":\"/id\",\"source\":\"$src/id\",\"options\":[\"bind\"],
	\"uidMappings\":[{\"containerID\":1000,\"hostID\":5000,\"size\":1}],
	\"gidMappings\":[{\"containerID\":1000,\"hostID\":6000,\"size\":1}]}"
run
# control: runc 1.1.5 ignores the mappings.
is 'mappings of a mount: the file belongs to the mapped ids' "$out" '5000 6000' || diag "$err"
fresh
config_set /mounts/- "{\"destination\":\"/id\",\"source\":\"$src/id\",\"options\":[\"bind\"],
	\"uidMappings\":[{\"containerID\":1000,\"hostID\":5000,\"size\":1}]}"
refused 'a mount with uid mappings alone is refused' 'uid and gid'
fresh
config_set /mounts/- "{\"destination\":\"/id\",\"type\":\"tmpfs\",\"options\":[],
	\"uidMappings\":[{\"containerID\":0,\"hostID\":5000,\"size\":1}],
	\"gidMappings\":[{\"containerID\":0,\"hostID\":5000,\"size\":1}]}"
refused 'mappings of a mount that is not a bind are refused' 'bind'
fresh
mount_add /id none "$src/id" bind idmap
refused 'idmap without mappings and without a user namespace' 'user namespace|userns|mapping'
fresh
chown -R 100000:100000 "$rootfs"
config_set /linux/namespaces/- '{"type":"user"}' \
	/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
	/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]'
mount_add /id none "$src/id" bind idmap
argv sh -c 'stat -c "%u %g" /id/f; touch /id/new'
run
is 'idmap with the maps of the container' "$out" '1000 1000' || diag "$err"
is 'idmap: a file that the container makes belongs to the ids of the host' \
	"$(stat -c '%u %g' "$src/id/new" 2>&1)" \
	'0 0'
rm -f "$src/id/new"
mkdir "$bundle/id"
echo relative >"$bundle/id/f"
config_set /mounts/7/source '"id"'
argv cat /id/f
run
is 'idmap with a relative source: of the bundle' "$out" relative || diag "$err"
mkdir "$src/dir/idsub" "$src/idr"
mount --bind "$src/dir" "$src/idr"
mkdir -p "$src/idr/idsub"
mount --bind "$src/id" "$src/idr/idsub"
config_set /mounts/7/source "\"$src/idr\"" /mounts/7/options '["rbind","ridmap"]'
argv stat -c '%u %g' /id/idsub/f
run
is 'ridmap reaches submounts' "$out" '1000 1000' || diag "$err"
config_set /mounts/7/options '["rbind","idmap"]'
run
is 'idmap does not reach submounts' "$out" '65534 65534' || diag "$err"
# The option with mappings in it (M-31); "@" is relative to the maps of the container, root of which
# is 100000 here.
argv stat -c '%u %g' /id/f
config_set /mounts/7/source "\"$src/id\"" /mounts/7/options \
	'["bind","idmap=uids=1000-100007-1;gids=0-5-1#1000-100008-1"]'
run
# control: runc 1.1.5 takes it for data of the filesystem.
is 'idmap=uids=...;gids=...: the file belongs to the mapped ids' "$out" '7 8' || diag "$err"
config_set /mounts/7/options '["rbind","ridmap=uids=@1000-9-1;gids=@1000-10-1"]'
run
is 'ridmap=uids=@...: ids of the container' "$out" '9 10' || diag "$err"
config_set /mounts/7/options '["bind","idmap=uids=@1000-70000-1;gids=@1000-0-1"]'
refused 'idmap=uids=@...: an id the container has not' 'mounts\[7\].options\[1\]'
config_set /mounts/7/options '["bind","idmap=uids=@1000-9-4294967295;gids=@1000-0-1"]'
refused 'idmap=uids=@...: more ids than the container has' \
	'mounts\[7\].options\[1\].*not in one range'
config_set /mounts/7/options '["bind","idmap=uids=1-2"]'
refused 'idmap= with a range that cannot be read' 'mounts\[7\].options\[1\]'
config_set /mounts/7/options '["bind","idmap=uids=0-0-1"]'
refused 'idmap= with uids only' 'uids.*gids'
umount "$src/idr/idsub" "$src/idr"

# ---- in a user namespace ----

fresh
chown -R 100000:100000 "$rootfs"
config_set /linux/namespaces/- '{"type":"user"}' \
	/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
	/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]'
mount_add /b1 none "$src/dir/sub" bind ro
mount_add /b2 none "$src/dir/sub" bind noexec
run
is 'locked flags are kept' "$status $(mnt /b1 opts) $(mnt /b2 opts)" \
	'0 ro,nosuid,nodev,relatime rw,nosuid,nodev,noexec,relatime' || diag "$err"
mount_add /b3 none "$src/dir/sub" bind suid
refused 'clearing a locked flag is refused' 'locked flag nosuid of .*: operation not permitted'
for word in noatime strictatime nodiratime; do
	config_del /mounts/9
	mount_add /b3 none "$src/dir/sub" bind "$word"
	refused "another atime mode of a locked mount is refused: $word" \
		'locked atime mode of .*: operation not permitted'
done
config_del /mounts/9
mount_add /b3 none "$src/dir/sub" bind relatime nosuid
run
is 'the same atime mode may be asked for' "$status $(mnt /b3 opts)" '0 rw,nosuid,nodev,relatime' ||
	diag "$err"
# Linux 5.2 to 5.11 has no mount_setattr(2), and a profile of that time denies it.
for version in 5.4 5.10 5.10-denied; do
	calls_of $version
	run
	is "with the calls of Linux $version: locked flags are kept" \
		"$status $(mnt /b1 opts) $(mnt /b2 opts) $(mnt /b3 opts)" \
		'0 ro,nosuid,nodev,relatime rw,nosuid,nodev,noexec,relatime rw,nosuid,nodev,relatime' ||
		diag "$err"
	mount_add /b4 none "$src/dir/sub" bind suid
	refused "with the calls of Linux $version: clearing a locked flag is refused" \
		'locked flag nosuid of .*: operation not permitted'
	config_del /mounts/10
	calls_of all
done
# A source only root of the host can reach (M-32).
mkdir -p "$src/deep/in"
echo reached >"$src/deep/in/file"
chmod 700 "$src/deep"
fresh
chown -R 100000:100000 "$rootfs"
config_set /linux/namespaces/- '{"type":"user"}' \
	/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
	/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]'
mount_add /deep none "$src/deep/in" bind
argv cat /deep/file
run
is 'a source the mapped root cannot reach' "$out" reached || diag "$err"
mount_add /deep2 none "$src/deep/in" bind noatime
refused 'another atime mode of a source the mapped root cannot reach is refused, with the reason' \
	'locked atime mode of .*: operation not permitted'

# ---- crun's words (M-33) ----

ln -s /target "$src/sym"
fresh
mount_add /cs none "$src/sym" bind copy-symlink
argv readlink /cs
run
# control: runc knows none of the three.
is 'copy-symlink: the link is made again' "$out" /target || diag "$err"
run
is 'copy-symlink: the same link is there already' "$status $out" '0 /target' || diag "$err"
for what in link file directory; do
	rm -f "$rootfs/cs"
	case $what in
	link) ln -s /targe "$rootfs/cs" ;;
	file) echo image >"$rootfs/cs" ;;
	directory) mkdir "$rootfs/cs" ;;
	esac
	refused "copy-symlink: another $what is there" \
		'/cs exists and is not the symlink to /target'
done
fresh
mount_add /nf none "$src/link" bind src-nofollow
argv readlink /nf
run
is 'src-nofollow: the link itself is mounted' "$out" file || diag "$err"
fresh
ln -s /elsewhere "$rootfs/dn"
mount_add /dn none "$src/sym" bind src-nofollow dest-nofollow
argv readlink /dn
run
is 'dest-nofollow: over the link itself' "$out" /target || diag "$err"

umount "$src/shared"
umount "$src/dir/sub"
nothing_left
done_testing
