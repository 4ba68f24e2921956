#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh [-nk] [-t seconds] [-d image] <target> '<command>': builds what changed,
# boots the target and runs a shell command in the guest. -n boots what was
# built before, -k leaves out programs that do not build. Examples:
#
#	selftests/rig/run.sh s390x-7 'ls /sys/bus/pci/devices'
#	selftests/rig/run.sh s390x-7 'load_modules; f=$(find_function 0x010000);
#		set_driver $f zpcifd; zpctl list'
#
# The guest has busybox, /modules/*.ko, the programs in /bin and /selftests, and
# the functions of guest.sh. Nothing is loaded or bound beforehand. Exit codes
# are boot.sh's. Several may run at the same time.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

usage="usage: run.sh [-nk] [-t seconds] [-d image] <target> '<command in the guest>'"
build=1 keep='' options=()
while getopts nkt:d: option; do
	case $option in
	n) build= ;;
	k) keep=-k ;;
	t | d) options+=("-$option" "$OPTARG") ;;
	*) die "$usage" ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 2 ] || die "$usage"
use_target "$1"

[ -z "$build" ] || "$RIG/build.sh" ${keep:+"$keep"} "$target"
job=$(mktemp "${TMPDIR:-/tmp}/zpcifd-job.XXXXXX")
trap 'rm -f "$job"' EXIT
printf '%s\n' "$2" >"$job"
"$RIG/boot.sh" "${options[@]}" -n "run-$target-$$" "$target" "$job"
