# SPDX-License-Identifier: GPL-2.0
# The job of bench.sh that counts instructions, inside a guest (busybox sh, after
# guest.sh): each way to reach the virtio-blk function in turn. $groups names
# what is measured.
# shellcheck shell=dash
groups=${groups:-ring sqpoll peers floor}

# measure <group> <command...>: if the group was asked for. The console and what
# else the kernel has put off come first: idle time costs no instructions.
measure()
{
	case " $groups " in
	*" $1 "*)
		shift
		flush
		sleep 1
		"$@" || exit
		;;
	esac
}

floor()
{
	insmod /modules/zpcifd_floor.ko function="$pci" && rmmod zpcifd_floor
}

load_modules || exit
pci=$(find_function 0x010000) || exit
set_driver "$pci" zpcifd || exit
function=$(function_of "$pci") || exit
echo "bench: kernel $(uname -r)"

measure ring bench ring "$function"
measure sqpoll bench sqpoll "$function"

set_driver "$pci" vfio-pci || exit
measure peers bench vfio "$pci"
echo "$pci" >"/sys/bus/pci/devices/$pci/driver/unbind" || exit
measure peers bench mmio "$pci"
measure peers bench syscalls
measure floor floor
