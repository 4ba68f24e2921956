#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# ism-layout.sh: compiles ism-layout.c, which compares what tools/examples/ism
# and the simulator say of ISM functions with the declarations of the kernel's
# driver for them, drivers/s390/net/ism.h of the newest kernel. Prints TAP.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

use_target s390x-7
kernel=$("$RIG/kernel.sh" "$target")
log=$BUILD/log/ism-layout.log
dir=$BUILD/ism-layout

prepare()
{
	rm -rf "$dir"
	mkdir -p "$dir/sim" "$BUILD/log"
	cp "$RIG/ism-layout.c" "$TOP/tools/examples/ism/ism_hw.h" "$dir/"
	cp "$TOP/drivers/zpcifd/sim/ism.h" "$dir/sim/"
	# The driver's header as it is, from the tree that the kernel was built from
	cat >"$dir/Kbuild" <<-'KBUILD'
	obj-m := ism-layout.o
	ccflags-y := -I$(src) -I$(srctree)
	KBUILD
}

compile()
{
	# shellcheck disable=SC2046 # two words on purpose
	make -C "$kernel/source" O="$kernel" $(kernel_arch "$rig") M="$dir" ism-layout.o >"$log" 2>&1
}

number=0
# report <0 for success> <sentence>
report()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number $2"
	else
		cat "$log"
		echo "not ok $number $2"
	fi
}

# differs <sed expression>: what it changes in ism_hw.h is found
differs()
{
	local status=0

	prepare
	sed -i "$1" "$dir/ism_hw.h"
	if cmp "$dir/ism_hw.h" "$TOP/tools/examples/ism/ism_hw.h" >"$log"; then
		status=1
	elif compile || ! grep -q -E 'static assertion failed|BUILD_BUG_ON failed' "$log"; then
		status=1
	fi
	report $status "another layout is found: $1"
}

prepare
status=0
compile || status=1
report $status "codes, layouts and places are those of the kernel's driver for ISM"

# The comparison must find what is wrong
differs 's/ISM_HW_SIGNAL_IEQ = 0x0e/ISM_HW_SIGNAL_IEQ = 0x0d/'
differs 's/__be32 dmb_len;/__be64 dmb_len;/'
differs 's/__u32 reserved\[3\]/__u32 reserved[2]/'
differs 's/(sf) << 23/(sf) << 22/'
differs 's/SBA_E 0x40000000U/SBA_E 0x20000000U/'
echo "1..$number"
