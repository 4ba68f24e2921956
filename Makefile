# SPDX-License-Identifier: GPL-2.0
#
# What people type. The work is done by selftests/rig/*.sh and the kernel's own
# build; nothing here loads a module into the running kernel.

TARGET ?= s390x-7
RIG := selftests/rig

# Of `make install`: the kernel to build the modules for, and where things go
KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
DESTDIR ?=

help:
	@echo 'zpcifd: an IBM Z PCI function as a file descriptor'
	@echo
	@echo '  make demo [DISK=file.img]   read a disk in an s390x guest through the ring'
	@echo '  make ism                    64 MiB each way between two simulated ISM functions,'
	@echo '                              in user-mode Linux and in an s390x guest'
	@echo '  make check [TARGET=...]     all tests on all targets, or on one'
	@echo '  make coverage               lines of drivers/zpcifd that the tests reach'
	@echo '  make lint                   checkpatch, W=1, sparse, kernel-doc, shellcheck'
	@echo '  make docs                   Documentation/ as HTML, in build/docs/'
	@echo '  make bench                  what an instruction costs, by the ring and otherwise'
	@echo '  make build [TARGET=...]     modules and programs of one target'
	@echo '  make install                modules for the running kernel (KDIR), tools to'
	@echo '                              PREFIX ($(PREFIX)); DESTDIR is put before both'
	@echo '  make clean                  removes build/; built kernels stay in the cache'
	@echo
	@echo 'Targets: s390x-7 s390x-6.12 um-7. TARGET of `make build` is $(TARGET).'
	@echo 'Logs are in build/log/. Kernels and downloads: $${XDG_CACHE_HOME:-~/.cache}/zpcifd'

demo:
	@$(RIG)/demo.sh $(if $(DISK),'$(DISK)')

ism:
	@$(RIG)/ism.sh

check:
	@$(RIG)/check.sh $(if $(filter-out file default,$(origin TARGET)),$(TARGET))

coverage:
	@$(RIG)/coverage.sh

lint:
	@$(RIG)/lint.sh

bench:
	@$(RIG)/bench.sh

docs:
	@$(RIG)/docs.sh

build:
	@$(RIG)/build.sh $(TARGET)

clean:
	rm -rf build

# The modules are built in a copy, as everything else: sources stay clean
install:
	rm -rf build/install
	mkdir -p build/install
	cp -pr Kbuild include drivers build/install/
	$(MAKE) -C $(KDIR) M=$(CURDIR)/build/install modules
	$(MAKE) -C $(KDIR) M=$(CURDIR)/build/install $(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) \
		modules_install
	$(MAKE) -C tools/libzpcifd install prefix=$(PREFIX) DESTDIR=$(DESTDIR)
	$(MAKE) -C tools/zpcictl install prefix=$(PREFIX) DESTDIR=$(DESTDIR)

.PHONY: help demo ism check coverage lint bench docs build clean install
