#!/bin/sh
# attack-peers.t - no mount of a container is a peer of the host's: what is mounted inside stays
# inside.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root

# "/" is shared here (lib.sh), as on a host with systemd, and so is all that is mounted below it.
K=$tmp/decoy
mkdir -p "$K/vol/sub" "$K/vol/own" "$K/inner" "$K/closed/vol/sub" "$K/closed/vol/own"
echo inner >"$K/inner/file"
echo reached >"$K/file"
ln -s vol "$K/link"
cp -a "$K/file" "$K/closed/file"
ln -s vol "$K/closed/link"
mkdir "$K/tree" "$K/closed/tree"
for d in "$K" "$K/closed"; do
	mount -t tmpfs tree "$d/tree"
	mkdir "$d/tree/below" "$d/tree/sub" "$d/tree/own"
	mount -t tmpfs below "$d/tree/below"
	echo reached >"$d/tree/file"
	echo reached >"$d/vol/file"
done
chmod 750 "$K/closed"

maps='[{"containerID":0,"hostID":100000,"size":65536}]'
# bundle_in USERNS: the root has every capability over its own user namespace, or over the host's
# mounts.
bundle_in() {
	bundle
	config_set /root/readonly false
	caps='["CAP_SYS_ADMIN","CAP_DAC_OVERRIDE"]'
	config_set /process/capabilities/bounding "$caps" /process/capabilities/effective "$caps" \
		/process/capabilities/permitted "$caps"
	[ "$1" = none ] && return
	chown -R 100000:100000 "$rootfs"
	config_set /linux/namespaces/- '{"type":"user"}' /linux/uidMappings "$maps" \
		/linux/gidMappings "$maps"
}

# groups: the peer groups that the host's mounts are in.
groups() { sed -n 's/.* shared:\([0-9]*\) .*/ \1 /p' /proc/self/mountinfo; }
# peers: mounts in $out that are in one of them.
peers() {
	echo "$out" | sed \
		-n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .* shared:\([0-9]*\) .*/\1 \2/p' |
		while read -r _at _group; do
			case $host_groups in
			*" $_group "*) echo "$_at" ;;
			esac
		done
}

# cell USERNS WHERE SOURCE PROPAGATION OPTIONS: a bind, a bind below it, and mounts of the payload's
# own.
cell() {
	_what="user namespace $1, ${2#"$tmp/"}/$3, rootfsPropagation '$4', $5"
	_at=/v
	_below=/v/sub
	[ "$3" != file ] || _at=/f _below=/w
	_maps=
	case $1:$5 in
	none:*idmap* | *own*) _maps=",\"uidMappings\":$maps,\"gidMappings\":$maps" ;;
	esac
	# shellcheck disable=SC2086 # a list of words
	config_set /mounts/7 "{\"destination\":\"$_at\",\"source\":\"$2/$3\",\"options\":$(words \
		${5%own})$_maps}" \
		/mounts/8 \
		"{\"destination\":\"$_below\",\"source\":\"$K/inner\",\"options\":[\"rbind\",\"ro\"]}" \
		/linux/rootfsPropagation "\"$4\""
	run
	cells=$((cells + 1))
	_bad=
	[ "$status" = 0 ] || _bad="$err"
	case $out$err in
	*reached*) ;;
	# A refusal is right as well: Linux before 6.3 cannot id-map a tmpfs.
	*'may not support id-mapped mounts'*) _bad= ;;
	*) _bad="$_bad; the source is not there" ;;
	esac
	_now=$(mounts_now)
	if [ "$_now" != "$host_mounts" ]; then
		_bad="$_bad; the host has $(echo "$_now" | diff "$tmp/host_mounts" - | grep '^>' |
			cut -d' ' -f4)"
		sweep_host
	fi
	[ -z "$(peers)" ] || _bad="$_bad; peers of the host's mounts: $(peers)"
	if [ -n "$_bad" ]; then
		cells_bad=$((cells_bad + 1))
		diag "$_what: $_bad"
		drop "$id"
	fi
}
sweep_host() {
	while mounts_now | diff "$tmp/host_mounts" - | sed -n 's/^> [^ ]* [^ ]* \([^ ]*\) .*/\1/p' |
		sort -r |
		while read -r _m; do umount "$_m" 2>/dev/null && echo; done | grep -q .; do :; done
	mounts_now >"$tmp/host_mounts"
	host_mounts=$(cat "$tmp/host_mounts")
}

# begin USERNS: a fresh bundle for the cells of this user namespace.
begin() {
	bundle_in "$1"
	mkdir "$rootfs/v"
	config_set /mounts/- '{"destination":"/v","type":"tmpfs"}' /mounts/- \
		'{"destination":"/v","type":"tmpfs"}'
	script <<-'END'
		cat /proc/self/mountinfo
		cat /v/file /f 2>/dev/null
		for d in /v/own /v/below /v/sub /v /tmp; do
			mount -t tmpfs payload $d 2>/dev/null
		done
		exit 0
	END
}

mounts_now >"$tmp/host_mounts"
host_mounts=$(cat "$tmp/host_mounts")
host_groups=$(groups)

# A control: the test sees a peer when there is one.
begin none
cell_out=$(
	cells=0 cells_bad=0
	cell none "$K" vol rshared rbind
	echo "bad $cells_bad"
)
like \
	'rootfsPropagation shared without a user namespace: peers, as asked for, and this test sees them' \
	"$cell_out" '^bad 1'
sweep_host

for ns in none new; do
	begin $ns
	for how in bind rbind 'bind idmap' 'rbind idmap' 'rbind ridmap' 'bind idmap own' \
		'rbind ridmap own'; do
		[ "$ns:${how##* }" != none:own ] || continue
		cells=0 cells_bad=0
		for where in "$K" "$K/closed"; do
			for source in vol tree link file; do
				cell $ns "$where" $source '' "$how"
			done
		done
		is \
			"user namespace $ns, options $how: $cells sources, nothing mounted inside is on the host" \
			"$cells_bad" 0
	done
	for prop in private slave unbindable rprivate rslave runbindable shared rshared; do
		# Without a user namespace shared mounts are peers of the host's, as asked for.
		case $ns$prop in
		none*shared) continue ;;
		esac
		cells=0 cells_bad=0
		for how in rbind 'rbind idmap' 'bind idmap'; do
			for where in "$K" "$K/closed"; do
				cell $ns "$where" tree $prop "$how"
			done
		done
		is \
			"user namespace $ns, rootfsPropagation $prop: $cells sources, nothing mounted inside is on the host" \
			"$cells_bad" 0
	done
done

# A root that the runtime makes before init exists, or that init puts together.
for ns in none new; do
	for how in image overlay; do
		begin $ns
		if [ $how = image ]; then
			if [ ! -e /dev/loop-control ] ||
				! mkfs.ext4 -q -F -d "$rootfs" "$bundle/image" 32m \
				>/dev/null 2>&1; then
				skip "user namespace $ns, the root an $how" \
					'no loop device, or no mkfs.ext4'
				continue
			fi
			[ $ns = none ] || chown 0:0 "$rootfs"
			config_set /root/path '"image"'
		elif ! grep -q overlay /proc/filesystems; then
			skip "user namespace $ns, the root an $how" 'this kernel has no overlay'
			continue
		fi
		config_set /mounts/7 \
			"{\"destination\":\"/v\",\"source\":\"$K/closed/tree\",\"options\":[\"rbind\"]}" \
			/mounts/8 \
			"{\"destination\":\"/v/sub\",\"source\":\"$K/inner\",\"options\":[\"rbind\",\"ro\"]}"
		if [ $how = overlay ]; then
			run --overlay=4m
		else
			run
		fi
		is "user namespace $ns, the root an $how: nothing mounted inside is on the host" \
			"$status;$(mounts_now | diff "$tmp/host_mounts" -);$(peers)" '0;;' ||
			diag "$err"
		sweep_host
	done
done

for d in "$K" "$K/closed"; do
	umount "$d/tree/below"
	umount "$d/tree"
done
nothing_left
done_testing
