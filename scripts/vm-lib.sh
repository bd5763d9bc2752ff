# vm-lib.sh - what every script that starts a virtual machine needs: a kernel, QEMU, archives; sourced.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034	# variables are read by those who source this
#
# Kernels and QEMU come from Debian, by scripts/debian.sh, once: is a newer one out, the one we have will do.
# They lie in build/vm. No KVM is wanted: QEMU emulates the processor (TCG).

. scripts/debian.sh

vm_cache=build/vm
vm_why=	# why there can be no machine, when a function here says so with 1

# name; suite; package; oldest QEMU whose emulated processor boots it
vm_kernels='
6.1 bookworm linux-image-cloud-amd64 7
6.12 bookworm-backports linux-image-cloud-amd64 10
new sid linux-image-cloud-amd64 10
'
# In the order in which they need each other.
vm_modules='overlay veth dummy ifb tun loop squashfs netfs fscache erofs fuse bfq watchdog softdog i6300esb
	virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk autofs4'

# vm_field KERNEL N
vm_field() { printf '%s' "$vm_kernels" | awk -v k="$1" -v n="$2" '$1 == k { print $n }'; }

# vm_possible: can there be machines here?
vm_possible() {
	[ "$(uname -m)" = x86_64 ] || { vm_why='the machine is made for x86_64 only'; return 1; }
	for program in qemu-system-x86_64 apt-get dpkg-deb busybox xz; do
		command -v $program >/dev/null 2>&1 || { vm_why="$program is not installed"; return 1; }
	done
	mkdir -p $vm_cache
}

