# vm-lib.sh - what every script that starts a virtual machine needs: a kernel, QEMU, archives;
# sourced.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034	# variables are read by those who source this
#
# VM_ARCH is the architecture of the machine, x86_64 if it is not set; the program and busybox are
# then for it too. Kernels and QEMU come from Debian, by scripts/debian.sh, once: an old one is used
# even if a newer one is out. They are in build/vm. KVM is not used: QEMU emulates the processor
# (TCG).

. scripts/debian.sh

# Other users of the machine must reach the files in its archive.
umask 022
vm_cache=build/vm
vm_why=	# why there can be no machine, when a function here says so with 1

# architecture; Debian's name of it; prefix of the cross compiler; QEMU and its machine, between
# colons; the lines of the kernel and of the results. Debian's kernel for ARM reaches no PCI above 4
# GiB.
vm_archs='
x86_64 amd64 - qemu-system-x86_64:-cpu:max ttyS0 ttyS1
aarch64 arm64 aarch64-linux-gnu qemu-system-aarch64:-machine:virt:-cpu:cortex-a72 ttyAMA0 ttyS0
armv7 armhf arm-linux-gnueabihf qemu-system-arm:-machine:virt,highmem=off:-cpu:cortex-a15 ttyAMA0 ttyS0
riscv64 riscv64 riscv64-linux-gnu qemu-system-riscv64:-machine:virt ttyS0 ttyS1
'
# architecture; name; suite; package; oldest QEMU whose emulated processor boots it
vm_kernels='
x86_64 6.1 bookworm linux-image-cloud-amd64 7
x86_64 6.12 bookworm-backports linux-image-cloud-amd64 10
x86_64 new sid linux-image-cloud-amd64 10
x86_64 5.10 bullseye linux-image-cloud-amd64 7
aarch64 6.1 bookworm linux-image-arm64 7
aarch64 5.10 bullseye linux-image-arm64 7
armv7 6.1 bookworm linux-image-armmp 7
armv7 5.10 bullseye linux-image-armmp 7
riscv64 6.12 trixie linux-image-riscv64 7
x86_64 smallest - linux-source-6.1 7
'
# In the order in which they need each other.
vm_modules='libcrc32c overlay veth dummy ifb tun loop squashfs netfs fscache erofs fuse bfq watchdog
	softdog i6300esb virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci
	virtio_blk autofs4 unix_diag inet_diag tcp_diag udp_diag raw_diag af_packet_diag
	netlink_diag nfnetlink nf_defrag_ipv4 nf_defrag_ipv6 nf_conntrack nf_conntrack_netlink
	nf_tables x_tables xt_mark ip_tables iptable_filter ip6_tables ip6table_filter
	evdev button reed_solomon dm-mod dm-bufio dm-verity'
# Modules that the kernel for x86_64 has built in.
[ "${VM_ARCH:-x86_64}" \
	= x86_64 ] || vm_modules="crc16 crc32c_generic mbcache jbd2 ext4 $vm_modules"

vm_arch=${VM_ARCH:-x86_64}
vm_arch_field() { printf '%s' "$vm_archs" | awk -v a="$vm_arch" -v n="$1" '$1 == a { print $n }'; }
vm_console=$(vm_arch_field 5)
vm_results=$(vm_arch_field 6)
vm_default=$(printf '%s' "$vm_kernels" | awk -v a="$vm_arch" \
	'$1 == a { print $2; exit }')	# its first kernel
vm_out=build	# the folder of the program
vm_busybox=$(command -v busybox)
vm_cross=
# A machine whose emulator gets little processor time finds no timer at its boot.
vm_parameter=
[ "$vm_arch" != x86_64 ] || vm_parameter=no_timer_check
vm_looks=5	# of vm_wait in a second; another architecture is slower and gets more time
if [ "$vm_arch" != x86_64 ] && [ -n "$vm_console" ]; then
	vm_cross=$(vm_arch_field 3)
	vm_looks=20
	vm_out=$(make -s CROSS="$vm_cross" print-OUT 2>/dev/null | tail -n 1)
fi

# vm_field KERNEL N
vm_field() {
	printf '%s' "$vm_kernels" | awk -v a="$vm_arch" -v k="$1" -v n="$2" \
		'$1 == a && $2 == k { print $(n + 1) }'
}

# vm_possible: true if machines can run here
vm_possible() {
	[ -n "$vm_console" ] || { vm_why="no machine for $vm_arch is known"; return 1; }
	[ "$(uname -m)" = x86_64 ] || { vm_why='the machine is made on x86_64 only'; return 1; }
	vm_qemu_name=$(vm_arch_field 4)
	for program in "${vm_qemu_name%%:*}" ${vm_cross:+"$vm_cross-gcc"} apt-get dpkg-deb busybox \
		xz; do
		command -v "$program" >/dev/null 2>&1 || {
			vm_why="$program is not installed"
			return 1
		}
	done
	[ -z "$vm_cross" ] || [ -d "/usr/$vm_cross/include/linux" ] ||
		{ vm_why="linux-libc-dev-$(vm_arch_field 2)-cross is not installed"; return 1; }
	mkdir -p $vm_cache
}

