#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh: what an instruction to a PCI function costs through the ring, and by
# every other way. Boots the newest kernel's s390x guest under -icount, so that
# the guest's clock counts its instructions, and measures all ways on the same
# virtio-blk function in that one boot. Then boots it with two CPUs and takes
# times. Prints two tables, writes build/bench.json and Documentation/bench.svg.
#
#	-q <groups>	only these: ring, sqpoll, peers, floor, times; prints the plain
#			results and writes no file

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

usage="usage: bench.sh [-q 'ring|sqpoll|peers|floor|times ...']"
groups="ring sqpoll peers floor times" quick=
while getopts q: option; do
	case $option in
	q) groups=$OPTARG quick=1 ;;
	*) die "$usage" ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 0 ] || die "$usage"

target=s390x-7
json=$BUILD/bench.json
svg=$TOP/Documentation/bench.svg
tmp=$(mktemp -d "${TMPDIR:-/tmp}/zpcifd-bench.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# boot <name> <boot.sh's options...>: runs the job bench-<name>.sh, leaves its
# results, "<case> <batch> <value>" each, in $tmp/<name>
boot()
{
	local name=$1 log=$BUILD/log/bench-$1.log status=0

	shift
	{
		echo "groups='$groups'"
		cat "$RIG/bench-$name.sh"
	} >"$tmp/job"
	"$RIG/boot.sh" -q -t 600 -n "bench-$name" "$@" "$target" "$tmp/job" || status=$?
	if [ "$status" != 0 ]; then
		sed -n -E 's/^\[[^]]*\] bench: //p' "$log" >&2
		die "the guest ended with $status, its console is $log"
	fi
	sed -n -E 's/^\[[^]]*\] (zpcifd_floor: )?bench: //p' "$log" >"$tmp/$name"
	[ -s "$tmp/$name" ] || die "the guest measured nothing, its console is $log"
}

# table: instructions, each with its floor, its peers and the limit
table()
{
	awk '
	function limit(name, batch)
	{
		if (name ~ /^ring-(load4|store4|block128)$/ && batch == 256)
			return 100
		if (name == "ring-load4" && batch == 16)
			return 120
		if (name == "ring-load4" && batch == 1)
			return 345
		if (name == "ring-block4096")
			return 3300
		if (name == "ring-load4-sqpoll" && batch == 256)
			return 40
		return 0
	}
	function ratio(value, other) { return value && other ? sprintf("%.2f", value / other) : "-" }
	function verdict(value, most) { return value <= most ? "met" : "MISSED" }
	NF == 3 { value[$1, $2] = $3; names[++n] = $1; batches[n] = $2 }
	END {
		print "Instructions per operation. Ratios: the operation against its floor, and"
		print "its peers against the operation (above 1: the peer takes more). sqpoll is the"
		print "submitting and reaping side alone; the instruction runs in another thread."
		print ""
		format = "%-18s %5s %9s %7s %6s %6s  %7s %8s %8s %8s %8s\n"
		printf format, "case", "batch", "value", "limit", "", "", "x floor", "getppid",
			"vfio-pci", "s390mmio", "io_uring"
		for (i = 1; i <= n; i++) {
			name = names[i]; batch = batches[i]; v = value[name, batch]
			if (name == "sqpoll-syscalls")
				continue
			if (name !~ /^ring-/) {
				printf "%-18s %5d %9.1f\n", name, batch, v
				continue
			}
			kind = name
			sub(/^ring-/, "", kind)
			sub(/-sqpoll$/, "", kind)
			# A store is compared with a load; 4 KiB are 32 floors of 128 bytes
			sub(/^store4$/, "load4", kind)
			floor = value["floor-" kind, 1]
			if (kind == "block4096")
				floor = 32 * value["floor-block128", 1]
			most = limit(name, batch)
			printf format, name, batch, sprintf("%.1f", v), most ? most : "",
				most ? verdict(v, most) : "", "", ratio(v, floor),
				ratio(value["getppid", 1], v), ratio(value["vfio-" kind, 1], v),
				ratio(value["mmio-" kind, 1], v), ratio(value["uring-nop", batch], v)
		}
		print ""
		for (i = 1; i <= n; i++)
			if (names[i] ~ /^ring-(load4|store4|block128)$/ && batches[i] == 4096) {
				v = value[names[i], 4096] / value[names[i], 256]
				printf "growth of %s, batch 4096 against 256: %.3f times, limit 1.02: %s\n",
					names[i], v, verdict(v, 1.02)
			}
		for (i = 1; i <= n; i++)
			if (names[i] == "sqpoll-syscalls")
				printf "system calls of 102,400 operations by SQPOLL, batch %d: %d, limit 0: %s\n",
					batches[i], value[names[i], batches[i]],
					verdict(value[names[i], batches[i]], 0)
	}' "$tmp/counts"
}

times()
{
	awk '
	# The best, where something was measured more than once
	$3 > value[$1, $2] { value[$1, $2] = $3 }
	function rate(name, batch) { return sprintf("%10.0f /s", value[name, batch]) }
	function two(name, what)
	{
		printf "%-52s %s\n", "1 ring, " what, rate(name, 1)
		printf "%-52s %s  %.2f times\n", "2 rings on 2 CPUs, " what, rate(name, 2),
			value[name, 2] / value[name, 1]
	}
	END {
		print "TIMES UNDER EMULATION (TCG, two virtual CPUs): they tell of the emulator and"
		print "of what else this machine did, not of a real one. Best of ten rounds each; 2"
		print "simulated functions: best of six pairs."
		print ""
		printf "%-52s %10.0f ns\n", "one PCILG, zpcifd_load(), QEMU function", value["virtio-latency", 1]
		printf "%-52s %10.0f ns\n", "one PCILG, zpcifd_load(), simulated function", value["sim-latency", 1]
		two("sim-one-function-rings", "1 simulated function")
		two("sim-two-functions-rings", "2 simulated functions")
		v = value["sim-two-functions-rings", 2] / value["sim-two-functions-rings", 1]
		printf "%52s %.2f, limit 1.8: %s\n", "", v, (v >= 1.8 ? "met" : "MISSED")
		two("virtio-one-function-rings", "1 QEMU function")
		two("virtio-two-functions-rings", "2 QEMU functions")
		printf "%-52s %s\n", "SQPOLL, thread on CPU 1, QEMU function", rate("virtio-sqpoll", 256)
		printf "%-52s %s\n", "SQPOLL, thread on CPU 1, simulated function", rate("sim-sqpoll", 256)
		printf "%-52s %s\n", "4 KiB store to a simulated ISM function", rate("sim-ism-block4096", 256)
	}' "$tmp/times"
}

write_json()
{
	jq -R -n '[inputs | split(" ")] | (map(select(.[0] == "kernel"))[0][1]) as $kernel |
		map(select(length == 3 and .[0] != "sqpoll-syscalls") |
		{case: .[0], batch: (.[1] | tonumber), kernel: $kernel,
		 unit: "instructions/op", value: (.[2] | tonumber)})' <"$tmp/counts" >"$json"
}

# points <case>: batch and value, a line each
points()
{
	jq -r --arg case "$1" '.[] | select(.case == $case) | "\(.batch) \(.value)"' "$json"
}

draw()
{
	local name

	for name in ring-load4 ring-store4 ring-block128 ring-load4-sqpoll uring-nop; do
		points "$name" >"$tmp/$name.dat"
	done
	# What has no batches is a line across
	for name in floor-load4 getppid vfio-load4 mmio-load4 mmio-block128; do
		points "$name" | awk '{ print 1, $2; print 4096, $2 }' >"$tmp/$name.dat"
	done
	gnuplot -e "dir='$tmp'; out='$svg'" "$RIG/bench.gnuplot"
}

"$RIG/packages.sh" s390x bench
"$RIG/build.sh" "$target"
case " $groups " in
*" ring "* | *" sqpoll "* | *" peers "* | *" floor "*)
	say "count instructions in a $target guest ..."
	boot counts -c
	;;
esac
case " $groups " in
*" times "*)
	say "take times in a $target guest ..."
	boot times
	;;
esac
say "measured after $SECONDS s in all"

if [ -n "$quick" ]; then
	for name in counts times; do
		[ ! -e "$tmp/$name" ] || cat "$tmp/$name"
	done
	exit
fi
write_json
draw
table
echo
times
say "written: ${json#"$TOP/"} ${svg#"$TOP/"}"
