################################################################################
#
# ocibox
#
################################################################################

OCIBOX_VERSION = @VERSION@
OCIBOX_SITE = @SITE@/releases
# Linked into the program, and built by its scripts/deps.
OCIBOX_EXTRA_DOWNLOADS = \
	@LIBSECCOMP_SITE@/@LIBSECCOMP_FILE@ \
	@LIBCAP_SITE@/@LIBCAP_FILE@ \
	@ZLIB_SITE@/@ZLIB_FILE@ \
	@ZSTD_SITE@/@ZSTD_FILE@
OCIBOX_LICENSE = MIT (ocibox), LGPL-2.1 (libseccomp), BSD-3-Clause or GPL-2.0 (libcap, zstd), Zlib (zlib)
OCIBOX_LICENSE_FILES = LICENSE
OCIBOX_DEPENDENCIES = host-gperf

OCIBOX_MAKE_OPTS = \
	CC="$(TARGET_CC)" \
	STRIP="$(TARGET_STRIP)" \
	WITH_SECCOMP=$(if $(BR2_PACKAGE_OCIBOX_SECCOMP),1,0) \
	WITH_SYSTEMD=$(if $(BR2_PACKAGE_OCIBOX_SYSTEMD),1,0) \
	WITH_IMAGES=$(if $(BR2_PACKAGE_OCIBOX_IMAGES),1,0) \
	WITH_VERITY=$(if $(BR2_PACKAGE_OCIBOX_VERITY),1,0) \
	WITH_UNPACK=$(if $(BR2_PACKAGE_OCIBOX_UNPACK),1,0) \
	WITH_NET=$(if $(BR2_PACKAGE_OCIBOX_NET),1,0) \
	WITH_BOOT=$(if $(BR2_PACKAGE_OCIBOX_BOOT),1,0) \
	WITH_DISKS=$(if $(BR2_PACKAGE_OCIBOX_DISKS),1,0) \
	WITH_RELOAD=$(if $(BR2_PACKAGE_OCIBOX_RELOAD),1,0) \
	WITH_ENV=$(if $(BR2_PACKAGE_OCIBOX_ENV),1,0) \
	WITH_BOOT_NET=$(if $(BR2_PACKAGE_OCIBOX_BOOT_NET),1,0) \
	WITH_MODULES=$(if $(BR2_PACKAGE_OCIBOX_MODULES),1,0) \
	WITH_BUTTON=$(if $(BR2_PACKAGE_OCIBOX_BUTTON),1,0) \
	WITH_SYSLOG=$(if $(BR2_PACKAGE_OCIBOX_SYSLOG),1,0) \
	WITH_UPDATE=$(if $(BR2_PACKAGE_OCIBOX_UPDATE),1,0) \
	WITH_CRIU=$(if $(BR2_PACKAGE_OCIBOX_CRIU),1,0)

define OCIBOX_BUILD_CMDS
	$(TARGET_MAKE_ENV) DISTFILES="$(OCIBOX_DL_DIR)" BUILD_CC="$(HOSTCC)" \
		AR="$(TARGET_AR)" RANLIB="$(TARGET_RANLIB)" \
		$(MAKE) -C $(@D) $(OCIBOX_MAKE_OPTS) all
endef

define OCIBOX_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/build/ocibox $(TARGET_DIR)/usr/bin/ocibox
	ln -sf ocibox $(TARGET_DIR)/usr/bin/oci-init
	ln -sf ocibox $(TARGET_DIR)/usr/bin/oci-spec
	$(if $(BR2_PACKAGE_OCIBOX_UNPACK),ln -sf ocibox $(TARGET_DIR)/usr/bin/oci-image)
	$(if $(BR2_PACKAGE_OCIBOX_RUNC),ln -sf ocibox $(TARGET_DIR)/usr/bin/runc)
	$(if $(BR2_PACKAGE_OCIBOX_INIT),ln -sf usr/bin/oci-init $(TARGET_DIR)/init)
endef

$(eval $(generic-package))