# vm_programs: makes the program and the test helpers for a machine of another architecture.
vm_programs() {
	if [ -n "$vm_cross" ]; then
		# oci-spec of this machine makes the bundles.
		[ -x build/bin/oci-spec ] || make -s -j"$(nproc)" all >&2 || return
		make -s -j"$(nproc)" CROSS="$vm_cross" all >&2 || return
		CC=$(make -s CROSS="$vm_cross" print-CC | tail -n 1) tests/helpers/build \
			"$vm_out/helpers"
		return
	fi
	[ -x build/ocibox ] || { vm_why='build/ocibox is not there: make first'; return 1; }
	CC=$(make -s print-CC) tests/helpers/build build/helpers 2>/dev/null ||
		tests/helpers/build build/helpers
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

# vm_parts DIR PACKAGE: prints the versioned packages of the kernel that PACKAGE stands for: an
# image, or since 7.1 a package that itself stands for a binary and its modules.
vm_parts() {
	debian_apt "$1/apt" cache depends "$2" |
		sed -n 's/^ *Depends: \(linux-\(image\|binary\|modules\)-[0-9][^ ]*\)$/\1/p'
}

# vm_kernel KERNEL: sets vm_boot, a directory with vmlinuz, those of the modules above that the
# kernel has as NAME.ko, and a file "modules" with their names in order.
vm_kernel() {
	vm_suite=$(vm_field "$1" 2)
	[ -n "$vm_suite" ] || { vm_why="no kernel $1"; return 1; }
	vm_boot=$vm_cache/kernel-${vm_cross:+$vm_arch-}$1-$(echo "$vm_modules" | cksum |
		cut -d ' ' -f 1)
	[ -z "$vm_cross" ] || vm_busybox=$vm_boot/busybox
	[ ! -e "$vm_boot/vmlinuz" ] || return 0
	[ "$1" != smallest ] || { vm_smallest; return; }
	debian_arch=$(vm_arch_field 2)
	echo "getting Linux $1 for $debian_arch from Debian $vm_suite" >&2
	vm_tmp=$(mktemp -d "$PWD/$vm_cache/get.XXXXXX") || return
	if vm_get_kernel "$1" "$vm_tmp" >&2; then
		mv "$vm_tmp/boot" "$vm_boot" 2>/dev/null
	else
		vm_why="no kernel $1 from Debian $vm_suite"
	fi
	rm -rf "$vm_tmp"
	[ -e "$vm_boot/vmlinuz" ]
}

# vm_smallest: tinyconfig, docs/kernel/enough.config and what QEMU's machine needs, built from
# Debian's package linux-source-6.1 where that is installed: some ten minutes of a processor, once.
vm_smallest() {
	for need in /usr/src/linux-source-6.1.tar.xz /usr/bin/flex /usr/bin/bison \
		/usr/include/gelf.h; do
		[ -e "$need" ] || {
			vm_why="no smallest kernel can be built: $need is not there (linux-source-6.1, flex, bison, libelf-dev)"
			return 1
		}
	done
	echo "building the smallest kernel from $need" >&2
	vm_tmp=$(mktemp -d "$PWD/$vm_cache/get.XXXXXX") || return
	mkdir "$vm_tmp/src" "$vm_tmp/out"
	(
		tar -C "$vm_tmp/src" --strip-components=1 -xf /usr/src/linux-source-6.1.tar.xz &&
			cd "$vm_tmp/src" &&
			make -s O=../out ARCH=x86_64 tinyconfig && {
			cat ../../../../docs/kernel/enough.config
			printf 'CONFIG_%s=y\n' 64BIT SERIAL_8250 SERIAL_8250_CONSOLE PCI ACPI
		} >>../out/.config && make -s O=../out ARCH=x86_64 olddefconfig &&
			make -s O=../out ARCH=x86_64 -j2 bzImage
	) >"$vm_tmp/log" 2>&1
	mkdir -p "$vm_boot"
	cp "$vm_tmp/out/arch/x86/boot/bzImage" "$vm_boot/vmlinuz" 2>/dev/null || {
		tail -n 5 "$vm_tmp/log" >&2
		vm_why='the smallest kernel could not be built'
	}
	rm -rf "$vm_tmp"
	[ -e "$vm_boot/vmlinuz" ]
}

vm_get_kernel() {
	debian_suite "$2/apt" deb "$vm_suite" >/dev/null || return
	image=$(vm_parts "$2" "$(vm_field "$1" 3)" | head -n 1)
	[ -n "$image" ] || return
	# shellcheck disable=SC2046 # names without spaces
	vm_packages "$2" "$vm_suite" "$image" $(vm_parts "$2" "$image") \
		${vm_cross:+busybox-static} || return
	mkdir "$2/boot"
	# Since 7.2 vmlinuz is beside the modules.
	find "$2/root" \( -path '*/boot/vmlinu[xz]*' -o -path '*/modules/*/vmlinuz' \) -exec cp {} "$2/boot/vmlinuz" \;
	find "$2/root" -path '*/bin/busybox' -exec cp {} "$2/boot/" \;
	for m in $vm_modules; do
		find "$2/root" -name "$m.ko" -exec cp {} "$2/boot/" \;
		find "$2/root" -name "$m.ko.xz" -exec xz -dc {} \; >"$2/xz"
		[ ! -s "$2/xz" ] || cp "$2/xz" "$2/boot/$m.ko"
		[ ! -e "$2/boot/$m.ko" ] || echo "$m"
	done >"$2/boot/modules"
	[ -e "$2/boot/vmlinuz" ]
}

# vm_qemu KERNEL: sets vm_run, the command of a QEMU that boots it, in words without spaces: a
# machine without display, network and parallel line, which ends instead of rebooting. Where the
# installed one is too old it comes from backports into build/vm, and takes the libraries of the
# installed one.
vm_qemu() {
	vm_run=$(vm_arch_field 4 | tr : ' ')
	have=$(${vm_run%% *} --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
	if [ "$have" -lt "$(vm_field "$1" 4)" ]; then
		vm_newer_qemu "$1" || return
		vm_run="$q/bin/$vm_run -L $q/share/qemu -L $q/share/seabios"
	fi
	vm_run="$vm_run -accel tcg -nodefaults -display none -no-reboot"
}

vm_newer_qemu() {
	q=$vm_cache/qemu-$(vm_field "$1" 4)
	if [ ! -e "$q" ]; then
		echo "getting a newer QEMU from Debian bookworm-backports" >&2
		vm_tmp=$(mktemp -d "$PWD/$vm_cache/get.XXXXXX") || return
		vm_packages "$vm_tmp" bookworm-backports qemu-system-x86 qemu-system-data \
			seabios >&2 &&
			mv "$vm_tmp/root/usr" "$q" 2>/dev/null
		rm -rf "$vm_tmp"
	fi
	"$q/bin/qemu-system-x86_64" --version >/dev/null 2>&1 || {
		vm_why="QEMU $have is too old for Linux $1, and bookworm-backports' does not run here"
		return 1
	}
}

# vm_lines CONSOLE RESULTS: QEMU's arguments for the line of the kernel, a character device of QEMU,
# and that of the results, a file. The machines of ARM have one line on the board; the other is a
# PCI card.
vm_lines() {
	case $vm_arch in
	x86_64) echo "-serial $1 -serial file:$2" ;;
	*) echo "-serial $1 -chardev file,id=results,path=$2 -device pci-serial,chardev=results" ;;
	esac
}

