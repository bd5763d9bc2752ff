# Makefile - builds build/ocibox and everything that checks it; `make help` lists the targets.
# SPDX-License-Identifier: MIT

VERSION := $(shell cat VERSION)
# [a-z] is another set of letters in another language. What make itself runs by $(shell) does not see this.
export LC_ALL = C

# Another architecture: the prefix of a cross compiler, such as aarch64-linux-gnu. musl for it is built
# too, and the program is build/ARCH/ocibox.
CROSS =
# Programs to build in ("oci-init", "runc oci-spec"), or verbs of them ("runc:run"); empty is all. What they need comes along.
APPLETS =
# WITH_X=0 leaves a part out (docs/small.md): the systemd cgroup manager; libseccomp; images as roots, or of that oci-image
# alone (UNPACK; zlib and libzstd go with it); dm-verity (VERITY); network devices; checkpoint and restore; cgroups; user
# namespaces; hooks; terminals; AppArmor and SELinux (LSM); scheduling, RDT and the like (TUNING); run --rootfs (ROOTFS);
# run --overlay; sockets of a service manager (NOTIFY); fallbacks (OLD_KERNELS); hints and help texts (HELP);
# what --debug logs (DEBUG);
# the init of a machine, or of that LABEL=, UUID=, PARTUUID= and the type auto of mounts (DISKS), oci-init reload, env and secrets (ENV),
# network and modules of boot.json (BOOT_NET, MODULES), oci-init update (UPDATE), syslog (SYSLOG), the power button
# (BUTTON).
PARTS = SYSTEMD SECCOMP IMAGES VERITY UNPACK CRIU NET CGROUP USERNS HOOKS TERMINAL LSM TUNING ROOTFS OVERLAY NOTIFY OLD_KERNELS HELP DEBUG BOOT DISKS RELOAD ENV BOOT_NET MODULES BUTTON UPDATE SYSLOG
$(foreach p,$(PARTS),$(eval WITH_$p = 1))
# `make install` without a word about the compiler installs what was made last. What is asked of the
# compiler below reads CC and CROSS, hence two files.
given := $(filter command environment override,$(origin CC) $(origin CROSS) $(origin O))
ifeq ($(MAKECMDGOALS)$(given),install)
-include build/last.mk
endif
# The compiler; any that links statically against a small libc. On Alpine gcc itself is that:
# make CC=gcc.
ifeq ($(origin CC),default)
CC = $(if $(CROSS),$(DEPS)/musl/bin/musl-gcc,musl-gcc)
endif
PREFIX = /usr/local

# Folders from left to right, and what one may not use although it stands to the left of it.
FOLDERS := $(shell LC_ALL=C sed -n 's/^\([a-z][a-z/]*\)[ :].*/\1/p' scripts/order)
never = $(shell LC_ALL=C sed -n 's,^$(1) not \([a-z/]*\).*,\1,p' scripts/order)

# What is asked of the compiler once. The folder of the objects is named by what the code is compiled
# for, the folder of the libraries also by a compiler that is not the usual one.
PROBE := $(if $(CROSS),$(CROSS)-gcc,$(CC))
MACROS := $(shell $(PROBE) -E -dM -include features.h -x c /dev/null 2>/dev/null | grep -ow '__GLIBC__\|__i386__')
ARCH := $(if $(filter __i386__,$(MACROS)),i686,$(shell $(PROBE) -dumpmachine 2>/dev/null | \
	sed 's/^\([^-]*\)-.*linux-\(gnu\|musl\)/\1/; s/^\([^-]*\)-.*/\1/'))
