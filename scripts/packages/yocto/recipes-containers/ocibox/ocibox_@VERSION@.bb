SUMMARY = "OCI containers for boards, initramfs and containers in containers"
DESCRIPTION = "runc, oci-spec, oci-init and oci-image in one static program that needs nothing but the kernel"
HOMEPAGE = "@SITE@"
SECTION = "console/tools"
# The program is static: the libraries that its scripts/deps builds are parts of it.
LICENSE = "MIT & LGPL-2.1-only & BSD-3-Clause & Zlib"
LIC_FILES_CHKSUM = "file://LICENSE;md5=@LICENSE_MD5@"

DEPENDS = "gperf-native xz-native"

SRC_URI = "@SITE@/releases/${BP}.tar.gz;name=ocibox \
           @LIBSECCOMP_SITE@/@LIBSECCOMP_FILE@;name=libseccomp;unpack=0 \
           @LIBCAP_SITE@/@LIBCAP_FILE@;name=libcap;unpack=0 \
           @ZLIB_SITE@/@ZLIB_FILE@;name=zlib;unpack=0 \
           @ZSTD_SITE@/@ZSTD_FILE@;name=zstd;unpack=0 \
           "
SRC_URI[ocibox.sha256sum] = "@SHA256@"
SRC_URI[libseccomp.sha256sum] = "@LIBSECCOMP_SHA256@"
SRC_URI[libcap.sha256sum] = "@LIBCAP_SHA256@"
SRC_URI[zlib.sha256sum] = "@ZLIB_SHA256@"
SRC_URI[zstd.sha256sum] = "@ZSTD_SHA256@"

PACKAGECONFIG ??= "seccomp images verity unpack net cgroup userns hooks terminal lsm tuning rootfs overlay notify oldkernels help debug \
                   boot disks reload env bootnet modules button syslog update \
                   ${@bb.utils.filter('DISTRO_FEATURES', 'systemd', d)}"
PACKAGECONFIG[seccomp] = "WITH_SECCOMP=1,WITH_SECCOMP=0"
PACKAGECONFIG[systemd] = "WITH_SYSTEMD=1,WITH_SYSTEMD=0"
PACKAGECONFIG[images] = "WITH_IMAGES=1,WITH_IMAGES=0"
PACKAGECONFIG[verity] = "WITH_VERITY=1,WITH_VERITY=0"
PACKAGECONFIG[unpack] = "WITH_UNPACK=1,WITH_UNPACK=0"
PACKAGECONFIG[net] = "WITH_NET=1,WITH_NET=0"
PACKAGECONFIG[cgroup] = "WITH_CGROUP=1,WITH_CGROUP=0"
PACKAGECONFIG[userns] = "WITH_USERNS=1,WITH_USERNS=0"
PACKAGECONFIG[hooks] = "WITH_HOOKS=1,WITH_HOOKS=0"
PACKAGECONFIG[terminal] = "WITH_TERMINAL=1,WITH_TERMINAL=0"
PACKAGECONFIG[lsm] = "WITH_LSM=1,WITH_LSM=0"
PACKAGECONFIG[tuning] = "WITH_TUNING=1,WITH_TUNING=0"
PACKAGECONFIG[rootfs] = "WITH_ROOTFS=1,WITH_ROOTFS=0"
PACKAGECONFIG[overlay] = "WITH_OVERLAY=1,WITH_OVERLAY=0"
PACKAGECONFIG[notify] = "WITH_NOTIFY=1,WITH_NOTIFY=0"
PACKAGECONFIG[oldkernels] = "WITH_OLD_KERNELS=1,WITH_OLD_KERNELS=0"
PACKAGECONFIG[help] = "WITH_HELP=1,WITH_HELP=0"
PACKAGECONFIG[debug] = "WITH_DEBUG=1,WITH_DEBUG=0"
PACKAGECONFIG[boot] = "WITH_BOOT=1,WITH_BOOT=0"
PACKAGECONFIG[disks] = "WITH_DISKS=1,WITH_DISKS=0"
PACKAGECONFIG[reload] = "WITH_RELOAD=1,WITH_RELOAD=0"
PACKAGECONFIG[env] = "WITH_ENV=1,WITH_ENV=0"
PACKAGECONFIG[bootnet] = "WITH_BOOT_NET=1,WITH_BOOT_NET=0"
PACKAGECONFIG[modules] = "WITH_MODULES=1,WITH_MODULES=0"
PACKAGECONFIG[button] = "WITH_BUTTON=1,WITH_BUTTON=0"
PACKAGECONFIG[syslog] = "WITH_SYSLOG=1,WITH_SYSLOG=0"
PACKAGECONFIG[update] = "WITH_UPDATE=1,WITH_UPDATE=0"
PACKAGECONFIG[criu] = "WITH_CRIU=1,WITH_CRIU=0"

EXTRA_OEMAKE = "CC='${CC}' STRIP='${STRIP}' ${PACKAGECONFIG_CONFARGS}"
export DISTFILES = "${WORKDIR}/distfiles"
export BUILD_CC
export AR
export RANLIB

do_configure[noexec] = "1"

do_compile() {
	install -d ${DISTFILES}
	for f in @LIBSECCOMP_FILE@ @LIBCAP_FILE@ @ZLIB_FILE@ @ZSTD_FILE@; do
		cp ${DL_DIR}/$f ${DISTFILES}
	done
	oe_runmake all
}

do_install() {
	install -d ${D}${bindir}
	install -m 0755 ${S}/build/ocibox ${D}${bindir}/ocibox
	if ${@bb.utils.contains('PACKAGECONFIG', 'unpack', 'true', 'false', d)}; then
		ln -s ocibox ${D}${bindir}/oci-image
	fi
	ln -s ocibox ${D}${bindir}/oci-init
	ln -s ocibox ${D}${bindir}/oci-spec
	ln -s ocibox ${D}${bindir}/runc
}

PACKAGES =+ "${PN}-runc"
FILES:${PN}-runc = "${bindir}/runc"
RDEPENDS:${PN}-runc = "${PN}"
RPROVIDES:${PN}-runc = "virtual-runc"
RCONFLICTS:${PN}-runc = "runc-opencontainers runc-docker crun"

# The Makefile strips it, and keeps build/ocibox.debug.
INSANE_SKIP:${PN} += "already-stripped"
