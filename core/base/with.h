/* with.h - what a small build leaves out: `make WITH_X=0` defines WITH_X as 0. */
/* SPDX-License-Identifier: MIT */
#ifndef CORE_BASE_WITH_H
#define CORE_BASE_WITH_H

#ifndef WITH_SYSTEMD
#define WITH_SYSTEMD 1 /* the systemd cgroup manager and its D-Bus */
#endif
#ifndef WITH_SECCOMP
#define WITH_SECCOMP 1 /* linux.seccomp, and libseccomp */
#endif
#ifndef WITH_BOOT
#define WITH_BOOT 1 /* oci-init as the init of a machine */
#endif
#ifndef WITH_DISKS
#define WITH_DISKS 1 /* of WITH_BOOT: LABEL=, UUID=, PARTUUID=, the type auto */
#endif
#ifndef WITH_RELOAD
#define WITH_RELOAD 1 /* of WITH_BOOT: oci-init reload */
#endif
#ifndef WITH_ENV
#define WITH_ENV 1 /* of WITH_BOOT: env and secrets of boot.json */
#endif
#ifndef WITH_BOOT_NET
#define WITH_BOOT_NET 1 /* of WITH_BOOT: network of boot.json */
#endif
#ifndef WITH_SYSLOG
#define WITH_SYSLOG 1 /* of WITH_BOOT: logs to syslog */
#endif
#ifndef WITH_UPDATE
#define WITH_UPDATE 1 /* of WITH_BOOT: bundles A and B, oci-init update */
#endif
#ifndef WITH_MODULES
#define WITH_MODULES 1 /* of WITH_BOOT: modules of boot.json */
#endif
#ifndef WITH_BUTTON
#define WITH_BUTTON 1 /* of WITH_BOOT: the power button */
#endif
#ifndef WITH_IMAGES
#define WITH_IMAGES 1 /* a root.path that is a filesystem in a file */
#endif
#if !WITH_IMAGES
#undef WITH_UNPACK
#define WITH_UNPACK 0
#endif
#ifndef WITH_VERITY
#define WITH_VERITY 1 /* dm-verity of images, and of mounts of boot.json */
#endif
#ifndef WITH_UNPACK
#define WITH_UNPACK 1 /* of WITH_IMAGES: oci-image, zlib and libzstd */
#endif
#ifndef WITH_CRIU
#define WITH_CRIU 1 /* checkpoint and restore */
#endif
#ifndef WITH_NET
#define WITH_NET 1 /* linux.netDevices */
#endif
#ifndef WITH_CGROUP
#define WITH_CGROUP 1 /* cgroups: linux.resources but for devices, cgroupsPath, their mounts */
#endif
#if !WITH_CGROUP
#undef WITH_SYSTEMD
#define WITH_SYSTEMD 0
#endif
#ifndef WITH_USERNS
#define WITH_USERNS 1 /* user namespaces, id-mapped mounts, ordinary users */
#endif
#ifndef WITH_HOOKS
#define WITH_HOOKS 1 /* hooks */
#endif
#ifndef WITH_TERMINAL
#define WITH_TERMINAL 1 /* process.terminal */
#endif
#ifndef WITH_LSM
#define WITH_LSM 1 /* AppArmor and SELinux */
#endif
#ifndef WITH_TUNING
#define WITH_TUNING 1 /* scheduler, I/O priority, CPU affinity, RDT, memory policy, time offsets */
#endif
#ifndef WITH_ROOTFS
#define WITH_ROOTFS 1 /* run --rootfs: a container without a config.json */
#endif
#ifndef WITH_OVERLAY
#define WITH_OVERLAY 1 /* --overlay and its annotation, the mount option tmpcopyup */
#endif
#ifndef WITH_NOTIFY
#define WITH_NOTIFY 1 /* NOTIFY_SOCKET: readiness for a service manager */
#endif
#ifndef WITH_OLD_KERNELS
#define WITH_OLD_KERNELS 1 /* Linux before 5.12, and calls that an outer seccomp filter denies */
#endif
#ifndef WITH_HELP
#define WITH_HELP 1 /* hints in errors, help texts, ocibox --dump and --install */
#endif
#ifndef WITH_DEBUG
#define WITH_DEBUG 1 /* the lines and places that --debug adds to the log */
#endif

