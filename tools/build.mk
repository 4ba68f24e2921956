# SPDX-License-Identifier: GPL-2.0
#
# How every user program of the project is built: the Makefiles of
# tools/libzpcifd, tools/zpcictl, tools/examples/* and selftests include this
# file as their last line, after they have said what they build:
#
#	STATIC_LIBS := zpcifd		makes $(OUT)/lib/libzpcifd.a
#	zpcifd-srcs := device.c ring.c	from these sources of the directory
#	PROGS := zpctl			makes $(OUT)/bin/zpctl
#	zpctl-srcs := main.c list.c	default: zpctl.c
#	zpctl-libs := zpcifd		libraries of the project it links with
#	zpctl-ldlibs := -ljson-c	libraries of the system or the sysroot
#
# The rig calls `make -C <directory>` with these variables; each has a default
# that builds for the system it runs on:
#
#	CC, AR		the target's compiler and archiver
#	OUT		absolute directory of the target: programs go to
#			$(OUT)/bin (those of selftests/ to $(OUT)/selftests),
#			libraries to $(OUT)/lib, objects to $(OUT)/obj
#	KHDR		kernel headers as `make headers_install` leaves them (holds
#			include/linux/iommufd.h); empty for the system's own
#	SYSROOT		unpacked packages of the target's architecture (json-c,
#			libnl, liburing); empty for the system's own
#	STATIC		-static in the rig, whose guests have no libraries; empty for
#			a dynamic program
#	EXTRA_CFLAGS	added last
#
# The flags include -I for include/uapi (linux/zpcifd.h) and tools/libzpcifd
# (zpcifd.h, the library's header).

TOP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/..)

CC ?= cc
AR ?= ar
OUT ?= $(TOP)/build/native
KHDR ?=
SYSROOT ?=
STATIC ?=

# The compiler knows the name of the directory of its architecture's libraries
multiarch := $(shell $(CC) -print-multiarch)

CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -fno-strict-aliasing -pthread
CPPFLAGS := -D_GNU_SOURCE -MMD -MP -I$(TOP)/include/uapi -I$(TOP)/tools/libzpcifd
LDFLAGS := $(STATIC) -pthread
ifneq ($(KHDR),)
CPPFLAGS += -isystem $(KHDR)/include
endif
ifneq ($(SYSROOT),)
CPPFLAGS += -isystem $(SYSROOT)/usr/include -isystem $(SYSROOT)/usr/include/libnl3
LDFLAGS += -L$(SYSROOT)/usr/lib/$(multiarch) -L$(SYSROOT)/lib/$(multiarch)
else
CPPFLAGS += -isystem /usr/include/libnl3
endif

here := $(patsubst $(TOP)/%,%,$(CURDIR))
obj := $(OUT)/obj/$(here)
bindir := $(OUT)/$(if $(filter selftests,$(here)),selftests,bin)
makefiles := Makefile $(TOP)/tools/build.mk

all: $(PROGS:%=$(bindir)/%) $(STATIC_LIBS:%=$(OUT)/lib/lib%.a)

$(obj)/%.o: %.c $(makefiles)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(EXTRA_CFLAGS) -c -o $@ $<

srcs_of = $(if $($(1)-srcs),$($(1)-srcs),$(1).c)
objs_of = $(patsubst %.c,$(obj)/%.o,$(call srcs_of,$(1)))
libs_of = $(patsubst %,$(OUT)/lib/lib%.a,$($(1)-libs))

define prog_rule
$(bindir)/$(1): $(call objs_of,$(1)) $(call libs_of,$(1))
	@mkdir -p $$(@D)
	$(CC) $(LDFLAGS) -o $$@ $$^ $$($(1)-ldlibs)
endef

define lib_rule
$(OUT)/lib/lib$(1).a: $(call objs_of,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(AR) rcs $$@ $$^
endef

$(foreach p,$(PROGS),$(eval $(call prog_rule,$(p))))
$(foreach l,$(STATIC_LIBS),$(eval $(call lib_rule,$(l))))

# A program's libraries are made by their own directory's Makefile
foreign := $(filter-out $(STATIC_LIBS),$(sort $(foreach p,$(PROGS),$($(p)-libs))))
define foreign_rule
$(OUT)/lib/lib$(1).a: FORCE
	@$$(MAKE) --no-print-directory -C $(TOP)/tools/lib$(1)
endef
$(foreach l,$(foreign),$(eval $(call foreign_rule,$(l))))

export CC AR OUT KHDR SYSROOT STATIC EXTRA_CFLAGS

-include $(foreach t,$(PROGS) $(STATIC_LIBS),$(patsubst %.o,%.d,$(call objs_of,$(t))))

# For the rig, which removes what no Makefile makes any more
list:
	@printf '%s\n' $(PROGS:%=$(bindir)/%)

FORCE:
.PHONY: all list FORCE
.DELETE_ON_ERROR:
