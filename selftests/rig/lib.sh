# SPDX-License-Identifier: GPL-2.0
# Shared by the rig's scripts: where things are, and how progress is shown.
# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are for the scripts that read this

set -euo pipefail

RIG=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$RIG/../.." && pwd)
BUILD=$TOP/build
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/zpcifd
JOBS=$(nproc)

# A target is <rig>-<version>: which machine, and which kernel it runs.
ALL_TARGETS="um-7 s390x-6.12 s390x-7"

say()
{
	printf '%s %s\n' "$(date +%H:%M:%S)" "$*" >&2
}

die()
{
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# step <what> <log> <command...>: one line when it starts, one when it ends;
# the command's own output goes to the log and is shown only if it fails.
# On a terminal a running step shows its time and the log's last line.
step()
{
	local what=$1 log=$2 start=$SECONDS pid last
	shift 2
	mkdir -p "$(dirname "$log")"
	say "$what ..."
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	if [ -t 2 ]; then
		while kill -0 "$pid" 2>/dev/null; do
			last=$(tail -c 300 "$log" | tail -n 1 | cut -c 1-60)
			printf '\r\033[K  %4d s  %s' $((SECONDS - start)) "$last" >&2
			sleep 1
		done
		printf '\r\033[K' >&2
	fi
	if ! wait "$pid"; then
		tail -n 30 "$log" >&2
		die "$what failed after $((SECONDS - start)) s; the whole log is $log"
	fi
	say "$what: done in $((SECONDS - start)) s"
}

# kernel_arch <rig>: how the kernel's makefiles name the rig
kernel_arch()
{
	case $1 in
	s390x) echo "ARCH=s390 CROSS_COMPILE=s390x-linux-gnu-" ;;
	um) echo "ARCH=um" ;;
	*) die "unknown rig '$1': use s390x or um" ;;
	esac
}
