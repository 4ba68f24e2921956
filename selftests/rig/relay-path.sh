#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# relay-path.sh <s390x target>: reads the built modules and proves that the
# relay issues the instructions that take a function handle and no MIO ones,
# and calls nothing that chooses between the two. Prints TAP.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

use_target "${1:?usage: relay-path.sh s390x-6.12|s390x-7}"
drivers=$out/module/drivers/zpcifd
framework=$drivers/zpcifd.ko
provider=$drivers/s390/zpcifd_s390.ko

# Opcodes, as arch/s390/pci/pci_insn.c has them
mio='^(b9d6|b9d4|b9d5|eb........d4)'
relay='PCILG:^b9d2 PCISTG:^b9d0 PCISTB:^eb........d0'

# What reaches a function by MIO where the machine has it: the architecture's
# own accessors and what they are made of, and mappings to use them on
accessors='^(zpci_(load|store|read|write|memcpy|memset)|__?(io)?(read|write)[bwlq]'
accessors+='|io(read|write|remap)|(__)?memcpy_(to|from)io|memset_io|pci_io(re)?map|devm_io)'

# opcodes <module>: every instruction as hexadecimal digits. insnlength: those
# that the disassembler does not know keep their length.
opcodes()
{
	"${cross}objdump" -d -M insnlength "$1" |
		awk -F '\t' '$1 ~ /^ *[0-9a-f]+:$/ { gsub(/ /, "", $2); print $2 }'
}

number=0
# report <0 for success> <sentence>
report()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number $2"
	else
		echo "not ok $number $2"
	fi
}

for module in "$framework" "$provider"; do
	name=${module##*/}
	opcodes "$module" >"$out/opcodes"
	[ -s "$out/opcodes" ] || die "cannot disassemble $module"
	status=0
	! grep -n -E "$mio" "$out/opcodes" || status=1
	report $status "$name has no MIO instruction"
	"${cross}nm" -u "$module" | awk '{ print $2 }' >"$out/symbols"
	[ -s "$out/symbols" ] || die "$module needs no symbol, which cannot be"
	status=0
	! grep -E "$accessors" "$out/symbols" || status=1
	report $status "$name calls nothing that may choose MIO"
done

# The checks above must find what they look for where it is known to be
kernel=$("$RIG/kernel.sh" "$target")
opcodes "$kernel/arch/s390/pci/pci_insn.o" >"$out/opcodes"
count=$(grep -c -E "$mio" "$out/opcodes" || true)
status=0
[ "$count" -ge 3 ] || status=1
report $status "the kernel's own MIO instructions are found ($count)"
"${cross}nm" -u "$kernel/drivers/virtio/virtio_pci_modern.o" | awk '{ print $2 }' >"$out/symbols"
status=0
grep -q -E "$accessors" "$out/symbols" || status=1
report $status "the accessors of the kernel's virtio driver are found"

opcodes "$provider" >"$out/opcodes"
for instruction in $relay; do
	count=$(grep -c -E "${instruction#*:}" "$out/opcodes" || true)
	status=0
	[ "$count" = 1 ] || status=1
	report $status "${instruction%%:*} stands in zpcifd_s390.ko once ($count)"
done
echo "1..$number"
