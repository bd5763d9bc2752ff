SUMMARY = "An initramfs whose process 1 is oci-init, with the containers of /bundles"
LICENSE = "MIT"

# Nothing but the program, and what is added by ROOTFS_POSTPROCESS_COMMAND of a board's own.
PACKAGE_INSTALL = "ocibox"
IMAGE_FEATURES = ""
IMAGE_LINGUAS = ""
IMAGE_FSTYPES = "cpio.gz"
IMAGE_ROOTFS_SIZE = "8192"
IMAGE_ROOTFS_EXTRA_SPACE = "0"
NO_RECOMMENDATIONS = "1"

inherit image

# The kernel starts /init.
ocibox_init() {
	ln -sf ${bindir}/oci-init ${IMAGE_ROOTFS}/init
	install -d ${IMAGE_ROOTFS}/bundles ${IMAGE_ROOTFS}/dev ${IMAGE_ROOTFS}/proc ${IMAGE_ROOTFS}/sys ${IMAGE_ROOTFS}/run
}
ROOTFS_POSTPROCESS_COMMAND += "ocibox_init"