# CROSS= of this machine's own compiler: with a musl that is built for size, as for any other.
OWN := $(if $(CROSS),$(if $(filter $(CROSS),$(shell gcc -dumpmachine 2>/dev/null)),-own))
LIBC := $(if $(CROSS),$(OWN),$(if $(filter __GLIBC__,$(MACROS)),-glibc))
O = build/$(ARCH)$(LIBC)
DEPS = build/deps/$(ARCH)$(LIBC)$(if $(CROSS),,$(if $(filter-out musl-gcc gcc,$(CC)),-$(shell echo '$(notdir $(CC))' | LC_ALL=C tr -c 'a-z0-9.\n' _)))
# And the parts of a program are those with which it was made for that machine.
ifeq ($(MAKECMDGOALS),install)
-include $(O)/last.mk
endif
# Where the program goes: that of a cross compiler, or of objects in a folder of their own (O=...), never
# takes the place of this machine's.
OUT = $(if $(CROSS)$(filter command,$(origin O)),$(O),build)

CSTD = -std=gnu11 -Ulinux -D_GNU_SOURCE -I.
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Werror=implicit-function-declaration \
	-Wno-format-nonliteral -Wno-unused-parameter -Wno-missing-field-initializers
ifdef WERROR
WARN += -Werror
endif
# Position-dependent and in one text segment: static-pie costs 17 KB (484 to 501) and 22 page faults
# a start (see ARCHITECTURE.md), separate-code 4 KB, 2 faults and 70 KB of resident memory. relro
# would do nothing: musl does not protect anything in a static program. The data begin in the file
# where the text ends (common-page-size), not at the next page: up to 4 KB. No unwind tables:
# nothing unwinds.
OPT = -Os -g -fno-pie -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-fno-unwind-tables -ffile-prefix-map=$(CURDIR)=.
LINK = -static -no-pie -Wl,--gc-sections -Wl,--sort-section=alignment -Wl,-z,noseparate-code -Wl,-z,norelro \
	-Wl,-z,common-page-size=64 -Wl,-z,noexecstack -Wl,--build-id=none
CFLAGS =
LDFLAGS =
ALL_CFLAGS = $(CSTD) $(WARN) $(OPT) $(SANITIZE) $(DEPS_CPPFLAGS) \
	$(foreach p,$(PARTS),$(if $(filter 0,$(WITH_$p)),-DWITH_$p=0)) $(CFLAGS)
ALL_LDFLAGS = $(LINK) $(SANITIZE) $(LDFLAGS)

