# SPDX-License-Identifier: GPL-2.0
# Functions for the jobs that run inside a guest. Read by /init (busybox sh).
# shellcheck shell=dash

# flush: waits until all that the job printed so far is in the kernel's log, so
# that it stands before what the kernel prints next
flush()
{
	echo "rig: flush"
	read -r _ </run/flushed
}

# load_modules: the framework first, then every provider of this guest
load_modules()
{
	local module

	insmod /modules/zpcifd.ko || return
	for module in zpcifd_s390 zpcifd_sim; do
		if [ -e "/modules/$module.ko" ]; then
			insmod "/modules/$module.ko" || return
		fi
	done
}

# unload_modules: fails if something still holds one
unload_modules()
{
	local module

	local module

	for module in zpcifd_kunit zpcifd_sim zpcifd_s390 zpcifd; do
		if [ -e "/sys/module/$module" ]; then
			rmmod "$module" || return
		fi
	done
}

# find_function <PCI class, such as 0x010000>: PCI address of the first one
find_function()
{
	local pci

	for pci in /sys/bus/pci/devices/*; do
		if [ -e "$pci/class" ] && [ "$(cat "$pci/class")" = "$1" ]; then
			basename "$pci"
			return
		fi
	done
	echo "find_function: no PCI function of class $1" >&2
	return 1
}

# set_driver <PCI address> <driver>: takes a function from its driver and gives
# it to another; an empty name leaves the choice to the kernel again
set_driver()
{
	local pci=/sys/bus/pci/devices/$1
	if [ -e "$pci/driver" ]; then
		echo "$1" >"$pci/driver/unbind" || return
	fi
	echo "$2" >"$pci/driver_override" || return
	echo "$1" >/sys/bus/pci/drivers_probe || return
	if [ ! -e "$pci/driver" ]; then
		echo "set_driver: $1 was not taken by '$2'" >&2
		return 1
	fi
}

# function_of <PCI address>: device file of a function that zpcifd has
function_of()
{
	local class

	for class in "/sys/bus/pci/devices/$1"/zpcifd/*; do
		if [ -e "$class" ]; then
			echo "/dev/zpci/$(basename "$class")"
			return
		fi
	done
	echo "function_of: zpcifd does not have $1" >&2
	return 1
}

# make_sim <name> [attribute=value...]: makes a simulated function, prints its
# device file
make_sim()
{
	local sim=/sys/kernel/config/zpcifd_sim/$1 attr

	mkdir "$sim" || return
	shift
	for attr; do
		echo "${attr#*=}" >"$sim/${attr%%=*}" || return
	done
	echo 1 >"$sim/live" || return
	echo "/dev/zpci/$(cat "$sim/name")"
}

remove_sim()
{
	rmdir "/sys/kernel/config/zpcifd_sim/$1"
}
