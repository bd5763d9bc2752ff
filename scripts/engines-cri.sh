# engines-cri.sh - containerd's CRI, the side that the kubelet sees; sourced by scripts/engines.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2086,SC2154	# lists of words, and its variables

for cni in /usr/lib/cni /usr/libexec/cni; do
	[ -x $cni/bridge ] && break
done
cri_needs="containerd ctr ip $cni/bridge /usr/bin/python3"

# containerd has a network namespace of its own: it is the "host" of its pods, and CNI's bridge is
# there.
cri_start() {
	local theirs=/usr/sbin/runc extra=
	handlers=ours
	[ ! -x $theirs ] || cmp -s $theirs "$RUNTIME" || { handlers='ours theirs'; extra=$theirs; }
	mkdir -p "$work/net.d" "$work/pods/below" "$work/shared"
	echo in >"$work/pods/in"
	mount -t tmpfs below "$work/pods/below"
	mount -t tmpfs shared "$work/shared"
	mount --make-shared "$work/shared"
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}' \
		>"$work/filter.json"
	cat >"$work/net.d/10-pods.conflist" <<-END
		{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "pods0", "isGateway": true,
			"ipam": {"type": "host-local", "dataDir": "$work/ipam", "ranges": [[{"subnet": "10.88.0.0/16"}]]}}]}
	END
	{
		cat <<-END
			version = 2
			root = "$work/cri"
			state = "$work/cri-run"
			[grpc]
			address = "$work/cri.sock"
			[plugins."io.containerd.grpc.v1.cri"]
			sandbox_image = "localhost/pause:1"
			restrict_oom_score_adj = true
			tolerate_missing_hugetlb_controller = true
			[plugins."io.containerd.grpc.v1.cri".cni]
			bin_dir = "$cni"
			conf_dir = "$work/net.d"
			[plugins."io.containerd.grpc.v1.cri".containerd]
			snapshotter = "native"
			default_runtime_name = "ours"
		END
		cri_handler ours "$RUNTIME"
		[ -z "$extra" ] || cri_handler theirs "$extra"
	} >"$work/cri.toml"
	cri_images
	daemon "$work/cri.log" unshare --net sh -c 'ip link set lo up; exec "$@"' sh \
		containerd --log-level warn --config "$work/cri.toml"
	cri_daemon=${daemons%% *}
	E="limit ctr --address $work/cri.sock --namespace k8s.io"
	until_ok $E version || return
	for i in image pause; do
		$E images import --snapshotter native "$work/$i.tar" ||
			$E images import --local --snapshotter native "$work/$i.tar" ||
			return	# ctr 2
	done
}

cri_handler() {	# NAME PROGRAM
	cat <<-END
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.$1]
		runtime_type = "io.containerd.runc.v2"
		privileged_without_host_devices = true
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.$1.options]
		BinaryName = "$2"
	END
}

# The image of a pod's first process: the same layer, which sleeps.
cri_images() {
	mkdir "$work/pause"
	ln "$work/image/layer.tar" "$work/pause/layer.tar"
	sed 's/"Cmd":\["sh"\]/"Entrypoint":["sleep","1000000"]/' "$work/image/config.json" \
		>"$work/pause/config.json"
	sed 's,localhost/box:1,localhost/pause:1,' "$work/image/manifest.json" \
		>"$work/pause/manifest.json"
	tar -C "$work/pause" -cf "$work/pause.tar" manifest.json config.json layer.tar
}

cri_rows() {
	local status name text=
	while IFS= read -r line; do
		case $line in
		[!0-9]* | '') text="$text${line#	}
" ;;
		*)
			[ -z "${name:-}" ] || verdict "$status" "$name" "$text"
			status=${line%% *} name=${line#* } text=
			;;
		esac
	done < <(nsenter --net="/proc/$cri_daemon/ns/net" "$top/scripts/engines-cri" \
		"$work/cri.sock" "$work" "$parent" \
		"$image" $handlers 2>&1; echo "$? the rows ended")
	verdict "$status" "$name" "$text"
}

cri_stop() {
	stop_daemons
	umount "$work/pods/below" "$work/shared"
}
