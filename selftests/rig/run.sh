#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh [-n] [-t seconds] [-d image] <target> '<command>': builds what changed,
# boots the target and runs a shell command in the guest. -n boots what was
# built before. Examples:
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

usage="usage: run.sh [-n] [-t seconds] [-d image] <target> '<command in the guest>'"
build=1 options=()
while getopts nt:d: option; do
	case $option in
	n) build= ;;
	t | d) options+=("-$option" "$OPTARG") ;;
	*) die "$usage" ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 2 ] || die "$usage"
use_target "$1"

[ -z "$build" ] || "$RIG/build.sh" "$target"
job=$(mktemp "${TMPDIR:-/tmp}/zpcifd-job.XXXXXX")
trap 'rm -f "$job"' EXIT
printf '%s\n' "$2" >"$job"
"$RIG/boot.sh" "${options[@]}" -n "run-$target-$$" "$target" "$job"
