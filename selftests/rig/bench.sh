#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh: what an instruction to a PCI function costs through the ring, and by
# every other way. Boots the newest kernel's s390x guest under -icount, so that
# the guest's clock counts its instructions, and measures all ways on the same
# virtio-blk function in that one boot.
#
#	-q <groups>	only these: ring, peers, floor

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

usage="usage: bench.sh [-q 'ring|peers|floor ...']"
groups="ring peers floor"
while getopts q: option; do
	case $option in
	q) groups=$OPTARG ;;
	*) die "$usage" ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 0 ] || die "$usage"

target=s390x-7
tmp=$(mktemp -d "${TMPDIR:-/tmp}/zpcifd-bench.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
results=$tmp/counts

# boot <name> <job> <boot.sh's options...>: runs a job of this directory, leaves
# its results, "<case> <batch> <value>" each, in $tmp/<name>
boot()
{
	local name=$1 job=$2 status=0

	shift 2
	{
		echo "groups='$groups'"
		cat "$RIG/$job"
	} >"$tmp/job"
	"$RIG/boot.sh" -q -t 600 -n "bench-$name" "$@" "$target" "$tmp/job" || status=$?
	if [ "$status" != 0 ]; then
		sed -n -E 's/^\[[^]]*\] bench: //p' "$BUILD/log/bench-$name.log" >&2
		die "the guest ended with $status, its console is $BUILD/log/bench-$name.log"
	fi
	sed -n -E 's/^\[[^]]*\] (zpcifd_floor: )?bench: //p' "$BUILD/log/bench-$name.log" \
		>"$tmp/$name"
}

"$RIG/packages.sh" s390x
"$RIG/build.sh" "$target"
say "count instructions in a $target guest ..."
boot counts bench-job.sh -c
say "counted after $SECONDS s in all"
cat "$results"