# vm_packages DIR SUITE PACKAGE...: unpacks them into DIR/root; DIR is new, an absolute path.
vm_packages() {
	vm_dir=$1
	debian_suite "$vm_dir/apt" deb "$2" >/dev/null || return
	shift 2
	mkdir "$vm_dir/deb" "$vm_dir/root"
	(cd "$vm_dir/deb" && debian_apt "$vm_dir/apt" get download "$@" >/dev/null) || return
	for deb in "$vm_dir"/deb/*.deb; do
		dpkg-deb -x "$deb" "$vm_dir/root" || return
	done
}

# vm_parts DIR PACKAGE: the versioned packages of a kernel that it stands for. An image is one of them,
# or since 7.1 stands itself for a binary and its modules.
vm_parts() {
	debian_apt "$1/apt" cache depends "$2" |
		sed -n 's/^ *Depends: \(linux-\(image\|binary\|modules\)-[0-9][^ ]*\)$/\1/p'
}

# vm_kernel KERNEL: sets vm_boot, a folder with vmlinuz, the modules above that it has as NAME.ko, and in
# "modules" their names in order.
vm_kernel() {
	vm_suite=$(vm_field "$1" 2)
	[ -n "$vm_suite" ] || { vm_why="no kernel $1"; return 1; }
	vm_boot=$vm_cache/kernel-$1-$(echo "$vm_modules" | cksum | cut -d ' ' -f 1)
	[ ! -e "$vm_boot/vmlinuz" ] || return 0
	echo "getting Linux $1 from Debian $vm_suite" >&2
	vm_tmp=$(mktemp -d "$PWD/$vm_cache/get.XXXXXX") || return
	if vm_get_kernel "$1" "$vm_tmp" >&2; then
		mv "$vm_tmp/boot" "$vm_boot" 2>/dev/null
	else
		vm_why="no kernel $1 from Debian $vm_suite"
	fi
	rm -rf "$vm_tmp"
	[ -e "$vm_boot/vmlinuz" ]
}

vm_get_kernel() {
	debian_suite "$2/apt" deb "$vm_suite" >/dev/null || return
	image=$(vm_parts "$2" "$(vm_field "$1" 3)" | head -n 1)
	[ -n "$image" ] || return
	# shellcheck disable=SC2046 # names without spaces
	vm_packages "$2" "$vm_suite" "$image" $(vm_parts "$2" "$image") || return
	mkdir "$2/boot"
	find "$2/root" -name 'vmlinuz*' -exec cp {} "$2/boot/vmlinuz" \;
	for m in $vm_modules; do
		find "$2/root" -name "$m.ko" -exec cp {} "$2/boot/" \;
		find "$2/root" -name "$m.ko.xz" -exec xz -dc {} \; >"$2/xz"
		[ ! -s "$2/xz" ] || cp "$2/xz" "$2/boot/$m.ko"
		[ ! -e "$2/boot/$m.ko" ] || echo "$m"
	done >"$2/boot/modules"
	[ -e "$2/boot/vmlinuz" ]
}

# vm_qemu KERNEL: sets vm_run, the command of a QEMU that boots it, in words without spaces. Where the installed
# one is too old it comes from backports into build/vm, and takes the libraries of the installed one.
vm_qemu() {
	vm_run=qemu-system-x86_64
	have=$($vm_run --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
	[ "$have" -lt "$(vm_field "$1" 4)" ] || return 0
	q=$vm_cache/qemu-$(vm_field "$1" 4)
	if [ ! -e "$q" ]; then
		echo "getting a newer QEMU from Debian bookworm-backports" >&2
		vm_tmp=$(mktemp -d "$PWD/$vm_cache/get.XXXXXX") || return
		vm_packages "$vm_tmp" bookworm-backports qemu-system-x86 qemu-system-data seabios >&2 &&
			mv "$vm_tmp/root/usr" "$q" 2>/dev/null
		rm -rf "$vm_tmp"
	fi
	vm_run="$q/bin/qemu-system-x86_64 -L $q/share/qemu -L $q/share/seabios"
	"$q/bin/qemu-system-x86_64" --version >/dev/null 2>&1 ||
		{ vm_why="QEMU $have is too old for Linux $1, and bookworm-backports' does not run here"; return 1; }
}

# vm_archive DIR: an initramfs of it, on the standard output.
vm_archive() { (cd "$1" && find . | busybox cpio -o -H newc -R 0:0 2>/dev/null); }

# vm_start DIR KERNEL INITRAMFS PARAMETERS [QEMU ARG...]: starts a machine without a display or network, which
# ends instead of rebooting; DIR/console and DIR/results are what it says on ttyS0 and ttyS1. Sets vm_pid.
# With vm_serial set the console is that of QEMU's character devices instead.
vm_start() {
	vm_kernel "$2" && vm_qemu "$2" || return
	vm_dir=$1	# getting a kernel has a folder of this name too
	vm_initramfs=$3
	vm_parameters=$4
	shift 4
	: >"$vm_dir/results"
	: >"$vm_dir/console"
	# shellcheck disable=SC2086 # words
	$vm_run -accel tcg -cpu max -smp 2 -m 512 -nodefaults -display none -no-reboot -kernel "$vm_boot/vmlinuz" \
		-initrd "$vm_initramfs" -append "console=ttyS0 panic=-1 mitigations=off quiet $vm_parameters" \
		-serial "${vm_serial:-file:$vm_dir/console}" -serial "file:$vm_dir/results" "$@" \
		</dev/null >"$vm_dir/qemu" 2>&1 &
	vm_pid=$!
}

# vm_wait SECONDS: until the machine has ended by itself; afterwards it is ended, and that is a failure.
vm_wait() {
	vm_n=$(($1 * 5))
	while kill -0 "$vm_pid" 2>/dev/null; do
		[ $vm_n -gt 0 ] || { vm_stop; return 1; }
		vm_n=$((vm_n - 1))
		sleep 0.2
	done
	wait "$vm_pid"
}

vm_stop() {
	kill -KILL "$vm_pid" 2>/dev/null
	wait "$vm_pid" 2>/dev/null
	return 0
}

# vm_says SECONDS PATTERN: until a line of the console is that. 1: it ended, or the time is over.
vm_says() {
	vm_n=$(($1 * 5))
	until tr -d '\r' <"$vm_dir/console" | grep -Eq -e "$2"; do
		{ [ $vm_n -gt 0 ] && kill -0 "$vm_pid" 2>/dev/null; } || return 1
		vm_n=$((vm_n - 1))
		sleep 0.2
	done
}
