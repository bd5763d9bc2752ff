# docs.sh - what the commands of documents need in docs.t; sourced after lib.sh and machine.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154	# variables of those, and of docs.t

# Functions for blocks; sourced before each.
cat >"$here/lib" <<'END'
bundle() {
	mkdir -p rootfs/bin rootfs/etc rootfs/tmp rootfs/proc rootfs/dev rootfs/sys
	cp "$BUSYBOX" rootfs/bin/busybox
	rootfs/bin/busybox --install rootfs/bin 2>/dev/null || :
	rm -f config.json
	oci-spec
	oci-spec set /process/terminal false /process/args sh -c "$*"
}
running() {
	bundle 'while :; do sleep 1; done'
	runc run --detach "$1" >/dev/null 2>&1
}
tree() {
	mkdir -p tree/bin tree/etc tree/tmp
	cp "$BUSYBOX" tree/bin/busybox
	tree/bin/busybox --install tree/bin 2>/dev/null || :
	echo 'ID=alpine' >tree/etc/os-release
}
setup() { eval "$*"; }
# until_says PATTERN FILE: the commands of FILE are killed when they have printed it.
until_says() {
	(. "$2") >"$2.said" 2>&1 &
	until grep -q "$1" "$2.said"; do
		kill -0 $! || { cat "$2.said"; return 1; }
		sleep 0.05
	done
	kill $!
}
# podman with a storage of its own, which has an image, so that no registry is needed.
podman_store() {
	work=$(mktemp -d)
	cat >"$work/containers.conf" <<-CONF
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		lock_type = "file"
		static_dir = "$work/static"
		tmp_dir = "$work/tmp"
		volume_path = "$work/volumes"
		[containers]
		default_ulimits = ["nofile=10000:10000", "nproc=10000:10000"]
		netns = "none"
	CONF
	cat >"$work/storage.conf" <<-CONF
		[storage]
		driver = "vfs"
		graphroot = "$work/graph"
		runroot = "$work/run"
	CONF
	export CONTAINERS_CONF="$work/containers.conf" PODMAN_IGNORE_CGROUPSV1_WARNING=1
	export CONTAINERS_STORAGE_CONF="$work/storage.conf"
	(cd "$work" && tree)
	tar -C "$work/tree" -cf - . |
		podman import - docker.io/library/busybox:latest >/dev/null 2>&1
	podman tag docker.io/library/busybox:latest docker.io/library/alpine:latest
}
# A shell on a terminal may throw away what came before its prompt: exit is typed until it ends.
type_exit() {
	typed=$(mktemp -d)
	mkfifo "$typed/fifo"
	(while echo exit; do sleep 0.2; done >"$typed/fifo") \
		2>/dev/null & # sleep: between two lines that are typed
	exec <"$typed/fifo"
	rm -r "$typed"
}
END

# missing WORD...: prints the first of these that is missing here.
missing() {
	for _w; do
		case $_w in
		root) continue ;;
		memory) grep -q '^memory.*1$' /proc/cgroups && continue ;;
		cgroup-v2) [ -e /sys/fs/cgroup/cgroup.subtree_control ] && continue ;;
		memory-v1) [ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ] && continue ;;
		freezer) cgroups_here && continue ;;
		namespaces) command -v boot >/dev/null && continue ;;
		*) command -v "$_w" >/dev/null 2>&1 && continue ;;
		esac
		echo "$_w"
		return
	done
}

# up: a machine with the containers net and app, unless there is one. /bundles holds them, and a new
# bundle of app.
machine='' made=''
machine_ended() { [ -z "$machine" ] || [ ! -d "/proc/$machine" ]; }
# app runs, and its first run has ended as intended.
healthy() {
	order status app
	expr "$out" : ".* running .* good .*$first_end" >/dev/null
}
up() {
	machine_ended || return 0
	fresh
	unit 10-net 'exit 0'
	config_set /linux/cgroupsPath "\"/net-$mark\""
	# The first time it fills its memory, and after that it runs.
	fill='[ -e /etc/calm ] || { : >/etc/calm; exec tail /dev/zero; }'
	unit new "trap 'exit 0' TERM; $fill; while :; do echo a line; sleep 0.2; done"
	config_set /linux/cgroupsPath "\"/app-$mark\"" /root/readonly false
	: >"$template/etc/calm"
	first_end=
	if cgroups_here && [ -z "$(missing memory)" ]; then
		config_set /linux/resources/memory '{ "limit": 16777216 }'
		rm "$template/etc/calm"
		first_end='out of memory'
	fi
	mkdir "$bundles/20-app"
	cp -a "$bundles/new" "$bundles/20-app/A"
	mv "$bundles/new" "$bundles/.new"
	cat >"$tmp/boot.json" <<-CONF
		{ "log": "memory", "containers": [ { "name": "app", "updateGrace": "100ms", "restart": "always",
			"backoff": { "first": "10ms" },
			"health": { "command": [ "true" ], "interval": "20ms" } } ] }
	CONF
	[ -d /bundles ] || { mkdir /bundles && made=1; }
	prepare="mount --bind '$bundles' /bundles"
	boot ocibox.config="$tmp/boot.json" ocibox.bundles=/bundles
	wait_for state_is net ended
	wait_for healthy
}
no_machine() {
	machine_ended || down
	[ -z "$made" ] || rmdir /bundles
}

# compare WANT GOT: compares line by line, without times, numbers and the width of blanks.
compare() {
	for _f; do
		sed -e 's/[0-9][0-9.]*\(ms\|[smhd]\)\([0-9]*[smh]\)*/TIME/g' \
			-e 's/[0-9][0-9]*/N/g; s/[ 	][ 	]*/ /g; s/ $//' "$_f" >"$_f.plain"
	done
	awk 'NR == FNR { want[++n] = $0; next } { got[++m] = $0 }
	END {
		for (i = j = 1; i <= n; i++)
			if (want[i] == "...") {
				any = 1
			} else {
				while (any && j <= m && got[j] != want[i])
					j++
				if (j > m || got[j] != want[i]) {
					print "wanted: " want[i]
					print "printed: " got[j]
					exit 1
				}
				j++
				any = 0
			}
		if (j <= m && !any) {
			print "printed: " got[j]
			exit 1
		}
	}' "$1.plain" "$2.plain"
}

# session FILE: runs each command after "$ ", and compares what it prints. Runs inside the block's
# shell.
cat >"$here/session" <<'END'
at=0
grep -n '^\$ ' "$1" | sed 's/:.*//' >"$1.lines"
echo "$(($(wc -l <"$1") + 1))" >>"$1.lines"
while read -r line; do
	if [ "$at" != 0 ]; then
		sed -n "${at}s/^\\\$ //p" "$1" >"$1.command"
		[ $((at + 1)) = "$line" ] || sed -n "$((at + 1)),$((line - 1))p" "$1" |
			sed '/^$/d' >>"$1.want"
		. "$1.command" >>"$1.got" 2>&1 </dev/null || {
			echo "status $?: $(cat "$1.command")"
			cat "$1.got"
			exit 1
		}
	fi
	at=$line
done <"$1.lines"
END