# vm_archive DIR: writes an initramfs of it to standard output.
vm_archive() { (cd "$1" && find . | busybox cpio -o -H newc -R 0:0 2>/dev/null); }

# vm_start DIR KERNEL INITRAMFS PARAMETERS [QEMU ARG...]: starts a machine; the output of its two
# lines goes to DIR/console and DIR/results. Sets vm_pid. With vm_serial set the console is that one
# of QEMU's character devices instead.
vm_start() {
	vm_kernel "$2" && vm_qemu "$2" || return
	vm_dir=$1	# getting a kernel has a folder of this name too
	vm_initramfs=$3
	vm_parameters=$4
	shift 4
	: >"$vm_dir/results"
	: >"$vm_dir/console"
	# shellcheck disable=SC2046,SC2086 # words
	$vm_run -smp 2 -m 512 -kernel "$vm_boot/vmlinuz" -initrd "$vm_initramfs" \
		-append "console=$vm_console panic=-1 mitigations=off $vm_parameter quiet test.results=$vm_results $vm_parameters" \
		$(vm_lines "${vm_serial:-file:$vm_dir/console}" "$vm_dir/results") "$@" \
		</dev/null >"$vm_dir/qemu" 2>&1 &
	vm_pid=$!
}

# vm_wait SECONDS: waits until the machine has ended; a machine that has not is killed, which is a
# failure.
vm_wait() {
	vm_n=$(($1 * vm_looks))
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

# vm_says SECONDS PATTERN: waits for such a line on the console. Returns 1 if the machine has ended,
# or the time is over.
vm_says() {
	vm_n=$(($1 * vm_looks))
	until tr -d '\r' <"$vm_dir/console" | grep -Eq -e "$2"; do
		{ [ $vm_n -gt 0 ] && kill -0 "$vm_pid" 2>/dev/null; } || return 1
		vm_n=$((vm_n - 1))
		sleep 0.2
	done
}
