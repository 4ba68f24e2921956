# SPDX-License-Identifier: GPL-2.0
# The job of bench.sh that takes times, inside a guest with two CPUs (busybox sh,
# after guest.sh): the virtio functions, then simulated ones.
# shellcheck shell=dash

# measure <name> <arguments of bench...>: its results with the name before them
measure()
{
	local name=$1

	shift
	flush
	bench "$@" >/tmp/results || exit
	sed "s/^bench: /bench: $name-/" /tmp/results
}

load_modules || exit
blk=$(find_function 0x010000) && rng=$(find_function 0x00ff00) || exit
set_driver "$blk" zpcifd && set_driver "$rng" zpcifd || exit
blk=$(function_of "$blk") && rng=$(function_of "$rng") || exit
one=$(make_sim one) || exit
ism1=$(make_sim ism1 model=ism maxstbl=4096 fabric=1) || exit
ism2=$(make_sim ism2 model=ism maxstbl=4096 fabric=1) || exit

measure virtio latency "$blk"
measure sim latency "$one"
measure sim-one-function rings "$one"
# Where in memory functions and rings are makes a difference to the emulator
for pair in 1 2 3 4 5 6; do
	first=$(make_sim "first$pair") && second=$(make_sim "second$pair") || exit
	measure sim-two-functions rings "$first" "$second"
done
measure virtio-one-function rings "$blk"
measure virtio-two-functions rings "$blk" "$rng"
measure virtio sqpoll-time "$blk"
measure sim sqpoll-time "$one"
measure sim ism "$ism1" "$ism2"
