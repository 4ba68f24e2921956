# SPDX-License-Identifier: GPL-2.0
# The modules go in each state that an owner can leave its function in, for
# check-job.sh (busybox sh, after guest.sh): first the provider's, under the
# owner's feet, then the framework's, when the last file is closed. Then the
# kernel's own driver reads the physical function's disk. States that a physical
# function cannot be brought to are those of a simulated one.
#
# Not for user-mode Linux: its KASAN forgets nothing of a module that went, and
# finds fault with whatever has the module's memory next.
# shellcheck shell=dash

# take_function: the modules are loaded and have the function, $function
take_function()
{
	insmod /modules/zpcifd.ko && insmod "/modules/$provider.ko" || return
	if [ "$provider" = zpcifd_s390 ]; then
		set_driver "$pci" zpcifd && function=$(function_of "$pci")
	else
		function=$(make_sim states)
	fi
}

# remove_provider: unloads it; the owner of its function is not asked
remove_provider()
{
	[ "$provider" = zpcifd_s390 ] || remove_sim states || return
	rmmod "$provider"
}

# remove_framework: as soon as no file is open; an io_uring gives its files back
# when it likes
remove_framework()
{
	local tries=100

	until rmmod zpcifd 2>/dev/null; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return
		sleep 0.1
	done
}

kernel_works()
{
	[ "$provider" != zpcifd_s390 ] || {
		set_driver "$pci" '' && states --disk "$pci" /tmp/disk
	}
}

# unload_under_owner: the owner is the process on the other side of 7 and 8
unload_under_owner()
{
	local said why

	remove_provider || return
	if rmmod zpcifd 2>/dev/null; then
		echo "zpcifd went while the owner had it open"
		return 1
	fi
	echo gone >&8
	read -r said why <&7
	if [ "$said" != ended ]; then
		echo "the owner $said: $why"
		return 1
	fi
	wait "$owner" && remove_framework && kernel_works
}

# unload_in <state>: returns 4 if the function cannot be brought to it
unload_in()
{
	local function said why owner status=1

	take_function || return
	rm -f /tmp/tell /tmp/said
	mkfifo /tmp/tell /tmp/said
	ZPCIFD_FUNCTION=$function states --hold "$1" </tmp/tell >/tmp/said &
	owner=$!
	exec 8>/tmp/tell 7</tmp/said
	read -r said why <&7
	case $said in
	ready)
		unload_under_owner
		status=$?
		;;
	skip)
		wait "$owner"
		remove_provider && remove_framework && kernel_works && status=4
		;;
	*) echo "the owner $said: $why" ;;
	esac
	exec 8>&- 7<&-
	return "$status"
}

# unload_in_every_state <PCI address>: no module is loaded before or after
unload_in_every_state()
{
	local pci=$1 state provider status

	states --disk "$pci" /tmp/disk || return
	echo "1..$(states --list | wc -l)"
	for state in $(states --list); do
		for provider in zpcifd_s390 zpcifd_sim; do
			unload_in "$state"
			status=$?
			[ "$status" = 4 ] || break
		done
		try "the modules unload and the function is free in the state '$state' ($provider)" \
			[ "$status" = 0 ]
	done
}
