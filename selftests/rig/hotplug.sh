# SPDX-License-Identifier: GPL-2.0
# Tests of functions that are unplugged and plugged again by QEMU's monitor (see
# boot.sh), for check-job.sh (busybox sh, after guest.sh, examples.sh and with
# check-job.sh's functions).
# shellcheck shell=dash

# wait_for <command...>: looks until it succeeds, for a minute at most
wait_for()
{
	local looks=0

	until "$@"; do
		looks=$((looks + 1))
		if [ "$looks" -gt 600 ]; then
			echo "wait_for: in vain: $*" >&2
			return 1
		fi
		sleep 0.1
	done
}

is_gone()
{
	[ ! -e "$1" ]
}

has_driver()
{
	[ -e "/sys/bus/pci/devices/$1/driver" ]
}

# unplug <QEMU's name> <function ID>: until the platform has it back
unplug()
{
	echo "rig: unplug $1"
	wait_for is_gone "/sys/bus/pci/slots/$2"
}

# return_disk <function>: until the kernel's driver has made a disk of it
return_disk()
{
	set_driver "$1" '' && wait_for test -b /dev/vda
}

# plug <QEMU's name> <function>: until the kernel's driver has it
plug()
{
	echo "rig: plug $1"
	wait_for has_driver "$2"
}

# power_on <function ID> <function>: until the kernel's driver has it
power_on()
{
	echo 1 >"/sys/bus/pci/slots/$1/power" && wait_for has_driver "$2"
}

# start_monitor <device file>: until it hears what happens. Reading config space
# makes the reader an owner.
start_monitor()
{
	zpctl monitor >/run/events &
	monitor=$!
	wait_for heard "$1"
}

heard()
{
	zpctl config "$1" >/dev/null && [ -s /run/events ]
}

# stop_monitor <device file>: the last that it heard is the end of the function
stop_monitor()
{
	wait_for grep -q ' removed$' /run/events
	kill "$monitor"
	sed -n 's/^[^ ]* [^ ]*  //p' /run/events | tail -n 2 >/run/last
	cat /run/last
	printf '%-8s  %s\n' "${1##*/}" 'has no owner' "${1##*/}" removed | cmp - /run/last
}

# owned <variant> <function>: unplugged under an owner, plugged again, and used
owned()
{
	local file

	suite hotplug try "zpcifd takes the disk" set_driver "$2" zpcifd
	file=$(function_of "$2") || file=/dev/zpci/none
	suite hotplug try "a monitor listens" start_monitor "$file"
	ZPCIFD_FUNCTION=$file ZPCIFD_UNPLUG=blk suite "hotplug-owner $1" hotplug-owner -v "$1"
	suite hotplug try "the monitor hears that the function has no owner and is removed" \
		stop_monitor "$file"
	if [ "$1" = power ]; then
		suite hotplug try "it is switched on again" power_on 00000100 "$2"
	else
		suite hotplug try "another disk is plugged" plug blk "$2"
	fi
	suite hotplug try "zpcifd takes the new function" set_driver "$2" zpcifd
	suite hotplug try "the example reads the new disk" example "$2"
	suite hotplug try "the kernel's driver takes the new function" return_disk "$2"
	suite hotplug try "the kernel's driver reads the new disk" same_digest
}

# hotplug <virtio-blk function> <virtio-rng function>
hotplug()
{
	suite hotplug try "zpcifd takes the entropy device" set_driver "$2" zpcifd
	suite hotplug try "it is unplugged while nobody owns it" unplug rng 00000101
	suite hotplug try "another is plugged" plug rng "$2"
	suite hotplug try "zpcifd takes the new function" set_driver "$2" zpcifd
	suite hotplug try "random bytes come by interrupts" random_bytes "$2"
	suite hotplug try "the kernel's driver takes the new function" set_driver "$2" ''

	owned ENTER "$1"
	owned SQPOLL "$1"
	owned power "$1"
}
