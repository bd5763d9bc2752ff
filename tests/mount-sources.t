#!/bin/sh
# mount-sources.t - who opens the source of a mount, and what it sees there: every row of the table
# in mount.c.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root

src=$tmp/src
mkdir -p "$src/first/x/below" "$src/closed/x/below"
echo first >"$src/first/x/file"
echo closed >"$src/closed/x/file"
chown -R 1000:1000 "$src/first/x" "$src/closed/x"
cover() {
	mount -t tmpfs below "$src/$1/x/below"
	echo below >"$src/$1/x/below/file"
	chown 1000:1000 "$src/$1/x/below" "$src/$1/x/below/file"
}
cover first
cover closed
chmod 700 "$src/closed"
maps='[{"containerID":0,"hostID":100000,"size":65536}]'

# begin USERNS: the image has other files at the paths of earlier mounts.
begin() {
	bundle
	config_set /root/readonly false
	mkdir -p "$rootfs/mnt/x" "$rootfs/closed/x"
	echo image >"$rootfs/mnt/x/file"
	echo image >"$rootfs/closed/x/file"
	argv \
		sh -c 'cat /v/file; stat -c %u /v/file; cat /v/below/file 2>/dev/null && stat -c %u /v/below/file; true'
	chmod 700 "$rootfs/closed"
	[ "$1" = none ] && return
	chown -R 100000:100000 "$rootfs"
	# Root of the container cannot reach this directory.
	chown 0:0 "$rootfs/closed"
	config_set /linux/namespaces/- '{"type":"user"}' /linux/uidMappings "$maps" \
		/linux/gidMappings "$maps"
}
# sources FIRST SOURCE OPTION...: an earlier mount of the config (a bind of FIRST on /mnt, or none),
# then a bind of SOURCE on /v.
sources() {
	_first=$1
	_source=$2
	shift 2
	_maps=
	case $ns:$* in
	none:*idmap*) _maps=",\"uidMappings\":$maps,\"gidMappings\":$maps" ;;
	esac
	config_set /mounts "$mounts"
	[ "$_first" = - ] ||
		config_set /mounts/- \
		"{\"destination\":\"/mnt\",\"source\":\"$_first\",\"options\":[\"rbind\"]}"
	config_set /mounts/- \
		"{\"destination\":\"/v\",\"source\":\"$_source\",\"options\":$(words "$@")$_maps}"
	run
	got=$(echo "$status $out" | tr '\n' ' ')
}

for ns in none new; do
	begin $ns
	mounts=$(config_get /mounts)
	# The owner that is seen: 1000 of the host, through the maps of the container or of the
	# mount.
	case $ns in
	none) plain=1000 mapped=101000 ;;
	new) plain=65534 mapped=1000 ;;
	esac
	for how in 'bind' 'bind idmap' 'rbind' 'rbind idmap' 'rbind ridmap'; do
		owner=$plain below=$plain
		case $how in
		*idmap) owner=$mapped ;;
		esac
		case $how in
		*ridmap) below=$mapped ;;
		esac
		case $how in
		rbind*) rest="below $below " ;;
		bind*) rest= ;;
		esac
		row="user namespace $ns, $how"
		if [ "$how" = 'rbind ridmap' ]; then
			# What is mounted on the sources is a tmpfs.
			sources - "$src/first/x" rbind ridmap
			case $err in
			*'may not support id-mapped mounts'*)
				skip "$row" 'this kernel cannot id-map a tmpfs'
				continue
				;;
			esac
		fi
		# shellcheck disable=SC2086 # lists of words
		{
			sources - "$src/first/x" $how
			is "$row: a source of the host" "${got% }" \
				"0 first $owner${rest:+ ${rest% }}" || diag "$err"
			sources - "$src/closed/x" $how
			is "$row: one that only the host's root reaches" "${got% }" \
				"0 closed $owner${rest:+ ${rest% }}" || diag "$err"
			sources "$src/first" "$rootfs/mnt/x" $how
			if [ "$ns${how%% *}" = newbind ]; then
				# The kernel has locked what is mounted on it, and it is nowhere
				# else.
				like \
					"$row: one that is in an earlier mount of the container, with a mount on it, is refused" \
					"$status $err" '^1 .*mounts\[[0-9]\].*use rbind'
				umount "$src/first/x/below"
				sources "$src/first" "$rootfs/mnt/x" $how
				cover first
			fi
			is "$row: one that is in an earlier mount of the container" "${got% }" \
				"0 first $owner${rest:+ ${rest% }}" || diag "$err"
			config_set /mounts "$mounts"
			mounts_saved=$mounts
			config_set /mounts/- \
				"{\"destination\":\"/closed\",\"source\":\"$src/closed\",\"options\":[\"rbind\"]}"
			mounts=$(config_get /mounts)
			[ "$ns${how%% *}" != newbind ] || umount "$src/closed/x/below"
			sources - "$rootfs/closed/x" $how
			is "$row: both" "${got% }" "0 closed $owner${rest:+ ${rest% }}" ||
				diag "$err"
			if [ "$ns${how%% *}" = newbind ]; then
				cover closed
			fi
			mounts=$mounts_saved
		}
	done
done

umount "$src/first/x/below"
umount "$src/closed/x/below"

# A destination that begins with the root's own path on the host is taken inside the root, as in
# runc.
ns=none
begin none
mkdir -p "$rootfs/deep"
for dest in "$rootfs/v" "$rootfs//v/." "$rootfs/../rootfs/v" "$rootfs/new/v"; do
	config_set /mounts "$mounts"
	config_set /mounts/- \
		"{\"destination\":\"$dest\",\"source\":\"$src/first/x\",\"options\":[\"bind\"]}"
	case $dest in
	*/new/v) argv cat /new/v/file ;;
	*) argv cat /v/file ;;
	esac
	run
	where=ROOTFS${dest#"$rootfs"}
	is "a destination of $where is inside" \
		"$status $out $(ls -d "$rootfs/$rootfs" 2>/dev/null)" '0 first '
done
config_set /mounts "$mounts"
config_set /mounts/- \
	"{\"destination\":\"${rootfs}x/v\",\"source\":\"$src/first/x\",\"options\":[\"bind\"]}"
argv cat "${rootfs}x/v/file"
run
is 'a destination of ROOTFSx is not inside of the root' "$status $out" '0 first' || diag "$err"
config_set /mounts/7/destination "\"$rootfs\""
refused 'a destination that is the root itself is refused' 'root of the container'
config_set /mounts/7 "{\"destination\":\"$rootfs/proc/self/attr\",\"type\":\"tmpfs\"}"
refused 'a destination below the path of the root is refused where it is refused inside' \
	'inside /proc'

nothing_left
done_testing