/* not_built() fails because this build lacks a part. */
#define NOT_BUILT(part, what) "this build has no " what " (" part "=0)"
#define not_built(part, what) failx(NOT_BUILT(part, what))

/* The field row of a member that needs a part: without the part the member is a fault. */
#define WITH_ROW_1(name_, clause_, ...) __VA_ARGS__
#define WITH_ROW_0(name_, clause_, ...)                                                            \
	{                                                                                          \
		.name = name_, .kind = JK_LACKS, .sub = clause_                                    \
	}
#define WITH_ROW_N(n, ...) WITH_ROW_##n(__VA_ARGS__)
#define WITH_ROW_OF(n, ...) WITH_ROW_N(n, __VA_ARGS__)
#define WITH_ROW(part, what, name, ...) WITH_ROW_OF(part, name, NOT_BUILT(#part, what), __VA_ARGS__)

/* The text that lists the parts which this build lacks, "WITH_X=0 " for each. */
#define WITHOUT_0(part) part "=0 "
#define WITHOUT_1(part) ""
#define WITHOUT_N(n) WITHOUT_##n
#define WITHOUT_OF(n) WITHOUT_N(n)
#define WITHOUT_IF(n, part) WITHOUT_OF(n)(part)
/* clang-format off */
#define WITHOUT \
	WITHOUT_IF(WITH_SYSTEMD, "WITH_SYSTEMD") \
	WITHOUT_IF(WITH_SECCOMP, "WITH_SECCOMP") \
	WITHOUT_IF(WITH_IMAGES, "WITH_IMAGES") \
	WITHOUT_IF(WITH_UNPACK, "WITH_UNPACK") \
	WITHOUT_IF(WITH_VERITY, "WITH_VERITY") \
	WITHOUT_IF(WITH_CRIU, "WITH_CRIU") \
	WITHOUT_IF(WITH_NET, "WITH_NET") \
	WITHOUT_IF(WITH_CGROUP, "WITH_CGROUP") \
	WITHOUT_IF(WITH_USERNS, "WITH_USERNS") \
	WITHOUT_IF(WITH_HOOKS, "WITH_HOOKS") \
	WITHOUT_IF(WITH_TERMINAL, "WITH_TERMINAL") \
	WITHOUT_IF(WITH_LSM, "WITH_LSM") \
	WITHOUT_IF(WITH_TUNING, "WITH_TUNING") \
	WITHOUT_IF(WITH_ROOTFS, "WITH_ROOTFS") \
	WITHOUT_IF(WITH_OVERLAY, "WITH_OVERLAY") \
	WITHOUT_IF(WITH_NOTIFY, "WITH_NOTIFY") \
	WITHOUT_IF(WITH_OLD_KERNELS, "WITH_OLD_KERNELS") \
	WITHOUT_IF(WITH_HELP, "WITH_HELP") \
	WITHOUT_IF(WITH_DEBUG, "WITH_DEBUG") \
	WITHOUT_IF(WITH_BOOT, "WITH_BOOT") \
	WITHOUT_IF(WITH_DISKS, "WITH_DISKS") \
	WITHOUT_IF(WITH_RELOAD, "WITH_RELOAD") \
	WITHOUT_IF(WITH_ENV, "WITH_ENV") \
	WITHOUT_IF(WITH_BOOT_NET, "WITH_BOOT_NET") \
	WITHOUT_IF(WITH_MODULES, "WITH_MODULES") \
	WITHOUT_IF(WITH_BUTTON, "WITH_BUTTON") \
	WITHOUT_IF(WITH_SYSLOG, "WITH_SYSLOG") \
	WITHOUT_IF(WITH_UPDATE, "WITH_UPDATE")
/* clang-format on */

#endif