# Without cgroups none.c stands for their folder.
LEFT_OUT = $(if $(filter 0,$(WITH_CGROUP)),$(filter-out %/none.c,$(wildcard core/cgroup/*.c)))
sources = $(filter-out %_test.c %_fuzz.c $(LEFT_OUT),$(wildcard $(1)/*.c))
objects = $(patsubst %.c,$(O)/%.o,$(call sources,$(1)))
SRC := $(foreach f,$(FOLDERS),$(call sources,$(f)))
OBJ := $(SRC:%.c=$(O)/%.o)
TEST_SRC := $(foreach f,$(FOLDERS),$(wildcard $(f)/*_test.c))
TEST_BIN := $(TEST_SRC:%.c=$(O)/%)
FUZZ_SRC := $(foreach f,$(FOLDERS),$(wildcard $(f)/*_fuzz.c))

APPLETS_ARGS = $(if $(filter 0,$(WITH_BOOT)),--no-boot) $(if $(filter 0,$(WITH_IMAGES) $(WITH_UNPACK)),--no-unpack) $(APPLETS)
LINKS := $(shell scripts/applets --links $(APPLETS_ARGS) 2>/dev/null)

DISTTAR = build/ocibox-$(VERSION)-sources.tar

.PHONY: all deps objects bin size install uninstall sources dist release test-unit test-e2e check check-engines check-peers check-boot check-vm check-vm-quick check-arch check-musl check-old check-packages asan fuzz fuzz-run lint format docs demo demo-boot demo-product bench bench-boot bench-images check-images \
	clean distclean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

# V=1 shows the commands
Q = $(if $(V),,@)
say = $(if $(V)$(findstring s,$(filter-out --%,$(firstword $(MAKEFLAGS)))),@:,@printf '  %-5s %s\n' $(1) $(2))

all: $(OUT)/ocibox bin ## build/ocibox, stripped; build/ocibox.debug beside it; links in build/bin
	@size=$$(wc -c <$(OUT)/ocibox); echo "$(OUT)/ocibox: $$size bytes"
	@[ -n '$(filter command,$(origin O) $(origin OUT))' ] || printf '%s\n' 'CC = $(CC)' 'CROSS = $(CROSS)' >build/last.mk
	@printf '%s\n' 'APPLETS = $(APPLETS)' $(foreach p,$(PARTS),'WITH_$p = $(WITH_$p)') >$(O)/last.mk

# ---- the program -----------------------------------------------------------------------------

# Some need no libraries; everything else first gets flags.mk from scripts/deps.
ifneq ($(filter-out clean distclean help lint format uninstall dist release print-%,$(or $(MAKECMDGOALS),all)),)
# make takes a space for the end of a name.
ifneq ($(word 2,$(CURDIR)/$(O)/$(OUT)),)
$(error a path with a space: $(CURDIR), O=$(O), OUT=$(OUT): make cannot build there)
endif
ifeq ($(ARCH),)
$(error no compiler "$(PROBE)": $(if $(CROSS),install gcc-$(CROSS) and linux-libc-dev-ARCH-cross,install musl-tools) (Debian)$(if $(CROSS),,, on Alpine say make CC=gcc); see README.md)
endif
# An exported CC would make objects of one machine for the libraries of another.
ifneq ($(if $(CROSS),$(filter command environment,$(origin CC))),)
MACHINE = $(shell $(1) -dumpmachine 2>/dev/null | sed 's/-.*//; s/^arm.*/arm/')
ifneq ($(call MACHINE,$(CC)) $(shell $(CC) -E -dM -include features.h -x c /dev/null 2>/dev/null | grep -ow __GLIBC__),$(call MACHINE,$(PROBE)) )
$(error CC=$(CC) does not compile for $(CROSS) and musl: leave CC out, CROSS brings its compiler)
endif
endif
endif
ifneq ($(filter-out clean distclean help format uninstall dist release,$(or $(MAKECMDGOALS),all)),)
-include $(DEPS)/flags.mk
endif

$(DEPS)/flags.mk: scripts/deps
	CC="$(CC)" CROSS="$(CROSS)" scripts/deps $(DEPS)

deps: $(DEPS)/flags.mk ## only the static libraries

# A change of compiler or flags rebuilds; a new commit only what shows it (applets).
$(O)/flags: FORCE
	@mkdir -p $(O)
	@echo '$(CC) $(subst ','\'',$(ALL_CFLAGS) $(ALL_LDFLAGS))' | cmp -s - $@ || \
		echo '$(CC) $(subst ','\'',$(ALL_CFLAGS) $(ALL_LDFLAGS))' >$@

COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null)
COMMIT_TIME := $(shell git log -1 --format=%ct 2>/dev/null)
define VERSION_H
#define OCIBOX_VERSION "$(VERSION)"
#define OCIBOX_COMMIT "$(COMMIT)"
#define OCIBOX_TIME $(or $(SOURCE_DATE_EPOCH),$(COMMIT_TIME),0)
$(if $(strip $(APPLETS_ARGS)),#define APPLETS_DEF "$(O)/applets.def")
endef
export VERSION_H
$(O)/version.h: FORCE
	@mkdir -p $(O)
	@printf '%s\n' "$$VERSION_H" | cmp -s - $@ || printf '%s\n' "$$VERSION_H" >$@

APPLET_OBJ = $(filter $(O)/applets/%,$(OBJ) $(TEST_SRC:%.c=$(O)/%.o))
$(APPLET_OBJ): ALL_CFLAGS += -include $(O)/version.h
$(APPLET_OBJ): $(O)/version.h $(if $(strip $(APPLETS_ARGS)),$(O)/applets.def)

# A subset: what no row names is dropped by the linker.
$(O)/applets.def: applets/applets.def scripts/applets FORCE
	@scripts/applets $(APPLETS_ARGS) >$@.new && { cmp -s $@.new $@ && rm $@.new || mv $@.new $@; }

$(O)/%.o: %.c $(O)/flags $(DEPS)/flags.mk
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Every byte of an image goes through it.
$(O)/core/image/sha256.o: ALL_CFLAGS += -O2

$(O)/ocibox.linked: $(OBJ) $(O)/flags
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,-Map=$(O)/ocibox.map -o $@ $(OBJ) $(DEPS_LIBS)

$(OUT)/ocibox: $(O)/ocibox.linked FORCE
	@cmp -s $< $(OUT)/ocibox.debug && [ -e $@ ] || { cp -f $< $(OUT)/ocibox.debug && \
		$(STRIP) -s -R .comment -R .note.gnu.property -o $@.new $< && \
		chmod 755 $@.new && mv -f $@.new $@; }
# A container's user executes it too (--init), whatever the umask here.
# The one that belongs to the compiler.
STRIP = $(shell $(PROBE) -print-prog-name=strip)

# The program with one system call more, by which check-build sees that tests/budget.t fails.
$(O)/one-more/runc: tests/bench/one-more.c $(O)/ocibox.linked
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $(@D)/one-more.o $<
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,--wrap=main -o $@ $(OBJ) $(@D)/one-more.o $(DEPS_LIBS)

objects: $(OBJ)

bin: $(OUT)/ocibox
	@mkdir -p $(OUT)/bin && for l in ocibox $(LINKS); do ln -sf ../ocibox $(OUT)/bin/$$l; done

# ---- tests -----------------------------------------------------------------------------------

# One archive per folder: a test gets its own folder and those to the left, so a call to the
# right does not even link. main.o stays out: a test has its own main.
left :=
$(foreach f,$(FOLDERS),$(eval left += $(f))$(eval left_$(f) := $(filter-out $(call never,$(f)),$(left))))

define folder_rules
$(O)/$(1).a: $(filter-out $(O)/applets/main.o,$(call objects,$(1)))
	@rm -f $$@.new && $$(AR) rcs $$@.new $$^ && mv -f $$@.new $$@
$(patsubst %.c,$(O)/%,$(wildcard $(1)/*_test.c)): $(O)/%: $(O)/%.o $(foreach f,$(left_$(1)),$(O)/$(f).a)
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$< -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(DEPS_LIBS)
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_rules,$(f))))

E2E = $(wildcard tests/*.t)

# Those of another architecture run under QEMU's user mode, as far as it goes: it is not a kernel. A kernel of x86_64 runs
# those of i686 itself.
RUN = $(if $(CROSS),$(if $(and $(filter i686,$(ARCH)),$(filter x86_64,$(shell uname -m))),,\
	qemu-$(or $(patsubst arm%,arm,$(filter arm%,$(ARCH))),$(filter-out i686,$(ARCH)),i386)-static))
test-unit: $(TEST_BIN) ## the unit tests, one program per FILE_test.c (RUN=qemu-arm-static: by that)
	RUN='$(RUN)' scripts/prove $(TEST_BIN)

# Of i686, where the kernel is that of x86_64; BUSYBOX=FILE is one of i686, for the containers.
CROSS_E2E = env HELPERS=$(abspath $(O))/helpers OCIBOX=$(abspath $(OUT))/ocibox RUNC=$(abspath $(OUT))/bin/runc \
	$(foreach p,SPEC=spec INIT=init IMAGE=image,OCI_$(subst =,=$(abspath $(OUT))/bin/oci-,$p))
test-e2e: all ## the end-to-end tests, tests/*.t (TESTS=..., SH='busybox sh')
	$(if $(CROSS),CC=$(CC) tests/helpers/build $(O)/helpers && $(CROSS_E2E)) scripts/prove $(or $(TESTS),$(E2E))

check: all $(TEST_BIN) ## lint, unit and end-to-end tests, engines, what the build promises, quick virtual machines, a control
	LINT=fast scripts/prove scripts/lint $(TEST_BIN) $(E2E) scripts/engines scripts/check-build boot-quick \
		vm-quick:v2 vm-quick:v1 arch-quick:aarch64 packages-quick control:runc

# SUITE=sid: those of another Debian suite, installed into build/.
check-engines: all ## podman, containerd, docker and buildah (installed if missing) on our runtime, as root
	scripts/prove $(if $(SUITE),engines:$(SUITE),scripts/engines)

# PEERS=... for one; scripts/peer-suite --control is the peer itself in the same place.
PEERS = runc crun
check-peers: all ## the integration tests of runc and crun (from Debian, into build/) with our runtime, as root
	scripts/prove $(PEERS:%=peer:%)

check-boot: all ## initramfs with bundles, booted in QEMU by several kernels
	scripts/prove scripts/check-boot

# One machine a layout; scripts/vm says which there are. TESTS=... for some files only.
check-vm: all ## the end-to-end tests in virtual machines: v2, v1, hybrid and no cgroups, systemd, engines there
	scripts/prove $(or $(VM),vm:v2 vm:v1 vm:hybrid vm:none vm:systemd vm:engines)

check-vm-quick: all ## what differs most between layouts of cgroups: v2 and v1
	scripts/prove vm-quick:v2 vm-quick:v1

# Needs scripts/install-needs arch. ARCHS=... for some only, TESTS=... for some files.
ARCHS = aarch64 armv7 riscv64
check-arch: all ## other architectures in virtual machines: boots, and the end-to-end tests with oci-init as process 1
	scripts/prove $(foreach a,$(ARCHS),arch-boot:$(a) arch:$(a))

check-packages: all ## recipes for Debian, Alpine, Buildroot, Yocto and OpenWrt: what they say, and what they build
	scripts/prove scripts/check-packages

check-musl: ## build and tests in a root of musl, busybox and gcc alone, as Alpine has it (TESTS=...)
	scripts/check-musl-root $(TESTS)

# Those that stop at every system call take hours there.
OLD_E2E = $(filter-out tests/crash.t tests/faults.t tests/boot-faults.t tests/budget.t tests/image-steps.t,$(E2E))
check-old: all ## the end-to-end tests with the system calls of Linux 4.14 only (OLD=-5.4, -5.10, -5.10-denied: docs/kernels.md)
	CC=$(CC) tests/helpers/build build/helpers
	SH='build/helpers/old $(OLD) sh' scripts/prove $(or $(TESTS),$(OLD_E2E))

# No leak check: memory is an arena, given back by exiting; and it cannot work where a test has
# covered /proc.
ASAN_CC = gcc
ASAN = O=build/asan OUT=build/asan CC=$(ASAN_CC) OPT='-O1 -g -fno-omit-frame-pointer' LINK= \
	SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined'
asan: ## build/asan/ocibox and the unit tests with address and undefined sanitizers, and run them
	$(MAKE) $(ASAN) build/asan/ocibox
	ASAN_OPTIONS=detect_leaks=0 $(MAKE) $(ASAN) test-unit

FUZZ_SECONDS = 20
fuzz: ## every FILE_fuzz.c for FUZZ_SECONDS (clang's libFuzzer)
	$(MAKE) CC=clang O=build/fuzz OPT='-O1 -g' LINK= \
		SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' fuzz-run
fuzz-run: $(FUZZ_SRC:%.c=$(O)/%)
	scripts/fuzz $(FUZZ_SECONDS) $^
define fuzz_rules
$(patsubst %.c,$(O)/%,$(wildcard $(1)/*_fuzz.c)): $(O)/%: $(O)/%.o $(foreach f,$(left_$(1)),$(O)/$(f).a)
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -fsanitize=fuzzer -o $$@ $$< -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(DEPS_LIBS)
endef
$(foreach f,$(FOLDERS),$(eval $(call fuzz_rules,$(f))))

# ---- the rest --------------------------------------------------------------------------------

lint: ## layers, style, static checks, shell scripts (minutes; check takes a quicker part)
	scripts/lint

format: ## rewrites the C files the way .clang-format says
	clang-format -i $(SRC) $(TEST_SRC) $(FUZZ_SRC) $(wildcard $(FOLDERS:%=%/*.h) tests/*.h tests/*/*.c)

size: $(OUT)/ocibox ## bytes of the program by folder and file
	@scripts/size $(O)/ocibox.map $(OUT)/ocibox

docs: $(OUT)/ocibox ## manual pages and shell completions in build/docs
	@scripts/man $(OUT)/ocibox $(OUT)/docs

demo: all ## makes a bundle from busybox and runs it, explaining each step
	@scripts/demo --no-install

demo-boot: all ## boots an initramfs with a container in QEMU and shows its console
	@scripts/demo-boot

demo-product: all ## boots a product of three containers in QEMU, updates it, and cuts its power
	@scripts/demo-product

bench: all ## times, memory, system calls and size against the peers on this machine
	@scripts/bench

# umoci and skopeo of Debian are what it is compared with.
bench-images: all ## seconds and memory of oci-image unpack beside umoci unpack, for an image of 200 MB
	@scripts/bench-images

check-images: all ## images of buildah, podman, docker, umoci and skopeo: the same files as umoci unpack makes
	scripts/prove scripts/images

bench-boot: all ## milliseconds from the kernel to a container's program, beside a hand-written init
	@scripts/bench-boot

# FORCE=1 also replaces what another package has installed, such as the distribution's runc.
install: $(OUT)/ocibox docs ## to DESTDIR/PREFIX: the program, links runc, oci-spec, oci-init, manual pages, completions (FORCE=1)
	DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' FORCE='$(FORCE)' scripts/install $(OUT)/ocibox $(OUT)/docs $(LINKS) \
		-- LICENSE README.md CHANGELOG.md $(wildcard $(DEPS)/src/*.LICENSE)

uninstall: ## what `make install` made, and nothing else
	DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install --remove $(shell scripts/applets --links)

dist: ## build/ocibox-VERSION.tar.gz: the commit that is checked out, the same bytes each time
	@mkdir -p build
	git archive --prefix=ocibox-$(VERSION)/ HEAD | gzip -n -9 >build/ocibox-$(VERSION).tar.gz

release: ## build/release: programs, checksums, SBOM and sources (scripts/release for other architectures)
	scripts/release

sources: $(DEPS)/flags.mk ## build/ocibox-VERSION-sources.tar: what goes with a binary that is passed on
	git archive --prefix=ocibox-$(VERSION)/ -o $(DISTTAR) HEAD
	tar -rf $(DISTTAR) -C $(DEPS)/src --transform 's,^,ocibox-$(VERSION)/distfiles/,' --sort=name \
		--owner=0 --group=0 --numeric-owner --mode=644 --mtime=@$$(git log -1 --format=%ct) \
		$(sort $(notdir $(wildcard $(DEPS)/src/*)))

clean: ## all but the libraries and the images of virtual machines
	cd build 2>/dev/null && find . -mindepth 1 -maxdepth 1 ! -name deps ! -name vm -exec rm -rf {} + || :

distclean: ## the libraries too
	rm -rf build

help:
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

print-%:
	@echo '$($*)'

-include $(OBJ:.o=.d) $(TEST_SRC:%.c=$(O)/%.d) $(FUZZ_SRC:%.c=$(O)/%.d)
