# SPDX-License-Identifier: GPL-2.0
# The job of check.sh inside a guest (busybox sh, after guest.sh): all suites on
# every function of this guest. "rig: suite" lines tell check.sh which one a
# line of TAP belongs to.
# shellcheck shell=dash

suite()
{
	local suite=$1

	shift
	echo "rig: suite $suite"
	flush
	"$@"
	echo "rig: suite-end $suite $?"
	flush
}

# try <sentence> <command...>: a test that a command decides
try()
{
	local sentence=$1

	shift
	if "$@"; then
		echo "ok - $sentence"
	else
		echo "not ok - $sentence"
	fi
}

# selftests <name> <function>: every program of selftests/ on one function
selftests()
{
	local program

	for program in /selftests/*; do
		ZPCIFD_FUNCTION=$2 suite "$1 ${program##*/}" "$program"
	done
}

# long_stress <name> <function>: every process at once on one function, for a minute;
# for less on the older kernel, whose code is the same
long_stress()
{
	local seconds=60

	case $(uname -r) in
	6.*) seconds=20 ;;
	esac
	ZPCIFD_STRESS_SECONDS=$seconds ZPCIFD_FUNCTION=$2 suite "$1 stress-$seconds" /selftests/stress
}

# sim_stress: as long_stress, on a simulated function
sim_stress()
{
	local function

	function=$(make_sim sim) || function=/dev/zpci/none
	long_stress sim "$function"
	remove_sim sim
}

# sim_selftests <programs> <name> <attribute=value...>: each program on a simulated
# function of its own. One that cannot be removed fails the next.
sim_selftests()
{
	local programs=$1 name=$2 program function

	shift 2
	for program in $programs; do
		function=$(make_sim "$name" "$@") || function=/dev/zpci/none
		ZPCIFD_FUNCTION=$function suite "$name $program" "/selftests/$program"
		remove_sim "$name"
	done
}

digest()
{
	dd if=/dev/vda bs=64k count=16 2>/dev/null | sha256sum
}

example()
{
	local status

	virtio-blk "$1" >/tmp/example
	status=$?
	cat /tmp/example
	[ "$status" = 0 ] &&
		grep -q "^demo: sha256 ${before%% *} 1048576\$" /tmp/example &&
		grep -qx 'demo: PASS' /tmp/example
}

same_digest()
{
	local after

	after=$(digest)
	[ -n "$before" ] && [ "$before" = "$after" ]
}

no_leak()
{
	local leaks=/sys/kernel/debug/kmemleak
	# An object is reported when it is older than 5 s
	sleep 6
	echo scan >$leaks
	echo scan >$leaks
	cat $leaks
	[ -z "$(cat $leaks)" ]
}

# Two processes, each the owner of an ISM function of one fabric
ism_pair()
{
	local one two status

	one=$(make_sim ism-one model=ism fabric=7) &&
		two=$(make_sim ism-two model=ism fabric=7) || return
	ism-pair --kill --bytes 2M "$one" "$two" >/tmp/example
	status=$?
	cat /tmp/example
	[ "$status" = 0 ] && [ "$(tail -n 1 /tmp/example)" = "ism: PASS" ] &&
		remove_sim ism-one && remove_sim ism-two
}

# On s390x the kernel's own driver has the disk before and after
physical()
{
	local pci function

	pci=$(find_function 0x010000) || pci=none
	before=$(digest)
	suite virtio try "zpcifd takes a function by driver_override" set_driver "$pci" zpcifd
	function=$(function_of "$pci") || function=/dev/zpci/none
	selftests virtio "$function"
	long_stress virtio "$function"
	suite example try "the example reads what the kernel's driver read" example "$pci"
	suite virtio try "the kernel's driver takes the function again" set_driver "$pci" ''
	sleep 1
	suite virtio try "the kernel's driver reads the disk as before" same_digest
	examples "$pci" "$(find_function 0x00ff00)"
	hotplug "$pci" "$(find_function 0x00ff00)"
}

# shellcheck source=selftests/rig/examples.sh
. /rig/examples.sh
# shellcheck source=selftests/rig/hotplug.sh
. /rig/hotplug.sh
# shellcheck source=selftests/rig/states.sh
. /rig/states.sh

if [ -e /sys/kernel/debug/kmemleak ]; then
	echo scan >/sys/kernel/debug/kmemleak
	echo clear >/sys/kernel/debug/kmemleak
fi

suite modules try "the modules load" load_modules
suite kunit insmod /modules/zpcifd_kunit.ko

sim_selftests "$(ls /selftests)" sim
# Those to which alignment or the length of a block makes a difference
sim_selftests "descriptor differential dma info libzpcifd stress threads windows zpctl" \
	sim-relaxed relaxed=1 maxstbl=4096

suite ism-pair try "two ISM functions move 2 MiB each way, and one hears of the other's death" \
	ism_pair

if [ "$(uname -m)" = s390x ]; then
	physical
else
	sim_stress
fi

suite modules try "the modules unload" unload_modules
if [ "$(uname -m)" = s390x ]; then
	suite unload unload_in_every_state "$(find_function 0x010000)"
fi
if [ -e /sys/kernel/debug/kmemleak ]; then
	suite kmemleak try "nothing is left behind in memory" no_leak
fi
